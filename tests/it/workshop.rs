//! The workbench without a terminal: key strings in, state, effects and frames out. Effects on the audit and the clone are
//! carried out at once, on a real journal and real git objects; all others are kept for the test to look at.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use touchstone::app::key::Key;
use touchstone::app::keymap::Keymap;
use touchstone::app::msg::{Effect, Loaded, Msg};
use touchstone::app::text::Text;
use touchstone::app::{App, Preferences, Start};
use touchstone::highlight::{Answer, Highlighter, OutlineRequest, Request};
use touchstone::journal::{Journal, Store};
use touchstone::model::event::Event;
use touchstone::model::evidence::RepoPath;
use touchstone::model::time::Time;
use touchstone::repo::{Git, Pin, Repo};
use touchstone::shell::{exporting, leads, past};

use crate::support::{CLOCK, Desk};

/// How many hits of a lead are listed.
const PLACES: usize = 200;

/// A workbench on a desk.
pub struct Workshop {
    /// The desk, if this workshop owns it.
    pub desk: Desk,
    /// The state machine.
    pub app: App,
    /// Effects that were not carried out, in order.
    pub kept: Vec<Effect>,
    /// The journal.
    pub journal: Journal,
    repo: Repo,
    pub pin: Pin,
    highlighter: Highlighter,
    coloured: Receiver<Answer>,
}

impl Workshop {
    /// Opens the workbench on a desk whose audit is open, at this size.
    pub fn on(desk: Desk, columns: u16, rows: u16) -> Workshop {
        Workshop::with(desk, columns, rows, Preferences::default(), Keymap::default(), None)
    }

    /// Opens the workbench on a new desk with the modes stdio and http, at 120x40.
    pub fn new() -> Workshop {
        Workshop::on(Desk::open(&["stdio", "http"]), 120, 40)
    }

    /// Opens the workbench with preferences, keys and the place where the reader was.
    pub fn with(
        desk: Desk,
        columns: u16,
        rows: u16,
        preferences: Preferences,
        keymap: Keymap,
        place: Option<String>,
    ) -> Workshop {
        let store = Store::new(Path::new(&desk.dir().join("data/touchstone")));
        let journal = store.open(&desk.audit()).unwrap();
        let opened = &journal.audit.now.opened;
        let repo = Repo::discover(&desk.clone_dir()).unwrap();
        let pin = repo.pin(opened.pin.commit, &opened.scope).unwrap();
        let (sender, coloured) = channel();
        let highlighter = Highlighter::spawn(move |answer| {
            let _ = sender.send(answer);
        });
        let (app, effects) = App::new(Start {
            audit: journal.audit.clone(),
            files: pin.entries().to_vec(),
            cut: None,
            keymap,
            preferences,
            size: (columns, rows),
            place,
            hint: None,
            read_only: None,
        });
        let mut shop = Workshop { desk, app, kept: Vec::new(), journal, repo, pin, highlighter, coloured };
        shop.run(effects);
        shop
    }

    /// Presses keys, each with all of its effects carried out.
    #[track_caller]
    pub fn keys(&mut self, keys: &str) -> &mut Workshop {
        for key in Key::parse_all(keys).unwrap() {
            self.send(Msg::Key(key));
        }
        self
    }

    /// Sends a message, and carries out all that follows from it.
    pub fn send(&mut self, msg: Msg) {
        let effects = self.app.update(msg);
        self.run(effects);
    }

    /// Returns what the footer says, or an empty text.
    pub fn said(&self) -> String {
        self.app.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default()
    }

    /// Returns the events of the last act in the journal.
    pub fn last_act(&self) -> Vec<Event> {
        let entries = self.journal.audit.entries();
        let act = entries.last().unwrap().0.act;
        entries.iter().filter(|(entry, _)| entry.act == act).map(|(entry, _)| entry.event.clone()).collect()
    }

    /// Draws a frame.
    pub fn frame(&self) -> Buffer {
        let (columns, rows) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| touchstone::ui::draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// Draws a frame and returns its text, without blanks at line ends.
    pub fn screen(&self) -> String {
        let buffer = self.frame();
        let palette = touchstone::shell::print::Palette::DARK;
        touchstone::shell::print::print(&buffer, touchstone::shell::print::Format::Text, &palette)
    }

    fn run(&mut self, effects: Vec<Effect>) {
        let mut waiting: VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            for msg in self.carry_out(effect) {
                waiting.extend(self.app.update(msg));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Msg> {
        let now: Time = CLOCK.parse().unwrap();
        match effect {
            Effect::Act(events) => vec![self.acted(|journal| journal.act(events, now))],
            Effect::Undo => vec![self.acted(|journal| journal.undo(now).map(|_| ()))],
            Effect::Redo => vec![self.acted(|journal| journal.redo(now).map(|_| ()))],
            Effect::Load { path, line } => {
                let result = self.read(&path);
                vec![Msg::Loaded { path, line, result }]
            }
            Effect::Peek(path) => {
                let result = self.read(&path);
                vec![Msg::Peeked { path, result }]
            }
            Effect::Narrow(list) => {
                let shown = list.run(&|| false).unwrap();
                vec![Msg::Narrowed { ticket: list.ticket, shown }]
            }
            Effect::Search { ticket, query } => match self.pin.hits(&query, 5_000) {
                Ok((search, hits)) => vec![Msg::Hits { ticket, hits }, Msg::Searched { ticket, result: Ok(search) }],
                Err(error) => vec![Msg::Searched { ticket, result: Err(error) }],
            },
            Effect::Extent => vec![Msg::Extent(Ok(self.pin.extent(&|| false).unwrap().unwrap()))],
            Effect::Leads => {
                let leads = leads::run_all(&self.pin, &self.journal.audit.standard, PLACES, &|| false, |_| {});
                vec![Msg::Leads(leads.unwrap())]
            }
            Effect::Trojans(ticket) => {
                let mut answers = Vec::new();
                let result = self.pin.trojans(&|| false, |odd| answers.push(Msg::Odd { ticket, odd }));
                answers.push(Msg::Looked { ticket, result: result.map(Option::unwrap) });
                answers
            }
            Effect::Colour { ticket, path, blob, bytes, lines } => {
                self.highlighter.request(Request { ticket, path, blob, bytes, lines });
                self.answers()
            }
            Effect::Outline { ticket, path, blob, bytes } => {
                self.highlighter.outline(OutlineRequest { ticket, path, blob, bytes });
                self.answers()
            }
            Effect::Ask { ticket, ask } => {
                let mut all = Vec::new();
                let git = Git::find(&self.repo);
                past::answer(&self.repo, git.as_ref(), *ask, &|| false, &mut |told| all.push(told));
                all.into_iter().map(|told| Msg::Told { ticket, told: Box::new(told) }).collect()
            }
            Effect::Review => {
                let result = exporting::review(&self.journal.audit, &self.journal.loaded.toml, &self.pin);
                vec![Msg::Reviewed(result)]
            }
            other => {
                self.kept.push(other);
                Vec::new()
            }
        }
    }

    /// Waits for all answers to what the highlighter was asked.
    fn answers(&self) -> Vec<Msg> {
        let mut answers = vec![self.coloured.recv().unwrap()];
        while !answers.last().unwrap().is_last() {
            answers.push(self.coloured.recv().unwrap());
        }
        let msg = |answer| match answer {
            Answer::Coloured(coloured) => Msg::Coloured(coloured),
            Answer::Outlined(outlined) => Msg::Outlined(outlined),
        };
        answers.into_iter().map(msg).collect()
    }

    /// Reads a file at the pin.
    #[track_caller]
    pub fn load(&self, path: &RepoPath) -> Loaded {
        self.read(path).unwrap()
    }

    fn read(&self, path: &RepoPath) -> touchstone::Result<Loaded> {
        let entry = self.pin.find(path)?;
        let bytes = self.pin.blob(entry.oid)?;
        Ok(if bytes.contains(&0) {
            Loaded::Other("binary".to_owned())
        } else {
            Loaded::Text(Text::new(path.clone(), entry.oid, bytes.into()))
        })
    }

    fn acted(&mut self, act: impl FnOnce(&mut Journal) -> touchstone::Result<()>) -> Msg {
        let before = self.journal.audit.entries().len();
        let done = act(&mut self.journal);
        Msg::Acted(done.map(|()| self.journal.audit.entries()[before..].to_vec()))
    }
}
