//! A file's bytes with the places where its lines start.

use std::ops::Range;
use std::sync::Arc;

use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::repo::line_count;
use crate::repo::trojan::{self, Technique};

/// A longer line is not highlighted, in bytes: one of 16 KiB costs a highlighter 47 ms, one of 5 MB 19 s.
pub const LONG_LINE: usize = 4 << 10;

/// A file at the pin, as it is read: bytes decide, decoding is for eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it stands.
    pub path: RepoPath,
    /// Its blob.
    pub blob: ObjectId,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    starts: Arc<Vec<usize>>,
    odd: Arc<Vec<(usize, Technique)>>,
}

/// A file with more lines is not shown: the index of a few kilobytes of packed line feeds would take gigabytes.
pub const LINE_LIMIT: usize = 2_000_000;

impl Text {
    /// Counts the lines. A line feed ends a line and belongs to it; what follows the last one is a line if it is not
    /// empty.
    pub fn new(path: RepoPath, blob: ObjectId, bytes: Arc<[u8]>) -> Text {
        let mut starts = Vec::with_capacity(line_count(&bytes) + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1));
        if starts.last() == Some(&bytes.len()) {
            starts.pop();
        }
        let odd: Vec<(usize, Technique)> =
            trojan::lines(&bytes).filter_map(|(line, marks)| Some((line, marks.first()?.technique))).collect();
        Text { path, blob, bytes, starts: starts.into(), odd: odd.into() }
    }

    /// Returns how a line (from 0) could fool the eye.
    pub fn odd(&self, line: usize) -> Option<Technique> {
        self.odd.binary_search_by_key(&line, |(line, _)| *line).ok().map(|at| self.odd[at].1)
    }

    /// Tells whether any line could fool the eye.
    pub fn is_odd(&self) -> bool {
        !self.odd.is_empty()
    }

    /// Returns how many lines there are; an empty file has none.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// Returns the byte range of a line (from 0), its line feed included; an empty range beyond the end.
    pub fn range(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(self.bytes.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(self.bytes.len());
        start..end
    }

    /// Returns a line (from 0) without its line feed (a CR before it stays).
    pub fn line(&self, line: usize) -> &[u8] {
        let bytes = &self.bytes[self.range(line)];
        bytes.strip_suffix(b"\n").unwrap_or(bytes)
    }

    /// Tells whether a line is too long to be highlighted.
    pub fn is_long(&self, line: usize) -> bool {
        self.range(line).len() > LONG_LINE
    }

    /// Returns the line (from 0) that holds a byte.
    pub fn line_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    fn text(bytes: &[u8]) -> Text {
        Text::new("a".into(), Hex([0; 20]), bytes.into())
    }

    #[test]
    fn lines_are_those_of_the_evidence() {
        assert_eq!(text(b"").lines(), 0);
        assert_eq!(text(b"\n\n").lines(), 2);
        assert_eq!(text(b"a\nb").lines(), 2);
        let one = text(b"ab\ncd\r\nlast");
        assert_eq!((one.lines(), one.line(0), one.line(1), one.line(2)), (3, &b"ab"[..], &b"cd\r"[..], &b"last"[..]));
        assert_eq!((one.range(1), one.range(2), one.range(9)), (3..7, 7..11, 11..11));
        assert_eq!([0, 2, 3, 6, 7, 99].map(|byte| one.line_at(byte)), [0, 0, 1, 1, 2, 2]);
    }
}
