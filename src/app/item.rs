//! The item pane: the question, what each answer would do, what backs it, where to look, the guidance.

use super::App;
use super::leads::{self, FileLeads};
use super::line::{Line, Tone, flow, overhang, wrap};
use crate::export::{count, summary};
use crate::model::answer::{Answer, State};
use crate::model::carry::Before;
use crate::model::event::{EvidenceId, FindingId, Subject};
use crate::model::evidence::{Kind, RepoPath};
use crate::model::score::{self, Given, Inputs, Slot};
use crate::model::standard::{Dimension, Item, Signal};
use crate::repo::display;

/// How many hits of the leads are listed in a file.
const HITS: usize = 6;
/// How many files are shown that have hits of which none is listed.
const BARE: usize = 12;

/// What a row of the pane stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Text.
    Nothing,
    /// An answer, or a fact's value, in these slots.
    Answer(Slot),
    /// A piece of evidence.
    Piece(EvidenceId),
    /// A place of a piece: the path, and the line from 0.
    Place(EvidenceId, RepoPath, usize),
    /// A lead, by its index.
    Lead(usize),
    /// A file that leads point at.
    LeadFile(RepoPath),
    /// A hit of a lead: the indexes of both.
    Hit(usize, usize),
    /// A finding.
    Finding(FindingId),
    /// The note.
    Note,
}

/// A row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it stands for.
    pub target: Target,
    /// What it says.
    pub line: Line,
}

/// What an answer, or a fact's value, would do to the levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Would {
    /// The answer's word, or the value.
    pub value: String,
    /// It is the answer that is given.
    pub given: bool,
    /// For each dimension that would move: its id, and where it would stand.
    pub moves: Vec<(String, String)>,
}

/// Returns what each accepted answer of the item, or value of the fact, would do.
pub fn would(app: &App) -> Vec<Would> {
    let standard = &app.audit.standard;
    let slots = app.slots_of(&app.item);
    let mut found = Vec::new();
    if let Some((_, item)) = standard.item(&app.item) {
        for answer in &item.accepts {
            let mut inputs = app.inputs.clone();
            for slot in &slots {
                // The answer is weighed as it would stand once it is supported.
                inputs.answers.insert(slot.clone(), Given { answer: *answer, evidenced: true });
            }
            let given = !slots.is_empty()
                && slots.iter().all(|slot| app.inputs.answers.get(slot).is_some_and(|given| given.answer == *answer));
            found.push(weigh(app, answer.word(), given, &inputs));
        }
    } else if let Some(fact) = standard.fact(&app.item) {
        for value in fact.values.iter().map(|value| value.id.as_str()).chain([score::UNKNOWN]) {
            let mut inputs = app.inputs.clone();
            for slot in &slots {
                inputs.facts.insert(slot.clone(), value.to_owned());
            }
            let given = !slots.is_empty()
                && slots.iter().all(|slot| app.inputs.facts.get(slot).is_some_and(|given| given == value));
            found.push(weigh(app, value, given, &inputs));
        }
    }
    found
}

fn weigh(app: &App, value: &str, given: bool, inputs: &Inputs) -> Would {
    let standard = &app.audit.standard;
    let then = score::score(standard, inputs);
    // Points first: a level's name may be cut.
    let range = |one: &score::DimensionScore| {
        if one.low == one.high { format!("{} {}", one.points, one.low) } else { one.points.to_string() }
    };
    let mut moves = Vec::new();
    let mode = app.mode_name();
    for (now, later) in
        app.score.modes.iter().zip(&then.modes).filter(|(now, _)| mode.is_none_or(|mode| mode == now.mode))
    {
        for (now, later) in now.dimensions.iter().zip(&later.dimensions) {
            if now != later && !moves.iter().any(|(known, _)| *known == now.id) {
                moves.push((now.id.clone(), range(later)));
            }
        }
    }
    for (now, later) in app.score.separate.iter().zip(&then.separate) {
        if now != later {
            moves.push((now.id.clone(), range(later)));
        }
    }
    Would { value: value.to_owned(), given, moves }
}

/// Returns the key's action that gives an answer.
fn key_of(app: &App, answer: &str) -> String {
    use super::action::Act;
    let act = match answer {
        "yes" => Act::Yes,
        "no" => Act::No,
        "partial" => Act::Partial,
        "not_applicable" => Act::NotApplicable,
        "unknown" => Act::CannotTell,
        _ => return String::new(),
    };
    app.keymap.key(act).unwrap_or_default()
}

/// Returns how a value is said.
pub fn spoken(value: &str) -> String {
    match value.parse::<Answer>() {
        Ok(Answer::Unknown) => "cannot tell".to_owned(),
        Ok(answer) => answer.to_string(),
        Err(_) => value.replace('_', " "),
    }
}

/// Collects rows.
struct Rows {
    rows: Vec<Row>,
    width: usize,
}

impl Rows {
    fn push(&mut self, target: Target, line: Line) {
        self.rows.push(Row { target, line });
    }

    fn blank(&mut self) {
        if self.rows.last().is_some_and(|row| !row.line.0.is_empty()) {
            self.push(Target::Nothing, Line::default());
        }
    }

    fn heading(&mut self, text: impl Into<String>) {
        self.blank();
        self.push(Target::Nothing, Line::of(Tone::Strong, text));
    }

    fn text(&mut self, target: &Target, tone: Tone, text: &str, indent: usize) {
        for line in wrap(text, self.width, indent) {
            self.push(target.clone(), Line::of(tone, line));
        }
    }
}

/// Returns the rows of the pane for a width in columns, of which the first is the cursor's.
pub fn rows(app: &App, width: usize) -> Vec<Row> {
    let mut rows = Rows { rows: Vec::new(), width: width.saturating_sub(1) };
    let standard = &app.audit.standard;
    if let Some((_, item)) = standard.item(&app.item) {
        rows.text(&Target::Nothing, Tone::Strong, &item.text, 0);
        answers(app, &mut rows, Some(item));
        weighed(app, &mut rows);
        evidence(app, &mut rows);
        leads(app, &mut rows);
        findings(app, &mut rows);
        notes(app, &mut rows);
        guidance(&mut rows, item);
    } else if let Some(fact) = standard.fact(&app.item) {
        rows.text(&Target::Nothing, Tone::Strong, &fact.title, 0);
        answers(app, &mut rows, None);
        weighed(app, &mut rows);
        evidence(app, &mut rows);
        notes(app, &mut rows);
        rows.heading("How to tell");
        rows.text(&Target::Nothing, Tone::Plain, &flow(&fact.guidance), 0);
        rows.heading("Values");
        for value in &fact.values {
            rows.text(&Target::Nothing, Tone::Plain, &format!("{}: {}", value.id, value.title), 0);
        }
    } else if let Some(dimension) = standard.dimensions.iter().find(|dimension| dimension.id == app.item) {
        levels(app, &mut rows, dimension);
    }
    rows.rows
}

/// Where a dimension stands, in each mode, and which levels it can still reach.
fn levels(app: &App, rows: &mut Rows, dimension: &Dimension) {
    rows.text(&Target::Nothing, Tone::Strong, &dimension.heading, 0);
    rows.text(&Target::Nothing, Tone::Plain, &flow(&dimension.about), 0);
    let in_modes = app.score.modes.iter().flat_map(|mode| mode.dimensions.iter().map(|one| (mode.mode.as_str(), one)));
    let separate = app.score.separate.iter().map(|one| ("", one));
    let position = |id: &str| dimension.levels.iter().position(|level| level.id == id).unwrap_or(0);
    let top = dimension.levels.iter().map(|level| level.points).max().unwrap_or(0);
    for (at, (mode, standing)) in in_modes.chain(separate).filter(|(_, one)| one.id == dimension.id).enumerate() {
        // What is answered once stands in every mode alike.
        if !dimension.per_mode && at > 0 {
            break;
        }
        let mode = if dimension.per_mode { format!("{mode}: ") } else { String::new() };
        let apart = if dimension.separate { ", never added to the score" } else { "" };
        rows.heading(format!("{mode}{} of {top} points{apart}", standing.points));
        let reach = position(&standing.high)..=position(&standing.low);
        for (at, level) in dimension.levels.iter().enumerate() {
            let (mark, tone) = match (reach.contains(&at), standing.points.settled()) {
                (true, true) => ("▸", Tone::Good),
                (true, false) => ("•", Tone::Plain),
                (false, _) => (" ", Tone::Dim),
            };
            let line = Line::of(Tone::Key, format!("{mark} "));
            rows.push(Target::Nothing, line.and(tone, format!("{:>2}  {}", level.points, level.title)));
        }
    }
    rows.blank();
    rows.text(&Target::Nothing, Tone::Dim, "▸ here   • still within reach", 0);
}

/// The answer in each mode, side by side.
fn answers(app: &App, rows: &mut Rows, item: Option<&Item>) {
    rows.blank();
    let slots = app.slots_in_all_modes(&app.item);
    let chosen = app.slots_of(&app.item);
    if slots.is_empty() {
        let key = app.keymap.key(super::action::Act::DeclareMode).unwrap_or_default();
        rows.text(
            &Target::Nothing,
            Tone::Warning,
            &format!("No mode is declared yet: {key} declares one in which the server ships to be run."),
            0,
        );
    }
    for slot in slots {
        let now = &app.audit.now;
        let (state, said, reason) = match item {
            Some(item) => {
                let answered = now.answers.get(&slot);
                let said = answered.map_or("open".to_owned(), |one| spoken(one.answer.word()));
                (
                    State::of(answered.map(|one| one.answer), item.secure),
                    said,
                    answered.and_then(|one| one.reason.clone()),
                )
            }
            None => {
                let stated = now.facts.get(&slot);
                let said = stated.map_or("open".to_owned(), |one| one.value.clone());
                (
                    score::fact_state(stated.map(|one| one.value.as_str())),
                    said,
                    stated.and_then(|one| one.reason.clone()),
                )
            }
        };
        let here = if chosen.contains(&slot) { "▸ " } else { "  " };
        let mode = slot.mode.as_ref().map(|mode| format!("{mode}: ")).unwrap_or_default();
        let mut line = Line::of(Tone::Key, here).and(Tone::Plain, mode);
        line = line.and(Tone::State(state), format!("{} {said}", state.mark()));
        let bare = app.gaps.iter().any(|gap| matches!(gap, crate::model::audit::Gap::Unsupported(one) if *one == slot));
        if bare {
            line = line.and(Tone::Warning, "  ! no support yet");
        }
        let subject = if item.is_some() { Subject::Item(slot.clone()) } else { Subject::Fact(slot.clone()) };
        let carry = now.carried.get(&subject);
        line = match carry.map(|carry| carry.reopened_by.is_empty()) {
            Some(true) => line.and(Tone::Warning, "  carried"),
            Some(false) => line.and(Tone::Warning, "  reopened"),
            None => line,
        };
        rows.push(Target::Answer(slot.clone()), line);
        if let Some(carry) = carry.filter(|carry| !carry.reopened_by.is_empty()) {
            let (before, reason) = match &carry.before {
                Before::Answer(answer, reason) => (answer.to_string(), reason.as_ref()),
                Before::Fact(value, reason) => (spoken(value), reason.as_ref()),
                Before::Finding => (String::new(), None),
            };
            let reason = reason.map(|reason| format!(" — {reason}")).unwrap_or_default();
            let because: Vec<String> = carry.reopened_by.iter().map(ToString::to_string).collect();
            let text = format!("before: {before} ({}){reason}", because.join(", "));
            rows.text(&Target::Answer(slot.clone()), Tone::Dim, &display::block(&text), 4);
        }
        if let Some(reason) = reason {
            rows.text(&Target::Answer(slot), Tone::Dim, &display::block(&reason), 4);
        }
    }
}

/// What each answer would do to the level.
fn weighed(app: &App, rows: &mut Rows) {
    const VALUES: usize = 12;
    rows.blank();
    for would in &app.would {
        let key = key_of(app, &would.value);
        let mark = if would.given { "•" } else { " " };
        let value = match would.value.as_str() {
            "not_applicable" => "n/a".to_owned(),
            other => spoken(other),
        };
        let head = Line::of(Tone::Dim, mark)
            .and(Tone::Key, format!("{key:>2} "))
            .and(Tone::Plain, format!("{value:<VALUES$}"));
        let said = |line: Line, (dimension, then): &(String, String)| {
            line.and(Tone::Dim, format!("{dimension} → ")).and(Tone::Plain, then.clone())
        };
        let first = match would.moves.first() {
            _ if would.given => head.and(Tone::Dim, "as it is"),
            None => head.and(Tone::Dim, "no change"),
            Some(moved) => said(head, moved),
        };
        rows.push(Target::Nothing, first);
        for moved in would.moves.iter().skip(1).filter(|_| !would.given) {
            rows.push(Target::Nothing, said(Line::plain(format!("{:1$}", "", VALUES + 4)), moved));
        }
    }
}

fn evidence(app: &App, rows: &mut Rows) {
    let all = app.slots_in_all_modes(&app.item);
    let fact = app.audit.standard.fact(&app.item).is_some();
    let subject = |slot: &Slot| if fact { Subject::Fact(slot.clone()) } else { Subject::Item(slot.clone()) };
    let subjects: Vec<Subject> = all.iter().map(subject).collect();
    let pieces: Vec<_> = app
        .audit
        .now
        .evidence
        .iter()
        .filter(|(_, piece)| subjects.iter().any(|subject| piece.backs.contains(subject)))
        .collect();
    rows.heading(match pieces.len() {
        0 => "Evidence: none".to_owned(),
        some => format!("Evidence ({some})"),
    });
    for (id, piece) in pieces {
        let modes: Vec<&str> = all
            .iter()
            .filter(|slot| piece.backs.contains(&subject(slot)))
            .filter_map(|slot| slot.mode.as_deref())
            .collect();
        let modes = if modes.is_empty() || modes.len() == all.len() {
            String::new()
        } else {
            format!(" ({})", modes.join(", "))
        };
        let redacted = if piece.redacted.is_some() { " [redacted]" } else { "" };
        let name = format!("{id}");
        if let Kind::Code { regions } = &piece.evidence.kind {
            for (at, region) in regions.iter().enumerate() {
                let head = if at == 0 { format!("{name:<4}") } else { "    ".to_owned() };
                let place = place(&region.path, region.first, region.last, rows.width.saturating_sub(5 + modes.len()));
                let line =
                    Line::of(Tone::Key, head).and(Tone::Plain, place).and(Tone::Dim, format!("{modes}{redacted}"));
                rows.push(Target::Place(*id, region.path.clone(), region.first - 1), line);
            }
        } else {
            let text = format!("{name:<4}{}{modes}{redacted}", summary(&piece.evidence));
            for line in wrap_hanging(&text, rows.width, 4) {
                rows.push(Target::Piece(*id), Line::plain(line));
            }
        }
        if let Some(note) = &piece.evidence.note {
            rows.text(&Target::Piece(*id), Tone::Dim, &display::block(note), 4);
        }
    }
}

/// Returns a place, its path cut at the front where it is too long.
pub fn place(path: &RepoPath, first: usize, last: usize, room: usize) -> String {
    let lines = if first == last { format!(":{first}") } else { format!(":{first}-{last}") };
    cut_front(&display::bytes(&path.0), room.saturating_sub(lines.len())) + &lines
}

/// Returns a path, cut at its front where it is too long.
fn cut_front(path: &str, room: usize) -> String {
    match overhang(path, room.max(8)) {
        0 => path.to_owned(),
        cut => format!("…{}", path.chars().skip(cut).collect::<String>()),
    }
}

fn wrap_hanging(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = wrap(text, width.saturating_sub(indent), 0);
    // The first line keeps its own blanks, which set the number apart.
    for line in lines.iter_mut().skip(1) {
        *line = format!("{}{line}", " ".repeat(indent));
    }
    lines
}

/// Returns the mark that tells signals apart without colour.
pub fn mark(signal: Signal) -> char {
    match signal {
        Signal::Supports => '+',
        Signal::Concern => '!',
        Signal::Look => '?',
    }
}

fn leads(app: &App, rows: &mut Rows) {
    if app.audit.standard.item(&app.item).is_none_or(|(_, item)| item.leads.is_empty()) {
        return;
    }
    let Some(leads) = app.leads.get(&app.item).filter(|leads| !leads.is_empty()) else {
        let so_far = app.leads_so_far;
        let so_far =
            if so_far > 0 { format!(" {} so far in all items", count(so_far, "hit", "hits")) } else { String::new() };
        return rows.heading(format!("Leads: being looked for …{so_far}"));
    };
    let counts = &app.listed.counts;
    rows.blank();
    let concerns = count(counts.concerns, "concern", "concerns");
    let muted = if counts.muted > 0 { format!(", {} muted", counts.muted) } else { String::new() };
    let title = format!("Leads: + {} support, ! {concerns}, ? {} to read{muted}", counts.supports, counts.look);
    rows.text(&Target::Nothing, Tone::Strong, &title, 0);
    let mut order: Vec<usize> = (0..leads.len()).collect();
    order.sort_by_key(|at| leads[*at].outcome.as_ref().map_or(0, |found| found.places.len()) == 0);
    for at in order {
        let lead = &leads[at];
        let target = Target::Lead(at);
        let line = Line::of(Tone::Signal(lead.signal), format!("{} ", mark(lead.signal)));
        let text = format!("{}: {}", display::line(&lead.why), leads::outcome(lead, &app.mutes));
        let mut lines = wrap(&text, rows.width.saturating_sub(2), 0).into_iter();
        rows.push(target.clone(), line.and(Tone::Plain, lines.next().unwrap_or_default()));
        for text in lines {
            rows.push(target.clone(), Line::plain(format!("  {text}")));
        }
    }
    let is_listed = |file: &&FileLeads| !file.hits.is_empty();
    let bare = app.listed.files.iter().filter(|file| file.hits.is_empty() && file.unlisted > 0);
    for file in app.listed.files.iter().filter(is_listed).chain(bare.clone().take(BARE)) {
        rows.blank();
        let target = Target::LeadFile(file.path.clone());
        let marks = file.counts.marks();
        let path = cut_front(&display::bytes(&file.path.0), rows.width.saturating_sub(marks.len() + 4));
        rows.push(target.clone(), Line::of(Tone::Strong, path).and(Tone::Dim, format!("  {marks}")));
        for at in file.hits.iter().take(HITS) {
            let Some((found, hit)) = app.lead_hit(at.lead, at.hit) else { continue };
            let current = app.lead_at == Some((at.lead, at.hit));
            let line = Line::of(Tone::Key, if current { "▸ " } else { "  " })
                .and(Tone::Signal(found.signal), format!("{} ", mark(found.signal)));
            let place = if hit.line == 0 { "the path".to_owned() } else { hit.line.to_string() };
            let apart = match (app.mutes.hold(&found.id, hit), hit.excluded) {
                (true, _) => " (muted)",
                (false, true) => " (excluded)",
                (false, false) => "",
            };
            let text = display::bytes(&hit.text);
            rows.push(
                Target::Hit(at.lead, at.hit),
                line.and(Tone::Dim, format!("{place}{apart} ")).and(Tone::Code, text.trim_start().to_owned()),
            );
        }
        let more = file.hits.len().saturating_sub(HITS);
        if more > 0 {
            rows.push(target.clone(), Line::of(Tone::Dim, format!("    … and {more} more")));
        }
        if file.unlisted > 0 {
            rows.push(target, Line::of(Tone::Dim, format!("    {}", leads::not_listed(file.unlisted))));
        }
    }
    let files = bare.count().saturating_sub(BARE);
    if files > 0 {
        rows.blank();
        let files = count(files, "more file has hits", "more files have hits");
        rows.text(&Target::Nothing, Tone::Dim, &format!("… {files} that are not listed"), 0);
    }
}

fn findings(app: &App, rows: &mut Rows) {
    let on: Vec<_> =
        app.audit.now.findings.iter().filter(|(_, found)| found.finding.items.contains(&app.item)).collect();
    if on.is_empty() {
        return;
    }
    rows.heading("Findings");
    for (id, found) in on {
        let withdrawn = if found.withdrawn.is_some() { " (withdrawn)" } else { "" };
        let line = Line::of(Tone::Key, format!("{id} "))
            .and(Tone::Severity(found.finding.severity), format!("{} ", found.finding.severity));
        rows.push(
            Target::Finding(*id),
            line.and(Tone::Plain, format!("{}{withdrawn}", display::line(&found.finding.title))),
        );
    }
}

fn notes(app: &App, rows: &mut Rows) {
    let slots = app.slots_in_all_modes(&app.item);
    let mut said: Vec<(&String, Vec<&str>)> = Vec::new();
    for slot in &slots {
        let Some(note) = app.audit.now.notes.get(&Some(slot.clone())) else { continue };
        match said.iter_mut().find(|(known, _)| *known == note) {
            Some((_, modes)) => modes.extend(slot.mode.as_deref()),
            None => said.push((note, slot.mode.as_deref().into_iter().collect())),
        }
    }
    for (note, modes) in said {
        let modes = if modes.is_empty() || modes.len() == slots.len() {
            String::new()
        } else {
            format!(" ({})", modes.join(", "))
        };
        rows.heading(format!("Note{modes}"));
        rows.text(&Target::Note, Tone::Plain, &display::block(note), 0);
    }
}

fn guidance(rows: &mut Rows, item: &Item) {
    let secure = spoken(item.secure.word());
    let mut parts = vec![("What to look for", item.look_for.as_str()), ("What counts", item.counts.as_str())];
    parts.push(("Partial", item.partial.as_str()));
    parts.push(("Traps", item.trap.as_str()));
    let hint = item.not_applicable.as_ref().map(|rule| rule.hint.as_str()).unwrap_or_default();
    parts.push(("Not applicable", hint));
    for (title, text) in parts {
        if !text.trim().is_empty() {
            rows.heading(title);
            rows.text(&Target::Nothing, Tone::Plain, &flow(text), 0);
        }
    }
    rows.heading("References");
    rows.text(&Target::Nothing, Tone::Dim, &format!("The secure answer is {secure}. Relevant to:"), 0);
    for (catalogue, controls) in &item.refs {
        rows.text(&Target::Nothing, Tone::Dim, &format!("{catalogue}: {}", controls.join(", ")), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_at_its_front() {
        let path = RepoPath::from("packages/server/src/tools/authority.ts");
        assert_eq!(place(&path, 3, 3, 60), "packages/server/src/tools/authority.ts:3");
        assert_eq!(place(&path, 3, 12, 20), "…s/authority.ts:3-12");
        assert_eq!(place(&path, 3, 12, 0), "…rity.ts:3-12");
        assert_eq!(place(&RepoPath(b"a\x1b\xff".to_vec()), 1, 1, 40).matches('\u{1b}').count(), 0);
    }

    #[test]
    fn values_are_said_as_one_speaks() {
        assert_eq!(spoken("unknown"), "cannot tell");
        assert_eq!(spoken("not_applicable"), "not applicable");
        assert_eq!(spoken("api_key"), "api key");
    }

    #[test]
    fn lines_after_the_first_are_indented() {
        assert_eq!(wrap_hanging("E1  one two three", 12, 4), ["E1 one", "    two", "    three"]);
    }
}
