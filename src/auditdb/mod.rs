//! Floor 1: the audit database: the record's folder, written, read and verified; the database as a whole, read.

mod catalog;
pub mod citation;
mod clones;
mod consistency;
mod countersign;
mod coverage;
mod database;
pub mod doctor;
pub mod dump;
mod entry;
mod folder;
pub mod index;
mod json;
mod manifest;
mod metadata;
pub mod query;
pub mod validate;
mod verify;
mod write;

use std::path::{Path, PathBuf};

use crate::model::event::Target;

pub use catalog::{Catalog, Reader, ServerEntry};
pub use clones::Clones;
pub use countersign::{Countersigned, add as add_countersignature, take_halves};
pub use database::{AUDITS, AuditDir, Database, Listing, Part, Server, ServerDir};
pub use entry::{
    Counts, Dates, Entry, FindingEntry, Format, Level, Reading, ScoreEntry, ServerAbout, TargetSaid, Who, about, read,
    wanted,
};
pub use folder::{ATTESTATIONS, Folder, RECORD_FILE, SIGNATURE_FILE, SUMS_FILE, statement, sums};
pub use json::strict;
pub use manifest::{findings_summary, manifest};
pub use metadata::{Known, create as create_metadata, merge as merge_metadata};
pub use verify::{EvidenceCheck, Options, Reason, Report, SignatureReport, Verdict, verify};
pub use write::{Written, add_signature, next_number, record_files, write_record};

/// Returns the folder of an audited repository in a database.
pub fn repo_dir(db: &Path, target: &Target) -> PathBuf {
    db.join("audits").join(&target.domain).join(&target.org).join(&target.repo)
}

/// Returns the folder of a record in a database.
pub fn record_dir(db: &Path, target: &Target, audit_id: &str) -> PathBuf {
    repo_dir(db, target).join("audits").join(audit_id)
}
