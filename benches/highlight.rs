//! Highlighting, measured: `cargo bench --bench highlight` prints medians. `TOUCHSTONE_BENCH=short` runs each once.
//!
//! `TOUCHSTONE_GUESS=FILE:FILE…` prints instead of how many characters a guess has right in each file.

#![allow(clippy::unwrap_used)]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use divan::counter::ItemsCount;
use divan::{Bencher, Divan};
use touchstone::highlight::{Answer, Class, Coloured, Highlighter, Request, Span, names, read};
use touchstone::model::evidence::RepoPath;
use touchstone::model::hash::Hex;

/// Lines of the long file.
const LINES: usize = 50_000;

/// Lines of a window: what a tall terminal shows.
const WINDOW: usize = 60;

fn main() {
    if let Some(files) = std::env::var_os("TOUCHSTONE_GUESS") {
        return std::env::split_paths(&files).for_each(|file| guess(&file));
    }
    let divan = Divan::from_args();
    if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") {
        divan.sample_count(1).sample_size(1).main();
    } else {
        divan.sample_count(25).sample_size(1).main();
    }
}

/// A highlighter and a place where its answers arrive.
struct Desk {
    highlighter: Highlighter,
    answers: Receiver<Coloured>,
    file: Arc<[u8]>,
    ticket: u64,
}

impl Desk {
    fn new(lines: usize) -> Desk {
        let (sender, answers) = channel();
        let highlighter = Highlighter::spawn(move |answer| {
            if let Answer::Coloured(coloured) = answer {
                let _ = sender.send(coloured);
            }
        });
        Desk { highlighter, answers, file: file(lines), ticket: 0 }
    }

    /// Asks for lines of a file that nothing is known about, and returns the first answer of which `enough` holds.
    fn ask(&mut self, lines: Range<usize>, enough: impl Fn(&Coloured) -> bool) -> Coloured {
        self.ticket += 1;
        let mut blob = [0; 20];
        blob[..8].copy_from_slice(&self.ticket.to_be_bytes());
        let (path, bytes) = ("src/server.ts".into(), Arc::clone(&self.file));
        self.highlighter.request(Request { ticket: self.ticket, path, blob: Hex(blob), bytes, lines });
        let mine = |answer: &Coloured| answer.ticket == self.ticket && enough(answer);
        self.answers.iter().find(mine).unwrap()
    }
}

/// Prints in how many of a hundred characters guesses are right, over windows all over a file, and the worst of them.
fn guess(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let path = RepoPath(file.as_os_str().as_encoded_bytes().to_vec());
    let exact = read(&path, &bytes, 0..usize::MAX, true).lines;
    let sizes: Vec<usize> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
    let class = |spans: &[Span], at: usize| -> Option<Class> {
        spans.iter().find(|span| (span.start as usize..span.end as usize).contains(&at)).map(|span| span.class)
    };
    let (mut right, mut all, mut windows, mut worst) = (0, 0, 0, 100.0_f64);
    for start in (WINDOW..exact.len().saturating_sub(WINDOW)).step_by(997) {
        let guess = read(&path, &bytes, start..start + WINDOW, false);
        let (mut same, mut count) = (0, 0);
        for (line, spans) in guess.lines.iter().enumerate() {
            let line = start + line;
            same += (0..sizes[line]).filter(|at| class(spans, *at) == class(&exact[line], *at)).count();
            count += sizes[line];
        }
        worst = worst.min(100.0 * same as f64 / count.max(1) as f64);
        (right, all, windows) = (right + same, all + count, windows + 1);
    }
    let share = 100.0 * right as f64 / all.max(1) as f64;
    println!("{share:6.2} % of {all} characters in {windows} windows, worst {worst:6.2} %: {}", file.display());
}

/// TypeScript as servers are written in it.
fn file(lines: usize) -> Arc<[u8]> {
    const PART: &str = r#"/** Registers a tool, and what calls it. */
export async function registerTool(server: McpServer, options: Options = {}): Promise<void> {
  const headers: Record<string, string> = { "content-type": "application/json", accept: "*/*" };
  if (!process.env.API_KEY || options.timeout > 30_000) {
    throw new McpError(ErrorCode.InvalidParams, `missing key for ${server.name}: ${options.timeout}\n`);
  }
  server.tool("fetch", { url: z.string().url() }, async ({ url }) => {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(options.timeout) }); // follows redirects
    return { content: [{ type: "text", text: (await answer.text()).replace(/\s+/g, " ") }] };
  });
}

"#;
    let lines: Vec<&str> = PART.split_inclusive('\n').cycle().take(lines).collect();
    lines.concat().into_bytes().into()
}

/// A new process' first window: the grammars are loaded and what they match with is compiled.
#[divan::bench]
fn first_window_cold(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| Desk::new(1_000)).bench_local_values(|mut desk| {
        let answer = desk.ask(0..WINDOW, |answer| answer.done);
        (desk, answer)
    });
}

/// The first window of another file in the same language.
#[divan::bench]
fn first_window_warm(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new(1_000);
    desk.ask(0..1_000, |answer| answer.done);
    bencher.bench_local(|| desk.ask(0..WINDOW, |answer| answer.done));
}

/// The guess at the end of a long file, while an exact pass over another one is going on.
#[divan::bench]
fn last_window_guessed(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new(LINES);
    desk.ask(0..1_000, |answer| answer.done);
    bencher.bench_local(|| desk.ask(LINES - WINDOW..LINES, |answer| !answer.lines.is_empty()));
}

/// The exact window at the end of a long file, with its guess.
#[divan::bench(sample_count = 5)]
fn last_window_exact(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new(LINES);
    desk.ask(0..1_000, |answer| answer.done);
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| desk.ask(LINES - WINDOW..LINES, |answer| answer.done));
}

/// A window in the middle of a long file that is known.
#[divan::bench]
fn known_window(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new(LINES);
    desk.ask(LINES - 1..LINES, |answer| answer.done);
    let mut start = 0;
    bencher.bench_local(|| {
        start = (start + 1_234) % (LINES - WINDOW);
        desk.ticket -= 1;
        desk.ask(start..start + WINDOW, |answer| answer.done)
    });
}

/// The outline of a long file.
#[divan::bench(sample_count = 5)]
fn outline(bencher: Bencher<'_, '_>) {
    let (path, file) = ("src/server.ts".into(), file(LINES));
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| names(&path, &file));
}
