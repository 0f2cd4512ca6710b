//! Touchstone: the terminal workbench for auditing MCP (Model Context Protocol) servers.
//!
//! # The house
//!
//! An import points only downward; a test reads the sources and says so.
//!
//! | floor | modules | what they do |
//! |---|---|---|
//! | – | [`error`] | what happened, and what the user can do |
//! | 0 | [`model`] | pure: the standard, answers, evidence, findings, the audit as a fold of events, the score, the record |
//! | 1 | [`repo`] | the audited clone, read from git objects at a pin; hostile input stops here; [`repo::display`] is the one door for outside text |
//! | 1 | [`journal`] | an audit's only store: lock, append, replay, recover |
//! | 1 | [`standards`] | the embedded checklist and the user's own, read with every mistake named |
//! | 1 | [`sign`] | SSH signatures: made by ssh-keygen, verified natively, allowed signers |
//! | 1 | [`auditdb`] | the record's folder: written, read, verified; a whole database: validated, its citations examined, indexed, queried, dumped |
//! | 1 | [`export`] | one file per output format |
//! | 1 | [`highlight`] | a blob becomes neutral styled spans, in the background |
//! | 1 | [`config`] | folders and preferences |
//! | 2 | [`app`] | the workbench's state machine: messages in, effects out; [`app::action`] is the one table of actions |
//! | 3 | [`ui`] | the views, from the state to a frame; [`ui::theme`] is the only file that names a colour |
//! | 4 | [`shell`] | the terminal, the workbench at work, frames as text and pictures; the command line, one file per subcommand |
//!
//! # Words
//!
//! A *standard* is a checklist file: *dimensions* with *items*, *levels* and rules. An *audit* answers the items at a
//! *pin*, the exact commit, and is the fold of its *journal*. *Evidence* backs an answer and can be checked again by a
//! machine. A *finding* is a weakness, or a strength. A *mode* is a way in which the server ships to be run; a *fact* is
//! stated once per mode. The *record* is the exported, signed folder in an audit database.

pub mod app;
pub mod auditdb;
pub mod config;
pub mod error;
pub mod export;
pub mod highlight;
pub mod journal;
pub mod model;
pub mod repo;
pub mod shell;
pub mod sign;
pub mod standards;
pub mod ui;

pub use error::{Error, Result};
