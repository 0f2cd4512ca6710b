//! A repository whose names and text command the terminal, and what reaches the terminal of it: nothing.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use touchstone::repo::display::is_hazard;

use crate::repo_fixture::{FILE, Item};
use crate::support::{Desk, succeeds};

/// Commands to a terminal, C1, bidi, zero width, tags and a line end, in one text.
const EVIL: &str = "\u{1b}[2J\u{1b}]8;;http://x\u{7}\u{1b}]52;c;AAAA\u{7}\u{9b}31m\u{202e}x\u{200b}\u{e0041}\r\u{7f}y";

/// No hazard leaves a call, whatever its outcome; returns the exit code and what it said.
#[track_caller]
fn clean(desk: &Desk, args: &[OsString]) -> (i32, String) {
    let output = desk.cmd().args(args).output().unwrap();
    let mut said = String::new();
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap_or_else(|_| panic!("{args:?} prints what is not UTF-8"));
        for c in text.chars() {
            assert!(c == '\n' || !is_hazard(c), "{args:?} prints {c:?}: {text:?}");
        }
        said += text;
    }
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code().unwrap(), said)
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn desk(name: &[u8]) -> Desk {
    let desk = Desk::new();
    let text = format!("// API_KEY {EVIL}\nconst key = \"sk-{EVIL}\"; process.env.{EVIL}\n");
    let blob = desk.git.blob([text.as_bytes(), b"token \xff\xfe password\n"].concat());
    let items: Vec<Item<'_>> = vec![(name, FILE, blob), (b"src/a.ts", FILE, blob), (b".env", FILE, blob)];
    let commit = desk.git.commit(desk.git.tree(&items), &[desk.commit], 1_765_000_001);
    desk.git.main(commit);
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk
}

#[test]
fn no_command_lets_hostile_names_or_text_through() {
    let name = [b"src/", EVIL.replace('/', "").as_bytes(), b"\n\xff.ts"].concat();
    let desk = desk(&name);
    let place = |lines: &str| OsString::from_vec([&name[..], b":", lines.as_bytes()].concat());
    let evidence = |lines: &str| [words(&["evidence", "add", "--evidence"]), vec![place(lines)]].concat();
    for json in [&[][..], &["--json"][..]] {
        let run = |args: &[OsString], code: i32| {
            let args = [args.to_vec(), words(json)].concat();
            let (got, said) = clean(&desk, &args);
            assert_eq!(got, code, "{args:?}: {said}");
        };
        run(&evidence("1-3"), 0);
        run(&evidence("9"), 2);
        run(&evidence("x"), 2);
        run(
            &[words(&["evidence", "add", "--evidence"]), vec![OsString::from_vec([&name[4..], b":1"].concat())]]
                .concat(),
            3,
        );
        run(&words(&["evidence", "add", "--search", "key|token"]), 0);
        run(&words(&["evidence", "add", "--search", EVIL]), 0);
        run(&words(&["evidence", "add", "--search", &format!("({EVIL}")]), 2);
        run(&words(&["evidence", "add", "--path-glob", "src/*"]), 0);
        run(&words(&["evidence", "add", "--in", EVIL, "--search", "x"]), 2);
        run(&words(&["evidence", "add", "--path-glob", &format!("[{EVIL}")]), 2);
        run(&words(&["evidence", "add", "--external", EVIL, "--saw", EVIL, "--note", EVIL]), 0);
        run(&words(&["answer", "auth-4", "yes", "--reason", EVIL, "--lead", "auth-4.c"]), 0);
        run(&words(&["answer", EVIL, "yes"]), 2);
        run(&words(&["answer", "auth-4", EVIL]), 2);
        run(&words(&["answer", "auth-4", "yes", "--mode", EVIL]), 2);
        run(&words(&["answer", "auth-4", "yes", "--reuse", EVIL]), 2);
        run(&words(&["fact", EVIL, EVIL]), 2);
        run(&words(&["note", "audit", EVIL]), 0);
        run(&words(&["finding", "add", "--title", EVIL, "--severity", "low", "--summary", EVIL]), 0);
        run(&words(&["finding", "add", "--title", "T", "--severity", EVIL]), 2);
        run(&words(&["finding", "add", "--title", "T", "--severity", "low", "--cwe", EVIL]), 2);
        run(&words(&["finding", "add", "--from", EVIL]), 3);
        run(&words(&["finding", "list"]), 0);
        run(&words(&["finding", "show", "F1"]), 0);
        run(&words(&["finding", "withdraw", "F1", "--reason", EVIL]), 0);
        for id in 1..=5 {
            run(&words(&["evidence", "show", &format!("E{id}")]), 0);
        }
        run(&words(&["evidence", "redact", "E1", "--reason", EVIL]), 0);
        for item in ["auth-4", "token-1", "data-4", "input-1", "dependency-1"] {
            run(&words(&["leads", item, "--hits", "100"]), 0);
        }
        run(&words(&["leads", EVIL]), 2);
        for one in ["status", "score", "log", "audits", "undo", "redo", "doctor"] {
            run(&words(&[one]), 0);
        }
        run(&words(&["evidence", "list"]), 0);
        run(&words(&["--audit", EVIL, "status"]), 2);
        run(&words(&["--repo", EVIL, "status"]), 3);
        run(&words(&["open", "--commit", EVIL]), 2);
        run(&words(&["open", "--mode", EVIL]), 2);
        run(&words(&["open", "--new", "--standard", EVIL]), 2);
        run(&words(&["open", "--new", "--url", EVIL]), 2);
        run(&words(&["open", "--new", "--auditor", EVIL]), 2);
        run(&words(&["open", "--new", "--scope", EVIL]), 3);
        run(&words(&["standard", "show", EVIL]), 2);
        run(&words(&["standard", "check", EVIL]), 3);
        run(&words(&[EVIL]), 2);
        run(&words(&["status", EVIL]), 2);
        run(&words(&["status", &format!("--{EVIL}")]), 2);
        run(&words(&["completions", EVIL]), 2);
        run(&words(&["man", EVIL]), 2);
    }
}

#[test]
fn hostile_urls_tags_and_folders_of_audits_do_not_get_through() {
    let desk = Desk::new();
    desk.origin(Some("https://h.io/a/\u{202e}b\u{9b}"));
    assert_eq!(clean(&desk, &words(&["open", "--auditor", "jo"])).0, 2);
    desk.origin(Some("https://h.io/a/b"));
    desk.git.write("refs/tags/v\u{202e}1\u{9b}", format!("{}\n", desk.commit));
    assert_eq!(clean(&desk, &words(&["open", "--auditor", "jo"])).0, 0);
    clean(&desk, &words(&["status"]));
    std::fs::create_dir(desk.audits().join("x\u{1b}[2J\u{202e}")).unwrap();
    let (code, said) = clean(&desk, &words(&["audits"]));
    assert!(code == 0 && said.contains("cannot be read"), "{said}");
    clean(&desk, &words(&["audits", "--json"]));
}

#[test]
fn a_standard_with_hostile_text_does_not_get_through() {
    let desk = Desk::new();
    let escaped = "\\u001B[2J\\u202E\\u009B";
    let toml = crate::support::light_standard().replacen("title = \"", &format!("title = \"{escaped}"), 1);
    let file = desk.file("evil.toml", toml);
    let file = file.to_str().unwrap();
    for args in [&["standard", "check", file][..], &["standard", "show", file], &["standard", "show", file, "--json"]] {
        clean(&desk, &words(args));
    }
    for format in ["md", "csv", "json", "toml"] {
        clean(&desk, &words(&["standard", "export", file, "--format", format]));
    }
    let broken = desk.file("broken.toml", format!("id = \"{EVIL}\"\n{EVIL} = 1\n").replace('\r', ""));
    assert_eq!(clean(&desk, &words(&["standard", "check", broken.to_str().unwrap()])).0, 1);
}

#[test]
fn json_keeps_the_text_that_it_escapes() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["finding", "add", "--title", EVIL, "--severity", "low"]);
    assert_eq!(desk.json(["finding", "show", "F1"])["finding"]["title"], EVIL);
    let file = desk.file("f.toml", succeeds(desk.cmd().args(["finding", "show", "F1"])));
    assert_eq!(
        desk.json(["finding", "add", "--from", file.to_str().unwrap()])["finding"]["title"],
        desk.json(["finding", "show", "F1"])["finding"]["title"]
    );
}
