//! The past of the code: who brought each line, older versions, what changed between two commits.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::doc::Doc;
use super::line::{Line, Tone, wrap};
use super::picker::Picker;
use super::popup::{Go, Page, Popup, Value};
use super::text::Text;
use super::{App, Pane};
use crate::error::Result;
use crate::export::count;
use crate::model::evidence::RepoPath;
use crate::model::hash::{Hex, ObjectId};
use crate::repo::{
    Blamer, Change, Changed, Changes, CommitInfo, Comparison, Containing, DiffRow, Hunk, Names, Side, Touched,
    TouchedEnd, display,
};

/// Columns of a pane from which on the blame column has dates, and from which on it has authors.
const DATES: u16 = 50;
const AUTHORS: u16 = 80;
/// Columns of an author's name.
pub const AUTHOR: usize = 12;

/// What a file or a tree is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The newer commit's first parent.
    Parent,
    /// A commit.
    Commit(ObjectId),
    /// A commit as it was typed.
    Named(String),
}

/// A line of a file in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The commit.
    pub commit: ObjectId,
    /// The file there.
    pub path: RepoPath,
    /// The line, from 0.
    pub line: usize,
}

/// What is asked about the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Who brought each line of a file; these lines first.
    Blame {
        /// The commit.
        commit: ObjectId,
        /// The file there.
        path: RepoPath,
        /// What is on the screen.
        first: Range<usize>,
    },
    /// The commit that brought a line.
    Origin(Spot),
    /// A commit.
    Commit(ObjectId),
    /// The file before the commit that brought a line.
    Before(Spot),
    /// A file in a commit.
    Version(Spot),
    /// The commits that changed a file.
    History {
        /// The commit to begin with.
        commit: ObjectId,
        /// The file there.
        path: RepoPath,
        /// Only what changed these lines, from 0.
        lines: Option<Range<usize>>,
    },
    /// What changed between two commits.
    Compare {
        /// The older one.
        base: Base,
        /// The newer one.
        new: ObjectId,
        /// One file, else all; with the path that it had before, if that is another.
        path: Option<(RepoPath, RepoPath)>,
    },
    /// The names that something can be compared with, for this file or for all.
    Names(ObjectId, Option<RepoPath>),
    /// The tags that contain a commit.
    Tags(ObjectId),
}

/// What is told about the past. Parts come before the whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Some lines' origin.
    Hunks(Vec<Hunk>),
    /// All lines' origin was told.
    Blamed(Result<Blamer>),
    /// A newer question took its place.
    Dropped,
    /// A commit, and what it changed.
    Commit(Result<(CommitInfo, Changes)>),
    /// A file in a commit.
    Version(Result<(Side, Spot)>),
    /// Some commits that changed the file.
    Touched(Vec<Touched>),
    /// All commits that changed the file were told.
    TouchedAll(Result<TouchedEnd>),
    /// What changed in all files.
    Changes(Result<(Option<ObjectId>, ObjectId, Changes)>),
    /// What changed in a file.
    Compared(Result<(Option<ObjectId>, ObjectId, Comparison)>),
    /// The names that something can be compared with.
    Names(ObjectId, Option<RepoPath>, Result<Names>),
    /// The tags that contain a commit.
    Tags(ObjectId, Result<Containing>),
}

/// Who brought the lines of a file.
#[derive(Debug, Clone)]
pub struct Blame {
    /// The commit whose file it is.
    pub commit: ObjectId,
    /// The file.
    pub path: RepoPath,
    /// What is known.
    pub hunks: Vec<Hunk>,
    /// For each line the hunk's place, from 1; 0 where it is not known yet.
    of: Vec<u32>,
    /// How it ended; none while it runs.
    pub ended: Option<Result<Blamer, String>>,
    /// The question.
    pub ticket: u64,
}

impl Blame {
    fn new(commit: ObjectId, text: &Text, ticket: u64) -> Blame {
        let of = vec![0; text.lines()];
        Blame { commit, path: text.path.clone(), hunks: Vec::new(), of, ended: None, ticket }
    }

    /// Returns what is known of a line.
    pub fn hunk(&self, line: usize) -> Option<&Hunk> {
        let at = (*self.of.get(line)? as usize).checked_sub(1)?;
        self.hunks.get(at)
    }

    /// Returns who attributes the lines, once it is known.
    pub fn blamer(&self) -> Option<Blamer> {
        self.ended.as_ref().and_then(|ended| ended.as_ref().ok().copied())
    }

    /// Tells whether it is another file's, or was not asked to its end.
    fn is_other(&self, doc: &Doc) -> bool {
        self.ticket == 0 || self.path != doc.text.path
    }

    fn take(&mut self, hunks: Vec<Hunk>) {
        for hunk in hunks {
            let end = hunk.lines.end.min(self.of.len());
            let lines = hunk.lines.start.min(end)..end;
            self.hunks.push(hunk);
            let at = u32::try_from(self.hunks.len()).unwrap_or(0);
            self.of[lines].fill(at);
        }
    }

    fn end(&mut self, result: Result<Blamer>) {
        if result.is_err() {
            // What was told before it went wrong is not to be trusted either.
            self.hunks.clear();
            self.of.fill(0);
        }
        self.ended = Some(result.map_err(|error| display::line(&error.message).into_owned()));
    }
}

/// Returns how many columns of a pane the origin of its lines takes.
pub fn column(width: u16) -> u16 {
    match width {
        0..DATES => 8,
        DATES..AUTHORS => 19,
        _ => 20 + AUTHOR as u16,
    }
}

/// A file as it was in an older commit.
#[derive(Debug, Clone)]
pub struct Version {
    /// The commit.
    pub commit: ObjectId,
    /// The file.
    pub doc: Doc,
    /// Who brought its lines.
    pub blame: Blame,
}

/// A file in two versions, side by side or one below the other.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The older commit.
    pub old_commit: Option<ObjectId>,
    /// The newer commit.
    pub new_commit: ObjectId,
    /// The older file; empty where there was none.
    pub old: Text,
    /// The newer file; empty where there is none.
    pub new: Text,
    /// Lines added and removed.
    pub lines: (usize, usize),
    /// Rows side by side, and one below the other.
    rows: [Vec<DiffRow>; 2],
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
    /// Columns scrolled to the right.
    pub left: usize,
}

impl Compare {
    fn new(old_commit: Option<ObjectId>, new_commit: ObjectId, comparison: &Comparison) -> Compare {
        let side = |side: &Option<Side>| match side {
            Some(side) => Text::new(side.path.clone(), side.blob, side.bytes.clone()),
            None => Text::new("".into(), Hex([0; 20]), [].into()),
        };
        let (old, new) = (side(&comparison.old), side(&comparison.new));
        let rows = [true, false].map(|wide| comparison.rows(wide));
        let mut made =
            Compare { old_commit, new_commit, old, new, lines: comparison.lines(), rows, cursor: 0, top: 0, left: 0 };
        made.cursor = made.rows[0].iter().position(|row| row.changed).unwrap_or(0);
        made.reveal((super::layout::WIDE, 0));
        made
    }

    /// Returns the rows as a screen of this size has them.
    pub fn rows(&self, size: (u16, u16)) -> &[DiffRow] {
        &self.rows[usize::from(size.0 < super::layout::WIDE)]
    }

    /// Returns the path that it is about.
    pub fn path(&self) -> &RepoPath {
        if self.new.path.0.is_empty() { &self.old.path } else { &self.new.path }
    }

    /// Moves the cursor by some rows.
    pub fn step(&mut self, by: isize, size: (u16, u16)) {
        let last = self.rows(size).len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
    }

    /// Goes to the first row of the next change, or of the one before; tells whether there is one.
    pub fn go_to_change(&mut self, forward: bool, size: (u16, u16)) -> bool {
        let rows = self.rows(size);
        let starts = |at: &usize| rows[*at].changed && (*at == 0 || !rows[*at - 1].changed || rows[*at].gap);
        let to = if forward {
            (self.cursor + 1..rows.len()).find(starts)
        } else {
            (0..self.cursor.min(rows.len())).rev().find(starts)
        };
        self.cursor = to.unwrap_or(self.cursor);
        self.reveal(size);
        to.is_some()
    }

    /// Goes to the row of a newer line (from 0), or to the next one that is there.
    pub fn go_to_line(&mut self, line: usize, size: (u16, u16)) {
        let there = self.rows(size).iter().position(|row| row.new.is_some_and(|new| new >= line));
        self.cursor = there.unwrap_or(self.cursor);
        self.reveal(size);
    }

    /// Scrolls sideways so that the first letters that differ on the current row are on the screen.
    fn reveal(&mut self, size: (u16, u16)) {
        let Some(row) = self.rows[0].iter().find(|row| row.changed && self.is_current(row, size)) else { return };
        let (Some(old), Some(new)) = (row.old, row.new) else {
            self.left = 0;
            return;
        };
        let (old, new) = (self.old.line(old), self.new.line(new));
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let same = display::boundary(new, same);
        let long = new.len().max(old.len()) > super::text::LONG_LINE;
        let column = if long { same } else { display::block_bytes(&new[..same]).width() };
        // Half of the screen, without frames and numbers.
        let room = usize::from(size.0) / if size.0 < super::layout::WIDE { 1 } else { 2 };
        let room = room.saturating_sub(24).max(8);
        self.left = if column < room { 0 } else { column.saturating_sub(room / 3) };
    }

    fn is_current(&self, row: &DiffRow, size: (u16, u16)) -> bool {
        let current = self.rows(size).get(self.cursor);
        current.is_some_and(|current| {
            (current.new.is_some() && current.new == row.new) || (current.old.is_some() && current.old == row.old)
        })
    }
}

impl App {
    /// Asks about the past; the page or window comes with the answer.
    pub(super) fn ask(&mut self, ask: Ask) {
        let ticket = self.ticket();
        self.asked = ticket;
        self.asked_over = self.popups.len();
        self.effects.push(super::msg::Effect::Ask { ticket, ask: Box::new(ask) });
    }

    /// Returns the line that the reader is at, in the commit whose file it is, and the selected lines.
    fn spot(&self) -> Option<(Spot, Option<Range<usize>>)> {
        let (commit, doc) = match self.popups.last() {
            Some(Popup::Version(version)) => (version.commit, &version.doc),
            _ => (self.audit.now.opened.pin.commit, self.doc.as_ref()?),
        };
        let lines = doc.selection().map(|(first, last)| first..last + 1);
        Some((Spot { commit, path: doc.text.path.clone(), line: doc.cursor }, lines))
    }

    /// Does something with the line that the reader is at.
    fn about_spot(&mut self, make: impl FnOnce(Spot, Option<Range<usize>>) -> Ask) {
        if self.popups.is_empty() && self.is_loading() {
            return;
        }
        match self.spot() {
            Some((spot, lines)) => self.ask(make(spot, lines)),
            None => self.warn("No file is open."),
        }
    }

    /// Shows or hides who brought each line.
    pub(super) fn toggle_blame(&mut self) {
        self.blames = !self.blames;
        self.blame = None;
        if self.blames && self.doc.is_none() {
            self.blames = false;
            self.warn("No file is open.");
        }
    }

    pub(super) fn origin(&mut self) {
        self.about_spot(|spot, _| Ask::Origin(spot));
    }

    pub(super) fn before(&mut self) {
        self.about_spot(|spot, _| Ask::Before(spot));
    }

    pub(super) fn history(&mut self) {
        self.about_spot(|spot, lines| Ask::History { commit: spot.commit, path: spot.path, lines });
    }

    pub(super) fn compare(&mut self) {
        self.about_spot(|spot, _| Ask::Names(spot.commit, Some(spot.path)));
    }

    pub(super) fn compare_all(&mut self) {
        self.ask(Ask::Names(self.audit.now.opened.pin.commit, None));
    }

    pub(super) fn tags(&mut self) {
        self.ask(Ask::Tags(self.audit.now.opened.pin.commit));
    }

    pub(super) fn walk_changes(&mut self, forward: bool) {
        let size = self.size;
        if let Some(Popup::Compare(compare)) = self.popups.last_mut()
            && !compare.go_to_change(forward, size)
        {
            self.say(if forward { "This is the last change." } else { "This is the first change." });
        }
    }

    /// Selects lines of an older version, so that their history can be asked for.
    pub(super) fn select_in_version(&mut self) {
        if let Some(Popup::Version(version)) = self.popups.last_mut() {
            let doc = &mut version.doc;
            doc.anchor = if doc.anchor.is_some() { None } else { Some(doc.cursor) };
        }
    }

    /// Compares a commit with what was picked, or with the hash that was typed.
    pub(super) fn against(&mut self, picker: &Picker<Value>, new: ObjectId, path: Option<RepoPath>) {
        let typed = picker.field.text().trim().to_owned();
        let is_hash = (4..=40).contains(&typed.len()) && typed.bytes().all(|byte| byte.is_ascii_hexdigit());
        let base = match picker.picked().first() {
            Some(Value::Base(base)) if !is_hash => base.clone(),
            _ if typed.is_empty() => return,
            _ => Base::Named(typed),
        };
        self.ask(Ask::Compare { base, new, path: path.map(|path| (path.clone(), path)) });
    }

    /// Shows the line under the cursor of a comparison in the file at the pin, where it is that file.
    pub(super) fn leave_comparison(&mut self) {
        let Some(Popup::Compare(compare)) = self.popups.last() else { return };
        let row = compare.rows(self.size).get(compare.cursor).copied();
        let path = compare.new.path.clone();
        let at_pin = compare.new_commit == self.audit.now.opened.pin.commit;
        match row.and_then(|row| row.new) {
            Some(line) if at_pin => {
                self.popups.clear();
                self.visit(&path, line);
                self.pane = Pane::Code;
            }
            _ => self.warn("This line is not in the file at the pin."),
        }
    }

    /// Asks who brought the lines on the screen, where that is wanted and was not asked for.
    pub(super) fn ask_blame(&mut self) {
        let height = self.height(Pane::Code);
        let mut tickets = self.tickets;
        let pin = self.audit.now.opened.pin.commit;
        let mut wanted = |commit: ObjectId, doc: &Doc| {
            tickets += 1;
            let first = doc.top..(doc.top + height).min(doc.text.lines());
            let ask = Ask::Blame { commit, path: doc.text.path.clone(), first };
            (Blame::new(commit, &doc.text, tickets), super::msg::Effect::Ask { ticket: tickets, ask: Box::new(ask) })
        };
        let effect = match self.popups.last_mut() {
            Some(Popup::Version(version)) if version.blame.ticket == 0 => {
                let (blame, effect) = wanted(version.commit, &version.doc);
                version.blame = blame;
                Some(effect)
            }
            Some(Popup::Version(_)) => None,
            _ => match &self.doc {
                Some(doc) if self.blames && self.blame.as_ref().is_none_or(|blame| blame.is_other(doc)) => {
                    let (blame, effect) = wanted(pin, doc);
                    self.blame = Some(blame);
                    Some(effect)
                }
                _ => None,
            },
        };
        self.tickets = tickets;
        self.effects.extend(effect);
    }

    /// Takes what was told about the past.
    pub(super) fn told(&mut self, ticket: u64, told: Told) {
        match told {
            Told::Hunks(_) | Told::Blamed(_) | Told::Dropped => return self.told_blame(ticket, told),
            Told::Touched(list) => return self.told_touched(ticket, list, None),
            Told::TouchedAll(end) => return self.told_touched(ticket, Vec::new(), Some(end)),
            _ if ticket != self.asked => return,
            // Nothing comes up over what somebody writes or reads by now.
            _ if self.popups.len() != self.asked_over => return self.came_late(),
            _ => {}
        }
        let done = match told {
            Told::Commit(result) => result.map(|(info, changes)| {
                let page = commit_page(self, &info, &changes);
                self.popups.push(Popup::Page(page));
            }),
            Told::Version(result) => result.map(|(side, spot)| {
                let mut doc = Doc::new(Text::new(side.path, side.blob, side.bytes), spot.line);
                doc.jump(spot.line, usize::from(self.size.1) / 2);
                let blame = Blame::new(spot.commit, &doc.text, 0);
                // The one before is a step further from the pin; closing this one leads back to it.
                self.popups.push(Popup::Version(Box::new(Version { commit: spot.commit, doc, blame })));
            }),
            Told::Changes(result) => result.map(|(old, new, changes)| {
                let page = changes_page(self, old, new, &changes);
                self.popups.push(Popup::Page(page));
            }),
            Told::Compared(result) => result.map(|(old, new, comparison)| {
                let mut compare = Compare::new(old, new, &comparison);
                if let Some(line) = self.carried_line() {
                    compare.go_to_line(line, self.size);
                }
                self.popups.push(Popup::Compare(Box::new(compare)));
            }),
            Told::Names(new, path, names) => names.map(|found| {
                self.popups.push(super::popup::against(new, path, &found.names, &self.audit.now.opened.pin.tags));
                if let Some(doubt) = found.doubts.first() {
                    self.warn(doubt);
                }
            }),
            Told::Tags(commit, containing) => containing.map(|containing| {
                let page = tags_page(self, commit, &containing);
                self.popups.push(Popup::Page(page));
            }),
            Told::Hunks(_) | Told::Blamed(_) | Told::Dropped | Told::Touched(_) | Told::TouchedAll(_) => Ok(()),
        };
        if let Err(error) = done {
            self.fail(&error);
        }
    }

    fn came_late(&mut self) {
        self.warn("What was asked about the past is there, but something else was opened; ask again.");
    }

    fn told_blame(&mut self, ticket: u64, told: Told) {
        let versions = self.popups.iter_mut().filter_map(|popup| match popup {
            Popup::Version(version) => Some(&mut version.blame),
            _ => None,
        });
        let Some(blame) = self.blame.iter_mut().chain(versions).find(|blame| blame.ticket == ticket) else { return };
        match told {
            Told::Hunks(hunks) => blame.take(hunks),
            Told::Blamed(result) => {
                let failed = result.as_ref().err().cloned();
                blame.end(result);
                if let Some(error) = failed {
                    self.fail(&error);
                }
            }
            // It is asked for again when its file is on the screen again.
            _ => blame.ticket = 0,
        }
    }

    fn told_touched(&mut self, ticket: u64, list: Vec<Touched>, end: Option<Result<TouchedEnd>>) {
        let width = super::pages::width(self);
        let open = self.popups.iter_mut().find_map(|popup| match popup {
            Popup::Page(page) if page.ticket == ticket => Some(page),
            _ => None,
        });
        let page = match open {
            Some(page) => page,
            // A page that was closed does not come back.
            None if ticket == self.asked && ticket != self.paged => {
                self.paged = ticket;
                if self.popups.len() != self.asked_over {
                    return self.came_late();
                }
                if let Some(Err(error)) = &end {
                    let error = error.clone();
                    return self.fail(&error);
                }
                let mut page = Page::new("Commits that changed it", Vec::new());
                page.ticket = ticket;
                self.popups.push(Popup::Page(page));
                match self.popups.last_mut() {
                    Some(Popup::Page(page)) => page,
                    _ => return,
                }
            }
            None => return,
        };
        page.lines.extend(list.iter().map(touched_row));
        if let Some(end) = end {
            let said = match end {
                Ok(end) => {
                    page.title = format!("{} changed it", count(page.lines.len(), "commit", "commits"));
                    end.doubt
                }
                Err(error) => Some(display::line(&error.message).into_owned()),
            };
            for line in said.iter().flat_map(|said| wrap(said, width, 0)) {
                page.lines.push((Line::of(Tone::Warning, line), None));
            }
        }
    }
}

/// Returns a commit that changed the file, as a row that leads to what it changed there.
fn touched_row(one: &Touched) -> (Line, Option<Go>) {
    let tone = match one.change {
        Change::Added => Tone::Good,
        Change::Removed => Tone::Warning,
        Change::Modified | Change::Renamed => Tone::Plain,
    };
    let commit = &one.commit;
    let at = one.lines.as_ref().map(|lines| format!(" :{}-{}", lines.start + 1, lines.end)).unwrap_or_default();
    let was = one.was.as_ref().map(|was| format!("  from {}", display::bytes(&was.0))).unwrap_or_default();
    let line = Line::of(tone, format!("{} ", one.change.letter()))
        .and(Tone::Key, format!("{} ", commit.id.short()))
        .and(Tone::Dim, format!("{} {}{at}  ", commit.date(), commit.author.name))
        .and(Tone::Plain, format!("{}{was}", commit.summary));
    let was = one.was.clone().unwrap_or_else(|| one.path.clone());
    let ask = Ask::Compare { base: Base::Parent, new: commit.id, path: Some((one.path.clone(), was)) };
    (line, Some(Go::Ask(Box::new(ask))))
}

type Lines = Vec<(Line, Option<Go>)>;

fn wrapped(app: &App, lines: &mut Lines, tone: Tone, text: &str) {
    let width = super::pages::width(app);
    lines.extend(wrap(text, width, 0).into_iter().map(|line| (Line::of(tone, line), None)));
}

/// Returns a commit with what it changed.
fn commit_page(app: &App, info: &CommitInfo, changes: &Changes) -> Page {
    let mut lines: Lines = Vec::new();
    let who = |person: &crate::repo::Person| {
        let at = person.at.map_or("no date".to_owned(), |at| at.to_string());
        format!("{} <{}>  {at}", person.name, person.email)
    };
    wrapped(app, &mut lines, Tone::Key, &info.id.to_string());
    wrapped(app, &mut lines, Tone::Plain, &format!("author    {}", who(&info.author)));
    if info.committer != info.author {
        wrapped(app, &mut lines, Tone::Plain, &format!("committer {}", who(&info.committer)));
    }
    wrapped(app, &mut lines, Tone::Dim, "Names and dates are what the commit says of itself.");
    if info.edge {
        wrapped(app, &mut lines, Tone::Warning, "This clone is shallow: what came before was not fetched.");
    }
    lines.push((Line::default(), None));
    wrapped(app, &mut lines, Tone::Strong, &info.summary);
    let body = info.message.split_once('\n').map(|(_, body)| body.trim_matches('\n')).unwrap_or_default();
    let width = super::pages::width(app);
    for line in body.lines() {
        // Its own lines are kept where they fit.
        if line.width() <= width {
            lines.push((Line::plain(line), None));
        } else {
            wrapped(app, &mut lines, Tone::Plain, line);
        }
    }
    lines.push((Line::default(), None));
    for (at, parent) in info.parents.iter().enumerate() {
        let line = Line::of(Tone::Dim, format!("parent {} ", at + 1)).and(Tone::Key, parent.short());
        lines.push((line, Some(Go::Ask(Box::new(Ask::Commit(*parent))))));
    }
    changed_rows(app, &mut lines, info.parents.first().copied(), info.id, changes);
    Page::new(format!("Commit {}", info.id.short()), lines)
}

fn changes_page(app: &App, old: Option<ObjectId>, new: ObjectId, changes: &Changes) -> Page {
    let mut lines: Lines = Vec::new();
    changed_rows(app, &mut lines, old, new, changes);
    let old = old.map_or("nothing".to_owned(), |old| old.short());
    Page::new(format!("{old} → {}", new.short()), lines)
}

fn changed_rows(app: &App, lines: &mut Lines, old: Option<ObjectId>, new: ObjectId, changes: &Changes) {
    let (plus, minus) =
        changes.changed.iter().filter_map(|one| one.lines).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let head = format!("{} changed, +{plus} -{minus}", count(changes.changed.len(), "file", "files"));
    lines.push((Line::of(Tone::Strong, head), None));
    for one in &changes.changed {
        lines.push(changed_row(one, old, new));
    }
    if let Some(cut) = &changes.cut {
        wrapped(app, lines, Tone::Warning, cut);
    }
}

fn changed_row(one: &Changed, old: Option<ObjectId>, new: ObjectId) -> (Line, Option<Go>) {
    let path = display::bytes(&one.path.0);
    let was = one.was.as_ref().map(|was| format!("  from {}", display::bytes(&was.0))).unwrap_or_default();
    let mut line = Line::of(Tone::Strong, format!("{} ", one.change.letter()));
    line = match one.lines {
        Some((plus, minus)) => line
            .and(Tone::Good, format!("{:>7}", format!("+{plus}")))
            .and(Tone::Warning, format!("{:>7}", format!("-{minus}"))),
        None => line.and(Tone::Dim, format!("{:>14}", one.note)),
    };
    line = line.and(Tone::Plain, format!("  {path}{was}"));
    let was = one.was.clone().unwrap_or_else(|| one.path.clone());
    let base = old.map_or(Base::Parent, Base::Commit);
    let ask = Ask::Compare { base, new, path: Some((one.path.clone(), was)) };
    let compares = one.lines.is_some() || one.note == "not counted";
    (line, compares.then(|| Go::Ask(Box::new(ask))))
}

fn tags_page(app: &App, commit: ObjectId, containing: &Containing) -> Page {
    let mut lines: Lines = Vec::new();
    for tag in &containing.tags {
        lines.push((Line::plain(tag.clone()), None));
    }
    for doubt in &containing.doubts {
        wrapped(app, &mut lines, Tone::Warning, doubt);
    }
    if lines.is_empty() {
        lines.push((Line::plain("No tag contains it."), None));
    }
    let verb = if containing.tags.len() == 1 { "contains" } else { "contain" };
    let title = format!("{} that {verb} {}", count(containing.tags.len(), "tag", "tags"), commit.short());
    Page::new(title, lines)
}
