//! The labels that mark text as an example of a prompt injection, and what they protect.
//!
//! A label begins and ends at the same depth of code fences: a sentinel that is quoted in a fence does not end the label
//! around it. What is not closed protects nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A text's labels and code fences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Bytes that a label protects, in order.
    pub scopes: Vec<Range<usize>>,
    /// Lines of labels that are not balanced, from 1, and what is wrong.
    pub wrong: Vec<(usize, &'static str)>,
    /// Bytes inside of code fences, without the fences' own lines.
    pub fences: Vec<Range<usize>>,
}

/// The forms of sentinels. A kind ends only what it began.
static SENTINEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        <!--\s*(?<html>BEGIN|END)_PROMPT_INJECTION_EXAMPLE\s*-->
        | ===\s*PROMPT_INJECTION_EXAMPLE_(?<code>START|END)\s*===",
    )
    .ok()
});

static ADMONITION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^ {0,3}>\s*\[!CAUTION\]\s*PROMPT_INJECTION_EXAMPLE\s*$").ok());

/// A code fence that is open.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
    /// Where its content starts.
    start: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Html,
    Code,
}

/// A label that is open.
struct Open {
    form: Form,
    start: usize,
    line: usize,
    /// Which fence it stands in, by its number; 0 outside of all.
    fence: usize,
}

const UNCLOSED: &str = "it begins and does not end";
const UNOPENED: &str = "it ends and did not begin";

/// Finds labels and fences.
pub fn labels(text: &str) -> Labels {
    let mut found = Labels::default();
    let mut fence: Option<Fence> = None;
    // Fences are numbered, so that a label that begins in one cannot end in another.
    let mut number = 0;
    let mut open: Vec<Open> = Vec::new();
    let mut admonition: Option<usize> = None;
    let mut at = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let line = raw.trim_end_matches(['\n', '\r']);
        let end = at + raw.len();
        let quoted =
            line.trim_start_matches(' ').starts_with('>') && line.len() - line.trim_start_matches(' ').len() <= 3;
        if !quoted && let Some(start) = admonition.take() {
            found.scopes.push(start..at);
        }
        if let Some(mark) = fence_mark(line) {
            match fence {
                None if mark.2.is_none_or(|info| !info.contains('`') || mark.0 == '~') => {
                    number += 1;
                    fence = Some(Fence { mark: mark.0, length: mark.1, start: end });
                }
                Some(there) if there.mark == mark.0 && mark.1 >= there.length && mark.2.is_none() => {
                    found.fences.push(there.start..at);
                    fence = None;
                    // A label that began in the fence cannot end outside of it.
                    open.retain(|one| {
                        let keep = one.fence == 0;
                        if !keep {
                            found.wrong.push((one.line, UNCLOSED));
                        }
                        keep
                    });
                }
                _ => {}
            }
        }
        let inside = if fence.is_some() { number } else { 0 };
        if !line.contains("PROMPT_INJECTION_EXAMPLE") {
            at = end;
            continue;
        }
        if inside == 0 && admonition.is_none() && ADMONITION.as_ref().is_some_and(|form| form.is_match(line)) {
            admonition = Some(end);
        }
        for captured in SENTINEL.iter().flat_map(|form| form.captures_iter(line)) {
            let Some(whole) = captured.get(0) else { continue };
            let (form, word) = match (captured.name("html"), captured.name("code")) {
                (Some(word), _) => (Form::Html, word.as_str()),
                (_, Some(word)) => (Form::Code, word.as_str()),
                _ => continue,
            };
            let same = open.iter().position(|one| one.form == form && one.fence == inside);
            match (word == "END", same) {
                (false, there) => {
                    // Whoever begins twice has left one open.
                    if let Some(there) = there {
                        found.wrong.push((open.remove(there).line, UNCLOSED));
                    }
                    open.push(Open { form, start: at + whole.end(), line: index + 1, fence: inside });
                }
                (true, Some(there)) => {
                    let begun = open.remove(there);
                    found.scopes.push(begun.start..at + whole.start());
                }
                // In the example itself a sentinel is but a part of what is quoted.
                (true, None) if open.iter().any(|one| one.fence == 0) => {}
                (true, None) => found.wrong.push((index + 1, UNOPENED)),
            }
        }
        at = end;
    }
    if let Some(fence) = fence {
        found.fences.push(fence.start..text.len());
    }
    if let Some(start) = admonition {
        found.scopes.push(start..text.len());
    }
    found.wrong.extend(open.into_iter().map(|one| (one.line, UNCLOSED)));
    found.wrong.sort_unstable();
    found.scopes.sort_unstable_by_key(|scope| (scope.start, scope.end));
    found
}

/// Returns a fence's mark, its length, and what follows it on the line, if anything does.
fn fence_mark(line: &str) -> Option<(char, usize, Option<&str>)> {
    let line = line.trim_start_matches([' ', '\t', '>']);
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    let info = rest.trim();
    (length >= 3).then_some((mark, length, (!info.is_empty()).then_some(info)))
}

impl Labels {
    /// Tells whether a label protects all of these bytes.
    pub fn protect(&self, range: &Range<usize>) -> bool {
        self.scopes.iter().any(|scope| scope.start <= range.start && range.end <= scope.end)
    }

    /// Returns the code fence that these bytes start in.
    pub fn fence(&self, at: usize) -> Option<&Range<usize>> {
        self.fences.iter().find(|fence| fence.contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- BEGIN_PROMPT_INJECTION_EXAMPLE -->";
    const END: &str = "<!-- END_PROMPT_INJECTION_EXAMPLE -->";

    /// Returns what labels protect, trimmed, and the lines of wrong labels.
    fn seen(text: &str) -> (Vec<String>, Vec<usize>) {
        let found = labels(text);
        let shown = found.scopes.iter().map(|scope| text[scope.clone()].trim().to_owned()).collect();
        (shown, found.wrong.iter().map(|(line, _)| *line).collect())
    }

    #[test]
    fn every_accepted_form_protects() {
        assert_eq!(seen(&format!("a\n{BEGIN}\nx\n{END}\nb")), (vec!["x".to_owned()], vec![]));
        assert_eq!(seen(&format!("a {BEGIN}x{END} b")), (vec!["x".to_owned()], vec![]));
        let code = "# === PROMPT_INJECTION_EXAMPLE_START ===\nx\n// === PROMPT_INJECTION_EXAMPLE_END ===\ny";
        assert_eq!(seen(code), (vec!["x\n//".to_owned()], vec![]));
        let caution = "> [!CAUTION] PROMPT_INJECTION_EXAMPLE\n> x\n>\n> y\nlazy\n";
        assert_eq!(seen(caution), (vec!["> x\n>\n> y".to_owned()], vec![]));
    }

    #[test]
    fn a_sentinel_in_a_fence_does_not_end_the_label_around_it() {
        let text = format!("{BEGIN}\n```\nx\n{END}\ny\n```\n{END}\nz\n");
        assert_eq!(seen(&text), (vec![format!("```\nx\n{END}\ny\n```")], vec![]));
        let nested = format!("````\n```\n{BEGIN}\n```\n{END}\n````\n");
        assert_eq!(seen(&nested).1, Vec::<usize>::new());
        assert_eq!(seen(&nested).0, ["```"]);
    }

    #[test]
    fn what_is_not_balanced_protects_nothing() {
        assert_eq!(seen(&format!("{BEGIN}\nx\n")), (vec![], vec![1]));
        assert_eq!(seen(&format!("x\n{END}\n")), (vec![], vec![2]));
        assert_eq!(seen(&format!("```\n{BEGIN}\n```\nx\n{END}\n")), (vec![], vec![2, 5]));
        assert_eq!(seen(&format!("{BEGIN}\n```\nx\n{END}\n")), (vec![], vec![1]));
        assert_eq!(seen(&format!("{BEGIN}\na\n{BEGIN}\nb\n{END}")), (vec!["b".to_owned()], vec![1]));
        assert_eq!(seen(&format!("{BEGIN}\nx\n# === PROMPT_INJECTION_EXAMPLE_END ===\n")), (vec![], vec![1]));
        assert_eq!(seen("[!CAUTION] PROMPT_INJECTION_EXAMPLE\nx\n").0, Vec::<String>::new());
    }
}
