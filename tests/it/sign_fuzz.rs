//! Arbitrary and mutated input: nothing panics, and no mutation says something else.

use std::sync::LazyLock;

use proptest::prelude::*;
use touchstone::sign::{AllowedSigners, NAMESPACE_RECORD, check_own, merge_signers, signer_lines, verify_with};

use crate::sign_wire::{NATIVE, Signer, armor, data, message, now, public, time, unarmor};

/// Valid signatures of every native kind, as blob and with the allowed signers line of the key.
static VALID: LazyLock<Vec<(Vec<u8>, String)>> = LazyLock::new(|| {
    let fixtures = NATIVE.map(|name| (unarmor(&data(&format!("{name}.sig"))), public(name)));
    let built = [Signer::sk_ed25519(1), Signer::sk_ecdsa(1)]
        .map(|signer| (unarmor(&signer.sign(&message()).armor()), signer.public()));
    fixtures.into_iter().chain(built).collect()
});

#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Remove(usize),
    Insert(usize, u8),
    Cut(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: usize, len: usize| if len == 0 { 0 } else { index % len };
        match *self {
            Change::Flip(index, mask) if !bytes.is_empty() => {
                let index = at(index, bytes.len());
                bytes[index] ^= mask;
            }
            Change::Remove(index) if !bytes.is_empty() => {
                bytes.remove(at(index, bytes.len()));
            }
            Change::Insert(index, byte) => bytes.insert(at(index, bytes.len() + 1), byte),
            Change::Cut(index) => bytes.truncate(at(index, bytes.len() + 1)),
            Change::Flip(..) | Change::Remove(_) => {}
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (any::<usize>(), 1_u8..).prop_map(|(index, mask)| Change::Flip(index, mask)),
        1 => any::<usize>().prop_map(Change::Remove),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(index, byte)| Change::Insert(index, byte)),
        1 => any::<usize>().prop_map(Change::Cut),
    ];
    prop::collection::vec(change, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let signers = AllowedSigners::parse(&format!("alice {}", public("ed25519"))).unwrap();
        let inside = [b"SSHSIG\0\0\0\x01".to_vec(), bytes.clone()].concat();
        for armor in [bytes.clone(), armor(&bytes), armor(&inside)] {
            prop_assert!(verify_with(&message(), &armor, NAMESPACE_RECORD, "alice", &signers, now(), None).is_err());
        }
    }

    #[test]
    fn a_mutated_signature_says_nothing_else(which in 0_usize..6, changes in changes(), text in any::<bool>()) {
        let (blob, key) = VALID[which].clone();
        let signers = AllowedSigners::parse(&format!("alice {key}")).unwrap();
        let original = verify_with(&message(), &armor(&blob), NAMESPACE_RECORD, "alice", &signers, now(), None).unwrap();
        let mutated = if text {
            let mut bytes = armor(&blob);
            changes.iter().for_each(|change| change.apply(&mut bytes));
            bytes
        } else {
            let mut bytes = blob;
            changes.iter().for_each(|change| change.apply(&mut bytes));
            armor(&bytes)
        };
        let ask = |message: &[u8]| verify_with(message, &mutated, NAMESPACE_RECORD, "alice", &signers, now(), None);
        if let Ok(verified) = ask(&message()) {
            prop_assert_eq!(verified, original);
        }
        prop_assert!(ask(b"another message").is_err());
        // Not with ssh-keygen at hand: a mutated type could send each of these to a process.
        let _ = (!text).then(|| check_own(b"another message", &mutated, "no such namespace").unwrap_err());
    }

    #[test]
    fn arbitrary_signers_never_panic(text in "\\PC{0,200}|([a-z*!,\"= \\\\#\t\r\n-]|ssh-ed25519 |AAAA|namespaces=\"|valid-after=\"2026){0,60}") {
        let _ = AllowedSigners::parse(&text);
        let _ = signer_lines(&text, &text, &[&text], None, None);
        let _ = signer_lines("alice", &text, &[], None, None);
        let (merged, _) = merge_signers(&text, std::slice::from_ref(&text));
        prop_assert!(merged.starts_with(&text));
    }

    #[test]
    fn written_lines_are_read_back(
        login in "[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}",
        names in prop::collection::vec(0_usize..5, 1..5),
        after in prop::option::of(1_i64..2_000_000_000),
        before in prop::option::of(2_000_000_001_i64..4_000_000_000),
        limited in any::<bool>(),
    ) {
        let at = |seconds: i64| touchstone::model::time::Time::from_unix(seconds).unwrap();
        let keys: String = names.iter().map(|index| {
            let name = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa"][*index];
            format!("{}\n", public(name))
        }).collect();
        let namespaces: &[&str] = if limited { &[NAMESPACE_RECORD] } else { &[] };
        let lines = signer_lines(&login, &keys, namespaces, after.map(at), before.map(at)).unwrap();
        let (file, added) = merge_signers("", &lines);
        prop_assert_eq!(added, lines.len());
        let signers = AllowedSigners::parse(&file).unwrap();
        prop_assert_eq!(signers.len(), lines.len());
        prop_assert!(signers.notes().is_empty());
        prop_assert_eq!(merge_signers(&file, &lines), (file.clone(), 0));
        if names.contains(&0) {
            let moment = time("2033-05-18T03:33:20Z");
            let answer = verify_with(&message(), &data("ed25519.sig"), NAMESPACE_RECORD, &login, &signers, moment, None);
            prop_assert_eq!(answer.map(|verified| verified.principal), Ok(login));
        }
    }
}
