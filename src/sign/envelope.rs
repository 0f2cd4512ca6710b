//! The signature file: its armor and the SSHSIG inside, read to the byte.

use base64ct::{Base64, Encoding as _};
use ssh_key::{HashAlg, PublicKey, Signature, SshSig};

use super::{Refusal, SIGNATURE_CAP};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";

/// The flag that a security key sets when somebody touched it.
const USER_PRESENT: u8 = 0x01;

/// An SSHSIG, taken apart. The fields hold nothing that the bytes do not.
pub(super) struct Envelope {
    /// The signer's public key in SSH's wire form.
    pub key: Vec<u8>,
    namespace: String,
    hash: HashAlg,
    /// The name of the signature's algorithm; mostly, but not always, that of the key's type.
    pub algorithm: String,
    signature: Vec<u8>,
    /// What follows the signature proper: flags and counter of a security key.
    trailer: Vec<u8>,
}

impl Envelope {
    /// Reads a signature file strictly and compares its namespace.
    pub fn open(armor: &[u8], namespace: &str) -> Result<Self, Refusal> {
        if armor.len() as u64 > SIGNATURE_CAP {
            return Err(Refusal::TooLarge);
        }
        let envelope = Envelope::parse(&unarmor(armor)?)?;
        if envelope.namespace != namespace {
            return Err(Refusal::WrongNamespace { found: envelope.namespace });
        }
        Ok(envelope)
    }

    // The wire form is read here and not by ssh-key, whose reader lets bytes follow inside the key and the signature.
    fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(|| malformed("it does not hold an SSHSIG"))?;
        match take(&mut rest, 4)? {
            [0, 0, 0, 1] => {}
            _ => return Err(malformed("its version is not 1")),
        }
        let key = string(&mut rest)?.to_vec();
        let namespace =
            String::from_utf8(string(&mut rest)?.to_vec()).map_err(|_| malformed("its namespace is not UTF-8"))?;
        if namespace.is_empty() {
            return Err(malformed("its namespace is empty"));
        }
        if !string(&mut rest)?.is_empty() {
            return Err(malformed("its reserved field is not empty"));
        }
        let hash = match string(&mut rest)? {
            b"sha256" => HashAlg::Sha256,
            b"sha512" => HashAlg::Sha512,
            _ => return Err(malformed("its hash is neither sha256 nor sha512")),
        };
        let mut inner = string(&mut rest)?;
        if !rest.is_empty() {
            return Err(malformed("bytes follow the signature"));
        }
        let algorithm = String::from_utf8(string(&mut inner)?.to_vec())
            .map_err(|_| malformed("the name of its algorithm is not UTF-8"))?;
        let signature = string(&mut inner)?.to_vec();
        let trailer = inner.to_vec();
        let fits = match algorithm.as_str() {
            // A browser's signature has more fields behind the counter; ssh-keygen reads them.
            name if name.starts_with("webauthn-sk-") => trailer.len() >= 5,
            name if name.starts_with("sk-") => trailer.len() == 5,
            _ => trailer.is_empty(),
        };
        if !fits {
            return Err(malformed("bytes are missing or left over inside the signature"));
        }
        // Every key starts with the name of its type; without one nothing below could name the key.
        match string(&mut key.as_slice()).map(std::str::from_utf8) {
            Ok(Ok(name)) if !name.is_empty() => {}
            _ => return Err(malformed("its public key has no type")),
        }
        Ok(Envelope { key, namespace, hash, algorithm, signature, trailer })
    }

    /// Returns the name of the key's type.
    pub fn key_type(&self) -> &str {
        type_name(&self.key).unwrap_or_default()
    }

    /// Checks that `public`, which is this envelope's key, signed `message`.
    pub fn check(&self, public: &PublicKey, message: &[u8]) -> Result<(), Refusal> {
        let mut data = self.signature.clone();
        data.extend(&self.trailer);
        let signature = Signature::new(public.algorithm(), data)
            .map_err(|_| malformed("the signature inside is not one of its algorithm"))?;
        let sig = SshSig::new(public.key_data().clone(), self.namespace.as_str(), self.hash, signature)
            .map_err(|_| malformed("its namespace is empty"))?;
        public.verify(&self.namespace, message, &sig).map_err(|_| Refusal::Mismatch)
    }

    /// Checks that a security key was touched; other keys have nothing to touch.
    pub fn check_presence(&self) -> Result<(), Refusal> {
        match self.trailer.first() {
            Some(flags) if flags & USER_PRESENT == 0 => Err(Refusal::UserPresenceMissing),
            _ => Ok(()),
        }
    }
}

/// Returns the bytes inside the armor; nothing may stand before or after it but one final line feed.
fn unarmor(armor: &[u8]) -> Result<Vec<u8>, Refusal> {
    let text = std::str::from_utf8(armor).map_err(|_| malformed("it is not text"))?;
    if text.contains('\r') {
        return Err(malformed("its lines end in CR LF; a checkout may have rewritten them"));
    }
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_prefix('\n'))
        .ok_or_else(|| malformed("its first line is not the one that begins an SSH signature"))?;
    let body = body.strip_suffix('\n').unwrap_or(body);
    let body = body
        .strip_suffix(END)
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or_else(|| malformed("its last line is not the one that ends an SSH signature"))?;
    let mut base64 = String::with_capacity(body.len());
    for line in body.split('\n') {
        // 76 is the widest that any tool writes; ssh-keygen writes 70.
        if line.is_empty() || line.len() > 76 {
            return Err(malformed("a line of it is empty or longer than 76 characters"));
        }
        base64.push_str(line);
    }
    Base64::decode_vec(&base64).map_err(|_| malformed("it is not base64"))
}

/// Returns the type's name at the start of a public key in wire form.
pub(super) fn type_name(mut key: &[u8]) -> Option<&str> {
    string(&mut key).ok().and_then(|name| std::str::from_utf8(name).ok())
}

/// Takes a length and as many bytes, SSH's `string`.
fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Refusal> {
    let length = take(rest, 4)?.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    take(rest, usize::try_from(length).map_err(|_| malformed("it ends too early"))?)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Refusal> {
    let (head, tail) = rest.split_at_checked(count).ok_or_else(|| malformed("it ends too early"))?;
    *rest = tail;
    Ok(head)
}

fn malformed(what: &str) -> Refusal {
    Refusal::Malformed(what.to_owned())
}
