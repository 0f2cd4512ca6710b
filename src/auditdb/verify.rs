//! Verifies a record: its files, its signature, what it derives, and its evidence.
//!
//! Every way to fail has its own stable reason. Rendered Markdown is covered by the digests and never compared with
//! anything, so that a record verifies for as long as its formats are known.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::countersign::{self, Countersigned};
use super::folder::{ATTESTATIONS, Folder, RECORD_FILE, SIGNATURE_FILE, SUMS_FILE, sums};
use super::json::strict;
use super::write::GIT_ATTRIBUTES;
use crate::error::Kind;
use crate::model::event::Target;
use crate::model::hash::Sha256;
use crate::model::record::{PREDICATE_TYPE, Record, SCHEMA_VERSION, STANDARD_FILE, STATEMENT_TYPE, Statement};
use crate::model::score::{self, Score};
use crate::model::target::{path_part, record_name};
use crate::model::time::Time;
use crate::repo::{Check, Repo};
use crate::sign::{self, AllowedSigners};
use crate::standards::{self, Loaded};

/// What to check a record against.
#[derive(Default)]
pub struct Options<'a> {
    /// Keys that are trusted, and for whom. Without them no signature is ever "verified".
    pub signers: Option<&'a AllowedSigners>,
    /// A clone in which the evidence is checked.
    pub clone: Option<&'a Repo>,
    /// When the signature is to have been valid; the record's own time if absent.
    pub at: Option<Time>,
}

/// What verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that was checked holds, and the signer is known.
    Verified,
    /// Something is false.
    Failed,
    /// Nothing was found false, and something that matters could not be checked.
    NotChecked,
}

/// One way in which a record fails, or could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The stable word.
    pub reason: &'static str,
    /// In words.
    pub message: String,
    /// The file or thing that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Nothing was shown to be false; it could not be checked.
    pub could_not_check: bool,
}

/// What is known of the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    /// A signature is there.
    pub present: bool,
    /// The signer is known, and signed exactly these bytes.
    pub verified: bool,
    /// The key's fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Whose key it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// What did the arithmetic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'static str>,
    /// The time at which the key had to be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Where that time comes from: a signature proves a key, not a time.
    pub time_from: &'static str,
}

/// What is known of the evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceCheck {
    /// A clone was given.
    pub checked: bool,
    /// Pieces that hold.
    pub holds: usize,
    /// Pieces that do not.
    pub fails: usize,
    /// Pieces that nobody can check: observations, external sources.
    pub not_checkable: usize,
    /// Pieces that could not be checked here.
    pub could_not: usize,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The record's folder name.
    pub record: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Every way in which it fails, the gravest first.
    pub reasons: Vec<Reason>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// The signature.
    pub signature: SignatureReport,
    /// Counter-signatures of which nothing is false.
    pub countersignatures: Vec<Countersigned>,
    /// The evidence.
    pub evidence: EvidenceCheck,
    /// Who audited what, as the record says; absent where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<Says>,
}

/// Who audited what, as a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Says {
    /// The auditor's login.
    pub login: String,
    /// The repository.
    pub url: String,
    /// The commit.
    pub commit: String,
    /// When it was sealed, by the auditor's clock.
    pub sealed_at: Time,
    /// The standard.
    pub standard: String,
    /// The score as it is derived here from the record's answers.
    pub score: Score,
}

/// Verifies a record's folder.
pub fn verify(folder: &Folder, options: &Options<'_>) -> Report {
    let name = folder.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut check = Checker { folder, options, reasons: Vec::new(), notes: Vec::new() };
    check.files();
    let statement = check.statement();
    let record = statement.as_ref().map(|statement| &statement.predicate);
    let signature = check.signature(record);
    let countersignatures = check.countersignatures(record);
    let mut evidence = EvidenceCheck::default();
    let mut says = None;
    if let Some(statement) = &statement {
        check.place(statement);
        if let Some(score) = check.derived(&statement.predicate) {
            let record = &statement.predicate;
            says = Some(Says {
                login: record.auditor.login.clone(),
                url: record.target.repo.url.clone(),
                commit: record.target.pin.commit.to_string(),
                sealed_at: record.sealed_at,
                standard: format!("{} {}", record.standard.id, record.standard.version),
                score,
            });
        }
        check.manifest(&statement.predicate);
        evidence = check.evidence(&statement.predicate);
    }
    let false_reasons = check.reasons.iter().any(|reason| !reason.could_not_check);
    let verdict = match (false_reasons, check.reasons.is_empty()) {
        (true, _) => Verdict::Failed,
        (false, false) => Verdict::NotChecked,
        (false, true) => Verdict::Verified,
    };
    check.reasons.sort_by_key(|reason| reason.could_not_check);
    let (reasons, notes) = (check.reasons, check.notes);
    Report { record: name, verdict, reasons, notes, signature, countersignatures, evidence, says }
}

pub(super) struct Checker<'a> {
    pub folder: &'a Folder,
    options: &'a Options<'a>,
    reasons: Vec<Reason>,
    pub notes: Vec<String>,
}

impl Checker<'_> {
    pub fn fail(&mut self, reason: &'static str, about: Option<&str>, message: impl Into<String>) {
        let about = about.map(str::to_owned);
        self.reasons.push(Reason { reason, message: message.into(), about, could_not_check: false });
    }

    pub fn could_not(&mut self, reason: &'static str, about: Option<&str>, message: impl Into<String>) {
        let about = about.map(str::to_owned);
        self.reasons.push(Reason { reason, message: message.into(), about, could_not_check: true });
    }

    /// The folder holds exactly the files whose digests are listed, and nothing strange.
    fn files(&mut self) {
        let folder = self.folder;
        for path in &folder.strange {
            self.fail(
                "not_a_regular_file",
                Some(path),
                "A record holds plain files only, named with letters, digits, `.`, `_` and `-`.",
            );
        }
        for path in folder.files.keys().filter_map(|path| path.strip_prefix(ATTESTATIONS)) {
            let stem = path.strip_suffix(".json").or_else(|| path.strip_suffix(".sig"));
            let known =
                matches!(path, "SHA256SUMS" | "SHA256SUMS.sig") || stem.is_some_and(|stem| record_name(stem).is_some());
            if !known {
                self.fail("unexpected_file", Some(path), "The signature does not cover artifacts/attestations/, so it holds only SHA256SUMS, its signature and counter-signatures.");
            }
        }
        if folder.files.get(".gitattributes").is_some_and(|text| text != GIT_ATTRIBUTES.as_bytes()) {
            self.fail("file_changed", Some(".gitattributes"), "The file does not keep git from rewriting the record.");
        }
        for path in folder.files.keys() {
            let known = REQUIRED.contains(&path.as_str())
                || ["findings/", "artifacts/scans/", ATTESTATIONS].iter().any(|start| path.starts_with(start));
            let listed = folder.files.get(SUMS_FILE).is_some_and(|list| names(list, path));
            // What is not even listed is named below.
            if !known && listed {
                self.fail("unexpected_file", Some(path), "A record does not have this file.");
            }
        }
        for path in REQUIRED {
            if !folder.files.contains_key(path) {
                self.fail("file_missing", Some(path), "Every record has this file.");
            }
        }
        let Some(list) = folder.files.get(SUMS_FILE) else { return };
        if *list == sums(&folder.files).into_bytes() {
            return;
        }
        let Some(listed) = parse_sums(list) else {
            self.fail(
                "sums_malformed",
                Some(SUMS_FILE),
                "The list of digests is not one that sha256sum writes for sorted paths.",
            );
            return;
        };
        let mut explained = false;
        for (path, bytes) in folder.files.iter().filter(|(path, _)| !path.starts_with(ATTESTATIONS)) {
            let Some(expected) = listed.get(path) else {
                self.fail("file_added", Some(path), "The list of digests does not name this file.");
                explained = true;
                continue;
            };
            if Sha256::of(bytes) != *expected {
                explained = true;
                if Sha256::of(without_carriage_returns(bytes)) == *expected {
                    self.fail(
                        "line_ends_changed",
                        Some(path),
                        "The line ends were rewritten (CR LF); check out with the folder's .gitattributes.",
                    );
                } else {
                    self.fail("file_changed", Some(path), "The file is not the one whose digest is listed.");
                }
            }
        }
        for path in listed.keys().filter(|path| !folder.files.contains_key(*path)) {
            // A required file that is gone was named above.
            if !self.reasons.iter().any(|reason| reason.about.as_ref() == Some(path)) {
                self.fail("file_missing", Some(path), "The list of digests names this file.");
            }
            explained = true;
        }
        if !explained {
            self.fail("sums_malformed", Some(SUMS_FILE), "The list of digests is not in the order of sorted paths.");
        }
    }

    fn statement(&mut self) -> Option<Statement> {
        let bytes = self.folder.files.get(RECORD_FILE)?;
        let value = match strict(bytes) {
            Ok(value) => value,
            Err(why) => {
                self.fail("record_malformed", Some(RECORD_FILE), format!("It is not JSON without doubles: {why}."));
                return None;
            }
        };
        let version = value.pointer("/predicate/schemaVersion").and_then(Value::as_u64);
        if version.is_some_and(|version| version > u64::from(SCHEMA_VERSION)) {
            self.could_not(
                "newer_record",
                Some(RECORD_FILE),
                "The record has a newer format than this program knows; use a newer touchstone.",
            );
            return None;
        }
        match serde_json::from_value::<Statement>(value.clone()) {
            // Whatever this program would not have written is something that another reader might take for real.
            Ok(statement) if serde_json::to_value(&statement).ok().as_ref() != Some(&value) => {
                self.fail("record_malformed", Some(RECORD_FILE), "It holds keys or forms that a record does not have.");
                None
            }
            Ok(statement) => Some(statement),
            Err(error) => {
                self.fail("record_malformed", Some(RECORD_FILE), format!("It is not a record: {error}."));
                None
            }
        }
    }

    fn signature(&mut self, record: Option<&Record>) -> SignatureReport {
        let time_from = match self.options.at {
            Some(_) => "given",
            None => "self-declared",
        };
        let mut report = SignatureReport {
            present: false,
            verified: false,
            fingerprint: None,
            principal: None,
            by: None,
            at: None,
            time_from,
        };
        let Some(armor) = self.folder.files.get(SIGNATURE_FILE) else {
            self.fail(
                "unsigned",
                Some(SIGNATURE_FILE),
                "The record has no signature. Its author runs `touchstone sign`.",
            );
            return report;
        };
        report.present = true;
        let (Some(list), Some(record)) = (self.folder.files.get(SUMS_FILE), record) else { return report };
        let at = self.options.at.unwrap_or(record.sealed_at);
        report.at = Some(at);
        if at < record.sealed_at {
            self.fail(
                "sealed_after_given_time",
                None,
                format!("The record says that it was sealed at {}, after the given time.", record.sealed_at),
            );
        }
        let login = &record.auditor.login;
        let Some(signers) = self.options.signers else {
            match sign::check_own(list, armor, sign::NAMESPACE_RECORD) {
                Ok(fingerprint) => {
                    report.fingerprint = Some(fingerprint);
                    self.could_not(
                        "no_allowed_signers",
                        None,
                        format!("The signature fits its own key; whether that key is {login}'s was not checked. Pass --allowed-signers, or `touchstone signers add {login} FILE`."),
                    );
                }
                Err(refusal) => self.refused(&refusal),
            }
            return report;
        };
        match sign::verify(list, armor, sign::NAMESPACE_RECORD, login, signers, at) {
            Ok(verified) => {
                report.verified = true;
                report.fingerprint = Some(verified.fingerprint);
                report.principal = Some(verified.principal);
                report.by = Some(verified.by);
            }
            Err(refusal) => self.refused(&refusal),
        }
        report
    }

    /// Others' signatures over the same digests. One that is false fails the record, which holds a false claim then; one by
    /// a key that nobody listed says nothing.
    fn countersignatures(&mut self, record: Option<&Record>) -> Vec<Countersigned> {
        let id = record.map(|record| record.audit_id.as_str());
        let mut good = Vec::new();
        for one in countersign::check(self.folder, id, self.options.signers, self.options.at) {
            match one {
                Ok(one) => good.push(one),
                Err((reason, file, message)) => self.fail(reason, Some(&file), message),
            }
        }
        if let Some(own) = record.and_then(|record| good.iter().find(|one| one.login == record.auditor.login)) {
            self.notes.push(format!("{} is by the auditor, so it adds nothing.", own.file));
        }
        good
    }

    fn refused(&mut self, refusal: &sign::Refusal) {
        if refusal.could_not_check() {
            self.could_not(refusal.reason(), Some(SIGNATURE_FILE), refusal.to_string());
        } else {
            self.fail(refusal.reason(), Some(SIGNATURE_FILE), refusal.to_string());
        }
    }

    /// The folder lies where its contents say it belongs, and the names inside agree with each other.
    fn place(&mut self, statement: &Statement) {
        let record = &statement.predicate;
        let target = &record.target.repo;
        if statement.statement_type != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
            self.fail("record_malformed", Some(RECORD_FILE), "The statement or its predicate has another type.");
        }
        let pin = &record.target.pin;
        let fits = statement.subject.len() == 1
            && statement.subject.iter().all(|subject| {
                subject.name == target.url
                    && subject.digest.git_commit == pin.commit
                    && subject.digest.git_tree == pin.tree
            });
        if !fits {
            self.fail("subject_mismatch", Some(RECORD_FILE), "The statement's subject is not the audited commit.");
        }
        if Target::parse(&target.url).as_ref() != Ok(target) {
            self.fail(
                "subject_mismatch",
                Some(RECORD_FILE),
                "The URL names another repository than the record's place.",
            );
        }
        let parts = [&target.domain, &target.org, &target.repo, &record.auditor.login];
        let named = record_name(&record.audit_id);
        if !parts.iter().all(|part| path_part(part))
            || named.is_none_or(|(login, date, _)| login != record.auditor.login || date != record.sealed_at.date())
        {
            self.fail(
                "audit_id_mismatch",
                Some(RECORD_FILE),
                "The audit's id is not made of the auditor's login and the UTC date of its seal.",
            );
        }
        let expected =
            ["audits", &target.domain, &target.org, &target.repo, "audits", &record.audit_id].map(std::ffi::OsStr::new);
        let actual: Vec<&std::ffi::OsStr> = self.folder.path.iter().collect();
        let name = actual.last().copied() == expected.last().copied();
        let above = |levels: usize| {
            actual.len().checked_sub(levels).and_then(|at| actual.get(at)).is_some_and(|part| *part == "audits")
        };
        let in_database = above(2) && above(6);
        if name && !in_database {
            self.notes.push("The folder lies outside a database, so its place says nothing.".to_owned());
        } else if !actual.ends_with(&expected) {
            let expected: Vec<String> = expected.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            self.fail("wrong_place", None, format!("The record belongs in {}.", expected.join("/")));
        }
    }

    /// The standard is the one named, and what the record derives from its answers is derived again.
    fn derived(&mut self, record: &Record) -> Option<Score> {
        let toml = self.folder.files.get(STANDARD_FILE)?;
        let digest = Sha256::of(toml);
        let listed = record.inputs.len() == 1
            && record.inputs.iter().all(|input| input.file == STANDARD_FILE && input.sha256 == digest);
        if digest != record.standard.sha256 || !listed {
            self.fail(
                "standard_mismatch",
                Some(STANDARD_FILE),
                "The standard is not the one whose digest the record names.",
            );
            return None;
        }
        let published = standards::published().iter().any(|(_, sha256)| *sha256 == digest);
        let text = String::from_utf8_lossy(toml).into_owned();
        let read = if published { Loaded::from_known_toml } else { Loaded::from_toml };
        let loaded = match read(text, STANDARD_FILE) {
            Ok(loaded) => loaded,
            Err(error) => {
                let first = error.hints.first().cloned().unwrap_or_default();
                self.fail("standard_malformed", Some(STANDARD_FILE), format!("{} {first}", error.message));
                return None;
            }
        };
        let standard = &loaded.standard;
        if (standard.id.as_str(), standard.version.as_str())
            != (record.standard.id.as_str(), record.standard.version.as_str())
        {
            self.fail(
                "standard_mismatch",
                Some(STANDARD_FILE),
                "The standard has another id or version than the record names.",
            );
        }
        if standard.id == standards::BUILT_IN && !published {
            self.fail(
                "standard_forged",
                Some(STANDARD_FILE),
                "The standard bears the id of the embedded one and is none of its published versions.",
            );
        } else if !published {
            self.notes.push(format!(
                "The standard {} {} is the auditor's own, not a published one.",
                standard.id, standard.version
            ));
        }
        self.rows(record, &loaded);
        self.findings(record, &loaded);
        self.mutes(record, &loaded);
        self.carried(record);
        self.times(record);
        self.coverage(record);
        let score = score::score(standard, &record.inputs());
        if score != record.score {
            self.fail(
                "score_mismatch",
                Some(RECORD_FILE),
                format!("The record says {} of 100; its answers give {}.", record.score.headline, score.headline),
            );
        }
        self.notes.push(
            "The reports for people are covered by the digests; their text was not compared with the record."
                .to_owned(),
        );
        if !record.target.scope.is_empty() {
            let scope: Vec<_> = record.target.scope.iter().map(|path| path.lossy()).collect();
            self.notes.push(format!("Only a part was audited: {}.", scope.join(", ")));
        }
        for conflict in &score.contradictions {
            let slots: Vec<String> = conflict.slots.iter().map(ToString::to_string).collect();
            self.notes.push(format!("Contradiction: {} ({})", conflict.text, slots.join(", ")));
        }
        Some(score)
    }

    fn evidence(&mut self, record: &Record) -> EvidenceCheck {
        let not_checkable = record.evidence.iter().filter(|row| !row.evidence.checkable()).count();
        let mut report = EvidenceCheck { not_checkable, ..EvidenceCheck::default() };
        let Some(clone) = self.options.clone else { return report };
        let pinned = &record.target.pin;
        let pin = match clone.pin(pinned.commit, &record.target.scope) {
            Ok(pin) => pin,
            Err(error) if error.kind == Kind::False => {
                self.fail("scope_mismatch", Some(RECORD_FILE), error.message);
                return report;
            }
            Err(error) => {
                self.could_not("commit_not_here", None, error.message);
                return report;
            }
        };
        report.checked = true;
        if (pin.commit(), pin.tree(), pin.committed_at()) != (pinned.commit, pinned.tree, pinned.committed_at) {
            self.fail(
                "subject_mismatch",
                Some(RECORD_FILE),
                "The commit has another id, tree or time than the record says.",
            );
        }
        self.coverage_at(record, &pin);
        self.carried_at(record, clone);
        for row in &record.evidence {
            let about = row.id.to_string();
            match pin.check(&row.evidence) {
                Check::Holds => report.holds += 1,
                Check::NotCheckable => {}
                Check::Fails(why) => {
                    report.fails += 1;
                    self.fail("evidence_does_not_hold", Some(&about), why);
                }
                Check::CouldNot(why) => {
                    report.could_not += 1;
                    self.could_not("evidence_not_checked", Some(&about), why);
                }
            }
        }
        report
    }
}

/// The files that every record has.
const REQUIRED: [&str; 7] = [
    ".gitattributes",
    "audit-manifest.json",
    "security-assessment.md",
    "raw-notes.md",
    RECORD_FILE,
    STANDARD_FILE,
    SUMS_FILE,
];

/// Tells whether a list of digests names a path.
fn names(list: &[u8], path: &str) -> bool {
    parse_sums(list).is_some_and(|listed| listed.contains_key(path))
}

/// Reads a list of digests. `None` where a line has another form.
fn parse_sums(list: &[u8]) -> Option<BTreeMap<String, Sha256>> {
    let text = std::str::from_utf8(list).ok()?;
    text.strip_suffix('\n')?
        .split('\n')
        .map(|line| {
            let (digest, path) = line.split_once("  ./")?;
            Some((path.to_owned(), digest.parse().ok()?))
        })
        .collect()
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}
