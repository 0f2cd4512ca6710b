//! Test modules inside Rust files, `#[cfg(test)] mod tests { … }`: they are found by their braces, without a parser.
//!
//! What cannot be followed to its closing brace is no test module, so a broken file hides nothing.

use std::cell::OnceCell;
use std::ops::RangeInclusive;

use crate::model::evidence::RepoPath;

/// The lines of a file's test modules, looked for when they are first asked for.
pub(super) struct TestModules<'a> {
    text: &'a [u8],
    rust: bool,
    lines: OnceCell<Vec<RangeInclusive<u64>>>,
}

impl<'a> TestModules<'a> {
    /// Returns those of the file at `path`, which has none unless it is a Rust file.
    pub fn new(path: &RepoPath, text: &'a [u8]) -> TestModules<'a> {
        TestModules { text, rust: path.0.ends_with(b".rs"), lines: OnceCell::new() }
    }

    /// Tells whether a line (from 1) stands in one of them.
    pub fn hold(&self, line: u64) -> bool {
        if !self.rust {
            return false;
        }
        let lines = self.lines.get_or_init(|| modules(self.text));
        // A file may have a great many of them, and as many hits.
        let at = lines.partition_point(|module| *module.end() < line);
        lines.get(at).is_some_and(|module| module.contains(&line))
    }
}

/// The attributes before an item.
#[derive(Clone, Copy)]
struct Attributes {
    /// Where the first of them begins.
    start: usize,
    /// One of them is a test's.
    test: bool,
    /// All of them are the language's own.
    plain: bool,
}

/// Attributes that leave what follows as it is. Any other one may be a macro, which makes of a test module what it likes.
const PLAIN: [&[u8]; 11] =
    [b"allow", b"cfg", b"clippy", b"deny", b"deprecated", b"doc", b"expect", b"forbid", b"path", b"rustfmt", b"warn"];

/// Returns the lines (from 1) that belong to test modules alone, in order.
///
/// Only modules in modules are looked at: what stands in other brackets may be read by a macro.
fn modules(text: &[u8]) -> Vec<RangeInclusive<u64>> {
    let mut tokens = Tokens { text, at: 0 };
    let mut found = Vec::new();
    let mut attributes: Option<Attributes> = None;
    let (mut line, mut counted) = (1, 0);
    while let Some(token) = tokens.next() {
        match token.text {
            b"#" if tokens.peek() == b"[" => {
                let (test, plain) = tokens.attribute();
                let before = attributes.unwrap_or(Attributes { start: token.start, test: false, plain: true });
                attributes = Some(Attributes { test: before.test || test, plain: before.plain && plain, ..before });
            }
            b"pub" => {
                if tokens.peek() == b"(" {
                    tokens.skip_group();
                }
            }
            b"mod" => {
                tokens.next();
                let attributes = attributes.take();
                if tokens.peek() != b"{" {
                    continue;
                }
                match attributes {
                    Some(Attributes { start, test: true, plain: true }) => {
                        let Some(end) = tokens.skip_group() else { continue };
                        line += feeds(&text[counted..start]);
                        let first = line + u64::from(!blank(text[..start].iter().rev()));
                        line += feeds(&text[start..end]);
                        let last = line - u64::from(!blank(text[end..].iter()));
                        counted = end;
                        if first <= last {
                            found.push(first..=last);
                        }
                    }
                    Some(Attributes { plain: false, .. }) => {
                        tokens.skip_group();
                    }
                    _ => {
                        tokens.next();
                    }
                }
            }
            b"(" | b"[" | b"{" => {
                attributes = None;
                tokens.at = token.start;
                tokens.skip_group();
            }
            _ => attributes = None,
        }
    }
    found
}

fn feeds(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Tells whether no code stands beside a module on its first or last line; `beside` goes away from the module.
fn blank<'a>(mut beside: impl Iterator<Item = &'a u8>) -> bool {
    // No further than to the first code: a line may hold a great many modules.
    beside.find(|byte| !byte.is_ascii_whitespace() || **byte == b'\n').is_none_or(|byte| *byte == b'\n')
}

struct Token<'a> {
    text: &'a [u8],
    start: usize,
}

/// A file's tokens: words, literals and single characters; blanks and comments are left out.
#[derive(Clone, Copy)]
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let length = match *rest.first()? {
            b'"' => quoted(rest, 1),
            b'\'' => quote(rest),
            byte if is_word(byte) => {
                let word = rest.iter().take_while(|byte| is_word(**byte)).count();
                word + literal(&rest[..word], &rest[word..])
            }
            _ => 1,
        };
        self.at = (start + length).min(self.text.len());
        Some(Token { text: &self.text[start..self.at], start })
    }

    fn peek(mut self) -> &'a [u8] {
        self.next().map_or(b"", |token| token.text)
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += if rest.first().is_some_and(u8::is_ascii_whitespace) {
                rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
            } else if rest.starts_with(b"//") {
                memchr::memchr(b'\n', rest).unwrap_or(rest.len())
            } else if rest.starts_with(b"/*") {
                comment(rest)
            } else {
                return;
            };
        }
    }

    /// Reads what stands in brackets, the opening one being next, and returns where it ends; `None` where it never does.
    fn skip_group(&mut self) -> Option<usize> {
        let mut depth = 0_usize;
        loop {
            match self.next()?.text {
                b"(" | b"[" | b"{" => depth += 1,
                b")" | b"]" | b"}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Some(self.at);
            }
        }
    }

    /// Reads an attribute, its `[` being next, and tells whether what it is on is compiled for tests alone, and whether it
    /// leaves that as it is.
    fn attribute(&mut self) -> (bool, bool) {
        let start = self.at;
        let Some(end) = self.skip_group() else { return (false, false) };
        let mut inside = Tokens { text: &self.text[..end], at: start };
        let words: Vec<&[u8]> = std::iter::from_fn(|| inside.next().map(|token| token.text)).collect();
        (for_tests(&words), words.get(1).is_some_and(|name| PLAIN.contains(name)))
    }
}

/// Tells whether an attribute stands for `cfg(test)`, or has `test` among the conditions of `cfg(all(…))`.
fn for_tests(words: &[&[u8]]) -> bool {
    let conditions = match words {
        [b"[", b"cfg", b"(", b"all", b"(", rest @ ..] => rest,
        [b"[", b"cfg", b"(", rest @ ..] => return matches!(rest, [b"test", b")", b"]"]),
        _ => return false,
    };
    let mut depth = 0_usize;
    for (at, word) in conditions.iter().enumerate() {
        match *word {
            b"(" => depth += 1,
            b")" if depth == 0 => return false,
            b")" => depth -= 1,
            b"test" if depth == 0 => {
                let alone = matches!(conditions.get(at + 1), Some(&(b"," | b")")));
                if alone {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Returns how long a comment `/* … */` is; such comments nest.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if text[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Returns how long a text in quotes is whose first quote stands before `from`; `\` takes the next byte's meaning.
fn quoted(text: &[u8], from: usize) -> usize {
    let quote = text[from - 1];
    let mut at = from;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Returns how long a character such as `'{'` or a lifetime such as `'a` is.
fn quote(text: &[u8]) -> usize {
    let character = match text.get(1) {
        Some(b'\\') => return quoted(text, 1),
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        _ => 1,
    };
    if text.get(1 + character) == Some(&b'\'') { 2 + character } else { 1 }
}

/// Returns how much of what follows a word belongs to it: the text of `b"…"`, `r#"…"#` or `b'…'`, the name of `r#mod`.
fn literal(word: &[u8], after: &[u8]) -> usize {
    match (word, after.first()) {
        (b"b" | b"c", Some(b'"')) | (b"b", Some(b'\'')) => quoted(after, 1),
        (b"r" | b"br" | b"cr", Some(b'"' | b'#')) => {
            let hashes = after.iter().take_while(|byte| **byte == b'#').count();
            if after.get(hashes) != Some(&b'"') {
                return if hashes == 1 { 1 + after[1..].iter().take_while(|byte| is_word(**byte)).count() } else { 0 };
            }
            let mut end = vec![b'#'; hashes + 1];
            end[0] = b'"';
            memchr::memmem::find(&after[hashes + 1..], &end).map_or(after.len(), |at| hashes + 1 + at + end.len())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<RangeInclusive<u64>> {
        modules(text.as_bytes())
    }

    #[test]
    fn a_test_module_reaches_to_its_brace() {
        let text = "use a;\nfn run() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn f() { assert!(true); }\n}\nfn after() {}\n";
        assert_eq!(lines(text), [4..=9]);
        assert_eq!(lines(&text.replace('\n', "\r\n")), [4..=9]);
        assert_eq!(
            lines("#[cfg(test)] mod a { }\nfn b() {}\n# [ cfg ( test ) ]\npub(crate) mod c\n{\n}"),
            [1..=1, 3..=6]
        );
        assert_eq!(lines("mod a {\n    #[cfg(test)]\n    mod tests {\n    }\n}\n"), [2..=4]);
        let named = "#[allow(dead_code)] // why\n#[cfg(all(unix, test))]\n/// Doc { of it.\n#[path = \"{\"]\npub mod tests {\n}\n";
        assert_eq!(lines(named), [1..=6]);
    }

    #[test]
    fn braces_in_text_do_not_count() {
        for inside in [
            "\"}\"",
            "\"\\\"}\"",
            "b\"}\"",
            "r\"}\\\"",
            "r##\"}\"#}\"##",
            "br#\"}\"#",
            "'}'",
            "'\\''",
            "b'}'",
            "b'\\''",
            "\"\\\\\"",
            "// }",
            "/* } /* } */ } */",
            "fn f<'a>(x: &'a str) {}",
            "'\u{6f22}'",
            "r#mod",
            "\"\n}\n\"",
        ] {
            let text = format!("#[cfg(test)]\nmod tests {{\n{inside}\n}}\nlast();\n");
            let feeds = inside.matches('\n').count() as u64;
            assert_eq!(lines(&text), [1..=4 + feeds], "{inside}");
        }
    }

    #[test]
    fn what_ships_is_no_test_module_fail() {
        for text in [
            "#[cfg(not(test))]\nmod live {\n}\n",
            "#[cfg(any(test, feature = \"x\"))]\nmod both {\n}\n",
            "#[cfg(all(unix, not(test)))]\nmod live {\n}\n",
            "#[cfg(all(unix, test = \"no\"))]\nmod live {\n}\n",
            "#[cfg(all(feature = \"test\"))]\nmod live {\n}\n",
            "#[cfg(feature = \"test\")]\nmod live {\n}\n",
            "#[cfg(test)]\nmod tests;\nmod live {\n}\n",
            "#[cfg(test)]\nuse a;\nmod live {\n}\n",
            "#[cfg(test)]\nfn f() {}\nmod live {\n}\n",
            "// #[cfg(test)]\nmod live {\n}\n",
            "const A: &str = \"#[cfg(test)]\";\nmod live {\n}\n",
            "#![cfg(test)]\nmod live {\n}\n",
            "#[cfg(test)]\nmod tests {\n fn never_closed() {\n}\n",
            "#[cfg(test)]\nmod tests {\n \"never closed\n}\n",
            "#[cfg(test)]\nmod tests {\n /* never closed }\n}\n",
            "#[cfg(test",
            "#[",
            "'",
            "r#",
            "b'",
            "/*",
            "",
        ] {
            assert_eq!(lines(text), [], "{text}");
        }
    }

    #[test]
    fn what_a_macro_reads_is_no_test_module_fail() {
        for text in [
            "macro_rules! keep { (#[cfg(test)] mod $n:ident { $($t:tt)* }) => { $($t)* } }\nkeep! {\n#[cfg(test)]\nmod tests {\n}\n}\n",
            "keep!(\n#[cfg(test)]\nmod tests {\n}\n);\n",
            "keep![\n#[cfg(test)]\nmod tests {\n}\n];\n",
            "mod a {\nkeep! {\n#[cfg(test)]\nmod tests {\n}\n}\n}\n",
            "fn f() {\n#[cfg(test)]\nmod tests {\n}\n}\n",
            "#[keep]\n#[cfg(test)]\nmod tests {\n}\n",
            "#[cfg(test)]\n#[cfg_attr(all(), keep)]\nmod tests {\n}\n",
            "#[keep]\nmod a {\n#[cfg(test)]\nmod tests {\n}\n}\n",
        ] {
            assert_eq!(lines(text), [], "{text}");
        }
        assert_eq!(lines("keep! { mod a { } }\n#[rustfmt::skip]\n#[cfg(test)]\nmod tests {\n}\n"), [2..=5]);
    }

    #[test]
    fn many_modules_on_one_line_are_read_once() {
        // So many that going over the line again for each would never end.
        let text = "#[cfg(test)]mod a{}".repeat(200_000);
        assert_eq!(lines(&format!("live();{text}\n")), []);
        assert_eq!(lines(&format!("live();\n{}", "#[cfg(test)]mod a{}\n".repeat(200_000))).len(), 200_000);
    }

    #[test]
    fn code_beside_a_test_module_is_not_cut_with_it_fail() {
        assert_eq!(lines("live(); #[cfg(test)] mod a {\nx\n} live();\n"), [2..=2]);
        assert_eq!(lines("live(); #[cfg(test)] mod a { } live();\n"), []);
    }

    #[test]
    fn only_rust_files_have_test_modules() {
        let text = b"#[cfg(test)]\nmod tests {\n}\n";
        assert!(TestModules::new(&"a.rs".into(), text).hold(3));
        assert!(!TestModules::new(&"a.rs".into(), text).hold(4));
        assert!(!TestModules::new(&"a.py".into(), text).hold(2));
    }
}
