//! `touchstone answer`, `fact`, and evidence as every command takes it.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::support::{Desk, fails, succeeds};

/// A call that must fail and leave the journal as it was.
#[track_caller]
fn refused(desk: &Desk, args: &[&str], code: i32, words: &[&str]) {
    let before = desk.journal();
    let said = desk.fails(args, code);
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert_eq!(desk.journal(), before, "{args:?}");
}

#[test]
fn an_answer_with_a_place_stands_and_moves_the_score() {
    let desk = Desk::light(&["stdio"]);
    let report = desk.json(["answer", "auth-4", "yes", "--evidence", "./src/auth.ts:4", "--evidence", "src/db.ts:1-7"]);
    assert_eq!(report["slots"], json!([{"id": "auth-4", "mode": "stdio"}]));
    assert_eq!((&report["evidence"], &report["supported"]), (&json!(["E1"]), &json!(true)));
    let shown = desk.json(["evidence", "show", "E1"]);
    assert_eq!(shown["holds"], "holds");
    assert_eq!(shown["text"][1], "     4  const API_KEY = process.env.NOTES_API_KEY;");
    let report = desk.json(["answer", "input-1", "input-2", "no", "--reason", "read it"]);
    assert_eq!(report["slots"], json!([{"id": "input-1"}, {"id": "input-2"}]));
    assert_eq!(desk.json(["status"])["answered"], 3);
}

#[test]
fn an_answer_without_evidence_is_taken_and_marked() {
    let desk = Desk::light(&["stdio"]);
    let said = desk.ok(["answer", "auth-4", "yes"]);
    assert!(said.contains("without evidence or reason"), "{said}");
    assert_eq!(desk.json(["status"])["unsupported"], json!([{"id": "auth-4", "mode": "stdio"}]));
    assert!(!desk.ok(["answer", "auth-4", "yes", "--reason", "seen"]).contains("without evidence"));
    assert_eq!(desk.json(["status"])["unsupported"], json!([]));
    // A reason that says nothing is none.
    for blank in ["", "  \n"] {
        refused(&desk, &["answer", "auth-4", "yes", "--reason", blank], 2, &["--reason is empty"]);
        refused(&desk, &["fact", "auth_scheme", "none", "--reason", blank], 2, &["--reason is empty"]);
    }
}

#[test]
fn what_an_item_does_not_accept_is_refused_with_what_it_does() {
    let desk = Desk::light(&["stdio"]);
    refused(&desk, &["answer", "auth-1", "partial"], 2, &["auth-1", "does not accept `partial`", "yes, no"]);
    refused(&desk, &["answer", "auth-4", "na"], 2, &["auth-4"]);
    refused(&desk, &["answer", "auth-4", "maybe"], 2, &["`maybe` is not one of yes, no, partial, na, unknown"]);
    refused(&desk, &["answer", "auth-4", "auth-5"], 2, &["The last word is the answer"]);
    refused(&desk, &["answer", "yes"], 2, &["2 values"]);
    refused(&desk, &["answer", "auth-1", "na"], 2, &["reason"]);
    refused(&desk, &["answer", "input-1", "unknown"], 2, &["reason"]);
    refused(&desk, &["answer", "auth-9", "yes"], 2, &["no item or fact `auth-9`", "Near it: ", "auth-1", "auth-8"]);
    refused(&desk, &["answer", "aüß-9", "yes"], 2, &["no item or fact"]);
    refused(&desk, &["answer", "auth_scheme", "yes"], 2, &["is a fact", "touchstone fact auth_scheme"]);
    // One item of several that is off stops all.
    refused(&desk, &["answer", "input-1", "auth-9", "yes"], 2, &["auth-9"]);
    refused(&desk, &["answer", "auth-4", "auth-1", "partial", "--evidence", "src/auth.ts:4"], 2, &["auth-1"]);
    desk.ok(["answer", "auth-1", "na", "--reason", "stdio"]);
    desk.ok(["answer", "input-1", "unknown", "--reason", "minified"]);
}

#[test]
fn items_per_mode_ask_which() {
    let none = Desk::light(&[]);
    refused(&none, &["answer", "auth-4", "yes"], 2, &["no mode is declared", "touchstone open --mode stdio"]);
    none.ok(["answer", "input-1", "yes"]);
    let desk = Desk::light(&["stdio", "http"]);
    refused(&desk, &["answer", "auth-4", "yes"], 2, &["say which", "--mode stdio or --mode http, or --mode all"]);
    refused(&desk, &["answer", "auth-4", "yes", "--mode", "sse"], 2, &["`sse` is not declared", "stdio, http"]);
    refused(&desk, &["answer", "input-1", "yes", "--mode", "http"], 2, &["answered once"]);
    refused(&desk, &["fact", "auth_scheme", "none"], 2, &["say which"]);
    desk.ok(["answer", "auth-4", "yes", "--mode", "http"]);
    assert_eq!(desk.json(["answer", "auth-4", "no", "--mode", "all"])["slots"].as_array().unwrap().len(), 2);
    desk.ok(["answer", "input-1", "yes", "--mode", "all"]);
    desk.ok(["fact", "auth_scheme", "api_key", "--mode", "http", "--evidence", "src/auth.ts:4"]);
}

#[test]
fn facts_have_a_closed_list_of_values() {
    let desk = Desk::light(&["stdio"]);
    let said = "auth_scheme has no value `magic`";
    refused(&desk, &["fact", "auth_scheme", "magic"], 2, &[said, "api_key", "oauth2", "sso_saml", "none"]);
    refused(&desk, &["fact", "auth", "none"], 2, &["no fact `auth`", "auth_scheme"]);
    refused(&desk, &["fact", "auth_scheme", "unknown"], 2, &["reason"]);
    let report = desk.json(["fact", "auth_scheme", "api_key", "--search", "API_KEY"]);
    assert_eq!((&report["value"], &report["evidence"]), (&json!("api_key"), &json!(["E1"])));
    desk.ok(["fact", "auth_scheme", "unknown", "--reason", "closed"]);
}

#[test]
fn places_that_are_off_are_explained() {
    let desk = Desk::light(&["stdio"]);
    let place = |place: &str, code: i32, words: &[&str]| {
        refused(&desk, &["answer", "auth-4", "yes", "--evidence", place], code, words);
    };
    for off in ["src/auth.ts", "src/auth.ts:", "src/auth.ts:a", "src/auth.ts:1-", "src/auth.ts:-2", "src/auth.ts:+1"] {
        place(off, 2, &["is not a place such as src/index.ts:10-24"]);
    }
    place("src/auth.ts:99999999999999999999999", 2, &["is not a place"]);
    place("src/auth.ts:0", 2, &["counted from 1"]);
    place("src/auth.ts:5-4", 2, &["first line first"]);
    place("src/auth.ts:11-13", 2, &["ends at line 12", "no line 13"]);
    place("src/tail.ts:3", 2, &["ends at line 2"]);
    place("auth.ts:1", 3, &["auth.ts is not in", "Did you mean src/auth.ts?"]);
    place("SRC/Auth.ts:1", 3, &["Did you mean src/auth.ts?"]);
    place("src:1", 3, &["is a folder"]);
    place("assets/logo.png:1", 3, &["is binary"]);
    place("../home/x:1", 3, &["is not in"]);
    // The first part stands and the second does not: nothing is recorded.
    let both = ["answer", "auth-4", "yes", "--evidence", "src/auth.ts:1", "--evidence", "src/auth.ts:99"];
    refused(&desk, &both, 2, &["no line 99"]);
    let both = ["answer", "auth-4", "yes", "--evidence", "src/auth.ts:1", "--search", "("];
    refused(&desk, &both, 2, &["cannot be run"]);
    assert_eq!(desk.json(["evidence", "list"])["evidence"], json!([]));
}

#[test]
fn the_last_line_without_a_line_feed_and_lines_that_end_in_cr_lf_are_cut_exactly() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["evidence", "add", "--evidence", "src/tail.ts:2", "--evidence", "docs/windows.txt:2"]);
    let shown = desk.json(["evidence", "show", "E1"]);
    let regions = &shown["regions"];
    assert_eq!((&regions[0]["start"], &regions[0]["end"]), (&json!(22), &json!(44)), "{shown}");
    assert_eq!((&regions[1]["start"], &regions[1]["end"]), (&json!(7), &json!(15)), "{shown}");
    assert_eq!(shown["text"][3], "     2  second");
}

#[test]
fn a_path_may_hold_colons() {
    let desk = Desk::new();
    let commit = desk.git.files(&[("a:1/b:2.ts", "one\ntwo\n"), ("c:7", "x\n")], &[desk.commit], 1_765_000_001);
    desk.git.main(commit);
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk.ok(["evidence", "add", "--evidence", "a:1/b:2.ts:2", "--evidence", "c:7:1-1"]);
    let said = desk.ok(["evidence", "list"]);
    assert!(said.contains("a:1/b:2.ts:2, c:7:1"), "{said}");
}

#[test]
fn searches_count_what_they_read() {
    let desk = Desk::light(&["stdio"]);
    let add = |args: &[&str]| -> Value {
        let id = desk.json([&["evidence", "add"], args].concat())["evidence"][0].as_str().unwrap().to_owned();
        desk.json(["evidence", "show", &id])
    };
    let hits = add(&["--search", "api_key"]);
    assert_eq!((&hits["hits"], &hits["holds"]), (&json!(4), &json!("holds")), "{hits}");
    assert_eq!(add(&["--search", "api_key", "--case"])["hits"], 0);
    let absent = add(&["--search", "eval\\(", "--in", "*.ts", "--in", "!src/db.ts"]);
    assert_eq!((&absent["hits"], &absent["files"]), (&json!(0), &json!(3)), "{absent}");
    assert_eq!(add(&["--search", "findall(text", "--literal"])["hits"], 0);
    assert_eq!(add(&["--search", ".all(`", "--literal"])["hits"], 1);
    assert_eq!(add(&["--path-glob", "*lock*"])["matches"], 1);
    assert_eq!(add(&["--history", "authorized"])["matches"], 2);
    refused(
        &desk,
        &["answer", "auth-4", "yes", "--search", "x", "--in", "*.py"],
        1,
        &["read no file", "proves nothing"],
    );
    refused(&desk, &["answer", "auth-4", "yes", "--search", ""], 2, &["empty"]);
    refused(&desk, &["answer", "auth-4", "yes", "--search", "a{99999}{9999}"], 2, &["cannot be run"]);
    refused(&desk, &["answer", "auth-4", "yes", "--search", "a", "--in", "["], 2, &["glob"]);
    refused(&desk, &["answer", "auth-4", "yes", "--in", "*.ts"], 2, &["--search"]);
    refused(&desk, &["answer", "auth-4", "yes", "--literal"], 2, &["--search or --history"]);
}

#[test]
fn a_lead_of_the_standard_is_taken_as_evidence() {
    let desk = Desk::open(&["stdio"]);
    let leads = desk.json(["leads", "auth-4"]);
    let lead = leads["leads"].as_array().unwrap().iter().find(|lead| lead["hits"].as_u64() > Some(0)).unwrap();
    let id = lead["id"].as_str().unwrap();
    desk.ok(["answer", "auth-4", "yes", "--lead", id]);
    assert_eq!(desk.json(["evidence", "show", "E1"])["hits"], lead["hits"]);
    refused(
        &desk,
        &["answer", "auth-4", "yes", "--lead", "auth-4.zz"],
        2,
        &["no lead `auth-4.zz`", "touchstone leads"],
    );
    desk.fails(["leads", "auth-9"], 2);
}

#[test]
fn what_nobody_can_check_is_labelled() {
    let desk = Desk::light(&["stdio"]);
    refused(&desk, &["evidence", "add", "--external", "https://x.org"], 2, &["--saw"]);
    refused(&desk, &["evidence", "add", "--external", "https://x.org", "--saw", " "], 2, &["--saw is empty"]);
    desk.ok(["evidence", "add", "--external", "https://x.org", "--saw", "a trust page"]);
    refused(&desk, &["evidence", "add", "--observed", "-"], 2, &["--command"]);
    refused(&desk, &["evidence", "add", "--observed", "/no/such", "--command", "ls"], 3, &["/no/such"]);
    let observe = ["evidence", "add", "--observed", "-", "--command", "ss -tln", "--environment", "Debian 12"];
    succeeds(desk.cmd().args(observe).write_stdin("LISTEN \x1b[31m127.0.0.1:3000\n"));
    let shown = desk.ok(["evidence", "show", "E2"]);
    assert!(shown.contains("cannot be checked by anybody") && shown.contains("\\u{1b}[31m127.0.0.1"), "{shown}");
    let before = desk.journal();
    let large = fails(desk.cmd().args(observe).write_stdin(vec![b'x'; (1 << 20) + 1]), 2);
    assert!(large.contains("more than 1048576 bytes"), "{large}");
    assert_eq!(desk.journal(), before);
}

#[test]
fn a_piece_is_reused_and_moved_between_subjects() {
    let desk = Desk::light(&["stdio", "http"]);
    refused(&desk, &["answer", "input-1", "yes", "--reuse", "E7"], 2, &["no evidence E7", "evidence list"]);
    refused(&desk, &["answer", "input-1", "yes", "--reuse", "e7"], 2, &["e7"]);
    refused(&desk, &["evidence", "add"], 2, &["Nothing to take"]);
    desk.ok(["evidence", "add", "--evidence", "src/db.ts:6", "--note", "bound", "--reachability", "reachable"]);
    assert_eq!(desk.json(["status"])["inbox"], json!(["E1"]));
    assert!(desk.ok(["evidence", "list", "--inbox"]).contains("nothing (inbox)"));
    desk.ok(["answer", "input-1", "yes", "--reuse", "E1"]);
    assert_eq!(desk.ok(["evidence", "list", "--inbox"]), "No evidence.\n");
    desk.ok(["evidence", "attach", "E1", "auth-4", "auth_scheme", "--mode", "all"]);
    let report = desk.json(["evidence", "detach", "E1", "auth-4", "--mode", "stdio"]);
    assert_eq!(report["backs"].as_array().unwrap().len(), 4, "{report}");
    refused(&desk, &["evidence", "detach", "E1", "auth-4", "--mode", "stdio"], 2, &["E1 does not back auth-4"]);
    refused(&desk, &["evidence", "attach", "E1", "F1"], 2, &["no finding F1"]);
    refused(&desk, &["evidence", "attach", "E9", "input-1"], 2, &["no evidence E9"]);
    refused(&desk, &["evidence", "redact", "E1", "--reason", ""], 2, &["--reason is empty"]);
    desk.ok(["evidence", "redact", "E1", "--reason", "a secret"]);
    assert_eq!(desk.json(["evidence", "show", "E1"])["redacted"], "a secret");
    refused(&desk, &["evidence", "show", "E9"], 2, &["no evidence E9"]);
}

#[test]
fn evidence_at_a_clone_that_is_gone_says_so() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["evidence", "add", "--evidence", "src/auth.ts:4"]);
    let audit = desk.audit();
    std::fs::rename(desk.clone_dir(), desk.dir().join("elsewhere")).unwrap();
    let away = |args: &[&str]| {
        let mut command = desk.cmd();
        command.current_dir(desk.dir()).args(["--audit", &audit]).args(args);
        command
    };
    assert!(succeeds(&mut away(&["evidence", "show", "E1"])).contains("not checked"));
    fails(&mut away(&["evidence", "add", "--evidence", "src/auth.ts:4"]), 3);
    succeeds(&mut away(&["evidence", "add", "--repo", "elsewhere", "--evidence", "src/auth.ts:4"]));
    succeeds(&mut away(&["answer", "auth-4", "yes", "--reuse", "E1"]));
}
