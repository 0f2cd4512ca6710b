//! The database as a whole: read from commits and folders, indexed, listed, dumped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use touchstone::auditdb::dump::{AuditLine, EvidenceLine, FindingLine, ItemLine};
use touchstone::auditdb::index::{ByAuditor, ByDate, ByRepo, BySeverity, ServerSummary};
use touchstone::auditdb::{self, AuditDir, Database, Entry, Folder, Format, Part, Server};
use touchstone::model::finding::Severity;
use touchstone::repo::Repo;

use crate::many_audits::{self, Files, Maker};
use crate::repo_fixture::{FILE, FOLDER, Fixture, Item, SUBMODULE, SYMLINK};
use crate::schemas::named;
use crate::support::{Desk, light_standard};

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

/// The schemas of the database's files, by name.
pub fn schemas() -> Vec<(&'static str, Value)> {
    let index = |name: &'static str, title: &str, schema: schemars::Schema| (name, named(schema, name, title, 1));
    vec![
        index("index-by-date", "indexes/by-date.json of an audit database", schemars::schema_for!(ByDate)),
        index("index-by-auditor", "indexes/by-auditor.json of an audit database", schemars::schema_for!(ByAuditor)),
        index("index-by-severity", "indexes/by-severity.json of an audit database", schemars::schema_for!(BySeverity)),
        index("index-by-repo", "indexes/by-repo.json of an audit database", schemars::schema_for!(ByRepo)),
        index("index-server", "A server's summary in an audit database", schemars::schema_for!(ServerSummary)),
        index("dump-audits", "A row of the dump's table of audits", schemars::schema_for!(AuditLine)),
        index("dump-items", "A row of the dump's table of items", schemars::schema_for!(ItemLine)),
        index("dump-findings", "A row of the dump's table of findings", schemars::schema_for!(FindingLine)),
        index("dump-evidence", "A row of the dump's table of evidence", schemars::schema_for!(EvidenceLine)),
    ]
}

/// A checkout of a database: a repository and its work tree.
pub struct Checkout {
    pub git: Fixture,
    pub root: PathBuf,
    pub files: Files,
}

impl Checkout {
    pub fn new(files: Files) -> Checkout {
        let dir = tempfile::TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap().join("db");
        let git = Fixture::at(dir, &root, false);
        let checkout = Checkout { git, root, files: Files::new() };
        many_audits::write(&checkout.root, &files);
        Checkout { files, ..checkout }.commit(Files::new())
    }

    /// Commits these files too, and what lies in the folder of indexes.
    pub fn commit(mut self, more: Files) -> Checkout {
        self.files.extend(more);
        self.files.retain(|path, _| !path.starts_with("indexes/"));
        self.files.extend(
            below(&self.root.join("indexes")).into_iter().map(|(path, bytes)| (format!("indexes/{path}"), bytes)),
        );
        commit(&self.git, &self.files);
        self
    }

    pub fn path(&self) -> &str {
        self.root.to_str().unwrap()
    }
}

/// The files below a folder.
fn below(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![(dir.to_owned(), String::new())];
    while let Some((dir, prefix)) = waiting.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                waiting.push((entry.path(), path + "/"));
            } else {
                found.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn indexes_follow_from_the_audits_and_hold_to_their_schemas() {
    let desk = Desk::new();
    let mut files = small(5, 18);
    files.extend(odd());
    let db = Checkout::new(files.clone());
    let said = desk.ok(["db", "index", db.path()]);
    assert!(said.contains("(what is not committed is not seen)"), "{said}");
    assert!(said.contains("6 servers, 19 audits, 19 of them read now"), "{said}");
    assert!(said.contains("0 as they should be, 10 written, 0 removed"), "{said}");
    let written = below(&db.root.join("indexes"));
    assert_eq!(written.len(), 10);
    // The same from a folder without git, made anew.
    let plain = tempfile::TempDir::new().unwrap();
    many_audits::write(plain.path(), &files);
    assert!(desk.ok(["db", "index", plain.path().to_str().unwrap()]).contains("(not in git)"));
    assert_eq!(below(&plain.path().join("indexes")), written);
    let read = |name: &str| -> Value { serde_json::from_slice(&written[name]).unwrap() };
    let schemas: BTreeMap<&str, Value> = schemas().into_iter().collect();
    for (path, schema) in [
        ("by-date.json", "index-by-date"),
        ("by-auditor.json", "index-by-auditor"),
        ("by-severity.json", "index-by-severity"),
        ("by-repo.json", "index-by-repo"),
        ("servers/github.com/acme/notes.json", "index-server"),
    ] {
        let mut schema = schemas[schema].clone();
        let _ = schema.as_object_mut().unwrap().remove("version");
        let checker = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = checker.iter_errors(&read(path)).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{path}");
    }
    let date = read("by-date.json");
    let dates: Vec<&str> = date["audits"].as_array().unwrap().iter().map(|row| row["date"].as_str().unwrap()).collect();
    assert!(dates.is_sorted() && dates.len() == 19);
    assert_eq!(
        read("by-auditor.json")["auditors"].as_array().unwrap().iter().find(|row| row["login"] == "kim").unwrap()["names"],
        json!(["Kim K."])
    );
    let severity = read("by-severity.json");
    let rows = severity["findings"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["severity"], Value::Null, "what does not say how bad it is stands last");
    assert_eq!(
        rows.len(),
        entries(&Database::open(&db.root, None).unwrap()).iter().map(|one| one.findings.len()).sum::<usize>()
    );
    let notes = read("servers/github.com/acme/notes.json");
    assert_eq!((&notes["latest"], &notes["score"]), (&json!("kim-2025-08-07-001"), &Value::Null));
    assert_eq!(notes["open"], json!({"critical": 0, "high": 1, "medium": 2, "low": 0, "info": 1}));
    assert_eq!(notes["open_findings"].as_array().unwrap().len(), 5, "with the one that does not say how bad it is");
    let repo = read("by-repo.json");
    let scored = repo["servers"].as_array().unwrap().iter().find(|row| !row["audited_score"].is_null()).unwrap();
    let summary = read(scored["summary"].as_str().unwrap().strip_prefix("indexes/").unwrap());
    assert_eq!(summary["score"]["label"], "audited");
    assert_eq!(summary["scored_by"], scored["scored_by"]);
    // What depends on the day is not in them.
    assert!(written.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("expired")));
}

#[test]
fn only_what_changed_is_read_and_written_again() {
    let desk = Desk::new();
    let db = Checkout::new(small(6, 30));
    desk.ok(["db", "index", db.path()]);
    let again = desk.json(["db", "index", db.path()]);
    assert_eq!((&again["read"], &again["written"], &again["same"]), (&json!(0), &json!(0), &json!(10)));
    let untouched = |path: &str| std::fs::metadata(db.root.join("indexes").join(path)).unwrap().modified().unwrap();
    let server = format!("servers/{}.json", Maker::server(5));
    let before = untouched(&server);
    // One more audit of one server.
    let one = Maker::new(light_standard()).audit(2, 7_777, true);
    let db = db.commit(one.clone());
    let changed = desk.json(["db", "index", db.path()]);
    assert_eq!((&changed["read"], &changed["audits"]), (&json!(1), &json!(31)));
    assert_eq!(changed["written"], 5, "four indexes and a summary");
    assert_eq!(std::fs::metadata(db.root.join("indexes").join(&server)).unwrap().modified().unwrap(), before);
    let small = below(&db.root.join("indexes"));
    // From nothing, it is the same; what was kept and is damaged is not believed.
    assert_eq!(desk.json(["db", "index", db.path(), "--fresh"])["read"], 31);
    assert_eq!(below(&db.root.join("indexes")), small);
    let cache = below(&desk.home().join(".cache/touchstone/db"));
    let (name, bytes) = cache.iter().next().unwrap();
    let file = desk.home().join(".cache/touchstone/db").join(name);
    assert!(!String::from_utf8_lossy(bytes).is_empty() && cache.len() == 1);
    for damaged in [&bytes[..bytes.len() / 2], b"{}\n", b"", &[b'{'; 100]] {
        std::fs::write(&file, damaged).unwrap();
        let report = desk.json(["db", "index", db.path()]);
        assert_eq!((&report["written"], &report["read"]), (&json!(0), &json!(31)));
    }
    // An audit that is gone is gone.
    let mut files = db.files.clone();
    files.retain(|path, _| !path.contains(&Maker::server(5)));
    let gone = Checkout { files, ..db }.commit(Files::new());
    let report = desk.json(["db", "index", gone.path()]);
    assert_eq!((&report["read"], &report["removed"], &report["servers"]), (&json!(0), &json!(1), &json!(5)));
    assert!(!gone.root.join("indexes").join(&server).exists());
}

/// Checks the committed indexes and returns what is said.
fn checked(desk: &Desk, db: &Checkout, code: i32) -> String {
    let output = desk.cmd().args(["db", "index", db.path(), "--check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_check_tells_whether_the_committed_indexes_hold() {
    let desk = Desk::new();
    let db = Checkout::new(small(3, 9));
    let said = checked(&desk, &db, 1);
    assert!(said.contains("7 to write"), "{said}");
    desk.ok(["db", "index", db.path()]);
    checked(&desk, &db, 1);
    let db = db.commit(Files::new());
    assert!(checked(&desk, &db, 0).contains("7 as they should be, 0 to write, 0 to remove"));
    // One byte.
    let mut changed = below(&db.root.join("indexes")).into_iter().next().unwrap();
    changed.1[5] ^= 1;
    std::fs::write(db.root.join("indexes").join(&changed.0), &changed.1).unwrap();
    let db = db.commit(Files::new());
    checked(&desk, &db, 1);
    // What is written is what the commit gives: the index heals, and a summary of no server goes.
    std::fs::create_dir_all(db.root.join("indexes/servers/github.com/x")).unwrap();
    std::fs::write(db.root.join("indexes/servers/github.com/x/y.json"), "{}").unwrap();
    let db = db.commit(Files::new());
    checked(&desk, &db, 1);
    let healed = desk.json(["db", "index", db.path()]);
    assert_eq!((&healed["written"], &healed["removed"]), (&json!(1), &json!(1)));
    assert!(!db.root.join("indexes/servers/github.com/x").exists());
    // The commit is read, whichever is asked for; a bare repository needs a folder to write to.
    let out = tempfile::TempDir::new().unwrap();
    let out = out.path().to_str().unwrap();
    desk.ok(["db", "index", db.path(), "--at", "main", "--out", out]);
    assert_eq!(below(&Path::new(out).join("indexes")), below(&db.root.join("indexes")));
    desk.fails(["db", "index", db.path(), "--at", "nowhere"], 3);
    let bare = Fixture::new();
    commit(&bare, &db.files);
    assert!(desk.fails(["db", "index", bare.git.to_str().unwrap()], 2).contains("--out"));
}

#[test]
fn indexes_are_not_written_through_links() {
    let desk = Desk::new();
    let outside = tempfile::TempDir::new().unwrap();
    for place in ["indexes", "indexes/servers", "indexes/by-date.json"] {
        let db = Checkout::new(small(1, 1));
        let link = db.root.join(place);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        let target = outside.path().join("file");
        std::fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(if place.ends_with(".json") { &target } else { outside.path() }, &link).unwrap();
        desk.fails(["db", "index", db.path()], 4);
        assert_eq!(below(outside.path()).len(), 1, "{place}");
        assert_eq!(std::fs::read_to_string(target).unwrap(), "kept");
    }
}

/// Returns the audits that a list names, `server/audit`.
fn listed(desk: &Desk, db: &Checkout, args: &[&str]) -> Vec<String> {
    let report = desk.json(["db", "list", db.path()].iter().chain(args));
    let rows = report["rows"].as_array().unwrap().iter();
    let name = |row: &Value| {
        let part = |key: &str| row["server"][key].as_str().unwrap();
        format!("{}/{}/{}/{}", part("domain"), part("org"), part("repo"), row["audit"].as_str().unwrap())
    };
    let rows: Vec<String> = rows.map(name).collect();
    assert_eq!(report["matches"], rows.len());
    rows
}

#[test]
fn a_list_is_filtered_by_what_the_audits_say() {
    let desk = Desk::new();
    let mut files = small(8, 60);
    files.extend(odd());
    let db = Checkout::new(files);
    let all = entries(&Database::open(&db.root, None).unwrap());
    let about = |entry: &Entry| {
        auditdb::about(db.files.get(&format!("audits/{}/metadata.json", entry.server)).map(Vec::as_slice))
    };
    let day: jiff::civil::Date = "2026-01-31".parse().unwrap();
    let age =
        |entry: &Entry| entry.date().unwrap().parse::<jiff::civil::Date>().unwrap().until(day).unwrap().get_days();
    type Holds<'a> = Box<dyn Fn(&Entry) -> bool + 'a>;
    let score = |holds: fn(&auditdb::ScoreEntry) -> bool| -> Holds<'_> {
        Box::new(move |entry| entry.score.as_ref().is_some_and(holds))
    };
    let cases: Vec<(&[&str], Holds<'_>)> = vec![
        (&[], Box::new(|_| true)),
        (&["--tier", "moderate"], score(|score| score.tier.as_deref() == Some("moderate"))),
        (&["--tier", "At-Risk"], score(|score| score.tier.as_deref() == Some("at_risk"))),
        (&["--score", "50..70"], score(|score| score.headline.low >= 50 && score.headline.high <= 70)),
        (
            &["--level", "transport=stdio"],
            score(|score| score.levels.iter().any(|level| level.dimension == "transport" && level.high == "stdio")),
        ),
        (&["--level", "Local-Only"], score(|score| score.levels.iter().any(|level| level.low == "local_only"))),
        (
            &["--level", "auth=OAuth2", "--level", "data=cloud"],
            score(|score| {
                let at = |dimension: &str, id: &str| {
                    score.levels.iter().any(|one| one.dimension == dimension && one.low == id)
                };
                at("auth", "oauth2") && at("data", "cloud")
            }),
        ),
        (&["--severity", "high"], Box::new(|entry| entry.open().high > 0)),
        (
            &["--severity", "critical", "--severity", "low"],
            Box::new(|entry| entry.open().critical + entry.open().low > 0),
        ),
        (&["--auditor", "Eve-01"], Box::new(|entry| entry.auditor.login == "eve-01")),
        (&["--auditor", "kim k"], Box::new(|entry| entry.auditor.login == "kim")),
        (&["--language", "python"], Box::new(|entry| about(entry).language.as_deref() == Some("Python"))),
        (&["--age", "..400"], Box::new(|entry| age(entry) <= 400)),
        (
            &["--since", "2025-01-01", "--until", "2025-06-30"],
            Box::new(|entry| ("2025-01-01".to_owned()..="2025-06-30".to_owned()).contains(&entry.date().unwrap())),
        ),
        (
            &["--certification", "none"],
            Box::new(|entry| entry.score.as_ref().is_none_or(|score| score.certified.is_none())),
        ),
        (&["--signed"], Box::new(|entry| entry.signature_present)),
        (&["--unsigned"], Box::new(|entry| !entry.signature_present)),
        (&["--expired"], Box::new(|entry| entry.date().unwrap().as_str() < "2025-01-31")),
        (&["--current"], Box::new(|entry| ("2025-01-31".."2026-02").contains(&entry.date().unwrap().as_str()))),
        (
            &["server-0003", "sessions"],
            Box::new(|entry| {
                entry.server.repo == "server-0003"
                    && entry.findings.iter().any(|one| one.title.as_deref().unwrap_or_default().contains("Sessions"))
            }),
        ),
    ];
    for (args, holds) in cases {
        let mut wanted: Vec<String> =
            all.iter().filter(|entry| holds(entry)).map(|entry| format!("{}/{}", entry.server, entry.audit)).collect();
        let mut found = listed(&desk, &db, args);
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{args:?}");
        assert!(!wanted.is_empty() || args.len() == 4, "{args:?} shows nothing");
    }
    for (args, code) in [
        (vec!["--score", "x"], 2),
        (vec!["--severity", "grave"], 2),
        (vec!["--sort", "luck"], 2),
        (vec!["--as-of", "yesterday"], 2),
        (vec!["--signed", "--unsigned"], 2),
    ] {
        desk.fails(["db", "list", db.path()].iter().copied().chain(args), code);
    }
}

#[test]
fn a_list_is_sorted_and_ages_are_reckoned_from_the_day_that_is_given() {
    let desk = Desk::new();
    let db = Checkout::new(small(5, 30));
    let by =
        |args: &[&str]| desk.json(["db", "list", db.path()].iter().chain(args))["rows"].as_array().unwrap().clone();
    let dates: Vec<String> = by(&[]).iter().map(|row| row["date"].as_str().unwrap().to_owned()).collect();
    assert!(dates.is_sorted_by(|a, b| a >= b));
    let reverse: Vec<String> = by(&["--reverse"]).iter().map(|row| row["date"].as_str().unwrap().to_owned()).collect();
    assert!(reverse.is_sorted());
    let scores = by(&["--sort", "score"]);
    let lows: Vec<u64> = scores.iter().filter_map(|row| row["score"]["headline"]["low"].as_u64()).collect();
    assert!(lows.is_sorted() && lows.len() == 12 && scores[..12].iter().all(|row| !row["score"].is_null()));
    let worst = by(&["--sort", "severity"]);
    let critical: Vec<u64> = worst.iter().map(|row| row["open"]["critical"].as_u64().unwrap()).collect();
    assert!(critical.is_sorted_by(|a, b| a >= b));
    assert_eq!(by(&["--latest"]).len(), 5);
    // A year and a day.
    let newest = &dates[0];
    let standing = |day: &str| by(&["--as-of", day, "--max", "1"])[0]["standing"].clone();
    let day: jiff::civil::Date = newest.parse().unwrap();
    let year = jiff::ToSpan::year(1);
    let last = day.checked_add(year).unwrap();
    assert_eq!(standing(&last.to_string()), "current");
    assert_eq!(standing(&last.tomorrow().unwrap().to_string()), "expired");
    assert_eq!(standing(&day.yesterday().unwrap().to_string()), "future");
    // The same day, the same bytes.
    let text = || desk.ok(["db", "list", db.path(), "--as-of", "2026-06-01"]);
    assert_eq!(text(), text());
    assert!(text().lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{}", text());
    assert!(text().contains("AUDITED"));
}

#[test]
fn a_server_and_an_audit_are_shown_by_any_of_their_names() {
    let desk = Desk::new();
    let mut files = small(3, 9);
    files.extend(odd());
    let mut hostile = odd();
    for (path, bytes) in &mut hostile {
        let name = path.replace("acme/notes", "evil/notes");
        if path.ends_with("audit-manifest.json") {
            *bytes = String::from_utf8_lossy(bytes).replace("Kim K.", "Kim \\u001b[2J\\u202e").into_bytes();
        }
        files.insert(name, bytes.clone());
    }
    let db = Checkout::new(files);
    let show = |name: &str| desk.ok(["db", "show", db.path(), name]);
    let whole = show("github.com/acme/notes");
    for name in ["acme/notes", "https://github.com/acme/notes.git", "audits/github.com/acme/notes/"] {
        assert_eq!(show(name), whole);
    }
    assert!(whole.contains("kim-2025-08-07-001") && whole.contains("There is no metadata.json"), "{whole}");
    assert!(whole.contains("high     Keys") && !whole.contains("high-002-binding.md"), "{whole}");
    let audit = show("acme/notes/kim-2025-08-07-001");
    assert!(
        audit.contains("audited score -") && audit.contains("the manifest says: 1 high, 2 medium, 1 info"),
        "{audit}"
    );
    assert!(audit.contains("no longer holds: The manifest says that it was revised"), "{audit}");
    assert!(audit.contains("signature     none"), "{audit}");
    assert!(desk.fails(["db", "show", db.path(), "notes"], 2).contains("github.com/evil/notes"));
    assert!(desk.fails(["db", "show", db.path(), "nowhere"], 3).contains("no server or audit"));
    let hostile = show("evil/notes/kim-2025-08-07-001");
    assert!(hostile.contains("\\u{1b}[2J\\u{202e}") && !hostile.contains('\u{1b}'), "{hostile}");
    let record = desk.json(["db", "list", db.path(), "--tier", "at-risk"])["rows"][0].clone();
    let name = format!("{}/{}", record["server"]["repo"].as_str().unwrap(), record["audit"].as_str().unwrap());
    let record = show(&name);
    assert!(record.contains("audited score\n") && record.contains("separate"), "{record}");
    for text in [&whole, &audit, &record] {
        assert!(text.lines().skip(1).all(|line| unicode_width::UnicodeWidthStr::width(line) <= 100), "{text}");
    }
    let json = desk.json(["db", "show", db.path(), &name]);
    assert_eq!(
        (&json["schema"], &json["entry"]["score"]["label"]),
        (&json!("touchstone.db-audit/1"), &json!("audited"))
    );
}

/// Returns the columns of the dump's tables as its page lists them.
fn column_lists() -> String {
    let mut out = String::new();
    for table in auditdb::dump::tables() {
        out += &format!("### `{}.ndjson`\n\n| column | type | |\n|---|---|---|\n", table.name);
        for (name, kind) in table.columns() {
            let said = table.schema.as_value()["properties"][&name]["description"].as_str().unwrap().to_owned();
            out += &format!("| `{name}` | {kind} | {} |\n", said.replace('|', "\\|"));
        }
        out.push('\n');
    }
    out
}

#[test]
fn the_page_on_the_dump_lists_every_column() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dump.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("cargo test -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- /columns -->").unwrap();
    let wanted = format!("{head}cargo test -->\n{}<!-- /columns -->{tail}", column_lists());
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == wanted, "run the tests with UPDATE_SCHEMAS=1");
}

/// A table's rows.
fn rows(dir: &Path, table: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join(format!("{table}.ndjson"))).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_dump_has_every_column_in_every_row_and_the_same_bytes_each_time() {
    let desk = Desk::new();
    let mut files = small(6, 22);
    files.extend(odd());
    let manifest =
        files.iter_mut().find(|(path, _)| path.ends_with("kim-2025-08-07-001/audit-manifest.json")).unwrap().1;
    *manifest = String::from_utf8_lossy(manifest).replace("Kim K.", "Kim \\u0000\\u202e K.").into_bytes();
    let db = Checkout::new(files.clone());
    let out = desk.dir().join("tables");
    let said = desk.ok(["db", "dump", db.path(), "--format", "ndjson", "--out", out.to_str().unwrap()]);
    assert!(said.contains("23 audits"), "{said}");
    let written = below(&out);
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["audits.ndjson", "duckdb.sql", "evidence.ndjson", "findings.ndjson", "items.ndjson", "postgresql.sql"]
    );
    let schemas: BTreeMap<&str, Value> = schemas().into_iter().collect();
    for table in auditdb::dump::tables() {
        let columns: Vec<String> = table.columns().into_iter().map(|(name, _)| name).collect();
        let mut schema = schemas[format!("dump-{}", table.name).as_str()].clone();
        let _ = schema.as_object_mut().unwrap().remove("version");
        let checker = jsonschema::validator_for(&schema).unwrap();
        let rows = rows(&out, table.name);
        assert!(rows.len() > 20, "{}", table.name);
        for row in rows {
            assert_eq!(row.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), columns, "{}", table.name);
            assert!(checker.is_valid(&row), "{}: {row}", table.name);
        }
    }
    // What can hide or break is escaped; what an engine cannot hold is replaced.
    let text = String::from_utf8(written["audits.ndjson"].clone()).unwrap();
    assert!(text.contains("Kim \u{fffd}\\u202e K.") && !text.contains('\u{202e}'));
    // From a folder, and again: the same.
    let plain = tempfile::TempDir::new().unwrap();
    many_audits::write(plain.path(), &files);
    desk.ok(["db", "dump", plain.path().to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(below(&out), written);
    // Every finding, item and piece of every audit.
    let all = entries(&Database::open(&db.root, None).unwrap());
    assert_eq!(rows(&out, "findings").len(), all.iter().map(|entry| entry.findings.len()).sum::<usize>());
    let records = all.iter().filter(|entry| entry.format == Format::Record);
    let items = rows(&out, "items");
    let expected: usize = records.map(|entry| 25 * entry.modes.len() + 24).sum();
    assert_eq!(items.len(), expected, "24 items and a fact per mode, and 24 items once");
    assert_eq!(rows(&out, "audits").iter().filter(|row| row["latest"] == true).count(), 7);
    desk.fails(["db", "dump", db.path(), "--format", "csv", "--out", "x"], 2);
    desk.fails(["db", "dump", db.path()], 2);
}

/// Tells whether a program is there, loudly where it is not.
fn missing(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    if !there {
        crate::support::skipped(&format!("{program} is not installed, so this test checked nothing"));
    }
    !there
}

#[test]
fn duckdb_answers_as_the_list_does() {
    if missing("duckdb") {
        return;
    }
    let desk = Desk::new();
    let mut files = small(9, 70);
    files.extend(odd());
    let db = Checkout::new(files);
    let out = desk.dir().join("tables");
    desk.ok(["db", "dump", db.path(), "--format", "ndjson", "--out", out.to_str().unwrap()]);
    let duckdb = |args: &[&str], input: &str| {
        let mut command = assert_cmd::Command::new("duckdb");
        let output = command.current_dir(&out).arg("audits.duckdb").args(args).write_stdin(input).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    duckdb(&[], &std::fs::read_to_string(out.join("duckdb.sql")).unwrap());
    let ask = |sql: &str| -> Vec<String> {
        let text = duckdb(&["-noheader", "-list"], &format!("SELECT server || '/' || audit FROM {sql};"));
        let mut found: Vec<String> = text.lines().map(str::to_owned).collect();
        found.sort();
        found
    };
    let list = |args: &[&str]| {
        let mut found = listed(&desk, &db, args);
        found.sort();
        found
    };
    for (args, sql) in [
        (
            &["--tier", "moderate", "--level", "data=local-only"][..],
            "audits WHERE tier = 'moderate' AND data_level = 'local_only'",
        ),
        (
            &["--severity", "critical", "--latest"],
            "(SELECT DISTINCT server, audit FROM findings WHERE severity = 'critical' AND open) JOIN audits USING (server, audit) \
             WHERE latest",
        ),
        (
            &["--expired", "--as-of", "2026-01-31", "--language", "go"],
            "audits WHERE date < DATE '2026-01-31' - INTERVAL 1 YEAR AND language = 'Go'",
        ),
    ] {
        let found = list(args);
        assert!(!found.is_empty(), "{args:?}");
        assert_eq!(ask(sql), found, "{args:?}");
    }
    // What the page asks is understood.
    let page = include_str!("../../docs/dump.md");
    let (_, asked) = page.split_once("```sql\n").unwrap();
    assert!(duckdb(&["-csv"], asked.split_once("```").unwrap().0).lines().count() > 3);
    // Tables without a row load too.
    let empty = Checkout::new(odd());
    desk.ok(["db", "dump", empty.path(), "--out", out.to_str().unwrap()]);
    duckdb(&[], &std::fs::read_to_string(out.join("duckdb.sql")).unwrap());
    assert_eq!(ask("audits"), ["github.com/acme/notes/kim-2025-08-07-001"]);
}
