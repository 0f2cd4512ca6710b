//! Runs evidence again and says whether it holds.

use std::fmt::Debug;

use super::pin::Pin;
use super::search::ENGINE;
use crate::error::{Error, Kind, Result};
use crate::model::evidence::{self, Evidence};

/// What became of a piece of evidence when it was checked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It was run again and everything it says is so.
    Holds,
    /// Something it says is not so; the sentence names the first such thing.
    Fails(String),
    /// Nobody can check this kind: it is what the auditor saw.
    NotCheckable,
    /// It could not be run; the sentence says why.
    CouldNot(String),
}

impl Pin {
    /// Checks a piece of evidence against the repository at the pin.
    pub fn check(&self, evidence: &Evidence) -> Check {
        let done = match &evidence.kind {
            evidence::Kind::Code { regions } if regions.is_empty() => {
                Err(Error::falsity("The evidence names no lines."))
            }
            evidence::Kind::Code { regions } => regions.iter().try_for_each(|region| self.excerpt(region).map(|_| ())),
            evidence::Kind::Search(said) => self.search(&said.query).and_then(|now| {
                differ(&said.engine, |same| {
                    same("files", &said.files, &now.files)?;
                    same("bytes", &said.bytes, &now.bytes)?;
                    same("digest of the files", &said.files_digest, &now.files_digest)?;
                    same("skipped files", &said.skipped, &now.skipped)?;
                    same("hits", &said.hits, &now.hits)?;
                    same("digest of the hits", &said.hits_digest, &now.hits_digest)?;
                    same("listed hits", &said.places, &now.places)?;
                    same("excluded files", &said.excluded_files, &now.excluded_files)?;
                    same("excluded hits", &said.excluded_hits, &now.excluded_hits)
                })
            }),
            evidence::Kind::Path(said) => self.paths(&said.glob).and_then(|now| {
                differ(ENGINE, |same| {
                    same("paths compared", &said.entries, &now.entries)?;
                    same("matches", &said.matches, &now.matches)?;
                    same("digest of the matches", &said.matches_digest, &now.matches_digest)?;
                    same("listed paths", &said.paths, &now.paths)
                })
            }),
            evidence::Kind::History(said) => self.history(&said.query).and_then(|now| {
                differ(&said.engine, |same| {
                    same("commits", &said.commits, &now.commits)?;
                    same("blobs", &said.blobs, &now.blobs)?;
                    same("skipped files", &said.skipped, &now.skipped)?;
                    same("matching commits", &said.matches, &now.matches)?;
                    same("digest of the matching commits", &said.matches_digest, &now.matches_digest)?;
                    same("listed commits", &said.matching, &now.matching)
                })
            }),
            evidence::Kind::Observation(_) | evidence::Kind::External(_) => return Check::NotCheckable,
        };
        let ours = match &evidence.kind {
            evidence::Kind::Search(said) => said.engine == ENGINE,
            evidence::Kind::History(said) => said.engine == ENGINE,
            _ => true,
        };
        match done {
            Ok(()) => Check::Holds,
            Err(error) if error.kind == Kind::False => Check::Fails(error.message),
            // No search of this program was ever made with a pattern or glob that it refuses.
            Err(error) if error.kind == Kind::Usage && ours => Check::Fails(error.message),
            Err(error) => Check::CouldNot(error.message),
        }
    }
}

/// Compares what was recorded with what is found now, one value after the other.
fn differ(
    engine: &str,
    compare: impl FnOnce(&dyn Fn(&str, &dyn Value, &dyn Value) -> Result<()>) -> Result<()>,
) -> Result<()> {
    compare(&|what, said, now| {
        let (said, now) = (said.text(), now.text());
        if said == now {
            return Ok(());
        }
        let differ = format!("The {what} differ: the evidence says {}, the repository {}", cut(&said), cut(&now));
        if engine == ENGINE {
            return Err(Error::falsity(format!("{differ}.")));
        }
        // An honest record made by another engine can differ; nobody is to be suspected for it.
        Err(Error::could_not(format!("{differ} (made by {engine}, checked by {ENGINE}).")))
    })
}

/// A value that is compared and named in its debug form.
trait Value {
    fn text(&self) -> String;
}

impl<T: Debug> Value for T {
    fn text(&self) -> String {
        format!("{self:?}")
    }
}

/// Keeps a sentence readable where whole lists differ.
fn cut(text: &str) -> String {
    const LIMIT: usize = 200;
    if text.chars().count() <= LIMIT {
        text.to_owned()
    } else {
        text.chars().take(LIMIT).chain("...".chars()).collect()
    }
}
