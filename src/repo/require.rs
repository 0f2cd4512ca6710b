//! What a file must hold for a pattern to match in it at all.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::search::PATTERN_BYTES;
use crate::model::evidence::Query;

/// With fewer patterns each is its own quickest filter.
const PATTERNS: usize = 4;
/// Shorter texts stand in nearly every file, in bytes.
const SHORTEST: usize = 3;
/// How many texts are tried for one pattern.
const TEXTS: usize = 256;
/// How many parts of an expression are put together to find a text.
const PARTS: usize = 16;

/// Short texts of which every match of a pattern holds one, for many patterns, looked for in one pass.
///
/// It only rules files out: a file that holds such a text is still searched by the pattern's own engine.
pub(super) struct Required {
    texts: AhoCorasick,
    /// The patterns of each text.
    owners: Vec<Vec<usize>>,
    /// The patterns that have no such text.
    always: Vec<bool>,
}

impl Required {
    /// Returns the filter for these queries, if there are enough of them for it to pay.
    pub fn new(queries: &[&Query]) -> Option<Required> {
        if queries.len() < PATTERNS {
            return None;
        }
        let (mut texts, mut owners): (Vec<Vec<u8>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        let mut always = vec![false; queries.len()];
        for (at, query) in queries.iter().enumerate() {
            let Some(needed) = needed(query) else {
                always[at] = true;
                continue;
            };
            for text in needed {
                match texts.iter().position(|known| *known == text) {
                    Some(known) => owners[known].push(at),
                    None => {
                        texts.push(text);
                        owners.push(vec![at]);
                    }
                }
            }
        }
        let texts = AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(texts);
        texts.ok().map(|texts| Required { texts, owners, always })
    }

    /// Marks the patterns that may match in a text.
    pub fn mark(&self, text: &[u8], patterns: &mut [bool]) {
        patterns.copy_from_slice(&self.always);
        for found in self.texts.find_overlapping_iter(text) {
            for owner in &self.owners[found.pattern().as_usize()] {
                patterns[*owner] = true;
            }
        }
    }
}

/// What a pattern may weigh to compile in any case, in bytes: half of what the engine allows.
const LIGHT: usize = 5 << 20;

/// Tells whether a query's patterns are so simple and so small that the engine compiles them for certain.
///
/// Compiling is what most of a search in a small repository costs, so it is put off until a file may match.
pub(super) fn surely_compiles(query: &Query) -> bool {
    let light = |pattern: &str, literal: bool| {
        let pattern = if literal { regex_syntax::escape(pattern) } else { pattern.to_owned() };
        let hir = ParserBuilder::new().utf8(false).case_insensitive(!query.case_sensitive).build().parse(&pattern);
        !pattern.is_empty() && pattern.len() <= PATTERN_BYTES && hir.is_ok_and(|hir| weight(&hir) <= LIGHT)
    };
    light(&query.pattern, query.literal) && query.exclude_line.as_ref().is_none_or(|pattern| light(pattern, false))
}

/// Returns how many bytes an expression's automaton has at most, put high.
fn weight(hir: &Hir) -> usize {
    const STATE: usize = 64;
    // A range of Unicode becomes a few sequences of up to four bytes.
    const RANGE: usize = 8 * STATE;
    let all = |parts: &[Hir]| parts.iter().map(weight).fold(STATE * (parts.len() + 1), usize::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        // The engine refuses an expression that holds a line feed.
        HirKind::Literal(text) if text.0.contains(&b'\n') => usize::MAX,
        HirKind::Literal(text) => STATE * text.0.len(),
        HirKind::Class(Class::Unicode(class)) => RANGE.saturating_mul(class.ranges().len() + 1),
        HirKind::Class(Class::Bytes(class)) => STATE * (class.ranges().len() + 1),
        HirKind::Repetition(one) => {
            let times = one.max.unwrap_or(one.min.saturating_add(1)).saturating_add(1) as usize;
            weight(&one.sub).saturating_add(STATE).saturating_mul(times)
        }
        HirKind::Capture(one) => weight(&one.sub).saturating_add(2 * STATE),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => all(parts),
    }
}

/// Returns texts of which every match holds one, in lower case; `None` where there are no good ones.
fn needed(query: &Query) -> Option<Vec<Vec<u8>>> {
    let pattern = if query.literal { regex_syntax::escape(&query.pattern) } else { query.pattern.clone() };
    // Whatever else the engine's own settings do, they leave out matches that this one has, and never add any.
    let mut parser = ParserBuilder::new();
    parser.utf8(false).multi_line(true).dot_matches_new_line(true).case_insensitive(!query.case_sensitive);
    let mut texts: Vec<Vec<u8>> = best(&parser.build().parse(&pattern).ok()?)?;
    texts.iter_mut().for_each(|text| text.make_ascii_lowercase());
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

/// Returns the best texts of an expression: those whose shortest is longest.
fn best(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Alternation(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(best).collect();
            all.map(|all| all.concat()).filter(|all| all.len() <= TEXTS)
        }
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Concat(parts) => {
            // A match holds what any part of it starts with; a few parts are enough for a text.
            let tail = |at: usize| parts[at..].iter().take(PARTS).cloned().collect();
            let tails = (0..parts.len()).filter_map(|at| starts(&Hir::concat(tail(at))));
            tails.chain(parts.iter().filter_map(best)).max_by_key(|texts| (shortest(texts), usize::MAX - texts.len()))
        }
        _ => starts(hir),
    }
}

/// Returns what an expression's matches start with, if that is long enough.
fn starts(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let found: Seq = Extractor::new().extract(hir);
    let texts: Vec<Vec<u8>> = found.literals()?.iter().map(|text| text.as_bytes().to_vec()).collect();
    (!texts.is_empty() && texts.len() <= TEXTS && shortest(&texts) >= SHORTEST).then_some(texts)
}

fn shortest(texts: &[Vec<u8>]) -> usize {
    texts.iter().map(Vec::len).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::compile;

    fn query(pattern: &str) -> Query {
        Query { pattern: pattern.to_owned(), ..Query::default() }
    }

    #[test]
    fn what_surely_compiles_does() {
        let patterns = [
            "eval",
            r"\w+\s*=\s*\w{3,}",
            "(?i)[\u{100}-\u{10ffff}]{20}",
            "(a|b|\\d)*x{100}",
            "",
            "a\nb",
            "(",
            r"\w{400}",
            "((((a{30}){30}){30}){30})",
            r"[^\n]",
            r"\n|a",
            "(?-u:\\xff)",
            "\r\n",
        ];
        for pattern in patterns.into_iter().map(query) {
            assert!(!surely_compiles(&pattern) || compile(&pattern).is_ok(), "{pattern:?}");
        }
        assert!(surely_compiles(&query(r"\w+\s*=\s*\w{3,}")) && !surely_compiles(&query("a\nb")));
        assert!(!surely_compiles(&query(r"\w{400}")) && !surely_compiles(&query("(")) && !surely_compiles(&query("")));
        let literal = |pattern: &str| Query { literal: true, ..query(pattern) };
        assert!(surely_compiles(&literal("(")) && !surely_compiles(&literal("\n")));
        let out = Query { exclude_line: Some("(".to_owned()), ..query("a") };
        assert!(!surely_compiles(&out));
    }

    #[test]
    fn the_embedded_leads_compile_when_they_are_needed() {
        let toml = include_str!("../../checklists/mcp-security-standard.toml");
        let patterns = toml.lines().filter_map(|line| line.strip_prefix("pattern = '''")?.strip_suffix("'''"));
        let queries: Vec<Query> = patterns.map(query).collect();
        assert!(queries.len() > 90, "{}", queries.len());
        assert!(queries.iter().all(|query| !surely_compiles(query) || compile(query).is_ok()));
        assert!(queries.iter().filter(|query| surely_compiles(query)).count() * 10 >= queries.len() * 9);
    }
}
