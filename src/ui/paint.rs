//! Small things that all views draw with.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Block, Borders, Widget as _};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::theme::{Role, Theme, over};
use crate::app::line::{Line, Tone, overhang};
use crate::model::finding::Severity;
use crate::model::standard::Signal;

/// Returns how a tone looks.
pub fn tone(theme: &Theme, tone: Tone) -> Style {
    let role = match tone {
        Tone::Plain => return Style::new(),
        Tone::State(state) => return theme.state(state),
        Tone::Dim => Role::Dim,
        Tone::Strong => return Style::new().add_modifier(Modifier::BOLD),
        Tone::Key => Role::Key,
        Tone::Signal(Signal::Supports) => Role::Supports,
        Tone::Signal(Signal::Concern) => Role::Concern,
        Tone::Signal(Signal::Look) => Role::Look,
        Tone::Severity(severity) => return theme.style(severity_role(severity)),
        Tone::Warning => Role::Warning,
        Tone::Good => Role::Met,
        Tone::Code => Role::Hint,
    };
    theme.style(role)
}

/// Returns how a severity looks.
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::High => Role::High,
        Severity::Medium => Role::Medium,
        Severity::Low => Role::Low,
        Severity::Info => Role::Info,
    }
}

/// A row to write into, from left to right.
pub struct Row<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    area: Rect,
    x: u16,
    base: Style,
}

impl<'a> Row<'a> {
    /// Returns a row, painted in its style.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, area: Rect, base: Style) -> Row<'a> {
        let area = area.intersection(buffer.area);
        buffer.set_style(area, base);
        Row { buffer, theme, area, x: area.x, base }
    }

    /// Returns how many columns are left.
    pub fn room(&self) -> usize {
        usize::from(self.area.right().saturating_sub(self.x))
    }

    /// Writes a text; what does not fit is cut, with a mark.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        self.put_within(text, self.room(), style)
    }

    /// Writes a text of at most `room` columns.
    pub fn put_within(&mut self, text: &str, room: usize, style: Style) -> &mut Self {
        let room = room.min(self.room());
        if self.area.is_empty() || room == 0 {
            return self;
        }
        let style = over(self.base, style);
        let whole = text.width() <= room;
        let keep = if whole { room } else { room - 1 };
        let (x, _) = self.buffer.set_stringn(self.x, self.area.y, text, keep, style);
        self.x = x;
        if !whole {
            let (x, _) = self.buffer.set_stringn(self.x, self.area.y, self.theme.glyphs.ellipsis, 1, style);
            self.x = x;
        }
        self
    }

    /// Writes a text for a role.
    pub fn role(&mut self, text: &str, role: Role) -> &mut Self {
        let style = self.theme.style(role);
        self.put(text, style)
    }

    /// Writes a line's parts. A part whose glyphs grow gives blanks at its end for it, so that columns stay in line.
    pub fn line(&mut self, line: &Line) -> &mut Self {
        for (tone_of, text) in &line.0 {
            let style = tone(self.theme, *tone_of);
            let mut shown = if *tone_of == Tone::Key { keys(self.theme, text) } else { glyphs(self.theme, text) };
            while shown.width() > text.width() && shown.ends_with("  ") {
                shown.pop();
            }
            self.put(&shown, style);
        }
        self
    }

    /// Goes on at a column, counted from the row's start.
    pub fn at(&mut self, column: u16) -> &mut Self {
        self.x = (self.area.x + column).min(self.area.right());
        self
    }

    /// Writes a text at the row's end, if there is room for it and a blank before it.
    pub fn right(&mut self, text: &str, style: Style) -> &mut Self {
        let width = text.width();
        if width > 0 && self.room() > width {
            let x = self.area.right() - width as u16;
            self.buffer.set_stringn(x, self.area.y, text, width, over(self.base, style));
            self.area.width -= width as u16 + 1;
        }
        self
    }
}

/// Returns a text of our own with ASCII in place of our glyphs, where the theme wants that. What came from outside has
/// passed the door and is shown as it is.
pub fn glyphs(theme: &Theme, text: &str) -> String {
    if !theme.ascii || text.is_ascii() {
        return text.to_owned();
    }
    let swap = |c: char| match c {
        '→' => "->".to_owned(),
        '–' | '—' => "-".to_owned(),
        '…' => theme.glyphs.ellipsis.to_owned(),
        '▸' => theme.glyphs.closed.to_owned(),
        '•' => theme.glyphs.dot.to_owned(),
        '·' => ".".to_owned(),
        '✗' => "x".to_owned(),
        '✓' => "+".to_owned(),
        '◐' => "/".to_owned(),
        '█' => theme.glyphs.bar_full.to_owned(),
        '░' => theme.glyphs.bar_empty.to_owned(),
        '↑' => "Up".to_owned(),
        '↓' => "Down".to_owned(),
        '←' => "Left".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(swap).collect()
}

/// Returns keys as [`glyphs`] does; an arrow is a key there, not a step from one value to another.
pub fn keys(theme: &Theme, text: &str) -> String {
    if theme.ascii { glyphs(theme, &text.replace('→', "Right")) } else { text.to_owned() }
}

/// Returns how a role's letters look, on whatever background there is.
pub fn ink(theme: &Theme, role: Role) -> Style {
    Style { bg: None, ..theme.style(role) }
}

/// Returns the start of a text, with a mark where it is cut to `width` columns.
pub fn start(theme: &Theme, text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.width().unwrap_or(0) >= width {
            break;
        }
        out.push(c);
    }
    out + if width > 0 { theme.glyphs.ellipsis } else { "" }
}

/// Returns the end of a path, with a mark where its start is cut: the end tells files apart.
pub fn end(theme: &Theme, path: &str, width: usize) -> String {
    match overhang(path, width) {
        0 => path.to_owned(),
        cut => theme.glyphs.ellipsis.chars().chain(path.chars().skip(cut)).collect(),
    }
}

/// Draws a frame and returns its content.
pub fn frame(buffer: &mut Buffer, theme: &Theme, area: Rect, focused: bool, popup: bool) -> Rect {
    let border = theme.style(if focused { Role::BorderFocus } else { Role::Border });
    let base = theme.style(if popup { Role::Popup } else { Role::Text });
    let block =
        Block::new().borders(Borders::ALL).border_set(theme.glyphs.border).border_style(base.patch(border)).style(base);
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// Writes a title on a frame's upper line, and what belongs at its right end.
pub fn title(buffer: &mut Buffer, theme: &Theme, area: Rect, focused: bool, text: &str, right: &str) {
    headline(buffer, theme, area, focused, ("", text), false, right);
}

/// As [`title`], for a name and a path, whose start is cut where there is no room for it.
pub fn path_title(
    buffer: &mut Buffer,
    theme: &Theme,
    area: Rect,
    focused: bool,
    (name, path): (&str, &str),
    right: &str,
) {
    headline(buffer, theme, area, focused, (name, path), true, right);
}

fn headline(
    buffer: &mut Buffer,
    theme: &Theme,
    area: Rect,
    focused: bool,
    (name, text): (&str, &str),
    is_path: bool,
    right: &str,
) {
    if area.width < 6 {
        return;
    }
    let style = theme.style(if focused { Role::TitleFocus } else { Role::Title });
    let line = Rect::new(area.x + 1, area.y, area.width - 2, 1);
    let right_width = right.width();
    let show_right = right_width > 0 && usize::from(line.width) > right_width + 14;
    let room = usize::from(line.width) - if show_right { right_width + 3 } else { 0 };
    let room = room.saturating_sub(name.width() + 2);
    let text = glyphs(theme, text);
    let text = if is_path { end(theme, &text, room) } else { start(theme, &text, room) };
    let mut row = Row { x: line.x, area: line, buffer, theme, base: Style::new() };
    row.put(&format!(" {name}{text} "), style);
    if show_right {
        row.at(line.width - right_width as u16 - 2);
        row.put(&format!(" {right} "), theme.style(Role::Dim));
    }
}

/// Draws a scrollbar on a frame's right line, where not all rows are on the screen.
pub fn scrollbar(buffer: &mut Buffer, theme: &Theme, area: Rect, top: usize, rows: usize) {
    let height = usize::from(area.height.saturating_sub(2));
    if rows <= height || height < 3 {
        return;
    }
    let thumb = (height * height / rows).clamp(1, height);
    let start = top * (height - thumb) / (rows - height).max(1);
    let x = area.right() - 1;
    for at in start..(start + thumb).min(height) {
        buffer.set_string(x, area.y + 1 + at as u16, theme.glyphs.thumb, theme.style(Role::Dim));
    }
}
