//! What a file must hold for a pattern to match in it at all.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

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
