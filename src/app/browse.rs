//! A database in the terminal: the list of its audits, a server's history, an audit read only, with sort and filter.
//!
//! A state machine of its own, since there is no audit of one's own here: keys come in, what is to be read goes out and
//! comes back as a message. One table, [`ACTIONS`], feeds dispatch, footer and help.

use std::sync::Arc;

use jiff::civil::Date;
use unicode_width::UnicodeWidthStr as _;

use super::key::{Code, Key};
use super::line::{Line, Tone, wrap};
use crate::auditdb::query::{self, Filter, Row, Sort, Standing, standing};
use crate::auditdb::{Catalog, Counts, Entry, FindingEntry, Format, Reading, ScoreEntry, ServerEntry};
use crate::model::evidence::{Kind, Region};
use crate::model::finding::Severity;
use crate::model::record::Record;
use crate::repo::display;

/// Where an action is to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The list of audits.
    List,
    /// A page over it.
    Page,
    /// Both.
    Everywhere,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// A screen down.
    PageDown,
    /// A screen up.
    PageUp,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Opens what the row names.
    Open,
    /// Opens the record in the workbench.
    Workbench,
    /// Back to where one came from.
    Back,
    /// Types a filter.
    Filter,
    /// Clears the filter.
    Clear,
    /// The next order.
    Sort,
    /// The other way round.
    Reverse,
    /// Only each server's newest audit, or all.
    Latest,
    /// Help.
    Help,
    /// Stops the program until the shell continues it.
    Suspend,
    /// Ends the program.
    Quit,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// What it does.
    pub act: Act,
    /// Where.
    pub place: Place,
    /// Its keys, as they are written.
    pub keys: &'static [&'static str],
    /// A word for the footer; empty keeps it out.
    pub label: &'static str,
    /// What it does, for the help.
    pub doc: &'static str,
}

const fn action(
    act: Act,
    place: Place,
    keys: &'static [&'static str],
    label: &'static str,
    doc: &'static str,
) -> Action {
    Action { act, place, keys, label, doc }
}

/// Everything that can be done.
pub const ACTIONS: [Action; 17] = [
    action(
        Act::Open,
        Place::Everywhere,
        &["<cr>", "l", "<right>"],
        "open",
        "open the server, audit, finding or code that the row names",
    ),
    action(Act::Workbench, Place::Everywhere, &["w"], "workbench", "open the record in the workbench, read only"),
    action(
        Act::Filter,
        Place::List,
        &["/"],
        "filter",
        "filter as you type: words, tier:secure, severity:high, :expired",
    ),
    action(Act::Sort, Place::List, &["s"], "sort", "sort by date, server, score, severity, auditor in turn"),
    action(Act::Reverse, Place::List, &["S"], "", "sort the other way round"),
    action(Act::Latest, Place::List, &["n"], "newest only", "show only the newest audit of each server, or all"),
    action(Act::Clear, Place::List, &["c"], "", "clear the filter"),
    action(Act::Back, Place::Page, &["<esc>", "h", "<left>", "<bs>"], "back", "go back"),
    action(Act::Help, Place::Everywhere, &["?"], "help", "show this help"),
    action(Act::Suspend, Place::Everywhere, &["<c-z>"], "", "stop the program, until the shell's `fg`"),
    action(Act::Quit, Place::Everywhere, &["q", "<c-c>"], "quit", "end the program"),
    action(Act::Down, Place::Everywhere, &["j", "<down>"], "", "one row down"),
    action(Act::Up, Place::Everywhere, &["k", "<up>"], "", "one row up"),
    action(Act::PageDown, Place::Everywhere, &["<pagedown>", "<space>", "<c-d>"], "", "a screen down"),
    action(Act::PageUp, Place::Everywhere, &["<pageup>", "<c-u>"], "", "a screen up"),
    action(Act::First, Place::Everywhere, &["<home>", "g"], "", "to the first row"),
    action(Act::Last, Place::Everywhere, &["<end>", "G"], "", "to the last row"),
];

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read an audit whole.
    Audit {
        /// What the answer is to say.
        ticket: u64,
        /// The audit's folder, with `/`, from the database's root.
        server: crate::auditdb::Server,
        /// Its name.
        audit: String,
    },
    /// Cut a region out of a clone.
    Code {
        /// What the answer is to say.
        ticket: u64,
        /// Which server's clone.
        server: crate::auditdb::Server,
        /// The pin.
        commit: String,
        /// The region.
        region: Box<Region>,
    },
    /// Open a record in the workbench, and come back.
    Workbench {
        /// The server.
        server: crate::auditdb::Server,
        /// The record's name.
        audit: String,
    },
    /// Stop until the shell goes on.
    Suspend,
    /// End the program.
    Quit,
}

/// What was read.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// An audit, with the texts of its findings.
    Audit(Box<Reading>, Vec<(String, String)>),
    /// Lines of code as they stand at the pin.
    Code(String),
}

/// What comes in.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// A text was pasted.
    Paste(String),
    /// The screen has this size.
    Resize(u16, u16),
    /// What was asked for, or why it cannot be had.
    Loaded(u64, Result<Loaded, String>),
}

/// Where a row of a page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Link {
    Audit(usize, usize),
    Text { title: String, text: String },
    Code { title: String, region: Box<Region> },
}

/// A page over the list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The current line.
    pub cursor: usize,
    /// The first line that is shown.
    pub top: usize,
    /// Something is being read for it.
    pub waits: bool,
    links: Vec<Option<Link>>,
    ticket: u64,
    /// Of which audit it is.
    of: Option<(usize, usize)>,
    commit: String,
}

/// The list and what lies over it.
pub struct Browse {
    /// All that the database says.
    pub catalog: Arc<Catalog>,
    /// Where it is read from, as a sentence.
    pub source: String,
    /// The day on which ages are reckoned.
    pub as_of: Date,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub reverse: bool,
    /// Only each server's newest audit.
    pub latest: bool,
    /// The filter, as it is typed.
    pub filter: String,
    /// Keys go to the filter.
    pub typing: bool,
    /// The rows that are shown: a server's and an audit's index.
    pub shown: Vec<(usize, usize)>,
    /// The current row.
    pub cursor: usize,
    /// The first row that is shown.
    pub top: usize,
    /// Pages over the list, the topmost last.
    pub pages: Vec<Page>,
    /// The screen's columns and rows.
    pub size: (u16, u16),
    /// All rows in order.
    order: Vec<(usize, usize)>,
    /// What words are looked for in, in lower case: server by server, audit by audit.
    texts: Vec<Vec<String>>,
    tickets: u64,
}

impl Browse {
    /// Begins with a list of all audits.
    pub fn new(catalog: Arc<Catalog>, source: String, as_of: Date, filter: String) -> Browse {
        let mut browse = Browse {
            texts: haystacks(&catalog),
            order: Vec::new(),
            catalog,
            source,
            as_of,
            sort: Sort::default(),
            reverse: false,
            latest: false,
            filter,
            typing: false,
            shown: Vec::new(),
            cursor: 0,
            top: 0,
            pages: Vec::new(),
            size: (80, 24),
            tickets: 0,
        };
        browse.order();
        browse
    }

    /// Returns how many rows the body of the screen has.
    pub fn height(&self) -> usize {
        // A header of two lines, the columns' names, a footer.
        usize::from(self.size.1).saturating_sub(4).max(1)
    }

    /// Returns the row with this index among those that are shown.
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        Row::at(&self.catalog, *self.shown.get(at)?)
    }

    /// Returns the actions that keys have now.
    pub fn actions(&self) -> impl Iterator<Item = &'static Action> {
        let here = if self.pages.is_empty() { Place::List } else { Place::Page };
        ACTIONS.iter().filter(move |action| action.place == here || action.place == Place::Everywhere)
    }

    /// Takes a message, and returns what is to be done for it.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match msg {
            Msg::Resize(columns, rows) => self.size = (columns, rows),
            Msg::Key(key) => self.key(key, &mut effects),
            Msg::Paste(text) if self.typing => {
                self.filter.extend(text.chars().filter(|c| !c.is_control()));
                self.narrow();
            }
            Msg::Paste(_) => {}
            Msg::Loaded(ticket, loaded) => self.loaded(ticket, loaded),
        }
        self.follow();
        effects
    }

    fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if self.typing {
            return self.typed(key, effects);
        }
        let act = self.actions().find(|action| action.keys.iter().any(|name| is(name, key))).map(|action| action.act);
        let height = self.height() as isize;
        match act {
            None => {}
            Some(Act::Down) => self.step(1),
            Some(Act::Up) => self.step(-1),
            Some(Act::PageDown) => self.step(height),
            Some(Act::PageUp) => self.step(-height),
            Some(Act::First) => self.step(isize::MIN / 2),
            Some(Act::Last) => self.step(isize::MAX / 2),
            Some(Act::Open) => self.open(effects),
            Some(Act::Workbench) => self.workbench(effects),
            Some(Act::Back) => drop(self.pages.pop()),
            Some(Act::Filter) => self.typing = true,
            Some(Act::Clear) => {
                self.filter.clear();
                self.narrow();
            }
            Some(Act::Sort) => {
                let at = Sort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or_default();
                self.sort = Sort::ALL[(at + 1) % Sort::ALL.len()];
                self.order();
            }
            Some(Act::Reverse) => {
                self.reverse = !self.reverse;
                self.order();
            }
            Some(Act::Latest) => {
                self.latest = !self.latest;
                self.narrow();
            }
            Some(Act::Help) => {
                let page = self.help();
                self.pages.push(page);
            }
            Some(Act::Suspend) => effects.push(Effect::Suspend),
            Some(Act::Quit) => effects.push(Effect::Quit),
        }
    }

    fn typed(&mut self, key: Key, effects: &mut Vec<Effect>) {
        match key.code {
            Code::Enter | Code::Down | Code::Tab => self.typing = false,
            Code::Esc => {
                self.typing = false;
                self.filter.clear();
                self.narrow();
            }
            Code::Backspace => {
                self.filter.pop();
                self.narrow();
            }
            Code::Char('c') if key.ctrl => effects.push(Effect::Quit),
            Code::Char('u') if key.ctrl => {
                self.filter.clear();
                self.narrow();
            }
            Code::Char(c) if !key.ctrl && !key.alt => {
                self.filter.push(c);
                self.narrow();
            }
            _ => {}
        }
    }

    /// Puts all rows in order.
    fn order(&mut self) {
        self.order = query::order(&self.catalog, self.sort, self.reverse);
        self.narrow();
    }

    /// Finds the rows that the filter means.
    fn narrow(&mut self) {
        let mut filter = Filter::typed(&self.filter);
        filter.latest |= self.latest;
        let words = std::mem::take(&mut filter.words);
        let finders: Vec<memchr::memmem::Finder<'_>> = words.iter().map(memchr::memmem::Finder::new).collect();
        let catalog = &self.catalog;
        self.shown.clear();
        for at in &self.order {
            let text = self.texts.get(at.0).and_then(|own| own.get(at.1)).map(String::as_bytes).unwrap_or_default();
            if finders.iter().all(|finder| finder.find(text).is_some())
                && Row::at(catalog, *at).is_some_and(|row| filter.holds(row, self.as_of))
            {
                self.shown.push(*at);
            }
        }
        self.cursor = 0;
        self.top = 0;
    }

    fn step(&mut self, by: isize) {
        let (cursor, count) = match self.pages.last_mut() {
            Some(page) => (&mut page.cursor, page.lines.len()),
            None => (&mut self.cursor, self.shown.len()),
        };
        *cursor = cursor.saturating_add_signed(by).min(count.saturating_sub(1));
    }

    /// Keeps the current row on the screen.
    fn follow(&mut self) {
        let height = self.height();
        let (cursor, top) = match self.pages.last_mut() {
            Some(page) => (page.cursor, &mut page.top),
            None => (self.cursor, &mut self.top),
        };
        *top = (*top).clamp((cursor + 1).saturating_sub(height), cursor);
    }

    fn open(&mut self, effects: &mut Vec<Effect>) {
        let Some(page) = self.pages.last() else {
            if let Some((server, audit)) = self.shown.get(self.cursor).copied() {
                let page = self.server_page(server, audit);
                self.pages.push(page);
            }
            return;
        };
        let (of, commit) = (page.of, page.commit.clone());
        match page.links.get(page.cursor).cloned().flatten() {
            None => {}
            Some(Link::Audit(server, audit)) => {
                let Some(of) = self.catalog.servers.get(server) else { return };
                let Some(entry) = of.audits.get(audit) else { return };
                self.tickets += 1;
                effects.push(Effect::Audit {
                    ticket: self.tickets,
                    server: of.server.clone(),
                    audit: entry.audit.clone(),
                });
                let mut page = audit_page(entry, None, &[], self.as_of, self.width());
                (page.ticket, page.of, page.waits) = (self.tickets, Some((server, audit)), true);
                self.pages.push(page);
            }
            Some(Link::Text { title, text }) => {
                let mut page = Page::new(title);
                let width = self.width();
                for line in text.lines() {
                    // What fits stays as it is: breaking a line takes its indentation.
                    let whole = line.width() <= width;
                    let lines = if whole { vec![line.to_owned()] } else { wrap(line, width, 0) };
                    lines.into_iter().for_each(|line| page.say(Line::plain(line)));
                }
                self.pages.push(page);
            }
            Some(Link::Code { title, region }) => {
                let Some(server) = of.and_then(|(server, _)| self.catalog.servers.get(server)) else { return };
                self.tickets += 1;
                effects.push(Effect::Code { ticket: self.tickets, server: server.server.clone(), commit, region });
                let mut page = Page::new(title);
                page.say(Line::of(Tone::Dim, "Reading …"));
                (page.ticket, page.of, page.waits) = (self.tickets, of, true);
                self.pages.push(page);
            }
        }
    }

    /// Asks for the workbench on the audit that is meant: the one under the cursor, else the one that the page is of.
    fn workbench(&mut self, effects: &mut Vec<Effect>) {
        let meant = match self.pages.last() {
            None => self.shown.get(self.cursor).copied(),
            Some(page) => match page.links.get(page.cursor) {
                Some(Some(Link::Audit(server, audit))) => Some((*server, *audit)),
                _ => page.of,
            },
        };
        let of = meant.and_then(|(server, audit)| {
            let server = self.catalog.servers.get(server)?;
            Some((server.server.clone(), server.audits.get(audit)?))
        });
        match of {
            None => {}
            Some((server, entry)) if entry.format == Format::Record => {
                effects.push(Effect::Workbench { server, audit: entry.audit.clone() });
            }
            Some((_, entry)) => {
                let audit = entry.audit.clone();
                self.tell(&format!("{audit} is written by hand: it has no answers that the workbench could show."));
            }
        }
    }

    /// Shows what happened on a page of its own.
    pub fn tell(&mut self, text: &str) {
        let mut page = Page::new("What happened".to_owned());
        wrap(&display::line(text), self.width(), 0).into_iter().for_each(|line| page.say(Line::plain(line)));
        self.pages.push(page);
    }

    fn width(&self) -> usize {
        usize::from(self.size.0).saturating_sub(3).max(20)
    }

    /// Takes what was read, if its page is still there.
    fn loaded(&mut self, ticket: u64, loaded: Result<Loaded, String>) {
        let (width, as_of) = (self.width(), self.as_of);
        let Some(page) = self.pages.iter_mut().find(|page| page.waits && page.ticket == ticket) else { return };
        page.waits = false;
        match loaded {
            Ok(Loaded::Audit(reading, texts)) => {
                let statement = reading.record.as_ref();
                let full = audit_page(&reading.entry, statement.map(|one| &one.predicate), &texts, as_of, width);
                (page.lines, page.links, page.commit) = (full.lines, full.links, full.commit);
            }
            Ok(Loaded::Code(text)) => {
                (page.lines, page.links) = Default::default();
                for line in text.lines() {
                    page.say(Line::of(Tone::Code, line));
                }
            }
            Err(why) => {
                if page.lines.len() == 1 {
                    (page.lines, page.links) = Default::default();
                }
                for line in wrap(&display::line(&why), width, 0) {
                    page.say(Line::of(Tone::Warning, line));
                }
            }
        }
        page.cursor = page.cursor.min(page.lines.len().saturating_sub(1));
    }

    fn help(&self) -> Page {
        let mut page = Page::new("Help".to_owned());
        for action in &ACTIONS {
            let keys = action.keys.join(" ");
            page.say(Line::of(Tone::Key, format!("{keys:<26}")).and(Tone::Plain, action.doc));
        }
        page.say(Line::default());
        for line in [
            "A filter has words and these: tier:secure score:50..80 level:transport=stdio severity:high",
            "auditor:LOGIN language:go age:..90 certified:gold :latest :signed :unsigned :expired :current.",
            "Dates: x older than a year, + dated in the future, ? without a date. s: a signature is there, not checked here. !: problems.",
            "Scores are the auditors' own (audited); `touchstone verify` checks a record.",
        ] {
            for line in wrap(line, self.width(), 0) {
                page.say(Line::plain(line));
            }
        }
        page
    }

    fn server_page(&self, index: usize, current: usize) -> Page {
        let Some(server) = self.catalog.servers.get(index) else { return Page::new(String::new()) };
        let mut page = Page::new(server.server.to_string());
        page.of = Some((index, current));
        let about = &server.about;
        for (label, value) in [
            ("about", &about.description),
            ("url", &about.url),
            ("language", &about.language),
            ("type", &about.server_type),
        ] {
            page.field(label, value.as_deref(), self.width());
        }
        page.heading("History, the newest first");
        for (audit, entry) in server.audits.iter().enumerate().rev() {
            if audit == current {
                page.cursor = page.lines.len();
            }
            page.link(history(entry, self.as_of), Some(Link::Audit(index, audit)));
        }
        if let Some((entry, score)) = server.scored().and_then(|entry| Some((entry, entry.score.as_ref()?))) {
            page.heading(&format!("Audited score by {}", entry.audit));
            page.score(score);
        }
        if let Some(latest) = server.latest() {
            page.heading(&format!("Findings of {} that still hold", latest.audit));
            page.findings(latest.findings.iter().filter(|finding| finding.open()), &[], self.width());
        }
        page
    }
}

/// Tells whether a key is the one that is written so.
fn is(name: &str, key: Key) -> bool {
    Key::parse_all(name).is_ok_and(|keys| keys == [key])
}

/// What words are looked for in, an entry's in lower case.
fn haystacks(catalog: &Catalog) -> Vec<Vec<String>> {
    let of = |server: &ServerEntry, entry: &Entry| {
        let about = &server.about;
        let mut text = format!("{}\n{}", server.server, entry.audit);
        let named = [&about.description, &about.language, &about.server_type];
        for said in named.into_iter().chain([&entry.auditor.name, &entry.auditor.organization]).flatten() {
            text += &format!("\n{said}");
        }
        for finding in &entry.findings {
            text += &format!("\n{}\n{}", finding.title.as_deref().unwrap_or_default(), finding.cwe.join("\n"));
        }
        text.to_lowercase()
    };
    let servers = catalog.servers.iter();
    servers.map(|server| server.audits.iter().map(|entry| of(server, entry)).collect()).collect()
}

/// Returns an audit's line in its server's history.
fn history(entry: &Entry, as_of: Date) -> Line {
    let (standing, _) = standing(entry, as_of);
    let line = Line::plain(format!("{:<10}{} ", entry.date().unwrap_or_else(|| "-".to_owned()), standing.mark()))
        .and(Tone::Strong, format!("{:<32} ", display::line(&entry.audit)))
        .and(Tone::Plain, format!("audited {:<12} ", scored(entry.score.as_ref())));
    counted(line, &entry.open())
}

/// Returns an audited score for the eye, with its tier.
pub fn scored(score: Option<&ScoreEntry>) -> String {
    let Some(score) = score else { return "-".to_owned() };
    let tier = score.tier.as_deref().unwrap_or("open").replace('_', " ");
    format!("{} {}", score.headline, display::line(&tier))
}

/// Adds the numbers of findings, each in its severity's tone; none is a dot.
pub fn counted(mut line: Line, counts: &Counts) -> Line {
    for severity in Severity::ALL {
        line = match counts.of(severity) {
            0 => line.and(Tone::Dim, "  ."),
            number => line.and(Tone::Severity(severity), format!("{:>3}", number.min(99))),
        };
    }
    line
}

impl Page {
    fn new(title: String) -> Page {
        Page {
            title: display::line(&title).into_owned(),
            lines: Vec::new(),
            cursor: 0,
            top: 0,
            waits: false,
            links: Vec::new(),
            ticket: 0,
            of: None,
            commit: String::new(),
        }
    }

    /// Tells whether the line of this index leads anywhere.
    pub fn leads(&self, at: usize) -> bool {
        self.links.get(at).is_some_and(Option::is_some)
    }

    fn link(&mut self, line: Line, link: Option<Link>) {
        self.lines.push(line);
        self.links.push(link);
    }

    fn say(&mut self, line: Line) {
        self.link(line, None);
    }

    fn heading(&mut self, text: &str) {
        self.say(Line::default());
        self.say(Line::of(Tone::Strong, display::line(text)));
    }

    fn field(&mut self, label: &str, value: Option<&str>, width: usize) {
        let Some(value) = value else { return };
        for (index, line) in wrap(&display::line(value), width.saturating_sub(15), 0).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.say(Line::of(Tone::Dim, format!("{label:<14} ")).and(Tone::Plain, line));
        }
    }

    fn score(&mut self, score: &ScoreEntry) {
        let tier = score.tier.as_deref().unwrap_or("tier open").replace('_', " ");
        self.say(Line::plain(format!(
            "{} of 100, {}; {} of {} applicable items met; {}",
            score.headline,
            display::line(&tier),
            score.met,
            score.applicable,
            display::line(score.certified.as_deref().unwrap_or("not certified"))
        )));
        for level in &score.levels {
            let name =
                if level.low == level.high { level.low.clone() } else { format!("{} … {}", level.low, level.high) };
            self.say(
                Line::plain(format!("  {:<12} ", display::line(&level.dimension)))
                    .and(Tone::Dim, format!("{:<10} ", display::line(level.mode.as_deref().unwrap_or("separate"))))
                    .and(Tone::Plain, format!("{:>5}  {}", level.points.to_string(), display::line(&name))),
            );
        }
    }

    fn findings<'a>(
        &mut self,
        findings: impl Iterator<Item = &'a FindingEntry>,
        texts: &[(String, String)],
        width: usize,
    ) {
        let mut findings: Vec<&FindingEntry> = findings.collect();
        findings.sort_by_key(|finding| (finding.severity.is_none(), finding.severity));
        for finding in findings {
            let tone = finding.severity.map_or(Tone::Plain, Tone::Severity);
            let severity = finding.severity.map_or("?", Severity::word);
            let title = match (&finding.withheld, &finding.title) {
                (Some(until), _) => format!("withheld until {until}"),
                (None, Some(title)) => title.clone(),
                (None, None) => finding.file.clone(),
            };
            let text = texts.iter().find(|(file, _)| *file == finding.file);
            let link =
                text.map(|(file, text)| Link::Text { title: file.clone(), text: display::block(text).into_owned() });
            let more = if finding.cwe.is_empty() { String::new() } else { format!("  {}", finding.cwe.join(" ")) };
            let line = Line::of(tone, format!("{severity:<9}")).and(Tone::Plain, display::line(&title));
            self.link(line.and(Tone::Dim, display::line(&more)), link);
            if let Some(why) = &finding.superseded {
                for line in wrap(&display::line(&format!("no longer holds: {why}")), width, 9) {
                    self.say(Line::of(Tone::Dim, line));
                }
            }
        }
    }
}

/// Returns an audit's page; its record's answers and evidence where they are read.
fn audit_page(entry: &Entry, record: Option<&Record>, texts: &[(String, String)], as_of: Date, width: usize) -> Page {
    let mut page = Page::new(format!("{}/{}", entry.server, entry.audit));
    page.commit = entry.target.commit.clone().unwrap_or_default();
    let time = |time: Option<crate::model::time::Time>| time.map(|time| time.to_string());
    let (stands, age) = standing(entry, as_of);
    let age = match age {
        Some(days) if stands != Standing::Undated => format!("{days} days on {as_of}: {}", stands.word()),
        _ => stands.word().to_owned(),
    };
    let format = match entry.format {
        Format::Record => "a record",
        Format::Published => "written by hand: no answers, no score",
    };
    let signature = if entry.signature_present { "present, not checked here" } else { "none" };
    for (label, value) in [
        ("format", Some(format.to_owned())),
        ("auditor", Some(entry.auditor.login.clone())),
        ("name", entry.auditor.name.clone()),
        ("organization", entry.auditor.organization.clone()),
        ("url", entry.target.url.clone()),
        ("commit", entry.target.commit.clone()),
        ("version", entry.target.version.clone()),
        ("completed", time(entry.dates.completed)),
        ("age", Some(age)),
        ("status", entry.status.clone()),
        ("standard", entry.standard.clone()),
        ("signature", Some(signature.to_owned())),
    ] {
        page.field(label, value.as_deref(), width);
    }
    if let Some(score) = &entry.score {
        page.heading("Audited score");
        page.score(score);
    }
    page.heading(&format!("Findings ({})", entry.findings.len()));
    page.findings(entry.findings.iter(), texts, width);
    if !entry.problems.is_empty() {
        page.heading("Problems");
        for problem in &entry.problems {
            for line in wrap(&display::line(problem), width, 2) {
                page.say(Line::of(Tone::Warning, line));
            }
        }
    }
    let Some(record) = record else { return page };
    page.heading("Facts and answers");
    for row in &record.target.facts {
        let mode = row.slot.mode.as_ref().map(|mode| format!(" ({mode})")).unwrap_or_default();
        let value = row.value.as_deref().unwrap_or("open");
        page.say(Line::plain(display::line(&format!("  {}{mode}: {value}", row.slot.id))));
    }
    for row in &record.items {
        let answer = row.answer.map_or("open", |answer| answer.word());
        let evidence: Vec<String> = row.evidence.iter().map(ToString::to_string).collect();
        let line = Line::of(Tone::State(row.state), format!("{} ", row.state.mark()))
            .and(Tone::Plain, display::line(&format!("{:<24} ", row.slot.to_string())))
            .and(Tone::Strong, format!("{answer:<15}"))
            .and(Tone::Dim, evidence.join(" "));
        let reason = row.reason.clone().or_else(|| row.note.clone());
        let link =
            reason.map(|text| Link::Text { title: row.slot.to_string(), text: display::block(&text).into_owned() });
        page.link(line, link);
    }
    page.heading("Evidence");
    for row in &record.evidence {
        let backs: Vec<String> = row.backs.iter().map(ToString::to_string).collect();
        let line = Line::of(Tone::Strong, format!("{:<5} ", row.id.to_string()))
            .and(Tone::Plain, format!("{:<12} ", row.evidence.word()))
            .and(Tone::Dim, display::line(&backs.join(", ")));
        page.say(line);
        if let Kind::Code { regions } = &row.evidence.kind {
            for region in regions {
                let place = format!("{}:{}-{}", region.path.lossy(), region.first, region.last);
                let title = format!("{} {place}", row.id);
                let link = Link::Code { title, region: Box::new(region.clone()) };
                page.link(Line::plain(format!("      {}", display::line(&place))), Some(link));
            }
        }
    }
    page
}
