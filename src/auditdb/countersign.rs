//! Counter-signatures in a record's folder: read and checked, and added.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use super::folder::{ATTESTATIONS, Folder, SUMS_FILE};
use super::json::strict;
use crate::error::{Error, Result};
use crate::model::countersign::Countersignature;
use crate::model::hash::Sha256;
use crate::model::target::record_name;
use crate::model::time::Time;
use crate::repo::display;
use crate::sign::{self, AllowedSigners, NAMESPACE_COUNTERSIGN, Refusal};

/// What is known of a counter-signature that is not false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Countersigned {
    /// The file, below the record.
    pub file: String,
    /// Who counter-signed, as the file says.
    pub login: String,
    /// When, by the counter-signer's clock.
    pub signed_at: Time,
    /// The counter-signer says that all evidence was checked again in a clone.
    pub evidence_checked: bool,
    /// What the counter-signer says besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The key is listed for this login, and signed exactly these bytes.
    pub verified: bool,
    /// The key's fingerprint, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Why it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
}

/// A counter-signature that is false: the stable word, the file, a sentence.
pub(super) type Wrong = (&'static str, String, String);

/// Reads and checks every counter-signature of a record. `record` is the record's id, where it is known.
pub(super) fn check(
    folder: &Folder,
    record: Option<&str>,
    signers: Option<&AllowedSigners>,
    at: Option<Time>,
) -> Vec<std::result::Result<Countersigned, Wrong>> {
    let Some(sums) = folder.files.get(SUMS_FILE).map(Sha256::of) else { return Vec::new() };
    // Anything else in that folder is named where the record's files are.
    let stems = folder.files.keys().filter_map(|path| {
        let name = path.strip_prefix(ATTESTATIONS)?;
        let (stem, ending) = name.rsplit_once('.')?;
        (record_name(stem).is_some() && matches!(ending, "json" | "sig")).then_some(stem)
    });
    let mut stems: Vec<&str> = stems.collect();
    stems.dedup();
    stems.into_iter().map(|stem| check_one(folder, stem, record, sums, signers, at)).collect()
}

fn check_one(
    folder: &Folder,
    stem: &str,
    record: Option<&str>,
    sums: Sha256,
    signers: Option<&AllowedSigners>,
    at: Option<Time>,
) -> std::result::Result<Countersigned, Wrong> {
    let file = format!("{ATTESTATIONS}{stem}.json");
    let signature = format!("{ATTESTATIONS}{stem}.sig");
    let wrong = |reason, message: String| (reason, file.clone(), message);
    let Some(bytes) = folder.files.get(&file) else {
        let message = "It is the signature of a counter-signature that is not there.".to_owned();
        return Err(("countersignature_malformed", signature, message));
    };
    let says = read(bytes).map_err(|why| wrong("countersignature_malformed", why))?;
    if let Some(why) = says.wrong(stem, record, sums) {
        return Err(wrong("countersignature_mismatch", why));
    }
    let Some(armor) = folder.files.get(&signature) else {
        let message = format!("It has no signature. {} runs `touchstone countersign` again.", says.login);
        return Err(wrong("countersignature_unsigned", message));
    };
    let mut countersigned = Countersigned {
        file: file.clone(),
        login: says.login.clone(),
        signed_at: says.signed_at,
        evidence_checked: says.evidence_checked,
        note: says.note,
        verified: false,
        fingerprint: None,
        unverified: None,
    };
    let refused = |refusal: &Refusal| wrong("countersignature_refused", refusal.to_string());
    let Some(signers) = signers else {
        let fingerprint = sign::check_own(bytes, armor, NAMESPACE_COUNTERSIGN).map_err(|refusal| refused(&refusal))?;
        countersigned.fingerprint = Some(fingerprint);
        countersigned.unverified = Some("no allowed signers were given".to_owned());
        return Ok(countersigned);
    };
    match sign::verify(bytes, armor, NAMESPACE_COUNTERSIGN, &says.login, signers, at.unwrap_or(says.signed_at)) {
        Ok(verified) => {
            countersigned.verified = true;
            countersigned.fingerprint = Some(verified.fingerprint);
        }
        // Whom its reader does not know, or did not list for this, makes nothing false.
        Err(
            refusal @ (Refusal::UnknownKey { .. }
            | Refusal::NamespaceNotAllowed
            | Refusal::Unsupported(_)
            | Refusal::Failed(_)),
        ) => countersigned.unverified = Some(refusal.to_string()),
        Err(refusal) => return Err(refused(&refusal)),
    }
    Ok(countersigned)
}

/// Reads a counter-signature's file.
fn read(bytes: &[u8]) -> std::result::Result<Countersignature, String> {
    let value = strict(bytes).map_err(|why| format!("It is not JSON without doubles: {why}."))?;
    serde_json::from_value(value).map_err(|error| format!("It is not a counter-signature: {error}."))
}

/// Takes a login's counter-signatures that have no signature out of a folder that was read, and returns their files: a call
/// was cut off, and the next one writes them anew.
pub fn take_halves(folder: &mut Folder, login: &str) -> Vec<String> {
    let half = |path: &str| {
        let stem = path.strip_prefix(ATTESTATIONS)?.strip_suffix(".json")?;
        let own = record_name(stem)?.0 == login && !folder.files.contains_key(&format!("{ATTESTATIONS}{stem}.sig"));
        own.then(|| path.to_owned())
    };
    let halves: Vec<String> = folder.files.keys().filter_map(|path| half(path)).collect();
    folder.files.retain(|path, _| !halves.contains(path));
    halves
}

/// Adds a counter-signature to a record's folder, signed by `sign`, and returns its file's name below the record.
///
/// # Errors
/// Where the login counter-signed these digests already, signing fails, or something cannot be written.
pub fn add(folder: &Folder, says: &Countersignature, sign: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<String> {
    for (path, bytes) in folder.files.iter().filter(|(path, _)| path.starts_with(ATTESTATIONS)) {
        if read(bytes).is_ok_and(|there| there.login == says.login && there.sha256sums == says.sha256sums) {
            return Err(Error::falsity(format!("{} counter-signed this record already: {path}.", says.login))
                .hint("One counter-signature of a login over the same digests is enough."));
        }
    }
    let text =
        display::json(says, true).map_err(|error| Error::could_not(format!("Could not write JSON: {error}.")))? + "\n";
    let armor = sign(text.as_bytes())?;
    let stem = next_stem(folder, says);
    let file = format!("{ATTESTATIONS}{stem}.json");
    write(folder, &file, text.as_bytes())?;
    write(folder, &format!("{ATTESTATIONS}{stem}.sig"), &armor)?;
    Ok(file)
}

/// Returns the next free name of a login's counter-signature on its day.
fn next_stem(folder: &Folder, says: &Countersignature) -> String {
    let date = says.signed_at.date();
    let used = folder.files.keys().filter_map(|path| {
        let (stem, _) = path.strip_prefix(ATTESTATIONS)?.rsplit_once('.')?;
        let (login, when, number) = record_name(stem)?;
        (login == says.login && when == date).then(|| number.parse::<u32>().ok())?
    });
    format!("{}-{date}-{:03}", says.login, used.max().unwrap_or(0) + 1)
}

/// Writes a file of a record's folder, whole or not at all.
fn write(folder: &Folder, file: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.path.join(file);
    let failed = |error: std::io::Error| Error::io("write", &path, &error);
    // Not beside the record's files: what a crash leaves must not stand among them.
    let outside = folder.path.parent().unwrap_or(&folder.path);
    let mut temporary = tempfile::Builder::new()
        .prefix(".touchstone-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(outside)
        .map_err(failed)?;
    temporary.write_all(bytes).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    temporary.persist(&path).map_err(|error| failed(error.error))?;
    File::open(path.parent().unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all()).map_err(failed)
}
