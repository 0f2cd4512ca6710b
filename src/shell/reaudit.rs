//! A new audit at a newer pin: what an older one holds is taken over, its evidence found again and run again.

use std::collections::BTreeMap;
use std::path::Path;

use crate::auditdb::{Folder, Options, RECORD_FILE, SUMS_FILE, statement, verify};
use crate::error::{Error, Result};
use crate::export::count;
use crate::journal::Store;
use crate::model::carry::{Anchored, Carried, CarriedPiece, Fate, Parent, Source};
use crate::model::event::{Auditor, Subject, Target};
use crate::model::evidence::{History, Kind, PathList, Region, RepoPath, Search, SkipReason};
use crate::model::hash::Sha256;
use crate::model::record::STANDARD_FILE;
use crate::repo::{Pin, Repo, display};
use crate::standards::Loaded;

/// Hits of a search whose texts are compared where only their lines moved.
const COMPARED_HITS: usize = 10_000;

/// Ways in which a record can be off that concern its signature or place alone: it is taken for a proposal all the same, and
/// they are told.
const TOLD: [&str; 5] = ["unsigned", "unknown_key", "key_of_another", "wrong_place", "key_expired"];

/// An older audit, ready to be taken over.
pub struct Older {
    /// What the new audit names as its parent.
    pub parent: Parent,
    /// The repository.
    pub target: Target,
    /// Files and folders that are audited.
    pub scope: Vec<RepoPath>,
    /// The standard, with its exact bytes.
    pub loaded: Loaded,
    /// What it holds.
    pub carried: Carried,
    /// Who audited.
    pub auditor: Auditor,
    /// What should be known of it.
    pub notes: Vec<String>,
}

impl Older {
    /// Reads an audit on this machine, or a record's folder.
    ///
    /// # Errors
    /// Where it is neither, or cannot be read; where a record does not hold.
    pub fn read(store: &Store, named: &Path) -> Result<Older> {
        let name = named.to_str().filter(|name| !name.contains('/'));
        if let Some(name) = name
            && store.names()?.iter().any(|known| known == name)
        {
            return Older::journal(store, name);
        }
        if named.join(RECORD_FILE).exists() {
            return Older::record(named);
        }
        let shown = display::line(&named.display().to_string()).into_owned();
        Err(Error::usage(format!("`{shown}` is neither an audit on this machine nor a record's folder."))
            .hint("`touchstone audits` lists the audits; a record is a folder `…/audits/<login>-<date>-<number>`."))
    }

    fn journal(store: &Store, name: &str) -> Result<Older> {
        let view = store.view(name)?;
        let opened = &view.audit.now.opened;
        Ok(Older {
            parent: Parent {
                source: Source::Journal { audit: name.to_owned(), line: view.audit.last_line() },
                commit: opened.pin.commit,
                login: opened.auditor.login.clone(),
            },
            target: opened.target.clone(),
            scope: opened.scope.clone(),
            carried: Carried::from_audit(&view.audit),
            auditor: opened.auditor.clone(),
            loaded: view.loaded,
            notes: Vec::new(),
        })
    }

    fn record(path: &Path) -> Result<Older> {
        let folder = Folder::read(path)?;
        let report = verify(&folder, &Options::default());
        let wrong = |told: bool| {
            let off = report.reasons.iter().filter(|one| !one.could_not_check);
            off.filter(move |one| TOLD.contains(&one.reason) == told).map(|one| {
                let about = one.about.as_ref().map(|about| format!(" {about}")).unwrap_or_default();
                display::line(&format!("{}{about}: {}", one.reason, one.message)).into_owned()
            })
        };
        let broken: Vec<String> = wrong(false).collect();
        if !broken.is_empty() {
            let mut error = Error::falsity("The record does not hold, so nothing is taken over from it.");
            error.hints = broken;
            return Err(error);
        }
        let unread = || {
            let why = report.reasons.first().map(|one| one.message.clone()).unwrap_or_default();
            Error::could_not(format!("The record cannot be read. {}", display::line(&why)))
        };
        let sums = folder.files.get(SUMS_FILE).ok_or_else(unread)?;
        let record = statement(&folder).map_err(|_| unread())?.predicate;
        let toml = folder.files.get(STANDARD_FILE).ok_or_else(unread)?;
        let toml = String::from_utf8(toml.clone()).map_err(|_| unread())?;
        let name = path.join(STANDARD_FILE).display().to_string();
        let mut notes: Vec<String> = wrong(true).collect();
        if report.signature.present {
            notes.push("Whose key signed the record was not checked; `touchstone verify` does that.".to_owned());
        }
        let carried = Carried::from_record(&record);
        let left = record.findings.iter().filter(|row| row.file().is_some()).count() - carried.findings.len();
        if left > 0 {
            notes
                .push(format!("{} withheld in the record: not taken over.", count(left, "finding is", "findings are")));
        }
        Ok(Older {
            parent: Parent {
                source: Source::Record { audit_id: record.audit_id.clone(), sums: Sha256::of(sums) },
                commit: record.target.pin.commit,
                login: record.auditor.login.clone(),
            },
            target: record.target.repo.clone(),
            scope: record.target.scope.clone(),
            carried,
            auditor: record.auditor.clone(),
            loaded: Loaded::from_known_toml(toml, &name)?,
            notes,
        })
    }

    /// Finds the older audit's evidence again at a pin, and runs again what can be run.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub fn trace(&mut self, repo: &Repo, pin: &Pin) -> Result<()> {
        let mut regions: Vec<Region> = Vec::new();
        for piece in &self.carried.evidence {
            if let Kind::Code { regions: own } = &piece.evidence.kind {
                regions.extend(own.iter().cloned());
            }
        }
        let found = pin.reanchor(self.parent.commit, &regions, &|| false)?.unwrap_or_default();
        let mut found = found.into_iter();
        let older = repo.pin(self.parent.commit, &self.scope).ok();
        if older.is_none() {
            let short = self.parent.commit.short();
            self.notes.push(format!(
                "The older commit {short} is not in this clone: lines are found again by their blobs and hashes alone."
            ));
        }
        for piece in &mut self.carried.evidence {
            match &piece.evidence.kind {
                Kind::Code { regions } => {
                    piece.regions = found.by_ref().take(regions.len()).collect::<Vec<Anchored>>();
                    piece.fate = Fate::of(&piece.regions);
                }
                Kind::Observation(_) | Kind::External(_) => piece.fate = Fate::NotChecked,
                Kind::Search(_) | Kind::Path(_) | Kind::History(_) => run_again(piece, pin, older.as_ref()),
            }
        }
        Ok(())
    }

    /// Returns the items, facts and findings that are reopened, in their order.
    pub fn reopened(&self) -> Vec<Subject> {
        reopened(&self.carried)
    }
}

/// Returns the items, facts and findings that were said and are reopened, in their order.
pub fn reopened(carried: &Carried) -> Vec<Subject> {
    let facts = carried.facts.iter().map(|one| Subject::Fact(one.slot.clone()));
    let answers = carried.answers.iter().map(|one| Subject::Item(one.slot.clone()));
    let findings = carried.findings.iter().map(|one| Subject::Finding(one.id));
    facts.chain(answers).chain(findings).filter(|subject| !carried.reopening(subject).is_empty()).collect()
}

/// Runs a search, a glob or a walk through history again at the new pin and says whether it comes to the same.
fn run_again(piece: &mut CarriedPiece, pin: &Pin, older: Option<&Pin>) {
    let ran = match &piece.evidence.kind {
        Kind::Search(said) => pin.search(&said.query).map(|now| (searched(said, &now, pin, older), Kind::Search(now))),
        Kind::Path(said) => pin.paths(&said.glob).map(|now| (listed(said, &now), Kind::Path(now))),
        Kind::History(said) => pin.history(&said.query).map(|now| (walked(said, &now), Kind::History(now))),
        Kind::Code { .. } | Kind::Observation(_) | Kind::External(_) => return,
    };
    match ran {
        Ok(((same, why), now)) => {
            piece.fate = if same { Fate::SameResult } else { Fate::OtherResult };
            (piece.again, piece.why) = (Some(now), why);
        }
        Err(error) => (piece.fate, piece.why) = (Fate::NotKnown, Some(error.message)),
    }
}

/// Lines by the file that they are in.
type Texts = Vec<(RepoPath, Vec<u8>)>;

/// Whether the result is the same, and what is to be said of it.
type Outcome = (bool, Option<String>);

fn searched(said: &Search, now: &Search, pin: &Pin, older: Option<&Pin>) -> Outcome {
    let large = |search: &Search| {
        let skipped = search.skipped.iter().find(|skipped| skipped.why == SkipReason::TooLarge);
        skipped.map_or(0, |skipped| skipped.files)
    };
    if large(now) > large(said) {
        return (false, Some("More files are too large to be searched.".to_owned()));
    }
    if (said.hits, said.excluded_hits) != (now.hits, now.excluded_hits) {
        let apart = if said.hits == now.hits { " counted apart" } else { "" };
        let (before, after) =
            if said.hits == now.hits { (said.excluded_hits, now.excluded_hits) } else { (said.hits, now.hits) };
        return (false, Some(format!("{}{apart} where there were {before}.", count(after, "hit", "hits"))));
    }
    if said.hits_digest == now.hits_digest {
        return (true, None);
    }
    // The same lines in the same files at other numbers are the same result.
    let texts = |pin: &Pin| -> Option<(Sha256, Texts)> {
        let (search, hits) = pin.hits(&said.query, COMPARED_HITS).ok()?;
        let hits = hits.into_iter().filter(|hit| !hit.excluded);
        let mut texts: Texts = hits.map(|hit| (hit.path, hit.text)).collect();
        texts.sort();
        (texts.len() as u64 == search.hits).then_some((search.hits_digest, texts))
    };
    let before = older.and_then(texts).filter(|(digest, _)| *digest == said.hits_digest);
    match (before, texts(pin)) {
        (Some((_, before)), Some((_, after))) if before == after => {
            (true, Some("The same lines, some at other line numbers.".to_owned()))
        }
        _ => (false, Some("As many hits, but other lines or files.".to_owned())),
    }
}

fn listed(said: &PathList, now: &PathList) -> Outcome {
    if said.matches != now.matches {
        return (false, Some(format!("{} where there were {}.", count(now.matches, "path", "paths"), said.matches)));
    }
    if said.paths != now.paths {
        return (false, Some("As many paths, but others.".to_owned()));
    }
    let same = said.matches_digest == now.matches_digest;
    let all = said.matches == said.paths.len() as u64;
    match (same, all) {
        (true, _) => (true, None),
        (false, true) => (true, Some("The same paths; what they hold may have changed.".to_owned())),
        (false, false) => (false, Some("As many paths, but others, or they hold something else.".to_owned())),
    }
}

fn walked(said: &History, now: &History) -> Outcome {
    if (said.matches, said.matches_digest) == (now.matches, now.matches_digest) {
        return (true, None);
    }
    let matches = count(now.matches, "commit", "commits");
    let why = if said.matches == now.matches {
        "As many commits, but others.".to_owned()
    } else {
        format!("{matches} where there were {}.", said.matches)
    };
    (false, Some(why))
}

/// Counts pieces by what became of them, in the order of how well they hold.
pub fn counts(carried: &Carried) -> Vec<(Fate, usize)> {
    let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
    for piece in &carried.evidence {
        *counts.entry(piece.fate).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Refuses a clone of another repository: answers would be taken over to code that they never spoke of.
///
/// # Errors
/// Where the clone's origin is another one.
pub fn expect_same_repository(repo: &Repo, target: &Target) -> Result<()> {
    match repo.origin_url().map(|url| Target::parse(&url)) {
        Some(Ok(origin)) if origin != *target => Err(Error::usage(format!(
            "The clone is of {}, and the audit of {}.",
            display::line(&origin.url),
            display::line(&target.url)
        ))
        .hint("Pass --repo with a clone of the audited repository.")),
        _ => Ok(()),
    }
}
