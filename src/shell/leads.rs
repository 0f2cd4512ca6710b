//! Where to look: the leads of a standard, run at the pin in one pass.

use std::collections::BTreeMap;

use crate::app::leads::{self as listing, Mutes};
use crate::app::msg::{FileHits, LeadFound, LeadHits};
use crate::error::{Kind as ErrorKind, Result};
use crate::model::audit::Audit;
use crate::model::coverage::Pointed;
use crate::model::evidence::{Kind, PathList, RepoPath, Search};
use crate::model::standard::{Lead, LeadKind, Standard};
use crate::repo::{Hit, Pin, display};

/// How many hits of a lead are looked at, to list the first of them and to count them by file.
const ALL_HITS: usize = 10_000;

/// How much of a hit's line is kept, in bytes: a list shows no more of it.
const TEXT: usize = 512;

/// Runs leads, and returns what each found with the text of the first `places` hits, those that are counted apart last.
/// Returns nothing once `stop` holds. `so_far` is told now and then how many hits there are.
///
/// A lead that cannot be run says why and keeps no other from its hits; it is no evidence of absence.
pub fn run(
    pin: &Pin,
    standard: &Standard,
    leads: &[&Lead],
    places: usize,
    stop: &(dyn Fn() -> bool + Sync),
    mut so_far: impl FnMut(u64),
) -> Option<Vec<LeadFound>> {
    /// After how many files with hits the count is told.
    const PAUSE: u64 = 64;
    let (mut queries, mut at) = (Vec::new(), Vec::new());
    for (index, lead) in leads.iter().enumerate() {
        if let Some(query) = standard.query(lead) {
            queries.push(query);
            at.push(index);
        }
    }
    let mut seen: Vec<Seen> = queries.iter().map(|_| Seen::default()).collect();
    let (mut hits, mut told) = (0, 0);
    let searched = pin.sweep(&queries, ALL_HITS, stop, |query, found| {
        hits += found.len() as u64;
        told += 1;
        if told % PAUSE == 0 {
            so_far(hits);
        }
        seen[query].take(found, places);
    });
    let mut outcomes: Vec<Option<Result<LeadHits>>> = leads.iter().map(|_| None).collect();
    match searched {
        Ok(searched) => {
            for ((index, search), seen) in at.iter().zip(searched?).zip(seen) {
                outcomes[*index] = Some(search.map(|search| seen.into_hits(search, places)));
            }
        }
        Err(error) => at.iter().for_each(|index| outcomes[*index] = Some(Err(error.clone()))),
    }
    let found = leads.iter().zip(outcomes).map(|(lead, outcome)| {
        let outcome = outcome.unwrap_or_else(|| match &lead.kind {
            LeadKind::Glob { pattern } | LeadKind::Regex { pattern, .. } => {
                pin.paths(pattern).map(|list| of_paths(list, places))
            }
        });
        match outcome {
            Ok(found) => LeadFound { outcome: Ok(found), ..unrun(lead, String::new()) },
            Err(error) if error.kind == ErrorKind::False => unrun(lead, "no file in its scope".to_owned()),
            Err(error) => unrun(lead, format!("not searched: {}", display::line(&error.message))),
        }
    });
    Some(found.collect())
}

/// Runs the leads of all items, as [`run`] does, and returns what they found by item.
pub fn run_all(
    pin: &Pin,
    standard: &Standard,
    places: usize,
    stop: &(dyn Fn() -> bool + Sync),
    so_far: impl FnMut(u64),
) -> Option<BTreeMap<String, Vec<LeadFound>>> {
    let leads: Vec<&Lead> = standard.items().flat_map(|(_, item)| &item.leads).collect();
    let found = run(pin, standard, &leads, places, stop, so_far)?;
    Some(by_item(standard, found.into_iter()))
}

/// Returns the files in which leads have hits that count and are not muted.
pub fn pointed(pin: &Pin, audit: &Audit) -> Vec<Pointed> {
    let found = run_all(pin, &audit.standard, 0, &|| false, |_| {}).unwrap_or_default();
    listing::pointed(&found, &Mutes::new(&audit.now.muted))
}

/// Returns leads that could not be run, and why, by item.
pub fn run_none(standard: &Standard, why: &str) -> BTreeMap<String, Vec<LeadFound>> {
    let leads = standard.items().flat_map(|(_, item)| &item.leads);
    by_item(standard, leads.map(|lead| unrun(lead, why.to_owned())))
}

/// Deals out what all leads found, in the standard's order, to their items.
fn by_item(standard: &Standard, mut found: impl Iterator<Item = LeadFound>) -> BTreeMap<String, Vec<LeadFound>> {
    let with_leads = standard.items().filter(|(_, item)| !item.leads.is_empty());
    with_leads.map(|(_, item)| (item.id.clone(), found.by_ref().take(item.leads.len()).collect())).collect()
}

fn unrun(lead: &Lead, why: String) -> LeadFound {
    LeadFound { id: lead.id.clone(), signal: lead.signal, why: lead.why.clone(), outcome: Err(why) }
}

/// Hits of one search as they come.
#[derive(Default)]
struct Seen {
    counted: Vec<Hit>,
    apart: Vec<Hit>,
    by_file: BTreeMap<RepoPath, FileHits>,
}

impl Seen {
    fn take(&mut self, hits: Vec<Hit>, places: usize) {
        for mut hit in hits {
            if !self.by_file.contains_key(&hit.path) {
                self.by_file.insert(hit.path.clone(), FileHits::default());
            }
            if let Some(file) = self.by_file.get_mut(&hit.path) {
                *(if hit.excluded { &mut file.excluded } else { &mut file.hits }) += 1;
            }
            // Hits that are counted apart must not push the others out of the list.
            let list = if hit.excluded { &mut self.apart } else { &mut self.counted };
            if list.len() < places {
                hit.text.truncate(TEXT);
                list.push(hit);
            }
        }
    }

    fn into_hits(mut self, search: Search, places: usize) -> LeadHits {
        self.counted.append(&mut self.apart);
        self.counted.truncate(places);
        let (hits, excluded, files) = (search.hits, search.excluded_hits, search.files);
        LeadHits { kind: Kind::Search(search), hits, excluded, files, places: self.counted, by_file: self.by_file }
    }
}

fn of_paths(list: PathList, places: usize) -> LeadHits {
    let hit = |path: &RepoPath| Hit { path: path.clone(), line: 0, text: Vec::new(), excluded: false };
    let by_file = list.paths.iter().map(|path| (path.clone(), FileHits { hits: 1, excluded: 0 })).collect();
    let places = list.paths.iter().take(places).map(hit).collect();
    let (hits, files) = (list.matches, list.entries);
    LeadHits { kind: Kind::Path(list), hits, excluded: 0, files, places, by_file }
}
