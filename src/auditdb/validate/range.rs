//! The range of a pull request: which audits it adds, changes, removes or renames, and who did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::audit::MANIFEST;
use super::report::Issue;
use super::rules::Id;
use crate::auditdb::json::strict;
use crate::error::Result;
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::model::target::record_name;
use crate::repo::{Change, Pin, Repo};

/// The most commits whose changes are compared one by one.
const COMMITS: usize = 1000;
/// The most files that are named in one issue.
const NAMED: usize = 8;

/// What a range touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// The commits between which it lies, shortened.
    pub label: String,
    /// Audits that it adds, by path.
    pub fresh: BTreeSet<String>,
    /// Audits that it changes, by path.
    pub changed: BTreeSet<String>,
    /// Repositories whose metadata or audits it touches, by path.
    pub repositories: BTreeSet<String>,
    /// What it does that is no single audit's matter.
    pub issues: Vec<Issue>,
}

/// Returns the folder of the audit that a path lies in.
fn audit_of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["audits", _, _, _, "audits", _, _, ..] => Some(parts[..6].join("/")),
        _ => None,
    }
}

fn repository_of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["audits", _, _, _, "metadata.json"] | ["audits", _, _, _, "audits", _, _, ..] => Some(parts[..4].join("/")),
        _ => None,
    }
}

/// Reads the range from where HEAD left `base`, to HEAD.
///
/// Returns nothing once `stop` holds.
///
/// # Errors
/// Where a commit is missing or damaged, or the two have no history in common.
pub fn range(repo: &Repo, base: &str, stop: &dyn Fn() -> bool) -> Result<Option<Range>> {
    let (base, head) = (repo.resolve(base)?, repo.head()?);
    let Some(between) = repo.range(base, head, stop)? else { return Ok(None) };
    let Some(changes) = repo.changes(Some(between.base), head, stop)? else { return Ok(None) };
    let (before, after) = (repo.pin(between.base, &[])?, repo.pin(head, &[])?);
    let mut range = Range { label: format!("{}..{}", between.base.short(), head.short()), ..Range::default() };
    if let Some(cut) = changes.cut.as_deref().or(before.cut()).or(after.cut()) {
        range.issues.push(Issue::general(Id::Unreadable, "", None, format!("the range was not read whole: {cut}")));
    }
    let mut touched: BTreeSet<String> = BTreeSet::new();
    let mut moved: BTreeMap<String, String> = BTreeMap::new();
    let mut outside = Vec::new();
    for one in &changes.changed {
        let paths = [Some(&one.path), one.was.as_ref()];
        for path in paths.into_iter().flatten() {
            let path = path.lossy();
            range.repositories.extend(repository_of(&path));
            match audit_of(&path) {
                Some(audit) => drop(touched.insert(audit)),
                None if repository_of(&path).is_none() => outside.push(path.into_owned()),
                None => {}
            }
        }
        if one.change == Change::Renamed
            && let (Some(new), Some(old)) =
                (audit_of(&one.path.lossy()), one.was.as_ref().and_then(|was| audit_of(&was.lossy())))
            && new != old
        {
            moved.insert(new, old);
        }
    }
    if !outside.is_empty() {
        let shown: Vec<&str> = outside.iter().take(NAMED).map(String::as_str).collect();
        let reason = format!("{} changed outside of audits: {}", outside.len(), shown.join(", "));
        range.issues.push(Issue::general(Id::OutsideChanged, &outside[0], None, reason));
    }
    let gone = |audit: &String| has(&before, audit) && !has(&after, audit);
    for audit in touched {
        match (has(&before, &audit), has(&after, &audit)) {
            (false, true) => {
                if let Some(old) = moved.get(&audit).filter(|old| gone(old)) {
                    let reason = format!("it was `{old}`");
                    range.issues.push(Issue::general(Id::AuditRenamed, &audit, None, reason));
                }
                range.fresh.insert(audit);
            }
            (true, true) => {
                let Some(issue) = who(repo, &between.commits, &before, &audit, stop)? else { return Ok(None) };
                range.issues.push(issue);
                range.changed.insert(audit);
            }
            (true, false) if !moved.values().any(|old| *old == audit) => {
                let reason = "the range deletes it".to_owned();
                range.issues.push(Issue::general(Id::AuditDeleted, &audit, None, reason));
            }
            _ => {}
        }
    }
    Ok(Some(range))
}

/// Tells whether a tree has something below a folder.
fn has(pin: &Pin, folder: &str) -> bool {
    let prefix = format!("{folder}/");
    let at = pin.entries().partition_point(|entry| entry.path.0.as_slice() < prefix.as_bytes());
    pin.entries().get(at).is_some_and(|entry| entry.path.0.starts_with(prefix.as_bytes()))
}

/// Says who changed an audit that was there already: its auditor, as far as commits say, or somebody else.
fn who(repo: &Repo, commits: &[ObjectId], before: &Pin, audit: &str, stop: &dyn Fn() -> bool) -> Result<Option<Issue>> {
    let login = record_name(audit.rsplit('/').next().unwrap_or_default()).map(|(login, ..)| login.to_owned());
    let manifest = before
        .find(&RepoPath(format!("{audit}/{MANIFEST}").into_bytes()))
        .and_then(|entry| before.blob(entry.oid))
        .ok()
        .and_then(|bytes| strict(&bytes).ok());
    let said = |key: &str| {
        let auditor = manifest.as_ref().and_then(|manifest| manifest.get("auditor"));
        auditor.and_then(|auditor| auditor.get(key)).and_then(Value::as_str).map(str::to_lowercase)
    };
    let (name, contact) = (said("name"), said("contact"));
    let mut others = BTreeSet::new();
    let mut seen = false;
    for id in commits.iter().take(COMMITS) {
        let info = repo.commit_info(*id)?;
        // A merge brings what its parents changed.
        if info.parents.len() > 1 {
            continue;
        }
        let Some(changes) = repo.changes(info.parents.first().copied(), *id, stop)? else { return Ok(None) };
        let inside = |path: &RepoPath| audit_of(&path.lossy()).as_deref() == Some(audit);
        if !changes.changed.iter().any(|one| inside(&one.path) || one.was.as_ref().is_some_and(inside)) {
            continue;
        }
        seen = true;
        let (who, mail) = (info.author.name.to_lowercase(), info.author.email.to_lowercase());
        let own = |login: &String| {
            let login = login.to_lowercase();
            let local = mail.strip_suffix("@users.noreply.github.com").unwrap_or_default();
            who == login || local == login || local.split_once('+').is_some_and(|(_, name)| name == login)
        };
        let auditor =
            login.as_ref().is_some_and(own) || name.as_deref() == Some(&who) || contact.as_deref() == Some(&mail);
        if !auditor {
            others.insert(info.author.name);
        }
    }
    let login = login.unwrap_or_default();
    Ok(Some(if seen && others.is_empty() {
        Issue::general(Id::AuditRevised, audit, None, format!("the commits say that `{login}` changed it"))
    } else {
        let names: Vec<String> = others.into_iter().take(NAMED).collect();
        let by = if names.is_empty() { "somebody".to_owned() } else { names.join(", ") };
        Issue::general(Id::AuditChanged, audit, None, format!("it is an audit of `{login}`, changed by {by}"))
    }))
}
