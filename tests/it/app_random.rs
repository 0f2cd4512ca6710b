//! Whatever keys are pressed: nothing breaks, nothing is answered by chance, everything can be undone.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use touchstone::app::action::{ACTIONS, Context};
use touchstone::app::key::Key;
use touchstone::app::keymap::Keymap;
use touchstone::app::msg::{Did, Mouse, Msg};
use touchstone::app::popup::Popup;
use touchstone::app::{Preferences, item};
use touchstone::model::event::Event;

use crate::support::Desk;
use crate::workshop::Workshop;

/// Keys that do most of what can be done to an audit.
const ACTS: &[&str] = &[
    "y",
    "n",
    "p",
    "areason<cr>",
    "wreason<cr>",
    "r",
    "A<cr>",
    "e<cr>",
    "e<c-a><cr>",
    "einbox<cr>",
    "+<cr>",
    "E<cr>",
    "gi<cr>",
    "3jd",
    "3jXsecret<cr>",
    "Rwhy<cr>",
    "Nnote<cr>",
    "gnnote<cr>",
    "cnone<cr>",
    "gmsse<cr>",
    "FTitle<c-s>",
    "gf<down><cr>x<c-s>",
    "gf<down><cr><c-x>wrong<cr>",
    "g/const<c-e><cr>",
    "g/x<c-y>",
    "fauth.ts<cr>V",
    "2vjV",
    "1V",
    "}2M<cr>why<cr>",
    "3jM<cr>why<cr>",
    "M<cr>why<cr>",
    "gM<cr>",
    "]",
    "[",
    "m",
    "j",
    "2j",
    "1G",
    "s",
    "S",
    "u",
    "<c-r>",
    "v",
];

/// Something that reaches the workbench.
#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    Paste(String),
    Resize(u16, u16),
    Mouse(Mouse),
}

/// A runner that tries the same cases each time: they share a workbench, so a case alone could not be told again.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn action_keys(wanted: impl Fn(&str) -> bool) -> Vec<Vec<Key>> {
    let rows = ACTIONS.iter().filter(|action| wanted(action.id)).flat_map(|action| action.keys);
    rows.map(|keys| Key::parse_all(keys).unwrap()).collect()
}

fn step() -> impl Strategy<Value = Vec<Step>> {
    let keys = prop::sample::select(action_keys(|_| true));
    let escape = Key::parse_all("<esc>").unwrap()[0];
    let did = prop::sample::select(vec![Did::Press, Did::Drag, Did::Release, Did::WheelUp, Did::WheelDown]);
    let size = prop::sample::select(vec![(120, 40), (80, 24), (60, 16), (200, 60), (99, 17)]);
    let small = prop::sample::select(vec![(59, 24), (40, 10), (1, 1), (0, 0)]);
    prop_oneof![
        12 => keys.clone().prop_map(|keys| keys.into_iter().map(Step::Key).collect()),
        6 => "[a-z1-9 ]".prop_map(|text| Key::parse_all(&text).unwrap().into_iter().map(Step::Key).collect()),
        1 => any::<char>().prop_filter("no name", |c| *c != '<')
            .prop_map(|c| Key::parse_all(&c.to_string()).unwrap().into_iter().map(Step::Key).collect()),
        1 => ".{0,6}".prop_map(|text| vec![Step::Paste(text)]),
        2 => prop::sample::select(ACTS.to_vec())
            .prop_map(|keys| Key::parse_all(keys).unwrap().into_iter().map(Step::Key).collect()),
        2 => Just(vec![Step::Key(escape), Step::Key(escape)]),
        1 => (small, keys.clone()).prop_map(|((columns, rows), keys)| {
            let keys = keys.into_iter().map(Step::Key);
            [Step::Resize(columns, rows)].into_iter().chain(keys).chain([Step::Resize(100, 30)]).collect()
        }),
        1 => size.prop_map(|(columns, rows)| vec![Step::Resize(columns, rows)]),
        3 => (did, 0u16..130, 0u16..45).prop_map(|(did, column, row)| vec![Step::Mouse(Mouse { did, column, row })]),
    ]
}

/// Checks that every cursor stands where something is.
fn in_range(shop: &Workshop) {
    let app = &shop.app;
    let within = |what: &str, at: usize, count: usize| assert!(at < count.max(1), "{what}: {at} of {count}");
    within("checklist", app.checklist.cursor, app.checklist.rows.len());
    within("tree", app.tree.cursor, app.tree.rows.len());
    within("item", app.item_cursor, item::rows(app, app.item_width()).len());
    assert!(app.checklist.top <= app.checklist.cursor && app.tree.top <= app.tree.cursor);
    assert!(app.item_top <= app.item_cursor);
    if let Some(doc) = &app.doc {
        within("code", doc.cursor, doc.text.lines());
        assert!(doc.top <= doc.cursor);
        within("anchor", doc.anchor.unwrap_or(0), doc.text.lines());
    }
    within("mode", app.mode.unwrap_or(0), app.audit.now.modes.len());
    for popup in &app.popups {
        match popup {
            Popup::List(picker, _) => within("list", picker.cursor, picker.shown.len()),
            Popup::Page(page) => within("page", page.cursor, page.lines.len()),
            Popup::Search(search) => within("search", search.cursor, search.hits.len()),
            Popup::Form(form, _) => within("form", form.at, form.fields.len()),
            Popup::Compare(compare) => within("comparison", compare.cursor, compare.rows(app.size).len()),
            Popup::Version(version) => within("version", version.doc.cursor, version.doc.text.lines()),
            Popup::Text(_) => {}
        }
    }
}

#[test]
fn no_keys_break_it() {
    let shop = RefCell::new(Workshop::light());
    let cases = prop::collection::vec(step(), 1..60);
    let tried = runner(40).run(&cases, |steps| {
        let shop = &mut *shop.borrow_mut();
        shop.app.popups.clear();
        shop.send(Msg::Resize(120, 40));
        for step in steps.into_iter().flatten() {
            shop.send(match step {
                Step::Key(key) => Msg::Key(key),
                Step::Paste(text) => Msg::Paste(text),
                Step::Resize(columns, rows) => Msg::Resize(columns, rows),
                Step::Mouse(mouse) => Msg::Mouse(mouse),
            });
            in_range(shop);
            shop.same();
        }
        shop.frame();
        shop.kept.clear();
        Ok(())
    });
    tried.unwrap();
    assert!(shop.borrow().journal.audit.next_seq() > 40, "the keys did something");
}

#[test]
fn nothing_is_answered_by_other_keys() {
    let answers = [
        "answer-yes",
        "answer-no",
        "answer-partial",
        "answer-not-applicable",
        "answer-unknown",
        "batch",
        "repeat",
        "palette",
    ];
    let changes: BTreeMap<String, Vec<String>> = answers.iter().map(|id| ((*id).to_owned(), Vec::new())).collect();
    let keymap = Keymap::with(&changes).unwrap();
    let shop = Workshop::with(Desk::light(&["stdio", "http"]), 120, 40, Preferences::default(), keymap, None);
    let shop = RefCell::new(shop);
    let other = prop::sample::select(action_keys(|id| !answers.contains(&id)));
    let key = prop_oneof![
        2 => other,
        3 => "[ynpawAr:gGq ]".prop_map(|text| Key::parse_all(&text).unwrap()),
        1 => "[ -;=-~]".prop_map(|text| Key::parse_all(&text).unwrap()),
    ];
    let tried = runner(30).run(&prop::collection::vec(key, 1..60), |keys| {
        let shop = &mut *shop.borrow_mut();
        for key in keys.into_iter().flatten() {
            shop.send(Msg::Key(key));
        }
        let answered =
            shop.journal.audit.entries().iter().any(|(entry, _)| matches!(entry.event, Event::Answered { .. }));
        prop_assert!(!answered);
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn everything_can_be_undone_and_done_again() {
    let acts = prop::sample::select(ACTS.to_vec());
    let tried = runner(4).run(&prop::collection::vec(acts, 5..25), |acts| {
        // With leads, so that there is something to mute.
        let mut shop = Workshop::new();
        let begun = shop.app.audit.as_of(1).now;
        for keys in acts {
            shop.keys(keys);
            while !shop.app.popups.is_empty() {
                shop.keys("<esc>");
            }
        }
        let full = shop.app.audit.now.clone();
        let mut undone = 0;
        while shop.app.audit.to_undo().is_some() {
            shop.keys("u");
            undone += 1;
        }
        shop.same();
        prop_assert_eq!(&shop.app.audit.now, &begun);
        prop_assert_eq!(shop.says("u"), "There is nothing to undo.");
        for _ in 0..undone {
            shop.keys("<c-r>");
        }
        shop.same();
        prop_assert_eq!(&shop.app.audit.now, &full);
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn contexts_that_type_take_every_character() {
    let mut shop = Workshop::light();
    for (open, context) in [(":", Context::List), ("gn", Context::Text), ("F", Context::Form), ("g/", Context::Search)]
    {
        let text = "qyn?:ugG";
        shop.keys(open);
        assert_eq!(shop.app.contexts()[0], context);
        shop.keys(text);
        let typed = match shop.app.popups.last().unwrap() {
            Popup::List(picker, _) => picker.field.text(),
            Popup::Text(one) => one.field.text(),
            Popup::Form(form, _) => form.text("title"),
            Popup::Search(search) => search.pattern.text(),
            other => panic!("{other:?}"),
        };
        assert_eq!(typed, text, "{context:?}");
        shop.app.popups.clear();
    }
}
