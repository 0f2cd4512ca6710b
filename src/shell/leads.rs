//! Where to look for an item: its leads, run at the pin.

use crate::app::msg::{LeadFound, LeadHits};
use crate::error::{Kind as ErrorKind, Result};
use crate::model::evidence::Kind;
use crate::model::standard::{Lead, LeadKind, Standard};
use crate::repo::{Hit, Pin, display};

/// How many hits of a lead are looked at, to list the first of them.
const ALL_HITS: usize = 10_000;

/// Runs the leads of an item, and returns what each found with the text of the first `places` hits, those under excluded
/// paths last. Returns nothing once `stop` holds.
///
/// A lead that cannot be run says why and keeps no other from its hits; it is no evidence of absence.
pub fn run(
    pin: &Pin,
    standard: &Standard,
    item: &str,
    places: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<LeadFound>> {
    let leads = standard.item(item).map(|(_, item)| item.leads.as_slice()).unwrap_or_default();
    let mut found = Vec::with_capacity(leads.len());
    for lead in leads {
        found.push(match look(pin, standard, lead, places, stop) {
            Ok(outcome) => LeadFound { outcome: Ok(outcome?), ..unrun(lead, String::new()) },
            Err(error) if error.kind == ErrorKind::False => unrun(lead, "no file in its scope".to_owned()),
            Err(error) => unrun(lead, format!("not searched: {}", display::line(&error.message))),
        });
    }
    Some(found)
}

/// Returns a lead that could not be run, and why.
pub fn unrun(lead: &Lead, why: String) -> LeadFound {
    LeadFound { id: lead.id.clone(), signal: lead.signal, why: lead.why.clone(), outcome: Err(why) }
}

fn look(
    pin: &Pin,
    standard: &Standard,
    lead: &Lead,
    places: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<LeadHits>> {
    let Some(query) = standard.query(lead) else {
        let (LeadKind::Glob { pattern } | LeadKind::Regex { pattern, .. }) = &lead.kind;
        let list = pin.paths(pattern)?;
        let hit = |path: &_| Hit { path: Clone::clone(path), line: 0, text: Vec::new(), excluded: false };
        let places = list.paths.iter().take(places).map(hit).collect();
        let (hits, files) = (list.matches, list.entries);
        return Ok(Some(LeadHits { kind: Kind::Path(list), hits, excluded: 0, files, places }));
    };
    // Hits under excluded paths are counted apart, so they must not push the others out of the list.
    let (mut counted, mut excluded) = (Vec::new(), Vec::new());
    let search = pin.stream(&query, ALL_HITS, stop, |hits| {
        for hit in hits {
            let list = if hit.excluded { &mut excluded } else { &mut counted };
            if list.len() < places {
                list.push(hit);
            }
        }
    })?;
    let Some(search) = search else { return Ok(None) };
    counted.extend(excluded);
    counted.truncate(places);
    let (hits, excluded, files) = (search.hits, search.excluded_hits, search.files);
    Ok(Some(LeadHits { kind: Kind::Search(search), hits, excluded, files, places: counted }))
}
