//! `touchstone db show`: one server with its audits, or one audit.

use std::str::FromStr as _;

use jiff::civil::Date;
use serde::Serialize;

use super::super::context::Context;
use super::super::interrupt::Interrupt;
use super::super::status::wrapped;
use super::list::{counted, scored, today};
use super::{Source, fit, read_from};
use crate::auditdb::index::{ServerSummary, summary};
use crate::auditdb::query::{self, Named, Row, Standing, standing};
use crate::auditdb::{Counts, Database, Entry, FindingEntry, Format, Level, ScoreEntry};
use crate::error::{Error, Result};
use crate::export::count;
use crate::model::finding::Severity;
use crate::repo::display;

/// How many names an error lists.
const NAMED: usize = 8;

/// A server is named `domain/org/repo`, by its URL, or by an end of its name that no other has; an audit by its folder,
/// alone or behind its server's name.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// The server or the audit
    name: String,
    /// The day on which ages are reckoned (default: today)
    #[arg(long, value_name = "DATE", value_parser = Date::from_str)]
    as_of: Option<Date>,
}

#[derive(Serialize)]
struct ServerReport {
    commit: Option<String>,
    as_of: String,
    /// How the newest audit stands on that day.
    standing: Option<Standing>,
    /// As `touchstone db index` writes it.
    summary: ServerSummary,
}

#[derive(Serialize)]
struct AuditReport<'a> {
    commit: Option<String>,
    as_of: String,
    date: Option<String>,
    age_days: Option<i32>,
    standing: Standing,
    open: Counts,
    entry: &'a Entry,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let as_of = args.as_of.map_or_else(|| today(context), Ok)?;
    let database = args.source.open()?;
    let catalog = args.source.catalog(context, &database, &interrupt)?;
    let found = query::find(&catalog, &args.name);
    match found.as_slice() {
        [Named::Server(server)] => {
            let summary = summary(server);
            let standing = server.latest().map(|entry| standing(entry, as_of).0);
            let commit = database.commit().map(|commit| commit.to_string());
            let report = ServerReport { commit, as_of: as_of.to_string(), standing, summary };
            context.report("touchstone.db-server/1", &report, || server_text(&report, &database, as_of))
        }
        [Named::Audit(row)] => {
            let (standing, age_days) = standing(row.entry, as_of);
            let report = AuditReport {
                commit: database.commit().map(|commit| commit.to_string()),
                as_of: as_of.to_string(),
                date: row.entry.date(),
                age_days,
                standing,
                open: row.entry.open(),
                entry: row.entry,
            };
            context.report("touchstone.db-audit/1", &report, || audit_text(&report, *row, &database))
        }
        [] => Err(Error::could_not(format!("The database has no server or audit `{}`.", args.name))
            .hint("`touchstone db list` lists them.")),
        several => {
            let names = several.iter().take(NAMED).map(|one| match one {
                Named::Server(server) => server.server.to_string(),
                Named::Audit(row) => format!("{}/{}", row.server.server, row.entry.audit),
            });
            let names: Vec<String> = names.collect();
            Err(Error::usage(format!("`{}` names {} of them.", args.name, several.len()))
                .hint(format!("Say which: {}.", names.join(", "))))
        }
    }
}

/// Writes labelled lines, of which those without a value are left out.
struct Lines(String);

impl Lines {
    fn say(&mut self, label: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.0 += &format!("  {label:<13} {}\n", display::line(value));
        }
        self
    }
}

fn server_text(report: &ServerReport, database: &Database, as_of: Date) -> String {
    let summary = &report.summary;
    let mut lines = Lines(format!("{}\n\n{}\n", read_from(database), display::line(&summary.server.to_string())));
    lines
        .say("about", summary.about.description.as_deref())
        .say("url", summary.about.url.as_deref())
        .say("language", summary.about.language.as_deref())
        .say("type", summary.about.server_type.as_deref())
        .say("license", summary.about.license.as_deref());
    let mut out = lines.0;
    for problem in &summary.about.problems {
        out += &told("  ! ", problem);
    }
    out += &format!("\n{}, the newest first, on {as_of}\n", count(summary.history.len(), "audit", "audits"));
    for entry in summary.history.iter().rev() {
        let mark = standing(entry, as_of).0.mark();
        let odd = if entry.problems.is_empty() { ' ' } else { '!' };
        out += format!(
            "  {}{mark} {} audited {} {}{odd}",
            fit(entry.date().as_deref().unwrap_or("-"), 10),
            fit(&display::line(&entry.audit), 30),
            fit(&display::line(&scored(entry.score.as_ref())), 11),
            counted(&entry.open()),
        )
        .trim_end();
        out.push('\n');
    }
    if report.standing == Some(Standing::Expired) {
        out += "  The newest audit is older than a year.\n";
    }
    if let (Some(score), Some(audit)) = (&summary.score, &summary.scored_by) {
        out += &format!("\naudited score by {}\n", display::line(audit));
        out += &score_text(score);
    }
    if let Some(latest) = summary.history.last() {
        out += &format!("\nfindings of {} that still hold\n", display::line(&latest.audit));
        out += &findings_text(latest, true);
    }
    out
}

fn audit_text(report: &AuditReport<'_>, row: Row<'_>, database: &Database) -> String {
    let entry = row.entry;
    let format = match entry.format {
        Format::Record => "a record (artifacts/record.json); `touchstone verify` checks it",
        Format::Published => "written by hand: no answers, no score",
    };
    let age = match (report.standing, report.age_days) {
        (standing, Some(days)) => format!("{} days on {}: {}", days, report.as_of, standing.word()),
        (standing, None) => standing.word().to_owned(),
    };
    let signature = if entry.signature_present { "present, not checked here" } else { "none" };
    let time = |time: Option<crate::model::time::Time>| time.map(|time| time.to_string());
    let mut lines = Lines(format!(
        "{}\n\n{}/{}\n",
        read_from(database),
        display::line(&entry.server.to_string()),
        display::line(&entry.audit)
    ));
    lines
        .say("format", Some(format))
        .say("auditor", Some(&entry.auditor.login))
        .say("name", entry.auditor.name.as_deref())
        .say("organization", entry.auditor.organization.as_deref())
        .say("url", entry.target.url.as_deref())
        .say("commit", entry.target.commit.as_deref())
        .say("version", entry.target.version.as_deref())
        .say("started", time(entry.dates.started).as_deref())
        .say("completed", time(entry.dates.completed).as_deref())
        .say("age", Some(&age))
        .say("status", entry.status.as_deref())
        .say("type", entry.audit_type.as_deref())
        .say("standard", entry.standard.as_deref())
        .say("supersedes", entry.supersedes.as_deref())
        .say("signature", Some(signature));
    if entry.partial {
        lines.say("partial", Some("items are open: not a finished audit"));
    }
    let mut out = lines.0;
    match &entry.score {
        Some(score) => out += &("\naudited score\n".to_owned() + &score_text(score)),
        None => out += "\naudited score -\n",
    }
    out += &format!("\nfindings: {}\n", in_words(&entry.counts));
    if let Some(claimed) = entry.claimed.filter(|claimed| *claimed != entry.counts) {
        out += &format!("  the manifest says: {}\n", in_words(&claimed));
    }
    out += &findings_text(entry, false);
    if !entry.problems.is_empty() {
        out += "\nproblems\n";
        for problem in &entry.problems {
            out += &told("  ! ", problem);
        }
    }
    out
}

/// Returns the numbers of findings in words, those that are none left out.
fn in_words(counts: &Counts) -> String {
    let each = Severity::ALL.into_iter().filter(|severity| counts.of(*severity) > 0);
    let each: Vec<String> = each.map(|severity| format!("{} {severity}", counts.of(severity))).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

fn score_text(score: &ScoreEntry) -> String {
    let mut out = format!(
        "  {} of 100, {}; {} of {} applicable items met; {}\n",
        score.headline,
        display::line(&score.tier.as_deref().unwrap_or("tier open").replace('_', " ")),
        score.met,
        score.applicable,
        display::line(score.certified.as_deref().unwrap_or("not certified"))
    );
    for level in &score.levels {
        let Level { dimension, mode, low, high, points } = level;
        let name = if low == high { low.clone() } else { format!("{low} … {high}") };
        let mode = mode.as_ref().map_or("separate".to_owned(), Clone::clone);
        out += &format!(
            "  {:<12} {:<10} {:>5}  {}\n",
            display::line(dimension),
            display::line(&mode),
            points.to_string(),
            display::line(&name)
        );
    }
    out
}

fn findings_text(entry: &Entry, open_only: bool) -> String {
    let mut findings: Vec<&FindingEntry> =
        entry.findings.iter().filter(|finding| !open_only || finding.open()).collect();
    findings.sort_by_key(|finding| (finding.severity.is_none(), finding.severity));
    let mut out = String::new();
    for finding in findings {
        let severity = finding.severity.map_or("?", Severity::word);
        let title = finding.title.as_deref().unwrap_or("-");
        let title = if finding.withheld.is_some() { "withheld" } else { title };
        out += &told(&format!("  {severity:<8} "), title);
        let file = finding.file.trim_start_matches("findings/").to_owned();
        let cwe = finding.cwe.join(", ");
        out += &told("      ", &if cwe.is_empty() { file } else { format!("{file}; {cwe}") });
        if let Some(why) = &finding.superseded {
            out += &told("      ", &format!("no longer holds: {why}"));
        }
        if let Some(until) = &finding.withheld {
            out += &told("      ", &format!("withheld until {until}"));
        }
    }
    if out.is_empty() { "  none\n".to_owned() } else { out }
}

/// Returns a text from outside behind a label, over as many lines as it takes.
fn told(label: &str, text: &str) -> String {
    let words: Vec<String> = display::line(text).split(' ').map(str::to_owned).collect();
    wrapped(label, " ", &words, 80).into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}
