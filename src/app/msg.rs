//! What reaches the workbench, and what it asks for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::key::Key;
use super::past::{Ask, Told};
use super::picker::{Narrow, Shown};
use super::popup::Value;
use super::text::Text;
use crate::error::Result;
use crate::export::caution::Reviewed;
use crate::highlight::{Coloured, Outlined};
use crate::model::coverage::Extent;
use crate::model::event::{Entry, Event};
use crate::model::evidence::{Kind, Query, RepoPath, Search};
use crate::model::hash::Sha256;
use crate::model::standard::Signal;
use crate::repo::Hit;
use crate::repo::trojan::{Looked, Odd};

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The screen has another size: columns and rows.
    Resize(u16, u16),
    /// An act was written, and these lines stand in the journal now; or nothing was.
    Acted(Result<Vec<(Entry, Sha256)>>),
    /// A file was read. `line` is the one to show, from 0.
    Loaded {
        /// The file.
        path: RepoPath,
        /// The line.
        line: usize,
        /// What it holds.
        result: Result<Loaded>,
    },
    /// A file was read to be shown beside a list.
    Peeked {
        /// The file.
        path: RepoPath,
        /// What it holds.
        result: Result<Loaded>,
    },
    /// A long list was narrowed.
    Narrowed {
        /// The request.
        ticket: u64,
        /// The rows that match, best first.
        shown: Vec<Shown>,
    },
    /// Some hits of a search over the repository.
    Hits {
        /// The search.
        ticket: u64,
        /// The hits, in order.
        hits: Vec<Hit>,
    },
    /// A search over the repository ended.
    Searched {
        /// The search.
        ticket: u64,
        /// The search as evidence.
        result: Result<Search>,
    },
    /// The lines of all files were counted.
    Extent(Result<Extent>),
    /// The leads are being run, and have so many hits so far.
    LeadsSoFar(u64),
    /// The leads of all items were run: what each found, by item.
    Leads(BTreeMap<String, Vec<LeadFound>>),
    /// Some places that could fool the eye.
    Odd {
        /// The look for them.
        ticket: u64,
        /// The places, in order.
        odd: Vec<Odd>,
    },
    /// The look for places that could fool the eye ended.
    Looked {
        /// The look.
        ticket: u64,
        /// What it read.
        result: Result<Looked>,
    },
    /// Lines have colours.
    Coloured(Coloured),
    /// Something about the past.
    Told {
        /// The question.
        ticket: u64,
        /// The answer, or a part of it.
        told: Box<Told>,
    },
    /// A file's functions, classes and headings were found, or some of them.
    Outlined(Outlined),
    /// The audit was looked through for the review.
    Reviewed(Result<Reviewed>),
    /// An export ended.
    Exported(Result<Exported>),
    /// The audits on this machine.
    Audits(Result<Vec<AuditRow>>),
    /// Something outside was done: say so.
    Done(Result<String>),
}

/// What the mouse did, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub did: Did,
    /// Column, from 0.
    pub column: u16,
    /// Row, from 0.
    pub row: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// The left button went down.
    Press,
    /// It moved with the button down.
    Drag,
    /// The button went up.
    Release,
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// What a path at the pin holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// Text.
    Text(Text),
    /// Something that is not shown as text: why, in one sentence.
    Other(String),
}

/// What a lead found.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadFound {
    /// The lead.
    pub id: String,
    /// What a hit speaks for.
    pub signal: Signal,
    /// What a hit means.
    pub why: String,
    /// What it found, or why it could not be run.
    pub outcome: Result<LeadHits, String>,
}

/// What is said of a lead whose globs match no file that is searched; it points nowhere, and needs not.
pub const NO_FILE: &str = "no file in its scope";

impl LeadFound {
    /// Tells whether the files that it points at are known: it was run, and all of them are listed.
    pub fn is_known(&self) -> bool {
        match &self.outcome {
            Ok(hits) => hits.unlisted == 0,
            Err(why) => why == NO_FILE,
        }
    }
}

/// Hits of a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadHits {
    /// The search as evidence.
    pub kind: Kind,
    /// How many hits count.
    pub hits: u64,
    /// Hits under excluded paths.
    pub excluded: u64,
    /// How many files, or paths, were looked at.
    pub files: u64,
    /// The first hits, those under excluded paths last. A path's own hit is line 0.
    pub places: Vec<Hit>,
    /// How many hits each file has.
    pub by_file: BTreeMap<RepoPath, FileHits>,
    /// Files with hits that are not in it: a list of all would have been too long.
    pub unlisted: u64,
}

/// How many hits of a lead a file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileHits {
    /// Hits that count.
    pub hits: u64,
    /// Hits under an excluded path or in a test module.
    pub excluded: u64,
}

/// How to export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportWanted {
    /// A checkout of the audit database.
    pub db: PathBuf,
    /// The key to sign with; none leaves the record unsigned.
    pub key: Option<PathBuf>,
    /// Open items may be part of it.
    pub partial: bool,
    /// What looks like a secret was looked at.
    pub secrets_reviewed: bool,
}

/// A record that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its name.
    pub audit_id: String,
    /// What to tell, line by line.
    pub said: Vec<String>,
    /// What stands in the journal now besides.
    pub entries: Vec<(Entry, Sha256)>,
}

/// An audit on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its name.
    pub name: String,
    /// What it is about and where it stands.
    pub detail: String,
}

/// Something that the workbench wants done.
///
/// What takes time is done beside it and answered by a message; acts, another audit, an export and the editor are done at
/// once, and the screen stands still meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write an act to the journal.
    Act(Vec<Event>),
    /// Undo the last act.
    Undo,
    /// Do again what was undone.
    Redo,
    /// Read a file at the pin, and show this line (from 0).
    Load {
        /// The file.
        path: RepoPath,
        /// The line.
        line: usize,
    },
    /// Read a file at the pin, to show it beside a list.
    Peek(RepoPath),
    /// Narrow a long list to what was typed.
    Narrow(Narrow<Value>),
    /// Search the repository.
    Search {
        /// Names the search; a newer one replaces it.
        ticket: u64,
        /// What to search for.
        query: Query,
    },
    /// Count the lines of all files.
    Extent,
    /// Look for places that could fool the eye; a newer look replaces an older one.
    Trojans(u64),
    /// Look into the past.
    Ask {
        /// Names the question; a newer one of its kind replaces it.
        ticket: u64,
        /// The question.
        ask: Box<Ask>,
    },
    /// Run the leads of all items, once nothing else is to be done.
    Leads,
    /// Colour lines of a file.
    Colour {
        /// Names the request; a newer one replaces it.
        ticket: u64,
        /// The file.
        path: RepoPath,
        /// Its blob.
        blob: crate::model::hash::ObjectId,
        /// Its bytes.
        bytes: Arc<[u8]>,
        /// The lines, from 0.
        lines: Range<usize>,
    },
    /// Find a file's functions, classes and headings.
    Outline {
        /// Names the request; a newer one replaces it.
        ticket: u64,
        /// The file.
        path: RepoPath,
        /// Its blob.
        blob: crate::model::hash::ObjectId,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
    /// Hand the terminal to the user's editor, on a copy of these bytes, at this line (from 1).
    Edit {
        /// The file.
        text: Text,
        /// The line.
        line: usize,
    },
    /// Put text on the clipboard, if the terminal lets it.
    Copy(String),
    /// Look through the audit for the review.
    Review,
    /// Export the audit, with the terminal handed over where a key is asked for.
    Export(ExportWanted),
    /// List the audits on this machine.
    Audits,
    /// Go on with another audit.
    Switch(String),
    /// Remember that the first-run hints are at this step.
    Hinted(usize),
    /// Switch the mouse on or off.
    Mouse(bool),
    /// Go back to the shell until `fg`.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// End.
    Quit,
}
