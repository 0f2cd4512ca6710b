//! A large database, measured beside git on the same checkout: `cargo bench --bench database`.
//!
//! The database is generated: 4 000 servers and 10 000 audits, of `TOUCHSTONE_BENCH=short` 40 and 100. It is made anew in
//! a temporary folder, or once in `TOUCHSTONE_BENCH_DB=DIR` and kept there. Rows whose name holds one of the arguments are
//! run.

#![allow(clippy::unwrap_used)]

#[path = "../tests/it/many_audits.rs"]
mod many_audits;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use many_audits::{Files, Maker};
use tempfile::TempDir;
use touchstone::app::browse::{Browse, Msg};
use touchstone::app::key::Key;
use touchstone::auditdb::{Database, Reader};

const TOUCHSTONE: &str = env!("CARGO_BIN_EXE_touchstone");

fn main() {
    let short = std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let (servers, audits) = if short { (40, 100) } else { (4_000, 10_000) };
    let bench = Bench::new(servers, audits);
    let mut table = Table { runs: if short { 1 } else { 5 }, wanted };
    println!("{servers} servers, {audits} audits in {}", bench.db.display());
    println!("{:<34} {:>10} {:>10} {:>7} {:>6}  beside", "work", "ours", "git", "ratio", "goal");
    bench.rows(&mut table);
}

/// A checkout of a generated database. Its HEAD is `main`; `other` differs in one audit.
struct Bench {
    dir: TempDir,
    db: PathBuf,
}

impl Bench {
    fn new(servers: usize, audits: usize) -> Bench {
        let dir = TempDir::new().unwrap();
        let db = std::env::var_os("TOUCHSTONE_BENCH_DB").map_or_else(|| dir.path().join("db"), PathBuf::from);
        let bench = Bench { dir, db };
        if !bench.db.join(".git").exists() {
            bench.generate(servers, audits);
        }
        bench
    }

    /// Commits the database and checks it out, by way of one pack as a clone has it.
    fn generate(&self, servers: usize, audits: usize) {
        std::fs::create_dir_all(&self.db).unwrap();
        self.git(&["init", "-q", "-b", "main"]);
        let mut import = self.command("git").args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut out = BufWriter::new(import.stdin.take().unwrap());
        let maker = Maker::new(light_standard());
        let who = "Bench <bench@example.com> 1760000000 +0000";
        write!(out, "commit refs/heads/main\nmark :1\ncommitter {who}\ndata 0\n").unwrap();
        maker.database(servers, audits, |files| put(&mut out, &files));
        let one = maker.audit(3, 123_457, false);
        let line = "Something is told here that takes a line.\n";
        write!(out, "commit refs/heads/main\nmark :2\ncommitter {who}\ndata 0\nfrom :1\n").unwrap();
        put(&mut out, &one);
        write!(out, "commit refs/heads/other\ncommitter {who}\ndata 0\nfrom :2\n").unwrap();
        let changed = |bytes: Vec<u8>| [bytes, line.into()].concat();
        put(&mut out, &one.into_iter().map(|(path, bytes)| (path, changed(bytes))).collect());
        out.into_inner().unwrap();
        assert!(import.wait().unwrap().success());
        self.git(&["reset", "-q", "--hard"]);
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.db).env("HOME", self.dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("XDG_CACHE_HOME", self.dir.path().join("cache"));
        command
    }

    fn git(&self, args: &[&str]) {
        assert!(self.command("git").args(args).status().unwrap().success(), "git {args:?}");
    }

    /// Runs a command whose output nobody reads, and returns how long it took.
    fn timed(&self, program: &str, args: &[&str]) -> Duration {
        let mut command = self.command(program);
        command.args(args).stdout(Stdio::null());
        let begun = Instant::now();
        assert!(command.status().unwrap().success(), "{program} {args:?}");
        begun.elapsed()
    }

    fn rows(&self, table: &mut Table) {
        let out = self.dir.path().join("out");
        std::fs::create_dir_all(&out).unwrap();
        let out = out.to_str().unwrap();
        let status = || self.timed("git", &["status", "--porcelain"]);
        let floor = || self.timed("sh", &["-c", "git ls-files | wc -l; git ls-files -z | xargs -0 sha256sum"]);
        let index = |args: &[&str]| {
            self.timed(TOUCHSTONE, &[&["db", "index", self.db.to_str().unwrap(), "--out", out], args].concat())
        };
        let validate = || {
            let mut command = self.command(TOUCHSTONE);
            command.args(["db", "validate", self.db.to_str().unwrap()]).stdout(Stdio::null()).stderr(Stdio::null());
            let begun = Instant::now();
            // Generated audits may well have something to change.
            assert!(matches!(command.status().unwrap().code(), Some(0 | 1)));
            begun.elapsed()
        };
        table.row("validate, without clones", Some(3.0), "ls-files, sha256sum", validate, floor);
        let clear = || {
            let _ = std::fs::remove_dir_all(Path::new(out).join("indexes"));
        };
        table.row(
            "index, cold, all written",
            None,
            "ls-files, sha256sum",
            || {
                clear();
                index(&["--fresh"])
            },
            floor,
        );
        index(&[]);
        table.row("index, cold, nothing written", None, "ls-files, sha256sum", || index(&["--fresh"]), floor);
        table.row("index again, nothing changed", Some(2.0), "git status", || index(&[]), status);
        let mut other = true;
        let one = || {
            other = !other;
            index(&["--at", if other { "main" } else { "other" }])
        };
        table.row("index again, one audit changed", Some(2.0), "git status", one, status);
        let list = |args: &[&str]| self.timed(TOUCHSTONE, &[&["db", "list", self.db.to_str().unwrap()], args].concat());
        table.row(
            "list, by tier and severity",
            None,
            "git status",
            || list(&["--tier", "secure", "--severity", "high"]),
            status,
        );
        let tables = self.dir.path().join("tables");
        let dump =
            || self.timed(TOUCHSTONE, &["db", "dump", self.db.to_str().unwrap(), "--out", tables.to_str().unwrap()]);
        table.row("dump", None, "ls-files, sha256sum", dump, floor);
        self.typing();
    }

    /// Prints how long the slowest letter of a filter takes to narrow the list, while it is typed.
    fn typing(&self) {
        let database = Database::open(&self.db, None).unwrap();
        let cache = self.dir.path().join("cache/touchstone");
        let reader = Reader { cache: Some(&cache), fresh: false, progress: &|_, _| (), stop: &|| false };
        let catalog = Arc::new(reader.catalog(&database).unwrap().unwrap());
        let mut browse = Browse::new(catalog, String::new(), "2026-01-31".parse().unwrap(), String::new());
        let mut times: Vec<Duration> = Vec::new();
        for key in Key::parse_all("/server-1<space>sessions<space>tier:at-risk<space>:expired").unwrap() {
            let begun = Instant::now();
            browse.update(Msg::Key(key));
            times.push(begun.elapsed());
        }
        times.sort();
        let [median, slowest] = [times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64() * 1e3);
        println!("{:<34} {median:>7.1} ms {slowest:>7.1} ms the slowest; goal 16 ms", "browse, a letter of the filter");
    }
}

/// Writes files into a commit of `git fast-import`.
fn put(out: &mut impl std::io::Write, files: &Files) {
    for (path, bytes) in files {
        write!(out, "M 100644 inline {path}\ndata {}\n", bytes.len()).unwrap();
        out.write_all(bytes).unwrap();
        out.write_all(b"\n").unwrap();
    }
}

/// Returns the embedded standard without its leads, under an id of its own.
fn light_standard() -> String {
    let mut lead = false;
    let mut kept = String::new();
    for line in touchstone::standards::BUILT_IN_TOML.lines() {
        lead = if line.starts_with("[[") { line == "[[dimension.item.lead]]" } else { lead };
        if !lead {
            kept += &format!("{line}\n");
        }
    }
    kept.replacen("id = \"mcp-security-standard\"", "id = \"light\"", 1)
}

/// What was measured, row by row.
struct Table {
    runs: usize,
    wanted: Vec<String>,
}

impl Table {
    /// Measures both in turn and prints medians.
    fn row(
        &mut self,
        name: &str,
        goal: Option<f64>,
        peer: &str,
        mut ours: impl FnMut() -> Duration,
        mut theirs: impl FnMut() -> Duration,
    ) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|word| name.contains(word.as_str())) {
            return;
        }
        let mut times: [Vec<Duration>; 2] = Default::default();
        for _ in 0..self.runs {
            times[0].push(ours());
            times[1].push(theirs());
        }
        let [ours, theirs] = times.map(|mut times| {
            times.sort();
            times[times.len() / 2].as_secs_f64() * 1e3
        });
        let goal = goal.map(|goal| goal.to_string()).unwrap_or_default();
        println!("{name:<34} {ours:>7.1} ms {theirs:>7.1} ms {:>7.2} {goal:>6}  {peer}", ours / theirs);
    }
}
