//! How much there is to read at the pin: the lines of every text file.

use std::collections::HashMap;

use super::line_count;
use super::pin::{EntryKind, Pin};
use super::search::with_text;
use crate::error::Result;
use crate::model::coverage::Extent;
use crate::model::evidence::SkipReason;
use crate::model::hash::ObjectId;

impl Pin {
    /// Counts the lines of all text files in scope; returns nothing once `stop` holds, which is asked before each file.
    ///
    /// A line feed ends a line; what follows the last one is a line if it is not empty. What has no lines to be read is
    /// counted apart. Errors: an object that is missing, since a part of less than all flatters.
    pub fn extent(&self, stop: &dyn Fn() -> bool) -> Result<Option<Extent>> {
        let mut extent = Extent { cut: self.cut().is_some(), ..Extent::default() };
        // The same file often stands in several places.
        let mut known: HashMap<ObjectId, Result<u32, SkipReason>> = HashMap::new();
        for entry in self.entries() {
            if stop() {
                return Ok(None);
            }
            let lines = match entry.kind {
                EntryKind::Symlink => Err(SkipReason::Symlink),
                EntryKind::Submodule => Err(SkipReason::Submodule),
                EntryKind::File | EntryKind::Executable => match known.get(&entry.oid) {
                    Some(lines) => *lines,
                    None => {
                        let lines = with_text(&self.store, entry.oid, &entry.path, |bytes| Ok(count(bytes)))?;
                        known.insert(entry.oid, lines);
                        lines
                    }
                },
            };
            if let Err(why @ (SkipReason::Binary | SkipReason::TooLarge)) = lines {
                extent.unread.insert(entry.path.clone(), why);
            }
            let apart = &mut extent.apart;
            match lines {
                Ok(0) => apart.empty += 1,
                Ok(lines) => {
                    extent.files.insert(entry.path.clone(), (entry.oid, lines));
                }
                Err(SkipReason::Binary) => apart.binary += 1,
                Err(SkipReason::TooLarge) => apart.too_large += 1,
                Err(SkipReason::Symlink) => apart.symlinks += 1,
                Err(SkipReason::Submodule) => apart.submodules += 1,
            }
        }
        Ok(Some(extent))
    }
}

/// Counts lines. A blob that is loaded has at most 64 MiB, so their number has room.
fn count(bytes: &[u8]) -> u32 {
    u32::try_from(line_count(bytes)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_last_line_feed_is_a_line() {
        assert_eq!([count(b""), count(b"\n"), count(b"a"), count(b"a\nb"), count(b"a\n\n")], [0, 1, 1, 2, 2]);
    }
}
