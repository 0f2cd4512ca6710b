//! `findings/<severity>-NNN-<slug>.md`: one finding by the audit database's template.

use super::text::{self, capital, inline, item, prose};
use super::{Source, evidence};
use crate::model::evidence::Kind;
use crate::model::finding::{Disclosure, Finding};
use crate::model::record::{FindingBody, FindingRow};

/// What a section says that the auditor left empty: none of the template's sections vanishes.
const NOT_STATED: &str = "Not stated.";

/// Returns a finding's file by the audit database's template (sections and their order as in its published audits).
///
/// A withheld one says only that it is there; a withdrawn one has no file.
pub fn finding(source: &Source, row: &FindingRow) -> Option<String> {
    match &row.body {
        FindingBody::Public { file, finding } => Some(public(source, row, stem(file), finding)),
        FindingBody::Withheld { file, until, commitment } => {
            let until = inline(until);
            let head = [
                format!("**Finding ID**: {}", inline(stem(file))),
                format!("**Severity**: {}", capital(row.severity.word())),
                format!("**Standard Items**: {}", items(row)),
                format!("**Disclosure**: withheld until {until}"),
                format!("**Commitment**: `{commitment}`"),
            ];
            Some(format!(
                "# Finding: Withheld until {until}\n\n{}\n\nWhat this finding says is withheld until {until}. The commitment is the \
                 SHA-256 of the line of the audit's journal that holds it: when that line is published, anyone can hash it and see that \
                 it was written before this record was signed and has not been changed.\n",
                head.join("  \n"),
            ))
        }
        FindingBody::Withdrawn { .. } => None,
    }
}

/// Returns the finding's ID: its file's name without folder and ending.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".md").unwrap_or(name)
}

/// Returns the items that a finding is on.
pub(super) fn items(row: &FindingRow) -> String {
    if row.items.is_empty() { "none".to_owned() } else { joined(&row.items) }
}

/// Returns what may be published of a finding, in words.
pub(super) fn disclosure(finding: &Finding) -> String {
    match &finding.disclosure {
        Some(Disclosure::Public) => "public".to_owned(),
        Some(Disclosure::WithheldUntil(date)) => format!("withheld until {}", inline(date)),
        None => "public".to_owned(),
    }
}

/// Joins fields of one line, or says that there are none.
pub(super) fn joined(fields: &[String]) -> String {
    let each: Vec<String> = fields.iter().filter(|field| !field.trim().is_empty()).map(|field| inline(field)).collect();
    if each.is_empty() { NOT_STATED.trim_end_matches('.').to_owned() } else { each.join(", ") }
}

fn field(text: &str) -> String {
    joined(&[text.to_owned()])
}

fn list(marker: impl Fn(usize) -> String, entries: &[String]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.trim().is_empty())
        .enumerate()
        .map(|(at, entry)| item(&marker(at + 1), entry))
        .collect();
    if entries.is_empty() { NOT_STATED.to_owned() } else { entries.join("\n") }
}

fn public(source: &Source, row: &FindingRow, id: &str, finding: &Finding) -> String {
    let head = [
        format!("**Finding ID**: {}", inline(id)),
        format!("**Severity**: {}", capital(row.severity.word())),
        format!("**Category**: {}", field(&finding.category)),
        format!("**CWE**: {}", joined(&finding.cwe)),
        format!("**CVSS Score**: {}", field(&finding.cvss)),
        format!("**Reachability**: {}", capital(evidence::reachability(finding.reachability))),
        format!("**Standard Items**: {}", items(row)),
        format!("**Advisories**: {}", joined(&finding.advisories)),
        format!("**Disclosure**: {}", capital(&disclosure(finding))),
    ];
    let carried = if row.carried {
        "\n\n*Carried over from an older audit; the auditor neither confirmed nor changed it since.*"
    } else {
        ""
    };
    let bullets = |entries: &[String]| list(|_| "-".to_owned(), entries);
    let boxes = |entries: &[String]| list(|_| "- [ ]".to_owned(), entries);
    let numbers = |entries: &[String]| list(|number| format!("{number}."), entries);
    let recommendations = &finding.recommendations;
    let sections = [
        format!("# Finding: {}", inline(&finding.title)),
        head.join("  \n"),
        format!("## Executive Summary\n{}{carried}", prose(&finding.summary)),
        format!("## Technical Description\n{}", prose(&finding.description)),
        format!("## Evidence\n{}", backing(source, row)),
        format!("## Impact Assessment\n{}", impact(finding)),
        format!("## Affected Components\n{}", components(source, row, finding)),
        format!("## Reproduction Steps\n{}", numbers(&finding.reproduction)),
        format!("## Risk Scenarios\n{}", bullets(&finding.risks)),
        "## Recommendations".to_owned(),
        format!("### Immediate Actions\n{}", boxes(&recommendations.immediate)),
        format!("### Short-term Improvements\n{}", boxes(&recommendations.short_term)),
        format!("### Long-term Strategic Changes\n{}", boxes(&recommendations.long_term)),
        format!("## Remediation Validation\n{}", numbers(&finding.validation)),
        format!("## References\n{}", bullets(&finding.references)),
        format!("## Status Tracking\n{}", status(source, row)),
        format!("## Auditor Notes\n{}", prose(&finding.notes)),
    ];
    format!("{}\n", sections.join("\n\n"))
}

fn backing(source: &Source, row: &FindingRow) -> String {
    let pieces: Vec<String> = row
        .evidence
        .iter()
        .filter_map(|id| evidence::row(source, *id))
        .map(|row| evidence::full(source, row, 3))
        .collect();
    if pieces.is_empty() { NOT_STATED.to_owned() } else { pieces.join("\n\n") }
}

fn impact(finding: &Finding) -> String {
    let impact = &finding.impact;
    let lines = [
        ("Confidentiality", &impact.confidentiality),
        ("Integrity", &impact.integrity),
        ("Availability", &impact.availability),
        ("Exploitability", &impact.exploitability),
        ("Scope", &impact.scope),
    ]
    .map(|(word, text)| item(&format!("- **{word}**:"), text));
    lines.join("\n")
}

fn components(source: &Source, row: &FindingRow, finding: &Finding) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in row.evidence.iter().filter_map(|id| evidence::row(source, *id)) {
        let Kind::Code { regions } = &row.evidence.kind else { continue };
        for region in regions {
            let line = format!("- File: {} ({})", text::path(&region.path), evidence::lines(region));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    let others = finding.components.iter().filter(|component| !component.trim().is_empty());
    lines.extend(others.map(|component| item("-", component)));
    if lines.is_empty() { NOT_STATED.to_owned() } else { lines.join("\n") }
}

fn status(source: &Source, row: &FindingRow) -> String {
    [
        format!("- [x] Identified: {}", row.at.date()),
        format!("- [x] Documented: {}", source.statement.predicate.sealed_at.date()),
        "- [ ] Reported to maintainers:".to_owned(),
        "- [ ] Acknowledged by maintainers:".to_owned(),
        "- [ ] Fix available:".to_owned(),
        "- [ ] Fix verified:".to_owned(),
        "- [ ] Closed:".to_owned(),
    ]
    .join("\n")
}
