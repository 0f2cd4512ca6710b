//! `touchstone reaudit`: starts a new audit at a newer pin from an older one, one's own or another's record.

use std::path::PathBuf;

use serde::Serialize;

use super::context::Context;
use super::status::wrapped;
use super::{open, workbench};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::export::{count, place, summary};
use crate::journal::{Place, Store, locked};
use crate::model::carry::{Anchor, Anchored, Carried, CarriedPiece, Fate, Parent, Source};
use crate::model::event::{Auditor, Event, EvidenceId, JOURNAL_VERSION, Opened, Pin, PinKind};
use crate::model::evidence::Region;
use crate::model::hash::ObjectId;
use crate::repo::{Repo, display};
use crate::shell::reaudit::{Older, counts, expect_same_repository, reopened};
use crate::shell::tool;
use crate::shell::workbench::Held;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// An audit on this machine, or a record's folder, one's own or another's
    #[arg(value_name = "AUDIT|RECORD")]
    older: PathBuf,
    /// The commit to audit now: a hash, tag or branch
    #[arg(long, value_name = "REV")]
    to: String,
    /// Only say what would become of the evidence; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Start another one where there is one already
    #[arg(long)]
    new: bool,
    /// Your login at the code host (default: the older audit's auditor, of a record the one that is remembered)
    #[arg(long, value_name = "LOGIN")]
    auditor: Option<String>,
    /// What helps you besides touchstone, such as a language model; the record says so
    #[arg(long, value_name = "TEXT")]
    assisted_by: Option<String>,
    /// Open no workbench; so it is without a terminal
    #[arg(long, conflicts_with_all = ["keys", "print"])]
    no_tui: bool,
    #[command(flatten)]
    workbench: workbench::Args,
}

/// What `reaudit` reports.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    /// The new audit; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<&'a str>,
    /// It was there before.
    taken_up_again: bool,
    parent: &'a Parent,
    to: ObjectId,
    /// Another person's answers: each must be confirmed before a final export.
    proposed: bool,
    counts: Vec<Count>,
    evidence: Vec<Row<'a>>,
    /// Answers, facts and findings that stand as they were.
    carried: usize,
    reopened: Vec<String>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Count {
    state: Fate,
    pieces: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    id: EvidenceId,
    kind: &'a str,
    state: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    regions: Vec<RegionRow<'a>>,
    reopens: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegionRow<'a> {
    state: Anchor,
    white_space: bool,
    from: &'a Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a Region>,
    #[serde(skip_serializing_if = "<[Region]>::is_empty")]
    places: &'a [Region],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

pub fn run(args: &Args, context: &mut Context) -> Result<()> {
    let quiet = args.no_tui || args.dry_run;
    let begin = if quiet { None } else { args.workbench.begin(context)? };
    let store = context.store()?;
    let mut older = Older::read(&store, &args.older)?;
    let known = match &older.parent.source {
        Source::Journal { audit, .. } => store.place(audit).map(|place| place.path),
        Source::Record { .. } => None,
    };
    let path = context.global.repo.clone().or(known).unwrap_or_else(|| PathBuf::from("."));
    let repo = Repo::discover(&path)?;
    expect_same_repository(&repo, &older.target)?;
    let to = repo.resolve(&args.to)?;
    let auditor = auditor(args, context, &older)?;
    let proposed = auditor.login != older.auditor.login;
    if to == older.parent.commit && !proposed {
        return Err(Error::usage(format!("{} is the commit that the audit is about already.", to.short()))
            .hint("`touchstone open` takes it up again; --to names a newer commit."));
    }
    let there = if args.new { None } else { existing(&store, &older.parent, to, &auditor)? };
    if let Some(opened) = &there {
        let audit = store.view(&opened.audit)?.audit;
        let (parent, carried) = (opened.parent.as_ref(), audit.carried());
        if parent != Some(&older.parent) {
            older.notes.push("The older audit went on since; --new starts from it as it is now.".to_owned());
        }
        older.parent = parent.cloned().unwrap_or(older.parent);
        older.carried = carried.cloned().unwrap_or_default();
    } else {
        // Here the scope is what the older audit says, and a commit without it is no lie.
        let pin = repo.pin(to, &older.scope).map_err(|error| match error.kind {
            Kind::False => Error { kind: Kind::CouldNot, ..error },
            _ => error,
        })?;
        older.trace(&repo, &pin)?;
    }
    let audit = match (&there, args.dry_run) {
        (Some(opened), _) => Some(opened.audit.clone()),
        (None, true) => None,
        (None, false) => Some(create(args, context, &store, &repo, &older, to, &auditor)?),
    };
    let report = report(&older, to, proposed, audit.as_deref(), there.is_some());
    if begin.is_none() || !args.workbench.prints() {
        context.report("touchstone.reaudit/1", &report, || text(&report, &older.carried))?;
    }
    let Some(name) = audit.filter(|_| !args.dry_run) else { return Ok(()) };
    let mut held = context.held(&name)?;
    match &mut held {
        Held::Journal(journal) => {
            if there.is_some() {
                context.act(journal, vec![Event::Resumed { tool: tool() }])?;
            }
            let path = std::fs::canonicalize(&path).unwrap_or(path);
            let place = Place { git_dir: repo.git_dir().to_owned(), path, opened_at: context.now()? };
            store.set_place(&name, &place)?;
        }
        Held::View(_) if begin.is_some() => {}
        Held::View(_) | Held::Record(_) => return Err(locked(&name)),
    }
    match begin {
        Some(begin) => args.workbench.run(context, &name, held, workbench::Begin { carried: true, ..begin }),
        None => Ok(()),
    }
}

/// Returns who audits: the one named, else the older audit's auditor where it is on this machine, else the one remembered.
fn auditor(args: &Args, context: &Context, older: &Older) -> Result<Auditor> {
    let own = matches!(older.parent.source, Source::Journal { .. });
    if args.auditor.as_ref().is_none_or(|login| *login == older.auditor.login) && own {
        return Ok(older.auditor.clone());
    }
    open::auditor(&open::Args::by(args.auditor.clone()), context)
}

/// Returns the audit that was started from the same parent at the same commit by the same auditor already.
fn existing(store: &Store, parent: &Parent, to: ObjectId, auditor: &Auditor) -> Result<Option<Opened>> {
    let mut found = None;
    for name in store.names()? {
        let Ok(opened) = store.opened(&name) else { continue };
        let same = opened
            .parent
            .as_ref()
            .is_some_and(|one| one.name() == parent.name() && one.commit == parent.commit && one.login == parent.login);
        if same && opened.pin.commit == to && opened.auditor.login == auditor.login {
            found = Some(opened);
        }
    }
    Ok(found)
}

fn create(
    args: &Args,
    context: &Context,
    store: &Store,
    repo: &Repo,
    older: &Older,
    to: ObjectId,
    auditor: &Auditor,
) -> Result<String> {
    let pin = repo.pin(to, &older.scope)?;
    let name = open::free_name(store, &older.target.repo, to, &auditor.login)?;
    let opened = Opened {
        version: JOURNAL_VERSION,
        audit: name.clone(),
        target: older.target.clone(),
        pin: Pin {
            kind: PinKind::Commit,
            commit: to,
            tree: pin.tree(),
            committed_at: pin.committed_at(),
            tags: repo.tags_at(to),
        },
        scope: older.scope.clone(),
        standard: older.loaded.reference(),
        auditor: auditor.clone(),
        assisted_by: args.assisted_by.clone(),
        parent: Some(older.parent.clone()),
        tool: tool(),
    };
    store.create_from(opened, Some(older.carried.clone()), &older.loaded.toml, context.now()?)?;
    Config::remember(&context.paths()?.config_file(), auditor)?;
    Ok(name)
}

fn report<'a>(older: &'a Older, to: ObjectId, proposed: bool, audit: Option<&'a str>, again: bool) -> Report<'a> {
    let carried = &older.carried;
    let reopened = older.reopened();
    let said = carried.answers.len() + carried.facts.len() + carried.findings.len();
    Report {
        audit,
        taken_up_again: again,
        parent: &older.parent,
        to,
        proposed,
        counts: counts(carried).into_iter().map(|(state, pieces)| Count { state, pieces }).collect(),
        evidence: carried.evidence.iter().map(|piece| row(carried, piece)).collect(),
        carried: said - reopened.len(),
        reopened: reopened.iter().map(ToString::to_string).collect(),
        notes: &older.notes,
    }
}

fn row<'a>(carried: &Carried, piece: &'a CarriedPiece) -> Row<'a> {
    let region = |one: &'a Anchored| RegionRow {
        state: one.state,
        white_space: one.white_space,
        from: &one.from,
        to: one.to.as_ref(),
        places: &one.places,
        why: one.why.as_deref(),
    };
    let reopens = if piece.fate.holds() { Vec::new() } else { reopened(carried) };
    Row {
        id: piece.id,
        kind: piece.evidence.word(),
        state: piece.fate,
        why: piece.why.as_deref(),
        regions: piece.regions.iter().map(region).collect(),
        reopens: reopens.iter().filter(|one| piece.backs.contains(one)).map(ToString::to_string).collect(),
    }
}

/// Returns the review list.
fn text(report: &Report<'_>, carried: &Carried) -> String {
    let parent = report.parent;
    let mut out = String::new();
    let mut say = |line: String| {
        out.push_str(line.trim_end());
        out.push('\n');
    };
    let from = format!("{} by {} at {}", parent.name(), parent.login, parent.commit.short());
    let from = display::line(&from).into_owned();
    say(match (report.audit, report.taken_up_again) {
        (Some(name), false) => format!("{name} goes on from {from}, at {}", report.to.short()),
        (Some(name), true) => {
            format!("{name} was started from {from} already, at {}; it is taken up again", report.to.short())
        }
        (None, _) => format!("from {from} to {}: nothing is written", report.to.short()),
    });
    say(String::new());
    for (piece, row) in carried.evidence.iter().zip(&report.evidence) {
        let id = piece.id.to_string();
        if piece.regions.is_empty() {
            let why = piece.why.as_ref().map(|why| format!("  {}", display::line(why))).unwrap_or_default();
            say(format!("{id:<4} {:<18} {}{why}", piece.fate.word(), display::line(&summary(&piece.evidence))));
        }
        for (nth, one) in piece.regions.iter().enumerate() {
            let id = if nth == 0 { id.as_str() } else { "" };
            say(format!("{id:<4} {:<18} {}", one.state.word(), anchored(one)));
        }
        if !row.reopens.is_empty() {
            say(format!("     reopens {}", row.reopens.join(", ")));
        }
    }
    say(String::new());
    let states: Vec<String> = report.counts.iter().map(|one| format!("{} {}", one.pieces, one.state.word())).collect();
    if states.is_empty() {
        say("no evidence".to_owned());
    } else {
        say(format!("{} of evidence: {}", count(carried.evidence.len(), "piece", "pieces"), states.join(", ")));
    }
    say(format!("{} reopened, {} carried", report.reopened.len(), report.carried));
    if !report.reopened.is_empty() {
        wrapped("reopened: ", ", ", &report.reopened, 80).into_iter().for_each(&mut say);
    }
    if report.proposed {
        let login = display::line(&parent.login);
        say(format!("All of it is {login}'s word, not yours: confirm or change each before a final export."));
    }
    for note in report.notes {
        say(format!("note: {}", display::line(note)));
    }
    out
}

fn anchored(one: &Anchored) -> String {
    let white = if one.white_space { " (white space only)" } else { "" };
    let to = match (&one.to, one.state) {
        (Some(_), Anchor::Exact) | (None, _) => String::new(),
        (Some(to), _) => format!(" → {}{white}", place(to)),
    };
    let places: Vec<String> = one.places.iter().map(place).collect();
    let places = if places.is_empty() { String::new() } else { format!(" → {}", places.join(" or ")) };
    let why = one.why.as_ref().map(|why| format!("  {}", display::line(why))).unwrap_or_default();
    format!("{}{to}{places}{why}", place(&one.from))
}
