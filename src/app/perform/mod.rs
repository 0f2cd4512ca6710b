//! What each action does: the dispatch, moving about, undo and redo. The rest is done by
//!
//! | file | what it does |
//! |---|---|
//! | `leads` | mute leads, list what is muted, and the files that leads point at |
//! | `search` | search in the file and the repository, walk through hits and leads |
//! | `hits` | what is done with the hits of the search over the repository |
//! | `evidence` | take, attach, reuse, extend, detach and redact evidence |
//! | `outline` | the outline of a file |
//! | `answers` | answers, reasons, notes, facts, modes, the next open item |
//! | `coverage` | mark lines, files and folders as reviewed |
//! | `record` | findings, review, export |
//! | `accept` | what follows when a list, a text, a form or a page is accepted or closed |

mod accept;
mod answers;
mod coverage;
mod evidence;
mod hits;
mod leads;
mod outline;
mod record;
mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::{ACTIONS, Act, Action, Context};
use super::checklist::Row;
use super::field::Field;
use super::item::{self, Target};
use super::key;
use super::line::{Line, Tone};
use super::msg::Effect;
use super::picker::{Entry, Picker};
use super::popup::{Filling, Popup, Purpose, Text, Value, Writing};
use super::{App, Pane, Walk, finding, pages};
use crate::config::ThemeName;
use crate::export::summary;
use crate::model::answer::Answer;
use crate::model::audit::Cited;
use crate::model::event::EvidenceId;
use crate::model::evidence::{Kind, Reachability, RepoPath};
use crate::model::score::Slot;
use crate::repo::display;

/// The steps of the first-run hints, and the action that each waits for.
pub const HINTS: [(Act, &str); 5] = [
    (Act::Down, "Walk the checklist; pane 3 has the item with its question and leads."),
    (Act::FindFile, "Find a file by some letters of its path."),
    (Act::Attach, "Go to the code, select lines, and attach them to items as evidence."),
    (Act::Yes, "Answer the item, in any pane; it shows what each answer would do."),
    (Act::NextOpen, "Go on to the next open item. That is the whole round."),
];

impl App {
    /// Does an action.
    pub(super) fn perform(&mut self, act: Act) {
        self.hinted(act);
        let leaving = std::mem::take(&mut self.leaving);
        if let Some(Popup::List(picker, _)) = self.popups.last_mut()
            && matches!(act, Act::Accept | Act::Toggle | Act::ToggleAll)
            && picker.is_stale()
        {
            // What is done is done to what was typed.
            picker.narrow_now();
        }
        match act {
            Act::Down => self.step(1),
            Act::Up => self.step(-1),
            Act::PageDown => self.step(self.half_page()),
            Act::PageUp => self.step(-self.half_page()),
            Act::Top => self.leap(isize::MIN / 2),
            Act::Bottom => self.leap(isize::MAX / 2),
            Act::Left => self.sideways(false),
            Act::Right => self.sideways(true),
            Act::NextPane => self.pane = turn(self.pane, 1),
            Act::PreviousPane => self.pane = turn(self.pane, 2),
            Act::PaneList => self.pane = Pane::List,
            Act::PaneCode => self.pane = Pane::Code,
            Act::PaneItem => self.pane = Pane::Item,
            Act::Zoom => self.zoom = !self.zoom,
            Act::Open => self.open(),
            Act::Back => {
                self.back();
            }
            Act::Close => {
                if !self.back() {
                    self.effects.push(Effect::Quit);
                }
            }
            Act::Files => {
                self.shows_files = !self.shows_files;
                self.pane = Pane::List;
            }
            Act::FindFile => self.find_file(),
            Act::SearchFile => self.search_file(),
            Act::SearchRepo => self.search_repo(),
            Act::NextHit => self.walk(true),
            Act::PreviousHit => self.walk(false),
            Act::NextLead => self.walk_leads(true),
            Act::PreviousLead => self.walk_leads(false),
            Act::EarlierPlace => self.travel(false),
            Act::LaterPlace => self.travel(true),
            Act::LeadFiles => self.lead_files(),
            Act::Mute => self.mute(),
            Act::Muted => self.muted(),
            Act::ShowMuted => {
                self.shows_muted = !self.shows_muted;
                self.say(if self.shows_muted { "Muted hits are listed too." } else { "Muted hits are put away." });
            }
            Act::Trojans => self.trojans(),
            Act::GoLine => match &self.doc {
                Some(doc) => {
                    let hint = format!("a number from 1 to {}", doc.text.lines());
                    self.write("Go to line", &hint, Field::line(""), Writing::GoLine);
                }
                None => self.warn("No file is open."),
            },
            Act::Outline => self.outline(),
            Act::Editor => match &self.doc {
                Some(doc) => self.effects.push(Effect::Edit { text: doc.text.clone(), line: doc.cursor + 1 }),
                None => self.warn("No file is open."),
            },
            Act::Blame => self.toggle_blame(),
            Act::Origin => self.origin(),
            Act::Before => self.before(),
            Act::History => self.history(),
            Act::Compare => self.compare(),
            Act::CompareAll => self.compare_all(),
            Act::Tags => self.tags(),
            Act::NextChange => self.walk_changes(true),
            Act::PreviousChange => self.walk_changes(false),
            Act::CopyLink => self.copy_link(),
            Act::Select if matches!(self.popups.last(), Some(Popup::Version(_))) => self.select_in_version(),
            Act::Select => match &mut self.doc {
                Some(doc) => {
                    doc.anchor = if doc.anchor.is_some() { None } else { Some(doc.cursor) };
                    self.pane = Pane::Code;
                }
                None => self.warn("No file is open."),
            },
            Act::SelectDown => self.select_by(1),
            Act::SelectUp => self.select_by(-1),
            Act::Attach => {
                if let Some(region) = self.region() {
                    self.attach(vec![Kind::Code { regions: vec![region] }]);
                }
            }
            Act::Extend => self.extend(),
            Act::Reuse => self.reuse(false),
            Act::Inbox => self.reuse(true),
            Act::Zero => self.zero(),
            Act::Zeros => self.zeros(),
            Act::Pieces => self.pieces(),
            Act::Detach => self.detach(),
            Act::Redact => self.redact(),
            Act::Yes => self.answer(Answer::Yes),
            Act::No => self.answer(Answer::No),
            Act::Partial => self.answer(Answer::Partial),
            Act::NotApplicable => self.answer(Answer::NotApplicable),
            Act::CannotTell => self.answer(Answer::Unknown),
            Act::Batch => self.batch(),
            Act::Repeat => self.repeat(),
            Act::Reason => self.reason(),
            Act::Note => self.note(),
            Act::AuditNote => {
                let text = self.audit.now.notes.get(&None).cloned().unwrap_or_default();
                self.write(
                    "Note on the audit",
                    "shown at the head of the report; empty removes it",
                    Field::block(&text),
                    Writing::Note(vec![None]),
                );
            }
            Act::StateFact => self.state_fact(),
            Act::Mode => self.next_mode(),
            Act::DeclareMode => self.write(
                "Declare a mode",
                "a way in which the server ships to be run, such as stdio or http",
                Field::line(""),
                Writing::Mode,
            ),
            Act::NextOpen => self.next_open(true),
            Act::PreviousOpen => self.next_open(false),
            Act::Order => {
                self.checklist.by_file = !self.checklist.by_file;
                self.list();
                self.say(if self.checklist.by_file {
                    "Sorted by the file that items still need."
                } else {
                    "Sorted as the standard has it."
                });
            }
            Act::Sweep => {
                self.checklist.sweep = !self.checklist.sweep;
                self.list_with(None);
                self.say(if self.checklist.sweep {
                    "Only items that are open or without support."
                } else {
                    "All items."
                });
            }
            Act::CarriedList => self.open_carried(),
            Act::Confirm => self.confirm(),
            Act::TakePlace => self.take_place(),
            Act::GoReopened => self.go_to_reopened(),
            Act::Flips => self.popups.push(Popup::Page(pages::flips(self))),
            Act::NewFinding => finding::open(self, None),
            Act::Findings => self.findings(),
            Act::Review => {
                self.popups.push(Popup::Page(pages::review(self, None)));
                self.effects.push(Effect::Review);
                if self.audit.has_coverage() {
                    self.ask_extent();
                }
            }
            Act::Coverage => self.open_map(),
            Act::MarkReviewed => self.mark_reviewed(),
            Act::Export => self.export(),
            Act::Undo => self.undo(),
            Act::Redo => self.redo(),
            Act::Log => self.popups.push(Popup::Page(pages::log(self))),
            Act::Audits => self.effects.push(Effect::Audits),
            Act::Palette => self.palette(),
            Act::Help => self.popups.push(Popup::Page(pages::help(self, self.contexts()[0]))),
            Act::Theme => {
                let all = ThemeName::ALL;
                let at = all.iter().position(|one| *one == self.preferences.theme).unwrap_or(0);
                self.preferences.theme = all[(at + 1) % all.len()];
                self.say(format!("Theme {}; `ui.theme` in config.toml keeps it.", self.preferences.theme));
            }
            Act::Mouse => {
                self.preferences.mouse = !self.preferences.mouse;
                self.effects.push(Effect::Mouse(self.preferences.mouse));
                self.say(if self.preferences.mouse {
                    "The mouse is on."
                } else {
                    "The mouse is off; the terminal selects text again."
                });
            }
            Act::Hints => {
                self.hint = if self.hint.is_some() { None } else { Some(0) };
                self.hinted.clear();
                self.effects.push(Effect::Hinted(self.hint.unwrap_or(HINTS.len())));
            }
            Act::Redraw => self.effects.push(Effect::Redraw),
            Act::Suspend => self.effects.push(Effect::Suspend),
            Act::Quit if !leaving && self.popups.iter().any(Popup::is_changed) => {
                self.leaving = true;
                self.warn("What is written here is not saved yet; the same key again throws it away and quits.");
            }
            Act::Quit => self.effects.push(Effect::Quit),
            Act::ListDown => self.list_by(1),
            Act::ListUp => self.list_by(-1),
            Act::ListPageDown => self.list_by(10),
            Act::ListPageUp => self.list_by(-10),
            Act::Toggle => {
                if let Some(Popup::List(picker, _)) = self.popups.last_mut() {
                    picker.toggle();
                    if !picker.field.text().is_empty() {
                        // The next one is looked for from the start.
                        picker.field.set("");
                        picker.filter();
                    }
                }
            }
            Act::ToggleAll => {
                if let Some(Popup::List(picker, _)) = self.popups.last_mut()
                    && picker.multi
                {
                    picker.toggle_all();
                }
            }
            Act::Reach => {
                if let Some(Popup::List(_, Purpose::Attach(take))) = self.popups.last_mut() {
                    let all = Reachability::ALL;
                    let at = all.iter().position(|one| *one == take.reachability).unwrap_or(0);
                    take.reachability = all[(at + 1) % all.len()];
                }
            }
            Act::Shows => {
                if let Some(Popup::List(_, Purpose::Attach(take))) = self.popups.last() {
                    let text = take.shows.clone().unwrap_or_default();
                    self.write(
                        "What the evidence shows",
                        "in your words; the report prints it",
                        Field::line(&text),
                        Writing::Shows,
                    );
                }
            }
            Act::TakeSearch => self.take_search(),
            Act::TakeHit => self.take_hit(),
            Act::SearchLiteral | Act::SearchCase | Act::SearchWord | Act::SearchScope | Act::SearchField => {
                self.search_otherwise(act);
            }
            Act::NewLine => {
                if let Some(Popup::Text(text)) = self.popups.last_mut() {
                    text.field.new_line();
                }
            }
            Act::NextField | Act::PreviousField => {
                if let Some(Popup::Form(form, _)) = self.popups.last_mut() {
                    form.step(if act == Act::NextField { 1 } else { -1 });
                }
            }
            Act::Pick => self.pick_evidence(),
            Act::Withdraw => {
                self.withdraw();
            }
            Act::Save => self.save(),
            Act::Accept => self.accept(),
            Act::Cancel => self.cancel(),
        }
    }

    /// Goes on with the first-run hints where this is what they wait for.
    fn hinted(&mut self, act: Act) {
        let Some(step) = self.hint else { return };
        let asked = match act {
            Act::Up => Act::Down,
            Act::Files => Act::FindFile,
            Act::No | Act::Partial | Act::NotApplicable | Act::CannotTell => Act::Yes,
            Act::PreviousOpen => Act::NextOpen,
            other => other,
        };
        // What was done before it was asked for is not asked for again.
        self.hinted.extend(HINTS.iter().position(|(act, _)| *act == asked));
        let next = (step..HINTS.len()).find(|step| !self.hinted.contains(step));
        if next != self.hint {
            self.hint = next;
            self.effects.push(Effect::Hinted(next.unwrap_or(HINTS.len())));
        }
    }

    fn half_page(&self) -> isize {
        let height = match self.popups.last() {
            Some(popup) => usize::from(popup.rows(popup.area(self.size)).height),
            None => self.height(self.pane),
        };
        (height / 2).max(1) as isize
    }

    /// Goes to an end of what the cursor is in.
    fn leap(&mut self, by: isize) {
        if self.popups.is_empty() && self.pane == Pane::Code {
            self.leave();
            if let Some(doc) = &mut self.doc {
                doc.left = 0;
            }
        }
        self.step(by);
    }

    fn step(&mut self, by: isize) {
        let size = self.size;
        match self.popups.last_mut() {
            Some(Popup::Page(page)) => return page.step(by),
            Some(Popup::Compare(compare)) => return compare.step(by, size),
            Some(Popup::Version(version)) => {
                let doc = &mut version.doc;
                return doc.go(doc.cursor.saturating_add_signed(by).min(doc.text.lines().saturating_sub(1)));
            }
            _ => {}
        }
        let move_in = |cursor: usize, count: usize| cursor.saturating_add_signed(by).min(count.saturating_sub(1));
        match self.pane {
            Pane::List if self.shows_files => self.tree.cursor = move_in(self.tree.cursor, self.tree.rows.len()),
            Pane::List => self.checklist.cursor = move_in(self.checklist.cursor, self.checklist.rows.len()),
            Pane::Code => {
                if let Some(doc) = &mut self.doc {
                    doc.go(move_in(doc.cursor, doc.text.lines()));
                }
            }
            Pane::Item => {
                let rows = item::rows(self, self.item_width()).len();
                self.item_cursor = move_in(self.item_cursor, rows);
            }
        }
    }

    fn sideways(&mut self, right: bool) {
        const COLUMNS: usize = 8;
        let left = match self.popups.last_mut() {
            Some(Popup::Compare(compare)) => Some(&mut compare.left),
            Some(Popup::Version(version)) => Some(&mut version.doc.left),
            _ => None,
        };
        if let Some(left) = left {
            *left = if right { *left + COLUMNS } else { left.saturating_sub(COLUMNS) };
            return;
        }
        match self.pane {
            Pane::List if self.shows_files => self.tree.fold(&self.files, Some(right)),
            Pane::List => {
                let index = match self.checklist.current() {
                    Some(Row::Dimension(index)) => Some(*index),
                    Some(Row::Item(id)) if !right && !self.checklist.by_file => self
                        .audit
                        .standard
                        .dimensions
                        .iter()
                        .position(|dimension| dimension.items.iter().any(|item| item.id == *id)),
                    _ => None,
                };
                if let Some(index) = index {
                    if right {
                        self.checklist.folded.remove(&index);
                    } else {
                        self.checklist.folded.insert(index);
                        let head = self.checklist.rows.iter().position(|row| *row == Row::Dimension(index));
                        self.checklist.cursor = head.unwrap_or(self.checklist.cursor);
                    }
                    self.list();
                }
            }
            Pane::Code => {
                if let Some(doc) = &mut self.doc {
                    let longest = doc.text.range(doc.cursor).len();
                    doc.left = if right { (doc.left + COLUMNS).min(longest) } else { doc.left.saturating_sub(COLUMNS) };
                }
            }
            Pane::Item => {}
        }
    }

    fn open(&mut self) {
        match self.pane {
            Pane::List if self.shows_files => {
                let Some(row) = self.tree.current().cloned() else { return };
                match row.kind {
                    None => self.tree.fold(&self.files, None),
                    Some(_) => self.open_file(&row.path),
                }
            }
            Pane::List => match self.checklist.current().cloned() {
                Some(Row::Dimension(index)) => {
                    if !self.checklist.folded.remove(&index) {
                        self.checklist.folded.insert(index);
                    }
                    self.list();
                }
                Some(Row::Fact(id)) => self.fact_values(&id),
                Some(Row::Item(_)) => self.pane = Pane::Item,
                Some(Row::File(Some(path))) => self.open_file(&path),
                Some(Row::File(None)) | None => {}
            },
            Pane::Code => self.pane = Pane::Item,
            Pane::Item => {
                let rows = item::rows(self, self.item_width());
                match rows.get(self.item_cursor).map(|row| row.target.clone()) {
                    Some(Target::Place(_, path, line)) => self.visit(&path, line),
                    Some(Target::Piece(id)) => self.show_piece(id),
                    Some(Target::Hit(lead, hit)) => self.show_hit(lead, hit),
                    Some(Target::Lead(lead)) => {
                        let hits = self.listed.files.iter().flat_map(|file| &file.hits);
                        let first = hits.filter(|at| at.lead == lead).map(|at| at.hit).next();
                        self.show_hit(lead, first.unwrap_or(0));
                    }
                    Some(Target::LeadFile(path)) => {
                        let file = self.listed.files.iter().find(|file| file.path == path);
                        match file.and_then(|file| file.hits.first()).copied() {
                            Some(at) => self.show_hit(at.lead, at.hit),
                            None => self.visit(&path, 0),
                        }
                    }
                    Some(Target::Finding(id)) => finding::open(self, Some(id)),
                    Some(Target::Answer(slot)) => {
                        if self.audit.standard.fact(&slot.id).is_some() {
                            self.fact_values(&slot.id);
                        } else {
                            self.reason();
                        }
                    }
                    Some(Target::Note) => self.note(),
                    Some(Target::Nothing) | None => {}
                }
            }
        }
    }

    /// Goes back by one step; tells whether there was one.
    fn back(&mut self) -> bool {
        if let Some(Popup::Version(version)) = self.popups.last_mut()
            && version.doc.anchor.take().is_some()
        {
            return true;
        }
        if self.popups.pop().is_some() {
            return true;
        }
        if let Some(doc) = &mut self.doc
            && (doc.anchor.is_some() || !doc.found.is_empty())
        {
            doc.anchor = None;
            doc.found.clear();
            if self.walk == Walk::File {
                self.walk = Walk::Nothing;
            }
            return true;
        }
        std::mem::take(&mut self.zoom)
    }

    fn show_piece(&mut self, id: EvidenceId) {
        if let Some(page) = pages::piece(self, id) {
            self.popups.push(Popup::Page(page));
        }
    }

    fn find_file(&mut self) {
        let open = self.here().map(|(path, _)| path);
        // With 200 000 files the rows take longer than a frame to be made, so they are kept.
        let files = &self.files;
        let rows = self.file_rows.get_or_insert_with(|| {
            let row = |entry: &crate::repo::Entry| Entry {
                value: Value::Path(entry.path.clone()),
                label: display::bytes(&entry.path.0),
                detail: String::new(),
            };
            Arc::new(files.iter().map(row).collect())
        });
        let mut picker = Picker::of("Find a file", Arc::clone(rows), false);
        picker.short_first = true;
        // The file before this one is the one that is wanted most; the one on the screen is not.
        let recent = self.trail.recent.iter().filter(|path| Some(*path) != open.as_ref());
        let index = |path: &RepoPath| files.binary_search_by(|entry| entry.path.cmp(path)).ok();
        picker.lead_with(recent.filter_map(index).collect());
        self.popups.push(Popup::list(picker, Purpose::Files));
    }

    /// Says what the reader has to do with a file already.
    ///
    /// `cited` has the files with evidence.
    pub fn known(&self, path: &RepoPath, cited: &BTreeMap<&RepoPath, Cited>) -> String {
        let open = self.doc.as_ref().map(|doc| &doc.text.path);
        match cited.get(path) {
            Some(cited) => format!("{} evidence", cited.pieces),
            None if open == Some(path) || self.places.contains_key(path) => "opened".to_owned(),
            None => String::new(),
        }
    }

    fn palette(&mut self) {
        let entries = ACTIONS.iter().map(|action| {
            let keys: Vec<String> = self.keymap.keys(action.act).iter().map(|keys| key::spoken(keys)).collect();
            let only = if works_on_main(action) { String::new() } else { format!("{}: ", action.contexts[0].title()) };
            Entry {
                value: Value::Act(action.act),
                label: format!("{}: {}", action.id, action.doc),
                detail: format!("{only}{}", keys.join(" ")),
            }
        });
        self.popups.push(Popup::list(Picker::new("Do", entries.collect(), false), Purpose::Palette));
    }

    /// Shows a file where it was left, and goes to the code.
    fn open_file(&mut self, path: &RepoPath) {
        let here = self.doc.as_ref().is_some_and(|doc| doc.text.path == *path);
        if !here {
            let line = self.places.get(path).map_or(0, |(cursor, _)| *cursor);
            self.load(path.clone(), line);
        } else {
            self.loading = None;
        }
        self.pane = Pane::Code;
    }

    fn write(&mut self, title: &str, hint: &str, field: Field, writing: Writing) {
        let reads = matches!(writing, Writing::GoLine | Writing::Find(..));
        if self.is_read_only() && !reads {
            // Nobody writes what cannot be kept.
            return self.refuse();
        }
        let before = field.text();
        let text = Text { title: title.to_owned(), hint: hint.to_owned(), field, writing, before, warned: false };
        self.popups.push(Popup::Text(Box::new(text)));
    }

    fn undo(&mut self) {
        if self.audit.to_undo().is_none() {
            return self.say("There is nothing to undo.");
        }
        self.change(Effect::Undo);
    }

    fn redo(&mut self) {
        if self.audit.to_redo().is_none() {
            return self.say("There is nothing to do again.");
        }
        self.change(Effect::Redo);
    }

    fn change(&mut self, effect: Effect) {
        if self.is_read_only() {
            self.refuse();
        } else {
            self.effects.push(effect);
        }
    }
}

/// Groups slots by the reason that each has, in their order.
fn by_reason(slots: Vec<Slot>, reason: impl Fn(&Slot) -> Option<String>) -> Vec<(Option<String>, Vec<Slot>)> {
    let mut groups: Vec<(Option<String>, Vec<Slot>)> = Vec::new();
    for slot in slots {
        let reason = reason(&slot);
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, slots)) => slots.push(slot),
            None => groups.push((reason, vec![slot])),
        }
    }
    groups
}

/// Returns the one text that there is, or no text; `None` where there are several.
fn shared<'a>(mut texts: impl Iterator<Item = &'a String>) -> Option<Option<String>> {
    let Some(first) = texts.next() else { return Some(None) };
    texts.all(|text| text == first).then(|| Some(first.clone()))
}

/// Tells whether an action can be done on the main screen.
fn works_on_main(action: &Action) -> bool {
    action.contexts.iter().any(|context| matches!(context, Context::Main | Context::Always))
}

fn is_export(popup: &mut Popup) -> bool {
    matches!(popup, Popup::Form(_, Filling::Export))
}

fn turn(pane: Pane, by: usize) -> Pane {
    let all = [Pane::List, Pane::Code, Pane::Item];
    let at = all.iter().position(|one| *one == pane).unwrap_or(0);
    all[(at + by) % all.len()]
}

/// Returns a hit's line counted from 0; a path's own hit has none and is shown from its start.
fn line_of(line: u64) -> usize {
    usize::try_from(line).unwrap_or(0).saturating_sub(1)
}

fn piece_entry(id: EvidenceId, piece: &crate::model::audit::Piece) -> Entry<Value> {
    let mut backs: Vec<String> = piece.backs.iter().map(ToString::to_string).collect();
    backs.dedup();
    let detail = if backs.is_empty() { "inbox".to_owned() } else { backs.join(" ") };
    let note = piece.evidence.note.as_ref().map(|note| format!("  {}", display::line(note))).unwrap_or_default();
    Entry { value: Value::Piece(id), label: format!("{id} {}{note}", summary(&piece.evidence)), detail }
}

/// Returns the current hint as a line, if there is one.
pub fn hint(app: &App) -> Option<Line> {
    let step = app.hint?;
    let (act, text) = HINTS.get(step)?;
    let keys = match act {
        Act::Down => vec![Act::Down, Act::Up],
        Act::Attach => vec![Act::PaneCode, Act::Select, Act::Attach],
        Act::Yes => vec![Act::Yes, Act::No, Act::Partial, Act::NotApplicable, Act::CannotTell],
        one => vec![*one],
    };
    let keys: Vec<String> = keys.into_iter().filter_map(|act| app.keymap.key(act)).collect();
    Some(
        Line::of(Tone::Strong, format!(" {}/{} ", step + 1, HINTS.len()))
            .and(Tone::Key, keys.join(" "))
            .and(Tone::Plain, format!("  {text}")),
    )
}
