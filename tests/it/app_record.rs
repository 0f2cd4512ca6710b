//! Findings, the review, the export; forms.

use std::path::PathBuf;

use touchstone::app::form::Form;
use touchstone::app::msg::{Effect, ExportWanted, Exported, Msg};
use touchstone::app::popup::{Filling, Go, Popup};
use touchstone::error::Error;
use touchstone::model::event::{Event, EvidenceId, FindingId, Subject};
use touchstone::model::evidence::Kind;
use touchstone::model::finding::{Finding, Severity};

use crate::app_keys::stdio;
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] =
    &["finding", "findings", "review", "export", "next-field", "previous-field", "pick", "withdraw", "save", "cancel"];

const F1: FindingId = FindingId(1);

#[track_caller]
fn form(shop: &Workshop) -> &Form {
    match shop.app.popups.last() {
        Some(Popup::Form(form, _)) => form,
        other => panic!("no form: {other:?}"),
    }
}

/// Goes to a field of the form on top.
#[track_caller]
fn field(shop: &mut Workshop, id: &str) {
    let count = form(shop).fields.len();
    for _ in 0..count {
        if form(shop).fields[form(shop).at].id == id {
            return;
        }
        shop.keys("<tab>");
    }
    panic!("no field {id}");
}

#[track_caller]
fn wrong(shop: &Workshop) -> String {
    form(shop).wrong.clone().unwrap_or_default()
}

#[test]
fn a_finding_is_prefilled_written_and_edited() {
    let mut shop = Workshop::light();
    shop.item("input-1").code("src/index.ts", 12).keys("e<c-t><cr>F");
    assert_eq!(shop.title(), "New finding");
    assert_eq!(
        (form(&shop).text("items").as_str(), form(&shop).text("description").as_str()),
        ("input-1", "See src/index.ts:12.")
    );
    assert_eq!(form(&shop).text("severity"), "medium");
    assert_ne!(form(&shop).text("reach"), "not_known");
    let cwe = shop.app.audit.standard.item("input-1").unwrap().1.refs["cwe"].join(" ");
    assert_eq!(form(&shop).text("cwe"), cwe);
    shop.keys("Shell <string><tab>h<tab>".replace("<string>", "text").as_str());
    let events = shop.writes("<c-s>");
    let [Event::FindingSet { id: F1, finding }, Event::EvidenceAttached { id: EvidenceId(1), to }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((finding.title.as_str(), finding.severity), ("Shell text", Severity::High));
    assert_eq!(*to, [Subject::Finding(F1)]);
    assert_eq!(shop.said(), "F1 is written");
    // It is on the list and opens for editing.
    shop.keys("gf");
    assert_eq!(shop.labels()[1], "F1 high Shell text");
    shop.keys("<down><cr>");
    assert_eq!(shop.title(), "Finding F1");
    assert_eq!(shop.says("<c-s>"), "Nothing was changed.");
    shop.keys("gf<down><cr> too");
    let events = shop.writes("<c-s>");
    assert!(matches!(events.as_slice(), [Event::FindingSet { id: F1, finding }] if finding.title == "Shell text too"));
    // A new one from the list, on this item.
    shop.keys("gf<cr>");
    assert_eq!((shop.title().as_str(), form(&shop).text("items").as_str()), ("New finding", "input-1"));
    shop.keys("<esc>");
    assert!(shop.app.popups.is_empty(), "nothing was typed, so one key closes it");
}

#[test]
fn bad_values_are_refused_and_nothing_is_lost() {
    let mut shop = Workshop::light();
    shop.item("input-1").keys("F");
    for (id, bad, says, good) in [
        ("title", "", "title", "Title"),
        ("items", " nope-1", "The standard has no item `nope-1`.", ""),
        ("cwe", " CWE-x", "`CWE-X` is not a CWE", ""),
        ("disclosure", "soon", "Disclosure", "public"),
    ] {
        field(&mut shop, id);
        let before = form(&shop).text(id);
        shop.keys(bad);
        shop.says("<c-s>");
        assert!(wrong(&shop).contains(says), "{id}: {}", wrong(&shop));
        assert_eq!(form(&shop).text(id), format!("{before}{bad}"));
        for _ in bad.chars() {
            shop.keys("<bs>");
        }
        shop.keys(good);
        assert_eq!(wrong(&shop), "");
    }
    field(&mut shop, "items");
    shop.keys(" nope-1<c-s>");
    assert!(!wrong(&shop).is_empty());
    // What is wrong does not make one Escape throw everything away.
    shop.keys("<esc>");
    assert_eq!(wrong(&shop), "Not saved yet: Esc again throws it away.");
    shop.send(Msg::Paste(" ".to_owned()));
    shop.keys("<esc>");
    assert_eq!(wrong(&shop), "Not saved yet: Esc again throws it away.");
    assert_eq!(shop.says("<esc>"), "");
    assert!(shop.app.popups.is_empty());
    // Moving about in a form is no change.
    shop.keys("F<tab><tab><s-tab><down><up><left><esc>");
    assert!(shop.app.popups.len() == 1 || shop.app.popups.is_empty());
}

#[test]
fn fields_are_walked_through() {
    let mut shop = Workshop::light();
    shop.item("input-1").keys("F");
    let at = |shop: &Workshop| form(shop).fields[form(shop).at].id;
    for (keys, id) in
        [("<tab>", "severity"), ("<down>", "items"), ("<s-tab>", "severity"), ("<up>", "title"), ("<cr>", "severity")]
    {
        shop.keys(keys);
        assert_eq!(at(&shop), id, "{keys}");
    }
    shop.keys("<s-tab><s-tab>");
    assert_eq!(at(&shop), "notes", "around the start");
    // In a long field Enter starts a line.
    shop.keys("one<cr>two<c-s>");
    assert_eq!(form(&shop).text("notes"), "one\ntwo");
    shop.keys("<tab>Title");
    let events = shop.writes("<c-s>");
    assert!(matches!(&events[0], Event::FindingSet { finding, .. } if finding.notes == "one\ntwo"));
    // Long fields of several steps are lists.
    shop.keys("gf<down><cr>");
    field(&mut shop, "reproduction");
    shop.keys("a<cr><cr>b");
    let events = shop.writes("<c-s>");
    assert!(matches!(&events[0], Event::FindingSet { finding, .. } if finding.reproduction == ["a", "b"]));
}

#[test]
fn the_evidence_of_a_finding_is_picked() {
    let mut shop = Workshop::light();
    shop.item("input-1").keys("F");
    assert_eq!(shop.says("<c-e>"), "There is no evidence yet.");
    shop.keys("<esc>").code("src/index.ts", 12).keys("e<cr>jeinbox<cr>FTitle<c-e>");
    assert_eq!(shop.title(), "Evidence of the finding");
    let picked = |shop: &Workshop| match shop.app.popups.last() {
        Some(Popup::Form(_, Filling::Finding { evidence, .. })) => evidence.clone(),
        other => panic!("{other:?}"),
    };
    shop.keys("<esc>");
    assert_eq!(picked(&shop), [EvidenceId(1)]);
    shop.keys("<c-e><space><space><cr>");
    assert_eq!(picked(&shop), [EvidenceId(2)]);
    let events = shop.writes("<c-s>");
    assert_eq!(events[1..], [Event::EvidenceAttached { id: EvidenceId(2), to: vec![Subject::Finding(F1)] }]);
    // All unmarked is none.
    shop.keys("gf<down><cr><c-e><c-a><c-a><cr>");
    assert_eq!(picked(&shop), []);
    assert_eq!(shop.writes("<c-s>"), [Event::EvidenceDetached { id: EvidenceId(2), from: vec![Subject::Finding(F1)] }]);
}

#[test]
fn the_tree_shows_which_findings_a_file_has() {
    let mut shop = Workshop::light();
    shop.item("input-1").code("src/index.ts", 12).keys("e<cr>FOne<c-s>t");
    let row = |shop: &Workshop| -> String {
        let list = shop.screen().lines().map(|row| row.chars().take(30).collect()).collect::<Vec<String>>();
        list.into_iter().find(|row| row.contains("index.ts")).unwrap()
    };
    assert!(row(&shop).contains("F1 ▌1"), "{}", row(&shop));
    shop.keys("gf<down><cr><c-x>mistaken<cr>");
    assert!(!row(&shop).contains("F1") && row(&shop).contains("▌1"), "a withdrawn one is none: {}", row(&shop));
}

#[test]
fn a_finding_is_withdrawn() {
    let mut shop = Workshop::light();
    shop.item("input-1").keys("F<c-x>");
    assert_eq!(wrong(&shop), "This finding is not written yet; there is nothing to withdraw.");
    shop.keys("Title<c-s>gf<down><cr>x<c-x>");
    assert_eq!(wrong(&shop), "Something was changed here: save it first, or close the form.");
    shop.keys("<esc><esc>gf<down><cr><c-x>");
    assert_eq!(shop.title(), "Why F1 is withdrawn as mistaken");
    assert_eq!(shop.says("<cr>"), "A withdrawal needs a reason.");
    shop.keys("<esc>");
    assert_eq!(shop.title(), "Finding F1", "the form is still there");
    assert_eq!(shop.writes("<c-x>No shell<cr>"), [Event::FindingWithdrawn { id: F1, reason: "No shell".to_owned() }]);
    assert_eq!((shop.said().as_str(), shop.app.popups.len()), ("F1 is withdrawn", 0));
    shop.keys("gf<down><cr><c-x>");
    assert_eq!(wrong(&shop), "F1 is withdrawn already.");
}

#[test]
fn the_review_leads_to_what_is_missing() {
    let mut shop = Workshop::light();
    shop.item("transport-1").keys("y").item("transport-2").keys("yRread<cr>");
    shop.item("input-1").code("src/index.ts", 12).keys("e<cr>nFBad<tab>c<c-s>gr");
    assert!(shop.title().starts_with("Review: score"), "{}", shop.title());
    let rows = |shop: &Workshop| match shop.app.popups.last() {
        Some(Popup::Page(page)) => page.lines.clone(),
        other => panic!("{other:?}"),
    };
    let text: Vec<String> = shop.page();
    let has = |start: &str| text.iter().any(|line| line.starts_with(start));
    assert!(has("  unsupported  transport-1 (stdio)") && has("  open         auth_scheme (stdio)"), "{text:#?}");
    assert!(has("  reason only  transport-2 (stdio)"), "{text:#?}");
    assert!(has("  F1 critical: no decision on its disclosure"), "{text:#?}");
    assert!(has("Every piece holds at the pin"), "{text:#?}");
    for (at, (line, go)) in rows(&shop).iter().enumerate().filter(|(at, _)| at % 7 < 2 || *at < 8) {
        let Some(Go::Slot(slot)) = go else { continue };
        shop.app.popups.clear();
        shop.keys("gr");
        let Some(Popup::Page(page)) = shop.app.popups.last_mut() else { panic!() };
        page.cursor = at;
        shop.keys("<cr>");
        assert!(shop.app.popups.is_empty());
        assert_eq!(shop.app.item, slot.id, "{}", line.text());
        if let Some(mode) = &slot.mode {
            assert!(shop.app.mode_name().is_none_or(|now| now == mode));
        }
    }
    // A finding opens over it; once it is saved, the review shows what it has now.
    shop.keys("gr");
    let at = rows(&shop).iter().position(|(_, go)| *go == Some(Go::Finding(F1))).unwrap();
    let Some(Popup::Page(page)) = shop.app.popups.last_mut() else { panic!() };
    page.cursor = at;
    shop.keys("<cr>");
    assert_eq!(shop.title(), "Finding F1");
    field(&mut shop, "disclosure");
    shop.writes("public<c-s>");
    assert!(shop.title().starts_with("Review") && !shop.page().iter().any(|line| line.contains("disclosure")));
    // Not a piece of evidence under the cursor.
    shop.keys("gg");
    assert_eq!(shop.says("X"), "Put the cursor on a piece of evidence.");
}

#[test]
fn a_text_is_kept_out_from_the_review() {
    let mut shop = Workshop::light();
    shop.item("input-1").code("src/index.ts", 12).keys("e<cr>");
    // A piece that is kept out, and another one that shows the same line.
    shop.keys("3");
    let rows = touchstone::app::item::rows(&shop.app, shop.app.item_width());
    let place = |row: &touchstone::app::item::Row| matches!(row.target, touchstone::app::item::Target::Place(..));
    shop.app.item_cursor = rows.iter().position(place).unwrap();
    shop.writes("Xa key<cr>");
    shop.code("src/index.ts", 11).keys("vje<cr>gr");
    let Some(Popup::Page(page)) = shop.app.popups.last_mut() else { panic!() };
    let at = page.lines.iter().position(|(_, go)| *go == Some(Go::Piece(EvidenceId(2)))).unwrap();
    assert!(page.lines[at].0.text().contains("shows lines that E1 redacts (X keeps its text out)"));
    page.cursor = at;
    assert_eq!(shop.writes("Xthe same<cr>"), [Event::Redacted { id: EvidenceId(2), reason: "the same".to_owned() }]);
    // The review is still there, and has nothing to say against it any more.
    assert!(shop.page().iter().any(|line| line.starts_with("Every piece holds at the pin")), "{:#?}", shop.page());
}

#[test]
fn the_export_is_asked_for() {
    let mut shop = Workshop::light();
    shop.keys("gr").keys("gx");
    assert_eq!((shop.title().as_str(), shop.app.popups.len()), ("Export a record", 1));
    shop.says("<c-s>");
    assert_eq!(wrong(&shop), "Say where the audit database is.");
    shop.keys("/tmp/db<c-s>");
    assert_eq!(wrong(&shop), "Say which key signs, or choose not to sign.");
    field(&mut shop, "key");
    shop.keys("/k.pub");
    field(&mut shop, "partial");
    shop.keys("y");
    assert_eq!(shop.says("<c-s>"), "");
    let wanted = ExportWanted {
        db: PathBuf::from("/tmp/db"),
        key: Some(PathBuf::from("/k.pub")),
        partial: true,
        secrets_reviewed: false,
    };
    assert_eq!(shop.kept, [Effect::Export(wanted.clone())]);
    // What failed is told in full, and the fields are there again.
    shop.send(Msg::Exported(Err(Error::usage("2 items are open.").hint("Answer them.").hint("Pass --partial."))));
    assert_eq!(
        (shop.title().as_str(), shop.page()),
        ("Nothing was exported", vec!["2 items are open.".to_owned(), "Answer them.".to_owned()])
    );
    shop.keys("<esc>");
    assert_eq!((form(&shop).text("db").as_str(), form(&shop).text("partial").as_str()), ("/tmp/db", "yes"));
    // Unsigned, with what looks like a secret.
    field(&mut shop, "sign");
    shop.keys("n<tab><tab>n<tab>y");
    shop.kept.clear();
    shop.keys("<c-s>");
    assert_eq!(
        shop.kept,
        [Effect::Export(ExportWanted { key: None, partial: false, secrets_reviewed: true, ..wanted })]
    );
    let exported = Exported { audit_id: "jo-1".to_owned(), said: vec!["Written.".to_owned()], entries: Vec::new() };
    shop.send(Msg::Exported(Ok(exported)));
    assert_eq!((shop.title().as_str(), shop.page()), ("jo-1", vec!["Written.".to_owned()]));
    shop.keys("<esc>");
    assert!(shop.app.popups.is_empty(), "the form is done with");
    // What was exported with is what is offered next time.
    shop.keys("gx");
    assert_eq!((form(&shop).text("db").as_str(), form(&shop).text("key").as_str()), ("/tmp/db", ""));
    shop.keys("<esc>");
    assert!(shop.app.popups.is_empty());
}

#[test]
fn a_finding_takes_the_selected_lines() {
    let mut shop = Workshop::light();
    shop.item("input-1").code("src/index.ts", 12).keys("vjF");
    assert_eq!(form(&shop).text("description"), "See src/index.ts:12-13.");
    let events = shop.keys("Title").writes("<c-s>");
    assert!(matches!(&events[0], Event::FindingSet { id: F1, .. }), "{events:?}");
    let Event::EvidenceAdded { id: EvidenceId(1), evidence } = &events[1] else { panic!("{events:?}") };
    let Kind::Code { regions } = &evidence.kind else { panic!("{evidence:?}") };
    assert_eq!((regions[0].first, regions[0].last), (12, 13));
    assert_eq!(events[2..], [Event::EvidenceAttached { id: EvidenceId(1), to: vec![Subject::Finding(F1)] }]);
    assert_eq!(shop.app.doc.as_ref().unwrap().anchor, None, "the selection is used");
    // Lines that are evidence already keep their number, and are attached once.
    shop.keys("e<cr>").code("src/index.ts", 12).keys("vjFAgain");
    let events = shop.writes("<c-s>");
    assert!(matches!(&events[0], Event::FindingSet { .. }) && events.len() >= 2, "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::EvidenceAdded { .. })), "{events:?}");
}

#[test]
fn a_finding_needs_no_item() {
    let mut shop = Workshop::light();
    shop.item("auth_scheme").keys("FTitle");
    assert_eq!(form(&shop).text("items"), "");
    let events = shop.writes("<c-s>");
    let Event::FindingSet { finding, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(finding.items, Vec::<String>::new());
    assert_eq!(finding.title, Finding::new("Title", Severity::Medium).title);
    assert!(!shop.app.audit.now.facts.contains_key(&stdio("auth_scheme")));
}
