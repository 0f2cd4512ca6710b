//! A frame as text, with colours, as a picture and as a snapshot.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use touchstone::repo::display;
use touchstone::shell::print::{Format, Palette, print, scrub, styled};

fn small() -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(3, 2, 24, 7));
    let mut put = |row: u16, text: &str, style: Style| buffer.set_string(3, 2 + row, text, style);
    put(0, "╭ 1 Checklist ─────────╮", Style::new().blue().bold());
    put(1, "plain <a & \"b\"> 'c'", Style::new());
    put(2, "漢字 wide, é marked e\u{301}", Style::new().fg(Color::Indexed(208)).bg(Color::Rgb(1, 2, 3)));
    put(3, "dim     ", Style::new().dim());
    put(3, "reversed", Style::new().reversed());
    put(4, "reversed", Style::new().reversed());
    put(5, "𝒳 under  struck", Style::new().underlined().crossed_out().underline_color(Color::LightRed));
    put(6, "light on gray", Style::new().light_green().on_gray().italic());
    put(6, "hidden", Style::new().hidden().fg(Color::Indexed(244)));
    buffer[(20, 2 + 4)].set_symbol("\u{1b}[2J");
    buffer[(22, 2 + 4)].set_symbol("\u{202e}").set_fg(Color::Red);
    buffer
}

#[test]
fn text_is_plain() {
    insta::assert_snapshot!(print(&small(), Format::Text, &Palette::DARK));
}

#[test]
fn ansi_sets_and_resets() {
    insta::assert_snapshot!(print(&small(), Format::Ansi, &Palette::DARK).replace('\u{1b}', "ESC"));
}

#[test]
fn svg_is_a_picture() {
    insta::assert_snapshot!(print(&small(), Format::Svg, &Palette::DARK));
}

#[test]
fn styles_are_read_beside_the_text() {
    insta::assert_snapshot!(styled(&small()));
}

#[test]
fn the_ansi_form_is_what_a_terminal_shows() {
    let buffer = small();
    let mut screen = vt100::Parser::new(7, 24, 0);
    screen.process(print(&buffer, Format::Ansi, &Palette::DARK).trim_end().replace('\n', "\r\n").as_bytes());
    let mut shown = print(&buffer, Format::Text, &Palette::DARK);
    // A terminal has no text where it is hidden or blank.
    shown.truncate(shown.trim_end().len());
    assert_eq!(screen.screen().contents(), shown);
    let cell = |row, column| screen.screen().cell(row, column).unwrap().clone();
    assert!(cell(0, 3).bold() && cell(0, 3).fgcolor() == vt100::Color::Idx(4));
    assert_eq!((cell(2, 0).fgcolor(), cell(2, 0).bgcolor()), (vt100::Color::Idx(208), vt100::Color::Rgb(1, 2, 3)));
    assert!(cell(3, 0).inverse() && cell(5, 4).underline());
    assert_eq!((cell(6, 8).fgcolor(), cell(6, 8).bgcolor()), (vt100::Color::Idx(10), vt100::Color::Idx(7)));
}

fn symbol() -> impl Strategy<Value = String> {
    const ODD: [&str; 16] = [
        "\u{1b}[31m",
        "<",
        "&",
        "\"",
        "'",
        "]]>",
        "漢",
        "👩\u{200d}💻",
        "e\u{301}",
        "\u{301}",
        "\n",
        "\u{9b}",
        "",
        "\u{fffe}",
        "𝒳",
        " ",
    ];
    prop_oneof![any::<char>().prop_map(String::from), ".{0,4}", prop::sample::select(&ODD[..]).prop_map(str::to_owned)]
}

fn any_color() -> impl Strategy<Value = Color> {
    prop_oneof![
        Just(Color::Reset),
        any::<u8>().prop_map(Color::Indexed),
        any::<[u8; 3]>().prop_map(|[r, g, b]| Color::Rgb(r, g, b)),
        prop::sample::select(vec![Color::Black, Color::Red, Color::DarkGray, Color::White]),
    ]
}

prop_compose! {
    fn any_buffer()(width in 0u16..12, height in 0u16..5)(
        cells in prop::collection::vec((symbol(), any_color(), any_color(), any_color(), any::<u16>()), usize::from(width * height)),
        width in Just(width),
        height in Just(height),
    ) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(5, 9, width, height));
        for (cell, (symbol, fg, bg, line, modifier)) in buffer.content.iter_mut().zip(cells) {
            cell.set_symbol(&symbol).set_fg(fg).set_bg(bg);
            cell.underline_color = line;
            // Half of the cells have none.
            cell.modifier = Modifier::from_bits_truncate(modifier & (modifier >> 4));
        }
        buffer
    }
}

/// Reads the SVG as strictly as XML is written here: known elements, quoted attributes, escaped text, all closed.
fn check_xml(svg: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        check_text(before, open.last() == Some(&"text"))?;
        let end = tag.find('>').ok_or("a tag is not closed")?;
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} was not open"));
            }
            continue;
        }
        let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let (name, attributes) = inside.split_once(' ').ok_or("no attributes")?;
        if !["svg", "rect", "text"].contains(&name) {
            return Err(format!("{name} is unknown"));
        }
        let quotes: Vec<&str> = attributes.split('"').collect();
        let well = quotes.len() % 2 == 1
            && quotes.last() == Some(&"")
            && quotes.iter().step_by(2).take(quotes.len() / 2).all(|name| {
                name.ends_with('=')
                    && name.trim_end_matches('=').trim().chars().all(|c| c.is_ascii_alphabetic() || c == '-')
            })
            && quotes.iter().skip(1).step_by(2).all(|value| !value.contains(['<', '&']));
        if !well {
            return Err(format!("attributes {attributes}"));
        }
        if !closed {
            open.push(name);
        }
    }
    check_text(rest, false)?;
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} are open")) }
}

fn check_text(text: &str, inside: bool) -> Result<(), String> {
    if !inside {
        return if text.trim_matches('\n').is_empty() { Ok(()) } else { Err(format!("text {text:?}")) };
    }
    let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
    let well = !text.is_empty()
        && !text.contains(['>', '"', '\''])
        && text.split('&').skip(1).all(|after| entities.iter().any(|entity| after.starts_with(entity)));
    if well { Ok(()) } else { Err(format!("text {text:?}")) }
}

proptest! {
    #[test]
    fn any_frame_prints_without_hazards(buffer in any_buffer()) {
        let sequence = regex::Regex::new("\u{1b}\\[[0-9;]+m").unwrap();
        for format in [Format::Text, Format::Ansi, Format::Svg] {
            let mut out = print(&buffer, format, &Palette::LIGHT);
            if format == Format::Svg {
                prop_assert_eq!(check_xml(&out), Ok(()), "{}", out);
            } else {
                prop_assert_eq!(out.matches('\n').count(), usize::from(buffer.area.height));
            }
            if format == Format::Ansi {
                out = sequence.replace_all(&out, "").into_owned();
            }
            prop_assert!(!out.chars().any(|c| c != '\n' && display::is_hazard(c)), "{:?}", out);
        }
        prop_assert!(!styled(&buffer).chars().any(|c| c != '\n' && display::is_hazard(c)));
        let mut scrubbed = buffer.clone();
        scrub(&mut scrubbed);
        prop_assert!(!scrubbed.content.iter().any(|cell| cell.symbol().chars().any(display::is_hazard)));
        prop_assert_eq!(print(&scrubbed, Format::Svg, &Palette::DARK), print(&buffer, Format::Svg, &Palette::DARK));
    }

    #[test]
    fn every_letter_stands_in_its_cell(buffer in any_buffer()) {
        let svg = print(&buffer, Format::Svg, &Palette::DARK);
        for text in svg.lines().filter(|line| line.starts_with("<text")) {
            let places: Vec<u32> = text.split('"').nth(1).unwrap().split(' ').map(|x| x.parse().unwrap()).collect();
            prop_assert!(places.is_sorted_by(|one, next| one < next), "{}", text);
            prop_assert!(places.iter().all(|x| x % 9 == 0 && *x < 9 * u32::from(buffer.area.width)), "{}", text);
        }
    }
}
