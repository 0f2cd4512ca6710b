//! `touchstone undo` and `touchstone redo`.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::describe_act;
use crate::journal::Journal;
use crate::model::score::{self, Score};
use crate::shell::exporting::headline;

#[derive(Serialize)]
struct Report {
    audit: String,
    act: u64,
    what: String,
    score: Score,
}

pub fn undo(context: &Context) -> Result<()> {
    let mut journal = context.journal()?;
    let act = journal.undo(context.now()?)?;
    print(context, &journal, act, "undone", "touchstone.undo/1")
}

pub fn redo(context: &Context) -> Result<()> {
    let mut journal = context.journal()?;
    let act = journal.redo(context.now()?)?;
    print(context, &journal, act, "done again", "touchstone.redo/1")
}

fn print(context: &Context, journal: &Journal, act: u64, word: &str, schema: &str) -> Result<()> {
    let audit = &journal.audit;
    let report = Report {
        audit: audit.now.opened.audit.clone(),
        act,
        what: describe_act(audit, act),
        score: score::score(&audit.standard, &audit.inputs()),
    };
    context.report(schema, &report, || format!("{word}: {}\n{}\n", report.what, headline(audit, &report.score)))
}
