//! `touchstone finding`: writes, edits, withdraws and lists findings.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::context::{Context, said};
use super::gather::{Gather, Reach};
use crate::error::{Error, Result};
use crate::model::event::{Event, FindingId, Subject};
use crate::model::evidence::Reachability;
use crate::model::finding::{Disclosure, Finding, Severity};
use crate::repo::display;

/// The largest file that is read as a finding, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a finding
    Add(Box<Fields>),
    /// Change a finding; what is not given stays
    Edit {
        /// Such as F2
        id: FindingId,
        #[command(flatten)]
        fields: Box<Fields>,
    },
    /// Withdraw a finding as mistaken
    Withdraw {
        /// Such as F2
        id: FindingId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List the findings
    List,
    /// Show a finding as the TOML that `--from` reads
    Show {
        /// Such as F2
        id: FindingId,
    },
}

/// A finding's fields. Lists that are given replace the list that was there.
#[derive(Debug, Clone, Default, clap::Args)]
struct Fields {
    /// Read the fields from a TOML file (`touchstone finding show F1` prints one); options given beside it win
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// One line
    #[arg(long)]
    title: Option<String>,
    /// critical, high, medium, low or info (info also carries strengths)
    #[arg(long)]
    severity: Option<Severity>,
    /// An item that it bears on
    #[arg(long = "item", value_name = "ITEM")]
    items: Vec<String>,
    /// Such as "Network Security"
    #[arg(long, value_name = "TEXT")]
    category: Option<String>,
    /// Such as CWE-78
    #[arg(long)]
    cwe: Vec<String>,
    /// A CVSS score or vector
    #[arg(long, value_name = "TEXT")]
    cvss: Option<String>,
    /// A published advisory that it rests on, such as GHSA-… or CVE-…
    #[arg(long = "advisory", value_name = "ID")]
    advisories: Vec<String>,
    /// `public`, or `withheld:YYYY-MM-DD` to publish only that it is there until that date
    #[arg(long, value_name = "WHAT")]
    disclosure: Option<Disclosure>,
    /// Executive summary
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// Technical description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Impact on confidentiality
    #[arg(long, value_name = "TEXT")]
    impact_confidentiality: Option<String>,
    /// Impact on integrity
    #[arg(long, value_name = "TEXT")]
    impact_integrity: Option<String>,
    /// Impact on availability
    #[arg(long, value_name = "TEXT")]
    impact_availability: Option<String>,
    /// How hard it is to use
    #[arg(long, value_name = "TEXT")]
    exploitability: Option<String>,
    /// What it reaches
    #[arg(long, value_name = "TEXT")]
    impact_scope: Option<String>,
    /// An affected component besides the files that the evidence names
    #[arg(long = "component", value_name = "TEXT")]
    components: Vec<String>,
    /// A reproduction step
    #[arg(long, value_name = "TEXT")]
    reproduction: Vec<String>,
    /// A risk scenario
    #[arg(long = "risk", value_name = "TEXT")]
    risks: Vec<String>,
    /// A recommendation for now
    #[arg(long, value_name = "TEXT")]
    immediate: Vec<String>,
    /// A recommendation for soon
    #[arg(long, value_name = "TEXT")]
    short_term: Vec<String>,
    /// A recommendation for the long run
    #[arg(long, value_name = "TEXT")]
    long_term: Vec<String>,
    /// How to tell that it is mended
    #[arg(long, value_name = "TEXT")]
    validation: Vec<String>,
    /// A reference
    #[arg(long = "reference", value_name = "TEXT")]
    references: Vec<String>,
    /// Auditor's notes
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    #[command(flatten)]
    gather: Gather,
}

#[derive(Serialize)]
struct Changed<'a> {
    id: FindingId,
    finding: &'a Finding,
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    audit: &'a str,
    findings: Vec<Changed<'a>>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::Add(fields) => {
            let journal = context.journal()?;
            let id = journal.audit.next_finding();
            let from = fields.read()?;
            let (Some(title), Some(severity)) = (
                fields.title.clone().or_else(|| from.as_ref().map(|finding| finding.title.clone())),
                fields.severity.or_else(|| from.as_ref().map(|finding| finding.severity)),
            ) else {
                return Err(Error::usage("A finding needs at least --title and --severity.")
                    .hint("Or --from FILE; `touchstone finding add --help` names every field."));
            };
            let base = from.unwrap_or_else(|| Finding::new(title.clone(), severity));
            write(context, journal, id, fields, base)
        }
        Command::Edit { id, fields } => {
            let journal = context.journal()?;
            let known = journal.audit.now.findings.get(id).map(|found| found.finding.clone());
            let base = match (fields.read()?, known) {
                (_, None) => return Err(missing(*id)),
                (Some(from), Some(_)) => from,
                (None, Some(known)) => known,
            };
            write(context, journal, *id, fields, base)
        }
        Command::Withdraw { id, reason } => {
            said("--reason", Some(reason))?;
            let mut journal = context.journal()?;
            if !journal.audit.now.findings.contains_key(id) {
                return Err(missing(*id));
            }
            context.act(&mut journal, vec![Event::FindingWithdrawn { id: *id, reason: reason.clone() }])?;
            report(context, &journal.audit, *id)
        }
        Command::List => {
            let audit = context.view()?.audit;
            let findings: Vec<Changed<'_>> = audit.now.findings.keys().filter_map(|id| changed(&audit, *id)).collect();
            let list = List { audit: &audit.now.opened.audit, findings };
            context.report("touchstone.finding.list/1", &list, || {
                if list.findings.is_empty() {
                    return "No findings.\n".to_owned();
                }
                list.findings.iter().map(line).collect()
            })
        }
        Command::Show { id } => {
            let audit = context.view()?.audit;
            let changed = changed(&audit, *id).ok_or_else(|| missing(*id))?;
            let toml = toml_of(changed.finding)?;
            context.report("touchstone.finding/1", &changed, || toml)
        }
    }
}

/// Returns a finding as TOML that passes the door for outside text unchanged, so that `--from` reads the same finding.
fn toml_of(finding: &Finding) -> Result<String> {
    let failed = |error: toml::ser::Error| Error::could_not(format!("Could not write TOML: {error}."));
    let pretty = toml::to_string_pretty(finding).map_err(failed)?;
    if display::block(&pretty) == pretty {
        return Ok(pretty);
    }
    let table = toml::Table::try_from(finding).map_err(failed)?;
    Ok(table.iter().map(|(key, value)| format!("{key} = {}\n", escaped(value))).collect())
}

/// Writes a value on one line, with everything in its strings that is not plain escaped.
fn escaped(value: &toml::Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match value {
        toml::Value::String(text) => {
            let plain = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
            let each = |c: char| if plain(c) { c.to_string() } else { format!("\\U{:08X}", u32::from(c)) };
            format!("\"{}\"", text.chars().map(each).collect::<String>())
        }
        toml::Value::Array(values) => format!("[{}]", list(values.iter().map(escaped).collect())),
        toml::Value::Table(table) => {
            let pairs = table.iter().map(|(key, value)| format!("{key} = {}", escaped(value)));
            format!("{{ {} }}", list(pairs.collect()))
        }
        other => other.to_string(),
    }
}

fn missing(id: FindingId) -> Error {
    Error::usage(format!("There is no finding {id}.")).hint("`touchstone finding list` lists them.")
}

fn write(
    context: &Context,
    mut journal: crate::journal::Journal,
    id: FindingId,
    fields: &Fields,
    base: Finding,
) -> Result<()> {
    let mut finding = fields.over(base);
    let gathered = fields.gather.run(context, &journal, &[Subject::Finding(id)])?;
    if finding.reachability == Reachability::NotKnown {
        // What its evidence says holds for the finding, until somebody says otherwise: the worst case first.
        let said: Vec<Reachability> = gathered
            .ids
            .iter()
            .filter_map(|id| journal.audit.now.evidence.get(id))
            .map(|piece| piece.evidence.reachability)
            .collect();
        let order = [Reachability::Reachable, Reachability::Latent, Reachability::TestOnly];
        if let Some(one) = order.into_iter().find(|one| said.contains(one)) {
            finding.reachability = one;
        }
    }
    let mut events = vec![Event::FindingSet { id, finding: Box::new(finding) }];
    events.extend(gathered.events);
    context.act(&mut journal, events)?;
    report(context, &journal.audit, id)
}

fn changed(audit: &crate::model::audit::Audit, id: FindingId) -> Option<Changed<'_>> {
    let found = audit.now.findings.get(&id)?;
    Some(Changed {
        id,
        finding: &found.finding,
        evidence: audit.now.backing(&Subject::Finding(id)).iter().map(ToString::to_string).collect(),
        withdrawn: found.withdrawn.as_deref(),
    })
}

fn report(context: &Context, audit: &crate::model::audit::Audit, id: FindingId) -> Result<()> {
    let changed = changed(audit, id).ok_or_else(|| missing(id))?;
    context.report("touchstone.finding/1", &changed, || {
        let mut out = line(&changed);
        let undecided = changed.withdrawn.is_none() && changed.finding.disclosure.is_none();
        if undecided && changed.finding.severity.needs_disclosure() {
            out += "  needs --disclosure public or withheld:YYYY-MM-DD before it is exported\n";
        }
        out
    })
}

fn line(changed: &Changed<'_>) -> String {
    let Changed { id, finding, evidence, withdrawn } = changed;
    let evidence = if evidence.is_empty() { "no evidence".to_owned() } else { evidence.join(", ") };
    let items = if finding.items.is_empty() { "no item".to_owned() } else { finding.items.join(", ") };
    let withdrawn = withdrawn.map(|why| format!(" — withdrawn: {}", display::line(why))).unwrap_or_default();
    let disclosure = match &finding.disclosure {
        None => "",
        Some(Disclosure::Public) => "; public",
        Some(Disclosure::WithheldUntil(_)) => "; withheld",
    };
    format!(
        "{id} {:<8} {}{withdrawn}\n    {items}; {evidence}{disclosure}\n",
        finding.severity,
        display::line(&finding.title)
    )
}

impl Fields {
    fn read(&self) -> Result<Option<Finding>> {
        self.from.as_deref().map(read_file).transpose()
    }

    /// Lays what is given over a finding.
    fn over(&self, mut finding: Finding) -> Finding {
        let text = |field: &mut String, given: &Option<String>| {
            if let Some(given) = given {
                field.clone_from(given);
            }
        };
        let list = |field: &mut Vec<String>, given: &[String]| {
            if !given.is_empty() {
                *field = given.to_vec();
            }
        };
        text(&mut finding.title, &self.title);
        text(&mut finding.category, &self.category);
        text(&mut finding.cvss, &self.cvss);
        text(&mut finding.summary, &self.summary);
        text(&mut finding.description, &self.description);
        text(&mut finding.impact.confidentiality, &self.impact_confidentiality);
        text(&mut finding.impact.integrity, &self.impact_integrity);
        text(&mut finding.impact.availability, &self.impact_availability);
        text(&mut finding.impact.exploitability, &self.exploitability);
        text(&mut finding.impact.scope, &self.impact_scope);
        text(&mut finding.notes, &self.notes);
        list(&mut finding.items, &self.items);
        list(&mut finding.cwe, &self.cwe);
        list(&mut finding.advisories, &self.advisories);
        list(&mut finding.components, &self.components);
        list(&mut finding.reproduction, &self.reproduction);
        list(&mut finding.risks, &self.risks);
        list(&mut finding.recommendations.immediate, &self.immediate);
        list(&mut finding.recommendations.short_term, &self.short_term);
        list(&mut finding.recommendations.long_term, &self.long_term);
        list(&mut finding.validation, &self.validation);
        list(&mut finding.references, &self.references);
        if let Some(severity) = self.severity {
            finding.severity = severity;
        }
        if self.gather.reachability != Reach::NotKnown {
            finding.reachability = self.gather.reachability.into();
        }
        if self.disclosure.is_some() {
            finding.disclosure.clone_from(&self.disclosure);
        }
        finding
    }
}

fn read_file(path: &Path) -> Result<Finding> {
    let size = std::fs::metadata(path).map_err(|error| Error::io("read", path, &error))?.len();
    if size > FILE_LIMIT {
        return Err(Error::unsafe_input(format!("{} has more than {FILE_LIMIT} bytes.", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::usage(format!("{}, line {line}: {}.", path.display(), error.message()))
    })
}
