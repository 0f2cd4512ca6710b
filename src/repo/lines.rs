//! A text by its lines: some of them, and where the very same ones stand.

use std::ops::Range;

use memchr::memmem;

use crate::model::evidence::{Region, RepoPath};
use crate::model::hash::{ObjectId, Sha256};

/// A text and where its lines start; one more start stands for its end.
pub(super) struct Lines {
    pub bytes: Vec<u8>,
    pub starts: Vec<usize>,
}

impl Lines {
    pub fn new(bytes: Vec<u8>) -> Lines {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1));
        if starts.last() != Some(&bytes.len()) {
            starts.push(bytes.len());
        }
        Lines { bytes, starts }
    }

    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns some lines, from 0, with their line feeds.
    pub fn slice(&self, lines: &Range<usize>) -> Option<&[u8]> {
        self.bytes.get(*self.starts.get(lines.start)?..*self.starts.get(lines.end)?)
    }

    /// Returns some lines, from 0, without the last one's line feed: the end of a file may have none.
    pub fn without_end(&self, lines: &Range<usize>) -> Option<&[u8]> {
        self.slice(lines).map(|bytes| bytes.strip_suffix(b"\n").unwrap_or(bytes))
    }

    /// Returns the line that a byte is in, if it begins one.
    pub fn line_at(&self, byte: usize) -> Option<usize> {
        self.starts.binary_search(&byte).ok()
    }

    /// Returns the whole lines, from 0, that are these bytes.
    pub fn find(&self, finder: &memmem::Finder<'_>) -> Vec<Range<usize>> {
        let length = finder.needle().len();
        let hits = finder.find_iter(&self.bytes);
        hits.filter_map(|at| Some(self.line_at(at)?..self.line_at(at + length)?)).collect()
    }

    pub fn cut(&self, path: &RepoPath, blob: ObjectId, lines: &Range<usize>) -> Option<Region> {
        let bytes = self.slice(lines)?;
        let start = *self.starts.get(lines.start)?;
        Some(Region {
            path: path.clone(),
            blob,
            first: lines.start + 1,
            last: lines.end,
            start,
            end: start + bytes.len(),
            sha256: Sha256::of(bytes),
            commit: None,
        })
    }
}
