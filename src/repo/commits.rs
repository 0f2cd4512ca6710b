//! What commits say of themselves, and which names lead to them.

use std::collections::HashMap;

use git2::ObjectType;
use serde::Serialize;

use super::display;
use super::object::{Store, own_parents};
use super::refs::Repo;
use crate::error::{Error, Result};
use crate::model::hash::ObjectId;
use crate::model::time::Time;

/// A message is cut here, in bytes.
const MESSAGE_BYTES: usize = 64 << 10;
/// A name, an address or a summary is cut here, in bytes.
const NAME_BYTES: usize = 1 << 10;
/// A walk from the tags looks at no more commits than this.
const WALKED: usize = 1_000_000;

/// Who made a commit, and when, as the commit says. Texts have passed the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The time; none where the commit has none that a calendar can hold.
    pub at: Option<Time>,
}

/// What a commit says of itself. Its hash is verified, which proves none of it; texts have passed the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitInfo {
    /// Its id.
    pub id: ObjectId,
    /// Its parents; none at the edge of a shallow clone.
    pub parents: Vec<ObjectId>,
    /// Its parents exist and were not fetched: history ends here for this clone alone.
    pub edge: bool,
    /// Who wrote the change.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
    /// The message's first line.
    pub summary: String,
    /// The whole message.
    pub message: String,
}

impl CommitInfo {
    /// Returns the author's date, or blanks of the same width.
    pub fn date(&self) -> String {
        self.author.at.map_or_else(|| " ".repeat(10), Time::date)
    }
}

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without `refs/tags/` and the like.
    pub name: String,
    /// What it is: `tag`, `branch`, `remote`.
    pub kind: &'static str,
    /// The commit that it leads to.
    pub commit: ObjectId,
}

/// Names, and what is to be said of those that are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// The names, sorted by kind and name.
    pub names: Vec<Name>,
    /// Why names may be missing, one sentence each.
    pub doubts: Vec<String>,
}

/// The tags whose history holds a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Containing {
    /// Their names, sorted.
    pub tags: Vec<String>,
    /// Why tags may be missing from the list, one sentence each.
    pub doubts: Vec<String>,
}

impl Repo {
    /// Returns what a commit says of itself.
    ///
    /// Errors: not in this clone, not a commit, or damaged.
    pub fn commit_info(&self, id: ObjectId) -> Result<CommitInfo> {
        read(&self.store, id)
    }

    /// Returns the clone's tags, branches and remotes' branches. What leads to no commit is left out, and told.
    ///
    /// Errors: a list of refs that cannot be read.
    pub fn names(&self) -> Result<Names> {
        self.names_of(&[("refs/tags/", "tag"), ("refs/heads/", "branch"), ("refs/remotes/", "remote")])
    }

    fn names_of(&self, kinds: &[(&str, &'static str)]) -> Result<Names> {
        let packed = self.packed()?;
        let mut found = Names::default();
        for (folder, kind) in kinds {
            let listed = self.listed(folder, &packed);
            if listed.odd > 0 {
                let names = match listed.odd {
                    1 => "One has a name".to_owned(),
                    odd => format!("{odd} have names"),
                };
                found.doubts.push(format!("{names} below {folder} that cannot be read."));
            }
            if listed.cut {
                found.doubts.push(format!("Not all names below {folder} were listed."));
            }
            // Why it leads nowhere is told of the first; there can be thousands.
            let (mut lost, mut first) = (0, None);
            for full in listed.names {
                let name = full.strip_prefix(folder).unwrap_or(&full).to_owned();
                let commit = self.follow(&full, &packed).and_then(|id| match id {
                    Some(id) => self.peel(&full, id),
                    None => Err(Error::could_not("It is gone.")),
                });
                match commit {
                    Ok(commit) => found.names.push(Name { name, kind, commit }),
                    Err(error) => {
                        lost += 1;
                        first.get_or_insert_with(|| {
                            format!("{}: {}", display::line(&name), display::line(&error.message))
                        });
                    }
                }
            }
            if let Some(first) = first {
                let more = if lost > 1 { format!(" {} more lead to none.", lost - 1) } else { String::new() };
                found.doubts.push(format!("The {kind} {first}{more}"));
            }
        }
        Ok(found)
    }

    /// Finds the tags from which `commit` can be reached.
    ///
    /// Dates are not used to end a walk early: a crafted one would hide a tag. Where the clone is shallow, an object is
    /// missing, a tag leads to no commit or the budget is spent, the answer says so. Errors: a list of refs that cannot be
    /// read.
    pub fn tags_containing(&self, commit: ObjectId, stop: &dyn Fn() -> bool) -> Result<Containing> {
        let mut doubts = Vec::new();
        if self.is_shallow() {
            doubts.push("This clone is shallow: a tag whose history was not fetched is not found.".to_owned());
        }
        let tags = self.names_of(&[("refs/tags/", "tag")])?;
        doubts.extend(tags.doubts);
        let mut walk = Reach { store: &self.store, stop, known: HashMap::from([(commit, true)]), damaged: 0 };
        let mut found = Vec::new();
        for tag in tags.names {
            match walk.reaches(tag.commit) {
                Some(true) => found.push(display::line(&tag.name).into_owned()),
                Some(false) => {}
                None => {
                    doubts.push("Not all tags were looked at.".to_owned());
                    break;
                }
            }
        }
        if walk.damaged > 0 {
            doubts.push(format!("{} of the commits behind the tags could not be read.", walk.damaged));
        }
        found.sort();
        Ok(Containing { tags: found, doubts })
    }
}

/// Knows of commits whether one of them can be reached.
struct Reach<'a> {
    store: &'a Store,
    stop: &'a dyn Fn() -> bool,
    known: HashMap<ObjectId, bool>,
    damaged: usize,
}

impl Reach<'_> {
    /// Returns nothing once it is to stop, or the budget is spent.
    fn reaches(&mut self, from: ObjectId) -> Option<bool> {
        let mut waiting = vec![(from, None)];
        while let Some((id, parents)) = waiting.pop() {
            if (self.stop)() || self.known.len() > WALKED {
                return None;
            }
            if self.known.contains_key(&id) {
                continue;
            }
            match parents {
                None => {
                    let parents = match self.store.commit(id) {
                        Ok(commit) => commit.parents,
                        Err(_) => {
                            self.damaged += 1;
                            Vec::new()
                        }
                    };
                    // It is decided when all of its parents are.
                    waiting.push((id, Some(parents.clone())));
                    waiting.extend(parents.into_iter().map(|parent| (parent, None)));
                }
                Some(parents) => {
                    let reaches = parents.iter().any(|parent| self.known.get(parent) == Some(&true));
                    self.known.insert(id, reaches);
                }
            }
        }
        Some(self.known.get(&from) == Some(&true))
    }
}

/// Reads what a commit says of itself.
pub(super) fn read(store: &Store, id: ObjectId) -> Result<CommitInfo> {
    let object = store.read(id, ObjectType::Commit)?;
    let (author, committer, message) = parse(object.data());
    let edge = store.is_edge(id);
    let parents = if edge { Vec::new() } else { own_parents(object.data()) };
    let text = message.trim_ascii_start();
    let summary = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut whole = display::block_bytes(&text[..display::boundary(text, MESSAGE_BYTES)]).trim_end().to_owned();
    if text.len() > MESSAGE_BYTES {
        whole += &format!("\n[cut: the message has {} bytes]", text.len());
    }
    Ok(CommitInfo { id, parents, edge, author, committer, summary: shown(summary), message: whole })
}

fn shown(text: &[u8]) -> String {
    let text = text.trim_ascii();
    let cut = if text.len() > NAME_BYTES { "…" } else { "" };
    format!("{}{cut}", display::bytes(&text[..display::boundary(text, NAME_BYTES)]))
}

/// Returns author, committer and message. What is malformed is empty: it is for eyes.
fn parse(bytes: &[u8]) -> (Person, Person, &[u8]) {
    let nobody = || Person { name: String::new(), email: String::new(), at: None };
    let (mut author, mut committer) = (nobody(), nobody());
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        if let Some(who) = line.strip_prefix(b"author ") {
            author = person(who);
        } else if let Some(who) = line.strip_prefix(b"committer ") {
            committer = person(who);
        }
    }
    (author, committer, rest)
}

fn person(line: &[u8]) -> Person {
    let close = line.iter().rposition(|byte| *byte == b'>').unwrap_or(line.len());
    let open = line[..close].iter().position(|byte| *byte == b'<').unwrap_or(close);
    let after = line.get(close + 1..).unwrap_or_default();
    let seconds = std::str::from_utf8(after).ok().and_then(|after| after.split_whitespace().next()?.parse().ok());
    let email = line.get(open + 1..close).unwrap_or_default();
    Person { name: shown(&line[..open]), email: shown(email), at: seconds.and_then(Time::from_unix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_who_and_when_and_why() {
        let text = b"tree 0\nauthor A\x1b[31m <a@b> 77 +0200\ncommitter C <c> nonsense\n\nfirst\x07\n\nrest\n";
        let (author, committer, message) = parse(text);
        assert_eq!((author.name.as_str(), author.email.as_str()), (r"A\u{1b}[31m", "a@b"));
        assert_eq!(author.at.map(Time::unix), Some(77));
        assert_eq!((committer.name.as_str(), committer.at), ("C", None));
        assert_eq!(message, b"first\x07\n\nrest\n");
    }

    proptest::proptest! {
        #[test]
        fn no_commit_makes_it_panic(bytes: Vec<u8>, line in "(author |committer |<|>|\n|a| |9){0,30}") {
            parse(&bytes);
            parse(line.as_bytes());
        }
    }
}
