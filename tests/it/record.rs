//! The record: a whole audit through the commands, exported, verified natively and with ssh-keygen alone, then tampered
//! with in every way that a record can fail.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{Desk, fails, skipped, succeeds};

/// What the clock shows when the record is made; answers are given before.
const SEALED: &str = "2026-01-31T12:00:00Z";
const NAMESPACE: &str = "mcp-audit-record@modelcontextprotocol-security.io";

/// Says loudly that a test did not run, where a program is missing. CI installs them all.
pub fn missing(program: &str) -> bool {
    let there =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|dir| dir.join(program).is_file());
    if !there {
        skipped(&format!("{program} is not installed, so this test checked nothing"));
    }
    !there
}

pub fn run(program: &str, args: &[&str], dir: &Path) {
    let output = Process::new(program).args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a key in a folder and returns its path.
pub fn key(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path.to_str().unwrap()], dir);
    path
}

/// Answers everything that is not answered specially: on a reason, where the answer is not the point.
fn finish(desk: &Desk) {
    desk.ok(["fact", "auth_scheme", "api_key", "--mode", "http", "--evidence", "src/auth.ts:3-11"]);
    desk.ok(["fact", "auth_scheme", "none", "--mode", "stdio", "--search", "process.env", "--in", "src/db.ts"]);
    desk.ok(["answer", "transport-1", "yes", "--mode", "stdio", "--evidence", "src/index.ts:23-25"]);
    desk.ok(["answer", "transport-1", "no", "--mode", "http", "--evidence", "src/index.ts:14-22"]);
    let na = ["transport-2", "transport-3", "transport-4", "transport-5", "transport-7", "transport-8"];
    desk.ok(["answer"].iter().chain(&na).chain(&["na", "--mode", "stdio", "--reason", "stdio only"]));
    desk.ok([
        "answer",
        "transport-2",
        "transport-3",
        "transport-8",
        "no",
        "--mode",
        "http",
        "--search",
        "https|tls",
        "--in",
        "*.ts",
    ]);
    desk.ok([
        "answer",
        "transport-4",
        "transport-7",
        "yes",
        "--mode",
        "http",
        "--search",
        "cors|sse",
        "--in",
        "src/**",
    ]);
    desk.ok(["answer", "transport-5", "yes", "--mode", "http", "--evidence", "src/index.ts:22"]);
    desk.ok(["answer", "transport-6", "auth-5", "yes", "--mode", "all", "--evidence", "README.md:5-6"]);
    desk.ok(["answer", "auth-1", "yes", "--mode", "http", "--reuse", "E1"]);
    desk.ok(["answer", "auth-1", "auth-6", "auth-8", "na", "--mode", "stdio", "--reason", "no credential"]);
    desk.ok(["answer", "auth-2", "auth-3", "na", "--mode", "all", "--reason", "no OAuth, no scopes"]);
    desk.ok(["answer", "auth-4", "yes", "--mode", "all", "--lead", "auth-4.a", "--history", "sk-[a-z]{20}"]);
    desk.ok(["answer", "auth-6", "yes", "--mode", "http", "--evidence", "src/index.ts:17-19"]);
    desk.ok(["answer", "auth-7", "no", "--mode", "http", "--search", "rate.?limit"]);
    desk.ok(["answer", "auth-7", "na", "--mode", "stdio", "--reason", "no credential"]);
    desk.ok(["answer", "auth-8", "no", "--mode", "http", "--search", r"console\.|log\("]);
    let token = ["token-1", "token-2", "token-3", "token-4", "token-5", "token-6", "token-7", "token-8"];
    desk.ok(["answer"].iter().chain(&token).chain(&["na", "--mode", "stdio", "--reason", "no credential"]));
    desk.ok([
        "answer", "token-1", "token-2", "token-3", "token-6", "token-7", "token-8", "no", "--mode", "http", "--reuse",
        "E1",
    ]);
    desk.ok(["answer", "token-4", "yes", "--mode", "http", "--reuse", "E1"]);
    desk.ok(["answer", "token-5", "na", "--mode", "http", "--reason", "no JWT", "--search", "jwt"]);
    desk.ok(["answer", "input-1", "input-2", "no", "--evidence", "src/index.ts:12"]);
    desk.ok(["answer", "input-3", "yes", "--evidence", "src/db.ts:5-7"]);
    desk.ok(["answer", "input-4", "input-8", "na", "--reason", "no path and no URL is taken"]);
    desk.ok(["answer", "input-5", "input-6", "input-7", "no", "--search", "zod|limit", "--in", "src/**"]);
    desk.ok(["answer", "data-1", "yes", "--search", "fetch|https://", "--in", "src/**"]);
    desk.ok(["answer", "data-2", "data-3", "data-7", "data-8", "na", "--reason", "nothing leaves the machine"]);
    desk.ok(["answer", "data-4", "yes", "--reason", "nothing is logged"]);
    desk.ok(["answer", "data-5", "no", "--search", "retention"]);
    desk.ok(["answer", "data-6", "na", "--reason", "no service"]);
    desk.ok(["answer", "dependency-1", "yes", "--evidence", "package.json:5-9"]);
    desk.ok(["answer", "dependency-2", "dependency-3", "unknown", "--reason", "no scanner at hand"]);
    desk.ok(["answer", "dependency-4", "yes", "--path-glob", "package-lock.json"]);
    desk.ok(["answer", "dependency-5", "dependency-7", "no", "--path-glob", "**/.github/**|SECURITY.md"]);
    desk.ok([
        "answer",
        "dependency-6",
        "yes",
        "--external",
        "https://www.npmjs.com/package/express",
        "--saw",
        "released this year",
    ]);
    desk.ok(["answer", "dependency-8", "unknown", "--reason", "not asked"]);
    desk.ok([
        "finding",
        "add",
        "--title",
        "A note's text is run by a shell",
        "--severity",
        "high",
        "--item",
        "input-1",
        "--cwe",
        "CWE-78",
        "--summary",
        "The grep tool builds a shell line.",
        "--evidence",
        "src/index.ts:12",
        "--disclosure",
        "public",
    ]);
    desk.ok([
        "finding",
        "add",
        "--title",
        "Bound SQL",
        "--severity",
        "info",
        "--item",
        "input-3",
        "--evidence",
        "src/db.ts:6",
    ]);
    desk.ok(["note", "input-1", "See F1."]);
}

/// A finished audit, exported and signed, with the files that verification needs.
pub struct Exported {
    /// Where all of it lies; below the build's folder, so that nothing is left elsewhere.
    pub dir: PathBuf,
    /// Where the desk was at which it was made, now gone.
    made_at: PathBuf,
}

impl Exported {
    pub fn key(&self) -> PathBuf {
        self.dir.join("key")
    }

    /// Returns a call of the binary in the clone.
    pub fn cmd(&self) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
        let home = self.dir.join("home");
        command.env_clear().env("HOME", &home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TOUCHSTONE_CLOCK", SEALED).current_dir(self.dir.join("clone"));
        command
    }
}

pub fn exported() -> &'static Exported {
    static EXPORTED: OnceLock<Exported> = OnceLock::new();
    EXPORTED.get_or_init(|| {
        let desk = Desk::open(&["http", "stdio"]);
        finish(&desk);
        let key = key(&desk.dir(), "key");
        std::fs::create_dir(desk.dir().join("db")).unwrap();
        desk.ok(["export", "--db", "../db", "--key", key.to_str().unwrap()]);
        let public = key.with_extension("pub");
        desk.ok(["signers", "add", "jo", public.to_str().unwrap(), "--allowed-signers", "../signers"]);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exported");
        let _ = std::fs::remove_dir_all(&dir);
        run("cp", &["-R", desk.dir().to_str().unwrap(), dir.to_str().unwrap()], &desk.dir());
        Exported { dir, made_at: desk.dir() }
    })
}

/// A copy of the exported database that a test may spoil.
pub struct Copy {
    pub dir: tempfile::TempDir,
    pub record: PathBuf,
    pub signers: PathBuf,
}

pub fn copy() -> Copy {
    let exported = exported();
    let dir = tempfile::TempDir::new().unwrap();
    run("cp", &["-R", exported.dir.join("db").to_str().unwrap(), "db"], dir.path());
    let record = dir.path().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    let signers = dir.path().join("signers");
    std::fs::copy(exported.dir.join("signers"), &signers).unwrap();
    Copy { dir, record, signers }
}

impl Copy {
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.record.join(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.record.join(path), text).unwrap();
    }

    /// Makes the list of digests anew, as a forger would.
    pub fn new_sums(&self) {
        let script = "find . -type f ! -path './artifacts/attestations/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > artifacts/attestations/SHA256SUMS";
        run("bash", &["-c", script], &self.record);
    }

    /// Signs the list of digests with this key and namespace.
    pub fn sign(&self, key: &Path, namespace: &str) {
        let script = format!(
            "ssh-keygen -Y sign -f '{}' -n '{namespace}' < artifacts/attestations/SHA256SUMS > sig && mv sig artifacts/attestations/SHA256SUMS.sig",
            key.display()
        );
        run("bash", &["-c", &script], &self.record);
    }

    /// Verifies, with the clone, and returns the exit code and the reasons.
    pub fn verify(&self) -> (i32, BTreeSet<String>) {
        self.verify_with(&["--repo", "."])
    }

    pub fn verify_with(&self, args: &[&str]) -> (i32, BTreeSet<String>) {
        let mut command = exported().cmd();
        command.arg("verify").arg(&self.record).arg("--allowed-signers").arg(&self.signers).arg("--json").args(args);
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let reasons = report["reasons"].as_array().unwrap();
        let reasons = reasons.iter().map(|reason| reason["reason"].as_str().unwrap().to_owned()).collect();
        (output.status.code().unwrap(), reasons)
    }

    /// Runs the report's own one-liner and tells whether it succeeded.
    fn one_liner(&self) -> bool {
        let report = self.read("security-assessment.md");
        let line = report.lines().find(|line| line.starts_with("( set -o pipefail;")).unwrap();
        let line = line.replace("ALLOWED_SIGNERS", self.signers.to_str().unwrap());
        Process::new("bash").args(["-c", &line]).current_dir(&self.record).output().unwrap().status.success()
    }
}

#[test]
fn a_whole_audit_is_exported_and_verified_natively_and_with_ssh_keygen_alone() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    assert_eq!(copy.verify(), (0, BTreeSet::new()));
    assert!(copy.one_liner(), "the line in the report verifies the record");
    let record: Value = serde_json::from_str(&copy.read("artifacts/record.json")).unwrap();
    // http: http_auth 15, api_key 10, long_lived 8, shell_strings 2, local_only 20; stdio: 20, none 0, no_auth 0, 2, 20.
    let score = &record["predicate"]["score"];
    assert_eq!(score["modes"][0]["total"], json!({ "low": 55, "high": 55 }));
    assert_eq!(score["headline"], json!({ "low": 42, "high": 42 }));
    let manifest: Value = serde_json::from_str(&copy.read("audit-manifest.json")).unwrap();
    let counts = json!({ "critical": 0, "high": 1, "medium": 0, "low": 0, "info": 1, "total_issues": 2 });
    assert_eq!(manifest["findings_summary"], counts);
    assert_eq!(manifest["target"]["version"], "v1.2.0");
    assert!(copy.record.join("findings/high-001-a-note-s-text-is-run-by-a-shell.md").is_file());
    assert!(copy.record.join("findings/info-001-bound-sql.md").is_file());
}

#[test]
fn the_record_names_no_path_or_name_of_the_machine_it_was_made_on() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let home = exported().made_at.clone();
    let home = home.to_str().unwrap();
    let files = Process::new("grep").args(["-rlF", home, "."]).current_dir(&copy.record).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&files.stdout), "");
}

/// One way to spoil a record, and exactly the reasons that verification then gives.
type Tampering = (&'static str, fn(&mut Copy), &'static [&'static str]);

const TAMPERINGS: [Tampering; 12] = [
    (
        "a byte",
        |copy| copy.write("security-assessment.md", &(copy.read("security-assessment.md") + " ")),
        &["file_changed"],
    ),
    ("a deletion", |copy| std::fs::remove_file(copy.record.join("raw-notes.md")).unwrap(), &["file_missing"]),
    ("an addition", |copy| copy.write("artifacts/more.json", "{}"), &["file_added"]),
    ("a symbolic link", |copy| symlink("raw-notes.md", copy.record.join("notes.md")).unwrap(), &["not_a_regular_file"]),
    (
        "line ends",
        |copy| copy.write("raw-notes.md", &copy.read("raw-notes.md").replace('\n', "\r\n")),
        &["line_ends_changed"],
    ),
    (
        "a stripped signature",
        |copy| std::fs::remove_file(copy.record.join("artifacts/attestations/SHA256SUMS.sig")).unwrap(),
        &["unsigned"],
    ),
    ("another namespace", |copy| copy.sign(&exported().key(), "file"), &["wrong_namespace"]),
    ("another key", |copy| copy.sign(&key(copy.dir.path(), "other-key"), NAMESPACE), &["unknown_key"]),
    (
        "an expired key",
        |copy| {
            let line = std::fs::read_to_string(&copy.signers).unwrap();
            let line = line.replace("namespaces=", "valid-before=\"20260131115959Z\",namespaces=");
            std::fs::write(&copy.signers, line).unwrap();
        },
        &["key_expired"],
    ),
    (
        "a swapped folder",
        |copy| {
            let other = copy.record.with_file_name("jo-2026-01-30-001");
            std::fs::rename(&copy.record, &other).unwrap();
            copy.record = other;
        },
        &["wrong_place"],
    ),
    (
        "an edited score with a new list of digests",
        |copy| {
            let text = copy.read("artifacts/record.json");
            let mut record: Value = serde_json::from_str(&text).unwrap();
            record["predicate"]["score"]["headline"] = json!({ "low": 95, "high": 95 });
            copy.write("artifacts/record.json", &format!("{record:#}\n"));
            copy.new_sums();
        },
        &["score_mismatch", "signature_mismatch"],
    ),
    (
        "evidence that is not there, signed by the auditor",
        |copy| {
            let text = copy.read("artifacts/record.json");
            let mut record: Value = serde_json::from_str(&text).unwrap();
            let rows = record["predicate"]["evidence"].as_array_mut().unwrap();
            let code = rows.iter_mut().find(|row| row["kind"] == "code").unwrap();
            code["regions"][0]["sha256"] = "0".repeat(64).into();
            copy.write("artifacts/record.json", &format!("{record:#}\n"));
            copy.new_sums();
            copy.sign(&exported().key(), NAMESPACE);
        },
        &["evidence_does_not_hold"],
    ),
];

#[test]
fn twelve_ways_to_tamper_have_twelve_different_reasons() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let mut seen = BTreeSet::new();
    for (name, spoil, expected) in TAMPERINGS {
        let mut copy = copy();
        spoil(&mut copy);
        let (code, reasons) = copy.verify();
        let expected: BTreeSet<String> = expected.iter().map(|reason| (*reason).to_owned()).collect();
        assert_eq!((code, &reasons), (1, &expected), "{name}");
        assert!(seen.insert(reasons), "{name} has a reason of its own");
        // ssh-keygen alone sees all but what only a derivation, a clone or the place can show.
        let seen_by_all = !matches!(name, "a swapped folder" | "evidence that is not there, signed by the auditor");
        assert_eq!(copy.one_liner(), !seen_by_all, "{name}, with ssh-keygen alone");
    }
}

#[test]
fn a_record_that_lies_about_itself_is_caught_though_its_author_signed_it() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    type Lie = (&'static str, fn(&mut Value), &'static str);
    let lies: [Lie; 9] = [
        ("state", |record| record["items"][0]["state"] = "met".into(), "items_mismatch"),
        (
            "an item left out",
            |record| {
                record["items"].as_array_mut().unwrap().pop();
            },
            "items_mismatch",
        ),
        (
            "an answer that is not accepted",
            |record| {
                let items = record["items"].as_array_mut().unwrap();
                let item = items.iter_mut().find(|row| row["slot"]["id"] == "auth-1").unwrap();
                item["answer"] = "partial".into();
                item["state"] = "partial".into();
            },
            "items_mismatch",
        ),
        (
            "open and finished",
            |record| {
                let item = record["items"].as_array_mut().unwrap().last_mut().unwrap();
                item.as_object_mut().unwrap().remove("answer");
                item["state"] = "open".into();
            },
            "not_final",
        ),
        ("another date", |record| record["sealedAt"] = "2026-02-01T00:00:00Z".into(), "audit_id_mismatch"),
        ("another commit", |record| record["target"]["pin"]["commit"] = "1".repeat(40).into(), "subject_mismatch"),
        ("another standard", |record| record["standard"]["sha256"] = "1".repeat(64).into(), "standard_mismatch"),
        ("a key of our own", |record| record["verified"] = true.into(), "record_malformed"),
        (
            "a finding without its file",
            |record| {
                let finding = record["findings"][1].clone();
                let mut finding = finding;
                finding["id"] = "F9".into();
                finding["body"]["file"] = "findings/info-002-more.md".into();
                record["findings"].as_array_mut().unwrap().push(finding);
            },
            "findings_mismatch",
        ),
    ];
    for (name, lie, expected) in lies {
        let copy = copy();
        let mut record: Value = serde_json::from_str(&copy.read("artifacts/record.json")).unwrap();
        lie(&mut record["predicate"]);
        copy.write("artifacts/record.json", &format!("{record:#}\n"));
        copy.new_sums();
        copy.sign(&exported().key(), NAMESPACE);
        let (code, reasons) = copy.verify_with(&[]);
        assert_eq!(code, 1, "{name}");
        assert!(reasons.contains(expected), "{name}: {reasons:?}");
    }
}

#[test]
fn other_files_that_lie_are_caught_too() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    type Lie = (&'static str, &'static str, fn(&str) -> String, &'static str);
    let lies: [Lie; 5] = [
        ("counts", "audit-manifest.json", |text| text.replace("\"high\": 1", "\"high\": 0"), "manifest_mismatch"),
        ("not JSON", "audit-manifest.json", |_| "{".to_owned(), "manifest_malformed"),
        (
            "a key twice",
            "artifacts/record.json",
            |text| text.replacen("\"_type\"", "\"_type\": \"\", \"_type\"", 1),
            "record_malformed",
        ),
        (
            "a milder standard",
            "artifacts/standard.toml",
            |text| text.replacen("points = 5", "points = 6", 1),
            "standard_mismatch",
        ),
        (
            "a newer record",
            "artifacts/record.json",
            |text| text.replace("\"schemaVersion\": 1", "\"schemaVersion\": 2"),
            "newer_record",
        ),
    ];
    for (name, path, lie, expected) in lies {
        let copy = copy();
        let text = lie(&copy.read(path));
        assert_ne!(text, copy.read(path), "{name}");
        copy.write(path, &text);
        copy.new_sums();
        copy.sign(&exported().key(), NAMESPACE);
        let (code, reasons) = copy.verify_with(&[]);
        assert!(reasons.contains(expected), "{name}: {reasons:?}");
        assert_eq!(code, if expected == "newer_record" { 3 } else { 1 }, "{name}");
    }
}

#[test]
fn a_standard_under_the_embedded_ones_name_is_named_a_forgery() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let toml = copy.read("artifacts/standard.toml").replacen("points = 5", "points = 6", 1);
    copy.write("artifacts/standard.toml", &toml);
    let old = sha256(
        &exported().dir.join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001/artifacts/standard.toml"),
    );
    let new = sha256(&copy.record.join("artifacts/standard.toml"));
    copy.write("artifacts/record.json", &copy.read("artifacts/record.json").replace(&old, &new));
    copy.new_sums();
    copy.sign(&exported().key(), NAMESPACE);
    let (code, reasons) = copy.verify_with(&[]);
    assert_eq!(code, 1);
    assert!(reasons.contains("standard_forged"), "{reasons:?}");
}

fn sha256(path: &Path) -> String {
    let output = Process::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn what_could_not_be_checked_is_neither_true_nor_false() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let copy = copy();
    let desk = exported();
    let record = copy.record.to_str().unwrap();
    let text = succeeds_or(desk.cmd().args(["verify", record]), 3);
    assert!(text.contains("no_allowed_signers") && text.contains("not checked"), "{text}");
    // A clone without the commit.
    let other = Desk::new();
    let empty = other.dir().join("elsewhere");
    run("git", &["init", "-q", empty.to_str().unwrap()], &other.dir());
    let (code, reasons) = copy.verify_with(&["--repo", empty.to_str().unwrap()]);
    assert_eq!((code, reasons.contains("commit_not_here")), (3, true), "{reasons:?}");
    // Without a clone: true, and evidence "not checked".
    let text = succeeds(desk.cmd().args(["verify", record, "--allowed-signers", copy.signers.to_str().unwrap()]));
    assert!(text.ends_with("verified; evidence not checked\n"), "{text}");
    assert!(text.contains("self-declared"), "{text}");
    let at = ["--at", "2026-03-01T00:00:00Z"];
    let text =
        succeeds(desk.cmd().args(["verify", record, "--allowed-signers", copy.signers.to_str().unwrap()]).args(at));
    assert!(text.contains("2026-03-01T00:00:00Z (given)"), "{text}");
    drop(copy.dir);
}

/// Runs a call that must end with this code and returns what it prints.
fn succeeds_or(command: &mut assert_cmd::Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn exporting_again_changes_nothing_and_new_events_supersede() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let desk = Desk::open(&["stdio"]);
    desk.ok(["answer", "input-1", "no", "--evidence", "src/index.ts:12"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let unfinished = desk.fails(["export", "--db", "../db", "--unsigned"], 1);
    assert!(unfinished.contains("not finished") && unfinished.contains("--partial"), "{unfinished}");
    assert!(!desk.dir().join("db/audits").exists(), "nothing is written for a refused export");
    let first = desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert!(first.contains("jo-2026-01-31-001: written") && first.contains("unsigned"), "{first}");
    let record = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    let before = std::fs::read(record.join("artifacts/attestations/SHA256SUMS")).unwrap();
    let again = desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert!(again.contains("nothing changed"), "{again}");
    assert_eq!(std::fs::read(record.join("artifacts/attestations/SHA256SUMS")).unwrap(), before);
    // A day later, into another database: the same bytes.
    std::fs::create_dir(desk.dir().join("db2")).unwrap();
    succeeds(desk.at("2026-02-01T12:00:00Z").args(["export", "--db", "../db2", "--unsigned", "--partial"]));
    let other = desk.dir().join("db2/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    run("diff", &["-r", record.to_str().unwrap(), other.to_str().unwrap()], &desk.dir());
    // Signing adds one file, once.
    let key = key(&desk.dir(), "key");
    desk.ok(["sign", record.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert!(record.join("artifacts/attestations/SHA256SUMS.sig").is_file());
    let twice = desk.fails(["sign", record.to_str().unwrap(), "--key", key.to_str().unwrap()], 1);
    assert!(twice.contains("signed already"), "{twice}");
    desk.ok(["note", "audit", "One thing more."]);
    let next = desk.ok(["export", "--db", "../db", "--key", key.to_str().unwrap(), "--partial"]);
    assert!(next.contains("jo-2026-01-31-002: written") && next.contains("supersedes jo-2026-01-31-001"), "{next}");
    let metadata = std::fs::read_to_string(desk.dir().join("db/audits/github.com/example/notes-mcp/metadata.json"));
    let metadata: Value = serde_json::from_str(&metadata.unwrap()).unwrap();
    assert_eq!(metadata["audit_history"]["total_audits"], 2);
}

#[test]
fn a_record_that_is_there_is_never_overwritten() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let record = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    std::fs::write(record.join("raw-notes.md"), "mine\n").unwrap();
    let refused = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 3);
    assert!(refused.contains("already, with other contents"), "{refused}");
    assert_eq!(std::fs::read_to_string(record.join("raw-notes.md")).unwrap(), "mine\n");
}

#[test]
fn nobody_signs_a_record_that_does_not_hold() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let record = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    std::fs::write(record.join("raw-notes.md"), "edited\n").unwrap();
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let key = key(&desk.dir(), "key");
    let refused = desk.fails(["sign", record.to_str().unwrap(), "--key", key.to_str().unwrap()], 1);
    assert!(refused.contains("does not hold"), "{refused}");
    assert!(!record.join("artifacts/attestations/SHA256SUMS.sig").exists());
}

#[test]
fn metadata_that_people_edit_keeps_every_byte_that_is_not_ours() {
    let desk = Desk::open(&["stdio"]);
    let repo = "db/audits/github.com/example/notes-mcp";
    let before = "{\n   \"repository\": { \"url\":\"x\", \"tags\": [\"a\",   \"b\"] },\n   \"audit_history\": {\n      \"total_audits\": 7,\n      \"last_audit_date\": \"2025-08-07\",\n      \"auditors\": [\n         {\n            \"name\": \"Kurt\", \n            \"github\": \"kurt\"\n         }\n      ]\n   },\n   \"community_notes\": {\"odd\":1.50},\n   \"last_updated\": \"2025-08-07\"\n}";
    let path = desk.file(&format!("{repo}/metadata.json"), before);
    desk.file(&format!("{repo}/audits/kurt-2025-08-07-001/audit-manifest.json"), "{}");
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let after = std::fs::read_to_string(&path).unwrap();
    let expected = before
        .replace("\"total_audits\": 7", "\"total_audits\": 2")
        .replace("\"last_audit_date\": \"2025-08-07\"", "\"last_audit_date\": \"2026-01-31\"")
        .replace("         }\n      ]", "         },\n         {\"name\":\"jo\",\"github\":\"jo\"}\n      ]")
        .replace("\"last_updated\": \"2025-08-07\"", "\"last_updated\": \"2026-01-31\"");
    assert_eq!(after, expected);
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "running again rests");
}

#[test]
fn a_broken_metadata_file_is_left_alone_and_healed_after_it_was_mended() {
    let desk = Desk::open(&["stdio"]);
    let path = desk.file("db/audits/github.com/example/notes-mcp/metadata.json", "{ \"a\": ");
    let said = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 3);
    assert!(said.contains("metadata.json cannot be merged") && said.contains("The record itself is written"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ \"a\": ");
    std::fs::write(&path, "{}\n").unwrap();
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let healed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(healed["audit_history"]["total_audits"], 1);
    assert_eq!(healed["audit_history"]["auditors"][0]["github"], "jo");
}

#[test]
fn a_serious_finding_needs_a_decision_and_a_withheld_one_stays_withheld() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok([
        "finding",
        "add",
        "--title",
        "Very secret hole",
        "--severity",
        "critical",
        "--item",
        "input-1",
        "--description",
        "the hole is xyzzy",
        "--evidence",
        "src/index.ts:12",
    ]);
    let asked = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 1);
    assert!(asked.contains("disclosure: F1"), "{asked}");
    desk.ok(["finding", "edit", "F1", "--disclosure", "withheld:2026-01-30"]);
    let passed = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 1);
    assert!(passed.contains("has passed"), "{passed}");
    desk.ok(["finding", "edit", "F1", "--disclosure", "withheld:2026-06-30"]);
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let record = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    assert!(record.join("findings/critical-001-withheld.md").is_file());
    for secret in ["secret hole", "xyzzy", "src/index.ts"] {
        let found = Process::new("grep").args(["-rl", secret, "."]).current_dir(&record).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{secret}");
    }
    // The commitment is the digest of the journal's line: publishing the line later shows what was withheld.
    let value: Value =
        serde_json::from_str(&std::fs::read_to_string(record.join("artifacts/record.json")).unwrap()).unwrap();
    let commitment = value["predicate"]["findings"][0]["body"]["commitment"].as_str().unwrap().to_owned();
    let journal = String::from_utf8(desk.journal()).unwrap();
    let line = journal.split_inclusive('\n').rfind(|line| line.contains("xyzzy")).unwrap();
    let path = desk.file("line", line);
    assert_eq!(sha256(&path), commitment);
}

#[test]
fn what_looks_like_a_secret_is_not_published_by_accident() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let secret = format!("AKIA{}", "Q3EXQ4EXQ5EXQ6EX");
    let output = desk.file("output", format!("key {secret}\n"));
    desk.ok(["answer", "auth-4", "no", "--observed", output.to_str().unwrap(), "--command", "env"]);
    let refused = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 1);
    assert!(refused.contains("looks like a secret") && refused.contains("E1"), "{refused}");
    assert!(!refused.contains(&secret));
    desk.ok(["evidence", "redact", "E1", "--reason", "a live key"]);
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let found = Process::new("grep").args(["-rl", &secret, "."]).current_dir(desk.dir().join("db")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[test]
fn hostile_text_reaches_no_file_of_a_record_unescaped() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let reason = "look\u{1b}]52;c;aGk=\u{7}\u{202e}\u{200b}\u{e0041}";
    desk.ok(["answer", "data-4", "no", "--reason", reason]);
    desk.ok(["finding", "add", "--title", &format!("x{reason}"), "--severity", "low", "--description", reason]);
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let record = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    let mut waiting = vec![record];
    let mut files = 0;
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let hazard = text.chars().find(|c| "\u{1b}\u{7}\u{202e}\u{200b}\u{e0041}".contains(*c));
            assert_eq!(hazard, None, "{}", path.display());
        }
    }
    assert!(files >= 7, "{files}");
}

#[test]
fn unsafe_databases_and_records_are_refused() {
    let desk = Desk::open(&["stdio"]);
    let said = desk.fails(["export", "--db", "../nowhere", "--unsigned", "--partial"], 3);
    assert!(said.contains("not a folder"), "{said}");
    std::fs::create_dir_all(desk.dir().join("db/audits")).unwrap();
    symlink("/tmp", desk.dir().join("db/audits/github.com")).unwrap();
    desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 4);
    let big = desk.file("record/artifacts/record.json", "");
    let file = std::fs::OpenOptions::new().write(true).open(&big).unwrap();
    file.set_len(65 << 20).unwrap();
    fails(desk.cmd().args(["verify", "../record"]), 4);
}

#[test]
fn a_full_disk_leaves_no_half_record_and_the_next_export_heals() {
    // The limit on a file's size stands in for a full disk: the standard in the record is larger.
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let export = |trap: &str| {
        Process::new("bash")
            .env_clear()
            .envs(desk.environment())
            .current_dir(desk.clone_dir())
            .args(["-c", &format!("{trap} ulimit -f 64; exec \"$0\" export --db ../db --unsigned --partial")])
            .arg(assert_cmd::cargo::cargo_bin!("touchstone"))
            .output()
            .unwrap()
    };
    let audits = desk.dir().join("db/audits/github.com/example/notes-mcp/audits");
    let left = || std::fs::read_dir(&audits).map_or(0, Iterator::count);
    let output = export("trap '' XFSZ;");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("Could not write") && output.stdout.is_empty(), "{said}");
    assert_eq!(left(), 0, "nothing is left of what was begun");
    // Where the system ends the program in the middle, nothing stands under the record's name.
    assert!(!export("").status.success());
    assert!(!audits.join("jo-2026-01-31-001").exists());
    let healed = desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert!(healed.contains("jo-2026-01-31-001"), "{healed}");
    assert!(audits.join("jo-2026-01-31-001/artifacts/record.json").is_file());
    let metadata = desk.dir().join("db/audits/github.com/example/notes-mcp/metadata.json");
    let metadata: Value = serde_json::from_str(&std::fs::read_to_string(metadata).unwrap()).unwrap();
    assert_eq!(metadata["audit_history"]["total_audits"], 1, "a folder that was begun is not counted");
}

#[test]
fn a_database_that_cannot_be_written_is_a_sentence() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::open(&["stdio"]);
    let db = desk.dir().join("db");
    std::fs::create_dir(&db).unwrap();
    std::fs::set_permissions(&db, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(db.join("probe"), "").is_ok() {
        // Permissions do not bind the superuser; a file in the way binds everybody.
        std::fs::remove_file(db.join("probe")).unwrap();
        std::fs::write(db.join("audits"), "").unwrap();
        let said = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 3);
        assert!(said.contains("db/audits"), "{said}");
    } else {
        let said = desk.fails(["export", "--db", "../db", "--unsigned", "--partial"], 3);
        assert!(said.contains("Could not write"), "{said}");
    }
    std::fs::set_permissions(&db, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_lying_author_is_caught_by_what_the_record_says_of_itself() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    type Lie = (&'static str, fn(&mut Value), &'static str);
    let lies: [Lie; 19] = [
        (
            "another repository's URL",
            |statement| {
                statement["predicate"]["target"]["repo"]["url"] = "https://github.com/other/server".into();
                statement["subject"][0]["name"] = "https://github.com/other/server".into();
            },
            "subject_mismatch",
        ),
        (
            "a later commit time",
            |s| s["predicate"]["target"]["pin"]["committedAt"] = "2026-01-30T00:00:00Z".into(),
            "subject_mismatch",
        ),
        ("a milder row", |s| s["predicate"]["findings"][0]["severity"] = "info".into(), "findings_mismatch"),
        ("a row on nothing", |s| s["predicate"]["findings"][0]["items"] = json!([]), "findings_mismatch"),
        (
            "a row on an item that is not there",
            |s| s["predicate"]["findings"][0]["items"] = json!(["input-9"]),
            "findings_mismatch",
        ),
        (
            "no decision",
            |s| drop(s["predicate"]["findings"][0]["body"]["finding"].as_object_mut().unwrap().remove("disclosure")),
            "findings_mismatch",
        ),
        (
            "one number twice",
            |s| {
                let id = s["predicate"]["findings"][0]["id"].clone();
                s["predicate"]["findings"][1]["id"] = id;
            },
            "findings_mismatch",
        ),
        ("evidence of another item", |s| s["predicate"]["items"][0]["evidence"] = json!(["E1"]), "items_mismatch"),
        ("backs nothing", |s| s["predicate"]["evidence"][0]["backs"] = json!([]), "items_mismatch"),
        (
            "a blank reason",
            |s| {
                s["predicate"]["items"].as_array_mut().unwrap().iter_mut().for_each(|row| {
                    if row.get("reason").is_some() {
                        row["reason"] = " ".into();
                    }
                })
            },
            "items_mismatch",
        ),
        ("a key in a piece", |s| s["predicate"]["evidence"][0]["verified"] = true.into(), "record_malformed"),
        ("a key in the score", |s| s["predicate"]["score"]["override"] = "secure".into(), "record_malformed"),
        ("a null", |s| s["predicate"]["supersedes"] = Value::Null, "record_malformed"),
        ("a start after the end", |s| s["predicate"]["startedAt"] = "2027-01-01T00:00:00Z".into(), "times_mismatch"),
        ("more time than there was", |s| s["predicate"]["timeSpent"] = json!(i64::MAX), "times_mismatch"),
        (
            "a piece taken later",
            |s| s["predicate"]["evidence"][0]["takenAt"] = "2031-01-01T00:00:00Z".into(),
            "times_mismatch",
        ),
        (
            "another input",
            |s| s["predicate"]["inputs"].as_array_mut().unwrap().push(json!({"file": "x", "sha256": "0".repeat(64)})),
            "standard_mismatch",
        ),
        ("a scope that is not there", |s| s["predicate"]["target"]["scope"] = json!(["nowhere"]), "scope_mismatch"),
        (
            "a search that nobody can run",
            |s| {
                let rows = s["predicate"]["evidence"].as_array_mut().unwrap();
                let search = rows.iter_mut().find(|row| row["kind"] == "search").unwrap();
                search["query"]["pattern"] = "((".into();
            },
            "evidence_does_not_hold",
        ),
    ];
    for (name, lie, expected) in lies {
        let copy = copy();
        let mut statement: Value = serde_json::from_str(&copy.read("artifacts/record.json")).unwrap();
        lie(&mut statement);
        copy.write("artifacts/record.json", &format!("{statement:#}\n"));
        copy.new_sums();
        copy.sign(&exported().key(), NAMESPACE);
        let (code, reasons) = copy.verify();
        assert_eq!(code, 1, "{name}: {reasons:?}");
        assert!(reasons.contains(expected), "{name}: {reasons:?}");
    }
}

#[test]
fn files_that_a_record_does_not_have_or_lacks_are_named_though_they_are_signed() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    type Lie = (&'static str, fn(&Copy), &'static str);
    let lies: [Lie; 4] = [
        ("a program", |copy| copy.write("artifacts/run.sh", "true\n"), "unexpected_file"),
        ("no attributes", |copy| std::fs::remove_file(copy.record.join(".gitattributes")).unwrap(), "file_missing"),
        ("other attributes", |copy| copy.write(".gitattributes", "* text eol=crlf\n"), "file_changed"),
        (
            "a finished manifest",
            |copy| {
                copy.write("audit-manifest.json", &copy.read("audit-manifest.json").replace("not_certified", "gold"))
            },
            "manifest_mismatch",
        ),
    ];
    for (name, lie, expected) in lies {
        let copy = copy();
        lie(&copy);
        copy.new_sums();
        copy.sign(&exported().key(), NAMESPACE);
        let (code, reasons) = copy.verify_with(&[]);
        assert_eq!(code, 1, "{name}");
        assert!(reasons.contains(expected), "{name}: {reasons:?}");
    }
    // A record younger than the time at which it is said to have been there.
    let (code, reasons) = copy().verify_with(&["--at", "2025-01-01T00:00:00Z"]);
    assert_eq!((code, reasons.contains("sealed_after_given_time")), (1, true), "{reasons:?}");
}

#[test]
fn a_copy_elsewhere_verifies_and_a_counter_signature_does_not_disturb_the_next_export() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let mut copy = copy();
    let elsewhere = copy.dir.path().join("audits").join("jo-2026-01-31-001");
    std::fs::create_dir(elsewhere.parent().unwrap()).unwrap();
    std::fs::rename(&copy.record, &elsewhere).unwrap();
    copy.record = elsewhere;
    assert_eq!(copy.verify(), (0, BTreeSet::new()));
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let key = key(&desk.dir(), "key");
    let export = ["export", "--db", "../db", "--key", key.to_str().unwrap(), "--partial"];
    desk.ok(export);
    let counter = "db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001/artifacts/attestations/kim-2026-02-01-001.json";
    std::fs::write(desk.dir().join(counter), "{}").unwrap();
    let again = desk.ok(export);
    assert!(again.contains("nothing changed"), "{again}");
}

#[test]
fn a_secret_outside_of_evidence_stops_the_export_too_and_a_redaction_takes_all_words() {
    let desk = Desk::open(&["stdio"]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let secret = format!("AKIA{}", "Q3EXQ4EXQ5EXQ6EX");
    let export = ["export", "--db", "../db", "--unsigned", "--partial"];
    desk.ok(["note", "data-5", &format!("saw {secret}")]);
    let refused = desk.fails(export, 1);
    assert!(refused.contains("looks like a secret") && !refused.contains(&secret), "{refused}");
    desk.ok(["note", "data-5", ""]);
    let output = desk.file("output", "fine\n");
    let command = format!("curl -H {secret}");
    desk.ok(["evidence", "add", "--observed", output.to_str().unwrap(), "--command", &command, "--note", &secret]);
    desk.ok(["evidence", "attach", "E1", "data-5"]);
    desk.fails(export, 1);
    desk.ok(["evidence", "redact", "E1", "--reason", "a key"]);
    desk.ok(["answer", "input-1", "no", "--evidence", "src/index.ts:10-14"]);
    desk.ok(["evidence", "redact", "E2", "--reason", "not yet public"]);
    desk.ok(["answer", "input-2", "no", "--evidence", "src/index.ts:12"]);
    let refused = desk.fails(export, 1);
    assert!(refused.contains("E3 shows lines that E2 redacts"), "{refused}");
    desk.ok(["evidence", "detach", "E3", "input-2"]);
    desk.ok(export);
    let found = Process::new("grep").args(["-rl", &secret, "."]).current_dir(desk.dir().join("db")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
