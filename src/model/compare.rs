//! Two audits of one server, side by side: where their answers differ, what that is worth, which findings only one has.
//!
//! Two auditors at one pin, or one auditor at two pins: the arithmetic is the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answer::Answer;
use super::evidence::Kind;
use super::finding::Severity;
use super::record::{FindingBody, Record, Support};
use super::score::{self, Inputs, Range, Score, Slot};
use super::standard::Standard;

/// One of the two audits. What a hand-written audit does not say is absent, never made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The audit's id or name.
    pub id: String,
    /// The auditor's login.
    pub auditor: String,
    /// The repository.
    pub url: String,
    /// The commit, or a release where no commit is given.
    pub pin: String,
    /// The day it was finished, or sealed (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its audited score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// Items are open, or unsupported.
    pub partial: bool,
    /// Id, version and digest of the standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// Answers and facts; none where the audit does not follow a standard.
    #[serde(skip)]
    pub given: BTreeMap<Slot, Said>,
    /// Findings that are not withdrawn.
    #[serde(skip)]
    pub findings: Vec<FindingSide>,
}

/// What an audit says to an item or a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The answer's word, or the fact's value; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it rests on.
    pub support: Support,
}

/// A finding, as far as two of them can be told to be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingSide {
    /// Its number, or its file.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is called; a withheld one is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Weaknesses, `CWE-…`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cwe: BTreeSet<String>,
    /// Items of the standard that it is on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub items: BTreeSet<String>,
    /// Files that it cites.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub paths: BTreeSet<String>,
}

/// How two audits differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The first.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// The dimensions that both have.
    pub dimensions: Vec<Agreement>,
    /// Items and facts that are answered on both sides, and not alike; those that divide most points first.
    pub differing: Vec<Differing>,
    /// Items and facts that only one side answers.
    pub one_sided: Vec<OneSided>,
    /// Findings on both sides.
    pub kept: Vec<Pair>,
    /// Findings that only the first has.
    pub lost: Vec<FindingSide>,
    /// Findings that only the second has.
    pub gained: Vec<FindingSide>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// How far two audits agree in a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Id of the dimension.
    pub dimension: String,
    /// Items that both answered.
    pub both: usize,
    /// Those of them that both answered alike.
    pub alike: usize,
    /// The first one's points: the lowest over its modes.
    pub a: Option<Range>,
    /// The second one's.
    pub b: Option<Range>,
}

/// An item or fact with two answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Which.
    pub slot: Slot,
    /// The first one's answer.
    pub a: Said,
    /// The second one's.
    pub b: Said,
    /// How the first one's headline would change if it took the second one's answer here, and nothing else: lowest value.
    /// Absent where the standards differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_in_a: Option<i64>,
    /// How the second one's headline would change if it took the first one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_in_b: Option<i64>,
}

impl Differing {
    /// Returns the points that this one answer is worth: the larger change of the two headlines.
    pub fn points(&self) -> u64 {
        [self.change_in_a, self.change_in_b].into_iter().flatten().map(i64::unsigned_abs).max().unwrap_or(0)
    }
}

/// An item or fact that one side answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneSided {
    /// Which.
    pub slot: Slot,
    /// The first one's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// The second one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

/// A finding that both audits have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// In the first.
    pub a: FindingSide,
    /// In the second.
    pub b: FindingSide,
}

impl Side {
    /// Returns the side of a record.
    pub fn of(record: &Record) -> Side {
        let reference = &record.standard;
        let items = record.items.iter().map(|row| (&row.slot, row.answer.map(Answer::word), row.support));
        let facts = record.target.facts.iter().map(|row| (&row.slot, row.value.as_deref(), row.support));
        let given = items
            .chain(facts)
            .map(|(slot, value, support)| (slot.clone(), Said { value: value.map(str::to_owned), support }))
            .collect();
        Side {
            id: record.audit_id.clone(),
            auditor: record.auditor.login.clone(),
            url: record.target.repo.url.clone(),
            pin: record.target.pin.commit.to_string(),
            date: Some(record.sealed_at.date()),
            score: Some(record.score.clone()),
            partial: record.partial,
            standard: Some(format!("{} {} {}", reference.id, reference.version, reference.sha256)),
            given,
            findings: findings(record),
        }
    }
}

fn findings(record: &Record) -> Vec<FindingSide> {
    let paths = |ids: &[super::event::EvidenceId]| {
        let rows = record.evidence.iter().filter(|row| ids.contains(&row.id));
        let regions = rows.filter_map(|row| match &row.evidence.kind {
            Kind::Code { regions } => Some(regions),
            _ => None,
        });
        regions.flatten().map(|region| region.path.lossy().into_owned()).collect()
    };
    let rows = record.findings.iter().filter(|row| row.file().is_some());
    rows.map(|row| {
        let public = match &row.body {
            FindingBody::Public { finding, .. } => Some(finding),
            FindingBody::Withheld { .. } | FindingBody::Withdrawn { .. } => None,
        };
        FindingSide {
            id: row.id.to_string(),
            severity: row.severity,
            title: public.map(|finding| finding.title.clone()),
            cwe: public.map(|finding| finding.cwe.iter().cloned().collect()).unwrap_or_default(),
            items: row.items.iter().cloned().collect(),
            paths: paths(&row.evidence),
        }
    })
    .collect()
}

/// Compares two audits. `rules` are the standard and both inputs, where both follow the very same one.
pub fn compare(a: Side, b: Side, rules: Option<(&Standard, &Inputs, &Inputs)>) -> Comparison {
    let mut differing = Vec::new();
    let mut one_sided = Vec::new();
    let slots: BTreeSet<&Slot> = a.given.keys().chain(b.given.keys()).collect();
    for slot in slots {
        let (ours, theirs) = (a.given.get(slot), b.given.get(slot));
        let value = |said: Option<&Said>| said.and_then(|said| said.value.clone());
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours.value.is_some() && theirs.value.is_some() => {
                if ours.value != theirs.value {
                    differing.push(Differing {
                        slot: slot.clone(),
                        a: ours.clone(),
                        b: theirs.clone(),
                        change_in_a: rules.map(|(standard, ours, theirs)| change(standard, ours, theirs, slot)),
                        change_in_b: rules.map(|(standard, ours, theirs)| change(standard, theirs, ours, slot)),
                    });
                }
            }
            // Neither answered: no side is taken.
            _ if value(ours).is_none() && value(theirs).is_none() => {}
            _ => one_sided.push(OneSided { slot: slot.clone(), a: value(ours), b: value(theirs) }),
        }
    }
    let place = |slot: &Slot| {
        let of = rules.and_then(|(standard, ..)| standard.items().position(|(_, item)| item.id == slot.id));
        (of.unwrap_or(usize::MAX), slot.clone())
    };
    differing.sort_by_key(|one| (std::cmp::Reverse(one.points()), place(&one.slot)));
    one_sided.sort_by_key(|one| place(&one.slot));
    let dimensions = match rules {
        Some((standard, ..)) => standard.dimensions.iter().map(|dimension| agreement(dimension, &a, &b)).collect(),
        None => Vec::new(),
    };
    let (kept, lost, gained) = matched(&a.findings, &b.findings);
    let notes = notes(&a, &b, rules.is_some());
    Comparison { a, b, dimensions, differing, one_sided, kept, lost, gained, notes }
}

/// Returns how the lowest headline changes where `ours` takes the answer of `theirs` in one slot.
fn change(standard: &Standard, ours: &Inputs, theirs: &Inputs, slot: &Slot) -> i64 {
    let mut mixed = ours.clone();
    if let Some(given) = theirs.answers.get(slot) {
        mixed.answers.insert(slot.clone(), *given);
    }
    if let Some(value) = theirs.facts.get(slot) {
        mixed.facts.insert(slot.clone(), value.clone());
    }
    let headline = |inputs: &Inputs| i64::from(score::score(standard, inputs).headline.low);
    headline(&mixed) - headline(ours)
}

fn agreement(dimension: &super::standard::Dimension, a: &Side, b: &Side) -> Agreement {
    let (mut both, mut alike) = (0, 0);
    for (slot, ours) in a.given.iter().filter(|(slot, _)| dimension.items.iter().any(|item| item.id == slot.id)) {
        if let (Some(ours), Some(theirs)) = (&ours.value, b.given.get(slot).and_then(|said| said.value.as_ref())) {
            both += 1;
            alike += usize::from(ours == theirs);
        }
    }
    let points = |side: &Side| side.score.as_ref().and_then(|score| score.points(&dimension.id, None));
    Agreement { dimension: dimension.id.clone(), both, alike, a: points(a), b: points(b) }
}

/// Pairs findings that are the same: those of one title; then those that share two of weakness, item and file. The more
/// they share the earlier they are paired; among equals the order of the audits decides.
fn matched(a: &[FindingSide], b: &[FindingSide]) -> (Vec<Pair>, Vec<FindingSide>, Vec<FindingSide>) {
    let words = |title: &Option<String>| -> Option<String> {
        let title = title.as_ref()?.to_lowercase();
        Some(title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    };
    let likeness = |one: &FindingSide, other: &FindingSide| -> u32 {
        let title = words(&one.title).is_some_and(|title| !title.is_empty() && Some(title) == words(&other.title));
        let shares = |ours: &BTreeSet<String>, theirs: &BTreeSet<String>| u32::from(!ours.is_disjoint(theirs));
        let shared = shares(&one.cwe, &other.cwe) + shares(&one.items, &other.items) + shares(&one.paths, &other.paths);
        if title { 4 + shared } else { shared }
    };
    let pairs = (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j)));
    let mut pairs: Vec<(u32, usize, usize)> =
        pairs.map(|(i, j)| (likeness(&a[i], &b[j]), i, j)).filter(|(likeness, ..)| *likeness >= 2).collect();
    pairs.sort_by_key(|(likeness, i, j)| (std::cmp::Reverse(*likeness), *i, *j));
    let (mut taken_a, mut taken_b) = (vec![None; a.len()], vec![false; b.len()]);
    for (_, i, j) in pairs {
        if taken_a[i].is_none() && !taken_b[j] {
            (taken_a[i], taken_b[j]) = (Some(j), true);
        }
    }
    let kept =
        taken_a.iter().zip(a).filter_map(|(j, one)| Some(Pair { a: one.clone(), b: b[(*j)?].clone() })).collect();
    let lost = a.iter().zip(&taken_a).filter(|(_, pair)| pair.is_none()).map(|(one, _)| one.clone()).collect();
    let gained = b.iter().zip(&taken_b).filter(|(_, taken)| !**taken).map(|(one, _)| one.clone()).collect();
    (kept, lost, gained)
}

fn notes(a: &Side, b: &Side, same_rules: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if a.url != b.url {
        notes.push("These are audits of two different repositories.".to_owned());
    }
    for side in [a, b] {
        if side.standard.is_none() {
            notes.push(format!(
                "{} follows no standard that a machine can read, so only its findings are compared.",
                side.id
            ));
        } else if side.partial {
            notes.push(format!("{} is not finished.", side.id));
        }
    }
    if !same_rules && a.standard.is_some() && b.standard.is_some() {
        notes.push(
            "They follow different standards, so no points are reckoned; answers are compared by their ids.".to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, title: &str, severity: Severity, [cwe, item, path]: [&str; 3]) -> FindingSide {
        let set = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let title = Some(title.to_owned()).filter(|title| !title.is_empty());
        FindingSide { id: id.to_owned(), severity, title, cwe: set(cwe), items: set(item), paths: set(path) }
    }

    fn ids(pairs: &[Pair]) -> Vec<(&str, &str)> {
        pairs.iter().map(|pair| (pair.a.id.as_str(), pair.b.id.as_str())).collect()
    }

    #[test]
    fn findings_are_paired_by_title_or_by_two_of_weakness_item_and_file() {
        let low = Severity::Low;
        let a = [
            finding("A1", "Shell, built from strings!", low, ["", "", ""]),
            finding("A2", "One", low, ["CWE-78", "input-1", ""]),
            finding("A3", "Two", low, ["CWE-22", "", "src/a.ts"]),
            finding("A4", "Three", low, ["CWE-400", "", ""]),
            finding("A5", "", low, ["", "", ""]),
        ];
        let b = [
            finding("B1", "Four", low, ["CWE-400", "", "src/other.ts"]),
            finding("B2", "Five", low, ["CWE-22 CWE-23", "", "src/a.ts src/b.ts"]),
            finding("B3", "Six", low, ["CWE-78", "input-1 input-2", ""]),
            finding("B4", "shell built from STRINGS", low, ["", "", ""]),
            finding("B5", "", low, ["", "", ""]),
        ];
        let (kept, lost, gained) = matched(&a, &b);
        assert_eq!(ids(&kept), [("A1", "B4"), ("A2", "B3"), ("A3", "B2")]);
        // One weakness alone makes no pair, nor do two titles that are withheld.
        assert_eq!(lost.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["A4", "A5"]);
        assert_eq!(gained.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["B1", "B5"]);
    }

    #[test]
    fn a_finding_is_paired_once_and_with_the_likest() {
        let a = [finding("A1", "Shell", Severity::Low, ["CWE-78", "input-1", "src/a.ts"])];
        let b = [
            finding("B1", "Another", Severity::Low, ["CWE-78", "input-1", ""]),
            finding("B2", "Shell", Severity::High, ["", "", ""]),
        ];
        let (kept, lost, gained) = matched(&a, &b);
        assert_eq!((ids(&kept), lost.len(), gained.len()), (vec![("A1", "B2")], 0, 1));
        let (kept, ..) = matched(&b, &[a[0].clone(), a[0].clone()]);
        assert_eq!(kept.len(), 2);
    }
}
