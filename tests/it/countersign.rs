//! Counter-signatures: made, verified natively and with ssh-keygen alone, and false in every way that they can be.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use serde_json::{Value, json};

use crate::record::{Copy, copy, exported, key, missing, run};
use crate::support::{fails, succeeds};

const NAMESPACE: &str = "mcp-audit-countersign@modelcontextprotocol-security.io";
const STEM: &str = "artifacts/attestations/kim-2026-01-31-001";

/// A record that kim counter-signed, with kim's key, which the copy's signers list.
fn countersigned() -> (Copy, PathBuf) {
    let copy = copy();
    let key = key(copy.dir.path(), "kim");
    trust(&copy, "kim", &key);
    let said = succeeds(countersign(&copy, "kim", &key).args(["--repo", ".", "--note", "I read every excerpt."]));
    assert!(said.contains("every piece of evidence was checked again"), "{said}");
    (copy, key)
}

fn trust(copy: &Copy, login: &str, key: &Path) {
    let mut command = exported().cmd();
    command.args(["signers", "add", login]).arg(key.with_extension("pub"));
    succeeds(command.arg("--allowed-signers").arg(&copy.signers));
}

fn countersign(copy: &Copy, login: &str, key: &Path) -> assert_cmd::Command {
    let mut command = exported().cmd();
    command.arg("countersign").arg(&copy.record).args(["--auditor", login]).arg("--key").arg(key);
    command.arg("--allowed-signers").arg(&copy.signers);
    command
}

fn report(copy: &Copy) -> Value {
    let mut command = exported().cmd();
    command.arg("verify").arg(&copy.record).arg("--allowed-signers").arg(&copy.signers).arg("--json");
    serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
}

/// Signs a file of the record with this key and namespace, as somebody without this program would.
fn sign(copy: &Copy, key: &Path, namespace: &str) {
    let script = format!(
        "ssh-keygen -Y sign -f '{}' -n '{namespace}' < {STEM}.json > ../sig && mv ../sig {STEM}.sig",
        key.display()
    );
    run("bash", &["-c", &script], &copy.record);
}

fn change(copy: &Copy, key: &str, value: Value) {
    let file = format!("{STEM}.json");
    let mut says: Value = serde_json::from_str(&copy.read(&file)).unwrap();
    says[key] = value;
    copy.write(&file, &format!("{says:#}\n"));
}

#[test]
fn a_counter_signature_is_verified_natively_and_with_ssh_keygen_alone() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, _) = countersigned();
    assert_eq!(copy.verify().0, 0);
    let one = &report(&copy)["countersignatures"][0];
    assert_eq!((&one["login"], &one["verified"]), (&json!("kim"), &json!(true)));
    assert_eq!((&one["evidence_checked"], &one["note"]), (&json!(true), &json!("I read every excerpt.")));
    let line = format!(
        "grep -q \"$(sha256sum < artifacts/attestations/SHA256SUMS | cut -c-64)\" {STEM}.json && \
         ssh-keygen -Y verify -f '{}' -I kim -n {NAMESPACE} -O verify-time=20260131120000Z -s {STEM}.sig < {STEM}.json",
        copy.signers.display()
    );
    let output = Process::new("bash").args(["-c", &line]).current_dir(&copy.record).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_counter_signature_that_is_false_fails_the_record() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    type Spoil = fn(&Copy, &Path);
    let ways: [(&str, Spoil, &str); 10] = [
        ("no JSON", |copy, _| copy.write(&format!("{STEM}.json"), "{"), "countersignature_malformed"),
        ("another key in it", |copy, _| change(copy, "more", json!(1)), "countersignature_malformed"),
        ("a newer format", |copy, _| change(copy, "schemaVersion", json!(2)), "countersignature_mismatch"),
        (
            "a signature without its file",
            |copy, _| std::fs::remove_file(copy.record.join(format!("{STEM}.json"))).unwrap(),
            "countersignature_malformed",
        ),
        (
            "of another record, signed",
            |copy, key| {
                change(copy, "record", json!("jo-2026-01-30-001"));
                sign(copy, key, NAMESPACE);
            },
            "countersignature_mismatch",
        ),
        (
            "of other digests, signed",
            |copy, key| {
                change(copy, "sha256sums", json!("0".repeat(64)));
                sign(copy, key, NAMESPACE);
            },
            "countersignature_mismatch",
        ),
        (
            "under another's login, signed",
            |copy, key| {
                change(copy, "login", json!("jo"));
                sign(copy, key, NAMESPACE);
            },
            "countersignature_mismatch",
        ),
        (
            "no signature",
            |copy, _| std::fs::remove_file(copy.record.join(format!("{STEM}.sig"))).unwrap(),
            "countersignature_unsigned",
        ),
        (
            "edited after it was signed",
            |copy, _| change(copy, "note", json!("Not a word.")),
            "countersignature_refused",
        ),
        (
            "signed for records",
            |copy, key| sign(copy, key, "mcp-audit-record@modelcontextprotocol-security.io"),
            "countersignature_refused",
        ),
    ];
    for (name, spoil, reason) in ways {
        let (copy, key) = countersigned();
        spoil(&copy, &key);
        let (code, reasons) = copy.verify();
        assert_eq!((code, reasons.iter().map(String::as_str).collect::<Vec<_>>()), (1, vec![reason]), "{name}");
    }
}

#[test]
fn a_record_that_changed_takes_its_counter_signatures_with_it_fail() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, _) = countersigned();
    copy.write("security-assessment.md", "Another report.\n");
    copy.new_sums();
    copy.sign(&exported().key(), "mcp-audit-record@modelcontextprotocol-security.io");
    let (code, reasons) = copy.verify();
    assert_eq!((code, reasons.contains("countersignature_mismatch")), (1, true), "{reasons:?}");
}

#[test]
fn a_key_that_its_reader_did_not_list_says_nothing() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, key) = countersigned();
    // Without kim's line the record is as good as it was, and kim is not verified.
    std::fs::copy(exported().dir.join("signers"), &copy.signers).unwrap();
    assert_eq!(copy.verify().0, 0);
    assert_eq!(report(&copy)["countersignatures"][0]["verified"], json!(false));
    // Nor is kim where the key is listed for records alone.
    let mut command = exported().cmd();
    command.args(["signers", "add", "kim", "--for", "record"]).arg(key.with_extension("pub"));
    succeeds(command.arg("--allowed-signers").arg(&copy.signers));
    assert_eq!(copy.verify().0, 0);
    assert_eq!(report(&copy)["countersignatures"][0]["verified"], json!(false));
}

#[test]
fn nobody_counter_signs_twice_or_for_themselves_or_what_does_not_hold_fail() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, key) = countersigned();
    assert!(fails(&mut countersign(&copy, "kim", &key), 1).contains("already"));
    assert!(fails(&mut countersign(&copy, "jo", &exported().key()), 2).contains("own"));
    std::fs::write(&copy.signers, "").unwrap();
    assert!(fails(&mut countersign(&copy, "lu", &key), 1).contains("does not hold"));
    let spoiled = crate::record::copy();
    spoiled.write("raw-notes.md", "");
    assert!(fails(&mut countersign(&spoiled, "kim", &key), 1).contains("does not hold"));
    assert!(!spoiled.record.join(format!("{STEM}.json")).exists());
}

#[test]
fn what_a_cut_off_call_left_is_healed_by_the_next() {
    if missing("ssh-keygen") || missing("sha256sum") {
        return;
    }
    let (copy, key) = countersigned();
    std::fs::remove_file(copy.record.join(format!("{STEM}.sig"))).unwrap();
    assert_eq!(copy.verify().0, 1);
    // On the next day, under that day's name.
    succeeds(countersign(&copy, "kim", &key).env("TOUCHSTONE_CLOCK", "2026-02-01T09:00:00Z"));
    assert!(!copy.record.join(format!("{STEM}.json")).exists());
    assert_eq!(copy.verify().0, 0);
}
