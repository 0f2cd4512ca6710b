//! Finds the lines that evidence was cut from again, at a newer pin.
//!
//! A file is compared once with what it became: its path, or the file that it was renamed to. Lines that the comparison
//! leaves alone are tracked by it; others are looked for in what is new at the newer pin. Whatever is said to be the same has
//! the same SHA-256, and where several places are equally good nobody chooses.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use git2::{DiffOptions, ObjectType};
use memchr::memmem;

use super::diff::{Block, blocks_with, unfit, walk};
use super::lines::Lines;
use super::object::Node;
use super::pin::{Entry, Pin};
use super::touched::{alike, before};
use crate::error::{Kind, Result};
use crate::model::carry::{Anchor, Anchored};
use crate::model::evidence::{Region, RepoPath};
use crate::model::hash::{ObjectId, Sha256};

/// So many letters and digits make lines telling enough to be known again elsewhere in their file, and in another file: the
/// measures of `git blame -M` and `-C`.
const TELLING_HERE: usize = 20;
const TELLING_ELSEWHERE: usize = 40;
/// A file of another path is what a file became if so much of the larger one is the same, in percent; where the name is the
/// same, so much of the larger one and of the smaller one.
const RENAMED: usize = 50;
const RENAMED_SAME_NAME: usize = 10;
const RENAMED_SAME_NAME_SMALLER: usize = 50;
/// Equally good places that are listed.
const LISTED: usize = 20;
/// Pairs of lines that are compared to find what became of a part of a block.
const PAIRS: usize = 10_000;
/// Lines are the same one, edited, if so much of them is the same.
const EDITED: f64 = 0.6;

/// What a file became: a file at the newer pin.
#[derive(Clone)]
struct Heir {
    path: RepoPath,
    blob: ObjectId,
}

/// How the lines of two files map, older to newer.
struct Map {
    /// Compared from the first line on, with the choice of place that git prefers.
    forth: Vec<Block>,
    /// Compared from the last line on: where both agree, there is no other choice.
    back: Vec<Block>,
}

/// A region whose lines were not tracked, waiting for a look at everything that is new.
struct Pending {
    index: usize,
    bytes: Vec<u8>,
    telling: usize,
    heirs: Vec<Heir>,
    /// The older file has these bytes elsewhere as well, and those were changed too.
    twin: bool,
    found: Vec<Region>,
}

/// Files by path, with what they hold at the older and at the newer pin.
type Differing = BTreeMap<RepoPath, (Option<ObjectId>, Option<ObjectId>)>;

/// Why lines cannot be read.
type Unread = String;

struct Work<'a> {
    pin: &'a Pin,
    /// Files that are not the same at both pins, by the newer one's path; nothing where the older commit is not in the clone.
    differing: Option<Differing>,
    texts: HashMap<ObjectId, Result<Rc<Lines>, Unread>>,
    maps: HashMap<(ObjectId, ObjectId), Rc<Map>>,
    heirs: HashMap<(RepoPath, ObjectId), Vec<Heir>>,
}

impl Pin {
    /// Finds regions of an older commit again at this pin, in their order. Returns nothing once `stop` holds.
    ///
    /// The older commit need not be an ancestor. Where it is not in the clone, files are known again by their paths and
    /// content alone; where not even a region's blob is, by its hash in files of its name.
    ///
    /// # Errors
    /// A tree or the clone that cannot be read. What concerns one region alone is told as its state.
    pub fn reanchor(
        &self,
        from: ObjectId,
        regions: &[Region],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Anchored>>> {
        let differing = match self.store.header(from)? {
            None => None,
            Some(_) => {
                let old = self.store.commit(from)?.tree;
                let Some((found, _)) = walk(&self.store, Some(old), Some(self.tree()), stop)? else { return Ok(None) };
                let file = |side: Option<(Node, ObjectId)>| side.filter(|(node, _)| node.is_file()).map(|(_, id)| id);
                Some(found.into_iter().map(|(path, old, new)| (path, (file(old), file(new)))).collect())
            }
        };
        let mut work =
            Work { pin: self, differing, texts: HashMap::new(), maps: HashMap::new(), heirs: HashMap::new() };
        let mut done: Vec<Option<Anchored>> = Vec::new();
        let mut pending = Vec::new();
        for (index, region) in regions.iter().enumerate() {
            if stop() {
                return Ok(None);
            }
            let (anchored, waiting) = work.track(index, region)?;
            done.push(anchored);
            pending.extend(waiting);
        }
        if !work.look(&mut pending, regions, stop)? {
            return Ok(None);
        }
        for one in pending {
            let index = one.index;
            done[index] = Some(work.settle(&regions[index], one)?);
        }
        let unknown = |region: &Region| said(region, Anchor::NotKnown, "It was not looked for.");
        Ok(Some(done.into_iter().zip(regions).map(|(one, region)| one.unwrap_or_else(|| unknown(region))).collect()))
    }
}

fn said(from: &Region, state: Anchor, why: impl Into<String>) -> Anchored {
    Anchored { from: from.clone(), state, white_space: false, to: None, places: Vec::new(), why: Some(why.into()) }
}

/// Returns the state of lines that are the same bytes; none of another digest is ever called so.
fn same(from: &Region, to: Region) -> Anchored {
    let at_its_place = (&to.path, to.first, to.last) == (&from.path, from.first, from.last);
    let state = match (to.sha256 == from.sha256, at_its_place) {
        (false, _) => Anchor::Edited,
        (true, true) => Anchor::Exact,
        (true, false) => Anchor::Moved,
    };
    Anchored { from: from.clone(), state, white_space: false, to: Some(to), places: Vec::new(), why: None }
}

fn ambiguous(from: &Region, mut places: Vec<Region>, why: &str) -> Anchored {
    places.truncate(LISTED);
    Anchored { places, ..said(from, Anchor::Ambiguous, why) }
}

fn name(path: &RepoPath) -> &[u8] {
    path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Tells whether a path is another one in a folder.
fn ends(path: &RepoPath, other: &RepoPath) -> bool {
    path.0.strip_suffix(other.0.as_slice()).is_some_and(|folder| folder.ends_with(b"/"))
}

fn telling(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80).count()
}

impl Work<'_> {
    /// Reads a blob once, if it can be compared line by line.
    fn text(&mut self, blob: ObjectId) -> Result<Result<Rc<Lines>, Unread>> {
        if let Some(text) = self.texts.get(&blob) {
            return Ok(text.clone());
        }
        let text = match self.pin.store.read(blob, ObjectType::Blob) {
            Ok(object) => match unfit(object.data()) {
                Some(why) => Err(format!("The file is not compared line by line: {why}.")),
                None => Ok(Rc::new(Lines::new(object.data().to_vec()))),
            },
            // A changed object is no mishap.
            Err(error) if error.kind == Kind::False => return Err(error),
            Err(error) => Err(error.message),
        };
        self.texts.insert(blob, text.clone());
        Ok(text)
    }

    /// Returns the file at a path of the newer pin.
    fn entry(&self, path: &RepoPath) -> Option<&Entry> {
        let entries = self.pin.entries();
        entries.binary_search_by(|entry| entry.path.cmp(path)).ok().map(|at| &entries[at])
    }

    fn map(&mut self, old: ObjectId, new: ObjectId, left: &Lines, right: &Lines) -> Result<Rc<Map>> {
        if let Some(map) = self.maps.get(&(old, new)) {
            return Ok(Rc::clone(map));
        }
        let mut back = blocks(&reversed(left), &reversed(right), false)?;
        back.reverse();
        for block in &mut back {
            let turn = |range: &Range<usize>, count: usize| count - range.end..count - range.start;
            *block = Block { old: turn(&block.old, left.count()), new: turn(&block.new, right.count()) };
        }
        let map = Rc::new(Map { forth: blocks(&left.bytes, &right.bytes, false)?, back });
        self.maps.insert((old, new), Rc::clone(&map));
        Ok(map)
    }

    /// Looks where a region went by what its file became. What was not tracked waits for a look at everything that is new.
    fn track(&mut self, index: usize, region: &Region) -> Result<(Option<Anchored>, Option<Pending>)> {
        let done = |anchored: Anchored| Ok((Some(anchored), None));
        if let Some(commit) = region.commit {
            // It speaks of the past, and that stays the same as long as it is this pin's past.
            return done(match self.pin.excerpt(region) {
                Ok(_) => same(region, region.clone()),
                Err(error) if error.kind == Kind::False => {
                    said(region, Anchor::Gone, format!("It is of {}: {}", commit.short(), error.message))
                }
                Err(error) => said(region, Anchor::NotKnown, error.message),
            });
        }
        if region.first == 0 || region.first > region.last {
            return done(said(region, Anchor::NotKnown, "It names no lines: it never held."));
        }
        if self.pin.store.header(region.blob)?.is_none() {
            return done(self.by_hash(region)?);
        }
        let old = match self.text(region.blob)? {
            Ok(old) => old,
            Err(why) => return done(self.whole(region, &why)),
        };
        let lines = region.first - 1..region.last;
        let bytes = match old.slice(&lines) {
            Some(bytes) if !lines.is_empty() && Sha256::of(bytes) == region.sha256 => bytes.to_vec(),
            _ => return done(said(region, Anchor::NotKnown, "Its own blob does not have these lines: it never held.")),
        };
        let heirs = self.heirs(&region.path, region.blob, &old)?;
        let mut places: Vec<Region> = Vec::new();
        let mut unread = None;
        for heir in &heirs {
            if heir.blob == region.blob {
                places.extend(old.cut(&heir.path, heir.blob, &lines));
                continue;
            }
            let new = match self.text(heir.blob)? {
                Ok(new) => new,
                Err(why) => {
                    unread = Some(why);
                    continue;
                }
            };
            let map = self.map(region.blob, heir.blob, &old, &new)?;
            for blocks in [&map.forth, &map.back] {
                if let (false, Some(there)) = forward(blocks, &lines)
                    && let Some(place) = new.cut(&heir.path, heir.blob, &there)
                    && place.sha256 == region.sha256
                    && !places.contains(&place)
                {
                    places.push(place);
                }
            }
        }
        let own = |place: &Region| (&place.path, place.first, place.last) == (&region.path, region.first, region.last);
        if let Some(place) = places.iter().find(|place| own(place)) {
            return done(same(region, place.clone()));
        }
        match places.len() {
            0 => {}
            1 if self.is_one_of_many(region, &old, &bytes, &places[0])? => {
                return done(ambiguous(region, places, "It and what stands around it are there several times."));
            }
            1 => return done(same(region, places.remove(0))),
            _ => return done(ambiguous(region, places, "The comparison can be read in several ways.")),
        }
        if let Some(why) = unread {
            return done(said(region, Anchor::NotKnown, why));
        }
        let copies = old.find(&memmem::Finder::new(&bytes));
        let mut twin = false;
        for copy in copies.iter().filter(|copy| **copy != lines) {
            let mut stays = false;
            for heir in &heirs {
                if let Some(map) = self.maps.get(&(region.blob, heir.blob)) {
                    stays |= !forward(&map.forth, copy).0;
                }
            }
            twin |= !stays;
        }
        let telling = telling(&bytes);
        Ok((None, Some(Pending { index, bytes, telling, heirs, twin, found: Vec::new() })))
    }

    /// Tells whether lines that were tracked are there several times, as all that was left alone around them is: then a
    /// comparison that pairs them says little.
    fn is_one_of_many(&mut self, region: &Region, old: &Lines, bytes: &[u8], place: &Region) -> Result<bool> {
        if place.blob == region.blob {
            return Ok(false);
        }
        let (Ok(new), Some(map)) = (self.text(place.blob)?, self.maps.get(&(region.blob, place.blob))) else {
            return Ok(false);
        };
        if new.find(&memmem::Finder::new(bytes)).len() < 2 {
            return Ok(false);
        }
        let start = map.forth.iter().map(|block| block.old.end).filter(|end| *end < region.first).max().unwrap_or(0);
        let starts = map.forth.iter().map(|block| block.old.start);
        let end = starts.filter(|start| *start >= region.last).min().unwrap_or(old.count());
        let Some(around) = old.slice(&(start..end)) else { return Ok(false) };
        Ok(new.find(&memmem::Finder::new(around)).len() > 1)
    }

    /// Looks for a file that has no lines to compare.
    fn whole(&self, region: &Region, why: &str) -> Anchored {
        let mut there: Vec<Region> = Vec::new();
        for entry in self.pin.entries().iter().filter(|entry| entry.is_file() && entry.oid == region.blob) {
            there.push(Region { path: entry.path.clone(), ..region.clone() });
        }
        if let Some(own) = there.iter().find(|place| place.path == region.path) {
            return same(region, own.clone());
        }
        match there.len() {
            0 => said(region, Anchor::NotKnown, why),
            1 => same(region, there.remove(0)),
            _ => ambiguous(region, there, "Several files have the same content."),
        }
    }

    /// Looks for lines of which only the hash is known, in files of the same name.
    fn by_hash(&mut self, region: &Region) -> Result<Anchored> {
        let wanted = name(&region.path);
        let entries = self.pin.entries().iter();
        let named: Vec<(RepoPath, ObjectId)> = entries
            .filter(|entry| entry.is_file() && name(&entry.path) == wanted)
            .map(|entry| (entry.path.clone(), entry.oid))
            .collect();
        // A record can name any numbers.
        let count = (region.last - region.first).saturating_add(1);
        let length = region.end.saturating_sub(region.start);
        let mut places = Vec::new();
        for (path, blob) in named {
            let Ok(text) = self.text(blob)? else { continue };
            for first in 0..(text.count() + 1).saturating_sub(count) {
                let lines = first..first + count;
                // Hashing waits until the length is right.
                if text.slice(&lines).is_some_and(|bytes| bytes.len() == length && Sha256::of(bytes) == region.sha256) {
                    places.extend(text.cut(&path, blob, &lines));
                }
            }
        }
        let short = "Its blob is not in this clone";
        Ok(match places.len() {
            0 => said(
                region,
                Anchor::NotKnown,
                format!(
                    "{short}, and no lines of a file of this name have its hash: edited, renamed or gone, nobody can tell."
                ),
            ),
            1 => Anchored { why: Some(format!("{short}; its hash was found.")), ..same(region, places.remove(0)) },
            _ => ambiguous(region, places, "Its blob is not in this clone, and several places have its hash."),
        })
    }

    /// Returns what a file became: the file at its path, and where that is gone or another one, the files that are most
    /// like it.
    fn heirs(&mut self, path: &RepoPath, blob: ObjectId, old: &Lines) -> Result<Vec<Heir>> {
        let key = (path.clone(), blob);
        if let Some(heirs) = self.heirs.get(&key) {
            return Ok(heirs.clone());
        }
        let mut heirs = Vec::new();
        let mut most = RENAMED;
        if let Some(entry) = self.entry(path).filter(|entry| entry.is_file()) {
            let (path, blob) = (entry.path.clone(), entry.oid);
            let like = match self.text(blob)? {
                Ok(text) => alike(&old.bytes, &text.bytes),
                Err(_) => 100,
            };
            most = most.max(like + 1);
            heirs.push(Heir { path, blob });
        }
        if heirs.is_empty() || most == RENAMED {
            heirs.extend(self.renamed(path, blob, old, most)?);
        }
        self.heirs.insert(key, heirs.clone());
        Ok(heirs)
    }

    /// Returns the new files that are most like an older one.
    fn renamed(&mut self, path: &RepoPath, blob: ObjectId, old: &Lines, least: usize) -> Result<Vec<Heir>> {
        let fresh: Vec<Heir> = match &self.differing {
            Some(differing) => {
                let added = differing.iter().filter_map(|(path, sides)| match sides {
                    (None, Some(blob)) => Some(Heir { path: path.clone(), blob: *blob }),
                    _ => None,
                });
                added.filter(|heir| self.entry(&heir.path).is_some()).collect()
            }
            // What is new is not known, so only what has the content, or the name, can be it.
            None => {
                let like = |entry: &&Entry| {
                    entry.is_file() && entry.path != *path && (entry.oid == blob || name(&entry.path) == name(path))
                };
                let heir = |entry: &Entry| Heir { path: entry.path.clone(), blob: entry.oid };
                self.pin.entries().iter().filter(like).map(heir).collect()
            }
        };
        let mut best: Vec<(usize, Heir)> = Vec::new();
        let is_copy = fresh.iter().any(|heir| heir.blob == blob);
        for heir in fresh {
            let like = if heir.blob == blob {
                100
            } else if is_copy {
                continue;
            } else {
                let size = self.pin.store.header(heir.blob)?.map_or(0, |(_, size)| size) as usize;
                // As much as could be the same is not enough.
                let (small, large) = (size.min(old.bytes.len()), size.max(old.bytes.len()));
                let same_name = name(&heir.path) == name(path);
                let same_folders = ends(&heir.path, path) || ends(path, &heir.path);
                let needed = if same_folders {
                    0
                } else if same_name {
                    RENAMED_SAME_NAME
                } else {
                    least
                };
                if small * 100 < large * needed {
                    continue;
                }
                let kept = self.texts.contains_key(&heir.blob);
                let Ok(text) = self.text(heir.blob)? else { continue };
                let like = alike(&old.bytes, &text.bytes);
                if !kept {
                    self.texts.remove(&heir.blob);
                }
                // A file that grew under its name in another folder has most of what it was.
                let grown = like >= RENAMED_SAME_NAME && like * large >= RENAMED_SAME_NAME_SMALLER * small.max(1);
                if same_folders || same_name && grown || like >= least { like.max(1) } else { 0 }
            };
            if like > 0 {
                best.push((like, heir));
            }
        }
        // What is like it at all comes before what only has its name.
        let most = best.iter().map(|(like, _)| *like).max().unwrap_or(0);
        best.retain(|(like, _)| *like == most);
        if best.iter().any(|(_, heir)| name(&heir.path) == name(path)) {
            best.retain(|(_, heir)| name(&heir.path) == name(path));
        }
        Ok(best.into_iter().map(|(_, heir)| heir).collect())
    }

    /// Looks for lines in everything that is new, each file once. Returns false once `stop` holds.
    fn look(&mut self, pending: &mut [Pending], regions: &[Region], stop: &dyn Fn() -> bool) -> Result<bool> {
        if pending.iter().all(|one| one.telling < TELLING_HERE) {
            return Ok(true);
        }
        let finders: Vec<memmem::Finder<'static>> =
            pending.iter().map(|one| memmem::Finder::new(&one.bytes).into_owned()).collect();
        let files: Vec<Heir> = match &self.differing {
            Some(differing) => {
                let new = differing.iter().filter_map(|(path, sides)| Some((path, sides.1?)));
                let new = new.filter(|(path, _)| self.entry(path).is_some());
                new.map(|(path, blob)| Heir { path: path.clone(), blob }).collect()
            }
            None => {
                let files = self.pin.entries().iter().filter(|entry| entry.is_file());
                files.map(|entry| Heir { path: entry.path.clone(), blob: entry.oid }).collect()
            }
        };
        for file in files {
            if stop() {
                return Ok(false);
            }
            let kept = self.texts.contains_key(&file.blob);
            let Ok(text) = self.text(file.blob)? else { continue };
            for (one, finder) in pending.iter_mut().zip(&finders) {
                let here = one.heirs.iter().any(|heir| heir.path == file.path);
                let needed = if here { TELLING_HERE } else { TELLING_ELSEWHERE };
                if one.telling < needed || one.found.len() > LISTED {
                    continue;
                }
                for lines in text.find(finder) {
                    if !self.was_there(&file, &text, &lines, &regions[one.index], finder)? {
                        one.found.extend(text.cut(&file.path, file.blob, &lines));
                    }
                }
            }
            if !kept {
                // Memory holds what is compared, not everything that is new.
                self.texts.remove(&file.blob);
            }
        }
        Ok(true)
    }

    /// Tells whether lines of a new file stood there at the older pin already: then they are another copy.
    fn was_there(
        &mut self,
        file: &Heir,
        text: &Lines,
        lines: &Range<usize>,
        region: &Region,
        finder: &memmem::Finder<'_>,
    ) -> Result<bool> {
        let Some(differing) = &self.differing else { return Ok(false) };
        let older: Vec<ObjectId> = match differing.get(&file.path) {
            Some((Some(old), _)) => vec![*old],
            // It may be another file under a new name.
            _ => {
                let gone = differing.iter().filter(|(path, sides)| sides.1.is_none() && **path != region.path);
                gone.filter_map(|(_, sides)| sides.0).collect()
            }
        };
        let renamed = older.len() != 1 || differing.get(&file.path).is_none_or(|sides| sides.0.is_none());
        for old in older {
            let kept = self.texts.contains_key(&old);
            let Ok(before) = self.text(old)? else { continue };
            let there =
                finder.find(&before.bytes).is_some() && (!renamed || alike(&before.bytes, &text.bytes) >= RENAMED) && {
                    let map = self.map(old, file.blob, &before, text)?;
                    [&map.forth, &map.back].iter().any(|blocks| !backward(blocks, lines).0)
                };
            if !kept {
                self.texts.remove(&old);
            }
            if there {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says what became of lines that were not tracked.
    fn settle(&mut self, region: &Region, one: Pending) -> Result<Anchored> {
        let Pending { bytes, telling, heirs, twin, mut found, .. } = one;
        match (found.len(), twin) {
            (0, _) => {}
            (1, false) => return Ok(same(region, found.remove(0))),
            (_, true) => return Ok(ambiguous(region, found, "The older file has the same lines several times.")),
            (_, false) => return Ok(ambiguous(region, found, "The same lines stand in several new places.")),
        }
        let Some(heir) = heirs.first() else {
            let why = match self.entry(&region.path) {
                Some(_) => "The path is no file any more.",
                None if self.differing.is_none() => {
                    "No file has this path, and none of this name is like it; the older commit is not in this clone."
                }
                None => "The file was deleted.",
            };
            return Ok(said(region, Anchor::Gone, why));
        };
        let (Ok(old), Ok(new)) = (self.text(region.blob)?, self.text(heir.blob)?) else {
            return Ok(said(region, Anchor::NotKnown, "The file is not compared line by line."));
        };
        let map = self.map(region.blob, heir.blob, &old, &new)?;
        let lines = region.first - 1..region.last;
        let mapped = forward(&map.forth, &lines).1;
        let edited = |there: &Range<usize>, white_space: bool| -> Option<Anchored> {
            let to = new.cut(&heir.path, heir.blob, there)?;
            let mut anchored = same(region, to);
            anchored.white_space = white_space;
            if anchored.state.holds() {
                // Equal lines that nothing leads to, and too little in them to tell.
                return Some(ambiguous(region, anchored.to.into_iter().collect(), "It cannot be told from its like."));
            }
            Some(anchored)
        };
        if let Some(there) = reformatted(&bytes, &new, mapped.as_ref(), telling)
            && let Some(anchored) = edited(&there, true)
        {
            return Ok(anchored);
        }
        let Some(mapped) = mapped else { return Ok(said(region, Anchor::Gone, "The lines were deleted.")) };
        let loose = blocks(&old.bytes, &new.bytes, true)?;
        let narrowed = narrow(&old, &new, &loose, &lines);
        let known = narrowed.is_some();
        let anchored = edited(&narrowed.unwrap_or(mapped), false);
        Ok(match anchored {
            Some(anchored) if known || anchored.state != Anchor::Edited => anchored,
            Some(anchored) => {
                Anchored { why: Some("No line of it is recognised in what stands there.".to_owned()), ..anchored }
            }
            None => said(region, Anchor::Gone, "The lines were deleted."),
        })
    }
}

/// Returns a text with its lines in reverse order, each with a line feed.
fn reversed(text: &Lines) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.bytes.len() + 1);
    for pair in text.starts.windows(2).rev() {
        let line = &text.bytes[pair[0]..pair[1]];
        match line.strip_suffix(b"\n") {
            Some(body) => out.extend_from_slice(body),
            // A last line without its line feed is not the same as one with it.
            None => {
                out.extend_from_slice(line);
                out.push(0);
            }
        }
        out.push(b'\n');
    }
    out
}

/// Finds the lines that differ; `loose` takes lines that differ in their white space alone for the same.
fn blocks(old: &[u8], new: &[u8], loose: bool) -> Result<Vec<Block>> {
    let mut options = DiffOptions::new();
    options.indent_heuristic(true).ignore_whitespace(loose);
    blocks_with(old, new, &mut options)
}

/// Returns whether older lines were changed, and which newer ones they became.
fn forward(blocks: &[Block], lines: &Range<usize>) -> (bool, Option<Range<usize>>) {
    let turned: Vec<Block> =
        blocks.iter().map(|block| Block { old: block.new.clone(), new: block.old.clone() }).collect();
    before(&turned, lines.clone())
}

/// Returns whether newer lines were changed, and which older ones they were.
fn backward(blocks: &[Block], lines: &Range<usize>) -> (bool, Option<Range<usize>>) {
    before(blocks, lines.clone())
}

/// Returns a text without its white space, and where each byte of that stood.
fn squeezed(bytes: &[u8]) -> (Vec<u8>, Vec<usize>) {
    bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()).map(|(at, byte)| (*byte, at)).unzip()
}

/// Finds the whole lines that differ from others in their white space alone: among those that they were mapped to, or, where
/// they are telling enough, in one place only.
fn reformatted(bytes: &[u8], new: &Lines, mapped: Option<&Range<usize>>, telling: usize) -> Option<Range<usize>> {
    let (wanted, _) = squeezed(bytes);
    if wanted.is_empty() {
        return None;
    }
    let (text, places) = squeezed(&new.bytes);
    let line_of = |byte: usize| new.starts.partition_point(|start| *start <= byte).saturating_sub(1);
    let blank = |range: Range<usize>| new.bytes[range].iter().all(u8::is_ascii_whitespace);
    let whole: Vec<Range<usize>> = memmem::find_iter(&text, &wanted)
        .filter_map(|at| {
            let (from, to) = (places[at], places[at + wanted.len() - 1]);
            let lines = line_of(from)..line_of(to) + 1;
            (blank(new.starts[lines.start]..from) && blank(to + 1..new.starts[lines.end])).then_some(lines)
        })
        .collect();
    let touching = |lines: &&Range<usize>| mapped.is_some_and(|to| lines.start < to.end && to.start < lines.end);
    let near: Vec<&Range<usize>> = whole.iter().filter(touching).collect();
    match (near.as_slice(), whole.as_slice()) {
        ([one], _) => Some((*one).clone()),
        ([], [one]) if telling >= TELLING_HERE => Some(one.clone()),
        _ => None,
    }
}

/// Returns the newer lines that older ones became, where a block that was changed goes beyond them: line by line, each beside
/// the one that is most like it.
fn narrow(old: &Lines, new: &Lines, blocks: &[Block], lines: &Range<usize>) -> Option<Range<usize>> {
    let mut there: Option<Range<usize>> = None;
    let mut add = |range: Range<usize>| {
        if !range.is_empty() {
            there = Some(match &there {
                Some(known) => known.start.min(range.start)..known.end.max(range.end),
                None => range,
            });
        }
    };
    let mut at = lines.start;
    for block in blocks.iter().filter(|block| block.old.end > lines.start || block.old.start >= lines.start) {
        if block.old.start >= lines.end {
            break;
        }
        // What is the same before it.
        if at < block.old.start {
            let shift = block.new.start.wrapping_sub(block.old.start);
            add(at.wrapping_add(shift)..block.old.start.wrapping_add(shift));
        }
        if block.old.is_empty() && block.old.start == lines.start {
            // What is new before the first line is none of it.
        } else if lines.start <= block.old.start && block.old.end <= lines.end {
            add(block.new.clone());
        } else {
            for (a, b) in paired(old, new, block)? {
                if lines.contains(&a) {
                    add(b..b + 1);
                }
            }
        }
        at = at.max(block.old.end);
    }
    if at < lines.end {
        let last = blocks.iter().rev().find(|block| block.old.end <= at);
        let shift = last.map_or(0, |block| block.new.end.wrapping_sub(block.old.end));
        add(at.wrapping_add(shift)..lines.end.wrapping_add(shift));
    }
    there.filter(|range| range.end <= new.count())
}

/// Pairs the lines of a block that are most alike, in order; nothing where there are too many.
fn paired(old: &Lines, new: &Lines, block: &Block) -> Option<Vec<(usize, usize)>> {
    let (left, right) = (block.old.len(), block.new.len());
    if left * right > PAIRS {
        return None;
    }
    let text = |lines: &Lines, at: usize| {
        String::from_utf8_lossy(lines.slice(&(at..at + 1)).unwrap_or_default()).trim().to_owned()
    };
    let olds: Vec<String> = block.old.clone().map(|at| text(old, at)).collect();
    let news: Vec<String> = block.new.clone().map(|at| text(new, at)).collect();
    let like = |a: usize, b: usize| {
        let like = strsim::sorensen_dice(&olds[a], &news[b]);
        if like >= EDITED && !olds[a].is_empty() { like } else { 0.0 }
    };
    let likes: Vec<Vec<f64>> = (0..left).map(|a| (0..right).map(|b| like(a, b)).collect()).collect();
    let mut best = vec![vec![0.0_f64; right + 1]; left + 1];
    for a in (0..left).rev() {
        for b in (0..right).rev() {
            let pair = if likes[a][b] > 0.0 { likes[a][b] + best[a + 1][b + 1] } else { 0.0 };
            best[a][b] = best[a + 1][b].max(best[a][b + 1]).max(pair);
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < left && b < right {
        if likes[a][b] > 0.0 && best[a][b] <= likes[a][b] + best[a + 1][b + 1] {
            pairs.push((block.old.start + a, block.new.start + b));
            (a, b) = (a + 1, b + 1);
        } else if best[a][b] <= best[a + 1][b] {
            a += 1;
        } else {
            b += 1;
        }
    }
    Some(pairs)
}
