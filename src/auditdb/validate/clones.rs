//! What a clone tells of an audit's pin.

use crate::model::hash::ObjectId;
use crate::repo::Repo;

/// What a clone knows of a pin.
pub(super) struct Known {
    pub repo: Repo,
    /// The pinned commit, or why it could not be verified.
    pub commit: Result<ObjectId, String>,
    /// The commit of the tag that the version names.
    pub tag: Option<ObjectId>,
    /// The version names a branch, and no tag.
    pub branch: bool,
}

impl Known {
    pub fn new(repo: Repo, commit: Option<&str>, version: Option<&str>) -> Known {
        let names = repo.names().map(|names| names.names).unwrap_or_default();
        let find = |kind: &str, name: &str| {
            let is = |said: &str| {
                said == name || kind == "remote" && said.split_once('/').is_some_and(|(_, rest)| rest == name)
            };
            names.iter().find(|one| one.kind == kind && is(&one.name)).map(|one| one.commit)
        };
        let tag = version.and_then(|version| find("tag", version).or_else(|| find("tag", &format!("v{version}"))));
        let branch = tag.is_none()
            && version.is_some_and(|version| find("branch", version).or(find("remote", version)).is_some());
        let commit = match (commit, tag) {
            (Some(commit), _) if commit.len() == 40 => {
                let found = repo.resolve(&commit.to_ascii_lowercase());
                found.map_err(|_| format!("the clone does not have the commit {commit}"))
            }
            (Some(_), _) => Err("the clone has hashes of another length".to_owned()),
            (None, Some(tag)) => Ok(tag),
            (None, None) => Err("no commit is named that could be looked up".to_owned()),
        };
        Known { repo, commit, tag, branch }
    }
}
