//! Answers questions about the past of the code.

use std::ops::Range;

use crate::app::past::{Ask, Base, Spot, Told};
use crate::error::{Error, Result};
use crate::model::hash::ObjectId;
use crate::repo::{Git, Hunk, Repo, Touched, TouchedEnd, Wanted};

/// Commits that are told at once.
const BATCH: usize = 50;

/// Answers a question, in parts where it has parts. Once `stop` holds it ends early; what was told in parts is then told
/// to be not all.
pub fn answer(repo: &Repo, git: Option<&Git>, ask: Ask, stop: &dyn Fn() -> bool, tell: &mut dyn FnMut(Told)) {
    match ask {
        Ask::Blame { commit, path, first } => {
            let wanted = Wanted { commit, path, only: None, first: Some(first) };
            let ended = repo.blame(git, &wanted, stop, &mut |hunks| tell(Told::Hunks(hunks)));
            match ended.transpose() {
                Some(result) => tell(Told::Blamed(result)),
                None => tell(Told::Dropped),
            }
        }
        Ask::Origin(spot) => {
            let result = origin(repo, git, &spot, stop).and_then(|hunk| commit(repo, hunk.commit.id, stop));
            tell(Told::Commit(result));
        }
        Ask::Commit(id) => tell(Told::Commit(commit(repo, id, stop))),
        Ask::Before(spot) => {
            let spot = origin(repo, git, &spot, stop).and_then(|hunk| before(repo, hunk));
            tell(Told::Version(spot.and_then(|spot| Ok((repo.version(spot.commit, &spot.path)?, spot)))));
        }
        Ask::Version(spot) => tell(Told::Version(repo.version(spot.commit, &spot.path).map(|side| (side, spot)))),
        Ask::History { commit, path, lines } => {
            let mut batch: Vec<Touched> = Vec::new();
            let ended = repo.touched(commit, &path, lines, stop, &mut |one| {
                batch.push(one);
                if batch.len() == BATCH {
                    tell(Told::Touched(std::mem::take(&mut batch)));
                }
            });
            if !batch.is_empty() {
                tell(Told::Touched(batch));
            }
            let stopped =
                TouchedEnd { doubt: Some("The list ends here: it made way for another question.".to_owned()) };
            tell(Told::TouchedAll(ended.map(|end| end.unwrap_or(stopped))));
        }
        Ask::Compare { base, new, path } => {
            let old = older(repo, base, new);
            match path {
                Some((path, was)) => tell(Told::Compared(old.and_then(|old| {
                    let found = repo.compare(old.map(|old| (old, &was)), (new, &path))?;
                    Ok((old, new, found))
                }))),
                None => tell(Told::Changes(old.and_then(|old| {
                    let changes = repo.changes(old, new, stop)?.ok_or_else(stopped)?;
                    Ok((old, new, changes))
                }))),
            }
        }
        Ask::Names(new, path) => tell(Told::Names(new, path, repo.names())),
        Ask::Tags(commit) => tell(Told::Tags(commit, repo.tags_containing(commit, stop))),
    }
}

fn stopped() -> Error {
    Error::could_not("It was stopped.")
}

/// Finds the lines that were brought together with a line.
fn origin(repo: &Repo, git: Option<&Git>, spot: &Spot, stop: &dyn Fn() -> bool) -> Result<Hunk> {
    let only: Range<usize> = spot.line..spot.line + 1;
    let wanted = Wanted { commit: spot.commit, path: spot.path.clone(), only: Some(only), first: None };
    let mut found = None;
    repo.blame(git, &wanted, stop, &mut |hunks| {
        found = hunks.into_iter().find(|hunk| hunk.lines.contains(&spot.line)).or(found.take());
    })?
    .ok_or_else(stopped)?;
    found.ok_or_else(|| Error::could_not("The file has no such line."))
}

fn commit(
    repo: &Repo,
    id: ObjectId,
    stop: &dyn Fn() -> bool,
) -> Result<(crate::repo::CommitInfo, crate::repo::Changes)> {
    let info = repo.commit_info(id)?;
    let changes = repo.changes(info.parents.first().copied(), id, stop)?.ok_or_else(stopped)?;
    Ok((info, changes))
}

/// Returns where the file stood before the commit that brought these lines.
fn before(repo: &Repo, hunk: Hunk) -> Result<Spot> {
    let line = hunk.from;
    if let Some((commit, path)) = hunk.before {
        return Ok(Spot { commit, path, line });
    }
    let short = hunk.commit.id.short();
    if hunk.commit.edge {
        return Err(Error::could_not(format!("This clone is shallow: what came before {short} was not fetched.")));
    }
    // libgit2 does not tell it; git tells nothing where the commit made the file.
    let there = hunk.commit.parents.iter().find(|parent| repo.version(**parent, &hunk.path).is_ok());
    match there {
        Some(parent) => Ok(Spot { commit: *parent, path: hunk.path, line }),
        None => Err(Error::could_not(format!("{short} made this file; there is nothing before it."))),
    }
}

fn older(repo: &Repo, base: Base, new: ObjectId) -> Result<Option<ObjectId>> {
    match base {
        Base::Parent => Ok(repo.commit_info(new)?.parents.first().copied()),
        Base::Commit(id) => Ok(Some(id)),
        Base::Named(text) => repo.resolve(text.trim()).map(Some),
    }
}
