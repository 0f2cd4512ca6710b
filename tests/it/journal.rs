//! The journal: torn writes, broken files, locks, full disks.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use touchstone::journal::{CURSOR_LIMIT, Journal, Store, View};
use touchstone::model::hash::Sha256;

use crate::support::Desk;

/// An audit's files: a journal of nine lines, one act of five events among them; and its standard.
fn sample() -> &'static (Vec<u8>, Vec<u8>) {
    static SAMPLE: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let desk = Desk::light(&["stdio"]);
        desk.ok(["answer", "auth-4", "yes", "--evidence", "src/auth.ts:4", "--search", "sk-"]);
        desk.ok(["undo"]);
        desk.ok(["note", "audit", "line\u{1b}[2J one"]);
        (desk.journal(), std::fs::read(desk.audit_dir().join("standard.toml")).unwrap())
    })
}

/// An audit's folder with this journal.
fn folder(journal: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("journal.jsonl"), journal).unwrap();
    std::fs::write(dir.path().join("standard.toml"), &sample().1).unwrap();
    dir
}

fn bytes(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("journal.jsonl")).unwrap()
}

fn lines(journal: &[u8]) -> Vec<Value> {
    journal.split_inclusive(|b| *b == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Writes lines with a chain that holds.
fn chained(lines: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut previous = Sha256::ZERO;
    for line in lines {
        let mut line = line.clone();
        line["prev"] = json!(previous.to_string());
        let text = format!("{line}\n");
        previous = Sha256::of(&text);
        out.extend(text.into_bytes());
    }
    out
}

/// A journal that must be refused: both ways of opening say so, and no byte of the folder changes.
#[track_caller]
fn refused(journal: &[u8], words: &[&str]) {
    let dir = folder(journal);
    for error in [Journal::open(dir.path()).unwrap_err(), View::open(dir.path()).unwrap_err()] {
        assert_eq!(error.kind.exit_code(), 3, "{error}");
        for word in words {
            assert!(error.message.contains(word), "{word:?} is not in {error}");
        }
        assert!(!error.hints.is_empty(), "{error}");
    }
    assert_eq!(bytes(dir.path()), journal);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "only the lock is new");
}

/// A journal with something after `whole` that must be moved aside; it can be written again afterwards.
#[track_caller]
fn mended(journal: &[u8], whole: usize, word: &str) {
    let dir = folder(journal);
    let seen = View::open(dir.path()).unwrap().audit.entries().len();
    assert_eq!(bytes(dir.path()), journal, "looking changes nothing");
    let mut open = Journal::open(dir.path()).unwrap();
    assert_eq!(open.audit.entries().len(), seen);
    let said = open.recovered.clone().unwrap();
    assert!(said.contains(word) && said.contains("torn-1.bin"), "{said}");
    assert_eq!(bytes(dir.path()), journal[..whole]);
    assert_eq!(std::fs::read(dir.path().join("torn-1.bin")).unwrap(), journal[whole..]);
    open.undo("2026-01-31T12:00:00Z".parse().unwrap()).unwrap();
    drop(open);
    let again = Journal::open(dir.path()).unwrap();
    assert_eq!((again.audit.entries().len(), again.recovered), (seen + 1, None));
}

#[test]
fn a_line_cut_off_is_moved_aside_and_reported() {
    let journal = &sample().0;
    for kept in [1, 100, 170] {
        let mut torn = journal.clone();
        let line = journal.split_inclusive(|b| *b == b'\n').next_back().unwrap();
        torn.extend(&line[..kept]);
        mended(&torn, journal.len(), "an unfinished line");
    }
}

#[test]
fn nul_bytes_at_the_end_are_moved_aside() {
    let journal = &sample().0;
    mended(&[journal, &[0; 4096][..]].concat(), journal.len(), "NUL bytes");
    mended(&[journal, &b"{\"seq\":"[..], &[0; 7][..]].concat(), journal.len(), "NUL bytes");
}

#[test]
fn an_act_without_its_last_events_is_moved_aside() {
    let journal = &sample().0;
    let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').map(|at| at + 1).collect();
    // Lines 3 to 7 are one act.
    assert_eq!(lines(journal)[2]["of"], 5);
    for cut in &ends[2..6] {
        mended(&journal[..*cut], ends[1], "an unfinished act");
    }
}

#[test]
fn the_command_line_reports_a_torn_write_once() {
    let desk = Desk::open(&["stdio"]);
    let path = desk.audit_dir().join("journal.jsonl");
    std::fs::write(&path, [&desk.journal()[..], b"{\"seq\":3,"].concat()).unwrap();
    desk.ok(["status"]);
    let output = desk.cmd().args(["note", "audit", "a"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("cut off") && said.contains("torn-1.bin"), "{said}");
    assert_eq!(desk.cmd().args(["note", "audit", "b"]).output().unwrap().stderr, b"");
}

#[test]
fn a_complete_line_that_does_not_parse_is_refused_with_its_number() {
    let journal = sample().0.clone();
    let text = String::from_utf8(journal).unwrap();
    let spoiled: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == 4 { line[1..].to_owned() } else { line.to_owned() })
        .collect();
    refused((spoiled.join("\n") + "\n").as_bytes(), &["broken at line 5"]);
    refused(text.replacen('\n', "\n\n", 1).as_bytes(), &["broken at line 2"]);
    refused(text.replacen('\n', "\n\0\0\n", 1).as_bytes(), &["broken at line 2"]);
    refused(b"", &["line 1", "no complete line"]);
    refused(&[0; 512], &["line 1", "no complete line"]);
    refused(b"\xff\xfe\n", &["broken at line 1"]);
}

#[test]
fn a_key_that_stands_twice_in_a_line_is_refused() {
    let text = String::from_utf8(sample().0.clone()).unwrap();
    for (once, twice) in [
        ("\"mode\":\"stdio\"", "\"mode\":\"http\",\"mode\":\"stdio\""),
        ("{\"seq\":2,", "{\"seq\":2,\"seq\":2,"),
        ("\"type\":\"mode_declared\"", "\"type\":\"noted\",\"type\":\"mode_declared\""),
        ("\"mode\":\"stdio\"", "\"mode\":\"stdio\",\"more\":1"),
    ] {
        assert!(text.contains(once), "{once}");
        refused(text.replacen(once, twice, 1).as_bytes(), &["broken at line 2"]);
    }
}

#[test]
fn a_broken_chain_is_refused() {
    let text = String::from_utf8(sample().0.clone()).unwrap();
    // A changed line is found at the line after it.
    refused(text.replacen("\"stdio\"", "\"sneak\"", 1).as_bytes(), &["line 3", "does not follow"]);
    let gone: Vec<&str> = text.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 1).map(|(_, l)| l).collect();
    refused(gone.concat().as_bytes(), &["line 2", "does not follow"]);
}

#[test]
fn events_that_chain_and_do_not_fit_are_refused() {
    let whole = lines(&sample().0);
    let change = |edit: &dyn Fn(&mut Vec<Value>)| {
        let mut lines = whole[..2].to_vec();
        edit(&mut lines);
        chained(&lines)
    };
    let event = |seq: u64, event: Value| json!({"seq": seq, "at": "2026-01-31T12:00:00Z", "prev": "", "act": seq, "of": 1, "event": event});
    refused(&change(&|lines| lines[1]["seq"] = json!(3)), &["line 2", "number 3"]);
    refused(&change(&|lines| lines[1]["act"] = json!(1)), &["line 2", "act"]);
    refused(&change(&|lines| lines[1]["of"] = json!(0)), &["line 2", "act"]);
    refused(&change(&|lines| lines.push(event(3, whole[0]["event"].clone()))), &["line 3", "middle"]);
    refused(&change(&|lines| drop(lines.remove(0))), &["line 1"]);
    let slots = json!([{"id": "auth-9", "mode": "stdio"}]);
    let unknown = json!({"type": "answered", "slots": slots, "answer": "yes"});
    refused(&change(&|lines| lines.push(event(3, unknown.clone()))), &["line 3", "no item `auth-9`"]);
    refused(&change(&|lines| lines.push(event(3, json!({"type": "undone", "seq": 7})))), &["line 3", "undone"]);
    refused(&change(&|lines| lines.push(event(3, json!({"type": "redone", "seq": 2})))), &["line 3", "again"]);
    refused(&change(&|lines| lines.push(event(3, json!({"type": "sung"})))), &["line 3"]);
    let resumed = json!({"type": "resumed", "tool": {"name": "t", "version": "1"}});
    let sound = change(&|lines| lines.push(event(3, resumed.clone())));
    assert_eq!(Journal::open(folder(&sound).path()).unwrap().audit.entries().len(), 3);
}

#[test]
fn an_event_that_is_not_the_auditors_is_an_act_of_its_own() {
    // Mixed into an act, it could not be undone with it.
    let mut whole = lines(&sample().0)[..2].to_vec();
    whole[1]["of"] = json!(2);
    whole.push(json!({"seq": 3, "at": "2026-01-31T12:00:00Z", "prev": "", "act": 2, "of": 2,
        "event": {"type": "undone", "seq": 2}}));
    refused(&chained(&whole), &["line 3"]);
}

#[test]
fn a_newer_version_is_refused_and_left_as_it_is() {
    let text = String::from_utf8(sample().0.clone()).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":2,\"unheard\":{\"of\":[]}", 1);
    assert_ne!(newer, text);
    refused(newer.as_bytes(), &["version 2", "knows version 1"]);
    refused(&[newer.as_bytes(), b"{torn"].concat(), &["version 2"]);
}

#[test]
fn a_standard_that_was_changed_beside_the_journal_is_refused() {
    let dir = folder(&sample().0);
    let path = dir.path().join("standard.toml");
    std::fs::write(&path, [&sample().1[..], b"# one more line\n"].concat()).unwrap();
    let error = Journal::open(dir.path()).unwrap_err();
    assert!(error.message.contains("not the standard that the audit follows"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(View::open(dir.path()).unwrap_err().kind.exit_code(), 3);
    assert_eq!(bytes(dir.path()), sample().0);
}

#[test]
fn a_second_writer_is_told_and_a_second_reader_may_look() {
    let desk = Desk::open(&["stdio"]);
    let before = desk.journal();
    let lock = std::fs::File::create(desk.audit_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let said = desk.fails(["answer", "auth-1", "yes"], 3);
    assert!(said.contains("Another touchstone has the audit") && said.contains(&desk.audit()), "{said}");
    for args in [&["undo"][..], &["note", "audit", "x"], &["open"], &["evidence", "add", "--path-glob", "*"]] {
        desk.fails(args, 3);
    }
    for args in [&["status"][..], &["score"], &["log"], &["audits"], &["evidence", "list"], &["finding", "list"]] {
        desk.ok(args);
    }
    assert_eq!(desk.journal(), before);
    drop(lock);
    desk.ok(["answer", "auth-1", "yes"]);
}

#[test]
fn a_full_disk_records_nothing_and_says_so() {
    let desk = Desk::open(&["stdio"]);
    let before = desk.journal();
    // A limit on the size of files stands in for a full disk: bash counts in KiB, and a long note has no room.
    let limit = before.len() / 1024 + 1;
    let call = |trap: &str| {
        Command::new("bash")
            .env_clear()
            .envs(desk.environment())
            .current_dir(desk.clone_dir())
            .args(["-c", &format!("{trap} ulimit -f {limit}; exec \"$0\" note audit \"$1\"")])
            .arg(assert_cmd::cargo::cargo_bin!("touchstone"))
            .arg("long ".repeat(1000))
            .output()
    };
    let Ok(output) = call("trap '' XFSZ;") else {
        crate::support::skipped("there is no bash");
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("Nothing was recorded") && output.stdout.is_empty(), "{said}");
    assert_eq!(desk.journal(), before, "what was written in part was taken back");
    // Where the system ends the program in the middle of the write, the next start mends the journal.
    let output = call("").unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    desk.ok(["note", "audit", "short"]);
    assert!(desk.journal().starts_with(&before));
    assert_eq!(desk.json(["log"])["acts"].as_array().unwrap().len(), 3);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_sentence() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::open(&["stdio"]);
    let before = desk.journal();
    let mode = |dir: u32, file: u32| {
        for entry in std::fs::read_dir(desk.audit_dir()).unwrap() {
            std::fs::set_permissions(entry.unwrap().path(), std::fs::Permissions::from_mode(file)).unwrap();
        }
        std::fs::set_permissions(desk.audit_dir(), std::fs::Permissions::from_mode(dir)).unwrap();
    };
    mode(0o555, 0o444);
    let root = std::fs::File::options().append(true).open(desk.audit_dir().join("journal.jsonl")).is_ok();
    let output = if root {
        // Permissions do not bind root; a user without its powers is bound.
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups", "--"]);
        std::fs::set_permissions(desk.dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
        for dir in ["data", "data/touchstone"] {
            std::fs::set_permissions(desk.dir().join(dir), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        command.arg(assert_cmd::cargo::cargo_bin!("touchstone"));
        let probe = Command::new("setpriv")
            .args(["--reuid=65534", "--clear-groups", "--"])
            .arg(assert_cmd::cargo::cargo_bin!("touchstone"))
            .arg("--version")
            .output();
        if !probe.is_ok_and(|output| output.status.success()) {
            crate::support::skipped("this is root, and setpriv cannot run the binary as somebody else");
            mode(0o755, 0o644);
            return;
        }
        command.args(["note", "audit", "x"]).env_clear().envs(desk.environment()).current_dir(desk.clone_dir()).output()
    } else {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
        command.args(["note", "audit", "x"]).env_clear().envs(desk.environment()).current_dir(desk.clone_dir()).output()
    };
    let output = output.unwrap();
    mode(0o755, 0o644);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("Could not write") && said.contains("denied"), "{said}");
    assert_eq!(desk.journal(), before);
    desk.ok(["note", "audit", "x"]);
}

/// Ends of whole acts.
fn acts() -> &'static Vec<usize> {
    static ACTS: OnceLock<Vec<usize>> = OnceLock::new();
    ACTS.get_or_init(|| {
        let journal = &sample().0;
        let mut ends = Vec::new();
        let mut at = 0;
        for line in journal.split_inclusive(|b| *b == b'\n') {
            at += line.len();
            let line: Value = serde_json::from_slice(line).unwrap();
            if line["seq"].as_u64().unwrap() + 1 == line["act"].as_u64().unwrap() + line["of"].as_u64().unwrap() {
                ends.push(at);
            }
        }
        assert_eq!(at, journal.len());
        ends
    })
}

/// Opens the bytes both ways and asks for the same outcome; returns the count of entries.
fn opened(journal: &[u8]) -> Option<usize> {
    let dir = folder(journal);
    let view = View::open(dir.path()).map(|view| view.audit.entries().len());
    assert_eq!(bytes(dir.path()), journal);
    let open = Journal::open(dir.path());
    match (&view, &open) {
        (Ok(seen), Ok(open)) => assert_eq!(*seen, open.audit.entries().len()),
        (Err(a), Err(b)) => assert_eq!(a, b),
        _ => panic!("{view:?} {open:?}"),
    }
    let kept = bytes(dir.path());
    if open.is_err() {
        assert_eq!(kept, journal)
    } else {
        assert!(journal.starts_with(&kept))
    }
    view.ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_cut_anywhere_holds_its_whole_acts(cut in 0..sample().0.len()) {
        let journal = &sample().0;
        let whole = acts().iter().copied().rfind(|end| *end <= cut);
        let lines = whole.map(|end| journal[..end].iter().filter(|b| **b == b'\n').count());
        prop_assert_eq!(opened(&journal[..cut]), lines);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), nuls in 0..3_usize) {
        let mut bytes = bytes;
        bytes.extend(std::iter::repeat_n(0, nuls));
        prop_assert_eq!(opened(&bytes), None);
    }

    #[test]
    fn no_edit_makes_it_panic(
        edits in proptest::collection::vec((0..sample().0.len(), any::<u8>(), 0..3_u8), 1..4)
    ) {
        let mut journal = sample().0.clone();
        for (at, byte, how) in edits {
            let at = at.min(journal.len() - 1);
            match how {
                0 => journal[at] = byte,
                1 => journal.insert(at, byte),
                _ => drop(journal.remove(at)),
            }
        }
        let _ = opened(&journal);
    }
}

#[test]
fn an_audit_cannot_be_named_out_of_the_store() {
    let desk = Desk::open(&["stdio"]);
    let outside: PathBuf = desk.dir().join("data/touchstone/elsewhere");
    std::fs::create_dir_all(&outside).unwrap();
    for name in ["../elsewhere", "..", ".", "", "/etc", "a/../b", "audit\\x", "no\u{1b}[2Jsuch"] {
        let said = desk.fails(["--audit", name, "status"], 2);
        assert!(said.contains("There is no audit") && !said.contains('\u{1b}'), "{said}");
        desk.fails(["--audit", name, "note", "audit", "x"], 2);
    }
    assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
}

#[test]
fn where_somebody_was_is_remembered_beside_the_journal_and_forgotten_where_it_is_broken() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::new(data.path());
    let dir = store.dir("notes");
    std::fs::create_dir_all(&dir).unwrap();
    assert_eq!(store.cursor("notes"), None);
    store.set_cursor("notes", "item auth-4\nline 12").unwrap();
    store.set_cursor("notes", "item auth-5").unwrap();
    assert_eq!(store.cursor("notes").as_deref(), Some("item auth-5"));
    let names: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["cursor"], "no temporary file is left");

    let long = "x".repeat(CURSOR_LIMIT);
    store.set_cursor("notes", &long).unwrap();
    assert_eq!(store.cursor("notes").as_ref(), Some(&long));
    assert!(store.set_cursor("notes", &format!("{long}y")).is_err());
    assert_eq!(store.cursor("notes").as_ref(), Some(&long), "what was there stays");

    for broken in [vec![0xff, 0xfe], vec![b'x'; CURSOR_LIMIT + 1]] {
        std::fs::write(dir.join("cursor"), &broken).unwrap();
        assert_eq!(store.cursor("notes"), None);
    }
    std::fs::remove_file(dir.join("cursor")).unwrap();
    std::fs::create_dir(dir.join("cursor")).unwrap();
    assert_eq!(store.cursor("notes"), None);
    assert!(store.set_cursor("gone", "").is_err());
}
