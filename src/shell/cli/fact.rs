//! `touchstone fact`: states a fact that the score depends on.

use serde::Serialize;

use super::context::{Context, said, slots};
use super::gather::Gather;
use crate::error::{Error, Result};
use crate::model::event::{Event, Subject};
use crate::model::score::{self, Score, Slot};
use crate::shell::exporting::headline;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fact, such as auth_scheme
    fact: String,
    /// Its value, or `unknown`
    value: String,
    /// The mode that it is about, or `all`
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// Why; needed for unknown, and where there can be no evidence
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A note on the fact, shown with it; it replaces the one before it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    gather: Gather,
}

#[derive(Serialize)]
struct Report {
    audit: String,
    slots: Vec<Slot>,
    value: String,
    evidence: Vec<String>,
    score: Score,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    said("--reason", args.reason.as_ref())?;
    let mut journal = context.journal()?;
    let standard = journal.audit.standard.clone();
    let Some(fact) = standard.fact(&args.fact) else {
        let known: Vec<&str> = standard.facts.iter().map(|fact| fact.id.as_str()).collect();
        return Err(Error::usage(format!("The standard has no fact `{}`.", args.fact))
            .hint(format!("Its facts: {}.", known.join(", "))));
    };
    if args.value != score::UNKNOWN && !fact.values.iter().any(|value| value.id == args.value) {
        let mut error = Error::usage(format!("{} has no value `{}`.", fact.id, args.value));
        for value in &fact.values {
            error = error.hint(format!("{:<10} {}", value.id, value.title));
        }
        return Err(error.hint(format!("{:<10} could not be determined (needs --reason)", score::UNKNOWN)));
    }
    let stated = slots(&journal.audit, &args.fact, args.mode.as_deref())?;
    let subjects: Vec<Subject> = stated.iter().cloned().map(Subject::Fact).collect();
    let mut gathered = args.gather.run(context, &journal, &subjects)?;
    if let Some(text) = &args.note {
        let noted = stated.iter().map(|slot| Event::Noted { slot: Some(slot.clone()), text: text.clone() });
        gathered.events.extend(noted);
    }
    gathered.events.push(Event::FactSet {
        slots: stated.clone(),
        value: args.value.clone(),
        reason: args.reason.clone(),
    });
    context.act(&mut journal, gathered.events)?;
    let audit = &journal.audit;
    let report = Report {
        audit: audit.now.opened.audit.clone(),
        slots: stated,
        value: args.value.clone(),
        evidence: gathered.ids.iter().map(ToString::to_string).collect(),
        score: score::score(&audit.standard, &audit.inputs()),
    };
    context.report("touchstone.fact/1", &report, || {
        let names: Vec<String> = report.slots.iter().map(ToString::to_string).collect();
        let mut out = format!("{}: {}\n", names.join(", "), report.value);
        for line in &gathered.said {
            out += &format!("  {line}\n");
        }
        out + &headline(audit, &report.score) + "\n"
    })
}
