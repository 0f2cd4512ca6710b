//! `touchstone completions`: prints a completion script.

use crate::error::Result;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: &Args, command: &mut clap::Command) -> Result<()> {
    clap_complete::generate(args.shell, command, "touchstone", &mut std::io::stdout());
    Ok(())
}
