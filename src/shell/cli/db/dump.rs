//! `touchstone db dump`: the database as flat tables, for an engine that somebody runs already.

use std::path::PathBuf;

use serde::Serialize;

use super::super::context::{Context, shown};
use super::super::interrupt::Interrupt;
use super::{progress, read_from, stopped};
use crate::auditdb::Database;
use crate::auditdb::dump::{self, Dumped};
use crate::error::{Error, Result};

/// Writes `audits.ndjson`, `items.ndjson`, `findings.ndjson` and `evidence.ndjson`, a row a line, with `duckdb.sql` and
/// `postgresql.sql`, which load them: `cd DIR && duckdb audits.duckdb < duckdb.sql`, `cd DIR && psql -f postgresql.sql
/// DATABASE`. docs/dump.md says what each column holds.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A checkout or clone of the audit database, or a folder laid out like one
    path: PathBuf,
    /// Read this commit, branch or tag (default: HEAD; a folder outside of git is read as it lies)
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// The form of the tables
    #[arg(long, value_enum, default_value_t = Form::Ndjson)]
    format: Form,
    /// The folder to write to; made where it is missing, and tables that are there already are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    /// A JSON object a line
    Ndjson,
}

#[derive(Serialize)]
struct Report {
    database: String,
    commit: Option<String>,
    out: String,
    rows: Dumped,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let database = Database::open(&args.path, args.at.as_deref())?;
    std::fs::create_dir_all(&args.out).map_err(|error| Error::io("write", &args.out, &error))?;
    let bar = progress::Bar::new("dumping servers");
    let rows = match args.format {
        Form::Ndjson => dump::dump(&database, &args.out, &|done, all| bar.show(done, all), &|| interrupt.came()),
    };
    bar.clear();
    let rows = rows?.ok_or_else(|| stopped(&interrupt))?;
    let report = Report {
        database: database.path().display().to_string(),
        commit: database.commit().map(|commit| commit.to_string()),
        out: args.out.display().to_string(),
        rows,
    };
    context.report("touchstone.db-dump/1", &report, || {
        format!(
            "{}\n{}: {} audits, {} items, {} findings, {} pieces of evidence\n",
            read_from(&database),
            shown(&args.out),
            rows.audits,
            rows.items,
            rows.findings,
            rows.evidence
        )
    })
}
