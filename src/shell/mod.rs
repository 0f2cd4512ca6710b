//! Floor 4: what touches the terminal, the environment and the clock.

pub mod cli;
