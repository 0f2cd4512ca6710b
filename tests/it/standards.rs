//! Reading standards: the embedded one is what it says, and every way to be wrong is named with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use touchstone::error::Kind;
use touchstone::model::answer::Answer;
use touchstone::model::evidence::Query;
use touchstone::model::finding::Severity;
use touchstone::model::score::{self, Given, Inputs, OpenFinding, Range, Slot};
use touchstone::model::standard::{Item, LeadKind, SCALE, Signal, Standard};
use touchstone::repo;
use touchstone::standards::{self, BUILT_IN_TOML, Loaded, Mistake, SIZE_LIMIT};

const VENDOR: &str = include_str!("data/standards/vendor_ok.toml");

fn embedded() -> Standard {
    standards::read(BUILT_IN_TOML).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)))
}

fn said(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("{mistake}\n")).collect()
}

// -------------------- Leads.

#[test]
fn a_lead_is_searched_in_its_scope_and_a_lead_on_paths_is_no_search() {
    let standard = standards::read(VENDOR).unwrap();
    let leads: Vec<_> = standard.items().flat_map(|(_, item)| &item.leads).collect();
    let queries: Vec<Option<Query>> = leads.iter().map(|lead| standard.query(lead)).collect();
    for (lead, query) in leads.iter().zip(&queries) {
        match (&lead.kind, query) {
            (LeadKind::Glob { .. }, None) => {}
            (LeadKind::Regex { pattern, scope, exclude }, Some(query)) => {
                assert_eq!((&query.pattern, &query.exclude_line), (pattern, exclude));
                assert!(query.case_sensitive && !query.literal);
                let inside = standard.scopes[scope].iter().filter(|glob| !glob.starts_with('!'));
                assert!(inside.eq(&query.include), "{query:?}");
                assert_eq!(
                    query.exclude,
                    ["*.d.ts", "**/test/**"],
                    "what the scope takes out, then all paths kept apart"
                );
            }
            (kind, query) => panic!("{kind:?}: {query:?}"),
        }
    }
    assert!(queries.iter().any(Option::is_some));
}

// -------------------- The embedded standard.

#[test]
fn the_embedded_items_are_the_standards_own_words() {
    let published: Vec<&str> = include_str!("data/standard-items.txt").lines().collect();
    let standard = embedded();
    let read: Vec<&str> = standard.items().map(|(_, item)| item.text.as_str()).collect();
    assert_eq!(published.len(), 48);
    assert_eq!(read, published);
}

#[test]
fn the_embedded_items_stand_in_order_with_their_secure_answers() {
    let standard = embedded();
    let names = ["transport", "auth", "token", "input", "data", "dependency"];
    let wanted: Vec<String> = names.iter().flat_map(|name| (1..=8).map(move |n| format!("{name}-{n}"))).collect();
    let ids: Vec<&str> = standard.items().map(|(_, item)| item.id.as_str()).collect();
    assert_eq!(ids, wanted);
    let no: Vec<&str> =
        standard.items().filter(|(_, item)| item.secure == Answer::No).map(|(_, item)| item.id.as_str()).collect();
    assert_eq!(no, ["dependency-2", "dependency-3"]);
    let per_mode: Vec<bool> = standard.dimensions.iter().map(|one| one.per_mode).collect();
    assert_eq!(per_mode, [true, true, true, false, false, false]);
    let separate: Vec<bool> = standard.dimensions.iter().map(|one| one.separate).collect();
    assert_eq!(separate, [false, false, false, false, false, true]);
    for (dimension, item) in standard.items() {
        assert!(item.id.starts_with(&format!("{}-", dimension.id)), "{} stands in {}", item.id, dimension.id);
        assert!(!item.short.is_empty() && !item.look_for.is_empty() && !item.counts.is_empty(), "{}", item.id);
        assert!(!item.answered_from.is_empty() && !item.refs.is_empty(), "{}", item.id);
    }
    // One unauthenticated tool call is no, so there is nothing in between.
    assert!(!item(&standard, "auth-1").accepts.contains(&Answer::Partial));
}

#[test]
fn the_embedded_levels_tiers_and_facts_are_the_published_ones() {
    let standard = embedded();
    let points = |id: &str| -> Vec<(String, u32)> {
        let one = standard.dimensions.iter().find(|one| one.id == id).unwrap();
        one.levels.iter().map(|level| (level.id.clone(), level.points)).collect()
    };
    let level = |id: &str, points: u32| (id.to_owned(), points);
    assert_eq!(points("transport"), [level("stdio", 20), level("http_auth", 15), level("http_no_auth", 5)]);
    assert_eq!(points("auth"), [level("sso_saml", 20), level("oauth2", 16), level("api_key", 10), level("none", 0)]);
    assert_eq!(points("token"), [level("short_lived", 20), level("long_lived", 8), level("no_auth", 0)]);
    assert_eq!(points("input"), [level("parameterized", 20), level("mixed", 10), level("shell_strings", 2)]);
    assert_eq!(points("data"), [level("local_only", 20), level("hybrid", 12), level("cloud", 6), level("unknown", 0)]);
    assert_eq!(
        points("dependency"),
        [level("clean", 20), level("warnings", 10), level("critical", 2), level("unscanned", 0)]
    );
    let tiers: Vec<(&str, u32)> = standard.tiers.iter().map(|tier| (tier.title.as_str(), tier.min)).collect();
    assert_eq!(tiers, [("Secure", 80), ("Moderate", 50), ("At Risk", 0)]);
    for (points, tier) in [(0, "At Risk"), (49, "At Risk"), (50, "Moderate"), (79, "Moderate"), (80, "Secure")] {
        assert_eq!(standard.tier(points).unwrap().title, tier, "{points}");
    }
    let best: u32 = standard.dimensions.iter().filter(|one| !one.separate).map(|one| one.levels[0].points).sum();
    assert_eq!(best, SCALE);
    let values: Vec<&str> = standard.fact("auth_scheme").unwrap().values.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(values, ["none", "api_key", "oauth2", "sso_saml"]);
    let certificates: Vec<(&str, Option<usize>)> =
        standard.certificates.iter().map(|one| (one.id.as_str(), one.includes)).collect();
    assert_eq!(certificates, [("bronze", None), ("silver", Some(0)), ("gold", Some(1))]);
}

fn item<'s>(standard: &'s Standard, id: &str) -> &'s Item {
    standard.item(id).unwrap_or_else(|| panic!("no item {id}")).1
}

/// Compiles every lead as the search will, not as some other regex engine would.
#[test]
fn every_lead_of_the_embedded_standard_can_be_run() {
    let standard = embedded();
    let mut count = 0;
    for (_, item) in standard.items() {
        for lead in &item.leads {
            count += 1;
            assert!(lead.id.starts_with(&format!("{}.", item.id)), "{} stands under {}", lead.id, item.id);
            assert!(!lead.why.is_empty(), "{}", lead.id);
            let query = match &lead.kind {
                LeadKind::Regex { scope, pattern, exclude } => {
                    let globs = &standard.scopes[scope];
                    assert!(globs.iter().any(|glob| !glob.starts_with('!')), "{scope} names no file");
                    Query {
                        pattern: pattern.clone(),
                        case_sensitive: true,
                        exclude_line: exclude.clone(),
                        include: globs.iter().map(|glob| glob.trim_start_matches('!').to_owned()).collect(),
                        exclude: standard.exclude_paths.clone(),
                        ..Query::default()
                    }
                }
                LeadKind::Glob { pattern } => Query {
                    pattern: "x".to_owned(),
                    include: pattern.split('|').map(str::to_owned).collect(),
                    ..Query::default()
                },
            };
            repo::compile(&query).unwrap_or_else(|error| panic!("{}: {error}", lead.id));
        }
    }
    assert!(count > 48, "only {count} leads");
}

fn regexes(item: &Item) -> impl Iterator<Item = (&str, &str, Signal)> {
    item.leads.iter().filter_map(|lead| match &lead.kind {
        LeadKind::Regex { scope, pattern, .. } => Some((scope.as_str(), pattern.as_str(), lead.signal)),
        LeadKind::Glob { .. } => None,
    })
}

/// Traps that the design names: CodeQL is static analysis and audits no dependency; hosts stand in configuration too.
#[test]
fn leads_keep_clear_of_known_traps() {
    let standard = embedded();
    for (_, pattern, signal) in regexes(item(&standard, "dependency-7")) {
        let matcher = regex(pattern);
        for line in ["uses: github/codeql-action/init@v3", "name: CodeQL"] {
            assert!(
                !matcher(line) || signal != Signal::Supports,
                "dependency-7 takes `{line}` for an audit: {pattern}"
            );
        }
    }
    let audits = ["npm audit", "pip-audit", "cargo audit", "govulncheck ./..."];
    for line in audits {
        let found = regexes(item(&standard, "dependency-7")).any(|(_, pattern, _)| regex(pattern)(line));
        assert!(found, "no lead of dependency-7 finds `{line}`");
    }
    let looked_into = |id: &str, name: &str| {
        regexes(item(&standard, id)).any(|(scope, ..)| {
            let globs = &standard.scopes[scope];
            let (out, into): (Vec<&String>, Vec<&String>) = globs.iter().partition(|glob| glob.starts_with('!'));
            let matches = |glob: &str| globset::Glob::new(glob).unwrap().compile_matcher().is_match(name);
            into.iter().any(|glob| matches(glob)) && !out.iter().any(|glob| matches(&glob[1..]))
        })
    };
    for name in ["config.json", "settings.yaml", "settings.yml"] {
        assert!(looked_into("data-1", name), "data-1 does not look into {name}");
    }
    assert!(!looked_into("data-1", "package-lock.json"), "a lockfile's registry URLs are no data flow");
}

fn regex(pattern: &str) -> impl Fn(&str) -> bool {
    let compiled = regex::Regex::new(pattern).unwrap();
    move |line| compiled.is_match(line)
}

// -------------------- One file per way to be wrong.

fn fail_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/standards");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with("_fail.toml"));
    files.sort();
    files
}

/// Every `# expect: line N: fragment` at the top of a file is a mistake that is named, and no other is.
#[test]
fn every_way_to_be_wrong_is_named_with_its_line() {
    let mut report = String::new();
    let files = fail_files();
    assert!(files.len() >= 90, "only {} files", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut expected: Vec<(usize, &str)> = text
            .lines()
            .map_while(|line| line.strip_prefix("# expect: line "))
            .map(|rest| rest.split_once(": ").map(|(line, what)| (line.parse().unwrap(), what)).unwrap())
            .collect();
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        let mut mistakes = standards::read(&text).err().unwrap_or_default();
        for mistake in &mistakes {
            assert!(
                !mistake.remedy.trim().is_empty() && !mistake.what.trim().is_empty(),
                "{}: {mistake}",
                path.display()
            );
        }
        let all = said(&mistakes);
        expected.retain(|(line, what)| {
            let at = mistakes.iter().position(|mistake| mistake.line == *line && mistake.what.contains(what));
            at.map(|at| mistakes.remove(at)).is_none()
        });
        if !expected.is_empty() || !mistakes.is_empty() {
            let name = path.file_name().unwrap().to_string_lossy();
            writeln!(report, "{name}: not named {expected:?}; all that was named:\n{all}").unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn six_mistakes_in_one_file_are_named_together_in_order() {
    let path = fail_files().into_iter().find(|path| path.ends_with("six_mistakes_fail.toml")).unwrap();
    let mistakes = standards::read(&std::fs::read_to_string(&path).unwrap()).unwrap_err();
    assert_eq!(mistakes.len(), 6);
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.line));
    let error = Loaded::from_file(&path).unwrap_err();
    assert_eq!((error.kind, error.hints.len()), (Kind::False, 6));
    assert!(error.message.ends_with("6 mistakes."), "{}", error.message);
}

/// A file that bears the embedded id keeps its 48 items.
#[test]
fn the_built_in_id_goes_with_48_items() {
    let start = BUILT_IN_TOML.find("[[dimension.item]]\nid = \"transport-6\"").unwrap();
    let end = start + 1 + BUILT_IN_TOML[start + 1..].find("[[dimension.item]]").unwrap();
    let one = &BUILT_IN_TOML[start..end];
    let id_line = 1 + BUILT_IN_TOML.lines().position(|line| line == "id = \"mcp-security-standard\"").unwrap();
    let fewer = BUILT_IN_TOML.replace(one, "");
    let more = BUILT_IN_TOML.replace(one, &format!("{one}{}", one.replace("transport-6", "transport-9")));
    for (text, count) in [(fewer, 47), (more, 49)] {
        let mistakes = standards::read(&text).unwrap_err();
        let named = mistakes.iter().any(|mistake| {
            mistake.line == id_line && mistake.what.contains(&format!("has 48 items; this file has {count}"))
        });
        assert!(named, "{count}: {}", said(&mistakes));
        // Under another id the same file is as good as any.
        let own = text.replace("id = \"mcp-security-standard\"", "id = \"ours\"");
        assert_eq!(standards::read(&own).unwrap().items().count(), count);
    }
}

/// An item that a rule reads cannot just be taken out.
#[test]
fn an_item_that_rules_name_is_missed_at_every_place() {
    let text = BUILT_IN_TOML.replace("id = \"auth-1\"", "id = \"auth-0\"");
    let mistakes = standards::read(&text).unwrap_err();
    let lines: BTreeSet<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    let naming: BTreeSet<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("item = \"auth-1\""))
        .map(|(index, _)| index + 1)
        .collect();
    assert!(naming.len() > 3);
    assert_eq!(lines, naming, "{}", said(&mistakes));
}

// -------------------- A vendor's standard.

#[test]
fn a_small_vendor_standard_reads_and_scores() {
    let standard = standards::read(VENDOR).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)));
    assert_eq!((standard.dimensions.len(), standard.items().count(), standard.facts.len()), (2, 5, 1));
    let given = |answer, evidenced| Given { answer, evidenced };
    let mut inputs = Inputs { modes: vec!["http".to_owned()], ..Inputs::default() };
    assert_eq!(score::score(&standard, &inputs).headline, Range { low: 1, high: 30 });
    inputs.facts.insert(Slot::in_mode("scheme", "http"), "key".to_owned());
    inputs.answers.insert(Slot::in_mode("login-1", "http"), given(Answer::Yes, false));
    inputs.answers.insert(Slot::in_mode("login-2", "http"), given(Answer::No, false));
    inputs.answers.insert(Slot::once("updates-1"), given(Answer::Yes, false));
    // Without evidence for updates-1: 20 + 1.
    assert_eq!(score::score(&standard, &inputs).headline, Range { low: 21, high: 21 });
    inputs.answers.insert(Slot::once("updates-1"), given(Answer::Yes, true));
    let score = score::score(&standard, &inputs);
    assert_eq!((score.headline, score.tier.as_deref()), (Range { low: 30, high: 30 }, Some("good")));
    assert_eq!((score.met, score.applicable, score.certified), (3, 5, None));
}

/// A level that only two findings together lead to is not taken for one that nothing leads to.
#[test]
fn a_level_that_takes_two_findings_is_reachable() {
    let text = VENDOR
        .replace("points = 1\n", "points = 1\n\n[[dimension.level]]\nid = \"rotten\"\ntitle = \"Rotten\"\npoints = 0\n")
        .replace("level = \"stale\"\nwhen = {", "level = \"rotten\"\nwhen = {");
    let standard = standards::read(&text).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)));
    let on = |severity, item: &str| OpenFinding { severity, items: vec![item.to_owned()], advisory: false };
    let mut inputs = Inputs { modes: vec!["stdio".to_owned()], ..Inputs::default() };
    inputs.answers.insert(Slot::once("updates-1"), Given { answer: Answer::Yes, evidenced: true });
    for (findings, level) in [
        (vec![], "fresh"),
        (vec![on(Severity::High, "updates-1")], "fresh"),
        (vec![on(Severity::High, "updates-1"), on(Severity::Low, "updates-2")], "rotten"),
    ] {
        inputs.findings = findings;
        let score = score::score(&standard, &inputs);
        assert_eq!(score.modes[0].dimensions[1].low, level);
    }
}

/// Text that was saved on Windows is the same standard.
#[test]
fn line_ends_of_windows_make_no_difference() {
    let read = standards::read(&VENDOR.replace('\n', "\r\n")).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)));
    assert_eq!(read, standards::read(VENDOR).unwrap());
    let read = standards::read(&BUILT_IN_TOML.replace('\n', "\r\n"));
    assert_eq!(read.unwrap_or_else(|mistakes| panic!("{}", said(&mistakes))), embedded());
}

#[test]
fn a_file_over_the_limit_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standard.toml");
    let fill = |size: u64| {
        let mut text = VENDOR.to_owned();
        text.push_str(&"#".repeat(usize::try_from(size).unwrap() - text.len() - 1));
        text.push('\n');
        std::fs::write(&path, text).unwrap();
        Loaded::from_file(&path)
    };
    assert_eq!(fill(SIZE_LIMIT).unwrap().standard.id, "acme-baseline");
    assert_eq!(fill(SIZE_LIMIT + 1).unwrap_err().kind, Kind::Unsafe);
    std::fs::write(&path, b"title = \"\xff\"").unwrap();
    assert!(Loaded::from_file(&path).unwrap_err().message.contains("not UTF-8"));
    // A device says that it has 0 bytes and gives as many as one likes.
    #[cfg(unix)]
    assert_eq!(Loaded::from_file(Path::new("/dev/zero")).unwrap_err().kind, Kind::Unsafe);
}

#[test]
fn the_reference_names_the_exact_bytes() {
    let loaded = Loaded::from_toml(VENDOR.to_owned(), "vendor").unwrap();
    let changed = Loaded::from_toml(format!("{VENDOR}# a comment\n"), "vendor").unwrap();
    assert_eq!(loaded.standard, changed.standard);
    assert_ne!(loaded.reference().sha256, changed.reference().sha256);
    assert_eq!((loaded.reference().id.as_str(), loaded.reference().version.as_str()), ("acme-baseline", "2.1.0-rc.1"));
    let built_in = Loaded::built_in().unwrap().reference();
    assert!(
        standards::published()
            .iter()
            .any(|(version, sha256)| *version == built_in.version && *sha256 == built_in.sha256)
    );
}

// -------------------- Hostile files.

fn rule_with(when: &str) -> String {
    VENDOR.replace("{ item = \"updates-1\", is = [\"yes\"], evidenced = true }", when)
}

/// Test threads have a stack of 2 MiB; a reader that follows nesting without an end would not come back from here.
#[test]
fn deep_nesting_is_refused() {
    for depth in [100, 5_000, 100_000] {
        let when =
            format!("{}{{ item = \"updates-1\", is = [\"yes\"] }}{}", "{ any = [".repeat(depth), "] }".repeat(depth));
        let mistakes = standards::read(&rule_with(&when)).unwrap_err();
        assert!(!mistakes.is_empty(), "{depth}");
        let keys = format!("{VENDOR}\n[{}]\n", vec!["a"; depth].join("."));
        assert!(standards::read(&keys).is_err(), "{depth}");
    }
}

/// Sixty dimensions, each of which asks twice for the level of the one before: twice the work with each, were levels not
/// kept, and no end in a lifetime.
#[test]
fn levels_that_read_levels_stay_cheap() {
    let mut text = VENDOR[..VENDOR.find("[[certification]]").unwrap()].to_owned();
    let mut before = ("updates".to_owned(), "fresh");
    for index in 0..60 {
        let (name, level) = &before;
        write!(
            text,
            "[[dimension]]\nid = \"d{index}\"\ntitle = \"D\"\nseparate = true\n\
             [[dimension.level]]\nid = \"up\"\ntitle = \"Up\"\npoints = 9\n\
             [[dimension.level]]\nid = \"down\"\ntitle = \"Down\"\npoints = 0\n\
             [[dimension.rule]]\nlevel = \"up\"\n\
             when = {{ any = [{{ all = [{{ level = \"{name}\", is = [\"{level}\"] }}, {{ level = \"{name}\", isnt = [\"{level}\"] }}] }}, {{ level = \"{name}\", is = [\"{level}\"] }}] }}\n\
             [[dimension.rule]]\nlevel = \"down\"\n"
        )
        .unwrap();
        before = (format!("d{index}"), "up");
    }
    let start = Instant::now();
    let standard = standards::read(&text).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)));
    let inputs = Inputs { modes: vec!["stdio".to_owned()], ..Inputs::default() };
    assert_eq!(score::score(&standard, &inputs).separate.len(), 60);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // And there is an end to how many there may be.
    let one = text[text.find("[[dimension]]\nid = \"d59\"").unwrap()..].to_owned();
    for index in 60..63 {
        text = format!("{text}{}", one.replace("d59", &format!("d{index}")));
    }
    let mistakes = standards::read(&text).unwrap_err();
    assert!(mistakes.iter().any(|mistake| mistake.what.contains("has 65 dimensions")), "{}", said(&mistakes));
}

/// The largest component that is read: eight items of five answers.
fn largest(items: usize) -> String {
    let tests: Vec<String> = (1..=items).map(|n| format!("{{ item = \"q-{n}\", is = [\"yes\"] }}")).collect();
    let mut text = VENDOR[..VENDOR.find("[[dimension]]").unwrap()].to_owned();
    let (level, rule) = ("[[dimension.level]]", "[[dimension.rule]]");
    write!(
        text,
        "[[dimension]]\nid = \"q\"\ntitle = \"Q\"\n{level}\nid = \"all\"\ntitle = \"All\"\npoints = 20\n\
         {level}\nid = \"any\"\ntitle = \"Any\"\npoints = 9\n{level}\nid = \"no\"\ntitle = \"No\"\npoints = 0\n\
         {rule}\nlevel = \"all\"\nwhen = {{ all = [{tests}] }}\n{rule}\nlevel = \"any\"\nwhen = {{ any = [{tests}] }}\n\
         {rule}\nlevel = \"no\"\n",
        tests = tests.join(", ")
    )
    .unwrap();
    for n in 1..=items {
        write!(
            text,
            "[[dimension.item]]\nid = \"q-{n}\"\ntext = \"Q{n}?\"\nsecure = \"yes\"\n\
             accepts = [\"yes\", \"no\", \"partial\", \"not_applicable\", \"unknown\"]\nna = {{ hint = \"h\" }}\n"
        )
        .unwrap();
    }
    text
}

/// Where the machine is not asked for optimised code, six items stand for eight (a twenty-fifth of the work).
#[test]
fn the_largest_component_is_read_and_scored_in_reasonable_time() {
    let items = if cfg!(debug_assertions) { 6 } else { 8 };
    let text = largest(items);
    let start = Instant::now();
    let standard = standards::read(&text).unwrap_or_else(|mistakes| panic!("{}", said(&mistakes)));
    let read = start.elapsed();
    let mut inputs = Inputs { modes: vec!["stdio".to_owned()], ..Inputs::default() };
    let start = Instant::now();
    assert_eq!(score::score(&standard, &inputs).headline, Range { low: 0, high: 20 });
    let scored = start.elapsed();
    let start = Instant::now();
    // With nothing answered no single answer decides, but each that is not yes rules out the best level.
    assert_eq!(score::flips(&standard, &inputs).len(), items * 4);
    let flipped = start.elapsed();
    for n in 1..=items {
        inputs.answers.insert(Slot::once(&format!("q-{n}")), Given { answer: Answer::Yes, evidenced: true });
    }
    assert_eq!(score::score(&standard, &inputs).headline, Range { low: 20, high: 20 });
    println!("{items} items of 5 answers: read {read:?}, score {scored:?}, flips {flipped:?}");
    assert!(read + scored + flipped < Duration::from_secs(30), "read {read:?}, score {scored:?}, flips {flipped:?}");
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0073_7464),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A line that does not exist, or a mistake without a sentence, would send the reader of it astray.
fn check_mistakes(text: &str) -> Result<(), TestCaseError> {
    if let Err(mistakes) = standards::read(text) {
        prop_assert!(!mistakes.is_empty());
        let lines = text.split('\n').count();
        for mistake in &mistakes {
            prop_assert!((1..=lines).contains(&mistake.line), "{mistake} of {lines} lines");
            prop_assert!(!mistake.what.is_empty() && !mistake.remedy.is_empty());
        }
        let places: BTreeMap<&Mistake, ()> = mistakes.iter().map(|mistake| (mistake, ())).collect();
        prop_assert_eq!(places.len(), mistakes.len(), "a mistake is named twice");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}|[\\[\\]{}=\"'a-z0-9.\\n# ,]{0,200}") {
        check_mistakes(&text)?;
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn an_edited_standard_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6), vendor in any::<bool>()) {
        let mut bytes = if vendor { VENDOR } else { BUILT_IN_TOML }.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            // Mostly characters that mean something in TOML, so that edits get past the parser.
            let byte = if byte < 200 { b"\n\"'[]{}=.,0-a"[usize::from(byte) % 13] } else { byte };
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        check_mistakes(&String::from_utf8_lossy(&bytes))?;
    }

    /// Whole lines taken out, doubled or swapped stay TOML more often than bytes do.
    #[test]
    fn a_standard_with_lines_moved_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3u8), 1..4), vendor in any::<bool>()) {
        let mut lines: Vec<&str> = if vendor { VENDOR } else { BUILT_IN_TOML }.lines().collect();
        for (at, to, how) in edits {
            let (at, to) = (at.index(lines.len()), to.index(lines.len()));
            match how {
                0 => lines.swap(at, to),
                1 => lines.insert(to, lines[at]),
                _ => drop(lines.remove(at)),
            }
        }
        check_mistakes(&lines.join("\n"))?;
    }
}
