//! Floor 1: syntax highlighting: a blob's bytes become neutral spans, in the background.
//!
//! A span says what a piece of code is, never what colour it has; the theme decides that.
//!
//! One thread owns all states of the grammars, because they cannot leave it. It works for one window of lines at a time:
//! a window far from any place where the state is known is first guessed from the code just above it, then read exactly.

mod class;
mod grammar;
mod state;
mod worker;

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A comment.
    Comment,
    /// A string's content and its quotes.
    String,
    /// An escape inside a string, a regular expression.
    Escape,
    /// A number, a boolean, a language's own constant.
    Constant,
    /// A keyword or a storage word.
    Keyword,
    /// An operator.
    Operator,
    /// A function's name.
    Function,
    /// A type, class or tag name.
    Type,
    /// A variable or parameter that the grammar singles out.
    Variable,
    /// A key: an attribute, a property of a document such as JSON or YAML.
    Key,
    /// A heading in prose.
    Heading,
    /// Stressed prose, a link.
    Emphasis,
    /// Brackets, commas and the like.
    Punctuation,
    /// What the grammar calls wrong.
    Invalid,
}

/// Bytes `start..end` of one line are of one class. What no span covers is plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte in the line.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
    /// What it is.
    pub class: Class,
}

/// A window of a file that is to be coloured.
#[derive(Debug, Clone)]
pub struct Request {
    /// What its answers are known by.
    pub ticket: u64,
    /// The file's path, which tells the language.
    pub path: RepoPath,
    /// The file's blob, by which is remembered what is known about it.
    pub blob: ObjectId,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
    /// The lines wanted, from 0; what reaches beyond the last line is ignored.
    pub lines: Range<usize>,
}

/// An answer to a request: the classes of a run of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coloured {
    /// The request's.
    pub ticket: u64,
    /// The request's.
    pub blob: ObjectId,
    /// The first line, from 0.
    pub first: usize,
    /// The spans of each line from there on, in order and apart from each other. None where all is plain or the request
    /// was superseded.
    pub lines: Vec<Vec<Span>>,
    /// Whether this is what a reading of the whole file says; otherwise it is a guess, or nothing.
    pub exact: bool,
    /// Whether this is the request's last answer.
    pub done: bool,
}

/// Colours windows of files in a thread of its own, the newest request first.
///
/// A newer request supersedes all older ones; each still gets a last answer. Dropping it tells the thread to end after
/// the line that it is reading, and does not wait for it.
#[derive(Debug)]
pub struct Highlighter {
    requests: Sender<Request>,
}

impl Highlighter {
    /// Starts the thread, which hands its answers to `answer`. The grammars are loaded for the first request.
    pub fn spawn(answer: impl FnMut(Coloured) + Send + 'static) -> Highlighter {
        let (requests, incoming) = channel();
        std::thread::spawn(move || worker::run(&incoming, answer));
        Highlighter { requests }
    }

    /// Asks for a window, instead of what was asked for before.
    pub fn request(&self, request: Request) {
        // Nobody listens only where `answer` has panicked, and then nobody is left to be answered.
        let _ = self.requests.send(request);
    }
}
