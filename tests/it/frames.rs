//! Every screen of the workbench as a frame, and what holds for all of them.

use std::cell::RefCell;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use touchstone::app::msg::Msg;
use touchstone::app::{Notice, Preferences};
use touchstone::config::ThemeName;
use touchstone::repo::display;

use crate::repo_fixture::{FILE, Item, SYMLINK};
use crate::support::{AUDITOR, Desk, light_standard, styled};
use crate::workshop::Workshop;

const SMALL: (u16, u16) = (80, 24);
const MIDDLE: (u16, u16) = (120, 40);
const LARGE: (u16, u16) = (200, 60);

/// Keys that lead from the main screen to each other one, and back again with enough of Escape.
const SCREENS: [&str; 36] = [
    "1gg",
    "1ggjjjjj",
    "1gg<down>",
    "2gg",
    "2ggvjj",
    "3gg",
    "3jjjj",
    "t",
    "<space>",
    ":",
    ":zzz",
    "f",
    "fts",
    "2gge",
    "E",
    "A",
    "1ggc",
    "1a",
    "N",
    "2/o",
    "gl",
    "g",
    "g/t",
    "g/(",
    "?",
    "gt",
    "W",
    "ge",
    "ge<cr>",
    "gf",
    "F",
    "F<tab><tab><tab><tab>",
    "gr",
    "gv",
    "gx",
    "gm",
];

fn resize(shop: &mut Workshop, (columns, rows): (u16, u16)) {
    shop.send(Msg::Resize(columns, rows));
}

/// Takes a frame in each of these sizes.
fn shoot(shop: &mut Workshop, name: &str, sizes: &[(u16, u16)]) {
    for size in sizes {
        resize(shop, *size);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shop.screen());
    }
}

/// Presses a key some times.
fn press(shop: &mut Workshop, key: &str, times: usize) {
    shop.keys(&key.repeat(times));
}

/// Goes back to the checklist with nothing over it.
fn home(shop: &mut Workshop) {
    shop.keys("<esc><esc><esc><esc>");
    if shop.app.shows_files {
        shop.keys("t");
    }
    if shop.app.zoom {
        shop.keys("<space>");
    }
    shop.keys("1");
}

/// Returns a workbench in the middle of an audit: evidence, answers, a reason, a note, a finding.
fn busy() -> Workshop {
    let desk = Desk::open(&["stdio", "http"]);
    for args in [
        &["answer", "auth-1", "yes", "--mode", "http", "--evidence", "src/auth.ts:3-12"][..],
        &["answer", "auth-4", "yes", "--mode", "all", "--evidence", "src/auth.ts:3-4"],
        &["answer", "input-1", "no", "--evidence", "src/index.ts:12", "--note", "The text reaches a shell."],
        &["answer", "transport-1", "yes", "--mode", "stdio"],
        &["answer", "auth-2", "na", "--mode", "all", "--reason", "There is no OAuth here."],
        &["answer", "auth-3", "partial", "--mode", "http"],
        &["answer", "token-1", "unknown", "--mode", "http", "--reason", "The token's age is not told here."],
        &["note", "auth-4", "The key is read once, at the start.", "--mode", "http"],
        &["fact", "auth_scheme", "api_key", "--mode", "http"],
    ] {
        desk.ok(args);
    }
    Workshop::on(desk, SMALL.0, SMALL.1)
}

fn preferences(theme: ThemeName, ascii: bool, no_color: bool) -> Preferences {
    Preferences { theme, ascii, no_color, ..Preferences::default() }
}

fn prefer(shop: &mut Workshop, theme: ThemeName, ascii: bool, no_color: bool) {
    shop.app.preferences = preferences(theme, ascii, no_color);
}

#[test]
fn main_screen() {
    let mut shop = busy();
    shop.keys("1gg");
    press(&mut shop, "j", 14);
    shoot(&mut shop, "checklist", &[SMALL, MIDDLE, LARGE]);
    shop.keys("findex.ts<cr>2gg");
    press(&mut shop, "j", 10);
    shop.keys("vjj");
    shoot(&mut shop, "code", &[SMALL, MIDDLE]);
    shop.keys("<esc>3gg");
    press(&mut shop, "j", 4);
    shoot(&mut shop, "item", &[SMALL, MIDDLE, LARGE]);
    resize(&mut shop, MIDDLE);
    shop.keys("<space>");
    shoot(&mut shop, "zoomed", &[MIDDLE]);
    shop.keys("<space>");
    home(&mut shop);
    shop.keys("ggj");
    shoot(&mut shop, "dimension", &[MIDDLE]);
    shop.keys("3");
    shoot(&mut shop, "dimension", &[SMALL]);
    home(&mut shop);
    shop.keys("tjj");
    shoot(&mut shop, "files", &[SMALL, MIDDLE]);
    home(&mut shop);
    shop.keys("S");
    shoot(&mut shop, "sweep", &[SMALL]);
    shop.keys("Ss");
    shoot(&mut shop, "by_file", &[SMALL]);
    shop.keys("s");
    shop.app.hint = Some(0);
    shop.keys("gg");
    shoot(&mut shop, "hint", &[SMALL]);
    shop.app.hint = None;
    shop.app.notice = Some(Notice { text: "The journal cannot be written: the disk is full.".to_owned(), error: true });
    shop.app.unsaved = Some("the disk is full".to_owned());
    shoot(&mut shop, "not_saved", &[SMALL]);
    shoot(&mut shop, "too_small_and_not_saved", &[(40, 10)]);
    shop.app.unsaved = None;
    shoot(&mut shop, "too_small", &[(59, 24), (12, 3)]);
}

#[test]
fn lists_and_texts() {
    let mut shop = busy();
    shop.keys("findex.ts<cr>");
    for (keys, name, sizes) in [
        (":", "palette", &[SMALL][..]),
        (":shell", "palette_typed", &[SMALL]),
        ("fts", "find_file", &[SMALL]),
        ("fzzz", "nothing_matches", &[SMALL]),
        ("2ggjjjjvjje", "attach", &[SMALL, MIDDLE]),
        ("E", "reuse", &[SMALL]),
        ("1ggc", "fact_values", &[SMALL]),
        ("1ggjjjjja", "reason", &[SMALL]),
        ("1ggjjjjjN", "note", &[SMALL]),
        ("2gg/server", "find_in_file", &[SMALL]),
        ("2gg/nowhere", "find_nothing", &[SMALL]),
        ("gl", "go_to_line", &[SMALL]),
        ("g", "which_key", &[SMALL, MIDDLE, (60, 16)]),
        ("g/server", "search", &[SMALL, MIDDLE]),
        ("g/server<tab>src/** !*.md", "search_in_files", &[SMALL]),
        ("g/(", "search_wrong", &[SMALL]),
    ] {
        home(&mut shop);
        resize(&mut shop, SMALL);
        shop.keys(keys);
        shoot(&mut shop, name, sizes);
    }
}

#[test]
fn pages_and_forms() {
    let mut shop = busy();
    shop.keys("1ggjjjF");
    shop.send(Msg::Paste("A note's text reaches a shell".to_owned()));
    shop.keys("<c-s>");
    for (keys, name, sizes) in [
        ("?", "help", &[SMALL, MIDDLE][..]),
        ("gt", "log", &[SMALL]),
        ("W", "flips", &[SMALL]),
        ("ge", "evidence", &[SMALL]),
        ("ge<cr>", "piece", &[SMALL]),
        ("gf", "findings", &[SMALL]),
        ("1ggjjjF", "finding_form", &[SMALL, MIDDLE]),
        ("1ggjjjF<tab><tab><tab><tab><tab><tab><tab>", "finding_form_block", &[SMALL]),
        ("gr", "review", &[SMALL, MIDDLE]),
        ("grG", "review_end", &[SMALL]),
        ("gx", "export_form", &[SMALL]),
        ("gm", "declare_mode", &[SMALL]),
    ] {
        home(&mut shop);
        resize(&mut shop, SMALL);
        shop.keys(keys);
        shoot(&mut shop, name, sizes);
    }
}

#[test]
fn styles() {
    let mut shop = busy();
    shop.keys("fauth.ts<cr>2ggjjjjjjvjj");
    resize(&mut shop, SMALL);
    prefer(&mut shop, ThemeName::Dark, false, false);
    insta::assert_snapshot!("style_selection_dark", styled(&shop.frame()));
    prefer(&mut shop, ThemeName::Terminal, false, false);
    insta::assert_snapshot!("style_selection_terminal", styled(&shop.frame()));
    prefer(&mut shop, ThemeName::Dark, true, true);
    insta::assert_snapshot!("style_selection_plain_ascii", styled(&shop.frame()));
    shop.keys("e");
    prefer(&mut shop, ThemeName::Light, false, false);
    insta::assert_snapshot!("style_attach_light", styled(&shop.frame()));
    home(&mut shop);
    shop.keys("ggjj");
    prefer(&mut shop, ThemeName::HighContrast, false, false);
    insta::assert_snapshot!("style_checklist_high_contrast", styled(&shop.frame()));
    resize(&mut shop, (100, 20));
    prefer(&mut shop, ThemeName::Dark, false, true);
    insta::assert_snapshot!("style_main_plain", styled(&shop.frame()));
}

#[test]
fn modes() {
    let names = ["stdio", "http", "sse", "docker", "cloud"];
    for count in [0, 1, 5] {
        let mut shop = Workshop::on(Desk::light(&names[..count]), SMALL.0, SMALL.1);
        shop.keys("1ggjjj");
        shoot(&mut shop, &format!("modes_{count}"), &[SMALL]);
        if count != 1 {
            shop.keys("j3");
            shoot(&mut shop, &format!("modes_{count}_item"), &[SMALL]);
        }
    }
}

/// Opens an audit of other files than the desk's.
fn of_files(files: &[(&[u8], u32, &[u8])]) -> Desk {
    let desk = Desk::new();
    let items: Vec<Item<'_>> = files.iter().map(|(path, mode, bytes)| (*path, *mode, desk.git.blob(bytes))).collect();
    let commit = desk.git.commit(desk.git.tree(&items), &[], 1_766_000_000);
    desk.git.main(commit);
    let standard = desk.file("light.toml", light_standard());
    desk.ok(["open", "--auditor", AUDITOR, "--mode", "stdio", "--standard", standard.to_str().unwrap()]);
    desk
}

const HOSTILE: &str = "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{9b}2J \u{202e}txt.exe\u{202c} \u{200b}zero \u{e0041}\u{e0042} e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} \u{feff}end\u{85}";

/// Returns a workbench on a repository that attacks the reader, with notes and findings that do so, too.
fn attacked() -> Workshop {
    let name = format!("src/{HOSTILE}.ts");
    let text = format!("{HOSTILE}\nconst a = 1; // {HOSTILE}\n").repeat(5);
    let desk = of_files(&[
        (b"README.md", FILE, text.as_bytes()),
        (name.as_bytes(), FILE, text.as_bytes()),
        (b"src/\xff\xfe\x01.ts", FILE, b"\xff\xfe\x01 not UTF-8 \xc3\n"),
        (b"src/link", SYMLINK, b"/etc/\x1b]0;passwd"),
    ]);
    let mut shop = Workshop::on(desk, SMALL.0, SMALL.1);
    shop.keys("2ggvje<cr>N");
    shop.send(Msg::Paste(HOSTILE.to_owned()));
    shop.keys("<cr>F");
    shop.send(Msg::Paste(HOSTILE.to_owned()));
    shop.keys("<c-s>");
    home(&mut shop);
    shop
}

#[test]
fn hostile_text() {
    let mut shop = attacked();
    shoot(&mut shop, "hostile", &[MIDDLE]);
    for (keys, name) in
        [("t", "hostile_files"), ("f", "hostile_find_file"), ("gt", "hostile_log"), ("g/a", "hostile_search")]
    {
        resize(&mut shop, SMALL);
        home(&mut shop);
        shop.keys(keys);
        shoot(&mut shop, name, &[SMALL]);
    }
}

#[test]
fn long_names_and_other_files() {
    let deep = format!("packages/{}/src/handlers/authentication/index.ts", "a-very-long-folder-name".repeat(3));
    let wide = format!("docs/{}.md", "漢字".repeat(30));
    let desk = of_files(&[
        (deep.as_bytes(), FILE, b"export {};\n"),
        (wide.as_bytes(), FILE, b"# wide\n"),
        (b"empty.txt", FILE, b""),
        (b"logo.png", FILE, b"\x89PNG\r\n\x1a\n\0\0"),
        (b"long.min.js", FILE, "x=1;".repeat(4000).as_bytes()),
    ]);
    let mut shop = Workshop::on(desk, SMALL.0, SMALL.1);
    for (keys, name, sizes) in [
        ("fauth<cr>2", "long_path", &[SMALL, MIDDLE][..]),
        ("f", "long_paths_to_find", &[SMALL]),
        ("t", "long_names", &[MIDDLE]),
        ("fwide<cr><esc>fdocs<cr>2", "wide_path", &[SMALL]),
        ("fempty<cr>2", "empty_file", &[SMALL]),
        ("flogo<cr>2", "binary_file", &[SMALL]),
        ("fmin<cr>2", "long_line", &[SMALL]),
    ] {
        resize(&mut shop, SMALL);
        home(&mut shop);
        shop.keys(keys);
        shoot(&mut shop, name, sizes);
    }
}

#[test]
fn nothing_there() {
    let desk = of_files(&[]);
    let mut shop = Workshop::on(desk, SMALL.0, SMALL.1);
    shoot(&mut shop, "no_files", &[MIDDLE]);
    shop.keys("t");
    shoot(&mut shop, "no_files_to_list", &[SMALL]);
    shop.keys("t2");
    shoot(&mut shop, "no_files_to_read", &[SMALL]);
    shop.keys("1S");
    shop.app.checklist.rows.clear();
    shoot(&mut shop, "nothing_open", &[SMALL]);
}

fn text_of(buffer: &Buffer, row: u16) -> String {
    (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()).collect()
}

#[test]
fn score_and_saved_state_are_always_in_the_header() {
    let mut shop = busy();
    let score = shop.app.score.headline.to_string();
    let met = format!("{}/{} met", shop.app.score.met, shop.app.score.applicable);
    for columns in 60..=220u16 {
        // Popups leave the header in sight.
        let keys = ["<esc>", ":", "?"][usize::from(columns % 3)];
        for (unsaved, word) in [(None, " saved"), (Some("no space".to_owned()), " NOT SAVED")] {
            home(&mut shop);
            resize(&mut shop, (columns, 24));
            shop.keys(keys);
            shop.app.unsaved = unsaved;
            let head = text_of(&shop.frame(), 0);
            shop.app.unsaved = None;
            assert!(head.contains(&format!(" {score} ")) && head.contains(&format!(" {met} ")), "{columns}: {head}");
            assert!(head.trim_end().ends_with(word), "{columns}: {head}");
            assert!(head.starts_with(" notes-mcp  ") || head.starts_with(" example/notes-mcp  "), "{columns}: {head}");
        }
    }
}

#[test]
fn without_colour_the_row_the_selection_and_the_tab_still_stand_out() {
    let mut shop = busy();
    prefer(&mut shop, ThemeName::Dark, false, true);
    for keys in SCREENS {
        for size in [SMALL, MIDDLE] {
            resize(&mut shop, SMALL);
            home(&mut shop);
            shop.keys(keys);
            resize(&mut shop, size);
            let frame = shop.frame();
            assert!(frame.content().iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)), "{keys}");
        }
    }
    home(&mut shop);
    resize(&mut shop, SMALL);
    shop.keys("fauth.ts<cr>2ggjjjvjj");
    let frame = shop.frame();
    let style = |column: u16, row: u16| frame[(column, row)].modifier;
    // The code begins in the fourth row; lines 4 to 6 are selected, the last is the current one.
    let (plain, selected, current) = (style(40, 4), style(40, 6), style(40, 8));
    assert_eq!(text_of(&frame, 8).chars().next(), Some('>'));
    assert!(selected.contains(Modifier::REVERSED) && current.contains(Modifier::REVERSED | Modifier::BOLD));
    assert!(!plain.contains(Modifier::REVERSED) && selected != current);
    // The tabs stand in the second row; the second of three is the current one.
    assert!(style(30, 1).contains(Modifier::REVERSED) && !style(1, 1).contains(Modifier::REVERSED));
    assert_eq!(text_of(&frame, 1).chars().nth(26), Some('>'));
    shop.keys("<esc>1ggjj");
    let frame = shop.frame();
    let row = (3..22).find(|row| text_of(&frame, *row).starts_with('>')).unwrap();
    assert!((1..80).all(|column| frame[(column, row)].modifier.contains(Modifier::REVERSED | Modifier::BOLD)));
    assert!((1..80).all(|column| !frame[(column, row + 1)].modifier.contains(Modifier::REVERSED)));
}

#[test]
fn ascii_is_ascii() {
    let mut shop = busy();
    prefer(&mut shop, ThemeName::Dark, true, false);
    for keys in SCREENS {
        for size in [SMALL, LARGE] {
            resize(&mut shop, SMALL);
            home(&mut shop);
            shop.keys(keys);
            resize(&mut shop, size);
            let frame = shop.frame();
            let strange: Vec<&str> =
                frame.content().iter().map(|cell| cell.symbol()).filter(|symbol| !symbol.is_ascii()).collect();
            assert!(strange.is_empty(), "{keys} {strange:?}\n{}", shop.screen());
        }
    }
}

#[test]
fn any_size_of_any_screen_is_drawn_without_a_hazard() {
    let shop = RefCell::new(attacked());
    let config = ProptestConfig::with_cases(96);
    proptest!(config, |(screen in 0..SCREENS.len(), columns in 1u16..220, rows in 1u16..70, ascii: bool, after in 1u16..220)| {
        let mut shop = shop.borrow_mut();
        resize(&mut shop, SMALL);
        home(&mut shop);
        prefer(&mut shop, ThemeName::Dark, ascii, false);
        shop.keys(SCREENS[screen]);
        for size in [(columns, rows), (after, rows)] {
            resize(&mut shop, size);
            let frame = shop.frame();
            for cell in frame.content() {
                let hazard = cell.symbol().chars().find(|c| display::is_hazard(*c));
                prop_assert!(hazard.is_none(), "{:?} in {}: {hazard:?}", SCREENS[screen], cell.symbol());
            }
        }
    });
}

#[test]
fn every_key_that_may_follow_is_shown() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
        let mut shop = Workshop::on(Desk::light(&["stdio"]), columns, rows);
        shop.keys("g");
        let screen = shop.screen();
        for (key, act) in shop.app.keymap.after(&shop.app.contexts(), &shop.app.pending) {
            let told = |text: &str| screen.contains(&format!(" {key:<5} {text}"));
            let doc: String = act.row().doc.chars().take(12).collect();
            let id: String = act.row().id.chars().take(10).collect();
            assert!(told(&doc) || told(&id), "{key} {doc}\n{screen}");
        }
    }
}
