//! The file of a hit, beside the list of hits.

use std::ops::Range;

use super::doc::Doc;
use super::msg::{Effect, Loaded};
use super::popup::Popup;
use super::{App, layout};
use crate::error::Result;
use crate::model::evidence::{Query, RepoPath};
use crate::repo::{self, Hit, display};

/// A look at the file of a hit.
#[derive(Debug, Clone, Default)]
pub struct Peek {
    /// The file that was asked for last.
    asked: Option<RepoPath>,
    /// The file, or why there is nothing to be seen of it.
    found: Option<Result<Doc, String>>,
    /// The hit's line that the file was turned to.
    turned: Option<u64>,
}

impl Peek {
    /// Returns the file, if it is the hit's and there.
    pub fn doc(&self, hit: &Hit) -> Option<&Doc> {
        match &self.found {
            Some(Ok(doc)) if doc.text.path == hit.path => Some(doc),
            _ => None,
        }
    }

    /// Says why there is nothing to be seen.
    pub fn why(&self) -> Option<&str> {
        self.found.as_ref().and_then(|found| found.as_ref().err()).map(String::as_str)
    }

    /// Returns the file for a change, if it is there.
    pub(super) fn doc_mut(&mut self) -> Option<&mut Doc> {
        self.found.as_mut().and_then(|found| found.as_mut().ok())
    }

    /// Lets the file turn to the hit anew: something else is searched for.
    pub(super) fn turn_again(&mut self) {
        self.turned = None;
    }

    /// Turns to a hit; tells whether its file must be read for that.
    fn turn(&mut self, hit: &Hit, query: &Query, height: usize, width: usize) -> bool {
        if self.asked.as_ref() != Some(&hit.path) {
            *self = Peek { asked: Some(hit.path.clone()), ..Peek::default() };
            return true;
        }
        if self.turned != Some(hit.line)
            && let Some(doc) = self.doc_mut()
        {
            let line = usize::try_from(hit.line).unwrap_or(0).saturating_sub(1);
            doc.jump(line, height);
            let found = repo::ranges(query, doc.text.line(line));
            doc.found = found.into_iter().map(|range: Range<usize>| (line, range)).collect();
            doc.reveal_hit(width);
            self.turned = Some(hit.line);
        }
        false
    }
}

impl App {
    /// Keeps the file beside the hits at the hit under the cursor, and asks for what it lacks.
    pub(super) fn peek(&mut self) {
        let size = self.size;
        let Some(popup) = self.popups.last_mut() else { return };
        let area = popup.peek(popup.area(size)).unwrap_or_default();
        let Popup::Search(search) = popup else { return };
        let Some(hit) = search.hits.get(search.cursor) else { return };
        let (height, width) = (usize::from(area.height), usize::from(area.width).saturating_sub(8));
        if search.peek.turn(hit, &search.asked, height, width) {
            self.effects.push(Effect::Peek(hit.path.clone()));
        }
        if let Some(doc) = search.peek.doc_mut() {
            doc.top = layout::follow(doc.top, doc.cursor, height, doc.text.lines());
            self.effects.extend(doc.colour_wanted(&mut self.tickets, height));
        }
    }

    /// Takes the file that was asked for.
    pub(super) fn peeked(&mut self, path: RepoPath, result: Result<Loaded>) {
        if let Some(Popup::Search(search)) = self.popups.last_mut()
            && search.peek.asked.as_ref() == Some(&path)
        {
            search.peek.found = Some(match result {
                Ok(Loaded::Text(text)) => Ok(Doc::new(text, 0)),
                Ok(Loaded::Other(why)) => Err(why),
                Err(error) => Err(display::line(&error.message).into_owned()),
            });
        }
    }
}
