//! `touchstone leads`: where to look, for one item or for all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::context::Context;
use crate::app::item::mark;
use crate::app::leads::{self as listing, Listed, Mutes};
use crate::app::msg::LeadFound;
use crate::error::{Error, Result};
use crate::export::{count, summary};
use crate::model::audit::Audit;
use crate::model::evidence::{Evidence, Kind, Reachability, RepoPath};
use crate::model::standard::{Item, Lead, LeadKind, Signal, Standard};
use crate::repo::{Pin, display};
use crate::shell::leads;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as auth-4 (default: a line for each item)
    item: Option<String>,
    /// How many hits of each lead, or of each file, to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    hits: usize,
    /// Group the hits by file, the files with most concerns first
    #[arg(long)]
    by_file: bool,
    /// Show muted hits as well
    #[arg(long)]
    muted: bool,
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
    /// How many of them are muted.
    muted: u64,
    files: u64,
    /// Whether the lead could be run; where it could not, its zero hits mean nothing.
    searched: bool,
    places: Vec<Place>,
    /// How many hits count, are not muted and are none of the places.
    not_listed: u64,
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
    muted: bool,
}

#[derive(Serialize)]
struct Items<'a> {
    items: Vec<ItemLine<'a>>,
}

#[derive(Serialize)]
struct ItemLine<'a> {
    item: &'a str,
    #[serde(skip)]
    short: &'a str,
    supports: u64,
    concerns: u64,
    look: u64,
    muted: u64,
    leads: usize,
    /// Leads that could not be run.
    not_searched: usize,
}

#[derive(Serialize)]
struct Files<'a> {
    files: Vec<FileLine<'a>>,
}

#[derive(Serialize)]
struct FileLine<'a> {
    path: String,
    supports: u64,
    concerns: u64,
    look: u64,
    muted: u64,
    items: BTreeSet<&'a str>,
    places: Vec<FilePlace<'a>>,
    #[serde(skip)]
    marks: String,
    #[serde(skip)]
    more: u64,
}

#[derive(Serialize)]
struct FilePlace<'a> {
    lead: &'a str,
    signal: Signal,
    #[serde(flatten)]
    place: Place,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let audit = context.view()?.audit;
    let standard = &audit.standard;
    let wanted: Vec<&Item> = match &args.item {
        Some(id) => match standard.item(id) {
            Some((_, item)) => vec![item],
            None => {
                return Err(Error::usage(format!("The standard has no item `{id}`."))
                    .hint("`touchstone standard show` lists all items."));
            }
        },
        None => standard.items().map(|(_, item)| item).collect(),
    };
    let pin = context.pin_of(&audit)?;
    let found = find(&pin, standard, &wanted, leads::PLACES.max(args.hits));
    let mutes = Mutes::new(&audit.now.muted);
    if args.by_file {
        return by_file(args, context, &found, &mutes);
    }
    match (&args.item, wanted.first()) {
        (Some(_), Some(item)) => one(args, context, item, &found, &mutes),
        _ => all(context, &audit, &found, &mutes),
    }
}

/// Runs the leads of these items in one pass.
fn find(pin: &Pin, standard: &Standard, items: &[&Item], places: usize) -> BTreeMap<String, Vec<LeadFound>> {
    let all: Vec<&Lead> = items.iter().flat_map(|item| &item.leads).collect();
    let mut found = leads::run(pin, standard, &all, places, &|| false, |_| {}).unwrap_or_default().into_iter();
    items.iter().map(|item| (item.id.clone(), found.by_ref().take(item.leads.len()).collect())).collect()
}

fn one(
    args: &Args,
    context: &Context,
    item: &Item,
    found: &BTreeMap<String, Vec<LeadFound>>,
    mutes: &Mutes,
) -> Result<()> {
    let found = found.get(&item.id).map(Vec::as_slice).unwrap_or_default();
    let leads = item.leads.iter().zip(found).map(|(lead, found)| line(args, lead, found, mutes)).collect();
    let report = Report { item: &item.id, text: &item.text, leads };
    context.report("touchstone.leads/1", &report, || {
        let mut out = format!("{}  {}\n", item.id, item.text);
        for line in &report.leads {
            out += &format!("\n{} {} {}: {}\n", mark(line.signal), line.id, line.why, line.said);
            if let LeadKind::Regex { pattern, .. } = line.lead {
                out += &format!("    /{pattern}/\n");
            }
            for place in &line.places {
                out += &format!("    {}{}\n", place.path, rest(place));
            }
            if line.not_listed > 0 {
                out += &format!("    {}\n", listing::not_listed(line.not_listed));
            }
        }
        out += &format!(
            "\n+ supports, ! concern, ? look. A lead never answers; `answer {} … --lead ID` takes one as evidence.\n",
            item.id
        );
        out
    })
}

/// Returns what follows a place's path.
fn rest(place: &Place) -> String {
    let at = place.line.map(|line| format!(":{line}")).unwrap_or_default();
    let excluded = if place.excluded { " (excluded path)" } else { "" };
    let muted = if place.muted { " (muted)" } else { "" };
    format!("{at}{excluded}{muted}  {}", place.text)
}

fn line<'a>(args: &Args, lead: &'a Lead, found: &LeadFound, mutes: &Mutes) -> Line<'a> {
    let muted = listing::muted(found, mutes);
    let (hits, files, places, said) = match &found.outcome {
        Ok(hits) => {
            // Hits in excluded paths are worth a look only where there are no others.
            let shown = hits.places.iter().filter(|hit| !hit.excluded || hits.hits == 0);
            let places = shown.map(|hit| place(found, hit, mutes)).filter(|place| args.muted || !place.muted);
            let places = places.take(args.hits);
            let mut more = String::new();
            if muted > 0 {
                more += &format!(", {muted} muted");
            }
            if hits.excluded > 0 {
                more += &format!(", {} more in excluded paths", hits.excluded);
            }
            let said = match &hits.kind {
                Kind::Search(_) => {
                    format!("{} in {}{more}", count(hits.hits, "hit", "hits"), count(hits.files, "file", "files"))
                }
                kind => {
                    let evidence = Evidence { kind: kind.clone(), reachability: Reachability::NotKnown, note: None };
                    summary(&evidence) + &more
                }
            };
            (hits.hits, hits.files, places.collect(), said)
        }
        Err(why) => (0, 0, Vec::new(), why.clone()),
    };
    let places: Vec<Place> = places;
    let shown = places.iter().filter(|place| !place.excluded && !place.muted).count() as u64;
    let not_listed = (hits - muted).saturating_sub(shown);
    let (id, signal, why) = (&lead.id, lead.signal, &lead.why);
    Line {
        id,
        signal,
        why,
        lead: &lead.kind,
        hits,
        muted,
        files,
        searched: found.outcome.is_ok(),
        places,
        not_listed,
        said,
    }
}

fn place(found: &LeadFound, hit: &crate::repo::Hit, mutes: &Mutes) -> Place {
    Place {
        path: display::bytes(&hit.path.0),
        line: (hit.line > 0).then_some(hit.line),
        text: display::bytes(&hit.text).trim().chars().take(160).collect(),
        excluded: hit.excluded,
        muted: mutes.hold(&found.id, hit),
    }
}

fn all(context: &Context, audit: &Audit, found: &BTreeMap<String, Vec<LeadFound>>, mutes: &Mutes) -> Result<()> {
    let items = audit.standard.items().map(|(_, item)| {
        let found = found.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        let counts = Listed::new(&[found], mutes, false).counts;
        ItemLine {
            item: &item.id,
            short: &item.short,
            supports: counts.supports,
            concerns: counts.concerns,
            look: counts.look,
            muted: counts.muted,
            leads: item.leads.len(),
            not_searched: found.iter().filter(|lead| lead.outcome.is_err()).count(),
        }
    });
    let report = Items { items: items.collect() };
    context.report("touchstone.leads.items/1", &report, || {
        let mut out = format!("{:<16} {:>7} {:>7} {:>7}\n", "", "! conc.", "+ supp.", "? look");
        for line in &report.items {
            let muted = if line.muted > 0 { format!("  {} muted", line.muted) } else { String::new() };
            let unrun = match line.not_searched {
                0 => String::new(),
                some => format!("  {} of {} not searched", some, count(line.leads, "lead", "leads")),
            };
            let counts = format!("{:>7} {:>7} {:>7}", line.concerns, line.supports, line.look);
            out += &format!("{:<16} {counts}  {}{muted}{unrun}\n", line.item, line.short);
        }
        out += "\n`touchstone leads ITEM` shows the hits of one, `--by-file` groups them by file.\n";
        out
    })
}

fn by_file(args: &Args, context: &Context, found: &BTreeMap<String, Vec<LeadFound>>, mutes: &Mutes) -> Result<()> {
    let ids: Vec<&str> = found.keys().map(String::as_str).collect();
    let leads: Vec<&[LeadFound]> = found.values().map(Vec::as_slice).collect();
    let listed = Listed::new(&leads, mutes, args.muted);
    let files = listed.files.iter().filter(|file| file.counts.listed() + file.counts.muted > 0).map(|file| {
        let found = |at: &listing::At| &leads[at.item][at.lead];
        let places = file.hits.iter().take(args.hits).filter_map(|at| {
            let found = found(at);
            let hit = found.outcome.as_ref().ok()?.places.get(at.hit)?;
            Some(FilePlace { lead: &found.id, signal: found.signal, place: place(found, hit, mutes) })
        });
        FileLine {
            path: shown(&file.path),
            supports: file.counts.supports,
            concerns: file.counts.concerns,
            look: file.counts.look,
            muted: file.counts.muted,
            items: file.hits.iter().map(|at| ids[at.item]).collect(),
            places: places.collect(),
            marks: file.counts.marks(),
            more: file.hits.len().saturating_sub(args.hits) as u64 + file.unlisted,
        }
    });
    let report = Files { files: files.collect() };
    context.report("touchstone.leads.files/1", &report, || {
        let mut out = String::new();
        for file in &report.files {
            out += &format!("{}  {}\n", file.path, file.marks);
            for FilePlace { lead, signal, place } in &file.places {
                out += &format!("  {} {lead}{}\n", mark(*signal), rest(place));
            }
            if file.more > 0 {
                out += &format!("    {}\n", listing::not_listed(file.more));
            }
        }
        out += &format!("{}. ! concern, + supports, ? look.\n", count(report.files.len(), "file", "files"));
        out
    })
}

fn shown(path: &RepoPath) -> String {
    display::bytes(&path.0)
}
