//! The view of a database: the list of its audits, and pages over it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Row, keys};
use super::theme::{Role, Theme};
use crate::app::browse::{Browse, Page, counted, scored};
use crate::app::line::{Line, Tone, overhang};
use crate::auditdb::query::standing;
use crate::config::Ui;
use crate::export::count;
use crate::repo::display;

/// Draws the database's screen.
pub fn draw(browse: &Browse, ui: &Ui, no_color: bool, buffer: &mut Buffer) {
    let theme = Theme::new(ui.theme, ui.ascii, no_color);
    let area = buffer.area;
    buffer.set_style(area, theme.style(Role::Text));
    if area.height < 6 || area.width < 40 {
        buffer.set_stringn(0, 0, "touchstone needs 40x6", usize::from(area.width), theme.style(Role::Text));
        return;
    }
    let row = |y: u16| Rect { y, height: 1, ..area };
    let header = theme.style(Role::Header);
    let page = browse.pages.last();
    let title = page.map_or_else(|| "Audits".to_owned(), |page| page.title.clone());
    let shown = format!("{} of {}", browse.shown.len(), count(browse.catalog.audits().count(), "audit", "audits"));
    Row::new(buffer, &theme, row(0), header)
        .role(&format!(" {title} "), Role::Title)
        .right(&format!("on {} ", browse.as_of), theme.style(Role::Dim));
    let reverse = if browse.reverse { ", reversed" } else { "" };
    let said = if page.is_some() { String::new() } else { format!("{shown}, by {}{reverse} ", browse.sort) };
    let room = usize::from(area.width).saturating_sub(said.chars().count() + 1);
    Row::new(buffer, &theme, row(1), theme.style(Role::Text))
        .put_within(&format!(" {}", browse.source), room, theme.style(Role::Dim))
        .right(&said, theme.style(Role::Dim));
    match page {
        Some(page) => draw_page(browse, page, buffer, &theme),
        None => draw_list(browse, buffer, &theme),
    }
    footer(browse, buffer, &theme, row(area.height - 1));
}

/// How many columns the server's name has, the auditor's and the score's.
fn columns(width: u16) -> (usize, usize, usize) {
    let room = usize::from(width).saturating_sub(14 + 16 + 5);
    let score = 12;
    let auditor = (room / 5).clamp(8, 20);
    (room.saturating_sub(score + auditor), auditor, score)
}

fn draw_list(browse: &Browse, buffer: &mut Buffer, theme: &Theme) {
    let area = buffer.area;
    let (server, auditor, score) = columns(area.width);
    let line = |y: u16| Rect { y, height: 1, ..area };
    let name = |at: &str| if browse.sort.word() == at { Role::TitleFocus } else { Role::Title };
    Row::new(buffer, theme, line(2), theme.style(Role::Text))
        .role(" DATE        ", name("date"))
        .role(&format!("{:<server$} ", "SERVER"), name("server"))
        .role(&format!("{:<auditor$} ", "AUDITOR"), name("auditor"))
        .role(&format!("{:<score$} ", "AUDITED"), name("score"))
        .role("  C  H  M  L  I", name("severity"));
    for at in 0..browse.height() {
        let index = browse.top + at;
        let Some(shown) = browse.row(index) else { break };
        let entry = shown.entry;
        let current = index == browse.cursor;
        let base = theme.style(if current { Role::Cursor } else { Role::Text });
        let mark = if current { theme.glyphs.cursor } else { " " };
        let place = entry.server.to_string();
        let place = display::line(place.strip_prefix("github.com/").unwrap_or(&place)).into_owned();
        let cut = overhang(&place, server);
        let place = if cut == 0 {
            place
        } else {
            format!("{}{}", theme.glyphs.ellipsis, place.chars().skip(cut).collect::<String>())
        };
        let (stands, _) = standing(entry, browse.as_of);
        let date = entry.date().unwrap_or_else(|| "-".to_owned());
        let mut row = Row::new(buffer, theme, line(3 + at as u16), base);
        row.put(mark, base).put(&format!("{date:<10}"), base);
        row.role(&stands.mark().to_string(), Role::Concern).put(" ", base);
        row.put_within(&place, server, base).at(13 + server as u16 + 1);
        row.put_within(&display::line(&entry.auditor.login), auditor, base).at((13 + server + 1 + auditor + 1) as u16);
        row.put_within(&scored(entry.score.as_ref()), score, base)
            .at((13 + server + 1 + auditor + 1 + score + 1) as u16)
            .line(&counted(Line::default(), &entry.open()));
        let mut marks = String::from(" ");
        marks.push(if entry.signature_present { 's' } else { ' ' });
        marks.push(if entry.problems.is_empty() { ' ' } else { '!' });
        row.put(&marks, base);
    }
    if browse.shown.is_empty() {
        Row::new(buffer, theme, line(4), theme.style(Role::Text)).role("   No audit matches.", Role::Dim);
    }
}

fn draw_page(browse: &Browse, page: &Page, buffer: &mut Buffer, theme: &Theme) {
    let area = buffer.area;
    if page.waits {
        let line = Rect { y: 2, height: 1, ..area };
        Row::new(buffer, theme, line, theme.style(Role::Text)).right("reading … ", theme.style(Role::Dim));
    }
    for at in 0..browse.height() {
        let index = page.top + at;
        let Some(line) = page.lines.get(index) else { break };
        let current = index == page.cursor;
        let base = theme.style(if current { Role::Cursor } else { Role::Text });
        let mark = match (current, page.leads(index)) {
            (true, _) => theme.glyphs.cursor,
            (false, true) => "·",
            (false, false) => " ",
        };
        let place = Rect { y: 3 + at as u16, height: 1, ..area };
        Row::new(buffer, theme, place, base).line(&Line::of(Tone::Dim, format!("{mark} "))).line(line);
    }
}

fn footer(browse: &Browse, buffer: &mut Buffer, theme: &Theme, area: Rect) {
    let mut row = Row::new(buffer, theme, area, theme.style(Role::Footer));
    if browse.typing {
        row.role(" / ", Role::Key).role(&display::line(&browse.filter), Role::Text);
        row.role(theme.glyphs.cursor, Role::Dim).right("Enter keeps, Esc clears ", theme.style(Role::Dim));
        return;
    }
    if !browse.filter.is_empty() && browse.pages.is_empty() {
        row.role(" / ", Role::Key).role(&format!("{}  ", display::line(&browse.filter)), Role::Match);
    }
    for action in browse.actions().filter(|action| !action.label.is_empty()) {
        let Some(key) = action.keys.first() else { continue };
        let text = format!(" {} {} ", keys(theme, key), action.label);
        if row.room() < text.chars().count() {
            break;
        }
        row.role(&format!(" {}", keys(theme, key)), Role::Key).role(&format!(" {} ", action.label), Role::Footer);
    }
}
