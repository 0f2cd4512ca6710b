//! `touchstone mute`: puts hits of leads away with a reason, lists what is put away, lists it again.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::context::{Context, said};
use crate::error::{Error, Result};
use crate::export::count;
use crate::model::event::Event;
use crate::model::evidence::RepoPath;
use crate::model::mute::Mute;
use crate::model::standard::{LeadKind, Standard};
use crate::model::time::Time;
use crate::repo::{Globs, Pin, display};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A lead, such as auth-4.a; with --at one of its hits, else all (default: list what is muted)
    lead: Option<String>,
    /// The hit: PATH:LINE, or PATH where the path itself is the hit
    #[arg(long, value_name = "PLACE", requires = "lead")]
    at: Option<OsString>,
    /// Mute all leads under paths: a glob, such as 'docs/**'
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["lead", "at"])]
    path: Option<String>,
    /// Why; the record says so
    #[arg(long, value_name = "TEXT", conflicts_with = "off")]
    reason: Option<String>,
    /// List it again
    #[arg(long)]
    off: bool,
}

#[derive(Serialize)]
struct List<'a> {
    muted: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    mute: &'a Mute,
    reason: &'a str,
    at: Time,
}

#[derive(Serialize)]
struct Change<'a> {
    audit: &'a str,
    mute: &'a Mute,
    muted: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let Some(mute) = wanted(args)? else { return list(args, context) };
    said("--reason", args.reason.as_ref())?;
    let what = display::line(&mute.to_string()).into_owned();
    let event = match (&args.reason, args.off) {
        (_, true) => Event::LeadUnmuted { mute: mute.clone() },
        (Some(reason), false) => Event::LeadMuted { mute: mute.clone(), reason: reason.clone() },
        (None, false) => return Err(Error::usage("A mute needs a reason.").hint("--reason TEXT, or --off to unmute.")),
    };
    let mut journal = context.journal()?;
    if let (Mute::Hit { lead, path, line }, false) = (&mute, args.off) {
        has_hit(&context.pin_of(&journal.audit)?, &journal.audit.standard, lead, path, *line)?;
    }
    context.act(&mut journal, vec![event])?;
    let report = Change { audit: &journal.audit.now.opened.audit, mute: &mute, muted: !args.off };
    context.report("touchstone.mute/1", &report, || {
        if args.off { format!("{what}: listed again\n") } else { format!("{what}: muted\n") }
    })
}

/// Returns what is to be muted or not; nothing where nothing is named.
fn wanted(args: &Args) -> Result<Option<Mute>> {
    Ok(match (&args.lead, &args.at, &args.path) {
        (_, _, Some(glob)) => {
            if !args.off {
                Globs::new(&[glob])?;
            }
            Some(Mute::Path { glob: glob.clone() })
        }
        (Some(lead), Some(place), None) => {
            let place = place.as_bytes();
            let colon = place.iter().rposition(|byte| *byte == b':');
            let line =
                colon.and_then(|at| Some((&place[..at], std::str::from_utf8(&place[at + 1..]).ok()?.parse().ok()?)));
            let (path, line) = line.unwrap_or((place, 0));
            Some(Mute::Hit { lead: lead.clone(), path: RepoPath(path.to_vec()), line })
        }
        (Some(lead), None, None) => Some(Mute::Lead { lead: lead.clone() }),
        (None, ..) => None,
    })
}

/// Refuses a place where a lead has no hit: a mute of nothing would stand in the record. What is wrong with the lead's id
/// is said when it is muted.
fn has_hit(pin: &Pin, standard: &Standard, id: &str, path: &RepoPath, line: u64) -> Result<()> {
    pin.find(path)?;
    let Some(lead) = standard.lead(id) else { return Ok(()) };
    let there = match (&lead.kind, standard.query(lead)) {
        (_, Some(query)) => {
            let there = AtomicBool::new(false);
            let stop = || there.load(Ordering::Relaxed);
            pin.stream(&query, usize::MAX, &stop, |hits| {
                if hits.iter().any(|hit| hit.path == *path && hit.line == line) {
                    there.store(true, Ordering::Relaxed);
                }
            })?;
            there.into_inner()
        }
        (LeadKind::Glob { pattern } | LeadKind::Regex { pattern, .. }, None) => {
            let globs: Vec<&str> = pattern.split('|').collect();
            line == 0 && Globs::new(&globs)?.is_some_and(|globs| globs.matches(path))
        }
    };
    if there {
        return Ok(());
    }
    let at = if line > 0 { format!(":{line}") } else { String::new() };
    let item = id.rsplit_once('.').map_or(id, |(item, _)| item);
    Err(Error::falsity(format!("The lead {id} has no hit at {}{at}.", display::bytes(&path.0)))
        .hint(format!("`touchstone leads {item}` lists its hits.")))
}

fn list(args: &Args, context: &Context) -> Result<()> {
    if args.off || args.reason.is_some() {
        return Err(Error::usage("Say what: a lead, a lead with --at, or --path."));
    }
    let audit = context.view()?.audit;
    let muted = audit.now.muted.iter().map(|(mute, muted)| Row { mute, reason: &muted.reason, at: muted.at });
    let report = List { muted: muted.collect() };
    context.report("touchstone.mute.list/1", &report, || {
        let mut out = String::new();
        for row in &report.muted {
            out += &format!("{}: {}\n", display::line(&row.mute.to_string()), display::line(row.reason));
        }
        match report.muted.len() {
            0 => "Nothing is muted.\n".to_owned(),
            some => out + &format!("{}.\n", count(some, "mute", "mutes")),
        }
    })
}
