//! The one error type: what happened, where, and what the user can do about it.

use std::fmt;

/// Says how an error maps to the process's exit code (0 is success).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something was checked and is false: unsigned, tampered, open items at export. Exit code 1.
    False,
    /// The call's words are off. Exit code 2.
    Usage,
    /// Something could not be checked or done: no key, lock held, missing commit, I/O. Exit code 3.
    CouldNot,
    /// Input was refused because reading it would not be safe. Exit code 4.
    Unsafe,
}

impl Kind {
    /// Returns the process's exit code for this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::False => 1,
            Kind::Usage => 2,
            Kind::CouldNot => 3,
            Kind::Unsafe => 4,
        }
    }
}

/// An error as its reader meets it: a sentence, and hints on what to do next.
///
/// The message may hold text from outside (a path, a name); whoever prints it passes it through
/// [`crate::repo::display`] first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// How the error maps to an exit code.
    pub kind: Kind,
    /// What happened and where, as a sentence.
    pub message: String,
    /// What the user can do, one sentence each.
    pub hints: Vec<String>,
}

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Returns an error of the given kind without hints.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hints: Vec::new() }
    }

    /// Returns an error for a thing that was checked and is false (exit code 1).
    pub fn falsity(message: impl Into<String>) -> Self {
        Error::new(Kind::False, message)
    }

    /// Returns an error for a call whose words are off (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage, message)
    }

    /// Returns an error for something that could not be done or checked (exit code 3).
    pub fn could_not(message: impl Into<String>) -> Self {
        Error::new(Kind::CouldNot, message)
    }

    /// Returns an error for input that is refused as unsafe (exit code 4).
    pub fn unsafe_input(message: impl Into<String>) -> Self {
        Error::new(Kind::Unsafe, message)
    }

    /// Returns an error for a failed read or write, with the path and the system's reason.
    pub fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Error::could_not(format!("Could not {doing} {}: {error}.", path.display()))
    }

    /// Adds a sentence on what the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
