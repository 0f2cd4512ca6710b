//! The main job, measured: `cargo bench --bench main_job` prints medians. `TOUCHSTONE_BENCH=short` runs each once.
//!
//! Commands are timed as whole processes, as a user meets them; what a process does many times is timed alone.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use divan::{Bencher, Divan};
use git2::{Repository, Signature};
use tempfile::TempDir;
use touchstone::journal::Store;
use touchstone::model::event::Event;
use touchstone::model::score;
use touchstone::model::time::Time;

/// Pieces of evidence in the audit that is exported and verified.
const PIECES: usize = 100;

fn main() {
    let divan = Divan::from_args();
    if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") {
        divan.sample_count(1).sample_size(1).main();
    } else {
        divan.sample_count(25).sample_size(1).main();
    }
}

/// A clone of a generated server, and folders of its own.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { dir: TempDir::new().unwrap() };
        let repo = Repository::init(desk.path("clone")).unwrap();
        repo.remote("origin", "https://github.com/example/bench").unwrap();
        let mut index = repo.index().unwrap();
        for number in 0..150 {
            let name = format!("src/file{number:03}.ts");
            let path = desk.path("clone").join(&name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let line = |line: usize| format!("export const value{number}_{line} = process.env.VALUE_{line};\n");
            std::fs::write(&path, (0..200).map(line).collect::<String>()).unwrap();
            index.add_path(Path::new(&name)).unwrap();
        }
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let author = Signature::new("Bench", "bench@example.com", &git2::Time::new(1_760_000_000, 0)).unwrap();
        repo.commit(Some("HEAD"), &author, &author, "bench", &tree, &[]).unwrap();
        std::fs::create_dir(desk.path("db")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, args: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
            .args(args)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.path("clone"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn open(&self) {
        self.run(&["open", "--auditor", "jo", "--mode", "stdio"]);
    }

    fn store(&self) -> Store {
        Store::new(&self.path("data").join("touchstone"))
    }
}

/// A desk whose audit has [`PIECES`] pieces of evidence, on all items.
fn full() -> Desk {
    let desk = Desk::new();
    desk.open();
    let standard = touchstone::standards::Loaded::built_in().unwrap().standard;
    let items: Vec<&str> = standard.items().map(|(_, item)| item.id.as_str()).collect();
    desk.run(&["fact", "auth_scheme", "none", "--evidence", "src/file000.ts:1-3"]);
    for number in 1..PIECES {
        let item = items[number % items.len()];
        let answer = if item == "transport-1" { "yes" } else { "no" };
        let place = format!("src/file{number:03}.ts:{number}-{}", number + 9);
        match number % 10 {
            0 => desk.run(&["answer", item, answer, "--search", "no such text", "--in", "src/**"]),
            _ => desk.run(&["answer", item, answer, "--evidence", &place]),
        }
    }
    desk
}

/// A new user's first steps: two processes, `open` and `answer`.
#[divan::bench]
fn open_to_first_answer_written(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(Desk::new).bench_values(|desk| {
        desk.open();
        desk.run(&["answer", "input-1", "no", "--evidence", "src/file000.ts:1-9"]);
        desk
    });
}

/// One answer written and synced, in a process that has the journal open.
#[divan::bench]
fn durable_event(bencher: Bencher<'_, '_>) {
    let desk = Desk::new();
    desk.open();
    let name = desk.store().names().unwrap().remove(0);
    let mut journal = desk.store().open(&name).unwrap();
    let at = Time::from_unix(1_770_000_000).unwrap();
    bencher.bench_local(|| {
        let text = "a note of some length, as people write them".to_owned();
        journal.act(vec![Event::Noted { slot: None, text }], at).unwrap();
    });
}

/// The score of a whole audit.
#[divan::bench]
fn score_of_a_whole_audit(bencher: Bencher<'_, '_>) {
    let desk = full();
    let name = desk.store().names().unwrap().remove(0);
    let audit = desk.store().view(&name).unwrap().audit;
    let inputs = audit.inputs();
    bencher.bench_local(|| score::score(&audit.standard, divan::black_box(&inputs)));
}

/// The process `export`, unsigned, with every piece checked again.
#[divan::bench]
fn export_with_100_pieces(bencher: Bencher<'_, '_>) {
    let desk = full();
    let count = AtomicU32::new(0);
    bencher
        .with_inputs(|| {
            let db = format!("db{}", count.fetch_add(1, Ordering::Relaxed));
            std::fs::create_dir(desk.path(&db)).unwrap();
            format!("../{db}")
        })
        .bench_local_values(|db| desk.run(&["export", "--db", &db, "--unsigned", "--partial"]));
}

/// The process `verify` with the clone: a signed record, every piece checked again.
#[divan::bench]
fn verify_with_100_pieces(bencher: Bencher<'_, '_>) {
    let desk = full();
    let key = desk.path("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .is_ok_and(|status| status.success());
    if !made {
        eprintln!("SKIPPED: ssh-keygen is not installed, so verification was not measured.");
        return;
    }
    let key = key.to_str().unwrap();
    desk.run(&["export", "--db", "../db", "--key", key, "--partial"]);
    desk.run(&["signers", "add", "jo", &format!("{key}.pub")]);
    let audits = desk.path("db/audits/github.com/example/bench/audits");
    let record = std::fs::read_dir(audits).unwrap().next().unwrap().unwrap().path();
    let record = record.to_str().unwrap();
    bencher.bench_local(|| desk.run(&["verify", record, "--repo", "."]));
}
