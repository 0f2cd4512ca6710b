//! A pseudo terminal with a program in it, and somebody who types and looks.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use portable_pty::{ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty};
use rustix::process::{Pid, Signal, kill_process};
use vt100::MouseProtocolMode;

/// How long anything may take before a test gives up.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Ends each frame of the workbench: the cursor is put away.
pub const FRAME_END: &[u8] = b"\x1b[?25l";

/// What reached the terminal.
pub struct State {
    /// The screen as a terminal draws it.
    pub parser: vt100::Parser,
    /// Every byte, in order.
    pub raw: Vec<u8>,
}

/// What the reading thread shows to the others.
pub struct Shown {
    state: Mutex<State>,
    changed: Condvar,
    /// The next output is the last that is read.
    pub deaf: AtomicBool,
}

impl Shown {
    /// Returns what reached the terminal until now; nothing more is taken in meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// A terminal with a program in it.
pub struct Pty {
    pub master: Box<dyn MasterPty + Send>,
    /// Kept open, so that the terminal can be looked at when the program has ended.
    pub slave: Option<Box<dyn SlavePty + Send>>,
    pub keyboard: Box<dyn std::io::Write + Send>,
    pub shown: Arc<Shown>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    pub ended: mpsc::Receiver<ExitStatus>,
    pub pid: Pid,
    /// The terminal's mode before the program began.
    before: String,
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.killer.kill();
    }
}

/// Returns a size without pixels.
pub fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// Returns a terminal's mode as text. Some systems note in it that input waits to be looked at again (PENDIN) when it
/// comes by lines once more; that is no setting.
fn mode(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap()).replace(" | PENDIN", "").replace("PENDIN | ", "")
}

impl Pty {
    /// Runs a program in a new terminal.
    pub fn run(command: CommandBuilder, columns: u16, rows: u16) -> Pty {
        let pty = portable_pty::native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = mode(&*pty.master);
        let mut child = pty.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap();
        let killer = child.clone_killer();
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait().unwrap()));

        let state = State { parser: vt100::Parser::new(rows, columns, 0), raw: Vec::new() };
        let shown = Arc::new(Shown { state: Mutex::new(state), changed: Condvar::new(), deaf: AtomicBool::new(false) });
        let mut reader = pty.master.try_clone_reader().unwrap();
        let theirs = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let mut state = theirs.lock();
                state.parser.process(&bytes[..count]);
                state.raw.extend_from_slice(&bytes[..count]);
                drop(state);
                theirs.changed.notify_all();
                if theirs.deaf.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let keyboard = pty.master.take_writer().unwrap();
        Pty { master: pty.master, slave: Some(pty.slave), keyboard, shown, killer, ended, pid, before }
    }

    pub fn types(&mut self, bytes: impl AsRef<[u8]>) {
        self.keyboard.write_all(bytes.as_ref()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Types a text as a terminal hands over what is pasted.
    pub fn pastes(&mut self, text: impl AsRef<[u8]>) {
        self.types([b"\x1b[200~", text.as_ref(), b"\x1b[201~"].concat());
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.lock().parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Returns a copy of the screen.
    pub fn screen(&self) -> vt100::Screen {
        self.shown.lock().parser.screen().clone()
    }

    /// Returns the screen's text.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Waits until what reached the terminal is so.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut holds: impl FnMut(&State) -> bool) {
        let state = self.shown.lock();
        let (state, late) = self.shown.changed.wait_timeout_while(state, DEADLINE, |state| !holds(state)).unwrap();
        let there = late.timed_out().then(|| state.parser.screen().contents());
        drop(state);
        if let Some(there) = there {
            panic!("waited for {what}; there is\n{there}");
        }
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn wait(&self, what: &str, mut holds: impl FnMut(&vt100::Screen) -> bool) {
        self.wait_for(what, |state| holds(state.parser.screen()));
    }

    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Waits until a frame with this text is drawn to its end, and returns the screen.
    #[track_caller]
    pub fn draws(&self, text: &str) -> vt100::Screen {
        self.wait_for(text, |state| state.raw.ends_with(FRAME_END) && state.parser.screen().contents().contains(text));
        self.screen()
    }

    #[track_caller]
    pub fn sees_no(&self, text: &str) {
        self.wait(&format!("a screen without {text}"), |screen| !screen.contents().contains(text));
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    #[track_caller]
    pub fn ends(&self) -> ExitStatus {
        let ended = self.ended.recv_timeout(DEADLINE);
        ended.unwrap_or_else(|_| panic!("the program did not end; there is\n{}", self.text()))
    }

    /// Tells whether what is typed is echoed and comes by lines.
    pub fn is_cooked(&self) -> bool {
        let flags = format!("{:?}", self.master.get_termios().unwrap().local_flags);
        flags.contains("ECHO") && flags.contains("ICANON") && flags.contains("ISIG")
    }

    /// Checks that nothing of the program is left on the screen; who has the terminal now may have set a mode of his own.
    #[track_caller]
    pub fn is_left(&self) {
        self.wait("a terminal that was given back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == MouseProtocolMode::None
        });
    }

    /// Checks that nothing of the program is left on the terminal.
    #[track_caller]
    pub fn is_given_back(&self) {
        self.is_left();
        eventually("a terminal that echoes", || self.is_cooked());
    }

    /// Checks that the terminal's mode is what it was before the program began, to the last flag.
    #[track_caller]
    pub fn has_its_mode_again(&self) {
        self.is_given_back();
        assert_eq!(mode(&*self.master), self.before);
    }

    /// Checks that the program has the whole terminal.
    #[track_caller]
    pub fn is_taken(&self) {
        self.wait("a terminal that is taken", |screen| {
            screen.alternate_screen()
                && screen.hide_cursor()
                && screen.bracketed_paste()
                && screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion
        });
        assert!(!self.is_cooked());
    }
}

/// Waits for what makes no output.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::yield_now();
    }
}
