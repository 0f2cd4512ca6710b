//! What the reader's eyes had time for: which lines stood on the screen long enough to be read.
//!
//! A line is *opened* when it has stood in the code pane, in one stay, for [`LINE`] per row in view and for [`LEAST`] at
//! least. Scrolling by some rows lets the lines that stay in view go on with their time; a popup over the panes, another
//! file, the editor and a suspended program end it. A line of more than [`WIDE`] bytes, and any line in a view
//! that is scrolled to the right, counts only where its end is in view: what hides far to the right was not on the screen.
//!
//! Nothing here knows a clock: whoever draws tells what is in view and when, in milliseconds that never go back.

use std::collections::{BTreeMap, VecDeque};

use unicode_width::UnicodeWidthStr as _;

use super::{App, Pane};
use crate::model::coverage::{FileLines, Lines, Regions};
use crate::model::event::Event;
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::repo::display;

/// Time that a view must stand, per row that it shows, in milliseconds. Ten lines a second is faster than anybody reads
/// code: what stood shorter was not read, what stood longer may have been.
pub const LINE: u64 = 100;

/// The least time that a view must stand, in milliseconds: eyes that look for something else have left by then.
pub const LEAST: u64 = 2_000;

/// A look that comes so much later than it was due, in milliseconds, tells that the program stood still, not that somebody
/// read: the time does not count.
pub const LATE: u64 = 2_000;

/// How often what was opened is written at most, in milliseconds. A killed program loses no more than that.
pub const BATCH: u64 = 30_000;

/// Longer lines, in bytes, must show their end.
pub const WIDE: usize = 200;

/// A part of a file that is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The file.
    pub path: RepoPath,
    /// Its blob.
    pub blob: ObjectId,
    /// How many rows show it.
    pub rows: u64,
    /// Its lines that can be read there.
    pub lines: Lines,
}

impl View {
    /// Returns how long a line must stand there, in milliseconds.
    fn needed(&self) -> u64 {
        (LINE * self.rows).max(LEAST)
    }
}

/// What is in view and for how long, and what was opened and is not written yet.
#[derive(Debug, Default)]
pub struct Reading {
    view: Option<View>,
    /// The last look, in milliseconds.
    looked: u64,
    /// How long each line in view that is not opened yet has stood there, in its order.
    stood: VecDeque<(u32, u64)>,
    /// Opened and not written yet.
    fresh: BTreeMap<(RepoPath, ObjectId), Lines>,
    /// When the oldest of them was opened.
    since: u64,
}

impl Reading {
    /// Takes what is in view at `now`; what was in view until then gets its time. `known` are lines that were opened before.
    pub fn look(&mut self, now: u64, view: Option<View>, known: &Regions) {
        self.credit(now);
        let same = |one: &View, two: &View| one.path == two.path && one.blob == two.blob;
        let goes_on = matches!((&self.view, &view), (Some(before), Some(view)) if same(before, view));
        if self.view != view {
            let mut before = if goes_on { std::mem::take(&mut self.stood) } else { VecDeque::new() };
            self.stood.clear();
            if let Some(view) = &view {
                let fresh = self.fresh.get(&(view.path.clone(), view.blob));
                let opened = known.lines(&view.path, view.blob);
                let opened = fresh.map_or_else(|| opened.clone(), |fresh| opened.with(fresh));
                for (first, last) in view.lines.without(&opened).ranges() {
                    for line in *first..=*last {
                        while before.front().is_some_and(|(passed, _)| *passed < line) {
                            before.pop_front();
                        }
                        let stood = before.front().filter(|(same, _)| *same == line).map_or(0, |(_, stood)| *stood);
                        self.stood.push_back((line, stood));
                    }
                }
            }
            self.view = view;
        }
        self.looked = now;
    }

    /// Gives the lines in view the time since the last look.
    fn credit(&mut self, now: u64) {
        let (Some(view), Some(due)) = (&self.view, self.missing()) else { return };
        let passed = now.saturating_sub(self.looked);
        if passed > due + LATE {
            self.stood.iter_mut().for_each(|(_, stood)| *stood = 0);
            return;
        }
        let needed = view.needed();
        let mut opened = Lines::default();
        self.stood.retain_mut(|(line, stood)| {
            *stood += passed;
            if *stood >= needed {
                opened = opened.with(&Lines::of(*line, *line));
            }
            *stood < needed
        });
        if !opened.is_empty() {
            if self.fresh.is_empty() {
                self.since = now;
            }
            let fresh = self.fresh.entry((view.path.clone(), view.blob)).or_default();
            *fresh = fresh.with(&opened);
        }
    }

    /// Returns how long from the last look on the view must stand until all of its lines are opened; nothing where they are.
    fn missing(&self) -> Option<u64> {
        let needed = self.view.as_ref()?.needed();
        self.stood.iter().map(|(_, stood)| needed.saturating_sub(*stood)).max()
    }

    /// Returns when to look again at the latest, though nothing happens: lines in view become opened then, or what was opened
    /// is to be written. Nothing where nothing is pending.
    pub fn due(&self) -> Option<u64> {
        let opened = self.missing().map(|missing| self.looked + missing);
        let written = (!self.fresh.is_empty()).then_some(self.since + BATCH);
        opened.into_iter().chain(written).min()
    }

    /// Returns what was opened and is to be written by `now`.
    pub fn batch(&mut self, now: u64) -> Option<Event> {
        if self.since + BATCH > now { None } else { self.rest() }
    }

    /// Returns what was opened and is not written yet.
    pub fn rest(&mut self) -> Option<Event> {
        let fresh = std::mem::take(&mut self.fresh);
        let files: Vec<FileLines> =
            fresh.into_iter().map(|((path, blob), lines)| FileLines { path, blob, lines }).collect();
        (!files.is_empty()).then_some(Event::Seen { files })
    }
}

impl App {
    /// Returns which lines can be read on the screen; nothing while something lies over the panes.
    pub fn in_view(&self) -> Option<View> {
        let content = self.content(Pane::Code).filter(|_| self.popups.is_empty())?;
        let doc = self.doc.as_ref()?;
        let end = (doc.top + usize::from(content.height)).min(doc.text.lines());
        let mut lines = Lines::default();
        let mut from = None;
        for line in doc.top..=end {
            let readable = line < end && self.shows_end(line);
            match (readable, from) {
                (true, None) => from = Some(line),
                (false, Some(first)) => {
                    lines = lines.with(&Lines::of(number(first), number(line - 1)));
                    from = None;
                }
                _ => {}
            }
        }
        let rows = end.saturating_sub(doc.top) as u64;
        Some(View { path: doc.text.path.clone(), blob: doc.text.blob, rows, lines })
    }

    /// Tells whether a line can be read: it begins at the left edge and is of usual length, or its end is in view.
    fn shows_end(&self, line: usize) -> bool {
        let Some(doc) = &self.doc else { return false };
        let bytes = doc.text.line(line);
        if doc.left == 0 && bytes.len() <= WIDE {
            return true;
        }
        // In a long line columns are bytes, as its view has them.
        let columns = if doc.text.is_long(line) { bytes.len() } else { display::block_bytes(bytes).width() };
        (doc.left + 1..=doc.left + self.code_width()).contains(&columns)
    }
}

/// Returns a line's number, from 1. A file that is shown has far fewer lines than there are numbers.
fn number(line: usize) -> u32 {
    u32::try_from(line + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    fn view(path: &str, first: u32, last: u32) -> Option<View> {
        let rows = u64::from(last + 1 - first);
        Some(View { path: path.into(), blob: Hex([1; 20]), rows, lines: Lines::of(first, last) })
    }

    /// What a reader is shown at which times opens these lines of `a`.
    fn opened(looks: &[(u64, Option<View>)]) -> String {
        let mut reading = Reading::default();
        for (now, view) in looks {
            reading.look(*now, view.clone(), &Regions::default());
        }
        match reading.rest() {
            Some(Event::Seen { files }) => {
                let a = files.iter().find(|file| file.path == "a".into());
                a.map(|file| file.lines.to_string()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    #[test]
    fn a_view_must_stand_for_its_rows() {
        let rows = |rows: u32, stood: u64| opened(&[(0, view("a", 1, rows)), (stood, None)]);
        assert_eq!([rows(5, 1_999), rows(5, 2_000)], ["", "1-5"], "the least time");
        assert_eq!([rows(60, 5_999), rows(60, 6_000)], ["", "1-60"], "a tenth of a second per row");
    }

    #[test]
    fn lines_that_stay_in_view_go_on_with_their_time() {
        // One line further each second: ten rows stand for two seconds each, but for the last ones.
        let looks: Vec<_> = (0..6).map(|at| (u64::from(at) * 1_000, view("a", 1 + at, 10 + at))).collect();
        assert_eq!(opened(&looks), "2-13");
        // A page each half second: nobody reads that.
        let looks: Vec<_> = (0..20).map(|at| (u64::from(at) * 500, view("a", 1 + 10 * at, 10 + 10 * at))).collect();
        assert_eq!(opened(&looks), "");
    }

    #[test]
    fn a_stay_that_is_interrupted_begins_anew() {
        for between in [None, view("b", 1, 10), view("a", 50, 60)] {
            let looks = [(0, view("a", 1, 10)), (1_500, between), (1_600, view("a", 1, 10)), (3_500, None)];
            assert_eq!(opened(&looks), "", "{looks:?}");
        }
    }

    #[test]
    fn time_away_does_not_count() {
        // The program was stopped: the look comes long after it was due.
        let away = [(0, view("a", 1, 10)), (600_000, view("a", 1, 10)), (601_000, None)];
        assert_eq!(opened(&away), "");
        let back = [(0, view("a", 1, 10)), (600_000, view("a", 1, 10)), (602_000, None)];
        assert_eq!(opened(&back), "1-10");
        // Whoever sits before a screen whose lines are all opened needs no more time, however long it is.
        let idle = [(0, view("a", 1, 10)), (2_000, view("a", 1, 10)), (900_000, view("a", 11, 20)), (901_000, None)];
        assert_eq!(opened(&idle), "1-10");
        // A clock that goes back gives nothing.
        assert_eq!(opened(&[(5_000, view("a", 1, 10)), (1_000, None)]), "");
    }

    #[test]
    fn nothing_is_pending_once_all_lines_are_opened_and_written() {
        let mut reading = Reading::default();
        let mut known = Regions::default();
        assert_eq!(reading.due(), None);
        reading.look(1_000, view("a", 1, 30), &known);
        assert_eq!(reading.due(), Some(4_000));
        reading.look(2_000, view("a", 11, 40), &known);
        assert_eq!(reading.due(), Some(5_000), "the lines that came last");
        reading.look(5_000, view("a", 11, 40), &known);
        assert_eq!(reading.due(), Some(35_000), "only the batch is left");
        assert_eq!(reading.batch(34_999), None);
        let Some(Event::Seen { files }) = reading.batch(35_000) else { panic!("nothing to write") };
        assert_eq!(files[0].lines.to_string(), "11-40");
        assert_eq!((reading.due(), reading.batch(99_999), reading.rest()), (None, None, None));
        // What was opened before is not opened again.
        assert!(files.iter().all(|file| known.add(file)));
        reading.look(36_000, view("a", 1, 40), &known);
        reading.look(40_000, None, &known);
        let Some(Event::Seen { files }) = reading.rest() else { panic!("nothing to write") };
        assert_eq!(files[0].lines.to_string(), "1-10");
        reading.look(41_000, view("a", 1, 10), &Regions::default());
        assert!(reading.due().is_some());
    }
}
