//! The workbench as a whole: keys in, frames and journal out, on the binary, without and with a terminal.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use touchstone::app::Pane;
use touchstone::app::key::Key;
use touchstone::app::msg::Msg;
use touchstone::app::popup::Popup;
use touchstone::repo::display::is_hazard;
use touchstone::shell::print::{Format, Palette, print};
use touchstone::shell::workbench::Headless;
use touchstone::shell::workbench::headless::draw;

use crate::pseudo::Pty;
use crate::repo_fixture::{FILE, Item, mkfifo};
use crate::support::{Desk, fails, succeeds};

/// Plays keys on the binary and returns the frame after them.
#[track_caller]
fn frame(desk: &Desk, keys: &str) -> String {
    desk.ok(["open", "--print", "120x40", "--keys", keys])
}

/// Returns the keys that show an item from anywhere on the main screen.
fn to(desk: &Desk, item: &str) -> String {
    let workbench = desk.workbench();
    let rows = &workbench.app().checklist.rows;
    let at = rows.iter().position(|row| row.id() == Some(item)).unwrap();
    format!("1gg{}", "j".repeat(at))
}

/// Returns a journal's events, without the first one.
fn events(desk: &Desk) -> Vec<Value> {
    let lines = desk.journal();
    let lines = std::str::from_utf8(&lines).unwrap().lines();
    lines.skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone()).collect()
}

fn shown(workbench: &mut Headless) -> String {
    print(&workbench.frame(120, 40).unwrap(), Format::Text, &Palette::DARK)
}

fn shown_now(workbench: &Headless) -> String {
    print(&draw(workbench.app()), Format::Text, &Palette::DARK)
}

#[test]
fn keys_write_what_commands_write() {
    let (typed, called) = (Desk::light(&["stdio", "http"]), Desk::light(&["stdio", "http"]));
    let keys = format!(
        "fauth.ts<cr>jjjvjeauth-4<cr>{}nNseen twice<cr>u<c-r>{}wno way to tell<cr>",
        to(&typed, "auth-4"),
        to(&typed, "input-1"),
    );
    frame(&typed, &keys);
    called.ok(["open", "--no-tui"]);
    called.ok(["evidence", "add", "--evidence", "src/auth.ts:4-5"]);
    called.ok(["evidence", "attach", "E1", "auth-4", "--mode", "stdio"]);
    called.ok(["answer", "auth-4", "no", "--mode", "stdio"]);
    called.ok(["note", "auth-4", "seen twice", "--mode", "stdio"]);
    called.ok(["undo"]);
    called.ok(["redo"]);
    called.ok(["answer", "input-1", "unknown", "--reason", "no way to tell"]);
    assert_eq!(events(&typed), events(&called));
    let mut status = [typed.json(["status"]), called.json(["status"])];
    assert_eq!(status[0]["answered"], 2);
    for status in &mut status {
        status.as_object_mut().unwrap().remove("seconds_spent");
    }
    assert_eq!(status[0], status[1]);
}

#[test]
fn a_search_runs_over_the_pin_and_becomes_evidence() {
    let desk = Desk::light(&["stdio"]);
    let said = frame(&desk, "g/process\\.env");
    assert!(said.contains("src/auth.ts") && said.contains("src/index.ts"), "{said}");
    assert!(!said.contains("the work tree is never read"), "{said}");
    frame(&desk, "g/process\\.env<c-e>input-1<cr>");
    let listed = desk.json(["evidence", "list"]);
    let kinds: Vec<&Value> = listed["evidence"].as_array().unwrap().iter().map(|piece| &piece["id"]).collect();
    assert_eq!(kinds, [&json!("E1")]);
    // As evidence it is the whole search, and the same that a command makes.
    let other = Desk::light(&["stdio"]);
    other.ok(["open"]);
    other.ok(["open"]);
    other.ok(["evidence", "add", "--search", "process\\.env"]);
    other.ok(["evidence", "attach", "E1", "input-1"]);
    assert_eq!(events(&desk), events(&other));
}

#[test]
fn a_search_that_replaces_another_has_its_own_hits_alone() {
    let desk = Desk::light(&["stdio"]);
    let mut workbench = desk.workbench();
    workbench.keys("g/").unwrap();
    for key in Key::parse_all("exportx<bs> f").unwrap() {
        // Nothing is waited for: each letter asks anew while the one before is searched for.
        workbench.push(Msg::Key(key));
    }
    workbench.keys("").unwrap();
    let Some(Popup::Search(search)) = workbench.app().popups.last() else { panic!() };
    assert_eq!(search.asked.pattern, "export f");
    let found: Vec<(String, u64)> = search.hits.iter().map(|hit| (hit.path.lossy().into_owned(), hit.line)).collect();
    assert_eq!(found, [("src/auth.ts".to_owned(), 6), ("src/db.ts".to_owned(), 5)]);
    assert_eq!(search.ended.as_ref().unwrap().as_ref().unwrap().hits, 2);
}

#[test]
fn leads_are_those_that_the_command_finds() {
    let desk = Desk::open(&["stdio"]);
    let there = to(&desk, "auth-4");
    let mut workbench = desk.workbench();
    workbench.keys(&there).unwrap();
    let leads = &workbench.app().leads["auth-4"];
    let report = desk.json(["leads", "auth-4", "--hits", "500"]);
    let lines = report["leads"].as_array().unwrap();
    assert_eq!(leads.len(), lines.len());
    for (lead, line) in leads.iter().zip(lines) {
        let found = lead.outcome.as_ref().unwrap();
        assert_eq!(
            (json!(lead.id), json!(found.hits), json!(found.files)),
            (line["id"].clone(), line["hits"].clone(), line["files"].clone())
        );
        let counted = found.places.iter().filter(|hit| !hit.excluded || found.hits == 0);
        let places: Vec<Value> = counted.map(|hit| json!(hit.path.lossy())).collect();
        let theirs: Vec<Value> = line["places"].as_array().unwrap().iter().map(|one| one["path"].clone()).collect();
        assert_eq!(places, theirs);
    }
}

#[test]
fn what_is_no_text_says_what_it_is() {
    let desk = Desk::new();
    let items: Vec<Item<'_>> = vec![
        (b"README.md", FILE, desk.git.blob("# notes\n")),
        (b"a.link", 0o120_000, desk.git.blob("../../etc/pass\u{1b}wd")),
        (b"b.module", 0o160_000, desk.commit),
        (b"c.binary", FILE, desk.git.blob([0; 12_000])),
        (b"d.empty", FILE, desk.git.blob("")),
    ];
    desk.git.main(desk.git.commit(desk.git.tree(&items), &[desk.commit], 1_765_000_001));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio", "--standard", &desk.light_file()]);
    let mut workbench = desk.workbench();
    for (name, words) in [
        ("a.link", &["symbolic link to ../../etc/pass", "never followed"][..]),
        ("b.module", &["submodule", &desk.commit.to_string()]),
        ("c.binary", &["Binary, 12 KiB, blob"]),
    ] {
        workbench.keys(&format!("f{name}<cr>")).unwrap();
        let (path, why) = workbench.app().other.as_ref().unwrap();
        assert_eq!(path.lossy(), name);
        assert!(words.iter().all(|word| why.contains(word)) && !why.chars().any(is_hazard), "{why}");
    }
    workbench.keys("fd.empty<cr>").unwrap();
    assert_eq!(workbench.app().doc.as_ref().unwrap().text.lines(), 0);
}

#[test]
fn what_needs_a_terminal_says_so() {
    let desk = Desk::light(&["stdio"]);
    for keys in ["o", "<c-z>"] {
        assert!(frame(&desk, keys).contains("There is no terminal"), "{keys}");
    }
}

#[test]
fn a_key_that_is_none_fail() {
    let desk = Desk::light(&["stdio"]);
    let before = desk.journal();
    let said = desk.fails(["open", "--print", "120x40", "--keys", "jj<nokey>"], 2);
    assert!(said.contains("--keys") && said.contains("<nokey>") && said.contains("<pgdn>"), "{said}");
    desk.fails(["open", "--keys", "j"], 2);
    for size in ["120", "0x5", "501x5", "5x201", "axb", ""] {
        desk.fails(["open", "--print", size], 2);
    }
    desk.fails(["open", "--print", "120x40", "--theme", "blue"], 2);
    desk.fails(["open", "--format", "svg"], 2);
    assert_eq!(desk.journal(), before);
}

#[test]
fn keys_of_the_preferences_are_taken() {
    let desk = Desk::light(&["stdio"]);
    desk.file("config/touchstone/config.toml", "[auditor]\nlogin = \"jo\"\n[keys]\nanswer-no = [\"<f2>\", \"gz\"]\n");
    let there = to(&desk, "auth-1");
    let said = frame(&desk, &format!("{there}n"));
    assert!(said.contains("n does nothing here"), "{said}");
    assert_eq!(desk.json(["status"])["answered"], 0);
    frame(&desk, &format!("{there}<f2>jgz"));
    assert_eq!(desk.json(["status"])["answered"], 2);
}

#[test]
fn keys_of_the_preferences_that_cannot_be_fail() {
    let desk = Desk::light(&["stdio"]);
    let before = desk.journal();
    for (keys, word) in [
        ("answer-yess = \"y\"", "did you mean `answer-yes`"),
        ("answer-yes = \"n\"", "both"),
        ("answer-yes = \"<nokey>\"", "no key"),
    ] {
        desk.file("config/touchstone/config.toml", format!("[auditor]\nlogin = \"jo\"\n[keys]\n{keys}\n"));
        let said = desk.fails(["open", "--print", "120x40"], 2);
        assert!(said.contains("config.toml") && said.contains(word), "{said}");
    }
    assert_eq!(desk.journal(), before);
}

#[test]
fn what_never_comes_is_given_up() {
    let desk = Desk::new();
    let slow = desk.git.blob("slow\n");
    let files: [Item<'_>; 2] = [(b"README.md", FILE, desk.git.blob("# notes\n")), (b"slow.txt", FILE, slow)];
    desk.git.main(desk.git.commit(desk.git.tree(&files), &[desk.commit], 1_765_000_001));
    desk.ok(["open", "--auditor", "jo", "--standard", &desk.light_file()]);
    let mut workbench = desk.workbench();
    // Whoever reads from a pipe that nobody writes to waits for ever.
    mkfifo(&desk.git.loose(slow));
    workbench.set_patience(Duration::from_millis(10));
    let error = workbench.keys("fslow<cr>jj").unwrap_err();
    assert_eq!(error.kind.exit_code(), 3);
    assert!(
        error.message.contains("waited for 1 answer") && error.message.contains("after `<cr>`, key 6 of 8"),
        "{error}"
    );
    // It is not stuck for all that: what was there can be worked on.
    workbench.push(Msg::Key(Key::parse_all("N").unwrap()[0]));
    assert!(shown_now(&workbench).contains("Note on"));
}

#[test]
fn a_second_workbench_reads_and_says_so() {
    let desk = Desk::light(&["stdio"]);
    let there = to(&desk, "auth-1");
    let mut first = desk.workbench();
    let before = desk.journal();
    let said = frame(&desk, &format!("{there}n"));
    assert!(said.contains("another touchstone is writing to this audit"), "{said}");
    assert_eq!(desk.journal(), before);
    // Without a workbench there is nothing to be read: the command says who has it.
    assert!(desk.fails(["open"], 3).contains("Another touchstone has the audit"));
    desk.fails(["open", "--mode", "http", "--print", "120x40"], 3);
    first.keys(&format!("{there}n")).unwrap();
    assert_eq!(desk.json(["status"])["answered"], 1);
    first.close();
    frame(&desk, &format!("{there}jn"));
    assert_eq!(desk.json(["status"])["answered"], 2);
}

#[test]
fn the_place_is_found_again() {
    let desk = Desk::light(&["stdio"]);
    let there = to(&desk, "input-1");
    frame(&desk, &format!("{there}fauth.ts<cr>jjj"));
    let workbench = desk.workbench();
    let app = workbench.app();
    let doc = app.doc.as_ref().unwrap();
    assert_eq!(
        (doc.text.path.lossy(), doc.cursor, app.item.as_str(), app.pane),
        ("src/auth.ts".into(), 3, "input-1", Pane::Code)
    );
    // What a place has become is no matter.
    workbench.close();
    std::fs::write(desk.audit_dir().join("cursor"), b"\xff{").unwrap();
    assert!(desk.workbench().app().doc.is_some());
}

#[test]
fn another_audit_is_gone_on_with() {
    let desk = Desk::light(&["stdio"]);
    let first = desk.audit();
    desk.ok(["open", "--commit", "v1.1.0"]);
    let mut workbench = Headless::open(desk.surroundings(), &first).unwrap();
    let said = {
        workbench.keys("ga").unwrap();
        shown(&mut workbench)
    };
    assert!(said.contains(&first) && said.contains("opened 2026-01-31"), "{said}");
    workbench.keys(&format!("{}<cr>", &desk.older.to_string()[..7])).unwrap();
    let app = workbench.app();
    assert_ne!(app.audit.now.opened.audit, first);
    assert_eq!(app.audit.now.opened.pin.commit.to_string(), desk.older.to_string());
    assert!(app.popups.is_empty() && app.doc.is_some());
    // The first one is free again, and the second one is written.
    desk.ok(["--audit", &first, "note", "audit", "free"]);
    let second = app.audit.now.opened.audit.clone();
    desk.fails(["--audit", &second, "note", "audit", "held"], 3);
}

#[test]
fn hints_are_remembered() {
    let desk = Desk::light(&["stdio"]);
    assert_eq!(desk.workbench().app().hint, Some(0));
    desk.workbench().keys("1j").unwrap();
    assert_eq!(desk.workbench().app().hint, Some(1));
    std::fs::write(desk.dir().join("data/touchstone/hint"), "5\n").unwrap();
    assert_eq!(desk.workbench().app().hint, None);
}

#[test]
fn an_audit_is_exported_by_keys() {
    let desk = Desk::light(&["stdio"]);
    let db = desk.dir().join("db");
    std::fs::create_dir(&db).unwrap();
    let mut workbench = desk.workbench();
    let keys = format!("gx{}<tab><right><tab><tab><right><c-s>", db.display());
    workbench.keys(&keys).unwrap();
    let said = shown(&mut workbench);
    assert!(said.contains("unsigned; sign it with: touchstone sign"), "{said}");
    assert_eq!(workbench.app().audit.seals.len(), 1);
    workbench.close();
    assert_eq!(desk.json(["status"])["records"].as_array().unwrap().len(), 1);
}

#[test]
fn a_frame_is_printed_in_each_format() {
    let desk = Desk::light(&["stdio"]);
    let print = |args: &[&str]| succeeds(desk.cmd().args(["open", "--print"]).args(args));
    let plain = print(&["120x40"]);
    assert_eq!(plain.lines().count(), 40);
    assert!(plain.contains("# notes-mcp") && !plain.contains('\u{1b}'), "{plain}");
    assert!(print(&["120x40", "--ascii"]).is_ascii());
    let small = print(&["20x5"]);
    assert!(small.contains("60") && small.contains("16") && small.lines().count() == 5, "{small}");
    assert_eq!(print(&["1x1"]).lines().count(), 1);
    assert_eq!(print(&["500x200"]).lines().count(), 200);
    let colored = |text: &str| {
        text.split("\u{1b}[").skip(1).any(|rest| {
            let codes = rest.split('m').next().unwrap();
            codes.split(';').any(|code| code.parse::<u8>().unwrap() >= 30)
        })
    };
    assert!(colored(&print(&["120x40", "--format", "ansi"])));
    let bleak = succeeds(desk.cmd().env("NO_COLOR", "1").args(["open", "--print", "120x40", "--format", "ansi"]));
    assert!(bleak.contains("\u{1b}[") && !colored(&bleak), "{bleak:?}");
    let empty = succeeds(desk.cmd().env("NO_COLOR", "").args(["open", "--print", "120x40", "--format", "ansi"]));
    assert!(colored(&empty));
    let dark = print(&["120x40", "--format", "svg"]);
    let light = print(&["120x40", "--format", "svg", "--theme", "light"]);
    assert!(dark.starts_with("<svg") && light.starts_with("<svg") && dark != light);
}

#[test]
fn hostile_names_and_text_command_nothing() {
    let evil = "\u{1b}[2J\u{1b}]52;c;AAAA\u{7}\u{9b}31m\u{202e}x\u{200b}\u{e0041}\r\u{7f}y";
    let desk = Desk::new();
    let blob = desk.git.blob(format!("// key {evil}\n"));
    let name = [b"0-", evil.as_bytes(), b"\n\xff.ts"].concat();
    let link = desk.git.blob(evil);
    let items: Vec<Item<'_>> = vec![(&name, FILE, blob), (b"1.link", 0o120_000, link)];
    desk.git.main(desk.git.commit(desk.git.tree(&items), &[desk.commit], 1_765_000_001));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    for keys in
        ["", "t", "f", "f0-<cr>", "f1.link<cr>", "g/key", "f0-<cr>ve", "f0-<cr>ve<cr>ge", "g/key<cr>", "f0-<cr>Y"]
    {
        for format in ["text", "ansi", "svg"] {
            let said = desk.ok(["open", "--print", "150x40", "--format", format, "--keys", keys]);
            let said = if format == "ansi" { said.replace("\u{1b}[", "").replace('\u{1b}', "\u{7}") } else { said };
            assert!(!said.chars().any(|c| c != '\n' && is_hazard(c)), "{keys} {format}: {said:?}");
        }
    }
}

#[test]
fn the_bare_name_without_a_terminal_is_help() {
    let desk = Desk::light(&["stdio"]);
    let said = fails(&mut desk.cmd(), 2);
    assert!(said.contains("Usage: touchstone") && said.contains("demo"), "{said}");
    desk.fails(["--json"], 2);
}

/// Runs the binary on a terminal; `args` are a shell's words.
fn live(desk: &Desk, folder: &str, variables: &str, args: &str) -> Pty {
    let variables = desk.environment().iter().map(|(name, value)| format!("{name}='{value}' ")).collect::<String>()
        + "TERM=xterm-256color "
        + variables;
    let exe = assert_cmd::cargo::cargo_bin!("touchstone").display();
    let mut command = portable_pty::CommandBuilder::new("sh");
    command
        .args(["-c", &format!("cd {} && exec env -i {variables} '{exe}' {args}", desk.dir().join(folder).display())]);
    Pty::run(command, 80, 24)
}

#[test]
fn it_runs_on_a_terminal_and_quits() {
    let desk = Desk::light(&["stdio"]);
    let there = to(&desk, "auth-1");
    let mut pty = live(&desk, "clone", "", &format!("open --keys '{there}n'"));
    pty.sees("auth-1");
    pty.sees("saved");
    pty.types("jn");
    pty.sees("auth-2 (stdio): no");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.is_given_back();
    assert_eq!(desk.json(["status"])["answered"], 2);
    assert_eq!(desk.workbench().app().item, "auth-2");
}

#[test]
fn a_signal_ends_it_in_order() {
    let desk = Desk::light(&["stdio"]);
    let there = to(&desk, "input-1");
    let pty = live(&desk, "clone", "", &format!("open --keys '{there}'"));
    pty.sees("input-1");
    pty.signal(Signal::TERM);
    assert_eq!(pty.ends().exit_code(), 128 + 15);
    pty.is_given_back();
    assert_eq!(desk.workbench().app().item, "input-1");
}

#[test]
fn the_editor_has_the_terminal_for_itself() {
    let desk = Desk::light(&["stdio"]);
    let editor = desk
        .file("edit", "#!/bin/sh\necho \"at $1 in $(ls) reads $(head -1 $2)\"\nread -r line\ntest \"$line\" = well\n");
    std::process::Command::new("chmod").arg("+x").arg(&editor).status().unwrap();
    let mut pty = live(&desk, "clone", &format!("VISUAL='{}'", editor.display()), "open --keys 'fauth.ts<cr>jj'");
    pty.sees("src/auth.ts");
    pty.types("o");
    pty.sees("at +3 in copy.ts reads import type");
    pty.types("well\n");
    pty.sees("src/auth.ts");
    pty.types("o");
    pty.sees("at +3");
    pty.types("ill\n");
    pty.sees("ended with exit status: 1");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn the_bare_name_opens_the_clone_or_lists_the_audits() {
    let desk = Desk::light(&["stdio"]);
    let mut pty = live(&desk, "clone", "", "");
    pty.sees("notes-mcp");
    pty.sees("saved");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    let mut pty = live(&desk, "home", "", "");
    pty.sees("Audits on this machine");
    pty.types("\r");
    pty.sees("is open already");
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    std::fs::remove_dir_all(desk.audits()).unwrap();
    let pty = live(&desk, "home", "", "");
    pty.sees("Exit codes: 0 true");
    assert_eq!(pty.ends().exit_code(), 2);
}
