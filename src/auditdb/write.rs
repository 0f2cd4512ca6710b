//! Writes a record into a database: a temporary folder beside the target, synced, renamed. Nothing is overwritten.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder::{ATTESTATIONS, Folder, RECORD_FILE, SIGNATURE_FILE, SUMS_FILE, sums};
use super::manifest::manifest;
use super::metadata::{self, Known};
use super::{record_dir, repo_dir};
use crate::error::{Error, Result};
use crate::model::event::Target;
use crate::model::record::{Record, STANDARD_FILE, Statement};
use crate::model::target::record_name;
use crate::repo::display;

/// Keeps git from rewriting a byte at checkout.
pub(super) const GIT_ATTRIBUTES: &str = "* -text -ident -filter -working-tree-encoding\n";

/// What writing a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The record is new.
    New,
    /// It was there already, byte for byte.
    Same,
    /// It was there already, unsigned, and has its signature now.
    SignatureAdded,
}

/// Returns all files of a record but the signature. `rendered` are the files for people.
///
/// # Errors
/// Where the statement cannot be written as JSON.
pub fn record_files(
    statement: &Statement,
    standard_toml: &str,
    rendered: BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let json = |error: serde_json::Error| Error::could_not(format!("Could not write JSON: {error}."));
    let mut files: BTreeMap<String, Vec<u8>> =
        rendered.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let manifest: Value = manifest(&statement.predicate);
    files.insert(".gitattributes".to_owned(), GIT_ATTRIBUTES.into());
    files.insert("audit-manifest.json".to_owned(), (display::json(&manifest, true).map_err(json)? + "\n").into());
    files.insert(RECORD_FILE.to_owned(), (display::json(statement, true).map_err(json)? + "\n").into());
    files.insert(STANDARD_FILE.to_owned(), standard_toml.into());
    let list = sums(&files);
    files.insert(SUMS_FILE.to_owned(), list.into());
    Ok(files)
}

/// Returns the next free number of a login on a date, counting what the database has and what was given out already.
///
/// # Errors
/// Where the database cannot be read.
pub fn next_number(db: &Path, target: &Target, login: &str, date: &str, given: &[String]) -> Result<u32> {
    let there = audit_names(&repo_dir(db, target).join("audits"))?;
    let used = there.iter().chain(given).filter_map(|name| match record_name(name) {
        Some((who, when, number)) if who == login && when == date => number.parse::<u32>().ok(),
        _ => None,
    });
    Ok(used.max().unwrap_or(0) + 1)
}

/// Returns the names of the audits in a folder that have the form of a record's name.
fn audit_names(dir: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", dir, &error)),
    };
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| record_name(name).is_some())
        .collect())
}

/// Writes a record, then brings `metadata.json` up to date. Running again heals what was interrupted.
///
/// # Errors
/// Where a record of this name is there with other bytes, or something cannot be written; a half-written record is never
/// left under its name.
pub fn write_record(
    db: &Path,
    record: &Record,
    files: &BTreeMap<String, Vec<u8>>,
    signature: Option<&[u8]>,
) -> Result<(PathBuf, Written)> {
    if !db.is_dir() {
        return Err(Error::could_not(format!("{} is not a folder.", db.display()))
            .hint("Pass --db with a checkout of the audit database, or an empty folder of your own."));
    }
    let target = &record.target.repo;
    let dir = record_dir(db, target, &record.audit_id);
    let parent = repo_dir(db, target).join("audits");
    make_dirs(db, &parent)?;
    let written = if dir.symlink_metadata().is_ok() {
        match_existing(&dir, files, signature)?
    } else {
        write_new(&parent, &dir, files, signature)?;
        Written::New
    };
    bring_up_to_date(db, record)?;
    Ok((dir, written))
}

/// Creates the folders below the database one by one, through none that is a link.
pub(super) fn make_dirs(db: &Path, dir: &Path) -> Result<()> {
    let mut at = db.to_owned();
    for part in dir.strip_prefix(db).unwrap_or(dir).components() {
        at.push(part);
        match at.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(Error::unsafe_input(format!("{} is not a folder.", at.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&at).map_err(|error| Error::io("write", &at, &error))?;
            }
            Err(error) => return Err(Error::io("read", &at, &error)),
        }
    }
    Ok(())
}

fn match_existing(dir: &Path, files: &BTreeMap<String, Vec<u8>>, signature: Option<&[u8]>) -> Result<Written> {
    let mut there = Folder::read(dir)?;
    let signed = there.files.remove(SIGNATURE_FILE);
    // Counter-signatures are others' business.
    there.files.retain(|path, _| !path.starts_with(ATTESTATIONS) || path == SUMS_FILE);
    if there.files != *files || !there.strange.is_empty() {
        return Err(Error::could_not(format!("{} is there already, with other contents.", dir.display())).hint(
            "A record is never overwritten. Move that folder away, or find out who wrote it: `touchstone verify`.",
        ));
    }
    match (signed, signature) {
        (None, Some(armor)) => {
            add_signature(dir, armor)?;
            Ok(Written::SignatureAdded)
        }
        _ => Ok(Written::Same),
    }
}

fn write_new(parent: &Path, dir: &Path, files: &BTreeMap<String, Vec<u8>>, signature: Option<&[u8]>) -> Result<()> {
    let failed = |error: std::io::Error| Error::io("write", dir, &error);
    let temporary = tempfile::Builder::new().prefix(".touchstone-").tempdir_in(parent).map_err(failed)?;
    let signature = signature.map(|armor| (SIGNATURE_FILE.to_owned(), armor.to_vec()));
    for (path, bytes) in files.iter().map(|(path, bytes)| (path.clone(), bytes.clone())).chain(signature) {
        let path = temporary.path().join(path);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(failed)?;
        }
        let mut file = File::create_new(&path).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    }
    for folder in ["findings", "artifacts/attestations", "artifacts", ""] {
        let folder = temporary.path().join(folder);
        if folder.is_dir() {
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
    }
    // A temporary folder is for its owner only; a record is for everybody.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = parent.metadata().map_err(failed)?.permissions().mode();
        std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    std::fs::rename(temporary.path(), dir).map_err(failed)?;
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)
}

/// Adds the signature to a record that has none.
///
/// # Errors
/// Where there is one already, or it cannot be written.
pub fn add_signature(dir: &Path, armor: &[u8]) -> Result<()> {
    let path = dir.join(SIGNATURE_FILE);
    let failed = |error: std::io::Error| Error::io("write", &path, &error);
    // Not beside the signature: what a crash leaves must not stand in the record.
    let outside = dir.parent().unwrap_or(dir);
    let mut file = tempfile::Builder::new()
        .prefix(".touchstone-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(outside)
        .map_err(failed)?;
    file.write_all(armor).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist_noclobber(&path).map_err(|error| failed(error.error))?;
    File::open(path.parent().unwrap_or(dir)).and_then(|parent| parent.sync_all()).map_err(failed)
}

/// Brings the repository's `metadata.json` up to date with the folders that are there.
fn bring_up_to_date(db: &Path, record: &Record) -> Result<()> {
    let dir = repo_dir(db, &record.target.repo);
    let path = dir.join("metadata.json");
    let names = audit_names(&dir.join("audits"))?;
    let dates = names.iter().filter_map(|name| record_name(name).map(|(_, date, _)| date.to_owned()));
    let known = Known { total: names.len(), last_date: dates.max().unwrap_or_else(|| record.sealed_at.date()) };
    let hint = "The record itself is written. Mend metadata.json and export again.";
    let text = match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => metadata::create(record, &known),
        Err(error) => return Err(Error::io("read", &path, &error).hint(hint)),
        Ok(found) if !found.is_file() => {
            return Err(Error::unsafe_input(format!("{} is not a regular file.", path.display())).hint(hint));
        }
        Ok(_) => {
            let old = std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error).hint(hint))?;
            let new = metadata::merge(&old, record, &known)
                .map_err(|why| Error::could_not(format!("{} cannot be merged: {why}.", path.display())).hint(hint))?;
            if new == old {
                return Ok(());
            }
            new
        }
    };
    let failed = |error: std::io::Error| Error::io("write", &path, &error).hint(hint);
    let mut file = tempfile::Builder::new()
        .prefix(".touchstone-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(&dir)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
