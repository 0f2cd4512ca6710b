//! What lies over the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Clear, Widget as _};
use tui_textarea::{CursorMove, TextArea};
use unicode_width::UnicodeWidthStr as _;

use super::code::{self, Code};
use super::paint::{Row, frame, glyphs, keys, scrollbar, start, title};
use super::past;
use super::theme::{Role, Theme, over};
use crate::app::App;
use crate::app::action::Act;
use crate::app::field::Field;
use crate::app::form::{Form, FormField, Input};
use crate::app::item::{place, spoken};
use crate::app::line::{overhang, wrap};
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Filling, Page, Popup, Purpose, RepoSearch, Text, Value, Writing};
use crate::export::count;
use crate::repo::{Hit, display};

/// Rows that a long field shows at most.
const FIELD_ROWS: usize = 8;

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
                title(buffer, theme, area, true, &display::line(&text.title), &found(app, text));
                let hint = wrap(&display::line(text.hint()), usize::from(inner.width), 0);
                // A long hint leaves half of the rows to the text.
                let below = (hint.len() as u16).min(inner.height / 2);
                let area = Rect { height: inner.height - below, ..inner };
                field(buffer, theme, area, &text.field, true);
                for (at, line) in hint.iter().take(usize::from(below)).enumerate() {
                    let row = Rect { y: area.bottom() + at as u16, height: 1, ..inner };
                    let more = at + 1 == usize::from(below) && hint.len() > usize::from(below);
                    let line = format!("{line}{}", if more { theme.glyphs.ellipsis } else { "" });
                    Row::new(buffer, theme, row, theme.style(Role::Popup)).role(&line, Role::Dim);
                }
            }
            Popup::Page(page) => draw_page(app, buffer, theme, area, inner, page),
            Popup::Search(search) => draw_search(app, buffer, theme, area, inner, popup, search),
            Popup::Form(form, filling) => draw_form(app, buffer, theme, area, inner, form, filling),
            Popup::Compare(compare) => past::compare(app, buffer, theme, area, inner, compare),
            Popup::Version(version) => past::version(buffer, theme, area, inner, version),
        }
    }
    if app.popups.is_empty() && !app.pending.is_empty() {
        prefix(app, buffer, theme);
    }
}

fn key(app: &App, act: Act) -> String {
    app.keymap.key(act).unwrap_or_default()
}

/// Returns what a search in the file found so far.
fn found(app: &App, text: &Text) -> String {
    match (&text.writing, &app.doc) {
        (Writing::Find(..), Some(doc)) if !text.field.text().is_empty() => match doc.found.len() {
            0 => "no hit".to_owned(),
            some => count(some, "hit", "hits"),
        },
        _ => String::new(),
    }
}

/// Returns what Enter does in a list.
fn verb(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Palette => "runs it",
        Purpose::Files => "opens it",
        Purpose::Outline(..) => "goes to it",
        Purpose::Attach(_) | Purpose::Reuse(_) => "attaches",
        Purpose::Extend(_) => "adds the region to it",
        Purpose::Batch => "answers them not applicable",
        Purpose::Pieces => "shows it",
        Purpose::Findings => "edits it",
        Purpose::Facts => "shows its values",
        Purpose::FactValues(_) => "states it",
        Purpose::Audits => "goes on with it",
        Purpose::Against(..) => "compares with it",
        Purpose::Mute => "mutes it",
        Purpose::Unmute => "lists it again",
        Purpose::LeadFiles(_) => "goes to its first hit",
        Purpose::FindingEvidence => "takes them",
    }
}

/// Returns an editor to draw: characters that would hide or move others, pasted perhaps, each stand as one that is seen,
/// so that the cursor stays where it is.
fn harmless(area: &TextArea<'static>) -> TextArea<'static> {
    let clean = |line: &String| -> String {
        let pieces = display::pieces(line.as_bytes());
        pieces
            .flat_map(|piece| {
                let hidden = piece.hazard && line[piece.range.clone()] != *"\t";
                line[piece.range].chars().map(move |c| if hidden { char::REPLACEMENT_CHARACTER } else { c })
            })
            .collect()
    };
    let lines: Vec<String> = area.lines().iter().map(clean).collect();
    if lines == area.lines() {
        return area.clone();
    }
    let mut editor = TextArea::new(lines);
    let at = area.cursor();
    editor.move_cursor(CursorMove::Jump(at.0 as u16, at.1 as u16));
    editor
}

/// Draws a text being written.
fn field(buffer: &mut Buffer, theme: &Theme, area: Rect, field: &Field, active: bool) {
    if area.is_empty() {
        return;
    }
    let mut editor = harmless(&field.area);
    let base = theme.style(if active { Role::Input } else { Role::Popup });
    buffer.set_style(area, base);
    editor.set_style(base);
    editor.set_cursor_line_style(Style::new());
    editor.set_selection_style(base.patch(theme.style(Role::Selection)));
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
    let cited = app.audit.now.cited();
    for (at, shown) in picker.shown.iter().enumerate().skip(picker.top).take(usize::from(popup.height)) {
        let entry = &picker.entries[shown.index];
        let current = at == picker.cursor;
        let style = if current { base.patch(theme.style(Role::Cursor)) } else { base };
        let line = Rect::new(popup.x, popup.y + (at - picker.top) as u16, popup.width, 1);
        let mut row = Row::new(buffer, theme, line, style);
        let detail = match (purpose, &entry.value) {
            (Purpose::Palette, _) => keys(theme, &entry.detail),
            (Purpose::Files, Value::Path(path)) => app.known(path, &cited),
            _ => glyphs(theme, &entry.detail),
        };
        // The label comes first, but half of the row is the detail's if it takes it.
        let width = usize::from(line.width);
        let before = if picker.multi { 7 } else { 3 };
        let detail = start(theme, &detail, width.saturating_sub(entry.label.width() + before).max(width / 2));
        row.right(&detail, theme.style(Role::Dim));
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        if picker.multi {
            let check =
                if picker.marked.contains(&shown.index) { theme.glyphs.checked } else { theme.glyphs.unchecked };
            row.put(check, theme.style(Role::Key)).put(" ", Style::new());
        }
        let (kept, left_out) = cut(purpose, entry, row.room());
        let out = entry.label.chars().skip(kept).take(left_out).collect::<String>();
        let mut rest = entry.label.width().saturating_sub(out.width());
        for (position, c) in entry.label.chars().enumerate() {
            if position == kept && left_out > 0 {
                row.put(theme.glyphs.ellipsis, Style::new());
            }
            if (kept..kept + left_out).contains(&position) {
                continue;
            }
            let mut bytes = [0; 4];
            let c = c.encode_utf8(&mut bytes);
            if rest > row.room() && row.room() < c.width() + 1 {
                row.put(theme.glyphs.ellipsis, Style::new());
                break;
            }
            rest = rest.saturating_sub(c.width());
            let hit = shown.matched.binary_search(&(position as u32)).is_ok();
            row.put(c, if hit { theme.style(Role::Match) } else { Style::new() });
        }
    }
    if picker.shown.is_empty() && popup.height > 0 {
        let said = if picker.entries.is_empty() { "there is none yet" } else { "nothing matches" };
        Row::new(buffer, theme, Rect { height: 1, ..popup }, base).put("  ", Style::new()).role(said, Role::Dim);
    }
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let mut row = Row::new(buffer, theme, bottom, base);
    row.put(" ", Style::new());
    if picker.multi {
        row.role(&key(app, Act::Toggle), Role::Key).role(" mark ", Role::Dim);
        row.put(&format!("({})  ", picker.marked.len()), Style::new());
    }
    if let Purpose::Attach(take) = purpose {
        let reach = spoken(take.reachability.word());
        row.role(&key(app, Act::Reach), Role::Key).role(" reach: ", Role::Dim).put(&reach, Style::new());
        let shows = take.shows.as_ref().map_or("not said".to_owned(), |text| display::line(text).into_owned());
        row.role(&format!("  {}", key(app, Act::Shows)), Role::Key).role(" shows: ", Role::Dim);
        row.put(&shows, Style::new()).put("  ", Style::new());
    }
    row.right(&format!("{} {} ", key(app, Act::Accept), verb(purpose)), theme.style(Role::Dim));
    scrollbar(
        buffer,
        theme,
        Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area },
        picker.top,
        picker.shown.len(),
    );
}

fn draw_page(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, page: &Page) {
    let base = theme.style(Role::Popup);
    let at = format!("{}/{}", (page.cursor + 1).min(page.lines.len()), page.lines.len());
    title(buffer, theme, area, true, &page.title, &at);
    for (at, (line, go)) in page.lines.iter().enumerate().skip(page.top).take(usize::from(inner.height)) {
        let current = at == page.cursor;
        let style = if current { base.patch(theme.style(Role::Cursor)) } else { base };
        let rect = Rect::new(inner.x, inner.y + (at - page.top) as u16, inner.width, 1);
        let mut row = Row::new(buffer, theme, rect, style);
        row.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        row.line(line);
        if go.is_some() && current {
            row.right(&key(app, Act::Accept), theme.style(Role::Dim));
        }
    }
    scrollbar(buffer, theme, area, page.top, page.lines.len());
}

fn draw_search(
    app: &App,
    buffer: &mut Buffer,
    theme: &Theme,
    area: Rect,
    inner: Rect,
    popup: &Popup,
    search: &RepoSearch,
) {
    let base = theme.style(Role::Popup);
    title(buffer, theme, area, true, "Search in the repository at the pin", &search.counted());
    if inner.height < 5 {
        return;
    }
    for (at, label, text, active) in [
        (0, if search.literal { " text  " } else { " regex " }, &search.pattern, !search.on_globs),
        (1, " files ", &search.globs, search.on_globs),
    ] {
        let line = Rect { y: inner.y + at, height: 1, ..inner };
        Row::new(buffer, theme, line, base).role(label, Role::Key);
        field(buffer, theme, Rect { x: line.x + 7, width: line.width.saturating_sub(7), ..line }, text, active);
    }
    let line = Rect { y: inner.y + 2, height: 1, ..inner };
    let mut row = Row::new(buffer, theme, line, base);
    row.put(" ", Style::new());
    match &search.ended {
        _ if search.asked.pattern.is_empty() => row.role("type a pattern; globs such as src/** !*.test.ts", Role::Dim),
        None => row.role(&format!("{} so far {}", search.hits.len(), theme.glyphs.ellipsis), Role::Dim),
        Some(Ok(found)) => {
            let skipped: u64 = found.skipped.iter().map(|skipped| skipped.files).sum();
            let more = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            let apart =
                if found.excluded_hits > 0 { format!(", {} apart", found.excluded_hits) } else { String::new() };
            let hits = count(found.hits, "hit", "hits");
            row.put(&format!("{hits} in {} read{apart}{more}", count(found.files, "file", "files")), Style::new())
        }
        Some(Err(why)) => row.role(why, Role::Error),
    };
    let line = Rect { y: inner.y + 3, height: 1, ..inner };
    let mut row = Row::new(buffer, theme, line, base);
    row.put(" ", Style::new());
    let limited = !search.globs.text().trim().is_empty();
    let scope = match search.scope_of(&app.audit.standard.scopes) {
        Some(name) => format!("scope {}", display::line(name)),
        None if limited => "these files".to_owned(),
        None => "all files".to_owned(),
    };
    for (act, state, set) in [
        (Act::SearchLiteral, if search.literal { "plain text" } else { "regex" }, search.literal),
        (Act::SearchCase, if search.case_sensitive { "this case" } else { "any case" }, search.case_sensitive),
        (Act::SearchWord, if search.word { "whole words" } else { "parts of words" }, search.word),
        (Act::SearchScope, &scope, limited),
    ] {
        let role = if set { Role::Text } else { Role::Dim };
        row.role(&key(app, act), Role::Key).put(" ", Style::new()).role(state, role).put("  ", Style::new());
    }
    let rows = popup.rows(area);
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
    if let (Some(area), Some(hit)) = (popup.peek(area), search.hits.get(search.cursor)) {
        peek(buffer, theme, area, search, hit);
    }
}

/// Draws the file of the hit under the cursor.
fn peek(buffer: &mut Buffer, theme: &Theme, area: Rect, search: &RepoSearch, hit: &Hit) {
    let head = Rect { y: area.y - 1, height: 1, ..area };
    let mut row = Row::new(buffer, theme, head, theme.style(Role::Popup));
    row.put(" ", Style::new());
    let Some(doc) = search.peek.doc(hit) else {
        row.role(search.peek.why().unwrap_or(theme.glyphs.ellipsis), Role::Dim);
        return;
    };
    row.role(&start(theme, &display::bytes(&hit.path.0), usize::from(head.width).saturating_sub(2)), Role::Dim);
    let hits: Vec<code::Hit> =
        doc.found.iter().map(|(line, at)| code::Hit { line: *line, start: at.start, end: at.end }).collect();
    let view = Code {
        text: &doc.text,
        top: doc.top,
        left: doc.left,
        cursor: doc.cursor,
        selection: None,
        focused: false,
        spans: &|line| doc.spans(line),
        marks: &|_| None,
        hits: &hits,
        hit: None,
        theme,
    };
    view.render(area, buffer);
}

fn draw_form(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, inner: Rect, form: &Form, filling: &Filling) {
    let at = format!("{}/{}", form.at + 1, form.fields.len());
    title(buffer, theme, area, true, &form.title, &at);
    let base = theme.style(Role::Popup);
    let evidence = match filling {
        Filling::Finding { evidence, take, .. } => {
            let mut ids: Vec<String> = evidence.iter().map(ToString::to_string).collect();
            ids.extend(take.iter().map(|region| place(&region.path, region.first, region.last, 40)));
            let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(" ") };
            Some(format!("Evidence: {ids}"))
        }
        Filling::Export => None,
    };
    let below = 1 + u16::from(evidence.is_some());
    let room = usize::from(inner.height.saturating_sub(below));
    let rows = |index: usize, field: &FormField| {
        if index == form.at {
            field.rows().clamp(if is_block(field) { 3 } else { 1 }, FIELD_ROWS)
        } else {
            field.rows().min(2)
        }
    };
    let heights: Vec<usize> = form.fields.iter().enumerate().map(|(index, field)| rows(index, field)).collect();
    let longest = form.fields.iter().map(|field| field.label.width() as u16 + 3).max().unwrap_or(0);
    let labels = longest.min(inner.width * 3 / 5);
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
        let label = Rect::new(inner.x, y, labels, 1);
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
        let withdraw = match filling {
            Filling::Finding { id: Some(_), .. } => format!("  {} withdraws the finding", key(app, Act::Withdraw)),
            _ => String::new(),
        };
        let mut row = Row::new(buffer, theme, Rect { y, height: 1, ..inner }, base);
        row.right(&format!("{} picks it{withdraw} ", key(app, Act::Pick)), theme.style(Role::Dim));
        row.role(&format!(" {text}"), Role::GutterItem);
        y += 1;
    }
    let hint = form.fields.get(form.at).map(|field| field.hint).unwrap_or_default();
    let mut row = Row::new(buffer, theme, Rect { y, height: 1, ..inner }, base);
    match &form.wrong {
        Some(why) => row.role(&format!(" {}", display::line(why)), Role::Error),
        None => row.role(&format!(" {hint}"), Role::Dim),
    };
}

/// Returns how much of a row's label is kept from its start, and how much is left out after that, in characters: of a path,
/// whose end tells more than its start.
fn cut(purpose: &Purpose, entry: &Entry<Value>, room: usize) -> (usize, usize) {
    let kept = match (purpose, &entry.value) {
        (Purpose::Files | Purpose::LeadFiles(_), _) => 0,
        (_, Value::Mute(mute)) => display::line(&mute.words().0).chars().count(),
        _ => return (0, 0),
    };
    let (head, path) =
        entry.label.split_at(entry.label.char_indices().nth(kept).map_or(entry.label.len(), |(at, _)| at));
    (kept, overhang(path, room.saturating_sub(head.width())))
}

fn is_block(field: &FormField) -> bool {
    matches!(&field.input, Input::Text(text) if !text.one_line)
}

/// What may follow a key that is the start of others.
fn prefix(app: &App, buffer: &mut Buffer, theme: &Theme) {
    /// The narrowest column that tells anything.
    const COLUMN: u16 = 16;
    /// A narrower one has room for an action's name, and not for what it does.
    const SENTENCE: usize = 24;
    let all = app.keymap.after(&app.contexts(), &app.pending);
    let width = app.size.0.saturating_sub(4).min(110);
    let rows = usize::from(app.size.1.saturating_sub(4));
    let columns = all.len().div_ceil(rows.max(1)).max(if width >= 90 { 2 } else { 1 });
    let columns = columns.min(usize::from(width / COLUMN).max(1));
    let per_column = all.len().div_ceil(columns);
    let height = (per_column as u16 + 2).min(app.size.1.saturating_sub(2));
    let area = Rect::new((app.size.0 - width) / 2, app.size.1.saturating_sub(height + 1), width, height)
        .intersection(buffer.area);
    Clear.render(area, buffer);
    let inner = frame(buffer, theme, area, true, true);
    let left_out = all.len().saturating_sub(usize::from(inner.height) * columns);
    let left_out = if left_out > 0 { format!("{left_out} more in the help") } else { String::new() };
    title(buffer, theme, area, true, &format!("After {}", crate::app::key::spoken(&app.pending)), &left_out);
    let column = usize::from(inner.width) / columns;
    for (at, (key, act)) in all.iter().enumerate() {
        let (x, y) = (at / per_column, at % per_column);
        if y >= usize::from(inner.height) {
            continue;
        }
        let rect = Rect::new(inner.x + (x * column) as u16, inner.y + y as u16, column as u16, 1);
        let mut row = Row::new(buffer, theme, rect, theme.style(Role::Popup));
        let told = if column < SENTENCE { act.row().id } else { act.row().doc };
        row.role(&format!(" {:<5} ", keys(theme, key)), Role::Key).put(told, Style::new());
    }
}
