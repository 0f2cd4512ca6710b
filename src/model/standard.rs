//! A standard: dimensions, items, levels, and the rules that derive a level, a tier, a certificate and a contradiction.
//!
//! Rules are data. Nothing in this crate knows a dimension, an item or a fact by name.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{Answer, State};
use super::evidence::Query;
use super::finding::Severity;

/// The score's scale: the sum of the levels' points of all dimensions that are not separate.
pub const SCALE: u32 = 100;

/// The most points that a level can be worth.
pub const LEVEL_POINTS: u32 = 20;

/// How many items and facts may hang together by rules; every completion of such a component is tried.
pub const COMPONENT_LIMIT: usize = 8;

/// How many completions a standard's components may have together, each counted once per dimension that it decides.
///
/// Eight items of five answers have some 390,000. A standard may come with somebody else's record, so what it makes this
/// program compute is bounded here.
pub const COMPLETION_LIMIT: usize = 1 << 21;

/// How many dimensions a standard may have.
pub const DIMENSION_LIMIT: usize = 64;

/// A checklist with its rules, as read from a TOML file and found free of mistakes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standard {
    /// Stable name of the standard.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its title.
    pub title: String,
    /// Where its questions come from.
    pub source: String,
    /// The standard that this one was copied from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<DerivedFrom>,
    /// Tiers, highest minimum first.
    pub tiers: Vec<Tier>,
    /// Things stated once and used by rules.
    pub facts: Vec<Fact>,
    /// The audited areas.
    pub dimensions: Vec<Dimension>,
    /// Certificates, lowest first.
    pub certificates: Vec<Certificate>,
    /// Answers and facts that cannot be true together.
    pub contradictions: Vec<Contradiction>,
    /// Named sets of globs for leads. An entry that starts with `!` takes paths out.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Paths whose hits are counted apart when leads are looked for.
    pub exclude_paths: Vec<String>,
}

/// The standard that another was copied from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DerivedFrom {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Digest of its file.
    pub sha256: String,
}

/// A named range of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tier {
    /// Stable name.
    pub id: String,
    /// Title.
    pub title: String,
    /// Lowest score of the tier.
    pub min: u32,
    /// What it means.
    pub text: String,
}

/// Something stated once (per mode) with evidence, and used by rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Stable name.
    pub id: String,
    /// Title.
    pub title: String,
    /// Stated once per mode, or once.
    pub per_mode: bool,
    /// How to tell.
    pub guidance: String,
    /// The values it can have; besides them it can be `unknown`, which is scored as the worst of them.
    pub values: Vec<FactValue>,
}

/// A value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactValue {
    /// Stable name.
    pub id: String,
    /// What it means.
    pub title: String,
}

/// One audited area.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dimension {
    /// Stable name.
    pub id: String,
    /// Title in the scoring methodology.
    pub title: String,
    /// Title over its items.
    pub heading: String,
    /// What it is about.
    pub about: String,
    /// Its items are answered once per mode, or once.
    pub per_mode: bool,
    /// It has a score of its own, which is never added to the headline.
    pub separate: bool,
    /// Where it can stand, best first.
    pub levels: Vec<Level>,
    /// The first rule that holds decides.
    pub rules: Vec<Rule>,
    /// Its questions.
    pub items: Vec<Item>,
}

/// Where a dimension can stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Level {
    /// Stable name.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is worth, 0 to [`LEVEL_POINTS`].
    pub points: u32,
    /// Risk in a word.
    pub risk: String,
}

/// A rule that names a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Index of the level in its dimension.
    pub level: usize,
    /// When it holds.
    pub when: Test,
}

/// Who can usually answer an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredFrom {
    /// Whoever has a clone.
    Clone,
    /// Whoever sees a deployment.
    Deployment,
    /// Only a provider: a registry, an advisory database, an identity provider, the maker.
    Provider,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Stable name, such as `auth-4`.
    pub id: String,
    /// The question, in the standard's own words.
    pub text: String,
    /// A few words for lists.
    pub short: String,
    /// The answer that is the secure one.
    pub secure: Answer,
    /// The answers it accepts.
    pub accepts: Vec<Answer>,
    /// When it does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<NotApplicable>,
    /// Who can usually answer.
    pub answered_from: Vec<AnsweredFrom>,
    /// What to look for.
    pub look_for: String,
    /// What counts as evidence.
    pub counts: String,
    /// What makes the answer `partial`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partial: String,
    /// What auditors get wrong here.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trap: String,
    /// Controls that evidence here is relevant to, by catalogue. Never "satisfies".
    pub refs: BTreeMap<String, Vec<String>>,
    /// Places to look. They never answer.
    pub leads: Vec<Lead>,
}

/// When an item does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplicable {
    /// In words.
    pub hint: String,
    /// For the machine: where it holds, the item is offered in the batch of not applicable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Test>,
}

/// Where to look for an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    /// Stable name, such as `auth-4.a`.
    pub id: String,
    /// What a hit speaks for.
    pub signal: Signal,
    /// What is searched.
    pub kind: LeadKind,
    /// What a hit means.
    pub why: String,
}

/// What a lead's hit speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Supports the secure answer.
    Supports,
    /// Is a concern.
    Concern,
    /// Read here.
    Look,
}

impl Signal {
    /// Returns the word by which files name the signal.
    pub fn word(self) -> &'static str {
        match self {
            Signal::Supports => "supports",
            Signal::Concern => "concern",
            Signal::Look => "look",
        }
    }
}

/// What a lead searches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeadKind {
    /// Lines of the files of a scope.
    Regex {
        /// Name of the scope.
        scope: String,
        /// The expression.
        pattern: String,
        /// Lines that match this one are dropped.
        #[serde(skip_serializing_if = "Option::is_none")]
        exclude: Option<String>,
    },
    /// Paths; several globs are separated by `|`.
    Glob {
        /// The globs.
        pattern: String,
    },
}

/// A certificate of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Stable name.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Index of the certificate whose conditions must hold too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub includes: Option<usize>,
    /// All of them must hold, in every mode.
    pub require: Vec<Requirement>,
}

/// One condition of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// In words.
    pub text: String,
    /// For the machine.
    pub when: Test,
}

/// Answers and facts that cannot be true together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Stable name.
    pub id: String,
    /// In words.
    pub text: String,
    /// Where it holds, in any mode, the audit contradicts itself.
    pub when: Test,
}

/// A condition over answers, facts, levels and findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// All hold. An empty list holds.
    All(Vec<Test>),
    /// At least one holds.
    Any(Vec<Test>),
    /// None holds.
    None(Vec<Test>),
    /// An item's answer is one of these. An open item's is none.
    Item {
        /// The item.
        item: String,
        /// The answers.
        is: Vec<Answer>,
        /// It must be backed by a piece of evidence, not by a reason alone.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        evidenced: bool,
    },
    /// An item stands in one of these states.
    ItemState {
        /// The item.
        item: String,
        /// The states.
        state: Vec<State>,
    },
    /// Some item, or no item, of the standard stands in one of these states.
    EachItem {
        /// The states.
        state: Vec<State>,
        /// Counting only items with an open finding of one of these severities; empty means all items.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        finding: Vec<Severity>,
        /// Whether there must be one or there must be none.
        exists: bool,
    },
    /// A fact's value is one of these. An open fact's is none.
    Fact {
        /// The fact.
        fact: String,
        /// The values.
        is: Vec<String>,
    },
    /// A dimension stands at one of these levels.
    Level {
        /// Index of the dimension.
        dimension: usize,
        /// Indexes of its levels.
        is: Vec<usize>,
    },
    /// The headline's tier is one of these.
    Tier {
        /// Names of the tiers.
        is: Vec<String>,
    },
    /// An open finding of one of these severities exists, or none does.
    Finding {
        /// The severities.
        severity: Vec<Severity>,
        /// Only findings on one of these items; empty means all findings.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        on: Vec<String>,
        /// Only findings that rest on a published advisory.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        advisory: bool,
        /// Whether there must be one or there must be none.
        exists: bool,
    },
}

impl Test {
    /// The test that always holds: an `else`.
    pub fn always() -> Test {
        Test::All(Vec::new())
    }

    /// Calls `visit` on this test and all tests inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        visit(self);
        if let Test::All(tests) | Test::Any(tests) | Test::None(tests) = self {
            for test in tests {
                test.walk(visit);
            }
        }
    }
}

impl Standard {
    /// Returns all items with their dimension, in order.
    pub fn items(&self) -> impl Iterator<Item = (&Dimension, &Item)> {
        self.dimensions.iter().flat_map(|dimension| dimension.items.iter().map(move |item| (dimension, item)))
    }

    /// Returns the item of this id, with its dimension.
    pub fn item(&self, id: &str) -> Option<(&Dimension, &Item)> {
        self.items().find(|(_, item)| item.id == id)
    }

    /// Returns the lead of this id.
    pub fn lead(&self, id: &str) -> Option<&Lead> {
        self.items().flat_map(|(_, item)| &item.leads).find(|lead| lead.id == id)
    }

    /// Returns the fact of this id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// Returns the search that a lead stands for; a lead on paths searches no lines.
    pub fn query(&self, lead: &Lead) -> Option<Query> {
        let LeadKind::Regex { scope, pattern, exclude } = &lead.kind else { return None };
        let globs = self.scopes.get(scope).map(Vec::as_slice).unwrap_or_default();
        let (out, include): (Vec<&String>, Vec<&String>) = globs.iter().partition(|glob| glob.starts_with('!'));
        Some(Query {
            pattern: pattern.clone(),
            literal: false,
            case_sensitive: true,
            word: false,
            exclude_line: exclude.clone(),
            include: include.into_iter().cloned().collect(),
            exclude: out
                .into_iter()
                .map(|glob| glob.trim_start_matches('!').to_owned())
                .chain(self.exclude_paths.iter().cloned())
                .collect(),
            tests_apart: true,
        })
    }

    /// Returns the tier that a score lies in.
    pub fn tier(&self, score: u32) -> Option<&Tier> {
        self.tiers.iter().find(|tier| score >= tier.min)
    }
}
