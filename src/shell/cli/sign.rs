//! `touchstone sign`: signs a record that was exported unsigned.

use std::path::PathBuf;

use serde::Serialize;

use super::context::{Context, shown};
use crate::auditdb::{Folder, Options, RECORD_FILE, SIGNATURE_FILE, SUMS_FILE, add_signature, verify};
use crate::error::{Error, Result};
use crate::shell::exporting::SIGNING_TIME;
use crate::sign::{NAMESPACE_RECORD, SshKeygen};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record's folder
    record: PathBuf,
    /// The SSH key: a private key's file, or a .pub whose private half the agent holds
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    record: String,
    signature: &'static str,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let key = match &args.key {
        Some(key) => key.clone(),
        None => context.config()?.signing.key.ok_or_else(|| {
            Error::could_not("No key to sign with was given.").hint("Pass --key, or set signing.key in config.toml.")
        })?,
    };
    let keygen = SshKeygen::find().ok_or_else(|| {
        Error::could_not("ssh-keygen is not on the PATH, and it makes the signature.").hint("Install OpenSSH.")
    })?;
    let folder = Folder::read(&args.record)?;
    if folder.files.contains_key(SIGNATURE_FILE) {
        return Err(Error::falsity(format!("{} is signed already.", shown(&args.record)))
            .hint("A signature is never overwritten. `touchstone verify` says whose it is."));
    }
    // Nobody should put a name under a record that does not hold.
    let report = verify(&folder, &Options::default());
    if let Some(reason) = report.reasons.iter().find(|reason| reason.reason != "unsigned") {
        return Err(Error::falsity(format!("The record does not hold: {}", reason.message))
            .hint(format!("`touchstone verify {}` names everything that is wrong.", shown(&args.record))));
    }
    let Some(message) = folder.files.get(SUMS_FILE) else {
        return Err(Error::falsity(format!("{SUMS_FILE} and {RECORD_FILE} are missing.")));
    };
    let armor = keygen.sign(message, &key, NAMESPACE_RECORD, SIGNING_TIME)?;
    add_signature(&folder.path, &armor)?;
    let report = Report { record: folder.path.display().to_string(), signature: SIGNATURE_FILE };
    context.report("touchstone.sign/1", &report, || format!("signed: {}\n", shown(&args.record)))
}
