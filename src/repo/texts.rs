//! The texts at the pin, kept in memory so that searches need not read and verify them again.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::evidence::SkipReason;
use crate::model::hash::ObjectId;

/// What a search does with a blob.
#[derive(Clone)]
pub(super) enum Text {
    /// It reads these bytes.
    Bytes(Arc<[u8]>),
    /// It leaves it out.
    Not(SkipReason),
}

/// Texts by blob, their hashes verified when they were read. They are shared by all pins of a clone.
#[derive(Default)]
pub(super) struct Texts(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    by_blob: HashMap<ObjectId, Text>,
    bytes: u64,
    budget: u64,
}

impl Texts {
    /// Lets so many bytes be kept. At first nothing is: a command that runs one search has no use for it.
    pub fn allow(&self, budget: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).budget = budget;
    }

    /// Returns a blob's text, if it is kept.
    pub fn get(&self, blob: ObjectId) -> Option<Text> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_blob.get(&blob).cloned()
    }

    /// Tells whether a text of so many bytes would be kept.
    pub fn has_room(&self, bytes: u64) -> bool {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.budget > 0 && kept.bytes + bytes <= kept.budget
    }

    /// Keeps a text, if there is room for it.
    pub fn keep(&self, blob: ObjectId, text: Text) {
        let size = match &text {
            Text::Bytes(bytes) => bytes.len() as u64,
            Text::Not(_) => 0,
        };
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.budget > 0 && kept.bytes + size <= kept.budget && kept.by_blob.insert(blob, text).is_none() {
            kept.bytes += size;
        }
    }

    /// Returns how many bytes are kept.
    pub fn bytes(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).bytes
    }
}
