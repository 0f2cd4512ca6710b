//! Two audits side by side.

use proptest::prelude::*;
use serde_json::Value;
use touchstone::model::answer::Answer;
use touchstone::model::compare::{Side, compare};
use touchstone::model::record::{Record, Statement};
use touchstone::model::score::Given;
use touchstone::standards::Loaded;

use crate::record::{copy, exported, missing};
use crate::support::{Desk, fails, succeeds};

/// Two auditors at one pin: jo's exported record, and kim's audit as it stands.
fn two() -> (crate::record::Copy, Desk) {
    let desk = Desk::open(&["http", "stdio"]);
    desk.ok(["answer", "input-1", "no", "--evidence", "src/index.ts:12"]);
    desk.ok(["answer", "input-3", "no", "--reason", "Strings are built."]);
    desk.ok(["answer", "auth-1", "no", "--mode", "http", "--reason", "One call is open to all."]);
    desk.ok([
        "finding",
        "add",
        "--title",
        "A shell runs what a note says",
        "--severity",
        "critical",
        "--item",
        "input-1",
    ]);
    desk.ok(["finding", "edit", "F1", "--cwe", "CWE-78", "--summary", "S.", "--disclosure", "public"]);
    (copy(), desk)
}

fn comparison(copy: &crate::record::Copy, desk: &Desk, args: &[&str]) -> String {
    let record = copy.record.to_str().unwrap();
    let mut command = desk.cmd();
    succeeds(command.arg("compare").arg(record).arg(desk.audit()).args(args))
}

#[test]
fn two_auditors_are_compared_by_items_points_and_findings() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, desk) = two();
    insta::assert_snapshot!("compare_text", comparison(&copy, &desk, &[]));
    insta::assert_snapshot!("compare_markdown", comparison(&copy, &desk, &["--format", "markdown"]));
    let report: Value = serde_json::from_str(&comparison(&copy, &desk, &["--json"])).unwrap();
    assert_eq!(report["schema"], "touchstone.compare/1");
    assert_eq!((report["kept"].as_array().unwrap().len(), report["gained"].as_array().unwrap().len()), (1, 0));
    let first = &report["differing"][0];
    assert_eq!((&first["slot"]["id"], &first["b"]["value"]), (&Value::from("auth-1"), &Value::from("no")));
}

#[test]
fn what_does_not_hold_is_compared_and_said_so() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, desk) = two();
    // The score is reckoned from the answers, whatever the record claims.
    let text = copy.read("artifacts/record.json");
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["predicate"]["score"]["headline"] = serde_json::json!({ "low": 100, "high": 100 });
    copy.write("artifacts/record.json", &format!("{record:#}\n"));
    let said = comparison(&copy, &desk, &[]);
    assert!(said.contains("does not hold: ") && !said.contains("100 of 100"), "{said}");
}

#[test]
fn what_is_no_audit_is_named_fail() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, desk) = two();
    let record = copy.record.to_str().unwrap();
    assert!(fails(desk.cmd().args(["compare", record, "nothing"]), 2).contains("nothing"));
    assert!(fails(desk.cmd().args(["compare", record, desk.dir().to_str().unwrap()]), 2).contains("holds no audit"));
    copy.write("artifacts/record.json", "{");
    assert!(fails(desk.cmd().args(["compare", record, record]), 1).contains("not a record"));
}

fn record() -> Record {
    let path =
        exported().dir.join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001/artifacts/record.json");
    serde_json::from_slice::<Statement>(&std::fs::read(path).unwrap()).unwrap().predicate
}

#[test]
fn an_audit_is_like_itself_and_a_comparison_turned_round_says_the_same() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let record = record();
    let standard = Loaded::built_in().unwrap().standard;
    let strategy = proptest::collection::vec((0..record.items.len(), 0..5_usize), 0..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    runner
        .run(&strategy, |changes| {
            let mut other = record.clone();
            for (at, answer) in &changes {
                other.items[*at].answer = Some(Answer::ALL[*answer]);
            }
            let (ours, theirs) = (record.inputs(), other.inputs());
            let forth = compare(Side::of(&record), Side::of(&other), Some((&standard, &ours, &theirs)));
            let back = compare(Side::of(&other), Side::of(&record), Some((&standard, &theirs, &ours)));
            let changed = record.items.iter().zip(&other.items).filter(|(one, other)| one.answer != other.answer);
            prop_assert_eq!(forth.differing.len(), changed.count());
            prop_assert_eq!(forth.differing.len(), back.differing.len());
            for (one, turned) in forth.differing.iter().zip(&back.differing) {
                prop_assert_eq!(
                    (&one.slot, one.change_in_a, one.change_in_b),
                    (&turned.slot, turned.change_in_b, turned.change_in_a)
                );
            }
            // Taking all of the other's answers gives the other's score: the changes are really theirs.
            if let [only] = forth.differing.as_slice() {
                let mut mixed = ours.clone();
                let answer = theirs.answers[&only.slot].answer;
                let evidenced = theirs.answers[&only.slot].evidenced;
                mixed.answers.insert(only.slot.clone(), Given { answer, evidenced });
                let low = |inputs| i64::from(touchstone::model::score::score(&standard, inputs).headline.low);
                prop_assert_eq!(only.change_in_a, Some(low(&mixed) - low(&ours)));
            }
            prop_assert!(forth.lost.is_empty() && forth.gained.is_empty());
            Ok(())
        })
        .unwrap();
}
