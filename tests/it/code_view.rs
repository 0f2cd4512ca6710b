//! The code pane, drawn: what an auditor sees of a file, and what a file must not do to the screen.

use std::borrow::Cow;

use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::Widget as _;
use touchstone::app::text::{LONG_LINE, Text};
use touchstone::config::ThemeName;
use touchstone::highlight::{Class, Span};
use touchstone::model::hash::Hex;
use touchstone::repo::display;
use touchstone::ui::code::{Code, Hit, Mark, gutter};
use touchstone::ui::theme::{Role, Theme};
use unicode_width::UnicodeWidthChar as _;

use crate::support::{INDEX, styled};

fn text(bytes: impl AsRef<[u8]>) -> Text {
    Text::new("src/index.ts".into(), Hex([0; 20]), bytes.as_ref().into())
}

fn view<'a>(text: &'a Text, theme: &'a Theme) -> Code<'a> {
    Code {
        text,
        top: 0,
        left: 0,
        cursor: 0,
        selection: None,
        focused: true,
        spans: &|_| &[],
        marks: &|_| None,
        hits: &[],
        hit: None,
        theme,
    }
}

fn draw(code: Code<'_>, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    code.render(area, &mut buffer);
    buffer
}

/// A row's text as a terminal shows it.
fn row(buffer: &Buffer, y: u16) -> String {
    let mut out = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        out += buffer[(x, y)].symbol();
        x += buffer[(x, y)].cell_width().max(1);
    }
    out.trim_end().to_owned()
}

fn rows(buffer: &Buffer) -> String {
    (0..buffer.area.height).map(|y| row(buffer, y) + "\n").collect()
}

fn dark() -> Theme {
    Theme::new(ThemeName::Dark, false, false)
}

fn plain() -> Theme {
    Theme::new(ThemeName::Dark, false, true)
}

/// Lines 9 to 18 of the server: one is current, three are selected, three are evidence, `text` is found.
fn busy<'a>(text: &'a Text, theme: &'a Theme, hits: &'a [Hit]) -> Code<'a> {
    const SPANS: [Span; 3] = [
        Span { start: 0, end: 6, class: Class::Keyword },
        Span { start: 7, end: 11, class: Class::Function },
        Span { start: 12, end: 18, class: Class::String },
    ];
    Code {
        top: 8,
        cursor: 11,
        selection: Some((13, 11)),
        spans: &|line| if line == 10 || line == 11 { &SPANS } else { &[] },
        marks: &|line| match line {
            11 => Some(Mark { label: Some(Cow::Borrowed("E6")) }),
            15 => Some(Mark { label: Some(Cow::Borrowed("E7 auth-2")) }),
            16 => Some(Mark { label: None }),
            _ => None,
        },
        hits,
        hit: Some(3),
        ..view(text, theme)
    }
}

fn hits(text: &Text, word: &str) -> Vec<Hit> {
    (0..text.lines())
        .flat_map(|line| {
            let code = str::from_utf8(text.line(line)).unwrap();
            code.match_indices(word).map(move |(start, _)| Hit { line, start, end: start + word.len() })
        })
        .collect()
}

#[test]
fn a_busy_piece() {
    let (text, theme) = (text(INDEX), dark());
    let hits = hits(&text, "text");
    assert_eq!(hits.len(), 6);
    assert_snapshot!(styled(&draw(busy(&text, &theme, &hits), 96, 10)));
}

#[test]
fn a_busy_piece_without_colour() {
    let (text, theme) = (text(INDEX), plain());
    let hits = hits(&text, "text");
    assert_snapshot!(styled(&draw(busy(&text, &theme, &hits), 96, 10)));
}

#[test]
fn a_busy_piece_in_ascii_without_focus() {
    let (text, theme) = (text(INDEX), Theme::new(ThemeName::Light, true, false));
    let hits = hits(&text, "text");
    let code = Code { focused: false, ..busy(&text, &theme, &hits) };
    let buffer = draw(code, 96, 10);
    assert!(rows(&buffer).is_ascii());
    assert_snapshot!(styled(&buffer));
}

#[test]
fn what_hides_is_shown() {
    let bytes = [
        &b"red \x1b[31mtext\x1b[0m"[..],
        b"link \x1b]8;;http://x\x07here",
        "if (a\u{202e} } \u{2066}// b".as_bytes(),
        "zero\u{200b}width\u{feff}".as_bytes(),
        "tags \u{e0041}\u{e0042}".as_bytes(),
        b"not utf-8 \xff\xc3( \xe2\x80",
        b"nul \0 c1 \xc2\x9b",
        b"cr \r in it",
        b"windows\r",
        "stacked e\u{301}\u{302}\u{303}".as_bytes(),
        b"\ttab",
    ]
    .join(&b'\n');
    let (text, theme) = (text(bytes), dark());
    let hits = [Hit { line: 1, start: 2, end: 7 }];
    let code = Code { hits: &hits, hit: Some(0), cursor: 4, ..view(&text, &theme) };
    assert_snapshot!(styled(&draw(code, 50, 12)));
}

#[test]
fn a_token_stands_out_on_every_row() {
    let text = text("a\u{202e}b\na\u{202e}b\na\u{202e}b\n");
    for theme in [dark(), plain(), Theme::new(ThemeName::Terminal, false, false)] {
        let code = Code { cursor: 1, selection: Some((2, 2)), ..view(&text, &theme) };
        let buffer = draw(code, 30, 3);
        let left = gutter(&text);
        for y in 0..3 {
            assert_ne!(buffer[(left, y)].style(), buffer[(left + 1, y)].style(), "{theme:?} {y}");
        }
    }
}

#[test]
fn wide_characters_are_never_halved() {
    let (text, theme) = (text("漢字かな\na漢字かな\n漢e\u{301}字e\u{301}\nｶﾞｷﾞx\n🦀a👍🏽b"), plain());
    let mut out = String::new();
    for left in 0..4 {
        for width in [13, 12, 11] {
            let code = Code { left, ..view(&text, &theme) };
            out += &format!("left {left} width {width}\n{}", rows(&draw(code, width, 5)));
        }
    }
    assert_snapshot!(out);
}

#[test]
fn a_long_line_says_so_and_is_read_from_the_middle() {
    let line = "0123456789".repeat(LONG_LINE / 10 + 1) + "end";
    let text = text(format!("short\n{line}\nmore\n"));
    let theme = plain();
    let middle = 2003;
    let mut out = String::new();
    for (left, width) in [(0, 70), (middle, 70), (middle, 40), (line.len() - 3, 70), (line.len() + 9, 70)] {
        let code = Code { left, ..view(&text, &theme) };
        out += &format!("left {left} width {width}\n{}", rows(&draw(code, width, 3)));
    }
    assert_snapshot!(out);
}

#[test]
fn a_long_line_looks_the_same_from_the_middle() {
    let (text, theme) = (text("漢e\u{301}\u{302}\u{303}\u{303}\u{1b}\t".repeat(600)), plain());
    let whole = text.line(0);
    assert!(text.is_long(0));
    for left in 1000..1040 {
        let start = display::boundary(whole, left);
        let shown = row(&draw(Code { left, ..view(&text, &theme) }, 60, 1), 0);
        // From the same base on, the line's own pieces.
        let pieces = display::pieces(whole).skip_while(|piece| piece.range.end <= start).skip(1);
        let want: String = pieces.take(2).map(|piece| piece.text.into_owned()).collect();
        assert!(shown.contains(want.trim_end()), "{left}: {want:?} not in {shown:?}");
    }
}

#[test]
fn an_empty_file_says_so() {
    let (text, theme) = (text(""), plain());
    assert_eq!(rows(&draw(view(&text, &theme), 20, 2)), " empty file\n\n");
}

#[test]
fn the_current_line_can_be_told_without_colour() {
    let (text, theme) = (text("one\ntwo\nthree\n"), plain());
    for focused in [true, false] {
        let buffer = draw(Code { cursor: 1, focused, ..view(&text, &theme) }, 20, 3);
        assert!(row(&buffer, 1).starts_with('>') && !row(&buffer, 0).starts_with('>'));
        assert!((0..20).all(|x| buffer[(x, 1)].modifier != buffer[(10, 0)].modifier));
        assert_eq!(buffer[(19, 1)].modifier.contains(Modifier::REVERSED), focused);
    }
}

#[test]
fn a_label_gives_way_to_code() {
    let (text, theme) = (text("0123456789\n"), plain());
    let code = Code { marks: &|_| Some(Mark { label: Some(Cow::Borrowed("E\u{1b}7")) }), ..view(&text, &theme) };
    assert_eq!(row(&draw(code, 25, 1), 0), ">▌  1 0123456789 E\\u{1b}7");
    assert_eq!(row(&draw(code, 24, 1), 0), ">▌  1 0123456789");
}

/// Ratatui skips the cells that it takes for covered: a character that it thinks wider than it is would hide the next.
#[test]
fn no_character_hides_the_next() {
    let theme = plain();
    let odd = |c: &char| c.width() == Some(0) || c.width() != Some(c.to_string().as_str().cell_width().into());
    let odd = ('\u{80}'..=char::MAX).filter(|c| !display::is_hazard(*c)).filter(odd);
    let mut count = 0;
    for c in odd {
        count += 1;
        let text = text(format!("a{c}b漢{c}b{c}"));
        let shown = row(&draw(view(&text, &theme), 20, 1), 0);
        assert!(shown.ends_with(&format!("a{c}b漢{c}b{c}")), "{:x} {shown:?}", u32::from(c));
    }
    assert!(count > 1000, "{count}");
}

fn odd_text() -> impl Strategy<Value = Text> {
    let part = prop_oneof![
        4 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        6 => prop::sample::select(vec!["a", "word ", "\u{301}", "\u{ff9e}", "\t", "\n", "\r\n", "\u{1b}", "漢", "\u{202e}"])
            .prop_map(|text| text.as_bytes().to_vec()),
        2 => prop::collection::vec(any::<u8>(), 1..6),
        1 => Just("漢x\u{e0041}".repeat(600).into_bytes()),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| text(parts.concat()))
}

fn place() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0usize..12, 2 => 0usize..9000, 1 => Just(usize::MAX)]
}

proptest! {
    #[test]
    fn nothing_in_a_file_breaks_the_screen(
        text in odd_text(),
        (width, height) in (0u16..90, 0u16..8),
        (top, left, cursor) in (place(), place(), place()),
        selection in prop::option::of((place(), place())),
        (start, end) in (0u32..40, 0u32..40),
        hits in prop::collection::vec((0usize..12, 0usize..40, 0usize..9), 0..9),
        (focused, ascii, no_color) in any::<(bool, bool, bool)>(),
    ) {
        let theme = Theme::new(ThemeName::Dark, ascii, no_color);
        let spans = [Span { start, end, class: Class::String }, Span { start: end, end: start, class: Class::Key }];
        let mut hits: Vec<Hit> =
            hits.into_iter().map(|(line, start, len)| Hit { line, start, end: start + len }).collect();
        hits.sort_by_key(|hit| (hit.line, hit.start));
        let label = |line: usize| line.is_multiple_of(2).then(|| Cow::Owned(format!("E{line}\u{1b}")));
        let code = Code {
            text: &text, top, left, cursor, selection, focused,
            spans: &|_| &spans,
            marks: &|line| (line % 3 > 0).then(|| Mark { label: label(line) }),
            hits: &hits, hit: Some(start as usize % 3), theme: &theme,
        };
        let buffer = draw(code, width, height);
        for cell in buffer.content() {
            prop_assert!(!cell.symbol().chars().any(display::is_hazard), "{:?}", cell.symbol());
            prop_assert!(cell.symbol().chars().filter(|c| c.width() != Some(0)).count() <= 1);
        }
        for y in 0..height {
            let mut x = 0;
            while x < width {
                x += buffer[(x, y)].cell_width();
                prop_assert!(x <= width, "a wide character hangs over the edge");
            }
        }
        // Nothing is drawn outside of the view's area.
        let mut wide = Buffer::empty(Rect::new(0, 0, width + 4, height + 2));
        code.render(Rect::new(2, 1, width, height), &mut wide);
        for y in 0..height + 2 {
            for x in 0..width + 4 {
                let inside = (1..=height).contains(&y) && (2..2 + width).contains(&x);
                if inside {
                    prop_assert_eq!(&wide[(x, y)], &buffer[(x - 2, y - 1)]);
                } else {
                    prop_assert_eq!(wide[(x, y)].symbol(), " ");
                }
            }
        }
        code.render(Rect::new(3, 3, u16::MAX, u16::MAX), &mut wide);
    }
}

#[test]
fn roles_of_a_theme_reach_the_screen() {
    let (text, theme) = (text("one\ntwo\n"), dark());
    let buffer = draw(Code { selection: Some((1, 1)), ..view(&text, &theme) }, 20, 3);
    let back = |y| buffer[(15, y)].bg;
    let want = |role| theme.style(role).bg.unwrap();
    assert_eq!([back(0), back(1), back(2)], [want(Role::Cursor), want(Role::Selection), want(Role::Text)]);
}

#[test]
fn what_fools_the_eye_is_said_on_a_full_line_too() {
    let text = text(format!("plain\n{}\u{202e}end\n", "x".repeat(200)));
    let theme = Theme::new(ThemeName::Dark, false, false);
    let drawn = draw(view(&text, &theme), 60, 2);
    assert!(row(&drawn, 1).ends_with("xx… right-to-left override"), "{}", rows(&drawn));
    // Where no code would be left, the letter in the gutter has to do.
    assert!(!row(&draw(view(&text, &theme), 30, 2), 1).contains("right-to-left"));
}

#[test]
fn code_left_of_the_edge_is_told() {
    let text = text("short\n\nlonger than the edge\n");
    let theme = Theme::new(ThemeName::Dark, false, false);
    let drawn = draw(Code { left: 8, ..view(&text, &theme) }, 40, 3);
    let code = |y: u16| row(&drawn, y)[1..].trim().to_owned();
    assert_eq!([code(0), code(1), code(2)], ["1 …", "2", "3 …an the edge"].map(str::to_owned));
}
