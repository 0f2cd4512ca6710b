//! What changed between commits, which commits changed a file, which tags hold a commit; and the commands that tell it.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::ops::Range;

use git2::{ObjectType, Oid};
use touchstone::repo::{Change, Changes, Touched};

use crate::repo_fixture::{EXECUTABLE, FILE, FOLDER, Fixture, SUBMODULE, SYMLINK, own};
use crate::support::Desk;

fn changes(f: &Fixture, old: Option<Oid>, new: Oid) -> Changes {
    f.open().changes(old.map(own), own(new), &|| false).unwrap().unwrap()
}

fn listed(changes: &Changes) -> Vec<String> {
    let one = |one: &touchstone::repo::Changed| {
        let lines = one.lines.map_or(one.note.to_owned(), |(plus, minus)| format!("+{plus} -{minus}"));
        let was = one.was.as_ref().map(|was| format!(" from {}", was.lossy())).unwrap_or_default();
        format!("{} {} {lines}{was}", one.change.letter(), one.path.lossy())
    };
    changes.changed.iter().map(one).collect()
}

#[test]
fn lists_what_changed_in_the_tree() {
    let f = Fixture::new();
    let (text, same) = (f.blob("1\n2\n"), f.blob("same\n"));
    let old = f.commit(
        f.tree(&[
            (b"binary", FILE, f.blob("\0a")),
            (b"d/kept", FILE, same),
            (b"d/moved", FILE, f.blob("moved\n")),
            (b"file then folder", FILE, text),
            (b"gone", FILE, text),
            (b"link", SYMLINK, f.blob("a")),
            (b"mode", FILE, same),
            (b"text", FILE, text),
        ]),
        &[],
        10,
    );
    let new = f.commit(
        f.tree(&[
            (b"binary", FILE, f.blob("\0b")),
            (b"d/kept", FILE, same),
            (b"elsewhere/moved", FILE, f.blob("moved\n")),
            (b"file then folder/x", FILE, f.blob("x")),
            (b"link", SYMLINK, f.blob("b")),
            (b"mode", EXECUTABLE, same),
            (b"new\x1b", FILE, f.blob("1\n")),
            (b"sub", SUBMODULE, same),
            (b"text", FILE, f.blob("1\nTwo\n3\n")),
        ]),
        &[old],
        20,
    );
    let found = changes(&f, Some(old), new);
    assert_eq!(found.cut, None);
    assert_eq!(
        listed(&found),
        [
            "M binary binary",
            "R elsewhere/moved +0 -0 from d/moved",
            "D file then folder +0 -2",
            "A file then folder/x +1 -0",
            "D gone +0 -2",
            "M link link",
            "M mode +0 -0",
            "A new\u{1b} +1 -0",
            "A sub submodule",
            "M text +2 -1",
        ]
    );
    assert_eq!(changes(&f, Some(new), new).changed, []);
    assert_eq!(changes(&f, None, old).changed.len(), 8);
}

#[test]
fn a_bomb_of_trees_is_cut_and_a_stop_is_heard() {
    let f = Fixture::new();
    let level = |tree: Oid| -> Oid {
        let names: Vec<Vec<u8>> = (0..10).map(|name| vec![b'a' + name]).collect();
        f.raw_tree(&names.iter().map(|name| (&name[..], FOLDER, tree)).collect::<Vec<_>>())
    };
    let mut tree = f.tree(&[(b"x", FILE, f.blob("x"))]);
    for _ in 0..10 {
        tree = level(tree);
    }
    let (old, bomb) = (f.commit(f.raw_tree(&[]), &[], 1), f.commit(tree, &[], 2));
    let stopped = f.open().changes(Some(own(old)), own(bomb), &|| true).unwrap();
    assert_eq!(stopped, None);
    let found = changes(&f, Some(old), bomb);
    assert!(found.cut.unwrap().contains("1000000"), "the budget is what ends it");
}

#[test]
fn compares_a_file_line_by_line() {
    let f = Fixture::new();
    let lines: String = (0..20).map(|line| format!("{line}\n")).collect();
    let old = f.files(&[("a", &lines), ("b", "x")], &[], 10);
    let (changed, long) = (lines.replace("7\n", "seven\r\nmore\n"), "\n".repeat(500_001));
    let new = f.files(&[("a", &changed), ("bin", "\0"), ("d/x", ""), ("long", &long)], &[old], 20);
    let (path, repo) = ("a".into(), f.open());
    let found = repo.compare(Some((own(old), &path)), (own(new), &path)).unwrap();
    assert_eq!(found.lines(), (4, 2), "7 and 17");
    let first = &found.blocks[0];
    assert_eq!((first.old.clone(), first.new.clone()), (7..8, 7..9));
    let rows = found.rows(true);
    assert_eq!(rows.iter().filter(|row| row.changed).count(), 4);
    assert_eq!(rows[3].old.zip(rows[3].new), Some((7, 7)));
    assert_eq!(rows.iter().filter(|row| row.gap).count(), 2);
    assert_eq!(found.rows(false).iter().filter(|row| row.changed).count(), 6);
    for (path, word) in [("bin", "binary"), ("d", "not a file"), ("long", "too many"), ("none", "neither")] {
        let path = path.into();
        let said = repo.compare(Some((own(old), &path)), (own(new), &path)).unwrap_err();
        assert!(said.message.contains(word), "{said}");
    }
    let gone = repo.compare(Some((own(old), &"b".into())), (own(new), &"b".into())).unwrap();
    assert_eq!((gone.new.is_none(), gone.lines()), (true, (0, 1)));
}

#[test]
fn a_comparison_asks_no_attribute_and_no_config() {
    let f = Fixture::new();
    let attributes = ("* -diff binary\n", ".gitattributes");
    let old = f.files(&[("a", "1\n"), (attributes.1, attributes.0)], &[], 10);
    let new = f.files(&[("a", "2\n"), (attributes.1, attributes.0)], &[old], 20);
    f.write("info/attributes", attributes.0);
    f.write("config", "[core]\n\trepositoryformatversion = 0\n[diff]\n\talgorithm = nonsense\n\tcontext = nonsense\n");
    f.write(&format!("refs/replace/{new}"), format!("{old}\n"));
    let path = "a".into();
    let found = f.open().compare(Some((own(old), &path)), (own(new), &path)).unwrap();
    assert_eq!(found.lines(), (1, 1));
    assert_eq!(listed(&changes(&f, Some(old), new)), ["M a +1 -1"]);
}

fn touched(f: &Fixture, from: Oid, path: &str, lines: Option<Range<usize>>) -> (Vec<Touched>, Option<String>) {
    let mut all = Vec::new();
    let end = f.open().touched(own(from), &path.into(), lines, &|| false, &mut |one| all.push(one)).unwrap();
    (all, end.unwrap().doubt)
}

fn ids(list: &[Touched]) -> Vec<String> {
    list.iter().map(|one| one.commit.id.to_string()).collect()
}

#[test]
fn follows_a_file_and_its_lines_through_merges_and_a_rename() {
    let f = Fixture::new();
    let one = f.files(&[("old", "1\n2\n3\n4\n"), ("x", "")], &[], 10);
    let two = f.files(&[("old", "1\n2\n3\nfour\n"), ("x", "y")], &[one], 20);
    let renamed = f.files(&[("src/new", "0\n1\n2\n3\nfour\n"), ("x", "y")], &[two], 30);
    let side = f.files(&[("src/new", "0\n1\nTWO\n3\nfour\n"), ("x", "y")], &[renamed], 40);
    let other = f.files(&[("src/new", "0\n1\n2\n3\nfour\n"), ("x", "z")], &[renamed], 41);
    let merge = f.files(&[("src/new", "0\n1\nTWO\n3\nfour\n"), ("x", "z")], &[other, side], 50);
    let tip = f.files(&[("src/new", "0\n1\nTWO\n3\nfour\n5\n"), ("x", "z")], &[merge], 60);
    let (all, doubt) = touched(&f, tip, "src/new", None);
    assert_eq!(ids(&all), [tip, side, renamed, two, one].map(|id| id.to_string()));
    assert_eq!(doubt, None);
    let what: Vec<Change> = all.iter().map(|one| one.change).collect();
    assert_eq!(what, [Change::Modified, Change::Modified, Change::Renamed, Change::Modified, Change::Added]);
    assert_eq!((all[2].was.clone(), all[3].path.clone()), (Some("old".into()), "old".into()));
    // A rename is a commit of its own; the lines' own changes are the others.
    let (line, _) = touched(&f, tip, "src/new", Some(2..3));
    assert_eq!(ids(&line), [side, renamed, one].map(|id| id.to_string()));
    assert_eq!(line[1].lines, Some(2..3));
    assert_eq!(line[2].lines, Some(1..2));
    let (line, _) = touched(&f, tip, "src/new", Some(5..6));
    assert_eq!(ids(&line), [tip.to_string()], "it is new there");
    f.write("shallow", format!("{renamed}\n"));
    let (all, doubt) = touched(&f, tip, "src/new", None);
    assert_eq!(ids(&all), [tip, side, renamed].map(|id| id.to_string()));
    assert!(doubt.unwrap().contains("shallow"));
}

#[test]
fn finds_the_tags_that_contain_a_commit() {
    let f = Fixture::new();
    let one = f.files(&[("a", "1")], &[], 100);
    // Its date is before its parent's: no walk may end at it.
    let two = f.files(&[("a", "2")], &[one], 5);
    let apart = f.files(&[("a", "3")], &[], 200);
    let merge = f.files(&[("a", "4")], &[apart, two], 300);
    let tag = format!("object {merge}\ntype commit\ntag v\ntagger T <t> 1 +0000\n\nx\n");
    let tag = f.object(ObjectType::Tag, tag.as_bytes());
    for (name, id) in [("at", one), ("next", two), ("apart", apart), ("signed/v\u{202e}2", tag)] {
        f.write(&format!("refs/tags/{name}"), format!("{id}\n"));
    }
    let found = f.open().tags_containing(own(one), &|| false).unwrap();
    assert_eq!(found.tags, ["at", "next", r"signed/v\u{202e}2"]);
    assert_eq!(found.doubts, Vec::<String>::new());
    std::fs::remove_file(f.loose(two)).unwrap();
    let found = f.open().tags_containing(own(one), &|| false).unwrap();
    assert_eq!(found.tags, ["at"]);
    assert!(found.doubts[0].starts_with("The tag next: The commit "), "{found:?}");
    assert!(found.doubts[1].contains("could not be read"), "{found:?}");
    f.write("shallow", format!("{merge}\n"));
    assert!(f.open().tags_containing(own(one), &|| false).unwrap().doubts[0].contains("shallow"));
}

#[test]
fn a_tag_that_is_not_looked_at_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let f = Fixture::new();
    let one = f.files(&[("a", "1")], &[], 100);
    f.write("refs/tags/good", format!("{one}\n"));
    let doubts = |f: &Fixture| f.open().tags_containing(own(one), &|| false).unwrap().doubts;
    assert_eq!(doubts(&f), Vec::<String>::new());
    // Its tag object is gone.
    f.write("refs/tags/lost", format!("{}\n", "7".repeat(40)));
    assert!(doubts(&f)[0].contains("The tag lost: "), "{:?}", doubts(&f));
    std::fs::remove_file(f.git.join("refs/tags/lost")).unwrap();
    std::fs::write(f.git.join("refs/tags").join(std::ffi::OsStr::from_bytes(b"\xff")), format!("{one}\n")).unwrap();
    assert!(doubts(&f)[0].starts_with("One has a name below refs/tags/"), "{:?}", doubts(&f));
    f.write("packed-refs", [format!("{one} refs/tags/").as_bytes(), b"\xfe\n"].concat());
    assert!(doubts(&f)[0].starts_with("2 have names"), "{:?}", doubts(&f));
    let stopped = f.open().tags_containing(own(one), &|| true).unwrap();
    assert!(stopped.doubts.iter().any(|doubt| doubt.contains("Not all")), "{stopped:?}");
    f.write("packed-refs", format!("{one} refs/tags/packed\nnonsense\n"));
    let said = f.open().tags_containing(own(one), &|| false).unwrap_err();
    assert!(said.message.contains("packed-refs"), "{said}");
    assert!(f.open().names().is_err());
}

#[test]
fn dates_hide_no_commit_from_the_history() {
    for (first, second) in [(90, 10), (10, 90), (90, 90)] {
        let f = Fixture::new();
        let body: String = (0..20).map(|line| format!("line {line}\n")).collect();
        let (evil, other) = (format!("{body}evil\n"), "other text\n".repeat(9));
        let root = f.files(&[("g", &body), ("h", &other)], &[], 5);
        let added = f.files(&[("g", &evil), ("h", &other)], &[root], 50);
        let beside = f.files(&[("g", &evil), ("h", &other), ("z", &other)], &[added], 60);
        // One side renames h, the other g.
        let one = f.files(&[("f", &other), ("g", &evil), ("z", &other)], &[beside], first);
        let two = f.files(&[("f", &evil), ("h", &other), ("z", &other)], &[beside], second);
        let tip = f.files(&[("f", &format!("{evil}merge\n")), ("z", &other)], &[one, two], 100);
        let (all, doubt) = touched(&f, tip, "f", None);
        assert!(ids(&all).contains(&added.to_string()), "{:?}", ids(&all));
        assert_eq!(doubt, None);
        let mut once = ids(&all);
        once.sort();
        once.dedup();
        assert_eq!(once.len(), [tip, one, two, added, root].len(), "{:?}", ids(&all));
    }
}

#[test]
fn a_rename_that_was_not_found_is_told() {
    let f = Fixture::new();
    let names: Vec<String> = (0..300).map(|number| format!("many/{number:03}")).collect();
    let texts: Vec<String> = (0..300).map(|number| format!("{number}\n").repeat(9)).collect();
    let body = "the body\n".repeat(9);
    let mut items: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(name, text)| (&name[..], &text[..])).collect();
    items.push(("zzz/file", &body));
    let old = f.files(&items, &[], 10);
    let changed = format!("{body}more\n");
    // The same name is looked at before all others.
    let new = f.files(&[("moved/file", &changed)], &[old], 20);
    let (all, doubt) = touched(&f, new, "moved/file", None);
    assert_eq!((ids(&all), doubt), ([new, old].map(|id| id.to_string()).into(), None));
    let new = f.files(&[("moved/other", &changed)], &[old], 20);
    let (all, doubt) = touched(&f, new, "moved/other", None);
    assert_eq!((all.len(), all[0].change), (1, Change::Added));
    assert!(doubt.unwrap().contains("only 200"));
    // Too large to be compared, unless it is the same.
    let large = "a line of a large file\n".repeat(60_000);
    let old = f.files(&[("large", &large), ("x", "x")], &[], 10);
    let same = f.files(&[("moved", &large), ("x", "x")], &[old], 20);
    assert_eq!(touched(&f, same, "moved", None).0.len(), 2);
    let new = f.files(&[("moved", &format!("{large}more\n")), ("x", "x")], &[old], 20);
    assert!(touched(&f, new, "moved", None).1.unwrap().contains("too large"));
    // In a merge.
    let side = f.files(&[("x", "y")], &[], 10);
    let old = f.files(&[("old", &body), ("x", "x")], &[], 10);
    let merge = f.files(&[("new", &changed), ("x", "y")], &[side, old], 20);
    let (all, doubt) = touched(&f, merge, "new", None);
    assert_eq!((ids(&all), doubt), ([merge, old].map(|id| id.to_string()).into(), None));
}

#[test]
fn what_is_too_large_is_listed_with_a_doubt_and_not_compared() {
    let f = Fixture::new();
    let long = "\n".repeat(500_001);
    let wide = "0123456789abcde\n".repeat(600_000);
    for (text, why) in [(&long, "too many lines"), (&wide, "too large")] {
        let old = f.files(&[("a", text)], &[], 10);
        let new = f.files(&[("a", &format!("first\n{text}"))], &[old], 20);
        let (all, doubt) = touched(&f, new, "a", Some(0..1));
        assert_eq!(ids(&all), [new.to_string()]);
        assert!(doubt.unwrap().contains(why));
        assert_eq!(listed(&changes(&f, Some(old), new)), [format!("M a {why}")]);
        // It is shown and attributed all the same.
        assert_eq!(f.open().version(own(old), &"a".into()).unwrap().bytes.len(), text.len());
    }
    let said = f.open().version(own(f.files(&[("a", "\0")], &[], 1)), &"a".into()).unwrap_err();
    assert!(said.message.contains("binary"), "{said}");
}

#[test]
fn lines_that_are_not_there_have_no_history() {
    let f = Fixture::new();
    let one = f.files(&[("a", "1\n2\n3\n")], &[], 10);
    let run = |lines| f.open().touched(own(one), &"a".into(), Some(lines), &|| false, &mut |_| {});
    assert!(run(89..99).unwrap_err().message.contains("no line 90"));
    assert!(run(3..4).is_err());
    let (all, _) = touched(&f, one, "a", Some(1..99));
    assert_eq!(all[0].lines, Some(1..3));
}

#[test]
fn a_file_where_a_submodule_was_is_new() {
    let f = Fixture::new();
    let empty = f.commit(f.raw_tree(&[]), &[], 5);
    let sub = f.commit(f.tree(&[(b"a", SUBMODULE, empty)]), &[empty], 10);
    let file = f.files(&[("a", "1\n")], &[sub], 20);
    for lines in [None, Some(0..1)] {
        let (all, doubt) = touched(&f, file, "a", lines);
        assert_eq!((ids(&all), all[0].change, doubt), (vec![file.to_string()], Change::Added, None));
    }
    let next = f.commit(f.tree(&[(b"a", SUBMODULE, sub)]), &[sub], 30);
    assert_eq!(ids(&touched(&f, next, "a", None).0), [next, sub].map(|id| id.to_string()));
}

#[test]
fn commands_tell_it_as_text_and_json() {
    let desk = Desk::light(&["stdio"]);
    let (older, commit) = (desk.older.to_string(), desk.commit.to_string());
    let blame = desk.json(["blame", "src/auth.ts", "--lines", "3:4"]);
    assert_eq!(blame["schema"], "touchstone.blame/1");
    assert_eq!(blame["hunks"][0]["first"], 3);
    assert_eq!(blame["hunks"][0]["commit"], commit.as_str());
    assert_eq!(blame["commits"][0]["author"]["name"], "A U Thor");
    let text = desk.ok(["blame", "src/db.ts"]);
    assert!(text.starts_with(&format!(" {} A U Thor         2025-10-09 1  import", &older[..7])), "{text}");
    assert!(text.trim_end().ends_with(blame["blamer"].as_str().unwrap()), "{text}");
    let diff = desk.json(["diff"]);
    assert_eq!((&diff["old"], &diff["new"]), (&older.as_str().into(), &commit.as_str().into()));
    assert_eq!(diff["files"].as_array().unwrap().len(), 1);
    assert_eq!(diff["files"][0]["path"], "src/auth.ts");
    assert!(desk.ok(["diff", "v1.1.0", "v1.2.0"]).contains(" +12 -0  src/auth.ts"));
    let text = desk.ok(["diff", "v1.2.0", "v1.1.0", "--", "src/auth.ts"]);
    assert!(text.contains("+0 -12") && text.contains(" 1    - import type"), "{text}");
    let history = desk.json(["history", "src/auth.ts"]);
    assert_eq!(history["commits"][0]["commit"]["id"], commit.as_str());
    assert_eq!(history["commits"].as_array().unwrap().len(), 1);
    assert_eq!(desk.json(["history", "src/db.ts", "--lines", "1"])["commits"][0]["change"], "A");
    assert_eq!(desk.json(["tags"])["tags"], serde_json::json!(["v1.2.0"]));
    assert_eq!(desk.json(["tags", "--at", "v1.1.0"])["tags"], serde_json::json!(["v1.1.0", "v1.2.0"]));
    for (command, schema) in [("diff", &diff), ("history", &history), ("tags", &desk.json(["tags"]))] {
        assert_eq!(schema["schema"], format!("touchstone.{command}/1"));
    }
    desk.fails(["blame", "none"], 3);
    desk.fails(["blame", "src/db.ts", "--lines", "4:3"], 2);
    desk.fails(["blame", "src/db.ts", "--lines", "90"], 2);
    desk.fails(["diff", "nothing"], 3);
    desk.fails(["diff", "a", "b", "c"], 2);
    desk.fails(["history", "none"], 3);
}
