//! Whatever a record's folder or a metadata file holds: nothing panics, nothing false verifies, nothing of others is lost.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use touchstone::auditdb::{
    Folder, Known, Options, RECORD_FILE, SUMS_FILE, Verdict, merge_metadata, strict, sums, verify,
};
use touchstone::model::record::{Record, Statement};

use crate::support::Desk;

/// An unsigned record of a started audit, as its folder is read.
fn folder() -> Folder {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok(["answer", "input-1", "no", "--evidence", "src/index.ts:12"]);
    desk.ok(["answer", "data-5", "no", "--search", "retention"]);
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    Folder::read(&desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001")).unwrap()
}

fn record(folder: &Folder) -> Record {
    serde_json::from_slice::<Statement>(&folder.files[RECORD_FILE]).unwrap().predicate
}

/// One edit of a file's bytes.
#[derive(Debug, Clone)]
enum Edit {
    Set(usize, u8),
    Cut(usize, usize),
    Insert(usize, Vec<u8>),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<usize>(), 1..40usize).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let length = bytes.len().max(1);
    match edit {
        Edit::Set(at, byte) => {
            if let Some(place) = bytes.get_mut(at % length) {
                *place = *byte;
            }
        }
        Edit::Cut(at, count) => {
            let start = (at % length).min(bytes.len());
            let end = (start + count).min(bytes.len());
            bytes.drain(start..end);
        }
        Edit::Insert(at, more) => {
            let start = (at % length).min(bytes.len());
            bytes.splice(start..start, more.iter().copied());
        }
    }
}

/// A JSON value as people write them, without numbers that lose digits.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{1,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn an_edited_record_never_verifies_and_never_panics() {
    let original = folder();
    let untouched: Vec<&str> =
        verify(&original, &Options::default()).reasons.iter().map(|reason| reason.reason).collect();
    // The temporary folder is gone by now, and with it nothing that matters.
    assert_eq!(untouched, ["unsigned"]);
    let names: Vec<String> = original.files.keys().cloned().collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(96));
    let strategy = (0..names.len(), prop::collection::vec(edit(), 1..4), any::<bool>());
    runner
        .run(&strategy, |(which, edits, new_sums)| {
            let mut folder = original.clone();
            let name = &names[which];
            let bytes = folder.files.get_mut(name).unwrap();
            edits.iter().for_each(|edit| apply(bytes, edit));
            let changed = folder.files != original.files;
            if new_sums {
                let list = sums(&folder.files).into_bytes();
                folder.files.insert(SUMS_FILE.to_owned(), list);
            }
            let report = verify(&folder, &Options::default());
            prop_assert_ne!(report.verdict, Verdict::Verified);
            if changed && !new_sums && name != SUMS_FILE {
                let seen = report.reasons.iter().any(|reason| reason.about.as_deref() == Some(name));
                prop_assert!(seen, "{}: {:?}", name, report.reasons);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn metadata_keeps_what_is_not_ours_and_rests_when_it_is_merged_again() {
    let record = record(&folder());
    let known = Known { total: 3, last_date: "2026-01-31".to_owned() };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(256));
    let strategy = (value(), prop::option::of(value()), any::<bool>(), 0..5usize);
    runner
        .run(&strategy, |(other, history, compact, indent)| {
            let mut before = json!({ "other": other, "last_updated": "2025-01-01" });
            if let Some(history) = &history {
                before["audit_history"] = history.clone();
            }
            let text = if compact {
                before.to_string()
            } else {
                let spaces = " ".repeat(indent);
                let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
                let mut bytes = Vec::new();
                let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
                serde::Serialize::serialize(&before, &mut serializer).unwrap();
                String::from_utf8(bytes).unwrap() + "\n"
            };
            let Ok(merged) = merge_metadata(&text, &record, &known) else {
                // Refused only where what we own has another form.
                let history = history.expect("a missing history is added");
                let auditors = history.get("auditors").is_none_or(Value::is_array);
                prop_assert!(!history.is_object() || !auditors, "{}", text);
                return Ok(());
            };
            let after: Value = serde_json::from_str(&merged).unwrap();
            prop_assert_eq!(&after["other"], &before["other"]);
            prop_assert_eq!(&after["audit_history"]["total_audits"], &json!(3));
            let logins = after["audit_history"]["auditors"].as_array().unwrap();
            prop_assert!(logins.iter().any(|one| one["github"] == "jo"));
            prop_assert_eq!(merge_metadata(&merged, &record, &known).unwrap(), merged);
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn strict_json_reads_what_serde_reads_and_refuses_doubles(value in value(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(strict(value.to_string().as_bytes()).unwrap(), value.clone());
        let doubled = format!("{{\"a\": {{\"k\": 1, \"x\": {value}, \"k\": 2}}}}");
        prop_assert!(strict(doubled.as_bytes()).unwrap_err().contains("stands twice"));
        let _ = strict(&bytes);
    }

    #[test]
    fn metadata_of_any_text_is_merged_or_refused(text in "\\PC{0,80}") {
        thread_local!(static RECORD: Record = record(&folder()));
        let known = Known { total: 1, last_date: "2026-01-31".to_owned() };
        let _ = RECORD.with(|record| merge_metadata(&text, record, &known));
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(strict(deep.as_bytes()).is_err());
}

#[test]
fn a_folder_without_any_file_is_no_record() {
    let folder = Folder { path: PathBuf::from("/nowhere"), files: BTreeMap::new(), strange: Vec::new() };
    let report = verify(&folder, &Options::default());
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(report.reasons.iter().any(|reason| reason.reason == "file_missing"));
}
