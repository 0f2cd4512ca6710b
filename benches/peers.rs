//! The work of reading beside the programs that people use for it: `cargo bench --bench peers`.
//!
//! Ours and the peer's run in turn, in one session, on the same files; the table shows medians, their ratio and the goal.
//! `TOUCHSTONE_BENCH=short` runs each once. `TOUCHSTONE_BENCH_REPO=CLONE` is the repository that is listed, searched and
//! opened, and `TOUCHSTONE_BENCH_FILE=PATH` the file in it that is blamed; without them a generated one is used. Rows whose
//! name holds one of the arguments are run. A peer that is not installed is said, loudly, and its rows are not measured.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../tests/it/pseudo.rs"]
mod pseudo;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use git2::{Repository, Signature};
use portable_pty::CommandBuilder;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use tempfile::TempDir;
use touchstone::app::key::Key;
use touchstone::app::msg::Msg;
use touchstone::config::Paths;
use touchstone::journal::Store;
use touchstone::model::evidence::Query;
use touchstone::repo::{Git, Repo, Wanted};
use touchstone::shell::workbench::{Environment, Headless};
use touchstone::ui;

const TOUCHSTONE: &str = env!("CARGO_BIN_EXE_touchstone");

/// Lines of the large generated file; its last one is `END`.
const LINES: usize = 50_000;
const END: &str = "// the very last line of the file";

fn main() {
    // The system's git and bat are named in many ways.
    let bat = ["bat", "batcat"].into_iter().find(|name| is_there(name)).unwrap_or("bat");
    let short = std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut table = Table { runs: if short { 1 } else { 9 }, wanted };
    let bench = Bench::new();

    println!("{:<44} {:>10} {:>10} {:>7} {:>6}  peer", "work", "ours", "peer", "ratio", "goal");
    bench.reading(&mut table, bat);
    bench.listing(&mut table);
    bench.searching(&mut table);
    bench.blaming(&mut table);
    bench.starting(&mut table);
    bench.leading(&mut table);
    if table.wants("frame") {
        bench.scrolling();
    }
}

/// Makes a repository of one commit.
fn generate(dir: &Path, files: &[(String, String)]) {
    let repo = Repository::init(dir).unwrap();
    let mut index = repo.index().unwrap();
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        index.add_path(Path::new(name)).unwrap();
    }
    index.write().unwrap();
    let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
    let author = Signature::new("Bench", "bench@example.com", &git2::Time::new(1_760_000_000, 0)).unwrap();
    repo.commit(Some("HEAD"), &author, &author, "bench", &tree, &[]).unwrap();
}

/// Tells whether a program is installed.
fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What was measured, row by row.
struct Table {
    runs: usize,
    wanted: Vec<String>,
}

impl Table {
    fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|word| name.contains(word.as_str()))
    }

    /// Measures both in turn and prints a row. `peer` is the peer's command as it is run.
    fn row(
        &mut self,
        name: &str,
        goal: f64,
        peer: &str,
        mut ours: impl FnMut() -> Duration,
        mut theirs: impl FnMut() -> Duration,
    ) {
        if !self.wants(name) {
            return;
        }
        let program = peer.split([' ', ',']).next().unwrap_or_default();
        if !is_there(program) {
            println!("{name:<44} SKIPPED: {program} is not installed");
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
        let ratio = ours / theirs;
        let verdict = if ratio <= goal { "" } else { " MISSED" };
        println!("{name:<44} {ours:>7.2} ms {theirs:>7.2} ms {ratio:>6.3}x {goal:>5}x  {peer}{verdict}");
    }
}

/// Times a whole process whose output is read to its end.
fn process(mut command: Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = start.elapsed();
    // `git grep` and `rg` say 1 where nothing matches.
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    took
}

/// Times a program in a terminal of 200x60 from its start until the screen is so.
fn until(command: CommandBuilder, holds: impl Fn(&str) -> bool) -> Duration {
    let start = Instant::now();
    let pty = pseudo::Pty::run(command, 200, 60);
    pty.wait("the first useful screen", |screen| holds(&screen.contents()));
    start.elapsed()
}

fn words(command: &str) -> impl Iterator<Item = &str> {
    command.split(' ')
}

/// The repositories, and folders of the program's own.
struct Bench {
    dir: TempDir,
    /// What is listed, searched, blamed and opened.
    clone: PathBuf,
    blamed: String,
    /// A repository with one large file, `big.ts`, and one line of 5 MB, `line.js`.
    large: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let dir = TempDir::new().unwrap();
        let line =
            |line: usize| format!("export const value{line:05} = call({line}, `some ${{text}}`); // a comment\n");
        let class = |at: usize| {
            format!("\nclass Thing{at} {{\n  size(of: string): number {{\n    return of.length + {at};\n  }}\n}}\n")
        };
        // Real code has blocks: every tenth line begins one.
        let mut text = String::new();
        let mut lines = 0;
        while lines < LINES - 18 {
            (0..10).for_each(|at| text += &line(lines + at));
            text += &class(lines);
            lines += 16;
        }
        while lines < LINES - 1 {
            text += &line(lines);
            lines += 1;
        }
        let _ = writeln!(text, "{END}");
        let large = dir.path().join("large");
        generate(
            &large,
            &[("big.ts".to_owned(), text), ("line.js".to_owned(), "var a=[1,2,3];".repeat(5_000_000 / 14))],
        );
        let clone = match std::env::var_os("TOUCHSTONE_BENCH_REPO") {
            Some(clone) => clone.into(),
            None => {
                let clone = dir.path().join("clone");
                let text = |file: usize| {
                    (0..200).map(|at| format!("export const v{file}_{at} = process.env.VALUE_{at};\n")).collect()
                };
                let mut files: Vec<(String, String)> =
                    (0..150).map(|file| (format!("src/part{}/file{file:03}.ts", file % 7), text(file))).collect();
                files.push(("README.md".to_owned(), "# bench\n\nA server.\n".repeat(60)));
                generate(&clone, &files);
                clone
            }
        };
        let blamed = std::env::var("TOUCHSTONE_BENCH_FILE").unwrap_or_else(|_| "README.md".to_owned());
        let bench = Bench { dir, clone, blamed, large };
        bench.open(&bench.clone);
        bench.open(&bench.large);
        bench
    }

    fn data(&self, clone: &Path) -> PathBuf {
        let name = clone.file_name().unwrap();
        self.dir.path().join("own").join(name)
    }

    fn ours(&self, clone: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(TOUCHSTONE);
        let own = self.data(clone);
        command
            .args(args)
            .env_clear()
            // Where git is; libgit2's blame would be measured without it.
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("XDG_DATA_HOME", own.join("data"))
            .env("XDG_CONFIG_HOME", own.join("config"));
        command.env("HOME", own).current_dir(clone);
        command
    }

    /// Begins an audit of a clone.
    fn open(&self, clone: &Path) {
        let args =
            ["open", "--no-tui", "--auditor", "jo", "--mode", "stdio", "--url", "https://github.com/example/bench"];
        let output = self.ours(clone, &args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn environment(&self, clone: &Path) -> Environment {
        let path = |name: &str| self.data(clone).join(name).join("touchstone");
        let paths = Paths { data: path("data"), config: path("config") };
        Environment { repo: Some(clone.to_owned()), ..Environment::new(paths) }
    }

    fn headless(&self, clone: &Path) -> Headless {
        let name = Store::new(&self.environment(clone).paths.data).names().unwrap().remove(0);
        Headless::start(self.environment(clone), &name).unwrap()
    }

    /// Returns a program for a terminal, with our folders.
    fn terminal(&self, clone: &Path, program: &str, args: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.args(args);
        let own = self.data(clone);
        command.env("XDG_DATA_HOME", own.join("data"));
        command.env("XDG_CONFIG_HOME", own.join("config"));
        command.env("TERM", "xterm-256color");
        command.cwd(clone);
        command
    }

    fn in_large(&self, command: &str) -> Command {
        let mut words = words(command);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).current_dir(&self.large);
        command
    }

    fn in_clone(&self, command: &str) -> Command {
        let mut command = self.in_large(command);
        command.current_dir(&self.clone);
        command
    }
}

impl Bench {
    /// Opening large files.
    fn reading(&self, table: &mut Table, bat: &str) {
        let args = ["open", "--keys", "fbig.ts<cr>G", "--print", "200x60"];
        assert!(self.ours(&self.large, &args).output().unwrap().status.success());
        table.row(
            "50 000 lines, at the last: plain, on screen",
            0.5,
            "nvim --clean +$ big.ts",
            || until(self.terminal(&self.large, TOUCHSTONE, &["open"]), |screen| screen.contains(END)),
            || until(self.terminal(&self.large, "nvim", &["--clean", "+$", "big.ts"]), |screen| screen.contains(END)),
        );
        let window = format!("{bat} --paging=never --color=always -r 49945:50002 big.ts");
        let show = |args: &str| process(self.ours(&self.large, &args.split(' ').collect::<Vec<_>>()));
        table.row(
            "the same: guessed colours, whole process",
            0.03,
            &window,
            || show("show big.ts --at HEAD --lines 49945:50000 --color always"),
            || process(self.in_large(&window)),
        );
        table.row(
            "the same: exact colours, whole process",
            1.0,
            &window,
            || show("show big.ts --at HEAD --lines 49945:50000 --color always --exact"),
            || process(self.in_large(&window)),
        );
        let top = format!("{bat} --paging=never --color=always -r :57 big.ts");
        table.row(
            "top of a file coloured, whole process",
            1.3,
            &top,
            || show("show big.ts --at HEAD --lines 1:57 --color always"),
            || process(self.in_large(&top)),
        );
        let line = format!("{bat} -p --paging=never --color=always line.js");
        table.row(
            "one line of 5 MB, whole process",
            1.2,
            &line,
            || show("show line.js --at HEAD --color always"),
            || process(self.in_large(&line)),
        );
    }

    /// Listing the tree.
    fn listing(&self, table: &mut Table) {
        let peer = "git ls-tree -r -z HEAD";
        let count = self.in_clone(peer).output().unwrap().stdout.iter().filter(|byte| **byte == 0).count();
        let goal = if count > 1_000 { 1.0 } else { 0.35 };
        let list = || {
            let start = Instant::now();
            let repo = Repo::discover(&self.clone).unwrap();
            let pin = repo.pin(repo.resolve("HEAD").unwrap(), &[]).unwrap();
            assert_eq!(pin.entries().len(), count);
            start.elapsed()
        };
        table.row("list a tree, in this process, cold", goal, peer, list, || process(self.in_clone(peer)));
    }

    /// Searching the repository.
    fn searching(&self, table: &mut Table) {
        let rare = "process\\.env\\.[A-Z_]*(KEY|TOKEN|VALUE_199)";
        let peer = format!("git grep -nIE {rare} HEAD");
        table.row(
            "search, cold process, hashes verified",
            1.0,
            &peer,
            || process(self.ours(&self.clone, &["search", "--case", "--at", "HEAD", rare])),
            || process(self.in_clone(&peer)),
        );
        let repo = Repo::discover(&self.clone).unwrap();
        let pin = repo.pin(repo.resolve("HEAD").unwrap(), &[]).unwrap();
        pin.keep_texts(256 << 20);
        pin.read_ahead(&|| false);
        let query = Query { pattern: rare.to_owned(), case_sensitive: true, ..Query::default() };
        let warm = || {
            let start = Instant::now();
            pin.hits(&query, 10_000).unwrap();
            start.elapsed()
        };
        let peer = format!("rg -n --no-ignore --hidden -g !.git {rare} .");
        table.row("search, warm, selective, in this process", 0.1, &peer, warm, || process(self.in_clone(&peer)));
    }

    /// Who wrote which line.
    fn blaming(&self, table: &mut Table) {
        let peer = format!("git blame --porcelain HEAD -- {}", self.blamed);
        table.row(
            "blame complete and verified, whole process",
            1.1,
            &peer,
            || process(self.ours(&self.clone, &["blame", "--at", "HEAD", &self.blamed])),
            || process(self.in_clone(&peer)),
        );
        let repo = Repo::discover(&self.clone).unwrap();
        let git = Git::find(&repo).unwrap();
        let lines = self.in_clone(&format!("git show HEAD:{}", self.blamed)).output().unwrap();
        let lines = lines.stdout.iter().filter(|byte| **byte == b'\n').count();
        let wanted = Wanted {
            commit: repo.resolve("HEAD").unwrap(),
            path: self.blamed.as_str().into(),
            only: None,
            first: Some(lines / 2..lines / 2 + 50),
        };
        let all = Wanted { first: None, ..wanted.clone() };
        let complete = || {
            let left = std::cell::Cell::new(lines);
            let start = Instant::now();
            let taken = std::cell::Cell::new(None);
            // What follows is the check of git's answer, which takes nothing away from the screen.
            repo.blame(Some(&git), &all, &|| taken.get().is_some(), &mut |hunks| {
                left.set(left.get().saturating_sub(hunks.iter().map(|hunk| hunk.lines.len()).sum()));
                if left.get() == 0 && taken.get().is_none() {
                    taken.set(Some(start.elapsed()));
                }
            })
            .unwrap();
            taken.get().unwrap()
        };
        table.row("blame complete, on the screen, unverified", 1.1, &peer, complete, || process(self.in_clone(&peer)));
        let first = || {
            let came = std::cell::Cell::new(false);
            let start = Instant::now();
            repo.blame(Some(&git), &wanted, &|| came.get(), &mut |hunks| came.set(!hunks.is_empty())).unwrap();
            start.elapsed()
        };
        table.row("blame, the first hunk on the screen", 0.5, &peer, first, || process(self.in_clone(&peer)));
    }

    /// From nothing to a useful screen.
    fn starting(&self, table: &mut Table) {
        let list = self.in_clone("git ls-tree --name-only HEAD").output().unwrap().stdout;
        let list = String::from_utf8_lossy(&list).into_owned();
        let readme = list.lines().find(|name| name.to_lowercase().starts_with("readme")).unwrap().to_owned();
        let files =
            self.in_clone("git ls-files").output().unwrap().stdout.iter().filter(|byte| **byte == b'\n').count();
        let text = self.in_clone(&format!("git show HEAD:{readme}")).output().unwrap().stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        let first: String = text.lines().next().unwrap().chars().take(12).collect();
        // The last thing that was looked at is what comes up again.
        assert!(
            self.ours(&self.clone, &["open", "--keys", "t", "--print", "200x60"]).output().unwrap().status.success()
        );
        table.row(
            "start to tree and file on the screen",
            if files > 1_000 { 0.8 } else { 0.25 },
            &format!("gitui -d . -f {readme}"),
            || {
                let ready = |screen: &str| screen.contains("1 Files") && screen.contains(first.trim());
                until(self.terminal(&self.clone, TOUCHSTONE, &["open"]), ready)
            },
            || {
                // It selects the file only when it has listed the tree.
                let ready = |screen: &str| screen.contains("Files at") && screen.contains(first.trim());
                until(self.terminal(&self.clone, "gitui", &["-d", ".", "-f", &readme]), ready)
            },
        );
    }

    /// All leads of the standard.
    fn leading(&self, table: &mut Table) {
        let workbench = self.headless(&self.clone);
        let standard = Arc::clone(&workbench.app().audit.standard);
        workbench.close();
        let queries = standard.items().flat_map(|(_, item)| &item.leads).filter_map(|lead| standard.query(lead));
        let peers: Vec<Command> = queries.map(|query| self.ripgrep(&query)).collect();
        let peer = format!("rg, once for each of the standard's {} patterns", peers.len());
        table.row(
            "all leads of the standard, whole process",
            0.3,
            &peer,
            || process(self.ours(&self.clone, &["leads"])),
            || {
                let start = Instant::now();
                for command in self.fresh(&peers) {
                    process(command);
                }
                start.elapsed()
            },
        );
    }

    /// Returns ripgrep's command for a query.
    fn ripgrep(&self, query: &Query) -> Command {
        let mut command = Command::new("rg");
        command.args(["-n", "--no-ignore", "--hidden", "-g", "!.git"]);
        if !query.case_sensitive {
            command.arg("-i");
        }
        for glob in &query.include {
            command.args(["-g", glob]);
        }
        for glob in &query.exclude {
            command.arg("-g").arg(format!("!{glob}"));
        }
        command.args(["-e", &query.pattern, "."]).current_dir(&self.clone);
        command
    }

    /// Returns commands once more, since each can be run once.
    fn fresh(&self, commands: &[Command]) -> Vec<Command> {
        let again = |command: &Command| {
            let mut fresh = Command::new(command.get_program());
            fresh.args(command.get_args()).current_dir(&self.clone);
            fresh
        };
        commands.iter().map(again).collect()
    }

    /// Frames while scrolling, beside what ratatui needs to allocate and compare two of them.
    fn scrolling(&self) {
        const STEPS: usize = 2_000;
        let mut workbench = self.headless(&self.large);
        workbench.resize(200, 60).unwrap();
        workbench.keys("fbig.ts<cr>gg").unwrap();
        let down = Key::parse_all("<pgdn>").unwrap()[0];
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        let mut times = Vec::new();
        let mut floor = Vec::new();
        for _ in 0..STEPS {
            let start = Instant::now();
            workbench.push(Msg::Key(down));
            terminal.draw(|frame| ui::draw(workbench.app(), frame)).unwrap();
            times.push(start.elapsed());
            let start = Instant::now();
            let area = Rect::new(0, 0, 200, 60);
            let (before, after) = (Buffer::empty(area), Buffer::filled(area, Cell::new("x")));
            std::hint::black_box(before.diff(&after).len());
            floor.push(start.elapsed());
        }
        let show = |mut times: Vec<Duration>| {
            times.sort();
            let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e3;
            format!("median {:.2} ms, p99 {:.2} ms", at(50), at(99))
        };
        println!("frame at 200x60, a page down {STEPS} times: {} (goal: p99 under 1 ms)", show(times));
        println!("two buffers allocated and compared:          {}", show(floor));
    }
}
