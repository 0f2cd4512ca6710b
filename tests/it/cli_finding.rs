//! Findings, notes, undo and redo, and the log.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use crate::support::Desk;

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

/// Every field of a finding.
const FULL: [&str; 50] = [
    "--title",
    "Shell \"command\" from a tool's argument",
    "--severity",
    "critical",
    "--item",
    "input-1",
    "--item",
    "input-2",
    "--category",
    "Input Validation",
    "--cwe",
    "CWE-78",
    "--cvss",
    "9.8",
    "--advisory",
    "GHSA-aaaa-bbbb-cccc",
    "--disclosure",
    "withheld:2026-06-01",
    "--summary",
    "One\nTwo",
    "--description",
    "'''raw'''",
    "--impact-confidentiality",
    "all",
    "--impact-integrity",
    "all",
    "--impact-availability",
    "all",
    "--exploitability",
    "easy",
    "--impact-scope",
    "host",
    "--component",
    "exec",
    "--reproduction",
    "call grep",
    "--risk",
    "theft",
    "--immediate",
    "execFile",
    "--short-term",
    "a list",
    "--long-term",
    "a sandbox",
    "--validation",
    "a test",
    "--reference",
    "https://x.org",
    "--notes",
    "n",
];

#[test]
fn a_finding_survives_the_way_through_a_file() {
    let desk = Desk::light(&["stdio"]);
    let mut args = vec!["finding", "add", "--evidence", "src/index.ts:12", "--reachability", "reachable"];
    args.extend(FULL);
    let added = desk.json(&args);
    assert_eq!((&added["id"], &added["evidence"]), (&json!("F1"), &json!(["E1"])));
    let toml = desk.ok(["finding", "show", "F1"]);
    let file = desk.file("finding.toml", &toml);
    let again = desk.json(["finding", "add", "--from", file.to_str().unwrap()]);
    assert_eq!((&again["id"], &again["finding"]), (&json!("F2"), &added["finding"]));
    // Options win over the file, and what is not given stays.
    desk.ok(["finding", "edit", "F2", "--from", file.to_str().unwrap(), "--severity", "low", "--cwe", "CWE-88"]);
    desk.ok(["finding", "edit", "F2", "--title", "Another"]);
    let edited = &desk.json(["finding", "show", "F2"])["finding"];
    assert_eq!((&edited["severity"], &edited["cwe"]), (&json!("low"), &json!(["CWE-88"])));
    assert_eq!((&edited["title"], &edited["notes"]), (&json!("Another"), &json!("n")));
    let list = desk.ok(["finding", "list"]);
    assert!(list.contains("F1 critical") && list.contains("F2 low") && list.contains("input-1, input-2; E1"), "{list}");
}

#[test]
fn findings_that_are_off_are_refused() {
    let desk = Desk::light(&["stdio"]);
    let add = ["finding", "add", "--title", "T", "--severity", "high"];
    let with = |more: &[&'static str]| [&add[..], more].concat();
    refused(&desk, &["finding", "add", "--title", "T"], 2, &["--title and --severity"]);
    refused(&desk, &["finding", "add", "--severity", "high"], 2, &["--title and --severity"]);
    refused(
        &desk,
        &["finding", "add", "--title", "T", "--severity", "awful"],
        2,
        &["critical, high, medium, low, info"],
    );
    refused(&desk, &["finding", "add", "--title", " ", "--severity", "low"], 2, &["title of one line"]);
    refused(&desk, &["finding", "add", "--title", "a\nb", "--severity", "low"], 2, &["title of one line"]);
    for cwe in ["78", "CWE-", "cwe-78", "CWE-123456", "CWE-7x"] {
        refused(&desk, &with(&["--cwe", cwe]), 2, &[cwe, "CWE-78"]);
    }
    for date in
        ["withheld:2026-02-30", "withheld:2026-6-1", "withheld:", "withheld", "soon", "withheld:2026-06-01T00:00"]
    {
        refused(&desk, &with(&["--disclosure", date]), 2, &[]);
    }
    refused(&desk, &with(&["--item", "auth-9"]), 2, &["no item `auth-9`"]);
    refused(&desk, &with(&["--evidence", "src/index.ts:99"]), 2, &["no line 99"]);
    refused(&desk, &with(&["--from", "/no/such.toml"]), 3, &["/no/such.toml"]);
    let file = |text: &str| desk.file("f.toml", text).to_str().unwrap().to_owned();
    refused(
        &desk,
        &["finding", "add", "--from", &file("title = \"T\"\nseverity = \"low\"\nmood = 1\n")],
        2,
        &["line 3"],
    );
    refused(&desk, &["finding", "add", "--from", &file("title = \"T\"\n")], 2, &["severity"]);
    refused(&desk, &["finding", "add", "--from", &file("title = \"T\"\ntitle = \"T\"\n")], 2, &["line 2"]);
    refused(&desk, &["finding", "add", "--from", &file(&"#".repeat((1 << 20) + 1))], 4, &["more than"]);
    refused(&desk, &["finding", "edit", "F1", "--title", "x"], 2, &["no finding F1", "finding list"]);
    refused(&desk, &["finding", "withdraw", "F1", "--reason", "x"], 2, &["no finding F1"]);
    refused(&desk, &["finding", "show", "F01"], 2, &["F01"]);
    assert_eq!(desk.ok(["finding", "list"]), "No findings.\n");
}

#[test]
fn a_finding_is_withdrawn_with_a_reason() {
    let desk = Desk::light(&["stdio"]);
    let said = desk.ok(["finding", "add", "--title", "T", "--severity", "high"]);
    assert!(said.contains("needs --disclosure"), "{said}");
    assert_eq!(desk.json(["status"])["undisclosed"], json!(["F1"]));
    refused(&desk, &["finding", "withdraw", "F1"], 2, &["--reason"]);
    refused(&desk, &["finding", "withdraw", "F1", "--reason", " "], 2, &["--reason is empty"]);
    let said = desk.ok(["finding", "withdraw", "F1", "--reason", "misread"]);
    assert!(said.contains("withdrawn: misread") && !said.contains("needs --disclosure"), "{said}");
    assert_eq!(desk.json(["status"])["undisclosed"], json!([]));
    assert_eq!(desk.json(["finding", "show", "F1"])["withdrawn"], "misread");
}

#[test]
fn a_note_replaces_the_one_before_it_and_an_empty_one_removes_it() {
    let desk = Desk::light(&["stdio", "http"]);
    refused(&desk, &["note", "auth-4", "x"], 2, &["say which"]);
    refused(&desk, &["note", "auth-9", "x"], 2, &["no item"]);
    refused(&desk, &["note", "auth-4"], 2, &["TEXT"]);
    desk.ok(["note", "auth-4", "one", "--mode", "all"]);
    desk.ok(["note", "audit", "two"]);
    assert_eq!(
        desk.json(["note", "auth-4", "three", "--mode", "http"])["on"],
        json!([{"id": "auth-4", "mode": "http"}])
    );
    assert!(desk.ok(["note", "audit", ""]).contains("note removed"));
    assert!(desk.ok(["log"]).contains("note on auth-4 (http): three"), "{}", desk.ok(["log"]));
}

#[test]
fn one_undo_takes_back_one_act() {
    let desk = Desk::light(&["stdio"]);
    refused(&desk, &["redo"], 2, &["nothing to do again"]);
    desk.ok(["answer", "auth-4", "input-1", "yes", "--evidence", "src/auth.ts:4", "--search", "key"]);
    desk.ok(["finding", "add", "--title", "T", "--severity", "low", "--reuse", "E1"]);
    desk.ok(["note", "audit", "n"]);
    let fresh = desk.json(["status"]);
    assert!(desk.ok(["undo"]).contains("undone: note on the audit: n"));
    assert!(desk.ok(["undo"]).starts_with("undone: F1 low: T"));
    assert!(desk.ok(["undo"]).contains("auth-4"));
    assert_eq!(desk.json(["status"])["answered"], 0);
    assert_eq!(desk.json(["evidence", "list"])["evidence"], json!([]));
    for _ in 0..3 {
        assert!(desk.ok(["redo"]).contains("done again"));
    }
    refused(&desk, &["redo"], 2, &["nothing to do again"]);
    let mut back = desk.json(["status"]);
    back["seconds_spent"] = fresh["seconds_spent"].clone();
    assert_eq!(back, fresh);
    // Numbers are never used twice, and a new act ends what can be done again.
    desk.ok(["undo"]);
    desk.ok(["undo"]);
    assert_eq!(desk.json(["finding", "add", "--title", "U", "--severity", "low"])["id"], "F2");
    refused(&desk, &["redo"], 2, &["nothing to do again"]);
    for _ in 0..3 {
        desk.ok(["undo"]);
    }
    refused(&desk, &["undo"], 2, &["nothing to undo"]);
    assert_eq!(desk.json(["status"])["modes"], json!([]));
    let log = desk.json(["log"]);
    let undone: Vec<bool> = log["acts"].as_array().unwrap().iter().map(|act| act["undone"] == true).collect();
    assert_eq!(undone.iter().filter(|undone| **undone).count(), 5, "{log}");
}
