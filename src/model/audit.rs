//! An audit: the fold of its events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::Answer;
use super::carry::{Before, Carried, Carry, Trace};
use super::coverage::Regions;
use super::event::{Entry, Event, EvidenceId, FindingId, JOURNAL_VERSION, Opened, Subject, Tool};
use super::evidence::{Evidence, Kind, Reachability, RepoPath};
use super::finding::Finding;
use super::hash::Sha256;
use super::mute::{Mute, Muted};
use super::score::{Given, Inputs, OpenFinding, Slot, UNKNOWN};
use super::standard::Standard;
use super::time::Time;

/// A gap between events counts as time spent up to this, in seconds: beyond it, somebody was probably elsewhere.
pub const LONGEST_GAP: i64 = 5 * 60;

/// An answer as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Time,
}

/// A fact as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// One of the fact's values, or `unknown`.
    pub value: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Time,
}

/// What cites lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cited {
    /// How many pieces of evidence do.
    pub pieces: usize,
    /// The findings that rest on them, without those that were withdrawn.
    pub findings: BTreeSet<FindingId>,
}

/// A piece of evidence as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece.
    pub evidence: Evidence,
    /// When it was taken.
    pub at: Time,
    /// What it backs; nothing means that it lies in the inbox.
    pub backs: BTreeSet<Subject>,
    /// Why its text is not published.
    pub redacted: Option<String>,
    /// Where it was taken over from.
    pub carried: Option<Trace>,
}

/// A finding as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// When it was first written.
    pub at: Time,
    /// Digest of the journal's line that wrote it last: the commitment that stands for a withheld finding. The line
    /// holds the chain's digest, which nobody can guess.
    pub line: Sha256,
    /// Why it was withdrawn.
    pub withdrawn: Option<String>,
}

/// What the effective events add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// How the audit began.
    pub opened: Opened,
    /// Modes, in the order of their declaration; the first is the default.
    pub modes: Vec<String>,
    /// Facts.
    pub facts: BTreeMap<Slot, Stated>,
    /// Answers.
    pub answers: BTreeMap<Slot, Answered>,
    /// Notes; `None` is the audit as a whole.
    pub notes: BTreeMap<Option<Slot>, String>,
    /// Evidence.
    pub evidence: BTreeMap<EvidenceId, Piece>,
    /// Findings.
    pub findings: BTreeMap<FindingId, Found>,
    /// Lines that the auditor marked as reviewed.
    pub reviewed: Regions,
    /// Muted leads.
    pub muted: BTreeMap<Mute, Muted>,
    /// What was taken over from the parent and nobody confirmed or changed yet.
    pub carried: BTreeMap<Subject, Carry>,
}

/// A record that was exported from this audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The number of the event.
    pub seq: u64,
    /// The record's name.
    pub audit_id: String,
    /// When.
    pub at: Time,
    /// The record that it supersedes.
    pub supersedes: Option<String>,
    /// It has open items.
    pub partial: bool,
    /// The program that exported it.
    pub tool: Tool,
}

/// An audit with all that ever happened to it.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The standard it follows.
    pub standard: Arc<Standard>,
    /// What the effective events add up to.
    pub now: Folded,
    /// Lines that were opened: they stood on the screen long enough to be read. No undo takes that back.
    pub seen: Regions,
    /// Records exported, oldest first.
    pub seals: Vec<Seal>,
    entries: Vec<(Entry, Sha256)>,
    undone: BTreeSet<u64>,
    redo: Vec<u64>,
}

/// Why an item's answer cannot stand in a final record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// No mode is declared.
    NoMode,
    /// An item is open.
    OpenItem(Slot),
    /// A fact is open.
    OpenFact(Slot),
    /// An answer or fact has neither evidence nor a reason.
    Unsupported(Slot),
    /// An open critical or high finding without a decision on its disclosure.
    Undisclosed(FindingId),
    /// Something that was taken over and needs the auditor's word: another person's answer or fact, or a finding whose evidence
    /// no longer holds.
    Unconfirmed(Subject),
}

/// Evidence as it would be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filed {
    /// What records it, in order; empty where nothing changes.
    pub events: Vec<Event>,
    /// The pieces, in the order in which their kinds were given, each once.
    pub ids: Vec<EvidenceId>,
    /// Those of them that were there before.
    pub known: Vec<EvidenceId>,
}

impl Audit {
    /// Starts the fold with the journal's first entry. `line` is the digest of its line.
    ///
    /// # Errors
    /// A sentence, where the entry is not a valid beginning of an audit by this standard.
    pub fn begin(standard: Arc<Standard>, entry: Entry, line: Sha256) -> Result<Self, String> {
        let Event::Opened(opened) = &entry.event else {
            return Err("the first event is not `opened`".to_owned());
        };
        if opened.version > JOURNAL_VERSION {
            return Err(format!("the journal has version {}; this program knows {JOURNAL_VERSION}", opened.version));
        }
        if (entry.seq, entry.act, entry.of) != (1, 1, 1) {
            return Err("`opened` is not an act of its own with number 1".to_owned());
        }
        let now = Folded::new((**opened).clone());
        Ok(Audit {
            standard,
            now,
            seen: Regions::default(),
            seals: Vec::new(),
            entries: vec![(entry, line)],
            undone: BTreeSet::new(),
            redo: Vec::new(),
        })
    }

    /// Adds an entry to the fold. `line` is the digest of its line.
    ///
    /// # Errors
    /// A sentence, where the event does not fit what came before; the audit is then of no further use, as the journal
    /// that the entry came from. Whoever writes asks [`Audit::check`] first.
    pub fn push(&mut self, entry: Entry, line: Sha256) -> Result<(), String> {
        let last = self.entries.last().map_or(0, |(last, _)| last.seq);
        if entry.seq != last + 1 {
            return Err(format!("event {} follows event {last}", entry.seq));
        }
        match &entry.event {
            Event::Carried(carried) => {
                let second = entry.seq == 2 && self.now.opened.parent.is_some();
                if !second {
                    return Err("`carried` is not the second event of an audit that has a parent".to_owned());
                }
                self.now.carry(&self.standard, &entry, line, carried)?;
            }
            Event::Opened(_) => return Err("`opened` stands in the middle of the journal".to_owned()),
            Event::Resumed { .. } => {}
            // What a crafted journal holds too much of is left out; the program never writes so much.
            Event::Seen { files } => files.iter().for_each(|file| {
                self.seen.add(file);
            }),
            Event::Sealed { audit_id, at, supersedes, partial, tool } => self.seals.push(Seal {
                seq: entry.seq,
                audit_id: audit_id.clone(),
                at: *at,
                supersedes: supersedes.clone(),
                partial: *partial,
                tool: tool.clone(),
            }),
            Event::Undone { seq } => {
                if self.to_undo() != Some(*seq) {
                    return Err(format!("act {seq} is not the one that can be undone"));
                }
                self.undone.insert(*seq);
                self.redo.push(*seq);
                self.refold();
            }
            Event::Redone { seq } => {
                if self.redo.last() != Some(seq) {
                    return Err(format!("act {seq} is not the one that can be done again"));
                }
                self.redo.pop();
                self.undone.remove(seq);
                self.refold();
            }
            _ => {
                self.now.apply(&self.standard, &entry, line)?;
                self.redo.clear();
            }
        }
        self.entries.push((entry, line));
        Ok(())
    }

    /// Says why events could not be added as one act, without adding them.
    ///
    /// # Errors
    /// A sentence about the first event that does not fit.
    pub fn check(&self, events: &[Event], at: Time) -> Result<(), String> {
        let mut trial = self.now.clone();
        for event in events.iter().filter(|event| event.undoable()) {
            let entry = Entry { seq: 0, at, prev: Sha256::ZERO, act: 0, of: 1, event: event.clone() };
            trial.apply(&self.standard, &entry, Sha256::ZERO)?;
        }
        Ok(())
    }

    fn refold(&mut self) {
        let Folded { opened, .. } = &self.now;
        let mut folded = Folded::new(opened.clone());
        for (entry, line) in &self.entries {
            if let Event::Carried(carried) = &entry.event {
                let fits = folded.carry(&self.standard, entry, *line, carried);
                debug_assert!(fits.is_ok(), "{fits:?}");
            }
            if entry.event.undoable() && !self.undone.contains(&entry.act) {
                // Acts are undone from the last one backwards, so whatever an act builds on is still there; an act
                // that fits once therefore fits again.
                let fits = folded.apply(&self.standard, entry, *line);
                debug_assert!(fits.is_ok(), "{fits:?}");
            }
        }
        self.now = folded;
    }

    /// Returns all entries with the digests of their lines.
    pub fn entries(&self) -> &[(Entry, Sha256)] {
        &self.entries
    }

    /// Returns what was taken over from the parent.
    pub fn carried(&self) -> Option<&Carried> {
        match &self.entries.get(1)?.0.event {
            Event::Carried(carried) => Some(carried),
            _ => None,
        }
    }

    /// Tells whether the parent is another person's audit, so that what was taken over is a proposal.
    pub fn is_proposed(&self) -> bool {
        let opened = &self.now.opened;
        opened.parent.as_ref().is_some_and(|parent| parent.login != opened.auditor.login)
    }

    /// Returns the entries that count: undoable ones that were not undone.
    pub fn effective(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .map(|(entry, _)| entry)
            .filter(|entry| entry.event.undoable() && !self.undone.contains(&entry.act))
    }

    /// Tells whether an act was undone.
    pub fn is_undone(&self, act: u64) -> bool {
        self.undone.contains(&act)
    }

    /// Returns the act that `undo` would undo.
    pub fn to_undo(&self) -> Option<u64> {
        self.effective().last().map(|entry| entry.act)
    }

    /// Returns the act that `redo` would do again.
    pub fn to_redo(&self) -> Option<u64> {
        self.redo.last().copied()
    }

    /// Returns the number of the next event.
    pub fn next_seq(&self) -> u64 {
        self.entries.last().map_or(1, |(last, _)| last.seq + 1)
    }

    /// Returns the digest of the last line.
    pub fn last_line(&self) -> Sha256 {
        self.entries.last().map_or(Sha256::ZERO, |(_, line)| *line)
    }

    /// Returns a number that no piece of evidence ever had, also not one that was undone.
    pub fn next_evidence(&self) -> EvidenceId {
        let carried = self.carried().into_iter().flat_map(|carried| carried.evidence.iter().map(|piece| piece.id.0));
        let used = self.entries.iter().filter_map(|(entry, _)| match &entry.event {
            Event::EvidenceAdded { id, .. } => Some(id.0),
            _ => None,
        });
        let used = used.chain(carried);
        EvidenceId(used.max().unwrap_or(0) + 1)
    }

    /// Returns a number that no finding ever had, also not one that was undone.
    pub fn next_finding(&self) -> FindingId {
        let carried = self.carried().into_iter().flat_map(|carried| carried.findings.iter().map(|one| one.id.0));
        let used = self.entries.iter().filter_map(|(entry, _)| match &entry.event {
            Event::FindingSet { id, .. } => Some(id.0),
            _ => None,
        });
        let used = used.chain(carried);
        FindingId(used.max().unwrap_or(0) + 1)
    }

    /// Returns the events that record evidence and let all of it back `to`. Nothing is recorded yet.
    ///
    /// The same place or search again is the same piece, with the reachability and note that it has: two numbers for it
    /// would only confuse.
    pub fn file(&self, kinds: Vec<Kind>, reachability: Reachability, note: Option<&str>, to: &[Subject]) -> Filed {
        let mut filed = Filed::default();
        let mut fresh: Vec<(EvidenceId, Evidence)> = Vec::new();
        let mut next = self.next_evidence();
        for kind in kinds {
            let before = self.now.evidence.iter().find(|(_, piece)| piece.evidence.kind == kind).map(|(id, _)| *id);
            let same = before.or_else(|| fresh.iter().find(|(_, one)| one.kind == kind).map(|(id, _)| *id));
            let id = same.unwrap_or(next);
            if filed.ids.contains(&id) {
                continue;
            }
            filed.ids.push(id);
            if before.is_some() {
                filed.known.push(id);
            } else {
                fresh.push((id, Evidence { kind, reachability, note: note.map(str::to_owned) }));
                next = EvidenceId(next.0 + 1);
            }
        }
        let added = fresh.into_iter().map(|(id, one)| Event::EvidenceAdded { id, evidence: Box::new(one) });
        filed.events.extend(added);
        filed.events.extend(filed.ids.iter().filter_map(|id| self.attach(*id, to)));
        filed
    }

    /// Returns the event that lets a piece back `to`, as far as it does not already; `None` where nothing is left.
    pub fn attach(&self, id: EvidenceId, to: &[Subject]) -> Option<Event> {
        let backs = self.now.evidence.get(&id).map(|piece| &piece.backs);
        let new = |subject: &&Subject| !backs.is_some_and(|backs| backs.contains(*subject));
        let to: Vec<Subject> = to.iter().filter(new).cloned().collect();
        (!to.is_empty()).then_some(Event::EvidenceAttached { id, to })
    }

    /// Returns the audit as it was when event `seq` had been added.
    pub fn as_of(&self, seq: u64) -> Audit {
        let mut entries = self.entries.iter().take_while(|(entry, _)| entry.seq <= seq);
        let mut past = self.clone();
        past.seals.clear();
        past.seen = Regions::default();
        past.undone.clear();
        past.redo.clear();
        past.entries = entries.next().into_iter().cloned().collect();
        past.refold();
        for (entry, line) in entries {
            let fits = past.push(entry.clone(), *line);
            debug_assert!(fits.is_ok(), "{fits:?}");
        }
        past
    }

    /// Tells whether anything happened since the last record was exported. That somebody opened the audit again and looked
    /// at a file is nothing that needs a new record: it is told by the next one.
    pub fn changed_since_seal(&self) -> bool {
        let Some(seal) = self.seals.last() else { return true };
        let counts = |event: &Event| !matches!(event, Event::Resumed { .. } | Event::Seen { .. });
        self.entries.iter().any(|(entry, _)| entry.seq > seal.seq && counts(&entry.event))
    }

    /// Tells whether any line was opened or reviewed.
    pub fn has_coverage(&self) -> bool {
        !self.seen.is_empty() || !self.now.reviewed.is_empty()
    }

    /// Returns the time spent, in seconds: the sum of the gaps between events, each counted up to [`LONGEST_GAP`] and none
    /// negative.
    pub fn time_spent(&self) -> i64 {
        self.entries
            .windows(2)
            .map(|pair| pair[1].0.at.unix() - pair[0].0.at.unix())
            .map(|gap| gap.clamp(0, LONGEST_GAP))
            .sum()
    }

    /// Returns what the score depends on.
    pub fn inputs(&self) -> Inputs {
        self.now.inputs()
    }

    /// Returns everything that keeps the audit from being a final record, in the standard's order.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if self.now.modes.is_empty() {
            gaps.push(Gap::NoMode);
        }
        for fact in &self.standard.facts {
            for slot in self.now.slots(&fact.id, fact.per_mode) {
                match self.now.facts.get(&slot) {
                    None => gaps.push(Gap::OpenFact(slot)),
                    Some(stated) if blank(&stated.reason) && !self.now.evidenced(&Subject::Fact(slot.clone())) => {
                        gaps.push(Gap::Unsupported(slot));
                    }
                    Some(_) => {}
                }
            }
        }
        for (dimension, item) in self.standard.items() {
            for slot in self.now.slots(&item.id, dimension.per_mode) {
                match self.now.answers.get(&slot) {
                    None => gaps.push(Gap::OpenItem(slot)),
                    Some(answered) if blank(&answered.reason) && !self.now.evidenced(&Subject::Item(slot.clone())) => {
                        gaps.push(Gap::Unsupported(slot));
                    }
                    Some(_) => {}
                }
            }
        }
        for (id, found) in &self.now.findings {
            let Finding { severity, disclosure, .. } = &found.finding;
            if found.withdrawn.is_none() && severity.needs_disclosure() && disclosure.is_none() {
                gaps.push(Gap::Undisclosed(*id));
            }
        }
        for (subject, carry) in &self.now.carried {
            // An item that was reopened is open, which is said above; a finding stays where it was.
            let reopened = !carry.reopened_by.is_empty();
            let finding = matches!(subject, Subject::Finding(_));
            if reopened && finding || !reopened && self.is_proposed() {
                gaps.push(Gap::Unconfirmed(subject.clone()));
            }
        }
        gaps
    }
}

impl Folded {
    fn new(opened: Opened) -> Folded {
        Folded {
            opened,
            modes: Vec::new(),
            facts: BTreeMap::new(),
            answers: BTreeMap::new(),
            notes: BTreeMap::new(),
            evidence: BTreeMap::new(),
            findings: BTreeMap::new(),
            reviewed: Regions::default(),
            muted: BTreeMap::new(),
            carried: BTreeMap::new(),
        }
    }

    /// Takes over what the parent holds: what its evidence still backs stands, the rest is known as it was before.
    fn carry(&mut self, standard: &Standard, entry: &Entry, line: Sha256, carried: &Carried) -> Result<(), String> {
        carried.evidence.iter().try_for_each(|piece| piece.check())?;
        for event in carried.events() {
            self.apply(standard, &Entry { event, ..entry.clone() }, line)?;
        }
        for piece in carried.evidence.iter().filter(|piece| piece.fate.holds()) {
            let from = piece.regions.iter().map(|one| one.from.clone()).collect();
            let here = self.piece(piece.id)?;
            here.at = piece.taken_at;
            here.carried = Some(Trace { fate: piece.fate, from });
        }
        for one in &carried.findings {
            if let Some(found) = self.findings.get_mut(&one.id) {
                found.at = one.at;
            }
        }
        let answers = carried.answers.iter().map(|one| {
            let before = Before::Answer(one.answer, one.reason.clone());
            (Subject::Item(one.slot.clone()), before)
        });
        let facts = carried.facts.iter().map(|one| {
            let before = Before::Fact(one.value.clone(), one.reason.clone());
            (Subject::Fact(one.slot.clone()), before)
        });
        let findings = carried.findings.iter().map(|one| (Subject::Finding(one.id), Before::Finding));
        // What is reopened is shown as it was, so it must be sound as well.
        let mut trial = self.clone();
        for event in carried.said() {
            trial.apply(standard, &Entry { event, ..entry.clone() }, line)?;
        }
        for (subject, before) in answers.chain(facts).chain(findings) {
            self.expect_subject(standard, &subject)?;
            let reopened_by = carried.reopening(&subject);
            self.carried.insert(subject, Carry { before, reopened_by });
        }
        Ok(())
    }

    /// Returns the slots of an item or fact: one per declared mode, or one.
    pub fn slots(&self, id: &str, per_mode: bool) -> Vec<Slot> {
        if per_mode { self.modes.iter().map(|mode| Slot::in_mode(id, mode)).collect() } else { vec![Slot::once(id)] }
    }

    /// Returns what cites lines of each file.
    pub fn cited(&self) -> BTreeMap<&RepoPath, Cited> {
        let mut cited: BTreeMap<&RepoPath, Cited> = BTreeMap::new();
        for piece in self.evidence.values() {
            if let Kind::Code { regions } = &piece.evidence.kind {
                let paths: BTreeSet<&RepoPath> = regions.iter().map(|region| &region.path).collect();
                let findings = piece.backs.iter().filter_map(|subject| match subject {
                    Subject::Finding(id) if self.findings.get(id)?.withdrawn.is_none() => Some(*id),
                    _ => None,
                });
                let findings: Vec<FindingId> = findings.collect();
                for path in paths {
                    let cited = cited.entry(path).or_default();
                    cited.pieces += 1;
                    cited.findings.extend(&findings);
                }
            }
        }
        cited
    }

    /// Returns how many answers a finished audit has: one per item and declared mode, or one per item.
    pub fn answers_wanted(&self, standard: &Standard) -> usize {
        let in_modes = self.modes.len().max(1);
        standard.items().map(|(dimension, _)| if dimension.per_mode { in_modes } else { 1 }).sum()
    }

    /// Returns the pieces that back something, in the order of their numbers.
    pub fn backing(&self, subject: &Subject) -> Vec<EvidenceId> {
        self.evidence.iter().filter(|(_, piece)| piece.backs.contains(subject)).map(|(id, _)| *id).collect()
    }

    /// Tells whether some piece of evidence backs this.
    pub fn evidenced(&self, subject: &Subject) -> bool {
        self.evidence.values().any(|piece| piece.backs.contains(subject))
    }

    /// Returns what the score depends on.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            modes: self.modes.clone(),
            answers: self
                .answers
                .iter()
                .map(|(slot, answered)| {
                    let evidenced = self.evidenced(&Subject::Item(slot.clone()));
                    (slot.clone(), Given { answer: answered.answer, evidenced })
                })
                .collect(),
            facts: self.facts.iter().map(|(slot, stated)| (slot.clone(), stated.value.clone())).collect(),
            findings: self
                .findings
                .values()
                .filter(|found| found.withdrawn.is_none())
                .map(|found| OpenFinding {
                    severity: found.finding.severity,
                    items: found.finding.items.clone(),
                    advisory: !found.finding.advisories.is_empty(),
                })
                .collect(),
        }
    }

    fn expect_slot(&self, slot: &Slot, per_mode: bool) -> Result<(), String> {
        match (&slot.mode, per_mode) {
            (None, false) => Ok(()),
            (Some(mode), true) if self.modes.contains(mode) => Ok(()),
            (Some(mode), true) => Err(format!("the mode `{mode}` is not declared")),
            (None, true) => Err(format!("{} is answered per mode", slot.id)),
            (Some(_), false) => Err(format!("{} is answered once, not per mode", slot.id)),
        }
    }

    fn expect_item(&self, standard: &Standard, slot: &Slot) -> Result<(), String> {
        let (dimension, _) =
            standard.item(&slot.id).ok_or_else(|| format!("the standard has no item `{}`", slot.id))?;
        self.expect_slot(slot, dimension.per_mode)
    }

    fn expect_fact(&self, standard: &Standard, slot: &Slot) -> Result<(), String> {
        let fact = standard.fact(&slot.id).ok_or_else(|| format!("the standard has no fact `{}`", slot.id))?;
        self.expect_slot(slot, fact.per_mode)
    }

    fn expect_subject(&self, standard: &Standard, subject: &Subject) -> Result<(), String> {
        match subject {
            Subject::Item(slot) => self.expect_item(standard, slot),
            Subject::Fact(slot) => self.expect_fact(standard, slot),
            Subject::Finding(id) if self.findings.contains_key(id) => Ok(()),
            Subject::Finding(id) => Err(format!("there is no finding {id}")),
        }
    }

    fn piece(&mut self, id: EvidenceId) -> Result<&mut Piece, String> {
        self.evidence.get_mut(&id).ok_or_else(|| format!("there is no evidence {id}"))
    }

    fn apply(&mut self, standard: &Standard, entry: &Entry, line: Sha256) -> Result<(), String> {
        match &entry.event {
            Event::ModeDeclared { mode } => {
                if !mode_name(mode) {
                    return Err(format!("`{mode}` is not a mode's name; use lower-case letters, digits and `-`"));
                }
                if self.modes.contains(mode) {
                    return Err(format!("the mode `{mode}` is declared already"));
                }
                self.modes.push(mode.clone());
            }
            Event::FactSet { slots, value, reason } => {
                for slot in slots {
                    self.expect_fact(standard, slot)?;
                    let known = standard.fact(&slot.id).is_some_and(|fact| fact.values.iter().any(|v| v.id == *value));
                    if !known && value != UNKNOWN {
                        return Err(format!("{} has no value `{value}`", slot.id));
                    }
                    if value == UNKNOWN && blank(reason) {
                        return Err(format!("{}: `unknown` needs a written reason", slot.id));
                    }
                    let stated = Stated { value: value.clone(), reason: reason.clone(), at: entry.at };
                    self.carried.remove(&Subject::Fact(slot.clone()));
                    self.facts.insert(slot.clone(), stated);
                }
            }
            Event::Answered { slots, answer, reason } => {
                for slot in slots {
                    self.expect_item(standard, slot)?;
                    let accepts = standard.item(&slot.id).map(|(_, item)| item.accepts.as_slice()).unwrap_or_default();
                    if !accepts.contains(answer) {
                        let words: Vec<&str> = accepts.iter().map(|answer| answer.word()).collect();
                        return Err(format!(
                            "{} does not accept `{}`, only {}",
                            slot.id,
                            answer.word(),
                            words.join(", ")
                        ));
                    }
                    if answer.needs_reason() && blank(reason) {
                        return Err(format!("{}: {answer} needs a written reason", slot.id));
                    }
                    let answered = Answered { answer: *answer, reason: reason.clone(), at: entry.at };
                    self.carried.remove(&Subject::Item(slot.clone()));
                    self.answers.insert(slot.clone(), answered);
                }
            }
            Event::Noted { slot, text } => {
                match slot {
                    Some(slot) if standard.fact(&slot.id).is_some() => self.expect_fact(standard, slot)?,
                    Some(slot) => self.expect_item(standard, slot)?,
                    None => {}
                }
                if text.is_empty() {
                    self.notes.remove(slot);
                } else {
                    self.notes.insert(slot.clone(), text.clone());
                }
            }
            Event::EvidenceAdded { id, evidence } => {
                if self.evidence.contains_key(id) {
                    return Err(format!("there is an evidence {id} already"));
                }
                if matches!(&evidence.kind, Kind::Code { regions } if regions.is_empty()) {
                    return Err(format!("{id} has no region"));
                }
                let piece = Piece {
                    evidence: (**evidence).clone(),
                    at: entry.at,
                    backs: BTreeSet::new(),
                    redacted: None,
                    carried: None,
                };
                self.evidence.insert(*id, piece);
            }
            Event::RegionAdded { id, region } => match &mut self.piece(*id)?.evidence.kind {
                Kind::Code { regions } => regions.push(region.clone()),
                _ => return Err(format!("{id} is not of kind code")),
            },
            Event::EvidenceAttached { id, to } => {
                for subject in to {
                    self.expect_subject(standard, subject)?;
                    self.piece(*id)?.backs.insert(subject.clone());
                }
            }
            Event::EvidenceDetached { id, from } => {
                for subject in from {
                    if !self.piece(*id)?.backs.remove(subject) {
                        return Err(format!("{id} does not back {subject}"));
                    }
                }
            }
            Event::FindingSet { id, finding } => {
                if let Some(mistake) = finding.mistakes().into_iter().next() {
                    return Err(mistake);
                }
                if let Some(item) = finding.items.iter().find(|item| standard.item(item).is_none()) {
                    return Err(format!("the standard has no item `{item}`"));
                }
                // An edit does not bring a withdrawn finding back; undoing the withdrawal does.
                let before = self.findings.remove(id);
                let at = before.as_ref().map_or(entry.at, |found| found.at);
                let withdrawn = before.and_then(|found| found.withdrawn);
                self.carried.remove(&Subject::Finding(*id));
                self.findings.insert(*id, Found { finding: (**finding).clone(), at, line, withdrawn });
            }
            Event::FindingWithdrawn { id, reason } => {
                let found = self.findings.get_mut(id).ok_or_else(|| format!("there is no finding {id}"))?;
                found.withdrawn = Some(reason.clone());
                self.carried.remove(&Subject::Finding(*id));
            }
            Event::Redacted { id, reason } => self.piece(*id)?.redacted = Some(reason.clone()),
            Event::Reviewed { files, taken_back } => {
                for file in files {
                    if file.lines.is_empty() {
                        return Err(format!("no line of {} is named", file.path.lossy()));
                    }
                    let fits = if *taken_back { self.reviewed.remove(file) } else { self.reviewed.add(file) };
                    if !fits {
                        return Err(format!("too many ranges of {} are marked apart", file.path.lossy()));
                    }
                }
            }
            Event::LeadMuted { mute, reason } => {
                mute.check(standard)?;
                if reason.trim().is_empty() {
                    return Err(format!("{mute}: a mute needs a written reason"));
                }
                if self.muted.contains_key(mute) {
                    return Err(format!("{mute} is muted already"));
                }
                self.muted.insert(mute.clone(), Muted { reason: reason.clone(), at: entry.at });
            }
            Event::LeadUnmuted { mute } => {
                self.muted.remove(mute).ok_or_else(|| format!("{mute} is not muted"))?;
            }
            Event::Opened(_)
            | Event::Carried(_)
            | Event::Resumed { .. }
            | Event::Seen { .. }
            | Event::Sealed { .. }
            | Event::Undone { .. }
            | Event::Redone { .. } => {}
        }
        Ok(())
    }
}

fn blank(reason: &Option<String>) -> bool {
    reason.as_deref().is_none_or(|reason| reason.trim().is_empty())
}

/// Tells whether this can name a mode: one to 32 lower-case letters, digits and `-`, a letter first.
pub fn mode_name(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text != "all"
}
