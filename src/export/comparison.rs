//! Two audits side by side, for a terminal and as Markdown.

use unicode_width::UnicodeWidthStr as _;

use super::text::{code, code_cell, count, inline};
use crate::model::compare::{Agreement, Comparison, Differing, FindingSide, Pair, Said, Side};
use crate::model::record::Support;
use crate::model::score::{Range, Score};
use crate::repo::display;

/// Columns of the labels on the left.
const LABEL: usize = 20;

/// Returns the comparison as text in two columns.
///
/// `width` is that of the terminal in columns; below 60 it is taken for 60.
pub fn side_by_side(comparison: &Comparison, width: usize) -> String {
    let columns = Columns { each: (width.max(60) - LABEL - 2) / 2 };
    let Comparison { a, b, .. } = comparison;
    let mut out = String::new();
    let mut row = |label: &str, a: &str, b: &str| out += &columns.row(label, a, b);
    row("", "A", "B");
    row("audit", &a.id, &b.id);
    row("auditor", &a.auditor, &b.auditor);
    if a.url == b.url {
        row("commit", &a.pin, if a.pin == b.pin { "the same" } else { &b.pin });
    } else {
        row("repository", &a.url, &b.url);
        row("commit", &a.pin, &b.pin);
    }
    row("date", a.date.as_deref().unwrap_or("-"), b.date.as_deref().unwrap_or("-"));
    row("audited score", &headline(a), &headline(b));
    if !comparison.dimensions.is_empty() {
        out += "\nLevels, and items that both answered alike\n";
        for one in &comparison.dimensions {
            let label = format!("{} {}", one.dimension, alike(one));
            out += &columns.row(&label, &level(a, &one.dimension), &level(b, &one.dimension));
        }
    }
    out += &format!("\n{}\n", differing_title(comparison));
    for one in &comparison.differing {
        out += &columns.row(format!("{} {}", one.slot, points(one)).trim_end(), &said(&one.a), &said(&one.b));
    }
    for (name, slots) in one_sided(comparison) {
        out += &format!("\nAnswered in {name} alone\n");
        for line in broken(&slots.join(", "), width.max(60) - 2) {
            out += &format!("  {}\n", display::line(&line));
        }
    }
    out += &format!("\n{}\n", findings_title(comparison));
    let line = |sign: char, one: &FindingSide| format!("  {sign} {}\n", display::line(&finding(one)));
    out.extend(comparison.lost.iter().map(|one| line('-', one)));
    out.extend(comparison.gained.iter().map(|one| line('+', one)));
    out.extend(comparison.kept.iter().map(|pair| format!("  = {}\n", display::line(&kept(pair)))));
    for note in &comparison.notes {
        out += &format!("note: {}\n", display::line(note));
    }
    out
}

/// Returns the comparison as Markdown.
pub fn markdown(comparison: &Comparison) -> String {
    let Comparison { a, b, .. } = comparison;
    let mut out = format!("# {} and {}\n\n| | A | B |\n|---|---|---|\n", code(&a.id), code(&b.id));
    let mut row = |label: &str, a: String, b: String| out += &format!("| {label} | {a} | {b} |\n");
    row("Audit", code_cell(&a.id), code_cell(&b.id));
    row("Auditor", inline(&a.auditor), inline(&b.auditor));
    row("Repository", inline(&a.url), inline(&b.url));
    row("Commit", code_cell(&a.pin), code_cell(&b.pin));
    row("Date", inline(a.date.as_deref().unwrap_or("-")), inline(b.date.as_deref().unwrap_or("-")));
    row("Audited score", inline(&headline(a)), inline(&headline(b)));
    if !comparison.dimensions.is_empty() {
        out += "\n| Dimension | Answered alike | A | B |\n|---|---|---|---|\n";
        for one in &comparison.dimensions {
            let [ours, theirs] = [a, b].map(|side| inline(&level(side, &one.dimension)));
            out += &format!("| {} | {} | {ours} | {theirs} |\n", inline(&one.dimension), alike(one));
        }
    }
    out += &format!("\n## {}\n\n", differing_title(comparison));
    if !comparison.differing.is_empty() {
        out += "| Item | A | B | Points |\n|---|---|---|---|\n";
        for one in &comparison.differing {
            let slot = inline(&one.slot.to_string());
            out += &format!("| {slot} | {} | {} | {} |\n", inline(&said(&one.a)), inline(&said(&one.b)), points(one));
        }
    }
    for (name, slots) in one_sided(comparison) {
        out += &format!("\nAnswered in {name} alone: {}\n", inline(&slots.join(", ")));
    }
    out += &format!("\n## {}\n\n", findings_title(comparison));
    out.extend(comparison.lost.iter().map(|one| format!("- only in A: {}\n", inline(&finding(one)))));
    out.extend(comparison.gained.iter().map(|one| format!("- only in B: {}\n", inline(&finding(one)))));
    out.extend(comparison.kept.iter().map(|pair| format!("- in both: {}\n", inline(&kept(pair)))));
    if !comparison.notes.is_empty() {
        out += "\n## Notes\n\n";
        out.extend(comparison.notes.iter().map(|note| format!("- {}\n", inline(note))));
    }
    out
}

/// Returns the items and facts that one side alone answers, by side. A side without any answers is none to compare with.
fn one_sided(comparison: &Comparison) -> Vec<(char, Vec<String>)> {
    let Comparison { a, b, one_sided, .. } = comparison;
    if a.given.is_empty() || b.given.is_empty() {
        return Vec::new();
    }
    let slots = |of_a: bool| {
        let slots = one_sided.iter().filter(|one| one.a.is_some() == of_a);
        slots.map(|one| one.slot.to_string()).collect::<Vec<String>>()
    };
    [('A', slots(true)), ('B', slots(false))].into_iter().filter(|(_, slots)| !slots.is_empty()).collect()
}

/// Two columns beside a label.
struct Columns {
    /// Columns of each.
    each: usize,
}

impl Columns {
    /// Returns a row; what is too long goes on in the next line.
    fn row(&self, label: &str, a: &str, b: &str) -> String {
        let cells = [(label, LABEL), (a, self.each), (b, self.each)];
        let cells = cells.map(|(text, width)| (broken(&display::line(text), width), width));
        let lines = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
        let mut out = String::new();
        for at in 0..lines {
            let mut line = String::new();
            for (cell, width) in &cells {
                let text = cell.get(at).map_or("", String::as_str);
                line += text;
                line += &" ".repeat((width + 1).saturating_sub(text.width()));
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }
}

/// Breaks text into lines of at most `width` columns: between words, or inside one that is too long.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        let fits = |line: &str, word: &str| line.is_empty() || line.width() + 1 + word.width() <= width;
        if lines.last().is_some_and(|line| !fits(line, word)) {
            lines.push(String::new());
        }
        while word.width() > width {
            let mut at = 0;
            let mut taken = 0;
            for (index, c) in word.char_indices() {
                taken += c.to_string().width();
                if taken > width {
                    break;
                }
                at = index + c.len_utf8();
            }
            let (head, tail) = word.split_at(at.max(word.chars().next().map_or(1, char::len_utf8)));
            if let Some(line) = lines.last_mut() {
                *line = head.to_owned();
            }
            lines.push(String::new());
            word = tail;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn range(range: Range) -> String {
    if range.settled() { range.low.to_string() } else { format!("{}–{}", range.low, range.high) }
}

fn headline(side: &Side) -> String {
    let Some(score) = &side.score else { return "-".to_owned() };
    let tier = score.tier.as_deref().unwrap_or("tier open").replace('_', " ");
    format!("{} of 100, {tier}; {} of {} met", range(score.headline), score.met, score.applicable)
}

/// Returns a dimension's level in words: in each mode, or once.
fn level(side: &Side, dimension: &str) -> String {
    let Some(score) = &side.score else { return "-".to_owned() };
    let words = |low: &str, high: &str| if low == high { low.to_owned() } else { format!("{low}–{high}") };
    let Score { modes, separate, .. } = score;
    let mut found: Vec<String> = Vec::new();
    for mode in modes {
        let of = mode.dimensions.iter().filter(|one| one.id == dimension);
        found.extend(of.map(|one| format!("{} {}", words(&one.low, &one.high), range(one.points))));
    }
    let of = separate.iter().filter(|one| one.id == dimension);
    found.extend(of.map(|one| format!("{} {}", words(&one.low, &one.high), range(one.points))));
    found.dedup();
    if let [one] = found.as_slice() {
        return one.clone();
    }
    let named: Vec<String> = modes.iter().zip(&found).map(|(mode, text)| format!("{}: {text}", mode.mode)).collect();
    named.join(", ")
}

fn alike(one: &Agreement) -> String {
    format!("{}/{}", one.alike, one.both)
}

fn said(said: &Said) -> String {
    let on = match said.support {
        Support::Evidence => "evidence",
        Support::Reason => "a reason alone",
        Support::None => "unsupported",
    };
    format!("{} ({on})", said.value.as_deref().unwrap_or("open").replace('_', " "))
}

/// Returns what an answer is worth: how A's and B's headline would change with the other's.
fn points(one: &Differing) -> String {
    match (one.change_in_a, one.change_in_b) {
        (Some(0), Some(0)) => "0".to_owned(),
        (Some(a), Some(b)) => format!("{a:+}/{b:+}"),
        _ => String::new(),
    }
}

fn differing_title(comparison: &Comparison) -> String {
    match comparison.differing.as_slice() {
        [] if comparison.a.given.is_empty() || comparison.b.given.is_empty() => "No answers to compare".to_owned(),
        [] => "Every item that both answered is answered alike".to_owned(),
        some => format!(
            "{} answered differently (points: A's headline with B's answer alone / B's with A's)",
            count(some.len(), "item or fact", "items and facts")
        ),
    }
}

fn findings_title(comparison: &Comparison) -> String {
    let Comparison { kept, lost, gained, .. } = comparison;
    format!("Findings: {} in both, {} only in A, {} only in B", kept.len(), lost.len(), gained.len())
}

fn finding(one: &FindingSide) -> String {
    let title = one.title.as_deref().unwrap_or("withheld");
    let cwe: Vec<&str> = one.cwe.iter().map(String::as_str).collect();
    let cwe = if cwe.is_empty() { String::new() } else { format!(" ({})", cwe.join(", ")) };
    format!("{} {}: {title}{cwe}", one.severity, one.id)
}

fn kept(pair: &Pair) -> String {
    let Pair { a, b } = pair;
    if a.severity == b.severity {
        return format!("{}, {} in B", finding(a), b.id);
    }
    format!("{}, {} {} in B", finding(a), b.severity, b.id)
}
