//! The threads that look into the past: one attributes lines, one answers everything else.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::Answers;
use crate::app::msg::Msg;
use crate::app::past::{Ask, Told};
use crate::repo::{Git, Repo};
use crate::shell::past;

/// The historians of one audit. Dropping them stops what they do, the program that they run above all, and waits for that.
pub(super) struct Historians {
    blame: Historian,
    others: Historian,
    answers: Answers,
}

impl Historians {
    pub fn start(repo: &Repo, answers: &Answers) -> Historians {
        let [blame, others] = [(), ()].map(|()| Historian::start(repo.clone(), answers.clone()));
        Historians { blame, others, answers: answers.clone() }
    }

    /// Asks a question, in place of the one of its kind before.
    pub fn ask(&self, ticket: u64, ask: Ask) {
        let historian = if matches!(ask, Ask::Blame { .. }) { &self.blame } else { &self.others };
        if let Some((ticket, _)) = historian.desk.wanted().waiting.replace((ticket, ask)) {
            self.answers.send(Some(Msg::Told { ticket, told: Box::new(Told::Dropped) }), true);
        }
        historian.desk.changed.notify_one();
    }
}

struct Historian {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Default)]
struct Wanted {
    waiting: Option<(u64, Ask)>,
    closed: bool,
}

impl Desk {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(u64, Ask)> {
        let idle = |wanted: &mut Wanted| !wanted.closed && wanted.waiting.is_none();
        let mut wanted = self.changed.wait_while(self.wanted(), idle).unwrap_or_else(PoisonError::into_inner);
        if wanted.closed { None } else { wanted.waiting.take() }
    }

    /// Tells whether what is done is to make way for a newer question, or for the end.
    fn is_pressing(&self) -> bool {
        let wanted = self.wanted();
        wanted.closed || wanted.waiting.is_some()
    }
}

impl Historian {
    fn start(repo: Repo, answers: Answers) -> Historian {
        let desk = Arc::new(Desk::default());
        let theirs = Arc::clone(&desk);
        let thread = thread::spawn(move || {
            let mut git = None;
            while let Some((ticket, ask)) = theirs.next() {
                let git = git.get_or_insert_with(|| Git::find(&repo));
                let tell = |told| answers.send(Some(Msg::Told { ticket, told: Box::new(told) }), false);
                past::answer(&repo, git.as_ref(), ask, &|| theirs.is_pressing(), &mut { tell });
                answers.send(None, true);
            }
        });
        Historian { desk, thread: Some(thread) }
    }
}

impl Drop for Historian {
    fn drop(&mut self) {
        self.desk.wanted().closed = true;
        self.desk.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // One that panicked has ended too.
            let _ = thread.join();
        }
    }
}
