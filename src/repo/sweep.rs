//! Many searches in one reading of the tree.
//!
//! Two threads read the files and look for what matches; the caller's thread puts what they found together in path
//! order, so that the order of the threads never shows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use sha2::Digest as _;

use super::pin::{Entry, EntryKind, Pin};
use super::require::{Required, surely_compiles};
use super::rust_tests::TestModules;
use super::search::{ENGINE, Engine, Globs, Hit, NO_FILE, Skips, list_object, searcher, with_text};
use crate::error::{Error, Result};
use crate::model::evidence::{Place, Query, RepoPath, Search, SkipReason};
use crate::model::hash::{Hex, Sha256};

const THREADS: usize = 2;
/// How many files a thread takes at a time, at most.
const BLOCK: usize = 32;
/// Into how many blocks files are divided at least, so that the threads have as much to do.
const BLOCKS: usize = 32;
/// How many blocks the threads may be ahead of what was put together; it bounds what waits in memory.
const AHEAD: usize = 64;
/// A hit's text is cut here, in bytes.
const TEXT_BYTES: usize = 4 << 10;

/// The queries that read the same files, and so share the denominator.
struct Group {
    include: Option<Globs>,
    exclude: Option<Globs>,
    runs: Vec<usize>,
}

impl Group {
    /// Tells whether a file is read, and if so whether its hits are counted apart.
    fn takes(&self, entry: &Entry) -> Option<bool> {
        let holds = |globs: &Globs| globs.matches(&entry.path);
        self.include.as_ref().is_none_or(holds).then(|| self.exclude.as_ref().is_some_and(holds))
    }
}

/// A query that can be run.
struct Run<'a> {
    query: &'a Query,
    /// Its place among all queries.
    at: usize,
    /// Compiled when a file may match: compiling costs more than searching a small repository.
    engine: OnceLock<Result<Engine>>,
    /// How many hits are still handed out: of those that count, and of those that are counted apart.
    room: [AtomicUsize; 2],
    /// There is as much room again in every file.
    each: bool,
}

impl Run<'_> {
    /// Returns for which hits there is still room.
    fn room(&self) -> [usize; 2] {
        self.room.each_ref().map(|room| room.load(Ordering::Relaxed))
    }

    /// Leaves out what there is no room for; hits that are counted apart push no others out.
    fn fit(&self, hits: &mut Vec<Hit>) {
        let mut room = self.room();
        hits.retain(|hit| {
            let room = &mut room[usize::from(hit.excluded)];
            let fits = *room > 0;
            *room -= usize::from(fits);
            fits
        });
        if self.each {
            return;
        }
        self.room.iter().zip(room).for_each(|(left, room)| left.store(room, Ordering::Relaxed));
    }
}

/// What a query found in one file.
#[derive(Debug)]
pub struct InFile<'a> {
    /// The file.
    pub path: &'a RepoPath,
    /// How many hits count.
    pub hits: u64,
    /// How many are counted apart.
    pub apart: u64,
    /// The hits that there was room for, by line.
    pub texts: Vec<Hit>,
}

/// All that the threads share.
struct Plan<'a> {
    pin: &'a Pin,
    runs: Vec<Run<'a>>,
    groups: Vec<Group>,
    required: Option<Required>,
}

/// What was found in one file.
struct Found {
    entry: usize,
    /// The groups that read it, and whether they count its hits apart.
    groups: Vec<(usize, bool)>,
    /// Its size, or why it was not searched.
    size: Result<Result<u64, SkipReason>>,
    /// The runs with hits.
    runs: Vec<(usize, Result<Matches>)>,
}

/// The hits of one run in one file.
#[derive(Default)]
struct Matches {
    lines: Vec<(u64, Sha256)>,
    /// How many there are besides that are counted apart.
    apart: u64,
    texts: Vec<Hit>,
}

/// Which block is next, and how far they were put together.
#[derive(Default)]
struct Pace {
    now: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    next: usize,
    done: usize,
    halted: bool,
}

impl Pace {
    fn now(&self) -> MutexGuard<'_, Progress> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next block to read, once it is not too far ahead.
    fn claim(&self) -> Option<usize> {
        let ahead = |now: &mut Progress| !now.halted && now.next >= now.done + AHEAD;
        let mut now = self.changed.wait_while(self.now(), ahead).unwrap_or_else(PoisonError::into_inner);
        now.next += 1;
        (!now.halted).then_some(now.next - 1)
    }

    fn finish_block(&self) {
        self.now().done += 1;
        self.changed.notify_all();
    }
}

/// Lets the other threads end when one does, also by a panic, so that none waits for ever.
struct Halt<'a>(&'a Pace);

impl Drop for Halt<'_> {
    fn drop(&mut self) {
        self.0.now().halted = true;
        self.0.changed.notify_all();
    }
}

impl Pin {
    /// Lets the texts that searches read stay in memory, up to so many bytes, for all pins of the clone.
    ///
    /// Beyond that they are read from the clone for each search. Hashes are verified when a text is read from there.
    pub fn keep_texts(&self, budget: u64) {
        self.store.texts.allow(budget);
    }

    /// Returns how many bytes of texts are in memory.
    pub fn kept_texts(&self) -> u64 {
        self.store.texts.bytes()
    }

    /// Reads all files in scope, so that the next search finds them in memory, and tells whether it came to the end.
    ///
    /// A file that cannot be read is left to the search that needs it, which says so.
    pub fn read_ahead(&self, stop: &(dyn Fn() -> bool + Sync)) -> bool {
        let next = AtomicUsize::new(0);
        let read = || {
            while let Some(entry) = self.entries().get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop() {
                    return false;
                }
                if entry.is_file() {
                    let _ = with_text(&self.store, entry.oid, &entry.path, |_| Ok(()));
                }
            }
            true
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..THREADS).map(|_| scope.spawn(read)).collect();
            let done = read();
            others.into_iter().fold(done, |done, other| other.join().is_ok_and(|ended| ended) && done)
        })
    }

    /// Runs many searches while every file is read once.
    ///
    /// The results stand in the order of the queries, and each is what [`Pin::stream`] gives for its query alone. What a
    /// query finds in a file is handed to `found` with the query's place, in path order: every count, and the texts of
    /// at most `limit` hits of each query that count and of as many that are counted apart. Returns nothing once `stop`
    /// holds, which is asked before each file.
    ///
    /// Errors: a tree that was cut, since no search of it would prove anything. All other errors are a query's own.
    pub fn sweep(
        &self,
        queries: &[Query],
        limit: usize,
        stop: &(dyn Fn() -> bool + Sync),
        found: impl FnMut(usize, InFile<'_>),
    ) -> Result<Option<Vec<Result<Search>>>> {
        self.sweep_with(queries, (limit, false), stop, found)
    }

    /// Runs [`Pin::sweep`] with a limit for each file in place of one for all files.
    pub fn sweep_each(
        &self,
        queries: &[Query],
        limit: usize,
        stop: &(dyn Fn() -> bool + Sync),
        found: impl FnMut(usize, InFile<'_>),
    ) -> Result<Option<Vec<Result<Search>>>> {
        self.sweep_with(queries, (limit, true), stop, found)
    }

    fn sweep_with(
        &self,
        queries: &[Query],
        limit: (usize, bool),
        stop: &(dyn Fn() -> bool + Sync),
        mut found: impl FnMut(usize, InFile<'_>),
    ) -> Result<Option<Vec<Result<Search>>>> {
        let mut results: Vec<Option<Result<Search>>> = Vec::new();
        results.resize_with(queries.len(), || None);
        let plan = Plan::new(self, queries, limit, |at, error| results[at] = Some(Err(error)));
        if !plan.runs.is_empty() {
            self.require_whole()?;
            let Some(counts) = plan.run(stop, &mut found) else { return Ok(None) };
            for (run, search) in plan.runs.iter().zip(counts) {
                results[run.at] = Some(search);
            }
        }
        Ok(Some(results.into_iter().flatten().collect()))
    }
}

impl<'a> Plan<'a> {
    fn new(
        pin: &'a Pin,
        queries: &'a [Query],
        (limit, each): (usize, bool),
        mut refuse: impl FnMut(usize, Error),
    ) -> Plan<'a> {
        let mut runs: Vec<Run<'_>> = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut known: BTreeMap<(&[String], &[String]), usize> = BTreeMap::new();
        for (at, query) in queries.iter().enumerate() {
            // What might not compile is compiled at once: that no file may match must not pass for a search.
            let engine =
                if surely_compiles(query) { Ok(OnceLock::new()) } else { Engine::new(query).map(|one| Ok(one).into()) };
            let made = engine.and_then(|engine| {
                let key = (query.include.as_slice(), query.exclude.as_slice());
                let group = match known.get(&key) {
                    Some(group) => *group,
                    None => {
                        let (include, exclude) = (Globs::new(&query.include)?, Globs::new(&query.exclude)?);
                        groups.push(Group { include, exclude, runs: Vec::new() });
                        known.insert(key, groups.len() - 1);
                        groups.len() - 1
                    }
                };
                Ok((engine, group))
            });
            match made {
                Ok((engine, group)) => {
                    groups[group].runs.push(runs.len());
                    runs.push(Run { query, at, engine, room: [limit, limit].map(AtomicUsize::new), each });
                }
                Err(error) => refuse(at, error),
            }
        }
        let required = Required::new(&runs.iter().map(|run| run.query).collect::<Vec<_>>());
        Plan { pin, runs, groups, required }
    }

    /// Reads all files, and returns the results of the runs.
    fn run(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        found: &mut impl FnMut(usize, InFile<'_>),
    ) -> Option<Vec<Result<Search>>> {
        let pace = Pace::default();
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (pace, sender) = (&pace, sender.clone());
                scope.spawn(move || self.read(pace, stop, &sender));
            }
            drop(sender);
            let _halt = Halt(&pace);
            self.put_together(&pace, stop, &receiver, found)
        })
    }

    /// Returns how many files a block has.
    fn block(&self) -> usize {
        self.pin.entries().len().div_ceil(BLOCKS).clamp(1, BLOCK)
    }

    /// Reads block after block.
    fn read(&self, pace: &Pace, stop: &(dyn Fn() -> bool + Sync), sender: &Sender<(usize, Vec<Found>)>) {
        let _halt = Halt(pace);
        // A regular expression's scratch memory is quickest in the thread that made it.
        let mut engines: Vec<Option<Result<Engine>>> = self.runs.iter().map(|_| None).collect();
        let mut searcher = searcher();
        let mut wanted = vec![false; self.runs.len()];
        let entries = self.pin.entries();
        let size = self.block();
        while let Some(block) = pace.claim() {
            let start = block * size;
            if start >= entries.len() {
                return;
            }
            let mut all = Vec::new();
            for (at, entry) in entries.iter().enumerate().skip(start).take(size) {
                if stop() {
                    return;
                }
                let groups: Vec<(usize, bool)> = (0..self.groups.len())
                    .filter_map(|group| self.groups[group].takes(entry).map(|excluded| (group, excluded)))
                    .collect();
                if !groups.is_empty() {
                    all.push(self.look(at, entry, groups, &mut engines, &mut searcher, &mut wanted));
                }
            }
            if sender.send((block, all)).is_err() {
                return;
            }
        }
    }

    /// Looks through one file.
    fn look(
        &self,
        at: usize,
        entry: &Entry,
        groups: Vec<(usize, bool)>,
        engines: &mut [Option<Result<Engine>>],
        searcher: &mut grep_searcher::Searcher,
        wanted: &mut [bool],
    ) -> Found {
        let mut runs = Vec::new();
        let size = match entry.kind {
            EntryKind::Symlink => Ok(Err(SkipReason::Symlink)),
            EntryKind::Submodule => Ok(Err(SkipReason::Submodule)),
            EntryKind::File | EntryKind::Executable => with_text(&self.pin.store, entry.oid, &entry.path, |text| {
                match &self.required {
                    Some(required) => required.mark(text, wanted),
                    None => wanted.fill(true),
                }
                let tests = TestModules::new(&entry.path, text);
                for (group, excluded) in &groups {
                    for run in self.groups[*group].runs.iter().copied().filter(|run| wanted[*run]) {
                        let mut room = self.runs[run].room();
                        let tests_apart = self.runs[run].query.tests_apart;
                        let mut matches = Matches::default();
                        let make = || self.runs[run].engine.get_or_init(|| Engine::new(self.runs[run].query)).clone();
                        let engine = match engines[run].get_or_insert_with(make) {
                            Ok(engine) => engine,
                            Err(error) => {
                                runs.push((run, Err(error.clone())));
                                continue;
                            }
                        };
                        let done = engine.scan(searcher, text, |line, text| {
                            let excluded = *excluded || (tests_apart && tests.hold(line));
                            if excluded {
                                matches.apart += 1;
                            } else {
                                matches.lines.push((line, Sha256::of(text)));
                            }
                            let room = &mut room[usize::from(excluded)];
                            if *room > 0 {
                                *room -= 1;
                                let text = text[..text.len().min(TEXT_BYTES)].to_vec();
                                let path = entry.path.clone();
                                matches.texts.push(Hit { path, line, text, excluded });
                            }
                        });
                        match done {
                            Ok(()) if matches.lines.is_empty() && matches.apart == 0 => {}
                            done => runs.push((run, done.map(|()| matches))),
                        }
                    }
                }
                Ok(text.len() as u64)
            }),
        };
        Found { entry: at, groups, size, runs }
    }

    /// Puts the blocks together in order, and hands out hits as they come.
    fn put_together(
        &self,
        pace: &Pace,
        stop: &(dyn Fn() -> bool + Sync),
        blocks: &Receiver<(usize, Vec<Found>)>,
        found: &mut impl FnMut(usize, InFile<'_>),
    ) -> Option<Vec<Result<Search>>> {
        let mut counts: Vec<Count> = self.runs.iter().map(|_| Count::default()).collect();
        let mut tallies: Vec<Tally> = self.groups.iter().map(|_| Tally::default()).collect();
        let mut early = BTreeMap::new();
        for block in 0..self.pin.entries().len().div_ceil(self.block()) {
            while !early.contains_key(&block) {
                let (at, files) = blocks.recv().ok()?;
                early.insert(at, files);
            }
            for file in early.remove(&block).unwrap_or_default() {
                if stop() {
                    return None;
                }
                self.add(file, &mut counts, &mut tallies, found);
            }
            pace.finish_block();
        }
        let mut tally_of = vec![0; self.runs.len()];
        for (at, group) in self.groups.iter().enumerate() {
            group.runs.iter().for_each(|run| tally_of[*run] = at);
        }
        let counts = counts.into_iter().zip(&self.runs).zip(tally_of);
        Some(counts.map(|((count, run), tally)| count.finish(run.query, &tallies[tally])).collect())
    }

    fn add(&self, file: Found, counts: &mut [Count], tallies: &mut [Tally], found: &mut impl FnMut(usize, InFile<'_>)) {
        let entry = &self.pin.entries()[file.entry];
        for (at, matches) in file.runs {
            let (run, count) = (&self.runs[at], &mut counts[at]);
            if count.error.is_some() {
                continue;
            }
            let mut matches = match matches {
                Ok(matches) => matches,
                Err(error) => {
                    count.error = Some(error);
                    continue;
                }
            };
            count.excluded_hits += matches.apart;
            count.add(entry, &matches.lines);
            run.fit(&mut matches.texts);
            let (hits, apart) = (matches.lines.len() as u64, matches.apart);
            found(run.at, InFile { path: &entry.path, hits, apart, texts: matches.texts });
        }
        for (group, excluded) in file.groups {
            let tally = &mut tallies[group];
            match &file.size {
                Ok(Err(why)) => tally.skips.add(*why, &entry.path),
                Ok(Ok(_)) if excluded => tally.excluded_files += 1,
                Ok(Ok(size)) => {
                    tally.files += 1;
                    tally.bytes += size;
                    list_object(&mut tally.list, entry.oid, &entry.path);
                }
                Err(error) => {
                    for run in &self.groups[group].runs {
                        counts[*run].error.get_or_insert_with(|| error.clone());
                    }
                }
            }
        }
    }
}

/// What a group of queries read.
#[derive(Default)]
struct Tally {
    files: u64,
    bytes: u64,
    excluded_files: u64,
    list: sha2::Sha256,
    skips: Skips,
}

/// What one query found.
#[derive(Default)]
struct Count {
    hits: u64,
    excluded_hits: u64,
    list: sha2::Sha256,
    places: Vec<Place>,
    error: Option<Error>,
}

impl Count {
    fn add(&mut self, entry: &Entry, lines: &[(u64, Sha256)]) {
        for (line, digest) in lines {
            self.hits += 1;
            self.list.update(&entry.path.0);
            self.list.update(format!(":{line}:{digest}\n"));
            if self.places.len() < Search::LISTED {
                self.places.push(Place { path: entry.path.clone(), line: *line });
            }
        }
    }

    fn finish(self, query: &Query, tally: &Tally) -> Result<Search> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if tally.files == 0 {
            return Err(Error::falsity(NO_FILE).hint(
                "Look at the scope and the globs: no file matches, or all that do are excluded or were skipped.",
            ));
        }
        Ok(Search {
            query: query.clone(),
            engine: ENGINE.to_owned(),
            files: tally.files,
            bytes: tally.bytes,
            files_digest: Hex(tally.list.clone().finalize().into()),
            skipped: tally.skips.list(),
            hits: self.hits,
            hits_digest: Hex(self.list.finalize().into()),
            places: self.places,
            excluded_files: tally.excluded_files,
            excluded_hits: self.excluded_hits,
        })
    }
}
