//! `touchstone export`: writes the audit as a signed record into an audit database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::context::{Context, shown};
use crate::auditdb::{SIGNATURE_FILE, SUMS_FILE, Written, next_number, record_dir, record_files, write_record};
use crate::error::{Error, Result};
use crate::export::{self, Excerpts, Source};
use crate::journal::Journal;
use crate::model::audit::{Audit, Gap, Seal};
use crate::model::event::{Entry, Event};
use crate::model::evidence::Kind;
use crate::model::hash::Sha256;
use crate::model::record::{FindingBody, Record, STANDARD_FILE, Statement, build};
use crate::model::score::Slot;
use crate::model::time::Time;
use crate::repo::{Check, Pin, display};
use crate::sign::{NAMESPACE_RECORD, SshKeygen};

/// How long ssh-keygen may take: a person may have to find a key and touch it.
pub const SIGNING_TIME: Duration = Duration::from_secs(120);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A checkout of the audit database, or an empty folder
    #[arg(long, value_name = "DIR")]
    db: PathBuf,
    /// The SSH key to sign with: a private key's file, or a .pub whose private half the agent holds
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Write the record without a signature; `touchstone sign` adds it later
    #[arg(long, conflicts_with = "key")]
    unsigned: bool,
    /// Export although items are open; the record says that the audit is not finished
    #[arg(long)]
    partial: bool,
    /// Publish excerpts that look like secrets; you looked at each
    #[arg(long)]
    secrets_reviewed: bool,
}

impl Args {
    /// Returns what exports a finished audit, signed where there is a key.
    pub fn new(db: PathBuf, key: Option<PathBuf>) -> Self {
        Args { db, unsigned: key.is_none(), key, partial: false, secrets_reviewed: false }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    audit_id: &'a str,
    path: String,
    written: &'static str,
    signed: bool,
    partial: bool,
    supersedes: Option<&'a str>,
    score: &'a crate::model::score::Score,
    contradictions: Vec<String>,
    cautions: Vec<String>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    if !args.db.is_dir() {
        return Err(Error::could_not(format!("{} is not a folder.", args.db.display()))
            .hint("Pass --db with a checkout of the audit database, or make an empty folder of your own."));
    }
    let mut journal = context.journal()?;
    let key = match (&args.key, args.unsigned) {
        (_, true) => None,
        (Some(key), false) => Some(key.clone()),
        (None, false) => Some(context.config()?.signing.key.ok_or_else(|| {
            Error::could_not("No key to sign with was given.")
                .hint("Pass --key ~/.ssh/id_ed25519 (or its .pub, if an agent holds it), or set signing.key in config.toml.")
                .hint("Or --unsigned, and `touchstone sign RECORD` later.")
        })?),
    };
    let keygen = match &key {
        None => None,
        Some(_) => Some(SshKeygen::find().ok_or_else(|| {
            Error::could_not("ssh-keygen is not on the PATH, and it makes the signature.")
                .hint("Install OpenSSH, or export with --unsigned and sign elsewhere with `touchstone sign RECORD`.")
        })?),
    };
    if let Some(key) = key.as_ref().filter(|key| !key.exists()) {
        return Err(Error::could_not(format!("There is no key {}.", key.display()))
            .hint("`touchstone doctor` lists the keys in ~/.ssh."));
    }
    let gaps = journal.audit.gaps();
    refuse_gaps(&gaps, args.partial)?;
    let pin = context.pin_of(&journal.audit)?;
    recheck(&journal.audit, &pin)?;
    let excerpts = excerpts(&journal.audit, &pin)?;
    let unchanged = !journal.audit.changed_since_seal();
    // What would be published is looked at before anything is sealed, signed or written.
    // One look at the clock: the journal's line and the seal in it must say the same time, or the bytes would differ later.
    let at = context.now()?;
    let event = if unchanged { None } else { Some(seal(&args.db, at, &journal, !gaps.is_empty())?) };
    let mut trial = journal.audit.clone();
    if let Some(event) = &event {
        let entry = Entry {
            seq: trial.next_seq(),
            at,
            prev: trial.last_line(),
            act: trial.next_seq(),
            of: 1,
            event: event.clone(),
        };
        trial.push(entry, Sha256::ZERO).map_err(Error::could_not)?;
    }
    let Some(seal) = trial.seals.last().cloned() else {
        return Err(Error::could_not("The audit could not be sealed."));
    };
    let (statement, files) = render(&trial, &journal.loaded.toml, &seal, &excerpts)?;
    let record = &statement.predicate;
    for row in &record.findings {
        if let FindingBody::Withheld { until, .. } = &row.body
            && *until < record.sealed_at.date()
        {
            return Err(Error::falsity(format!("{} is withheld until {until}, which has passed.", row.id))
                .hint(format!("`touchstone finding edit {} --disclosure public`, or a later date.", row.id)));
        }
    }
    let cautions = cautions(record, &files, &excerpts);
    refuse_cautions(&cautions, args.secrets_reviewed)?;
    if let Some(event) = event {
        journal.act(vec![event], at)?;
    }
    let there = record_dir(&args.db, &record.target.repo, &record.audit_id).join(SIGNATURE_FILE).exists();
    let signature = match (&key, &keygen) {
        // Nobody is asked for a key, or a touch, for a signature that is there.
        _ if there => None,
        (Some(key), Some(keygen)) => {
            let message = files.get(SUMS_FILE).map(Vec::as_slice).unwrap_or_default();
            let signed = keygen.sign(message, key, NAMESPACE_RECORD, SIGNING_TIME);
            Some(signed.map_err(|error| {
                error.hint(format!(
                    "Nothing was written to the database; {} is kept for the next export.",
                    seal.audit_id
                ))
            })?)
        }
        _ => None,
    };
    let (path, written) = write_record(&args.db, record, &files, signature.as_deref())?;
    let signed = path.join(SIGNATURE_FILE).exists();
    let report = Report {
        audit_id: &seal.audit_id,
        path: path.display().to_string(),
        written: match written {
            Written::New => "new",
            Written::Same => "same",
            Written::SignatureAdded => "signature_added",
        },
        signed,
        partial: seal.partial,
        supersedes: seal.supersedes.as_deref(),
        score: &record.score,
        contradictions: record.score.contradictions.iter().map(|one| one.text.clone()).collect(),
        cautions: cautions.injections,
    };
    context.report("touchstone.export/1", &report, || {
        let mut out = match (written, unchanged) {
            (Written::Same, _) => format!("{}: nothing changed since; the record is there already\n", seal.audit_id),
            (Written::SignatureAdded, _) => format!("{}: signature added\n", seal.audit_id),
            (Written::New, true) => {
                format!("{}: nothing changed since it was sealed; the same record was written here\n", seal.audit_id)
            }
            (Written::New, false) => format!("{}: written\n", seal.audit_id),
        };
        out += &format!("  {}\n", shown(&path));
        out += &format!("  {}\n", super::status::headline(&journal.audit, &record.score));
        if let Some(old) = &seal.supersedes {
            out += &format!("  supersedes {old}\n");
        }
        if seal.partial {
            out += "  partial: the record says that the audit is not finished\n";
        }
        for text in &report.contradictions {
            out += &format!("  contradiction: {text}\n");
        }
        for caution in &report.cautions {
            out += &format!("  {caution}\n");
        }
        out += &if signed {
            format!("  signed; check it with: touchstone verify {}\n", shown(&path))
        } else {
            format!("  unsigned; sign it with: touchstone sign {}\n", shown(&path))
        };
        out
    })
}

fn refuse_gaps(gaps: &[Gap], partial: bool) -> Result<()> {
    let list = |choose: &dyn Fn(&Gap) -> Option<String>| gaps.iter().filter_map(choose).collect::<Vec<String>>();
    // Publishing a serious finding is a decision; it is asked for also where the audit is not finished.
    let undisclosed = list(&|gap| match gap {
        Gap::Undisclosed(id) => Some(id.to_string()),
        _ => None,
    });
    if !undisclosed.is_empty() {
        return Err(Error::falsity(format!(
            "Critical or high findings without a decision on disclosure: {}.",
            undisclosed.join(", ")
        ))
        .hint(
            "`touchstone finding edit ID --disclosure public`, or withheld:YYYY-MM-DD while the maintainers mend it.",
        ));
    }
    if gaps.is_empty() || partial {
        return Ok(());
    }
    let slot = |slot: &Slot| Some(slot.to_string());
    let open = list(&|gap| match gap {
        Gap::OpenItem(one) | Gap::OpenFact(one) => slot(one),
        _ => None,
    });
    let unsupported = list(&|gap| match gap {
        Gap::Unsupported(one) => slot(one),
        _ => None,
    });
    let mut error = Error::falsity("The audit is not finished.");
    if gaps.contains(&Gap::NoMode) {
        error = error.hint("No mode is declared: `touchstone open --mode stdio`.");
    }
    if !open.is_empty() {
        error = error.hint(format!("Open: {}.", open.join(", ")));
    }
    if !unsupported.is_empty() {
        error = error.hint(format!("Without evidence or reason: {}.", unsupported.join(", ")));
    }
    Err(error.hint("--partial exports it as it is, and says so in the record."))
}

/// Every piece is checked again before it is published.
fn recheck(audit: &Audit, pin: &Pin) -> Result<()> {
    let mut wrong = Vec::new();
    for (id, piece) in &audit.now.evidence {
        match pin.check(&piece.evidence) {
            Check::Holds | Check::NotCheckable => {}
            Check::Fails(why) => wrong.push(format!("{id}: {why}")),
            Check::CouldNot(why) => {
                return Err(Error::could_not(format!("{id} could not be checked at the pin: {why}")));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut error = Error::falsity("Some evidence does not hold at the pin.");
    error.hints = wrong;
    Err(error)
}

fn excerpts(audit: &Audit, pin: &Pin) -> Result<Excerpts> {
    let mut excerpts = Excerpts::new();
    for (id, piece) in &audit.now.evidence {
        if let (Kind::Code { regions }, None) = (&piece.evidence.kind, &piece.redacted) {
            let texts: Result<Vec<Vec<u8>>> = regions.iter().map(|region| pin.excerpt(region)).collect();
            excerpts.insert(*id, texts?);
        }
    }
    Ok(excerpts)
}

/// What a person should look at before a record is published.
#[derive(Default)]
struct Cautions {
    secrets: Vec<String>,
    injections: Vec<String>,
}

fn refuse_cautions(cautions: &Cautions, reviewed: bool) -> Result<()> {
    if cautions.secrets.is_empty() || reviewed {
        return Ok(());
    }
    let mut error = Error::falsity("Something looks like a secret and would be published.");
    for secret in &cautions.secrets {
        error = error.hint(secret.clone());
    }
    Err(error
        .hint("`touchstone evidence redact ID --reason TEXT` keeps a piece's text out (place and hash stay); mend notes and findings.")
        .hint("--secrets-reviewed publishes it as it is."))
}

/// Looks at the evidence that is published, then at every file as it would be written.
fn cautions(record: &Record, files: &BTreeMap<String, Vec<u8>>, excerpts: &Excerpts) -> Cautions {
    let mut cautions = Cautions::default();
    for row in &record.evidence {
        let mut look = |bytes: &[u8], place: &str| {
            if let Some(what) = export::caution::secret_like(bytes) {
                cautions.secrets.push(format!("{} {place}: {what}", row.id));
            }
            if export::caution::injection_like(&String::from_utf8_lossy(bytes)) {
                cautions
                    .injections
                    .push(format!("{} {place} looks like a prompt injection; the record labels it", row.id));
            }
        };
        match &row.evidence.kind {
            Kind::Code { regions } => {
                for (region, bytes) in regions.iter().zip(excerpts.get(&row.id).into_iter().flatten()) {
                    look(bytes, &format!("{}:{}-{}", display::bytes(&region.path.0), region.first, region.last));
                }
            }
            Kind::Observation(observation) => look(observation.output.as_bytes(), "(observed)"),
            Kind::External(external) => look(external.saw.as_bytes(), "(external)"),
            Kind::Search(_) | Kind::Path(_) | Kind::History(_) => {}
        }
    }
    // What one piece keeps out, another must not bring in.
    let regions = |redacted: bool| {
        record.evidence.iter().filter(move |row| row.redacted.is_some() == redacted).flat_map(|row| {
            match &row.evidence.kind {
                Kind::Code { regions } => regions.iter().map(|region| (row.id, region)).collect::<Vec<_>>(),
                _ => Vec::new(),
            }
        })
    };
    for (hidden, out) in regions(true) {
        for (shown, region) in regions(false) {
            if region.blob == out.blob && region.start < out.end && out.start < region.end {
                cautions.secrets.push(format!("{shown} shows lines that {hidden} redacts"));
            }
        }
    }
    if cautions.secrets.is_empty() {
        for (path, bytes) in files.iter().filter(|(path, _)| *path != STANDARD_FILE) {
            if let Some(what) = export::caution::secret_like(bytes) {
                cautions.secrets.push(format!("{path} (a note, reason, pattern, command or finding): {what}"));
            }
        }
    }
    cautions
}

/// Returns the seal that the journal gets. The record is then a function of the journal up to it.
fn seal(db: &Path, at: Time, journal: &Journal, partial: bool) -> Result<Event> {
    let opened = &journal.audit.now.opened;
    let given: Vec<String> = journal.audit.seals.iter().map(|seal| seal.audit_id.clone()).collect();
    let login = opened.auditor.login.clone();
    let number = next_number(db, &opened.target, &login, &at.date(), &given)?;
    Ok(Event::Sealed {
        audit_id: format!("{login}-{}-{number:03}", at.date()),
        at,
        supersedes: given.last().cloned(),
        partial,
        tool: Context::tool(),
    })
}

/// Renders the record of a seal.
fn render(
    audit: &Audit,
    standard_toml: &str,
    seal: &Seal,
    excerpts: &Excerpts,
) -> Result<(Statement, BTreeMap<String, Vec<u8>>)> {
    let sealed = audit.as_of(seal.seq);
    let statement = build(&sealed, seal);
    let source = Source { statement: &statement, standard: &sealed.standard, audit: &sealed, excerpts };
    let mut rendered = BTreeMap::new();
    rendered.insert("security-assessment.md".to_owned(), export::assessment(&source));
    rendered.insert("raw-notes.md".to_owned(), export::raw_notes(&source));
    for row in &statement.predicate.findings {
        if let (Some(file), Some(text)) = (row.file(), export::finding(&source, row)) {
            rendered.insert(file.to_owned(), text);
        }
    }
    let files = record_files(&statement, standard_toml, rendered)?;
    Ok((statement, files))
}
