//! What the signing tests share: fixtures, signatures built by hand, and the real ssh-keygen to compare with.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64ct::{Base64, Encoding as _};
use ssh_key::private::{EcdsaKeypair, Ed25519Keypair};
use ssh_key::rand_core::{CryptoRng, RngCore};
use ssh_key::{EcdsaCurve, PrivateKey, SigningKey};
use touchstone::model::time::Time;
use touchstone::sign::{NAMESPACE_RECORD, SshKeygen};

/// The ones that are verified natively.
pub const NATIVE: [&str; 4] = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521"];

pub fn data(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sign").join(name)).unwrap()
}

pub fn message() -> Vec<u8> {
    data("message.txt")
}

pub fn public(name: &str) -> String {
    String::from_utf8(data(&format!("{name}.pub"))).unwrap().trim().to_owned()
}

/// A time in the year of the fixtures.
pub fn now() -> Time {
    time("2026-01-31T12:00:00Z")
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Finds ssh-keygen, or says loudly that a test is not what it could be.
pub fn keygen() -> Option<SshKeygen> {
    let found = SshKeygen::find();
    if found.is_none() {
        // Straight to standard error: the test harness hides what `eprintln!` says in a test that passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: ssh-keygen is not installed");
    }
    found
}

/// Returns whether the real ssh-keygen accepts; `None` where there is none.
pub fn real_verify(
    message: &[u8],
    armor: &[u8],
    namespace: &str,
    login: &str,
    signers: &str,
    at: Time,
) -> Option<bool> {
    keygen()?;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("signers"), signers).unwrap();
    fs::write(folder.path().join("sig"), armor).unwrap();
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-f", "signers", "-s", "sig", "-I", login, "-n", namespace, "-O"])
        .arg(format!("verify-time={}", at.compact()))
        .current_dir(folder.path())
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // ssh-keygen may end before it has read the message, so a broken pipe is no failure.
    let _ = child.stdin.take().unwrap().write_all(message);
    Some(child.wait().unwrap().success())
}

pub fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend(bytes);
    out
}

/// Puts base64 between the two lines as ssh-keygen does.
pub fn armor(blob: &[u8]) -> Vec<u8> {
    let base64 = Base64::encode_string(blob);
    let mut out = b"-----BEGIN SSH SIGNATURE-----\n".to_vec();
    for line in base64.as_bytes().chunks(70) {
        out.extend(line);
        out.push(b'\n');
    }
    out.extend(b"-----END SSH SIGNATURE-----\n");
    out
}

pub fn unarmor(armor: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(armor).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    Base64::decode_vec(&body).unwrap()
}

/// An SSHSIG whose fields can be set one by one.
#[derive(Clone)]
pub struct Parts {
    pub magic: Vec<u8>,
    pub version: u32,
    pub key: Vec<u8>,
    pub namespace: Vec<u8>,
    pub reserved: Vec<u8>,
    pub hash: Vec<u8>,
    pub signature: Vec<u8>,
    pub after: Vec<u8>,
}

impl Parts {
    pub fn armor(&self) -> Vec<u8> {
        let mut blob = self.magic.clone();
        blob.extend(self.version.to_be_bytes());
        for part in [&self.key, &self.namespace, &self.reserved, &self.hash, &self.signature] {
            blob.extend(string(part));
        }
        blob.extend(&self.after);
        armor(&blob)
    }
}

/// A signer whose keys come from a seed, so that tests need no randomness; test-only by nature.
pub struct Signer {
    pub key_type: &'static str,
    private: PrivateKey,
    /// Set for security keys.
    pub flags: Option<u8>,
}

struct Seeded(u64);

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        u32::try_from(self.next_u64() >> 32).unwrap()
    }
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next_u64().to_be_bytes()[0];
        }
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), ssh_key::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

impl Signer {
    pub fn ed25519(seed: u8) -> Self {
        Signer { key_type: "ssh-ed25519", private: Ed25519Keypair::from_seed(&[seed; 32]).into(), flags: None }
    }

    pub fn sk_ed25519(flags: u8) -> Self {
        Signer { key_type: "sk-ssh-ed25519@openssh.com", flags: Some(flags), ..Signer::ed25519(7) }
    }

    pub fn sk_ecdsa(flags: u8) -> Self {
        let pair = EcdsaKeypair::random(&mut Seeded(9), EcdsaCurve::NistP256).unwrap();
        let private = PrivateKey::new(ssh_key::private::KeypairData::Ecdsa(pair), "").unwrap();
        Signer { key_type: "sk-ecdsa-sha2-nistp256@openssh.com", private, flags: Some(flags) }
    }

    pub fn blob(&self) -> Vec<u8> {
        let plain = self.private.public_key().to_bytes().unwrap();
        let Some(_) = self.flags else { return plain };
        // The same fields under another name, and the application behind them.
        let old = u32::from_be_bytes(plain[..4].try_into().unwrap()) as usize;
        [string(self.key_type), plain[4 + old..].to_vec(), string("ssh:")].concat()
    }

    /// The `TYPE BASE64` of an allowed signers line.
    pub fn public(&self) -> String {
        format!("{} {}", self.key_type, Base64::encode_string(&self.blob()))
    }

    pub fn sign(&self, message: &[u8]) -> Parts {
        fn raw<S: SigningKey>(key: &S, data: &[u8]) -> Vec<u8> {
            key.try_sign(data).unwrap().as_bytes().to_vec()
        }
        let digest = |bytes: &[u8]| touchstone::model::hash::Sha256::of(bytes).0.to_vec();
        let mut data = b"SSHSIG".to_vec();
        for part in [NAMESPACE_RECORD.as_bytes(), b"", b"sha256", &digest(message)] {
            data.extend(string(part));
        }
        let signature = match self.flags {
            None => [string(self.key_type), string(raw(&self.private, &data))].concat(),
            Some(flags) => {
                let trailer = [flags, 0, 0, 0, 42];
                let touched = [digest(b"ssh:"), trailer.to_vec(), digest(&data)].concat();
                [string(self.key_type), string(raw(&self.private, &touched)), trailer.to_vec()].concat()
            }
        };
        Parts {
            magic: b"SSHSIG".to_vec(),
            version: 1,
            key: self.blob(),
            namespace: NAMESPACE_RECORD.into(),
            reserved: Vec::new(),
            hash: b"sha256".to_vec(),
            signature,
            after: Vec::new(),
        }
    }
}
