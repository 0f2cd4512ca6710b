//! How well lines are found again at a newer pin, over real history: `cargo bench --bench reanchor -- CLONE...`.
//!
//! From every tenth commit, 200 regions of varied sizes are planted, seeded, and found again at the tip. The truth is made
//! another way: `git blame -M -C` attributes each line, of the old file and of every file of the tip, to the line of the
//! commit that brought it, by git's own comparison of each commit with the one before. A line survives where a line of the
//! tip has the same origin. Nothing of ours takes part in it: ours sees the two trees alone.
//!
//! `TOUCHSTONE_BENCH=short` plants 20. `TOUCHSTONE_REANCHOR_SHOW=1` prints every case on which both disagree.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use touchstone::model::carry::{Anchor, Anchored};
use touchstone::model::evidence::{Region, RepoPath};
use touchstone::model::hash::{ObjectId, Sha256};
use touchstone::repo::{Content, Pin, Repo, line_count};

/// Each tenth commit.
const EACH: usize = 10;
/// Sizes of planted regions, in lines.
const SIZES: [usize; 9] = [1, 1, 2, 3, 5, 8, 13, 21, 40];
/// Longer files are not planted in, nor blamed: lock files and the like.
const LONGEST: usize = 6_000;

/// The line of the commit that brought a line.
type Origin = (String, String, usize);

/// What git says became of a region.
#[derive(Debug, Clone, PartialEq)]
enum Truth {
    /// The very same bytes at one place: path and first line.
    At(String, usize),
    /// At several.
    Several,
    /// Some of its lines are there, or they are apart.
    Partly,
    /// No line of it is there.
    Gone,
}

fn git(clone: &Path, args: &[&str]) -> Vec<u8> {
    let out = Command::new("git").arg("-C").arg(clone).args(args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// Attributes lines of a file; all of it without a range.
fn origins(clone: &Path, commit: &str, path: &str, lines: Option<(usize, usize)>) -> Vec<Origin> {
    let range = lines.map(|(first, last)| format!("-L{first},{last}"));
    let mut args = vec!["blame", "-M", "-C", "--porcelain"];
    args.extend(range.as_deref());
    args.extend([commit, "--", path]);
    let out = git(clone, &args);
    let mut found = Vec::new();
    let mut files: HashMap<String, String> = HashMap::new();
    let mut header: Option<(String, usize)> = None;
    for line in out.split(|byte| *byte == b'\n') {
        if line.starts_with(b"\t") {
            let (commit, line) = header.take().unwrap();
            found.push((commit.clone(), files[&commit].clone(), line));
        } else if let Some(name) = line.strip_prefix(b"filename ") {
            let (commit, _) = header.as_ref().unwrap();
            files.insert(commit.clone(), String::from_utf8_lossy(name).into_owned());
        } else if header.is_none() {
            let text = String::from_utf8_lossy(line).into_owned();
            let mut words = text.split(' ');
            if let (Some(commit), Some(line)) = (words.next().filter(|word| word.len() == 40), words.next()) {
                header = Some((commit.to_owned(), line.parse().unwrap()));
            }
        }
    }
    found
}

/// A generator that is the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Returns the files that can be planted in, with how many lines they have.
fn files(pin: &Pin) -> Vec<(RepoPath, usize)> {
    let mut found = Vec::new();
    for entry in pin.entries().iter().filter(|entry| entry.is_file()) {
        if let Content::Text(bytes) = pin.content(entry.oid).unwrap() {
            let lines = line_count(&bytes);
            if (1..=LONGEST).contains(&lines) && !entry.path.lossy().ends_with(".lock") {
                found.push((entry.path.clone(), lines));
            }
        }
    }
    found
}

fn truth(clone: &Path, tip: &HashMap<Origin, Vec<(String, usize)>>, pin: &Pin, region: &Region) -> Truth {
    let commit = pin.commit().to_string();
    let lines = origins(clone, &commit, &region.path.lossy(), Some((region.first, region.last)));
    let none = Vec::new();
    let there: Vec<&Vec<(String, usize)>> = lines.iter().map(|origin| tip.get(origin).unwrap_or(&none)).collect();
    if there.iter().all(|places| places.is_empty()) {
        return Truth::Gone;
    }
    // Runs of the same length whose lines all have the right origins, in order.
    let starts: Vec<&(String, usize)> = there[0]
        .iter()
        .filter(|(path, first)| {
            there.iter().enumerate().all(|(nth, places)| places.contains(&(path.clone(), first + nth)))
        })
        .collect();
    match starts.as_slice() {
        [] => Truth::Partly,
        [one] => Truth::At(one.0.clone(), one.1),
        _ => Truth::Several,
    }
}

#[derive(Default)]
struct Score {
    table: BTreeMap<(&'static str, &'static str), usize>,
    said: usize,
    right: usize,
    survived: usize,
    found: usize,
    unlike: Vec<String>,
}

fn main() {
    let short = std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short");
    let show = std::env::var_os("TOUCHSTONE_REANCHOR_SHOW").is_some();
    let clones: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if clones.is_empty() {
        println!("No clone is named: cargo bench --bench reanchor -- CLONE...");
        return;
    }
    for clone in &clones {
        measure(Path::new(clone), if short { 20 } else { 200 }, show);
    }
}

fn measure(clone: &Path, wanted: usize, show: bool) {
    let repo = Repo::discover(clone).unwrap();
    let list = String::from_utf8(git(clone, &["rev-list", "HEAD"])).unwrap();
    let commits: Vec<ObjectId> = list.lines().skip(EACH).step_by(EACH).map(|id| id.parse().unwrap()).collect();
    let tip = repo.pin(repo.head().unwrap(), &[]).unwrap();
    let mut places: HashMap<Origin, Vec<(String, usize)>> = HashMap::new();
    let tip_commit = tip.commit().to_string();
    for (path, _) in files(&tip) {
        let path = path.lossy().into_owned();
        for (index, origin) in origins(clone, &tip_commit, &path, None).into_iter().enumerate() {
            places.entry(origin).or_default().push((path.clone(), index + 1));
        }
    }
    let mut dice = Dice(20_260_131);
    let mut planted: BTreeMap<ObjectId, Vec<(RepoPath, usize, usize)>> = BTreeMap::new();
    let mut known: HashMap<ObjectId, Vec<(RepoPath, usize)>> = HashMap::new();
    let mut seen = BTreeSet::new();
    while seen.len() < wanted {
        let commit = commits[dice.below(commits.len())];
        let there = known.entry(commit).or_insert_with(|| files(&repo.pin(commit, &[]).unwrap()));
        let Some((path, lines)) = there.get(dice.below(there.len().max(1))).cloned() else { continue };
        let size = SIZES[dice.below(SIZES.len())].min(lines);
        let first = dice.below(lines - size + 1) + 1;
        if seen.insert((commit, path.clone(), first, size)) {
            planted.entry(commit).or_default().push((path, first, first + size - 1));
        }
    }
    let mut score = Score::default();
    let mut spent = Duration::ZERO;
    for (commit, wanted) in planted {
        let pin = repo.pin(commit, &[]).unwrap();
        let regions: Vec<Region> =
            wanted.iter().map(|(path, first, last)| pin.region(path, *first, *last).unwrap()).collect();
        let before = Instant::now();
        let anchored = tip.reanchor(commit, &regions, &|| false).unwrap().unwrap();
        spent += before.elapsed();
        for (region, ours) in regions.iter().zip(&anchored) {
            let truth = truth(clone, &places, &pin, region);
            judge(&mut score, &tip, commit, ours, &truth);
        }
    }
    print(clone, commits.len(), wanted, spent, &score, show);
}

fn judge(score: &mut Score, tip: &Pin, commit: ObjectId, ours: &Anchored, truth: &Truth) {
    let column = match truth {
        Truth::At(path, first) if (path.as_str(), *first) == (&ours.from.path.lossy(), ours.from.first) => "exact",
        Truth::At(..) => "moved",
        Truth::Several => "several",
        Truth::Partly => "partly",
        Truth::Gone => "gone",
    };
    *score.table.entry((ours.state.word(), column)).or_default() += 1;
    let holds = ours.state.holds();
    if holds {
        // Read back from the tip: the bytes that stand there have the digest of those that were planted.
        let to = ours.to.as_ref().unwrap();
        assert_eq!(Sha256::of(tip.excerpt(to).unwrap()), ours.from.sha256, "other bytes: {ours:?}");
    }
    let place = ours.to.as_ref().map(|to| Truth::At(to.path.lossy().into_owned(), to.first));
    let right = holds && place.as_ref() == Some(truth);
    let survived = matches!(truth, Truth::At(..));
    score.said += usize::from(holds);
    score.right += usize::from(right);
    score.survived += usize::from(survived);
    score.found += usize::from(right);
    let alike = match (ours.state, truth) {
        _ if right => true,
        (Anchor::Edited, Truth::Partly) | (Anchor::Gone, Truth::Gone) | (Anchor::Ambiguous, Truth::Several) => true,
        _ => false,
    };
    if !alike {
        let from = &ours.from;
        let to = ours.to.as_ref().map(|to| format!(" {}:{}-{}", to.path.lossy(), to.first, to.last));
        score.unlike.push(format!(
            "{}:{}:{}-{}  ours {}{}  git {truth:?}{}",
            commit.short(),
            from.path.lossy(),
            from.first,
            from.last,
            ours.said(),
            to.unwrap_or_default(),
            ours.why.as_ref().map(|why| format!("  ({why})")).unwrap_or_default()
        ));
    }
}

fn print(clone: &Path, commits: usize, planted: usize, spent: Duration, score: &Score, show: bool) {
    println!("\n{}: {planted} regions of {commits} commits, found again in {spent:.1?}", clone.display());
    let columns = ["exact", "moved", "several", "partly", "gone"];
    print!("{:<12}", "ours \\ git");
    columns.iter().for_each(|column| print!("{column:>9}"));
    println!();
    for row in [Anchor::Exact, Anchor::Moved, Anchor::Edited, Anchor::Gone, Anchor::Ambiguous, Anchor::NotKnown] {
        print!("{:<12}", row.word());
        columns.iter().for_each(|column| print!("{:>9}", score.table.get(&(row.word(), *column)).unwrap_or(&0)));
        println!();
    }
    let percent = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
    println!(
        "precision {:.1} % ({} of {}), recall {:.1} % ({} of {})",
        percent(score.right, score.said),
        score.right,
        score.said,
        percent(score.found, score.survived),
        score.found,
        score.survived
    );
    if show {
        score.unlike.iter().for_each(|line| println!("  {line}"));
    }
}
