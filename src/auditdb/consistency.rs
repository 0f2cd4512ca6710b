//! What a record says of itself: rows, findings, times and manifest follow from each other, or somebody lies.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::RECORD_FILE;
use super::json::strict;
use super::manifest::manifest;
use super::verify::Checker;
use crate::error::Kind;
use crate::model::answer::State;
use crate::model::audit::mode_name;
use crate::model::carry::{Fate, Trace};
use crate::model::event::{EvidenceId, Subject};
use crate::model::evidence::{self, Region};
use crate::model::finding::Disclosure;
use crate::model::hash::Sha256;
use crate::model::mute::Mute;
use crate::model::record::{FindingBody, Record, Support};
use crate::model::score::{self, Slot};
use crate::model::standard::Standard;
use crate::repo::{Globs, Repo};
use crate::standards::Loaded;

/// Clocks are set back now and then; times may contradict each other by so much, in seconds.
const CLOCK_SLACK: i64 = 24 * 60 * 60;

impl Checker<'_> {
    /// The rows are those of the standard, and say of themselves what follows from them.
    pub fn rows(&mut self, record: &Record, loaded: &Loaded) {
        let standard = &loaded.standard;
        let (items, facts) = slots(standard, record);
        let modes = &record.target.modes;
        let mut wrong = record.items.iter().map(|row| &row.slot).ne(&items)
            || record.target.facts.iter().map(|row| &row.slot).ne(&facts)
            || modes.iter().collect::<BTreeSet<_>>().len() != modes.len()
            || !modes.iter().all(|mode| mode_name(mode))
            || !record.evidence.is_sorted_by(|a, b| a.id < b.id);
        // Both sides of an attachment say the same, and every piece that is published backs something.
        let mut backed: BTreeMap<&Subject, Vec<EvidenceId>> = BTreeMap::new();
        for row in &record.evidence {
            wrong |= row.backs.is_empty() || !row.backs.is_sorted_by(|a, b| a < b);
            for subject in &row.backs {
                backed.entry(subject).or_default().push(row.id);
            }
        }
        let mut cites =
            |subject: Subject, evidence: &[EvidenceId]| backed.remove(&subject).unwrap_or_default() == evidence;
        let blank = |reason: Option<&String>| reason.is_some_and(|reason| reason.trim().is_empty());
        let honest = |support: Support, evidence: &[EvidenceId], reason: Option<&String>| {
            let expected = match (evidence.is_empty(), reason) {
                (false, _) => Support::Evidence,
                (true, Some(_)) => Support::Reason,
                (true, None) => Support::None,
            };
            support == expected && !blank(reason)
        };
        let mut open = modes.is_empty();
        for row in &record.items {
            let Some((_, item)) = standard.item(&row.slot.id) else { continue };
            let accepted = row.answer.is_none_or(|answer| {
                item.accepts.contains(&answer) && (!answer.needs_reason() || row.reason.is_some())
            });
            wrong |= !accepted
                || row.state != State::of(row.answer, item.secure)
                || !honest(row.support, &row.evidence, row.reason.as_ref())
                || !cites(Subject::Item(row.slot.clone()), &row.evidence);
            open |= row.answer.is_none() || row.support == Support::None;
        }
        for row in &record.target.facts {
            let values = standard.fact(&row.slot.id).map(|fact| fact.values.as_slice()).unwrap_or_default();
            let known = row.value.as_ref().is_none_or(|value| {
                value == score::UNKNOWN && row.reason.is_some() || values.iter().any(|one| one.id == *value)
            });
            wrong |= !known
                || !honest(row.support, &row.evidence, row.reason.as_ref())
                || !cites(Subject::Fact(row.slot.clone()), &row.evidence);
            open |= row.value.is_none() || row.support == Support::None;
        }
        for row in &record.findings {
            wrong |= !cites(Subject::Finding(row.id), &row.evidence);
        }
        if wrong || !backed.is_empty() {
            self.fail(
                "items_mismatch",
                Some(RECORD_FILE),
                "Items, facts, answers, states or evidence are not those that the standard asks for, or do not agree with each other.",
            );
        }
        if open && !record.partial {
            self.fail(
                "not_final",
                Some(RECORD_FILE),
                "Open or unsupported items are in a record that calls itself finished.",
            );
        }
        if record.partial {
            self.notes.push("The record is partial: the audit was not finished.".to_owned());
        }
    }

    /// A finding's row says what its text says, and the folder of findings holds their files.
    pub fn findings(&mut self, record: &Record, loaded: &Loaded) {
        let standard = &loaded.standard;
        let mut ids = BTreeSet::new();
        let mut files = BTreeSet::new();
        let mut wrong = false;
        for row in &record.findings {
            wrong |= !ids.insert(row.id) || row.items.iter().any(|item| standard.item(item).is_none());
            if let Some(file) = row.file() {
                wrong |= !files.insert(file) || !file.starts_with(&format!("findings/{}-", row.severity));
            }
            wrong |= match &row.body {
                FindingBody::Public { finding, .. } => {
                    finding.severity != row.severity
                        || finding.items != row.items
                        || finding.advisories.is_empty() == row.advisory
                        || finding.withheld()
                        || !finding.mistakes().is_empty()
                        || row.severity.needs_disclosure() && finding.disclosure != Some(Disclosure::Public)
                }
                FindingBody::Withheld { until, .. } => {
                    until.parse::<jiff::civil::Date>().is_err() || !row.evidence.is_empty()
                }
                FindingBody::Withdrawn { reason } => reason.trim().is_empty() || !row.evidence.is_empty(),
            };
        }
        let there: BTreeSet<&str> =
            self.folder.files.keys().map(String::as_str).filter(|path| path.starts_with("findings/")).collect();
        let odd: Vec<&str> = files.symmetric_difference(&there).copied().collect();
        if wrong {
            self.fail(
                "findings_mismatch",
                Some(RECORD_FILE),
                "A finding's row says something else than its text, or names what is not there.",
            );
        } else if !odd.is_empty() {
            self.fail(
                "findings_mismatch",
                None,
                format!("The record and the folder of findings disagree about: {}.", odd.join(", ")),
            );
        }
    }

    /// What is muted is something that the standard's leads can find, each once and with a reason.
    pub fn mutes(&mut self, record: &Record, loaded: &Loaded) {
        let wrong = record.muted.iter().find_map(|row| {
            let glob = match &row.mute {
                Mute::Path { glob } => Globs::new(&[glob]).err().map(|error| error.message),
                Mute::Hit { .. } | Mute::Lead { .. } => None,
            };
            let blank = row.reason.trim().is_empty().then(|| format!("{} has no reason", row.mute));
            row.mute.check(&loaded.standard).err().or(glob).or(blank)
        });
        let in_order = record.muted.is_sorted_by(|a, b| a.mute < b.mute);
        let wrong = wrong.or_else(|| (!in_order).then(|| "they are not in order, or one is listed twice".to_owned()));
        if let Some(why) = wrong {
            let why = why.trim_end_matches('.');
            self.fail("mutes_mismatch", Some(RECORD_FILE), format!("Leads are put away that cannot be: {why}."));
        }
    }

    /// Times do not contradict each other by more than a clock that was set back explains, and observations are whole.
    pub fn times(&mut self, record: &Record) {
        let late = record.sealed_at.unix() + CLOCK_SLACK;
        let spent = record.time_spent < 0 || record.time_spent > late - record.started_at.unix();
        let after = record.evidence.iter().map(|row| row.taken_at).chain(record.findings.iter().map(|row| row.at));
        let after = after.chain(record.muted.iter().map(|row| row.at));
        if spent || record.started_at.unix() > late || after.map(|at| at.unix()).any(|at| at > late) {
            self.fail(
                "times_mismatch",
                Some(RECORD_FILE),
                "Something happened after the record was sealed, or took longer than there was time.",
            );
        }
        for row in &record.evidence {
            let evidence::Kind::Observation(observation) = &row.evidence.kind else { continue };
            let output = &observation.output;
            let whole = Sha256::of(output) == observation.sha256 || output.contains(char::REPLACEMENT_CHARACTER);
            if (row.redacted.is_some() && !output.is_empty()) || (row.redacted.is_none() && !whole) {
                let about = row.id.to_string();
                self.fail(
                    "evidence_does_not_hold",
                    Some(&about),
                    "The observed output is not the one whose digest is given.",
                );
            }
        }
    }

    /// What is marked as carried can be so: it has a parent, another person's word was confirmed before the end, and lines
    /// that are called the same have the same digest.
    pub fn carried(&mut self, record: &Record) {
        let marked = record.items.iter().any(|row| row.carried)
            || record.target.facts.iter().any(|row| row.carried)
            || record.findings.iter().any(|row| row.carried);
        let empty = record.items.iter().any(|row| row.carried && row.answer.is_none())
            || record.target.facts.iter().any(|row| row.carried && row.value.is_none());
        let why = match &record.parent {
            None if marked || record.evidence.iter().any(|row| row.carried.is_some()) => {
                Some("something is carried, and there is no older audit".to_owned())
            }
            Some(parent) if marked && !record.partial && parent.login != record.auditor.login => {
                Some(format!("the word of {} is not confirmed in a finished record", parent.login))
            }
            _ if empty => Some("something is carried that is open".to_owned()),
            _ => {
                let rows = record.evidence.iter().filter_map(|row| Some((row, row.carried.as_ref()?)));
                let mut odd = rows.filter(|(row, trace)| !traced(&row.evidence.kind, trace));
                odd.next().map(|(row, _)| format!("{} is not what it was carried from", row.id))
            }
        };
        if let Some(why) = why {
            self.fail("carried_mismatch", Some(RECORD_FILE), format!("Marks of what was carried do not fit: {why}."));
        }
        if let Some(parent) = &record.parent {
            let carried = record.items.iter().filter(|row| row.carried).count();
            self.notes.push(format!(
                "It goes on from {} by {} at {}: {carried} of {} answers are carried as they were.",
                parent.name(),
                parent.login,
                parent.commit,
                record.items.len()
            ));
        }
    }

    /// Where carried lines come from, they have these bytes at the older commit, as far as that is in the clone.
    pub fn carried_at(&mut self, record: &Record, clone: &Repo) {
        let Some(parent) = &record.parent else { return };
        let Ok(older) = clone.pin(parent.commit, &[]) else {
            self.notes.push(format!(
                "The older commit {} is not in this clone, so where lines were carried from was not checked.",
                parent.commit.short()
            ));
            return;
        };
        for row in &record.evidence {
            for region in row.carried.iter().flat_map(|trace| &trace.from) {
                match older.excerpt(region) {
                    Ok(_) => {}
                    Err(error) if error.kind == Kind::False => {
                        let about = row.id.to_string();
                        let why = format!("It was carried from lines that were not there: {}", error.message);
                        self.fail("carried_mismatch", Some(&about), why);
                    }
                    Err(error) => {
                        self.notes
                            .push(format!("Where {} was carried from was not checked: {}", row.id, error.message));
                    }
                }
            }
        }
    }

    /// The manifest is the one that follows from the record.
    pub fn manifest(&mut self, record: &Record) {
        let Some(bytes) = self.folder.files.get("audit-manifest.json") else { return };
        let said = match strict(bytes) {
            Ok(said) => said,
            Err(why) => {
                self.fail(
                    "manifest_malformed",
                    Some("audit-manifest.json"),
                    format!("It is not JSON without doubles: {why}."),
                );
                return;
            }
        };
        let derived = manifest(record);
        let differs = |key: &&String| said.get(key.as_str()) != derived.get(key.as_str());
        let keys: Vec<&String> = derived.as_object().into_iter().flat_map(|map| map.keys()).filter(differs).collect();
        if !keys.is_empty() {
            let keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
            self.fail(
                "manifest_mismatch",
                Some("audit-manifest.json"),
                format!("The manifest says something else than the record: {}.", keys.join(", ")),
            );
        }
    }
}

/// Tells whether evidence can have come to be from what it says that it was carried from.
fn traced(kind: &evidence::Kind, trace: &Trace) -> bool {
    match kind {
        evidence::Kind::Code { regions } => {
            let pairs = || trace.from.iter().zip(regions);
            let there = |(from, to): (&Region, &Region)| {
                (&from.path, from.first, from.last, from.commit) == (&to.path, to.first, to.last, to.commit)
            };
            !trace.from.is_empty()
                && trace.from.len() <= regions.len()
                && pairs().all(|(from, to)| from.sha256 == to.sha256)
                && match trace.fate {
                    Fate::Exact => pairs().all(there),
                    Fate::Moved => !pairs().all(there),
                    _ => false,
                }
        }
        evidence::Kind::Observation(_) | evidence::Kind::External(_) => {
            trace.fate == Fate::NotChecked && trace.from.is_empty()
        }
        _ => trace.fate == Fate::SameResult && trace.from.is_empty(),
    }
}

/// Returns the slots of all items, and of all facts, in the standard's order.
fn slots(standard: &Standard, record: &Record) -> (Vec<Slot>, Vec<Slot>) {
    let each = |id: &str, per_mode: bool| -> Vec<Slot> {
        if per_mode {
            record.target.modes.iter().map(|mode| Slot::in_mode(id, mode)).collect()
        } else {
            vec![Slot::once(id)]
        }
    };
    (
        standard.items().flat_map(|(dimension, item)| each(&item.id, dimension.per_mode)).collect(),
        standard.facts.iter().flat_map(|fact| each(&fact.id, fact.per_mode)).collect(),
    )
}
