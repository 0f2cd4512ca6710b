//! `touchstone leads`: where to look for an item.

use serde::Serialize;

use super::context::Context;
use crate::app::msg::LeadFound;
use crate::error::{Error, Result};
use crate::export::{count, summary};
use crate::model::evidence::{Evidence, Kind, Reachability};
use crate::model::standard::{Lead, LeadKind, Signal};
use crate::repo::display;
use crate::shell::leads;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as auth-4
    item: String,
    /// How many hits of each lead to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    hits: usize,
}

#[derive(Serialize)]
struct Report<'a> {
    item: &'a str,
    text: &'a str,
    leads: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    signal: Signal,
    why: &'a str,
    #[serde(flatten)]
    lead: &'a LeadKind,
    hits: u64,
    files: u64,
    /// Whether the lead could be run; where it could not, its zero hits mean nothing.
    searched: bool,
    places: Vec<Place>,
    #[serde(skip)]
    said: String,
}

#[derive(Serialize)]
struct Place {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    text: String,
    excluded: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let audit = context.view()?.audit;
    let standard = &audit.standard;
    let Some((_, item)) = standard.item(&args.item) else {
        return Err(Error::usage(format!("The standard has no item `{}`.", args.item))
            .hint("`touchstone standard show` lists all items."));
    };
    let pin = context.pin_of(&audit)?;
    let found = leads::run(&pin, standard, &item.id, args.hits, &|| false).unwrap_or_default();
    let leads = item.leads.iter().zip(&found).map(|(lead, found)| line(lead, found)).collect();
    let report = Report { item: &item.id, text: &item.text, leads };
    context.report("touchstone.leads/1", &report, || {
        let mut out = format!("{}  {}\n", item.id, item.text);
        for line in &report.leads {
            let mark = match line.signal {
                Signal::Supports => '+',
                Signal::Concern => '!',
                Signal::Look => '?',
            };
            out += &format!("\n{mark} {} {}: {}\n", line.id, line.why, line.said);
            if let LeadKind::Regex { pattern, .. } = line.lead {
                out += &format!("    /{pattern}/\n");
            }
            for place in &line.places {
                let at = place.line.map(|line| format!(":{line}")).unwrap_or_default();
                let excluded = if place.excluded { " (excluded path)" } else { "" };
                out += &format!("    {}{at}{excluded}  {}\n", place.path, place.text);
            }
        }
        out += &format!(
            "\n+ supports, ! concern, ? look. A lead never answers; `answer {} … --lead ID` takes one as evidence.\n",
            item.id
        );
        out
    })
}

fn line<'a>(lead: &'a Lead, found: &LeadFound) -> Line<'a> {
    let (hits, files, places, said) = match &found.outcome {
        Ok(found) => {
            // Hits in excluded paths are worth a look only where there are no others.
            let shown = found.places.iter().filter(|hit| !hit.excluded || found.hits == 0);
            let places = shown.map(|hit| Place {
                path: display::bytes(&hit.path.0),
                line: (hit.line > 0).then_some(hit.line),
                text: display::bytes(&hit.text).trim().chars().take(160).collect(),
                excluded: hit.excluded,
            });
            let more = match found.excluded {
                0 => String::new(),
                more => format!(", {more} more in excluded paths"),
            };
            let said = match &found.kind {
                Kind::Search(_) => {
                    format!("{} in {}{more}", count(found.hits, "hit", "hits"), count(found.files, "file", "files"))
                }
                kind => summary(&Evidence { kind: kind.clone(), reachability: Reachability::NotKnown, note: None }),
            };
            (found.hits, found.files, places.collect(), said)
        }
        Err(why) => (0, 0, Vec::new(), why.clone()),
    };
    let searched = found.outcome.is_ok();
    Line { id: &lead.id, signal: lead.signal, why: &lead.why, lead: &lead.kind, hits, files, searched, places, said }
}
