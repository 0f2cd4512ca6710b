//! Turns object ids into verified bytes, commits and trees.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use git2::{ErrorCode, ObjectType, Odb, OdbObject, Oid};

use super::BLOB_LIMIT;
use super::gitdir::object_id;
use super::texts::Texts;
use crate::error::{Error, Result};
use crate::model::hash::{Hex, ObjectId};

/// The clone's objects. libgit2 is given object folders and nothing else: no config, no refs, no work tree.
#[derive(Clone)]
pub(super) struct Store {
    pub odb: Arc<Odb<'static>>,
    shallow: Arc<HashSet<ObjectId>>,
    /// Large blobs whose hash was verified.
    pub sound: Arc<Mutex<HashSet<ObjectId>>>,
    /// Texts that were read already.
    pub texts: Arc<Texts>,
}

/// What a commit says that matters here.
pub(super) struct Commit {
    pub tree: ObjectId,
    /// Empty for a root commit and at the edge of a shallow clone.
    pub parents: Vec<ObjectId>,
    /// The committer's time, in seconds since 1970.
    pub seconds: i64,
}

/// What a tree holds under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// Another tree.
    Folder,
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its blob holds the target. Never followed.
    Symlink,
    /// Another repository's commit. Never followed.
    Submodule,
}

impl Node {
    /// Tells whether the object is a file's content.
    pub fn is_file(self) -> bool {
        matches!(self, Node::File | Node::Executable)
    }
}

/// One line of a tree.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name: neither empty nor `.` or `..`, and without `/`; else any bytes.
    pub name: Vec<u8>,
    /// What it is.
    pub node: Node,
    /// The blob, the tree, or a submodule's commit.
    pub id: ObjectId,
}

pub(super) fn oid(id: ObjectId) -> Result<Oid> {
    Oid::from_bytes(&id.0).map_err(|error| Error::could_not(format!("{id} is not an object id: {}.", error.message())))
}

/// Returns git2's object id as the model's.
fn own_id(id: Oid) -> Result<ObjectId> {
    let bytes = id.as_bytes().try_into();
    bytes.map(Hex).map_err(|_| Error::could_not(format!("{id} is not a SHA-1 object id.")))
}

impl Store {
    /// Opens the object folder of a clone that [`super::gitdir`] has looked at; libgit2 adds its alternates.
    pub fn open(objects: &[PathBuf], shallow: HashSet<ObjectId>) -> Result<Store> {
        // A switch of the whole process; on is also its default, and evidence rests on it.
        git2::opts::strict_hash_verification(true);
        let failed =
            |error: git2::Error| Error::could_not(format!("The objects cannot be opened: {}.", error.message()));
        let odb = Odb::new().map_err(failed)?;
        if let Some(own) = objects.first() {
            let text = own.to_str().ok_or_else(|| {
                Error::could_not(format!("{} is not UTF-8; move the clone to a path that is.", own.display()))
            })?;
            odb.add_disk_alternate(text).map_err(failed)?;
        }
        Ok(Store { odb: Arc::new(odb), shallow: Arc::new(shallow), sound: Arc::default(), texts: Arc::default() })
    }

    /// Tells whether history ends early because the clone was made with `--depth`.
    pub fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// Tells whether a commit's parents were not fetched.
    pub fn is_edge(&self, id: ObjectId) -> bool {
        self.shallow.contains(&id)
    }

    /// Returns the commits whose parents were not fetched, sorted.
    pub fn edges(&self) -> Vec<ObjectId> {
        let mut edges: Vec<ObjectId> = self.shallow.iter().copied().collect();
        edges.sort();
        edges
    }

    /// Returns an object's type and size in bytes without loading it; `None` means that it is not in this clone.
    pub fn header(&self, id: ObjectId) -> Result<Option<(ObjectType, u64)>> {
        match self.odb.read_header(oid(id)?) {
            Ok((size, kind)) => Ok(Some((kind, size as u64))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(damaged(id, &error)),
        }
    }

    /// Returns an object of the given type, its hash verified.
    ///
    /// Errors: missing, of another type, over [`BLOB_LIMIT`], or bytes that do not have the hash.
    pub fn read(&self, id: ObjectId, want: ObjectType) -> Result<OdbObject<'_>> {
        self.read_known(id, want, self.header(id)?)
    }

    /// Runs [`Store::read`] on an object whose header was read already.
    pub fn read_known(
        &self,
        id: ObjectId,
        want: ObjectType,
        header: Option<(ObjectType, u64)>,
    ) -> Result<OdbObject<'_>> {
        match header {
            None => Err(Error::could_not(format!("The {want} {id} is missing from this clone."))
                .hint("Run `git fsck`, and fetch or clone again.")),
            Some((kind, _)) if kind != want => {
                Err(Error::could_not(format!("The object {id} is a {kind}, not a {want}.")))
            }
            Some((_, size)) if size > BLOB_LIMIT => Err(Error::could_not(format!(
                "The {want} {id} has {size} bytes; over {} MiB nothing is loaded.",
                BLOB_LIMIT >> 20
            ))),
            Some(_) => self.odb.read(oid(id)?).map_err(|error| damaged(id, &error)),
        }
    }

    /// Returns the ids of all commits and tags that start with `prefix`, hexadecimal digits in lower case.
    pub fn with_prefix(&self, prefix: &str) -> Result<Vec<ObjectId>> {
        let padded = format!("{prefix:0<40}");
        let short = padded.parse().map_err(|_| Error::usage(format!("{prefix} is not hexadecimal.")))?;
        match self.odb.exists_prefix(oid(short)?, prefix.len()) {
            Ok(id) => return Ok(vec![own_id(id)?]),
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) if error.code() == ErrorCode::Ambiguous => {}
            Err(error) => return Err(Error::could_not(format!("{prefix} cannot be looked up: {}.", error.message()))),
        }
        // Blobs and trees may share the prefix with the one commit that is meant.
        let mut all = HashSet::new();
        self.odb
            .foreach(|id| {
                if let Ok(id) = own_id(*id)
                    && id.to_string().starts_with(prefix)
                {
                    all.insert(id);
                }
                true
            })
            .map_err(|error| Error::could_not(format!("The objects cannot be listed: {}.", error.message())))?;
        let mut found = Vec::new();
        for id in all {
            if matches!(self.header(id)?, Some((ObjectType::Commit | ObjectType::Tag, _))) {
                found.push(id);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Reads a commit.
    pub fn commit(&self, id: ObjectId) -> Result<Commit> {
        let object = self.read(id, ObjectType::Commit)?;
        let mut commit =
            parse_commit(object.data()).ok_or_else(|| Error::could_not(format!("The commit {id} is malformed.")))?;
        if self.shallow.contains(&id) {
            commit.parents.clear();
        }
        Ok(commit)
    }

    /// Returns what an annotated tag points at.
    pub fn tag_target(&self, id: ObjectId) -> Result<ObjectId> {
        let object = self.read(id, ObjectType::Tag)?;
        let target = object.data().strip_prefix(b"object ").and_then(|rest| object_id(rest.get(..40)?));
        target.ok_or_else(|| Error::could_not(format!("The tag {id} is malformed.")))
    }

    /// Reads a tree, in its own order.
    ///
    /// Errors: also a name that git does not allow or that stands twice, since one path would then mean two files.
    pub fn tree(&self, id: ObjectId) -> Result<Vec<Named>> {
        let object = self.read(id, ObjectType::Tree)?;
        parse_tree(object.data()).map_err(|why| refused(id, &why))
    }

    /// Returns what stands at a path below a tree, without walking the rest; `None` means nothing does.
    pub fn lookup(&self, root: ObjectId, path: &[u8]) -> Result<Option<(Node, ObjectId)>> {
        let mut at = (Node::Folder, root);
        for part in path.split(|byte| *byte == b'/') {
            if at.0 != Node::Folder {
                return Ok(None);
            }
            match self.named(at.1, part)? {
                Some(named) => at = named,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Returns what stands in a tree under a name.
    pub fn named(&self, tree: ObjectId, name: &[u8]) -> Result<Option<(Node, ObjectId)>> {
        let object = self.read(tree, ObjectType::Tree)?;
        find_named(object.data(), name).map_err(|why| refused(tree, &why))
    }
}

fn refused(tree: ObjectId, why: &str) -> Error {
    Error::unsafe_input(format!("The tree {tree} {why}."))
}

pub(super) fn changed(id: ObjectId) -> Error {
    Error::falsity(format!("The object {id} was changed: its bytes do not have this hash."))
        .hint("Delete the clone and clone again.")
}

pub(super) fn damaged(id: ObjectId, error: &git2::Error) -> Error {
    if error.code() == ErrorCode::HashsumMismatch {
        return changed(id);
    }
    Error::could_not(format!("The object {id} cannot be read: {}.", error.message()))
        .hint("Run `git fsck`, and fetch or clone again.")
}

/// Returns the parents that a commit's bytes name.
pub(super) fn own_parents(bytes: &[u8]) -> Vec<ObjectId> {
    parse_commit(bytes).map(|commit| commit.parents).unwrap_or_default()
}

fn parse_commit(bytes: &[u8]) -> Option<Commit> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let tree = object_id(lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    for line in lines {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(object_id(parent)?);
        } else if let Some(who) = line.strip_prefix(b"committer ") {
            // A name may hold anything but `>`, so the time is what follows the last one.
            let after = &who[who.iter().rposition(|byte| *byte == b'>')? + 1..];
            let seconds = std::str::from_utf8(after).ok()?.split_whitespace().next()?.parse().ok()?;
            return Some(Commit { tree, parents, seconds });
        } else if line.is_empty() {
            return None;
        }
    }
    None
}

/// A line of a tree: its node, name and object, and the bytes after it.
type Line<'a> = (Node, &'a [u8], ObjectId, &'a [u8]);

fn parse_line(bytes: &[u8]) -> Result<Line<'_>, String> {
    let broken = || "is malformed".to_owned();
    let space = memchr::memchr(b' ', bytes).ok_or_else(broken)?;
    let nul = space + memchr::memchr(0, &bytes[space..]).ok_or_else(broken)?;
    if bytes[..space].contains(&0) {
        return Err(broken());
    }
    let mode = std::str::from_utf8(&bytes[..space]).map_err(|_| broken())?;
    let mode = u32::from_str_radix(mode, 8).map_err(|_| broken())?;
    let name = &bytes[space + 1..nul];
    let id = bytes.get(nul + 1..nul + 21).and_then(|id| id.try_into().ok()).map(Hex).ok_or_else(broken)?;
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
        return Err(format!("holds the name {:?}, which git does not allow", String::from_utf8_lossy(name)));
    }
    let node = match mode & 0o170_000 {
        0o040_000 => Node::Folder,
        0o100_000 if mode & 0o100 != 0 => Node::Executable,
        0o100_000 => Node::File,
        0o120_000 => Node::Symlink,
        0o160_000 => Node::Submodule,
        _ => return Err(format!("holds the mode {mode:o}, which git does not know")),
    };
    Ok((node, name, id, &bytes[nul + 21..]))
}

/// Returns what stands in a tree under a name.
fn find_named(mut bytes: &[u8], wanted: &[u8]) -> Result<Option<(Node, ObjectId)>, String> {
    let mut found = None;
    while !bytes.is_empty() {
        let (node, name, id, rest) = parse_line(bytes)?;
        bytes = rest;
        if name == wanted && found.replace((node, id)).is_some() {
            return Err(twice(name));
        }
    }
    Ok(found)
}

fn twice(name: &[u8]) -> String {
    format!("holds the name {:?} twice", String::from_utf8_lossy(name))
}

fn parse_tree(mut bytes: &[u8]) -> Result<Vec<Named>, String> {
    let mut list: Vec<Named> = Vec::new();
    let mut sorted = true;
    while !bytes.is_empty() {
        let (node, name, id, rest) = parse_line(bytes)?;
        bytes = rest;
        sorted &= list.last().is_none_or(|last| last.name.as_slice() < name);
        list.push(Named { name: name.to_vec(), node, id });
    }
    if !sorted {
        // Git sorts a folder as if its name ended in `/`, so names out of byte order are common and doubles may lie apart.
        let mut names: Vec<&[u8]> = list.iter().map(|named| named.name.as_slice()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(twice(pair[0]));
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mode: &str, name: &str) -> Vec<u8> {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[7; 20]].concat()
    }

    #[test]
    fn refuses_crafted_trees() {
        for name in ["", ".", "..", "a/b"] {
            assert!(parse_tree(&line("100644", name)).is_err(), "{name:?}");
        }
        assert!(parse_tree(&line("20000", "device")).is_err());
        let twice = [line("100644", "a"), line("100644", "a.b"), line("40000", "a")].concat();
        assert!(parse_tree(&twice).unwrap_err().contains("twice"));
        let apart = [line("100644", "a.b"), line("40000", "a")].concat();
        assert_eq!(parse_tree(&apart).unwrap().len(), 2);
        assert!(find_named(&twice, b"a").unwrap_err().contains("twice"));
        assert!(find_named(&apart, b"a").unwrap().is_some_and(|(node, _)| node == Node::Folder));
        assert_eq!(find_named(&apart, b"b").unwrap(), None);
        assert_eq!(parse_tree(&line("100664", "old")).unwrap()[0].node, Node::File);
    }

    #[test]
    fn takes_the_time_after_the_last_bracket() {
        let text =
            format!("tree {0}\nparent {0}\nauthor x\ncommitter a> 1 <b@c> 77 +0200\n\nparent no\n", "0".repeat(40));
        let commit = parse_commit(text.as_bytes()).unwrap();
        assert_eq!((commit.seconds, commit.parents.len()), (77, 1));
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(bytes: Vec<u8>, cut in 0_usize..90) {
            let _ = parse_tree(&bytes);
            let _ = find_named(&bytes, b"a");
            let _ = parse_commit(&bytes);
            let whole = [line("100644", "a"), line("40000", "b"), line("120000", "c")].concat();
            let _ = parse_tree(&whole[..cut.min(whole.len())]);
        }
    }
}
