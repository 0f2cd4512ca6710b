//! Evidence: what backs an answer and can be checked again later by a machine.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::hash::{ObjectId, Sha256};
use super::time::Time;

/// A path inside the repository, as git stores it: bytes, `/` between parts, no leading `/`.
///
/// In JSON it is a string; bytes that are not UTF-8 are written as `{"hex": "..."}` so that nothing is lost.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(pub Vec<u8>);

impl RepoPath {
    /// Returns the path for reading, with bytes that are not UTF-8 replaced. Never use it to find a file.
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        RepoPath(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.lossy())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathForm<'a> {
    Text(Cow<'a, str>),
    Bytes { hex: String },
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => PathForm::Text(text.into()),
            Err(_) => PathForm::Bytes { hex: hex::encode(&self.0) },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match PathForm::deserialize(deserializer)? {
            PathForm::Text(text) => Ok(RepoPath(text.into_owned().into_bytes())),
            PathForm::Bytes { hex } => hex::decode(hex).map(RepoPath).map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for RepoPath {
    fn schema_name() -> Cow<'static, str> {
        "RepoPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A path inside the repository; bytes that are not UTF-8 are given in hexadecimal.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "hex": { "type": "string", "pattern": "^([0-9a-f]{2})+$" } },
                    "required": ["hex"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// How reachable the code is that a piece of evidence or a finding speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// A tool call reaches it.
    Reachable,
    /// It is shipped, and nothing calls it today.
    Latent,
    /// Only tests reach it.
    TestOnly,
    /// Not determined.
    #[default]
    NotKnown,
}

impl Reachability {
    /// Every one, the worst first.
    pub const ALL: [Reachability; 4] =
        [Reachability::Reachable, Reachability::Latent, Reachability::TestOnly, Reachability::NotKnown];

    /// Returns the word by which files name it.
    pub fn word(self) -> &'static str {
        match self {
            Reachability::Reachable => "reachable",
            Reachability::Latent => "latent",
            Reachability::TestOnly => "test_only",
            Reachability::NotKnown => "not_known",
        }
    }
}

impl FromStr for Reachability {
    type Err = String;

    /// Reads its word; commands write it with a hyphen.
    fn from_str(text: &str) -> Result<Self, String> {
        Reachability::ALL
            .into_iter()
            .find(|one| one.word() == text.replace('-', "_"))
            .ok_or_else(|| format!("`{text}` is not one of reachable, latent, test-only, not-known"))
    }
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What it holds, by kind.
    #[serde(flatten)]
    pub kind: Kind,
    /// How reachable the code is that it shows.
    #[serde(default)]
    pub reachability: Reachability,
    /// What the auditor says it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a piece of evidence holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Regions of files, cut from their blobs. Checked by reading the blobs.
    Code {
        /// At least one region.
        regions: Vec<Region>,
    },
    /// A search over the files at the pin. Checked by running it again.
    Search(Search),
    /// A glob and the paths at the pin that match it. Checked by listing the tree again.
    Path(PathList),
    /// A search over what every commit reachable from the pin added. Checked by walking the history again.
    History(History),
    /// Output of a command, as the auditor saw it. Nobody can check it: it is labelled so everywhere.
    Observation(Observation),
    /// Something outside the repository, as the auditor saw it. Nobody can check it: it is labelled so everywhere.
    External(External),
}

/// Lines of one file, cut from its blob.
///
/// A line feed ends a line and belongs to it, so `git cat-file blob BLOB | sed -n 'FIRST,LASTp' | sha256sum` gives
/// [`Region::sha256`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Where the file stands.
    pub path: RepoPath,
    /// The file's blob.
    pub blob: ObjectId,
    /// First line, from 1.
    pub first: usize,
    /// Last line, at least `first`.
    pub last: usize,
    /// First byte of the range in the blob, from 0.
    pub start: usize,
    /// The byte after the range.
    pub end: usize,
    /// Digest of exactly those bytes.
    pub sha256: Sha256,
    /// The commit that holds the file, where it is an ancestor of the pin and not the pin itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<ObjectId>,
}

/// What to search for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// A regular expression of Rust's `regex` crate, or plain text where `literal` is set. It never matches across lines.
    pub pattern: String,
    /// The pattern is plain text.
    #[serde(default)]
    pub literal: bool,
    /// Letters match only in their own case.
    #[serde(default)]
    pub case_sensitive: bool,
    /// A match begins and ends where a word does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub word: bool,
    /// Lines that match this expression are not hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_line: Option<String>,
    /// Globs of which a file's path must match one; none means every file. A glob without `/` matches the file's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs of paths whose hits are counted apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Hits inside `#[cfg(test)] mod … { }` of Rust files are counted apart, as those under excluded paths are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tests_apart: bool,
}

impl Query {
    /// Sorts globs as a person writes them: one with `!` takes out, any other takes in.
    pub fn limit<'a>(&mut self, globs: impl IntoIterator<Item = &'a str>) {
        for glob in globs {
            match glob.strip_prefix('!') {
                Some(glob) => self.exclude.push(glob.to_owned()),
                None => self.include.push(glob.to_owned()),
            }
        }
    }
}

/// A place in a file at the pin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u64,
}

/// Files that a search did not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Why they were not read.
    pub why: SkipReason,
    /// How many there are.
    pub files: u64,
    /// The first of them in path order, at most [`Skipped::LISTED`].
    pub paths: Vec<RepoPath>,
}

impl Skipped {
    /// How many paths are listed by name.
    pub const LISTED: usize = 20;
}

/// Why a file was not searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A NUL among the first 8000 bytes (git's own rule).
    Binary,
    /// Larger than the budget of 64 MiB.
    TooLarge,
    /// A symbolic link; links are never followed.
    Symlink,
    /// A submodule: another repository's commit.
    Submodule,
}

/// A finished search: presence or absence with its denominator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// What was searched for.
    pub query: Query,
    /// The engine and its version.
    pub engine: String,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Digest of the lines `<blob> <path>\n` of the files read, in path order.
    pub files_digest: Sha256,
    /// Files not read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Lines that match.
    pub hits: u64,
    /// Digest of the lines `<path>:<line>:<sha256 of the line's bytes without its line end>\n` of all hits, in path and line order.
    pub hits_digest: Sha256,
    /// The first hits in path and line order, at most [`Search::LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Files under an excluded path that were read as well.
    #[serde(default)]
    pub excluded_files: u64,
    /// Lines that match in them, and in test modules where the query counts those apart.
    #[serde(default)]
    pub excluded_hits: u64,
}

impl Search {
    /// How many hits are listed by place.
    pub const LISTED: usize = 50;
}

/// A glob and what it matches at the pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathList {
    /// The glob; several are separated by `|`. A glob without `/` matches a file's name.
    pub glob: String,
    /// Paths in the tree that were compared.
    pub entries: u64,
    /// How many match.
    pub matches: u64,
    /// Digest of the lines `<object> <path>\n` of all matches, in path order.
    pub matches_digest: Sha256,
    /// The first matches in path order, at most [`Search::LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<RepoPath>,
}

/// A search over history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The pattern; `include` and `exclude` are not used.
    pub query: Query,
    /// The engine and its version.
    pub engine: String,
    /// Commits walked: all that are reachable from the pin.
    pub commits: u64,
    /// Distinct blobs read.
    pub blobs: u64,
    /// Files not read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// How many commits add a line that matches.
    pub matches: u64,
    /// Digest of the lines `<commit>\n` of all matches, sorted.
    pub matches_digest: Sha256,
    /// The newest matching commits, at most [`Search::LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matching: Vec<ObjectId>,
}

/// Output of a command that the auditor ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// The command as the auditor gave it. Touchstone never runs it.
    pub command: String,
    /// Where it was run: machine, versions, settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// When the output was handed over.
    pub at: Time,
    /// The output, decoded for reading.
    pub output: String,
    /// Digest of the output's exact bytes.
    pub sha256: Sha256,
}

/// Something outside the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct External {
    /// A URL or a document's name.
    pub source: String,
    /// What was seen there.
    pub saw: String,
    /// When.
    pub at: Time,
}

impl Evidence {
    /// Returns the kind's word: `code`, `search`, `path`, `history`, `observation` or `external`.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Code { .. } => "code",
            Kind::Search(_) => "search",
            Kind::Path(_) => "path",
            Kind::History(_) => "history",
            Kind::Observation(_) => "observation",
            Kind::External(_) => "external",
        }
    }

    /// Tells whether a machine can check this kind again from the repository alone.
    pub fn checkable(&self) -> bool {
        !matches!(self.kind, Kind::Observation(_) | Kind::External(_))
    }
}
