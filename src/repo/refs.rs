//! Names to commits: HEAD, branches, tags and abbreviated hashes, read from the files themselves.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::ObjectType;

use super::gitdir::{GitDir, LARGE, SMALL, object_id, read_plain};
use super::object::Store;
use super::pin::Pin;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// How often a symbolic ref or an annotated tag may lead to another one.
const HOPS: usize = 5;
/// A folder of refs is listed no further than this.
const TAGS: usize = 100_000;

/// A clone on disk.
#[derive(Clone)]
pub struct Repo {
    around: PathBuf,
    own: PathBuf,
    common: PathBuf,
    origin: Option<String>,
    pub(super) objects: Vec<PathBuf>,
    pub(super) store: Store,
}

/// The refs of `packed-refs`. What git notes there about tags' targets is not used: it is not verified.
#[derive(Default)]
pub(super) struct Packed {
    refs: HashMap<String, ObjectId>,
    /// Names that cannot be asked for: not UTF-8, or not allowed.
    odd: Vec<Vec<u8>>,
}

/// The refs below a folder.
pub(super) struct Listed {
    /// Their full names.
    pub names: BTreeSet<String>,
    /// How many have a name that cannot be asked for, or lie too deep.
    pub odd: usize,
    /// There are more than are listed, or a folder cannot be read.
    pub cut: bool,
}

impl Repo {
    /// Opens the clone at `path`, or the nearest one above it: a work tree, a linked worktree or a bare repository.
    ///
    /// Errors: no repository; one whose form is refused (reftable, partial clone, SHA-256, links in place of files).
    pub fn discover(path: &Path) -> Result<Repo> {
        let found = GitDir::discover(path)?;
        let store = Store::open(&found.objects, found.shallow)?;
        let GitDir { around, own, common, origin, objects, .. } = found;
        Ok(Repo { around, own, common, origin, objects, store })
    }

    /// Returns the canonical path of the common git directory: the clone's identity, the same for all its worktrees.
    pub fn git_dir(&self) -> &Path {
        &self.common
    }

    /// Returns the path of a folder inside the work tree, from its root and with `/`; `None` where it does not lie in it.
    ///
    /// Of a bare repository only the repository itself is inside: its root.
    pub fn inside(&self, folder: &Path) -> Option<Vec<u8>> {
        let folder = fs::canonicalize(folder).ok()?;
        if folder == self.own || folder == self.common {
            return Some(Vec::new());
        }
        let path = folder.strip_prefix(&self.around).ok()?;
        let parts: Vec<&[u8]> = path.iter().map(|part| part.as_bytes()).collect();
        Some(parts.join(&b'/'))
    }

    /// Opens a commit to read single folders of it.
    ///
    /// Errors: a commit that is not in this clone, a damaged object.
    pub fn snapshot(&self, commit: ObjectId) -> Result<Snapshot> {
        Snapshot::open(self.store.clone(), self.peel(&commit.short(), commit)?)
    }

    /// Returns the folders that are the audited clone's: a program in one of them is the clone's own.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.common.clone(), self.own.clone(), self.around.clone()];
        let named = read_plain(&self.own, "gitdir", SMALL).ok().flatten().unwrap_or_default();
        let named = PathBuf::from(std::ffi::OsStr::from_bytes(named.trim_ascii()));
        for dot_git in [self.common.clone(), named] {
            if let (Some(".git"), Some(folder)) = (dot_git.file_name().and_then(|name| name.to_str()), dot_git.parent())
            {
                folders.push(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()));
            }
        }
        folders
    }

    /// Tells whether the clone lacks part of its history.
    pub fn is_shallow(&self) -> bool {
        self.store.is_shallow()
    }

    /// Returns the URL of the remote `origin`, without a login: records are published.
    pub fn origin_url(&self) -> Option<String> {
        self.origin.clone()
    }

    /// Returns the commit that HEAD names, on a branch or detached.
    ///
    /// Errors: no commit yet, or one that is not in this clone.
    pub fn head(&self) -> Result<ObjectId> {
        let packed = self.packed()?;
        match self.follow("HEAD", &packed)? {
            Some(id) => self.peel("HEAD", id),
            None => Err(Error::could_not(format!("HEAD of {} names no commit yet.", self.common.display()))
                .hint("Commit or fetch first, or name a branch, tag or commit.")),
        }
    }

    /// Returns the commit that `rev` names: HEAD, a branch, a remote's branch, a tag, `refs/...`, or a full or
    /// abbreviated hash of at least 4 digits.
    ///
    /// Errors: nothing of that name, a name that means several commits, or an object that is not a commit.
    pub fn resolve(&self, rev: &str) -> Result<ObjectId> {
        if rev == "HEAD" {
            return self.head();
        }
        let hash = rev.to_ascii_lowercase();
        let is_hash = (4..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        // A branch can be named like a hash; a full hash must mean itself all the same.
        if let Some(id) = Some(&hash).filter(|hash| hash.len() == 40).and_then(|hash| object_id(hash.as_bytes())) {
            return self.peel(rev, id);
        }
        if !valid(rev) {
            return Err(Error::usage(format!("{rev:?} is not a branch, a tag or a hash."))
                .hint("Forms such as HEAD~3 are not read; `git rev-parse` prints the hash."));
        }
        let packed = self.packed()?;
        let mut names = vec![rev.to_owned()];
        if !rev.starts_with("refs/") {
            names = ["tags/", "heads/", "remotes/", ""].map(|folder| format!("refs/{folder}{rev}")).to_vec();
            names.push(format!("refs/remotes/{rev}/HEAD"));
        }
        let mut found: Vec<(String, ObjectId)> = Vec::new();
        for name in names {
            if let Some(id) = self.follow(&name, &packed)? {
                found.push((name.clone(), self.peel(&name, id)?));
            }
        }
        if is_hash {
            let short = self.store.with_prefix(&hash)?;
            if let ([id], true) = (short.as_slice(), found.is_empty()) {
                return self.peel(rev, *id);
            }
            for id in short {
                // Beside a ref of that name, only a commit can be meant.
                if let Ok(commit) = self.peel(rev, id) {
                    found.push((format!("commit {}", id), commit));
                }
            }
        }
        match found.as_slice() {
            [] if is_hash => {
                Err(Error::could_not(format!("The commit {rev} is not in this clone; fetch it or pass --repo.")))
            }
            [] => Err(Error::could_not(format!(
                "There is no branch, tag or commit {rev} in this clone; fetch it or pass --repo."
            ))),
            [(_, first), rest @ ..] if rest.iter().all(|(_, id)| id == first) => Ok(*first),
            several => {
                let list: Vec<String> = several.iter().map(|(name, id)| format!("{name} ({})", id.short())).collect();
                Err(Error::could_not(format!("{rev} is ambiguous: {}.", list.join(", ")))
                    .hint("Give the full name or the full hash."))
            }
        }
    }

    /// Returns the names of the tags that point at `commit`, sorted. A tag that cannot be read is left out.
    pub fn tags_at(&self, commit: ObjectId) -> Vec<String> {
        let packed = self.packed().unwrap_or_default();
        let names = self.listed("refs/tags/", &packed).names;
        let points = |name: &String| {
            let id = self.follow(name, &packed).ok().flatten()?;
            (self.peel(name, id).ok()? == commit).then(|| name.trim_start_matches("refs/tags/").to_owned())
        };
        names.iter().filter_map(points).collect()
    }

    /// Lists the refs below a folder, which ends in `/`.
    pub(super) fn listed(&self, below: &str, packed: &Packed) -> Listed {
        let packed_names = packed.refs.keys().filter(|name| name.starts_with(below));
        let mut names: BTreeSet<String> = packed_names.cloned().collect();
        let mut odd = packed.odd.iter().filter(|name| name.starts_with(below.as_bytes())).count();
        let mut cut = false;
        let mut waiting = vec![below.trim_end_matches('/').to_owned()];
        while let Some(folder) = waiting.pop() {
            let entries = match fs::read_dir(self.common.join(&folder)) {
                Ok(entries) => entries,
                Err(error) => {
                    // All refs may be packed.
                    cut |= error.kind() != std::io::ErrorKind::NotFound;
                    continue;
                }
            };
            for entry in entries {
                let Ok((entry, kind)) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) else {
                    cut = true;
                    continue;
                };
                let name = entry.file_name().into_string().map(|name| format!("{folder}/{name}"));
                let Some(name) = name.ok().filter(|name| valid(name) && name.matches('/').count() < 32) else {
                    // Git's own marks of a ref that is being written are none.
                    odd += usize::from(!entry.file_name().as_bytes().ends_with(b".lock"));
                    continue;
                };
                if kind.is_dir() && waiting.len() < TAGS {
                    waiting.push(name);
                } else if kind.is_file() && names.len() < TAGS {
                    names.insert(name);
                } else if kind.is_dir() || kind.is_file() {
                    cut = true;
                } else {
                    odd += 1;
                }
            }
        }
        Listed { names, odd, cut }
    }

    /// Returns the tree at `commit`, limited to `scope`: files and folders, none for everything.
    ///
    /// Errors: a commit that is not in this clone, a scope entry that does not exist there, a damaged object.
    pub fn pin(&self, commit: ObjectId, scope: &[RepoPath]) -> Result<Pin> {
        let commit = self.peel(&commit.short(), commit)?;
        Pin::walk(self.store.clone(), commit, scope)
    }

    /// Reads the value of a ref, following symbolic refs; `None` means that it does not exist.
    pub(super) fn follow(&self, name: &str, packed: &Packed) -> Result<Option<ObjectId>> {
        let mut name = name.to_owned();
        for _ in 0..=HOPS {
            let folder = if name == "HEAD" { &self.own } else { &self.common };
            let Some(bytes) = read_plain(folder, &name, SMALL)? else { return Ok(packed.refs.get(&name).copied()) };
            let value = bytes.trim_ascii_end();
            let Some(target) = value.strip_prefix(b"ref:") else {
                return object_id(value)
                    .map(Some)
                    .ok_or_else(|| Error::could_not(format!("The ref {name} does not hold an object id.")));
            };
            let target = std::str::from_utf8(target.trim_ascii()).unwrap_or_default();
            if !target.starts_with("refs/") || !valid(target) {
                return Err(Error::unsafe_input(format!("The ref {name} leads to {target:?}, which is not a ref.")));
            }
            name = target.to_owned();
        }
        Err(Error::unsafe_input(format!("The ref {name} leads to other refs more than {HOPS} times.")))
    }

    /// Returns the commit that an object is or that a tag object leads to. `said` is how the user named it.
    pub(super) fn peel(&self, said: &str, mut id: ObjectId) -> Result<ObjectId> {
        for _ in 0..=HOPS {
            match self.store.header(id)? {
                Some((ObjectType::Commit, _)) => return Ok(id),
                Some((ObjectType::Tag, _)) => id = self.store.tag_target(id)?,
                Some((kind, _)) => return Err(Error::could_not(format!("{said} names a {kind}, not a commit."))),
                None => {
                    return Err(Error::could_not(format!(
                        "The commit {} is not in this clone; fetch it or pass --repo.",
                        if said.len() >= 4 && id.to_string().starts_with(said) { said.to_owned() } else { id.short() }
                    )));
                }
            }
        }
        Err(Error::unsafe_input(format!("The tag {said} leads to other tags more than {HOPS} times.")))
    }

    pub(super) fn packed(&self) -> Result<Packed> {
        let bytes = read_plain(&self.common, "packed-refs", LARGE)?.unwrap_or_default();
        let mut packed = Packed::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            if line.is_empty() || matches!(line[0], b'#' | b'^') {
                continue;
            }
            let id = line.get(..40).and_then(object_id).filter(|_| line.get(40) == Some(&b' '));
            let id = id.ok_or_else(|| {
                Error::could_not(format!("{} is malformed.", self.common.join("packed-refs").display()))
            })?;
            let name = line[41..].trim_ascii_end();
            match std::str::from_utf8(name).ok().filter(|name| valid(name)) {
                Some(name) => drop(packed.refs.insert(name.to_owned(), id)),
                None => packed.odd.push(name.to_vec()),
            }
        }
        Ok(packed)
    }
}

/// Tells whether a ref name is one git allows: above all, one that cannot lead out of the git directory.
fn valid(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    name.len() <= 4096
        && name != "@"
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(odd)
        && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::valid;

    #[test]
    fn ref_names_cannot_leave_the_git_directory() {
        for good in ["main", "refs/heads/feature/x", "v1.2.3", "déjà"] {
            assert!(valid(good), "{good}");
        }
        for bad in
            ["", "/etc/passwd", "../x", "refs/../../x", "a..b", "a//b", "a/", ".git", "a.lock", "HEAD~1", "a b", "@"]
        {
            assert!(!valid(bad), "{bad}");
        }
    }
}
