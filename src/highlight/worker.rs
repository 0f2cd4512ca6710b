//! The thread: takes the newest request, answers it, and remembers where grammars stood.

use std::ops::Range;
use std::sync::mpsc::{Receiver, TryRecvError};

use syntect::parsing::SyntaxSet;

use super::state::{LONG_LINE, Reader, State};
use super::{Coloured, Request, Span, grammar};
use crate::model::hash::ObjectId;

/// A larger file is plain, in bytes.
const LARGE_FILE: usize = 8 << 20;

/// Lines between two remembered states.
const STEP: usize = 200;

/// How far above a window a guess starts at most, in lines. As many are read for an exact answer without a guess first.
const LOOK_BACK: usize = 200;

/// What all remembered states may take, in bytes.
const BUDGET: usize = 64 << 20;

/// Serves requests until nobody is left to send one.
pub(super) fn run(requests: &Receiver<Request>, answer: impl FnMut(Coloured)) {
    let Ok(first) = requests.recv() else { return };
    let set = two_face::syntax::extra_newlines();
    let reader = Reader::new(&set);
    let mut worker = Worker { set: &set, reader, requests, next: Some(first), memory: Memory::default(), answer };
    while let Some(request) = worker.newest() {
        worker.serve(&request);
    }
}

struct Worker<'s, F> {
    set: &'s SyntaxSet,
    reader: Reader<'s>,
    requests: &'s Receiver<Request>,
    /// A request that was taken from the queue but not served yet.
    next: Option<Request>,
    memory: Memory<'s>,
    answer: F,
}

impl<F: FnMut(Coloured)> Worker<'_, F> {
    /// Waits for a request and returns the newest one; the others are superseded.
    fn newest(&mut self) -> Option<Request> {
        let mut newest = self.next.take().or_else(|| self.requests.recv().ok())?;
        while let Ok(newer) = self.requests.try_recv() {
            self.reply(&newest, newest.lines.start, Vec::new(), false, true);
            newest = newer;
        }
        Some(newest)
    }

    /// Tells whether what is being done is not wanted any more.
    fn is_stale(&mut self) -> bool {
        match self.requests.try_recv() {
            Ok(newer) => {
                self.next = Some(newer);
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(TryRecvError::Disconnected) => true,
        }
    }

    fn reply(&mut self, request: &Request, first: usize, lines: Vec<Vec<Span>>, exact: bool, done: bool) {
        (self.answer)(Coloured { ticket: request.ticket, blob: request.blob, first, lines, exact, done });
    }

    fn serve(&mut self, request: &Request) {
        let plain = request.bytes.len() > LARGE_FILE;
        let head = request.bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let head = &head[..head.len().min(LONG_LINE)];
        let found = if plain { None } else { grammar::find(self.set, &request.path.0, head) };
        let Some(grammar) = found else {
            return self.reply(request, request.lines.start, Vec::new(), true, true);
        };
        let text = Lines::new(&request.bytes);
        let window = request.lines.start..request.lines.end.min(text.count());
        if window.is_empty() {
            return self.reply(request, window.start, Vec::new(), true, true);
        }
        let key = (request.blob, grammar.name.as_str());
        let mut known = self.memory.take(&key).unwrap_or_else(|| Known::new(State::new(grammar)));
        let nearest = known.before(window.start);
        if nearest.line + LOOK_BACK < window.start {
            let guess = Mark { line: text.guess(window.start), state: State::new(grammar) };
            match self.read(&text, guess, &window, None) {
                Some(lines) => self.reply(request, window.start, lines, false, false),
                None => {
                    self.memory.put(key, known);
                    return self.reply(request, window.start, Vec::new(), false, true);
                }
            }
        }
        let lines = self.read(&text, nearest, &window, Some(&mut known));
        self.memory.put(key, known);
        let exact = lines.is_some();
        self.reply(request, window.start, lines.unwrap_or_default(), exact, true);
    }

    /// Reads from a mark to the window's end and returns the window's spans, `None` if a newer request came. What is
    /// `known` grows either way, so that the next request for this file need not start over.
    fn read(
        &mut self,
        text: &Lines<'_>,
        from: Mark,
        window: &Range<usize>,
        mut known: Option<&mut Known>,
    ) -> Option<Vec<Vec<Span>>> {
        let mut lines = Vec::new();
        let mut state = from.state;
        for line in from.line..window.end {
            let stale = self.is_stale();
            if let Some(known) = &mut known {
                known.learn(line, &state, if stale { 1 } else { STEP });
            }
            if stale {
                return None;
            }
            let wanted = line >= window.start;
            let spans = state.read(&mut self.reader, text.line(line), wanted);
            if wanted {
                lines.push(spans);
            }
        }
        Some(lines)
    }
}

/// A file's lines. A line feed ends a line and belongs to it.
struct Lines<'b> {
    bytes: &'b [u8],
    ends: Vec<usize>,
}

impl<'b> Lines<'b> {
    fn new(bytes: &'b [u8]) -> Lines<'b> {
        let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).collect();
        if ends.last().copied().unwrap_or_default() < bytes.len() {
            ends.push(bytes.len());
        }
        Lines { bytes, ends }
    }

    fn count(&self) -> usize {
        self.ends.len()
    }

    fn line(&self, line: usize) -> &'b [u8] {
        let start = if line == 0 { 0 } else { self.ends[line - 1] };
        &self.bytes[start..self.ends[line]]
    }

    /// Returns the line from which a window that starts at `start` is guessed: the first one that stands at the margin
    /// after a blank line, where most languages are between two declarations.
    fn guess(&self, start: usize) -> usize {
        let earliest = start.saturating_sub(LOOK_BACK);
        let blank = |line: usize| self.line(line).trim_ascii().is_empty();
        let margin = |line: usize| !self.line(line)[0].is_ascii_whitespace();
        (earliest.max(1)..=start).find(|line| margin(*line) && blank(line - 1)).unwrap_or(earliest)
    }
}

/// The state before a line.
#[derive(Clone)]
struct Mark {
    line: usize,
    state: State,
}

/// What is known about a file: marks from its first line on, in order.
struct Known {
    marks: Vec<Mark>,
    weight: usize,
}

impl Known {
    fn new(state: State) -> Known {
        Known { marks: vec![Mark { line: 0, state }], weight: 0 }
    }

    /// Returns the last mark that is not after a line.
    fn before(&self, line: usize) -> Mark {
        let after = self.marks.partition_point(|mark| mark.line <= line);
        self.marks[after - 1].clone()
    }

    /// Sets a mark, if it is at least `step` lines after the last one and the file has not used up the budget alone.
    fn learn(&mut self, line: usize, state: &State, step: usize) {
        let last = self.marks.last().map_or(0, |mark| mark.line);
        if line >= last + step && self.weight < BUDGET {
            self.weight += state.weight();
            self.marks.push(Mark { line, state: state.clone() });
        }
    }
}

/// A file and the grammar that it was read with.
type Key<'s> = (ObjectId, &'s str);

/// What is known about files, the latest one last.
#[derive(Default)]
struct Memory<'s> {
    files: Vec<(Key<'s>, Known)>,
}

impl<'s> Memory<'s> {
    fn take(&mut self, key: &Key<'_>) -> Option<Known> {
        let at = self.files.iter().position(|(known, _)| known == key)?;
        Some(self.files.remove(at).1)
    }

    /// Remembers a file and forgets those that were not used for longest, as far as the budget demands.
    fn put(&mut self, key: Key<'s>, known: Known) {
        if known.weight > 0 {
            self.files.push((key, known));
        }
        let mut weight: usize = self.files.iter().map(|(_, known)| known.weight).sum();
        let mut forgotten = 0;
        while weight > BUDGET {
            weight -= self.files[forgotten].1.weight;
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

    #[test]
    fn lines_are_those_of_the_file() {
        assert_eq!(Lines::new(b"").count(), 0);
        let text = Lines::new(b"a\n\nlast");
        assert_eq!(
            (text.count(), text.line(0), text.line(1), text.line(2)),
            (3, &b"a\n"[..], &b"\n"[..], &b"last"[..])
        );
        assert_eq!(Lines::new(b"a\n").count(), 1);
    }

    #[test]
    fn a_guess_starts_at_the_margin_after_a_blank_line() {
        let file = |line: usize| match line {
            50 | 310 | 350 => "fn f() {\n",
            49 | 309 | 349 | 370 => "  \n",
            371 => "  indented\n",
            _ => "    inside\n",
        };
        let bytes: String = (0..400).map(file).collect();
        let text = Lines::new(bytes.as_bytes());
        assert_eq!(text.guess(50), 50);
        assert_eq!(text.guess(200), 50);
        assert_eq!(text.guess(250), 50);
        assert_eq!(text.guess(251), 51, "nothing to start from");
        assert_eq!(text.guess(380), 310);
        assert_eq!(text.guess(0), 0);
    }

    #[test]
    fn marks_are_set_a_step_apart_and_at_an_interruption() {
        let state = state();
        let mut known = Known::new(state.clone());
        for line in 0..=450 {
            known.learn(line, &state, STEP);
        }
        known.learn(451, &state, 1);
        known.learn(300, &state, 1);
        assert_eq!(known.marks.iter().map(|mark| mark.line).collect::<Vec<_>>(), [0, 200, 400, 451]);
        assert_eq!([0, 199, 200, 450, 451, 9999].map(|line| known.before(line).line), [0, 0, 200, 400, 451, 451]);
        known.weight = BUDGET;
        known.learn(2000, &state, STEP);
        assert_eq!(known.marks.len(), 4);
    }

    #[test]
    fn what_was_not_used_for_longest_is_forgotten_first() {
        let mut memory = Memory::default();
        let key = |number: u8| (Hex([number; 20]), "TypeScript");
        let known = |weight: usize| Known { weight, ..Known::new(state()) };
        memory.put(key(0), known(0));
        assert!(memory.take(&key(0)).is_none(), "nothing is known beyond the start");
        memory.put(key(1), known(BUDGET / 2));
        memory.put(key(2), known(BUDGET / 2));
        let one = memory.take(&key(1)).unwrap();
        memory.put(key(1), one);
        memory.put(key(3), known(1));
        assert_eq!(memory.files.iter().map(|(key, _)| key.0.0[0]).collect::<Vec<_>>(), [1, 3]);
        memory.put(key(4), known(BUDGET + 1));
        assert!(memory.files.is_empty());
        memory.put((Hex([5; 20]), "JSON"), known(9));
        assert!(memory.take(&key(5)).is_none(), "the same blob in another language");
    }
}
