//! Each action of the workbench has a test that presses its keys; the keys of the program itself; what a key must never do.

use std::collections::{BTreeMap, BTreeSet};

use touchstone::app::action::{ACTIONS, Act, Context, Group};
use touchstone::app::key::Key;
use touchstone::app::keymap::{Keymap, Meaning};
use touchstone::app::msg::{AuditRow, Effect, Msg};
use touchstone::app::popup::{Popup, Purpose, Value};
use touchstone::app::{App, HINTS, Pane, Preferences, Start, hint, pages};
use touchstone::config::ThemeName;
use touchstone::error::Error;
use touchstone::model::answer::Answer;
use touchstone::model::event::Event;
use touchstone::model::evidence::Reachability;
use touchstone::model::score::Slot;

use crate::support::Desk;
use crate::workshop::Workshop;
use crate::{app_answers, app_evidence, app_move, app_past, app_record, app_search, coverage, leads, reaudit};

/// Actions that a test of this file presses.
const COVERED: &[&str] = &[
    "undo", "redo", "log", "audits", "palette", "help", "theme", "mouse", "hints", "redraw", "suspend", "quit",
    "accept",
];

impl Workshop {
    /// Opens the workbench on a standard without leads, with the modes stdio and http.
    pub fn light() -> Workshop {
        Workshop::modes(&["stdio", "http"])
    }

    /// Opens the workbench on a standard without leads, with these modes.
    pub fn modes(modes: &[&str]) -> Workshop {
        Workshop::on(Desk::light(modes), 120, 40)
    }

    /// Closes the workbench and returns the desk.
    pub fn close(self) -> Desk {
        self.desk
    }

    /// Puts the checklist's cursor on an item or fact.
    #[track_caller]
    pub fn item(&mut self, id: &str) -> &mut Workshop {
        assert!(self.app.checklist.show(id), "{id} is not listed");
        self.keys("1");
        assert_eq!(self.app.item, id);
        self
    }

    /// Opens a file at a line (from 1).
    #[track_caller]
    pub fn code(&mut self, path: &str, line: usize) -> &mut Workshop {
        self.keys(&format!("f{path}<cr>gl{line}<cr>"));
        assert_eq!(self.at(), (path.to_owned(), line));
        self
    }

    /// Returns the open file and the current line (from 1).
    #[track_caller]
    pub fn at(&self) -> (String, usize) {
        let doc = self.app.doc.as_ref().unwrap();
        (doc.text.path.lossy().into_owned(), doc.cursor + 1)
    }

    /// Presses keys that write exactly one act, and returns its events.
    #[track_caller]
    pub fn writes(&mut self, keys: &str) -> Vec<Event> {
        let before = self.journal.audit.next_seq();
        self.keys(keys);
        let entries = self.journal.audit.entries();
        let events: Vec<_> = entries.iter().filter(|(entry, _)| entry.seq >= before).collect();
        assert!(!events.is_empty(), "`{keys}` writes nothing: {}", self.said());
        assert!(events.iter().all(|(entry, _)| entry.act == before), "`{keys}` writes more than one act");
        self.same();
        self.last_act()
    }

    /// Writes one act past the keys: what other tests check.
    #[track_caller]
    pub fn record(&mut self, events: Vec<Event>) {
        let before = self.journal.audit.entries().len();
        self.journal.act(events, crate::support::CLOCK.parse().unwrap()).unwrap();
        self.send(Msg::Acted(Ok(self.journal.audit.entries()[before..].to_vec())));
    }

    /// Presses keys that write nothing, and returns what the footer says then.
    #[track_caller]
    pub fn says(&mut self, keys: &str) -> String {
        let before = self.journal.audit.next_seq();
        self.keys(keys);
        assert_eq!(self.journal.audit.next_seq(), before, "`{keys}` writes: {:?}", self.last_act());
        self.said()
    }

    /// Checks that the workbench shows what the journal holds.
    #[track_caller]
    pub fn same(&self) {
        assert_eq!(self.app.audit.entries(), self.journal.audit.entries());
        assert_eq!(self.app.audit.now, self.journal.audit.now);
        assert_eq!(self.app.unsaved, None);
    }

    /// Returns the title of the topmost popup, or an empty text.
    pub fn title(&self) -> String {
        match self.app.popups.last() {
            None => String::new(),
            Some(Popup::List(picker, _)) => picker.title.clone(),
            Some(Popup::Text(text)) => text.title.clone(),
            Some(Popup::Page(page)) => page.title.clone(),
            Some(Popup::Search(_)) => "search".to_owned(),
            Some(Popup::Form(form, _)) => form.title.clone(),
            Some(Popup::Compare(compare)) => compare.path().lossy().into_owned(),
            Some(Popup::Version(version)) => version.doc.text.path.lossy().into_owned(),
        }
    }

    /// Returns the labels of the list on top.
    #[track_caller]
    pub fn labels(&self) -> Vec<String> {
        match self.app.popups.last() {
            Some(Popup::List(picker, _)) => {
                picker.shown.iter().map(|shown| picker.entries[shown.index].label.clone()).collect()
            }
            other => panic!("no list: {other:?}"),
        }
    }

    /// Returns the text of the page on top, line by line.
    #[track_caller]
    pub fn page(&self) -> Vec<String> {
        match self.app.popups.last() {
            Some(Popup::Page(page)) => page.lines.iter().map(|(line, _)| line.text()).collect(),
            other => panic!("no page: {other:?}"),
        }
    }
}

/// Returns the slot of an item in the mode stdio.
pub fn stdio(id: &str) -> Slot {
    Slot::in_mode(id, "stdio")
}

/// Returns the slot of an item in the mode http.
pub fn http(id: &str) -> Slot {
    Slot::in_mode(id, "http")
}

/// Returns the event that answers.
pub fn answered(slots: &[Slot], answer: Answer, reason: Option<&str>) -> Event {
    Event::Answered { slots: slots.to_vec(), answer, reason: reason.map(str::to_owned) }
}

#[test]
fn every_action_has_a_test() {
    let all: BTreeSet<&str> = ACTIONS.iter().map(|action| action.id).collect();
    let lists = [
        COVERED,
        app_answers::COVERED,
        app_evidence::COVERED,
        app_move::COVERED,
        app_past::COVERED,
        app_record::COVERED,
        app_search::COVERED,
        coverage::COVERED,
        leads::COVERED,
        reaudit::COVERED,
    ];
    let covered: BTreeSet<&str> = lists.into_iter().flatten().copied().collect();
    assert_eq!(all.difference(&covered).collect::<Vec<_>>(), Vec::<&&str>::new(), "actions without a test");
    assert_eq!(covered.difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new(), "tests without an action");
}

#[test]
fn the_commonest_round() {
    let mut shop = Workshop::new();
    shop.item("auth-4").keys("m");
    // Find the file, select two lines, attach them to the item, answer, go on.
    shop.keys("fauth.ts<cr>gl3<cr>vj");
    let id = shop.app.audit.next_evidence();
    let events = shop.writes("e<cr>");
    let [Event::EvidenceAdded { evidence, .. }, Event::EvidenceAttached { to, .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(touchstone::export::summary(evidence), "src/auth.ts:3-4");
    assert_eq!(*to, [touchstone::model::event::Subject::Item(http("auth-4"))]);
    assert_eq!(shop.said(), format!("{id} backs auth-4 (http)"));
    // The selection is done with, the reader stays where he reads.
    assert_eq!((shop.app.pane, shop.app.doc.as_ref().unwrap().anchor), (Pane::Code, None));
    assert_eq!(shop.writes("y"), [answered(&[http("auth-4")], Answer::Yes, None)]);
    assert_eq!(shop.said(), "auth-4 (http): yes");
    shop.keys("]");
    assert_eq!((shop.app.item.as_str(), shop.app.mode_name()), ("auth-5", Some("http")));
}

#[test]
fn acts_are_undone_and_done_again() {
    let mut shop = Workshop::light();
    shop.item("transport-1");
    let empty = shop.app.audit.now.clone();
    shop.keys("y");
    let full = shop.app.audit.now.clone();
    let seq = shop.app.audit.to_undo().unwrap();
    assert_eq!(shop.writes("u"), [Event::Undone { seq }]);
    assert_eq!(shop.said(), "Undone: transport-1 (stdio): yes");
    assert_eq!(shop.app.audit.now, empty);
    assert_eq!(shop.writes("<c-r>"), [Event::Redone { seq }]);
    assert_eq!(shop.said(), "Done again: transport-1 (stdio): yes");
    assert_eq!(shop.app.audit.now, full);
    assert_eq!(shop.says("<c-r>"), "There is nothing to do again.");
    while shop.app.audit.to_undo().is_some() {
        shop.keys("u");
        shop.same();
    }
    assert_eq!(shop.says("u"), "There is nothing to undo.");
    assert_eq!(shop.app.audit.now, shop.app.audit.as_of(1).now);
    // The modes are undone as well, and answers are for the ones that are left.
    assert_eq!((shop.app.mode, shop.app.mode_name()), (Some(0), None));
    assert_eq!(shop.says("m"), "No mode is declared yet.");
    shop.keys("<c-r>");
    assert_eq!(shop.app.mode_name(), Some("stdio"));
}

#[test]
fn a_mode_that_is_undone_is_answered_for_no_more() {
    let mut shop = Workshop::light();
    shop.keys("m");
    assert_eq!(shop.app.mode_name(), Some("http"));
    shop.keys("u");
    assert_eq!(shop.app.mode_name(), Some("stdio"));
    assert_eq!(shop.says("m"), "Answers are for stdio.");
    shop.keys("<c-r>mm");
    assert_eq!((shop.app.mode, shop.app.mode_name()), (None, None));
    shop.keys("u");
    assert_eq!(shop.app.mode_name(), Some("stdio"));
}

#[test]
fn the_log_tells_what_happened() {
    let mut shop = Workshop::light();
    shop.item("transport-1").keys("yugt");
    assert_eq!(shop.title(), "Log: 0 h 00 min at work");
    let lines = shop.page();
    assert!(lines[0].contains("undid 4") && lines[1].ends_with("transport-1 (stdio): yes (undone)"), "{lines:?}");
    assert!(lines.last().unwrap().contains("opened https://github.com/example/notes-mcp"), "{lines:?}");
    shop.keys("<cr>j<esc>");
    assert!(shop.app.popups.is_empty());
}

#[test]
fn audits_are_listed_and_one_is_chosen() {
    let mut shop = Workshop::light();
    shop.keys("ga");
    assert_eq!(shop.kept, [Effect::Audits]);
    let row = |name: &str| AuditRow { name: name.to_owned(), detail: "…".to_owned() };
    shop.send(Msg::Audits(Ok(vec![row("one"), row("two")])));
    assert_eq!(shop.labels(), ["one", "two"]);
    shop.keys("two<cr>");
    assert_eq!(shop.kept[1..], [Effect::Switch("two".to_owned())]);
    shop.send(Msg::Audits(Err(Error::could_not("The folder cannot be read.").hint("Look at it."))));
    assert_eq!(shop.said(), "The folder cannot be read. Look at it.");
    assert!(shop.app.notice.as_ref().unwrap().error && shop.app.popups.is_empty());
}

#[test]
fn the_program_s_own_keys() {
    let mut shop = Workshop::light();
    assert_eq!(shop.app.preferences.theme, ThemeName::ALL[0]);
    for at in 1..=ThemeName::ALL.len() {
        let theme = ThemeName::ALL[at % ThemeName::ALL.len()];
        assert_eq!(shop.says("gc"), format!("Theme {theme}; `ui.theme` in config.toml keeps it."));
        assert_eq!(shop.app.preferences.theme, theme);
    }
    assert_eq!(shop.says(":mouse<cr>"), "The mouse is on.");
    assert_eq!(shop.says(":mouse<cr>"), "The mouse is off; the terminal selects text again.");
    shop.keys("<c-l><c-z><c-c>");
    let kept = [Effect::Mouse(true), Effect::Mouse(false), Effect::Redraw, Effect::Suspend, Effect::Quit];
    assert_eq!(shop.kept, kept);
    // They work in each popup too, and change nothing there.
    for open in [":", "gn", "F", "gt", "gr", "g/"] {
        shop.kept.clear();
        shop.keys(open).keys("<c-l><c-z><c-c>");
        assert_eq!(shop.kept, [Effect::Redraw, Effect::Suspend, Effect::Quit], "{open}");
        assert_eq!(shop.app.popups.len(), 1, "{open}");
        shop.keys("<esc>");
    }
}

#[test]
fn hints_wait_for_what_they_ask_for() {
    let mut shop = Workshop::light();
    assert!(hint(&shop.app).is_none());
    shop.keys(":hints<cr>");
    let text = |shop: &Workshop| hint(&shop.app).unwrap().text();
    assert!(text(&shop).contains("1/5") && text(&shop).contains("j k"), "{}", text(&shop));
    shop.keys("y");
    assert!(text(&shop).contains("1/5"));
    shop.keys("j");
    assert!(text(&shop).contains("2/5"));
    shop.keys("f<cr>e<esc>n]");
    assert!(hint(&shop.app).is_none());
    // What was pressed before it was asked for is not asked for again.
    assert_eq!(shop.kept, [0, 1, 2, 4, HINTS.len()].map(Effect::Hinted));
    shop.kept.clear();
    shop.keys(":hints<cr>:hints<cr>");
    assert_eq!(shop.kept, [Effect::Hinted(0), Effect::Hinted(HINTS.len())]);
}

#[test]
fn help_lists_every_key_of_a_context() {
    let mut shop = Workshop::light();
    for context in Context::ALL {
        let page = pages::help(&shop.app, context);
        let text: Vec<String> = page.lines.iter().map(|(line, _)| line.text()).collect();
        for action in ACTIONS.iter().filter(|action| action.contexts.contains(&context)) {
            let keys: Vec<String> =
                shop.app.keymap.keys(action.act).iter().map(|keys| touchstone::app::key::spoken(keys)).collect();
            let keys = keys.join("  ");
            let start: String = action.doc.chars().take(20).collect();
            let there = text.iter().any(|line| line.trim_start().starts_with(&keys) && line.contains(&start));
            assert!(there, "{context:?} lacks {}: {text:#?}", action.id);
        }
        for group in Group::ALL {
            let used = ACTIONS.iter().any(|action| {
                action.group == group && action.contexts.iter().any(|one| [context, Context::Always].contains(one))
            });
            assert_eq!(text.iter().any(|line| line == group.title()), used, "{context:?} {group:?}");
        }
    }
    // On the screen, from where it can be asked for.
    shop.keys("?");
    assert_eq!(shop.title(), "Keys: main screen");
    shop.keys("<esc>gt?");
    assert_eq!(shop.title(), "Keys: pages");
    shop.keys("<esc><esc>gr?");
    assert_eq!(shop.title(), "Keys: review");
    shop.keys("q");
    assert_eq!(shop.app.popups.len(), 1);
    shop.keys("q");
    assert!(shop.app.popups.is_empty() && shop.kept.is_empty());
}

/// Everything of the state that an action can change.
fn state(shop: &Workshop) -> String {
    let app = &shop.app;
    let doc = app.doc.as_ref().map(|doc| (&doc.text.path, doc.cursor, doc.top, doc.left, doc.anchor, &doc.found));
    let place = (app.pane, app.zoom, app.shows_files, &app.item, app.item_cursor, app.item_top, app.mode, app.hint);
    let rows = (&app.checklist, &app.tree, &app.lead_at, &app.walk, &app.pattern, &app.last, &app.recent);
    let said = (&app.notice, &app.unsaved, &app.pending, app.preferences.mouse, app.preferences.theme);
    format!(
        "{place:?}\n{rows:?}\n{said:?}\n{doc:?}\n{:?}\n{:?}\n{:?}",
        app.popups,
        shop.kept,
        shop.journal.audit.entries()
    )
}

#[test]
fn the_palette_does_what_the_key_does() {
    let set = |shop: &mut Workshop| {
        shop.item("transport-2");
        shop.keys("fauth.ts<cr>gl4<cr>v<s-down>e<cr>ygl6<cr>/key<cr>gl2<cr>vj3jjjjj");
        shop.kept.clear();
    };
    let (mut keys, mut palette) = (Workshop::light(), Workshop::light());
    for rich in [false, true] {
        if rich {
            set(&mut keys);
            set(&mut palette);
        }
        for action in ACTIONS.iter().filter(|action| action.contexts.contains(&Context::Main)) {
            let Some(key) = action.keys.first() else { continue };
            keys.keys(key);
            palette.keys(&format!(":{}<cr>", action.id));
            assert_eq!(state(&keys), state(&palette), "{} in the {rich} state", action.id);
            for shop in [&mut keys, &mut palette] {
                while !shop.app.popups.is_empty() {
                    shop.keys("<esc>");
                }
            }
        }
    }
    assert!(keys.journal.audit.next_seq() > 12, "the actions did something");
}

#[test]
fn the_palette_lists_every_action_and_says_where_it_works() {
    let mut shop = Workshop::light();
    shop.keys(":");
    assert_eq!(shop.labels().len(), ACTIONS.len());
    shop.keys("<esc>");
    for action in ACTIONS {
        shop.keys(&format!(":{}", action.id));
        let Some(Popup::List(picker, _)) = shop.app.popups.last() else { panic!() };
        assert_eq!(picker.current(), Some(&Value::Act(action.act)), "{}", action.id);
        if action.contexts.iter().any(|context| [Context::Main, Context::Always].contains(context)) {
            shop.keys("<esc>");
        } else {
            let said = shop.says("<cr>");
            let place = action.contexts[0].title().to_lowercase();
            assert!(said.starts_with(action.id) && said.contains(&place), "{}: {said}", action.id);
        }
        assert!(shop.app.popups.is_empty() && shop.kept.is_empty(), "{}", action.id);
    }
}

#[test]
fn a_mistyped_pair_does_nothing() {
    let mut shop = Workshop::light();
    shop.item("transport-2");
    let g = Key::parse_all("g").unwrap()[0];
    let mut keys: Vec<String> = (' '..='~').map(|c| if c == '<' { "<lt>".to_owned() } else { c.to_string() }).collect();
    keys.extend(["<cr>", "<esc>", "<tab>", "<s-down>", "<c-d>", "<c-r>", "<bs>", "<f1>", "ä"].map(str::to_owned));
    let before = state(&shop);
    let mut dropped = 0;
    for key in keys {
        let second = Key::parse_all(&key).unwrap()[0];
        if shop.app.keymap.meaning(&[Context::Main, Context::Always], &[g, second]) != Meaning::Nothing {
            continue;
        }
        let said = shop.says(&format!("g{key}"));
        assert!(said.ends_with("does nothing here; ? shows the keys."), "g{key}: {said}");
        shop.app.notice = None;
        assert_eq!(state(&shop), before, "g{key}");
        dropped += 1;
    }
    assert!(dropped > 70, "{dropped}");
    // The click of a mouse or a paste between the two breaks the pair.
    shop.keys("g");
    shop.send(Msg::Paste("x".to_owned()));
    assert!(shop.app.pending.is_empty());
}

#[test]
fn pasted_text_is_no_command() {
    let mut shop = Workshop::light();
    shop.item("transport-1");
    let before = state(&shop);
    for text in ["y", "n\n", "ynpaw\r\ny", ":quit\n", "\u{1b}[200~y", ""] {
        shop.send(Msg::Paste(text.to_owned()));
        assert_eq!(shop.said(), "Pasted text is taken only where text is written.");
        shop.app.notice = None;
        assert_eq!(state(&shop), before, "{text:?}");
    }
    // Nor on a page.
    shop.keys("gt");
    shop.send(Msg::Paste("q\n".to_owned()));
    assert_eq!(shop.app.popups.len(), 1);
    // Where text is written it is text; line ends do not accept.
    shop.keys("<esc>gn");
    shop.send(Msg::Paste("one\r\ntwo\n".to_owned()));
    assert_eq!(shop.app.popups.len(), 1);
    assert_eq!(shop.writes("<cr>"), [Event::Noted { slot: None, text: "one\ntwo".to_owned() }]);
}

#[test]
fn keys_do_nothing_on_a_screen_that_is_too_small() {
    let mut shop = Workshop::light();
    shop.item("transport-1");
    shop.send(Msg::Resize(40, 10));
    let before = state(&shop);
    for action in ACTIONS {
        for key in action.keys {
            shop.keys(key);
            assert!(shop.app.popups.is_empty(), "{}", action.id);
        }
    }
    assert_eq!(shop.kept, [Effect::Redraw, Effect::Suspend, Effect::Quit]);
    shop.kept.clear();
    shop.send(Msg::Paste("y".to_owned()));
    assert_eq!(state(&shop), before);
    // Nor is anything typed that nobody sees.
    shop.send(Msg::Resize(120, 40));
    shop.keys("gn");
    shop.send(Msg::Resize(40, 10));
    shop.keys("text<cr>");
    shop.send(Msg::Paste("text".to_owned()));
    shop.send(Msg::Resize(120, 40));
    assert_eq!(shop.says("<cr>"), "The note is as it was.");
}

/// Opens another workbench on the same audit, which cannot be written for a reason.
fn open(shop: &Workshop, read_only: Option<&str>) -> App {
    let (app, _) = App::new(Start {
        audit: shop.journal.audit.clone(),
        files: shop.app.files.clone(),
        cut: None,
        keymap: Keymap::default(),
        preferences: Preferences::default(),
        size: (120, 40),
        place: None,
        hint: None,
        read_only: read_only.map(str::to_owned),
    });
    app
}

#[test]
fn what_cannot_be_written_is_refused_with_the_reason() {
    let mut shop = Workshop::light();
    shop.item("transport-1").keys("yu");
    let mut app = open(&shop, Some("another workbench has it open."));
    assert!(app.is_read_only());
    let press = |app: &mut App, keys: &str| -> Vec<Effect> {
        Key::parse_all(keys).unwrap().into_iter().flat_map(|key| app.update(Msg::Key(key))).collect()
    };
    assert!(app.checklist.show("transport-1"));
    press(&mut app, "1");
    for keys in ["y", "n", "u", "<c-r>", "gx", "gm", "gn", "Ftitle<c-s>", "N", "e<cr>"] {
        let effects = press(&mut app, keys);
        let writes =
            |effect: &Effect| matches!(effect, Effect::Act(_) | Effect::Undo | Effect::Redo | Effect::Export(_));
        assert!(!effects.iter().any(writes), "{keys}: {effects:?}");
        if !keys.starts_with('e') {
            let notice = app.notice.clone().unwrap();
            assert_eq!(notice.text, "Nothing can be changed here: another workbench has it open.", "{keys}");
        }
        app.popups.clear();
    }
    assert_eq!(app.last, None);
}

#[test]
fn what_could_not_be_written_comes_back() {
    let shop = Workshop::light();
    let mut app = open(&shop, None);
    for key in Key::parse_all("gnA long note<cr>").unwrap() {
        app.update(Msg::Key(key));
    }
    assert!(app.popups.is_empty());
    app.update(Msg::Acted(Err(Error::could_not("The disk is full."))));
    assert_eq!(app.unsaved.as_deref(), Some("The disk is full."));
    let Some(Popup::Text(text)) = app.popups.last() else { panic!("{:?}", app.popups) };
    assert_eq!(text.field.text(), "A long note");
}

#[test]
fn what_an_act_uses_up_is_there_again_where_it_is_not_written() {
    let mut shop = Workshop::light();
    shop.item("transport-1").code("src/auth.ts", 4).keys("vje");
    let press = |app: &mut App, keys: &str| {
        for key in Key::parse_all(keys).unwrap() {
            app.update(Msg::Key(key));
        }
    };
    let full = || Msg::Acted(Err(Error::could_not("The disk is full.")));
    press(&mut shop.app, "<c-t><cr>");
    shop.app.update(full());
    assert_eq!((shop.title().as_str(), shop.app.recent.len()), ("Attach src/auth.ts:4-5 to", 0));
    let Some(Popup::List(_, Purpose::Attach(take))) = shop.app.popups.last() else { panic!() };
    assert_ne!(take.reachability, Reachability::NotKnown);
    press(&mut shop.app, "<esc>");
    assert_eq!(shop.app.doc.as_ref().unwrap().lines(), (3, 4), "the lines are still selected");
    press(&mut shop.app, "<esc>y");
    shop.app.update(full());
    assert_eq!(shop.app.last, None, "what was not written is not given again");
}

#[test]
fn quitting_asks_before_it_throws_something_away() {
    let mut shop = Workshop::light();
    shop.keys("FA title<c-c>");
    assert!(shop.kept.is_empty() && shop.said().contains("not saved yet"), "{}", shop.said());
    shop.keys("x<c-c>");
    assert!(shop.kept.is_empty(), "it was written on");
    shop.keys("<c-c>");
    assert_eq!(shop.kept, [Effect::Quit]);
    let mut shop = Workshop::light();
    shop.keys("f<c-c>");
    assert_eq!(shop.kept, [Effect::Quit], "letters that look for a file are no loss");
}

#[test]
fn what_a_budget_left_out_is_said() {
    let shop = Workshop::light();
    let mut app = open(&shop, None);
    assert_eq!(app.notice, None);
    app.cut = Some("The tree has more than 9 entries; the rest is cut.".to_owned());
    let (mut app, _) = App::new(Start {
        audit: app.audit,
        files: app.files,
        cut: app.cut,
        keymap: app.keymap,
        preferences: app.preferences,
        size: app.size,
        place: None,
        hint: None,
        read_only: None,
    });
    assert_eq!(app.notice.clone().unwrap().text, "The tree has more than 9 entries; the rest is cut.");
    app.update(Msg::Key(Key::parse_all("t").unwrap()[0]));
    let frame = touchstone::shell::workbench::headless::draw(&app);
    let top: String = (0..40).map(|column| frame[(column, 1)].symbol()).collect();
    assert!(top.contains(" files, cut"), "{top}");
}

#[test]
fn keys_can_be_others() {
    let changes =
        BTreeMap::from([("answer-yes".to_owned(), vec!["<f2>".to_owned()]), ("answer-no".to_owned(), Vec::new())]);
    let keymap = Keymap::with(&changes).unwrap();
    let mut shop = Workshop::with(Desk::light(&["stdio"]), 120, 40, Preferences::default(), keymap, None);
    shop.item("transport-1");
    assert_eq!(shop.says("y"), "y does nothing here; ? shows the keys.");
    assert_eq!(shop.says("n"), "n does nothing here; ? shows the keys.");
    assert_eq!(shop.writes("<f2>"), [answered(&[stdio("transport-1")], Answer::Yes, None)]);
    // What has no key is still in the palette.
    assert_eq!(shop.writes(":answer-no<cr>"), [answered(&[stdio("transport-1")], Answer::No, None)]);
    assert_eq!(shop.app.keymap.key(Act::No), None);
}

#[test]
fn the_reader_finds_everything_where_it_was() {
    let mut shop = Workshop::light();
    shop.item("auth-3").keys("mm").code("src/index.ts", 13);
    shop.keys("sS3");
    let place = shop.app.place();
    let before = (shop.app.pane, shop.app.item.clone(), shop.app.mode, shop.at());
    let desk = shop.close();
    let mut shop = Workshop::with(desk, 120, 40, Preferences::default(), Keymap::default(), Some(place.clone()));
    assert_eq!((shop.app.pane, shop.app.item.clone(), shop.app.mode, shop.at()), before);
    assert!(shop.app.checklist.by_file && shop.app.checklist.sweep);
    assert_eq!(shop.app.place(), place);
    shop.keys("sS1gg").keys("jht");
    let place = shop.app.place();
    assert_eq!(shop.app.item, "transport");
    // A place of another time, or none at all, is no harm.
    let mut desk = shop.close();
    for (place, item) in [
        (place, ("transport", None)),
        (r#"{"item":"gone","mode":9,"file":"gone","line":99}"#.to_owned(), ("auth_scheme", Some(0))),
        (r#"{"item":"auth-2","mode":9}"#.to_owned(), ("auth-2", Some(0))),
        (r#"{"file":"src/db.ts","line":99}"#.to_owned(), ("auth_scheme", Some(0))),
        ("no place".to_owned(), ("auth_scheme", Some(0))),
    ] {
        let shop = Workshop::with(desk, 120, 40, Preferences::default(), Keymap::default(), Some(place.clone()));
        assert_eq!((shop.app.item.as_str(), shop.app.mode), item, "{place}");
        shop.frame();
        desk = shop.close();
    }
}
