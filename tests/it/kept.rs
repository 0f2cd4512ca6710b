//! Journals and records of every version of their formats are read for ever: one of each is kept in `tests/data/kept`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use touchstone::auditdb::{Folder, Options, Verdict, verify};
use touchstone::journal::{Journal, View};
use touchstone::model::coverage::FileLines;
use touchstone::model::event::{Event, JOURNAL_VERSION};
use touchstone::model::evidence::RepoPath;
use touchstone::model::record::SCHEMA_VERSION;
use touchstone::repo::Repo;
use touchstone::sign::AllowedSigners;

use crate::support::{CLOCK, Desk, succeeds};

/// Where the record lies in what is kept, and in a database.
const RECORD: &str = "audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001";

/// Every kind of event of version 1.
const EVENTS: [&str; 20] = [
    "answered",
    "evidence_added",
    "evidence_attached",
    "evidence_detached",
    "fact_set",
    "finding_set",
    "finding_withdrawn",
    "lead_muted",
    "lead_unmuted",
    "mode_declared",
    "noted",
    "opened",
    "redacted",
    "redone",
    "region_added",
    "resumed",
    "reviewed",
    "sealed",
    "seen",
    "undone",
];

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kept")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// Audits with one event of each kind, exports with a signature, and goes on a little.
fn audit(desk: &Desk) {
    let standard = include_str!("data/standards/vendor_ok.toml");
    let standard = standard.replace(r"\blogin\(", r"\bauthorized\(").replace("LOGIN.md|docs/login/**", "README.md");
    let standard = desk.file("standard.toml", standard);
    desk.ok(["open", "--auditor", "jo", "--standard", standard.to_str().unwrap(), "--mode", "stdio", "--mode", "http"]);
    desk.ok(["fact", "scheme", "key", "--mode", "http", "--evidence", "src/auth.ts:3-4"]);
    desk.ok(["fact", "scheme", "none", "--mode", "stdio", "--reason", "no network"]);
    desk.ok(["answer", "login-1", "yes", "--mode", "http", "--evidence", "src/index.ts:17-19"]);
    desk.ok(["evidence", "extend", "E2", "src/auth.ts:6-12"]);
    desk.ok(["answer", "login-1", "yes", "--mode", "stdio", "--lead", "login-1.a"]);
    desk.ok(["answer", "login-2", "no", "--mode", "all", "--search", "default.?password"]);
    desk.ok(["answer", "login-3", "no", "--mode", "all", "--history", "log_failed_login"]);
    desk.ok(["answer", "updates-1", "unknown", "--reason", "not asked", "--path-glob", "**/renovate.json"]);
    let output = desk.file("output", "2 packages are out of date\n");
    desk.ok(["answer", "updates-2", "no", "--observed", output.to_str().unwrap(), "--command", "npm outdated"]);
    desk.ok(["evidence", "redact", "E7", "--reason", "a name"]);
    desk.ok(["evidence", "add", "--external", "https://example.org/policy", "--saw", "No policy."]);
    desk.ok(["evidence", "attach", "E8", "updates-1", "updates-2"]);
    desk.ok(["evidence", "detach", "E8", "updates-1"]);
    let finding = ["finding", "add", "--title", "The shell is called", "--severity", "high", "--item", "login-1"];
    let more =
        ["--cwe", "CWE-78", "--summary", "A line is built.", "--evidence", "src/index.ts:12", "--disclosure", "public"];
    desk.ok(finding.iter().chain(&more));
    desk.ok(["finding", "add", "--title", "Nothing", "--severity", "low", "--item", "updates-2"]);
    desk.ok(["finding", "withdraw", "F2", "--reason", "It is none."]);
    desk.ok(["note", "audit", "Two modes.\nOne clone."]);
    desk.ok(["mute", "login-1.a", "--at", "src/auth.ts:6", "--reason", "Where it is declared."]);
    desk.ok(["mute", "login-1.b", "--reason", "Prose."]);
    desk.ok(["mute", "--path", "docs/**", "--reason", "Prose."]);
    desk.ok(["mute", "login-1.b", "--off"]);
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let opened = &audit.now.opened;
    let pin = Repo::discover(&desk.clone_dir()).unwrap().pin(opened.pin.commit, &opened.scope).unwrap();
    let path = RepoPath::from("src/db.ts");
    let files = vec![FileLines { blob: pin.find(&path).unwrap().oid, path, lines: "1-7".parse().unwrap() }];
    let mut journal = Journal::open(&desk.audit_dir()).unwrap();
    journal.act(vec![Event::Seen { files }], CLOCK.parse().unwrap()).unwrap();
    drop(journal);
    desk.ok(["coverage", "--mark", "src/db.ts:3-7", "--mark", "README.md"]);
    desk.ok(["note", "login-1", "Undone.", "--mode", "http"]);
    desk.ok(["undo"]);
    desk.ok(["redo"]);
    let key = desk.dir().join("key");
    let mut made = assert_cmd::Command::new("ssh-keygen");
    made.args(["-q", "-t", "ed25519", "-N", "", "-C", "kept", "-f"]).arg(&key);
    assert!(made.output().unwrap().status.success());
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok(["export", "--partial", "--db", "../db", "--key", key.to_str().unwrap()]);
    let public = key.with_extension("pub");
    desk.ok(["signers", "add", "jo", public.to_str().unwrap(), "--allowed-signers", "../signers"]);
    succeeds(desk.at("2026-02-01T12:00:00Z").arg("open"));
    desk.ok(["note", "login-1", "After the export.", "--mode", "http"]);
}

/// Writes what is kept of this version. Once a version is released, its folder is never written again.
#[test]
#[ignore = "run once, before a new version of a format is released"]
fn keep() {
    let desk = Desk::new();
    audit(&desk);
    let to = kept().join(format!("v{SCHEMA_VERSION}"));
    let _ = std::fs::remove_dir_all(&to);
    for name in ["journal.jsonl", "standard.toml"] {
        std::fs::create_dir_all(to.join("journal")).unwrap();
        copy(&desk.audit_dir().join(name), &to.join("journal").join(name));
    }
    copy(&desk.dir().join("db").join(RECORD), &to.join(RECORD));
    copy(&desk.dir().join("signers"), &to.join("signers"));
}

#[test]
fn every_version_is_kept() {
    assert_eq!(JOURNAL_VERSION, SCHEMA_VERSION, "a folder for each where they part");
    for version in 1..=SCHEMA_VERSION {
        assert!(kept().join(format!("v{version}")).is_dir(), "{version}");
    }
}

#[test]
fn a_kept_journal_of_version_1_folds_and_can_be_gone_on_with() {
    let dir = TempDir::new().unwrap();
    copy(&kept().join("v1/journal"), dir.path());
    let before = std::fs::read(dir.path().join("journal.jsonl")).unwrap();
    let kinds: BTreeSet<String> = before
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Value>(line).unwrap()["event"]["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), EVENTS);
    let audit = View::open(dir.path()).unwrap().audit;
    let now = &audit.now;
    assert_eq!((now.modes.len(), now.muted.len(), now.findings.len(), now.evidence.len()), (2, 2, 2, 9));
    assert_eq!((now.notes.len(), now.reviewed.files(), audit.seen.files()), (2, 2, 1));
    assert!(audit.to_undo().is_some());
    // What is written is what is read: no line of it is told otherwise.
    for (line, (entry, _)) in before.split(|byte| *byte == b'\n').zip(audit.entries()) {
        assert_eq!(serde_json::from_slice::<Value>(line).unwrap(), serde_json::to_value(entry).unwrap());
    }
    let mut journal = Journal::open(dir.path()).unwrap();
    assert_eq!(journal.recovered, None);
    let note = Event::Noted { slot: None, text: "Gone on with.".to_owned() };
    journal.act(vec![note], "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
    drop(journal);
    assert!(std::fs::read(dir.path().join("journal.jsonl")).unwrap().starts_with(&before));
    View::open(dir.path()).unwrap();
}

#[test]
fn a_kept_record_of_version_1_verifies() {
    let desk = Desk::new();
    let clone = Repo::discover(&desk.clone_dir()).unwrap();
    let signers = AllowedSigners::parse(&std::fs::read_to_string(kept().join("v1/signers")).unwrap()).unwrap();
    let folder = Folder::read(&kept().join("v1").join(RECORD)).unwrap();
    let options = Options { signers: Some(&signers), clone: Some(&clone), ..Options::default() };
    let report = verify(&folder, &options);
    assert_eq!((report.verdict, &report.reasons), (Verdict::Verified, &Vec::new()));
    assert!(report.signature.verified && report.evidence.checked);
    assert_eq!((report.evidence.fails, report.evidence.could_not), (0, 0));
    assert!(report.evidence.holds >= 6, "{:?}", report.evidence);
    // It is the record of the journal beside it.
    let audit = View::open(&kept().join("v1/journal")).unwrap().audit;
    assert!(audit.entries().iter().any(|(entry, _)| {
        matches!(&entry.event, Event::Sealed { audit_id, .. } if RECORD.ends_with(audit_id.as_str()))
    }));
}
