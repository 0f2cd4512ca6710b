//! Many searches in one pass are each the same as alone.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use touchstone::error::Kind;
use touchstone::model::evidence::{Query, Search};
use touchstone::model::hash::Sha256;
use touchstone::repo::{Hit, InFile, Pin};

use crate::repo_fixture::{FILE, Fixture, SYMLINK};

fn query(pattern: &str) -> Query {
    Query { pattern: pattern.into(), ..Query::default() }
}

/// What a query found, and its hits.
type Answer = (Result<Search, String>, Vec<Hit>);

/// Runs them in one pass, and each alone.
fn both(pin: &Pin, queries: &[Query], limit: usize) -> [Vec<Answer>; 2] {
    let mut texts = vec![Vec::new(); queries.len()];
    let results = pin.sweep(queries, limit, &|| false, |at, file| texts[at].extend(file.texts)).unwrap().unwrap();
    let together = results.into_iter().map(|result| result.map_err(|error| error.to_string())).zip(texts).collect();
    let alone = queries.iter().map(|query| {
        let mut texts = Vec::new();
        let result = pin.stream(query, limit, &|| false, |hits| texts.extend(hits));
        (result.map(Option::unwrap).map_err(|error| error.to_string()), texts)
    });
    [together, alone.collect()]
}

#[test]
fn a_query_that_cannot_be_run_keeps_no_other_from_it() {
    let f = Fixture::new();
    let commit = f.files(&[("a.py", "eval(x)\n"), ("b.ts", "Eval\nfetch(url)\n")], &[], 1);
    let pin = f.pin(commit);
    let queries = [
        query("eval"),
        query("("),
        Query { include: vec!["*.go".into()], ..query("eval") },
        Query { include: vec!["[".into()], ..query("eval") },
        Query { include: vec!["*.ts".into()], case_sensitive: true, ..query("fetch\\(") },
        query("eval"),
    ];
    let [together, alone] = both(&pin, &queries, 9);
    assert_eq!(together, alone);
    let said: Vec<_> =
        together.iter().map(|(result, hits)| (result.as_ref().map(|s| s.hits).ok(), hits.len())).collect();
    assert_eq!(said, [(Some(2), 2), (None, 0), (None, 0), (None, 0), (Some(1), 1), (Some(2), 2)]);
    assert!(pin.sweep(&[], 9, &|| false, |_, _| {}).unwrap().unwrap().is_empty());
}

#[test]
fn a_missing_file_fails_the_queries_that_would_read_it() {
    let f = Fixture::new();
    let gone = f.blob("gone\n");
    let commit = f.commit(f.tree(&[(b"a.py", FILE, f.blob("kept\n")), (b"b.ts", FILE, gone)]), &[], 1);
    std::fs::remove_file(f.loose(gone)).unwrap();
    let pin = f.pin(commit);
    let only = |glob: &str| Query { include: vec![glob.into()], ..query("kept") };
    let queries = [only("*.py"), only("*.ts"), query("kept"), query("gone"), query("e")];
    let results = pin.sweep(&queries, 9, &|| false, |_, _| {}).unwrap().unwrap();
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().map(|s| s.hits).map_err(|e| e.kind)).collect();
    let missing = Err(Kind::CouldNot);
    assert_eq!(kinds, [Ok(1), missing, missing, missing, missing]);
}

#[test]
fn it_keeps_the_order_of_paths_and_can_be_stopped() {
    let f = Fixture::new();
    let names: Vec<String> = (0..300).map(|at| format!("{at:03}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "one\ntwo\n")).collect();
    let pin = f.pin(f.files(&files, &[], 1));
    let queries = [query("one"), query("two"), query("three"), query("one|two"), query("t.o")];
    let mut seen = Vec::new();
    let mut counts = [0; 5];
    pin.sweep(&queries, 250, &|| false, |at, file| {
        counts[at] += file.hits;
        seen.extend(file.texts.into_iter().map(|hit| (hit.path, at)));
    })
    .unwrap();
    assert_eq!(counts, [300, 300, 0, 600, 300], "the limit is for texts alone");
    assert!(seen.is_sorted_by_key(|(path, _)| path.clone()));
    assert_eq!(seen.len(), 4 * 250);
    let enough = AtomicBool::new(false);
    let mut count = 0;
    let stop = || enough.load(Ordering::SeqCst);
    let stopped = pin.sweep(&queries, 250, &stop, |_, file| {
        count += file.texts.len();
        enough.store(file.path.0 >= b"100".to_vec(), Ordering::SeqCst);
    });
    assert_eq!(stopped.unwrap(), None);
    // The last file's hits are handed out together.
    assert_eq!(count, 101 * 5);
}

/// Words that patterns look for, near misses, and letters that fold to ASCII ones.
const WORDS: [&str; 22] = [
    "eval(",
    "EVAL(",
    "secret",
    "\u{17f}ecret",
    "Token=",
    "to\u{212a}en",
    "key",
    "api_key",
    "import os",
    "\r\n",
    "\n",
    "\n",
    " ",
    "'",
    "fetch(url)",
    "http://",
    "x",
    "\u{e9}t\u{e9}",
    "\u{c9}T\u{c9}",
    "\u{200b}",
    "\r",
    "os",
];

const PATTERNS: [&str; 24] = [
    "eval\\(",
    "secret|token",
    "(?i)SECRET",
    "to[km]en\\s*=",
    "\\bkey\\b",
    "api_?key",
    "^import\\s+os",
    "os$",
    "\r$",
    "^$",
    ".",
    "(fetch|axios)\\(\\s*[a-z]",
    "https?://",
    "x+",
    "\u{e9}t\u{e9}",
    "[\u{200b}-\u{200f}]",
    "\\AToken",
    "os\\z",
    "(a|b)|",
    "(?-u:\\xc3)",
    "(eval|exec)(Sync)?\\(",
    "\\W(key|token)s?=?$",
    "(secret){2}",
    "e.*t",
];

fn any_query() -> impl Strategy<Value = Query> {
    let globs = || prop::collection::vec(prop::sample::select(vec!["*.py", "*.ts", "src/**", "*1*"]), 0..2);
    let exclude_line = prop::option::weighted(0.2, prop::sample::select(vec!["^ ", "key"]));
    (prop::sample::select(PATTERNS.to_vec()), globs(), globs(), any::<[bool; 3]>(), exclude_line).prop_map(
        |(pattern, include, exclude, [literal, case_sensitive, word], exclude_line)| Query {
            pattern: pattern.into(),
            literal: literal && pattern.len() > 5,
            case_sensitive,
            word,
            exclude_line: exclude_line.map(str::to_owned),
            include: include.into_iter().map(str::to_owned).collect(),
            exclude: exclude.into_iter().map(str::to_owned).collect(),
            tests_apart: false,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_pass_finds_what_each_search_finds_alone(
        texts in prop::collection::vec(prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..12), 1..80),
        queries in prop::collection::vec(any_query(), 1..12),
        limit in 0_usize..20,
    ) {
        let f = Fixture::new();
        let names: Vec<String> = (0..texts.len()).map(|at| match at % 4 {
            0 => format!("src/{at}.py"),
            1 => format!("{at}.ts"),
            2 => format!("lib/{at}.ts"),
            _ => format!("{at}"),
        }).collect();
        let mut items = Vec::new();
        for (name, words) in names.iter().zip(&texts) {
            let mode = if name.ends_with("11") { SYMLINK } else { FILE };
            items.push((name.as_bytes(), mode, f.blob(words.concat())));
        }
        items.push((b"binary", FILE, f.blob("eval(\0")));
        let pin = f.pin(f.commit(f.tree(&items), &[], 1));
        let [together, alone] = both(&pin, &queries, limit);
        prop_assert_eq!(together, alone);
    }
}

#[test]
fn texts_are_searched_in_memory_up_to_the_budget() {
    let f = Fixture::new();
    let blobs = ["one eval\n".repeat(10), "two eval\n".repeat(10), "three eval\n".repeat(10)].map(|text| f.blob(text));
    let items: Vec<_> = [&b"a"[..], b"b", b"c"].into_iter().zip(blobs).map(|(name, blob)| (name, FILE, blob)).collect();
    let binary = [(&b"d"[..], FILE, f.blob("eval\0")), (b"e", SYMLINK, f.blob("eval"))];
    let commit = f.commit(f.tree(&[items, binary.to_vec()].concat()), &[], 1);
    let pin = f.pin(commit);
    let before = pin.search(&query("eval")).unwrap();
    assert_eq!(pin.kept_texts(), 0, "a command keeps nothing");
    assert!(!pin.read_ahead(&|| true));
    pin.keep_texts(200);
    assert!(pin.read_ahead(&|| false));
    assert_eq!(pin.kept_texts(), 90 + 90);
    assert_eq!(pin.search(&query("eval")).unwrap(), before);
    // What is in memory needs no clone; what is beyond the budget does.
    blobs.iter().for_each(|blob| std::fs::remove_file(f.loose(*blob)).unwrap());
    let kept = Query { include: vec!["[ab]".into()], ..query("eval") };
    let texts = pin.hits(&kept, 99).unwrap();
    assert_eq!((texts.0.hits, texts.1.len()), (20, 20));
    let fresh = f.pin(commit);
    assert_eq!(fresh.search(&kept).unwrap_err().kind, Kind::CouldNot);
    assert_eq!(fresh.search(&query("eval")).unwrap_err().kind, Kind::CouldNot);
}

#[test]
fn whole_words_are_told_from_parts_of_words() {
    let f = Fixture::new();
    let text = "key\nkeys\nmy key.\napi_key\nKEY=1\n\u{e9}key\nkey\u{e9}\n$key\nkey-ring\n";
    let pin = f.pin(f.files(&[("a", text)], &[], 1));
    let lines = |query: Query| pin.search(&query).unwrap().places.iter().map(|place| place.line).collect::<Vec<_>>();
    let word = |pattern: &str| Query { word: true, ..query(pattern) };
    assert_eq!(lines(query("key")).len(), 9);
    assert_eq!(lines(word("key")), [1, 3, 5, 8, 9]);
    assert_eq!(lines(word("key|keys")), [1, 2, 3, 5, 8, 9]);
    assert_eq!(lines(Query { literal: true, ..word("$key") }), [8]);
    let written = serde_json::to_value(query("key")).unwrap();
    assert!(written.get("word").is_none(), "records without it stay as they are");
    assert_eq!(serde_json::from_value::<Query>(serde_json::to_value(word("key")).unwrap()).unwrap(), word("key"));
}

#[test]
fn more_hits_than_wait_in_memory_are_all_counted() {
    const LINES: usize = 120_000;
    let f = Fixture::new();
    let many = f.blob("x\n".repeat(LINES));
    let tests = f.blob(format!("x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(LINES)));
    let few = f.blob("x\ny\n");
    let items = [(&b"a"[..], few), (b"b", many), (b"c", few), (b"d", many), (b"e.rs", tests), (b"z", few)];
    let pin = f.pin(f.commit(f.tree(&items.map(|(name, blob)| (name, FILE, blob))), &[], 1));
    let apart = Query { exclude: vec!["d".into()], tests_apart: true, ..query("x") };
    let queries = [apart, query("y"), query("^x$")];
    let mut files = vec![Vec::new(); queries.len()];
    let found = |at: usize, file: InFile<'_>| {
        files[at].push((file.path.lossy().into_owned(), file.hits, file.apart, file.texts.len()));
    };
    let results = pin.sweep(&queries, 3, &|| false, found).unwrap().unwrap();
    let all = LINES as u64;
    let row = |path: &str, hits: u64, apart: u64, texts: usize| (path.to_owned(), hits, apart, texts);
    let by_file = [
        row("a", 1, 0, 1),
        row("b", all, 0, 2),
        row("c", 1, 0, 0),
        row("d", 0, all, 3),
        row("e.rs", 1, all, 0),
        row("z", 1, 0, 0),
    ];
    assert_eq!(files[0], by_file);
    assert_eq!(files[2].iter().map(|file| file.3).sum::<usize>(), 3);
    let searches: Vec<Search> = results.into_iter().map(Result::unwrap).collect();
    let counts: Vec<(u64, u64)> = searches.iter().map(|search| (search.hits, search.excluded_hits)).collect();
    assert_eq!(counts, [(all + 4, 2 * all), (3, 0), (3 * all + 4, 0)]);
    // The digest, put together by hand.
    let digest = Sha256::of("x");
    let lines =
        |path: &str, lines: usize| (1..=lines).map(|line| format!("{path}:{line}:{digest}\n")).collect::<String>();
    let list = [lines("a", 1), lines("b", LINES), lines("c", 1), lines("e.rs", 1), lines("z", 1)].concat();
    assert_eq!(searches[0].hits_digest, Sha256::of(list));
    let stop = AtomicBool::new(false);
    let stopped = pin.sweep(&queries, 3, &|| stop.load(Ordering::SeqCst), |_, file| {
        stop.store(file.path.lossy() == "a", Ordering::SeqCst);
    });
    assert_eq!(stopped.unwrap(), None, "also where a file has very many");
}
