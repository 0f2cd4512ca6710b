//! What changed between two commits: files by our own walk over both trees, lines by libgit2 on bytes in memory.
//!
//! No attribute, no config and no program has a say in it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use git2::{DiffOptions, ObjectType, Patch};

use super::line_count;
use super::object::{Named, Node, Store};
use super::pin::{Budget, Cut, is_binary, join};
use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// Larger files are listed and not compared line by line, in bytes.
const COMPARED: u64 = 8 << 20;
/// A file with more lines is not compared either: its rows would take gigabytes.
const COMPARED_LINES: usize = 500_000;
/// A file with more lines is not shown: where they start would take gigabytes.
const SHOWN_LINES: usize = 2_000_000;
/// Changed files are counted line by line up to this many, and to this many bytes together.
const COUNTED: usize = 2_000;
const COUNTED_BYTES: u64 = 64 << 20;
/// Unchanged lines that are kept beside changed ones.
const CONTEXT: usize = 3;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It holds something else.
    Modified,
    /// The same content stood under another path.
    Renamed,
}

impl Change {
    /// Returns its letter, as git has it.
    pub fn letter(self) -> char {
        match self {
            Change::Added => 'A',
            Change::Removed => 'D',
            Change::Modified => 'M',
            Change::Renamed => 'R',
        }
    }
}

/// A path that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What happened.
    pub change: Change,
    /// Where it stands; where it stood, if it is gone.
    pub path: RepoPath,
    /// Where it stood before, if it was renamed.
    pub was: Option<RepoPath>,
    /// Lines added and removed; none where they were not counted, or there are no lines.
    pub lines: Option<(usize, usize)>,
    /// What else is to be said: `binary`, `link`, `submodule`, `too large`, `too many lines`,
    /// `missing`, `not counted`.
    pub note: &'static str,
}

/// The paths that differ between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The paths, sorted.
    pub changed: Vec<Changed>,
    /// What a budget left out.
    pub cut: Option<String>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The file.
    pub path: RepoPath,
    /// Its blob.
    pub blob: ObjectId,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// A file in two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The older one; none where there was none.
    pub old: Option<Side>,
    /// The newer one; none where there is none.
    pub new: Option<Side>,
    /// Lines that differ, in order, as line ranges from 0 of both.
    pub blocks: Vec<Block>,
}

/// Lines that stand in place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Lines of the older file.
    pub old: Range<usize>,
    /// Lines of the newer file.
    pub new: Range<usize>,
}

/// A row of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffRow {
    /// The older line, from 0.
    pub old: Option<usize>,
    /// The newer line, from 0.
    pub new: Option<usize>,
    /// The lines differ.
    pub changed: bool,
    /// Lines were left out before this row.
    pub gap: bool,
}

impl Comparison {
    /// Counts the lines added and removed.
    pub fn lines(&self) -> (usize, usize) {
        self.blocks.iter().fold((0, 0), |(plus, minus), block| (plus + block.new.len(), minus + block.old.len()))
    }

    /// Returns the rows to show: the changed lines with some around them. Side by side, a changed line stands beside the
    /// one that took its place; else the older ones stand first.
    pub fn rows(&self, side_by_side: bool) -> Vec<DiffRow> {
        let mut rows: Vec<DiffRow> = Vec::new();
        // The next lines that are not shown yet.
        let (mut old, mut new) = (0, 0);
        for (at, block) in self.blocks.iter().enumerate() {
            let same = block.old.start.saturating_sub(old);
            let before = if at == 0 { 0 } else { same.min(CONTEXT) };
            push_same(&mut rows, old..old + before, new, false);
            let after = (same - before).min(CONTEXT);
            let skipped = same - before - after;
            push_same(&mut rows, block.old.start - after..block.old.start, block.new.start - after, skipped > 0);
            let gap = skipped > 0 && after == 0;
            let pairs = block.old.len().max(block.new.len());
            let mut push = |old, new, first| rows.push(DiffRow { old, new, changed: true, gap: gap && first });
            if side_by_side {
                for pair in 0..pairs {
                    let side = |range: &Range<usize>| Some(range.start + pair).filter(|line| *line < range.end);
                    push(side(&block.old), side(&block.new), pair == 0);
                }
            } else {
                block.old.clone().for_each(|line| push(Some(line), None, line == block.old.start));
                block.new.clone().for_each(|line| push(None, Some(line), false));
            }
            (old, new) = (block.old.end, block.new.end);
        }
        if !self.blocks.is_empty() {
            let end = self.old.as_ref().map_or(0, |side| line_count(&side.bytes));
            push_same(&mut rows, old..end.min(old + CONTEXT), new, false);
        }
        rows
    }
}

/// Adds lines that are the same on both sides.
fn push_same(rows: &mut Vec<DiffRow>, old: Range<usize>, new: usize, gap: bool) {
    let start = old.start;
    rows.extend(old.map(|line| DiffRow {
        old: Some(line),
        new: Some(new + line - start),
        changed: false,
        gap: gap && line == start,
    }));
}

/// Returns why a text is not compared line by line, if it is not.
pub(super) fn unfit(bytes: &[u8]) -> Option<&'static str> {
    if bytes.len() as u64 > COMPARED {
        Some("too large")
    } else if is_binary(bytes) {
        Some("binary")
    } else if line_count(bytes) > COMPARED_LINES {
        Some("too many lines")
    } else {
        None
    }
}

/// Finds the lines that differ, in texts that are not [`unfit`].
pub(super) fn blocks(old: &[u8], new: &[u8]) -> Result<Vec<Block>> {
    blocks_with(old, new, &mut DiffOptions::new())
}

/// Finds the lines that differ by what the options say makes a difference, in texts that are not [`unfit`].
pub(super) fn blocks_with(old: &[u8], new: &[u8], options: &mut DiffOptions) -> Result<Vec<Block>> {
    let failed = |error: git2::Error| Error::could_not(format!("The files cannot be compared: {}.", error.message()));
    options.context_lines(0).interhunk_lines(0).force_text(true);
    let patch = Patch::from_buffers(old, None, new, None, Some(options)).map_err(failed)?;
    let mut blocks = Vec::with_capacity(patch.num_hunks());
    for index in 0..patch.num_hunks() {
        let (hunk, _) = patch.hunk(index).map_err(failed)?;
        // A side without lines names the line before it.
        let range = |start: u32, lines: u32| {
            let start = start as usize - usize::from(lines > 0);
            start..start + lines as usize
        };
        blocks.push(Block {
            old: range(hunk.old_start(), hunk.old_lines()),
            new: range(hunk.new_start(), hunk.new_lines()),
        });
    }
    Ok(blocks)
}

type Found = (Node, ObjectId);

impl Repo {
    /// Lists the paths that differ between two commits; without an older one, all paths of the newer one.
    ///
    /// Returns nothing once `stop` holds. Errors: a commit or tree that is missing or damaged.
    pub fn changes(&self, old: Option<ObjectId>, new: ObjectId, stop: &dyn Fn() -> bool) -> Result<Option<Changes>> {
        let tree = |id: ObjectId| self.store.commit(id).map(|commit| commit.tree);
        let (old, new) = (old.map(tree).transpose()?, tree(new)?);
        let Some((found, cut)) = walk(&self.store, old, Some(new), stop)? else { return Ok(None) };
        let mut gone: HashMap<ObjectId, RepoPath> = HashMap::new();
        for (path, before, after) in &found {
            if let (Some((node, id)), None) = (before, after)
                && node.is_file()
            {
                gone.entry(*id).or_insert_with(|| path.clone());
            }
        }
        let mut renamed: HashMap<RepoPath, RepoPath> = HashMap::new();
        for (path, before, after) in &found {
            if let (None, Some((node, id))) = (before, after)
                && node.is_file()
                && let Some(was) = gone.remove(id)
            {
                renamed.insert(path.clone(), was);
            }
        }
        let moved: HashSet<RepoPath> = renamed.values().cloned().collect();
        let (mut counted, mut bytes) = (0, 0);
        let mut changed = Vec::new();
        for (path, before, after) in found {
            if stop() {
                return Ok(None);
            }
            let was = renamed.remove(&path);
            if before.is_some() && after.is_none() && moved.contains(&path) {
                continue;
            }
            let change = match (&was, &before, &after) {
                (Some(_), _, _) => Change::Renamed,
                (None, None, _) => Change::Added,
                (None, _, None) => Change::Removed,
                _ => Change::Modified,
            };
            let (lines, note) = if change == Change::Renamed {
                (Some((0, 0)), "")
            } else {
                match self.sides(before, after)? {
                    Err(note) => (None, note),
                    Ok(size) if counted >= COUNTED || bytes + size > COUNTED_BYTES => (None, "not counted"),
                    Ok(size) => {
                        counted += 1;
                        bytes += size;
                        self.count(before, after)?
                    }
                }
            };
            changed.push(Changed { change, path, was, lines, note });
        }
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(Changes { changed, cut }))
    }

    /// Compares a file between two commits, each with its path there. A side without that path is empty.
    ///
    /// Errors: neither has the path; binary, too large, or not a file.
    pub fn compare(&self, old: Option<(ObjectId, &RepoPath)>, new: (ObjectId, &RepoPath)) -> Result<Comparison> {
        let side = |commit: ObjectId, path: &RepoPath| -> Result<Option<Side>> {
            let tree = self.store.commit(commit)?.tree;
            let (said, short) = (path.lossy(), commit.short());
            let no = |why: &str| Err(Error::could_not(format!("{said} in {short} {why}.")));
            match self.store.lookup(tree, &path.0)? {
                None => Ok(None),
                Some((node, _)) if !node.is_file() => no("is not a file"),
                Some((_, blob)) if self.size(blob)? > COMPARED => no("is not compared line by line: too large"),
                Some((_, blob)) => {
                    let object = self.store.read(blob, ObjectType::Blob)?;
                    if let Some(why) = unfit(object.data()) {
                        return no(&format!("is not compared line by line: {why}"));
                    }
                    Ok(Some(Side { path: path.clone(), blob, bytes: object.data().into() }))
                }
            }
        };
        let before = match old {
            Some((commit, path)) => side(commit, path)?,
            None => None,
        };
        let after = side(new.0, new.1)?;
        if before.is_none() && after.is_none() {
            return Err(Error::could_not(format!("{} is in neither commit.", new.1.lossy())));
        }
        let bytes = |side: &Option<Side>| side.as_ref().map_or(Arc::from([]), |side| Arc::clone(&side.bytes));
        let blocks = blocks(&bytes(&before), &bytes(&after))?;
        Ok(Comparison { old: before, new: after, blocks })
    }

    /// Returns a file as it is in a commit.
    ///
    /// Errors: no such file, binary, or too large.
    pub fn version(&self, commit: ObjectId, path: &RepoPath) -> Result<Side> {
        let tree = self.store.commit(commit)?.tree;
        let no = |why: &str| Error::could_not(format!("{} {why} {}.", path.lossy(), commit.short()));
        let blob = match self.store.lookup(tree, &path.0)? {
            None => return Err(no("is not in")),
            Some((node, _)) if !node.is_file() => return Err(no("is not a file in")),
            Some((_, blob)) => blob,
        };
        let object = self.store.read(blob, ObjectType::Blob)?;
        if is_binary(object.data()) {
            return Err(no("has no lines, since it is binary, in"));
        }
        if line_count(object.data()) > SHOWN_LINES {
            return Err(no("has too many lines to be shown in"));
        }
        Ok(Side { path: path.clone(), blob, bytes: object.data().into() })
    }

    fn size(&self, blob: ObjectId) -> Result<u64> {
        let header = self.store.header(blob)?;
        header.map(|(_, size)| size).ok_or_else(|| Error::could_not(format!("The blob {blob} is missing.")))
    }

    /// Returns how many bytes both sides have, or why they are not compared.
    fn sides(&self, old: Option<Found>, new: Option<Found>) -> Result<Result<u64, &'static str>> {
        let mut bytes = 0;
        for (node, id) in [old, new].into_iter().flatten() {
            match node {
                Node::Submodule => return Ok(Err("submodule")),
                Node::Symlink => return Ok(Err("link")),
                _ => {}
            }
            // Whatever is missing is listed all the same.
            let Some((_, size)) = self.store.header(id)? else { return Ok(Err("missing")) };
            if size > COMPARED {
                return Ok(Err("too large"));
            }
            bytes += size;
        }
        Ok(Ok(bytes))
    }

    fn count(&self, old: Option<Found>, new: Option<Found>) -> Result<(Option<(usize, usize)>, &'static str)> {
        let read = |side: Option<Found>| {
            side.map(|(_, id)| self.store.read(id, ObjectType::Blob).map(|object| object.data().to_vec())).transpose()
        };
        let (old, new) = (read(old)?.unwrap_or_default(), read(new)?.unwrap_or_default());
        if let Some(why) = unfit(&old).or_else(|| unfit(&new)) {
            return Ok((None, why));
        }
        let blocks = blocks(&old, &new)?;
        let sum = |of: fn(&Block) -> usize| blocks.iter().map(of).sum();
        Ok((Some((sum(|block| block.new.len()), sum(|block| block.old.len()))), ""))
    }
}

/// What differs between two trees: each path with what stands there on either side.
type Differing = Vec<(RepoPath, Option<Found>, Option<Found>)>;

/// Walks two trees at once, where they differ. Returns nothing once `stop` holds.
pub(super) fn walk(
    store: &Store,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    stop: &dyn Fn() -> bool,
) -> Result<Option<(Differing, Option<String>)>> {
    let mut found = Vec::new();
    let (mut budget, mut cut) = (Budget::default(), None);
    let mut waiting = vec![(Vec::new(), old, new)];
    'walk: while let Some((folder, old, new)) = waiting.pop() {
        if old == new {
            continue;
        }
        if stop() {
            return Ok(None);
        }
        let list = |tree: Option<ObjectId>| -> Result<Vec<Named>> {
            let mut list = tree.map(|id| store.tree(id)).transpose()?.unwrap_or_default();
            list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Ok(list)
        };
        let (left, right) = (list(old)?, list(new)?);
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.name.cmp(&b.name),
            };
            let a = if order.is_le() { left.next() } else { None };
            let b = if order.is_ge() { right.next() } else { None };
            if let (Some(a), Some(b)) = (&a, &b)
                && a.id == b.id
                && a.node == b.node
            {
                continue;
            }
            let name = a.as_ref().or(b.as_ref()).map(|named| named.name.as_slice()).unwrap_or_default();
            let path = join(&folder, name);
            match budget.spend(&path, 0) {
                Ok(()) => {}
                Err(Cut::One(why)) => {
                    cut.get_or_insert(why);
                    continue;
                }
                Err(Cut::End(why)) => {
                    cut = Some(why);
                    break 'walk;
                }
            }
            let tree = |side: &Option<Named>| side.as_ref().filter(|one| one.node == Node::Folder).map(|one| one.id);
            let leaf = |side: Option<&Named>| side.filter(|one| one.node != Node::Folder).map(|one| (one.node, one.id));
            let (before, after) = (leaf(a.as_ref()), leaf(b.as_ref()));
            if before.is_some() || after.is_some() {
                found.push((RepoPath(path.clone()), before, after));
            }
            let (a, b) = (tree(&a), tree(&b));
            if a.is_some() || b.is_some() {
                waiting.push((path, a, b));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Some((found, cut)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;
    use proptest::prelude::*;

    fn comparison(old: &str, new: &str) -> Comparison {
        let side = |text: &str| Side { path: "a".into(), blob: Hex([0; 20]), bytes: text.as_bytes().into() };
        let blocks = blocks(old.as_bytes(), new.as_bytes()).unwrap();
        Comparison { old: Some(side(old)), new: Some(side(new)), blocks }
    }

    #[test]
    fn finds_lines_that_differ() {
        let found = comparison("a\nb\nc\n", "a\nB\nc\nd\n");
        assert_eq!(found.blocks, [Block { old: 1..2, new: 1..2 }, Block { old: 3..3, new: 3..4 }]);
        assert_eq!(found.lines(), (2, 1));
        assert_eq!(comparison("a", "a\n").lines(), (1, 1));
        assert_eq!(comparison("", "a\n").blocks, [Block { old: 0..0, new: 0..1 }]);
        assert_eq!(comparison("a\n", "").blocks, [Block { old: 0..1, new: 0..0 }]);
        assert_eq!(comparison("a\n", "a\n").rows(true), []);
    }

    proptest! {
        #[test]
        fn rows_hold_every_changed_line_once_in_order(old in "([ab]\n){0,30}", new in "([ab]\n){0,30}", wide: bool) {
            let found = comparison(&old, &new);
            let rows = found.rows(wide);
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let (left, right) = (lines(&old), lines(&new));
            let mut sides: [Vec<usize>; 2] = Default::default();
            for row in &rows {
                if !row.changed {
                    prop_assert_eq!(&left[row.old.unwrap()], &right[row.new.unwrap()]);
                }
                sides[0].extend(row.old);
                sides[1].extend(row.new);
            }
            for (side, blocks) in sides.iter().zip([
                found.blocks.iter().flat_map(|block| block.old.clone()).collect::<Vec<_>>(),
                found.blocks.iter().flat_map(|block| block.new.clone()).collect::<Vec<_>>(),
            ]) {
                prop_assert!(side.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", rows);
                prop_assert!(blocks.iter().all(|line| side.contains(line)));
            }
            // What the blocks say makes one text of the other.
            let mut made = Vec::new();
            let mut at = 0;
            for block in &found.blocks {
                made.extend(left[at..block.old.start].iter().cloned());
                made.extend(right[block.new.clone()].iter().cloned());
                at = block.old.end;
            }
            made.extend(left[at..].iter().cloned());
            prop_assert_eq!(made, right);
        }
    }
}
