//! A database as four flat tables, for those who outgrow a laptop and query it in an engine that they already run.
//!
//! A table is a file with a JSON object a line. Every column is there in every row and in the same order; a column of
//! which nothing is said is null. Lists are texts with a blank between their parts, so that any engine can hold them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::database::{AuditDir, Database, ServerDir};
use super::entry::{Counts, Entry, FindingEntry, ServerAbout, about, read, wanted};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::model::evidence::Kind;
use crate::model::record::{EvidenceRow, FindingBody, Record, Statement};
use crate::model::score::{DimensionScore, Slot};
use crate::repo::display;

/// An audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditLine {
    /// The server, `domain/org/repo`.
    pub server: String,
    /// The audit's folder. Server and audit together name an audit in all four tables.
    pub audit: String,
    /// The host.
    pub domain: String,
    /// The owner.
    pub org: String,
    /// The repository.
    pub repo: String,
    /// It is the newest of its server.
    pub latest: bool,
    /// `record` (answers, a score) or `published` (written by hand: neither).
    pub format: String,
    /// The date from which the age is reckoned.
    #[schemars(extend("format" = "date"))]
    pub date: Option<String>,
    /// When it began, UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: Option<String>,
    /// When it was completed, UTC.
    #[schemars(extend("format" = "date-time"))]
    pub completed_at: Option<String>,
    /// The auditor's login.
    pub auditor: String,
    /// The auditor's name.
    pub auditor_name: Option<String>,
    /// The auditor's organization.
    pub organization: Option<String>,
    /// The repository's URL, as the audit says.
    pub url: Option<String>,
    /// The audited commit.
    pub commit: Option<String>,
    /// The audited version.
    pub version: Option<String>,
    /// The server's language.
    pub language: Option<String>,
    /// The server's type.
    pub server_type: Option<String>,
    /// The status, as the manifest has it.
    pub status: Option<String>,
    /// The type of audit, as the manifest has it.
    pub audit_type: Option<String>,
    /// The standard and its version.
    pub standard: Option<String>,
    /// Modes that the server ships.
    pub modes: Option<String>,
    /// Items are open: not a finished audit.
    pub partial: bool,
    /// The audit that this one supersedes.
    pub supersedes: Option<String>,
    /// A signature is there; nobody checked it for this table.
    pub signature_present: bool,
    /// The audited score: the lowest that is still possible, of 100.
    pub audited_score_low: Option<u32>,
    /// The highest; the same where everything is answered.
    pub audited_score_high: Option<u32>,
    /// The tier of the audited score.
    pub tier: Option<String>,
    /// Items met.
    pub items_met: Option<u32>,
    /// Items that apply.
    pub items_applicable: Option<u32>,
    /// The certificate.
    pub certified: Option<String>,
    /// The level of the dimension `transport`, in the mode where it is worth least; null while it is open.
    pub transport_level: Option<String>,
    /// Of `auth`.
    pub auth_level: Option<String>,
    /// Of `token`.
    pub token_level: Option<String>,
    /// Of `input`.
    pub input_level: Option<String>,
    /// Of `data`.
    pub data_level: Option<String>,
    /// Of `dependency`, which has a score of its own.
    pub dependency_level: Option<String>,
    /// Critical findings that still hold.
    pub open_critical: u32,
    /// High ones.
    pub open_high: u32,
    /// Medium ones.
    pub open_medium: u32,
    /// Low ones.
    pub open_low: u32,
    /// Findings for information.
    pub open_info: u32,
    /// All files of findings, those that no longer hold among them.
    pub finding_files: u32,
    /// Findings that the manifest counts; null where it counts none by severity.
    pub findings_claimed: Option<u32>,
    /// How many problems reading the audit met; `touchstone db show` names them.
    pub problems: u32,
}

/// An answer to an item, or a stated fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemLine {
    /// The server.
    pub server: String,
    /// The audit's folder.
    pub audit: String,
    /// `item` or `fact`.
    pub kind: String,
    /// The item or fact.
    pub item: String,
    /// The mode, where it is answered per mode.
    pub mode: Option<String>,
    /// The answer, or the fact's value; null while it is open.
    pub answer: Option<String>,
    /// Where an item stands by its answer: `met`, `partial`, `not_met`, `not_applicable`, `unknown`, `open`.
    pub state: Option<String>,
    /// What it rests on: `evidence`, `reason`, `none`.
    pub support: String,
    /// The reason.
    pub reason: Option<String>,
    /// The note.
    pub note: Option<String>,
    /// Pieces of evidence.
    pub evidence: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingLine {
    /// The server.
    pub server: String,
    /// The audit's folder.
    pub audit: String,
    /// The file in it; null for a finding of a record that was withdrawn.
    pub file: Option<String>,
    /// The finding's number in a record.
    pub finding: Option<String>,
    /// The severity in the file's name.
    pub severity: Option<String>,
    /// The severity as its text has it.
    pub stated_severity: Option<String>,
    /// It still holds.
    pub open: bool,
    /// Why it no longer does.
    pub superseded: Option<String>,
    /// Until when its text is withheld.
    pub withheld_until: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// CWEs.
    pub cwe: Option<String>,
    /// The CVSS score or vector.
    pub cvss: Option<String>,
    /// Items that it bears on.
    pub items: Option<String>,
    /// Published advisories.
    pub advisories: Option<String>,
    /// How reachable the code is.
    pub reachability: Option<String>,
    /// Pieces of evidence.
    pub evidence: Option<String>,
    /// The manifest's list of findings names it; null where there is no such list.
    pub listed: Option<bool>,
}

/// A piece of evidence; one that holds several regions of code has a row for each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvidenceLine {
    /// The server.
    pub server: String,
    /// The audit's folder.
    pub audit: String,
    /// The piece.
    pub evidence: String,
    /// Which region of the piece, from 1.
    pub part: u32,
    /// `code`, `search`, `path`, `history`, `observation`, `external`, …
    pub kind: String,
    /// A machine can check it again from the repository alone.
    pub checkable: bool,
    /// When it was taken, UTC.
    #[schemars(extend("format" = "date-time"))]
    pub taken_at: String,
    /// How reachable the code is.
    pub reachability: String,
    /// Items, facts and findings that it backs, with a comma between them.
    pub backs: Option<String>,
    /// Why its text is not published.
    pub redacted: Option<String>,
    /// The auditor's note.
    pub note: Option<String>,
    /// Code: the file.
    pub path: Option<String>,
    /// Code: its blob.
    pub blob: Option<String>,
    /// Code: the first line.
    pub first_line: Option<u64>,
    /// Code: the last line.
    pub last_line: Option<u64>,
    /// Code: the digest of those bytes. An observation: of its output.
    pub sha256: Option<String>,
    /// Code: the commit, where it is not the pin.
    pub at_commit: Option<String>,
    /// A search: the pattern. Paths: the glob.
    pub pattern: Option<String>,
    /// A search, paths, history: how much matches.
    pub hits: Option<u64>,
    /// A search: files read. Paths: entries compared. History: commits walked.
    pub searched: Option<u64>,
    /// An observation: the command. External: where it was seen.
    pub source: Option<String>,
}

/// A table's name, its columns' schema, and what one row is.
pub struct Table {
    /// The file is named `<name>.ndjson`.
    pub name: &'static str,
    /// The JSON Schema of a row.
    pub schema: Schema,
}

/// Returns the four tables.
pub fn tables() -> [Table; 4] {
    [
        Table { name: "audits", schema: schemars::schema_for!(AuditLine) },
        Table { name: "items", schema: schemars::schema_for!(ItemLine) },
        Table { name: "findings", schema: schemars::schema_for!(FindingLine) },
        Table { name: "evidence", schema: schemars::schema_for!(EvidenceLine) },
    ]
}

impl Table {
    /// Returns the columns in order, with their types in SQL.
    pub fn columns(&self) -> Vec<(String, &'static str)> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let of = |column: &Value| {
            let types = match &column["type"] {
                Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                other => other.as_str().into_iter().collect::<Vec<_>>(),
            };
            match (types.first().copied(), column["format"].as_str()) {
                (Some("boolean"), _) => "BOOLEAN",
                (Some("integer"), _) => "BIGINT",
                (_, Some("date")) => "DATE",
                (_, Some("date-time")) => "TIMESTAMP",
                _ => "VARCHAR",
            }
        };
        properties.into_iter().flatten().map(|(name, column)| (name.clone(), of(column))).collect()
    }
}

/// Returns the commands that load the tables into DuckDB, run in their folder.
pub fn duckdb() -> String {
    let mut out = String::from("-- Loads the tables that lie beside this file: duckdb FILE.duckdb < duckdb.sql\n");
    for table in tables() {
        let columns: Vec<String> =
            table.columns().iter().map(|(name, kind)| format!("  \"{name}\": '{kind}'")).collect();
        out += &format!(
            "CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_json('{name}.ndjson', format = 'newline_delimited', \
             columns = {{\n{}\n}});\n",
            columns.join(",\n"),
            name = table.name
        );
    }
    out
}

/// Returns the commands that load the tables into PostgreSQL, run in their folder.
pub fn postgresql() -> String {
    let mut out = String::from(
        "-- Loads the tables that lie beside this file: psql -v ON_ERROR_STOP=1 -f postgresql.sql DATABASE\n\
         BEGIN;\nCREATE TEMPORARY TABLE touchstone_line (line jsonb) ON COMMIT DROP;\n",
    );
    for table in tables() {
        let name = table.name;
        let columns: Vec<String> = table.columns().iter().map(|(name, kind)| format!("  \"{name}\" {kind}")).collect();
        // Neither byte can stand in a line of JSON, so a line is one value as it is.
        out += &format!(
            "DROP TABLE IF EXISTS {name};\nCREATE TABLE {name} (\n{}\n);\nTRUNCATE touchstone_line;\n\
             \\copy touchstone_line from '{name}.ndjson' with (format csv, quote e'\\x01', delimiter e'\\x02')\n\
             INSERT INTO {name} SELECT (jsonb_populate_record(NULL::{name}, line)).* FROM touchstone_line;\n",
            columns.join(",\n"),
        );
    }
    out + "COMMIT;\n"
}

/// How many rows each table has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dumped {
    /// Audits.
    pub audits: usize,
    /// Items and facts.
    pub items: usize,
    /// Findings.
    pub findings: usize,
    /// Evidence.
    pub evidence: usize,
}

/// Writes a database's tables into a folder, with the commands that load them: temporary files, synced, renamed together
/// at the end. `progress` is told how many servers of how many are read. `None` where it was stopped.
///
/// # Errors
/// What cannot be read or written.
pub fn dump(
    database: &Database,
    out: &Path,
    progress: &dyn Fn(usize, usize),
    stop: &dyn Fn() -> bool,
) -> Result<Option<Dumped>> {
    let failed = |error: std::io::Error| Error::io("write", out, &error);
    let temporary = tempfile::Builder::new().prefix(".touchstone-").tempdir_in(out).map_err(failed)?;
    let mut writer = Writer { files: Vec::new(), out };
    for table in tables() {
        let file = File::create_new(temporary.path().join(format!("{}.ndjson", table.name))).map_err(failed)?;
        writer.files.push(BufWriter::new(file));
    }
    let servers = database.servers()?.found;
    let mut dumped = Dumped::default();
    for (index, dir) in servers.iter().enumerate() {
        if stop() {
            return Ok(None);
        }
        server(database, dir, &mut writer, &mut dumped)?;
        progress(index + 1, servers.len());
    }
    for file in writer.files {
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
    }
    let mut names: Vec<String> = tables().iter().map(|table| format!("{}.ndjson", table.name)).collect();
    for (name, text) in [("duckdb.sql", duckdb()), ("postgresql.sql", postgresql())] {
        std::fs::write(temporary.path().join(name), text).map_err(failed)?;
        names.push(name.to_owned());
    }
    for name in names {
        std::fs::rename(temporary.path().join(&name), out.join(&name)).map_err(failed)?;
    }
    Ok(Some(dumped))
}

struct Writer<'a> {
    files: Vec<BufWriter<File>>,
    out: &'a Path,
}

impl Writer<'_> {
    fn line<T: Serialize>(&mut self, table: usize, line: &T) -> Result<()> {
        let unwritable = |error: serde_json::Error| Error::could_not(format!("Could not write JSON: {error}."));
        let mut text = display::json(line, false).map_err(unwritable)?;
        // PostgreSQL has no text with a NUL in it.
        if text.contains("\\u0000") {
            let mut value = serde_json::to_value(line).map_err(unwritable)?;
            for value in value.as_object_mut().into_iter().flat_map(|row| row.values_mut()) {
                if let Value::String(text) = value {
                    *text = text.replace('\0', "\u{fffd}");
                }
            }
            text = display::json(&value, false).map_err(unwritable)?;
        }
        text.push('\n');
        self.files[table].write_all(text.as_bytes()).map_err(|error| Error::io("write", self.out, &error))
    }
}

/// Writes one server's rows.
fn server(database: &Database, dir: &ServerDir, writer: &mut Writer<'_>, dumped: &mut Dumped) -> Result<()> {
    let about = about(database.metadata(dir)?.as_deref());
    let mut audits: Vec<(Entry, Option<Box<Statement>>)> = Vec::new();
    for audit in database.audits(dir)?.found {
        let reading = reading(database, &audit)?;
        audits.push((reading.0, reading.1));
    }
    audits.sort_by_cached_key(|(entry, _)| (entry.date(), entry.audit.clone()));
    let last = audits.len();
    for (index, (entry, statement)) in audits.iter().enumerate() {
        let record = statement.as_ref().map(|statement| &statement.predicate);
        writer.line(0, &audit_line(entry, &about, index + 1 == last, record))?;
        dumped.audits += 1;
        for line in record.into_iter().flat_map(|record| item_lines(entry, record)) {
            writer.line(1, &line)?;
            dumped.items += 1;
        }
        for line in finding_lines(entry, record) {
            writer.line(2, &line)?;
            dumped.findings += 1;
        }
        for row in record.into_iter().flat_map(|record| &record.evidence) {
            for line in evidence_lines(entry, row) {
                writer.line(3, &line)?;
                dumped.evidence += 1;
            }
        }
    }
    Ok(())
}

fn reading(database: &Database, dir: &AuditDir) -> Result<(Entry, Option<Box<Statement>>)> {
    match database.folder_of(dir, &wanted) {
        Ok(part) => {
            let reading = read(dir, &part);
            Ok((reading.entry, reading.record))
        }
        // As in the catalog: one audit that is too large does not hide the others.
        Err(error) if error.kind == ErrorKind::Unsafe => {
            let mut entry = read(dir, &super::Part::default()).entry;
            entry.problems = vec![error.message];
            Ok((entry, None))
        }
        Err(error) => Err(error),
    }
}

/// Joins the parts of a list; none is null.
fn joined<T: ToString>(parts: &[T], between: &str) -> Option<String> {
    let parts: Vec<String> = parts.iter().map(T::to_string).collect();
    (!parts.is_empty()).then(|| parts.join(between))
}

/// Returns the word by which JSON names a value of an enum without fields.
fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn audit_line(entry: &Entry, about: &ServerAbout, latest: bool, record: Option<&Record>) -> AuditLine {
    let score = entry.score.as_ref();
    let level = |dimension: &str| -> Option<String> {
        let score = &record?.score;
        let in_modes = score.modes.iter().flat_map(|mode| &mode.dimensions).chain(&score.separate);
        let own: Vec<&DimensionScore> = in_modes.filter(|one| one.id == dimension).collect();
        let weakest = own.iter().min_by_key(|one| (one.points.low, one.points.high))?;
        own.iter().all(|one| one.low == one.high).then(|| weakest.low.clone())
    };
    let open = entry.open();
    AuditLine {
        server: entry.server.to_string(),
        audit: entry.audit.clone(),
        domain: entry.server.domain.clone(),
        org: entry.server.org.clone(),
        repo: entry.server.repo.clone(),
        latest,
        format: word(&entry.format),
        date: entry.date(),
        started_at: entry.dates.started.map(|time| time.to_string()),
        completed_at: entry.dates.completed.map(|time| time.to_string()),
        auditor: entry.auditor.login.clone(),
        auditor_name: entry.auditor.name.clone(),
        organization: entry.auditor.organization.clone(),
        url: entry.target.url.clone(),
        commit: entry.target.commit.clone(),
        version: entry.target.version.clone(),
        language: about.language.clone(),
        server_type: about.server_type.clone(),
        status: entry.status.clone(),
        audit_type: entry.audit_type.clone(),
        standard: entry.standard.clone(),
        modes: joined(&entry.modes, " "),
        partial: entry.partial,
        supersedes: entry.supersedes.clone(),
        signature_present: entry.signature_present,
        audited_score_low: score.map(|score| score.headline.low),
        audited_score_high: score.map(|score| score.headline.high),
        tier: score.and_then(|score| score.tier.clone()),
        items_met: score.map(|score| score.met),
        items_applicable: score.map(|score| score.applicable),
        certified: score.and_then(|score| score.certified.clone()),
        transport_level: level("transport"),
        auth_level: level("auth"),
        token_level: level("token"),
        input_level: level("input"),
        data_level: level("data"),
        dependency_level: level("dependency"),
        open_critical: open.critical,
        open_high: open.high,
        open_medium: open.medium,
        open_low: open.low,
        open_info: open.info,
        finding_files: number(entry.findings.len()),
        findings_claimed: entry.claimed.as_ref().map(Counts::total),
        problems: number(entry.problems.len()),
    }
}

fn item_lines(entry: &Entry, record: &Record) -> Vec<ItemLine> {
    let line = |kind: &str, slot: &Slot| ItemLine {
        server: entry.server.to_string(),
        audit: entry.audit.clone(),
        kind: kind.to_owned(),
        item: slot.id.clone(),
        mode: slot.mode.clone(),
        answer: None,
        state: None,
        support: String::new(),
        reason: None,
        note: None,
        evidence: None,
    };
    let items = record.items.iter().map(|row| ItemLine {
        answer: row.answer.map(|answer| answer.word().to_owned()),
        state: Some(row.state.word().to_owned()),
        support: word(&row.support),
        reason: row.reason.clone(),
        note: row.note.clone(),
        evidence: joined(&row.evidence, " "),
        ..line("item", &row.slot)
    });
    let facts = record.target.facts.iter().map(|row| ItemLine {
        answer: row.value.clone(),
        support: word(&row.support),
        reason: row.reason.clone(),
        note: row.note.clone(),
        evidence: joined(&row.evidence, " "),
        ..line("fact", &row.slot)
    });
    items.chain(facts).collect()
}

fn finding_lines(entry: &Entry, record: Option<&Record>) -> Vec<FindingLine> {
    let line = |finding: &FindingEntry| FindingLine {
        server: entry.server.to_string(),
        audit: entry.audit.clone(),
        file: Some(finding.file.clone()),
        finding: None,
        severity: finding.severity.map(|severity| severity.word().to_owned()),
        stated_severity: finding.stated.clone(),
        open: finding.open(),
        superseded: finding.superseded.clone(),
        withheld_until: finding.withheld.clone(),
        title: finding.title.clone(),
        category: finding.category.clone(),
        cwe: joined(&finding.cwe, " "),
        cvss: finding.cvss.clone(),
        items: joined(&finding.items, " "),
        advisories: None,
        reachability: None,
        evidence: None,
        listed: finding.listed,
    };
    let mut lines: Vec<FindingLine> = entry.findings.iter().map(line).collect();
    for row in record.into_iter().flat_map(|record| &record.findings) {
        let known = lines.iter_mut().find(|line| line.file.is_some() && line.file.as_deref() == row.file());
        match (known, &row.body) {
            (Some(line), body) => {
                line.finding = Some(row.id.to_string());
                line.evidence = joined(&row.evidence, " ");
                if let FindingBody::Public { finding, .. } = body {
                    line.advisories = joined(&finding.advisories, " ");
                    line.reachability = Some(finding.reachability.word().to_owned());
                }
            }
            (None, FindingBody::Withdrawn { reason }) => {
                let mut withdrawn = line(&FindingEntry::withdrawn(row.severity, reason));
                withdrawn.file = None;
                withdrawn.finding = Some(row.id.to_string());
                withdrawn.items = joined(&row.items, " ");
                lines.push(withdrawn);
            }
            // The record names a file that is not there: the entry's problems say so.
            (None, _) => {}
        }
    }
    lines
}

fn evidence_lines(entry: &Entry, row: &EvidenceRow) -> Vec<EvidenceLine> {
    let piece = &row.evidence;
    let line = EvidenceLine {
        server: entry.server.to_string(),
        audit: entry.audit.clone(),
        evidence: row.id.to_string(),
        part: 1,
        kind: piece.word().to_owned(),
        checkable: piece.checkable(),
        taken_at: row.taken_at.to_string(),
        reachability: piece.reachability.word().to_owned(),
        backs: joined(&row.backs, ", "),
        redacted: row.redacted.clone(),
        note: piece.note.clone(),
        ..EvidenceLine::default()
    };
    let one = match &piece.kind {
        Kind::Code { regions } => {
            let each = regions.iter().enumerate().map(|(index, region)| EvidenceLine {
                part: number(index + 1),
                path: Some(region.path.lossy().into_owned()),
                blob: Some(region.blob.to_string()),
                first_line: Some(region.first as u64),
                last_line: Some(region.last as u64),
                sha256: Some(region.sha256.to_string()),
                at_commit: region.commit.map(|commit| commit.to_string()),
                ..line.clone()
            });
            return each.collect();
        }
        Kind::Search(search) => EvidenceLine {
            pattern: Some(search.query.pattern.clone()),
            hits: Some(search.hits),
            searched: Some(search.files),
            ..line
        },
        Kind::Path(list) => EvidenceLine {
            pattern: Some(list.glob.clone()),
            hits: Some(list.matches),
            searched: Some(list.entries),
            ..line
        },
        Kind::History(history) => EvidenceLine {
            pattern: Some(history.query.pattern.clone()),
            hits: Some(history.matches),
            searched: Some(history.commits),
            ..line
        },
        Kind::Observation(observation) => EvidenceLine {
            source: Some(observation.command.clone()),
            sha256: Some(observation.sha256.to_string()),
            ..line
        },
        Kind::External(external) => EvidenceLine { source: Some(external.source.clone()), ..line },
    };
    vec![one]
}
