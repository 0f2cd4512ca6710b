//! The past in the workbench: who brought each line, older versions, comparisons, histories, tags.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use git2::Oid;
use touchstone::app::Pane;
use touchstone::app::msg::Msg;
use touchstone::app::past::Told;
use touchstone::app::popup::Popup;
use touchstone::error::Error;

use crate::repo_fixture::{FILE, Item, own};
use crate::support::{AUDITOR, DB, Desk, skipped};
use crate::workshop::Workshop;

/// Actions that a test of this file presses.
pub const COVERED: &[&str] =
    &["blame", "origin", "before", "history", "compare", "compare-all", "tags", "next-change", "previous-change"];

/// A desk whose `src/db.ts` has a past: [`DB`], then a limit by somebody who writes to the terminal, then a comment.
fn desk() -> (Desk, [Oid; 2]) {
    let desk = Desk::new();
    let git = &desk.git;
    let limited = DB.replace("text: string", "text: string, limit = 9");
    let commented = format!("// All notes.\n{limited}// The end.\n");
    let mut parent = desk.commit;
    let mut made = Vec::new();
    for (text, who, why) in [(&limited, "Ev\x1b[31mil \u{202e}Twin", "Limit\x07 it"), (&commented, "Jo", "Say so")] {
        let items: [Item<'_>; 2] = [(b"README.md", FILE, git.blob("# notes\n")), (b"src/db.ts", FILE, git.blob(text))];
        let tree = git.tree(&items);
        let seconds = 1_766_000_000 + made.len() * 86_400;
        let commit = format!(
            "tree {tree}\nparent {parent}\nauthor {who} <e@x> {seconds} +0000\n\
             committer {who} <e@x> {seconds} +0000\n\n{why}\n\nIn many words.\n"
        );
        parent = git.object(git2::ObjectType::Commit, commit.as_bytes());
        made.push(parent);
    }
    git.main(parent);
    git.write("refs/tags/v1.3.0", format!("{parent}\n"));
    let file = desk.light_file();
    desk.ok(["open", "--auditor", AUDITOR, "--standard", &file, "--mode", "stdio"]);
    (desk, [made[0], made[1]])
}

/// Opens `src/db.ts` at a line; none where there is no git.
fn shop(columns: u16, rows: u16, line: usize) -> Option<(Workshop, [Oid; 2])> {
    let (desk, made) = desk();
    if touchstone::repo::Git::find(&desk.git.open()).is_none() {
        skipped("there is no git, so the past was not looked at in the workbench");
        return None;
    }
    let mut shop = Workshop::on(desk, columns, rows);
    shop.keys(&format!("fdb.ts<cr>gl{line}<cr>"));
    Some((shop, made))
}

fn short(id: Oid) -> String {
    own(id).short()
}

#[test]
fn who_brought_each_line_stands_beside_the_code() {
    let Some((mut shop, [limit, say])) = shop(200, 40, 6) else { return };
    let older = short(shop.desk.older);
    shop.keys("gb");
    let screen = shop.screen();
    let line = |text: &str| screen.lines().find(|line| line.contains(text)).unwrap().to_owned();
    assert!(line("// All notes").contains(&format!("{} Jo           2025-12-18", short(say))), "{screen}");
    assert!(line("limit = 9").contains(&format!(r"{} Ev\u{{1b}}[31… 2025-12-17", short(limit))), "{screen}");
    assert!(line("import Database").contains(&format!("{older} A U Thor     2025-10-09")), "{screen}");
    // It stands on the first line of a run alone.
    assert!(!line("const db =").contains(&older), "{screen}");
    insta::assert_snapshot!("blame_200x40", screen);
    shop.send(Msg::Resize(80, 24));
    insta::assert_snapshot!("blame_80x24", shop.screen());
    // Another file has other lines.
    shop.keys("fREADME<cr>");
    assert_eq!(shop.app.blame.as_ref().unwrap().path, "README.md".into());
    assert!(shop.screen().contains(&short(limit)));
    shop.keys("gb");
    assert!(!shop.screen().contains(&format!("{} ", short(limit))));
}

#[test]
fn a_blame_that_fails_shows_nothing_of_what_came_before() {
    let Some((mut shop, [limit, _])) = shop(120, 40, 6) else { return };
    shop.keys("gb");
    let blame = shop.app.blame.clone().unwrap();
    let ticket = blame.ticket;
    assert!(blame.hunk(5).is_some());
    assert!(!shop.screen().contains("not checked yet"));
    shop.app.blame.as_mut().unwrap().ended = None;
    assert!(shop.screen().contains("not checked yet"), "{}", shop.screen());
    // An older question's answers are dropped.
    let told = Told::Blamed(Err(Error::could_not("older")));
    shop.send(Msg::Told { ticket: ticket - 1, told: Box::new(told) });
    assert!(shop.app.blame.as_ref().unwrap().hunk(5).is_some());
    let told = Told::Blamed(Err(Error::could_not("git complained: \x1b[2J")));
    shop.send(Msg::Told { ticket, told: Box::new(told) });
    assert!(shop.app.blame.as_ref().unwrap().hunk(5).is_none());
    assert!(shop.said().contains(r"git complained: \u{1b}[2J"), "{}", shop.said());
    assert!(!shop.screen().contains(&short(limit)));
}

#[test]
fn from_a_line_to_its_commit_and_to_what_was_before() {
    let Some((mut shop, [limit, say])) = shop(120, 40, 6) else { return };
    shop.keys("gw");
    assert_eq!(shop.title(), format!("Commit {}", short(limit)));
    let screen = shop.screen();
    assert!(screen.contains(r"Limit\u{7} it") && screen.contains("In many words."), "{screen}");
    assert!(screen.contains(r"Ev\u{1b}[31mil \u{202e}Twin <e@x> 2025-12-17"), "{screen}");
    insta::assert_snapshot!("commit_120x40", screen);
    // The last rows are the files that it changed; one leads to the comparison.
    shop.keys("Gkk<cr>");
    let Some(Popup::Compare(compare)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!((compare.new_commit, compare.lines), (own(limit), (1, 1)));
    shop.keys("<esc><esc>");
    assert!(shop.app.popups.is_empty());
    shop.keys("gB");
    let Some(Popup::Version(version)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!((version.commit, version.doc.cursor), (own(shop.desk.commit), 4));
    assert_eq!(&version.doc.text.bytes[..], DB.as_bytes());
    assert!(version.blame.hunk(0).is_some());
    insta::assert_snapshot!("version_120x40", shop.screen());
    // One step back from a selection is no selection.
    shop.keys("vj<esc>");
    let Some(Popup::Version(version)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!((version.doc.anchor, version.doc.cursor), (None, 5));
    shop.keys("k");
    // Nothing is answered and nothing is taken as evidence from there.
    let before = shop.journal.audit.entries().len();
    shop.keys("ye");
    assert_eq!(shop.journal.audit.entries().len(), before);
    shop.keys("gB");
    assert!(shop.said().contains("made this file"), "{}", shop.said());
    shop.keys("k<cr>");
    assert_eq!(shop.title(), format!("Commit {}", short(shop.desk.older)));
    shop.keys("<esc><esc>");
    assert_ne!(limit, say);
}

#[test]
fn the_history_of_a_file_and_of_lines() {
    let Some((mut shop, [limit, say])) = shop(120, 40, 6) else { return };
    shop.keys("gh");
    assert_eq!(shop.title(), "3 commits changed it");
    let screen = shop.screen();
    assert!(screen.contains(&format!("M {} 2025-12-18 Jo  Say so", short(say))), "{screen}");
    insta::assert_snapshot!("history_120x40", screen);
    shop.keys("<cr>");
    let Some(Popup::Compare(compare)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!(compare.new_commit, own(say));
    shop.keys("<esc><esc>");
    shop.keys("vgh");
    assert_eq!(shop.title(), "2 commits changed it");
    assert!(shop.screen().contains(&format!("M {} 2025-12-17", short(limit))));
    // An older question's answers come too late.
    let lines = shop.screen();
    shop.send(Msg::Told { ticket: 1, told: Box::new(Told::TouchedAll(Err(Error::could_not("late")))) });
    assert_eq!(shop.screen(), lines);
}

#[test]
fn an_answer_does_not_come_up_over_what_is_being_written() {
    let Some((mut shop, _)) = shop(120, 40, 6) else { return };
    shop.keys("gh");
    let Some(Popup::Page(page)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    let ticket = page.ticket;
    let tip = shop.app.audit.now.opened.pin.commit;
    let tags = || Box::new(Told::Names(tip, None, Ok(Default::default())));
    shop.keys("<esc>Nthis is ");
    shop.send(Msg::Told { ticket, told: tags() });
    assert!(shop.said().ends_with("ask again."), "{}", shop.said());
    shop.keys("quite a note");
    assert!(shop.screen().contains("this is quite a note"), "{}", shop.screen());
    shop.keys("<esc>");
    shop.send(Msg::Told { ticket, told: tags() });
    assert_eq!(shop.app.popups.len(), 1, "{}", shop.screen());
}

#[test]
fn a_history_of_a_folder_is_refused() {
    let Some((shop, _)) = shop(120, 40, 6) else { return };
    let tip = shop.app.audit.now.opened.pin.commit;
    let error = shop.desk.git.open().touched(tip, &"src".into(), None, &|| false, &mut |_| ()).unwrap_err();
    assert!(error.message.starts_with("src is a folder in "), "{error:?}");
}

#[test]
fn a_history_that_was_closed_stays_closed_and_one_that_was_stopped_says_so() {
    let Some((mut shop, _)) = shop(120, 40, 6) else { return };
    let mut some = Vec::new();
    let (repo, tip) = (shop.desk.git.open(), shop.app.audit.now.opened.pin.commit);
    repo.touched(tip, &"src/db.ts".into(), None, &|| false, &mut |one| some.push(one)).unwrap();
    shop.keys("gh");
    let Some(Popup::Page(page)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    let ticket = page.ticket;
    shop.keys("<esc>");
    shop.send(Msg::Told { ticket, told: Box::new(Told::Touched(some)) });
    shop.send(Msg::Told { ticket, told: Box::new(Told::TouchedAll(Ok(Default::default()))) });
    assert!(shop.app.popups.is_empty(), "{}", shop.screen());
    // A walk that makes way for another question tells so.
    let mut told = Vec::new();
    let ask = touchstone::app::past::Ask::History { commit: tip, path: "src/db.ts".into(), lines: None };
    touchstone::shell::past::answer(&repo, None, ask, &|| true, &mut |one| told.push(one));
    let Some(Told::TouchedAll(Ok(end))) = told.last() else { panic!("{told:?}") };
    assert!(end.doubt.as_ref().unwrap().contains("another question"));
}

#[test]
fn two_versions_side_by_side_and_change_to_change() {
    let Some((mut shop, [_, say])) = shop(120, 40, 6) else { return };
    shop.keys("gdv1.2<cr>");
    let Some(Popup::Compare(compare)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!((compare.old_commit, compare.new_commit), (Some(own(shop.desk.commit)), own(say)));
    assert_eq!((compare.lines, compare.cursor), ((3, 1), 0));
    insta::assert_snapshot!("compare_120x40", shop.screen());
    let at = |shop: &Workshop| match shop.app.popups.last() {
        Some(Popup::Compare(compare)) => compare.cursor,
        other => panic!("{other:?}"),
    };
    shop.keys("n");
    assert_eq!(at(&shop), 5);
    shop.keys(".");
    assert_eq!(at(&shop), 8);
    shop.keys("n");
    assert_eq!((at(&shop), shop.said().as_str()), (8, "This is the last change."));
    shop.keys("p,");
    assert_eq!(at(&shop), 0);
    // One below the other, each changed line has its sign.
    shop.send(Msg::Resize(80, 24));
    insta::assert_snapshot!("compare_80x24", shop.screen());
    shop.keys("G<cr>");
    let doc = shop.app.doc.as_ref().unwrap();
    assert!(shop.app.popups.is_empty() && shop.app.pane == Pane::Code);
    assert_eq!(doc.cursor + 1, doc.text.lines());
    // A hash that is typed.
    shop.keys(&format!("gd{}<cr>", short(shop.desk.older)));
    let Some(Popup::Compare(compare)) = shop.app.popups.last() else { panic!("{}", shop.screen()) };
    assert_eq!(compare.old_commit, Some(own(shop.desk.older)));
    shop.keys("<esc>gdnosuch<cr>");
    assert!(shop.said().contains("no branch, tag or commit nosuch"), "{}", shop.said());
}

#[test]
fn all_files_are_compared_and_the_tags_listed() {
    let Some((mut shop, [limit, say])) = shop(120, 40, 6) else { return };
    shop.keys("gDv1.2<cr>");
    assert_eq!(shop.title(), format!("{} → {}", short(shop.desk.commit), short(say)));
    let screen = shop.screen();
    assert!(
        screen.contains("D      +0    -12  src/auth.ts") && screen.contains("M      +3     -1  src/db.ts"),
        "{screen}"
    );
    insta::assert_snapshot!("compare_all_120x40", screen);
    shop.keys("<esc>gDparent<cr>");
    assert_eq!(shop.title(), format!("{} → {}", short(limit), short(say)));
    shop.keys("<esc>gT");
    assert_eq!(shop.title(), format!("1 tag that contain {}", short(say)).replace("contain", "contains"));
    assert!(shop.screen().contains("v1.3.0"));
}

#[test]
fn the_real_workbench_asks_its_historians() {
    let (desk, [limit, _]) = desk();
    if touchstone::repo::Git::find(&desk.git.open()).is_none() {
        return skipped("there is no git, so the workbench's own blame was not looked at");
    }
    let mut bench = desk.workbench();
    bench.keys("fdb.ts<cr>gl6<cr>gb").unwrap();
    assert_eq!(bench.app().blame.as_ref().unwrap().hunk(5).unwrap().commit.id, own(limit));
    // A version's blame takes the place of the file's, and gives it back.
    bench.keys("gBgh").unwrap();
    assert!(matches!(bench.app().popups.as_slice(), [Popup::Version(_), Popup::Page(_)]));
    bench.keys("<esc><esc>fREADME<cr>").unwrap();
    assert!(bench.app().blame.as_ref().unwrap().hunk(0).is_some());
}
