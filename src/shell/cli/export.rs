//! `touchstone export`: writes the audit as a signed record into an audit database.

use std::path::PathBuf;

use serde::Serialize;

use super::context::Context;
use crate::auditdb::Written;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::shell::exporting::{self, Exported, Wanted};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A checkout of the audit database, or an empty folder
    #[arg(long, value_name = "DIR")]
    db: PathBuf,
    /// The SSH key to sign with: a private key's file, or a .pub whose private half the agent holds
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Write the record without a signature; `touchstone sign` adds it later
    #[arg(long, conflicts_with = "key")]
    unsigned: bool,
    /// Export although items are open; the record says that the audit is not finished
    #[arg(long)]
    partial: bool,
    /// Publish excerpts that look like secrets; you looked at each
    #[arg(long)]
    secrets_reviewed: bool,
}

impl Args {
    /// Returns what exports a finished audit, signed where there is a key.
    pub fn new(db: PathBuf, key: Option<PathBuf>) -> Self {
        Args { db, unsigned: key.is_none(), key, partial: false, secrets_reviewed: false }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    audit_id: &'a str,
    path: String,
    written: &'static str,
    signed: bool,
    partial: bool,
    supersedes: Option<&'a str>,
    score: &'a crate::model::score::Score,
    contradictions: Vec<String>,
    cautions: Vec<String>,
    /// Files that leads point at and nobody opened or reviewed.
    unopened: Vec<RepoPath>,
    /// Leads that were not run to the end: not all files that they point at are known.
    leads_not_run: usize,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    exporting::expect_folder(&args.db)?;
    let mut journal = context.journal()?;
    let key = match (&args.key, args.unsigned) {
        (_, true) => None,
        (Some(key), false) => Some(key.clone()),
        (None, false) => Some(context.config()?.signing.key.ok_or_else(|| {
            Error::could_not("No key to sign with was given.")
                .hint("Pass --key ~/.ssh/id_ed25519 (or its .pub, if an agent holds it), or set signing.key in config.toml.")
                .hint("Or --unsigned, and `touchstone sign RECORD` later.")
        })?),
    };
    let keygen = key.as_deref().map(exporting::keygen).transpose()?;
    // Whoever has open items is told so also where the clone is gone.
    exporting::expect_finished(&journal.audit, args.partial)?;
    let pin = context.pin_of(&journal.audit)?;
    let wanted = Wanted { db: &args.db, partial: args.partial, at: context.now()? };
    let prepared = exporting::prepare(&journal.audit, &journal.loaded.toml, &pin, wanted)?;
    let exported = prepared.commit(&mut journal, keygen.as_ref().zip(key.as_deref()), args.secrets_reviewed)?;
    let said = exported.said(&journal.audit);
    let Exported { seal, record, path, written, signed, cautions, unopened, .. } = exported;
    let report = Report {
        audit_id: &seal.audit_id,
        path: path.display().to_string(),
        written: match written {
            Written::New => "new",
            Written::Same => "same",
            Written::SignatureAdded => "signature_added",
        },
        signed,
        partial: seal.partial,
        supersedes: seal.supersedes.as_deref(),
        score: &record.score,
        contradictions: record.score.contradictions.iter().map(|one| one.text.clone()).collect(),
        cautions: cautions.injection_lines(),
        unopened: unopened.files,
        leads_not_run: unopened.leads_not_run,
    };
    context.report("touchstone.export/1", &report, || said.join("\n") + "\n")
}
