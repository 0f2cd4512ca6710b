//! `touchstone coverage`: what was opened and reviewed, and marks on what was.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use serde::Serialize;

use super::context::Context;
use super::gather::parse_place;
use crate::error::{Error, Result};
use crate::export::count;
use crate::export::coverage::{MEANING, apart, bar, not_known, share_name};
use crate::journal::Journal;
use crate::model::audit::Audit;
use crate::model::coverage::{Apart, Coverage, Extent, FileLines, FileRow, Lines, Share, Tally, dimensions, unopened};
use crate::model::event::Event;
use crate::model::evidence::RepoPath;
use crate::repo::{Pin, display};
use crate::shell::leads;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mark lines, a file or a folder as reviewed
    #[arg(long, value_name = "PATH[:A-B]")]
    mark: Vec<OsString>,
    /// Take such a mark back
    #[arg(long, value_name = "PATH[:A-B]")]
    unmark: Vec<OsString>,
    /// List every file of which something was opened or reviewed
    #[arg(long)]
    files: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    audit: &'a str,
    text: Tally,
    opened: Tally,
    reviewed: Tally,
    apart: Apart,
    cut: bool,
    folders: Vec<Part>,
    extensions: Vec<Part>,
    /// Files that evidence on a dimension's items cites, or leads of them point at.
    dimensions: Vec<Part>,
    files: &'a [FileRow],
    /// Files that leads point at and nobody opened or reviewed.
    unopened: Vec<Left>,
    /// Leads that were not run to the end: not all files that they point at are known.
    leads_not_run: usize,
}

#[derive(Serialize)]
struct Part {
    name: String,
    text: Tally,
    opened: Tally,
    reviewed: Tally,
}

#[derive(Serialize)]
struct Left {
    path: RepoPath,
    hits: u64,
    items: Vec<String>,
}

fn part(name: String, share: &Share) -> Part {
    Part { name, text: share.text, opened: share.opened, reviewed: share.reviewed }
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    if args.mark.is_empty() && args.unmark.is_empty() {
        let audit = context.view()?.audit;
        return report(args, context, &audit, &context.pin_of(&audit)?);
    }
    let mut journal = context.journal()?;
    let pin = context.pin_of(&journal.audit)?;
    mark(args, context, &mut journal, &counted(&pin)?)?;
    report(args, context, &journal.audit, &pin)
}

fn counted(pin: &Pin) -> Result<Extent> {
    pin.extent(&|| false)?.ok_or_else(|| Error::could_not("The lines were not counted."))
}

/// Writes the marks as one act, as far as they change anything.
fn mark(args: &Args, context: &Context, journal: &mut Journal, extent: &Extent) -> Result<()> {
    let reviewed = &journal.audit.now.reviewed;
    let mut events = Vec::new();
    for (places, taken_back) in [(&args.mark, false), (&args.unmark, true)] {
        let mut files: Vec<FileLines> = Vec::new();
        for place in places {
            files.extend(meant(place, extent)?);
        }
        for file in &mut files {
            let there = reviewed.lines(&file.path, file.blob);
            let missing = file.lines.without(there);
            file.lines = if taken_back { file.lines.without(&missing) } else { missing };
        }
        files.retain(|file| !file.lines.is_empty());
        if !files.is_empty() {
            events.push(Event::Reviewed { files, taken_back });
        }
    }
    context.act(journal, events)
}

/// Returns the lines of a place: a file or folder as it stands there, else lines of a file.
fn meant(place: &OsString, extent: &Extent) -> Result<Vec<FileLines>> {
    let bytes = place.as_bytes();
    let path = bytes.strip_prefix(b"./").unwrap_or(bytes);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let root = path.is_empty() || path == b".";
    let files = extent.under(&RepoPath(if root { Vec::new() } else { path.to_vec() }));
    if !files.is_empty() {
        return Ok(files);
    }
    let said = display::bytes(bytes);
    let nowhere = |said: &str| {
        Error::usage(format!("There is no text file {said} at the pin, and no folder that has one.")).hint(
            "A place is a file, a folder, or lines such as src/index.ts:10-24; what is binary or empty has no lines.",
        )
    };
    let (path, first, last) = parse_place(place).map_err(|_| nowhere(&said))?;
    let Some((blob, of)) = extent.files.get(&path) else { return Err(nowhere(&display::bytes(&path.0))) };
    let number = |line: usize| u32::try_from(line).ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if 0 < first && first <= last && last <= *of => {
            Ok(vec![FileLines { path, blob: *blob, lines: Lines::of(first, last) }])
        }
        _ => Err(Error::usage(format!("{} has the lines 1 to {of}.", display::bytes(&path.0)))),
    }
}

fn report(args: &Args, context: &Context, audit: &Audit, pin: &Pin) -> Result<()> {
    let extent = counted(pin)?;
    let coverage = Coverage::of(&audit.seen, &audit.now.reviewed, &extent);
    let pointed = leads::pointed(pin, audit);
    let left = unopened(&pointed.files, &audit.seen, &audit.now.reviewed, &extent);
    let parts = |shares: &[Share], extension: bool| {
        shares.iter().map(|share| part(share_name(share, extension), share)).collect::<Vec<Part>>()
    };
    let report = Report {
        audit: &audit.now.opened.audit,
        text: coverage.text,
        opened: coverage.opened,
        reviewed: coverage.reviewed,
        apart: coverage.apart,
        cut: coverage.cut,
        folders: parts(&coverage.folders, false),
        extensions: parts(&coverage.extensions, true),
        dimensions: dimensions(audit, &pointed.files, &extent)
            .into_iter()
            .map(|(id, share)| part(id, &share))
            .collect(),
        files: &coverage.files,
        unopened: left
            .into_iter()
            .map(|one| Left { path: one.path.clone(), hits: one.hits, items: one.items.clone() })
            .collect(),
        leads_not_run: pointed.blind,
    };
    context.report("touchstone.coverage/1", &report, || text(args, &report))
}

fn text(args: &Args, report: &Report<'_>) -> String {
    let of = |part: &Tally| {
        format!(
            "{} of {}, {} of {} ({} %)",
            part.files,
            count(report.text.files, "text file", "text files"),
            part.lines,
            count(report.text.lines, "line", "lines"),
            part.percent(&report.text)
        )
    };
    let mut out = format!("opened    {}\nreviewed  {}\n", of(&report.opened), of(&report.reviewed));
    if let Some(words) = apart(&report.apart) {
        out += &format!("without lines to be read, and not counted: {words}\n");
    }
    if report.cut {
        out += "the tree is larger than a budget allows; what was cut is not counted\n";
    }
    let dimensions = "dimension (files that its evidence cites or its leads point at)";
    for (head, parts) in
        [("folder", &report.folders), ("extension", &report.extensions), (dimensions, &report.dimensions)]
    {
        if parts.is_empty() {
            continue;
        }
        out += &format!("\n{:<17} {:<17} {:>8} {:>9}  {head}\n", "opened", "reviewed", "files", "lines");
        for part in parts {
            let cell = |tally: &Tally| format!("{} {:>3} % ", bar(tally, &part.text), tally.percent(&part.text));
            out += &format!(
                "{} {} {:>8} {:>9}  {}\n",
                cell(&part.opened),
                cell(&part.reviewed),
                part.text.files,
                part.text.lines,
                display::line(&part.name)
            );
        }
    }
    if args.files {
        out += "\n";
        for row in report.files {
            let said = |lines: &Lines| if lines.is_empty() { "nothing".to_owned() } else { lines.to_string() };
            out += &format!(
                "{} of {}: opened {}; reviewed {}\n",
                display::bytes(&row.path.0),
                count(row.of, "line", "lines"),
                said(&row.opened),
                said(&row.reviewed)
            );
        }
    }
    if report.leads_not_run > 0 {
        out += &format!("\n{}\n", not_known(report.leads_not_run));
    }
    if report.unopened.is_empty() && report.leads_not_run > 0 {
        // That nothing is listed says nothing.
    } else if report.unopened.is_empty() {
        out += "\nEvery file that a lead points at was opened or reviewed.\n";
    } else {
        let files = count(report.unopened.len(), "file", "files");
        out += &format!("\nLeads point at {files} that nobody opened or reviewed:\n");
        for one in report.unopened.iter().take(20) {
            let hits = count(one.hits, "hit", "hits");
            out += &format!("  {}  {hits}: {}\n", display::bytes(&one.path.0), one.items.join(" "));
        }
        if report.unopened.len() > 20 {
            out += &format!("  and {} more; --json lists all\n", report.unopened.len() - 20);
        }
    }
    out += &format!("\n{MEANING}\n");
    out
}
