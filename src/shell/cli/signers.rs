//! `touchstone signers`: keeps the list of signers that the user trusts.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::context::{Context, shown};
use crate::error::{Error, Result};
use crate::model::time::Time;
use crate::sign::{NAMESPACE_COUNTERSIGN, NAMESPACE_RECORD, merge_signers, signer_lines};

/// The largest file of keys that is read, in bytes.
const LIMIT: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trust a login's keys, as a code host publishes them at https://HOST/LOGIN.keys
    Add {
        /// The login
        login: String,
        /// A file of public keys, one a line; `-` reads standard input
        keys: PathBuf,
        /// The list to write (default: allowed_signers in the configuration folder)
        #[arg(long, value_name = "FILE")]
        allowed_signers: Option<PathBuf>,
        /// The keys count from this time on
        #[arg(long, value_name = "TIME")]
        valid_after: Option<Time>,
        /// The keys count until this time
        #[arg(long, value_name = "TIME")]
        valid_before: Option<Time>,
        /// What the keys count for; several times for several (default: both)
        #[arg(long = "for", value_enum, value_name = "PURPOSE")]
        purposes: Vec<Purpose>,
    },
}

/// What a signature is for: each has a namespace, so that none can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// The login's own audit records
    Record,
    /// Counter-signatures under others' records
    Countersign,
}

impl Purpose {
    fn namespace(self) -> &'static str {
        match self {
            Purpose::Record => NAMESPACE_RECORD,
            Purpose::Countersign => NAMESPACE_COUNTERSIGN,
        }
    }
}

impl Args {
    /// Returns what trusts the keys of a file, from now on and for good.
    pub fn add(login: &str, keys: PathBuf) -> Self {
        let login = login.to_owned();
        let (allowed_signers, valid_after, valid_before, purposes) = (None, None, None, Vec::new());
        Args { command: Command::Add { login, keys, allowed_signers, valid_after, valid_before, purposes } }
    }
}

#[derive(Serialize)]
struct Report {
    file: String,
    login: String,
    added: usize,
    lines: Vec<String>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let Command::Add { login, keys, allowed_signers, valid_after, valid_before, purposes } = &args.command;
    let mut text = String::new();
    let result = if keys == Path::new("-") {
        std::io::stdin().lock().take(LIMIT).read_to_string(&mut text)
    } else {
        std::fs::File::open(keys).and_then(|file| file.take(LIMIT).read_to_string(&mut text))
    };
    result.map_err(|error| Error::io("read", keys, &error))?;
    let purposes = if purposes.is_empty() { Purpose::value_variants() } else { purposes };
    let namespaces: Vec<&str> = purposes.iter().map(|purpose| purpose.namespace()).collect();
    let lines = signer_lines(login, &text, &namespaces, *valid_after, *valid_before)?;
    let file = match allowed_signers {
        Some(file) => file.clone(),
        None => context.paths()?.allowed_signers(),
    };
    let failed = |error: std::io::Error| Error::io("write", &file, &error);
    let before = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("read", &file, &error)),
    };
    let (after, added) = merge_signers(&before, &lines);
    if added > 0 {
        let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir).map_err(failed)?;
        let mut temporary = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(dir)
            .map_err(failed)?;
        temporary.write_all(after.as_bytes()).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
        temporary.persist(&file).map_err(|error| failed(error.error))?;
    }
    let report = Report { file: file.display().to_string(), login: login.clone(), added, lines };
    context.report("touchstone.signers.add/1", &report, || {
        let known = report.lines.len() - added;
        let known = if known > 0 { format!(", {known} known already") } else { String::new() };
        format!("{}: {added} added{known}\n  {}\n", report.login, shown(&file))
    })
}
