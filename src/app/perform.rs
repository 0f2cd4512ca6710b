//! What each action does.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{ACTIONS, Act, Action, Context};
use super::checklist::Row;
use super::field::Field;
use super::form::{Form, FormField};
use super::item::{self, Target};
use super::key;
use super::layout;
use super::line::{Line, Tone};
use super::msg::{Effect, ExportWanted, Exported};
use super::picker::{Entry, Picker};
use super::popup::{Filling, Go, Page, Popup, Purpose, RepoSearch, Take, Text, UNSAVED, Value, Writing};
use super::{App, LastAnswer, Pane, Spent, Walk, finding, pages};
use crate::config::ThemeName;
use crate::error::Result;
use crate::export::caution::Reviewed;
use crate::export::{count, permalink, summary};
use crate::model::answer::Answer;
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::{Kind, Reachability, Region, RepoPath};
use crate::model::hash::Sha256;
use crate::model::score::{self, Slot};
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
        match act {
            Act::Down => self.step(1),
            Act::Up => self.step(-1),
            Act::PageDown => self.step(self.half_page()),
            Act::PageUp => self.step(-self.half_page()),
            Act::Top => self.step(isize::MIN / 2),
            Act::Bottom => self.step(isize::MAX / 2),
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
            Act::GoLine => match &self.doc {
                Some(doc) => {
                    let hint = format!("a number from 1 to {}", doc.text.lines());
                    self.write("Go to line", &hint, Field::line(""), Writing::GoLine);
                }
                None => self.warn("No file is open."),
            },
            Act::Editor => match &self.doc {
                Some(doc) => self.effects.push(Effect::Edit { text: doc.text.clone(), line: doc.cursor + 1 }),
                None => self.warn("No file is open."),
            },
            Act::CopyLink => self.copy_link(),
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
                self.run_leads();
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
            Act::Flips => self.popups.push(Popup::Page(pages::flips(self))),
            Act::NewFinding => finding::open(self, None),
            Act::Findings => self.findings(),
            Act::Review => {
                self.popups.push(Popup::Page(pages::review(self, None)));
                self.effects.push(Effect::Review);
            }
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
            Act::SearchLiteral | Act::SearchCase | Act::SearchField => {
                if let Some(Popup::Search(search)) = self.popups.last_mut() {
                    match act {
                        Act::SearchLiteral => search.literal = !search.literal,
                        Act::SearchCase => search.case_sensitive = !search.case_sensitive,
                        _ => search.on_globs = !search.on_globs,
                    }
                }
                if act != Act::SearchField {
                    self.search();
                }
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
        let alike: &[Act] = match HINTS.get(step).map(|(act, _)| *act) {
            Some(Act::Down) => &[Act::Down, Act::Up],
            Some(Act::FindFile) => &[Act::FindFile, Act::Files],
            Some(Act::Attach) => &[Act::Attach],
            Some(Act::Yes) => &[Act::Yes, Act::No, Act::Partial, Act::NotApplicable, Act::CannotTell],
            Some(Act::NextOpen) => &[Act::NextOpen, Act::PreviousOpen],
            _ => &[],
        };
        if alike.contains(&act) {
            self.hint = (step + 1 < HINTS.len()).then_some(step + 1);
            self.effects.push(Effect::Hinted(self.hint.unwrap_or(HINTS.len())));
        }
    }

    fn half_page(&self) -> isize {
        let height = match self.popups.last() {
            Some(popup) => usize::from(popup.rows(popup.area(self.size)).height),
            None => self.height(self.pane),
        };
        (height / 2).max(1) as isize
    }

    fn step(&mut self, by: isize) {
        if let Some(Popup::Page(page)) = self.popups.last_mut() {
            page.step(by);
            return;
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
                    Some(Target::Lead(lead)) => self.show_hit(lead, 0),
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
        let open = self.doc.as_ref().map(|doc| &doc.text.path);
        // Counted once, for there may be very many files.
        let mut cited: BTreeMap<&RepoPath, usize> = BTreeMap::new();
        for piece in self.audit.now.evidence.values() {
            if let Kind::Code { regions } = &piece.evidence.kind {
                let paths: BTreeSet<&RepoPath> = regions.iter().map(|region| &region.path).collect();
                for path in paths {
                    *cited.entry(path).or_default() += 1;
                }
            }
        }
        let entries = self.files.iter().map(|entry| {
            let detail = match cited.get(&entry.path) {
                Some(some) => format!("{some} evidence"),
                None if open == Some(&entry.path) || self.places.contains_key(&entry.path) => "opened".to_owned(),
                None => String::new(),
            };
            Entry { value: Value::Path(entry.path.clone()), label: display::bytes(&entry.path.0), detail }
        });
        let mut picker = Picker::new("Find a file", entries.collect(), false);
        picker.short_first = true;
        self.popups.push(Popup::list(picker, Purpose::Files));
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

    // Search

    fn search_file(&mut self) {
        let Some(doc) = &self.doc else { return self.warn("No file is open.") };
        let writing = Writing::Find(doc.cursor, doc.top);
        self.before_find = (self.pattern.clone(), self.walk.clone());
        self.write(
            "Search in this file",
            "plain text; an upper-case letter tells case apart",
            Field::line(""),
            writing,
        );
    }

    fn search_repo(&mut self) {
        let pattern = match &self.walk {
            Walk::Repo(..) => self.pattern.clone(),
            _ => String::new(),
        };
        self.popups.push(Popup::Search(Box::new(RepoSearch::new(&pattern))));
        self.search();
    }

    /// Begins the search that the popup asks for.
    fn search(&mut self) {
        let ticket = self.ticket();
        let Some(Popup::Search(search)) = self.popups.last_mut() else { return };
        search.begin(ticket);
        let query = search.asked.clone();
        if !query.pattern.is_empty() {
            self.effects.push(Effect::Search { ticket, query });
        }
    }

    /// What was typed may be a search that runs while one types.
    pub(super) fn typed(&mut self) {
        match self.popups.last() {
            Some(Popup::Search(search)) if search.query() != search.asked => self.search(),
            Some(Popup::Text(text)) => {
                if let Writing::Find(cursor, top) = text.writing {
                    let pattern = text.field.text();
                    self.find(&pattern, cursor, top);
                }
            }
            _ => {}
        }
    }

    /// Shows the first hit from a line on, as the pattern is typed.
    fn find(&mut self, pattern: &str, cursor: usize, top: usize) {
        let (height, width) = (self.height(Pane::Code), self.code_width());
        let Some(doc) = &mut self.doc else { return };
        doc.search(pattern);
        doc.go(cursor);
        doc.top = top;
        let next = doc.found.iter().find(|(line, _)| *line >= cursor).or(doc.found.first()).map(|(line, _)| *line);
        if let Some(line) = next {
            doc.jump(line, height);
            doc.reveal_hit(width);
        }
        self.pattern = pattern.to_owned();
        self.walk = if pattern.is_empty() { Walk::Nothing } else { Walk::File };
    }

    /// Goes to the next or previous hit.
    fn walk(&mut self, forward: bool) {
        let width = self.code_width();
        match &mut self.walk {
            Walk::Nothing => self.warn("Nothing was searched for yet."),
            Walk::File => {
                let height = self.height(Pane::Code);
                let Some(doc) = &mut self.doc else { return self.warn("No file is open.") };
                if doc.found.is_empty() {
                    doc.search(&self.pattern);
                }
                let lines: Vec<usize> = doc.found.iter().map(|(line, _)| *line).collect();
                let next = if forward {
                    lines.iter().find(|line| **line > doc.cursor).or(lines.first())
                } else {
                    lines.iter().rev().find(|line| **line < doc.cursor).or(lines.last())
                };
                match next.copied() {
                    Some(line) => {
                        doc.jump(line, height);
                        doc.reveal_hit(width);
                        let at = lines.iter().position(|one| *one == line).unwrap_or(0) + 1;
                        let count = lines.len();
                        self.say(format!("Hit {at} of {count}"));
                    }
                    None => self.warn("No hit in this file."),
                }
            }
            Walk::Repo(hits, at) => {
                let count = hits.len();
                if count == 0 {
                    return self.warn("The search has no hit.");
                }
                *at = if forward { (*at + 1) % count } else { (*at + count - 1) % count };
                let (hit, at) = (hits[*at].clone(), *at);
                self.visit(&hit.path, line_of(hit.line));
                self.say(format!("Hit {} of {count}: {}:{}", at + 1, display::bytes(&hit.path.0), hit.line));
            }
        }
    }

    /// Goes to the next or previous hit of the item's leads.
    fn walk_leads(&mut self, forward: bool) {
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let leads = self.leads.get(&self.item).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (lead, found) in leads.iter().enumerate() {
            let count =
                found.outcome.as_ref().map_or(0, |found| found.places.iter().filter(|hit| !hit.excluded).count());
            all.extend((0..count).map(|hit| (lead, hit)));
        }
        if all.is_empty() {
            return self.warn("The leads of this item have no hit.");
        }
        let at = self.lead_at.and_then(|at| all.iter().position(|one| *one == at));
        let next = match (at, forward) {
            (None, true) => 0,
            (None, false) => all.len() - 1,
            (Some(at), true) => (at + 1) % all.len(),
            (Some(at), false) => (at + all.len() - 1) % all.len(),
        };
        let (lead, hit) = all[next];
        self.show_hit(lead, hit);
        let why = self
            .leads
            .get(&self.item)
            .and_then(|leads| leads.get(lead))
            .map(|lead| lead.why.clone())
            .unwrap_or_default();
        self.say(format!("Hit {} of {} of the leads: {}", next + 1, all.len(), display::line(&why)));
    }

    /// Says why there are no leads to go by, if there are none.
    fn without_leads(&self) -> Option<&'static str> {
        match self.audit.standard.item(&self.item) {
            None => Some("Put the cursor on an item first."),
            Some((_, item)) if item.leads.is_empty() => Some("This item has no leads."),
            Some(_) if self.leads.get(&self.item).is_none_or(Vec::is_empty) => {
                Some("The leads of this item are still being run.")
            }
            Some(_) => None,
        }
    }

    fn show_hit(&mut self, lead: usize, hit: usize) {
        let found =
            self.leads.get(&self.item).and_then(|leads| leads.get(lead)).and_then(|lead| lead.outcome.as_ref().ok());
        let Some(place) = found.and_then(|found| found.places.get(hit)).cloned() else {
            return self.warn("This lead has no hit.");
        };
        self.lead_at = Some((lead, hit));
        self.visit(&place.path, line_of(place.line));
    }

    fn copy_link(&mut self) {
        let Some(doc) = &self.doc else { return self.warn("No file is open.") };
        let (first, last) = doc.lines();
        let opened = &self.audit.now.opened;
        match permalink(&opened.target, opened.pin.commit, &doc.text.path, Some((first + 1, last + 1))) {
            Some(link) => {
                self.effects.push(Effect::Copy(link.clone()));
                self.say(link);
            }
            None => {
                let place =
                    format!("{} {}:{}-{}", opened.pin.commit, display::bytes(&doc.text.path.0), first + 1, last + 1);
                self.effects.push(Effect::Copy(place.clone()));
                self.say(place);
            }
        }
    }

    // Evidence

    fn select_by(&mut self, by: isize) {
        let Some(doc) = &mut self.doc else { return self.warn("No file is open.") };
        doc.anchor.get_or_insert(doc.cursor);
        doc.go(doc.cursor.saturating_add_signed(by));
        self.pane = Pane::Code;
    }

    /// Returns the selected lines, if lines are selected.
    pub(super) fn selected(&mut self) -> Option<Region> {
        self.doc.as_ref().and_then(|doc| doc.anchor)?;
        self.region()
    }

    /// Cuts the selected lines, or the current one, from the file's bytes.
    fn region(&mut self) -> Option<Region> {
        if self.is_loading() {
            return None;
        }
        let Some(doc) = &self.doc else {
            self.warn("No file is open.");
            return None;
        };
        let (first, last) = doc.lines();
        let (start, end) = (doc.text.range(first).start, doc.text.range(last).end);
        if start == end {
            self.warn("The file is empty.");
            return None;
        }
        let sha256 = Sha256::of(&doc.text.bytes[start..end]);
        let (path, blob) = (doc.text.path.clone(), doc.text.blob);
        Some(Region { path, blob, first: first + 1, last: last + 1, start, end, sha256, commit: None })
    }

    /// Asks what new evidence backs: this item first, then those used last, then all others, then findings and the inbox.
    fn attach(&mut self, kinds: Vec<Kind>) {
        let standard = &self.audit.standard;
        let mut ids = vec![self.item.clone()];
        ids.extend(self.recent.iter().cloned());
        ids.extend(standard.facts.iter().map(|fact| fact.id.clone()));
        ids.extend(standard.items().map(|(_, item)| item.id.clone()));
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let mut entries: Vec<Entry<Value>> = ids
            .iter()
            .filter_map(|id| {
                let subjects = self.subjects_of(id);
                let short = match (standard.item(id), standard.fact(id)) {
                    (Some((_, item)), _) => item.short.clone(),
                    (None, Some(fact)) => fact.title.clone(),
                    (None, None) => return None,
                };
                let modes: Vec<&str> = subjects
                    .iter()
                    .filter_map(|subject| match subject {
                        Subject::Item(slot) | Subject::Fact(slot) => slot.mode.as_deref(),
                        Subject::Finding(_) => None,
                    })
                    .collect();
                let state =
                    if standard.item(id).is_some() { format!("{} ", self.state_of(id).mark()) } else { String::new() };
                let entry = Entry {
                    value: Value::Subjects(subjects.clone()),
                    label: format!("{id}  {short}"),
                    detail: format!("{}{state}", modes.iter().map(|mode| format!("{mode} ")).collect::<String>()),
                };
                (!subjects.is_empty()).then_some(entry)
            })
            .collect();
        let inbox = Entry {
            value: Value::Subjects(Vec::new()),
            label: "inbox  attach it later".to_owned(),
            detail: String::new(),
        };
        // This item comes first; where it has no slot, no other one takes its place.
        let first = usize::from(!self.subjects_of(&self.item).is_empty());
        entries.insert(entries.len().min(first), inbox);
        for (id, found) in self.audit.now.findings.iter().filter(|(_, found)| found.withdrawn.is_none()) {
            entries.push(Entry {
                value: Value::Subjects(vec![Subject::Finding(*id)]),
                label: finding::line(*id, &found.finding),
                detail: "finding".to_owned(),
            });
        }
        let title = match kinds.as_slice() {
            [Kind::Code { regions }] => {
                regions.first().map(|region| item::place(&region.path, region.first, region.last, 60))
            }
            [one] => Some(summary(&crate::model::evidence::Evidence {
                kind: one.clone(),
                reachability: Reachability::NotKnown,
                note: None,
            })),
            _ => None,
        };
        let title = format!("Attach {} to", title.unwrap_or_default());
        let take = Take { kinds, reachability: Reachability::NotKnown, shows: None };
        self.popups.push(Popup::list(Picker::new(title, entries, true), Purpose::Attach(Box::new(take))));
    }

    /// Records new evidence.
    fn file(&mut self, take: Take, to: &[Subject]) {
        let (reachability, shows) = (take.reachability, take.shows);
        let filed = self.audit.file(take.kinds, reachability, shows.as_deref(), to);
        let ids: Vec<String> = filed.ids.iter().map(ToString::to_string).collect();
        let mut names: Vec<String> = to.iter().map(ToString::to_string).collect();
        names.dedup();
        let verb = |one: &'static str, many: &'static str| if ids.len() == 1 { one } else { many };
        // A piece that is there keeps its own words; whoever typed others must not think that they were taken.
        let differs = |id: &EvidenceId| {
            self.audit.now.evidence.get(id).is_some_and(|piece| {
                let evidence = &piece.evidence;
                (shows.is_some() && evidence.note != shows)
                    || (reachability != Reachability::NotKnown && evidence.reachability != reachability)
            })
        };
        let kept = if filed.known.iter().any(differs) {
            "; it was there already, and keeps the words and the reachability that it has"
        } else {
            ""
        };
        let said = match (filed.events.is_empty(), names.is_empty()) {
            (true, true) => format!("{} {} there already{kept}", ids.join(", "), verb("is", "are")),
            (true, false) => {
                format!("{} {} {} already{kept}", ids.join(", "), verb("backs", "back"), names.join(", "))
            }
            (false, true) => format!("{} {} in the inbox", ids.join(", "), verb("lies", "lie")),
            (false, false) => format!("{} {} {}{kept}", ids.join(", "), verb("backs", "back"), names.join(", ")),
        };
        let ids = to.iter().filter_map(|subject| match subject {
            Subject::Item(slot) | Subject::Fact(slot) => Some(slot.id.clone()),
            Subject::Finding(_) => None,
        });
        let spent = Spent { items: ids.collect(), selection: true, answer: None };
        if filed.events.is_empty() {
            self.say(said);
            if let Some(doc) = &mut self.doc {
                doc.anchor = None;
            }
        } else if self.act(filed.events, said) {
            self.spent = spent;
        }
    }

    fn extend(&mut self) {
        let Some(region) = self.region() else { return };
        let without = |kind: &Kind| matches!(kind, Kind::Code { regions } if !regions.contains(&region));
        let pieces = self.audit.now.evidence.iter().rev().filter(|(_, piece)| without(&piece.evidence.kind));
        let entries: Vec<Entry<Value>> = pieces.map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.warn("There is no piece of code yet that this region could be added to.");
        }
        let title = format!("Add {} to", item::place(&region.path, region.first, region.last, 60));
        self.popups.push(Popup::list(Picker::new(title, entries, false), Purpose::Extend(Box::new(region))));
    }

    fn reuse(&mut self, inbox: bool) {
        let to = self.subjects_of(&self.item);
        if to.is_empty() {
            return self.no_slot();
        }
        let pieces = self.audit.now.evidence.iter().rev();
        let fits = |backs: &BTreeSet<Subject>| {
            if inbox { backs.is_empty() } else { !to.iter().all(|subject| backs.contains(subject)) }
        };
        let entries: Vec<Entry<Value>> =
            pieces.filter(|(_, piece)| fits(&piece.backs)).map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.say(if inbox { "The inbox is empty." } else { "There is no other evidence." });
        }
        let names: Vec<String> = to.iter().map(ToString::to_string).collect();
        let title = format!("{} to attach to {}", if inbox { "Inbox:" } else { "Evidence" }, names.join(", "));
        self.popups.push(Popup::list(Picker::new(title, entries, true), Purpose::Reuse(to)));
    }

    fn pieces(&mut self) {
        let entries: Vec<Entry<Value>> =
            self.audit.now.evidence.iter().map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.say("There is no evidence yet.");
        }
        self.popups.push(Popup::list(Picker::new("Evidence", entries, false), Purpose::Pieces));
    }

    /// Takes a lead's search as evidence for this item.
    fn zero(&mut self) {
        let leads = self.leads.get(&self.item).cloned().unwrap_or_default();
        let under = match (
            self.pane,
            item::rows(self, self.item_width()).get(self.item_cursor).map(|row| row.target.clone()),
        ) {
            (Pane::Item, Some(Target::Lead(lead) | Target::Hit(lead, _))) => Some(lead),
            _ => leads.iter().position(|lead| self.is_new_zero(lead)),
        };
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let Some(lead) = under.and_then(|at| leads.get(at)) else {
            return self.warn("No lead of this item is without a hit, or all of them are evidence already.");
        };
        match &lead.outcome {
            Ok(found) => {
                let kind = found.kind.clone();
                self.file_leads(vec![kind]);
            }
            Err(why) => self.warn(display::line(why).into_owned()),
        }
    }

    fn is_new_zero(&self, lead: &super::msg::LeadFound) -> bool {
        let Ok(found) = &lead.outcome else { return false };
        let subjects = self.subjects_of(&self.item);
        let known = self.audit.now.evidence.values().find(|piece| piece.evidence.kind == found.kind);
        found.hits == 0 && known.is_none_or(|piece| !subjects.iter().all(|subject| piece.backs.contains(subject)))
    }

    fn zeros(&mut self) {
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let leads = self.leads.get(&self.item).cloned().unwrap_or_default();
        let kinds: Vec<Kind> = leads
            .iter()
            .filter(|lead| self.is_new_zero(lead))
            .filter_map(|lead| lead.outcome.as_ref().ok())
            .map(|found| found.kind.clone())
            .collect();
        if kinds.is_empty() {
            return self.warn("No lead of this item is without a hit, or all of them are evidence already.");
        }
        self.file_leads(kinds);
    }

    fn file_leads(&mut self, kinds: Vec<Kind>) {
        let to = self.subjects_of(&self.item);
        if to.is_empty() {
            return self.no_slot();
        }
        self.file(Take { kinds, reachability: Reachability::NotKnown, shows: None }, &to);
    }

    /// Returns what the cursor of the item pane is on.
    pub fn target_under(&self) -> Target {
        let rows = item::rows(self, self.item_width());
        rows.get(self.item_cursor).map_or(Target::Nothing, |row| row.target.clone())
    }

    /// Returns the piece under the cursor, where the item pane has the focus.
    fn piece_under(&self) -> Option<EvidenceId> {
        match self.target_under() {
            Target::Piece(id) | Target::Place(id, ..) if self.pane == Pane::Item => Some(id),
            _ => None,
        }
    }

    fn detach(&mut self) {
        let Some(id) = self.piece_under() else {
            return self.warn("Put the item pane's cursor on a piece of evidence.");
        };
        let backs = self.audit.now.evidence.get(&id).map(|piece| piece.backs.clone()).unwrap_or_default();
        let from: Vec<Subject> =
            self.subjects_of(&self.item).into_iter().filter(|subject| backs.contains(subject)).collect();
        if from.is_empty() {
            return self.warn(format!("{id} does not back this item in this mode."));
        }
        let names: Vec<String> = from.iter().map(ToString::to_string).collect();
        self.act(vec![Event::EvidenceDetached { id, from }], format!("{id} no longer backs {}", names.join(", ")));
    }

    fn redact(&mut self) {
        let under = match self.popups.last() {
            Some(Popup::Page(page)) => match page.lines.get(page.cursor) {
                Some((_, Some(Go::Piece(id)))) => Some(*id),
                _ => None,
            },
            _ => self.piece_under(),
        };
        let Some(id) = under else {
            let place = if self.popups.is_empty() { "the item pane's cursor" } else { "the cursor" };
            return self.warn(format!("Put {place} on a piece of evidence."));
        };
        let before = self.audit.now.evidence.get(&id).and_then(|piece| piece.redacted.clone());
        self.write(
            &format!("Why the text of {id} is kept out"),
            "the record says so; place and hash stay",
            Field::line(&before.unwrap_or_default()),
            Writing::Redact(id),
        );
    }

    // Answers

    fn answer(&mut self, answer: Answer) {
        let Some((_, item)) = self.audit.standard.item(&self.item) else {
            return self.no_item();
        };
        if !item.accepts.contains(&answer) {
            let words: Vec<String> = item.accepts.iter().map(|one| item::spoken(one.word())).collect();
            return self.warn(format!("{} accepts only {}.", item.id, words.join(", ")));
        }
        let hint =
            item.not_applicable.as_ref().map(|rule| rule.hint.clone()).filter(|_| answer == Answer::NotApplicable);
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        let answers = &self.audit.now.answers;
        let before =
            |slot: &Slot| answers.get(slot).filter(|one| one.answer == answer).and_then(|one| one.reason.clone());
        if answer.needs_reason() {
            // What the modes say differently is not overwritten unseen.
            let reasons: Vec<String> = slots.iter().filter_map(before).collect();
            let Some(before) = shared(reasons.iter()) else {
                return self.warn("The modes have different reasons; choose one mode first.");
            };
            let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
            let title = format!("{}: {}, because", names.join(", "), item::spoken(answer.word()));
            let hint = hint.map_or("the record prints it".to_owned(), |hint| format!("the standard's hint: {hint}"));
            self.write(&title, &hint, Field::block(&before.unwrap_or_default()), Writing::Answer(slots, answer));
            return;
        }
        // The same answer again keeps the reason that it has in each mode.
        let given = by_reason(slots, before);
        self.give(given, answer);
    }

    /// Says why an answer cannot be given to what the item pane shows.
    fn no_item(&mut self) {
        let key = self.keymap.key(Act::StateFact).unwrap_or_default();
        match self.audit.standard.fact(&self.item) {
            Some(fact) => self.warn(format!("{} is a fact; {key} states it.", fact.id)),
            None => self.warn("Put the cursor on an item first."),
        }
    }

    /// Says why there is nothing to answer for.
    fn no_slot(&mut self) {
        let standard = &self.audit.standard;
        if standard.item(&self.item).is_none() && standard.fact(&self.item).is_none() {
            return self.warn("Put the cursor on an item first.");
        }
        let key = self.keymap.key(Act::DeclareMode).unwrap_or_default();
        self.warn(format!("No mode is declared yet; {key} declares one."));
    }

    /// Records an answer.
    fn give(&mut self, given: Vec<(Option<String>, Vec<Slot>)>, answer: Answer) {
        let Some((reason, first)) = given.first().and_then(|(reason, slots)| Some((reason, slots.first()?))) else {
            return;
        };
        let last = LastAnswer { answer, reason: reason.clone() };
        let id = first.id.clone();
        let names: Vec<String> = given.iter().flat_map(|(_, slots)| slots).map(ToString::to_string).collect();
        let evidenced = |slot: &Slot| self.audit.now.evidenced(&Subject::Item(slot.clone()));
        let supported = given.iter().all(|(reason, slots)| reason.is_some() || slots.iter().all(evidenced));
        let without = if supported { "" } else { "; it still needs evidence or a reason" };
        // An answer that is there is not replaced unseen.
        let old = given.iter().flat_map(|(_, slots)| slots).filter_map(|slot| {
            let old = self.audit.now.answers.get(slot).filter(|old| old.answer != answer)?;
            let mode = slot.mode.as_ref().map(|mode| format!(" ({mode})")).unwrap_or_default();
            Some(format!("{}{mode}", item::spoken(old.answer.word())))
        });
        let old: Vec<String> = old.collect();
        let old = if old.is_empty() { String::new() } else { format!(", in place of {}", old.join(", ")) };
        let said = format!("{}: {}{old}{without}", names.join(", "), item::spoken(answer.word()));
        let events = given.into_iter().map(|(reason, slots)| Event::Answered { slots, answer, reason }).collect();
        if self.act(events, said) {
            self.spent = Spent { answer: Some(last), items: vec![id], selection: false };
        }
    }

    fn repeat(&mut self) {
        let Some(last) = self.last.clone() else { return self.warn("Nothing was answered yet.") };
        let Some((_, item)) = self.audit.standard.item(&self.item) else { return self.no_item() };
        if !item.accepts.contains(&last.answer) {
            let text = format!("{} does not accept {}.", item.id, item::spoken(last.answer.word()));
            return self.warn(text);
        }
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        self.give(vec![(last.reason, slots)], last.answer);
    }

    fn reason(&mut self) {
        let slots = self.slots_of(&self.item);
        let now = &self.audit.now;
        let Some(first) = slots.first() else { return self.no_slot() };
        let answered = |slot: &Slot| now.answers.get(slot).map(|one| (one.answer.word().to_owned(), &one.reason));
        let stated = |slot: &Slot| now.facts.get(slot).map(|one| (one.value.clone(), &one.reason));
        let given: Vec<_> = slots.iter().map(|slot| answered(slot).or_else(|| stated(slot))).collect();
        if given.iter().all(Option::is_none) {
            return self.warn("Answer first; the reason belongs to an answer.");
        }
        let word = |one: &Option<(String, &Option<String>)>| one.as_ref().map(|(word, _)| word.clone());
        // One reason must not be written over what the modes do not share.
        if given.iter().any(|one| word(one) != word(&given[0])) {
            return self.warn("The modes have different answers; choose one mode first.");
        }
        let reasons = given.iter().flatten().filter_map(|(_, reason)| reason.as_ref());
        let Some(reason) = shared(reasons) else {
            return self.warn("The modes have different reasons; choose one mode first.");
        };
        let writing = match (now.answers.get(first), now.facts.get(first)) {
            (Some(one), _) => Writing::Answer(slots.clone(), one.answer),
            (None, Some(one)) => Writing::Fact(slots.clone(), one.value.clone()),
            (None, None) => return,
        };
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        self.write(
            &format!("Reason for {}", names.join(", ")),
            "why; empty takes it away",
            Field::block(&reason.unwrap_or_default()),
            writing,
        );
    }

    fn note(&mut self) {
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        let Some(text) = shared(slots.iter().filter_map(|slot| self.audit.now.notes.get(&Some(slot.clone())))) else {
            return self.warn("The modes have different notes; choose one mode first.");
        };
        let text = text.unwrap_or_default();
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let title = format!("Note on {}", names.join(", "));
        self.write(
            &title,
            "shown beside the answer in the report; empty removes it",
            Field::block(&text),
            Writing::Note(slots.into_iter().map(Some).collect()),
        );
    }

    fn batch(&mut self) {
        let slots = score::not_applicable(&self.audit.standard, &self.inputs);
        let mut entries: Vec<Entry<Value>> = Vec::new();
        for slot in slots {
            let Some((_, item)) = self.audit.standard.item(&slot.id) else { continue };
            let hint = item.not_applicable.as_ref().map(|rule| rule.hint.clone()).unwrap_or_default();
            entries.push(Entry {
                value: Value::Slots(vec![slot.clone()]),
                label: format!("{slot}  {}", item.short),
                detail: hint,
            });
        }
        if entries.is_empty() {
            return self.say("No open item is not applicable by the standard's own conditions.");
        }
        let mut picker = Picker::new("Not applicable, each for the reason on the right", entries, true);
        picker.toggle_all();
        self.popups.push(Popup::list(picker, Purpose::Batch));
    }

    fn state_fact(&mut self) {
        let facts = &self.audit.standard.facts;
        let here =
            facts.iter().find(|fact| fact.id == self.item).or(if facts.len() == 1 { facts.first() } else { None });
        match here.map(|fact| fact.id.clone()) {
            Some(id) => self.fact_values(&id),
            None if facts.is_empty() => self.say("The standard has no facts."),
            None => {
                let entries = facts.iter().map(|fact| Entry {
                    value: Value::Fact(fact.id.clone()),
                    label: fact.id.clone(),
                    detail: fact.title.clone(),
                });
                self.popups.push(Popup::list(Picker::new("State a fact", entries.collect(), false), Purpose::Facts));
            }
        }
    }

    fn fact_values(&mut self, id: &str) {
        let slots = self.slots_of(id);
        let Some(fact) = self.audit.standard.fact(id) else { return };
        if slots.is_empty() {
            return self.no_slot();
        }
        let known = fact.values.iter().map(|value| (value.id.clone(), value.title.clone()));
        let all = known
            .chain([(score::UNKNOWN.to_owned(), "looked, and it could not be determined; needs a reason".to_owned())]);
        let entries =
            all.map(|(value, title)| Entry { value: Value::FactValue(value.clone()), label: value, detail: title });
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let mut picker = Picker::new(format!("{} is", names.join(", ")), entries.collect(), false);
        let stated = slots.first().and_then(|slot| self.audit.now.facts.get(slot));
        picker.cursor = picker
            .entries
            .iter()
            .position(
                |entry| matches!((&entry.value, stated), (Value::FactValue(value), Some(one)) if *value == one.value),
            )
            .unwrap_or(0);
        self.popups.push(Popup::list(picker, Purpose::FactValues(slots)));
    }

    fn next_mode(&mut self) {
        let count = self.audit.now.modes.len();
        self.mode = match self.mode {
            None => Some(0),
            Some(at) if at + 1 < count => Some(at + 1),
            Some(_) if count > 1 => None,
            same => same,
        };
        match self.mode_name() {
            Some(mode) => self.say(format!("Answers are for {mode}.")),
            None if count > 1 => self.say("Answers are for all modes at once."),
            None => self.say("No mode is declared yet."),
        }
        self.list();
    }

    /// Goes to the next open item or fact, in this mode first and then in the others.
    fn next_open(&mut self, forward: bool) {
        if self.open_slots().next().is_none() && self.audit.now.modes.is_empty() {
            let key = self.keymap.key(Act::DeclareMode).unwrap_or_default();
            return self.warn(format!("No mode is declared yet; {key} declares one."));
        }
        let order: Vec<String> = if self.checklist.by_file {
            self.checklist.rows.iter().filter_map(Row::id).map(str::to_owned).collect()
        } else {
            let facts = self.audit.standard.facts.iter().map(|fact| fact.id.clone());
            facts.chain(self.audit.standard.items().map(|(_, item)| item.id.clone())).collect()
        };
        let open = |slot: &Slot| !self.audit.now.answers.contains_key(slot) && !self.audit.now.facts.contains_key(slot);
        // From a dimension's heading one goes on to its own items.
        let start = order.iter().position(|id| *id == self.item);
        let dimension = self.audit.standard.dimensions.iter().find(|dimension| dimension.id == self.item);
        let below = dimension.and_then(|dimension| dimension.items.first()).map(|item| item.id.clone());
        let below = below.and_then(|first| order.iter().position(|id| *id == first)).unwrap_or(0);
        let count = order.len().max(1);
        let at = start.unwrap_or(if forward { (below + count - 1) % count } else { below });
        let around = (1..=count).map(|by| if forward { (at + by) % count } else { (at + count - by) % count });
        let around: Vec<&String> = around.filter_map(|index| order.get(index)).collect();
        let here = around.iter().find(|id| self.slots_of(id).iter().any(open)).map(|id| (**id).clone());
        if here.is_some() && self.pane == Pane::Code && (self.size.0 < layout::WIDE || self.zoom) {
            // Where only one pane is on the screen, the question is what one goes on to.
            self.pane = Pane::Item;
        }
        if let Some(id) = here {
            return self.show_item(&id);
        }
        let elsewhere = around.iter().find_map(|id| {
            let slot = self.slots_in_all_modes(id).into_iter().find(open)?;
            Some(((**id).clone(), slot.mode?))
        });
        match elsewhere {
            Some((id, mode)) => {
                self.mode = self.audit.now.modes.iter().position(|known| *known == mode);
                self.show_item(&id);
                self.say(format!("Nothing is open in the mode before; answers are for {mode} now."));
            }
            None => {
                let key = self.keymap.key(Act::Review).unwrap_or_default();
                self.say(format!("Every item is answered; {key} reviews the audit."));
            }
        }
    }

    // Findings and the record

    fn findings(&mut self) {
        let mut entries = vec![Entry {
            value: Value::Finding(None),
            label: "new finding on this item".to_owned(),
            detail: String::new(),
        }];
        for (id, found) in &self.audit.now.findings {
            let detail = if found.withdrawn.is_some() { "withdrawn".to_owned() } else { found.finding.items.join(" ") };
            entries.push(Entry { value: Value::Finding(Some(*id)), label: finding::line(*id, &found.finding), detail });
        }
        self.popups.push(Popup::list(Picker::new("Findings", entries, false), Purpose::Findings));
    }

    fn pick_evidence(&mut self) {
        let Some(Popup::Form(_, Filling::Finding { evidence, .. })) = self.popups.last() else { return };
        let entries: Vec<Entry<Value>> =
            self.audit.now.evidence.iter().map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.warn("There is no evidence yet.");
        }
        let marked = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| matches!(entry.value, Value::Piece(id) if evidence.contains(&id)))
            .map(|(at, _)| at)
            .collect();
        let mut picker = Picker::new("Evidence of the finding", entries, true);
        picker.marked = marked;
        self.popups.push(Popup::list(picker, Purpose::FindingEvidence));
    }

    pub(super) fn reviewed(&mut self, reviewed: &Reviewed) {
        let fresh = pages::review(self, Some(reviewed));
        if let Some(Popup::Page(page)) =
            self.popups.iter_mut().find(|popup| matches!(popup, Popup::Page(page) if page.review))
        {
            let cursor = page.cursor;
            *page = Page { cursor, top: page.top, ..fresh };
            page.step(0);
        }
    }

    fn export(&mut self) {
        if matches!(self.popups.last(), Some(Popup::Page(_))) {
            self.popups.pop();
        }
        if self.is_read_only() {
            return self.refuse();
        }
        let shown = |path: &Option<std::path::PathBuf>| {
            path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
        };
        let form = Form::new(
            "Export a record",
            vec![
                FormField::line(
                    "db",
                    "Audit database",
                    "a checkout of it, or an empty folder",
                    &shown(&self.preferences.db),
                ),
                FormField::choice(
                    "sign",
                    "Sign",
                    "with your SSH key; the terminal is handed over while it asks",
                    &["yes", "no"],
                    "yes",
                ),
                FormField::line(
                    "key",
                    "Key",
                    "a private key's file, or a .pub whose other half an agent holds",
                    &shown(&self.preferences.key),
                ),
                FormField::choice(
                    "partial",
                    "Open items may be part of it",
                    "the record then says that the audit is not finished",
                    &["no", "yes"],
                    "no",
                ),
                FormField::choice(
                    "secrets",
                    "What looks like a secret was looked at",
                    "publishes such excerpts as they are",
                    &["no", "yes"],
                    "no",
                ),
            ],
        );
        self.popups.push(Popup::Form(Box::new(form), Filling::Export));
    }

    pub(super) fn exported(&mut self, result: Result<Exported>) {
        match result {
            Ok(exported) => {
                self.append(exported.entries.clone());
                if let Some(Popup::Form(form, Filling::Export)) = self.popups.pop_if(is_export) {
                    self.preferences.db = Some(form.text("db").trim().into());
                    if form.text("sign") == "yes" {
                        self.preferences.key = Some(form.text("key").trim().into());
                    }
                }
                let popup = pages::message(self, &exported.audit_id, &exported.said);
                self.popups.push(popup);
            }
            Err(error) => {
                // Hints that name options are for the command line; the form below has a field for each.
                let hints = error.hints.iter().filter(|hint| !hint.contains("--")).cloned();
                let said: Vec<String> = std::iter::once(error.message.clone()).chain(hints).collect();
                let popup = pages::message(self, "Nothing was exported", &said);
                self.popups.push(popup);
            }
        }
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

    // Popups

    fn list_by(&mut self, by: isize) {
        match self.popups.last_mut() {
            Some(Popup::List(picker, _)) => picker.step(by),
            Some(Popup::Search(search)) => {
                let last = search.hits.len().saturating_sub(1);
                search.cursor = search.cursor.saturating_add_signed(by).min(last);
            }
            _ => {}
        }
    }

    fn take_search(&mut self) {
        let Some(Popup::Search(search)) = self.popups.last() else { return };
        match &search.ended {
            Some(Ok(found)) => {
                let kind = Kind::Search(found.clone());
                self.popups.pop();
                self.attach(vec![kind]);
            }
            Some(Err(why)) => {
                let why = why.clone();
                self.warn(why);
            }
            None if search.asked.pattern.is_empty() => self.warn("Nothing is searched for yet."),
            None => self.warn("The search is not done yet."),
        }
    }

    fn cancel(&mut self) {
        match self.popups.last_mut() {
            Some(Popup::Form(form, _)) if form.changed && form.wrong.as_deref() != Some(UNSAVED) => {
                // What was written is not thrown away by one key.
                form.wrong = Some(UNSAVED.to_owned());
            }
            Some(Popup::Text(text)) if text.is_changed() && !text.warned => text.warned = true,
            Some(Popup::Text(text)) => {
                let writing = text.writing.clone();
                self.popups.pop();
                if let Writing::Find(cursor, top) = writing {
                    self.unfind(cursor, top);
                }
            }
            _ => {
                self.popups.pop();
            }
        }
    }

    /// Puts everything back where it was before the search in the file.
    fn unfind(&mut self, cursor: usize, top: usize) {
        (self.pattern, self.walk) = std::mem::take(&mut self.before_find);
        if let Some(doc) = &mut self.doc {
            doc.search(if self.walk == Walk::File { &self.pattern } else { "" });
            doc.go(cursor);
            doc.top = top;
        }
    }

    /// Asks why the finding in the form is withdrawn.
    fn withdraw(&mut self) {
        let Some(Popup::Form(form, Filling::Finding { id, .. })) = self.popups.last_mut() else { return };
        let found = id.and_then(|id| Some((id, self.audit.now.findings.get(&id)?)));
        match found {
            None => form.wrong = Some("This finding is not written yet; there is nothing to withdraw.".to_owned()),
            Some((id, found)) if found.withdrawn.is_some() => form.wrong = Some(format!("{id} is withdrawn already.")),
            Some(_) if form.changed => {
                form.wrong = Some("Something was changed here: save it first, or close the form.".to_owned());
            }
            Some((id, _)) => self.write(
                &format!("Why {id} is withdrawn as mistaken"),
                "it stays in the audit's history, and counts no more",
                Field::line(""),
                Writing::Withdraw(id),
            ),
        }
    }

    fn save(&mut self) {
        match self.popups.last() {
            Some(Popup::Form(..)) => self.save_form(),
            _ => self.accept(),
        }
    }

    fn save_form(&mut self) {
        let Some(Popup::Form(form, filling)) = self.popups.last() else { return };
        let outcome = match filling {
            Filling::Finding { id, evidence, take } => finding::read(form).and_then(|read| {
                if let Some(item) = read.items.iter().find(|item| self.audit.standard.item(item).is_none()) {
                    return Err(format!("The standard has no item `{item}`."));
                }
                let (number, events) = finding::events(self, *id, read, evidence, take.as_deref());
                Ok((events, format!("{number} is written")))
            }),
            Filling::Export => {
                let (db, key) = (form.text("db"), form.text("key"));
                let sign = form.text("sign") == "yes";
                if db.trim().is_empty() {
                    Err("Say where the audit database is.".to_owned())
                } else if sign && key.trim().is_empty() {
                    Err("Say which key signs, or choose not to sign.".to_owned())
                } else {
                    let wanted = ExportWanted {
                        db: db.trim().into(),
                        key: sign.then(|| key.trim().into()),
                        partial: form.text("partial") == "yes",
                        secrets_reviewed: form.text("secrets") == "yes",
                    };
                    // The form stays until the record is there: whatever is wrong is mended in it.
                    self.effects.push(Effect::Export(wanted));
                    return;
                }
            }
        };
        match outcome {
            Ok((events, _)) if events.is_empty() => {
                self.popups.pop();
                self.say("Nothing was changed.");
            }
            Ok((events, said)) => {
                let form = self.popups.pop();
                let selection = matches!(&form, Some(Popup::Form(_, Filling::Finding { take: Some(_), .. })));
                self.act_from(form, events, said);
                self.spent.selection = selection && self.doing.is_some();
            }
            Err(why) => {
                if let Some(Popup::Form(form, _)) = self.popups.last_mut() {
                    form.wrong = Some(why);
                }
            }
        }
    }

    fn accept(&mut self) {
        match self.popups.last_mut() {
            Some(Popup::Form(form, _)) => form.enter(),
            Some(Popup::Page(page)) => {
                let go = page.lines.get(page.cursor).and_then(|(_, go)| go.clone());
                match go {
                    None => {}
                    Some(Go::Piece(id)) => self.show_piece(id),
                    Some(Go::Finding(id)) => finding::open(self, Some(id)),
                    Some(Go::Slot(slot)) => {
                        self.popups.clear();
                        self.turn_to(&slot);
                    }
                    Some(Go::Place(path, line)) => {
                        self.popups.clear();
                        self.visit(&path, line);
                        self.pane = Pane::Code;
                    }
                }
            }
            Some(Popup::Search(search)) => {
                let (at, pattern) = (search.cursor, search.pattern.text());
                let Some(hit) = search.hits.get(at).cloned() else {
                    // What was typed stays there to be mended.
                    return match search.ended {
                        Some(_) => self.warn("The search has no hit."),
                        None if pattern.is_empty() => self.warn("Nothing is searched for yet."),
                        None => self.warn("No hit yet; the search is not done."),
                    };
                };
                let hits = std::mem::take(&mut search.hits);
                self.popups.pop();
                self.pattern = pattern;
                self.visit(&hit.path, line_of(hit.line));
                self.pane = Pane::Code;
                self.say(format!("Hit {} of {}", at + 1, hits.len()));
                self.walk = Walk::Repo(hits, at);
            }
            Some(Popup::Text(_)) => self.written(),
            Some(Popup::List(..)) => self.picked(),
            None => {}
        }
    }

    fn written(&mut self) {
        let Some(Popup::Text(text)) = self.popups.pop() else { return };
        let said = text.field.text().trim().to_owned();
        let reason = (!said.is_empty()).then(|| said.clone());
        let lacks = match &text.writing {
            _ if reason.is_some() => None,
            Writing::Answer(_, answer) if answer.needs_reason() => {
                let answer = item::spoken(answer.word());
                Some(format!("`{answer}` needs a reason."))
            }
            Writing::Fact(_, value) if value == score::UNKNOWN => Some("`unknown` needs a reason.".to_owned()),
            Writing::Redact(_) => Some("A redaction needs a reason.".to_owned()),
            Writing::Withdraw(_) => Some("A withdrawal needs a reason.".to_owned()),
            _ => None,
        };
        if let Some(lacks) = lacks {
            self.popups.push(Popup::Text(text));
            return self.warn(lacks);
        }
        match text.writing.clone() {
            Writing::Answer(slots, answer) => self.give(vec![(reason, slots)], answer),
            Writing::Fact(slots, value) => self.give_fact(vec![(reason, slots)], value),
            Writing::Note(slots) => {
                let new = |slot: &Option<Slot>| *self.audit.now.notes.get(slot).unwrap_or(&String::new()) != said;
                let slots: Vec<Option<Slot>> = slots.into_iter().filter(new).collect();
                if slots.is_empty() {
                    return self.say("The note is as it was.");
                }
                let events = slots.into_iter().map(|slot| Event::Noted { slot, text: said.clone() }).collect();
                self.act(events, if said.is_empty() { "The note is removed" } else { "The note is written" });
            }
            Writing::GoLine => {
                let height = self.height(Pane::Code);
                let Some(doc) = &mut self.doc else { return };
                let lines = doc.text.lines();
                match said.parse::<usize>() {
                    Ok(line) if line > 0 => {
                        doc.jump(line - 1, height);
                        self.pane = Pane::Code;
                        if line > lines {
                            self.say(format!("The file has {}.", count(lines, "line", "lines")));
                        }
                    }
                    _ => {
                        self.warn(format!("`{}` is no line number.", display::line(&said)));
                        self.popups.push(Popup::Text(text));
                        return;
                    }
                }
            }
            Writing::Find(cursor, top) if text.field.text().is_empty() => self.unfind(cursor, top),
            Writing::Find(..) => {
                let found = self.doc.as_ref().map_or(0, |doc| doc.found.len());
                let (next, before) = (
                    self.keymap.key(Act::NextHit).unwrap_or_default(),
                    self.keymap.key(Act::PreviousHit).unwrap_or_default(),
                );
                self.pane = Pane::Code;
                match found {
                    0 => self.warn("No hit in this file."),
                    1 => self.say("1 hit"),
                    _ => self.say(format!("{found} hits; {next} and {before} walk through them")),
                }
            }
            Writing::Mode => {
                self.act(vec![Event::ModeDeclared { mode: said.clone() }], format!("The mode {said} is declared"));
            }
            Writing::Redact(id) => {
                self.act(vec![Event::Redacted { id, reason: said }], format!("{id} is redacted"));
            }
            Writing::Withdraw(id) => {
                // The form below shows what is withdrawn.
                if matches!(self.popups.last(), Some(Popup::Form(..))) {
                    self.popups.pop();
                }
                self.act(vec![Event::FindingWithdrawn { id, reason: said }], format!("{id} is withdrawn"));
            }
            Writing::Shows => {
                if let Some(Popup::List(_, Purpose::Attach(take))) = self.popups.last_mut() {
                    take.shows = reason;
                }
            }
        }
        self.held = self.doing.is_some().then_some(Popup::Text(text));
    }

    fn give_fact(&mut self, given: Vec<(Option<String>, Vec<Slot>)>, value: String) {
        let slots: Vec<&Slot> = given.iter().flat_map(|(_, slots)| slots).collect();
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let evidenced = |slot: &Slot| self.audit.now.evidenced(&Subject::Fact(slot.clone()));
        let supported = given.iter().all(|(reason, slots)| reason.is_some() || slots.iter().all(evidenced));
        let without = if supported { "" } else { "; it still needs evidence or a reason" };
        let said = format!("{}: {value}{without}", names.join(", "));
        let events = given.into_iter().map(|(reason, slots)| Event::FactSet { slots, value: value.clone(), reason });
        let events = events.collect();
        self.act(events, said);
    }

    fn picked(&mut self) {
        let before = self.popups.last().cloned();
        let Some(Popup::List(picker, purpose)) = self.popups.pop() else { return };
        self.pick(&picker, purpose);
        if self.doing.is_some() {
            // It comes back, marks and words and all, where the act cannot be written.
            self.held = before;
        }
    }

    fn pick(&mut self, picker: &Picker<Value>, purpose: Purpose) {
        let picked = picker.picked();
        let Some(first) = picked.first().cloned() else { return };
        match (purpose, first) {
            (Purpose::Palette, Value::Act(act)) if works_on_main(act.row()) => self.perform(act),
            (Purpose::Palette, Value::Act(act)) => {
                let keys = self.keymap.key(act).unwrap_or("no key".to_owned());
                let place = act.row().contexts[0].title().to_lowercase();
                self.say(format!("{} works in: {place} ({keys}).", act.row().id));
            }
            (Purpose::Files, Value::Path(path)) => self.open_file(&path),
            (Purpose::Attach(take), _) => {
                let mut to: Vec<Subject> = Vec::new();
                for value in &picked {
                    if let Value::Subjects(subjects) = value {
                        to.extend(subjects.iter().filter(|subject| !to.contains(subject)).cloned().collect::<Vec<_>>());
                    }
                }
                self.file(*take, &to);
            }
            (Purpose::Extend(region), Value::Piece(id)) => {
                let place = item::place(&region.path, region.first, region.last, 60);
                let written = self.act(vec![Event::RegionAdded { id, region: *region }], format!("{id} gains {place}"));
                if let Some(doc) = self.doc.as_mut().filter(|_| written) {
                    doc.anchor = None;
                }
            }
            (Purpose::Reuse(to), _) => {
                let ids: Vec<EvidenceId> = picked
                    .iter()
                    .filter_map(|value| match value {
                        Value::Piece(id) => Some(*id),
                        _ => None,
                    })
                    .collect();
                let events: Vec<Event> = ids.iter().filter_map(|id| self.audit.attach(*id, &to)).collect();
                let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let backed: Vec<String> = to.iter().map(ToString::to_string).collect();
                let verb = if ids.len() == 1 { "backs" } else { "back" };
                self.act(events, format!("{} {verb} {}", names.join(", "), backed.join(", ")));
            }
            (Purpose::Batch, _) => {
                let mut events = Vec::new();
                // Where nothing is marked, nothing is answered: the row under the cursor is not picked by chance.
                for entry in picker.marked.iter().map(|at| &picker.entries[*at]) {
                    let Value::Slots(slots) = &entry.value else { continue };
                    let hint = slots
                        .first()
                        .and_then(|slot| self.audit.standard.item(&slot.id))
                        .and_then(|(_, item)| item.not_applicable.as_ref());
                    let reason = hint.map(|rule| rule.hint.clone());
                    events.push(Event::Answered { slots: slots.clone(), answer: Answer::NotApplicable, reason });
                }
                if events.is_empty() {
                    return self.say("Nothing was marked, so nothing is answered.");
                }
                let said = format!("{}: not applicable", count(events.len(), "item", "items"));
                self.act(events, said);
            }
            (Purpose::Pieces, Value::Piece(id)) => self.show_piece(id),
            (Purpose::Findings, Value::Finding(id)) => finding::open(self, id),
            (Purpose::Facts, Value::Fact(id)) => self.fact_values(&id),
            (Purpose::FactValues(slots), Value::FactValue(value)) => {
                let facts = &self.audit.now.facts;
                let before = |slot: &Slot| {
                    facts.get(slot).filter(|stated| stated.value == value).and_then(|stated| stated.reason.clone())
                };
                if value == score::UNKNOWN {
                    let before = slots.iter().find_map(before);
                    self.write(
                        "Why it could not be determined",
                        "the record prints it",
                        Field::block(&before.unwrap_or_default()),
                        Writing::Fact(slots, value),
                    );
                } else {
                    let given = by_reason(slots, before);
                    self.give_fact(given, value);
                }
            }
            (Purpose::Audits, Value::Audit(name)) => self.effects.push(Effect::Switch(name)),
            (Purpose::FindingEvidence, _) => {
                if let Some(Popup::Form(form, Filling::Finding { evidence, .. })) = self.popups.last_mut() {
                    // Where nothing is marked, nothing is meant: the row under the cursor is not picked by chance.
                    *evidence = picker
                        .marked
                        .iter()
                        .filter_map(|at| match picker.entries[*at].value {
                            Value::Piece(id) => Some(id),
                            _ => None,
                        })
                        .collect();
                    form.changed = true;
                    form.wrong = None;
                }
            }
            _ => {}
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
