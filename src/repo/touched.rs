//! The commits that changed a file, or some lines of it, by our own walk over verified objects.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

use git2::ObjectType;

use super::commits::{self, CommitInfo};
use super::diff::{Block, Change, blocks, walk};
use super::object::Node;
use super::pin::is_binary;
use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// A walk looks at no more commits than this, and lists no more.
const WALKED: usize = 1_000_000;
const LISTED: usize = 5_000;
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
    /// nothing once `stop` holds. Errors: no such file in the commit.
    pub fn touched(
        &self,
        commit: ObjectId,
        path: &RepoPath,
        lines: Option<Range<usize>>,
        stop: &dyn Fn() -> bool,
        each: &mut dyn FnMut(Touched),
    ) -> Result<Option<TouchedEnd>> {
        let start = self.store.commit(commit)?;
        if self.store.lookup(start.tree, &path.0)?.is_none() {
            return Err(Error::could_not(format!("{} is not in {}.", path.lossy(), commit.short())));
        }
        let mut wanted: HashMap<ObjectId, Followed> = HashMap::new();
        wanted.insert(commit, vec![(path.clone(), lines)]);
        let mut waiting = BinaryHeap::from([Waiting(start.seconds, std::cmp::Reverse(0), commit)]);
        let mut seen = HashSet::from([commit]);
        let mut listed = 0;
        let mut edge = false;
        while let Some(Waiting(_, _, id)) = waiting.pop() {
            if stop() {
                return Ok(None);
            }
            if seen.len() > WALKED || listed >= LISTED {
                let doubt = format!("The list ends here, after {listed} commits.");
                return Ok(Some(TouchedEnd { doubt: Some(doubt) }));
            }
            let now = self.store.commit(id)?;
            edge |= self.store.is_edge(id);
            let parents: Vec<(ObjectId, ObjectId, i64)> = now
                .parents
                .iter()
                .map(|parent| self.store.commit(*parent).map(|commit| (*parent, commit.tree, commit.seconds)))
                .collect::<Result<_>>()?;
            for (path, lines) in wanted.remove(&id).unwrap_or_default() {
                let step = self.step(now.tree, &parents, &path, lines.clone(), stop)?;
                if let Some((change, was)) = step.listed {
                    listed += 1;
                    each(Touched { commit: commits::read(&self.store, id)?, path, change, was, lines });
                }
                for (parent, path, lines) in step.follow {
                    let known = wanted.entry(parent).or_default();
                    match known.iter_mut().find(|(other, _)| *other == path) {
                        // Two ways lead here: all that either follows is followed.
                        Some((_, before)) => {
                            *before = match (before.take(), lines) {
                                (Some(a), Some(b)) => Some(a.start.min(b.start)..a.end.max(b.end)),
                                _ => None,
                            }
                        }
                        None => known.push((path, lines)),
                    }
                    if seen.insert(parent) {
                        let seconds = parents.iter().find(|one| one.0 == parent).map_or(0, |one| one.2);
                        waiting.push(Waiting(seconds, std::cmp::Reverse(seen.len()), parent));
                    }
                }
            }
        }
        let doubt = edge.then(|| "This clone is shallow: what came before was not fetched.".to_owned());
        Ok(Some(TouchedEnd { doubt }))
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
                Some(before) if before == (node, id) => {
                    step.follow = vec![(*parent, path.clone(), lines)];
                    return Ok(step);
                }
                Some((_, before)) => there.push((*parent, before)),
            }
        }
        if there.is_empty() {
            let was = match parents {
                [(parent, before, _)] if node.is_file() => {
                    self.renamed(*before, tree, path, id, stop)?.map(|(was, blob)| (*parent, was, blob))
                }
                _ => None,
            };
            let Some((parent, was, blob)) = was else {
                step.listed = Some((Change::Added, None));
                return Ok(step);
            };
            step.listed = Some((Change::Renamed, Some(was.clone())));
            match lines {
                None => step.follow.push((parent, was, None)),
                Some(lines) => {
                    if let Some(before) = self.lines_before(blob, id, lines)?.1 {
                        step.follow.push((parent, was, Some(before)));
                    }
                }
            }
            return Ok(step);
        }
        let mut touched = true;
        for (parent, before) in there {
            match &lines {
                None => step.follow.push((parent, path.clone(), None)),
                Some(lines) => {
                    let (changed, before) = self.lines_before(before, id, lines.clone())?;
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

    /// Tells whether lines of `new` differ from `old`, and which lines of it they were; none where they are all new.
    fn lines_before(&self, old: ObjectId, new: ObjectId, lines: Range<usize>) -> Result<(bool, Option<Range<usize>>)> {
        let (old, new) = (self.store.read(old, ObjectType::Blob)?, self.store.read(new, ObjectType::Blob)?);
        if is_binary(old.data()) || is_binary(new.data()) {
            return Ok((true, None));
        }
        Ok(before(&blocks(old.data(), new.data())?, lines))
    }

    /// Finds the file that a commit removed while it added this one, with the same content or half of it.
    fn renamed(
        &self,
        old: ObjectId,
        new: ObjectId,
        path: &RepoPath,
        blob: ObjectId,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<(RepoPath, ObjectId)>> {
        let Some((differing, _)) = walk(&self.store, Some(old), Some(new), stop)? else { return Ok(None) };
        let gone = differing.into_iter().filter_map(|(path, before, after)| match (before, after) {
            (Some((node, id)), None) if node.is_file() => Some((path, id)),
            _ => None,
        });
        let gone: Vec<(RepoPath, ObjectId)> = gone.collect();
        if let Some(same) = gone.iter().find(|(_, id)| *id == blob) {
            return Ok(Some(same.clone()));
        }
        let small = |id: ObjectId| Ok(self.store.header(id)?.is_some_and(|(_, size)| size <= CANDIDATE_BYTES));
        if !small(blob)? {
            return Ok(None);
        }
        let now = self.store.read(blob, ObjectType::Blob)?;
        let name = |path: &RepoPath| path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        let mut best: Option<(usize, bool, &(RepoPath, ObjectId))> = None;
        for one in gone.iter().take(CANDIDATES) {
            if stop() {
                return Ok(None);
            }
            if !small(one.1)? {
                continue;
            }
            let before = self.store.read(one.1, ObjectType::Blob)?;
            let percent = alike(before.data(), now.data());
            let same_name = name(&one.0) == name(path);
            if percent >= 50 && best.is_none_or(|(most, named, _)| (percent, same_name) > (most, named)) {
                best = Some((percent, same_name, one));
            }
        }
        Ok(best.map(|(_, _, one)| one.clone()))
    }
}

#[derive(Default)]
struct Step {
    /// What the commit did, and the path before, if it is to be listed.
    listed: Option<(Change, Option<RepoPath>)>,
    /// The parents to go on with.
    follow: Vec<(ObjectId, RepoPath, Option<Range<usize>>)>,
}

/// Returns whether lines of the newer file were changed, and which of the older file's they were.
fn before(blocks: &[Block], lines: Range<usize>) -> (bool, Option<Range<usize>>) {
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
