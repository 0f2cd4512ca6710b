//! A standard for readers and for vendor teams: Markdown, a spreadsheet, JSON.

use super::text::{self, capital, inline, prose, sentence, words};
use crate::error::{Error, Result};
use crate::model::answer::{Answer, State};
use crate::model::finding::Severity;
use crate::model::standard::{Item, Standard, Test};
use crate::repo::display;

/// Returns a standard as a document: every question with its guidance, and the rules in words.
pub fn markdown(standard: &Standard) -> String {
    let mut blocks = vec![
        format!("# {}", inline(&standard.title)),
        format!("{}, version {}. {}", text::code(&standard.id), inline(&standard.version), inline(&standard.source)),
    ];
    blocks.extend(standard.derived_from.as_ref().map(|from| {
        format!("Derived from {} {} (sha256 {}).", inline(&from.id), inline(&from.version), text::code(&from.sha256))
    }));
    blocks.push("## Tiers".to_owned());
    blocks.push(bullets(
        standard
            .tiers
            .iter()
            .map(|tier| format!("**{}** (from {}): {}", inline(&tier.title), tier.min, inline(&tier.text))),
    ));
    if !standard.facts.is_empty() {
        blocks.push("## Facts".to_owned());
    }
    for fact in &standard.facts {
        let how = if fact.per_mode { "stated once per mode" } else { "stated once" };
        blocks.push(format!("### {} ({}, {how})", inline(&fact.title), text::code(&fact.id)));
        blocks.push(prose(&flat(&fact.guidance)));
        blocks.push(bullets(
            fact.values.iter().map(|value| format!("{}: {}", text::code(&value.id), inline(&value.title))),
        ));
    }
    for dimension in &standard.dimensions {
        blocks.push(format!("## {}", inline(&dimension.heading)));
        let how = match (dimension.per_mode, dimension.separate) {
            (true, _) => "Answered once per mode.",
            (false, true) => "Answered once; scored apart and never added to the total.",
            (false, false) => "Answered once.",
        };
        blocks.push(format!("{} {how}", inline(&dimension.about)));
        let mut lines = vec!["| Level | Points | Risk |".to_owned(), "| --- | --- | --- |".to_owned()];
        lines.extend(dimension.levels.iter().map(|level| {
            format!(
                "| {} ({}) | {} | {} |",
                inline(&level.title),
                text::code_cell(&level.id),
                level.points,
                inline(&level.risk)
            )
        }));
        blocks.push(lines.join("\n"));
        blocks.push("The first rule that holds decides:".to_owned());
        let rules = dimension.rules.iter().enumerate().map(|(at, rule)| {
            let level = dimension.levels.get(rule.level).map(|level| level.id.as_str()).unwrap_or_default();
            format!("{}. {}: {}", at + 1, text::code(level), condition(standard, &rule.when))
        });
        blocks.push(rules.collect::<Vec<_>>().join("\n"));
        for item in &dimension.items {
            blocks.extend(question(item));
        }
    }
    if !standard.certificates.is_empty() {
        blocks.push("## Certification".to_owned());
    }
    for certificate in &standard.certificates {
        blocks.push(format!("### {}", inline(&certificate.title)));
        let below = certificate.includes.and_then(|index| standard.certificates.get(index));
        let below = below.map(|below| format!(" Includes {}.", inline(&below.title))).unwrap_or_default();
        blocks.push(format!("{}.{below}", inline(&certificate.text).trim_end_matches('.')));
        blocks.push(bullets(certificate.require.iter().map(|requirement| inline(&requirement.text))));
    }
    if !standard.contradictions.is_empty() {
        blocks.push("## Contradictions".to_owned());
        blocks.push(bullets(standard.contradictions.iter().map(|one| inline(&one.text))));
    }
    let mut out = blocks.join("\n\n");
    out.push('\n');
    out
}

fn bullets(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

fn accepted(item: &Item) -> String {
    item.accepts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn controls(item: &Item) -> String {
    let each = item.refs.iter().map(|(catalogue, ids)| format!("{catalogue}: {}", ids.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

fn question(item: &Item) -> Vec<String> {
    let mut blocks = vec![
        format!("### {}: {}", inline(&item.id), sentence(&item.text)),
        format!("Secure answer: **{}**. Accepted answers: {}.", item.secure, accepted(item)),
    ];
    if let Some(not_applicable) = &item.not_applicable {
        blocks.push(text::said("Not applicable", &flat(&not_applicable.hint)));
    }
    for (word, text) in [
        ("What to look for", &item.look_for),
        ("What counts as evidence", &item.counts),
        ("Partial", &item.partial),
        ("Trap", &item.trap),
    ] {
        if !text.trim().is_empty() {
            blocks.push(text::said(word, &flat(text)));
        }
    }
    if !item.refs.is_empty() {
        blocks.push(format!("**Controls that evidence here is relevant to**: {}", inline(&controls(item))));
    }
    blocks
}

/// Returns guidance without the line ends of the file that it stands in; paragraphs stay.
fn flat(text: &str) -> String {
    text.split("\n\n").map(words).collect::<Vec<_>>().join("\n\n")
}

fn one_of<T>(things: &[T], word: impl Fn(&T) -> String) -> String {
    things.iter().map(word).collect::<Vec<_>>().join(" or ")
}

fn condition(standard: &Standard, test: &Test) -> String {
    let state = |states: &[State]| one_of(states, |state| state.to_string());
    let severities = |all: &[Severity]| one_of(all, |severity| severity.to_string());
    let all = |tests: &[Test], word: &str| {
        let each: Vec<String> = tests
            .iter()
            .map(|test| {
                let nested = matches!(test, Test::All(inner) | Test::Any(inner) if inner.len() > 1);
                let text = condition(standard, test);
                if nested { format!("({text})") } else { text }
            })
            .collect();
        each.join(word)
    };
    match test {
        Test::All(tests) if tests.is_empty() => "otherwise".to_owned(),
        Test::All(tests) => all(tests, " and "),
        Test::Any(tests) => all(tests, " or "),
        Test::None(tests) => format!("none of: {}", all(tests, "; ")),
        Test::Item { item, is, evidenced } => {
            let backed = if *evidenced { ", backed by evidence" } else { "" };
            format!("{} is {}{backed}", inline(item), one_of(is, Answer::to_string))
        }
        Test::ItemState { item, state: states } => format!("{} is {}", inline(item), state(states)),
        Test::EachItem { state: states, finding, exists } => {
            let who = if *exists { "some item" } else { "no item" };
            let on = if finding.is_empty() {
                String::new()
            } else {
                format!(" with an open finding of severity {}", severities(finding))
            };
            format!("{who}{on} is {}", state(states))
        }
        Test::Fact { fact, is } => format!("{} is {}", inline(fact), one_of(is, |value| inline(value))),
        Test::Level { dimension, is } => {
            let Some(dimension) = standard.dimensions.get(*dimension) else { return String::new() };
            let level = |index: &usize| dimension.levels.get(*index).map(|level| inline(&level.id)).unwrap_or_default();
            format!("{} stands at {}", inline(&dimension.id), one_of(is, level))
        }
        Test::Tier { is } => format!("the tier is {}", one_of(is, |tier| inline(tier))),
        Test::Finding { severity, on, advisory, exists } => {
            let who = if *exists { "an open finding" } else { "no open finding" };
            let on = if on.is_empty() { String::new() } else { format!(" on {}", one_of(on, |item| inline(item))) };
            let rests = if *advisory { " that rests on an advisory" } else { "" };
            format!("there is {who} of severity {}{on}{rests}", severities(severity))
        }
    }
}

/// Returns a standard as a spreadsheet: one row an item, with empty columns for a team's own answers.
///
/// # Errors
/// Never for a standard that was read; writing to memory cannot fail.
pub fn csv(standard: &Standard) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let failed = |error: ::csv::Error| Error::could_not(format!("Could not write the spreadsheet: {error}."));
    writer
        .write_record([
            "id",
            "dimension",
            "question",
            "secure answer",
            "accepted answers",
            "not applicable",
            "what to look for",
            "counts as evidence",
            "partial",
            "trap",
            "controls",
            "answer",
            "reason",
            "evidence",
        ])
        .map_err(failed)?;
    for (dimension, item) in standard.items() {
        let hint = item.not_applicable.as_ref().map(|one| one.hint.as_str()).unwrap_or_default();
        let row = [
            &item.id,
            &dimension.heading,
            &item.text,
            &item.secure.to_string(),
            &accepted(item),
            hint,
            &item.look_for,
            &item.counts,
            &item.partial,
            &item.trap,
            &controls(item),
            "",
            "",
            "",
        ];
        writer.write_record(row.map(cell)).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::could_not(format!("Could not write the spreadsheet: {}.", error.error())))?;
    String::from_utf8(bytes).map_err(|error| Error::could_not(format!("Could not write the spreadsheet: {error}.")))
}

/// Returns a cell that no spreadsheet takes for a formula (OWASP, CSV injection): on one line, with an apostrophe before
/// a character that begins one, also where spaces or quotes stand before it.
fn cell(text: &str) -> String {
    // The raw text decides as well as the shown one: a tab or a CR is a space or a token by then.
    let flat = words(&display::block(text));
    let starts = |text: &str| {
        let first = text
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '`'));
        first.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '−'])
    };
    if text.starts_with(['\t', '\r']) || starts(text) || starts(&flat) { format!("'{flat}") } else { flat }
}

/// Returns a standard as JSON, one document.
///
/// # Errors
/// Never for a standard that was read; all of it has a JSON form.
pub fn json(standard: &Standard) -> Result<String> {
    let mut out = display::json(standard, true)
        .map_err(|error| Error::could_not(format!("Could not write {} as JSON: {error}.", capital(&standard.id))))?;
    out.push('\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_get_an_apostrophe() {
        for text in ["=1+1", "+1", "-1", "@x", "\t=1", "\r1", "  =1", "\"=1\"", "' =1", "\n=1", "＝1", "\u{200b}=1"] {
            let cell = cell(text);
            assert!(cell.starts_with('\'') || !cell.starts_with(['=', '+', '-', '@']), "{text:?} {cell:?}");
        }
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell(" \"=cmd\""), "'\"=cmd\"");
        assert_eq!(cell("a = b"), "a = b");
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula(text in "[ \t\r\n\"'=+@a-]{0,6}.{0,20}") {
            let cell = cell(&text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            let bare = cell.trim_start_matches(['\'', '"', ' ']);
            prop_assert!(cell.starts_with('\'') || !bare.starts_with(['=', '+', '-', '@']), "{cell:?}");
            prop_assert!(!cell.contains('\n'));
        }
    }
}
