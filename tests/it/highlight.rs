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
        // Only what could have had colours says why it has none.
        assert_eq!(answers[0].plain, (path == "a.json").then_some(Plain::Large));
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
    // All above that is known now, and a little below; what is far below may be by now.
    for window in [0..50, 199..260, 4399..4460, 2003..2004, 4940..5000] {
        let answers = desk.ask("a.ts", &file, 2, window.clone());
        assert!(answers.len() == 1 || window.start == 4940, "{window:?}");
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
    let highlighter = Highlighter::spawn(move |answer: Answer| {
        let first = !answer.is_last();
        let Answer::Coloured(coloured) = answer else { return };
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
    assert_eq!(told, [(2, 10, 0, false, true), (1, 4000, 0, false, true), (3, 20, 10, true, true)]);
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
            // A blob's name stands for its bytes, so each case has one of its own.
            let mut desk = desk.borrow_mut();
            let mut blob = [0; 20];
            desk.tickets += 1;
            blob[..8].copy_from_slice(&desk.tickets.to_be_bytes());
            let asked = request(desk.tickets, path, &bytes, 0, 0..usize::MAX);
            desk.highlighter.request(Request { blob: Hex(blob), ..asked });
            let answers = [desk.next()];
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

/// What a file names: each name behind as many dots as names it stands in, its kind's first letter, its line from 1.
fn outline(path: &str, text: &str) -> Vec<String> {
    let (symbols, plain) = names(&path.into(), text.as_bytes());
    assert_eq!(plain, None);
    let told = |symbol: &Symbol| {
        format!("{}{} {}{}", ".".repeat(symbol.depth), symbol.name, &symbol.kind.word()[..1], symbol.line + 1)
    };
    symbols.iter().map(told).collect()
}

#[test]
fn outline_of_typescript_and_javascript() {
    let text = "export class Server<T> extends Base<T> implements Closes {\n\
        \x20 private field: Other = new Other();\n\
        \x20 async start(port: Port): Promise<void> { this.listen(port); helper(port); }\n\
        \x20 static get name(): string { return \"\"; }\n\
        \x20 handler = async (y: number) => { y; };\n\
        }\n\
        export interface Shape { area: number }\n\
        type Alias = { a: Shape };\n\
        enum Color { Red }\n\
        namespace Space {\n  export function inner() {}\n}\n\
        export default async function main(): Promise<void> {}\n\
        const arrow = (a: string) => a;\n\
        describe(\"x\", () => { it(\"y\", () => new Server()); });\n";
    let want = [
        "Server t1",
        ".start f3",
        ".name f4",
        ".handler f5",
        "Shape t7",
        "Alias t8",
        "Color t9",
        "Space m10",
        ".inner f11",
        "main f13",
        "arrow f14",
    ];
    assert_eq!(outline("a.ts", text), want);
    assert_eq!(outline("a.tsx", text), want);
    let text = "export class Server extends Base {\n  constructor(a) { super(); }\n  async start(x) { helper(x); }\n}\n\
        export default async function main() {}\nconst arrow = (a) => a;\nconst tools = {\n  run() { return 1; },\n};\n";
    let want = ["Server t1", ".constructor f2", ".start f3", "main f5", "arrow f6", ".run f8"];
    assert_eq!(outline("a.js", text), want);
}

#[test]
fn outline_of_python_go_rust() {
    let text = "class Tool(Base):\n    limit = 1\n    def __init__(self): pass\n    async def run(self): call(self)\n\
        \x20   class Inner:\n        def deep(self): pass\n@app.tool()\ndef main():\n    def local(): pass\n";
    let want = ["Tool t1", ".__init__ f3", ".run f4", ".Inner t5", "..deep f6", "main f8", ".local f9"];
    assert_eq!(outline("a.py", text), want);
    let text = "package main\ntype Server struct { inner *Other }\ntype Closer interface {\n\tClose(x int) error\n}\n\
        func (s *Server) Run(c Context) error { return call(c) }\nfunc main() { run() }\n";
    assert_eq!(outline("a.go", text), ["Server t2", "Closer t3", ".Close f4", "Run f6", "main f7"]);
    let text = "pub struct Server<T> { a: Other }\nenum Kind { A }\ntrait Runs { fn run(&self); }\n\
        impl<T> Runs for Server<T> {\n    fn run(&self) { call(1); self.x() }\n}\n\
        mod inner {\n    pub fn deep() {}\n}\nmacro_rules! mac { () => {} }\nasync fn main() {}\n";
    let want = [
        "Server t1",
        "Kind t2",
        "Runs t3",
        "run f3",
        "Server t4",
        ".run f5",
        "inner m7",
        ".deep f8",
        "mac m10",
        "main f11",
    ];
    assert_eq!(outline("a.rs", text), want);
}

#[test]
fn outline_of_ruby_java_markdown() {
    let text = "module Outer\n  class Server < Base\n    def initialize(x); end\n    def self.build(y) = new(y)\n    \
        def ready?; end\n  end\nend\n";
    let want = ["Outer m1", ".Server t2", "..initialize f3", "..build f4", "..ready? f5"];
    assert_eq!(outline("a.rb", text), want);
    let text = "package a.b;\npublic class Server<T> extends Base {\n  private Other o = new Other();\n  \
        public Server(int a) { super(a); }\n  public String run(Other x) { return call(x); }\n  \
        interface Inner {\n    void deep();\n  }\n}\n";
    let want = ["Server t2", ".Server f4", ".run f5", ".Inner t6", "..deep f7"];
    assert_eq!(outline("A.java", text), want);
    let text = "# Title\n\ntext\n\n## First *part* of `it`\n\n```ts\nfunction no() {}\n```\n\n### Deep\n\n## Second\n";
    assert_eq!(outline("a.md", text), ["Title h1", ".First *part* of `it` h5", "..Deep h11", ".Second h13"]);
}

#[test]
fn an_outline_comes_in_parts_and_a_newer_one_replaces_it() {
    let (sender, answers) = channel();
    let highlighter = Highlighter::spawn(move |answer| drop(sender.send(answer)));
    let file = long_file(false);
    let (all, _) = names(&"a.ts".into(), &file);
    assert_eq!(all.len(), 500);
    assert_eq!((all[7].name.as_str(), all[7].line, all[7].kind), ("part7", 71, Kind::Function));
    let ask = |ticket: u64, repeat: usize| {
        let (path, blob, bytes) = ("a.ts".into(), id(ticket as u8), file.repeat(repeat).into());
        highlighter.outline(OutlineRequest { ticket, path, blob, bytes });
    };
    let next = || match answers.recv_timeout(Duration::from_secs(120)).expect("an answer") {
        Answer::Outlined(outlined) => outlined,
        Answer::Coloured(coloured) => panic!("not an outline: {coloured:?}"),
    };
    ask(1, 3);
    let mut parts: Vec<Outlined> = vec![next()];
    while !parts.last().unwrap().done {
        parts.push(next());
    }
    assert!(parts.len() > 1 && !parts[0].symbols.is_empty());
    let symbols: Vec<Symbol> = parts.into_iter().flat_map(|part| part.symbols).collect();
    assert_eq!(symbols.len(), 1500);
    assert_eq!(symbols[..500], all);
    ask(2, 3);
    ask(3, 1);
    let mut ended = Vec::new();
    let mut symbols = 0;
    while ended.len() < 2 {
        let part = next();
        symbols += if part.ticket == 3 { part.symbols.len() } else { 0 };
        ended.extend(part.done.then_some(part.ticket));
    }
    assert_eq!((ended, symbols), (vec![2, 3], 500));
}

#[test]
fn what_is_made_ready_gets_no_answer_and_delays_none() {
    let mut desk = Desk::new();
    desk.highlighter.warm("a.py".into(), b"def f():\n    pass\n".repeat(5000).into());
    desk.highlighter.warm("LICENSE".into(), b"words\n"[..].into());
    let answers = desk.ask("a.ts", b"let a = 1;\n", 1, 0..9);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].lines[0][0].class, Class::Keyword);
}

#[test]
fn lines_read_at_once_are_those_of_the_thread() {
    let file = long_file(false);
    let straight = Desk::new().whole("a.ts", &file, 1);
    let path = "a.ts".into();
    let exact = read(&path, &file, 4321..4400, true);
    assert!(exact.exact && exact.lines == straight[4321..4400]);
    let guess = read(&path, &file, 4321..4400, false);
    assert!(!guess.exact && guess.lines == straight[4321..4400]);
    assert!(read(&path, &file, 150..9999, false).exact, "no guess is needed near the start");
    assert!(read(&path, &file, 4990..9999, true).lines.len() == 10);
    for (path, plain) in [("LICENSE", None), ("a.ts", Some(Plain::Large))] {
        let reading = read(&path.into(), &vec![b'1'; (8 << 20) + 1], 0..1, true);
        assert_eq!((reading.lines.len(), reading.exact, reading.plain), (0, true, plain));
    }
}

/// Returns in how many of a hundred characters a guess is right, over windows all over a file.
fn rightness(path: &str, file: &[u8]) -> usize {
    const WINDOW: usize = 50;
    let path = path.into();
    let exact = read(&path, file, 0..usize::MAX, true).lines;
    let sizes: Vec<usize> = file.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
    let (mut right, mut all) = (0, 0);
    for start in (250..exact.len() - WINDOW).step_by(331) {
        let guess = read(&path, file, start..start + WINDOW, false);
        assert!(!guess.exact);
        for (line, spans) in guess.lines.iter().enumerate() {
            let class = |spans: &[Span], at: u32| {
                spans.iter().find(|span| span.start <= at && at < span.end).map(|span| span.class)
            };
            let same = |at: &u32| class(spans, *at) == class(&exact[start + line], *at);
            right += (0..sizes[start + line] as u32).filter(same).count();
            all += sizes[start + line];
        }
    }
    right * 100 / all.max(1)
}

#[test]
fn a_guess_has_nearly_all_characters_right() {
    const TYPESCRIPT: &str = "/**\n * Part N, with `code` and \"quotes\".\n */\nexport class PartN {\n  async run(url: string) {\n\n    \
        const query = `\n      a ${url}\n\n      b\n    `;\n    return query + /x\\d/.source;\n  }\n}\n\n";
    const PYTHON: &str = "class PartN(Base):\n    \"\"\"Part N.\n\n    It's long.\n    \"\"\"\n\n    def run(self, url: str) -> str:\n        \
        sql = '''\n        SELECT N\n        '''\n        return f\"got {url}\"\n\n\n";
    const GO: &str = "/*\nPart N runs.\n*/\nfunc PartN(url string) (string, error) {\n\tquery := `\n\ta\n\tb`\n\n\tif url == \"\" {\n\t\t\
        return query, fmt.Errorf(\"part %d: %s\", N, url)\n\t}\n\treturn url, nil\n}\n\n";
    const RUST: &str = "/* Part N.\n   It's long. */\npub fn partN<'a>(url: &'a str) -> Result<&'a str> {\n    \
        let text = r#\"\n        a \"b\"\n\n    \"#;\n\n    match url.chars().next() {\n        \
        Some('\"') => Err(text.into()),\n        _ => Ok(url),\n    }\n}\n\n";
    for (path, part) in [("a.ts", TYPESCRIPT), ("a.py", PYTHON), ("a.go", GO), ("a.rs", RUST)] {
        let file: String = (0..300).map(|number| part.replace('N', &number.to_string())).collect();
        let right = rightness(path, file.as_bytes());
        assert!(right >= 95, "{path}: {right} of 100");
    }
}
