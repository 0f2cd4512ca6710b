//! The list of hits: what is searched for, the file beside it, and hits that become evidence.

use touchstone::app::action::Act;
use touchstone::app::msg::{Effect, Loaded, Msg};
use touchstone::app::popup::{Popup, RepoSearch};
use touchstone::error::Error;
use touchstone::model::event::Event;
use touchstone::model::evidence::Kind;

use crate::workshop::Workshop;

/// The actions that these tests press.
pub const COVERED: &[&str] = &["take-hit", "search-word", "search-scope"];

fn search(shop: &Workshop) -> &RepoSearch {
    match shop.app.popups.last() {
        Some(Popup::Search(search)) => search,
        other => panic!("no search: {other:?}"),
    }
}

#[test]
fn words_are_searched_whole() {
    let mut shop = Workshop::light();
    shop.keys("g/key");
    let parts = search(&shop).hits.len();
    shop.keys("<c-b>");
    let hits = search(&shop).hits.clone();
    assert!(search(&shop).asked.word && !hits.is_empty() && hits.len() < parts, "{} of {parts}", hits.len());
    let whole = |text: &str| text.to_lowercase().split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == "key");
    assert!(hits.iter().all(|hit| whole(&String::from_utf8_lossy(&hit.text))), "{hits:?}");
    shop.keys("<c-b>");
    assert_eq!(search(&shop).hits.len(), parts);
}

#[test]
fn the_scopes_of_the_standard_are_walked_through() {
    let mut shop = Workshop::new();
    shop.keys("g/a");
    let all = search(&shop).hits.len();
    let scopes = shop.app.audit.standard.scopes.clone();
    assert!(scopes.len() > 3);
    for (name, globs) in &scopes {
        assert_eq!(shop.says("<c-s>"), format!("The files of the standard's scope `{name}`"));
        let query = search(&shop).query();
        let said: Vec<String> =
            query.include.iter().cloned().chain(query.exclude.iter().map(|glob| format!("!{glob}"))).collect();
        let mut globs = globs.clone();
        globs.sort_by_key(|glob| glob.starts_with('!'));
        assert_eq!(said, globs);
        assert_eq!(search(&shop).asked, query);
    }
    assert_eq!(shop.says("<c-s>"), "All files");
    assert_eq!((search(&shop).hits.len(), search(&shop).globs.text()), (all, String::new()));
}

#[test]
fn a_scope_is_named_while_its_globs_stand() {
    let mut shop = Workshop::light();
    let name = shop.app.audit.standard.scopes.keys().next().unwrap().clone();
    shop.keys("g/key<c-s>");
    assert!(shop.screen().contains(&format!("scope {name}")), "{}", shop.screen());
    shop.keys("<tab> src/**");
    let screen = shop.screen();
    assert!(!screen.contains("scope ") && !screen.contains("all files") && screen.contains("these files"), "{screen}");
    shop.keys("<bs><bs><bs><bs><bs><bs><bs>");
    assert!(shop.screen().contains(&format!("scope {name}")), "{}", shop.screen());
}

#[test]
fn a_search_begins_with_what_was_searched_for_last() {
    let mut shop = Workshop::new();
    shop.keys("g/key<cr>");
    shop.code("src/index.ts", 1).keys("/server<cr>");
    // Leads and oddities are walked through as hits are, and are none of a search's.
    shop.keys("gL<cr>g/");
    assert_eq!(search(&shop).pattern.text(), "key");
    shop.keys("<esc>gs<esc>g/");
    assert_eq!(search(&shop).pattern.text(), "key");
    let mut shop = Workshop::new();
    shop.code("src/index.ts", 1).keys("/server<cr>gL<cr>g/");
    assert_eq!(search(&shop).pattern.text(), "");
}

#[test]
fn a_search_is_taken_up_with_all_its_settings() {
    let mut shop = Workshop::light();
    shop.keys("g/key<c-t><c-b><tab>!*.md<cr>g/");
    let (query, hits) = (search(&shop).query(), search(&shop).hits.len());
    assert!(query.literal && query.word && query.exclude == ["*.md"], "{query:?}");
    assert!(hits > 0);
    assert_eq!(search(&shop).pattern.text(), "key");
    // What is typed makes room for itself.
    shop.keys("server");
    assert_eq!(search(&shop).query().pattern, "server");
}

#[test]
fn what_is_counted_apart_is_not_among_the_hits_that_are_walked() {
    let mut shop = Workshop::light();
    shop.keys("g/api_key");
    let all = search(&shop).hits.len();
    shop.keys("<tab>!*.md");
    let apart = search(&shop).hits.iter().filter(|hit| hit.excluded).count();
    assert!(search(&shop).hits[0].excluded, "{:?}", search(&shop).hits);
    assert!(shop.screen().contains(&format!("── {} hits ", all - apart)), "{}", shop.screen());
    let first = search(&shop).hits.iter().position(|hit| !hit.excluded).unwrap();
    let down = "<down>".repeat(first);
    assert_eq!(shop.says(&format!("{down}<cr>")), format!("Hit 1 of {}", all - apart));
    assert!(!shop.at().0.ends_with(".md"));
    // Who chooses one of the others wants to see them.
    assert!(shop.says("g/<cr>").ends_with("with those that are counted apart"));
}

#[test]
fn the_file_of_the_hit_stands_beside_the_list() {
    let mut shop = Workshop::light();
    shop.code("README.md", 1).keys("g/api_key");
    let hits = search(&shop).hits.clone();
    assert!(hits.len() > 3);
    let mut files = 0;
    for at in 0..hits.len() {
        let hit = &search(&shop).hits[at];
        let doc = search(&shop).peek.doc(hit).unwrap();
        assert_eq!((doc.text.path.clone(), doc.cursor as u64 + 1), (hit.path.clone(), hit.line));
        let (line, range) = doc.found[0].clone();
        assert!(doc.text.line(line)[range].eq_ignore_ascii_case(b"api_key"));
        files += usize::from(at == 0 || hits[at].path != hits[at - 1].path);
        shop.keys("<down>");
    }
    assert!(files > 1);
    // The file that was open stays open.
    assert_eq!(shop.at(), ("README.md".to_owned(), 1));
    let screen = shop.screen();
    assert!(screen.contains("api_key"), "{screen}");
    // What is no text says so; an answer about another file is dropped.
    let path = hits.last().unwrap().path.clone();
    let mut shop = Workshop::light();
    shop.keys("g/api_key<pgdn><pgdn>");
    let failed = |path| Msg::Peeked { path, result: Err(Error::could_not("Gone.")) };
    shop.send(failed("other".into()));
    assert!(search(&shop).peek.why().is_none());
    shop.send(failed(path.clone()));
    assert_eq!(search(&shop).peek.why(), Some("Gone."));
    assert!(shop.screen().contains("Gone."));
    assert_eq!(shop.says("<c-y>"), "Gone.");
    shop.send(Msg::Peeked { path, result: Ok(Loaded::Other("A binary.".into())) });
    assert_eq!(shop.says("<c-y>"), "A binary.");
    // Nobody waits for it any more.
    shop.keys("<esc>");
    shop.send(failed("x".into()));
    assert!(shop.app.popups.is_empty());
}

#[test]
fn a_hit_is_evidence_in_one_key() {
    let mut shop = Workshop::light();
    shop.item("transport-2").keys("g/");
    assert_eq!(shop.says("<c-y>"), "There is no hit to take.");
    shop.keys("exec\\(");
    let hit = search(&shop).hits[0].clone();
    shop.keys("<c-y>");
    assert!(shop.said().contains("transport-2"), "{}", shop.said());
    let act = shop.last_act();
    let Event::EvidenceAdded { evidence, .. } = &act[0] else { panic!("{act:?}") };
    let Kind::Code { regions } = &evidence.kind else { panic!("{evidence:?}") };
    assert_eq!((regions.len(), &regions[0].path, regions[0].first as u64), (1, &hit.path, hit.line));
    // It holds, and the list is still there.
    assert_eq!(shop.pin.excerpt(&regions[0]).unwrap().trim_ascii_end(), hit.text.trim_ascii_end());
    assert_eq!(search(&shop).hits.len(), 1);
    let before = shop.journal.audit.entries().len();
    assert!(shop.says("<c-y>").contains("already"), "{}", shop.said());
    assert_eq!(shop.journal.audit.entries().len(), before);
    assert_eq!(Act::TakeHit.row().label, "take the hit");
    assert!(!shop.kept.iter().any(|effect| matches!(effect, Effect::Peek(_))));
}

#[test]
fn a_wrong_expression_is_told_while_one_types() {
    let mut shop = Workshop::light();
    shop.keys("g/a(");
    assert!(shop.screen().contains("unclosed group"), "{}", shop.screen());
    shop.keys(")");
    assert!(!shop.screen().contains("unclosed group"));
    assert!(search(&shop).ended.as_ref().unwrap().is_ok());
}
