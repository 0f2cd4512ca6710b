//! Public keys: which can be checked here, which only by ssh-keygen, which not at all.

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use ssh_key::{Certificate, HashAlg, PublicKey};

use super::Refusal;
use super::envelope::{Envelope, type_name};

/// The types that an allowed signers line may hold, with those first that are verified natively.
const LISTED: [&str; 7] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    RSA,
];
const NATIVE: usize = 6;
const RSA: &str = "ssh-rsa";
const DSA: &str = "ssh-dss";

/// The key inside a signature, by who can check it.
pub(super) enum Key {
    /// Checked here.
    Native(PublicKey),
    /// Checked by ssh-keygen; the text names it at the start of a sentence.
    Foreign(String),
    /// A certificate, checked by ssh-keygen.
    Certificate(Box<Certificate>),
}

impl Key {
    /// Reads the key inside a signature.
    pub fn read(envelope: &Envelope) -> Result<Self, Refusal> {
        let name = envelope.key_type();
        if name == DSA || name.starts_with("ssh-dss-cert-") {
            return Err(Refusal::KeyTypeRefused(name.to_owned()));
        }
        if name.contains("-cert-v0") {
            let certificate = Certificate::from_bytes(&envelope.key)
                .map_err(|_| Refusal::Malformed("the certificate inside cannot be read".into()))?;
            return Ok(Key::Certificate(Box::new(certificate)));
        }
        if name == RSA {
            // SHA-1 is what a bare `ssh-rsa` would mean; OpenSSH refuses it in signatures over files, too.
            if !matches!(envelope.algorithm.as_str(), "rsa-sha2-256" | "rsa-sha2-512") {
                return Err(Refusal::Malformed("an RSA key must sign with rsa-sha2-256 or rsa-sha2-512".into()));
            }
            read_public(&envelope.key).map_err(|what| Refusal::Malformed(format!("its public key {what}")))?;
            return Ok(Key::Foreign("An RSA signature".into()));
        }
        if !LISTED.contains(&name) {
            return Ok(Key::Foreign(format!("A signature by a key of type {name}")));
        }
        let public = read_public(&envelope.key).map_err(|what| Refusal::Malformed(format!("its public key {what}")))?;
        if envelope.algorithm == name {
            Ok(Key::Native(public))
        } else if envelope.algorithm.strip_prefix("webauthn-") == Some(name) {
            Ok(Key::Foreign("A signature made through a browser (webauthn)".into()))
        } else {
            Err(Refusal::Malformed("its algorithm is not that of its key".into()))
        }
    }

    /// Returns the fingerprint as `ssh-keygen -l` prints it; a certificate has that of the key it certifies.
    pub fn fingerprint(&self, envelope: &Envelope) -> String {
        match self {
            Key::Certificate(certificate) => certificate.public_key().fingerprint(HashAlg::Sha256).to_string(),
            Key::Native(_) | Key::Foreign(_) => fingerprint(&envelope.key),
        }
    }
}

/// Returns the key that signed a certificate, in wire form.
pub(super) fn authority(certificate: &Certificate) -> Result<Vec<u8>, Refusal> {
    PublicKey::from(certificate.signature_key().clone())
        .to_bytes()
        .map_err(|_| Refusal::Malformed("the certificate's authority cannot be read".into()))
}

/// Returns the SHA-256 fingerprint of a public key in wire form.
pub(super) fn fingerprint(key: &[u8]) -> String {
    let digest = crate::model::hash::Sha256::of(key);
    format!("SHA256:{}", Base64Unpadded::encode_string(&digest.0))
}

/// Returns whether `word` names a key type, accepted or not, so that it cannot be an option.
pub(super) fn is_type(word: &str) -> bool {
    LISTED.contains(&word) || word == DSA || word.contains("-cert-v0")
}

/// Reads `TYPE BASE64` of a line and returns the key in wire form, or what is wrong and what to do about it.
pub(super) fn read_listed(name: &str, base64: &str) -> Result<Vec<u8>, (String, String)> {
    let known = format!("use a key of type {}", LISTED[..NATIVE].join(", "));
    if name == DSA {
        return Err(("DSA keys are not accepted any more".into(), "remove the line, or list an ed25519 key".into()));
    }
    if name.contains("-cert-v0") {
        return Err(("a certificate stands where a key belongs".into(), "list the plain public key".into()));
    }
    if !LISTED.contains(&name) {
        return Err((format!("`{name}` is not a key type that is known here"), known));
    }
    let again = "copy the line again from the .pub file";
    let blob = Base64::decode_vec(base64).map_err(|_| ("the key is not base64".to_owned(), again.to_owned()))?;
    if type_name(&blob) != Some(name) {
        return Err((format!("the key does not say that it is of type {name}"), again.into()));
    }
    read_public(&blob).map_err(|what| (format!("the key {what}"), again.to_owned()))?;
    Ok(blob)
}

/// Reads a public key in wire form; the key must have one way to be written, since keys are compared as bytes.
fn read_public(blob: &[u8]) -> Result<PublicKey, &'static str> {
    let public = PublicKey::from_bytes(blob).map_err(|_| "cannot be read")?;
    if public.to_bytes().ok().as_deref() != Some(blob) {
        return Err("is not written in its one proper form");
    }
    let point = match public.key_data() {
        ssh_key::public::KeyData::Ecdsa(key) => Some(key.as_sec1_bytes()),
        ssh_key::public::KeyData::SkEcdsaSha2NistP256(key) => Some(key.ec_point().as_bytes()),
        _ => None,
    };
    // OpenSSH reads uncompressed points only.
    if point.is_some_and(|bytes| bytes.first() != Some(&0x04)) {
        return Err("holds a compressed point, which OpenSSH does not read");
    }
    Ok(public)
}
