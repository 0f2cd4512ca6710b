//! Allowed signers: reading, writing, and merging.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use touchstone::error::Kind;
use touchstone::sign::{AllowedSigners, NAMESPACE_RECORD, merge_signers, signer_lines, verify};

use crate::sign_wire::{NATIVE, data, message, now, public, time};

/// Returns the numbers of the wrong lines and what is said about them.
fn errors(text: &str) -> Vec<(usize, String)> {
    AllowedSigners::parse(text).unwrap_err().iter().map(|error| (error.line, error.to_string())).collect()
}

#[test]
fn reads_every_form_of_line() {
    let key = public("ed25519");
    let bare = key.rsplit_once(" test-only").unwrap().0;
    for line in [
        format!("alice {key}"),
        format!("alice {bare}"),
        format!("  alice\t{bare}\t two words "),
        format!("\"alice,bob\" {bare}"),
        format!("alice namespaces=\"a,b@c\" {bare}"),
        format!("alice NameSpaces=\"a\",CERT-AUTHORITY {bare}"),
        format!("alice cert-authority,valid-after=\"20260101Z\",valid-before=\"20270101000000\" {bare}"),
        format!("alice {bare}\r"),
    ] {
        let signers = AllowedSigners::parse(&format!("# comment\n\n   \n  # another\n{line}\n")).unwrap();
        assert_eq!(signers.len(), 1, "{line}");
    }
    assert!(AllowedSigners::parse("\n# nothing\n").unwrap().is_empty());
    for name in NATIVE.into_iter().chain(["rsa"]) {
        AllowedSigners::parse(&format!("alice {}", public(name))).unwrap();
    }
}

#[test]
fn names_every_wrong_line() {
    let key = public("ed25519");
    let bare = key.rsplit_once(" test-only").unwrap().0;
    let (_, base64) = bare.split_once(' ').unwrap();
    let wrong = [
        ("alice".to_owned(), "ends before its key"),
        ("alice ssh-ed25519".to_owned(), "ends before its key"),
        ("alice ssh-ed25519 AAAA".to_owned(), "does not say that it is of type ssh-ed25519"),
        ("alice ssh-ed25519 AA*A".to_owned(), "is not base64"),
        (format!("alice ssh-rsa {base64}"), "does not say that it is of type ssh-rsa"),
        (format!("alice ssh-foo {base64}"), "`ssh-foo` is neither an option nor a key type"),
        (format!("alice {}AAAA", bare), "the key"),
        (format!("alice {}", public("dsa")), "DSA keys are not accepted any more"),
        (format!("alice {}", public("certified-cert")), "a certificate stands where a key belongs"),
        (format!("alice,,bob {bare}"), "a principal is empty"),
        (format!("\"alice bob\" {bare}"), "a principal holds a space"),
        (format!("\"alice {bare}"), "a double quote is not closed"),
        (format!("alice namespaces=a {bare}"), "the value of `namespaces` is not in double quotes"),
        (format!("alice namespaces=\"a {bare}"), "a double quote is not closed"),
        (format!("alice namespaces=\"\" {bare}"), "a namespace is empty"),
        (format!("alice namespaces {bare}"), "`namespaces` has no value"),
        (format!("alice namespaces=\"a\",namespaces=\"b\" {bare}"), "`namespaces` stands twice"),
        (format!("alice namespaces=\"a\"valid-after=\"20260101\" {bare}"), "text follows an option"),
        (format!("alice namespaces=\"a\", {bare}"), "is neither an option nor"),
        (format!("alice cert-authority=\"yes\" {bare}"), "is neither an option nor"),
        (format!("alice no-touch-required {bare}"), "`no-touch-required` is neither an option nor"),
        (format!("alice valid-after=\"2026\" {bare}"), "`2026` is not a time"),
        (format!("alice valid-after=\"20261301Z\" {bare}"), "`20261301Z` is not a time"),
        (format!("alice valid-after=\"2026-01-01\" {bare}"), "`2026-01-01` is not a time"),
        (format!("alice valid-after=\"19700101Z\" {bare}"), "`19700101Z` is not a time"),
        (format!("alice valid-before=\"20260101Z\",valid-before=\"20270101Z\" {bare}"), "`valid-before` stands twice"),
        (format!("alice valid-after=\"20270101Z\",valid-before=\"20260101Z\" {bare}"), "not later than valid-after"),
        (format!("al\u{1b}ice {bare}"), "control character"),
        (format!("alice {bare} {}", "x".repeat(9000)), "longer than 8 KiB"),
    ];
    let text: String = wrong.iter().map(|(line, _)| format!("{line}\n")).collect();
    let errors = errors(&format!("# first\nalice {bare}\n{text}"));
    assert_eq!(errors.len(), wrong.len(), "{errors:#?}");
    for (((line, words), (number, error)), expected) in wrong.iter().zip(&errors).zip(3..) {
        assert_eq!(*number, expected);
        assert!(error.contains(words), "{line}\n{error}");
        assert!(error.starts_with(&format!("Line {expected}: ")) && error.contains("; "), "{error}");
    }
}

#[test]
fn refuses_what_is_too_large() {
    let errors = errors(&"# x\n".repeat(300_000));
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, 0);
    let many = AllowedSigners::parse(&"wrong\n".repeat(1000)).unwrap_err();
    assert_eq!(many.len(), 51);
    assert!(many[50].to_string().contains("further lines"));
}

#[test]
fn notes_what_a_line_does_not_do() {
    let key = public("ed25519");
    let text = format!(
        "*.example {key}\nalice,!bob {key}\nalice namespaces=\"mcp-*\" {key}\nalice cert-authority {key}\nalice valid-after=\"20260101\" {key}\nalice {key}\n"
    );
    let notes: Vec<String> = AllowedSigners::parse(&text).unwrap().notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 5, "{notes:#?}");
    for (note, words) in notes.iter().zip(["principals", "principals", "namespaces", "authority", "UTC"]) {
        assert!(note.contains(words), "{note}");
    }
    assert!(notes[4].starts_with("Line 5: "));
}

#[test]
fn writes_canonical_lines() {
    let keys = format!("# alice's keys\n\n{}\n{}\r\n{}\n", public("ed25519"), public("rsa"), public("ed25519"));
    let lines = signer_lines(
        "alice",
        &keys,
        &[NAMESPACE_RECORD, "file"],
        Some(time("2026-01-01T00:00:00Z")),
        Some(time("2027-01-01T00:00:00Z")),
    )
    .unwrap();
    assert_eq!(lines.len(), 2, "the second of the same key is dropped");
    let bare = public("ed25519").rsplit_once(" test-only").unwrap().0.to_owned();
    assert_eq!(
        lines[0],
        format!(
            "alice namespaces=\"{NAMESPACE_RECORD},file\",valid-after=\"20260101000000Z\",valid-before=\"20270101000000Z\" {bare}"
        )
    );
    assert_eq!(signer_lines("alice", &keys, &[], None, None).unwrap()[0], format!("alice {bare}"));
    let signers = AllowedSigners::parse(&lines.join("\n")).unwrap();
    assert!(signers.notes().is_empty());
    verify(&message(), &data("ed25519.sig"), NAMESPACE_RECORD, "alice", &signers, now()).unwrap();
}

#[test]
fn refuses_wrong_keys_and_logins() {
    let key = public("ed25519");
    for login in ["", ".", "..", "a b", "a,b", "*", "!a", "a\"b", "a/b", "ä", "a\n"] {
        assert_eq!(signer_lines(login, &key, &[], None, None).unwrap_err().kind, Kind::Usage, "{login:?}");
    }
    for namespace in ["", "a,b", "a b", "*", "!a", "a\"b"] {
        assert_eq!(signer_lines("alice", &key, &[namespace], None, None).unwrap_err().kind, Kind::Usage);
    }
    for (after, before) in [
        (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:00:00Z")),
        (Some("1970-01-01T00:00:00Z"), None),
        (None, Some("-000001-01-01T00:00:00Z")),
    ] {
        let error = signer_lines("alice", &key, &[], after.map(time), before.map(time)).unwrap_err();
        assert_eq!(error.kind, Kind::Usage, "{after:?} {before:?}");
    }
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n";
    let error = signer_lines("alice", private, &[], None, None).unwrap_err();
    assert_eq!(error.kind, Kind::Unsafe);
    assert!(!error.message.contains("b3Bl"));
    let text = format!("{key}\n{}\nssh-foo AAAA\nhello\n\ncommand=\"x\" {key}\n<html>\n", public("dsa"));
    let error = signer_lines("alice", &text, &[], None, None).unwrap_err();
    let lines: Vec<&str> = error.hints.iter().filter_map(|hint| hint.split(':').next()).collect();
    assert_eq!(lines, ["Line 2", "Line 3", "Line 4", "Line 6", "Line 7"], "{error:?}");
    assert!(error.hints[0].contains("DSA"));
    assert_eq!(signer_lines("alice", "\n# none\n", &[], None, None).unwrap_err().kind, Kind::CouldNot);
    assert_eq!(signer_lines("alice", &"#".repeat(2_000_000), &[], None, None).unwrap_err().kind, Kind::Unsafe);
}

#[test]
fn merges_without_touching_the_rest() {
    let lines = signer_lines("alice", &public("ed25519"), &[NAMESPACE_RECORD], None, None).unwrap();
    let (first, added) = merge_signers("", &lines);
    assert_eq!((first.as_str(), added), (format!("{}\n", lines[0]).as_str(), 1));
    assert_eq!(merge_signers(&first, &lines), (first.clone(), 0));
    // Comments, odd spacing, lines that do not parse and a missing line feed all stay.
    let odd = format!("# ours\n\n  bob   {} \nnot a line", public("ecdsa-256"));
    let (merged, added) = merge_signers(&odd, &lines);
    assert_eq!((merged, added), (format!("{odd}\n{}\n", lines[0]), 1));
    // The same with a comment is the same; with other options it is not.
    let (_, added) = merge_signers(&format!("{} a comment\n", lines[0]), &lines);
    assert_eq!(added, 0);
    let (_, added) = merge_signers(&format!("alice {}\n", public("ed25519")), &lines);
    assert_eq!(added, 1);
    let twice = [lines.clone(), lines].concat();
    assert_eq!(merge_signers("", &twice).1, 1);
}
