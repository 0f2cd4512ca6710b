//! A database in the terminal: keys in, state and frames out.

use std::path::PathBuf;
use std::sync::Arc;

use touchstone::app::browse::{ACTIONS, Act, Browse, Effect, Msg, Place};
use touchstone::app::key::Key;
use touchstone::auditdb::{Clones, Database, Reader};
use touchstone::config::Ui;
use touchstone::model::event::Target;
use touchstone::shell::browse::Session;
use touchstone::shell::print::{self, Format, Palette};

use crate::database::{Checkout, small};
use crate::support::{Desk, URL};

/// A database of a few servers, browsed.
fn browsed(db: &Checkout, clones: Clones) -> Session {
    let database = Database::open(&db.root, None).unwrap();
    let reader = Reader { cache: None, fresh: false, progress: &|_, _| (), stop: &|| false };
    let catalog = reader.catalog(&database).unwrap().unwrap();
    let browse = Browse::new(Arc::new(catalog), "a database".to_owned(), "2026-01-31".parse().unwrap(), String::new());
    Session::new(browse, database, clones)
}

fn keys(session: &mut Session, keys: &str) {
    session.play(&Key::parse_all(keys).unwrap());
}

fn frame(session: &mut Session, columns: u16, rows: u16) -> String {
    let buffer = session.frame(columns, rows, &Ui::default(), true);
    print::print(&buffer, Format::Text, &Palette::DARK)
}

#[test]
fn the_list_is_sorted_filtered_and_opened() {
    let db = Checkout::new(small(12, 40));
    let mut session = browsed(&db, Clones::default());
    assert_eq!(session.browse.shown.len(), 40);
    insta::assert_snapshot!("list_80x24", frame(&mut session, 80, 24));
    insta::assert_snapshot!("list_120x40", frame(&mut session, 120, 40));
    frame(&mut session, 80, 24);
    // Every order, and back to the first.
    for word in ["server", "score", "severity", "auditor", "date"] {
        keys(&mut session, "s");
        assert_eq!(session.browse.sort.word(), word);
    }
    let newest = session.browse.shown[0];
    keys(&mut session, "S");
    assert_eq!(session.browse.shown[39], newest);
    keys(&mut session, "Sn");
    assert_eq!(session.browse.shown.len(), 12);
    keys(&mut session, "n/");
    assert!(session.browse.typing);
    // As it is typed: letters are no commands, what is no value yet is not looked at.
    keys(&mut session, "sessions");
    let words = session.browse.shown.len();
    assert!(words > 0 && words < 40);
    keys(&mut session, "<space>tier:");
    assert_eq!(session.browse.shown.len(), words);
    keys(&mut session, "at-risk<cr>");
    let filtered = session.browse.shown.len();
    assert!(filtered > 0 && filtered < words && !session.browse.typing);
    insta::assert_snapshot!("filtered_80x24", frame(&mut session, 80, 24));
    keys(&mut session, "/zzz");
    assert_eq!(session.browse.shown.len(), 0);
    assert!(frame(&mut session, 80, 24).contains("No audit matches."));
    keys(&mut session, "<esc>");
    assert_eq!((session.browse.shown.len(), session.browse.filter.as_str()), (40, ""));
    keys(&mut session, "/:current<cr>");
    assert_eq!(session.browse.shown.len(), 0, "they are all of 2024");
    keys(&mut session, "cG");
    assert_eq!((session.browse.cursor, session.browse.shown.len()), (39, 40));
    keys(&mut session, "<pageup>g<pagedown>jk");
    assert_eq!(session.browse.cursor, session.browse.height());
    session.update(Msg::Paste("nothing is typed".to_owned()));
    assert_eq!(session.browse.filter, "");
    keys(&mut session, "?");
    let help = frame(&mut session, 80, 24);
    insta::assert_snapshot!("help_80x24", help);
    keys(&mut session, "<esc>q");
    assert!(session.ended());
}

#[test]
fn a_server_its_audits_and_their_findings_are_read_only_pages() {
    let db = Checkout::new(small(3, 12));
    let mut session = browsed(&db, Clones::default());
    keys(&mut session, "/tier:at-risk<cr><cr>");
    insta::assert_snapshot!("server_120x40", frame(&mut session, 120, 40));
    keys(&mut session, "<cr>");
    insta::assert_snapshot!("audit_120x40", frame(&mut session, 120, 40));
    insta::assert_snapshot!("audit_80x24", frame(&mut session, 80, 24));
    assert_eq!(session.browse.pages.len(), 2);
    let page = session.browse.pages.last().unwrap();
    let all: Vec<String> = page.lines.iter().map(|line| line.text()).collect();
    assert!(all.iter().any(|line| line == "Facts and answers") && all.iter().any(|line| line == "Evidence"));
    // A finding's text.
    let finding = (0..page.lines.len()).find(|at| page.leads(*at)).unwrap();
    keys(&mut session, &"j".repeat(finding));
    keys(&mut session, "<cr>");
    let text = frame(&mut session, 80, 24);
    assert!(text.contains("# Finding:") && text.contains("**Severity**"), "{text}");
    keys(&mut session, "<esc><esc><esc>");
    assert!(session.browse.pages.is_empty());
}

#[test]
fn evidence_is_shown_in_a_clone_if_one_is_known_and_only_if_it_holds() {
    // An audit exported by the program itself, of the desk's clone.
    let desk = Desk::light(&["stdio"]);
    desk.ok(["answer", "transport-1", "yes", "--evidence", "src/index.ts:23-25"]);
    let out = desk.dir().join("db");
    std::fs::create_dir_all(&out).unwrap();
    desk.ok(["export", "--partial", "--unsigned", "--db", out.to_str().unwrap()]);
    let opens = |clones: Clones| {
        let database = Database::open(&out, None).unwrap();
        let reader = Reader { cache: None, fresh: false, progress: &|_, _| (), stop: &|| false };
        let catalog = reader.catalog(&database).unwrap().unwrap();
        let browse = Browse::new(Arc::new(catalog), String::new(), "2026-01-31".parse().unwrap(), String::new());
        let mut session = Session::new(browse, database, clones);
        keys(&mut session, "<cr><cr>");
        let page = session.browse.pages.last().unwrap();
        let at = page.lines.iter().position(|line| line.text().contains("src/index.ts:23-25")).unwrap();
        keys(&mut session, &"j".repeat(at));
        keys(&mut session, "<cr>");
        frame(&mut session, 120, 40)
    };
    let target = Target::parse(URL).unwrap();
    let named = Clones { named: vec![(target, desk.clone_dir())], folder: None };
    let text = opens(named);
    assert!(text.contains("    24    await server.connect(new StdioServerTransport());"), "{text}");
    assert!(
        opens(Clones::default()).contains("No clone of github.com/example/notes-mcp can be used: no clone was given.")
    );
    // Found by its name, known by its origin.
    let below = desk.dir().join("clones");
    std::fs::create_dir_all(below.join("example")).unwrap();
    std::fs::rename(desk.clone_dir(), below.join("example/notes-mcp")).unwrap();
    let found = || opens(Clones { named: Vec::new(), folder: Some(below.clone()) });
    assert!(found().contains("StdioServerTransport"));
    std::fs::write(
        below.join("example/notes-mcp/.git/config"),
        "[remote \"origin\"]\n\turl = https://evil.example/a/b\n",
    )
    .unwrap();
    assert!(found().contains("No clone of"));
}

#[test]
fn every_action_has_a_key_of_its_own_and_the_help_lists_it() {
    for place in [Place::List, Place::Page] {
        let mut all = Vec::new();
        for action in ACTIONS.iter().filter(|action| action.place == place || action.place == Place::Everywhere) {
            assert!(!action.keys.is_empty());
            for key in action.keys {
                assert_eq!(Key::parse_all(key).unwrap().len(), 1, "{key}");
                assert!(!all.contains(key), "{key} stands twice");
                all.push(key);
            }
        }
    }
    let db = Checkout::new(small(1, 1));
    let mut session = browsed(&db, Clones::default());
    keys(&mut session, "?");
    let lines: Vec<String> = session.browse.pages[0].lines.iter().map(|line| line.text()).collect();
    for action in &ACTIONS {
        assert!(lines.iter().any(|line| line.contains(action.doc)), "{}", action.doc);
    }
    let suspend = ACTIONS.iter().find(|action| action.act == Act::Suspend).unwrap();
    let key = Key::parse_all(suspend.keys[0]).unwrap()[0];
    assert_eq!(session.browse.update(Msg::Key(key)), [Effect::Suspend]);
}

#[test]
fn the_command_prints_a_frame_and_needs_a_terminal_for_more() {
    let desk = Desk::new();
    let db = Checkout::new(small(2, 3));
    let frame = desk.ok(["db", "browse", db.path(), "--keys", "/server-0001<cr>", "--print", "80x24"]);
    assert!(frame.contains("/ server-0001") && frame.contains("of 3 audits") && frame.contains("AUDITED"), "{frame}");
    assert!(frame.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80));
    assert!(desk.fails(["db", "browse", db.path()], 2).contains("needs a terminal"));
    desk.fails(["db", "browse", db.path(), "--clone", "nowhere", "--print", "80x24"], 2);
    let path = PathBuf::from(db.path()).join("nowhere");
    desk.fails(["db", "browse", path.to_str().unwrap(), "--print", "80x24"], 3);
}
