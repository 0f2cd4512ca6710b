//! The process's signals, and the one place from which inputs are sent.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGABRT, SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{Input, console};

/// How long the program has to leave the screen when it is to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long giving the terminal back may take after that; a terminal may be stuck.
const GIVING_BACK: Duration = Duration::from_millis(500);
/// How long stopping the process may take. Where nobody could continue it, the system does not stop it at all.
const STOPPING: Duration = Duration::from_secs(1);
/// How long after coming back from another program a SIGINT is still taken for that program's: Ctrl-C goes to both, and
/// that program may be gone before the signal is looked at here.
const STILL_THEIRS: Duration = Duration::from_secs(1);
/// How long a process that was continued in the background waits for a signal that came with it.
const BACKGROUND: Duration = Duration::from_millis(200);

/// Where the program is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Away {
    /// At its screen.
    Here,
    /// Stopping, or stopped.
    Stopped,
    /// Waiting for a program that has the terminal.
    HandedOver,
}

struct Hub {
    sink: Option<Box<dyn Fn(Input) + Send>>,
    /// The thread that has the screen.
    owner: Option<ThreadId>,
    away: Away,
    /// When the program came back from another one.
    back: Option<Instant>,
    continued: bool,
    ending: bool,
    listening: bool,
}

static HUB: Mutex<Hub> = Mutex::new(Hub {
    sink: None,
    owner: None,
    away: Away::Here,
    back: None,
    continued: false,
    ending: false,
    listening: false,
});
static CHANGED: Condvar = Condvar::new();

fn hub() -> MutexGuard<'static, Hub> {
    HUB.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits while `busy` holds, at most so long.
fn wait(hub: MutexGuard<'static, Hub>, most: Duration, busy: impl FnMut(&mut Hub) -> bool) -> MutexGuard<'static, Hub> {
    CHANGED.wait_timeout_while(hub, most, busy).unwrap_or_else(PoisonError::into_inner).0
}

/// Sends signals and inputs to `sink` from now on.
pub(super) fn attach(sink: impl Fn(Input) + Send + 'static) -> io::Result<()> {
    let mut hub = hub();
    if hub.sink.is_some() {
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is in use"));
    }
    if !hub.listening {
        // Once for the process: the handlers cannot be taken back, so somebody must listen after the screen was left.
        let mut signals = Signals::new([SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGCONT])?;
        thread::Builder::new().name("signals".into()).spawn(move || signals.forever().for_each(take))?;
        hub.listening = true;
    }
    hub.sink = Some(Box::new(sink));
    hub.owner = Some(thread::current().id());
    hub.away = Away::Here;
    hub.ending = false;
    Ok(())
}

/// Sends nothing any more; signals do what they do in any program.
pub(super) fn detach() {
    let mut hub = hub();
    hub.sink = None;
    hub.owner = None;
    CHANGED.notify_all();
}

/// Hands an input to the sink.
pub(super) fn send(input: Input) {
    if let Some(sink) = &hub().sink {
        sink(input);
    }
}

/// Says where the program is.
pub(super) fn place(away: Away) {
    let mut hub = hub();
    if hub.away == Away::HandedOver {
        hub.back = Some(Instant::now());
    }
    hub.away = away;
}

/// Tells whether the program is to end.
pub(super) fn ending() -> bool {
    hub().ending
}

fn take(signal: i32) {
    let mut hub = hub();
    match signal {
        SIGCONT => {
            hub.continued = true;
            CHANGED.notify_all();
            if hub.away == Away::Here
                && let Some(sink) = &hub.sink
            {
                sink(Input::Continued);
            }
        }
        SIGWINCH => {
            if let Some(sink) = &hub.sink {
                sink(Input::Resize);
            }
        }
        // Ctrl-C is meant for the program that has the terminal.
        SIGINT if hub.away == Away::HandedOver || hub.back.is_some_and(|back| back.elapsed() < STILL_THEIRS) => {}
        signal => {
            drop(hub);
            terminate(signal);
        }
    }
}

/// Asks the program to end, and ends it if it does not; without a screen the signal does what it does by default.
pub(super) fn terminate(signal: i32) {
    let mut hub = hub();
    let Some(sink) = &hub.sink else {
        // That a terminal has vanished is told twice, and must not break off a program that is leaving in order.
        if signal == SIGHUP && hub.ending {
            return;
        }
        drop(hub);
        // It fails for signals alone that are never taken.
        let _ = emulate_default_handler(signal);
        return;
    };
    sink(Input::Terminate(signal));
    hub.ending = true;
    CHANGED.notify_all();
    drop(hub);
    let watch = move || {
        let hub = wait(self::hub(), PATIENCE, |hub| hub.sink.is_some() && hub.ending);
        if hub.sink.is_some() && hub.ending {
            drop(hub);
            end(signal);
        }
    };
    if thread::Builder::new().name("ending".into()).spawn(watch).is_err() {
        end(signal);
    }
}

fn end(signal: i32) -> ! {
    let (done, wait) = mpsc::channel();
    let given = thread::Builder::new().spawn(move || {
        console::give_back();
        // Nobody may be waiting any more.
        let _ = done.send(());
    });
    if given.is_ok() {
        // Also a terminal that is stuck must not keep the process.
        let _ = wait.recv_timeout(GIVING_BACK);
    }
    std::process::exit(128 + signal)
}

/// Ends the program in order after a panic in another thread than the screen's, which knows nothing of it.
pub(super) fn panicked() {
    // The panicking thread may hold the lock.
    let owner = HUB.try_lock().ok().and_then(|hub| hub.owner);
    if owner.is_some_and(|owner| owner != thread::current().id()) {
        terminate(SIGABRT);
    }
}

/// Stops the process, with the others of its group, until it is continued in the foreground.
pub(super) fn stop() {
    loop {
        hub().continued = false;
        // SIGTSTP and not SIGSTOP: the system drops it where no shell could continue the process.
        if kill_current_process_group(Signal::TSTP).is_err() {
            return;
        }
        // The signal may be taken by another thread a little later.
        let hub = wait(hub(), STOPPING, |hub| !hub.continued);
        if !hub.continued || foreground() {
            return;
        }
        // Continued in the background (`bg`), or to be ended: taking the terminal now would stop the process again.
        if wait(hub, BACKGROUND, |hub| !hub.ending).ending {
            return;
        }
    }
}

fn foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}
