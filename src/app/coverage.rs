//! What was opened and reviewed, as the workbench shows it: marks in the tree, the map, what is left to look at.

use std::collections::BTreeMap;

use super::leads::Pointing;
use super::line::{Line, Tone, wrap};
use super::msg::Effect;
use super::popup::{Go, Page, Popup};
use super::{App, pages};
use crate::error::Result;
use crate::export::caution::Reviewed;
use crate::export::count;
use crate::export::coverage::{MEANING, apart, bar, not_known};
use crate::model::coverage::{Extent, Pointed, Share, Tally, dimensions, shares, unopened};
use crate::model::event::{Entry, Event};
use crate::model::evidence::{RepoPath, SkipReason};
use crate::model::hash::Sha256;
use crate::repo::display;

/// How many files the map lists, and the review of those that nobody opened.
const LISTED: usize = 500;

/// What stands over the bars.
const HEAD: &str = "  opened            reviewed             lines  ";

/// How much there is to read and how much of it was read.
#[derive(Debug, Default)]
pub struct Map {
    /// The lines of every text file, once they are counted.
    pub extent: Option<Extent>,
    /// What was opened and reviewed of each file and folder; the root is the empty path.
    pub shares: BTreeMap<RepoPath, Share>,
    /// Where leads point, once they were run.
    pub pointed: Option<Pointing>,
    /// What the last look at the pin found, for the review.
    pub looked: Option<Reviewed>,
    /// Why lines could not be counted.
    wrong: Option<String>,
    asked: bool,
}

impl App {
    /// Asks for the lines of all files, unless they are there or asked for.
    pub(super) fn ask_extent(&mut self) {
        if !std::mem::replace(&mut self.coverage.asked, true) {
            self.effects.push(Effect::Extent);
        }
    }

    /// Takes the lines of all files.
    pub(super) fn counted(&mut self, result: Result<Extent>) {
        match result {
            Ok(extent) => {
                self.coverage.extent = Some(extent);
                self.map_coverage();
            }
            Err(error) => self.coverage.wrong = Some(display::line(&error.message).into_owned()),
        }
        self.show_map();
    }

    /// Notes the files that leads point at, once the leads were run.
    pub(super) fn point(&mut self) {
        if self.leads_came > 0 {
            self.coverage.pointed = Some(Pointing::new(&self.leads, &self.mutes, &self.audit.standard));
            self.show_map();
        }
    }

    /// Brings the map up to date, where entries changed what was opened or reviewed.
    pub(super) fn follow_coverage(&mut self, entries: &[(Entry, Sha256)]) {
        let changes = |event: &Event| {
            matches!(event, Event::Seen { .. } | Event::Reviewed { .. } | Event::Undone { .. } | Event::Redone { .. })
        };
        if entries.iter().any(|(entry, _)| changes(&entry.event)) {
            self.map_coverage();
        }
        let mutes = |event: &Event| {
            use Event::{LeadMuted, LeadUnmuted, Redone, Undone};
            matches!(event, LeadMuted { .. } | LeadUnmuted { .. } | Undone { .. } | Redone { .. })
        };
        if entries.iter().any(|(entry, _)| mutes(&entry.event)) {
            self.point();
        }
    }

    fn map_coverage(&mut self) {
        if let Some(extent) = &self.coverage.extent {
            self.coverage.shares = shares(&self.audit.seen, &self.audit.now.reviewed, extent);
        }
    }

    /// Returns how much of a file or folder was read, where anything of the audit was.
    pub fn share_of(&self, path: &RepoPath) -> Option<&Share> {
        self.coverage.shares.get(path).filter(|_| self.audit.has_coverage())
    }

    /// Tells why a file is not shown as text, where that is known and its content is the reason.
    pub fn unread(&self, path: &RepoPath) -> Option<SkipReason> {
        self.coverage.extent.as_ref()?.unread.get(path).copied()
    }

    /// Shows the map, or the review, as it is now.
    fn show_map(&mut self) {
        let map = |popup: &Popup| matches!(popup, Popup::Page(page) if page.map);
        if self.popups.iter().any(map) {
            self.renew(page(self), map);
        }
        let review = |popup: &Popup| matches!(popup, Popup::Page(page) if page.review);
        if let Some(looked) = self.coverage.looked.take_if(|_| self.popups.iter().any(review)) {
            self.renew(pages::review(self, Some(&looked)), review);
            self.coverage.looked = Some(looked);
        }
    }

    pub(super) fn renew(&mut self, fresh: Page, which: impl Fn(&Popup) -> bool) {
        if let Some(Popup::Page(page)) = self.popups.iter_mut().find(|popup| which(popup)) {
            let cursor = page.cursor;
            *page = Page { cursor, top: page.top, ..fresh };
            page.step(0);
        }
    }

    /// Shows the map.
    pub(super) fn open_map(&mut self) {
        self.ask_extent();
        self.popups.push(Popup::Page(page(self)));
    }

    /// Returns the files that leads point at and nobody opened or reviewed, as far as that is known.
    fn left(&self) -> Option<Vec<&Pointed>> {
        let (pointed, extent) = (self.coverage.pointed.as_ref()?, self.coverage.extent.as_ref()?);
        Some(unopened(&pointed.files, &self.audit.seen, &self.audit.now.reviewed, extent))
    }
}

/// Returns a share as a row: its bars, and its name.
fn row(name: &str, share: &Share) -> Line {
    let percent = |part: &Tally| format!("{} {:>3} %", bar(part, &share.text), part.percent(&share.text));
    let tone = match share.opened.lines {
        0 => Tone::Dim,
        some if some == share.text.lines => Tone::Good,
        _ => Tone::Plain,
    };
    Line::of(tone, format!("  {}  {}", percent(&share.opened), percent(&share.reviewed)))
        .and(Tone::Dim, format!("{:>8}  ", share.text.lines))
        .and(Tone::Plain, name)
}

/// Returns the map: how much of each folder and file was opened and reviewed, what has most left first.
pub fn page(app: &App) -> Page {
    let width = pages::width(app);
    let title = "Coverage: what was opened and reviewed";
    let mut lines: Vec<(Line, Option<Go>)> = Vec::new();
    let say = |lines: &mut Vec<(Line, Option<Go>)>, tone: Tone, text: &str| {
        lines.extend(wrap(text, width, 0).into_iter().map(|line| (Line::of(tone, line), None)));
    };
    let Some(extent) = &app.coverage.extent else {
        match &app.coverage.wrong {
            Some(why) => say(&mut lines, Tone::Warning, why),
            None => say(&mut lines, Tone::Dim, "The lines of all files are being counted …"),
        }
        return Page { map: true, ..Page::new(title, lines) };
    };
    let none = Share::default();
    let whole = app.coverage.shares.get(&RepoPath(Vec::new())).unwrap_or(&none);
    let of = |part: &Tally| {
        let (files, lines) = (count(part.files, "file", "files"), count(part.lines, "line", "lines"));
        format!("{files} and {lines} ({} %)", part.percent(&whole.text))
    };
    let all = (count(whole.text.files, "text file", "text files"), count(whole.text.lines, "line", "lines"));
    say(
        &mut lines,
        Tone::Strong,
        &format!("Opened {}, reviewed {}, of {} and {}.", of(&whole.opened), of(&whole.reviewed), all.0, all.1),
    );
    if let Some(words) = apart(&extent.apart) {
        say(&mut lines, Tone::Dim, &format!("Without lines to be read, and not counted: {words}."));
    }
    if extent.cut {
        say(&mut lines, Tone::Warning, "The tree is larger than a budget allows; what was cut is not counted.");
    }
    say(&mut lines, Tone::Dim, MEANING);
    lines.push((Line::default(), None));
    left(app, &mut lines);
    let pointed = app.coverage.pointed.as_ref().map(|pointed| pointed.files.as_slice()).unwrap_or_default();
    let dimensions = dimensions(&app.audit, pointed, extent);
    if !dimensions.is_empty() {
        let head = "dimensions: files that evidence cites or leads point at";
        lines.push((Line::of(Tone::Strong, format!("{HEAD}{head}")), None));
        lines.extend(dimensions.iter().map(|(id, share)| (row(id, share), None)));
        lines.push((Line::default(), None));
    }
    let left_first = |rows: &mut Vec<(&RepoPath, &Share)>| {
        rows.sort_by_key(|(_, share)| std::cmp::Reverse(share.text.lines - share.opened.lines));
    };
    let is_file = |path: &RepoPath| extent.files.contains_key(path);
    let (mut files, mut folders): (Vec<_>, Vec<_>) =
        app.coverage.shares.iter().filter(|(path, _)| !path.0.is_empty()).partition(|(path, _)| is_file(path));
    for (what, rows) in [("folders", &mut folders), ("files", &mut files)] {
        if rows.is_empty() {
            continue;
        }
        left_first(rows);
        lines.push((Line::of(Tone::Strong, format!("{HEAD}{what}, what has most left first")), None));
        for (path, share) in rows.iter().take(LISTED) {
            let shown = display::bytes(&path.0);
            lines.push(if what == "folders" {
                (row(&format!("{shown}/"), share), Some(Go::Folder((*path).clone())))
            } else {
                (row(&shown, share), Some(Go::Place((*path).clone(), first_left(app, path))))
            });
        }
        if rows.len() > LISTED {
            lines.push((Line::of(Tone::Dim, format!("  … and {} more", rows.len() - LISTED)), None));
        }
        lines.push((Line::default(), None));
    }
    Page { map: true, ..Page::new(title, lines) }
}

/// Returns the first line of a file (from 0) that was not opened, or its first one.
fn first_left(app: &App, path: &RepoPath) -> usize {
    let Some((blob, of)) = app.coverage.extent.as_ref().and_then(|extent| extent.files.get(path)) else { return 0 };
    let first = app.audit.seen.lines(path, *blob).first_missing();
    if first > *of { 0 } else { (first - 1) as usize }
}

/// Lists the files that leads point at and nobody opened. They are a warning and stand in nobody's way.
pub fn left(app: &App, lines: &mut Vec<(Line, Option<Go>)>) {
    let Some(left) = app.left() else {
        let text = "The leads are being run, to name the files that they point at and nobody opened …";
        lines.extend(wrap(text, pages::width(app), 0).into_iter().map(|line| (Line::of(Tone::Dim, line), None)));
        lines.push((Line::default(), None));
        return;
    };
    let blind = app.coverage.pointed.as_ref().map_or(0, |pointed| pointed.blind);
    if blind > 0 {
        let text = not_known(blind);
        lines.extend(wrap(&text, pages::width(app), 0).into_iter().map(|line| (Line::of(Tone::Warning, line), None)));
    }
    if left.is_empty() && blind > 0 {
        // That nothing is listed says nothing.
    } else if left.is_empty() {
        lines.push((Line::of(Tone::Good, "Every file that a lead points at was opened or reviewed"), None));
    } else {
        let title = format!("Leads point at {} that nobody opened", count(left.len(), "file", "files"));
        lines.push((Line::of(Tone::Strong, title), None));
    }
    for one in left.iter().take(LISTED) {
        let items = match one.items.as_slice() {
            few if few.len() <= 4 => few.join(" "),
            [first, second, third, rest @ ..] => format!("{first} {second} {third} and {} more", rest.len()),
            _ => String::new(),
        };
        let line = Line::of(Tone::Warning, format!("  {:>9}  ", count(one.hits, "hit", "hits")))
            .and(Tone::Plain, display::bytes(&one.path.0))
            .and(Tone::Dim, format!("  {items}"));
        lines.push((line, Some(Go::Place(one.path.clone(), 0))));
    }
    if left.len() > LISTED {
        lines.push((Line::of(Tone::Dim, format!("  … and {} more", left.len() - LISTED)), None));
    }
    lines.push((Line::default(), None));
}
