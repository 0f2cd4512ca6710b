//! Floor 1: syntax highlighting: a blob's bytes become neutral spans, in the background.
//!
//! A span says what a piece of code is, never what colour it has; the theme decides that.
//!
//! One thread owns all states of the grammars, because they cannot leave it. What is asked for comes first: a window of
//! lines, far from any place where the state is known first as a guess from the code just above it, then exactly; then a
//! file's outline. Where nothing is asked for, it reads on to the end of the file that was asked for last, so that every
//! line of it is known.
//!
//! | file | what it does |
//! |---|---|
//! | `grammar`, `class`, `outline` | which grammar a file has; what its scopes say; what they name |
//! | `state` | one line read from where a grammar stands; the engine's panics end here |
//! | `pages` | what is known about files, and what is forgotten first |
//! | `worker` | the thread |
//! | `once` | the same without a thread, for a command that prints a file |

mod class;
mod grammar;
mod once;
mod outline;
mod pages;
mod state;
mod worker;

#[cfg(not(any(feature = "onig", feature = "fancy")))]
compile_error!("the grammars need something to match with: the feature `onig` (the default) or `fancy`");

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

pub use once::{Reading, names, read};
pub use outline::{Kind, OUTLINE_LIMIT, Symbol};
pub use state::is_guarded;

/// A larger file is plain, in bytes.
const LARGE_FILE: usize = 8 << 20;

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

impl Class {
    /// Every class, in its order.
    pub const ALL: [Class; 14] = [
        Class::Comment,
        Class::String,
        Class::Escape,
        Class::Constant,
        Class::Keyword,
        Class::Operator,
        Class::Function,
        Class::Type,
        Class::Variable,
        Class::Key,
        Class::Heading,
        Class::Emphasis,
        Class::Punctuation,
        Class::Invalid,
    ];
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

/// Why a file, or what follows a line of it, is plain although its language is known. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// The file is too large.
    Large,
    /// The grammar, or the engine that runs it, failed at this line.
    Failed {
        /// The line.
        line: usize,
    },
    /// This line took too long.
    Slow {
        /// The line.
        line: usize,
    },
    /// What would have to be remembered after this line takes too much room.
    Heavy {
        /// The line.
        line: usize,
    },
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plain::Large => write!(f, "plain: over {} MiB", LARGE_FILE >> 20),
            Plain::Failed { line } => write!(f, "plain from {line} on: the grammar failed"),
            Plain::Slow { line } => write!(f, "plain after {line}: it took too long"),
            Plain::Heavy { line } => write!(f, "plain after {line}: too much to remember"),
        }
    }
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

/// A file whose outline is wanted.
#[derive(Debug, Clone)]
pub struct OutlineRequest {
    /// What its answers are known by.
    pub ticket: u64,
    /// The file's path, which tells the language.
    pub path: RepoPath,
    /// The file's blob, by which is remembered what is known about it.
    pub blob: ObjectId,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
}

/// What comes back from the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Colours.
    Coloured(Coloured),
    /// An outline.
    Outlined(Outlined),
}

impl Answer {
    /// Tells whether this is its request's last answer.
    pub fn is_last(&self) -> bool {
        match self {
            Answer::Coloured(coloured) => coloured.done,
            Answer::Outlined(outlined) => outlined.done,
        }
    }
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
    /// Why lines of this file are plain, if some are that need not be.
    pub plain: Option<Plain>,
    /// Whether this is the request's last answer.
    pub done: bool,
}

/// An answer to a request for an outline: what the file names that was not told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlined {
    /// The request's.
    pub ticket: u64,
    /// The request's.
    pub blob: ObjectId,
    /// Symbols, in the file's order.
    pub symbols: Vec<Symbol>,
    /// Why the rest of the file was not read, if it was not.
    pub plain: Option<Plain>,
    /// Whether this is the request's last answer.
    pub done: bool,
}

/// What reaches the thread.
enum Wanted {
    Window(Request),
    Outline(OutlineRequest),
    Warm(RepoPath, Arc<[u8]>),
}

/// Colours windows of files in a thread of its own, the newest request first.
///
/// A newer request supersedes all older ones of its kind; each still gets a last answer. Dropping it tells the thread to
/// end after the line that it is reading, and does not wait for it; so does dropping all of its clones.
#[derive(Debug, Clone)]
pub struct Highlighter {
    wanted: Sender<Wanted>,
}

impl Highlighter {
    /// Starts the thread, which hands its answers to `answer`. The grammars are loaded for the first request.
    pub fn spawn(answer: impl FnMut(Answer) + Send + 'static) -> Highlighter {
        let (wanted, incoming) = channel();
        std::thread::spawn(move || worker::run(&incoming, answer));
        Highlighter { wanted }
    }

    /// Asks for a window, instead of what was asked for before.
    pub fn request(&self, request: Request) {
        self.send(Wanted::Window(request));
    }

    /// Asks for an outline, instead of the one that was asked for before. Windows come first.
    pub fn outline(&self, request: OutlineRequest) {
        self.send(Wanted::Outline(request));
    }

    /// Has the grammar of a file made ready that may be asked for later, by reading some of the file. Whatever is asked
    /// for comes first, and there is no answer.
    pub fn warm(&self, path: RepoPath, bytes: Arc<[u8]>) {
        self.send(Wanted::Warm(path, bytes));
    }

    fn send(&self, wanted: Wanted) {
        // Nobody listens only where `answer` has panicked, and then nobody is left to be answered.
        let _ = self.wanted.send(wanted);
    }
}
