//! What fuzzing found, and what it starts from, run again: every file of the corpora through the fuzz targets' own checks.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[path = "../../fuzz/src/lib.rs"]
mod bodies;

/// Runs a target over folders of files.
fn over(folders: &[&str], target: fn(&[u8])) {
    let mut count = 0;
    for folder in folders {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let done = std::panic::catch_unwind(|| target(&bytes));
            assert!(done.is_ok(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn the_corpora_hold() {
    over(&["tests/data/fuzz/display"], bodies::display);
    over(&["tests/data/fuzz/journal"], bodies::journal);
    over(&["tests/data/fuzz/record"], bodies::record);
    over(&["tests/data/fuzz/signature", "tests/data/sign"], bodies::signature);
    over(&["tests/data/fuzz/trojan"], bodies::trojan);
    over(&["tests/data/fuzz/standard", "tests/it/data/standards"], bodies::standard);
}

#[test]
fn every_target_is_run_here_and_named_in_its_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let own = include_str!("fuzzed.rs");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for entry in std::fs::read_dir(root.join("fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(own.contains(&format!("bodies::{name})")), "{name}");
        assert!(readme.contains(&format!("`{name}`")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
