//! A database on the terminal: the loop, and a thread that reads what is asked for.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::app::browse::{Browse, Effect, Loaded, Msg};
use crate::app::key::Key;
use crate::auditdb::{Clones, Database, Server, read, wanted};
use crate::config::Ui;
use crate::error::{Error, Result};
use crate::model::event::Target;
use crate::model::evidence::Region;
use crate::repo::{Repo, display};
use crate::shell::terminal::{Input, Options, Screen};
use crate::shell::workbench::{Held, key_of};
use crate::ui;

enum Happened {
    Input(Input),
    Answer(Msg),
}

/// A database's screen with what it reads from.
pub struct Session {
    /// The state machine.
    pub browse: Browse,
    database: Database,
    clones: Clones,
    happened: Receiver<Happened>,
    sender: Sender<Happened>,
    waits: usize,
    suspend: bool,
    quit: bool,
    /// A record that is to be opened in the workbench.
    leave: Option<(Server, String)>,
}

impl Session {
    /// Begins.
    pub fn new(browse: Browse, database: Database, clones: Clones) -> Session {
        let (sender, happened) = channel();
        Session { browse, database, clones, happened, sender, waits: 0, suspend: false, quit: false, leave: None }
    }

    /// Takes a message, and begins what follows from it.
    pub fn update(&mut self, msg: Msg) {
        for effect in self.browse.update(msg) {
            match effect {
                Effect::Quit => self.quit = true,
                Effect::Suspend => self.suspend = true,
                Effect::Workbench { server, audit } => self.leave = Some((server, audit)),
                Effect::Audit { ticket, server, audit } => {
                    let database = self.database.clone();
                    self.begin(ticket, move || audit_of(&database, &server, &audit));
                }
                Effect::Code { ticket, server, commit, region } => {
                    let clones = self.clones.clone();
                    self.begin(ticket, move || code_of(&clones, &server, &commit, &region));
                }
            }
        }
    }

    fn begin(&mut self, ticket: u64, work: impl FnOnce() -> Result<Loaded> + Send + 'static) {
        let sender = self.sender.clone();
        self.waits += 1;
        thread::spawn(move || {
            let loaded = work().map_err(|error| [vec![error.message], error.hints].concat().join(" "));
            let _ = sender.send(Happened::Answer(Msg::Loaded(ticket, loaded)));
        });
    }

    /// Plays keys, each when what the ones before asked for is there.
    pub fn play(&mut self, keys: &[Key]) {
        for key in keys {
            self.update(Msg::Key(*key));
            while self.waits > 0 {
                let Ok(happened) = self.happened.recv() else { return };
                self.take(happened);
            }
        }
    }

    /// Returns the record that is to be opened in the workbench now, and the clone of its server; what is in the way is
    /// said on the screen.
    pub fn record(&mut self) -> Option<(Held, Repo)> {
        let (server, audit) = self.leave.take()?;
        let opened = self.database.server(&server).and_then(|dir| {
            let missing = || Error::could_not(format!("{server}/{audit} is no longer there."));
            let dir = dir.ok_or_else(missing)?;
            let found = self.database.audits(&dir)?.found.into_iter().find(|one| one.audit == audit);
            let held = Held::record(&self.database.folder(&found.ok_or_else(missing)?)?)?;
            Ok((held, clone_of(&self.clones, &server)?))
        });
        opened.map_err(|error| self.tell(&error)).ok()
    }

    /// Says on the screen what went wrong.
    pub fn tell(&mut self, error: &Error) {
        self.browse.tell(&[vec![error.message.clone()], error.hints.clone()].concat().join(" "));
    }

    /// Tells whether the user has quit.
    pub fn ended(&self) -> bool {
        self.quit
    }

    fn take(&mut self, happened: Happened) {
        match happened {
            Happened::Answer(msg) => {
                self.waits = self.waits.saturating_sub(1);
                self.update(msg);
            }
            Happened::Input(Input::Key(event)) => {
                if let Some(key) = key_of(event) {
                    self.update(Msg::Key(key));
                }
            }
            Happened::Input(Input::Paste(text)) => self.update(Msg::Paste(text)),
            Happened::Input(_) => {}
        }
    }

    /// Returns the frame of a screen of this size.
    pub fn frame(&mut self, columns: u16, rows: u16, ui: &Ui, no_color: bool) -> Buffer {
        self.update(Msg::Resize(columns, rows));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap_or_else(|never| match never {});
        let drawn = terminal.draw(|frame| ui::browse::draw(&self.browse, ui, no_color, frame.buffer_mut()));
        let mut buffer = drawn.map(|drawn| drawn.buffer.clone()).unwrap_or_else(|never| match never {});
        crate::shell::print::scrub(&mut buffer);
        buffer
    }

    /// Runs on the terminal until the user quits, or wants a record in the workbench; returns the signal that ended it, if one did.
    ///
    /// # Errors
    /// Where there is no terminal, or it cannot be used any more.
    pub fn run(&mut self, ui: &Ui, no_color: bool) -> Result<Option<i32>> {
        let sender = self.sender.clone();
        let sink = move |input| {
            let _ = sender.send(Happened::Input(input));
        };
        let mut screen = Screen::enter(Options { mouse: false }, sink)?;
        while !self.quit && self.leave.is_none() {
            let (columns, rows) = screen.size()?;
            if (columns, rows) != self.browse.size {
                self.update(Msg::Resize(columns, rows));
            }
            screen.draw(|frame| ui::browse::draw(&self.browse, ui, no_color, frame.buffer_mut()))?;
            let Ok(first) = self.happened.recv() else { break };
            // What came meanwhile is taken before the next frame, so that a key that is held queues none.
            let mut next = Some(first);
            while let Some(happened) = next {
                match happened {
                    Happened::Input(Input::Terminate(signal)) => {
                        screen.leave();
                        return Ok(Some(signal));
                    }
                    Happened::Input(Input::Continued) => screen.renew(),
                    other => self.take(other),
                }
                if std::mem::take(&mut self.suspend) {
                    screen.suspend();
                }
                next = if self.quit || self.leave.is_some() { None } else { self.happened.try_recv().ok() };
            }
        }
        screen.leave();
        Ok(None)
    }
}

/// Reads an audit, and the texts of its findings.
fn audit_of(database: &Database, server: &Server, audit: &str) -> Result<Loaded> {
    let missing = || Error::could_not(format!("{server}/{audit} is no longer there."));
    let dir = database.server(server)?.ok_or_else(missing)?;
    let found = database.audits(&dir)?.found.into_iter().find(|one| one.audit == audit).ok_or_else(missing)?;
    let part = database.folder_of(&found, &wanted)?;
    let reading = read(&found, &part);
    let findings = part.folder.files.iter().filter(|(path, _)| path.starts_with("findings/"));
    let texts = findings.map(|(path, bytes)| (path.clone(), display::block_bytes(bytes))).collect();
    Ok(Loaded::Audit(Box::new(reading), texts))
}

/// Opens the clone of a server.
fn clone_of(clones: &Clones, server: &Server) -> Result<Repo> {
    let target = Target::parse(&format!("https://{server}")).map_err(Error::could_not)?;
    clones.find(&target).map_err(|why| {
        Error::could_not(format!("No clone of {server} can be used: {why}."))
            .hint(format!("Pass --clone https://{server}=DIR, or --clones DIR."))
    })
}

/// Cuts a region out of a clone, after checking that it holds.
fn code_of(clones: &Clones, server: &Server, commit: &str, region: &Region) -> Result<Loaded> {
    let repo = clone_of(clones, server)?;
    let pin = repo.pin(repo.resolve(commit)?, &[])?;
    let bytes = pin.excerpt(region)?;
    let text = display::block_bytes(&bytes);
    let lines = text.lines().enumerate().map(|(at, line)| format!("{:>6}  {line}\n", region.first + at));
    Ok(Loaded::Code(lines.collect()))
}
