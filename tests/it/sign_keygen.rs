//! Signing through the real ssh-keygen, and through ones that misbehave.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use touchstone::error::Kind;
use touchstone::sign::{AllowedSigners, NAMESPACE_RECORD, SshKeygen, check_own, verify, verify_with};

use crate::sign_wire::{data, keygen, message, now, public};

const SHORT: Duration = Duration::from_secs(20);

/// Makes a key that lives as long as the folder.
fn fresh(folder: &Path, name: &str, kind: &str, passphrase: &str) -> PathBuf {
    let key = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test-only", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    key
}

/// Writes a program. A child does it: a file that this process holds open while another test forks cannot be run.
fn program(path: &Path, script: &str) {
    let made = Command::new("sh")
        .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .arg(script)
        .status()
        .unwrap();
    assert!(made.success());
}

/// A program in ssh-keygen's place.
fn fake(folder: &Path, script: &str) -> SshKeygen {
    program(&folder.join("ssh-keygen"), script);
    SshKeygen::find_in(folder.as_os_str()).unwrap()
}

#[test]
fn signs_what_it_verifies() {
    let Some(keygen) = keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = fresh(folder.path(), kind, kind, "");
        let armor = keygen.sign(&message(), &key, NAMESPACE_RECORD, SHORT).unwrap();
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        let signers = AllowedSigners::parse(&format!("alice {public}")).unwrap();
        let verified = verify(&message(), &armor, NAMESPACE_RECORD, "alice", &signers, now()).unwrap();
        assert_eq!(check_own(&message(), &armor, NAMESPACE_RECORD), Ok(verified.fingerprint));
        // Signing leaves nothing behind: stdin to stdout, no FILE.sig.
        assert!(!folder.path().join(format!("{kind}.sig")).exists());
    }
    // A large message must not block between two pipes.
    let key = folder.path().join("ed25519");
    let large = vec![b'x'; 4 * 1024 * 1024];
    let armor = keygen.sign(&large, &key, NAMESPACE_RECORD, SHORT).unwrap();
    check_own(&large, &armor, NAMESPACE_RECORD).unwrap();
    keygen.sign(b"", &key, NAMESPACE_RECORD, SHORT).unwrap();
}

#[test]
fn writes_a_signature_where_one_exists() {
    // The trap: `ssh-keygen -Y sign FILE` beside an existing FILE.sig, without a terminal, exits 0 and writes nothing.
    let Some(keygen) = keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = fresh(folder.path(), "key", "ed25519", "");
    fs::write(folder.path().join("key.sig"), "old").unwrap();
    let armor = keygen.sign(&message(), &key, NAMESPACE_RECORD, SHORT).unwrap();
    assert!(armor.starts_with(b"-----BEGIN SSH SIGNATURE-----\n"));
    assert_eq!(fs::read(folder.path().join("key.sig")).unwrap(), b"old");
}

#[test]
fn says_why_a_key_does_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let missing = fake(folder.path(), "exit 1").sign(b"x", &folder.path().join("none"), "file", SHORT).unwrap_err();
    assert_eq!(missing.kind, Kind::CouldNot);
    assert!(missing.message.contains("does not exist"), "{missing}");
    let not_a_file = fake(folder.path(), "exit 1").sign(b"x", folder.path(), "file", SHORT).unwrap_err();
    assert!(not_a_file.message.contains("is not a file"), "{not_a_file}");

    let Some(keygen) = keygen() else { return };
    let words = folder.path().join("words");
    fs::write(&words, "not a key\n").unwrap();
    fs::set_permissions(&words, fs::Permissions::from_mode(0o600)).unwrap();
    let error = keygen.sign(b"x", &words, "file", SHORT).unwrap_err();
    assert!(error.message.contains("exit code 255"), "{error}");

    let open = fresh(folder.path(), "open", "ed25519", "");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let error = keygen.sign(b"x", &open, "file", SHORT).unwrap_err();
    assert!(error.message.contains("others on this machine"), "{error}");

    let alone = folder.path().join("alone.pub");
    fs::write(&alone, public("ed25519")).unwrap();
    let error = keygen.sign(b"x", &alone, "file", SHORT).unwrap_err();
    assert!(error.message.contains("no private half"), "{error}");

    for error in [&missing, &not_a_file, &error] {
        assert!(!error.hints.is_empty());
    }
}

#[test]
fn names_the_passphrase() {
    let Some(_) = keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    let locked = fresh(folder.path(), "locked", "ed25519", "test-only");
    // What ssh-keygen does on a wrong passphrase; a real one would ask on the terminal of whoever runs the tests.
    let error = fake(folder.path(), "exit 255").sign(b"x", &locked, "file", SHORT).unwrap_err();
    assert!(error.message.contains("passphrase"), "{error}");
    assert!(error.hints[0].contains("ssh-add"));
}

/// Runs [`signs_in_another_environment`] in a process of its own, since a test cannot change its environment.
fn elsewhere(command: &mut Command) -> String {
    let output = command.env("TOUCHSTONE_TEST_EXE", std::env::current_exe().unwrap()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

const ELSEWHERE: &str =
    "exec \"$TOUCHSTONE_TEST_EXE\" --exact --ignored --nocapture sign_keygen::signs_in_another_environment";

#[test]
#[ignore = "the other half of the tests that need an environment of their own"]
fn signs_in_another_environment() {
    let Some(key) = std::env::var_os("TOUCHSTONE_TEST_KEY") else { return };
    match keygen().unwrap().sign(&message(), Path::new(&key), NAMESPACE_RECORD, SHORT) {
        Ok(armor) => println!("SIGNED {}", check_own(&message(), &armor, NAMESPACE_RECORD).unwrap()),
        Err(error) => println!("ERROR {error}"),
    }
}

#[test]
fn signs_with_the_agent() {
    let Some(_) = keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = fresh(folder.path(), "key", "ed25519", "");
    let script = format!("ssh-add -q \"$1\" && rm \"$1\" && {ELSEWHERE}");
    let mut command = Command::new("ssh-agent");
    command.args(["sh", "-c", &script, "sh"]).arg(&key).env("TOUCHSTONE_TEST_KEY", key.with_extension("pub"));
    let said = elsewhere(&mut command);
    assert!(said.contains("SIGNED SHA256:"), "{said}");
}

#[test]
fn lets_ssh_keygen_ask_for_the_passphrase() {
    let Some(_) = keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = fresh(folder.path(), "key", "ed25519", "test-only");
    for (answer, expected) in
        [("test-only", "SIGNED SHA256:"), ("wrong", "ERROR ssh-keygen did not sign: the passphrase")]
    {
        let ask = folder.path().join(answer);
        program(&ask, &format!("echo {answer}"));
        let mut command = Command::new("sh");
        command.args(["-c", ELSEWHERE]).env("TOUCHSTONE_TEST_KEY", &key);
        command.env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force");
        let said = elsewhere(&mut command);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn keeps_nothing_that_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "key").unwrap();
    let cases = [
        ("exit 0", "wrote no signature"),
        ("echo hello", "malformed"),
        ("exec cat /dev/zero", "more than a signature"),
    ];
    for (script, words) in cases {
        let error = fake(folder.path(), script).sign(&message(), &key, NAMESPACE_RECORD, SHORT).unwrap_err();
        assert!(error.message.contains(words), "{script}: {error}");
    }
    // A true signature, but of something else.
    let other = folder.path().join("other.sig");
    fs::write(&other, data("ed25519.sig")).unwrap();
    let replay = fake(folder.path(), &format!("cat {}", other.display()));
    let error = replay.sign(b"something else", &key, NAMESPACE_RECORD, SHORT).unwrap_err();
    assert!(error.message.contains("does not fit"), "{error}");
    assert!(replay.sign(&message(), &key, "file", SHORT).unwrap_err().message.contains("namespace"));
    assert_eq!(replay.sign(&message(), &key, NAMESPACE_RECORD, SHORT).unwrap(), data("ed25519.sig"));
}

#[test]
fn stops_one_that_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "key").unwrap();
    let told = folder.path().join("told");
    // It is asked before it is killed, so that it can give the terminal back.
    let polite = format!("trap 'echo yes > {}; exit 1' TERM\nwhile :; do sleep 0.05; done", told.display());
    for script in
        [polite.as_str(), "trap '' TERM\nwhile :; do sleep 0.05; done", "exec 2>/dev/null\nsleep 8 &\nsleep 8"]
    {
        let started = Instant::now();
        let error = fake(folder.path(), script).sign(b"x", &key, "file", Duration::from_secs(1)).unwrap_err();
        assert!(error.message.contains("did not sign within"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(7));
    }
    assert_eq!(fs::read_to_string(told).unwrap(), "yes\n");
}

#[test]
fn hands_on_little_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "key").unwrap();
    let seen = folder.path().join("seen");
    let script = format!("echo \"$@\" > {0}\nenv >> {0}\nexit 1", seen.display());
    fake(folder.path(), &script).sign(b"x", &key, "file", SHORT).unwrap_err();
    let seen = fs::read_to_string(seen).unwrap();
    assert_eq!(seen.lines().next().unwrap(), format!("-Y sign -n file -f {}", key.display()));
    // Cargo sets these for every test.
    assert!(!seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    assert!(seen.contains("PATH="));
}

#[test]
fn believes_only_the_expected_words() {
    let folder = tempfile::tempdir().unwrap();
    let signers = AllowedSigners::parse(&format!("alice {}\n", public("rsa"))).unwrap();
    let ask = |script: &str| {
        let keygen = fake(folder.path(), script);
        verify_with(&message(), &data("rsa.sig"), NAMESPACE_RECORD, "alice", &signers, now(), Some(&keygen))
    };
    let good = format!("echo 'Good \"{NAMESPACE_RECORD}\" signature for alice with RSA key SHA256:x'");
    assert_eq!(ask(&good).unwrap().by, "ssh-keygen");
    for script in [
        "exit 0".to_owned(),
        "echo hello".to_owned(),
        format!("{good}; exit 1"),
        good.replace("alice", "mallory"),
        good.replace(" for alice", ""),
        "exec cat /dev/zero".to_owned(),
        "kill -9 $$".to_owned(),
    ] {
        let refusal = ask(&script).unwrap_err();
        assert_eq!(refusal.reason(), "verifier_failed", "{script}");
        assert!(refusal.could_not_check());
    }
    let refusal = ask("echo 'Signature verification failed: incorrect signature' >&2; exit 255").unwrap_err();
    assert_eq!(refusal.reason(), "signature_mismatch");
    // It is asked to verify, never to check-novalidate, which calls any key good.
    let seen = folder.path().join("seen");
    ask(&format!("echo \"$@\" > {0}\nenv >> {0}\n{good}", seen.display())).unwrap();
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.starts_with("-Y verify -I alice "), "{seen}");
    assert!(!seen.contains("HOME=") && !seen.contains("CARGO"), "{seen}");
}

#[test]
fn finds_only_real_programs_in_absolute_folders() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ssh-keygen");
    let find = || SshKeygen::find_in(folder.path().as_os_str());
    assert_eq!(find(), None);
    fs::create_dir(&program).unwrap();
    assert_eq!(find(), None);
    fs::remove_dir(&program).unwrap();
    fs::write(&program, "x").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(find(), None);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(find().is_some());
    // A relative folder would be looked up in the repository that is being audited.
    for path in ["", ".", "bin", ":"] {
        assert_eq!(SshKeygen::find_in(path.as_ref()), None);
    }
}

#[test]
fn tells_its_version() {
    let Some(keygen) = keygen() else { return };
    if let Some(version) = keygen.version() {
        assert!(version.starts_with("OpenSSH"), "{version}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fake(folder.path(), "exit 0").version(), None, "there is no ssh beside it");
}
