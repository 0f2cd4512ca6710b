//! What one audit says, in short: the same for a record of ours and for an audit that was written by hand.
//!
//! Nothing in an audit is trusted to have the form that it should: what cannot be read is named among the entry's
//! problems, and the rest is read all the same. What an audit does not say is absent here, never guessed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::database::{AuditDir, Part, Server};
use super::folder::{RECORD_FILE, SIGNATURE_FILE};
use super::json::strict;
use crate::model::finding::Severity;
use crate::model::record::{FindingBody, PREDICATE_TYPE, Record, Statement};
use crate::model::score::{DimensionScore, Range, Score};
use crate::model::target::record_name;
use crate::model::time::Time;

/// The most bytes that are read of a manifest, of `metadata.json` or of a finding; of a record.
const SMALL: u64 = 1 << 20;
const LARGE: u64 = 16 << 20;
/// The most characters that an entry takes of a text.
const CLIP: usize = 300;
/// The most problems that an entry names, and CWEs of a finding.
const MANY: usize = 50;
/// A finding's fields stand at its top.
const HEAD_LINES: usize = 40;

/// Which of the two kinds an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// It holds a record that a machine can check: `artifacts/record.json`.
    Record,
    /// It is written for people, with a manifest.
    Published,
}

/// Who audited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Who {
    /// The login that the folder is named after; the manifest's where the folder's name has none.
    pub login: String,
    /// The name.
    pub name: Option<String>,
    /// The organization.
    pub organization: Option<String>,
}

/// What was audited, as the audit says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetSaid {
    /// The repository.
    pub url: Option<String>,
    /// The commit; not always a whole hash.
    pub commit: Option<String>,
    /// The version; not always a tag.
    pub version: Option<String>,
}

/// When the audit was made, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dates {
    /// The date in the folder's name.
    pub folder: Option<String>,
    /// When it began.
    pub started: Option<Time>,
    /// When it was completed; a record: when it was sealed.
    pub completed: Option<Time>,
}

/// How many findings there are, by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Critical.
    pub critical: u32,
    /// High.
    pub high: u32,
    /// Medium.
    pub medium: u32,
    /// Low.
    pub low: u32,
    /// For information; also strengths.
    pub info: u32,
}

impl Counts {
    /// Returns the number of a severity.
    pub fn of(&self, severity: Severity) -> u32 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
        }
    }

    fn slot(&mut self, severity: Severity) -> &mut u32 {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        }
    }

    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        let slot = self.slot(severity);
        *slot = slot.saturating_add(1);
    }

    /// Returns how many there are together.
    pub fn total(&self) -> u32 {
        Severity::ALL.into_iter().fold(0, |sum, severity| sum.saturating_add(self.of(severity)))
    }
}

/// A finding, by its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingEntry {
    /// The file in the audit's folder.
    pub file: String,
    /// The severity in the file's name; absent where the name has none.
    pub severity: Option<Severity>,
    /// The severity as its text has it, such as "Medium (Revised from High)".
    pub stated: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// CWEs, such as `CWE-78`.
    pub cwe: Vec<String>,
    /// The CVSS score or vector, as it stands there.
    pub cvss: Option<String>,
    /// Items of the standard that it bears on; only a record says.
    pub items: Vec<String>,
    /// Why the finding no longer holds, where the audit says so: it was superseded or withdrawn, and left in place.
    pub superseded: Option<String>,
    /// Until when its text is withheld (`YYYY-MM-DD`).
    pub withheld: Option<String>,
    /// The manifest's list of findings names it; absent where there is no such list.
    pub listed: Option<bool>,
}

impl FindingEntry {
    /// Returns a finding with nothing filled in but its file and severity.
    fn new(file: &str, severity: Option<Severity>) -> FindingEntry {
        FindingEntry {
            file: file.to_owned(),
            severity,
            stated: None,
            title: None,
            category: None,
            cwe: Vec::new(),
            cvss: None,
            items: Vec::new(),
            superseded: None,
            withheld: None,
            listed: None,
        }
    }

    /// Returns a finding of which a record says only that it was withdrawn; it has no file.
    pub(super) fn withdrawn(severity: Severity, reason: &str) -> FindingEntry {
        let superseded = Some(format!("Withdrawn: {reason}"));
        FindingEntry { superseded, ..FindingEntry::new("", Some(severity)) }
    }

    /// Tells whether it still holds.
    pub fn open(&self) -> bool {
        self.superseded.is_none()
    }
}

/// Where a dimension stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// The dimension.
    pub dimension: String,
    /// The mode; absent for a dimension that has a score of its own.
    pub mode: Option<String>,
    /// The lowest level that is still possible.
    pub low: String,
    /// The highest; the same where everything is answered.
    pub high: String,
    /// Their points.
    pub points: Range,
}

/// The score that a record gives itself. Verification derives it again; an entry does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreEntry {
    /// Who says so: always `audited`. A server author's own score is never shown as one.
    pub label: String,
    /// The headline: the weakest mode's.
    pub headline: Range,
    /// The tier, where it is settled.
    pub tier: Option<String>,
    /// Items met.
    pub met: u32,
    /// Items that apply.
    pub applicable: u32,
    /// The certificate, if one is reached.
    pub certified: Option<String>,
    /// Every dimension, per mode, and those with a score of their own.
    pub levels: Vec<Level>,
}

/// One audit, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The server.
    pub server: Server,
    /// The audit's folder.
    pub audit: String,
    /// A record, or written by hand.
    pub format: Format,
    /// Who audited.
    pub auditor: Who,
    /// What was audited.
    pub target: TargetSaid,
    /// When.
    pub dates: Dates,
    /// The status, as the manifest has it.
    pub status: Option<String>,
    /// The type of audit, as the manifest has it.
    pub audit_type: Option<String>,
    /// Modes that the server ships; only a record says.
    pub modes: Vec<String>,
    /// Findings by the names of their files, those that no longer hold among them.
    pub counts: Counts,
    /// What the manifest says of the same.
    pub claimed: Option<Counts>,
    /// Findings, sorted by file.
    pub findings: Vec<FindingEntry>,
    /// The score; only a record has one.
    pub score: Option<ScoreEntry>,
    /// The standard and its version; only a record says.
    pub standard: Option<String>,
    /// A signature is there. Whether it is good, and whose, only verification says.
    pub signature_present: bool,
    /// The audit that this one supersedes.
    pub supersedes: Option<String>,
    /// Not finished: items are open.
    pub partial: bool,
    /// What could not be read, or contradicts itself, a sentence each.
    pub problems: Vec<String>,
}

impl Entry {
    /// Returns the date that an audit's age is measured from, as `YYYY-MM-DD`: of the folder's name and the completion
    /// the earlier, so that no slip of the pen makes an audit younger.
    pub fn date(&self) -> Option<String> {
        let completed = self.dates.completed.map(Time::date);
        match (self.dates.folder.clone(), completed) {
            (Some(folder), Some(completed)) => Some(folder.min(completed)),
            (folder, completed) => folder.or(completed),
        }
    }

    /// Returns how many findings still hold, by severity.
    pub fn open(&self) -> Counts {
        let mut counts = Counts::default();
        for severity in self.findings.iter().filter(|finding| finding.open()).filter_map(|finding| finding.severity) {
            counts.add(severity);
        }
        counts
    }

    /// Returns the audit's folder in a database, with `/`.
    pub fn folder(&self) -> String {
        format!("{}/audits/{}", self.server.folder(), self.audit)
    }

    fn problem(&mut self, text: impl Into<String>) {
        if self.problems.len() < MANY {
            self.problems.push(text.into());
        }
    }
}

/// An audit read for its entry, with what it was read from: keys that an entry does not know are still there.
#[derive(Debug, Clone)]
pub struct Reading {
    /// In short.
    pub entry: Entry,
    /// `audit-manifest.json`, where it is JSON.
    pub manifest: Option<Value>,
    /// The record, where there is one that this program understands.
    pub record: Option<Box<Statement>>,
}

/// Returns how many bytes of an audit's file its entry wants at most; `None` for a file that it does not want.
pub fn wanted(path: &str) -> Option<u64> {
    match path {
        RECORD_FILE => Some(LARGE),
        "audit-manifest.json" | SIGNATURE_FILE => Some(SMALL),
        path if finding_name(path).is_some() => Some(SMALL),
        _ => None,
    }
}

/// Returns the name of a file that lies in the folder of findings.
fn finding_name(path: &str) -> Option<&str> {
    path.strip_prefix("findings/").filter(|name| !name.contains('/') && name.ends_with(".md"))
}

/// Reads an audit from its files; others than the entry needs may be missing.
pub fn read(dir: &AuditDir, part: &Part) -> Reading {
    let folder = &part.folder;
    let mut entry = Entry {
        server: dir.server.clone(),
        audit: dir.audit.clone(),
        format: Format::Published,
        auditor: Who::default(),
        target: TargetSaid::default(),
        dates: Dates::default(),
        status: None,
        audit_type: None,
        modes: Vec::new(),
        counts: Counts::default(),
        claimed: None,
        findings: Vec::new(),
        score: None,
        standard: None,
        signature_present: folder.files.contains_key(SIGNATURE_FILE)
            || part.large.iter().any(|path| path == SIGNATURE_FILE),
        supersedes: None,
        partial: false,
        problems: Vec::new(),
    };
    match record_name(&dir.audit) {
        Some((login, date, _)) => {
            entry.auditor.login = login.to_owned();
            entry.dates.folder = Some(date.to_owned());
        }
        None => entry.problem("The folder is not named <login>-<YYYY-MM-DD>-<NNN>."),
    }
    for path in &part.large {
        entry.problem(format!("{path} is too large to be read."));
    }
    for path in folder.strange.iter().take(MANY) {
        entry.problem(format!("{} is not a plain file, or has a name that no audit's file can have.", clip(path)));
    }
    let manifest = match folder.files.get("audit-manifest.json") {
        Some(bytes) => json("audit-manifest.json", bytes, &mut entry),
        None => {
            entry.problem("There is no audit-manifest.json.");
            None
        }
    };
    if let Some(manifest) = &manifest {
        from_manifest(manifest, &mut entry);
    }
    let record = folder.files.get(RECORD_FILE).and_then(|bytes| statement(bytes, &mut entry));
    let paths = folder.files.keys().map(String::as_str).chain(part.large.iter().map(String::as_str));
    let mut names: Vec<&str> = paths.filter(|path| finding_name(path).is_some()).collect();
    names.sort_unstable();
    for path in names {
        let text = folder.files.get(path).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let finding = finding(path, &text, manifest.as_ref());
        match finding.severity {
            Some(severity) => entry.counts.add(severity),
            None => entry.problem(format!("{} does not say how bad it is.", clip(path))),
        }
        entry.findings.push(finding);
    }
    if let Some(statement) = &record {
        from_record(&statement.predicate, &mut entry);
    }
    if let Some(claimed) = entry.claimed.filter(|claimed| *claimed != entry.counts) {
        let odd: Vec<String> = Severity::ALL
            .into_iter()
            .filter(|severity| claimed.of(*severity) != entry.counts.of(*severity))
            .map(|severity| format!("{severity} {} for {}", claimed.of(severity), entry.counts.of(severity)))
            .collect();
        entry.problem(format!("The manifest counts other findings than there are files: {}.", odd.join(", ")));
    }
    Reading { entry, manifest, record }
}

/// Reads JSON; where a key stands twice, that is a problem and the last one counts.
fn json(name: &str, bytes: &[u8], entry: &mut Entry) -> Option<Value> {
    let why = match strict(bytes) {
        Ok(value) => return Some(value),
        Err(why) => why,
    };
    let lenient = serde_json::from_slice::<Value>(bytes).ok();
    let what = if lenient.is_some() { "is read with the last of its doubles" } else { "is not JSON" };
    entry.problem(format!("{name} {what}: {}.", clip(&why)));
    lenient
}

/// Reads a record of ours. Another file of that name is none, and no problem where it does not say that it is one.
fn statement(bytes: &[u8], entry: &mut Entry) -> Option<Box<Statement>> {
    #[derive(Deserialize)]
    struct Peek {
        #[serde(rename = "predicateType")]
        kind: Option<Value>,
    }
    let why = match serde_json::from_slice::<Box<Statement>>(bytes) {
        Ok(statement) if statement.predicate_type == PREDICATE_TYPE => return Some(statement),
        Ok(_) => return None,
        Err(why) => why,
    };
    let ours = serde_json::from_slice::<Peek>(bytes).ok().and_then(|peek| peek.kind);
    if ours.is_none_or(|kind| kind == PREDICATE_TYPE) {
        entry.problem(format!("{RECORD_FILE} cannot be read as a record: {}.", clip(&why.to_string())));
    }
    None
}

fn from_manifest(manifest: &Value, entry: &mut Entry) {
    let text = |pointer: &str| said(manifest.pointer(pointer)?);
    let login = text("/auditor/github").or_else(|| text("/auditor/login"));
    match login {
        Some(login) if entry.auditor.login.is_empty() => entry.auditor.login = login,
        Some(login) if login != entry.auditor.login => {
            entry.problem(format!("The manifest names the auditor {login}, the folder {}.", entry.auditor.login));
        }
        _ => {}
    }
    entry.auditor.name = text("/auditor/name");
    entry.auditor.organization = text("/auditor/organization");
    entry.target = TargetSaid {
        url: text("/target/repo_url"),
        commit: text("/target/commit_hash"),
        version: text("/target/version"),
    };
    entry.status = text("/audit_metadata/status");
    entry.audit_type = text("/audit_metadata/audit_type");
    if let Some(id) = text("/audit_id").filter(|id| *id != entry.audit) {
        entry.problem(format!("The manifest calls the audit {id}."));
    }
    for (key, slot) in [("start_date", 0), ("completion_date", 1)] {
        let Some(given) = text(&format!("/audit_metadata/{key}")) else { continue };
        let read = time(&given);
        if read.is_none() {
            entry.problem(format!("The manifest's {key} is no time: {given}."));
        }
        if slot == 0 {
            entry.dates.started = read;
        } else {
            entry.dates.completed = read;
        }
    }
    if let Some(summary) = manifest.get("findings_summary").and_then(Value::as_object) {
        let mut counts = Counts::default();
        for severity in Severity::ALL {
            match summary.get(severity.word()) {
                None => {}
                Some(given) => match given.as_u64().and_then(|number| u32::try_from(number).ok()) {
                    Some(number) => *counts.slot(severity) = number,
                    None => entry.problem(format!("The manifest's number of {severity} findings is no number.")),
                },
            }
        }
        entry.claimed = Some(counts);
    }
}

/// Reads a time, or a date, which means its first second.
fn time(text: &str) -> Option<Time> {
    let date = || text.parse::<jiff::civil::Date>().ok().and_then(|date| format!("{date}T00:00:00Z").parse().ok());
    text.parse().ok().or_else(date)
}

fn from_record(record: &Record, entry: &mut Entry) {
    entry.format = Format::Record;
    if record.audit_id != entry.audit {
        entry.problem(format!("The record calls the audit {}.", clip(&record.audit_id)));
    }
    if record.auditor.login != entry.auditor.login {
        entry.problem(format!(
            "The record names the auditor {}, the folder {}.",
            clip(&record.auditor.login),
            entry.auditor.login
        ));
    }
    let repo = &record.target.repo;
    if Server::from(repo) != entry.server {
        entry.problem(format!("The record is about {}.", clip(&repo.url)));
    }
    entry.auditor.name = record.auditor.name.as_deref().map(clip);
    entry.auditor.organization = record.auditor.organization.as_deref().map(clip);
    entry.target = TargetSaid {
        url: Some(clip(&repo.url)),
        commit: Some(record.target.pin.commit.to_string()),
        version: record.target.pin.tags.first().map(|tag| clip(tag)),
    };
    entry.dates.started = Some(record.started_at);
    entry.dates.completed = Some(record.sealed_at);
    entry.modes = record.target.modes.iter().take(MANY).map(|mode| clip(mode)).collect();
    entry.standard = Some(clip(&format!("{} {}", record.standard.id, record.standard.version)));
    entry.supersedes = record.supersedes.as_deref().map(clip);
    entry.partial = record.partial;
    entry.score = Some(score(&record.score));
    for row in &record.findings {
        let Some(file) = row.file() else { continue };
        let Some(known) = entry.findings.iter_mut().find(|finding| finding.file == file) else {
            entry.problem(format!("The record names {}, which is not there.", clip(file)));
            continue;
        };
        known.items = row.items.iter().take(MANY).map(|item| clip(item)).collect();
        match &row.body {
            FindingBody::Public { finding, .. } => {
                known.title = Some(clip(&finding.title));
                known.stated = Some(finding.severity.word().to_owned());
                known.category = filled(&finding.category);
                known.cwe = finding.cwe.iter().take(MANY).map(|cwe| clip(cwe)).collect();
                known.cvss = filled(&finding.cvss);
            }
            FindingBody::Withheld { until, .. } => known.withheld = Some(clip(until)),
            FindingBody::Withdrawn { .. } => {}
        }
    }
}

fn score(score: &Score) -> ScoreEntry {
    let level = |one: &DimensionScore, mode: Option<&String>| Level {
        dimension: clip(&one.id),
        mode: mode.map(|mode| clip(mode)),
        low: clip(&one.low),
        high: clip(&one.high),
        points: one.points,
    };
    let in_modes = score.modes.iter().take(MANY);
    let levels = in_modes.flat_map(|mode| mode.dimensions.iter().take(MANY).map(|one| level(one, Some(&mode.mode))));
    ScoreEntry {
        label: "audited".to_owned(),
        headline: score.headline,
        tier: score.tier.as_deref().map(clip),
        met: score.met,
        applicable: score.applicable,
        certified: score.certified.as_deref().map(clip),
        levels: levels.chain(score.separate.iter().take(MANY).map(|one| level(one, None))).collect(),
    }
}

/// Reads a finding's file.
fn finding(path: &str, text: &str, manifest: Option<&Value>) -> FindingEntry {
    let name = finding_name(path).unwrap_or(path).trim_end_matches(".md");
    let severity = name.split_once('-').and_then(|(word, _)| word.parse().ok());
    let mut found = FindingEntry::new(path, severity);
    for line in text.lines().take(HEAD_LINES) {
        if let Some(title) = line.strip_prefix("# ") {
            found.title = found.title.or_else(|| filled(title.trim_start_matches("Finding:")));
        }
        let Some((label, value)) = field(line) else { continue };
        match label.to_ascii_lowercase().as_str() {
            "severity" => found.stated = found.stated.or_else(|| filled(value)),
            "type" if value.to_ascii_lowercase().contains("positive") => {
                found.stated = found.stated.or_else(|| filled(value));
            }
            "category" | "mcp risk categories" | "mcp risk category" => {
                found.category = found.category.or_else(|| filled(value));
            }
            label if label.starts_with("cwe") && found.cwe.is_empty() => found.cwe = cwes(value),
            label if label.starts_with("cvss") => found.cvss = found.cvss.or_else(|| filled(value)),
            "status" | "superseded by" | "replaced by" | "withdrawn" if no_longer(line) => {
                found.superseded = found.superseded.or_else(|| filled(&format!("Its text says: {}", plain(line))));
            }
            _ => {}
        }
    }
    if let Some(manifest) = manifest {
        found.listed = listed(manifest, name);
        if found.superseded.is_none() && found.listed == Some(false) && revised(manifest, name) {
            found.superseded = Some("The manifest says that it was revised, and no longer lists it.".to_owned());
        }
    }
    found
}

/// Splits a line such as `**Severity**: High` into its label and what is said.
fn field(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches(['-', '*', '>', ' ', '\t']);
    let (label, value) = rest.split_once(':')?;
    let label = label.trim_matches(['*', ' ']);
    (!label.is_empty() && label.len() <= 40).then(|| (label, value.trim_matches(['*', ' ', '\t'])))
}

/// Returns a line without Markdown's stars.
fn plain(line: &str) -> String {
    line.replace('*', "").trim().to_owned()
}

/// Tells whether a line says that a finding no longer holds.
fn no_longer(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["superseded", "replaced by", "withdrawn", "retracted"].iter().any(|word| line.contains(word))
}

/// Returns the CWEs that a text names, each once, in order.
fn cwes(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let upper = text.to_ascii_uppercase();
    for rest in upper.split("CWE-").skip(1) {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(6).collect();
        let cwe = format!("CWE-{digits}");
        if !digits.is_empty() && found.len() < MANY && !found.contains(&cwe) {
            found.push(cwe);
        }
    }
    found
}

/// Tells whether the manifest's lists of findings name this one; `None` where there are none.
fn listed(manifest: &Value, name: &str) -> Option<bool> {
    let lists = manifest.get("findings_details")?.as_object()?;
    let mut names = lists.values().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    // People write remarks behind a name.
    Some(names.any(|listed| listed.split_whitespace().next().is_some_and(|word| word.trim_end_matches(".md") == name)))
}

/// Tells whether the manifest's notes on revisions say that this finding was another one before.
fn revised(manifest: &Value, name: &str) -> bool {
    let mut parts = name.splitn(3, '-');
    let (Some(severity), Some(number)) = (parts.next(), parts.next()) else { return false };
    let short = format!("{severity}-{number}");
    let notes = manifest.get("revision_notes").and_then(Value::as_object);
    notes.into_iter().flat_map(|notes| notes.values()).any(|note| {
        let original = ["original_severity", "original_finding", "original_id"];
        let said = original.iter().filter_map(|key| note.get(key)?.as_str()).next();
        said.is_some_and(|said| said.eq_ignore_ascii_case(&short) || said.eq_ignore_ascii_case(name))
    })
}

/// What a server's `metadata.json` says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerAbout {
    /// The repository.
    pub url: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The language that most of it is written in.
    pub language: Option<String>,
    /// The license.
    pub license: Option<String>,
    /// The type of server.
    pub server_type: Option<String>,
    /// What could not be read, a sentence each.
    pub problems: Vec<String>,
}

/// Reads a server's `metadata.json`; `None` where there is none, or it is too large.
pub fn about(bytes: Option<&[u8]>) -> ServerAbout {
    let mut about = ServerAbout::default();
    let Some(bytes) = bytes.filter(|bytes| bytes.len() as u64 <= SMALL) else {
        about.problems.push("There is no metadata.json, or it is too large.".to_owned());
        return about;
    };
    let value = match (strict(bytes), serde_json::from_slice::<Value>(bytes)) {
        (Ok(value), _) => value,
        (Err(why), Ok(value)) => {
            about.problems.push(format!("metadata.json is read with the last of its doubles: {}.", clip(&why)));
            value
        }
        (Err(why), Err(_)) => {
            about.problems.push(format!("metadata.json is not JSON: {}.", clip(&why)));
            return about;
        }
    };
    let text = |pointer: &str| said(value.pointer(pointer)?);
    about.url = text("/repository/url");
    about.description = text("/repository/description");
    about.language = text("/repository/primary_language");
    about.license = text("/repository/license");
    about.server_type = text("/mcp_classification/server_type");
    about
}

/// Returns a JSON string that says something, or a number as it is written.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => filled(text),
        Value::Number(number) => Some(clip(&number.to_string())),
        _ => None,
    }
}

/// Returns a text that is not empty, on one line and not longer than an entry takes.
fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| clip(text))
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
