//! One audit's folder, judged by every rule that needs no other folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

use super::clones::Known;
use super::files::{Entry, list, read};
use super::finding::{self, Cwe, Said};
use super::injection::{Hit, look};
use super::place;
use super::report::{AuditReport, Findings, Issue, Outcome, Rating, Signed};
use super::rules::{Class, Id};
use crate::auditdb::clones::Clones;
use crate::auditdb::doctor;
use crate::auditdb::folder::{Folder, RECORD_FILE, TOTAL_LIMIT};
use crate::auditdb::json::strict;
use crate::auditdb::verify::{Options as VerifyOptions, Verdict, verify};
use crate::model::event::Target;
use crate::model::finding::Severity;
use crate::model::record::STANDARD_FILE;
use crate::model::target::record_name;
use crate::model::time::Time;
use crate::repo::{Repo, State};
use crate::sign::AllowedSigners;
use crate::standards::BUILT_IN_TOML;

/// The manifest's file.
pub(super) const MANIFEST: &str = "audit-manifest.json";
/// The assessment's file.
const ASSESSMENT: &str = "security-assessment.md";
/// A day, in seconds: dates are written in the auditor's own zone.
const DAY: i64 = 24 * 60 * 60;
/// The most files of one kind that are named in one issue.
const NAMED: usize = 8;

/// What to judge against.
#[derive(Default)]
pub struct Options<'a> {
    /// Keys that are trusted, and for whom.
    pub signers: Option<&'a AllowedSigners>,
    /// The user's clones.
    pub clones: Clones,
    /// What should be mended counts as what has to be.
    pub strict: bool,
}

/// Where a repository's folder lies in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub domain: String,
    pub org: String,
    pub repo: String,
}

impl Slot {
    /// Tells whether a target is this one. Hosts and most forges take upper and lower case for the same.
    pub fn is(&self, target: &Target) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        same(&self.domain, &target.domain) && same(&self.org, &target.org) && same(&self.repo, &target.repo)
    }
}

/// An audit's folder to judge.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Where it lies.
    pub dir: PathBuf,
    /// How it is named in issues.
    pub shown: String,
    /// Its name.
    pub name: String,
    /// Where it belongs, if that is known.
    pub slot: Option<Slot>,
    /// It is new in a range: the date that it gives itself excuses nothing.
    pub fresh: bool,
    /// Earlier audits of the repository.
    pub prior: Vec<String>,
    /// Whether the login has no earlier audit; unknown outside of a database.
    pub first: Option<bool>,
}

/// Buffers that are used again for each file.
#[derive(Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    letters: Vec<u8>,
}

impl Scratch {
    /// Returns the buffer for a file's bytes.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Looks at the bytes that were read last, with the buffer for letters.
    pub fn look<T>(&mut self, look: impl FnOnce(&[u8], &mut Vec<u8>) -> T) -> T {
        look(&self.bytes, &mut self.letters)
    }
}

/// A manifest with its text, so that lines can be named.
struct Manifest {
    text: String,
    value: Value,
}

impl Manifest {
    fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, key| value.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    fn line(&self, path: &[&str]) -> Option<usize> {
        (0..path.len()).rev().find_map(|left| place::line(&self.text, &path[..=left]))
    }
}

/// A finding's file.
struct Finding {
    file: String,
    stem: String,
    name: Option<finding::Name>,
    said: Said,
}

struct Judge<'a> {
    job: &'a Job,
    date: Option<String>,
    issues: Vec<Issue>,
}

/// Judges an audit.
pub(super) fn judge(job: &Job, options: &Options<'_>, scratch: &mut Scratch) -> AuditReport {
    let named = record_name(&job.name);
    let date = named.map(|(_, date, _)| date.to_owned());
    let mut judge = Judge { job, date: date.clone().filter(|_| !job.fresh), issues: Vec::new() };
    if named.is_none() {
        judge.say(Id::FolderName, "", None, format!("the folder is named `{}`", job.name));
    }
    let listing = list(&job.dir);
    for path in &listing.odd {
        judge.say(Id::NotRegular, path, None, format!("`{path}` is a link or something else that is no file"));
    }
    for path in &listing.strange {
        judge.say(Id::StrangeName, path, None, format!("the name `{path}`"));
    }
    for (path, why) in &listing.unread {
        judge.say(Id::Unreadable, path.trim_end_matches('/'), None, format!("it cannot be read: {why}"));
    }
    if listing.cut {
        judge.say(Id::TooLarge, "", None, "it has more files, or deeper folders, than an audit can have".to_owned());
    }
    for required in [MANIFEST, ASSESSMENT] {
        if !listing.files.iter().any(|entry| entry.shown == required) {
            judge.say(Id::FileMissing, required, None, format!("`{required}` is not there"));
        }
    }
    let mut read = Read::default();
    let mut total = 0;
    for entry in &listing.files {
        if !judge.file(entry, &mut read, scratch) {
            continue;
        }
        total += scratch.bytes.len() as u64;
        if total > TOTAL_LIMIT {
            judge.say(Id::TooLarge, "", None, format!("its files hold more than {TOTAL_LIMIT} bytes"));
            break;
        }
    }
    if read.labelled > 0 {
        judge.say(Id::InjectionLabelled, "", None, format!("{} in labels", count(read.labelled, "place", "places")));
    }
    let mut report = AuditReport {
        path: job.shown.clone(),
        id: job.name.clone(),
        outcome: Outcome::Passed,
        auditor: None,
        target: None,
        commit: None,
        version: None,
        date,
        files: listing.files.len(),
        findings: Vec::new(),
        signed: Signed::No,
        method: Rating::Limited,
        evidence: Rating::Limited,
        reproducibility: Rating::Limited,
        prior: job.prior.clone(),
        first: job.first,
        issues: Vec::new(),
    };
    judge.findings(&read.findings);
    report.findings = Severity::ALL
        .into_iter()
        .map(|severity| Findings { severity, names: names(&read.findings, severity) })
        .collect();
    let mut known = None;
    if let Some(manifest) = &read.manifest {
        let text = |path: &[&str]| manifest.text(path).map(str::to_owned);
        report.auditor = text(&["auditor", "github"]);
        report.target = text(&["target", "repo_url"]);
        report.commit = text(&["target", "commit_hash"]);
        report.version = text(&["target", "version"]);
        judge.manifest(manifest);
        let target = judge.target(manifest);
        known = judge.clone(target.as_ref(), manifest, &options.clones);
        judge.pin(manifest, known.as_ref());
        judge.summary(manifest, &read.findings);
    }
    if let Some(known) = known.as_ref().filter(|known| known.commit.is_ok()) {
        judge.citations(&known.repo);
    }
    judge.quality(&mut report, &read);
    report.signed = judge.record(&listing.files, options, known.as_ref().map(|known| &known.repo));
    judge.context();
    report.issues = judge.issues;
    report.issues.sort_by(|a, b| (&a.file, a.line, a.rule, &a.reason).cmp(&(&b.file, b.line, b.rule, &b.reason)));
    report.outcome = Outcome::of(report.issues.iter(), options.strict);
    report
}

/// What is kept of an audit's files.
#[derive(Default)]
struct Read {
    manifest: Option<Manifest>,
    /// The assessment speaks of its method.
    method: bool,
    findings: Vec<Finding>,
    labelled: usize,
}

impl Judge<'_> {
    /// Adds an issue. An empty path is the folder itself.
    fn say(&mut self, rule: Id, path: &str, line: Option<usize>, reason: String) {
        let shown = &self.job.shown;
        let file = match (path.is_empty(), shown.is_empty()) {
            (true, _) => shown.clone(),
            (false, true) => path.to_owned(),
            (false, false) => format!("{shown}/{path}"),
        };
        let class = rule.rule().class_at(self.date.as_deref());
        self.issues.push(Issue { rule, class, file, line, reason, remedy: rule.rule().remedy });
    }

    /// Reads a file and judges it by itself. False where it could not be read.
    fn file(&mut self, entry: &Entry, read_so_far: &mut Read, scratch: &mut Scratch) -> bool {
        let path = &entry.shown;
        match read(&entry.path, &mut scratch.bytes) {
            Ok(true) => {}
            Ok(false) => {
                self.say(Id::TooLarge, path, None, "the file is larger than a file of an audit can be".to_owned());
                return false;
            }
            Err(error) => {
                self.say(Id::Unreadable, path, None, format!("it cannot be read: {error}"));
                return false;
            }
        }
        let bytes = &scratch.bytes;
        let looked = look(path, bytes, &mut scratch.letters);
        for hit in looked.hits {
            if hit.labelled {
                read_so_far.labelled += 1;
                continue;
            }
            if path == STANDARD_FILE && published(bytes, &hit) {
                continue;
            }
            let rule = if hit.sure { Id::InjectionUnlabelled } else { Id::InjectionDoubtful };
            self.say(rule, path, Some(hit.line), format!("{}: `{}`", hit.what, hit.phrase.replace('`', "'")));
        }
        for (line, why) in looked.labels {
            self.say(Id::LabelUnbalanced, path, Some(line), format!("of a label: {why}"));
        }
        for (line, why) in looked.locations {
            self.say(Id::LabelLocation, path, Some(line), why);
        }
        if path == MANIFEST {
            let (value, issues) = parse(bytes);
            for (rule, line, why) in issues {
                self.say(rule, path, line, why);
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            read_so_far.manifest = value.map(|value| Manifest { text, value });
        } else if path.ends_with(".json")
            && let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
        {
            let line = Some(error.line()).filter(|line| *line > 0);
            self.say(Id::JsonExhibit, path, line, format!("it does not parse: {error}"));
        } else if path == ASSESSMENT {
            read_so_far.method = memchr::memmem::find(&bytes.to_ascii_lowercase(), b"methodolog").is_some();
        } else if let Some(file) = path.strip_prefix("findings/") {
            let name = finding::name(file);
            if name.is_none() {
                self.say(Id::FindingName, path, None, format!("the file is named `{file}`"));
            }
            if file.ends_with(".md") {
                let said = finding::read(&String::from_utf8_lossy(bytes));
                let stem = file.trim_end_matches(".md").to_owned();
                read_so_far.findings.push(Finding { file: path.clone(), stem, name, said });
            }
        }
        true
    }

    fn findings(&mut self, findings: &[Finding]) {
        let mut numbers: BTreeMap<(Severity, &str), &str> = BTreeMap::new();
        for one in findings {
            let said = &one.said;
            let Some(name) = &one.name else { continue };
            if let Some(other) = numbers.insert((name.severity, &name.number), &one.stem) {
                let number = format!("{}-{}", name.severity, name.number);
                self.say(Id::FindingNumber, &one.file, None, format!("`{other}` is {number}, too"));
            }
            if let Some((id, line)) = &said.id
                && let Some((severity, number, slug)) = finding::place(id)
            {
                let own = finding::place(&one.stem);
                let same = own.is_some_and(|own| {
                    (severity, number) == (own.0, own.1) && (slug.is_empty() || slug.eq_ignore_ascii_case(own.2))
                });
                if !same {
                    self.say(Id::FindingId, &one.file, Some(*line), format!("it calls itself `{id}`"));
                }
            }
            let severity =
                said.severity.as_ref().and_then(|(text, line)| Some((finding::severity(text)?, text, *line)));
            if let Some((severity, text, line)) = severity
                && severity != name.severity
            {
                self.say(Id::FindingSeverity, &one.file, Some(line), format!("it states `{text}`"));
            }
            let stated = severity.map_or(name.severity, |(severity, ..)| severity);
            self.weakness(one, stated);
            if let Some(why) = finding::out_of_proportion(stated, said) {
                self.say(Id::SeverityDoubtful, &one.file, Some(said.title_line.max(1)), why.to_owned());
            }
            if !said.evidence && !said.withheld {
                self.say(Id::EvidenceMissing, &one.file, None, "no code, path or step was found in it".to_owned());
            }
        }
    }

    fn weakness(&mut self, one: &Finding, stated: Severity) {
        let said = &one.said;
        let cwe = said.cwe.as_ref().map_or(Cwe::None, |(text, _)| finding::cwe(text));
        let (text, line) = said.cwe.clone().unzip();
        let text = text.unwrap_or_default();
        match cwe {
            Cwe::Good => {}
            Cwe::None if said.withheld || !stated.needs_disclosure() => {}
            Cwe::None => self.say(Id::CweMissing, &one.file, line, format!("the finding is {stated} and names no CWE")),
            Cwe::Malformed => self.say(Id::CweMalformed, &one.file, line, format!("it says `{text}`")),
            Cwe::Unknown(number) => self.say(Id::CweUnknown, &one.file, line, format!("there is no {number}")),
        }
        let Some((score, line)) = said.cvss.as_ref().and_then(|(text, line)| Some((finding::cvss(text)?, *line)))
        else {
            return;
        };
        match score {
            Err(text) => {
                self.say(Id::CvssDoubtful, &one.file, Some(line), format!("`{text}` is no score from 0.0 to 10.0"))
            }
            Ok(score) if finding::band(score) != stated => {
                let band = finding::band(score);
                let reason = format!(
                    "{}.{} is the score of a finding that is {band}; this one is {stated}",
                    score / 10,
                    score % 10
                );
                self.say(Id::CvssDoubtful, &one.file, Some(line), reason);
            }
            Ok(_) => {}
        }
    }

    fn manifest(&mut self, manifest: &Manifest) {
        let mut lacks: Vec<String> = Vec::new();
        let texts: [&[&str]; 4] = [
            &["audit_id"],
            &["auditor", "github"],
            &["audit_metadata", "start_date"],
            &["audit_metadata", "completion_date"],
        ];
        for path in texts {
            if manifest.text(path).is_none() {
                lacks.push(path.join("."));
            }
        }
        if !manifest.get(&["findings_summary"]).is_some_and(Value::is_object) {
            lacks.push("findings_summary".to_owned());
        }
        if !lacks.is_empty() {
            let reason = format!("missing, empty or of another kind: {}", lacks.join(", "));
            self.say(Id::ManifestIncomplete, MANIFEST, None, reason);
        }
        if let Some(id) = manifest.text(&["audit_id"])
            && id != self.job.name
        {
            let line = manifest.line(&["audit_id"]);
            self.say(Id::ManifestId, MANIFEST, line, format!("`audit_id` is `{id}`"));
        }
        let named = record_name(&self.job.name).map(|(login, date, _)| (login.to_owned(), date.to_owned()));
        if let (Some(github), Some((login, _))) = (manifest.text(&["auditor", "github"]), &named)
            && !github.trim_start_matches('@').eq_ignore_ascii_case(login)
        {
            let line = manifest.line(&["auditor", "github"]);
            self.say(
                Id::ManifestLogin,
                MANIFEST,
                line,
                format!("`auditor.github` is `{github}`, the folder says `{login}`"),
            );
        }
        let mut times = Vec::new();
        for key in ["start_date", "completion_date", "revision_date"] {
            let path = ["audit_metadata", key];
            let Some(text) = manifest.text(&path) else { continue };
            match day(text) {
                Some(at) => times.push((key, at)),
                None => {
                    let line = manifest.line(&path);
                    self.say(Id::ManifestTime, MANIFEST, line, format!("`{key}` is `{text}`"));
                }
            }
        }
        let at = |key: &str| times.iter().find(|(name, _)| *name == key).map(|(_, at)| *at);
        if let (Some(start), Some(end)) = (at("start_date"), at("completion_date"))
            && start > end
        {
            let line = manifest.line(&["audit_metadata", "completion_date"]);
            self.say(Id::ManifestTime, MANIFEST, line, "the audit ends before it starts".to_owned());
        }
        let days = times.iter().map(|(_, at)| *at);
        if let (Some((_, date)), Some(first), Some(last)) = (&named, days.clone().min(), days.max())
            && let Some(own) = day(date)
            && (own + 2 * DAY <= first || own >= last + DAY)
        {
            let path = ["audit_metadata", "completion_date"];
            let line = manifest.line(&path);
            self.say(Id::ManifestDate, MANIFEST, line, format!("the folder says {date}"));
        }
    }

    fn target(&mut self, manifest: &Manifest) -> Option<Target> {
        let path = ["target", "repo_url"];
        let Some(url) = manifest.text(&path) else {
            self.say(Id::TargetUrl, MANIFEST, manifest.line(&path), "`target.repo_url` is missing".to_owned());
            return None;
        };
        match Target::parse(url) {
            Err(why) => {
                self.say(Id::TargetUrl, MANIFEST, manifest.line(&path), why);
                None
            }
            Ok(target) => {
                match &self.job.slot {
                    Some(slot) if !slot.is(&target) => {
                        let reason = format!(
                            "it names {}/{}/{} and lies in {}/{}/{}",
                            target.domain, target.org, target.repo, slot.domain, slot.org, slot.repo
                        );
                        self.say(Id::PlaceMismatch, MANIFEST, manifest.line(&path), reason);
                    }
                    Some(_) => {}
                    None => {
                        let reason = "the folders above it are not those of a database".to_owned();
                        self.say(Id::PlaceUnknown, "", None, reason);
                    }
                }
                Some(target)
            }
        }
    }

    /// Looks the target up in the user's clones.
    fn clone(&mut self, target: Option<&Target>, manifest: &Manifest, clones: &Clones) -> Option<Known> {
        let target = target?;
        let commit = manifest.text(&["target", "commit_hash"]).filter(|commit| full_hash(commit));
        let version = manifest.text(&["target", "version"]);
        match clones.find(target) {
            Err(why) => {
                self.say(Id::TargetUnverified, MANIFEST, manifest.line(&["target"]), why);
                None
            }
            Ok(repo) => {
                let known = Known::new(repo, commit, version);
                match &known.commit {
                    Ok(commit) => {
                        let reason = format!("the clone of {} has the commit {}", target.url, commit.short());
                        self.say(Id::TargetConfirmed, MANIFEST, manifest.line(&["target", "commit_hash"]), reason);
                    }
                    Err(why) => {
                        let line = manifest.line(&["target", "commit_hash"]);
                        self.say(Id::TargetUnverified, MANIFEST, line, why.clone());
                    }
                }
                Some(known)
            }
        }
    }

    fn pin(&mut self, manifest: &Manifest, known: Option<&Known>) {
        let commit = manifest.text(&["target", "commit_hash"]);
        let version = manifest.text(&["target", "version"]);
        let line = |key: &str| manifest.line(&["target", key]);
        let good = commit.is_some_and(full_hash);
        let form = version.map(|version| {
            let form = form(version);
            match known {
                // What the clone has is better than a guess by form.
                Some(known) if known.tag.is_some() => Form::Tag,
                Some(known) if known.branch => Form::Branch,
                _ => form,
            }
        });
        match (good, form) {
            (true, Some(Form::Branch)) => {
                let version = version.unwrap_or_default();
                self.say(Id::PinBranch, MANIFEST, line("version"), format!("`version` is `{version}`"));
            }
            (true, _) => {}
            (false, Some(Form::Tag | Form::Hash)) => {
                if let Some(commit) = commit {
                    self.say(
                        Id::CommitMalformed,
                        MANIFEST,
                        line("commit_hash"),
                        format!("`commit_hash` is `{commit}`"),
                    );
                }
            }
            (false, Some(Form::Unclear)) if commit.is_none() => {
                let version = version.unwrap_or_default();
                self.say(Id::PinUnclear, MANIFEST, line("version"), format!("`version` is `{version}`"));
            }
            (false, _) => {
                let said = match (commit, version) {
                    (Some(commit), _) => format!("`commit_hash` is `{commit}`, which is no full hash"),
                    (None, Some(version)) => format!("`version` is `{version}`, and there is no commit hash"),
                    (None, None) => "there is neither commit hash nor version".to_owned(),
                };
                let at = if commit.is_some() { line("commit_hash") } else { line("version") };
                self.say(Id::PinMissing, MANIFEST, at, said);
            }
        }
        if let (Some(known), Some(commit)) = (known, commit.filter(|_| good))
            && let Some(tag) = known.tag
            && !tag.to_string().eq_ignore_ascii_case(commit)
        {
            let version = version.unwrap_or_default();
            let reason = format!("in the clone `{version}` is the commit {}", tag.short());
            self.say(Id::TagElsewhere, MANIFEST, line("version"), reason);
        }
    }

    fn summary(&mut self, manifest: &Manifest, findings: &[Finding]) {
        if let Some(summary) = manifest.get(&["findings_summary"]).and_then(Value::as_object) {
            let number = |key: &str| summary.get(key).and_then(Value::as_u64);
            for severity in Severity::ALL {
                let there = names(findings, severity).len() as u64;
                let said = number(severity.word());
                if said.unwrap_or(0) != there || said.is_none() && summary.contains_key(severity.word()) {
                    let line = manifest.line(&["findings_summary", severity.word()]);
                    let shown = summary.get(severity.word()).map_or("nothing".to_owned(), Value::to_string);
                    let reason = format!("it says {shown} for {severity}, {} there", count_are(there, "file"));
                    self.say(Id::FindingsCount, MANIFEST, line, reason);
                }
            }
            let sum = Severity::ALL
                .iter()
                .fold(0u64, |sum, severity| sum.saturating_add(number(severity.word()).unwrap_or(0)));
            if let Some(total) = summary.get("total_issues")
                && total.as_u64() != Some(sum)
            {
                let line = manifest.line(&["findings_summary", "total_issues"]);
                self.say(Id::FindingsTotal, MANIFEST, line, format!("it says {total}, the sum is {sum}"));
            }
        }
        let Some(details) = manifest.get(&["findings_details"]).and_then(Value::as_object) else { return };
        let mut listed = Vec::new();
        for (key, list) in details {
            for (index, entry) in list.as_array().into_iter().flatten().enumerate() {
                let Some(said) = entry.as_str() else { continue };
                // What follows a blank is a remark.
                let stem = said.split_whitespace().next().unwrap_or_default();
                let stem = stem.strip_prefix("findings/").unwrap_or(stem);
                let stem = stem.strip_suffix(".md").unwrap_or(stem);
                listed.push(stem.to_owned());
                if !findings.iter().any(|one| one.stem == stem) {
                    let line = place::element_line(&manifest.text, &["findings_details", key], index);
                    self.say(Id::FindingsDetails, MANIFEST, line, format!("there is no file for `{said}`"));
                }
            }
        }
        let left: Vec<&str> =
            findings.iter().map(|one| one.stem.as_str()).filter(|stem| !listed.iter().any(|one| one == stem)).collect();
        if !left.is_empty() {
            let line = manifest.line(&["findings_details"]);
            let shown: Vec<&str> = left.iter().copied().take(NAMED).collect();
            self.say(Id::FindingUnlisted, MANIFEST, line, format!("it leaves out {}", shown.join(", ")));
        }
    }

    fn quality(&mut self, report: &mut AuditReport, read: &Read) {
        let manifest = read.manifest.as_ref();
        let text = |path: &[&str]| manifest.is_some_and(|manifest| manifest.text(path).is_some());
        let list = |path: &[&str]| {
            let list = manifest.and_then(|manifest| manifest.get(path)).and_then(Value::as_array);
            list.is_some_and(|list| !list.is_empty())
        };
        let method = text(&["audit_metadata", "methodology"]) || read.method;
        let tools = list(&["tools_used"]);
        let time = manifest.and_then(|manifest| manifest.get(&["audit_metadata", "time_spent_hours"]));
        let time = time.is_some_and(|hours| hours.as_f64().is_some_and(|hours| hours > 0.0));
        let scope = list(&["target", "audit_scope"]);
        if !method && !tools && manifest.is_some() {
            self.say(Id::MethodMissing, MANIFEST, None, "there is no methodology, and no tools are listed".to_owned());
        }
        report.method = Rating::of([method, tools, time, scope].iter().filter(|sign| **sign).count(), 4);
        let shown = read.findings.iter().filter(|one| one.said.evidence || one.said.withheld).count();
        report.evidence =
            if read.findings.is_empty() { Rating::Limited } else { Rating::of(shown, read.findings.len()) };
        let pinned = !self.issues.iter().any(|issue| matches!(issue.rule, Id::PinMissing | Id::PinUnclear));
        let signs = [pinned && manifest.is_some(), scope, shown > 0];
        report.reproducibility = Rating::of(signs.iter().filter(|sign| **sign).count(), 3);
    }

    /// Looks up what is cited, at the pin.
    fn citations(&mut self, repo: &Repo) {
        let examined = Folder::read(&self.job.dir).and_then(|folder| doctor::examine(&folder, Some(repo), None));
        let report = match examined {
            Ok(report) => report,
            Err(error) => return self.say(Id::CitationUncheckable, "", None, error.message),
        };
        for row in &report.citations {
            let (citation, examined) = (&row.citation, &row.examined);
            let rule = match examined.state {
                State::Exact | State::WhiteSpace | State::Held => Id::CitationHolds,
                State::Partly => Id::CitationPartly,
                State::Elsewhere => Id::CitationElsewhere,
                State::NotFound => Id::CitationNotFound,
                State::NotCheckable => Id::CitationUncheckable,
            };
            let path = citation.path.as_deref().unwrap_or_default();
            let lines: Vec<String> =
                citation.ranges.iter().take(NAMED).map(|lines| format!("{}-{}", lines.first, lines.last)).collect();
            let named = format!("{path} {}", lines.join(", "));
            let named = if path.is_empty() { "code without a path".to_owned() } else { format!("`{}`", named.trim()) };
            self.say(rule, &citation.file, Some(citation.line), format!("{named}: {}", examined.reason));
        }
    }

    /// Verifies a signed record of our own.
    fn record(&mut self, files: &[Entry], options: &Options<'_>, clone: Option<&Repo>) -> Signed {
        if !files.iter().any(|entry| entry.shown == RECORD_FILE) {
            return Signed::No;
        }
        let folder = match Folder::read(&self.job.dir) {
            Ok(folder) => folder,
            Err(error) => {
                self.say(Id::RecordUnchecked, RECORD_FILE, None, error.message);
                return Signed::Unchecked;
            }
        };
        let report = verify(&folder, &VerifyOptions { signers: options.signers, clone, at: None });
        let mut fails = false;
        for reason in &report.reasons {
            let path = reason.about.as_deref().filter(|about| folder.files.contains_key(*about)).unwrap_or(RECORD_FILE);
            let said = format!("{}: {}", reason.reason, reason.message);
            let rule = match reason.reason {
                "unsigned" => Id::RecordUnsigned,
                "no_allowed_signers" => Id::SignerUnchecked,
                "unknown_key" | "key_of_another" => Id::SignerUnknown,
                // Named already, where every folder is judged by the same rule.
                "not_a_regular_file" => continue,
                _ if reason.could_not_check => Id::RecordUnchecked,
                word if SIGNATURE.contains(&word) => Id::SignatureFails,
                _ => Id::RecordFails,
            };
            fails |= rule == Id::SignatureFails;
            self.say(rule, path, None, said);
        }
        match (report.signature.present, report.signature.verified) {
            (false, _) => Signed::No,
            // A signature over other files than these is none of theirs.
            (true, _)
                if fails
                    || report.verdict == Verdict::Failed
                        && self.issues.iter().any(|issue| issue.rule == Id::RecordFails) =>
            {
                Signed::Fails
            }
            (true, true) => Signed::Verified,
            (true, false) => Signed::Unchecked,
        }
    }

    fn context(&mut self) {
        if !self.job.prior.is_empty() {
            let shown: Vec<&str> = self.job.prior.iter().rev().take(NAMED).map(String::as_str).collect();
            let reason =
                format!("{}: {}", count(self.job.prior.len(), "earlier audit", "earlier audits"), shown.join(", "));
            self.say(Id::PriorAudits, "", None, reason);
        }
        if self.job.first == Some(true) {
            let login = record_name(&self.job.name).map(|(login, ..)| login.to_owned()).unwrap_or_default();
            self.say(Id::FirstAudit, "", None, format!("the first audit of `{login}`"));
        }
    }
}

/// Reasons of `touchstone verify` that say something false of a signature.
const SIGNATURE: [&str; 10] = [
    "signature_malformed",
    "signature_too_large",
    "wrong_namespace",
    "signature_mismatch",
    "namespace_not_allowed",
    "key_expired",
    "key_not_yet_valid",
    "user_presence_missing",
    "key_type_refused",
    "certificate_refused",
];

/// What a version is by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Tag,
    Branch,
    /// A full hash stands where the version belongs.
    Hash,
    Unclear,
}

/// Names that branches have everywhere, and words for whatever is newest.
const BRANCHES: [&str; 22] = [
    "main",
    "master",
    "develop",
    "dev",
    "development",
    "trunk",
    "head",
    "latest",
    "stable",
    "nightly",
    "next",
    "edge",
    "current",
    "default",
    "canary",
    "tip",
    "staging",
    "production",
    "beta",
    "alpha",
    "rolling",
    "newest",
];

fn form(version: &str) -> Form {
    let version = version.trim();
    if full_hash(version) {
        return Form::Hash;
    }
    if let Some(tag) = version.strip_prefix("refs/tags/") {
        return if tag.is_empty() { Form::Unclear } else { Form::Tag };
    }
    let lower = version.to_ascii_lowercase();
    let branch = lower.strip_prefix("origin/").unwrap_or(&lower);
    let last = branch.trim_start_matches("refs/heads/");
    if version.starts_with("refs/heads/") || BRANCHES.contains(&last) || lower.starts_with("origin/") {
        return Form::Branch;
    }
    let first = last.split('/').next().unwrap_or_default();
    if last.contains('/') && ["feature", "feat", "fix", "bugfix", "hotfix", "chore", "users"].contains(&first) {
        return Form::Branch;
    }
    // `main (2026-01-30)` is a branch with a remark; `1.x` moves on.
    if last.split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|word| BRANCHES.contains(&word))
        && last.contains(' ')
    {
        return Form::Branch;
    }
    if last.ends_with(".x") || last.ends_with(".*") {
        return Form::Branch;
    }
    // The part after the last of `server-v1.2.3`, `@scope/pkg@1.2.3`, `release/1.2.3`.
    let number = last.rsplit(['/', '@', ' ']).next().unwrap_or_default();
    let start = number.find(|c: char| c.is_ascii_digit());
    let dotted = start.is_some_and(|start| {
        let rest = &number[start..];
        let plain = rest.split(['-', '+']).next().unwrap_or_default();
        let parts: Vec<&str> = plain.split('.').collect();
        parts.len() >= 2 && parts[..2].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    });
    let single =
        number.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let dated = number.len() >= 10 && number.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    if !version.contains(' ') && (dotted || single || dated) { Form::Tag } else { Form::Unclear }
}

/// Tells whether this is a full hash of a commit, and not all zeros.
fn full_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit()) && !text.bytes().all(|b| b == b'0')
}

/// Returns the second at which a time or a date stands.
fn day(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Time>() {
        return Some(time.unix());
    }
    let timestamp = text.parse::<jiff::Timestamp>().ok().map(|at| at.as_second());
    timestamp.or_else(|| {
        let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10)?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_second())
    })
}

/// Tells whether a phrase in a record's standard stands in the published standard as well, in the very same line: what to
/// look for is written there, and everybody knows that text. A vendor's standard keeps those lines.
fn published(standard: &[u8], hit: &Hit) -> bool {
    static KNOWN: LazyLock<BTreeSet<(&str, String)>> = LazyLock::new(|| {
        let looked = look(STANDARD_FILE, BUILT_IN_TOML.as_bytes(), &mut Vec::new());
        let line = |hit: &Hit| BUILT_IN_TOML.lines().nth(hit.line.checked_sub(1)?);
        looked.hits.into_iter().filter_map(|hit| Some((line(&hit)?, hit.phrase))).collect()
    });
    let text = hit.line.checked_sub(1).and_then(|at| standard.split(|byte| *byte == b'\n').nth(at));
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    text.is_some_and(|text| KNOWN.contains(&(text, hit.phrase.clone())))
}
/// A rule that fires for a text: the rule, the line, why.
pub(super) type Fired = (Id, Option<usize>, String);

/// Reads JSON that has to be an object, and says what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> (Option<Value>, Vec<Fired>) {
    match strict(bytes) {
        Ok(value) if value.is_object() => (Some(value), Vec::new()),
        Ok(_) => (None, vec![(Id::JsonMalformed, Some(1), "it is JSON, and no object".to_owned())]),
        Err(why) => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => {
                let line = why.rsplit_once(" at line ").and_then(|(_, at)| at.split(' ').next()?.parse().ok());
                let why = why.split(" at line ").next().unwrap_or_default().to_owned();
                (value.is_object().then_some(value), vec![(Id::JsonDoubleKey, line, why)])
            }
            Err(error) => {
                (None, vec![(Id::JsonMalformed, Some(error.line().max(1)), format!("it does not parse: {error}"))])
            }
        },
    }
}

fn names(findings: &[Finding], severity: Severity) -> Vec<String> {
    let of = findings.iter().filter(|one| one.name.as_ref().is_some_and(|name| name.severity == severity));
    of.map(|one| one.stem.clone()).collect()
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn count_are(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one} is") } else { format!("{number} {one}s are") }
}

impl Issue {
    /// Returns an issue of no single audit.
    pub(super) fn general(rule: Id, file: &str, line: Option<usize>, reason: String) -> Issue {
        Issue { rule, class: rule.rule().class, file: file.to_owned(), line, reason, remedy: rule.rule().remedy }
    }

    /// Tells whether the issue is in the way.
    pub fn blocks(&self, strict: bool) -> bool {
        self.class == Class::Blocking || strict && self.class == Class::Advisory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_form() {
        for tag in [
            "v1.8.1",
            "0.4.0",
            "1.2",
            "v2",
            "server-v1.2.3",
            "@scope/pkg@1.2.3",
            "release/1.2.3",
            "2026.1.30",
            "v1.0.0-rc.1",
            "refs/tags/x",
            "2026-01-30",
        ] {
            assert_eq!(form(tag), Form::Tag, "{tag}");
        }
        for branch in [
            "main",
            "MASTER",
            "latest",
            "origin/main",
            "refs/heads/x",
            "feature/new",
            "1.x",
            "main (2026-01-30)",
            "nightly",
        ] {
            assert_eq!(form(branch), Form::Branch, "{branch}");
        }
        for unclear in ["", "banana", "my-branch", "the version of today", "1"] {
            assert_eq!(form(unclear), Form::Unclear, "{unclear}");
        }
        assert_eq!(form(&"a".repeat(40)), Form::Hash);
        assert!(!full_hash(&"0".repeat(40)) && !full_hash("abc1234") && full_hash(&"a1".repeat(32)));
    }

    #[test]
    fn times_and_dates_are_read() {
        assert_eq!(day("1970-01-02"), Some(DAY));
        assert_eq!(day("1970-01-02T00:00:00Z"), Some(DAY));
        assert_eq!(day("1970-01-02T01:00:00+01:00"), Some(DAY));
        assert_eq!(day("yesterday"), None);
    }
}
