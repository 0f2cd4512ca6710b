//! Muting leads, and going through the files that they point at.

use crate::app::field::Field;
use crate::app::item::Target;
use crate::app::leads::{At, Listed};
use crate::app::msg::LeadFound;
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Popup, Purpose, Value, Writing};
use crate::app::{App, Pane, Walk};
use crate::export::count;
use crate::model::evidence::RepoPath;
use crate::model::mute::Mute;
use crate::repo::{Globs, Hit, display, escape_glob};

impl App {
    /// Asks what is to be muted: the hit, its lead, its file or a folder around it.
    pub(super) fn mute(&mut self) {
        let hit = |lead: usize, hit: usize| {
            self.lead_hit(lead, hit).map(|(found, hit)| (Some(found.id.clone()), Some(hit.clone())))
        };
        let under = match (self.pane, self.target_under()) {
            (Pane::Item, Target::Hit(lead, at)) => hit(lead, at),
            (Pane::Item, Target::Lead(lead)) => {
                let found = self.leads.get(&self.item).and_then(|leads| leads.get(lead));
                found.map(|found| (Some(found.id.clone()), None))
            }
            (Pane::Item, Target::LeadFile(path)) => {
                Some((None, Some(Hit { path, line: 0, text: Vec::new(), excluded: false })))
            }
            (Pane::Item, _) => None,
            // The item's own leads come first, then those of the others.
            _ => self.lead_under().and_then(|at| hit(at.lead, at.hit)).or_else(|| {
                let doc = self.doc.as_ref()?;
                let (_, found, hit) = self.pointing(&doc.text.path, doc.cursor as u64 + 1)?;
                Some((Some(found.id.clone()), Some(hit.clone())))
            }),
        };
        let Some((lead, hit)) = under else {
            if let Some(why) = self.without_leads() {
                return self.warn(why);
            }
            return self.warn("Put the cursor on a lead or one of its hits, in the item or in the code.");
        };
        let mut mutes: Vec<(String, Mute)> = Vec::new();
        if let (Some(lead), Some(Hit { path, line, .. })) = (&lead, &hit) {
            mutes.push(("this hit".to_owned(), Mute::Hit { lead: lead.clone(), path: path.clone(), line: *line }));
        }
        if let Some(lead) = lead {
            mutes.push(("all hits of this lead".to_owned(), Mute::Lead { lead }));
        }
        mutes.extend(hit.iter().flat_map(|hit| around(&hit.path)));
        mutes.retain(|(_, mute)| !self.audit.now.muted.contains_key(mute));
        if mutes.is_empty() {
            return self.warn("This is muted already.");
        }
        let entries = mutes.into_iter().map(|(detail, mute)| {
            let label = display::line(&mute.to_string()).into_owned();
            Entry { value: Value::Mute(mute), label, detail }
        });
        self.popups.push(Popup::list(Picker::new("Mute", entries.collect(), false), Purpose::Mute));
    }

    /// Returns the hit of the item's leads on the current line, the first that is not muted.
    fn lead_under(&self) -> Option<At> {
        let doc = self.doc.as_ref()?;
        let file = self.listed.files.iter().find(|file| file.path == doc.text.path)?;
        let here = file
            .hits
            .iter()
            .filter(|at| self.lead_hit(at.lead, at.hit).is_some_and(|(_, hit)| hit.line == doc.cursor as u64 + 1));
        let muted =
            |at: &At| self.lead_hit(at.lead, at.hit).is_some_and(|(found, hit)| self.mutes.hold(&found.id, hit));
        here.copied().min_by_key(muted)
    }

    /// Asks why something is muted.
    pub(super) fn why_muted(&mut self, mute: Mute) {
        let title = format!("Why {} is muted", display::line(&mute.to_string()));
        self.write(&title, "the record says so; searches count it all the same", Field::line(""), Writing::Mute(mute));
    }

    /// Lists what is muted.
    pub(super) fn muted(&mut self) {
        let entries: Vec<Entry<Value>> = self
            .audit
            .now
            .muted
            .iter()
            .map(|(mute, muted)| Entry {
                value: Value::Mute(mute.clone()),
                label: display::line(&mute.to_string()).into_owned(),
                detail: format!("{} {}", muted.at.date(), display::line(&muted.reason)),
            })
            .collect();
        if entries.is_empty() {
            return self.say("Nothing is muted.");
        }
        self.popups.push(Popup::list(Picker::new("Muted; Enter lists it again", entries, false), Purpose::Unmute));
    }

    /// Lists the files that the leads of all items point at, most concerns first.
    pub(super) fn lead_files(&mut self) {
        if self.leads.is_empty() {
            let none = self.audit.standard.items().all(|(_, item)| item.leads.is_empty());
            let so_far = count(self.leads_so_far, "hit", "hits");
            return self.warn(if none {
                "The standard has no leads.".to_owned()
            } else {
                format!("The leads are still being run; {so_far} so far.")
            });
        }
        let leads: Vec<&[LeadFound]> = self.leads.values().map(Vec::as_slice).collect();
        let listed = Listed::new(&leads, &self.mutes, self.shows_muted);
        let (mut entries, mut hits) = (Vec::new(), Vec::new());
        for file in listed.files.iter().filter(|file| file.counts.listed() > 0 || self.shows_muted) {
            let first = hits.len();
            let places =
                file.hits.iter().filter_map(|at| leads[at.item][at.lead].outcome.as_ref().ok()?.places.get(at.hit));
            let mut here: Vec<Hit> = places.filter(|hit| !hit.excluded).cloned().collect();
            // Several leads may point at one line; who walks has read it once.
            here.dedup_by_key(|hit| hit.line);
            if here.is_empty() && file.unlisted > 0 {
                here.push(Hit { path: file.path.clone(), line: 0, text: Vec::new(), excluded: false });
            }
            hits.append(&mut here);
            if hits.len() > first {
                let (label, detail) = (display::bytes(&file.path.0), file.counts.marks());
                entries.push(Entry { value: Value::Hit(first), label, detail });
            }
        }
        if entries.is_empty() {
            return self.say("No lead of any item has a hit that is not muted.");
        }
        let title = format!("{} that leads point at", count(entries.len(), "file", "files"));
        self.popups.push(Popup::list(Picker::new(title, entries, false), Purpose::LeadFiles(hits)));
    }

    /// Goes to one of these hits; the keys for search hits walk through them all.
    pub(super) fn go_through(&mut self, hits: Vec<Hit>, at: usize) {
        let Some(hit) = hits.get(at).cloned() else { return };
        self.visit(&hit.path, super::line_of(hit.line));
        self.pane = Pane::Code;
        self.say_pointed(&hit, at, hits.len());
        self.walk = Walk::Leads(hits, at);
    }

    /// Says which place this is of those that leads point at, and which lead it was.
    pub(super) fn say_pointed(&mut self, hit: &Hit, at: usize, count: usize) {
        let why = self.pointing(&hit.path, hit.line).map(|(item, found, _)| format!(": {item}, {}", found.why));
        let place = format!("Place {} of {count} that leads point at", at + 1);
        self.say(display::line(&(place + &why.unwrap_or_default())).into_owned());
    }

    /// Returns the first lead of any item that points at a line, one that is not muted before others.
    fn pointing(&self, path: &RepoPath, line: u64) -> Option<(&str, &LeadFound, &Hit)> {
        let all = self.leads.iter().flat_map(|(item, leads)| leads.iter().map(move |found| (item.as_str(), found)));
        let here = all.filter_map(|(item, found)| {
            let places = &found.outcome.as_ref().ok()?.places;
            Some((item, found, places.iter().find(|hit| hit.line == line && hit.path == *path)?))
        });
        here.min_by_key(|(_, found, hit)| (hit.excluded, self.mutes.hold(&found.id, hit)))
    }
}

/// Returns the mutes of a file and of the folders around it, the innermost first. A path that is not UTF-8 has no glob.
fn around(path: &RepoPath) -> Vec<(String, Mute)> {
    let Ok(path) = std::str::from_utf8(&path.0) else { return Vec::new() };
    // A glob without `/` is about the file's name, wherever it stands.
    let what = if path.contains('/') { "this file" } else { "all files of this name" };
    let mut mutes = vec![(what.to_owned(), Mute::Path { glob: escape_glob(path) })];
    let mut folder = path;
    while let Some((outer, _)) = folder.rsplit_once('/') {
        mutes.push(("this folder".to_owned(), Mute::Path { glob: format!("{}/**", escape_glob(outer)) }));
        folder = outer;
    }
    // What is too long for a glob would mute nothing, and stand in the record.
    mutes.retain(|(_, mute)| matches!(mute, Mute::Path { glob } if Globs::new(&[glob]).is_ok()));
    mutes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path() -> impl Strategy<Value = String> {
        let part = r"[ab\\*?\[\]{},!^.ü-]{1,3}".prop_filter("git has no such name", |part| part != "." && part != "..");
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
    }

    #[test]
    fn a_path_too_long_for_a_glob_is_not_offered() {
        // Each of these takes three bytes of a glob.
        let path = format!("src/{}/{}", "*".repeat(1300), "*".repeat(200));
        let globs: Vec<String> = around(&path.as_str().into()).into_iter().map(|(_, mute)| mute.to_string()).collect();
        assert_eq!((globs.len(), globs[1].as_str()), (2, "leads under src/**"), "{globs:?}");
        assert!(globs[0].ends_with("/**"));
    }

    proptest! {
        #[test]
        fn a_mute_of_a_file_or_folder_is_about_no_other(chosen in path(), other in path()) {
            // What a backslash would hide must not be another file's name.
            let like: String = chosen.replace('\\', "");
            for other in [chosen.clone(), other, like] {
                for (_, mute) in around(&chosen.as_str().into()) {
                    let Mute::Path { glob } = mute else { panic!() };
                    let meant = match chosen.rsplit_once('/') {
                        None => other.rsplit('/').next() == Some(chosen.as_str()),
                        Some(_) if !glob.ends_with("/**") => other == chosen,
                        Some(_) => {
                            let depth = glob.matches('/').count();
                            let folder = |path: &str| path.split('/').take(depth).collect::<Vec<_>>().join("/");
                            folder(&other) == folder(&chosen) && other.split('/').count() > depth
                        }
                    };
                    let held = Globs::new(&[&glob]).unwrap().unwrap().matches(&other.as_str().into());
                    prop_assert_eq!(held, meant, "{} of {} on {}", glob, chosen, other);
                }
            }
        }
    }
}
