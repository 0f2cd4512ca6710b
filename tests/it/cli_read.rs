//! Commands that only look, the shape of every report, exit codes, and what people read.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Desk, fails, light_standard, succeeds};

/// An audit in the middle of its work.
fn midway() -> Desk {
    let desk = Desk::open(&["stdio", "http"]);
    desk.ok(["fact", "auth_scheme", "none", "--mode", "stdio", "--search", "API_KEY"]);
    desk.ok(["fact", "auth_scheme", "api_key", "--mode", "http", "--evidence", "src/auth.ts:4"]);
    desk.ok(["answer", "transport-1", "yes", "--mode", "stdio", "--evidence", "src/index.ts:23-25"]);
    desk.ok(["answer", "transport-1", "no", "--mode", "http", "--evidence", "src/index.ts:14-22"]);
    desk.ok([
        "answer",
        "auth-1",
        "yes",
        "--mode",
        "http",
        "--evidence",
        "src/index.ts:17-19",
        "--evidence",
        "src/auth.ts:6-12",
    ]);
    desk.ok(["answer", "input-1", "no", "--evidence", "src/index.ts:12", "--reachability", "reachable"]);
    desk.ok(["answer", "input-2", "yes", "--reuse", "E6"]);
    desk.ok(["answer", "input-3", "yes"]);
    desk.ok(["evidence", "add", "--path-glob", "*lock*"]);
    desk.ok([
        "finding",
        "add",
        "--title",
        "grep runs a shell",
        "--severity",
        "high",
        "--item",
        "input-1",
        "--reuse",
        "E6",
    ]);
    desk
}

#[test]
fn what_people_read() {
    let fresh = Desk::open(&[]);
    insta::assert_snapshot!("status_fresh", fresh.ok(["status"]));
    let desk = midway();
    insta::assert_snapshot!("status_midway", desk.ok(["status", "--items"]));
    insta::assert_snapshot!("score", desk.ok(["score"]));
    insta::assert_snapshot!("evidence_show", desk.ok(["evidence", "show", "E5"]));
    insta::assert_snapshot!("leads", desk.ok(["leads", "auth-4"]));
    insta::assert_snapshot!("standard_show_auth_2", desk.ok(["standard", "show", "auth-2"]));
}

#[test]
fn status_counts_what_is_open_and_names_the_next_step() {
    let desk = Desk::light(&[]);
    assert!(desk.ok(["status"]).contains("next: touchstone open --mode"), "{}", desk.ok(["status"]));
    desk.ok(["open", "--mode", "stdio"]);
    assert!(desk.ok(["status"]).contains("next: touchstone fact auth_scheme"), "{}", desk.ok(["status"]));
    desk.ok(["fact", "auth_scheme", "none", "--reason", "local"]);
    assert!(desk.ok(["status"]).contains("next: touchstone leads transport-1"), "{}", desk.ok(["status"]));
    let status = desk.json(["status"]);
    assert_eq!((&status["slots"], &status["answered"]), (&json!(48), &json!(0)));
    assert_eq!(status["open_items"].as_array().unwrap().len(), 48);
    assert_eq!(desk.ok(["status", "--items"]).matches("· auth-").count(), 8);
}

#[test]
fn the_score_has_ranges_and_says_what_would_flip_it() {
    let desk = midway();
    let report = desk.json(["score"]);
    assert!(report["flips"].as_array().is_some_and(|flips| !flips.is_empty()), "{report}");
    let text = desk.ok(["score"]);
    assert!(text.contains("what would flip this") && text.contains("input-1 = yes") && text.contains("…"), "{text}");
    assert!(desk.ok(["score", "--all"]).len() > text.len());
}

#[test]
fn every_lead_of_the_embedded_standard_can_be_run() {
    let desk = Desk::new();
    let standard = touchstone::standards::Loaded::built_in().unwrap().standard;
    let pin = desk.git.pin(desk.commit);
    let mut failed = Vec::new();
    for lead in standard.items().flat_map(|(_, item)| &item.leads) {
        if let touchstone::model::standard::LeadKind::Regex { pattern, exclude, .. } = &lead.kind {
            let query = touchstone::model::evidence::Query {
                pattern: pattern.clone(),
                case_sensitive: true,
                exclude_line: exclude.clone(),
                ..Default::default()
            };
            if pin.search(&query).is_err() {
                failed.push(lead.id.clone());
            }
        }
    }
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn audits_are_listed_also_where_one_is_broken() {
    let desk = Desk::light(&["stdio"]);
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--new", "--auditor", "jo"]));
    let names: Vec<Value> =
        desk.json(["audits"])["audits"].as_array().unwrap().iter().map(|a| a["audit"].clone()).collect();
    assert_eq!(names.len(), 2);
    std::fs::write(desk.audits().join(names[0].as_str().unwrap()).join("journal.jsonl"), "no journal\n").unwrap();
    let listed = desk.json(["audits"]);
    assert!(listed["audits"][0]["error"].as_str().unwrap().contains("broken at line 1"), "{listed}");
    let text = desk.ok(["audits"]);
    assert!(text.contains("cannot be read: The journal") && text.contains("0 answers, 0 records"), "{text}");
    let none = Desk::new();
    assert!(none.ok(["audits"]).contains("No audits yet"));
}

#[test]
fn every_report_names_its_schema_and_every_error_is_json_too() {
    let desk = midway();
    let mut schemas = BTreeSet::new();
    let file = desk.dir().join("mine.toml");
    let file = file.to_str().unwrap();
    for args in [
        &["status"][..],
        &["score"],
        &["log"],
        &["audits"],
        &["doctor"],
        &["leads", "auth-4"],
        &["search", "a"],
        &["evidence", "list"],
        &["evidence", "show", "E1"],
        &["evidence", "attach", "E1", "input-1"],
        &["finding", "list"],
        &["finding", "show", "F1"],
        &["note", "audit", "x"],
        &["undo"],
        &["redo"],
        &["answer", "input-4", "yes"],
        &["fact", "auth_scheme", "none", "--mode", "http"],
        &["standard", "list"],
        &["standard", "show"],
        &["standard", "show", "auth-2"],
        &["standard", "new", file],
        &["standard", "check", file],
        &["open"],
    ] {
        schemas.insert(desk.json(args)["schema"].as_str().unwrap().to_owned());
    }
    assert_eq!(schemas.len(), 22, "{schemas:?}");
    for (args, code) in [
        (&["answer", "auth-9", "yes"][..], 2),
        (&["answer"], 2),
        (&["nonsense"], 2),
        (&["status", "--nonsense"], 2),
        (&["evidence", "add", "--evidence", "nope:1"], 3),
        (&["evidence", "add", "--search", "x", "--in", "*.py"], 1),
        (&["standard", "check", "/no/such"], 3),
        (&["leads", "auth-4", "--repo", "/"], 3),
    ] {
        for args in [[args, &["--json"]].concat(), [&["--json"], args].concat()] {
            let said = desk.fails(&args, code);
            let value: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?} {error}: {said}"));
            assert_eq!((&value["schema"], &value["exit"]), (&json!("touchstone.error/1"), &json!(code)));
            assert!(value["error"].is_string() && value["hints"].is_array(), "{said}");
        }
    }
}

#[test]
fn every_exit_code_is_met() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["--help"]);
    desk.ok(["--version"]);
    for command in ["open", "answer", "evidence", "finding", "export", "verify"] {
        desk.ok([command, "--help"]);
    }
    desk.fails(["evidence", "add", "--search", "x", "--in", "*.py"], 1);
    desk.fails(["answer"], 2);
    desk.fails(["open", "/no/such/place"], 3);
    let large = desk.file("large.toml", "#".repeat((1 << 20) + 1));
    desk.fails(["standard", "check", large.to_str().unwrap()], 4);
    let said = fails(desk.at("yesterday").arg("open"), 2);
    assert!(said.contains("TOUCHSTONE_CLOCK"), "{said}");
    let mut homeless = desk.cmd();
    homeless.env_clear().env("HOME", "");
    // Without HOME the system's list of users still knows a home, so this need not fail; it must not panic.
    assert!(!String::from_utf8(homeless.arg("audits").output().unwrap().stderr).unwrap().contains("panicked"));
    assert!(desk.ok(["--data-dir", "elsewhere", "audits"]).contains("No audits yet"));
}

#[test]
fn standards_are_shown_copied_checked_and_followed() {
    let desk = Desk::new();
    let listed = desk.json(["standard", "list"]);
    assert_eq!((&listed["standards"][0]["items"], &listed["standards"][0]["dimensions"]), (&json!(48), &json!(6)));
    assert_eq!(desk.ok(["standard", "export", "--format", "toml"]), touchstone::standards::BUILT_IN_TOML);
    assert_eq!(desk.ok(["standard", "show"]).matches("  auth-").count(), 8);
    desk.fails(["standard", "show", "auth-9"], 2);
    desk.fails(["standard", "show", "mcp-security-standard", "auth-9"], 2);
    let file = desk.dir().join("vendor.toml");
    let file = file.to_str().unwrap();
    assert!(desk.ok(["standard", "new", file]).contains("vendor"));
    let said = desk.fails(["standard", "new", file], 3);
    assert!(said.contains("not overwritten"), "{said}");
    assert!(desk.ok(["standard", "check", file]).contains("48 items"));
    desk.fails(["standard", "new", "x.toml", "--id", "mcp-security-standard"], 2);
    desk.fails(["standard", "new", "x.toml", "--id", "a\"b"], 2);
    desk.fails(["standard", "new", "/no/such/x.toml"], 3);
    desk.ok(["open", "--auditor", "jo", "--standard", file, "--mode", "stdio"]);
    assert_eq!(desk.json(["status"])["standard"], "vendor 1.0.0");
    // What is done to the file afterwards does not reach the audit.
    std::fs::write(file, "").unwrap();
    desk.ok(["answer", "auth-4", "yes"]);
    let said = desk.fails(["standard", "check", file], 1);
    assert!(said.contains("mistake"), "{said}");
    let twice = desk.file("twice.toml", light_standard().replace("id = \"auth-2\"", "id = \"auth-1\""));
    let said = desk.fails(["standard", "check", twice.to_str().unwrap()], 1);
    assert!(said.contains("auth-1") && said.contains("line"), "{said}");
}

#[test]
fn completions_and_manual_pages_are_printed_and_a_closed_pipe_is_no_error() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(desk.ok(["completions", shell]).contains("touchstone"), "{shell}");
    }
    desk.fails(["completions", "ksh9"], 2);
    assert!(desk.ok(["man"]).contains(".TH touchstone"));
    assert!(desk.ok(["man", "answer"]).contains("answer"));
    assert!(desk.fails(["man", "sing"], 2).contains("no subcommand `sing`"));
    for args in [&["completions", "bash"][..], &["man"], &["standard", "show"], &["standard", "export"]] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("touchstone"))
            .args(args)
            .env_clear()
            .envs(desk.environment())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{args:?}");
    }
}

#[test]
fn doctor_names_a_remedy_for_what_is_missing() {
    let desk = Desk::new();
    let report = desk.json(["doctor"]);
    for row in report["rows"].as_array().unwrap() {
        assert_eq!(row["good"] == false, row.get("remedy").is_some(), "{row}");
    }
    let text = succeeds(desk.cmd().env("PATH", "").arg("doctor"));
    assert!(text.contains("Install OpenSSH") && text.contains("nobody yet"), "{text}");
}
