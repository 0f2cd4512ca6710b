//! Floor 1: the journal, an audit's only store. One file of JSON lines, each chained to the one before by its digest.
//!
//! An audit's folder holds `journal.jsonl`, `standard.toml` (the exact bytes of the standard), `lock`, `place.json`
//! (where the clone stands on this machine) and `cursor` (where in the audit its auditor was). The last two are never part
//! of a record.

mod store;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::audit::Audit;
use crate::model::carry::Carried;
use crate::model::event::{Entry, Event, JOURNAL_VERSION, Opened};
use crate::model::hash::Sha256;
use crate::model::standard::Standard;
use crate::model::time::Time;
use crate::repo::display;
use crate::standards::Loaded;

pub use store::{CURSOR_LIMIT, Listed, Place, Store};

/// The largest journal that is read, in bytes.
pub const JOURNAL_LIMIT: u64 = 256 << 20;

/// How often, and after how long, a lock that is held is tried again.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

const FILE: &str = "journal.jsonl";
/// The most that a journal's first line is read of, in bytes.
const FIRST_LINE: u64 = 1 << 20;
const STANDARD: &str = "standard.toml";
const LOCK: &str = "lock";

/// An audit that is open for writing. The lock is held until this is dropped.
#[derive(Debug)]
pub struct Journal {
    /// The audit as it stands.
    pub audit: Audit,
    /// The standard with its exact bytes.
    pub loaded: Loaded,
    /// What was mended when the journal was opened: a torn write that was moved aside.
    pub recovered: Option<String>,
    dir: PathBuf,
    file: File,
    length: u64,
    /// Bytes that are not acknowledged may stand behind them.
    torn: bool,
    _lock: File,
}

/// An audit that is only looked at.
#[derive(Debug)]
pub struct View {
    /// The audit as it stands.
    pub audit: Audit,
    /// The standard with its exact bytes.
    pub loaded: Loaded,
}

/// Returns a line of the journal for an entry, with its line feed.
fn line(entry: &Entry) -> Result<String> {
    let mut text = display::json(entry, false)
        .map_err(|error| Error::could_not(format!("Could not write the event down: {error}.")))?;
    text.push('\n');
    Ok(text)
}

/// Writes the two files of a new audit into a folder that nobody else knows yet.
fn begin(dir: &Path, opened: Opened, carried: Option<Carried>, standard_toml: &str, at: Time) -> Result<()> {
    let entry = Entry { seq: 1, at, prev: Sha256::ZERO, act: 1, of: 1, event: Event::Opened(Box::new(opened)) };
    let mut journal = line(&entry)?;
    if let Some(carried) = carried {
        let prev = Sha256::of(&journal);
        journal += &line(&Entry { seq: 2, at, prev, act: 2, of: 1, event: Event::Carried(Box::new(carried)) })?;
        // An audit that could not be read again must not come to be.
        let loaded = Loaded::from_known_toml(standard_toml.to_owned(), STANDARD)?;
        replay(journal.as_bytes(), loaded.standard, &dir.join(FILE))?;
    }
    for (name, text) in [(STANDARD, standard_toml), (FILE, journal.as_str())] {
        let path = dir.join(name);
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| Error::io("write", &path, &error))?;
    }
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| Error::io("write", dir, &error))
}

/// Reads the standard beside a journal, which must be the one that the journal's first line names.
fn load_standard(dir: &Path, journal: &[u8]) -> Result<Loaded> {
    let path = dir.join(STANDARD);
    let toml = Loaded::read_file(&path)?;
    let named =
        first_line(journal).and_then(|first| first.pointer("/event/standard/sha256")?.as_str()?.parse::<Sha256>().ok());
    if named.is_some_and(|named| named != Sha256::of(&toml)) {
        return Err(Error::could_not(format!("{} is not the standard that the audit follows.", path.display()))
            .hint("Bring the file back from a backup; its digest is in the journal's first line."));
    }
    Loaded::from_known_toml(toml, &path.display().to_string())
}

/// Returns the journal's first line, as far as it can be read at all.
fn first_line(journal: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice(journal.split(|byte| *byte == b'\n').next()?).ok()
}

/// Reads how an audit was opened, and nothing else of its journal.
fn opened(dir: &Path) -> Result<Opened> {
    let path = dir.join(FILE);
    let mut line = Vec::new();
    let file = File::open(&path).map_err(|error| Error::io("read", &path, &error))?;
    BufReader::new(file.take(FIRST_LINE))
        .read_until(b'\n', &mut line)
        .map_err(|error| Error::io("read", &path, &error))?;
    match serde_json::from_slice::<Entry>(&line).map(|entry| entry.event) {
        Ok(Event::Opened(opened)) => Ok(*opened),
        _ => Err(Error::could_not(format!("The journal {} does not begin with how it was opened.", path.display()))),
    }
}

/// What a journal's bytes hold.
struct Replay {
    audit: Audit,
    /// Bytes of whole acts.
    whole: usize,
    /// What is wrong with the bytes after them, if any.
    torn: Option<&'static str>,
}

/// Folds the bytes of a journal.
///
/// Bytes after the last line feed, NULs at the end and an act that lacks its last events are a torn write and left out. A
/// complete line that does not parse or chain is a broken journal.
fn replay(bytes: &[u8], standard: Arc<Standard>, path: &Path) -> Result<Replay> {
    let solid = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let complete = bytes[..solid].iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let mut torn = match (bytes.len() - complete, solid < bytes.len()) {
        (0, _) => None,
        (_, true) => Some("NUL bytes"),
        (_, false) => Some("an unfinished line"),
    };
    let broken = |number: usize, why: &str| {
        Error::could_not(format!("The journal {} is broken at line {number}: {why}.", path.display())).hint(
            "The file was left as it is. Bring it back from a backup, or cut it before that line to lose what came after.",
        )
    };
    let mut audit: Option<Audit> = None;
    let mut previous = Sha256::ZERO;
    let mut whole = 0;
    let mut at = 0;
    // The entries of the act that is being read: pushed when all of them are there.
    let mut waiting: Vec<(Entry, Sha256)> = Vec::new();
    for (index, text) in bytes[..complete].split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        at += text.len();
        let entry: Entry = serde_json::from_slice(text).map_err(|error| broken(number, &error.to_string()))?;
        if entry.prev != previous {
            return Err(broken(number, "it does not follow the line before it (another digest)"));
        }
        if entry.seq != number as u64 {
            return Err(broken(number, &format!("it has the number {}", entry.seq)));
        }
        let act = waiting.first().map_or(entry.seq, |(first, _)| first.seq);
        if entry.act != act || entry.of == 0 || waiting.first().is_some_and(|(first, _)| first.of != entry.of) {
            return Err(broken(number, "it does not belong to the act that is being written"));
        }
        if !entry.event.undoable() && entry.of != 1 {
            return Err(broken(number, "an event that cannot be undone is not an act of its own"));
        }
        previous = Sha256::of(text);
        let of = entry.of;
        waiting.push((entry, previous));
        if (waiting.len() as u64) < of {
            continue;
        }
        for (entry, digest) in waiting.drain(..) {
            let line = usize::try_from(entry.seq).unwrap_or(number);
            match &mut audit {
                None => {
                    audit = Some(Audit::begin(standard.clone(), entry, digest).map_err(|why| broken(line, &why))?);
                }
                Some(audit) => audit.push(entry, digest).map_err(|why| broken(line, &why))?,
            }
        }
        whole = at;
    }
    if !waiting.is_empty() {
        torn = torn.or(Some("an unfinished act"));
    }
    match audit {
        Some(audit) => Ok(Replay { audit, whole, torn }),
        None => Err(broken(1, "there is no complete line")),
    }
}

/// Refuses a journal of a newer version before anything else in it is looked at.
fn newer_version(journal: &[u8], path: &Path) -> Result<()> {
    let version = first_line(journal).and_then(|first| first.pointer("/event/version")?.as_u64());
    match version {
        Some(version) if version > u64::from(JOURNAL_VERSION) => Err(Error::could_not(format!(
            "The journal {} has version {version}; this program knows version {JOURNAL_VERSION}.",
            path.display()
        ))
        .hint("Use a newer touchstone. The file was left as it is.")),
        _ => Ok(()),
    }
}

fn read_all(path: &Path, file: &mut File) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::io("read", path, &error);
    let size = file.metadata().map_err(failed)?.len();
    if size > JOURNAL_LIMIT {
        return Err(Error::unsafe_input(format!(
            "The journal {} has {size} bytes; at most {JOURNAL_LIMIT} are read.",
            path.display()
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

impl View {
    /// Reads an audit without taking the lock and without changing anything.
    ///
    /// # Errors
    /// Where a file cannot be read or the journal is broken.
    pub fn open(dir: &Path) -> Result<View> {
        let path = dir.join(FILE);
        let mut file = File::open(&path).map_err(|error| Error::io("read", &path, &error))?;
        let bytes = read_all(&path, &mut file)?;
        newer_version(&bytes, &path)?;
        let loaded = load_standard(dir, &bytes)?;
        let replay = replay(&bytes, loaded.standard.clone(), &path)?;
        Ok(View { audit: replay.audit, loaded })
    }
}

impl Journal {
    /// Opens an audit for writing: takes the lock, folds the journal, moves a torn write aside.
    ///
    /// # Errors
    /// Where another process holds the lock, a file cannot be read or written, or the journal is broken; nothing is
    /// changed then.
    pub fn open(dir: &Path) -> Result<Journal> {
        Journal::open_unless_locked(dir)?.ok_or_else(|| {
            let name = dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            locked(&name)
        })
    }

    /// Opens an audit for writing as [`Journal::open`] does; returns nothing where another process holds the lock.
    ///
    /// # Errors
    /// As [`Journal::open`], but for the lock.
    pub fn open_unless_locked(dir: &Path) -> Result<Option<Journal>> {
        let Some(lock) = take_lock(dir)? else { return Ok(None) };
        let path = dir.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|error| Error::io("write", &path, &error))?;
        let bytes = read_all(&path, &mut file)?;
        newer_version(&bytes, &path)?;
        let loaded = load_standard(dir, &bytes)?;
        let Replay { audit, whole, torn } = replay(&bytes, loaded.standard.clone(), &path)?;
        let recovered = match torn {
            None => None,
            Some(what) => {
                let aside = set_aside(dir, &bytes[whole..])?;
                file.set_len(whole as u64)
                    .and_then(|()| file.sync_all())
                    .map_err(|error| Error::io("mend", &path, &error))?;
                Some(format!(
                    "The last write was cut off ({what}, {} bytes); it was moved to {}.",
                    bytes.len() - whole,
                    aside.display()
                ))
            }
        };
        let length = whole as u64;
        let dir = dir.to_owned();
        Ok(Some(Journal { audit, loaded, recovered, dir, file, length, torn: false, _lock: lock }))
    }

    /// Returns the audit's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes events as one act: all of them are durable when this returns, or none is there.
    ///
    /// # Errors
    /// Of kind `Usage` where an event does not fit the audit as it stands; of kind `CouldNot` where it could not be
    /// written. The audit is then as before.
    pub fn act(&mut self, events: Vec<Event>, at: Time) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.audit.check(&events, at).map_err(|why| Error::usage(sentence(&why)))?;
        if events.len() > 1 && events.iter().any(|event| !event.undoable()) {
            return Err(Error::usage("An event that cannot be undone is an act of its own."));
        }
        let first = self.audit.next_seq();
        let of = events.len() as u64;
        let mut previous = self.audit.last_line();
        let mut lines = String::new();
        let mut entries = Vec::with_capacity(events.len());
        for (seq, event) in (first..).zip(events) {
            let entry = Entry { seq, at, prev: previous, act: first, of, event };
            let text = line(&entry)?;
            previous = Sha256::of(&text);
            lines.push_str(&text);
            entries.push((entry, previous));
        }
        self.write(lines.as_bytes())?;
        for (entry, digest) in entries {
            self.audit.push(entry, digest).map_err(|why| Error::could_not(sentence(&why)))?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.torn {
            // A line behind torn bytes would make them one that does not parse, and the journal one that is refused.
            self.cut().map_err(|error| Error::io("write", &self.dir.join(FILE), &error))?;
        }
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Whatever part got there must not be taken for an event. Should this fail too, the next act tries again, and
            // the next start finds a torn write and moves it aside.
            let _ = self.cut();
            return Err(Error::io("write", &self.dir.join(FILE), &error)
                .hint("Nothing was recorded. Make room or let the folder be written, and do it again."));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Cuts off what is not acknowledged.
    fn cut(&mut self) -> std::io::Result<()> {
        self.torn = true;
        self.file.set_len(self.length)?;
        self.file.sync_data()?;
        self.torn = false;
        Ok(())
    }

    /// Undoes the last act that can be undone, and returns its number.
    ///
    /// # Errors
    /// Where there is none, or it could not be written.
    pub fn undo(&mut self, at: Time) -> Result<u64> {
        let seq = self.audit.to_undo().ok_or_else(|| Error::usage("There is nothing to undo."))?;
        self.act(vec![Event::Undone { seq }], at)?;
        Ok(seq)
    }

    /// Does the act that was undone last again, and returns its number.
    ///
    /// # Errors
    /// Where there is none, or it could not be written.
    pub fn redo(&mut self, at: Time) -> Result<u64> {
        let seq = self.audit.to_redo().ok_or_else(|| Error::usage("There is nothing to do again."))?;
        self.act(vec![Event::Redone { seq }], at)?;
        Ok(seq)
    }
}

/// Makes a sentence of a clause. A name at its beginning, such as `auth-1`, stays as it is written.
fn sentence(clause: &str) -> String {
    let word = clause.split(' ').next().unwrap_or_default();
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return format!("{clause}.");
    }
    let mut letters = clause.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Returns the error for an audit that another process holds.
pub fn locked(name: &str) -> Error {
    Error::could_not(format!("Another touchstone has the audit {name} open."))
        .hint("Close it, or wait until its command is done.")
}

/// Takes the lock; nothing where another process has it.
fn take_lock(dir: &Path) -> Result<Option<File>> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Error::io("write", &path, &error))?;
    // Whoever has just let go may hold it a moment longer: a process that was being started at that time has a copy of
    // every open file until it runs its own program.
    let mut tries = 0;
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            other => break other,
        }
    };
    match locked {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", &path, &error)),
    }
}

/// Writes torn bytes to a file of their own and returns its path.
fn set_aside(dir: &Path, bytes: &[u8]) -> Result<PathBuf> {
    for number in 1..10_000 {
        let path = dir.join(format!("torn-{number}.bin"));
        match File::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                written.map_err(|error| Error::io("write", &path, &error))?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("write", &path, &error)),
        }
    }
    Err(Error::could_not(format!("{} is full of torn writes; clear it up.", dir.display())))
}
