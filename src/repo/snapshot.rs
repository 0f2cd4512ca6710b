//! Single folders and files at a commit: for a repository of which only a part is asked for.

use git2::ObjectType;

use super::object::{Named, Node, Store};
use crate::error::{Error, Result};
use crate::model::hash::ObjectId;
use crate::model::time::Time;

/// A commit, of which folders and files are read one at a time. Every object's hash is verified; nothing is followed.
#[derive(Clone)]
pub struct Snapshot {
    store: Store,
    commit: ObjectId,
    tree: ObjectId,
    at: Time,
}

impl Snapshot {
    pub(super) fn open(store: Store, commit: ObjectId) -> Result<Snapshot> {
        let read = store.commit(commit)?;
        let at = Time::from_unix(read.seconds)
            .ok_or_else(|| Error::could_not(format!("The time of the commit {commit} is out of range.")))?;
        Ok(Snapshot { store, commit, tree: read.tree, at })
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

    /// Lists a folder by its tree, in git's own order.
    ///
    /// Errors: a missing or malformed tree, or one in which a name stands twice.
    pub fn list(&self, tree: ObjectId) -> Result<Vec<Named>> {
        self.store.tree(tree)
    }

    /// Returns what stands at a path, from the commit's root and with `/`; the empty path is the root itself.
    ///
    /// Errors: a missing or malformed tree on the way.
    pub fn find(&self, path: &[u8]) -> Result<Option<(Node, ObjectId)>> {
        self.find_in(self.tree, path)
    }

    /// Runs [`Snapshot::find`] from a tree of the commit instead of its root.
    ///
    /// Errors: see there.
    pub fn find_in(&self, tree: ObjectId, path: &[u8]) -> Result<Option<(Node, ObjectId)>> {
        if path.is_empty() {
            return Ok(Some((Node::Folder, tree)));
        }
        self.store.lookup(tree, path)
    }

    /// Returns a blob's bytes, or `None` where it has more than `limit` and was not loaded.
    ///
    /// Errors: not in this clone, not a blob, or bytes that do not have the hash.
    pub fn blob(&self, id: ObjectId, limit: u64) -> Result<Option<Vec<u8>>> {
        let header = self.store.header(id)?;
        if header.is_some_and(|(_, size)| size > limit) {
            return Ok(None);
        }
        Ok(Some(self.store.read_known(id, ObjectType::Blob, header)?.data().to_vec()))
    }
}
