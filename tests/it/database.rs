//! The database as a whole: read from commits and folders, indexed, listed, dumped.

use std::path::Path;

use serde_json::{Value, json};
use touchstone::auditdb::{self, AuditDir, Database, Entry, Folder, Format, Part, Server};
use touchstone::model::finding::Severity;
use touchstone::repo::Repo;

use crate::many_audits::{self, Files, Maker};
use crate::repo_fixture::{FILE, FOLDER, Fixture, Item, SUBMODULE, SYMLINK};
use crate::support::light_standard;

const SERVER: &str = "github.com/acme/notes";

/// Puts files into a repository, as one commit of `main`.
fn commit(git: &Fixture, files: &Files) -> String {
    let items: Vec<Item<'_>> = files.iter().map(|(path, text)| (path.as_bytes(), FILE, git.blob(text))).collect();
    let commit = git.commit(git.tree(&items), &[], 1_765_000_000);
    git.main(commit);
    commit.to_string()
}

/// A small database of generated audits.
pub fn small(servers: usize, audits: usize) -> Files {
    let mut all = Files::new();
    Maker::new(light_standard()).database(servers, audits, |files| all.extend(files));
    all
}

/// An audit in the shape of those that people published, with what is odd about them.
fn odd() -> Files {
    let manifest = json!({
        "audit_id": "kim-2025-08-07-001",
        "auditor": { "name": "Kim K.", "github": "kim", "organization": "Example" },
        "target": { "repo_url": format!("https://{SERVER}"), "commit_hash": "f469fc3", "version": "main" },
        "audit_metadata": {
            "start_date": "2025-08-07",
            "completion_date": "2025-08-07T18:30:00Z",
            "status": "completed_with_revisions",
            "audit_type": "manual_security_review",
        },
        "findings_summary": { "critical": 0, "high": 1, "medium": 2, "low": 0, "info": 1, "total_issues": 4, "revisions": 1 },
        "findings_details": {
            "high_severity": ["high-001-keys"],
            "medium_severity": ["medium-002-errors", "medium-002-binding-revised (downgraded from HIGH)"],
        },
        "revision_notes": { "binding": { "original_severity": "HIGH-002", "revised_severity": "MEDIUM-002" } },
    });
    [
        ("audit-manifest.json", format!("{manifest:#}")),
        ("security-assessment.md", "# Report".to_owned()),
        (
            "findings/high-001-keys.md",
            "# Finding: Keys\n\n**Finding ID**: high-007  \n**Severity**: High  \n**Category**: Auth  \n**CWE**: CWE-798 (x), \
             cwe-200  \n**CVSS Score**: 7.5 (High)\n"
                .to_owned(),
        ),
        ("findings/high-002-binding.md", "# Finding: Binding\n**Severity**: High\n".to_owned()),
        ("findings/medium-002-errors.md", "# MEDIUM-002: Errors\n\n**Severity**: MEDIUM\n".to_owned()),
        (
            "findings/medium-002-binding-revised.md",
            "# Finding: Binding\n\n**Severity**: Medium (Revised from High)\n".to_owned(),
        ),
        ("findings/info-001-fine.md", "# INFO-001: Fine\n\n**Type**: POSITIVE SECURITY FINDING\n".to_owned()),
        ("findings/low-001-old.md", "# Old\n**Severity**: Low\n**Status**: Superseded by medium-002\n".to_owned()),
        ("findings/notes.md", "nothing\n".to_owned()),
    ]
    .into_iter()
    .map(|(path, text)| (format!("audits/{SERVER}/audits/kim-2025-08-07-001/{path}"), text.into_bytes()))
    .collect()
}

fn entries(database: &Database) -> Vec<Entry> {
    let mut entries = Vec::new();
    for server in database.servers().unwrap().found {
        for audit in database.audits(&server).unwrap().found {
            let part = database.folder_of(&audit, &auditdb::wanted).unwrap();
            entries.push(auditdb::read(&audit, &part).entry);
        }
    }
    entries
}

/// Reads an audit from its files alone.
fn entry(name: &str, files: &[(&str, &str)]) -> Entry {
    let dir = AuditDir { server: SERVER.parse().unwrap(), audit: name.to_owned(), tree: None };
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let part = Part { folder: Folder { files, ..Folder::default() }, large: Vec::new() };
    auditdb::read(&dir, &part).entry
}

#[test]
fn an_audit_written_by_hand_is_read_with_all_that_is_odd_about_it() {
    let git = Fixture::new();
    let head = commit(&git, &odd());
    let database = Database::open(&git.git, None).unwrap();
    assert_eq!(database.commit().unwrap().to_string(), head);
    let [entry] = entries(&database).try_into().unwrap();
    assert_eq!((entry.format, entry.auditor.login.as_str()), (Format::Published, "kim"));
    assert_eq!(entry.auditor.name.as_deref(), Some("Kim K."));
    assert_eq!((entry.counts.high, entry.counts.medium, entry.counts.low, entry.counts.info), (2, 2, 1, 1));
    let claimed = entry.claimed.unwrap();
    assert_eq!((claimed.high, claimed.medium, claimed.low), (1, 2, 0), "`revisions` beside the counts is not one");
    assert!(entry.score.is_none(), "no score is made up");
    assert_eq!(entry.dates.started.unwrap().to_string(), "2025-08-07T00:00:00Z");
    assert_eq!(entry.date().as_deref(), Some("2025-08-07"));
    let of = |name: &str| entry.findings.iter().find(|finding| finding.file.contains(name)).unwrap();
    let keys = of("high-001");
    assert_eq!(keys.cwe, ["CWE-798", "CWE-200"]);
    assert_eq!((keys.cvss.as_deref(), keys.title.as_deref()), (Some("7.5 (High)"), Some("Keys")));
    assert_eq!((keys.listed, keys.open()), (Some(true), true));
    assert_eq!((of("high-002").listed, of("high-002").open()), (Some(false), false), "revised, and left in place");
    assert_eq!(of("binding-revised").stated.as_deref(), Some("Medium (Revised from High)"));
    assert_eq!((of("binding-revised").listed, of("binding-revised").open()), (Some(true), true));
    assert!(!of("low-001").open(), "its text says so");
    assert_eq!((of("notes.md").severity, of("info-001").severity), (None, Some(Severity::Info)));
    assert_eq!((entry.open().high, entry.open().medium, entry.open().low), (1, 2, 0));
    let problems = entry.problems.join("\n");
    assert!(problems.contains("high 1 for 2, low 0 for 1"), "{problems}");
    assert!(problems.contains("findings/notes.md does not say how bad it is"), "{problems}");
}

#[test]
fn a_record_brings_its_score_and_the_same_is_read_from_a_commit_and_from_a_folder() {
    let files = small(7, 25);
    let git = Fixture::new();
    commit(&git, &files);
    let committed = entries(&Database::open(&git.git, None).unwrap());
    let dir = tempfile::TempDir::new().unwrap();
    many_audits::write(dir.path(), &files);
    let plain = Database::open(dir.path(), None).unwrap();
    assert_eq!(plain.commit(), None);
    assert_eq!(entries(&plain), committed);
    assert_eq!(committed.len(), 25);
    let (records, others): (Vec<&Entry>, Vec<&Entry>) =
        committed.iter().partition(|entry| entry.format == Format::Record);
    assert_eq!((records.len(), others.len()), (10, 15));
    for entry in records {
        let score = entry.score.as_ref().unwrap();
        assert_eq!(score.label, "audited");
        assert!(score.levels.iter().any(|level| level.dimension == "dependency" && level.mode.is_none()));
        assert_eq!(score.levels.len(), 5 * entry.modes.len() + 1);
        assert_eq!(entry.problems, Vec::<String>::new());
    }
    assert!(committed.iter().any(|entry| entry.signature_present) && !committed[0].server.domain.is_empty());
    // Keys that an entry does not know are still at hand.
    let database = Database::open(&git.git, None).unwrap();
    let server = database.servers().unwrap().found.swap_remove(0);
    let published = database.audits(&server).unwrap().found.into_iter().find_map(|audit| {
        let reading = auditdb::read(&audit, &database.folder_of(&audit, &auditdb::wanted).unwrap());
        (reading.entry.format == Format::Published).then_some(reading)
    });
    assert_eq!(published.unwrap().manifest.unwrap()["community"]["unheard_of"], json!([1, 2, 3]));
    // All files, as a verifier wants them.
    let record = committed.iter().find(|entry| entry.format == Format::Record).unwrap();
    let server = database.server(&record.server).unwrap().unwrap();
    let audit = database.audits(&server).unwrap().found.into_iter().find(|audit| audit.audit == record.audit).unwrap();
    let folder = database.folder(&audit).unwrap();
    assert!(folder.files.contains_key("artifacts/standard.toml") && folder.path.ends_with(record.folder()));
}

#[test]
fn a_database_below_a_repository_is_read_from_its_commit_and_one_that_is_not_committed_as_it_lies() {
    let dir = tempfile::TempDir::new().unwrap();
    let root = dir.path().canonicalize().unwrap().join("work");
    let git = Fixture::at(dir, &root, false);
    let nested: Files = odd().into_iter().map(|(path, bytes)| (format!("data/db/{path}"), bytes)).collect();
    commit(&git, &nested);
    many_audits::write(&root.join("data/db"), &small(1, 3));
    many_audits::write(&root.join("new"), &small(2, 3));
    let database = Database::open(&root.join("data/db"), None).unwrap();
    assert!(database.commit().is_some());
    assert_eq!(entries(&database).len(), 1, "what lies in the work tree is not seen");
    let fresh = Database::open(&root.join("new"), None).unwrap();
    assert_eq!((fresh.commit(), entries(&fresh).len()), (None, 3));
    assert!(Database::open(&root.join("new"), Some("main")).is_err(), "the commit has no such folder");
    assert!(Database::open(&root, None).unwrap().servers().is_err(), "there is no `audits` at the root");
    assert!(Repo::discover(&root).unwrap().inside(&root.join("data")).is_some_and(|path| path == b"data"));
}

#[test]
fn nothing_is_followed_and_names_that_no_database_can_have_are_told() {
    let git = Fixture::new();
    let blob = git.blob("{}");
    let link = git.blob("../../../../etc/passwd");
    let files = odd();
    let mut items: Vec<Item<'_>> = files.iter().map(|(path, text)| (path.as_bytes(), FILE, git.blob(text))).collect();
    let lone = b"audits/github.com/acme/notes/audits/kim-2025-08-07-001/findings/high-009-link.md";
    items.push((lone, SYMLINK, link));
    items.push((b"audits/github.com/acme/linked", SYMLINK, link));
    items.push((b"audits/github.com/acme/module", SUBMODULE, blob));
    items.push((b"audits/github.com/a b\x1b[2J/x/metadata.json", FILE, blob));
    items.push((b"audits/github.com/acme/notes/audits/README.md", FILE, blob));
    let commit = git.commit(git.tree(&items), &[], 1_765_000_000);
    git.main(commit);
    let database = Database::open(&git.git, None).unwrap();
    let servers = database.servers().unwrap();
    assert_eq!(servers.found.len(), 1);
    assert_eq!(servers.left_out.len(), 3, "{:?}", servers.left_out);
    assert_eq!(database.audits(&servers.found[0]).unwrap().left_out.len(), 1);
    let [entry] = entries(&database).try_into().unwrap();
    assert_eq!(entry.counts.high, 2);
    assert!(entry.problems.iter().any(|problem| problem.starts_with("findings/high-009-link.md is not a plain file")));
    // A folder that lies is as careful.
    let dir = tempfile::TempDir::new().unwrap();
    many_audits::write(dir.path(), &files);
    let outside = tempfile::TempDir::new().unwrap();
    many_audits::write(outside.path(), &small(1, 1));
    std::os::unix::fs::symlink(outside.path().join("audits/gitlab.com"), dir.path().join("audits/gitlab.com")).unwrap();
    let servers = Database::open(dir.path(), None).unwrap().servers().unwrap();
    assert_eq!((servers.found.len(), servers.left_out.len()), (1, 1));
    let link = tempfile::TempDir::new().unwrap();
    std::os::unix::fs::symlink(dir.path().join("audits"), link.path().join("audits")).unwrap();
    assert!(Database::open(link.path(), None).unwrap().servers().is_err());
}

#[test]
fn an_object_that_was_changed_stops_the_reading() {
    let git = Fixture::new();
    let files = odd();
    commit(&git, &files);
    let (_, text) = files.iter().find(|(path, _)| path.ends_with("audit-manifest.json")).unwrap();
    crate::repo_fixture::overwrite(&git.loose(git.blob(text)), b"x");
    let database = Database::open(&git.git, None).unwrap();
    let server = database.servers().unwrap().found.swap_remove(0);
    let audit = database.audits(&server).unwrap().found.swap_remove(0);
    assert!(database.folder_of(&audit, &auditdb::wanted).is_err());
    // A tree that names a blob that is not there.
    let missing: git2::Oid = "1111111111111111111111111111111111111111".parse().unwrap();
    let inner = git.raw_tree(&[(b"audit-manifest.json", FILE, missing)]);
    let mut tree = inner;
    for name in ["kim-2025-08-07-001", "audits", "notes", "acme", "github.com", "audits"] {
        tree = git.raw_tree(&[(name.as_bytes(), FOLDER, tree)]);
    }
    git.main(git.commit(tree, &[], 1));
    let database = Database::open(&git.git, None).unwrap();
    let server = database.servers().unwrap().found.swap_remove(0);
    let audit = database.audits(&server).unwrap().found.swap_remove(0);
    assert!(database.folder_of(&audit, &auditdb::wanted).is_err());
}

#[test]
fn what_contradicts_itself_is_named() {
    let twice =
        entry("jo-2026-01-31-001", &[("audit-manifest.json", r#"{"audit_id": "x", "audit_id": "jo-2026-01-31-001"}"#)]);
    assert!(twice.problems[0].contains("the last of its doubles"), "{:?}", twice.problems);
    assert_eq!(twice.problems.len(), 1);
    let other = entry(
        "jo-2026-01-31-001",
        &[(
            "audit-manifest.json",
            r#"{"auditor": {"github": "kim"}, "findings_summary": {"high": -1, "low": 1e99, "info": "2"}}"#,
        )],
    );
    assert_eq!(other.auditor.login, "jo", "the folder names the auditor");
    assert!(other.problems[0].contains("names the auditor kim"), "{:?}", other.problems);
    assert_eq!(other.problems.iter().filter(|problem| problem.contains("is no number")).count(), 3);
    let none = entry("somewhere", &[("audit-manifest.json", "[]"), ("artifacts/record.json", "{")]);
    assert!(none.problems.iter().any(|problem| problem.contains("is not named")));
    assert!(none.problems.iter().any(|problem| problem.contains("cannot be read as a record")));
    assert_eq!((none.auditor.login.as_str(), none.date()), ("", None));
    // Another tool's file of that name is no record and no problem.
    let foreign = entry(
        "jo-2026-01-31-001",
        &[("audit-manifest.json", "{}"), ("artifacts/record.json", r#"{"predicateType": "theirs"}"#)],
    );
    assert_eq!((foreign.problems.as_slice(), foreign.format), ([].as_slice(), Format::Published));
    let late = entry(
        "jo-2026-01-31-001",
        &[("audit-manifest.json", r#"{"audit_metadata": {"completion_date": "9999-01-01"}}"#)],
    );
    assert_eq!(late.date().as_deref(), Some("2026-01-31"), "no slip makes an audit younger");
    let long = "x".repeat(100_000);
    let long =
        entry("jo-2026-01-31-001", &[("audit-manifest.json", &format!(r#"{{"auditor": {{"name": "{long}"}}}}"#))]);
    assert!(long.auditor.name.unwrap().len() < 1000);
}

#[test]
fn servers_are_named_by_their_place_or_their_url() {
    for text in [
        "github.com/acme/notes",
        "https://github.com/acme/notes.git",
        "git@github.com:acme/notes",
        "github.com/acme/notes/",
    ] {
        assert_eq!(text.parse::<Server>().unwrap().to_string(), SERVER);
    }
    for text in ["", "notes", "a/../b", "github.com/acme", "/etc/passwd"] {
        assert!(text.parse::<Server>().is_err(), "{text}");
    }
}

fn json_like() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2025-08-07T18:30:00Z")),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec![
            "audit_id",
            "auditor",
            "github",
            "name",
            "target",
            "repo_url",
            "findings_summary",
            "high",
            "info",
            "findings_details",
            "revision_notes",
            "original_severity",
            "audit_metadata",
            "completion_date",
            "predicateType",
            "predicate",
            "repository",
            "primary_language",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let value = leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    });
    (value, 0_usize..4000, any::<bool>()).prop_map(|(value, cut, whole)| {
        let text = value.to_string();
        if whole { text } else { text.chars().take(cut).collect() }
    })
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn hostile_audits_are_read_without_a_panic(manifest in json_like(), record in json_like(), finding: String, name: String) {
        let files = [
            ("audit-manifest.json", manifest.as_str()),
            ("artifacts/record.json", &record),
            ("findings/high-001-x.md", &finding),
        ];
        let entry = entry(&name, &files);
        let text = serde_json::to_string(&entry).unwrap();
        proptest::prop_assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        let _ = auditdb::about(Some(manifest.as_bytes()));
        let _ = name.parse::<Server>();
    }
}

#[test]
fn a_folder_that_is_no_database_is_a_sentence() {
    let dir = tempfile::TempDir::new().unwrap();
    let error = Database::open(dir.path(), None).unwrap().servers().unwrap_err();
    assert!(error.message.contains("has no folder `audits`"), "{error}");
    assert!(Database::open(&dir.path().join("nowhere"), None).is_err());
    assert!(Database::open(Path::new("/dev/null"), None).is_err());
}
