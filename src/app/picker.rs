//! A list to pick from: typed letters narrow it, the best match first.

use std::collections::BTreeSet;
use std::sync::Arc;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::field::Field;

/// How many of the best rows show which letters match.
const LETTERED: usize = 500;
/// A longer list takes longer than a frame to be narrowed, so keys do not wait for that.
const LONG: usize = 4096;
/// After so many rows it is asked whether the rest is still wanted.
const ASKED: usize = 1024;

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
    pub entries: Arc<Vec<Entry<T>>>,
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
    /// Rows that come first where nothing is typed, in this order.
    first: Vec<usize>,
    /// The rows do not follow what was typed yet; the ticket by which that was asked for.
    stale: Option<Option<u64>>,
}

/// A long list to be narrowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrow<T> {
    /// Names the request; a newer one replaces it.
    pub ticket: u64,
    /// All rows.
    pub entries: Arc<Vec<Entry<T>>>,
    /// The typed letters.
    pub typed: String,
    /// Of rows that match as well, the shorter one comes first.
    pub short_first: bool,
}

impl<T> Narrow<T> {
    /// Returns the rows that match, best first; nothing once `stop` holds.
    pub fn run(&self, stop: &dyn Fn() -> bool) -> Option<Vec<Shown>> {
        narrow(&self.entries, &self.typed, self.short_first, stop)
    }
}

/// Returns the rows that match, the best first.
fn narrow<T>(entries: &[Entry<T>], typed: &str, short_first: bool, stop: &dyn Fn() -> bool) -> Option<Vec<Shown>> {
    if typed.trim().is_empty() {
        return Some((0..entries.len()).map(|index| Shown { index, matched: Vec::new() }).collect());
    }
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, Shown)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if index % ASKED == 0 && stop() {
            return None;
        }
        if let Some(score) = pattern.score(Utf32Str::new(&entry.label, &mut buffer), &mut matcher) {
            scored.push((score, Shown { index, matched: Vec::new() }));
        }
    }
    let length = |shown: &Shown| if short_first { entries[shown.index].label.len() } else { 0 };
    scored.sort_by_key(|(score, shown)| (std::cmp::Reverse(*score), length(shown), shown.index));
    let mut all: Vec<Shown> = scored.into_iter().map(|(_, shown)| shown).collect();
    // Which letters match costs more than that they do, and nobody scrolls through thousands.
    for shown in all.iter_mut().take(LETTERED) {
        let label = Utf32Str::new(&entries[shown.index].label, &mut buffer);
        pattern.indices(label, &mut matcher, &mut shown.matched);
        shown.matched.sort_unstable();
        shown.matched.dedup();
    }
    Some(all)
}

impl<T: Clone> Picker<T> {
    /// Returns a list with nothing typed yet.
    pub fn new(title: impl Into<String>, entries: Vec<Entry<T>>, multi: bool) -> Picker<T> {
        Picker::of(title, Arc::new(entries), multi)
    }

    /// Returns a list of rows that are kept elsewhere too.
    pub fn of(title: impl Into<String>, entries: Arc<Vec<Entry<T>>>, multi: bool) -> Picker<T> {
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
            first: Vec::new(),
            stale: None,
        };
        picker.narrow_now();
        picker
    }

    /// Puts some rows, by their index, before all others as long as nothing is typed.
    pub fn lead_with(&mut self, first: Vec<usize>) {
        self.first = first;
        self.narrow_now();
    }

    /// Narrows the list to what was typed; a long one is left as it is until [`Picker::take`] or [`Picker::narrow_now`].
    pub fn filter(&mut self) {
        if self.entries.len() > LONG && !self.field.text().trim().is_empty() {
            self.stale = Some(None);
        } else {
            self.narrow_now();
        }
    }

    /// Narrows the list to what was typed, however long that takes.
    pub fn narrow_now(&mut self) {
        self.shown = narrow(&self.entries, &self.field.text(), self.short_first, &|| false).unwrap_or_default();
        if self.field.text().trim().is_empty() && !self.first.is_empty() {
            let first = &self.first;
            self.shown.retain(|shown| !first.contains(&shown.index));
            self.shown.splice(0..0, first.iter().map(|index| Shown { index: *index, matched: Vec::new() }));
        }
        self.stale = None;
        self.cursor = 0;
        self.top = 0;
    }

    /// Returns what is to be narrowed by somebody else, once for all that was typed until now.
    pub fn wanted(&mut self, tickets: &mut u64) -> Option<Narrow<T>> {
        if self.stale != Some(None) {
            return None;
        }
        *tickets += 1;
        self.stale = Some(Some(*tickets));
        let (entries, typed) = (Arc::clone(&self.entries), self.field.text());
        Some(Narrow { ticket: *tickets, entries, typed, short_first: self.short_first })
    }

    /// Takes the rows that match, unless something else was typed meanwhile.
    pub fn take(&mut self, ticket: u64, shown: Vec<Shown>) {
        if self.stale == Some(Some(ticket)) {
            self.shown = shown;
            self.stale = None;
            self.cursor = 0;
            self.top = 0;
        }
    }

    /// Tells whether the rows are not those of what was typed.
    pub fn is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// Adds rows below the others; the cursor stays on its row.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry<T>>) {
        let here = self.shown.get(self.cursor).map(|shown| shown.index);
        let top = self.top;
        Arc::make_mut(&mut self.entries).extend(entries);
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
    fn a_long_list_is_narrowed_elsewhere() {
        let labels: Vec<String> = (0..LONG + 1).map(|at| format!("src/{at}.ts")).collect();
        let mut files = picker(&labels.iter().map(String::as_str).collect::<Vec<_>>(), false);
        let mut tickets = 7;
        narrow(&mut files, "4");
        assert!(files.is_stale() && files.shown.len() == LONG + 1);
        let first = files.wanted(&mut tickets).unwrap();
        assert!(files.wanted(&mut tickets).is_none(), "it is asked for once");
        narrow(&mut files, "2");
        let second = files.wanted(&mut tickets).unwrap();
        assert_eq!((first.ticket, second.ticket, second.typed.as_str()), (8, 9, "42"));
        files.take(first.ticket, first.run(&|| false).unwrap());
        assert!(files.is_stale(), "something else was typed since");
        let shown = second.run(&|| false).unwrap();
        assert!(second.run(&|| true).is_none());
        files.take(second.ticket, shown.clone());
        assert!(!files.is_stale() && files.shown == shown && files.current() == Some(&42));
        narrow(&mut files, "0");
        files.narrow_now();
        assert!(!files.is_stale() && files.current() == Some(&420));
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
