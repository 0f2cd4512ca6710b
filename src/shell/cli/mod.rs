//! The command line; one file per subcommand.

mod answer;
mod audits;
mod blame;
mod compare;
mod completions;
mod context;
mod countersign;
mod coverage;
mod db;
mod demo;
mod diff;
mod doctor;
mod evidence;
mod export;
mod fact;
mod finding;
mod gather;
mod history;
mod interrupt;
mod leads;
mod log;
mod man;
mod mute;
mod note;
mod open;
mod reaudit;
mod score;
mod search;
mod show;
mod sign;
mod signers;
mod standard;
mod status;
mod submit;
mod tags;
mod trojans;
mod undo;
mod verify;
mod workbench;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::error::{Error, Result};
use crate::journal::Place;
use crate::repo::{Repo, display};
use context::Context;
use workbench::Begin;

/// Audit MCP servers: evidence that a machine re-checks, records that anyone can verify.
#[derive(Debug, Parser)]
#[command(
    name = "touchstone",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 true; 1 checked and false; 2 usage; 3 could not check; 4 input refused unread."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every subcommand takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// The clone to read (default: the audit's, else the one around the working folder)
    #[arg(long, global = true, value_name = "CLONE", help_heading = "Everywhere")]
    repo: Option<PathBuf>,
    /// The audit to work on (default: the one opened last for the clone)
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    audit: Option<String>,
    /// Where audits are kept (default: the platform's data folder, or $XDG_DATA_HOME)
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    data_dir: Option<PathBuf>,
    /// Print JSON with a `schema` field
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start an audit of a clone, or take it up again
    Open(open::Args),
    /// Start a new audit at a newer commit from an older one, or from a record
    Reaudit(reaudit::Args),
    /// List the audits on this machine
    Audits,
    /// Show where the audit stands
    Status(status::Args),
    /// Show the score, its ranges and what would flip it
    Score(score::Args),
    /// Answer items, with evidence or a reason
    Answer(answer::Args),
    /// State a fact that the score depends on
    Fact(fact::Args),
    /// List, show, add, attach, detach or redact evidence
    Evidence(evidence::Args),
    /// Write, edit, withdraw or list findings
    Finding(finding::Args),
    /// Write a note on an item or on the audit
    Note(note::Args),
    /// Show where to look, for an item or for all: patterns and their hits at the pin
    Leads(leads::Args),
    /// Show what was opened and reviewed, or mark lines, files and folders as reviewed
    Coverage(coverage::Args),
    /// Show which commit brought each line of a file
    Blame(blame::Args),
    /// List the commits that changed a file, or some lines of it
    History(history::Args),
    /// Show what changed between two commits: all files, or one line by line
    Diff(diff::Args),
    /// List the tags that contain the pin
    Tags(tags::Args),
    /// Put hits of leads away with a reason, list what is put away, list it again
    Mute(mute::Args),
    /// Search every file at the pin, or at a commit of any clone
    Search(search::Args),
    /// Print lines of a file at the pin, coloured and safe to look at
    Show(show::Args),
    /// List what could fool the eye at the pin: text direction, invisible characters, look-alikes
    Trojans,
    /// Show what happened, in order
    Log,
    /// Undo the last act
    Undo,
    /// Do again what was undone
    Redo,
    /// List, show, export, copy or check standards
    Standard(standard::Args),
    /// Write the audit as a signed record into an audit database
    Export(export::Args),
    /// Sign a record that was exported unsigned
    Sign(sign::Args),
    /// Sign the digests of somebody else's record, beside its own signature
    Countersign(countersign::Args),
    /// Hand a record in: a branch and a commit in your checkout of the audit database
    Submit(submit::Args),
    /// Keep the list of signers you trust
    Signers(signers::Args),
    /// Verify a record: files, signature, score, evidence
    Verify(verify::Args),
    /// Show two audits of one server side by side: answers, points, findings
    Compare(compare::Args),
    /// Work on a whole audit database: validate, re-check evidence, index, list, show, dump
    Db(db::Args),
    /// Try it out on an embedded demo server
    Demo(demo::Args),
    /// Look at what this machine has: git, ssh-keygen, keys, folders, versions
    Doctor,
    /// Print a completion script
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
}

/// Runs the program with these arguments (the first is the program's name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Arguments can hold text from outside, such as a path; clap prints them as they are.
            let text = error.render().to_string();
            let text = display::block(&text);
            if error.use_stderr() {
                if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json") {
                    print_error(&Error::usage(text.trim()), true);
                    return ExitCode::from(crate::error::Kind::Usage.exit_code());
                }
                let _ = write!(std::io::stderr(), "{text}");
                return ExitCode::from(crate::error::Kind::Usage.exit_code());
            }
            let _ = write!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
    };
    let mut context = Context::new(cli.global.clone());
    match run(cli.command, &mut context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error, cli.global.json);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn run(command: Option<Command>, context: &mut Context) -> Result<()> {
    let Some(command) = command else { return bare(context) };
    match command {
        Command::Open(args) => open::run(&args, context),
        Command::Reaudit(args) => reaudit::run(&args, context),
        Command::Audits => audits::run(context),
        Command::Status(args) => status::run(&args, context),
        Command::Score(args) => score::run(&args, context),
        Command::Answer(args) => answer::run(&args, context),
        Command::Fact(args) => fact::run(&args, context),
        Command::Evidence(args) => evidence::run(&args, context),
        Command::Finding(args) => finding::run(&args, context),
        Command::Note(args) => note::run(&args, context),
        Command::Leads(args) => leads::run(&args, context),
        Command::Coverage(args) => coverage::run(&args, context),
        Command::Blame(args) => blame::run(&args, context),
        Command::History(args) => history::run(&args, context),
        Command::Diff(args) => diff::run(&args, context),
        Command::Tags(args) => tags::run(&args, context),
        Command::Mute(args) => mute::run(&args, context),
        Command::Search(args) => search::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Trojans => trojans::run(context),
        Command::Log => log::run(context),
        Command::Undo => undo::undo(context),
        Command::Redo => undo::redo(context),
        Command::Standard(args) => standard::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Sign(args) => sign::run(&args, context),
        Command::Countersign(args) => countersign::run(&args, context),
        Command::Submit(args) => submit::run(&args, context),
        Command::Signers(args) => signers::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Compare(args) => compare::run(&args, context),
        Command::Db(args) => db::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Doctor => doctor::run(context),
        Command::Completions(args) => completions::run(&args, context, &mut Cli::command()),
        Command::Man(args) => man::run(&args, context, &Cli::command()),
    }
}

/// Runs the bare name: opens the workbench on the clone around the working folder, or with the list of audits on the one
/// that was opened last.
fn bare(context: &mut Context) -> Result<()> {
    let args = workbench::Args::default();
    if let Some(begin) = args.begin(context)? {
        if context.global.repo.is_some() || Repo::discover(&context.clone_path()).is_ok() {
            return open::run(&open::Args::default(), context);
        }
        let there = |place: &Place| Repo::discover(&place.path).is_ok();
        let audits = context.store()?.list()?.into_iter();
        let readable = audits.filter(|listed| listed.view.is_ok() && listed.place.as_ref().is_some_and(there));
        if let Some(last) = readable.max_by_key(|listed| listed.place.as_ref().map(|place| place.opened_at)) {
            let held = context.held(&last.name)?;
            return args.run(context, &last.name, held, Begin { audits: true, ..begin });
        }
    }
    let help = Cli::command().render_help().to_string();
    Err(Error::usage(format!("A subcommand is needed.\n\n{}", help.trim_end())))
}

/// Prints an error where errors belong; with `--json` as JSON.
fn print_error(error: &Error, json: bool) {
    let mut stderr = std::io::stderr().lock();
    if json {
        let value = serde_json::json!({
            "schema": "touchstone.error/1",
            "exit": error.kind.exit_code(),
            "error": error.message,
            "hints": error.hints,
        });
        let _ = writeln!(stderr, "{}", display::json(&value, false).unwrap_or_default());
        return;
    }
    let _ = writeln!(stderr, "touchstone: {}", display::block(&error.message));
    for hint in &error.hints {
        let _ = writeln!(stderr, "  {}", display::block(hint));
    }
}
