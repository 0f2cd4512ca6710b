//! What lies over the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Clear, Widget as _};
use unicode_width::UnicodeWidthStr as _;

use super::paint::{Row, frame, glyphs, scrollbar, title};
use super::theme::{Role, Theme, over};
use crate::app::App;
use crate::app::action::Act;
use crate::app::field::Field;
use crate::app::form::{Form, FormField, Input};
use crate::app::item::{place, spoken};
use crate::app::line::wrap;
use crate::app::picker::Picker;
use crate::app::popup::{Filling, Page, Popup, Purpose, RepoSearch, Value};
use crate::repo::display;

/// Rows that a long field shows at most.
const FIELD_ROWS: usize = 8;

/// Columns of a form's labels.
const LABELS: u16 = 28;

/// Draws all popups, the topmost last.
pub fn draw(app: &App, buffer: &mut Buffer, theme: &Theme) {
    let last = app.popups.len().saturating_sub(1);
    for (at, popup) in app.popups.iter().enumerate() {
        let area = popup.area(app.size).intersection(buffer.area);
        if area.width < 8 || area.height < 3 {
            continue;
        }
        Clear.render(area, buffer);
        let inner = frame(buffer, theme, area, at == last, true);
        match popup {
            Popup::List(picker, purpose) => list(app, buffer, theme, area, inner, picker, purpose),
            Popup::Text(text) => {
                title(buffer, theme, area, true, &display::line(&text.title), "");
                let hint = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
                let area = Rect { height: inner.height.saturating_sub(1), ..inner };
                field(buffer, theme, area, &text.field, true);
                let mut row = Row::new(buffer, theme, hint, theme.style(Role::Popup));
                let more =
                    if text.field.one_line { String::new() } else { format!("{} new line  ", key(app, Act::NewLine)) };
                row.right(
                    &format!("{more}{} accept  {} cancel", key(app, Act::Accept), key(app, Act::Cancel)),
                    theme.style(Role::Dim),
                );
                row.role(&display::line(&text.hint), Role::Dim);
            }
            Popup::Page(page) => draw_page(buffer, theme, area, inner, page),
            Popup::Search(search) => draw_search(app, buffer, theme, area, inner, search),
            Popup::Form(form, filling) => draw_form(app, buffer, theme, area, inner, form, filling),
        }
    }
    if app.popups.is_empty() && !app.pending.is_empty() {
        prefix(app, buffer, theme);
    }
}

fn key(app: &App, act: Act) -> String {
    app.keymap.key(act).unwrap_or_default()
}

/// Draws a text being written.
fn field(buffer: &mut Buffer, theme: &Theme, area: Rect, field: &Field, active: bool) {
    if area.is_empty() {
        return;
    }
    let mut editor = field.area.clone();
    let base = theme.style(if active { Role::Input } else { Role::Popup });
    editor.set_style(base);
    editor.set_cursor_line_style(Style::new());
    editor.set_cursor_style(if active { base.add_modifier(Modifier::REVERSED) } else { base });
    (&editor).render(area, buffer);
}

fn list(
    app: &App,
    buffer: &mut Buffer,
    theme: &Theme,
    area: Rect,
    inner: Rect,
    picker: &Picker<Value>,
    purpose: &Purpose,
) {
    let count = format!("{} of {}", picker.shown.len(), picker.entries.len());
    title(buffer, theme, area, true, &display::line(&picker.title), &count);
    let base = theme.style(Role::Popup);
    Row::new(buffer, theme, Rect { height: 1, ..inner }, base).role("> ", Role::Key);
    field(
        buffer,
        theme,
        Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner },
        &picker.field,
        true,
    );
    let popup = Rect { height: inner.height.saturating_sub(2), y: inner.y + 1, ..inner };
    for (at, shown) in picker.shown.iter().enumerate().skip(picker.top).take(usize::from(popup.height)) {
        let entry = &picker.entries[shown.index];
        let current = at == picker.cursor;
        let style = if current { base.patch(theme.style(Role::Cursor)) } else { base };
        let line = Rect::new(popup.x, popup.y + (at - picker.top) as u16, popup.width, 1);
        let mut row = Row::new(buffer, theme, line, style);
        let detail = glyphs(theme, &entry.detail);
        let room = usize::from(line.width) / 2;
        let detail =
            if detail.width() > room { format!("{}{}", cut(&detail, room - 1), theme.glyphs.ellipsis) } else { detail };
        row.right(&detail, theme.style(Role::Dim));
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        if picker.multi {
            let check =
                if picker.marked.contains(&shown.index) { theme.glyphs.checked } else { theme.glyphs.unchecked };
            row.put(check, theme.style(Role::Key)).put(" ", Style::new());
        }
        let mut wanted = shown.matched.iter().peekable();
        for (position, c) in entry.label.chars().enumerate() {
            let hit = wanted.next_if(|at| **at as usize == position).is_some();
            if row.room() <= 1 {
                row.put(theme.glyphs.ellipsis, Style::new());
                break;
            }
            let mut bytes = [0; 4];
            row.put(c.encode_utf8(&mut bytes), if hit { theme.style(Role::Match) } else { Style::new() });
        }
    }
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let mut row = Row::new(buffer, theme, bottom, base);
    let accept = format!("{} accept  {} cancel", key(app, Act::Accept), key(app, Act::Cancel));
    row.right(&accept, theme.style(Role::Dim));
    if let Purpose::Attach(take) = purpose {
        let shows = take.shows.as_ref().map_or("nothing said".to_owned(), |text| display::line(text).into_owned());
        let reach = spoken(take.reachability.word());
        row.role(&key(app, Act::Reach), Role::Key).role(&format!(" {reach}  "), Role::Text);
        row.role(&key(app, Act::Shows), Role::Key).role(&format!(" {shows}  "), Role::Text);
    }
    if picker.multi {
        row.role(&key(app, Act::Toggle), Role::Key).role(&format!(" mark ({} marked)", picker.marked.len()), Role::Dim);
    }
    scrollbar(
        buffer,
        theme,
        Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area },
        picker.top,
        picker.shown.len(),
    );
}

/// Returns the start of a text, at most `width` columns.
fn cut(text: &str, width: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let mut bytes = [0; 4];
        if out.width() + c.encode_utf8(&mut bytes).width() > width {
            break;
        }
        out.push(c);
    }
    out
}

fn draw_page(buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, page: &Page) {
    let base = theme.style(Role::Popup);
    let at = format!("{}/{}", (page.cursor + 1).min(page.lines.len()), page.lines.len());
    title(buffer, theme, area, true, &page.title, &at);
    for (at, (line, go)) in page.lines.iter().enumerate().skip(page.top).take(usize::from(inner.height)) {
        let current = at == page.cursor;
        let style = if current { base.patch(theme.style(Role::Cursor)) } else { base };
        let rect = Rect::new(inner.x, inner.y + (at - page.top) as u16, inner.width, 1);
        let mut row = Row::new(buffer, theme, rect, style);
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        if go.is_some() && current {
            row.right("Enter", theme.style(Role::Dim));
        }
        row.line(line);
    }
    scrollbar(buffer, theme, area, page.top, page.lines.len());
}

fn draw_search(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, search: &RepoSearch) {
    let base = theme.style(Role::Popup);
    title(buffer, theme, area, true, "Search in the repository at the pin", &format!("{} hits", search.hits.len()));
    if inner.height < 4 {
        return;
    }
    for (at, label, text, active) in [
        (0, if search.literal { "text  " } else { "regex " }, &search.pattern, !search.on_globs),
        (1, "files ", &search.globs, search.on_globs),
    ] {
        let line = Rect { y: inner.y + at, height: 1, ..inner };
        Row::new(buffer, theme, line, base).role(label, Role::Key);
        field(buffer, theme, Rect { x: line.x + 6, width: line.width.saturating_sub(6), ..line }, text, active);
    }
    let line = Rect { y: inner.y + 2, height: 1, ..inner };
    let mut row = Row::new(buffer, theme, line, base);
    let keys = format!(
        "{} {}  {} {}  {} evidence",
        key(app, Act::SearchLiteral),
        if search.literal { "regex" } else { "plain text" },
        key(app, Act::SearchCase),
        if search.case_sensitive { "any case" } else { "this case" },
        key(app, Act::TakeSearch),
    );
    row.right(&keys, theme.style(Role::Dim));
    match &search.ended {
        _ if search.asked.pattern.is_empty() => row.role("type a pattern; globs such as src/** !*.test.ts", Role::Dim),
        None => row.role(&format!("{} so far {}", search.hits.len(), theme.glyphs.ellipsis), Role::Dim),
        Some(Ok(found)) => {
            let skipped: u64 = found.skipped.iter().map(|skipped| skipped.files).sum();
            let more = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            let apart =
                if found.excluded_hits > 0 { format!(", {} apart", found.excluded_hits) } else { String::new() };
            row.role(&format!("{} hits in {} files{apart}{more}", found.hits, found.files), Role::Text)
        }
        Some(Err(why)) => row.role(why, Role::Error),
    };
    let rows = Rect { y: inner.y + 3, height: inner.height - 3, ..inner };
    let wide = usize::from(rows.width) * 2 / 5;
    for (at, hit) in search.hits.iter().enumerate().skip(search.top).take(usize::from(rows.height)) {
        let current = at == search.cursor;
        let style = if current { base.patch(theme.style(Role::Cursor)) } else { base };
        let line = Rect::new(rows.x, rows.y + (at - search.top) as u16, rows.width, 1);
        let mut row = Row::new(buffer, theme, line, style);
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        let number = usize::try_from(hit.line).unwrap_or(0);
        let at = place(&hit.path, number, number, wide);
        row.role(&glyphs(theme, &at), if hit.excluded { Role::Dim } else { Role::Key }).put("  ", Style::new());
        let text = display::bytes(&hit.text);
        row.put(text.trim_start().trim_start_matches("\\t"), Style::new());
    }
}

fn draw_form(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, form: &Form, filling: &Filling) {
    let at = format!("{}/{}", form.at + 1, form.fields.len());
    title(buffer, theme, area, true, &form.title, &at);
    let base = theme.style(Role::Popup);
    let evidence = match filling {
        Filling::Finding { evidence, .. } => {
            let ids: Vec<String> = evidence.iter().map(ToString::to_string).collect();
            let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(" ") };
            Some(format!("Evidence: {ids}"))
        }
        Filling::Export => None,
    };
    let below = 2 + u16::from(evidence.is_some());
    let room = usize::from(inner.height.saturating_sub(below));
    let rows = |index: usize, field: &FormField| {
        if index == form.at {
            field.rows().clamp(if is_block(field) { 3 } else { 1 }, FIELD_ROWS)
        } else {
            field.rows().min(2)
        }
    };
    let heights: Vec<usize> = form.fields.iter().enumerate().map(|(index, field)| rows(index, field)).collect();
    // The first field on the screen is the earliest that leaves room for the current one.
    let mut first = form.at;
    let mut used = heights.get(form.at).copied().unwrap_or(1);
    while first > 0 && used + heights[first - 1] <= room {
        first -= 1;
        used += heights[first];
    }
    let mut y = inner.y;
    let end = inner.y + room as u16;
    for (index, one) in form.fields.iter().enumerate().skip(first) {
        let height = (heights[index] as u16).min(end.saturating_sub(y));
        if height == 0 {
            break;
        }
        let current = index == form.at;
        let label = Rect::new(inner.x, y, LABELS.min(inner.width), 1);
        let mut row = Row::new(buffer, theme, label, base);
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        row.role(one.label, if current { Role::TitleFocus } else { Role::Dim });
        let value = Rect::new(inner.x + label.width, y, inner.width - label.width, height);
        match &one.input {
            Input::Choice(words, at) => {
                let mut row = Row::new(buffer, theme, Rect { height: 1, ..value }, base);
                for (word_at, word) in words.iter().enumerate() {
                    let chosen = word_at == *at;
                    let style = if chosen && current {
                        over(base, theme.style(Role::Cursor))
                    } else if chosen {
                        theme.style(Role::Title)
                    } else {
                        theme.style(Role::Dim)
                    };
                    let (open, close) = if chosen { ("[", "]") } else { (" ", " ") };
                    row.put(&format!("{open}{}{close}", spoken(word)), style);
                }
            }
            Input::Text(text) if current => field(buffer, theme, value, text, true),
            Input::Text(text) => {
                for (at, line) in text.area.lines().iter().take(usize::from(height)).enumerate() {
                    let line_area = Rect { y: value.y + at as u16, height: 1, ..value };
                    let more = at + 1 == usize::from(height) && text.area.lines().len() > usize::from(height);
                    let shown = format!("{}{}", display::line(line), if more { theme.glyphs.ellipsis } else { "" });
                    Row::new(buffer, theme, line_area, base).put(&shown, Style::new());
                }
            }
        }
        y += height;
    }
    let mut y = inner.bottom().saturating_sub(below);
    if let Some(text) = evidence {
        let mut row = Row::new(buffer, theme, Rect { y, height: 1, ..inner }, base);
        row.right(
            &format!("{} picks it  {} withdraws", key(app, Act::Pick), key(app, Act::Withdraw)),
            theme.style(Role::Dim),
        );
        row.role(&format!(" {text}"), Role::GutterItem);
        y += 1;
    }
    let hint = form.fields.get(form.at).map(|field| field.hint).unwrap_or_default();
    let mut row = Row::new(buffer, theme, Rect { y, height: 1, ..inner }, base);
    match &form.wrong {
        Some(why) => row.role(&format!(" {}", display::line(why)), Role::Error),
        None => row.role(&format!(" {hint}"), Role::Dim),
    };
    let mut row = Row::new(buffer, theme, Rect { y: y + 1, height: 1, ..inner }, base);
    row.put(" ", Style::new());
    for (act, label) in [
        (Act::Save, if matches!(filling, Filling::Export) { "export" } else { "save" }),
        (Act::NextField, "next field"),
        (Act::PreviousField, "field before"),
        (Act::Cancel, "cancel"),
    ] {
        row.role(&key(app, act), Role::Key).role(&format!(" {label}  "), Role::Dim);
    }
}

fn is_block(field: &FormField) -> bool {
    matches!(&field.input, Input::Text(text) if !text.one_line)
}

/// What may follow a key that is the start of others.
fn prefix(app: &App, buffer: &mut Buffer, theme: &Theme) {
    let all = app.keymap.after(&app.contexts(), &app.pending);
    let width = app.size.0.saturating_sub(4).min(110);
    let columns = if width >= 90 { 2 } else { 1 };
    let per_column = all.len().div_ceil(columns);
    let height = (per_column as u16 + 2).min(app.size.1.saturating_sub(2));
    let area = Rect::new((app.size.0 - width) / 2, app.size.1.saturating_sub(height + 1), width, height)
        .intersection(buffer.area);
    Clear.render(area, buffer);
    let inner = frame(buffer, theme, area, true, true);
    title(buffer, theme, area, true, &crate::app::key::spoken(&app.pending), "");
    let column = usize::from(inner.width) / columns;
    for (at, (key, act)) in all.iter().enumerate() {
        let (x, y) = (at / per_column, at % per_column);
        if y >= usize::from(inner.height) {
            continue;
        }
        let rect = Rect::new(inner.x + (x * column) as u16, inner.y + y as u16, column as u16, 1);
        let doc = wrap(act.row().doc, column.saturating_sub(8), 0);
        let more = if doc.len() > 1 { theme.glyphs.ellipsis } else { "" };
        let mut row = Row::new(buffer, theme, rect, theme.style(Role::Popup));
        row.role(&format!(" {key:<5} "), Role::Key)
            .put(&format!("{}{more}", doc.first().map(String::as_str).unwrap_or_default()), Style::new());
    }
}
