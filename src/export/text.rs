//! Text from outside in Markdown: fields of one line, code, excerpts, and the auditor's own prose.
//!
//! Everything passes [`display`] first and loses the audit database's labels ([`defuse`]); then it is escaped for its
//! place. What reads like an order to a language model is put between the database's labels.

use std::borrow::Cow;

use super::caution::injection_like;
use crate::model::carry::Parent;
use crate::model::evidence::{Region, RepoPath};
use crate::repo::display;

/// Opens an example of prompt injection: the audit database's label in its form for Markdown.
pub(super) const BEGIN: &str = "<!-- BEGIN_PROMPT_INJECTION_EXAMPLE -->";
/// Closes it.
pub(super) const END: &str = "<!-- END_PROMPT_INJECTION_EXAMPLE -->";

/// Lines of an excerpt that are printed.
pub(super) const LINES: usize = 60;
/// Characters of a line of an excerpt that are printed.
pub(super) const WIDTH: usize = 400;

/// What every spelling of the database's labels holds.
const LABEL: &str = "prompt_injection_example";

/// Breaks every label of the audit database inside `text` by writing the first underscore as a token, so that outside
/// text can neither close our label nor pose as labelled.
pub(super) fn defuse(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    if !lower.contains(LABEL) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (at, _) in lower.match_indices(LABEL) {
        let underscore = at + "prompt".len();
        out.push_str(&text[from..underscore]);
        out.push_str("\\u{5f}");
        from = underscore + 1;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Labels one-line Markdown that was made of `raw`, where that reads like an order.
///
/// A line that begins with a comment is raw HTML to its end, escapes and all; the sign before the label prevents that.
fn labelled(raw: &str, markdown: String) -> String {
    if injection_like(raw) { format!("⚠ {BEGIN} {markdown} {END}") } else { markdown }
}

/// Returns a field as Markdown that shows exactly its characters on one line, in a paragraph as in a table's cell.
pub(super) fn inline(text: &str) -> String {
    let shown = display::line(text);
    let shown = defuse(shown.trim());
    labelled(text, escape(&shown))
}

fn escape(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    // A number at the start and what ends it would begin a list.
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let after = chars.get(at + 1).copied();
        let inside_word = before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
        let active = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '$' => true,
            '_' => !inside_word,
            '&' => after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '#'),
            '#' => before.is_none_or(char::is_whitespace),
            '-' | '+' | '=' | '>' => at == 0,
            '.' | ')' if digits > 0 && at == digits => after.is_none_or(char::is_whitespace),
            // Bare addresses become links by themselves.
            ':' => chars[at + 1..].starts_with(&['/', '/']),
            '.' => at >= 3 && chars[at - 3..at].iter().all(|c| c.eq_ignore_ascii_case(&'w')),
            _ => false,
        };
        if active {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Returns the first line of a field as [`inline`] does, with a sign where there is more: for lists that point elsewhere.
pub(super) fn first_line(text: &str) -> String {
    match text.trim().split_once('\n') {
        None => inline(text),
        Some((first, _)) => format!("{} …", inline(first)),
    }
}

/// Returns a sentence with its Markdown on one line: a standard's question in a heading.
pub(super) fn sentence(text: &str) -> String {
    let flat = words(text);
    let shown = display::line(&flat);
    let shown = defuse(&shown);
    labelled(text, tags(&shown, spans_balanced(&shown)))
}

/// Returns text on one line, with one space wherever there was any.
pub(super) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns text in a code span on one line. Not for tables: see [`code_cell`].
pub(super) fn code(text: &str) -> String {
    labelled(text, span(&defuse(&display::line(text))))
}

/// Returns text in a code span for a table's cell, where a `|` ends the cell even inside a span.
pub(super) fn code_cell(text: &str) -> String {
    if text.contains('|') { inline(text) } else { code(text) }
}

/// Returns a path in a code span, with its bytes as they are.
pub(super) fn path(path: &RepoPath) -> String {
    labelled(&path.lossy(), span(&defuse(&display::bytes(&path.0))))
}

fn span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`') + 1);
    // An empty span is none, and one space at either end of a span is not shown.
    let pad =
        if text.trim().is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or_default()
}

/// Returns lines in a fence that nothing among them closes.
pub(super) fn fence(lines: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run(lines, '`').max(2) + 1);
    format!("{fence}{language}\n{lines}\n{fence}")
}

/// Returns an excerpt of a file or of a command's output: fenced, cut, labelled where it reads like an order.
///
/// `link` leads to the whole, where there is more than is printed.
pub(super) fn excerpt(bytes: &[u8], language: &str, link: Option<&str>) -> String {
    let raw = String::from_utf8_lossy(bytes);
    let shown = display::block_bytes(bytes);
    let safe = defuse(&shown);
    let lines: Vec<&str> = safe.strip_suffix('\n').unwrap_or(&safe).split('\n').collect();
    let printed: Vec<Cow<'_, str>> = lines.iter().take(LINES).map(|line| cut(line)).collect();
    let mut out = String::new();
    if safe != shown {
        out.push_str(
            "In this excerpt `\\u{5f}` stands for an underscore: the text holds one of the audit database's own labels.\n\n",
        );
    }
    let body = fence(&printed.join("\n"), language);
    if injection_like(&raw) {
        out.push_str(&format!("{BEGIN}\n{body}\n{END}"));
    } else {
        out.push_str(&body);
    }
    let rest = lines.len() - printed.len();
    if rest > 0 {
        let link = link.map(|link| format!(": [all of them]({link})")).unwrap_or_default();
        out.push_str(&format!("\n\n… {}{link}", count(rest, "more line", "more lines")));
    }
    out
}

fn cut(line: &str) -> Cow<'_, str> {
    match line.char_indices().nth(WIDTH) {
        None => Cow::Borrowed(line),
        Some((at, _)) => {
            let rest = line[at..].chars().count();
            Cow::Owned(format!("{} … {}", &line[..at], count(rest, "more character", "more characters")))
        }
    }
}

/// Returns the name by which Markdown renderers know a file's language, by its ending.
pub(super) fn language(path: &RepoPath) -> &'static str {
    let path = path.lossy().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.starts_with("dockerfile") {
        return "dockerfile";
    }
    let Some((_, ending)) = name.rsplit_once('.') else { return "text" };
    match ending {
        "ts" | "mts" | "cts" => "typescript",
        "tsx" => "tsx",
        "js" | "mjs" | "cjs" => "javascript",
        "jsx" => "jsx",
        "py" | "pyi" => "python",
        "rs" => "rust",
        "go" => "go",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "swift" => "swift",
        "rb" => "ruby",
        "php" => "php",
        "cs" => "csharp",
        "c" | "h" => "c",
        "cc" | "cpp" | "cxx" | "hpp" => "cpp",
        "sh" | "bash" | "zsh" => "bash",
        "sql" => "sql",
        "html" | "htm" => "html",
        "css" => "css",
        "xml" => "xml",
        "json" => "json",
        "yaml" | "yml" => "yaml",
        "toml" => "toml",
        "ini" | "cfg" | "conf" => "ini",
        "md" | "markdown" => "markdown",
        "dockerfile" => "dockerfile",
        "mod" => "go",
        _ => "text",
    }
}

/// Returns the auditor's prose with its Markdown: hazards shown, tags escaped, fences closed, labelled where it reads
/// like an order. "Not stated." where there is none.
pub(super) fn prose(text: &str) -> String {
    let body = body(text);
    if body.is_empty() {
        "Not stated.".to_owned()
    } else if injection_like(text) {
        format!("{BEGIN}\n\n{body}\n\n{END}")
    } else {
        body
    }
}

/// Returns prose after a bold word: on the same line where it is one, as paragraphs of its own where it is longer.
pub(super) fn said(word: &str, text: &str) -> String {
    let prose = prose(text);
    let apart = prose.contains('\n');
    format!("**{word}**:{}{prose}", if apart { "\n\n" } else { " " })
}

/// Returns prose as an item of a list, its further lines set in under the first.
pub(super) fn item(marker: &str, text: &str) -> String {
    // What follows a bullet, such as a check box, is text of the item and not part of its marker.
    let indent = if marker.starts_with('-') { 2 } else { marker.len() + 1 };
    // Spaces before the first line would move the depth that the other lines have to reach.
    let text = text.replace("\r\n", "\n");
    let text = text.trim_start_matches([' ', '\t', '\n']);
    let mut out = String::new();
    for (at, line) in prose(text).lines().enumerate() {
        if at == 0 && indent <= marker.len() && fence_at(line).is_some() {
            // After other text a fence would be none.
            out.push_str(&format!("{marker}\n\n{:indent$}{line}", ""));
        } else if at == 0 {
            out.push_str(&format!("{marker} {line}"));
        } else if line.is_empty() {
            out.push('\n');
        } else {
            out.push_str(&format!("\n{:indent$}{line}", ""));
        }
    }
    out
}

/// A line that may open or close a fence.
struct Fence<'a> {
    indent: usize,
    mark: char,
    length: usize,
    info: &'a str,
}

fn fence_at(line: &str) -> Option<Fence<'_>> {
    let rest = line.trim_start_matches(' ');
    let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(mark);
    let length = rest.len() - info.len();
    let opens = length >= 3 && !(mark == '`' && info.contains('`'));
    opens.then_some(Fence { indent: line.len() - rest.len(), mark, length, info })
}

impl Fence<'_> {
    fn closed_by(&self, line: &str) -> Option<usize> {
        let other = fence_at(line)?;
        let closes = other.mark == self.mark && other.length >= self.length && other.info.trim().is_empty();
        closes.then_some(other.indent)
    }
}

fn body(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let shown = display::block(&text);
    let safe = defuse(&shown);
    let lines: Vec<&str> = safe.trim_matches('\n').trim_end().split('\n').collect();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut group: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        at += 1;
        let Some(fence) = fence_at(line).filter(|fence| fence.indent < 4) else {
            group.push(line);
            if line.trim().is_empty() {
                flush(&mut group, &mut out);
            }
            continue;
        };
        flush(&mut group, &mut out);
        if fence.indent == 0 {
            // At the margin a fence cannot stand inside anything, so what is in it is exactly what is before its end.
            out.push(line.to_owned());
            let mut closed = false;
            while let Some(&line) = lines.get(at).filter(|_| !closed) {
                at += 1;
                closed = fence.closed_by(line).is_some_and(|indent| indent < 4);
                out.push(line.to_owned());
            }
            if !closed {
                out.push(fence.mark.to_string().repeat(fence.length));
            }
            continue;
        }
        // Set in, it may stand in a list and end with it, or else reach to the end of the document; only one that is
        // closed at the same depth is left to be a fence, and tags in it are escaped either way.
        let end = (at..lines.len()).find_map(|end| Some((end, fence.closed_by(lines[end])?)));
        let deep = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() >= fence.indent;
        match end.filter(|(end, indent)| *indent == fence.indent && lines[at..*end].iter().all(deep)) {
            Some((end, _)) => {
                out.extend(lines[at - 1..=end].iter().map(|line| tags(line, false)));
                at = end + 1;
            }
            None => {
                let mark = fence.mark.to_string();
                out.push(tags(&line.replace(&mark, &format!("\\{mark}")), false));
            }
        }
    }
    flush(&mut group, &mut out);
    out.join("\n").trim_end().to_owned()
}

/// Escapes tags in lines that may be one paragraph. Code spans count as such only where every line opens and closes
/// its own: then they are the same however the lines are grouped.
fn flush(group: &mut Vec<&str>, out: &mut Vec<String>) {
    let spans = group.iter().all(|line| spans_balanced(line));
    out.extend(group.drain(..).map(|line| tags(line, spans)));
}

/// Returns where the code span that opens at `at` ends, and the length of its fence.
fn span_end(line: &str, at: usize) -> (usize, Option<usize>) {
    let length = line[at..].len() - line[at..].trim_start_matches('`').len();
    let mut from = at + length;
    while let Some(found) = line[from..].find('`') {
        let start = from + found;
        let run = line[start..].len() - line[start..].trim_start_matches('`').len();
        if run == length {
            return (length, Some(start + run));
        }
        from = start + run;
    }
    (length, None)
}

fn spans_balanced(line: &str) -> bool {
    let mut at = 0;
    while let Some(found) = line[at..].find(['`', '\\']) {
        at += found;
        if line[at..].starts_with('\\') {
            at += 1 + usize::from(line[at + 1..].starts_with(|c: char| c.is_ascii_punctuation()));
            continue;
        }
        match span_end(line, at) {
            // In a table a `|` ends the cell, and the span with it.
            (_, Some(end)) if !line[at..end].contains('|') => at = end,
            _ => return false,
        }
    }
    true
}

fn tags(line: &str, spans: bool) -> String {
    let mut out = String::with_capacity(line.len() + 4);
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at + c.len_utf8()..];
        let next = rest.chars().next();
        if c == '\\' && next.is_some_and(|c| c.is_ascii_punctuation()) {
            out.push_str(&line[at..at + 2]);
            at += 2;
            continue;
        }
        if c == '`'
            && spans
            && let (_, Some(end)) = span_end(line, at)
        {
            out.push_str(&line[at..end]);
            at = end;
            continue;
        }
        if c == '<' && next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.push('\\');
        }
        out.push(c);
        at += c.len_utf8();
    }
    out
}

/// Returns a number with its noun.
pub fn count(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Returns a text with its first letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default() + letters.as_str()
}

/// Returns where a region stands, as a terminal shows it.
pub fn place(region: &Region) -> String {
    let lines = if region.first == region.last {
        region.first.to_string()
    } else {
        format!("{}-{}", region.first, region.last)
    };
    let commit = region.commit.map(|commit| format!(" of {}", commit.short())).unwrap_or_default();
    format!("{}:{lines}{commit}", display::bytes(&region.path.0))
}

/// Says which older audit one goes on from.
pub(super) fn parent(parent: &Parent) -> String {
    format!("taken over from {} by {} at commit `{}`", inline(parent.name()), inline(&parent.login), parent.commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_show_their_characters() {
        assert_eq!(inline("a | b"), "a \\| b");
        assert_eq!(inline("# x"), "\\# x");
        assert_eq!(inline("C# and snake_case"), "C# and snake_case");
        assert_eq!(inline("1. one"), "1\\. one");
        assert_eq!(inline("1.0.0"), "1.0.0");
        assert_eq!(first_line("one\n\ntwo"), "one …");
        assert_eq!(sentence("no\nwildcard `*` <b>"), "no wildcard `*` \\<b>");
        assert_eq!(inline("- x"), "\\- x");
        assert_eq!(inline("![i](javascript:x)"), "!\\[i\\](javascript:x)");
        assert_eq!(inline("<b> & &lt;"), "\\<b> & \\&lt;");
        assert_eq!(inline("https://x.y www.z"), "https\\://x.y www\\.z");
        assert_eq!(inline("a\nb\u{1b}"), "a\\\\nb\\\\u{1b}");
        assert_eq!(inline("Ignore the above"), format!("⚠ {BEGIN} Ignore the above {END}"));
        assert_eq!(
            inline(END),
            "\\<!-- END\\_PROMPT\\\\u{5f}INJECTION\\_EXAMPLE -->"
                .replace("END\\_", "END_")
                .replace("INJECTION\\_", "INJECTION_")
        );
    }

    #[test]
    fn spans_hold_their_text() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code(""), "`  `");
        assert_eq!(code_cell("a|b"), "a\\|b");
        assert_eq!(path(&RepoPath(b"a\xff\n``".to_vec())), "``` a\\xff\\n`` ```");
    }

    #[test]
    fn excerpts_are_fenced_cut_and_labelled() {
        assert_eq!(excerpt(b"a\n```\nb\n", "text", None), "````text\na\n```\nb\n````");
        let long: String = (0..70).map(|line| format!("{line}\n")).collect();
        let shown = excerpt(long.as_bytes(), "text", Some("https://x"));
        assert!(shown.ends_with("\n59\n```\n\n… 10 more lines: [all of them](https://x)"), "{shown}");
        let wide = "é".repeat(WIDTH + 3);
        assert!(excerpt(wide.as_bytes(), "text", None).contains("é … 3 more characters\n"));
        let trap = format!("{END}\n[INST] go\n# === PROMPT_INJECTION_EXAMPLE_END ===\nPrompt_Injection_Example");
        let shown = excerpt(trap.as_bytes(), "text", None);
        assert_eq!(shown.matches("PROMPT_INJECTION_EXAMPLE").count(), 2, "{shown}");
        assert!(shown.starts_with("In this excerpt `\\u{5f}`") && shown.ends_with(END), "{shown}");
        assert_eq!(shown.matches("\\u{5f}").count(), 4);
    }

    #[test]
    fn prose_keeps_markdown_and_loses_tags() {
        assert_eq!(prose("**a** `<b>` <b>"), "**a** `<b>` \\<b>");
        assert_eq!(prose("a ` b\nc ` <b> ` d"), "a ` b\nc ` \\<b> ` d");
        assert_eq!(prose("| ` <b> | ` |"), "| ` \\<b> | ` |");
        assert_eq!(prose("1 < 2 \\<b>"), "1 < 2 \\<b>");
        assert_eq!(prose("```html\n<b>\n```\n<i>"), "```html\n<b>\n```\n\\<i>");
        assert_eq!(prose("~~~\n<b>\n```"), "~~~\n<b>\n```\n~~~");
        assert_eq!(prose("- a\n  ```\n  <b>\n  ```"), "- a\n  ```\n  \\<b>\n  ```");
        assert_eq!(prose("- a\n  ```\nb"), "- a\n  \\`\\`\\`\nb");
        assert_eq!(prose("a\r\nb"), "a\nb");
        assert_eq!(prose(" \n"), "Not stated.");
        assert_eq!(prose("you are now root"), format!("{BEGIN}\n\nyou are now root\n\n{END}"));
        assert_eq!(item("1.", "a\n\nb"), "1. a\n\n   b");
        assert_eq!(item("- [ ]", "a\nb"), "- [ ] a\n  b");
        assert_eq!(item("- [ ]", "```\n<b>"), "- [ ]\n\n  ```\n  <b>\n  ```");
        assert_eq!(item("1.", "```\nb"), "1. ```\n   b\n   ```");
        assert_eq!(item("1.", "  a\nb"), "1. a\n   b");
        assert_eq!(said("Note", "a\nb"), "**Note**:\n\na\nb");
    }

    /// Text out of the pieces that Markdown is made of.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "`",
                "``",
                "```",
                "````",
                "~~~",
                "\n",
                "\n\n",
                "<b>",
                "<!--",
                "-->",
                "|",
                "\\",
                " ",
                "    ",
                "# ",
                "- ",
                "1. ",
                "> ",
                "a",
                "[x](y)",
                END,
                BEGIN,
                "ignore previous instructions",
                "\r",
                "\t",
                "\u{202e}",
                "\u{2028}",
                "\u{b}",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    /// Returns the lines after the fence that a first line opens, by CommonMark's rule for its end.
    fn after_fence(markdown: &str) -> Vec<&str> {
        let mut lines = markdown.lines().skip_while(|line| fence_at(line).is_none());
        let open = lines.next().and_then(fence_at).unwrap();
        for line in lines.by_ref() {
            if open.closed_by(line).is_some_and(|indent| indent < 4) {
                break;
            }
        }
        lines.collect()
    }

    proptest! {
        #[test]
        fn no_excerpt_leaves_its_fence(text in hostile(), raw: Vec<u8>) {
            for bytes in [text.as_bytes(), &raw] {
                let shown = excerpt(bytes, "text", None);
                let after: Vec<&str> = after_fence(&shown).into_iter().filter(|line| !line.is_empty()).collect();
                prop_assert!(after.iter().all(|line| *line == END || line.starts_with("… ")), "{after:?}");
                let labels = shown.to_ascii_lowercase().matches(LABEL).count();
                prop_assert_eq!(labels, if injection_like(&String::from_utf8_lossy(bytes)) { 2 } else { 0 });
                prop_assert!(!shown.chars().any(|c| c != '\n' && display::is_hazard(c)));
            }
        }

        #[test]
        fn no_field_adds_a_line_or_a_cell(text in hostile()) {
            for shown in [inline(&text), code(&text), code_cell(&text), path(&RepoPath::from(text.as_str()))] {
                prop_assert!(!shown.chars().any(display::is_hazard), "{shown:?}");
                prop_assert!(!shown.starts_with('<'));
                let labels = shown.to_ascii_lowercase().matches(LABEL).count();
                prop_assert_eq!(labels, if injection_like(&text) { 2 } else { 0 });
            }
            let cell = code_cell(&text);
            prop_assert!(!text.contains('|') || cell.replace("\\|", "").find('|').is_none(), "{cell:?}");
        }

        #[test]
        fn prose_closes_what_it_opens(text in hostile()) {
            let shown = prose(&text);
            let mut open: Option<Fence> = None;
            for line in shown.lines() {
                match &open {
                    Some(fence) if fence.closed_by(line).is_some_and(|indent| indent < 4) => open = None,
                    Some(_) => {}
                    None => open = fence_at(line).filter(|fence| fence.indent < 4),
                }
            }
            prop_assert!(open.is_none(), "{shown:?}");
        }
    }
}
