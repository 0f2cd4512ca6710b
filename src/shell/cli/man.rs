//! `touchstone man`: prints the manual page.

use super::context::Context;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The page of one subcommand
    subcommand: Option<String>,
}

pub fn run(args: &Args, context: &Context, command: &clap::Command) -> Result<()> {
    let page = match &args.subcommand {
        None => command.clone(),
        Some(name) => {
            let known = command.find_subcommand(name);
            let found = known.ok_or_else(|| Error::usage(format!("There is no subcommand `{name}`.")))?;
            found.clone().display_name(format!("touchstone-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Error::could_not(format!("Could not write the page: {error}.")))?;
    context.print(&String::from_utf8_lossy(&text))
}
