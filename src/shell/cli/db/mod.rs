//! `touchstone db`: a whole audit database; one file per subcommand.

mod evidence;
mod progress;
mod validate;

use clap::Subcommand;

use super::context::Context;
use crate::error::Result;

/// Work on a whole audit database.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check what an audit cites against a clone: is the quoted code in the cited lines, and where is it if not
    Evidence(evidence::Args),
    /// Check submissions by every rule of the database's procedure
    Validate(validate::Args),
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::Evidence(args) => evidence::run(args, context),
        Command::Validate(args) => validate::run(args, context),
    }
}
