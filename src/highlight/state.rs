//! Where a grammar stands between two lines, and one line read from there.

use std::fmt::{self, Write as _};

use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use super::Span;
use super::class::Classes;

/// A longer line is not read, in bytes with its line feed: one of 16 KiB takes 47 ms, one of 5 MB 19 s.
pub(super) const LONG_LINE: usize = 4 << 10;

/// What lines are read with.
pub(super) struct Reader<'s> {
    set: &'s SyntaxSet,
    classes: Classes,
    line: String,
}

impl<'s> Reader<'s> {
    /// Makes a reader for the grammars of a set.
    pub(super) fn new(set: &'s SyntaxSet) -> Reader<'s> {
        Reader { set, classes: Classes::new(), line: String::new() }
    }
}

/// Where a grammar stands before a line. Nothing: the grammar failed, and the rest of the file is plain.
#[derive(Debug, Clone)]
pub(super) struct State(Option<(ParseState, ScopeStack)>);

impl State {
    /// Returns the state at a file's start.
    pub(super) fn new(grammar: &SyntaxReference) -> State {
        State(Some((ParseState::new(grammar), ScopeStack::new())))
    }

    /// Goes over a line, and returns its spans if they are `wanted`. The line may have its line feed or not.
    ///
    /// A long line leaves the state as it is. One that is not UTF-8 is read as well as it can be, for the state's sake,
    /// and has no spans: they would not fit its bytes.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>, line: &[u8], wanted: bool) -> Vec<Span> {
        if line.len() > LONG_LINE {
            return Vec::new();
        }
        let Some((parse, scopes)) = &mut self.0 else { return Vec::new() };
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let wanted = wanted && std::str::from_utf8(text).is_ok();
        reader.line.clear();
        reader.line.push_str(&String::from_utf8_lossy(text));
        reader.line.push('\n');
        let spans = parse.parse_line(&reader.line, reader.set).ok().and_then(|changes| {
            let mut spans = Spans { list: Vec::new(), done: 0, len: text.len() };
            for (at, change) in changes {
                if wanted {
                    spans.cover(at, scopes, &mut reader.classes);
                }
                scopes.apply(&change).ok()?;
            }
            if wanted {
                spans.cover(text.len(), scopes, &mut reader.classes);
            }
            Some(spans.list)
        });
        if spans.is_none() {
            self.0 = None;
        }
        spans.unwrap_or_default()
    }

    /// Estimates what a state takes, in bytes: a hostile file can make one hold many lines of itself.
    pub(super) fn weight(&self) -> usize {
        let mut count = Count(0);
        // Its fields are private, but all of them are in its debugging text.
        let _ = write!(count, "{self:?}");
        count.0.max(2 << 10)
    }
}

/// The spans of a line, made from left to right.
struct Spans {
    list: Vec<Span>,
    done: usize,
    len: usize,
}

impl Spans {
    /// Gives what lies between the last place and this one the class of its scopes.
    fn cover(&mut self, to: usize, scopes: &ScopeStack, classes: &mut Classes) {
        let (from, to) = (self.done, to.min(self.len));
        if to <= from {
            return;
        }
        self.done = to;
        let Some(class) = classes.of(scopes.as_slice()) else { return };
        // A long line was not read, so that every place in this one fits.
        let (start, end) = (from as u32, to as u32);
        match self.list.last_mut() {
            Some(last) if last.end == start && last.class == class => last.end = end,
            _ => self.list.push(Span { start, end, class }),
        }
    }
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
        assert_ne!(State::new(grammar).read(&mut reader, line, true), []);
        // A set without grammars knows no context of this one.
        let none = SyntaxSet::new();
        let mut state = State::new(grammar);
        assert_eq!(state.read(&mut Reader::new(&none), line, true), []);
        assert_eq!(state.read(&mut reader, line, true), []);
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
