//! Floor 1: the audited repository, read from git objects; hostile input stops here.
//!
//! The repository is the attacker's, so git's own machinery is used for one thing only: turning an object id into
//! verified bytes. `gitdir` finds the git directory and refuses what cannot be read honestly, `refs` reads names,
//! `object` reads and parses objects, `pin` is the tree at one commit (`snapshot` reads single folders of one), `extent` counts its lines, `search` and `history`
//! produce evidence (`sweep` runs many searches at once, `require` tells it which files to leave out, `rust_tests` which
//! lines count apart, `texts` keeps what was read), `check` runs it again,
//! `examine` looks whether a text cites it rightly (`quote` finds what is quoted), `blame` and `commits` tell where lines come
//! from (`range` finds what is between two, `cage` is where the user's git is run for it, `lineage` checks what its answer rests on), `diff` and `touched` what changed, and [`display`] is the door
//! every string from outside passes on its way to a reader.

mod blame;
mod cage;
mod check;
mod commits;
mod diff;
pub mod display;
mod examine;
mod extent;
mod gitdir;
mod history;
mod large;
mod lineage;
mod lines;
mod object;
mod pin;
mod quote;
mod range;
mod reanchor;
mod refs;
mod require;
mod rust_tests;
mod search;
mod snapshot;
mod sweep;
mod texts;
mod touched;
pub mod trojan;

pub use blame::{Blamer, Hunk, Wanted};
pub use cage::Git;
pub use check::Check;
pub use commits::{CommitInfo, Containing, Name, Names, Person};
pub use diff::{Block, Change, Changed, Changes, Comparison, DiffRow, Side};
pub use examine::{Cited, Examined, Found, Proposal, State, Why};
pub use object::{Named, Node};
pub use pin::{Content, Entry, EntryKind, Pin};
pub use quote::Fit;
pub use range::Range;
pub use refs::Repo;
pub use search::{ENGINE, Globs, Hit, NO_FILE, compile, escape_glob, ranges};
pub use snapshot::Snapshot;
pub use sweep::InFile;
pub use touched::{Touched, TouchedEnd};

/// Counts the lines of a text: a line feed ends one, and what follows the last line feed is one if it is not empty.
pub fn line_count(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count() + usize::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// Larger blobs are listed and never loaded, in bytes.
pub const BLOB_LIMIT: u64 = 64 << 20;
