//! The demo: the main job on the embedded server, from a machine that has never seen it.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::{CLOCK, fails, skipped, succeeds};

/// Where the demo leaves its record, below its folder.
const RECORD: &str = "audit-db/audits/github.com/example-harbor/harbor-notes-mcp/audits/demo-auditor-2026-01-31-001";

fn demo(home: &Path, dir: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TOUCHSTONE_CLOCK", CLOCK).current_dir(home).args(["demo", "--dir", dir]);
    command
}

#[test]
fn the_demo_audits_exports_and_verifies_and_gives_the_same_bytes_everywhere() {
    let home = TempDir::new().unwrap();
    let said = succeeds(&mut demo(home.path(), "one"));
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
    succeeds(&mut demo(home.path(), "two"));
    succeeds(&mut demo(home.path(), "one"));
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
    let said = fails(&mut demo(home.path(), "mine"), 2);
    assert!(said.contains("not empty"), "{said}");
    assert_eq!(std::fs::read_to_string(home.path().join("mine/letter")).unwrap(), "dear");
}
