//! The threads that read, search and colour, so that no key waits for them.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Answers;
use crate::app::msg::{Loaded, Msg};
use crate::app::popup::HIT_LIMIT;
use crate::app::text::{LINE_LIMIT, Text};
use crate::error::{Error, Result};
use crate::highlight::{Highlighter, Request};
use crate::model::audit::Audit;
use crate::model::evidence::{Query, RepoPath};
use crate::model::hash::ObjectId;
use crate::model::standard::Standard;
use crate::repo::{BLOB_LIMIT, Content, EntryKind, Pin, Repo, display};
use crate::shell::{exporting, leads};

/// How many places of each lead are shown.
const PLACES: usize = 200;

/// A symbolic link's target is cut here, in bytes.
const TARGET: usize = 200;

/// The workers of one audit. Dropping them lets them end, and does not wait for it.
pub(super) struct Workers {
    reads: Sender<(RepoPath, usize)>,
    desk: Arc<Desk>,
    highlighter: Highlighter,
}

impl Workers {
    /// Starts them. The reader takes the pin that is there; the searcher opens one of its own when it is needed.
    pub fn start(pin: Pin, repo: Repo, audit: &Audit, answers: &Answers) -> Workers {
        let (reads, wanted) = channel();
        let theirs = answers.clone();
        thread::spawn(move || read(&pin, &wanted, &theirs));
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
        let highlighter = Highlighter::spawn(move |coloured| {
            let done = coloured.done;
            theirs.send(Some(Msg::Coloured(coloured)), done);
        });
        Workers { reads, desk, highlighter }
    }

    pub fn load(&self, path: RepoPath, line: usize) {
        // The reader lives as long as this does.
        let _ = self.reads.send((path, line));
    }

    /// Begins a search, in place of the one before.
    pub fn search(&self, ticket: u64, query: Query, answers: &Answers) {
        let mut jobs = self.desk.jobs();
        if jobs.search.replace((ticket, query)).is_some() {
            answers.send(None, true);
        }
        self.desk.changed.notify_one();
    }

    /// Looks for what could fool the eye, in place of a look that has not begun.
    pub fn trojans(&self, ticket: u64, answers: &Answers) {
        if self.desk.jobs().trojans.replace((ticket, 0)).is_some() {
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
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.desk.jobs().closed = true;
        self.desk.changed.notify_one();
    }
}

fn read(pin: &Pin, wanted: &Receiver<(RepoPath, usize)>, answers: &Answers) {
    while let Ok(mut newest) = wanted.recv() {
        while let Ok(newer) = wanted.try_recv() {
            answers.send(None, true);
            newest = newer;
        }
        let (path, line) = newest;
        let result = load(pin, &path);
        answers.send(Some(Msg::Loaded { path, line, result }), true);
    }
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
    /// A look for what could fool the eye, and how many files it already told of.
    trojans: Option<(u64, usize)>,
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
    Trojans(u64, usize),
}

impl Desk {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job: a search, the leads of the item that is shown, a review, a look for what could fool the eye,
    /// other leads.
    fn next(&self) -> Option<Job> {
        let idle = |jobs: &mut Jobs| {
            let none = jobs.search.is_none() && jobs.review.is_none() && jobs.trojans.is_none();
            !jobs.closed && none && jobs.leads.is_empty()
        };
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
        if let Some((audit, standard)) = jobs.review.take() {
            return Some(Job::Review(audit, standard));
        }
        match jobs.trojans.take() {
            Some((ticket, told)) => Some(Job::Trojans(ticket, told)),
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
            Job::Trojans(ticket, told) => self.trojans(pin, ticket, told),
            Job::Review(audit, standard) => {
                let result = exporting::review(&audit, &standard, pin);
                self.answers.send(Some(Msg::Reviewed(result)), true);
            }
        }
    }

    /// Looks for what could fool the eye, past the files that were told of before a search made it stop.
    fn trojans(&self, pin: &Pin, ticket: u64, told: usize) {
        let mut files = 0;
        let result = pin.trojans(&|| self.desk.is_pressing(), |odd| {
            files += 1;
            if files > told {
                self.answers.send(Some(Msg::Odd { ticket, odd }), false);
            }
        });
        if let Some(result) = result.transpose() {
            return self.answers.send(Some(Msg::Looked { ticket, result }), true);
        }
        let mut jobs = self.desk.jobs();
        if jobs.trojans.is_some() {
            // A newer look was asked for meanwhile; this one is over.
            drop(jobs);
            self.answers.send(None, true);
        } else {
            jobs.trojans = Some((ticket, files.max(told)));
        }
    }

    /// Answers a job without a pin.
    fn refuse(&self, job: Job, error: Error) {
        let msg = match job {
            Job::Search(ticket, _) => Msg::Searched { ticket, result: Err(error) },
            Job::Review(..) => Msg::Reviewed(Err(error)),
            Job::Trojans(ticket, _) => Msg::Looked { ticket, result: Err(error) },
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
