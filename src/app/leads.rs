//! What leads found, grouped by file, without what is muted.

use std::collections::{BTreeMap, BTreeSet};

use super::App;
use super::msg::{LeadFound, LeadHits};
use crate::export::count;
use crate::model::coverage::Pointed;
use crate::model::evidence::RepoPath;
use crate::model::mute::{Mute, Muted};
use crate::model::standard::{Signal, Standard};
use crate::repo::{Globs, Hit};

/// What an audit mutes, ready to be asked.
#[derive(Debug, Default)]
pub struct Mutes {
    hits: BTreeMap<String, BTreeMap<RepoPath, BTreeSet<u64>>>,
    leads: BTreeSet<String>,
    paths: Vec<Globs>,
}

impl Mutes {
    /// Reads them. A glob that cannot be used mutes nothing.
    pub fn new(muted: &BTreeMap<Mute, Muted>) -> Mutes {
        let mut mutes = Mutes::default();
        for mute in muted.keys() {
            match mute {
                Mute::Hit { lead, path, line } => {
                    mutes.hits.entry(lead.clone()).or_default().entry(path.clone()).or_default().insert(*line);
                }
                Mute::Lead { lead } => {
                    mutes.leads.insert(lead.clone());
                }
                Mute::Path { glob } => mutes.paths.extend(Globs::new(&[glob]).ok().flatten()),
            }
        }
        mutes
    }

    /// Tells whether a hit of a lead is muted.
    pub fn hold(&self, lead: &str, hit: &Hit) -> bool {
        self.all_of(lead, &hit.path) || self.lines(lead, &hit.path).is_some_and(|lines| lines.contains(&hit.line))
    }

    /// Tells whether all hits that a lead has in a file are muted.
    fn all_of(&self, lead: &str, path: &RepoPath) -> bool {
        self.leads.contains(lead) || self.paths.iter().any(|globs| globs.matches(path))
    }

    fn lines(&self, lead: &str, path: &RepoPath) -> Option<&BTreeSet<u64>> {
        self.hits.get(lead)?.get(path)
    }

    /// Returns how many of the hits that a lead has in a file, and that count, are muted.
    fn count(&self, lead: &str, path: &RepoPath, found: &LeadHits) -> u64 {
        let hits = found.by_file.get(path).map_or(0, |file| file.hits);
        if self.all_of(lead, path) {
            return hits;
        }
        let Some(lines) = self.lines(lead, path) else { return 0 };
        let (mut kept, mut muted, mut known) = (0, 0, 0);
        for hit in found.places.iter().filter(|hit| hit.path == *path) {
            let named = lines.contains(&hit.line);
            known += u64::from(named);
            kept += u64::from(!hit.excluded);
            muted += u64::from(named && !hit.excluded);
        }
        // A muted line is a hit. One that is none of those whose places are kept is one of the others, if there are any.
        muted + (lines.len() as u64 - known).min(hits.saturating_sub(kept))
    }
}

/// How many hits speak for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Hits that support the secure answer.
    pub supports: u64,
    /// Hits that are a concern.
    pub concerns: u64,
    /// Hits to be read.
    pub look: u64,
    /// Muted hits; they are in none of the other numbers.
    pub muted: u64,
}

impl Counts {
    fn add(&mut self, signal: Signal, hits: u64) {
        match signal {
            Signal::Supports => self.supports += hits,
            Signal::Concern => self.concerns += hits,
            Signal::Look => self.look += hits,
        }
    }

    /// Returns how many hits are listed.
    pub fn listed(&self) -> u64 {
        self.supports + self.concerns + self.look
    }

    /// Returns them in short, each with its signal's mark: `! 2  + 1  ? 3  1 muted`.
    pub fn marks(&self) -> String {
        let marks = [('!', self.concerns), ('+', self.supports), ('?', self.look)];
        let mut parts: Vec<String> =
            marks.iter().filter(|(_, hits)| *hits > 0).map(|(mark, hits)| format!("{mark} {hits}")).collect();
        if self.muted > 0 {
            parts.push(format!("{} muted", self.muted));
        }
        parts.join("  ")
    }
}

/// A hit: the index of its item, of the lead in it, and of the place among those of the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The item.
    pub item: usize,
    /// The lead.
    pub lead: usize,
    /// The hit.
    pub hit: usize,
}

/// What leads found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLeads {
    /// The file.
    pub path: RepoPath,
    /// How much, also of what is not listed for its number.
    pub counts: Counts,
    /// The hits, by line. Those that are counted apart are there only where their lead has no others.
    pub hits: Vec<At>,
    /// How many hits more there are that count and are not muted: their places were not kept.
    pub unlisted: u64,
}

/// What leads found, grouped by file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The files: most concerns first, then most other hits, then by name.
    pub files: Vec<FileLeads>,
    /// How much in all.
    pub counts: Counts,
    /// How many hits count, are not muted, and are in none of the files' lists.
    pub unlisted: u64,
}

impl Listed {
    /// Groups what the leads of these items found. Muted hits are counted, and listed only where `shows_muted`.
    pub fn new(items: &[&[LeadFound]], mutes: &Mutes, shows_muted: bool) -> Listed {
        let mut files: BTreeMap<&RepoPath, FileLeads> = BTreeMap::new();
        let mut counts = Counts::default();
        let mut shown = 0;
        for (item, leads) in items.iter().enumerate() {
            for (lead, found) in leads.iter().enumerate() {
                let Ok(hits) = &found.outcome else { continue };
                let away = muted(found, mutes);
                counts.add(found.signal, hits.hits - away);
                counts.muted += away;
                for (path, file) in hits.by_file.iter().filter(|(_, file)| file.hits > 0) {
                    let muted = mutes.count(&found.id, path, hits);
                    let of_file = of_file(&mut files, path);
                    of_file.counts.add(found.signal, file.hits - muted);
                    of_file.counts.muted += muted;
                    of_file.unlisted += file.hits - muted;
                }
                for (hit, place) in hits.places.iter().enumerate() {
                    let apart = place.excluded && hits.hits > 0;
                    let muted = mutes.hold(&found.id, place);
                    if !apart && (shows_muted || !muted) {
                        let file = of_file(&mut files, &place.path);
                        file.hits.push(At { item, lead, hit });
                        let counts = !place.excluded && !muted;
                        file.unlisted = file.unlisted.saturating_sub(u64::from(counts));
                        shown += u64::from(counts);
                    }
                }
            }
        }
        let line = |at: &At| {
            let found = items[at.item][at.lead].outcome.as_ref().ok();
            found.and_then(|found| found.places.get(at.hit)).map_or(0, |hit| hit.line)
        };
        let mut files: Vec<FileLeads> = files.into_values().collect();
        for file in &mut files {
            file.hits.sort_by_key(|at| (line(at), *at));
        }
        files.sort_by(|one, other| {
            let weight = |file: &FileLeads| (file.counts.concerns, file.counts.listed());
            weight(other).cmp(&weight(one)).then_with(|| one.path.cmp(&other.path))
        });
        Listed { files, counts, unlisted: counts.listed().saturating_sub(shown) }
    }
}

fn of_file<'a, 'b>(files: &'a mut BTreeMap<&'b RepoPath, FileLeads>, path: &'b RepoPath) -> &'a mut FileLeads {
    let new = || FileLeads { path: path.clone(), counts: Counts::default(), hits: Vec::new(), unlisted: 0 };
    files.entry(path).or_insert_with(new)
}

/// Returns in words that so many hits are not listed.
pub fn not_listed(hits: u64) -> String {
    format!("… {} {} not listed", count(hits, "more hit", "more hits"), if hits == 1 { "is" } else { "are" })
}

/// Returns how many hits a lead has, in words: those that are listed, then the others.
pub fn outcome(found: &LeadFound, mutes: &Mutes) -> String {
    let hits = match &found.outcome {
        Ok(hits) => hits,
        Err(why) => return crate::repo::display::line(why).into_owned(),
    };
    let muted = muted(found, mutes);
    let muted = if muted > 0 { format!(", {muted} muted") } else { String::new() };
    let excluded = if hits.excluded > 0 { format!(", {} excluded", hits.excluded) } else { String::new() };
    format!("{}{muted}{excluded} of {}", count(hits.hits, "hit", "hits"), count(hits.files, "file", "files"))
}

/// Returns how many of a lead's hits are muted.
pub fn muted(found: &LeadFound, mutes: &Mutes) -> u64 {
    let Ok(hits) = &found.outcome else { return 0 };
    if mutes.leads.contains(&found.id) {
        return hits.hits;
    }
    hits.by_file.keys().map(|path| mutes.count(&found.id, path, hits)).sum()
}

/// Where leads point.
#[derive(Debug, Default)]
pub struct Pointing {
    /// The files in which they have hits that count and are not muted, in path order.
    pub files: Vec<Pointed>,
    /// How many leads that are not muted point at files that are not known.
    pub blind: usize,
}

impl Pointing {
    /// Puts together where leads point.
    pub fn new(leads: &BTreeMap<String, Vec<LeadFound>>, mutes: &Mutes, standard: &Standard) -> Pointing {
        let blind = leads.values().flatten().filter(|lead| !lead.is_known() && !mutes.leads.contains(&lead.id)).count();
        Pointing { files: pointed(leads, mutes, standard), blind }
    }
}

fn pointed(leads: &BTreeMap<String, Vec<LeadFound>>, mutes: &Mutes, standard: &Standard) -> Vec<Pointed> {
    let mut files: BTreeMap<&RepoPath, Pointed> = BTreeMap::new();
    for item in standard.items().map(|(_, item)| &item.id) {
        for lead in leads.get(item).into_iter().flatten() {
            let Ok(found) = &lead.outcome else { continue };
            for (path, file) in &found.by_file {
                let hits = file.hits - mutes.count(&lead.id, path, found);
                if hits == 0 {
                    continue;
                }
                let new = || Pointed { path: path.clone(), hits: 0, items: Vec::new() };
                let pointed = files.entry(path).or_insert_with(new);
                pointed.hits += hits;
                if pointed.items.last() != Some(item) {
                    pointed.items.push(item.clone());
                }
            }
        }
    }
    files.into_values().collect()
}

impl App {
    /// Returns the lead and the hit at an index pair of the item that is shown.
    pub fn lead_hit(&self, lead: usize, hit: usize) -> Option<(&LeadFound, &Hit)> {
        let found = self.leads.get(&self.item)?.get(lead)?;
        Some((found, found.outcome.as_ref().ok()?.places.get(hit)?))
    }

    /// Returns the lines (from 1) of a file that the leads of the item that is shown point at, in order.
    pub fn lead_lines(&self, path: &RepoPath) -> Vec<(u64, Signal)> {
        let file = self.listed.files.iter().find(|file| file.path == *path);
        let hits = file.map(|file| file.hits.as_slice()).unwrap_or_default();
        let place = |at: &At| self.lead_hit(at.lead, at.hit).map(|(found, hit)| (hit.line, found.signal));
        hits.iter().filter_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::FileHits;
    use crate::model::evidence::{Kind, PathList};
    use crate::model::hash::Sha256;
    use crate::model::time::Time;
    use crate::standards::Loaded;

    fn found(id: &str, signal: Signal, places: &[(&str, u64, bool)]) -> LeadFound {
        let mut by_file: BTreeMap<RepoPath, FileHits> = BTreeMap::new();
        for (path, _, excluded) in places {
            let file = by_file.entry((*path).into()).or_default();
            *(if *excluded { &mut file.excluded } else { &mut file.hits }) += 1;
        }
        let hits: u64 = by_file.values().map(|file| file.hits).sum();
        let list = PathList {
            glob: "*".to_owned(),
            entries: 9,
            matches: hits,
            matches_digest: Sha256::ZERO,
            paths: Vec::new(),
        };
        let hit = |(path, line, excluded): &(&str, u64, bool)| Hit {
            path: (*path).into(),
            line: *line,
            text: Vec::new(),
            excluded: *excluded,
        };
        let excluded = by_file.values().map(|file| file.excluded).sum();
        let places = places.iter().map(hit).collect();
        let outcome = Ok(LeadHits { kind: Kind::Path(list), hits, excluded, files: 9, places, by_file, unlisted: 0 });
        LeadFound { id: id.to_owned(), signal, why: String::new(), outcome }
    }

    fn mutes(muted: &[Mute]) -> Mutes {
        let why = || Muted { reason: "Read.".to_owned(), at: Time::from_unix(0).unwrap() };
        Mutes::new(&muted.iter().map(|mute| (mute.clone(), why())).collect())
    }

    fn leads() -> Vec<LeadFound> {
        vec![
            found("a-1.a", Signal::Look, &[("a.ts", 9, false), ("a.ts", 2, false), ("b.ts", 5, false)]),
            found("a-1.b", Signal::Concern, &[("b.ts", 5, false), ("old/b.ts", 1, true)]),
            found("a-1.c", Signal::Supports, &[("old/c.ts", 3, true)]),
        ]
    }

    fn paths(listed: &Listed) -> Vec<String> {
        listed.files.iter().map(|file| format!("{} {}", file.path.lossy(), file.counts.marks())).collect()
    }

    #[test]
    fn files_come_by_concerns_and_hits_by_line() {
        let leads = leads();
        let listed = Listed::new(&[&leads], &Mutes::default(), false);
        assert_eq!(
            paths(&listed),
            ["b.ts ! 1  ? 1", "a.ts ? 2", "old/c.ts "],
            "old/b.ts is apart, its lead has others"
        );
        assert_eq!(listed.files[1].hits, [At { item: 0, lead: 0, hit: 1 }, At { item: 0, lead: 0, hit: 0 }]);
        assert_eq!(listed.counts, Counts { supports: 0, concerns: 1, look: 3, muted: 0 });
    }

    #[test]
    fn what_is_muted_is_counted_and_can_be_listed() {
        let leads = leads();
        let hit = Mute::Hit { lead: "a-1.a".to_owned(), path: "a.ts".into(), line: 9 };
        let cases = [
            (vec![hit.clone()], vec!["b.ts ! 1  ? 1", "a.ts ? 1  1 muted", "old/c.ts "]),
            (vec![Mute::Lead { lead: "a-1.a".to_owned() }], vec!["b.ts ! 1  1 muted", "a.ts 2 muted", "old/c.ts "]),
            (vec![Mute::Path { glob: "b.*".to_owned() }], vec!["a.ts ? 2", "b.ts 2 muted", "old/c.ts "]),
            (vec![hit, Mute::Path { glob: "a.ts".to_owned() }], vec!["b.ts ! 1  ? 1", "a.ts 2 muted", "old/c.ts "]),
        ];
        for (muted, expected) in cases {
            let mutes = mutes(&muted);
            let listed = Listed::new(&[&leads], &mutes, false);
            assert_eq!(paths(&listed), expected, "{muted:?}");
            let without: usize = listed.files.iter().map(|file| file.hits.len()).sum();
            assert_eq!(without as u64, listed.counts.listed() + 1, "{muted:?}: and the one that is apart");
            let all = Listed::new(&[&leads], &mutes, true);
            assert_eq!((all.files.iter().map(|file| file.hits.len()).sum::<usize>(), all.counts), (5, listed.counts));
        }
    }

    #[test]
    fn a_muted_line_that_is_no_hit_hides_none_fail() {
        let mut leads = leads();
        let line = |lead: &str, path: &str, line| Mute::Hit { lead: lead.to_owned(), path: path.into(), line };
        let count = |leads: &[LeadFound], muted: &[Mute]| Listed::new(&[leads], &mutes(muted), false).counts.muted;
        assert_eq!(count(&leads, &[line("a-1.a", "a.ts", 3), line("a-1.a", "gone.ts", 9)]), 0);
        assert_eq!(count(&leads, &[line("a-1.a", "a.ts", 3), line("a-1.a", "a.ts", 9)]), 1);
        // A hit that is counted apart is in none of the numbers.
        assert_eq!(count(&leads, &[line("a-1.b", "old/b.ts", 1)]), 0);
        // Of hits whose places are not kept, a muted line is one.
        leads[0].outcome.as_mut().unwrap().places.remove(1);
        assert_eq!(count(&leads, &[line("a-1.a", "a.ts", 2), line("a-1.a", "a.ts", 3), line("a-1.a", "b.ts", 1)]), 1);
        let (all, mutes) = ([("auth-1".to_owned(), leads)].into(), mutes(&[line("a-1.b", "b.ts", 6)]));
        let pointed = Pointing::new(&all, &mutes, &Loaded::built_in().unwrap().standard).files;
        assert_eq!(pointed.iter().map(|one| one.hits).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn items_that_point_at_a_file_come_in_the_standards_order() {
        let standard = Loaded::built_in().unwrap().standard;
        let ids = ["transport-1", "input-2", "auth-4"];
        let all = ids.map(|id| (id.to_owned(), vec![found(&format!("{id}.a"), Signal::Look, &[("a.ts", 1, false)])]));
        let pointing = Pointing::new(&all.into(), &Mutes::default(), &standard);
        assert_eq!(pointing.files[0].items, ["transport-1", "auth-4", "input-2"]);
    }

    #[test]
    fn a_glob_that_cannot_be_used_mutes_nothing_fail() {
        let leads = leads();
        let listed = Listed::new(&[&leads], &mutes(&[Mute::Path { glob: "[".to_owned() }]), false);
        assert_eq!(listed.counts.muted, 0);
    }

    #[test]
    fn a_lead_says_what_it_found_and_where_it_looked() {
        let leads = leads();
        let lead = |id: &str| mutes(&[Mute::Lead { lead: id.to_owned() }]);
        assert_eq!(outcome(&leads[0], &Mutes::default()), "3 hits of 9 files");
        assert_eq!(outcome(&leads[1], &lead("a-1.b")), "1 hit, 1 muted, 1 excluded of 9 files");
        let unrun = LeadFound { outcome: Err("It was\ncut.".to_owned()), ..leads[0].clone() };
        assert_eq!(outcome(&unrun, &Mutes::default()).lines().count(), 1);
    }
}
