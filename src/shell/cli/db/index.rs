//! `touchstone db index`: writes the indexes, or checks those that are committed.

use std::path::PathBuf;

use serde::Serialize;

use super::super::context::{Context, shown};
use super::super::interrupt::Interrupt;
use super::{Source, is_bare, read_from, stopped};
use crate::auditdb::index::{self, Indexed};
use crate::error::{Error, Result};
use crate::export::count;
use crate::repo::display;

/// Writes `indexes/by-auditor.json`, `by-date.json`, `by-severity.json` and `by-repo.json`, and a summary of each server
/// below `indexes/servers/`. The same audits give the same bytes; only what changed since the last time is read.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Write nothing; exit with 1 where the indexes that are there are not those that follow from the audits
    #[arg(long)]
    check: bool,
    /// Write below this folder instead of the database's own
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    database: String,
    commit: Option<String>,
    servers: usize,
    audits: usize,
    /// Audits that were read now; the others were known by their trees.
    read: usize,
    /// Audits with problems.
    odd: usize,
    left_out: &'a [String],
    #[serde(flatten)]
    files: &'a Indexed,
    checked_only: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let database = args.source.open()?;
    if !args.check && args.out.is_none() && is_bare(database.path()) {
        return Err(Error::usage(format!("{} has no work tree to write to.", shown(database.path())))
            .hint("Pass --out DIR, or --check to compare with the indexes that are committed."));
    }
    let catalog = args.source.catalog(context, &database, &interrupt)?;
    let files = if args.check {
        index::check(&database, &catalog)?
    } else {
        let out = args.out.as_deref().unwrap_or(database.path());
        if !out.is_dir() {
            return Err(Error::could_not(format!("{} is not a folder.", shown(out))));
        }
        index::write(out, &catalog, &|| interrupt.came())?.ok_or_else(|| stopped(&interrupt))?
    };
    let report = Report {
        database: database.path().display().to_string(),
        commit: database.commit().map(|commit| commit.to_string()),
        servers: catalog.servers.len(),
        audits: catalog.audits().count(),
        read: catalog.read,
        odd: catalog.audits().filter(|entry| !entry.problems.is_empty()).count(),
        left_out: &catalog.left_out,
        files: &files,
        checked_only: args.check,
    };
    context.report("touchstone.db-index/1", &report, || {
        let mut out = read_from(&database) + "\n";
        out += &format!(
            "{}, {}, {} of them read now\n",
            count(report.servers, "server", "servers"),
            count(report.audits, "audit", "audits"),
            report.read
        );
        let (written, removed) = if args.check { ("to write", "to remove") } else { ("written", "removed") };
        out += &format!(
            "indexes: {} as they should be, {} {written}, {} {removed}\n",
            files.same, files.written, files.removed
        );
        for path in &files.changed {
            out += &format!("  {}\n", display::line(path));
        }
        if files.written + files.removed > files.changed.len() {
            out += "  and others\n";
        }
        if report.odd > 0 {
            out +=
                &format!("{} with problems; `touchstone db show` names them\n", count(report.odd, "audit", "audits"));
        }
        for left in &catalog.left_out {
            out += &format!("left out: {}\n", display::line(left));
        }
        out
    })?;
    if args.check && !files.is_same() {
        return Err(Error::falsity("The indexes are not those that follow from the audits.")
            .hint("Run `touchstone db index` without --check, and commit what it writes."));
    }
    Ok(())
}
