//! Finding clones, reading names, trees and lines.

use std::process::{Command, Stdio};

use git2::ObjectType;
use proptest::prelude::*;
use touchstone::error::Kind;
use touchstone::model::evidence::{self, Evidence, Reachability, RepoPath};
use touchstone::model::hash::Sha256;
use touchstone::repo::{Check, EntryKind, Pin, Repo};

use crate::repo_fixture::{EXECUTABLE, FILE, Fixture, SUBMODULE, SYMLINK, own};

fn code(regions: Vec<evidence::Region>) -> Evidence {
    Evidence { kind: evidence::Kind::Code { regions }, reachability: Reachability::NotKnown, note: None }
}

#[test]
fn finds_bare_work_tree_and_linked_worktree() {
    let f = Fixture::new();
    let one = f.files(&[("a.txt", "a\n")], &[], 1);
    let two = f.files(&[("a.txt", "b\n")], &[one], 2);
    f.main(one);
    f.write("refs/heads/side", format!("{two}\n"));
    let bare = f.open();
    assert_eq!(bare.git_dir(), f.git);
    assert_eq!(bare.head().unwrap(), own(one));

    let work = f.git.parent().unwrap().join("work");
    std::fs::create_dir_all(work.join("deep/er")).unwrap();
    std::fs::rename(&f.git, work.join(".git")).unwrap();
    std::fs::write(work.join("deep/file"), "").unwrap();
    let git = work.join(".git");
    for start in [work.clone(), work.join("deep/er"), work.join("deep/file"), git.clone(), git.join("refs")] {
        assert_eq!(Repo::discover(&start).unwrap().git_dir(), git, "{}", start.display());
    }

    let linked = work.parent().unwrap().join("linked");
    let own_dir = git.join("worktrees/linked");
    std::fs::create_dir_all(&own_dir).unwrap();
    std::fs::create_dir_all(&linked).unwrap();
    std::fs::write(own_dir.join("HEAD"), "ref: refs/heads/side\n").unwrap();
    std::fs::write(own_dir.join("commondir"), "../..\n").unwrap();
    std::fs::write(linked.join(".git"), "gitdir: ../work/.git/worktrees/linked\n").unwrap();
    let repo = Repo::discover(&linked).unwrap();
    assert_eq!(repo.git_dir(), git);
    assert_eq!(repo.head().unwrap(), own(two));
    std::fs::write(linked.join(".git"), "gitdir: ../gone\n").unwrap();
    let error = Repo::discover(&linked).err().unwrap();
    assert_eq!(error.kind, Kind::CouldNot);
    assert!(!error.hints.is_empty());
}

#[test]
fn says_what_is_missing() {
    let empty = tempfile::tempdir().unwrap();
    let error = Repo::discover(empty.path()).err().unwrap();
    assert_eq!(error.kind, Kind::CouldNot);
    assert!(error.message.starts_with("There is no git repository at "), "{error}");
    assert!(Repo::discover(&empty.path().join("gone")).is_err());

    let f = Fixture::new();
    let repo = f.open();
    let error = repo.head().unwrap_err();
    assert_eq!(error.kind, Kind::CouldNot);
    assert!(error.message.contains("names no commit yet"), "{error}");
    let error = repo.resolve("9d6d93c").unwrap_err();
    assert_eq!(error.message, "The commit 9d6d93c is not in this clone; fetch it or pass --repo.");
    let full = "9d6d93c000000000000000000000000000000000";
    let error = repo.resolve(full).unwrap_err();
    assert_eq!(error.message, format!("The commit {full} is not in this clone; fetch it or pass --repo."));
    assert_eq!(repo.pin(full.parse().unwrap(), &[]).err().unwrap().kind, Kind::CouldNot);
    let error = repo.resolve("no-such-branch").unwrap_err();
    assert!(error.message.starts_with("There is no branch, tag or commit no-such-branch"), "{error}");
    for odd in ["HEAD~1", "../HEAD", "/etc/passwd", "", "a b", "main^{tree}", "--all"] {
        assert_eq!(repo.resolve(odd).unwrap_err().kind, Kind::Usage, "{odd}");
    }
}

#[test]
fn resolves_every_kind_of_name() {
    let f = Fixture::new();
    let one = f.files(&[("a.txt", "a\n")], &[], 1);
    let two = f.files(&[("a.txt", "b\n")], &[one], 2);
    let tag_text = |id, kind| format!("object {id}\ntype {kind}\ntag v\ntagger A <a@b> 3 +0000\n\nm\n");
    let tag = f.object(ObjectType::Tag, tag_text(one, "commit").as_bytes());
    let nested = f.object(ObjectType::Tag, tag_text(tag, "tag").as_bytes());
    f.main(two);
    f.write("refs/tags/loose", format!("{one}\n"));
    f.write("refs/tags/deep/annotated", format!("{tag}\n"));
    f.write("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/main\n");
    // The peeled line lies, and must not matter.
    f.write(
        "packed-refs",
        format!(
            "# pack-refs with: peeled fully-peeled sorted \n{one} refs/heads/main\n{two} refs/remotes/origin/main\n{nested} refs/tags/v1\n^{two}\n"
        ),
    );
    let repo = f.open();
    let (first, second) = (own(one), own(two));
    for (name, want) in [
        ("HEAD", second),
        ("main", second),
        ("refs/heads/main", second),
        ("origin/main", second),
        ("origin", second),
        ("v1", first),
        ("tags/v1", first),
        ("refs/tags/v1", first),
        ("deep/annotated", first),
        ("loose", first),
        (&one.to_string(), first),
        (&one.to_string()[..7], first),
        (&two.to_string().to_uppercase()[..9], second),
        (&tag.to_string()[..10], first),
    ] {
        assert_eq!(repo.resolve(name).unwrap(), want, "{name}");
    }
    assert_eq!(repo.tags_at(first), ["deep/annotated", "loose", "v1"]);
    assert!(repo.tags_at(second).is_empty());

    // A branch or tag that poses as a hash or as another name is ambiguous.
    f.write(&format!("refs/tags/{}", &one.to_string()[..7]), format!("{two}\n"));
    let error = repo.resolve(&one.to_string()[..7]).unwrap_err();
    assert!(error.message.contains("is ambiguous"), "{error}");
    f.write(&format!("refs/heads/{one}"), format!("{two}\n"));
    assert_eq!(repo.resolve(&one.to_string()).unwrap(), first);
    f.write("refs/tags/main", format!("{one}\n"));
    assert!(repo.resolve("main").unwrap_err().message.contains("is ambiguous"));
    assert_eq!(repo.resolve("heads/main").unwrap(), second);

    let tree = own(git2::Repository::open_bare(&f.git).unwrap().find_commit(one).unwrap().tree_id());
    assert_eq!(repo.resolve(&tree.to_string()).unwrap_err().message, format!("{tree} names a tree, not a commit."));

    f.write("HEAD", format!("{one}\n"));
    assert_eq!(repo.head().unwrap(), first, "detached");
}

#[test]
fn abbreviated_hashes_prefer_the_one_commit_among_blobs() {
    let f = Fixture::new();
    let commit = f.files(&[("a", "a")], &[], 1);
    f.main(commit);
    let prefix = commit.to_string()[..4].to_owned();
    let mut salt = 0_u32;
    loop {
        let id = git2::Oid::hash_object(ObjectType::Blob, salt.to_string().as_bytes()).unwrap();
        if id.to_string().starts_with(&prefix) {
            f.blob(salt.to_string());
            break;
        }
        salt += 1;
    }
    assert_eq!(f.open().resolve(&prefix).unwrap(), own(commit));
}

#[test]
fn lists_every_kind_of_entry_in_byte_order() {
    let f = Fixture::new();
    let text = f.blob("x\n");
    let target = f.blob("../../etc/passwd");
    let gone = git2::Oid::from_str("1111111111111111111111111111111111111111").unwrap();
    let tree = f.tree(&[
        (b"a.b", FILE, text),
        (b"a/z", EXECUTABLE, text),
        (b"a/\xff\xfe", FILE, text),
        (b"link", SYMLINK, target),
        (b"sub", SUBMODULE, gone),
    ]);
    let commit = f.commit(tree, &[], 86_400);
    f.main(commit);
    let pin = f.pin(commit);
    let got: Vec<(&[u8], EntryKind)> = pin.entries().iter().map(|entry| (&entry.path.0[..], entry.kind)).collect();
    assert_eq!(
        got,
        [
            (&b"a.b"[..], EntryKind::File),
            (b"a/z", EntryKind::Executable),
            (b"a/\xff\xfe", EntryKind::File),
            (b"link", EntryKind::Symlink),
            (b"sub", EntryKind::Submodule),
        ]
    );
    assert_eq!(pin.committed_at().to_string(), "1970-01-02T00:00:00Z");
    assert_eq!(pin.tree(), own(tree));
    assert_eq!(pin.cut(), None);
    let odd = RepoPath(b"a/\xff\xfe".to_vec());
    assert_eq!(pin.blob(pin.find(&odd).unwrap().oid).unwrap(), b"x\n");
    assert_eq!(pin.region(&odd, 1, 1).unwrap().path, odd);
    for path in ["link", "sub", "a"] {
        assert_eq!(pin.region(&path.into(), 1, 1).unwrap_err().kind, Kind::CouldNot, "{path}");
    }
    assert!(pin.blob(pin.tree()).unwrap_err().message.contains("is a tree, not a blob"));
    assert!(pin.blob(own(gone)).unwrap_err().message.contains("1111111"), "names the object");
}

#[test]
fn a_scope_limits_the_pin() {
    let f = Fixture::new();
    let commit = f.files(&[("lock", "l\n"), ("p/a/x.ts", "x\n"), ("p/ab/y.ts", "y\n"), ("z", "z\n")], &[], 1);
    let repo = f.open();
    let pin = repo.pin(own(commit), &["p/a/".into(), "lock".into()]).unwrap();
    let got: Vec<_> = pin.entries().iter().map(|entry| entry.path.lossy().into_owned()).collect();
    assert_eq!(got, ["lock", "p/a/x.ts"]);
    let error = pin.region(&"z".into(), 1, 1).unwrap_err();
    assert_eq!(error.message, "z is outside the audit's scope.");
    for odd in ["p/b", "lock/x", "", "../x"] {
        let error = repo.pin(own(commit), &[odd.into()]).err().unwrap();
        assert!(error.message.contains(&format!("The scope names {odd},")), "{error}");
    }
}

#[test]
fn suggests_near_names() {
    let f = Fixture::new();
    let commit = f.files(&[("src/Index.ts", "x\n"), ("lib/index.ts", "x\n")], &[], 1);
    let pin = f.pin(commit);
    let error = pin.find(&"src/index.ts".into()).unwrap_err();
    assert_eq!(error.hints, ["Did you mean src/Index.ts?", "Did you mean lib/index.ts?"]);
}

#[test]
fn cuts_lines_and_refuses_those_that_are_not_there() {
    let f = Fixture::new();
    let commit = f.files(&[("crlf", "a\r\nb\r\n"), ("open", "a\nb"), ("empty", ""), ("bin", "a\0b\n")], &[], 1);
    let pin = f.pin(commit);
    let crlf = pin.region(&"crlf".into(), 2, 2).unwrap();
    assert_eq!((crlf.start, crlf.end, crlf.sha256), (3, 6, Sha256::of("b\r\n")));
    let open = pin.region(&"open".into(), 1, 2).unwrap();
    assert_eq!((open.start, open.end, open.sha256), (0, 3, Sha256::of("a\nb")));
    assert_eq!(pin.excerpt(&open).unwrap(), b"a\nb");
    for (path, first, last, words) in [
        ("open", 1, 3, "open ends at line 2; there is no line 3."),
        ("open", usize::MAX, usize::MAX, "open ends at line 2"),
        ("open", 0, 1, "Lines are counted from 1."),
        ("open", 2, 1, "Line 2 stands after line 1"),
        ("empty", 1, 1, "empty is empty."),
        ("bin", 1, 1, "bin is binary"),
    ] {
        let error = pin.region(&path.into(), first, last).unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
    assert!(pin.region(&"crlf".into(), 3, 3).is_err(), "no line after the last line feed");
}

#[test]
fn an_excerpt_fails_when_anything_differs() {
    let f = Fixture::new();
    let old = f.files(&[("a", "old\ntwo\n")], &[], 1);
    let new = f.files(&[("a", "new\ntwo\n")], &[old], 2);
    let stranger = f.files(&[("a", "old\ntwo\n"), ("b", "")], &[], 3);
    let pin = f.pin(new);
    let good = pin.region(&"a".into(), 1, 1).unwrap();
    assert_eq!(pin.check(&code(vec![good.clone()])), Check::Holds);
    let then = f.pin(old).region(&"a".into(), 1, 1).unwrap();
    let at_old = evidence::Region { commit: Some(own(old)), ..then.clone() };
    assert_eq!(pin.excerpt(&at_old).unwrap(), b"old\n");

    let wrong = [
        (then.clone(), "is blob"),
        (evidence::Region { commit: Some(own(stranger)), ..then.clone() }, "is not an ancestor"),
        (evidence::Region { path: "b".into(), ..good.clone() }, "b is not in"),
        (evidence::Region { last: 9, ..good.clone() }, "has 2 lines; there is no line 9"),
        (evidence::Region { first: 0, ..good.clone() }, "are not a range"),
        (evidence::Region { last: 2, ..good.clone() }, "are bytes 0 to 8, not 0 to 4"),
        (evidence::Region { start: 1, ..good.clone() }, "are bytes 0 to 4, not 1 to 4"),
        (evidence::Region { end: usize::MAX, ..good.clone() }, "are bytes"),
        (evidence::Region { sha256: Sha256::ZERO, ..good.clone() }, "have the SHA-256"),
    ];
    for (region, words) in wrong {
        let error = pin.excerpt(&region).unwrap_err();
        assert_eq!(error.kind, Kind::False, "{error}");
        assert!(error.message.contains(words), "{error}");
        let both = code(vec![good.clone(), region]);
        assert!(matches!(pin.check(&both), Check::Fails(why) if why.contains(words)));
    }
    assert!(matches!(pin.check(&code(Vec::new())), Check::Fails(_)));
}

#[test]
fn a_shallow_clone_says_so_and_refuses_what_needs_history() {
    let f = Fixture::new();
    let gone = git2::Oid::from_str("2222222222222222222222222222222222222222").unwrap();
    let commit = f.files(&[("a", "x\n")], &[gone], 1);
    f.main(commit);
    assert!(!f.open().is_shallow());
    f.write("shallow", format!("{commit}\n"));
    let repo = f.open();
    assert!(repo.is_shallow());
    let pin = repo.pin(own(commit), &[]).unwrap();
    let query = evidence::Query { pattern: "x".into(), ..Default::default() };
    assert_eq!(pin.search(&query).unwrap().hits, 1);
    let error = pin.history(&query).unwrap_err();
    assert!(error.hints[0].contains("git fetch --unshallow"), "{error:?}");
    let region = evidence::Region { commit: Some(own(gone)), ..pin.region(&"a".into(), 1, 1).unwrap() };
    assert!(matches!(pin.check(&code(vec![region])), Check::CouldNot(why) if why.contains("shallow")));
    f.write("shallow", "not a hash\n");
    assert!(Repo::discover(&f.git).is_err());
}

#[test]
fn origin_is_read_without_its_login() {
    let f = Fixture::new();
    assert_eq!(f.open().origin_url(), None);
    f.write("config", "[remote \"origin\"]\n\turl = https://user:token@example.org/o/r.git\n");
    assert_eq!(f.open().origin_url().unwrap(), "https://example.org/o/r.git");
}

#[test]
fn a_pin_can_be_sent_to_a_worker() {
    fn sendable<T: Send + Sync>() {}
    sendable::<Pin>();
    sendable::<Repo>();
}

/// The range check a stranger would use: `git cat-file blob ID | sed -n 'a,bp' | sha256sum`.
#[test]
fn git_sed_and_sha256sum_agree() {
    if Command::new("git").arg("--version").output().is_err() {
        crate::support::skipped("git is not installed");
        return;
    }
    let f = Fixture::new();
    let commit = f.files(&[("a", "one\r\ntwo\n\nfour \u{202e} x\nfive"), ("d/b", "x\ny\n")], &[], 1);
    f.main(commit);
    let pin = f.pin(commit);
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&f.git).args(args).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", f.dir.path());
        command
    };
    let said = git(&["rev-parse", "main^{tree}"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), pin.tree().to_string());
    let fsck = git(&["fsck", "--strict"]).output().unwrap();
    assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stderr));
    for (path, first, last) in [("a", 1, 1), ("a", 2, 4), ("a", 4, 5), ("a", 1, 5), ("d/b", 2, 2)] {
        let region = pin.region(&path.into(), first, last).unwrap();
        let mut cat = git(&["cat-file", "blob", &region.blob.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
        let sed = Command::new("sed")
            .args(["-n", &format!("{first},{last}p")])
            .env("LC_ALL", "C")
            .stdin(cat.stdout.take().unwrap())
            .output()
            .unwrap();
        cat.wait().unwrap();
        // Not every sed keeps a missing last line feed missing.
        let exact = cfg!(target_os = "linux") || last < 5;
        assert!(!exact || Sha256::of(&sed.stdout) == region.sha256, "{path} {first},{last}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn regions_are_what_sed_would_print(
        text in "(a|\r|\n|é|\u{0}b){0,30}",
        first in 0_usize..9,
        more in 0_usize..5,
    ) {
        let f = Fixture::new();
        let commit = f.files(&[("f", &text)], &[], 1);
        let pin = f.pin(commit);
        let last = first + more;
        // `sed -n 'first,lastp'`, told differently: keep what follows line feeds number first-1 to last-1.
        let (mut line, mut want) = (1, Vec::new());
        for byte in text.bytes() {
            if (first..=last).contains(&line) {
                want.push(byte);
            }
            line += usize::from(byte == b'\n');
        }
        let count = if text.is_empty() || text.ends_with('\n') { line - 1 } else { line };
        let region = pin.region(&"f".into(), first, last);
        prop_assert_eq!(region.is_ok(), first > 0 && last <= count && !text.contains('\0'));
        if let Ok(region) = region {
            prop_assert_eq!(region.sha256, Sha256::of(&want));
            prop_assert_eq!(pin.excerpt(&region).unwrap(), want);
        }
    }
}
