//! `raw-notes.md`: what happened in which order, and the notes as they stand.
//!
//! It holds no text that the record does not publish: an earlier reason, an earlier title or an earlier draft may have
//! been replaced because it was not to be read.

use super::Source;
use super::evidence;
use super::text::{self, count, first_line, inline, path, prose};
use crate::model::audit::Audit;
use crate::model::event::{Event, FindingId, Subject};
use crate::model::record::{FindingBody, FindingRow};
use crate::model::score::Slot;

/// Returns the working notes: effective events in order, then the final notes, then the time spent.
///
/// What was undone, redacted or withheld is not in it, and no evidence that backs only what is withheld.
pub fn raw_notes(source: &Source) -> String {
    let record = &source.statement.predicate;
    let mut out = format!(
        "# Raw notes of {}\n\nTimes are the auditor's own clock (UTC). What was undone, redacted or withheld is not shown; of what was replaced later, the words are not.\n\n",
        inline(&record.audit_id)
    );
    out.push_str("## What happened\n\n");
    out.push_str(&format!("- {} — the audit began\n", record.started_at));
    if let Some(parent) = &record.parent {
        out.push_str(&format!("- {} — {}\n", record.started_at, text::parent(parent)));
    }
    for entry in source.audit.effective() {
        if let Some(what) = told(source, &entry.event) {
            out.push_str(&format!("- {} — {what}\n", entry.at));
        }
    }
    out.push_str(&format!("- {} — the record was made\n", record.sealed_at));
    out.push_str("\n## Notes on items\n");
    let mut noted = false;
    for row in &record.items {
        if let Some(note) = &row.note {
            noted = true;
            out.push_str(&format!("\n### {}\n\n{}\n", inline(&row.slot.to_string()), prose(note)));
        }
    }
    if !noted {
        out.push_str("\nNone.\n");
    }
    out.push_str("\n## Notes on the audit\n\n");
    out.push_str(&source.audit.now.notes.get(&None).map_or_else(|| "None.".to_owned(), |note| prose(note)));
    out.push_str(&format!("\n\n## Time spent\n\n{}\n", spent(record.time_spent)));
    out
}

/// Returns a time span in words, and how it was measured.
pub(super) fn spent(seconds: i64) -> String {
    format!(
        "{}: the sum of the gaps between the audit's events, none longer than {} minutes.",
        duration(seconds),
        crate::model::audit::LONGEST_GAP / 60
    )
}

/// Returns a time span in hours and minutes.
fn duration(seconds: i64) -> String {
    let minutes = u64::try_from(seconds / 60).unwrap_or_default();
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => count(minutes, "minute", "minutes"),
        (hours, 0) => count(hours, "hour", "hours"),
        (hours, minutes) => format!("{} {}", count(hours, "hour", "hours"), count(minutes, "minute", "minutes")),
    }
}

fn slots(slots: &[Slot]) -> String {
    slots.iter().map(|slot| inline(&slot.to_string())).collect::<Vec<_>>().join(", ")
}

fn row<'a>(source: &Source<'a>, id: FindingId) -> Option<&'a FindingRow> {
    source.statement.predicate.findings.iter().find(|row| row.id == id)
}

/// Returns the reason, where it is the one that stands: only that one is in the record.
fn because<'a>(reason: Option<&String>, standing: impl Iterator<Item = Option<&'a String>>) -> String {
    match reason {
        Some(reason) if standing.flatten().any(|one| one == reason) => format!(" — {}", first_line(reason)),
        _ => String::new(),
    }
}

fn subjects(source: &Source, subjects: &[Subject]) -> Option<String> {
    let named: Vec<String> = subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Item(slot) | Subject::Fact(slot) => Some(inline(&slot.to_string())),
            Subject::Finding(id) => {
                row(source, *id).filter(|row| matches!(row.body, FindingBody::Public { .. })).map(|_| id.to_string())
            }
        })
        .collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// Returns an event in words, or nothing where the record does not publish what it is about.
fn told(source: &Source, event: &Event) -> Option<String> {
    let Audit { now, .. } = source.audit;
    Some(match event {
        Event::ModeDeclared { mode } => format!("mode {} declared", inline(mode)),
        Event::FactSet { slots: on, value, reason } => {
            let standing = on.iter().filter_map(|slot| now.facts.get(slot)).map(|stated| stated.reason.as_ref());
            format!("{} is {}{}", slots(on), inline(value), because(reason.as_ref(), standing))
        }
        Event::Answered { slots: on, answer, reason } => {
            let standing = on.iter().filter_map(|slot| now.answers.get(slot)).map(|stated| stated.reason.as_ref());
            format!("{}: {answer}{}", slots(on), because(reason.as_ref(), standing))
        }
        Event::Noted { slot: Some(slot), .. } => format!("note on {}", inline(&slot.to_string())),
        Event::Noted { slot: None, .. } => "note on the audit".to_owned(),
        Event::EvidenceAdded { id, .. } => {
            let row = evidence::row(source, *id)?;
            format!("{id} taken — {}", evidence::brief(row))
        }
        Event::RegionAdded { id, .. } => {
            evidence::row(source, *id)?;
            format!("a region added to {id}")
        }
        Event::EvidenceAttached { id, to } => {
            evidence::row(source, *id)?;
            format!("{id} backs {}", subjects(source, to)?)
        }
        Event::EvidenceDetached { id, from } => {
            evidence::row(source, *id)?;
            format!("{id} no longer backs {}", subjects(source, from)?)
        }
        Event::FindingSet { id, .. } => match &row(source, *id)?.body {
            FindingBody::Public { finding, .. } => {
                format!("{id} written ({}): {}", finding.severity, inline(&finding.title))
            }
            FindingBody::Withheld { until, .. } => format!("{id} written; withheld until {}", inline(until)),
            FindingBody::Withdrawn { .. } => format!("{id} written; later withdrawn"),
        },
        Event::FindingWithdrawn { id, .. } => match &row(source, *id)?.body {
            FindingBody::Withdrawn { reason } => format!("{id} withdrawn — {}", inline(reason)),
            // Withdrawn, and then written again: that reason is not in the record.
            _ => format!("{id} withdrawn"),
        },
        Event::Redacted { id, .. } => {
            let reason = evidence::row(source, *id)?.redacted.as_ref()?;
            format!("the text of {id} is not to be published — {}", inline(reason))
        }
        Event::Reviewed { files, taken_back } => {
            let lines: u64 = files.iter().map(|file| file.lines.count()).sum();
            let what = if *taken_back { "no longer marked as reviewed" } else { "marked as reviewed" };
            let place = match files.as_slice() {
                [one] => path(&one.path),
                many => count(many.len(), "file", "files"),
            };
            format!("{} of {place} {what}", count(lines, "line", "lines"))
        }
        Event::LeadMuted { mute, reason } => {
            let standing = now.muted.get(mute).map(|muted| Some(&muted.reason));
            format!("muted {}{}", inline(&mute.to_string()), because(Some(reason), standing.into_iter()))
        }
        Event::LeadUnmuted { mute } => format!("{} is listed again", inline(&mute.to_string())),
        Event::Opened(_)
        | Event::Carried(_)
        | Event::Resumed { .. }
        | Event::Seen { .. }
        | Event::Sealed { .. }
        | Event::Undone { .. }
        | Event::Redone { .. } => return None,
    })
}
