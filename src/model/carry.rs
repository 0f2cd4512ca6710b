//! What a new audit at another pin takes over from an older one, and what became of it on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::audit::Audit;
use super::event::{Event, EvidenceId, FindingId, Subject};
use super::evidence::{Evidence, Kind, Region};
use super::finding::Finding;
use super::hash::{ObjectId, Sha256};
use super::record::{FindingBody, Record};
use super::score::Slot;
use super::time::Time;

/// What became of lines at another pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The same path, the same lines, the same bytes.
    Exact,
    /// The very same bytes elsewhere, in one place only that can be told.
    Moved,
    /// Other bytes stand in their place.
    Edited,
    /// The file or the lines were deleted.
    Gone,
    /// The same bytes stand in several places that are equally good.
    Ambiguous,
    /// It could not be found out.
    NotKnown,
}

impl Anchor {
    /// Returns the state in words.
    pub fn word(self) -> &'static str {
        match self {
            Anchor::Exact => "exact",
            Anchor::Moved => "moved",
            Anchor::Edited => "edited",
            Anchor::Gone => "gone",
            Anchor::Ambiguous => "ambiguous",
            Anchor::NotKnown => "not known",
        }
    }

    /// Tells whether the very same bytes are there, so that what rests on them still stands.
    pub fn holds(self) -> bool {
        matches!(self, Anchor::Exact | Anchor::Moved)
    }
}

/// Lines of an older pin, and what became of them at a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anchored {
    /// Where they stood.
    pub from: Region,
    /// What became of them.
    pub state: Anchor,
    /// They were edited in their white space alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub white_space: bool,
    /// Where they stand, or what stands in their place where they were edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Region>,
    /// The places that are equally good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Region>,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Anchored {
    /// Returns the state in words, with what was edited where that was white space alone.
    pub fn said(&self) -> &'static str {
        match self.state {
            Anchor::Edited if self.white_space => "edited (white space only)",
            state => state.word(),
        }
    }
}

/// The older audit that an audit goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parent {
    /// What it was read from.
    pub source: Source,
    /// The commit that it is about.
    pub commit: ObjectId,
    /// Who audited.
    pub login: String,
}

/// What an older audit was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// A journal on the same machine.
    Journal {
        /// The audit's name there.
        audit: String,
        /// Digest of the journal's last line then.
        line: Sha256,
    },
    /// An exported record.
    Record {
        /// The record's name.
        audit_id: String,
        /// Digest of its SHA256SUMS.
        sums: Sha256,
    },
}

impl Parent {
    /// Returns the parent's name: an audit's on its machine, or a record's.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Journal { audit, .. } => audit,
            Source::Record { audit_id, .. } => audit_id,
        }
    }
}

/// What became of a piece of evidence at another pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Every region is exact.
    Exact,
    /// Every region is there with the same bytes, and one at least elsewhere.
    Moved,
    /// It was run again, and its result is the same.
    SameResult,
    /// Nobody can check it, so it was not checked again.
    NotChecked,
    /// Other bytes stand in the place of a region.
    Edited,
    /// A region's file or lines were deleted.
    Gone,
    /// A region's bytes stand in several places.
    Ambiguous,
    /// It was run again, and its result is another one.
    OtherResult,
    /// It could not be found out.
    NotKnown,
}

impl Fate {
    /// Returns the state in words.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Exact => "exact",
            Fate::Moved => "moved",
            Fate::SameResult => "same result",
            Fate::NotChecked => "not checked again",
            Fate::Edited => "edited",
            Fate::Gone => "gone",
            Fate::Ambiguous => "ambiguous",
            Fate::OtherResult => "another result",
            Fate::NotKnown => "not known",
        }
    }

    /// Tells whether what rests on the piece still stands.
    pub fn holds(self) -> bool {
        matches!(self, Fate::Exact | Fate::Moved | Fate::SameResult | Fate::NotChecked)
    }

    /// Returns what became of a piece of code: the worst that became of a region.
    pub fn of(regions: &[Anchored]) -> Fate {
        let worst = regions.iter().map(|one| one.state).max().unwrap_or(Anchor::NotKnown);
        match worst {
            Anchor::Exact => Fate::Exact,
            Anchor::Moved => Fate::Moved,
            Anchor::Edited => Fate::Edited,
            Anchor::Gone => Fate::Gone,
            Anchor::Ambiguous => Fate::Ambiguous,
            Anchor::NotKnown => Fate::NotKnown,
        }
    }
}

/// Everything that an audit takes over from its parent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Carried {
    /// Modes; the first is the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// Facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<CarriedFact>,
    /// Answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<CarriedAnswer>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<CarriedNote>,
    /// Evidence, with what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<CarriedPiece>,
    /// Findings. One that was withdrawn is not taken over, and of one that is withheld a record has nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<CarriedFinding>,
}

/// A fact as the parent states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarriedFact {
    /// Which.
    pub slot: Slot,
    /// Its value.
    pub value: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An answer as the parent gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarriedAnswer {
    /// To which item.
    pub slot: Slot,
    /// The answer.
    pub answer: Answer,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A note of the parent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarriedNote {
    /// On which item or fact; absent means on the audit as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// The note.
    pub text: String,
}

/// A finding of the parent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarriedFinding {
    /// Its number, which it keeps.
    pub id: FindingId,
    /// When it was first written.
    pub at: Time,
    /// The finding.
    pub finding: Box<Finding>,
}

/// A piece of evidence of the parent's, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedPiece {
    /// Its number, which it keeps.
    pub id: EvidenceId,
    /// When it was taken.
    pub taken_at: Time,
    /// The piece, as it is at the parent's pin.
    pub evidence: Evidence,
    /// What it backs.
    pub backs: Vec<Subject>,
    /// Why its text is not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// Of code: what became of each region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Anchored>,
    /// What was run again: what it is at the new pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Kind>,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl CarriedPiece {
    /// Returns the piece as it is at the new pin, or as it would be taken there: what stands in the place of what was edited,
    /// without what is gone. Nothing where a choice is left to the auditor, or nothing is left.
    pub fn here(&self) -> Option<Kind> {
        match &self.evidence.kind {
            Kind::Code { .. } => {
                let open = |one: &Anchored| matches!(one.state, Anchor::Ambiguous | Anchor::NotKnown);
                let regions: Vec<Region> = self.regions.iter().filter_map(|one| one.to.clone()).collect();
                (!regions.is_empty() && !self.regions.iter().any(open)).then_some(Kind::Code { regions })
            }
            Kind::Observation(_) | Kind::External(_) => Some(self.evidence.kind.clone()),
            Kind::Search(_) | Kind::Path(_) | Kind::History(_) => self.again.clone(),
        }
    }

    /// Says why the piece cannot be as it says.
    ///
    /// # Errors
    /// Lines that are called the same and have another digest; a state that is not that of the regions.
    pub fn check(&self) -> Result<(), String> {
        let id = self.id;
        for one in &self.regions {
            let same = one.to.as_ref().is_some_and(|to| to.sha256 == one.from.sha256);
            if one.state.holds() && !same {
                return Err(format!("{id} calls lines {} that have other bytes", one.said()));
            }
        }
        let fits = match &self.evidence.kind {
            Kind::Code { regions } => {
                regions.iter().eq(self.regions.iter().map(|one| &one.from)) && self.fate == Fate::of(&self.regions)
            }
            Kind::Observation(_) | Kind::External(_) => self.fate == Fate::NotChecked,
            Kind::Search(_) | Kind::Path(_) | Kind::History(_) => {
                let run = matches!(self.fate, Fate::SameResult | Fate::OtherResult);
                run == self.again.is_some() && (run || self.fate == Fate::NotKnown)
            }
        };
        if fits { Ok(()) } else { Err(format!("{id} is not what its parts say")) }
    }
}

/// Where a carried piece comes from, as it stands in an audit and in its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// What became of it.
    pub fate: Fate,
    /// Of code: where its regions stood at the parent's pin, in the order of those that it has now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Region>,
}

/// What was taken over and nobody confirmed or changed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carry {
    /// What it was in the parent.
    pub before: Before,
    /// The pieces of evidence that no longer hold; none where it stands as it was.
    pub reopened_by: Vec<EvidenceId>,
}

/// What was said in the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// An answer, and its reason.
    Answer(Answer, Option<String>),
    /// A fact's value, and its reason.
    Fact(String, Option<String>),
    /// A finding; it is in the audit as it was.
    Finding,
}

impl Carried {
    /// Takes over what an audit holds. What became of its evidence is not known yet.
    pub fn from_audit(audit: &Audit) -> Carried {
        let now = &audit.now;
        Carried {
            modes: now.modes.clone(),
            facts: now
                .facts
                .iter()
                .map(|(slot, one)| CarriedFact {
                    slot: slot.clone(),
                    value: one.value.clone(),
                    reason: one.reason.clone(),
                })
                .collect(),
            answers: now
                .answers
                .iter()
                .map(|(slot, one)| CarriedAnswer { slot: slot.clone(), answer: one.answer, reason: one.reason.clone() })
                .collect(),
            notes: now
                .notes
                .iter()
                .map(|(slot, text)| CarriedNote { slot: slot.clone(), text: text.clone() })
                .collect(),
            evidence: now
                .evidence
                .iter()
                .map(|(id, piece)| CarriedPiece {
                    id: *id,
                    taken_at: piece.at,
                    evidence: piece.evidence.clone(),
                    backs: piece.backs.iter().cloned().collect(),
                    redacted: piece.redacted.clone(),
                    fate: Fate::NotKnown,
                    regions: Vec::new(),
                    again: None,
                    why: None,
                })
                .collect(),
            findings: now
                .findings
                .iter()
                .filter(|(_, found)| found.withdrawn.is_none())
                .map(|(id, found)| CarriedFinding { id: *id, at: found.at, finding: Box::new(found.finding.clone()) })
                .collect(),
        }
        .without_strays()
    }

    /// Takes over what a record holds. What became of its evidence is not known yet.
    pub fn from_record(record: &Record) -> Carried {
        let note = |slot: &Slot, note: &Option<String>| {
            note.clone().map(|text| CarriedNote { slot: Some(slot.clone()), text })
        };
        let facts = &record.target.facts;
        let items = record.items.iter();
        Carried {
            modes: record.target.modes.clone(),
            facts: facts
                .iter()
                .filter_map(|row| {
                    Some(CarriedFact { slot: row.slot.clone(), value: row.value.clone()?, reason: row.reason.clone() })
                })
                .collect(),
            answers: items
                .clone()
                .filter_map(|row| {
                    Some(CarriedAnswer { slot: row.slot.clone(), answer: row.answer?, reason: row.reason.clone() })
                })
                .collect(),
            notes: facts
                .iter()
                .filter_map(|row| note(&row.slot, &row.note))
                .chain(items.filter_map(|row| note(&row.slot, &row.note)))
                .chain(record.note.clone().map(|text| CarriedNote { slot: None, text }))
                .collect(),
            evidence: record
                .evidence
                .iter()
                .map(|row| CarriedPiece {
                    id: row.id,
                    taken_at: row.taken_at,
                    evidence: row.evidence.clone(),
                    backs: row.backs.clone(),
                    redacted: row.redacted.clone(),
                    fate: Fate::NotKnown,
                    regions: Vec::new(),
                    again: None,
                    why: None,
                })
                .collect(),
            findings: record
                .findings
                .iter()
                .filter_map(|row| match &row.body {
                    FindingBody::Public { finding, .. } => {
                        Some(CarriedFinding { id: row.id, at: row.at, finding: finding.clone() })
                    }
                    FindingBody::Withheld { .. } | FindingBody::Withdrawn { .. } => None,
                })
                .collect(),
        }
        .without_strays()
    }

    /// Leaves out that evidence backs a finding which is not taken over.
    fn without_strays(mut self) -> Carried {
        let findings = &self.findings;
        for piece in &mut self.evidence {
            piece.backs.retain(|subject| match subject {
                Subject::Finding(id) => findings.iter().any(|one| one.id == *id),
                Subject::Item(_) | Subject::Fact(_) => true,
            });
        }
        self
    }

    /// Returns the pieces that no longer hold and back this.
    pub fn reopening(&self, subject: &Subject) -> Vec<EvidenceId> {
        let against = self.evidence.iter().filter(|piece| !piece.fate.holds() && piece.backs.contains(subject));
        against.map(|piece| piece.id).collect()
    }

    /// Returns the events of every fact and answer, also of those that are reopened.
    pub fn said(&self) -> Vec<Event> {
        let facts = self.facts.iter().map(|one| Event::FactSet {
            slots: vec![one.slot.clone()],
            value: one.value.clone(),
            reason: one.reason.clone(),
        });
        let answers = self.answers.iter().map(|one| Event::Answered {
            slots: vec![one.slot.clone()],
            answer: one.answer,
            reason: one.reason.clone(),
        });
        facts.chain(answers).collect()
    }

    /// Returns the events that it stands for, in order: what is reopened is left out.
    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = self.modes.iter().map(|mode| Event::ModeDeclared { mode: mode.clone() }).collect();
        events.extend(self.findings.iter().map(|one| Event::FindingSet { id: one.id, finding: one.finding.clone() }));
        for one in self.facts.iter().filter(|one| self.reopening(&Subject::Fact(one.slot.clone())).is_empty()) {
            let slots = vec![one.slot.clone()];
            events.push(Event::FactSet { slots, value: one.value.clone(), reason: one.reason.clone() });
        }
        for one in self.answers.iter().filter(|one| self.reopening(&Subject::Item(one.slot.clone())).is_empty()) {
            let slots = vec![one.slot.clone()];
            events.push(Event::Answered { slots, answer: one.answer, reason: one.reason.clone() });
        }
        events.extend(self.notes.iter().map(|one| Event::Noted { slot: one.slot.clone(), text: one.text.clone() }));
        for piece in self.evidence.iter().filter(|piece| piece.fate.holds()) {
            events.extend(piece.events());
        }
        events
    }
}

impl CarriedPiece {
    /// Returns the events that take the piece at the new pin; none where [`CarriedPiece::here`] is nothing.
    pub fn events(&self) -> Vec<Event> {
        let Some(kind) = self.here() else { return Vec::new() };
        let id = self.id;
        let evidence = Box::new(Evidence { kind, ..self.evidence.clone() });
        let mut events = vec![Event::EvidenceAdded { id, evidence }];
        if !self.backs.is_empty() {
            events.push(Event::EvidenceAttached { id, to: self.backs.clone() });
        }
        events.extend(self.redacted.iter().map(|reason| Event::Redacted { id, reason: reason.clone() }));
        events
    }
}
