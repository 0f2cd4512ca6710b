//! Keys as they are written in the action table, in `config.toml` and after `--keys`.

use std::fmt;

/// What a key is, apart from the modifiers held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character; shift is part of it.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab; with shift held it goes back.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
    /// Shift is held; never set for a character, which says so itself.
    pub shift: bool,
}

/// Names of keys that are no characters, the first of each being the one that is written.
const NAMES: [(&str, Code); 22] = [
    ("cr", Code::Enter),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("space", Code::Char(' ')),
    ("lt", Code::Char('<')),
    ("bs", Code::Backspace),
    ("del", Code::Delete),
    ("ins", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("return", Code::Enter),
];

impl Key {
    /// Returns a key without modifiers.
    pub fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    /// Returns the character that the key types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Reads a row of keys: `<esc>`, `<c-x>`, `<s-tab>` and the like, every other character as itself.
    ///
    /// # Errors
    /// A sentence that names the part which is no key.
    pub fn parse_all(text: &str) -> Result<Vec<Key>, String> {
        let mut keys = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (key, used) = match c {
                '<' => {
                    let end = rest.find('>').ok_or_else(|| {
                        format!("`{rest}` starts a key's name and does not end it; write <lt> for the character")
                    })?;
                    (named(&rest[1..end])?, end + 1)
                }
                c => (Key::plain(Code::Char(c)), c.len_utf8()),
            };
            keys.push(key);
            rest = &rest[used..];
        }
        Ok(keys)
    }
}

fn named(name: &str) -> Result<Key, String> {
    let wrong = || {
        format!(
            "`<{name}>` is no key; there are <cr> <esc> <tab> <space> <lt> <bs> <del> <up> <down> <left> <right> <home> <end> <pgup> <pgdn> <f1>, with c-, a- or s- before them"
        )
    };
    let (mut ctrl, mut alt, mut shift) = (false, false, false);
    let mut rest = name;
    let lower = |text: &str| text.to_lowercase();
    while rest.chars().count() > 2 && rest.get(1..2) == Some("-") {
        match lower(&rest[..1]).as_str() {
            "c" if !ctrl => ctrl = true,
            "a" if !alt => alt = true,
            "s" if !shift => shift = true,
            _ => return Err(wrong()),
        }
        rest = &rest[2..];
    }
    let mut characters = rest.chars();
    let code = match (characters.next(), characters.next()) {
        // A terminal sends control with a letter in one form only.
        (Some(c), None) if ctrl && c.is_ascii_alphabetic() => Code::Char(c.to_ascii_lowercase()),
        (Some(c), None) if ctrl || alt => Code::Char(c),
        _ => match lower(rest).strip_prefix('f').and_then(|number| number.parse().ok()) {
            Some(number @ 1..=12) => Code::F(number),
            _ => NAMES.iter().find(|(known, _)| *known == lower(rest)).ok_or_else(wrong)?.1,
        },
    };
    if shift && matches!(code, Code::Char(_)) {
        return Err(wrong());
    }
    Ok(Key { code, ctrl, alt, shift })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.code {
            Code::F(number) => format!("f{number}"),
            code => match NAMES.iter().find(|(_, known)| *known == code) {
                Some((name, _)) => (*name).to_owned(),
                None => match code {
                    Code::Char(c) => c.to_string(),
                    _ => String::new(),
                },
            },
        };
        let bare = matches!(self.code, Code::Char(c) if c != ' ' && c != '<');
        if bare && !self.ctrl && !self.alt {
            return f.write_str(&name);
        }
        let held = [(self.ctrl, "c-"), (self.alt, "a-"), (self.shift, "s-")];
        let held: String = held.iter().filter(|(held, _)| *held).map(|(_, name)| *name).collect();
        write!(f, "<{held}{name}>")
    }
}

/// Returns a row of keys as it is written.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect()
}

/// Returns a row of keys as a person reads it: `Ctrl-P`, `Enter`, `g/`.
pub fn spoken(keys: &[Key]) -> String {
    keys.iter()
        .map(|key| {
            let name = match key.code {
                Code::Char(' ') => "Space".to_owned(),
                Code::Char(c) if key.ctrl => c.to_ascii_uppercase().to_string(),
                Code::Char(c) => c.to_string(),
                Code::Up => "↑".to_owned(),
                Code::Down => "↓".to_owned(),
                Code::Left => "←".to_owned(),
                Code::Right => "→".to_owned(),
                Code::PageUp => "PgUp".to_owned(),
                Code::PageDown => "PgDn".to_owned(),
                Code::F(number) => format!("F{number}"),
                other => format!("{other:?}"),
            };
            let held = [(key.ctrl, "Ctrl-"), (key.alt, "Alt-"), (key.shift, "Shift-")];
            let held: String = held.iter().filter(|(held, _)| *held).map(|(_, name)| *name).collect();
            format!("{held}{name}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in ["jj<tab>", "<c-x><up>", "g/", "<lt>a><space>", "<s-tab><a-cr><f5>é", "<pgdn><bs>"] {
            assert_eq!(written(&Key::parse_all(text).unwrap()), text);
        }
        assert_eq!(Key::parse_all("<C-R>").unwrap(), Key::parse_all("<c-r>").unwrap());
        assert_eq!(spoken(&Key::parse_all("<c-p>").unwrap()), "Ctrl-P");
    }

    #[test]
    fn what_is_no_key_is_named() {
        for text in ["<", "<foo>", "<c->", "<s-a>", "<f13>", "<c-c-x>", "<>"] {
            assert!(Key::parse_all(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_fails_badly(text in "[<>a-z-]{0,12}|\\PC{0,12}") {
            if let Ok(keys) = Key::parse_all(&text) {
                prop_assert_eq!(Key::parse_all(&written(&keys)).unwrap(), keys);
            }
        }
    }
}
