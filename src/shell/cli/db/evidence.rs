//! `touchstone db evidence`: the evidence doctor.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::context::{Context, shown};
use super::super::status::wrapped;
use crate::auditdb::Folder;
use crate::auditdb::doctor::{Piece, Report, Row, Tally, corrected, examine};
use crate::error::{Error, Result};
use crate::export::count;
use crate::repo::{Check, Fit, Found, Proposal, Repo, State, Why, display};

/// How wide the text is.
const WIDTH: usize = 80;
/// How wide a path is in it.
const PATH: usize = 36;
/// How far details stand in.
const INDENT: usize = 8;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The audit's folder, of any auditor; the clone is named with --repo
    #[arg(value_name = "AUDIT")]
    folder: PathBuf,
    /// Look at this commit, branch or tag instead of the audited one
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Correct the citations in place: only line numbers and paths change
    #[arg(long)]
    fix: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let folder = Folder::read(&args.folder)?;
    // Not the clone around the working folder: a guess would call a true citation false.
    let repo = context.global.repo.as_deref().map(Repo::discover).transpose()?;
    let report = examine(&folder, repo.as_ref(), args.at.as_deref())?;
    let edits = edits(&folder, &report);
    let mut outcome = report.tally();
    if args.fix && !edits.is_empty() {
        if report.sealed {
            return Err(Error::could_not(format!(
                "{} is a sealed record: its files are covered by digests and are never changed.",
                shown(&args.folder)
            ))
            .hint("Correct the evidence in the audit, and export it again."));
        }
        for edit in &edits {
            write(&folder, edit)?;
        }
        // What was written is read again and must be true.
        outcome = examine(&Folder::read(&args.folder)?, repo.as_ref(), args.at.as_deref())?.tally();
    }
    let name = folder.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fixed = args.fix && !edits.is_empty();
    let body = json(&name, &report, &edits, fixed, outcome);
    context.report("touchstone.db-evidence/1", &body, || text(&name, &report, &edits, fixed, outcome))?;
    verdict(outcome, &report)
}

fn verdict(tally: Tally, report: &Report) -> Result<()> {
    if tally.fails > 0 {
        let what = count(tally.fails as u64, "citation or piece does", "citations or pieces do");
        return Err(Error::falsity(format!("{what} not hold.")));
    }
    match (&report.unverifiable, tally.could_not) {
        (Some(why), _) => Err(Error::could_not(format!("The evidence cannot be verified. {why}"))),
        (None, 0) => Ok(()),
        (None, some) => Err(Error::could_not(format!(
            "{} could not be checked.",
            count(some as u64, "citation or piece", "citations or pieces")
        ))),
    }
}

/// A file's text as it should be.
struct Edit {
    file: String,
    old: String,
    new: String,
}

impl Edit {
    /// Returns the lines that change: number, old and new, without their ends.
    fn lines(&self) -> Vec<(usize, &str, &str)> {
        let pairs = self.old.lines().zip(self.new.lines()).enumerate();
        pairs.filter(|(_, (old, new))| old != new).map(|(at, (old, new))| (at + 1, old, new)).collect()
    }
}

fn edits(folder: &Folder, report: &Report) -> Vec<Edit> {
    let mut files: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in report.citations.iter().filter(|row| row.correction.is_some()) {
        files.entry(&row.citation.file).or_default().push(row);
    }
    files
        .into_iter()
        .filter_map(|(file, rows)| {
            // Places were counted in a text that is this one only where nothing in it was replaced.
            let old = std::str::from_utf8(folder.files.get(file)?).ok()?;
            let new = corrected(old, rows);
            (new != old).then(|| Edit { file: file.to_owned(), old: old.to_owned(), new })
        })
        .collect()
}

/// Replaces a file whole, if it is still the one that was read.
fn write(folder: &Folder, edit: &Edit) -> Result<()> {
    let path = folder.path.join(&edit.file);
    let failed = |error: std::io::Error| Error::io("write", &path, &error);
    let now = path.symlink_metadata().map_err(failed)?;
    if !now.is_file() || std::fs::read(&path).map_err(failed)? != edit.old.as_bytes() {
        return Err(Error::could_not(format!(
            "{} changed while it was read; nothing was written to it.",
            shown(&path)
        )));
    }
    // Not beside the file: what a crash leaves must not stand in the audit.
    let outside = folder.path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".touchstone-")
        .permissions(now.permissions())
        .tempfile_in(outside)
        .map_err(failed)?;
    file.write_all(edit.new.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    File::open(path.parent().unwrap_or(outside)).and_then(|dir| dir.sync_all()).map_err(failed)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    audit: &'a str,
    target: Option<&'a str>,
    commit: Option<String>,
    commit_named_by: &'a str,
    cannot_verify: Option<&'a str>,
    citations: Vec<Citation<'a>>,
    evidence: Vec<Evidence<'a>>,
    corrections: Vec<Correction<'a>>,
    fixed: bool,
    notes: &'a [String],
    /// What was found; with `--fix`, what is left after it.
    tally: Tally,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Citation<'a> {
    file: &'a str,
    line: usize,
    path: Option<&'a str>,
    ranges: Vec<[usize; 2]>,
    commit: Option<&'a str>,
    /// The line of the quoted block's fence.
    quote: Option<usize>,
    state: State,
    why: Option<Why>,
    reason: &'a str,
    /// Lines of the quote that say something.
    quoted: usize,
    /// How many of them stand in the cited lines.
    held: usize,
    found: Option<Place<'a>>,
    also: Vec<Other>,
    ambiguous: bool,
    /// The row, from 0, that quotes the same lines.
    follows: Option<usize>,
    proposal: Option<Proposed>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: String,
    first: usize,
    last: usize,
    fit: Fit,
    elided: bool,
    there: usize,
    missing: &'a [(usize, usize)],
    commented: &'a [usize],
}

#[derive(Serialize)]
struct Other {
    path: String,
    first: usize,
    last: usize,
}

#[derive(Serialize)]
struct Proposed {
    path: Option<String>,
    first: usize,
    last: usize,
    /// It can be written by changing numbers and path alone, which `--fix` does.
    fixable: bool,
}

#[derive(Serialize)]
struct Evidence<'a> {
    id: &'a str,
    kind: &'a str,
    on: &'a str,
    state: &'static str,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Correction<'a> {
    file: &'a str,
    line: usize,
    old: &'a str,
    new: &'a str,
}

fn json<'a>(name: &'a str, report: &'a Report, edits: &'a [Edit], fixed: bool, tally: Tally) -> Body<'a> {
    let citations = report.citations.iter().map(citation).collect();
    let evidence = report.evidence.iter().map(|piece| {
        let (state, reason) = check(piece);
        Evidence { id: &piece.id, kind: piece.kind, on: &piece.on, state, reason }
    });
    let corrections = edits.iter().flat_map(|edit| {
        edit.lines().into_iter().map(|(line, old, new)| Correction { file: &edit.file, line, old, new })
    });
    Body {
        audit: name,
        target: report.target.as_deref(),
        commit: report.commit.map(|commit| commit.to_string()),
        commit_named_by: report.named_by,
        cannot_verify: report.unverifiable.as_deref(),
        citations,
        evidence: evidence.collect(),
        corrections: corrections.collect(),
        fixed,
        notes: &report.notes,
        tally,
    }
}

fn citation(row: &Row) -> Citation<'_> {
    let (citation, examined) = (&row.citation, &row.examined);
    let proposal = row.correction.as_ref().or(examined.proposal.as_ref()).map(|proposal| Proposed {
        path: proposal.path.as_ref().map(|path| display::bytes(&path.0)),
        first: proposal.first,
        last: proposal.last,
        fixable: row.correction.is_some(),
    });
    Citation {
        file: &citation.file,
        line: citation.line,
        path: citation.path.as_deref(),
        ranges: citation.ranges.iter().map(|lines| [lines.first, lines.last]).collect(),
        commit: citation.commit.as_deref(),
        quote: citation.quote.as_ref().map(|quote| quote.line),
        state: examined.state,
        why: examined.why,
        reason: &examined.reason,
        quoted: examined.lines,
        held: examined.held,
        found: examined.found.as_ref().map(|found| Place {
            path: display::bytes(&found.path.0),
            first: found.first,
            last: found.last,
            fit: found.fit,
            elided: found.elided,
            there: found.there,
            missing: &found.missing,
            commented: &found.commented,
        }),
        also: examined
            .also
            .iter()
            .map(|(path, first, last)| Other { path: display::bytes(&path.0), first: *first, last: *last })
            .collect(),
        ambiguous: examined.ambiguous,
        follows: row.follows,
        proposal,
    }
}

fn check(piece: &Piece) -> (&'static str, Option<String>) {
    let said = |why: &String| Some(display::line(why).into_owned());
    match &piece.check {
        Check::Holds => ("holds", None),
        Check::Fails(why) => ("does not hold", said(why)),
        Check::NotCheckable => ("not checkable", Some("Seen by the auditor; no machine can check it.".to_owned())),
        Check::CouldNot(why) => ("could not be checked", said(why)),
    }
}

fn text(name: &str, report: &Report, edits: &[Edit], fixed: bool, outcome: Tally) -> String {
    let mut out = format!("{}\n", display::line(name));
    let target = report.target.as_deref().map_or("a repository that it does not name".into(), display::line);
    match report.commit {
        Some(commit) => out += &format!("  {target}\n  at {commit} ({})\n", report.named_by),
        None => out += &format!("  {target}\n"),
    }
    if let Some(why) = &report.unverifiable {
        out += &format!("  cannot be verified: {why}\n");
    }
    let rows = report.citations.as_slice();
    for group in rows.chunk_by(|one, next| one.citation.file == next.citation.file) {
        let Some(first) = group.first() else { continue };
        out += &format!("\n{}\n", display::line(&first.citation.file));
        out += &format!("{:>6}  {:<PATH$}  {:<9}  {:<9}  state\n", "line", "cites", "cited", "true");
        for row in group {
            table_row(&mut out, row, rows);
        }
    }
    if rows.is_empty() {
        out += "\nNo Markdown of it cites code.\n";
    }
    if !report.evidence.is_empty() {
        out += "\nEvidence of the record\n";
        for piece in &report.evidence {
            let (state, reason) = check(piece);
            out += &format!("{:>6}  {:<11}  {:<PATH$}  {state}\n", piece.id, piece.kind, cut_end(&piece.on));
            detail(&mut out, reason.iter());
        }
    }
    if !edits.is_empty() {
        let said = match (fixed, report.sealed) {
            (true, _) => "Corrected",
            (false, true) => "What the citations should say; a sealed record is never changed",
            (false, false) => "What --fix would change",
        };
        out += &format!("\n{said}\n");
        for edit in edits {
            out += &format!("{}\n", display::line(&edit.file));
            for (line, old, new) in edit.lines() {
                out += &format!("{line:>6} - {}\n       + {}\n", display::line(old), display::line(new));
            }
        }
    }
    for note in &report.notes {
        out += &format!("\n{note}\n");
    }
    let left = if fixed { "After it: " } else { "" };
    let total = outcome.holds + outcome.fails + outcome.could_not + outcome.not_checkable;
    out += &format!(
        "\n{left}{} of {total} hold, {} do not, {} could not be checked, {} have nothing to check\n",
        outcome.holds, outcome.fails, outcome.could_not, outcome.not_checkable
    );
    out
}

fn table_row(out: &mut String, row: &Row, rows: &[Row]) {
    let (citation, examined) = (&row.citation, &row.examined);
    let path = citation.path.as_deref().map_or("a block, no file named".into(), display::line);
    let ranges: Vec<String> = citation.ranges.iter().map(|lines| range(lines.first, lines.last)).collect();
    let cited = if ranges.is_empty() { "-".to_owned() } else { ranges.join(",") };
    let leader = row.follows.and_then(|at| rows.get(at));
    let found = leader.map_or(examined, |leader| &leader.examined).found.as_ref();
    let there = found.map_or("-".to_owned(), |found| range(found.first, found.last));
    let state = match (leader, examined.why) {
        (Some(leader), _) => format!("as line {}", leader.citation.line),
        (None, Some(Why::NoQuote)) => "no quote".to_owned(),
        (None, _) => examined.state.word().to_owned(),
    };
    *out += &format!("{:>6}  {:<PATH$}  {cited:<9}  {there:<9}  {state}\n", citation.line, cut_start(&path));
    let unsaid = matches!(examined.why, Some(Why::NoQuote | Why::NoCommit)) && citation.commit.is_none();
    if leader.is_some() || examined.state == State::Exact || (unsaid && !examined.ambiguous) {
        return;
    }
    let mut said = vec![examined.reason.clone()];
    if let Some(found) = &examined.found {
        said.extend(missing(found, examined.lines));
        said.extend(match found.commented.as_slice() {
            [] => None,
            lines => {
                Some(format!("Only the quote has a comment: {}.", numbers(lines.iter().map(|line| (*line, *line)))))
            }
        });
    } else if examined.held > 0 {
        said.push(format!("Some of its {} lines are among the cited ones: {}.", examined.lines, examined.held));
    }
    if examined.ambiguous {
        let places: Vec<String> = examined
            .also
            .iter()
            .map(|(path, first, last)| format!("{} {}", display::bytes(&path.0), range(*first, *last)))
            .collect();
        said.push(format!("As good: {}.", places.join(", ")));
    }
    if let Some(Proposal { path: Some(path), .. }) = &examined.proposal {
        said.push(format!("It should name {}.", display::bytes(&path.0)));
    }
    detail(out, said.iter());
}

fn missing(found: &Found, lines: usize) -> Option<String> {
    let signs = if found.signs_only { " (brackets and other signs)" } else { "" };
    let some = found.there < lines && !found.missing.is_empty();
    some.then(|| format!("Not there: {}{signs}.", numbers(found.missing.iter().copied())))
}

/// Names lines of a quote.
fn numbers(ranges: impl Iterator<Item = (usize, usize)>) -> String {
    let ranges: Vec<String> = ranges.map(|(first, last)| range(first, last)).collect();
    let one = ranges.len() == 1 && ranges.iter().all(|range| !range.contains('-'));
    format!("{} {} of the quote", if one { "line" } else { "lines" }, ranges.join(", "))
}

fn detail<'a>(out: &mut String, said: impl Iterator<Item = &'a String>) {
    for sentence in said {
        let words: Vec<String> = sentence.split(' ').map(str::to_owned).collect();
        let lines = wrapped("", " ", &words, WIDTH - INDENT);
        for line in lines {
            *out += &format!("{:INDENT$}{}\n", "", line.trim());
        }
    }
}

fn range(first: usize, last: usize) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Cuts a path where it says least: at its start.
fn cut_start(path: &str) -> String {
    let len = path.chars().count();
    if len <= PATH { path.to_owned() } else { format!("…{}", path.chars().skip(len - PATH + 1).collect::<String>()) }
}

fn cut_end(text: &str) -> String {
    if text.chars().count() <= PATH {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(PATH - 1).collect::<String>())
    }
}
