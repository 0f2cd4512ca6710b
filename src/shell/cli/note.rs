//! `touchstone note`: writes a note on an item or on the audit.

use serde::Serialize;

use super::context::{Context, slots};
use crate::error::Result;
use crate::model::event::Event;
use crate::model::score::Slot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// An item such as auth-4, a fact, or `audit` for the audit as a whole
    item: String,
    /// The note; it replaces the one before it, and an empty one removes it
    text: String,
    /// The mode that it is about, or `all`
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    audit: &'a str,
    on: Vec<Option<Slot>>,
    text: &'a str,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let mut journal = context.journal()?;
    let on: Vec<Option<Slot>> = if args.item == "audit" {
        vec![None]
    } else {
        slots(&journal.audit, &args.item, args.mode.as_deref())?.into_iter().map(Some).collect()
    };
    let there = on.iter().any(|slot| journal.audit.now.notes.contains_key(slot));
    let events = on.iter().map(|slot| Event::Noted { slot: slot.clone(), text: args.text.clone() }).collect();
    context.act(&mut journal, events)?;
    let report = Report { audit: &journal.audit.now.opened.audit, on, text: &args.text };
    context.report("touchstone.note/1", &report, || {
        let names: Vec<String> =
            report.on.iter().map(|slot| slot.as_ref().map_or("the audit".to_owned(), ToString::to_string)).collect();
        let what = match (args.text.is_empty(), there) {
            (true, true) => "note removed",
            (true, false) => "there was no note",
            (false, _) => "noted",
        };
        format!("{}: {what}\n", names.join(", "))
    })
}
