//! Muted leads: hits that the auditor has looked at and puts away, with a written reason.
//!
//! A mute changes what is listed and walked through, nothing else: a search that is evidence counts every hit, muted or not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::RepoPath;
use super::standard::Standard;
use super::time::Time;

/// What is muted. The audit has one pin, so a path and a line name the same text for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Mute {
    /// One hit of a lead.
    Hit {
        /// The lead, such as `auth-4.a`.
        lead: String,
        /// The file.
        path: RepoPath,
        /// The line, from 1; 0 where the path itself is the hit.
        line: u64,
    },
    /// All hits of a lead.
    Lead {
        /// The lead.
        lead: String,
    },
    /// All leads' hits under paths.
    Path {
        /// A glob, as in queries; a folder is `folder/**`.
        glob: String,
    },
}

/// A mute as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Muted {
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
}

impl Mute {
    /// Says why a standard's audit cannot hold it.
    ///
    /// # Errors
    /// A sentence.
    pub fn check(&self, standard: &Standard) -> Result<(), String> {
        match self {
            Mute::Hit { lead, .. } | Mute::Lead { lead } if standard.lead(lead).is_none() => {
                Err(format!("the standard has no lead `{lead}`"))
            }
            Mute::Hit { path, .. } if path.0.is_empty() => Err("a muted hit has a path".to_owned()),
            Mute::Path { glob } if glob.trim().is_empty() => Err("a muted path is empty".to_owned()),
            Mute::Hit { .. } | Mute::Lead { .. } | Mute::Path { .. } => Ok(()),
        }
    }
}

impl fmt::Display for Mute {
    /// Writes it for a reader who has a door for outside text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mute::Hit { lead, path, line: 0 } => write!(f, "{lead} at {}", path.lossy()),
            Mute::Hit { lead, path, line } => write!(f, "{lead} at {}:{line}", path.lossy()),
            Mute::Lead { lead } => f.write_str(lead),
            Mute::Path { glob } => write!(f, "leads under {glob}"),
        }
    }
}
