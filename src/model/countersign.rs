//! A counter-signature: what somebody else says of a record by signing its list of digests once more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hash::Sha256;
use super::target::{path_part, record_name};
use super::time::Time;

/// The version of a counter-signature's format.
pub const COUNTERSIGN_VERSION: u32 = 1;

/// What is signed: a small file that names the record's list of digests by its own digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Countersignature {
    /// [`COUNTERSIGN_VERSION`].
    pub schema_version: u32,
    /// The record's id, `<login>-YYYY-MM-DD-NNN`.
    pub record: String,
    /// The SHA-256 of the record's `SHA256SUMS`.
    pub sha256sums: Sha256,
    /// Who counter-signs: a login at the code host, never the record's own auditor.
    pub login: String,
    /// When, by the counter-signer's clock.
    pub signed_at: Time,
    /// The counter-signer had every piece of evidence checked again in a clone, and none failed.
    pub evidence_checked: bool,
    /// What the counter-signer has to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Countersignature {
    /// Returns what is wrong with it beside a record: the first thing, as a sentence.
    ///
    /// `stem` is the file's name without its ending; `record` and `sums` are the record's own.
    pub fn wrong(&self, stem: &str, record: Option<&str>, sums: Sha256) -> Option<String> {
        let named = record_name(stem).filter(|(login, date, _)| *login == self.login && *date == self.signed_at.date());
        if self.schema_version != COUNTERSIGN_VERSION {
            Some(format!("It has the format {}, and this program knows {COUNTERSIGN_VERSION}.", self.schema_version))
        } else if !path_part(&self.login) || named.is_none() {
            Some("Its name is not made of its login and the UTC date of its signature.".to_owned())
        } else if record.is_some_and(|record| record != self.record) {
            Some(format!("It is about another record, {}.", self.record))
        } else if self.sha256sums != sums {
            Some("It is about another list of digests: the record was another when it was counter-signed.".to_owned())
        } else {
            None
        }
    }
}
