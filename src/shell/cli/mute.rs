//! `touchstone mute`: puts hits of leads away with a reason, lists what is put away, lists it again.

use serde::Serialize;

use super::context::{Context, said};
use crate::error::{Error, Result};
use crate::export::count;
use crate::model::event::Event;
use crate::model::evidence::RepoPath;
use crate::model::mute::Mute;
use crate::model::time::Time;
use crate::repo::{Globs, display};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A lead, such as auth-4.a; with --at one of its hits, else all (default: list what is muted)
    lead: Option<String>,
    /// The hit: PATH:LINE, or PATH where the path itself is the hit
    #[arg(long, value_name = "PLACE", requires = "lead")]
    at: Option<String>,
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
    if let Mute::Hit { path, .. } = &mute {
        // A mute of nothing would stand in the record.
        context.pin_of(&journal.audit)?.find(path)?;
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
            Globs::new(&[glob])?;
            Some(Mute::Path { glob: glob.clone() })
        }
        (Some(lead), Some(place), None) => {
            let line = place.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
            let (path, line) = line.unwrap_or((place, 0));
            Some(Mute::Hit { lead: lead.clone(), path: RepoPath::from(path), line })
        }
        (Some(lead), None, None) => Some(Mute::Lead { lead: lead.clone() }),
        (None, ..) => None,
    })
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
