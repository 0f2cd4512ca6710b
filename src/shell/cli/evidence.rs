//! `touchstone evidence`: lists, shows, adds, attaches, detaches and redacts evidence.

use std::ffi::OsString;

use clap::Subcommand;
use serde::Serialize;

use super::context::{Context, said, slots};
use super::gather::{Gather, parse_place};
use crate::error::{Error, Result};
use crate::export::summary;
use crate::journal::Journal;
use crate::model::audit::{Audit, Piece};
use crate::model::event::{Event, EvidenceId, FindingId, Subject};
use crate::model::evidence::Kind;
use crate::repo::{Check, Pin, display};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all pieces and what they back
    List {
        /// Only what backs nothing
        #[arg(long)]
        inbox: bool,
    },
    /// Show a piece: its text, and whether it holds at the pin
    Show {
        /// Such as E7
        id: EvidenceId,
    },
    /// Take a piece into the inbox, to attach it later
    Add {
        /// What it shows, in your words
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        #[command(flatten)]
        gather: Box<Gather>,
    },
    /// Add lines to a piece of code
    Extend {
        /// Such as E7
        id: EvidenceId,
        /// Lines of a file at the pin, such as src/index.ts:10-24
        #[arg(required = true, value_name = "PATH:A-B")]
        places: Vec<OsString>,
    },
    /// Let a piece back items, facts or findings
    Attach {
        /// Such as E7
        id: EvidenceId,
        /// Items, facts or findings (F2)
        #[arg(required = true)]
        subjects: Vec<String>,
        /// The mode, or `all`
        #[arg(long, value_name = "MODE")]
        mode: Option<String>,
    },
    /// Let a piece no longer back something
    Detach {
        /// Such as E7
        id: EvidenceId,
        /// Items, facts or findings (F2)
        #[arg(required = true)]
        subjects: Vec<String>,
        /// The mode, or `all`
        #[arg(long, value_name = "MODE")]
        mode: Option<String>,
    },
    /// Keep a piece's text out of the record; its place and hash stay
    Redact {
        /// Such as E7
        id: EvidenceId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    id: EvidenceId,
    backs: Vec<String>,
    #[serde(flatten)]
    evidence: &'a crate::model::evidence::Evidence,
    redacted: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    audit: &'a str,
    evidence: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    holds: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    text: Vec<String>,
}

#[derive(Serialize)]
struct Changed {
    evidence: Vec<EvidenceId>,
    backs: Vec<String>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::List { inbox } => list(context, *inbox),
        Command::Show { id } => show(context, *id),
        Command::Add { gather, note } => {
            if gather.is_empty() {
                return Err(Error::usage("Nothing to take.").hint("Pass --evidence PATH:A-B, --search, --path-glob …"));
            }
            let mut journal = context.journal()?;
            if gather.reuses() {
                return Err(Error::usage("--reuse takes no new piece.")
                    .hint("`touchstone evidence attach` lets a piece back more."));
            }
            let mut gather = (**gather).clone();
            gather.shows.clone_from(note);
            let gathered = gather.run(context, &journal, &[])?;
            context.act(&mut journal, gathered.events)?;
            let changed = Changed { evidence: gathered.ids, backs: Vec::new() };
            context.report("touchstone.evidence.change/1", &changed, || {
                gathered.said.iter().map(|line| format!("{line} (in the inbox)\n")).collect()
            })
        }
        Command::Extend { id, places } => {
            let mut journal = context.journal()?;
            expect(&journal.audit, *id)?;
            let pin = context.pin_of(&journal.audit)?;
            let mut events = Vec::new();
            for place in places {
                let (path, first, last) = parse_place(place)?;
                events.push(Event::RegionAdded { id: *id, region: pin.region(&path, first, last)? });
            }
            change(context, &mut journal, *id, events)
        }
        Command::Attach { id, subjects: words, mode } => {
            let mut journal = context.journal()?;
            expect(&journal.audit, *id)?;
            let to = subjects(&journal.audit, words, mode.as_deref())?;
            change(context, &mut journal, *id, vec![Event::EvidenceAttached { id: *id, to }])
        }
        Command::Detach { id, subjects: words, mode } => {
            let mut journal = context.journal()?;
            expect(&journal.audit, *id)?;
            let from = subjects(&journal.audit, words, mode.as_deref())?;
            change(context, &mut journal, *id, vec![Event::EvidenceDetached { id: *id, from }])
        }
        Command::Redact { id, reason } => {
            said("--reason", Some(reason))?;
            let mut journal = context.journal()?;
            expect(&journal.audit, *id)?;
            change(context, &mut journal, *id, vec![Event::Redacted { id: *id, reason: reason.clone() }])
        }
    }
}

fn expect(audit: &Audit, id: EvidenceId) -> Result<&Piece> {
    audit.now.evidence.get(&id).ok_or_else(|| {
        Error::usage(format!("There is no evidence {id}.")).hint("`touchstone evidence list` lists all of it.")
    })
}

fn change(context: &Context, journal: &mut Journal, id: EvidenceId, events: Vec<Event>) -> Result<()> {
    context.act(journal, events)?;
    let piece = expect(&journal.audit, id)?;
    let changed = Changed { evidence: vec![id], backs: piece.backs.iter().map(ToString::to_string).collect() };
    context.report("touchstone.evidence.change/1", &changed, || backs(id, piece))
}

fn backs(id: EvidenceId, piece: &Piece) -> String {
    let names: Vec<String> = piece.backs.iter().map(ToString::to_string).collect();
    let what = if names.is_empty() { "nothing (inbox)".to_owned() } else { names.join(", ") };
    let redacted = if piece.redacted.is_some() { ", redacted" } else { "" };
    format!("{id} {}\n    backs {what}{redacted}\n", summary(&piece.evidence))
}

/// Reads items, facts and findings.
fn subjects(audit: &Audit, words: &[String], mode: Option<&str>) -> Result<Vec<Subject>> {
    let mut found = Vec::new();
    for word in words {
        if let Ok(id) = word.parse::<FindingId>() {
            found.push(Subject::Finding(id));
            continue;
        }
        let fact = audit.standard.fact(word).is_some();
        for slot in slots(audit, word, mode)? {
            found.push(if fact { Subject::Fact(slot) } else { Subject::Item(slot) });
        }
    }
    Ok(found)
}

fn line(id: EvidenceId, piece: &Piece) -> Line<'_> {
    Line {
        id,
        backs: piece.backs.iter().map(ToString::to_string).collect(),
        evidence: &piece.evidence,
        redacted: piece.redacted.as_deref(),
    }
}

fn list(context: &Context, inbox: bool) -> Result<()> {
    let audit = context.view()?.audit;
    let pieces: Vec<(&EvidenceId, &Piece)> =
        audit.now.evidence.iter().filter(|(_, piece)| !inbox || piece.backs.is_empty()).collect();
    let report =
        List { audit: &audit.now.opened.audit, evidence: pieces.iter().map(|(id, piece)| line(**id, piece)).collect() };
    context.report("touchstone.evidence.list/1", &report, || {
        if pieces.is_empty() {
            return "No evidence.\n".to_owned();
        }
        pieces.iter().map(|(id, piece)| backs(**id, piece)).collect()
    })
}

fn show(context: &Context, id: EvidenceId) -> Result<()> {
    let audit = context.view()?.audit;
    let piece = expect(&audit, id)?;
    let pin = context.pin_of(&audit);
    let (holds, why) = match &pin {
        Err(error) => ("not checked", Some(error.message.clone())),
        Ok(pin) => match pin.check(&piece.evidence) {
            Check::Holds => ("holds", None),
            Check::Fails(why) => ("does not hold", Some(why)),
            Check::NotCheckable => ("cannot be checked by anybody", None),
            Check::CouldNot(why) => ("not checked", Some(why)),
        },
    };
    let shown = Shown { line: line(id, piece), holds, why, text: text(piece, pin.as_ref().ok()) };
    context.report("touchstone.evidence.show/1", &shown, || {
        let mut out = backs(id, piece);
        out += &match &shown.why {
            Some(why) => format!("    {holds}: {}\n", display::line(why)),
            None => format!("    {holds}\n"),
        };
        if let Some(note) = &piece.evidence.note {
            out += &format!("    {}\n", display::line(note));
        }
        for line in &shown.text {
            out += line;
            out.push('\n');
        }
        out
    })
}

/// Returns what a piece shows, line by line.
fn text(piece: &Piece, pin: Option<&Pin>) -> Vec<String> {
    let mut out = Vec::new();
    match &piece.evidence.kind {
        Kind::Code { regions } => {
            for region in regions {
                out.push(format!("── {}:{}-{}", display::bytes(&region.path.0), region.first, region.last));
                let Some(Ok(bytes)) = pin.map(|pin| pin.excerpt(region)) else { continue };
                let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                for (number, line) in (region.first..).zip(body.split(|byte| *byte == b'\n')) {
                    out.push(format!(
                        "{number:>6}  {}",
                        display::block_bytes(line.strip_suffix(b"\r").unwrap_or(line))
                    ));
                }
            }
        }
        Kind::Search(search) => {
            for place in &search.places {
                out.push(format!("  {}:{}", display::bytes(&place.path.0), place.line));
            }
            for skipped in &search.skipped {
                let why = format!("{:?}", skipped.why).to_lowercase();
                let paths: Vec<String> = skipped.paths.iter().map(|path| display::bytes(&path.0)).collect();
                out.push(format!("  skipped {} ({why}): {}", skipped.files, paths.join(", ")));
            }
        }
        Kind::Path(list) => out.extend(list.paths.iter().map(|path| format!("  {}", display::bytes(&path.0)))),
        Kind::History(history) => out.extend(history.matching.iter().map(|commit| format!("  {commit}"))),
        Kind::Observation(observation) => {
            out.extend(observation.output.lines().map(|line| format!("  {}", display::line(line))));
        }
        Kind::External(external) => out.push(format!("  {}", display::line(&external.saw))),
    }
    out
}
