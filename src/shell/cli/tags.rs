//! `touchstone tags`: the tags whose history holds a commit.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::count;
use crate::model::hash::ObjectId;
use crate::repo::Containing;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of another commit, tag or branch than the audit's pin
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct Report {
    commit: ObjectId,
    #[serde(flatten)]
    containing: Containing,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (repo, commit) = context.commit(args.at.as_deref())?;
    let report = Report { commit, containing: repo.tags_containing(commit, &|| false)? };
    context.report("touchstone.tags/1", &report, || {
        let found = &report.containing;
        let verb = if found.tags.len() == 1 { "contains" } else { "contain" };
        let mut out = format!("{} {verb} {}\n", count(found.tags.len(), "tag", "tags"), commit.short());
        for tag in &found.tags {
            out += &format!("  {tag}\n");
        }
        for doubt in &found.doubts {
            out += &format!("{doubt}\n");
        }
        out
    })
}
