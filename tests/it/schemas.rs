//! The JSON Schemas of the journal's lines and of the record: committed, in step with the types, and true of what is
//! written. `UPDATE_SCHEMAS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use touchstone::model::answer::Answer;
use touchstone::model::audit::Audit;
use touchstone::model::countersign::{COUNTERSIGN_VERSION, Countersignature};
use touchstone::model::coverage::{Apart, Extent, FileLines};
use touchstone::model::event::{
    Auditor, Entry, Event, EvidenceId, FindingId, JOURNAL_VERSION, Opened, Pin, PinKind, StandardRef, Subject, Target,
    Tool,
};
use touchstone::model::evidence::{
    Evidence, External, History, Kind, Observation, PathList, Place, Query, Reachability, Region, RepoPath, Search,
    SkipReason, Skipped,
};
use touchstone::model::finding::{Disclosure, Finding, Impact, Recommendations, Severity};
use touchstone::model::hash::{ObjectId, Sha256};
use touchstone::model::mute::Mute;
use touchstone::model::record::{self, SCHEMA_VERSION, Statement};
use touchstone::model::score::Slot;
use touchstone::model::time::Time;
use touchstone::standards::Loaded;

fn journal_schema() -> Value {
    named(schemars::schema_for!(Entry), "journal", "A line of Touchstone's journal", JOURNAL_VERSION)
}

fn record_schema() -> Value {
    named(schemars::schema_for!(Statement), "record", "Touchstone's audit record, an in-toto statement", SCHEMA_VERSION)
}

fn countersignature_schema() -> Value {
    let title = "A counter-signature of Touchstone's audit records";
    named(schemars::schema_for!(Countersignature), "countersignature", title, COUNTERSIGN_VERSION)
}

pub fn named(schema: schemars::Schema, name: &str, title: &str, version: u32) -> Value {
    let mut schema = schema.to_value();
    schema["$id"] = json!(format!("urn:mcp-touchstone:{name}:{version}"));
    schema["title"] = json!(title);
    schema["version"] = json!(version);
    schema
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let all =
        [("journal", journal_schema()), ("record", record_schema()), ("countersignature", countersignature_schema())];
    for (name, schema) in all.into_iter().chain(crate::database::schemas()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "{} is not the schema of the types. If the format was meant to change, raise its version where old files no \
             longer read, and run the tests with UPDATE_SCHEMAS=1.",
            path.display()
        );
    }
}

fn time(seconds: i64) -> Time {
    Time::from_unix(1_790_000_000 + seconds).unwrap()
}

fn tool() -> Tool {
    Tool { name: "touchstone".to_owned(), version: "0.1.0".to_owned() }
}

fn oid(byte: u8) -> ObjectId {
    touchstone::model::hash::Hex([byte; 20])
}

fn region(path: RepoPath) -> Region {
    Region { path, blob: oid(3), first: 1, last: 2, start: 0, end: 40, sha256: Sha256::of("x"), commit: Some(oid(4)) }
}

fn read(lines: &str) -> FileLines {
    FileLines { path: "src/main.ts".into(), blob: oid(3), lines: lines.parse().unwrap() }
}

/// What there is to read where [`audit`] audits.
fn extent() -> Extent {
    let files = [RepoPath::from("src/main.ts"), RepoPath(b"src/\xff.ts".to_vec())];
    let apart = Apart { empty: 1, binary: 2, too_large: 3, symlinks: 4, submodules: 5 };
    Extent { files: files.map(|path| (path, (oid(3), 40))).into(), apart, cut: true, ..Extent::default() }
}

/// A piece of each kind, with every optional field filled in.
fn pieces() -> Vec<Evidence> {
    let query = Query {
        pattern: "listen".to_owned(),
        literal: true,
        case_sensitive: true,
        word: true,
        exclude_line: Some("test".to_owned()),
        include: vec!["*.ts".to_owned()],
        exclude: vec!["dist/**".to_owned()],
        tests_apart: true,
    };
    let odd = RepoPath(b"src/\xff.ts".to_vec());
    let skipped = vec![Skipped { why: SkipReason::TooLarge, files: 1, paths: vec![odd.clone()] }];
    let kinds = [
        Kind::Code { regions: vec![region("src/main.ts".into()), region(odd.clone())] },
        Kind::Search(Search {
            query: query.clone(),
            engine: "engine/1".to_owned(),
            files: 10,
            bytes: 1000,
            files_digest: Sha256::of("files"),
            skipped: skipped.clone(),
            hits: 1,
            hits_digest: Sha256::of("hits"),
            places: vec![Place { path: odd.clone(), line: 7 }],
            excluded_files: 2,
            excluded_hits: 3,
        }),
        Kind::Path(PathList {
            glob: "*.lock".to_owned(),
            entries: 12,
            matches: 1,
            matches_digest: Sha256::of("paths"),
            paths: vec!["Cargo.lock".into()],
        }),
        Kind::History(History {
            query,
            engine: "engine/1".to_owned(),
            commits: 3,
            blobs: 9,
            skipped,
            matches: 1,
            matches_digest: Sha256::of("commits"),
            matching: vec![oid(5)],
        }),
        Kind::Observation(Observation {
            command: "npm audit".to_owned(),
            environment: Some("node 22".to_owned()),
            at: time(1),
            output: "found 0 vulnerabilities".to_owned(),
            sha256: Sha256::of("output"),
        }),
        Kind::External(External { source: "https://example.com".to_owned(), saw: "A report.".to_owned(), at: time(2) }),
    ];
    kinds
        .into_iter()
        .map(|kind| Evidence { kind, reachability: Reachability::Latent, note: Some("A note.".to_owned()) })
        .collect()
}

fn finding(severity: Severity, disclosure: Option<Disclosure>) -> Finding {
    Finding {
        title: "Commands are built from strings".to_owned(),
        severity,
        items: vec!["input-1".to_owned()],
        category: "Injection".to_owned(),
        cwe: vec!["CWE-78".to_owned()],
        cvss: "9.8".to_owned(),
        advisories: vec!["CVE-2026-0001".to_owned()],
        reachability: Reachability::Reachable,
        disclosure,
        summary: "S".to_owned(),
        description: "D".to_owned(),
        impact: Impact { integrity: "High".to_owned(), ..Impact::default() },
        components: vec!["runner".to_owned()],
        reproduction: vec!["Run it.".to_owned()],
        risks: vec!["R".to_owned()],
        recommendations: Recommendations { immediate: vec!["Mend it.".to_owned()], ..Recommendations::default() },
        validation: vec!["V".to_owned()],
        references: vec!["https://example.com".to_owned()],
        notes: "N".to_owned(),
    }
}

/// An audit in which everything happens that can happen.
fn audit() -> Audit {
    let standard = Loaded::built_in().unwrap();
    let opened = Opened {
        version: JOURNAL_VERSION,
        audit: "notes".to_owned(),
        target: Target::parse("https://github.com/example/notes").unwrap(),
        pin: Pin {
            kind: PinKind::Commit,
            commit: oid(1),
            tree: oid(2),
            committed_at: time(-100),
            tags: vec!["v1.0".to_owned()],
        },
        scope: vec!["src".into(), RepoPath(b"\xfe".to_vec())],
        standard: StandardRef { ..standard.reference() },
        auditor: Auditor {
            login: "jo".to_owned(),
            name: Some("Jo".to_owned()),
            organization: Some("O".to_owned()),
            contact: Some("jo@example.com".to_owned()),
        },
        assisted_by: Some("a model".to_owned()),
        parent: None,
        tool: tool(),
    };
    let entry = |seq: u64, event: Event| Entry {
        seq,
        at: time(i64::try_from(seq).unwrap()),
        prev: Sha256::of(seq.to_string()),
        act: seq,
        of: 1,
        event,
    };
    let first = entry(1, Event::Opened(Box::new(opened)));
    let mut audit = Audit::begin(Arc::clone(&standard.standard), first, Sha256::of("1")).unwrap();
    let mut events = vec![Event::Resumed { tool: tool() }];
    events.extend(["stdio", "http"].map(|mode| Event::ModeDeclared { mode: mode.to_owned() }));
    let (stdio, once) = (Slot::in_mode("transport-1", "stdio"), Slot::once("input-1"));
    let fact = Slot::in_mode("auth_scheme", "http");
    events.extend(
        pieces()
            .into_iter()
            .zip(1..)
            .map(|(evidence, id)| Event::EvidenceAdded { id: EvidenceId(id), evidence: Box::new(evidence) }),
    );
    let public = || Box::new(finding(Severity::Critical, Some(Disclosure::Public)));
    let withheld = Box::new(finding(Severity::High, Some(Disclosure::WithheldUntil("2027-01-31".to_owned()))));
    events.extend([
        Event::FactSet { slots: vec![fact.clone()], value: "unknown".to_owned(), reason: Some("Why.".to_owned()) },
        Event::Answered { slots: vec![stdio.clone()], answer: Answer::Yes, reason: None },
        Event::Answered { slots: vec![once.clone()], answer: Answer::Partial, reason: Some("Why.".to_owned()) },
        Event::Noted { slot: Some(once.clone()), text: "N".to_owned() },
        Event::Noted { slot: None, text: "N".to_owned() },
        Event::RegionAdded { id: EvidenceId(1), region: region("src/b.ts".into()) },
        Event::FindingSet { id: FindingId(1), finding: public() },
        Event::FindingSet { id: FindingId(2), finding: withheld },
        Event::FindingSet { id: FindingId(3), finding: public() },
        Event::FindingWithdrawn { id: FindingId(3), reason: "Mistaken.".to_owned() },
        Event::EvidenceAttached {
            id: EvidenceId(1),
            to: vec![Subject::Item(stdio.clone()), Subject::Fact(fact), Subject::Finding(FindingId(1))],
        },
        Event::EvidenceDetached { id: EvidenceId(1), from: vec![Subject::Item(stdio)] },
        Event::Redacted { id: EvidenceId(5), reason: "A name.".to_owned() },
        Event::Seen { files: vec![read("1-4,9"), FileLines { path: RepoPath(b"src/\xff.ts".to_vec()), ..read("2") }] },
        Event::Reviewed { files: vec![read("1-4")], taken_back: false },
        Event::Reviewed { files: vec![read("2-3")], taken_back: true },
    ]);
    let mutes = [
        Mute::Hit { lead: "auth-4.a".to_owned(), path: RepoPath(b"src/\xff.ts".to_vec()), line: 7 },
        Mute::Lead { lead: "auth-4.b".to_owned() },
        Mute::Path { glob: "docs/**".to_owned() },
        Mute::Path { glob: "old/**".to_owned() },
    ];
    events.extend(mutes.iter().map(|mute| Event::LeadMuted { mute: mute.clone(), reason: "Read.".to_owned() }));
    events.extend(mutes.last().map(|mute| Event::LeadUnmuted { mute: mute.clone() }));
    events.extend(
        (2..=6).map(|id| Event::EvidenceAttached { id: EvidenceId(id), to: vec![Subject::Item(once.clone())] }),
    );
    events.push(Event::Noted { slot: None, text: String::new() });
    for event in events {
        let seq = audit.next_seq();
        audit.push(entry(seq, event), Sha256::of(seq.to_string())).unwrap();
    }
    let last = audit.next_seq() - 1;
    let sealed = Event::Sealed {
        audit_id: "jo-2026-09-21-002".to_owned(),
        at: time(900),
        supersedes: Some("jo-2026-09-21-001".to_owned()),
        partial: true,
        tool: tool(),
    };
    for event in [Event::Undone { seq: last }, Event::Redone { seq: last }, sealed] {
        let seq = audit.next_seq();
        audit.push(entry(seq, event), Sha256::of(seq.to_string())).unwrap();
    }
    audit
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

fn complaints(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_line_of_a_journal_is_valid_and_reads_back() {
    let validator = validator(&journal_schema());
    let audit = audit();
    let mut kinds = BTreeSet::new();
    for (entry, _) in audit.entries() {
        let line = serde_json::to_value(entry).unwrap();
        kinds.insert(line["event"]["type"].as_str().unwrap().to_owned());
        assert_eq!(complaints(&validator, &line), Vec::<String>::new(), "{line:#}");
        assert_eq!(serde_json::from_value::<Entry>(line).unwrap(), *entry);
    }
    assert_eq!(kinds.len(), 20, "an event is missing from the audit of this test: {kinds:?}");
}

#[test]
fn a_built_record_is_valid_and_reads_back() {
    let audit = audit();
    let statement = record::build(&audit, &audit.seals[0], Some(&extent()));
    let value = serde_json::to_value(&statement).unwrap();
    assert_eq!(complaints(&validator(&record_schema()), &value), Vec::<String>::new());
    assert_eq!(serde_json::from_value::<Statement>(value).unwrap(), statement);
    let Statement { predicate, .. } = statement;
    assert_eq!(predicate.evidence.len(), 6, "a kind of evidence is missing");
    let bodies: Vec<String> = predicate
        .findings
        .iter()
        .map(|row| serde_json::to_value(&row.body).unwrap()["is"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bodies, ["public", "withheld", "withdrawn"]);
}

/// What the reader refuses, the schema refuses, so that others can rely on it; each change is one thing wrong.
#[test]
fn invalid_lines_and_records_are_refused_by_schema_and_reader() {
    let audit = audit();
    let record = serde_json::to_value(record::build(&audit, &audit.seals[0], Some(&extent()))).unwrap();
    let line = serde_json::to_value(&audit.entries()[0].0).unwrap();
    let (records, lines) = (validator(&record_schema()), validator(&journal_schema()));
    let wrong: [(&str, Option<Value>); 12] = [
        ("/predicate/auditId", None),
        ("/predicate/timeSpent", Some(json!("long"))),
        ("/predicate/sealedAt", None),
        ("/predicate/items/0/answer", Some(json!("maybe"))),
        ("/predicate/items/0/state", None),
        ("/predicate/standard/sha256", Some(json!("abc"))),
        ("/predicate/evidence/0/id", Some(json!("E0"))),
        ("/predicate/findings/0/severity", Some(json!("grave"))),
        ("/predicate/findings/0/body/is", Some(json!("secret"))),
        ("/predicate/surprise", Some(json!(1))),
        ("/predicate/score/headline/low", Some(json!(-1))),
        ("/subject/0/digest/gitCommit", Some(json!("ABCDEF"))),
    ];
    for (pointer, to) in wrong {
        let changed = change(&record, pointer, to);
        assert!(!complaints(&records, &changed).is_empty(), "the schema takes a record with a wrong {pointer}");
        assert!(serde_json::from_value::<Statement>(changed).is_err(), "the reader takes a wrong {pointer}");
    }
    let wrong: [(&str, Option<Value>); 6] = [
        ("/seq", None),
        ("/prev", Some(json!("00"))),
        ("/event/type", Some(json!("exploded"))),
        ("/event/pin/kind", Some(json!("branch"))),
        ("/event/surprise", Some(json!(1))),
        ("/surprise", Some(json!(1))),
    ];
    for (pointer, to) in wrong {
        let changed = change(&line, pointer, to);
        assert!(!complaints(&lines, &changed).is_empty(), "the schema takes a line with a wrong {pointer}");
        assert!(serde_json::from_value::<Entry>(changed).is_err(), "the reader takes a wrong {pointer}");
    }
}

/// Sets, adds or takes out what a pointer names.
fn change(value: &Value, pointer: &str, to: Option<Value>) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match to {
        Some(to) => drop(parent.insert(key.to_owned(), to)),
        None => drop(parent.remove(key).unwrap_or_else(|| panic!("there is no {pointer}"))),
    }
    value
}
