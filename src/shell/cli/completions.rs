//! `touchstone completions`: prints a completion script.

use super::context::Context;
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: &Args, context: &Context, command: &mut clap::Command) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "touchstone", &mut text);
    context.print(&String::from_utf8_lossy(&text))
}
