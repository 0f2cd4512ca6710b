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

impl Mute {
    /// Returns it in words for a reader who has a door for outside text: what comes first, and the place, whose end tells
    /// more than its start.
    pub fn words(&self) -> (String, String) {
        match self {
            Mute::Hit { lead, path, line } => {
                // Bytes that are not UTF-8 are told as that door tells them: two such paths are not one.
                let mut place = String::new();
                for chunk in path.0.utf8_chunks() {
                    place.push_str(chunk.valid());
                    place.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
                }
                if *line > 0 {
                    place += &format!(":{line}");
                }
                (format!("{lead} at "), place)
            }
            Mute::Lead { lead } => (lead.clone(), String::new()),
            Mute::Path { glob } => ("leads under ".to_owned(), glob.clone()),
        }
    }
}

impl fmt::Display for Mute {
    /// Writes its [`Mute::words`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, place) = self.words();
        write!(f, "{what}{place}")
    }
}
