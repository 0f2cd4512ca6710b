//! The one door for text from outside: what could hide, move or command becomes a visible token.
//!
//! A token looks like `\u{1b}`, or `\xff` for a byte that is not UTF-8. A backslash that already stands in the text is
//! left alone, so a token cannot be told from the same letters in the text: this form is for eyes, never for machines.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;
use unicode_width::UnicodeWidthChar as _;

/// Marks on one base that are shown; more of them grow over the lines around.
const MARKS: usize = 2;
/// Bytes that [`pieces`] decodes at once: as little of an endless line as its reader asks for.
const WINDOW: usize = 256;
/// What stands for a tab in a block.
const TAB: &str = "    ";

/// A part of a text as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The bytes that it stands for.
    pub range: Range<usize>,
    /// What is shown for them.
    pub text: Cow<'a, str>,
    /// Whether this is a token: it stands for what must not be shown as it is.
    pub hazard: bool,
}

/// Returns `text` as one line: every hazard becomes a token, line ends and tabs too (`\n`, `\r`, `\t`).
pub fn line(text: &str) -> Cow<'_, str> {
    door(text, false)
}

/// Returns `text` with its line feeds and with four spaces for a tab; every other hazard becomes a token.
///
/// A CR stays visible as `\r`.
pub fn block(text: &str) -> Cow<'_, str> {
    door(text, true)
}

/// Returns [`line()`] of bytes; one that is not UTF-8 becomes `\xNN`.
pub fn bytes(bytes: &[u8]) -> String {
    chunks(bytes, false)
}

/// Returns [`block`] of bytes; one that is not UTF-8 becomes `\xNN`.
pub fn block_bytes(bytes: &[u8]) -> String {
    chunks(bytes, true)
}

/// Tells whether a character can hide, reorder or command: it must not reach a terminal or a raw file.
///
/// The list is fixed here and does not follow new versions of Unicode, since the bytes of a record hang on it.
pub fn is_hazard(c: char) -> bool {
    let code = u32::from(c);
    // Nearly every character is one of these, and the list below is long.
    !(0x20..0x7f).contains(&code)
        && (matches!(code,
            0x00..=0x1f | 0x7f..=0x9f        // controls, C1
            | 0xad                           // soft hyphen
            | 0x34f                          // combining grapheme joiner: invisible
            | 0x61c                          // Arabic letter mark
            | 0x115f | 0x1160 | 0x3164 | 0xffa0 // Hangul fillers
            | 0x17b4 | 0x17b5                // Khmer inherent vowels: invisible
            | 0x180b..=0x180f                // Mongolian variation selectors
            | 0x200b..=0x200f                // zero width, direction marks
            | 0x2028..=0x202e                // line and paragraph separators, bidi
            | 0x2060..=0x206f                // joiner, invisible operators, isolates
            | 0xfe00..=0xfe0f                // variation selectors
            | 0xfeff                         // BOM
            | 0xfff0..=0xfffb                // unassigned, interlinear annotation
            | 0x1bca0..=0x1bca3              // shorthand format controls
            | 0x1d173..=0x1d17a              // musical format controls
            | 0xe000..=0xf8ff                // private use
            | 0xfdd0..=0xfdef                // noncharacters
            | 0xe0000..=0xe0fff              // tags, variation selectors
            | 0xf0000..=0x10ffff             // private use
        ) || code & 0xfffe == 0xfffe)
}

/// Writes JSON with every hazard in its strings escaped as `\uXXXX`. Nothing is lost: reading it gives the same value.
///
/// Errors: a value that has no JSON form.
pub fn json<T: Serialize>(value: &T, pretty: bool) -> Result<String, serde_json::Error> {
    let plain = if pretty { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
    // Outside of strings JSON is plain ASCII, and serde_json escapes a string's own line feeds: every hazard but the
    // line feeds of the pretty form stands in a string.
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        if c != '\n' && is_hazard(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

fn door(text: &str, block: bool) -> Cow<'_, str> {
    // Nearly all text is plain ASCII.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') || (block && byte == b'\n')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let pieces = Pieces { bytes: text.as_bytes(), at: 0, valid: text, bad: 0, block };
    pieces.for_each(|piece| out.push_str(&piece.text));
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn chunks(bytes: &[u8], block: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&door(chunk.valid(), block));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Returns a text piece by piece; joined they are its [`block_bytes`].
///
/// It is lazy: of a line of megabytes only what is asked for is decoded. A piece is short, and a mark stays with its
/// base.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    Pieces { bytes, at: 0, valid: "", bad: 0, block: true }
}

/// Returns the last place up to `at` where decoding can start without another outcome than from the beginning.
pub fn boundary(bytes: &[u8], at: usize) -> usize {
    if at >= bytes.len() {
        return bytes.len();
    }
    // A character has four bytes at most. After more continuation bytes than it can have, each stands alone.
    (at.saturating_sub(3)..=at).rev().find(|at| bytes[*at] & 0xc0 != 0x80).unwrap_or(at)
}

struct Pieces<'a> {
    bytes: &'a [u8],
    /// Where the next piece starts.
    at: usize,
    /// What is decoded from there on.
    valid: &'a str,
    /// Bytes after it that are not UTF-8.
    bad: usize,
    block: bool,
}

impl<'a> Pieces<'a> {
    fn piece(&mut self, len: usize, text: Cow<'a, str>, hazard: bool) -> Option<Piece<'a>> {
        let range = self.at..self.at + len;
        self.at = range.end;
        Some(Piece { range, text, hazard })
    }

    /// Decodes as far as the window goes; nothing is left over from before.
    fn decode(&mut self) {
        let rest = &self.bytes[self.at..];
        let window = &rest[..boundary(rest, WINDOW)];
        if let Some(chunk) = window.utf8_chunks().next() {
            self.valid = chunk.valid();
            self.bad = chunk.invalid().len();
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            if let Some(c) = self.valid.chars().next() {
                let mut len = run(self.valid);
                // What comes after the window may be a mark on the last character in it.
                if len == self.valid.len() && self.bad == 0 && self.at + len < self.bytes.len() {
                    len = self.valid.char_indices().rev().find(|(_, c)| !is_mark(*c)).map_or(0, |(at, _)| at);
                    self.valid = &self.valid[..len];
                    if len == 0 {
                        self.decode();
                        continue;
                    }
                }
                if len > 0 {
                    let (text, rest) = self.valid.split_at(len);
                    self.valid = rest;
                    return self.piece(len, Cow::Borrowed(text), false);
                }
                let (shown, hazard) = match c {
                    '\n' if self.block => (Cow::Borrowed("\n"), false),
                    '\t' if self.block => (Cow::Borrowed(TAB), false),
                    '\n' => (Cow::Borrowed("\\n"), true),
                    '\r' => (Cow::Borrowed("\\r"), true),
                    '\t' => (Cow::Borrowed("\\t"), true),
                    c => (Cow::Owned(format!("\\u{{{:x}}}", u32::from(c))), true),
                };
                self.valid = &self.valid[c.len_utf8()..];
                return self.piece(c.len_utf8(), shown, hazard);
            }
            if self.bad > 0 {
                self.bad -= 1;
                let shown = format!("\\x{:02x}", self.bytes[self.at]);
                return self.piece(1, Cow::Owned(shown), true);
            }
            if self.at == self.bytes.len() {
                return None;
            }
            self.decode();
        }
    }
}

/// Returns how many bytes at the start of a text can be shown as they are.
///
/// A mark needs a base to stand on, and nothing but a character in the same run is one.
fn run(text: &str) -> usize {
    let mut room = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, ' '..='~') {
            room = MARKS;
        } else if is_hazard(c) {
            return at;
        } else if !is_mark(c) {
            room = MARKS;
        } else if room == 0 {
            return at;
        } else {
            room -= 1;
        }
    }
    text.len()
}

fn is_mark(c: char) -> bool {
    c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn turns_hazards_into_tokens() {
        assert_eq!(line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("a\tb\r\nc"), "a\\tb\\r\\nc");
        assert_eq!(block("a\tb\r\nc"), "a    b\\r\nc");
        assert_eq!(line("x\u{202e}y\u{200b}\u{e0041}\u{feff}"), "x\\u{202e}y\\u{200b}\\u{e0041}\\u{feff}");
        assert_eq!(bytes(b"a\xff\xc3(\x00"), "a\\xff\\xc3(\\u{0}");
        assert!(matches!(line("déjà vu 漢字 \\u{1b}"), Cow::Borrowed(_)));
    }

    #[test]
    fn keeps_two_marks_on_a_base() {
        assert_eq!(line("e\u{301}\u{302}\u{303}"), "e\u{301}\u{302}\\u{303}");
        assert_eq!(line("\u{301}a"), "\\u{301}a");
        assert_eq!(block("a\n\u{301}"), "a\n\\u{301}");
        assert_eq!(bytes(b"a\xff\xcc\x81"), "a\\xff\\u{301}");
    }

    #[test]
    fn json_is_lossless_and_plain() {
        let text = "\u{7f}\u{9b}\u{202e}\u{e0041}\u{10ffff}\"\\\n漢";
        let out = json(&vec![text], true).unwrap();
        assert!(out.contains("\\u007f\\u009b\\u202e\\udb40\\udc41\\udbff\\udfff"), "{out}");
        assert!(!out.chars().any(|c| c != '\n' && is_hazard(c)));
        assert_eq!(serde_json::from_str::<Vec<String>>(&out).unwrap(), [text]);
    }

    #[test]
    fn pieces_name_their_bytes() {
        let bytes = b"a\tb\xff\xe2\x80\xae\r";
        let seen: Vec<(Range<usize>, String, bool)> =
            pieces(bytes).map(|piece| (piece.range, piece.text.into_owned(), piece.hazard)).collect();
        let want = [
            (0..1, "a", false),
            (1..2, TAB, false),
            (2..3, "b", false),
            (3..4, "\\xff", true),
            (4..7, "\\u{202e}", true),
            (7..8, "\\r", true),
        ];
        assert_eq!(seen, want.map(|(range, text, hazard)| (range, text.to_owned(), hazard)));
    }

    #[test]
    fn a_mark_stays_with_its_base_over_a_window() {
        for before in WINDOW - 8..=WINDOW + 2 {
            let text = format!("{}e\u{301}\u{302}\u{303}x", "a".repeat(before));
            let seen: Vec<Piece<'_>> = pieces(text.as_bytes()).collect();
            assert!(seen.iter().any(|piece| piece.text.ends_with("e\u{301}\u{302}")), "{before} {seen:?}");
            assert!(seen.iter().all(|piece| piece.range.len() <= WINDOW), "{seen:?}");
        }
    }

    #[test]
    fn pieces_decode_only_what_is_asked_for() {
        let bytes = vec![b'a'; 1 << 20];
        let mut pieces = Pieces { bytes: &bytes, at: 0, valid: "", bad: 0, block: true };
        assert!(pieces.next().is_some_and(|piece| piece.range.end <= WINDOW));
        assert!(pieces.at + pieces.valid.len() <= WINDOW);
    }

    fn any_text() -> impl Strategy<Value = String> {
        let odd =
            prop::sample::select(vec!['\u{1b}', '\u{301}', '\u{20dd}', '\u{200d}', '\n', '\t', '\r', 'a', '\u{e0020}']);
        prop::collection::vec(prop_oneof![any::<char>(), odd], 0..40).prop_map(String::from_iter)
    }

    fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
            4 => prop::sample::select(vec!["a", "\u{301}", "\u{ff9e}", "\t", "\n", "\u{1b}", "漢", "\u{1f600}"])
                .prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(0x80u8.., 1..6),
        ]
    }

    proptest! {
        #[test]
        fn no_hazard_survives(text in any_text(), raw: Vec<u8>) {
            for out in [line(&text).into_owned(), bytes(text.as_bytes()), bytes(&raw)] {
                prop_assert!(!out.chars().any(is_hazard), "{out:?}");
                prop_assert!(!out.contains('\n'));
            }
            for out in [block(&text).into_owned(), block_bytes(&raw)] {
                prop_assert!(!out.chars().any(|c| c != '\n' && is_hazard(c)), "{out:?}");
            }
            let mut run = 0;
            for c in line(&text).chars() {
                run = if c.width() == Some(0) { run + 1 } else { 0 };
                prop_assert!(run <= MARKS);
            }
            prop_assert_eq!(bytes(text.as_bytes()), line(&text));
        }

        #[test]
        fn pieces_are_the_block(parts in prop::collection::vec(odd_bytes(), 0..600), from: prop::sample::Index) {
            let bytes = parts.concat();
            let seen: Vec<Piece<'_>> = pieces(&bytes).collect();
            let shown: String = seen.iter().map(|piece| piece.text.as_ref()).collect();
            prop_assert_eq!(&shown, &block_bytes(&bytes));
            let mut end = 0;
            for piece in &seen {
                prop_assert_eq!(piece.range.start, end);
                prop_assert!(!piece.range.is_empty() && piece.range.len() <= WINDOW);
                prop_assert!(!piece.text.starts_with(is_mark));
                end = piece.range.end;
            }
            prop_assert_eq!(end, bytes.len());
            let at = boundary(&bytes, from.index(bytes.len() + 1));
            let count = |bytes: &[u8]| bytes.utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum();
            let (all, head, tail): (usize, usize, usize) = (count(&bytes), count(&bytes[..at]), count(&bytes[at..]));
            prop_assert_eq!(head + tail, all);
        }

        #[test]
        fn json_round_trips(text in any_text(), pretty: bool) {
            let out = json(&(&text, 1), pretty).unwrap();
            prop_assert!(!out.chars().any(|c| c != '\n' && is_hazard(c)));
            prop_assert_eq!(serde_json::from_str::<(String, u8)>(&out).unwrap().0, text);
        }
    }
}
