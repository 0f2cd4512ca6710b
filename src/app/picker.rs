//! A list to pick from: typed letters narrow it, the best match first.

use std::collections::BTreeSet;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::field::Field;

/// How many of the best rows show which letters match.
const LETTERED: usize = 500;

/// A row of the list. `label` and `detail` have passed the door for outside text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// What is picked.
    pub value: T,
    /// What is matched against the typed letters.
    pub label: String,
    /// What is shown beside it.
    pub detail: String,
}

/// A row that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its index among all rows.
    pub index: usize,
    /// Indexes of the label's characters that match, in order.
    pub matched: Vec<u32>,
}

/// A list with its state.
#[derive(Debug, Clone)]
pub struct Picker<T> {
    /// What is asked.
    pub title: String,
    /// The typed letters.
    pub field: Field,
    /// All rows.
    pub entries: Vec<Entry<T>>,
    /// The rows that match, best first.
    pub shown: Vec<Shown>,
    /// The row under the cursor, an index into `shown`.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
    /// Several rows can be picked.
    pub multi: bool,
    /// Indexes of marked rows.
    pub marked: BTreeSet<usize>,
    /// Of rows that match as well, the shorter one comes first; else the one that stood first.
    pub short_first: bool,
}

impl<T: Clone> Picker<T> {
    /// Returns a list with nothing typed yet.
    pub fn new(title: impl Into<String>, entries: Vec<Entry<T>>, multi: bool) -> Picker<T> {
        let mut picker = Picker {
            title: title.into(),
            field: Field::line(""),
            entries,
            shown: Vec::new(),
            cursor: 0,
            top: 0,
            multi,
            marked: BTreeSet::new(),
            short_first: false,
        };
        picker.filter();
        picker
    }

    /// Narrows the list to what was typed.
    pub fn filter(&mut self) {
        let typed = self.field.text();
        self.cursor = 0;
        self.top = 0;
        if typed.trim().is_empty() {
            self.shown = (0..self.entries.len()).map(|index| Shown { index, matched: Vec::new() }).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let pattern = Pattern::parse(&typed, CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, Shown)> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(score) = pattern.score(Utf32Str::new(&entry.label, &mut buffer), &mut matcher) {
                scored.push((score, Shown { index, matched: Vec::new() }));
            }
        }
        let length = |shown: &Shown| if self.short_first { self.entries[shown.index].label.len() } else { 0 };
        scored.sort_by_key(|(score, shown)| (std::cmp::Reverse(*score), length(shown), shown.index));
        self.shown = scored.into_iter().map(|(_, shown)| shown).collect();
        // Which letters match costs more than that they do, and nobody scrolls through thousands.
        for shown in self.shown.iter_mut().take(LETTERED) {
            let label = Utf32Str::new(&self.entries[shown.index].label, &mut buffer);
            pattern.indices(label, &mut matcher, &mut shown.matched);
            shown.matched.sort_unstable();
            shown.matched.dedup();
        }
    }

    /// Adds rows below the others; the cursor stays on its row.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry<T>>) {
        let here = self.shown.get(self.cursor).map(|shown| shown.index);
        let top = self.top;
        self.entries.extend(entries);
        self.filter();
        if let Some(at) = self.shown.iter().position(|shown| Some(shown.index) == here) {
            self.cursor = at;
            self.top = top;
        }
    }

    /// Returns the value under the cursor.
    pub fn current(&self) -> Option<&T> {
        self.shown.get(self.cursor).map(|shown| &self.entries[shown.index].value)
    }

    /// Returns what is picked: the marked rows in their order, else the one under the cursor.
    pub fn picked(&self) -> Vec<T> {
        if self.marked.is_empty() {
            return self.current().cloned().into_iter().collect();
        }
        self.marked.iter().map(|index| self.entries[*index].value.clone()).collect()
    }

    /// Marks or unmarks the row under the cursor.
    pub fn mark(&mut self) {
        if let Some(shown) = self.shown.get(self.cursor)
            && !self.marked.remove(&shown.index)
        {
            self.marked.insert(shown.index);
        }
    }

    /// Marks or unmarks the row under the cursor and goes on.
    pub fn toggle(&mut self) {
        self.mark();
        self.step(1);
    }

    /// Marks all rows shown, or none where all are marked.
    pub fn toggle_all(&mut self) {
        let all: BTreeSet<usize> = self.shown.iter().map(|shown| shown.index).collect();
        if all.is_subset(&self.marked) {
            self.marked.retain(|index| !all.contains(index));
        } else {
            self.marked.extend(all);
        }
    }

    /// Moves the cursor by some rows, as far as there are any.
    pub fn step(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
    }

    /// Keeps the cursor among the rows on the screen.
    pub fn follow(&mut self, height: usize) {
        self.top = super::layout::follow(self.top, self.cursor, height, self.shown.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::key::Key;

    fn picker(labels: &[&str], multi: bool) -> Picker<usize> {
        let entry = |(value, label): (usize, &&str)| Entry { value, label: (*label).to_owned(), detail: String::new() };
        Picker::new("", labels.iter().enumerate().map(entry).collect(), multi)
    }

    fn narrow(picker: &mut Picker<usize>, keys: &str) {
        for key in Key::parse_all(keys).unwrap() {
            picker.field.input(key);
        }
        picker.filter();
    }

    #[test]
    fn letters_narrow_the_list_best_first() {
        let mut files = picker(&["src/tools/authority.ts", "src/auth.ts", "README.md"], false);
        narrow(&mut files, "auth.ts");
        assert_eq!(files.current(), Some(&1));
        assert_eq!(files.shown[0].matched, [4, 5, 6, 7, 8, 9, 10]);
        narrow(&mut files, "zzz");
        assert_eq!((files.current(), files.picked()), (None, vec![]));
        let mut files = picker(&["src/__tests__/proxy.test.ts", "src/proxy.ts"], false);
        narrow(&mut files, "proxy");
        assert_eq!(files.current(), Some(&0));
        files.short_first = true;
        files.filter();
        assert_eq!(files.current(), Some(&1));
    }

    #[test]
    fn rows_that_come_later_do_not_move_the_cursor() {
        let mut list = picker(&["ab", "b"], false);
        list.step(1);
        list.extend([Entry { value: 2, label: "bab".to_owned(), detail: String::new() }]);
        assert_eq!((list.current(), list.shown.len()), (Some(&1), 3));
        narrow(&mut list, "ab");
        list.step(1);
        assert_eq!(list.current(), Some(&2));
        list.extend([Entry { value: 3, label: "ab".to_owned(), detail: String::new() }]);
        assert_eq!((list.current(), list.shown.len()), (Some(&2), 3));
    }

    #[test]
    fn marks_survive_narrowing() {
        let mut list = picker(&["one", "two", "three"], true);
        list.toggle();
        narrow(&mut list, "three");
        list.toggle();
        assert_eq!(list.picked(), [0, 2]);
        list.toggle_all();
        assert_eq!(list.picked(), [0]);
        list.step(-9);
        list.step(9);
        assert_eq!(list.cursor, 0);
    }
}
