//! Lines of one file read at once, in the thread that asks.

use std::ops::Range;

use super::outline::Outline;
use super::state::{Reader, State};
use super::worker::{LOOK_BACK, Lines, language};
use super::{Plain, Span, Symbol};
use crate::model::evidence::RepoPath;

/// The classes of some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The spans of each line; none where all is plain.
    pub lines: Vec<Vec<Span>>,
    /// Whether this is what a reading of the whole file says; otherwise it is a guess.
    pub exact: bool,
    /// Why lines are plain, if some are that need not be.
    pub plain: Option<Plain>,
}

/// Reads the classes of lines (from 0): exactly, or where they are far from the start by a guess from the code just above
/// them, which takes no longer anywhere in a file.
pub fn read(path: &RepoPath, bytes: &[u8], lines: Range<usize>, exact: bool) -> Reading {
    let set = two_face::syntax::extra_newlines();
    let grammar = match language(&set, path, bytes) {
        Ok(grammar) => grammar,
        Err(plain) => return Reading { lines: Vec::new(), exact: true, plain },
    };
    let text = Lines::new(bytes);
    let lines = lines.start..lines.end.min(text.count());
    let near = exact || lines.start <= LOOK_BACK;
    let from = if near || lines.is_empty() { 0 } else { text.guess(lines.start) };
    let (mut reader, mut state) = (Reader::new(&set), State::new(grammar));
    let mut reading = Reading { lines: Vec::new(), exact: from == 0, plain: None };
    for line in from..lines.end {
        let found = state.read(&mut reader, text.line(line), line >= lines.start);
        if reading.plain.is_none() {
            reading.plain = state.plain(line + 1);
        }
        if line >= lines.start {
            reading.lines.push(found.spans);
        }
    }
    reading
}

/// Returns what a file names, in its order, and why not all of it was read, if so.
pub fn names(path: &RepoPath, bytes: &[u8]) -> (Vec<Symbol>, Option<Plain>) {
    let set = two_face::syntax::extra_newlines();
    let grammar = match language(&set, path, bytes) {
        Ok(grammar) => grammar,
        Err(plain) => return (Vec::new(), plain),
    };
    let (mut reader, mut state) = (Reader::new(&set), State::new(grammar));
    let mut outline = Outline::default();
    let text = Lines::new(bytes);
    for line in 0..text.count() {
        let found = state.read(&mut reader, text.line(line), true);
        outline.add(line, text.line(line), found.names);
        if let Some(plain) = state.plain(line + 1) {
            return (outline.symbols().to_vec(), Some(plain));
        }
    }
    (outline.symbols().to_vec(), None)
}
