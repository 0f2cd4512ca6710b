//! What is done with a list, a text, a form or a page once it is accepted or closed.

use super::{by_reason, line_of, works_on_main};
use crate::app::action::Act;
use crate::app::field::Field;
use crate::app::item::{self};
use crate::app::msg::{Effect, ExportWanted};
use crate::app::picker::Picker;
use crate::app::popup::{Filling, Go, Popup, Purpose, UNSAVED, Value, Writing};
use crate::app::{App, Pane, Walk, finding, pages};
use crate::export::count;
use crate::model::answer::Answer;
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::Kind;
use crate::model::score::{self, Slot};
use crate::repo::display;

impl App {
    pub(super) fn list_by(&mut self, by: isize) {
        match self.popups.last_mut() {
            Some(Popup::List(picker, _)) => picker.step(by),
            Some(Popup::Search(search)) => {
                let last = search.hits.len().saturating_sub(1);
                search.cursor = search.cursor.saturating_add_signed(by).min(last);
            }
            _ => {}
        }
    }

    pub(super) fn take_search(&mut self) {
        let Some(Popup::Search(search)) = self.popups.last() else { return };
        match &search.ended {
            Some(Ok(found)) => {
                let kind = Kind::Search(found.clone());
                self.popups.pop();
                self.attach(vec![kind]);
            }
            Some(Err(why)) => {
                let why = why.clone();
                self.warn(why);
            }
            None if search.asked.pattern.is_empty() => self.warn("Nothing is searched for yet."),
            None => self.warn("The search is not done yet."),
        }
    }

    pub(super) fn cancel(&mut self) {
        match self.popups.last_mut() {
            Some(Popup::Form(form, _)) if form.changed && form.wrong.as_deref() != Some(UNSAVED) => {
                // What was written is not thrown away by one key.
                form.wrong = Some(UNSAVED.to_owned());
            }
            Some(Popup::Text(text)) if text.is_changed() && !text.warned => text.warned = true,
            Some(Popup::Text(text)) => {
                let writing = text.writing.clone();
                self.popups.pop();
                if let Writing::Find(cursor, top) = writing {
                    self.unfind(cursor, top);
                }
            }
            _ => {
                self.popups.pop();
            }
        }
    }

    /// Puts everything back where it was before the search in the file.
    pub(super) fn unfind(&mut self, cursor: usize, top: usize) {
        (self.pattern, self.walk) = std::mem::take(&mut self.before_find);
        if let Some(doc) = &mut self.doc {
            doc.search(if self.walk == Walk::File { &self.pattern } else { "" });
            doc.go(cursor);
            doc.top = top;
        }
    }

    /// Asks why the finding in the form is withdrawn.
    pub(super) fn withdraw(&mut self) {
        let Some(Popup::Form(form, Filling::Finding { id, .. })) = self.popups.last_mut() else { return };
        let found = id.and_then(|id| Some((id, self.audit.now.findings.get(&id)?)));
        match found {
            None => form.wrong = Some("This finding is not written yet; there is nothing to withdraw.".to_owned()),
            Some((id, found)) if found.withdrawn.is_some() => form.wrong = Some(format!("{id} is withdrawn already.")),
            Some(_) if form.changed => {
                form.wrong = Some("Something was changed here: save it first, or close the form.".to_owned());
            }
            Some((id, _)) => self.write(
                &format!("Why {id} is withdrawn as mistaken"),
                "it stays in the audit's history, and counts no more",
                Field::line(""),
                Writing::Withdraw(id),
            ),
        }
    }

    pub(super) fn save(&mut self) {
        match self.popups.last() {
            Some(Popup::Form(..)) => self.save_form(),
            _ => self.accept(),
        }
    }

    pub(super) fn save_form(&mut self) {
        let Some(Popup::Form(form, filling)) = self.popups.last() else { return };
        let outcome = match filling {
            Filling::Finding { id, evidence, take } => finding::read(form).and_then(|read| {
                if let Some(item) = read.items.iter().find(|item| self.audit.standard.item(item).is_none()) {
                    return Err(format!("The standard has no item `{item}`."));
                }
                let (number, events) = finding::events(self, *id, read, evidence, take.as_deref());
                Ok((events, format!("{number} is written")))
            }),
            Filling::Export => {
                let (db, key) = (form.text("db"), form.text("key"));
                let sign = form.text("sign") == "yes";
                if db.trim().is_empty() {
                    Err("Say where the audit database is.".to_owned())
                } else if sign && key.trim().is_empty() {
                    Err("Say which key signs, or choose not to sign.".to_owned())
                } else {
                    let wanted = ExportWanted {
                        db: db.trim().into(),
                        key: sign.then(|| key.trim().into()),
                        partial: form.text("partial") == "yes",
                        secrets_reviewed: form.text("secrets") == "yes",
                    };
                    // The form stays until the record is there: whatever is wrong is mended in it.
                    self.effects.push(Effect::Export(wanted));
                    return;
                }
            }
        };
        match outcome {
            Ok((events, _)) if events.is_empty() => {
                self.popups.pop();
                self.say("Nothing was changed.");
            }
            Ok((events, said)) => {
                let form = self.popups.pop();
                let selection = matches!(&form, Some(Popup::Form(_, Filling::Finding { take: Some(_), .. })));
                self.act_from(form, events, said);
                self.spent.selection = selection && self.doing.is_some();
            }
            Err(why) => {
                if let Some(Popup::Form(form, _)) = self.popups.last_mut() {
                    form.wrong = Some(why);
                }
            }
        }
    }

    pub(super) fn accept(&mut self) {
        match self.popups.last_mut() {
            Some(Popup::Form(form, _)) => form.enter(),
            Some(Popup::Page(page)) => {
                let go = page.lines.get(page.cursor).and_then(|(_, go)| go.clone());
                match go {
                    None => {}
                    Some(Go::Piece(id)) => self.show_piece(id),
                    Some(Go::Finding(id)) => finding::open(self, Some(id)),
                    Some(Go::Ask(ask)) => self.ask(*ask),
                    Some(Go::Slot(slot)) => {
                        self.popups.clear();
                        self.turn_to(&slot);
                    }
                    Some(Go::Folder(path)) => {
                        self.popups.clear();
                        self.show_folder(&path);
                    }
                    Some(Go::Place(path, line)) => {
                        if page.odd.is_some() {
                            let (hits, at) = pages::hits(page);
                            self.walk = Walk::Repo(hits, at);
                        }
                        self.popups.clear();
                        self.visit(&path, line);
                        self.pane = Pane::Code;
                    }
                }
            }
            Some(Popup::Search(search)) => {
                let (at, pattern) = (search.cursor, search.pattern.text());
                let Some(hit) = search.hits.get(at).cloned() else {
                    // What was typed stays there to be mended.
                    return match &search.ended {
                        Some(Err(why)) => {
                            let why = why.clone();
                            self.warn(why);
                        }
                        Some(_) => self.warn("The search has no hit."),
                        None if pattern.is_empty() => self.warn("Nothing is searched for yet."),
                        None => self.warn("No hit yet; the search is not done."),
                    };
                };
                let mut hits = std::mem::take(&mut search.hits);
                let total = search.ended.as_ref().and_then(|found| found.as_ref().ok()).map(|found| found.hits);
                let again = search.again();
                self.popups.pop();
                *self.searched = again;
                self.pattern = pattern;
                self.visit(&hit.path, line_of(hit.line));
                self.pane = Pane::Code;
                if hit.excluded {
                    self.say(format!("Hit {} of {}, with those that are counted apart", at + 1, hits.len()));
                    self.walk = Walk::Repo(hits, at);
                    return;
                }
                // Who did not choose one of those that are counted apart is not led to them.
                let at = hits[..at].iter().filter(|hit| !hit.excluded).count();
                hits.retain(|hit| !hit.excluded);
                let total = total.filter(|total| *total > hits.len() as u64);
                let total = total.map(|total| format!(" ({total} in all)")).unwrap_or_default();
                self.say(format!("Hit {} of {}{total}", at + 1, hits.len()));
                self.walk = Walk::Repo(hits, at);
            }
            Some(Popup::Text(_)) => self.written(),
            Some(Popup::List(..)) => self.picked(),
            Some(Popup::Compare(_)) => self.leave_comparison(),
            Some(Popup::Version(_)) => self.origin(),
            None => {}
        }
    }

    pub(super) fn written(&mut self) {
        let Some(Popup::Text(text)) = self.popups.pop() else { return };
        let said = text.field.text().trim().to_owned();
        let reason = (!said.is_empty()).then(|| said.clone());
        let lacks = match &text.writing {
            _ if reason.is_some() => None,
            Writing::Answer(_, answer) if answer.needs_reason() => {
                let answer = item::spoken(answer.word());
                Some(format!("`{answer}` needs a reason."))
            }
            Writing::Fact(_, value) if value == score::UNKNOWN => Some("`unknown` needs a reason.".to_owned()),
            Writing::Redact(_) => Some("A redaction needs a reason.".to_owned()),
            Writing::Mute(_) => Some("A mute needs a reason.".to_owned()),
            Writing::Withdraw(_) => Some("A withdrawal needs a reason.".to_owned()),
            _ => None,
        };
        if let Some(lacks) = lacks {
            self.popups.push(Popup::Text(text));
            return self.warn(lacks);
        }
        match text.writing.clone() {
            Writing::Answer(slots, answer) => self.give(vec![(reason, slots)], answer),
            Writing::Fact(slots, value) => self.give_fact(vec![(reason, slots)], value),
            Writing::Note(slots) => {
                let new = |slot: &Option<Slot>| *self.audit.now.notes.get(slot).unwrap_or(&String::new()) != said;
                let slots: Vec<Option<Slot>> = slots.into_iter().filter(new).collect();
                if slots.is_empty() {
                    return self.say("The note is as it was.");
                }
                let events = slots.into_iter().map(|slot| Event::Noted { slot, text: said.clone() }).collect();
                self.act(events, if said.is_empty() { "The note is removed" } else { "The note is written" });
            }
            Writing::GoLine => {
                let height = self.height(Pane::Code);
                let Some(doc) = &mut self.doc else { return };
                let lines = doc.text.lines();
                match said.parse::<usize>() {
                    Ok(line) if line > 0 => {
                        self.trail.leave((doc.text.path.clone(), doc.cursor));
                        doc.jump(line - 1, height);
                        self.pane = Pane::Code;
                        if line > lines {
                            self.say(format!("The file has {}.", count(lines, "line", "lines")));
                        }
                    }
                    _ => {
                        self.warn(format!("`{}` is no line number.", display::line(&said)));
                        self.popups.push(Popup::Text(text));
                        return;
                    }
                }
            }
            Writing::Find(cursor, top) if text.field.text().is_empty() => self.unfind(cursor, top),
            Writing::Find(cursor, _) => {
                let found = self.doc.as_ref().map_or(0, |doc| doc.found.len());
                if let Some(doc) = self.doc.as_ref().filter(|_| found > 0) {
                    self.trail.leave((doc.text.path.clone(), cursor));
                }
                let (next, before) = (
                    self.keymap.key(Act::NextHit).unwrap_or_default(),
                    self.keymap.key(Act::PreviousHit).unwrap_or_default(),
                );
                self.pane = Pane::Code;
                match found {
                    0 => self.warn("No hit in this file."),
                    1 => self.say("1 hit"),
                    _ => self.say(format!("{found} hits; {next} and {before} walk through them")),
                }
            }
            Writing::Mode => {
                self.act(vec![Event::ModeDeclared { mode: said.clone() }], format!("The mode {said} is declared"));
            }
            Writing::Redact(id) => {
                self.act(vec![Event::Redacted { id, reason: said }], format!("{id} is redacted"));
            }
            Writing::Mute(mute) => {
                let what = display::line(&mute.to_string()).into_owned();
                self.act(vec![Event::LeadMuted { mute, reason: said }], format!("Muted: {what}"));
            }
            Writing::Withdraw(id) => {
                // The form below shows what is withdrawn.
                if matches!(self.popups.last(), Some(Popup::Form(..))) {
                    self.popups.pop();
                }
                self.act(vec![Event::FindingWithdrawn { id, reason: said }], format!("{id} is withdrawn"));
            }
            Writing::Shows => {
                if let Some(Popup::List(_, Purpose::Attach(take))) = self.popups.last_mut() {
                    take.shows = reason;
                }
            }
        }
        self.held = self.doing.is_some().then_some(Popup::Text(text));
    }

    pub(super) fn give_fact(&mut self, given: Vec<(Option<String>, Vec<Slot>)>, value: String) {
        let slots: Vec<&Slot> = given.iter().flat_map(|(_, slots)| slots).collect();
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let evidenced = |slot: &Slot| self.audit.now.evidenced(&Subject::Fact(slot.clone()));
        let supported = given.iter().all(|(reason, slots)| reason.is_some() || slots.iter().all(evidenced));
        let without = if supported { "" } else { "; it still needs evidence or a reason" };
        let said = format!("{}: {value}{without}", names.join(", "));
        let events = given.into_iter().map(|(reason, slots)| Event::FactSet { slots, value: value.clone(), reason });
        let events = events.collect();
        self.act(events, said);
    }

    pub(super) fn picked(&mut self) {
        let before = self.popups.last().cloned();
        let Some(Popup::List(picker, purpose)) = self.popups.pop() else { return };
        self.pick(&picker, purpose);
        if self.doing.is_some() {
            // It comes back, marks and words and all, where the act cannot be written.
            self.held = before;
        }
    }

    pub(super) fn pick(&mut self, picker: &Picker<Value>, purpose: Purpose) {
        let picked = picker.picked();
        if let Purpose::Against(new, path) = purpose {
            return self.against(picker, new, path);
        }
        let Some(first) = picked.first().cloned() else { return };
        match (purpose, first) {
            (Purpose::Palette, Value::Act(act)) if works_on_main(act.row()) => self.perform(act),
            (Purpose::Palette, Value::Act(act)) => {
                let keys = self.keymap.key(act).unwrap_or("no key".to_owned());
                let place = act.row().contexts[0].title().to_lowercase();
                self.say(format!("{} works in: {place} ({keys}).", act.row().id));
            }
            (Purpose::Files, Value::Path(path)) => self.open_file(&path),
            (Purpose::Outline(path, _), Value::Line(line)) => {
                self.visit(&path, line);
                self.pane = Pane::Code;
            }
            (Purpose::Attach(take), _) => {
                let mut to: Vec<Subject> = Vec::new();
                for value in &picked {
                    if let Value::Subjects(subjects) = value {
                        to.extend(subjects.iter().filter(|subject| !to.contains(subject)).cloned().collect::<Vec<_>>());
                    }
                }
                self.file(*take, &to);
            }
            (Purpose::Extend(region), Value::Piece(id)) => {
                let place = item::place(&region.path, region.first, region.last, 60);
                let written = self.act(vec![Event::RegionAdded { id, region: *region }], format!("{id} gains {place}"));
                if let Some(doc) = self.doc.as_mut().filter(|_| written) {
                    doc.anchor = None;
                }
            }
            (Purpose::Reuse(to), _) => {
                let ids: Vec<EvidenceId> = picked
                    .iter()
                    .filter_map(|value| match value {
                        Value::Piece(id) => Some(*id),
                        _ => None,
                    })
                    .collect();
                let events: Vec<Event> = ids.iter().filter_map(|id| self.audit.attach(*id, &to)).collect();
                let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let backed: Vec<String> = to.iter().map(ToString::to_string).collect();
                let verb = if ids.len() == 1 { "backs" } else { "back" };
                self.act(events, format!("{} {verb} {}", names.join(", "), backed.join(", ")));
            }
            (Purpose::Batch, _) => {
                let mut events = Vec::new();
                // Where nothing is marked, nothing is answered: the row under the cursor is not picked by chance.
                for entry in picker.marked.iter().map(|at| &picker.entries[*at]) {
                    let Value::Slots(slots) = &entry.value else { continue };
                    let hint = slots
                        .first()
                        .and_then(|slot| self.audit.standard.item(&slot.id))
                        .and_then(|(_, item)| item.not_applicable.as_ref());
                    let reason = hint.map(|rule| rule.hint.clone());
                    events.push(Event::Answered { slots: slots.clone(), answer: Answer::NotApplicable, reason });
                }
                if events.is_empty() {
                    return self.say("Nothing was marked, so nothing is answered.");
                }
                let said = format!("{}: not applicable", count(events.len(), "item", "items"));
                self.act(events, said);
            }
            (Purpose::Pieces, Value::Piece(id)) => self.show_piece(id),
            (Purpose::Findings, Value::Finding(id)) => finding::open(self, id),
            (Purpose::Facts, Value::Fact(id)) => self.fact_values(&id),
            (Purpose::FactValues(slots), Value::FactValue(value)) => {
                let facts = &self.audit.now.facts;
                let before = |slot: &Slot| {
                    facts.get(slot).filter(|stated| stated.value == value).and_then(|stated| stated.reason.clone())
                };
                if value == score::UNKNOWN {
                    let before = slots.iter().find_map(before);
                    self.write(
                        "Why it could not be determined",
                        "the record prints it",
                        Field::block(&before.unwrap_or_default()),
                        Writing::Fact(slots, value),
                    );
                } else {
                    let given = by_reason(slots, before);
                    self.give_fact(given, value);
                }
            }
            (Purpose::Audits, Value::Audit(name)) => self.effects.push(Effect::Switch(name)),
            (Purpose::Mute, Value::Mute(mute)) => self.why_muted(mute),
            (Purpose::Unmute, Value::Mute(mute)) => {
                let what = display::line(&mute.to_string()).into_owned();
                self.act(vec![Event::LeadUnmuted { mute }], format!("Listed again: {what}"));
            }
            (Purpose::LeadFiles(hits), Value::Hit(at)) => self.go_through(hits, at),
            (Purpose::FindingEvidence, _) => {
                if let Some(Popup::Form(form, Filling::Finding { evidence, .. })) = self.popups.last_mut() {
                    // Where nothing is marked, nothing is meant: the row under the cursor is not picked by chance.
                    *evidence = picker
                        .marked
                        .iter()
                        .filter_map(|at| match picker.entries[*at].value {
                            Value::Piece(id) => Some(id),
                            _ => None,
                        })
                        .collect();
                    form.changed = true;
                    form.wrong = None;
                }
            }
            _ => {}
        }
    }
}
