//! The user's clones of audited repositories, by URL or in one folder.

use std::path::{Path, PathBuf};

use crate::model::event::Target;
use crate::repo::Repo;

/// Clones that the user named.
#[derive(Debug, Clone, Default)]
pub struct Clones {
    /// Clones of these repositories.
    pub named: Vec<(Target, PathBuf)>,
    /// A folder with clones below `<domain>/<org>/<repo>`, `<org>/<repo>` or `<repo>`, bare or not.
    pub folder: Option<PathBuf>,
}

impl Clones {
    /// Finds the clone of a repository.
    ///
    /// # Errors
    /// Why there is none that can be used, in words.
    pub fn find(&self, target: &Target) -> Result<Repo, String> {
        let same = |other: &Target| {
            (&other.domain, &other.org, &other.repo).eq(&(&target.domain, &target.org, &target.repo))
                || other.url.eq_ignore_ascii_case(&target.url)
        };
        if let Some((_, dir)) = self.named.iter().find(|(other, _)| same(other)) {
            return open(dir);
        }
        let Some(folder) = &self.folder else { return Err("no clone was given".to_owned()) };
        let repo = PathBuf::from(&target.repo);
        let owned = Path::new(&target.org).join(&repo);
        for place in [Path::new(&target.domain).join(&owned), owned, repo] {
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
