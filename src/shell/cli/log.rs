//! `touchstone log`: what happened, in order.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::describe_act;

#[derive(Serialize)]
struct Report<'a> {
    audit: &'a str,
    acts: Vec<Act>,
}

#[derive(Serialize)]
struct Act {
    act: u64,
    at: String,
    what: String,
    undone: bool,
}

pub fn run(context: &Context) -> Result<()> {
    let audit = context.view()?.audit;
    let mut acts: Vec<Act> = Vec::new();
    for (entry, _) in audit.entries() {
        if entry.seq == entry.act {
            acts.push(Act {
                act: entry.act,
                at: entry.at.to_string(),
                what: describe_act(&audit, entry.act),
                undone: audit.is_undone(entry.act),
            });
        }
    }
    let report = Report { audit: &audit.now.opened.audit, acts };
    context.report("touchstone.log/1", &report, || {
        report
            .acts
            .iter()
            .map(|act| {
                format!("{:>5}  {}  {}{}\n", act.act, act.at, act.what, if act.undone { "  (undone)" } else { "" })
            })
            .collect()
    })
}
