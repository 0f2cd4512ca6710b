//! Finds what could fool the eye in source code: Trojan Source, by all of its techniques.
//!
//! Every mark is a lead, never a verdict. What people write every day is left out where it can be told apart: emoji
//! sequences, joiners between letters that need them, a BOM at a file's start, words of prose in other alphabets, Greek
//! letters that stand alone as formulas have them.

use std::collections::HashSet;
use std::ops::Range;

use serde::Serialize;
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::confusable_detection::skeleton;

use super::display;
use super::pin::Pin;
use super::search::{Skips, with_text};
use crate::error::Result;
use crate::model::evidence::{RepoPath, SkipReason, Skipped};
use crate::repo::EntryKind;

/// How many marks of one line are kept; a line of megabytes may have as many.
const MARKS: usize = 64;
/// Characters of an identifier that are said; a longer one is cut.
const SAID: usize = 40;

/// A way to make code look like other code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Technique {
    /// A character that changes the order in which a line is shown.
    Bidi,
    /// A character that takes no room, or ends a line where editors show none.
    Invisible,
    /// An identifier that looks like another one in plain ASCII.
    Homoglyph,
}

impl Technique {
    /// Every technique.
    pub const ALL: [Technique; 3] = [Technique::Bidi, Technique::Invisible, Technique::Homoglyph];

    /// Returns the letter that stands for it where there is room for one.
    pub fn letter(self) -> &'static str {
        match self {
            Technique::Bidi => "B",
            Technique::Invisible => "Z",
            Technique::Homoglyph => "H",
        }
    }

    /// Returns what it is in a few words.
    pub fn word(self) -> &'static str {
        match self {
            Technique::Bidi => "text direction",
            Technique::Invisible => "invisible",
            Technique::Homoglyph => "look-alike",
        }
    }
}

/// A place that could fool the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its bytes in the text that was looked at.
    pub range: Range<usize>,
    /// How.
    pub technique: Technique,
    /// What it is, in words that can be shown as they are.
    pub what: String,
}

/// A line, or a path, with a place that could fool the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// The file.
    pub path: RepoPath,
    /// The line, from 1; 0 is the path itself.
    pub line: u64,
    /// The places in it.
    pub marks: Vec<Mark>,
}

impl Odd {
    /// Says what it is, in words that can be shown: the first place, and how many more there are.
    pub fn said(&self) -> String {
        let first = self.marks.first().map(|mark| mark.what.as_str()).unwrap_or_default();
        match self.marks.len() {
            0 | 1 => first.to_owned(),
            count => format!("{first}; {} more", count - 1),
        }
    }
}

/// What a look through the whole tree read, and what it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Files whose lines were gone over.
    pub files: u64,
    /// Lines and paths that could fool the eye.
    pub odd: u64,
    /// Files that were not read, by reason.
    pub skipped: Vec<Skipped>,
    /// Files that could not be read, and why the first of them could not.
    pub unread: Option<(u64, String)>,
    /// What a budget left out of the tree.
    pub cut: Option<String>,
}

impl Looked {
    /// Says what was not looked at, a sentence each.
    pub fn unseen(&self) -> Vec<String> {
        let mut said = Vec::new();
        said.extend(self.cut.as_ref().map(|cut| display::line(cut).into_owned()));
        if let Some((count, why)) = &self.unread {
            said.push(format!("Not read: {count}, the first because: {}", display::line(why)));
        }
        for skipped in &self.skipped {
            let what = match skipped.why {
                SkipReason::Symlink => "symbolic links",
                SkipReason::Submodule => "submodules",
                SkipReason::Binary => "binary files, UTF-16 among them",
                SkipReason::TooLarge => "files that are too large",
            };
            said.push(format!("Not looked into: {what}, {} in all.", skipped.files));
        }
        said
    }
}

impl Pin {
    /// Looks for what could fool the eye in all paths and files in scope, and hands out each file's lines as soon as it was
    /// read. Returns nothing once `stop` holds, which is asked before each file.
    ///
    /// A file that cannot be read is counted and keeps no other from being looked at.
    pub fn trojans(&self, stop: &dyn Fn() -> bool, mut found: impl FnMut(Vec<Odd>)) -> Result<Option<Looked>> {
        let mut looked = Looked { cut: self.cut().map(str::to_owned), ..Looked::default() };
        let mut skips = Skips::default();
        // A tree can name one blob at a great many paths.
        let mut plain = HashSet::new();
        for entry in self.entries() {
            if stop() {
                return Ok(None);
            }
            let mut odd = Vec::new();
            let in_path = marks(&entry.path.0, false);
            if !in_path.is_empty() {
                odd.push(Odd { path: entry.path.clone(), line: 0, marks: in_path });
            }
            match entry.kind {
                EntryKind::Symlink => skips.add(SkipReason::Symlink, &entry.path),
                EntryKind::Submodule => skips.add(SkipReason::Submodule, &entry.path),
                EntryKind::File | EntryKind::Executable if plain.contains(&entry.oid) => looked.files += 1,
                EntryKind::File | EntryKind::Executable => {
                    let before = odd.len();
                    let read = with_text(&self.store, entry.oid, &entry.path, |text| {
                        odd.extend(lines(text).map(|(line, marks)| Odd {
                            path: entry.path.clone(),
                            line: line as u64 + 1,
                            marks,
                        }));
                        Ok(())
                    });
                    match read {
                        Ok(Ok(())) => {
                            looked.files += 1;
                            if odd.len() == before {
                                plain.insert(entry.oid);
                            }
                        }
                        Ok(Err(why)) => skips.add(why, &entry.path),
                        Err(error) => looked.unread.get_or_insert((0, error.message)).0 += 1,
                    }
                }
            }
            looked.odd += odd.len() as u64;
            if !odd.is_empty() {
                found(odd);
            }
        }
        looked.skipped = skips.list();
        Ok(Some(looked))
    }
}

/// Finds the places in one line that could fool the eye, in order. `start` tells whether a file starts here, where a BOM
/// is no secret. At most 64 are returned.
///
/// A line in plain ASCII costs next to nothing.
pub fn marks(line: &[u8], start: bool) -> Vec<Mark> {
    let mut marks = Vec::new();
    if line.is_ascii() {
        return marks;
    }
    let mut at = 0;
    for chunk in line.utf8_chunks() {
        let valid = chunk.valid();
        if !valid.is_ascii() {
            characters(valid, at, start, &mut marks);
            identifiers(valid, at, &mut marks);
        }
        at += valid.len() + chunk.invalid().len();
        if marks.len() >= MARKS {
            break;
        }
    }
    marks.sort_by_key(|mark| (mark.range.start, mark.technique));
    marks.truncate(MARKS);
    marks
}

/// Finds the lines (from 0) of a whole file that could fool the eye, each with its marks.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<Mark>)> {
    // Most files are plain ASCII from end to end, and that is quickly known.
    let bytes = if bytes.is_ascii() { &[][..] } else { bytes };
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines.map(|(number, line)| (number, marks(line, number == 0))).filter(|(_, marks)| !marks.is_empty())
}

/// Finds single characters: those that turn the direction and those that cannot be seen.
fn characters(text: &str, at: usize, start: bool, marks: &mut Vec<Mark>) {
    let mut before = None;
    let mut rest = text.char_indices();
    while let Some((place, c)) = rest.next() {
        if c.is_ascii() {
            before = Some(c);
            continue;
        }
        let first = start && at + place == 0;
        let found = match technique(c) {
            Some(Technique::Invisible) if is_ordinary(c, before, rest.as_str(), first) => None,
            found => found,
        };
        // A flag of three parts of Great Britain is spelt with invisible letters.
        if c == '\u{1f3f4}'
            && let Some(flag) = FLAGS.iter().find(|flag| rest.as_str().starts_with(**flag))
        {
            for _ in flag.chars() {
                rest.next();
            }
        }
        before = Some(c);
        let Some(technique) = found else { continue };
        let range = at + place..at + place + c.len_utf8();
        if let Some(last) = marks.last_mut()
            && (last.technique, last.range.end) == (technique, range.start)
        {
            // A run is one secret: hidden text has a character for each of its letters.
            last.range.end = range.end;
            continue;
        }
        if marks.len() >= MARKS {
            return;
        }
        marks.push(Mark { range, technique, what: spoken(c, technique) });
    }
    for mark in marks.iter_mut().filter(|mark| mark.range.start >= at && mark.technique != Technique::Homoglyph) {
        let count = text.get(mark.range.start - at..mark.range.end - at).map_or(1, |run| run.chars().count());
        if count > 1 {
            mark.what += &format!(", the first of {count} in a row");
        }
    }
}

const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Tells how a single character could fool the eye.
fn technique(c: char) -> Option<Technique> {
    match c {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(Technique::Bidi)
        }
        // Controls are no characters of text, and of the private use and of what is none a font draws something.
        '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..='\u{10ffff}' => None,
        c if c.is_ascii() || u32::from(c) & 0xfffe == 0xfffe => None,
        c if display::is_hazard(c) => Some(Technique::Invisible),
        _ => None,
    }
}

/// Tells whether an invisible character stands where people need it.
fn is_ordinary(c: char, before: Option<char>, after: &str, first: bool) -> bool {
    let next = after.chars().next();
    let is_han = |c: char| matches!(c.script(), Script::Han | Script::Hiragana | Script::Katakana);
    match c {
        '\u{feff}' => first,
        // Which of two forms of a character is meant; one of them, and only after what has two forms.
        '\u{fe0e}' | '\u{fe0f}' => before.is_some_and(|before| {
            is_symbol(before) || (matches!(before, '0'..='9' | '#' | '*') && next == Some('\u{20e3}'))
        }),
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => before.is_some_and(is_han),
        '\u{180b}'..='\u{180f}' => before.is_some_and(|before| before.script() == Script::Mongolian),
        '\u{200c}' | '\u{200d}'
            if before.is_some_and(|before| joins(before.script()) || is_mark_of_joining(before)) =>
        {
            true
        }
        '\u{200d}' => {
            before.is_some_and(|before| is_symbol(before) || before == '\u{fe0f}') && next.is_some_and(is_symbol)
        }
        _ => false,
    }
}

/// Tells whether a character is a picture rather than a letter.
fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && technique(c).is_none() && !c.is_whitespace()
        || matches!(c, '\u{2139}' | '\u{24c2}' | '\u{3297}' | '\u{3299}' | '\u{1f170}'..='\u{1f189}')
}

/// Tells whether a script is written with joiners that change how its letters look.
fn joins(script: Script) -> bool {
    matches!(
        script,
        Script::Arabic
            | Script::Syriac
            | Script::Nko
            | Script::Mongolian
            | Script::Devanagari
            | Script::Bengali
            | Script::Gurmukhi
            | Script::Gujarati
            | Script::Oriya
            | Script::Tamil
            | Script::Telugu
            | Script::Kannada
            | Script::Malayalam
            | Script::Sinhala
            | Script::Khmer
            | Script::Myanmar
            | Script::Tibetan
    )
}

/// Tells whether a mark of several scripts may stand before a joiner.
fn is_mark_of_joining(c: char) -> bool {
    matches!(c, '\u{64b}'..='\u{655}' | '\u{670}' | '\u{951}'..='\u{954}')
}

/// Says what a character is.
fn spoken(c: char, technique: Technique) -> String {
    let name = match c {
        '\u{61c}' => "Arabic letter mark",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{202a}' => "left-to-right embedding",
        '\u{202b}' => "right-to-left embedding",
        '\u{202c}' => "end of an embedding",
        '\u{202d}' => "left-to-right override",
        '\u{202e}' => "right-to-left override",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "end of an isolate",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{2060}' => "word joiner",
        '\u{feff}' => "byte order mark inside the text",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "Hangul filler, a letter without a shape",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "variation selector",
        '\u{e0000}'..='\u{e007f}' => "tag character",
        _ => technique.word(),
    };
    format!("{name} (U+{:04X})", u32::from(c))
}

/// A word as a compiler takes it: letters, digits and `_`.
struct Word<'a> {
    start: usize,
    text: &'a str,
    /// What it looks like, where that is plain ASCII and another word.
    looks_like: Option<String>,
    /// The script of its first letter that is not ASCII.
    script: Option<Script>,
}

impl Word<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Finds identifiers that look like others.
fn identifiers(text: &str, at: usize, marks: &mut Vec<Mark>) {
    let words: Vec<Word<'_>> = words(text);
    for (index, word) in words.iter().enumerate() {
        let Some(looks_like) = &word.looks_like else { continue };
        if is_prose(text, &words, index) || is_letter_of_a_range(text, word) {
            continue;
        }
        if marks.len() >= 2 * MARKS {
            return;
        }
        let odd = word.text.chars().find(|c| !c.is_ascii() && technique(*c).is_none());
        let odd = odd.map(|c| format!("{c} is {} (U+{:04X})", c.script().full_name(), u32::from(c)));
        let cut = |text: &str| -> String {
            let mut out: String = text.chars().take(SAID).collect();
            if out.len() < text.len() {
                out.push('…');
            }
            display::line(&out).into_owned()
        };
        marks.push(Mark {
            range: at + word.start..at + word.end(),
            technique: Technique::Homoglyph,
            what: format!(
                "{} looks like {}: {}",
                cut(word.text),
                cut(looks_like),
                display::line(&odd.unwrap_or_default())
            ),
        });
    }
}

fn is_word(c: char) -> bool {
    // A character that cannot be seen does not end what one reads as one word.
    c == '_'
        || c.is_alphanumeric()
        || technique(c) == Some(Technique::Invisible) && !matches!(c, '\u{2028}' | '\u{2029}')
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(is_word).map(|place| from + place) {
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |place| start + place);
        from = end;
        // The `n` of `\nПривет` belongs to the escape.
        let escaped = text[..start].ends_with('\\') && text[start..].starts_with(['n', 't', 'r', 'b', 'f', 'v', '0']);
        let start = start + usize::from(escaped);
        let word = &text[start..end];
        let script = word.chars().find(|c| !c.is_ascii() && c.is_alphabetic()).map(|c| c.script());
        let looks_like = if word.is_ascii() { None } else { looks_like(word) };
        words.push(Word { start, text: word, looks_like, script });
    }
    words
}

/// Returns the ASCII word that a word looks like, if all of its letters are ASCII or look so.
fn looks_like(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    let mut odd = false;
    let mut buffer = [0; 4];
    let letters: Vec<char> = word.chars().filter(|c| technique(*c).is_none()).collect();
    for (index, c) in letters.iter().copied().enumerate() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        let mut shape = skeleton(c.encode_utf8(&mut buffer));
        let (Some(like), None) = (shape.next(), shape.next()) else { return None };
        if !like.is_ascii_alphanumeric() || !c.is_alphabetic() && !is_styled(c) {
            return None;
        }
        let near = |index: Option<usize>| index.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphabetic());
        let alone = !near(index.checked_sub(1)) && !near(Some(index + 1));
        odd |= match c {
            // These are told apart by any font for code, or are known for what they are.
            'α' | 'γ' | 'σ' | 'ℹ' | '\u{80}'..'\u{250}' => return None,
            _ => !(alone && c.script() == Script::Greek),
        };
        out.push(like);
    }
    odd.then_some(out)
}

/// Tells whether a character is an ASCII letter or digit in another dress: fullwidth or mathematical.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{ff10}'..='\u{ff19}' | '\u{1d7ce}'..='\u{1d7ff}')
}

/// Tells whether a word stands in a text in its own alphabet: a neighbour, with nothing between them but what stands
/// between words, has a letter of the same script that looks like no other. A comma, colon or hyphen tells nothing, since
/// arguments and keys have them too.
fn is_prose(text: &str, words: &[Word<'_>], index: usize) -> bool {
    let word = &words[index];
    // A word with ASCII letters in it belongs to no alphabet.
    if word.text.chars().any(|c| c.is_ascii_alphabetic()) {
        return false;
    }
    // A single letter in quotes is a letter, as tables of alphabets have them.
    let quoted = |c: Option<char>| matches!(c, Some('"' | '\'' | '`' | '«' | '»' | '“' | '”'));
    if word.text.chars().count() == 1
        && quoted(text[..word.start].chars().next_back())
        && quoted(text[word.end()..].chars().next())
    {
        return true;
    }
    let joined = |one: &Word<'_>, other: &Word<'_>| {
        text[one.end()..other.start]
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '.' | '–' | '—' | '!' | '?' | ';' | '…' | '«' | '»'))
            && text[one.end()..other.start].contains(char::is_whitespace)
    };
    let tells = |other: &Word<'_>| other.script == word.script && other.looks_like.is_none();
    // A run of words that all look like others is followed to its end, but not for ever.
    const REACH: usize = 16;
    let before = (0..index).rev().take(REACH).take_while(|at| joined(&words[*at], &words[*at + 1]));
    let after = (index + 1..words.len()).take(REACH).take_while(|at| joined(&words[*at - 1], &words[*at]));
    before.chain(after).any(|at| tells(&words[at]))
}

/// Tells whether a word is the middle of a class of characters such as `[a-zа-я]`.
fn is_letter_of_a_range(text: &str, word: &Word<'_>) -> bool {
    let before = &text[..word.start];
    let class = before.rfind('[').map(|open| &before[open..]);
    class.is_some_and(|class| !class.contains(|c: char| c == ']' || c.is_whitespace()))
        && word.text.chars().count() <= 2
        && before.ends_with('-')
        && text[word.end()..].starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(&str, Technique)> {
        marks(text.as_bytes(), false).into_iter().map(|mark| (&text[mark.range], mark.technique)).collect()
    }

    fn is_quiet(text: &str) {
        assert_eq!(found(text), [], "{text}");
    }

    #[test]
    fn characters_that_turn_the_direction_are_marked() {
        for c in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            let text = format!("if admin {c}x");
            assert_eq!(found(&text), [(c.to_string().as_str(), Technique::Bidi)]);
        }
        let what = &marks("/*\u{202e} } \u{2066}if (isAdmin)\u{2069} \u{2066} begin */".as_bytes(), false);
        assert_eq!(what.len(), 4);
        assert_eq!(what[0].what, "right-to-left override (U+202E)");
    }

    #[test]
    fn invisible_characters_are_marked_and_a_run_is_one() {
        for c in
            "\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{3164}\u{115f}\u{e0041}\u{fe0f}\u{e0100}\u{2028}\u{34f}"
                .chars()
        {
            let text = format!("is{c}Admin");
            assert_eq!(found(&text), [(c.to_string().as_str(), Technique::Invisible)], "{:x}", u32::from(c));
        }
        let hidden: String = "rm -rf".chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect();
        let text = format!("const x = 1;{hidden}");
        let marks = marks(text.as_bytes(), false);
        assert_eq!((marks.len(), &text[marks[0].range.clone()]), (1, hidden.as_str()));
        assert_eq!(marks[0].what, "tag character (U+E0072), the first of 6 in a row");
        // A payload in selectors after an emoji, as in packages that hid code so.
        assert_eq!(found("s(`❤\u{fe0f}\u{fe01}\u{fe02}\u{e0101}`)").len(), 1);
    }

    #[test]
    fn a_bom_is_no_secret_where_a_file_starts() {
        assert_eq!(marks("\u{feff}x".as_bytes(), true), []);
        assert_eq!(marks("\u{feff}x".as_bytes(), false).len(), 1);
        let whole: Vec<usize> = lines("\u{feff}a\nb\n\u{feff}c\n".as_bytes()).map(|(line, _)| line).collect();
        assert_eq!(whole, [2]);
    }

    #[test]
    fn look_alikes_are_marked() {
        for (word, like) in [
            ("раypal", "paypal"),
            ("аdmin", "admin"),
            ("isАdmin", "isAdmin"),
            ("сору", "copy"),
            ("Αlpha", "Alpha"),
            ("ｅｖａｌ", "eval"),
            ("𝐞𝐯𝐚𝐥", "eval"),
            ("use_ассess", "use_access"),
            ("ѕсоре", "scope"),
            ("օpen", "open"),
        ] {
            let text = format!("  if ({word}(x)) {{");
            let marks = marks(text.as_bytes(), false);
            assert_eq!(marks.len(), 1, "{word}");
            assert_eq!(&text[marks[0].range.clone()], word);
            assert!(marks[0].what.contains(&format!("looks like {like}:")), "{}", marks[0].what);
        }
        assert!(marks("аdmin".as_bytes(), false)[0].what.ends_with("а is Cyrillic (U+0430)"));
        // One that hides a second technique has both.
        let both: Vec<Technique> = found("аd\u{200b}min").into_iter().map(|(_, technique)| technique).collect();
        assert_eq!(both, [Technique::Homoglyph, Technique::Invisible]);
        // Arguments, keys and differences beside words of that alphabet are no prose.
        for code in ["f(сору, жук)", "const o = { сору: жук }", "total-сор-1", "жук(сору)"] {
            assert_eq!(found(code).len(), 1, "{code}");
        }
        // A comment in that alphabet on the same line is no excuse.
        assert_eq!(found("if (сор) // проверка"), [("сор", Technique::Homoglyph)]);
    }

    #[test]
    fn what_people_write_every_day_is_not_marked() {
        is_quiet("// ее уха и хор, со всеми: рост");
        is_quiet("\"\\nПривет\", 'со всеми'");
        is_quiet("/^[a-zа-яёA-ZА-Я0-9]+$/");
        is_quiet("{ 'а': 'a', 'о': 'o', 'е': 'e' }");
        is_quiet("API调用 日本語のコメント 한국어 二〇二〇年 ー");
        is_quiet("μs = Δt * π; σ_max = ρ * ν; α, β");
        is_quiet("déjà vu, naïve, Straße, kadın, það, ƒ, hjælp, 1º, ℹ️ info");
        is_quiet("❤️ ⚠️ 1️⃣ 👨‍👩‍👧 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 🏳️‍🌈 ✔︎");
        is_quiet("می‌خواهم क्‍ष");
        is_quiet("“quotes” — and… “dashes” – × ÷ ≤ €");
        is_quiet("葛\u{e0100}");
        is_quiet("\u{e0b0} \u{f101}");
    }

    #[test]
    fn plain_lines_and_broken_text_are_gone_over() {
        assert_eq!(marks(b"plain", false), []);
        let text = b"\xff\xe2\x80\xae\xff\xe2\x80\x8b";
        let ranges: Vec<Range<usize>> = marks(text, false).into_iter().map(|mark| mark.range).collect();
        assert_eq!(ranges, [1..4, 5..8]);
        assert_eq!(marks("\u{200b}x".repeat(1000).as_bytes(), false).len(), MARKS);
        assert_eq!(marks("\u{200b}".repeat(1000).as_bytes(), false).len(), 1);
    }

    fn odd() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "a",
            "_",
            "1",
            " ",
            "\\n",
            "-",
            "'",
            "а",
            "я",
            "α",
            "Α",
            "\u{202e}",
            "\u{200d}",
            "\u{fe0f}",
            "❤",
            "\u{1f3f4}",
            "\u{e0067}",
            "\u{feff}",
            "葛",
            "ｅ",
            "𝐞",
            "\u{301}",
            "ا",
            "//",
        ]);
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn marks_are_in_order_inside_and_shown_safely(text in prop_oneof![odd(), ".{0,40}"], start: bool, bytes: Vec<u8>) {
            for bytes in [text.as_bytes(), &bytes] {
                let marks = marks(bytes, start);
                for mark in &marks {
                    prop_assert!(!mark.range.is_empty() && mark.range.end <= bytes.len());
                    prop_assert!(!mark.what.chars().any(display::is_hazard), "{:?}", mark.what);
                    prop_assert!(std::str::from_utf8(&bytes[mark.range.clone()]).is_ok());
                }
                prop_assert!(marks.is_sorted_by_key(|mark| mark.range.start));
            }
        }

        #[test]
        fn no_such_character_escapes(before in "[ -~]{0,9}", after in "[ -~]{0,9}", c in prop::sample::select(vec![
            '\u{202a}', '\u{202e}', '\u{2066}', '\u{200e}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{e0061}', '\u{3164}', '\u{ad}',
        ])) {
            let text = format!("{before}{c}{after}");
            let marks = marks(text.as_bytes(), false);
            prop_assert!(marks.iter().any(|mark| mark.range == (before.len()..before.len() + c.len_utf8())), "{marks:?}");
        }

        #[test]
        fn no_swapped_letter_escapes(word in "[a-z]{2,8}", at in any::<prop::sample::Index>(), like in prop::sample::select(vec![
            ('a', 'а'), ('c', 'с'), ('e', 'е'), ('o', 'о'), ('p', 'р'), ('x', 'х'), ('y', 'у'), ('i', 'і'), ('o', 'ο'), ('v', 'ν'),
        ])) {
            let mut letters: Vec<char> = word.chars().collect();
            let at = at.index(letters.len());
            letters[at] = like.1;
            let text = format!("let {} = 1;", String::from_iter(letters));
            prop_assert_eq!(found(&text).len(), 1, "{}", text);
        }
    }
}
