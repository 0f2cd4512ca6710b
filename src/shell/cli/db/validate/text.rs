//! A validation's report as text.

use crate::auditdb::validate::{AuditReport, Class, Issue, Outcome, Report};
use crate::export::count;
use crate::repo::display;

/// Reports of more audits than this leave notes and audits without issues out.
const LONG: usize = 20;

/// Returns a report for the terminal.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    if let Some(range) = &report.range {
        out += &format!("changes {}\n", display::line(range));
    }
    let long = report.audits.len() > LONG;
    let mut left = 0;
    for audit in &report.audits {
        let shown: Vec<&Issue> = audit.issues.iter().filter(|issue| !long || issue.class != Class::Note).collect();
        left += audit.issues.len() - shown.len();
        if long && shown.is_empty() {
            continue;
        }
        out += &format!("{} {}: {}\n", mark(audit.outcome), display::line(name(audit)), audit.outcome.words());
        for issue in shown {
            out += &line(issue, &audit.path);
        }
    }
    if !report.issues.is_empty() {
        out += "beside the audits:\n";
        for issue in &report.issues {
            out += &line(issue, "");
        }
    }
    if left > 0 {
        out += &format!("{} left out here; --format json has all\n", count(left, "note", "notes"));
    }
    let of = |outcome: Outcome| report.audits.iter().filter(|audit| audit.outcome == outcome).count();
    let counts = &report.counts;
    out += &format!(
        "{}: {} passed, {} for a person, {} to change\n",
        count(report.audits.len(), "audit", "audits"),
        of(Outcome::Passed),
        of(Outcome::HumanReview),
        of(Outcome::ChangesRequested)
    );
    out += &format!(
        "{} blocking, {} for a person, {} advisory, {} legacy, {}\n{}\n",
        counts.blocking,
        counts.needs_human,
        counts.advisory,
        counts.legacy,
        count(counts.note, "note", "notes"),
        report.outcome.words()
    );
    out
}

fn name(audit: &AuditReport) -> &str {
    if audit.path.is_empty() { &audit.id } else { &audit.path }
}

fn mark(outcome: Outcome) -> char {
    match outcome {
        Outcome::Passed => '✓',
        Outcome::HumanReview => '?',
        Outcome::ChangesRequested => '✗',
    }
}

fn line(issue: &Issue, folder: &str) -> String {
    let mark = match issue.class {
        Class::Blocking => '✗',
        Class::NeedsHuman => '?',
        Class::Advisory => '!',
        Class::Legacy => '~',
        Class::Note => '·',
    };
    // Below its audit's line an issue names the file alone.
    let file = issue.file.strip_prefix(folder).unwrap_or(&issue.file).trim_start_matches('/');
    let at = issue.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = if file.is_empty() { String::new() } else { format!(" {}{at}", display::line(file)) };
    let mut out = format!(
        "  {mark} {}{place}: {} ({})\n",
        issue.rule.rule().word,
        display::line(&issue.reason),
        issue.class.word()
    );
    if issue.class != Class::Note {
        out += &format!("      {}\n", issue.remedy);
    }
    out
}
