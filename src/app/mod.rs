//! Floor 2: the workbench's state machine. It draws nothing and reaches for nothing: messages come in, effects go out.
//!
//! | file | what it holds |
//! |---|---|
//! | [`action`], [`key`], [`keymap`] | the table of actions, keys as they are written, which key does what |
//! | [`msg`] | messages and effects |
//! | [`checklist`], [`tree`], [`doc`], [`item`] | the panes |
//! | [`popup`], [`picker`], [`form`], [`field`] | what lies over the panes |
//! | [`carried`] | what was taken over from an older audit |
//! | [`pages`], [`finding`] | help, log, review and the like; a finding as a form |
//! | [`coverage`] | the map of what was opened and reviewed |
//! | [`reading`] | which lines stood on the screen long enough to be read |
//! | [`peek`] | the file beside a list of hits |
//! | [`past`] | who brought each line, older versions, what changed |
//! | [`leads`] | what leads found, by file, without what is muted |
//! | [`layout`], [`line`], [`text`] | where things stand, lines with a meaning, a file's lines |
//! | [`trail`] | where the reader was |
//! | `perform` | what each action does |

pub mod action;
pub mod browse;
pub mod carried;
pub mod checklist;
pub mod coverage;
pub mod doc;
pub mod field;
pub mod finding;
pub mod form;
pub mod item;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod leads;
pub mod line;
pub mod msg;
pub mod pages;
pub mod past;
pub mod peek;
mod perform;
pub mod picker;
pub mod popup;
pub mod reading;
pub mod text;
pub mod trail;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::ThemeName;
use crate::error::{Error, Result};
use crate::export::describe_act;
use crate::model::answer::{Answer, State};
use crate::model::audit::{Audit, Gap};
use crate::model::event::{Event, Subject};
use crate::model::evidence::{Kind as EvidenceKind, RepoPath};
use crate::model::score::{self, Inputs, Score, Slot};
use crate::repo::{Entry, Hit, display};
use action::{Act, Context};
use checklist::{Checklist, Row};
use doc::Doc;
use key::Key;
use keymap::{Keymap, Meaning};
use layout::Areas;
use leads::{Listed, Mutes, Pointing};
use msg::{Did, Effect, LeadFound, Loaded, Mouse, Msg};
use popup::{Popup, RepoSearch};
use trail::{Stop, Trail};
use tree::Tree;

pub use perform::{HINTS, hint};

/// How many rows the mouse's wheel turns.
const WHEEL: isize = 3;

/// How many items are offered first when evidence is attached, because they were used last.
const RECENT: usize = 6;

/// A pane of the main screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    /// The checklist, or the files.
    #[default]
    List,
    /// The code.
    Code,
    /// The item.
    Item,
}

/// What the user prefers.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    /// The theme.
    pub theme: ThemeName,
    /// Only ASCII is drawn.
    pub ascii: bool,
    /// No colour is drawn.
    pub no_color: bool,
    /// The mouse is used.
    pub mouse: bool,
    /// Where the audit database's checkout is, as far as it is known.
    pub db: Option<PathBuf>,
    /// The key to sign with.
    pub key: Option<PathBuf>,
}

/// What the workbench starts with.
pub struct Start {
    /// The audit.
    pub audit: Audit,
    /// The files at the pin.
    pub files: Vec<Entry>,
    /// What a budget left out of them.
    pub cut: Option<String>,
    /// Keys.
    pub keymap: Keymap,
    /// Preferences.
    pub preferences: Preferences,
    /// The screen's columns and rows.
    pub size: (u16, u16),
    /// Where the reader was, as [`App::place`] told.
    pub place: Option<String>,
    /// The step of the first-run hints; `None` when they are done.
    pub hint: Option<usize>,
    /// Why nothing can be written, if nothing can.
    pub read_only: Option<String>,
}

/// What to tell the user, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The text.
    pub text: String,
    /// Something went wrong.
    pub error: bool,
}

/// The answer that `repeat` gives again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAnswer {
    /// The answer.
    pub answer: Answer,
    /// Its reason.
    pub reason: Option<String>,
}

/// Which hits the keys for the next hit walk through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Walk {
    /// None yet.
    #[default]
    Nothing,
    /// Those of the search in the file.
    File,
    /// Those of the search in the repository: the hits, and the one that was shown last.
    Repo(Vec<Hit>, usize),
    /// The places that leads of any item point at, and the one that was shown last.
    Leads(Vec<Hit>, usize),
}

/// Where the reader is, for the next time.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    pane: Pane,
    item: String,
    mode: Option<usize>,
    all_modes: bool,
    file: Option<RepoPath>,
    line: usize,
    top: usize,
    files: bool,
    by_file: bool,
    sweep: bool,
    recent: Vec<RepoPath>,
}

/// What an act uses up, once it is written.
#[derive(Debug, Default)]
struct Spent {
    answer: Option<LastAnswer>,
    items: Vec<String>,
    selection: bool,
}

/// The workbench.
pub struct App {
    /// The audit.
    pub audit: Audit,
    /// What its score depends on.
    pub inputs: Inputs,
    /// Its score.
    pub score: Score,
    /// What keeps it from being final.
    pub gaps: Vec<Gap>,
    /// The files at the pin.
    pub files: Vec<Entry>,
    /// The rows of the list to find a file in, once it was shown.
    file_rows: Option<Arc<Vec<picker::Entry<popup::Value>>>>,
    /// What a budget left out of them.
    pub cut: Option<String>,
    /// Keys.
    pub keymap: Keymap,
    /// Preferences.
    pub preferences: Preferences,
    /// The screen's columns and rows.
    pub size: (u16, u16),
    /// The pane with the focus.
    pub pane: Pane,
    /// The pane with the focus has the whole screen.
    pub zoom: bool,
    /// The list pane shows files.
    pub shows_files: bool,
    /// The checklist.
    pub checklist: Checklist,
    /// The files as a tree.
    pub tree: Tree,
    /// The file in the code pane.
    pub doc: Option<Doc>,
    /// A path that is not shown as text, and why.
    pub other: Option<(RepoPath, String)>,
    /// The item or fact in the item pane: its id. Answers are given to it. A dimension's id shows where it stands.
    pub item: String,
    /// The row under the cursor in the item pane, and the first row on the screen.
    pub item_cursor: usize,
    /// The first row of the item pane on the screen.
    pub item_top: usize,
    /// The mode to answer for, an index; `None` answers for all.
    pub mode: Option<usize>,
    /// What lies over the panes, the topmost last.
    pub popups: Vec<Popup>,
    /// Keys pressed that may become a longer one.
    pub pending: Vec<Key>,
    /// What to tell the user.
    pub notice: Option<Notice>,
    /// Why nothing can be written, or why the last act was not.
    pub unsaved: Option<String>,
    /// What leads found, by item; an item is missing, or has an empty list, while they run.
    pub leads: BTreeMap<String, Vec<LeadFound>>,
    /// How many hits they have so far, while they run.
    pub leads_so_far: u64,
    /// What is muted.
    pub mutes: Mutes,
    /// Muted hits are listed and walked through as well.
    pub shows_muted: bool,
    /// What the leads of the item that is shown found, by file.
    pub listed: Listed,
    /// What `listed` was made from: the item, the next event's number, how many times leads came, whether it has all.
    listed_of: Option<(String, u64, u64, bool)>,
    /// How many times leads came.
    leads_came: u64,
    /// The lead's hit that was shown last: indexes of the lead and the hit.
    pub lead_at: Option<(usize, usize)>,
    /// What each accepted answer of the item would do.
    pub would: Vec<item::Would>,
    /// The walk through hits.
    pub walk: Walk,
    /// The pattern of the last search in a file.
    pub pattern: String,
    /// The pattern of the last search in the repository of which a hit was gone to.
    searched: Box<RepoSearch>,
    /// The answer that can be repeated.
    pub last: Option<LastAnswer>,
    /// Items used last, the newest first.
    pub recent: Vec<String>,
    /// Where the reader was.
    pub trail: Trail,
    /// The step of the first-run hints.
    pub hint: Option<usize>,
    /// What there is to read, and how much of it was read.
    pub coverage: coverage::Map,
    /// Who brought each line is shown beside the code.
    pub blames: bool,
    /// Who brought the lines of the file in the code pane, as far as it was asked for.
    pub blame: Option<past::Blame>,
    /// The question about the past that was asked last.
    asked: u64,
    /// How many popups were open then.
    asked_over: usize,
    /// The question about the past whose page was opened last, in parts.
    paged: u64,
    /// What to say when the act that is being written is written.
    doing: Option<String>,
    /// What the act was written in; it comes back where the act is refused.
    held: Option<Popup>,
    /// The pattern and the walk before the search that is being typed.
    before_find: (String, Walk),
    read_only: bool,
    tickets: u64,
    effects: Vec<Effect>,
    places: BTreeMap<RepoPath, (usize, usize)>,
    /// The file that was asked for and is not there yet, and its line.
    loading: Option<(RepoPath, usize)>,
    /// What is remembered once the act that is being written is written: the answer, and the items that were used.
    spent: Spent,
    would_of: Option<(String, Option<usize>, u64)>,
    dragging: bool,
    /// Steps of the first-run hints that were done, in whatever order.
    hinted: BTreeSet<usize>,
    /// The row clicked last: how many popups there were, the pane, the row.
    clicked: Option<(usize, Pane, usize)>,
    /// Quitting was asked for once, and would lose something that is written.
    leaving: bool,
}

impl App {
    /// Returns the workbench as it stands before the first key, and what it asks for.
    pub fn new(start: Start) -> (App, Vec<Effect>) {
        let inputs = start.audit.inputs();
        let score = score::score(&start.audit.standard, &inputs);
        let gaps = start.audit.gaps();
        let first = start.audit.standard.items().next().map(|(_, item)| item.id.clone()).unwrap_or_default();
        let mut app = App {
            audit: start.audit,
            inputs,
            score,
            gaps,
            files: start.files,
            file_rows: None,
            cut: start.cut,
            keymap: start.keymap,
            preferences: start.preferences,
            size: start.size,
            pane: Pane::List,
            zoom: false,
            shows_files: false,
            checklist: Checklist::default(),
            tree: Tree::default(),
            doc: None,
            other: None,
            item: first,
            item_cursor: 0,
            item_top: 0,
            mode: Some(0),
            popups: Vec::new(),
            pending: Vec::new(),
            notice: None,
            read_only: start.read_only.is_some(),
            unsaved: start.read_only,
            leads: BTreeMap::new(),
            leads_so_far: 0,
            mutes: Mutes::default(),
            shows_muted: false,
            listed: Listed::default(),
            listed_of: None,
            leads_came: 0,
            lead_at: None,
            would: Vec::new(),
            walk: Walk::Nothing,
            pattern: String::new(),
            searched: Box::default(),
            last: None,
            recent: Vec::new(),
            trail: Trail::default(),
            hint: start.hint,
            coverage: coverage::Map::default(),
            blames: false,
            blame: None,
            asked: 0,
            asked_over: 0,
            paged: 0,
            doing: None,
            held: None,
            before_find: Default::default(),
            tickets: 0,
            effects: Vec::new(),
            places: BTreeMap::new(),
            loading: None,
            spent: Spent::default(),
            would_of: None,
            dragging: false,
            hinted: BTreeSet::new(),
            clicked: None,
            leaving: false,
        };
        app.mutes = Mutes::new(&app.audit.now.muted);
        if app.audit.standard.items().any(|(_, item)| !item.leads.is_empty()) {
            app.effects.push(Effect::Leads);
        } else {
            app.coverage.pointed = Some(Pointing::default());
        }
        app.tree.start(&app.files);
        if let Some(cut) = app.cut.clone() {
            // What a budget left out is missing from every search too; the auditor is told before anything else.
            app.warn(cut);
        }
        let place = start.place.and_then(|text| serde_json::from_str::<Place>(&text).ok());
        match place {
            Some(place) => app.resume(place),
            None => {
                app.list();
                // Work begins at the first thing that is open, in the default mode if there is one.
                let open: Vec<Slot> = app.open_slots().cloned().collect();
                let default = app.audit.now.modes.first();
                let first =
                    open.iter().find(|slot| slot.mode.is_none() || slot.mode.as_ref() == default).or(open.first());
                if let Some(slot) = first {
                    app.turn_to(slot);
                }
                let readme = app
                    .files
                    .iter()
                    .find(|entry| entry.is_file() && entry.path.0.to_ascii_lowercase().starts_with(b"readme"));
                if let Some(path) =
                    readme.or(app.files.iter().find(|entry| entry.is_file())).map(|entry| entry.path.clone())
                {
                    app.load(path, 0);
                }
            }
        }
        app.settle();
        let effects = std::mem::take(&mut app.effects);
        (app, effects)
    }

    fn resume(&mut self, place: Place) {
        self.pane = place.pane;
        self.shows_files = place.files;
        self.checklist.by_file = place.by_file;
        self.checklist.sweep = place.sweep;
        self.trail.recent = place.recent;
        self.mode = if place.all_modes { None } else { Some(place.mode.unwrap_or(0)) };
        if self.mode.is_some_and(|mode| mode >= self.audit.now.modes.len()) {
            self.mode = Some(0);
        }
        self.list();
        let standard = &self.audit.standard;
        if standard.item(&place.item).is_some() || standard.fact(&place.item).is_some() {
            self.show_item(&place.item);
        } else if let Some(index) = standard.dimensions.iter().position(|dimension| dimension.id == place.item) {
            let heading = self.checklist.rows.iter().position(|row| *row == Row::Dimension(index));
            self.checklist.cursor = heading.unwrap_or(0);
        }
        if let Some(path) = place.file
            && self.files.iter().any(|entry| entry.path == path)
        {
            self.places.insert(path.clone(), (place.line, place.top));
            self.load(path, place.line);
        }
    }

    /// Tells where the reader is, for the next time.
    pub fn place(&self) -> String {
        let file =
            self.doc.as_ref().map(|doc| doc.text.path.clone()).or(self.other.as_ref().map(|(path, _)| path.clone()));
        let place = Place {
            pane: self.pane,
            item: self.item.clone(),
            mode: self.mode,
            all_modes: self.mode.is_none(),
            file,
            line: self.doc.as_ref().map_or(0, |doc| doc.cursor),
            top: self.doc.as_ref().map_or(0, |doc| doc.top),
            files: self.shows_files,
            by_file: self.checklist.by_file,
            sweep: self.checklist.sweep,
            recent: self.trail.recent.clone(),
        };
        serde_json::to_string(&place).unwrap_or_default()
    }

    /// Takes a message, and returns what is to be done.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        // Rows of the item pane come and go with these; its cursor stays on what it is on.
        let moves = matches!(msg, Msg::Acted(_) | Msg::Leads(_) | Msg::Exported(_));
        let under = moves.then(|| (self.item.clone(), self.target_under()));
        match msg {
            Msg::Key(key) => self.key(key),
            Msg::Paste(text) => self.paste(&text),
            Msg::Mouse(mouse) => self.mouse(mouse),
            Msg::Resize(columns, rows) => {
                self.size = (columns, rows);
                self.renew_carried();
            }
            Msg::Acted(result) => self.acted(result),
            Msg::Loaded { path, line, result } => self.loaded(path, line, result),
            Msg::Hits { ticket, hits } => {
                match self.popups.last_mut() {
                    Some(Popup::Search(search)) if search.ticket == ticket => search.take(ticket, hits),
                    // Nobody waits for them any more, and keys may.
                    _ => return Vec::new(),
                }
            }
            Msg::Searched { ticket, result } => {
                if let Some(Popup::Search(search)) = self.popups.last_mut() {
                    search.end(ticket, result);
                }
            }
            Msg::Narrowed { ticket, shown } => {
                if let Some(Popup::List(picker, _)) = self.popups.last_mut() {
                    picker.take(ticket, shown);
                }
            }
            Msg::Peeked { path, result } => self.peeked(path, result),
            Msg::Odd { ticket, odd } => match self.odd_page(ticket) {
                Some(page) => pages::odd(page, odd),
                None => return Vec::new(),
            },
            Msg::Looked { ticket, result } => {
                if let Some(page) = self.odd_page(ticket) {
                    pages::looked(page, result);
                }
            }
            Msg::LeadsSoFar(hits) => self.leads_so_far = hits,
            Msg::Leads(leads) => {
                self.leads = leads;
                self.leads_came += 1;
                self.point();
                if self.checklist.by_file {
                    self.list();
                }
            }
            Msg::Extent(result) => self.counted(result),
            Msg::Coloured(coloured) => {
                if let Some(Popup::Search(search)) = self.popups.last_mut()
                    && let Some(doc) = search.peek.doc_mut()
                {
                    doc.colour(coloured.clone());
                }
                if let Some(doc) = &mut self.doc {
                    doc.colour(coloured);
                }
            }
            Msg::Told { ticket, told } => self.told(ticket, *told),
            Msg::Outlined(outlined) => self.outlined(outlined),
            Msg::Reviewed(result) => match result {
                Ok(reviewed) => self.reviewed(&reviewed),
                Err(error) => self.fail(&error),
            },
            Msg::Exported(result) => self.exported(result),
            Msg::Audits(result) => match result {
                // Who has opened something else meanwhile does not type into this.
                Ok(rows) if self.popups.is_empty() => self.popups.push(popup::audits(rows)),
                Ok(_) => {}
                Err(error) => self.fail(&error),
            },
            Msg::Done(result) => match result {
                Ok(text) => self.say(text),
                Err(error) => self.fail(&error),
            },
        }
        self.settle();
        if let Some((item, target)) = under
            && item == self.item
            && target != item::Target::Nothing
        {
            let rows = item::rows(self, self.item_width());
            let same = (0..rows.len()).filter(|at| rows[*at].target == target);
            if let Some(at) = same.min_by_key(|at| at.abs_diff(self.item_cursor)) {
                self.item_cursor = at;
                self.item_top = layout::follow(self.item_top, at, self.height(Pane::Item), rows.len());
            }
        }
        std::mem::take(&mut self.effects)
    }

    /// Tells whether nothing can be written in this session.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Returns the contexts that are active, the most special one first.
    pub fn contexts(&self) -> [Context; 2] {
        let top = match self.popups.last() {
            None => Context::Main,
            Some(popup) => popup.context(),
        };
        [top, Context::Always]
    }

    /// Returns the areas of the main screen; `None` where it is too small.
    pub fn areas(&self) -> Option<Areas> {
        layout::areas(self.size, self.pane, self.zoom, self.hint.is_some())
    }

    /// Returns the content of a pane, if it is on the screen.
    pub fn content(&self, pane: Pane) -> Option<ratatui::layout::Rect> {
        let areas = self.areas()?;
        let area = match pane {
            Pane::List => areas.list,
            Pane::Code => areas.code,
            Pane::Item => areas.item,
        };
        area.map(|area| layout::inner(self.size, area))
    }

    /// Returns how many rows a pane has; a pane that is not on the screen has as many as it would have there.
    pub fn height(&self, pane: Pane) -> usize {
        let there = layout::areas(self.size, pane, self.zoom, self.hint.is_some()).and_then(|areas| match pane {
            Pane::List => areas.list,
            Pane::Code => areas.code,
            Pane::Item => areas.item,
        });
        there.map_or(1, |area| usize::from(layout::inner(self.size, area).height)).max(1)
    }

    /// Returns how many columns of code there are room for, beside marks and line numbers.
    pub fn code_width(&self) -> usize {
        let beside = 10 + self.beside_code();
        let areas = layout::areas(self.size, Pane::Code, self.zoom, self.hint.is_some());
        let area = areas.and_then(|areas| areas.code).map(|area| layout::inner(self.size, area));
        area.map_or(1, |area| usize::from(area.width.saturating_sub(beside)).max(1))
    }

    /// Returns how many columns beside the code tell who brought its lines.
    pub fn beside_code(&self) -> u16 {
        let areas = layout::areas(self.size, Pane::Code, self.zoom, self.hint.is_some());
        let width = areas.and_then(|areas| areas.code).map_or(0, |area| layout::inner(self.size, area).width);
        if self.blames { past::column(width) } else { 0 }
    }

    /// Returns how many columns the item pane has.
    pub fn item_width(&self) -> usize {
        let there = layout::areas(self.size, Pane::Item, self.zoom, self.hint.is_some()).and_then(|areas| areas.item);
        there.map_or(40, |area| usize::from(layout::inner(self.size, area).width))
    }

    fn key(&mut self, key: Key) {
        if self.areas().is_none() {
            // Nobody answers what he cannot see.
            let leaves = [Act::Quit, Act::Suspend, Act::Redraw];
            if let Meaning::Act(act) = self.keymap.meaning(&[Context::Always], &[key])
                && leaves.contains(&act)
            {
                self.perform(act);
            }
            return;
        }
        self.notice = None;
        let contexts = self.contexts();
        if contexts[0].types() {
            self.pending.clear();
            match self.keymap.meaning(&contexts, &[key]) {
                Meaning::Act(Act::Toggle) if !self.popups.last().is_some_and(Popup::is_multi) => self.type_key(key),
                Meaning::Act(act) => self.perform(act),
                _ => self.type_key(key),
            }
            return;
        }
        self.pending.push(key);
        match self.keymap.meaning(&contexts, &self.pending) {
            Meaning::Act(act) => {
                self.pending.clear();
                self.perform(act);
            }
            Meaning::Prefix => {}
            Meaning::Nothing => {
                // The keys are dropped together: the second one of a mistyped pair must not be taken as a command.
                let typed = key::spoken(&self.pending);
                let help = self.keymap.key(Act::Help).unwrap_or_default();
                self.pending.clear();
                self.say(format!("{typed} does nothing here; {help} shows the keys."));
            }
        }
    }

    fn type_key(&mut self, key: Key) {
        self.leaving = false;
        if let Some(popup) = self.popups.last_mut() {
            popup.input(key);
        }
        self.typed();
    }

    /// Pasted text is text where one writes, and nothing elsewhere: its letters must not be taken as commands.
    fn paste(&mut self, text: &str) {
        if self.areas().is_none() {
            return;
        }
        self.pending.clear();
        match self.popups.last_mut() {
            Some(popup) if popup.context().types() => {
                popup.paste(text);
                self.typed();
            }
            _ => self.say("Pasted text is taken only where text is written.".to_owned()),
        }
    }

    /// Tells the user something.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error: false });
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error: true });
    }

    fn fail(&mut self, error: &Error) {
        let hint = error.hints.first().map(|hint| format!(" {hint}")).unwrap_or_default();
        self.warn(display::line(&format!("{}{hint}", error.message)).into_owned());
    }

    /// Says why nothing can be changed.
    fn refuse(&mut self) {
        let why = self.unsaved.clone().unwrap_or_default();
        self.warn(format!("Nothing can be changed here: {why}"));
    }

    /// Writes an act; `said` is told when it is written. Tells whether there is something to write and it may be written.
    fn act(&mut self, events: Vec<Event>, said: impl Into<String>) -> bool {
        if self.read_only {
            self.refuse();
            return false;
        }
        if events.is_empty() {
            return false;
        }
        self.doing = Some(said.into());
        self.effects.push(Effect::Act(events));
        true
    }

    /// Writes an act that was written in a popup, which comes back where the act is refused.
    fn act_from(&mut self, popup: Option<Popup>, events: Vec<Event>, said: impl Into<String>) {
        if self.act(events, said) {
            self.held = popup;
        } else {
            self.popups.extend(popup);
        }
    }

    fn acted(&mut self, result: Result<Vec<(crate::model::event::Entry, crate::model::hash::Sha256)>>) {
        let said = self.doing.take();
        let held = self.held.take();
        let spent = std::mem::take(&mut self.spent);
        match result {
            Ok(entries) => {
                self.last = spent.answer.or(self.last.take());
                for id in &spent.items {
                    self.used(id);
                }
                if let (true, Some(doc)) = (spent.selection, &mut self.doc) {
                    doc.anchor = None;
                }
                let undone = entries.iter().find_map(|(entry, _)| match entry.event {
                    Event::Undone { seq } => Some(("Undone", seq)),
                    Event::Redone { seq } => Some(("Done again", seq)),
                    _ => None,
                });
                self.append(entries);
                match (undone, said) {
                    (Some((word, seq)), _) => self.say(format!("{word}: {}", describe_act(&self.audit, seq))),
                    (None, Some(text)) if !text.is_empty() => self.say(text),
                    _ => {}
                }
            }
            // What does not fit the audit is refused by the journal with a sentence; what cannot be written stays in sight.
            Err(error) => {
                if error.kind == crate::error::Kind::CouldNot {
                    self.unsaved = Some(display::line(&error.message).into_owned());
                }
                self.popups.extend(held);
                self.fail(&error);
            }
        }
    }

    fn append(&mut self, entries: Vec<(crate::model::event::Entry, crate::model::hash::Sha256)>) {
        let appended = !entries.is_empty();
        for (entry, line) in entries.iter().cloned() {
            if let Err(why) = self.audit.push(entry, line) {
                // The journal took it, so this copy is behind; it must not be shown as the truth.
                self.unsaved = Some(why);
                return;
            }
        }
        if !self.read_only && appended {
            self.unsaved = None;
        }
        self.derive();
        self.follow_coverage(&entries);
    }

    /// Brings everything that follows from the audit up to date.
    fn derive(&mut self) {
        self.inputs = self.audit.inputs();
        self.score = score::score(&self.audit.standard, &self.inputs);
        self.gaps = self.audit.gaps();
        self.mutes = Mutes::new(&self.audit.now.muted);
        // A declaration that was undone takes its mode along.
        let modes = self.audit.now.modes.len();
        if self.mode.map_or(modes < 2, |mode| mode >= modes) {
            self.mode = Some(0);
        }
        self.list();
        self.mark();
        if self.popups.iter().any(|popup| matches!(popup, Popup::Page(page) if page.review)) {
            self.effects.push(Effect::Review);
        }
        self.renew_carried();
    }

    /// Lists the checklist's rows. The item that is worked on stays in a sweep until another one is: the next key is meant
    /// for it.
    fn list(&mut self) {
        // On a file's heading the item pane still shows the item before.
        let here = match self.checklist.current() {
            Some(Row::File(_)) => Some(self.item.clone()),
            row => row.and_then(Row::id).map(str::to_owned),
        };
        let before = self.checklist.current().cloned();
        self.list_with(here.as_deref());
        if self.checklist.current() != before.as_ref()
            && let Some(id) = here
        {
            // A row that is gone must not hand its place, and the next answer, to another item.
            self.checklist.show(&id);
        }
    }

    /// Lists the checklist's rows, with this one in any case.
    fn list_with(&mut self, here: Option<&str>) {
        let needs = if self.checklist.by_file { self.needs() } else { Vec::new() };
        let gaps = &self.gaps;
        let wants = |id: &str| {
            here == Some(id)
                || gaps.iter().any(|gap| match gap {
                    Gap::OpenItem(slot) | Gap::OpenFact(slot) | Gap::Unsupported(slot) => slot.id == id,
                    _ => false,
                })
        };
        self.checklist.list(&self.audit.standard, &wants, &needs);
    }

    /// Returns files with the items that still need them, the most needed file first: an item that is not settled needs
    /// the file in which its leads have most hits that no evidence of it cites yet.
    fn needs(&self) -> Vec<(Option<RepoPath>, Vec<String>)> {
        let mut by_file: BTreeMap<Option<RepoPath>, Vec<String>> = BTreeMap::new();
        for (_, item) in self.audit.standard.items() {
            let open = self.gaps.iter().any(|gap| match gap {
                Gap::OpenItem(slot) | Gap::Unsupported(slot) => slot.id == item.id,
                _ => false,
            });
            let mut counts: BTreeMap<&RepoPath, usize> = BTreeMap::new();
            if open {
                for lead in self.leads.get(&item.id).into_iter().flatten() {
                    let places = lead.outcome.iter().flat_map(|found| &found.places);
                    for hit in places.filter(|hit| !hit.excluded && hit.line > 0 && !self.mutes.hold(&lead.id, hit)) {
                        *counts.entry(&hit.path).or_default() += 1;
                    }
                }
                for slot in self.slots_in_all_modes(&item.id) {
                    for id in self.audit.now.backing(&Subject::Item(slot)) {
                        if let Some(EvidenceKind::Code { regions }) =
                            self.audit.now.evidence.get(&id).map(|piece| &piece.evidence.kind)
                        {
                            for region in regions {
                                counts.remove(&region.path);
                            }
                        }
                    }
                }
            }
            // Of files with as many hits, the first by name.
            let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(path, _)| (*path).clone());
            by_file.entry(most).or_default().push(item.id.clone());
        }
        let mut needs: Vec<(Option<RepoPath>, Vec<String>)> = by_file.into_iter().collect();
        needs.sort_by_key(|(file, items)| (file.is_none(), std::cmp::Reverse(items.len()), file.clone()));
        needs
    }

    /// Marks the regions of the open file that are evidence.
    fn mark(&mut self) {
        let Some(doc) = &mut self.doc else { return };
        doc.marks.clear();
        for (id, piece) in &self.audit.now.evidence {
            let EvidenceKind::Code { regions } = &piece.evidence.kind else { continue };
            for region in regions.iter().filter(|region| region.path == doc.text.path && region.blob == doc.text.blob) {
                let mut backs: Vec<String> = piece
                    .backs
                    .iter()
                    .map(|subject| match subject {
                        Subject::Item(slot) | Subject::Fact(slot) => slot.id.clone(),
                        Subject::Finding(id) => id.to_string(),
                    })
                    .collect();
                backs.dedup();
                let label = if backs.is_empty() { format!("{id} inbox") } else { format!("{id} {}", backs.join(" ")) };
                doc.marks.push(doc::Mark { first: region.first - 1, last: region.last - 1, label });
            }
        }
        doc.marks.sort_by_key(|mark| (mark.first, mark.last));
    }

    /// Returns the slots of an item or fact in every mode.
    pub fn slots_in_all_modes(&self, id: &str) -> Vec<Slot> {
        let standard = &self.audit.standard;
        let per_mode = match (standard.item(id), standard.fact(id)) {
            (Some((dimension, _)), _) => dimension.per_mode,
            (None, Some(fact)) => fact.per_mode,
            (None, None) => return Vec::new(),
        };
        self.audit.now.slots(id, per_mode)
    }

    /// Returns the slots of an item or fact in the mode that is answered for, or in all of them.
    pub fn slots_of(&self, id: &str) -> Vec<Slot> {
        let mode = self.mode_name();
        let all = self.slots_in_all_modes(id);
        all.into_iter()
            .filter(|slot| slot.mode.is_none() || mode.is_none_or(|mode| slot.mode.as_deref() == Some(mode)))
            .collect()
    }

    /// Returns the mode that is answered for; `None` for all.
    pub fn mode_name(&self) -> Option<&str> {
        self.mode.and_then(|mode| self.audit.now.modes.get(mode)).map(String::as_str)
    }

    /// Returns what evidence for this item or fact backs.
    pub fn subjects_of(&self, id: &str) -> Vec<Subject> {
        let fact = self.audit.standard.fact(id).is_some();
        self.slots_of(id).into_iter().map(|slot| if fact { Subject::Fact(slot) } else { Subject::Item(slot) }).collect()
    }

    /// Returns where an item stands in the mode that is answered for, or in its worst one.
    pub fn state_of(&self, id: &str) -> State {
        match self.mode_name() {
            Some(mode) => score::item_state_in(&self.audit.standard, &self.inputs, id, mode),
            None => score::item_state(&self.audit.standard, &self.inputs, id),
        }
    }

    /// Tells whether an answer to this item or fact, in the mode that is answered for, has neither evidence nor reason.
    pub fn unsupported(&self, id: &str) -> bool {
        let mode = self.mode_name();
        self.gaps.iter().any(|gap| match gap {
            Gap::Unsupported(slot) => {
                slot.id == id && (slot.mode.is_none() || mode.is_none() || slot.mode.as_deref() == mode)
            }
            _ => false,
        })
    }

    /// Shows an item or fact in the item pane, and puts the checklist's cursor on it.
    fn show_item(&mut self, id: &str) {
        if !self.checklist.show(id) {
            let folded = self
                .audit
                .standard
                .dimensions
                .iter()
                .position(|dimension| dimension.items.iter().any(|item| item.id == id));
            if let Some(index) = folded {
                self.checklist.folded.remove(&index);
            }
            self.list();
            if !self.checklist.show(id) {
                // A sweep shows what one goes to in any case.
                self.list_with(Some(id));
                self.checklist.show(id);
            }
        }
        self.set_item(id);
    }

    /// Returns the items and facts that are open, in the standard's order.
    fn open_slots(&self) -> impl Iterator<Item = &Slot> {
        self.gaps.iter().filter_map(|gap| match gap {
            Gap::OpenItem(slot) | Gap::OpenFact(slot) => Some(slot),
            _ => None,
        })
    }

    /// Shows an item or fact in its mode.
    fn turn_to(&mut self, slot: &Slot) {
        if let Some(mode) = &slot.mode
            && self.mode_name().is_none_or(|now| now != mode)
        {
            self.mode = self.audit.now.modes.iter().position(|known| known == mode);
        }
        self.show_item(&slot.id);
    }

    fn set_item(&mut self, id: &str) {
        if self.item != id {
            self.item = id.to_owned();
            self.item_cursor = 0;
            self.item_top = 0;
            self.lead_at = None;
        }
    }

    fn used(&mut self, id: &str) {
        self.recent.retain(|known| known != id);
        self.recent.insert(0, id.to_owned());
        self.recent.truncate(RECENT);
    }

    fn loaded(&mut self, path: RepoPath, line: usize, result: Result<Loaded>) {
        // The reader may have gone elsewhere meanwhile.
        if self.loading.as_ref() != Some(&(path.clone(), line)) {
            return;
        }
        self.loading = None;
        if result.is_ok() {
            self.trail.opened(&path);
        }
        match result {
            Ok(Loaded::Text(text)) => {
                self.keep_place();
                let height = self.height(Pane::Code);
                let mut doc = Doc::new(text, line);
                match self.places.get(&path) {
                    Some((cursor, top)) if *cursor == line => doc.top = *top,
                    _ => doc.jump(line, height),
                }
                if self.walk == Walk::File {
                    doc.search(&self.pattern);
                }
                self.doc = Some(doc);
                self.other = None;
                self.mark();
                self.tree.show(&self.files, &path);
            }
            Ok(Loaded::Other(why)) => {
                self.keep_place();
                self.doc = None;
                self.tree.show(&self.files, &path);
                self.other = Some((path, why));
            }
            Err(error) => self.fail(&error),
        }
    }

    fn keep_place(&mut self) {
        if let Some(doc) = &self.doc {
            self.places.insert(doc.text.path.clone(), (doc.cursor, doc.top));
        }
    }

    /// Jumps to a line (from 0) of a file.
    fn visit(&mut self, path: &RepoPath, line: usize) {
        self.leave();
        self.show(path, line);
    }

    /// Shows a line (from 0) of a file.
    fn show(&mut self, path: &RepoPath, line: usize) {
        let height = self.height(Pane::Code);
        match &mut self.doc {
            Some(doc) if doc.text.path == *path => {
                doc.anchor = None;
                doc.jump(line, height);
                self.loading = None;
            }
            _ => self.request(path.clone(), line),
        }
        // Where only one pane is on the screen, it is the one that was asked for.
        if self.size.0 < layout::WIDE || self.zoom {
            self.pane = Pane::Code;
        }
    }

    /// Opens a file at a line (from 0).
    fn load(&mut self, path: RepoPath, line: usize) {
        self.leave();
        self.request(path, line);
    }

    /// Asks for a file. Until it is there, the one on the screen is not the one that was asked for.
    fn request(&mut self, path: RepoPath, line: usize) {
        self.loading = Some((path.clone(), line));
        self.effects.push(Effect::Load { path, line });
    }

    /// Returns where the reader is, or is about to be.
    fn here(&self) -> Option<Stop> {
        let shown = self.doc.as_ref().map(|doc| (doc.text.path.clone(), doc.cursor));
        let other = self.other.as_ref().map(|(path, _)| (path.clone(), 0));
        self.loading.clone().or(shown).or(other)
    }

    /// Notes where the reader is, before a jump.
    fn leave(&mut self) {
        if let Some(here) = self.here() {
            self.trail.leave(here);
        }
    }

    /// Goes back to where the reader was before the last jump, or forward again.
    fn travel(&mut self, forward: bool) {
        let stop = self.here().and_then(|here| self.trail.turn(here, forward));
        match stop {
            Some((path, line)) => self.show(&path, line),
            None if forward => self.say("There is no later place."),
            None => self.say("There is no earlier place."),
        }
    }

    /// Tells the user, where the file on the screen is about to be another one: its lines must not be taken for those.
    fn is_loading(&mut self) -> bool {
        let Some((path, _)) = &self.loading else { return false };
        let path = display::bytes(&path.0);
        self.warn(format!("{path} is still being read."));
        true
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Keeps every cursor on the screen, and asks for what the screen lacks.
    fn settle(&mut self) {
        let (list, code, item) = (self.height(Pane::List), self.height(Pane::Code), self.height(Pane::Item));
        let checklist = &mut self.checklist;
        checklist.top = layout::follow(checklist.top, checklist.cursor, list, checklist.rows.len());
        let shown = match checklist.current() {
            Some(Row::Item(id) | Row::Fact(id)) => Some(id.clone()),
            Some(Row::Dimension(index)) => {
                self.audit.standard.dimensions.get(*index).map(|dimension| dimension.id.clone())
            }
            Some(Row::File(_)) | None => None,
        };
        if let Some(id) = shown {
            self.set_item(&id);
        }
        self.tree.top = layout::follow(self.tree.top, self.tree.cursor, list, self.tree.rows.len());
        if let Some(doc) = &mut self.doc {
            doc.top = layout::follow(doc.top, doc.cursor, code, doc.text.lines());
            self.effects.extend(doc.colour_wanted(&mut self.tickets, code));
        }
        if self.shows_files {
            self.ask_extent();
        }
        self.ask_blame();
        let listed_of = (self.item.clone(), self.audit.next_seq(), self.leads_came, self.shows_muted);
        if self.listed_of.as_ref() != Some(&listed_of) {
            let leads = self.leads.get(&self.item).map(Vec::as_slice).unwrap_or_default();
            self.listed = Listed::new(&[leads], &self.mutes, self.shows_muted);
            self.listed_of = Some(listed_of);
        }
        let would_of = (self.item.clone(), self.mode, self.audit.next_seq());
        if self.would_of.as_ref() != Some(&would_of) {
            self.would = item::would(self);
            self.would_of = Some(would_of);
        }
        let rows = item::rows(self, self.item_width()).len();
        self.item_cursor = self.item_cursor.min(rows.saturating_sub(1));
        self.item_top = layout::follow(self.item_top, self.item_cursor, item, rows);
        let size = self.size;
        for popup in &mut self.popups {
            popup.follow(size);
            if let Popup::List(picker, _) = popup {
                self.effects.extend(picker.wanted(&mut self.tickets).map(Effect::Narrow));
            }
        }
        self.peek();
    }

    fn mouse(&mut self, mouse: Mouse) {
        let Some(areas) = self.areas() else { return };
        self.pending.clear();
        if mouse.did == Did::Release {
            self.dragging = false;
        }
        let at = ratatui::layout::Position { x: mouse.column, y: mouse.row };
        if let Some(popup) = self.popups.last_mut() {
            let area = popup.area(self.size);
            if !area.contains(at) {
                return;
            }
            let row = popup.mouse(self.size, area, mouse);
            if row.is_some_and(|row| self.clicked_again(row)) {
                self.perform(Act::Accept);
            }
            return;
        }
        let panes = [(Pane::List, areas.list), (Pane::Code, areas.code), (Pane::Item, areas.item)];
        let under =
            panes.into_iter().find(|(_, area)| area.is_some_and(|area| area.contains(at))).map(|(pane, _)| pane);
        if let (Did::Press, Some(tabs)) = (mouse.did, areas.tabs)
            && tabs.contains(at)
        {
            let third = usize::from((mouse.column * 3 / tabs.width.max(1)).min(2));
            self.pane = [Pane::List, Pane::Code, Pane::Item][third];
            return;
        }
        let Some(pane) = under else { return };
        let Some(content) = self.content(pane) else { return };
        if mouse.did == Did::Press && !content.contains(at) {
            // A frame is no row; it only shows whose pane it is.
            self.pane = pane;
            return;
        }
        let row = usize::from(mouse.row.saturating_sub(content.y).min(content.height.saturating_sub(1)));
        match mouse.did {
            Did::WheelUp => self.scroll(pane, -WHEEL),
            Did::WheelDown => self.scroll(pane, WHEEL),
            Did::Press => {
                self.notice = None;
                self.pane = pane;
                self.dragging = pane == Pane::Code;
                match pane {
                    Pane::List if self.shows_files => {
                        let at = self.tree.top + row;
                        if at < self.tree.rows.len() {
                            self.tree.cursor = at;
                            self.perform(Act::Open);
                        }
                    }
                    Pane::List => {
                        let at = self.checklist.top + row;
                        if at < self.checklist.rows.len() {
                            self.checklist.cursor = at;
                            if self.clicked_again(at) {
                                self.perform(Act::Open);
                            }
                        }
                    }
                    Pane::Code => {
                        if let Some(doc) = &mut self.doc {
                            doc.anchor = None;
                            doc.go(doc.top + row);
                        }
                    }
                    Pane::Item => {
                        let at = self.item_top + row;
                        self.item_cursor = at;
                        if self.clicked_again(at) {
                            self.perform(Act::Open);
                        }
                    }
                }
            }
            Did::Drag => {
                if let (Pane::Code, true, Some(doc)) = (pane, self.dragging, &mut self.doc) {
                    doc.anchor.get_or_insert(doc.cursor);
                    doc.go(doc.top + row);
                }
            }
            Did::Release => {}
        }
    }

    /// Tells whether the click before was on this row too: the second one opens. A cursor that happens to be there is no
    /// click.
    fn clicked_again(&mut self, row: usize) -> bool {
        let here = (self.popups.len(), self.pane, row);
        if self.clicked == Some(here) {
            self.clicked = None;
            return true;
        }
        self.clicked = Some(here);
        false
    }

    /// Scrolls a pane by some rows; the cursor comes along only where it would leave the screen.
    fn scroll(&mut self, pane: Pane, by: isize) {
        let height = self.height(pane);
        let rows = item::rows(self, self.item_width()).len();
        let (top, cursor, rows) = match pane {
            Pane::List if self.shows_files => (&mut self.tree.top, &mut self.tree.cursor, self.tree.rows.len()),
            Pane::List => (&mut self.checklist.top, &mut self.checklist.cursor, self.checklist.rows.len()),
            Pane::Code => match &mut self.doc {
                Some(doc) => (&mut doc.top, &mut doc.cursor, doc.text.lines()),
                None => return,
            },
            Pane::Item => (&mut self.item_top, &mut self.item_cursor, rows),
        };
        *top = top.saturating_add_signed(by).min(rows.saturating_sub(height));
        *cursor = (*cursor).clamp(*top, (*top + height - 1).min(rows.saturating_sub(1)).max(*top));
    }
}
