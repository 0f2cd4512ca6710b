//! Verification: a case for every way to be refused, each compared with the real ssh-keygen.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use touchstone::sign::{AllowedSigners, NAMESPACE_RECORD, Refusal, SIGNATURE_CAP, check_own, verify, verify_with};

use crate::sign_wire::{NATIVE, Signer, armor, data, keygen, message, now, public, real_verify, string, time, unarmor};

/// How our answer stands to that of ssh-keygen.
#[derive(Clone, Copy, PartialEq)]
enum Real {
    Same,
    /// We refuse what ssh-keygen accepts.
    Laxer,
}

struct Case {
    armor: Vec<u8>,
    message: Vec<u8>,
    namespace: String,
    login: String,
    signers: String,
    at: &'static str,
}

impl Case {
    fn of(armor: Vec<u8>, signers: impl Into<String>) -> Self {
        Case {
            armor,
            message: message(),
            namespace: NAMESPACE_RECORD.into(),
            login: "alice".into(),
            signers: signers.into(),
            at: "2026-01-31T12:00:00Z",
        }
    }

    fn fixture(name: &str) -> Self {
        Case::of(data(&format!("{name}.sig")), format!("alice {}\n", public(name)))
    }

    fn signed_by(signer: &Signer) -> Self {
        Case::of(signer.sign(&message()).armor(), format!("alice {}\n", signer.public()))
    }

    #[track_caller]
    fn ends(&self, expected: &str, real: Real) -> Option<Refusal> {
        let signers = AllowedSigners::parse(&self.signers).unwrap();
        let answer = verify(&self.message, &self.armor, &self.namespace, &self.login, &signers, time(self.at));
        let word = answer.as_ref().map_or_else(Refusal::reason, |_| "ok");
        assert_eq!(word, expected, "{answer:?}");
        if let Some(accepted) =
            real_verify(&self.message, &self.armor, &self.namespace, &self.login, &self.signers, time(self.at))
        {
            let wanted = if real == Real::Laxer { true } else { expected == "ok" };
            assert_eq!(accepted, wanted, "ssh-keygen sees it otherwise: {answer:?}");
        }
        answer.err()
    }
}

#[test]
fn accepts_what_ssh_keygen_signed() {
    for name in NATIVE.into_iter().chain(["ed25519-sha256"]) {
        let key = name.trim_end_matches("-sha256");
        let case = Case::of(data(&format!("{name}.sig")), format!("alice {}\n", public(key)));
        case.ends("ok", Real::Same);
        let signers = AllowedSigners::parse(&case.signers).unwrap();
        // Without ssh-keygen at hand, too.
        let verified =
            verify_with(&case.message, &case.armor, NAMESPACE_RECORD, "alice", &signers, now(), None).unwrap();
        assert_eq!(verified.by, "native");
        assert_eq!(verified.principal, "alice");
        assert_eq!(verified.comment, Some(format!("test-only {key}")));
        assert!(verified.fingerprint.starts_with("SHA256:") && verified.fingerprint.len() == 50);
        assert!(public(key).starts_with(&verified.key_type));
        assert_eq!(check_own(&case.message, &case.armor, NAMESPACE_RECORD), Ok(verified.fingerprint));
    }
}

#[test]
fn accepts_touched_security_keys() {
    // 0x05: touched, and the person was verified by PIN or finger.
    for flags in [0x01, 0x05] {
        Case::signed_by(&Signer::sk_ed25519(flags)).ends("ok", Real::Same);
        Case::signed_by(&Signer::sk_ecdsa(flags)).ends("ok", Real::Same);
    }
}

#[test]
fn refuses_security_keys_that_nobody_touched() {
    for flags in [0x00, 0x04] {
        for signer in [Signer::sk_ed25519(flags), Signer::sk_ecdsa(flags)] {
            let case = Case::signed_by(&signer);
            case.ends("user_presence_missing", Real::Laxer);
            assert_eq!(
                check_own(&case.message, &case.armor, NAMESPACE_RECORD),
                Err(Refusal::UserPresenceMissing),
                "a fresh signature without a touch must not be written"
            );
        }
    }
}

#[test]
fn refuses_a_presence_flag_set_after_signing() {
    for signer in [Signer::sk_ed25519(0), Signer::sk_ecdsa(0)] {
        let mut parts = signer.sign(&message());
        let flags = parts.signature.len() - 5;
        parts.signature[flags] = 1;
        Case::of(parts.armor(), format!("alice {}\n", signer.public())).ends("signature_mismatch", Real::Same);
    }
}

#[test]
fn refuses_another_application_of_the_same_security_key() {
    let signer = Signer::sk_ed25519(1);
    let mut parts = signer.sign(&message());
    let end = parts.key.len() - 8;
    parts.key.truncate(end);
    parts.key.extend(string("ssh:other"));
    Case::of(parts.armor(), format!("alice {}\n", signer.public())).ends("signature_mismatch", Real::Same);
}

#[test]
fn refuses_another_message() {
    for name in NATIVE.into_iter().chain(["rsa"]) {
        if name == "rsa" && keygen().is_none() {
            continue;
        }
        for other in [Vec::new(), b"other".to_vec(), [message(), b"\n".to_vec()].concat()] {
            let case = Case { message: other, ..Case::fixture(name) };
            case.ends("signature_mismatch", Real::Same);
            assert_eq!(check_own(&case.message, &case.armor, NAMESPACE_RECORD), Err(Refusal::Mismatch));
        }
    }
}

#[test]
fn refuses_another_namespace() {
    let case = Case { armor: data("ed25519-namespace-file.sig"), ..Case::fixture("ed25519") };
    let refusal = case.ends("wrong_namespace", Real::Same);
    assert_eq!(refusal, Some(Refusal::WrongNamespace { found: "file".into() }));
    let case = Case { namespace: "file".into(), ..Case::fixture("ed25519") };
    case.ends("wrong_namespace", Real::Same);
    let case = Case { armor: data("ed25519-namespace-file.sig"), namespace: "file".into(), ..Case::fixture("ed25519") };
    case.ends("ok", Real::Same);
    // The name inside was changed after signing.
    let mut parts = Signer::ed25519(1).sign(&message());
    parts.namespace = b"file".to_vec();
    let signers = format!("alice {}\n", Signer::ed25519(1).public());
    Case { namespace: "file".into(), ..Case::of(parts.armor(), signers) }.ends("signature_mismatch", Real::Same);
    assert_eq!(
        check_own(&message(), &data("ed25519.sig"), "file"),
        Err(Refusal::WrongNamespace { found: NAMESPACE_RECORD.into() })
    );
}

#[test]
fn refuses_unknown_keys() {
    for name in NATIVE {
        let other = public(if name == "ed25519" { "authority" } else { "ed25519" });
        let case = Case { signers: format!("alice {other}\n"), ..Case::fixture(name) };
        let refusal = case.ends("unknown_key", Real::Same).unwrap();
        assert!(refusal.to_string().contains("SHA256:"));
        Case { signers: String::new(), ..Case::fixture(name) }.ends("unknown_key", Real::Same);
        // check_own takes any key, which is why it must never be called verified.
        check_own(&message(), &case.armor, NAMESPACE_RECORD).unwrap();
    }
}

#[test]
fn refuses_the_key_of_another() {
    let case = Case { signers: format!("bob,carol {}\n", public("ed25519")), ..Case::fixture("ed25519") };
    match case.ends("key_of_another", Real::Same) {
        Some(Refusal::NotThisPrincipal { principals, .. }) => assert_eq!(principals, ["bob", "carol"]),
        other => panic!("{other:?}"),
    }
    let case = Case { signers: format!("bob,alice {}\n", public("ed25519")), ..Case::fixture("ed25519") };
    case.ends("ok", Real::Same);
    // Logins are compared with their case, as ssh-keygen does.
    Case { login: "Alice".into(), ..Case::fixture("ed25519") }.ends("key_of_another", Real::Same);
    Case { login: "alic".into(), ..Case::fixture("ed25519") }.ends("key_of_another", Real::Same);
    Case { login: String::new(), ..Case::fixture("ed25519") }.ends("key_of_another", Real::Same);
}

#[test]
fn honours_no_pattern_among_principals() {
    for principals in ["*", "ali*", "alic?", "alice,*", "alice,!bob"] {
        let case = Case { signers: format!("{principals} {}\n", public("ed25519")), ..Case::fixture("ed25519") };
        case.ends("key_of_another", Real::Laxer);
    }
    let case = Case { signers: format!("alice,!alice {}\n", public("ed25519")), ..Case::fixture("ed25519") };
    case.ends("key_of_another", Real::Same);
    // A login that looks like a pattern matches nothing either.
    let case = Case { login: "*".into(), ..Case::fixture("ed25519") };
    case.ends("key_of_another", Real::Same);
    let case = Case { login: "*".into(), signers: format!("* {}\n", public("ed25519")), ..Case::fixture("ed25519") };
    case.ends("key_of_another", Real::Laxer);
}

#[test]
fn minds_namespaces() {
    let with = |list: &str| Case {
        signers: format!("alice namespaces=\"{list}\" {}\n", public("ed25519")),
        ..Case::fixture("ed25519")
    };
    with(NAMESPACE_RECORD).ends("ok", Real::Same);
    with(&format!("file,{NAMESPACE_RECORD}")).ends("ok", Real::Same);
    with("file").ends("namespace_not_allowed", Real::Same);
    with("mcp-audit-record").ends("namespace_not_allowed", Real::Same);
    with("*").ends("namespace_not_allowed", Real::Laxer);
    with(&format!("{NAMESPACE_RECORD},!{NAMESPACE_RECORD}")).ends("namespace_not_allowed", Real::Same);
}

#[test]
fn minds_validity_to_the_second() {
    let window = |options: &str, at: &'static str| Case {
        signers: format!("alice {options} {}\n", public("ed25519")),
        at,
        ..Case::fixture("ed25519")
    };
    let both = "valid-after=\"20260101000000Z\",valid-before=\"20260201Z\"";
    window(both, "2025-12-31T23:59:59Z").ends("key_not_yet_valid", Real::Same);
    window(both, "2026-01-01T00:00:00Z").ends("ok", Real::Same);
    window(both, "2026-02-01T00:00:00Z").ends("ok", Real::Same);
    let refusal = window(both, "2026-02-01T00:00:01Z").ends("key_expired", Real::Same);
    assert_eq!(refusal, Some(Refusal::Expired { valid_before: time("2026-02-01T00:00:00Z") }));
    window("valid-after=\"202601311200Z\"", "2026-01-31T11:59:59Z").ends("key_not_yet_valid", Real::Same);
    window("valid-after=\"202601311200Z\"", "2026-01-31T12:00:00Z").ends("ok", Real::Same);
    window("valid-before=\"20260131\"", "2026-01-31T00:00:01Z").ends("key_expired", Real::Same);
    window("VALID-BEFORE=\"20260131\"", "2026-01-31T00:00:00Z").ends("ok", Real::Same);
}

#[test]
fn takes_any_line_that_admits() {
    let key = public("ed25519");
    let signers = format!(
        "# keys of the auditors\n\nbob {key}\nalice valid-before=\"20200101Z\" {key}\nalice namespaces=\"file\" {key}\nalice {key}\n"
    );
    Case { signers: signers.clone(), ..Case::fixture("ed25519") }.ends("ok", Real::Same);
    let without_last: String = signers.lines().take(5).map(|line| format!("{line}\n")).collect();
    // The refusal that came closest is the one that is told.
    Case { signers: without_last, ..Case::fixture("ed25519") }.ends("key_expired", Real::Same);
}

#[test]
fn never_takes_an_authority_for_a_key() {
    let case = Case { signers: format!("alice cert-authority {}\n", public("ed25519")), ..Case::fixture("ed25519") };
    case.ends("unknown_key", Real::Same);
}

#[test]
fn leaves_rsa_to_ssh_keygen() {
    let case = Case::fixture("rsa");
    let signers = AllowedSigners::parse(&case.signers).unwrap();
    let refusal =
        verify_with(&case.message, &case.armor, NAMESPACE_RECORD, "alice", &signers, now(), None).unwrap_err();
    assert_eq!(refusal.reason(), "algorithm_unsupported");
    assert!(refusal.could_not_check());
    let Some(_) = keygen() else { return };
    case.ends("ok", Real::Same);
    let verified = verify(&case.message, &case.armor, NAMESPACE_RECORD, "alice", &signers, now()).unwrap();
    assert_eq!((verified.by, verified.key_type.as_str()), ("ssh-keygen", "ssh-rsa"));
    assert_eq!(check_own(&case.message, &case.armor, NAMESPACE_RECORD), Ok(verified.fingerprint));
    Case { login: "bob".into(), ..Case::fixture("rsa") }.ends("key_of_another", Real::Same);
    Case { signers: String::new(), ..Case::fixture("rsa") }.ends("unknown_key", Real::Same);
    let late = format!("alice valid-before=\"20260101Z\" {}\n", public("rsa"));
    Case { signers: late, ..Case::fixture("rsa") }.ends("key_expired", Real::Same);
    // Broken in the middle of the signature proper.
    let mut blob = unarmor(&case.armor);
    let at = blob.len() - 20;
    blob[at] ^= 1;
    Case { armor: armor(&blob), ..Case::fixture("rsa") }.ends("signature_mismatch", Real::Same);
}

#[test]
fn leaves_certificates_to_ssh_keygen() {
    let authority = |who: &str| format!("{who} cert-authority {}\n", public("authority"));
    let case = Case::of(data("certified.sig"), authority("alice"));
    let signers = AllowedSigners::parse(&case.signers).unwrap();
    let refusal =
        verify_with(&case.message, &case.armor, NAMESPACE_RECORD, "alice", &signers, now(), None).unwrap_err();
    assert_eq!(refusal.reason(), "algorithm_unsupported");
    let Some(_) = keygen() else { return };
    case.ends("ok", Real::Same);
    let verified = verify(&case.message, &case.armor, NAMESPACE_RECORD, "alice", &signers, now()).unwrap();
    assert_eq!(verified.fingerprint, "SHA256:yVOSwcvzl0qPFWr4u9nFoRTcHVoTaCw/13p1h6hyNW0");
    // The certificate is for alice and for two years, whatever the authority's line says.
    Case { login: "bob".into(), ..Case::of(data("certified.sig"), authority("alice,bob")) }
        .ends("certificate_refused", Real::Same);
    for at in ["2024-12-30T00:00:00Z", "2027-01-02T00:00:00Z"] {
        Case { at, ..Case::of(data("certified.sig"), authority("alice")) }.ends("certificate_refused", Real::Same);
    }
    Case::of(data("certified.sig"), authority("bob")).ends("key_of_another", Real::Same);
    Case::of(data("certified.sig"), format!("alice {}\n", public("authority"))).ends("unknown_key", Real::Same);
    Case { message: b"other".to_vec(), ..Case::of(data("certified.sig"), authority("alice")) }
        .ends("signature_mismatch", Real::Same);
}

#[test]
fn refuses_dsa() {
    let signers = AllowedSigners::parse("").unwrap();
    let refusal = verify(&message(), &data("dsa.sig"), NAMESPACE_RECORD, "alice", &signers, now()).unwrap_err();
    assert_eq!(refusal, Refusal::KeyTypeRefused("ssh-dss".into()));
    assert!(!refusal.could_not_check());
}

#[test]
fn reads_the_armor_to_the_byte() {
    let good = String::from_utf8(data("ed25519.sig")).unwrap();
    let with = |armor: String| Case { armor: armor.into_bytes(), ..Case::fixture("ed25519") };
    with(good.trim_end().to_owned()).ends("ok", Real::Same);
    // ssh-keygen reads past most of these; here a signature has one form, so nothing can hide in the file.
    for (armor, real) in [
        (format!("{good}\n"), Real::Laxer),
        (format!("{good}trailing words\n"), Real::Laxer),
        (format!("{good}{good}"), Real::Laxer),
        (format!("\n{good}"), Real::Same),
        (format!("words\n{good}"), Real::Same),
        (format!("\u{feff}{good}"), Real::Same),
        (good.replace('\n', "\r\n"), Real::Same),
        (good.replacen("\nU1", "\n\nU1", 1), Real::Laxer),
        (good.replacen("\nU1", "\n U1", 1), Real::Laxer),
        (good.replacen("-----\n", "-----", 1), Real::Same),
        (good.replace("SSH SIGNATURE", "PGP SIGNATURE"), Real::Same),
        (good.replace("-----END SSH SIGNATURE-----\n", ""), Real::Same),
        (good.replacen("U1NIU0lH", "U1NI*0lH", 1), Real::Same),
        (good.replacen("U1NIU0lH", "U1NIU0lH====", 1), Real::Same),
        (String::new(), Real::Same),
        ("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".to_owned(), Real::Same),
    ] {
        with(armor).ends("signature_malformed", real);
    }
    let bytes = Case { armor: vec![0xff, 0xfe], ..Case::fixture("ed25519") };
    bytes.ends("signature_malformed", Real::Same);
}

#[test]
fn reads_the_structure_to_the_byte() {
    let signer = Signer::ed25519(1);
    let signers = format!("alice {}\n", signer.public());
    let good = signer.sign(&message());
    Case::of(good.armor(), &*signers).ends("ok", Real::Same);
    let broken = |change: &dyn Fn(&mut crate::sign_wire::Parts)| {
        let mut parts = good.clone();
        change(&mut parts);
        Case::of(parts.armor(), &*signers).ends("signature_malformed", Real::Same);
    };
    broken(&|parts| parts.magic = b"SSHSIH".to_vec());
    broken(&|parts| parts.version = 2);
    broken(&|parts| parts.namespace.clear());
    broken(&|parts| parts.namespace = vec![0xff]);
    broken(&|parts| parts.hash = b"sha1".to_vec());
    broken(&|parts| parts.hash.clear());
    broken(&|parts| parts.key.clear());
    broken(&|parts| parts.key.push(0));
    broken(&|parts| parts.key.truncate(20));
    broken(&|parts| parts.signature.push(0));
    broken(&|parts| parts.signature.truncate(30));
    broken(&|parts| parts.signature.clear());
    broken(&|parts| parts.signature = [string("ecdsa-sha2-nistp256"), string([0; 64])].concat());
    broken(&|parts| parts.after.push(0));
    for (case, change) in [
        ("version 0", Box::new(|parts: &mut crate::sign_wire::Parts| parts.version = 0) as Box<dyn Fn(&mut _)>),
        ("reserved", Box::new(|parts: &mut crate::sign_wire::Parts| parts.reserved.push(1))),
    ] {
        let mut parts = good.clone();
        change(&mut parts);
        let signers = AllowedSigners::parse(&signers).unwrap();
        let refusal = verify(&message(), &parts.armor(), NAMESPACE_RECORD, "alice", &signers, now()).unwrap_err();
        assert_eq!(refusal.reason(), "signature_malformed", "{case}");
    }
    // A length that promises more than there is.
    let mut blob = unarmor(&good.armor());
    blob[10..14].copy_from_slice(&u32::MAX.to_be_bytes());
    Case::of(armor(&blob), &*signers).ends("signature_malformed", Real::Same);
}

#[test]
fn leaves_unknown_types_undecided() {
    let signer = Signer::ed25519(1);
    let mut parts = signer.sign(&message());
    parts.key = [string("ssh-mldsa-65"), string([1; 64])].concat();
    let signers = AllowedSigners::parse(&format!("alice {}\n", signer.public())).unwrap();
    let refusal =
        verify_with(&message(), &parts.armor(), NAMESPACE_RECORD, "alice", &signers, now(), None).unwrap_err();
    // Nobody listed it, and that needs no arithmetic.
    assert_eq!(refusal.reason(), "unknown_key");
}

#[test]
fn stops_at_the_cap_before_reading() {
    let mut huge = data("ed25519.sig");
    huge.resize(50 * 1024 * 1024, b'A');
    let started = std::time::Instant::now();
    let signers = AllowedSigners::parse("").unwrap();
    let refusal = verify(&message(), &huge, NAMESPACE_RECORD, "alice", &signers, now()).unwrap_err();
    assert_eq!(refusal, Refusal::TooLarge);
    assert_eq!(check_own(&message(), &huge, NAMESPACE_RECORD), Err(Refusal::TooLarge));
    assert!(started.elapsed().as_secs() < 2, "a large file must not keep anybody busy");
    let at_cap = vec![b'A'; usize::try_from(SIGNATURE_CAP).unwrap()];
    assert_eq!(check_own(&message(), &at_cap, NAMESPACE_RECORD).unwrap_err().reason(), "signature_malformed");
}

#[test]
fn says_what_to_do() {
    let time = now();
    let fingerprint = || "SHA256:x".to_owned();
    let all = [
        Refusal::Malformed("x".into()),
        Refusal::TooLarge,
        Refusal::WrongNamespace { found: "file".into() },
        Refusal::Mismatch,
        Refusal::UnknownKey { fingerprint: fingerprint() },
        Refusal::NotThisPrincipal { fingerprint: fingerprint(), principals: vec!["bob".into()] },
        Refusal::NamespaceNotAllowed,
        Refusal::Expired { valid_before: time },
        Refusal::NotYetValid { valid_after: time },
        Refusal::UserPresenceMissing,
        Refusal::KeyTypeRefused("ssh-dss".into()),
        Refusal::CertificateRefused("expired".into()),
        Refusal::Unsupported("An RSA signature".into()),
        Refusal::Failed("it hung".into()),
    ];
    let text: Vec<String> = all.iter().map(|refusal| format!("{}: {refusal}", refusal.reason())).collect();
    insta::with_settings!({ snapshot_path => "../data/sign", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("refusals", text.join("\n"));
    });
    let undecided: Vec<_> = all.iter().filter(|refusal| refusal.could_not_check()).map(Refusal::reason).collect();
    assert_eq!(undecided, ["algorithm_unsupported", "verifier_failed"]);
}
