//! Killed at any moment, an audit keeps every act that it said it had written.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use touchstone::journal::Journal;
use touchstone::model::answer::Answer;
use touchstone::model::event::Event;
use touchstone::model::score::Slot;

use crate::support::Desk;

/// Names the audit's folder to the copy of this program that is to be killed.
const VARIABLE: &str = "TOUCHSTONE_TEST_CRASH";
const KILLS: usize = 200;

/// Not a test of its own: [`every_act_that_was_acknowledged_survives_a_kill`] runs it as another process and kills it.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(VARIABLE) else {
        println!("this does nothing by itself; another test runs it as a process that is killed");
        return;
    };
    // Another test of the parent may just be starting a process, which for a moment holds a copy of every open file, the
    // parent's released lock among them.
    let opened = (0..500).find_map(|_| {
        let journal = Journal::open(Path::new(&dir)).ok();
        if journal.is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        journal
    });
    let mut journal = opened.unwrap();
    let at = "2026-01-31T12:00:00Z".parse().unwrap();
    for round in journal.audit.next_seq().. {
        let slot = Slot::in_mode("auth-4", "stdio");
        match round % 7 {
            0 if journal.audit.to_undo().is_some() => drop(journal.undo(at).unwrap()),
            1 if journal.audit.to_redo().is_some() => drop(journal.redo(at).unwrap()),
            2 | 5 => {
                // An act of several lines, some of them long.
                let mut events =
                    vec![Event::Noted { slot: None, text: "word ".repeat(usize::try_from(round % 997).unwrap()) }];
                events.push(Event::Answered { slots: vec![slot], answer: Answer::No, reason: Some(round.to_string()) });
                events.push(Event::Noted { slot: None, text: round.to_string() });
                journal.act(events, at).unwrap();
            }
            _ => journal.act(vec![Event::Noted { slot: Some(slot), text: round.to_string() }], at).unwrap(),
        }
        let line = format!("\nwritten {}\n", journal.audit.next_seq() - 1);
        // One write each: a kill cannot cut an acknowledgement in two and make another number of it.
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn every_act_that_was_acknowledged_survives_a_kill() {
    let desk = Desk::light(&["stdio"]);
    let path = desk.audit_dir().join("journal.jsonl");
    let fresh = desk.journal();
    let mut seed: u64 = 0x1009;
    let mut mended = 0;
    let mut acknowledged = 0;
    let mut most = 0;
    for kill in 0..KILLS {
        if fresh.len() + (1 << 17) < usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap() {
            // A long journal takes long to read, which is not what is tried here.
            std::fs::write(&path, &fresh).unwrap();
        }
        let out = desk.dir().join("out");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(VARIABLE, desk.audit_dir())
            .stdout(Stdio::from(std::fs::File::create(&out).unwrap()))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Some are killed while they start, and most soon after their first acts.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pause = Duration::from_micros((seed >> 33) % 12_000);
        if kill % 10 != 0 {
            for _ in 0..5_000 {
                if std::fs::metadata(&out).unwrap().len() > 180 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        std::thread::sleep(pause);
        child.kill().unwrap();
        assert!(child.wait().unwrap().code().is_none(), "it ended by itself");
        let said = std::fs::read_to_string(&out).unwrap();
        let last = said.lines().filter_map(|line| line.strip_prefix("written ")?.parse::<u64>().ok()).next_back();
        let mut journal = Journal::open(&desk.audit_dir()).unwrap();
        mended += usize::from(journal.recovered.is_some());
        if let Some(last) = last {
            acknowledged += 1;
            most = most.max(last);
            let there = journal.audit.next_seq() - 1;
            assert!(there >= last, "kill {kill}: {last} was acknowledged, {there} is there");
        }
        let text = format!("after kill {kill}");
        let at = "2026-01-31T13:00:00Z".parse().unwrap();
        journal.act(vec![Event::Noted { slot: None, text }], at).unwrap();
    }
    println!(
        "{KILLS} kills, {acknowledged} after an acknowledgement, {mended} with a torn write, {most} lines at most"
    );
    assert!(acknowledged > KILLS / 2, "only {acknowledged} of {KILLS} were killed at work");
}
