//! `touchstone countersign`: signs the digests of somebody else's record.

use std::path::PathBuf;

use serde::Serialize;

use super::context::{Context, said, shown};
use super::verify::read_signers;
use crate::auditdb::{Folder, Options, SUMS_FILE, Verdict, add_countersignature, take_halves, verify};
use crate::error::{Error, Result};
use crate::model::countersign::{COUNTERSIGN_VERSION, Countersignature};
use crate::model::hash::Sha256;
use crate::model::target::path_part;
use crate::repo::{Repo, display};
use crate::shell::exporting::{SIGNING_TIME, keygen};
use crate::sign::NAMESPACE_COUNTERSIGN;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record's folder
    record: PathBuf,
    /// Your login at the code host (default: the one in config.toml)
    #[arg(long, value_name = "LOGIN")]
    auditor: Option<String>,
    /// Your SSH key: a private key's file, or a .pub whose private half the agent holds
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// What you have to say, in a sentence
    #[arg(long)]
    note: Option<String>,
    /// The keys that you trust, and for whom (default: allowed_signers in the configuration folder)
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    record: String,
    file: String,
    evidence_checked: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    said("--note", args.note.as_ref())?;
    let config = context.config()?;
    let login = args.auditor.clone().or(config.auditor.login).ok_or_else(|| {
        Error::usage("Nobody knows yet who counter-signs.").hint("Pass --auditor LOGIN, your login at the code host.")
    })?;
    if !path_part(&login) {
        return Err(
            Error::usage(format!("`{login}` is not a login.")).hint("A login has letters, digits, `.`, `_` and `-`.")
        );
    }
    let key = args.key.clone().or(config.signing.key).ok_or_else(|| {
        Error::could_not("No key to sign with was given.").hint("Pass --key, or set signing.key in config.toml.")
    })?;
    let keygen = keygen(&key)?;
    let mut folder = Folder::read(&args.record)?;
    let halves = take_halves(&mut folder, &login);
    let signers = read_signers(args.allowed_signers.as_deref(), context)?;
    let repo = context.global.repo.as_deref().map(Repo::discover).transpose()?;
    let report = verify(&folder, &Options { signers: signers.as_ref(), clone: repo.as_ref(), at: None });
    // Nobody should put a name under a record that does not hold, or whose author is not known.
    if report.verdict != Verdict::Verified {
        let first = report.reasons.first().map(|reason| reason.message.clone()).unwrap_or_default();
        let error = match report.verdict {
            Verdict::NotChecked => Error::could_not(format!("The record could not be verified: {first}")),
            _ => Error::falsity(format!("The record does not hold: {first}")),
        };
        return Err(
            error.hint(format!("`touchstone verify {}` names everything; nothing was written.", shown(&args.record)))
        );
    }
    if report.says.as_ref().is_some_and(|says| says.login == login) {
        return Err(Error::usage(format!("The record is {login}'s own; counter-signing it would add nothing."))
            .hint("Pass --auditor with the login of somebody else, whose key signs."));
    }
    let Some(sums) = folder.files.get(SUMS_FILE) else {
        return Err(Error::falsity(format!("{SUMS_FILE} is missing.")));
    };
    let says = Countersignature {
        schema_version: COUNTERSIGN_VERSION,
        record: report.record.clone(),
        sha256sums: Sha256::of(sums),
        login: login.clone(),
        signed_at: context.now()?,
        evidence_checked: report.evidence.checked,
        note: args.note.clone(),
    };
    let file = add_countersignature(&folder, &says, |message| {
        keygen.sign(message, &key, NAMESPACE_COUNTERSIGN, SIGNING_TIME)
    })?;
    for half in halves.iter().filter(|half| **half != file) {
        let path = folder.path.join(half);
        std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
    }
    let report = Report { record: folder.path.display().to_string(), file, evidence_checked: says.evidence_checked };
    context.report("touchstone.countersign/1", &report, || {
        let evidence = if report.evidence_checked {
            "every piece of evidence was checked again"
        } else {
            "the evidence was not checked (pass --repo CLONE)"
        };
        format!("counter-signed as {}: {}\n  {evidence}\n", display::line(&login), display::line(&report.file))
    })
}
