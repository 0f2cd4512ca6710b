//! `touchstone doctor`: looks at what this machine has.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::repo::{ENGINE, Repo, display};
use crate::sign::SshKeygen;
use crate::standards::Loaded;

#[derive(Serialize)]
struct Report {
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    what: &'static str,
    good: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

pub fn run(context: &Context) -> Result<()> {
    let mut rows = Vec::new();
    let mut row = |what, found: Option<String>, missing: &str, remedy| {
        let good = found.is_some();
        rows.push(Row {
            what,
            good,
            found: found.unwrap_or_else(|| missing.to_owned()),
            remedy: if good { None } else { Some(remedy) },
        });
    };
    let tool = crate::shell::tool();
    row("touchstone", Some(format!("{} {}", tool.version, std::env::consts::OS)), "", "");
    let loaded = Loaded::built_in()?;
    let reference = loaded.reference();
    row("standard", Some(format!("{} {}, sha256 {}", reference.id, reference.version, reference.sha256)), "", "");
    row("search engine", Some(ENGINE.to_owned()), "", "");
    row(
        "git",
        version("git", &["--version"]),
        "not found",
        "Clones are read without it; install it to make them and to hand in records.",
    );
    let keygen = SshKeygen::find();
    row(
        "ssh-keygen",
        keygen.map(|keygen| keygen.version().unwrap_or_else(|| "found".to_owned())),
        "not found",
        "Install OpenSSH: it makes signatures. Verifying needs it only for RSA keys and certificates.",
    );
    let keys = keys();
    row("keys", (!keys.is_empty()).then(|| keys.join(", ")), "none in ~/.ssh", "Make one: ssh-keygen -t ed25519");
    row(
        "agent",
        std::env::var_os("SSH_AUTH_SOCK")
            .filter(|socket| !socket.is_empty())
            .map(|_| "SSH_AUTH_SOCK is set".to_owned()),
        "none",
        "Only needed to sign with a key that an agent holds.",
    );
    let paths = context.paths()?;
    row("audits", Some(format!("{} in {}", context.store()?.names()?.len(), paths.data.display())), "", "");
    row(
        "writable",
        writable(&paths.data).map(|path| path.display().to_string()),
        "the audits' folder cannot be written",
        "Let it be written, or pass --data-dir.",
    );
    let config = context.config()?;
    row("auditor", config.auditor.login, "nobody yet", "`touchstone open --auditor LOGIN` remembers you.");
    row(
        "signing key",
        config.signing.key.map(|key| key.display().to_string()),
        "none in config.toml",
        "Pass --key at export, or write [signing] key = \"…\" into config.toml.",
    );
    let signers = paths.allowed_signers();
    row(
        "allowed signers",
        signers.is_file().then(|| signers.display().to_string()),
        "none yet",
        "`touchstone signers add LOGIN FILE` trusts somebody's keys.",
    );
    row(
        "clone",
        Repo::discover(&context.clone_path()).ok().map(|repo| repo.git_dir().display().to_string()),
        "none around here",
        "Go into one, or pass --repo.",
    );
    let report = Report { rows };
    context.report("touchstone.doctor/1", &report, || {
        report
            .rows
            .iter()
            .map(|row| {
                let remedy = row.remedy.map(|remedy| format!("\n                    {remedy}")).unwrap_or_default();
                format!("{} {:<16} {}{remedy}\n", if row.good { '✓' } else { '·' }, row.what, display::line(&row.found))
            })
            .collect()
    })
}

/// Returns the first line that a program of this machine says of its version.
fn version(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).current_dir("/").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Returns the names of public keys in `~/.ssh`.
fn keys() -> Vec<String> {
    let Some(home) = std::env::var_os("HOME") else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(PathBuf::from(home).join(".ssh")) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".pub"))
        .collect();
    names.sort();
    names
}

/// Returns the nearest folder that is there, if a file can be made in it.
fn writable(dir: &Path) -> Option<PathBuf> {
    let there = dir.ancestors().find(|dir| dir.is_dir())?;
    tempfile::tempfile_in(there).ok().map(|_| there.to_owned())
}
