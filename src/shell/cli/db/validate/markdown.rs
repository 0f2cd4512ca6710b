//! A validation's report as the comment on a pull request.
//!
//! Everything from outside stands in code, where it can break no table, open no comment and call nobody.

use crate::auditdb::validate::{AuditReport, Class, Id, Issue, Outcome, Report, Signed};
use crate::export::count;
use crate::repo::display;

/// Comments on more audits than this have one table for all.
const LONG: usize = 10;
/// The most issues of one class that are listed; a comment has an end.
const LISTED: usize = 100;
/// A text from outside is cut here, in characters.
const SHOWN: usize = 300;

/// Returns the comment.
pub fn markdown(report: &Report) -> String {
    let status = match report.outcome {
        Outcome::Passed => "✅ Validation passed",
        Outcome::HumanReview => "⏸️ Human review required",
        Outcome::ChangesRequested => "❌ Changes requested",
    };
    let mut out = format!("## Audit submission review\n\n**Status**: {status}\n\n");
    if let Some(range) = &report.range {
        out += &format!("Judged: the changes in {}.\n\n", code(range));
    }
    if report.audits.is_empty() {
        out += "No audit was judged.\n\n";
    }
    let counts = &report.counts;
    out += "| Must be mended | For a person | Should be mended | Legacy | Notes |\n|---|---|---|---|---|\n";
    out += &format!(
        "| {} | {} | {} | {} | {} |\n\n",
        counts.blocking, counts.needs_human, counts.advisory, counts.legacy, counts.note
    );
    let must = if report.strict { "Must be mended (with `--strict`)" } else { "Should be mended (advisory)" };
    let sections = [
        (Class::Blocking, "Must be mended (blocking)"),
        (Class::NeedsHuman, "For a person to judge"),
        (Class::Advisory, must),
        (Class::Legacy, "Rules that are younger than the audit (legacy)"),
    ];
    for (class, title) in sections {
        out += &issues(report, class, title);
    }
    if report.audits.len() > LONG {
        out += &table(report);
    } else {
        for audit in &report.audits {
            out += &summary(audit);
        }
    }
    out += &notes(report);
    out += match report.outcome {
        Outcome::Passed => "### Recommendation\n\nReady for a maintainer's review.\n",
        Outcome::HumanReview => {
            "### What happens next\n\nA maintainer looks at what is listed for a person. No ruling is made here.\n"
        }
        Outcome::ChangesRequested => {
            "### Next steps\n\n1. Mend what must be mended.\n2. Consider what should be mended.\n3. Push to this pull request, and ask for another review.\n"
        }
    };
    out += &format!(
        "\n---\n*Made by touchstone {}. Text from the submission is shown as code and was not followed.*\n",
        env!("CARGO_PKG_VERSION")
    );
    out
}

fn issues(report: &Report, class: Class, title: &str) -> String {
    let of: Vec<&Issue> = report.all().filter(|issue| issue.class == class).collect();
    if of.is_empty() {
        return String::new();
    }
    let mut out = format!("### {title}\n\n");
    for (index, issue) in of.iter().take(LISTED).enumerate() {
        out += &format!("{}. **{}** at {}\n", index + 1, issue.rule.rule().word.replace('_', " "), place(issue));
        out += &format!("   - {}\n   - {}: {}\n", prose(&issue.reason), wanted(class), issue.remedy);
    }
    if of.len() > LISTED {
        out += &format!("\n{} more.\n", of.len() - LISTED);
    }
    out + "\n"
}

fn wanted(class: Class) -> &'static str {
    match class {
        Class::Blocking => "How to mend it",
        Class::NeedsHuman => "What to look at",
        Class::Advisory | Class::Legacy | Class::Note => "Suggestion",
    }
}

fn place(issue: &Issue) -> String {
    let file = if issue.file.is_empty() { "." } else { &issue.file };
    let line = issue.line.map(|line| format!(" line {line}")).unwrap_or_default();
    format!("{}{line}", code(file))
}

/// One row for each audit.
fn table(report: &Report) -> String {
    let mut out =
        "### Audits\n\n| Audit | Outcome | Blocking | For a person | Advisory |\n|---|---|---|---|---|\n".to_owned();
    for audit in report.audits.iter().take(LISTED * 10) {
        let of = |class: Class| audit.issues.iter().filter(|issue| issue.class == class).count();
        out += &format!(
            "| {} | {} | {} | {} | {} |\n",
            code(&audit.path),
            audit.outcome.words(),
            of(Class::Blocking),
            of(Class::NeedsHuman),
            of(Class::Advisory)
        );
    }
    out + "\n"
}

fn summary(audit: &AuditReport) -> String {
    let mut out = format!("### Audit {}\n\n| | |\n|---|---|\n", code(&audit.id));
    let login = audit.auditor.as_ref().map(|login| format!("@{}", login.trim_start_matches('@')));
    for (name, value) in [
        ("Target", audit.target.as_ref()),
        ("Auditor", login.as_ref()),
        ("Commit", audit.commit.as_ref()),
        ("Version", audit.version.as_ref()),
        ("Date", audit.date.as_ref()),
    ] {
        out += &format!("| {name} | {} |\n", value.map_or("–".to_owned(), |value| code(value)));
    }
    out += &format!("| Outcome | {} |\n| Signature | {} |\n\n", audit.outcome.words(), signature(audit));
    out += "| Severity | Count | Files |\n|---|---|---|\n";
    for findings in &audit.findings {
        let names: Vec<String> = findings.names.iter().take(20).map(|name| code(name)).collect();
        let names = if names.is_empty() { "–".to_owned() } else { names.join(", ") };
        out += &format!("| {} | {} | {names} |\n", findings.severity, findings.names.len());
    }
    out += "\n| Check | Result |\n|---|---|\n";
    for (name, rules) in CHECKS {
        out += &format!("| {name} | {} |\n", checked(audit, rules));
    }
    out += "\n| Quality | Rating |\n|---|---|\n";
    for (name, rating) in [
        ("Method documented", audit.method),
        ("Evidence shown", audit.evidence),
        ("Reproducible", audit.reproducibility),
    ] {
        out += &format!("| {name} | {} |\n", rating.word());
    }
    let contributor = match audit.first {
        Some(true) => "first audit in this database",
        Some(false) => "has earlier audits in this database",
        None => "not known here",
    };
    let prior: Vec<String> = audit.prior.iter().rev().take(10).map(|name| code(name)).collect();
    let prior = if prior.is_empty() { "none".to_owned() } else { prior.join(", ") };
    out + &format!("\n- Contributor: {contributor}\n- Earlier audits of the repository: {prior}\n\n")
}

/// What is checked, and the rules that say how it went.
const CHECKS: [(&str, &[Id]); 5] = [
    (
        "Folder, required files, JSON",
        &[
            Id::FolderName,
            Id::FileMissing,
            Id::JsonMalformed,
            Id::JsonDoubleKey,
            Id::JsonExhibit,
            Id::NotRegular,
            Id::StrangeName,
        ],
    ),
    (
        "Findings and their counts",
        &[
            Id::FindingName,
            Id::FindingNumber,
            Id::FindingId,
            Id::FindingSeverity,
            Id::FindingsCount,
            Id::FindingsTotal,
            Id::FindingsDetails,
        ],
    ),
    ("Pinned version", &[Id::PinMissing, Id::PinUnclear, Id::PinBranch, Id::CommitMalformed, Id::TagElsewhere]),
    (
        "Target and quoted code",
        &[Id::TargetUrl, Id::PlaceMismatch, Id::CitationPartly, Id::CitationElsewhere, Id::CitationNotFound],
    ),
    (
        "Labels of prompt injection",
        &[Id::InjectionUnlabelled, Id::InjectionDoubtful, Id::LabelUnbalanced, Id::LabelLocation],
    ),
];

/// Says how a check went by the gravest issue of its rules.
fn checked(audit: &AuditReport, rules: &[Id]) -> &'static str {
    let of = |rule: Id| audit.issues.iter().any(|issue| issue.rule == rule);
    let unverified = rules.contains(&Id::TargetUrl) && of(Id::TargetUnverified);
    match audit.issues.iter().filter(|issue| rules.contains(&issue.rule)).map(|issue| issue.class).min() {
        Some(Class::Blocking) => "❌ must be mended",
        Some(Class::NeedsHuman) => "⏸️ for a person",
        Some(Class::Advisory) => "⚠️ should be mended",
        Some(Class::Legacy) => "ℹ️ younger than the audit",
        Some(Class::Note) | None if unverified => "ℹ️ could not be verified here",
        Some(Class::Note) | None => "✅",
    }
}

fn signature(audit: &AuditReport) -> &'static str {
    match audit.signed {
        Signed::No => "none",
        Signed::Unchecked => "fits its own key, whose it is was not checked",
        Signed::Verified => "verified",
        Signed::Fails => "does not hold",
    }
}

fn notes(report: &Report) -> String {
    let of: Vec<&Issue> = report.all().filter(|issue| issue.class == Class::Note).collect();
    if of.is_empty() {
        return String::new();
    }
    let mut out = format!("<details><summary>{}</summary>\n\n", count(of.len(), "note", "notes"));
    for issue in of.iter().take(LISTED) {
        out +=
            &format!("- {} at {}: {}\n", issue.rule.rule().word.replace('_', " "), place(issue), prose(&issue.reason));
    }
    if of.len() > LISTED {
        out += &format!("- {} more\n", of.len() - LISTED);
    }
    out + "\n</details>\n\n"
}

/// Returns text from outside as code, on one line.
fn code(text: &str) -> String {
    let line = display::line(text);
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    let plain = !shown.contains(['`', '|', '\\', '<', '&']) && shown.trim() == shown && !shown.is_empty();
    if plain {
        return format!("`{shown}`");
    }
    // A cell of a table ends at a bar even in backticks; entities mean nothing to Markdown.
    let mut out = String::from("<code>");
    for c in shown.chars() {
        if c.is_ascii_punctuation() {
            out += &format!("&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out + "</code>"
}

/// Returns a reason: its own words as they are, everything else as code.
fn prose(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push(code(part));
            continue;
        }
        out.push(part.split(' ').map(word).collect::<Vec<_>>().join(" "));
    }
    out.concat()
}

/// Returns a word that cannot mean anything to Markdown, or else as code.
fn word(word: &str) -> String {
    let end = word.trim_end_matches([',', ';', ':', '.']);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ',' | ';' | ':' | '.' | '\'' | '-' | '(' | ')' | '/');
    let harmless = word.chars().all(plain) && !word.contains("//") && !word.to_ascii_lowercase().contains("www.");
    if word.is_empty() || harmless { word.to_owned() } else { format!("{}{}", code(end), &word[end.len()..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_breaks_nothing() {
        assert_eq!(code("a-b.md"), "`a-b.md`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("`@x`"), "<code>&#96;&#64;x&#96;</code>");
        assert_eq!(code("a\nb"), "<code>a&#92;nb</code>");
        assert_eq!(code("<!-- x"), "<code>&#60;&#33;&#45;&#45; x</code>");
        assert_eq!(
            prose("it is `a|b`, not @jo or https://x.y #1"),
            "it is <code>a&#124;b</code>, not `@jo` or `https://x.y` `#1`"
        );
        assert_eq!(prose("ends `in a quote"), "ends `in a quote`");
        for text in [
            "x |",
            "```",
            "<!--",
            "@jo",
            "[a](b)",
            "**b**",
            "\u{202e}",
            "| a | b |",
            "&lt;",
            "~~~",
            "www.a.b",
            "\\|",
            "`",
        ] {
            for out in [code(text), prose(text)] {
                let outside = out.replace("<code>", "").replace("</code>", "");
                assert!(!outside.contains(['|', '<', '\u{202e}']), "{text}: {out}");
                assert!(!outside.starts_with('@'), "{text}: {out}");
            }
        }
    }
}
