//! Which commit brought each line of a file: `git blame` in a cage, or libgit2 where there is no git.
//!
//! Of what git prints only the places are taken: commit, path, lines. Who made a commit and why is read by ourselves from
//! the commit, its hash verified.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use git2::ObjectType;

use super::cage::{Cage, Git, TICK, unquoted};
use super::commits::{self, CommitInfo};
use super::line_count;
use super::lineage::Lineage;
use super::object::Node;
use super::pin::is_binary;
use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// A line of git's output that we use is no longer than this, in bytes; a longer one is a text that we do not use.
const LINE: usize = 16 << 10;
/// libgit2 cannot be stopped, and takes 50 times as long as git: longer files are left alone, in lines.
const LIBGIT2_LINES: usize = 5_000;

/// Lines of a file that one commit brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The lines, from 0.
    pub lines: Range<usize>,
    /// The commit.
    pub commit: Arc<CommitInfo>,
    /// The file in that commit.
    pub path: RepoPath,
    /// The first line in that commit's file, from 0.
    pub from: usize,
    /// The file before that commit; none where the commit made it, or nobody told.
    pub before: Option<(ObjectId, RepoPath)>,
}

/// Who attributes the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blamer {
    /// `git blame`.
    Git,
    /// libgit2, whose answers differ from git's in places.
    Libgit2,
}

impl Blamer {
    /// Returns its name.
    pub fn word(self) -> &'static str {
        match self {
            Blamer::Git => "git",
            Blamer::Libgit2 => "libgit2",
        }
    }
}

/// What is to be attributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The commit whose file it is.
    pub commit: ObjectId,
    /// The file.
    pub path: RepoPath,
    /// Only these lines, from 0; none for all.
    pub only: Option<Range<usize>>,
    /// These lines are wanted before the others.
    pub first: Option<Range<usize>>,
}

impl Repo {
    /// Attributes the lines of a file, and hands out hunks as they come, in no order. Some may come twice, where some
    /// lines are wanted first.
    ///
    /// What git says is checked once it is complete: what was handed out before is not to be relied on until this returns.
    ///
    /// Returns who did it, or nothing once `stop` holds. Errors: no such file, binary, or too large; and whatever makes
    /// the answer doubtful, where what was handed out before must be dropped too.
    pub fn blame(
        &self,
        git: Option<&Git>,
        wanted: &Wanted,
        stop: &dyn Fn() -> bool,
        each: &mut dyn FnMut(Vec<Hunk>),
    ) -> Result<Option<Blamer>> {
        let tree = self.store.commit(wanted.commit)?.tree;
        let said = wanted.path.lossy();
        let (commit, short) = (wanted.commit, wanted.commit.short());
        let blob = match self.store.lookup(tree, &wanted.path.0)? {
            Some((Node::File | Node::Executable, id)) => id,
            Some(_) => return Err(Error::could_not(format!("{said} in {short} is not a file."))),
            None => return Err(Error::could_not(format!("{said} is not in {short}."))),
        };
        let object = self.store.read(blob, ObjectType::Blob)?;
        let bytes = object.data();
        if is_binary(bytes) {
            return Err(Error::could_not(format!("{said} is binary and has no lines.")));
        }
        let count = line_count(bytes);
        let whole = wanted.only.clone().unwrap_or(0..count);
        let whole = whole.start.min(count)..whole.end.min(count);
        if whole.is_empty() {
            return Ok(Some(if git.is_some() { Blamer::Git } else { Blamer::Libgit2 }));
        }
        let cage = Cage::new(self)?;
        let Some(git) = git else {
            if count > LIBGIT2_LINES {
                return Err(Error::could_not(format!(
                    "There is no git on this machine, and {said} has too many lines for libgit2's blame: {count}."
                ))
                .hint("Install git."));
            }
            let hunks = self.blame_with_libgit2(&cage, wanted, whole)?;
            // It takes a damaged object for one that is not there, and goes on.
            let places = hunks.iter().map(Place::of).collect();
            Lineage::new(self.store.clone(), &AtomicBool::new(false)).follow(commit, &wanted.path, places)?;
            each(hunks);
            return Ok(Some(Blamer::Libgit2));
        };
        let first = wanted.first.clone().map(|first| first.start.max(whole.start)..first.end.min(whole.end));
        // A part that is most of the whole comes soon enough with it.
        let first = first.filter(|first| !first.is_empty() && first.len() * 2 < whole.len());
        let mut ranges = vec![whole.clone()];
        ranges.splice(0..0, first);
        let calls: Vec<Vec<OsString>> = ranges
            .iter()
            .map(|range| {
                let lines = format!("-L{},{}", range.start + 1, range.end);
                let commit = commit.to_string();
                // `encoding=none`, since a commit may name an encoding that turns its author's name into line ends.
                let mut words: Vec<OsString> =
                    ["blame", "--incremental", "--no-textconv", "--encoding=none"].map(OsString::from).to_vec();
                if range.len() < count {
                    words.push(lines.into());
                }
                words.extend([commit.as_str(), "--"].map(OsString::from));
                words.push(OsStr::from_bytes(&wanted.path.0).to_owned());
                words
            })
            .collect();
        let mut runs: Vec<Run> = ranges.into_iter().map(Run::new).collect();
        let mut known: HashMap<ObjectId, Arc<CommitInfo>> = HashMap::new();
        let unwanted = AtomicBool::new(false);
        thread::scope(|scope| {
            let _ends = Ends(&unwanted);
            let (tell, answers) = mpsc::channel();
            let (done, checked) = mpsc::channel();
            let (store, unwanted) = (self.store.clone(), &unwanted);
            scope.spawn(move || {
                // Nobody may be listening any more.
                let _ = done.send(Lineage::new(store, unwanted).check(commit, &wanted.path, &answers));
            });
            let mut answer: Vec<Place> = Vec::new();
            let take = |number: usize, piece: &[u8]| {
                if piece.is_empty() {
                    return runs[number].end();
                }
                let mut hunks = Vec::new();
                for place in runs[number].take(piece)? {
                    let commit = match known.get(&place.commit) {
                        Some(commit) => Arc::clone(commit),
                        None => {
                            let commit = Arc::new(commits::read(&self.store, place.commit)?);
                            known.insert(place.commit, Arc::clone(&commit));
                            commit
                        }
                    };
                    answer.push(place.clone());
                    let Place { lines, path, from, before, .. } = place;
                    hunks.push(Hunk { lines, commit, path, from, before });
                }
                if !hunks.is_empty() {
                    each(hunks);
                }
                Ok(())
            };
            if !cage.run(git, &calls, stop, take)? {
                return Ok(None);
            }
            // Where nobody listens any more, nobody answers either.
            let _ = tell.send(answer);
            loop {
                match checked.recv_timeout(TICK) {
                    Ok(whole) => return Ok(whole?.then_some(Blamer::Git)),
                    Err(RecvTimeoutError::Timeout) if stop() => return Ok(None),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Error::could_not("What git's blame rests on was not checked."));
                    }
                }
            }
        })
    }

    fn blame_with_libgit2(&self, cage: &Cage, wanted: &Wanted, lines: Range<usize>) -> Result<Vec<Hunk>> {
        let failed = |error: git2::Error| Error::could_not(format!("libgit2's blame failed: {}.", error.message()));
        // Opened as bare it would not read the list of commits whose parents were not fetched.
        let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::NO_DOTGIT;
        let none: [&OsStr; 0] = [];
        let repo = git2::Repository::open_ext(cage.path(), flags, none).map_err(failed)?;
        let mut options = git2::BlameOptions::new();
        let newest = git2::Oid::from_bytes(&wanted.commit.0).map_err(failed)?;
        options.newest_commit(newest).min_line(lines.start + 1).max_line(lines.end);
        let path = std::path::Path::new(OsStr::from_bytes(&wanted.path.0));
        let blame = repo.blame_file(path, Some(&mut options)).map_err(failed)?;
        let mut hunks = Vec::new();
        for hunk in blame.iter() {
            let id = hunk.final_commit_id().to_string().parse().map_err(Error::could_not)?;
            let start = hunk.final_start_line().saturating_sub(1);
            hunks.push(Hunk {
                lines: start..start + hunk.lines_in_hunk(),
                commit: Arc::new(commits::read(&self.store, id)?),
                path: hunk.path().map_or(wanted.path.clone(), |path| RepoPath(path.as_os_str().as_bytes().to_vec())),
                from: hunk.orig_start_line().saturating_sub(1),
                before: None,
            });
        }
        Ok(hunks)
    }
}

/// Sets a flag when it goes out of sight.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where some lines come from, as git says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub commit: ObjectId,
    pub lines: Range<usize>,
    pub from: usize,
    pub path: RepoPath,
    pub before: Option<(ObjectId, RepoPath)>,
}

impl Place {
    fn of(hunk: &Hunk) -> Place {
        let Hunk { lines, commit, path, from, before } = hunk.clone();
        Place { commit: commit.id, lines, from, path, before }
    }
}

/// Reads one run of `git blame --incremental`, and holds it to what it must be: each wanted line once, no other.
struct Run {
    wanted: Range<usize>,
    /// Lines that are attributed.
    done: Vec<bool>,
    left: usize,
    /// A line that is not whole yet.
    partial: Vec<u8>,
    /// Its rest is dropped.
    skips: bool,
    /// Commit, first line there, first line here, count.
    head: Option<(ObjectId, usize, usize, usize)>,
    before: Option<(ObjectId, RepoPath)>,
}

impl Run {
    fn new(wanted: Range<usize>) -> Run {
        let done = vec![false; wanted.len()];
        let left = wanted.len();
        Run { wanted, done, left, partial: Vec::new(), skips: false, head: None, before: None }
    }

    /// Takes what was printed next, and returns the places that are complete now.
    fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if std::mem::take(&mut self.skips) {
                continue;
            }
            if self.partial.is_empty() {
                places.extend(self.line(line)?);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend(line);
                places.extend(self.line(&whole)?);
            }
        }
        if !self.skips {
            self.partial.extend(bytes);
            if self.partial.len() > LINE {
                if is_used(&self.partial) {
                    return Err(odd(&self.partial));
                }
                self.partial.clear();
                self.skips = true;
            }
        }
        Ok(places)
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Place>> {
        let Some((commit, there, here, count)) = self.head else {
            self.head = Some(head(line).ok_or_else(|| odd(line))?);
            self.before = None;
            return Ok(None);
        };
        if let Some(rest) = line.strip_prefix(b"previous ") {
            let (id, path) = rest.split_at_checked(40).ok_or_else(|| odd(line))?;
            let path = path.strip_prefix(b" ").and_then(unquoted).ok_or_else(|| odd(line))?;
            let id = super::gitdir::object_id(id).ok_or_else(|| odd(line))?;
            self.before = Some((id, RepoPath(path)));
        } else if let Some(rest) = line.strip_prefix(b"filename ") {
            let path = RepoPath(unquoted(rest).ok_or_else(|| odd(line))?);
            let lines = here..here.checked_add(count).ok_or_else(|| odd(line))?;
            if lines.start < self.wanted.start || lines.end > self.wanted.end {
                return Err(odd(line));
            }
            let done = &mut self.done[lines.start - self.wanted.start..lines.end - self.wanted.start];
            if done.contains(&true) {
                return Err(Error::could_not("git attributed a line twice, so what it says is not used."));
            }
            done.fill(true);
            self.left -= count;
            self.head = None;
            return Ok(Some(Place { commit, lines, from: there, path, before: self.before.take() }));
        }
        // Who, when and why: read from the commit itself.
        Ok(None)
    }

    fn end(&self) -> Result<()> {
        if self.left > 0 || self.head.is_some() || !self.partial.is_empty() {
            return Err(Error::could_not("git did not attribute every line, so what it says is not used."));
        }
        Ok(())
    }
}

/// Tells whether a line is one that is read.
fn is_used(line: &[u8]) -> bool {
    let texts: [&[u8]; 4] = [b"author", b"committer", b"summary ", b"encoding "];
    !texts.iter().any(|text| line.starts_with(text))
}

/// Reads `COMMIT LINE-THERE LINE-HERE COUNT`.
fn head(line: &[u8]) -> Option<(ObjectId, usize, usize, usize)> {
    let mut words = line.split(|byte| *byte == b' ');
    let commit = super::gitdir::object_id(words.next()?)?;
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<usize>().ok()?.checked_sub(1);
    let (there, here, count) = (number()?, number()?, number()?.checked_add(1)?);
    words.next().is_none().then_some((commit, there, here, count))
}

fn odd(line: &[u8]) -> Error {
    let line = super::display::bytes(&line[..line.len().min(80)]);
    Error::could_not(format!("git printed something else than blame, so it is not used: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "1111111111111111111111111111111111111111 3 2 2\nauthor filename x\nsummary previous y\n\
        previous 2222222222222222222222222222222222222222 \"old\\nname\"\nfilename a b\n\
        1111111111111111111111111111111111111111 1 1 1\nfilename a b\n";

    fn all(text: &[u8], lines: usize, pieces: usize) -> Result<Vec<Place>> {
        let mut run = Run::new(0..lines);
        let mut places = Vec::new();
        for piece in text.chunks(pieces.max(1)) {
            places.extend(run.take(piece)?);
        }
        run.end()?;
        Ok(places)
    }

    #[test]
    fn reads_places_in_pieces_of_any_size() {
        let whole = all(GOOD.as_bytes(), 3, 1 << 20).unwrap();
        assert_eq!((whole[0].lines.clone(), whole[0].from, whole[1].lines.clone()), (1..3, 2, 0..1));
        assert_eq!(whole[0].before.as_ref().unwrap().1.0, b"old\nname");
        assert_eq!((&whole[0].path.0[..], &whole[1].before), (&b"a b"[..], &None));
        for pieces in 1..60 {
            assert_eq!(all(GOOD.as_bytes(), 3, pieces).unwrap(), whole);
        }
    }

    #[test]
    fn a_long_text_is_skipped_and_a_long_place_is_not_fail() {
        let long = GOOD.replace("filename x", &"x".repeat(LINE * 3));
        assert_eq!(all(long.as_bytes(), 3, 4096).unwrap().len(), 2);
        let long = GOOD.replace("filename a b", &format!("filename {}", "x".repeat(LINE * 3)));
        assert!(all(long.as_bytes(), 3, 4096).is_err());
    }

    #[test]
    fn what_is_not_every_line_once_is_refused_fail() {
        let one = "1111111111111111111111111111111111111111 1 1 1\nfilename a\n";
        assert!(all(one.as_bytes(), 1, 9).is_ok());
        for (text, lines) in [
            (one.to_owned(), 2),
            (one.repeat(2), 2),
            (one.replace("1 1 1\n", "1 2 1\n"), 1),
            (one.replace("1 1 1\n", "1 1 0\n"), 1),
            (one.replace("1 1 1\n", "0 1 1\n"), 1),
            (one.replace("1 1 1\n", "1 1 18446744073709551615\n"), 1),
            (one.replace("1 1 1\n", "1 1 1 1\n"), 1),
            (one.replace("filename a\n", ""), 1),
            (one.trim_end().to_owned(), 1),
            (format!("fatal: no\n{one}"), 1),
            (one.replace("filename a", "filename \"a"), 1),
            (String::new(), 1),
        ] {
            assert!(all(text.as_bytes(), lines, 7).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(noise: Vec<u8>, at in 0usize..200, lines in 0usize..9, pieces in 1usize..40) {
            let mut text = GOOD.as_bytes().to_vec();
            let at = at.min(text.len());
            text.splice(at..at, noise.iter().copied());
            let _ = all(&text, lines, pieces);
            let _ = all(&noise, lines, pieces);
        }

        #[test]
        fn what_is_taken_attributes_every_line_once(words in "(1{40} [0-4] [0-4] [0-4]\n|filename a\n|author b\n|previous 2{40} c\n){0,12}") {
            if let Ok(places) = all(words.as_bytes(), 4, 5) {
                let mut lines: Vec<usize> = places.into_iter().flat_map(|place| place.lines).collect();
                lines.sort();
                prop_assert_eq!(lines, [0, 1, 2, 3]);
            }
        }
    }
}
