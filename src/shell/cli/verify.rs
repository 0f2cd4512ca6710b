//! `touchstone verify`: verifies a record.

use std::path::{Path, PathBuf};

use super::context::Context;
use crate::auditdb::{Folder, Options, Report, Verdict, verify};
use crate::error::{Error, Result};
use crate::model::time::Time;
use crate::repo::{Repo, display};
use crate::sign::AllowedSigners;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record's folder
    record: PathBuf,
    /// The keys that you trust, and for whom (default: allowed_signers in the configuration folder)
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
    /// The time at which the key had to be valid (default: the record's own, which is self-declared)
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
}

impl Args {
    /// Returns what verifies a record against the signers in the configuration folder.
    pub fn new(record: PathBuf) -> Self {
        Args { record, allowed_signers: None, at: None }
    }
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let folder = Folder::read(&args.record)?;
    let signers = read_signers(args.allowed_signers.as_deref(), context)?;
    let repo = context.global.repo.as_deref().map(Repo::discover).transpose()?;
    let options = Options { signers: signers.as_ref(), clone: repo.as_ref(), at: args.at };
    let report = verify(&folder, &options);
    context.report("touchstone.verify/1", &report, || text(&report, repo.is_some()))?;
    outcome(&report)
}

/// Reads the keys that the user trusts: those of the file that was named, else those in the configuration folder.
pub fn read_signers(named: Option<&Path>, context: &Context) -> Result<Option<AllowedSigners>> {
    let (file, named) = match named {
        Some(file) => (file.to_owned(), true),
        None => (context.paths()?.allowed_signers(), false),
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => return Ok(None),
        Err(error) => return Err(Error::io("read", &file, &error)),
    };
    AllowedSigners::parse(&text).map(Some).map_err(|wrong| {
        let mut error = Error::could_not(format!("{} is not a list of allowed signers.", file.display()));
        for line in wrong {
            error = error.hint(line.to_string());
        }
        error
    })
}

/// Returns the error that a verdict ends with.
pub fn outcome(report: &Report) -> Result<()> {
    let words = || report.reasons.iter().map(|reason| reason.reason).collect::<Vec<_>>().join(", ");
    match report.verdict {
        Verdict::Verified => Ok(()),
        Verdict::Failed => Err(Error::falsity(format!("The record does not hold: {}.", words()))),
        Verdict::NotChecked => Err(Error::could_not(format!("The record could not be checked: {}.", words()))),
    }
}

/// Reasons that say something false of a signature.
const SIGNATURE_REASONS: [&str; 14] = [
    "signature_malformed",
    "signature_too_large",
    "wrong_namespace",
    "signature_mismatch",
    "unknown_key",
    "key_of_another",
    "namespace_not_allowed",
    "key_expired",
    "key_not_yet_valid",
    "user_presence_missing",
    "key_type_refused",
    "certificate_refused",
    "sealed_after_given_time",
    "unsigned",
];

fn text(report: &Report, with_clone: bool) -> String {
    let mut out = format!("{}\n", display::line(&report.record));
    if let Some(says) = &report.says {
        out += &format!("  {} at {}\n", display::line(&says.url), display::line(&says.commit));
        out += &format!("  by {}, standard {}\n", display::line(&says.login), display::line(&says.standard));
        let tier = says.score.tier.as_deref().unwrap_or("tier open");
        out += &format!(
            "  audited score {} of 100, {}; {} of {} applicable items met (derived here)\n",
            says.score.headline,
            display::line(tier),
            says.score.met,
            says.score.applicable
        );
    }
    let mark = |good: bool| if good { '✓' } else { '✗' };
    let failed = |reasons: &[&str]| report.reasons.iter().any(|reason| reasons.contains(&reason.reason));
    let files = !failed(&[
        "file_changed",
        "file_missing",
        "file_added",
        "line_ends_changed",
        "not_a_regular_file",
        "unexpected_file",
        "sums_malformed",
    ]);
    out += &format!("{} files\n", mark(files));
    let signature = &report.signature;
    let who = match (&signature.principal, &signature.fingerprint) {
        (Some(principal), Some(fingerprint)) => format!("by {}, {fingerprint}", display::line(principal)),
        (None, Some(fingerprint)) => format!("by an unchecked key {fingerprint}"),
        _ if failed(&[
            "unknown_key",
            "key_of_another",
            "key_expired",
            "key_not_yet_valid",
            "namespace_not_allowed",
        ]) =>
        {
            "by a key that is not trusted for this".to_owned()
        }
        _ if signature.present && report.says.is_none() => "not checked".to_owned(),
        _ if signature.present => "does not hold".to_owned(),
        _ => "none".to_owned(),
    };
    let at = match signature.at {
        Some(at) => format!("\n    the key had to be valid at {at} ({})", signature.time_from),
        None => String::new(),
    };
    let unchecked = signature.present && !signature.verified && !failed(&SIGNATURE_REASONS);
    let sign = if unchecked { '·' } else { mark(signature.verified) };
    out += &format!("{sign} signature: {who}{at}\n");
    for one in &report.countersignatures {
        let evidence = if one.evidence_checked { "; says that it checked the evidence" } else { "" };
        let who = match (&one.unverified, &one.fingerprint) {
            (None, Some(fingerprint)) => format!(", {fingerprint}{evidence}"),
            (why, _) => {
                let why = why.as_deref().unwrap_or_default();
                format!(", as it says{evidence}\n    not verified: {}", display::line(why))
            }
        };
        let sign = if one.verified { '✓' } else { '·' };
        out += &format!("{sign} counter-signature: by {}{who}\n", display::line(&one.login));
        if let Some(note) = &one.note {
            out += &format!("    \"{}\"\n", display::line(note));
        }
    }
    let derived = report.says.is_some()
        && !failed(&[
            "score_mismatch",
            "items_mismatch",
            "standard_mismatch",
            "manifest_mismatch",
            "findings_mismatch",
            "not_final",
            "times_mismatch",
            "standard_forged",
            "carried_mismatch",
        ]);
    let derivation = if report.says.is_some() { mark(derived) } else { '·' };
    out += &format!(
        "{derivation} score, counts and manifest {}\n",
        if report.says.is_some() { "derived again" } else { "not derived" }
    );
    let evidence = &report.evidence;
    if evidence.checked {
        out += &format!(
            "{} evidence: {} hold, {} do not, {} could not be checked here, {} that nobody can check\n",
            mark(evidence.fails == 0 && evidence.could_not == 0),
            evidence.holds,
            evidence.fails,
            evidence.could_not,
            evidence.not_checkable
        );
    } else if with_clone {
        out += "· evidence not checked\n";
    } else {
        out += "· evidence not checked (pass --repo CLONE)\n";
    }
    for reason in &report.reasons {
        let about = reason.about.as_ref().map(|about| format!(" {}", display::line(about))).unwrap_or_default();
        let mark = if reason.could_not_check { '?' } else { '✗' };
        out += &format!("  {mark} {}{about}: {}\n", reason.reason, display::line(&reason.message));
    }
    for note in &report.notes {
        out += &format!("  note: {}\n", display::line(note));
    }
    out += match report.verdict {
        Verdict::Verified if !evidence.checked => "verified; evidence not checked\n",
        Verdict::Verified => "verified\n",
        Verdict::Failed => "does not hold\n",
        Verdict::NotChecked => "not checked\n",
    };
    out
}
