//! Blame beside git's own: `cargo bench --bench blame` prints medians. `TOUCHSTONE_BENCH=short` runs each once.
//!
//! `TOUCHSTONE_BENCH_REPO=CLONE TOUCHSTONE_BENCH_FILE=PATH` takes a clone and a file of yours at HEAD, in place of a
//! generated one; its work tree must be clean. Both sides run in turns in one session, and every line is compared. `git blame --porcelain` is timed as a
//! whole process; ours from opening the clone until the last hunk is there, and until the first hunk on the screen is: the
//! reader is in the middle of the file, and 60 lines are wanted first.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use git2::{Repository, Signature};
use tempfile::TempDir;
use touchstone::model::evidence::RepoPath;
use touchstone::repo::{Git, Repo, Wanted};

/// Rows of a screen.
const ROWS: usize = 60;

fn main() {
    let rounds = if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") { 1 } else { 9 };
    let given = std::env::var_os("TOUCHSTONE_BENCH_REPO").zip(std::env::var("TOUCHSTONE_BENCH_FILE").ok());
    let generated = TempDir::new().unwrap();
    let (clone, path) = match given {
        Some((clone, path)) => (PathBuf::from(clone), path),
        None => (generate(generated.path()), "file.txt".to_owned()),
    };
    if Git::find(&Repo::discover(&clone).unwrap()).is_none() {
        println!("There is no git; nothing is measured.");
        return;
    }
    let (mut theirs, mut ours, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let lines = git(&clone, &path).0;
    for _ in 0..rounds {
        theirs.push(git(&clone, &path).1);
        let (same, whole, start) = blame(&clone, &path, lines.len());
        assert_eq!(same, lines, "the lines are not attributed alike");
        ours.push(whole);
        first.push(start);
    }
    let git = median(theirs);
    println!("{path}: {} lines, attributed alike; medians of {rounds}", lines.len());
    println!("  git blame --porcelain  {:>9.1} ms", ms(git));
    for (name, time) in [("complete", median(ours)), ("first hunk on screen", median(first))] {
        println!("  {name:<22} {:>9.1} ms  {:.2}x", ms(time), time.as_secs_f64() / git.as_secs_f64());
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Runs git's own, and returns the commit and line of each line's origin.
fn git(clone: &Path, path: &str) -> (Vec<(String, usize)>, Duration) {
    let start = Instant::now();
    let output = Command::new("git").arg("-C").arg(clone).args(["blame", "--porcelain", "--", path]).output().unwrap();
    let time = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = Vec::new();
    let mut head = None;
    for line in output.stdout.split(|byte| *byte == b'\n') {
        match &head {
            Some(_) if line.starts_with(b"\t") => lines.extend(head.take()),
            None if !line.is_empty() => {
                let text = String::from_utf8_lossy(line);
                let mut words = text.split(' ');
                head = Some((words.next().unwrap().to_owned(), words.next().unwrap().parse().unwrap()));
            }
            _ => {}
        }
    }
    (lines, time)
}

/// Runs ours, and returns the same with the time until all lines are there, and until the first on the screen is.
fn blame(clone: &Path, path: &str, count: usize) -> (Vec<(String, usize)>, Duration, Duration) {
    let start = Instant::now();
    let repo = Repo::discover(clone).unwrap();
    let git = Git::find(&repo);
    let screen = (count / 2).saturating_sub(ROWS / 2)..(count / 2 + ROWS / 2).min(count);
    let commit = repo.head().unwrap();
    let wanted = Wanted { commit, path: RepoPath::from(path), only: None, first: Some(screen.clone()) };
    let mut lines = vec![None; count];
    let mut first = None;
    repo.blame(git.as_ref(), &wanted, &|| false, &mut |hunks| {
        for hunk in hunks {
            if hunk.lines.start < screen.end && screen.start < hunk.lines.end {
                first.get_or_insert_with(|| start.elapsed());
            }
            for (at, line) in hunk.lines.clone().enumerate() {
                lines[line] = Some((hunk.commit.id.to_string(), hunk.from + at + 1));
            }
        }
    })
    .unwrap();
    let time = start.elapsed();
    (lines.into_iter().map(Option::unwrap).collect(), time, first.unwrap())
}

/// Makes a repository with a file of 2 000 lines that 300 commits changed.
fn generate(dir: &Path) -> PathBuf {
    let repo = Repository::init(dir).unwrap();
    let mut lines: Vec<String> = (0..2_000).map(|line| format!("line {line} of the first commit\n")).collect();
    let mut parent = None;
    for number in 0..300 {
        lines[number * 37 % 2_000] = format!("line of commit {number}\n");
        let blob = repo.blob(lines.concat().as_bytes()).unwrap();
        let mut tree = repo.treebuilder(None).unwrap();
        tree.insert("file.txt", blob, 0o100_644).unwrap();
        let tree = repo.find_tree(tree.write().unwrap()).unwrap();
        let time = git2::Time::new(1_760_000_000 + number as i64, 0);
        let author = Signature::new("Bench", "bench@example.com", &time).unwrap();
        let parents: Vec<_> = parent.iter().map(|id| repo.find_commit(*id).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        parent = Some(repo.commit(Some("HEAD"), &author, &author, "bench", &tree, &parents).unwrap());
    }
    std::fs::write(dir.join("file.txt"), lines.concat()).unwrap();
    dir.to_owned()
}
