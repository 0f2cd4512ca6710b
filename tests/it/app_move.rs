//! Moving about and reading: panes, folding, files, searches, leads, the mouse.

use touchstone::app::checklist::Row;
use touchstone::app::keymap::Keymap;
use touchstone::app::msg::{Did, Effect, Mouse, Msg};
use touchstone::app::popup::{Popup, RepoSearch};
use touchstone::app::{Pane, Preferences, Walk, item};
use touchstone::model::evidence::Kind;

use crate::support::{AUTH, Desk};
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] = &[
    "down",
    "up",
    "left",
    "right",
    "page-down",
    "page-up",
    "top",
    "bottom",
    "next-pane",
    "previous-pane",
    "pane-list",
    "pane-code",
    "pane-item",
    "zoom",
    "open",
    "back",
    "close",
    "files",
    "find-file",
    "search-file",
    "search-repo",
    "next-hit",
    "previous-hit",
    "next-lead",
    "previous-lead",
    "earlier-place",
    "later-place",
    "trojans",
    "go-line",
    "outline",
    "editor",
    "copy-link",
    "order",
    "sweep",
    "list-down",
    "list-up",
    "list-page-down",
    "list-page-up",
    "search-literal",
    "search-case",
    "search-field",
    "take-search",
    "cancel",
];

fn search(shop: &Workshop) -> &RepoSearch {
    match shop.app.popups.last() {
        Some(Popup::Search(search)) => search,
        other => panic!("no search: {other:?}"),
    }
}

#[test]
fn rows_are_walked_in_each_pane() {
    let mut shop = Workshop::light();
    shop.keys("1gg");
    let list = |shop: &Workshop| shop.app.checklist.cursor;
    let last = shop.app.checklist.rows.len() - 1;
    let half = shop.app.height(Pane::List) / 2;
    for (keys, at) in [
        ("j<down>", 2),
        ("k", 1),
        ("<up><up><up>", 0),
        ("G", last),
        ("j", last),
        ("gg", 0),
        ("<end>", last),
        ("<home>", 0),
        ("<c-d>", half),
        ("<pgdn>", half * 2),
        ("<c-u>", half),
        ("<pgup><pgup>", 0),
    ] {
        assert_eq!(shop.says(keys), "", "{keys}");
        assert_eq!(list(&shop), at, "{keys}");
    }
    shop.code("src/index.ts", 1);
    for (keys, line) in
        [("jj", 3), ("<up>", 2), ("G", 25), ("<c-d>", 25), ("<c-u>", 25 - shop.app.height(Pane::Code) / 2), ("gg", 1)]
    {
        shop.keys(keys);
        assert_eq!(shop.at().1, line, "{keys}");
    }
    shop.item("transport-2").keys("3");
    let rows = item::rows(&shop.app, shop.app.item_width()).len();
    for (keys, at) in [("jj", 2), ("k", 1), ("G", rows - 1), ("gg", 0)] {
        shop.keys(keys);
        assert_eq!(shop.app.item_cursor, at, "{keys}");
    }
}

#[test]
fn panes_are_gone_to() {
    let mut shop = Workshop::light();
    for (keys, pane) in [
        ("<tab>", Pane::Code),
        ("<tab>", Pane::Item),
        ("<tab>", Pane::List),
        ("<s-tab>", Pane::Item),
        ("<s-tab>", Pane::Code),
        ("1", Pane::List),
        ("3", Pane::Item),
        ("2", Pane::Code),
    ] {
        assert_eq!(shop.says(keys), "");
        assert_eq!(shop.app.pane, pane, "{keys}");
    }
    shop.keys("<space>");
    assert!(shop.app.zoom && shop.app.areas().unwrap().list.is_none());
    shop.keys("1");
    assert!(shop.app.areas().unwrap().list.is_some());
    // Going back puts it beside the others before it closes anything.
    shop.keys("q");
    assert!(!shop.app.zoom && shop.kept.is_empty());
    shop.keys("<space><space>");
    assert!(!shop.app.zoom);
}

#[test]
fn one_goes_back_step_by_step_and_quits_last() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 4).keys("/key<cr>v?");
    assert_eq!(shop.app.popups.len(), 1);
    shop.keys("q");
    assert!(shop.app.popups.is_empty() && shop.app.doc.as_ref().unwrap().anchor.is_some());
    shop.keys("q");
    let doc = shop.app.doc.as_ref().unwrap();
    assert_eq!((doc.anchor, doc.found.len(), &shop.app.walk), (None, 0, &Walk::Nothing));
    // Escape never quits.
    shop.keys("<esc><esc>");
    assert_eq!(shop.kept, []);
    shop.keys("q");
    assert_eq!(shop.kept, [Effect::Quit]);
}

#[test]
fn the_checklist_folds() {
    let mut shop = Workshop::light();
    shop.item("transport-3").keys("h");
    assert_eq!(shop.app.checklist.current(), Some(&Row::Dimension(0)));
    assert_eq!(shop.app.item, "transport");
    assert!(!shop.app.checklist.rows.contains(&Row::Item("transport-3".to_owned())));
    shop.keys("h");
    assert_eq!(shop.app.checklist.current(), Some(&Row::Dimension(0)));
    shop.keys("<right>");
    assert!(shop.app.checklist.rows.contains(&Row::Item("transport-3".to_owned())));
    shop.keys("<cr>");
    assert!(shop.app.checklist.folded.contains(&0));
    // The next open item unfolds what hides it.
    shop.keys("]");
    assert_eq!(shop.app.item, "transport-1");
    assert!(shop.app.checklist.folded.is_empty());
    shop.keys("kl<left>");
    assert!(shop.app.checklist.folded.contains(&0));
    shop.keys("<cr>");
    assert!(shop.app.checklist.folded.is_empty());
}

#[test]
fn what_the_cursor_is_on_is_opened() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("<cr>");
    assert_eq!(shop.app.pane, Pane::Item);
    shop.keys("2<cr>");
    assert_eq!(shop.app.pane, Pane::Item);
    shop.item("auth_scheme").keys("<cr>");
    assert_eq!(shop.title(), "auth_scheme (stdio) is");
    shop.keys("<esc>");
    // In the item pane: a place of evidence, a search, a finding, an answer, a note.
    shop.item("transport-2").code("src/auth.ts", 4).keys("e<cr>F<c-s>Title<c-s>Nnote<cr>y");
    shop.keys("fREADME.md<cr>g/exec<cr>");
    shop.keys("g/exec<c-e><cr>3");
    let rows = item::rows(&shop.app, shop.app.item_width());
    let targets: Vec<item::Target> = rows.into_iter().map(|row| row.target).collect();
    let mut opened = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        shop.app.item_cursor = at;
        shop.keys("3<cr>");
        assert!(shop.app.pane == Pane::Item, "{target:?}");
        let title = shop.title();
        match target {
            item::Target::Place(id, ..) => {
                assert_eq!((id.0, shop.at(), title.as_str()), (1, ("src/auth.ts".to_owned(), 4), ""));
            }
            item::Target::Piece(id) => assert_eq!(title, format!("Evidence {id}")),
            item::Target::Finding(id) => assert_eq!(title, format!("Finding {id}")),
            item::Target::Answer(slot) if slot.mode.as_deref() == Some("stdio") => {
                assert_eq!(title, "Reason for transport-2 (stdio)");
            }
            item::Target::Note => assert_eq!(title, "Note on transport-2 (stdio)"),
            item::Target::Nothing => assert_eq!(title, ""),
            _ => {}
        }
        opened.push(std::mem::discriminant(target));
        shop.app.popups.clear();
    }
    opened.sort_by_key(|one| format!("{one:?}"));
    opened.dedup();
    assert_eq!(opened.len(), 6);
}

#[test]
fn files_are_found_and_shown_where_they_were_left() {
    let mut shop = Workshop::light();
    shop.keys("t");
    assert!(shop.app.shows_files && shop.app.pane == Pane::List);
    shop.keys("gg<cr>");
    assert_eq!((shop.at().0, shop.app.pane), ("README.md".to_owned(), Pane::Code));
    // Folders fold; a file's left goes to its folder.
    shop.keys("1gg");
    while shop.app.tree.current().unwrap().path != "src/db.ts".into() {
        shop.keys("j");
    }
    shop.keys("h");
    assert_eq!(shop.app.tree.current().unwrap().path, "src".into());
    shop.keys("hlj");
    assert_eq!(shop.app.tree.current().unwrap().path, "src/auth.ts".into());
    shop.keys("t");
    assert!(!shop.app.shows_files);
    shop.keys("<c-p>auth<cr>");
    shop.keys("gl5<cr>jj");
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 7));
    // To find the open file changes nothing; another one and back neither.
    shop.keys("v1fauth.ts<cr>");
    assert_eq!((shop.at().1, shop.app.doc.as_ref().unwrap().anchor, shop.app.pane), (7, Some(6), Pane::Code));
    shop.keys("fdb.ts<cr>fauth.ts<cr>");
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 7));
    // A hit on the first line is shown there, although the file was left elsewhere.
    shop.keys("fdb.ts<cr>g/import type<cr>");
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 1));
    // What is no text is told, and acts on code say so.
    shop.keys("flogo<cr>");
    assert_eq!(shop.app.other.as_ref().unwrap().1, "binary");
    for key in ["/", "gl", "o", "Y", "v", "<s-down>", "<s-up>", "e", "+"] {
        assert_eq!(shop.says(key), "No file is open.", "{key}");
        assert!(shop.app.popups.is_empty() && shop.kept.is_empty(), "{key}");
    }
    shop.keys("fzzzzzz<cr>");
    assert!(shop.app.popups.is_empty());
    shop.keys("f<esc>");
    assert!(shop.app.popups.is_empty());
}

#[test]
fn code_scrolls_sideways() {
    let mut shop = Workshop::light();
    shop.code("src/index.ts", 12);
    let left = |shop: &Workshop| shop.app.doc.as_ref().unwrap().left;
    shop.keys("ll");
    assert_eq!(left(&shop), 16);
    shop.keys("<left>");
    assert_eq!(left(&shop), 8);
    shop.keys("hhh");
    assert_eq!(left(&shop), 0);
    for _ in 0..50 {
        shop.keys("l");
    }
    assert!(left(&shop) <= 110, "{}", left(&shop));
    shop.frame();
    // A line that is gone to is shown from its start.
    for keys in ["gg", "G", "gl3<cr>"] {
        shop.keys("llll");
        assert_ne!(left(&shop), 0, "{keys}");
        shop.keys(keys);
        assert_eq!(left(&shop), 0, "{keys}");
    }
}

#[test]
fn a_line_is_gone_to_by_its_number() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 1).keys("1gl9<cr>");
    assert_eq!((shop.at().1, shop.app.pane), (9, Pane::Code));
    assert_eq!(shop.says("gl99<cr>"), "The file has 12 lines.");
    assert_eq!(shop.at().1, 12);
    for bad in ["0", "x", "", "99999999999999999999", "-1"] {
        assert_eq!(shop.says(&format!("gl{bad}<cr>")), format!("`{bad}` is no line number."));
        assert_eq!(shop.title(), "Go to line", "what was typed stays there to be mended");
        shop.keys("<esc>");
        assert_eq!(shop.at().1, 12);
    }
}

#[test]
fn every_jump_has_a_way_back() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 4).keys("jGgl2<cr>/const<cr>fdb.ts<cr>jj<c-o>");
    let on = |shop: &Workshop| (shop.at().0, shop.at().1);
    let mut way = vec![on(&shop)];
    for _ in 0..3 {
        shop.keys("<a-left>");
        way.push(on(&shop));
    }
    let auth = |line| ("src/auth.ts".to_owned(), line);
    // Where `/` began is a place; where one moved by rows is none.
    assert_eq!(way, [auth(4), auth(2), auth(12), auth(5)]);
    shop.keys("<c-n><a-right><c-n><c-n>");
    assert_eq!(on(&shop), ("src/db.ts".to_owned(), 3));
    assert_eq!(shop.says("<c-n>"), "There is no later place.");
    shop.keys("<c-o>gg");
    assert_eq!(shop.says("<c-n>"), "There is no later place.", "a new jump gives up what lay ahead");
}

#[test]
fn files_opened_last_are_found_first() {
    let mut shop = Workshop::light();
    shop.keys("fauth.ts<cr>fdb.ts<cr>f<cr>");
    assert_eq!(shop.at().0, "src/auth.ts");
    let place = Some(shop.app.place());
    let mut shop = Workshop::with(Desk::open(&["stdio"]), 120, 40, Preferences::default(), Keymap::default(), place);
    shop.keys("f<cr>");
    assert_eq!(shop.at().0, "src/db.ts");
}

#[test]
fn a_file_is_searched_as_one_types() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 5).keys("/k");
    assert_eq!(shop.at().1, 7, "the first hit from the cursor on");
    shop.keys("ey");
    let lines: Vec<usize> = shop.app.doc.as_ref().unwrap().found.iter().map(|(line, _)| line + 1).collect();
    assert_eq!(lines, [3, 4, 4, 7, 11]);
    assert_eq!(shop.says("<cr>"), "5 hits; . and , walk through them");
    assert_eq!(shop.says("."), "Hit 5 of 5");
    assert_eq!(shop.says("."), "Hit 1 of 5");
    assert_eq!(shop.says(","), "Hit 5 of 5");
    assert_eq!(shop.says(",,"), "Hit 2 of 5");
    assert_eq!(shop.at().1, 4);
    // Escape puts everything back, also the search before.
    shop.keys("gg/bearer");
    assert_eq!(shop.at().1, 11);
    shop.keys("<esc>");
    assert_eq!((shop.at().1, shop.app.pattern.as_str(), shop.app.doc.as_ref().unwrap().found.len()), (1, "key", 5));
    shop.keys("/xyz<bs><bs><bs><cr>");
    assert_eq!((shop.at().1, shop.app.pattern.as_str(), shop.app.doc.as_ref().unwrap().found.len()), (1, "key", 5));
    assert_eq!(shop.says("/nowhere<cr>"), "No hit in this file.");
    assert_eq!(shop.says("."), "No hit in this file.");
    assert_eq!(shop.says("/Bearer <cr>"), "1 hit");
    assert_eq!(shop.says("/Key<cr>"), "No hit in this file.");
    // The search goes on in the next file.
    shop.keys("/const<cr>fdb.ts<cr>");
    assert_eq!(shop.says("."), "Hit 1 of 1");
    let mut fresh = Workshop::light();
    assert_eq!(fresh.says("."), "Nothing was searched for yet.");
    assert_eq!(fresh.says(","), "Nothing was searched for yet.");
}

#[test]
fn the_repository_is_searched_as_one_types() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 9).keys("<c-f>");
    assert_eq!(shop.says("<cr>"), "Nothing is searched for yet.");
    assert_eq!(shop.says("<c-e>"), "Nothing is searched for yet.");
    shop.keys("api_key");
    let all = search(&shop).hits.len();
    assert!(all > 3);
    // In its own case, as plain text, in some files.
    shop.keys("<c-o>");
    assert!(search(&shop).case_sensitive && search(&shop).hits.is_empty());
    assert_eq!(shop.says("<cr>"), "The search has no hit.");
    assert_eq!(search(&shop).pattern.text(), "api_key");
    shop.keys("<c-o><tab>*.ts");
    let code = search(&shop).hits.len();
    assert!(code > 0 && code < all && search(&shop).query().include == ["*.ts"]);
    shop.keys("<space>!db.ts<tab><c-t>");
    assert!(search(&shop).literal && !search(&shop).on_globs);
    assert_eq!(search(&shop).query().exclude, ["db.ts"]);
    shop.keys("<down><c-n><up>");
    assert_eq!(search(&shop).cursor, 1);
    shop.keys("<pgdn>");
    assert_eq!(search(&shop).cursor, code - 1);
    shop.keys("<pgup><c-d><c-u><c-p><down>");
    assert_eq!(search(&shop).cursor, 1);
    let hit = search(&shop).hits[1].clone();
    assert_eq!(shop.says("<cr>"), format!("Hit 2 of {code}"));
    assert_eq!((shop.at(), shop.app.pane), ((hit.path.lossy().into_owned(), hit.line as usize), Pane::Code));
    // The hits are walked through, around the end.
    assert_eq!(shop.says(","), format!("Hit 1 of {code}: src/auth.ts:4"));
    shop.keys(",");
    assert!(shop.said().starts_with(&format!("Hit {code} of {code}")));
    assert_eq!(shop.says("."), format!("Hit 1 of {code}: src/auth.ts:4"));
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 4));
    // A search in a file that is given up leaves the walk alone, and the pattern stays for the next time.
    shop.keys("/zzz<esc>");
    assert!(shop.says(".").starts_with(&format!("Hit 2 of {code}")));
    shop.keys("g/");
    assert_eq!(search(&shop).pattern.text(), "api_key");
    shop.keys("<esc>g/<c-t>(<cr>");
    assert!(shop.said().contains("unclosed group"), "{}", shop.said());
    assert!(matches!(search(&shop).ended, Some(Err(_))));
    assert!(!shop.screen().contains("0 hits"), "{}", shop.screen());
    shop.keys("<c-e>");
    assert!(shop.app.notice.as_ref().unwrap().error && !shop.said().is_empty());
    // An answer to an older question is dropped.
    shop.keys("<esc>g/process");
    let (hits, ticket) = (search(&shop).hits.clone(), search(&shop).ticket);
    shop.send(Msg::Hits { ticket: ticket - 1, hits: hits.clone() });
    assert_eq!(search(&shop).hits.len(), hits.len());
}

#[test]
fn a_search_of_the_repository_is_evidence() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("g/exec\\(<c-e>");
    assert!(shop.title().starts_with("Attach") && shop.title().contains("exec"), "{}", shop.title());
    shop.writes("<cr>");
    let piece = &shop.app.audit.now.evidence.values().next().unwrap().evidence;
    assert!(matches!(&piece.kind, Kind::Search(search) if search.query.pattern == "exec\\(" && search.hits == 1));
}

#[test]
fn leads_are_walked_through() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let first = shop.says("}");
    assert!(first.starts_with("Hit 1 of "), "{first}");
    assert_eq!(shop.at().0, "src/index.ts");
    let lead = shop.app.lead_at;
    let count: usize = first.split(' ').nth(3).unwrap().trim_end_matches(':').parse().unwrap();
    for _ in 1..count {
        shop.keys("}");
    }
    assert!(shop.said().starts_with(&format!("Hit {count} of {count}")));
    assert_eq!(shop.says("}"), first);
    assert_eq!(shop.app.lead_at, lead);
    shop.keys("{");
    assert!(shop.said().starts_with(&format!("Hit {count} of {count}")));
    // A hit is opened from the item pane as well, and the walk goes on from there.
    shop.keys("3gg");
    let rows = item::rows(&shop.app, shop.app.item_width());
    shop.app.item_cursor = rows.iter().position(|row| row.target == item::Target::Hit(0, 0)).unwrap();
    shop.keys("<cr>");
    assert_eq!((shop.app.lead_at, shop.app.pane), (Some((0, 0)), Pane::Item));
    shop.keys("1}");
    shop.item("auth_scheme");
    assert_eq!(shop.says("}"), "Put the cursor on an item first.");
    // Leads of another item start anew.
    shop.item("transport-3");
    assert_eq!(shop.app.lead_at, None);
    assert_eq!(shop.says("}"), "The leads of this item have no hit.");
    assert_eq!(shop.says("{"), "The leads of this item have no hit.");
    // While they run there is nothing to say of them.
    shop.app.leads.insert("transport-3".to_owned(), Vec::new());
    for key in ["}", "{", "0", "z"] {
        assert_eq!(shop.says(key), "The leads of this item are still being run.", "{key}");
    }
    let mut light = Workshop::light();
    light.item("transport-1");
    for key in ["}", "{", "0", "z"] {
        assert_eq!(light.says(key), "This item has no leads.", "{key}");
    }
}

#[test]
fn a_place_is_read_elsewhere() {
    let mut shop = Workshop::light();
    shop.code("src/auth.ts", 4).keys("oY<s-down>Y");
    let Effect::Edit { text, line } = &shop.kept[0] else { panic!("{:?}", shop.kept) };
    assert_eq!((&*text.bytes, *line), (AUTH.as_bytes(), 4));
    let link =
        |lines: &str| format!("https://github.com/example/notes-mcp/blob/{}/src/auth.ts#{lines}", shop.desk.commit);
    assert_eq!(shop.kept[1..], [Effect::Copy(link("L4-L4")), Effect::Copy(link("L4-L5"))]);
    assert_eq!(shop.said(), link("L4-L5"));
}

#[test]
fn the_checklist_is_sorted_by_file() {
    let mut shop = Workshop::new();
    shop.item("transport-5");
    assert_eq!(shop.says("s"), "Sorted by the file that items still need.");
    assert_eq!(shop.app.item, "transport-5");
    let rows = &shop.app.checklist.rows;
    assert_eq!(rows[0], Row::Fact("auth_scheme".to_owned()));
    let files: Vec<&Row> = rows.iter().filter(|row| matches!(row, Row::File(_))).collect();
    assert!(files.contains(&&Row::File(Some("src/index.ts".into()))), "{files:?}");
    assert_eq!(files.last(), Some(&&Row::File(None)));
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Item(_))).count(), 48);
    assert!(!rows.iter().any(|row| matches!(row, Row::Dimension(_))));
    // A file's heading opens it.
    let at = rows.iter().position(|row| *row == Row::File(Some("src/index.ts".into()))).unwrap();
    shop.app.checklist.cursor = at;
    shop.keys("1<cr>");
    assert_eq!((shop.at().0, shop.app.pane), ("src/index.ts".to_owned(), Pane::Code));
    // An item whose file is cited moves on; the cursor goes with it.
    shop.item("transport-1").keys("m").keys("mgl24<cr>");
    let group = |shop: &Workshop, id: &str| {
        let rows = &shop.app.checklist.rows;
        let at = rows.iter().position(|row| *row == Row::Item(id.to_owned())).unwrap();
        rows[..at].iter().rev().find(|row| matches!(row, Row::File(_))).cloned()
    };
    assert_eq!(group(&shop, "transport-1"), Some(Row::File(Some("src/index.ts".into()))));
    shop.keys("e<cr>");
    assert_ne!(group(&shop, "transport-1"), Some(Row::File(Some("src/index.ts".into()))));
    assert_eq!(shop.app.item, "transport-1");
    assert_eq!(shop.says("s"), "Sorted as the standard has it.");
    assert!(shop.app.checklist.rows.contains(&Row::Dimension(0)));
    assert_eq!(shop.app.item, "transport-1");
    // The order is there after a restart as well.
    shop.keys("s");
    let place = shop.app.place();
    let rows = shop.app.checklist.rows.clone();
    let shop = Workshop::with(shop.close(), 120, 40, Default::default(), Default::default(), Some(place));
    assert_eq!(shop.app.checklist.rows, rows);
}

#[test]
fn a_sweep_shows_what_is_left() {
    let mut shop = Workshop::modes(&["stdio"]);
    shop.item("transport-1").code("src/auth.ts", 1).keys("e<cr>y");
    shop.item("transport-2").keys("y");
    assert_eq!(shop.says("S"), "Only items that are open or without support.");
    let listed = |shop: &Workshop, id: &str| shop.app.checklist.rows.contains(&Row::Item(id.to_owned()));
    assert!(!listed(&shop, "transport-1") && listed(&shop, "transport-2") && listed(&shop, "transport-3"));
    // What is supported now stays until the cursor is elsewhere: the next key is meant for it.
    shop.keys("e<cr>");
    assert_eq!(shop.app.item, "transport-2");
    shop.keys("Nit holds<cr>");
    assert!(shop.app.audit.now.notes.contains_key(&Some(crate::app_keys::stdio("transport-2"))));
    shop.keys("]y");
    assert_eq!(shop.app.item, "transport-3");
    assert!(!listed(&shop, "transport-2") && listed(&shop, "transport-3"));
    assert_eq!(shop.says("S"), "All items.");
    assert!(listed(&shop, "transport-1"));
    assert_eq!(shop.app.item, "transport-3");
    // The review leads to an item that the sweep hides.
    shop.item("transport-4").keys("SW");
    shop.send(Msg::Key(touchstone::app::key::Key::parse_all("<esc>").unwrap()[0]));
    assert!(shop.app.popups.is_empty());
}

/// Does something with the mouse in a pane, at a row of its content.
fn mouse(shop: &mut Workshop, did: Did, pane: Pane, row: u16) {
    let area = shop.app.content(pane).unwrap();
    shop.send(Msg::Mouse(Mouse { did, column: area.x + 2, row: area.y + row }));
}

#[test]
fn the_mouse_points_selects_and_scrolls() {
    let mut shop = Workshop::light();
    shop.keys("1gg");
    shop.code("src/index.ts", 1);
    mouse(&mut shop, Did::Press, Pane::List, 3);
    assert_eq!((shop.app.pane, shop.app.checklist.cursor), (Pane::List, 3));
    // Again on the same row opens it.
    mouse(&mut shop, Did::Press, Pane::List, 3);
    assert_eq!(shop.app.pane, Pane::Item);
    mouse(&mut shop, Did::Press, Pane::List, 1);
    mouse(&mut shop, Did::Press, Pane::List, 1);
    assert!(shop.app.checklist.folded.contains(&0));
    // A click on a frame is one on no row.
    let list = shop.app.areas().unwrap().list.unwrap();
    shop.keys("gg");
    for row in [list.y, list.bottom() - 1] {
        shop.send(Msg::Mouse(Mouse { did: Did::Press, column: list.x + 4, row }));
        assert_eq!((shop.app.pane, shop.app.checklist.cursor, shop.app.popups.len()), (Pane::List, 0, 0));
    }
    // A press and a drag in the code select lines; another press drops them.
    mouse(&mut shop, Did::Press, Pane::Code, 2);
    mouse(&mut shop, Did::Drag, Pane::Code, 5);
    mouse(&mut shop, Did::Release, Pane::Code, 5);
    assert_eq!(shop.app.doc.as_ref().unwrap().selection(), Some((2, 5)));
    mouse(&mut shop, Did::Drag, Pane::Code, 9);
    assert_eq!(shop.app.doc.as_ref().unwrap().selection(), Some((2, 5)), "the button is up");
    mouse(&mut shop, Did::Press, Pane::Code, 7);
    assert_eq!((shop.at().1, shop.app.doc.as_ref().unwrap().selection()), (8, None));
    // A release anywhere ends a drag.
    shop.send(Msg::Mouse(Mouse { did: Did::Release, column: 0, row: 0 }));
    mouse(&mut shop, Did::Drag, Pane::Code, 9);
    assert_eq!(shop.app.doc.as_ref().unwrap().selection(), None);
    // The wheel turns the pane under it, and leaves the focus.
    shop.send(Msg::Resize(120, 20));
    let top = |shop: &Workshop| shop.app.doc.as_ref().unwrap().top;
    mouse(&mut shop, Did::WheelDown, Pane::Code, 1);
    assert_eq!(top(&shop), 3);
    mouse(&mut shop, Did::WheelUp, Pane::Code, 1);
    mouse(&mut shop, Did::WheelUp, Pane::Code, 1);
    assert_eq!(top(&shop), 0);
    for _ in 0..30 {
        mouse(&mut shop, Did::WheelDown, Pane::Code, 1);
        mouse(&mut shop, Did::WheelDown, Pane::List, 1);
        mouse(&mut shop, Did::WheelDown, Pane::Item, 1);
    }
    assert_eq!(top(&shop) + shop.app.height(Pane::Code), 25);
    assert_eq!(shop.app.pane, Pane::Code);
    assert_eq!(shop.journal.audit.next_seq(), 4, "nothing was written");
}

#[test]
fn the_mouse_opens_places_in_the_item_pane() {
    let mut shop = Workshop::light();
    shop.item("transport-1").code("src/auth.ts", 4).keys("e<cr>fREADME.md<cr>");
    let rows = item::rows(&shop.app, shop.app.item_width());
    let at = rows.iter().position(|row| matches!(row.target, item::Target::Place(..))).unwrap() as u16;
    mouse(&mut shop, Did::Press, Pane::Item, at);
    assert_eq!((shop.at().0.as_str(), shop.app.pane), ("README.md", Pane::Item));
    mouse(&mut shop, Did::Press, Pane::Item, at);
    assert_eq!(shop.at(), ("src/auth.ts".to_owned(), 4));
}

#[test]
fn the_mouse_works_in_popups() {
    let mut shop = Workshop::light();
    shop.keys("f");
    let click = |shop: &mut Workshop, did: Did, row: u16| {
        let popup = shop.app.popups.last().unwrap();
        let rows = popup.rows(popup.area(shop.app.size));
        shop.send(Msg::Mouse(Mouse { did, column: rows.x + 2, row: rows.y + row }));
    };
    let cursor = |shop: &Workshop| match shop.app.popups.last() {
        Some(Popup::List(picker, _)) => picker.cursor,
        Some(Popup::Page(page)) => page.cursor,
        Some(Popup::Search(search)) => search.cursor,
        _ => panic!(),
    };
    click(&mut shop, Did::WheelDown, 0);
    assert_eq!(cursor(&shop), 3);
    click(&mut shop, Did::WheelUp, 0);
    click(&mut shop, Did::Press, 5);
    assert_eq!((cursor(&shop), shop.app.popups.len()), (5, 1));
    let label = shop.labels()[5].clone();
    click(&mut shop, Did::Press, 5);
    assert_eq!((shop.app.popups.len(), shop.at().0), (0, label));
    // A cursor that happens to be there is no click: the first one accepts nothing.
    shop.keys("c");
    click(&mut shop, Did::Press, 0);
    assert_eq!(shop.app.popups.len(), 1);
    shop.keys("<esc>");
    // Where several can be picked a click marks, and never accepts.
    shop.item("auth-4").code("src/auth.ts", 4).keys("e");
    let before = shop.journal.audit.next_seq();
    click(&mut shop, Did::Press, 0);
    click(&mut shop, Did::Press, 2);
    click(&mut shop, Did::Press, 2);
    let Some(Popup::List(picker, _)) = shop.app.popups.last() else { panic!() };
    assert_eq!(picker.marked.iter().copied().collect::<Vec<_>>(), [0]);
    assert_eq!(shop.journal.audit.next_seq(), before);
    shop.keys("<esc>");
    // Beside the popup, on its frame and below its rows nothing happens.
    shop.keys("fdb");
    let at = shop.at();
    shop.send(Msg::Mouse(Mouse { did: Did::Press, column: 0, row: 20 }));
    click(&mut shop, Did::Press, 4);
    click(&mut shop, Did::Press, 4);
    assert_eq!((shop.app.popups.len(), shop.at()), (1, at));
    shop.keys("<esc>g/const");
    click(&mut shop, Did::Press, 2);
    assert_eq!(cursor(&shop), 2);
    click(&mut shop, Did::Press, 2);
    assert!(shop.app.popups.is_empty() && matches!(shop.app.walk, Walk::Repo(_, 2)));
    shop.keys("W");
    let page = shop.page();
    let row = page.iter().position(|line| line.starts_with("  ")).unwrap() as u16;
    click(&mut shop, Did::Press, row);
    click(&mut shop, Did::Press, row);
    assert!(shop.app.popups.is_empty());
    shop.keys("F");
    shop.send(Msg::Mouse(Mouse { did: Did::Press, column: 60, row: 10 }));
    assert_eq!(shop.app.popups.len(), 1);
}

#[test]
fn a_narrow_screen_has_tabs() {
    let mut shop = Workshop::light();
    shop.send(Msg::Resize(80, 24));
    for (column, pane) in
        [(0, Pane::List), (26, Pane::List), (27, Pane::Code), (53, Pane::Code), (54, Pane::Item), (79, Pane::Item)]
    {
        shop.send(Msg::Mouse(Mouse { did: Did::Press, column, row: 1 }));
        assert_eq!(shop.app.pane, pane, "{column}");
        assert!(shop.app.content(pane).is_some());
        shop.frame();
    }
    // What is asked for is shown.
    shop.keys("fauth.ts<cr>");
    assert_eq!(shop.app.pane, Pane::Code);
    shop.keys("3");
    shop.item("transport-1").keys("2e<cr>3");
    let rows = item::rows(&shop.app, shop.app.item_width());
    shop.app.item_cursor = rows.iter().position(|row| matches!(row.target, item::Target::Place(..))).unwrap();
    shop.keys("<cr>");
    assert_eq!(shop.app.pane, Pane::Code);
}

#[test]
fn the_outline_lists_names_and_jumps() {
    fn list(shop: &Workshop) -> &touchstone::app::picker::Picker<touchstone::app::popup::Value> {
        match shop.app.popups.last() {
            Some(Popup::List(picker, _)) => picker,
            other => panic!("no outline: {other:?}"),
        }
    }
    let mut shop = Workshop::new();
    shop.keys("fauth.ts<cr>");
    shop.keys("go");
    assert_eq!(list(&shop).title, "Outline of src/auth.ts");
    let last = list(&shop).entries.last().unwrap();
    let (name, line) = (last.label.trim().to_owned(), last.detail.rsplit(' ').next().unwrap());
    let line: usize = line.parse().unwrap();
    shop.keys(&format!("{name}<cr>"));
    assert!(shop.app.popups.is_empty());
    assert_eq!((shop.app.pane, shop.app.doc.as_ref().unwrap().cursor), (Pane::Code, line - 1));
    // It opens on what the reader is in.
    shop.keys("go");
    assert_eq!(list(&shop).cursor, list(&shop).entries.len() - 1);
    shop.keys("<esc>fpackage.json<cr>go");
    assert!(shop.app.popups.is_empty());
    assert_eq!(shop.said(), "Nothing is named in this file as far as its grammar tells.");
}
