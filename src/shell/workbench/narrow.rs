//! Narrows long lists beside the screen's thread, the newest request first.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::Answers;
use crate::app::msg::Msg;
use crate::app::picker::Narrow;
use crate::app::popup::Value;

/// Starts the thread, and returns where requests go. It ends when that is dropped.
pub(super) fn start(answers: &Answers) -> Sender<Narrow<Value>> {
    let (requests, wanted) = channel();
    let answers = answers.clone();
    thread::spawn(move || run(&wanted, &answers));
    requests
}

fn run(wanted: &Receiver<Narrow<Value>>, answers: &Answers) {
    let mut next = wanted.recv().ok();
    while let Some(request) = next.take() {
        let newer = RefCell::new(None);
        let stop = || {
            let mut newer = newer.borrow_mut();
            while let Ok(one) = wanted.try_recv() {
                if newer.replace(one).is_some() {
                    answers.send(None, true);
                }
            }
            newer.is_some()
        };
        if stop() {
            answers.send(None, true);
        } else {
            match request.run(&stop) {
                Some(shown) => answers.send(Some(Msg::Narrowed { ticket: request.ticket, shown }), true),
                None => answers.send(None, true),
            }
        }
        next = newer.take().or_else(|| wanted.recv().ok());
    }
}
