//! Ctrl-C, for a command that runs another program: it is ended and cleaned up after before the command itself ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::error::{Error, Result};

/// Knows whether the process was asked to end.
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens from now on. The first signal is noted; a second one ends the process at once.
    pub fn listen() -> Result<Interrupt> {
        let failed = |error| Error::could_not(format!("Signals cannot be listened to: {error}."));
        let (signal, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_conditional_default(number, Arc::clone(&again)).map_err(failed)?;
            flag::register(number, Arc::clone(&again)).map_err(failed)?;
            flag::register_usize(number, Arc::clone(&signal), number.unsigned_abs() as usize).map_err(failed)?;
        }
        Ok(Interrupt(signal))
    }

    /// Tells whether the process was asked to end.
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Ends the process as the signal does by default, if one came.
    pub fn end(&self) {
        let signal = i32::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0);
        if signal > 0 {
            // It fails for signals alone that are never taken.
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}
