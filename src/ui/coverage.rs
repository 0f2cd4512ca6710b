//! Marks of what was opened and reviewed, in the code's gutter and in the tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::glyphs;
use super::theme::{Role, Theme, over};
use crate::app::App;
use crate::app::doc::Doc;
use crate::model::coverage::Share;

/// Stands before a line that was opened.
const OPENED: &str = "·";
/// Stands before a line that was reviewed, and behind a file or folder all of which was.
const REVIEWED: &str = "✓";
/// Stands behind a file or folder a part of which was reviewed.
const IN_PART: &str = "◐";

/// Marks the lines on the screen, where the code's view leaves a column for it: before all but the current line.
pub fn gutter(app: &App, doc: &Doc, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let (path, blob) = (&doc.text.path, doc.text.blob);
    let (opened, reviewed) = (app.audit.seen.lines(path, blob), app.audit.now.reviewed.lines(path, blob));
    for (line, row) in (doc.top..doc.text.lines()).zip(area.rows()).filter(|(line, _)| *line != doc.cursor) {
        let number = u32::try_from(line + 1).unwrap_or(u32::MAX);
        let (mark, role) = match (reviewed.contains(number), opened.contains(number)) {
            (true, _) => (REVIEWED, Role::Met),
            (false, true) => (OPENED, Role::Dim),
            (false, false) => continue,
        };
        if let Some(cell) = buffer.cell_mut((row.x, row.y)) {
            let style = over(cell.style(), theme.style(role));
            cell.set_symbol(&glyphs(theme, mark)).set_style(style);
        }
    }
}

/// Returns two cells for a file or folder: how much of it was opened, and whether it was reviewed.
pub fn heat(theme: &Theme, share: &Share) -> String {
    let opened = match share.opened.percent(&share.text) {
        _ if share.opened.lines == 0 => " ",
        100 => theme.glyphs.bar_full,
        50.. => theme.glyphs.bar_part,
        _ => theme.glyphs.bar_empty,
    };
    let reviewed = match share.reviewed.lines {
        0 => " ".to_owned(),
        all if all == share.text.lines => glyphs(theme, REVIEWED),
        _ => glyphs(theme, IN_PART),
    };
    format!("{opened}{reviewed}")
}
