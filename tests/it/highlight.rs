//! Highlighting, as the workbench asks for it.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use touchstone::highlight::{
    Answer, Class, Coloured, Highlighter, Kind, OutlineRequest, Outlined, Plain, Request, Span, Symbol, names, read,
};
use touchstone::model::hash::{Hex, ObjectId};

/// A highlighter and a place where its answers arrive.
struct Desk {
    highlighter: Highlighter,
    answers: Receiver<Answer>,
    tickets: u64,
}

impl Desk {
    fn new() -> Desk {
        let (sender, answers) = channel();
        let highlighter = Highlighter::spawn(move |answer| drop(sender.send(answer)));
        Desk { highlighter, answers, tickets: 0 }
    }

    fn next(&self) -> Coloured {
        match self.answers.recv_timeout(Duration::from_secs(60)).expect("an answer") {
            Answer::Coloured(coloured) => coloured,
            Answer::Outlined(outlined) => panic!("not colours: {outlined:?}"),
        }
    }

    /// Asks, and returns all answers.
    fn ask(&mut self, path: &str, bytes: &[u8], blob: u8, lines: std::ops::Range<usize>) -> Vec<Coloured> {
        self.tickets += 1;
        let first = lines.start;
        self.highlighter.request(request(self.tickets, path, bytes, blob, lines));
        let mut answers = Vec::new();
        loop {
            let answer = self.next();
            assert_eq!((answer.ticket, answer.blob, answer.first), (self.tickets, id(blob), first));
            let done = answer.done;
            answers.push(answer);
            if done {
                return answers;
            }
        }
    }

    /// Returns the exact spans of a whole file that nothing is known about.
    fn whole(&mut self, path: &str, bytes: &[u8], blob: u8) -> Vec<Vec<Span>> {
        let mut answers = self.ask(path, bytes, blob, 0..usize::MAX);
        let only = answers.pop().unwrap();
        assert!(only.exact && answers.is_empty());
        only.lines
    }
}

fn id(blob: u8) -> ObjectId {
    Hex([blob; 20])
}

fn request(ticket: u64, path: &str, bytes: &[u8], blob: u8, lines: std::ops::Range<usize>) -> Request {
    Request { ticket, path: path.into(), blob: id(blob), bytes: bytes.into(), lines }
}

/// Asserts which class the first occurrence of each word has.
fn assert_classes(path: &str, text: &str, wanted: &[(&str, Option<Class>)]) {
    let lines = Desk::new().whole(path, text.as_bytes(), 1);
    for (word, class) in wanted {
        let (number, line, at) = text
            .split('\n')
            .enumerate()
            .find_map(|(number, line)| Some((number, line, line.find(word)?)))
            .unwrap_or_else(|| panic!("no {word} in {path}"));
        let found = lines[number].iter().find(|span| (span.start as usize) <= at && at < span.end as usize);
        assert_eq!(found.map(|span| span.class), *class, "{word} in {line}");
        if let Some(span) = found {
            assert!(at + word.len() <= span.end as usize, "{word} in {line} is of more than one class");
        }
    }
}

#[test]
fn typescript() {
    let text = "import { a } from \"lib\";\n\
        /** doc */\n\
        export class Server extends Base<string> {\n\
        \x20 async start(socket: number): Promise<void> { return this.listen(`on ${socket + 1}\\n`, /re\\d/); }\n\
        }\n\
        const options = { key: 42, \"quoted\": null }; // last\n";
    let wanted = [
        ("import", Some(Class::Keyword)),
        ("\"lib\"", Some(Class::String)),
        ("/** doc */", Some(Class::Comment)),
        ("class", Some(Class::Keyword)),
        ("Server", Some(Class::Type)),
        ("string", Some(Class::Type)),
        ("start", Some(Class::Function)),
        ("socket", Some(Class::Variable)),
        ("listen", Some(Class::Function)),
        ("`on ", Some(Class::String)),
        ("+", Some(Class::Operator)),
        ("\\n", Some(Class::Escape)),
        ("re\\d", Some(Class::Escape)),
        ("options", None),
        ("key", Some(Class::Key)),
        ("42", Some(Class::Constant)),
        ("\"quoted\"", Some(Class::Key)),
        ("null", Some(Class::Constant)),
        ("// last", Some(Class::Comment)),
    ];
    assert_classes("src/server.ts", text, &wanted);
    assert_classes("src/server.mts", text, &wanted);
}

#[test]
fn python() {
    let text = "@server.tool()\ndef run(cmd: str) -> str:\n    \"\"\"Doc.\"\"\"\n    \
        return f\"got {cmd}\" + os.environ[\"HOME\"]  # note\nclass Tool(Base):\n    limit = None\n";
    let wanted = [
        ("@", Some(Class::Function)),
        ("def", Some(Class::Keyword)),
        ("run", Some(Class::Function)),
        ("cmd", Some(Class::Variable)),
        ("str", Some(Class::Type)),
        ("\"\"\"Doc.\"\"\"", Some(Class::Comment)),
        ("return", Some(Class::Keyword)),
        ("\"got ", Some(Class::String)),
        ("\"HOME\"", Some(Class::String)),
        ("# note", Some(Class::Comment)),
        ("Tool", Some(Class::Type)),
        ("limit", None),
        ("None", Some(Class::Constant)),
    ];
    assert_classes("tool.py", text, &wanted);
}

#[test]
fn documents() {
    let json = "{\n  \"name\": \"a\\u0041\", // note\n  \"count\": [17, true]\n}\n";
    let wanted = [
        ("{", Some(Class::Punctuation)),
        ("\"name\"", Some(Class::Key)),
        ("\"a", Some(Class::String)),
        ("\\u0041", Some(Class::Escape)),
        ("// note", Some(Class::Comment)),
        ("17", Some(Class::Constant)),
        ("true", Some(Class::Constant)),
    ];
    assert_classes("package.json", json, &wanted[..4]);
    assert_classes("settings.jsonc", json, &wanted);
    let toml = "[package]\nname = \"x\" # note\nedition = 2024\n";
    let wanted = [
        ("package", Some(Class::Type)),
        ("name", Some(Class::Key)),
        ("\"x\"", Some(Class::String)),
        ("# note", Some(Class::Comment)),
        ("2024", Some(Class::Constant)),
    ];
    assert_classes("Cargo.toml", toml, &wanted);
    assert_classes("uv.lock", toml, &wanted);
    let yaml = "name: push # note\njobs:\n  \"run\": 3\n";
    assert_classes(
        "ci.yml",
        yaml,
        &[("name", Some(Class::Key)), ("# note", Some(Class::Comment)), ("3", Some(Class::Constant))],
    );
    let env = "# note\nAPI_KEY=\"secret\"\n";
    let wanted = [("# note", Some(Class::Comment)), ("API_KEY", Some(Class::Key)), ("\"secret\"", Some(Class::String))];
    assert_classes(".env.production", env, &wanted);
}

#[test]
fn prose() {
    let text = "# Title\n\nSome *stress* and `raw` and [a link](https://example.com).\n\n```ts\nconst a = 1;\n```\n";
    let wanted = [
        ("# Title", Some(Class::Heading)),
        ("Some", None),
        ("*stress*", Some(Class::Emphasis)),
        ("`raw`", Some(Class::String)),
        ("a link", Some(Class::Emphasis)),
        ("https://example.com", Some(Class::Emphasis)),
        ("const", Some(Class::Keyword)),
        ("1", Some(Class::Constant)),
    ];
    assert_classes("README.md", text, &wanted);
}

#[test]
fn dockerfile_and_shell() {
    let docker = "# note\nFROM node:20 AS base\nRUN npm ci && echo \"x\"\n";
    let wanted = [
        ("# note", Some(Class::Comment)),
        ("FROM", Some(Class::Keyword)),
        ("RUN", Some(Class::Keyword)),
        ("npm", None),
        ("\"x\"", Some(Class::String)),
    ];
    assert_classes("Dockerfile", docker, &wanted);
    assert_classes("Dockerfile.dev", docker, &wanted);
    let shell = "#!/bin/sh\nif true; then\n  echo \"to $HOME\" | grep x\nfi\nrun() { return 1; }\n";
    let wanted = [
        ("#!/bin/sh", Some(Class::Comment)),
        ("if", Some(Class::Keyword)),
        ("echo", Some(Class::Function)),
        ("\"to ", Some(Class::String)),
        ("$HOME", Some(Class::Variable)),
        ("|", Some(Class::Operator)),
        ("run", Some(Class::Function)),
    ];
    assert_classes("run.sh", shell, &wanted);
    assert_classes("bin/run", shell, &wanted);
}

#[test]
fn what_no_grammar_knows_is_plain_and_answered() {
    let mut desk = Desk::new();
    let large = vec![b'1'; (8 << 20) + 1];
    for (path, bytes) in [("LICENSE", &b"const a = 1;\n"[..]), ("a.txt", b"1\n"), ("a.ts", b""), ("a.json", &large)] {
        let answers = desk.ask(path, bytes, 1, 0..9);
        assert_eq!(answers.len(), 1, "{path}");
        assert!(answers[0].exact && answers[0].lines.is_empty(), "{path}");
    }
    let answers = desk.ask("a.ts", b"let a\nlet b\n", 1, 1..100);
    assert_eq!(answers[0].lines.len(), 1);
    #[expect(clippy::reversed_empty_ranges)]
    for window in [2..3, 7..9, 1..1, 1..0] {
        let answers = desk.ask("a.ts", b"let a\nlet b\n", 1, window);
        assert!(answers.len() == 1 && answers[0].exact && answers[0].lines.is_empty());
    }
}

#[test]
fn long_lines_are_plain_and_disturb_nothing() {
    let long = format!("const long = \"{}\";", "x".repeat(4096));
    let text = format!("const a = `\n{long}\nstill`;\n{long}\nlet b = 1;\n");
    let lines = Desk::new().whole("a.ts", text.as_bytes(), 1);
    assert_eq!((&lines[1], &lines[3]), (&vec![], &vec![]));
    assert_eq!(lines[2][0], Span { start: 0, end: 6, class: Class::String });
    assert_eq!(lines[4][0], Span { start: 0, end: 3, class: Class::Keyword });
    let most = format!("//{}\n", "x".repeat(4096 - 3));
    assert_eq!(Desk::new().whole("a.ts", most.as_bytes(), 1), [[Span { start: 0, end: 4095, class: Class::Comment }]]);
}

#[test]
fn lines_that_are_not_utf_8_are_plain_and_still_read() {
    let lines = Desk::new().whole("a.ts", b"let a = 1;\n/* \xff\nlet b;\n*/ let c;\n", 1);
    assert_eq!((&lines[1], lines[2][0].class), (&vec![], Class::Comment));
    assert_eq!(lines[3][0], Span { start: 0, end: 2, class: Class::Comment });
}

#[test]
fn line_ends_do_not_matter() {
    let text = "// a\nlet b = \"c\";\n`d\ne`;\nf";
    let windows = text.replace('\n', "\r\n");
    let mut desk = Desk::new();
    assert_eq!(desk.whole("a.ts", text.as_bytes(), 1), desk.whole("a.ts", windows.as_bytes(), 2));
}

/// A TypeScript file of declarations that blank lines part; in one of them stands a long comment.
fn long_file(comment: bool) -> Vec<u8> {
    let part = |number: usize| {
        let gap = if comment && number == 100 { "/*\n" } else { "" };
        format!(
            "{gap}/** Part {number}. */\nexport function part{number}(a: number): string {{\n  const text = `line\n  \
             {number} ${{a}}\n  end`;\n  return text + \"{number}\";\n}}\n\nconst keep{number} = {{ key: {number} }};\n\n"
        )
    };
    (0..500).map(part).collect::<String>().into_bytes()
}

#[test]
fn far_windows_are_guessed_and_then_read() {
    let mut desk = Desk::new();
    let file = long_file(false);
    let straight = desk.whole("a.ts", &file, 1);
    assert_eq!(straight.len(), 5000);
    let answers = desk.ask("a.ts", &file, 2, 4321..4400);
    assert_eq!(answers.iter().map(|answer| answer.exact).collect::<Vec<_>>(), [false, true]);
    assert_eq!(answers[0].lines, straight[4321..4400]);
    assert_eq!(answers[1].lines, straight[4321..4400]);
    // All above that is known now, and a little below.
    for window in [0..50, 199..260, 4399..4460, 2003..2004, 4940..5000] {
        let answers = desk.ask("a.ts", &file, 2, window.clone());
        let guessed = window.start == 4940;
        assert_eq!(answers.len(), if guessed { 2 } else { 1 }, "{window:?}");
        assert_eq!(answers.last().unwrap().lines, straight[window.clone()], "{window:?}");
        assert!(answers.last().unwrap().exact);
    }
}

#[test]
fn a_wrong_guess_is_put_right() {
    let mut desk = Desk::new();
    let file = long_file(true);
    let straight = desk.whole("a.ts", &file, 1);
    // The comment is ended by the first end within, so that what follows is code.
    let comment = straight.iter().position(|line| line == &[Span { start: 0, end: 2, class: Class::Comment }]);
    assert_eq!(comment, Some(1000));
    let mut file = b"/*\n".to_vec();
    file.extend(long_file(false).split(|byte| *byte == b'*').collect::<Vec<_>>().concat());
    let answers = desk.ask("a.ts", &file, 2, 3000..3010);
    assert_eq!(answers.len(), 2);
    assert!(answers[0].lines.iter().flatten().any(|span| span.class != Class::Comment));
    assert!(answers[1].lines.iter().flatten().all(|span| span.class == Class::Comment));
    assert!(answers[1].lines.iter().flatten().count() > 5);
}

#[test]
fn one_blob_in_two_languages_is_read_in_each() {
    let mut desk = Desk::new();
    let file = long_file(false);
    let code = desk.ask("a.ts", &file, 1, 3000..3010).pop().unwrap();
    let prose = desk.ask("a.md", &file, 1, 3000..3010).pop().unwrap();
    assert_ne!(code.lines, prose.lines);
    assert!(desk.ask("a.txt", &file, 1, 3000..3010).pop().unwrap().lines.is_empty());
}

#[test]
fn a_newer_request_supersedes_and_all_are_answered() {
    let (sender, answers) = channel();
    let (go, gate) = channel::<()>();
    // The thread stops in its first answer until the gate is opened.
    let highlighter = Highlighter::spawn(move |coloured: Coloured| {
        let first = !coloured.done;
        let _ = sender.send(coloured);
        if first {
            let _ = gate.recv();
        }
    });
    let file = long_file(false);
    let next = || answers.recv_timeout(Duration::from_secs(60)).expect("an answer");
    highlighter.request(request(1, "a.ts", &file, 1, 4000..4050));
    let guess = next();
    assert_eq!((guess.ticket, guess.lines.len(), guess.exact, guess.done), (1, 50, false, false));
    highlighter.request(request(2, "a.ts", &file, 1, 10..20));
    highlighter.request(request(3, "a.ts", &file, 1, 20..30));
    go.send(()).unwrap();
    let rest = [next(), next(), next()];
    let told =
        rest.each_ref().map(|answer| (answer.ticket, answer.first, answer.lines.len(), answer.exact, answer.done));
    assert_eq!(told, [(1, 4000, 0, false, true), (2, 10, 0, false, true), (3, 20, 10, true, true)]);
    drop(highlighter);
    assert!(answers.recv_timeout(Duration::from_secs(60)).is_err(), "the thread has ended and said no more");
}

#[test]
fn spans_lie_in_order_inside_their_line() {
    let pieces = prop_oneof![
        any::<Vec<u8>>(),
        "[ -~\n]{0,40}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "`${",
            "}`",
            "/*",
            "*/",
            "\"",
            "'",
            "\"\"\"",
            "<<EOF\n",
            "EOF\n",
            "# ",
            "```js\n",
            "<script>",
            "\r\n",
            "\n\n",
            "{\"k\": ",
            "é",
            "\u{202e}",
            "\u{1f600}",
            "def f(",
            "$(",
            "<!--",
            "-->",
            "\\",
            "\t",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    let files = prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat());
    let paths = [
        "a.ts", "a.js", "a.py", "a.md", "a.json", "a.sh", "a.html", "a.yml", "a.toml", "a.rs", "a.vue", "a.rb", "a.php",
    ];
    let mut runner = TestRunner::new(Config::with_cases(300));
    let desk = std::cell::RefCell::new(Desk::new());
    runner
        .run(&(files, prop::sample::select(paths.to_vec())), |(bytes, path)| {
            let answers = desk.borrow_mut().ask(path, &bytes, 1, 0..usize::MAX);
            let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            prop_assert_eq!(answers[0].lines.len(), lines.len());
            for (line, spans) in lines.iter().zip(&answers[0].lines) {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let mut end = 0;
                for span in spans {
                    prop_assert!(end <= span.start && span.start < span.end && span.end as usize <= line.len());
                    end = span.end;
                }
                prop_assert!(spans.is_empty() || std::str::from_utf8(line).is_ok());
            }
            Ok(())
        })
        .unwrap();
}
