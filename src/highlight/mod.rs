//! Floor 1: syntax highlighting: a blob's bytes become neutral spans, in the background.
//!
//! A span says what a piece of code is, never what colour it has; the theme decides that.

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A comment.
    Comment,
    /// A string's content and its quotes.
    String,
    /// An escape inside a string, a regular expression.
    Escape,
    /// A number, a boolean, a language's own constant.
    Constant,
    /// A keyword or a storage word.
    Keyword,
    /// An operator.
    Operator,
    /// A function's name.
    Function,
    /// A type, class or tag name.
    Type,
    /// A variable or parameter that the grammar singles out.
    Variable,
    /// A key: an attribute, a property of a document such as JSON or YAML.
    Key,
    /// A heading in prose.
    Heading,
    /// Stressed prose, a link.
    Emphasis,
    /// Brackets, commas and the like.
    Punctuation,
    /// What the grammar calls wrong.
    Invalid,
}

/// Bytes `start..end` of one line are of one class. What no span covers is plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte in the line.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
    /// What it is.
    pub class: Class,
}
