//! `touchstone status`: where the audit stands.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::count;
use crate::model::answer::State;
use crate::model::audit::{Audit, Gap};
use crate::model::carry::{Carry, Parent};
use crate::model::score::{self, Score, Slot};
use crate::model::standard::Item;
use crate::repo::display;
use crate::shell::exporting::headline;

#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// List every item with its mark
    #[arg(long)]
    pub items: bool,
}

/// What `status` reports.
#[derive(Serialize)]
struct Status<'a> {
    audit: &'a str,
    url: &'a str,
    commit: String,
    tags: &'a [String],
    auditor: &'a str,
    standard: String,
    modes: &'a [String],
    answered: usize,
    slots: usize,
    score: &'a Score,
    items: Vec<ItemLine>,
    open_items: Vec<Slot>,
    open_facts: Vec<Slot>,
    unsupported: Vec<Slot>,
    undisclosed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a Parent>,
    reopened: Vec<String>,
    carried: Vec<String>,
    unconfirmed: Vec<String>,
    inbox: Vec<String>,
    records: Vec<&'a str>,
    seconds_spent: i64,
    opened_files: usize,
    reviewed_files: usize,
}

#[derive(Serialize)]
struct ItemLine {
    id: String,
    short: String,
    state: State,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    print(context, &context.view()?.audit, args)
}

/// Prints where an audit stands.
pub fn print(context: &Context, audit: &Audit, args: &Args) -> Result<()> {
    let now = &audit.now;
    let inputs = audit.inputs();
    let score = score::score(&audit.standard, &inputs);
    let gaps = audit.gaps();
    let pick = |choose: &dyn Fn(&Gap) -> Option<Slot>| gaps.iter().filter_map(choose).collect::<Vec<Slot>>();
    let taken_over = |wanted: &dyn Fn(&Carry) -> bool| -> Vec<String> {
        now.carried.iter().filter(|(_, carry)| wanted(carry)).map(|(subject, _)| subject.to_string()).collect()
    };
    let slots = now.answers_wanted(&audit.standard);
    let status = Status {
        audit: &now.opened.audit,
        url: &now.opened.target.url,
        commit: now.opened.pin.commit.to_string(),
        tags: &now.opened.pin.tags,
        auditor: &now.opened.auditor.login,
        standard: format!("{} {}", now.opened.standard.id, now.opened.standard.version),
        modes: &now.modes,
        answered: now.answers.len(),
        slots,
        score: &score,
        items: audit
            .standard
            .items()
            .map(|(_, item)| ItemLine {
                id: item.id.clone(),
                short: item.short.clone(),
                state: score::item_state(&audit.standard, &inputs, &item.id),
            })
            .collect(),
        open_items: pick(&|gap| match gap {
            Gap::OpenItem(slot) => Some(slot.clone()),
            _ => None,
        }),
        open_facts: pick(&|gap| match gap {
            Gap::OpenFact(slot) => Some(slot.clone()),
            _ => None,
        }),
        unsupported: pick(&|gap| match gap {
            Gap::Unsupported(slot) => Some(slot.clone()),
            _ => None,
        }),
        undisclosed: gaps
            .iter()
            .filter_map(|gap| match gap {
                Gap::Undisclosed(id) => Some(id.to_string()),
                _ => None,
            })
            .collect(),
        parent: now.opened.parent.as_ref(),
        reopened: taken_over(&|carry| !carry.reopened_by.is_empty()),
        carried: taken_over(&|carry| carry.reopened_by.is_empty()),
        unconfirmed: gaps
            .iter()
            .filter_map(|gap| match gap {
                Gap::Unconfirmed(of) => Some(of.to_string()),
                _ => None,
            })
            .collect(),
        inbox: now.evidence.iter().filter(|(_, piece)| piece.backs.is_empty()).map(|(id, _)| id.to_string()).collect(),
        records: audit.seals.iter().map(|seal| seal.audit_id.as_str()).collect(),
        seconds_spent: audit.time_spent(),
        opened_files: audit.seen.files(),
        reviewed_files: now.reviewed.files(),
    };
    context.report("touchstone.status/1", &status, || text(audit, &status, args))
}

fn text(audit: &Audit, status: &Status<'_>, args: &Args) -> String {
    let opened = &audit.now.opened;
    let mut out = String::new();
    let mut say = |line: String| {
        out.push_str(line.trim_end());
        out.push('\n');
    };
    let tags =
        if status.tags.is_empty() { String::new() } else { format!(" ({})", display::line(&status.tags.join(", "))) };
    say(format!("{}/{}  {}{tags}", opened.target.org, opened.target.repo, opened.pin.commit.short()));
    say(format!("audit {} by {}", status.audit, status.auditor));
    if let Some(parent) = status.parent {
        let from = format!("goes on from {} by {} at {}", parent.name(), parent.login, parent.commit.short());
        say(display::line(&from).into_owned());
    }
    say(format!("standard {}", status.standard));
    let modes = match status.modes {
        [] => "none declared yet".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (default), {}", rest.join(", ")),
    };
    say(format!("modes {modes}"));
    say(String::new());
    say(headline(audit, status.score));
    say(String::new());
    for line in dimensions(audit, status.score) {
        say(line);
    }
    if args.items {
        for dimension in &audit.standard.dimensions {
            say(String::new());
            say(dimension.heading.clone());
            for item in &dimension.items {
                let inputs = audit.inputs();
                let modes = if dimension.per_mode { status.modes } else { &[] };
                let mut marks: String = modes
                    .iter()
                    .map(|mode| score::item_state_in(&audit.standard, &inputs, &item.id, mode).mark())
                    .collect();
                if marks.is_empty() {
                    marks.push(score::item_state(&audit.standard, &inputs, &item.id).mark());
                }
                say(format!("  {marks:<width$} {:<13} {}", item.id, item.short, width = status.modes.len().max(1)));
            }
        }
    }
    say(String::new());
    say(format!(
        "answered {} of {}, {}, {}, {} min spent",
        status.answered,
        status.slots,
        count(audit.now.evidence.len(), "piece", "pieces") + " of evidence",
        count(audit.now.findings.values().filter(|found| found.withdrawn.is_none()).count(), "finding", "findings"),
        status.seconds_spent / 60
    ));
    if status.parent.is_some() {
        say(format!("{} reopened, {} carried", status.reopened.len(), status.carried.len()));
    }
    if audit.has_coverage() {
        let opened = count(status.opened_files, "file", "files");
        say(format!(
            "opened {opened}, reviewed {}; `touchstone coverage` says how much, and what leads point at beside",
            status.reviewed_files
        ));
    }
    let mut list = |label: &str, count: usize, words: Vec<String>| {
        if count > 0 {
            for line in wrapped(&format!("{label} {count}: "), ", ", &words, 80) {
                say(line);
            }
        }
    };
    let mut slots = |label: &str, slots: &[Slot]| list(label, slots.len(), grouped(slots));
    slots("facts open", &status.open_facts);
    slots("items open", &status.open_items);
    slots("without evidence or reason", &status.unsupported);
    let mut words = |label: &str, words: Vec<String>| list(label, words.len(), words);
    if status.modes.is_empty() {
        let waiting = audit.standard.dimensions.iter().filter(|dimension| dimension.per_mode);
        words("dimensions that wait for a mode", waiting.map(|dimension| dimension.title.clone()).collect());
    }
    words("reopened", status.reopened.clone());
    words("carried and not confirmed", status.unconfirmed.clone());
    words("evidence in the inbox", status.inbox.clone());
    words("findings without a decision on disclosure", status.undisclosed.clone());
    words("contradictions", status.score.contradictions.iter().map(|one| one.text.clone()).collect());
    words("records", status.records.iter().map(|name| (*name).to_owned()).collect());
    if let Some(next) = next(audit, status) {
        say(String::new());
        say(format!("next: {next}"));
    }
    out
}

/// Returns slots in words, runs of neighbours together: `auth-1…8 (stdio, http)`.
fn grouped(slots: &[Slot]) -> Vec<String> {
    let mut items: Vec<(&str, Vec<&str>)> = Vec::new();
    for slot in slots {
        match items.last_mut().filter(|(id, _)| *id == slot.id) {
            Some((_, modes)) => modes.extend(slot.mode.as_deref()),
            None => items.push((&slot.id, slot.mode.as_deref().into_iter().collect())),
        }
    }
    let number =
        |id: &str| id.rsplit_once('-').and_then(|(stem, number)| Some((stem.to_owned(), number.parse::<u32>().ok()?)));
    let follows = |a: &str, b: &str| match (number(a), number(b)) {
        (Some((stem, first)), Some((other, next))) => stem == other && first + 1 == next,
        _ => false,
    };
    let mut runs: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for (id, modes) in items {
        match runs.last_mut().filter(|(_, last, others)| *others == modes && follows(last, id)) {
            Some((_, last, _)) => *last = id,
            None => runs.push((id, id, modes)),
        }
    }
    runs.into_iter()
        .map(|(first, last, modes)| {
            let modes = if modes.is_empty() { String::new() } else { format!(" ({})", modes.join(", ")) };
            let last = if first == last { "" } else { last.rsplit_once('-').map_or("", |(_, number)| number) };
            if last.is_empty() { format!("{first}{modes}") } else { format!("{first}…{last}{modes}") }
        })
        .collect()
}

/// Says what to do next, as one command.
fn next(audit: &Audit, status: &Status<'_>) -> Option<String> {
    if status.modes.is_empty() {
        return Some("touchstone open --mode stdio --mode http   (each way in which the server ships)".to_owned());
    }
    if let Some(slot) = status.open_facts.first() {
        let fact = audit.standard.fact(&slot.id)?;
        let values: Vec<&str> = fact.values.iter().map(|value| value.id.as_str()).collect();
        let mode = slot.mode.as_ref().map(|mode| format!(" --mode {mode}")).unwrap_or_default();
        return Some(format!("touchstone fact {} {}{mode} --evidence PATH:A-B", slot.id, values.join("|")));
    }
    if let Some(slot) = status.open_items.first() {
        return Some(format!("touchstone leads {0}, then touchstone answer {0} …", slot.id));
    }
    if let Some(slot) = status.unsupported.first() {
        return Some(format!("touchstone answer {} … --evidence PATH:A-B, or --reason TEXT", slot.id));
    }
    if let Some(id) = status.undisclosed.first() {
        return Some(format!("touchstone finding edit {id} --disclosure public, or withheld:YYYY-MM-DD"));
    }
    audit.changed_since_seal().then(|| "touchstone export --db AUDIT-DB --key ~/.ssh/KEY".to_owned())
}

/// Returns a line per dimension, with a column per mode.
pub fn dimensions(audit: &Audit, score: &Score) -> Vec<String> {
    let inputs = audit.inputs();
    let mut lines = Vec::new();
    for dimension in &audit.standard.dimensions {
        let row = |title: &str, mode: &str, one: &score::DimensionScore| {
            let state = |item: &Item| score::item_state_in(&audit.standard, &inputs, &item.id, mode);
            let states: Vec<State> = dimension.items.iter().map(state).collect();
            let marks: String = states.iter().map(|state| state.mark()).collect();
            let done = states.iter().filter(|state| **state != State::Open).count();
            let level = if one.low == one.high { one.low.clone() } else { format!("{} … {}", one.low, one.high) };
            format!("  {title:<22} {marks:<8} {done}/{} {:>5}  {level}", states.len(), one.points.to_string())
        };
        let own = |scores: &[score::DimensionScore]| scores.iter().find(|one| one.id == dimension.id).cloned();
        if dimension.separate {
            let apart = own(&score.separate).map(|one| row(&dimension.title, "", &one) + "  (separate)");
            lines.extend(apart);
            continue;
        }
        // What is answered once stands in every mode alike.
        let several = dimension.per_mode && score.modes.len() > 1;
        for (index, mode) in score.modes.iter().enumerate().take(if several { usize::MAX } else { 1 }) {
            let title = if index == 0 { dimension.title.as_str() } else { "" };
            let Some(one) = own(&mode.dimensions) else { continue };
            let suffix = if several { format!(" ({})", mode.mode) } else { String::new() };
            lines.push(row(title, &mode.mode, &one) + &suffix);
        }
    }
    if score.modes.len() > 1 {
        let totals: Vec<String> = score
            .modes
            .iter()
            .map(|mode| format!("{} {} ({} of {} met)", mode.mode, mode.total, mode.met, mode.applicable))
            .collect();
        lines.push(format!("  per mode: {}", totals.join(", ")));
    }
    lines
}

/// Breaks a list of words over lines.
pub fn wrapped(label: &str, between: &str, words: &[String], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    for (index, word) in words.iter().enumerate() {
        let piece = if index + 1 < words.len() { format!("{word}{between}") } else { word.clone() };
        if line.chars().count() + piece.chars().count() > width && line.trim() != label.trim() {
            lines.push(line);
            line = "  ".to_owned();
        }
        line.push_str(&piece);
    }
    lines.push(line);
    lines
}
