//! What a scope of a grammar says, as a class.

use std::collections::HashMap;

use syntect::parsing::Scope;

use super::Class;

/// What a scope says about its piece of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    /// It is of a class.
    Is(Class),
    /// It is plain, whatever stands around it.
    Plain,
    /// Nothing: the scope around it decides.
    Ask,
}

use Say::{Ask, Is, Plain};

/// Scopes by their beginning; the longest one that fits decides, and where none does, the scope around it.
const RULES: &[(&str, Say)] = &[
    ("comment", Is(Class::Comment)),
    ("constant", Is(Class::Constant)),
    ("constant.character.character-class", Is(Class::Escape)),
    ("constant.character.entity", Is(Class::Escape)),
    ("constant.character.escape", Is(Class::Escape)),
    ("constant.other.character-class", Is(Class::Escape)),
    ("constant.other.object.key", Is(Class::Key)),
    ("constant.other.placeholder", Is(Class::Escape)),
    ("entity.name", Is(Class::Type)),
    ("entity.name.constant", Is(Class::Constant)),
    ("entity.name.enum.tag-digest", Is(Class::Constant)),
    ("entity.name.function", Is(Class::Function)),
    ("entity.name.macro", Is(Class::Function)),
    ("entity.name.method", Is(Class::Function)),
    ("entity.name.section", Is(Class::Heading)),
    ("entity.name.tag.toml", Is(Class::Key)),
    ("entity.name.tag.yaml", Is(Class::Key)),
    ("entity.other.attribute-name", Is(Class::Key)),
    ("entity.other.inherited-class", Is(Class::Type)),
    ("entity.section", Is(Class::Type)),
    ("invalid", Is(Class::Invalid)),
    ("invalid.deprecated", Ask),
    ("keyword", Is(Class::Keyword)),
    ("keyword.name", Is(Class::Key)),
    ("keyword.operator", Is(Class::Operator)),
    ("keyword.operator.expression", Is(Class::Keyword)),
    ("keyword.operator.logical.python", Is(Class::Keyword)),
    ("keyword.operator.new", Is(Class::Keyword)),
    ("keyword.operator.quantifier", Is(Class::Escape)),
    ("keyword.operator.word", Is(Class::Keyword)),
    ("keyword.other.unit", Is(Class::Constant)),
    ("markup.bold", Is(Class::Emphasis)),
    ("markup.deleted", Is(Class::Constant)),
    ("markup.heading", Is(Class::Heading)),
    ("markup.inserted", Is(Class::String)),
    ("markup.italic", Is(Class::Emphasis)),
    ("markup.quote", Is(Class::Comment)),
    ("markup.raw", Is(Class::String)),
    ("markup.raw.code-fence", Plain),
    ("markup.underline", Is(Class::Emphasis)),
    ("meta.brace", Is(Class::Punctuation)),
    ("meta.delimiter", Is(Class::Punctuation)),
    ("meta.diff.header", Is(Class::Heading)),
    ("meta.diff.range", Is(Class::Keyword)),
    ("meta.embedded", Plain),
    ("meta.group.expansion", Plain),
    ("meta.group.expansion.parameter", Is(Class::Variable)),
    ("meta.interpolation", Plain),
    ("meta.link.inline.description", Is(Class::Emphasis)),
    ("meta.mapping.key", Is(Class::Key)),
    ("meta.object-literal.key", Is(Class::Key)),
    ("meta.template.expression", Plain),
    ("punctuation", Is(Class::Punctuation)),
    ("punctuation.definition.annotation", Is(Class::Function)),
    ("punctuation.definition.bold", Ask),
    ("punctuation.definition.comment", Ask),
    ("punctuation.definition.constant", Ask),
    ("punctuation.definition.deleted", Ask),
    ("punctuation.definition.entity", Ask),
    ("punctuation.definition.from-file", Ask),
    ("punctuation.definition.heading", Ask),
    ("punctuation.definition.inserted", Ask),
    ("punctuation.definition.italic", Ask),
    ("punctuation.definition.keyword", Ask),
    ("punctuation.definition.parameter", Ask),
    ("punctuation.definition.parameters", Is(Class::Punctuation)),
    ("punctuation.definition.range", Ask),
    ("punctuation.definition.raw", Ask),
    ("punctuation.definition.string", Ask),
    ("punctuation.definition.to-file", Ask),
    ("punctuation.definition.variable", Is(Class::Variable)),
    ("punctuation.terminator.entity", Ask),
    ("source", Plain),
    ("source.regexp", Is(Class::Escape)),
    // Python reads SQL in its strings, and strings they are.
    ("source.sql", Ask),
    ("storage", Is(Class::Keyword)),
    ("storage.type.function.arrow", Is(Class::Operator)),
    ("storage.type.go", Is(Class::Type)),
    ("storage.type.primitive", Is(Class::Type)),
    ("storage.type.string", Is(Class::String)),
    ("string", Is(Class::String)),
    ("string.other.link", Is(Class::Emphasis)),
    ("string.regexp", Is(Class::Escape)),
    ("support.class", Is(Class::Type)),
    ("support.constant", Is(Class::Constant)),
    ("support.function", Is(Class::Function)),
    ("support.macro", Is(Class::Function)),
    ("support.type", Is(Class::Type)),
    ("support.type.property-name", Is(Class::Key)),
    ("support.variable", Is(Class::Variable)),
    ("support.variable.property", Ask),
    ("text", Plain),
    ("variable.annotation", Is(Class::Function)),
    ("variable.function", Is(Class::Function)),
    ("variable.language", Is(Class::Variable)),
    ("variable.object.property", Is(Class::Key)),
    ("variable.other.env", Is(Class::Key)),
    ("variable.other.readwrite.terraform", Is(Class::Key)),
    ("variable.parameter", Is(Class::Variable)),
    ("variable.stage-name", Is(Class::Variable)),
];

/// The rules, and what they were found to say about the scopes met so far.
pub(super) struct Classes {
    rules: Vec<(Scope, Say)>,
    met: HashMap<Scope, Say>,
}

impl Classes {
    /// Reads the rules.
    pub(super) fn new() -> Classes {
        let rules = RULES.iter().filter_map(|(name, say)| Some((Scope::new(name).ok()?, *say))).collect();
        Classes { rules, met: HashMap::new() }
    }

    /// Returns the class of a piece of code in these scopes, the outermost first; `None` if it is plain.
    pub(super) fn of(&mut self, scopes: &[Scope]) -> Option<Class> {
        let mut inward = scopes.iter().rev();
        while let Some(scope) = inward.next() {
            match self.say(*scope) {
                Ask => {}
                Plain => return None,
                // A key that is written as a string is a string in a key.
                Is(Class::String) => {
                    let key = inward.next().is_some_and(|around| self.say(*around) == Is(Class::Key));
                    return Some(if key { Class::Key } else { Class::String });
                }
                Is(class) => return Some(class),
            }
        }
        None
    }

    fn say(&mut self, scope: Scope) -> Say {
        *self.met.entry(scope).or_insert_with(|| {
            let fitting = self.rules.iter().filter(|(start, _)| start.is_prefix_of(scope));
            fitting.max_by_key(|(start, _)| start.len()).map_or(Ask, |(_, say)| *say)
        })
    }
}

#[cfg(test)]
mod tests {
    use syntect::parsing::ScopeStack;

    use super::*;

    #[test]
    fn every_rule_is_a_scope_and_stands_once() {
        assert_eq!(Classes::new().rules.len(), RULES.len());
        assert!(RULES.is_sorted_by(|one, other| one.0 < other.0));
    }

    #[test]
    fn the_longest_rule_of_the_innermost_scope_decides() {
        let mut classes = Classes::new();
        let mut of = |scopes: &str| classes.of(scopes.parse::<ScopeStack>().unwrap().as_slice());
        assert_eq!(of(""), None);
        assert_eq!(of("source.ts"), None);
        assert_eq!(of("source.ts string.quoted punctuation.definition.string.begin"), Some(Class::String));
        assert_eq!(of("source.ts string.quoted constant.character.escape.ts"), Some(Class::Escape));
        assert_eq!(of("source.ts string.template meta.template.expression.ts variable.other.ts"), None);
        assert_eq!(of("source.json meta.mapping.key.json string.quoted.double.json"), Some(Class::Key));
        assert_eq!(of("source.ts keyword.operator.assignment"), Some(Class::Operator));
        assert_eq!(of("source.ts keyword.operator.new.ts"), Some(Class::Keyword));
        assert_eq!(of("source.ts keyword.operators"), Some(Class::Keyword));
        assert_eq!(of("source.x something.unknown"), None);
    }
}
