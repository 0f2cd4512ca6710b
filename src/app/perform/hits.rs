//! What is done with the search over the repository while its list of hits is open.

use super::line_of;
use crate::app::App;
use crate::app::action::Act;
use crate::app::popup::{Popup, Take};
use crate::model::evidence::{Kind, Reachability, Region};
use crate::model::hash::Sha256;
use crate::repo::display;

impl App {
    /// Changes what is searched for, and searches.
    pub(super) fn search_otherwise(&mut self, act: Act) {
        let scopes = &self.audit.standard.scopes;
        let Some(Popup::Search(search)) = self.popups.last_mut() else { return };
        let mut said = None;
        match act {
            Act::SearchLiteral => search.literal = !search.literal,
            Act::SearchCase => search.case_sensitive = !search.case_sensitive,
            Act::SearchWord => search.word = !search.word,
            Act::SearchScope => {
                search.scope = search.scope.map_or(Some(0), |at| Some(at + 1)).filter(|at| *at < scopes.len());
                match search.scope.and_then(|at| scopes.iter().nth(at)) {
                    Some((name, globs)) => {
                        search.globs.set(&globs.join(" "));
                        said = Some(format!("The files of the standard's scope `{}`", display::line(name)));
                    }
                    None => {
                        search.globs.set("");
                        said = Some("All files".to_owned());
                    }
                }
            }
            _ => search.on_globs = !search.on_globs,
        }
        if act != Act::SearchField {
            self.search();
        }
        if let Some(said) = said {
            self.say(said);
        }
    }

    /// Takes the line under the cursor as evidence for the item; the list stays.
    pub(super) fn take_hit(&mut self) {
        let Some(Popup::Search(search)) = self.popups.last() else { return };
        let Some(hit) = search.hits.get(search.cursor) else { return self.warn("There is no hit to take.") };
        let Some(doc) = search.peek.doc(hit) else {
            let why = format!("{} is still being read.", display::bytes(&hit.path.0));
            let why = search.peek.why().map_or(why, str::to_owned);
            return self.warn(why);
        };
        let line = line_of(hit.line);
        let range = doc.text.range(line);
        let region = Region {
            path: hit.path.clone(),
            blob: doc.text.blob,
            first: line + 1,
            last: line + 1,
            start: range.start,
            end: range.end,
            sha256: Sha256::of(&doc.text.bytes[range]),
            commit: None,
        };
        let to = self.subjects_of(&self.item);
        if to.is_empty() {
            return self.no_slot();
        }
        let kinds = vec![Kind::Code { regions: vec![region] }];
        self.file(Take { kinds, reachability: Reachability::NotKnown, shows: None }, &to);
    }
}
