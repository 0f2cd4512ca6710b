//! Leads: run together, grouped by file, muted with a reason, walked through.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use git2::Oid;
use serde_json::{Value, json};
use touchstone::app::Pane;
use touchstone::app::item::{self, Target};
use touchstone::app::msg::Msg;
use touchstone::auditdb::{Folder, Options, verify};
use touchstone::model::event::Event;
use touchstone::model::evidence::{Evidence, Kind, Query, Reachability, RepoPath};
use touchstone::model::mute::Mute;
use touchstone::repo::Check;
use touchstone::shell::leads;

use crate::repo_fixture::{FILE, Fixture, Item};
use crate::support::Desk;
use crate::workshop::Workshop;

pub const COVERED: &[&str] = &["lead-files", "mute", "muted", "show-muted"];

const RUST: &str = "fn live() {\n    run(\"x\");\n}\n\n#[cfg(test)]\nmod tests {\n    // } \"\n    #[test]\n    fn f() {\n        run(\"{\");\n        run('\"');\n    }\n}\n\nfn after() {\n    run(\"y\");\n}\n";

// -------------------- Test modules inside Rust files.

#[test]
fn hits_in_test_modules_are_counted_apart() {
    let f = Fixture::new();
    let commit = f.files(&[("src/a.rs", RUST), ("src/a.py", RUST), ("tests/b.rs", RUST)], &[], 1);
    let pin = f.pin(commit);
    let plain = Query { pattern: "run\\(".to_owned(), exclude: vec!["tests/**".to_owned()], ..Query::default() };
    let apart = Query { tests_apart: true, ..plain.clone() };
    let (with, hits) = pin.hits(&apart, 99).unwrap();
    let without = pin.search(&plain).unwrap();
    assert_eq!((without.hits, without.excluded_hits, without.excluded_files), (8, 4, 1));
    assert_eq!((with.hits, with.excluded_hits, with.excluded_files), (6, 6, 1));
    let lines = |excluded: bool, path: &str| -> Vec<u64> {
        let here = hits.iter().filter(|hit| hit.excluded == excluded && hit.path.lossy() == path);
        here.map(|hit| hit.line).collect()
    };
    assert_eq!((lines(false, "src/a.rs"), lines(true, "src/a.rs")), (vec![2, 16], vec![10, 11]));
    assert_eq!((lines(false, "src/a.py").len(), lines(true, "tests/b.rs").len()), (4, 4));
    // Both are the same when they are run again, and neither passes for the other.
    let check =
        |search| pin.check(&Evidence { kind: Kind::Search(search), reachability: Reachability::NotKnown, note: None });
    assert_eq!((check(with.clone()), check(without.clone())), (Check::Holds, Check::Holds));
    let mut false_one = with;
    false_one.query.tests_apart = false;
    assert!(matches!(check(false_one), Check::Fails(_)));
    // A record made before there was such a choice says nothing of it, and is run as it was.
    let said = serde_json::to_value(&without.query).unwrap();
    assert_eq!(said.get("testsApart"), None);
    assert_eq!(serde_json::from_value::<Query>(said).unwrap(), plain);
    let texts = pin.sweep(&[plain, apart], 99, &|| false, |_, _| {}).unwrap().unwrap();
    assert_eq!(texts.iter().map(|one| one.as_ref().unwrap().hits).collect::<Vec<_>>(), [8, 6]);
}

// -------------------- The engine.

#[test]
fn leads_together_find_what_each_finds_alone() {
    let desk = Desk::new();
    let standard = touchstone::standards::Loaded::built_in().unwrap().standard;
    let pin = desk.git.pin(desk.commit);
    let mut told = Vec::new();
    let all = leads::run_all(&pin, &standard, 3, &|| false, |hits| told.push(hits)).unwrap();
    assert!(told.is_sorted());
    let mut hits = 0;
    for (_, item) in standard.items().filter(|(_, item)| !item.leads.is_empty()) {
        for (lead, found) in item.leads.iter().zip(&all[&item.id]) {
            assert_eq!(found.id, lead.id);
            let Some(query) = standard.query(lead) else {
                assert!(matches!(found.outcome.as_ref().unwrap().kind, Kind::Path(_)));
                continue;
            };
            let alone = pin.search(&query);
            assert_eq!(alone.is_ok(), found.outcome.is_ok(), "{}", lead.id);
            let (Ok(alone), Ok(found)) = (alone, &found.outcome) else { continue };
            assert_eq!(found.kind, Kind::Search(alone.clone()), "{}", lead.id);
            assert_eq!(found.by_file.values().map(|file| file.hits).sum::<u64>(), alone.hits);
            assert_eq!(found.places.len() as u64, (alone.hits + alone.excluded_hits).min(3));
            hits += alone.hits;
        }
    }
    assert!(hits > 10, "{hits}");
    assert_eq!(leads::run_all(&pin, &standard, 3, &|| true, |_| {}), None);
    let none = leads::run_none(&standard, "no clone");
    assert!(none.keys().eq(all.keys()));
    assert!(none.values().flatten().all(|lead| lead.outcome == Err("no clone".to_owned())));
}

// -------------------- The workbench.

/// Puts the item pane's cursor on a row that stands for this.
#[track_caller]
fn under(shop: &mut Workshop, wanted: &Target) {
    shop.keys("3");
    let rows = item::rows(&shop.app, shop.app.item_width());
    shop.app.item_cursor = rows.iter().position(|row| row.target == *wanted).expect("no such row");
}

/// Returns the texts of the item pane's rows.
fn pane(shop: &Workshop) -> Vec<String> {
    item::rows(&shop.app, shop.app.item_width()).iter().map(|row| row.line.text()).collect()
}

fn first_hit(shop: &Workshop) -> (usize, usize) {
    let at = shop.app.listed.files[0].hits[0];
    (at.lead, at.hit)
}

#[test]
fn a_hit_is_muted_with_a_reason_and_listed_again() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let before = shop.app.listed.counts;
    let (lead, hit) = first_hit(&shop);
    let (found, place) = shop.app.lead_hit(lead, hit).map(|(found, place)| (found.clone(), place.clone())).unwrap();
    under(&mut shop, &Target::Hit(lead, hit));
    assert_eq!(shop.says("M"), "");
    let (name, path) =
        (format!("{} at {}:{}", found.id, place.path.lossy(), place.line), place.path.lossy().into_owned());
    assert_eq!(
        shop.labels(),
        [name.clone(), found.id.clone(), format!("leads under {path}"), "leads under src/**".to_owned()]
    );
    // Without a reason nothing is muted.
    assert_eq!(shop.says("<cr><cr>"), "A mute needs a reason.");
    let mute = Mute::Hit { lead: found.id.clone(), path: place.path.clone(), line: place.line };
    let events = shop.writes("A constant.<cr>");
    assert_eq!(events, [Event::LeadMuted { mute: mute.clone(), reason: "A constant.".to_owned() }]);
    assert_eq!(shop.said(), format!("Muted: {name}"));
    let after = shop.app.listed.counts;
    assert_eq!((after.muted, after.listed()), (1, before.listed() - 1));
    let shown = |shop: &Workshop| pane(shop).iter().any(|row| row.contains("(muted)"));
    assert!(pane(&shop).iter().any(|row| row.contains(", 1 muted")) && !shown(&shop), "{:#?}", pane(&shop));
    // What is evidence counts every hit.
    let again = shop.app.leads["transport-1"][lead].outcome.as_ref().unwrap();
    assert_eq!(
        (again.hits, &again.kind),
        (found.outcome.as_ref().unwrap().hits, &found.outcome.as_ref().unwrap().kind)
    );
    // It can be seen again, and is no less muted for that.
    assert_eq!(shop.says("gu"), "Muted hits are listed too.");
    assert!(shown(&shop), "{:#?}", pane(&shop));
    assert_eq!(shop.app.listed.counts, after);
    under(&mut shop, &Target::Hit(lead, hit));
    shop.keys("M");
    assert!(!shop.labels().contains(&name), "what is muted is not muted again");
    shop.keys("<esc>");
    assert_eq!(shop.says("gu"), "Muted hits are put away.");
    // The log says it, undo takes it back, and so does the list.
    shop.keys("gt");
    assert!(shop.page()[0].contains(&format!("muted {name} (A constant.)")), "{}", shop.page()[0]);
    shop.keys("<esc>u");
    assert_eq!(shop.app.listed.counts, before);
    shop.keys("<c-r>gM");
    assert_eq!(shop.labels(), std::slice::from_ref(&name));
    assert!(shop.screen().contains("A constant."), "{}", shop.screen());
    assert_eq!(shop.writes("<cr>"), [Event::LeadUnmuted { mute }]);
    assert_eq!(shop.app.listed.counts, before);
    assert_eq!(shop.says("gM"), "Nothing is muted.");
}

#[test]
fn a_muted_lead_is_no_evidence_of_absence_fail() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let (lead, hit) = first_hit(&shop);
    under(&mut shop, &Target::Hit(lead, hit));
    let id = shop.app.leads["transport-1"][lead].id.clone();
    shop.writes(&format!("M{id}<down><cr>Read.<cr>"));
    assert!(shop.app.audit.now.muted.contains_key(&Mute::Lead { lead: id }));
    let kinds = |shop: &Workshop| -> Vec<(u64, Kind)> {
        let pieces = shop.app.audit.now.evidence.values().map(|piece| piece.evidence.kind.clone());
        pieces
            .filter_map(|kind| if let Kind::Search(search) = &kind { Some((search.hits, kind)) } else { None })
            .collect()
    };
    // All zeros are taken; the muted lead has hits and is not among them.
    shop.keys("z");
    assert!(kinds(&shop).iter().all(|(hits, _)| *hits == 0));
    let muted = shop.app.leads["transport-1"][lead].outcome.as_ref().unwrap().clone();
    assert!(muted.hits > 0 && kinds(&shop).iter().all(|(_, kind)| *kind != muted.kind));
    // Taken by hand, it says what is there.
    under(&mut shop, &Target::Lead(lead));
    shop.keys("0");
    assert!(kinds(&shop).contains(&(muted.hits, muted.kind)));
}

#[test]
fn a_folder_and_a_place_in_the_code_are_muted() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let all = shop.app.listed.counts.listed();
    let (lead, hit) = first_hit(&shop);
    let place = shop.app.lead_hit(lead, hit).unwrap().1.clone();
    let (path, line) = (place.path.lossy().into_owned(), place.line);
    // The gutter points at the hit, and the mute there is the same.
    shop.keys("}2");
    assert_eq!((shop.at(), shop.app.pane), ((path.clone(), line as usize), Pane::Code));
    let signal = item::mark(shop.app.leads["transport-1"][lead].signal);
    let sign = format!("{signal}{line:>3} ");
    assert!(shop.screen().lines().any(|row| row.contains(&sign)), "{}", shop.screen());
    shop.keys("M");
    assert!(shop.labels()[0].ends_with(&format!("{path}:{line}")));
    let events = shop.writes("<up><down><down><down><cr>Only a demo.<cr>");
    assert_eq!(
        events,
        [Event::LeadMuted { mute: Mute::Path { glob: "src/**".to_owned() }, reason: "Only a demo.".to_owned() }]
    );
    let counts = shop.app.listed.counts;
    assert!(counts.muted > 0 && counts.muted + counts.listed() == all, "{counts:?}");
    assert!(shop.app.listed.files.iter().all(|file| !file.path.0.starts_with(b"src/") || file.hits.is_empty()));
    shop.keys("2G");
    assert_eq!(shop.says("M"), "Put the cursor on a lead or one of its hits, in the item or in the code.");
    shop.item("auth_scheme");
    assert_eq!(shop.says("M"), "Put the cursor on an item first.");
}

#[test]
fn the_walk_skips_what_is_muted() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let first = shop.says("}");
    let count = |said: &str| said.split(' ').nth(3).unwrap().parse::<u64>().unwrap();
    let all = count(&first);
    let seen = shop.app.lead_at.unwrap();
    under(&mut shop, &Target::Hit(seen.0, seen.1));
    shop.writes("M<cr>Read.<cr>");
    shop.keys("1");
    for _ in 1..all {
        let said = shop.says("}");
        assert_eq!(count(&said), all - 1, "{said}");
        assert_ne!(shop.app.lead_at, Some(seen));
    }
    let paths: Vec<String> = shop.app.listed.files.iter().map(|file| file.path.lossy().into_owned()).collect();
    let globs =
        paths.iter().map(|path| Event::LeadMuted { mute: Mute::Path { glob: path.clone() }, reason: "R".to_owned() });
    shop.record(globs.collect());
    let said = shop.says("}");
    assert!(said.starts_with("The leads of this item have no hit that is not muted"), "{said}");
}

#[test]
fn files_that_leads_point_at_are_listed_and_gone_through() {
    let mut shop = Workshop::new();
    shop.item("auth_scheme").keys("gL");
    assert!(shop.title().ends_with("files that leads point at"), "{}", shop.title());
    let files = shop.labels();
    assert!(files.contains(&"src/index.ts".to_owned()), "{files:?}");
    let said = shop.says("<cr>");
    assert!(said.starts_with("Place 1 of ") && said.contains(" that leads point at: "), "{said}");
    assert_eq!((shop.at().0, shop.app.pane), (files[0].clone(), Pane::Code));
    // The lead is told, and can be muted there, whatever item is shown.
    let why = said.split(", ").last().unwrap().to_owned();
    let leads = shop.app.audit.standard.items().flat_map(|(_, item)| &item.leads);
    let ids: Vec<String> = leads.filter(|lead| lead.why == why).map(|lead| lead.id.clone()).collect();
    shop.keys("M");
    assert_eq!(shop.title(), "Mute");
    assert!(ids.iter().any(|id| shop.labels()[0].starts_with(id.as_str())), "{ids:?} {:?}", shop.labels());
    shop.keys("<esc>");
    // The keys for hits walk on, also into the next file.
    let mut seen = vec![shop.at()];
    for _ in 0..200 {
        shop.keys(".");
        if shop.app.doc.is_some() && seen.last() != Some(&shop.at()) {
            seen.push(shop.at());
        }
    }
    assert!(seen.iter().any(|(path, _)| *path != files[0]), "{seen:?}");
    // A file whose hits are all muted is not listed.
    let glob = Mute::Path { glob: "src/index.ts".to_owned() };
    shop.record(vec![Event::LeadMuted { mute: glob, reason: "R".to_owned() }]);
    shop.keys("gL");
    assert!(!shop.labels().contains(&"src/index.ts".to_owned()));
    let mut light = Workshop::light();
    assert_eq!(light.says("gL"), "The standard has no leads.");
}

#[test]
fn while_leads_run_it_is_said() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let leads = std::mem::take(&mut shop.app.leads);
    shop.send(Msg::LeadsSoFar(7));
    assert!(
        pane(&shop).iter().any(|row| row.contains("being looked for") && row.contains("7 hits so far")),
        "{:#?}",
        pane(&shop)
    );
    assert_eq!(shop.says("gL"), "The leads are still being run; 7 hits so far.");
    assert_eq!(shop.says("M"), "The leads of this item are still being run.");
    shop.send(Msg::Leads(leads));
    assert!(!pane(&shop).iter().any(|row| row.contains("being looked for")));
}

#[test]
fn leads_in_the_item_pane_are_grouped_by_file() {
    let mut shop = Workshop::new();
    shop.item("transport-1");
    let text: Vec<String> = pane(&shop).into_iter().skip_while(|row| !row.starts_with("Leads: ")).collect();
    let end = text.iter().position(|row| row == "What to look for").unwrap();
    insta::assert_snapshot!("item_pane", text[..end].join("\n"));
    let path = shop.app.listed.files[0].path.clone();
    under(&mut shop, &Target::LeadFile(path.clone()));
    shop.keys("<cr>");
    assert_eq!((shop.at().0, shop.app.lead_at), (path.lossy().into_owned(), Some(first_hit(&shop))));
}

// -------------------- The command line.

#[test]
fn all_leads_are_listed_by_item_and_by_file() {
    let desk = Desk::open(&["stdio"]);
    insta::assert_snapshot!("items", desk.ok(["leads"]));
    insta::assert_snapshot!("by_file", desk.ok(["leads", "transport-1", "--by-file", "--hits", "3"]));
    let items = desk.json(["leads"]);
    let one = desk.json(["leads", "auth-4"]);
    let of_item = items["items"].as_array().unwrap().iter().find(|row| row["item"] == "auth-4").unwrap();
    let sum = |signal: &str| -> u64 {
        let leads = one["leads"].as_array().unwrap().iter().filter(|lead| lead["signal"] == signal);
        leads.map(|lead| lead["hits"].as_u64().unwrap()).sum()
    };
    assert_eq!(
        (&of_item["supports"], &of_item["concerns"], &of_item["look"]),
        (&json!(sum("supports")), &json!(sum("concern")), &json!(sum("look")))
    );
    let files = desk.json(["leads", "--by-file", "--hits", "500"]);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files["files"].as_array().unwrap() {
        for signal in ["supports", "concerns", "look"] {
            *counts.entry(signal).or_default() += file[signal].as_u64().unwrap();
        }
    }
    for (signal, count) in counts {
        let by_item: u64 = items["items"].as_array().unwrap().iter().map(|row| row[signal].as_u64().unwrap()).sum();
        assert_eq!(count, by_item, "{signal}");
    }
}

#[test]
fn the_command_line_mutes_and_the_record_says_so() {
    let desk = Desk::open(&["stdio"]);
    let auth = |desk: &Desk| desk.json(["leads", "auth-4"])["leads"][2].clone();
    let before = auth(&desk);
    assert_eq!(
        (&before["hits"], &before["muted"], before["places"].as_array().unwrap().len()),
        (&json!(1), &json!(0), 1)
    );
    desk.ok(["mute", "auth-4.c", "--at", "src/auth.ts:4", "--reason", "It is read once."]);
    let after = auth(&desk);
    assert_eq!((&after["hits"], &after["muted"], &after["places"]), (&json!(1), &json!(1), &json!([])));
    assert_eq!(desk.json(["leads", "auth-4", "--muted"])["leads"][2]["places"][0]["muted"], json!(true));
    desk.ok(["mute", "--path", "docs/**", "--reason", "Prose."]);
    let said = desk.ok(["mute"]);
    assert_eq!(said, "auth-4.c at src/auth.ts:4: It is read once.\nleads under docs/**: Prose.\n2 mutes.\n");
    assert!(desk.ok(["log"]).contains("muted leads under docs/** (Prose.)"));
    let list = desk.json(["mute"]);
    let muted: Vec<&Value> = list["muted"].as_array().unwrap().iter().map(|row| &row["mute"]["kind"]).collect();
    assert_eq!(muted, ["hit", "path"]);
    // The search that is taken as evidence has its hit.
    desk.ok(["answer", "auth-4", "yes", "--lead", "auth-4.c"]);
    assert_eq!(desk.json(["evidence", "show", "E1"])["hits"], json!(1));
    let db = desk.dir().join("db");
    std::fs::create_dir(&db).unwrap();
    desk.ok(["export", "--partial", "--unsigned", "--db", db.to_str().unwrap()]);
    let folder = find(&db, "record.json");
    let record: Value = serde_json::from_slice(&std::fs::read(&folder).unwrap()).unwrap();
    let rows = record["predicate"]["muted"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["mute"], json!({ "kind": "hit", "lead": "auth-4.c", "path": "src/auth.ts", "line": 4 }));
    assert_eq!(rows[1]["reason"], json!("Prose."));
    let text = |name: &str| std::fs::read_to_string(find(&db, name)).unwrap();
    for file in ["raw-notes.md", "security-assessment.md"] {
        assert!(text(file).contains("Prose."), "{file}: {}", text(file));
    }
    desk.ok(["mute", "--path", "docs/**", "--off"]);
    desk.ok(["undo"]);
    assert_eq!(desk.json(["mute"])["muted"].as_array().unwrap().len(), 2);
    desk.ok(["mute", "auth-4.c", "--at", "src/auth.ts:4", "--off"]);
    assert_eq!(auth(&desk), before);
}

/// Returns why verification refuses what a record mutes.
fn refused(record: &std::path::Path) -> Vec<String> {
    let report = verify(&Folder::read(record).unwrap(), &Options::default());
    let wrong = report.reasons.into_iter().filter(|one| matches!(one.reason, "mutes_mismatch" | "times_mismatch"));
    wrong.map(|one| one.message).collect()
}

#[test]
fn a_record_that_mutes_what_cannot_be_is_refused_fail() {
    let desk = Desk::open(&["stdio"]);
    desk.ok(["mute", "auth-4.c", "--at", "src/auth.ts:4", "--reason", "It is read once."]);
    desk.ok(["mute", "auth-4.a", "--reason", "Read."]);
    desk.ok(["mute", "--path", "docs/**", "--reason", "Prose."]);
    let db = desk.dir().join("db");
    std::fs::create_dir(&db).unwrap();
    desk.ok(["export", "--partial", "--unsigned", "--db", db.to_str().unwrap()]);
    let file = find(&db, "record.json");
    let folder = file.parent().unwrap().parent().unwrap();
    let record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(refused(folder), [""; 0]);
    type Forgery = (fn(&mut Vec<Value>), &'static str);
    let forgeries: [Forgery; 10] = [
        (|rows| rows[0]["mute"]["lead"] = json!("auth-4.zz"), "no lead `auth-4.zz`"),
        (|rows| rows[1]["mute"]["lead"] = json!("login-1.a"), "no lead `login-1.a`"),
        (|rows| rows[0]["mute"]["path"] = json!(""), "has a path"),
        (|rows| rows[2]["mute"]["glob"] = json!(" "), "is empty"),
        (|rows| rows[2]["mute"]["glob"] = json!("["), "cannot be used"),
        (|rows| rows[2]["mute"]["glob"] = json!("a".repeat(5000)), "longer than 4 KiB"),
        (|rows| rows[1]["reason"] = json!(" \n"), "auth-4.a has no reason"),
        (|rows| rows.swap(0, 1), "not in order"),
        (|rows| rows.push(rows[2].clone()), "not in order"),
        (|rows| rows[2]["at"] = json!("2027-01-01T00:00:00Z"), "after the record was sealed"),
    ];
    for (forge, part) in forgeries {
        let mut forged = record.clone();
        forge(forged["predicate"]["muted"].as_array_mut().unwrap());
        std::fs::write(&file, serde_json::to_vec(&forged).unwrap()).unwrap();
        let said = refused(folder);
        assert!(said.len() == 1 && said[0].contains(part), "{part}: {said:?}");
    }
}

/// Returns the file of this name somewhere under a folder.
fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.file_name().is_some_and(|one| one == name) {
                return path;
            }
        }
    }
    panic!("no {name}");
}

/// Opens an audit of a repository in which one file has very many hits of `transport-3.b`, and a later one has one.
fn padded(hits: usize) -> Desk {
    let desk = Desk::new();
    let line = "{ rejectUnauthorized: false }\n";
    let files = [("a/pad.ts", line.repeat(hits)), ("a/more.ts", line.to_owned()), ("src/server.ts", line.to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    desk.git.main(desk.git.files(&files, &[], 1_770_000_000));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk
}

#[test]
fn many_hits_in_one_file_hide_none_in_another() {
    let desk = padded(10_000);
    let mute = || desk.ok(["mute", "--path", "a/**", "--reason", "Padding."]);
    let lead = |desk: &Desk| {
        let leads = desk.json(["leads", "transport-3"])["leads"].clone();
        leads.as_array().unwrap().iter().find(|lead| lead["hits"] == json!(10_002)).unwrap().clone()
    };
    assert_eq!(lead(&desk)["places"].as_array().unwrap().len(), 10);
    mute();
    let after = lead(&desk);
    assert_eq!(after["muted"], json!(10_001));
    assert_eq!(after["places"][0]["path"], json!("src/server.ts"));
    assert_eq!((after["places"].as_array().unwrap().len(), &after["not_listed"]), (1, &json!(0)));
    let mut shop = Workshop::on(desk, 120, 40);
    shop.item("transport-3");
    assert!(shop.says("}").starts_with("Hit 1 of 1 of the leads"), "{}", shop.said());
    assert_eq!(shop.at(), ("src/server.ts".to_owned(), 1));
}

#[test]
fn hits_that_are_not_listed_are_told() {
    let files: Vec<(String, &str)> =
        (0..520).map(|at| (format!("a/{at:03}.ts"), "{ rejectUnauthorized: false }\n")).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.push(("src/server.ts", "{ rejectUnauthorized: false }\n{ rejectUnauthorized: false }\n"));
    let desk = Desk::new();
    desk.git.main(desk.git.files(&files, &[], 1_770_000_000));
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk.ok(["mute", "--path", "a/**", "--reason", "Padding."]);
    let said = desk.ok(["leads", "transport-3"]);
    assert!(said.contains("522 hits") && said.contains("… 2 more hits are not listed"), "{said}");
    let leads = desk.json(["leads", "transport-3"])["leads"].clone();
    let lead = leads.as_array().unwrap().iter().find(|lead| lead["hits"] == json!(522)).unwrap();
    assert_eq!((&lead["not_listed"], &lead["places"]), (&json!(2), &json!([])));
    let said = desk.ok(["leads", "transport-3", "--by-file"]);
    assert!(said.contains("src/server.ts  ! 2\n    … 2 more hits are not listed\n"), "{said}");
    let mut shop = Workshop::on(desk, 120, 40);
    shop.item("transport-3");
    assert_eq!(shop.says("}"), "2 hits of the leads of this item are not listed; gL lists the files.");
    let rows = pane(&shop);
    let file = rows.iter().position(|row| row.starts_with("src/server.ts")).unwrap();
    assert!(rows[file + 1].contains("… 2 more hits are not listed"), "{rows:#?}");
    // The file can be gone to from there, and from the list of all.
    under(&mut shop, &Target::LeadFile("src/server.ts".into()));
    shop.keys("<cr>");
    assert_eq!(shop.at(), ("src/server.ts".to_owned(), 1));
    shop.code("a/000.ts", 1).keys("gL");
    assert_eq!(shop.labels(), ["src/server.ts"]);
    assert_eq!(shop.says("<cr>"), "Place 1 of 1 that leads point at");
    assert_eq!(shop.at(), ("src/server.ts".to_owned(), 1));
}

#[test]
fn mutes_of_long_and_odd_paths_are_told_apart() {
    let deep = format!("{}/", "a-folder-with-a-long-name".repeat(5));
    let (one, two) = (format!("{deep}one.ts"), format!("{deep}two.ts"));
    let paths: [&[u8]; 4] = [b"src/\xfe.ts", b"src/\xff.ts", one.as_bytes(), two.as_bytes()];
    let mutes = paths.map(|path| Event::LeadMuted {
        mute: Mute::Hit { lead: "transport-3.a".to_owned(), path: RepoPath(path.to_vec()), line: 1 },
        reason: "Its reason is told in many words, more than there is room for.".repeat(3),
    });
    let mut shop = Workshop::on(Desk::open(&["stdio"]), 80, 24);
    shop.record(mutes.to_vec());
    shop.keys("gM");
    assert!(shop.labels().contains(&r"transport-3.a at src/\xfe.ts:1".to_owned()), "{:?}", shop.labels());
    let screen = shop.screen();
    for row in [r"src/\xfe.ts:1", r"src/\xff.ts:1", "one.ts:1", "two.ts:1"] {
        let told = |line: &str| line.contains("transport-3.a at ") && line.contains(row) && line.contains("Its reason");
        assert!(screen.lines().any(told), "{row}\n{screen}");
    }
    shop.keys("<esc>gt");
    let log = shop.page().join("\n");
    assert!(
        log.contains(r"transport-3.a at src/\xfe.ts:1") && log.contains(r"transport-3.a at src/\xff.ts:1"),
        "{log}"
    );
    let desk = shop.close();
    let said = desk.ok(["mute"]);
    assert!(said.contains(r"src/\xfe.ts:1: ") && said.contains(r"src/\xff.ts:1: "), "{said}");
    // Such a path can be named, to list its hits again.
    let place = OsStr::from_bytes(b"src/\xfe.ts:1");
    desk.ok([OsStr::new("mute"), OsStr::new("transport-3.a"), OsStr::new("--at"), place, OsStr::new("--off")]);
    assert!(!desk.ok(["mute"]).contains(r"\xfe"));
}

#[test]
fn a_glob_that_mutes_nothing_can_be_taken_back() {
    let mut shop = Workshop::new();
    let long = "a".repeat(5000);
    let mute = |glob: &str| Event::LeadMuted { mute: Mute::Path { glob: glob.to_owned() }, reason: "R".to_owned() };
    shop.record(vec![mute("["), mute(&long)]);
    assert_eq!(shop.app.listed.counts.muted, 0);
    let desk = shop.close();
    desk.ok(["mute", "--path", "[", "--off"]);
    desk.ok(["mute", "--path", &long, "--off"]);
    assert_eq!(desk.ok(["mute"]), "Nothing is muted.\n");
}

#[test]
fn what_cannot_be_muted_is_refused_fail() {
    let desk = Desk::open(&["stdio"]);
    let cases: [(&[&str], i32, &str); 13] = [
        (&["mute", "auth-4.zz", "--reason", "R"], 2, "no lead `auth-4.zz`"),
        (&["mute", "auth-4.a"], 2, "needs a reason"),
        (&["mute", "auth-4.a", "--reason", " "], 2, "--reason is empty"),
        (&["mute", "--path", "/docs", "--reason", "R"], 2, "cannot be used"),
        (&["mute", "--path", "[", "--reason", "R"], 2, "cannot be used"),
        (&["mute", "auth-4.a", "--at", "src/nothing.ts:3", "--reason", "R"], 3, "is not in"),
        // It would be counted for a hit that nobody has looked at.
        (&["mute", "auth-4.c", "--at", "src/auth.ts:3", "--reason", "R"], 1, "auth-4.c has no hit at src/auth.ts:3"),
        (&["mute", "auth-4.c", "--at", "src/auth.ts", "--reason", "R"], 1, "auth-4.c has no hit at src/auth.ts"),
        (&["mute", "auth-4.c", "--at", "README.md:1", "--reason", "R"], 1, "auth-4.c has no hit at README.md:1"),
        (
            &["mute", "dependency-1.a", "--at", "README.md", "--reason", "R"],
            1,
            "dependency-1.a has no hit at README.md",
        ),
        (&["mute", "auth-4.a", "--off"], 2, "auth-4.a is not muted"),
        (&["mute", "--reason", "R"], 2, "Say what"),
        (&["mute", "auth-4.a", "--off", "--reason", "R"], 2, "cannot be used with"),
    ];
    for (args, code, part) in cases {
        let said = desk.fails(args.iter().copied(), code);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    desk.ok(["mute", "dependency-1.a", "--at", "package.json", "--reason", "R"]);
    desk.ok(["mute", "dependency-1.a", "--at", "package.json", "--off"]);
    desk.ok(["mute", "auth-4.a", "--reason", "R"]);
    let said = desk.fails(["mute", "auth-4.a", "--reason", "R"], 2);
    assert!(said.contains("auth-4.a is muted already"), "{said}");
    assert_eq!(desk.json(["mute"])["muted"].as_array().unwrap().len(), 1);
}

/// A desk whose clone has this tree at its newest commit, and an audit of it by the whole standard.
fn desk(tree: impl FnOnce(&Fixture) -> Oid) -> Desk {
    let desk = Desk::new();
    let commit = desk.git.commit(tree(&desk.git), &[desk.commit], 1_765_000_001);
    desk.git.main(commit);
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk
}

#[test]
fn ten_thousand_hits_hide_no_other_file() {
    let many = "rejectUnauthorized: false\n".repeat(10_001);
    for (path, excluded) in [("a/test/x.ts", true), ("a/x.ts", false)] {
        let desk = desk(|git| {
            let files = [(path, many.as_str()), ("src/server.ts", "rejectUnauthorized: false\n")];
            let items: Vec<Item<'_>> =
                files.iter().map(|(path, text)| (path.as_bytes(), FILE, git.blob(text))).collect();
            git.tree(&items)
        });
        let paths = |report: &Value, list: &str| -> Vec<String> {
            let rows = report[list].as_array().unwrap().iter();
            rows.map(|row| row["path"].as_str().unwrap().to_owned()).collect()
        };
        let server = "src/server.ts".to_owned();
        let by_file = desk.json(["leads", "transport-3", "--by-file"]);
        assert!(paths(&by_file, "files").contains(&server), "{path}: {by_file:#}");
        let coverage = desk.json(["coverage"]);
        assert!(paths(&coverage, "unopened").contains(&server), "{path}: {coverage:#}");
        let lead = desk.json(["leads", "transport-3", "--hits", "3"])["leads"].as_array().unwrap().clone();
        let lead = lead.iter().find(|lead| lead["hits"] != json!(0)).unwrap();
        if excluded {
            assert_eq!((&lead["hits"], paths(lead, "places")), (&json!(1), vec![server]));
        } else {
            assert_eq!((&lead["hits"], lead["places"].as_array().unwrap().len()), (&json!(10_002), 3));
        }
    }
}

#[test]
fn a_glob_lead_points_at_all_its_files() {
    let desk = desk(|git| {
        let text = git.blob("{}\n");
        let folders: Vec<String> = (0..120).map(|at| format!("d{at:03}/package-lock.json")).collect();
        let items: Vec<Item<'_>> = folders.iter().map(|path| (path.as_bytes(), FILE, text)).collect();
        git.tree(&items)
    });
    let standard = touchstone::standards::Loaded::built_in().unwrap().standard;
    let pin = desk.git.open().pin(desk.git.open().head().unwrap(), &[]).unwrap();
    let all = leads::run_all(&pin, &standard, 99, &|| false, |_| {}).unwrap();
    let globs = all.values().flatten().filter_map(|lead| {
        let found = lead.outcome.as_ref().ok()?;
        matches!(found.kind, Kind::Path(_)).then_some(found)
    });
    let found = globs.max_by_key(|found| found.hits).unwrap();
    assert_eq!((found.hits, found.by_file.len(), found.places.len(), found.unlisted), (120, 120, 99, 0));
}

#[test]
fn a_search_that_counts_nothing_says_what_stands_apart() {
    let desk = desk(|git| {
        let bad = git.blob("rejectUnauthorized: false\nrejectUnauthorized: false\n");
        git.tree(&[(b"a.ts", FILE, git.blob("one;\n")), (b"test/x.ts", FILE, bad)])
    });
    let mut shop = Workshop::on(desk, 120, 40);
    shop.item("transport-3");
    let only_apart = |shop: &Workshop| {
        let leads = &shop.app.leads["transport-3"];
        leads.iter().position(|lead| lead.outcome.as_ref().is_ok_and(|found| (found.hits, found.excluded) == (0, 2)))
    };
    let lead = only_apart(&shop).unwrap();
    assert!(pane(&shop).iter().any(|row| row.contains("0 hits, 2 excluded of ")), "{:#?}", pane(&shop));
    under(&mut shop, &Target::Lead(lead));
    let said = shop.keys("0").said();
    assert!(said.ends_with("; 2 hits stand in excluded paths or test modules, not counted"), "{said}");
    shop.keys("u");
    let said = shop.keys("z").said();
    assert!(said.ends_with("; 2 hits stand in excluded paths or test modules, not counted"), "{said}");
    // Where nothing stands apart, nothing is said of it.
    shop.item("transport-1");
    let said = shop.keys("0").said();
    assert!(said.contains(" backs ") && !said.contains("not counted"), "{said}");
}
