//! A record's folder as it lies on disk: read whole, within limits, following nothing.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::json::strict;
use crate::error::{Error, Result};
use crate::model::hash::Sha256;
use crate::model::record::Statement;
use crate::model::target::path_part;
use crate::repo::display;

/// The list of digests that is signed.
pub const SUMS_FILE: &str = "artifacts/attestations/SHA256SUMS";

/// Its signature.
pub const SIGNATURE_FILE: &str = "artifacts/attestations/SHA256SUMS.sig";

/// The file that holds the whole truth.
pub const RECORD_FILE: &str = "artifacts/record.json";

/// The folder that the signature does not cover.
pub const ATTESTATIONS: &str = "artifacts/attestations/";

/// The largest file of a record, in bytes.
pub(super) const FILE_LIMIT: u64 = 64 << 20;
/// The most that all files of a record may hold, in bytes.
pub(super) const TOTAL_LIMIT: u64 = 512 << 20;
/// The most files and folders of a record.
pub(super) const ENTRY_LIMIT: usize = 10_000;
/// How deep a record's folders may be nested.
pub(super) const DEPTH_LIMIT: usize = 8;

/// A record's files, by their path with `/`, and what is in the way of reading it as one.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Where it lies.
    pub path: PathBuf,
    /// Regular files.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Paths that are neither regular files nor folders, or whose name is not one that a record can have.
    pub strange: Vec<String>,
}

impl Folder {
    /// Reads a record's folder. Links are not followed.
    ///
    /// # Errors
    /// Where it is not a folder or cannot be read; of kind `Unsafe` where it is larger than a record can be.
    pub fn read(path: &Path) -> Result<Folder> {
        let path = std::fs::canonicalize(path)
            .map_err(|error| Error::io("read", path, &error).hint("Name the record's folder."))?;
        if !path.is_dir() {
            return Err(Error::could_not(format!("{} is not a folder.", path.display()))
                .hint("Name the record's folder, `…/audits/<login>-<date>-<number>`."));
        }
        let mut folder = Folder { path: path.clone(), ..Folder::default() };
        let mut waiting = vec![(path, String::new(), 0)];
        let mut entries = 0;
        let mut total = 0;
        while let Some((dir, prefix, depth)) = waiting.pop() {
            let listed = std::fs::read_dir(&dir).map_err(|error| Error::io("read", &dir, &error))?;
            for entry in listed {
                let entry = entry.map_err(|error| Error::io("read", &dir, &error))?;
                entries += 1;
                if entries > ENTRY_LIMIT || depth > DEPTH_LIMIT {
                    return Err(Error::unsafe_input(format!(
                        "{} has more files or deeper folders than a record can have.",
                        folder.path.display()
                    )));
                }
                let name = entry.file_name();
                let shown = format!("{prefix}{}", name.to_string_lossy());
                let kind = entry.file_type().map_err(|error| Error::io("read", &entry.path(), &error))?;
                let good = name.to_str().is_some_and(path_part);
                if !good || !(kind.is_dir() || kind.is_file()) {
                    folder.strange.push(shown);
                } else if kind.is_dir() {
                    waiting.push((entry.path(), format!("{shown}/"), depth + 1));
                } else {
                    let bytes = read_file(&entry.path())?;
                    total += bytes.len() as u64;
                    if total > TOTAL_LIMIT {
                        return Err(Error::unsafe_input(format!(
                            "{} holds more than {TOTAL_LIMIT} bytes.",
                            folder.path.display()
                        )));
                    }
                    folder.files.insert(shown, bytes);
                }
            }
        }
        folder.strange.sort();
        Ok(folder)
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::io("read", path, &error);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::unsafe_input(format!("{} has more than {FILE_LIMIT} bytes.", path.display())));
    }
    Ok(bytes)
}

/// Reads the record in a folder. Whether it is true is for verification to say.
///
/// # Errors
/// Why it cannot be read, as a sentence.
pub fn statement(folder: &Folder) -> std::result::Result<Statement, String> {
    let bytes = folder.files.get(RECORD_FILE).ok_or_else(|| format!("There is no {RECORD_FILE}."))?;
    let value = strict(bytes).map_err(|why| format!("It is not JSON without doubles: {}.", display::line(&why)))?;
    serde_json::from_value(value).map_err(|error| format!("It is not a record: {}.", display::line(&error.to_string())))
}

/// Returns the list of digests of a record's files, as `sha256sum` prints it for `find . -type f` sorted by bytes. The
/// folder of attestations is not part of it.
pub fn sums(files: &BTreeMap<String, Vec<u8>>) -> String {
    files
        .iter()
        .filter(|(path, _)| !path.starts_with(ATTESTATIONS))
        .map(|(path, bytes)| format!("{}  ./{path}\n", Sha256::of(bytes)))
        .collect()
}
