//! `touchstone blame`: which commit brought each line of a file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::context::Context;
use super::interrupt::Interrupt;
use crate::app::line::overhang;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::repo::{CommitInfo, Git, Hunk, Wanted, display};

/// Columns that an author's name is given.
const AUTHOR: usize = 16;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, from the repository's root
    path: OsString,
    /// Only these lines
    #[arg(long, value_name = "A:B")]
    lines: Option<String>,
    /// At another commit, tag or branch than the audit's pin
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    commit: ObjectId,
    path: String,
    blamer: &'static str,
    shallow: bool,
    hunks: Vec<Line>,
    commits: Vec<&'a CommitInfo>,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct Line {
    first: usize,
    last: usize,
    commit: ObjectId,
    path: String,
    from: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
}

#[derive(Serialize)]
struct Before {
    commit: ObjectId,
    path: String,
}

/// Reads `A:B` or `A` as lines from 0.
pub fn lines(text: &str) -> Result<std::ops::Range<usize>> {
    let wrong = || Error::usage(format!("{text:?} is no range of lines such as 10:20."));
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let (first, last): (usize, usize) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if first == 0 || first > last { Err(wrong()) } else { Ok(first - 1..last) }
}

/// Returns a path as it was typed, in the repository's bytes.
pub fn path(text: &OsString) -> RepoPath {
    RepoPath(text.clone().into_vec())
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (repo, commit) = context.commit(args.at.as_deref())?;
    let path = path(&args.path);
    let only = args.lines.as_deref().map(lines).transpose()?;
    let side = repo.version(commit, &path)?;
    let git = Git::find(&repo);
    let mut hunks: Vec<Hunk> = Vec::new();
    let wanted = Wanted { commit, path: path.clone(), only: only.clone(), first: None };
    let interrupt = Interrupt::listen()?;
    let blamer = repo.blame(git.as_ref(), &wanted, &|| interrupt.came(), &mut |some| hunks.extend(some));
    interrupt.end();
    let Some(blamer) = blamer? else { return Ok(()) };
    hunks.sort_by_key(|hunk| hunk.lines.start);
    if let (Some(only), None) = (&only, hunks.first()) {
        return Err(Error::usage(format!("{} has no line {}.", path.lossy(), only.start + 1)));
    }
    let mut commits: BTreeMap<ObjectId, Arc<CommitInfo>> = BTreeMap::new();
    let mut text = String::new();
    if !context.global.json {
        let all: Vec<&[u8]> = side.bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let digits = hunks.last().map_or(1, |hunk| hunk.lines.end).to_string().len();
        for hunk in &hunks {
            let who = column(&hunk.commit, AUTHOR);
            let mark = if hunk.commit.edge { '^' } else { ' ' };
            for line in hunk.lines.clone() {
                let code = all.get(line).copied().unwrap_or_default();
                let code = display::block_bytes(code.strip_suffix(b"\n").unwrap_or(code));
                text += &format!("{mark}{who} {:>digits$}  {code}\n", line + 1);
            }
        }
        if hunks.iter().any(|hunk| hunk.commit.edge) {
            text += "\n^ this clone is shallow: the line may be older than that commit.\n";
        }
        text += &format!("\nby {}\n", blamer.word());
    }
    let lines = hunks
        .iter()
        .map(|hunk| {
            commits.entry(hunk.commit.id).or_insert_with(|| Arc::clone(&hunk.commit));
            Line {
                first: hunk.lines.start + 1,
                last: hunk.lines.end,
                commit: hunk.commit.id,
                path: display::bytes(&hunk.path.0),
                from: hunk.from + 1,
                before: hunk
                    .before
                    .as_ref()
                    .map(|(commit, path)| Before { commit: *commit, path: display::bytes(&path.0) }),
            }
        })
        .collect();
    let report = Report {
        commit,
        path: display::bytes(&path.0),
        blamer: blamer.word(),
        shallow: repo.is_shallow(),
        hunks: lines,
        commits: commits.values().map(Arc::as_ref).collect(),
        text,
    };
    context.report("touchstone.blame/1", &report, || report.text.clone())
}

/// Returns commit, author and date in columns.
fn column(commit: &CommitInfo, width: usize) -> String {
    let name = &commit.author.name;
    let cut = overhang(name, width);
    let kept = name.chars().count() - cut;
    let name: String = if cut > 0 { name.chars().take(kept).collect() } else { name.clone() };
    let blanks = " ".repeat(width.saturating_sub(name.width()));
    format!("{} {name}{blanks} {}", commit.id.short(), commit.date())
}
