//! The one pure function that computes levels, scores, ranges, certificates, contradictions and what would flip them.
//!
//! Integers only. While answers are open, a dimension has a range: the lowest and the highest level still reachable over
//! all completions. Items and facts that rules link form a component, of which every completion is tried; the
//! range of a total is therefore exact, also where one answer feeds several dimensions.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, State};
use super::finding::Severity;
use super::standard::{Dimension, Standard, Test};

/// The value of a fact that was looked for and could not be determined.
pub const UNKNOWN: &str = "unknown";

/// An item, or a fact, in a mode; `mode` is `None` for what is answered once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// Id of the item or fact.
    pub id: String,
    /// The mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl Slot {
    /// Returns the slot of something that is answered once.
    pub fn once(id: &str) -> Self {
        Slot { id: id.to_owned(), mode: None }
    }

    /// Returns the slot of something in a mode.
    pub fn in_mode(id: &str, mode: &str) -> Self {
        Slot { id: id.to_owned(), mode: Some(mode.to_owned()) }
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mode {
            Some(mode) => write!(f, "{} ({mode})", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// An answer as the score sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The answer.
    pub answer: Answer,
    /// A piece of evidence backs it; a reason alone does not count.
    pub evidenced: bool,
}

/// An open finding as the score sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFinding {
    /// Its severity.
    pub severity: Severity,
    /// Items that it is on.
    pub items: Vec<String>,
    /// It rests on a published advisory.
    pub advisory: bool,
}

/// Everything that the score depends on besides the standard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Modes that the server ships. With none, the score is that of one mode of which nothing is known.
    pub modes: Vec<String>,
    /// Answers given.
    pub answers: BTreeMap<Slot, Given>,
    /// Facts stated; a value is one of the fact's, or [`UNKNOWN`].
    pub facts: BTreeMap<Slot, String>,
    /// Findings not withdrawn.
    pub findings: Vec<OpenFinding>,
}

/// Lowest and highest value still reachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Range {
    /// Lowest.
    pub low: u32,
    /// Highest.
    pub high: u32,
}

impl Range {
    /// Tells whether only one value is left.
    pub fn settled(self) -> bool {
        self.low == self.high
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = if self.settled() { self.low.to_string() } else { format!("{}–{}", self.low, self.high) };
        f.pad(&text)
    }
}

/// The score of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// The lowest mode's: a server is as safe as its weakest shipped mode.
    pub headline: Range,
    /// The tier, where the whole range lies in it.
    pub tier: Option<String>,
    /// Items met, over all modes.
    pub met: u32,
    /// Items that apply in some mode.
    pub applicable: u32,
    /// Per mode.
    pub modes: Vec<ModeScore>,
    /// Dimensions with a score of their own.
    pub separate: Vec<DimensionScore>,
    /// The highest certificate whose conditions all hold.
    pub certified: Option<String>,
    /// Every certificate with the conditions that do not hold.
    pub certificates: Vec<CertificateScore>,
    /// Contradictions among answers, facts and findings.
    pub contradictions: Vec<Conflict>,
}

impl Score {
    /// Returns a dimension's points in a mode, or its lowest over all modes.
    pub fn points(&self, dimension: &str, mode: Option<&str>) -> Option<Range> {
        let in_modes = self.modes.iter().filter(|one| mode.is_none_or(|mode| mode == one.mode));
        let all = in_modes.flat_map(|one| &one.dimensions).chain(&self.separate);
        all.filter(|one| one.id == dimension).map(|one| one.points).reduce(lower)
    }
}

/// The score of one mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModeScore {
    /// The mode; empty where none is declared.
    pub mode: String,
    /// Sum over the dimensions.
    pub total: Range,
    /// The tier, where the whole range lies in it.
    pub tier: Option<String>,
    /// Items met in this mode, those answered once among them.
    pub met: u32,
    /// Items that apply in this mode.
    pub applicable: u32,
    /// Each dimension that counts.
    pub dimensions: Vec<DimensionScore>,
}

/// Where one dimension stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DimensionScore {
    /// Id of the dimension.
    pub id: String,
    /// Points of the two levels.
    pub points: Range,
    /// Lowest level still reachable.
    pub low: String,
    /// Highest level still reachable.
    pub high: String,
}

/// Which conditions of a certificate do not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateScore {
    /// Id of the certificate.
    pub id: String,
    /// Conditions that do not hold, in words, its own and those of the certificate it includes.
    pub unmet: Vec<String>,
}

/// A contradiction that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// Id of the contradiction.
    pub id: String,
    /// In words.
    pub text: String,
    /// Where.
    pub slots: Vec<Slot>,
}

/// One single answer or fact that would change a dimension's level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flip {
    /// The dimension.
    pub dimension: String,
    /// What to answer or state.
    pub slot: Slot,
    /// The answer or value.
    pub value: String,
    /// It must be backed by evidence.
    pub with_evidence: bool,
    /// Lowest and highest level then.
    pub levels: [String; 2],
    /// The dimension's points then.
    pub points: Range,
    /// Change of the dimension's lowest and highest points.
    pub change: [i64; 2],
    /// The headline then (the dimension's own score, where it is separate).
    pub total: Range,
}

/// A value that a variable can take.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Item(Given),
    Fact(String),
}

impl Value {
    fn unknown(&self) -> bool {
        match self {
            Value::Item(given) => given.answer == Answer::Unknown,
            Value::Fact(value) => value == UNKNOWN,
        }
    }
}

/// An item or fact that rules read, with all values it accepts.
#[derive(Debug, Clone)]
struct Variable {
    id: String,
    per_mode: bool,
    domain: Vec<Value>,
}

/// Items and facts linked by rules, and the dimensions that they decide.
#[derive(Debug, Clone)]
pub struct Component {
    /// Indexes of the dimensions.
    pub dimensions: Vec<usize>,
    /// Ids of the items and facts.
    pub variables: Vec<String>,
    /// Some are answered once and some per mode. A standard with such a component is refused.
    pub mixed: bool,
    /// How many ways there are to answer and state them all.
    pub completions: usize,
}

/// Returns the components of a standard, in the order of their first dimension.
///
/// A `level` test that names a dimension whose own rules lead back to it contributes nothing more than once; cycles are
/// for the reader of the file to refuse.
pub fn components(standard: &Standard) -> Vec<Component> {
    let mut found: Vec<Component> = Vec::new();
    for (index, _) in standard.dimensions.iter().enumerate() {
        let mut merged = Component {
            dimensions: vec![index],
            variables: read_by(standard, index).into_iter().collect(),
            mixed: false,
            completions: 1,
        };
        let (linked, rest): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|c| c.variables.iter().any(|v| merged.variables.contains(v)));
        for component in linked {
            merged.dimensions.extend(component.dimensions);
            merged.variables.extend(component.variables);
        }
        merged.dimensions.sort_unstable();
        merged.variables.sort();
        merged.variables.dedup();
        found = rest;
        found.push(merged);
    }
    let evidence = needs_evidence(standard);
    for component in &mut found {
        let sizes = component.variables.iter().filter_map(|id| domain(standard, &evidence, id)).map(|all| all.len());
        component.completions = sizes.fold(1, usize::saturating_mul);
        let kinds: BTreeSet<bool> = component.variables.iter().map(|id| per_mode(standard, id)).collect();
        component.mixed = kinds.len() > 1;
    }
    found.sort_by_key(|component| component.dimensions.first().copied());
    found
}

/// Returns the levels that the rules of a dimension can lead to, whatever the answers, the facts and the findings.
pub fn reachable(standard: &Standard, dimension: usize) -> BTreeSet<usize> {
    let all = (0..standard.dimensions[dimension].levels.len()).collect();
    let mut found = BTreeSet::new();
    let Some(sets) = finding_sets(standard, dimension) else { return all };
    for findings in sets {
        found.extend(Table::new(standard, &findings, dimension).levels);
        if found == all {
            break;
        }
    }
    found
}

/// Returns sets of findings, one for each way in which a dimension's tests on findings can come out together; `None`
/// where there are too many ways to try.
fn finding_sets(standard: &Standard, dimension: usize) -> Option<Vec<Vec<OpenFinding>>> {
    const LIMIT: usize = 64;
    let mut tests: Vec<&Test> = Vec::new();
    for index in dimensions_read_by(standard, dimension) {
        for rule in &standard.dimensions[index].rules {
            rule.when.walk(&mut |test| {
                if matches!(test, Test::Finding { .. }) && !tests.contains(&test) {
                    tests.push(test);
                }
            });
        }
    }
    let mut items: BTreeSet<Option<&String>> = BTreeSet::from([None]);
    for test in &tests {
        if let Test::Finding { on, .. } = test {
            items.extend(on.iter().map(Some));
        }
    }
    let lookup = |_: &str| None;
    let come_out = |findings: &[OpenFinding]| -> Vec<bool> {
        let world = Rules { standard, findings, lookup: &lookup, levels: RefCell::default() };
        tests.iter().map(|test| world.holds(test)).collect()
    };
    // A finding on several items counts like several findings on one item each, so these and their unions are all.
    let mut ways: BTreeMap<Vec<bool>, Vec<OpenFinding>> = BTreeMap::from([(come_out(&[]), Vec::new())]);
    for severity in Severity::ALL {
        for advisory in [false, true] {
            for item in &items {
                let one = OpenFinding { severity, items: item.iter().map(|id| (*id).clone()).collect(), advisory };
                let known: Vec<Vec<OpenFinding>> = ways.values().cloned().collect();
                for mut findings in known {
                    findings.push(one.clone());
                    ways.entry(come_out(&findings)).or_insert(findings);
                    if ways.len() > LIMIT {
                        return None;
                    }
                }
            }
        }
    }
    Some(ways.into_values().collect())
}

/// Returns a dimension and those whose level its rules read, directly and by way of other levels.
fn dimensions_read_by(standard: &Standard, dimension: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![dimension];
    while let Some(index) = waiting.pop() {
        if seen.insert(index) {
            for rule in &standard.dimensions[index].rules {
                rule.when.walk(&mut |test| {
                    if let Test::Level { dimension, .. } = test {
                        waiting.push(*dimension);
                    }
                });
            }
        }
    }
    seen
}

/// Returns the ids of items and facts that the rules of a dimension read, directly and by way of other levels.
fn read_by(standard: &Standard, dimension: usize) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for index in dimensions_read_by(standard, dimension) {
        for rule in &standard.dimensions[index].rules {
            rule.when.walk(&mut |test| match test {
                Test::Item { item, .. } | Test::ItemState { item, .. } => drop(ids.insert(item.clone())),
                Test::Fact { fact, .. } => drop(ids.insert(fact.clone())),
                _ => {}
            });
        }
    }
    ids
}

fn per_mode(standard: &Standard, id: &str) -> bool {
    match (standard.item(id), standard.fact(id)) {
        (Some((dimension, _)), _) => dimension.per_mode,
        (None, Some(fact)) => fact.per_mode,
        (None, None) => false,
    }
}

/// Returns the items of which some rule asks for evidence.
fn needs_evidence(standard: &Standard) -> BTreeSet<&str> {
    let mut items = BTreeSet::new();
    for rule in standard.dimensions.iter().flat_map(|dimension| &dimension.rules) {
        rule.when.walk(&mut |test| {
            if let Test::Item { item, evidenced: true, .. } = test {
                items.insert(item.as_str());
            }
        });
    }
    items
}

/// Returns every value of an item or fact. Whether an item is backed by evidence counts only where some rule asks.
fn domain(standard: &Standard, evidence: &BTreeSet<&str>, id: &str) -> Option<Vec<Value>> {
    match (standard.item(id), standard.fact(id)) {
        (Some((_, item)), _) => {
            let flags: &[bool] = if evidence.contains(id) { &[false, true] } else { &[false] };
            let each = item.accepts.iter().flat_map(|answer| {
                flags.iter().map(|evidenced| Value::Item(Given { answer: *answer, evidenced: *evidenced }))
            });
            Some(each.collect())
        }
        (None, Some(fact)) => {
            let known = fact.values.iter().map(|value| Value::Fact(value.id.clone()));
            Some(known.chain([Value::Fact(UNKNOWN.to_owned())]).collect())
        }
        (None, None) => None,
    }
}

fn variables(standard: &Standard, dimension: usize) -> Vec<Variable> {
    let evidence = needs_evidence(standard);
    read_by(standard, dimension)
        .into_iter()
        .filter_map(|id| {
            let domain = domain(standard, &evidence, &id)?;
            Some(Variable { per_mode: per_mode(standard, &id), id, domain })
        })
        .collect()
}

/// The level of one dimension for every assignment of its variables.
///
/// Where a variable is `unknown`, the level is the worst that any of its values could bring.
struct Table {
    dimension: usize,
    variables: Vec<Variable>,
    levels: Vec<usize>,
}

impl Table {
    fn new(standard: &Standard, findings: &[OpenFinding], dimension: usize) -> Self {
        let variables = variables(standard, dimension);
        let size: usize = variables.iter().map(|variable| variable.domain.len()).product();
        let mut table = Table { dimension, variables, levels: Vec::with_capacity(size) };
        for index in 0..size {
            let assignment = table.assignment(index);
            let lookup = |id: &str| assignment.iter().find(|(name, _)| *name == id).map(|(_, value)| *value);
            table.levels.push(raw_level(standard, findings, dimension, &lookup));
        }
        let worse = |a: usize, b: usize| {
            let levels = &standard.dimensions[dimension].levels;
            if (levels[b].points, std::cmp::Reverse(b)) < (levels[a].points, std::cmp::Reverse(a)) { b } else { a }
        };
        // One variable after the other: a value already settled for the earlier ones is only made worse.
        let mut stride = 1;
        for position in 0..table.variables.len() {
            let domain = table.variables[position].domain.clone();
            for index in 0..size {
                if domain[(index / stride) % domain.len()].unknown() {
                    let base = index - ((index / stride) % domain.len()) * stride;
                    let worst = (0..domain.len()).map(|value| table.levels[base + value * stride]).reduce(worse);
                    table.levels[index] = worst.unwrap_or(table.levels[index]);
                }
            }
            stride *= domain.len();
        }
        table
    }

    fn assignment(&self, mut index: usize) -> Vec<(&str, &Value)> {
        let mut assignment = Vec::with_capacity(self.variables.len());
        for variable in &self.variables {
            assignment.push((variable.id.as_str(), &variable.domain[index % variable.domain.len()]));
            index /= variable.domain.len();
        }
        assignment
    }

    /// Returns the level under an assignment of a superset of this table's variables.
    fn level(&self, names: &[Variable], choice: &[usize]) -> usize {
        let mut index = 0;
        let mut stride = 1;
        for variable in &self.variables {
            let position = names.iter().position(|name| name.id == variable.id).unwrap_or_default();
            index += choice[position] * stride;
            stride *= variable.domain.len();
        }
        self.levels[index]
    }
}

fn raw_level<'v>(
    standard: &Standard,
    findings: &[OpenFinding],
    dimension: usize,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> usize {
    Rules { standard, findings, lookup, levels: RefCell::default() }.level(dimension)
}

/// What a test can ask.
trait World {
    fn given(&self, item: &str) -> Option<Given>;
    fn fact(&self, fact: &str) -> Option<&str>;
    fn level_in(&self, dimension: usize, is: &[usize]) -> bool;
    fn standard(&self) -> &Standard;
    fn findings(&self) -> &[OpenFinding];
    fn tier(&self) -> Option<&str>;

    fn state(&self, id: &str) -> State {
        let secure = self.standard().item(id).map_or(Answer::Yes, |(_, item)| item.secure);
        State::of(self.given(id).map(|given| given.answer), secure)
    }

    fn matching_items(&self, state: &[State], finding: &[Severity]) -> Vec<String> {
        let on = |id: &str| {
            self.findings().iter().any(|f| finding.contains(&f.severity) && f.items.iter().any(|item| item == id))
        };
        self.standard()
            .items()
            .filter(|(_, item)| state.contains(&self.state(&item.id)) && (finding.is_empty() || on(&item.id)))
            .map(|(_, item)| item.id.clone())
            .collect()
    }

    fn holds(&self, test: &Test) -> bool {
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds(test)),
            Test::Any(tests) => tests.iter().any(|test| self.holds(test)),
            Test::None(tests) => !tests.iter().any(|test| self.holds(test)),
            Test::Item { item, is, evidenced } => {
                self.given(item).is_some_and(|given| is.contains(&given.answer) && (given.evidenced || !evidenced))
            }
            Test::ItemState { item, state } => state.contains(&self.state(item)),
            Test::EachItem { state, finding, exists } => self.matching_items(state, finding).is_empty() != *exists,
            Test::Fact { fact, is } => self.fact(fact).is_some_and(|value| is.iter().any(|one| one == value)),
            Test::Level { dimension, is } => self.level_in(*dimension, is),
            Test::Tier { is } => self.tier().is_some_and(|tier| is.iter().any(|one| one == tier)),
            Test::Finding { severity, on, advisory, exists } => {
                let found = self.findings().iter().any(|finding| {
                    severity.contains(&finding.severity)
                        && (finding.advisory || !advisory)
                        && (on.is_empty() || finding.items.iter().any(|item| on.contains(item)))
                });
                found == *exists
            }
        }
    }
}

/// Rules that derive a level, under one assignment.
struct Rules<'a, 'v> {
    standard: &'a Standard,
    findings: &'a [OpenFinding],
    lookup: &'a dyn Fn(&str) -> Option<&'v Value>,
    /// Levels found so far. Where levels are read by several rules each, finding them anew every time doubles the work
    /// with every dimension in between.
    levels: RefCell<Vec<(usize, usize)>>,
}

impl Rules<'_, '_> {
    fn level(&self, dimension: usize) -> usize {
        if let Some((_, level)) = self.levels.borrow().iter().find(|(known, _)| *known == dimension) {
            return *level;
        }
        let Dimension { rules, levels, .. } = &self.standard.dimensions[dimension];
        let last = levels.len().saturating_sub(1);
        let level = rules.iter().find(|rule| self.holds(&rule.when)).map_or(last, |rule| rule.level);
        self.levels.borrow_mut().push((dimension, level));
        level
    }
}

impl World for Rules<'_, '_> {
    fn given(&self, item: &str) -> Option<Given> {
        match (self.lookup)(item) {
            Some(Value::Item(given)) => Some(*given),
            _ => None,
        }
    }

    fn fact(&self, fact: &str) -> Option<&str> {
        match (self.lookup)(fact) {
            Some(Value::Fact(value)) => Some(value),
            _ => None,
        }
    }

    fn level_in(&self, dimension: usize, is: &[usize]) -> bool {
        is.contains(&self.level(dimension))
    }

    fn standard(&self) -> &Standard {
        self.standard
    }

    fn findings(&self) -> &[OpenFinding] {
        self.findings
    }

    fn tier(&self) -> Option<&str> {
        None
    }
}

/// Conditions of certificates and contradictions, in one mode of an audit.
struct InMode<'a> {
    standard: &'a Standard,
    inputs: &'a Inputs,
    mode: &'a str,
    levels: &'a BTreeMap<usize, [usize; 2]>,
    tier: Option<&'a str>,
}

impl InMode<'_> {
    fn slot(&self, id: &str) -> Slot {
        if per_mode(self.standard, id) { Slot::in_mode(id, self.mode) } else { Slot::once(id) }
    }

    /// Returns the items and facts that make a test hold, for the reader.
    fn named(&self, test: &Test) -> Vec<Slot> {
        let mut ids: Vec<String> = Vec::new();
        test.walk(&mut |test| match test {
            Test::Item { item, .. } | Test::ItemState { item, .. } => ids.push(item.clone()),
            Test::Fact { fact, .. } => ids.push(fact.clone()),
            Test::Finding { on, .. } => ids.extend(on.iter().cloned()),
            Test::EachItem { state, finding, .. } => ids.extend(self.matching_items(state, finding)),
            _ => {}
        });
        let slots: BTreeSet<Slot> = ids.iter().map(|id| self.slot(id)).collect();
        slots.into_iter().collect()
    }
}

impl World for InMode<'_> {
    fn given(&self, item: &str) -> Option<Given> {
        self.inputs.answers.get(&self.slot(item)).copied()
    }

    fn fact(&self, fact: &str) -> Option<&str> {
        self.inputs.facts.get(&self.slot(fact)).map(String::as_str)
    }

    fn level_in(&self, dimension: usize, is: &[usize]) -> bool {
        self.levels.get(&dimension).is_some_and(|[low, high]| low == high && is.contains(low))
    }

    fn standard(&self) -> &Standard {
        self.standard
    }

    fn findings(&self) -> &[OpenFinding] {
        &self.inputs.findings
    }

    fn tier(&self) -> Option<&str> {
        self.tier
    }
}

/// Where the dimensions of a component stand, and what they add up to.
#[derive(Debug, Clone)]
struct Standing {
    /// Lowest and highest level per dimension, by points.
    levels: BTreeMap<usize, [usize; 2]>,
    /// Range of the sum over the dimensions that count.
    sum: Range,
}

/// A component with its tables, ready to be asked.
struct Solver<'a> {
    standard: &'a Standard,
    variables: Vec<Variable>,
    tables: Vec<Table>,
}

impl<'a> Solver<'a> {
    fn new(standard: &'a Standard, findings: &[OpenFinding], component: &Component) -> Self {
        let tables: Vec<Table> =
            component.dimensions.iter().map(|index| Table::new(standard, findings, *index)).collect();
        let mut variables: Vec<Variable> = Vec::new();
        for variable in tables.iter().flat_map(|table| &table.variables) {
            if !variables.iter().any(|known| known.id == variable.id) {
                variables.push(variable.clone());
            }
        }
        Solver { standard, variables, tables }
    }

    /// Returns the index of each variable's value, or `None` where it is open, in this mode.
    fn fixed(&self, inputs: &Inputs, mode: &str) -> Vec<Option<usize>> {
        self.variables
            .iter()
            .map(|variable| {
                let slot = if variable.per_mode { Slot::in_mode(&variable.id, mode) } else { Slot::once(&variable.id) };
                let told =
                    variable.domain.iter().any(|value| matches!(value, Value::Item(Given { evidenced: true, .. })));
                let value = match inputs.answers.get(&slot) {
                    Some(given) => Value::Item(Given { evidenced: given.evidenced && told, ..*given }),
                    None => Value::Fact(inputs.facts.get(&slot)?.clone()),
                };
                variable.domain.iter().position(|one| *one == value)
            })
            .collect()
    }

    fn standing(&self, fixed: &[Option<usize>]) -> Standing {
        let points = |table: &Table, level: usize| self.standard.dimensions[table.dimension].levels[level].points;
        let mut levels: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
        let mut sum: Option<Range> = None;
        let mut choice: Vec<usize> = fixed.iter().map(|value| value.unwrap_or_default()).collect();
        loop {
            let mut total = 0;
            for table in &self.tables {
                let level = table.level(&self.variables, &choice);
                if !self.standard.dimensions[table.dimension].separate {
                    total += points(table, level);
                }
                let [low, high] = levels.entry(table.dimension).or_insert([level, level]);
                if points(table, level) < points(table, *low) {
                    *low = level;
                }
                if points(table, level) > points(table, *high) {
                    *high = level;
                }
            }
            let range = sum.get_or_insert(Range { low: total, high: total });
            *range = Range { low: range.low.min(total), high: range.high.max(total) };
            // Counts on, as an odometer does, over the open variables only.
            let mut position = 0;
            loop {
                match fixed.get(position) {
                    None => return Standing { levels, sum: sum.unwrap_or(Range { low: 0, high: 0 }) },
                    Some(None) if choice[position] + 1 < self.variables[position].domain.len() => {
                        choice[position] += 1;
                        break;
                    }
                    Some(None) => choice[position] = 0,
                    Some(Some(_)) => {}
                }
                position += 1;
            }
        }
    }
}

/// Everything about one mode before it is put into words.
struct ModeStanding {
    mode: String,
    levels: BTreeMap<usize, [usize; 2]>,
    total: Range,
}

fn mode_names(inputs: &Inputs) -> Vec<String> {
    if inputs.modes.is_empty() { vec![String::new()] } else { inputs.modes.clone() }
}

fn stand(standard: &Standard, inputs: &Inputs, solvers: &[Solver<'_>]) -> Vec<ModeStanding> {
    mode_names(inputs)
        .into_iter()
        .map(|mode| {
            let mut levels = BTreeMap::new();
            let mut total = Range { low: 0, high: 0 };
            for solver in solvers {
                let standing = solver.standing(&solver.fixed(inputs, &mode));
                levels.extend(standing.levels);
                total = Range { low: total.low + standing.sum.low, high: total.high + standing.sum.high };
            }
            // A dimension whose rules read nothing stands at its else.
            for (index, dimension) in standard.dimensions.iter().enumerate() {
                let last = dimension.levels.len().saturating_sub(1);
                levels.entry(index).or_insert([last, last]);
            }
            ModeStanding { mode, levels, total }
        })
        .collect()
}

fn solvers<'a>(standard: &'a Standard, inputs: &Inputs) -> Vec<Solver<'a>> {
    components(standard).iter().map(|component| Solver::new(standard, &inputs.findings, component)).collect()
}

fn tier_of(standard: &Standard, range: Range) -> Option<String> {
    let low = standard.tier(range.low)?;
    let high = standard.tier(range.high)?;
    (low.id == high.id).then(|| low.id.clone())
}

fn dimension_score(standard: &Standard, index: usize, [low, high]: [usize; 2]) -> DimensionScore {
    let dimension = &standard.dimensions[index];
    DimensionScore {
        id: dimension.id.clone(),
        points: Range { low: dimension.levels[low].points, high: dimension.levels[high].points },
        low: dimension.levels[low].id.clone(),
        high: dimension.levels[high].id.clone(),
    }
}

/// Computes the score. Same standard and same inputs, same score.
pub fn score(standard: &Standard, inputs: &Inputs) -> Score {
    let solvers = solvers(standard, inputs);
    let standings = stand(standard, inputs, &solvers);
    let headline = headline(standings.iter().map(|mode| mode.total));
    let tier = tier_of(standard, headline);
    let (met, applicable) = count_met(standard.items().map(|(_, item)| item_state(standard, inputs, &item.id)));
    let worlds: Vec<InMode<'_>> = standings
        .iter()
        .map(|standing| InMode {
            standard,
            inputs,
            mode: &standing.mode,
            levels: &standing.levels,
            tier: tier.as_deref(),
        })
        .collect();
    let certificates = certificates(standard, &worlds);
    let certified = certificates.iter().rev().find(|one| one.unmet.is_empty()).map(|one| one.id.clone());
    let separate = |wanted: bool| {
        let each = standard.dimensions.iter().enumerate();
        each.filter(move |(_, dimension)| dimension.separate == wanted).map(|(index, _)| index)
    };
    Score {
        headline,
        tier: tier.clone(),
        met,
        applicable,
        separate: separate(true)
            .map(|index| dimension_score(standard, index, worst(standard, &standings, index)))
            .collect(),
        modes: standings
            .iter()
            .map(|standing| {
                let states =
                    standard.items().map(|(_, item)| item_state_in(standard, inputs, &item.id, &standing.mode));
                let (met, applicable) = count_met(states);
                ModeScore {
                    mode: standing.mode.clone(),
                    total: standing.total,
                    tier: tier_of(standard, standing.total),
                    met,
                    applicable,
                    dimensions: separate(false)
                        .map(|index| dimension_score(standard, index, standing.levels[&index]))
                        .collect(),
                }
            })
            .collect(),
        certified,
        certificates,
        contradictions: contradictions(standard, &worlds),
    }
}

/// Returns the lowest of the modes' totals.
fn headline(totals: impl Iterator<Item = Range>) -> Range {
    totals.reduce(lower).unwrap_or(Range { low: 0, high: 0 })
}

/// Returns the lower of two ranges, end by end.
fn lower(a: Range, b: Range) -> Range {
    Range { low: a.low.min(b.low), high: a.high.min(b.high) }
}

/// Returns the lowest mode's levels of a dimension.
fn worst(standard: &Standard, standings: &[ModeStanding], index: usize) -> [usize; 2] {
    let levels = &standard.dimensions[index].levels;
    let pick = |which: usize| {
        let each = standings.iter().map(|standing| standing.levels[&index][which]);
        each.min_by_key(|level| levels[*level].points).unwrap_or_default()
    };
    [pick(0), pick(1)]
}

/// Returns where an item stands in its worst mode.
pub fn item_state(standard: &Standard, inputs: &Inputs, id: &str) -> State {
    let modes = mode_names(inputs);
    modes.iter().map(|mode| item_state_in(standard, inputs, id, mode)).min().unwrap_or(State::Open)
}

/// Returns where an item stands in one mode.
pub fn item_state_in(standard: &Standard, inputs: &Inputs, id: &str, mode: &str) -> State {
    let Some((dimension, item)) = standard.item(id) else { return State::Open };
    let slot = if dimension.per_mode { Slot::in_mode(id, mode) } else { Slot::once(id) };
    State::of(inputs.answers.get(&slot).map(|given| given.answer), item.secure)
}

/// Returns the open items that do not apply by the standard's own condition, in each mode in which it holds.
pub fn not_applicable(standard: &Standard, inputs: &Inputs) -> Vec<Slot> {
    let standings = stand(standard, inputs, &solvers(standard, inputs));
    let mut found: Vec<Slot> = Vec::new();
    for standing in &standings {
        let world = InMode { standard, inputs, mode: &standing.mode, levels: &standing.levels, tier: None };
        for (_, item) in standard.items() {
            let slot = world.slot(&item.id);
            let holds =
                item.not_applicable.as_ref().and_then(|rule| rule.when.as_ref()).is_some_and(|when| world.holds(when));
            if holds && !inputs.answers.contains_key(&slot) && !found.contains(&slot) {
                found.push(slot);
            }
        }
    }
    found
}

/// Returns where a fact with this value stands; no value is open.
pub fn fact_state(value: Option<&str>) -> State {
    match value {
        None => State::Open,
        Some(UNKNOWN) => State::Unknown,
        Some(_) => State::Met,
    }
}

/// Counts items met, and items that apply.
fn count_met(states: impl Iterator<Item = State>) -> (u32, u32) {
    let mut met = 0;
    let mut applicable = 0;
    for state in states {
        match state {
            State::NotApplicable => {}
            State::Met => {
                met += 1;
                applicable += 1;
            }
            _ => applicable += 1,
        }
    }
    (met, applicable)
}

fn certificates(standard: &Standard, worlds: &[InMode<'_>]) -> Vec<CertificateScore> {
    let mut scores: Vec<CertificateScore> = Vec::new();
    for certificate in &standard.certificates {
        let mut unmet = match certificate.includes.and_then(|index| scores.get(index)) {
            Some(included) => included.unmet.clone(),
            None => Vec::new(),
        };
        for requirement in &certificate.require {
            let failing: Vec<&str> =
                worlds.iter().filter(|world| !world.holds(&requirement.when)).map(|world| world.mode).collect();
            if failing.is_empty() {
                continue;
            }
            if failing.len() == worlds.len() {
                unmet.push(requirement.text.clone());
            } else {
                unmet.push(format!("{} (in {})", requirement.text, failing.join(", ")));
            }
        }
        scores.push(CertificateScore { id: certificate.id.clone(), unmet });
    }
    scores
}

fn contradictions(standard: &Standard, worlds: &[InMode<'_>]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for contradiction in &standard.contradictions {
        let slots: BTreeSet<Slot> = worlds
            .iter()
            .filter(|world| world.holds(&contradiction.when))
            .flat_map(|world| world.named(&contradiction.when))
            .collect();
        if !slots.is_empty() || worlds.iter().any(|world| world.holds(&contradiction.when)) {
            found.push(Conflict {
                id: contradiction.id.clone(),
                text: contradiction.text.clone(),
                slots: slots.into_iter().collect(),
            });
        }
    }
    found
}

/// Returns every single answer or fact that would change a dimension's level, the nearest first.
///
/// "Nearest" is the smallest change of the dimension's points. Answering `unknown` is never proposed.
pub fn flips(standard: &Standard, inputs: &Inputs) -> Vec<Flip> {
    let solvers = solvers(standard, inputs);
    let mut found: Vec<Flip> = Vec::new();
    let standings = stand(standard, inputs, &solvers);
    for standing in &standings {
        for solver in &solvers {
            let fixed = solver.fixed(inputs, &standing.mode);
            let before = solver.standing(&fixed);
            for (position, variable) in solver.variables.iter().enumerate() {
                for (index, value) in variable.domain.iter().enumerate() {
                    let with_evidence = matches!(value, Value::Item(Given { evidenced: true, .. }));
                    let twin = variable.domain.iter().any(|one| match (one, value) {
                        (Value::Item(a), Value::Item(b)) => a.answer == b.answer && a.evidenced && !b.evidenced,
                        _ => false,
                    });
                    if fixed[position] == Some(index) || value.unknown() || twin {
                        continue;
                    }
                    let mut changed = fixed.clone();
                    changed[position] = Some(index);
                    let after = solver.standing(&changed);
                    for (dimension, levels) in &after.levels {
                        let was = dimension_score(standard, *dimension, before.levels[dimension]);
                        let now = dimension_score(standard, *dimension, *levels);
                        if was == now {
                            continue;
                        }
                        let slot = if variable.per_mode {
                            Slot::in_mode(&variable.id, &standing.mode)
                        } else {
                            Slot::once(&variable.id)
                        };
                        // What is answered once moves every mode alike.
                        let moved = |other: &ModeStanding| {
                            if variable.per_mode && other.mode != standing.mode {
                                return other.total;
                            }
                            Range {
                                low: other.total.low + after.sum.low - before.sum.low,
                                high: other.total.high + after.sum.high - before.sum.high,
                            }
                        };
                        let total = if standard.dimensions[*dimension].separate {
                            now.points
                        } else {
                            headline(standings.iter().map(moved))
                        };
                        let flip = Flip {
                            dimension: now.id,
                            slot,
                            value: match value {
                                Value::Item(given) => given.answer.word().to_owned(),
                                Value::Fact(value) => value.clone(),
                            },
                            with_evidence,
                            levels: [now.low, now.high],
                            points: now.points,
                            change: [
                                i64::from(now.points.low) - i64::from(was.points.low),
                                i64::from(now.points.high) - i64::from(was.points.high),
                            ],
                            total,
                        };
                        // A dimension that is answered once stands in every mode alike.
                        if !found.iter().any(|known| {
                            known.slot == flip.slot && known.dimension == flip.dimension && known.value == flip.value
                        }) {
                            found.push(flip);
                        }
                    }
                }
            }
        }
    }
    let order = |flip: &Flip| {
        let dimension = standard.dimensions.iter().position(|dimension| dimension.id == flip.dimension);
        (dimension, flip.slot.mode.clone(), flip.change[0].abs() + flip.change[1].abs())
    };
    found.sort_by_key(order);
    found
}
