//! The user's clones of audited repositories, by URL or in one folder.

use std::path::{Path, PathBuf};

use crate::model::event::Target;
use crate::model::hash::ObjectId;
use crate::repo::Repo;

/// Clones that the user named.
#[derive(Debug, Clone, Default)]
pub struct Clones {
    /// Clones of these repositories.
    pub named: Vec<(Target, PathBuf)>,
    /// A folder with clones below `<domain>/<org>/<repo>` or `<repo>`, bare or not.
    pub folder: Option<PathBuf>,
}

impl Clones {
    /// Finds the clone of a repository.
    ///
    /// # Errors
    /// Why there is none that can be used, in words.
    pub(super) fn find(&self, target: &Target) -> Result<Repo, String> {
        let same = |other: &Target| {
            (&other.domain, &other.org, &other.repo).eq(&(&target.domain, &target.org, &target.repo))
                || other.url.eq_ignore_ascii_case(&target.url)
        };
        if let Some((_, dir)) = self.named.iter().find(|(other, _)| same(other)) {
            return open(dir);
        }
        let Some(folder) = &self.folder else { return Err("no clone was given".to_owned()) };
        let nested = Path::new(&target.domain).join(&target.org).join(&target.repo);
        for place in [nested, PathBuf::from(&target.repo)] {
            let mut bare = folder.join(&place).into_os_string();
            bare.push(".git");
            for dir in [folder.join(&place), PathBuf::from(bare)] {
                if !dir.is_dir() {
                    continue;
                }
                let repo = open(&dir)?;
                // A folder of the same name can hold a clone of another repository.
                return match repo.origin_url().map(|url| Target::parse(&url)) {
                    Some(Ok(origin)) if !same(&origin) => Err(format!("the clone there is of {}", origin.url)),
                    _ => Ok(repo),
                };
            }
        }
        Err("there is no clone of it in the folder of clones".to_owned())
    }
}

/// Opens the clone in exactly this folder, not one around it.
fn open(dir: &Path) -> Result<Repo, String> {
    let repo = Repo::discover(dir).map_err(|error| error.message)?;
    let own = std::fs::canonicalize(dir).map_err(|error| error.to_string())?;
    if repo.git_dir().starts_with(&own) { Ok(repo) } else { Err("the folder is no clone".to_owned()) }
}

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
