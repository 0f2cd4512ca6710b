//! Where a grammar stands between two lines, and one line read from there.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use syntect::parsing::{ParseState, ScopeStack, ScopeStackOp, SyntaxReference, SyntaxSet};

use super::class::Classes;
use super::outline::{Name, Names};
use super::{Class, Plain, Span};

/// A longer line is not read, in bytes with its line feed: one of 16 KiB takes 47 ms, one of 5 MB 19 s.
pub(super) const LONG_LINE: usize = 4 << 10;

/// A line that keeps the processor longer ends the reading of its file. Nothing can stop the engine within a line, and
/// nothing but a clock tells what it costs there; so the clock never decides what a colour is, only that the rest of the
/// file has none, and that is said. Every line of a usual file takes less than a thousandth of this.
const LINE_TIME: Duration = Duration::from_secs(2);

/// What lines are read with.
pub(super) struct Reader<'s> {
    set: &'s SyntaxSet,
    classes: Classes,
    names: Names,
    line: String,
    /// Tells the time that was spent.
    clock: fn() -> Duration,
}

impl<'s> Reader<'s> {
    /// Makes a reader for the grammars of a set.
    pub(super) fn new(set: &'s SyntaxSet) -> Reader<'s> {
        Reader { set, classes: Classes::new(), names: Names::new(), line: String::new(), clock: spent }
    }
}

/// Why the rest of a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The grammar or its engine failed.
    Failed,
    /// A line took too long.
    Slow,
}

/// What is found in a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Its spans.
    pub spans: Vec<Span>,
    /// What is named in it.
    pub names: Vec<Name>,
}

/// Where a grammar stands before a line, or why it does not any more.
#[derive(Debug, Clone)]
pub(super) struct State(Result<(ParseState, ScopeStack), Fault>);

impl State {
    /// Returns the state at a file's start.
    pub(super) fn new(grammar: &SyntaxReference) -> State {
        State(Ok((ParseState::new(grammar), ScopeStack::new())))
    }

    /// Returns why nothing is read any more after this line (from 1), if so.
    pub(super) fn plain(&self, line: usize) -> Option<Plain> {
        self.0.as_ref().err().map(|fault| match fault {
            Fault::Failed => Plain::Failed { line },
            Fault::Slow => Plain::Slow { line },
        })
    }

    /// Goes over a line, and returns what is in it if that is `wanted`. The line may have its line feed or not.
    ///
    /// A long line leaves the state as it is. One that is not UTF-8 is read as well as it can be, for the state's sake,
    /// and has no spans: they would not fit its bytes. The engine may panic; then the state is at fault.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>, line: &[u8], wanted: bool) -> Found {
        if line.len() > LONG_LINE {
            return Found::default();
        }
        let Ok((parse, scopes)) = &mut self.0 else { return Found::default() };
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let wanted = wanted && std::str::from_utf8(text).is_ok();
        reader.line.clear();
        reader.line.push_str(&String::from_utf8_lossy(text));
        reader.line.push('\n');
        let before = (reader.clock)();
        let found = guarded(|| {
            let changes = parse.parse_line(&reader.line, reader.set).ok()?;
            cover(&changes, scopes, reader, text.len(), wanted)
        });
        let slow = (reader.clock)().saturating_sub(before) > LINE_TIME;
        match found.flatten() {
            Some(found) if !slow => found,
            // What was read before its time was up is right.
            Some(found) => {
                self.0 = Err(Fault::Slow);
                found
            }
            None => {
                self.0 = Err(Fault::Failed);
                Found::default()
            }
        }
    }

    /// Estimates what a state takes, in bytes: a hostile file can make one hold many lines of itself.
    pub(super) fn weight(&self) -> usize {
        let mut count = Count(0);
        // Its fields are private, but all of them are in its debugging text.
        let _ = write!(count, "{self:?}");
        count.0.max(2 << 10)
    }
}

/// Applies a line's changes to the scopes, and gives the pieces between them their classes if that is `wanted`. Nothing is
/// returned where the grammar's changes do not fit each other.
fn cover(
    changes: &[(usize, ScopeStackOp)],
    scopes: &mut ScopeStack,
    reader: &mut Reader<'_>,
    len: usize,
    wanted: bool,
) -> Option<Found> {
    let mut found = Found::default();
    let mut done = 0;
    let mut piece = |to: usize, scopes: &ScopeStack| {
        let (from, to) = (done, to.min(len));
        if !wanted || to <= from {
            return;
        }
        done = to;
        let Some(class) = reader.classes.of(scopes.as_slice()) else { return };
        if matches!(class, Class::Function | Class::Type | Class::Heading | Class::Emphasis | Class::String) {
            reader.names.add(&mut found.names, from..to, scopes.as_slice(), &reader.line);
        }
        // A long line was not read, so that every place in this one fits.
        let (start, end) = (from as u32, to as u32);
        match found.spans.last_mut() {
            Some(last) if last.end == start && last.class == class => last.end = end,
            _ => found.spans.push(Span { start, end, class }),
        }
    };
    for (at, change) in changes {
        piece(*at, scopes);
        scopes.apply(change).ok()?;
    }
    piece(len, scopes);
    Some(found)
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Tells whether a panic in this thread, now, will be caught and told in another way: it is no reason to end.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Does something that may panic; nothing is returned if it did. Its message is not printed: it could hold pieces of the
/// file.
fn guarded<R>(act: impl FnOnce() -> R) -> Option<R> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !is_guarded() {
                print(panic);
            }
        }));
    });
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    GUARDED.set(false);
    result.ok()
}

/// Returns the processor's time that this thread has spent: a machine that is busy with other things makes no line slow.
fn spent() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Counts the bytes that are written to it.
struct Count(usize);

impl fmt::Write for Count {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use syntect::parsing::syntax_definition::{Context, MatchOperation, MatchPattern, Pattern, SyntaxDefinition};
    use syntect::parsing::{Scope, SyntaxSetBuilder};

    use super::*;

    #[test]
    fn a_state_weighs_what_it_holds() {
        let set = two_face::syntax::extra_newlines();
        let mut reader = Reader::new(&set);
        let mut state = State::new(set.find_syntax_by_extension("sh").unwrap());
        assert_eq!(state.weight(), 2 << 10);
        let line = format!("cat <<A {}\n", "x".repeat(4000));
        state.read(&mut reader, line.as_bytes(), false);
        assert!(state.weight() > 4000, "{}", state.weight());
    }

    #[test]
    fn a_failed_grammar_leaves_the_rest_plain() {
        let set = two_face::syntax::extra_newlines();
        let mut reader = Reader::new(&set);
        let line = b"export class A {}\n";
        let grammar = set.find_syntax_by_extension("ts").unwrap();
        assert_ne!(State::new(grammar).read(&mut reader, line, true), Found::default());
        // A set without grammars knows no context of this one.
        let none = SyntaxSet::new();
        let mut state = State::new(grammar);
        assert_eq!(state.read(&mut Reader::new(&none), line, true), Found::default());
        assert_eq!(state.plain(7), Some(Plain::Failed { line: 7 }));
        assert_eq!(state.read(&mut reader, line, true), Found::default());
    }

    /// A set with one grammar that has a regular expression which is none: the engine panics.
    fn broken() -> SyntaxSet {
        let mut start = Context::new(false);
        let operation = MatchOperation::None;
        start.patterns.push(Pattern::Match(MatchPattern::new(false, "(".to_owned(), vec![], None, operation, None)));
        let contexts = [("__start", start.clone()), ("__main", start.clone()), ("main", start)];
        let mut builder = SyntaxSetBuilder::new();
        builder.add(SyntaxDefinition {
            name: "Broken".to_owned(),
            file_extensions: vec!["broken".to_owned()],
            scope: Scope::new("source.broken").unwrap(),
            first_line_match: None,
            hidden: false,
            variables: HashMap::new(),
            contexts: contexts.into_iter().map(|(name, context)| (name.to_owned(), context)).collect(),
        });
        builder.build()
    }

    #[test]
    fn a_panic_of_the_engine_leaves_the_rest_plain_and_the_reader_whole() {
        let set = broken();
        let mut state = State::new(set.find_syntax_by_extension("broken").unwrap());
        assert_eq!(state.read(&mut Reader::new(&set), b"a\n", true), Found::default());
        assert_eq!(state.plain(3), Some(Plain::Failed { line: 3 }));
        assert_eq!(state.read(&mut Reader::new(&set), b"a\n", true), Found::default());
    }

    #[test]
    fn a_panic_is_caught_and_remembered() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("not printed") }), None);
        assert!(!is_guarded());
    }

    #[test]
    fn a_slow_line_ends_the_reading_and_keeps_its_own_spans() {
        thread_local!(static NOW: Cell<u64> = const { Cell::new(0) });
        let set = two_face::syntax::extra_newlines();
        let mut reader = Reader::new(&set);
        reader.clock = || {
            NOW.set(NOW.get() + 3);
            Duration::from_secs(NOW.get())
        };
        let mut state = State::new(set.find_syntax_by_extension("ts").unwrap());
        assert_ne!(state.read(&mut reader, b"let a = 1;\n", true).spans, []);
        assert_eq!(state.plain(1), Some(Plain::Slow { line: 1 }));
        assert_eq!(state.read(&mut reader, b"let b = 1;\n", true), Found::default());
    }

    #[test]
    fn no_grammar_panics_or_hangs_on_what_it_does_not_expect() {
        let set = two_face::syntax::extra_newlines();
        let mut reader = Reader::new(&set);
        let lines: [&[u8]; 9] = [
            b"<<A <<'B' <<-C `x $(y ${z:-$((1 + 2))} \"a\\\n",
            b"<?php <% {{ {% <script> <style> --> ]]> %> }} */ /* // # ; ' \" ` ''' \"\"\" r#\"\n",
            b"}}}}]]]]))))>>>> end fi done esac \n",
            b"{{{{[[[[((((<<<< begin if do case :::: ==== ---- **** ____ ~~~~ \n",
            b"```ts\n",
            b"\xff\xfe\0\x1b[0m \xe2\x80\xae \xf0\x9f\x98\x80 \r\n",
            b"@@ -1,2 +3,4 @@ === +++ --- !!! &&& ||| ^^^ %%% $$$ ??? ,,, ... \t\t\n",
            b"\n",
            b"A B C: d = e -> f => g :: h := i << j | k \\",
        ];
        for grammar in set.syntaxes() {
            let mut state = State::new(grammar);
            for line in lines.iter().chain(lines.iter().rev()) {
                state.read(&mut reader, line, true);
            }
        }
    }
}
