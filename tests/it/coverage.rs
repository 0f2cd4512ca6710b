//! What was opened and reviewed: kept, shown, marked, exported, verified.

use std::path::PathBuf;

use serde_json::{Value, json};
use touchstone::app::Pane;
use touchstone::app::popup::{Go, Popup};
use touchstone::auditdb::{Folder, Options, verify};
use touchstone::journal::{Journal, View};
use touchstone::model::coverage::{FileLines, Lines};
use touchstone::model::event::Event;
use touchstone::model::hash::Hex;
use touchstone::repo::{Pin, Repo};

use crate::repo_fixture::{FILE, FOLDER};
use crate::support::{CLOCK, Desk};
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] = &["mark-reviewed", "coverage"];

fn pin(desk: &Desk) -> Pin {
    let id = Hex(desk.commit.as_bytes().try_into().unwrap());
    Repo::discover(&desk.clone_dir()).unwrap().pin(id, &[]).unwrap()
}

/// Lines of a file at the pin.
fn lines(desk: &Desk, path: &str, lines: &str) -> FileLines {
    let blob = pin(desk).find(&path.into()).unwrap().oid;
    FileLines { path: path.into(), blob, lines: lines.parse().unwrap() }
}

/// Writes events past the workbench, each as an act of its own.
fn write(desk: &Desk, events: Vec<Event>) {
    let mut journal = Journal::open(&desk.audit_dir()).unwrap();
    for event in events {
        journal.act(vec![event], CLOCK.parse().unwrap()).unwrap();
    }
}

fn seen(files: Vec<FileLines>) -> Event {
    Event::Seen { files }
}

fn reviewed(files: Vec<FileLines>) -> Event {
    Event::Reviewed { files, taken_back: false }
}

#[test]
fn what_was_opened_is_nobodys_act() {
    let desk = Desk::light(&["stdio"]);
    desk.ok(["note", "input-1", "First."]);
    desk.ok(["note", "input-1", "Second."]);
    desk.ok(["undo"]);
    write(&desk, vec![seen(vec![lines(&desk, "src/auth.ts", "1-4")]), seen(vec![lines(&desk, "src/auth.ts", "3-9")])]);
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let read = lines(&desk, "src/auth.ts", "");
    assert_eq!(audit.seen.lines(&read.path, read.blob).to_string(), "1-9");
    assert!(audit.now.reviewed.is_empty(), "opened is not reviewed");
    // What was undone can still be done again, and the next undo is of the note.
    desk.ok(["redo"]);
    desk.ok(["undo"]);
    desk.ok(["undo"]);
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    assert_eq!(audit.seen.lines(&read.path, read.blob).to_string(), "1-9");
    assert!(audit.now.notes.is_empty());
    assert!(audit.as_of(1).seen.is_empty(), "the past knows nothing of it");
    let log = desk.ok(["log"]);
    assert!(log.contains("opened src/auth.ts:1-4"), "{log}");
}

#[test]
fn a_mark_is_an_act_and_is_undone() {
    let desk = Desk::light(&["stdio"]);
    let auth = || lines(&desk, "src/auth.ts", "2-9");
    let of = |desk: &Desk| {
        let audit = View::open(&desk.audit_dir()).unwrap().audit;
        audit.now.reviewed.lines(&auth().path, auth().blob).to_string()
    };
    write(&desk, vec![reviewed(vec![auth()])]);
    let hole = FileLines { lines: Lines::of(4, 5), ..auth() };
    write(&desk, vec![Event::Reviewed { files: vec![hole], taken_back: true }]);
    assert_eq!(of(&desk), "2-3,6-9");
    desk.ok(["undo"]);
    assert_eq!(of(&desk), "2-9");
    desk.ok(["undo"]);
    assert_eq!(of(&desk), "");
    let mut journal = Journal::open(&desk.audit_dir()).unwrap();
    let none = FileLines { lines: Lines::default(), ..auth() };
    assert!(journal.act(vec![reviewed(vec![none])], CLOCK.parse().unwrap()).is_err());
}

#[test]
fn lines_the_file_and_the_folder_are_marked_by_one_key() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 3).keys("vj");
    let wanted = |shop: &Workshop, range: &str| vec![reviewed(vec![lines(&shop.desk, "src/auth.ts", range)])];
    assert_eq!(shop.writes("V"), wanted(&shop, "3-4"));
    assert_eq!(shop.said(), "src/auth.ts:3-4 reviewed: 2 lines");
    assert_eq!(shop.app.doc.as_ref().unwrap().anchor, None, "the selection is done with");
    // Without a selection the whole file is meant; what is marked is not marked twice.
    assert_eq!(shop.writes("V"), wanted(&shop, "1-2,5-12"));
    let back = Event::Reviewed { files: vec![lines(&shop.desk, "src/auth.ts", "1-12")], taken_back: true };
    assert_eq!(shop.writes("V"), [back]);
    assert_eq!(shop.said(), "src/auth.ts no longer reviewed: 12 lines");
    shop.keys("u");
    assert_eq!(shop.said(), "Undone: src/auth.ts:1-12 no longer reviewed");
    // In the checklist and beside the item nothing says which file is meant.
    for pane in ["1", "3"] {
        let before = shop.journal.audit.next_seq();
        shop.keys(pane);
        assert_eq!(shop.says("V"), "What is reviewed is marked in the code, or in the files of pane 1.");
        assert_eq!(shop.journal.audit.next_seq(), before);
    }
    // The folder under the tree's cursor: what is left of it.
    shop.keys("t");
    shop.app.tree.cursor = shop.app.tree.rows.iter().position(|row| row.path == "src".into()).unwrap();
    let events = shop.writes("V");
    let [Event::Reviewed { files, taken_back: false }] = events.as_slice() else { panic!("{events:?}") };
    let marked: Vec<_> = files.iter().map(|file| format!("{}:{}", file.path.lossy(), file.lines)).collect();
    assert_eq!(marked, ["src/db.ts:1-7", "src/index.ts:1-25", "src/tail.ts:1-2"]);
    assert_eq!(shop.said(), "src/ reviewed: 34 lines");
    shop.app.tree.cursor = shop.app.tree.rows.iter().position(|row| row.path == "assets/logo.png".into()).unwrap();
    assert_eq!(shop.says("V"), "assets/logo.png has no lines to be reviewed.");
}

#[test]
fn the_gutter_the_tree_and_the_map_show_it() {
    let mut shop = Workshop::light();
    let desk = &shop.desk;
    let files =
        vec![lines(desk, "src/auth.ts", "1-6"), lines(desk, "src/tail.ts", "1-2"), lines(desk, "README.md", "1")];
    shop.record(vec![seen(files)]);
    let files = vec![lines(&shop.desk, "src/auth.ts", "4-5"), lines(&shop.desk, "src/tail.ts", "1-2")];
    shop.record(vec![reviewed(files)]);
    shop.code("src/auth.ts", 2).keys("t");
    insta::assert_snapshot!("coverage_tree_and_gutter", shop.screen());
    shop.keys("gv");
    insta::assert_snapshot!("coverage_map", shop.screen());
    let Some(Popup::Page(page)) = shop.app.popups.last_mut() else { panic!("no page") };
    let go = |page: &touchstone::app::popup::Page, name: &str| {
        page.lines.iter().position(|(line, _)| line.text().ends_with(name)).unwrap_or_else(|| panic!("no {name}"))
    };
    page.cursor = go(page, "src/auth.ts");
    assert_eq!(page.lines[page.cursor].1, Some(Go::Place("src/auth.ts".into(), 6)), "its first line that is left");
    shop.keys("<cr>");
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 7));
    shop.keys("gv");
    let Some(Popup::Page(page)) = shop.app.popups.last_mut() else { panic!("no page") };
    page.cursor = go(page, "  docs/");
    shop.keys("<cr>");
    assert_eq!((shop.app.pane, shop.app.shows_files), (Pane::List, true));
    assert_eq!(shop.app.tree.current().unwrap().path, "docs".into());
    // Without colour and without Unicode it is told by other glyphs.
    shop.app.preferences.ascii = true;
    shop.keys("gv");
    assert!(shop.screen().contains("##########"), "{}", shop.screen());
    assert!(shop.screen().is_ascii());
    shop.keys("<esc>");
    let screen = shop.screen();
    assert!(
        screen.is_ascii() && screen.lines().any(|line| line.contains("tail.ts") && line.contains("#+")),
        "{screen}"
    );
}

#[test]
fn nothing_is_shown_where_nothing_was_measured() {
    let mut shop = Workshop::light();
    shop.keys("t");
    assert!(shop.app.share_of(&"src".into()).is_none());
    shop.keys("gr");
    assert!(!shop.page().iter().any(|line| line.contains("opened")), "{:?}", shop.page());
}

#[test]
fn the_review_names_what_leads_point_at_and_nobody_opened() {
    let mut shop = Workshop::new();
    let file = lines(&shop.desk, "src/auth.ts", "1");
    shop.record(vec![seen(vec![file])]);
    shop.keys("gr");
    let page = shop.page();
    assert!(page.iter().any(|line| line.starts_with("Leads point at ")), "{page:?}");
    assert!(page.iter().any(|line| line.contains("hits  src/index.ts")), "{page:?}");
    assert!(!page.iter().any(|line| line.contains("hits  src/auth.ts")), "{page:?}");
}

#[test]
fn only_a_screen_that_stands_opens_lines() {
    let desk = Desk::light(&["stdio"]);
    let of = |desk: &Desk, path: &str| {
        let file = lines(desk, path, "");
        View::open(&desk.audit_dir()).unwrap().audit.seen.lines(&file.path, file.blob).to_string()
    };
    let before = desk.journal();
    // Keys that are played were seen by nobody.
    let mut bench = desk.workbench();
    bench.keys("fauth.ts<cr>jjj<c-d>").unwrap();
    bench.close();
    desk.ok(["open", "--print", "120x40", "--keys", "findex.ts<cr>"]);
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    assert!(!audit.has_coverage());

    let mut bench = desk.workbench();
    bench.keys("fauth.ts<cr>").unwrap();
    bench.look(1_000);
    bench.look(3_500);
    assert_eq!(of(&desk, "src/auth.ts"), "", "it is written in batches");
    // What lies under a popup is not read, however long.
    bench.keys("fdb.ts<cr>?").unwrap();
    bench.look(4_000);
    bench.look(9_000);
    bench.keys("<esc>").unwrap();
    bench.look(10_000);
    bench.look(11_000);
    bench.look(32_999);
    assert_eq!(of(&desk, "src/auth.ts"), "");
    bench.look(33_500);
    assert_eq!(of(&desk, "src/auth.ts"), "1-12");
    assert_eq!(of(&desk, "src/db.ts"), "", "the program stood still for too long");
    assert_eq!(bench.app().audit.seen.files(), 1, "the workbench knows it too");
    // The rest is written at the end.
    bench.look(36_000);
    bench.close();
    assert_eq!(of(&desk, "src/db.ts"), "1-7");
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let seen = audit.entries().iter().filter(|(entry, _)| matches!(entry.event, Event::Seen { .. })).count();
    assert_eq!(seen, 2);
    assert!(desk.journal().starts_with(&before));
}

#[test]
fn a_line_that_hides_its_end_is_not_opened() {
    let desk = Desk::new();
    let hidden = format!("short\nlet a = 1;{}steal()\nlast\n", " ".repeat(300));
    let tree = desk.git.tree(&[(b"a.ts", crate::repo_fixture::FILE, desk.git.blob(hidden.as_bytes()))]);
    desk.git.main(desk.git.commit(tree, &[], 1_766_000_000));
    let file = desk.light_file();
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio", "--standard", &file]);
    let mut bench = desk.workbench();
    let in_view = |bench: &touchstone::shell::workbench::Headless| bench.app().in_view().unwrap().lines.to_string();
    assert_eq!(in_view(&bench), "1,3");
    bench.look(0);
    bench.look(2_500);
    // Whoever scrolls to its end finds what is there, and does not see the others.
    bench.keys(&format!("2j{}", "l".repeat(36))).unwrap();
    assert_eq!(in_view(&bench), "2");
    bench.look(3_000);
    assert_eq!(bench.app().audit.seen.files(), 0);
    bench.look(5_500);
    bench.close();
    let audit = View::open(&desk.audit_dir()).unwrap().audit;
    let events = audit.entries().iter().filter_map(|(entry, _)| match &entry.event {
        Event::Seen { files } => Some(files[0].lines.to_string()),
        _ => None,
    });
    assert_eq!(events.collect::<Vec<_>>(), ["1-3"]);
}

#[test]
fn the_command_tells_and_marks() {
    let desk = Desk::light(&["stdio"]);
    write(&desk, vec![seen(vec![lines(&desk, "src/auth.ts", "1-6"), lines(&desk, "README.md", "1")])]);
    insta::assert_snapshot!(
        "cli_coverage",
        desk.ok(["coverage", "--mark", "src/auth.ts:2-3", "--mark", "docs/", "--files"])
    );
    let report = desk.json(["coverage", "--mark", "src", "--unmark", "docs/windows.txt:2"]);
    assert_eq!(report["text"], json!({ "files": 8, "lines": 75 }));
    assert_eq!(report["opened"], json!({ "files": 2, "lines": 7 }));
    assert_eq!(report["reviewed"], json!({ "files": 5, "lines": 48 }));
    assert_eq!(report["apart"]["binary"], 1);
    // Marking again writes nothing; one undo takes back all of one call.
    let before = desk.journal();
    desk.ok(["coverage", "--mark", "src"]);
    assert_eq!(desk.journal(), before);
    desk.ok(["undo"]);
    assert_eq!(desk.json(["coverage"])["reviewed"], json!({ "files": 2, "lines": 5 }));
    for wrong in
        ["nowhere", "src/auth.ts:0-3", "src/auth.ts:3-99", "src/auth.ts:4-3", "assets/logo.png", "assets/logo.png:1"]
    {
        desk.fails(["coverage", "--mark", wrong], 2);
    }
    assert_eq!(desk.json(["status"])["opened_files"], 2);
}

#[test]
fn a_dimension_has_the_files_of_its_evidence_and_leads() {
    let desk = Desk::open(&["stdio"]);
    desk.ok(["answer", "input-3", "yes", "--evidence", "docs/windows.txt:1"]);
    let report = desk.json(["coverage"]);
    let dimension = |id: &str| {
        let all = report["dimensions"].as_array().unwrap();
        all.iter().find(|one| one["name"] == id).unwrap()["text"]["files"].as_u64().unwrap()
    };
    assert!(dimension("input") > 1 && dimension("dependency") > 0, "{report:#}");
    let left = report["unopened"].as_array().unwrap();
    let index = left.iter().find(|one| one["path"] == "src/index.ts").unwrap();
    assert!(index["hits"].as_u64().unwrap() > 1 && !index["items"].as_array().unwrap().is_empty());
    assert!(!left.iter().any(|one| one["path"] == "docs/windows.txt"), "no lead points there");
}

/// Exports without a signature, and returns the record's folder and what was said.
fn export(desk: &Desk) -> (PathBuf, Value) {
    std::fs::create_dir_all(desk.dir().join("db")).unwrap();
    let report = desk.json(["export", "--db", "../db", "--unsigned", "--partial"]);
    (desk.dir().join("clone").join(report["path"].as_str().unwrap()).canonicalize().unwrap(), report)
}

/// Returns why a record's coverage is refused, with the clone or without.
fn refused(desk: &Desk, record: &std::path::Path, with_clone: bool) -> Vec<String> {
    let clone = Repo::discover(&desk.clone_dir()).unwrap();
    let options = Options { clone: with_clone.then_some(&clone), ..Options::default() };
    let report = verify(&Folder::read(record).unwrap(), &options);
    let wrong = report.reasons.into_iter().filter(|one| one.reason.starts_with("coverage"));
    wrong.map(|one| one.message).collect()
}

#[test]
fn the_record_says_what_was_read_and_verification_counts_again() {
    let desk = Desk::light(&["stdio"]);
    let gone = FileLines { path: "src/gone.ts".into(), ..lines(&desk, "src/db.ts", "1-3") };
    let files = vec![lines(&desk, "src/auth.ts", "1-6"), lines(&desk, "README.md", "1-99"), gone];
    write(&desk, vec![seen(files), reviewed(vec![lines(&desk, "src/auth.ts", "2-3")])]);
    let (path, _) = export(&desk);
    let file = path.join("artifacts/record.json");
    let record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let coverage = &record["predicate"]["coverage"];
    assert_eq!(coverage["text"], json!({ "files": 8, "lines": 75 }));
    assert_eq!(coverage["opened"], json!({ "files": 2, "lines": 12 }));
    assert_eq!(coverage["reviewed"], json!({ "files": 1, "lines": 2 }));
    assert_eq!(coverage["files"][1]["opened"], "1-6");
    assert_eq!((refused(&desk, &path, false), refused(&desk, &path, true)), (vec![], vec![]));
    let report = std::fs::read_to_string(path.join("security-assessment.md")).unwrap();
    let section = report.split("## What was read").nth(1).unwrap().split("\n## ").next().unwrap();
    insta::assert_snapshot!("coverage_in_the_report", section);

    // What a forger may write, and whether a clone is needed to see it.
    type Forgery = (fn(&mut Value), bool);
    let forgeries: [Forgery; 7] = [
        (|coverage| coverage["opened"]["lines"] = json!(80), false),
        (|coverage| coverage["files"][1]["opened"] = json!("1-99"), false),
        (|coverage| coverage["text"]["lines"] = json!(12), false),
        (|coverage| coverage["folders"][0]["opened"]["lines"] = json!(0), false),
        // The sums stay.
        (|coverage| coverage["folders"][0]["name"] = json!("lib"), false),
        (|coverage| coverage["files"][1]["of"] = json!(13), true),
        (|coverage| coverage["files"][1]["blob"] = json!("00".repeat(20)), true),
    ];
    for (at, (forge, needs_clone)) in forgeries.into_iter().enumerate() {
        let mut forged = record.clone();
        forge(&mut forged["predicate"]["coverage"]);
        std::fs::write(&file, serde_json::to_vec(&forged).unwrap()).unwrap();
        assert_eq!(refused(&desk, &path, false).is_empty(), needs_clone, "{at}");
        assert!(!refused(&desk, &path, true).is_empty(), "{at}");
    }
}

#[test]
fn reading_on_alone_needs_no_new_record() {
    let desk = Desk::light(&["stdio"]);
    write(&desk, vec![seen(vec![lines(&desk, "src/auth.ts", "1-6")])]);
    let (path, _) = export(&desk);
    let sums = |path: &PathBuf| std::fs::read(path.join("artifacts/attestations/SHA256SUMS")).unwrap();
    let first = sums(&path);
    write(&desk, vec![seen(vec![lines(&desk, "src/db.ts", "1-6")])]);
    let (again, report) = export(&desk);
    assert_eq!((again, report["written"].as_str(), sums(&path)), (path.clone(), Some("same"), first));
    // With the next act, all that was opened since is told.
    write(&desk, vec![reviewed(vec![lines(&desk, "src/db.ts", "1-2")])]);
    let (next, report) = export(&desk);
    assert!(next != path && report["supersedes"] == json!("jo-2026-01-31-001"), "{report}");
    let record: Value = serde_json::from_slice(&std::fs::read(next.join("artifacts/record.json")).unwrap()).unwrap();
    assert_eq!(record["predicate"]["coverage"]["opened"], json!({ "files": 2, "lines": 12 }));
    let notes = std::fs::read_to_string(next.join("raw-notes.md")).unwrap();
    assert!(notes.contains("2 lines of `src/db.ts` marked as reviewed"), "{notes}");
}

#[test]
fn an_export_names_what_leads_point_at_and_nobody_opened() {
    let desk = Desk::open(&["stdio"]);
    let (_, report) = export(&desk);
    assert_eq!(report["unopened"], json!([]), "nothing was measured");
    write(&desk, vec![seen(vec![lines(&desk, "src/auth.ts", "1-6")])]);
    desk.ok(["note", "input-1", "Something new."]);
    let said = desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert!(said.contains("that nobody opened: ") && said.contains("src/index.ts"), "{said}");
    assert!(!said.split("that nobody opened: ").nth(1).unwrap().contains("src/auth.ts"), "{said}");
}

#[test]
fn leads_that_were_not_run_prove_nothing_of_the_files() {
    const SAID: &str = "Every file that a lead points at was opened or reviewed";
    let desk = Desk::new();
    let git = &desk.git;
    let blob = git.blob("x\n");
    let mut tree = git.tree(&[(b"a", FILE, blob)]);
    for _ in 0..520 {
        tree = git.raw_tree(&[(b"d", FOLDER, tree)]);
    }
    git.main(git.commit(
        git.raw_tree(&[(b"README.md", FILE, blob), (b"d", FOLDER, tree)]),
        &[desk.commit],
        1_765_000_001,
    ));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    let said = desk.ok(["coverage"]);
    assert!(!said.contains(SAID) && said.contains(" leads were not run to the end, so not all files"), "{said}");
    assert!(desk.json(["coverage"])["leads_not_run"].as_u64().unwrap() > 90);
    let blob = touchstone::model::hash::Hex(blob.as_bytes().try_into().unwrap());
    write(&desk, vec![seen(vec![FileLines { path: "README.md".into(), blob, lines: Lines::of(1, 1) }])]);
    std::fs::create_dir_all(desk.dir().join("db")).unwrap();
    let said = desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    assert!(said.contains(" leads were not run to the end, so not all files"), "{said}");
    // The map in the workbench.
    let mut shop = Workshop::on(desk, 120, 40);
    shop.keys("gv");
    let screen = shop.screen();
    assert!(!screen.contains(SAID) && screen.contains(" leads were not run to the end"), "{screen}");
    // Where they can be run, it is said.
    let desk = Desk::light(&["stdio"]);
    assert!(desk.ok(["coverage"]).contains(SAID));
    assert_eq!(desk.json(["coverage"])["leads_not_run"], json!(0));
}
