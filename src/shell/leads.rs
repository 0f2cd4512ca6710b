//! Where to look: the leads of a standard, run at the pin in one pass.

use std::collections::BTreeMap;

use crate::app::leads::{Mutes, Pointing};
use crate::app::msg::{FileHits, LeadFound, LeadHits, NO_FILE};
use crate::error::Result;
use crate::model::audit::Audit;
use crate::model::evidence::{Kind, RepoPath, Search};
use crate::model::standard::{Lead, LeadKind, Standard};
use crate::repo::{self, Hit, InFile, Pin, display};

/// How much the lists of the files that all leads point at may take in memory, in bytes.
const FILES: usize = 64 << 20;

/// How many hits of each lead are kept, to be listed and to tell which of them are muted.
pub const PLACES: usize = 500;

/// How much of a hit's line is kept, in bytes: a list shows no more of it.
const TEXT: usize = 512;

/// Runs leads, and returns what each found with the text of `places` hits at most, those that are counted apart last.
/// Where there are more, each file has its first ones, so that a file with very many hides none of another.
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
    let mut room = Room(FILES);
    let searched = pin.sweep_each(&queries, places, stop, |query, found| {
        hits += found.hits + found.apart;
        told += 1;
        if told % PAUSE == 0 {
            so_far(hits);
        }
        seen[query].take(found, places, &mut room);
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
            LeadKind::Glob { pattern } | LeadKind::Regex { pattern, .. } => of_paths(pin, pattern, places, &mut room),
        });
        match outcome {
            Ok(found) => LeadFound { outcome: Ok(found), ..unrun(lead, String::new()) },
            Err(error) if error.message == repo::NO_FILE => unrun(lead, NO_FILE.to_owned()),
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

/// Returns where the leads point that are not muted.
pub fn pointed(pin: &Pin, audit: &Audit) -> Pointing {
    let found = run_all(pin, &audit.standard, PLACES, &|| false, |_| {}).unwrap_or_default();
    Pointing::new(&found, &Mutes::new(&audit.now.muted), &audit.standard)
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

/// What is left of [`FILES`].
struct Room(usize);

impl Room {
    /// Tells whether a file still fits.
    fn takes(&mut self, path: &RepoPath) -> bool {
        /// What an entry takes beside the path.
        const ENTRY: usize = 64;
        let left = self.0.checked_sub(path.0.len() + ENTRY);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// Hits of one lead as they come.
#[derive(Default)]
struct Seen {
    counted: Kept,
    apart: Kept,
    by_file: BTreeMap<RepoPath, FileHits>,
    unlisted: u64,
}

impl Seen {
    fn take(&mut self, found: InFile<'_>, places: usize, room: &mut Room) {
        self.note(found.path, FileHits { hits: found.hits, excluded: found.apart }, room);
        let (apart, counted) = found.texts.into_iter().partition(|hit| hit.excluded);
        self.apart.take(apart, places);
        self.counted.take(counted, places);
    }

    fn note(&mut self, path: &RepoPath, hits: FileHits, room: &mut Room) {
        if room.takes(path) {
            self.by_file.insert(path.clone(), hits);
        } else {
            self.unlisted += 1;
        }
    }

    fn into_hits(self, search: Search, limit: usize) -> LeadHits {
        let (hits, excluded, files) = (search.hits, search.excluded_hits, search.files);
        let Seen { counted, apart, by_file, unlisted } = self;
        let mut places = counted.hits;
        places.extend(apart.hits);
        places.truncate(limit);
        LeadHits { kind: Kind::Search(search), hits, excluded, files, places, by_file, unlisted }
    }
}

/// The hits whose text is kept, by file.
#[derive(Default)]
struct Kept {
    hits: Vec<Hit>,
    /// How often those of each file were cut by half, to make room for other files'.
    halved: u32,
}

impl Kept {
    /// Takes the hits of a file.
    fn take(&mut self, mut hits: Vec<Hit>, places: usize) {
        let each = |halved| places.checked_shr(halved).unwrap_or(0).max(1);
        hits.truncate(each(self.halved));
        while self.hits.len() + hits.len() > places && each(self.halved) > 1 {
            self.halved += 1;
            let each = each(self.halved);
            hits.truncate(each);
            let mut of_file = (RepoPath(Vec::new()), 0);
            self.hits.retain(|hit| {
                if hit.path != of_file.0 {
                    of_file = (hit.path.clone(), 0);
                }
                of_file.1 += 1;
                of_file.1 <= each
            });
        }
        hits.truncate(places.saturating_sub(self.hits.len()));
        hits.iter_mut().for_each(|hit| hit.text.truncate(TEXT));
        self.hits.append(&mut hits);
    }
}

fn of_paths(pin: &Pin, glob: &str, places: usize, room: &mut Room) -> Result<LeadHits> {
    let mut seen = Seen::default();
    let list = pin.each_path(glob, |entry| {
        seen.note(&entry.path, FileHits { hits: 1, excluded: 0 }, room);
        if seen.counted.hits.len() < places {
            seen.counted.hits.push(Hit { path: entry.path.clone(), line: 0, text: Vec::new(), excluded: false });
        }
    })?;
    let (hits, files) = (list.matches, list.entries);
    let Seen { counted, by_file, unlisted, .. } = seen;
    Ok(LeadHits { kind: Kind::Path(list), hits, excluded: 0, files, places: counted.hits, by_file, unlisted })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_file_has_its_first_hits_where_there_is_room(files in prop::collection::vec(1usize..40, 0..20), places in 0usize..30) {
            let mut kept = Kept::default();
            let path = |at: usize| RepoPath::from(format!("{at:02}").as_str());
            for (at, hits) in files.iter().enumerate() {
                let hit = |line| Hit { path: path(at), line, text: vec![0; TEXT + 9], excluded: false };
                kept.take((1..=*hits as u64).map(hit).collect(), places);
            }
            let all: usize = files.iter().sum();
            prop_assert!(kept.hits.len() <= places && kept.hits.iter().all(|hit| hit.text.len() <= TEXT));
            prop_assert!(all > places || kept.hits.len() == all, "nothing is left out without need");
            for (at, hits) in files.iter().enumerate() {
                let lines: Vec<u64> = kept.hits.iter().filter(|hit| hit.path == path(at)).map(|hit| hit.line).collect();
                prop_assert_eq!(&lines, &(1..=lines.len() as u64).collect::<Vec<_>>());
                prop_assert!(lines.len() <= *hits && (!lines.is_empty() || files.len() > places));
            }
            prop_assert!(kept.hits.is_sorted_by_key(|hit| (&hit.path, hit.line)));
        }
    }
}
