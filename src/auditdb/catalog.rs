//! All that a database says, in short: every server with its audits, read on all cores, and known again by its git trees.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::database::{AuditDir, Database, Server, ServerDir};
use super::entry::{Counts, Entry, ServerAbout, about, read, wanted};
use crate::error::{Error, Kind, Result};
use crate::model::hash::{ObjectId, Sha256};

/// What entries are read by. Raise it whenever the same files give another entry: what was kept before is read anew.
const READER: u32 = 1;

/// The most threads that read.
const THREADS: usize = 8;

/// A server with its audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerEntry {
    /// Which.
    pub server: Server,
    /// What its `metadata.json` says.
    pub about: ServerAbout,
    /// Its audits, the oldest first.
    pub audits: Vec<Entry>,
}

impl ServerEntry {
    /// Returns the newest audit.
    pub fn latest(&self) -> Option<&Entry> {
        self.audits.last()
    }

    /// Returns the newest audit that has a score.
    pub fn scored(&self) -> Option<&Entry> {
        self.audits.iter().rev().find(|entry| entry.score.is_some())
    }

    /// Returns the findings of the newest audit that still hold, counted.
    pub fn open(&self) -> Counts {
        self.latest().map(Entry::open).unwrap_or_default()
    }
}

/// Every server of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Sorted by domain, owner and name.
    pub servers: Vec<ServerEntry>,
    /// What has no place in a database and was not read: a path and why.
    pub left_out: Vec<String>,
    /// How many audits were read now; the others were known by their trees.
    pub read: usize,
}

impl Catalog {
    /// Returns all audits, server by server.
    pub fn audits(&self) -> impl Iterator<Item = &Entry> {
        self.servers.iter().flat_map(|server| &server.audits)
    }
}

/// How a catalog is read.
pub struct Reader<'a> {
    /// Where what was read is kept, if anywhere.
    pub cache: Option<&'a Path>,
    /// Do not believe what was kept: read everything, and keep that.
    pub fresh: bool,
    /// Is told how many servers of how many are read.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Tells that the reading is no longer wanted.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// A server as it is kept: its own tree, and its audits' trees in the order of its entries.
#[derive(Serialize, Deserialize)]
struct Kept {
    tree: ObjectId,
    audits: Vec<ObjectId>,
    entry: ServerEntry,
}

/// The first line of what is kept.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    reader: u32,
    program: String,
}

impl Head {
    fn now() -> Head {
        Head { reader: READER, program: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl Reader<'_> {
    /// Reads a database's catalog; `None` where it was stopped.
    ///
    /// What is in git is known by its trees: a server whose tree was read before is not read again, and of one that
    /// changed only the audits that did.
    ///
    /// # Errors
    /// What cannot be read; a file or folder larger than one can be.
    pub fn catalog(&self, database: &Database) -> Result<Option<Catalog>> {
        let servers = database.servers()?;
        let file = self.cache.filter(|_| database.commit().is_some()).map(|dir| file(dir, database));
        let kept = file.as_deref().filter(|_| !self.fresh).map(load).unwrap_or_default();
        let count = kept.len();
        let kept = Mutex::new(kept);
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(servers.found.len());
        let dirs = &servers.found;
        let work = || -> Result<Vec<(usize, One)>> {
            // A reader each: what libgit2 keeps behind one lock would be waited for.
            let database = database.again()?;
            let mut found = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(dir) = dirs.get(at) else { return Ok(found) };
                if failed.load(Ordering::Relaxed) || (self.stop)() {
                    return Ok(found);
                }
                let known = kept.lock().ok().and_then(|mut kept| kept.remove(&dir.server));
                match one(&database, dir, known) {
                    Ok(one) => found.push((at, one)),
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                }
                (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, dirs.len());
            }
        };
        let found: Vec<Result<Vec<(usize, One)>>> = thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let join = |handle: thread::ScopedJoinHandle<'_, _>| {
                handle.join().unwrap_or_else(|_| Err(Error::could_not("A reading thread ended early.")))
            };
            handles.into_iter().map(join).collect()
        });
        let mut all: Vec<(usize, One)> = Vec::with_capacity(dirs.len());
        for part in found {
            all.extend(part?);
        }
        if all.len() < dirs.len() {
            return Ok(None);
        }
        all.sort_by_key(|(at, _)| *at);
        // A server that is gone leaves its place in what was kept; one that changed was read.
        let changed = count != dirs.len() || all.iter().any(|(_, one)| !one.known);
        if let Some(file) = file.filter(|_| changed) {
            // It only saves time: where it cannot be kept, the next reading takes longer.
            let _ = save(&file, dirs, &all);
        }
        let mut catalog = Catalog { left_out: servers.left_out, ..Catalog::default() };
        for (_, one) in all {
            catalog.read += one.read;
            catalog.left_out.extend(one.left_out);
            catalog.servers.push(one.entry);
        }
        Ok(Some(catalog))
    }
}

/// A server as it was read, or known.
struct One {
    entry: ServerEntry,
    audits: Vec<ObjectId>,
    left_out: Vec<String>,
    /// How many audits were read.
    read: usize,
    /// Nothing was: its tree was read before, and nothing was left out.
    known: bool,
}

/// Reads one server, as far as it is not known.
fn one(database: &Database, dir: &ServerDir, kept: Option<Kept>) -> Result<One> {
    let kept = match kept {
        Some(kept) if Some(kept.tree) == dir.tree => {
            return Ok(One { entry: kept.entry, audits: kept.audits, left_out: Vec::new(), read: 0, known: true });
        }
        kept => kept,
    };
    let mut known: HashMap<(String, ObjectId), Entry> = HashMap::new();
    if let Some(Kept { audits, entry, .. }) = kept {
        known =
            entry.audits.into_iter().zip(audits).map(|(entry, tree)| ((entry.audit.clone(), tree), entry)).collect();
    }
    let listing = database.audits(dir)?;
    let mut audits = Vec::with_capacity(listing.found.len());
    let mut count = 0;
    for audit in listing.found {
        let before = audit.tree.and_then(|tree| known.remove(&(audit.audit.clone(), tree)));
        let entry = match before {
            Some(entry) => entry,
            None => {
                count += 1;
                self::audit(database, &audit)?
            }
        };
        audits.push((entry, audit.tree));
    }
    // The oldest first; one without a date before all, since nothing says that it is newer than another.
    audits.sort_by_cached_key(|(entry, _)| (entry.date(), entry.audit.clone()));
    let trees = audits.iter().filter_map(|(_, tree)| *tree).collect();
    let about = about(database.metadata(dir)?.as_deref());
    let audits = audits.into_iter().map(|(entry, _)| entry).collect();
    let entry = ServerEntry { server: dir.server.clone(), about, audits };
    Ok(One { entry, audits: trees, left_out: listing.left_out, read: count, known: false })
}

/// Reads an audit. One that is larger than an audit can be is an entry that says so: it does not hide the others.
fn audit(database: &Database, dir: &AuditDir) -> Result<Entry> {
    match database.folder_of(dir, &wanted) {
        Ok(part) => Ok(read(dir, &part).entry),
        Err(error) if error.kind == Kind::Unsafe => {
            let mut entry = read(dir, &super::Part::default()).entry;
            entry.problems = vec![error.message];
            Ok(entry)
        }
        Err(error) => Err(error),
    }
}

/// Returns the file in which what was read of a database is kept.
///
/// It lies in the user's own folder, named after the database's place: what lies in a checkout can be written by anybody
/// who is merged there, and would be believed about every audit.
fn file(cache: &Path, database: &Database) -> PathBuf {
    let place = database.path().as_os_str().as_encoded_bytes();
    let name: String = Sha256::of(place).to_string().chars().take(32).collect();
    cache.join("db").join(format!("{name}.ndjson"))
}

/// Returns what was kept; nothing where it cannot be read, or another version of the program kept it.
fn load(file: &Path) -> HashMap<Server, Kept> {
    let read = || -> Option<HashMap<Server, Kept>> {
        let mut lines = BufReader::with_capacity(1 << 20, std::fs::File::open(file).ok()?).lines();
        let head: Head = serde_json::from_str(&lines.next()?.ok()?).ok()?;
        if head != Head::now() {
            return None;
        }
        let mut found = HashMap::new();
        for line in lines {
            let kept: Kept = serde_json::from_str(&line.ok()?).ok()?;
            if kept.audits.len() != kept.entry.audits.len() {
                return None;
            }
            found.insert(kept.entry.server.clone(), kept);
        }
        Some(found)
    };
    read().unwrap_or_default()
}

fn save(file: &Path, dirs: &[ServerDir], all: &[(usize, One)]) -> std::io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        tree: ObjectId,
        audits: &'a [ObjectId],
        entry: &'a ServerEntry,
    }
    let dir = file.parent().unwrap_or(file);
    std::fs::create_dir_all(dir)?;
    let temporary = tempfile::Builder::new().prefix(".touchstone-").tempfile_in(dir)?;
    let mut out = BufWriter::with_capacity(1 << 20, temporary);
    serde_json::to_writer(&mut out, &Head::now())?;
    out.write_all(b"\n")?;
    for (dir, (_, one)) in dirs.iter().zip(all) {
        // What was left out is told each time, so its server is read each time.
        let Some(tree) = dir.tree.filter(|_| one.left_out.is_empty()) else { continue };
        serde_json::to_writer(&mut out, &Line { tree, audits: &one.audits, entry: &one.entry })?;
        out.write_all(b"\n")?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.persist(file)?;
    Ok(())
}
