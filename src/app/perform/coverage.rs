//! Marking lines, files and folders as reviewed.

use crate::app::{App, Pane};
use crate::export::count;
use crate::model::coverage::{FileLines, Lines};
use crate::model::event::Event;
use crate::model::evidence::RepoPath;
use crate::repo::display;

impl App {
    /// Marks what is meant as reviewed; where all of it is marked, takes that back.
    pub(super) fn mark_reviewed(&mut self) {
        let selected = self.doc.as_ref().is_some_and(|doc| doc.anchor.is_some());
        let in_tree = self.pane == Pane::List && self.shows_files;
        let meant = match self.pane {
            Pane::List if in_tree => self.files_under_cursor(),
            Pane::Code => self.lines_meant(),
            // Without a look at the code one key would mark a whole file.
            Pane::List | Pane::Item => {
                return self.warn("What is reviewed is marked in the code, or in the files of pane 1.");
            }
        };
        let Some((name, files)) = meant else { return };
        let reviewed = &self.audit.now.reviewed;
        let marked = |file: &FileLines| reviewed.lines(&file.path, file.blob).clone();
        let missing: Vec<FileLines> = files
            .iter()
            .map(|file| FileLines { lines: file.lines.without(&marked(file)), ..file.clone() })
            .filter(|file| !file.lines.is_empty())
            .collect();
        let taken_back = missing.is_empty();
        let files = if taken_back { files } else { missing };
        let lines = count(files.iter().map(|file| file.lines.count()).sum::<u64>(), "line", "lines");
        let said = match taken_back {
            true => format!("{name} no longer reviewed: {lines}"),
            false => format!("{name} reviewed: {lines}"),
        };
        if self.act(vec![Event::Reviewed { files, taken_back }], said) {
            self.spent.selection = selected && !in_tree;
        }
    }

    /// Returns the selected lines, else the whole file in the code pane.
    fn lines_meant(&mut self) -> Option<(String, Vec<FileLines>)> {
        if self.is_loading() {
            return None;
        }
        let Some(doc) = &self.doc else {
            self.warn(if self.other.is_some() { "There are no lines to be reviewed." } else { "No file is open." });
            return None;
        };
        let (first, last) = doc.selection().unwrap_or((0, doc.text.lines().saturating_sub(1)));
        let number = |line: usize| u32::try_from(line + 1).unwrap_or(u32::MAX);
        if doc.text.lines() == 0 {
            self.warn("The file is empty.");
            return None;
        }
        let name = match doc.selection() {
            Some(_) => format!("{}:{}-{}", display::bytes(&doc.text.path.0), first + 1, last + 1),
            None => display::bytes(&doc.text.path.0),
        };
        let lines = Lines::of(number(first), number(last));
        Some((name, vec![FileLines { path: doc.text.path.clone(), blob: doc.text.blob, lines }]))
    }

    /// Returns the file under the tree's cursor, or all files of the folder there.
    fn files_under_cursor(&mut self) -> Option<(String, Vec<FileLines>)> {
        let row = self.tree.current()?.clone();
        let name = format!("{}{}", display::bytes(&row.path.0), if row.kind.is_none() { "/" } else { "" });
        self.ask_extent();
        let Some(extent) = &self.coverage.extent else {
            self.warn("The lines of all files are still being counted; once more in a moment.");
            return None;
        };
        let files = extent.under(&row.path);
        if files.is_empty() {
            self.warn(format!("{name} has no lines to be reviewed."));
            return None;
        }
        Some((name, files))
    }

    /// Shows a folder in the tree.
    pub(super) fn show_folder(&mut self, path: &RepoPath) {
        self.shows_files = true;
        self.pane = Pane::List;
        self.tree.show(&self.files, path);
    }
}
