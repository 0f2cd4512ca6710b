//! What happened, in words.

use super::summary;
use super::text::count;
use crate::model::audit::Audit;
use crate::model::coverage::FileLines;
use crate::model::event::Event;
use crate::model::score::Slot;
use crate::repo::display;

/// Describes an act in one line.
pub fn describe_act(audit: &Audit, act: u64) -> String {
    // An act is named after its first event, and events are counted from 1 without a gap.
    let before = usize::try_from(act.saturating_sub(1)).unwrap_or(usize::MAX);
    let events = audit.entries().iter().skip(before).map(|(entry, _)| entry).take_while(|entry| entry.act == act);
    events.map(|entry| describe(&entry.event)).collect::<Vec<String>>().join("; ")
}

fn names<T: ToString>(things: &[T]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn because(reason: Option<&String>) -> String {
    reason.map(|reason| format!(" ({})", display::line(reason))).unwrap_or_default()
}

/// Returns lines in words: those of a file by number, those of many files by how many they are.
fn lines(files: &[FileLines]) -> String {
    let all: u64 = files.iter().map(|file| file.lines.count()).sum();
    match files {
        [one] if one.lines.ranges().len() < 4 => format!("{}:{}", display::bytes(&one.path.0), one.lines),
        [one] => format!("{} of {}", count(all, "line", "lines"), display::bytes(&one.path.0)),
        many => format!("{} of {}", count(all, "line", "lines"), count(many.len(), "file", "files")),
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Opened(opened) => {
            format!("opened {} at {}", display::line(&opened.target.url), opened.pin.commit.short())
        }
        Event::Carried(carried) => format!(
            "took over {} and {} of evidence",
            count(carried.answers.len(), "answer", "answers"),
            count(carried.evidence.len(), "piece", "pieces")
        ),
        Event::Resumed { .. } => "resumed".to_owned(),
        Event::ModeDeclared { mode } => format!("mode {mode} declared"),
        Event::FactSet { slots, value, reason } => format!("{} = {value}{}", names(slots), because(reason.as_ref())),
        Event::Answered { slots, answer, reason } => format!("{}: {answer}{}", names(slots), because(reason.as_ref())),
        Event::Noted { slot, text } => {
            format!(
                "note on {}: {}",
                slot.as_ref().map_or("the audit".to_owned(), Slot::to_string),
                display::line(text)
            )
        }
        Event::EvidenceAdded { id, evidence } => format!("{id} {}", summary(evidence)),
        Event::RegionAdded { id, region } => {
            format!("{id} gains {}:{}-{}", display::bytes(&region.path.0), region.first, region.last)
        }
        Event::EvidenceAttached { id, to } => format!("{id} backs {}", names(to)),
        Event::EvidenceDetached { id, from } => format!("{id} no longer backs {}", names(from)),
        Event::FindingSet { id, finding } => format!("{id} {}: {}", finding.severity, display::line(&finding.title)),
        Event::FindingWithdrawn { id, reason } => format!("{id} withdrawn: {}", display::line(reason)),
        Event::Redacted { id, reason } => format!("{id} redacted: {}", display::line(reason)),
        Event::Seen { files } => format!("opened {}", lines(files)),
        Event::Reviewed { files, taken_back: false } => format!("{} reviewed", lines(files)),
        Event::Reviewed { files, taken_back: true } => format!("{} no longer reviewed", lines(files)),
        Event::LeadMuted { mute, reason } => {
            format!("muted {}{}", display::line(&mute.to_string()), because(Some(reason)))
        }
        Event::LeadUnmuted { mute } => format!("{} is listed again", display::line(&mute.to_string())),
        Event::Sealed { audit_id, .. } => format!("exported as {audit_id}"),
        Event::Undone { seq } => format!("undid {seq}"),
        Event::Redone { seq } => format!("redid {seq}"),
    }
}
