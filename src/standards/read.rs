//! Reads a standard's TOML file and names every mistake in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::answer::{Answer, State};
use crate::model::evidence::Query;
use crate::model::finding::Severity;
use crate::model::score;
use crate::model::standard::{
    AnsweredFrom, COMPLETION_LIMIT, COMPONENT_LIMIT, Certificate, Contradiction, DIMENSION_LIMIT, DerivedFrom,
    Dimension, Fact, FactValue, Item, LEVEL_POINTS, Lead, LeadKind, Level, NotApplicable, Requirement, Rule, SCALE,
    Signal, Standard, Test, Tier,
};
use crate::repo::{self, display};

use super::raw::{KEYS, RawCertificate, RawDimension, RawItem, RawLead, RawStandard, RawTest};

/// The word that a standard's file starts with.
const SCHEMA: &str = "touchstone-standard/1";

/// How many items the embedded standard has.
const BUILT_IN_ITEMS: usize = 48;

/// Something wrong in a standard's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} {}", self.line, self.what, self.remedy)
    }
}

/// Collects mistakes with their lines.
struct Notes {
    /// Where each line ends, so that a file full of mistakes is read once and not once per mistake.
    ends: Vec<usize>,
    mistakes: BTreeSet<Mistake>,
}

impl Notes {
    fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Notes { ends, mistakes: BTreeSet::new() }
    }

    fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end < at) + 1
    }

    fn add(&mut self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.insert(Mistake { line: self.line(span.start), what: what.into(), remedy: remedy.into() });
    }

    /// Returns all mistakes in the order of lines.
    fn into_list(self) -> Vec<Mistake> {
        self.mistakes.into_iter().collect()
    }
}

/// Reads a standard from the text of its file.
///
/// # Errors
/// Every mistake that could be found, in the order of lines. A file that is not TOML, or in which a value is of the wrong
/// sort or missing, has one mistake more than can be told before that one is mended.
pub fn read(text: &str) -> Result<Standard, Vec<Mistake>> {
    read_with(text, true)
}

/// Reads a standard that was checked before, by its digest: what is slow to check (that patterns compile, that every level
/// can be reached) is not checked again.
///
/// # Errors
/// As [`read`].
pub fn read_known(text: &str) -> Result<Standard, Vec<Mistake>> {
    read_with(text, false)
}

fn read_with(text: &str, thorough: bool) -> Result<Standard, Vec<Mistake>> {
    // A file that was saved with the line ends of Windows says the same; no line changes its number by this.
    let text = &text.replace("\r\n", "\n");
    let mut notes = Notes::new(text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let span = error.span().unwrap_or_default();
            notes.add(span, format!("This is not TOML: {}.", error.message()), "Mend it and check again.");
            return Err(notes.into_list());
        }
    };
    look_over(&mut notes, table.get_ref(), "", table.span());
    let raw = match RawStandard::deserialize(toml::Deserializer::from(table)) {
        Ok(raw) => raw,
        Err(error) => {
            let span = error.span().unwrap_or_default();
            notes.add(span, format!("{}.", error.message()), "Mend it and check again.");
            return Err(notes.into_list());
        }
    };
    let standard = Reader { notes: &mut notes, raw: &raw, thorough }.standard();
    if notes.mistakes.is_empty() {
        return Ok(standard);
    }
    Err(notes.into_list())
}

/// Names keys that mean nothing, and characters that fool the eye.
fn look_over(notes: &mut Notes, table: &DeTable<'_>, path: &str, whole: Range<usize>) {
    let known = KEYS.iter().find(|(at, _)| *at == path).map(|(_, keys)| *keys);
    if path.split('.').count() > 40 {
        notes.add(whole, "Tests are nested too deeply.", "Write them flatter.");
        return;
    }
    for (key, value) in table.iter() {
        let name: &str = key.get_ref();
        expect_visible(notes, name, key.span());
        if known.is_some_and(|keys| !keys.contains(&name)) {
            let place = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
            notes.add(
                key.span(),
                format!("`{name}` is not a key of {place}."),
                format!("Known keys: {}.", known.unwrap_or_default().join(", ")),
            );
        }
        let below = match name {
            "when" | "all" | "any" | "none" => "when".to_owned(),
            _ if path.is_empty() => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        look_into(notes, value, &below);
    }
}

fn look_into(notes: &mut Notes, value: &Spanned<DeValue<'_>>, path: &str) {
    match value.get_ref() {
        DeValue::String(text) => expect_visible(notes, text, value.span()),
        DeValue::Array(values) => values.iter().for_each(|value| look_into(notes, value, path)),
        DeValue::Table(table) => look_over(notes, table, path, value.span()),
        _ => {}
    }
}

fn expect_visible(notes: &mut Notes, text: &str, span: Range<usize>) {
    if let Some(hazard) = text.chars().find(|c| display::is_hazard(*c) && !matches!(c, '\n' | '\t')) {
        notes.add(
            span,
            format!(
                "The text holds the character U+{:04X}, which does not show or moves what does.",
                u32::from(hazard)
            ),
            "Take it out.",
        );
    }
}

/// Turns the raw file into a standard, taking notes.
struct Reader<'a> {
    notes: &'a mut Notes,
    raw: &'a RawStandard,
    thorough: bool,
}

/// Where a test stands; not every test makes sense everywhere.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Rule,
    NotApplicable,
    Condition,
}

impl Reader<'_> {
    fn standard(mut self) -> Standard {
        let raw = self.raw;
        if raw.schema.get_ref() != SCHEMA {
            self.notes.add(
                raw.schema.span(),
                format!("The schema is `{}`.", raw.schema.get_ref()),
                format!("This program reads `{SCHEMA}`."),
            );
        }
        self.name(&raw.id);
        if !raw.version.get_ref().bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
            || raw.version.get_ref().is_empty()
        {
            self.notes.add(
                raw.version.span(),
                "The version is not one such as 1.0.0.",
                "Use letters, digits, `.`, `-`, `+`.",
            );
        }
        self.unique("tier", raw.tier.iter().map(|tier| &tier.id));
        self.unique("fact", raw.fact.iter().map(|fact| &fact.id));
        self.unique("dimension", raw.dimension.iter().map(|dimension| &dimension.id));
        self.unique("certificate", raw.certification.iter().map(|one| &one.id));
        self.unique("contradiction", raw.contradiction.iter().map(|one| &one.id));
        let items: Vec<&RawItem> = raw.dimension.iter().flat_map(|dimension| &dimension.item).collect();
        let questions = items.iter().map(|item| &item.id);
        self.unique("item or fact", questions.chain(raw.fact.iter().map(|fact| &fact.id)));
        self.unique("lead", items.iter().flat_map(|item| &item.lead).map(|lead| &lead.id));
        if raw.id.get_ref() == super::BUILT_IN && items.len() != BUILT_IN_ITEMS {
            self.notes.add(
                raw.id.span(),
                format!("The embedded standard has {BUILT_IN_ITEMS} items; this file has {}.", items.len()),
                "Give a standard of your own an id of its own, or bring back what is missing.",
            );
        }
        if raw.dimension.len() > DIMENSION_LIMIT {
            self.notes.add(
                raw.id.span(),
                format!("The standard has {} dimensions; at most {DIMENSION_LIMIT} are read.", raw.dimension.len()),
                "Put questions that belong together into one dimension.",
            );
        }
        if items.is_empty() {
            self.notes.add(raw.id.span(), "There is no item.", "Add [[dimension]] with [[dimension.item]].");
        }
        self.scopes();
        let standard = Standard {
            id: raw.id.get_ref().clone(),
            version: raw.version.get_ref().clone(),
            title: raw.title.clone(),
            source: fold(&raw.source),
            derived_from: raw.derived_from.as_ref().map(|from| DerivedFrom {
                id: from.id.clone(),
                version: from.version.clone(),
                sha256: from.sha256.clone(),
            }),
            tiers: self.tiers(),
            facts: self.facts(),
            dimensions: raw.dimension.iter().map(|dimension| self.dimension(dimension)).collect(),
            certificates: raw.certification.iter().map(|certificate| self.certificate(certificate)).collect(),
            contradictions: raw
                .contradiction
                .iter()
                .map(|contradiction| Contradiction {
                    id: self.name(&contradiction.id),
                    text: fold(&contradiction.text),
                    when: self.test(&contradiction.when, Place::Condition),
                })
                .collect(),
            scopes: raw
                .scopes
                .iter()
                .map(|(name, globs)| (name.clone(), globs.iter().map(|glob| glob.get_ref().clone()).collect()))
                .collect(),
            exclude_paths: raw.exclude_paths.iter().map(|glob| glob.get_ref().clone()).collect(),
        };
        // The engine is asked only about a standard whose rules name things that are there.
        if self.thorough && self.notes.mistakes.is_empty() && !self.cyclic(&standard) {
            self.engine(&standard);
        }
        standard
    }

    fn name(&mut self, id: &Spanned<String>) -> String {
        let text = id.get_ref();
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(good) {
            self.notes.add(
                id.span(),
                format!("`{text}` cannot be an id."),
                "Use one to 64 lower-case letters, digits, `-`, `_` and `.`.",
            );
        }
        text.clone()
    }

    fn unique<'i>(&mut self, sort: &str, ids: impl Iterator<Item = &'i Spanned<String>>) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for id in ids {
            if let Some(first) = seen.get(id.get_ref().as_str()) {
                let first = self.notes.line(*first);
                self.notes.add(
                    id.span(),
                    format!("The {sort} `{}` is there already, on line {first}.", id.get_ref()),
                    "Give each an id of its own.",
                );
            } else {
                seen.insert(id.get_ref(), id.span().start);
            }
        }
    }

    fn scopes(&mut self) {
        let raw = self.raw;
        for glob in raw.scopes.values().flatten().chain(&raw.exclude_paths) {
            let text = glob.get_ref();
            self.glob(text.strip_prefix('!').unwrap_or(text), glob.span());
        }
    }

    fn glob(&mut self, glob: &str, span: Range<usize>) {
        if !self.thorough {
            return;
        }
        // A search asks for a pattern; any will do.
        let query = Query { pattern: "x".to_owned(), include: vec![glob.to_owned()], ..Query::default() };
        if let Err(error) = repo::compile(&query) {
            self.notes.add(span, error.message, "See the glob syntax in the README.");
        }
    }

    fn tiers(&mut self) -> Vec<Tier> {
        let mut above: Option<i64> = None;
        for tier in &self.raw.tier {
            let min = *tier.min.get_ref();
            if !(0..=i64::from(SCALE)).contains(&min) || above.is_some_and(|above| min >= above) {
                self.notes.add(
                    tier.min.span(),
                    format!("The tier's minimum {min} is out of range or out of order."),
                    format!("Order tiers from the highest minimum to the lowest, all from 0 to {SCALE}."),
                );
            }
            above = Some(min);
        }
        if above != Some(0) {
            let span = self.raw.tier.last().map_or(self.raw.id.span(), |tier| tier.min.span());
            self.notes.add(span, "No tier starts at 0.", "Let the last tier have `min = 0`.");
        }
        let raw = self.raw;
        raw.tier
            .iter()
            .map(|tier| Tier {
                id: self.name(&tier.id),
                title: tier.title.clone(),
                min: u32::try_from(*tier.min.get_ref()).unwrap_or_default(),
                text: fold(&tier.text),
            })
            .collect()
    }

    fn facts(&mut self) -> Vec<Fact> {
        let raw = self.raw;
        for fact in &raw.fact {
            self.unique("value", fact.values.iter().map(|value| &value.id));
            for value in fact.values.iter().filter(|value| value.id.get_ref() == score::UNKNOWN) {
                self.notes.add(value.id.span(), "Every fact can be `unknown`.", "Take this value out.");
            }
            if fact.values.is_empty() {
                self.notes.add(fact.id.span(), "The fact has no value.", "Add `values`.");
            }
        }
        raw.fact
            .iter()
            .map(|fact| Fact {
                id: self.name(&fact.id),
                title: fact.title.clone(),
                per_mode: fact.per_mode,
                guidance: fold(&fact.guidance),
                values: fact
                    .values
                    .iter()
                    .map(|value| FactValue { id: self.name(&value.id), title: value.title.clone() })
                    .collect(),
            })
            .collect()
    }

    fn dimension(&mut self, raw: &RawDimension) -> Dimension {
        self.unique("level", raw.level.iter().map(|level| &level.id));
        let mut above = i64::MAX;
        for level in &raw.level {
            let points = *level.points.get_ref();
            if !(0..=i64::from(LEVEL_POINTS)).contains(&points) {
                self.notes.add(
                    level.points.span(),
                    format!("{points} points are out of range."),
                    format!("A level is worth 0 to {LEVEL_POINTS} points."),
                );
            } else if points >= above {
                self.notes.add(
                    level.points.span(),
                    "A level is not worth less than the one before it.",
                    "Order levels from best to worst, each with points of its own.",
                );
            }
            above = points;
        }
        if raw.level.is_empty() {
            self.notes.add(raw.id.span(), "The dimension has no level.", "Add [[dimension.level]].");
        }
        for (index, rule) in raw.rule.iter().enumerate() {
            let last = index + 1 == raw.rule.len();
            if rule.when.is_none() && !last {
                self.notes.add(
                    rule.level.span(),
                    "A rule after this one can never hold.",
                    "Only the last rule goes without `when`.",
                );
            }
            if rule.when.is_some() && last {
                self.notes.add(
                    rule.level.span(),
                    "The last rule has a condition.",
                    "End with a rule without `when`, the else.",
                );
            }
        }
        if raw.rule.is_empty() {
            self.notes.add(raw.id.span(), "The dimension has no rule.", "Add [[dimension.rule]].");
        }
        Dimension {
            id: self.name(&raw.id),
            title: raw.title.clone(),
            heading: raw.heading.clone().unwrap_or_else(|| raw.title.clone()),
            about: fold(&raw.about),
            per_mode: raw.per_mode,
            separate: raw.separate,
            levels: raw
                .level
                .iter()
                .map(|level| Level {
                    id: self.name(&level.id),
                    title: level.title.clone(),
                    points: u32::try_from(*level.points.get_ref()).unwrap_or_default(),
                    risk: level.risk.clone(),
                })
                .collect(),
            rules: raw
                .rule
                .iter()
                .map(|rule| {
                    let level = raw.level.iter().position(|level| level.id.get_ref() == rule.level.get_ref());
                    if level.is_none() {
                        self.notes.add(
                            rule.level.span(),
                            format!(
                                "The rule names the level `{}`, which the dimension does not have.",
                                rule.level.get_ref()
                            ),
                            format!("Its levels: {}.", list(raw.level.iter().map(|level| level.id.get_ref()))),
                        );
                    }
                    let when = rule.when.as_ref().map_or_else(Test::always, |test| self.test(test, Place::Rule));
                    Rule { level: level.unwrap_or_default(), when }
                })
                .collect(),
            items: raw.item.iter().map(|item| self.item(item)).collect(),
        }
    }

    fn item(&mut self, raw: &RawItem) -> Item {
        let accepts: Vec<Answer> = self.words(raw.accepts.get_ref(), &raw.accepts.span(), "answer");
        let secure = self.word::<Answer>(raw.secure.get_ref(), &raw.secure.span(), "answer").unwrap_or(Answer::Yes);
        if !matches!(secure, Answer::Yes | Answer::No) || !accepts.contains(&secure) {
            self.notes.add(
                raw.secure.span(),
                "The secure answer is not an accepted yes or no.",
                "Let `secure` be one of `accepts`.",
            );
        }
        if let Some(double) = (1..accepts.len()).find(|index| accepts[..*index].contains(&accepts[*index])) {
            self.notes.add(
                raw.accepts.span(),
                format!("`{}` is accepted twice.", accepts[double].word()),
                "Name each answer once.",
            );
        }
        if !accepts.contains(&Answer::Unknown) {
            self.notes.add(
                raw.accepts.span(),
                "`unknown` is not accepted.",
                "An auditor must be able to say so: add it.",
            );
        }
        if raw.na.is_some() != accepts.contains(&Answer::NotApplicable) {
            let span = raw.na.as_ref().map_or(raw.accepts.span(), Spanned::span);
            self.notes.add(
                span,
                "`na` and `accepts` disagree.",
                "Give `na` with a hint where, and only where, not_applicable is accepted.",
            );
        }
        if raw.text.trim().is_empty() {
            self.notes.add(raw.id.span(), "The item asks nothing.", "Fill in `text`.");
        }
        let answered_from = raw
            .answered_from
            .iter()
            .filter_map(|word| match word.get_ref().as_str() {
                "clone" => Some(AnsweredFrom::Clone),
                "deployment" => Some(AnsweredFrom::Deployment),
                "provider" => Some(AnsweredFrom::Provider),
                other => {
                    self.notes.add(
                        word.span(),
                        format!("`{other}` cannot answer."),
                        "Use clone, deployment, provider.",
                    );
                    None
                }
            })
            .collect();
        Item {
            id: self.name(&raw.id),
            text: raw.text.clone(),
            short: raw.short.clone().unwrap_or_else(|| raw.text.clone()),
            secure,
            accepts,
            not_applicable: raw.na.as_ref().map(|na| NotApplicable {
                hint: na.get_ref().hint.clone(),
                when: na.get_ref().when.as_ref().map(|test| self.test(test, Place::NotApplicable)),
            }),
            answered_from,
            look_for: fold(&raw.look_for),
            counts: fold(&raw.counts),
            partial: fold(&raw.partial),
            trap: fold(&raw.trap),
            refs: raw.refs.clone(),
            leads: raw.lead.iter().filter_map(|lead| self.lead(lead)).collect(),
        }
    }

    fn lead(&mut self, raw: &RawLead) -> Option<Lead> {
        let signal = match raw.signal.get_ref().as_str() {
            "supports" => Some(Signal::Supports),
            "concern" => Some(Signal::Concern),
            "look" => Some(Signal::Look),
            other => {
                self.notes.add(
                    raw.signal.span(),
                    format!("`{other}` is not a signal."),
                    "Use supports, concern, look.",
                );
                None
            }
        };
        let kind = match raw.kind.get_ref().as_str() {
            "regex" => {
                let scope = raw.scope.as_ref().map(|scope| scope.get_ref().clone()).unwrap_or_default();
                if !self.raw.scopes.contains_key(&scope) {
                    let span = raw.scope.as_ref().map_or(raw.kind.span(), Spanned::span);
                    self.notes.add(
                        span,
                        format!("There is no scope `{scope}`."),
                        format!("Known scopes: {}.", list(self.raw.scopes.keys())),
                    );
                }
                let patterns = [Some(&raw.pattern), raw.exclude.as_ref()].into_iter().flatten();
                for pattern in patterns.filter(|_| self.thorough) {
                    // Built as the search builds it, so that a standard that is taken can be run.
                    let query = Query { pattern: pattern.get_ref().clone(), case_sensitive: true, ..Query::default() };
                    if let Err(error) = repo::compile(&query) {
                        let remedy = error.hints.first().map_or(
                            "Use the syntax of Rust's regex crate (no look-around, no back-references).",
                            String::as_str,
                        );
                        self.notes.add(pattern.span(), error.message.clone(), remedy);
                    }
                }
                LeadKind::Regex {
                    scope,
                    pattern: raw.pattern.get_ref().clone(),
                    exclude: raw.exclude.as_ref().map(|pattern| pattern.get_ref().clone()),
                }
            }
            "glob" => {
                for glob in raw.pattern.get_ref().split('|') {
                    self.glob(glob, raw.pattern.span());
                }
                LeadKind::Glob { pattern: raw.pattern.get_ref().clone() }
            }
            other => {
                self.notes.add(raw.kind.span(), format!("`{other}` is not a kind of lead."), "Use regex or glob.");
                return None;
            }
        };
        Some(Lead { id: self.name(&raw.id), signal: signal?, kind, why: raw.why.clone() })
    }

    fn certificate(&mut self, raw: &RawCertificate) -> Certificate {
        let all = &self.raw.certification;
        let own = all.iter().position(|one| one.id.get_ref() == raw.id.get_ref()).unwrap_or_default();
        let includes = raw.includes.as_ref().and_then(|name| {
            let index = all[..own].iter().position(|one| one.id.get_ref() == name.get_ref());
            if index.is_none() {
                self.notes.add(
                    name.span(),
                    format!("No certificate `{}` stands before this one.", name.get_ref()),
                    "Order certificates from the lowest to the highest.",
                );
            }
            index
        });
        Certificate {
            id: self.name(&raw.id),
            title: raw.title.clone(),
            text: fold(&raw.text),
            includes,
            require: raw
                .require
                .iter()
                .map(|one| Requirement { text: fold(&one.text), when: self.test(&one.when, Place::Condition) })
                .collect(),
        }
    }

    fn test(&mut self, raw: &Spanned<RawTest>, place: Place) -> Test {
        let span = raw.span();
        let test = raw.get_ref();
        let inner = |reader: &mut Self, tests: &[Spanned<RawTest>]| -> Vec<Test> {
            tests.iter().map(|test| reader.test(test, place)).collect()
        };
        let each_item = test.each_item == Some(true);
        // Each head with the keys that mean something beside it.
        let heads: [(bool, &str, &[&str]); 9] = [
            (test.all.is_some(), "all", &[]),
            (test.any.is_some(), "any", &[]),
            (test.none.is_some(), "none", &[]),
            (test.item.is_some(), "item", &["is", "isnt", "state", "evidenced"]),
            (each_item, "each_item", &["state", "finding", "exists"]),
            (test.fact.is_some(), "fact", &["is", "isnt"]),
            (test.level.is_some(), "level", &["is", "isnt"]),
            (test.tier.is_some(), "tier", &[]),
            (test.finding.is_some() && !each_item, "finding", &["on", "advisory", "exists"]),
        ];
        let mut there = heads.iter().filter(|(there, ..)| *there);
        let (Some((_, head, beside)), None) = (there.next(), there.next()) else {
            self.notes.add(
                span,
                "A test has not exactly one head.",
                "Use one of all, any, none, item, each_item, fact, level, tier, finding.",
            );
            return Test::always();
        };
        // A key that is read past would change what the rule seems to say.
        let keys = [
            (test.is.is_some(), "is"),
            (test.isnt.is_some(), "isnt"),
            (test.state.is_some(), "state"),
            (test.evidenced.is_some(), "evidenced"),
            (test.exists.is_some(), "exists"),
            (test.on.is_some(), "on"),
            (test.advisory.is_some(), "advisory"),
        ];
        for (_, key) in keys.iter().filter(|(there, key)| *there && !beside.contains(key)) {
            self.notes.add(
                span.clone(),
                format!("`{key}` means nothing beside `{head}`."),
                match beside {
                    [] => format!("Nothing stands beside `{head}`; take `{key}` out."),
                    _ => format!("Beside `{head}` use {}.", beside.join(", ")),
                },
            );
        }
        let lists = [test.is.is_some(), test.isnt.is_some(), test.state.is_some()];
        if lists.iter().filter(|there| **there).count() > 1 {
            self.notes.add(span.clone(), "The test asks for more than one thing.", "Use one of is, isnt, state.");
        }
        if test.state.is_some() && test.evidenced.is_some() {
            self.notes.add(span.clone(), "`evidenced` means nothing beside `state`.", "Use `is` with `evidenced`.");
        }
        let negate = |test: Test, isnt: bool| if isnt { Test::None(vec![test]) } else { test };
        let isnt = test.isnt.is_some();
        let listed = test.is.as_ref().or(test.isnt.as_ref());
        if let Some(tests) = &test.all {
            return Test::All(inner(self, tests));
        }
        if let Some(tests) = &test.any {
            return Test::Any(inner(self, tests));
        }
        if let Some(tests) = &test.none {
            return Test::None(inner(self, tests));
        }
        if let Some(item) = &test.item {
            self.expect_item(item, &span);
            if let Some(states) = &test.state {
                self.expect_some(states, &span, "state", "Add one to `state`.");
                return Test::ItemState { item: item.clone(), state: self.words(states, &span, "state") };
            }
            let listed = listed.map(Vec::as_slice).unwrap_or_default();
            self.expect_some(listed, &span, "answer", "Add `is`, `isnt` or `state`.");
            let is = self.words(listed, &span, "answer");
            return negate(Test::Item { item: item.clone(), is, evidenced: test.evidenced.unwrap_or(false) }, isnt);
        }
        if let Some(fact) = &test.fact {
            let known = self.raw.fact.iter().find(|one| one.id.get_ref() == fact);
            let values: Vec<&String> =
                known.iter().flat_map(|fact| &fact.values).map(|value| value.id.get_ref()).collect();
            let is = listed.cloned().unwrap_or_default();
            self.expect_some(&is, &span, "value", "Add `is` or `isnt`.");
            if known.is_none() {
                self.notes.add(
                    span.clone(),
                    format!("There is no fact `{fact}`."),
                    format!("Known facts: {}.", list(self.raw.fact.iter().map(|fact| fact.id.get_ref()))),
                );
            } else if let Some(value) = is.iter().find(|value| !values.contains(value) && *value != score::UNKNOWN) {
                self.notes.add(
                    span,
                    format!("`{fact}` has no value `{value}`."),
                    format!("Its values: {}.", list(values.into_iter())),
                );
            }
            return negate(Test::Fact { fact: fact.clone(), is }, isnt);
        }
        if let Some(name) = &test.level {
            let index = self.raw.dimension.iter().position(|dimension| dimension.id.get_ref() == name);
            let levels = index.map(|index| self.raw.dimension[index].level.as_slice()).unwrap_or_default();
            let mut is = Vec::new();
            let listed = listed.map(Vec::as_slice).unwrap_or_default();
            self.expect_some(listed, &span, "level", "Add `is` or `isnt`.");
            if index.is_none() {
                self.notes.add(
                    span,
                    format!("There is no dimension `{name}`."),
                    format!("Known dimensions: {}.", list(self.raw.dimension.iter().map(|one| one.id.get_ref()))),
                );
                return Test::always();
            }
            for word in listed {
                match levels.iter().position(|level| level.id.get_ref() == word) {
                    Some(level) => is.push(level),
                    None => self.notes.add(
                        span.clone(),
                        format!("`{name}` has no level `{word}`."),
                        format!("Its levels: {}.", list(levels.iter().map(|level| level.id.get_ref()))),
                    ),
                }
            }
            return negate(Test::Level { dimension: index.unwrap_or_default(), is }, isnt);
        }
        // With a finding or without, all items are more than the rules of one dimension can be tried for.
        if place != Place::Condition && (each_item || test.tier.is_some()) {
            self.notes.add(
                span.clone(),
                "A rule cannot read a tier or all items.",
                "Use item, fact, level or finding here.",
            );
        }
        if let Some(tiers) = &test.tier {
            self.expect_some(tiers, &span, "tier", "Add one.");
            if let Some(tier) = tiers.iter().find(|tier| !self.raw.tier.iter().any(|one| one.id.get_ref() == *tier)) {
                self.notes.add(span, format!("There is no tier `{tier}`."), "Name one of the file's tiers.");
            }
            return Test::Tier { is: tiers.clone() };
        }
        let severity = self.words::<Severity>(test.finding.as_deref().unwrap_or_default(), &span, "severity");
        let Some(exists) = test.exists else {
            self.notes.add(span, "The test does not say `exists`.", "Add `exists = true` or `exists = false`.");
            return Test::always();
        };
        if each_item {
            let states = test.state.as_deref().unwrap_or_default();
            self.expect_some(states, &span, "state", "Add `state`.");
            let state = self.words(states, &span, "state");
            return Test::EachItem { state, finding: severity, exists };
        }
        self.expect_some(test.finding.as_deref().unwrap_or_default(), &span, "severity", "Add one to `finding`.");
        let on = test.on.clone().unwrap_or_default();
        on.iter().for_each(|item| self.expect_item(item, &span));
        Test::Finding { severity, on, advisory: test.advisory.unwrap_or(false), exists }
    }

    /// An empty list would make a test that never holds, or always does.
    fn expect_some(&mut self, words: &[String], span: &Range<usize>, sort: &str, remedy: &str) {
        if words.is_empty() {
            self.notes.add(span.clone(), format!("The test names no {sort}."), remedy);
        }
    }

    fn expect_item(&mut self, item: &str, span: &Range<usize>) {
        let there = self.raw.dimension.iter().flat_map(|dimension| &dimension.item).any(|one| one.id.get_ref() == item);
        if !there {
            self.notes.add(
                span.clone(),
                format!("There is no item `{item}`."),
                "Bring the item back, or change the rule that names it.",
            );
        }
    }

    fn words<T: Word>(&mut self, words: &[String], span: &Range<usize>, sort: &str) -> Vec<T> {
        words.iter().filter_map(|word| self.word(word, span, sort)).collect()
    }

    fn word<T: Word>(&mut self, word: &str, span: &Range<usize>, sort: &str) -> Option<T> {
        let found = T::all().iter().find(|one| one.word() == word).copied();
        if found.is_none() {
            let known = list(T::all().iter().map(|one| one.word()));
            let article = if sort.starts_with('a') { "an" } else { "a" };
            self.notes.add(span.clone(), format!("`{word}` is not {article} {sort}."), format!("Use {known}."));
        }
        found
    }

    fn cyclic(&mut self, standard: &Standard) -> bool {
        let mut edges: Vec<BTreeSet<usize>> = Vec::new();
        for dimension in &standard.dimensions {
            let mut reads = BTreeSet::new();
            for rule in &dimension.rules {
                rule.when.walk(&mut |test| {
                    if let Test::Level { dimension, .. } = test {
                        reads.insert(*dimension);
                    }
                });
            }
            edges.push(reads);
        }
        let mut found = false;
        for start in 0..edges.len() {
            let mut seen = BTreeSet::new();
            let mut waiting: Vec<usize> = edges[start].iter().copied().collect();
            while let Some(next) = waiting.pop() {
                if seen.insert(next) {
                    waiting.extend(&edges[next]);
                }
            }
            if seen.contains(&start) {
                let id = &self.raw.dimension[start].id;
                self.notes.add(
                    id.span(),
                    format!("The rules of `{}` lead back to its own level.", id.get_ref()),
                    "Let rules read each other's levels in one direction only.",
                );
                found = true;
            }
        }
        found
    }

    /// Asks the engine what it makes of the rules.
    fn engine(&mut self, standard: &Standard) {
        let best: u32 = standard
            .dimensions
            .iter()
            .filter(|dimension| !dimension.separate)
            .map(|dimension| dimension.levels.first().map_or(0, |level| level.points))
            .sum();
        if best > SCALE {
            self.notes.add(
                self.raw.id.span(),
                format!("The dimensions add up to {best} points; the scale ends at {SCALE}."),
                "Make a dimension `separate`, or its levels worth less.",
            );
        }
        let mut completions: usize = 0;
        for component in score::components(standard) {
            let span =
                component.dimensions.first().map_or(self.raw.id.span(), |index| self.raw.dimension[*index].id.span());
            if component.variables.len() > COMPONENT_LIMIT {
                self.notes.add(
                    span,
                    format!("Rules link {} items and facts: {}.", component.variables.len(), component.variables.join(", ")),
                    format!("Every completion is tried, so at most {COMPONENT_LIMIT} may hang together: let rules read fewer."),
                );
                return;
            }
            if component.mixed {
                self.notes.add(
                    span,
                    format!(
                        "Rules link what is answered per mode with what is answered once: {}.",
                        component.variables.join(", ")
                    ),
                    "Let a rule read the one or the other.",
                );
                return;
            }
            completions = completions.saturating_add(component.completions.saturating_mul(component.dimensions.len()));
            if completions > COMPLETION_LIMIT {
                self.notes.add(
                    span,
                    format!(
                        "Rules link {}, and with the dimensions before there are more than {COMPLETION_LIMIT} completions.",
                        component.variables.join(", ")
                    ),
                    "Every completion is tried: let rules read less, facts have fewer values, or items accept fewer answers.",
                );
                return;
            }
        }
        for (index, dimension) in standard.dimensions.iter().enumerate() {
            let reachable = score::reachable(standard, index);
            for (level, Level { id, .. }) in dimension.levels.iter().enumerate() {
                if !reachable.contains(&level) {
                    self.notes.add(
                        self.raw.dimension[index].level[level].id.span(),
                        format!("No answers lead to the level `{id}`."),
                        "Add a rule for it, reorder the rules, or take the level out.",
                    );
                }
            }
        }
    }
}

/// Something that a file names by a word.
trait Word: Copy + 'static {
    fn all() -> &'static [Self];
    fn word(&self) -> &'static str;
}

impl Word for Answer {
    fn all() -> &'static [Self] {
        &Answer::ALL
    }

    fn word(&self) -> &'static str {
        Answer::word(*self)
    }
}

impl Word for State {
    fn all() -> &'static [Self] {
        &State::ALL
    }

    fn word(&self) -> &'static str {
        State::word(*self)
    }
}

impl Word for Severity {
    fn all() -> &'static [Self] {
        &Severity::ALL
    }

    fn word(&self) -> &'static str {
        Severity::word(*self)
    }
}

fn list<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    words.map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

/// Folds white space, so that prose can be broken over lines in the file.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
