//! `touchstone audits`: lists the audits on this machine.

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::export::count;
use crate::model::score;
use crate::repo::display;

#[derive(Serialize)]
struct Report {
    audits: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    audit: String,
    clone: Option<String>,
    #[serde(flatten)]
    state: State,
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Readable { url: String, commit: String, answered: usize, score: score::Range, records: usize, last: String },
    Broken { error: String },
}

pub fn run(context: &Context) -> Result<()> {
    let mut audits = Vec::new();
    for listed in context.store()?.list()? {
        let state = match listed.view {
            Ok(view) => {
                let audit = view.audit;
                State::Readable {
                    url: audit.now.opened.target.url.clone(),
                    commit: audit.now.opened.pin.commit.to_string(),
                    answered: audit.now.answers.len(),
                    score: score::score(&audit.standard, &audit.inputs()).headline,
                    records: audit.seals.len(),
                    last: audit.entries().last().map(|(entry, _)| entry.at.to_string()).unwrap_or_default(),
                }
            }
            Err(error) => State::Broken { error: error.message },
        };
        audits.push(Line {
            audit: listed.name,
            clone: listed.place.map(|place| place.path.display().to_string()),
            state,
        });
    }
    let report = Report { audits };
    context.report("touchstone.audits/1", &report, || {
        if report.audits.is_empty() {
            return "No audits yet. `touchstone open PATH` starts one.\n".to_owned();
        }
        let mut out = String::new();
        for line in &report.audits {
            let name = display::line(&line.audit);
            out += &match &line.state {
                State::Readable { answered, score, records, last, .. } => {
                    format!(
                        "{name}\n  score {score}, {}, {}, last {last}\n",
                        count(*answered, "answer", "answers"),
                        count(*records, "record", "records")
                    )
                }
                State::Broken { error } => format!("{name}\n  cannot be read: {}\n", display::line(error)),
            };
            if let Some(clone) = &line.clone {
                out += &format!("  {}\n", display::line(clone));
            }
        }
        out
    })
}
