//! Events: everything that ever happens to an audit. The journal is a list of them; an audit is their fold.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::answer::Answer;
use super::carry::{Carried, Parent};
use super::coverage::FileLines;
use super::evidence::{Evidence, Region, RepoPath};
use super::finding::Finding;
use super::hash::{ObjectId, Sha256};
use super::mute::Mute;
use super::score::Slot;
use super::time::Time;

/// The version of the journal's format. A journal of a newer version is refused and left as it is.
pub const JOURNAL_VERSION: u32 = 1;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.strip_prefix($letter)
                    .filter(|digits| !digits.starts_with(['0', '+']))
                    .and_then(|digits| digits.parse().ok())
                    .map($name)
                    .ok_or_else(|| format!(concat!("`{}` is not an id such as ", $letter, "7"), text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $letter, "[1-9][0-9]*$") })
            }
        }
    };
}

numbered!(
    /// The number of a piece of evidence, written `E7`. Numbers are never used twice in an audit.
    EvidenceId,
    "E"
);
numbered!(
    /// The number of a finding, written `F3`. Numbers are never used twice in an audit.
    FindingId,
    "F"
);

/// What a piece of evidence backs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The answer to an item.
    Item(Slot),
    /// A stated fact.
    Fact(Slot),
    /// A finding.
    Finding(FindingId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Item(slot) | Subject::Fact(slot) => slot.fmt(f),
            Subject::Finding(id) => id.fmt(f),
        }
    }
}

/// The repository that is audited, as the audit database names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Its URL, without user information.
    pub url: String,
    /// The host, such as `github.com`.
    pub domain: String,
    /// The owner; the parts of a nested group are joined with `-`.
    pub org: String,
    /// The repository's name.
    pub repo: String,
}

/// The exact commit that is audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pin {
    /// What is pinned; today always a commit.
    pub kind: PinKind,
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// When it was committed.
    pub committed_at: Time,
    /// Tags that point at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What a pin pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    /// A commit.
    Commit,
}

/// Which standard an audit follows. The exact bytes of its file lie beside the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StandardRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Digest of its file.
    pub sha256: Sha256,
}

/// Who audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auditor {
    /// Login at the code host; the record's folder and the signature's principal are named after it.
    pub login: String,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// An address for questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// The program that wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// `touchstone`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// How an audit began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opened {
    /// The version of the journal's format.
    pub version: u32,
    /// The audit's name on this machine.
    pub audit: String,
    /// The repository.
    pub target: Target,
    /// The commit.
    pub pin: Pin,
    /// Files and folders that are audited; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<RepoPath>,
    /// The standard.
    pub standard: StandardRef,
    /// The auditor.
    pub auditor: Auditor,
    /// What helped the auditor besides this program, such as a language model; absent means nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assisted_by: Option<String>,
    /// The older audit that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The program.
    pub tool: Tool,
}

/// Something that happened to an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Event {
    /// The audit began. Always the first event, and only that.
    Opened(Box<Opened>),
    /// What was taken over from the parent. The second event of an audit that has one, and only that; nobody undoes it.
    Carried(Box<Carried>),
    /// It was taken up again.
    Resumed {
        /// The program.
        tool: Tool,
    },
    /// The server ships this mode. The first one declared is the default.
    ModeDeclared {
        /// The mode.
        mode: String,
    },
    /// A fact was stated.
    FactSet {
        /// The fact.
        slots: Vec<Slot>,
        /// One of its values, or `unknown`.
        value: String,
        /// Why, where there is no evidence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Items were answered.
    Answered {
        /// The items.
        slots: Vec<Slot>,
        /// The answer.
        answer: Answer,
        /// Why; needed where the answer is `not_applicable` or `unknown`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A note was written; it replaces the one before it. An empty text removes it.
    Noted {
        /// On which item or fact; absent means on the audit as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Slot>,
        /// The note.
        text: String,
    },
    /// A piece of evidence was taken.
    EvidenceAdded {
        /// Its number.
        id: EvidenceId,
        /// The piece.
        evidence: Box<Evidence>,
    },
    /// A region was added to a piece of evidence of kind `code`.
    RegionAdded {
        /// The piece.
        id: EvidenceId,
        /// The region.
        region: Region,
    },
    /// A piece of evidence was said to back something.
    EvidenceAttached {
        /// The piece.
        id: EvidenceId,
        /// What it backs.
        to: Vec<Subject>,
    },
    /// A piece of evidence no longer backs something.
    EvidenceDetached {
        /// The piece.
        id: EvidenceId,
        /// What it backed.
        from: Vec<Subject>,
    },
    /// A finding was written or rewritten.
    FindingSet {
        /// Its number.
        id: FindingId,
        /// The whole finding.
        finding: Box<Finding>,
    },
    /// A finding was withdrawn as mistaken.
    FindingWithdrawn {
        /// Its number.
        id: FindingId,
        /// Why.
        reason: String,
    },
    /// The text of a piece of evidence is not to be published; its place and hash are.
    Redacted {
        /// The piece.
        id: EvidenceId,
        /// Why.
        reason: String,
    },
    /// Lines stood on the auditor's screen long enough to be read. Written in batches; nobody's act, so it is not undone.
    Seen {
        /// The lines.
        files: Vec<FileLines>,
    },
    /// Lines were marked as reviewed, or the mark was taken back.
    Reviewed {
        /// The lines.
        files: Vec<FileLines>,
        /// The mark was taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_back: bool,
    },
    /// Hits of leads were put away. They count in every search that is evidence all the same.
    LeadMuted {
        /// What is muted.
        mute: Mute,
        /// Why.
        reason: String,
    },
    /// Something that was muted is listed again.
    LeadUnmuted {
        /// What was muted.
        mute: Mute,
    },
    /// The audit was exported.
    Sealed {
        /// The record's name: `<login>-YYYY-MM-DD-NNN`.
        audit_id: String,
        /// When.
        at: Time,
        /// The record of this audit that this one supersedes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supersedes: Option<String>,
        /// Open items are part of it.
        #[serde(default)]
        partial: bool,
        /// The program.
        tool: Tool,
    },
    /// An act was undone.
    Undone {
        /// The act: the number of its first event.
        seq: u64,
    },
    /// An act that was undone was done again.
    Redone {
        /// The act: the number of its first event.
        seq: u64,
    },
}

impl Event {
    /// Tells whether the event can be undone.
    pub fn undoable(&self) -> bool {
        !matches!(
            self,
            Event::Opened(_)
                | Event::Carried(_)
                | Event::Resumed { .. }
                | Event::Seen { .. }
                | Event::Sealed { .. }
                | Event::Undone { .. }
                | Event::Redone { .. }
        )
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Number of the line, from 1.
    pub seq: u64,
    /// When it was written, by the auditor's clock.
    pub at: Time,
    /// Digest of the line before it with its line feed; 64 zeros before the first.
    pub prev: Sha256,
    /// The act that the event belongs to: the number of the act's first event.
    pub act: u64,
    /// How many events the act has. An act is written whole or not at all.
    pub of: u64,
    /// What happened.
    pub event: Event,
}
