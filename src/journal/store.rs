//! The folder of all audits on this machine.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Journal, View, begin, sync_dir};
use crate::error::{Error, Result};
use crate::model::carry::Carried;
use crate::model::event::Opened;
use crate::model::time::Time;

const PLACE: &str = "place.json";
const CURSOR: &str = "cursor";

/// The most that is remembered of where somebody was, in bytes.
pub const CURSOR_LIMIT: usize = 64 << 10;

/// Where an audit's clone stands on this machine. Not part of the audit: a record never holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The clone's git folder, which is its identity.
    pub git_dir: PathBuf,
    /// The path by which it is opened again.
    pub path: PathBuf,
    /// When the audit was opened last.
    pub opened_at: Time,
}

/// An audit in the list.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Where its clone stands, if that is known.
    pub place: Option<Place>,
    /// The audit, or why it cannot be read.
    pub view: Result<View>,
}

/// The folder of all audits.
#[derive(Debug, Clone)]
pub struct Store {
    audits: PathBuf,
}

impl Store {
    /// Returns the store in a data folder. Nothing is created yet.
    pub fn new(data_dir: &Path) -> Store {
        Store { audits: data_dir.join("audits") }
    }

    /// Returns the folder of an audit.
    pub fn dir(&self, name: &str) -> PathBuf {
        self.audits.join(name)
    }

    /// Returns the names of all audits, sorted.
    ///
    /// # Errors
    /// Where the folder is there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.audits) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &self.audits, &error)),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Returns all audits; one that cannot be read is listed with the reason.
    ///
    /// # Errors
    /// Where the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let names = self.names()?;
        Ok(names
            .into_iter()
            .map(|name| Listed { place: self.place(&name), view: View::open(&self.dir(&name)), name })
            .collect())
    }

    /// Returns how an audit was opened, from the journal's first line alone: what else it holds is not looked at.
    ///
    /// # Errors
    /// Where the file cannot be read or does not begin so.
    pub fn opened(&self, name: &str) -> Result<Opened> {
        super::opened(&self.dir(name))
    }

    /// Creates an audit whole: it is either there with its first event, or not there.
    ///
    /// # Errors
    /// Where one of this name is there already, or it cannot be written.
    pub fn create(&self, opened: Opened, standard_toml: &str, at: Time) -> Result<()> {
        self.create_from(opened, None, standard_toml, at)
    }

    /// Creates an audit whole, with what it takes over from its parent.
    ///
    /// # Errors
    /// As [`Store::create`]; and where what is taken over does not fit the standard.
    pub fn create_from(&self, opened: Opened, carried: Option<Carried>, standard_toml: &str, at: Time) -> Result<()> {
        let name = opened.audit.clone();
        let target = self.dir(&name);
        if target.exists() {
            return Err(Error::usage(format!("There is an audit {name} already.")));
        }
        std::fs::create_dir_all(&self.audits).map_err(|error| Error::io("write", &self.audits, &error))?;
        let temporary = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.audits)
            .map_err(|error| Error::io("write", &self.audits, &error))?;
        begin(temporary.path(), opened, carried, standard_toml, at)?;
        std::fs::rename(temporary.path(), &target).map_err(|error| Error::io("write", &target, &error))?;
        sync_dir(&self.audits)
    }

    /// Opens an audit for writing.
    ///
    /// # Errors
    /// As [`Journal::open`]; and where there is no such audit.
    pub fn open(&self, name: &str) -> Result<Journal> {
        self.expect(name)?;
        Journal::open(&self.dir(name))
    }

    /// Opens an audit for writing; returns nothing where another process holds its lock.
    ///
    /// # Errors
    /// As [`Journal::open_unless_locked`]; and where there is no such audit.
    pub fn open_unless_locked(&self, name: &str) -> Result<Option<Journal>> {
        self.expect(name)?;
        Journal::open_unless_locked(&self.dir(name))
    }

    /// Reads an audit without the lock.
    ///
    /// # Errors
    /// As [`View::open`]; and where there is no such audit.
    pub fn view(&self, name: &str) -> Result<View> {
        self.expect(name)?;
        View::open(&self.dir(name))
    }

    fn expect(&self, name: &str) -> Result<()> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if plain && self.dir(name).is_dir() {
            return Ok(());
        }
        Err(Error::usage(format!("There is no audit `{name}`.")).hint("`touchstone audits` lists them."))
    }

    /// Returns where an audit's clone stands, if that is known.
    pub fn place(&self, name: &str) -> Option<Place> {
        let text = std::fs::read_to_string(self.dir(name).join(PLACE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Remembers where an audit's clone stands.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn set_place(&self, name: &str, place: &Place) -> Result<()> {
        let text = serde_json::to_string(place).map_err(|error| Error::io("write", &self.dir(name), &error.into()))?;
        self.replace(name, PLACE, &text)
    }

    /// Returns where in an audit its auditor was, as it was last told to [`Store::set_cursor`]. What cannot be read is
    /// forgotten: nothing of the audit depends on it.
    pub fn cursor(&self, name: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let file = File::open(self.dir(name).join(CURSOR)).ok()?;
        file.take(CURSOR_LIMIT as u64 + 1).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok().filter(|text| text.len() <= CURSOR_LIMIT)
    }

    /// Remembers where in an audit its auditor is. Unlike an event it need not survive a power cut, so nothing waits for
    /// the disk.
    ///
    /// # Errors
    /// Where it is longer than [`CURSOR_LIMIT`] or cannot be written; what was remembered before is then still there.
    pub fn set_cursor(&self, name: &str, cursor: &str) -> Result<()> {
        if cursor.len() > CURSOR_LIMIT {
            return Err(Error::could_not(format!("A place of more than {CURSOR_LIMIT} bytes is not remembered.")));
        }
        self.replace(name, CURSOR, cursor)
    }

    /// Puts a file beside a journal: the old one or the new one is there at any moment.
    fn replace(&self, name: &str, file: &str, text: &str) -> Result<()> {
        let dir = self.dir(name);
        let path = dir.join(file);
        let failed = |error: std::io::Error| Error::io("write", &path, &error);
        let temporary = tempfile::NamedTempFile::new_in(&dir).map_err(failed)?;
        std::fs::write(temporary.path(), text).map_err(failed)?;
        temporary.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
