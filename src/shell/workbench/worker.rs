//! The threads that read, search and colour, so that no key waits for them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Answers;
use crate::app::msg::{Loaded, Msg};
use crate::app::popup::HIT_LIMIT;
use crate::app::text::{LINE_LIMIT, Text};
use crate::error::{Error, Result};
use crate::highlight::{Answer, Highlighter, OutlineRequest, Request};
use crate::model::audit::Audit;
use crate::model::evidence::{Query, RepoPath};
use crate::model::hash::ObjectId;
use crate::model::standard::Standard;
use crate::repo::{BLOB_LIMIT, Content, Entry, EntryKind, Pin, Repo, display};
use crate::shell::{exporting, leads};

/// How many places of each lead are shown.
const PLACES: usize = 200;

/// How many of the repository's languages are made ready, the most frequent ones.
const LANGUAGES: usize = 6;

/// How many files of a language are looked at for one that shows enough of it, and how large that is, in bytes.
const SAMPLES: usize = 5;
const SAMPLE: usize = 4 << 10;

/// A symbolic link's target is cut here, in bytes.
const TARGET: usize = 200;

/// The workers of one audit. Dropping them lets them end, and does not wait for it.
pub(super) struct Workers {
    reads: Sender<Read>,
    desk: Arc<Desk>,
    highlighter: Highlighter,
}

impl Workers {
    /// Starts them. The reader takes the pin that is there; the searcher opens one of its own when it is needed.
    pub fn start(pin: Pin, repo: Repo, audit: &Audit, answers: &Answers) -> Workers {
        let (reads, wanted) = channel();
        let desk = Arc::new(Desk::default());
        let opened = &audit.now.opened;
        let searcher = Searcher {
            desk: Arc::clone(&desk),
            answers: answers.clone(),
            standard: Arc::clone(&audit.standard),
            repo,
            commit: opened.pin.commit,
            scope: opened.scope.clone(),
        };
        thread::spawn(move || searcher.run());
        let theirs = answers.clone();
        let highlighter = Highlighter::spawn(move |answer| {
            let last = answer.is_last();
            let msg = match answer {
                Answer::Coloured(coloured) => Msg::Coloured(coloured),
                Answer::Outlined(outlined) => Msg::Outlined(outlined),
            };
            theirs.send(Some(msg), last);
        });
        let (theirs, warmed) = (answers.clone(), highlighter.clone());
        thread::spawn(move || read(&pin, &wanted, &theirs, &warmed));
        Workers { reads, desk, highlighter }
    }

    pub fn load(&self, path: RepoPath, line: usize) {
        // The reader lives as long as this does.
        let _ = self.reads.send(Read::File(path, line));
    }

    /// Makes the repository's main languages ready to be coloured, while nothing is asked for.
    pub fn warm(&self) {
        let _ = self.reads.send(Read::Samples);
    }

    /// Begins a search, in place of the one before.
    pub fn search(&self, ticket: u64, query: Query, answers: &Answers) {
        let mut jobs = self.desk.jobs();
        if jobs.search.replace((ticket, query)).is_some() {
            answers.send(None, true);
        }
        self.desk.changed.notify_one();
    }

    /// Runs an item's leads; those of the item that is shown come first.
    pub fn leads(&self, item: String) {
        self.desk.jobs().leads.push_back(item);
        self.desk.changed.notify_one();
    }

    /// Says which item is shown.
    pub fn show(&self, item: &str) {
        let mut jobs = self.desk.jobs();
        if jobs.shown != item {
            item.clone_into(&mut jobs.shown);
        }
    }

    /// Looks through the audit for the review, in place of a look that has not begun.
    pub fn review(&self, audit: Audit, standard_toml: String, answers: &Answers) {
        if self.desk.jobs().review.replace((Box::new(audit), standard_toml)).is_some() {
            answers.send(None, true);
        }
        self.desk.changed.notify_one();
    }

    pub fn colour(&self, request: Request) {
        self.highlighter.request(request);
    }

    pub fn outline(&self, request: OutlineRequest) {
        self.highlighter.outline(request);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.desk.jobs().closed = true;
        self.desk.changed.notify_one();
    }
}

/// What the reader is to do.
enum Read {
    /// Read a file, to show this line of it.
    File(RepoPath, usize),
    /// Read files that show the repository's main languages.
    Samples,
}

fn read(pin: &Pin, wanted: &Receiver<Read>, answers: &Answers, highlighter: &Highlighter) {
    let mut languages: VecDeque<Vec<&RepoPath>> = VecDeque::new();
    let mut newest: Option<(RepoPath, usize)> = None;
    loop {
        // The newest file comes first, and samples when nothing else is there to do.
        let read = match wanted.try_recv() {
            Ok(read) => read,
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {
                if let Some((path, line)) = newest.take() {
                    let result = load(pin, &path);
                    answers.send(Some(Msg::Loaded { path, line, result }), true);
                    continue;
                }
                if let Some(paths) = languages.pop_front() {
                    if let Some((path, bytes)) = sample(pin, &paths) {
                        highlighter.warm(path, bytes);
                    }
                    continue;
                }
                match wanted.recv() {
                    Ok(read) => read,
                    Err(_) => return,
                }
            }
        };
        match read {
            Read::File(path, line) => {
                if newest.replace((path, line)).is_some() {
                    answers.send(None, true);
                }
            }
            Read::Samples => languages = main_languages(pin.entries()).into(),
        }
    }
}

/// Returns some files of each of the most frequent endings, the most frequent first: which of them are languages, the
/// highlighter knows.
fn main_languages(entries: &[Entry]) -> Vec<Vec<&RepoPath>> {
    let mut by_ending: BTreeMap<Vec<u8>, Vec<&RepoPath>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_file()) {
        let name = entry.path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0);
        if let Some(dot) = dot {
            by_ending.entry(name[dot..].to_ascii_lowercase()).or_default().push(&entry.path);
        }
    }
    let mut languages: Vec<Vec<&RepoPath>> = by_ending.into_values().collect();
    languages.sort_by_key(|paths| std::cmp::Reverse(paths.len()));
    languages.truncate(LANGUAGES);
    for paths in &mut languages {
        // Not neighbours: a folder's files are alike.
        let step = paths.len().div_ceil(SAMPLES);
        *paths = paths.iter().step_by(step).copied().collect();
    }
    languages
}

/// Reads the first of these files that shows enough of its language, else the longest.
fn sample(pin: &Pin, paths: &[&RepoPath]) -> Option<(RepoPath, Arc<[u8]>)> {
    let mut longest: Option<(RepoPath, Arc<[u8]>)> = None;
    for path in paths {
        let Ok(Content::Text(bytes)) = pin.find(path).and_then(|entry| pin.content(entry.oid)) else { continue };
        let enough = bytes.len() >= SAMPLE;
        if longest.as_ref().is_none_or(|(_, known)| known.len() < bytes.len()) {
            longest = Some(((*path).clone(), bytes));
        }
        if enough {
            break;
        }
    }
    longest
}

/// Reads what stands at a path.
fn load(pin: &Pin, path: &RepoPath) -> Result<Loaded> {
    let entry = pin.find(path)?;
    let other = |why: String| Ok(Loaded::Other(why));
    match (entry.kind, entry.oid) {
        (EntryKind::Submodule, commit) => {
            other(format!("A submodule at the commit {commit}: its files are another repository's and are not read."))
        }
        (EntryKind::Symlink, blob) => {
            let target = match pin.content(blob)? {
                Content::Text(bytes) => {
                    let more = if bytes.len() > TARGET { "…" } else { "" };
                    format!("{}{more}", display::bytes(&bytes[..bytes.len().min(TARGET)]))
                }
                Content::Binary(_) | Content::TooLarge(_) => "something that is no path".to_owned(),
            };
            other(format!("A symbolic link to {target}; links are never followed."))
        }
        (EntryKind::File | EntryKind::Executable, blob) => match pin.content(blob)? {
            Content::Text(bytes) if Text::feeds(&bytes) > LINE_LIMIT => other(format!(
                "Too many lines to be shown: {}, blob {}; searches read it all the same.",
                Text::feeds(&bytes),
                blob.short()
            )),
            Content::Text(bytes) => Ok(Loaded::Text(Text::new(path.clone(), blob, bytes))),
            Content::Binary(size) => other(format!("Binary, {}, blob {}.", amount(size), blob.short())),
            Content::TooLarge(size) => other(format!(
                "Too large to be shown: {}, blob {}; over {} nothing is loaded.",
                amount(size),
                blob.short(),
                amount(BLOB_LIMIT)
            )),
        },
    }
}

/// Returns a size as a person reads it.
fn amount(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        0x400..0x10_0000 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

/// What the searcher is to do.
#[derive(Default)]
struct Jobs {
    search: Option<(u64, Query)>,
    review: Option<(Box<Audit>, String)>,
    leads: VecDeque<String>,
    shown: String,
    closed: bool,
}

/// Where the searcher finds its work.
#[derive(Default)]
struct Desk {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

enum Job {
    Search(u64, Query),
    Leads(String),
    Review(Box<Audit>, String),
}

impl Desk {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job: a search, the leads of the item that is shown, a review, other leads.
    fn next(&self) -> Option<Job> {
        let idle =
            |jobs: &mut Jobs| !jobs.closed && jobs.search.is_none() && jobs.review.is_none() && jobs.leads.is_empty();
        let mut jobs = self.changed.wait_while(self.jobs(), idle).unwrap_or_else(PoisonError::into_inner);
        if jobs.closed {
            return None;
        }
        if let Some((ticket, query)) = jobs.search.take() {
            return Some(Job::Search(ticket, query));
        }
        let shown = jobs.leads.iter().position(|item| *item == jobs.shown);
        if let Some(item) = shown.and_then(|at| jobs.leads.remove(at)) {
            return Some(Job::Leads(item));
        }
        match jobs.review.take() {
            Some((audit, standard)) => Some(Job::Review(audit, standard)),
            None => jobs.leads.pop_front().map(Job::Leads),
        }
    }

    /// Tells whether what runs is to make way for a search.
    fn is_pressing(&self) -> bool {
        let jobs = self.jobs();
        jobs.closed || jobs.search.is_some()
    }
}

struct Searcher {
    desk: Arc<Desk>,
    answers: Answers,
    standard: Arc<Standard>,
    repo: Repo,
    commit: ObjectId,
    scope: Vec<RepoPath>,
}

impl Searcher {
    fn run(&self) {
        let mut pin: Option<Pin> = None;
        while let Some(job) = self.desk.next() {
            if pin.is_none() {
                match self.repo.pin(self.commit, &self.scope) {
                    Ok(opened) => pin = Some(opened),
                    Err(error) => {
                        self.refuse(job, error);
                        continue;
                    }
                }
            }
            if let Some(pin) = &pin {
                self.serve(pin, job);
            }
        }
    }

    fn serve(&self, pin: &Pin, job: Job) {
        let stop = || self.desk.is_pressing();
        match job {
            Job::Search(ticket, query) => {
                let found = |hits| self.answers.send(Some(Msg::Hits { ticket, hits }), false);
                let result = pin.stream(&query, HIT_LIMIT, &stop, found).transpose();
                self.answers.send(result.map(|result| Msg::Searched { ticket, result }), true);
            }
            Job::Leads(item) => match leads::run(pin, &self.standard, &item, PLACES, &stop) {
                Some(leads) => self.answers.send(Some(Msg::Leads { item, leads }), true),
                // A search made it stop; it is begun again after that.
                None => self.desk.jobs().leads.push_front(item),
            },
            Job::Review(audit, standard) => {
                let result = exporting::review(&audit, &standard, pin);
                self.answers.send(Some(Msg::Reviewed(result)), true);
            }
        }
    }

    /// Answers a job without a pin.
    fn refuse(&self, job: Job, error: Error) {
        let msg = match job {
            Job::Search(ticket, _) => Msg::Searched { ticket, result: Err(error) },
            Job::Review(..) => Msg::Reviewed(Err(error)),
            Job::Leads(item) => {
                let why = display::line(&error.message).into_owned();
                let leads = self.standard.item(&item).map(|(_, item)| item.leads.as_slice()).unwrap_or_default();
                let found = leads.iter().map(|lead| leads::unrun(lead, why.clone())).collect();
                Msg::Leads { item, leads: found }
            }
        };
        self.answers.send(Some(msg), true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    #[test]
    fn the_most_frequent_endings_are_the_main_languages() {
        let entry = |path: String| Entry { path: (*path).into(), oid: Hex([0; 20]), kind: EntryKind::File };
        let mut entries: Vec<Entry> = (0..23).map(|number| entry(format!("src/{number:02}.TS"))).collect();
        entries.extend((0..3).map(|number| entry(format!("{number}.py"))));
        entries.extend(["LICENSE", ".gitignore", "a.ts"].map(|path| entry(path.to_owned())));
        entries.push(Entry { kind: EntryKind::Symlink, ..entry("x.rs".to_owned()) });
        let found = main_languages(&entries);
        let paths: Vec<Vec<String>> =
            found.iter().map(|paths| paths.iter().map(|path| path.lossy().into_owned()).collect()).collect();
        assert_eq!(paths[0], ["src/00.TS", "src/05.TS", "src/10.TS", "src/15.TS", "src/20.TS"]);
        assert_eq!(paths[1], ["0.py", "1.py", "2.py"]);
        assert_eq!(paths.len(), 2);
    }
}
