//! `touchstone show`: lines of a file, as they stand at a commit.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::str::FromStr;

use ratatui::style::Style;
use serde::Serialize;

use super::context::Context;
use crate::app::text::{LINE_LIMIT, LONG_LINE, Text};
use crate::error::{Error, Result};
use crate::export::count;
use crate::highlight::{self, Class, Plain, Reading, Span, Symbol};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::repo::{Content, Pin, Repo, display, line_count};
use crate::shell::print;
use crate::ui::theme::{Role, Theme};

/// What ends a colour.
const RESET: &str = "\x1b[0m";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, from the root of the repository
    path: OsString,
    /// Only these lines, from 1, both included: 10:20, 10:, :20 or 10
    #[arg(long, short = 'r', value_name = "A:B")]
    lines: Option<Lines>,
    /// The commit: a branch, tag or hash (default: the audit's pin)
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Only the text: no line numbers, no colours
    #[arg(long, short = 'p')]
    plain: bool,
    /// When to use colours; `auto` does on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto", conflicts_with = "plain")]
    color: When,
    /// Read the colours of far lines from the start of the file, instead of guessing them from the code just above
    #[arg(long)]
    exact: bool,
    /// List the functions, classes and headings instead
    #[arg(long, conflicts_with_all = ["lines", "plain", "exact"])]
    outline: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Lines from 1, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lines {
    first: usize,
    last: usize,
}

impl FromStr for Lines {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let number = |text: &str, open: usize| match text {
            "" => Some(open),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().filter(|number| *number > 0),
            _ => None,
        };
        match (number(first, 1), number(last, usize::MAX)) {
            (Some(first), Some(last)) if first <= last && !text.is_empty() => Ok(Lines { first, last }),
            _ => Err("lines are from 1, the first one first, such as 10:20, 10:, :20 or 10".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    path: String,
    commit: ObjectId,
    blob: ObjectId,
    /// How many lines the file has.
    total: usize,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    line: usize,
    /// What is not UTF-8 in it is replaced: whoever needs the bytes reads the blob.
    text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct Outline {
    path: String,
    commit: ObjectId,
    blob: ObjectId,
    symbols: Vec<Named>,
    /// Why not all of the file was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
}

#[derive(Serialize)]
struct Named {
    line: usize,
    depth: usize,
    kind: &'static str,
    name: String,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let pin = pin(args, context)?;
    let text = text(&pin, args)?;
    if args.outline {
        return outline(context, &pin, &text);
    }
    let wanted = args.lines.unwrap_or(Lines { first: 1, last: usize::MAX });
    if wanted.first > text.lines().max(1) {
        let path = display::bytes(&text.path.0);
        let lines = count(text.lines(), "line", "lines");
        return Err(Error::usage(format!("{path} has {lines}; there is no line {}.", wanted.first)));
    }
    let lines = wanted.first - 1..wanted.last.min(text.lines());
    if context.global.json {
        let line = |line: usize| Line { line: line + 1, text: String::from_utf8_lossy(text.line(line)) };
        let (path, total) = (display::bytes(&text.path.0), text.lines());
        let report = Report { path, commit: pin.commit(), blob: text.blob, total, lines: lines.map(line).collect() };
        return context.report("touchstone.show/1", &report, String::new);
    }
    let terminal = std::io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let coloured = match args.color {
        _ if args.plain => false,
        When::Auto => terminal && !no_color,
        When::Always => true,
        When::Never => false,
    };
    let ui = context.config()?.ui;
    let sheet = Sheet {
        text: &text,
        theme: Theme::new(ui.theme, ui.ascii, !coloured),
        numbers: !args.plain,
        coloured,
        cut: terminal,
    };
    let reading = if coloured {
        highlight::read(&text.path, &text.bytes, lines.clone(), args.exact)
    } else {
        Reading { lines: Vec::new(), exact: true, plain: None }
    };
    context.print(&sheet.print(lines, &reading))?;
    tell(&text, &reading);
    Ok(())
}

/// Says on standard error what the colours are worth.
fn tell(text: &Text, reading: &Reading) {
    let mut stderr = std::io::stderr().lock();
    if !reading.exact {
        let _ = writeln!(
            stderr,
            "touchstone: the colours are guessed from the code just above; --exact reads the file from its start"
        );
    }
    if let Some(why) = reading.plain {
        let _ = writeln!(stderr, "touchstone: {} is {why}", display::bytes(&text.path.0));
    }
}

/// Opens the clone at the commit that is meant.
fn pin(args: &Args, context: &Context) -> Result<Pin> {
    match &args.at {
        // Any commit can be read, with an audit or without one.
        Some(rev) if context.global.audit.is_none() => {
            let repo = Repo::discover(&context.clone_path())?;
            repo.pin(repo.resolve(rev)?, &[])
        }
        Some(rev) => {
            let repo = context.repo_of(&context.view()?.audit)?;
            repo.pin(repo.resolve(rev)?, &[])
        }
        None => {
            let view = context.view().map_err(|error| error.hint("Or name a commit: --at HEAD."))?;
            context.pin_of(&view.audit)
        }
    }
}

/// Reads the file.
fn text(pin: &Pin, args: &Args) -> Result<Text> {
    let bytes = args.path.as_bytes();
    let path = RepoPath(bytes.strip_prefix(b"./").unwrap_or(bytes).to_vec());
    let said = display::bytes(&path.0);
    let entry = pin.find(&path)?;
    if !entry.is_file() {
        return Err(Error::could_not(format!("{said} is a symbolic link or a submodule; neither is followed.")));
    }
    match pin.content(entry.oid)? {
        Content::Text(bytes) if line_count(&bytes) > LINE_LIMIT => {
            Err(Error::could_not(format!("{said} has more than {LINE_LIMIT} lines.")))
        }
        Content::Text(bytes) => Ok(Text::new(path, entry.oid, bytes)),
        Content::Binary(size) => Err(Error::could_not(format!("{said} is binary, {size} bytes."))),
        Content::TooLarge(size) => Err(Error::could_not(format!("{said} is too large to be loaded, {size} bytes."))),
    }
}

/// How lines are printed.
struct Sheet<'a> {
    text: &'a Text,
    theme: Theme,
    numbers: bool,
    coloured: bool,
    /// A long line is cut: on a terminal nobody reads it, and it pushes all others away.
    cut: bool,
}

impl Sheet<'_> {
    fn print(&self, lines: Range<usize>, reading: &Reading) -> String {
        let bytes =
            lines.clone().last().map_or(0, |last| self.text.range(last).end - self.text.range(lines.start).start);
        let mut out = String::with_capacity(2 * bytes + 16 * lines.len());
        let digits = lines.end.max(1).ilog10() as usize + 1;
        let paint = |style: Style| if self.coloured { print::sequence(style) } else { String::new() };
        let number = paint(self.theme.style(Role::LineNumber));
        let hazard = paint(self.theme.style(Role::Hazard));
        let cut = paint(self.theme.style(Role::Cut));
        let classes = Classes::new(&paint, &self.theme);
        let put = |out: &mut String, paint: &str, text: &str| {
            if paint.is_empty() {
                out.push_str(text);
            } else {
                out.push_str(paint);
                out.push_str(text);
                out.push_str(RESET);
            }
        };
        for line in lines.clone() {
            let long = self.text.is_long(line);
            if self.numbers {
                // A long line is marked: it has no colours.
                let mark = if long { '~' } else { ' ' };
                put(&mut out, &number, &format!("{:>digits$} {mark}", line + 1));
            }
            let bytes = self.text.line(line);
            if long {
                let shown = if self.cut { &bytes[..display::boundary(bytes, LONG_LINE)] } else { bytes };
                out.push_str(&display::block_bytes(shown));
                if self.cut {
                    put(&mut out, &cut, &format!(" … long line of {} bytes, cut here", bytes.len()));
                }
            } else if self.coloured {
                let spans = reading.lines.get(line - lines.start).map(Vec::as_slice).unwrap_or_default();
                colour(bytes, spans, &mut |text, class, is_hazard| {
                    let paint = match class {
                        _ if is_hazard => &hazard,
                        Some(class) => classes.of(class),
                        None => "",
                    };
                    put(&mut out, paint, text);
                });
            } else {
                out.push_str(&display::block_bytes(bytes));
            }
            out.push('\n');
        }
        out
    }
}

/// The sequences of the classes, made once.
struct Classes(Vec<(Class, String)>);

impl Classes {
    fn new(paint: &dyn Fn(Style) -> String, theme: &Theme) -> Classes {
        Classes(Class::ALL.iter().map(|class| (*class, paint(theme.class(*class)))).collect())
    }

    fn of(&self, class: Class) -> &str {
        self.0.iter().find(|(known, _)| *known == class).map_or("", |(_, paint)| paint)
    }
}

/// Takes a line apart where its class changes or a token stands, each piece past the door for outside text.
fn colour(bytes: &[u8], spans: &[Span], each: &mut dyn FnMut(&str, Option<Class>, bool)) {
    let mut spans = spans.iter().peekable();
    for piece in display::pieces(bytes) {
        let mut at = piece.range.start;
        while spans.next_if(|span| span.end as usize <= at).is_some() {}
        // What is not shown as it is has no places within.
        if piece.hazard || piece.text.len() != piece.range.len() {
            let class = spans.peek().filter(|span| span.start as usize <= at).map(|span| span.class);
            each(&piece.text, class, piece.hazard);
            continue;
        }
        while at < piece.range.end {
            while spans.next_if(|span| span.end as usize <= at).is_some() {}
            let (end, class) = match spans.peek() {
                Some(span) if span.start as usize <= at => (span.end as usize, Some(span.class)),
                Some(span) => (span.start as usize, None),
                None => (piece.range.end, None),
            };
            let end = end.min(piece.range.end);
            // A span ends where a character does; should one ever not, the piece goes out whole.
            let (from, to) = (at - piece.range.start, end - piece.range.start);
            match piece.text.get(from..to) {
                Some(text) => each(text, class, false),
                None => {
                    each(piece.text.get(from..).unwrap_or_default(), class, false);
                    break;
                }
            }
            at = end;
        }
    }
}

fn outline(context: &Context, pin: &Pin, text: &Text) -> Result<()> {
    let (symbols, plain) = highlight::names(&text.path, &text.bytes);
    let named = |symbol: Symbol| Named {
        line: symbol.line + 1,
        depth: symbol.depth,
        kind: symbol.kind.word(),
        name: symbol.name,
    };
    let report = Outline {
        path: display::bytes(&text.path.0),
        commit: pin.commit(),
        blob: text.blob,
        symbols: symbols.into_iter().map(named).collect(),
        plain: plain.as_ref().map(Plain::to_string),
    };
    context.report("touchstone.outline/1", &report, || {
        let digits = report.symbols.last().map_or(1, |last| last.line.ilog10() as usize + 1);
        let mut out = String::new();
        for symbol in &report.symbols {
            let indent = "  ".repeat(symbol.depth.min(12));
            out += &format!("{:>digits$}  {indent}{}  ({})\n", symbol.line, display::line(&symbol.name), symbol.kind);
        }
        if let Some(why) = &report.plain {
            out += &format!("{} is {why}\n", report.path);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_ranges_from_one() {
        let lines = |text: &str| text.parse::<Lines>().map(|lines| (lines.first, lines.last)).ok();
        assert_eq!(lines("10:20"), Some((10, 20)));
        assert_eq!(lines("7"), Some((7, 7)));
        assert_eq!(lines("7:"), Some((7, usize::MAX)));
        assert_eq!(lines(":7"), Some((1, 7)));
        for wrong in ["", "0", "0:3", "3:2", "-1", "+1", "a:b", "1:2:3", "99999999999999999999999"] {
            assert_eq!(lines(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_coloured_line_loses_nothing() {
        let line = "let \u{202e}x = \"é\u{301}\tz\"; // \u{1b}[0m";
        let span = |start, end| Span { start, end, class: Class::String };
        for spans in [vec![], vec![span(0, 3), span(9, 14)], vec![span(5, 6), span(13, 14), span(20, 99)]] {
            let mut shown = String::new();
            colour(line.as_bytes(), &spans, &mut |text, _, _| shown.push_str(text));
            assert_eq!(shown, display::block_bytes(line.as_bytes()), "{spans:?}");
        }
        let mut pieces = Vec::new();
        colour(b"a bc d", &[span(2, 4)], &mut |text, class, _| pieces.push((text.to_owned(), class)));
        let want = [("a ", None), ("bc", Some(Class::String)), (" d", None)];
        assert_eq!(pieces, want.map(|(text, class)| (text.to_owned(), class)));
    }
}
