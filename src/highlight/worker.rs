//! The thread: takes what is asked for last, answers it, and reads on where nothing is asked for.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use syntect::parsing::{SyntaxReference, SyntaxSet};

use super::pages::{Key, Known, Memory};
use super::state::{LONG_LINE, Reader, State};
use super::{Answer, Coloured, LARGE_FILE, OutlineRequest, Outlined, Plain, Request, Span, Wanted, grammar};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// How far above a window a guess starts at most, in lines. As many are read for an exact answer without a guess first.
pub(super) const LOOK_BACK: usize = 200;

/// How many symbols an outline's answer has before the last one, so that a long file's first ones do not wait for all.
const SYMBOLS: usize = 500;

/// How many lines of a file make its grammar ready: after these nearly all of it was used once.
const WARM_LINES: usize = 300;

/// Serves requests until nobody is left to send one.
pub(super) fn run(wanted: &Receiver<Wanted>, answer: impl FnMut(Answer)) {
    let Ok(first) = wanted.recv() else { return };
    let set = two_face::syntax::extra_newlines();
    let mut worker = Worker {
        set: &set,
        reader: Reader::new(&set),
        wanted,
        window: None,
        outline: None,
        warm: VecDeque::new(),
        rest: None,
        closed: false,
        memory: Memory::default(),
        answer,
    };
    worker.take(first);
    while let Some(job) = worker.next() {
        match job {
            Job::Window(request) => worker.colour(request),
            Job::Outline(request) => worker.outline(request),
            Job::Warm(path, bytes) => worker.warm(&path, &bytes),
            Job::Rest(file) => worker.read_rest(&file),
        }
    }
}

/// A file that something is wanted of.
struct File {
    path: RepoPath,
    blob: ObjectId,
    bytes: Arc<[u8]>,
}

enum Job {
    Window(Request),
    Outline(OutlineRequest),
    Warm(RepoPath, Arc<[u8]>),
    Rest(File),
}

struct Worker<'s, F> {
    set: &'s SyntaxSet,
    reader: Reader<'s>,
    wanted: &'s Receiver<Wanted>,
    /// What was asked for and is not served yet.
    window: Option<Request>,
    outline: Option<OutlineRequest>,
    warm: VecDeque<(RepoPath, Arc<[u8]>)>,
    /// The file that was asked for last, as long as it was not read to its end.
    rest: Option<File>,
    /// Nobody is left to ask.
    closed: bool,
    memory: Memory<'s>,
    answer: F,
}

impl<'s, F: FnMut(Answer)> Worker<'s, F> {
    /// Waits for something to do: what is asked for first, then what may be asked for.
    fn next(&mut self) -> Option<Job> {
        loop {
            self.listen();
            if self.closed {
                return None;
            }
            if let Some(request) = self.window.take() {
                return Some(Job::Window(request));
            }
            if let Some(request) = self.outline.take() {
                return Some(Job::Outline(request));
            }
            if let Some((path, bytes)) = self.warm.pop_front() {
                return Some(Job::Warm(path, bytes));
            }
            if let Some(file) = self.rest.take() {
                return Some(Job::Rest(file));
            }
            let wanted = self.wanted.recv().ok()?;
            self.take(wanted);
        }
    }

    /// Takes what was sent meanwhile.
    fn listen(&mut self) {
        loop {
            match self.wanted.try_recv() {
                Ok(wanted) => self.take(wanted),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    /// Takes what was sent; what it supersedes gets its last answer.
    fn take(&mut self, wanted: Wanted) {
        match wanted {
            Wanted::Window(request) => {
                if let Some(older) = self.window.replace(request) {
                    self.supersede(&older);
                }
            }
            Wanted::Outline(request) => {
                if let Some(older) = self.outline.replace(request) {
                    self.outlined(&older, Vec::new(), None, true);
                }
            }
            Wanted::Warm(path, bytes) => self.warm.push_back((path, bytes)),
        }
    }

    /// Tells whether another window is wanted than the one that is being read.
    fn is_stale(&mut self) -> bool {
        self.listen();
        self.closed || self.window.is_some()
    }

    /// Tells whether anything is asked for.
    fn is_wanted(&mut self) -> bool {
        self.is_stale() || self.outline.is_some()
    }

    fn supersede(&mut self, request: &Request) {
        self.coloured(request, Coloured { done: true, ..blank(request) });
    }

    fn coloured(&mut self, request: &Request, coloured: Coloured) {
        debug_assert_eq!(request.ticket, coloured.ticket);
        (self.answer)(Answer::Coloured(coloured));
    }

    fn outlined(&mut self, request: &OutlineRequest, symbols: Vec<super::Symbol>, plain: Option<Plain>, done: bool) {
        let (ticket, blob) = (request.ticket, request.blob);
        (self.answer)(Answer::Outlined(Outlined { ticket, blob, symbols, plain, done }));
    }

    /// Takes what is known about a file out of the memory.
    fn recall(&mut self, blob: ObjectId, grammar: &'s SyntaxReference) -> (Key<'s>, Known) {
        let key = (blob, grammar.name.as_str());
        let known = self.memory.take(&key).unwrap_or_else(|| Known::new(State::new(grammar)));
        (key, known)
    }

    /// Answers with a window, first by a guess where it is far away.
    fn colour(&mut self, request: Request) {
        let blank = blank(&request);
        let grammar = match language(self.set, &request.path, &request.bytes) {
            Ok(grammar) => grammar,
            Err(plain) => return self.coloured(&request, Coloured { exact: true, plain, done: true, ..blank }),
        };
        let text = Lines::new(&request.bytes);
        let window = request.lines.start..request.lines.end.min(text.count());
        if window.is_empty() {
            return self.coloured(&request, Coloured { exact: true, done: true, ..blank });
        }
        let (key, mut known) = self.recall(request.blob, grammar);
        if known.lines + LOOK_BACK < window.start && known.plain().is_none() {
            match self.guess(&text, grammar, &window) {
                Some(lines) => self.coloured(&request, Coloured { lines, ..blank.clone() }),
                None => {
                    self.memory.put(key, known);
                    return self.supersede(&request);
                }
            }
        }
        let read = self.extend(&mut known, &text, window.end, Self::is_stale);
        let lines = if read { self.lines(&mut known, &text, &window) } else { None };
        let plain = known.plain();
        let whole = known.plain().is_some() || known.lines == text.count();
        self.memory.put(key, known);
        match lines {
            Some(lines) => self.coloured(&request, Coloured { lines, exact: true, plain, done: true, ..blank }),
            None => self.supersede(&request),
        }
        self.rest = (!whole).then_some(File { path: request.path, blob: request.blob, bytes: request.bytes });
    }

    /// Reads a window from the code just above it; nothing if another one is wanted.
    fn guess(&mut self, text: &Lines<'_>, grammar: &SyntaxReference, window: &Range<usize>) -> Option<Vec<Vec<Span>>> {
        let mut state = State::new(grammar);
        let mut lines = Vec::new();
        for line in text.guess(window.start)..window.end {
            if self.is_stale() {
                return None;
            }
            let found = state.read(&mut self.reader, text.line(line), line >= window.start);
            if line >= window.start {
                lines.push(found.spans);
            }
        }
        Some(lines)
    }

    /// Reads on until so many lines are known, or to where the file is not to be read any more; tells whether it came that
    /// far. What was read stays known either way.
    fn extend(
        &mut self,
        known: &mut Known,
        text: &Lines<'_>,
        to: usize,
        mut stops: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        while known.lines < to && known.plain().is_none() {
            if stops(self) {
                return false;
            }
            let bytes = text.line(known.lines);
            let before = known.is_page_start().then(|| known.state.clone());
            let found = known.state.read(&mut self.reader, bytes, true);
            known.push(bytes, found, before);
        }
        true
    }

    /// Returns lines that are known, and reads those again that were forgotten; nothing if another window is wanted.
    fn lines(&mut self, known: &mut Known, text: &Lines<'_>, window: &Range<usize>) -> Option<Vec<Vec<Span>>> {
        let mut lines = Vec::with_capacity(window.len());
        for line in window.clone() {
            if known.spans(line).is_none() {
                let (first, mut state) = known.page(line);
                let mut page = Vec::new();
                for line in first..first + known.page_lines(line) {
                    if self.is_stale() {
                        return None;
                    }
                    page.push(state.read(&mut self.reader, text.line(line), true).spans);
                }
                known.restore(line, &page);
            }
            lines.push(known.spans(line).unwrap_or_default());
        }
        Some(lines)
    }

    /// Answers with what a file names. Where a window is wanted meanwhile, that comes first, and this goes on after it.
    fn outline(&mut self, request: OutlineRequest) {
        let grammar = match language(self.set, &request.path, &request.bytes) {
            Ok(grammar) => grammar,
            Err(plain) => return self.outlined(&request, Vec::new(), plain, true),
        };
        let text = Lines::new(&request.bytes);
        let (key, mut known) = self.recall(request.blob, grammar);
        let mut told = 0;
        loop {
            let symbols = known.outline.symbols();
            let whole = known.lines == text.count() || known.plain().is_some();
            if whole || symbols.len() >= told + SYMBOLS {
                let new = symbols.get(told..).unwrap_or_default().to_vec();
                told = symbols.len();
                let plain = known.plain();
                self.outlined(&request, new, plain, whole);
                if whole {
                    return self.memory.put(key, known);
                }
            }
            let next = known.lines + 1;
            while !self.extend(&mut known, &text, next, Self::is_wanted) {
                if self.closed || self.outline.is_some() {
                    self.memory.put(key, known);
                    return self.outlined(&request, Vec::new(), None, true);
                }
                // The window may be one of this file.
                self.memory.put(key, known);
                if let Some(window) = self.window.take() {
                    self.colour(window);
                }
                (_, known) = self.recall(request.blob, grammar);
            }
        }
    }

    /// Reads some of a file, and drops what it finds: what the grammar matches with is then ready.
    fn warm(&mut self, path: &RepoPath, bytes: &Arc<[u8]>) {
        let Ok(grammar) = language(self.set, path, bytes) else { return };
        let mut state = State::new(grammar);
        for line in bytes.split_inclusive(|byte| *byte == b'\n').take(WARM_LINES) {
            if self.is_wanted() {
                return self.warm.push_front((path.clone(), Arc::clone(bytes)));
            }
            state.read(&mut self.reader, line, true);
        }
    }

    /// Reads a file to its end, for when it is asked for.
    fn read_rest(&mut self, file: &File) {
        let Ok(grammar) = language(self.set, &file.path, &file.bytes) else { return };
        let text = Lines::new(&file.bytes);
        let (key, mut known) = self.recall(file.blob, grammar);
        self.extend(&mut known, &text, text.count(), Self::is_wanted);
        self.memory.put(key, known);
    }
}

/// Returns a request's answer as it is before anything is known.
fn blank(request: &Request) -> Coloured {
    let (ticket, blob, first) = (request.ticket, request.blob, request.lines.start);
    Coloured { ticket, blob, first, lines: Vec::new(), exact: false, plain: None, done: false }
}

/// Returns a file's grammar; where it is plain, why it is, if it need not be.
pub(super) fn language<'s>(
    set: &'s SyntaxSet,
    path: &RepoPath,
    bytes: &[u8],
) -> Result<&'s SyntaxReference, Option<Plain>> {
    let head = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let grammar = grammar::find(set, &path.0, &head[..head.len().min(LONG_LINE)]).ok_or(None)?;
    if bytes.len() > LARGE_FILE { Err(Some(Plain::Large)) } else { Ok(grammar) }
}

/// A file's lines. A line feed ends a line and belongs to it.
pub(super) struct Lines<'b> {
    bytes: &'b [u8],
    ends: Vec<usize>,
}

impl<'b> Lines<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Lines<'b> {
        let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).collect();
        if ends.last().copied().unwrap_or_default() < bytes.len() {
            ends.push(bytes.len());
        }
        Lines { bytes, ends }
    }

    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn line(&self, line: usize) -> &'b [u8] {
        let start = if line == 0 { 0 } else { self.ends[line - 1] };
        &self.bytes[start..self.ends[line]]
    }

    /// Returns the line from which a window that starts at `start` is guessed: the first one that stands at the margin
    /// after a blank line, where most languages are between two declarations.
    pub(super) fn guess(&self, start: usize) -> usize {
        let earliest = start.saturating_sub(LOOK_BACK);
        let blank = |line: usize| self.line(line).trim_ascii().is_empty();
        let margin = |line: usize| !self.line(line)[0].is_ascii_whitespace();
        (earliest.max(1)..=start).find(|line| margin(*line) && blank(line - 1)).unwrap_or(earliest)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::model::hash::Hex;

    #[test]
    fn a_file_is_read_to_its_end_once_its_window_is_answered() {
        let set = two_face::syntax::extra_newlines();
        let (sender, wanted) = channel();
        let mut answers = 0;
        let mut worker = Worker {
            set: &set,
            reader: Reader::new(&set),
            wanted: &wanted,
            window: None,
            outline: None,
            warm: VecDeque::new(),
            rest: None,
            closed: false,
            memory: Memory::default(),
            answer: |_| answers += 1,
        };
        let bytes: Arc<[u8]> = b"fn f() {}\n".repeat(1000).into();
        let blob = Hex([1; 20]);
        let window = |lines| Request { ticket: 1, path: "a.rs".into(), blob, bytes: bytes.clone(), lines };
        worker.colour(window(0..50));
        let grammar = set.find_syntax_by_name("Rust").unwrap();
        let (key, known) = worker.recall(blob, grammar);
        assert_eq!(known.lines, 50);
        worker.memory.put(key, known);
        let Some(Job::Rest(file)) = worker.next() else { panic!("nothing is left to do") };
        // What is asked for comes first, and then the rest is gone on with.
        sender.send(Wanted::Window(window(20..30))).unwrap();
        worker.read_rest(&file);
        let Some(Job::Window(request)) = worker.next() else { panic!("the window comes first") };
        worker.colour(request);
        let Some(Job::Rest(file)) = worker.next() else { panic!("nothing is left to do") };
        worker.read_rest(&file);
        let (_, known) = worker.recall(blob, grammar);
        assert_eq!((known.lines, known.outline.symbols().len()), (1000, 1000));
        drop(worker);
        assert_eq!(answers, 2);
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
}
