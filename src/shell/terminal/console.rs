//! The process's terminal: its mode, taken and given back, and the bytes written to it.

use std::io::{self, Write};
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::{Options, signals};
use crate::highlight;

/// Alternate screen, bracketed paste, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J";
/// Buttons, dragging, and coordinates as decimal numbers. Bare motion is not reported: it would wake the program.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// Undoes [`MOUSE`].
const NO_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Undoes both, in the other order.
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[0m\x1b[?25h\x1b[?2004l\x1b[?1049l";

/// The mode to give back; none while the terminal is not taken.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// What becomes of that which was typed before the terminal is taken.
pub(super) enum Typed {
    /// It is read: somebody typed ahead.
    Kept,
    /// It is dropped: it was meant for another program, and must not become an answer here.
    Dropped,
}

fn before() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells whether the terminal is taken.
pub(super) fn taken() -> bool {
    before().is_some()
}

/// Takes the terminal: raw mode, alternate screen. Does nothing if it is taken.
pub(super) fn take(options: Options, typed: Typed) -> io::Result<()> {
    let mut before = before();
    if before.is_some() {
        return Ok(());
    }
    let mode = tcgetattr(io::stdin())?;
    let mut raw = mode.clone();
    raw.make_raw();
    let when = match typed {
        Typed::Kept => OptionalActions::Now,
        Typed::Dropped => OptionalActions::Flush,
    };
    tcsetattr(io::stdin(), when, &raw)?;
    // From here on there is something to give back, also if writing fails.
    *before = Some(mode);
    write(ENTER)?;
    if options.mouse { write(MOUSE) } else { Ok(()) }
}

/// Has the mouse reported or not, where the terminal is taken.
pub(super) fn set_mouse(on: bool) -> io::Result<()> {
    if taken() { write(if on { MOUSE } else { NO_MOUSE }) } else { Ok(()) }
}

/// Gives the terminal back, and tells whether it was taken. May be called at any time, from any thread.
pub(super) fn give_back() -> bool {
    let Some(mode) = before().take() else { return false };
    // A terminal that has vanished needs nothing back.
    let _ = write(LEAVE);
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &mode);
    true
}

/// Sees to it that a panic's message is printed on a terminal that was given back.
pub(super) fn guard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if highlight::is_guarded() {
                // It is caught, and the file says so.
                return;
            }
            let was_taken = give_back();
            print(panic);
            if was_taken {
                signals::panicked();
            }
        }));
    });
}

fn write(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // Not through std's standard output: its lock may be held by a thread that is stuck in writing.
        match rustix::io::write(io::stdout(), bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            // Another program has left the terminal non-blocking.
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&io::stdout(), PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The terminal as a writer. What is written while the terminal is not taken is dropped.
#[derive(Debug)]
pub(super) struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if taken() {
            write(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
