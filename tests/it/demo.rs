//! The demo: the main job on the embedded server, from a machine that has never seen it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;
use touchstone::journal::View;
use touchstone::model::audit::{Audit, Gap};
use touchstone::model::score;

use crate::support::{CLOCK, fails, skipped, succeeds};

/// The folder of the demo's audit.
fn audit_dir(home: &Path, dir: &str) -> PathBuf {
    home.join(dir).join("data/audits/harbor-notes-mcp-d8e1551-demo-auditor")
}

fn journal(home: &Path, dir: &str) -> Vec<u8> {
    std::fs::read(audit_dir(home, dir).join("journal.jsonl")).unwrap()
}

/// Where the demo leaves its record, below its folder.
const RECORD: &str = "audit-db/audits/github.com/example-harbor/harbor-notes-mcp/audits/demo-auditor-2026-01-31-001";

fn demo(home: &Path, dir: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TOUCHSTONE_CLOCK", CLOCK).current_dir(home);
    command.args(["demo", "--dir", dir]).args(flags);
    command
}

#[test]
fn the_demo_audits_exports_and_verifies_and_gives_the_same_bytes_everywhere() {
    let home = TempDir::new().unwrap();
    let said = succeeds(&mut demo(home.path(), "one", &["--record"]));
    let places = "0 do not, 0 could not be checked here, 1 that nobody can check";
    for words in [
        "commit d8e15510aca6f6c8b9287126f409bbfdb41b5ba8",
        "answered 72 of 72",
        "score 47 of 100, At Risk; 18 of 46 applicable items met",
        "stdio 52 (",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let signed = home.path().join("one/demo-key").exists();
    if signed {
        assert!(said.contains(places) && said.contains("\nverified\n"), "{said}");
    } else {
        skipped("ssh-keygen is not installed, so the demo's record was not signed");
    }
    assert!(!home.path().join(".config").exists(), "the user's configuration is left alone");
    // Again into another folder, and once more over the first: the same record.
    succeeds(&mut demo(home.path(), "two", &["--record"]));
    succeeds(&mut demo(home.path(), "one", &["--record"]));
    let sums = |dir: &str| {
        std::fs::read_to_string(home.path().join(dir).join(RECORD).join("artifacts/attestations/SHA256SUMS")).unwrap()
    };
    assert_eq!(sums("one"), sums("two"));
}

#[test]
fn the_demo_replaces_no_folder_of_somebody_else() {
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("mine")).unwrap();
    std::fs::write(home.path().join("mine/letter"), "dear").unwrap();
    for flags in [&["--record"] as &[&str], &[], &["--reset"]] {
        let said = fails(&mut demo(home.path(), "mine", flags), 2);
        assert!(said.contains("not empty"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(home.path().join("mine/letter")).unwrap(), "dear");
}

#[test]
fn the_demo_begins_an_audit_that_leaves_something_of_everything_to_do() {
    let home = TempDir::new().unwrap();
    let said = succeeds(&mut demo(home.path(), "one", &[]));
    assert!(said.contains("the workbench opens here") && said.contains("answered 47 of 72"), "{said}");
    let audit: Audit = View::open(&audit_dir(home.path(), "one")).unwrap().audit;
    let gaps = audit.gaps();
    for dimension in &audit.standard.dimensions {
        let open =
            |gap: &Gap| matches!(gap, Gap::OpenItem(slot) if dimension.items.iter().any(|item| item.id == slot.id));
        let slots = dimension.items.len() * if dimension.per_mode { 2 } else { 1 };
        let left = gaps.iter().filter(|gap| open(gap)).count();
        assert!(left > 0 && left < slots, "{}: {left} of {slots} are open", dimension.id);
    }
    assert!(gaps.iter().any(|gap| matches!(gap, Gap::Unsupported(_))), "{gaps:?}");
    assert!(!gaps.iter().any(|gap| matches!(gap, Gap::OpenFact(_) | Gap::Undisclosed(_))), "{gaps:?}");
    assert!(audit.now.evidence.values().any(|piece| piece.backs.is_empty()), "the inbox is empty");
    assert_eq!((audit.now.findings.len(), audit.seals.len()), (3, 0));
    let score = score::score(&audit.standard, &audit.inputs());
    assert_eq!(score.contradictions, vec![]);
    assert!(score.headline.low < score.headline.high, "nothing is left to decide: {:?}", score.headline);

    // The same bytes everywhere.
    succeeds(&mut demo(home.path(), "two", &[]));
    assert_eq!(journal(home.path(), "one"), journal(home.path(), "two"));
}

#[test]
fn the_demo_keeps_what_was_done_in_it_until_it_is_told_to_start_over() {
    let home = TempDir::new().unwrap();
    succeeds(&mut demo(home.path(), "one", &[]));
    let fresh = journal(home.path(), "one");
    let mut note = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
    note.env_clear().env("HOME", home.path()).env("TOUCHSTONE_CLOCK", CLOCK);
    note.current_dir(home.path().join("one/harbor-notes-mcp")).args(["note", "audit", "mine", "--data-dir", "../data"]);
    succeeds(&mut note);
    let noted = journal(home.path(), "one");
    succeeds(&mut demo(home.path(), "one", &[]));
    let again = journal(home.path(), "one");
    assert!(again.starts_with(&noted) && again.len() > noted.len(), "taken up again, and nothing is lost");
    succeeds(&mut demo(home.path(), "one", &["--reset"]));
    assert_eq!(journal(home.path(), "one"), fresh);

    // A demo that was interrupted while it was made is made again.
    std::fs::write(home.path().join("one/.touchstone-demo"), "half").unwrap();
    std::fs::remove_dir_all(audit_dir(home.path(), "one")).unwrap();
    succeeds(&mut demo(home.path(), "one", &[]));
    assert_eq!(journal(home.path(), "one"), fresh);

    // One that somebody took apart says what to do.
    std::fs::remove_dir_all(home.path().join("one/harbor-notes-mcp")).unwrap();
    let said = fails(&mut demo(home.path(), "one", &[]), 3);
    assert!(said.contains("demo --reset"), "{said}");
}

#[test]
fn the_whole_script_begins_as_the_demo_does() {
    let home = TempDir::new().unwrap();
    succeeds(&mut demo(home.path(), "begun", &[]));
    succeeds(&mut demo(home.path(), "whole", &["--record"]));
    assert!(journal(home.path(), "whole").starts_with(&journal(home.path(), "begun")));
    // Kept as it is, sealed and all.
    let said = succeeds(&mut demo(home.path(), "whole", &[]));
    assert!(said.contains("answered 72 of 72"), "{said}");
}
