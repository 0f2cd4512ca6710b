//! The whole workbench in a real pseudo terminal: the binary, its clone, its journal, and somebody who types.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding as _};
use portable_pty::CommandBuilder;
use rustix::process::Signal;
use touchstone::config::Paths;
use touchstone::error::Result;
use touchstone::export::permalink;
use touchstone::journal::{Journal, Store, View};
use touchstone::model::event::Event;
use touchstone::model::evidence::RepoPath;
use touchstone::model::time::Time;
use touchstone::shell::workbench::{self, Environment, Held, Session};

use crate::escapes;
use crate::pseudo::{FRAME_END, Pty, eventually};
use crate::repo_fixture::{FILE, Item, SUBMODULE, SYMLINK};
use crate::support::{Desk, skipped, succeeds};

const MODES: [&str; 2] = ["stdio", "http"];
/// Escape as a sequence of its own, so that what follows at once is not taken for a key with Alt.
const ESCAPE: &str = "\x1b[27u";
const SHIFT_DOWN: &str = "\x1b[1;2B";
const CTRL_C: &str = "\x03";
const CTRL_E: &str = "\x05";
const CTRL_S: &str = "\x13";
const CTRL_Z: &str = "\x1a";

/// Names the desk's folder to the copy of this program that is to panic.
const ROLE: &str = "TOUCHSTONE_TEST_PTY";

/// Returns a program that runs in the clone, with a cleared environment.
fn program(desk: &Desk, name: impl AsRef<std::ffi::OsStr>) -> CommandBuilder {
    let mut command = CommandBuilder::new(name);
    command.env_clear();
    for (name, value) in desk.environment() {
        command.env(name, value);
    }
    command.cwd(desk.clone_dir());
    command
}

/// Returns a call of the binary.
fn touchstone(desk: &Desk, args: &[&str]) -> CommandBuilder {
    let mut command = program(desk, assert_cmd::cargo::cargo_bin!("touchstone"));
    command.args(args);
    command
}

/// Runs a call of the binary until the workbench is there.
#[track_caller]
fn run(command: CommandBuilder, columns: u16, rows: u16) -> Pty {
    let pty = Pty::run(command, columns, rows);
    pty.sees(" saved ");
    pty
}

/// Opens the workbench on the desk's audit, until the first file is shown.
#[track_caller]
fn open(desk: &Desk) -> Pty {
    let pty = run(touchstone(desk, &["open"]), 120, 40);
    pty.sees("# notes-mcp");
    pty
}

/// Opens a file by some letters of its path; `shows` stands in it.
#[track_caller]
fn opens(pty: &mut Pty, letters: &str, shows: &str) {
    pty.types("f");
    pty.sees("Find a file");
    pty.types(letters);
    pty.sees(&format!("> {letters}"));
    pty.types("\r");
    pty.sees_no("Find a file");
    pty.sees(shows);
}

/// Presses Escape as most terminals send it, alone, and waits: what follows at once would be taken for a key with Alt.
#[track_caller]
fn escapes_from(pty: &mut Pty, popup: &str) {
    pty.types("\x1b");
    pty.sees_no(popup);
}

/// The answers that an audit holds, as text.
fn answers(desk: &Desk) -> Vec<String> {
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let answers = audit.now.answers.iter();
    answers.map(|(slot, one)| format!("{slot} {} {}", one.answer, one.reason.clone().unwrap_or_default())).collect()
}

/// Nothing of a journal is torn: each line is whole, and the chain of them holds.
#[track_caller]
fn is_whole(desk: &Desk) {
    let bytes = desk.journal();
    assert!(bytes.ends_with(b"}\n"));
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        serde_json::from_slice::<serde_json::Value>(line).unwrap();
    }
    let journal = Journal::open(&desk.audit_dir()).unwrap();
    assert_eq!(journal.recovered, None);
    assert_eq!(desk.journal(), bytes);
}

/// Where the reader was when it was last remembered.
fn place(desk: &Desk) -> serde_json::Value {
    let store = Store::new(&desk.dir().join("data/touchstone"));
    serde_json::from_str(&store.cursor(&desk.audit()).unwrap()).unwrap()
}

/// The rows of a screen without the footer, which says what was done last.
fn body(screen: &vt100::Screen) -> Vec<String> {
    let (rows, columns) = screen.size();
    screen.rows(0, columns).take(usize::from(rows) - 1).collect()
}

/// A seeded source of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn size(&mut self, least: u16, most: u16) -> u16 {
        least + u16::try_from(self.below(usize::from(most - least) + 1)).unwrap()
    }
}

#[test]
fn an_auditors_work_survives_a_kill_to_the_very_place() {
    let desk = Desk::open(&MODES);
    let mut pty = open(&desk);
    for (keys, reason, count) in [
        ("]y", "", 1),
        ("]n", "", 2),
        ("]p", "", 3),
        ("]a", "it listens nowhere", 4),
        ("]w", "the docs and the code disagree", 5),
    ] {
        pty.types(keys);
        if !reason.is_empty() {
            pty.sees(", because");
            pty.types(reason);
            pty.sees(reason);
            pty.types("\r");
        }
        pty.sees(&format!(" {count}/72 answered"));
    }
    opens(&mut pty, "auth", "import type");
    pty.types("jjv");
    pty.sees("1 selected, 3/12");
    pty.types(SHIFT_DOWN.repeat(2));
    pty.sees("3 selected, 5/12");
    pty.types("e");
    pty.sees("Attach src/auth.ts:3-5 to");
    for item in ["auth-4", "data-1"] {
        pty.types(item);
        pty.sees(&format!("> {item}"));
        pty.types(" ");
        pty.sees("[✓]");
        pty.types("\x7f".repeat(item.len()));
        pty.sees_no(&format!("> {item}"));
    }
    pty.sees("mark (2)");
    pty.types("\r");
    pty.sees("E1 backs auth-4 (stdio), data-1");
    pty.types("F");
    pty.sees("New finding");
    // Title, severity, items, CWE, reachability, disclosure, summary.
    pty.types("Anyone may read the notes\th\t\t CWE-306\tr\tpublic\tWhoever reaches the port reads all.");
    pty.sees("reads all.");
    pty.types(CTRL_S);
    pty.sees("F1 is written");
    pty.sees("Leads: ");
    let before = pty.draws(" saved ");
    pty.signal(Signal::KILL);
    assert!(pty.ends().signal().is_some());

    is_whole(&desk);
    let given = answers(&desk);
    assert_eq!(
        given,
        [
            "transport-1 (stdio) yes ",
            "transport-2 (stdio) no ",
            "transport-3 (stdio) partial ",
            "transport-4 (stdio) not applicable it listens nowhere",
            "transport-5 (stdio) unknown the docs and the code disagree",
        ]
    );
    let finding = desk.json(["finding", "list"])["findings"][0].clone();
    assert_eq!(finding["finding"]["title"], "Anyone may read the notes");
    assert_eq!(finding["finding"]["severity"], "high");
    assert_eq!(finding["finding"]["disclosure"], "public");
    assert_eq!(finding["finding"]["reachability"], "reachable");
    assert!(finding["finding"]["cwe"].as_array().unwrap().contains(&"CWE-306".into()), "{finding}");
    assert_eq!(finding["finding"]["summary"], "Whoever reaches the port reads all.");
    let evidence = desk.json(["evidence", "list"])["evidence"].clone();
    assert_eq!(evidence.as_array().unwrap().len(), 1, "{evidence}");
    assert!(evidence.to_string().contains("src/auth.ts"), "{evidence}");
    let status = desk.json(["status"]);

    let mut pty = open_again(&desk);
    pty.wait("the very same place", |screen| body(screen) == body(&before));
    assert_eq!(answers(&desk), given);
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    let again = desk.json(["status"]);
    for (name, value) in status.as_object().unwrap() {
        if !name.contains("time") && !name.contains("entries") && !name.contains("journal") {
            assert_eq!(again[name], *value, "{name}");
        }
    }
    assert_eq!(desk.json(["evidence", "list"])["evidence"], evidence);
    assert_eq!(desk.json(["finding", "list"])["findings"][0], finding);
    is_whole(&desk);
}

/// Opens the workbench where the reader was.
#[track_caller]
fn open_again(desk: &Desk) -> Pty {
    run(touchstone(desk, &["open"]), 120, 40)
}

/// Returns the answers that a footer showed in some frame: slot and answer.
fn acknowledged(raw: &[u8]) -> BTreeSet<(String, String)> {
    let mut parser = vt100::Parser::new(40, 120, 0);
    let mut seen = BTreeSet::new();
    let mut rest = raw;
    // Only whole frames count: in the middle of one, a row may show parts of two.
    while let Some(end) = rest.windows(FRAME_END.len()).position(|bytes| bytes == FRAME_END) {
        let (frame, more) = rest.split_at(end + FRAME_END.len());
        rest = more;
        parser.process(frame);
        let footer = parser.screen().rows(0, 120).last().unwrap();
        if let Some((slot, said)) = footer.trim().split_once(": ")
            && let Some(answer) =
                ["yes", "no", "partial"].into_iter().find(|word| said == *word || said.starts_with(&format!("{word};")))
        {
            seen.insert((slot.to_owned(), answer.to_owned()));
        }
    }
    seen
}

#[test]
fn every_answer_that_was_shown_survives_a_kill() {
    const KILLS: usize = 30;
    let desk = Desk::light(&MODES);
    let journal = desk.audit_dir().join("journal.jsonl");
    let fresh = desk.journal();
    let mut dice = Dice(0x7057);
    let (mut shown, mut torn) = (0, 0);
    for kill in 0..KILLS {
        std::fs::write(&journal, &fresh).unwrap();
        let mut pty = Pty::run(touchstone(&desk, &["open"]), 120, 40);
        // Between two frames or in the middle of one, with keys that are not yet answered; some while they start.
        let (frames, more) = (dice.below(8), dice.below(4000));
        let mut keys = ["]y", "]n", "n", "]", "y", "up", "]p"].into_iter().cycle();
        let mut known = 0;
        loop {
            pty.types(keys.next().unwrap());
            pty.types(keys.next().unwrap());
            pty.wait_for("output", |state| state.raw.len() > known);
            let raw = &pty.shown.lock().raw;
            known = raw.len();
            let mut ends = raw.windows(FRAME_END.len()).enumerate().filter(|(_, bytes)| *bytes == FRAME_END);
            let from = if frames == 0 { Some(0) } else { ends.nth(frames - 1).map(|(at, _)| at) };
            if from.is_some_and(|from| known >= from + more) {
                break;
            }
        }
        pty.signal(Signal::KILL);
        assert!(pty.ends().signal().is_some());
        let acknowledged = acknowledged(&pty.shown.lock().raw);
        shown += acknowledged.len();
        let journal = Journal::open(&desk.audit_dir()).unwrap();
        torn += usize::from(journal.recovered.is_some());
        let written: BTreeSet<(String, String)> = journal
            .audit
            .entries()
            .iter()
            .filter_map(|(entry, _)| match &entry.event {
                Event::Answered { slots, answer, .. } => Some((slots[0].to_string(), answer.to_string())),
                _ => None,
            })
            .collect();
        let lost: Vec<_> = acknowledged.difference(&written).collect();
        assert!(lost.is_empty(), "kill {kill}: {lost:?} were shown; there is {written:?}");
    }
    println!("{KILLS} kills, {shown} answers shown, {torn} torn writes");
    assert!(shown > KILLS, "only {shown} answers were shown");
}

#[test]
fn the_screen_goes_on_while_keys_keep_coming() {
    let desk = Desk::light(&MODES);
    let mut pty = open(&desk);
    let frames = |pty: &Pty| pty.shown.lock().raw.windows(FRAME_END.len()).filter(|bytes| *bytes == FRAME_END).count();
    let wanted = frames(&pty) + 5;
    // More than is ever done with, since typing waits for room.
    eventually("five frames", || {
        pty.types("]yu".repeat(32));
        frames(&pty) >= wanted
    });
}

#[test]
fn follows_a_storm_of_sizes_while_keys_are_typed() {
    let desk = Desk::light(&MODES);
    let mut pty = open(&desk);
    let mut dice = Dice(0x517e);
    // Movement, folds, panes, popups that are opened and closed; nothing that answers.
    let keys =
        ["j", "k", "2", "G", "1", "3", "\t", "?", ESCAPE, "W", "gt", ESCAPE, "t", "l", "h", "gg", " ", ":", ESCAPE];
    for step in 0..60 {
        let (columns, rows) = match step {
            0 => (20, 5),
            1 => (300, 100),
            _ => (dice.size(20, 300), dice.size(5, 100)),
        };
        pty.resize(columns, rows);
        for _ in 0..3 {
            pty.types(keys[dice.below(keys.len())]);
        }
    }
    pty.resize(97, 31);
    // Back to where nothing lies over the panes.
    pty.types(ESCAPE.repeat(180));
    // Once these letters are seen, everything before them is done.
    pty.types("1gg:zqzq");
    pty.sees("zqzq");
    escapes_from(&mut pty, "zqzq");
    // What was drawn step by step is what is drawn at once.
    let stepwise = pty.draws(" saved");
    let length = pty.shown.lock().raw.len();
    pty.types("\x0c");
    pty.wait_for("a whole frame", |state| state.raw.len() > length + 3000 && state.raw.ends_with(FRAME_END));
    let whole = pty.screen();
    assert_eq!(whole.contents(), stepwise.contents());
    for row in 0..31 {
        for column in 0..97 {
            assert_eq!(whole.cell(row, column), stepwise.cell(row, column), "{row}, {column}");
        }
    }
    assert_eq!(answers(&desk), [""; 0]);

    // On an item that takes these keys.
    pty.types("]");
    pty.sees("y yes  n no");
    for size in [(20, 5), (1, 1), (7, 2), (59, 16), (60, 15)] {
        pty.resize(size.0, size.1);
        let said = format!("touchstone needs 60x16; this is {}x{}. All is saved.", size.0, size.1);
        pty.wait(&said, |screen| {
            let (rows, columns) = screen.size();
            let text: String = screen.rows(0, columns).map(|row| format!("{} ", row.trim_end())).collect();
            let cells = usize::from(rows) * usize::from(columns);
            if cells < 100 { !text.contains("saved  ") } else { text.trim().replace("  ", " ") == said }
        });
        // Nobody answers what he cannot see.
        pty.types("ynpyAny\r");
    }
    // The keys are taken before the screen grows again: only a whole frame writes these words once more.
    let length = pty.shown.lock().raw.len();
    pty.types("\x0c");
    pty.wait_for("a whole frame", |state| state.raw[length..].windows(10).any(|bytes| bytes == b"touchstone"));
    pty.resize(120, 40);
    pty.sees(" saved ");
    pty.types("?");
    pty.sees("Keys: ");
    assert_eq!(answers(&desk), [""; 0]);
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
}

#[test]
fn stops_on_ctrl_z_and_comes_back_whole() {
    let desk = Desk::light(&MODES);
    let mut shell = program(&desk, "sh");
    let script = "set -m\n\"$BIN\" open\nfor round in one two; do\necho round $round: $?\nread -r line\n\
                  echo typed $line\nfg\ndone\necho ended $?";
    shell.args(["-c", script]);
    shell.env("BIN", assert_cmd::cargo::cargo_bin!("touchstone"));
    let mut pty = run(shell, 120, 40);
    opens(&mut pty, "auth", "import type");
    pty.types("]y");
    pty.is_taken();
    let before = pty.draws(" 1/72 answered");
    pty.types(CTRL_Z);
    let stopped = 128 + Signal::TSTP.as_raw();
    pty.sees(&format!("round one: {stopped}"));
    pty.is_given_back();
    // What is typed at the shell is the shell's.
    pty.types("ynp\n");
    pty.sees(" saved ");
    pty.is_taken();
    pty.wait("the whole frame again", |screen| body(screen) == body(&before));
    pty.types("]n");
    pty.sees(" 2/72 answered");

    // Once more with a popup open, and another size when it comes back.
    pty.types("?");
    pty.sees("Keys: ");
    pty.types(CTRL_Z);
    pty.sees(&format!("round two: {stopped}"));
    pty.is_given_back();
    pty.resize(80, 24);
    pty.types("yyy\n");
    pty.sees("Keys: ");
    pty.is_taken();
    escapes_from(&mut pty, "Keys: ");
    pty.types("]p");
    pty.sees(" 3/72");
    pty.types(CTRL_C);
    pty.sees("ended 0");
    pty.sees("typed yyy");
    pty.is_given_back();
    assert_eq!(answers(&desk).len(), 3);
    is_whole(&desk);
}

#[test]
fn signals_and_ctrl_c_end_in_order() {
    let endings: [(Option<Signal>, u32); 4] =
        [(Some(Signal::TERM), 143), (Some(Signal::HUP), 129), (Some(Signal::INT), 130), (None, 0)];
    let desk = Desk::light(&MODES);
    for (at, (signal, code)) in endings.into_iter().enumerate() {
        let mut pty = run(touchstone(&desk, &["open"]), 120, 40);
        opens(&mut pty, "auth", "import type");
        pty.types("gg".to_owned() + &"j".repeat(at + 3));
        pty.sees(&format!(" {}/12 ", at + 4));
        pty.types("]y");
        pty.sees(&format!(" {}/72 answered", at + 1));
        // It ends in the middle of something, too.
        pty.types("N");
        pty.sees("Note on ");
        pty.types("half a no");
        pty.sees("half a no");
        pty.is_taken();
        match signal {
            Some(signal) => pty.signal(signal),
            None => {
                // Half a note is not thrown away by one key.
                pty.types(CTRL_C);
                pty.sees("not saved yet");
                pty.types(CTRL_C);
            }
        }
        assert_eq!(pty.ends().exit_code(), code, "{signal:?}");
        pty.has_its_mode_again();
        let place = place(&desk);
        assert_eq!((&place["file"], &place["line"]), (&"src/auth.ts".into(), &(at + 3).into()), "{place}");
        assert_eq!(answers(&desk).len(), at + 1);
        is_whole(&desk);
        escapes::read(&pty.shown.lock().raw).unwrap();
    }
}

fn broken_clock() -> Result<Time> {
    panic!("the clock is broken on purpose")
}

#[test]
#[ignore = "the workbench that another test of this module has panic"]
fn child() {
    let Some(dir) = std::env::var_os(ROLE) else { return };
    let dir = Path::new(&dir);
    let paths = Paths { data: dir.join("data/touchstone"), config: dir.join("config/touchstone") };
    let store = Store::new(&paths.data);
    let name = store.names().unwrap().remove(0);
    let held = Held::open(&store, &name).unwrap();
    let environment = Environment { clock: broken_clock, ..Environment::new(paths) };
    let session = Session::open(environment, &name, held, (120, 40)).unwrap();
    workbench::run(session, &[]).unwrap();
}

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    let desk = Desk::light(&MODES);
    let before = desk.journal();
    let mut command = program(&desk, std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", "pty::child"]);
    command.env(ROLE, desk.dir());
    command.env("RUST_BACKTRACE", "0");
    let mut pty = run(command, 120, 40);
    pty.types("]y");
    let code = pty.ends().exit_code();
    assert!(code == 101, "{code}");
    pty.has_its_mode_again();
    pty.wait("the message", |screen| screen.rows(0, 120).any(|row| row.trim_end() == "the clock is broken on purpose"));
    assert_eq!(desk.journal(), before);
    is_whole(&desk);
}

/// Writes a program. A child does it: a file that this process holds open while another test forks cannot be run.
fn script(path: &Path, text: &str) {
    let made = Command::new("sh")
        .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .arg(text)
        .status()
        .unwrap();
    assert!(made.success());
}

#[test]
fn the_editor_gets_the_terminal_and_a_copy() {
    let desk = Desk::light(&MODES);
    let editor = desk.dir().join("my editor");
    // Permissions are read from the listing: for root every file can be written.
    script(
        &editor,
        "out=$HOME/out\nprintf '%s\\n' \"$@\" > \"$out.args\"\nfor file; do :; done\nls -l \"$file\" > \"$out.mode\"\n\
         cp \"$file\" \"$out.copy\"\npwd -P > \"$out.folder\"\necho editing\nread -r line\necho \"$line\" > \"$out.line\"",
    );
    let mut command = touchstone(&desk, &["open"]);
    command.env("EDITOR", format!("'{}' -nw", editor.display()));
    let mut pty = run(command, 120, 40);
    opens(&mut pty, "auth", "import type");
    pty.types("jjj");
    let before = pty.draws(" 4/12 ");
    pty.types("o");
    pty.sees("editing");
    pty.is_given_back();
    pty.types("ynp\x7fn\n");
    pty.is_taken();
    pty.wait("the frame again", |screen| body(screen) == body(&before));
    pty.types("j");
    pty.sees(" 5/12 ");
    assert_eq!(answers(&desk), [""; 0]);
    let out = |name: &str| std::fs::read_to_string(desk.home().join(format!("out.{name}"))).unwrap();
    let args = out("args");
    let args: Vec<&str> = args.lines().collect();
    assert_eq!(args[..2], ["-nw", "+4"]);
    let copy = PathBuf::from(args[2]);
    assert!(copy.ends_with("copy.ts") && args.len() == 3, "{args:?}");
    assert!(!copy.exists(), "the copy is left behind");
    assert!(!copy.starts_with(desk.clone_dir()) && !Path::new(out("folder").trim()).starts_with(desk.clone_dir()));
    assert!(out("mode").starts_with("-r--------"), "{}", out("mode"));
    assert_eq!(out("copy"), crate::support::AUTH);
    assert_eq!(out("line"), "ynn\n");
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
}

#[test]
fn a_signal_ends_the_workbench_behind_an_editor() {
    let desk = Desk::light(&MODES);
    let mut command = touchstone(&desk, &["open"]);
    command.env("EDITOR", "sh -c 'echo editing; read -r line'");
    let mut pty = run(command, 120, 40);
    opens(&mut pty, "auth", "import type");
    pty.types("]y");
    pty.sees(" 1/72 answered");
    pty.types("o");
    pty.sees("editing");
    pty.is_given_back();
    pty.signal(Signal::TERM);
    assert_eq!(pty.ends().exit_code(), 143);
    pty.has_its_mode_again();
    assert_eq!(answers(&desk).len(), 1);
    is_whole(&desk);
}

#[test]
fn an_editor_that_fails_says_so() {
    let desk = Desk::light(&MODES);
    for (editor, said) in [
        ("sh -c 'exit 3'", "The editor sh ended with exit status: 3."),
        ("no-such-editor -x", "Could not start the editor no-such-editor"),
        ("'unfinished", "does not start an editor"),
    ] {
        let mut command = touchstone(&desk, &["open"]);
        command.env("EDITOR", editor);
        let mut pty = run(command, 120, 40);
        opens(&mut pty, "auth", "import type");
        pty.types("o");
        pty.sees(said);
        pty.is_taken();
        pty.types("?");
        pty.sees("Keys: ");
        pty.types(CTRL_C);
        assert_eq!(pty.ends().exit_code(), 0);
        pty.has_its_mode_again();
    }
}

#[test]
fn a_record_is_signed_with_a_passphrase_from_the_screen() {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        return skipped("ssh-keygen is not installed, so nothing was signed from the screen");
    }
    let desk = Desk::light(&["stdio"]);
    desk.ok(["answer", "auth-4", "yes", "--evidence", "src/auth.ts:3-4"]);
    let (db, key) = (desk.dir().join("db"), desk.dir().join("key"));
    std::fs::create_dir(&db).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "open sesame", "-C", "test-only", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let mut pty = run(touchstone(&desk, &["open"]), 120, 40);
    // Database, sign, key, partial.
    let form = format!("{}\t\t{}\ty", db.display(), key.display());
    pty.types("gx");
    pty.sees("Export a record");
    pty.types(&form);
    pty.types(CTRL_S);
    // A wrong passphrase first: nothing is written, and the form can be filled again.
    pty.sees("Enter passphrase");
    pty.is_left();
    pty.types("open barley\n");
    pty.sees("Nothing was exported");
    pty.is_taken();
    escapes_from(&mut pty, "Nothing was exported");
    pty.types("gx");
    pty.sees("Export a record");
    pty.types("\t\t\ty");
    let from = pty.shown.lock().raw.len();
    pty.types(CTRL_S);
    pty.wait_for("the question", |state| String::from_utf8_lossy(&state.raw[from..]).contains("Enter passphrase"));
    pty.is_left();
    pty.types("open sesame\n");
    pty.sees("jo-2026-01-31-001");
    pty.is_taken();
    assert!(!String::from_utf8_lossy(&pty.shown.lock().raw).contains("sesame"), "the passphrase was shown");
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    let record = db.join("audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    desk.ok(["signers", "add", "jo", key.with_extension("pub").to_str().unwrap()]);
    let said = succeeds(desk.cmd().arg("verify").arg(&record).args(["--repo", "."]));
    assert!(said.lines().any(|line| line == "verified"), "{said}");
    is_whole(&desk);
}

/// What commands a terminal, hides or reorders, each with the token that stands for its start.
const HAZARDS: [(&str, &[u8], &str); 26] = [
    ("clear", b"\x1b[2J\x1b[3J\x1b[H", "\\u{1b}[2J"),
    ("colour", b"\x1b[31;8mhidden\x1b[0m", "\\u{1b}[31;8m"),
    ("report", b"\x1b[6n\x1b[c\x1b[21t", "\\u{1b}[6n"),
    ("mode", b"\x1b[?1049l\x1b[?25h\x1b[?2004l", "\\u{1b}[?1049l"),
    ("link", b"\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\", "\\u{1b}]8;;"),
    ("clipboard", b"\x1b]52;c;ZXZpbA==\x07", "\\u{1b}]52"),
    ("title", b"\x1b]0;owned\x07", "\\u{1b}]0"),
    ("device", b"\x1bP$qm\x1b\\", "\\u{1b}P"),
    ("application", b"\x1b_G\x1b\\", "\\u{1b}_"),
    ("reset", b"\x1bc", "\\u{1b}c"),
    ("c1 csi", "\u{9b}31m".as_bytes(), "\\u{9b}31m"),
    ("c1 osc", "\u{9d}0;t\u{9c}".as_bytes(), "\\u{9d}0"),
    ("raw csi", b"\x9b31m", "\\x9b31m"),
    ("raw osc", b"\x9d0;t\x9c", "\\x9d0"),
    ("bell", b"\x07", "\\u{7}"),
    ("return", b"good\rbad", "good\\rbad"),
    ("back", b"good\x08\x08\x08\x08bad", "good\\u{8}"),
    ("feeds", b"a\x0bb\x0cc\x0ed\x7f", "a\\u{b}b"),
    ("bidi", "\u{202e}evil\u{202c}\u{2066}x\u{2069}\u{61c}\u{200f}".as_bytes(), "\\u{202e}evil"),
    ("zero", "a\u{200b}b\u{200d}c\u{2060}d\u{feff}e\u{ad}f".as_bytes(), "a\\u{200b}b"),
    ("tags", "\u{e0041}\u{e0042}\u{e007f}".as_bytes(), "\\u{e0041}"),
    ("selectors", "a\u{fe0f}b\u{e0100}".as_bytes(), "a\\u{fe0f}b"),
    ("lines", "a\u{2028}b\u{2029}c\u{85}d".as_bytes(), "a\\u{2028}b"),
    ("marks", "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(), "marks"),
    ("broken", b"\xff\xfe\xc3\x28\xe2\x82", "\\xff\\xfe"),
    ("private", "\u{e000}\u{fffff}\u{3164}x".as_bytes(), "\\u{e000}"),
];

/// All hazards in a row.
fn all() -> Vec<u8> {
    HAZARDS.iter().flat_map(|(_, bytes, _)| bytes.iter().copied()).collect()
}

/// All hazards as they are pasted.
fn pasted() -> Vec<u8> {
    [&all()[..], b"\0"].concat()
}

/// The file that is read on the walk: its name holds everything that a name can.
fn zebra() -> Vec<u8> {
    let name: Vec<u8> = all().into_iter().filter(|byte| *byte != b'/').collect();
    [b"src/", &name[..], b"zebra.ts"].concat()
}

/// A repository in which all that can hold hazards does: names, contents, links, a commit, a tag.
fn hostile() -> Desk {
    let desk = Desk::new();
    let mut text = Vec::new();
    for (name, bytes, _) in HAZARDS {
        text.extend([format!("const {} = \"", name.replace(' ', "_")).as_bytes(), bytes].concat());
        text.extend(b"\"; // process.env.API_KEY eval(request)\n");
    }
    let blob = desk.git.blob(&text);
    let zebra = zebra();
    let folder = [&zebra[4..zebra.len() - 8], b"/inside.ts"].concat();
    let (link, readme) = (desk.git.blob(all()), desk.git.blob("# notes-mcp\n"));
    let binary = desk.git.blob([&all()[..], b"\0"].concat());
    let items: Vec<Item<'_>> = vec![
        (&zebra, FILE, blob),
        (&folder, FILE, blob),
        (b"evil-link", SYMLINK, link),
        (b"evil-module", SUBMODULE, desk.older),
        (b"evil.bin", FILE, binary),
        (b"README.md", FILE, readme),
    ];
    let tree = desk.git.tree(&items);
    let mut commit = format!("tree {tree}\nparent {}\n", desk.commit).into_bytes();
    let plain: Vec<u8> = all().into_iter().filter(|byte| !b"\0\n<>".contains(byte)).collect();
    for line in [&b"author "[..], b"committer "] {
        commit.extend([line, &plain, b" <x@example.org> 1765000001 +0000\n"].concat());
    }
    commit.push(b'\n');
    commit.extend(all());
    let commit = desk.git.object(git2::ObjectType::Commit, &commit);
    desk.git.main(commit);
    desk.git.write("refs/tags/v\u{202e}1\u{9b}31m\u{200b}\u{e0041}", format!("{commit}\n"));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk
}

#[test]
fn nothing_that_others_wrote_commands_the_terminal() {
    let desk = hostile();
    let mut pty = open(&desk);
    reads(&mut pty);
    let link = links(&desk, &mut pty);
    writes(&mut pty);
    looks(&mut pty);
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    let raw = pty.shown.lock().raw.clone();
    let sent = escapes::read(&raw).unwrap();
    assert_eq!(sent.clipboard, [Base64::encode_string(link.as_bytes())]);
    assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
    is_whole(&desk);
    assert!(answers(&desk)[0].contains('\u{202e}'), "what was pasted is kept as it is");
}

/// The tree, what is no text, and the code.
fn reads(pty: &mut Pty) {
    pty.types("t");
    pty.sees("1 Files");
    pty.types("\x1b[A".repeat(9));
    pty.types("\x1b[C\x1b[B".repeat(16));
    pty.sees("evil.bin");
    pty.sees("\\u{1b}[2J");
    pty.types("\x1b[A".repeat(16));
    pty.types("t");
    pty.sees("1 Checklist");
    opens(pty, "evil-link", "A symbolic link to");
    opens(pty, "evil-module", "A submodule at");
    opens(pty, "evil.bin", "Binary, ");
    opens(pty, "zebra", "const clear");
    // On the whole screen, so that every token is seen.
    pty.types(" ");
    for (name, _, token) in HAZARDS {
        pty.sees(&format!("const {}", name.replace(' ', "_")));
        pty.sees(token);
    }
    pty.types("\x1b[C".repeat(9));
    pty.types("G");
    pty.sees(" 26/26 ");
    pty.types("\x1b[D".repeat(9));
    pty.types("gg");
    pty.sees(" 1/26 ");
    pty.types(" ");
}

/// Evidence of the hostile file, and the link to it, which is returned.
fn links(desk: &Desk, pty: &mut Pty) -> String {
    pty.types("v".to_owned() + &SHIFT_DOWN.repeat(25));
    pty.sees("26 selected");
    pty.types("Y");
    pty.sees("https://github.com/example/notes-mcp/blob/");
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let opened = &audit.now.opened;
    let link = permalink(&opened.target, opened.pin.commit, &RepoPath(zebra()), Some((1, 26))).unwrap();
    pty.types("e");
    pty.sees("Attach ");
    pty.types(CTRL_E);
    pty.sees("What the evidence shows");
    pty.pastes(pasted());
    pty.types("\r");
    pty.sees_no("What the evidence shows");
    pty.types("\r");
    pty.sees("E1 backs");
    link
}

/// Everything that can be written, pasted full of hazards.
fn writes(pty: &mut Pty) {
    pty.types("]w");
    pty.sees(", because");
    pty.pastes(pasted());
    pty.types("\r");
    pty.sees(" 1/48 answered");
    pty.types("N");
    pty.sees("Note on ");
    pty.pastes(pasted());
    pty.types("\r");
    pty.sees("The note is written");
    pty.types("gn");
    pty.sees("Note on the audit");
    pty.pastes(pasted());
    pty.types("\r");
    pty.sees_no("Note on the audit");
    for (keys, title) in [
        ("/", "Search in this file"),
        ("gl", "Go to line"),
        ("gm", "Declare a mode"),
        ("f", "Find a file"),
        (":", "╭ Do ─"),
        ("g/", "Search in the repository"),
    ] {
        pty.types(keys);
        pty.sees(title);
        pty.pastes(pasted());
        // What cannot be accepted stays open.
        pty.types("\r");
        pty.types("\x1b[27u");
        pty.sees_no(title);
    }
    // A search that finds the hostile lines, taken as evidence.
    pty.types("g/");
    pty.sees("Search in the repository");
    pty.types("const");
    pty.sees("52 hits in ");
    pty.types("\x1b[B".repeat(40));
    pty.types(CTRL_E);
    pty.sees("Attach ");
    pty.types("\r");
    pty.sees("E2 backs");
    // A finding: what is refused first, then what is taken.
    pty.types("F");
    pty.sees("New finding");
    for _ in 0..25 {
        pty.pastes(pasted());
        pty.types("\t");
    }
    pty.types(CTRL_S);
    pty.types(ESCAPE.repeat(2));
    pty.sees_no("New finding");
    pty.types("F");
    pty.sees("New finding");
    for field in 0..25 {
        if matches!(field, 0 | 6..=8 | 11..) {
            pty.pastes(pasted());
        }
        pty.types("\t");
    }
    pty.types(CTRL_S);
    pty.sees("F1 is written");
    pty.pastes(pasted());
    pty.sees("Pasted text is taken only where text is written.");
}

/// Everything that shows what was written, on a wide screen and on a narrow one.
fn looks(pty: &mut Pty) {
    for (columns, rows) in [(120, 40), (80, 24), (300, 100), (60, 16)] {
        pty.resize(columns, rows);
        pty.wait("the frame", |screen| screen.size() == (rows, columns) && screen.contents().contains("saved"));
        for (keys, title, token) in [
            ("ge", "Evidence ─", "\\u{1b}[2J"),
            ("gf", "Findings ─", "\\u{1b}[2J"),
            ("gr", "Review: ", ""),
            ("gt", "Log: ", ""),
            ("W", "What would flip", ""),
            ("ga", "Audits on this machine", ""),
            ("E", "Evidence to attach", "\\u{1b}[2J"),
            ("f", "Find a file", "\\u{1b}[2J"),
        ] {
            pty.types(keys);
            pty.sees(title);
            if columns >= 120 && !token.is_empty() {
                pty.sees(token);
            }
            if title == "Review: " {
                pty.sees_no("is being checked again");
            }
            pty.types("\x1b[6~\x1b[6~");
            escapes_from(pty, title);
        }
        pty.types("ge");
        pty.sees("Evidence ─");
        pty.types("\r");
        pty.sees("Evidence E1");
        pty.types("\x1b[6~");
        escapes_from(pty, "Evidence E1");
        pty.types("gf");
        pty.sees("Findings ─");
        pty.types("\x1b[B\r");
        pty.sees("Finding F1");
        pty.types("\t".repeat(25));
        escapes_from(pty, "Finding F1");
        pty.types("3G");
        pty.types("ggs");
        pty.sees("Sorted by the file");
        pty.types("1GggsSS2gc");
        pty.sees("Theme ");
    }
}

#[test]
fn keys_are_played_on_a_terminal_and_the_hands_go_on() {
    let desk = Desk::light(&MODES);
    let mut pty = run(touchstone(&desk, &["open", "--keys", "]yfauth<cr>jj"]), 120, 40);
    pty.sees(" 1/72 answered");
    pty.sees(" 3/12 ");
    pty.types("jj]n");
    pty.sees(" 5/12 ");
    pty.sees(" 2/72 answered");
    assert_eq!(answers(&desk), ["transport-1 (stdio) yes ", "transport-2 (stdio) no "]);
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();

    // Keys that quit leave a terminal that was never drawn on.
    let pty = Pty::run(touchstone(&desk, &["open", "--keys", "]p<c-c>"]), 120, 40);
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    assert_eq!(answers(&desk).len(), 3);
}

#[test]
fn lines_that_stand_on_a_terminal_are_opened() {
    let desk = Desk::light(&MODES);
    let path = RepoPath::from("src/auth.ts");
    let opened = || {
        let audit = View::open(&desk.audit_dir()).unwrap().audit;
        let seen = audit.entries().iter().rev().find_map(|(entry, _)| match &entry.event {
            Event::Seen { files } => files.iter().find(|file| file.path == path).cloned(),
            _ => None,
        });
        seen.map(|seen| seen.lines.to_string())
    };
    // The cursor moves and the view stands; each round for twice as long, until that was long enough.
    for round in 0..12 {
        let mut pty = open_again(&desk);
        if round == 0 {
            pty.sees("# notes-mcp");
            opens(&mut pty, "auth", "import type");
        }
        pty.sees("import type");
        for _ in 0..32 << round {
            pty.types("j");
            pty.sees(" 2/12 ");
            pty.types("k");
            pty.sees(" 1/12 ");
        }
        pty.types("q");
        assert_eq!(pty.ends().exit_code(), 0);
        if let Some(lines) = opened() {
            assert_eq!(lines, "1-12");
            return is_whole(&desk);
        }
    }
    panic!("nothing was opened");
}

#[test]
fn what_is_pasted_on_the_main_screen_answers_nothing() {
    let desk = Desk::light(&MODES);
    let mut pty = open(&desk);
    pty.types("]");
    pty.sees("transport-1 (stdio)");
    // Lines that stand on the screen meanwhile may be written as opened; nobody acts by that.
    let acts = || View::open(&desk.audit_dir()).unwrap().audit.effective().count();
    let before = acts();
    for text in ["y", "n\r", "yes\nno\r\np\ta\x03", "\x1b[31my\u{9b}n"] {
        pty.pastes(text);
        pty.sees("Pasted text is taken only where text is written.");
        pty.types("j");
        pty.sees_no("Pasted text");
    }
    // In two halves.
    pty.types("\x1b[200~ynp");
    pty.types("yyy\x1b[201~");
    pty.sees("Pasted text is taken only where text is written.");
    assert_eq!(acts(), before);
    // Where text is written, it is text.
    pty.types("N");
    pty.sees("Note on ");
    pty.pastes("y\nn");
    pty.types(CTRL_S);
    pty.sees("The note is written");
    assert_eq!(answers(&desk), [""; 0]);
    pty.types(CTRL_C);
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn the_demo_opens_on_a_terminal() {
    let desk = Desk::new();
    let mut pty = run(touchstone(&desk, &["demo", "--dir", "../demo"]), 120, 40);
    pty.sees("harbor-notes");
    pty.sees(" 47/72 answered");
    pty.types("]y");
    pty.sees(" 48/72 answered");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    escapes::read(&pty.shown.lock().raw).unwrap();
}
