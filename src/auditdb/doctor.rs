//! The evidence doctor: everything that an audit cites, examined in a clone, and what its citations should say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::citation::{self, Citation};
use super::folder::{Folder, RECORD_FILE, SIGNATURE_FILE, SUMS_FILE, statement};
use crate::error::Result;
use crate::model::evidence::{Evidence, Kind};
use crate::model::hash::ObjectId;
use crate::model::record::Record;
use crate::repo::{Check, Cited, Examined, Pin, Proposal, Repo, State, Why, display};

/// Longer Markdown is not read, in bytes.
const MARKDOWN_BYTES: usize = 4 << 20;
/// Commits other than the audited one that citations may name.
const COMMITS: usize = 32;

/// An audit's evidence, examined.
pub struct Report {
    /// The repository that was audited, as the audit says.
    pub target: Option<String>,
    /// The commit at which it was examined.
    pub commit: Option<ObjectId>,
    /// Where that commit is named.
    pub named_by: &'static str,
    /// Why nothing could be examined.
    pub unverifiable: Option<String>,
    /// Every citation, by file and line.
    pub citations: Vec<Row>,
    /// The record's own evidence, where the audit is one of this program's.
    pub evidence: Vec<Piece>,
    /// What was not read, a sentence each.
    pub notes: Vec<String>,
    /// The audit's files are covered by digests or by a signature.
    pub sealed: bool,
}

/// A citation and what became of it.
pub struct Row {
    /// Where it stands and what it says.
    pub citation: Citation,
    /// What it came to.
    pub examined: Examined,
    /// The row, by its place, that quotes the same lines of the same file; this one only names them.
    pub follows: Option<usize>,
    /// What this citation should say, where that can be written without touching anything but numbers and path.
    pub correction: Option<Proposal>,
}

/// A piece of a record's evidence.
pub struct Piece {
    /// Its id, such as E7.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it is on, in a few words that passed the door.
    pub on: String,
    /// Whether it holds.
    pub check: Check,
}

/// How many rows there are of each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// True.
    pub holds: usize,
    /// Not true.
    pub fails: usize,
    /// Nobody can check them: nothing is quoted, or it is what the auditor saw.
    pub not_checkable: usize,
    /// Could not be checked here.
    pub could_not: usize,
}

impl Report {
    /// Counts the outcomes of all rows.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for row in &self.citations {
            match (row.examined.state, row.examined.why) {
                (state, _) if state.holds() => tally.holds += 1,
                (State::NotCheckable, Some(why)) if why.could_not() => tally.could_not += 1,
                (State::NotCheckable, _) => tally.not_checkable += 1,
                _ => tally.fails += 1,
            }
        }
        for piece in &self.evidence {
            match piece.check {
                Check::Holds => tally.holds += 1,
                Check::Fails(_) => tally.fails += 1,
                Check::NotCheckable => tally.not_checkable += 1,
                Check::CouldNot(_) => tally.could_not += 1,
            }
        }
        tally
    }
}

/// Examines all that an audit cites. Without a clone the citations are found and nothing is examined. `at` names another
/// commit than the audited one.
///
/// # Errors
/// Where `at` names no commit of the clone.
pub fn examine(folder: &Folder, clone: Option<&Repo>, at: Option<&str>) -> Result<Report> {
    let manifest =
        folder.files.get("audit-manifest.json").and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let said = |path: &str| {
        let text = manifest.as_ref()?.pointer(path)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let mut report = Report {
        target: said("/target/repo_url"),
        commit: None,
        named_by: "",
        unverifiable: None,
        citations: Vec::new(),
        evidence: Vec::new(),
        notes: Vec::new(),
        sealed: folder.files.contains_key(SUMS_FILE) || folder.files.contains_key(SIGNATURE_FILE),
    };
    for path in &folder.strange {
        report.notes.push(format!("{} is no plain file, and was not read.", display::line(path)));
    }
    for (path, bytes) in folder.files.iter().filter(|(path, _)| path.to_ascii_lowercase().ends_with(".md")) {
        if bytes.len() > MARKDOWN_BYTES {
            report.notes.push(format!("{} is too long to be read.", display::line(path)));
            continue;
        }
        for citation in citation::find(path, &String::from_utf8_lossy(bytes)) {
            let examined = Examined::not_checkable(Why::NoCommit, "No clone was given.");
            report.citations.push(Row { citation, examined, follows: None, correction: None });
        }
    }
    let is_record = folder.files.contains_key(RECORD_FILE);
    let record = is_record.then(|| statement(folder).map(|statement| statement.predicate));
    let (rev, named_by) = match (at, said("/target/commit_hash"), said("/target/version")) {
        (Some(rev), ..) => (Some(rev.to_owned()), "--at"),
        (None, Some(hash), _) => (Some(hash), "commit_hash"),
        (None, None, Some(version)) => (Some(version), "version"),
        (None, None, None) => (None, ""),
    };
    report.named_by = named_by;
    let pin = match (clone, rev) {
        (None, _) => Err("No clone was given.".to_owned()),
        (Some(_), None) => Err("The manifest names neither a commit nor a version.".to_owned()),
        (Some(repo), Some(rev)) => {
            let found = match named_by {
                "--at" => Ok(repo.resolve(&rev)?),
                "version" => tag(repo, &rev),
                _ => commit(repo, &rev),
            };
            found.and_then(|commit| {
                report.commit = Some(commit);
                repo.pin(commit, &[]).map_err(|error| error.message)
            })
        }
    };
    match &pin {
        Ok(pin) => examine_citations(&mut report, clone, pin),
        Err(why) => {
            let why = display::line(why).into_owned();
            for row in &mut report.citations {
                row.examined = Examined::not_checkable(Why::NoCommit, why.clone());
            }
            report.unverifiable = Some(why);
        }
    }
    match record {
        Some(Ok(record)) => report.evidence = evidence(&record, clone, pin.as_ref().ok(), at.is_some()),
        Some(Err(why)) => report.evidence.push(Piece {
            id: "record".to_owned(),
            kind: "record",
            on: RECORD_FILE.to_owned(),
            check: Check::CouldNot(why),
        }),
        None => {}
    }
    Ok(report)
}

/// Returns the commit of a hash. A branch can have the form of one, and is not meant.
fn commit(repo: &Repo, hash: &str) -> Result<ObjectId, String> {
    let hex = (7..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex {
        return Err(format!("commit_hash is {hash:?}, which is not a hash."));
    }
    repo.resolve(hash).map_err(|error| error.message)
}

fn tag(repo: &Repo, version: &str) -> Result<ObjectId, String> {
    let named = [format!("refs/tags/{version}"), format!("refs/tags/v{version}")];
    let found = named.iter().find_map(|name| repo.resolve(name).ok());
    found.ok_or_else(|| format!("The manifest names no commit, and the clone has no tag {version}."))
}

fn examine_citations(report: &mut Report, clone: Option<&Repo>, pin: &Pin) {
    let target = report.target.as_deref().map(place);
    // The commits that citations name themselves, and which rows are to be looked at there.
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, row) in report.citations.iter_mut().enumerate() {
        let citation = &row.citation;
        if let (Some(repo), Some(target)) = (&citation.repo, &target)
            && !repo.eq_ignore_ascii_case(target)
        {
            row.examined = Examined::not_checkable(
                Why::OtherRepository,
                format!("The link leads to another repository, {}.", display::line(repo)),
            );
            continue;
        }
        groups.entry(citation.commit.clone()).or_default().push(at);
    }
    for (number, (named, rows)) in groups.into_iter().enumerate() {
        let other = match named.as_deref() {
            Some(name) if !pin.commit().to_string().starts_with(&name.to_ascii_lowercase()) => {
                Some(if number > COMMITS {
                    Err((Why::NoCommit, "The audit names too many commits.".to_owned()))
                } else {
                    pin_named(clone, name)
                })
            }
            _ => None,
        };
        let pin = match &other {
            None => pin,
            Some(Ok(pin)) => pin,
            Some(Err((why, reason))) => {
                for at in rows {
                    if let Some(row) = report.citations.get_mut(at) {
                        row.examined = Examined::not_checkable(*why, reason.clone());
                    }
                }
                continue;
            }
        };
        let cited: Vec<Cited> =
            rows.iter().filter_map(|at| report.citations.get(*at)).map(|row| row.citation.cited()).collect();
        for (at, examined) in rows.into_iter().zip(pin.examine_all(&cited)) {
            if let Some(row) = report.citations.get_mut(at) {
                row.examined = examined;
            }
        }
    }
    follow(&mut report.citations);
}

/// Returns a repository's address as a link names it: host, owner and name.
fn place(url: &str) -> String {
    let bare = url.trim().trim_end_matches('/');
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let bare = bare.rsplit_once('@').map_or(bare, |(_, rest)| rest);
    let bare = bare.strip_suffix(".git").unwrap_or(bare).trim_start_matches("www.");
    bare.replacen(':', "/", 1)
}

fn pin_named(clone: Option<&Repo>, name: &str) -> Result<Pin, (Why, String)> {
    let repo = clone.ok_or_else(|| (Why::NoCommit, "No clone was given.".to_owned()))?;
    let hex = (7..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let said = || display::line(name).into_owned();
    let commit = if hex {
        repo.resolve(name).map_err(|error| (Why::NoCommit, display::line(&error.message).into_owned()))?
    } else {
        repo.resolve(&format!("refs/tags/{name}"))
            .map_err(|_| (Why::NoPin, format!("The link names {}, which is no commit and no tag here.", said())))?
    };
    repo.pin(commit, &[]).map_err(|error| (Why::NoCommit, display::line(&error.message).into_owned()))
}

/// Lets citations that only name lines follow those that quote the same ones, and decides what is corrected.
fn follow(rows: &mut [Row]) {
    type Key = (String, String, Option<String>, Vec<(usize, usize)>);
    let key = |citation: &Citation| -> Option<Key> {
        let ranges: Vec<_> = citation.ranges.iter().map(|lines| (lines.first, lines.last)).collect();
        (!ranges.is_empty()).then_some((citation.file.clone(), citation.path.clone()?, citation.commit.clone(), ranges))
    };
    let mut quoted: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.citation.quote.is_some()) {
        if let Some(key) = key(&row.citation) {
            quoted.entry(key).or_default().push(at);
        }
    }
    for row in rows.iter_mut() {
        row.correction = row.examined.proposal.clone().filter(|proposal| writable(&row.citation, proposal));
    }
    for at in 0..rows.len() {
        let Some(row) = rows.get(at).filter(|row| row.citation.quote.is_none()) else { continue };
        let leaders = key(&row.citation).and_then(|key| quoted.get(&key)).cloned().unwrap_or_default();
        let Some(first) = leaders.first().copied() else { continue };
        let proposal = rows.get(first).and_then(|row| row.correction.clone());
        // Two quotes from the same lines that turn out to be from different ones: nobody knows which is meant.
        let agree = leaders.iter().all(|at| rows.get(*at).is_some_and(|row| row.correction == proposal));
        if let Some(row) = rows.get_mut(at) {
            row.follows = Some(first);
            row.correction = proposal.filter(|proposal| agree && writable(&row.citation, proposal));
        }
    }
}

/// Tells whether a proposal can be written by changing numbers and path alone.
fn writable(citation: &Citation, proposal: &Proposal) -> bool {
    let lines = citation.ranges.len() == 1;
    let plain = |path: &[u8]| path.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@+".contains(byte));
    match &proposal.path {
        None => lines,
        Some(path) => (lines || citation.ranges.is_empty()) && plain(&path.0) && !citation.paths.is_empty(),
    }
}

/// Runs a record's evidence again. `elsewhere` says that the pin is not the record's own.
fn evidence(record: &Record, clone: Option<&Repo>, pin: Option<&Pin>, elsewhere: bool) -> Vec<Piece> {
    let own = match (clone, elsewhere) {
        (None, _) => Err("No clone was given.".to_owned()),
        // What was recorded of one commit says nothing of another, but for the lines it cites.
        (Some(_), true) => Err("Evidence is checked at the record's own commit only; leave --at out.".to_owned()),
        (Some(repo), false) => repo
            .pin(record.target.pin.commit, &record.target.scope)
            .map_err(|error| display::line(&error.message).into_owned())
            .and_then(|own| match pin {
                Some(pin) if pin.commit() != own.commit() => {
                    Err("The manifest names another commit than the record.".to_owned())
                }
                _ => Ok(own),
            }),
    };
    record
        .evidence
        .iter()
        .map(|row| Piece {
            id: row.id.to_string(),
            kind: row.evidence.word(),
            on: on(&row.evidence),
            check: match &own {
                _ if !row.evidence.checkable() => Check::NotCheckable,
                Ok(pin) => pin.check(&row.evidence),
                Err(why) => Check::CouldNot(why.clone()),
            },
        })
        .collect()
}

/// Returns what a piece of evidence is on, in a few words.
fn on(evidence: &Evidence) -> String {
    match &evidence.kind {
        Kind::Code { regions } => {
            let places: Vec<String> = regions
                .iter()
                .map(|region| format!("{}:{}-{}", display::bytes(&region.path.0), region.first, region.last))
                .collect();
            places.join(" ")
        }
        Kind::Search(search) => display::line(&search.query.pattern).into_owned(),
        Kind::Path(list) => display::line(&list.glob).into_owned(),
        Kind::History(history) => display::line(&history.query.pattern).into_owned(),
        Kind::Observation(observation) => display::line(&observation.command).into_owned(),
        Kind::External(external) => display::line(&external.source).into_owned(),
    }
}

/// Returns a text with its citations corrected: only their numbers and paths change.
///
/// `rows` are those of this text.
pub fn corrected<'a>(text: &str, rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut edits: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for row in rows {
        let Some(correction) = &row.correction else { continue };
        if let [lines] = row.citation.ranges.as_slice() {
            for place in &lines.places {
                match &place.last {
                    Some(last) => {
                        edits.insert(place.first.start, (place.first.end, correction.first.to_string()));
                        edits.insert(last.start, (last.end, correction.last.to_string()));
                    }
                    None if correction.first == correction.last => {
                        edits.insert(place.first.start, (place.first.end, correction.first.to_string()));
                    }
                    None => {
                        let both = format!("{}{}{}", correction.first, place.join, correction.last);
                        edits.insert(place.first.start, (place.first.end, both));
                    }
                }
            }
        }
        if let Some(path) = &correction.path {
            for spelled in &row.citation.paths {
                // Only plain paths are proposed, which an address spells as they are.
                edits.insert(spelled.at.start, (spelled.at.end, path.lossy().into_owned()));
            }
        }
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (start, (end, new)) in edits {
        // A place is edited once, and never within another.
        if let Some(kept) = text.get(from..start)
            && text.is_char_boundary(end)
        {
            out.push_str(kept);
            out.push_str(&new);
            from = end;
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
