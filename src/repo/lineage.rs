//! What a blame rests on, read by ourselves with every hash verified.
//!
//! Git trusts the objects that it finds: one whose bytes were changed moves lines to other commits, and git says nothing;
//! libgit2 notices, and goes on as if the object were not there.
//! So the way of each line is gone again, from the commit whose file it is to the commit that it is attributed to and one
//! step further: every commit, every folder down to the file, every version of it, and where the file was new, both whole
//! trees and all files that it may have been before. An object that git needs and does not find makes git complain.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use git2::ObjectType;

use super::blame::Place;
use super::diff::walk;
use super::lines::Lines;
use super::object::{Commit, Node, Store};
use super::touched::alike;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// A walk looks at no more versions than this.
const WALKED: usize = 1_000_000;
/// Up to this many attributed versions each has a mark of its own, and the walk ends where no mark is left; with more it
/// goes to the end of the file's history.
const MARKS: usize = 4_096;
/// A file that has so much in common with a new one may be what git takes for the same one, in percent. Git wants 50, by
/// another count.
const ALIKE: usize = 25;

/// A file in a commit; the path is one of [`Lineage::paths`].
type Version = (ObjectId, usize);

/// What stands at a path of a tree.
type Found = Option<(Node, ObjectId)>;

/// A version that was looked at.
struct Looked {
    blob: ObjectId,
    /// Where git may go on.
    parents: Vec<Version>,
    /// Where it may go on if it takes another file for the same one than we do.
    others: Vec<Version>,
}

/// The past of a file, as far as it was looked at.
pub(super) struct Lineage<'a> {
    store: Store,
    unwanted: &'a AtomicBool,
    paths: Vec<RepoPath>,
    places: HashMap<RepoPath, usize>,
    commits: HashMap<ObjectId, Rc<Commit>>,
    /// By tree, path, and how many parts of the path lead to that tree.
    found: HashMap<(ObjectId, usize, usize), Found>,
    /// Blobs whose hash was verified.
    verified: HashSet<ObjectId>,
    looked: HashMap<Version, Result<Rc<Looked>>>,
}

/// A version that waits: the newest first, as git has it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting(i64, std::cmp::Reverse<usize>, Version);

/// The attributed versions that may lie behind a version.
#[derive(Clone, PartialEq, Eq)]
struct Marks(Vec<u64>);

impl Marks {
    fn all(count: usize) -> Marks {
        let mut marks = Marks(vec![0; count.div_ceil(64)]);
        (0..count).for_each(|mark| marks.0[mark / 64] |= 1 << (mark % 64));
        marks
    }

    fn without(&self, mark: usize) -> Marks {
        let mut marks = self.clone();
        marks.0[mark / 64] &= !(1 << (mark % 64));
        marks
    }

    fn and(&self, other: &Marks) -> Marks {
        Marks(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Tells whether all of them are among others.
    fn within(&self, other: &Marks) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }
}

impl<'a> Lineage<'a> {
    /// Begins with nothing; it ends early once `unwanted` is set.
    pub fn new(store: Store, unwanted: &'a AtomicBool) -> Lineage<'a> {
        Lineage {
            store,
            unwanted,
            paths: Vec::new(),
            places: HashMap::new(),
            commits: HashMap::new(),
            found: HashMap::new(),
            verified: HashSet::new(),
            looked: HashMap::new(),
        }
    }

    /// Looks ahead while git is at work, and checks its answer once that has come. Returns whether it came to the end.
    ///
    /// Errors: an object that was changed or cannot be read, or an answer that does not follow from the objects.
    pub fn check(&mut self, commit: ObjectId, path: &RepoPath, answers: &Receiver<Vec<Place>>) -> Result<bool> {
        let start = (commit, self.place(path));
        let mut waiting = BinaryHeap::from([Waiting(0, std::cmp::Reverse(0), start)]);
        let mut seen = HashSet::from([start]);
        let answer = loop {
            match answers.try_recv() {
                Ok(answer) => break answer,
                Err(TryRecvError::Disconnected) => return Ok(false),
                Err(TryRecvError::Empty) => {}
            }
            let next = waiting.pop().filter(|_| seen.len() < WALKED);
            let Some(Waiting(_, _, version)) = next else {
                match answers.recv() {
                    Ok(answer) => break answer,
                    Err(_) => return Ok(false),
                }
            };
            // What cannot be read matters only if git's answer rests on it.
            let Ok(looked) = self.look(version) else { continue };
            for parent in &looked.parents {
                if seen.insert(*parent) {
                    waiting.push(Waiting(self.seconds(*parent), std::cmp::Reverse(seen.len()), *parent));
                }
            }
        };
        if self.is_unwanted() {
            return Ok(false);
        }
        self.follow(commit, path, answer)?;
        Ok(!self.is_unwanted())
    }

    fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }

    /// Goes the way of every line of an answer.
    ///
    /// Errors: an object that was changed or cannot be read, or an answer that does not follow from the objects.
    pub fn follow(&mut self, commit: ObjectId, path: &RepoPath, answer: Vec<Place>) -> Result<()> {
        let start = (commit, self.place(path));
        let mut marks: HashMap<Version, usize> = HashMap::new();
        let mut named = HashSet::new();
        for place in &answer {
            let path = self.place(&place.path);
            let next = marks.len();
            marks.entry((place.commit, path)).or_insert(next);
            named.insert(path);
            if let Some((_, path)) = &place.before {
                named.insert(self.place(path));
            }
        }
        let mut reached = HashSet::new();
        // Git and we may differ in which files are alike; then all that it may have taken are gone through.
        for wide in [false, true] {
            reached = self.reach(start, &marks, &|path| wide || named.contains(&path))?;
            if self.is_unwanted() {
                return Ok(());
            }
            if marks.keys().all(|version| reached.contains(version)) {
                break;
            }
        }
        let mut by_version: HashMap<Version, Vec<&Place>> = HashMap::new();
        for place in &answer {
            let version = (place.commit, self.place(&place.path));
            if !reached.contains(&version) {
                return Err(unfounded("a commit that the file's history does not lead to"));
            }
            by_version.entry(version).or_default().push(place);
        }
        let now = self.look(start)?.blob;
        let now = Lines::new(self.store.read(now, ObjectType::Blob)?.data().to_vec());
        for (version, places) in by_version {
            let looked = self.look(version)?;
            let there = Lines::new(self.store.read(looked.blob, ObjectType::Blob)?.data().to_vec());
            for place in places {
                if let Some((commit, path)) = &place.before {
                    let before = (*commit, self.place(path));
                    if !looked.parents.contains(&before) && !looked.others.contains(&before) {
                        return Err(unfounded("a version before it that is none"));
                    }
                }
                let from = place.from..place.from.saturating_add(place.lines.len());
                if now.without_end(&place.lines).is_none_or(|lines| there.without_end(&from) != Some(lines)) {
                    return Err(unfounded("lines that are others there"));
                }
            }
        }
        Ok(())
    }

    /// Returns the versions through which a line can have come to where it is attributed to.
    fn reach(
        &mut self,
        start: Version,
        marks: &HashMap<Version, usize>,
        named: &dyn Fn(usize) -> bool,
    ) -> Result<HashSet<Version>> {
        let each = marks.len() <= MARKS;
        let all = Rc::new(Marks::all(if each { marks.len() } else { 1 }));
        let mut waiting = BinaryHeap::from([Waiting(0, std::cmp::Reverse(0), start)]);
        let mut coming = HashMap::from([(start, all)]);
        let mut passed: HashMap<Version, Rc<Marks>> = HashMap::new();
        while let Some(Waiting(_, _, version)) = waiting.pop() {
            if self.is_unwanted() {
                break;
            }
            let Some(come) = coming.remove(&version) else { continue };
            if passed.len() > WALKED {
                return Err(Error::could_not(format!(
                    "What the blame rests on was not checked: the file has more than {WALKED} versions."
                )));
            }
            let known = passed.get(&version);
            if known.is_some_and(|known| come.within(known)) {
                continue;
            }
            let come = known.map_or(Rc::clone(&come), |known| Rc::new(come.and(known)));
            passed.insert(version, Rc::clone(&come));
            let looked = self.look(version)?;
            let go = match marks.get(&version) {
                Some(mark) if each => Rc::new(come.without(*mark)),
                _ => come,
            };
            if go.is_empty() {
                continue;
            }
            let others = looked.others.iter().filter(|(_, path)| named(*path));
            for parent in looked.parents.iter().chain(others) {
                match coming.get_mut(parent) {
                    Some(before) if go.within(before) => {}
                    Some(before) => *before = Rc::new(before.and(&go)),
                    None => {
                        coming.insert(*parent, Rc::clone(&go));
                        let order = std::cmp::Reverse(passed.len());
                        waiting.push(Waiting(self.seconds(*parent), order, *parent));
                    }
                }
            }
        }
        Ok(passed.into_keys().collect())
    }

    fn place(&mut self, path: &RepoPath) -> usize {
        if let Some(place) = self.places.get(path) {
            return *place;
        }
        self.paths.push(path.clone());
        self.places.insert(path.clone(), self.paths.len() - 1);
        self.paths.len() - 1
    }

    /// Returns when the commit was made, where that was read already.
    fn seconds(&self, version: Version) -> i64 {
        self.commits.get(&version.0).map_or(0, |commit| commit.seconds)
    }

    fn commit(&mut self, id: ObjectId) -> Result<Rc<Commit>> {
        if let Some(commit) = self.commits.get(&id) {
            return Ok(Rc::clone(commit));
        }
        let commit = Rc::new(self.store.commit(id)?);
        self.commits.insert(id, Rc::clone(&commit));
        Ok(commit)
    }

    /// Returns what stands at a path below a tree that some of its parts led to.
    fn find(&mut self, tree: ObjectId, path: usize, parts: usize) -> Result<Found> {
        let key = (tree, path, parts);
        if let Some(found) = self.found.get(&key) {
            return Ok(*found);
        }
        let whole = &self.paths[path].0;
        let mut rest = whole.split(|byte| *byte == b'/').skip(parts);
        let name = rest.next().unwrap_or_default();
        let is_last = rest.next().is_none();
        let there = self.store.named(tree, name)?;
        let found = match there {
            Some((Node::Folder, below)) if !is_last => self.find(below, path, parts + 1)?,
            Some(_) if !is_last => None,
            there => there,
        };
        self.found.insert(key, found);
        Ok(found)
    }

    /// Reads a blob for the sake of its hash.
    fn verify(&mut self, blob: ObjectId) -> Result<()> {
        if !self.verified.contains(&blob) {
            self.store.read(blob, ObjectType::Blob)?;
            self.verified.insert(blob);
        }
        Ok(())
    }

    /// Looks at a version and at those that git compares it with.
    fn look(&mut self, version: Version) -> Result<Rc<Looked>> {
        if let Some(looked) = self.looked.get(&version) {
            return looked.clone();
        }
        let looked = self.look_at(version).map(Rc::new);
        self.looked.insert(version, looked.clone());
        looked
    }

    fn look_at(&mut self, (id, path): Version) -> Result<Looked> {
        let now = self.commit(id)?;
        let Some((node, blob)) = self.find(now.tree, path, 0)?.filter(|(node, _)| node.is_file()) else {
            return Err(unfounded("a file that is not there"));
        };
        let mut looked = Looked { blob, parents: Vec::new(), others: Vec::new() };
        let mut without = Vec::new();
        let mut versions = Vec::new();
        for parent in &now.parents {
            let tree = self.commit(*parent)?.tree;
            let same_tree = tree == now.tree;
            match if same_tree { Some((node, blob)) } else { self.find(tree, path, 0)? } {
                // All lines go there; git looks no further.
                Some((there, same)) if there.is_file() && same == blob => {
                    looked.parents = vec![(*parent, path)];
                    return Ok(looked);
                }
                Some((there, before)) if there.is_file() => {
                    versions.push(before);
                    looked.parents.push((*parent, path));
                }
                _ => without.push((*parent, tree)),
            }
        }
        self.verify(blob)?;
        for before in versions {
            self.verify(before)?;
        }
        for (parent, tree) in without {
            self.renamed(parent, tree, now.tree, blob, &mut looked)?;
        }
        Ok(looked)
    }

    /// Looks at what a new file may have been in a parent.
    fn renamed(
        &mut self,
        parent: ObjectId,
        old: ObjectId,
        new: ObjectId,
        blob: ObjectId,
        looked: &mut Looked,
    ) -> Result<()> {
        let unwanted = self.unwanted;
        let stop = || unwanted.load(Ordering::Relaxed);
        let Some((differing, cut)) = walk(&self.store, Some(old), Some(new), &stop)? else { return Ok(()) };
        if let Some(cut) = cut {
            return Err(Error::could_not(format!("What the blame rests on was not checked. {cut}")));
        }
        let gone = differing.into_iter().filter_map(|(path, before, after)| match (before, after) {
            (Some((node, id)), None) if node.is_file() => Some((path, id)),
            _ => None,
        });
        let gone: Vec<(RepoPath, ObjectId)> = gone.collect();
        if gone.iter().any(|(_, id)| *id == blob) {
            // Git compares no others then.
            for (path, _) in gone.iter().filter(|(_, id)| *id == blob) {
                let place = self.place(path);
                looked.parents.push((parent, place));
            }
            return Ok(());
        }
        let now = self.store.read(blob, ObjectType::Blob)?.data().to_vec();
        for (path, id) in gone {
            if self.is_unwanted() {
                return Ok(());
            }
            let is_alike = alike(self.store.read(id, ObjectType::Blob)?.data(), &now) >= ALIKE;
            let place = self.place(&path);
            if is_alike { &mut looked.parents } else { &mut looked.others }.push((parent, place));
        }
        Ok(())
    }
}

fn unfounded(what: &str) -> Error {
    Error::could_not(format!("The blame named {what}, so it is not used."))
        .hint("Run `git fsck` in the clone, and fetch or clone again.")
}
