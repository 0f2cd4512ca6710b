//! The commits that changed a file, or some lines of it, by our own walk over verified objects.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

use git2::ObjectType;

use super::commits::{self, CommitInfo};
use super::diff::{Block, Change, blocks, unfit, walk};
use super::line_count;
use super::object::Node;
use super::pin::is_binary;
use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// A walk looks at no more commits than this, and lists no more.
const WALKED: usize = 1_000_000;
const LISTED: usize = 5_000;
/// Reasons for doubt that are told one by one.
const DOUBTS: usize = 3;
/// Files that are looked at to find what a new one was before, and how large they may be, in bytes.
const CANDIDATES: usize = 200;
const CANDIDATE_BYTES: u64 = 1 << 20;

/// A commit that changed the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The commit.
    pub commit: CommitInfo,
    /// The file in it.
    pub path: RepoPath,
    /// What happened.
    pub change: Change,
    /// The file's path before, where it was renamed.
    pub was: Option<RepoPath>,
    /// The lines that are followed, as they stand in this commit, from 0.
    pub lines: Option<Range<usize>>,
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedEnd {
    /// Why commits may be missing from the list.
    pub doubt: Option<String>,
}

/// The paths, and the lines of them, that are followed in a commit.
type Followed = Vec<(RepoPath, Option<Range<usize>>)>;

/// A commit that waits to be looked at: the newest first, as their dates say, then the first that was found.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting(i64, std::cmp::Reverse<usize>, ObjectId);

impl Repo {
    /// Follows a file from a commit into the past, or some lines (from 0) of it, and hands out the commits that changed it,
    /// the newest first. A file that is new in a commit is followed to the one that was renamed, if there is one that is
    /// the same or has half of its lines; copies are not followed, as `git log --follow` does.
    ///
    /// As `git log` does, a merge is passed by along the parent that has the same file, and listed where none has. Returns
    /// nothing once `stop` holds. Errors: no such file in the commit, or no such line.
    pub fn touched(
        &self,
        commit: ObjectId,
        path: &RepoPath,
        lines: Option<Range<usize>>,
        stop: &dyn Fn() -> bool,
        each: &mut dyn FnMut(Touched),
    ) -> Result<Option<TouchedEnd>> {
        let start = self.store.commit(commit)?;
        let said = path.lossy();
        let Some((node, blob)) = self.store.lookup(start.tree, &path.0)? else {
            return Err(Error::could_not(format!("{said} is not in {}.", commit.short())));
        };
        if node == Node::Folder {
            return Err(
                Error::could_not(format!("{said} is a folder in {}.", commit.short())).hint("Name a file in it.")
            );
        }
        let lines = match lines {
            Some(_) if !node.is_file() => {
                return Err(Error::could_not(format!("{said} is not a file in {}.", commit.short())));
            }
            Some(lines) => {
                let object = self.store.read(blob, ObjectType::Blob)?;
                let count = if is_binary(object.data()) { 0 } else { line_count(object.data()) };
                if lines.start >= count {
                    return Err(Error::usage(format!("{said} has no line {}.", lines.start + 1)));
                }
                Some(lines.start..lines.end.min(count))
            }
            None => None,
        };
        let mut walk = Walk::default();
        walk.add(commit, start.seconds, path.clone(), lines);
        let mut listed: HashSet<(ObjectId, RepoPath)> = HashSet::new();
        let mut doubts = Doubts::default();
        while let Some((id, followed)) = walk.next() {
            if stop() {
                return Ok(None);
            }
            if walk.taken > WALKED || listed.len() >= LISTED {
                doubts.add(format!("The list ends here, after {} commits.", listed.len()));
                return Ok(Some(doubts.end()));
            }
            let now = self.store.commit(id)?;
            if self.store.is_edge(id) {
                doubts.add("This clone is shallow: what came before was not fetched.".to_owned());
            }
            let parents: Vec<(ObjectId, ObjectId, i64)> = now
                .parents
                .iter()
                .map(|parent| self.store.commit(*parent).map(|commit| (*parent, commit.tree, commit.seconds)))
                .collect::<Result<_>>()?;
            for (path, lines) in followed {
                let step = self.step(now.tree, &parents, &path, lines.clone(), stop)?;
                if stop() {
                    return Ok(None);
                }
                if let Some(why) = step.doubt {
                    doubts.add(format!("Commits may be missing before {}: {why}.", id.short()));
                }
                if let Some((change, was)) = step.listed
                    && listed.insert((id, path.clone()))
                {
                    each(Touched { commit: commits::read(&self.store, id)?, path, change, was, lines });
                }
                for (parent, path, lines) in step.follow {
                    let seconds = parents.iter().find(|one| one.0 == parent).map_or(0, |one| one.2);
                    walk.add(parent, seconds, path, lines);
                }
            }
        }
        Ok(Some(doubts.end()))
    }

    /// Looks at one commit.
    fn step(
        &self,
        tree: ObjectId,
        parents: &[(ObjectId, ObjectId, i64)],
        path: &RepoPath,
        lines: Option<Range<usize>>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Step> {
        let mut step = Step::default();
        if let Some((parent, ..)) = parents.iter().find(|parent| parent.1 == tree) {
            step.follow.push((*parent, path.clone(), lines));
            return Ok(step);
        }
        let Some((node, id)) = self.store.lookup(tree, &path.0)? else { return Ok(step) };
        let mut there = Vec::new();
        for (parent, tree, _) in parents {
            match self.store.lookup(*tree, &path.0)? {
                Some((Node::Folder, _)) | None => {}
                // Another repository's commit has no lines; this file is new then.
                Some((Node::Submodule, _)) if node != Node::Submodule => {}
                Some(before) if before == (node, id) => {
                    step.follow = vec![(*parent, path.clone(), lines)];
                    return Ok(step);
                }
                Some((_, before)) => there.push((*parent, before)),
            }
        }
        if there.is_empty() {
            step.listed = Some((Change::Added, None));
            // A merge may have it from any side.
            for (parent, before, _) in parents.iter().filter(|_| node.is_file()) {
                let renamed = self.renamed(*before, tree, path, id, stop)?;
                step.doubt = step.doubt.or(renamed.doubt);
                let Some((was, blob)) = renamed.was else { continue };
                step.listed = Some((Change::Renamed, Some(was.clone())));
                match &lines {
                    None => step.follow.push((*parent, was, None)),
                    Some(lines) => match self.lines_before(blob, id, lines.clone())? {
                        Ok((_, before)) => step.follow.extend(before.map(|before| (*parent, was, Some(before)))),
                        Err(why) => step.doubt = Some(why),
                    },
                }
            }
            return Ok(step);
        }
        let mut touched = true;
        for (parent, before) in there {
            match &lines {
                None => step.follow.push((parent, path.clone(), None)),
                Some(lines) => {
                    let (changed, before) = match self.lines_before(before, id, lines.clone())? {
                        Ok(found) => found,
                        Err(why) => {
                            step.doubt = Some(why);
                            continue;
                        }
                    };
                    if !changed {
                        touched = false;
                        step.follow = vec![(parent, path.clone(), before)];
                        break;
                    }
                    step.follow.extend(before.map(|before| (parent, path.clone(), Some(before))));
                }
            }
        }
        step.listed = touched.then_some((Change::Modified, None));
        Ok(step)
    }

    /// Tells whether lines of `new` differ from `old`, and which lines of it they were, none where they are all new; or why
    /// nobody looked.
    fn lines_before(&self, old: ObjectId, new: ObjectId, lines: Range<usize>) -> Result<Before> {
        let (old, new) = (self.store.read(old, ObjectType::Blob)?, self.store.read(new, ObjectType::Blob)?);
        if let Some(why) = unfit(old.data()).or_else(|| unfit(new.data())) {
            return Ok(Err(format!("the file is not compared line by line ({why})")));
        }
        Ok(Ok(before(&blocks(old.data(), new.data())?, lines)))
    }

    /// Finds the file that a commit removed while it added this one, with the same content or half of it.
    fn renamed(
        &self,
        old: ObjectId,
        new: ObjectId,
        path: &RepoPath,
        blob: ObjectId,
        stop: &dyn Fn() -> bool,
    ) -> Result<Renamed> {
        let Some((differing, cut)) = walk(&self.store, Some(old), Some(new), stop)? else {
            return Ok(Renamed::default());
        };
        let gone = differing.into_iter().filter_map(|(path, before, after)| match (before, after) {
            (Some((node, id)), None) if node.is_file() => Some((path, id)),
            _ => None,
        });
        let mut gone: Vec<(RepoPath, ObjectId)> = gone.collect();
        // The same content, then the same name, is what it most likely was.
        let name = |path: &RepoPath| path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        gone.sort_by_key(|(was, id)| (*id != blob, name(was) != name(path)));
        if let Some(same) = gone.first().filter(|(_, id)| *id == blob) {
            return Ok(Renamed { was: Some(same.clone()), doubt: None });
        }
        let small = |id: ObjectId| Ok(self.store.header(id)?.is_some_and(|(_, size)| size <= CANDIDATE_BYTES));
        let mut doubt = cut.map(|_| "not all files were looked at for what it was there".to_owned());
        if gone.len() > CANDIDATES {
            doubt = Some(format!("of the files that were removed there only {CANDIDATES} were looked at"));
        }
        let mut best: Option<(usize, bool, &(RepoPath, ObjectId))> = None;
        if !gone.is_empty() && !small(blob)? {
            doubt = Some("the file is too large to be looked for under another name".to_owned());
            gone.clear();
        }
        let now = if gone.is_empty() { Vec::new() } else { self.store.read(blob, ObjectType::Blob)?.data().to_vec() };
        for one in gone.iter().take(CANDIDATES) {
            if stop() {
                return Ok(Renamed::default());
            }
            if !small(one.1)? {
                doubt = Some("a file that was removed there is too large, or missing".to_owned());
                continue;
            }
            let before = self.store.read(one.1, ObjectType::Blob)?;
            let percent = alike(before.data(), &now);
            let same_name = name(&one.0) == name(path);
            if percent >= 50 && best.is_none_or(|(most, named, _)| (percent, same_name) > (most, named)) {
                best = Some((percent, same_name, one));
            }
        }
        let was = best.map(|(_, _, one)| one.clone());
        Ok(Renamed { doubt: doubt.filter(|_| was.is_none()), was })
    }
}

/// Whether lines were changed, and which lines they were before; or why it is not known.
type Before = Result<(bool, Option<Range<usize>>), String>;

/// What a new file was before.
#[derive(Default)]
struct Renamed {
    was: Option<(RepoPath, ObjectId)>,
    /// Why it may have been a file that was not found.
    doubt: Option<String>,
}

#[derive(Default)]
struct Step {
    /// What the commit did, and the path before, if it is to be listed.
    listed: Option<(Change, Option<RepoPath>)>,
    /// The parents to go on with.
    follow: Vec<(ObjectId, RepoPath, Option<Range<usize>>)>,
    /// Why commits before this one may be missing.
    doubt: Option<String>,
}

/// Why commits may be missing.
#[derive(Default)]
struct Doubts(Vec<String>, usize);

impl Doubts {
    fn add(&mut self, doubt: String) {
        if self.0.contains(&doubt) {
            return;
        }
        match self.0.len() {
            0..DOUBTS => self.0.push(doubt),
            _ => self.1 += 1,
        }
    }

    fn end(mut self) -> TouchedEnd {
        if self.1 > 0 {
            self.0.push(format!("There are {} more such places.", self.1));
        }
        TouchedEnd { doubt: Some(self.0.join(" ")).filter(|doubt| !doubt.is_empty()) }
    }
}

/// The commits that are still to be looked at, and what is followed in each.
///
/// Dates are what commits say of themselves, so a commit can be looked at before all that lead to it: then it is looked at
/// again, for what is new.
#[derive(Default)]
struct Walk {
    waiting: BinaryHeap<Waiting>,
    wanted: HashMap<ObjectId, Followed>,
    done: HashMap<ObjectId, Followed>,
    /// How often a commit was taken.
    taken: usize,
}

impl Walk {
    /// Has a file, or lines of it, followed in a commit, if they are not already.
    fn add(&mut self, id: ObjectId, seconds: i64, path: RepoPath, lines: Option<Range<usize>>) {
        let same = |list: &&(RepoPath, _)| list.0 == path;
        let done = self.done.get(&id).and_then(|list| list.iter().find(same));
        if done.is_some_and(|(_, known)| holds(known, &lines)) {
            return;
        }
        // Two ways lead here: all that either follows is followed.
        let lines = match done {
            Some((_, known)) => both(known, &lines),
            None => lines,
        };
        match self.wanted.get_mut(&id) {
            None => {
                self.wanted.insert(id, vec![(path, lines)]);
                let order = std::cmp::Reverse(self.done.len() + self.wanted.len());
                self.waiting.push(Waiting(seconds, order, id));
            }
            Some(list) => match list.iter_mut().find(|(other, _)| *other == path) {
                Some((_, known)) => *known = both(known, &lines),
                None => list.push((path, lines)),
            },
        }
    }

    /// Takes the next commit, with what is to be looked at there.
    fn next(&mut self) -> Option<(ObjectId, Followed)> {
        let Waiting(_, _, id) = self.waiting.pop()?;
        let followed = self.wanted.remove(&id).unwrap_or_default();
        let done = self.done.entry(id).or_default();
        done.retain(|(path, _)| followed.iter().all(|(new, _)| new != path));
        done.extend(followed.iter().cloned());
        self.taken += 1;
        Some((id, followed))
    }
}

/// Tells whether lines, or all, hold others.
fn holds(known: &Option<Range<usize>>, lines: &Option<Range<usize>>) -> bool {
    match (known, lines) {
        (None, _) => true,
        (Some(known), Some(lines)) => known.start <= lines.start && lines.end <= known.end,
        (Some(_), None) => false,
    }
}

fn both(a: &Option<Range<usize>>, b: &Option<Range<usize>>) -> Option<Range<usize>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.start.min(b.start)..a.end.max(b.end)),
        _ => None,
    }
}

/// Returns whether lines of the newer file were changed, and which of the older file's they were.
pub(super) fn before(blocks: &[Block], lines: Range<usize>) -> (bool, Option<Range<usize>>) {
    // Lines and gaps are told apart: a block without lines of the newer file touches what is on both sides of it.
    let touches = |block: &Block| {
        if block.new.is_empty() {
            lines.start < block.new.start && block.new.start < lines.end
        } else {
            block.new.start < lines.end && lines.start < block.new.end
        }
    };
    let changed = blocks.iter().any(touches);
    let old = |line: usize, is_end: bool| {
        let mut shift = (0, 0);
        for block in blocks {
            let inside = block.new.contains(&line) && !(is_end && line == block.new.start);
            if inside {
                return if is_end { block.old.end } else { block.old.start };
            }
            let past = if is_end {
                block.new.end < line || (block.new.end == line && !block.new.is_empty())
            } else {
                block.new.end <= line
            };
            if past {
                shift = (block.old.end, block.new.end);
            }
        }
        shift.0 + line.saturating_sub(shift.1)
    };
    let range = old(lines.start, false)..old(lines.end, true);
    (changed, (range.start < range.end).then_some(range))
}

/// Returns how much of two texts is the same, line by line, in percent of the larger one's bytes.
pub(super) fn alike(old: &[u8], new: &[u8]) -> usize {
    let most = old.len().max(new.len());
    if most == 0 || is_binary(old) || is_binary(new) {
        return 0;
    }
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut same = 0;
    for line in new.split_inclusive(|byte| *byte == b'\n') {
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            same += line.len();
        }
    }
    same * 100 / most
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_followed_through_a_change() {
        let blocks = [Block { old: 2..4, new: 2..3 }, Block { old: 6..6, new: 5..7 }];
        assert_eq!(before(&blocks, 0..2), (false, Some(0..2)));
        assert_eq!(before(&blocks, 2..3), (true, Some(2..4)));
        assert_eq!(before(&blocks, 3..5), (false, Some(4..6)));
        assert_eq!(before(&blocks, 5..7), (true, None));
        assert_eq!(before(&blocks, 7..9), (false, Some(6..8)));
        assert_eq!(before(&blocks, 0..9), (true, Some(0..8)));
        // Lines were taken out in the middle, or beside.
        let gone = [Block { old: 3..5, new: 3..3 }];
        assert_eq!(before(&gone, 2..4), (true, Some(2..6)));
        assert_eq!(before(&gone, 3..4), (false, Some(5..6)));
        assert_eq!(before(&gone, 2..3), (false, Some(2..3)));
    }

    #[test]
    fn a_renamed_file_has_half_of_its_lines() {
        assert_eq!(alike(b"a\nb\n", b"a\nc\n"), 50);
        assert_eq!(alike(b"a\na\n", b"a\n"), 50);
        assert_eq!(alike(b"", b""), 0);
    }

    proptest! {
        #[test]
        fn untouched_lines_are_the_same_lines(old in "([abc]\n){0,20}", new in "([abc]\n){1,20}", at in 0usize..20, len in 1usize..5) {
            let (left, right): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
            let lines = at.min(right.len() - 1)..(at + len).min(right.len());
            prop_assume!(!lines.is_empty());
            let found = blocks(old.as_bytes(), new.as_bytes()).unwrap();
            let (changed, was) = before(&found, lines.clone());
            if let Some(was) = &was {
                prop_assert!(was.end <= left.len(), "{was:?} of {}", left.len());
            }
            if !changed {
                prop_assert_eq!(&left[was.unwrap()], &right[lines]);
            }
        }
    }
}
