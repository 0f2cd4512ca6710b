//! Blobs that are too large to be searched: that they are is verified before a search rests on it.
//!
//! A header is not covered by anything: a forged one makes any file "too large", and absence of what it holds would be
//! accepted. So the object is hashed, in bounded memory.

use std::io::Read as _;
use std::sync::PoisonError;

use git2::{ErrorCode, ObjectType};
use sha1_checked::{Digest as _, Sha1};

use super::object::{Store, changed, damaged, oid};
use crate::error::{Error, Result};
use crate::model::hash::ObjectId;

/// A loose object of more bytes is not hashed: it would take longer than anybody waits.
const LOOSE: u64 = 8 << 30;
/// An object in a pack can only be read whole, and more bytes do not fit in memory.
const PACKED: u64 = 128 << 20;
/// How many bytes are hashed between two questions whether to stop.
const CHUNK: usize = 1 << 20;

impl Store {
    /// Verifies that a blob is what its header says, as large as that. Returns false once `stop` holds.
    ///
    /// Errors: bytes that do not have the hash; more of them than can be hashed here.
    pub fn verify_large(&self, id: ObjectId, stop: &dyn Fn() -> bool) -> Result<bool> {
        // Held all the while: whoever else asks for it waits for the answer, and memory holds one of them at a time.
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        if sound.contains(&id) {
            return Ok(true);
        }
        let verified = match self.odb.reader(oid(id)?) {
            Ok((mut reader, size, kind)) => {
                let size = size as u64;
                if size > LOOSE {
                    return Err(unverified(id, size));
                }
                let mut hash = Sha1::new();
                hash.update(format!("{} {size}\0", kind.str()));
                let (mut left, mut chunk) = (size, vec![0; CHUNK]);
                while left > 0 {
                    if stop() {
                        return Ok(false);
                    }
                    let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                    match reader.read(&mut chunk[..want]) {
                        Ok(0) => break,
                        Ok(read) => {
                            hash.update(&chunk[..read]);
                            left -= read as u64;
                        }
                        Err(_) => return Err(changed(id)),
                    }
                }
                let hash = hash.try_finalize();
                left == 0 && !hash.has_collision() && hash.hash().as_slice() == id.0
            }
            Err(error) if error.code() == ErrorCode::NotFound => {
                let size = self.header(id)?.map_or(0, |(_, size)| size);
                if size > PACKED {
                    return Err(unverified(id, size));
                }
                // libgit2 compares the hash.
                self.odb.read(oid(id)?).map_err(|error| damaged(id, &error))?.kind() == ObjectType::Blob
            }
            Err(error) => return Err(damaged(id, &error)),
        };
        if !verified {
            return Err(changed(id));
        }
        sound.insert(id);
        Ok(true)
    }
}

fn unverified(id: ObjectId, size: u64) -> Error {
    Error::could_not(format!(
        "The blob {id} has {size} bytes, too many to verify its hash, so a search that leaves it out proves nothing."
    ))
    .hint("Limit the search to other files by its globs, or the audit's scope to other folders.")
}
