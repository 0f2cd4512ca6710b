//! `touchstone demo`.
use super::context::Context;
use crate::error::Result;
#[derive(Debug, clap::Args)]
pub struct Args {}
pub fn run(_args: &Args, _context: &mut Context) -> Result<()> {
    Ok(())
}
