//! `touchstone diff`: what changed between two commits.

use std::ffi::OsString;

use serde::Serialize;

use super::blame::path;
use super::context::Context;
use crate::error::Result;
use crate::export::count;
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::repo::{Change, Comparison, Side, display};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The older commit, tag or branch (default: the newer one's parent), then the newer one (default: the audit's pin)
    #[arg(value_name = "REV", num_args = 0..=2)]
    revs: Vec<String>,
    /// One file, line by line
    #[arg(last = true, value_name = "PATH")]
    path: Option<OsString>,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<ObjectId>,
    new: ObjectId,
    files: Vec<File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<String>,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct File {
    change: char,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<usize>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<Lines>>,
}

/// Lines that stand in place of others, from 1; a side without lines has a count of 0 after the line before it.
#[derive(Serialize)]
struct Lines {
    old: usize,
    old_count: usize,
    new: usize,
    new_count: usize,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (repo, new) = context.commit(args.revs.get(1).map(String::as_str))?;
    let old = match args.revs.first() {
        Some(rev) => Some(repo.resolve(rev)?),
        None => repo.commit_info(new)?.parents.first().copied(),
    };
    let said = format!("{} → {}", old.map_or("nothing".to_owned(), |old| old.short()), new.short());
    let mut report = Report { old, new, files: Vec::new(), cut: None, text: String::new() };
    if let Some(path) = args.path.as_ref().map(path) {
        let comparison = repo.compare(old.map(|old| (old, &path)), (new, &path))?;
        let (added, removed) = comparison.lines();
        report.text = format!("{}  {said}  +{added} -{removed}\n", display::bytes(&path.0));
        report.text += &unified(&comparison);
        report.files.push(file(&path, &comparison, added, removed));
    } else if let Some(changes) = repo.changes(old, new, &|| false)? {
        let mut text = format!("{said}  {}\n", count(changes.changed.len(), "file", "files"));
        for one in changes.changed {
            let path = display::bytes(&one.path.0);
            let was = one.was.as_ref().map(|was| display::bytes(&was.0));
            let lines = one.lines.map_or(one.note.to_owned(), |(added, removed)| format!("+{added} -{removed}"));
            let from = was.as_ref().map(|was| format!("  from {was}")).unwrap_or_default();
            text += &format!("{} {lines:>13}  {path}{from}\n", one.change.letter());
            report.files.push(File {
                change: one.change.letter(),
                path,
                was,
                added: one.lines.map(|lines| lines.0),
                removed: one.lines.map(|lines| lines.1),
                note: one.note,
                blocks: None,
            });
        }
        if let Some(cut) = &changes.cut {
            text += &format!("{cut}\n");
        }
        report.text = text;
        report.cut = changes.cut;
    }
    context.report("touchstone.diff/1", &report, || report.text.clone())
}

fn file(path: &RepoPath, comparison: &Comparison, added: usize, removed: usize) -> File {
    let change = match (&comparison.old, &comparison.new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Modified,
    };
    let start = |range: &std::ops::Range<usize>| range.start + usize::from(!range.is_empty());
    let blocks = comparison.blocks.iter().map(|block| Lines {
        old: start(&block.old),
        old_count: block.old.len(),
        new: start(&block.new),
        new_count: block.new.len(),
    });
    File {
        change: change.letter(),
        path: display::bytes(&path.0),
        was: None,
        added: Some(added),
        removed: Some(removed),
        note: "",
        blocks: Some(blocks.collect()),
    }
}

/// Returns a comparison as lines: numbers of both sides, a sign, the text.
fn unified(comparison: &Comparison) -> String {
    let split = |side: &Option<Side>| -> Vec<Vec<u8>> {
        let bytes = side.as_ref().map(|side| &side.bytes[..]).unwrap_or_default();
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (old, new) = (split(&comparison.old), split(&comparison.new));
    let digits = old.len().max(new.len()).to_string().len();
    let number = |line: Option<usize>| line.map(|line| (line + 1).to_string()).unwrap_or_default();
    let mut out = String::new();
    for row in comparison.rows(false) {
        if row.gap {
            out += "⋯\n";
        }
        let (sign, line) = match (row.changed, row.old, row.new) {
            (true, Some(at), _) => ('-', old.get(at)),
            (true, None, Some(at)) => ('+', new.get(at)),
            (_, Some(at), _) => (' ', old.get(at)),
            _ => (' ', None),
        };
        let line = line.map(Vec::as_slice).unwrap_or_default();
        let end = if line.ends_with(b"\n") { "" } else { "  (no line feed at the end)" };
        let text = display::block_bytes(line.strip_suffix(b"\n").unwrap_or(line));
        out += &format!("{:>digits$} {:>digits$} {sign} {text}{end}\n", number(row.old), number(row.new));
    }
    out
}
