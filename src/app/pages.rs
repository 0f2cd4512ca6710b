//! Pages to read: help, the log, what would flip a level, a piece of evidence, the review.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Act, Context, Group};
use super::item::spoken;
use super::key;
use super::line::{Line, Tone, wrap};
use super::popup::{Go, HIT_LIMIT, Page, Popup};
use super::{App, coverage};
use crate::error::Result;
use crate::export::caution::Reviewed;
use crate::export::{count, describe_act, summary};
use crate::model::audit::Gap;
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::Kind;
use crate::model::score::{self, Slot};
use crate::repo::trojan::{Looked, Odd};
use crate::repo::{Hit, display};

type Lines = Vec<(Line, Option<Go>)>;

fn wrapped(lines: &mut Lines, tone: Tone, text: &str, width: usize, indent: usize, go: Option<&Go>) {
    for line in wrap(text, width, indent) {
        lines.push((Line::of(tone, line), go.cloned()));
    }
}

/// Returns how wide a page's text may be.
pub(super) fn width(app: &App) -> usize {
    usize::from(app.size.0.min(112)).saturating_sub(if app.size.0 >= 112 { 4 } else { 6 })
}

/// Returns every key that works in a context.
pub fn help(app: &App, context: Context) -> Page {
    let mut lines: Lines = Vec::new();
    for group in Group::ALL {
        let here = ACTIONS.iter().filter(|action| {
            action.group == group && action.contexts.iter().any(|one| *one == context || *one == Context::Always)
        });
        let mut rows: Lines = Vec::new();
        for action in here {
            let keys: Vec<String> = app.keymap.keys(action.act).iter().map(|keys| key::spoken(keys)).collect();
            let keys = keys.join("  ");
            let mut text = wrap(action.doc, width(app).saturating_sub(18), 0).into_iter();
            let first = Line::of(Tone::Key, format!("  {keys:<15} ")).and(Tone::Plain, text.next().unwrap_or_default());
            rows.push((first, None));
            rows.extend(text.map(|rest| (Line::plain(format!("{:18}{rest}", "")), None)));
        }
        if !rows.is_empty() {
            if !lines.is_empty() {
                lines.push((Line::default(), None));
            }
            lines.push((Line::of(Tone::Strong, group.title()), None));
            lines.append(&mut rows);
        }
    }
    lines.push((Line::default(), None));
    let palette = app.keymap.key(Act::Palette).unwrap_or_default();
    let text =
        format!("{palette} on the main screen finds every action by name. All keys can be changed in config.toml.");
    wrapped(&mut lines, Tone::Dim, &text, width(app), 0, None);
    Page::new(format!("Keys: {}", context.title().to_lowercase()), lines)
}

/// Returns what happened, the newest first.
pub fn log(app: &App) -> Page {
    let mut lines: Lines = Vec::new();
    for (entry, _) in app.audit.entries().iter().rev().filter(|(entry, _)| entry.seq == entry.act) {
        let undone = if app.audit.is_undone(entry.act) { "  (undone)" } else { "" };
        let text = describe_act(&app.audit, entry.act);
        let mut rest = wrap(&format!("{text}{undone}"), width(app).saturating_sub(28), 0).into_iter();
        let quiet = !undone.is_empty() || matches!(entry.event, Event::Seen { .. });
        let tone = if quiet { Tone::Dim } else { Tone::Plain };
        let head = Line::of(Tone::Dim, format!("{:>5} {}  ", entry.act, entry.at));
        lines.push((head.and(tone, rest.next().unwrap_or_default()), None));
        lines.extend(rest.map(|more| (Line::of(tone, format!("{:28}{more}", "")), None)));
    }
    let spent = app.audit.time_spent();
    Page::new(format!("Log: {} h {:02} min at work", spent / 3600, spent / 60 % 60), lines)
}

/// Returns what single answer or fact would change a level.
pub fn flips(app: &App) -> Page {
    let mut lines: Lines = Vec::new();
    let flips = score::flips(&app.audit.standard, &app.inputs);
    for dimension in &app.audit.standard.dimensions {
        let here: Vec<_> = flips.iter().filter(|flip| flip.dimension == dimension.id).collect();
        if here.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push((Line::default(), None));
        }
        lines.push((Line::of(Tone::Strong, dimension.title.clone()), None));
        for flip in here {
            let evidence = if flip.with_evidence { " with evidence" } else { "" };
            let [low, high] = &flip.levels;
            let level = if low == high { low.clone() } else { format!("{low} to {high}") };
            let mode = flip.slot.mode.as_ref().map(|mode| format!(" ({mode})")).unwrap_or_default();
            let text = format!("{:<22} {}{evidence}", format!("{}{mode}", flip.slot.id), spoken(&flip.value));
            let total = if dimension.separate { String::new() } else { format!("   total {}", flip.total) };
            let line = Line::of(Tone::Plain, format!("  {text:<37} "))
                .and(Tone::Good, format!("{level} {}", flip.points))
                .and(Tone::Dim, format!("{total}   ({:+}/{:+})", flip.change[0], flip.change[1]));
            lines.push((line, Some(Go::Slot(flip.slot.clone()))));
        }
    }
    if lines.is_empty() {
        lines.push((Line::plain("No single answer would change a level."), None));
    }
    Page::new("What would flip a level (lowest and highest change)", lines)
}

/// Returns the page that lists what could fool the eye, while it is looked for.
pub fn trojans(ticket: u64) -> Page {
    let head = Line::of(Tone::Dim, "Looking through every path and every line …");
    let mut page = Page::new("What could fool the eye", vec![(head, None)]);
    page.odd = Some(ticket);
    page
}

/// Adds places that could fool the eye to their page.
pub fn odd(page: &mut Page, odd: Vec<Odd>) {
    // The first line says how it stands.
    let room = (HIT_LIMIT + 1).saturating_sub(page.lines.len());
    for one in odd.into_iter().take(room) {
        let line = usize::try_from(one.line).unwrap_or(0);
        let letter = one.marks.first().map_or(" ", |mark| mark.technique.letter());
        let at = if line == 0 { " (its name)".to_owned() } else { format!(":{line}") };
        let text = Line::of(Tone::Warning, format!("{letter} "))
            .and(Tone::Plain, format!("{}{at}", display::bytes(&one.path.0)))
            .and(Tone::Dim, format!("  {}", one.said()));
        page.lines.push((text, Some(Go::Place(one.path, line.saturating_sub(1)))));
    }
}

/// Says at the head of the page what was looked at, and what was not.
pub fn looked(page: &mut Page, result: Result<Looked>) {
    let mut head: Lines = Vec::new();
    match result {
        Ok(looked) => {
            let places = count(looked.odd, "place", "places");
            let first = format!("{places}; {} looked through.", count(looked.files, "file", "files"));
            head.push((Line::of(Tone::Strong, first), None));
            let listed = page.lines.len().saturating_sub(1);
            if (listed as u64) < looked.odd {
                head.push((Line::of(Tone::Warning, format!("Only the first {listed} are listed.")), None));
            }
            for said in looked.unseen() {
                head.push((Line::of(Tone::Warning, said), None));
            }
        }
        Err(error) => head.push((Line::of(Tone::Warning, display::line(&error.message).into_owned()), None)),
    }
    let key = "B text direction, Z invisible, H look-alike. A lead is no verdict; Enter goes there, . and , go on.";
    head.push((Line::of(Tone::Dim, key), None));
    let more = head.len().saturating_sub(1);
    page.lines.splice(..1, head);
    page.cursor = if page.cursor == 0 { 0 } else { page.cursor + more };
}

/// Returns the places that a page lists as hits to walk through, and which of them is under its cursor.
pub fn hits(page: &Page) -> (Vec<Hit>, usize) {
    let place = |go: &Option<Go>| match go {
        Some(Go::Place(path, line)) => {
            Some(Hit { path: path.clone(), line: *line as u64 + 1, text: Vec::new(), excluded: false })
        }
        _ => None,
    };
    let before = page.lines.iter().take(page.cursor).filter(|(_, go)| go.is_some()).count();
    (page.lines.iter().filter_map(|(_, go)| place(go)).collect(), before)
}

/// Returns everything about a piece of evidence.
pub fn piece(app: &App, id: EvidenceId) -> Option<Page> {
    let piece = app.audit.now.evidence.get(&id)?;
    let width = width(app);
    let mut lines: Lines = Vec::new();
    wrapped(&mut lines, Tone::Strong, &summary(&piece.evidence), width, 0, None);
    let mut say = |tone: Tone, text: String| wrapped(&mut lines, tone, &text, width, 0, None);
    if let Some(note) = &piece.evidence.note {
        say(Tone::Plain, display::block(note).into_owned());
    }
    if let Some(why) = &piece.redacted {
        say(Tone::Warning, format!("Redacted: {}", display::line(why)));
    }
    let backs: Vec<String> = piece.backs.iter().map(ToString::to_string).collect();
    say(
        Tone::Dim,
        if backs.is_empty() { "Backs nothing yet.".to_owned() } else { format!("Backs {}.", backs.join(", ")) },
    );
    say(Tone::Dim, format!("Reachability: {}. Taken {}.", spoken(piece.evidence.reachability.word()), piece.at));
    lines.push((Line::default(), None));
    match &piece.evidence.kind {
        Kind::Code { regions } => {
            for region in regions {
                let go = Go::Place(region.path.clone(), region.first - 1);
                let text = format!("{}:{}-{}", display::bytes(&region.path.0), region.first, region.last);
                lines.push((Line::plain(text), Some(go)));
                lines.push((
                    Line::of(Tone::Dim, format!("  blob {}  sha256 {}", region.blob.short(), region.sha256)),
                    None,
                ));
            }
        }
        Kind::Search(search) => {
            wrapped(&mut lines, Tone::Code, &display::line(&search.query.pattern), width, 2, None);
            for place in &search.places {
                let line = usize::try_from(place.line).unwrap_or(1).max(1);
                let text = format!("  {}:{line}", display::bytes(&place.path.0));
                lines.push((Line::plain(text), Some(Go::Place(place.path.clone(), line - 1))));
            }
        }
        Kind::Path(list) => {
            for path in &list.paths {
                lines.push((Line::plain(format!("  {}", display::bytes(&path.0))), Some(Go::Place(path.clone(), 0))));
            }
        }
        Kind::History(history) => {
            for commit in &history.matching {
                lines.push((Line::plain(format!("  {commit}")), None));
            }
        }
        Kind::Observation(observed) => {
            wrapped(&mut lines, Tone::Code, &display::block(&observed.output), width, 2, None)
        }
        Kind::External(external) => wrapped(&mut lines, Tone::Plain, &display::block(&external.saw), width, 2, None),
    }
    Some(Page::new(format!("Evidence {id}"), lines))
}

/// How much a kind of evidence weighs in the matrix: what a machine can check again first.
const KINDS: [&str; 6] = ["code", "search", "path", "history", "observation", "external"];

/// Returns the review: what a record would hold and where it is weak. `looked` is what a look at the pin found, once it
/// is done.
pub fn review(app: &App, looked: Option<&Reviewed>) -> Page {
    let mut lines: Lines = Vec::new();
    let width = width(app);
    let section = |lines: &mut Lines, title: String| {
        if !lines.is_empty() {
            lines.push((Line::default(), None));
        }
        lines.push((Line::of(Tone::Strong, title), None));
    };
    let now = &app.audit.now;
    let pick = |choose: &dyn Fn(&Gap) -> Option<Slot>| app.gaps.iter().filter_map(choose).collect::<Vec<Slot>>();
    let open = pick(&|gap| match gap {
        Gap::OpenItem(slot) | Gap::OpenFact(slot) => Some(slot.clone()),
        _ => None,
    });
    let bare = pick(&|gap| match gap {
        Gap::Unsupported(slot) => Some(slot.clone()),
        _ => None,
    });
    if app.gaps.is_empty() {
        section(&mut lines, "Nothing is open: a final record can be exported".to_owned());
    } else {
        section(&mut lines, format!("In the way of a final record: {}", app.gaps.len()));
        if app.gaps.contains(&Gap::NoMode) {
            lines.push((Line::of(Tone::Warning, "  no mode is declared"), None));
        }
    }
    let list = |lines: &mut Lines, tone: Tone, what: &str, slots: &[Slot]| {
        for slot in slots {
            let short = app.audit.standard.item(&slot.id).map_or("a fact", |(_, item)| item.short.as_str());
            let line = Line::of(tone, format!("  {what:<12} "))
                .and(Tone::Plain, format!("{:<24} ", slot.to_string()))
                .and(Tone::Dim, short);
            lines.push((line, Some(Go::Slot(slot.clone()))));
        }
    };
    list(&mut lines, Tone::Warning, "unsupported", &bare);
    list(&mut lines, Tone::Warning, "open", &open);
    for gap in &app.gaps {
        if let Gap::Unconfirmed(of) = gap {
            let go = match of {
                Subject::Item(slot) | Subject::Fact(slot) => Go::Slot(slot.clone()),
                Subject::Finding(id) => Go::Finding(*id),
            };
            lines.push((Line::of(Tone::Warning, format!("  carried, and not confirmed: {of}")), Some(go)));
        }
        if let (Gap::Undisclosed(id), Some(found)) = (
            gap,
            match gap {
                Gap::Undisclosed(id) => now.findings.get(id),
                _ => None,
            },
        ) {
            let text = format!("  {id} {}: no decision on its disclosure", found.finding.severity);
            lines.push((Line::of(Tone::Warning, text), Some(Go::Finding(*id))));
        }
    }
    if !app.score.contradictions.is_empty() {
        section(&mut lines, "Contradictions".to_owned());
        for conflict in &app.score.contradictions {
            let go = conflict.slots.first().cloned().map(Go::Slot);
            let slots: Vec<String> = conflict.slots.iter().map(ToString::to_string).collect();
            wrapped(
                &mut lines,
                Tone::Warning,
                &format!("{} ({})", conflict.text, slots.join(", ")),
                width,
                2,
                go.as_ref(),
            );
        }
    }
    let reasoned: Vec<Slot> = now
        .answers
        .iter()
        .filter(|(slot, answered)| {
            answered.reason.is_some()
                && !answered.answer.needs_reason()
                && !now.evidenced(&Subject::Item((*slot).clone()))
        })
        .map(|(slot, _)| slot.clone())
        .collect();
    if !reasoned.is_empty() {
        section(&mut lines, "Answers that rest on a reason alone".to_owned());
        list(&mut lines, Tone::Dim, "reason only", &reasoned);
    }
    match looked {
        None => section(&mut lines, "The evidence is being checked again at the pin …".to_owned()),
        Some(looked) => {
            let cautions = &looked.cautions;
            let found = looked.wrong.len() + cautions.secrets.len() + cautions.injections.len();
            let title = if found == 0 {
                "Every piece holds at the pin; nothing looks like a secret or an injection"
            } else {
                "Evidence to look at"
            };
            section(&mut lines, title.to_owned());
            let mut say = |id: Option<EvidenceId>, text: String| {
                wrapped(&mut lines, Tone::Warning, &display::line(&text), width, 2, id.map(Go::Piece).as_ref());
            };
            for (id, why) in &looked.wrong {
                say(Some(*id), format!("{id} does not hold: {why}"));
            }
            let redact = app.keymap.key(Act::Redact).unwrap_or_default();
            for (one, text) in cautions.secrets.iter().zip(cautions.secret_lines()) {
                let mend =
                    if one.evidence.is_some() { format!(" ({redact} keeps its text out)") } else { String::new() };
                say(one.evidence, format!("secret? {text}{mend}"));
            }
            for (one, text) in cautions.injections.iter().zip(cautions.injection_lines()) {
                say(one.evidence, format!("injection? {text}"));
            }
        }
    }
    // Where nothing was measured, every file would be named, and nothing be said.
    if app.audit.has_coverage() {
        lines.push((Line::default(), None));
        coverage::left(app, &mut lines);
        lines.pop();
    }
    matrix(app, &mut lines);
    Page {
        review: true,
        ..Page::new(
            format!("Review: score {}, {} of {} met", app.score.headline, app.score.met, app.score.applicable),
            lines,
        )
    }
}

/// Items against kinds of evidence, the weak ones first.
fn matrix(app: &App, lines: &mut Lines) {
    let now = &app.audit.now;
    let mut rows: Vec<(usize, Slot, BTreeMap<&str, usize>)> = Vec::new();
    for slot in now.answers.keys() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for id in now.backing(&Subject::Item(slot.clone())) {
            if let Some(piece) = now.evidence.get(&id) {
                *counts.entry(piece.evidence.word()).or_default() += 1;
            }
        }
        let checkable = KINDS[..4].iter().filter_map(|kind| counts.get(kind)).sum::<usize>();
        let others = counts.values().sum::<usize>() - checkable;
        let strength = if checkable + others == 0 {
            0
        } else if checkable == 0 {
            1
        } else {
            1 + checkable
        };
        rows.push((strength, slot.clone(), counts));
    }
    // What the standard lets rest on a reason is not weak for that.
    let reasoned = |slot: &Slot| now.answers.get(slot).is_some_and(|one| one.answer.needs_reason());
    rows.sort_by_key(|(strength, slot, _)| (*strength == 0 && reasoned(slot), *strength));
    lines.push((Line::default(), None));
    let narrow = width(app) < 96;
    let heads = if narrow {
        ["code", "search", "path", "hist.", "obs.", "ext."]
    } else {
        ["code", "search", "path", "history", "observed", "external"]
    };
    let (first, second, column) = if narrow { (20, 12, 7) } else { (24, 16, 9) };
    let head: String = heads.iter().map(|kind| format!("{kind:>column$}")).collect();
    let title = format!("{:<first$}{:<second$}{head}", "Weakest support first", " answer");
    lines.push((Line::of(Tone::Strong, title), None));
    for (strength, slot, counts) in rows {
        let answered = now.answers.get(&slot);
        let answer = answered.map(|one| spoken(one.answer.word())).unwrap_or_default();
        let cells: String = KINDS
            .iter()
            .map(|kind| counts.get(kind).map_or(format!("{:>column$}", "·"), |count| format!("{count:>column$}")))
            .collect();
        let tone = match strength {
            0 if answered.is_some_and(|one| one.answer.needs_reason()) => Tone::Dim,
            0 | 1 => Tone::Warning,
            _ => Tone::Plain,
        };
        let answer = if narrow && answer == "not applicable" { "n/a".to_owned() } else { answer };
        let line = Line::of(tone, format!("{:<first$}", slot.to_string()))
            .and(Tone::Dim, format!("{:<second$}", format!(" {answer}")))
            .and(tone, cells);
        lines.push((line, Some(Go::Slot(slot))));
    }
}

/// Returns a popup with some lines of text.
pub fn message(app: &App, title: &str, said: &[String]) -> Popup {
    let mut lines: Lines = Vec::new();
    for text in said {
        wrapped(&mut lines, Tone::Plain, &display::line(text), width(app), 0, None);
    }
    Popup::Page(Page::new(title, lines))
}
