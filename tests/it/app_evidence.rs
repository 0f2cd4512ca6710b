//! Taking evidence: regions, searches, leads; attaching, extending, redacting.

use touchstone::app::key::Key;
use touchstone::app::msg::{Effect, Msg};
use touchstone::app::popup::{Popup, Purpose};
use touchstone::app::{Pane, item};
use touchstone::model::event::{Event, EvidenceId, Subject};
use touchstone::model::evidence::{External, Kind, Observation, PathList, Reachability, Region};
use touchstone::model::hash::Sha256;

use crate::app_keys::{http, stdio};
use crate::support::AUTH;
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] = &[
    "select",
    "select-down",
    "select-up",
    "attach",
    "extend",
    "reuse",
    "zero",
    "zeros",
    "inbox",
    "evidence",
    "detach",
    "redact",
    "reach",
    "shows",
];

const E1: EvidenceId = EvidenceId(1);
const E2: EvidenceId = EvidenceId(2);

/// Puts the item pane's cursor on a row that stands for this.
#[track_caller]
fn under(shop: &mut Workshop, wanted: impl Fn(&item::Target) -> bool) {
    shop.keys("3");
    let rows = item::rows(&shop.app, shop.app.item_width());
    shop.app.item_cursor = rows.iter().position(|row| wanted(&row.target)).expect("no such row");
    shop.keys("3");
}

fn attached(id: EvidenceId, to: &[Subject]) -> Event {
    Event::EvidenceAttached { id, to: to.to_vec() }
}

fn regions(event: &Event) -> &[Region] {
    match event {
        Event::EvidenceAdded { evidence, .. } => match &evidence.kind {
            Kind::Code { regions } => regions,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_are_selected_and_attached() {
    let mut shop = Workshop::light();
    shop.item("transport-2").code("src/auth.ts", 4);
    // The current line, where nothing is selected.
    let events = shop.writes("e<cr>");
    let [region] = regions(&events[0]) else { panic!("{events:?}") };
    let start = AUTH.find("const API_KEY").unwrap();
    let end = start + AUTH[start..].find('\n').unwrap() + 1;
    assert_eq!((region.first, region.last, region.start, region.end), (4, 4, start, end));
    assert_eq!(region.sha256, Sha256::of(&AUTH[start..end]));
    assert_eq!(events[1], attached(E1, &[Subject::Item(stdio("transport-2"))]));
    // Down, up, across the anchor.
    let selection = |shop: &Workshop| shop.app.doc.as_ref().unwrap().selection();
    shop.keys("1v");
    assert_eq!((selection(&shop), shop.app.pane), (Some((3, 3)), Pane::Code));
    shop.keys("jj<s-down>");
    assert_eq!(selection(&shop), Some((3, 6)));
    shop.keys("kkkkk");
    assert_eq!(selection(&shop), Some((1, 3)));
    shop.keys("v");
    assert_eq!(selection(&shop), None);
    shop.keys("1<s-up>");
    assert_eq!((selection(&shop), shop.app.pane), (Some((0, 1)), Pane::Code));
    assert_eq!(shop.says("<s-up><s-up>"), "");
    assert_eq!(selection(&shop), Some((0, 1)));
    let events = shop.writes("e<cr>");
    assert_eq!((regions(&events[0])[0].first, regions(&events[0])[0].last), (1, 2));
    assert_eq!((selection(&shop), shop.at().1, shop.app.pane), (None, 1, Pane::Code));
    // Escape keeps the selection.
    shop.keys("ve<esc>");
    assert_eq!(selection(&shop), Some((0, 0)));
    // The gutter shows what is cited.
    let marks: Vec<&str> = shop.app.doc.as_ref().unwrap().marks.iter().map(|mark| mark.label.as_str()).collect();
    assert_eq!(marks, ["E2 transport-2", "E1 transport-2"]);
}

#[test]
fn a_region_is_attached_to_several_at_once() {
    let mut shop = Workshop::light();
    shop.item("auth-4").code("src/auth.ts", 4).keys("e<cr>");
    shop.item("transport-2").code("src/auth.ts", 6).keys("e");
    // This item first, then the inbox, then what was used last.
    let labels = shop.labels();
    assert!(
        labels[0].starts_with("transport-2 ") && labels[1].starts_with("inbox") && labels[2].starts_with("auth-4 ")
    );
    assert_eq!(labels.len(), 1 + 48 + 1);
    let events = shop.writes("<space><space><space>auth_s<space><cr>");
    assert_eq!(
        events[1],
        attached(
            E2,
            &[Subject::Item(stdio("transport-2")), Subject::Item(stdio("auth-4")), Subject::Fact(stdio("auth_scheme"))]
        )
    );
    assert_eq!(shop.said(), "E2 backs transport-2 (stdio), auth-4 (stdio), auth_scheme (stdio)");
    // Again is the same piece; nothing is written twice.
    assert_eq!(shop.says("e<cr>"), "E2 backs transport-2 (stdio) already");
    assert_eq!(shop.writes("e<space>auth-5<space><cr>"), [attached(E2, &[Subject::Item(stdio("auth-5"))])]);
    // In all modes, for all of them.
    shop.keys("mm");
    assert_eq!(shop.writes("e<cr>"), [attached(E2, &[Subject::Item(http("transport-2"))])]);
    // To a finding.
    shop.keys("FWrong<c-s>gl9<cr>");
    let events = shop.writes("eF1<cr>");
    assert_eq!(events[1], attached(EvidenceId(3), &[Subject::Finding(touchstone::model::event::FindingId(1))]));
}

#[test]
fn evidence_says_what_it_shows_and_how_reachable_it_is() {
    let mut shop = Workshop::light();
    shop.item("transport-2").code("src/auth.ts", 4).keys("e<c-t><c-e>The key<esc>");
    let take = |shop: &Workshop| match shop.app.popups.last() {
        Some(Popup::List(_, Purpose::Attach(take))) => (**take).clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(take(&shop).shows, None);
    shop.keys("<c-e>The key<cr>");
    assert_eq!(take(&shop).shows.as_deref(), Some("The key"));
    let first = take(&shop).reachability;
    assert_ne!(first, Reachability::NotKnown);
    for _ in 1..Reachability::ALL.len() {
        shop.keys("<c-t>");
    }
    assert_eq!(take(&shop).reachability, Reachability::NotKnown, "all of them, around");
    let events = shop.writes("<c-t><cr>");
    let Event::EvidenceAdded { evidence, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!((evidence.note.as_deref(), evidence.reachability), (Some("The key"), first));
    // Other words for the same piece are not taken, and that is said.
    let kept = "; it was there already, and keeps the words and the reachability that it has";
    assert_eq!(shop.says("e<c-e>Other<cr><cr>"), format!("E1 backs transport-2 (stdio) already{kept}"));
    shop.writes("e<c-e>Other<cr>auth-1<cr>");
    assert_eq!(shop.said(), format!("E1 backs auth-1 (stdio){kept}"));
    // In other lists these keys change nothing.
    shop.keys("f<c-t><c-e>");
    assert_eq!(shop.title(), "Find a file");
}

#[test]
fn the_inbox_keeps_what_backs_nothing_yet() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    assert_eq!(shop.says("gi"), "The inbox is empty.");
    assert_eq!(shop.says("E"), "There is no other evidence.");
    assert_eq!(shop.says("ge"), "There is no evidence yet.");
    shop.code("src/auth.ts", 4);
    let events = shop.writes("einbox<cr>");
    assert_eq!((events.len(), shop.said().as_str()), (1, "E1 lies in the inbox"));
    assert_eq!(shop.says("einbox<cr>"), "E1 is there already");
    shop.keys("j").keys("einbox<cr>");
    shop.keys("gi");
    assert_eq!(shop.title(), "Inbox: to attach to transport-2 (stdio)");
    assert!(shop.labels()[0].starts_with("E2 src/auth.ts:5"), "the newest first: {:?}", shop.labels());
    let to = [Subject::Item(stdio("transport-2"))];
    assert_eq!(shop.writes("<c-a><cr>"), [attached(E2, &to), attached(E1, &to)]);
    assert_eq!(shop.said(), "E2, E1 back transport-2 (stdio)");
    assert_eq!(shop.says("gi"), "The inbox is empty.");
    assert_eq!(shop.says("E"), "There is no other evidence.");
    // What backs another item can back this one as well.
    shop.item("auth-4").keys("E");
    assert_eq!(shop.labels().len(), 2);
    assert_eq!(shop.writes("<down><cr>"), [attached(E1, &[Subject::Item(stdio("auth-4"))])]);
    assert_eq!(shop.said(), "E1 backs auth-4 (stdio)");
    shop.keys("ge");
    assert_eq!(shop.labels().len(), 2);
    shop.keys("<cr>");
    assert_eq!(shop.title(), "Evidence E1");
    assert!(shop.page().iter().any(|line| line == "Backs auth-4 (stdio), transport-2 (stdio)."), "{:?}", shop.page());
    // Its place is opened from there.
    shop.keys("<esc>").code("src/db.ts", 1);
    shop.keys("ge<cr>");
    let at = shop.page().iter().position(|line| line == "src/auth.ts:4-4").unwrap();
    for _ in 0..at {
        shop.keys("j");
    }
    shop.keys("<cr>");
    assert_eq!((shop.at(), shop.app.pane), (("src/auth.ts".to_owned(), 4), Pane::Code));
}

#[test]
fn a_page_tells_everything_about_a_piece() {
    let mut shop = Workshop::light();
    let at = crate::support::CLOCK.parse().unwrap();
    let list = PathList {
        glob: "*.ts".to_owned(),
        entries: 9,
        matches: 1,
        matches_digest: Sha256::ZERO,
        paths: vec!["src/tail.ts".into()],
    };
    let observed = Observation {
        command: "run".to_owned(),
        environment: None,
        at,
        output: "a\u{1b}[31mred\nb".to_owned(),
        sha256: Sha256::ZERO,
    };
    let seen = External { source: "https://example.org".to_owned(), saw: "A page\u{202e}.".to_owned(), at };
    let kinds = [Kind::Path(list), Kind::Observation(observed), Kind::External(seen)];
    let filed = shop.app.audit.file(kinds.to_vec(), Reachability::Reachable, Some("Why"), &[]);
    shop.record(filed.events);
    for (number, shown) in [(1, "  src/tail.ts"), (2, "  b"), (3, "  A page")] {
        shop.keys(&format!("geE{number}<cr>"));
        assert_eq!(shop.title(), format!("Evidence E{number}"));
        let page = shop.page();
        assert!(page.iter().any(|line| line.starts_with(shown)), "{page:?}");
        assert!(["Why", "Backs nothing yet."].iter().all(|text| page.iter().any(|line| line == text)), "{page:?}");
        assert!(!page.iter().any(|line| line.contains(['\u{1b}', '\u{202e}'])), "{page:?}");
        if number > 1 {
            shop.keys("<esc>");
            continue;
        }
        shop.keys("G<cr>");
        assert_eq!(shop.at(), ("src/tail.ts".to_owned(), 1));
    }
}

#[test]
fn a_piece_gains_a_region() {
    let mut shop = Workshop::light();
    shop.item("transport-2").code("src/auth.ts", 4);
    assert_eq!(shop.says("+"), "There is no piece of code yet that this region could be added to.");
    shop.keys("e<cr>");
    assert_eq!(shop.says("+"), "There is no piece of code yet that this region could be added to.", "it has it");
    shop.keys("gl6<cr>vj+");
    assert_eq!(shop.title(), "Add src/auth.ts:6-7 to");
    assert_eq!(shop.says("<esc>"), "");
    let events = shop.writes("+<cr>");
    let [Event::RegionAdded { id: E1, region }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((region.first, region.last), (6, 7));
    assert_eq!(shop.said(), "E1 gains src/auth.ts:6-7");
    assert_eq!(shop.app.doc.as_ref().unwrap().anchor, None);
}

#[test]
fn searches_of_leads_are_evidence() {
    let mut shop = Workshop::new();
    shop.item("transport-3");
    let zeros: Vec<usize> = shop.app.leads["transport-3"]
        .iter()
        .enumerate()
        .filter(|(_, lead)| lead.outcome.as_ref().is_ok_and(|found| found.hits == 0))
        .map(|(at, _)| at)
        .collect();
    assert!(zeros.len() > 1);
    let events = shop.writes("0");
    assert!(
        matches!(&events[0], Event::EvidenceAdded { evidence, .. } if evidence.kind == shop.app.leads["transport-3"][zeros[0]].outcome.as_ref().unwrap().kind)
    );
    assert_eq!(events[1], attached(E1, &[Subject::Item(stdio("transport-3"))]));
    // The rest at once, then none is left.
    let events = shop.writes("z");
    assert_eq!(events.len(), (zeros.len() - 1) * 2);
    for key in ["0", "z"] {
        assert_eq!(shop.says(key), "No lead of this item is without a hit, or all of them are evidence already.");
    }
    shop.keys("u");
    assert_eq!(shop.writes("0").len(), 2);
    // The one under the cursor, also with hits.
    shop.item("transport-1");
    under(&mut shop, |target| *target == item::Target::Lead(0));
    let events = shop.writes("0");
    assert!(
        matches!(&events[0], Event::EvidenceAdded { evidence, .. } if matches!(&evidence.kind, Kind::Search(search) if search.hits > 0))
    );
    assert_eq!(shop.app.target_under(), item::Target::Lead(0), "the cursor stays on what it is on");
    let said = shop.says("0");
    assert!(said.ends_with("backs transport-1 (stdio) already"), "{said}");
    shop.item("auth_scheme");
    for key in ["0", "z"] {
        assert_eq!(shop.says(key), "Put the cursor on an item first.");
    }
}

/// Returns what a message asks for; nothing of it is done.
fn asks(shop: &mut Workshop, keys: &str) -> Vec<Effect> {
    Key::parse_all(keys).unwrap().into_iter().flat_map(|key| shop.app.update(Msg::Key(key))).collect()
}

#[test]
fn a_file_that_is_still_read_is_no_evidence() {
    let mut shop = Workshop::light();
    shop.item("auth-4").code("src/index.ts", 9);
    let effects = asks(&mut shop, "fauth.ts<cr>");
    let [Effect::Load { path, line }] = &effects[..] else { panic!("{effects:?}") };
    let (path, line) = (path.clone(), *line);
    for keys in ["e", "vF", "Y"] {
        asks(&mut shop, keys);
        let untaken = match shop.app.popups.last() {
            Some(Popup::Form(form, _)) => form.text("description").is_empty(),
            other => other.is_none(),
        };
        assert!(untaken, "{keys}: {:?}", shop.app.popups);
        shop.app.popups.clear();
    }
    assert_eq!(asks(&mut shop, "e"), []);
    assert_eq!(shop.said(), "src/auth.ts is still being read.");
    // Back to the file that is there: what was asked for does not come over it.
    asks(&mut shop, "findex.ts<cr>");
    let late = shop.load(&path);
    shop.app.update(Msg::Loaded { path: path.clone(), line, result: Ok(late.clone()) });
    assert_eq!(shop.at(), ("src/index.ts".to_owned(), 9));
    assert!(matches!(&shop.writes("e<cr>")[0], Event::EvidenceAdded { .. }));
    // Asked for again, it comes.
    asks(&mut shop, "fauth.ts<cr>");
    shop.app.update(Msg::Loaded { path, line, result: Ok(late) });
    assert_eq!(shop.at().0, "src/auth.ts");
}

#[test]
fn evidence_without_a_place_goes_to_the_inbox() {
    let mut shop = Workshop::modes(&[]);
    shop.item("auth-4").code("src/auth.ts", 4).keys("e");
    assert!(shop.labels()[0].starts_with("inbox"), "{:?}", shop.labels());
    let events = shop.writes("<cr>");
    assert!(matches!(&events[..], [Event::EvidenceAdded { .. }]), "{events:?}");
}

#[test]
fn evidence_is_taken_away_from_an_item() {
    let mut shop = Workshop::light();
    shop.item("transport-2").code("src/auth.ts", 4).keys("mme<cr>mjjjj").keys("e<cr>");
    assert_eq!(shop.app.mode_name(), Some("stdio"));
    shop.keys("1");
    assert_eq!(shop.says("d"), "Put the item pane's cursor on a piece of evidence.");
    shop.keys("3gg");
    assert_eq!(shop.says("d"), "Put the item pane's cursor on a piece of evidence.");
    under(&mut shop, |target| matches!(target, item::Target::Place(E1, ..)));
    // In this mode only.
    assert_eq!(shop.writes("d"), [Event::EvidenceDetached { id: E1, from: vec![Subject::Item(stdio("transport-2"))] }]);
    assert_eq!(shop.said(), "E1 no longer backs transport-2 (stdio)");
    assert_eq!(shop.says("d"), "E1 does not back this item in this mode.");
    shop.keys("m");
    shop.writes("d");
    assert!(shop.app.audit.now.evidence.contains_key(&E1), "it lies in the inbox");
    assert!(matches!(shop.app.target_under(), item::Target::Place(E2, ..)));
}

#[test]
fn a_text_is_kept_out_of_the_record() {
    let mut shop = Workshop::light();
    shop.item("transport-2").code("src/auth.ts", 4).keys("e<cr>");
    assert_eq!(shop.says("X"), "Put the item pane's cursor on a piece of evidence.");
    under(&mut shop, |target| matches!(target, item::Target::Place(E1, ..)));
    shop.keys("X");
    assert_eq!(shop.says("<cr>"), "A redaction needs a reason.");
    assert_eq!(shop.title(), "Why the text of E1 is kept out");
    let redacted = |reason: &str| [Event::Redacted { id: E1, reason: reason.to_owned() }];
    assert_eq!(shop.writes("A key<cr>"), redacted("A key"));
    assert_eq!(shop.said(), "E1 is redacted");
    // The focus elsewhere, the cursor of the item pane is not meant.
    shop.keys("2");
    assert_eq!(shop.says("X"), "Put the item pane's cursor on a piece of evidence.");
    shop.keys("3");
    assert_eq!(shop.writes("Xs<cr>"), redacted("A keys"));
}
