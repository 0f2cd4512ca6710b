//! The thread that reads the terminal, and can be told to keep its hands off it.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::SIGHUP;

use super::decode::{Decoder, GAP};
use super::signals;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Read,
    Pause,
    Stop,
}

/// What the reader is to do, and whether it has stopped reading.
struct Orders {
    wish: Wish,
    quiet: bool,
}

struct Shared {
    orders: Mutex<Orders>,
    changed: Condvar,
}

impl Shared {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, orders: MutexGuard<'a, Orders>) -> MutexGuard<'a, Orders> {
        self.changed.wait(orders).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reading thread.
pub(super) struct Reader {
    shared: Arc<Shared>,
    /// A byte here wakes the reader.
    wake: PipeWriter,
    thread: Option<JoinHandle<()>>,
}

/// Checks that one can wait for the terminal: on macOS `/dev/tty` itself cannot be polled, a terminal's own device can.
pub(super) fn check() -> io::Result<()> {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default()))?;
    if fds[0].revents().contains(PollFlags::NVAL) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "this device cannot be waited for"));
    }
    Ok(())
}

impl Reader {
    /// Starts to read.
    pub(super) fn start() -> io::Result<Self> {
        let (woken, wake) = io::pipe()?;
        let orders = Mutex::new(Orders { wish: Wish::Read, quiet: false });
        let shared = Arc::new(Shared { orders, changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("terminal".into()).spawn(move || run(&theirs, woken))?;
        Ok(Reader { shared, wake, thread: Some(thread) })
    }

    /// Returns once nothing is read any more.
    pub(super) fn pause(&mut self) {
        self.tell(Wish::Pause);
        let mut orders = self.shared.orders();
        while !orders.quiet {
            orders = self.shared.wait(orders);
        }
    }

    /// Reads on.
    pub(super) fn resume(&mut self) {
        self.tell(Wish::Read);
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        self.tell(Wish::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic there was already told.
            let _ = thread.join();
        }
    }

    fn tell(&mut self, wish: Wish) {
        self.shared.orders().wish = wish;
        self.shared.changed.notify_all();
        // The other end lives as long as the thread does.
        let _ = self.wake.write(&[0]);
    }
}

/// Says that nothing is read any more, also when the thread ends by a panic.
struct Quiet<'a>(&'a Shared);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.orders().quiet = true;
        self.0.changed.notify_all();
    }
}

fn run(shared: &Shared, mut woken: PipeReader) {
    let _quiet = Quiet(shared);
    let mut decoder = Decoder::new();
    let mut vanished = false;
    loop {
        let mut orders = shared.orders();
        while orders.wish == Wish::Pause || (vanished && orders.wish != Wish::Stop) {
            orders.quiet = true;
            shared.changed.notify_all();
            // The rest of a sequence goes to somebody else.
            decoder = Decoder::new();
            orders = shared.wait(orders);
        }
        if orders.wish == Wish::Stop {
            return;
        }
        orders.quiet = false;
        drop(orders);
        if read(&mut decoder, &mut woken).is_err() {
            vanished = true;
            signals::terminate(SIGHUP);
        }
    }
}

/// Waits for the terminal or a wake-up, and sends what came. Errors: the terminal has vanished.
fn read(decoder: &mut Decoder, woken: &mut PipeReader) -> Result<(), Errno> {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    let gap = decoder.waits().then_some(Timespec { tv_sec: 0, tv_nsec: GAP.subsec_nanos().into() });
    let ready = match poll(&mut fds, gap.as_ref()) {
        Err(Errno::INTR) => return Ok(()),
        ready => ready?,
    };
    let (terminal, waker) = (fds[0].revents(), fds[1].revents());
    let mut out = Vec::new();
    if ready == 0 {
        decoder.settle(&mut out);
    } else if !waker.is_empty() {
        // The orders are looked at before anything is read.
        let _ = woken.read(&mut [0; 64]);
    } else if terminal.contains(PollFlags::NVAL) {
        return Err(Errno::BADF);
    } else {
        let mut bytes = [0; 4096];
        match rustix::io::read(&stdin, &mut bytes) {
            // A terminal in raw mode has no end but its own.
            Ok(0) => return Err(Errno::IO),
            Ok(count) => decoder.feed(&bytes[..count], &mut out),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if !terminal.contains(PollFlags::HUP) => {}
            Err(error) => return Err(error),
        }
    }
    for input in out {
        signals::send(input);
    }
    Ok(())
}
