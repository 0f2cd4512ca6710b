//! Searching, and walking through hits and leads.

use super::line_of;
use crate::app::action::Act;
use crate::app::field::Field;
use crate::app::leads::At;
use crate::app::msg::Effect;
use crate::app::popup::{Page, Popup, Writing};
use crate::app::{App, Pane, Walk, pages};
use crate::export::{count, permalink};
use crate::repo::display;

impl App {
    pub(super) fn search_file(&mut self) {
        let Some(doc) = &self.doc else { return self.warn("No file is open.") };
        let writing = Writing::Find(doc.cursor, doc.top);
        self.before_find = (self.pattern.clone(), self.walk.clone());
        self.write(
            "Search in this file",
            "plain text; an upper-case letter tells case apart",
            Field::line(""),
            writing,
        );
    }

    pub(super) fn search_repo(&mut self) {
        self.popups.push(Popup::Search(Box::new(self.searched.again())));
        self.search();
    }

    /// Begins to list what could fool the eye.
    pub(super) fn trojans(&mut self) {
        let ticket = self.ticket();
        self.popups.push(Popup::Page(pages::trojans(ticket)));
        self.effects.push(Effect::Trojans(ticket));
    }

    /// Returns the page that lists what could fool the eye, if it is still open.
    pub(in crate::app) fn odd_page(&mut self, ticket: u64) -> Option<&mut Page> {
        self.popups.iter_mut().find_map(|popup| match popup {
            Popup::Page(page) if page.odd == Some(ticket) => Some(page),
            _ => None,
        })
    }

    /// Begins the search that the popup asks for.
    pub(super) fn search(&mut self) {
        let ticket = self.ticket();
        let Some(Popup::Search(search)) = self.popups.last_mut() else { return };
        search.begin(ticket);
        let query = search.asked.clone();
        if !query.pattern.is_empty() {
            self.effects.push(Effect::Search { ticket, query });
        }
    }

    /// What was typed may be a search that runs while one types.
    pub(in crate::app) fn typed(&mut self) {
        match self.popups.last() {
            Some(Popup::Search(search)) if search.query() != search.asked => self.search(),
            Some(Popup::Text(text)) => {
                if let Writing::Find(cursor, top) = text.writing {
                    let pattern = text.field.text();
                    self.find(&pattern, cursor, top);
                }
            }
            _ => {}
        }
    }

    /// Shows the first hit from a line on, as the pattern is typed.
    pub(super) fn find(&mut self, pattern: &str, cursor: usize, top: usize) {
        let (height, width) = (self.height(Pane::Code), self.code_width());
        let Some(doc) = &mut self.doc else { return };
        doc.search(pattern);
        doc.go(cursor);
        doc.top = top;
        let next = doc.found.iter().find(|(line, _)| *line >= cursor).or(doc.found.first()).map(|(line, _)| *line);
        if let Some(line) = next {
            doc.jump(line, height);
            doc.reveal_hit(width);
        }
        self.pattern = pattern.to_owned();
        self.walk = if pattern.is_empty() { Walk::Nothing } else { Walk::File };
    }

    /// Goes to the next or previous hit.
    pub(super) fn walk(&mut self, forward: bool) {
        let width = self.code_width();
        match &mut self.walk {
            Walk::Nothing => self.warn("Nothing was searched for yet."),
            Walk::File => {
                let height = self.height(Pane::Code);
                let Some(doc) = &mut self.doc else { return self.warn("No file is open.") };
                if doc.found.is_empty() {
                    doc.search(&self.pattern);
                }
                let lines: Vec<usize> = doc.found.iter().map(|(line, _)| *line).collect();
                let next = if forward {
                    lines.iter().find(|line| **line > doc.cursor).or(lines.first())
                } else {
                    lines.iter().rev().find(|line| **line < doc.cursor).or(lines.last())
                };
                let from = (doc.text.path.clone(), doc.cursor);
                match next.copied() {
                    Some(line) => {
                        self.trail.leave(from);
                        doc.jump(line, height);
                        doc.reveal_hit(width);
                        let at = lines.iter().position(|one| *one == line).unwrap_or(0) + 1;
                        let count = lines.len();
                        self.say(format!("Hit {at} of {count}"));
                    }
                    None => self.warn("No hit in this file."),
                }
            }
            Walk::Leads(hits, at) => {
                let count = hits.len();
                *at = if forward { (*at + 1) % count } else { (*at + count - 1) % count };
                let (hit, at) = (hits[*at].clone(), *at);
                self.visit(&hit.path, line_of(hit.line));
                self.say_pointed(&hit, at, count);
            }
            Walk::Repo(hits, at) => {
                let count = hits.len();
                if count == 0 {
                    return self.warn("The search has no hit.");
                }
                *at = if forward { (*at + 1) % count } else { (*at + count - 1) % count };
                let (hit, at) = (hits[*at].clone(), *at);
                self.visit(&hit.path, line_of(hit.line));
                self.say(format!("Hit {} of {count}: {}:{}", at + 1, display::bytes(&hit.path.0), hit.line));
            }
        }
    }

    /// Goes to the next or previous hit of the item's leads.
    pub(super) fn walk_leads(&mut self, forward: bool) {
        if let Some(why) = self.without_leads() {
            return self.warn(why);
        }
        let excluded = |at: &&At| self.lead_hit(at.lead, at.hit).is_none_or(|(_, hit)| hit.excluded);
        let hits = self.listed.files.iter().flat_map(|file| &file.hits).filter(|at| !excluded(at));
        let all: Vec<(usize, usize)> = hits.map(|at| (at.lead, at.hit)).collect();
        if all.is_empty() {
            let unlisted = self.listed.unlisted;
            if unlisted > 0 {
                let (hits, are) = (count(unlisted, "hit", "hits"), if unlisted == 1 { "is" } else { "are" });
                let files = self.keymap.key(Act::LeadFiles).map(|key| format!("; {key} lists the files"));
                let files = files.unwrap_or_default();
                return self.warn(format!("{hits} of the leads of this item {are} not listed{files}."));
            }
            return self.warn(match self.listed.counts.muted {
                0 => "The leads of this item have no hit.".to_owned(),
                muted => format!("The leads of this item have no hit that is not muted ({muted} muted)."),
            });
        }
        let at = self.lead_at.and_then(|at| all.iter().position(|one| *one == at));
        let next = match (at, forward) {
            (None, true) => 0,
            (None, false) => all.len() - 1,
            (Some(at), true) => (at + 1) % all.len(),
            (Some(at), false) => (at + all.len() - 1) % all.len(),
        };
        let (lead, hit) = all[next];
        self.show_hit(lead, hit);
        let why = self.lead_hit(lead, hit).map(|(found, _)| found.why.clone()).unwrap_or_default();
        let more = match self.listed.unlisted {
            0 => String::new(),
            more => format!(" ({more} more not listed)"),
        };
        self.say(format!("Hit {} of {}{more} of the leads: {}", next + 1, all.len(), display::line(&why)));
    }

    /// Says why there are no leads to go by, if there are none.
    pub(super) fn without_leads(&self) -> Option<&'static str> {
        match self.audit.standard.item(&self.item) {
            None => Some("Put the cursor on an item first."),
            Some((_, item)) if item.leads.is_empty() => Some("This item has no leads."),
            Some(_) if self.leads.get(&self.item).is_none_or(Vec::is_empty) => {
                Some("The leads of this item are still being run.")
            }
            Some(_) => None,
        }
    }

    pub(super) fn show_hit(&mut self, lead: usize, hit: usize) {
        let Some(place) = self.lead_hit(lead, hit).map(|(_, hit)| hit.clone()) else {
            return self.warn("This lead has no hit.");
        };
        self.lead_at = Some((lead, hit));
        self.visit(&place.path, line_of(place.line));
    }

    pub(super) fn copy_link(&mut self) {
        let Some(doc) = &self.doc else { return self.warn("No file is open.") };
        let (first, last) = doc.lines();
        let opened = &self.audit.now.opened;
        match permalink(&opened.target, opened.pin.commit, &doc.text.path, Some((first + 1, last + 1))) {
            Some(link) => {
                self.effects.push(Effect::Copy(link.clone()));
                self.say(link);
            }
            None => {
                let place =
                    format!("{} {}:{}-{}", opened.pin.commit, display::bytes(&doc.text.path.0), first + 1, last + 1);
                self.effects.push(Effect::Copy(place.clone()));
                self.say(place);
            }
        }
    }
}
