//! Frames, measured: `cargo bench --bench frame` prints medians. `TOUCHSTONE_BENCH=short` draws each once.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../tests/it/repo_fixture.rs"]
mod repo_fixture;
#[path = "../tests/it/support.rs"]
mod support;
#[path = "../tests/it/workshop.rs"]
mod workshop;

use std::borrow::Cow;

use divan::{Bencher, Divan};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;
use touchstone::app::text::Text;
use touchstone::config::ThemeName;
use touchstone::highlight::{Class, Span};
use touchstone::model::hash::Hex;
use touchstone::ui::code::{Code, Hit, Mark};
use touchstone::ui::theme::Theme;

const AREA: Rect = Rect::new(0, 0, 200, 60);
const LINES: usize = 50_000;

fn main() {
    let divan = Divan::from_args();
    if std::env::var_os("TOUCHSTONE_BENCH").is_some_and(|value| value == "short") {
        divan.sample_count(1).sample_size(1).main();
    } else {
        divan.sample_count(200).sample_size(1).main();
    }
}

fn text(bytes: &[u8]) -> Text {
    Text::new("bench.ts".into(), Hex([0; 20]), bytes.into())
}

/// Draws over and over, with spans of 6 bytes on all lines, every third line marked, and a hit per line.
fn draw(bencher: Bencher<'_, '_>, text: &Text, top: usize, left: usize) {
    let theme = Theme::new(ThemeName::Dark, false, false);
    let classes = [Class::Keyword, Class::Function, Class::String, Class::Punctuation];
    let span = |at: u32| Span { start: at * 7, end: at * 7 + 6, class: classes[at as usize % 4] };
    let spans: Vec<Span> = (0..30).map(span).collect();
    let hits: Vec<Hit> = (0..LINES).map(|line| Hit { line, start: 20, end: 26 }).collect();
    let code = Code {
        text,
        top,
        left,
        cursor: top + 30,
        selection: Some((top + 28, top + 32)),
        focused: true,
        spans: &|_| &spans,
        marks: &|line| line.is_multiple_of(3).then_some(Mark { label: Some(Cow::Borrowed("E7")) }),
        hits: &hits,
        hit: Some(top + 3),
        theme: &theme,
    };
    let mut buffer = Buffer::empty(AREA);
    bencher.bench_local(|| {
        buffer.reset();
        divan::black_box(code).render(AREA, &mut buffer);
    });
}

/// A file of full rows.
fn long_file() -> Text {
    let row = |line: usize| format!("const value{line:05} = call({line}, \"some text\"); // ").repeat(5) + "\n";
    text((0..LINES).map(row).collect::<String>().as_bytes())
}

#[divan::bench]
fn code_at_the_start(bencher: Bencher<'_, '_>) {
    draw(bencher, &long_file(), 0, 0);
}

#[divan::bench]
fn code_at_the_end(bencher: Bencher<'_, '_>) {
    draw(bencher, &long_file(), LINES - 60, 0);
}

/// Every character is another piece, a token.
#[divan::bench]
fn code_of_hazards(bencher: Bencher<'_, '_>) {
    let line = "\u{1b}\u{202e}".repeat(20) + "\n";
    draw(bencher, &text(line.repeat(60).as_bytes()), 0, 0);
}

#[divan::bench]
fn code_in_the_middle_of_a_5_mb_line(bencher: Bencher<'_, '_>) {
    draw(bencher, &text(&b"var a=[1,2,3];".repeat(5_000_000 / 14)), 0, 2_500_000);
}

/// Lines that are just short enough for exact columns, scrolled to their ends.
#[divan::bench]
fn code_at_the_ends_of_4_kb_lines(bencher: Bencher<'_, '_>) {
    let line = "var a=[1,2,3]; ".repeat(270) + "\n";
    draw(bencher, &text(line.repeat(60).as_bytes()), 0, 3_900);
}

/// The whole workbench: header, three panes, footer.
#[divan::bench]
fn workbench(bencher: Bencher<'_, '_>) {
    let mut shop = workshop::Workshop::on(support::Desk::open(&["stdio", "http"]), AREA.width, AREA.height);
    shop.keys("findex.ts<cr>2gg");
    let mut terminal = Terminal::new(TestBackend::new(AREA.width, AREA.height)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| touchstone::ui::draw(divan::black_box(&shop.app), frame)).unwrap();
    });
}
