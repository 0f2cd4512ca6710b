//! The record: what an audit says, as an in-toto statement about the audited commit.
//!
//! Built from an audit by a pure function, and read back by verification, which derives the score again from what it says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, State};
use super::audit::{Audit, Folded, Found, Seal};
use super::carry::{Parent, Trace};
use super::coverage::{Coverage, Extent};
use super::event::{Auditor, EvidenceId, FindingId, Pin, StandardRef, Subject, Target, Tool};
use super::evidence::{Evidence, RepoPath};
use super::finding::{Disclosure, Finding, Severity};
use super::hash::{ObjectId, Sha256};
use super::mute::Mute;
use super::score::{self, Given, Inputs, OpenFinding, Score, Slot};
use super::standard::Standard;
use super::time::Time;

/// The statement's type, as in-toto defines it.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of the statement's predicate.
pub const PREDICATE_TYPE: &str = "https://modelcontextprotocol-security.io/audit-record/v1";

/// The version of the record's format. A record of a newer version is not verified.
pub const SCHEMA_VERSION: u32 = 1;

/// The file of a record that holds the standard.
pub const STANDARD_FILE: &str = "artifacts/standard.toml";

/// An in-toto statement about one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// The audited commit; exactly one.
    pub subject: Vec<Commit>,
    /// [`PREDICATE_TYPE`].
    pub predicate_type: String,
    /// What the audit says.
    pub predicate: Record,
}

/// The audited commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The repository's URL.
    pub name: String,
    /// Commit and tree.
    pub digest: CommitDigest,
}

/// Digests of a commit, by in-toto's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommitDigest {
    /// The commit.
    pub git_commit: ObjectId,
    /// Its tree.
    pub git_tree: ObjectId,
}

/// What an audit says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `<login>-YYYY-MM-DD-NNN`.
    pub audit_id: String,
    /// When the audit began, by the auditor's clock.
    pub started_at: Time,
    /// When the record was made, by the auditor's clock.
    pub sealed_at: Time,
    /// Time spent, in seconds; each gap between events counts for five minutes at most.
    pub time_spent: i64,
    /// Who audits.
    pub auditor: Auditor,
    /// Who or what helped.
    pub assistance: Assistance,
    /// The standard.
    pub standard: StandardRef,
    /// What was audited.
    pub target: Audited,
    /// The older audit that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Open or unsupported items are part of it: not a finished audit.
    pub partial: bool,
    /// Every item, per mode where it is answered per mode, in the standard's order.
    pub items: Vec<ItemRow>,
    /// Levels, ranges, score, certificates, contradictions: derived, and derived again by verification.
    pub score: Score,
    /// The auditor's note on the audit as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Findings, also withdrawn ones.
    pub findings: Vec<FindingRow>,
    /// Evidence that backs something.
    pub evidence: Vec<EvidenceRow>,
    /// What was opened and reviewed; absent where nothing was, or nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Hits of leads that the auditor put away, and why. Searches that are evidence count them all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub muted: Vec<MutedRow>,
    /// Digests of the files that went into it.
    pub inputs: Vec<Input>,
    /// The record of the same audit that this one supersedes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// The program.
    pub tool: Tool,
}

/// Whether a person audited alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Assistance {
    /// A person, with this program.
    Human,
    /// A person, helped by something else.
    Assisted {
        /// What helped.
        by: String,
    },
}

/// What was audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audited {
    /// The repository.
    pub repo: Target,
    /// The commit.
    pub pin: Pin,
    /// Files and folders; empty means all.
    #[serde(default)]
    pub scope: Vec<RepoPath>,
    /// Modes that the server ships; the first is the default.
    pub modes: Vec<String>,
    /// Facts.
    pub facts: Vec<FactRow>,
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// At least one piece of evidence.
    Evidence,
    /// A written reason alone.
    Reason,
    /// Nothing.
    None,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactRow {
    /// Which.
    pub slot: Slot,
    /// Its value; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it rests on.
    pub support: Support,
    /// Evidence.
    #[serde(default)]
    pub evidence: Vec<EvidenceId>,
    /// The auditor's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// It was taken over from the parent as it was, and neither confirmed nor changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemRow {
    /// Which.
    pub slot: Slot,
    /// The answer; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Where the item stands by it.
    pub state: State,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it rests on.
    pub support: Support,
    /// Evidence.
    #[serde(default)]
    pub evidence: Vec<EvidenceId>,
    /// The auditor's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// It was taken over from the parent as it was, and neither confirmed nor changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingRow {
    /// Its number.
    pub id: FindingId,
    /// When it was first written.
    pub at: Time,
    /// How bad it is.
    pub severity: Severity,
    /// Items that it is on; the score depends on them, so they are public also where the finding is withheld.
    #[serde(default)]
    pub items: Vec<String>,
    /// It rests on a published advisory.
    pub advisory: bool,
    /// What may be known of it.
    pub body: FindingBody,
    /// Evidence.
    #[serde(default)]
    pub evidence: Vec<EvidenceId>,
    /// It was taken over from the parent as it was, and neither confirmed nor changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

/// What may be known of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum FindingBody {
    /// Everything.
    Public {
        /// Its file in the record.
        file: String,
        /// The finding.
        finding: Box<Finding>,
    },
    /// Only that it is there.
    Withheld {
        /// Its file in the record, which says only that.
        file: String,
        /// Until when (`YYYY-MM-DD`).
        until: String,
        /// Digest of the journal's line that holds it: publishing the line later shows what was withheld.
        commitment: Sha256,
    },
    /// It was mistaken.
    Withdrawn {
        /// Why.
        reason: String,
    },
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceRow {
    /// Its number.
    pub id: EvidenceId,
    /// When it was taken; an observation has a time `at` of its own.
    pub taken_at: Time,
    /// What it backs.
    pub backs: Vec<Subject>,
    /// Why its text is not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<String>,
    /// Where it was taken over from, and what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Trace>,
    /// The piece. Places and hashes, never excerpts.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// Hits of leads that were put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutedRow {
    /// What is muted.
    pub mute: Mute,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
}

/// A file that went into a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its path in the record.
    pub file: String,
    /// Its digest.
    pub sha256: Sha256,
}

/// The most characters of a title that a finding's file name holds.
const SLUG_LENGTH: usize = 48;

/// Returns the name of a finding's file, `<severity>-<NNN>-<slug>.md`, without the folder.
pub fn finding_file(severity: Severity, number: usize, title: &str) -> String {
    let mut slug = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        // Whole words only; a first word that is too long is cut.
        if !slug.is_empty() && slug.len() + 1 + word.len() > SLUG_LENGTH {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(SLUG_LENGTH).map(|c| c.to_ascii_lowercase()));
    }
    let slug = if slug.is_empty() { "finding" } else { slug.as_str() };
    format!("{severity}-{number:03}-{slug}.md")
}

/// Builds the record of a seal. `audit` is the audit as it was when it was sealed; `extent` is what there is to read at its
/// pin, needed where lines were opened or reviewed.
pub fn build(audit: &Audit, seal: &Seal, extent: Option<&Extent>) -> Statement {
    let now = &audit.now;
    let opened = &now.opened;
    let findings = finding_rows(now);
    // A piece that backs only what is withheld would give it away.
    let published = |subject: &Subject| match subject {
        Subject::Finding(id) => {
            findings.iter().any(|row| row.id == *id && matches!(row.body, FindingBody::Public { .. }))
        }
        Subject::Item(_) | Subject::Fact(_) => true,
    };
    let evidence = now
        .evidence
        .iter()
        .filter_map(|(id, piece)| {
            let backs: Vec<Subject> = piece.backs.iter().filter(|subject| published(subject)).cloned().collect();
            let mut evidence = piece.evidence.clone();
            if piece.redacted.is_some() {
                redact(&mut evidence);
            }
            (!backs.is_empty()).then(|| EvidenceRow {
                id: *id,
                taken_at: piece.at,
                backs,
                redacted: piece.redacted.clone(),
                carried: piece.carried.clone(),
                evidence,
            })
        })
        .collect();
    let started_at = audit.entries().first().map_or(seal.at, |(entry, _)| entry.at);
    let score = score::score(&audit.standard, &audit.inputs());
    Statement {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject: vec![Commit {
            name: opened.target.url.clone(),
            digest: CommitDigest { git_commit: opened.pin.commit, git_tree: opened.pin.tree },
        }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: Record {
            schema_version: SCHEMA_VERSION,
            audit_id: seal.audit_id.clone(),
            started_at,
            sealed_at: seal.at,
            time_spent: audit.time_spent(),
            auditor: opened.auditor.clone(),
            assistance: match &opened.assisted_by {
                Some(by) => Assistance::Assisted { by: by.clone() },
                None => Assistance::Human,
            },
            standard: opened.standard.clone(),
            target: Audited {
                repo: opened.target.clone(),
                pin: opened.pin.clone(),
                scope: opened.scope.clone(),
                modes: now.modes.clone(),
                facts: fact_rows(&audit.standard, now),
            },
            parent: opened.parent.clone(),
            partial: seal.partial,
            items: item_rows(&audit.standard, now),
            score,
            note: now.notes.get(&None).cloned(),
            findings,
            evidence,
            coverage: extent
                .filter(|_| audit.has_coverage())
                .map(|extent| Coverage::of(&audit.seen, &now.reviewed, extent)),
            muted: now
                .muted
                .iter()
                .map(|(mute, muted)| MutedRow { mute: mute.clone(), reason: muted.reason.clone(), at: muted.at })
                .collect(),
            inputs: vec![Input { file: STANDARD_FILE.to_owned(), sha256: opened.standard.sha256 }],
            supersedes: seal.supersedes.clone(),
            tool: seal.tool.clone(),
        },
    }
}

/// Takes out of a piece what a redaction is about: text, also the auditor's own about it. Places and hashes stay.
fn redact(evidence: &mut Evidence) {
    use super::evidence::Kind;
    evidence.note = None;
    match &mut evidence.kind {
        Kind::Observation(observation) => {
            observation.output.clear();
            observation.command.clear();
            observation.environment = None;
        }
        Kind::External(external) => {
            external.source.clear();
            external.saw.clear();
        }
        Kind::Code { .. } | Kind::Search(_) | Kind::Path(_) | Kind::History(_) => {}
    }
}

fn support(evidence: &[EvidenceId], reason: Option<&String>) -> Support {
    match (evidence.is_empty(), reason) {
        (false, _) => Support::Evidence,
        (true, Some(_)) => Support::Reason,
        (true, None) => Support::None,
    }
}

fn fact_rows(standard: &Standard, now: &Folded) -> Vec<FactRow> {
    let slots = standard.facts.iter().flat_map(|fact| now.slots(&fact.id, fact.per_mode));
    slots
        .map(|slot| {
            let stated = now.facts.get(&slot);
            let evidence = now.backing(&Subject::Fact(slot.clone()));
            let reason = stated.and_then(|stated| stated.reason.clone());
            FactRow {
                value: stated.map(|stated| stated.value.clone()),
                support: support(&evidence, reason.as_ref()),
                reason,
                evidence,
                note: now.notes.get(&Some(slot.clone())).cloned(),
                carried: stated.is_some() && now.carried.contains_key(&Subject::Fact(slot.clone())),
                slot,
            }
        })
        .collect()
}

fn item_rows(standard: &Standard, now: &Folded) -> Vec<ItemRow> {
    let slots = standard.items().flat_map(|(dimension, item)| {
        now.slots(&item.id, dimension.per_mode).into_iter().map(move |slot| (item, slot))
    });
    slots
        .map(|(item, slot)| {
            let answered = now.answers.get(&slot);
            let answer = answered.map(|answered| answered.answer);
            let evidence = now.backing(&Subject::Item(slot.clone()));
            let reason = answered.and_then(|answered| answered.reason.clone());
            ItemRow {
                answer,
                state: State::of(answer, item.secure),
                support: support(&evidence, reason.as_ref()),
                reason,
                evidence,
                note: now.notes.get(&Some(slot.clone())).cloned(),
                carried: answered.is_some() && now.carried.contains_key(&Subject::Item(slot.clone())),
                slot,
            }
        })
        .collect()
}

fn finding_rows(now: &Folded) -> Vec<FindingRow> {
    let mut numbers: BTreeMap<Severity, usize> = BTreeMap::new();
    now.findings
        .iter()
        .map(|(id, found)| {
            let Found { finding, at, line, withdrawn } = found;
            let mut file = |title: &str| {
                let number = numbers.entry(finding.severity).or_default();
                *number += 1;
                format!("findings/{}", finding_file(finding.severity, *number, title))
            };
            let body = match (withdrawn, &finding.disclosure) {
                (Some(reason), _) => FindingBody::Withdrawn { reason: reason.clone() },
                (None, Some(Disclosure::WithheldUntil(until))) => {
                    FindingBody::Withheld { file: file("withheld"), until: until.clone(), commitment: *line }
                }
                (None, _) => FindingBody::Public { file: file(&finding.title), finding: Box::new(finding.clone()) },
            };
            let public = matches!(body, FindingBody::Public { .. });
            FindingRow {
                id: *id,
                at: *at,
                severity: finding.severity,
                items: finding.items.clone(),
                advisory: !finding.advisories.is_empty(),
                body,
                evidence: if public { now.backing(&Subject::Finding(*id)) } else { Vec::new() },
                carried: now.carried.contains_key(&Subject::Finding(*id)),
            }
        })
        .collect()
}

impl FindingRow {
    /// Returns the finding's file in the record; a withdrawn one has none.
    pub fn file(&self) -> Option<&str> {
        match &self.body {
            FindingBody::Public { file, .. } | FindingBody::Withheld { file, .. } => Some(file),
            FindingBody::Withdrawn { .. } => None,
        }
    }
}

impl Record {
    /// Returns what the score depends on, from what the record says.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            modes: self.target.modes.clone(),
            answers: self
                .items
                .iter()
                .filter_map(|row| {
                    let evidenced = !row.evidence.is_empty();
                    Some((row.slot.clone(), Given { answer: row.answer?, evidenced }))
                })
                .collect(),
            facts: self.target.facts.iter().filter_map(|row| Some((row.slot.clone(), row.value.clone()?))).collect(),
            findings: self
                .findings
                .iter()
                .filter(|row| row.file().is_some())
                .map(|row| OpenFinding { severity: row.severity, items: row.items.clone(), advisory: row.advisory })
                .collect(),
        }
    }

    /// Returns how many findings of a severity have a file.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|row| row.severity == severity && row.file().is_some()).count()
    }
}
