//! The tree at one commit: what it holds, and lines cut from its blobs.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use git2::ObjectType;

use super::BLOB_LIMIT;
use super::object::{Node, Store};
use super::texts::Text;
use crate::error::{Error, Result};
use crate::model::evidence::{Region, RepoPath};
use crate::model::hash::{ObjectId, Sha256};
use crate::model::time::Time;

/// Budgets of a walk: a few kilobytes of crafted trees can describe billions of paths.
const ENTRIES: usize = 1_000_000;
const DEPTH: usize = 512;
const PATH_BYTES: usize = 4096;
const ALL_PATH_BYTES: usize = 256 << 20;

/// How many near names an error suggests.
const SUGGESTED: usize = 3;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its blob holds the target. Never followed.
    Symlink,
    /// Another repository's commit. Never followed.
    Submodule,
}

/// One path of the tree at the pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub path: RepoPath,
    /// The blob, or a submodule's commit.
    pub oid: ObjectId,
    /// What it is.
    pub kind: EntryKind,
}

impl Entry {
    /// Tells whether the object is a file's content.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::File | EntryKind::Executable)
    }
}

/// What a blob holds, for somebody who wants to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, as far as git would say so.
    Text(Arc<[u8]>),
    /// Something else, of so many bytes.
    Binary(u64),
    /// More than [`super::BLOB_LIMIT`] bytes: so many. It was not loaded.
    TooLarge(u64),
}

/// The files and folders an audit is limited to; none means everything.
#[derive(Debug, Clone)]
pub(super) struct Scope(Vec<Vec<u8>>);

impl Scope {
    /// Tells whether a path is in the scope or below an entry of it.
    pub fn holds(&self, path: &[u8]) -> bool {
        self.0.is_empty() || self.0.iter().any(|entry| path == entry || below(path, entry))
    }

    /// Tells whether something in the scope may stand below a folder.
    pub fn reaches(&self, folder: &[u8]) -> bool {
        self.holds(folder) || self.0.iter().any(|entry| below(entry, folder))
    }
}

fn below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Returns `folder/name`, or `name` at the root.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// Spends a walk's budget, shared by the tree at the pin and the history.
#[derive(Default)]
pub(super) struct Budget {
    entries: usize,
    bytes: usize,
}

impl Budget {
    /// Counts one entry, and returns why it is one too many; `waiting` others are held in memory.
    ///
    /// What lies too deep or has too long a name is left out alone; the other limits end the walk.
    pub fn spend(&mut self, path: &[u8], waiting: usize) -> Result<(), Cut> {
        self.entries += 1;
        self.bytes += path.len();
        if self.entries + waiting > ENTRIES {
            Err(Cut::End(format!("The tree has more than {ENTRIES} entries; the rest is cut.")))
        } else if self.bytes > ALL_PATH_BYTES {
            Err(Cut::End(format!("The tree's paths take more than {} MiB; the rest is cut.", ALL_PATH_BYTES >> 20)))
        } else if path.len() > PATH_BYTES {
            Err(Cut::One(format!("Paths longer than {PATH_BYTES} bytes are cut.")))
        } else if path.iter().filter(|byte| **byte == b'/').count() >= DEPTH {
            Err(Cut::One(format!("Paths of more than {DEPTH} parts are cut.")))
        } else {
            Ok(())
        }
    }
}

/// Why a walk left something out.
pub(super) enum Cut {
    /// This entry and what is below it.
    One(String),
    /// Everything that follows.
    End(String),
}

/// The tree at one commit, limited to a scope. It owns what it needs and can be sent to a worker.
pub struct Pin {
    pub(super) store: Store,
    pub(super) scope: Scope,
    commit: ObjectId,
    tree: ObjectId,
    at: Time,
    entries: Vec<Entry>,
    cut: Option<String>,
    ancestors: OnceLock<HashSet<ObjectId>>,
}

impl Pin {
    /// Lists the tree of `commit`.
    pub(super) fn walk(store: Store, commit: ObjectId, scope: &[RepoPath]) -> Result<Pin> {
        let read = store.commit(commit)?;
        let at = Time::from_unix(read.seconds)
            .ok_or_else(|| Error::could_not(format!("The time of the commit {commit} is out of range.")))?;
        let mut named = Vec::new();
        for entry in scope {
            let path = entry.0.strip_suffix(b"/").unwrap_or(&entry.0);
            if store.lookup(read.tree, path)?.is_none() {
                return Err(Error::falsity(format!(
                    "The scope names {}, which is not in {}.",
                    entry.lossy(),
                    commit.short()
                ))
                .hint("Name files and folders as they stand in the repository, from its root."));
            }
            named.push(path.to_vec());
        }
        let mut pin = Pin {
            store,
            scope: Scope(named),
            commit,
            tree: read.tree,
            at,
            entries: Vec::new(),
            cut: None,
            ancestors: OnceLock::new(),
        };
        pin.list()?;
        Ok(pin)
    }

    fn list(&mut self) -> Result<()> {
        let names = self.store.tree(self.tree)?;
        let mut budget = Budget::default();
        // Names that were read and not yet looked at; a hostile tree can have a million at each of its levels.
        let mut waiting = names.len();
        // Folder by folder in git's own order, so that hardly anything is left to sort.
        let mut open = vec![(Vec::new(), names.into_iter())];
        while let Some((folder, names)) = open.last_mut() {
            let Some(named) = names.next() else {
                open.pop();
                continue;
            };
            waiting -= 1;
            let path = join(folder, &named.name);
            match budget.spend(&path, waiting) {
                Ok(()) => {}
                Err(Cut::One(why)) => {
                    self.cut.get_or_insert(why);
                    continue;
                }
                Err(Cut::End(why)) => {
                    self.cut = Some(why);
                    break;
                }
            }
            let kind = match named.node {
                Node::Folder => {
                    if self.scope.reaches(&path) {
                        let names = self.store.tree(named.id)?;
                        waiting += names.len();
                        open.push((path, names.into_iter()));
                    }
                    continue;
                }
                Node::File => EntryKind::File,
                Node::Executable => EntryKind::Executable,
                Node::Symlink => EntryKind::Symlink,
                Node::Submodule => EntryKind::Submodule,
            };
            if self.scope.holds(&path) {
                self.entries.push(Entry { path: RepoPath(path), oid: named.id, kind });
            }
        }
        self.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    /// Returns the commit.
    pub fn commit(&self) -> ObjectId {
        self.commit
    }

    /// Returns the commit's tree.
    pub fn tree(&self) -> ObjectId {
        self.tree
    }

    /// Returns the committer's time.
    pub fn committed_at(&self) -> Time {
        self.at
    }

    /// Returns what is in scope, sorted by the bytes of the paths. Folders are not listed.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns a sentence on what a budget left out, if one did.
    pub fn cut(&self) -> Option<&str> {
        self.cut.as_deref()
    }

    /// Returns a blob's bytes, their hash verified.
    ///
    /// Errors: not in this clone, not a blob, or over [`super::BLOB_LIMIT`] (its size is known before it is loaded).
    pub fn blob(&self, oid: ObjectId) -> Result<Vec<u8>> {
        Ok(self.store.read(oid, ObjectType::Blob)?.data().to_vec())
    }

    /// Returns what a blob holds, its hash verified where it is loaded.
    ///
    /// Errors: not in this clone, or not a blob.
    pub fn content(&self, oid: ObjectId) -> Result<Content> {
        if let Some(Text::Bytes(bytes)) = self.store.texts.get(oid) {
            return Ok(Content::Text(bytes));
        }
        let header = self.store.header(oid)?;
        if let Some((ObjectType::Blob, size)) = header
            && size > BLOB_LIMIT
        {
            return Ok(Content::TooLarge(size));
        }
        let object = self.store.read_known(oid, ObjectType::Blob, header)?;
        let bytes = object.data();
        Ok(if is_binary(bytes) { Content::Binary(bytes.len() as u64) } else { Content::Text(bytes.into()) })
    }

    /// Returns the entry at a path.
    ///
    /// Errors: nothing there, with near names as hints; a folder; out of scope.
    pub fn find(&self, path: &RepoPath) -> Result<&Entry> {
        if let Ok(at) = self.entries.binary_search_by(|entry| entry.path.cmp(path)) {
            return Ok(&self.entries[at]);
        }
        let said = path.lossy();
        match self.store.lookup(self.tree, &path.0)? {
            Some((Node::Folder, _)) => return Err(Error::could_not(format!("{said} is a folder; name a file in it."))),
            Some(_) if !self.scope.holds(&path.0) => {
                return Err(Error::could_not(format!("{said} is outside the audit's scope.")));
            }
            Some(_) => {
                return Err(Error::could_not(format!("{said} was cut: {}", self.cut.as_deref().unwrap_or_default())));
            }
            None => {}
        }
        let mut error = Error::could_not(format!("{said} is not in {}.", self.commit.short()));
        for near in self.near(path) {
            error = error.hint(format!("Did you mean {}?", near.lossy()));
        }
        Err(error)
    }

    /// Returns names like `path`: in another case first, then the same file name elsewhere.
    fn near(&self, path: &RepoPath) -> Vec<&RepoPath> {
        let name = |path: &RepoPath| path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        let last = name(path);
        let paths = || self.entries.iter().map(|entry| &entry.path);
        let case = paths().filter(|near| near.0.eq_ignore_ascii_case(&path.0));
        let elsewhere =
            paths().filter(|near| !near.0.eq_ignore_ascii_case(&path.0) && name(near).eq_ignore_ascii_case(&last));
        case.chain(elsewhere).take(SUGGESTED).collect()
    }

    /// Cuts lines `first` to `last` (from 1, both included) from the file at `path`.
    ///
    /// Errors: see [`Pin::find`]; a link or submodule; a binary file; lines that the file does not have.
    pub fn region(&self, path: &RepoPath, first: usize, last: usize) -> Result<Region> {
        let said = path.lossy();
        if first == 0 {
            return Err(Error::usage("Lines are counted from 1."));
        }
        if first > last {
            return Err(Error::usage(format!("Line {first} stands after line {last}; give the first line first.")));
        }
        let entry = self.find(path)?;
        match entry.kind {
            EntryKind::Symlink => return Err(Error::could_not(format!("{said} is a symbolic link; cite its target."))),
            EntryKind::Submodule => {
                return Err(Error::could_not(format!("{said} is a submodule: its files are another repository's.")));
            }
            EntryKind::File | EntryKind::Executable => {}
        }
        let bytes = self.blob(entry.oid)?;
        if is_binary(&bytes) {
            return Err(Error::could_not(format!(
                "{said} is binary (a NUL among its first {BINARY_BYTES} bytes) and has no lines."
            ))
            .hint("Cite it by its path, or describe it as an observation."));
        }
        let (start, end) = lines(&bytes, first, last).map_err(|count| match count {
            0 => Error::usage(format!("{said} is empty.")),
            count => Error::usage(format!("{said} ends at line {count}; there is no line {last}.")),
        })?;
        let sha256 = Sha256::of(&bytes[start..end]);
        Ok(Region { path: path.clone(), blob: entry.oid, first, last, start, end, sha256, commit: None })
    }

    /// Returns exactly the bytes a region names, after checking that it holds: the path has that blob at the pin (or
    /// at the ancestor the region names), the lines are that byte range, and the bytes have that digest.
    ///
    /// Errors: [`crate::error::Kind::False`] with the first thing that does not hold; a missing object.
    pub fn excerpt(&self, region: &Region) -> Result<Vec<u8>> {
        let commit = region.commit.unwrap_or(self.commit);
        self.require_ancestor(commit)?;
        let said = region.path.lossy();
        let short = commit.short();
        let tree = if commit == self.commit { self.tree } else { self.store.commit(commit)?.tree };
        match self.store.lookup(tree, &region.path.0)? {
            None => return Err(Error::falsity(format!("{said} is not in {short}."))),
            Some((node, _)) if !node.is_file() => {
                return Err(Error::falsity(format!("{said} is not a file in {short}.")));
            }
            Some((_, id)) if id != region.blob => {
                return Err(Error::falsity(format!("{said} in {short} is blob {id}, not {}.", region.blob)));
            }
            Some(_) => {}
        }
        let bytes = self.blob(region.blob)?;
        let (first, last) = (region.first, region.last);
        if first == 0 || first > last {
            return Err(Error::falsity(format!("Lines {first} to {last} of {said} are not a range.")));
        }
        let (start, end) = lines(&bytes, first, last)
            .map_err(|count| Error::falsity(format!("{said} has {count} lines; there is no line {last}.")))?;
        if (start, end) != (region.start, region.end) {
            return Err(Error::falsity(format!(
                "Lines {first} to {last} of {said} are bytes {start} to {end}, not {} to {}.",
                region.start, region.end
            )));
        }
        let digest = Sha256::of(&bytes[start..end]);
        if digest != region.sha256 {
            return Err(Error::falsity(format!(
                "Lines {first} to {last} of {said} have the SHA-256 {digest}, not {}.",
                region.sha256
            )));
        }
        Ok(bytes[start..end].to_vec())
    }

    fn require_ancestor(&self, commit: ObjectId) -> Result<()> {
        if commit == self.commit {
            return Ok(());
        }
        let known = match self.ancestors.get() {
            Some(known) => known,
            None => {
                let mut known = HashSet::new();
                self.each_commit(|id, _| {
                    known.insert(id);
                    Ok(())
                })?;
                self.ancestors.get_or_init(|| known)
            }
        };
        match (known.contains(&commit), self.store.is_shallow()) {
            (true, _) => Ok(()),
            (false, true) => Err(Error::could_not(format!(
                "This clone is shallow, so {} cannot be shown to be an ancestor of {}; run `git fetch --unshallow`.",
                commit.short(),
                self.commit.short()
            ))),
            (false, false) => {
                Err(Error::falsity(format!("The commit {commit} is not an ancestor of {}.", self.commit.short())))
            }
        }
    }

    /// Calls `each` once for every commit reachable from the pin, the pin first.
    pub(super) fn each_commit(
        &self,
        mut each: impl FnMut(ObjectId, &super::object::Commit) -> Result<()>,
    ) -> Result<()> {
        let mut seen = HashSet::from([self.commit]);
        let mut waiting = vec![self.commit];
        while let Some(id) = waiting.pop() {
            let commit = self.store.commit(id)?;
            each(id, &commit)?;
            waiting.extend(commit.parents.iter().filter(|parent| seen.insert(**parent)));
        }
        Ok(())
    }
}

/// Where git looks for a NUL.
const BINARY_BYTES: usize = 8000;

/// Tells whether git would call a file binary.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(BINARY_BYTES)].contains(&0)
}

/// Returns the byte range of lines `first` to `last`, or how many lines there are where they are not all there.
///
/// A line feed ends a line and belongs to it; what follows the last one is a line if it is not empty.
pub(super) fn lines(bytes: &[u8], first: usize, last: usize) -> Result<(usize, usize), usize> {
    let mut start = 0;
    let mut begin = None;
    let mut count = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        count += 1;
        if count == first {
            begin = Some(start);
        }
        start += line.len();
        if count == last {
            return begin.map(|begin| (begin, start)).ok_or(count);
        }
    }
    Err(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_belongs_to_its_line() {
        assert_eq!(lines(b"a\nb\n", 1, 1), Ok((0, 2)));
        assert_eq!(lines(b"a\nb", 1, 2), Ok((0, 3)));
        assert_eq!(lines(b"a\nb\n", 3, 3), Err(2));
        assert_eq!(lines(b"", 1, 1), Err(0));
        assert_eq!(lines(b"\n\n", 2, 2), Ok((1, 2)));
    }

    #[test]
    fn a_scope_entry_is_not_a_prefix_of_letters() {
        let scope = Scope(vec![b"packages/a".to_vec(), b"lock".to_vec()]);
        assert!(scope.holds(b"packages/a/x") && scope.holds(b"lock"));
        assert!(!scope.holds(b"packages/ab") && !scope.holds(b"lock2") && !scope.holds(b"packages"));
        assert!(scope.reaches(b"packages") && !scope.reaches(b"pack"));
    }
}
