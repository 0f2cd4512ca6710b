//! What a new audit at another pin takes over from an older one, and what became of it on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Region;

/// What became of lines at another pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The same path, the same lines, the same bytes.
    Exact,
    /// The very same bytes elsewhere, in one place only that can be told.
    Moved,
    /// Other bytes stand in their place.
    Edited,
    /// The file or the lines were deleted.
    Gone,
    /// The same bytes stand in several places that are equally good.
    Ambiguous,
    /// It could not be found out.
    NotKnown,
}

impl Anchor {
    /// Returns the state in words.
    pub fn word(self) -> &'static str {
        match self {
            Anchor::Exact => "exact",
            Anchor::Moved => "moved",
            Anchor::Edited => "edited",
            Anchor::Gone => "gone",
            Anchor::Ambiguous => "ambiguous",
            Anchor::NotKnown => "not known",
        }
    }

    /// Tells whether the very same bytes are there, so that what rests on them still stands.
    pub fn holds(self) -> bool {
        matches!(self, Anchor::Exact | Anchor::Moved)
    }
}

/// Lines of an older pin, and what became of them at a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anchored {
    /// Where they stood.
    pub from: Region,
    /// What became of them.
    pub state: Anchor,
    /// They were edited in their white space alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub white_space: bool,
    /// Where they stand, or what stands in their place where they were edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Region>,
    /// The places that are equally good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Region>,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Anchored {
    /// Returns the state in words, with what was edited where that was white space alone.
    pub fn said(&self) -> &'static str {
        match self.state {
            Anchor::Edited if self.white_space => "edited (white space only)",
            state => state.word(),
        }
    }
}
