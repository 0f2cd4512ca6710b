//! The past of the code: who brought each line, an older version, two versions side by side.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget as _;

use super::code::{Code, gutter};
use super::paint::{Row, ink, path_title, scrollbar, start};
use super::theme::{Role, Theme};
use crate::app::App;
use crate::app::doc::Doc;
use crate::app::layout::WIDE;
use crate::app::past::{AUTHOR, Blame, Compare, Version, column};
use crate::app::text::Text;
use crate::repo::{Blamer, DiffRow, display};

/// Columns of a commit's short hash, and of a date.
const HASH: u16 = 7;
const DATE: u16 = 10;

/// Draws who brought the lines that are on the screen, and returns the area that is left to the code.
///
/// What is told stands on the first line of each run of lines.
pub fn origins(buffer: &mut Buffer, theme: &Theme, area: Rect, blame: &Blame, doc: &Doc) -> Rect {
    let width = column(area.width).min(area.width);
    let side = Rect { width, ..area };
    for (line, row) in (doc.top..doc.text.lines()).zip(side.rows()) {
        let current = line == doc.cursor;
        let mut row = Row::new(buffer, theme, row, theme.style(Role::Text));
        let Some(hunk) = blame.hunk(line) else {
            let waits = blame.ended.is_none();
            row.role(if waits { theme.glyphs.ellipsis } else { "?" }, Role::Dim);
            continue;
        };
        let above = line.checked_sub(1).filter(|_| line > doc.top).and_then(|line| blame.hunk(line));
        if above.is_some_and(|above| above.commit.id == hunk.commit.id) && !current {
            continue;
        }
        let role = if current { Role::Key } else { Role::Dim };
        row.role(&hunk.commit.id.short(), role);
        // At the edge of a shallow clone the line may be older than the commit says.
        row.at(HASH).role(if hunk.commit.edge { "^" } else { " " }, Role::Warning);
        if width > HASH + 1 + DATE {
            if width > HASH + 2 + DATE {
                row.put(&start(theme, &hunk.commit.author.name, AUTHOR), theme.style(role));
            }
            row.at(width - DATE - 1).role(&hunk.commit.date(), role);
        }
    }
    Rect { x: area.x + width, width: area.width - width, ..area }
}

/// Returns who attributes the lines, where that is not git, or that nobody has checked it yet.
fn attributed(blame: &Blame) -> &'static str {
    match blame.blamer() {
        None if blame.ended.is_none() && !blame.hunks.is_empty() => "not checked yet  ",
        Some(Blamer::Libgit2) => "by libgit2  ",
        _ => "",
    }
}

/// Returns what stands at the right end of the code pane's title about its lines' origin.
pub fn standing(app: &App) -> &'static str {
    app.blame.as_ref().filter(|_| app.blames).map(attributed).unwrap_or_default()
}

/// Draws a file as it was.
pub fn version(buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, version: &Version) {
    let doc = &version.doc;
    let at = format!("{}{}/{}", attributed(&version.blame), doc.cursor + 1, doc.text.lines());
    let name = format!("{} ", version.commit.short());
    path_title(buffer, theme, area, true, (&name, &display::bytes(&doc.text.path.0)), &at);
    let left = origins(buffer, theme, inner, &version.blame, doc);
    plain(theme, &doc.text, doc.left, doc.cursor, doc.selection(), |code| {
        Code { top: doc.top, ..code }.render(left, buffer);
    });
    scrollbar(buffer, theme, area, doc.top, doc.text.lines());
}

/// Makes a view of a file without colours, marks and hits.
fn plain(
    theme: &Theme,
    text: &Text,
    left: usize,
    cursor: usize,
    selection: Option<(usize, usize)>,
    draw: impl FnOnce(Code<'_>),
) {
    draw(Code {
        text,
        top: 0,
        left,
        cursor,
        selection,
        focused: true,
        spans: &|_| &[],
        marks: &|_| None,
        hits: &[],
        hit: None,
        theme,
    });
}

/// Draws a file in two versions: side by side on a wide screen, else one below the other.
pub fn compare(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, compare: &Compare) {
    let old = compare.old_commit.map_or("nothing".to_owned(), |old| old.short());
    let name = format!("{old} {} {} ", if theme.ascii { "->" } else { "→" }, compare.new_commit.short());
    let rows = compare.rows(app.size);
    let (plus, minus) = compare.lines;
    let at = format!("+{plus} -{minus}  {}/{}", (compare.cursor + 1).min(rows.len()), rows.len());
    path_title(buffer, theme, area, true, (&name, &display::bytes(&compare.path().0)), &at);
    if rows.is_empty() {
        Row::new(buffer, theme, Rect { height: 1, ..inner }, theme.style(Role::Popup))
            .role(" no line differs", Role::Dim);
        return;
    }
    let wide = app.size.0 >= WIDE;
    let half = if wide { inner.width / 2 } else { inner.width };
    for (at, row) in rows.iter().enumerate().skip(compare.top).take(usize::from(inner.height)) {
        let y = inner.y + (at - compare.top) as u16;
        let line = Rect::new(inner.x, y, inner.width, 1);
        let (left, right) = (Rect { width: half, ..line }, Rect { x: line.x + half, width: line.width - half, ..line });
        let current = at == compare.cursor;
        if wide {
            side(buffer, theme, left, compare, row, true, current);
            side(buffer, theme, right, compare, row, false, current);
        } else {
            side(buffer, theme, line, compare, row, row.changed && row.old.is_some(), current);
        }
    }
    scrollbar(buffer, theme, area, compare.top, rows.len());
}

/// Draws one side of a row: the sign, the number, the line.
fn side(buffer: &mut Buffer, theme: &Theme, area: Rect, compare: &Compare, row: &DiffRow, old: bool, current: bool) {
    let (text, line, sign, role) =
        if old { (&compare.old, row.old, "-", Role::NotMet) } else { (&compare.new, row.new, "+", Role::Met) };
    let Some(line) = line else {
        let base = theme.style(if current { Role::Cursor } else { Role::Text });
        Row::new(buffer, theme, area, base);
        return;
    };
    let cursor = if current { line } else { usize::MAX };
    plain(theme, text, compare.left, cursor, None, |code| code.row(line, area, buffer));
    if row.gap && area.width > 0 {
        // Lines were left out before this one.
        buffer.set_stringn(area.x, area.y, theme.glyphs.cut, 1, theme.style(Role::Cut));
    }
    let row_style = buffer.cell((area.x, area.y)).map(|cell| cell.style()).unwrap_or_default();
    if row.changed {
        let style = ink(theme, role);
        // Only letters that stand as they are take the colour: a hidden character keeps its own.
        let code = gutter(text);
        let plain = theme.style(Role::Text).fg;
        for x in area.x + code.min(area.width)..area.right() {
            if let Some(cell) = buffer.cell_mut((x, area.y))
                && Some(cell.fg) == plain
            {
                cell.set_style(Style { bg: None, ..style });
            }
        }
        if area.width > 1 {
            buffer.set_stringn(area.x + 1, area.y, sign, 1, row_style.patch(style));
        }
    }
    let last = line + 1 == text.lines() && !text.bytes.ends_with(b"\n");
    if last && row.changed {
        let words = " no line feed ";
        if usize::from(area.width) > words.len() {
            let x = area.right() - words.len() as u16;
            buffer.set_stringn(x, area.y, words, words.len(), theme.style(Role::Cut));
        }
    }
}
