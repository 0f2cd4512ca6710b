//! A record looked at in the workbench: it says what it says, and nothing is written.

use touchstone::model::audit::Seal;
use touchstone::model::record::{Record, Statement, build};
use touchstone::model::replay::replay;
use touchstone::model::score::score;
use touchstone::standards::Loaded;

use crate::record::{copy, exported, missing};
use crate::support::{fails, succeeds};

fn record() -> Record {
    let path = "db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001/artifacts/record.json";
    serde_json::from_slice::<Statement>(&std::fs::read(exported().dir.join(path)).unwrap()).unwrap().predicate
}

#[test]
fn an_audit_made_of_a_record_says_what_the_record_says() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let record = record();
    let standard = Loaded::built_in().unwrap().standard;
    let audit = replay(&record, &standard).unwrap();
    assert_eq!(score(&standard, &audit.inputs()), record.score);
    let seal = Seal {
        seq: audit.next_seq(),
        audit_id: record.audit_id.clone(),
        at: record.sealed_at,
        supersedes: record.supersedes.clone(),
        partial: record.partial,
        tool: record.tool.clone(),
    };
    let again = build(&audit, &seal, None).predicate;
    assert_eq!(
        (&again.items, &again.target, &again.muted, &again.note),
        (&record.items, &record.target, &record.muted, &record.note)
    );
    let kinds = |record: &Record| record.evidence.iter().map(|row| (row.id, row.evidence.clone())).collect::<Vec<_>>();
    assert_eq!(kinds(&again), kinds(&record));
    let bodies = |record: &Record| record.findings.iter().map(|row| (row.id, row.body.clone())).collect::<Vec<_>>();
    assert_eq!(bodies(&again), bodies(&record));
}

#[test]
fn what_no_audit_can_hold_is_refused_fail() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let standard = Loaded::built_in().unwrap().standard;
    let mut record = record();
    record.items[0].slot.id = "nothing-1".to_owned();
    assert!(replay(&record, &standard).unwrap_err().contains("nothing-1"));
}

#[test]
fn a_record_is_looked_at_in_the_workbench_and_nothing_is_written() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let home = copy.dir.path().join("home");
    let open = |keys: &str| {
        let mut command = exported().cmd();
        command.env("HOME", &home).arg("open").arg("--record").arg(&copy.record);
        command.args(["--keys", keys, "--print", "120x40"]);
        succeeds(&mut command)
    };
    let screen = open("");
    assert!(screen.contains("read only") && screen.contains("15/38 met"), "{screen}");
    assert!(open("jjy").contains("this is a record"), "an answer is refused");
    // Evidence opens where it stands.
    assert!(open("gex").contains("src/"), "{}", open("gex"));
    assert!(!home.exists(), "nothing is kept of it");
    assert_eq!(copy.verify().0, 0);
}

#[test]
fn a_record_that_cannot_be_looked_at_says_why_fail() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let open = |repo: &std::path::Path| {
        let mut command = exported().cmd();
        command.arg("open").arg(repo).arg("--record").arg(&copy.record).args(["--print", "80x24"]);
        command
    };
    let other = crate::repo_fixture::Fixture::new();
    other.main(other.commit(other.tree(&[]), &[], 1_765_000_000));
    assert!(fails(&mut open(&other.git), 3).contains("not in this clone"));
    copy.write("artifacts/record.json", "{");
    assert!(fails(&mut open(&exported().dir.join("clone")), 1).contains("not a record"));
    let mut without = exported().cmd();
    assert!(fails(without.arg("open").arg("--record").arg(&copy.record), 2).contains("terminal"));
}

#[test]
fn a_database_that_is_browsed_opens_its_records_in_the_workbench() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let browse = |args: &[&str]| {
        let mut command = exported().cmd();
        command.args(["db", "browse"]).arg(copy.dir.path().join("db")).args(args);
        succeeds(command.args(["--keys", "w", "--print", "120x40"]))
    };
    let screen = browse(&["--clone", "https://github.com/example/notes-mcp=."]);
    assert!(screen.contains("read only") && screen.contains("15/38 met"), "{screen}");
    assert!(browse(&[]).contains("No clone of"), "{}", browse(&[]));
}
