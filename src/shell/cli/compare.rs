//! `touchstone compare`: two audits of one server, side by side.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;

use super::context::Context;
use super::verify::read_signers;
use crate::auditdb::{
    AuditDir, Folder, Format as Written, Options, Part, RECORD_FILE, Server, Verdict, read, statement, verify,
};
use crate::error::{Error, Result};
use crate::export::comparison::{markdown, side_by_side};
use crate::model::audit::{Audit, Seal};
use crate::model::compare::{FindingSide, Side, compare};
use crate::model::hash::Sha256;
use crate::model::record::{self, Record, STANDARD_FILE, Statement};
use crate::model::score::{Inputs, score};
use crate::model::standard::Standard;
use crate::model::target::record_name;
use crate::repo::display;
use crate::shell::workbench::terminal_size;
use crate::standards::Loaded;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A record's or an audit's folder, or the name of an audit of yours
    a: String,
    /// Another
    b: String,
    /// How to print it (--json prints it for a program)
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// In two columns
    Text,
    /// For a page
    Markdown,
}

/// An audit that was read.
struct Read {
    side: Side,
    /// The standard with its digest, and what the score depends on; none for an audit that follows none.
    rules: Option<(Arc<Standard>, Sha256, Inputs)>,
    /// What its reader should know.
    notes: Vec<String>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (a, b) = (open(&args.a, context)?, open(&args.b, context)?);
    let rules = match (&a.rules, &b.rules) {
        (Some((standard, digest, ours)), Some((_, other, theirs))) if digest == other => {
            Some((standard.as_ref(), ours, theirs))
        }
        _ => None,
    };
    let mut comparison = compare(a.side, b.side, rules);
    comparison.notes.extend(a.notes.into_iter().chain(b.notes));
    context.report("touchstone.compare/1", &comparison, || match args.format {
        Format::Text => side_by_side(&comparison, usize::from(terminal_size().0)),
        Format::Markdown => markdown(&comparison),
    })
}

/// Reads an audit: a folder, else one of the user's own by its name.
fn open(named: &str, context: &Context) -> Result<Read> {
    let path = Path::new(named);
    if path.is_dir() {
        let folder = Folder::read(path)?;
        return if folder.files.contains_key(RECORD_FILE) { of_record(&folder, context) } else { by_hand(&folder) };
    }
    let view = context.store()?.view(named).map_err(|error| {
        Error::usage(format!("`{named}` is neither a folder nor the name of an audit."))
            .hint(error.message)
            .hint("`touchstone audits` lists your audits; a record is named by its folder.")
    })?;
    let audit = &view.audit;
    let record = as_it_stands(audit);
    let digest = Sha256::of(&view.loaded.toml);
    let rules = Some((Arc::clone(&audit.standard), digest, audit.inputs()));
    Ok(Read { side: Side { date: None, ..Side::of(&record) }, rules, notes: Vec::new() })
}

/// Returns the record that an audit would make as it stands.
fn as_it_stands(audit: &Audit) -> Record {
    let last = audit.entries().last();
    let seal = Seal {
        seq: audit.next_seq(),
        audit_id: audit.now.opened.audit.clone(),
        at: last.map_or(audit.now.opened.pin.committed_at, |(entry, _)| entry.at),
        supersedes: None,
        partial: !audit.gaps().is_empty(),
        tool: audit.now.opened.tool.clone(),
    };
    record::build(audit, &seal, None).predicate
}

fn of_record(folder: &Folder, context: &Context) -> Result<Read> {
    let signers = read_signers(None, context)?;
    let report = verify(folder, &Options { signers: signers.as_ref(), ..Options::default() });
    let standard = folder.files.get(STANDARD_FILE).map(|bytes| (bytes, String::from_utf8_lossy(bytes).into_owned()));
    let (Some(Statement { predicate: record, .. }), Some((bytes, toml))) = (statement(folder).ok(), standard) else {
        return Err(Error::falsity(format!("{} is not a record that can be read.", folder.path.display()))
            .hint("`touchstone verify` names what is wrong with it."));
    };
    let loaded = Loaded::from_toml(toml, STANDARD_FILE)?;
    let mut notes = Vec::new();
    match report.verdict {
        Verdict::Verified => {}
        Verdict::NotChecked => {
            notes.push(format!("{} was not verified: no key is listed for its auditor.", record.audit_id))
        }
        Verdict::Failed => {
            let words: Vec<&str> = report.reasons.iter().map(|reason| reason.reason).collect();
            notes.push(format!("{} does not hold: {}.", record.audit_id, words.join(", ")));
        }
    }
    let inputs = record.inputs();
    // What the record claims is not taken for granted.
    let side = Side { score: Some(score(&loaded.standard, &inputs)), ..Side::of(&record) };
    Ok(Read { side, rules: Some((loaded.standard, Sha256::of(bytes), inputs)), notes })
}

/// Reads an audit that was written by hand: it has findings, and no answers.
fn by_hand(folder: &Folder) -> Result<Read> {
    let parts: Vec<String> = folder.path.iter().rev().take(5).map(|part| part.to_string_lossy().into_owned()).collect();
    let part = |at: usize| parts.get(at).cloned().unwrap_or_default();
    let server = Server { domain: part(4), org: part(3), repo: part(2) };
    let dir = AuditDir { server, audit: part(0), tree: None };
    let entry = read(&dir, &Part { folder: folder.clone(), large: Vec::new() }).entry;
    if entry.format != Written::Published || record_name(&entry.audit).is_none() && entry.findings.is_empty() {
        return Err(Error::usage(format!("{} holds no audit.", folder.path.display()))
            .hint("Name an audit's folder, `…/audits/<login>-<date>-<number>`."));
    }
    let findings = entry.findings.iter().filter(|finding| finding.open());
    let findings = findings.filter_map(|finding| {
        Some(FindingSide {
            id: finding.file.clone(),
            severity: finding.severity?,
            title: finding.title.clone(),
            cwe: finding.cwe.iter().cloned().collect(),
            items: finding.items.iter().cloned().collect(),
            paths: Default::default(),
        })
    });
    let side = Side {
        id: entry.audit.clone(),
        auditor: entry.auditor.login.clone(),
        url: entry.target.url.clone().unwrap_or_else(|| entry.server.folder()),
        pin: entry.target.commit.clone().or(entry.target.version.clone()).unwrap_or_else(|| "-".to_owned()),
        date: entry.date(),
        score: None,
        partial: entry.partial,
        standard: None,
        given: Default::default(),
        findings: findings.collect(),
    };
    let notes = entry.problems.iter().map(|problem| format!("{}: {}", entry.audit, display::line(problem))).collect();
    Ok(Read { side, rules: None, notes })
}
