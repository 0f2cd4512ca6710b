//! Text that a person types.

use tui_textarea::{CursorMove, Input, TextArea};

use super::key::{Code, Key};

/// A text being written: one line, or several.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The editor; it knows the usual keys (Ctrl-A, Ctrl-W, Alt-arrows and so on).
    pub area: TextArea<'static>,
    /// Line ends are not taken.
    pub one_line: bool,
}

impl Field {
    /// Returns a field of one line with the cursor at its end.
    pub fn line(text: &str) -> Field {
        let mut field = Field { area: TextArea::default(), one_line: true };
        field.set(text);
        field
    }

    /// Returns a field of one line that is selected: what is typed next takes its place.
    pub fn selected(text: &str) -> Field {
        let mut field = Field::line(text);
        field.area.select_all();
        field
    }

    /// Returns a field of several lines with the cursor at its end.
    pub fn block(text: &str) -> Field {
        let mut field = Field { area: TextArea::default(), one_line: false };
        field.set(text);
        field
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        let text = if self.one_line { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
        self.area = TextArea::from(text.split('\n'));
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Returns the text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Hands a key to the editor.
    pub fn input(&mut self, key: Key) {
        if self.one_line && key.code == Code::Enter {
            return;
        }
        self.area.input(input(key));
    }

    /// Starts a new line, where there may be several.
    pub fn new_line(&mut self) {
        if !self.one_line {
            self.area.insert_newline();
        }
    }

    /// Inserts pasted text.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.one_line { text.replace('\n', " ") } else { text };
        self.area.insert_str(text);
    }
}

fn input(key: Key) -> Input {
    use tui_textarea::Key as To;
    let to = match key.code {
        Code::Char(c) => To::Char(c),
        Code::Enter => To::Enter,
        Code::Esc => To::Esc,
        Code::Tab => To::Tab,
        Code::Backspace => To::Backspace,
        Code::Delete => To::Delete,
        Code::Insert => To::Null,
        Code::Up => To::Up,
        Code::Down => To::Down,
        Code::Left => To::Left,
        Code::Right => To::Right,
        Code::Home => To::Home,
        Code::End => To::End,
        Code::PageUp => To::PageUp,
        Code::PageDown => To::PageDown,
        Code::F(number) => To::F(number),
    };
    Input { key: to, ctrl: key.ctrl, alt: key.alt, shift: key.shift }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: &mut Field, keys: &str) -> String {
        for key in Key::parse_all(keys).unwrap() {
            field.input(key);
        }
        field.text()
    }

    #[test]
    fn one_line_stays_one_line() {
        let mut field = Field::line("a");
        assert_eq!(typed(&mut field, "b<cr>c"), "abc");
        field.paste("x\r\ny");
        field.new_line();
        assert_eq!(field.text(), "abcx y");
        assert_eq!(typed(&mut field, "<bs>"), "abcx ");
        assert_eq!(typed(&mut field, "y<c-w>"), "abcx ");
    }

    #[test]
    fn a_block_takes_lines() {
        let mut field = Field::block("one");
        field.new_line();
        field.paste("two\r\nthree");
        assert_eq!(field.text(), "one\ntwo\nthree");
    }
}
