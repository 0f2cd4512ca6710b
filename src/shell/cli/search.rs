//! `touchstone search`: every file at the pin, or at a commit of any clone.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::count;
use crate::model::evidence::{self, Query, SkipReason};
use crate::model::hash::ObjectId;
use crate::repo::{Hit, Pin, Repo, display};

/// A search that was run exits with 0, whether it found anything or not; its counts tell. Without an audit it reads the
/// commit of HEAD.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A regular expression, looked for line by line
    pattern: String,
    /// Search only files that match (a glob without `/` is a file's name, `DIR/**` a folder); `!GLOB` is `--not GLOB`
    #[arg(long = "in", value_name = "GLOB")]
    include: Vec<String>,
    /// Leave out the hits of files that match; they are counted apart
    #[arg(long = "not", value_name = "GLOB")]
    exclude: Vec<String>,
    /// The pattern is plain text
    #[arg(long)]
    literal: bool,
    /// A match begins and ends where a word does
    #[arg(long)]
    word: bool,
    /// Letters match only in their own case
    #[arg(long = "case")]
    case_sensitive: bool,
    /// How many hits to print; all are counted
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max: usize,
    /// Search this commit, branch or tag, whatever the audit's pin and scope
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    commit: ObjectId,
    search: evidence::Search,
    /// The first hits; `search` counts them all.
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    path: String,
    line: u64,
    text: String,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let mut query = Query {
        pattern: args.pattern.clone(),
        literal: args.literal,
        case_sensitive: args.case_sensitive,
        word: args.word,
        exclude: args.exclude.clone(),
        ..Query::default()
    };
    query.limit(args.include.iter().map(String::as_str));
    let pin = pin(args, context)?;
    let mut lines = Vec::new();
    // Hits that are counted apart are not printed.
    let search = pin.stream(&query, args.max, &|| false, |hits| {
        lines.extend(hits.into_iter().filter(|hit| !hit.excluded).map(line));
    })?;
    let Some(search) = search else { return Ok(()) };
    let report = Report { commit: pin.commit(), search, lines };
    context.report("touchstone.search/1", &report, || {
        let mut out = String::new();
        for line in &report.lines {
            out += &format!("{}:{}: {}\n", line.path, line.line, line.text);
        }
        out + &summary(&report)
    })
}

/// Opens what is searched: the audit's pin in its scope, or a commit whole.
fn pin(args: &Args, context: &Context) -> Result<Pin> {
    let audit = match context.audit_name() {
        Ok(name) => Some(context.store()?.view(&name)?.audit),
        Err(error) if context.global.audit.is_some() => return Err(error),
        Err(_) => None,
    };
    let (repo, at) = match (&audit, &args.at) {
        (Some(audit), None) => return context.pin_of(audit),
        (Some(audit), Some(at)) => (context.repo_of(audit)?, at.as_str()),
        (None, at) => (Repo::discover(&context.clone_path())?, at.as_deref().unwrap_or("HEAD")),
    };
    repo.pin(repo.resolve(at)?, &[])
}

fn line(hit: Hit) -> Line {
    Line { path: display::bytes(&hit.path.0), line: hit.line, text: display::bytes(&hit.text) }
}

/// Returns what was found, of what was read.
fn summary(report: &Report) -> String {
    let search = &report.search;
    let mut out = String::new();
    let shown = report.lines.len() as u64;
    if shown < search.hits {
        out += &format!("… {}\n", count(search.hits - shown, "more hit", "more hits"));
    }
    out += &format!(
        "{}{} in {} ({} bytes) at {}",
        if search.hits > 0 { "\n" } else { "" },
        count(search.hits, "hit", "hits"),
        count(search.files, "file read", "files read"),
        search.bytes,
        report.commit.short(),
    );
    if search.excluded_files > 0 {
        out += &format!(
            "; apart from them {} in {}",
            count(search.excluded_hits, "hit", "hits"),
            count(search.excluded_files, "excluded file", "excluded files")
        );
    }
    out += "\nnot read: ";
    let skipped: Vec<String> = search
        .skipped
        .iter()
        .map(|skipped| match skipped.why {
            SkipReason::Binary => format!("{} binary", skipped.files),
            SkipReason::TooLarge => format!("{} too large", skipped.files),
            SkipReason::Symlink => count(skipped.files, "symbolic link", "symbolic links"),
            SkipReason::Submodule => count(skipped.files, "submodule", "submodules"),
        })
        .collect();
    out += &if skipped.is_empty() { "none".to_owned() } else { skipped.join(", ") };
    out += &format!("\nfiles {}\nhits  {}\n", search.files_digest, search.hits_digest);
    out
}
