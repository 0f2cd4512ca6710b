//! Taking, attaching and redacting evidence.

use std::collections::BTreeSet;

use super::piece_entry;
use crate::app::field::Field;
use crate::app::item::{self, Target};
use crate::app::msg::LeadFound;
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Go, Popup, Purpose, Take, Value, Writing};
use crate::app::{App, Pane, Spent, finding};
use crate::export::{count, summary};
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::{Kind, Reachability, Region};
use crate::model::hash::Sha256;
use crate::repo::display;

/// Returns what must be said where searches without a hit are taken: how many hits are not counted.
fn apart(kinds: &[Kind]) -> String {
    let hits: u64 = kinds
        .iter()
        .map(|kind| match kind {
            Kind::Search(search) if search.hits == 0 => search.excluded_hits,
            _ => 0,
        })
        .sum();
    if hits == 0 {
        return String::new();
    }
    format!("; {} in excluded paths or test modules, not counted", count(hits, "hit stands", "hits stand"))
}

impl App {
    pub(super) fn select_by(&mut self, by: isize) {
        let Some(doc) = &mut self.doc else { return self.warn("No file is open.") };
        doc.anchor.get_or_insert(doc.cursor);
        doc.go(doc.cursor.saturating_add_signed(by));
        self.pane = Pane::Code;
    }

    /// Returns the selected lines, if lines are selected.
    pub(in crate::app) fn selected(&mut self) -> Option<Region> {
        self.doc.as_ref().and_then(|doc| doc.anchor)?;
        self.region()
    }

    /// Cuts the selected lines, or the current one, from the file's bytes.
    pub(super) fn region(&mut self) -> Option<Region> {
        if self.is_loading() {
            return None;
        }
        let Some(doc) = &self.doc else {
            self.warn("No file is open.");
            return None;
        };
        let (first, last) = doc.lines();
        let (start, end) = (doc.text.range(first).start, doc.text.range(last).end);
        if start == end {
            self.warn("The file is empty.");
            return None;
        }
        let sha256 = Sha256::of(&doc.text.bytes[start..end]);
        let (path, blob) = (doc.text.path.clone(), doc.text.blob);
        Some(Region { path, blob, first: first + 1, last: last + 1, start, end, sha256, commit: None })
    }

    /// Asks what new evidence backs: this item first, then those used last, then all others, then findings and the inbox.
    pub(super) fn attach(&mut self, kinds: Vec<Kind>) {
        let standard = &self.audit.standard;
        let mut ids = vec![self.item.clone()];
        ids.extend(self.recent.iter().cloned());
        ids.extend(standard.facts.iter().map(|fact| fact.id.clone()));
        ids.extend(standard.items().map(|(_, item)| item.id.clone()));
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let mut entries: Vec<Entry<Value>> = ids
            .iter()
            .filter_map(|id| {
                let subjects = self.subjects_of(id);
                let short = match (standard.item(id), standard.fact(id)) {
                    (Some((_, item)), _) => item.short.clone(),
                    (None, Some(fact)) => fact.title.clone(),
                    (None, None) => return None,
                };
                let modes: Vec<&str> = subjects
                    .iter()
                    .filter_map(|subject| match subject {
                        Subject::Item(slot) | Subject::Fact(slot) => slot.mode.as_deref(),
                        Subject::Finding(_) => None,
                    })
                    .collect();
                let state =
                    if standard.item(id).is_some() { format!("{} ", self.state_of(id).mark()) } else { String::new() };
                let entry = Entry {
                    value: Value::Subjects(subjects.clone()),
                    label: format!("{id}  {short}"),
                    detail: format!("{}{state}", modes.iter().map(|mode| format!("{mode} ")).collect::<String>()),
                };
                (!subjects.is_empty()).then_some(entry)
            })
            .collect();
        let inbox = Entry {
            value: Value::Subjects(Vec::new()),
            label: "inbox  attach it later".to_owned(),
            detail: String::new(),
        };
        // This item comes first; where it has no slot, no other one takes its place.
        let first = usize::from(!self.subjects_of(&self.item).is_empty());
        entries.insert(entries.len().min(first), inbox);
        for (id, found) in self.audit.now.findings.iter().filter(|(_, found)| found.withdrawn.is_none()) {
            entries.push(Entry {
                value: Value::Subjects(vec![Subject::Finding(*id)]),
                label: finding::line(*id, &found.finding),
                detail: "finding".to_owned(),
            });
        }
        let title = match kinds.as_slice() {
            [Kind::Code { regions }] => {
                regions.first().map(|region| item::place(&region.path, region.first, region.last, 60))
            }
            [one] => Some(summary(&crate::model::evidence::Evidence {
                kind: one.clone(),
                reachability: Reachability::NotKnown,
                note: None,
            })),
            _ => None,
        };
        let title = format!("Attach {} to", title.unwrap_or_default());
        let take = Take { kinds, reachability: Reachability::NotKnown, shows: None };
        self.popups.push(Popup::list(Picker::new(title, entries, true), Purpose::Attach(Box::new(take))));
    }

    /// Records new evidence.
    pub(super) fn file(&mut self, take: Take, to: &[Subject]) {
        let (reachability, shows) = (take.reachability, take.shows);
        let apart = apart(&take.kinds);
        let filed = self.audit.file(take.kinds, reachability, shows.as_deref(), to);
        let ids: Vec<String> = filed.ids.iter().map(ToString::to_string).collect();
        let mut names: Vec<String> = to.iter().map(ToString::to_string).collect();
        names.dedup();
        let verb = |one: &'static str, many: &'static str| if ids.len() == 1 { one } else { many };
        // A piece that is there keeps its own words; whoever typed others must not think that they were taken.
        let differs = |id: &EvidenceId| {
            self.audit.now.evidence.get(id).is_some_and(|piece| {
                let evidence = &piece.evidence;
                (shows.is_some() && evidence.note != shows)
                    || (reachability != Reachability::NotKnown && evidence.reachability != reachability)
            })
        };
        let kept = if filed.known.iter().any(differs) {
            "; it was there already, and keeps the words and the reachability that it has"
        } else {
            ""
        };
        let said = match (filed.events.is_empty(), names.is_empty()) {
            (true, true) => format!("{} {} there already{kept}{apart}", ids.join(", "), verb("is", "are")),
            (true, false) => {
                format!("{} {} {} already{kept}{apart}", ids.join(", "), verb("backs", "back"), names.join(", "))
            }
            (false, true) => format!("{} {} in the inbox{apart}", ids.join(", "), verb("lies", "lie")),
            (false, false) => format!("{} {} {}{kept}{apart}", ids.join(", "), verb("backs", "back"), names.join(", ")),
        };
        let ids = to.iter().filter_map(|subject| match subject {
            Subject::Item(slot) | Subject::Fact(slot) => Some(slot.id.clone()),
            Subject::Finding(_) => None,
        });
        let spent = Spent { items: ids.collect(), selection: true, answer: None };
        if filed.events.is_empty() {
            self.say(said);
            if let Some(doc) = &mut self.doc {
                doc.anchor = None;
            }
        } else if self.act(filed.events, said) {
            self.spent = spent;
        }
    }

    pub(super) fn extend(&mut self) {
        let Some(region) = self.region() else { return };
        let without = |kind: &Kind| matches!(kind, Kind::Code { regions } if !regions.contains(&region));
        let pieces = self.audit.now.evidence.iter().rev().filter(|(_, piece)| without(&piece.evidence.kind));
        let entries: Vec<Entry<Value>> = pieces.map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.warn("There is no piece of code yet that this region could be added to.");
        }
        let title = format!("Add {} to", item::place(&region.path, region.first, region.last, 60));
        self.popups.push(Popup::list(Picker::new(title, entries, false), Purpose::Extend(Box::new(region))));
    }

    pub(super) fn reuse(&mut self, inbox: bool) {
        let to = self.subjects_of(&self.item);
        if to.is_empty() {
            return self.no_slot();
        }
        let pieces = self.audit.now.evidence.iter().rev();
        let fits = |backs: &BTreeSet<Subject>| {
            if inbox { backs.is_empty() } else { !to.iter().all(|subject| backs.contains(subject)) }
        };
        let entries: Vec<Entry<Value>> =
            pieces.filter(|(_, piece)| fits(&piece.backs)).map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.say(if inbox { "The inbox is empty." } else { "There is no other evidence." });
        }
        let names: Vec<String> = to.iter().map(ToString::to_string).collect();
        let title = format!("{} to attach to {}", if inbox { "Inbox:" } else { "Evidence" }, names.join(", "));
        self.popups.push(Popup::list(Picker::new(title, entries, true), Purpose::Reuse(to)));
    }

    pub(super) fn pieces(&mut self) {
        let entries: Vec<Entry<Value>> =
            self.audit.now.evidence.iter().map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.say("There is no evidence yet.");
        }
        self.popups.push(Popup::list(Picker::new("Evidence", entries, false), Purpose::Pieces));
    }

    /// Takes a lead's search as evidence for this item.
    pub(super) fn zero(&mut self) {
        let leads = self.leads.get(&self.item).cloned().unwrap_or_default();
        let under = match (
            self.pane,
            item::rows(self, self.item_width()).get(self.item_cursor).map(|row| row.target.clone()),
        ) {
            (Pane::Item, Some(Target::Lead(lead) | Target::Hit(lead, _))) => Some(lead),
            _ => leads.iter().position(|lead| self.is_new_zero(lead)),
        };
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let Some(lead) = under.and_then(|at| leads.get(at)) else {
            return self.warn("No lead of this item is without a hit, or all of them are evidence already.");
        };
        match &lead.outcome {
            Ok(found) => {
                let kind = found.kind.clone();
                self.file_leads(vec![kind]);
            }
            Err(why) => self.warn(display::line(why).into_owned()),
        }
    }

    pub(super) fn is_new_zero(&self, lead: &LeadFound) -> bool {
        let Ok(found) = &lead.outcome else { return false };
        let subjects = self.subjects_of(&self.item);
        let known = self.audit.now.evidence.values().find(|piece| piece.evidence.kind == found.kind);
        found.hits == 0 && known.is_none_or(|piece| !subjects.iter().all(|subject| piece.backs.contains(subject)))
    }

    pub(super) fn zeros(&mut self) {
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let leads = self.leads.get(&self.item).cloned().unwrap_or_default();
        let kinds: Vec<Kind> = leads
            .iter()
            .filter(|lead| self.is_new_zero(lead))
            .filter_map(|lead| lead.outcome.as_ref().ok())
            .map(|found| found.kind.clone())
            .collect();
        if kinds.is_empty() {
            return self.warn("No lead of this item is without a hit, or all of them are evidence already.");
        }
        self.file_leads(kinds);
    }

    pub(super) fn file_leads(&mut self, kinds: Vec<Kind>) {
        let to = self.subjects_of(&self.item);
        if to.is_empty() {
            return self.no_slot();
        }
        self.file(Take { kinds, reachability: Reachability::NotKnown, shows: None }, &to);
    }

    /// Returns what the cursor of the item pane is on.
    pub fn target_under(&self) -> Target {
        let rows = item::rows(self, self.item_width());
        rows.get(self.item_cursor).map_or(Target::Nothing, |row| row.target.clone())
    }

    /// Returns the piece under the cursor, where the item pane has the focus.
    pub(super) fn piece_under(&self) -> Option<EvidenceId> {
        match self.target_under() {
            Target::Piece(id) | Target::Place(id, ..) if self.pane == Pane::Item => Some(id),
            _ => None,
        }
    }

    pub(super) fn detach(&mut self) {
        let Some(id) = self.piece_under() else {
            return self.warn("Put the item pane's cursor on a piece of evidence.");
        };
        let backs = self.audit.now.evidence.get(&id).map(|piece| piece.backs.clone()).unwrap_or_default();
        let from: Vec<Subject> =
            self.subjects_of(&self.item).into_iter().filter(|subject| backs.contains(subject)).collect();
        if from.is_empty() {
            return self.warn(format!("{id} does not back this item in this mode."));
        }
        let names: Vec<String> = from.iter().map(ToString::to_string).collect();
        self.act(vec![Event::EvidenceDetached { id, from }], format!("{id} no longer backs {}", names.join(", ")));
    }

    pub(super) fn redact(&mut self) {
        let under = match self.popups.last() {
            Some(Popup::Page(page)) => match page.lines.get(page.cursor) {
                Some((_, Some(Go::Piece(id)))) => Some(*id),
                _ => None,
            },
            _ => self.piece_under(),
        };
        let Some(id) = under else {
            let place = if self.popups.is_empty() { "the item pane's cursor" } else { "the cursor" };
            return self.warn(format!("Put {place} on a piece of evidence."));
        };
        let before = self.audit.now.evidence.get(&id).and_then(|piece| piece.redacted.clone());
        self.write(
            &format!("Why the text of {id} is kept out"),
            "the record says so; place and hash stay",
            Field::line(&before.unwrap_or_default()),
            Writing::Redact(id),
        );
    }
}
