//! An export in steps: make everything ready, let a person look, then seal, sign and write.
//!
//! The command line takes the steps at once; the workbench stops between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::auditdb::{SIGNATURE_FILE, SUMS_FILE, Written, next_number, record_dir, record_files, write_record};
use crate::error::{Error, Result};
use crate::export::caution::{self, Cautions, Reviewed};
use crate::export::coverage::not_known;
use crate::export::{self, Excerpts, Source, count};
use crate::journal::Journal;
use crate::model::audit::{Audit, Gap, Seal};
use crate::model::coverage::unopened;
use crate::model::event::{Entry, Event};
use crate::model::evidence::{Kind, RepoPath};
use crate::model::hash::Sha256;
use crate::model::record::{FindingBody, Record, Statement, build};
use crate::model::score::{Score, Slot};
use crate::model::time::Time;
use crate::repo::{Check, Pin, display};
use crate::shell::leads;
use crate::sign::{NAMESPACE_RECORD, SshKeygen};

/// How long ssh-keygen may take: a person may have to find a key and touch it.
pub const SIGNING_TIME: Duration = Duration::from_secs(120);

/// How many files that nobody opened are named.
const NAMED: usize = 12;

/// What is to be exported, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// A checkout of the audit database, or an empty folder.
    pub db: &'a Path,
    /// Export although items are open; the record says that the audit is not finished.
    pub partial: bool,
    /// When the record is sealed.
    pub at: Time,
}

/// A record that is ready to be sealed. Nothing was written yet, to the journal or to the database.
#[derive(Debug)]
pub struct Prepared {
    db: PathBuf,
    at: Time,
    /// The seal for the journal; none where nothing happened since the last one, whose record it is then.
    event: Option<Event>,
    seal: Seal,
    statement: Statement,
    files: BTreeMap<String, Vec<u8>>,
    cautions: Cautions,
    unopened: Unopened,
    /// The journal's last line when this was made.
    after: Sha256,
}

/// What became of an export.
#[derive(Debug)]
pub struct Exported {
    /// The seal that the record is of.
    pub seal: Seal,
    /// The record.
    pub record: Record,
    /// Its folder.
    pub path: PathBuf,
    /// What was written there.
    pub written: Written,
    /// It has a signature now.
    pub signed: bool,
    /// Nothing had happened since the audit was sealed before, so that it is the record of that seal.
    pub unchanged: bool,
    /// What was published although it was to be looked at.
    pub cautions: Cautions,
    /// What leads point at and nobody opened.
    pub unopened: Unopened,
}

/// What leads point at and nobody opened or reviewed.
#[derive(Debug, Default)]
pub struct Unopened {
    /// The files, those with most hits first.
    pub files: Vec<RepoPath>,
    /// How many leads were not run to the end: not all files that they point at are known.
    pub leads_not_run: usize,
}

impl Exported {
    /// Returns what to tell, line by line; the last one says how to go on.
    pub fn said(&self, audit: &Audit) -> Vec<String> {
        let id = &self.seal.audit_id;
        let path = display::line(&self.path.display().to_string()).into_owned();
        let mut said = vec![match (self.written, self.unchanged) {
            (Written::Same, _) => format!("{id}: nothing changed since; the record is there already"),
            (Written::SignatureAdded, _) => format!("{id}: signature added"),
            (Written::New, true) => {
                format!("{id}: nothing changed since it was sealed; the same record was written here")
            }
            (Written::New, false) => format!("{id}: written"),
        }];
        said.push(format!("  {path}"));
        said.push(format!("  {}", headline(audit, &self.record.score)));
        if let Some(old) = &self.seal.supersedes {
            said.push(format!("  supersedes {old}"));
        }
        if self.seal.partial {
            said.push("  partial: the record says that the audit is not finished".to_owned());
        }
        let contradictions = self.record.score.contradictions.iter();
        said.extend(contradictions.map(|one| format!("  contradiction: {}", one.text)));
        said.extend(self.cautions.injection_lines().into_iter().map(|line| format!("  {line}")));
        let unopened = &self.unopened.files;
        if !unopened.is_empty() {
            let files = count(unopened.len(), "file", "files");
            let named = unopened.iter().take(NAMED).map(|path| display::bytes(&path.0));
            let more = if unopened.len() > NAMED { ", …" } else { "" };
            let named = named.collect::<Vec<String>>().join(", ");
            said.push(format!("  leads point at {files} that nobody opened: {named}{more}"));
        }
        if self.unopened.leads_not_run > 0 {
            said.push(format!("  {}", not_known(self.unopened.leads_not_run)));
        }
        said.push(if self.signed {
            format!("  signed; check it with: touchstone verify {path}")
        } else {
            format!("  unsigned; sign it with: touchstone sign {path}")
        });
        said
    }
}

/// Returns the score in one line.
pub fn headline(audit: &Audit, score: &Score) -> String {
    let tier = match &score.tier {
        Some(id) => {
            audit.standard.tiers.iter().find(|tier| tier.id == *id).map_or(id.clone(), |tier| tier.title.clone())
        }
        None => "tier open".to_owned(),
    };
    format!("score {} of 100, {tier}; {} of {} applicable items met", score.headline, score.met, score.applicable)
}

/// Refuses a folder that cannot be a database.
///
/// # Errors
/// Where it is none.
pub fn expect_folder(db: &Path) -> Result<()> {
    if db.is_dir() {
        return Ok(());
    }
    Err(Error::could_not(format!("{} is not a folder.", db.display()))
        .hint("Pass --db with a checkout of the audit database, or make an empty folder of your own."))
}

/// Finds the program that signs with a key.
///
/// # Errors
/// Where it or the key is missing.
pub fn keygen(key: &Path) -> Result<SshKeygen> {
    let keygen = SshKeygen::find().ok_or_else(|| {
        Error::could_not("ssh-keygen is not on the PATH, and it makes the signature.")
            .hint("Install OpenSSH, or export with --unsigned and sign elsewhere with `touchstone sign RECORD`.")
    })?;
    if key.exists() {
        return Ok(keygen);
    }
    Err(Error::could_not(format!("There is no key {}.", key.display()))
        .hint("`touchstone doctor` lists the keys in ~/.ssh."))
}

/// Refuses an audit that is not finished, unless it may be exported as it is.
///
/// # Errors
/// Where something is open or unsupported, or a serious finding has no decision on its disclosure.
pub fn expect_finished(audit: &Audit, partial: bool) -> Result<()> {
    let gaps = audit.gaps();
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
    let unconfirmed = list(&|gap| match gap {
        Gap::Unconfirmed(of) => Some(of.to_string()),
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
    if !unconfirmed.is_empty() {
        error = error.hint(format!("Carried and not confirmed: {}.", unconfirmed.join(", ")));
    }
    Err(error.hint("--partial exports it as it is, and says so in the record."))
}

/// Makes a record ready: every piece of evidence is checked again, every file rendered and looked at.
///
/// # Errors
/// Where the audit is not finished, evidence does not hold or could not be checked, or a finding is withheld until a
/// date that has passed.
pub fn prepare(audit: &Audit, standard_toml: &str, pin: &Pin, wanted: Wanted<'_>) -> Result<Prepared> {
    let Wanted { db, partial, at } = wanted;
    expect_folder(db)?;
    expect_finished(audit, partial)?;
    recheck(audit, pin)?;
    let excerpts = excerpts(audit, pin)?;
    let unchanged = !audit.changed_since_seal();
    // What would be published is looked at before anything is sealed, signed or written.
    let event = if unchanged {
        None
    } else {
        let given: Vec<String> = audit.seals.iter().map(|seal| seal.audit_id.clone()).collect();
        let opened = &audit.now.opened;
        let number = next_number(db, &opened.target, &opened.auditor.login, &at.date(), &given)?;
        Some(seal(audit, at, number))
    };
    let (trial, seal) = sealed(audit, event.as_ref(), at)?;
    let (statement, files) = render(&trial, standard_toml, &seal, pin, &excerpts)?;
    let record = &statement.predicate;
    for row in &record.findings {
        if let FindingBody::Withheld { until, .. } = &row.body
            && *until < record.sealed_at.date()
        {
            return Err(Error::falsity(format!("{} is withheld until {until}, which has passed.", row.id))
                .hint(format!("`touchstone finding edit {} --disclosure public`, or a later date.", row.id)));
        }
    }
    let cautions = caution::look(record, &files, &excerpts);
    let unopened = left_unopened(audit, pin)?;
    let after = audit.last_line();
    Ok(Prepared { db: db.to_owned(), at, event, seal, statement, files, cautions, unopened, after })
}

impl Prepared {
    /// Returns the record as it would be published.
    pub fn record(&self) -> &Record {
        &self.statement.predicate
    }

    /// Returns what a person should look at first.
    pub fn cautions(&self) -> &Cautions {
        &self.cautions
    }

    /// Returns the folder that the record would be in.
    pub fn folder(&self) -> PathBuf {
        record_dir(&self.db, &self.record().target.repo, &self.record().audit_id)
    }

    /// Tells whether nothing happened since the audit was sealed before, so that no new record is made.
    pub fn unchanged(&self) -> bool {
        self.event.is_none()
    }

    /// Seals the audit, signs the record where there is a key, and writes it, in this order: what was sealed can be
    /// written and signed later, byte by byte the same.
    ///
    /// # Errors
    /// Where something looks like a secret and nobody reviewed it, the audit or the database changed in between, the
    /// signature was not made, or something could not be written.
    pub fn commit(
        self,
        journal: &mut Journal,
        key: Option<(&SshKeygen, &Path)>,
        secrets_reviewed: bool,
    ) -> Result<Exported> {
        refuse_secrets(&self.cautions, secrets_reviewed)?;
        // What is sealed must be what was looked at.
        if journal.audit.last_line() != self.after {
            return Err(Error::could_not("The audit changed after its record was made ready; nothing was written.")
                .hint("Export it again."));
        }
        let there = self.folder();
        if self.event.is_some() && there.symlink_metadata().is_ok() {
            return Err(Error::could_not(format!("{} was written by somebody else just now.", there.display()))
                .hint("Export again: the record gets the next number."));
        }
        let Prepared { db, at, event, seal, statement, files, cautions, unopened, .. } = self;
        let unchanged = event.is_none();
        if let Some(event) = event {
            journal.act(vec![event], at)?;
        }
        let signature = match key {
            // Nobody is asked for a key, or a touch, for a signature that is there.
            _ if there.join(SIGNATURE_FILE).exists() => None,
            Some((keygen, key)) => {
                let message = files.get(SUMS_FILE).map(Vec::as_slice).unwrap_or_default();
                let signed = keygen.sign(message, key, NAMESPACE_RECORD, SIGNING_TIME);
                Some(signed.map_err(|error| {
                    error.hint(format!(
                        "Nothing was written to the database; {} is kept for the next export.",
                        seal.audit_id
                    ))
                })?)
            }
            None => None,
        };
        let record = statement.predicate;
        let (path, written) = write_record(&db, &record, &files, signature.as_deref())?;
        let signed = path.join(SIGNATURE_FILE).exists();
        Ok(Exported { seal, record, path, written, signed, unchanged, cautions, unopened })
    }
}

/// Returns what leads point at and nobody opened. It is a warning, so it says nothing where nothing was measured, and
/// refuses nothing.
///
/// # Errors
/// Where the lines cannot be counted.
fn left_unopened(audit: &Audit, pin: &Pin) -> Result<Unopened> {
    let Some(extent) = audit.has_coverage().then(|| pin.extent(&|| false)).transpose()?.flatten() else {
        return Ok(Unopened::default());
    };
    let pointed = leads::pointed(pin, audit);
    let left = unopened(&pointed.files, &audit.seen, &audit.now.reviewed, &extent);
    let files = left.into_iter().map(|one| one.path.clone()).collect();
    Ok(Unopened { files, leads_not_run: pointed.blind })
}

/// Checks all evidence again and looks at what an export would publish. Needs no database, writes nothing, and refuses
/// nothing: an audit that is not finished is looked at as it is.
///
/// # Errors
/// Where the record cannot be rendered at all.
pub fn review(audit: &Audit, standard_toml: &str, pin: &Pin) -> Result<Reviewed> {
    let mut wrong = Vec::new();
    let mut excerpts = Excerpts::new();
    for (id, piece) in &audit.now.evidence {
        match pin.check(&piece.evidence) {
            Check::Holds | Check::NotCheckable => {}
            Check::Fails(why) | Check::CouldNot(why) => wrong.push((*id, why)),
        }
        // The text of a piece that does not hold may be missing; it is named above.
        if let (Kind::Code { regions }, None) = (&piece.evidence.kind, &piece.redacted) {
            let texts: Result<Vec<Vec<u8>>> = regions.iter().map(|region| pin.excerpt(region)).collect();
            excerpts.extend(texts.ok().map(|texts| (*id, texts)));
        }
    }
    // No number is taken and the clock is not asked: the record made here is looked at and thrown away.
    let at = audit.entries().last().map_or(audit.now.opened.pin.committed_at, |(entry, _)| entry.at);
    let event = seal(audit, at, 1);
    let (trial, seal) = sealed(audit, Some(&event), at)?;
    let (statement, files) = render(&trial, standard_toml, &seal, pin, &excerpts)?;
    Ok(Reviewed { wrong, cautions: caution::look(&statement.predicate, &files, &excerpts) })
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

fn refuse_secrets(cautions: &Cautions, reviewed: bool) -> Result<()> {
    if cautions.secrets.is_empty() || reviewed {
        return Ok(());
    }
    let mut error = Error::falsity("Something looks like a secret and would be published.");
    error.hints = cautions.secret_lines();
    Err(error
        .hint("`touchstone evidence redact ID --reason TEXT` keeps a piece's text out (place and hash stay); mend notes and findings.")
        .hint("--secrets-reviewed publishes it as it is."))
}

/// Returns the seal that the journal gets. The record is then a function of the journal up to it.
fn seal(audit: &Audit, at: Time, number: u32) -> Event {
    Event::Sealed {
        audit_id: format!("{}-{}-{number:03}", audit.now.opened.auditor.login, at.date()),
        at,
        supersedes: audit.seals.last().map(|seal| seal.audit_id.clone()),
        partial: !audit.gaps().is_empty(),
        tool: super::tool(),
    }
}

/// Returns the audit as it will be when it is sealed, with its last seal. The journal's line and the seal in it must say
/// the same time, or the bytes would differ later.
fn sealed(audit: &Audit, event: Option<&Event>, at: Time) -> Result<(Audit, Seal)> {
    let mut trial = audit.clone();
    if let Some(event) = event {
        let seq = trial.next_seq();
        let entry = Entry { seq, at, prev: trial.last_line(), act: seq, of: 1, event: event.clone() };
        trial.push(entry, Sha256::ZERO).map_err(Error::could_not)?;
    }
    match trial.seals.last().cloned() {
        Some(seal) => Ok((trial, seal)),
        None => Err(Error::could_not("The audit could not be sealed.")),
    }
}

/// Renders the record of a seal.
fn render(
    audit: &Audit,
    standard_toml: &str,
    seal: &Seal,
    pin: &Pin,
    excerpts: &Excerpts,
) -> Result<(Statement, BTreeMap<String, Vec<u8>>)> {
    let sealed = audit.as_of(seal.seq);
    let extent = if sealed.has_coverage() { pin.extent(&|| false)? } else { None };
    let statement = build(&sealed, seal, extent.as_ref());
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
