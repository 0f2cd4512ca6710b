//! `touchstone history`: the commits that changed a file, or some lines of it.

use std::ffi::OsString;

use serde::Serialize;

use super::blame::{lines, path};
use super::context::Context;
use crate::error::Result;
use crate::model::hash::ObjectId;
use crate::repo::{CommitInfo, display};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, from the repository's root
    path: OsString,
    /// Only what changed these lines
    #[arg(long, value_name = "A:B")]
    lines: Option<String>,
    /// From another commit, tag or branch than the audit's pin
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct Report {
    commit: ObjectId,
    path: String,
    commits: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
}

#[derive(Serialize)]
struct Line {
    change: char,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<usize>,
    commit: CommitInfo,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (repo, commit) = context.commit(args.at.as_deref())?;
    let path = path(&args.path);
    let only = args.lines.as_deref().map(lines).transpose()?;
    let mut commits = Vec::new();
    let ended = repo.touched(commit, &path, only, &|| false, &mut |one| {
        commits.push(Line {
            change: one.change.letter(),
            path: display::bytes(&one.path.0),
            was: one.was.map(|was| display::bytes(&was.0)),
            first: one.lines.as_ref().map(|lines| lines.start + 1),
            last: one.lines.as_ref().map(|lines| lines.end),
            commit: one.commit,
        });
    })?;
    let doubt = ended.unwrap_or_default().doubt;
    let report = Report { commit, path: display::bytes(&path.0), commits, doubt };
    context.report("touchstone.history/1", &report, || {
        let mut out = String::new();
        for line in &report.commits {
            let at = line.first.zip(line.last).map(|(first, last)| format!(" :{first}-{last}")).unwrap_or_default();
            let was = line.was.as_ref().map(|was| format!("  from {was}")).unwrap_or_default();
            let commit = &line.commit;
            out += &format!(
                "{} {} {} {}{at}  {}{was}\n",
                line.change,
                commit.id.short(),
                commit.date(),
                commit.author.name,
                commit.summary
            );
        }
        if let Some(doubt) = &report.doubt {
            out += &format!("\n{doubt}\n");
        }
        out
    })
}
