//! Searches over what every commit reachable from the pin added.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use grep_searcher::Searcher;
use sha2::Digest as _;

use super::object::{Named, Node};
use super::pin::{Budget, Cut, Pin, join};
use super::search::{ENGINE, Engine, NO_FILE, Skips, searcher, with_text};
use crate::error::{Error, Result};
use crate::model::evidence::{History, Query, RepoPath, Search, SkipReason};
use crate::model::hash::{Hex, ObjectId, Sha256};

/// Parsed trees are kept until there are this many entries in them; the next commit needs most of them again.
const KEPT_ENTRIES: usize = 500_000;

/// The distinct matching lines of a blob, by digest, or why it was not searched.
type Matches = Result<Rc<BTreeSet<Sha256>>, SkipReason>;

/// What a walk learns on its way.
struct Walk<'a> {
    pin: &'a Pin,
    engine: Engine,
    searcher: Searcher,
    blobs: HashMap<ObjectId, Matches>,
    trees: HashMap<ObjectId, Rc<Vec<Named>>>,
    kept: usize,
    skipped: BTreeMap<SkipReason, BTreeSet<RepoPath>>,
}

impl Pin {
    /// Finds the commits reachable from the pin that add a line matching the query, within the scope.
    ///
    /// A commit adds a line when a file's blob differs from that path's blob in every parent, and the text of one of
    /// its matching lines is not the text of a matching line of any of those. A moved file therefore adds its lines at
    /// the new path. `include` and `exclude` must be empty. Files that are not searched are counted once per path.
    ///
    /// Errors: a shallow clone, a missing object, a tree over budget: the walk would prove nothing.
    pub fn history(&self, query: &Query) -> Result<History> {
        if !query.include.is_empty() || !query.exclude.is_empty() {
            return Err(Error::usage("A search over history takes no globs; limit it by the audit's scope."));
        }
        let engine = Engine::new(query)?;
        if self.store.is_shallow() {
            return Err(Error::could_not("This clone is shallow, so a search over history proves nothing.")
                .hint("Run `git fetch --unshallow`, then search again."));
        }
        let mut walk = Walk {
            pin: self,
            engine,
            searcher: searcher(),
            blobs: HashMap::new(),
            trees: HashMap::new(),
            kept: 0,
            skipped: BTreeMap::new(),
        };
        let mut commits = 0;
        let mut found = Vec::new();
        self.each_commit(|id, commit| {
            commits += 1;
            let mut parents = Vec::new();
            for parent in &commit.parents {
                parents.push(self.store.commit(*parent)?.tree);
            }
            if walk.adds_match(id, commit.tree, parents)? {
                found.push((commit.seconds, id));
            }
            Ok(())
        })?;
        let blobs = walk.blobs.values().filter(|matches| matches.is_ok()).count() as u64;
        if blobs == 0 {
            return Err(Error::falsity(NO_FILE));
        }
        let mut skips = Skips::default();
        for (why, paths) in &walk.skipped {
            paths.iter().for_each(|path| skips.add(*why, path));
        }
        found.sort_by_key(|(seconds, id)| (Reverse(*seconds), *id));
        let matching = found.iter().take(Search::LISTED).map(|(_, id)| *id).collect();
        let sorted: BTreeSet<ObjectId> = found.iter().map(|(_, id)| *id).collect();
        let mut digest = sha2::Sha256::new();
        sorted.iter().for_each(|id| digest.update(format!("{id}\n")));
        Ok(History {
            query: query.clone(),
            engine: ENGINE.to_owned(),
            commits,
            blobs,
            skipped: skips.list(),
            matches: found.len() as u64,
            matches_digest: Hex(digest.finalize().into()),
            matching,
        })
    }
}

impl Walk<'_> {
    /// Compares a commit's tree with its parents' and tells whether a changed file adds a matching line.
    ///
    /// Every changed file is searched even after the first match, so that the blobs counted do not hang on luck.
    fn adds_match(&mut self, commit: ObjectId, tree: ObjectId, parents: Vec<ObjectId>) -> Result<bool> {
        let mut adds = false;
        let mut budget = Budget::default();
        let mut waiting = vec![(Vec::new(), tree, parents)];
        while let Some((folder, tree, olds)) = waiting.pop() {
            if olds.contains(&tree) {
                continue;
            }
            let list = self.tree(tree)?;
            let mut sides = Vec::new();
            for old in olds {
                let old = self.tree(old)?;
                sides.push(old);
            }
            let sides: Vec<HashMap<&[u8], &Named>> =
                sides.iter().map(|side| side.iter().map(|named| (named.name.as_slice(), named)).collect()).collect();
            for named in list.iter() {
                let before: Vec<&Named> =
                    sides.iter().filter_map(|side| side.get(named.name.as_slice()).copied()).collect();
                if before.iter().any(|old| old.id == named.id && alike(old.node, named.node)) {
                    continue;
                }
                let path = join(&folder, &named.name);
                if let Err(Cut::One(why) | Cut::End(why)) = budget.spend(&path, 0) {
                    return Err(Error::could_not(format!(
                        "The commit {} is over budget, so a search over history proves nothing. {why}",
                        commit.short()
                    )));
                }
                match named.node {
                    Node::Folder if self.pin.scope.reaches(&path) => {
                        let olds = before.iter().filter(|old| old.node == Node::Folder).map(|old| old.id).collect();
                        waiting.push((path, named.id, olds));
                    }
                    Node::Folder => {}
                    _ if !self.pin.scope.holds(&path) => {}
                    Node::Symlink => self.skip(SkipReason::Symlink, RepoPath(path)),
                    Node::Submodule => self.skip(SkipReason::Submodule, RepoPath(path)),
                    Node::File | Node::Executable => {
                        let path = RepoPath(path);
                        let new = match self.matches(named.id, &path)? {
                            Ok(new) => new,
                            Err(why) => {
                                self.skip(why, path);
                                continue;
                            }
                        };
                        if new.is_empty() || adds {
                            continue;
                        }
                        let mut known = BTreeSet::new();
                        for old in before.iter().filter(|old| old.node.is_file()) {
                            if let Ok(lines) = self.matches(old.id, &path)? {
                                known.extend(lines.iter().copied());
                            }
                        }
                        adds = new.iter().any(|line| !known.contains(line));
                    }
                }
            }
        }
        Ok(adds)
    }

    fn skip(&mut self, why: SkipReason, path: RepoPath) {
        self.skipped.entry(why).or_default().insert(path);
    }

    fn tree(&mut self, id: ObjectId) -> Result<Rc<Vec<Named>>> {
        if let Some(list) = self.trees.get(&id) {
            return Ok(list.clone());
        }
        let list = Rc::new(self.pin.store.tree(id)?);
        if self.kept > KEPT_ENTRIES {
            self.trees.clear();
            self.kept = 0;
        }
        self.kept += list.len();
        self.trees.insert(id, list.clone());
        Ok(list)
    }

    /// Returns a blob's matching lines; each blob is searched once.
    fn matches(&mut self, id: ObjectId, path: &RepoPath) -> Result<Matches> {
        if let Some(known) = self.blobs.get(&id) {
            return Ok(known.clone());
        }
        let (engine, searcher) = (&self.engine, &mut self.searcher);
        let found = with_text(&self.pin.store, id, path, |text| {
            let mut lines = BTreeSet::new();
            engine.scan(searcher, text, |_, line| {
                lines.insert(Sha256::of(line));
                true
            })?;
            Ok(Rc::new(lines))
        })?;
        if matches!(found, Err(SkipReason::TooLarge)) {
            self.pin.store.verify_large(id, &|| false)?;
        }
        self.blobs.insert(id, found.clone());
        Ok(found)
    }
}

/// Tells whether the same object under both kinds is the same content; a link that becomes a file is new code.
fn alike(a: Node, b: Node) -> bool {
    a == b || (a.is_file() && b.is_file())
}
