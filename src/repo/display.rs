//! The one door for text from outside: what could hide, move or command becomes a visible token.
//!
//! A token looks like `\u{1b}`, or `\xff` for a byte that is not UTF-8. A backslash that already stands in the text is
//! left alone, so a token cannot be told from the same letters in the text: this form is for eyes, never for machines.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use unicode_width::UnicodeWidthChar as _;

/// Marks on one base that are shown; more of them grow over the lines around.
const MARKS: usize = 2;

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
    matches!(code,
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
    ) || code & 0xfffe == 0xfffe
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
    let mut room = 0;
    for c in text.chars() {
        match c {
            '\n' if block => out.push('\n'),
            '\t' if block => out.push_str("    "),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hazard(c) => token(&mut out, c),
            c if c.width() == Some(0) && room == 0 => token(&mut out, c),
            c if c.width() == Some(0) => {
                room -= 1;
                out.push(c);
                continue;
            }
            c => {
                room = MARKS;
                out.push(c);
                continue;
            }
        }
        // What follows a token or a line end has no base to stand on.
        room = 0;
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn token(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
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

    fn any_text() -> impl Strategy<Value = String> {
        let odd =
            prop::sample::select(vec!['\u{1b}', '\u{301}', '\u{20dd}', '\u{200d}', '\n', '\t', '\r', 'a', '\u{e0020}']);
        prop::collection::vec(prop_oneof![any::<char>(), odd], 0..40).prop_map(String::from_iter)
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
        fn json_round_trips(text in any_text(), pretty: bool) {
            let out = json(&(&text, 1), pretty).unwrap();
            prop_assert!(!out.chars().any(|c| c != '\n' && is_hazard(c)));
            prop_assert_eq!(serde_json::from_str::<(String, u8)>(&out).unwrap().0, text);
        }
    }
}
