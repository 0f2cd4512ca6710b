//! Judges submissions to an audit database by the rules of its procedure.
//!
//! [`RULES`] is the one table: every issue names one of them. `database` finds the folders and spreads the work over
//! all cores, `audit` and `metadata` judge one folder each, `range` reads what a pull request touches, `injection` finds
//! orders to language models, with `fold` to see through disguises and `labels` to see what is marked as an example.

mod audit;
mod clones;
mod database;
mod files;
mod finding;
mod fold;
mod injection;
mod labels;
mod metadata;
mod place;
mod range;
mod report;
mod rules;

pub use audit::Options;
pub use database::{Progress, validate};
pub use injection::{Hit, Looked, look};
pub use range::{Range, range};
pub use report::{AuditReport, Counts, Findings, Issue, Outcome, Rating, Report, Signed};
pub use rules::{Class, Id, PROCEDURE, RULES, Rule};
