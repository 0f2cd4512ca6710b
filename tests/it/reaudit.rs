//! A new audit at a newer pin: the list, what is reopened and what is carried, the record's labels, the workbench's page.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use git2::Oid;
use serde_json::Value;
use touchstone::app::Pane;
use touchstone::app::action::Context;
use touchstone::app::msg::Msg;
use touchstone::app::popup::Popup;
use touchstone::auditdb::{Folder, Options, RECORD_FILE, SUMS_FILE, sums, verify};
use touchstone::journal::{Store, View};
use touchstone::model::carry::{Before, Fate};
use touchstone::model::event::{Event, EvidenceId, FindingId, Subject};
use touchstone::model::score::Slot;

use crate::repo_fixture::{FILE, Item, own};
use crate::support::{AUTH, DB, Desk, INDEX, fails, succeeds};
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] = &["carried", "confirm", "take-place", "go-reopened"];

const LATER: &str = "2026-03-01T12:00:00Z";

/// Commits files after another commit, as HEAD.
fn commit(desk: &Desk, files: &[(&str, &str)], parents: &[Oid]) -> Oid {
    let git = &desk.git;
    let items: Vec<Item<'_>> = files.iter().map(|(path, text)| (path.as_bytes(), FILE, git.blob(text))).collect();
    let commit = git.commit(git.tree(&items), parents, 1_770_000_000);
    git.main(commit);
    commit
}

/// The files of the next commit: `index.ts` is pushed down, `auth.ts` edited, `db.ts` deleted.
fn next(desk: &Desk) -> Oid {
    let index = format!("// The server.\n// Start here.\n{INDEX}");
    let auth = AUTH.replace("if (!API_KEY) {", "if (API_KEY === undefined) {");
    commit(desk, &[("README.md", "# notes\n"), ("src/auth.ts", &auth), ("src/index.ts", &index)], &[desk.commit])
}

/// A finished audit of every kind of evidence.
fn audited() -> Desk {
    let desk = Desk::new();
    let standard = desk.file("standard.toml", include_str!("data/standards/vendor_ok.toml"));
    desk.ok(["open", "--auditor", "jo", "--standard", standard.to_str().unwrap(), "--mode", "stdio"]);
    desk.ok(["fact", "scheme", "key", "--mode", "stdio", "--evidence", "src/index.ts:17-19"]);
    desk.ok(["answer", "login-1", "yes", "--evidence", "src/index.ts:9-9"]);
    desk.ok(["evidence", "attach", "E1", "login-1"]);
    desk.ok(["answer", "login-2", "no", "--search", "default.?password"]);
    desk.ok(["answer", "login-3", "no", "--evidence", "src/auth.ts:6-9", "--note", "Nobody hears of it."]);
    desk.ok(["answer", "updates-1", "unknown", "--reason", "Nobody said.", "--path-glob", "**/renovate.json"]);
    let output = desk.file("output", "2 packages are out of date\n");
    desk.ok(["answer", "updates-2", "no", "--observed", output.to_str().unwrap(), "--command", "npm outdated"]);
    let finding = ["finding", "add", "--title", "Notes are read", "--severity", "medium", "--item", "login-1"];
    desk.ok(finding.iter().chain(&["--summary", "All of them.", "--evidence", "src/db.ts:5-7"]));
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk
}

/// Takes an audit that is finished to its next commit, and returns the new audit's name.
fn reaudited(desk: &Desk) -> String {
    let older = desk.audit();
    next(desk);
    let report = desk.json(["reaudit", &older, "--to", "HEAD"]);
    report["audit"].as_str().unwrap().to_owned()
}

fn view(desk: &Desk, name: &str) -> View {
    Store::new(&desk.dir().join("data/touchstone")).view(name).unwrap()
}

fn states(report: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().iter().map(text).collect();
    let rows = report["evidence"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["id"]), text(&row["state"]), list(&row["reopens"]))).collect()
}

#[test]
fn the_list_names_what_became_of_each_piece_and_what_it_reopens() {
    let desk = audited();
    let (older, before) = (desk.audit(), desk.journal());
    let to = next(&desk);
    let report = desk.json(["reaudit", &older, "--to", "HEAD", "--dry-run"]);
    assert_eq!((desk.audit(), desk.journal()), (older.clone(), before), "a dry run writes nothing");
    assert_eq!(report["schema"], "touchstone.reaudit/1");
    let none: Vec<String> = Vec::new();
    let wanted = [
        ("E1", "moved", none.clone()),
        ("E2", "moved", none.clone()),
        ("E3", "same_result", none.clone()),
        ("E4", "edited", vec!["login-3 (stdio)".to_owned()]),
        ("E5", "same_result", none.clone()),
        ("E6", "not_checked", none),
        ("E7", "gone", vec!["F1".to_owned()]),
    ]
    .map(|(id, state, reopens)| (id.to_owned(), state.to_owned(), reopens));
    assert_eq!(states(&report), wanted);
    assert_eq!(report["evidence"][0]["regions"][0]["to"]["first"], 19);
    assert_eq!(report["reopened"], serde_json::json!(["login-3 (stdio)", "F1"]));
    assert_eq!((&report["carried"], &report["audit"], &report["proposed"]), (&5.into(), &Value::Null, &false.into()));
    let text = desk.ok(["reaudit", &older, "--to", &own(to).to_string()]);
    insta::assert_snapshot!("list", text);
    let audit = View::open(&desk.audits().join(format!("notes-mcp-{}-jo", own(to).short()))).unwrap().audit;
    let now = &audit.now;
    let slot = Slot::in_mode("login-3", "stdio");
    assert!(!now.answers.contains_key(&slot) && now.answers.len() == 4 && now.facts.len() == 1);
    let carry = &now.carried[&Subject::Item(slot.clone())];
    assert!(matches!(&carry.before, Before::Answer(answer, None) if answer.word() == "no"));
    assert_eq!(carry.reopened_by, [EvidenceId(4)]);
    assert_eq!(now.notes[&Some(slot)], "Nobody hears of it.");
    // What does not hold is no evidence, and its number is not given to another piece.
    assert_eq!(now.evidence.keys().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
    assert_eq!((audit.next_evidence(), audit.next_finding()), (EvidenceId(8), FindingId(2)));
    assert_eq!(now.evidence[&EvidenceId(1)].carried.as_ref().unwrap().fate, Fate::Moved);
    assert_eq!(audit.to_undo(), None, "nobody undoes what was taken over");
}

#[test]
fn status_counts_what_is_reopened_and_carried() {
    let desk = audited();
    let name = reaudited(&desk);
    let text = desk.ok(["status", "--audit", &name]);
    assert!(text.contains("2 reopened, 5 carried"), "{text}");
    assert!(text.contains("reopened 2: ") && text.contains("goes on from notes-mcp-"), "{text}");
    let status = desk.json(["status", "--audit", &name]);
    assert_eq!(status["open_items"].as_array().unwrap().len(), 1);
    assert_eq!(status["unconfirmed"], serde_json::json!(["F1"]));
    // An audit without a parent says nothing of it.
    let alone = Desk::open(&["stdio"]).ok(["status"]);
    assert!(!alone.contains("carried"), "{alone}");
    desk.ok(["--audit", &name, "answer", "login-1", "yes"]);
    let status = desk.json(["status", "--audit", &name]);
    assert!(!status["carried"].as_array().unwrap().iter().any(|one| one == "login-1 (stdio)"), "{status}");
}

#[test]
fn running_it_again_takes_the_same_one_up_again() {
    let desk = audited();
    let older = desk.audit();
    let name = reaudited(&desk);
    let text = desk.ok(["reaudit", &older, "--to", "HEAD"]);
    assert!(text.starts_with(&format!("{name} was started from {older} by jo")), "{text}");
    assert!(!text.contains("note:"), "{text}");
    let audits = || std::fs::read_dir(desk.audits()).unwrap().count();
    assert_eq!(audits(), 2);
    // The older one goes on; the newer one keeps what it started from.
    desk.ok(["--audit", &older, "note", "audit", "More."]);
    let text = desk.ok(["reaudit", &older, "--to", "HEAD"]);
    assert!(text.contains("note: The older audit went on since"), "{text}");
    let again = desk.json(["reaudit", &older, "--to", "HEAD", "--new"]);
    assert_eq!((again["takenUpAgain"].as_bool(), audits()), (Some(false), 3));
}

#[test]
fn a_final_export_waits_for_what_was_reopened_and_labels_what_was_carried() {
    let desk = audited();
    let name = reaudited(&desk);
    let export = ["--audit", &name, "export", "--db", "../db", "--unsigned"];
    let said = desk.fails(export, 1);
    assert!(said.contains("Open: login-3 (stdio).") && said.contains("Carried and not confirmed: F1."), "{said}");
    desk.ok(["--audit", &name, "answer", "login-3", "yes", "--evidence", "src/auth.ts:6-9"]);
    desk.ok(["--audit", &name, "finding", "withdraw", "F1", "--reason", "The database is gone."]);
    desk.ok(["--audit", &name, "answer", "login-1", "yes"]);
    let folder = exported(&desk, &export);
    let record = &statement(&folder)["predicate"];
    let older = own(desk.commit).to_string();
    assert_eq!((record["parent"]["commit"].as_str(), record["parent"]["login"].as_str()), (Some(&*older), Some("jo")));
    assert_eq!(record["parent"]["source"]["kind"], "journal");
    let carried = |kind: &str| -> Vec<String> {
        let rows = record[kind].as_array().unwrap().iter();
        rows.filter(|row| row["carried"] == true)
            .map(|row| row["slot"]["item"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(carried("items").len(), 3, "{}", record["items"]);
    let e1 = record["evidence"].as_array().unwrap().iter().find(|row| row["id"] == "E1").unwrap();
    assert_eq!((e1["carried"]["fate"].as_str(), e1["carried"]["from"][0]["first"].as_u64()), (Some("moved"), Some(17)));
    let report = String::from_utf8(folder.files["security-assessment.md"].clone()).unwrap();
    assert!(
        report.contains("goes on from an older audit") && report.contains("Carried over: moved; it was at"),
        "{report}"
    );
    assert_eq!(report.matches("*Carried over.*").count(), 4, "{report}");
    let notes = String::from_utf8(folder.files["raw-notes.md"].clone()).unwrap();
    assert!(notes.contains("taken over from"), "{notes}");
    // Verified with the clone, also where the carried lines came from.
    assert_eq!(wrong(&folder, &desk), ["unsigned"]);
}

fn exported(desk: &Desk, export: &[&str]) -> Folder {
    let report = desk.json(export);
    Folder::read(&desk.clone_dir().join(report["path"].as_str().unwrap())).unwrap()
}

fn statement(folder: &Folder) -> Value {
    serde_json::from_slice(&folder.files[RECORD_FILE]).unwrap()
}

/// Returns why a record does not hold, with the clone at hand.
fn wrong(folder: &Folder, desk: &Desk) -> Vec<&'static str> {
    let clone = desk.git.open();
    let report = verify(folder, &Options { clone: Some(&clone), ..Options::default() });
    report.reasons.iter().map(|one| one.reason).collect()
}

/// Changes a record as its author could, list of digests and all.
fn forged(folder: &Folder, change: impl Fn(&mut Value)) -> Folder {
    let mut folder = folder.clone();
    let mut statement = statement(&folder);
    change(&mut statement["predicate"]);
    folder.files.insert(RECORD_FILE.to_owned(), serde_json::to_vec(&statement).unwrap());
    let list = sums(&folder.files).into_bytes();
    folder.files.insert(SUMS_FILE.to_owned(), list);
    folder
}

#[test]
fn labels_that_cannot_be_are_found_fail() {
    let desk = audited();
    let name = reaudited(&desk);
    let folder = exported(&desk, &["--audit", &name, "export", "--db", "../db", "--unsigned", "--partial"]);
    assert_eq!(wrong(&folder, &desk), ["unsigned"]);
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 8] = [
        ("no parent", |record| drop(record.as_object_mut().unwrap().remove("parent"))),
        ("another's word in a finished record", |record| {
            record["parent"]["login"] = "kim".into();
            record["partial"] = false.into();
        }),
        ("an open item is carried", |record| {
            let items = record["items"].as_array_mut().unwrap();
            let open = items.iter_mut().find(|row| row.get("answer").is_none()).unwrap();
            open["carried"] = true.into();
        }),
        ("moved is called exact", |record| record["evidence"][0]["carried"]["fate"] = "exact".into()),
        ("edited lines are carried", |record| record["evidence"][0]["carried"]["fate"] = "edited".into()),
        ("a search is called moved", |record| record["evidence"][2]["carried"]["fate"] = "moved".into()),
        ("from other bytes", |record| {
            record["evidence"][0]["carried"]["from"][0]["sha256"] = "0".repeat(64).into();
        }),
        ("from lines that were not there", |record| {
            let from = &mut record["evidence"][0]["carried"]["from"][0];
            from["path"] = "src/db.ts".into();
        }),
    ];
    for (what, change) in cases {
        let reasons = wrong(&forged(&folder, change), &desk);
        assert!(reasons.contains(&"carried_mismatch"), "{what}: {reasons:?}");
    }
}

#[test]
fn another_persons_record_is_a_proposal() {
    let desk = audited();
    let folder = exported(&desk, &["export", "--db", "../db", "--unsigned"]);
    let record = folder.path.to_str().unwrap().to_owned();
    next(&desk);
    let report = desk.json(["reaudit", &record, "--to", "HEAD", "--auditor", "kim"]);
    let name = report["audit"].as_str().unwrap().to_owned();
    assert_eq!(
        (report["proposed"].as_bool(), report["parent"]["source"]["kind"].as_str()),
        (Some(true), Some("record"))
    );
    assert!(report["notes"][0].as_str().unwrap().contains("unsigned"), "{report}");
    assert_eq!(states(&report)[3].1, "edited");
    let export = ["--audit", &name, "export", "--db", "../db", "--unsigned"];
    let said = desk.fails(export, 1);
    assert!(said.contains("Carried and not confirmed: login-1 (stdio), login-2 (stdio)"), "{said}");
    let folder = exported(&desk, &["--audit", &name, "export", "--db", "../db", "--unsigned", "--partial"]);
    assert_eq!(wrong(&folder, &desk), ["unsigned"]);
    assert!(statement(&folder)["predicate"]["partial"].as_bool().unwrap());
    // Word by word it becomes her own.
    let answers = [("login-1", "yes"), ("login-2", "no"), ("login-3", "no"), ("updates-2", "no")];
    for (item, answer) in answers {
        desk.ok(["--audit", &name, "answer", item, answer, "--reason", "Looked myself."]);
    }
    desk.ok(["--audit", &name, "answer", "updates-1", "unknown", "--reason", "Nobody said."]);
    desk.ok(["--audit", &name, "fact", "scheme", "key", "--mode", "stdio"]);
    desk.ok(["--audit", &name, "finding", "edit", "F1", "--summary", "Still so."]);
    let folder = exported(&desk, &export);
    let record = statement(&folder);
    assert_eq!(record["predicate"]["auditor"]["login"], "kim");
    assert!(!record["predicate"]["items"].to_string().contains("carried"), "{record}");
    assert_eq!(wrong(&folder, &desk), ["unsigned"]);
    // At the same commit as well: there it is all exact.
    let same = own(desk.commit).to_string();
    let record = desk.json([
        "reaudit",
        report["parent"]["source"]["auditId"]
            .as_str()
            .map(|id| folder.path.with_file_name(id))
            .unwrap()
            .to_str()
            .unwrap(),
        "--to",
        &same,
        "--auditor",
        "lee",
    ]);
    assert!(
        states(&record).iter().all(|(_, state, _)| ["exact", "same_result", "not_checked"].contains(&state.as_str()))
    );
}

#[test]
fn what_cannot_be_taken_over_is_refused_with_nothing_written() {
    let desk = audited();
    let older = desk.audit();
    let folder = exported(&desk, &["export", "--db", "../db", "--unsigned"]);
    next(&desk);
    let record = folder.path.join(RECORD_FILE);
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replacen("\"no\"", "\"yes\"", 1)).unwrap();
    let said = desk.fails(["reaudit", folder.path.to_str().unwrap(), "--to", "HEAD", "--auditor", "kim"], 1);
    assert!(said.contains("nothing is taken over") && said.contains("file_changed"), "{said}");
    desk.fails(["reaudit", "nobody", "--to", "HEAD"], 2);
    desk.fails(["reaudit", "../nowhere", "--to", "HEAD"], 2);
    let said = desk.fails(["reaudit", &older, "--to", &own(desk.commit).to_string()], 2);
    assert!(said.contains("already"), "{said}");
    desk.fails(["reaudit", &older, "--to", "0123456789012345678901234567890123456789"], 3);
    desk.origin(Some("https://github.com/example/other"));
    let said = desk.fails(["reaudit", &older, "--to", "HEAD"], 2);
    assert!(said.contains("example/other"), "{said}");
    assert_eq!(desk.audit(), older);
}

#[test]
fn a_history_that_was_pushed_over_is_read_by_hashes() {
    let desk = audited();
    let older = desk.audit();
    let index = format!("// The server.\n{INDEX}");
    commit(&desk, &[("src/index.ts", &index), ("src/auth.ts", AUTH)], &[]);
    // A fresh clone has nothing of what was there before, but for blobs that are still used.
    let raw = git2::Repository::open(desk.clone_dir()).unwrap();
    let lost = raw.find_commit(desk.commit).unwrap();
    let gone = [desk.commit, lost.tree_id(), desk.git.blob(INDEX), desk.git.blob(DB)];
    for id in gone {
        std::fs::remove_file(desk.git.loose(id)).unwrap();
    }
    let report = desk.json(["reaudit", &older, "--to", "HEAD"]);
    let found: Vec<String> = states(&report).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(found, ["moved", "moved", "same_result", "exact", "same_result", "not_checked", "not_known"]);
    assert!(report["notes"][0].as_str().unwrap().contains("not in this clone"), "{report}");
    assert!(report["evidence"][6]["regions"][0]["why"].as_str().unwrap().contains("nobody can tell"), "{report}");
}

#[test]
fn a_kept_record_of_version_1_can_be_gone_on_from() {
    let desk = Desk::new();
    next(&desk);
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/kept/v1/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    let report = desk.json(["reaudit", kept.to_str().unwrap(), "--to", "HEAD", "--auditor", "kim"]);
    let found: Vec<(String, String)> = states(&report).into_iter().map(|(id, state, _)| (id, state)).collect();
    assert!(found.contains(&("E1".to_owned(), "exact".to_owned())), "{found:?}");
    assert!(found.contains(&("E2".to_owned(), "edited".to_owned())), "{found:?}");
    let audit = view(&desk, report["audit"].as_str().unwrap()).audit;
    assert!(audit.is_proposed() && audit.now.modes == ["stdio", "http"]);
}

#[test]
fn a_search_that_only_lost_its_line_numbers_has_the_same_result() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["answer", "input-1", "no", "--search", r"exec\("]);
    desk.ok(["answer", "input-2", "yes", "--search", "express"]);
    desk.ok(["answer", "data-1", "yes", "--history", "better-sqlite3"]);
    desk.ok(["answer", "dependency-1", "yes", "--path-glob", "package*.json"]);
    let older = desk.audit();
    next(&desk);
    let report = desk.json(["reaudit", &older, "--to", "HEAD"]);
    let found: Vec<(String, String)> = states(&report).into_iter().map(|(id, state, _)| (id, state)).collect();
    let wanted = [("E1", "same_result"), ("E2", "other_result"), ("E3", "same_result"), ("E4", "other_result")];
    assert_eq!(found, wanted.map(|(id, state)| (id.to_owned(), state.to_owned())), "{report}");
    assert_eq!(report["evidence"][0]["why"], "The same lines, some at other line numbers.");
    assert_eq!(report["reopened"], serde_json::json!(["dependency-1", "input-2"]));
}

#[test]
fn what_is_taken_over_comes_once_and_says_what_is_so_fail() {
    let desk = audited();
    let name = reaudited(&desk);
    let view = view(&desk, &name);
    let (carried, opened) = (view.audit.carried().unwrap().clone(), view.audit.now.opened.clone());
    let store = Store::new(&desk.dir().join("elsewhere"));
    let at = LATER.parse().unwrap();
    let mut lying = carried.clone();
    lying.evidence[0].regions[0].to.as_mut().unwrap().sha256 = touchstone::model::hash::Sha256::of("other");
    let why = store.create_from(opened.clone(), Some(lying), &view.loaded.toml, at).unwrap_err();
    assert!(why.message.contains("other bytes"), "{why:?}");
    let mut strange = carried.clone();
    strange.facts[0].value = "\u{1b}[31m".to_owned();
    assert!(store.create_from(opened.clone(), Some(strange), &view.loaded.toml, at).is_err());
    // Without a parent nothing is taken over.
    let orphan = touchstone::model::event::Opened { parent: None, ..opened };
    assert!(store.create_from(orphan, Some(carried.clone()), &view.loaded.toml, at).is_err());
    assert!(store.names().unwrap().is_empty());
    let mut audit = view.audit.clone();
    let (last, line) = audit.entries().last().unwrap().clone();
    let entry = touchstone::model::event::Entry {
        seq: last.seq + 1,
        act: last.seq + 1,
        event: Event::Carried(Box::new(carried)),
        ..last
    };
    assert!(audit.push(entry, line).is_err());
}

/// The workbench on the newer audit of a desk.
fn shop(columns: u16, rows: u16) -> Workshop {
    let desk = audited();
    let older = desk.audit();
    let name = reaudited(&desk);
    // A workshop works on the only audit there is.
    std::fs::remove_dir_all(desk.audits().join(&older)).unwrap();
    assert_eq!(desk.audit(), name);
    Workshop::on(desk, columns, rows)
}

/// Puts the cursor on the line of the page that holds a text.
#[track_caller]
fn to_line(shop: &mut Workshop, text: &str) {
    let Some(Popup::Page(page)) = shop.app.popups.last() else { panic!("no page") };
    let says = |at: &usize| page.lines[*at].0.text().contains(text);
    let at = (0..page.lines.len()).find(says).unwrap_or_else(|| panic!("no line says {text}"));
    shop.keys(&format!("gg{}", "j".repeat(at)));
}

#[test]
fn the_page_shows_old_beside_new() {
    let mut shop = shop(120, 40);
    shop.keys("gR");
    assert_eq!(shop.app.contexts()[0], Context::Carried);
    for (columns, rows) in [(120, 40), (80, 24)] {
        shop.send(Msg::Resize(columns, rows));
        insta::assert_snapshot!(format!("carried_{columns}x{rows}"), shop.screen());
    }
}

#[test]
fn enter_goes_there_or_compares() {
    let mut shop = shop(120, 40);
    shop.keys("gR");
    to_line(&mut shop, "E4 ");
    shop.keys("<cr>");
    let Some(Popup::Compare(compare)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    let row = compare.rows(shop.app.size)[compare.cursor];
    assert_eq!(row.new, Some(5), "the comparison is at the piece");
    shop.keys("<esc>");
    to_line(&mut shop, "E7 ");
    shop.keys("<cr>");
    assert!(matches!(shop.app.popups.last(), Some(Popup::Version(version)) if version.doc.cursor == 4));
    shop.keys("<esc>");
    to_line(&mut shop, "E1 ");
    shop.keys("<cr>");
    assert_eq!((shop.app.popups.len(), shop.app.pane), (0, Pane::Code));
    assert_eq!(shop.app.doc.as_ref().map(|doc| doc.cursor), Some(18));
}

#[test]
fn what_was_edited_is_taken_anew_and_its_item_answered() {
    let mut shop = shop(120, 40);
    shop.keys("]");
    assert_eq!(shop.app.item, "login-3", "the next open item is the reopened one");
    let screen = shop.screen();
    assert!(screen.contains("open  reopened") && screen.contains("before: no (E4)"), "{screen}");
    shop.keys("C");
    assert!(shop.said().contains("It was reopened"), "{}", shop.said());
    shop.keys("gR");
    to_line(&mut shop, "E4 ");
    shop.keys("a");
    assert!(
        matches!(&shop.last_act()[..], [Event::EvidenceAdded { id, .. }, Event::EvidenceAttached { .. }] if id.0 == 4)
    );
    assert!(shop.said().contains("still to be answered"), "{}", shop.said());
    assert!(shop.screen().contains("accepted"), "{}", shop.screen());
    shop.keys("a");
    assert!(shop.said().contains("already"), "{}", shop.said());
    shop.keys("i");
    assert_eq!((shop.app.item.as_str(), shop.app.popups.len()), ("login-3", 0));
    shop.keys("n");
    assert!(matches!(&shop.last_act()[..], [Event::Answered { .. }]), "{:?}", shop.last_act());
    let carried = &shop.app.audit.now.carried;
    assert!(!carried.contains_key(&Subject::Item(Slot::in_mode("login-3", "stdio"))));
    // Undone, it is reopened again; and so is the piece.
    shop.keys("uu");
    assert!(!shop.app.audit.now.evidence.contains_key(&EvidenceId(4)));
    assert!(shop.app.audit.now.carried.contains_key(&Subject::Item(Slot::in_mode("login-3", "stdio"))));
    // Deleted lines cannot be taken.
    shop.keys("gR");
    to_line(&mut shop, "E7 ");
    shop.keys("a");
    assert!(shop.said().contains("Nothing can be taken for E7"), "{}", shop.said());
    shop.keys("gga");
    assert!(shop.said().contains("Put the cursor on a piece"), "{}", shop.said());
}

#[test]
fn a_carried_answer_is_confirmed() {
    let mut shop = shop(120, 40);
    shop.keys("gR");
    to_line(&mut shop, "updates-1 ");
    shop.keys("C");
    assert!(shop.said().contains("updates-1: confirmed"), "{}", shop.said());
    let act = shop.last_act();
    let [Event::Answered { slots, answer, reason }] = &act[..] else { panic!("{act:?}") };
    assert_eq!((slots[0].to_string().as_str(), answer.word()), ("updates-1", "unknown"));
    assert_eq!(reason.as_deref(), Some("Nobody said."));
    assert!(!shop.screen().contains("updates-1 "), "{}", shop.screen());
    to_line(&mut shop, "F1 ");
    shop.keys("C");
    assert!(matches!(&shop.last_act()[..], [Event::FindingSet { id: FindingId(1), .. }]));
    to_line(&mut shop, "E1 ");
    shop.keys("C");
    assert!(shop.said().contains("Put the cursor on an answer"), "{}", shop.said());
    // On the main screen it is the item that is shown.
    to_line(&mut shop, "login-1 ");
    shop.keys("<cr>");
    assert_eq!(shop.app.item, "login-1");
    shop.keys("C");
    assert!(shop.said().contains("login-1 (stdio): confirmed"), "{}", shop.said());
    shop.keys("C");
    assert!(shop.said().contains("Nothing here is carried"), "{}", shop.said());
    assert!(!shop.app.audit.now.carried.contains_key(&Subject::Item(Slot::in_mode("login-1", "stdio"))));
    // The gap that a finding left is closed, the one that was reopened is not.
    assert_eq!(shop.app.gaps.len(), 1, "{:?}", shop.app.gaps);
}

#[test]
fn an_audit_without_a_parent_has_no_list() {
    let mut shop = Workshop::on(Desk::light(&["stdio"]), 80, 24);
    shop.keys("gR");
    assert!(shop.said().contains("takes nothing over") && shop.app.popups.is_empty(), "{}", shop.said());
    shop.keys("C");
    assert!(shop.said().contains("Nothing here is carried"), "{}", shop.said());
}

#[test]
fn the_workbench_opens_with_the_list() {
    let desk = audited();
    let older = desk.audit();
    next(&desk);
    let frame = desk.ok(["reaudit", &older, "--to", "HEAD", "--print", "100x30"]);
    assert!(frame.contains("2 reopened, 5 carried.") && frame.contains("│ nothing"), "{frame}");
    assert!(!frame.contains("goes on from"), "a frame is printed alone: {frame}");
    succeeds(desk.at(LATER).args(["reaudit", &older, "--to", "HEAD"]));
    fails(desk.at(LATER).args(["reaudit", &older]), 2);
}
