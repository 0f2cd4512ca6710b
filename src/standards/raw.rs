//! The form of a standard's file, before anything in it is looked at.

// The fields are the file's keys, which the README and the standard itself explain.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
pub struct RawStandard {
    pub schema: Spanned<String>,
    pub id: Spanned<String>,
    pub version: Spanned<String>,
    pub title: String,
    #[serde(default)]
    pub source: String,
    pub derived_from: Option<RawDerived>,
    #[serde(default)]
    pub exclude_paths: Vec<Spanned<String>>,
    #[serde(default)]
    pub scopes: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    pub tier: Vec<RawTier>,
    #[serde(default)]
    pub fact: Vec<RawFact>,
    #[serde(default)]
    pub dimension: Vec<RawDimension>,
    #[serde(default)]
    pub certification: Vec<RawCertificate>,
    #[serde(default)]
    pub contradiction: Vec<RawContradiction>,
}

#[derive(Deserialize)]
pub struct RawDerived {
    pub id: String,
    pub version: String,
    pub sha256: String,
}

#[derive(Deserialize)]
pub struct RawTier {
    pub id: Spanned<String>,
    pub title: String,
    pub min: Spanned<i64>,
    #[serde(default)]
    pub text: String,
}

#[derive(Deserialize)]
pub struct RawFact {
    pub id: Spanned<String>,
    pub title: String,
    #[serde(default)]
    pub per_mode: bool,
    #[serde(default)]
    pub guidance: String,
    pub values: Vec<RawValue>,
}

#[derive(Deserialize)]
pub struct RawValue {
    pub id: Spanned<String>,
    pub title: String,
}

#[derive(Deserialize)]
pub struct RawDimension {
    pub id: Spanned<String>,
    pub title: String,
    pub heading: Option<String>,
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub per_mode: bool,
    #[serde(default)]
    pub separate: bool,
    #[serde(default)]
    pub level: Vec<RawLevel>,
    #[serde(default)]
    pub rule: Vec<RawRule>,
    #[serde(default)]
    pub item: Vec<RawItem>,
}

#[derive(Deserialize)]
pub struct RawLevel {
    pub id: Spanned<String>,
    pub title: String,
    pub points: Spanned<i64>,
    #[serde(default)]
    pub risk: String,
}

#[derive(Deserialize)]
pub struct RawRule {
    pub level: Spanned<String>,
    pub when: Option<Spanned<RawTest>>,
}

#[derive(Deserialize)]
pub struct RawItem {
    pub id: Spanned<String>,
    pub text: String,
    pub short: Option<String>,
    pub secure: Spanned<String>,
    pub accepts: Spanned<Vec<String>>,
    pub na: Option<Spanned<RawNotApplicable>>,
    #[serde(default)]
    pub answered_from: Vec<Spanned<String>>,
    #[serde(default)]
    pub look_for: String,
    #[serde(default)]
    pub counts: String,
    #[serde(default)]
    pub partial: String,
    #[serde(default)]
    pub trap: String,
    #[serde(default)]
    pub refs: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub lead: Vec<RawLead>,
}

#[derive(Deserialize)]
pub struct RawNotApplicable {
    pub hint: String,
    pub when: Option<Spanned<RawTest>>,
}

#[derive(Deserialize)]
pub struct RawLead {
    pub id: Spanned<String>,
    pub signal: Spanned<String>,
    pub scope: Option<Spanned<String>>,
    pub kind: Spanned<String>,
    pub pattern: Spanned<String>,
    pub exclude: Option<Spanned<String>>,
    #[serde(default)]
    pub why: String,
}

#[derive(Deserialize)]
pub struct RawCertificate {
    pub id: Spanned<String>,
    pub title: String,
    #[serde(default)]
    pub text: String,
    pub includes: Option<Spanned<String>>,
    #[serde(default)]
    pub require: Vec<RawRequirement>,
}

#[derive(Deserialize)]
pub struct RawRequirement {
    pub text: String,
    pub when: Spanned<RawTest>,
}

#[derive(Deserialize)]
pub struct RawContradiction {
    pub id: Spanned<String>,
    pub text: String,
    pub when: Spanned<RawTest>,
}

#[derive(Deserialize, Default)]
pub struct RawTest {
    pub all: Option<Vec<Spanned<RawTest>>>,
    pub any: Option<Vec<Spanned<RawTest>>>,
    pub none: Option<Vec<Spanned<RawTest>>>,
    pub item: Option<String>,
    pub each_item: Option<bool>,
    pub fact: Option<String>,
    pub level: Option<String>,
    pub tier: Option<Vec<String>>,
    pub finding: Option<Vec<String>>,
    pub is: Option<Vec<String>>,
    pub isnt: Option<Vec<String>>,
    pub state: Option<Vec<String>>,
    pub evidenced: Option<bool>,
    pub exists: Option<bool>,
    pub on: Option<Vec<String>>,
    pub advisory: Option<bool>,
}

/// Which keys a table may have, by the path of arrays and tables that leads to it.
pub const KEYS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "schema",
            "id",
            "version",
            "title",
            "source",
            "derived_from",
            "exclude_paths",
            "scopes",
            "tier",
            "fact",
            "dimension",
            "certification",
            "contradiction",
        ],
    ),
    ("derived_from", &["id", "version", "sha256"]),
    ("tier", &["id", "title", "min", "text"]),
    ("fact", &["id", "title", "per_mode", "guidance", "values"]),
    ("fact.values", &["id", "title"]),
    ("dimension", &["id", "title", "heading", "about", "per_mode", "separate", "level", "rule", "item"]),
    ("dimension.level", &["id", "title", "points", "risk"]),
    ("dimension.rule", &["level", "when"]),
    (
        "dimension.item",
        &[
            "id",
            "text",
            "short",
            "secure",
            "accepts",
            "na",
            "answered_from",
            "look_for",
            "counts",
            "partial",
            "trap",
            "refs",
            "lead",
        ],
    ),
    ("dimension.item.na", &["hint", "when"]),
    ("dimension.item.lead", &["id", "signal", "scope", "kind", "pattern", "exclude", "why"]),
    ("certification", &["id", "title", "text", "includes", "require"]),
    ("certification.require", &["text", "when"]),
    ("contradiction", &["id", "text", "when"]),
    (
        "when",
        &[
            "all",
            "any",
            "none",
            "item",
            "each_item",
            "fact",
            "level",
            "tier",
            "finding",
            "is",
            "isnt",
            "state",
            "evidenced",
            "exists",
            "on",
            "advisory",
        ],
    ),
];
