//! Git repositories made in code, object by object, so that every id is the same everywhere.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use tempfile::TempDir;
use touchstone::model::hash::ObjectId;
use touchstone::repo::{Pin, Repo};

/// A file's mode.
pub const FILE: u32 = 0o100_644;
pub const EXECUTABLE: u32 = 0o100_755;
pub const SYMLINK: u32 = 0o120_000;
pub const SUBMODULE: u32 = 0o160_000;
pub const FOLDER: u32 = 0o040_000;

/// A name or path, its mode and its object.
pub type Item<'a> = (&'a [u8], u32, Oid);

/// A repository in a temporary folder, deleted when dropped.
pub struct Fixture {
    pub dir: TempDir,
    pub git: PathBuf,
    raw: git2::Repository,
}

pub fn own(id: Oid) -> ObjectId {
    id.to_string().parse().unwrap()
}

impl Fixture {
    pub fn new() -> Fixture {
        let dir = TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap().join("r.git");
        Fixture::at(dir, &path, true)
    }

    /// Makes the repository at `path` in `dir`: bare, or in a `.git` folder of a work tree.
    pub fn at(dir: TempDir, path: &Path, bare: bool) -> Fixture {
        let mut options = git2::RepositoryInitOptions::new();
        let raw = git2::Repository::init_opts(path, options.bare(bare).external_template(false)).unwrap();
        let git = if bare { path.to_owned() } else { path.join(".git") };
        let fixture = Fixture { dir, git, raw };
        fixture.write("HEAD", "ref: refs/heads/main\n");
        fixture
    }

    /// Writes a file of the git directory.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.git.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn object(&self, kind: ObjectType, bytes: &[u8]) -> Oid {
        self.raw.odb().unwrap().write(kind, bytes).unwrap()
    }

    pub fn blob(&self, bytes: impl AsRef<[u8]>) -> Oid {
        self.object(ObjectType::Blob, bytes.as_ref())
    }

    /// Writes one tree as given: also names and orders that git would not write.
    pub fn raw_tree(&self, items: &[Item<'_>]) -> Oid {
        let mut bytes = Vec::new();
        for (name, mode, id) in items {
            bytes.extend(format!("{mode:o} ").into_bytes());
            bytes.extend(*name);
            bytes.push(0);
            bytes.extend(id.as_bytes());
        }
        self.object(ObjectType::Tree, &bytes)
    }

    /// Writes the trees for paths with `/`.
    pub fn tree(&self, items: &[Item<'_>]) -> Oid {
        let mut here: BTreeMap<Vec<u8>, (u32, Oid)> = BTreeMap::new();
        let mut below: BTreeMap<Vec<u8>, Vec<Item<'_>>> = BTreeMap::new();
        for (path, mode, id) in items {
            match path.iter().position(|byte| *byte == b'/') {
                Some(at) => below.entry(path[..at].to_vec()).or_default().push((&path[at + 1..], *mode, *id)),
                None => drop(here.insert(path.to_vec(), (*mode, *id))),
            }
        }
        for (name, items) in below {
            // Git sorts a folder as if its name ended in `/`.
            here.insert([&name[..], b"/"].concat(), (FOLDER, self.tree(&items)));
        }
        let items: Vec<Item<'_>> =
            here.iter().map(|(name, (mode, id))| (name.strip_suffix(b"/").unwrap_or(name), *mode, *id)).collect();
        self.raw_tree(&items)
    }

    pub fn commit(&self, tree: Oid, parents: &[Oid], seconds: i64) -> Oid {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            text += &format!("parent {parent}\n");
        }
        text += &format!("author A U Thor <a@example.org> {seconds} +0000\n");
        text += &format!("committer C O Mitter <c@example.org> {seconds} +0000\n\nm\n");
        self.object(ObjectType::Commit, text.as_bytes())
    }

    /// Commits text files.
    pub fn files(&self, files: &[(&str, &str)], parents: &[Oid], seconds: i64) -> Oid {
        let items: Vec<Item<'_>> = files.iter().map(|(path, text)| (path.as_bytes(), FILE, self.blob(text))).collect();
        self.commit(self.tree(&items), parents, seconds)
    }

    pub fn main(&self, commit: Oid) {
        self.write("refs/heads/main", format!("{commit}\n"));
    }

    pub fn open(&self) -> Repo {
        Repo::discover(&self.git).unwrap()
    }

    pub fn pin(&self, commit: Oid) -> Pin {
        self.open().pin(own(commit), &[]).unwrap()
    }

    /// Returns the file of a loose object.
    pub fn loose(&self, id: Oid) -> PathBuf {
        let text = id.to_string();
        self.git.join("objects").join(&text[..2]).join(&text[2..])
    }
}

/// Overwrites a read-only file.
pub fn overwrite(path: &Path, bytes: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

pub fn mkfifo(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}
