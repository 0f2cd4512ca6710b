//! Hands hits on in batches: a message for each file would keep the screen busy for nothing.

use std::time::{Duration, Instant};

use crate::repo::Hit;

/// How long hits wait for others; the first ones do not.
const PAUSE: Duration = Duration::from_millis(30);

/// Hits on their way to the screen.
pub(super) struct Batches<F> {
    send: F,
    waiting: Vec<Hit>,
    sent: Option<Instant>,
}

impl<F: FnMut(Vec<Hit>)> Batches<F> {
    pub fn new(send: F) -> Batches<F> {
        Batches { send, waiting: Vec::new(), sent: None }
    }

    /// Takes hits, and sends what waits if it is time.
    pub fn add(&mut self, hits: Vec<Hit>) {
        self.waiting.extend(hits);
        if self.sent.is_none_or(|sent| sent.elapsed() >= PAUSE) {
            self.flush();
            self.sent = Some(Instant::now());
        }
    }

    /// Sends what waits.
    pub fn flush(&mut self) {
        if !self.waiting.is_empty() {
            (self.send)(std::mem::take(&mut self.waiting));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_the_first_hits_come_at_once() {
        let hit = |line| Hit { path: "a".into(), line, text: Vec::new(), excluded: false };
        let mut sent: Vec<Vec<u64>> = Vec::new();
        let mut batches = Batches::new(|hits: Vec<Hit>| sent.push(hits.iter().map(|hit| hit.line).collect()));
        (0..1000).for_each(|line| batches.add(vec![hit(line), hit(line)]));
        batches.flush();
        batches.flush();
        assert_eq!(sent[0], [0, 0]);
        assert!(sent.len() < 1000, "{}", sent.len());
        assert_eq!(sent.concat(), (0..1000).flat_map(|line| [line, line]).collect::<Vec<_>>());
    }
}
