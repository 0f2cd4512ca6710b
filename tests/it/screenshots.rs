//! The pictures in `assets/screenshots` are what the program draws today.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::support::{CLOCK, succeeds};

fn touchstone(home: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
    command.env_clear().env("HOME", home).env("TOUCHSTONE_CLOCK", CLOCK).env("PATH", "").current_dir(home);
    command
}

/// Forgets where the reader was and which hints were shown, so that every picture begins at the same place.
fn forget(demo: &Path) {
    let _ = std::fs::remove_file(demo.join("data/hint"));
    for audit in std::fs::read_dir(demo.join("data/audits")).unwrap() {
        let _ = std::fs::remove_file(audit.unwrap().path().join("cursor"));
    }
}

#[test]
fn screenshots_are_what_is_drawn() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/screenshots"));
    let list = std::fs::read_to_string(folder.join("list.txt")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let demo = home.path().join("demo");
    succeeds(touchstone(home.path()).args(["demo", "--print", "80x24", "--dir"]).arg(&demo));
    let mut differ = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let [name, size, theme, keys] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
        forget(&demo);
        let mut command = touchstone(home.path());
        command
            .args(["demo", "--keys", keys, "--print", size, "--theme", theme, "--format", "svg", "--dir"])
            .arg(&demo);
        let drawn = succeeds(&mut command);
        let file = folder.join(format!("{name}.svg"));
        if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
            std::fs::write(file, drawn).unwrap();
        } else if std::fs::read_to_string(file).unwrap_or_default() != drawn {
            differ.push(name);
        }
    }
    assert!(differ.is_empty(), "{differ:?} are not what is drawn; UPDATE_SCREENSHOTS=1 draws them, then look at them");
}
