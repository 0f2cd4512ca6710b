//! The threads that read, search and colour, so that no key waits for them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::batches::Batches;
use super::historian::Historians;
use super::{Answers, narrow, warm};
use crate::app::msg::{Loaded, Msg};
use crate::app::past::Ask;
use crate::app::picker::Narrow;
use crate::app::popup::{HIT_LIMIT, Value};
use crate::app::text::{LINE_LIMIT, Text};
use crate::error::{Error, Result};
use crate::highlight::{Answer, Highlighter, OutlineRequest, Request};
use crate::model::audit::Audit;
use crate::model::evidence::{Query, RepoPath};
use crate::model::hash::ObjectId;
use crate::model::standard::Standard;
use crate::repo::{BLOB_LIMIT, Content, EntryKind, Pin, Repo, display, line_count};
use crate::shell::{exporting, leads};

/// How many bytes of the files' texts are kept in memory for searches; what is beyond is read for each.
const TEXTS: u64 = 256 << 20;

/// A symbolic link's target is cut here, in bytes.
const TARGET: usize = 200;

/// The workers of one audit. Dropping them lets them end, and waits for none but the historians.
pub(super) struct Workers {
    reads: Sender<(RepoPath, usize)>,
    peeks: Sender<(RepoPath, usize)>,
    lists: Sender<Narrow<Value>>,
    pin: Arc<Pin>,
    desk: Arc<Desk>,
    highlighter: Highlighter,
    historians: Historians,
    looks_ahead: bool,
}

impl Workers {
    /// Starts them. The reader takes the pin that is there; the searcher opens one of its own when it is needed.
    pub fn start(pin: Pin, repo: Repo, audit: &Audit, answers: &Answers) -> Workers {
        let historians = Historians::start(&repo, answers);
        pin.keep_texts(TEXTS);
        let pin = Arc::new(pin);
        let reader = |answer: fn(RepoPath, usize, Result<Loaded>) -> Msg| {
            let (reads, wanted) = channel();
            let (pin, theirs) = (Arc::clone(&pin), answers.clone());
            thread::spawn(move || read(&pin, &wanted, &theirs, answer));
            reads
        };
        let reads = reader(|path, line, result| Msg::Loaded { path, line, result });
        // A file beside a list must not take the place of one that is to be opened.
        let peeks = reader(|path, _, result| Msg::Peeked { path, result });
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
        let lists = narrow::start(answers);
        Workers { reads, peeks, lists, pin, desk, highlighter, historians, looks_ahead: false }
    }

    pub fn load(&self, path: RepoPath, line: usize) {
        // The reader lives as long as this does.
        let _ = self.reads.send((path, line));
    }

    pub fn peek(&self, path: RepoPath) {
        let _ = self.peeks.send((path, 0));
    }

    pub fn narrow(&self, list: Narrow<Value>) {
        let _ = self.lists.send(list);
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

    /// Runs the leads of all items, after everything else.
    pub fn leads(&self) {
        self.desk.jobs().leads = true;
        self.desk.changed.notify_one();
    }

    /// Does what the first frame does not need, once and while there is nothing more pressing: reads the files into memory,
    /// so that searches find them there, and makes the main languages ready to be coloured.
    pub fn look_ahead(&mut self) {
        if !std::mem::replace(&mut self.looks_ahead, true) {
            self.desk.jobs().ahead = true;
            self.desk.changed.notify_one();
            let (pin, highlighter) = (Arc::clone(&self.pin), self.highlighter.clone());
            thread::spawn(move || warm::run(&pin, &highlighter));
        }
    }

    /// Looks through the audit for the review, in place of a look that has not begun.
    pub fn review(&self, audit: Audit, standard_toml: String, answers: &Answers) {
        if self.desk.jobs().review.replace((Box::new(audit), standard_toml)).is_some() {
            answers.send(None, true);
        }
        self.desk.changed.notify_one();
    }

    /// Counts the lines of all files.
    pub fn extent(&self) {
        self.desk.jobs().extent = true;
        self.desk.changed.notify_one();
    }

    /// Looks into the past.
    pub fn ask(&self, ticket: u64, ask: Ask) {
        self.historians.ask(ticket, ask);
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

fn read(
    pin: &Pin,
    wanted: &Receiver<(RepoPath, usize)>,
    answers: &Answers,
    answer: fn(RepoPath, usize, Result<Loaded>) -> Msg,
) {
    while let Ok(mut newest) = wanted.recv() {
        while let Ok(newer) = wanted.try_recv() {
            answers.send(None, true);
            newest = newer;
        }
        let (path, line) = newest;
        let result = load(pin, &path);
        answers.send(Some(answer(path, line, result)), true);
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
            Content::Text(bytes) if line_count(&bytes) > LINE_LIMIT => other(format!(
                "Too many lines to be shown: {}, blob {}; searches read it all the same.",
                line_count(&bytes),
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
    extent: bool,
    /// A look for what could fool the eye, and how many files it already told of.
    trojans: Option<(u64, usize)>,
    ahead: bool,
    leads: bool,
    closed: bool,
}

impl Jobs {
    fn is_wanted(&self) -> bool {
        self.search.is_some() || self.review.is_some() || self.extent || self.trojans.is_some()
    }
}

/// Where the searcher finds its work.
#[derive(Default)]
struct Desk {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

enum Job {
    Search(u64, Query),
    Extent,
    Leads,
    Review(Box<Audit>, String),
    Ahead,
    Trojans(u64, usize),
}

impl Desk {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job: a search, counting lines, a review, a look for what could fool the eye, reading ahead, the
    /// leads.
    fn next(&self) -> Option<Job> {
        let idle = |jobs: &mut Jobs| !jobs.closed && !jobs.is_wanted() && !jobs.ahead && !jobs.leads;
        let mut jobs = self.changed.wait_while(self.jobs(), idle).unwrap_or_else(PoisonError::into_inner);
        if jobs.closed {
            return None;
        }
        if let Some((ticket, query)) = jobs.search.take() {
            return Some(Job::Search(ticket, query));
        }
        if std::mem::take(&mut jobs.extent) {
            return Some(Job::Extent);
        }
        if let Some((audit, standard)) = jobs.review.take() {
            return Some(Job::Review(audit, standard));
        }
        match jobs.trojans.take() {
            Some((ticket, told)) => Some(Job::Trojans(ticket, told)),
            None if std::mem::take(&mut jobs.ahead) => Some(Job::Ahead),
            None => std::mem::take(&mut jobs.leads).then_some(Job::Leads),
        }
    }

    /// Tells whether what runs is to make way for a search.
    fn is_pressing(&self) -> bool {
        let jobs = self.jobs();
        jobs.closed || jobs.search.is_some()
    }

    /// Tells whether there is anything to do that a user waits for.
    fn is_wanted(&self) -> bool {
        let jobs = self.jobs();
        jobs.closed || jobs.is_wanted()
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
                let send = |hits| self.answers.send(Some(Msg::Hits { ticket, hits }), false);
                let mut batches = Batches::new(send);
                let result = pin.stream(&query, HIT_LIMIT, &stop, |hits| batches.add(hits)).transpose();
                batches.flush();
                self.answers.send(result.map(|result| Msg::Searched { ticket, result }), true);
            }
            Job::Extent => match pin.extent(&stop) {
                Ok(Some(extent)) => self.answers.send(Some(Msg::Extent(Ok(extent))), true),
                Ok(None) => self.desk.jobs().extent = true,
                Err(error) => self.answers.send(Some(Msg::Extent(Err(error))), true),
            },
            Job::Leads => {
                let stop = || self.desk.is_wanted();
                let so_far = |hits| self.answers.send(Some(Msg::LeadsSoFar(hits)), false);
                match leads::run_all(pin, &self.standard, leads::PLACES, &stop, so_far) {
                    Some(leads) => self.answers.send(Some(Msg::Leads(leads)), true),
                    // Something else made them stop; they are begun again after that.
                    None => self.desk.jobs().leads = true,
                }
            }
            Job::Trojans(ticket, told) => self.trojans(pin, ticket, told),
            Job::Review(audit, standard) => {
                let result = exporting::review(&audit, &standard, pin);
                self.answers.send(Some(Msg::Reviewed(result)), true);
            }
            Job::Ahead => {
                if !pin.read_ahead(&stop) {
                    // A search made it stop.
                    self.desk.jobs().ahead = true;
                }
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
            Job::Extent => Msg::Extent(Err(error)),
            Job::Leads => Msg::Leads(leads::run_none(&self.standard, &display::line(&error.message))),
            Job::Ahead => return,
            Job::Trojans(ticket, _) => Msg::Looked { ticket, result: Err(error) },
        };
        self.answers.send(Some(msg), true);
    }
}
