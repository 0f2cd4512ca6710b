//! Lines found again at a newer pin: each state, and what must not be taken for it.

use git2::Oid;
use proptest::prelude::*;
use touchstone::model::carry::{Anchor, Anchored};
use touchstone::model::evidence::Region;
use touchstone::model::hash::Sha256;

use crate::repo_fixture::{FILE, Fixture, SYMLINK, own};

const MAIN: &str = "import { serve } from \"./serve.js\";\n\nexport function handle(request: Request) {\n  const key = request.header(\"authorization\");\n  if (!verify(key, process.env.API_KEY)) {\n    return unauthorized();\n  }\n  return serve(request);\n}\n";

struct Moved {
    git: Fixture,
    old: Oid,
    new: Oid,
}

impl Moved {
    fn new(old: &[(&str, &str)], new: &[(&str, &str)]) -> Moved {
        let git = Fixture::new();
        let old = git.files(old, &[], 1_000);
        let new = git.files(new, &[old], 2_000);
        Moved { git, old, new }
    }

    fn region(&self, path: &str, first: usize, last: usize) -> Region {
        self.git.pin(self.old).region(&path.into(), first, last).unwrap()
    }

    fn find(&self, region: Region) -> Anchored {
        let pin = self.git.pin(self.new);
        let mut found = pin.reanchor(own(self.old), &[region], &|| false).unwrap().unwrap();
        assert_eq!(found.len(), 1);
        let one = found.remove(0);
        for place in one.to.iter().chain(&one.places) {
            // What is said to be there is there.
            if place.commit.is_none() {
                assert_eq!(pin.region(&place.path, place.first, place.last).unwrap(), *place);
            }
        }
        one
    }
}

/// Returns the state and the place of lines of `a.ts`.
#[track_caller]
fn anchored(old: &[(&str, &str)], new: &[(&str, &str)], first: usize, last: usize) -> (Anchor, Option<String>) {
    let repo = Moved::new(old, new);
    let one = repo.find(repo.region("a.ts", first, last));
    (one.state, one.to.map(|to| format!("{}:{}-{}", to.path.lossy(), to.first, to.last)))
}

fn at(state: Anchor, place: &str) -> (Anchor, Option<String>) {
    (state, Some(place.to_owned()))
}

#[test]
fn the_same_lines_are_exact() {
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", MAIN)], 4, 6), at(Anchor::Exact, "a.ts:4-6"));
    let below = format!("{MAIN}// more\n");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &below)], 4, 6), at(Anchor::Exact, "a.ts:4-6"));
    // Another copy below does not take anything from what stands where it stood.
    let twice = format!("{MAIN}\n{MAIN}");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &twice)], 4, 6), at(Anchor::Exact, "a.ts:4-6"));
}

#[test]
fn lines_pushed_down_are_moved() {
    let new = format!("// one\n// two\n{MAIN}");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 4, 6), at(Anchor::Moved, "a.ts:6-8"));
    // Also where there is too little in them to be told by themselves.
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 9, 9), at(Anchor::Moved, "a.ts:11-11"));
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 2, 2), at(Anchor::Moved, "a.ts:4-4"));
}

#[test]
fn lines_of_a_renamed_file_are_moved() {
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("src/b.ts", MAIN)], 4, 6), at(Anchor::Moved, "src/b.ts:4-6"));
    let edited = MAIN.replace("export function", "// checked\nexport async function");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("src/b.ts", &edited)], 4, 6), at(Anchor::Moved, "src/b.ts:5-7"));
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("src/b.ts", &edited)], 9, 9), at(Anchor::Moved, "src/b.ts:10-10"));
    // A file that grew much, in another folder, is known by its name.
    let grown = format!("{MAIN}{}", "export const filler = \"of no account at all\";\n".repeat(40));
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("src/a.ts", &grown)], 4, 4), at(Anchor::Moved, "src/a.ts:4-4"));
}

#[test]
fn two_copies_of_a_renamed_file_are_ambiguous() {
    let repo = Moved::new(&[("a.ts", MAIN)], &[("b.ts", MAIN), ("c.ts", MAIN)]);
    let one = repo.find(repo.region("a.ts", 4, 6));
    assert_eq!((one.state, one.to, one.places.len()), (Anchor::Ambiguous, None, 2));
}

#[test]
fn a_block_moved_within_its_file_or_to_another_is_moved() {
    let (head, check) = MAIN.split_at(MAIN.find("  const key").unwrap());
    let tail = "// the rest of the file, long enough to be known\n// and to be left where it is by the comparison\nfunction other() {\n  return true;\n}\n";
    let old = format!("{head}{check}{tail}");
    let new = format!("{tail}{head}{check}");
    let (state, place) = anchored(&[("a.ts", &old)], &[("a.ts", &new)], 4, 6);
    assert_eq!((state, place.as_deref()), (Anchor::Moved, Some("a.ts:9-11")));
    let stub = "export { handle } from \"./handle.js\";\n";
    let rest = format!("// taken out\n{MAIN}");
    let new: [(&str, &str); 2] = [("a.ts", stub), ("handle.ts", &rest)];
    assert_eq!(anchored(&[("a.ts", MAIN)], &new, 4, 6), at(Anchor::Moved, "handle.ts:5-7"));
    // A brace alone says nothing in another file, unless the whole file is known to be that one.
    let unlike = format!("{}\nfunction x() {{\n}}\n", "const a = 1;\n".repeat(60));
    let (state, _) = anchored(&[("a.ts", MAIN)], &[("a.ts", stub), ("z.ts", &unlike)], 9, 9);
    assert!(!state.holds(), "{state:?}");
}

#[test]
fn a_block_moved_to_two_places_is_ambiguous() {
    let new: [(&str, &str); 3] =
        [("a.ts", "// nothing\n"), ("b/x.ts", &format!("// x\n{MAIN}")), ("b/y.ts", &format!("// y\n{MAIN}"))];
    let repo = Moved::new(&[("a.ts", MAIN)], &new);
    let one = repo.find(repo.region("a.ts", 4, 6));
    assert_eq!((one.state, one.places.len()), (Anchor::Ambiguous, 2));
}

#[test]
fn another_copy_that_was_there_before_is_not_where_it_moved_fail() {
    let old: [(&str, &str); 2] = [("a.ts", MAIN), ("copy.ts", &format!("// a copy\n{MAIN}"))];
    let new: [(&str, &str); 2] = [("a.ts", "// nothing\n"), ("copy.ts", &format!("// a copy\n// still\n{MAIN}"))];
    let (state, _) = anchored(&old, &new, 4, 6);
    assert!(!state.holds(), "{state:?}");
    // Within the file as well.
    let twice = format!("{MAIN}// between\n{MAIN}");
    let once = format!("// between\n{MAIN}");
    let (state, place) = anchored(&[("a.ts", &twice)], &[("a.ts", &once)], 4, 6);
    assert!(!state.holds(), "{state:?} {place:?}");
    let (state, place) = anchored(&[("a.ts", &twice)], &[("a.ts", &once)], 14, 16);
    assert_eq!((state, place.as_deref()), (Anchor::Moved, Some("a.ts:5-7")));
}

#[test]
fn reformatted_lines_are_edited_in_white_space_only() {
    let tabs = MAIN.replace("  ", "\t");
    let repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", &tabs)]);
    let one = repo.find(repo.region("a.ts", 4, 7));
    assert_eq!((one.state, one.white_space), (Anchor::Edited, true));
    assert_eq!(one.to.map(|to| (to.first, to.last)), Some((4, 7)));
    let wrapped =
        MAIN.replace("verify(key, process.env.API_KEY)", "\n    verify(\n      key,\n      process.env.API_KEY)\n  ");
    let repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", &wrapped)]);
    let one = repo.find(repo.region("a.ts", 5, 5));
    assert_eq!((one.state, one.white_space), (Anchor::Edited, true), "{one:?}");
    assert_eq!(one.to.map(|to| (to.first, to.last)), Some((5, 9)));
    // A word more is no white space.
    let other = tabs.replace("unauthorized()", "authorized()");
    let repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", &other)]);
    let one = repo.find(repo.region("a.ts", 4, 7));
    assert_eq!((one.state, one.white_space), (Anchor::Edited, false));
}

#[test]
fn edited_lines_are_told_with_those_in_their_place() {
    let new = MAIN.replace("process.env.API_KEY", "settings.key");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 4, 6), at(Anchor::Edited, "a.ts:4-6"));
    let new =
        format!("// head\n{}", MAIN.replace("    return unauthorized();", "    log(key);\n    return unauthorized();"));
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 5, 7), at(Anchor::Edited, "a.ts:6-9"));
    // Only the line itself, not all lines that were changed along with it.
    let new = MAIN
        .replace("const key", "const token")
        .replace("verify(key, ", "verify(token, ")
        .replace("unauthorized()", "denied(403, 1)");
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &new)], 5, 5), at(Anchor::Edited, "a.ts:5-5"));
}

#[test]
fn deleted_files_and_lines_are_gone() {
    let other = ("z.ts", "export {};\n");
    assert_eq!(anchored(&[("a.ts", MAIN), other], &[other], 4, 6), (Anchor::Gone, None));
    let cut: String =
        MAIN.lines().enumerate().filter(|(at, _)| !(3..7).contains(at)).map(|(_, line)| format!("{line}\n")).collect();
    assert_eq!(anchored(&[("a.ts", MAIN)], &[("a.ts", &cut)], 4, 7), (Anchor::Gone, None));
}

#[test]
fn a_file_that_is_a_link_now_is_gone() {
    let git = Fixture::new();
    let old = git.files(&[("a.ts", MAIN)], &[], 1_000);
    let new =
        git.commit(git.tree(&[(b"a.ts", SYMLINK, git.blob("b.ts")), (b"b.ts", FILE, git.blob("x\n"))]), &[old], 2_000);
    let repo = Moved { git, old, new };
    let one = repo.find(repo.region("a.ts", 4, 6));
    assert_eq!(one.state, Anchor::Gone);
    assert!(one.why.unwrap().contains("no file"));
}

#[test]
fn one_of_many_equal_lines_is_not_guessed_fail() {
    let cases = "case 1:\n  break;\n".repeat(3);
    let old = format!("start();\n{cases}end();\n");
    let new = format!("begin anew with something else entirely();\n{}finish();\n", "case 1:\n  break;\n".repeat(5));
    let (state, place) = anchored(&[("a.ts", &old)], &[("a.ts", &new)], 7, 7);
    assert!(matches!(state, Anchor::Exact | Anchor::Ambiguous), "{state:?} {place:?}");
    // A brace that was deleted is not any other brace.
    let old = "function a() {\n  one();\n}\nfunction b() {\n  two();\n}\n";
    let new = "const a = one;\nfunction c() {\n  three();\n}\n";
    let (state, place) = anchored(&[("a.ts", old)], &[("a.ts", new)], 3, 3);
    assert!(!state.holds(), "{state:?} {place:?}");
}

#[test]
fn a_last_line_without_a_line_feed_is_not_the_same_with_one_fail() {
    let old = MAIN.strip_suffix('\n').unwrap();
    let new = format!("{MAIN}// more\n");
    let (state, _) = anchored(&[("a.ts", old)], &[("a.ts", &new)], 8, 9);
    assert_eq!(state, Anchor::Edited);
    assert_eq!(anchored(&[("a.ts", old)], &[("a.ts", old)], 8, 9), at(Anchor::Exact, "a.ts:8-9"));
}

#[test]
fn binary_files_are_known_by_their_content_alone() {
    let git = Fixture::new();
    let (bytes, other) = (git.blob(b"a\0b\n"), git.blob(b"a\0c\n"));
    let old = git.commit(git.tree(&[(b"a.bin", FILE, bytes)]), &[], 1_000);
    let same = git.commit(git.tree(&[(b"b.bin", FILE, bytes)]), &[old], 2_000);
    let new = git.commit(git.tree(&[(b"a.bin", FILE, other)]), &[old], 2_000);
    let sha256 = Sha256::of(b"a\0b\n");
    let region =
        Region { path: "a.bin".into(), blob: own(bytes), first: 1, last: 1, start: 0, end: 4, sha256, commit: None };
    for (to, state) in [(same, Anchor::Moved), (new, Anchor::NotKnown)] {
        let found = git.pin(to).reanchor(own(old), std::slice::from_ref(&region), &|| false).unwrap().unwrap();
        assert_eq!(found[0].state, state, "{found:?}");
    }
}

#[test]
fn lines_that_never_held_are_not_known() {
    let repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", MAIN)]);
    let good = repo.region("a.ts", 4, 6);
    for bad in [
        Region { sha256: Sha256::of("x"), ..good.clone() },
        Region { first: 99, last: 99, ..good.clone() },
        Region { first: 0, last: 0, ..good.clone() },
        Region {
            first: 0,
            last: 3,
            sha256: Sha256::of(MAIN.split_inclusive('\n').take(3).collect::<String>()),
            ..good.clone()
        },
        Region { first: 6, last: 4, ..good.clone() },
        Region { first: 1, last: usize::MAX, ..good.clone() },
        Region { first: 1, last: usize::MAX, blob: "1".repeat(40).parse().unwrap(), ..good.clone() },
    ] {
        assert_eq!(repo.find(bad).state, Anchor::NotKnown);
    }
}

#[test]
fn lines_of_an_ancestor_stay_as_long_as_it_is_one() {
    let mut repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", "gone\n")]);
    let region = Region { commit: Some(own(repo.old)), ..repo.region("a.ts", 4, 6) };
    assert_eq!(repo.find(region.clone()).state, Anchor::Exact);
    // History was rewritten: it is no ancestor any more.
    repo.new = repo.git.files(&[("a.ts", MAIN)], &[], 3_000);
    let one = repo.find(region);
    assert_eq!(one.state, Anchor::Gone);
    assert!(one.why.unwrap().contains("not an ancestor"));
}

#[test]
fn a_force_pushed_history_is_compared_all_the_same() {
    let mut repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", MAIN)]);
    repo.new = repo.git.files(&[("b.ts", &format!("// new\n{MAIN}"))], &[], 3_000);
    let one = repo.find(repo.region("a.ts", 4, 6));
    assert_eq!((one.state, one.to.map(|to| to.first)), (Anchor::Moved, Some(5)));
}

/// Takes the older commit and its tree out of the clone, as after a force push and a fresh clone.
fn forget(repo: &Moved, region: &Region, also_blob: bool) {
    let tree = git2::Repository::open(&repo.git.git).unwrap().find_commit(repo.old).unwrap().tree_id();
    let blob = Oid::from_bytes(&region.blob.0).unwrap();
    for id in [Some(repo.old), Some(tree), also_blob.then_some(blob)].into_iter().flatten() {
        std::fs::remove_file(repo.git.loose(id)).unwrap();
    }
}

#[test]
fn without_the_older_commit_the_blob_leads_on() {
    for (new, state) in [
        (vec![("a.ts", MAIN.to_owned()), ("z.ts", "z\n".to_owned())], Anchor::Exact),
        (vec![("a.ts", format!("// new\n{MAIN}"))], Anchor::Moved),
        (vec![("lib/a.ts", format!("// new\n{MAIN}"))], Anchor::Moved),
        (vec![("b.ts", MAIN.to_owned())], Anchor::Moved),
        (vec![("a.ts", MAIN.replace("verify", "check"))], Anchor::Edited),
        (vec![("b.ts", MAIN.to_owned()), ("c.ts", MAIN.to_owned())], Anchor::Ambiguous),
        (vec![("b.ts", "nothing of it\n".to_owned())], Anchor::Gone),
    ] {
        let files: Vec<(&str, &str)> = new.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let mut repo = Moved::new(&[("a.ts", MAIN)], &[]);
        let region = repo.region("a.ts", 4, 6);
        repo.new = repo.git.files(&files, &[], 3_000);
        forget(&repo, &region, false);
        let one = repo.find(region);
        assert_eq!(one.state, state, "{files:?} {one:?}");
    }
}

#[test]
fn without_the_blob_only_its_hash_is_looked_for() {
    for (new, state) in [
        (vec![("a.ts", format!("{MAIN}// more\n"))], Anchor::Exact),
        (vec![("lib/a.ts", format!("// new\n{MAIN}"))], Anchor::Moved),
        (vec![("a.ts", format!("// new\n{MAIN}{MAIN}"))], Anchor::Ambiguous),
        (vec![("a.ts", MAIN.replace("verify", "check"))], Anchor::NotKnown),
        // Under another name nothing leads to it.
        (vec![("b.ts", format!("// new\n{MAIN}"))], Anchor::NotKnown),
    ] {
        let files: Vec<(&str, &str)> = new.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let mut repo = Moved::new(&[("a.ts", MAIN)], &[]);
        let region = repo.region("a.ts", 4, 6);
        repo.new = repo.git.files(&files, &[], 3_000);
        forget(&repo, &region, true);
        let one = repo.find(region);
        assert_eq!(one.state, state, "{files:?} {one:?}");
        assert!(one.why.unwrap().contains("blob is not in this clone"));
    }
}

#[test]
fn nothing_is_told_once_it_is_stopped() {
    let repo = Moved::new(&[("a.ts", MAIN)], &[("a.ts", MAIN)]);
    let region = repo.region("a.ts", 1, 1);
    assert!(repo.git.pin(repo.new).reanchor(own(repo.old), &[region], &|| true).unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    /// Whatever happens to a text: nothing is called the same that has other bytes, nor at its place what is elsewhere.
    #[test]
    fn nothing_is_the_same_with_other_bytes(
        old in "(const alpha = \"something long enough\";\n|\\}\n|\n|  beta\\(gamma, delta, epsilon, zeta\\);\n|x\n){1,20}",
        edits in prop::collection::vec((0usize..20, 0usize..5, "(\\}\n|  beta\\(gamma, delta, epsilon, zeta\\);\n|y\n|\t\n){0,4}"), 0..4),
        place in (0usize..20, 1usize..6),
        renamed: bool,
        tail: bool,
    ) {
        let mut lines: Vec<String> = old.split_inclusive('\n').map(str::to_owned).collect();
        let count = lines.len();
        let first = place.0 % count + 1;
        let last = (first + place.1 - 1).min(count);
        for (at, take, put) in edits {
            let at = at % (lines.len() + 1);
            let end = (at + take).min(lines.len());
            lines.splice(at..end, put.split_inclusive('\n').map(str::to_owned));
        }
        let mut new: String = lines.concat();
        if tail && new.ends_with('\n') {
            new.pop();
        }
        let path = if renamed { "b.ts" } else { "a.ts" };
        let repo = Moved::new(&[("a.ts", &old), ("k.ts", MAIN)], &[(path, &new), ("k.ts", MAIN)]);
        let region = repo.region("a.ts", first, last);
        let one = repo.find(region.clone());
        let pin = repo.git.pin(repo.new);
        prop_assert_eq!(&one.from, &region);
        match (one.state, &one.to) {
            (Anchor::Exact | Anchor::Moved, Some(to)) => {
                prop_assert_eq!(Sha256::of(pin.excerpt(to).unwrap()), region.sha256);
                let own = (&to.path, to.first, to.last) == (&region.path, region.first, region.last);
                prop_assert_eq!(own, one.state == Anchor::Exact);
            }
            (Anchor::Edited, Some(to)) => prop_assert_ne!(to.sha256, region.sha256),
            (Anchor::Gone | Anchor::NotKnown | Anchor::Ambiguous, None) => {}
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(one.places.is_empty(), one.state != Anchor::Ambiguous);
    }
}

#[test]
fn lines_that_stand_there_as_often_as_what_is_around_them_are_ambiguous() {
    let block = "  close();\n  return done;\n";
    let old = format!("begin();\none();\n{block}two();\n{block}three();\nend();\n");
    let new = format!("begin();\nA();\nAA();\n{block}B();\n{block}C();\n{block}D();\nend();\n");
    for line in [4, 7] {
        let repo = Moved::new(&[("a.ts", &old)], &[("a.ts", &new)]);
        let one = repo.find(repo.region("a.ts", line, line));
        assert_eq!((one.state, one.to), (Anchor::Ambiguous, None), "line {line}: {:?}", one.why);
    }
    // One reading only, and nothing beside the line that says it is this one.
    let (old, new) = ("start();\nclose();\nq();\n", "close();\nx();\nstart();\ny();\nclose();\nz();\n");
    assert_eq!(anchored(&[("a.ts", old)], &[("a.ts", new)], 2, 2), (Anchor::Ambiguous, None));
}
