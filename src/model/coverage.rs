//! Coverage: which lines were opened, and which were reviewed. The two are never the same thing.
//!
//! *Opened* lines stood on the auditor's screen for a while, as the program measured it; *reviewed* lines were marked by
//! the auditor. Both are kept by line of a path and its blob, and neither is proof that somebody understood them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::audit::Audit;
use super::event::Subject;
use super::evidence::{Kind, RepoPath, SkipReason};
use super::hash::ObjectId;
use super::standard::Dimension;

/// How many ranges of lines are kept of one file. Whoever reads makes a few dozen; a crafted journal must not make more.
pub const FILE_RANGES: usize = 1_000;

/// How many ranges of lines are kept of all files together.
pub const ALL_RANGES: usize = 100_000;

/// How many shares of a kind a record lists by name; the smaller ones are summed up.
pub const SHARES: usize = 40;

/// Lines of one file, from 1: ranges in order that neither overlap nor touch.
///
/// Written as text, `1-40,55,60-70`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<(u32, u32)>);

impl Lines {
    /// Returns the lines from `first` to `last`, both included; none where that is no range of lines.
    pub fn of(first: u32, last: u32) -> Lines {
        if first == 0 || first > last { Lines::default() } else { Lines(vec![(first, last)]) }
    }

    /// Returns the ranges, first and last line of each.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Tells whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many lines there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Returns the last line; 0 where there is none.
    pub fn last(&self) -> u32 {
        self.0.last().map_or(0, |(_, last)| *last)
    }

    /// Returns the first line that is not among them.
    pub fn first_missing(&self) -> u32 {
        self.0.first().filter(|(first, _)| *first == 1).map_or(1, |(_, last)| last.saturating_add(1))
    }

    /// Tells whether a line is among them.
    pub fn contains(&self, line: u32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < line);
        self.0.get(at).is_some_and(|(first, _)| *first <= line)
    }

    /// Tells whether all of these lines are among them.
    pub fn covers(&self, other: &Lines) -> bool {
        other.without(self).is_empty()
    }

    /// Returns these lines and the others.
    pub fn with(&self, other: &Lines) -> Lines {
        let mut all: Vec<(u32, u32)> = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let next = match (mine.peek(), theirs.peek()) {
                (Some(one), Some(two)) if one <= two => mine.next(),
                (_, Some(_)) => theirs.next(),
                (_, None) => mine.next(),
            };
            let Some(&(first, last)) = next else { return Lines(all) };
            match all.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => all.push((first, last)),
            }
        }
    }

    /// Returns these lines but the others.
    pub fn without(&self, other: &Lines) -> Lines {
        let mut left = Vec::new();
        let mut at = 0;
        for &(first, last) in &self.0 {
            let mut from = first;
            while other.0.get(at).is_some_and(|range| range.1 < from) {
                at += 1;
            }
            let mut next = at;
            while let Some(&(out, until)) = other.0.get(next).filter(|range| range.0 <= last) {
                if from < out {
                    left.push((from, out - 1));
                }
                // It ends within this range, or nothing of this one is left.
                match until.checked_add(1).filter(|after| *after <= last) {
                    Some(after) => from = after,
                    None => {
                        from = 0;
                        break;
                    }
                }
                next += 1;
            }
            if from > 0 {
                left.push((from, last));
            }
        }
        Lines(left)
    }

    /// Returns those of them that a file of so many lines has.
    pub fn within(&self, lines: u32) -> Lines {
        let inside = self.0.iter().take_while(|(first, _)| *first <= lines);
        Lines(inside.map(|(first, last)| (*first, (*last).min(lines))).collect())
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

impl FromStr for Lines {
    type Err = String;

    /// Reads the one form in which lines are written.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "lines are written as ranges in order, such as 1-40,55,60-70".to_owned();
        let number = |text: &str| {
            let plain = !text.starts_with(['0', '+']);
            text.parse::<u32>().ok().filter(|_| plain).ok_or_else(wrong)
        };
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let range = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            let apart = ranges.last().is_none_or(|before| u64::from(before.1) + 1 < u64::from(range.0));
            if range.0 > range.1 || !apart || (part.contains('-') && range.0 == range.1) {
                return Err(wrong());
            }
            ranges.push(range);
        }
        Ok(Lines(ranges))
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Lines {
    fn schema_name() -> Cow<'static, str> {
        "Lines".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Lines of a file, from 1: ranges in order that neither overlap nor touch.",
            "type": "string",
            "pattern": "^([1-9][0-9]*(-[1-9][0-9]*)?(,[1-9][0-9]*(-[1-9][0-9]*)?)*)?$"
        })
    }
}

/// Lines of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileLines {
    /// Where the file stands.
    pub path: RepoPath,
    /// Its blob.
    pub blob: ObjectId,
    /// The lines.
    pub lines: Lines,
}

/// Lines of many files, merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions {
    /// A path has one blob at the pin; others are of another pin, or of a crafted journal.
    files: BTreeMap<RepoPath, Vec<(ObjectId, Lines)>>,
    ranges: usize,
}

impl Regions {
    /// Tells whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns how many files have a line.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Returns the lines of a file; none where its blob is another one.
    pub fn lines(&self, path: &RepoPath, blob: ObjectId) -> &Lines {
        const NONE: &Lines = &Lines(Vec::new());
        let blobs = self.files.get(path).map(Vec::as_slice).unwrap_or_default();
        blobs.iter().find(|(one, _)| *one == blob).map_or(NONE, |(_, lines)| lines)
    }

    /// Adds lines. Tells whether there was room for them: what would be too many ranges is left out as a whole, so that
    /// less is said than is true, and never more.
    pub fn add(&mut self, more: &FileLines) -> bool {
        let merged = self.lines(&more.path, more.blob).with(&more.lines);
        self.set(&more.path, more.blob, merged)
    }

    /// Takes lines away. Tells whether there was room for what is left: a hole makes two ranges of one.
    pub fn remove(&mut self, less: &FileLines) -> bool {
        let left = self.lines(&less.path, less.blob).without(&less.lines);
        self.set(&less.path, less.blob, left)
    }

    fn set(&mut self, path: &RepoPath, blob: ObjectId, lines: Lines) -> bool {
        let all = self.ranges - self.lines(path, blob).0.len() + lines.0.len();
        if lines.0.len() > FILE_RANGES || all > ALL_RANGES {
            return false;
        }
        self.ranges = all;
        let blobs = self.files.entry(path.clone()).or_default();
        blobs.retain(|(one, _)| *one != blob);
        if !lines.is_empty() {
            blobs.push((blob, lines));
        } else if blobs.is_empty() {
            self.files.remove(path);
        }
        true
    }
}

/// How many lines each text file at the pin has: what coverage is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    /// Text files that have a line, with their blob and how many lines they have.
    pub files: BTreeMap<RepoPath, (ObjectId, u32)>,
    /// What has no lines to be read.
    pub apart: Apart,
    /// Files among that which are no text, or too large.
    pub unread: BTreeMap<RepoPath, SkipReason>,
    /// A budget cut the tree, so there is more than this.
    pub cut: bool,
}

impl Extent {
    /// Returns all lines of the file at a path, or of all files in the folder there; the empty path is the root.
    pub fn under(&self, path: &RepoPath) -> Vec<FileLines> {
        let inside = |file: &RepoPath| match file.0.strip_prefix(path.0.as_slice()) {
            Some(rest) => path.0.is_empty() || rest.is_empty() || rest.starts_with(b"/"),
            None => false,
        };
        let files = self.files.iter().filter(|(file, _)| inside(file));
        files
            .map(|(path, (blob, of))| FileLines { path: path.clone(), blob: *blob, lines: Lines::of(1, *of) })
            .collect()
    }
}

/// Entries of the tree that have no lines to be read, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Apart {
    /// Empty files.
    pub empty: u64,
    /// A NUL among the first 8000 bytes (git's own rule).
    pub binary: u64,
    /// Larger than the budget of 64 MiB.
    pub too_large: u64,
    /// Symbolic links; links are never followed.
    pub symlinks: u64,
    /// Submodules: other repositories' commits.
    pub submodules: u64,
}

/// Files, and lines of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Files that have at least one such line.
    pub files: u64,
    /// Lines.
    pub lines: u64,
}

impl Tally {
    fn add(&mut self, lines: u64) {
        self.join(&Tally { files: u64::from(lines > 0), lines });
    }

    /// Adds up without an overflow, which a crafted record may be after.
    fn join(&mut self, other: &Tally) {
        self.files = self.files.saturating_add(other.files);
        self.lines = self.lines.saturating_add(other.lines);
    }

    /// Returns how many of a hundred lines these are, rounded down: 100 is all of them.
    pub fn percent(&self, of: &Tally) -> u64 {
        self.lines.saturating_mul(100).checked_div(of.lines).unwrap_or(0)
    }
}

/// How much of something was opened and reviewed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// A folder at the root (`.` for the files there), or a file name's extension (empty for none); absent for all that
    /// are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RepoPath>,
    /// Text files, and all of their lines.
    pub text: Tally,
    /// Opened.
    pub opened: Tally,
    /// Reviewed.
    pub reviewed: Tally,
}

impl Share {
    /// Counts a file with so many lines in all, opened and reviewed.
    pub fn add(&mut self, text: u64, opened: u64, reviewed: u64) {
        self.text.add(text);
        self.opened.add(opened);
        self.reviewed.add(reviewed);
    }

    fn join(&mut self, other: &Share) {
        self.text.join(&other.text);
        self.opened.join(&other.opened);
        self.reviewed.join(&other.reviewed);
    }

    /// Tells whether this can be the share of which some files are listed: all those of which something was opened or
    /// reviewed.
    fn holds(&self, listed: &Share) -> bool {
        let files = self.text.files.checked_sub(listed.text.files);
        let lines = self.text.lines.checked_sub(listed.text.lines);
        let others = match (files, lines) {
            (Some(0), Some(lines)) => lines == 0,
            // Every text file has a line.
            (Some(files), Some(lines)) => files <= lines,
            _ => false,
        };
        others && (self.opened, self.reviewed) == (listed.opened, listed.reviewed)
    }

    fn possible(&self) -> bool {
        let within =
            |part: &Tally| part.lines <= self.text.lines && part.files <= self.text.files && part.files <= part.lines;
        within(&self.text) && within(&self.opened) && within(&self.reviewed)
    }
}

/// A file of which lines were opened or reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRow {
    /// Where it stands.
    pub path: RepoPath,
    /// Its blob.
    pub blob: ObjectId,
    /// How many lines it has.
    pub of: u32,
    /// Lines that were opened.
    pub opened: Lines,
    /// Lines that were reviewed.
    pub reviewed: Lines,
}

/// What was opened and reviewed of an audited tree, with its denominators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Text files in scope that have a line, and all of their lines.
    pub text: Tally,
    /// Opened: on the screen long enough to be read, as the auditor's program measured it.
    pub opened: Tally,
    /// Reviewed: marked by the auditor.
    pub reviewed: Tally,
    /// What has no lines to be read.
    pub apart: Apart,
    /// A budget cut the tree, so there is more than was counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// By folder at the root, the largest first.
    pub folders: Vec<Share>,
    /// By file name extension, the largest first.
    pub extensions: Vec<Share>,
    /// Files of which lines were opened or reviewed, by path.
    pub files: Vec<FileRow>,
}

impl Coverage {
    /// Returns what was opened and reviewed of the files at the pin. Lines that a file does not have, and files that are not
    /// there, do not count.
    pub fn of(opened: &Regions, reviewed: &Regions, extent: &Extent) -> Coverage {
        let mut coverage = Coverage { apart: extent.apart, cut: extent.cut, ..Coverage::default() };
        let mut whole = Share::default();
        let mut folders: BTreeMap<RepoPath, Share> = BTreeMap::new();
        let mut extensions: BTreeMap<RepoPath, Share> = BTreeMap::new();
        for (path, (blob, of)) in &extent.files {
            let seen = opened.lines(path, *blob).within(*of);
            let marked = reviewed.lines(path, *blob).within(*of);
            for share in
                [&mut whole, folders.entry(top(path)).or_default(), extensions.entry(extension(path)).or_default()]
            {
                share.add(u64::from(*of), seen.count(), marked.count());
            }
            if !seen.is_empty() || !marked.is_empty() {
                let row = FileRow { path: path.clone(), blob: *blob, of: *of, opened: seen, reviewed: marked };
                coverage.files.push(row);
            }
        }
        (coverage.text, coverage.opened, coverage.reviewed) = (whole.text, whole.opened, whole.reviewed);
        coverage.folders = largest(folders);
        coverage.extensions = largest(extensions);
        coverage
    }

    /// Returns what cannot be true of a coverage, whatever the tree holds.
    pub fn mistake(&self) -> Option<&'static str> {
        let mut listed = Share::default();
        for row in &self.files {
            if row.opened.last().max(row.reviewed.last()) > row.of {
                return Some("lines are named that the file does not have");
            }
            if row.opened.is_empty() && row.reviewed.is_empty() {
                return Some("a file is listed of which nothing was opened or reviewed");
            }
            listed.add(u64::from(row.of), row.opened.count(), row.reviewed.count());
        }
        if !self.files.is_sorted_by(|a, b| a.path < b.path) {
            return Some("the files are not in order, or one is listed twice");
        }
        if (listed.opened, listed.reviewed) != (self.opened, self.reviewed) {
            return Some("the totals are not those of the files");
        }
        if listed.text.files > self.text.files || listed.text.lines > self.text.lines {
            return Some("the files have more lines than there are in all");
        }
        let whole = Share { name: None, text: self.text, opened: self.opened, reviewed: self.reviewed };
        for (shares, name) in [(&self.folders, top as fn(&RepoPath) -> RepoPath), (&self.extensions, extension)] {
            let mut sum = Share::default();
            shares.iter().for_each(|share| sum.join(share));
            if sum != whole || !shares.iter().all(Share::possible) {
                return Some("the shares do not add up to the totals");
            }
            if !self.follow(shares, name) {
                return Some("the shares are not those of the files");
            }
        }
        None
    }

    /// Tells whether shares follow from the files that are listed: all that was opened or reviewed lies in them, and what is
    /// left over may be other files.
    fn follow(&self, shares: &[Share], name: fn(&RepoPath) -> RepoPath) -> bool {
        let mut listed: BTreeMap<RepoPath, Share> = BTreeMap::new();
        for row in &self.files {
            let share = listed.entry(name(&row.path)).or_default();
            share.add(u64::from(row.of), row.opened.count(), row.reviewed.count());
        }
        let named = shares.iter().take_while(|share| share.name.is_some()).count();
        let (named, rest) = shares.split_at(named);
        let mut names = BTreeSet::new();
        let in_names = named.iter().all(|share| {
            let Some(name) = &share.name else { return false };
            names.insert(name) && share.holds(&listed.remove(name).unwrap_or_default())
        });
        let in_order = named.is_sorted_by_key(|share| (std::cmp::Reverse(share.text.lines), &share.name));
        let mut left = Share::default();
        listed.values().for_each(|share| left.join(share));
        let in_rest = match rest {
            [] => left == Share::default(),
            [rest] => rest.name.is_none() && rest.holds(&left),
            _ => false,
        };
        in_names && in_order && in_rest
    }
}

/// Returns shares by size, the largest first, the smaller ones summed up.
fn largest(shares: BTreeMap<RepoPath, Share>) -> Vec<Share> {
    let named = shares.into_iter().map(|(name, share)| Share { name: Some(name), ..share });
    let mut shares: Vec<Share> = named.collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.text.lines));
    if shares.len() > SHARES {
        let mut rest = Share::default();
        shares.drain(SHARES..).for_each(|share| rest.join(&share));
        shares.push(rest);
    }
    shares
}

/// Returns the folder at the root that a file lies in, or `.`.
fn top(path: &RepoPath) -> RepoPath {
    match path.0.iter().position(|byte| *byte == b'/') {
        Some(cut) => RepoPath(path.0[..cut].to_vec()),
        None => ".".into(),
    }
}

/// Returns the extension of a file's name in lower case; empty where it has none.
pub fn extension(path: &RepoPath) -> RepoPath {
    let name = path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match name.iter().rposition(|byte| *byte == b'.') {
        // A name that only begins with a dot has no extension.
        Some(dot) if dot > 0 => RepoPath(name[dot + 1..].to_ascii_lowercase()),
        _ => RepoPath(Vec::new()),
    }
}

/// Returns how much of each file was opened and reviewed, and of each folder with all that is below it. The root is the
/// empty path.
pub fn shares(opened: &Regions, reviewed: &Regions, extent: &Extent) -> BTreeMap<RepoPath, Share> {
    /// Ends the innermost folder: what it has, the one around it has too.
    fn close(open: &mut Vec<(RepoPath, Share)>, shares: &mut BTreeMap<RepoPath, Share>) {
        let Some((path, share)) = open.pop() else { return };
        if let Some((_, around)) = open.last_mut() {
            around.join(&share);
        }
        shares.insert(path, share);
    }
    let mut shares = BTreeMap::new();
    // Sorted by their bytes, the files below a folder stand together.
    let mut open = vec![(RepoPath(Vec::new()), Share::default())];
    for (path, (blob, of)) in &extent.files {
        let below = |folder: &RepoPath| {
            folder.0.is_empty() || path.0.strip_prefix(folder.0.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
        };
        while open.last().is_some_and(|(folder, _)| !below(folder)) {
            close(&mut open, &mut shares);
        }
        let inside = open.last().map_or(0, |(folder, _)| folder.0.len());
        let cuts = path.0.iter().enumerate().filter(|(at, byte)| *at > inside && **byte == b'/');
        open.extend(cuts.map(|(at, _)| (RepoPath(path.0[..at].to_vec()), Share::default())));
        let count = |regions: &Regions| regions.lines(path, *blob).within(*of).count();
        let mut share = Share::default();
        share.add(u64::from(*of), count(opened), count(reviewed));
        if let Some((_, folder)) = open.last_mut() {
            folder.join(&share);
        }
        shares.insert(path.clone(), share);
    }
    while !open.is_empty() {
        close(&mut open, &mut shares);
    }
    shares
}

/// A file that leads point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    /// The file.
    pub path: RepoPath,
    /// How many hits there are in it.
    pub hits: u64,
    /// Items whose leads point there, in the standard's order.
    pub items: Vec<String>,
}

/// Returns the text files that leads point at and of which no line was opened or reviewed, those with most hits first.
pub fn unopened<'a>(pointed: &'a [Pointed], opened: &Regions, reviewed: &Regions, extent: &Extent) -> Vec<&'a Pointed> {
    let untouched = |one: &&Pointed| {
        let file = extent.files.get(&one.path);
        file.is_some_and(|(blob, _)| {
            opened.lines(&one.path, *blob).is_empty() && reviewed.lines(&one.path, *blob).is_empty()
        })
    };
    let mut left: Vec<&Pointed> = pointed.iter().filter(untouched).collect();
    left.sort_by_key(|one| std::cmp::Reverse(one.hits));
    left
}

/// Returns for each dimension, by its id, how much was opened and reviewed of the files that matter to it: those that
/// evidence on its items cites, and those that leads of its items point at. A dimension without such a file is left out.
pub fn dimensions(audit: &Audit, pointed: &[Pointed], extent: &Extent) -> Vec<(String, Share)> {
    let by = |dimension: &Dimension| {
        let has = |id: &str| dimension.items.iter().any(|item| item.id == id);
        let mut paths: BTreeSet<&RepoPath> =
            pointed.iter().filter(|one| one.items.iter().any(|item| has(item))).map(|one| &one.path).collect();
        for piece in audit.now.evidence.values() {
            let backs = piece.backs.iter().any(|subject| matches!(subject, Subject::Item(slot) if has(&slot.id)));
            if let (true, Kind::Code { regions }) = (backs, &piece.evidence.kind) {
                paths.extend(regions.iter().map(|region| &region.path));
            }
        }
        let mut share = Share::default();
        for path in paths {
            let Some((blob, of)) = extent.files.get(path) else { continue };
            let count = |regions: &Regions| regions.lines(path, *blob).within(*of).count();
            share.add(u64::from(*of), count(&audit.seen), count(&audit.now.reviewed));
        }
        (dimension.id.clone(), share)
    };
    audit.standard.dimensions.iter().map(by).filter(|(_, share)| share.text.files > 0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::hash::Hex;

    fn lines(text: &str) -> Lines {
        text.parse().unwrap()
    }

    fn set(lines: &Lines) -> BTreeSet<u32> {
        lines.ranges().iter().flat_map(|(first, last)| *first..=*last).collect()
    }

    fn some() -> impl Strategy<Value = Lines> {
        prop::collection::vec((1u32..60, 0u32..12), 0..8).prop_map(|ranges| {
            ranges.into_iter().fold(Lines::default(), |all, (first, more)| all.with(&Lines::of(first, first + more)))
        })
    }

    proptest! {
        #[test]
        fn lines_are_a_set(one in some(), two in some(), end in 0u32..70) {
            prop_assert_eq!(set(&one.with(&two)), set(&one).union(&set(&two)).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(set(&one.without(&two)), set(&one).difference(&set(&two)).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(set(&one.within(end)), set(&one).into_iter().filter(|line| *line <= end).collect::<BTreeSet<_>>());
            prop_assert_eq!(one.count(), set(&one).len() as u64);
            prop_assert_eq!(one.covers(&two), set(&one).is_superset(&set(&two)));
            prop_assert_eq!(one.contains(end), set(&one).contains(&end));
            // There is one form for a set, and it reads back.
            for lines in [one.with(&two), one.without(&two), one.within(end)] {
                prop_assert_eq!(lines.to_string().parse::<Lines>(), Ok(lines));
            }
        }
    }

    #[test]
    fn the_last_line_that_can_be_counted_is_no_trap() {
        let all = Lines::of(1, u32::MAX);
        assert_eq!(all.with(&Lines::of(7, 9)), all);
        assert_eq!(all.without(&Lines::of(3, u32::MAX)), Lines::of(1, 2));
        assert_eq!(all.count(), u64::from(u32::MAX));
        assert_eq!(format!("5,{}", u32::MAX).parse::<Lines>().unwrap().last(), u32::MAX);
    }

    #[test]
    fn other_forms_are_refused() {
        for wrong in
            ["0", "1-0", "3-3", "1,2", "1-5,4", "5,1", "01", "+1", "1-", "-1", "1,,5", "a", "4294967296", "1-2 "]
        {
            assert!(wrong.parse::<Lines>().is_err(), "{wrong}");
        }
        assert_eq!(Lines::of(0, 5), Lines::default());
        assert_eq!(Lines::of(5, 4), Lines::default());
    }

    fn blob(byte: u8) -> ObjectId {
        Hex([byte; 20])
    }

    fn file(path: &str, lines: Lines) -> FileLines {
        FileLines { path: path.into(), blob: blob(1), lines }
    }

    #[test]
    fn a_crafted_journal_cannot_fill_the_memory() {
        let mut regions = Regions::default();
        for line in 0..2 * FILE_RANGES as u32 {
            regions.add(&file("a", Lines::of(2 * line + 1, 2 * line + 1)));
        }
        assert_eq!(regions.lines(&"a".into(), blob(1)).ranges().len(), FILE_RANGES);
        // What closes a gap needs no room.
        assert!(regions.add(&file("a", Lines::of(1, 50_000))));
        assert!(regions.remove(&file("a", Lines::of(10, 10))));
        assert_eq!(regions.lines(&"a".into(), blob(1)), &lines("1-9,11-50000"));
        assert!(regions.lines(&"a".into(), blob(2)).is_empty(), "another blob is another text");
        assert!(regions.remove(&file("a", Lines::of(1, u32::MAX))));
        assert_eq!(regions, Regions::default());
    }

    fn extent(files: &[(&str, u32)]) -> Extent {
        let files = files.iter().map(|(path, lines)| (RepoPath::from(*path), (blob(1), *lines)));
        Extent { files: files.collect(), ..Extent::default() }
    }

    #[test]
    fn a_coverage_adds_up_and_knows_no_more_than_the_tree() {
        let extent = extent(&[("README.md", 4), ("src/a.ts", 10), ("src/in/b.ts", 6)]);
        let (mut opened, mut reviewed) = (Regions::default(), Regions::default());
        opened.add(&file("src/a.ts", lines("1-4,9-99")));
        opened.add(&file("gone.ts", lines("1-4")));
        opened.add(&FileLines { blob: blob(2), ..file("README.md", lines("1")) });
        reviewed.add(&file("src/in/b.ts", lines("1-6")));
        let coverage = Coverage::of(&opened, &reviewed, &extent);
        assert_eq!(coverage.mistake(), None);
        assert_eq!(coverage.text, Tally { files: 3, lines: 20 });
        assert_eq!(coverage.opened, Tally { files: 1, lines: 6 });
        assert_eq!(coverage.reviewed, Tally { files: 1, lines: 6 });
        assert_eq!(coverage.opened.percent(&coverage.text), 30);
        let rows: Vec<_> = coverage.files.iter().map(|row| (row.path.lossy(), row.opened.to_string())).collect();
        assert_eq!(rows, [("src/a.ts".into(), "1-4,9-10".to_owned()), ("src/in/b.ts".into(), String::new())]);
        let names: Vec<_> =
            coverage.folders.iter().map(|share| share.name.clone().unwrap().lossy().into_owned()).collect();
        assert_eq!(names, ["src", "."]);
        assert_eq!(coverage.extensions[0].text, Tally { files: 2, lines: 16 });
        let shares = shares(&opened, &reviewed, &extent);
        assert_eq!(shares[&"src".into()].text.lines, 16);
        assert_eq!(shares[&"src/in".into()].reviewed.lines, 6);
        assert_eq!(shares[&RepoPath(Vec::new())].text, Tally { files: 3, lines: 20 });
        assert_eq!(shares.len(), 6);
    }

    #[test]
    fn nonsense_is_named() {
        let extent = extent(&[("a/x", 10), ("b", 5)]);
        let mut opened = Regions::default();
        opened.add(&file("a/x", lines("1-4")));
        let good = Coverage::of(&opened, &Regions::default(), &extent);
        assert_eq!(good.mistake(), None);
        let wrong: [fn(&mut Coverage); 8] = [
            |c| c.folders.iter_mut().for_each(|share| share.text.lines = u64::MAX),
            |c| c.files[0].of = 3,
            |c| c.opened.lines += 1,
            |c| c.reviewed.files += 1,
            |c| c.files.push(c.files[0].clone()),
            |c| c.files[0].opened = Lines::default(),
            |c| c.text.lines = 3,
            |c| c.folders[0].opened.lines -= 1,
        ];
        for (at, change) in wrong.iter().enumerate() {
            let mut coverage = good.clone();
            change(&mut coverage);
            assert!(coverage.mistake().is_some(), "{at}");
        }
    }

    /// Moves what was opened from one share to another, so that the sums stay.
    fn swap(shares: &mut [Share]) {
        let (one, other) = shares.split_at_mut(1);
        std::mem::swap(&mut one[0].opened, &mut other[0].opened);
    }

    #[test]
    fn shares_are_derived_from_the_files() {
        let extent = extent(&[("a/x.ts", 10), ("a/y.ts", 4), ("b.rs", 10), ("c/z", 10)]);
        let (mut opened, mut reviewed) = (Regions::default(), Regions::default());
        opened.add(&file("a/x.ts", lines("1-4")));
        opened.add(&file("a/y.ts", lines("1-4")));
        reviewed.add(&file("b.rs", lines("2")));
        let good = Coverage::of(&opened, &reviewed, &extent);
        assert_eq!(good.mistake(), None);
        // What a smaller list sums up.
        let mut summed = good.clone();
        let rest = summed.folders.pop().unwrap();
        summed.folders.push(Share { name: None, ..rest });
        assert_eq!(summed.mistake(), None);
        let wrong: [fn(&mut Coverage); 11] = [
            |c| swap(&mut c.folders),
            |c| swap(&mut c.extensions),
            |c| c.folders[0].name = Some("elsewhere".into()),
            |c| c.folders[0].name = None,
            |c| c.folders.iter_mut().for_each(|share| share.name = None),
            |c| c.folders[2].name = c.folders[0].name.clone(),
            |c| c.folders.reverse(),
            |c| c.folders.swap(1, 2),
            |c| {
                c.folders[0].text.files -= 1;
                c.folders[2].text.files += 1;
            },
            |c| {
                // Both of its files are listed, and it has a line that neither has.
                c.folders[0].text.lines += 1;
                c.folders[2].text.lines -= 1;
            },
            |c| {
                c.text.lines += 1;
                c.folders[0].text.lines += 1;
                c.extensions[0].text.lines += 1;
            },
        ];
        for (at, change) in wrong.iter().enumerate() {
            let mut coverage = good.clone();
            change(&mut coverage);
            assert!(coverage.mistake().is_some(), "{at}");
        }
    }

    #[test]
    fn folders_of_like_names_are_told_apart() {
        let extent = extent(&[("a-b/x", 1), ("a/b/x", 2), ("a/b/y", 3), ("a/c", 4), ("a0", 5), ("b/b/x", 6)]);
        let shares = shares(&Regions::default(), &Regions::default(), &extent);
        let of = |path: &str| shares[&RepoPath::from(path)].text.lines;
        assert_eq!([of("a"), of("a-b"), of("a/b"), of("b"), of("b/b"), of("")], [9, 1, 5, 6, 6, 21]);
        assert_eq!(shares.len(), 6 + 6);
    }

    #[test]
    fn many_folders_are_summed_up() {
        let names: Vec<String> = (0..SHARES + 7).map(|at| format!("f{at}/x")).collect();
        let files: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 2)).collect();
        let coverage = Coverage::of(&Regions::default(), &Regions::default(), &extent(&files));
        assert_eq!(coverage.folders.len(), SHARES + 1);
        assert_eq!((coverage.folders[SHARES].name.clone(), coverage.folders[SHARES].text.files), (None, 7));
        assert_eq!(coverage.mistake(), None);
    }

    #[test]
    fn an_extension_is_what_follows_the_last_dot() {
        let of = |path: &str| extension(&path.into()).lossy().into_owned();
        assert_eq!([of("a/b.d.TS"), of("a.b/c"), of(".env"), of("x.")], ["ts", "", "", ""]);
    }
}
