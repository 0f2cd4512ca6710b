//! Text as a language model reads it: look-alikes, full-width letters and what nobody sees folded away.

use std::ops::Range;

use unicode_security::confusable_detection::skeleton;

use crate::repo::display;

/// A word: letters and digits, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Where it starts in the folded text.
    pub at: usize,
    /// Its first byte in the source.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// A text's words, one space between them, and where each stands in the source.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
    words: Vec<Word>,
}

/// Returns what a character is read as: an ASCII letter or digit in lower case, nothing, or itself.
enum Seen {
    Letter(char),
    Between,
    Unseen,
}

fn see(c: char) -> Seen {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Seen::Letter(c.to_ascii_lowercase()) } else { see_hazard(c) };
    }
    if display::is_hazard(c) {
        return see_hazard(c);
    }
    // A mark over a letter changes what a model reads little; alone it separates nothing.
    if !c.is_alphanumeric() && !matches!(u32::from(c), 0x2460..=0x24ff | 0x1f100..=0x1f1ff) {
        let mark = matches!(u32::from(c), 0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff);
        return if mark { Seen::Unseen } else { Seen::Between };
    }
    Seen::Letter(plain(c))
}

fn see_hazard(c: char) -> Seen {
    let separates = c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') || c.is_ascii();
    if separates { Seen::Between } else { Seen::Unseen }
}

/// Returns the plain letter that a character looks like, or itself in lower case.
fn plain(c: char) -> char {
    let own = c.to_lowercase().next().unwrap_or(c);
    match u32::from(c) {
        // Full width.
        code @ (0xff10..=0xff19 | 0xff21..=0xff3a | 0xff41..=0xff5a) => {
            return char::from_u32(code - 0xfee0).unwrap_or(c).to_ascii_lowercase();
        }
        // Letters in circles and squares.
        code @ 0x24b6..=0x24cf => return char::from_u32(code - 0x24b6 + 0x61).unwrap_or(c),
        code @ 0x24d0..=0x24e9 => return char::from_u32(code - 0x24d0 + 0x61).unwrap_or(c),
        code @ (0x1f130..=0x1f149 | 0x1f150..=0x1f169 | 0x1f170..=0x1f189) => {
            return char::from_u32((code - 0x1f130) % 32 + 0x61).unwrap_or(c);
        }
        // Chinese, Japanese and Korean look like no Latin letter.
        0x2e80..=0xd7ff => return own,
        _ => {}
    }
    let mut buffer = [0; 4];
    let letters: Vec<char> = skeleton(c.encode_utf8(&mut buffer)).filter(char::is_ascii_alphanumeric).take(3).collect();
    match letters.as_slice() {
        // The list of look-alikes writes `m` as `rn`, and a capital `I` as `l`.
        ['r', 'n'] => 'm',
        ['l'] if c.is_uppercase() && !"ⅬℒＬ𝐋𝐿𝑳".contains(c) => 'i',
        [one, ..] => one.to_ascii_lowercase(),
        [] => own,
    }
}

/// Appends the letters of a text, and nothing between them. For the first look at everything: it is fast on ASCII.
pub fn squash(bytes: &[u8], escapes: bool, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let folded = LETTERS[usize::from(byte)];
        if folded != 0 {
            out.push(folded);
            at += 1;
        } else if byte == b'\\' && escapes {
            // `\n` in JSON is no letter.
            at += 2;
        } else if byte < 0x80 {
            at += 1;
        } else {
            let window = &bytes[at..bytes.len().min(at + 4)];
            let chunk = window.utf8_chunks().next();
            match chunk.and_then(|chunk| chunk.valid().chars().next()) {
                Some(c) => {
                    if let Seen::Letter(c) = see(c)
                        && c.is_ascii()
                    {
                        out.push(c as u8);
                    }
                    at += c.len_utf8();
                }
                None => at += 1,
            }
        }
    }
}

/// ASCII letters and digits in lower case; 0 for all else.
const LETTERS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0u8;
    loop {
        if at.is_ascii_alphanumeric() {
            table[at as usize] = at.to_ascii_lowercase();
        }
        if at == 255 {
            break;
        }
        at += 1;
    }
    table
};

impl Folded {
    /// Folds a text into words.
    pub fn new(text: &str) -> Folded {
        let mut folded = Folded::default();
        let mut open = false;
        for (at, c) in text.char_indices() {
            match see(c) {
                Seen::Letter(letter) => {
                    if !open {
                        if !folded.text.is_empty() {
                            folded.text.push(' ');
                        }
                        folded.words.push(Word { at: folded.text.len(), start: at, end: at });
                        open = true;
                    }
                    folded.text.push(letter);
                    if let Some(word) = folded.words.last_mut() {
                        word.end = at + c.len_utf8();
                    }
                }
                Seen::Between => open = false,
                Seen::Unseen => {}
            }
        }
        folded
    }

    /// Returns which words some of the folded text is made of.
    pub fn words(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.words.partition_point(|word| word.at <= range.start).saturating_sub(1);
        let last = self.words.partition_point(|word| word.at < range.end);
        first..last.max(first + 1).min(self.words.len())
    }

    /// Returns where words stand in the source.
    pub fn source(&self, words: &Range<usize>) -> Range<usize> {
        let start = self.words.get(words.start).map_or(0, |word| word.start);
        let end = words.end.checked_sub(1).and_then(|last| self.words.get(last)).map_or(start, |word| word.end);
        start..end.max(start)
    }

    /// Returns the words' letters without a space between them, and where each word's letters start in that.
    pub fn letters(&self) -> (String, Vec<usize>) {
        let mut letters = String::with_capacity(self.text.len());
        let mut starts = Vec::with_capacity(self.words.len());
        for word in self.text.split(' ') {
            starts.push(letters.len());
            letters.push_str(word);
        }
        (letters, starts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_and_unseen_characters_fold_away() {
        for text in [
            "Ignore all",
            "IGNORE\u{a0}ALL",
            "ｉｇｎｏｒｅ　ａｌｌ",
            "іgnоrе аll",
            "Іgnore all",
            "ig\u{200b}no\u{ad}re a\u{2060}ll",
            "i\u{301}gnóre all",
            "𝐢𝐠𝐧𝐨𝐫𝐞 𝒂𝒍𝒍",
            "ⓘⓖⓝⓞⓡⓔ ⓐⓛⓛ",
            "ignore\r\n> all",
        ] {
            assert_eq!(Folded::new(text).text, "ignore all", "{text}");
            let mut out = Vec::new();
            squash(text.as_bytes(), false, &mut out);
            assert_eq!(out, b"ignoreall", "{text}");
        }
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "a — bc\u{200b}d, e";
        let folded = Folded::new(text);
        assert_eq!(folded.text, "a bcd e");
        let words = folded.words(&(2..5));
        assert_eq!(&text[folded.source(&words)], "bc\u{200b}d");
        assert_eq!(folded.letters(), ("abcde".to_owned(), vec![0, 1, 4]));
    }
}
