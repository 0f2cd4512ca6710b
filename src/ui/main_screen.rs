//! The main screen: header, tabs, the three panes, the hint line, the footer.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget as _;
use unicode_width::UnicodeWidthStr as _;

use super::code::{Code, Hit, Mark};
use super::coverage;
use super::paint::{self, Row, frame, glyphs, ink, path_title, scrollbar, title};
use super::past;
use super::theme::{Role, Theme};
use crate::app::action::{ACTIONS, Act, Action, Context, Group};
use crate::app::checklist::Row as ListRow;
use crate::app::layout::{self, Areas, WIDE};
use crate::app::line::Tone;
use crate::app::popup::{Filling, Popup};
use crate::app::{App, Pane, hint, item};
use crate::export::count;
use crate::model::answer::State;
use crate::model::audit::Cited;
use crate::model::event::Subject;
use crate::model::evidence::SkipReason;
use crate::model::score::{Range, fact_state};
use crate::repo::{EntryKind, display};

/// Marks for modes stand side by side up to this many; beyond, the worst mode's stands for all.
const SIDE_BY_SIDE: usize = 3;

/// Columns that a repository's name is given at least in the header, if it takes them.
const NAME: usize = 20;

/// Draws the main screen.
pub fn draw(app: &App, buffer: &mut Buffer, theme: &Theme, areas: &Areas) {
    header(app, buffer, theme, areas.header);
    if let Some(area) = areas.tabs {
        tabs(app, buffer, theme, area);
    }
    if let Some(area) = areas.list {
        list(app, buffer, theme, area);
    }
    if let Some(area) = areas.code {
        code(app, buffer, theme, area);
    }
    if let Some(area) = areas.item {
        item_pane(app, buffer, theme, area);
    }
    // Under a popup its ends would look out at the sides.
    if let (Some(area), Some(line), true) = (areas.hint, hint(app), app.popups.is_empty()) {
        Row::new(buffer, theme, area, theme.style(Role::Footer).patch(ink(theme, Role::Text))).line(&line);
    }
    footer(app, buffer, theme, areas.footer);
}

/// Returns what stands at the header's right end, the longest form at 0; score and saved state are in each.
fn standing(app: &App, theme: &Theme, brevity: usize) -> Vec<(String, Role)> {
    let standard = &app.audit.standard;
    let slots = app.audit.now.answers_wanted(standard);
    let tier = app.score.tier.as_ref().and_then(|id| standard.tiers.iter().find(|tier| tier.id == *id));
    let tier =
        tier.map_or("tier open".to_owned(), |tier| tier.title.split([' ', '(']).next().unwrap_or_default().to_owned());
    let word = if brevity < 2 { "Score " } else { "" };
    let mut parts = vec![(format!("{word}{}", app.score.headline), Role::Header)];
    if brevity < 1 {
        parts.push((bar(theme, app.score.headline), Role::Bar));
    }
    // A score alone can flatter: how many items are met stands beside it.
    parts.push((format!("{}/{} met", app.score.met, app.score.applicable), Role::Dim));
    if brevity < 4 {
        parts.push((tier, Role::Header));
    }
    if brevity < 3 {
        parts.push((format!("{}/{slots} answered", app.audit.now.answers.len()), Role::Dim));
    }
    let saved = match &app.unsaved {
        None => ("saved", Role::Saved),
        Some(_) if app.is_read_only() => ("read only", Role::Warning),
        Some(_) => ("NOT SAVED", Role::Error),
    };
    parts.push((saved.0.to_owned(), saved.1));
    parts.into_iter().map(|(text, role)| (glyphs(theme, &text), role)).collect()
}

fn header(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let opened = &app.audit.now.opened;
    let base = theme.style(Role::Header);
    let repo = display::line(&opened.target.repo).into_owned();
    let pin = opened.pin.commit.short();
    let wanted = repo.width().min(NAME) + pin.len() + 4;
    let wide = |parts: &[(String, Role)]| parts.iter().map(|(text, _)| text.width() + 2).sum::<usize>();
    let fits = |brevity: &usize| wide(&standing(app, theme, *brevity)) + wanted <= usize::from(area.width);
    let parts = standing(app, theme, (0..4).find(fits).unwrap_or(4));
    let width = wide(&parts) - 1;
    let mut row = Row::new(buffer, theme, area, base);
    let room = usize::from(area.width).saturating_sub(width + 1);
    let name_room = room.saturating_sub(pin.len() + 3);
    let full = format!("{}/{repo}", display::line(&opened.target.org));
    let name = if full.width() <= name_room { full } else { repo };
    row.put(" ", Style::new()).put_within(&name, name_room, theme.style(Role::Key));
    row.put(&format!("  {pin}"), theme.style(Role::Dim));
    let left = room.saturating_sub(usize::from(area.width) - row.room());
    if let Some(tag) = opened.pin.tags.first().filter(|_| left > 6) {
        row.put_within(&format!("  {}", display::line(tag)), left, theme.style(Role::Dim));
    }
    row.at(area.width.saturating_sub(width as u16));
    for (at, (text, role)) in parts.into_iter().enumerate() {
        let style = if role == Role::Header { Style::new() } else { theme.style(role) };
        row.put(if at > 0 { "  " } else { "" }, Style::new()).put(&text, style);
    }
}

/// The score as a bar of 0 to 100: what is certain is full, what is still reachable is half.
fn bar(theme: &Theme, range: Range) -> String {
    const CELLS: u32 = 14;
    let cell = |points: u32| points.min(100) * CELLS / 100;
    let (low, high) = (cell(range.low), cell(range.high));
    (0..CELLS)
        .map(|at| {
            if at < low {
                theme.glyphs.bar_full
            } else if at < high {
                theme.glyphs.bar_part
            } else {
                theme.glyphs.bar_empty
            }
        })
        .collect()
}

fn tabs(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let third = area.width / 3;
    let code = match (&app.doc, &app.other) {
        (Some(doc), _) => {
            let path = display::bytes(&doc.text.path.0);
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            format!("2 {name}:{}", doc.cursor + 1)
        }
        (None, Some((path, _))) => format!("2 {}", display::bytes(&path.0)),
        (None, None) => "2 Code".to_owned(),
    };
    let names = [
        (Pane::List, if app.shows_files { "1 Files".to_owned() } else { "1 Checklist".to_owned() }),
        (Pane::Code, code),
        (Pane::Item, format!("3 {}", item_name(app))),
    ];
    for (at, (pane, name)) in names.iter().enumerate() {
        let x = area.x + third * at as u16;
        let width = if at == 2 { area.right() - x } else { third };
        let here = app.pane == *pane;
        let base = theme.style(if here { Role::Cursor } else { Role::Footer });
        let mark = if here { theme.glyphs.cursor } else { " " };
        let mut row = Row::new(buffer, theme, Rect::new(x, area.y, width, 1), base);
        row.put(&format!("{mark}{} ", glyphs(theme, name)), theme.style(if here { Role::Key } else { Role::Dim }));
    }
}

/// Returns the item's name with the mode that is answered for.
fn item_name(app: &App) -> String {
    let per_mode = app.slots_in_all_modes(&app.item).iter().any(|slot| slot.mode.is_some());
    let mode = match app.mode_name() {
        _ if !per_mode => String::new(),
        Some(mode) => format!(" ({mode})"),
        None => " (all modes)".to_owned(),
    };
    format!("{}{mode}", app.item)
}

/// What stands on a pane's upper line: its name, a path, what belongs at the right end.
struct Head<'a> {
    name: &'a str,
    path: &'a str,
    right: &'a str,
}

/// Draws a pane's frame and title, and returns its content.
fn pane(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect, which: Pane, head: &Head<'_>) -> Rect {
    let focused = app.pane == which && app.popups.is_empty();
    let wide = app.size.0 >= WIDE;
    let line = if wide { area } else { Rect::new(area.x, area.y, area.width, 1) };
    if wide {
        frame(buffer, theme, area, focused, false);
    } else {
        let mut row = Row::new(buffer, theme, line, theme.style(Role::Border));
        row.put(&theme.glyphs.border.horizontal_top.repeat(usize::from(area.width)), Style::new());
    }
    let zoomed = if wide && app.zoom { format!("zoomed  {}", head.right) } else { head.right.to_owned() };
    let right = zoomed.trim_end();
    if head.path.is_empty() {
        title(buffer, theme, line, focused, head.name, right);
    } else {
        path_title(buffer, theme, line, focused, (head.name, head.path), right);
    }
    layout::inner(app.size, area)
}

/// Returns the style of a list's row.
fn row_style(theme: &Theme, current: bool, focused: bool) -> Style {
    let text = theme.style(Role::Text);
    match (current, focused) {
        (true, true) => text.patch(theme.style(Role::Cursor)),
        (true, false) => text.patch(theme.style(Role::CursorBlur)),
        (false, _) => text,
    }
}

fn list(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    if app.shows_files {
        return files(app, buffer, theme, area);
    }
    let checklist = &app.checklist;
    let name = match (checklist.by_file, checklist.sweep) {
        (false, false) => "1 Checklist",
        (true, false) => "1 Checklist by file",
        (false, true) => "1 Open or unsupported",
        (true, true) => "1 Open by file",
    };
    let mode = match app.mode_name() {
        Some(mode) if app.audit.now.modes.len() > 1 => mode.to_owned(),
        None if app.audit.now.modes.len() > 1 => "all modes".to_owned(),
        _ => String::new(),
    };
    let inner = pane(app, buffer, theme, area, Pane::List, &Head { name, path: "", right: &mode });
    let focused = app.pane == Pane::List;
    if checklist.rows.is_empty() {
        let text = theme.style(Role::Text);
        Row::new(buffer, theme, Rect { height: 1, ..inner }, text).role(" Nothing is left here.", Role::Met);
        let mut row = Row::new(buffer, theme, Rect { y: inner.y + 1, height: 1, ..inner }, text);
        for (act, label) in [(Act::Sweep, "all items"), (Act::Review, "review")] {
            row.role(&format!(" {}", app.keymap.key(act).unwrap_or_default()), Role::Key);
            row.role(&format!(" {label} "), Role::Dim);
        }
    }
    for (at, row) in checklist.rows.iter().enumerate().skip(checklist.top).take(usize::from(inner.height)) {
        let y = inner.y + (at - checklist.top) as u16;
        let current = at == checklist.cursor;
        let base = row_style(theme, current, focused);
        let mut out = Row::new(buffer, theme, Rect::new(inner.x, y, inner.width, 1), base);
        out.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        match row {
            ListRow::Dimension(index) => dimension(app, &mut out, theme, *index),
            ListRow::Item(id) => item_row(app, &mut out, theme, id),
            ListRow::Fact(id) => fact_row(app, &mut out, theme, id),
            ListRow::File(path) => {
                let name = path.as_ref().map_or("no file needed".to_owned(), |path| display::bytes(&path.0));
                out.role(&name, Role::Title);
            }
        }
    }
    if app.size.0 >= WIDE {
        scrollbar(buffer, theme, area, checklist.top, checklist.rows.len());
    }
}

fn dimension(app: &App, out: &mut Row<'_>, theme: &Theme, index: usize) {
    let dimension = &app.audit.standard.dimensions[index];
    let slots: Vec<_> = dimension.items.iter().flat_map(|item| app.slots_of(&item.id)).collect();
    let answered = slots.iter().filter(|slot| app.inputs.answers.contains_key(slot)).count();
    let points = app.score.points(&dimension.id, app.mode_name());
    let fold = if app.checklist.folded.contains(&index) { theme.glyphs.closed } else { theme.glyphs.open };
    let progress = format!("{answered}/{}", slots.len().max(if slots.is_empty() { dimension.items.len() } else { 0 }));
    let points = points.map(|points| points.to_string()).unwrap_or_default();
    let right = format!("{} {progress:>5}", glyphs(theme, &points));
    out.right(&right, theme.style(if answered == slots.len() && answered > 0 { Role::Met } else { Role::Dim }));
    out.role(&format!("{fold} "), Role::Dim);
    let apart = if dimension.separate { " (apart)" } else { "" };
    let mut name = format!("{}{apart}", dimension.title);
    // The first word alone tells the dimensions apart; half a word would not be nicer.
    while name.width() > out.room() {
        let Some((first, _)) = name.rsplit_once(' ') else { break };
        name = first.to_owned();
    }
    out.put(&name, Style::new().add_modifier(Modifier::BOLD));
}

/// Returns the marks of an item, one for each mode, or the worst one.
fn marks(app: &App, id: &str) -> Vec<State> {
    let slots = app.slots_in_all_modes(id);
    let Some((_, item)) = app.audit.standard.item(id) else { return Vec::new() };
    if slots.is_empty() {
        // No mode is declared yet.
        return vec![State::Open];
    }
    let states: Vec<State> = slots
        .iter()
        .map(|slot| State::of(app.inputs.answers.get(slot).map(|given| given.answer), item.secure))
        .collect();
    if states.len() > SIDE_BY_SIDE { states.into_iter().min().into_iter().collect() } else { states }
}

/// Returns how many columns the marks take in every row, so that names stand in line.
fn marks_width(app: &App) -> usize {
    app.audit.now.modes.len().clamp(1, SIDE_BY_SIDE)
}

fn item_row(app: &App, out: &mut Row<'_>, theme: &Theme, id: &str) {
    let Some((dimension, item)) = app.audit.standard.item(id) else { return };
    let subjects: Vec<Subject> = app.slots_of(id).into_iter().map(Subject::Item).collect();
    let pieces = app
        .audit
        .now
        .evidence
        .values()
        .filter(|piece| subjects.iter().any(|subject| piece.backs.contains(subject)))
        .count();
    let right = if pieces > 0 { format!("{}{pieces}", theme.glyphs.evidence) } else { String::new() };
    out.right(&right, theme.style(Role::GutterItem));
    let states = marks(app, id);
    out.put(" ", Style::new());
    for state in &states {
        out.put(theme.glyphs.state(*state), theme.state(*state));
    }
    let width = marks_width(app).max(states.len());
    out.put(&" ".repeat(width - states.len()), Style::new());
    if app.unsupported(id) {
        out.role("!", Role::Unsupported);
    } else {
        out.put(" ", Style::new());
    }
    let number = id
        .strip_prefix(dimension.id.as_str())
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|_| !app.checklist.by_file);
    out.role(&format!("{} ", number.unwrap_or(id)), Role::Dim);
    out.put(&item.short, Style::new());
}

fn fact_row(app: &App, out: &mut Row<'_>, theme: &Theme, id: &str) {
    let slots = app.slots_in_all_modes(id);
    let mut said: Vec<&str> =
        slots.iter().map(|slot| app.inputs.facts.get(slot).map_or("open", String::as_str)).collect();
    let states = slots.iter().map(|slot| fact_state(app.inputs.facts.get(slot).map(String::as_str)));
    // One that is open comes before one that could not be determined: there is something to do.
    let state = states.min_by_key(|state| (*state != State::Open, *state)).unwrap_or(State::Open);
    out.put(" ", Style::new()).put(theme.glyphs.state(state), theme.state(state));
    out.put(&" ".repeat(marks_width(app) - 1), Style::new());
    // What holds in all modes is said once.
    if said.iter().all(|one| *one == said[0]) {
        said.truncate(1);
    }
    if app.unsupported(id) {
        out.role("!", Role::Unsupported)
    } else {
        out.put(" ", Style::new())
    };
    out.put(&format!("{id} "), Style::new()).role(&said.join(" "), Role::Dim);
}

fn files(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let mut right = count(app.files.len(), "file", "files");
    if app.cut.is_some() {
        right += ", cut";
    }
    let inner = pane(app, buffer, theme, area, Pane::List, &Head { name: "1 Files", path: "", right: &right });
    let focused = app.pane == Pane::List;
    let tree = &app.tree;
    let cited = app.audit.now.cited();
    if tree.rows.is_empty() {
        let line = Rect { height: 1, ..inner };
        Row::new(buffer, theme, line, theme.style(Role::Text)).role(" There is no file here.", Role::Dim);
    }
    for (at, row) in tree.rows.iter().enumerate().skip(tree.top).take(usize::from(inner.height)) {
        let y = inner.y + (at - tree.top) as u16;
        let current = at == tree.cursor;
        let mut out =
            Row::new(buffer, theme, Rect::new(inner.x, y, inner.width, 1), row_style(theme, current, focused));
        let name = row.path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let name = display::bytes(name);
        let note = match row.kind {
            Some(EntryKind::Symlink) => "link".to_owned(),
            Some(EntryKind::Submodule) => "submodule".to_owned(),
            Some(_) => match (cited.get(&row.path), app.unread(&row.path)) {
                (Some(cited), _) => cites(cited, theme),
                (None, Some(SkipReason::TooLarge)) => "too large".to_owned(),
                (None, Some(_)) => "binary".to_owned(),
                (None, None) => String::new(),
            },
            None => String::new(),
        };
        if let Some(share) = app.share_of(&row.path) {
            out.right(&coverage::heat(theme, share), theme.style(Role::Dim));
        }
        let role = if cited.contains_key(&row.path) { Role::GutterItem } else { Role::Dim };
        out.right(&note, theme.style(role));
        out.role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor);
        out.put(&"  ".repeat(row.depth.min(12)), Style::new());
        let open = app.doc.as_ref().is_some_and(|doc| doc.text.path == row.path);
        match row.kind {
            None => {
                let fold = if app.tree.closed.contains(&row.path) { theme.glyphs.closed } else { theme.glyphs.open };
                out.role(&format!("{fold} "), Role::Dim).role(&format!("{name}/"), Role::Title);
            }
            Some(_) if open => {
                out.put("  ", Style::new()).role(&name, Role::TitleFocus);
            }
            Some(_) => {
                out.put("  ", Style::new()).put(&name, Style::new());
            }
        }
    }
    if app.size.0 >= WIDE {
        scrollbar(buffer, theme, area, tree.top, tree.rows.len());
    }
}

/// Returns what cites a file: its findings, then how many pieces of evidence.
fn cites(cited: &Cited, theme: &Theme) -> String {
    let more = if cited.findings.len() > 2 { "+ " } else { "" };
    let findings: String = cited.findings.iter().take(2).map(|id| format!("{id} ")).collect();
    format!("{findings}{more}{}{}", theme.glyphs.evidence, cited.pieces)
}

fn code(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let Some(doc) = &app.doc else {
        let key = |act: Act| app.keymap.key(act).unwrap_or_default();
        let (find, list) = (key(Act::FindFile), key(Act::Files));
        let (name, path, why) = match &app.other {
            Some((path, why)) => ("2 ", display::bytes(&path.0), why.clone()),
            None if app.files.is_empty() => {
                ("2 Code", String::new(), "There is no file at the pin, or none in the scope of the audit.".to_owned())
            }
            None => (
                "2 Code",
                String::new(),
                format!("No file is open. {find} finds one by its path, {list} lists all files."),
            ),
        };
        let inner = pane(app, buffer, theme, area, Pane::Code, &Head { name, path: &path, right: "" });
        for (at, line) in crate::app::line::wrap(&why, usize::from(inner.width).saturating_sub(2), 1)
            .iter()
            .enumerate()
            .take(usize::from(inner.height))
        {
            let row = Rect::new(inner.x, inner.y + at as u16, inner.width, 1);
            Row::new(buffer, theme, row, theme.style(Role::Text)).role(line, Role::Dim);
        }
        return;
    };
    let selected = doc.selection().map(|(first, last)| format!("{} selected, ", last - first + 1)).unwrap_or_default();
    // What the current line is evidence of, also where its row has no room for it.
    let here = doc.marks.iter().filter(|mark| mark.first <= doc.cursor && doc.cursor <= mark.last);
    let cited: String = here.map(|mark| format!("{}  ", mark.label)).collect();
    let plain = doc.colours.plain.map(|why| format!("{why}  ")).unwrap_or_default();
    let at = format!(
        "{plain}{}{cited}{selected}{}/{}",
        past::standing(app),
        (doc.cursor + 1).min(doc.text.lines()),
        doc.text.lines()
    );
    let path = display::bytes(&doc.text.path.0);
    let inner = pane(app, buffer, theme, area, Pane::Code, &Head { name: "2 ", path: &path, right: &at });
    let inner = match &app.blame {
        Some(blame) if app.blames && blame.path == doc.text.path => past::origins(buffer, theme, inner, blame, doc),
        _ => inner,
    };
    let height = usize::from(inner.height);
    let shown = doc.top..doc.top + height;
    // Only the marks and hits of the lines on the screen are looked at, once.
    let near: Vec<_> = doc.marks.iter().filter(|mark| mark.first < shown.end && mark.last >= shown.start).collect();
    let marks = |line: usize| {
        let here = || near.iter().filter(|mark| mark.first <= line && line <= mark.last);
        here().next()?;
        // A region's label stands on its first line; where that is above the screen, on the first line there is.
        let labels: Vec<&str> =
            here().filter(|mark| mark.first.max(shown.start) == line).map(|mark| mark.label.as_str()).collect();
        Some(Mark { label: (!labels.is_empty()).then(|| Cow::Owned(labels.join("  "))) })
    };
    let from = doc.found.partition_point(|(line, _)| *line < shown.start);
    let to = doc.found.partition_point(|(line, _)| *line < shown.end);
    let hits: Vec<Hit> = doc.found[from..to]
        .iter()
        .map(|(line, range)| Hit { line: *line, start: range.start, end: range.end })
        .collect();
    let hit = hits.iter().position(|hit| hit.line == doc.cursor);
    let spans = |line: usize| doc.spans(line);
    let view = Code {
        text: &doc.text,
        top: doc.top,
        left: doc.left,
        cursor: doc.cursor,
        selection: doc.selection(),
        focused: app.pane == Pane::Code,
        spans: &spans,
        marks: &marks,
        hits: &hits,
        hit,
        theme,
    };
    view.render(inner, buffer);
    coverage::gutter(app, doc, buffer, theme, inner);
    for (line, signal) in app.lead_lines(&doc.text.path) {
        let at = (line as usize).saturating_sub(1);
        // Evidence, or another sign that stands there already, says more than that the line is worth a look.
        if line > 0
            && shown.contains(&at)
            && let Some(cell) = buffer.cell_mut((inner.x + 1, inner.y + (at - shown.start) as u16))
            && cell.symbol() == " "
        {
            cell.set_char(item::mark(signal)).set_style(paint::tone(theme, Tone::Signal(signal)));
        }
    }
    if app.size.0 >= WIDE {
        scrollbar(buffer, theme, area, doc.top, doc.text.lines());
    }
}

fn item_pane(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let short = app.audit.standard.item(&app.item).map_or(String::new(), |(_, item)| format!(": {}", item.short));
    let name = format!("3 {}{short}", item_name(app));
    let inner = pane(app, buffer, theme, area, Pane::Item, &Head { name: &name, path: "", right: "" });
    let focused = app.pane == Pane::Item;
    let rows = item::rows(app, usize::from(inner.width));
    for (at, row) in rows.iter().enumerate().skip(app.item_top).take(usize::from(inner.height)) {
        let y = inner.y + (at - app.item_top) as u16;
        let current = focused && at == app.item_cursor;
        Row::new(buffer, theme, Rect::new(inner.x, y, inner.width, 1), row_style(theme, current, focused))
            .role(if current { theme.glyphs.cursor } else { " " }, Role::LineNumberCursor)
            .line(&row.line);
    }
    if app.size.0 >= WIDE {
        scrollbar(buffer, theme, area, app.item_top, rows.len());
    }
}

/// The keys that work right now, or what just happened.
fn footer(app: &App, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let mut row = Row::new(buffer, theme, area, theme.style(Role::Footer));
    row.put(" ", Style::new());
    if let Some(notice) = &app.notice {
        let text = glyphs(theme, &display::line(&notice.text));
        let style = if notice.error { theme.style(Role::Error) } else { ink(theme, Role::Text) };
        row.put(&text, style);
        return;
    }
    let (always, others): (Vec<_>, Vec<_>) = keys(app).into_iter().partition(|(act, _, _)| *act == Act::Help);
    let width = |key: &str, label: &str| paint::keys(theme, key).width() + label.len() + 3;
    // Help stands where it is always seen.
    let kept: usize = always.iter().map(|(_, key, label)| width(key, label)).sum();
    for (_, key, label) in others {
        if row.room() < width(&key, label) + kept {
            break;
        }
        row.role(&paint::keys(theme, &key), Role::Key).role(&format!(" {label}  "), Role::Dim);
    }
    row.at(area.width.saturating_sub(kept as u16));
    for (_, key, label) in always {
        row.role(&paint::keys(theme, &key), Role::Key).role(&format!(" {label}  "), Role::Dim);
    }
}

/// Returns actions with keys and labels for the footer, what the moment is for first.
fn keys(app: &App) -> Vec<(Act, String, &'static str)> {
    let context = app.contexts()[0];
    let mut shown: Vec<(usize, &Action, &'static str)> = ACTIONS
        .iter()
        .filter(|action| action.contexts.contains(&context))
        .filter_map(|action| Some((rank(app, action), action, label(app, context, action)?)))
        .collect();
    shown.sort_by_key(|(rank, ..)| *rank);
    shown.into_iter().filter_map(|(_, action, label)| Some((action.act, app.keymap.key(action.act)?, label))).collect()
}

/// Returns where an action stands in the footer: what only this moment offers, then what its pane is for.
fn rank(app: &App, action: &Action) -> usize {
    let order = match app.pane {
        _ if matches!(action.act, Act::Back | Act::DeclareMode | Act::StateFact | Act::Sweep | Act::Detach) => {
            return 0;
        }
        // They come after the answer.
        _ if matches!(action.act, Act::Reason | Act::Note) => return 5,
        Pane::List if app.shows_files => [Group::Move, Group::Read, Group::Answer, Group::Evidence],
        Pane::List | Pane::Item => [Group::Answer, Group::Evidence, Group::Move, Group::Read],
        Pane::Code => [Group::Evidence, Group::Answer, Group::Read, Group::Move],
    };
    1 + order.iter().position(|group| *group == action.group).unwrap_or(order.len())
}

/// Returns an action's word for the footer, if it can do something now.
fn label(app: &App, context: Context, action: &Action) -> Option<&'static str> {
    use crate::model::answer::Answer;
    let item = app.audit.standard.item(&app.item).map(|(_, item)| item);
    let accepts = |answer: Answer| item.is_some_and(|item| item.accepts.contains(&answer));
    let selected = app.doc.as_ref().is_some_and(|doc| doc.selection().is_some());
    let found = app.doc.as_ref().is_some_and(|doc| !doc.found.is_empty());
    let in_code = app.pane == Pane::Code && app.doc.is_some();
    let on_piece = || {
        let row = app.content(Pane::Item).filter(|_| app.pane == Pane::Item);
        let rows = row.map(|inner| item::rows(app, usize::from(inner.width))).unwrap_or_default();
        rows.get(app.item_cursor)
            .is_some_and(|row| matches!(row.target, item::Target::Piece(_) | item::Target::Place(..)))
    };
    let one_line = matches!(app.popups.last(), Some(Popup::Text(text)) if text.field.one_line);
    let leads_on =
        matches!(app.popups.last(), Some(Popup::Page(page)) if page.lines.iter().any(|(_, go)| go.is_some()));
    let exports = matches!(app.popups.last(), Some(Popup::Form(_, Filling::Export)));
    let useful = match (context, action.act) {
        (Context::Main, Act::Yes) => accepts(Answer::Yes),
        (Context::Main, Act::No) => accepts(Answer::No),
        (Context::Main, Act::Partial) => accepts(Answer::Partial),
        (Context::Main, Act::NotApplicable) => accepts(Answer::NotApplicable),
        (Context::Main, Act::CannotTell) => accepts(Answer::Unknown),
        (Context::Main, Act::Reason) => {
            app.slots_of(&app.item).iter().any(|slot| app.audit.now.answers.contains_key(slot))
        }
        (Context::Main, Act::Confirm) => app.is_carried(&app.item),
        (Context::Main, Act::Mode) => app.audit.now.modes.len() > 1,
        (Context::Main, Act::DeclareMode) => app.audit.now.modes.is_empty(),
        (Context::Main, Act::StateFact) => app.audit.standard.fact(&app.item).is_some(),
        (Context::Main, Act::Sweep) => app.checklist.sweep,
        (Context::Main, Act::Back) => selected || found,
        (Context::Main, Act::Select) if selected => return None,
        (Context::Main, Act::Select | Act::Attach) => in_code,
        (Context::Main, Act::Reuse) => app.pane == Pane::Item,
        (Context::Main, Act::Detach | Act::Redact) => on_piece(),
        (Context::Main, Act::SearchFile) => app.doc.is_some(),
        (Context::Main, Act::NextHit) => found,
        (Context::Main, Act::NextLead) => app.listed.counts.listed() > 0,
        (Context::Main, Act::Mute) => {
            app.pane == Pane::Item
                && matches!(
                    app.target_under(),
                    item::Target::Hit(..) | item::Target::Lead(_) | item::Target::LeadFile(_)
                )
        }
        (Context::Main, Act::Open) => !in_code,
        (Context::List, Act::Toggle | Act::ToggleAll) => app.popups.last().is_some_and(Popup::is_multi),
        (Context::Text, Act::NewLine) => !one_line,
        // Enter does it.
        (Context::Text, Act::Save) => false,
        (Context::Form, Act::Save) if exports => return Some("export"),
        (Context::Form, Act::Accept) => false,
        (Context::Carried, Act::Accept) => return Some("show"),
        (Context::Page | Context::Review, Act::Accept) => return leads_on.then_some("go there"),
        _ => true,
    };
    Some(action.label).filter(|label| useful && !label.is_empty())
}
