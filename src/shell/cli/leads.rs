//! `touchstone leads`: where to look for an item.

use serde::Serialize;

use super::context::Context;
use crate::error::{self, Error, Result};
use crate::export::{count, summary};
use crate::model::evidence::{Evidence, Kind, Reachability};
use crate::model::standard::{LeadKind, Signal};
use crate::repo::display;

/// How many hits of a lead are looked at, to list the first of them.
const ALL_HITS: usize = 10_000;

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
    let mut leads = Vec::new();
    for lead in &item.leads {
        let (kind, places, hits, files) = match (&lead.kind, standard.query(lead)) {
            (LeadKind::Regex { .. }, None) => continue,
            (LeadKind::Glob { pattern }, _) => {
                let list = pin.paths(pattern)?;
                let places = list.paths.iter().take(args.hits).map(|path| Place {
                    path: display::bytes(&path.0),
                    line: None,
                    text: String::new(),
                    excluded: false,
                });
                let places: Vec<Place> = places.collect();
                let (hits, files) = (list.matches, list.entries);
                (Kind::Path(list), places, hits, files)
            }
            (LeadKind::Regex { .. }, Some(query)) => {
                // Hits under excluded paths are counted apart, so they must not push the others out of the list.
                let found = pin.hits(&query, ALL_HITS);
                let (search, found) = match found {
                    Ok(found) => found,
                    // A scope that holds no file has nothing to show, and one lead that cannot be run keeps no other
                    // from its hits; as evidence, both would be refused.
                    Err(error) => {
                        let said = match error.kind {
                            error::Kind::False => "no file in its scope".to_owned(),
                            _ => format!("not searched: {}", display::line(&error.message)),
                        };
                        leads.push(Line {
                            id: &lead.id,
                            signal: lead.signal,
                            why: &lead.why,
                            lead: &lead.kind,
                            hits: 0,
                            files: 0,
                            searched: false,
                            places: Vec::new(),
                            said,
                        });
                        continue;
                    }
                };
                let counted = found.iter().filter(|hit| !hit.excluded || search.hits == 0);
                let places = counted.take(args.hits).map(|hit| Place {
                    path: display::bytes(&hit.path.0),
                    line: Some(hit.line),
                    text: display::bytes(&hit.text).trim().chars().take(160).collect(),
                    excluded: hit.excluded,
                });
                let places: Vec<Place> = places.collect();
                let (hits, files) = (search.hits, search.files);
                (Kind::Search(search), places, hits, files)
            }
        };
        let evidence = Evidence { kind, reachability: Reachability::NotKnown, note: None };
        let said = match &evidence.kind {
            Kind::Search(search) if search.excluded_hits > 0 => format!(
                "{} in {}, {} more in excluded paths",
                count(hits, "hit", "hits"),
                count(files, "file", "files"),
                search.excluded_hits
            ),
            Kind::Search(_) => format!("{} in {}", count(hits, "hit", "hits"), count(files, "file", "files")),
            _ => summary(&evidence),
        };
        leads.push(Line {
            id: &lead.id,
            signal: lead.signal,
            why: &lead.why,
            lead: &lead.kind,
            hits,
            files,
            searched: true,
            places,
            said,
        });
    }
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
