//! What validation found.

use serde::{Serialize, Serializer};

use super::rules::{Class, Id};
use crate::model::finding::Severity;

/// Something that a rule says of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The rule.
    pub rule: Id,
    /// How much it weighs here.
    pub class: Class,
    /// The file or folder, with `/`, below the database or the folder that was named.
    pub file: String,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Why the rule fires. It holds text from outside.
    pub reason: String,
    /// How to mend it.
    pub remedy: &'static str,
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.rule().word)
    }
}

/// What a submission comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing is in the way.
    Passed,
    /// A person has to decide.
    HumanReview,
    /// Something has to be mended first.
    ChangesRequested,
}

impl Outcome {
    /// Returns the outcome of these issues. Under `strict`, what should be mended has to be.
    pub fn of<'a>(issues: impl Iterator<Item = &'a Issue>, strict: bool) -> Outcome {
        let outcome = issues.map(|issue| match issue.class {
            Class::Blocking => Outcome::ChangesRequested,
            Class::Advisory if strict => Outcome::ChangesRequested,
            Class::NeedsHuman => Outcome::HumanReview,
            Class::Advisory | Class::Legacy | Class::Note => Outcome::Passed,
        });
        outcome.max().unwrap_or(Outcome::Passed)
    }

    /// Returns it in words.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::HumanReview => "human review required",
            Outcome::ChangesRequested => "changes requested",
        }
    }
}

/// How well something is done, by countable signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Little of it is there.
    #[default]
    Limited,
    /// Some of it is there.
    Adequate,
    /// All of it is there.
    Good,
}

impl Rating {
    /// Returns the rating of so many signs out of so many.
    pub fn of(signs: usize, all: usize) -> Rating {
        match signs {
            0 => Rating::Limited,
            signs if signs >= all => Rating::Good,
            signs if signs * 2 >= all => Rating::Adequate,
            _ => Rating::Limited,
        }
    }

    /// Returns it in a word.
    pub fn word(self) -> &'static str {
        match self {
            Rating::Limited => "limited",
            Rating::Adequate => "adequate",
            Rating::Good => "good",
        }
    }
}

/// What is known of a record's signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    /// It is no signed record, as most audits.
    #[default]
    No,
    /// The signature fits its own key; whose it is, is not known here.
    Unchecked,
    /// A key that is trusted for the login signed it.
    Verified,
    /// There is a signature that does not hold.
    Fails,
}

/// Findings of one severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The severity in their files' names.
    pub severity: Severity,
    /// The files' names without `.md`.
    pub names: Vec<String>,
}

/// What was found of one audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// The audit's folder, with `/`.
    pub path: String,
    /// Its name.
    pub id: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The auditor's login, as the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auditor: Option<String>,
    /// The audited repository, as the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The commit, as the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The version, as the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The date in the folder's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The files that were read.
    pub files: usize,
    /// The findings by severity.
    pub findings: Vec<Findings>,
    /// What is known of the signature.
    pub signed: Signed,
    /// How well the method is documented: method, tools, time, scope.
    pub method: Rating,
    /// How many of the findings show code, a path or steps.
    pub evidence: Rating,
    /// Whether it can be repeated: commit, scope, citations.
    pub reproducibility: Rating,
    /// Earlier audits of the repository.
    pub prior: Vec<String>,
    /// Whether the login has no earlier audit in the database; unknown outside of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<bool>,
    /// Issues, by file and line.
    pub issues: Vec<Issue>,
}

/// How many issues there are of each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Blocking ones.
    pub blocking: usize,
    /// Those for a person.
    pub needs_human: usize,
    /// Those that should be mended.
    pub advisory: usize,
    /// Those that break a younger rule.
    pub legacy: usize,
    /// Notes.
    pub note: usize,
}

impl Counts {
    /// Counts issues.
    pub fn of<'a>(issues: impl Iterator<Item = &'a Issue>) -> Counts {
        let mut counts = Counts::default();
        for issue in issues {
            *match issue.class {
                Class::Blocking => &mut counts.blocking,
                Class::NeedsHuman => &mut counts.needs_human,
                Class::Advisory => &mut counts.advisory,
                Class::Legacy => &mut counts.legacy,
                Class::Note => &mut counts.note,
            } += 1;
        }
        counts
    }
}

/// What validation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it comes to: the gravest outcome of all.
    pub outcome: Outcome,
    /// Whether what should be mended counts as what has to be.
    pub strict: bool,
    /// The commits between which changes were judged, where a range was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// How many issues there are.
    pub counts: Counts,
    /// The audits, by path.
    pub audits: Vec<AuditReport>,
    /// Issues that are of no single audit: metadata, the range.
    pub issues: Vec<Issue>,
}

impl Report {
    /// Puts a report together.
    pub fn new(audits: Vec<AuditReport>, issues: Vec<Issue>, strict: bool, range: Option<String>) -> Report {
        let mut report = Report { outcome: Outcome::Passed, strict, range, counts: Counts::default(), audits, issues };
        report.counts = Counts::of(report.all());
        report.outcome = Outcome::of(report.all(), strict);
        report
    }

    /// Returns all issues.
    pub fn all(&self) -> impl Iterator<Item = &Issue> {
        self.audits.iter().flat_map(|audit| &audit.issues).chain(&self.issues)
    }
}
