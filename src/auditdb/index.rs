//! The indexes of a database: four files by which audits are found, and a summary of each server.
//!
//! They follow from the audits alone: the same from a commit and from its files, whoever makes them and whenever. So
//! nothing in them depends on the day (an audit's date is there, its age is the reader's to reckon), on the commit, or on
//! the order in which things were read. A row stands on one line, so that a change of one audit is a small diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, ServerEntry};
use super::database::{Database, Server};
use super::entry::{Counts, Entry, FindingEntry, Format, ScoreEntry, ServerAbout};
use super::write::make_dirs;
use crate::error::{Error, Result};
use crate::model::finding::Severity;
use crate::repo::display;

/// The folder of a database that holds its indexes.
pub const INDEXES: &str = "indexes";

/// The folder of the servers' summaries.
const SERVERS: &str = "indexes/servers";

/// The most bytes that an index can have.
const LIMIT: u64 = 1 << 30;

/// Where an audit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// The date from which its age is reckoned (`YYYY-MM-DD`).
    pub date: Option<String>,
    /// The server, `domain/org/repo`.
    pub server: String,
    /// The audit's folder.
    pub audit: String,
    /// The auditor's login.
    pub auditor: String,
    /// A record, or written by hand.
    pub format: Format,
    /// Findings that still hold.
    pub open: Counts,
    /// A signature is there; nobody checked it for this index.
    pub signature_present: bool,
}

/// `indexes/by-date.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByDate {
    /// `touchstone.index.by-date/1`.
    pub schema: String,
    /// All audits, the oldest first.
    pub audits: Vec<AuditRow>,
}

/// `indexes/by-auditor.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByAuditor {
    /// `touchstone.index.by-auditor/1`.
    pub schema: String,
    /// Auditors, by login.
    pub auditors: Vec<AuditorRow>,
}

/// An auditor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditorRow {
    /// The login.
    pub login: String,
    /// Every name under which the login audited.
    pub names: BTreeSet<String>,
    /// Every organization.
    pub organizations: BTreeSet<String>,
    /// The audits, the oldest first, `domain/org/repo/audit`.
    pub audits: Vec<String>,
}

/// `indexes/by-severity.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BySeverity {
    /// `touchstone.index.by-severity/1`.
    pub schema: String,
    /// Findings by severity, the worst first, then those whose file does not say.
    pub findings: Vec<FindingRow>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingRow {
    /// The severity in the file's name.
    pub severity: Option<Severity>,
    /// The server, `domain/org/repo`.
    pub server: String,
    /// The audit's folder.
    pub audit: String,
    /// The file in it.
    pub file: String,
    /// The title.
    pub title: Option<String>,
    /// CWEs.
    pub cwe: Vec<String>,
    /// It still holds: the audit does not say that it was superseded.
    pub open: bool,
}

/// `indexes/by-repo.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByRepo {
    /// `touchstone.index.by-repo/1`.
    pub schema: String,
    /// Servers.
    pub servers: Vec<ServerRow>,
}

/// A server's latest status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerRow {
    /// The server, `domain/org/repo`.
    pub server: String,
    /// Its language.
    pub language: Option<String>,
    /// Its type.
    pub server_type: Option<String>,
    /// How many audits it has.
    pub audits: usize,
    /// The newest audit's folder.
    pub latest: Option<String>,
    /// The newest audit's date (`YYYY-MM-DD`).
    pub latest_date: Option<String>,
    /// The newest audit's findings that still hold.
    pub open: Counts,
    /// The audited score of the newest audit that has one: its lowest and highest.
    pub audited_score: Option<[u32; 2]>,
    /// Its tier.
    pub tier: Option<String>,
    /// Its certificate.
    pub certified: Option<String>,
    /// Which audit the score is of.
    pub scored_by: Option<String>,
    /// The server's summary.
    pub summary: String,
}

/// `indexes/servers/<domain>/<org>/<repo>.json`: all that the database says of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSummary {
    /// `touchstone.index.server/1`.
    pub schema: String,
    /// Which.
    pub server: Server,
    /// What its `metadata.json` says.
    pub about: ServerAbout,
    /// The newest audit's folder.
    pub latest: Option<String>,
    /// The newest audit's date (`YYYY-MM-DD`).
    pub latest_date: Option<String>,
    /// The newest audit's findings that still hold, counted.
    pub open: Counts,
    /// The newest audit's findings that still hold.
    pub open_findings: Vec<FindingEntry>,
    /// Which audit the score is of: the newest that has one.
    pub scored_by: Option<String>,
    /// The audited score, with the level of each dimension.
    pub score: Option<ScoreEntry>,
    /// All audits, the oldest first.
    pub history: Vec<Entry>,
}

/// Returns the server's summary.
pub fn summary(server: &ServerEntry) -> ServerSummary {
    let latest = server.latest();
    let scored = server.scored();
    ServerSummary {
        schema: "touchstone.index.server/1".to_owned(),
        server: server.server.clone(),
        about: server.about.clone(),
        latest: latest.map(|entry| entry.audit.clone()),
        latest_date: latest.and_then(Entry::date),
        open: server.open(),
        open_findings: latest
            .map(|entry| entry.findings.iter().filter(|finding| finding.open()).cloned().collect())
            .unwrap_or_default(),
        scored_by: scored.map(|entry| entry.audit.clone()),
        score: scored.and_then(|entry| entry.score.clone()),
        history: server.audits.clone(),
    }
}

/// Returns the path of a server's summary in a database.
pub fn summary_path(server: &Server) -> String {
    format!("{SERVERS}/{server}.json")
}

/// Returns `by-date.json`.
pub fn by_date(catalog: &Catalog) -> ByDate {
    let mut audits: Vec<AuditRow> = catalog
        .audits()
        .map(|entry| AuditRow {
            date: entry.date(),
            server: entry.server.to_string(),
            audit: entry.audit.clone(),
            auditor: entry.auditor.login.clone(),
            format: entry.format,
            open: entry.open(),
            signature_present: entry.signature_present,
        })
        .collect();
    // Stable: within a day by server, as the catalog has them.
    audits.sort_by(|a, b| a.date.cmp(&b.date));
    ByDate { schema: "touchstone.index.by-date/1".to_owned(), audits }
}

/// Returns `by-auditor.json`.
pub fn by_auditor(catalog: &Catalog) -> ByAuditor {
    let mut all: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in catalog.audits() {
        all.entry(&entry.auditor.login).or_default().push(entry);
    }
    let rows = all.into_iter().map(|(login, mut audits)| {
        audits.sort_by_cached_key(|entry| entry.date());
        AuditorRow {
            login: login.to_owned(),
            names: audits.iter().filter_map(|entry| entry.auditor.name.clone()).collect(),
            organizations: audits.iter().filter_map(|entry| entry.auditor.organization.clone()).collect(),
            audits: audits.iter().map(|entry| format!("{}/{}", entry.server, entry.audit)).collect(),
        }
    });
    ByAuditor { schema: "touchstone.index.by-auditor/1".to_owned(), auditors: rows.collect() }
}

/// Returns `by-severity.json`.
pub fn by_severity(catalog: &Catalog) -> BySeverity {
    let row = |entry: &Entry, finding: &FindingEntry| FindingRow {
        severity: finding.severity,
        server: entry.server.to_string(),
        audit: entry.audit.clone(),
        file: finding.file.clone(),
        title: finding.title.clone(),
        cwe: finding.cwe.clone(),
        open: finding.open(),
    };
    let all = catalog.audits().flat_map(|entry| entry.findings.iter().map(move |finding| row(entry, finding)));
    let mut findings: Vec<FindingRow> = all.collect();
    findings.sort_by_key(|row| (row.severity.is_none(), row.severity));
    BySeverity { schema: "touchstone.index.by-severity/1".to_owned(), findings }
}

/// Returns `by-repo.json`.
pub fn by_repo(catalog: &Catalog) -> ByRepo {
    let row = |server: &ServerEntry| {
        let (latest, scored) = (server.latest(), server.scored());
        let score = scored.and_then(|entry| entry.score.as_ref());
        ServerRow {
            server: server.server.to_string(),
            language: server.about.language.clone(),
            server_type: server.about.server_type.clone(),
            audits: server.audits.len(),
            latest: latest.map(|entry| entry.audit.clone()),
            latest_date: latest.and_then(Entry::date),
            open: server.open(),
            audited_score: score.map(|score| [score.headline.low, score.headline.high]),
            tier: score.and_then(|score| score.tier.clone()),
            certified: score.and_then(|score| score.certified.clone()),
            scored_by: scored.map(|entry| entry.audit.clone()),
            summary: summary_path(&server.server),
        }
    };
    ByRepo { schema: "touchstone.index.by-repo/1".to_owned(), servers: catalog.servers.iter().map(row).collect() }
}

/// Calls `each` with the path and the bytes of every index, one after the other: all of them together are larger than
/// the catalog.
///
/// # Errors
/// What `each` returns; JSON that cannot be written.
pub fn files(catalog: &Catalog, each: &mut dyn FnMut(String, Vec<u8>) -> Result<()>) -> Result<()> {
    for server in &catalog.servers {
        let text = display::json(&summary(server), true).map_err(unwritable)?;
        each(summary_path(&server.server), (text + "\n").into_bytes())?;
    }
    let date = by_date(catalog);
    each(format!("{INDEXES}/by-date.json"), lines(&date.schema, "audits", &date.audits)?)?;
    let auditor = by_auditor(catalog);
    each(format!("{INDEXES}/by-auditor.json"), lines(&auditor.schema, "auditors", &auditor.auditors)?)?;
    let severity = by_severity(catalog);
    each(format!("{INDEXES}/by-severity.json"), lines(&severity.schema, "findings", &severity.findings)?)?;
    let repo = by_repo(catalog);
    each(format!("{INDEXES}/by-repo.json"), lines(&repo.schema, "servers", &repo.servers)?)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::could_not(format!("Could not write JSON: {error}."))
}

/// Writes an index, a row a line.
fn lines<T: Serialize>(schema: &str, name: &str, rows: &[T]) -> Result<Vec<u8>> {
    let mut out = format!("{{\n\"schema\": \"{schema}\",\n\"{name}\": [");
    for (index, row) in rows.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&display::json(row, false).map_err(unwritable)?);
    }
    out.push_str(if rows.is_empty() { "]\n}\n" } else { "\n]\n}\n" });
    Ok(out.into_bytes())
}

/// What became of a database's indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Files that were written, or would be.
    pub written: usize,
    /// Files that were as they should be.
    pub same: usize,
    /// Summaries of servers that are no more, removed or to be removed.
    pub removed: usize,
    /// The paths of the first of those written or removed.
    pub changed: Vec<String>,
}

/// How many paths [`Indexed::changed`] names.
const NAMED: usize = 20;

impl Indexed {
    fn change(&mut self, path: &str, removed: bool) {
        *(if removed { &mut self.removed } else { &mut self.written }) += 1;
        if self.changed.len() < NAMED {
            self.changed.push(path.to_owned());
        }
    }

    /// Tells whether everything was as it should be.
    pub fn is_same(&self) -> bool {
        self.written == 0 && self.removed == 0
    }
}

/// Compares what a database holds with the indexes that follow from its audits; nothing is written.
///
/// # Errors
/// What cannot be read.
pub fn check(database: &Database, catalog: &Catalog) -> Result<Indexed> {
    let mut there: BTreeSet<String> = database.files_below(SERVERS)?.into_keys().collect();
    let mut indexed = Indexed::default();
    files(catalog, &mut |path, bytes| {
        there.remove(&path);
        match database.file(&path, LIMIT)? {
            Some(found) if found == bytes => indexed.same += 1,
            _ => indexed.change(&path, false),
        }
        Ok(())
    })?;
    for path in there {
        indexed.change(&path, true);
    }
    Ok(indexed)
}

/// Writes the indexes below a folder: each to a temporary file, synced, renamed; one that is there already with these
/// bytes is not touched. Summaries of servers that are no more are removed. `None` where it was stopped between two
/// files: writing again heals.
///
/// # Errors
/// What cannot be written; of kind `Unsafe` where a link or a special file stands in the way.
pub fn write(out: &Path, catalog: &Catalog, stop: &dyn Fn() -> bool) -> Result<Option<Indexed>> {
    let folder = out.join(INDEXES);
    make_dirs(out, &folder)?;
    // Not beside each file: what a crash leaves lies in one place, and is no index.
    let temporary = tempfile::Builder::new()
        .prefix(".touchstone-")
        .tempdir_in(&folder)
        .map_err(|error| Error::io("write", &folder, &error))?;
    let mut indexed = Indexed::default();
    let mut kept: BTreeSet<PathBuf> = BTreeSet::new();
    let mut stopped = false;
    files(catalog, &mut |path, bytes| {
        stopped |= stop();
        if stopped {
            return Ok(());
        }
        let full = out.join(&path);
        make_dirs(out, full.parent().unwrap_or(out))?;
        if matches_file(&full, &bytes)? {
            indexed.same += 1;
        } else {
            let failed = |error: std::io::Error| Error::io("write", &full, &error);
            let new = temporary.path().join("new.json");
            let mut file = File::create(&new).map_err(failed)?;
            file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
            std::fs::rename(&new, &full).map_err(failed)?;
            indexed.change(&path, false);
        }
        kept.insert(full);
        Ok(())
    })?;
    if stopped {
        return Ok(None);
    }
    remove_others(out, &kept, &mut indexed)?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::io("write", &folder, &error))?;
    Ok(Some(indexed))
}

/// Tells whether a plain file with these bytes stands here.
fn matches_file(path: &Path, bytes: &[u8]) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {
            let same = found.len() == bytes.len() as u64;
            Ok(same && std::fs::read(path).map_err(|error| Error::io("read", path, &error))? == bytes)
        }
        Ok(_) => Err(Error::unsafe_input(format!("{} is not a regular file.", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("read", path, &error)),
    }
}

/// Removes the summaries that belong to no server, and the folders that they leave empty.
fn remove_others(out: &Path, kept: &BTreeSet<PathBuf>, indexed: &mut Indexed) -> Result<()> {
    let root = out.join(SERVERS);
    if !root.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let mut waiting = vec![(root, 0)];
    let mut folders = Vec::new();
    while let Some((folder, depth)) = waiting.pop() {
        let failed = |error: std::io::Error| Error::io("read", &folder, &error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() && depth < 2 {
                waiting.push((path.clone(), depth + 1));
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "json") && !kept.contains(&path)
            {
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
                indexed.change(&path.strip_prefix(out).unwrap_or(&path).to_string_lossy(), true);
            }
        }
    }
    for folder in folders.iter().rev() {
        // It fails for a folder that is not empty, and is to.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}
