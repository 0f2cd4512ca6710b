//! The checklist's rows: facts, dimensions and their items, in the standard's order or by the file that items still need.

use std::collections::BTreeSet;

use crate::model::evidence::RepoPath;
use crate::model::standard::Standard;

/// A row of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// A fact.
    Fact(String),
    /// A dimension, by its index; its items follow unless it is folded.
    Dimension(usize),
    /// An item.
    Item(String),
    /// A file that the items below it still need; `None` heads the items that need none.
    File(Option<RepoPath>),
}

impl Row {
    /// Returns the id of the item or fact.
    pub fn id(&self) -> Option<&str> {
        match self {
            Row::Fact(id) | Row::Item(id) => Some(id),
            Row::Dimension(_) | Row::File(_) => None,
        }
    }
}

/// The checklist with its state.
#[derive(Debug, Clone, Default)]
pub struct Checklist {
    /// Dimensions that are folded, by index.
    pub folded: BTreeSet<usize>,
    /// Items are listed under the file that they still need.
    pub by_file: bool,
    /// Only open items and those without support are listed.
    pub sweep: bool,
    /// The rows.
    pub rows: Vec<Row>,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
}

impl Checklist {
    /// Lists the rows anew and keeps the cursor where it was, or at the nearest row that is left. `wants` tells whether a
    /// sweep shows an item or fact, `needs` lists files with the items that need them.
    pub fn list(
        &mut self,
        standard: &Standard,
        wants: &dyn Fn(&str) -> bool,
        needs: &[(Option<RepoPath>, Vec<String>)],
    ) {
        let before = self.current().cloned();
        let shown = |id: &str| !self.sweep || wants(id);
        let mut rows: Vec<Row> =
            standard.facts.iter().filter(|fact| shown(&fact.id)).map(|fact| Row::Fact(fact.id.clone())).collect();
        if self.by_file {
            for (file, items) in needs {
                let items: Vec<Row> = items.iter().filter(|id| shown(id)).map(|id| Row::Item(id.clone())).collect();
                if !items.is_empty() {
                    rows.push(Row::File(file.clone()));
                    rows.extend(items);
                }
            }
        } else {
            for (index, dimension) in standard.dimensions.iter().enumerate() {
                let items: Vec<Row> = dimension
                    .items
                    .iter()
                    .filter(|item| shown(&item.id))
                    .map(|item| Row::Item(item.id.clone()))
                    .collect();
                if items.is_empty() {
                    continue;
                }
                rows.push(Row::Dimension(index));
                if !self.folded.contains(&index) {
                    rows.extend(items);
                }
            }
        }
        self.rows = rows;
        let same = before.as_ref().and_then(|before| self.rows.iter().position(|row| row == before));
        self.cursor = same.unwrap_or(self.cursor).min(self.rows.len().saturating_sub(1));
    }

    /// Returns the row under the cursor.
    pub fn current(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// Puts the cursor on an item or fact, if it is listed.
    pub fn show(&mut self, id: &str) -> bool {
        match self.rows.iter().position(|row| row.id() == Some(id)) {
            Some(at) => {
                self.cursor = at;
                true
            }
            None => false,
        }
    }
}
