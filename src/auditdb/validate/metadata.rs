//! A repository's folder: its `metadata.json`, and what else lies beside the audits.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::audit::{MANIFEST, Scratch, Slot, parse};
use super::files::read;
use super::injection::look;
use super::place;
use super::report::Issue;
use super::rules::Id;
use crate::auditdb::json::strict;
use crate::model::event::Target;
use crate::model::finding::Severity;
use crate::model::target::record_name;

/// The file's name.
const METADATA: &str = "metadata.json";

/// A repository's folder to judge.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// Where it lies.
    pub dir: PathBuf,
    /// How it is named in issues.
    pub shown: String,
    /// Where it belongs, if that is known.
    pub slot: Option<Slot>,
    /// The names of its audits.
    pub names: Vec<String>,
}

struct Judge<'a> {
    folder: &'a Folder,
    issues: Vec<Issue>,
    text: String,
}

/// Judges a repository's folder without its audits.
pub(super) fn judge_folder(folder: &Folder, scratch: &mut Scratch) -> Vec<Issue> {
    let mut judge = Judge { folder, issues: Vec::new(), text: String::new() };
    let mut files = Vec::new();
    match std::fs::read_dir(&folder.dir) {
        Err(error) => judge.say(Id::Unreadable, "", None, format!("it cannot be read: {error}")),
        Ok(entries) => {
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                match entry.file_type() {
                    Ok(kind) if kind.is_file() => files.push((name, entry.path())),
                    Ok(kind) if kind.is_dir() => {}
                    _ => judge.say(
                        Id::NotRegular,
                        &name,
                        None,
                        format!("`{name}` is a link or something else that is no file"),
                    ),
                }
            }
        }
    }
    files.sort();
    for (name, path) in &files {
        match read(path, scratch.bytes()) {
            Ok(true) => {}
            Ok(false) => {
                judge.say(Id::TooLarge, name, None, "the file is larger than a file of an audit can be".to_owned());
                continue;
            }
            Err(error) => {
                judge.say(Id::Unreadable, name, None, format!("it cannot be read: {error}"));
                continue;
            }
        }
        judge.injections(name, scratch);
        if name == METADATA {
            judge.metadata(scratch.bytes());
        }
    }
    if !folder.names.is_empty() && !files.iter().any(|(name, _)| name == METADATA) {
        judge.say(Id::MetadataMissing, METADATA, None, "there is no `metadata.json`".to_owned());
    }
    judge.issues
}

impl Judge<'_> {
    fn say(&mut self, rule: Id, path: &str, line: Option<usize>, reason: String) {
        let shown = &self.folder.shown;
        let file = format!("{shown}/{path}");
        self.issues.push(Issue::general(rule, file.trim_matches('/'), line, reason));
    }

    fn injections(&mut self, name: &str, scratch: &mut Scratch) {
        let looked = scratch.look(|bytes, letters| look(name, bytes, letters));
        for hit in looked.hits.into_iter().filter(|hit| !hit.labelled) {
            let rule = if hit.sure { Id::InjectionUnlabelled } else { Id::InjectionDoubtful };
            self.say(rule, name, Some(hit.line), format!("{}: `{}`", hit.what, hit.phrase.replace('`', "'")));
        }
        for (line, why) in looked.labels {
            self.say(Id::LabelUnbalanced, name, Some(line), format!("of a label: {why}"));
        }
        for (line, why) in looked.locations {
            self.say(Id::LabelLocation, name, Some(line), why);
        }
    }

    fn line(&self, path: &[&str]) -> Option<usize> {
        (0..path.len()).rev().find_map(|left| place::line(&self.text, &path[..=left]))
    }

    fn metadata(&mut self, bytes: &[u8]) {
        let (value, issues) = parse(bytes);
        for (rule, line, why) in issues {
            self.say(rule, METADATA, line, why);
        }
        let Some(value) = value else { return };
        self.text = String::from_utf8_lossy(bytes).into_owned();
        self.place(&value);
        // Folders whose name is no audit's are reported by themselves.
        let audits: Vec<(&str, &str, &str)> = self.folder.names.iter().filter_map(|name| record_name(name)).collect();
        let history = |key: &str| value.pointer(&format!("/audit_history/{key}"));
        if let Some(total) = history("total_audits")
            && total.as_u64() != Some(audits.len() as u64)
        {
            let line = self.line(&["audit_history", "total_audits"]);
            self.say(Id::MetadataTotal, METADATA, line, format!("it says {total}, the folders are {}", audits.len()));
        }
        let newest = audits.iter().map(|(_, date, number)| (*date, *number)).max();
        if let (Some(said), Some((date, _))) = (history("last_audit_date").and_then(Value::as_str), newest)
            && said.get(..10) != Some(date)
        {
            let line = self.line(&["audit_history", "last_audit_date"]);
            self.say(Id::MetadataDate, METADATA, line, format!("it says `{said}`, the newest folder is of {date}"));
        }
        if let Some(listed) = history("auditors").and_then(Value::as_array) {
            let listed: Vec<String> = listed
                .iter()
                .filter_map(|one| one.get("github").unwrap_or(one).as_str())
                .map(|login| login.trim_start_matches('@').to_ascii_lowercase())
                .collect();
            let logins: BTreeSet<&str> = audits.iter().map(|(login, ..)| *login).collect();
            for login in logins.into_iter().filter(|login| !listed.contains(&login.to_ascii_lowercase())) {
                let line = self.line(&["audit_history", "auditors"]);
                self.say(Id::MetadataAuditor, METADATA, line, format!("`{login}` is not listed"));
            }
        }
        if let Some((date, number)) = newest {
            let name = self
                .folder
                .names
                .iter()
                .find(|name| record_name(name).is_some_and(|(_, other, count)| (other, count) == (date, number)));
            // Two audits of one day and number are of two logins: neither is the newest.
            let several = audits.iter().filter(|(_, other, count)| (*other, *count) == (date, number)).count() > 1;
            if let Some(name) = name.filter(|_| !several).cloned() {
                self.summary(&value, &name);
            }
        }
    }

    fn place(&mut self, value: &Value) {
        let Some(slot) = &self.folder.slot else { return };
        let text = |key: &str| value.pointer(&format!("/repository/{key}")).and_then(Value::as_str);
        let mut wrong = Vec::new();
        if let Some(url) = text("url")
            && !Target::parse(url).is_ok_and(|target| slot.is(&target))
        {
            wrong.push(("url", url.to_owned()));
        }
        for (key, own) in [("name", &slot.repo), ("owner", &slot.org)] {
            if let Some(said) = text(key)
                && !said.replace('/', "-").eq_ignore_ascii_case(own)
            {
                wrong.push((key, said.to_owned()));
            }
        }
        for (key, said) in wrong {
            self.say(Id::MetadataPlace, METADATA, self.line(&["repository", key]), format!("`{key}` is `{said}`"));
        }
    }

    /// Compares the counts with those of the newest audit.
    fn summary(&mut self, value: &Value, newest: &str) {
        let mut bytes = Vec::new();
        let path = self.folder.dir.join("audits").join(newest).join(MANIFEST);
        let plain = path.symlink_metadata().is_ok_and(|found| found.is_file());
        if !plain || !read(&path, &mut bytes).is_ok_and(|whole| whole) {
            return;
        }
        // A manifest that cannot be read is reported where it lies.
        let Ok(manifest) = strict(&bytes) else { return };
        let mut differ = Vec::new();
        let mut line = None;
        for severity in Severity::ALL {
            let key =
                if severity == Severity::Info { "positive_findings".to_owned() } else { format!("{severity}_issues") };
            let said = value.pointer(&format!("/security_summary/{key}")).and_then(Value::as_u64);
            let there = manifest.pointer(&format!("/findings_summary/{severity}")).and_then(Value::as_u64);
            if let (Some(said), Some(there)) = (said, there)
                && said != there
            {
                line = line.or_else(|| self.line(&["security_summary", &key]));
                differ.push(format!("{severity} {said} here and {there} there"));
            }
        }
        if !differ.is_empty() {
            self.say(Id::MetadataSummary, METADATA, line, format!("beside {newest}: {}", differ.join(", ")));
        }
    }
}
