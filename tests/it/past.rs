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
    let found = f.open().tags_containing(own(one), &|| false);
    assert_eq!(found.tags, ["at", "next", r"signed/v\u{202e}2"]);
    assert_eq!(found.doubts, Vec::<String>::new());
    std::fs::remove_file(f.loose(two)).unwrap();
    let found = f.open().tags_containing(own(one), &|| false);
    assert_eq!(found.tags, ["at"]);
    assert!(found.doubts[0].contains("could not be read"), "{found:?}");
    f.write("shallow", format!("{merge}\n"));
    assert!(f.open().tags_containing(own(one), &|| false).doubts[0].contains("shallow"));
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
