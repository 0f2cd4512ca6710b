//! What lies over the panes: lists, texts, pages, forms, the search over the repository.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::action::{Act, Context};
use super::carried::Under;
use super::field::Field;
use super::form::Form;
use super::key::Key;
use super::layout;
use super::line::Line;
use super::msg::{AuditRow, Did, Mouse};
use super::past::{Ask, Base, Compare, Version};
use super::peek::Peek;
use super::picker::{Entry, Picker};
use crate::error::Result;
use crate::export::count;
use crate::model::answer::Answer;
use crate::model::event::{EvidenceId, FindingId, Subject};
use crate::model::evidence::{Kind, Query, Reachability, Region, RepoPath, Search};
use crate::model::hash::ObjectId;
use crate::model::mute::Mute;
use crate::model::score::Slot;
use crate::repo::{Hit, Name, display};

/// How many hits of a search over the repository are kept for the eye.
pub const HIT_LIMIT: usize = 5_000;

/// On fewer rows there is room for hits alone.
const PEEKED: u16 = 12;

/// What a row of a list stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An action.
    Act(Act),
    /// A file.
    Path(RepoPath),
    /// What evidence can back; nothing is the inbox.
    Subjects(Vec<Subject>),
    /// An item in these slots.
    Slots(Vec<Slot>),
    /// A piece of evidence.
    Piece(EvidenceId),
    /// A finding; `None` is a new one.
    Finding(Option<FindingId>),
    /// A fact.
    Fact(String),
    /// A fact's value.
    FactValue(String),
    /// An audit.
    Audit(String),
    /// What something is compared with.
    Base(Base),
    /// What can be muted, or is.
    Mute(Mute),
    /// A hit in a list of them.
    Hit(usize),
    /// A line of the open file, from 0.
    Line(usize),
}

/// New evidence that waits for what it backs.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// The evidence.
    pub kinds: Vec<Kind>,
    /// How reachable the code is that it shows.
    pub reachability: Reachability,
    /// What it shows, in the auditor's words.
    pub shows: Option<String>,
}

/// Why a row is picked.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// To run an action.
    Palette,
    /// To open a file.
    Files,
    /// To go to a line of this file; the outline that was asked for.
    Outline(RepoPath, u64),
    /// To attach new evidence.
    Attach(Box<Take>),
    /// To add a region to a piece.
    Extend(Box<Region>),
    /// To attach pieces that are there to these.
    Reuse(Vec<Subject>),
    /// To answer them not applicable.
    Batch,
    /// To look at a piece.
    Pieces,
    /// To edit a finding.
    Findings,
    /// To state a fact.
    Facts,
    /// To state this fact's value.
    FactValues(Vec<Slot>),
    /// To go on with an audit.
    Audits,
    /// To compare this commit with it: a file there, else all files.
    Against(ObjectId, Option<RepoPath>),
    /// To mute it.
    Mute,
    /// To list again what is muted.
    Unmute,
    /// To go through these hits of leads.
    LeadFiles(Vec<Hit>),
    /// To be the evidence of the finding in the form below.
    FindingEvidence,
}

/// What a text is written for.
#[derive(Debug, Clone, PartialEq)]
pub enum Writing {
    /// The reason of an answer, which is given with it.
    Answer(Vec<Slot>, Answer),
    /// The reason of a fact's value, which is stated with it.
    Fact(Vec<Slot>, String),
    /// A note; no slot is the audit as a whole.
    Note(Vec<Option<Slot>>),
    /// A line's number.
    GoLine,
    /// A pattern for this file; the line and the first line on the screen before.
    Find(usize, usize),
    /// A mode's name.
    Mode,
    /// Why a piece is redacted.
    Redact(EvidenceId),
    /// Why a finding is withdrawn.
    Withdraw(FindingId),
    /// Why this is muted.
    Mute(Mute),
    /// What the evidence in the list below shows.
    Shows,
}

/// A text being written.
#[derive(Debug, Clone)]
pub struct Text {
    /// What is asked.
    pub title: String,
    /// How to answer.
    pub hint: String,
    /// The text.
    pub field: Field,
    /// What it is for.
    pub writing: Writing,
    /// What stood there first.
    pub before: String,
    /// Closing it was asked for once, and would lose what was written.
    pub warned: bool,
}

/// What is said before something written is thrown away.
pub const UNSAVED: &str = "Not saved yet: Esc again throws it away.";

impl Text {
    /// Returns how to answer, or what is about to be lost.
    pub fn hint(&self) -> &str {
        if self.warned { UNSAVED } else { &self.hint }
    }

    /// Tells whether something was written that would be missed: a reason or a note, not a word that is quickly typed again.
    pub fn is_changed(&self) -> bool {
        !self.field.one_line && self.field.text() != self.before
    }
}

/// Where a row of a page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Go {
    /// To an item or fact; with its mode, if it has one.
    Slot(Slot),
    /// To a finding.
    Finding(FindingId),
    /// To a piece of evidence.
    Piece(EvidenceId),
    /// To a line (from 0) of a file.
    Place(RepoPath, usize),
    /// To a folder in the tree.
    Folder(RepoPath),
    /// To the answer of a question about the past.
    Ask(Box<Ask>),
}

/// A page to read.
#[derive(Debug, Clone)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// Its lines, and where they lead.
    pub lines: Vec<(Line, Option<Go>)>,
    /// The line under the cursor.
    pub cursor: usize,
    /// The first line on the screen.
    pub top: usize,
    /// It is the review.
    pub review: bool,
    /// It is the map of what was read.
    pub map: bool,
    /// The question whose answers are added to it; 0 for none.
    pub ticket: u64,
    /// It lists what could fool the eye, found by the look with this ticket.
    pub odd: Option<u64>,
    /// What its rows are about, where it lists what was carried.
    pub under: Vec<Option<Under>>,
}

/// The search over the repository.
#[derive(Debug, Clone, Default)]
pub struct RepoSearch {
    /// The pattern.
    pub pattern: Field,
    /// Globs of the files, separated by blanks; one with `!` takes files out.
    pub globs: Field,
    /// The globs have the cursor.
    pub on_globs: bool,
    /// The pattern is plain text.
    pub literal: bool,
    /// Upper and lower case are told apart.
    pub case_sensitive: bool,
    /// A match begins and ends where a word does.
    pub word: bool,
    /// The scope of the standard, by its place, whose globs were taken last.
    pub scope: Option<usize>,
    /// Hits so far.
    pub hits: Vec<Hit>,
    /// How many of them are counted apart.
    pub apart: usize,
    /// The hit under the cursor.
    pub cursor: usize,
    /// The first hit on the screen.
    pub top: usize,
    /// The file of the hit under the cursor.
    pub peek: Peek,
    /// The search that runs, or ran last.
    pub ticket: u64,
    /// What it searches for.
    pub asked: Query,
    /// How it ended; `None` while it runs.
    pub ended: Option<Result<Search, String>>,
}

/// What a form is filled in for.
#[derive(Debug, Clone)]
pub enum Filling {
    /// A finding: its number, unless it is new; its evidence, and what becomes evidence with it.
    Finding {
        /// The finding's number.
        id: Option<FindingId>,
        /// Lines that become evidence with it.
        take: Option<Box<Region>>,
        /// Its evidence.
        evidence: Vec<EvidenceId>,
    },
    /// An export.
    Export,
}

/// Something that lies over the panes.
#[derive(Debug, Clone)]
pub enum Popup {
    /// A list to pick from.
    List(Box<Picker<Value>>, Purpose),
    /// A text to write.
    Text(Box<Text>),
    /// A page to read.
    Page(Page),
    /// The search over the repository.
    Search(Box<RepoSearch>),
    /// A form.
    Form(Box<Form>, Filling),
    /// A file in two versions.
    Compare(Box<Compare>),
    /// A file as it was.
    Version(Box<Version>),
}

impl RepoSearch {
    /// Returns a search that asks for the same as this one did, and has found nothing yet.
    pub fn again(&self) -> RepoSearch {
        RepoSearch {
            pattern: Field::selected(&self.pattern.text()),
            globs: Field::line(&self.globs.text()),
            on_globs: false,
            literal: self.literal,
            case_sensitive: self.case_sensitive,
            word: self.word,
            scope: self.scope,
            hits: Vec::new(),
            apart: 0,
            cursor: 0,
            top: 0,
            peek: Peek::default(),
            ticket: 0,
            asked: Query::default(),
            ended: None,
        }
    }

    /// Returns the name of the scope whose globs stand there as they were taken.
    pub fn scope_of<'a>(&self, scopes: &'a BTreeMap<String, Vec<String>>) -> Option<&'a str> {
        let (name, globs) = scopes.iter().nth(self.scope?)?;
        (globs.join(" ") == self.globs.text()).then_some(name)
    }

    /// Returns what to search for.
    pub fn query(&self) -> Query {
        let mut query = Query {
            pattern: self.pattern.text(),
            literal: self.literal,
            case_sensitive: self.case_sensitive,
            word: self.word,
            ..Query::default()
        };
        query.limit(self.globs.text().split_whitespace());
        query
    }

    /// Begins anew under a ticket.
    pub fn begin(&mut self, ticket: u64) {
        self.ticket = ticket;
        self.asked = self.query();
        self.peek.turn_again();
        self.hits.clear();
        self.apart = 0;
        self.cursor = 0;
        self.top = 0;
        self.ended = None;
    }

    /// Returns how many hits there are, as far as that is known, for the title; nothing where the search cannot be run.
    pub fn counted(&self) -> String {
        let listed = (self.hits.len() - self.apart) as u64;
        match &self.ended {
            Some(Err(_)) => String::new(),
            Some(Ok(found)) if found.hits > listed => format!("{listed} of {} hits", found.hits),
            _ => count(listed, "hit", "hits"),
        }
    }

    /// Takes hits, unless they are an older search's.
    pub fn take(&mut self, ticket: u64, hits: Vec<Hit>) {
        if ticket == self.ticket {
            // As many may come of those that are counted apart.
            let room = (2 * HIT_LIMIT).saturating_sub(self.hits.len());
            let known = self.hits.len();
            self.hits.extend(hits.into_iter().take(room));
            self.apart += self.hits[known..].iter().filter(|hit| hit.excluded).count();
        }
    }

    /// Takes the end, unless it is an older search's.
    pub fn end(&mut self, ticket: u64, result: Result<Search>) {
        if ticket == self.ticket {
            self.ended = Some(result.map_err(|error| display::line(&error.message).into_owned()));
        }
    }
}

impl Page {
    /// Returns a page at its first line.
    pub fn new(title: impl Into<String>, lines: Vec<(Line, Option<Go>)>) -> Page {
        Page {
            title: title.into(),
            lines,
            cursor: 0,
            top: 0,
            review: false,
            map: false,
            ticket: 0,
            odd: None,
            under: Vec::new(),
        }
    }

    /// Moves the cursor by some lines.
    pub fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.lines.len().saturating_sub(1));
    }
}

impl Popup {
    /// Returns a list to pick from.
    pub fn list(picker: Picker<Value>, purpose: Purpose) -> Popup {
        Popup::List(Box::new(picker), purpose)
    }

    /// Returns the context of its keys.
    pub fn context(&self) -> Context {
        match self {
            Popup::List(..) => Context::List,
            Popup::Text(_) => Context::Text,
            Popup::Page(page) if page.review => Context::Review,
            Popup::Page(page) if !page.under.is_empty() => Context::Carried,
            Popup::Page(_) => Context::Page,
            Popup::Search(_) => Context::Search,
            Popup::Form(..) => Context::Form,
            Popup::Compare(_) => Context::Compare,
            Popup::Version(_) => Context::Version,
        }
    }

    /// Tells whether several rows can be picked.
    pub fn is_multi(&self) -> bool {
        matches!(self, Popup::List(picker, _) if picker.multi)
    }

    /// Tells whether closing it would lose something that was written.
    pub fn is_changed(&self) -> bool {
        match self {
            Popup::Text(text) => text.is_changed(),
            Popup::Form(form, _) => form.changed,
            _ => false,
        }
    }

    /// Hands a key to what is written in it.
    pub fn input(&mut self, key: Key) {
        match self {
            Popup::List(picker, _) => {
                let before = picker.field.text();
                picker.field.input(key);
                if picker.field.text() != before {
                    picker.filter();
                }
            }
            Popup::Text(text) => {
                text.warned = false;
                text.field.input(key);
            }
            Popup::Search(search) => {
                let on_globs = search.on_globs;
                (if on_globs { &mut search.globs } else { &mut search.pattern }).input(key);
            }
            Popup::Form(form, _) => form.input(key),
            Popup::Page(_) | Popup::Compare(_) | Popup::Version(_) => {}
        }
    }

    /// Hands pasted text to what is written in it.
    pub fn paste(&mut self, text: &str) {
        match self {
            Popup::List(picker, _) => {
                picker.field.paste(text);
                picker.filter();
            }
            Popup::Text(one) => {
                one.warned = false;
                one.field.paste(text);
            }
            Popup::Search(search) => {
                let on_globs = search.on_globs;
                (if on_globs { &mut search.globs } else { &mut search.pattern }).paste(text);
            }
            Popup::Form(form, _) => form.paste(text),
            Popup::Page(_) | Popup::Compare(_) | Popup::Version(_) => {}
        }
    }

    /// Returns the popup's area, frame included.
    pub fn area(&self, size: (u16, u16)) -> Rect {
        match self {
            Popup::List(picker, _) => {
                let rows = picker.entries.len().clamp(6, 24) as u16;
                layout::popup(size, 100, rows + 4)
            }
            Popup::Text(text) if text.field.one_line => layout::popup(size, 90, 4),
            Popup::Text(_) => layout::popup(size, 90, 11),
            Popup::Page(page) => {
                layout::popup(size, 112, u16::try_from(page.lines.len()).unwrap_or(u16::MAX).saturating_add(2).max(6))
            }
            Popup::Search(_) => layout::popup(size, 140, 60),
            Popup::Compare(_) | Popup::Version(_) => layout::popup(size, u16::MAX, u16::MAX),
            Popup::Form(_, Filling::Finding { .. }) => layout::popup(size, 104, 60),
            Popup::Form(form, Filling::Export) => layout::popup(size, 104, form.fields.len() as u16 + 4),
        }
    }

    /// Returns the rows of its list or page, inside its frame: a list has the typed letters above and its keys below, the
    /// search four lines above and a file below.
    pub fn rows(&self, area: Rect) -> Rect {
        let (above, below) = match self {
            Popup::List(..) => (1, 1),
            Popup::Search(_) => (4, self.peek(area).map_or(0, |peek| peek.height + 1)),
            _ => (0, 0),
        };
        let height = area.height.saturating_sub(2 + above + below);
        Rect::new(area.x + 1, area.y + 1 + above, area.width.saturating_sub(2), height)
    }

    /// Returns where the search shows a hit's file, below the hits and a line with its name; on a low screen nowhere.
    pub fn peek(&self, area: Rect) -> Option<Rect> {
        let height = area.height.saturating_sub(6);
        if !matches!(self, Popup::Search(_)) || height < PEEKED {
            return None;
        }
        let peek = height - 1 - height * 2 / 5;
        let y = area.bottom().saturating_sub(1 + peek);
        Some(Rect::new(area.x + 1, y, area.width.saturating_sub(2), peek))
    }

    /// Keeps the cursor on the screen.
    pub fn follow(&mut self, size: (u16, u16)) {
        let height = usize::from(self.rows(self.area(size)).height);
        match self {
            Popup::List(picker, _) => picker.follow(height),
            Popup::Page(page) => page.top = layout::follow(page.top, page.cursor, height, page.lines.len()),
            Popup::Search(search) => search.top = layout::follow(search.top, search.cursor, height, search.hits.len()),
            Popup::Compare(compare) => {
                let rows = compare.rows(size).len();
                compare.cursor = compare.cursor.min(rows.saturating_sub(1));
                compare.top = layout::follow(compare.top, compare.cursor, height, rows);
            }
            Popup::Version(version) => {
                let doc = &mut version.doc;
                doc.top = layout::follow(doc.top, doc.cursor, height, doc.text.lines());
            }
            Popup::Text(_) | Popup::Form(..) => {}
        }
    }

    /// Takes the mouse, and returns the row that was clicked. Where several rows can be picked a click marks.
    pub fn mouse(&mut self, size: (u16, u16), area: Rect, mouse: Mouse) -> Option<usize> {
        let rows = self.rows(area);
        let inside = rows.contains(ratatui::layout::Position { x: mouse.column, y: mouse.row });
        let by = match mouse.did {
            Did::WheelUp => -3,
            Did::WheelDown => 3,
            Did::Press if inside => 0,
            _ => return None,
        };
        let at = usize::from(mouse.row.saturating_sub(rows.y));
        let (cursor, top, count) = match self {
            Popup::List(picker, _) => (&mut picker.cursor, picker.top, picker.shown.len()),
            Popup::Page(page) => (&mut page.cursor, page.top, page.lines.len()),
            Popup::Search(search) => (&mut search.cursor, search.top, search.hits.len()),
            Popup::Compare(compare) => {
                let rows = compare.rows(size).len();
                (&mut compare.cursor, compare.top, rows)
            }
            Popup::Version(version) => {
                let lines = version.doc.text.lines();
                (&mut version.doc.cursor, version.doc.top, lines)
            }
            Popup::Text(_) | Popup::Form(..) => return None,
        };
        let last = count.saturating_sub(1);
        if by != 0 {
            *cursor = cursor.saturating_add_signed(by).min(last);
            return None;
        }
        if top + at >= count {
            return None;
        }
        *cursor = top + at;
        match self {
            // The row that was clicked is about to be another one.
            Popup::List(picker, _) if picker.is_stale() => None,
            Popup::List(picker, _) if picker.multi => {
                picker.mark();
                None
            }
            _ => Some(top + at),
        }
    }
}

/// Returns the list of audits on this machine.
pub fn audits(rows: Vec<AuditRow>) -> Popup {
    let entries = rows.into_iter().map(|row| Entry {
        value: Value::Audit(row.name.clone()),
        label: display::line(&row.name).into_owned(),
        detail: row.detail,
    });
    Popup::list(Picker::new("Audits on this machine", entries.collect(), false), Purpose::Audits)
}

/// Returns the list of what a commit can be compared with.
pub fn against(new: ObjectId, path: Option<RepoPath>, names: &[Name], pinned: &[String]) -> Popup {
    let parent = Entry { value: Value::Base(Base::Parent), label: "parent".to_owned(), detail: String::new() };
    let named = names.iter().map(|name| Entry {
        value: Value::Base(Base::Commit(name.commit)),
        label: display::line(&name.name).into_owned(),
        detail: {
            let here = if name.commit == new || pinned.contains(&name.name) { ", this commit" } else { "" };
            format!("{} {}{here}", name.kind, name.commit.short())
        },
    });
    let entries = std::iter::once(parent).chain(named).collect();
    let what = path.as_ref().map_or("all files".to_owned(), |path| display::bytes(&path.0));
    let title = format!("Compare {what} with a tag, a branch, or a typed hash");
    Popup::list(Picker::new(title, entries, false), Purpose::Against(new, path))
}
