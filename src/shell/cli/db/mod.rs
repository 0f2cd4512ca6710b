//! `touchstone db`: a whole audit database; one file per subcommand.

mod browse;
mod dump;
mod evidence;
mod index;
mod list;
mod progress;
mod show;
mod validate;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::context::{Context, shown};
use super::interrupt::Interrupt;
use crate::auditdb::{Catalog, Database, Reader};
use crate::error::{Error, Result};
use crate::model::event::Target;

/// Work on a whole audit database.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check submissions by every rule of the database's procedure
    Validate(validate::Args),
    /// Check what an audit cites against a clone: is the quoted code in the cited lines, and where is it if not
    Evidence(evidence::Args),
    /// Write the database's indexes and a summary of each server, or check those that are committed
    Index(index::Args),
    /// List the audits of a database, filtered and sorted
    List(list::Args),
    /// Show one server with its audits, or one audit
    Show(show::Args),
    /// Look through a database in the terminal
    Browse(browse::Args),
    /// Write the database as four flat tables, for DuckDB, PostgreSQL and the like
    Dump(dump::Args),
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::Validate(args) => validate::run(args, context),
        Command::Evidence(args) => evidence::run(args, context),
        Command::Index(args) => index::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Browse(args) => browse::run(args, context),
        Command::Dump(args) => dump::run(args, context),
    }
}

/// Which database is read, and how.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// A checkout or clone of the audit database, or a folder laid out like one
    path: PathBuf,
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

/// Returns a text that is exactly so many columns wide: cut with a mark, or filled with blanks.
fn fit(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let whole = text.width() <= width;
    let room = if whole { width } else { width.saturating_sub(1) };
    for c in text.chars() {
        let wide = c.width().unwrap_or_default();
        if used + wide > room {
            break;
        }
        out.push(c);
        used += wide;
    }
    if !whole {
        out.push('…');
        used += 1;
    }
    out + &" ".repeat(width.saturating_sub(used))
}

/// Returns the end of a text that is too wide, behind a mark: of a path the end tells more.
fn cut_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += c.width().unwrap_or_default();
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.into_iter().rev().collect()
}

/// Reads `URL=DIR`: which repository, and where its clone lies.
pub fn clone(text: &str) -> Result<(Target, PathBuf), String> {
    let (url, dir) = text.split_once('=').ok_or("it is not URL=DIR")?;
    if dir.is_empty() {
        return Err("it names no folder".to_owned());
    }
    Ok((Target::parse(url)?, PathBuf::from(dir)))
}
