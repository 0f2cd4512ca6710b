//! The audit as the fold of its events: undo and redo, numbers, time, the past, and what keeps it from being final.

use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use touchstone::model::answer::Answer;
use touchstone::model::audit::{Audit, Folded, Gap, LONGEST_GAP};
use touchstone::model::event::{
    Auditor, Entry, Event, EvidenceId, FindingId, JOURNAL_VERSION, Opened, Pin, PinKind, StandardRef, Subject, Target,
    Tool,
};
use touchstone::model::evidence::{Evidence, External, Kind, Reachability};
use touchstone::model::finding::{Disclosure, Finding, Severity};
use touchstone::model::hash::{Hex, Sha256};
use touchstone::model::mute::Mute;
use touchstone::model::score::Slot;
use touchstone::model::standard::Standard;
use touchstone::model::time::Time;
use touchstone::standards;

static STANDARD: LazyLock<Arc<Standard>> = LazyLock::new(|| {
    Arc::new(standards::read(include_str!("data/standards/vendor_ok.toml")).expect("the vendor's standard reads"))
});

const START: i64 = 1_790_000_000;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0066_6f6c),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn tool() -> Tool {
    Tool { name: "touchstone".to_owned(), version: "0.1.0".to_owned() }
}

fn at(seconds: i64) -> Time {
    Time::from_unix(START + seconds).unwrap()
}

fn entry(seq: u64, act: u64, of: u64, seconds: i64, event: Event) -> Entry {
    Entry { seq, at: at(seconds), prev: Sha256::ZERO, act, of, event }
}

fn opened() -> Event {
    Event::Opened(Box::new(Opened {
        version: JOURNAL_VERSION,
        audit: "notes".to_owned(),
        target: Target::parse("https://github.com/example/notes").unwrap(),
        pin: Pin {
            kind: PinKind::Commit,
            commit: Hex([1; 20]),
            tree: Hex([2; 20]),
            committed_at: at(-1),
            tags: vec![],
        },
        scope: vec![],
        standard: StandardRef { id: "acme-baseline".to_owned(), version: "1".to_owned(), sha256: Sha256::ZERO },
        auditor: Auditor { login: "jo".to_owned(), name: None, organization: None, contact: None },
        assisted_by: None,
        parent: None,
        tool: tool(),
    }))
}

fn begin() -> Audit {
    Audit::begin(Arc::clone(&STANDARD), entry(1, 1, 1, 0, opened()), Sha256::of("1")).unwrap()
}

/// Adds events as one act, a second later than the last.
fn act(audit: &mut Audit, events: Vec<Event>) -> Result<(), String> {
    audit.check(&events, at(0))?;
    let (first, of) = (audit.next_seq(), events.len() as u64);
    for event in events {
        let seq = audit.next_seq();
        audit.push(entry(seq, first, of, i64::try_from(seq).unwrap(), event), Sha256::of(seq.to_string()))?;
    }
    Ok(())
}

fn undo(audit: &mut Audit) -> bool {
    let Some(seq) = audit.to_undo() else { return false };
    act(audit, vec![Event::Undone { seq }]).unwrap();
    true
}

fn redo(audit: &mut Audit) -> bool {
    let Some(seq) = audit.to_redo() else { return false };
    act(audit, vec![Event::Redone { seq }]).unwrap();
    true
}

fn seal(audit: &mut Audit) {
    let number = audit.seals.len() + 1;
    let sealed = Event::Sealed {
        audit_id: format!("jo-2026-01-31-{number:03}"),
        at: at(9),
        supersedes: None,
        partial: true,
        tool: tool(),
    };
    act(audit, vec![sealed]).unwrap();
}

fn mode(name: &str) -> Event {
    Event::ModeDeclared { mode: name.to_owned() }
}

fn answered(slot: &Slot, answer: Answer, reason: Option<&str>) -> Event {
    Event::Answered { slots: vec![slot.clone()], answer, reason: reason.map(str::to_owned) }
}

fn evidence(id: EvidenceId) -> Event {
    let external = External { source: "A report".to_owned(), saw: id.to_string(), at: at(0) };
    let evidence = Evidence { kind: Kind::External(external), reachability: Reachability::NotKnown, note: None };
    Event::EvidenceAdded { id, evidence: Box::new(evidence) }
}

fn finding(id: FindingId, severity: Severity, disclosure: Option<Disclosure>) -> Event {
    let title = format!("Finding {id}");
    let finding = Finding { items: vec!["updates-1".to_owned()], disclosure, ..Finding::new(title, severity) };
    Event::FindingSet { id, finding: Box::new(finding) }
}

fn saw(text: &str) -> Kind {
    Kind::External(External { source: "A report".to_owned(), saw: text.to_owned(), at: at(0) })
}

fn backing(audit: &Audit, id: u32) -> Vec<String> {
    audit.now.evidence[&EvidenceId(id)].backs.iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_evidence_is_one_piece_and_backs_nothing_twice() {
    let mut audit = begin();
    let [first, second] = ["updates-1", "updates-2"].map(|id| Subject::Item(Slot::once(id)));
    // Undone, its number is spent.
    act(&mut audit, vec![evidence(EvidenceId(1))]).unwrap();
    undo(&mut audit);

    // The same kind twice in one go is one piece, too.
    let filed = audit.file(vec![saw("a"), saw("b"), saw("a")], Reachability::Latent, Some("seen"), &[]);
    assert_eq!((&filed.ids, &filed.known), (&vec![EvidenceId(2), EvidenceId(3)], &vec![]));
    assert_eq!(filed.events.len(), 2, "nothing to back, nothing attached: {:?}", filed.events);
    act(&mut audit, filed.events).unwrap();
    let piece = &audit.now.evidence[&EvidenceId(2)];
    assert_eq!((piece.evidence.reachability, piece.evidence.note.as_deref()), (Reachability::Latent, Some("seen")));

    let filed = audit.file(vec![saw("c"), saw("a")], Reachability::NotKnown, None, std::slice::from_ref(&first));
    assert_eq!((&filed.ids, &filed.known), (&vec![EvidenceId(4), EvidenceId(2)], &vec![EvidenceId(2)]));
    act(&mut audit, filed.events).unwrap();
    assert_eq!(audit.now.evidence[&EvidenceId(2)].evidence.note.as_deref(), Some("seen"), "what it says stays");
    assert_eq!((backing(&audit, 2), backing(&audit, 4)), (vec!["updates-1".to_owned()], vec!["updates-1".to_owned()]));

    let again = audit.file(vec![saw("a")], Reachability::NotKnown, None, &[first.clone(), second.clone()]);
    let left = Event::EvidenceAttached { id: EvidenceId(2), to: vec![second.clone()] };
    assert_eq!(again.events, vec![left]);
    act(&mut audit, again.events).unwrap();
    let nothing = audit.file(vec![saw("a")], Reachability::NotKnown, None, &[first.clone(), second]);
    assert_eq!((nothing.events, nothing.ids), (vec![], vec![EvidenceId(2)]));
    assert_eq!(audit.attach(EvidenceId(2), &[first]), None);
}

/// The act that a number stands for, made to fit the audit as it is; `None` where none fits.
fn some_act(audit: &Audit, choice: u8, which: u8) -> Option<Vec<Event>> {
    let pick = |count: usize| (count > 0).then(|| usize::from(which) % count);
    let mode_of = |index: u8| audit.now.modes.get(usize::from(index) % audit.now.modes.len().max(1)).cloned();
    let some_evidence = || Some(*audit.now.evidence.keys().nth(pick(audit.now.evidence.len())?)?);
    let some_finding = || Some(*audit.now.findings.keys().nth(pick(audit.now.findings.len())?)?);
    let item = Slot::once("updates-1");
    Some(match choice % 12 {
        0 => vec![mode(["stdio", "http", "gateway"][usize::from(which) % 3])],
        1 => vec![answered(&item, [Answer::Yes, Answer::No][usize::from(which) % 2], None)],
        2 => vec![answered(&Slot::in_mode("login-1", &mode_of(which)?), Answer::Unknown, Some("No access."))],
        3 => vec![Event::FactSet {
            slots: vec![Slot::in_mode("scheme", &mode_of(which)?)],
            value: ["none", "key"][usize::from(which) % 2].to_owned(),
            reason: None,
        }],
        4 => vec![Event::Noted {
            slot: Some(item),
            text: if which.is_multiple_of(3) { String::new() } else { which.to_string() },
        }],
        5 => vec![evidence(audit.next_evidence())],
        // An act of three events: it is undone and done again as a whole.
        6 => {
            let id = audit.next_evidence();
            vec![
                evidence(id),
                answered(&item, Answer::Yes, None),
                Event::EvidenceAttached { id, to: vec![Subject::Item(item)] },
            ]
        }
        7 => vec![Event::EvidenceAttached { id: some_evidence()?, to: vec![Subject::Item(Slot::once("updates-2"))] }],
        8 => vec![Event::EvidenceDetached { id: some_evidence()?, from: vec![Subject::Item(item)] }],
        9 => vec![finding(audit.next_finding(), Severity::ALL[usize::from(which) % 5], None)],
        10 => vec![Event::FindingWithdrawn { id: some_finding()?, reason: "Mistaken.".to_owned() }],
        _ => vec![Event::Redacted { id: some_evidence()?, reason: "A name.".to_owned() }],
    })
}

fn muted(mute: Mute, reason: &str) -> Event {
    Event::LeadMuted { mute, reason: reason.to_owned() }
}

#[test]
fn a_mute_is_undone_done_again_and_taken_back() {
    let mut audit = begin();
    let mute = Mute::Hit { lead: "login-1.a".to_owned(), path: "src/a.ts".into(), line: 7 };
    let seq = audit.next_seq();
    let reasons = |audit: &Audit| audit.now.muted.values().map(|muted| muted.reason.clone()).collect::<Vec<_>>();
    let steps = [
        (muted(mute.clone(), "A test."), vec!["A test."]),
        (Event::Undone { seq }, vec![]),
        (Event::Redone { seq }, vec!["A test."]),
        (Event::LeadUnmuted { mute: mute.clone() }, vec![]),
        (muted(mute, "Another reason."), vec!["Another reason."]),
    ];
    for (event, expected) in steps {
        let next = audit.next_seq();
        audit.push(entry(next, next, 1, 0, event), Sha256::ZERO).unwrap();
        assert_eq!(reasons(&audit), expected);
    }
}

fn used(audit: &Audit) -> (Vec<EvidenceId>, Vec<FindingId>) {
    let (mut pieces, mut findings) = (Vec::new(), Vec::new());
    for (entry, _) in audit.entries() {
        match &entry.event {
            Event::EvidenceAdded { id, .. } => pieces.push(*id),
            Event::FindingSet { id, .. } => findings.push(*id),
            _ => {}
        }
    }
    (pieces, findings)
}

proptest! {
    #![proptest_config(config(128))]

    /// A plain pair of stacks says what the audit must be after every step.
    #[test]
    fn undo_and_redo_are_a_stack(steps in vec((0..20u8, any::<u8>(), any::<u8>()), 0..50)) {
        let mut audit = begin();
        let mut done: Vec<Folded> = vec![audit.now.clone()];
        let mut undone: Vec<Folded> = Vec::new();
        let mut seals: Vec<(u64, Folded)> = Vec::new();
        for (step, choice, which) in steps {
            match step {
                0..=4 => {
                    prop_assert_eq!(undo(&mut audit), done.len() > 1);
                    if done.len() > 1 {
                        undone.push(done.pop().unwrap());
                    }
                }
                5..=8 => {
                    prop_assert_eq!(redo(&mut audit), !undone.is_empty());
                    done.extend(undone.pop());
                }
                9 => {
                    seal(&mut audit);
                    seals.push((audit.next_seq() - 1, audit.now.clone()));
                }
                10 => act(&mut audit, vec![Event::Resumed { tool: tool() }]).unwrap(),
                _ => {
                    let Some(events) = some_act(&audit, choice, which) else { continue };
                    let before = audit.now.clone();
                    if act(&mut audit, events).is_err() {
                        // What does not fit is refused whole, before anything of it is written.
                        prop_assert_eq!(&audit.now, &before);
                        continue;
                    }
                    done.push(audit.now.clone());
                    undone.clear();
                }
            }
            prop_assert_eq!(&audit.now, done.last().unwrap());
            prop_assert_eq!(audit.to_redo().is_some(), !undone.is_empty());
            let undoable = audit.to_undo().map(|act| audit.entries()[usize::try_from(act).unwrap() - 1].0.event.undoable());
            prop_assert_ne!(undoable, Some(false), "what cannot be undone would be undone");
        }
        let (pieces, findings) = used(&audit);
        for (count, distinct) in [
            (pieces.len(), pieces.iter().collect::<std::collections::BTreeSet<_>>().len()),
            (findings.len(), findings.iter().collect::<std::collections::BTreeSet<_>>().len()),
        ] {
            prop_assert_eq!(count, distinct, "a number was used twice");
        }
        prop_assert!(!pieces.contains(&audit.next_evidence()) && !findings.contains(&audit.next_finding()));
        // The past is what it was, whatever was undone since.
        prop_assert_eq!(audit.seals.len(), seals.len());
        for (seq, then) in &seals {
            let past = audit.as_of(*seq);
            prop_assert_eq!(&past.now, then);
            prop_assert_eq!(past.next_seq(), seq + 1);
            prop_assert_eq!(past.seals.last().map(|seal| seal.seq), Some(*seq));
        }
        let whole = audit.as_of(u64::MAX);
        prop_assert_eq!((&whole.now, whole.to_undo(), whole.to_redo()), (&audit.now, audit.to_undo(), audit.to_redo()));
        // And reading the lines again from the first gives the same audit.
        let mut entries = audit.entries().iter().cloned();
        let (first, line) = entries.next().unwrap();
        let mut again = Audit::begin(Arc::clone(&STANDARD), first, line).unwrap();
        for (entry, line) in entries {
            again.push(entry, line).unwrap();
        }
        prop_assert_eq!((&again.now, &again.seals, again.to_redo()), (&audit.now, &audit.seals, audit.to_redo()));
    }

    /// Clocks jump back and forth; time spent does not.
    #[test]
    fn time_spent_is_never_negative_and_no_gap_counts_for_more_than_the_longest(gaps in vec(-100_000i64..100_000, 0..30), small in vec(-400i64..400, 0..30)) {
        let mut audit = begin();
        let mut now = 0;
        let mut expected = 0;
        for gap in gaps.iter().chain(&small) {
            let before = audit.time_spent();
            now += gap;
            let seq = audit.next_seq();
            audit.push(entry(seq, seq, 1, now, Event::Resumed { tool: tool() }), Sha256::ZERO).unwrap();
            prop_assert!((0..=LONGEST_GAP).contains(&(audit.time_spent() - before)));
            expected += (*gap).clamp(0, LONGEST_GAP);
        }
        prop_assert_eq!(audit.time_spent(), expected);
    }
}

#[test]
fn an_undone_number_is_not_given_again() {
    let mut audit = begin();
    for n in 1..=3 {
        assert_eq!((audit.next_evidence(), audit.next_finding()), (EvidenceId(n), FindingId(n)));
        let (piece, found) = (audit.next_evidence(), audit.next_finding());
        act(&mut audit, vec![evidence(piece), finding(found, Severity::Low, None)]).unwrap();
        undo(&mut audit);
        assert!(audit.now.evidence.is_empty() && audit.now.findings.is_empty());
    }
}

#[test]
fn what_cannot_be_undone_is_not_undone() {
    let mut audit = begin();
    act(&mut audit, vec![Event::Resumed { tool: tool() }]).unwrap();
    seal(&mut audit);
    assert_eq!(audit.to_undo(), None);
    for seq in 1..=3 {
        let mut trial = audit.clone();
        assert!(act(&mut trial, vec![Event::Undone { seq }]).is_err(), "{seq} was undone");
        assert!(act(&mut audit.clone(), vec![Event::Redone { seq }]).is_err(), "{seq} was done again");
    }
    // Only the last act, and only by its first event's number.
    act(&mut audit, vec![mode("stdio")]).unwrap();
    act(&mut audit, vec![mode("http"), mode("gateway")]).unwrap();
    for seq in [4, 6, 7] {
        assert!(act(&mut audit.clone(), vec![Event::Undone { seq }]).is_err(), "{seq} was undone");
    }
    assert!(undo(&mut audit));
    assert_eq!(audit.now.modes, ["stdio"]);
    assert_eq!(audit.seals.len(), 1, "undoing takes no record back");
}

#[test]
fn a_new_act_ends_what_could_be_done_again() {
    let mut audit = begin();
    act(&mut audit, vec![mode("stdio")]).unwrap();
    undo(&mut audit);
    let seq = audit.to_redo().unwrap();
    act(&mut audit, vec![mode("http")]).unwrap();
    assert_eq!(audit.to_redo(), None);
    assert!(act(&mut audit, vec![Event::Redone { seq }]).is_err());
    assert_eq!(audit.now.modes, ["http"]);
}

#[test]
fn a_change_after_a_seal_is_told_from_taking_up_again() {
    let mut audit = begin();
    assert!(audit.changed_since_seal(), "nothing was exported yet");
    act(&mut audit, vec![mode("stdio")]).unwrap();
    seal(&mut audit);
    act(&mut audit, vec![Event::Resumed { tool: tool() }]).unwrap();
    assert!(!audit.changed_since_seal());
    undo(&mut audit);
    assert!(audit.changed_since_seal());
}

#[test]
fn gaps_name_each_kind_in_the_standards_order() {
    let mut audit = begin();
    let once = |id: &str| Gap::OpenItem(Slot::once(id));
    // Without a mode there is nothing to be open in one.
    assert_eq!(audit.gaps(), [Gap::NoMode, once("updates-1"), once("updates-2")]);
    act(&mut audit, vec![mode("stdio")]).unwrap();
    let slot = |id: &str| Slot::in_mode(id, "stdio");
    let open = |id: &str| Gap::OpenItem(slot(id));
    let (scheme, login) = (Gap::OpenFact(slot("scheme")), ["login-1", "login-2", "login-3"].map(open));
    let mut all = vec![scheme];
    all.extend(login);
    all.extend([once("updates-1"), once("updates-2")]);
    assert_eq!(audit.gaps(), all);

    // Answered with nothing behind it, then on a reason, then with evidence.
    let item = Slot::once("updates-1");
    act(&mut audit, vec![answered(&item, Answer::Yes, None)]).unwrap();
    all[4] = Gap::Unsupported(item.clone());
    assert_eq!(audit.gaps(), all);
    let fact = |reason: Option<&str>| Event::FactSet {
        slots: vec![slot("scheme")],
        value: "key".to_owned(),
        reason: reason.map(str::to_owned),
    };
    act(&mut audit, vec![fact(None)]).unwrap();
    all[0] = Gap::Unsupported(slot("scheme"));
    assert_eq!(audit.gaps(), all);
    act(&mut audit, vec![fact(Some("The README says so."))]).unwrap();
    all.remove(0);
    assert_eq!(audit.gaps(), all);
    let id = audit.next_evidence();
    let subjects = vec![Subject::Item(item.clone())];
    act(&mut audit, vec![evidence(id), Event::EvidenceAttached { id, to: subjects.clone() }]).unwrap();
    all.remove(3);
    assert_eq!(audit.gaps(), all);
    act(&mut audit, vec![Event::EvidenceDetached { id, from: subjects }]).unwrap();
    assert!(audit.gaps().contains(&Gap::Unsupported(item)));
    undo(&mut audit);

    // A serious finding needs a decision on its disclosure; a withdrawn one, or a lesser one, does not.
    for (severity, needs) in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info]
        .into_iter()
        .zip([true, true, false, false, false])
    {
        let id = audit.next_finding();
        act(&mut audit, vec![finding(id, severity, None)]).unwrap();
        let named = |audit: &Audit| audit.gaps().contains(&Gap::Undisclosed(id));
        assert_eq!(named(&audit), needs, "{severity}");
        let until = Disclosure::WithheldUntil("2027-01-01".to_owned());
        for decided in [Disclosure::Public, until] {
            act(&mut audit, vec![finding(id, severity, Some(decided))]).unwrap();
            assert!(!named(&audit), "{severity}");
            undo(&mut audit);
        }
        assert_eq!(named(&audit), needs, "{severity}");
        act(&mut audit, vec![Event::FindingWithdrawn { id, reason: "Mistaken.".to_owned() }]).unwrap();
        assert!(!named(&audit), "{severity}");
    }
    for id in ["login-1", "login-2", "login-3"] {
        act(&mut audit, vec![answered(&slot(id), Answer::Unknown, Some("No access."))]).unwrap();
    }
    act(&mut audit, vec![answered(&Slot::once("updates-2"), Answer::No, Some("Asked."))]).unwrap();
    assert_eq!(audit.gaps(), []);
}

#[test]
fn what_does_not_fit_is_refused_with_a_sentence() {
    let mut audit = begin();
    act(&mut audit, vec![mode("stdio")]).unwrap();
    let item = Slot::once("updates-1");
    let unknown = |reason: &str| answered(&item, Answer::Unknown, Some(reason));
    let fact = |slot: Slot, value: &str| Event::FactSet { slots: vec![slot], value: value.to_owned(), reason: None };
    for (event, part) in [
        (mode("stdio"), "declared already"),
        (mode("HTTP"), "not a mode's name"),
        (mode("all"), "not a mode's name"),
        (answered(&Slot::once("updates-9"), Answer::Yes, None), "no item `updates-9`"),
        (answered(&Slot::once("login-1"), Answer::Yes, None), "answered per mode"),
        (answered(&Slot::in_mode("login-1", "http"), Answer::Yes, None), "not declared"),
        (answered(&Slot::in_mode("updates-1", "stdio"), Answer::Yes, None), "answered once"),
        (answered(&item, Answer::Partial, None), "does not accept `partial`"),
        (answered(&item, Answer::Unknown, None), "needs a written reason"),
        (unknown(" \n"), "needs a written reason"),
        (fact(Slot::in_mode("scheme", "stdio"), "magic"), "no value `magic`"),
        (fact(Slot::in_mode("scheme", "stdio"), "unknown"), "needs a written reason"),
        (fact(Slot::once("colour"), "red"), "no fact `colour`"),
        (Event::EvidenceAttached { id: EvidenceId(1), to: vec![Subject::Item(item.clone())] }, "no evidence E1"),
        (Event::Redacted { id: EvidenceId(1), reason: "R".to_owned() }, "no evidence E1"),
        (Event::FindingWithdrawn { id: FindingId(1), reason: "R".to_owned() }, "no finding F1"),
        (muted(Mute::Lead { lead: "login-1.z".to_owned() }, "R"), "no lead `login-1.z`"),
        (muted(Mute::Hit { lead: "login-9.a".to_owned(), path: "a".into(), line: 1 }, "R"), "no lead `login-9.a`"),
        (muted(Mute::Hit { lead: "login-1.a".to_owned(), path: "".into(), line: 1 }, "R"), "has a path"),
        (muted(Mute::Path { glob: " ".to_owned() }, "R"), "a muted path is empty"),
        (muted(Mute::Lead { lead: "login-1.a".to_owned() }, " \n"), "needs a written reason"),
        (Event::LeadUnmuted { mute: Mute::Lead { lead: "login-1.a".to_owned() } }, "login-1.a is not muted"),
    ] {
        let before = audit.now.clone();
        let error = audit.check(std::slice::from_ref(&event), at(0)).unwrap_err();
        assert!(error.contains(part), "{event:?}: {error}");
        assert_eq!(audit.now, before);
    }
    let mute = || muted(Mute::Lead { lead: "login-1.a".to_owned() }, "R");
    let twice = audit.check(&[mute(), mute()], at(0)).unwrap_err();
    assert!(twice.contains("login-1.a is muted already"), "{twice}");
    // Events of one act build on each other, also while they are only checked.
    let id = audit.next_evidence();
    let attach = Event::EvidenceAttached { id, to: vec![Subject::Item(item)] };
    audit.check(&[evidence(id), attach.clone()], at(0)).unwrap();
    assert!(audit.check(&[attach, evidence(id)], at(0)).is_err());
    // The journal's own order.
    let last = audit.next_seq();
    for seq in [last - 1, last + 1] {
        assert!(audit.clone().push(entry(seq, seq, 1, 0, mode("http")), Sha256::ZERO).is_err(), "{seq}");
    }
    assert!(audit.clone().push(entry(last, last, 1, 0, opened()), Sha256::ZERO).is_err());
    assert!(Audit::begin(Arc::clone(&STANDARD), entry(1, 1, 1, 0, mode("stdio")), Sha256::ZERO).is_err());
}
