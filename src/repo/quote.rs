//! Where a quoted snippet stands in a text: whole, whole but for white space, in pieces, or in part.
//!
//! A quote is compared line by line without its white space; lines that say "and so on" split it into pieces, which
//! must follow each other in the text. The work is bounded by the sizes of both, never by their product.

use std::collections::{HashMap, HashSet};

use super::display;

/// Longer quotes are not compared, in bytes and lines.
const QUOTE_BYTES: usize = 256 << 10;
const QUOTE_LINES: usize = 4000;
/// Pairs of equal lines that a comparison in part may look at; the commonest lines are left out above it.
const PAIRS: usize = 1 << 20;
/// Steps that the search for pieces in order may take in one text.
const STEPS: usize = 1 << 27;
/// What a letter or digit of a line that is there counts.
const LETTER: i64 = 16;
/// Letters and digits of a line that count at most: a long line is one line all the same.
const LETTERS: usize = 40;
/// What a line costs that the text has and the quote leaves out, without a word and with one.
const LEFT_OUT: i64 = 32;
const ELIDED: i64 = 1;
/// What it counts that a line is indented as its neighbours are.
const INDENTED: i64 = 8;
/// How far down the bracket may stand that closes a block.
const BLOCK: usize = 60;
/// Letters and digits below which a quote is looked for as a whole only: a brace is everywhere.
const LITTLE: usize = 12;
/// The id of a line that no quote has.
const NONE: u32 = u32::MAX;

/// The lines of all quotes that are looked for at once, without their white space.
#[derive(Default)]
pub(super) struct Words(HashMap<Vec<u8>, u32>);

impl Words {
    fn id(&mut self, bare: Vec<u8>) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(bare).or_insert(next)
    }

    /// Returns how many different lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A line of a quote that says something.
struct Line {
    /// Its number in the quote, from 1.
    number: usize,
    id: u32,
    /// The id without the comment at its end.
    uncommented: Option<u32>,
    piece: usize,
    letters: usize,
    indent: usize,
    /// It is a comment and nothing else.
    comment: bool,
}

/// A quote, ready to be looked for.
pub(super) struct Quote {
    /// Its lines as they are, without their ends.
    raw: Vec<String>,
    /// Its lines, with those that say "and so on" as splits.
    lines: Vec<Line>,
    /// The same with those as lines, where there are any: the text may really hold them.
    literal: Option<Vec<Line>>,
    pieces: usize,
}

/// How well a quote fits a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Byte for byte, line ends aside.
    Exact,
    /// Equal when all white space is taken out, line ends included.
    WhiteSpace,
    /// All of it is there, in lines that hold more.
    Inside,
    /// Some of its lines are there, in their order.
    Part,
}

/// A place where a quote stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// First line, from 1.
    pub first: usize,
    /// Last line.
    pub last: usize,
    pub fit: Fit,
    /// Pieces are left out of the quote, and said to be.
    pub elided: bool,
    /// Which line of the text (from 1) each line of the quote (from 1) is, in order.
    pub pairs: Vec<(usize, usize)>,
    /// Lines of the quote that are there but for a comment at their end.
    pub commented: Vec<usize>,
    /// How much of the quote's letters is there, in thousandths.
    pub share: usize,
    /// How many other places are as good.
    pub others: usize,
    /// The first lines of some of them.
    pub also: Vec<(usize, usize)>,
}

/// How many other places are named.
const NAMED: usize = 5;

/// A text by its lines that are not blank.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Row {
    number: u32,
    start: u32,
    end: u32,
    id: u32,
}

/// Takes all white space out of a line, as the door shows it. `None` where nothing is left.
fn bare(line: &[u8]) -> Option<Vec<u8>> {
    let plain = line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let out: Vec<u8> = if plain {
        line.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect()
    } else {
        display::block_bytes(line).chars().filter(|c| !c.is_whitespace()).collect::<String>().into_bytes()
    };
    (!out.is_empty()).then_some(out)
}

fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Returns what a line says without the marks of a comment, where it is nothing but one.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim();
    let open = ["//", "/*", "<!--", "--", "#", ";", "%"].into_iter().find(|mark| line.starts_with(mark))?;
    // A preprocessor's or an attribute's line is code.
    if ["#[", "#!", "#include", "#define", "#if", "#endif"].iter().any(|code| line.starts_with(code)) {
        return None;
    }
    let inner = line[open.len()..].trim_start_matches(['/', '#', '*', '-', '!', ' ', '\t']);
    Some(inner.trim_end().trim_end_matches("*/").trim_end_matches("-->").trim())
}

/// Tells whether a line says that something is left out.
fn elision(line: &str) -> bool {
    let dots = |text: &str| text.starts_with("...") || text.starts_with('…');
    let alone = |text: &str| {
        let text = text.trim().trim_matches(|c: char| "[](){}<>,; ".contains(c));
        !text.is_empty() && text.chars().all(|c| matches!(c, '.' | '…')) && dots(text)
    };
    if alone(line) {
        return true;
    }
    let jsx = line.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).and_then(comment);
    comment(line)
        .or(jsx)
        .is_some_and(|said| alone(said) || dots(said) || said.ends_with("...") || said.ends_with('…') || snipped(said))
}

fn snipped(said: &str) -> bool {
    let said = said.trim_matches(|c: char| !c.is_alphanumeric());
    ["snip", "snipped", "omitted", "elided"].iter().any(|word| said.eq_ignore_ascii_case(word))
}

/// Returns a line without the comment at its end, where it has one and is more than that.
fn uncommented(line: &str) -> Option<&str> {
    let at = [" //", "\t//", " #", "\t#", " --", " /*"].iter().filter_map(|mark| line.find(mark)).min()?;
    let code = line[..at].trim_end();
    (!code.trim().is_empty()).then_some(code)
}

impl Quote {
    /// Reads a quote. `None` where it says nothing, or is too long.
    pub fn new(text: &str, words: &mut Words) -> Option<Quote> {
        if text.is_empty() || text.len() > QUOTE_BYTES {
            return None;
        }
        let text = text.strip_suffix('\n').unwrap_or(text);
        let raw: Vec<String> =
            text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
        if raw.len() > QUOTE_LINES {
            return None;
        }
        let lines = read(&raw, words, true);
        let pieces = lines.last().map(|line| line.piece + 1)?;
        let literal = raw.iter().any(|line| elision(line)).then(|| read(&raw, words, false));
        Some(Quote { raw, lines, literal, pieces })
    }

    /// Returns how many of its lines say something and are not said to stand for others.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Tells whether something is left out of it, and said to be.
    pub fn elided(&self) -> bool {
        self.literal.is_some()
    }

    /// Tells whether it is exactly these bytes, line ends aside.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let mut theirs = lines_of(bytes);
        self.raw.iter().all(|line| theirs.next() == Some(line.as_bytes())) && theirs.next().is_none()
    }

    /// Returns the numbers of its lines that are none of these, as ranges. Blank lines and those that say "and so on"
    /// belong to their neighbours.
    pub fn without(&self, there: &[usize]) -> Vec<(usize, usize)> {
        let mut out: Vec<(usize, usize)> = Vec::new();
        let mut last_missing = false;
        for line in &self.lines {
            let missing = !there.contains(&line.number);
            match out.last_mut() {
                Some((_, last)) if missing && last_missing => *last = line.number,
                _ if missing => out.push((line.number, line.number)),
                _ => {}
            }
            last_missing = missing;
        }
        out
    }

    /// Tells whether every line with letters or digits in it is among these.
    pub fn says_all(&self, there: &[usize]) -> bool {
        self.lines.iter().all(|line| line.letters < 2 || there.contains(&line.number))
    }

    /// Calls `each` with the id of every line that says something, and how much that counts.
    pub fn each(&self, mut each: impl FnMut(u32, usize)) {
        for line in &self.lines {
            each(line.id, line.letters);
            if let Some(id) = line.uncommented {
                each(id, line.letters);
            }
        }
    }

    /// Tells whether it is too little to be looked for in part or in other files.
    pub fn is_little(&self) -> bool {
        self.lines.iter().map(|line| line.letters).sum::<usize>() < LITTLE
    }

    /// Returns how much its lines count, an auditor's own comments between them not counted.
    pub fn letters(&self) -> usize {
        self.total(|_| false)
    }

    fn total(&self, there: impl Fn(&Line) -> bool) -> usize {
        // An auditor's own comment between the lines is no part of the code.
        self.lines.iter().filter(|line| !line.comment || there(line)).map(|line| line.letters).sum()
    }
}

fn read(raw: &[String], words: &mut Words, split: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut pieces = 0;
    let mut open = false;
    for (at, line) in raw.iter().enumerate() {
        let Some(key) = bare(line.as_bytes()) else { continue };
        if split && elision(line) {
            open = false;
            continue;
        }
        if !open {
            pieces += 1;
            open = true;
        }
        let uncommented = uncommented(line).and_then(|code| bare(code.as_bytes())).map(|code| words.id(code));
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count().min(LETTERS);
        lines.push(Line {
            number: at + 1,
            id: words.id(key),
            uncommented,
            piece: pieces - 1,
            letters: letters(line),
            indent: indent(line.as_bytes()),
            comment: comment(line).is_some(),
        });
    }
    lines
}

/// Returns the lines of a text without their ends.
fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    let none = text.is_empty();
    lines.split(|byte| *byte == b'\n').map(cut_return).skip(usize::from(none))
}

fn cut_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl<'a> Lines<'a> {
    /// Reads a text of at most 4 GiB.
    pub fn new(text: &'a [u8], words: &Words) -> Lines<'a> {
        let mut rows = Vec::new();
        let mut start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut number = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
            number += 1;
            let line = cut_return(&text[start..end]);
            if let Some(key) = bare(line) {
                let id = words.0.get(&key).copied().unwrap_or(NONE);
                rows.push(Row { number, start: start as u32, end: (start + line.len()) as u32, id });
            }
            start = end + 1;
        }
        Lines { text, rows }
    }

    /// Returns the ids of the lines that some quote has.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| row.id).filter(|id| *id != NONE)
    }

    /// Returns about how many steps it takes to look for a quote.
    pub fn cost(&self, quote: &Quote) -> usize {
        self.rows.len().saturating_mul(quote.pieces + 16)
    }

    /// Returns how many of a quote's lines that say something are among these lines of the text, in any order.
    pub fn among(&self, quote: &Quote, cited: &[(usize, usize)]) -> usize {
        let inside = |row: &&Row| cited.iter().any(|range| (range.0..=range.1).contains(&(row.number as usize)));
        let ids: HashSet<u32> = self.rows.iter().filter(inside).map(|row| row.id).collect();
        let there = |line: &&Line| ids.contains(&line.id) || line.uncommented.is_some_and(|id| ids.contains(&id));
        quote.lines.iter().filter(|line| line.letters > 1).filter(there).count()
    }

    fn raw(&self, row: usize) -> &'a [u8] {
        self.rows.get(row).map_or(&[], |row| &self.text[row.start as usize..row.end as usize])
    }

    fn number(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.number as usize)
    }

    /// Returns the place where all of a quote stands, the one best for the cited lines if there are several.
    pub fn whole(&self, quote: &Quote, cited: &[(usize, usize)]) -> Option<Spot> {
        let literal = quote.literal.as_ref().and_then(|lines| self.chained(quote, lines, 1, cited));
        literal.or_else(|| self.chained(quote, &quote.lines, quote.pieces, cited)).or_else(|| self.flowed(quote, cited))
    }

    /// Looks for pieces that follow each other.
    fn chained(&self, quote: &Quote, lines: &[Line], pieces: usize, cited: &[(usize, usize)]) -> Option<Spot> {
        if self.rows.len().saturating_mul(pieces) > STEPS {
            return None;
        }
        let ids: Vec<u32> = self.rows.iter().map(|row| row.id).collect();
        // From behind: for each start of a piece, the first row after all that follows it.
        let mut reach: Option<Vec<(usize, usize)>> = None;
        for piece in (0..pieces).rev() {
            let own: Vec<u32> =
                lines.iter().filter(|line| pieces == 1 || line.piece == piece).map(|line| line.id).collect();
            let starts = occurrences(&ids, &own);
            let mut next: Vec<(usize, usize)> = Vec::with_capacity(starts.len());
            match &reach {
                None => next.extend(starts.iter().map(|start| (*start, start + own.len()))),
                Some(later) => {
                    let mut at = 0;
                    for start in starts {
                        while later.get(at).is_some_and(|(there, _)| *there < start + own.len()) {
                            at += 1;
                        }
                        let Some((_, end)) = later.get(at) else { break };
                        next.push((start, *end));
                    }
                }
            }
            if next.is_empty() {
                return None;
            }
            reach = Some(next);
        }
        let mut spans = reach.unwrap_or_default();
        // Of those that end at the same row the shortest says most.
        spans.reverse();
        spans.dedup_by_key(|(_, end)| *end);
        spans.reverse();
        let Choice { first, end, others, also } = self.choose(&spans, cited)?;
        let split = pieces > 1 || quote.elided() && lines.len() == quote.lines.len();
        let pairs = paired(&ids, lines, pieces, first);
        let exact = pairs.iter().all(|(row, line)| {
            let theirs = quote.raw.get(line - 1).map(String::as_bytes).unwrap_or_default();
            self.raw(*row) == theirs
        });
        let blanks = split || self.same_blanks(quote, first, end);
        let bare = (self.number(first), self.number(end - 1));
        // Who cites the lines without the blank ones has not cited wrongly.
        let (first, last) = if cited == [bare] { bare } else { self.with_blanks(quote, bare.0, bare.1) };
        Some(Spot {
            first,
            last,
            fit: if exact && blanks { Fit::Exact } else { Fit::WhiteSpace },
            elided: split,
            pairs: pairs.into_iter().map(|(row, line)| (self.number(row), line)).collect(),
            commented: Vec::new(),
            share: 1000,
            others,
            also,
        })
    }

    /// Tells whether blank lines stand where the quote has them, blank to the byte.
    fn same_blanks(&self, quote: &Quote, first: usize, end: usize) -> bool {
        let (Some(from), Some(to)) = (self.rows.get(first), self.rows.get(end - 1)) else { return false };
        let theirs = &self.text[from.start as usize..to.end as usize];
        let blank = |line: &&String| bare(line.as_bytes()).is_none();
        let before = quote.raw.iter().take_while(blank).count();
        let after = quote.raw.iter().rev().take_while(blank).count();
        let ours = quote.raw.get(before..quote.raw.len() - after).unwrap_or_default();
        theirs.split(|byte| *byte == b'\n').map(cut_return).eq(ours.iter().map(String::as_bytes))
    }

    /// Adds the blank lines around a place that the quote has as well, where it is exactly the quote with them.
    fn with_blanks(&self, quote: &Quote, first: usize, last: usize) -> (usize, usize) {
        let blank = |line: &&String| bare(line.as_bytes()).is_none();
        let before = quote.raw.iter().take_while(blank).count();
        let after = quote.raw.iter().rev().take_while(blank).count();
        let (from, to) = (first.saturating_sub(before), last + after);
        let wider = (before + after > 0 && from > 0).then(|| super::pin::lines(self.text, from, to).ok()).flatten();
        match wider.and_then(|(start, end)| self.text.get(start..end)) {
            Some(bytes) if quote.is(bytes) => (from, to),
            _ => (first, last),
        }
    }

    /// Chooses between places of rows (the end not included), and says how many others are as good.
    fn choose(&self, spans: &[(usize, usize)], cited: &[(usize, usize)]) -> Option<Choice> {
        let lines = |(first, end): (usize, usize)| (self.number(first), self.number(end.saturating_sub(1)));
        let rank = |span: (usize, usize)| {
            let (first, last) = lines(span);
            let inside = cited.iter().any(|range| range.0 <= first && last <= range.1);
            let (overlap, distance) = nearness((first, last), cited);
            (!inside, span.1 - span.0, !overlap, distance, first)
        };
        let best = *spans.iter().min_by_key(|span| rank(**span))?;
        let length = best.1 - best.0;
        let equal = || spans.iter().filter(|span| **span != best && span.1 - span.0 == length);
        let also = equal().take(NAMED).map(|span| lines(*span)).collect();
        Some(Choice { first: best.0, end: best.1, others: equal().count(), also })
    }

    /// Looks for a quote whose lines are broken otherwise, or that is a part of longer lines.
    fn flowed(&self, quote: &Quote, cited: &[(usize, usize)]) -> Option<Spot> {
        if quote.pieces > 1 || quote.elided() || quote.is_little() {
            return None;
        }
        let needle: Vec<u8> = quote.raw.iter().filter_map(|line| bare(line.as_bytes())).flatten().collect();
        let mut hay = Vec::with_capacity(self.text.len());
        let mut starts = Vec::with_capacity(self.rows.len());
        for row in 0..self.rows.len() {
            starts.push(hay.len());
            hay.extend(bare(self.raw(row)).unwrap_or_default());
        }
        let row_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
        let mut whole = Vec::new();
        let mut inside = Vec::new();
        for at in memchr::memmem::find_iter(&hay, &needle) {
            let end = at + needle.len();
            let (first, last) = (row_of(at), row_of(end - 1));
            let ends = starts.get(last + 1).copied().unwrap_or(hay.len()) == end;
            let to = if starts.get(first) == Some(&at) && ends { &mut whole } else { &mut inside };
            to.push((first, last + 1));
        }
        let (spans, fit) = if whole.is_empty() { (inside, Fit::Inside) } else { (whole, Fit::WhiteSpace) };
        let Choice { first, end, others, also } = self.choose(&spans, cited)?;
        let (first, last) = (self.number(first), self.number(end - 1));
        // The lines do not stand line by line: all of them are between the first and the last.
        let pairs = quote.lines.iter().map(|line| (first, line.number)).collect();
        Some(Spot { first, last, fit, elided: false, pairs, commented: Vec::new(), share: 1000, others, also })
    }

    /// Returns the place where most of a quote's lines stand in their order, close together.
    pub fn part(&self, quote: &Quote, cited: &[(usize, usize)]) -> Option<Spot> {
        if quote.is_little() {
            return None;
        }
        let all = |_: usize| true;
        let (mut best, delta) = self.aligned(quote, cited, &all)?;
        self.close(quote, delta, &mut best);
        let (first, last) = (best.pairs.first()?.0, best.pairs.last()?.0);
        let outside = |row: usize| row < first || row > last;
        let second = self.aligned(quote, cited, &outside).filter(|(second, _)| second.score >= best.score);
        let also: Vec<(usize, usize)> = second
            .iter()
            .filter_map(|(second, _)| Some((self.number(second.pairs.first()?.0), self.number(second.pairs.last()?.0))))
            .collect();
        let line = |at: usize| quote.lines.get(at);
        let there: Vec<usize> = best.pairs.iter().filter_map(|(_, at)| Some(line(*at)?.number)).collect();
        let counted = |line: &Line| there.contains(&line.number);
        let total = quote.total(counted);
        let held: usize = quote.lines.iter().filter(|line| counted(line)).map(|line| line.letters).sum();
        let share = (held * 1000).checked_div(total)?;
        let commented = best
            .pairs
            .iter()
            .filter_map(|(row, at)| Some((self.rows.get(*row)?, line(*at)?)))
            .filter(|(row, line)| row.id != line.id)
            .map(|(_, line)| line.number)
            .collect();
        Some(Spot {
            first: self.number(first),
            last: self.number(last),
            fit: Fit::Part,
            elided: quote.elided(),
            pairs: best.pairs.iter().filter_map(|(row, at)| Some((self.number(*row), line(*at)?.number))).collect(),
            commented,
            share,
            others: also.len(),
            also,
        })
    }

    /// Finds the best chain of equal lines, first as the lines are, then with what the chain says of their indent.
    fn aligned(
        &self,
        quote: &Quote,
        cited: &[(usize, usize)],
        may: &dyn Fn(usize) -> bool,
    ) -> Option<(Chain, Option<i64>)> {
        let first = self.chain(quote, cited, None, may)?;
        let mut deltas: HashMap<i64, usize> = HashMap::new();
        for (row, at) in &first.pairs {
            if let Some(line) = quote.lines.get(*at).filter(|line| line.letters > 1) {
                *deltas.entry(indent(self.raw(*row)) as i64 - line.indent as i64).or_default() += 1;
            }
        }
        let delta = deltas.into_iter().max_by_key(|(delta, count)| (*count, -*delta)).map(|(delta, _)| delta);
        Some((self.chain(quote, cited, delta, may)?, delta))
    }

    /// Adds the brackets at a quote's end that close its blocks further down: the quote leaves lines of the block out.
    fn close(&self, quote: &Quote, delta: Option<i64>, chain: &mut Chain) {
        let (Some(delta), Some((row, at))) = (delta, chain.pairs.last().copied()) else { return };
        let mut row = row + 1;
        for (at, line) in quote.lines.iter().enumerate().skip(at + 1) {
            let deeper = |row: usize| indent(self.raw(row)) as i64 > line.indent as i64 + delta;
            let mut rows = row..self.rows.len().min(row + BLOCK);
            let Some(end) = rows.find(|row| !deeper(*row)) else { return };
            let same = self.rows.get(end).is_some_and(|row| row.id == line.id);
            if line.letters > 0 || !same || indent(self.raw(end)) as i64 != line.indent as i64 + delta {
                return;
            }
            chain.pairs.push((end, at));
            row = end + 1;
        }
    }

    fn chain(
        &self,
        quote: &Quote,
        cited: &[(usize, usize)],
        delta: Option<i64>,
        may: &dyn Fn(usize) -> bool,
    ) -> Option<Chain> {
        // Which lines of the quote an id is; a line that is there as it stands needs no other reading.
        let known: HashSet<u32> = self.ids().collect();
        let mut wanted: HashMap<u32, Vec<usize>> = HashMap::new();
        for (at, line) in quote.lines.iter().enumerate() {
            let id = if known.contains(&line.id) { Some(line.id) } else { line.uncommented };
            if let Some(id) = id.filter(|id| known.contains(id)) {
                wanted.entry(id).or_default().push(at);
            }
        }
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for id in self.ids().filter(|id| wanted.contains_key(id)) {
            *counts.entry(id).or_default() += 1;
        }
        let mut costs: Vec<(usize, u32)> =
            counts.iter().map(|(id, count)| (count * wanted.get(id).map_or(0, Vec::len), *id)).collect();
        costs.sort_unstable();
        let mut spent = 0;
        for (cost, id) in costs {
            spent += cost;
            if spent > PAIRS {
                wanted.remove(&id);
            }
        }
        let pieces = quote.pieces;
        let bounds: Vec<usize> =
            (0..=pieces).map(|piece| quote.lines.partition_point(|line| line.piece < piece)).collect();
        let mut near: Vec<Best> = bounds.windows(2).map(|bound| Best::new(bound[1] - bound[0])).collect();
        let mut far = Best::new(pieces);
        let mut links: Vec<Link> = Vec::new();
        for (row, found) in self.rows.iter().enumerate() {
            let Some(lines) = wanted.get(&found.id).filter(|_| may(row)) else { continue };
            let place = row as i64;
            let shift = indent(self.raw(row)) as i64;
            // The last first, so that a row is not two lines of the quote.
            for at in lines.iter().rev().copied() {
                let Some(line) = quote.lines.get(at) else { continue };
                let mut score = LETTER * line.letters.max(1) as i64;
                if delta.is_some_and(|delta| shift - line.indent as i64 == delta) {
                    score += INDENTED;
                }
                let piece = line.piece;
                let close = near.get(piece).and_then(|best| best.before(at - bounds[piece]));
                let close = close.map(|(value, link)| (value - LEFT_OUT * (place - 1), link));
                let apart = far.before(piece).map(|(value, link)| (value - ELIDED * (place - 1), link));
                let previous = close.max(apart).filter(|(value, _)| *value > 0);
                let total = score + previous.map_or(0, |(value, _)| value);
                let start = previous.and_then(|(_, link)| links.get(link)).map_or(row, |link| link.start);
                let link = links.len();
                links.push(Link { row, at, previous: previous.map(|(_, link)| link), score: total, start });
                if let Some(best) = near.get_mut(piece) {
                    best.raise(at - bounds[piece], total + LEFT_OUT * place, link);
                }
                far.raise(piece, total + ELIDED * place, link);
            }
        }
        let rank = |link: &Link| {
            let span = (self.number(link.start), self.number(link.row));
            (std::cmp::Reverse(link.score), nearness(span, cited).1, link.row)
        };
        let best = links.iter().min_by_key(|link| rank(link))?;
        let mut pairs = Vec::new();
        let mut at = Some(best);
        while let Some(link) = at {
            pairs.push((link.row, link.at));
            at = link.previous.and_then(|link| links.get(link));
        }
        pairs.reverse();
        Some(Chain { score: best.score, pairs })
    }
}

/// Returns for each line the row that it is, for pieces that follow each other from a row on.
fn paired(ids: &[u32], lines: &[Line], pieces: usize, first: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(lines.len());
    let mut row = first;
    for own in lines.chunk_by(|one, next| pieces == 1 || one.piece == next.piece) {
        let wanted: Vec<u32> = own.iter().map(|line| line.id).collect();
        let at = row + first_occurrence(ids.get(row..).unwrap_or_default(), &wanted).unwrap_or_default();
        pairs.extend(own.iter().enumerate().map(|(nth, line)| (at + nth, line.number)));
        row = at + own.len();
    }
    pairs
}

/// Tells whether lines share one with the cited ones, and how far they are from them.
fn nearness(lines: (usize, usize), cited: &[(usize, usize)]) -> (bool, usize) {
    let overlap = cited.iter().any(|range| range.0 <= lines.1 && lines.0 <= range.1);
    let distance = cited.iter().map(|range| range.0.abs_diff(lines.0) + range.1.abs_diff(lines.1)).min();
    (overlap, distance.unwrap_or_default())
}

/// A place among several: rows, the end not included.
struct Choice {
    first: usize,
    end: usize,
    /// How many others are as good.
    others: usize,
    /// The lines of some of them.
    also: Vec<(usize, usize)>,
}

/// Rows and lines of a quote that are equal, in the order of both.
struct Chain {
    score: i64,
    pairs: Vec<(usize, usize)>,
}

struct Link {
    row: usize,
    at: usize,
    previous: Option<usize>,
    score: i64,
    start: usize,
}

/// The greatest value before a place, while values rise: a Fenwick tree.
struct Best(Vec<Option<(i64, usize)>>);

impl Best {
    fn new(len: usize) -> Best {
        Best(vec![None; len + 1])
    }

    /// Returns the greatest value at the places before `at`, and whose it is. Of equal values the later is nearer.
    fn before(&self, mut at: usize) -> Option<(i64, usize)> {
        let mut best = None;
        while at > 0 {
            best = best.max(self.0.get(at).copied().flatten());
            at &= at - 1;
        }
        best
    }

    fn raise(&mut self, at: usize, value: i64, link: usize) {
        let mut at = at + 1;
        while let Some(slot) = self.0.get_mut(at) {
            *slot = (*slot).max(Some((value, link)));
            at += at & at.wrapping_neg();
        }
    }
}

/// Returns where `part` begins in `all`, also where places overlap (Knuth, Morris, Pratt).
fn occurrences(all: &[u32], part: &[u32]) -> Vec<usize> {
    matches(all, part).collect()
}

fn first_occurrence(all: &[u32], part: &[u32]) -> Option<usize> {
    matches(all, part).next()
}

fn matches<'a>(all: &'a [u32], part: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
    let mut back = vec![0; part.len()];
    let mut len = 0;
    for at in 1..part.len() {
        while len > 0 && part[at] != part[len] {
            len = back[len - 1];
        }
        len += usize::from(part[at] == part[len]);
        back[at] = len;
    }
    let mut len = 0;
    all.iter().enumerate().filter_map(move |(at, id)| {
        if part.is_empty() {
            return None;
        }
        while len > 0 && (len == part.len() || part[len] != *id) {
            len = back[len - 1];
        }
        len += usize::from(part[len] == *id);
        (len == part.len()).then(|| at + 1 - part.len())
    })
}
