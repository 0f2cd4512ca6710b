//! Repositories made to lead the reader astray.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use git2::Oid;
use touchstone::error::{Error, Kind};
use touchstone::model::evidence::Query;
use touchstone::repo::Repo;

use crate::repo_fixture::{FILE, FOLDER, Fixture, mkfifo, overwrite, own};

/// Runs what could block for ever; a hang is a failure, not a frozen test run.
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(run()));
    receive.recv_timeout(Duration::from_secs(30)).expect("it blocks")
}

fn refusal(path: &Path) -> Error {
    let path = path.to_path_buf();
    in_time(move || Repo::discover(&path).err()).expect("it was not refused")
}

fn simple() -> (Fixture, Oid) {
    let f = Fixture::new();
    let commit = f.files(&[("a", "text\n")], &[], 1);
    f.main(commit);
    (f, commit)
}

#[test]
fn unsupported_forms_are_refused_by_name() {
    for (config, word, hint) in [
        ("[extensions]\n\trefStorage = reftable\n", "reftable", "migrate"),
        ("[extensions]\n\tpartialClone = origin\n", "partial clone", "--filter"),
        ("[remote \"x\"]\n\tpromisor = true\n", "partial clone", "--filter"),
        ("[core]\n[extensions] objectFormat = sha256\n", "SHA-1", "SHA-1"),
    ] {
        let (f, _) = simple();
        f.write("config", config);
        let error = refusal(&f.git);
        assert_eq!(error.kind, Kind::Unsafe);
        assert!(error.message.contains(word), "{error}");
        assert!(error.hints[0].contains(hint), "{error:?}");
    }
    let (f, _) = simple();
    f.write("objects/pack/pack-1.promisor", "");
    assert!(refusal(&f.git).message.contains("partial clone"));
    let (f, _) = simple();
    f.write("reftable/tables.list", "");
    assert!(refusal(&f.git).message.contains("reftable"));
}

#[test]
fn config_decides_nothing() {
    let (f, commit) = simple();
    mkfifo(&f.git.join("fifo"));
    f.write(
        "config",
        format!(
            "[include]\n\tpath = fifo\n[core]\n\tworktree = /\n\tfsmonitor = touch {0}/owned\n\tbare = maybe\n\trepositoryformatversion = 99\n[[[bogus\n[filter \"x\"]\n\tsmudge = touch {0}/owned\n",
            f.git.display()
        ),
    );
    f.write("config.worktree", "[core]\n\tworktree = /\n");
    f.write("objects/info/commit-graph", "nonsense");
    f.write(&format!("refs/replace/{commit}"), format!("{}\n", f.blob("other")));
    f.write("info/grafts", format!("{commit} {commit}\n"));
    let git = f.git.clone();
    let (files, history) = in_time(move || {
        let repo = Repo::discover(&git).unwrap();
        let pin = repo.pin(repo.head().unwrap(), &[]).unwrap();
        let history = pin.history(&Query { pattern: "text".into(), ..Query::default() }).unwrap();
        (pin.entries().len(), history.commits)
    });
    assert_eq!((files, history), (1, 1));
    assert!(!f.git.join("owned").exists());
}

#[test]
fn special_files_and_links_are_not_opened() {
    for name in
        ["config", "shallow", "objects/info/alternates", "objects/pack/pack-1.idx", "objects/ab/cdef", "commondir"]
    {
        let (f, _) = simple();
        mkfifo(&f.git.join(name));
        assert_eq!(refusal(&f.git).kind, Kind::Unsafe, "{name}");
    }
    for name in ["HEAD", "packed-refs", "refs/heads/main"] {
        let (f, _) = simple();
        mkfifo(&f.git.join(name));
        let git = f.git.clone();
        let error = in_time(move || Repo::discover(&git).and_then(|repo| repo.head())).unwrap_err();
        assert_eq!(error.kind, Kind::Unsafe, "{name}");
    }
    let (f, commit) = simple();
    let outside = f.dir.path().join("outside");
    std::fs::write(&outside, format!("{commit}\n")).unwrap();
    std::os::unix::fs::symlink(&outside, f.git.join("refs/heads/linked")).unwrap();
    std::os::unix::fs::symlink(f.dir.path(), f.git.join("refs/heads/far")).unwrap();
    let repo = f.open();
    assert_eq!(repo.resolve("linked").unwrap_err().kind, Kind::Unsafe);
    assert_eq!(repo.resolve("far/outside").unwrap_err().kind, Kind::Unsafe);

    let work = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&f.git, work.path().join(".git")).unwrap();
    assert_eq!(refusal(work.path()).kind, Kind::Unsafe);
}

#[test]
fn refs_cannot_lead_outside_or_in_circles() {
    let (f, _) = simple();
    for (text, kind) in [
        ("ref: refs/heads/HEAD\n", Kind::CouldNot),
        ("ref: refs/../../outside\n", Kind::Unsafe),
        ("ref: /etc/passwd\n", Kind::Unsafe),
        ("ref: HEAD\n", Kind::Unsafe),
        ("ref: refs/heads/loop\n", Kind::Unsafe),
        ("0123\n", Kind::CouldNot),
        ("", Kind::CouldNot),
    ] {
        f.write("refs/heads/loop", "ref: refs/heads/loop\n");
        f.write("HEAD", text);
        assert_eq!(f.open().head().unwrap_err().kind, kind, "{text}");
    }
    f.write("HEAD", vec![b' '; (1 << 20) + 1]);
    assert_eq!(f.open().head().unwrap_err().kind, Kind::Unsafe);
    f.write("HEAD", "ref: refs/heads/gone\n");
    f.write("packed-refs", "garbage\n");
    assert_eq!(f.open().head().unwrap_err().kind, Kind::CouldNot);
}

#[test]
fn changed_objects_are_noticed() {
    let f = Fixture::new();
    let blob = f.blob("honest\n");
    let evil = f.blob("evil!!\n");
    let tree = f.tree(&[(b"a", FILE, blob)]);
    let commit = f.commit(tree, &[], 1);
    let other = f.commit(f.tree(&[(b"a", FILE, evil)]), &[], 1);
    f.main(commit);
    overwrite(&f.loose(blob), &std::fs::read(f.loose(evil)).unwrap());
    let error = f.pin(commit).blob(own(blob)).unwrap_err();
    assert_eq!(error.kind, Kind::False, "{error}");
    assert!(error.message.contains("was changed"), "{error}");
    let query = Query { pattern: "x".into(), ..Query::default() };
    assert_eq!(f.pin(commit).search(&query).unwrap_err().kind, Kind::False);
    overwrite(&f.loose(commit), &std::fs::read(f.loose(other)).unwrap());
    assert_eq!(f.open().pin(own(commit), &[]).err().unwrap().kind, Kind::False);
    overwrite(&f.loose(commit), b"not zlib");
    assert_eq!(f.open().pin(own(commit), &[]).err().unwrap().kind, Kind::CouldNot);
}

#[test]
fn crafted_trees_are_refused() {
    let f = Fixture::new();
    let blob = f.blob("x");
    for items in [
        &[(&b".."[..], FILE, blob)][..],
        &[(b"a/b", FILE, blob)],
        &[(b"a", FILE, blob), (b"a", FILE, blob)],
        &[(b"dev", 0o020_000, blob)],
    ] {
        let commit = f.commit(f.raw_tree(items), &[], 1);
        assert_eq!(f.open().pin(own(commit), &[]).err().unwrap().kind, Kind::Unsafe);
    }
    let commit = f.commit(f.raw_tree(&[(b"d", FOLDER, blob)]), &[], 1);
    assert_eq!(f.open().pin(own(commit), &[]).err().unwrap().kind, Kind::CouldNot, "a blob in place of a tree");
    let late = f.commit(f.tree(&[(b"a", FILE, blob)]), &[], i64::MAX);
    assert_eq!(f.open().pin(own(late), &[]).err().unwrap().kind, Kind::CouldNot);
}

#[test]
fn what_a_budget_cuts_is_shown_and_proves_nothing() {
    let f = Fixture::new();
    let mut tree = f.tree(&[(b"a", FILE, f.blob("x\n"))]);
    for _ in 0..600 {
        tree = f.raw_tree(&[(b"d", FOLDER, tree), (b"f", FILE, f.blob("x\n"))]);
    }
    let pin = f.pin(f.commit(tree, &[], 1));
    assert_eq!(pin.entries().len(), 512);
    assert!(pin.cut().unwrap().contains("512 parts"));
    let query = Query { pattern: "x".into(), ..Query::default() };
    assert_eq!(pin.search(&query).unwrap_err().kind, Kind::CouldNot);
    assert_eq!(pin.paths("a").unwrap_err().kind, Kind::CouldNot);
    assert_eq!(pin.history(&query).unwrap_err().kind, Kind::CouldNot);

    // 10 levels of 10 names each: ten billion paths in eleven objects.
    let names: Vec<Vec<u8>> = (0..10).map(|i| format!("d{i}").into_bytes()).collect();
    let mut bomb = f.tree(&[(b"a", FILE, f.blob("x\n"))]);
    for _ in 0..10 {
        let items: Vec<(&[u8], u32, Oid)> = names.iter().map(|name| (&name[..], FOLDER, bomb)).collect();
        bomb = f.raw_tree(&items);
    }
    let pin = f.pin(f.commit(bomb, &[], 1));
    assert!(pin.cut().unwrap().contains("1000000 entries"));

    let name = vec![b'n'; 5000];
    let pin = f.pin(f.commit(f.raw_tree(&[(&name, FILE, f.blob("x"))]), &[], 1));
    assert!(pin.entries().is_empty() && pin.cut().unwrap().contains("4096 bytes"));
}

#[test]
fn large_blobs_are_listed_and_never_loaded() {
    let f = Fixture::new();
    let large = f.blob(vec![b'x'; (64 << 20) + 1]);
    let commit = f.commit(f.tree(&[(b"large", FILE, large), (b"small", FILE, f.blob("x"))]), &[], 1);
    let pin = f.pin(commit);
    assert_eq!(pin.entries().len(), 2);
    assert!(pin.blob(own(large)).unwrap_err().message.contains("64 MiB"));
    let search = pin.search(&Query { pattern: "x".into(), ..Query::default() }).unwrap();
    assert_eq!((search.files, search.skipped[0].files), (1, 1));
}

#[test]
fn alternates_are_followed_and_end() {
    let (far, commit) = simple();
    let near = Fixture::new();
    near.main(commit);
    // The two name each other.
    near.write("objects/info/alternates", format!("# note\n{}\n", far.git.join("objects").display()));
    far.write("objects/info/alternates", format!("{}\n/no/such/folder\n", near.git.join("objects").display()));
    let git = near.git.clone();
    let files = in_time(move || {
        let repo = Repo::discover(&git).unwrap();
        repo.pin(repo.head().unwrap(), &[]).unwrap().entries().len()
    });
    assert_eq!(files, 1);
    near.write("objects/info/alternates", "relative/to/the/working/folder\n");
    assert_eq!(refusal(&near.git).kind, Kind::Unsafe);
    // A FIFO in the far one would block as well as one in the near one.
    near.write("objects/info/alternates", format!("{}\n", far.git.join("objects").display()));
    mkfifo(&far.git.join("objects/pack/pack-2.idx"));
    assert_eq!(refusal(&near.git).kind, Kind::Unsafe);
}
