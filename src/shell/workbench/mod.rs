//! The workbench at work: the state machine with its journal, its workers and, mostly, a terminal.
//!
//! | file | what it does |
//! |---|---|
//! | `mod` | [`Session`]: does what the state machine asks for, and brings it the answers |
//! | `live` | the loop on a terminal |
//! | [`headless`] | the same without a terminal: keys in, frames out |
//! | `worker`, `historian` | the threads that read, search and colour; those that look into the past |
//! | `batches`, `narrow`, `warm` | hands hits on; narrows long lists; makes the main languages' colours ready |
//! | `editor`, `input` | the user's editor; the terminal's keys and mouse |

mod batches;
mod editor;
pub mod headless;
mod historian;
mod input;
mod live;
mod narrow;
mod warm;
mod worker;

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::key::{self, Key};
use crate::app::keymap::Keymap;
use crate::app::msg::{AuditRow, Effect, ExportWanted, Exported, Msg};
use crate::app::reading::Reading;
use crate::app::text::Text;
use crate::app::{App, HINTS, Preferences, Start};
use crate::auditdb::{Folder, statement};
use crate::config::{Config, Paths};
use crate::error::{Error, Result};
use crate::export::count;
use crate::highlight::{OutlineRequest, Request};
use crate::journal::{Journal, Place, Store, View};
use crate::model::audit::Audit;
use crate::model::event::{Entry, Event};
use crate::model::hash::Sha256;
use crate::model::record::STANDARD_FILE;
use crate::model::replay::replay;
use crate::model::score;
use crate::model::time::Time;
use crate::repo::{Pin, Repo, display};
use crate::shell::exporting::{self, Wanted};
use crate::shell::terminal::{Input, Screen};
use crate::shell::{clock, tool};
use crate::standards::Loaded;
use worker::Workers;

pub use headless::Headless;
pub(super) use input::key as key_of;
pub use live::run;

/// How long a key's effects may take before keys that are played are given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the reader's place is written at most, while it changes.
const PLACE_PAUSE: Duration = Duration::from_secs(1);

/// Where the data folder remembers the step of the first-run hints.
const HINT_FILE: &str = "hint";

/// Why an audit that another process holds is read only.
const LOCKED: &str = "another touchstone is writing to this audit";

/// Why a record cannot be written.
const SEALED: &str = "this is a record, open to be read";

/// What surrounds a session.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The user's folders.
    pub paths: Paths,
    /// The clone, where it is not the one that the audit was opened with last.
    pub repo: Option<PathBuf>,
    /// The user's preferences.
    pub config: Config,
    /// No colour is drawn.
    pub no_color: bool,
    /// A checkout of the audit database, as far as one is known.
    pub db: Option<PathBuf>,
    /// The clock.
    pub clock: fn() -> Result<Time>,
}

impl Environment {
    /// Returns the environment of a user with these folders, without preferences.
    pub fn new(paths: Paths) -> Environment {
        Environment { paths, repo: None, config: Config::default(), no_color: false, db: None, clock: clock::now }
    }

    fn store(&self) -> Store {
        Store::new(&self.paths.data)
    }

    fn preferences(&self) -> Preferences {
        let ui = &self.config.ui;
        Preferences {
            theme: ui.theme,
            ascii: ui.ascii,
            no_color: self.no_color,
            mouse: ui.mouse,
            db: self.db.clone(),
            key: self.config.signing.key.clone(),
        }
    }

    /// Returns the step of the first-run hints; nothing when they are done.
    fn hint(&self) -> Option<usize> {
        let step = std::fs::read_to_string(self.paths.data.join(HINT_FILE)).unwrap_or_default();
        let step = step.trim().parse().unwrap_or(0);
        (step < HINTS.len()).then_some(step)
    }

    fn set_hint(&self, step: usize) -> Result<()> {
        let path = self.paths.data.join(HINT_FILE);
        std::fs::create_dir_all(&self.paths.data)
            .and_then(|()| std::fs::write(&path, format!("{step}\n")))
            .map_err(|error| Error::io("write", &path, &error))
    }
}

/// Returns the keys as the user wants them.
///
/// # Errors
/// Where a change in the preferences cannot be made.
pub fn keymap(config: &Config, paths: &Paths) -> Result<Keymap> {
    Keymap::with(&config.keys).map_err(|why| Error::usage(format!("{}, [keys]: {why}.", paths.config_file().display())))
}

/// An audit, to be written or, where another process writes it, to be read.
#[derive(Debug)]
pub enum Held {
    /// It can be written.
    Journal(Box<Journal>),
    /// It can be read.
    View(Box<View>),
    /// It is no journal but a record, which can be read.
    Record(Box<View>),
}

impl Held {
    /// Opens an audit for writing, or for reading where another process holds its lock.
    ///
    /// # Errors
    /// Where it cannot be opened at all.
    pub fn open(store: &Store, name: &str) -> Result<Held> {
        Ok(match store.open_unless_locked(name)? {
            Some(journal) => Held::Journal(Box::new(journal)),
            None => Held::View(Box::new(store.view(name)?)),
        })
    }

    /// Makes an audit of a record, to be read.
    ///
    /// # Errors
    /// Where the record or its standard cannot be read, or hold what no audit can. Whether it is true is for
    /// `touchstone verify` to say.
    pub fn record(folder: &Folder) -> Result<Held> {
        let broken = |why: String| {
            Error::falsity(format!("{} is not a record that can be read. {why}", folder.path.display()))
                .hint("`touchstone verify` names what is wrong with it.")
        };
        let statement = statement(folder).map_err(broken)?;
        let toml = folder.files.get(STANDARD_FILE).ok_or_else(|| broken(format!("There is no {STANDARD_FILE}.")))?;
        let loaded = Loaded::from_toml(String::from_utf8_lossy(toml).into_owned(), STANDARD_FILE)?;
        let audit = replay(&statement.predicate, &loaded.standard).map_err(|why| broken(format!("{why}.")))?;
        Ok(Held::Record(Box::new(View { audit, loaded })))
    }

    /// Returns the audit.
    pub fn audit(&self) -> &Audit {
        match self {
            Held::Journal(journal) => &journal.audit,
            Held::View(view) | Held::Record(view) => &view.audit,
        }
    }

    /// Returns why it cannot be written, if it cannot.
    fn why_not(&self) -> Option<&'static str> {
        match self {
            Held::Journal(_) => None,
            Held::View(_) => Some(LOCKED),
            Held::Record(_) => Some(SEALED),
        }
    }

    fn standard_toml(&self) -> &str {
        match self {
            Held::Journal(journal) => &journal.loaded.toml,
            Held::View(view) | Held::Record(view) => &view.loaded.toml,
        }
    }
}

/// What reaches a session from other threads.
enum Happened {
    /// The terminal reports something.
    Input(Input),
    /// A worker answers.
    Answer {
        /// The audit that it was asked about, by number.
        about: u64,
        /// The answer; none where a newer request took the older one's place.
        msg: Option<Box<Msg>>,
        /// It is the last answer.
        last: bool,
    },
}

/// Brings a session the answers of its workers.
#[derive(Clone)]
struct Answers {
    sender: Sender<Happened>,
    about: u64,
}

impl Answers {
    fn send(&self, msg: Option<Msg>, last: bool) {
        // A session that has ended wants no answers.
        let _ = self.sender.send(Happened::Answer { about: self.about, msg: msg.map(Box::new), last });
    }
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Quit,
    Signal(i32),
}

/// The workbench on one audit at a time.
pub struct Session {
    app: App,
    environment: Environment,
    name: String,
    held: Held,
    repo: Repo,
    workers: Workers,
    answers: Answers,
    happened: Receiver<Happened>,
    /// Inputs that came while keys were played.
    later: VecDeque<Input>,
    /// Requests to workers that have not got their last answer.
    in_flight: usize,
    /// The leads are to be run once the first screen is complete: they take what the machine has.
    leads_wanted: bool,
    /// They are being run.
    leads_run: bool,
    /// How long they may take before keys that are played are given up.
    patience: Duration,
    place: String,
    place_saved: Instant,
    /// What the reader's eyes had time for. Only a real screen feeds it.
    reading: Reading,
    end: Option<End>,
}

/// What a session has of one audit.
struct Opened {
    app: App,
    effects: Vec<Effect>,
    repo: Repo,
    workers: Workers,
    place: String,
}

fn prepare(
    environment: &Environment,
    name: &str,
    held: &Held,
    preferences: Preferences,
    size: (u16, u16),
    answers: &Answers,
) -> Result<Opened> {
    let audit = held.audit();
    let store = environment.store();
    let known = store.place(name).map(|place| place.path);
    let path = environment.repo.clone().or(known).unwrap_or_else(|| PathBuf::from("."));
    let repo = Repo::discover(&path)?;
    let opened = &audit.now.opened;
    let pin = repo.pin(opened.pin.commit, &opened.scope)?;
    let (mut app, effects) = App::new(Start {
        audit: audit.clone(),
        files: pin.entries().to_vec(),
        cut: pin.cut().map(str::to_owned),
        keymap: keymap(&environment.config, &environment.paths)?,
        preferences,
        size,
        place: store.cursor(name),
        // Whoever looks at a record is not led through an audit.
        hint: if matches!(held, Held::Record(_)) { None } else { environment.hint() },
        read_only: held.why_not().map(str::to_owned),
    });
    if let Held::Journal(journal) = held
        && let Some(note) = &journal.recovered
    {
        app.say(display::line(note));
    }
    let workers = Workers::start(pin, repo.clone(), audit, answers);
    let place = app.place();
    Ok(Opened { app, effects, repo, workers, place })
}

impl Session {
    /// Opens the workbench on an audit. `size` is the screen's columns and rows.
    ///
    /// # Errors
    /// Where the clone or the pin is not there, or the preferences hold keys that are none.
    pub fn open(environment: Environment, name: &str, held: Held, size: (u16, u16)) -> Result<Session> {
        let (sender, happened) = channel();
        let answers = Answers { sender, about: 0 };
        let Opened { app, effects, repo, workers, place } =
            prepare(&environment, name, &held, environment.preferences(), size, &answers)?;
        let mut session = Session {
            app,
            environment,
            name: name.to_owned(),
            held,
            repo,
            workers,
            answers,
            happened,
            later: VecDeque::new(),
            in_flight: 0,
            leads_wanted: false,
            leads_run: false,
            patience: PATIENCE,
            place,
            place_saved: Instant::now(),
            reading: Reading::default(),
            end: None,
        };
        session.perform_all(effects, None);
        Ok(session)
    }

    /// Returns the state machine.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Shows the audits on this machine.
    pub fn list_audits(&mut self) {
        self.perform_all(vec![Effect::Audits], None);
    }

    /// Shows what was taken over from the older audit.
    pub fn list_carried(&mut self) {
        self.app.open_carried();
    }

    /// Takes a message, and does what follows from it.
    fn update(&mut self, msg: Msg, screen: Option<&mut Screen>) {
        let effects = self.app.update(msg);
        self.perform_all(effects, screen);
    }

    fn perform_all(&mut self, effects: Vec<Effect>, mut screen: Option<&mut Screen>) {
        let about = self.answers.about;
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            if matches!(effect, Effect::Edit { .. } | Effect::Export(_) | Effect::Suspend | Effect::Switch(_)) {
                // The screen shows something else meanwhile; and what was read is part of what is exported.
                effects.extend(self.look_away());
            }
            for msg in self.perform(effect, screen.as_deref_mut()) {
                effects.extend(self.app.update(msg));
            }
            if self.answers.about != about {
                // What is left was asked for by the audit before.
                return;
            }
        }
    }

    /// Does what the state machine asks for, and returns what there is to tell it at once.
    fn perform(&mut self, effect: Effect, mut screen: Option<&mut Screen>) -> Vec<Msg> {
        if matches!(effect, Effect::Edit { .. } | Effect::Export(_) | Effect::Suspend) {
            // Whoever ends the process meanwhile does not come by here.
            self.save_place();
        }
        let failed = |result: Result<()>| result.err().map(|error| Msg::Done(Err(error))).into_iter().collect();
        match effect {
            Effect::Act(events) => vec![self.write(|journal, at| journal.act(events, at))],
            Effect::Undo => vec![self.write(|journal, at| journal.undo(at).map(|_| ()))],
            Effect::Redo => vec![self.write(|journal, at| journal.redo(at).map(|_| ()))],
            Effect::Load { path, line } => {
                self.in_flight += 1;
                self.workers.load(path, line);
                Vec::new()
            }
            Effect::Peek(path) => {
                self.in_flight += 1;
                self.workers.peek(path);
                Vec::new()
            }
            Effect::Narrow(list) => {
                self.in_flight += 1;
                self.workers.narrow(list);
                Vec::new()
            }
            Effect::Search { ticket, query } => {
                self.in_flight += 1;
                self.workers.search(ticket, query, &self.answers);
                Vec::new()
            }
            Effect::Leads => {
                self.leads_wanted = true;
                Vec::new()
            }
            Effect::Trojans(ticket) => {
                self.in_flight += 1;
                self.workers.trojans(ticket, &self.answers);
                Vec::new()
            }
            Effect::Extent => {
                self.in_flight += 1;
                self.workers.extent();
                Vec::new()
            }
            Effect::Colour { ticket, path, blob, bytes, lines } => {
                self.in_flight += 1;
                self.workers.colour(Request { ticket, path, blob, bytes, lines });
                Vec::new()
            }
            Effect::Ask { ticket, ask } => {
                self.in_flight += 1;
                self.workers.ask(ticket, *ask);
                Vec::new()
            }
            Effect::Outline { ticket, path, blob, bytes } => {
                self.in_flight += 1;
                self.workers.outline(OutlineRequest { ticket, path, blob, bytes });
                Vec::new()
            }
            Effect::Review => {
                self.in_flight += 1;
                let standard = self.held.standard_toml().to_owned();
                self.workers.review(self.held.audit().clone(), standard, &self.answers);
                Vec::new()
            }
            Effect::Edit { text, line } => failed(self.edit(&text, line, screen)),
            Effect::Copy(text) => failed(screen.map_or(Ok(()), |screen| screen.copy(&text))),
            Effect::Export(wanted) => self.export(wanted, screen),
            Effect::Audits => {
                // Every journal is read, and there may be many.
                self.in_flight += 1;
                let (store, answers) = (self.environment.store(), self.answers.clone());
                thread::spawn(move || answers.send(Some(Msg::Audits(audits(&store))), true));
                Vec::new()
            }
            Effect::Switch(name) => failed(self.switch(&name)),
            Effect::Hinted(step) => failed(self.environment.set_hint(step)),
            Effect::Mouse(on) => failed(screen.map_or(Ok(()), |screen| screen.set_mouse(on))),
            Effect::Suspend => match screen {
                Some(screen) => {
                    screen.suspend();
                    Vec::new()
                }
                None => failed(Err(no_terminal())),
            },
            Effect::Redraw => {
                if let Some(screen) = &mut screen {
                    screen.redraw();
                }
                Vec::new()
            }
            Effect::Quit => {
                self.end = Some(End::Quit);
                Vec::new()
            }
        }
    }

    /// Writes to the journal, and tells what stands there now.
    fn write(&mut self, act: impl FnOnce(&mut Journal, Time) -> Result<()>) -> Msg {
        let why = self.held.why_not().unwrap_or_default();
        let Held::Journal(journal) = &mut self.held else { return Msg::Acted(Err(read_only(why))) };
        let done = (self.environment.clock)().and_then(|at| act(journal, at));
        let result = done.map(|()| self.news());
        self.save_place();
        Msg::Acted(result)
    }

    /// Lets the time pass for what is on the screen, until `now`, in milliseconds; writes what was opened, now and then.
    fn look(&mut self, now: u64, screen: Option<&mut Screen>) {
        self.reading.look(now, self.app.in_view(), &self.app.audit.seen);
        if let Some(seen) = self.reading.batch(now) {
            let effects = self.record(seen);
            self.perform_all(effects, screen);
        }
    }

    /// Ends the time of what was on the screen, and writes what was opened. The time since the last frame is not counted.
    fn look_away(&mut self) -> Vec<Effect> {
        let rest = std::mem::take(&mut self.reading).rest();
        rest.map(|seen| self.record(seen)).unwrap_or_default()
    }

    /// Writes down what was opened, where this process may write, and returns what follows from it.
    fn record(&mut self, seen: Event) -> Vec<Effect> {
        if self.held.why_not().is_some() {
            return Vec::new();
        }
        let msg = self.write(|journal, at| journal.act(vec![seen], at));
        self.app.update(msg)
    }

    /// Returns what stands in the journal and the state machine does not know yet.
    fn news(&self) -> Vec<(Entry, Sha256)> {
        let next = self.app.audit.next_seq();
        let entries = self.held.audit().entries();
        entries.iter().skip_while(|(entry, _)| entry.seq < next).cloned().collect()
    }

    fn edit(&mut self, text: &Text, line: usize, screen: Option<&mut Screen>) -> Result<()> {
        let screen = screen.ok_or_else(no_terminal)?;
        let editor = self.environment.config.ui.editor.as_deref();
        screen.hand_over(|| editor::open(text, line, editor))
    }

    fn export(&mut self, wanted: ExportWanted, screen: Option<&mut Screen>) -> Vec<Msg> {
        let exported = match screen {
            Some(screen) => screen.hand_over(|| {
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "Checking every piece of evidence again …");
                if let Some(key) = &wanted.key {
                    let key = display::line(&key.display().to_string()).into_owned();
                    let _ = writeln!(out, "Signing with {key}: answer its question, and touch your key if it blinks.");
                }
                drop(out);
                self.seal(&wanted)
            }),
            None => self.seal(&wanted),
        };
        let entries = self.news();
        match exported {
            Ok((audit_id, said)) => vec![Msg::Exported(Ok(Exported { audit_id, said, entries }))],
            // The audit may be sealed although its record was not signed.
            Err(error) if !entries.is_empty() => vec![Msg::Acted(Ok(entries)), Msg::Exported(Err(error))],
            Err(error) => vec![Msg::Exported(Err(error))],
        }
    }

    /// Exports, and returns the record's name and what to tell.
    fn seal(&mut self, wanted: &ExportWanted) -> Result<(String, Vec<String>)> {
        let why = self.held.why_not().unwrap_or_default();
        let Held::Journal(journal) = &mut self.held else { return Err(read_only(why)) };
        let (db, key) = (at_home(&wanted.db), wanted.key.as_deref().map(at_home));
        exporting::expect_folder(&db)?;
        let keygen = key.as_deref().map(exporting::keygen).transpose()?;
        let opened = &journal.audit.now.opened;
        let pin: Pin = self.repo.pin(opened.pin.commit, &opened.scope)?;
        let asked = Wanted { db: &db, partial: wanted.partial, at: (self.environment.clock)()? };
        let prepared = exporting::prepare(&journal.audit, &journal.loaded.toml, &pin, asked)?;
        let exported = prepared.commit(journal, keygen.as_ref().zip(key.as_deref()), wanted.secrets_reviewed)?;
        Ok((exported.seal.audit_id.clone(), exported.said(&journal.audit)))
    }

    /// Goes on with another audit.
    fn switch(&mut self, name: &str) -> Result<()> {
        if name == self.name {
            self.app.say(format!("{} is open already.", display::line(name)));
            return Ok(());
        }
        let environment = Environment { repo: None, ..self.environment.clone() };
        let store = environment.store();
        let mut held = Held::open(&store, name)?;
        let answers = Answers { sender: self.answers.sender.clone(), about: self.answers.about + 1 };
        let preferences = self.app.preferences.clone();
        // Only an audit whose clone is there is taken up again.
        let opened = prepare(&environment, name, &held, preferences, self.app.size, &answers)?;
        if let (Held::Journal(journal), Some(place)) = (&mut held, store.place(name)) {
            let now = (environment.clock)()?;
            journal.act(vec![Event::Resumed { tool: tool() }], now)?;
            store.set_place(name, &Place { opened_at: now, ..place })?;
        }
        self.save_place();
        let Opened { app, effects, repo, workers, place } = opened;
        (self.app, self.repo, self.workers, self.place) = (app, repo, workers, place);
        (self.environment, self.held, self.answers) = (environment, held, answers);
        self.name = name.to_owned();
        (self.in_flight, self.leads_wanted, self.leads_run) = (0, false, false);
        let news = self.news();
        self.update(Msg::Acted(Ok(news)), None);
        self.perform_all(effects, None);
        Ok(())
    }

    /// Remembers where the reader is, where that changed. Nothing depends on it, so a failure is no matter.
    fn save_place(&mut self) {
        // A record has no folder of its own on this machine.
        if matches!(self.held, Held::Record(_)) {
            return;
        }
        if let Some(place) = self.new_place() {
            let _ = self.environment.store().set_cursor(&self.name, &place);
            self.place = place;
            self.place_saved = Instant::now();
        }
    }

    /// Returns where the reader is, if it is another place than the remembered one, and is this process's to remember.
    fn new_place(&self) -> Option<String> {
        let place = self.app.place();
        (matches!(self.held, Held::Journal(_)) && place != self.place).then_some(place)
    }

    /// Waits for what happens next. Wakes up by itself only to remember a place that has changed, or when lines have stood
    /// long enough; `now` are the milliseconds by which they are measured.
    fn wait(&mut self, now: u64) -> Option<Happened> {
        if let Some(input) = self.later.pop_front() {
            return Some(Happened::Input(input));
        }
        let place = self.new_place().map(|_| PLACE_PAUSE.saturating_sub(self.place_saved.elapsed()));
        let reading = self.reading.due().map(|due| Duration::from_millis(due.saturating_sub(now)));
        let Some(pause) = place.into_iter().chain(reading).min() else {
            return self.happened.recv().ok();
        };
        match self.happened.recv_timeout(pause) {
            Ok(happened) => Some(happened),
            Err(_) => {
                if place == Some(pause) {
                    self.save_place();
                }
                None
            }
        }
    }

    /// Takes what happened.
    fn take(&mut self, happened: Happened, screen: Option<&mut Screen>) {
        match happened {
            Happened::Answer { about, msg, last } if about == self.answers.about => {
                if last {
                    self.in_flight = self.in_flight.saturating_sub(1);
                }
                if let Some(msg) = msg {
                    self.leads_run &= !matches!(*msg, Msg::Leads(_));
                    self.update(*msg, screen);
                }
            }
            Happened::Answer { .. } => {}
            Happened::Input(Input::Key(event)) => {
                if let Some(key) = input::key(event) {
                    self.update(Msg::Key(key), screen);
                }
            }
            Happened::Input(Input::Mouse(event)) => {
                if let Some(mouse) = input::mouse(event) {
                    self.update(Msg::Mouse(mouse), screen);
                }
            }
            Happened::Input(Input::Paste(text)) => self.update(Msg::Paste(text), screen),
            // The next frame finds the size.
            Happened::Input(Input::Resize) => {}
            Happened::Input(Input::Continued) => {
                if let Some(screen) = screen {
                    screen.renew();
                }
            }
            Happened::Input(Input::Terminate(signal)) => self.end = Some(End::Signal(signal)),
        }
    }

    /// Begins what waits until nobody waits for anything else.
    fn begin_leads(&mut self) {
        if self.in_flight == 0 && std::mem::take(&mut self.leads_wanted) {
            self.in_flight += 1;
            self.leads_run = true;
            self.workers.leads();
        }
    }

    /// Waits until no request waits for an answer, at most so long, and tells whether that came to be.
    fn settle(&mut self, most: Duration, mut screen: Option<&mut Screen>) -> bool {
        let mut until = Instant::now() + most;
        loop {
            self.begin_leads();
            if self.in_flight == 0 {
                return true;
            }
            let happened = if self.leads_run && self.in_flight == 1 {
                // They take as long as the repository is large, and come to an end by themselves.
                let happened = self.happened.recv().map_err(|_| RecvTimeoutError::Disconnected);
                until = Instant::now() + most;
                happened
            } else {
                self.happened.recv_timeout(until.saturating_duration_since(Instant::now()))
            };
            match happened {
                Ok(Happened::Input(input)) => self.later.push_back(input),
                Ok(answer) => self.take(answer, screen.as_deref_mut()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Plays keys, each when all that the ones before asked for is there, until they end or end the session.
    fn play(&mut self, keys: &[Key], mut screen: Option<&mut Screen>) -> Result<()> {
        let most = self.patience;
        for at in 0..=keys.len() {
            if at > 0 {
                self.update(Msg::Key(keys[at - 1]), screen.as_deref_mut());
            }
            if !self.settle(most, screen.as_deref_mut()) {
                let after = match at {
                    0 => "at the start".to_owned(),
                    at => format!("after `{}`, key {at} of {}", key::written(&keys[at - 1..at]), keys.len()),
                };
                return Err(Error::could_not(format!(
                    "The workbench still waited for {} after {} seconds, {after}.",
                    count(self.in_flight, "answer", "answers"),
                    most.as_secs_f32()
                )));
            }
            if self.end.is_some() {
                break;
            }
        }
        Ok(())
    }
}

/// Lists the audits on this machine.
fn audits(store: &Store) -> Result<Vec<AuditRow>> {
    let rows = store.list()?.into_iter().map(|listed| {
        let detail = match &listed.view {
            Ok(view) => {
                let audit = &view.audit;
                let opened = &audit.now.opened;
                let place = listed.place.map(|place| format!(", opened {}", place.opened_at.date()));
                format!(
                    "{}, score {}{}  {}/{} {}",
                    count(audit.now.answers.len(), "answer", "answers"),
                    score::score(&audit.standard, &audit.inputs()).headline,
                    place.unwrap_or_default(),
                    opened.target.org,
                    opened.target.repo,
                    opened.pin.commit.short(),
                )
            }
            Err(error) => format!("cannot be read: {}", error.message),
        };
        AuditRow { name: listed.name, detail: display::line(&detail).into_owned() }
    });
    Ok(rows.collect())
}

fn no_terminal() -> Error {
    Error::could_not("There is no terminal for this.")
}

fn read_only(why: &str) -> Error {
    Error::could_not(format!("Nothing can be written: {why}."))
}

/// Returns a path that a person typed, `~` being the home folder, as a shell would have it.
fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// Returns how many columns and rows the terminal has.
pub fn terminal_size() -> (u16, u16) {
    crossterm::terminal::size().unwrap_or((80, 24))
}
