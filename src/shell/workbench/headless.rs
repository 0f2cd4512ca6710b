//! The workbench without a terminal: keys in, frames out. Everything else is as on a terminal, the journal too.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::{Environment, Held, Session};
use crate::app::App;
use crate::app::key::Key;
use crate::app::msg::Msg;
use crate::error::{Error, Result};
use crate::shell::print;
use crate::ui;

/// The workbench without a terminal.
pub struct Headless {
    session: Session,
}

impl Headless {
    /// Opens the workbench on an audit, and waits until the first screen is complete. The screen has 120x40.
    ///
    /// # Errors
    /// As [`Session::open`]; and where the first screen is never complete.
    pub fn open(environment: Environment, name: &str) -> Result<Headless> {
        let mut headless = Headless::start(environment, name)?;
        headless.settle()?;
        Ok(headless)
    }

    /// Opens the workbench on an audit, and waits for nothing.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn start(environment: Environment, name: &str) -> Result<Headless> {
        let held = Held::open(&environment.store(), name)?;
        Ok(Headless { session: Session::open(environment, name, held, (120, 40))? })
    }

    /// Takes a session, and waits until its screen is complete.
    ///
    /// # Errors
    /// Where that never comes to be.
    pub fn begin(session: Session) -> Result<Headless> {
        let mut headless = Headless { session };
        headless.settle()?;
        Ok(headless)
    }

    /// Waits until the screen is complete.
    ///
    /// # Errors
    /// Where that never comes to be.
    pub fn settle(&mut self) -> Result<()> {
        self.session.play(&[], None)
    }

    /// Takes the workers' answers until something holds, or none is to come.
    pub fn until(&mut self, mut holds: impl FnMut(&App) -> bool) {
        while self.session.in_flight > 0 && !holds(&self.session.app) {
            let Ok(happened) = self.session.happened.recv() else { return };
            self.session.take(happened, None);
        }
    }

    /// Plays keys as `--keys` has them, `jj<tab>`, each when the screen that follows the one before is complete.
    ///
    /// # Errors
    /// Where a part is no key, or a screen is never complete.
    pub fn keys(&mut self, keys: &str) -> Result<()> {
        self.play(&Key::parse_all(keys).map_err(Error::usage)?)
    }

    /// Plays keys, each when the screen that follows the one before is complete.
    ///
    /// # Errors
    /// Where a screen is never complete.
    pub fn play(&mut self, keys: &[Key]) -> Result<()> {
        self.session.play(keys, None)
    }

    /// Says how long a screen may take to be complete; at first 10 seconds.
    pub fn set_patience(&mut self, most: Duration) {
        self.session.patience = most;
    }

    /// Takes a message that is no key: a paste, the mouse.
    ///
    /// # Errors
    /// Where the screen that follows is never complete.
    pub fn send(&mut self, msg: Msg) -> Result<()> {
        self.session.update(msg, None);
        self.settle()
    }

    /// Takes a message and does not wait for what follows from it.
    pub fn push(&mut self, msg: Msg) {
        self.session.update(msg, None);
    }

    /// Lets a frame stand before somebody's eyes at this time, in milliseconds, as it does on a terminal. Nothing else here
    /// makes a line an opened one: keys that are played were seen by nobody.
    pub fn look(&mut self, now: u64) {
        self.session.look(now, None);
    }

    /// Gives the screen a size.
    ///
    /// # Errors
    /// Where the screen that follows is never complete.
    pub fn resize(&mut self, columns: u16, rows: u16) -> Result<()> {
        if self.session.app.size == (columns, rows) { Ok(()) } else { self.send(Msg::Resize(columns, rows)) }
    }

    /// Returns the frame of a screen of this size, which the screen has from now on.
    ///
    /// # Errors
    /// Where it is never complete.
    pub fn frame(&mut self, columns: u16, rows: u16) -> Result<Buffer> {
        self.resize(columns, rows)?;
        Ok(draw(self.app()))
    }

    /// Returns the state machine.
    pub fn app(&self) -> &App {
        &self.session.app
    }

    /// Tells whether the user has quit.
    pub fn ended(&self) -> bool {
        self.session.end.is_some()
    }

    /// Quits: remembers where the reader was, and lets the journal go.
    pub fn close(mut self) {
        let _ = self.session.look_away();
        self.session.save_place();
    }
}

/// Returns the frame that shows a workbench.
pub fn draw(app: &App) -> Buffer {
    let (columns, rows) = app.size;
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let Ok(frame) = terminal.draw(|frame| {
        ui::draw(app, frame);
        print::scrub(frame.buffer_mut());
    });
    frame.buffer.clone()
}
