//! Many searches in one reading of the tree.
//!
//! Two threads read the files and look for what matches; the caller's thread puts what they found together in path
//! order, so that the order of the threads never shows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use grep_searcher::Searcher;
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
/// How many blocks the threads may be ahead of what was put together.
const AHEAD: usize = 64;
/// How many bytes of hits may wait to be put together before no other block is begun.
const WAITING: usize = 16 << 20;
/// How many bytes of hits a block may bring; what has more is searched again when it is its turn.
const BROUGHT: usize = 4 << 20;
/// After how many hits of one file it is asked whether the search is still wanted.
const PAUSE: u64 = 4096;
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
enum Matches {
    /// All of them.
    Here(Lines),
    /// More than may wait in memory; whether the file's are counted apart.
    Many(bool),
}

#[derive(Default)]
struct Lines {
    lines: Vec<(u64, Sha256)>,
    /// How many there are besides that are counted apart.
    apart: u64,
    texts: Vec<Hit>,
}

/// What a thread searches with. A regular expression's scratch memory is quickest in the thread that made it.
struct Tools {
    engines: Vec<Option<Result<Engine>>>,
    searcher: Searcher,
    wanted: Vec<bool>,
    /// How many bytes of hits the block may still bring.
    room: usize,
}

impl Tools {
    fn new(runs: usize) -> Tools {
        Tools { engines: vec![None; runs], searcher: searcher(), wanted: vec![false; runs], room: 0 }
    }
}

/// The files of a block, in order.
struct Block {
    at: usize,
    files: Vec<Found>,
    /// How many bytes of hits they bring.
    brings: usize,
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
    /// How many bytes of hits wait.
    waiting: usize,
    halted: bool,
}

impl Pace {
    fn now(&self) -> MutexGuard<'_, Progress> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next block to read, once it is not too far ahead.
    fn claim(&self) -> Option<usize> {
        // Hits wait only where a block before them is not done, and that one was begun.
        let ahead = |now: &mut Progress| !now.halted && (now.next >= now.done + AHEAD || now.waiting > WAITING);
        let mut now = self.changed.wait_while(self.now(), ahead).unwrap_or_else(PoisonError::into_inner);
        now.next += 1;
        (!now.halted).then_some(now.next - 1)
    }

    fn bring(&self, bytes: usize) {
        self.now().waiting += bytes;
    }

    fn finish_block(&self, bytes: usize) {
        let mut now = self.now();
        now.done += 1;
        now.waiting -= bytes;
        drop(now);
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
    fn read(&self, pace: &Pace, stop: &(dyn Fn() -> bool + Sync), sender: &Sender<Block>) {
        let _halt = Halt(pace);
        let mut tools = Tools::new(self.runs.len());
        let entries = self.pin.entries();
        let size = self.block();
        while let Some(block) = pace.claim() {
            let start = block * size;
            if start >= entries.len() {
                return;
            }
            let mut files = Vec::new();
            tools.room = BROUGHT;
            for (at, entry) in entries.iter().enumerate().skip(start).take(size) {
                if stop() {
                    return;
                }
                let groups: Vec<(usize, bool)> = (0..self.groups.len())
                    .filter_map(|group| self.groups[group].takes(entry).map(|excluded| (group, excluded)))
                    .collect();
                if !groups.is_empty() {
                    let Some(file) = self.look(at, entry, groups, &mut tools, stop) else { return };
                    files.push(file);
                }
            }
            let brings = BROUGHT - tools.room;
            pace.bring(brings);
            if sender.send(Block { at: block, files, brings }).is_err() {
                return;
            }
        }
    }

    /// Looks through one file; returns nothing once `stop` holds.
    fn look(
        &self,
        at: usize,
        entry: &Entry,
        groups: Vec<(usize, bool)>,
        tools: &mut Tools,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Found> {
        let mut runs = Vec::new();
        let mut size = match entry.kind {
            EntryKind::Symlink => Ok(Err(SkipReason::Symlink)),
            EntryKind::Submodule => Ok(Err(SkipReason::Submodule)),
            EntryKind::File | EntryKind::Executable => with_text(&self.pin.store, entry.oid, &entry.path, |text| {
                match &self.required {
                    Some(required) => required.mark(text, &mut tools.wanted),
                    None => tools.wanted.fill(true),
                }
                let tests = TestModules::new(&entry.path, text);
                for (group, excluded) in &groups {
                    for run in &self.groups[*group].runs {
                        if tools.wanted[*run] {
                            let matches = self.lines(*run, entry, text, &tests, *excluded, tools);
                            runs.extend(matches.transpose().map(|matches| (*run, matches)));
                        }
                    }
                }
                Ok(text.len() as u64)
            }),
        };
        if matches!(size, Ok(Err(SkipReason::TooLarge))) {
            match self.pin.store.verify_large(entry.oid, stop) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => size = Err(error),
            }
        }
        Some(Found { entry: at, groups, size, runs })
    }

    /// Returns the hits of one run in a file, if there are any.
    fn lines(
        &self,
        run: usize,
        entry: &Entry,
        text: &[u8],
        tests: &TestModules<'_>,
        excluded: bool,
        tools: &mut Tools,
    ) -> Result<Option<Matches>> {
        let (mut room, mut bytes, mut many) = (self.runs[run].room(), tools.room, false);
        let mut found = Lines::default();
        self.scan(run, text, tests, excluded, tools, |line, text, excluded| {
            let room = &mut room[usize::from(excluded)];
            let shown = (*room > 0).then(|| &text[..text.len().min(TEXT_BYTES)]);
            let takes = shown.map_or(0, |text| size_of::<Hit>() + entry.path.0.len() + text.len())
                + if excluded { 0 } else { size_of::<(u64, Sha256)>() };
            many = takes > bytes;
            if many {
                return false;
            }
            bytes -= takes;
            if excluded {
                found.apart += 1;
            } else {
                found.lines.push((line, Sha256::of(text)));
            }
            if let Some(text) = shown {
                *room -= 1;
                found.texts.push(Hit { path: entry.path.clone(), line, text: text.to_vec(), excluded });
            }
            true
        })?;
        if many {
            return Ok(Some(Matches::Many(excluded)));
        }
        tools.room = bytes;
        Ok((!found.lines.is_empty() || found.apart > 0).then_some(Matches::Here(found)))
    }

    /// Calls `each` with the lines that match: number, text, and whether it is counted apart.
    fn scan(
        &self,
        run: usize,
        text: &[u8],
        tests: &TestModules<'_>,
        excluded: bool,
        tools: &mut Tools,
        mut each: impl FnMut(u64, &[u8], bool) -> bool,
    ) -> Result<()> {
        let Run { query, engine, .. } = &self.runs[run];
        let make = || engine.get_or_init(|| Engine::new(query)).clone();
        let engine = tools.engines[run].get_or_insert_with(make).as_ref().map_err(Clone::clone)?;
        engine.scan(&mut tools.searcher, text, |line, text| {
            each(line, text, excluded || (query.tests_apart && tests.hold(line)))
        })
    }

    /// Puts the blocks together in order, and hands out hits as they come.
    fn put_together(
        &self,
        pace: &Pace,
        stop: &(dyn Fn() -> bool + Sync),
        blocks: &Receiver<Block>,
        found: &mut impl FnMut(usize, InFile<'_>),
    ) -> Option<Vec<Result<Search>>> {
        let mut counts: Vec<Count> = self.runs.iter().map(|_| Count::default()).collect();
        let mut tallies: Vec<Tally> = self.groups.iter().map(|_| Tally::default()).collect();
        let mut tools = Tools::new(self.runs.len());
        let mut early = BTreeMap::new();
        for at in 0..self.pin.entries().len().div_ceil(self.block()) {
            let block = loop {
                match early.remove(&at) {
                    Some(block) => break block,
                    None => {
                        let block = blocks.recv().ok()?;
                        early.insert(block.at, block);
                    }
                }
            };
            for file in block.files {
                if stop() {
                    return None;
                }
                self.add(file, &mut counts, &mut tallies, &mut tools, stop, found)?;
            }
            pace.finish_block(block.brings);
        }
        let mut tally_of = vec![0; self.runs.len()];
        for (at, group) in self.groups.iter().enumerate() {
            group.runs.iter().for_each(|run| tally_of[*run] = at);
        }
        let counts = counts.into_iter().zip(&self.runs).zip(tally_of);
        Some(counts.map(|((count, run), tally)| count.finish(run.query, &tallies[tally])).collect())
    }

    /// Adds what one file has; returns nothing once `stop` holds.
    fn add(
        &self,
        file: Found,
        counts: &mut [Count],
        tallies: &mut [Tally],
        tools: &mut Tools,
        stop: &(dyn Fn() -> bool + Sync),
        found: &mut impl FnMut(usize, InFile<'_>),
    ) -> Option<()> {
        let entry = &self.pin.entries()[file.entry];
        for (at, matches) in file.runs {
            let (run, count) = (&self.runs[at], &mut counts[at]);
            if count.error.is_some() {
                continue;
            }
            let before = (count.hits, count.excluded_hits);
            let texts = match matches {
                Ok(Matches::Here(Lines { lines, apart, mut texts })) => {
                    count.excluded_hits += apart;
                    lines.into_iter().for_each(|(line, digest)| count.add(entry, line, digest));
                    run.fit(&mut texts);
                    Ok(Some(texts))
                }
                Ok(Matches::Many(excluded)) => self.add_many(at, entry, excluded, count, tools, stop),
                Err(error) => Err(error),
            };
            match texts {
                Ok(None) => return None,
                Ok(Some(texts)) => {
                    let (hits, apart) = (count.hits - before.0, count.excluded_hits - before.1);
                    found(run.at, InFile { path: &entry.path, hits, apart, texts });
                }
                Err(error) => count.error = Some(error),
            }
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
        Some(())
    }

    /// Searches a file with very many hits and counts them as they come, without keeping them. Returns the texts,
    /// or nothing once `stop` holds.
    fn add_many(
        &self,
        run: usize,
        entry: &Entry,
        excluded: bool,
        count: &mut Count,
        tools: &mut Tools,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Hit>>> {
        let (mut room, mut texts, mut seen, mut stopped) = (self.runs[run].room(), Vec::new(), 0, false);
        let _ = with_text(&self.pin.store, entry.oid, &entry.path, |text| {
            let tests = TestModules::new(&entry.path, text);
            self.scan(run, text, &tests, excluded, tools, |line, text, excluded| {
                seen += 1;
                stopped = seen % PAUSE == 0 && stop();
                if excluded {
                    count.excluded_hits += 1;
                } else {
                    count.add(entry, line, Sha256::of(text));
                }
                let room = &mut room[usize::from(excluded)];
                if *room > 0 {
                    *room -= 1;
                    let text = text[..text.len().min(TEXT_BYTES)].to_vec();
                    texts.push(Hit { path: entry.path.clone(), line, text, excluded });
                }
                !stopped
            })
        })?;
        self.runs[run].fit(&mut texts);
        Ok((!stopped).then_some(texts))
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
    fn add(&mut self, entry: &Entry, line: u64, digest: Sha256) {
        self.hits += 1;
        let mut hexadecimal = [0; 64];
        // It has room for the digest, so this cannot fail.
        let _ = hex::encode_to_slice(digest.0, &mut hexadecimal);
        self.list.update(&entry.path.0);
        self.list.update(format!(":{line}:"));
        self.list.update(hexadecimal);
        self.list.update(b"\n");
        if self.places.len() < Search::LISTED {
            self.places.push(Place { path: entry.path.clone(), line });
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
