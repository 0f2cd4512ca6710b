//! Floor 1: the files that people read, made from an audit and its record.
//!
//! Every function here is pure: the same audit gives the same bytes. The Markdown is for reading; verification reads
//! `artifacts/record.json` and never these files.

mod assessment;
pub mod caution;
pub mod comparison;
pub mod coverage;
mod evidence;
mod finding;
mod log;
mod notes;
mod permalink;
pub mod standard;
mod summary;
mod text;

use std::collections::BTreeMap;

use crate::model::audit::Audit;
use crate::model::event::EvidenceId;
use crate::model::record::Statement;
use crate::model::standard::Standard;
use crate::model::time::Time;
use crate::repo::display;

pub use assessment::assessment;
pub use finding::finding;
pub use log::describe_act;
pub use notes::raw_notes;
pub use permalink::permalink;
pub use summary::summary;
pub use text::{count, place};

/// What an audit's files are made from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The record.
    pub statement: &'a Statement,
    /// The standard it follows.
    pub standard: &'a Standard,
    /// The audit as it was when it was sealed.
    pub audit: &'a Audit,
    /// The text of its evidence.
    pub excerpts: &'a Excerpts,
}

/// Per piece of evidence of kind `code`, the exact bytes of each region in order. Redacted pieces are absent.
pub type Excerpts = BTreeMap<EvidenceId, Vec<Vec<u8>>>;

/// Returns the line by which anybody verifies a record with ssh-keygen, in bash or zsh, from the record's folder.
///
/// `ALLOWED_SIGNERS` is left for the reader: whose keys to trust is not for a record to say.
pub fn verify_command(login: &str, sealed_at: Time) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let login = display::line(login);
    // A login of the database needs no quotes; nothing else may reach a shell without them.
    let login = if !login.is_empty() && !login.starts_with('-') && login.chars().all(plain) {
        login.into_owned()
    } else {
        format!("'{}'", login.replace('\'', r"'\''"))
    };
    format!(
        "( set -o pipefail; test -z \"$(find . ! -type d ! -type f)\" && find . -type f ! -path './artifacts/attestations/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | ssh-keygen -Y verify -f ALLOWED_SIGNERS -I {login} -n mcp-audit-record@modelcontextprotocol-security.io -O verify-time={} -s artifacts/attestations/SHA256SUMS.sig )",
        sealed_at.compact()
    )
}
