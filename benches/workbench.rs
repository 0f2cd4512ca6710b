//! The workbench, measured: `cargo bench --bench workbench` prints medians. `TOUCHSTONE_BENCH=short` runs each once.
//!
//! `TOUCHSTONE_BENCH_REPO=CLONE` measures the first frame on that clone; without it on a generated one of 40 files.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use divan::{Bencher, Divan};
use git2::{Repository, Signature};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tempfile::TempDir;
use touchstone::app::key::Key;
use touchstone::app::msg::Msg;
use touchstone::config::Paths;
use touchstone::journal::Store;
use touchstone::shell::workbench::headless::draw;
use touchstone::shell::workbench::{Environment, Headless};
use touchstone::ui;

const LINES: usize = 50_000;

fn main() {
    let divan = Divan::from_args();
    if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") {
        divan.sample_count(1).sample_size(1).main();
    } else {
        divan.sample_count(100).sample_size(1).main();
    }
}

/// An audit of a clone, and folders of its own.
struct Desk {
    dir: TempDir,
    clone: PathBuf,
}

impl Desk {
    /// Opens an audit of the clone that the environment names, or of a generated one.
    fn new() -> Desk {
        match std::env::var_os("TOUCHSTONE_BENCH_REPO") {
            Some(clone) => Desk::open(TempDir::new().unwrap(), PathBuf::from(clone)),
            None => Desk::with(&[]),
        }
    }

    /// Opens an audit of a generated server of 40 files and these.
    fn with(more: &[(&str, String)]) -> Desk {
        let dir = TempDir::new().unwrap();
        let clone = dir.path().join("clone");
        let repo = Repository::init(&clone).unwrap();
        repo.remote("origin", "https://github.com/example/bench").unwrap();
        let line = |file: usize, line: usize| format!("export const value{file}_{line} = process.env.VALUE_{line};\n");
        let text = |file: usize| (0..200).map(|at| line(file, at)).collect::<String>();
        let mut files: Vec<(String, String)> =
            (0..39).map(|file| (format!("src/file{file:03}.ts"), text(file))).collect();
        files.push(("README.md".to_owned(), "# bench\n\nA server.\n".repeat(60)));
        files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), text.clone())));
        let mut index = repo.index().unwrap();
        for (name, text) in files {
            let path = clone.join(&name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            index.add_path(Path::new(&name)).unwrap();
        }
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let author = Signature::new("Bench", "bench@example.com", &git2::Time::new(1_760_000_000, 0)).unwrap();
        repo.commit(Some("HEAD"), &author, &author, "bench", &tree, &[]).unwrap();
        Desk::open(dir, clone)
    }

    fn open(dir: TempDir, clone: PathBuf) -> Desk {
        let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
            .args(["open", "--no-tui", "--auditor", "jo", "--mode", "stdio"])
            .env_clear()
            .env("XDG_DATA_HOME", dir.path().join("data"))
            .env("XDG_CONFIG_HOME", dir.path().join("config"))
            .current_dir(&clone)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Desk { dir, clone }
    }

    fn environment(&self) -> Environment {
        let path = |name: &str| self.dir.path().join(name).join("touchstone");
        let paths = Paths { data: path("data"), config: path("config") };
        Environment { repo: Some(self.clone.clone()), ..Environment::new(paths) }
    }

    fn start(&self) -> Headless {
        let name = Store::new(&self.environment().paths.data).names().unwrap().remove(0);
        Headless::start(self.environment(), &name).unwrap()
    }
}

/// From nothing to a frame with the checklist, the item and the first file's text: journal, pin, state, file, drawing.
#[divan::bench]
fn first_frame_with_text(bencher: Bencher<'_, '_>) {
    let desk = Desk::new();
    bencher.bench_local(|| {
        let mut workbench = desk.start();
        workbench.until(|app| app.doc.is_some());
        let frame = draw(workbench.app());
        (workbench, frame)
    });
}

/// The same, with colours and the item's leads.
#[divan::bench]
fn first_frame_with_all(bencher: Bencher<'_, '_>) {
    let desk = Desk::new();
    bencher.bench_local(|| {
        let mut workbench = desk.start();
        workbench.settle().unwrap();
        let frame = draw(workbench.app());
        (workbench, frame)
    });
}

/// From a key to a drawn frame of 200x60, in a file of 50 000 lines. The keys are pressed in turn.
fn press(bencher: Bencher<'_, '_>, before: &str, keys: &str) {
    let line = |line: usize| format!("export const value{line:05} = call({line}, \"some text\"); // a comment\n");
    let desk = Desk::with(&[("big.ts", (0..LINES).map(line).collect())]);
    let mut workbench = desk.start();
    workbench.resize(200, 60).unwrap();
    workbench.keys(&format!("fbig.ts<cr>{before}")).unwrap();
    let keys = Key::parse_all(keys).unwrap();
    let mut turn = keys.iter().cycle();
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    terminal.draw(|frame| ui::draw(workbench.app(), frame)).unwrap();
    bencher.bench_local(|| {
        workbench.push(Msg::Key(*turn.next().unwrap()));
        terminal.draw(|frame| ui::draw(workbench.app(), frame)).unwrap();
    });
}

#[divan::bench]
fn key_down_at_the_start(bencher: Bencher<'_, '_>) {
    press(bencher, "", "j");
}

#[divan::bench]
fn key_up_at_the_end(bencher: Bencher<'_, '_>) {
    press(bencher, "G", "k");
}

#[divan::bench]
fn key_page_at_the_start(bencher: Bencher<'_, '_>) {
    press(bencher, "", "<pgdn>");
}

#[divan::bench]
fn key_page_at_the_end(bencher: Bencher<'_, '_>) {
    press(bencher, "G", "<pgup>");
}

/// An answer, durably written and counted.
#[divan::bench]
fn key_answer_at_the_end(bencher: Bencher<'_, '_>) {
    press(bencher, "G1ggjj", "ny");
}
