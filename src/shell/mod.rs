//! Floor 4: what touches the terminal, the environment and the clock.

pub mod browse;
pub mod cli;
pub mod clock;
pub mod exporting;
pub mod git;
pub mod leads;
pub mod past;
pub mod print;
pub mod reaudit;
pub mod terminal;
pub mod workbench;

use crate::model::event::Tool;

/// Returns this program's name and version, as journals and records give it.
pub fn tool() -> Tool {
    Tool { name: "touchstone".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}
