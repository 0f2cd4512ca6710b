//! The `touchstone` binary: parse arguments, run, map the error's kind to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    touchstone::shell::cli::main(std::env::args_os())
}
