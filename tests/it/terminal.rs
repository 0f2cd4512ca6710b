//! The terminal in a real pseudo terminal: [`child`] is the program, the other tests sit before it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal};
use touchstone::shell::terminal::{Input, Options, Screen};
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use crate::pseudo::{DEADLINE, Pty, eventually, size};

const ROLE: &str = "TOUCHSTONE_TEST_TERMINAL";
const EXE: &str = "TOUCHSTONE_TEST_EXE";
const RUN: &str = "\"$TOUCHSTONE_TEST_EXE\" --exact --ignored --nocapture terminal::child";

#[test]
#[ignore = "the program that the other tests of this module run in a pseudo terminal"]
fn child() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let (sender, inputs) = mpsc::channel();
    let sink = move |input| sender.send(input).unwrap_or_default();
    let mut screen = match Screen::enter(Options { mouse: true }, sink) {
        Ok(screen) => screen,
        Err(error) => {
            println!("refused: {error}");
            std::process::exit(3);
        }
    };
    let (mut count, mut last, mut note) = (0, String::new(), String::new());
    loop {
        let drawn = screen.draw(|frame| {
            let area = frame.area();
            let pid = std::process::id();
            let lines = [
                format!("{}x{} count {count}.", area.width, area.height),
                format!("pid {pid}."),
                last.clone(),
                note.clone(),
            ];
            let buffer = frame.buffer_mut();
            for (y, line) in (0..area.height).zip(lines) {
                buffer.set_stringn(0, y, line, area.width.into(), ratatui::style::Style::new());
            }
            // What did not pass the door for outside text, and the last cell of all.
            buffer[(area.width - 2, 0)].set_symbol("\u{1b}]0;title\u{7}");
            buffer[(area.width - 1, area.height - 1)].set_symbol("#");
        });
        let input = inputs.recv_timeout(4 * DEADLINE).unwrap();
        count += 1;
        last = format!("{input:?}");
        let key = match input {
            Input::Terminate(signal) => {
                screen.leave();
                // The terminal may be gone.
                let _ = writeln!(std::io::stdout(), "ended by {signal}");
                std::process::exit(128 + signal);
            }
            Input::Key(event) if event.modifiers == KeyModifiers::CONTROL => match event.code {
                KeyCode::Char('z') => 'Z',
                _ => ' ',
            },
            Input::Key(event) => event.code.as_char().unwrap_or(' '),
            Input::Paste(text) => {
                last = format!("paste {text:?}");
                ' '
            }
            Input::Continued => {
                screen.renew();
                ' '
            }
            Input::Mouse(_) | Input::Resize => ' ',
        };
        if drawn.is_err() {
            // The terminal is gone, and its signal is on the way.
            continue;
        }
        match key {
            'q' => return,
            'Z' => {
                screen.suspend();
                note = "back from suspension".into();
            }
            'h' => {
                let said = screen.hand_over(|| {
                    let mut ask = Command::new("sh");
                    let script = format!("echo question {count} >&2; read -r line; echo \"got $line\"");
                    ask.args(["-c", &script]).stdin(Stdio::inherit()).stderr(Stdio::inherit());
                    ask.output().unwrap()
                });
                note = format!("{} {}", String::from_utf8_lossy(&said.stdout).trim(), said.status);
            }
            'p' => panic!("a panic on purpose"),
            't' => {
                std::thread::spawn(|| panic!("another thread's panic")).join().unwrap_err();
            }
            's' => loop {
                std::thread::park();
            },
            'l' => {
                screen.leave();
                println!("left");
                loop {
                    std::thread::park();
                }
            }
            _ => {}
        }
    }
}

/// Runs a shell's script in a new terminal.
fn script(script: &str) -> Pty {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", script]);
    command.env(EXE, std::env::current_exe().unwrap());
    command.env(ROLE, "1");
    command.env("RUST_BACKTRACE", "0");
    Pty::run(command, 80, 24)
}

/// Runs the program until it has drawn its first frame.
fn start() -> Pty {
    let pty = script(&format!("exec {RUN}"));
    pty.sees("80x24 count 0.");
    pty
}

/// How a shell names a job that Ctrl-Z stopped: the signal's number is not the same everywhere.
fn stopped() -> String {
    format!("stopped {}", 128 + Signal::TSTP.as_raw())
}

#[test]
fn takes_the_terminal_and_gives_it_back() {
    let mut pty = start();
    pty.wait("the modes", |screen| {
        screen.alternate_screen()
            && screen.hide_cursor()
            && screen.bracketed_paste()
            && screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion
            && screen.mouse_protocol_encoding() == MouseProtocolEncoding::Sgr
    });
    assert!(!pty.is_cooked());
    // The last door before the terminal.
    assert_eq!(pty.screen().cell(0, 78).unwrap().contents(), "?");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.is_given_back();
}

#[test]
fn hands_on_what_is_typed_pasted_and_clicked() {
    let mut pty = start();
    pty.types("x");
    pty.sees("count 1.");
    pty.sees("Char('x')");
    pty.types("\u{1b}[200~n\ny \u{1b}[A\u{1b}[201~");
    pty.sees("count 2.");
    pty.sees(r#"paste "n\ny \u{1b}[A""#);
    pty.types("\u{1b}[<0;3;2M");
    pty.sees("Down(Left), column: 2, row: 1");
    // A terminal's late reply types nothing, and Escape alone is a key.
    pty.types("\u{1b}]11;rgb:00/00/00\u{7}\u{1b}");
    pty.sees("Esc");
    pty.sees("count 4.");
    // More at once than is read at once.
    pty.types("x".repeat(3000));
    pty.sees("count 3004.");
}

#[test]
fn follows_a_storm_of_resizes() {
    let pty = start();
    for step in 0..50u16 {
        let (columns, rows) = match step {
            49 => (97, 31),
            step if step % 2 == 0 => (20, 5),
            step => (300 - step, 100 - step),
        };
        pty.resize(columns, rows);
    }
    pty.sees("97x31 count");
    pty.wait("the last cell", |screen| screen.cell(30, 96).is_some_and(|cell| cell.contents() == "#"));
}

/// The process that the screen names.
fn named(screen: &vt100::Screen) -> Option<String> {
    Some(screen.contents().split_once("pid ")?.1.split_once('.')?.0.to_owned())
}

#[test]
fn stops_on_ctrl_z_and_comes_back() {
    let mut pty = script(&format!("set -m\n{RUN}\necho stopped $?\nread -r line\necho typed $line\nfg\necho ended $?"));
    pty.sees("80x24 count 0.");
    let pid = named(&pty.screen()).unwrap();
    pty.types("\u{1a}");
    pty.sees(&stopped());
    pty.is_given_back();
    if cfg!(target_os = "linux") {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        assert!(state.split_once(") ").unwrap().1.starts_with('T'), "{state}");
    }
    // The line has one reader.
    pty.types("a line\n");
    pty.sees("back from suspension");
    pty.wait("the screen", |screen| screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
    assert!(!pty.is_cooked());
    pty.sees("count 1.");
    pty.types("q");
    pty.sees("ended 0");
    pty.sees("typed a line");
    pty.is_given_back();
}

#[test]
fn a_stopped_program_can_be_ended() {
    let rest = "echo stopped $?\nkill -TERM %1\nkill -CONT %1\nread -r line";
    let mut pty = script(&format!("set -m\n{RUN}\n{rest}"));
    pty.sees("count 0.");
    pty.types("\u{1a}");
    pty.sees(&stopped());
    pty.sees("ended by 15");
    pty.is_given_back();
}

#[test]
fn does_not_stop_where_nobody_could_continue_it() {
    let mut pty = start();
    pty.types("\u{1a}");
    pty.sees("back from suspension");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn sets_the_terminal_again_when_continued_from_outside() {
    let mut pty = start();
    // As a shell does when a job stops.
    pty.shown.lock().parser.process(b"\x1b[?1049l\x1b[?25h");
    pty.signal(Signal::CONT);
    pty.sees("Continued");
    pty.wait("the screen", |screen| screen.alternate_screen() && screen.hide_cursor());
    pty.sees("80x24 count 1.");
    pty.types("x");
    pty.sees("count 2.");
}

#[test]
fn ends_in_order_on_signals() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2)] {
        let pty = start();
        pty.signal(signal);
        assert_eq!(pty.ends().exit_code(), 128 + number);
        pty.is_given_back();
        pty.sees(&format!("ended by {number}"));
    }
}

#[test]
fn ends_a_program_that_does_not_answer() {
    let mut pty = start();
    pty.types("s");
    pty.signal(Signal::TERM);
    assert_eq!(pty.ends().exit_code(), 143);
    pty.is_given_back();
}

#[test]
fn ends_when_the_terminal_vanishes() {
    let mut pty = start();
    // The next output is the last that is read.
    pty.shown.deaf.store(true, Ordering::SeqCst);
    pty.types("x");
    // What is left open of this side is closed.
    let shown = Arc::clone(&pty.shown);
    eventually("the reader's end", || Arc::strong_count(&shown) == 2);
    pty.slave = None;
    pty.keyboard = Box::new(std::io::sink());
    let other = portable_pty::native_pty_system().openpty(size(80, 24)).unwrap();
    pty.master = other.master;
    assert_eq!(pty.ends().exit_code(), 129);
}

#[test]
fn leaves_signals_alone_once_the_screen_is_left() {
    let mut pty = start();
    pty.types("l");
    pty.sees("left");
    pty.is_given_back();
    pty.signal(Signal::TERM);
    assert!(pty.ends().signal().is_some());
}

#[test]
fn a_panic_is_readable() {
    let mut pty = start();
    pty.types("p");
    assert_eq!(pty.ends().exit_code(), 101);
    pty.is_given_back();
    pty.wait("the message", |screen| screen.rows(0, 80).any(|row| row.trim_end() == "a panic on purpose"));

    let mut pty = start();
    pty.types("t");
    assert_eq!(pty.ends().exit_code(), 134);
    pty.is_given_back();
    pty.wait("the message", |screen| screen.rows(0, 80).any(|row| row.trim_end() == "another thread's panic"));
    pty.sees("ended by 6");
}

#[test]
fn hands_the_terminal_to_another_program() {
    let mut pty = start();
    pty.types("h");
    pty.sees("question 1");
    pty.is_given_back();
    pty.types("a typed line\n");
    pty.sees("got a typed line exit status: 0");
    pty.wait("the screen", |screen| screen.alternate_screen() && screen.hide_cursor());
    assert!(!pty.is_cooked());
    pty.sees("count 1.");
    // Ctrl-C is for that program alone.
    pty.types("h");
    pty.sees("question 2");
    pty.is_given_back();
    pty.types("\u{3}");
    pty.sees("signal: 2");
    pty.sees("count 2.");
    pty.types("x");
    pty.sees("count 3.");
}

#[test]
fn refuses_what_is_no_terminal() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", "terminal::child"]).env(ROLE, "1").stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("refused: The workbench needs a terminal, and standard input is none."), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn sleeps_while_nothing_happens() {
    /// How often the process's threads went to sleep so far.
    fn naps(pid: Pid) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
        let naps = tasks.map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        });
        naps.sum()
    }
    let pty = start();
    let end = Instant::now() + DEADLINE;
    loop {
        let before = naps(pty.pid);
        // A second in which the program does not end is a second.
        assert!(pty.ended.recv_timeout(Duration::from_secs(1)).is_err());
        if naps(pty.pid) == before {
            break;
        }
        assert!(Instant::now() < end, "the program wakes up again and again");
    }
}
