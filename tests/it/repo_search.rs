//! Searches over the pin and over history, and checking them again.

use std::sync::atomic::{AtomicUsize, Ordering};

use git2::Oid;
use proptest::prelude::*;
use touchstone::error::Kind;
use touchstone::model::evidence::{self, Evidence, Query, Reachability, RepoPath, SkipReason};
use touchstone::model::hash::Sha256;
use touchstone::repo::{self, Check, ENGINE, Hit};

use crate::repo_fixture::{FILE, Fixture, SUBMODULE, SYMLINK, own};

fn query(pattern: &str) -> Query {
    Query { pattern: pattern.into(), ..Query::default() }
}

fn evidence(kind: evidence::Kind) -> Evidence {
    Evidence { kind, reachability: Reachability::NotKnown, note: None }
}

#[test]
fn counts_hits_with_their_denominator() {
    let f = Fixture::new();
    let text = f.blob("import x\nEVAL(1)\n// eval ok\neval");
    let other = f.blob("nothing\r\neval\r\n");
    let tree = f.tree(&[
        (b"\xffodd.ts", FILE, other),
        (b"bin", FILE, f.blob("eval\0")),
        (b"link", SYMLINK, f.blob("eval")),
        (b"src/a.ts", FILE, text),
        (b"sub", SUBMODULE, text),
        (b"test/b.ts", FILE, text),
    ]);
    let commit = f.commit(tree, &[], 1);
    let pin = f.pin(commit);
    let q = Query { exclude_line: Some("^//".into()), exclude: vec!["test/**".into()], ..query("eval") };
    let (search, hits) = pin.hits(&q, 3).unwrap();
    assert_eq!((search.files, search.bytes, search.hits), (2, 47, 3));
    assert_eq!((search.excluded_files, search.excluded_hits), (1, 2));
    assert_eq!(search.engine, ENGINE);
    let why: Vec<_> = search.skipped.iter().map(|skip| (skip.why, skip.files)).collect();
    assert_eq!(why, [(SkipReason::Binary, 1), (SkipReason::Symlink, 1), (SkipReason::Submodule, 1)]);
    let places: Vec<_> = search.places.iter().map(|place| (place.path.0.clone(), place.line)).collect();
    assert_eq!(places, [(b"src/a.ts".to_vec(), 2), (b"src/a.ts".to_vec(), 4), (b"\xffodd.ts".to_vec(), 2)]);
    let lines: Vec<_> = hits.iter().map(|hit| (hit.text.clone(), hit.excluded)).collect();
    assert_eq!(
        lines,
        [
            (b"EVAL(1)".to_vec(), false),
            (b"eval".to_vec(), false),
            (b"EVAL(1)".to_vec(), true),
            (b"eval".to_vec(), true),
            (b"eval".to_vec(), false)
        ],
        "the limit is for each kind"
    );
    // Both digests, put together by hand from the model's words.
    let line = |path: &[u8], line, text: &str| [path, format!(":{line}:{}\n", Sha256::of(text)).as_bytes()].concat();
    let list = [line(b"src/a.ts", 2, "EVAL(1)"), line(b"src/a.ts", 4, "eval"), line(b"\xffodd.ts", 2, "eval")].concat();
    assert_eq!(search.hits_digest, Sha256::of(list));
    let files = [format!("{text} src/a.ts\n{other} ").as_bytes(), b"\xffodd.ts\n"].concat();
    assert_eq!(search.files_digest, Sha256::of(files));

    assert_eq!(pin.check(&evidence(evidence::Kind::Search(search.clone()))), Check::Holds);
    for (name, change) in [
        ("files", Box::new(|s: &mut evidence::Search| s.files += 1) as Box<dyn Fn(&mut evidence::Search)>),
        ("bytes", Box::new(|s| s.bytes = 0)),
        ("digest of the files", Box::new(|s| s.files_digest = Sha256::ZERO)),
        ("skipped files", Box::new(|s| s.skipped.clear())),
        ("hits", Box::new(|s| s.hits = 0)),
        ("digest of the hits", Box::new(|s| s.hits_digest = Sha256::ZERO)),
        ("listed hits", Box::new(|s| s.places[0].line = 1)),
        ("excluded files", Box::new(|s| s.excluded_files = 0)),
        ("excluded hits", Box::new(|s| s.excluded_hits = 0)),
        ("hits", Box::new(|s| s.query.case_sensitive = true)),
    ] {
        let mut wrong = search.clone();
        change(&mut wrong);
        let check = pin.check(&evidence(evidence::Kind::Search(wrong)));
        let start = format!("The {name} differ: ");
        assert!(matches!(&check, Check::Fails(why) if why.starts_with(&start)) || name == "hits", "{name}: {check:?}");
        assert!(matches!(check, Check::Fails(_)), "{name}");
    }
    let mut other = search;
    other.engine = "touchstone-search/0".into();
    assert_eq!(pin.check(&evidence(evidence::Kind::Search(other.clone()))), Check::Holds);
    other.hits = 9;
    assert!(
        matches!(pin.check(&evidence(evidence::Kind::Search(other))), Check::CouldNot(why) if why.contains("touchstone-search/0"))
    );
}

#[test]
fn hits_come_file_by_file_and_a_search_can_be_stopped() {
    let fixture = Fixture::new();
    let commit = fixture.files(&[("a", "x\nx\n"), ("b", "y\n"), ("c", "x\n"), ("d", "x\n")], &[], 1);
    let pin = fixture.pin(commit);
    let mut batches = Vec::new();
    let search = pin.stream(&query("x"), 3, &|| false, |hits| batches.push(hits)).unwrap().unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1], "the limit is the third hit");
    assert_eq!(search.hits, 4);
    assert_eq!(pin.hits(&query("x"), 3).unwrap(), (search, batches.concat()));
    let count = AtomicUsize::new(0);
    let stop = || count.load(Ordering::SeqCst) >= 3;
    let add = |hits: Vec<Hit>| {
        count.fetch_add(hits.len(), Ordering::SeqCst);
    };
    let stopped = pin.stream(&query("x"), 9, &stop, add).unwrap();
    assert_eq!((stopped, count.into_inner()), (None, 3), "nothing of the fourth file");
}

#[test]
fn one_line_at_a_time_as_bytes() {
    let f = Fixture::new();
    let text = b"\xef\xbb\xbfbom\r\nend\r\nlone\rcr\nfoo\nbar\n\xff\xfee\0v\0a\0l\0\xc3\nlast".to_vec();
    // The NUL would make it binary within the first 8000 bytes.
    let text = [vec![b'#'; 8000], b"\n".to_vec(), text].concat();
    let commit = f.commit(f.tree(&[(b"f", FILE, f.blob(text))]), &[], 1);
    let pin = f.pin(commit);
    let lines = |q: Query| pin.search(&q).unwrap().places.iter().map(|place| place.line).collect::<Vec<_>>();
    assert_eq!(lines(query("end$")), [3]);
    assert_eq!(lines(query("^last$")), [8]);
    assert_eq!(lines(query("^bom")), Vec::<u64>::new(), "a byte order mark is bytes like others");
    assert_eq!(lines(query("\\rcr")), [4]);
    assert_eq!(lines(query("foo\\s+bar")), Vec::<u64>::new(), "no match across lines");
    assert_eq!(lines(query("eval")), Vec::<u64>::new(), "no decoding of UTF-16");
    assert_eq!(lines(query("(?-u)\\xff\\xfee")), [7]);
    assert_eq!(lines(Query { literal: true, ..query("lone\rcr") }), [4]);
    assert_eq!(lines(Query { case_sensitive: true, ..query("FOO") }), Vec::<u64>::new());
    assert_eq!(pin.search(&query("^")).unwrap().hits, 8, "an empty match is a match of its line");
    let (_, hits) = pin.hits(&query("##"), 1).unwrap();
    assert_eq!(hits[0].text.len(), 4096);
}

#[test]
fn a_search_that_proves_nothing_is_refused() {
    let f = Fixture::new();
    let kept = f.blob("kept\n");
    let gone = f.blob("gone\n");
    let commit = f.commit(f.tree(&[(b"a", FILE, kept), (b"b", FILE, gone)]), &[], 1);
    let pin = f.pin(commit);
    let none = Query { include: vec!["*.py".into()], ..query("x") };
    assert_eq!(pin.search(&none).unwrap_err().kind, Kind::False);
    let all_excluded = Query { exclude: vec!["*".into()], ..query("x") };
    assert_eq!(pin.search(&all_excluded).unwrap_err().kind, Kind::False);
    std::fs::remove_file(f.loose(gone)).unwrap();
    let pin = f.pin(commit);
    let error = pin.search(&query("x")).unwrap_err();
    assert_eq!(error.kind, Kind::CouldNot);
    assert!(error.message.contains(&gone.to_string()), "{error}");
    let said = pin.search(&Query { include: vec!["a".into()], ..query("x") }).unwrap();
    assert_eq!(said.files, 1);
    let lie = evidence::Search { query: query("x"), ..said };
    assert!(matches!(pin.check(&evidence(evidence::Kind::Search(lie))), Check::CouldNot(_)));

    let empty = f.commit(f.raw_tree(&[]), &[], 1);
    let pin = f.pin(empty);
    assert_eq!(pin.search(&query("x")).unwrap_err().kind, Kind::False);
    assert_eq!(pin.paths("*").unwrap_err().kind, Kind::False);
    assert_eq!(pin.history(&query("x")).unwrap_err().kind, Kind::False);
}

#[test]
fn globs_name_files_or_whole_paths() {
    let f = Fixture::new();
    let commit = f.files(
        &[("package-lock.json", "{}"), ("a/package-lock.json", "{}"), ("a/b/yarn.lock", ""), ("src/X.ts", "")],
        &[],
        1,
    );
    let pin = f.pin(commit);
    let list = |glob: &str| {
        let list = pin.paths(glob).unwrap();
        assert_eq!(list.entries, 4);
        assert_eq!(list.matches as usize, list.paths.len());
        list.paths.iter().map(|path| path.lossy().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("package-lock.json"), ["a/package-lock.json", "package-lock.json"]);
    assert_eq!(list("a/*"), ["a/package-lock.json"], "* stays in its folder");
    assert_eq!(list("a/**"), ["a/b/yarn.lock", "a/package-lock.json"]);
    assert_eq!(list("*.lock|src/*"), ["a/b/yarn.lock", "src/X.ts"]);
    assert_eq!(list("*.{ts,lock}"), ["a/b/yarn.lock", "src/X.ts"]);
    assert!(list("x.ts").is_empty(), "case counts");
    assert!(list("Cargo.lock").is_empty());
    for bad in ["/package-lock.json", "./a", "a//b", "a/", "../a", "", "a|", "[", "{a", "a{b"] {
        assert_eq!(pin.paths(bad).unwrap_err().kind, Kind::Usage, "{bad}");
    }
    let said = pin.paths("*.lock").unwrap();
    assert_eq!(pin.check(&evidence(evidence::Kind::Path(said.clone()))), Check::Holds);
    let lie = evidence::PathList { matches: 0, paths: Vec::new(), ..said };
    let check = pin.check(&evidence(evidence::Kind::Path(lie)));
    assert_eq!(check, Check::Fails("The matches differ: the evidence says 0, the repository 1.".into()));
}

#[test]
fn history_finds_the_commits_that_add_a_line() {
    let f = Fixture::new();
    let secret = "key = SECRET\n";
    let one = f.files(&[("a", "clean\n"), ("z/c", "c\n")], &[], 10);
    let adds = f.files(&[("a", &format!("clean\n{secret}")), ("z/c", "c\n")], &[one], 20);
    let moves_line = f.files(&[("a", &format!("{secret}clean\n")), ("z/c", "c\n")], &[adds], 30);
    let removes = f.files(&[("a", "clean\n"), ("z/c", "c\n")], &[moves_line], 40);
    let side = f.files(&[("a", "clean\n"), ("z/c", "SECRET too\n")], &[one], 35);
    let merge = f.files(&[("a", "clean\n"), ("z/c", "SECRET too\n")], &[removes, side], 50);
    let evil_merge = f.files(&[("a", "SECRET 3\n"), ("z/c", "SECRET too\n")], &[merge, side], 60);
    let renames = f.files(&[("b", "SECRET 3\n"), ("z/c", "SECRET too\n")], &[evil_merge], 70);
    let pin = f.pin(renames);
    let q = Query { case_sensitive: true, ..query("SECRET") };
    let history = pin.history(&q).unwrap();
    let want: Vec<Oid> = vec![renames, evil_merge, side, adds];
    assert_eq!(history.matching, want.iter().map(|id| own(*id)).collect::<Vec<_>>());
    assert_eq!((history.commits, history.matches), (8, 4));
    // clean, two forms of a, SECRET 3; c and SECRET too.
    assert_eq!(history.blobs, 6);
    let mut sorted: Vec<String> = want.iter().map(|id| format!("{id}\n")).collect();
    sorted.sort();
    assert_eq!(history.matches_digest, Sha256::of(sorted.concat()));
    assert_eq!(pin.check(&evidence(evidence::Kind::History(history.clone()))), Check::Holds);
    let lie = evidence::History { matches: 0, ..history };
    assert!(
        matches!(pin.check(&evidence(evidence::Kind::History(lie))), Check::Fails(why) if why.contains("matching commits"))
    );

    let scoped = f.open().pin(own(renames), &["z".into()]).unwrap().history(&q).unwrap();
    assert_eq!(scoped.matching, [own(side)]);
    assert_eq!((scoped.commits, scoped.blobs), (8, 2));
    assert_eq!(pin.history(&Query { include: vec!["a".into()], ..q.clone() }).unwrap_err().kind, Kind::Usage);

    std::fs::remove_file(f.loose(one)).unwrap();
    assert_eq!(f.pin(renames).history(&q).unwrap_err().kind, Kind::CouldNot);
}

#[test]
fn history_sees_a_link_that_becomes_code() {
    let f = Fixture::new();
    let evil = f.blob("eval(x)");
    let link = f.commit(f.tree(&[(b"a", SYMLINK, evil), (b"b", FILE, f.blob("b\n"))]), &[], 1);
    let code = f.commit(f.tree(&[(b"a", FILE, evil), (b"b", FILE, f.blob("b\n"))]), &[link], 2);
    let history = f.pin(code).history(&query("eval")).unwrap();
    assert_eq!(history.matching, [own(code)]);
    assert_eq!(history.skipped[0].why, SkipReason::Symlink);
    assert_eq!(history.skipped[0].paths, [RepoPath::from("a")]);
}

#[test]
fn patterns_are_checked_and_bounded() {
    for good in ["eval\\(", "\\w{8,}", "[A-Za-z0-9_-]{20,64}", "(?i)api[_-]?key\\s*=", "\\p{L}+", "\\bexec\\b", "a|b$"]
    {
        repo::compile(&query(good)).unwrap();
    }
    for bad in ["", "(", "a\\nb", "*", "(?P<n>", "\\w{5000}{5000}", "(?=x)", "((((a{99}){99}){99}){99})"] {
        let error = repo::compile(&query(bad)).unwrap_err();
        assert_eq!(error.kind, Kind::Usage, "{bad}");
        assert!(!error.message.contains('\n'), "{error}");
    }
    repo::compile(&Query { literal: true, ..query("*(") }).unwrap();
    let error = repo::compile(&query("\\w{500}")).unwrap_err();
    assert!(error.hints[0].contains("(?-u:\\w)"), "{error:?}");
    let error = repo::compile(&query("a(b")).unwrap_err();
    assert_eq!(error.message, "The pattern cannot be run: unclosed group.");
    assert!(repo::compile(&query(&"x".repeat(20_000))).is_err());
    assert!(repo::compile(&query(&"(".repeat(16_000))).is_err());
    assert!(repo::compile(&Query { include: vec!["{".repeat(4000)], ..query("x") }).is_err());
    let deep = format!("{}a{}", "{".repeat(1900), "}".repeat(1900));
    let _ = repo::compile(&Query { include: vec![deep], ..query("x") });
    assert!(repo::compile(&Query { exclude_line: Some("(".into()), ..query("x") }).is_err());
    assert!(repo::compile(&Query { include: vec!["a".into(); 300], ..query("x") }).is_err());
}

proptest! {
    #[test]
    fn compiling_never_panics(pattern: String, odd in "[(){}\\[\\]|*+?^$\\\\pPdw0-9,a-z:<>#&~-]{0,30}", literal: bool) {
        for text in [pattern, odd] {
            let q = Query { include: vec![text.clone()], exclude_line: Some(text.clone()), literal, ..query(&text) };
            let _ = repo::compile(&q);
            let _ = repo::compile(&query(&text));
        }
    }
}
