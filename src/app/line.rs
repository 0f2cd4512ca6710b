//! Lines of text with what their parts mean. The views decide how each meaning looks.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::answer::State;
use crate::model::finding::Severity;
use crate::model::standard::Signal;

/// What a part of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Plain,
    /// Less important.
    Dim,
    /// A heading, a name.
    Strong,
    /// A key.
    Key,
    /// Where an item stands.
    State(State),
    /// A lead's signal.
    Signal(Signal),
    /// A finding's severity.
    Severity(Severity),
    /// Something to mend.
    Warning,
    /// Something that is as it should be.
    Good,
    /// Code.
    Code,
}

/// A line. Text from outside has passed the door.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(pub Vec<(Tone, String)>);

impl Line {
    /// Returns a line of one meaning.
    pub fn of(tone: Tone, text: impl Into<String>) -> Line {
        Line(vec![(tone, text.into())])
    }

    /// Returns a plain line.
    pub fn plain(text: impl Into<String>) -> Line {
        Line::of(Tone::Plain, text)
    }

    /// Adds a part.
    pub fn and(mut self, tone: Tone, text: impl Into<String>) -> Line {
        self.0.push((tone, text.into()));
        self
    }

    /// Returns the text alone.
    pub fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Breaks a text into lines of at most `width` columns, at blanks where there are any; line feeds are kept, other blanks
/// become one. Every line begins with `indent` blanks.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let room = width.saturating_sub(indent).max(8);
    let lead = " ".repeat(indent);
    let mut lines = Vec::new();
    for paragraph in text.trim_end().split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= room {
                line.push_str(&" "[..gap]);
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(format!("{lead}{line}"));
                line.clear();
            }
            for c in word.chars() {
                let mut buffer = [0; 4];
                if line.width() + c.encode_utf8(&mut buffer).width() > room {
                    lines.push(format!("{lead}{line}"));
                    line.clear();
                }
                line.push(c);
            }
        }
        lines.push(format!("{lead}{line}"));
    }
    lines
}

/// Returns how many of a text's first characters to leave out so that the rest and a mark before it fit.
pub fn overhang(text: &str, width: usize) -> usize {
    let mut left = text.width();
    if left <= width {
        return 0;
    }
    let cut = text.chars().take_while(|c| {
        let over = left >= width.max(1);
        left = left.saturating_sub(c.width().unwrap_or(0));
        over
    });
    cut.count()
}

/// Joins the lines of a text as the standard's files break them: a single line end is a blank, an empty line a paragraph.
pub fn flow(text: &str) -> String {
    text.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 9, 0), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8, 0), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("a\n\nb", 20, 2), ["  a", "  ", "  b"]);
        assert_eq!(flow("a\nb\n\nc\n"), "a b\n\nc");
    }

    #[test]
    fn a_start_is_left_out_where_there_is_no_room() {
        assert_eq!(["abcd", "漢漢b", ""].map(|text| overhang(text, 4)), [0, 1, 0]);
        assert_eq!([5, 4, 3, 1, 0].map(|width| overhang("abcde", width)), [0, 2, 3, 5, 5]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide(text in "[a-z 漢é\\n]{0,80}", width in 8usize..40, indent in 0usize..4) {
            for line in wrap(&text, width + indent, indent) {
                prop_assert!(line.width() <= width + indent, "{line:?}");
            }
        }
    }
}
