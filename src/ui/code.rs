//! A file's lines as they fit on the screen. What is not on the screen costs nothing.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::ops::ControlFlow;

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::app::text::Text;
use crate::highlight::Span;
use crate::repo::{display, trojan};
use crate::ui::theme::{self, Role, Theme};

/// Digits that a line's number has room for at least, so that small files look alike.
const DIGITS: usize = 3;
/// Bytes before the left edge in a long line that are decoded too: a base and its marks fit in.
const WARM: usize = 16;
/// Columns of code below which only the cut mark is shown, not its words.
const ROOM: usize = 48;
/// Columns of code that a warning at its end leaves.
const LEAST: usize = 12;
/// What is said at the end of a long line.
const LONG: &str = "long line, not coloured";

/// A line that is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark<'a> {
    /// What is shown at the row's end if there is room, on the region's first line.
    pub label: Option<Cow<'a, str>>,
}

/// Bytes of one line that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The line, from 0.
    pub line: usize,
    /// First byte in the line.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// A view of a file. Lines are counted from 0 here; what is shown counts from 1.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The file.
    pub text: &'a Text,
    /// First line that is shown.
    pub top: usize,
    /// Columns scrolled to the right. In a long line these are bytes: its columns are not known without reading all of
    /// it.
    pub left: usize,
    /// The current line.
    pub cursor: usize,
    /// Selected lines, both ends included, in either order.
    pub selection: Option<(usize, usize)>,
    /// Whether keys go to this pane.
    pub focused: bool,
    /// Returns a line's spans, in order; none if they are not known yet.
    pub spans: &'a dyn Fn(usize) -> &'a [Span],
    /// Returns a line's mark.
    pub marks: &'a dyn Fn(usize) -> Option<Mark<'a>>,
    /// What the search found, in order and without overlaps.
    pub hits: &'a [Hit],
    /// Which of the hits is the current one.
    pub hit: Option<usize>,
    /// The look.
    pub theme: &'a Theme,
}

/// Returns how many columns stand before the code: the cursor, the mark, the number, a sign where any line could fool the
/// eye, and a space.
pub fn gutter(text: &Text) -> u16 {
    let digits = text.lines().max(1).ilog10() as usize + 1;
    // A number has 20 digits at most.
    (2 + digits.max(DIGITS) + usize::from(text.is_odd()) + 1) as u16
}

/// A character on the screen.
struct Step {
    /// The byte that it stands for.
    byte: usize,
    /// The column where it starts; the first is the left edge.
    column: usize,
    /// Its columns right of the left edge; none for a mark on the character before it.
    width: usize,
    /// The character itself, or `None` for what the left edge leaves of a wide one.
    shown: Option<char>,
    hazard: bool,
}

/// Visits a line's characters from the left edge on until told to stop.
fn walk(text: &Text, line: usize, left: usize, mut visit: impl FnMut(Step) -> ControlFlow<()>) {
    let bytes = text.line(line);
    // In a long line `left` is a byte, moved to the start of its character. Some bytes before it are decoded too, so
    // that what stands at the edge looks as it does from the beginning.
    let (first, left) = if text.is_long(line) { (left.min(bytes.len()), 0) } else { (0, left) };
    let from = display::boundary(bytes, first.saturating_sub(WARM));
    let mut column = 0;
    for piece in display::pieces(&bytes[from..]) {
        let start = from + piece.range.start;
        if from + piece.range.end <= first {
            continue;
        }
        // Only what is shown as it is has a byte of the line for each of its own.
        let verbatim = !piece.hazard && piece.text.len() == piece.range.len();
        for (at, c) in piece.text.char_indices() {
            let byte = if verbatim { start + at } else { start };
            if verbatim && byte + c.len_utf8() <= first {
                continue;
            }
            let full = columns(c);
            let end = column + full;
            if end > left || (full == 0 && column > left) {
                let cut = left.saturating_sub(column);
                let step = Step {
                    byte,
                    column: (column + cut).saturating_sub(left),
                    width: full - cut.min(full),
                    shown: (cut == 0 || full == 0).then_some(c),
                    hazard: piece.hazard,
                };
                if visit(step).is_break() {
                    return;
                }
            }
            column = end;
        }
    }
}

fn columns(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// Finds how a byte of a line looks; bytes are asked for in order.
struct Ink<'a> {
    theme: &'a Theme,
    row: Style,
    spans: &'a [Span],
    hits: &'a [Hit],
    /// The current hit's place in `hits`.
    current: Option<usize>,
    span: usize,
    hit: usize,
    hazard: Style,
}

impl Ink<'_> {
    fn at(&mut self, byte: usize, hazard: bool) -> Style {
        while self.hits.get(self.hit).is_some_and(|hit| hit.end <= byte) {
            self.hit += 1;
        }
        while self.spans.get(self.span).is_some_and(|span| span.end as usize <= byte) {
            self.span += 1;
        }
        let hit = self.hits.get(self.hit).is_some_and(|hit| hit.start <= byte);
        let style = if hazard {
            // A hit must not hide that this is a token.
            return if hit { self.hazard.add_modifier(Modifier::UNDERLINED) } else { self.hazard };
        } else if hit {
            let current = self.current == Some(self.hit);
            self.theme.style(if current { Role::SearchHitCurrent } else { Role::SearchHit })
        } else if let Some(span) = self.spans.get(self.span).filter(|span| span.start as usize <= byte) {
            self.theme.class(span.class)
        } else {
            return self.row;
        };
        theme::over(self.row, style)
    }
}

impl Code<'_> {
    fn row_style(&self, line: usize) -> Style {
        let selected = self.selection.is_some_and(|(one, other)| (one.min(other)..=one.max(other)).contains(&line));
        let text = self.theme.style(Role::Text);
        if selected {
            // The current line is part of it; its marker and bold letters tell it apart.
            let bold = if line == self.cursor { Modifier::BOLD } else { Modifier::empty() };
            text.patch(self.theme.style(Role::Selection)).add_modifier(bold)
        } else if line == self.cursor {
            text.patch(self.theme.style(if self.focused { Role::Cursor } else { Role::CursorBlur }))
        } else {
            text
        }
    }

    /// Returns the line's hits, and which of them is the current one.
    fn hits(&self, line: usize) -> (&[Hit], Option<usize>) {
        let start = self.hits.partition_point(|hit| hit.line < line);
        let end = start + self.hits[start..].partition_point(|hit| hit.line == line);
        (&self.hits[start..end], self.hit.and_then(|hit| hit.checked_sub(start)))
    }

    /// Draws one line of the file.
    pub(super) fn row(&self, line: usize, area: Rect, buf: &mut Buffer) {
        let row = self.row_style(line);
        buf.set_style(area, row);
        let glyphs = &self.theme.glyphs;
        let current = line == self.cursor;
        let mark = (self.marks)(line);
        let mut put = |column: u16, text: &str, role: Role| {
            let room = usize::from(area.width.saturating_sub(column));
            if room > 0 {
                buf.set_stringn(area.x + column, area.y, text, room, theme::over(row, self.theme.style(role)));
            }
        };
        let number = (line + 1).to_string();
        let gutter = gutter(self.text);
        let role = if current { Role::LineNumberCursor } else { Role::LineNumber };
        put(gutter - 1 - u16::from(self.text.is_odd()) - number.len() as u16, &number, role);
        let odd = self.text.odd(line);
        if let Some(technique) = odd {
            put(gutter - 2, technique.letter(), Role::Hazard);
        }
        if current {
            put(0, glyphs.cursor, Role::LineNumberCursor);
        }
        if mark.is_some() {
            put(1, glyphs.evidence, Role::GutterItem);
        }
        let mut width = usize::from(area.width.saturating_sub(gutter));
        if self.text.is_long(line) {
            let words = format!("{} {LONG}", glyphs.cut);
            let words = if width < ROOM { glyphs.cut } else { &words };
            width = width.saturating_sub(words.width() + 1);
            put(gutter + width as u16 + 1, words, Role::Cut);
        }
        let code = Rect::new(area.x.saturating_add(gutter), area.y, width as u16, 1);
        let mut end = self.line(line, row, code, buf);
        let mut label = mark.and_then(|mark| mark.label).filter(|_| !self.text.is_long(line));
        if odd.is_some() && !self.text.is_long(line) {
            let marks = trojan::marks(self.text.line(line), line == 0);
            label = marks.into_iter().next().map(|mark| Cow::Owned(mark.what)).or(label);
            // What fools the eye is said whatever else the line holds: the code makes room.
            let short = label.as_ref().map_or(0, |label| brief(label).width());
            if label.as_ref().is_some_and(|label| end + label.width() >= width) && short + LEAST < width {
                label = label.map(|label| Cow::Owned(brief(&label).to_owned()));
                buf.set_stringn(code.x, code.y, " ".repeat(width), width, row);
                let room = Rect { width: (width - short - 1) as u16, ..code };
                end = end.min(self.line(line, row, room, buf));
            }
        }
        if let Some(label) = label {
            let label = display::line(&label);
            if let Some(space) = width.checked_sub(label.width()).filter(|space| *space > end) {
                let style = theme::over(row, self.theme.style(Role::Dim));
                buf.set_stringn(code.x + space as u16, code.y, label, width - space, style);
            }
        }
    }

    /// Draws a line's code and returns how many columns it takes.
    fn line(&self, line: usize, row: Style, area: Rect, buf: &mut Buffer) -> usize {
        let width = usize::from(area.width);
        if width == 0 {
            return 0;
        }
        let bytes = self.text.line(line);
        let (mut hits, mut current) = self.hits(line);
        if self.text.is_long(line) {
            // It may have a great many of them before the left edge.
            let before = hits.partition_point(|hit| hit.end <= self.left);
            hits = &hits[before..];
            current = current.and_then(|current| current.checked_sub(before));
        }
        let spans = if self.text.is_long(line) { &[] } else { (self.spans)(line) };
        let hazard = theme::over(row, self.theme.style(Role::Hazard));
        let dim = theme::over(row, self.theme.style(Role::Dim));
        let mut ink = Ink { theme: self.theme, row, spans, hits, current, span: 0, hit: 0, hazard };
        let ellipsis = self.theme.glyphs.ellipsis;
        let mut end = 0;
        // Where a mark belongs.
        let mut base = None;
        walk(self.text, line, self.left, |step| {
            if step.width == 0 {
                if let Some((base, width, style)) = base
                    && let Some(cell) = buf.cell((area.x + base, area.y))
                {
                    let symbol: String = cell.symbol().chars().chain(step.shown).collect();
                    write(buf, area, base, &symbol, width, style);
                }
                return ControlFlow::Continue(());
            }
            if step.column + step.width > width {
                // The last column says that there is more; half a wide character must not be left before it.
                if let Some((base, 2.., _)) = base.filter(|_| end == width) {
                    write(buf, area, base, " ", 1, row);
                }
                write(buf, area, area.width - 1, ellipsis, 1, dim);
                end = width;
                return ControlFlow::Break(());
            }
            // The CR of a line end of Windows is no secret.
            let line_end = step.byte + 1 == bytes.len() && bytes.ends_with(b"\r");
            let style = if line_end { dim } else { ink.at(step.byte, step.hazard) };
            let (column, width) = (step.column as u16, step.width as u16);
            match step.shown {
                Some(c) => write(buf, area, column, c.encode_utf8(&mut [0; 4]), width, style),
                None => write(buf, area, column, ellipsis, 1, dim),
            }
            for column in column + 1..column + width {
                write(buf, area, column, " ", 1, style);
            }
            base = step.shown.map(|_| (column, width, style));
            end = step.column + step.width;
            ControlFlow::Continue(())
        });
        if self.left > 0 && !bytes.is_empty() && !self.text.is_long(line) {
            // Else a line that ends before the left edge would look like an empty one.
            write(buf, area, 0, ellipsis, 1, dim);
        }
        end
    }
}

/// Returns a warning without the character's number, which the code shows.
fn brief(label: &str) -> &str {
    label.split_once(" (").map_or(label, |(brief, _)| brief)
}

fn write(buf: &mut Buffer, area: Rect, column: u16, symbol: &str, width: u16, style: Style) {
    if let Some(cell) = buf.cell_mut((area.x + column, area.y)) {
        // Modifiers would add up.
        cell.reset();
        cell.set_symbol(symbol).set_style(style);
        // Where ratatui takes a symbol for wider than it is (it does so with halfwidth sound marks), it would not print
        // the cell after it, and a file could hide its code that way.
        if cell.cell_width() != width {
            cell.set_diff_option(NonZeroU16::new(width).map_or(CellDiffOption::None, CellDiffOption::ForcedWidth));
        }
    }
}

impl Widget for Code<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        buf.set_style(area, self.theme.style(Role::Text));
        if self.text.lines() == 0 && area.height > 0 {
            let style = self.theme.style(Role::Dim);
            buf.set_stringn(area.x, area.y, " empty file", usize::from(area.width), style);
        }
        let lines = (self.top.min(self.text.lines())..self.text.lines()).zip(area.rows());
        for (line, row) in lines {
            self.row(line, row, buf);
        }
    }
}
