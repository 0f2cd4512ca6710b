//! Touchstone: the terminal workbench for auditing MCP (Model Context Protocol) servers.

pub mod auditdb;
pub mod config;
pub mod error;
pub mod export;
pub mod journal;
pub mod model;
pub mod repo;
pub mod shell;
pub mod sign;
pub mod standards;

pub use error::{Error, Result};
