//! Where the reader was: a way back from every jump, and forward again.

use crate::model::evidence::RepoPath;

/// How many places are kept.
const STOPS: usize = 200;

/// How many files opened last are kept.
const RECENT: usize = 20;

/// A line (from 0) of a file.
pub type Stop = (RepoPath, usize);

/// The places before and after the one on the screen, and the files opened last.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    behind: Vec<Stop>,
    ahead: Vec<Stop>,
    /// Files opened last, the newest first.
    pub recent: Vec<RepoPath>,
}

impl Trail {
    /// Notes the place from which a jump leads away. What lay ahead is given up, as in a browser.
    pub fn leave(&mut self, from: Stop) {
        self.ahead.clear();
        if self.behind.last() == Some(&from) {
            return;
        }
        self.behind.push(from);
        if self.behind.len() > STOPS {
            self.behind.remove(0);
        }
    }

    /// Returns the place before `here`, or after it; `None` where there is none.
    pub fn turn(&mut self, here: Stop, forward: bool) -> Option<Stop> {
        let (from, to) = match forward {
            true => (&mut self.ahead, &mut self.behind),
            false => (&mut self.behind, &mut self.ahead),
        };
        // A jump can have led nowhere, and then its start is where the reader still is.
        while from.last() == Some(&here) {
            from.pop();
        }
        let stop = from.pop()?;
        to.push(here);
        Some(stop)
    }

    /// Notes that a file was opened.
    pub fn opened(&mut self, path: &RepoPath) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.clone());
        self.recent.truncate(RECENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize) -> Stop {
        ("a".into(), line)
    }

    #[test]
    fn the_way_back_ends_and_leads_forward_again() {
        let mut trail = Trail::default();
        trail.leave(at(1));
        trail.leave(at(1));
        trail.leave(at(2));
        assert_eq!(trail.turn(at(3), false), Some(at(2)));
        assert_eq!(trail.turn(at(2), false), Some(at(1)));
        assert_eq!(trail.turn(at(1), false), None);
        assert_eq!(trail.turn(at(1), true), Some(at(2)));
        assert_eq!(trail.turn(at(2), true), Some(at(3)));
        assert_eq!(trail.turn(at(3), true), None);
    }

    #[test]
    fn a_new_jump_gives_up_what_lay_ahead_and_a_jump_that_led_nowhere_is_no_step() {
        let mut trail = Trail::default();
        trail.leave(at(1));
        trail.turn(at(2), false);
        trail.leave(at(1));
        assert_eq!(trail.turn(at(5), true), None);
        trail.leave(at(5));
        assert_eq!(trail.turn(at(5), false), Some(at(1)));
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let mut trail = Trail::default();
        for line in 0..STOPS + 9 {
            trail.leave(at(line));
            trail.opened(&RepoPath(line.to_string().into_bytes()));
        }
        assert_eq!((trail.behind.len(), trail.recent.len()), (STOPS, RECENT));
        assert_eq!(trail.behind[0], at(9));
    }
}
