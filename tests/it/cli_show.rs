//! `touchstone show`: lines of a file for eyes and for scripts, whatever the file holds.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use touchstone::repo::display::is_hazard;

use crate::repo_fixture::{FILE, Item, SYMLINK};
use crate::support::Desk;

const CODE: &str = "class A {\n  run() {}\n}\n\nfunction b() {}\nlast";

/// A desk whose pin has these files; at its head, a later commit, they all say so, and a link stands beside them.
fn desk(files: &[(&str, &[u8])]) -> Desk {
    let desk = Desk::new();
    let mut items: Vec<Item<'_>> =
        files.iter().map(|(path, text)| (path.as_bytes(), FILE, desk.git.blob(text))).collect();
    let commit = desk.git.commit(desk.git.tree(&items), &[desk.commit], 1_765_000_001);
    desk.git.main(commit);
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    let later = desk.git.blob("later\n");
    items.iter_mut().for_each(|item| item.2 = later);
    items.push((b"link", SYMLINK, desk.git.blob("a.ts")));
    desk.git.main(desk.git.commit(desk.git.tree(&items), &[commit], 1_765_000_002));
    desk
}

/// Takes the sequences of colours out of a text; any other one stays.
fn bare(text: &str) -> String {
    let sequence = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    sequence.replace_all(text, "").into_owned()
}

#[test]
fn lines_are_printed_as_they_stand() {
    let desk = desk(&[("src/a.ts", CODE.as_bytes()), ("empty.ts", b"")]);
    let numbered = "1  class A {\n2    run() {}\n3  }\n4  \n5  function b() {}\n6  last\n";
    assert_eq!(desk.ok(["show", "src/a.ts"]), numbered);
    assert_eq!(desk.ok(["show", "./src/a.ts", "--plain"]), format!("{CODE}\n"));
    assert_eq!(desk.ok(["show", "src/a.ts", "--lines", "2:3"]), "2    run() {}\n3  }\n");
    assert_eq!(desk.ok(["show", "src/a.ts", "-r", "5:"]), "5  function b() {}\n6  last\n");
    assert_eq!(desk.ok(["show", "src/a.ts", "-p", "-r", ":1"]), "class A {\n");
    assert_eq!(desk.ok(["show", "src/a.ts", "-p", "-r", "6:99"]), "last\n");
    assert_eq!(desk.ok(["show", "src/a.ts", "-p", "--at", "HEAD"]), "later\n");
    assert_eq!(desk.ok(["show", "empty.ts"]), "");
    let report = desk.json(["show", "src/a.ts", "--lines", "3:4"]);
    assert_eq!(report["lines"], json!([{"line": 3, "text": "}"}, {"line": 4, "text": ""}]));
    assert_eq!(report["total"], 6);
}

#[test]
fn colours_change_nothing_but_colours() {
    let desk = desk(&[("a.ts", CODE.as_bytes())]);
    let plain = desk.ok(["show", "a.ts"]);
    assert_eq!(desk.ok(["show", "a.ts", "--color", "auto"]), plain);
    let coloured = desk.ok(["show", "a.ts", "--color", "always"]);
    assert_ne!(coloured, plain);
    assert_eq!(bare(&coloured), plain);
}

#[test]
fn a_guess_is_said_and_exact_is_not() {
    let part = |n: usize| format!("export function part{n}() {{\n  return `{n}\n  `;\n}}\n\n");
    let file: String = (0..200).map(part).collect();
    let desk = desk(&[("a.ts", file.as_bytes())]);
    let run = |more: &[&str]| {
        let mut command = desk.cmd();
        let output = command.args(["show", "a.ts", "--lines", "900:910", "--color", "always"]).args(more).output();
        let output = output.unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (guess, said) = run(&[]);
    assert!(said.contains("guessed"), "{said}");
    let (exact, said) = run(&["--exact"]);
    assert_eq!((exact == guess, said.as_str()), (true, ""));
}

#[test]
fn names_are_listed() {
    let desk = desk(&[("a.ts", CODE.as_bytes()), ("b.txt", b"x\n")]);
    assert_eq!(desk.ok(["show", "a.ts", "--outline"]), "1  A  (type)\n2    run  (function)\n5  b  (function)\n");
    let report = desk.json(["show", "a.ts", "--outline"]);
    assert_eq!(report["symbols"][1], json!({"line": 2, "depth": 1, "kind": "function", "name": "run"}));
    assert_eq!(desk.ok(["show", "b.txt", "--outline"]), "");
}

#[test]
fn a_hostile_file_commands_nothing() {
    const EVIL: &str = "\u{1b}[2J\u{1b}]52;c;AAAA\u{7}\u{9b}31m\u{202e}x\u{200b}\u{e0041}\r\u{7f}y";
    let text = format!("// {EVIL}\nconst a = \"{EVIL}\";\nfunction {EVIL}() {{}}\n");
    let text = [text.as_bytes(), b"\xff\xfe\n", format!("{EVIL}{}\n", "x".repeat(5000)).as_bytes()].concat();
    let desk = desk(&[("a.ts", &text)]);
    let shown = desk.ok(["show", "a.ts"]);
    for args in [&[][..], &["--plain"], &["--color", "always"], &["--outline"], &["--json"], &["--outline", "--json"]] {
        let out = bare(&desk.ok([&["show", "a.ts"], args].concat()));
        assert!(!out.chars().any(|c| c != '\n' && is_hazard(c)), "{args:?} {out:?}");
        if args.first() == Some(&"--color") {
            assert_eq!(out, shown);
        }
    }
}

#[test]
fn a_line_of_five_megabytes_is_whole_and_marked() {
    let line = "0123456789".repeat(500_000);
    let desk = desk(&[("a.js", format!("short\n{line}\nlast\n").as_bytes())]);
    for color in ["never", "always"] {
        let out = bare(&desk.ok(["show", "a.js", "--color", color]));
        assert!(out == format!("1  short\n2 ~{line}\n3  last\n"), "{color}: {}", out.len());
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    let desk = desk(&[("a.ts", b"x\n"), ("b", b"\0\x01")]);
    assert!(desk.fails(["show", "a.ts", "--lines", "2:3"], 2).contains("a.ts has 1 line; there is no line 2."));
    assert!(desk.fails(["show", "a.ts", "--lines", "3:2"], 2).contains("lines are from 1"));
    assert!(desk.fails(["show", "b"], 3).contains("b is binary, 2 bytes."));
    assert!(desk.fails(["show", "nope.ts"], 3).contains("nope.ts is not in"));
    assert!(desk.fails(["show", "link", "--at", "HEAD"], 3).contains("neither is followed"));
    assert!(desk.fails(["show", "a.ts", "--at", "nope"], 3).contains("nope"));
    let bare = Desk::new();
    assert!(bare.fails(["show", "src/index.ts"], 2).contains("--at HEAD"));
    assert!(bare.ok(["show", "src/index.ts", "--at", "HEAD"]).contains("env node"));
}
