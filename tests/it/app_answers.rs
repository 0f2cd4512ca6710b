//! Answering items, stating facts, notes, modes.

use touchstone::app::Pane;
use touchstone::app::checklist::Row;
use touchstone::app::msg::Msg;
use touchstone::app::popup::Popup;
use touchstone::model::answer::Answer;
use touchstone::model::audit::Gap;
use touchstone::model::event::Event;
use touchstone::model::score::Slot;

use crate::app_keys::{answered, http, stdio};
use crate::support::Desk;
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] = &[
    "answer-yes",
    "answer-no",
    "answer-partial",
    "answer-not-applicable",
    "answer-unknown",
    "batch",
    "repeat",
    "reason",
    "note",
    "fact",
    "mode",
    "declare-mode",
    "next-open",
    "previous-open",
    "flips",
    "audit-note",
    "toggle",
    "toggle-all",
    "new-line",
    "save",
];

/// Returns what stands in the text on top.
#[track_caller]
fn typed(shop: &Workshop) -> String {
    match shop.app.popups.last() {
        Some(Popup::Text(text)) => text.field.text(),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn an_answer_is_given_in_every_pane() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    for (pane, key, answer) in [("1", "y", Answer::Yes), ("2", "n", Answer::No), ("3", "p", Answer::Partial)] {
        let events = shop.writes(&format!("{pane}{key}"));
        assert_eq!(events, [answered(&[stdio("transport-2")], answer, None)]);
        let said = shop.said();
        assert!(said.starts_with(&format!("transport-2 (stdio): {answer}")), "{said}");
        assert!(said.ends_with("; it still needs evidence or a reason"), "{said}");
        assert_eq!((shop.app.item.as_str(), shop.app.popups.len()), ("transport-2", 0));
    }
    assert_eq!(shop.app.pane, Pane::Item);
    // Under a search, with a selection, on the files: it is still the item that is answered.
    shop.keys("t2v");
    assert_eq!(shop.writes("y"), [answered(&[stdio("transport-2")], Answer::Yes, None)]);
}

#[test]
fn an_answer_that_needs_a_reason_asks_for_it() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    for (key, answer, spoken) in [("a", Answer::NotApplicable, "not applicable"), ("w", Answer::Unknown, "cannot tell")]
    {
        assert_eq!(shop.says(key), "");
        assert_eq!(shop.title(), format!("transport-2 (stdio): {spoken}, because"));
        assert_eq!(shop.says("<cr>"), format!("`{spoken}` needs a reason."));
        assert_eq!(shop.says("  <cr>"), format!("`{spoken}` needs a reason."));
        let events = shop.writes("It is<c-j>so.<cr>");
        assert_eq!(events, [answered(&[stdio("transport-2")], answer, Some("It is\nso."))]);
        assert!(shop.said().starts_with(&format!("transport-2 (stdio): {spoken}")), "{}", shop.said());
        // Again, the reason is there to be changed; Escape leaves it.
        shop.keys(key);
        assert_eq!(typed(&shop), "It is\nso.");
        shop.says("x<esc>");
        assert_eq!(shop.app.popups.len(), 1, "one key throws nothing away");
        shop.says("<esc>");
        assert!(shop.app.popups.is_empty());
        assert_eq!(shop.app.audit.now.answers[&stdio("transport-2")].reason.as_deref(), Some("It is\nso."));
    }
    // Alt-Enter starts a line as well, and Ctrl-S saves.
    assert_eq!(shop.writes("a<a-cr>two<c-s>"), [answered(&[stdio("transport-2")], Answer::NotApplicable, Some("two"))]);
}

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    let mut shop = Workshop::light();
    shop.item("transport-1");
    for key in ["p", "a"] {
        assert_eq!(shop.says(key), "transport-1 accepts only yes, no, cannot tell.");
    }
    assert_eq!(shop.says("r"), "Nothing was answered yet.");
    shop.item("transport-2").keys("p");
    shop.item("transport-1");
    assert_eq!(shop.says("r"), "transport-1 does not accept partial.");
    shop.item("auth_scheme");
    for key in ["y", "n", "p", "a", "w", "r"] {
        assert_eq!(shop.says(key), "auth_scheme is a fact; c states it.", "{key}");
    }
    shop.keys("1j");
    assert_eq!(shop.app.checklist.current(), Some(&Row::Dimension(0)));
    for key in ["y", "n", "p", "a", "w", "r", "R", "N", "E", "gi"] {
        assert_eq!(shop.says(key), "Put the cursor on an item first.", "{key}");
        assert!(shop.app.popups.is_empty(), "{key}");
    }
    let mut bare = Workshop::modes(&[]);
    bare.item("transport-1");
    for key in ["y", "n", "w", "R", "N", "E", "gi"] {
        assert_eq!(bare.says(key), "No mode is declared yet; gm declares one.", "{key}");
        assert!(bare.app.popups.is_empty(), "{key}");
    }
    assert_eq!(bare.says("c"), "No mode is declared yet; gm declares one.");
    // What is answered once can be.
    bare.item("input-1");
    assert_eq!(bare.writes("y"), [answered(&[Slot::once("input-1")], Answer::Yes, None)]);
}

#[test]
fn answers_are_given_per_mode_and_for_all_modes() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    assert_eq!(shop.writes("y"), [answered(&[stdio("transport-2")], Answer::Yes, None)]);
    assert_eq!(shop.says("m"), "Answers are for http.");
    assert_eq!(shop.writes("n"), [answered(&[http("transport-2")], Answer::No, None)]);
    assert_eq!(shop.says("m"), "Answers are for all modes at once.");
    let both = [stdio("transport-2"), http("transport-2")];
    assert_eq!(shop.says("R"), "The modes have different answers; choose one mode first.");
    assert_eq!(shop.writes("y"), [answered(&both, Answer::Yes, None)]);
    assert_eq!(
        shop.said(),
        "transport-2 (stdio), transport-2 (http): yes, in place of no (http); it still needs evidence or a reason"
    );
    assert_eq!(shop.says("m"), "Answers are for stdio.");
    // What is answered once has no mode.
    shop.item("input-1");
    for _ in 0..3 {
        assert_eq!(shop.writes("my"), [answered(&[Slot::once("input-1")], Answer::Yes, None)]);
    }
}

#[test]
fn what_the_modes_do_not_share_is_not_written_over() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("yRone<cr>myRtwo<cr>m");
    assert_eq!(shop.app.mode_name(), None);
    // The same answer for both keeps both reasons.
    let events = shop.writes("y");
    assert_eq!(
        events,
        [
            answered(&[stdio("transport-2")], Answer::Yes, Some("one")),
            answered(&[http("transport-2")], Answer::Yes, Some("two"))
        ]
    );
    assert_eq!(shop.said(), "transport-2 (stdio), transport-2 (http): yes");
    assert_eq!(shop.says("R"), "The modes have different reasons; choose one mode first.");
    // One note is shown for both; two are not.
    shop.keys("mNone<cr>mm");
    assert_eq!(shop.app.mode_name(), None);
    shop.keys("N");
    assert_eq!(typed(&shop), "one");
    assert_eq!(
        shop.writes("<cr>"),
        [Event::Noted { slot: Some(http("transport-2")), text: "one".to_owned() }],
        "only what is new is written"
    );
    shop.keys("mN<bs><bs><bs>two<cr>mmN");
    assert_eq!(shop.said(), "The modes have different notes; choose one mode first.");
    // Nor do facts.
    shop.item("auth_scheme").keys("mcnone<cr>mcapi<cr>m");
    assert_eq!(shop.app.mode_name(), None);
    assert_eq!(shop.says("R"), "The modes have different answers; choose one mode first.");
    let values: Vec<&str> = shop.app.audit.now.facts.values().map(|stated| stated.value.as_str()).collect();
    assert_eq!(values, ["api_key", "none"]);
}

#[test]
fn a_reason_is_written_changed_and_taken_away() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    assert_eq!(shop.says("R"), "Answer first; the reason belongs to an answer.");
    shop.keys("y");
    assert_eq!(shop.writes("Rbecause<cr>"), [answered(&[stdio("transport-2")], Answer::Yes, Some("because"))]);
    assert_eq!(shop.said(), "transport-2 (stdio): yes");
    shop.keys("R");
    assert_eq!((shop.title().as_str(), typed(&shop).as_str()), ("Reason for transport-2 (stdio)", "because"));
    assert_eq!(shop.says("more<esc><esc>"), "");
    // The answer again keeps its reason, another one does not have it.
    assert_eq!(shop.writes("y"), [answered(&[stdio("transport-2")], Answer::Yes, Some("because"))]);
    assert_eq!(shop.writes("n"), [answered(&[stdio("transport-2")], Answer::No, None)]);
    shop.keys("u");
    assert_eq!(shop.writes("R<c-w><cr>"), [answered(&[stdio("transport-2")], Answer::Yes, None)]);
    assert_eq!(shop.said(), "transport-2 (stdio): yes; it still needs evidence or a reason");
    // One that is needed cannot be taken away.
    shop.keys("wno source<cr>R");
    assert_eq!(shop.says("<c-w><c-w><cr>"), "`cannot tell` needs a reason.");
    shop.keys("<esc>");
    assert_eq!(shop.app.audit.now.answers[&stdio("transport-2")].reason.as_deref(), Some("no source"));
}

#[test]
fn the_last_answer_is_given_again() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("ano network<cr>");
    shop.item("transport-3");
    assert_eq!(shop.writes("r"), [answered(&[stdio("transport-3")], Answer::NotApplicable, Some("no network"))]);
    shop.keys("m");
    shop.item("transport-4");
    assert_eq!(shop.writes("r"), [answered(&[http("transport-4")], Answer::NotApplicable, Some("no network"))]);
    shop.item("transport-2").keys("n");
    shop.item("transport-3");
    assert_eq!(shop.writes("r"), [answered(&[http("transport-3")], Answer::No, None)]);
}

#[test]
fn notes_are_written_and_removed() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    let noted = |slot: Option<Slot>, text: &str| [Event::Noted { slot, text: text.to_owned() }];
    assert_eq!(shop.says("N<cr>"), "The note is as it was.");
    assert_eq!(shop.writes("None<c-j>two<cr>"), noted(Some(stdio("transport-2")), "one\ntwo"));
    assert_eq!(shop.said(), "The note is written");
    shop.keys("N");
    assert_eq!(typed(&shop), "one\ntwo");
    assert_eq!(shop.says("<c-s>"), "The note is as it was.");
    assert_eq!(shop.writes("N<c-w><bs><c-w><cr>"), noted(Some(stdio("transport-2")), ""));
    assert_eq!(shop.said(), "The note is removed");
    shop.item("auth_scheme");
    assert_eq!(shop.writes("Nfact<cr>"), noted(Some(stdio("auth_scheme")), "fact"));
    assert_eq!(shop.writes("gnall<cr>"), noted(None, "all"));
    shop.keys("gn");
    assert_eq!((shop.title().as_str(), typed(&shop).as_str()), ("Note on the audit", "all"));
    assert_eq!(shop.writes("<c-w><cr>"), noted(None, ""));
    // Characters that are keys elsewhere are text here.
    assert_eq!(shop.writes("gnqy n?:u<cr>"), noted(None, "qy n?:u"));
}

#[test]
fn facts_are_stated() {
    let mut shop = Workshop::light();
    let stated = |slots: &[Slot], value: &str, reason: Option<&str>| {
        [Event::FactSet { slots: slots.to_vec(), value: value.to_owned(), reason: reason.map(str::to_owned) }]
    };
    // The only fact is stated from everywhere.
    shop.item("transport-2").keys("c");
    assert_eq!(shop.title(), "auth_scheme (stdio) is");
    assert_eq!(shop.labels(), ["none", "api_key", "oauth2", "sso_saml", "unknown"]);
    assert_eq!(shop.writes("<down><cr>"), stated(&[stdio("auth_scheme")], "api_key", None));
    assert_eq!(shop.said(), "auth_scheme (stdio): api_key; it still needs evidence or a reason");
    assert_eq!(shop.app.item, "transport-2");
    // The value that stands is under the cursor.
    assert_eq!(shop.writes("c<cr>"), stated(&[stdio("auth_scheme")], "api_key", None));
    shop.item("auth_scheme").keys("Rread<cr>");
    assert_eq!(shop.writes("c<cr>"), stated(&[stdio("auth_scheme")], "api_key", Some("read")));
    assert_eq!(shop.said(), "auth_scheme (stdio): api_key");
    assert_eq!(shop.says("cunk<cr><cr>"), "`unknown` needs a reason.");
    assert_eq!(shop.writes("hidden<cr>"), stated(&[stdio("auth_scheme")], "unknown", Some("hidden")));
    shop.keys("mm");
    let both = [stdio("auth_scheme"), http("auth_scheme")];
    assert_eq!(shop.writes("coauth<cr>"), stated(&both, "oauth2", None));
    assert_eq!(shop.says("c<esc>"), "");
}

#[test]
fn modes_are_declared() {
    let mut shop = Workshop::modes(&[]);
    // What is answered once is open all the same.
    assert_eq!((shop.says("]").as_str(), shop.app.item.as_str()), ("", "input-2"));
    let open = |gap: &Gap| match gap {
        Gap::OpenItem(slot) => Some(slot.clone()),
        _ => None,
    };
    let slots: Vec<Slot> = shop.app.gaps.iter().filter_map(open).collect();
    shop.record(vec![answered(&slots, Answer::Yes, None)]);
    for key in ["]", "["] {
        assert_eq!(shop.says(key), "No mode is declared yet; gm declares one.");
    }
    assert_eq!(shop.says("m"), "No mode is declared yet.");
    assert_eq!(shop.writes("gmstdio<cr>"), [Event::ModeDeclared { mode: "stdio".to_owned() }]);
    assert_eq!((shop.said().as_str(), shop.app.mode_name()), ("The mode stdio is declared", Some("stdio")));
    assert_eq!(shop.says("m"), "Answers are for stdio.");
    // What is no name comes back to be mended.
    for bad in ["", "STDIO", "9", "stdio", "all", "a b"] {
        shop.says(&format!("gm{bad}<cr>"));
        assert!(shop.app.notice.as_ref().unwrap().error, "{bad}");
        assert_eq!((shop.title().as_str(), typed(&shop).as_str()), ("Declare a mode", bad));
        shop.keys("<esc>");
    }
    shop.keys("gmHttp<cr>");
    assert_eq!(shop.writes("<home><del>h<cr>"), [Event::ModeDeclared { mode: "http".to_owned() }]);
    assert_eq!(shop.app.mode_name(), Some("stdio"));
}

#[test]
fn modes_that_say_it_differently_are_not_overwritten() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("aone<cr>maother<cr>m");
    assert_eq!(shop.says("a"), "The modes have different reasons; choose one mode first.");
    // What an answer takes the place of is said.
    shop.writes("y");
    let said = shop.said();
    assert!(said.contains("in place of not applicable (stdio), not applicable (http)"), "{said}");
    shop.writes("y");
    assert!(!shop.said().contains("in place of"), "{}", shop.said());
}

#[test]
fn a_heading_that_goes_does_not_hand_its_place_to_another_item() {
    let mut shop = Workshop::on(Desk::open(&["stdio"]), 120, 40);
    shop.keys("s");
    let rows = shop.app.checklist.rows.clone();
    // A file that one item alone needs.
    let alone = rows.windows(3).position(|rows| matches!(rows, [Row::File(Some(_)), Row::Item(_), Row::File(_)]));
    let at = alone.expect("some file is needed by one item");
    let Row::Item(item) = &rows[at + 1] else { panic!() };
    assert!(shop.app.checklist.show(item));
    shop.keys("1k<cr>");
    assert_eq!(shop.app.item, *item);
    shop.writes("vjje<cr>");
    assert_eq!(shop.app.item, *item, "the heading is gone, the item is the same");
    let events = shop.writes("n");
    assert!(matches!(&events[..], [Event::Answered { slots, .. }] if slots[0].id == *item), "{events:?}");
}

#[test]
fn the_next_question_is_shown_where_one_pane_is() {
    let desk = Desk::light(&["stdio"]);
    let mut shop = Workshop::on(desk, 80, 24);
    shop.keys("2]");
    assert_eq!(shop.app.pane, Pane::Item);
    shop.keys("1]");
    assert_eq!(shop.app.pane, Pane::List, "the list shows where one goes");
    shop.send(Msg::Resize(120, 40));
    shop.keys("2]");
    assert_eq!(shop.app.pane, Pane::Code);
    shop.keys("<space>]");
    assert_eq!(shop.app.pane, Pane::Item);
}

#[test]
fn the_open_items_are_walked_through() {
    let mut shop = Workshop::light();
    shop.item("auth_scheme");
    for id in ["transport-1", "transport-2"] {
        shop.keys("]");
        assert_eq!(shop.app.item, id);
    }
    shop.keys("y[");
    assert_eq!(shop.app.item, "transport-1");
    shop.keys("]");
    assert_eq!(shop.app.item, "transport-3", "what is answered is passed by");
    shop.keys("[[[");
    assert_eq!(shop.app.item, "dependency-8", "around the start");
    shop.keys("]");
    assert_eq!(shop.app.item, "auth_scheme");
    // From a heading to its own items, and to the one before them.
    shop.item("token-3").keys("h]");
    assert_eq!(shop.app.item, "token-1");
    shop.keys("k[");
    assert_eq!(shop.app.item, "auth-8");
    // Where a mode is done, on in the next one.
    let ids: Vec<String> = shop.app.audit.standard.items().map(|(_, item)| item.id.clone()).collect();
    shop.item("auth_scheme").keys("cnone<cr>");
    let once = |id: &str| ["input", "data", "dependency"].iter().any(|start| id.starts_with(start));
    let slot = |id: &String| if once(id) { Slot::once(id) } else { stdio(id) };
    let slots: Vec<Slot> = ids[..ids.len() - 1].iter().map(slot).collect();
    shop.record(vec![answered(&slots, Answer::Yes, None)]);
    shop.keys("]");
    assert_eq!((shop.app.item.as_str(), shop.app.mode_name()), ("dependency-8", Some("stdio")));
    shop.keys("y]");
    assert_eq!((shop.app.item.as_str(), shop.app.mode_name()), ("auth_scheme", Some("http")));
    assert_eq!(shop.said(), "Nothing is open in the mode before; answers are for http now.");
    shop.keys("cnone<cr>");
    let slots: Vec<Slot> = ids.iter().filter(|id| !once(id)).map(|id| http(id)).collect();
    shop.record(vec![answered(&slots, Answer::Yes, None)]);
    assert_eq!(shop.says("]"), "Every item is answered; gr reviews the audit.");
}

#[test]
fn the_batch_answers_what_the_standard_says() {
    let mut shop = Workshop::light();
    assert_eq!(shop.says("A"), "No open item is not applicable by the standard's own conditions.");
    shop.item("transport-1").keys("y").item("auth_scheme").keys("cnone<cr>");
    let slots = touchstone::model::score::not_applicable(&shop.app.audit.standard, &shop.app.inputs);
    assert!(slots.len() > 2, "{slots:?}");
    shop.keys("A");
    assert_eq!(shop.labels().len(), slots.len());
    // Nothing marked is nothing answered.
    assert_eq!(shop.says("<c-a><cr>"), "Nothing was marked, so nothing is answered.");
    assert_eq!(shop.says("A<esc>"), "");
    // One of them is not meant: Space unmarks it.
    let events = shop.writes("A<space><cr>");
    assert_eq!(shop.said(), format!("{} items: not applicable", slots.len() - 1));
    for (event, slot) in events.iter().zip(&slots[1..]) {
        let Event::Answered { slots, answer: Answer::NotApplicable, reason: Some(reason) } = event else {
            panic!("{event:?}")
        };
        let (_, item) = shop.app.audit.standard.item(&slot.id).unwrap();
        assert_eq!((slots.as_slice(), reason), (&[slot.clone()][..], &item.not_applicable.as_ref().unwrap().hint));
    }
    shop.keys("A");
    assert_eq!(shop.labels().len(), 1);
    shop.writes("<cr>");
    assert_eq!(shop.said(), "1 item: not applicable");
}

#[test]
fn flips_lead_to_their_items() {
    let mut shop = Workshop::light();
    shop.item("transport-1").keys("W");
    assert!(shop.title().starts_with("What would flip a level"));
    let Some(Popup::Page(page)) = shop.app.popups.last() else { panic!() };
    let rows: Vec<(usize, Slot)> = page
        .lines
        .iter()
        .enumerate()
        .filter_map(|(at, (_, go))| match go {
            Some(touchstone::app::popup::Go::Slot(slot)) => Some((at, slot.clone())),
            _ => None,
        })
        .collect();
    assert!(rows.len() > 3);
    for (at, slot) in rows {
        if shop.app.popups.is_empty() {
            shop.keys("W");
        }
        shop.keys("gg");
        for _ in 0..at {
            shop.keys("j");
        }
        assert_eq!(shop.says("<cr>"), "");
        assert_eq!(shop.app.item, slot.id);
        if slot.mode.is_some() {
            assert_eq!(shop.app.mode_name(), slot.mode.as_deref());
        }
    }
    // A heading leads nowhere.
    shop.keys("Wgg<cr>");
    assert_eq!(shop.app.popups.len(), 1);
}
