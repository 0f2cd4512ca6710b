//! Forms: fields to fill in, one after the other.

use super::field::Field;
use super::key::{Code, Key};

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Input {
    /// Text.
    Text(Box<Field>),
    /// One of some words; the index of the one chosen.
    Choice(&'static [&'static str], usize),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct FormField {
    /// Stable name.
    pub id: &'static str,
    /// What is asked.
    pub label: &'static str,
    /// How to fill it in.
    pub hint: &'static str,
    /// What it holds.
    pub input: Input,
}

impl FormField {
    /// Returns a field of one line.
    pub fn line(id: &'static str, label: &'static str, hint: &'static str, text: &str) -> FormField {
        FormField { id, label, hint, input: Input::Text(Box::new(Field::line(text))) }
    }

    /// Returns a field of several lines.
    pub fn block(id: &'static str, label: &'static str, hint: &'static str, text: &str) -> FormField {
        FormField { id, label, hint, input: Input::Text(Box::new(Field::block(text))) }
    }

    /// Returns a choice.
    pub fn choice(
        id: &'static str,
        label: &'static str,
        hint: &'static str,
        words: &'static [&'static str],
        word: &str,
    ) -> FormField {
        let at = words.iter().position(|known| *known == word).unwrap_or(0);
        FormField { id, label, hint, input: Input::Choice(words, at) }
    }

    /// Returns what the field holds, as text.
    pub fn text(&self) -> String {
        match &self.input {
            Input::Text(field) => field.text(),
            Input::Choice(words, at) => words[*at].to_owned(),
        }
    }

    /// Returns how many rows the field takes, without its label.
    pub fn rows(&self) -> usize {
        match &self.input {
            Input::Text(field) => field.area.lines().len().max(1),
            Input::Choice(..) => 1,
        }
    }
}

/// A form with its state.
#[derive(Debug, Clone)]
pub struct Form {
    /// What is filled in.
    pub title: String,
    /// The fields.
    pub fields: Vec<FormField>,
    /// The field with the cursor.
    pub at: usize,
    /// What is wrong, after an attempt to save.
    pub wrong: Option<String>,
    /// Something was typed.
    pub changed: bool,
}

impl Form {
    /// Returns a form with the cursor in its first field.
    pub fn new(title: impl Into<String>, fields: Vec<FormField>) -> Form {
        Form { title: title.into(), fields, at: 0, wrong: None, changed: false }
    }

    /// Goes on by some fields, around the end.
    pub fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1) as isize;
        self.at = (self.at as isize + by).rem_euclid(count) as usize;
    }

    /// Returns the text of a field.
    pub fn text(&self, id: &str) -> String {
        self.fields.iter().find(|field| field.id == id).map(FormField::text).unwrap_or_default()
    }

    /// Returns the lines of a field that say something.
    pub fn lines(&self, id: &str) -> Vec<String> {
        self.text(id).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the words of a field, separated by commas or blanks.
    pub fn words(&self, id: &str) -> Vec<String> {
        let text = self.text(id);
        text.split([',', ' ', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// Hands a key to the field with the cursor. Up and down leave a field at its first and last line.
    pub fn input(&mut self, key: Key) {
        let Some(field) = self.fields.get_mut(self.at) else { return };
        match &mut field.input {
            Input::Choice(words, at) => {
                let before = *at;
                match key.code {
                    Code::Left => *at = (*at + words.len() - 1) % words.len(),
                    Code::Right | Code::Char(' ') => *at = (*at + 1) % words.len(),
                    Code::Up => return self.step(-1),
                    Code::Down => return self.step(1),
                    Code::Char(c) => {
                        // A word's first letter chooses it, the next one that has it.
                        let next = (1..=words.len()).map(|by| (*at + by) % words.len());
                        if let Some(found) =
                            next.into_iter().find(|index| words[*index].starts_with(c.to_ascii_lowercase()))
                        {
                            *at = found;
                        }
                    }
                    _ => return,
                }
                self.changed |= *at != before;
            }
            Input::Text(text) => {
                let row = text.area.cursor().0;
                let last = text.area.lines().len() - 1;
                match key.code {
                    Code::Up if row == 0 => return self.step(-1),
                    Code::Down if row == last => return self.step(1),
                    _ => {
                        let before = text.text();
                        text.input(key);
                        self.changed |= text.text() != before;
                    }
                }
            }
        }
        self.wrong = None;
    }

    /// Takes Enter: a new line in a long field, else on to the next field.
    pub fn enter(&mut self) {
        match self.fields.get_mut(self.at).map(|field| &mut field.input) {
            Some(Input::Text(text)) if !text.one_line => {
                text.new_line();
                self.changed = true;
                self.wrong = None;
            }
            _ => self.step(1),
        }
    }

    /// Inserts pasted text.
    pub fn paste(&mut self, text: &str) {
        if let Some(Input::Text(field)) = self.fields.get_mut(self.at).map(|field| &mut field.input) {
            field.paste(text);
            self.changed = true;
            self.wrong = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new(
            "",
            vec![
                FormField::line("title", "Title", "", ""),
                FormField::choice("severity", "Severity", "", &["critical", "high", "low"], "high"),
                FormField::block("summary", "Summary", "", "one"),
            ],
        )
    }

    fn press(form: &mut Form, keys: &str) {
        for key in Key::parse_all(keys).unwrap() {
            if key.code == Code::Enter { form.enter() } else { form.input(key) }
        }
    }

    #[test]
    fn fields_are_filled_one_after_the_other() {
        let mut form = form();
        press(&mut form, "A title<cr>l<down>x<cr>two<up><up>");
        assert_eq!(
            (form.text("title"), form.text("severity"), form.text("summary")),
            ("A title".into(), "low".into(), "onex\ntwo".into())
        );
        assert_eq!(form.at, 1);
        assert_eq!(form.lines("summary"), ["onex", "two"]);
        press(&mut form, "<right><left><left>");
        assert_eq!(form.text("severity"), "high");
    }

    #[test]
    fn a_form_knows_whether_something_was_typed() {
        let mut form = form();
        press(&mut form, "<right><home><down>x<up>");
        assert!(!form.changed, "moving about is no change, nor is a letter that chooses nothing");
        press(&mut form, "<down><right>");
        assert!(form.changed);
        for change in ["a", "<cr>"] {
            form.wrong = Some("wrong".to_owned());
            form.at = 2;
            press(&mut form, change);
            assert_eq!(form.wrong, None);
        }
        form.wrong = Some("wrong".to_owned());
        form.paste("x");
        assert_eq!(form.wrong, None);
    }

    #[test]
    fn words_are_split() {
        let mut form = form();
        form.paste("CWE-78, CWE-22\nCWE-1");
        assert_eq!(form.words("title"), ["CWE-78", "CWE-22", "CWE-1"]);
    }
}
