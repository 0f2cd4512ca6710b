//! The commits between two: what a pull request brings.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::hash::ObjectId;

/// A walk looks at no more commits than this.
const WALKED: usize = 1_000_000;

/// The commits between a base and a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The newest commit that both have: where the head left the base.
    pub base: ObjectId,
    /// Commits of the head that the base does not have, the newest first.
    pub commits: Vec<ObjectId>,
}

/// Commits with their parents and times.
#[derive(Default)]
struct Walk(HashMap<ObjectId, (Vec<ObjectId>, i64)>);

impl Repo {
    /// Finds the commits of `head` that `base` does not have, and where it left it.
    ///
    /// Returns nothing once `stop` holds. Errors: a commit that is missing or damaged, no commit that both have.
    pub fn range(&self, base: ObjectId, head: ObjectId, stop: &dyn Fn() -> bool) -> Result<Option<Range>> {
        let mut walk = Walk::default();
        let Some(of_base) = self.ancestors(base, &mut walk, stop)? else { return Ok(None) };
        let Some(of_head) = self.ancestors(head, &mut walk, stop)? else { return Ok(None) };
        let time = |id: &ObjectId| walk.0.get(id).map_or(0, |(_, at)| *at);
        let common = || of_base.iter().filter(|id| of_head.contains(id));
        // The newest is no parent of another that both have. Clocks decide between several only.
        let parents: HashSet<&ObjectId> =
            common().filter_map(|id| walk.0.get(id)).flat_map(|(parents, _)| parents).collect();
        let newest = common().filter(|id| !parents.contains(id)).max_by_key(|id| (time(id), **id));
        let base = *newest.ok_or_else(|| {
            Error::could_not("The two commits have no history in common.")
                .hint("Fetch more of it: `git fetch --unshallow`.")
        })?;
        let mut commits: Vec<ObjectId> = of_head.iter().filter(|id| !of_base.contains(id)).copied().collect();
        commits.sort_by_key(|id| (Reverse(time(id)), *id));
        Ok(Some(Range { base, commits }))
    }

    fn ancestors(&self, from: ObjectId, walk: &mut Walk, stop: &dyn Fn() -> bool) -> Result<Option<HashSet<ObjectId>>> {
        let mut found = HashSet::from([from]);
        let mut waiting = vec![from];
        while let Some(id) = waiting.pop() {
            if stop() {
                return Ok(None);
            }
            if found.len() > WALKED {
                return Err(Error::could_not(format!("There are more than {WALKED} commits; name a newer base.")));
            }
            let parents = match walk.0.get(&id) {
                Some((parents, _)) => parents.clone(),
                None => {
                    let info = self.commit_info(id)?;
                    let at = info.committer.at.map_or(0, |at| at.unix());
                    walk.0.insert(id, (info.parents.clone(), at));
                    info.parents
                }
            };
            waiting.extend(parents.into_iter().filter(|parent| found.insert(*parent)));
        }
        Ok(Some(found))
    }
}
