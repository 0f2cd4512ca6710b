//! Floor 1: the audited repository, read from git objects; hostile input stops here.
//!
//! The repository is the attacker's, so git's own machinery is used for one thing only: turning an object id into
//! verified bytes. `gitdir` finds the git directory and refuses what cannot be read honestly, `refs` reads names,
//! `object` reads and parses objects, `pin` is the tree at one commit, `search` and `history` produce evidence,
//! `check` runs it again, and [`display`] is the door every string from outside passes on its way to a reader.

mod check;
pub mod display;
mod gitdir;
mod history;
mod object;
mod pin;
mod refs;
mod search;
pub mod trojan;

pub use check::Check;
pub use pin::{Content, Entry, EntryKind, Pin};
pub use refs::Repo;
pub use search::{ENGINE, Hit, compile};

/// Larger blobs are listed and never loaded, in bytes.
pub const BLOB_LIMIT: u64 = 64 << 20;
