//! Floor 1: SSH signatures over records.
//!
//! A signature is an SSHSIG (OpenSSH's PROTOCOL.sshsig) over the exact bytes of a file, in a namespace. It is made by the
//! auditor's own `ssh-keygen`, so that agents, security keys and passphrases work as they always do, and it is verified
//! here without it. What `ssh-key` cannot check (RSA, certificates) goes to `ssh-keygen -Y verify`; where that is missing,
//! the answer is "could not check", never "valid".
//!
//! Where this differs from `ssh-keygen -Y verify` it refuses more: the armor is read to the byte, a security key must
//! have been touched, principals and namespaces are compared literally and never as patterns. The one difference that
//! can go either way is a time without `Z` among the allowed signers, see [`AllowedSigners`].

mod envelope;
mod key;
mod keygen;
mod signers;

use std::fmt;

use crate::model::time::Time;

pub use keygen::SshKeygen;
pub use signers::{AllowedSigners, LineError, LineNote, merge_signers, signer_lines};

use envelope::Envelope;
use key::Key;

/// The namespace of an auditor's signature over a record.
pub const NAMESPACE_RECORD: &str = "mcp-audit-record@modelcontextprotocol-security.io";

/// The namespace of a counter-signature: somebody else signs the digest of a record's list of digests.
pub const NAMESPACE_COUNTERSIGN: &str = "mcp-audit-countersign@modelcontextprotocol-security.io";

/// The most bytes that a signature file may have; the largest honest one (RSA 16384) is well below.
pub const SIGNATURE_CAP: u64 = 16 * 1024;

/// Says why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The file is not an SSHSIG; the text says what is off.
    Malformed(String),
    /// The file is larger than [`SIGNATURE_CAP`] and was not read.
    TooLarge,
    /// The signature was made for another purpose.
    WrongNamespace {
        /// The namespace inside the signature.
        found: String,
    },
    /// The signature does not fit the message.
    Mismatch,
    /// No line of the allowed signers holds the key.
    UnknownKey {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The key is listed, but for somebody else.
    NotThisPrincipal {
        /// The key's fingerprint.
        fingerprint: String,
        /// Those for whom the key is listed.
        principals: Vec<String>,
    },
    /// The key is listed for this login, but not for this namespace.
    NamespaceNotAllowed,
    /// The key's time was over.
    Expired {
        /// The last second in which the key was accepted.
        valid_before: Time,
    },
    /// The key's time had not come.
    NotYetValid {
        /// The first second in which the key is accepted.
        valid_after: Time,
    },
    /// A security key signed without having been touched; `ssh-keygen` does not look at this.
    UserPresenceMissing,
    /// The key is of a type that proves nothing any more.
    KeyTypeRefused(String),
    /// The certificate that signed is not good for this login at this time; the text is ssh-keygen's.
    CertificateRefused(String),
    /// The algorithm cannot be checked on this machine.
    Unsupported(String),
    /// The check could not be carried out: ssh-keygen did not start, hung, or said something unexpected.
    Failed(String),
}

impl Refusal {
    /// Returns the stable word for this refusal, as it stands in JSON output.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::Malformed(_) => "signature_malformed",
            Refusal::TooLarge => "signature_too_large",
            Refusal::WrongNamespace { .. } => "wrong_namespace",
            Refusal::Mismatch => "signature_mismatch",
            Refusal::UnknownKey { .. } => "unknown_key",
            Refusal::NotThisPrincipal { .. } => "key_of_another",
            Refusal::NamespaceNotAllowed => "namespace_not_allowed",
            Refusal::Expired { .. } => "key_expired",
            Refusal::NotYetValid { .. } => "key_not_yet_valid",
            Refusal::UserPresenceMissing => "user_presence_missing",
            Refusal::KeyTypeRefused(_) => "key_type_refused",
            Refusal::CertificateRefused(_) => "certificate_refused",
            Refusal::Unsupported(_) => "algorithm_unsupported",
            Refusal::Failed(_) => "verifier_failed",
        }
    }

    /// Returns whether nothing was shown to be false: the check itself could not be made.
    pub fn could_not_check(&self) -> bool {
        matches!(self, Refusal::Unsupported(_) | Refusal::Failed(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Malformed(what) => write!(
                f,
                "The signature file is malformed: {what}. Fetch the record again without line-ending conversion, or have it signed again."
            ),
            Refusal::TooLarge => write!(
                f,
                "The signature file is larger than {} KiB and was not read; no SSH signature is. Fetch the record again.",
                SIGNATURE_CAP / 1024
            ),
            Refusal::WrongNamespace { found } => write!(
                f,
                "The signature was made for the namespace {found}, so it says nothing about this; ask the signer to sign it for its own namespace."
            ),
            Refusal::Mismatch => write!(
                f,
                "The signature does not fit the signed bytes: they or the signature were changed after signing. Fetch the record again, or ask its auditor."
            ),
            Refusal::UnknownKey { fingerprint } => write!(
                f,
                "The key {fingerprint} is not in the allowed signers; if you know whose it is, add it with `touchstone signers add LOGIN FILE`."
            ),
            Refusal::NotThisPrincipal { fingerprint, principals } => write!(
                f,
                "The key {fingerprint} is listed for {}, not for the login that the record names; ask its auditor which key is theirs.",
                principals.join(", ")
            ),
            Refusal::NamespaceNotAllowed => write!(
                f,
                "The key is listed for this login, but not for this namespace; add the namespace to the key's line in the allowed signers (it is compared literally, patterns do not count)."
            ),
            Refusal::Expired { valid_before } => write!(
                f,
                "The key was accepted until {valid_before} only; if the record was sealed earlier, check it with the time of sealing."
            ),
            Refusal::NotYetValid { valid_after } => write!(
                f,
                "The key is accepted from {valid_after} on only; check the record's time, or the key's line in the allowed signers."
            ),
            Refusal::UserPresenceMissing => write!(
                f,
                "The security key signed without having been touched; sign again with a key that was made without `no-touch-required`."
            ),
            Refusal::KeyTypeRefused(name) => {
                write!(f, "Keys of type {name} are not accepted any more; sign with an ed25519 key.")
            }
            Refusal::CertificateRefused(why) => write!(
                f,
                "The certificate that signed is not accepted: {why}. Ask the signer for a signature by a plain key, or check the certificate's principals and validity."
            ),
            Refusal::Unsupported(what) => write!(
                f,
                "{what} cannot be checked without ssh-keygen; install OpenSSH (8.9 or newer) and verify again."
            ),
            Refusal::Failed(why) => {
                write!(f, "The signature could not be checked: {why}. Nothing is said about whether it is good.")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// A signature that was checked in full: it fits, and an allowed signer made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key's fingerprint, `SHA256:…` as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// The key's type, e.g. `ssh-ed25519`.
    pub key_type: String,
    /// The login for which the allowed signers list the key.
    pub principal: String,
    /// The comment on the key's line in the allowed signers.
    pub comment: Option<String>,
    /// What did the arithmetic: `native` or `ssh-keygen`.
    pub by: &'static str,
}

/// Verifies that `login` signed exactly `message` in `namespace` with a key that was allowed at `at`.
///
/// `at` is the time that the caller believes in; a signature proves a key, never a time.
///
/// # Errors
///
/// Returns the [`Refusal`] that says why the signature is not accepted.
pub fn verify(
    message: &[u8],
    armor: &[u8],
    namespace: &str,
    login: &str,
    signers: &AllowedSigners,
    at: Time,
) -> std::result::Result<Verified, Refusal> {
    verify_with(message, armor, namespace, login, signers, at, SshKeygen::find().as_ref())
}

/// Verifies as [`verify`] does, with the given `ssh-keygen` for what cannot be checked natively, or with none.
///
/// # Errors
///
/// Returns the [`Refusal`] that says why the signature is not accepted.
pub fn verify_with(
    message: &[u8],
    armor: &[u8],
    namespace: &str,
    login: &str,
    signers: &AllowedSigners,
    at: Time,
    keygen: Option<&SshKeygen>,
) -> std::result::Result<Verified, Refusal> {
    let envelope = Envelope::open(armor, namespace)?;
    let key = Key::read(&envelope)?;
    let fingerprint = key.fingerprint(&envelope);
    let line = match &key {
        Key::Native(public) => {
            envelope.check(public, message)?;
            envelope.check_presence()?;
            signers.admit(&envelope.key, false, login, namespace, at, &fingerprint)?
        }
        // The list is asked first: it is cheap, and ssh-keygen then sees one line that holds no pattern, date or option.
        Key::Foreign(what) => {
            envelope.check_presence()?;
            let line = signers.admit(&envelope.key, false, login, namespace, at, &fingerprint)?;
            let keygen = keygen.ok_or_else(|| Refusal::Unsupported(what.clone()))?;
            keygen.verify(message, armor, namespace, login, &line.plain(login), None)?;
            line
        }
        Key::Certificate(certificate) => {
            envelope.check_presence()?;
            let authority = key::authority(certificate)?;
            let line = signers.admit(&authority, true, login, namespace, at, &fingerprint)?;
            let keygen = keygen.ok_or_else(|| Refusal::Unsupported("A signature by a certificate".into()))?;
            keygen.verify(message, armor, namespace, login, &line.plain(login), Some(at))?;
            line
        }
    };
    Ok(Verified {
        fingerprint,
        key_type: envelope.key_type().to_owned(),
        principal: login.to_owned(),
        comment: line.comment.clone(),
        by: if matches!(key, Key::Native(_)) { "native" } else { "ssh-keygen" },
    })
}

/// Checks that a signature fits message and namespace by the key inside it, and returns that key's fingerprint.
///
/// This asks nobody whose key it is, so it is for a signature that was made a moment ago and is about to be written.
/// It must never be reported as "verified".
///
/// # Errors
///
/// Returns the [`Refusal`] that says why the signature does not fit.
pub fn check_own(message: &[u8], armor: &[u8], namespace: &str) -> std::result::Result<String, Refusal> {
    check_own_with(message, armor, namespace, SshKeygen::find().as_ref())
}

fn check_own_with(
    message: &[u8],
    armor: &[u8],
    namespace: &str,
    keygen: Option<&SshKeygen>,
) -> std::result::Result<String, Refusal> {
    let envelope = Envelope::open(armor, namespace)?;
    let key = Key::read(&envelope)?;
    envelope.check_presence()?;
    match &key {
        Key::Native(public) => envelope.check(public, message)?,
        Key::Foreign(_) | Key::Certificate(_) => keygen
            .ok_or_else(|| Refusal::Unsupported(format!("A signature by a key of type {}", envelope.key_type())))?
            .check_novalidate(message, armor, namespace)?,
    }
    Ok(key.fingerprint(&envelope))
}
