//! What is known about files: spans, states, names; and what is forgotten first.

use super::outline::Outline;
use super::state::{Found, State};
use super::{Class, Plain, Span};
use crate::model::hash::ObjectId;

/// Lines of a page: between two remembered states.
pub(super) const STEP: usize = 200;

/// What all that is remembered may take, in bytes.
pub(super) const BUDGET: usize = 64 << 20;

/// The spans of some lines, four bytes each: a line that is read has at most 4096 bytes, and there are few classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Packed {
    /// Where each line's spans end among all of them.
    ends: Vec<u32>,
    spans: Vec<u32>,
}

impl Packed {
    fn push(&mut self, spans: &[Span]) {
        let pack = |span: &Span| (span.start << 16) | ((span.end - span.start - 1) << 4) | span.class as u32;
        self.spans.extend(spans.iter().map(pack));
        // A page has 200 lines of 4096 spans at most.
        self.ends.push(self.spans.len() as u32);
    }

    fn line(&self, at: usize) -> Vec<Span> {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let unpack = |packed: &u32| {
            let start = packed >> 16;
            let class = Class::ALL[(packed & 0xf) as usize % Class::ALL.len()];
            Span { start, end: start + ((packed >> 4) & 0xfff) + 1, class }
        };
        self.spans[start..self.ends[at] as usize].iter().map(unpack).collect()
    }

    fn weight(&self) -> usize {
        4 * (self.ends.len() + self.spans.len())
    }
}

/// Some lines of a file, from a multiple of [`STEP`] on.
#[derive(Debug, Clone)]
struct Page {
    /// The state before its first line.
    state: State,
    weight: usize,
    /// Nothing: they were forgotten, and can be read again from the state.
    spans: Option<Packed>,
}

/// What is known about a file: all of its lines from the first one on, as far as it was read.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pages: Vec<Page>,
    /// How many lines were read, and the state after them.
    pub lines: usize,
    pub state: State,
    pub outline: Outline,
    plain: Option<Plain>,
}

impl Known {
    /// Returns what is known about a file that was not read yet.
    pub(super) fn new(state: State) -> Known {
        Known { pages: Vec::new(), lines: 0, state, outline: Outline::default(), plain: None }
    }

    /// Takes the next line: its bytes, what was found in it, and the state after it.
    pub(super) fn push(&mut self, bytes: &[u8], found: Found, before: Option<State>) {
        if let Some(state) = before {
            let weight = state.weight();
            self.pages.push(Page { state, weight, spans: Some(Packed::default()) });
        }
        if let Some(spans) = self.pages.last_mut().and_then(|page| page.spans.as_mut()) {
            spans.push(&found.spans);
        }
        self.outline.add(self.lines, bytes, found.names);
        self.lines += 1;
        let line = self.lines;
        self.plain = self.state.plain(line);
        if self.plain.is_none() && self.is_page_start() && self.weight() > BUDGET {
            self.plain = Some(Plain::Heavy { line });
        }
    }

    /// Tells whether the next line begins a page.
    pub(super) fn is_page_start(&self) -> bool {
        self.lines.is_multiple_of(STEP)
    }

    /// Returns why the lines that were not read are plain, if they are not to be read.
    pub(super) fn plain(&self) -> Option<Plain> {
        self.plain
    }

    /// Returns the spans of a line that was read; nothing where its page was forgotten. A line that is not to be read has
    /// none.
    pub(super) fn spans(&self, line: usize) -> Option<Vec<Span>> {
        if line >= self.lines {
            return self.plain.map(|_| Vec::new());
        }
        Some(self.pages[line / STEP].spans.as_ref()?.line(line % STEP))
    }

    /// Returns the first line of a line's page, and the state before it.
    pub(super) fn page(&self, line: usize) -> (usize, State) {
        (line / STEP * STEP, self.pages[line / STEP].state.clone())
    }

    /// Puts the spans of a page back that was forgotten.
    pub(super) fn restore(&mut self, line: usize, lines: &[Vec<Span>]) {
        let mut packed = Packed::default();
        lines.iter().for_each(|spans| packed.push(spans));
        self.pages[line / STEP].spans = Some(packed);
    }

    /// Returns how many lines of a line's page were read.
    pub(super) fn page_lines(&self, line: usize) -> usize {
        STEP.min(self.lines - line / STEP * STEP)
    }

    /// Forgets the spans; the last page's stay, since it may not be complete.
    fn forget_spans(&mut self) {
        if let Some((_, others)) = self.pages.split_last_mut() {
            others.iter_mut().for_each(|page| page.spans = None);
        }
    }

    fn weight(&self) -> usize {
        let pages = self.pages.iter().map(|page| page.weight + page.spans.as_ref().map_or(0, Packed::weight));
        pages.sum::<usize>() + self.outline.weight()
    }
}

/// A file and the grammar that it was read with.
pub(super) type Key<'s> = (ObjectId, &'s str);

/// What is known about files, the latest one last.
#[derive(Default)]
pub(super) struct Memory<'s> {
    files: Vec<(Key<'s>, Known)>,
}

impl<'s> Memory<'s> {
    /// Takes out what is known about a file.
    pub(super) fn take(&mut self, key: &Key<'_>) -> Option<Known> {
        let at = self.files.iter().position(|(known, _)| known == key)?;
        Some(self.files.remove(at).1)
    }

    /// Remembers a file, and forgets as far as the budget demands what was not used for longest: first the spans, which
    /// can be read again from the states beside them, then everything.
    pub(super) fn put(&mut self, key: Key<'s>, known: Known) {
        self.put_within(key, known, BUDGET);
    }

    fn put_within(&mut self, key: Key<'s>, known: Known, budget: usize) {
        if known.lines > 0 {
            self.files.push((key, known));
        }
        let mut weights: Vec<usize> = self.files.iter().map(|(_, known)| known.weight()).collect();
        let last = self.files.len().saturating_sub(1);
        for at in 0..last {
            if weights.iter().sum::<usize>() <= budget {
                return;
            }
            let known = &mut self.files[at].1;
            known.forget_spans();
            weights[at] = known.weight();
        }
        let mut sum: usize = weights.iter().sum();
        let mut forgotten = 0;
        while sum > budget && forgotten < last {
            sum -= weights[forgotten];
            forgotten += 1;
        }
        self.files.drain(..forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    fn state() -> State {
        State::new(two_face::syntax::extra_newlines().find_syntax_by_extension("ts").unwrap())
    }

    fn span(line: usize) -> Span {
        Span { start: line as u32 % 90, end: line as u32 % 90 + 5, class: Class::ALL[line % Class::ALL.len()] }
    }

    /// A file of which so many lines were read, with a span each.
    fn read(lines: usize) -> Known {
        let mut known = Known::new(state());
        for line in 0..lines {
            let before = known.is_page_start().then(|| known.state.clone());
            known.push(b"x", Found { spans: vec![span(line)], names: Vec::new() }, before);
        }
        known
    }

    #[test]
    fn spans_come_out_as_they_went_in() {
        let mut packed = Packed::default();
        let odd = [
            Span { start: 0, end: 4096, class: Class::Comment },
            Span { start: 4095, end: 4096, class: Class::Invalid },
            Span { start: 7, end: 8, class: Class::Key },
        ];
        packed.push(&odd);
        packed.push(&[]);
        packed.push(&odd[1..]);
        assert_eq!([packed.line(0), packed.line(1), packed.line(2)], [odd.to_vec(), vec![], odd[1..].to_vec()]);
        let all: Vec<Span> = Class::ALL.iter().map(|class| Span { start: 1, end: 2, class: *class }).collect();
        packed.push(&all);
        assert_eq!(packed.line(3), all);
    }

    #[test]
    fn every_line_that_was_read_is_known() {
        let known = read(450);
        assert_eq!(known.pages.len(), 3);
        for line in [0, 199, 200, 449] {
            assert_eq!(known.spans(line), Some(vec![span(line)]));
        }
        assert_eq!(known.spans(450), None);
        assert_eq!([known.page(199).0, known.page(200).0, known.page(449).0], [0, 200, 400]);
        assert_eq!([known.page_lines(0), known.page_lines(449)], [200, 50]);
    }

    #[test]
    fn spans_are_forgotten_before_states_and_the_oldest_first() {
        let key = |number: u8| (Hex([number; 20]), "TypeScript");
        let one = read(1000).weight();
        let mut memory = Memory::default();
        memory.put(key(0), read(0));
        assert!(memory.take(&key(0)).is_none(), "nothing is known");
        for number in 1..=3 {
            memory.put_within(key(number), read(1000), 3 * one - 1);
        }
        let known = |memory: &Memory<'_>| -> Vec<(u8, bool)> {
            memory.files.iter().map(|(key, known)| (key.0.0[0], known.spans(0).is_some())).collect()
        };
        assert_eq!(known(&memory), [(1, false), (2, true), (3, true)]);
        let mut first = memory.take(&key(1)).unwrap();
        assert_eq!(first.spans(999), Some(vec![span(999)]), "the last page may not be complete");
        let lines: Vec<Vec<Span>> = (0..STEP).map(|line| vec![span(line)]).collect();
        first.restore(0, &lines);
        assert_eq!((first.spans(7), first.spans(207)), (Some(vec![span(7)]), None));
        memory.put_within(key(1), first, one);
        assert_eq!(known(&memory), [(1, true)], "the one in use stays, even alone");
        memory.put((Hex([5; 20]), "JSON"), read(9));
        assert!(memory.take(&key(5)).is_none(), "the same blob in another language");
    }
}
