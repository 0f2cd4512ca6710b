//! The file in the code pane.

use std::ops::Range;

use regex::bytes::RegexBuilder;

use unicode_width::UnicodeWidthStr as _;

use super::msg::Effect;
use super::text::Text;
use crate::highlight::{Coloured, Plain, Span};
use crate::repo::display;

/// Hits of a search in one file are counted up to this many.
pub const FOUND_LIMIT: usize = 10_000;

/// A region of the file that is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// First line, from 0.
    pub first: usize,
    /// Last line.
    pub last: usize,
    /// What is cited: `E7 auth-4`.
    pub label: String,
}

/// Colours of some lines.
#[derive(Debug, Clone, Default)]
pub struct Colours {
    /// The first line that is coloured.
    pub first: usize,
    /// Spans of the lines from there.
    pub lines: Vec<Vec<Span>>,
    /// The lines that were asked for last.
    pub wanted: Range<usize>,
    /// The request that is answered; answers to older ones are dropped.
    pub ticket: u64,
    /// Why lines are plain, if some are that need not be.
    pub plain: Option<Plain>,
}

/// A file with where the reader is in it.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The file.
    pub text: Text,
    /// The current line, from 0.
    pub cursor: usize,
    /// The first line on the screen.
    pub top: usize,
    /// Columns scrolled to the right.
    pub left: usize,
    /// Where the selection began; it reaches to the current line.
    pub anchor: Option<usize>,
    /// Colours.
    pub colours: Colours,
    /// What is evidence.
    pub marks: Vec<Mark>,
    /// Hits of the search in this file, as lines and byte ranges in them, in order.
    pub found: Vec<(usize, Range<usize>)>,
}

impl Doc {
    /// Opens a file at a line.
    pub fn new(text: Text, line: usize) -> Doc {
        let mut doc = Doc {
            text,
            cursor: 0,
            top: 0,
            left: 0,
            anchor: None,
            colours: Colours::default(),
            marks: Vec::new(),
            found: Vec::new(),
        };
        doc.go(line);
        doc
    }

    /// Makes a line the current one, or the last one where there are fewer.
    pub fn go(&mut self, line: usize) {
        self.cursor = line.min(self.text.lines().saturating_sub(1));
    }

    /// Makes a line the current one, and shows it from its start with some lines above it.
    pub fn jump(&mut self, line: usize, height: usize) {
        self.go(line);
        self.left = 0;
        let shown = self.top..self.top + height;
        if !shown.contains(&self.cursor) {
            self.top = self.cursor.saturating_sub(height / 3);
        }
    }

    /// Scrolls sideways so that bytes of the current line are among `width` columns of code.
    pub fn reveal(&mut self, range: &Range<usize>, width: usize) {
        let line = self.text.line(self.cursor);
        let column = |byte: usize| {
            // In a long line columns are bytes, as its view has them.
            if self.text.is_long(self.cursor) {
                byte
            } else {
                display::block_bytes(&line[..byte.min(line.len())]).width()
            }
        };
        let (start, end) = (column(range.start), column(range.end));
        if start < self.left || end > self.left + width {
            self.left = if end <= width { 0 } else { start.saturating_sub(width / 3) };
        }
    }

    /// Scrolls sideways so that the first hit on the current line is among `width` columns of code.
    pub fn reveal_hit(&mut self, width: usize) {
        let hit = self.found.iter().find(|(line, _)| *line == self.cursor).map(|(_, range)| range.clone());
        if let Some(range) = hit {
            self.reveal(&range, width);
        }
    }

    /// Returns the selected lines, first and last, from 0.
    pub fn selection(&self) -> Option<(usize, usize)> {
        self.anchor.map(|anchor| (anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    /// Returns the selected lines, else the current one.
    pub fn lines(&self) -> (usize, usize) {
        self.selection().unwrap_or((self.cursor, self.cursor))
    }

    /// Returns the spans of a line.
    pub fn spans(&self, line: usize) -> &[Span] {
        let at = line.checked_sub(self.colours.first);
        at.and_then(|at| self.colours.lines.get(at)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes colours, unless they answer an older question or are of another file.
    pub fn colour(&mut self, coloured: Coloured) {
        if coloured.ticket != self.colours.ticket || coloured.blob != self.text.blob {
            return;
        }
        self.colours.plain = coloured.plain.or(self.colours.plain);
        if !coloured.lines.is_empty() {
            self.colours.first = coloured.first;
            self.colours.lines = coloured.lines;
        }
    }

    /// Returns the lines to ask colours for, where those on the screen are not asked for yet.
    pub fn uncoloured(&self, height: usize) -> Option<Range<usize>> {
        let end = (self.top + height).min(self.text.lines());
        let shown = self.top..end;
        if shown.is_empty() || (self.colours.wanted.start <= shown.start && shown.end <= self.colours.wanted.end) {
            return None;
        }
        // A page on either side, so that scrolling finds its colours there.
        Some(self.top.saturating_sub(height)..(end + height).min(self.text.lines()))
    }

    /// Asks for the colours of the lines on the screen, where they were not asked for yet.
    pub fn colour_wanted(&mut self, tickets: &mut u64, height: usize) -> Option<Effect> {
        let lines = self.uncoloured(height)?;
        *tickets += 1;
        self.colours.wanted = lines.clone();
        self.colours.ticket = *tickets;
        let (path, blob, bytes) = (self.text.path.clone(), self.text.blob, self.text.bytes.clone());
        Some(Effect::Colour { ticket: *tickets, path, blob, bytes, lines })
    }

    /// Searches the file for plain text; without an upper-case letter, case does not matter.
    pub fn search(&mut self, pattern: &str) {
        self.found.clear();
        if pattern.is_empty() {
            return;
        }
        let ignore = !pattern.chars().any(char::is_uppercase);
        let Ok(regex) = RegexBuilder::new(&regex::escape(pattern)).case_insensitive(ignore).build() else { return };
        for hit in regex.find_iter(&self.text.bytes).take(FOUND_LIMIT) {
            let line = self.text.line_at(hit.start());
            let start = self.text.range(line).start;
            self.found.push((line, hit.start() - start..hit.end() - start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    fn doc(bytes: &[u8]) -> Doc {
        Doc::new(Text::new("a".into(), Hex([0; 20]), bytes.into()), 0)
    }

    #[test]
    fn hits_are_places_in_lines() {
        let mut doc = doc(b"one\ntwo One\n\nONE");
        doc.search("one");
        assert_eq!(doc.found, [(0, 0..3), (1, 4..7), (3, 0..3)]);
        doc.search("One");
        assert_eq!(doc.found, [(1, 4..7)]);
        doc.search(".");
        assert_eq!(doc.found, []);
    }

    #[test]
    fn a_selection_has_its_lines_in_order() {
        let mut doc = doc(b"a\nb\nc\nd\n");
        doc.go(2);
        assert_eq!(doc.lines(), (2, 2));
        doc.anchor = Some(3);
        doc.go(1);
        assert_eq!(doc.lines(), (1, 3));
        doc.go(99);
        assert_eq!(doc.cursor, 3);
    }

    #[test]
    fn a_hit_far_to_the_right_is_shown() {
        let mut doc = doc(format!("{}needle\n\t漢needle\n", "x".repeat(300)).as_bytes());
        doc.reveal(&(300..306), 60);
        assert_eq!(doc.left, 280);
        doc.reveal(&(290..296), 60);
        assert_eq!(doc.left, 280, "it is on the screen already");
        doc.go(1);
        doc.reveal(&(4..10), 60);
        assert_eq!(doc.left, 0);
        doc.reveal(&(4..10), 8);
        assert_eq!(doc.left, 4, "a tab has four columns, a wide character two");
    }

    #[test]
    fn colours_are_asked_for_once() {
        let mut doc = doc("x\n".repeat(1000).as_bytes());
        assert_eq!(doc.uncoloured(40), Some(0..80));
        doc.colours.wanted = 0..80;
        doc.top = 30;
        assert_eq!(doc.uncoloured(40), None);
        doc.top = 60;
        assert_eq!(doc.uncoloured(40), Some(20..140));
    }
}
