//! `touchstone answer`: answers items, with evidence or a reason.

use std::collections::BTreeSet;

use serde::Serialize;

use super::context::{Context, said, slots};
use super::gather::Gather;
use crate::error::{Error, Result};
use crate::model::answer::Answer;
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::score::{self, Score, Slot};
use crate::shell::exporting::headline;

#[derive(Debug, clap::Args)]
#[command(override_usage = "touchstone answer <ITEM>... <yes|no|partial|na|unknown> [OPTIONS]")]
pub struct Args {
    /// Items such as auth-4, then the answer: yes, no, partial, na or unknown
    #[arg(required = true, num_args = 2.., value_names = ["ITEM", "ANSWER"])]
    words: Vec<String>,
    /// The mode that the answer is about, or `all`
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// Why; needed for na and unknown, and where there can be no evidence
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A note on the items, shown with the answer; it replaces the one before it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    gather: Gather,
}

/// Returns the contradictions that these answers are part of.
fn doubts(score: &Score, answered: &[Slot]) -> Vec<String> {
    let touching = |slots: &[Slot]| slots.iter().any(|slot| answered.contains(slot));
    let slots = |slots: &[Slot]| slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let conflicts = score.contradictions.iter().filter(|conflict| touching(&conflict.slots));
    conflicts.map(|conflict| format!("{} ({})", conflict.text, slots(&conflict.slots))).collect()
}

#[derive(Serialize)]
struct Report {
    audit: String,
    slots: Vec<Slot>,
    answer: Answer,
    evidence: Vec<String>,
    kept: Vec<String>,
    supported: bool,
    doubts: Vec<String>,
    score: Score,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let Some((answer, items)) = args.words.split_last() else {
        return Err(Error::usage("No answer is given."));
    };
    let answer: Answer = answer.parse().map_err(|why| {
        Error::usage(format!("The last word is the answer, and {why}.")).hint("Such as: touchstone answer auth-4 yes")
    })?;
    said("--reason", args.reason.as_ref())?;
    let mut journal = context.journal()?;
    let mut answered: Vec<Slot> = Vec::new();
    for item in items {
        if journal.audit.standard.item(item).is_none() && journal.audit.standard.fact(item).is_some() {
            return Err(Error::usage(format!("{item} is a fact.")).hint(format!("touchstone fact {item} VALUE")));
        }
        answered.extend(slots(&journal.audit, item, args.mode.as_deref())?);
    }
    let subjects: Vec<Subject> = answered.iter().cloned().map(Subject::Item).collect();
    let mut gathered = args.gather.run(context, &journal, &subjects)?;
    if let Some(text) = &args.note {
        let noted = answered.iter().map(|slot| Event::Noted { slot: Some(slot.clone()), text: text.clone() });
        gathered.events.extend(noted);
    }
    gathered.events.push(Event::Answered { slots: answered.clone(), answer, reason: args.reason.clone() });
    context.act(&mut journal, gathered.events)?;
    let audit = &journal.audit;
    let supported = args.reason.is_some() || subjects.iter().all(|subject| audit.now.evidenced(subject));
    let score = score::score(&audit.standard, &audit.inputs());
    // What backed the item before still does; a wrong piece is easily left there.
    let backing: BTreeSet<EvidenceId> = subjects.iter().flat_map(|subject| audit.now.backing(subject)).collect();
    let report = Report {
        audit: audit.now.opened.audit.clone(),
        slots: answered.clone(),
        answer,
        evidence: gathered.ids.iter().map(ToString::to_string).collect(),
        kept: backing.iter().filter(|id| !gathered.ids.contains(id)).map(ToString::to_string).collect(),
        supported,
        doubts: doubts(&score, &answered),
        score,
    };
    context.report("touchstone.answer/1", &report, || {
        let names: Vec<String> = report.slots.iter().map(ToString::to_string).collect();
        let mut out = format!("{}: {answer}\n", names.join(", "));
        for line in &gathered.said {
            out += &format!("  {line}\n");
        }
        if !report.kept.is_empty() {
            out += &format!("  still backed by {} too (`evidence detach` takes one away)\n", report.kept.join(", "));
        }
        for doubt in &report.doubts {
            out += &format!("  look again: {doubt}\n");
        }
        if !supported {
            out += "  without evidence or reason: it cannot be part of a final record yet (--evidence, --search, --reason)\n";
        }
        out + &headline(audit, &report.score) + "\n"
    })
}
