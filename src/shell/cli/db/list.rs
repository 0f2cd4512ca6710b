//! `touchstone db list`: the audits of a database, filtered and sorted.

use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use super::super::context::Context;
use super::super::interrupt::Interrupt;
use super::{Source, cut_start, fit, read_from};
use crate::auditdb::query::{Filter, LevelIs, Row, Sort, Span, Standing, standing};
use crate::auditdb::{Catalog, Counts, Database, Format, ScoreEntry, Server, Who};
use crate::error::{Error, Result};
use crate::export::count;
use crate::model::finding::Severity;
use crate::repo::display;

/// A record's score is the auditor's: it is labelled "audited" everywhere, and nothing here checks it (`touchstone verify`
/// does). An audit written by hand has none.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Sort by date (the newest first), server, score (the lowest first), severity (the worst first) or auditor
    #[arg(long, value_name = "BY", default_value_t = Sort::Date, value_parser = Sort::from_str)]
    sort: Sort,
    /// Sort the other way round
    #[arg(long)]
    reverse: bool,
    /// Print so many rows at most; all are counted
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    max: usize,
}

/// Which audits are meant.
#[derive(Debug, clap::Args)]
pub struct FilterArgs {
    /// Words that all occur in the server's or the auditor's name, the description or a finding's title
    #[arg(value_name = "TEXT")]
    words: Vec<String>,
    /// Only the newest audit of each server
    #[arg(long)]
    latest: bool,
    /// Tier of the audited score: secure, moderate, at-risk
    #[arg(long)]
    tier: Option<String>,
    /// Span in which the whole audited score lies: 50..80, 80.., ..49
    #[arg(long, value_name = "MIN..MAX", value_parser = Span::from_str)]
    score: Option<Span>,
    /// Level of a dimension, in some mode: transport=stdio, data=local-only, auth=oauth2; several must all hold
    #[arg(long, value_name = "DIMENSION=LEVEL", value_parser = LevelIs::from_str)]
    level: Vec<LevelIs>,
    /// A finding of this severity that still holds; one of several is enough
    #[arg(long, value_name = "SEVERITY", value_parser = Severity::from_str)]
    severity: Vec<Severity>,
    /// The auditor's login, or a part of the name
    #[arg(long)]
    auditor: Option<String>,
    /// The server's language, as metadata.json has it
    #[arg(long)]
    language: Option<String>,
    /// Age in days: ..90, 365..
    #[arg(long, value_name = "MIN..MAX", value_parser = Span::from_str)]
    age: Option<Span>,
    /// From this date on
    #[arg(long, value_name = "DATE", value_parser = date)]
    since: Option<Date>,
    /// Up to this date
    #[arg(long, value_name = "DATE", value_parser = date)]
    until: Option<Date>,
    /// The highest certificate reached: bronze, silver, gold, none
    #[arg(long, value_name = "CERTIFICATE")]
    certification: Option<String>,
    /// A signature is there (whether it is good, `touchstone verify` says)
    #[arg(long, conflicts_with = "unsigned")]
    signed: bool,
    /// No signature is there
    #[arg(long)]
    unsigned: bool,
    /// Older than a year
    #[arg(long, conflicts_with = "current")]
    expired: bool,
    /// Not older than a year
    #[arg(long)]
    current: bool,
    /// The day on which ages are reckoned (default: today)
    #[arg(long, value_name = "DATE", value_parser = date)]
    as_of: Option<Date>,
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is not a date such as 2026-01-31"))
}

impl FilterArgs {
    /// Returns the filter.
    pub fn filter(&self) -> Filter {
        let either = |yes: bool, no: bool| (yes || no).then_some(yes);
        Filter {
            latest: self.latest,
            tier: self.tier.clone(),
            score: self.score,
            levels: self.level.clone(),
            severities: self.severity.clone(),
            auditor: self.auditor.clone(),
            language: self.language.clone(),
            age: self.age,
            since: self.since,
            until: self.until,
            certification: self.certification.clone(),
            signature: either(self.signed, self.unsigned),
            expired: either(self.expired, self.current),
            words: self.words.clone(),
        }
    }

    /// Returns the day on which ages are reckoned.
    pub fn as_of(&self, context: &Context) -> Result<Date> {
        match self.as_of {
            Some(date) => Ok(date),
            None => today(context),
        }
    }
}

/// Returns today's date, UTC.
pub fn today(context: &Context) -> Result<Date> {
    let today = context.now()?.date();
    today.parse().map_err(|_| Error::could_not(format!("The clock's date {today} is out of range.")))
}

#[derive(Serialize)]
struct Report<'a> {
    database: String,
    commit: Option<String>,
    as_of: String,
    /// Audits that match.
    matches: usize,
    /// Audits that there are.
    audits: usize,
    rows: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    server: &'a Server,
    audit: &'a str,
    date: Option<String>,
    age_days: Option<i32>,
    standing: Standing,
    auditor: &'a Who,
    format: Format,
    language: Option<&'a str>,
    server_type: Option<&'a str>,
    open: Counts,
    score: Option<&'a ScoreEntry>,
    signature_present: bool,
    problems: usize,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let as_of = args.filter.as_of(context)?;
    let database = args.source.open()?;
    let catalog = args.source.catalog(context, &database, &interrupt)?;
    let rows = args.filter.filter().rows(&catalog, as_of, args.sort, args.reverse);
    let report = Report {
        database: database.path().display().to_string(),
        commit: database.commit().map(|commit| commit.to_string()),
        as_of: as_of.to_string(),
        matches: rows.len(),
        audits: catalog.audits().count(),
        rows: rows.iter().take(args.max).map(|row| line(*row, as_of)).collect(),
    };
    context.report("touchstone.db-list/1", &report, || text(&report, &database, &catalog))
}

fn line<'a>(row: Row<'a>, as_of: Date) -> Line<'a> {
    let Row { server, entry } = row;
    let (standing, age_days) = standing(entry, as_of);
    Line {
        server: &server.server,
        audit: &entry.audit,
        date: entry.date(),
        age_days,
        standing,
        auditor: &entry.auditor,
        format: entry.format,
        language: server.about.language.as_deref(),
        server_type: server.about.server_type.as_deref(),
        open: entry.open(),
        score: entry.score.as_ref(),
        signature_present: entry.signature_present,
        problems: entry.problems.len(),
    }
}

/// Returns a server's name for the eye: the commonest host is left out.
pub fn short(server: &Server) -> String {
    let name = server.to_string();
    name.strip_prefix("github.com/").map(str::to_owned).unwrap_or(name)
}

/// Returns an audited score for the eye, with its tier's first words.
pub fn scored(score: Option<&ScoreEntry>) -> String {
    let Some(score) = score else { return "-".to_owned() };
    let tier = score.tier.as_deref().unwrap_or("open").replace('_', " ");
    format!("{} {tier}", score.headline)
}

/// Returns numbers of findings for the eye, a column each; none is a dot.
pub fn counted(counts: &Counts) -> String {
    let each = Severity::ALL.map(|severity| match counts.of(severity) {
        0 => " .".to_owned(),
        number => format!("{:>2}", number.min(99)),
    });
    each.join(" ")
}

fn text(report: &Report<'_>, database: &Database, catalog: &Catalog) -> String {
    let mut out = read_from(database) + "\n";
    out += &format!("{} of {}, on {}\n", report.matches, count(report.audits, "audit", "audits"), report.as_of);
    if !report.rows.is_empty() {
        out +=
            &format!("\n{:<11} {:<27} {:<10} {:<11} {}\n", "DATE", "SERVER", "AUDITOR", "AUDITED", "  C  H  M  L  I");
    }
    for row in &report.rows {
        let signed = if row.signature_present { 's' } else { ' ' };
        let odd = if row.problems > 0 { '!' } else { ' ' };
        out += format!(
            "{}{} {} {} {} {}{signed}{odd}",
            fit(row.date.as_deref().unwrap_or("-"), 10),
            row.standing.mark(),
            fit(&cut_start(&display::line(&short(row.server)), 27), 27),
            fit(&display::line(&row.auditor.login), 10),
            fit(&display::line(&scored(row.score)), 11),
            counted(&row.open),
        )
        .trim_end();
        out.push('\n');
    }
    if !report.rows.is_empty() {
        out += "\nx older than a year  + dated in the future  ? without a date\n";
        out += "s a signature is there, not checked here  ! has problems: `db show` names them\n";
        out += "findings that still hold: Critical High Medium Low Info\n";
    }
    if report.rows.len() < report.matches {
        out += &format!("{} more; --max N prints more\n", report.matches - report.rows.len());
    }
    for left in &catalog.left_out {
        out += &format!("left out: {}\n", display::line(left));
    }
    out
}
