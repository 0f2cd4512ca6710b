//! A bar that says how far a long reading is, where somebody looks: on standard error, if that is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often it is drawn at most.
const PACE: Duration = Duration::from_millis(100);
/// How many columns its bar has.
const WIDTH: usize = 30;

/// A progress bar on one line.
pub struct Bar {
    what: &'static str,
    /// When it was drawn last, or begun; `None` where nobody looks.
    drawn: Option<Mutex<(Instant, bool)>>,
}

impl Bar {
    /// Begins; nothing is drawn for what is done at once.
    pub fn new(what: &'static str) -> Bar {
        let looked_at = std::io::stderr().is_terminal();
        Bar { what, drawn: looked_at.then(|| Mutex::new((Instant::now(), false))) }
    }

    /// Shows how much is done. Any thread may say so.
    pub fn show(&self, done: usize, all: usize) {
        let Some(Ok(mut drawn)) = self.drawn.as_ref().map(Mutex::try_lock) else { return };
        if drawn.0.elapsed() < PACE {
            return;
        }
        *drawn = (Instant::now(), true);
        let filled = done * WIDTH / all.max(1);
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH - filled.min(WIDTH)));
        let _ = write!(std::io::stderr(), "\r{} [{bar}] {done}/{all}", self.what);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(Ok(mut drawn)) = self.drawn.as_ref().map(Mutex::lock)
            && std::mem::take(&mut drawn.1)
        {
            let _ = write!(std::io::stderr(), "\r{}\r", " ".repeat(78));
        }
    }
}
