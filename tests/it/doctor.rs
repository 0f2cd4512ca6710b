//! The evidence doctor: citations found in Markdown, examined at a pin, corrected in place.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use touchstone::auditdb::citation::{Citation, find};
use touchstone::auditdb::doctor::{Row, corrected};
use touchstone::model::evidence::RepoPath;
use touchstone::repo::{Cited, Examined, Fit, Pin, Proposal, State, Why, display};

use crate::repo_fixture::{FILE, Fixture, Item, SYMLINK};
use crate::support::{CLOCK, Desk};

/// 24 lines; two functions that begin alike.
const SERVER: &str = "import http from \"node:http\";

const sessions = new Map<string, Session>();

export function begin(request: Request, response: Response) {
  const id = request.headers[\"session-id\"];
  if (id && sessions.has(id)) {
    return sessions.get(id);
  }
  const session = new Session(randomUUID());
  sessions.set(session.id, session);
  log(`session ${session.id} begins`);
  return session;
}

export function finish(request: Request, response: Response) {
  const id = request.headers[\"session-id\"];
  if (!id) {
    return response.status(400).end();
  }
  sessions.delete(id);
  response.status(204).end();
}
";

const TOKENS: &str =
    "def load_tokens(path):\n    with open(path) as file:\n        return json.load(file)[\"tokens\"]\n";

/// A repository with what citations can meet.
fn repository() -> (Fixture, Pin) {
    let git = Fixture::new();
    let files: [(&str, &[u8]); 8] = [
        ("README.md", b"# server\n\nSet `TOKEN` before you start it.\n"),
        ("copies/a.py", b"def copied_everywhere(one):\n    return one + 1\n"),
        ("copies/b.py", b"def copied_everywhere(one):\n    return one + 1\n"),
        ("logo.png", b"\x89PNG\0\0\x01"),
        ("src/dos.ts", b"first line of it\r\nsecond line of it\r\nthird line of it\r\n"),
        ("src/server.ts", SERVER.as_bytes()),
        ("src/tail.ts", b"export const firstOne = 1;\nexport const lastOne = 2;"),
        ("src/tokens.py", TOKENS.as_bytes()),
    ];
    let mut items: Vec<Item<'_>> = files.iter().map(|(path, bytes)| (path.as_bytes(), FILE, git.blob(bytes))).collect();
    items.push((b"src/link.ts", SYMLINK, git.blob("server.ts")));
    let commit = git.commit(git.tree(&items), &[], 1_760_000_000);
    git.main(commit);
    git.write("refs/tags/v1.0.0", format!("{commit}\n"));
    let pin = git.pin(commit);
    (git, pin)
}

fn lines(text: &str, first: usize, last: usize) -> String {
    text.lines().skip(first - 1).take(last + 1 - first).map(|line| format!("{line}\n")).collect()
}

fn cited(path: &str, ranges: &[(usize, usize)], quote: &str) -> Cited {
    let path = (!path.is_empty()).then(|| RepoPath::from(path));
    let quote = (!quote.is_empty()).then(|| quote.to_owned());
    Cited { path, ranges: ranges.to_vec(), quote }
}

fn examine(path: &str, ranges: &[(usize, usize)], quote: &str) -> Examined {
    repository().1.examine(&cited(path, ranges, quote))
}

#[track_caller]
fn found(examined: &Examined, path: &str, first: usize, last: usize, fit: Fit) {
    let found = examined.found.as_ref().unwrap_or_else(|| panic!("{examined:?}"));
    assert_eq!((&*found.path.lossy(), found.first, found.last, found.fit), (path, first, last, fit), "{examined:?}");
}

fn lines_proposed(first: usize, last: usize) -> Option<Proposal> {
    Some(Proposal { path: None, first, last })
}

#[test]
fn exact_is_byte_for_byte_but_for_line_ends() {
    let exact = |path: &str, range, quote: &str| {
        let examined = examine(path, &[range], quote);
        assert_eq!((examined.state, &examined.proposal), (State::Exact, &None), "{examined:?}");
        assert_eq!(examined.held, examined.lines);
    };
    exact("src/server.ts", (5, 14), &lines(SERVER, 5, 14));
    exact("src/dos.ts", (1, 2), "first line of it\nsecond line of it\n");
    exact("src/tail.ts", (2, 2), "export const lastOne = 2;");
    exact("src/tail.ts", (1, 2), "export const firstOne = 1;\nexport const lastOne = 2;\n");
    // What "and so on" says can stand in the file itself.
    let git = Fixture::new();
    let commit = git.files(&[("a.py", "def abstract_method():\n    ...\n\ndef other(): pass\n")], &[], 1);
    let examined = git.pin(commit).examine(&cited("a.py", &[(1, 2)], "def abstract_method():\n    ...\n"));
    assert_eq!(examined.state, State::Exact, "{examined:?}");
}

#[test]
fn exact_fail_where_a_byte_differs() {
    let quote = lines(SERVER, 5, 14);
    let body = quote.trim_end();
    let deeper: String = quote.lines().map(|line| format!(" {line}\n")).collect();
    for other in
        [format!("{body} \n"), format!("\n{quote}"), format!("{quote}\n"), deeper, quote.replace("  const", "\tconst")]
    {
        let examined = examine("src/server.ts", &[(5, 14)], &other);
        assert_eq!(examined.state, State::WhiteSpace, "{other:?} {examined:?}");
        assert_eq!(examined.proposal, None);
    }
    let other = quote.replace("begins", "beginz");
    assert_eq!(examine("src/server.ts", &[(5, 14)], &other).state, State::Partly);
}

#[test]
fn white_space_is_line_breaks_too() {
    let flowed = "if (!id) { return response\n  .status(400).end(); }\nsessions.delete(id);\n";
    let examined = examine("src/server.ts", &[(18, 21)], flowed);
    assert_eq!(examined.state, State::WhiteSpace, "{examined:?}");
    found(&examined, "src/server.ts", 18, 21, Fit::WhiteSpace);
    // A blank line that the quote leaves out.
    let quote = format!("{}{}", lines(SERVER, 14, 14), lines(SERVER, 16, 17));
    assert_eq!(examine("src/server.ts", &[(14, 17)], &quote).state, State::WhiteSpace);
}

#[test]
fn held_is_all_of_it_and_more() {
    let examined = examine("src/server.ts", &[(1, 20)], &lines(SERVER, 5, 14));
    assert_eq!((examined.state, &examined.proposal), (State::Held, &None), "{examined:?}");
    found(&examined, "src/server.ts", 5, 14, Fit::Exact);
    // A part of a line.
    let examined = examine("src/server.ts", &[(10, 10)], "new Session(randomUUID())");
    assert_eq!(examined.state, State::Held, "{examined:?}");
    found(&examined, "src/server.ts", 10, 10, Fit::Inside);
    // The file, where no lines are cited.
    assert_eq!(examine("src/server.ts", &[], &lines(SERVER, 5, 14)).state, State::Held);
}

#[test]
fn elided_pieces_follow_each_other() {
    for gap in [
        "// …",
        "...",
        "# ...",
        "/* … */",
        "// ... headers processing ...",
        "  // ...",
        "[...]",
        "<!-- ... -->",
        "// snip",
    ] {
        let quote = format!("{}{gap}\n{}", lines(SERVER, 5, 6), lines(SERVER, 10, 14));
        let examined = examine("src/server.ts", &[(5, 14)], &quote);
        assert_eq!(examined.state, State::Held, "{gap} {examined:?}");
        assert!(examined.found.as_ref().unwrap().elided);
        found(&examined, "src/server.ts", 5, 14, Fit::Exact);
    }
    // In the other order they are not there.
    let quote = format!("{}// ...\n{}", lines(SERVER, 10, 14), lines(SERVER, 5, 6));
    let examined = examine("src/server.ts", &[(5, 14)], &quote);
    assert_eq!(examined.state, State::Partly, "{examined:?}");
    // Between the pieces stands what is left out, and nothing that the quote has.
    let quote = format!("{}  // ...\n{}", lines(SERVER, 17, 17), lines(SERVER, 22, 23));
    let examined = examine("src/server.ts", &[(1, 4)], &quote);
    found(&examined, "src/server.ts", 17, 23, Fit::Exact);
    assert_eq!((examined.state, examined.proposal), (State::Elsewhere, lines_proposed(17, 23)));
}

#[test]
fn partly_says_how_much() {
    // All of it is there, and the range holds only a part.
    let examined = examine("src/server.ts", &[(7, 16)], &lines(SERVER, 5, 14));
    assert_eq!((examined.state, examined.held, examined.lines), (State::Partly, 8, 10), "{examined:?}");
    assert_eq!(examined.proposal, lines_proposed(5, 14));
    // A line of it is not there at all.
    let quote = lines(SERVER, 5, 14).replace("  log(`session ${session.id} begins`);", "  audit(session);");
    let examined = examine("src/server.ts", &[(5, 14)], &quote);
    assert_eq!((examined.state, &examined.proposal), (State::Partly, &None), "{examined:?}");
    let place = examined.found.unwrap();
    assert_eq!((place.there, place.missing, place.signs_only), (9, vec![(8, 8)], false));
    // Comments that only the auditor wrote.
    let quote = lines(SERVER, 10, 12).replace("());", "());  // <- where it comes from");
    let examined = examine("src/server.ts", &[(10, 12)], &quote);
    let place = examined.found.unwrap();
    assert_eq!((examined.state, place.there, place.commented), (State::Partly, 3, vec![1]));
    // Lines between that the quote leaves out without a word; the bracket that closes the block is its end.
    let quote = format!("{}{}", lines(SERVER, 16, 17), lines(SERVER, 23, 23));
    let examined = examine("src/server.ts", &[(16, 17)], &quote);
    let place = examined.found.unwrap();
    assert_eq!((place.first, place.last, place.there, place.fit), (16, 23, 3, Fit::Part), "{}", examined.reason);
    // Nothing but a bracket.
    let quote = format!("{}}});\n", lines(SERVER, 10, 12));
    let examined = examine("src/server.ts", &[(10, 12)], &quote);
    let place = examined.found.unwrap();
    assert_eq!((examined.state, place.missing, place.signs_only), (State::Partly, vec![(4, 4)], true));
}

#[test]
fn elsewhere_in_the_same_file() {
    let examined = examine("src/server.ts", &[(20, 22)], &lines(SERVER, 5, 14));
    assert_eq!((examined.state, &examined.proposal), (State::Elsewhere, &lines_proposed(5, 14)), "{examined:?}");
    found(&examined, "src/server.ts", 5, 14, Fit::Exact);
    // Blank lines around it are cited where they are quoted.
    let examined = examine("src/server.ts", &[(20, 22)], &lines(SERVER, 4, 15));
    assert_eq!((examined.state, &examined.proposal), (State::Elsewhere, &lines_proposed(4, 15)), "{examined:?}");
    // Of two equal lines the cited one is meant, or nobody knows which.
    assert_eq!(examine("src/server.ts", &[(17, 17)], &lines(SERVER, 6, 6)).state, State::Exact);
    let examined = examine("src/server.ts", &[(1, 2)], &lines(SERVER, 6, 6));
    assert!(examined.ambiguous && examined.proposal.is_none(), "{examined:?}");
    assert_eq!(examined.also, [(RepoPath::from("src/server.ts"), 17, 17)]);
}

#[test]
fn elsewhere_in_another_file() {
    let examined = examine("src/server.ts", &[(1, 3)], TOKENS);
    let proposal = Proposal { path: Some(RepoPath::from("src/tokens.py")), first: 1, last: 3 };
    assert_eq!((examined.state, examined.proposal), (State::Elsewhere, Some(proposal)), "{}", examined.reason);
    // From a file that is not there.
    let examined = examine("lib/tokens.py", &[(1, 3)], TOKENS);
    assert_eq!(examined.state, State::Elsewhere, "{examined:?}");
    // A part of it, which is too little to change a path for.
    let part = TOKENS.replace("with open(path) as file", "with closing(path) as other");
    let examined = examine("src/server.ts", &[(1, 3)], &part);
    assert_eq!((examined.state, &examined.proposal), (State::Elsewhere, &None), "{examined:?}");
    found(&examined, "src/tokens.py", 1, 3, Fit::Part);
    // In two of them.
    let examined = examine("src/server.ts", &[(1, 2)], "def copied_everywhere(one):\n    return one + 1\n");
    assert!(examined.state == State::Elsewhere && examined.ambiguous && examined.proposal.is_none(), "{examined:?}");
    found(&examined, "copies/a.py", 1, 2, Fit::Exact);
    assert_eq!(examined.also, [(RepoPath::from("copies/b.py"), 1, 2)]);
}

#[test]
fn a_path_can_be_cut_short() {
    assert_eq!(examine("server.ts", &[(5, 14)], &lines(SERVER, 5, 14)).state, State::Exact);
    let examined = examine("a.py", &[(1, 2)], "def copied_everywhere(one):\n    return one + 1\n");
    assert_eq!(examined.state, State::Exact, "{examined:?}");
    assert_eq!(examine("erver.ts", &[(5, 6)], "").why, Some(Why::NoFile));
}

#[test]
fn not_found_fail() {
    let quote = "const secret = process.env.SECRET_OF_THE_SERVER;\nsend(secret, everywhere);\n";
    let examined = examine("src/server.ts", &[(5, 6)], quote);
    assert_eq!((examined.state, examined.why, &examined.found), (State::NotFound, None, &None), "{examined:?}");
    let examined = examine("src/gone.ts", &[(5, 6)], quote);
    assert_eq!((examined.state, examined.why), (State::NotFound, Some(Why::NoFile)), "{examined:?}");
    // Lines that the file does not have.
    for range in [(20, 24), (0, 3), (9, 4), (999_999_999, 999_999_999)] {
        let examined = examine("src/server.ts", &[range], "");
        assert_eq!(examined.state, State::NotFound, "{examined:?}");
    }
}

#[test]
fn not_checkable_says_why() {
    let why = |path: &str, ranges: &[(usize, usize)], quote: &str| {
        let examined = examine(path, ranges, quote);
        assert_eq!(examined.state, State::NotCheckable, "{examined:?}");
        examined.why.unwrap()
    };
    assert_eq!(why("src/server.ts", &[(5, 6)], ""), Why::NoQuote);
    assert_eq!(why("src/server.ts", &[], " \n\n"), Why::NoQuote);
    assert_eq!(why("src/gone.ts", &[(5, 6)], ""), Why::NoFile);
    assert_eq!(why("logo.png", &[(1, 1)], ""), Why::NotText);
    assert_eq!(why("src/link.ts", &[(1, 1)], ""), Why::NotText);
    assert_eq!(why("", &[], "print('nowhere to be seen, this one')\n"), Why::NoPath);
    assert_eq!(why("", &[], TOKENS), Why::NoPath);
    found(&examine("", &[], TOKENS), "src/tokens.py", 1, 3, Fit::Exact);
    assert_eq!(why("src/server.ts", &[(1, 1)], &"long line of a quote;\n".repeat(5000)), Why::TooLarge);
}

#[test]
fn hostile_quotes_come_to_an_end() {
    let same = "call_of_a_function();\n".repeat(50_000);
    let braces = "}\n".repeat(50_000);
    let git = Fixture::new();
    let commit = git.files(&[("braces.c", &braces), ("same.c", &same)], &[], 1);
    let pin = git.pin(commit);
    let unlike = |quote: String| format!("{quote}another_function_entirely();\n");
    let elided = "call_of_a_function();\n...\n".repeat(1900);
    let mut all = Vec::new();
    for quote in [
        "call_of_a_function();\n".repeat(3900),
        unlike("call_of_a_function();\n".repeat(3900)),
        elided.clone(),
        unlike(elided),
        unlike("}\n...\n".repeat(1900)),
        unlike("}\n".repeat(3900)),
        "((((((((((\n".repeat(3000),
    ] {
        all.push(cited("same.c", &[(3, 9)], &quote));
        all.push(cited("braces.c", &[(3, 9)], &quote));
    }
    for examined in pin.examine_all(&all) {
        assert_ne!(examined.state, State::Exact, "{}", examined.reason);
    }
}

/// A path, and lines of it.
type Place = (Option<String>, Vec<(usize, usize)>);

fn one_line(text: &str) -> Vec<Place> {
    let ranges = |citation: &Citation| citation.ranges.iter().map(|lines| (lines.first, lines.last)).collect();
    find("f.md", text).iter().map(|citation| (citation.path.clone(), ranges(citation))).collect()
}

#[test]
fn every_spelling_is_read() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    type Case = (String, &'static str, &'static [(usize, usize)]);
    let cases: Vec<Case> = vec![
        ("**Code Location**: `src/a.ts` lines 3-9".into(), "src/a.ts", &[(3, 9)]),
        ("**Authentication Implementation**: `src/a.ts` lines 3-9".into(), "src/a.ts", &[(3, 9)]),
        ("- File: `src/a.ts` (lines 3-9)".into(), "src/a.ts", &[(3, 9)]),
        ("- File: `src/a.py` (line 7)".into(), "src/a.py", &[(7, 7)]),
        ("- File: `package.json` (dependencies)".into(), "package.json", &[]),
        ("**Code Location**: `package.json` - Runtime dependencies".into(), "package.json", &[]),
        ("see src/a.ts:3-9 for it".into(), "src/a.ts", &[(3, 9)]),
        ("see `src/a.ts:3`, which".into(), "src/a.ts", &[(3, 3)]),
        ("at `src/a.ts:3:17`.".into(), "src/a.ts", &[(3, 3)]),
        ("`src/a.ts#L3-L9`".into(), "src/a.ts", &[(3, 9)]),
        ("`src/a.ts` L3-L9".into(), "src/a.ts", &[(3, 9)]),
        ("`src/a.ts` lines 3–9".into(), "src/a.ts", &[(3, 9)]),
        ("`src/a.ts` lines 3 — 9".into(), "src/a.ts", &[(3, 9)]),
        ("`src/a.ts`, Lines 3 to 9".into(), "src/a.ts", &[(3, 9)]),
        ("Lines 3 to 9 of `src/a.ts` do it".into(), "src/a.ts", &[(3, 9)]),
        ("In line 3 of **src/a.ts**".into(), "src/a.ts", &[(3, 3)]),
        ("`src/a.ts` (lines 3-9, 12 and 20-21)".into(), "src/a.ts", &[(3, 9), (12, 12), (20, 21)]),
        ("`src/a.ts` function `begin()` (lines 3-9)".into(), "src/a.ts", &[(3, 9)]),
        ("`src/app/[id]/page.tsx` lines 3-9".into(), "src/app/[id]/page.tsx", &[(3, 9)]),
        ("``src/a.ts`` lines 3-9".into(), "src/a.ts", &[(3, 9)]),
        (format!("https://github.com/o/r/blob/{sha}/src/a.ts#L3-L9"), "src/a.ts", &[(3, 9)]),
        (format!("[it](https://github.com/o/r/blob/{sha}/src/a%20b.ts#L3)"), "src/a b.ts", &[(3, 3)]),
        (format!("https://gitlab.com/g/s/r/-/blob/{sha}/src/a.ts#L3-9"), "src/a.ts", &[(3, 9)]),
        (format!("https://bitbucket.org/o/r/src/{sha}/src/a.ts#lines-3:9"), "src/a.ts", &[(3, 9)]),
        (format!("https://codeberg.org/o/r/src/commit/{sha}/src/a.ts#L3-L9"), "src/a.ts", &[(3, 9)]),
        (
            "- **File**: `src/a.py`\n- **Functions**: `one`, `two`\n- **Lines**: 229-256, 180-226\n".into(),
            "src/a.py",
            &[(229, 256), (180, 226)],
        ),
    ];
    for (text, path, ranges) in cases {
        assert_eq!(one_line(&text), [(Some(path.to_owned()), ranges.to_vec())], "{text}");
    }
}

#[test]
fn what_is_no_citation_is_left_alone() {
    for text in [
        "`netstat | grep 3000` shows `0.0.0.0:3000` and http://localhost:3000/mcp",
        "Uses Node.js 18 and `fs.createReadStream()`; 127.0.0.1:80; example.com:443",
        "- `src/init.ts` - Server initialization",
        "https://github.com/o/r/blob/main and https://example.com/a/b.ts:12",
        "It has 3 lines; see chapter 4:12-15.",
        "`../../etc/passwd.txt:3`, `/etc/hosts.conf:1`, `~/.dbt/mcp.yml`",
        "`src/a.ts` lines 99999999999999999999-3",
    ] {
        assert_eq!(one_line(text), [], "{text}");
    }
}

fn quotes(text: &str) -> Vec<(Option<String>, usize, Option<String>)> {
    let found = find("f.md", text);
    found.into_iter().map(|one| (one.path, one.line, one.quote.map(|quote| quote.text))).collect()
}

#[test]
fn a_block_belongs_to_the_citation_before_it() {
    let some = |text: &str| Some(text.to_owned());
    // Published shapes.
    let text = "## Evidence\n**Code Location**: `src/a.ts` lines 3-9\n\n```typescript\nconst a = 1;\n```\n";
    assert_eq!(quotes(text), [(some("src/a.ts"), 2, some("const a = 1;\n"))]);
    let text = "**Additional Evidence**: error handling in `src/a.ts`:\n\n```typescript\nthrow it;\n```\n";
    assert_eq!(quotes(text), [(some("src/a.ts"), 1, some("throw it;\n"))]);
    let text = "### The client id (client_id.py)\n```python\nID = 1\n```\n";
    assert_eq!(quotes(text), [(some("client_id.py"), 1, some("ID = 1\n"))]);
    let text =
        "- **File**: `src/a.py`\n- **Lines**: 3-9\n\n### Issue\n\nThe server allows:\n\n```python\nrun(it)\n```\n";
    assert_eq!(quotes(text), [(some("src/a.py"), 1, some("run(it)\n"))]);
    // The block says it itself.
    let text = "```ts\n// src/x.ts:12\nconst a = 1;\n```\n```python\n# Disabled (from settings.py):\nA = 1\n```\n";
    assert_eq!(
        quotes(text),
        [(some("src/x.ts"), 2, some("const a = 1;\n")), (some("settings.py"), 6, some("A = 1\n"))]
    );
    // A path in a comment that says something else names no file.
    let text = "```ts\n// settings.py decides what is loaded here\nconst a = 1;\n```\n";
    assert_eq!(quotes(text)[0].0, None);
    // What is affected is listed, and the next block is another matter.
    let text =
        "## Affected Components\n- File: `src/a.ts` (lines 3-9)\n\n## Reproduction Steps\n```bash\ncurl it\n```\n";
    assert_eq!(quotes(text), [(some("src/a.ts"), 2, None)]);
    let text = "## Recommendations\nIn `src/a.ts`:\n```ts\nconst better = 2;\n```\n### Fix\n```ts\nnext();\n```\n";
    assert_eq!(quotes(text), []);
    // Code of no file, and what is no code.
    let text = "It does:\n```python\nrun(it)\n```\n```bash\nrun it\n```\n```json\n{}\n```\n```\nplain\n```\n";
    assert_eq!(quotes(text), [(None, 2, some("run(it)\n"))]);
}

#[test]
fn fences_are_read_as_markdown_has_them() {
    let quote = |text: &str| quotes(&format!("`src/a.md` lines 3-9\n{text}"))[0].2.clone().unwrap();
    assert_eq!(
        quote("````markdown\n```ts\ninner `b.ts` lines 1-2\n```\nrest\n````\n"),
        "```ts\ninner `b.ts` lines 1-2\n```\nrest\n"
    );
    assert_eq!(quote("~~~\n```\n~~~~ x\n~~~~~\nafter\n"), "```\n~~~~ x\n");
    assert_eq!(quote("  ```ts\n    a\n  b\n c\n  ```\n"), "  a\nb\nc\n");
    assert_eq!(quote("> ```ts\n> a\n>  b\n> ```\n> after\n"), "a\n b\n");
    assert_eq!(quote("> ```ts\n> a\nafter\n"), "a\n");
    assert_eq!(quote("```ts\r\na\r\n\r\n```\r\n"), "a\n\n");
    assert_eq!(quote("```ts\nnever closed"), "never closed\n");
    // What stands in a fence is code and cites nothing.
    assert_eq!(one_line("```\n`src/b.ts` lines 3-9\n```\n"), []);
}

#[test]
fn a_link_beside_its_path_is_one_citation() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let text = format!(
        "**Code Location**: `src/a.ts` lines 3-9 ([permalink](https://github.com/o/r/blob/{sha}/src/a.ts#L3-L9))"
    );
    let found = find("f.md", &text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].commit.as_deref(), found[0].repo.as_deref()), (Some(sha), Some("github.com/o/r")));
    assert_eq!((found[0].ranges[0].places.len(), found[0].paths.len()), (2, 2));
}

/// An audit's folder beside a clone.
struct Audit {
    desk: Desk,
    folder: PathBuf,
}

const FINDING: &str = "findings/high-001-key.md";

impl Audit {
    /// Writes an audit whose manifest names this commit and version.
    fn new(commit: &str, version: &str, files: &[(&str, &str)]) -> Audit {
        let desk = Desk::new();
        let folder = desk.dir().join("db/audits/github.com/example/notes-mcp/audits/sam-2026-01-30-001");
        let manifest = json!({
            "audit_id": "sam-2026-01-30-001",
            "target": { "repo_url": "https://github.com/example/notes-mcp", "commit_hash": commit, "version": version },
        });
        let manifest = manifest.to_string();
        for (path, text) in files.iter().copied().chain([("audit-manifest.json", manifest.as_str())]) {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Audit { desk, folder }
    }

    /// Writes an audit of the clone's commit with one finding.
    fn with(finding: &str) -> Audit {
        Audit::new("", "v1.2.0", &[(FINDING, finding)])
    }

    fn finding(&self) -> String {
        std::fs::read_to_string(self.folder.join(FINDING)).unwrap()
    }

    /// Runs the doctor and returns its exit code, what it prints and what it says of its outcome.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = self.desk.cmd();
        command.args(["db", "evidence"]).arg(&self.folder).args(args);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (_, out, err) = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
    }
}

const HERE: [&str; 2] = ["--repo", "."];

/// Cites the guard of the desk's `src/auth.ts`, which is in lines 6 to 12.
fn finding(lines: &str, end: &str) -> String {
    let text = format!(
        "# Finding: Key\n\n## Evidence\n**Code Location**: `src/auth.ts` lines {lines}\n\n```typescript\nexport function authorized(request: Request): boolean {{\n  if (!API_KEY) {{\n    return false;\n  }}\n  // ...\n}}\n```\n\n## Affected Components\n- File: `src/auth.ts` (lines {lines})\n- Lines {lines} are mentioned here"
    );
    text.replace('\n', end)
}

#[test]
fn the_table_says_where_the_code_is() {
    let audit = Audit::with(&finding("1-5", "\n"));
    let (code, out, err) = audit.run(&HERE);
    assert_eq!(code, 1, "{out}{err}");
    insta::assert_snapshot!(out.replace(&audit.desk.commit.to_string(), "COMMIT"));
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let json = audit.json(&HERE);
    assert_eq!(json["schema"], "touchstone.db-evidence/1");
    assert_eq!(json["commitNamedBy"], "version");
    let rows = json["citations"].as_array().unwrap();
    assert_eq!((&rows[0]["state"], &rows[0]["line"]), (&json!("elsewhere"), &json!(4)));
    assert_eq!(rows[0]["proposal"], json!({ "path": null, "first": 6, "last": 12, "fixable": true }));
    assert_eq!((&rows[1]["follows"], &rows[1]["proposal"]["first"]), (&json!(0), &json!(6)));
    assert_eq!(audit.finding(), finding("1-5", "\n"), "without --fix nothing is written");
}

#[test]
fn fix_changes_digits_only_and_once() {
    for end in ["\n", "\r\n"] {
        for (spelled, fixed) in [("1-5", "6-12"), ("4–5", "6–12"), ("11", "6-12"), ("1 to 2", "6 to 12")] {
            let audit = Audit::with(&finding(spelled, end));
            let (code, out, err) = audit.run(&[&HERE[..], &["--fix"]].concat());
            assert_eq!(code, 0, "{out}{err}");
            // The last line cites no file, so it stays; there is no final newline.
            let expected = finding(fixed, end).replace(&format!("Lines {fixed}"), &format!("Lines {spelled}"));
            assert_eq!(audit.finding(), expected);
            let json = audit.json(&[&HERE[..], &["--fix"]].concat());
            assert_eq!((&json["corrections"], &json["fixed"]), (&json!([]), &json!(false)));
            assert_eq!(audit.finding(), expected);
            let left: Vec<_> = std::fs::read_dir(audit.folder.parent().unwrap()).unwrap().collect();
            assert_eq!(left.len(), 1, "{left:?}");
        }
    }
}

#[test]
fn fix_writes_another_path() {
    let db = "```ts\nimport Database from \"better-sqlite3\";\n\nconst db = new Database(process.env.NOTES_DB ?? \"notes.db\");\n```\n";
    let audit = Audit::with(&format!("**Code Location**: `src/auth.ts:9-10`\n{db}\n- File: `src/auth.ts:9-10`\n"));
    let (code, out, err) = audit.run(&[&HERE[..], &["--fix"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(audit.finding(), format!("**Code Location**: `src/db.ts:1-3`\n{db}\n- File: `src/db.ts:1-3`\n"));
}

#[test]
fn fix_leaves_what_it_does_not_know_fail() {
    // Two quotes said to be from the same lines: the line that only names them could mean either.
    let index = "```ts\nserver.tool(\"find\", \"Find a note\", async ({ text }) => find(text));\n```\n";
    let auth = "```ts\nconst given = request.header(\"authorization\") ?? \"\";\n```\n";
    let text =
        format!("`src/index.ts` line 3\n{index}\n`src/index.ts` line 3\n{auth}\n- File: `src/index.ts` (line 3)\n");
    let audit = Audit::with(&text);
    let (code, out, _) = audit.run(&[&HERE[..], &["--fix"]].concat());
    assert_eq!(code, 0, "{out}");
    let expected =
        format!("`src/index.ts` line 11\n{index}\n`src/auth.ts` line 10\n{auth}\n- File: `src/index.ts` (line 3)\n");
    assert_eq!(audit.finding(), expected);
    // A file that is not UTF-8 is read and never written.
    let audit = Audit::with("");
    let bytes = [finding("1-5", "\n").as_bytes(), b"\xff\n"].concat();
    std::fs::write(audit.folder.join(FINDING), &bytes).unwrap();
    assert_eq!(audit.run(&[&HERE[..], &["--fix"]].concat()).0, 1);
    assert_eq!(std::fs::read(audit.folder.join(FINDING)).unwrap(), bytes);
}

#[test]
fn a_sealed_record_is_never_written_fail() {
    let audit =
        Audit::new("", "v1.2.0", &[(FINDING, &finding("1-5", "\n")), ("artifacts/attestations/SHA256SUMS", "")]);
    let (code, _, err) = audit.run(&[&HERE[..], &["--fix"]].concat());
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("sealed record"), "{err}");
    assert_eq!(audit.finding(), finding("1-5", "\n"));
    assert_eq!(audit.run(&HERE).0, 1);
}

#[test]
fn what_cannot_be_verified_is_not_called_false() {
    let missing = "f".repeat(40);
    for (commit, version, args) in [
        (missing.as_str(), "v1.2.0", &HERE[..]),
        ("main", "v1.2.0", &HERE),
        ("", "v9.9.9", &HERE),
        ("", "main", &HERE),
        ("", "", &HERE),
        ("", "v1.2.0", &[]),
    ] {
        let audit = Audit::new(commit, version, &[(FINDING, &finding("6-12", "\n"))]);
        let (code, out, err) = audit.run(args);
        assert_eq!(code, 3, "{commit} {version} {out}{err}");
        assert!(out.contains("cannot be verified") && err.contains("cannot be verified"), "{out}{err}");
        assert_eq!(audit.json(args)["citations"][0]["why"], "no_commit");
    }
    // Another commit can be looked at.
    let audit = Audit::new(&missing, "", &[(FINDING, &finding("6-12", "\n"))]);
    assert_eq!(audit.run(&["--repo", ".", "--at", "v1.2.0"]).0, 0);
    let (code, out, _) = audit.run(&["--repo", ".", "--at", "v1.1.0"]);
    assert!(code == 1 && out.contains("not found"), "{out}");
    assert_eq!(audit.run(&["--repo", ".", "--at", "nowhere"]).0, 3);
}

#[test]
fn links_are_looked_at_where_they_lead() {
    let desk = Desk::new();
    let link = |repo: &str, commit: &str| {
        format!(
            "[it](https://github.com/{repo}/blob/{commit}/src/auth.ts#L4)\n```ts\nconst API_KEY = process.env.NOTES_API_KEY;\n```\n"
        )
    };
    for (repo, commit, state, why) in [
        ("example/notes-mcp", desk.commit.to_string(), "exact", Value::Null),
        ("Example/Notes-MCP", "v1.2.0".into(), "exact", Value::Null),
        ("example/notes-mcp", desk.older.to_string(), "not_found", json!("no_file")),
        ("example/notes-mcp", "main".into(), "not_checkable", json!("no_pin")),
        ("example/notes-mcp", "e".repeat(40), "not_checkable", json!("no_commit")),
        ("example/other", desk.commit.to_string(), "not_checkable", json!("other_repository")),
    ] {
        let audit = Audit::with(&link(repo, &commit));
        let row = audit.json(&HERE)["citations"][0].clone();
        assert_eq!((&row["state"], &row["why"]), (&json!(state), &why), "{row}");
    }
    let audit = Audit::with(&link("example/notes-mcp", &desk.commit.to_string()).replace("#L4", "#L9-L10"));
    audit.run(&[&HERE[..], &["--fix"]].concat());
    assert!(audit.finding().contains("/src/auth.ts#L4-L4)"), "{}", audit.finding());
}

#[test]
fn nothing_hidden_reaches_the_terminal() {
    let audit = Audit::with(
        "**Code Location**: `src/\u{202e}a\u{1b}[31m.ts` lines 3-9\n```ts\nx\u{200b}y();\n```\n`src/auth.ts` lines 1-2 \u{1b}[2J\n```ts\nconst API_KEY = process.env.NOTES_API_KEY;\n```\n",
    );
    std::fs::write(audit.folder.join("evil\u{202e}.md"), "").unwrap();
    for args in [&HERE[..], &["--repo", ".", "--json"]] {
        let (_, out, err) = audit.run(args);
        assert!(!format!("{out}{err}").chars().any(|c| c != '\n' && display::is_hazard(c)), "{out:?}{err:?}");
    }
}

/// Exports a record with every kind of evidence, and returns its folder.
fn exported(desk: &Desk) -> PathBuf {
    desk.ok(["answer", "auth-4", "yes", "--mode", "stdio", "--evidence", "src/auth.ts:6-12"]);
    desk.ok(["answer", "auth-4", "yes", "--mode", "stdio", "--search", "no_such_word_anywhere"]);
    desk.ok(["answer", "auth-4", "yes", "--mode", "stdio", "--path-glob", "*.lock"]);
    desk.ok(["answer", "auth-4", "yes", "--mode", "stdio", "--history", "API_KEY"]);
    desk.ok([
        "answer",
        "auth-4",
        "yes",
        "--mode",
        "stdio",
        "--external",
        "https://example.org/doc",
        "--saw",
        "it says so",
    ]);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    desk.ok(["export", "--db", "../db", "--unsigned", "--partial"]);
    let day = CLOCK.get(..10).unwrap();
    desk.dir().join(format!("db/audits/github.com/example/notes-mcp/audits/jo-{day}-001"))
}

#[test]
fn our_own_records_hold() {
    let desk = Desk::light(&["stdio"]);
    let folder = exported(&desk);
    let folder = folder.to_str().unwrap();
    let json = desk.json(["db", "evidence", folder, "--repo", "."]);
    let rows = json["evidence"].as_array().unwrap();
    let kinds: Vec<_> =
        rows.iter().map(|row| (row["kind"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(
        kinds,
        [
            ("code", "holds"),
            ("search", "holds"),
            ("path", "holds"),
            ("history", "holds"),
            ("external", "not checkable"),
        ]
    );
    // The Markdown that this program writes cites exactly what it quotes.
    let citations = json["citations"].as_array().unwrap();
    assert!(!citations.is_empty());
    for row in citations.iter().filter(|row| !row["quote"].is_null()) {
        assert_eq!(row["state"], "exact", "{row}");
    }
    assert_eq!((&json["tally"]["fails"], &json["tally"]["could_not"]), (&json!(0), &json!(0)));
    let text = desk.ok(["db", "evidence", folder, "--repo", "."]);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_record_that_says_something_else_fail() {
    let desk = Desk::light(&["stdio"]);
    let folder = exported(&desk);
    let record = folder.join("artifacts/record.json");
    let whole = std::fs::read_to_string(&record).unwrap();
    let state = |text: &str, row: usize| {
        std::fs::remove_file(&record).unwrap();
        std::fs::write(&record, text).unwrap();
        let mut command = desk.cmd();
        let output = command.args(["db", "evidence"]).arg(&folder).args(["--repo", ".", "--json"]).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), json["evidence"][row]["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state(&whole.replace("\"first\": 6", "\"first\": 5"), 0), (1, "does not hold".to_owned()));
    assert_eq!(state(&whole.replace("no_such_word_anywhere", "API_KEY"), 1), (1, "does not hold".to_owned()));
    let other = whole.replace(&desk.commit.to_string(), &"d".repeat(40));
    assert_eq!(state(&other, 0), (3, "could not be checked".to_owned()));
    assert_eq!(state("{\"a\": 1, \"a\": 2}", 0), (3, "could not be checked".to_owned()));
}

fn any_line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "  const id = request.headers[\"session-id\"];",
        "  if (!id) {",
        "  }",
        "}",
        "",
        "   ",
        "// ...",
        "  sessions.delete(id);",
        "  response.status(204).end();",
        "export function finish(request: Request, response: Response) {",
        "    return response.status(400).end();",
        "something else entirely",
        "\tif (!id) {  // why",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn markdown() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "`",
        "``",
        "```",
        "````ts",
        "~~~",
        "\n",
        "\r\n",
        "> ",
        "- ",
        "    ",
        "src/server.ts",
        "a.py",
        ":",
        "#L",
        "-",
        "–",
        " to ",
        "lines ",
        "line ",
        "Lines: ",
        "3",
        "12",
        "999999999",
        "9999999999",
        ",",
        " and ",
        "(",
        ")",
        "[",
        "](",
        "https://github.com/o/r/blob/",
        "https://gitlab.com/g/-/blob/",
        "abcdef1",
        "/",
        "%",
        "%2",
        "%ff",
        "..",
        "…",
        "// ",
        "# ",
        "## Fix",
        "commit ",
        "**",
        "File: ",
        "\u{202e}",
        "é",
        "漢",
        "\u{feff}",
        "\0",
    ]);
    prop::collection::vec(
        prop_oneof![9 => piece.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)],
        0..60,
    )
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn exact_means_equal_bytes(quote in prop::collection::vec(any_line(), 0..8), first in 0usize..30, len in 0usize..8) {
        let (_git, pin) = repository();
        let text: String = quote.iter().map(|line| format!("{line}\n")).collect();
        let examined = pin.examine(&cited("src/server.ts", &[(first, first + len)], &text));
        let there = first > 0 && lines(SERVER, first, first + len) == text && first + len <= SERVER.lines().count();
        prop_assert_eq!(examined.state == State::Exact, there && !text.trim().is_empty(), "{:?}", examined);
        if let Some(found) = examined.found.filter(|found| found.fit == Fit::Exact && !found.elided) {
            // Blank lines before and after it are no part of the code.
            let mut own: Vec<&str> = text.lines().skip_while(|line| line.trim().is_empty()).collect();
            while own.pop_if(|line| line.trim().is_empty()).is_some() {}
            let there = lines(SERVER, found.first, found.last);
            prop_assert_eq!(there.lines().collect::<Vec<_>>(), own);
        }
    }

    #[test]
    fn a_correction_is_not_corrected_again(quote in prop::collection::vec(any_line(), 1..8), first in 1usize..24, len in 0usize..8) {
        let (_git, pin) = repository();
        let text: String = quote.iter().map(|line| format!("{line}\n")).collect();
        let mut claim = cited("src/server.ts", &[(first, first + len)], &text);
        if let Some(proposal) = pin.examine(&claim).proposal {
            claim.path = proposal.path.or(claim.path);
            claim.ranges = vec![(proposal.first, proposal.last)];
            let again = pin.examine(&claim);
            prop_assert_eq!(&again.proposal, &None, "{:?}", again);
        }
    }

    #[test]
    fn hostile_markdown_never_panics(text in markdown()) {
        for citation in find("f.md", &text) {
            prop_assert!(citation.line >= 1 && citation.line <= text.lines().count().max(1));
            for place in citation.ranges.iter().flat_map(|lines| &lines.places) {
                for number in std::iter::once(&place.first).chain(&place.last) {
                    prop_assert!(text[number.clone()].bytes().all(|byte| byte.is_ascii_digit()), "{:?}", text);
                }
            }
            for spelled in citation.paths.iter().filter(|spelled| !spelled.encoded) {
                prop_assert_eq!(Some(&text[spelled.at.clone()]), citation.path.as_deref());
            }
        }
        // Whatever is corrected, only digits change.
        let whole = |citation: &Citation| citation.ranges.iter().flat_map(|lines| &lines.places).all(|place| place.last.is_some());
        let rows: Vec<Row> = find("f.md", &text)
            .into_iter()
            .filter(whole)
            .map(|citation| Row {
                citation,
                examined: Examined::not_checkable(Why::NoQuote, ""),
                follows: None,
                correction: Some(Proposal { path: None, first: 7, last: 1234 }),
            })
            .collect();
        let others = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        prop_assert_eq!(others(&corrected(&text, &rows)), others(&text));
    }
}
