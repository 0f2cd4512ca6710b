//! The score against cases that were worked by hand from the rules in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use touchstone::model::answer::Answer;
use touchstone::model::finding::Severity;
use touchstone::model::score::{self, Given, Inputs, OpenFinding, Range, Score, Slot};
use touchstone::model::standard::Standard;
use touchstone::standards::Loaded;

const CASES: &str = include_str!("data/score-cases.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    work: String,
    modes: Vec<String>,
    rest: String,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
    #[serde(default)]
    finding: Vec<CaseFinding>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFinding {
    severity: String,
    on: Vec<String>,
    advisory: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    score: [u32; 2],
    tier: Option<String>,
    modes: Option<BTreeMap<String, [u32; 2]>>,
    levels: Option<BTreeMap<String, [String; 2]>>,
    met: Option<[u32; 2]>,
    certified: Option<String>,
    unmet: Option<Vec<String>>,
    contradictions: Option<BTreeSet<String>>,
}

fn cases() -> Vec<Case> {
    let file: File = toml::from_str(CASES).expect("score-cases.toml is of the form that its header tells");
    file.case
}

/// Returns the value for a slot: `id@mode` before `id`, and the key that gave it.
fn told<'a>(map: &'a BTreeMap<String, String>, id: &str, mode: Option<&str>) -> Option<(String, &'a str)> {
    let here = mode.map(|mode| format!("{id}@{mode}"));
    let key = here.filter(|key| map.contains_key(key)).unwrap_or_else(|| id.to_owned());
    map.get(&key).map(|value| (key, value.as_str()))
}

/// Turns a case into what the score depends on, and panics where it names something that the standard does not have: a
/// typing error must not pass as an item left at its default.
fn inputs(standard: &Standard, case: &Case) -> Inputs {
    let mut used = BTreeSet::new();
    let mut inputs = Inputs { modes: case.modes.clone(), ..Inputs::default() };
    let slots = |id: &str, per_mode: bool| -> Vec<Slot> {
        if per_mode { case.modes.iter().map(|mode| Slot::in_mode(id, mode)).collect() } else { vec![Slot::once(id)] }
    };
    for (dimension, item) in standard.items() {
        for slot in slots(&item.id, dimension.per_mode) {
            let given = match told(&case.answers, &item.id, slot.mode.as_deref()) {
                Some((key, text)) => {
                    used.insert(key);
                    let word = text.strip_suffix(" (reason)");
                    let answer = word.unwrap_or(text);
                    (answer != "open").then(|| Given {
                        answer: answer.parse().unwrap_or_else(|error| panic!("{}: {error}", case.name)),
                        evidenced: word.is_none(),
                    })
                }
                None => match case.rest.as_str() {
                    "secure" => Some(Given { answer: item.secure, evidenced: true }),
                    "unknown" => Some(Given { answer: Answer::Unknown, evidenced: true }),
                    "open" => None,
                    other => panic!("{}: rest = {other}", case.name),
                },
            };
            if let Some(given) = given {
                assert!(item.accepts.contains(&given.answer), "{}: {slot} does not accept {given:?}", case.name);
                inputs.answers.insert(slot, given);
            }
        }
    }
    for fact in &standard.facts {
        for slot in slots(&fact.id, fact.per_mode) {
            if let Some((key, value)) = told(&case.facts, &fact.id, slot.mode.as_deref()) {
                used.insert(key);
                let known = value == score::UNKNOWN || fact.values.iter().any(|one| one.id == value);
                assert!(known, "{}: {} has no value {value}", case.name, fact.id);
                inputs.facts.insert(slot, value.to_owned());
            }
        }
    }
    for key in case.answers.keys().chain(case.facts.keys()) {
        assert!(used.contains(key), "{}: nothing is called `{key}`, or every mode has an answer of its own", case.name);
    }
    for finding in &case.finding {
        assert!(finding.on.iter().all(|id| standard.item(id).is_some()), "{}: {:?}", case.name, finding.on);
        inputs.findings.push(OpenFinding {
            severity: finding.severity.parse::<Severity>().expect("a severity"),
            items: finding.on.clone(),
            advisory: finding.advisory,
        });
    }
    inputs
}

fn pair(range: Range) -> [u32; 2] {
    [range.low, range.high]
}

/// Returns the lowest and highest level of `dimension` or `dimension@mode`; without a mode it must be the same in all.
fn levels(score: &Score, key: &str) -> BTreeSet<[String; 2]> {
    let (id, mode) = key.split_once('@').map_or((key, None), |(id, mode)| (id, Some(mode)));
    let own = score.separate.iter();
    let of_modes =
        score.modes.iter().filter(|one| mode.is_none_or(|mode| one.mode == mode)).flat_map(|one| &one.dimensions);
    own.chain(of_modes).filter(|one| one.id == id).map(|one| [one.low.clone(), one.high.clone()]).collect()
}

fn mismatches(case: &Case, score: &Score) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |what: &str, wanted: String, got: String| {
        if wanted != got {
            found.push(format!("{what}: expected {wanted}, got {got}"));
        }
    };
    let Expect { score: total, tier, modes, levels: wanted, met, certified, unmet, contradictions } = &case.expect;
    expect("score", format!("{total:?}"), format!("{:?}", pair(score.headline)));
    // A case without a tier is one whose range lies in more than one.
    expect("tier", format!("{tier:?}"), format!("{:?}", score.tier));
    for (mode, range) in modes.iter().flatten() {
        let got: Vec<[u32; 2]> =
            score.modes.iter().filter(|one| one.mode == *mode).map(|one| pair(one.total)).collect();
        expect(&format!("mode {mode}"), format!("{:?}", [range]), format!("{got:?}"));
    }
    for (dimension, range) in wanted.iter().flatten() {
        expect(&format!("level of {dimension}"), format!("{:?}", BTreeSet::from([range])), {
            format!("{:?}", levels(score, dimension))
        });
    }
    if let Some(met) = met {
        expect("met", format!("{met:?}"), format!("{:?}", [score.met, score.applicable]));
    }
    if let Some(certified) = certified {
        expect("certified", certified.clone(), score.certified.clone().unwrap_or_else(|| "none".to_owned()));
    }
    if let Some(unmet) = unmet {
        let got: Vec<&String> =
            score.certificates.iter().filter(|one| !one.unmet.is_empty()).map(|one| &one.id).collect();
        expect("unmet", format!("{unmet:?}"), format!("{got:?}"));
    }
    if let Some(contradictions) = contradictions {
        let got: BTreeSet<&String> = score.contradictions.iter().map(|one| &one.id).collect();
        expect("contradictions", format!("{contradictions:?}"), format!("{got:?}"));
    }
    found
}

#[test]
fn every_case_comes_out_as_worked_by_hand() {
    let standard = Loaded::built_in().unwrap().standard;
    let mut report = String::new();
    let mut names = BTreeSet::new();
    let mut wrong = 0;
    for case in &cases() {
        assert!(names.insert(case.name.clone()), "two cases are called {}", case.name);
        let found = mismatches(case, &score::score(&standard, &inputs(&standard, case)));
        if !found.is_empty() {
            wrong += 1;
            write!(report, "\n{}\n  work: {}\n  {}\n", case.name, case.work.trim(), found.join("\n  ")).unwrap();
        }
    }
    assert!(names.len() >= 60, "only {} cases", names.len());
    assert!(report.is_empty(), "{wrong} of {} cases disagree:\n{report}", names.len());
}

/// The seven that the design names, by their headline, so that nobody edits them away with the file.
#[test]
fn the_seven_named_cases_score_what_the_design_says() {
    let standard = Loaded::built_in().unwrap().standard;
    let cases = cases();
    for (name, points, tier) in [
        ("stdio, local files", 60, "moderate"),
        ("stdio with a provider's key", 64, "moderate"),
        ("HTTP with OAuth2 and PKCE, cloud", 77, "moderate"),
        ("HTTP without authentication", 31, "at_risk"),
        ("HTTP behind single sign-on, cloud", 81, "secure"),
        ("HTTP with a static bearer token, cloud", 59, "moderate"),
        ("all unknown", 7, "at_risk"),
    ] {
        let case = cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case {name}"));
        let score = score::score(&standard, &inputs(&standard, case));
        assert_eq!((pair(score.headline), score.tier.as_deref()), ([points, points], Some(tier)), "{name}");
    }
}

/// The file pins nothing down if it leaves a level, a certificate or a contradiction of the standard out.
#[test]
fn the_cases_reach_every_level_certificate_and_contradiction() {
    let standard = Loaded::built_in().unwrap().standard;
    let cases = cases();
    for dimension in &standard.dimensions {
        for level in &dimension.levels {
            let reached = cases.iter().filter_map(|case| case.expect.levels.as_ref()).flatten().any(|(key, range)| {
                key.split('@').next() == Some(&dimension.id) && *range == [level.id.clone(), level.id.clone()]
            });
            assert!(reached, "no case stands at {} of {}", level.id, dimension.id);
        }
    }
    for id in standard.certificates.iter().map(|one| one.id.as_str()).chain(["none"]) {
        assert!(cases.iter().any(|case| case.expect.certified.as_deref() == Some(id)), "no case is certified {id}");
    }
    for one in &standard.contradictions {
        let named = |case: &Case| case.expect.contradictions.as_ref().is_some_and(|ids| ids.contains(&one.id));
        assert!(cases.iter().any(named), "no case contradicts itself by {}", one.id);
    }
}
