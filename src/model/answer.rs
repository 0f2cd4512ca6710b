//! Answers to items, and where an item stands by its answer.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An auditor's answer to an item. An item without one is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// In part.
    Partial,
    /// The question does not arise for this server. Needs a reason.
    NotApplicable,
    /// Looked, and it could not be determined. Needs a reason.
    Unknown,
}

impl Answer {
    /// Every answer, in the order in which they are offered.
    pub const ALL: [Answer; 5] = [Answer::Yes, Answer::No, Answer::Partial, Answer::NotApplicable, Answer::Unknown];

    /// Returns the word by which files and commands name the answer.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Partial => "partial",
            Answer::NotApplicable => "not_applicable",
            Answer::Unknown => "unknown",
        }
    }

    /// Tells whether the answer stands only with a written reason.
    pub fn needs_reason(self) -> bool {
        matches!(self, Answer::NotApplicable | Answer::Unknown)
    }
}

impl fmt::Display for Answer {
    /// Writes the answer as a person reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Answer::NotApplicable => "not applicable",
            other => other.word(),
        })
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "na" | "n/a" | "not-applicable" => return Ok(Answer::NotApplicable),
            _ => {}
        }
        Answer::ALL
            .into_iter()
            .find(|answer| answer.word() == text)
            .ok_or_else(|| format!("`{text}` is not one of yes, no, partial, na, unknown"))
    }
}

/// Where an item stands.
///
/// The order is from worst to best; over several modes an item stands where its worst mode does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Answered with the answer that is not the secure one.
    NotMet,
    /// Answered `unknown`.
    Unknown,
    /// Not answered yet.
    Open,
    /// Answered `partial`.
    Partial,
    /// Answered with the secure answer.
    Met,
    /// Answered `not_applicable`.
    NotApplicable,
}

impl State {
    /// Every state, from worst to best.
    pub const ALL: [State; 6] =
        [State::NotMet, State::Unknown, State::Open, State::Partial, State::Met, State::NotApplicable];

    /// Returns where an item with this secure answer stands.
    pub fn of(answer: Option<Answer>, secure: Answer) -> State {
        match answer {
            None => State::Open,
            Some(Answer::NotApplicable) => State::NotApplicable,
            Some(Answer::Unknown) => State::Unknown,
            Some(Answer::Partial) => State::Partial,
            Some(answer) if answer == secure => State::Met,
            Some(_) => State::NotMet,
        }
    }

    /// Returns the word by which files name the state.
    pub fn word(self) -> &'static str {
        match self {
            State::NotMet => "not_met",
            State::Unknown => "unknown",
            State::Open => "open",
            State::Partial => "partial",
            State::Met => "met",
            State::NotApplicable => "not_applicable",
        }
    }

    /// Returns a mark one column wide that tells the states apart without colour.
    pub fn mark(self) -> char {
        match self {
            State::NotMet => '✗',
            State::Unknown => '?',
            State::Open => '·',
            State::Partial => '◐',
            State::Met => '✓',
            State::NotApplicable => '–',
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.word().replace('_', " "))
    }
}
