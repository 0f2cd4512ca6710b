//! Blame: the same lines as git's own, and a clone that cannot have a say in it.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use git2::{ObjectType, Oid};
use touchstone::model::evidence::RepoPath;
use touchstone::repo::{Blamer, Git, Hunk, Wanted};

use crate::repo_fixture::{FILE, Fixture, overwrite, own};
use crate::support::skipped;

/// A line's commit, path there and line there, from 0.
type Origin = (String, Vec<u8>, usize);

fn git_of(f: &Fixture) -> Option<Git> {
    let git = Git::find(&f.open());
    if git.is_none() {
        skipped("there is no git, so blame was not compared with its own");
    }
    git
}

fn wanted(commit: Oid, path: &[u8]) -> Wanted {
    Wanted { commit: own(commit), path: RepoPath(path.to_vec()), only: None, first: None }
}

/// Runs ours; hunks in the order in which they came.
fn run(f: &Fixture, git: Option<&Git>, wanted: &Wanted) -> touchstone::Result<(Blamer, Vec<Hunk>)> {
    let mut all = Vec::new();
    let blamer = f.open().blame(git, wanted, &|| false, &mut |hunks| all.extend(hunks))?;
    Ok((blamer.unwrap(), all))
}

fn origins(hunks: &[Hunk]) -> Vec<Origin> {
    let count = hunks.iter().map(|hunk| hunk.lines.end).max().unwrap_or(0);
    let mut lines = vec![None; count];
    for hunk in hunks {
        for (at, line) in hunk.lines.clone().enumerate() {
            let origin = (hunk.commit.id.to_string(), hunk.path.0.clone(), hunk.from + at);
            // What comes twice says the same.
            assert!(lines[line].as_ref().is_none_or(|known| *known == origin), "{line}");
            lines[line] = Some(origin);
        }
    }
    lines.into_iter().map(Option::unwrap).collect()
}

fn ours(f: &Fixture, git: Option<&Git>, commit: Oid, path: &[u8]) -> Vec<Origin> {
    origins(&run(f, git, &wanted(commit, path)).unwrap().1)
}

/// Runs git itself in the clone, with whatever the clone tells it.
fn theirs(f: &Fixture, commit: Oid, path: &[u8], more: &[&str]) -> Vec<Origin> {
    let output = Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", f.dir.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .arg("--git-dir")
        .arg(&f.git)
        .args(more)
        .args(["blame", "--porcelain", &commit.to_string(), "--"])
        .arg(std::ffi::OsStr::from_bytes(path))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines: Vec<Origin> = Vec::new();
    let mut names = std::collections::HashMap::new();
    let mut head = None;
    for line in output.stdout.split(|byte| *byte == b'\n') {
        if let Some((commit, there)) = head.take() {
            if line.starts_with(b"\t") {
                lines.push((commit, Vec::new(), there));
                continue;
            }
            if let Some(name) = line.strip_prefix(b"filename ") {
                names.insert(lines.len(), name.to_vec());
            }
            head = Some((commit, there));
        } else if !line.is_empty() {
            let text = String::from_utf8_lossy(line);
            let mut words = text.split(' ');
            head = Some((words.next().unwrap().to_owned(), words.next().unwrap().parse::<usize>().unwrap() - 1));
        }
    }
    lines
}

/// Drops the paths, which git's porcelain names once per commit only.
fn without_paths(lines: &[Origin]) -> Vec<(String, usize)> {
    lines.iter().map(|(commit, _, there)| (commit.clone(), *there)).collect()
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Makes a history of edits, with merges and a rename, from a number; returns its commits, the newest last.
fn edited(f: &Fixture, seed: u64, commits: usize) -> Vec<Oid> {
    let mut state = seed;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut lines: Vec<String> = (0..30).map(|line| format!("line {line}")).collect();
    let mut path = "old name.txt";
    let mut made = vec![f.files(&[(path, &text(&lines))], &[], 1_000)];
    for number in 1..commits {
        let mut parents = vec![*made.last().unwrap()];
        for _ in 0..=random(3) {
            let at = random(lines.len());
            match random(4) {
                0 => drop(lines.remove(at)),
                1 => lines[at] = format!("edit {number}"),
                2 => lines.insert(at, "same line".to_owned()),
                _ => lines.insert(at, format!("new {number} {at}")),
            }
        }
        if number == commits / 2 {
            path = "src/file.txt";
        } else if number % 7 == 3 {
            // A side branch adds a line at the top, and the merge keeps both.
            let mut side = lines.clone();
            side.insert(0, format!("side {number}"));
            let branch = f.files(&[(path, &text(&side))], &parents, 1_000 + number as i64);
            parents.push(branch);
            lines = side;
            lines.push(format!("merged {number}"));
        }
        made.push(f.files(&[(path, &text(&lines)), ("other", &number.to_string())], &parents, 1_001 + number as i64));
    }
    made
}

#[test]
fn attributes_the_same_lines_as_git() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    for seed in 1..4 {
        let made = edited(&f, seed, 24);
        let tip = *made.last().unwrap();
        let whole = ours(&f, Some(&git), tip, b"src/file.txt");
        assert_eq!(without_paths(&whole), without_paths(&theirs(&f, tip, b"src/file.txt", &[])), "seed {seed}");
        assert!(whole.iter().any(|line| line.1 == b"old name.txt"), "nothing came from before the rename");
        // Some lines first: the same, and they are there before the others.
        let first = 10..14;
        let asked = Wanted { first: Some(first.clone()), ..wanted(tip, b"src/file.txt") };
        assert_eq!(origins(&run(&f, Some(&git), &asked).unwrap().1), whole);
        let only = Wanted { only: Some(first.clone()), ..wanted(tip, b"src/file.txt") };
        let (_, hunks) = run(&f, Some(&git), &only).unwrap();
        assert!(hunks.iter().all(|hunk| first.start <= hunk.lines.start && hunk.lines.end <= first.end));
        assert_eq!(hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>(), first.len());
        for hunk in hunks {
            assert_eq!(whole[hunk.lines.start].0, hunk.commit.id.to_string());
        }
    }
}

#[test]
fn says_who_and_what_was_before() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let one = f.files(&[("a", "the first line\nthe second line\n3\n")], &[], 10);
    let tree = f.tree(&[(b"b", FILE, f.blob("the first line\nthe second line\nnew\x1b[31m\n"))]);
    let commit = format!(
        "tree {tree}\nparent {one}\nauthor E\x1b]0;x\x07vil <e@x> 86400 +0000\n\
         committer C <c@x> 86400 +0000\n\nsum\u{202e}mary\n\nbody\n"
    );
    let two = f.object(ObjectType::Commit, commit.as_bytes());
    let (blamer, hunks) = run(&f, Some(&git), &wanted(two, b"b")).unwrap();
    assert_eq!(blamer, Blamer::Git);
    let new = hunks.iter().find(|hunk| hunk.lines == (2..3)).unwrap();
    assert_eq!(new.commit.author.name, r"E\u{1b}]0;x\u{7}vil");
    assert_eq!((new.commit.date().as_str(), new.commit.summary.as_str()), ("1970-01-02", r"sum\u{202e}mary"));
    assert_eq!(new.before, Some((own(one), "a".into())));
    let old = hunks.iter().find(|hunk| hunk.lines == (0..2)).unwrap();
    assert_eq!((old.commit.id, old.path.clone(), old.before.clone()), (own(one), "a".into(), None));
}

#[test]
fn libgit2_stands_in_and_is_labelled() {
    let f = Fixture::new();
    let one = f.files(&[("a", "1\n2\n3\n")], &[], 10);
    let two = f.files(&[("a", "1\nx\n3\n")], &[one], 20);
    f.write("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tworktree = /nowhere\n");
    let (blamer, hunks) = run(&f, None, &wanted(two, b"a")).unwrap();
    assert_eq!(blamer, Blamer::Libgit2);
    let lines: Vec<String> = origins(&hunks).into_iter().map(|line| line.0).collect();
    assert_eq!(lines, [one, two, one].map(|id| id.to_string()));
    let long = f.files(&[("a", &"x\n".repeat(6_000))], &[], 10);
    let said = run(&f, None, &wanted(long, b"a")).unwrap_err();
    assert!(said.message.contains("no git") && said.message.contains("6000"), "{said}");
}

#[test]
fn a_shallow_clone_ends_at_its_edge() {
    let f = Fixture::new();
    let made = edited(&f, 9, 12);
    let (tip, edge) = (made[11], made[8]);
    f.write("shallow", format!("{edge}\n"));
    let git = git_of(&f);
    if let Some(git) = &git {
        let (_, hunks) = run(&f, Some(git), &wanted(tip, b"src/file.txt")).unwrap();
        assert_eq!(without_paths(&origins(&hunks)), without_paths(&theirs(&f, tip, b"src/file.txt", &[])));
        let at_edge: Vec<&Hunk> = hunks.iter().filter(|hunk| hunk.commit.id == own(edge)).collect();
        assert!(!at_edge.is_empty() && at_edge.iter().all(|hunk| hunk.commit.edge && hunk.commit.parents.is_empty()));
        assert!(hunks.iter().all(|hunk| hunk.commit.edge == (hunk.commit.id == own(edge))));
    }
    let mut only = Vec::new();
    let asked = wanted(tip, b"src/file.txt");
    f.open().blame(None, &asked, &|| false, &mut |hunks| only.extend(hunks)).unwrap();
    let older: Vec<String> = made[..8].iter().map(ToString::to_string).collect();
    assert!(only.iter().all(|hunk| !older.contains(&hunk.commit.id.to_string())), "libgit2 went over the edge");
}

#[test]
fn nothing_of_the_clone_has_a_say() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let mark = f.dir.path().join("it ran");
    let run_it = format!("touch '{}'; cat", mark.display());
    let script = f.dir.path().join("evil");
    std::fs::write(&script, format!("#!/bin/sh\n{run_it}\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let attributes = "* diff=evil filter=evil text working-tree-encoding=UTF-16 export-subst\n";
    let mailmap = "Somebody Else <else@x> <a@example.org>\n";
    let one = f.files(&[("a", "1\r\n2\r\n3\r\n"), (".gitattributes", attributes), (".mailmap", mailmap)], &[], 10);
    let files = [("a", "1\r\nTwo\r\n3\r\n"), (".gitattributes", attributes), (".mailmap", mailmap), ("late", "x")];
    let two = f.files(&files, &[one], 20);
    let files = [("a", "one\r\nTwo\r\n3\r\n"), (".gitattributes", attributes), (".mailmap", mailmap)];
    let three = f.files(&files, &[two], 30);
    f.main(three);
    let honest = run(&f, Some(&git), &wanted(three, b"a")).unwrap();
    assert_eq!(
        origins(&honest.1).into_iter().map(|line| line.0).collect::<Vec<_>>(),
        [three, two, one].map(|id| id.to_string())
    );
    let ignored = f.dir.path().join("ignored");
    std::fs::write(&ignored, format!("{two}\n{three}\n")).unwrap();
    let evil = script.display();
    f.write("included", "[blame]\n\tshowRoot = true\n");
    f.write("info/attributes", attributes);
    f.write("info/grafts", format!("{three} {one}\n"));
    f.write("hooks/post-index-change", format!("#!/bin/sh\n{run_it}\n"));
    f.write(
        "config",
        format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = {evil}\n\tpager = {evil}\n\
             \thooksPath = {}\n\tattributesFile = {}\n[diff \"evil\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n\
             [filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n[alias]\n\tblame = !{evil}\n\
             [blame]\n\tignoreRevsFile = {}\n[mailmap]\n\tblob = HEAD:.mailmap\n[include]\n\tpath = included\n\
             [pager]\n\tblame = {evil}\n",
            f.git.join("hooks").display(),
            f.git.join("info/attributes").display(),
            ignored.display(),
        ),
    );
    // As if the second commit had never been.
    f.write(format!("refs/replace/{two}").as_str(), format!("{one}\n"));
    assert_ne!(
        without_paths(&theirs(&f, three, b"a", &["-c", "alias.blame="])),
        without_paths(&origins(&honest.1)),
        "the clone does not mislead git itself, so this shows nothing"
    );
    let _ = std::fs::remove_file(&mark);
    assert_eq!(run(&f, Some(&git), &wanted(three, b"a")).unwrap(), honest);
    assert_eq!(honest.1[0].commit.author.name, "A U Thor");
    assert!(!mark.exists(), "a program of the clone ran");
}

#[test]
fn a_commit_graph_that_lies_is_not_read() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let one = f.files(&[("a", "1\n2\n3\n")], &[], 10);
    let two = f.files(&[("a", "1\nTwo\n3\n")], &[one], 20);
    let three = f.files(&[("a", "one\nTwo\n3\n")], &[two], 30);
    f.main(three);
    let written = Command::new("git")
        .args(["--git-dir", f.git.to_str().unwrap(), "commit-graph", "write", "--reachable"])
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    let path = f.git.join("objects/info/commit-graph");
    let mut graph = std::fs::read(&path).unwrap();
    let four = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    let chunk = (0..graph[6] as usize + 1).map(|at| 8 + 12 * at).find(|at| &graph[*at..at + 4] == b"CDAT").unwrap();
    let data = four(&graph[chunk + 8..]);
    let mut ids = [one, two, three].map(|id| id.to_string());
    ids.sort();
    let place = |id: Oid| ids.iter().position(|one| *one == id.to_string()).unwrap();
    // The newest commit's parent is said to be the oldest.
    let at = data + 36 * place(three) + 20;
    graph[at..at + 4].copy_from_slice(&(place(one) as u32).to_be_bytes());
    overwrite(&path, &graph);
    let right = [three, two, one].map(|id| id.to_string());
    let fooled: Vec<String> = theirs(&f, three, b"a", &[]).into_iter().map(|line| line.0).collect();
    assert_ne!(fooled, right, "the graph does not mislead git itself, so this shows nothing");
    let lines: Vec<String> = ours(&f, Some(&git), three, b"a").into_iter().map(|line| line.0).collect();
    assert_eq!(lines, right);
}

#[test]
fn names_are_names_whatever_they_look_like() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let names: [&[u8]; 14] = [
        b"-rf",
        b"--",
        b"--contents=HEAD",
        b"HEAD",
        b"a\nfilename b\n1111111111111111111111111111111111111111 1 1 1",
        b"\"quoted\"",
        b"back\\slash\\n",
        b":(glob)*",
        b":!x",
        b"*",
        b" blank ",
        b"\xff\xfe",
        b"d\t/-L1,2",
        "d\u{e9}j\u{e0} \u{202e}".as_bytes(),
    ];
    let made: Vec<Oid> = (0..2)
        .scan(None, |parent: &mut Option<Oid>, number| {
            let items: Vec<_> = names
                .iter()
                .enumerate()
                .map(|(at, name)| (*name, FILE, f.blob(format!("{at}\nshared\n{number}\n"))))
                .collect();
            let parents: Vec<Oid> = parent.iter().copied().collect();
            *parent = Some(f.commit(f.tree(&items), &parents, 10 + number));
            *parent
        })
        .collect();
    for name in names {
        let lines = ours(&f, Some(&git), made[1], name);
        let want: Vec<Origin> =
            [(0, 0), (0, 1), (1, 2)].map(|(at, line)| (made[at].to_string(), name.to_vec(), line)).into();
        assert_eq!(lines, want, "{}", String::from_utf8_lossy(name));
    }
}

#[test]
fn a_commit_cannot_write_lines_of_blame() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let tree = f.tree(&[(b"a", FILE, f.blob("1\n2\n"))]);
    // Read as UTF-7, the name and the summary have line ends.
    let forged = "+AAo-filename evil+AAo-1111111111111111111111111111111111111111 1 1 2+AAo-filename evil+AAo-x";
    let commit = format!(
        "tree {tree}\nauthor A{forged} <a@x> 10 +0000\ncommitter C <c@x> 10 +0000\nencoding UTF-7\n\n{forged}\n"
    );
    let id = f.object(ObjectType::Commit, commit.as_bytes());
    let want: Vec<Origin> = (0..2).map(|line| (id.to_string(), b"a".to_vec(), line)).collect();
    assert_eq!(ours(&f, Some(&git), id, b"a"), want);
    // A summary of a megabyte is no reason to fail.
    let commit = format!(
        "tree {tree}\nauthor A <a@x> 10 +0000\ncommitter C <c@x> 10 +0000\n\n{}\n",
        "filename b ".repeat(100_000)
    );
    let id = f.object(ObjectType::Commit, commit.as_bytes());
    assert_eq!(ours(&f, Some(&git), id, b"a").len(), 2);
}

#[test]
fn a_missing_object_makes_it_unusable_fail() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let old = f.blob("1\n2\n3\n");
    let one = f.commit(f.tree(&[(b"a", FILE, old)]), &[], 10);
    let two = f.files(&[("a", "1\nx\n3\n")], &[one], 20);
    std::fs::remove_file(f.loose(old)).unwrap();
    let said = run(&f, Some(&git), &wanted(two, b"a")).unwrap_err();
    assert!(said.message.contains("git"), "{said}");
}

/// The commits, trees and blobs of a repository of loose objects.
fn objects(f: &Fixture) -> Vec<(ObjectType, Oid)> {
    let raw = git2::Repository::open_bare(&f.git).unwrap();
    let odb = raw.odb().unwrap();
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })
    .unwrap();
    ids.into_iter().map(|id| (odb.read_header(id).unwrap().1, id)).collect()
}

#[test]
fn an_object_that_was_changed_moves_no_line_fail() {
    let f = Fixture::new();
    let Some(git) = git_of(&f) else { return };
    let one = f.files(&[("f", "1\n2\n3\n")], &[], 10);
    let with = f.tree(&[(b"f", FILE, f.blob("1\n2\nb\n"))]);
    let two = f.commit(with, &[one], 20);
    let three = f.files(&[("f", "1\n2\nb\nc\n")], &[two], 30);
    let without = f.tree(&[(b"f", FILE, f.blob("1\nb\n"))]);
    let honest = ours(&f, Some(&git), three, b"f");
    assert_eq!(honest[1].0, one.to_string());
    // The second commit's folder holds a file that lacks the second line, so the third seems to have brought it.
    overwrite(&f.loose(with), &std::fs::read(f.loose(without)).unwrap());
    assert_eq!(without_paths(&theirs(&f, three, b"f", &[]))[1].0, three.to_string(), "git itself is not misled");
    let said = run(&f, Some(&git), &wanted(three, b"f")).unwrap_err();
    assert!(said.message.contains("was changed"), "{said}");
}

#[test]
fn whichever_object_is_changed_the_answer_is_the_same_or_none() {
    for seed in [1, 5] {
        let f = Fixture::new();
        let Some(git) = git_of(&f) else { return };
        let tip = *edited(&f, seed, 12).last().unwrap();
        let asked = wanted(tip, b"src/file.txt");
        let line = Wanted { only: Some(3..4), ..asked.clone() };
        let honest = [&asked, &line].map(|asked| origins_of(&run(&f, Some(&git), asked).unwrap().1));
        let all = objects(&f);
        let raw = git2::Repository::open_bare(&f.git).unwrap();
        let rank = |kind: ObjectType, id: Oid| match kind {
            ObjectType::Commit => raw.find_commit(id).unwrap().time().seconds(),
            ObjectType::Tree => raw.find_tree(id).unwrap().get_name("src").is_some().into(),
            _ => 0,
        };
        let ranked: Vec<(ObjectType, Oid, i64)> = all.iter().map(|(kind, id)| (*kind, *id, rank(*kind, *id))).collect();
        let git = git.within(Duration::from_secs(20));
        let by_libgit2 = origins_of(&run(&f, None, &asked).unwrap().1);
        let (mut refused, mut fooled) = (0, 0);
        for (at, (kind, id, rank)) in ranked.iter().enumerate() {
            // Another object of its kind stands in its place; none that would make a circle, in which git runs for ever.
            let may = |(same, other, theirs): &&(ObjectType, Oid, i64)| {
                same == kind && other != id && if *kind == ObjectType::Commit { theirs < rank } else { theirs == rank }
            };
            let Some((_, other, _)) = ranked.iter().cycle().skip(at + 1).take(ranked.len()).find(may) else { continue };
            let kept = std::fs::read(f.loose(*id)).unwrap();
            overwrite(&f.loose(*id), &std::fs::read(f.loose(*other)).unwrap());
            for (asked, honest) in [&asked, &line].into_iter().zip(&honest) {
                match run(&f, Some(&git), asked) {
                    Ok((_, hunks)) => assert_eq!(origins_of(&hunks), *honest, "{kind} {id}"),
                    Err(said) => {
                        refused += 1;
                        fooled += usize::from(said.message.contains("was changed"));
                    }
                }
            }
            if let Ok((_, hunks)) = run(&f, None, &asked) {
                assert_eq!(origins_of(&hunks), by_libgit2, "{kind} {id}");
            }
            overwrite(&f.loose(*id), &kept);
        }
        assert!(refused > 20 && fooled > 10, "{refused} {fooled}");
    }
}

/// Returns each line with its origin.
fn origins_of(hunks: &[Hunk]) -> Vec<(usize, String, Vec<u8>, usize)> {
    let lines = |hunk: &Hunk| {
        let (id, path, start, from) = (hunk.commit.id.to_string(), hunk.path.0.clone(), hunk.lines.start, hunk.from);
        hunk.lines.clone().map(move |line| (line, id.clone(), path.clone(), from + line - start)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = hunks.iter().flat_map(lines).collect();
    all.sort();
    all
}

#[test]
fn what_is_no_text_file_is_refused_fail() {
    let f = Fixture::new();
    let git = Git::find(&f.open());
    let commit = f.files(&[("a/b", "x\n"), ("bin", "\0"), ("empty", "")], &[], 10);
    for (path, word) in [("a", "not a file"), ("none", "not in"), ("bin", "binary")] {
        let said = run(&f, git.as_ref(), &wanted(commit, path.as_bytes())).unwrap_err();
        assert!(said.message.contains(word), "{said}");
    }
    assert!(run(&f, git.as_ref(), &wanted(commit, b"empty")).unwrap().1.is_empty());
}

/// Puts a program named git into a folder.
fn program(folder: &Path, script: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("git");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder.to_owned()
}

#[test]
fn what_git_complains_about_is_not_used_fail() {
    let f = Fixture::new();
    let commit = f.files(&[("a", "x\n")], &[], 10);
    let good = format!("printf '{commit} 1 1 1\\nfilename a\\n'");
    let cases = [
        (good.clone(), None),
        (format!("{good}; echo warning: odd >&2"), Some("warning: odd")),
        (format!("{good}; printf 'e\\033[31mvil\\n' >&2; exit 1"), Some(r"e\u{1b}[31mvil")),
        (format!("{good}; exit 3"), Some("without a word")),
        ("exit 0".to_owned(), Some("every line")),
        (format!("{good}; {good}"), Some("twice")),
        ("echo nonsense".to_owned(), Some("something else")),
        (good.replace(&commit.to_string(), &"1".repeat(40)), Some("missing")),
    ];
    for (number, (script, word)) in cases.into_iter().enumerate() {
        let folder = program(&f.dir.path().join(format!("bin{number}")), &script);
        let git = Git::find_in(folder.as_os_str(), &f.open()).unwrap();
        match (run(&f, Some(&git), &wanted(commit, b"a")), word) {
            (Ok((_, hunks)), None) => assert_eq!(hunks.len(), 1),
            (Err(said), Some(word)) => assert!(said.message.contains(word), "{script}: {said}"),
            (other, _) => panic!("{script}: {other:?}"),
        }
    }
}

#[test]
fn only_a_git_outside_of_the_clone_is_run() {
    let dir = tempfile::TempDir::new().unwrap();
    let clone = dir.path().canonicalize().unwrap().join("clone");
    let f = Fixture::at(dir, &clone, false);
    let inside = program(&clone.join("bin"), "exit 0");
    let in_git = program(&f.git.join("bin"), "exit 0");
    let link = f.dir.path().join("link");
    std::os::unix::fs::symlink(&inside, &link).unwrap();
    let outside = program(&f.dir.path().canonicalize().unwrap().join("outside"), "exit 0");
    let path = std::env::join_paths([&inside, &in_git, &link, Path::new("bin")]).unwrap();
    assert_eq!(Git::find_in(&path, &f.open()), None);
    let path = std::env::join_paths([&inside, &link, &outside]).unwrap();
    assert_eq!(Git::find_in(&path, &f.open()), Git::find_in(outside.as_os_str(), &f.open()));
    assert!(Git::find_in(&path, &f.open()).is_some());
    // A work tree whose `.git` is a file is the clone's too, as a submodule's is.
    let tree = f.dir.path().canonicalize().unwrap().join("tree");
    let inside = program(&tree.join("deep/bin"), "exit 0");
    std::fs::write(tree.join(".git"), format!("gitdir: {}\n", f.git.display())).unwrap();
    let repo = touchstone::repo::Repo::discover(&tree.join("deep")).unwrap();
    assert_eq!(Git::find_in(inside.as_os_str(), &repo), None);
    assert!(Git::find_in(outside.as_os_str(), &repo).is_some());
}

#[test]
fn ctrl_c_leaves_neither_git_nor_a_folder_behind() {
    let dir = tempfile::TempDir::new().unwrap();
    let clone = dir.path().canonicalize().unwrap().join("clone");
    let f = Fixture::at(dir, &clone, false);
    let commit = f.files(&[("a", "x\n")], &[], 10);
    f.main(commit);
    let root = f.dir.path().canonicalize().unwrap();
    let (pids, temporary) = (root.join("pids"), root.join("temporary"));
    std::fs::create_dir(&temporary).unwrap();
    let script = format!("PATH=/usr/bin:/bin; sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", pids.display());
    let bin = program(&root.join("bin"), &script);
    let mut child = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .args(["blame", "a", "--at", "HEAD", "--repo"])
        .arg(&clone)
        .env_clear()
        .env("PATH", &bin)
        .env("HOME", &root)
        .env("TMPDIR", &temporary)
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while !pids.exists() {
        assert!(Instant::now() < until && child.try_wait().unwrap().is_none(), "git was not run");
        std::thread::yield_now();
    }
    let own = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(own, rustix::process::Signal::INT).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(2), "{ended:?}");
    all_gone(&pids);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

/// Waits until the processes are gone whose ids a file holds.
fn all_gone(pids: &Path) {
    let text = std::fs::read_to_string(pids).unwrap();
    for pid in text.split_whitespace() {
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while rustix::process::test_kill_process(pid).is_ok() {
            // Whoever adopts the child's child may take a moment to bury it.
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if state.contains(") Z ") {
                break;
            }
            assert!(Instant::now() < until, "{pid:?} lives on");
            std::thread::yield_now();
        }
    }
    std::fs::remove_file(pids).unwrap();
}

#[test]
fn a_git_that_nobody_wants_any_more_is_ended() {
    let f = Fixture::new();
    let commit = f.files(&[("a", "x\n")], &[], 10);
    let pids = f.dir.path().join("pids");
    // It starts a child of its own, which must not outlive it.
    let script = format!("PATH=/usr/bin:/bin; sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", pids.display());
    let folder = program(&f.dir.path().join("bin"), &script);
    let git = Git::find_in(folder.as_os_str(), &f.open()).unwrap();
    let gone = || all_gone(&pids);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        pids.exists()
    };
    let ended = f.open().blame(Some(&git), &wanted(commit, b"a"), &stop, &mut |_| {}).unwrap();
    assert_eq!(ended, None);
    assert!(asked.get() > 0);
    gone();
    let git = git.within(Duration::from_millis(500));
    let said = f.open().blame(Some(&git), &wanted(commit, b"a"), &|| false, &mut |_| {}).unwrap_err();
    assert!(said.message.contains("did not end"), "{said}");
    if pids.exists() {
        gone();
    }
}

#[test]
fn a_clone_with_an_odd_path_lends_its_objects() {
    for name in ["with space", "new\nline", "quo\"te", "#hash", "back\\slash"] {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap().join(name);
        let f = Fixture::at(dir, &path, true);
        let Some(git) = git_of(&f) else { return };
        let commit = f.files(&[("a", "x\n")], &[], 10);
        assert_eq!(ours(&f, Some(&git), commit, b"a").len(), 1, "{name:?}");
    }
    // Objects that are an alternate's are found too.
    let far = Fixture::new();
    let one = far.files(&[("a", "x\n")], &[], 10);
    let f = Fixture::new();
    f.write("objects/info/alternates", format!("{}\n", far.git.join("objects").display()));
    let Some(git) = git_of(&f) else { return };
    assert_eq!(ours(&f, Some(&git), one, b"a").len(), 1);
}
