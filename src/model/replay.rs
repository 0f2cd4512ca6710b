//! An audit made of its record, to be looked at: what the record says, as events.
//!
//! A record holds less than a journal: nothing that was undone, no text of a withheld or withdrawn finding. What it does
//! hold stands in the audit as it was sealed. Such an audit is never written to.

use std::sync::Arc;

use super::audit::Audit;
use super::coverage::{FileLines, FileRow, Lines};
use super::event::{Entry, Event, JOURNAL_VERSION, Opened, Subject};
use super::hash::Hex;
use super::record::{Assistance, FindingBody, Record};
use super::standard::Standard;

/// Returns the audit that a record tells of.
///
/// # Errors
/// What in the record no audit can hold, by the standard it names.
pub fn replay(record: &Record, standard: &Arc<Standard>) -> Result<Audit, String> {
    let opened = Opened {
        version: JOURNAL_VERSION,
        audit: record.audit_id.clone(),
        target: record.target.repo.clone(),
        pin: record.target.pin.clone(),
        scope: record.target.scope.clone(),
        standard: record.standard.clone(),
        auditor: record.auditor.clone(),
        assisted_by: match &record.assistance {
            Assistance::Human => None,
            Assistance::Assisted { by } => Some(by.clone()),
        },
        // What was taken over is no longer told apart here; the record and its report say it.
        parent: None,
        tool: record.tool.clone(),
    };
    // Nobody verifies these lines: a record has none.
    let line = Hex([0; 32]);
    let entry = |seq, event| Entry { seq, at: record.sealed_at, prev: line, act: seq, of: 1, event };
    let mut audit = Audit::begin(Arc::clone(standard), entry(1, Event::Opened(Box::new(opened))), line)?;
    for event in events(record) {
        audit.push(entry(audit.next_seq(), event), line)?;
    }
    Ok(audit)
}

fn events(record: &Record) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    events.extend(record.target.modes.iter().map(|mode| Event::ModeDeclared { mode: mode.clone() }));
    events.extend(record.evidence.iter().map(|row| {
        let evidence = Box::new(row.evidence.clone());
        Event::EvidenceAdded { id: row.id, evidence }
    }));
    for row in &record.findings {
        if let FindingBody::Public { finding, .. } = &row.body {
            events.push(Event::FindingSet { id: row.id, finding: finding.clone() });
        }
    }
    for row in &record.target.facts {
        let slots = vec![row.slot.clone()];
        events.extend(row.value.iter().map(|value| Event::FactSet {
            slots: slots.clone(),
            value: value.clone(),
            reason: row.reason.clone(),
        }));
        events.extend(row.note.iter().map(|text| Event::Noted { slot: Some(row.slot.clone()), text: text.clone() }));
    }
    for row in &record.items {
        let slots = vec![row.slot.clone()];
        events.extend(row.answer.map(|answer| Event::Answered { slots, answer, reason: row.reason.clone() }));
        events.extend(row.note.iter().map(|text| Event::Noted { slot: Some(row.slot.clone()), text: text.clone() }));
    }
    events.extend(record.note.iter().map(|text| Event::Noted { slot: None, text: text.clone() }));
    let there = |subject: &Subject| match subject {
        Subject::Finding(id) => {
            record.findings.iter().any(|row| row.id == *id && matches!(row.body, FindingBody::Public { .. }))
        }
        Subject::Item(_) | Subject::Fact(_) => true,
    };
    for row in &record.evidence {
        let to: Vec<Subject> = row.backs.iter().filter(|subject| there(subject)).cloned().collect();
        if !to.is_empty() {
            events.push(Event::EvidenceAttached { id: row.id, to });
        }
        events.extend(row.redacted.iter().map(|reason| Event::Redacted { id: row.id, reason: reason.clone() }));
    }
    if let Some(coverage) = &record.coverage {
        let lines = |of: fn(&FileRow) -> &Lines| -> Vec<FileLines> {
            let rows = coverage.files.iter().map(|row| (row, of(row).clone())).filter(|(_, lines)| !lines.is_empty());
            rows.map(|(row, lines)| FileLines { path: row.path.clone(), blob: row.blob, lines }).collect()
        };
        events.push(Event::Seen { files: lines(|row| &row.opened) });
        events.push(Event::Reviewed { files: lines(|row| &row.reviewed), taken_back: false });
    }
    events
        .extend(record.muted.iter().map(|row| Event::LeadMuted { mute: row.mute.clone(), reason: row.reason.clone() }));
    events
}
