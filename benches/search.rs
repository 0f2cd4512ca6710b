//! Searches, measured: `cargo bench --bench search` prints medians. `TOUCHSTONE_BENCH=short` runs each once.
//!
//! `TOUCHSTONE_BENCH_REPO=CLONE` measures on that clone; without it on a generated one of 400 files.
//! `TOUCHSTONE_BENCH_PATTERN=REGEX` names the selective pattern; `structuredClone` if it does not.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use divan::{Bencher, Divan};
use git2::{Repository, Signature};
use tempfile::TempDir;
use touchstone::model::evidence::Query;
use touchstone::repo::{Pin, Repo};

fn main() {
    let divan = Divan::from_args();
    if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") {
        divan.sample_count(1).sample_size(1).main();
    } else {
        divan.sample_count(25).sample_size(1).main();
    }
}

/// A clone, and the folder it was generated in.
struct Clone {
    repo: Repo,
    _dir: TempDir,
}

impl Clone {
    fn new() -> Clone {
        let dir = TempDir::new().unwrap();
        let path = match std::env::var_os("TOUCHSTONE_BENCH_REPO") {
            Some(clone) => clone.into(),
            None => {
                generate(dir.path());
                dir.path().to_owned()
            }
        };
        Clone { repo: Repo::discover(&path).unwrap(), _dir: dir }
    }

    fn pin(&self) -> Pin {
        self.repo.pin(self.repo.head().unwrap(), &[]).unwrap()
    }
}

fn generate(dir: &Path) {
    let repo = Repository::init(dir).unwrap();
    let mut index = repo.index().unwrap();
    for file in 0..400 {
        let name = format!("src/folder{}/file{file:03}.ts", file % 20);
        let path = dir.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let line = |line: usize| match (file, line) {
            (7, 3) => "export const copy = structuredClone(value);\n".to_owned(),
            _ => format!("export const value{file}_{line} = process.env.VALUE_{line};\n"),
        };
        std::fs::write(&path, (0..100).map(line).collect::<String>()).unwrap();
        index.add_path(Path::new(&name)).unwrap();
    }
    let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
    let author = Signature::new("Bench", "bench@example.com", &git2::Time::new(1_760_000_000, 0)).unwrap();
    repo.commit(Some("HEAD"), &author, &author, "bench", &tree, &[]).unwrap();
}

fn query(pattern: &str) -> Query {
    Query { pattern: pattern.to_owned(), case_sensitive: true, ..Query::default() }
}

fn selective() -> Query {
    query(&std::env::var("TOUCHSTONE_BENCH_PATTERN").unwrap_or_else(|_| "structuredClone".to_owned()))
}

/// All searches of the embedded standard.
fn leads() -> Vec<Query> {
    let standard = touchstone::standards::Loaded::built_in().unwrap().standard;
    standard.items().flat_map(|(_, item)| &item.leads).filter_map(|lead| standard.query(lead)).collect()
}

/// Opens the clone and lists the tree at its HEAD.
#[divan::bench]
fn list_the_tree(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    bencher.bench_local(|| clone.pin().entries().len());
}

/// A search with every file read from the clone and its hash verified.
#[divan::bench]
fn search_cold(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    bencher.with_inputs(|| clone.pin()).bench_local_values(|pin| pin.search(&selective()).unwrap().hits);
}

/// The same with the texts in memory.
#[divan::bench]
fn search_warm(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    let pin = clone.pin();
    pin.keep_texts(1 << 30);
    assert!(pin.read_ahead(&|| false));
    bencher.bench_local(|| pin.search(&selective()).unwrap().hits);
}

/// A search that hits every file.
#[divan::bench]
fn search_warm_common(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    let pin = clone.pin();
    pin.keep_texts(1 << 30);
    bencher.bench_local(|| pin.hits(&query("e"), 5000).unwrap().1.len());
}

/// All patterns of the standard, the texts in memory.
#[divan::bench]
fn all_leads_warm(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    let pin = clone.pin();
    pin.keep_texts(1 << 30);
    let leads = leads();
    bencher.bench_local(|| pin.sweep(&leads, 200, &|| false, |_, _| {}).unwrap().unwrap().len());
}

/// All patterns of the standard, with every file read from the clone.
#[divan::bench]
fn all_leads_cold(bencher: Bencher<'_, '_>) {
    let clone = Clone::new();
    let leads = leads();
    bencher
        .with_inputs(|| clone.pin())
        .bench_local_values(|pin| pin.sweep(&leads, 200, &|| false, |_, _| {}).unwrap().unwrap().len());
}
