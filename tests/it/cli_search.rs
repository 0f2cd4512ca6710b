//! `touchstone search`: with an audit and without one.

use serde_json::json;

use crate::support::Desk;

#[test]
fn hits_are_printed_with_what_was_read() {
    let desk = Desk::open(&["stdio"]);
    let text = desk.ok(["search", "export f", "--in", "src/**", "--not", "db.ts"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("src/auth.ts:6: export f"), "{text}");
    assert!(lines[2].starts_with("1 hit in ") && lines[2].contains("files read"), "{text}");
    assert!(lines[2].ends_with("; apart from them 1 hit in 1 excluded file"), "{text}");
    assert!(lines[3].starts_with("not read: ") && lines[4].starts_with("files ") && lines[5].starts_with("hits  "));
    let json = desk.json(["search", "export f", "--in", "src/**", "--not", "db.ts"]);
    assert_eq!((&json["schema"], &json["search"]["hits"]), (&json!("touchstone.search/1"), &json!(1)));
    assert_eq!(json["lines"][0]["path"], "src/auth.ts");
    assert_eq!(json["search"]["filesDigest"].as_str().unwrap(), lines[4].trim_start_matches("files "));
    // A glob that takes out is written as for evidence, too.
    assert_eq!(desk.json(["search", "export f", "--in", "src/**", "--in", "!db.ts"]), json);
    // The same search as evidence has the same digests.
    desk.ok(["evidence", "add", "--search", "export f", "--in", "src/**", "--in", "!db.ts"]);
    let piece = desk.json(["evidence", "show", "E1"]).to_string();
    assert!(piece.contains(json["search"]["hitsDigest"].as_str().unwrap()), "{piece}");
    assert!(piece.contains(json["search"]["filesDigest"].as_str().unwrap()), "{piece}");
}

#[test]
fn every_option_changes_what_is_found() {
    let desk = Desk::open(&["stdio"]);
    let count = |args: &[&str]| desk.json([&["search"], args].concat())["search"]["hits"].as_u64().unwrap();
    assert!(count(&["key"]) > count(&["key", "--word"]));
    assert!(count(&["KEY"]) > count(&["KEY", "--case"]));
    assert_eq!(count(&["e.p.r.", "--literal"]), 0);
    assert!(count(&["e.p.r."]) > 0);
    let two = desk.json(["search", "key", "--max", "2"]);
    assert_eq!(two["lines"].as_array().unwrap().len(), 2);
    assert!(desk.ok(["search", "key", "--max", "2"]).contains(" more hits\n"));
    assert!(desk.ok(["search", "nowhere_at_all"]).starts_with("0 hits in "), "absence is an answer as well");
    assert!(desk.fails(["search", "a("], 2).contains("unclosed group"));
    assert!(desk.fails(["search", "a", "--in", "*.cobol"], 1).contains("read no file"));
    assert!(desk.fails(["search", "a", "--audit", "no-such-audit"], 2).contains("no-such-audit"));
}

#[test]
fn a_clone_without_an_audit_is_searched_at_a_commit() {
    let desk = Desk::new();
    desk.git.main(desk.git.files(&[("a.txt", "old \u{1b}[31mhit\n")], &[], 1));
    let old = desk.json(["search", "hit"]);
    desk.git.main(desk.git.files(&[("a.txt", "new hit\nhit\n")], &[], 2));
    assert_eq!(desk.json(["search", "hit"])["search"]["hits"], 2);
    let commit = old["commit"].as_str().unwrap();
    let text = desk.ok(["search", "hit", "--at", commit]);
    assert!(text.starts_with("a.txt:1: old ") && !text.contains('\u{1b}'), "{text:?}");
    assert_eq!(desk.json(["search", "hit", "--at", &commit[..12]]), old);
    assert!(desk.fails(["search", "hit", "--at", "no-such-branch"], 3).contains("no-such-branch"));
}
