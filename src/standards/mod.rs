//! Floor 1: standards, the embedded one and the user's own files.

mod raw;
mod read;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::event::StandardRef;
use crate::model::hash::Sha256;
use crate::model::standard::Standard;

pub use read::{Mistake, read, read_known};

/// The id of the embedded standard.
pub const BUILT_IN: &str = "mcp-security-standard";

/// The embedded standard's file.
pub const BUILT_IN_TOML: &str = include_str!("../../checklists/mcp-security-standard.toml");

/// The largest file that is read as a standard, in bytes.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// Versions of the embedded standard that were ever published, with the digest of their file. A file that bears the
/// embedded standard's id and is none of them is another standard under a false name.
pub fn published() -> [(&'static str, Sha256); 1] {
    [("1.0.0", Sha256::of(BUILT_IN_TOML))]
}

/// A standard together with the exact bytes of its file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The standard.
    pub standard: Arc<Standard>,
    /// The file.
    pub toml: String,
}

impl Loaded {
    /// Reads a standard from the text of its file.
    ///
    /// # Errors
    /// Of kind `False`, naming every mistake with its line and its remedy. `name` is how the reader knows the file.
    pub fn from_toml(toml: String, name: &str) -> Result<Loaded> {
        Loaded::with(read, toml, name)
    }

    /// Reads a standard that was checked before: the digest of `toml` is that of a file that [`Loaded::from_toml`] took.
    ///
    /// # Errors
    /// As [`Loaded::from_toml`].
    pub fn from_known_toml(toml: String, name: &str) -> Result<Loaded> {
        Loaded::with(read_known, toml, name)
    }

    fn with(read: fn(&str) -> Result<Standard, Vec<Mistake>>, toml: String, name: &str) -> Result<Loaded> {
        match read(&toml) {
            Ok(standard) => Ok(Loaded { standard: Arc::new(standard), toml }),
            Err(mistakes) => {
                let count = mistakes.len();
                let mut error = Error::falsity(format!(
                    "{name} is not a standard: {count} mistake{}.",
                    if count == 1 { "" } else { "s" }
                ));
                for mistake in mistakes {
                    error = error.hint(mistake.to_string());
                }
                Err(error)
            }
        }
    }

    /// Returns the embedded standard.
    ///
    /// # Errors
    /// Never in a release: a test reads the embedded file.
    pub fn built_in() -> Result<Loaded> {
        Loaded::from_known_toml(BUILT_IN_TOML.to_owned(), BUILT_IN)
    }

    /// Returns the standard of this id, or the one in this file.
    ///
    /// # Errors
    /// Where there is neither, or the file has mistakes.
    pub fn find(id_or_file: &str) -> Result<Loaded> {
        if id_or_file == BUILT_IN {
            return Loaded::built_in();
        }
        let path = Path::new(id_or_file);
        if !path.exists() {
            return Err(Error::usage(format!("There is no standard `{id_or_file}`, and no such file.")).hint(
                "`touchstone standard list` lists the embedded ones; a standard of your own is named by its file.",
            ));
        }
        Loaded::from_file(path)
    }

    /// Reads a standard from a file.
    ///
    /// # Errors
    /// Where it cannot be read, is larger than [`SIZE_LIMIT`], is not UTF-8 or has mistakes.
    pub fn from_file(path: &Path) -> Result<Loaded> {
        Loaded::from_toml(Loaded::read_file(path)?, &path.display().to_string())
    }

    /// Reads the text of a standard's file.
    ///
    /// # Errors
    /// Where it cannot be read, is larger than [`SIZE_LIMIT`] or is not UTF-8.
    pub fn read_file(path: &Path) -> Result<String> {
        let cannot = |error: std::io::Error| Error::io("read", path, &error);
        // What a file says of its size need not be true (a device says 0), so the limit is on what is read.
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(cannot)?;
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(Error::unsafe_input(format!(
                "{} is larger than a standard may be, {SIZE_LIMIT} bytes.",
                path.display()
            )));
        }
        String::from_utf8(bytes)
            .map_err(|_| Error::falsity(format!("{} is not UTF-8.", path.display())).hint("Save the file as UTF-8."))
    }

    /// Returns the reference by which an audit names this standard.
    pub fn reference(&self) -> StandardRef {
        StandardRef {
            id: self.standard.id.clone(),
            version: self.standard.version.clone(),
            sha256: Sha256::of(&self.toml),
        }
    }
}
