//! `touchstone db`: a whole audit database; one file per subcommand.

mod index;
mod progress;

use std::path::Path;

use clap::Subcommand;

use super::context::{Context, shown};
use super::interrupt::Interrupt;
use crate::auditdb::{Catalog, Database, Reader};
use crate::error::{Error, Result};

/// Work on a whole audit database.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the database's indexes and a summary of each server, or check those that are committed
    Index(index::Args),
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::Index(args) => index::run(args, context),
    }
}

/// Which database is read, and how.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// A checkout or clone of the audit database, or a folder laid out like one
    path: std::path::PathBuf,
    /// Read this commit, branch or tag (default: HEAD; a folder outside of git is read as it lies)
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Read everything again, whatever was kept from the last time
    #[arg(long)]
    fresh: bool,
}

impl Source {
    fn open(&self) -> Result<Database> {
        Database::open(&self.path, self.at.as_deref())
    }

    /// Reads the database's catalog, with a bar on the terminal.
    fn catalog(&self, context: &Context, database: &Database, interrupt: &Interrupt) -> Result<Catalog> {
        let cache = context.cache();
        let bar = progress::Bar::new("reading servers");
        let reader = Reader {
            cache: cache.as_deref(),
            fresh: self.fresh,
            progress: &|done, all| bar.show(done, all),
            stop: &|| interrupt.came(),
        };
        let catalog = reader.catalog(database);
        bar.clear();
        catalog?.ok_or_else(|| stopped(interrupt))
    }
}

/// Ends the process as the signal does that stopped the work.
fn stopped(interrupt: &Interrupt) -> Error {
    interrupt.end();
    Error::could_not("Stopped.")
}

/// Says what was read, as a sentence.
fn read_from(database: &Database) -> String {
    match database.commit() {
        Some(commit) => {
            format!("{} at commit {} (what is not committed is not seen)", shown(database.path()), commit.short())
        }
        None => format!("{} as it lies (not in git)", shown(database.path())),
    }
}

/// Tells whether a folder is a git repository without a work tree.
fn is_bare(path: &Path) -> bool {
    !path.join(".git").exists() && path.join("HEAD").is_file() && path.join("objects").is_dir()
}
