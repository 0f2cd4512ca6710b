//! What was taken over from the older audit: the review list, old beside new, and what is done in it.

use unicode_width::UnicodeWidthStr as _;

use super::action::Act;
use super::item::spoken;
use super::line::{Line, Tone, wrap};
use super::past::{Ask, Base, Spot};
use super::popup::{Go, Page, Popup};
use super::{App, finding, pages};
use crate::export::{count, place, summary};
use crate::model::carry::{Anchor, Anchored, Before, CarriedPiece, Carry, Fate};
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::Evidence;
use crate::repo::display;

/// Columns of a piece's number and state.
const HEAD: usize = 5 + 16;

/// What a row of the list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// A piece of evidence, and which of its regions.
    Piece(EvidenceId, usize),
    /// An answer, a fact or a finding.
    Subject(Subject),
}

type Lines = Vec<(Line, Option<Go>)>;

struct Rows {
    lines: Lines,
    under: Vec<Option<Under>>,
}

impl Rows {
    fn push(&mut self, line: Line, go: Option<Go>, under: Option<Under>) {
        self.lines.push((line, go));
        self.under.push(under);
    }

    fn section(&mut self, title: String) {
        if !self.lines.is_empty() {
            self.push(Line::default(), None, None);
        }
        self.push(Line::of(Tone::Strong, title), None, None);
    }
}

/// Returns the list; nothing where the audit has no parent.
pub fn page(app: &App) -> Option<Page> {
    let carried = app.audit.carried()?;
    let parent = app.audit.now.opened.parent.as_ref()?;
    let width = pages::width(app);
    let mut rows = Rows { lines: Vec::new(), under: Vec::new() };
    for text in wrap(&said(app), width, 0) {
        rows.push(Line::of(Tone::Strong, text), None, None);
    }
    let open = |piece: &&CarriedPiece| !piece.fate.holds();
    let taken = |piece: &CarriedPiece| app.audit.now.evidence.contains_key(&piece.id);
    let (lost, found): (Vec<&CarriedPiece>, Vec<&CarriedPiece>) = carried.evidence.iter().partition(open);
    for (title, pieces) in [("Evidence that no longer holds", lost), ("Evidence that holds", found)] {
        if pieces.is_empty() {
            continue;
        }
        rows.section(format!("{title}: {}", pieces.len()));
        for piece in pieces {
            evidence(app, &mut rows, piece, taken(piece), width);
        }
    }
    let all = &app.audit.now.carried;
    let reopened = |carry: &Carry| !carry.reopened_by.is_empty();
    let list = |rows: &mut Rows, title: &str, wanted: &dyn Fn(&Carry) -> bool| {
        let some: Vec<(&Subject, &Carry)> = all.iter().filter(|(_, carry)| wanted(carry)).collect();
        if some.is_empty() {
            return;
        }
        rows.section(format!("{title}: {}", some.len()));
        for (subject, carry) in some {
            told(app, rows, subject, carry, width);
        }
    };
    list(&mut rows, "Reopened", &reopened);
    list(&mut rows, "Carried, neither confirmed nor changed", &|carry| !reopened(carry));
    let title = format!("From {} at {}", display::line(parent.name()), parent.commit.short());
    Some(Page { under: rows.under, ..Page::new(title, rows.lines) })
}

/// Returns how it stands, in a sentence.
fn said(app: &App) -> String {
    let all = &app.audit.now.carried;
    let reopened = all.values().filter(|carry| !carry.reopened_by.is_empty()).count();
    let login = app.audit.now.opened.parent.as_ref().map(|parent| display::line(&parent.login).into_owned());
    let whose = match login {
        Some(login) if app.audit.is_proposed() => {
            format!(" They are {login}'s word: each is to be confirmed or changed before a final export.")
        }
        _ => String::new(),
    };
    format!("{reopened} reopened, {} carried.{whose}", all.len() - reopened)
}

fn evidence(app: &App, rows: &mut Rows, piece: &CarriedPiece, taken: bool, width: usize) {
    let under = |nth: usize| Some(Under::Piece(piece.id, nth));
    let tone = if piece.fate.holds() || taken { Tone::Good } else { Tone::Warning };
    let column = width.saturating_sub(HEAD + 3) / 2;
    for (nth, one) in piece.regions.iter().enumerate() {
        let id = if nth == 0 { piece.id.to_string() } else { String::new() };
        let holds = one.state.holds();
        let state = if taken && !holds { "accepted" } else { one.state.word() };
        let tone = if taken || holds { Tone::Good } else { Tone::Warning };
        let line = Line::of(Tone::Key, format!("{id:<5}"))
            .and(tone, format!("{state:<16}"))
            .and(Tone::Plain, pad(&place(&one.from), column))
            .and(Tone::Dim, " │ ")
            .and(Tone::Plain, cut(&beside(one), column));
        rows.push(line, Some(go(app, one)), under(nth));
    }
    if piece.regions.is_empty() {
        let state = if taken && !piece.fate.holds() { "accepted" } else { piece.fate.word() };
        let line = Line::of(Tone::Key, format!("{:<5}", piece.id.to_string()))
            .and(tone, format!("{:<16}", if piece.fate == Fate::NotChecked { "not checked" } else { state }));
        let before = display::line(&summary(&piece.evidence)).into_owned();
        let after = piece.again.clone().map(|kind| summary(&Evidence { kind, ..piece.evidence.clone() }));
        let line = match after.filter(|_| piece.fate == Fate::OtherResult) {
            Some(after) => line
                .and(Tone::Plain, pad(&before, column))
                .and(Tone::Dim, " │ ")
                .and(Tone::Plain, cut(&display::line(&after), column)),
            None => line.and(Tone::Plain, cut(&before, width.saturating_sub(HEAD))),
        };
        let go = taken.then_some(Go::Piece(piece.id));
        rows.push(line, go, under(0));
    }
    let mut whys: Vec<&String> = piece.regions.iter().filter_map(|one| one.why.as_ref()).collect();
    whys.dedup();
    for why in piece.why.iter().chain(whys) {
        for text in wrap(&display::line(why), width.saturating_sub(HEAD), 0) {
            rows.push(Line::of(Tone::Dim, format!("{:HEAD$}{text}", "")), None, under(0));
        }
    }
    if !piece.fate.holds() && !piece.backs.is_empty() {
        let backs: Vec<String> = piece.backs.iter().map(ToString::to_string).collect();
        for text in wrap(&format!("reopens {}", backs.join(", ")), width.saturating_sub(HEAD), 2) {
            rows.push(Line::of(Tone::Dim, format!("{:HEAD$}{text}", "")), None, under(0));
        }
    }
}

/// Returns what stands at the newer pin.
fn beside(one: &Anchored) -> String {
    let white = if one.white_space { " (white space)" } else { "" };
    match (&one.to, one.state) {
        (Some(to), _) => format!("{}{white}", place(to)),
        (None, Anchor::Ambiguous) => one.places.iter().map(place).collect::<Vec<String>>().join(" or "),
        (None, _) => "nothing".to_owned(),
    }
}

/// Returns where a row leads: the place, or the comparison of what was edited, or the older file.
fn go(app: &App, one: &Anchored) -> Go {
    let opened = &app.audit.now.opened;
    let older = one.from.commit.or(opened.parent.as_ref().map(|parent| parent.commit)).unwrap_or(opened.pin.commit);
    match &one.to {
        Some(to) if one.state.holds() => Go::Place(to.path.clone(), to.first.saturating_sub(1)),
        Some(to) => Go::Ask(Box::new(Ask::Compare {
            base: Base::Commit(older),
            new: opened.pin.commit,
            path: Some((to.path.clone(), one.from.path.clone())),
        })),
        None => Go::Ask(Box::new(Ask::Version(Spot {
            commit: older,
            path: one.from.path.clone(),
            line: one.from.first.saturating_sub(1),
        }))),
    }
}

fn told(app: &App, rows: &mut Rows, subject: &Subject, carry: &Carry, width: usize) {
    let (before, reason) = match &carry.before {
        Before::Answer(answer, reason) => (answer.to_string(), reason.clone()),
        Before::Fact(value, reason) => (spoken(value), reason.clone()),
        Before::Finding => {
            let found = match subject {
                Subject::Finding(id) => app.audit.now.findings.get(id),
                Subject::Item(_) | Subject::Fact(_) => None,
            };
            (found.map(|found| found.finding.title.clone()).unwrap_or_default(), None)
        }
    };
    let because = match carry.reopened_by.as_slice() {
        [] => String::new(),
        ids => format!("  ({})", ids.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")),
    };
    let tone = if carry.reopened_by.is_empty() { Tone::Plain } else { Tone::Warning };
    let reason = reason.map(|reason| format!(" — {}", display::line(&reason))).unwrap_or_default();
    let head = format!("  {:<24} ", subject.to_string());
    let room = width.saturating_sub(head.width());
    let line = Line::of(tone, head)
        .and(Tone::Plain, cut(&format!("before: {}{because}{reason}", display::line(&before)), room));
    let go = match subject {
        Subject::Item(slot) | Subject::Fact(slot) => Go::Slot(slot.clone()),
        Subject::Finding(id) => Go::Finding(*id),
    };
    rows.push(line, Some(go), Some(Under::Subject(subject.clone())));
}

/// Cuts a text at its beginning to so many columns: the end of a path tells most.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut rest = text;
    while rest.width() + 1 > columns && !rest.is_empty() {
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    format!("…{rest}")
}

fn pad(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(text.width());
    format!("{text}{:missing$}", "")
}

/// Tells whether a popup is the list.
pub fn is_list(popup: &Popup) -> bool {
    matches!(popup, Popup::Page(page) if !page.under.is_empty())
}

impl App {
    /// Tells whether an item or fact stands as it was carried, and could be confirmed.
    pub fn is_carried(&self, id: &str) -> bool {
        let waits = |subject| self.audit.now.carried.get(&subject).is_some_and(|carry| carry.reopened_by.is_empty());
        self.subjects_of(id).into_iter().any(waits)
    }

    /// Shows what was taken over.
    pub fn open_carried(&mut self) {
        match page(self) {
            Some(page) => self.popups.push(Popup::Page(page)),
            None => self.say("This audit takes nothing over; `touchstone reaudit` starts one that does."),
        }
    }

    /// Shows the list as it is now, where it is open.
    pub(super) fn renew_carried(&mut self) {
        if let Some(fresh) = self.popups.iter().any(is_list).then(|| page(self)).flatten() {
            self.renew(fresh, is_list);
        }
    }

    fn under(&self) -> Option<Under> {
        match self.popups.last() {
            Some(Popup::Page(page)) => page.under.get(page.cursor).cloned().flatten(),
            _ => None,
        }
    }

    fn carried_piece(&self) -> Option<&CarriedPiece> {
        let Some(Under::Piece(id, _)) = self.under() else { return None };
        self.audit.carried()?.evidence.iter().find(|piece| piece.id == id)
    }

    /// Returns the line, from 0, that the row under the cursor of the list is about at the newer pin.
    pub(super) fn carried_line(&self) -> Option<usize> {
        let Some(Under::Piece(_, nth)) = self.under() else { return None };
        Some(self.carried_piece()?.regions.get(nth)?.to.as_ref()?.first.saturating_sub(1))
    }

    /// Takes what stands in the place of a piece that no longer holds.
    pub(super) fn take_place(&mut self) {
        let Some(piece) = self.carried_piece() else {
            return self.warn("Put the cursor on a piece of evidence first.");
        };
        let id = piece.id;
        if self.audit.now.evidence.contains_key(&id) {
            return self.say(format!("{id} is in the audit already."));
        }
        let events = piece.events();
        let left = piece.regions.iter().filter(|one| one.state == Anchor::Gone).count();
        if events.is_empty() {
            let attach = self.keymap.key(Act::Attach).unwrap_or_default();
            return self.warn(format!(
                "Nothing can be taken for {id} as it is: select the lines that back the item now; {attach} attaches them."
            ));
        }
        let without = if left > 0 { format!(", without {}", count(left, "region", "regions")) } else { String::new() };
        self.act(events, format!("{id} is taken as it is here{without}; what it backs is still to be answered"));
    }

    /// Confirms what was carried: under the cursor of the list, else the item that is shown.
    pub(super) fn confirm(&mut self) {
        let subjects = match (self.popups.is_empty(), self.under()) {
            (true, _) => self.subjects_of(&self.item),
            (false, Some(Under::Subject(subject))) => vec![subject],
            (false, _) => return self.warn("Put the cursor on an answer, a fact or a finding first."),
        };
        let now = &self.audit.now;
        let mut events = Vec::new();
        let mut names = Vec::new();
        let mut reopened = false;
        for subject in subjects {
            let Some(carry) = now.carried.get(&subject) else { continue };
            let event = match (&subject, &carry.before) {
                (Subject::Finding(id), _) => now
                    .findings
                    .get(id)
                    .map(|found| Event::FindingSet { id: *id, finding: Box::new(found.finding.clone()) }),
                // What was reopened is answered after a look at it, not waved through.
                _ if !carry.reopened_by.is_empty() => {
                    reopened = true;
                    None
                }
                (Subject::Item(slot), Before::Answer(answer, reason)) => {
                    Some(Event::Answered { slots: vec![slot.clone()], answer: *answer, reason: reason.clone() })
                }
                (Subject::Fact(slot), Before::Fact(value, reason)) => {
                    Some(Event::FactSet { slots: vec![slot.clone()], value: value.clone(), reason: reason.clone() })
                }
                _ => None,
            };
            if let Some(event) = event {
                events.push(event);
                names.push(subject.to_string());
            }
        }
        match (events.is_empty(), reopened) {
            (true, true) => self.warn("It was reopened: look at what changed, and answer it."),
            (true, false) => self.say("Nothing here is carried and waits for a confirmation."),
            (false, _) => {
                self.act(events, format!("{}: confirmed", names.join(", ")));
            }
        }
    }

    /// Goes to what a row of the list reopens, or is about.
    pub(super) fn go_to_reopened(&mut self) {
        let subject = match self.under() {
            Some(Under::Subject(subject)) => Some(subject),
            Some(Under::Piece(..)) => self.carried_piece().and_then(|piece| {
                let waits = |subject: &&Subject| {
                    self.audit.now.carried.get(subject).is_some_and(|carry| !carry.reopened_by.is_empty())
                };
                piece.backs.iter().find(waits).or(piece.backs.first()).cloned()
            }),
            None => None,
        };
        match subject {
            Some(Subject::Item(slot) | Subject::Fact(slot)) => {
                self.popups.clear();
                self.turn_to(&slot);
            }
            Some(Subject::Finding(id)) => finding::open(self, Some(id)),
            None => self.warn("It backs nothing."),
        }
    }
}
