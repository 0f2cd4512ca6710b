//! A frame outside of the terminal: as text, with colours, as a picture, and as a test's snapshot.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::repo::display;

/// What stands for a cell that holds a hazard.
const MASK: &str = "?";
/// A cell's width in a picture, and a row's height.
const CELL: u16 = 9;
const ROW: u16 = 18;
/// Where in a row the letters stand, and the lines under and through them.
const BASELINE: u16 = 14;
const UNDER: u16 = 16;
const THROUGH: u16 = 9;

/// How a frame is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Plain text.
    Text,
    /// Text with the terminal's colour sequences.
    Ansi,
    /// A picture without scripts and fonts.
    Svg,
}

/// The colours of a picture, each `0xRRGGBB`: a terminal has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// The letters' default colour.
    pub fg: u32,
    /// The ground's default colour.
    pub bg: u32,
    /// The terminal's sixteen colours, in their order.
    pub ansi: [u32; 16],
}

impl Palette {
    /// Light letters on a dark ground.
    pub const DARK: Palette = Palette {
        fg: 0xd7dae0,
        bg: 0x16181d,
        ansi: [
            0x2a2e36, 0xe06c75, 0x98c379, 0xe5c07b, 0x61afef, 0xc678dd, 0x56b6c2, 0xb6bdca, //
            0x6f7785, 0xff8a93, 0xb5e08f, 0xffd68f, 0x82c4ff, 0xe09bf2, 0x74d3df, 0xffffff,
        ],
    };

    /// Dark letters on a light ground.
    pub const LIGHT: Palette = Palette {
        fg: 0x24292f,
        bg: 0xffffff,
        ansi: [
            0x24292f, 0xb3261e, 0x1a6b32, 0x7a5200, 0x0a58b5, 0x7c3ab0, 0x0f6674, 0x6e7781, //
            0x57606a, 0xd1342c, 0x238743, 0x946300, 0x1f6fd6, 0x9650cc, 0x177e8f, 0xe6e9ec,
        ],
    };

    fn resolve(&self, color: Color, default: u32) -> u32 {
        let index = match color {
            Color::Reset => return default,
            Color::Rgb(r, g, b) => return u32::from_be_bytes([0, r, g, b]),
            Color::Indexed(index) => index,
            named => ansi(named).unwrap_or_default(),
        };
        match index {
            0..=15 => self.ansi[usize::from(index)],
            16..=231 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                u32::from_be_bytes([0, level(cube / 36), level(cube / 6 % 6), level(cube % 6)])
            }
            232..=255 => u32::from(8 + 10 * (index - 232)) * 0x01_01_01,
        }
    }
}

/// Returns a named colour's place among the terminal's sixteen.
fn ansi(color: Color) -> Option<u8> {
    Some(match color {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}

/// Replaces each cell that holds a hazard (see [`display::is_hazard`]) by a question mark: the last door before the
/// terminal, for what did not pass [`display`].
pub fn scrub(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if masked(cell.symbol()) {
            cell.set_symbol(MASK);
        }
    }
}

/// Tells whether a cell's text must not be shown. The whole cell goes, so that nothing beside it moves.
fn masked(symbol: &str) -> bool {
    // Nearly all cells hold one ASCII letter.
    !matches!(symbol.as_bytes(), [b' '..=b'~']) && symbol.chars().any(display::is_hazard)
}

/// Returns a frame in a format. The palette is for pictures alone.
pub fn print(buffer: &Buffer, format: Format, palette: &Palette) -> String {
    match format {
        Format::Text => text(buffer),
        Format::Ansi => colored(buffer),
        Format::Svg => picture(buffer, palette),
    }
}

/// Returns a frame for a test's snapshot: its text, then the styles of each row as `row: from-to style`.
///
/// Equal rows that follow one another share a line; what has no style is not listed.
pub fn styled(buffer: &Buffer) -> String {
    let mut out = text(buffer);
    let rows: Vec<String> = (0..buffer.area.height).map(|y| row_styles(buffer, y)).collect();
    let mut first = 0;
    for same in rows.chunk_by(|one, next| one == next) {
        let last = first + same.len() - 1;
        if !same[0].is_empty() {
            let rows = if first == last { first.to_string() } else { format!("{first}-{last}") };
            let _ = writeln!(out, "{rows:>5}: {}", same[0]);
        }
        first = last + 1;
    }
    out
}

fn row_styles(buffer: &Buffer, y: u16) -> String {
    let runs = runs(buffer, y).into_iter().filter(|run| run.look != Look::PLAIN);
    runs.map(|run| format!("{}-{} {}", run.left(), run.right() - 1, run.look.words())).collect::<Vec<_>>().join("; ")
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    line: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Look = Look { fg: Color::Reset, bg: Color::Reset, line: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Look { fg: cell.fg, bg: cell.bg, line: cell.underline_color, modifier: cell.modifier }
    }

    /// Tells whether a blank in this look can be told from nothing.
    fn shows_blanks(self) -> bool {
        let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        self.bg != Color::Reset || self.modifier.intersects(seen)
    }

    fn words(self) -> String {
        let colors = [("fg", self.fg), ("bg", self.bg), ("line", self.line)];
        let colors = colors.into_iter().filter(|(_, color)| *color != Color::Reset);
        let modifiers = self.modifier.iter_names().map(|(name, _)| name.to_lowercase());
        colors.map(|(name, color)| format!("{name}={color}")).chain(modifiers).collect::<Vec<_>>().join(" ")
    }

    /// The parameters of the sequence that sets this look after a reset.
    fn codes(self) -> String {
        let mut codes = Vec::new();
        let table = [
            (Modifier::BOLD, "1"),
            (Modifier::DIM, "2"),
            (Modifier::ITALIC, "3"),
            (Modifier::UNDERLINED, "4"),
            (Modifier::SLOW_BLINK, "5"),
            (Modifier::RAPID_BLINK, "6"),
            (Modifier::REVERSED, "7"),
            (Modifier::HIDDEN, "8"),
            (Modifier::CROSSED_OUT, "9"),
        ];
        codes
            .extend(table.into_iter().filter(|(one, _)| self.modifier.contains(*one)).map(|(_, code)| code.to_owned()));
        for (color, base) in [(self.fg, 30), (self.bg, 40), (self.line, 50)] {
            match (color, ansi(color)) {
                (Color::Indexed(index), _) => codes.push(format!("{};5;{index}", base + 8)),
                (Color::Rgb(r, g, b), _) => codes.push(format!("{};2;{r};{g};{b}", base + 8)),
                // A line's colour has no short form.
                (_, Some(index)) if base == 50 => codes.push(format!("58;5;{index}")),
                (_, Some(index @ 0..=7)) => codes.push((base + index).to_string()),
                (_, Some(index)) => codes.push((base + 60 + index - 8).to_string()),
                (_, None) => {}
            }
        }
        codes.join(";")
    }
}

/// Returns the sequence that sets a style after a reset; nothing for the plain one.
pub fn sequence(style: Style) -> String {
    let color = |color: Option<Color>| color.unwrap_or(Color::Reset);
    let look = Look {
        fg: color(style.fg),
        bg: color(style.bg),
        line: color(style.underline_color),
        modifier: style.add_modifier,
    };
    if look == Look::PLAIN { String::new() } else { format!("\x1b[{}m", look.codes()) }
}

/// A cell's text with the columns it takes.
struct Glyph<'a> {
    x: u16,
    width: u16,
    symbol: &'a str,
}

impl Glyph<'_> {
    fn is_blank(&self) -> bool {
        self.symbol.chars().all(char::is_whitespace)
    }
}

/// Neighbours of one look; never empty.
struct Run<'a> {
    look: Look,
    glyphs: Vec<Glyph<'a>>,
}

impl Run<'_> {
    fn left(&self) -> u16 {
        self.glyphs.first().map_or(0, |glyph| glyph.x)
    }

    fn right(&self) -> u16 {
        self.glyphs.last().map_or(0, |glyph| glyph.x + glyph.width)
    }
}

/// The runs of a row, counted from the buffer's own corner.
fn runs(buffer: &Buffer, y: u16) -> Vec<Run<'_>> {
    let area = buffer.area;
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut x = 0;
    while x < area.width {
        let cell = &buffer[(area.x + x, area.y + y)];
        let symbol = if masked(cell.symbol()) { MASK } else { cell.symbol() };
        // A wide character also takes the cell after it, whatever that holds.
        let width = u16::try_from(symbol.width()).unwrap_or(u16::MAX).clamp(1, area.width - x);
        let (look, glyph) = (Look::of(cell), Glyph { x, width, symbol });
        match runs.last_mut() {
            Some(run) if run.look == look => run.glyphs.push(glyph),
            _ => runs.push(Run { look, glyphs: vec![glyph] }),
        }
        x += width;
    }
    runs
}

fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let row: String = runs(buffer, y).iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.symbol).collect();
        out.push_str(row.trim_end_matches(' '));
        out.push('\n');
    }
    out
}

fn colored(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut runs = runs(buffer, y);
        while let Some(run) = runs.last_mut() {
            if run.look.shows_blanks() {
                break;
            }
            let kept = run.glyphs.iter().rposition(|glyph| !glyph.is_blank()).map_or(0, |last| last + 1);
            run.glyphs.truncate(kept);
            if kept > 0 {
                break;
            }
            runs.pop();
        }
        for run in runs {
            let codes = run.look.codes();
            let text: String = run.glyphs.iter().map(|glyph| glyph.symbol).collect();
            if codes.is_empty() {
                out.push_str(&text);
            } else {
                let _ = write!(out, "\u{1b}[{codes}m{text}\u{1b}[0m");
            }
        }
        out.push('\n');
    }
    out
}

fn picture(buffer: &Buffer, palette: &Palette) -> String {
    let (width, height) = (pixels(buffer.area.width, CELL), pixels(buffer.area.height, ROW));
    // The generic family alone: a picture looks for no font by name.
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"15\" shape-rendering=\"crispEdges\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#{:06x}\"/>\n",
        palette.bg
    );
    for y in 0..buffer.area.height {
        let runs = runs(buffer, y);
        let top = pixels(y, ROW);
        // All grounds of a row come before its letters, which may reach over their cells.
        for run in &runs {
            let (_, bg) = colors(run.look, palette);
            if bg != palette.bg {
                bar(&mut out, run, top, ROW, bg);
            }
        }
        for run in &runs {
            letters(&mut out, run, top, palette);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn pixels(cells: u16, size: u16) -> u32 {
    u32::from(cells) * u32::from(size)
}

/// A run's colours as they are seen.
fn colors(look: Look, palette: &Palette) -> (u32, u32) {
    let (fg, bg) = (palette.resolve(look.fg, palette.fg), palette.resolve(look.bg, palette.bg));
    if look.modifier.contains(Modifier::REVERSED) { (bg, fg) } else { (fg, bg) }
}

/// A bar as wide as the run.
fn bar(out: &mut String, run: &Run<'_>, top: u32, height: u16, color: u32) {
    let (left, width) = (pixels(run.left(), CELL), pixels(run.right() - run.left(), CELL));
    let _ =
        writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#{color:06x}\"/>");
}

fn letters(out: &mut String, run: &Run<'_>, top: u32, palette: &Palette) {
    let modifier = run.look.modifier;
    if modifier.contains(Modifier::HIDDEN) {
        return;
    }
    let (fg, _) = colors(run.look, palette);
    let mut style = format!(" fill=\"#{fg:06x}\"");
    for (one, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::DIM, " fill-opacity=\"0.6\""),
    ] {
        if modifier.contains(one) {
            style.push_str(attribute);
        }
    }
    let seen: Vec<&Glyph<'_>> = run.glyphs.iter().filter(|glyph| !glyph.is_blank()).collect();
    // Every letter has its own place, so that no font can move it. Readers count what is not one UTF-16 unit
    // differently, so that stands alone; and as some know only the first place, each word has a text of its own.
    let joined = |one: &&Glyph<'_>, next: &&Glyph<'_>| {
        is_unit(one.symbol) && is_unit(next.symbol) && one.x + one.width == next.x
    };
    for glyphs in seen.chunk_by(joined) {
        let places: Vec<String> = glyphs.iter().map(|glyph| pixels(glyph.x, CELL).to_string()).collect();
        let (x, y) = (places.join(" "), top + u32::from(BASELINE));
        let _ = write!(out, "<text x=\"{x}\" y=\"{y}\"{style}>");
        for glyph in glyphs {
            escape(out, glyph.symbol);
        }
        out.push_str("</text>\n");
    }
    if modifier.contains(Modifier::UNDERLINED) {
        bar(out, run, top + u32::from(UNDER), 1, palette.resolve(run.look.line, fg));
    }
    if modifier.contains(Modifier::CROSSED_OUT) {
        bar(out, run, top + u32::from(THROUGH), 1, fg);
    }
}

fn is_unit(symbol: &str) -> bool {
    symbol.encode_utf16().count() == 1
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_palette_knows_all_colors() {
        let color = |index| format!("{:06x}", Palette::DARK.resolve(Color::Indexed(index), 0));
        assert_eq!(
            [16, 21, 46, 196, 231, 232, 255].map(color),
            ["000000", "0000ff", "00ff00", "ff0000", "ffffff", "080808", "eeeeee"]
        );
        assert_eq!(color(9), color_of(Color::LightRed));
        assert_eq!(color_of(Color::Reset), "123456");
        fn color_of(color: Color) -> String {
            format!("{:06x}", Palette::DARK.resolve(color, 0x123456))
        }
    }
}
