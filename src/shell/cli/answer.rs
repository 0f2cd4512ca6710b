//! `touchstone answer`: answers items, with evidence or a reason.

use serde::Serialize;

use super::context::{Context, said, slots};
use super::gather::Gather;
use super::status::headline;
use crate::error::{Error, Result};
use crate::model::answer::Answer;
use crate::model::event::{Event, Subject};
use crate::model::score::{self, Score, Slot};

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
    #[command(flatten)]
    gather: Gather,
}

#[derive(Serialize)]
struct Report {
    audit: String,
    slots: Vec<Slot>,
    answer: Answer,
    evidence: Vec<String>,
    supported: bool,
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
    gathered.events.push(Event::Answered { slots: answered.clone(), answer, reason: args.reason.clone() });
    context.act(&mut journal, gathered.events)?;
    let audit = &journal.audit;
    let supported = args.reason.is_some() || subjects.iter().all(|subject| audit.now.evidenced(subject));
    let report = Report {
        audit: audit.now.opened.audit.clone(),
        slots: answered,
        answer,
        evidence: gathered.ids.iter().map(ToString::to_string).collect(),
        supported,
        score: score::score(&audit.standard, &audit.inputs()),
    };
    context.report("touchstone.answer/1", &report, || {
        let names: Vec<String> = report.slots.iter().map(ToString::to_string).collect();
        let mut out = format!("{}: {answer}\n", names.join(", "));
        for line in &gathered.said {
            out += &format!("  {line}\n");
        }
        if !supported {
            out += "  without evidence or reason: it cannot be part of a final record yet (--evidence, --search, --reason)\n";
        }
        out + &headline(audit, &report.score) + "\n"
    })
}
