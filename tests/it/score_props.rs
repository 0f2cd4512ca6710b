//! What holds of the score for every audit: of the embedded standard, and of small standards made at random, where a
//! second and much simpler reckoning of the same rules says what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use touchstone::model::answer::{Answer, State};
use touchstone::model::finding::Severity;
use touchstone::model::score::{self, DimensionScore, Given, Inputs, OpenFinding, Range, Score, Slot, UNKNOWN};
use touchstone::model::standard::Standard;
use touchstone::standards::{self, Loaded};

/// The same cases on every machine and in every run: a failure is then everybody's.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0070_7563),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

static EMBEDDED: LazyLock<Arc<Standard>> = LazyLock::new(|| Loaded::built_in().unwrap().standard);

/// Bytes that decide, one after the other. Shrinking makes them fewer and smaller, and 0 is always the plainest choice.
struct Dice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Dice<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Dice { bytes, at: 0 }
    }

    fn below(&mut self, end: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(byte) % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// Returns some of these, at least one.
    fn some<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        let kept: Vec<T> = from.iter().filter(|_| self.coin()).cloned().collect();
        if kept.is_empty() { vec![self.pick(from).clone()] } else { kept }
    }
}

/// What a slot can be told.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Item(Given),
    Fact(String),
}

fn tell(inputs: &mut Inputs, slot: &Slot, told: &Told) {
    match told {
        Told::Item(given) => drop(inputs.answers.insert(slot.clone(), *given)),
        Told::Fact(value) => drop(inputs.facts.insert(slot.clone(), value.clone())),
    }
}

fn slots_of(id: &str, per_mode: bool, modes: &[String]) -> Vec<Slot> {
    if per_mode { modes.iter().map(|mode| Slot::in_mode(id, mode)).collect() } else { vec![Slot::once(id)] }
}

/// Returns every slot with all that it can be told, `unknown` last.
fn slots(standard: &Standard, modes: &[String]) -> Vec<(Slot, Vec<Told>)> {
    let mut all = Vec::new();
    for fact in &standard.facts {
        let mut values: Vec<Told> = fact.values.iter().map(|value| Told::Fact(value.id.clone())).collect();
        values.push(Told::Fact(UNKNOWN.to_owned()));
        all.extend(slots_of(&fact.id, fact.per_mode, modes).into_iter().map(|slot| (slot, values.clone())));
    }
    for (dimension, item) in standard.items() {
        let mut answers = item.accepts.clone();
        answers.sort_by_key(|answer| *answer == Answer::Unknown);
        let values: Vec<Told> = answers
            .iter()
            .flat_map(|answer| [false, true].map(|evidenced| Told::Item(Given { answer: *answer, evidenced })))
            .collect();
        all.extend(slots_of(&item.id, dimension.per_mode, modes).into_iter().map(|slot| (slot, values.clone())));
    }
    all
}

/// An audit with about half of its slots open.
fn audit(standard: &Standard, dice: &mut Dice<'_>) -> Inputs {
    let modes = ["stdio", "http"][..=dice.below(2)].iter().map(|mode| (*mode).to_owned()).collect();
    let mut inputs = Inputs { modes, ..Inputs::default() };
    let items: Vec<String> = standard.items().map(|(_, item)| item.id.clone()).collect();
    for _ in 0..dice.below(3) {
        let severity = *dice.pick(&Severity::ALL);
        inputs.findings.push(OpenFinding { severity, items: vec![dice.pick(&items).clone()], advisory: dice.coin() });
    }
    for (slot, values) in slots(standard, &inputs.modes) {
        if dice.coin() {
            tell(&mut inputs, &slot, dice.pick(&values));
        }
    }
    inputs
}

fn open(standard: &Standard, inputs: &Inputs) -> Vec<(Slot, Vec<Told>)> {
    let mut all = slots(standard, &inputs.modes);
    all.retain(|(slot, _)| !inputs.answers.contains_key(slot) && !inputs.facts.contains_key(slot));
    all
}

fn completed(standard: &Standard, inputs: &Inputs, dice: &mut Dice<'_>) -> Inputs {
    let mut inputs = inputs.clone();
    for (slot, values) in open(standard, &inputs) {
        tell(&mut inputs, &slot, dice.pick(&values));
    }
    inputs
}

/// Returns every range of a score with its place.
fn ranges(score: &Score) -> BTreeMap<String, Range> {
    let mut all = BTreeMap::from([("headline".to_owned(), score.headline)]);
    all.extend(score.separate.iter().map(|one| (one.id.clone(), one.points)));
    for mode in &score.modes {
        all.insert(format!("{} total", mode.mode), mode.total);
        all.extend(mode.dimensions.iter().map(|one| (format!("{} {}", mode.mode, one.id), one.points)));
    }
    all
}

fn within(inner: Range, outer: Range) -> bool {
    outer.low <= inner.low && inner.low <= inner.high && inner.high <= outer.high
}

fn dimension<'s>(score: &'s Score, id: &str, mode: Option<&str>) -> &'s DimensionScore {
    let of_modes = score.modes.iter().filter(|one| mode.is_none_or(|mode| one.mode == mode));
    let mut all = score.separate.iter().chain(of_modes.flat_map(|one| &one.dimensions));
    all.find(|one| one.id == id).unwrap()
}

fn check_completion(standard: &Standard, partial: &Inputs, complete: &Inputs) -> Result<(), TestCaseError> {
    let (before, after) = (score::score(standard, partial), score::score(standard, complete));
    let before = ranges(&before);
    for (place, range) in ranges(&after) {
        prop_assert!(range.settled(), "{place} is {range} though nothing is open");
        prop_assert!(within(range, before[&place]), "{place}: {range} is outside {}", before[&place]);
    }
    Ok(())
}

fn check_one_more_answer(standard: &Standard, inputs: &Inputs, dice: &mut Dice<'_>) -> Result<(), TestCaseError> {
    let open = open(standard, inputs);
    if open.is_empty() {
        return Ok(());
    }
    let (slot, values) = dice.pick(&open);
    let told = dice.pick(values);
    let mut more = inputs.clone();
    tell(&mut more, slot, told);
    let before = ranges(&score::score(standard, inputs));
    for (place, range) in ranges(&score::score(standard, &more)) {
        prop_assert!(within(range, before[&place]), "{slot} {told:?} widens {place}: {} to {range}", before[&place]);
    }
    Ok(())
}

fn check_unknown(standard: &Standard, inputs: &Inputs, dice: &mut Dice<'_>) -> Result<(), TestCaseError> {
    let all = slots(standard, &inputs.modes);
    // Half of the time one of those that decide something.
    let decide: BTreeSet<String> = score::components(standard).into_iter().flat_map(|one| one.variables).collect();
    let telling: Vec<_> = all.iter().filter(|(slot, _)| decide.contains(&slot.id)).cloned().collect();
    let (slot, values) = if dice.coin() && !telling.is_empty() { dice.pick(&telling) } else { dice.pick(&all) };
    let mut unknown = inputs.clone();
    tell(&mut unknown, slot, values.last().unwrap());
    let unknown = ranges(&score::score(standard, &unknown));
    for told in values {
        let mut definite = inputs.clone();
        tell(&mut definite, slot, told);
        for (place, range) in ranges(&score::score(standard, &definite)) {
            let worst = unknown[&place];
            prop_assert!(
                worst.low <= range.low && worst.high <= range.high,
                "{slot}: unknown brings {place} to {worst}, {told:?} to {range}"
            );
        }
    }
    Ok(())
}

fn check_flips(standard: &Standard, inputs: &Inputs, dice: &mut Dice<'_>) -> Result<(), TestCaseError> {
    let flips = score::flips(standard, inputs);
    let before = score::score(standard, inputs);
    prop_assert!(flips.iter().all(|flip| flip.value != UNKNOWN), "`unknown` is proposed");
    for _ in 0..4 {
        let Some(flip) = (!flips.is_empty()).then(|| dice.pick(&flips)) else { break };
        let mut flipped = inputs.clone();
        let told = match flip.value.parse() {
            Ok(answer) if standard.item(&flip.slot.id).is_some() => {
                Told::Item(Given { answer, evidenced: flip.with_evidence })
            }
            _ => Told::Fact(flip.value.clone()),
        };
        tell(&mut flipped, &flip.slot, &told);
        let mode = flip.slot.mode.as_deref();
        let after = score::score(standard, &flipped);
        let (was, now) = (dimension(&before, &flip.dimension, mode), dimension(&after, &flip.dimension, mode));
        prop_assert_eq!(&flip.levels, &[now.low.clone(), now.high.clone()], "{:?}", flip);
        prop_assert_eq!(flip.points, now.points, "{:?}", flip);
        let change = [(was.points.low, now.points.low), (was.points.high, now.points.high)];
        let change = change.map(|(was, now)| i64::from(now) - i64::from(was));
        prop_assert_eq!(flip.change, change, "{:?}", flip);
        prop_assert!(flip.change != [0, 0], "{:?}", flip);
        let separate = after.separate.iter().any(|one| one.id == flip.dimension);
        prop_assert_eq!(flip.total, if separate { now.points } else { after.headline }, "{:?}", flip);
    }
    // And nothing is left out: whatever changes a level is among them.
    let all = slots(standard, &inputs.modes);
    for _ in 0..2 {
        let (slot, values) = dice.pick(&all);
        let told = dice.pick(&values[..values.len() - 1]);
        let (value, evidenced) = match told {
            Told::Item(given) => (given.answer.word().to_owned(), given.evidenced),
            Told::Fact(value) => (value.clone(), true),
        };
        // An answer is proposed with evidence where evidence can matter, and `unknown` never is.
        if value == UNKNOWN || !evidenced {
            continue;
        }
        let mut changed = inputs.clone();
        tell(&mut changed, slot, told);
        let after = score::score(standard, &changed);
        for one in &standard.dimensions {
            let mode = slot.mode.as_deref();
            let (was, now) = (dimension(&before, &one.id, mode), dimension(&after, &one.id, mode));
            let listed = flips.iter().any(|flip| flip.slot == *slot && flip.value == value && flip.dimension == one.id);
            prop_assert_eq!(listed, was != now, "{} {} on {}", slot, value, one.id);
        }
    }
    Ok(())
}

fn check_weakest_mode(score: &Score) -> Result<(), TestCaseError> {
    let low = score.modes.iter().map(|mode| mode.total.low).min().unwrap();
    let high = score.modes.iter().map(|mode| mode.total.high).min().unwrap();
    prop_assert_eq!(score.headline, Range { low, high });
    for mode in &score.modes {
        let sum = |end: fn(&Range) -> u32| mode.dimensions.iter().map(|one| end(&one.points)).sum::<u32>();
        // The ends of a total may be narrower than the sums of the ends, never wider.
        prop_assert!(sum(|range| range.low) <= mode.total.low && mode.total.high <= sum(|range| range.high));
    }
    Ok(())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn a_range_holds_every_completion(audited in bytes(), rest in bytes()) {
        let inputs = audit(&EMBEDDED, &mut Dice::new(&audited));
        let mut dice = Dice::new(&rest);
        for _ in 0..2 {
            check_completion(&EMBEDDED, &inputs, &completed(&EMBEDDED, &inputs, &mut dice))?;
        }
    }

    #[test]
    fn an_answer_never_widens_a_range(audited in bytes(), more in bytes()) {
        check_one_more_answer(&EMBEDDED, &audit(&EMBEDDED, &mut Dice::new(&audited)), &mut Dice::new(&more))?;
    }

    #[test]
    fn same_inputs_same_score(audited in bytes()) {
        let inputs = audit(&EMBEDDED, &mut Dice::new(&audited));
        let mut shuffled = inputs.clone();
        shuffled.findings.reverse();
        let score = score::score(&EMBEDDED, &inputs);
        prop_assert_eq!(&score, &score::score(&EMBEDDED, &inputs));
        prop_assert_eq!(&score, &score::score(&EMBEDDED, &shuffled), "the order of findings matters");
        prop_assert_eq!(score::flips(&EMBEDDED, &inputs), score::flips(&EMBEDDED, &shuffled));
        check_weakest_mode(&score)?;
    }

    #[test]
    fn nothing_depends_on_a_name(audited in bytes()) {
        let inputs = audit(&EMBEDDED, &mut Dice::new(&audited));
        let (standard, names) = &*RENAMED;
        let rename = |id: &str| names[id].clone();
        let rename_slot = |slot: &Slot| Slot { id: rename(&slot.id), mode: slot.mode.clone() };
        let renamed = Inputs {
            modes: inputs.modes.clone(),
            answers: inputs.answers.iter().map(|(slot, given)| (rename_slot(slot), *given)).collect(),
            facts: inputs.facts.iter().map(|(slot, value)| (rename_slot(slot), value.clone())).collect(),
            findings: inputs
                .findings
                .iter()
                .map(|one| OpenFinding { items: one.items.iter().map(|id| rename(id)).collect(), ..one.clone() })
                .collect(),
        };
        let mut wanted = score::score(&EMBEDDED, &inputs);
        let mut got = score::score(standard, &renamed);
        for one in wanted.separate.iter_mut().chain(wanted.modes.iter_mut().flat_map(|mode| &mut mode.dimensions)) {
            one.id = rename(&one.id);
        }
        // Slots are listed by name, so only their set is the same.
        for one in &mut wanted.contradictions {
            one.slots = one.slots.iter().map(rename_slot).collect();
            one.slots.sort();
        }
        got.contradictions.iter_mut().for_each(|one| one.slots.sort());
        prop_assert_eq!(wanted, got);
        let key = |flip: &score::Flip, dimension: String, slot: Slot| {
            (dimension, slot, flip.value.clone(), flip.with_evidence, flip.levels.clone(), flip.change, flip.total)
        };
        let sorted = |mut list: Vec<_>| { list.sort_by_key(|one| format!("{one:?}")); list };
        let flips = score::flips(&EMBEDDED, &inputs);
        let wanted = sorted(flips.iter().map(|one| key(one, rename(&one.dimension), rename_slot(&one.slot))).collect());
        let flips = score::flips(standard, &renamed);
        let got = sorted(flips.iter().map(|one| key(one, one.dimension.clone(), one.slot.clone())).collect());
        prop_assert_eq!(wanted, got);
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn unknown_is_never_better_than_an_answer(audited in bytes(), which in bytes()) {
        check_unknown(&EMBEDDED, &audit(&EMBEDDED, &mut Dice::new(&audited)), &mut Dice::new(&which))?;
    }

    #[test]
    fn flips_are_true_and_complete(audited in bytes(), which in bytes()) {
        check_flips(&EMBEDDED, &audit(&EMBEDDED, &mut Dice::new(&audited)), &mut Dice::new(&which))?;
    }
}

/// The embedded standard with every dimension, item and fact under another name, in the opposite alphabetical order, so
/// that neither a name nor its place in a sorted map can matter.
static RENAMED: LazyLock<(Standard, BTreeMap<String, String>)> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for (index, one) in EMBEDDED.dimensions.iter().enumerate() {
        names.insert(one.id.clone(), format!("area.{}", 9 - index));
    }
    for (index, (_, item)) in EMBEDDED.items().enumerate() {
        names.insert(item.id.clone(), format!("q{}", 99 - index));
    }
    for (index, fact) in EMBEDDED.facts.iter().enumerate() {
        names.insert(fact.id.clone(), format!("a{index}"));
    }
    let mut text = String::new();
    for line in standards::BUILT_IN_TOML.lines() {
        // Ids stand in these lines only; a rule's own `level = …` names one of its dimension's levels.
        let holds_ids = ["id =", "when =", "na ="].iter().any(|start| line.starts_with(start));
        let mut line = line.to_owned();
        if holds_ids {
            for (old, new) in &names {
                line = line.replace(&format!("\"{old}\""), &format!("\"{new}\""));
            }
        }
        writeln!(text, "{line}").unwrap();
    }
    let standard = standards::read(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    for (old, new) in [("transport-1", "q99"), ("dependency-8", "q52")] {
        assert!(standard.item(old).is_none() && standard.item(new).is_some(), "{old} was not renamed");
    }
    (standard, names)
});

// -------------------- Small standards, and the simple reckoning.

/// A condition of a small standard; items and dimensions by index.
#[derive(Debug, Clone)]
enum Cond {
    All(Vec<Cond>),
    Any(Vec<Cond>),
    None(Vec<Cond>),
    Item { item: usize, is: Vec<Answer>, isnt: bool, evidenced: bool },
    State { item: usize, state: Vec<State> },
    Fact { is: Vec<String>, isnt: bool },
    Level { dimension: usize, is: Vec<usize>, isnt: bool },
    Finding { severity: Severity, advisory: bool, exists: bool },
}

#[derive(Debug)]
struct TinyItem {
    dimension: usize,
    secure: Answer,
    accepts: Vec<Answer>,
}

#[derive(Debug)]
struct TinyDimension {
    per_mode: bool,
    separate: bool,
    points: Vec<u32>,
    /// Level and condition; the last has none.
    rules: Vec<(usize, Option<Cond>)>,
}

#[derive(Debug)]
struct Tiny {
    dimensions: Vec<TinyDimension>,
    items: Vec<TinyItem>,
    fact_per_mode: bool,
}

const FACT: [&str; 3] = ["red", "green", "blue"];

impl Tiny {
    fn roll(dice: &mut Dice<'_>) -> Tiny {
        let count = 2 + dice.below(2);
        let mut items: Vec<TinyItem> = Vec::new();
        let per_mode: Vec<bool> = (0..count).map(|_| dice.coin()).collect();
        for dimension in 0..count {
            for _ in 0..1 + dice.below(2) {
                let secure = if dice.coin() { Answer::No } else { Answer::Yes };
                let mut accepts = vec![secure, Answer::Unknown];
                for answer in dice.some(&[Answer::Yes, Answer::No, Answer::Partial, Answer::NotApplicable]) {
                    if !accepts.contains(&answer) && accepts.len() < 4 {
                        accepts.push(answer);
                    }
                }
                items.push(TinyItem { dimension, secure, accepts });
            }
        }
        let fact_per_mode = dice.coin();
        let mut tiny = Tiny { dimensions: Vec::new(), items, fact_per_mode };
        for index in 0..count {
            let levels = 2 + dice.below(2);
            // From the top down, 20 points or fewer, each level worth less than the one before.
            let points = (0..levels).map(|level| (20 - 6 * level - dice.below(6)) as u32).collect();
            // Each level has a rule, in any order, so that few standards are refused for a level that nothing leads to.
            let first = dice.below(levels);
            let mut rules = Vec::new();
            for rule in 0..levels - 1 {
                let cond = tiny.cond(dice, index, &per_mode, 0);
                rules.push(((first + rule) % levels, Some(cond)));
            }
            if dice.below(3) == 2 {
                let cond = tiny.cond(dice, index, &per_mode, 0);
                rules.push((dice.below(levels), Some(cond)));
            }
            rules.push(((first + levels - 1) % levels, None));
            let separate = dice.below(4) == 3;
            tiny.dimensions.push(TinyDimension { per_mode: per_mode[index], separate, points, rules });
        }
        tiny
    }

    /// A condition for a dimension. It reads only what is answered as often as the dimension's own items.
    fn cond(&self, dice: &mut Dice<'_>, dimension: usize, per_mode: &[bool], depth: usize) -> Cond {
        let kin: Vec<usize> =
            (0..self.items.len()).filter(|i| per_mode[self.items[*i].dimension] == per_mode[dimension]).collect();
        let earlier: Vec<usize> =
            (0..self.dimensions.len()).filter(|index| per_mode[*index] == per_mode[dimension]).collect();
        let item = *dice.pick(&kin);
        match dice.below(if depth < 2 { 10 } else { 7 }) {
            0 | 1 => {
                let is = dice.some(&self.items[item].accepts);
                Cond::Item { item, is, isnt: dice.coin(), evidenced: dice.below(4) == 3 }
            }
            2 => Cond::State { item, state: dice.some(&[State::NotMet, State::Met, State::Unknown, State::Partial]) },
            3 | 4 if self.fact_per_mode == per_mode[dimension] => {
                let is = dice.some(&["red", "green", "blue", UNKNOWN]).iter().map(|one| (*one).to_owned()).collect();
                Cond::Fact { is, isnt: dice.coin() }
            }
            5 if !earlier.is_empty() => {
                let dimension = *dice.pick(&earlier);
                let levels: Vec<usize> = (0..self.dimensions[dimension].points.len()).collect();
                Cond::Level { dimension, is: dice.some(&levels), isnt: dice.coin() }
            }
            6 => Cond::Finding { severity: *dice.pick(&Severity::ALL), advisory: dice.coin(), exists: dice.coin() },
            nested @ (7..=9) => {
                let conds = (0..2).map(|_| self.cond(dice, dimension, per_mode, depth + 1)).collect();
                [Cond::All, Cond::Any, Cond::None][nested - 7](conds)
            }
            _ => Cond::Item { item, is: vec![self.items[item].secure], isnt: false, evidenced: false },
        }
    }

    /// Returns the first of a few that the reader accepts.
    fn valid(bytes: &[u8]) -> Option<(Tiny, Standard)> {
        let mut dice = Dice::new(bytes);
        (0..6).find_map(|_| {
            let tiny = Tiny::roll(&mut dice);
            tiny.read().map(|standard| (tiny, standard))
        })
    }

    fn toml(&self) -> String {
        let mut text = String::from(
            "schema = \"touchstone-standard/1\"\nid = \"tiny\"\nversion = \"1\"\ntitle = \"Tiny\"\n\
             [[tier]]\nid = \"good\"\ntitle = \"Good\"\nmin = 25\n[[tier]]\nid = \"bad\"\ntitle = \"Bad\"\nmin = 0\n",
        );
        let values: Vec<String> = FACT.iter().map(|id| format!("{{ id = \"{id}\", title = \"{id}\" }}")).collect();
        let Tiny { dimensions, items, fact_per_mode } = self;
        let values = values.join(", ");
        writeln!(text, "[[fact]]\nid = \"f\"\ntitle = \"F\"\nper_mode = {fact_per_mode}\nvalues = [{values}]").unwrap();
        for (index, TinyDimension { per_mode, separate, points, rules }) in dimensions.iter().enumerate() {
            writeln!(
                text,
                "[[dimension]]\nid = \"d{index}\"\ntitle = \"D\"\nper_mode = {per_mode}\nseparate = {separate}"
            )
            .unwrap();
            for (level, points) in points.iter().enumerate() {
                writeln!(text, "[[dimension.level]]\nid = \"l{level}\"\ntitle = \"L\"\npoints = {points}").unwrap();
            }
            for (level, cond) in rules {
                writeln!(text, "[[dimension.rule]]\nlevel = \"l{level}\"").unwrap();
                if let Some(cond) = cond {
                    writeln!(text, "when = {}", self.cond_toml(cond)).unwrap();
                }
            }
            for (number, TinyItem { secure, accepts, .. }) in
                items.iter().enumerate().filter(|(_, item)| item.dimension == index)
            {
                let words: Vec<&str> = accepts.iter().map(|answer| answer.word()).collect();
                let secure = secure.word();
                writeln!(text, "[[dimension.item]]\nid = \"i{number}\"\ntext = \"I?\"\nsecure = \"{secure}\"").unwrap();
                writeln!(text, "accepts = {words:?}").unwrap();
                if accepts.contains(&Answer::NotApplicable) {
                    writeln!(text, "na = {{ hint = \"none\" }}").unwrap();
                }
            }
        }
        text
    }

    fn cond_toml(&self, cond: &Cond) -> String {
        let many = |conds: &[Cond]| conds.iter().map(|one| self.cond_toml(one)).collect::<Vec<_>>().join(", ");
        let key = |isnt: &bool| if *isnt { "isnt" } else { "is" };
        match cond {
            Cond::All(conds) => format!("{{ all = [{}] }}", many(conds)),
            Cond::Any(conds) => format!("{{ any = [{}] }}", many(conds)),
            Cond::None(conds) => format!("{{ none = [{}] }}", many(conds)),
            Cond::Item { item, is, isnt, evidenced } => {
                let words: Vec<&str> = is.iter().map(|answer| answer.word()).collect();
                format!("{{ item = \"i{item}\", {} = {words:?}, evidenced = {evidenced} }}", key(isnt))
            }
            Cond::State { item, state } => {
                let words: Vec<&str> = state.iter().map(|state| state.word()).collect();
                format!("{{ item = \"i{item}\", state = {words:?} }}")
            }
            Cond::Fact { is, isnt } => format!("{{ fact = \"f\", {} = {is:?} }}", key(isnt)),
            Cond::Level { dimension, is, isnt } => {
                let words: Vec<String> = is.iter().map(|level| format!("l{level}")).collect();
                format!("{{ level = \"d{dimension}\", {} = {words:?} }}", key(isnt))
            }
            Cond::Finding { severity, advisory, exists } => {
                format!("{{ finding = [\"{severity}\"], advisory = {advisory}, exists = {exists} }}")
            }
        }
    }

    fn read(&self) -> Option<Standard> {
        match standards::read(&self.toml()) {
            Ok(standard) => Some(standard),
            Err(mistakes) => {
                // A level that nothing leads to is the one mistake that dice make.
                for mistake in &mistakes {
                    assert!(mistake.what.starts_with("No answers lead"), "{mistake}\n{}", self.toml());
                }
                None
            }
        }
    }

    fn holds(&self, cond: &Cond, findings: &[OpenFinding], told: &BTreeMap<String, Told>) -> bool {
        match cond {
            Cond::All(conds) => conds.iter().all(|one| self.holds(one, findings, told)),
            Cond::Any(conds) => conds.iter().any(|one| self.holds(one, findings, told)),
            Cond::None(conds) => conds.iter().all(|one| !self.holds(one, findings, told)),
            Cond::Item { item, is, isnt, evidenced } => {
                let Told::Item(given) = &told[&format!("i{item}")] else { unreachable!() };
                (is.contains(&given.answer) && (!evidenced || given.evidenced)) != *isnt
            }
            Cond::State { item, state } => {
                let Told::Item(given) = &told[&format!("i{item}")] else { unreachable!() };
                state.contains(&match given.answer {
                    Answer::Partial => State::Partial,
                    Answer::NotApplicable => State::NotApplicable,
                    Answer::Unknown => State::Unknown,
                    answer if answer == self.items[*item].secure => State::Met,
                    _ => State::NotMet,
                })
            }
            Cond::Fact { is, isnt } => {
                let Told::Fact(value) = &told["f"] else { unreachable!() };
                is.contains(value) != *isnt
            }
            Cond::Level { dimension, is, isnt } => is.contains(&self.literal(*dimension, findings, told)) != *isnt,
            Cond::Finding { severity, advisory, exists } => {
                findings.iter().any(|one| one.severity == *severity && (!advisory || one.advisory)) == *exists
            }
        }
    }

    /// The level with `unknown` taken as just another word.
    fn literal(&self, dimension: usize, findings: &[OpenFinding], told: &BTreeMap<String, Told>) -> usize {
        let rules = &self.dimensions[dimension].rules;
        let first = rules.iter().find(|(_, cond)| cond.as_ref().is_none_or(|cond| self.holds(cond, findings, told)));
        first.unwrap().0
    }

    /// Returns what a dimension reads.
    fn reads(&self, dimension: usize) -> BTreeSet<String> {
        fn walk(tiny: &Tiny, cond: &Cond, into: &mut BTreeSet<String>) {
            match cond {
                Cond::All(conds) | Cond::Any(conds) | Cond::None(conds) => {
                    conds.iter().for_each(|one| walk(tiny, one, into));
                }
                Cond::Item { item, .. } | Cond::State { item, .. } => drop(into.insert(format!("i{item}"))),
                Cond::Fact { .. } => drop(into.insert("f".to_owned())),
                Cond::Level { dimension, .. } => into.extend(tiny.reads(*dimension)),
                Cond::Finding { .. } => {}
            }
        }
        let mut ids = BTreeSet::new();
        for (_, cond) in &self.dimensions[dimension].rules {
            cond.iter().for_each(|cond| walk(self, cond, &mut ids));
        }
        ids
    }

    /// Returns everything that an item or fact can be told.
    fn domain(&self, id: &str) -> Vec<Told> {
        match id.strip_prefix('i') {
            Some(number) => {
                let accepts = &self.items[number.parse::<usize>().unwrap()].accepts;
                let both = |answer: &Answer| [false, true].map(|evidenced| Given { answer: *answer, evidenced });
                accepts.iter().flat_map(both).map(Told::Item).collect()
            }
            None => FACT.iter().chain([&UNKNOWN]).map(|value| Told::Fact((*value).to_owned())).collect(),
        }
    }

    /// Returns each way of telling every one of these ids one of its values.
    fn ways(choices: &[(String, Vec<Told>)]) -> Vec<BTreeMap<String, Told>> {
        let mut ways = vec![BTreeMap::new()];
        for (id, values) in choices {
            ways = ways
                .iter()
                .flat_map(|way| {
                    values.iter().map(move |value| {
                        let mut way = way.clone();
                        way.insert(id.clone(), value.clone());
                        way
                    })
                })
                .collect();
        }
        ways
    }

    fn unknown(told: &Told) -> bool {
        match told {
            Told::Item(given) => given.answer == Answer::Unknown,
            Told::Fact(value) => value == UNKNOWN,
        }
    }

    /// The points of every full assignment of what a dimension reads: the least that any value could bring where
    /// something is unknown.
    fn points(&self, dimension: usize, findings: &[OpenFinding]) -> Vec<(BTreeMap<String, Told>, u32)> {
        let choices: Vec<(String, Vec<Told>)> =
            self.reads(dimension).into_iter().map(|id| (id.clone(), self.domain(&id))).collect();
        let all: Vec<(BTreeMap<String, Told>, u32)> = Self::ways(&choices)
            .into_iter()
            .map(|way| {
                let level = self.literal(dimension, findings, &way);
                (way, self.dimensions[dimension].points[level])
            })
            .collect();
        let least = |way: &BTreeMap<String, Told>| {
            let fits =
                |other: &BTreeMap<String, Told>| way.iter().all(|(id, told)| Self::unknown(told) || other[id] == *told);
            all.iter().filter(|(other, _)| fits(other)).map(|(_, points)| *points).min().unwrap()
        };
        // Looking for unknowns costs the square, so only assignments that hold one pay it.
        all.iter()
            .map(|(way, points)| (way.clone(), if way.values().any(Self::unknown) { least(way) } else { *points }))
            .collect()
    }
}

/// The values that a slot can still take.
fn left(tiny: &Tiny, inputs: &Inputs, id: &str, per_mode: bool, mode: &str) -> Vec<Told> {
    let slot = if per_mode { Slot::in_mode(id, mode) } else { Slot::once(id) };
    match (inputs.answers.get(&slot), inputs.facts.get(&slot)) {
        (Some(given), _) => vec![Told::Item(*given)],
        (None, Some(value)) => vec![Told::Fact(value.clone())],
        (None, None) => tiny.domain(id),
    }
}

/// Checks ranges against all completions, and that an audit completed as the ends say scores just that.
fn check_against_reckoning(tiny: &Tiny, standard: &Standard, inputs: &Inputs) -> Result<(), TestCaseError> {
    let score = score::score(standard, inputs);
    let points: Vec<_> = (0..tiny.dimensions.len())
        .map(|index| tiny.points(index, &inputs.findings).into_iter().collect::<Vec<_>>())
        .collect();
    let is_per_mode = |id: &str| match id.strip_prefix('i') {
        Some(number) => tiny.dimensions[tiny.items[number.parse::<usize>().unwrap()].dimension].per_mode,
        None => tiny.fact_per_mode,
    };
    for mode in &inputs.modes {
        for (index, points) in points.iter().enumerate() {
            let still = points.iter().filter(|(way, _)| {
                way.iter().all(|(id, told)| left(tiny, inputs, id, is_per_mode(id), mode).contains(told))
            });
            let still: Vec<u32> = still.map(|(_, points)| *points).collect();
            let range = Range { low: *still.iter().min().unwrap(), high: *still.iter().max().unwrap() };
            if !tiny.dimensions[index].separate {
                let got = dimension(&score, &format!("d{index}"), Some(mode)).points;
                prop_assert_eq!(got, range, "d{} in {}\n{}", index, mode, tiny.toml());
            }
        }
        // The total, over everything that any dimension reads, once per mode or not.
        let counted: Vec<usize> = (0..points.len()).filter(|index| !tiny.dimensions[*index].separate).collect();
        let ids: BTreeSet<String> = counted.iter().flat_map(|index| tiny.reads(*index)).collect();
        let choices: Vec<(String, Vec<Told>)> = ids
            .into_iter()
            .map(|id| {
                let values = left(tiny, inputs, &id, is_per_mode(&id), mode);
                (id, values)
            })
            .collect();
        let size: usize = choices.iter().map(|(_, values)| values.len()).product();
        // Rare, and slow in a debug build.
        if size > 3000 {
            continue;
        }
        let mut sums: Vec<(u32, BTreeMap<String, Told>)> = Vec::new();
        for way in Tiny::ways(&choices) {
            let of = |index: &usize| {
                let fits = |read: &BTreeMap<String, Told>| read.iter().all(|(id, told)| way[id] == *told);
                points[*index].iter().find(|(read, _)| fits(read)).unwrap().1
            };
            sums.push((counted.iter().map(of).sum(), way));
        }
        let least = sums.iter().min_by_key(|(sum, _)| *sum).unwrap();
        let most = sums.iter().max_by_key(|(sum, _)| *sum).unwrap();
        let total = score.modes.iter().find(|one| one.mode == *mode).unwrap().total;
        prop_assert_eq!(total, Range { low: least.0, high: most.0 }, "{}\n{}", mode, tiny.toml());
        for (sum, way) in [least, most] {
            let mut complete = inputs.clone();
            for (id, told) in way {
                let slot = if is_per_mode(id) { Slot::in_mode(id, mode) } else { Slot::once(id) };
                tell(&mut complete, &slot, told);
            }
            let got = score::score(standard, &complete);
            let got = got.modes.iter().find(|one| one.mode == *mode).unwrap().total;
            prop_assert_eq!(got, Range { low: *sum, high: *sum }, "the end {} is not attained", sum);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn small_standards_come_out_as_the_simple_reckoning_says(made in vec(any::<u8>(), 60..500), audited in bytes()) {
        let Some((tiny, standard)) = Tiny::valid(&made) else { return Err(TestCaseError::reject("no valid standard")) };
        check_against_reckoning(&tiny, &standard, &audit(&standard, &mut Dice::new(&audited)))?;
    }

    #[test]
    fn small_standards_keep_what_the_embedded_one_keeps(made in vec(any::<u8>(), 60..500), audited in bytes(), more in bytes()) {
        let Some((_, standard)) = Tiny::valid(&made) else { return Err(TestCaseError::reject("no valid standard")) };
        let inputs = audit(&standard, &mut Dice::new(&audited));
        let mut dice = Dice::new(&more);
        check_completion(&standard, &inputs, &completed(&standard, &inputs, &mut dice))?;
        check_one_more_answer(&standard, &inputs, &mut dice)?;
        check_unknown(&standard, &inputs, &mut dice)?;
        check_weakest_mode(&score::score(&standard, &inputs))?;
        // A separate dimension is shown at its worst mode only, so flips are compared in audits of one mode.
        let mut alone = inputs.clone();
        alone.modes.truncate(1);
        check_flips(&standard, &alone, &mut dice)?;
    }
}
