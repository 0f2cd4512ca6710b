//! `touchstone db validate`: checks submissions to an audit database.

mod markdown;
mod sarif;
mod text;

use std::path::{Path, PathBuf};

use crate::auditdb::Clones;
use crate::auditdb::validate::{Options, Outcome, Report, range, validate};
use crate::error::{Error, Result};
use crate::model::event::Target;
use crate::repo::{Repo, display};
use crate::shell::cli::context::Context;
use crate::shell::cli::db::clone;
use crate::shell::cli::db::progress::Bar;
use crate::shell::cli::interrupt::Interrupt;
use crate::shell::cli::verify::read_signers;

/// Check submissions by every rule of the database's procedure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 passed, or only a person is asked; 1 changes requested (with --strict also a person asked). docs/validate.md lists every rule."
)]
pub struct Args {
    /// A database's checkout, one repository's folder in it, or one audit's folder
    path: PathBuf,
    /// Judge only what HEAD changed since it left this branch, tag or commit
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// A clone of an audited repository, to look its commit and quoted code up
    #[arg(long = "clone", value_name = "URL=DIR", value_parser = clone)]
    clone: Vec<(Target, PathBuf)>,
    /// A folder with clones below DOMAIN/ORG/REPO or REPO, bare or not
    #[arg(long, value_name = "DIR")]
    clones: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
    /// Take what should be mended for what has to be, and fail where a person is asked
    #[arg(long)]
    strict: bool,
    /// The keys that you trust, and for whom (default: allowed_signers in the configuration folder)
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For the terminal
    Text,
    /// For programs
    Json,
    /// For code scanning
    Sarif,
    /// For the comment on a pull request
    Markdown,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let signers = read_signers(args.allowed_signers.as_deref(), context)?;
    for dir in args.clone.iter().map(|(_, dir)| dir).chain(&args.clones) {
        if !dir.is_dir() {
            return Err(
                Error::could_not(format!("{} is not a folder.", dir.display())).hint("Name a clone that is there.")
            );
        }
    }
    let clones = Clones { named: args.clone.clone(), folder: args.clones.clone() };
    let options = Options { signers: signers.as_ref(), clones, strict: args.strict };
    let stop = || interrupt.came();
    let touched = match &args.changed_since {
        None => None,
        Some(base) => Some(range(&database(&args.path)?, base, &stop)?.ok_or_else(|| stopped(&interrupt))?),
    };
    let bar = Bar::new("checking");
    let report = validate(&args.path, touched, &options, &stop, &|done, all| bar.show(done, all));
    bar.clear();
    let report = report?.ok_or_else(|| stopped(&interrupt))?;
    match args.format {
        Form::Sarif => context.print(&(sarif::sarif(&report)? + "\n"))?,
        Form::Markdown => context.print(&display::block(&markdown::markdown(&report)))?,
        Form::Json => context.report_json("touchstone.db-validate/1", &report)?,
        Form::Text => context.report("touchstone.db-validate/1", &report, || text::text(&report))?,
    }
    outcome(&report)
}

/// Opens the repository whose work tree the database is.
fn database(path: &Path) -> Result<Repo> {
    let repo = Repo::discover(path)?;
    let path = std::fs::canonicalize(path).map_err(|error| Error::io("read", path, &error))?;
    if path.join(".git").symlink_metadata().is_err() {
        return Err(Error::usage("A range is judged in a whole database.").hint("Name the root of its checkout."));
    }
    Ok(repo)
}

fn stopped(interrupt: &Interrupt) -> Error {
    interrupt.end();
    Error::could_not("Stopped.")
}

/// Returns the error that an outcome ends with.
fn outcome(report: &Report) -> Result<()> {
    match report.outcome {
        Outcome::Passed => Ok(()),
        Outcome::HumanReview if !report.strict => Ok(()),
        Outcome::HumanReview => Err(Error::falsity("Human review is required.")),
        Outcome::ChangesRequested => Err(Error::falsity("Changes are requested.")),
    }
}
