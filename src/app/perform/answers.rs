//! Answering items, stating facts, going on to the next one.

use super::{by_reason, shared};
use crate::app::action::Act;
use crate::app::checklist::Row;
use crate::app::field::Field;
use crate::app::item::{self};
use crate::app::layout;
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Popup, Purpose, Value, Writing};
use crate::app::{App, LastAnswer, Pane, Spent};
use crate::model::answer::Answer;
use crate::model::event::{Event, Subject};
use crate::model::score::{self, Slot};

impl App {
    pub(super) fn answer(&mut self, answer: Answer) {
        let Some((_, item)) = self.audit.standard.item(&self.item) else {
            return self.no_item();
        };
        if !item.accepts.contains(&answer) {
            let words: Vec<String> = item.accepts.iter().map(|one| item::spoken(one.word())).collect();
            return self.warn(format!("{} accepts only {}.", item.id, words.join(", ")));
        }
        let hint =
            item.not_applicable.as_ref().map(|rule| rule.hint.clone()).filter(|_| answer == Answer::NotApplicable);
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        let answers = &self.audit.now.answers;
        let before =
            |slot: &Slot| answers.get(slot).filter(|one| one.answer == answer).and_then(|one| one.reason.clone());
        if answer.needs_reason() {
            // What the modes say differently is not overwritten unseen.
            let reasons: Vec<String> = slots.iter().filter_map(before).collect();
            let Some(before) = shared(reasons.iter()) else {
                return self.warn("The modes have different reasons; choose one mode first.");
            };
            let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
            let title = format!("{}: {}, because", names.join(", "), item::spoken(answer.word()));
            let hint = hint.map_or("the record prints it".to_owned(), |hint| format!("the standard's hint: {hint}"));
            self.write(&title, &hint, Field::block(&before.unwrap_or_default()), Writing::Answer(slots, answer));
            return;
        }
        // The same answer again keeps the reason that it has in each mode.
        let given = by_reason(slots, before);
        self.give(given, answer);
    }

    /// Says why an answer cannot be given to what the item pane shows.
    pub(super) fn no_item(&mut self) {
        let key = self.keymap.key(Act::StateFact).unwrap_or_default();
        match self.audit.standard.fact(&self.item) {
            Some(fact) => self.warn(format!("{} is a fact; {key} states it.", fact.id)),
            None => self.warn("Put the cursor on an item first."),
        }
    }

    /// Says why there is nothing to answer for.
    pub(super) fn no_slot(&mut self) {
        let standard = &self.audit.standard;
        if standard.item(&self.item).is_none() && standard.fact(&self.item).is_none() {
            return self.warn("Put the cursor on an item first.");
        }
        let key = self.keymap.key(Act::DeclareMode).unwrap_or_default();
        self.warn(format!("No mode is declared yet; {key} declares one."));
    }

    /// Records an answer.
    pub(super) fn give(&mut self, given: Vec<(Option<String>, Vec<Slot>)>, answer: Answer) {
        let Some((reason, first)) = given.first().and_then(|(reason, slots)| Some((reason, slots.first()?))) else {
            return;
        };
        let last = LastAnswer { answer, reason: reason.clone() };
        let id = first.id.clone();
        let names: Vec<String> = given.iter().flat_map(|(_, slots)| slots).map(ToString::to_string).collect();
        let evidenced = |slot: &Slot| self.audit.now.evidenced(&Subject::Item(slot.clone()));
        let supported = given.iter().all(|(reason, slots)| reason.is_some() || slots.iter().all(evidenced));
        let without = if supported { "" } else { "; it still needs evidence or a reason" };
        // An answer that is there is not replaced unseen.
        let old = given.iter().flat_map(|(_, slots)| slots).filter_map(|slot| {
            let old = self.audit.now.answers.get(slot).filter(|old| old.answer != answer)?;
            let mode = slot.mode.as_ref().map(|mode| format!(" ({mode})")).unwrap_or_default();
            Some(format!("{}{mode}", item::spoken(old.answer.word())))
        });
        let old: Vec<String> = old.collect();
        let old = if old.is_empty() { String::new() } else { format!(", in place of {}", old.join(", ")) };
        let said = format!("{}: {}{old}{without}", names.join(", "), item::spoken(answer.word()));
        let events = given.into_iter().map(|(reason, slots)| Event::Answered { slots, answer, reason }).collect();
        if self.act(events, said) {
            self.spent = Spent { answer: Some(last), items: vec![id], selection: false };
        }
    }

    pub(super) fn repeat(&mut self) {
        let Some(last) = self.last.clone() else { return self.warn("Nothing was answered yet.") };
        let Some((_, item)) = self.audit.standard.item(&self.item) else { return self.no_item() };
        if !item.accepts.contains(&last.answer) {
            let text = format!("{} does not accept {}.", item.id, item::spoken(last.answer.word()));
            return self.warn(text);
        }
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        self.give(vec![(last.reason, slots)], last.answer);
    }

    pub(super) fn reason(&mut self) {
        let slots = self.slots_of(&self.item);
        let now = &self.audit.now;
        let Some(first) = slots.first() else { return self.no_slot() };
        let answered = |slot: &Slot| now.answers.get(slot).map(|one| (one.answer.word().to_owned(), &one.reason));
        let stated = |slot: &Slot| now.facts.get(slot).map(|one| (one.value.clone(), &one.reason));
        let given: Vec<_> = slots.iter().map(|slot| answered(slot).or_else(|| stated(slot))).collect();
        if given.iter().all(Option::is_none) {
            return self.warn("Answer first; the reason belongs to an answer.");
        }
        let word = |one: &Option<(String, &Option<String>)>| one.as_ref().map(|(word, _)| word.clone());
        // One reason must not be written over what the modes do not share.
        if given.iter().any(|one| word(one) != word(&given[0])) {
            return self.warn("The modes have different answers; choose one mode first.");
        }
        let reasons = given.iter().flatten().filter_map(|(_, reason)| reason.as_ref());
        let Some(reason) = shared(reasons) else {
            return self.warn("The modes have different reasons; choose one mode first.");
        };
        let writing = match (now.answers.get(first), now.facts.get(first)) {
            (Some(one), _) => Writing::Answer(slots.clone(), one.answer),
            (None, Some(one)) => Writing::Fact(slots.clone(), one.value.clone()),
            (None, None) => return,
        };
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        self.write(
            &format!("Reason for {}", names.join(", ")),
            "why; empty takes it away",
            Field::block(&reason.unwrap_or_default()),
            writing,
        );
    }

    pub(super) fn note(&mut self) {
        let slots = self.slots_of(&self.item);
        if slots.is_empty() {
            return self.no_slot();
        }
        let Some(text) = shared(slots.iter().filter_map(|slot| self.audit.now.notes.get(&Some(slot.clone())))) else {
            return self.warn("The modes have different notes; choose one mode first.");
        };
        let text = text.unwrap_or_default();
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let title = format!("Note on {}", names.join(", "));
        self.write(
            &title,
            "shown beside the answer in the report; empty removes it",
            Field::block(&text),
            Writing::Note(slots.into_iter().map(Some).collect()),
        );
    }

    pub(super) fn batch(&mut self) {
        let slots = score::not_applicable(&self.audit.standard, &self.inputs);
        let mut entries: Vec<Entry<Value>> = Vec::new();
        for slot in slots {
            let Some((_, item)) = self.audit.standard.item(&slot.id) else { continue };
            let hint = item.not_applicable.as_ref().map(|rule| rule.hint.clone()).unwrap_or_default();
            entries.push(Entry {
                value: Value::Slots(vec![slot.clone()]),
                label: format!("{slot}  {}", item.short),
                detail: hint,
            });
        }
        if entries.is_empty() {
            return self.say("No open item is not applicable by the standard's own conditions.");
        }
        let mut picker = Picker::new("Not applicable, each for the reason on the right", entries, true);
        picker.toggle_all();
        self.popups.push(Popup::list(picker, Purpose::Batch));
    }

    pub(super) fn state_fact(&mut self) {
        let facts = &self.audit.standard.facts;
        let here =
            facts.iter().find(|fact| fact.id == self.item).or(if facts.len() == 1 { facts.first() } else { None });
        match here.map(|fact| fact.id.clone()) {
            Some(id) => self.fact_values(&id),
            None if facts.is_empty() => self.say("The standard has no facts."),
            None => {
                let entries = facts.iter().map(|fact| Entry {
                    value: Value::Fact(fact.id.clone()),
                    label: fact.id.clone(),
                    detail: fact.title.clone(),
                });
                self.popups.push(Popup::list(Picker::new("State a fact", entries.collect(), false), Purpose::Facts));
            }
        }
    }

    pub(super) fn fact_values(&mut self, id: &str) {
        let slots = self.slots_of(id);
        let Some(fact) = self.audit.standard.fact(id) else { return };
        if slots.is_empty() {
            return self.no_slot();
        }
        let known = fact.values.iter().map(|value| (value.id.clone(), value.title.clone()));
        let all = known
            .chain([(score::UNKNOWN.to_owned(), "looked, and it could not be determined; needs a reason".to_owned())]);
        let entries =
            all.map(|(value, title)| Entry { value: Value::FactValue(value.clone()), label: value, detail: title });
        let names: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let mut picker = Picker::new(format!("{} is", names.join(", ")), entries.collect(), false);
        let stated = slots.first().and_then(|slot| self.audit.now.facts.get(slot));
        picker.cursor = picker
            .entries
            .iter()
            .position(
                |entry| matches!((&entry.value, stated), (Value::FactValue(value), Some(one)) if *value == one.value),
            )
            .unwrap_or(0);
        self.popups.push(Popup::list(picker, Purpose::FactValues(slots)));
    }

    pub(super) fn next_mode(&mut self) {
        let count = self.audit.now.modes.len();
        self.mode = match self.mode {
            None => Some(0),
            Some(at) if at + 1 < count => Some(at + 1),
            Some(_) if count > 1 => None,
            same => same,
        };
        match self.mode_name() {
            Some(mode) => self.say(format!("Answers are for {mode}.")),
            None if count > 1 => self.say("Answers are for all modes at once."),
            None => self.say("No mode is declared yet."),
        }
        self.list();
    }

    /// Goes to the next open item or fact, in this mode first and then in the others.
    pub(super) fn next_open(&mut self, forward: bool) {
        if self.open_slots().next().is_none() && self.audit.now.modes.is_empty() {
            let key = self.keymap.key(Act::DeclareMode).unwrap_or_default();
            return self.warn(format!("No mode is declared yet; {key} declares one."));
        }
        let order: Vec<String> = if self.checklist.by_file {
            self.checklist.rows.iter().filter_map(Row::id).map(str::to_owned).collect()
        } else {
            let facts = self.audit.standard.facts.iter().map(|fact| fact.id.clone());
            facts.chain(self.audit.standard.items().map(|(_, item)| item.id.clone())).collect()
        };
        let open = |slot: &Slot| !self.audit.now.answers.contains_key(slot) && !self.audit.now.facts.contains_key(slot);
        // From a dimension's heading one goes on to its own items.
        let start = order.iter().position(|id| *id == self.item);
        let dimension = self.audit.standard.dimensions.iter().find(|dimension| dimension.id == self.item);
        let below = dimension.and_then(|dimension| dimension.items.first()).map(|item| item.id.clone());
        let below = below.and_then(|first| order.iter().position(|id| *id == first)).unwrap_or(0);
        let count = order.len().max(1);
        let at = start.unwrap_or(if forward { (below + count - 1) % count } else { below });
        let around = (1..=count).map(|by| if forward { (at + by) % count } else { (at + count - by) % count });
        let around: Vec<&String> = around.filter_map(|index| order.get(index)).collect();
        let here = around.iter().find(|id| self.slots_of(id).iter().any(open)).map(|id| (**id).clone());
        if here.is_some() && self.pane == Pane::Code && (self.size.0 < layout::WIDE || self.zoom) {
            // Where only one pane is on the screen, the question is what one goes on to.
            self.pane = Pane::Item;
        }
        if let Some(id) = here {
            return self.show_item(&id);
        }
        let elsewhere = around.iter().find_map(|id| {
            let slot = self.slots_in_all_modes(id).into_iter().find(open)?;
            Some(((**id).clone(), slot.mode?))
        });
        match elsewhere {
            Some((id, mode)) => {
                self.mode = self.audit.now.modes.iter().position(|known| *known == mode);
                self.show_item(&id);
                self.say(format!("Nothing is open in the mode before; answers are for {mode} now."));
            }
            None => {
                let key = self.keymap.key(Act::Review).unwrap_or_default();
                self.say(format!("Every item is answered; {key} reviews the audit."));
            }
        }
    }
}
