//! The files of a folder as they lie on disk. Links are not followed; everything else is read, whatever its name.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::auditdb::folder::{DEPTH_LIMIT, ENTRY_LIMIT, FILE_LIMIT};
use crate::model::target::path_part;

/// A file.
pub struct Entry {
    /// Where it lies.
    pub path: PathBuf,
    /// Its path in the folder, with `/`; what is not UTF-8 is replaced.
    pub shown: String,
}

/// What a folder holds.
#[derive(Default)]
pub struct Listing {
    /// Plain files, by name.
    pub files: Vec<Entry>,
    /// What is neither a file nor a folder.
    pub odd: Vec<String>,
    /// Names that a record cannot have.
    pub strange: Vec<String>,
    /// What could not be read, and why.
    pub unread: Vec<(String, String)>,
    /// There is more than an audit can have.
    pub cut: bool,
}

/// Lists a folder and the folders in it.
pub fn list(dir: &Path) -> Listing {
    let mut listing = Listing::default();
    let mut waiting = vec![(dir.to_owned(), String::new(), 0)];
    let mut entries = 0;
    while let Some((dir, prefix, depth)) = waiting.pop() {
        let listed = match std::fs::read_dir(&dir) {
            Ok(listed) => listed,
            Err(error) => {
                listing.unread.push((prefix, error.to_string()));
                continue;
            }
        };
        for entry in listed {
            let (entry, kind) = match entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) {
                Ok(found) => found,
                Err(error) => {
                    listing.unread.push((prefix.clone(), error.to_string()));
                    continue;
                }
            };
            entries += 1;
            if entries > ENTRY_LIMIT || depth > DEPTH_LIMIT {
                listing.cut = true;
                break;
            }
            let name = entry.file_name();
            let shown = format!("{prefix}{}", name.to_string_lossy());
            if !name.to_str().is_some_and(path_part) {
                listing.strange.push(shown.clone());
            }
            if kind.is_dir() {
                waiting.push((entry.path(), format!("{shown}/"), depth + 1));
            } else if kind.is_file() {
                listing.files.push(Entry { path: entry.path(), shown });
            } else {
                listing.odd.push(shown);
            }
        }
    }
    listing.files.sort_by(|a, b| a.shown.cmp(&b.shown));
    listing.odd.sort();
    listing.strange.sort();
    listing.unread.sort();
    listing
}

/// Reads a file into a buffer. `Ok(false)` where it is larger than a file of an audit can be.
///
/// # Errors
/// Where it cannot be read.
pub fn read(path: &Path, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    buffer.clear();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_end(buffer)?;
    Ok(buffer.len() as u64 <= FILE_LIMIT)
}
