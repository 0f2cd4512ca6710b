//! A whole database: its servers, their audits and the files of each, at a commit or as it lies in a folder.
//!
//! Where the folder is in a git repository, a commit is read, object by object and hash by hash: what git would do with
//! a work tree (filters, links, ignored files) has no say. A folder outside of git is read as it lies; no link is
//! followed. Either way a name that no database can have is left out and told.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::folder::{DEPTH_LIMIT, ENTRY_LIMIT, FILE_LIMIT, Folder, TOTAL_LIMIT};
use crate::error::{Error, Kind, Result};
use crate::model::event::Target;
use crate::model::hash::ObjectId;
use crate::model::target::path_part;
use crate::repo::{Node, Repo, Snapshot};

/// The folder of a database that holds the audits.
pub const AUDITS: &str = "audits";

/// The most folders of servers, or of one server's audits, that are listed.
const LIST_LIMIT: usize = 1_000_000;

/// The most bytes that are read of a server's `metadata.json`.
const METADATA_LIMIT: u64 = 1 << 20;

/// An audited server by its place in a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// The host, such as `github.com`.
    pub domain: String,
    /// The owner.
    pub org: String,
    /// The repository.
    pub repo: String,
}

impl Server {
    /// Returns the server's folder in a database, with `/`.
    pub fn folder(&self) -> String {
        format!("{AUDITS}/{self}")
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}/{}", self.domain, self.org, self.repo))
    }
}

impl FromStr for Server {
    type Err = String;

    /// Reads `domain/org/repo`, or a repository's URL.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.trim_end_matches('/').split('/').collect();
        match parts.as_slice() {
            [domain, org, repo] if parts.iter().all(|part| path_part(part)) => {
                Ok(Server { domain: (*domain).to_owned(), org: (*org).to_owned(), repo: (*repo).to_owned() })
            }
            _ => Target::parse(text).map(|target| Server::from(&target)),
        }
    }
}

impl From<&Target> for Server {
    fn from(target: &Target) -> Self {
        Server { domain: target.domain.clone(), org: target.org.clone(), repo: target.repo.clone() }
    }
}

/// A server's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerDir {
    /// Whose.
    pub server: Server,
    /// Its git tree, where a commit is read: the same tree has the same files.
    pub tree: Option<ObjectId>,
}

/// An audit's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditDir {
    /// Of which server.
    pub server: Server,
    /// The folder's name.
    pub audit: String,
    /// Its git tree, where a commit is read.
    pub tree: Option<ObjectId>,
}

impl AuditDir {
    /// Returns the audit's folder in a database, with `/`.
    pub fn folder(&self) -> String {
        format!("{}/audits/{}", self.server.folder(), self.audit)
    }
}

/// What a listing found, and what it left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What was found, sorted.
    pub found: Vec<T>,
    /// What stands where a folder should and was not read: a path and why.
    pub left_out: Vec<String>,
}

impl<T> Listing<T> {
    fn empty() -> Self {
        Listing { found: Vec::new(), left_out: Vec::new() }
    }
}

/// What is in one folder: names of folders, with their trees where a commit is read, and of files.
#[derive(Default)]
struct Names {
    folders: Vec<(String, Option<ObjectId>)>,
    files: Vec<(String, Option<ObjectId>)>,
    strange: Vec<String>,
}

#[derive(Clone)]
enum Source {
    /// A commit, and the tree of the database's own folder in it.
    Commit { snapshot: Snapshot, root: ObjectId },
    /// Files as they lie.
    Folder,
}

/// A database, opened for reading.
#[derive(Clone)]
pub struct Database {
    path: PathBuf,
    source: Source,
}

impl Database {
    /// Opens the database at `path`: the commit `rev` (HEAD if none is named) where it is in a git repository, else the
    /// folder as it lies.
    ///
    /// A folder inside of a repository's work tree that the commit does not have is not the repository's: it is read as
    /// it lies, unless a commit was asked for.
    ///
    /// # Errors
    /// Nothing there; a repository that cannot be read; a commit that is not in it, or that has no such folder.
    pub fn open(path: &Path, rev: Option<&str>) -> Result<Database> {
        let path = std::fs::canonicalize(path)
            .map_err(|error| Error::io("read", path, &error).hint("Name a checkout of the audit database."))?;
        if !path.is_dir() {
            return Err(Error::could_not(format!("{} is not a folder.", path.display()))
                .hint("Name a checkout of the audit database."));
        }
        let repo = match Repo::discover(&path) {
            Ok(repo) => repo,
            // Any other refusal is not to be read past: the folder says that it is a repository.
            Err(error) if error.kind == Kind::CouldNot && rev.is_none() && !inside_repository(&path) => {
                return Ok(Database { path, source: Source::Folder });
            }
            Err(error) => return Err(error),
        };
        let commit = match rev {
            Some(rev) => repo.resolve(rev)?,
            None => repo.head()?,
        };
        let snapshot = repo.snapshot(commit)?;
        let inside = repo.inside(&path).unwrap_or_default();
        match snapshot.find(&inside)? {
            Some((Node::Folder, root)) => Ok(Database { path, source: Source::Commit { snapshot, root } }),
            _ if rev.is_none() => Ok(Database { path, source: Source::Folder }),
            _ => Err(Error::could_not(format!(
                "The commit {} has no folder {}.",
                commit.short(),
                String::from_utf8_lossy(&inside)
            ))),
        }
    }

    /// Returns where the database lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the commit that is read; `None` where files are read as they lie.
    pub fn commit(&self) -> Option<ObjectId> {
        match &self.source {
            Source::Commit { snapshot, .. } => Some(snapshot.commit()),
            Source::Folder => None,
        }
    }

    /// Returns the same database as another reader of it, for another thread: what one caches, the other does not see.
    ///
    /// # Errors
    /// See [`Database::open`].
    pub fn again(&self) -> Result<Database> {
        let Some(commit) = self.commit() else { return Ok(self.clone()) };
        Database::open(&self.path, Some(&commit.to_string()))
    }

    /// Returns the git tree of a folder, with `/` between its parts; `None` where there is none, or files are read as
    /// they lie.
    ///
    /// # Errors
    /// A damaged object.
    pub fn tree(&self, folder: &str) -> Result<Option<ObjectId>> {
        Ok(match self.stands(folder)? {
            Some((Node::Folder, id)) => Some(id),
            _ => None,
        })
    }

    /// Lists the servers, sorted by domain, owner and name.
    ///
    /// # Errors
    /// What cannot be read; a database with more folders than one can have.
    pub fn servers(&self) -> Result<Listing<ServerDir>> {
        let mut listing = Listing::empty();
        let mut level = match self.stands(AUDITS)? {
            Some((Node::Folder, tree)) => vec![(Vec::new(), Some(tree))],
            _ if self.commit().is_none() && is_folder(&self.path.join(AUDITS)) => vec![(Vec::new(), None)],
            _ => {
                return Err(Error::could_not(format!("{} has no folder `{AUDITS}`.", self.path.display()))
                    .hint("Name a checkout of the audit database, or a folder laid out like one."));
            }
        };
        for depth in 0..3 {
            let mut next: Vec<(Vec<String>, Option<ObjectId>)> = Vec::new();
            for (parts, tree) in level {
                let folder = [&[AUDITS.to_owned()], parts.as_slice()].concat().join("/");
                let names = self.names(&folder, tree)?;
                listing.left_out.extend(
                    names.strange.into_iter().map(|name| {
                        format!("{folder}/{name} is not a folder, or has a name that a server cannot have")
                    }),
                );
                if next.len() + names.folders.len() > LIST_LIMIT {
                    return Err(too_many(&self.path));
                }
                for (name, tree) in names.folders {
                    next.push((parts.iter().cloned().chain([name]).collect(), tree));
                }
            }
            level = next;
            if depth == 2 {
                let server = |parts: Vec<String>| match <[String; 3]>::try_from(parts) {
                    Ok([domain, org, repo]) => Some(Server { domain, org, repo }),
                    Err(_) => None,
                };
                let found = std::mem::take(&mut level).into_iter();
                listing.found =
                    found.filter_map(|(parts, tree)| Some(ServerDir { server: server(parts)?, tree })).collect();
            }
        }
        listing.found.sort();
        Ok(listing)
    }

    /// Lists a server's audits, sorted by name; also those whose folder is not named as one should be.
    ///
    /// # Errors
    /// What cannot be read; more folders than a server can have.
    pub fn audits(&self, dir: &ServerDir) -> Result<Listing<AuditDir>> {
        let folder = format!("{}/audits", dir.server.folder());
        let mut listing = Listing::empty();
        let tree = match &self.source {
            Source::Commit { .. } => match self.tree(&folder)? {
                Some(tree) => Some(tree),
                None => return Ok(listing),
            },
            Source::Folder if is_folder(&self.path.join(&folder)) => None,
            Source::Folder => return Ok(listing),
        };
        let names = self.names(&folder, tree)?;
        if names.folders.len() > LIST_LIMIT {
            return Err(too_many(&self.path));
        }
        let left = names.strange.into_iter().chain(names.files.into_iter().map(|(name, _)| name));
        listing.left_out = left.map(|name| format!("{folder}/{name} is not an audit's folder")).collect();
        let server = &dir.server;
        listing.found =
            names.folders.into_iter().map(|(audit, tree)| AuditDir { server: server.clone(), audit, tree }).collect();
        listing.found.sort();
        Ok(listing)
    }

    /// Returns the server of this name, if it has a folder.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn server(&self, server: &Server) -> Result<Option<ServerDir>> {
        let folder = server.folder();
        let tree = self.tree(&folder)?;
        let there = tree.is_some() || self.commit().is_none() && is_folder(&self.path.join(folder));
        Ok(there.then(|| ServerDir { server: server.clone(), tree }))
    }

    /// Reads a server's `metadata.json`; `None` where there is none, or it is larger than one can be.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn metadata(&self, dir: &ServerDir) -> Result<Option<Vec<u8>>> {
        self.file(&format!("{}/metadata.json", dir.server.folder()), METADATA_LIMIT)
    }

    /// Reads a file of the database; `None` where there is no plain file, or it has more than `limit` bytes.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn file(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        match &self.source {
            Source::Commit { snapshot, .. } => match self.stands(path)? {
                Some((Node::File | Node::Executable, blob)) => snapshot.blob(blob, limit),
                _ => Ok(None),
            },
            Source::Folder => {
                let path = self.path.join(path);
                match path.symlink_metadata() {
                    Ok(found) if found.is_file() => read_limited(&path, limit),
                    _ => Ok(None),
                }
            }
        }
    }

    /// Reads all files of an audit.
    ///
    /// # Errors
    /// What cannot be read; of kind `Unsafe` where it is larger than an audit can be.
    pub fn folder(&self, dir: &AuditDir) -> Result<Folder> {
        let folder = self.folder_of(dir, &|_| Some(FILE_LIMIT))?;
        match folder.large.first() {
            Some(path) => {
                Err(Error::unsafe_input(format!("{}/{path} has more than {FILE_LIMIT} bytes.", dir.folder())))
            }
            None => Ok(folder.folder),
        }
    }

    /// Reads some files of an audit: `limit` says how many bytes one may have at most, `None` that it is not wanted.
    ///
    /// # Errors
    /// What cannot be read; of kind `Unsafe` where it is larger than an audit can be.
    pub fn folder_of(&self, dir: &AuditDir, limit: &dyn Fn(&str) -> Option<u64>) -> Result<Part> {
        let at = dir.folder();
        let mut part = Part { folder: Folder { path: self.path.join(&at), ..Folder::default() }, large: Vec::new() };
        let mut waiting = vec![(String::new(), dir.tree, 0)];
        let (mut entries, mut total) = (0, 0);
        while let Some((prefix, tree, depth)) = waiting.pop() {
            let names = self.names(&format!("{at}/{prefix}"), tree)?;
            entries += names.folders.len() + names.files.len() + names.strange.len();
            if entries > ENTRY_LIMIT || depth > DEPTH_LIMIT {
                return Err(Error::unsafe_input(format!(
                    "{at} has more files or deeper folders than an audit can have."
                )));
            }
            part.folder.strange.extend(names.strange.into_iter().map(|name| format!("{prefix}{name}")));
            waiting.extend(names.folders.into_iter().map(|(name, tree)| (format!("{prefix}{name}/"), tree, depth + 1)));
            for (name, blob) in names.files {
                let path = format!("{prefix}{name}");
                let Some(limit) = limit(&path) else { continue };
                let bytes = match (&self.source, blob) {
                    (Source::Commit { snapshot, .. }, Some(blob)) => snapshot.blob(blob, limit)?,
                    _ => read_limited(&part.folder.path.join(&path), limit)?,
                };
                let Some(bytes) = bytes else {
                    part.large.push(path);
                    continue;
                };
                total += bytes.len() as u64;
                if total > TOTAL_LIMIT {
                    return Err(Error::unsafe_input(format!("{at} holds more than {TOTAL_LIMIT} bytes.")));
                }
                part.folder.files.insert(path, bytes);
            }
        }
        part.folder.strange.sort();
        part.large.sort();
        Ok(part)
    }

    /// Lists the files below a folder, with their paths from the database's root, and with their blobs where a commit is
    /// read. Links and other strange things are left out.
    ///
    /// # Errors
    /// What cannot be read; more files than a database can have.
    pub fn files_below(&self, folder: &str) -> Result<BTreeMap<String, Option<ObjectId>>> {
        let mut found = BTreeMap::new();
        let start = match &self.source {
            Source::Commit { .. } => match self.tree(folder)? {
                Some(tree) => Some(tree),
                None => return Ok(found),
            },
            Source::Folder if is_folder(&self.path.join(folder)) => None,
            Source::Folder => return Ok(found),
        };
        let mut waiting = vec![(folder.to_owned(), start, 0)];
        while let Some((folder, tree, depth)) = waiting.pop() {
            let names = self.names(&folder, tree)?;
            found.extend(names.files.into_iter().map(|(name, blob)| (format!("{folder}/{name}"), blob)));
            if depth > DEPTH_LIMIT || found.len() + waiting.len() + names.folders.len() > LIST_LIMIT {
                return Err(too_many(&self.path));
            }
            waiting.extend(names.folders.into_iter().map(|(name, tree)| (format!("{folder}/{name}"), tree, depth + 1)));
        }
        Ok(found)
    }

    /// Returns what stands at a path of the commit.
    fn stands(&self, path: &str) -> Result<Option<(Node, ObjectId)>> {
        let Source::Commit { snapshot, root } = &self.source else { return Ok(None) };
        snapshot.find_in(*root, path.as_bytes())
    }

    /// Lists one folder. Names that a database cannot have, and what is neither file nor folder, are strange.
    fn names(&self, folder: &str, tree: Option<ObjectId>) -> Result<Names> {
        let mut names = Names::default();
        match (&self.source, tree) {
            (Source::Commit { snapshot, .. }, Some(tree)) => {
                for named in snapshot.list(tree)? {
                    let good = std::str::from_utf8(&named.name).ok().filter(|name| path_part(name));
                    match (good, named.node) {
                        (Some(name), Node::Folder) => names.folders.push((name.to_owned(), Some(named.id))),
                        (Some(name), Node::File | Node::Executable) => {
                            names.files.push((name.to_owned(), Some(named.id)));
                        }
                        _ => names.strange.push(String::from_utf8_lossy(&named.name).into_owned()),
                    }
                }
            }
            (Source::Commit { .. }, None) => {}
            (Source::Folder, _) => {
                let path = self.path.join(folder);
                let failed = |error: std::io::Error| Error::io("read", &path, &error);
                for entry in std::fs::read_dir(&path).map_err(failed)? {
                    let entry = entry.map_err(failed)?;
                    let kind = entry.file_type().map_err(failed)?;
                    let name = entry.file_name();
                    match name.to_str().filter(|name| path_part(name)) {
                        Some(name) if kind.is_dir() => names.folders.push((name.to_owned(), None)),
                        Some(name) if kind.is_file() => names.files.push((name.to_owned(), None)),
                        _ => names.strange.push(name.to_string_lossy().into_owned()),
                    }
                    if names.folders.len() + names.files.len() + names.strange.len() > LIST_LIMIT {
                        return Err(too_many(&self.path));
                    }
                }
            }
        }
        Ok(names)
    }
}

/// Some files of an audit.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Those that were wanted and are not too large.
    pub folder: Folder,
    /// Those that were wanted and have more bytes than they may, sorted.
    pub large: Vec<String>,
}

fn too_many(path: &Path) -> Error {
    Error::unsafe_input(format!("{} has more folders than a database can have.", path.display()))
}

/// Tells whether a folder stands here itself, not a link to one.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// Tells whether this folder, or one around it, says that it is a git repository.
fn inside_repository(path: &Path) -> bool {
    path.ancestors().any(|folder| folder.join(".git").symlink_metadata().is_ok())
}

fn read_limited(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let failed = |error: std::io::Error| Error::io("read", path, &error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
