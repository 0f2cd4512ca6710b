//! Findings: weaknesses, or strengths of severity `info`, with all fields of the audit database's template.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Reachability;

/// How bad a finding is. `info` also carries positive findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Critical.
    Critical,
    /// High.
    High,
    /// Medium.
    Medium,
    /// Low.
    Low,
    /// For the reader's information; also strengths.
    Info,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// Returns the word by which files and file names name the severity.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }

    /// Tells whether a finding of this severity may be published only with a decision on its disclosure.
    pub fn needs_disclosure(self) -> bool {
        matches!(self, Severity::Critical | Severity::High)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.word() == text)
            .ok_or_else(|| format!("`{text}` is not one of critical, high, medium, low, info"))
    }
}

/// What may be published about a finding, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Everything, now.
    Public,
    /// Only that there is a finding of this severity, until a date (`YYYY-MM-DD`).
    WithheldUntil(String),
}

impl fmt::Display for Disclosure {
    /// Writes the decision as it is typed: `public`, or `withheld:` and the date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disclosure::Public => f.pad("public"),
            Disclosure::WithheldUntil(date) => f.pad(&format!("withheld:{date}")),
        }
    }
}

impl FromStr for Disclosure {
    type Err = String;

    /// Reads a decision as it is typed. Whether the date is one, [`Finding::mistakes`] says.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "public" => Ok(Disclosure::Public),
            Some(("withheld", date)) => Ok(Disclosure::WithheldUntil(date.to_owned())),
            _ => Err("expected `public` or `withheld:YYYY-MM-DD`".to_owned()),
        }
    }
}

/// What an attacker gains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Impact {
    /// On confidentiality.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confidentiality: String,
    /// On integrity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub integrity: String,
    /// On availability.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub availability: String,
    /// How hard it is to use.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exploitability: String,
    /// What it reaches.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

impl Impact {
    /// Tells whether nothing is filled in.
    pub fn is_empty(&self) -> bool {
        *self == Impact::default()
    }
}

/// What to do about a finding, by horizon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Recommendations {
    /// Now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub immediate: Vec<String>,
    /// Soon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short_term: Vec<String>,
    /// In the long run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub long_term: Vec<String>,
}

impl Recommendations {
    /// Tells whether nothing is filled in.
    pub fn is_empty(&self) -> bool {
        *self == Recommendations::default()
    }
}

/// A finding as the auditor writes it. Places in the code are evidence attached to it, never typed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// One line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Items of the standard that it bears on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Such as "Network Security".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Such as `CWE-78`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwe: Vec<String>,
    /// A CVSS score or vector, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cvss: String,
    /// Published advisories it rests on (CVE, GHSA, ...).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
    /// How reachable the code is.
    #[serde(default)]
    pub reachability: Reachability,
    /// What may be published; needed before a critical or high finding is exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Disclosure>,
    /// Executive summary.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Technical description.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Impact assessment.
    #[serde(default, skip_serializing_if = "Impact::is_empty")]
    pub impact: Impact,
    /// Affected components besides the files that the evidence names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Reproduction steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reproduction: Vec<String>,
    /// Risk scenarios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// Recommendations.
    #[serde(default, skip_serializing_if = "Recommendations::is_empty")]
    pub recommendations: Recommendations,
    /// How to tell that it is mended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<String>,
    /// References.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Auditor's notes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

impl Finding {
    /// Returns a finding with nothing filled in but these.
    pub fn new(title: impl Into<String>, severity: Severity) -> Self {
        Finding {
            title: title.into(),
            severity,
            items: Vec::new(),
            category: String::new(),
            cwe: Vec::new(),
            cvss: String::new(),
            advisories: Vec::new(),
            reachability: Reachability::NotKnown,
            disclosure: None,
            summary: String::new(),
            description: String::new(),
            impact: Impact::default(),
            components: Vec::new(),
            reproduction: Vec::new(),
            risks: Vec::new(),
            recommendations: Recommendations::default(),
            validation: Vec::new(),
            references: Vec::new(),
            notes: String::new(),
        }
    }

    /// Tells whether only the finding's existence may be published.
    pub fn withheld(&self) -> bool {
        matches!(self.disclosure, Some(Disclosure::WithheldUntil(_)))
    }

    /// Returns what is wrong with the finding's own fields, one sentence each.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.title.trim().is_empty() || self.title.contains('\n') {
            found.push("a finding needs a title of one line".to_owned());
        }
        for cwe in &self.cwe {
            let number = cwe.strip_prefix("CWE-").unwrap_or_default();
            if number.is_empty() || number.len() > 5 || !number.bytes().all(|b| b.is_ascii_digit()) {
                found.push(format!("`{cwe}` is not a CWE such as CWE-78"));
            }
        }
        if let Some(Disclosure::WithheldUntil(date)) = &self.disclosure
            && !date.parse::<jiff::civil::Date>().is_ok_and(|read| read.to_string() == *date)
        {
            found.push(format!("`{date}` is not a date such as 2026-12-31"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_disclosure_is_read_as_it_is_written() {
        for one in [Disclosure::Public, Disclosure::WithheldUntil("2026-12-31".to_owned())] {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        for text in ["", "Public", "public:", "withheld", "until:2026-12-31"] {
            assert!(text.parse::<Disclosure>().is_err(), "{text}");
        }
    }

    #[test]
    fn reachability_is_read_by_the_word_that_files_and_commands_use() {
        for one in Reachability::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
            assert_eq!(one.word().parse(), Ok(one));
            assert_eq!(one.word().replace('_', "-").parse(), Ok(one));
        }
        assert!("shipped".parse::<Reachability>().is_err());
    }
}
