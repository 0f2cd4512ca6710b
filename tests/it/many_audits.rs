//! Databases made in code: any number of servers and audits, records and audits written by hand in the shapes that
//! published ones have. The same numbers give the same bytes.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use touchstone::auditdb::{SIGNATURE_FILE, record_files};
use touchstone::model::answer::State;
use touchstone::model::event::{Auditor, EvidenceId, FindingId, Pin, PinKind, Subject, Target, Tool};
use touchstone::model::evidence::{Evidence, External, Kind, Observation, Reachability, Region, RepoPath};
use touchstone::model::finding::{Disclosure, Finding, Severity};
use touchstone::model::hash::{Hex, Sha256};
use touchstone::model::record::{
    Assistance, Audited, Commit, CommitDigest, EvidenceRow, FactRow, FindingBody, FindingRow, Input, ItemRow,
    PREDICATE_TYPE, Record, SCHEMA_VERSION, STANDARD_FILE, STATEMENT_TYPE, Statement, Support, finding_file,
};
use touchstone::model::score::{self, Slot};
use touchstone::model::time::Time;
use touchstone::standards::Loaded;

const LANGUAGES: [&str; 6] = ["TypeScript", "Python", "Go", "Rust", "Java", "C#"];
const TYPES: [&str; 5] = ["data_access", "integration", "code_execution", "search", "automation"];
const LOGINS: [&str; 9] = ["ada", "bo-li", "cy", "dee", "eve-01", "fay", "gus", "hal", "ida"];
const TITLES: [&str; 8] = [
    "Tokens stand in the environment",
    "The server listens on all interfaces",
    "Paths of uploads are not checked",
    "Errors tell more than they should",
    "Dependencies are not pinned",
    "Commands are joined from words",
    "Sessions have identifiers of their own",
    "Traffic is encrypted",
];
/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200;
const DAY: i64 = 86_400;

/// An audit's files, by their path in the database.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A generator of numbers: small, quick, the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// Makes audits.
pub struct Maker {
    loaded: Loaded,
}

impl Maker {
    /// A maker whose records follow the embedded standard without its leads.
    pub fn new(standard_toml: String) -> Maker {
        Maker { loaded: Loaded::from_toml(standard_toml, "light").unwrap() }
    }

    /// Returns the server with this number, `domain/org/repo`.
    pub fn server(index: usize) -> String {
        let domain = if index.is_multiple_of(11) { "gitlab.com" } else { "github.com" };
        format!("{domain}/org-{:03}/server-{index:04}", index % 400)
    }

    /// Returns a server's `metadata.json`.
    pub fn metadata(index: usize) -> Vec<u8> {
        let server = Maker::server(index);
        let (_, name) = server.rsplit_once('/').unwrap();
        let text = json!({
            "repository": {
                "url": format!("https://{server}"),
                "name": name,
                "description": format!("Server number {index}"),
                "primary_language": LANGUAGES[index % LANGUAGES.len()],
                "license": "MIT",
            },
            "mcp_classification": { "server_type": format!("{}_server", TYPES[index % TYPES.len()]) },
            "community_notes": { "kept": true },
        });
        format!("{text:#}\n").into_bytes()
    }

    /// Returns every file of a database of so many servers and audits, a server at a time. Two of five are records.
    pub fn database(&self, servers: usize, audits: usize, mut each: impl FnMut(Files)) {
        for index in 0..servers {
            let mut files = Files::new();
            let dir = format!("audits/{}", Maker::server(index));
            files.insert(format!("{dir}/metadata.json"), Maker::metadata(index));
            let own = audits / servers + usize::from(index < audits % servers);
            for nth in 0..own {
                let number = nth * servers + index;
                files.extend(self.audit(index, number, number % 5 < 2));
            }
            each(files);
        }
    }

    /// Returns the files of an audit; its number decides everything about it.
    pub fn audit(&self, index: usize, number: usize, record: bool) -> Files {
        let mut dice = Dice::new(number as u64 + 1);
        let login = *dice.pick(&LOGINS);
        let at = Time::from_unix(START + DAY * (number as i64 * 7 % 1000) + 3_600 * 10).unwrap();
        let name = format!("{login}-{}-{:03}", at.date(), number % 900 + 1);
        let server = Maker::server(index);
        let findings: Vec<(Severity, &str)> =
            (0..dice.roll(6) + 1).map(|_| (*dice.pick(&Severity::ALL), *dice.pick(&TITLES))).collect();
        let made = if record {
            self.record(&mut dice, &server, &name, login, at, &findings)
        } else {
            published(&mut dice, &server, &name, login, at, &findings)
        };
        made.into_iter().map(|(path, bytes)| (format!("audits/{server}/audits/{name}/{path}"), bytes)).collect()
    }

    fn record(
        &self,
        dice: &mut Dice,
        server: &str,
        name: &str,
        login: &str,
        at: Time,
        findings: &[(Severity, &str)],
    ) -> Files {
        let standard = &self.loaded.standard;
        let modes: Vec<String> = match dice.roll(3) {
            0 => vec!["stdio".to_owned()],
            1 => vec!["http".to_owned()],
            _ => vec!["stdio".to_owned(), "http".to_owned()],
        };
        let slots = |id: &str, per_mode: bool| -> Vec<Slot> {
            if per_mode { modes.iter().map(|mode| Slot::in_mode(id, mode)).collect() } else { vec![Slot::once(id)] }
        };
        let secure = dice.roll(10);
        let mut evidence: Vec<EvidenceRow> = Vec::new();
        let mut items = Vec::new();
        for (dimension, item) in standard.items() {
            for slot in slots(&item.id, dimension.per_mode) {
                let first = slot.mode.as_ref().is_some_and(|mode| item.id == "transport-1" && mode == "stdio");
                let answer = if first || dice.roll(10) < secure { item.secure } else { *dice.pick(&item.accepts) };
                let mut ids = Vec::new();
                if dice.roll(6) == 0 {
                    let id = EvidenceId(u32::try_from(evidence.len() + 1).unwrap());
                    evidence.push(piece(dice, id, at, Subject::Item(slot.clone())));
                    ids.push(id);
                }
                items.push(ItemRow {
                    slot,
                    answer: Some(answer),
                    state: State::of(Some(answer), item.secure),
                    reason: (ids.is_empty() || answer.needs_reason()).then(|| "As the code stands.".to_owned()),
                    support: if ids.is_empty() { Support::Reason } else { Support::Evidence },
                    evidence: ids,
                    note: None,
                    carried: false,
                });
            }
        }
        let mut facts = Vec::new();
        for fact in &standard.facts {
            facts.extend(slots(&fact.id, fact.per_mode).into_iter().map(|slot| FactRow {
                value: Some(dice.pick(&fact.values).id.clone()),
                slot,
                reason: Some("As the code stands.".to_owned()),
                support: Support::Reason,
                evidence: Vec::new(),
                note: None,
                carried: false,
            }));
        }
        let mut rendered = BTreeMap::new();
        let mut numbers: BTreeMap<Severity, usize> = BTreeMap::new();
        let findings = findings.iter().enumerate().map(|(index, (severity, title))| {
            let number = numbers.entry(*severity).or_default();
            *number += 1;
            let file = format!("findings/{}", finding_file(*severity, *number, title));
            rendered.insert(file.clone(), format!("# Finding: {title}\n\n**Severity**: {severity}\n"));
            let mut finding = Finding::new(*title, *severity);
            finding.items = vec!["input-1".to_owned()];
            finding.category = "Input Validation".to_owned();
            finding.cwe = vec!["CWE-20".to_owned()];
            finding.disclosure = severity.needs_disclosure().then_some(Disclosure::Public);
            FindingRow {
                id: FindingId(u32::try_from(index + 1).unwrap()),
                at,
                severity: *severity,
                items: finding.items.clone(),
                advisory: false,
                body: FindingBody::Public { file, finding: Box::new(finding) },
                evidence: Vec::new(),
                carried: false,
            }
        });
        let findings: Vec<FindingRow> = findings.collect();
        rendered
            .insert("security-assessment.md".to_owned(), format!("# {server}\n\n{}", "What was seen.\n".repeat(60)));
        rendered.insert("raw-notes.md".to_owned(), "# Notes\n".to_owned());
        let repo = Target::parse(&format!("https://{server}")).unwrap();
        let pin = Pin {
            kind: PinKind::Commit,
            commit: id(dice),
            tree: id(dice),
            committed_at: Time::from_unix(at.unix() - DAY).unwrap(),
            tags: vec![format!("v1.{}.0", dice.roll(9))],
        };
        let mut record = Record {
            schema_version: SCHEMA_VERSION,
            audit_id: name.to_owned(),
            started_at: Time::from_unix(at.unix() - 7_200).unwrap(),
            sealed_at: at,
            time_spent: 3_600,
            auditor: Auditor {
                login: login.to_owned(),
                name: Some(login.to_uppercase()),
                organization: Some("Example".to_owned()),
                contact: None,
            },
            assistance: Assistance::Human,
            standard: self.loaded.reference(),
            target: Audited { repo: repo.clone(), pin: pin.clone(), scope: Vec::new(), modes, facts },
            parent: None,
            partial: false,
            items,
            score: score::score(standard, &score::Inputs::default()),
            note: None,
            findings,
            evidence,
            coverage: None,
            muted: Vec::new(),
            inputs: vec![Input { file: STANDARD_FILE.to_owned(), sha256: self.loaded.reference().sha256 }],
            supersedes: None,
            tool: Tool { name: "touchstone".to_owned(), version: "0.1.0".to_owned() },
        };
        record.score = score::score(standard, &record.inputs());
        let statement = Statement {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![Commit {
                name: repo.url,
                digest: CommitDigest { git_commit: pin.commit, git_tree: pin.tree },
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: record,
        };
        let mut files = record_files(&statement, &self.loaded.toml, rendered).unwrap();
        if dice.roll(3) > 0 {
            files.insert(SIGNATURE_FILE.to_owned(), b"-----BEGIN SSH SIGNATURE-----\n".to_vec());
        }
        files
    }
}

fn id(dice: &mut Dice) -> Hex<20> {
    Hex(std::array::from_fn(|_| u8::try_from(dice.roll(256)).unwrap()))
}

fn piece(dice: &mut Dice, id: EvidenceId, at: Time, backs: Subject) -> EvidenceRow {
    let kind = match dice.roll(3) {
        0 => Kind::Code {
            regions: vec![Region {
                path: RepoPath::from("src/index.ts"),
                blob: self::id(dice),
                first: 3,
                last: 3 + dice.roll(9),
                start: 100,
                end: 200,
                sha256: Sha256::of([1]),
                commit: None,
            }],
        },
        1 => Kind::External(External { source: "https://example.org".to_owned(), saw: "It says so.".to_owned(), at }),
        _ => Kind::Observation(Observation {
            command: "server --version".to_owned(),
            environment: None,
            at,
            output: "1.0.0\n".to_owned(),
            sha256: Sha256::of("1.0.0\n"),
        }),
    };
    let evidence = Evidence { kind, reachability: Reachability::NotKnown, note: None };
    EvidenceRow { id, taken_at: at, backs: vec![backs], redacted: None, carried: None, evidence }
}

/// An audit as people write it.
fn published(dice: &mut Dice, server: &str, name: &str, login: &str, at: Time, findings: &[(Severity, &str)]) -> Files {
    let mut files = Files::new();
    let mut numbers: BTreeMap<Severity, usize> = BTreeMap::new();
    let shouting = dice.roll(3) == 0;
    for (severity, title) in findings {
        let number = numbers.entry(*severity).or_default();
        *number += 1;
        let file = finding_file(*severity, *number, title);
        let stated = if shouting { severity.word().to_uppercase() } else { severity.word().to_owned() };
        let text = format!(
            "# Finding: {title}\n\n**Finding ID**: {}  \n**Severity**: {stated}  \n**Category**: Input Validation  \n\
             **CWE**: CWE-{} (Named)  \n**CVSS Score**: {}.{}\n\n## Executive Summary\n{}",
            file.trim_end_matches(".md"),
            [20, 22, 78, 200, 798][dice.roll(5)],
            dice.roll(10),
            dice.roll(10),
            "Something is told here that takes a line.\n".repeat(20 + dice.roll(40)),
        );
        files.insert(format!("findings/{file}"), text.into_bytes());
    }
    let count = |severity: &Severity| numbers.get(severity).copied().unwrap_or_default();
    let mut summary: serde_json::Map<String, serde_json::Value> =
        Severity::ALL.iter().map(|one| (one.word().to_owned(), json!(count(one)))).collect();
    summary.insert("total_issues".to_owned(), json!(findings.len() + usize::from(dice.roll(40) == 0)));
    let manifest = json!({
        "audit_id": name,
        "auditor": { "name": login.to_uppercase(), "github": login, "organization": "Independent" },
        "target": {
            "repo_url": format!("https://{server}"),
            "commit_hash": id(dice).to_string(),
            "version": if dice.roll(4) == 0 { "main" } else { "v0.4.0" },
            "audit_scope": ["security"],
        },
        "audit_metadata": {
            "start_date": Time::from_unix(at.unix() - 7_200).unwrap(),
            "completion_date": at,
            "status": "completed",
            "audit_type": if dice.roll(3) == 0 { "automated_scan" } else { "manual_security_review" },
        },
        "findings_summary": summary,
        "community": { "unheard_of": [1, 2, 3] },
    });
    files.insert("audit-manifest.json".to_owned(), format!("{manifest:#}").into_bytes());
    let report = format!("# {server}\n\n{}", "What was seen, and what it means.\n".repeat(100));
    files.insert("security-assessment.md".to_owned(), report.into_bytes());
    files.insert("raw-notes.md".to_owned(), "# Notes\n".repeat(30).into_bytes());
    files
}

/// Writes files below a folder.
pub fn write(dir: &Path, files: &Files) {
    for (path, bytes) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
