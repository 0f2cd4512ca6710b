//! What a file names: functions, classes, headings, found by the scopes of its grammar.

use std::collections::HashMap;
use std::ops::Range;

use syntect::parsing::Scope;

/// More names than these are not listed.
pub const OUTLINE_LIMIT: usize = 20_000;

/// A longer name is cut, in bytes.
const NAME: usize = 200;

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A function or method.
    Function,
    /// A class, structure, interface or another type.
    Type,
    /// A module or namespace.
    Module,
    /// A macro.
    Macro,
    /// A heading in prose.
    Heading,
}

impl Kind {
    /// Returns a word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Function => "function",
            Kind::Type => "type",
            Kind::Module => "module",
            Kind::Macro => "macro",
            Kind::Heading => "heading",
        }
    }
}

/// Something that a file names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The line, from 0.
    pub line: usize,
    /// The name, as the file has it: it has not passed the door for outside text.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How many others it stands in.
    pub depth: usize,
}

/// A name in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    text: String,
    end: usize,
    kind: Kind,
}

/// What a scope says about a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    /// It names something of this kind.
    Is(Kind),
    /// It names nothing here: a call, a piece of another document.
    Not,
    /// Nothing.
    Ask,
}

use Say::{Ask, Is, Not};

/// Scopes by their beginning; the longest one that fits counts.
const RULES: &[(&str, Say)] = &[
    ("entity.name.class", Is(Kind::Type)),
    ("entity.name.enum", Is(Kind::Type)),
    ("entity.name.enum.tag-digest", Ask),
    ("entity.name.function", Is(Kind::Function)),
    ("entity.name.impl", Is(Kind::Type)),
    ("entity.name.interface", Is(Kind::Type)),
    ("entity.name.macro", Is(Kind::Macro)),
    ("entity.name.method", Is(Kind::Function)),
    ("entity.name.module", Is(Kind::Module)),
    ("entity.name.namespace", Is(Kind::Module)),
    ("entity.name.section", Is(Kind::Heading)),
    ("entity.name.struct", Is(Kind::Type)),
    ("entity.name.trait", Is(Kind::Type)),
    // TypeScript gives its bare form to every mention of a type; these are definitions.
    ("entity.name.type.alias", Is(Kind::Type)),
    ("entity.name.type.class", Is(Kind::Type)),
    ("entity.name.type.enum", Is(Kind::Type)),
    ("entity.name.type.go", Is(Kind::Type)),
    ("entity.name.type.interface", Is(Kind::Type)),
    ("entity.name.type.module", Is(Kind::Module)),
    ("entity.name.type.rust", Is(Kind::Type)),
    ("entity.name.union", Is(Kind::Type)),
    ("markup.raw.code-fence", Not),
    ("meta.decorator", Not),
    ("meta.function-call", Not),
    ("meta.import", Not),
    ("meta.package-declaration", Not),
];

/// The rules, and what they were found to say about the scopes met so far.
pub(super) struct Names {
    rules: Vec<(Scope, Say)>,
    met: HashMap<Scope, Say>,
}

impl Names {
    /// Reads the rules.
    pub(super) fn new() -> Names {
        let rules = RULES.iter().filter_map(|(name, say)| Some((Scope::new(name).ok()?, *say))).collect();
        Names { rules, met: HashMap::new() }
    }

    /// Adds a piece of a line to its names, if it is one or belongs to the last one.
    pub(super) fn add(&mut self, names: &mut Vec<Name>, piece: Range<usize>, scopes: &[Scope], line: &str) {
        let Some((at, kind)) = self.kind(scopes) else { return };
        // Inside a name only what does not name anything itself may veto: `a.b()` in a heading is still the heading.
        if scopes[..at].iter().rev().map(|scope| self.say(*scope)).any(|say| say == Not) {
            return;
        }
        let Some(text) = line.get(piece.clone()) else { return };
        match names.last_mut() {
            Some(last) if last.end == piece.start && last.kind == kind => {
                last.text.push_str(text);
                last.end = piece.end;
            }
            _ => names.push(Name { text: text.to_owned(), end: piece.end, kind }),
        }
    }

    /// Returns the innermost scope that names something, and what.
    fn kind(&mut self, scopes: &[Scope]) -> Option<(usize, Kind)> {
        (0..scopes.len()).rev().find_map(|at| match self.say(scopes[at]) {
            Is(kind) => Some((at, kind)),
            Not | Ask => None,
        })
    }

    fn say(&mut self, scope: Scope) -> Say {
        *self.met.entry(scope).or_insert_with(|| {
            let fitting = self.rules.iter().filter(|(start, _)| start.is_prefix_of(scope));
            fitting.max_by_key(|(start, _)| start.len()).map_or(Ask, |(_, say)| *say)
        })
    }
}

/// What a file names, found line by line.
///
/// What stands in what is told by the indentation, in prose by the headings' levels: grammars end a name's own scope in too
/// many different places, and code that is read by people is indented.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    symbols: Vec<Symbol>,
    /// Indentations of those that what comes next may stand in.
    open: Vec<usize>,
}

impl Outline {
    /// Adds the names of a line.
    pub(super) fn add(&mut self, line: usize, bytes: &[u8], names: Vec<Name>) {
        for name in names {
            let text = name.text.trim();
            if text.is_empty() || self.symbols.len() == OUTLINE_LIMIT {
                continue;
            }
            let end = (0..=NAME.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let text = &text[..end];
            let counts = |byte: &&u8| match name.kind {
                Kind::Heading => **byte == b'#',
                _ => matches!(byte, b' ' | b'\t'),
            };
            let indent = bytes.iter().take_while(counts).count();
            while self.open.last().is_some_and(|open| *open >= indent) {
                self.open.pop();
            }
            let depth = self.open.len();
            self.open.push(indent);
            self.symbols.push(Symbol { line, name: text.to_owned(), kind: name.kind, depth });
        }
    }

    /// Returns what was found so far.
    pub(super) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Estimates what it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.symbols.iter().map(|symbol| size_of::<Symbol>() + symbol.name.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_scope_and_stands_once() {
        assert_eq!(Names::new().rules.len(), RULES.len());
        assert!(RULES.is_sorted_by(|one, other| one.0 < other.0));
    }

    #[test]
    fn an_outline_has_an_end_and_long_names_too() {
        let mut outline = Outline::default();
        let name = || vec![Name { text: "é".repeat(NAME), end: 2 * NAME, kind: Kind::Function }];
        for line in 0..OUTLINE_LIMIT + 5 {
            outline.add(line, b"x", name());
        }
        assert_eq!(outline.symbols().len(), OUTLINE_LIMIT);
        assert_eq!(outline.symbols()[7].name.len(), NAME);
    }
}
