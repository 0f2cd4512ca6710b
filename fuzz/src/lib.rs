//! What must hold for any bytes at all, one function per fuzz target.
//!
//! `cargo fuzz` calls these with bytes of its own; the integration test `fuzzed` runs them over the corpora in
//! `tests/data/fuzz`, so that what was found once is looked for by every test run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use touchstone::auditdb::{
    Folder, Known, Options, RECORD_FILE, SUMS_FILE, Verdict, findings_summary, merge_metadata, strict, sums, verify,
};
use touchstone::export::standard as export;
use touchstone::journal::{Journal, View};
use touchstone::model::hash::Sha256;
use touchstone::model::record::Statement;
use touchstone::model::score::{Inputs, score};
use touchstone::model::time::Time;
use touchstone::repo::{display, trojan};
use touchstone::sign::{AllowedSigners, NAMESPACE_RECORD, check_own, merge_signers, signer_lines, verify_with};
use touchstone::standards;

/// A small standard with one of each thing.
const STANDARD: &str = include_str!("../../tests/it/data/standards/vendor_ok.toml");
/// The record that the record's target edits, by path.
const RECORD: [(&str, &[u8]); 7] = [
    (RECORD_FILE, include_bytes!("../../tests/data/fuzz/base/record.json")),
    ("audit-manifest.json", include_bytes!("../../tests/data/fuzz/base/audit-manifest.json")),
    ("artifacts/standard.toml", STANDARD.as_bytes()),
    ("raw-notes.md", include_bytes!("../../tests/data/fuzz/base/raw-notes.md")),
    ("security-assessment.md", include_bytes!("../../tests/data/fuzz/base/security-assessment.md")),
    ("findings/high-001-shell-command-from-the-client.md", include_bytes!("../../tests/data/fuzz/base/finding.md")),
    (".gitattributes", include_bytes!("../../tests/data/fuzz/base/gitattributes")),
];
/// What the signatures of the corpus sign, and keys that signed it.
const MESSAGE: &[u8] = include_bytes!("../../tests/data/sign/message.txt");
const KEYS: [&str; 5] = [
    include_str!("../../tests/data/sign/ed25519.pub"),
    include_str!("../../tests/data/sign/ecdsa-256.pub"),
    include_str!("../../tests/data/sign/ecdsa-384.pub"),
    include_str!("../../tests/data/sign/ecdsa-521.pub"),
    include_str!("../../tests/data/sign/rsa.pub"),
];

fn now() -> Time {
    "2026-01-31T12:00:00Z".parse().expect("a time")
}

/// Nothing that hides, moves or commands is left in a text, but line feeds where they are its form.
fn is_clean(text: &str, line_feeds: bool) {
    let hazard = text.chars().find(|c| display::is_hazard(*c) && !(line_feeds && *c == '\n'));
    assert_eq!(hazard, None, "{text:?}");
}

/// The door for outside text: whatever comes in, nothing that hides, moves or commands goes out.
pub fn display(bytes: &[u8]) {
    is_clean(&display::bytes(bytes), false);
    let block = display::block_bytes(bytes);
    is_clean(&block, true);
    let (mut joined, mut end) = (String::new(), 0);
    for piece in display::pieces(bytes) {
        assert_eq!(piece.range.start, end, "pieces name every byte once");
        assert!(!piece.range.is_empty());
        end = piece.range.end;
        joined.push_str(&piece.text);
    }
    assert_eq!((joined.as_str(), end), (block.as_str(), bytes.len()));
    for at in 0..bytes.len().min(64) {
        assert!(display::boundary(bytes, at) <= at);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(display::line(text), display::bytes(bytes));
        assert_eq!(display::block(text), block);
        for pretty in [false, true] {
            let written = display::json(&json!({ text: [text] }), pretty).expect("text has a JSON form");
            is_clean(&written, true);
            let read: Value = serde_json::from_str(&written).expect("its own JSON");
            assert_eq!(read, json!({ text: [text] }));
        }
    }
}

/// A standard's file: read, or refused with a mistake; what is read can be scored, exported and read again.
pub fn standard(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match (standards::read(text), standards::read_known(text)) {
        (Ok(read), Ok(known)) => {
            assert_eq!(read, known);
            let of = score(&read, &Inputs::default());
            assert!(of.headline.low <= of.headline.high);
            is_clean(&export::markdown(&read), true);
            is_clean(&export::csv(&read).expect("a standard has rows"), true);
            is_clean(&export::json(&read).expect("a standard has a JSON form"), true);
        }
        (Ok(_), Err(mistakes)) => panic!("only the quicker reading refuses it: {mistakes:?}"),
        (Err(mistakes), _) => assert!(!mistakes.is_empty()),
    }
}

thread_local! {
    /// An audit's folder; in memory where `TMPDIR` is.
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// Gives the lines of a journal numbers and digests that fit, so that what is in them is looked at.
fn chained(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut previous = Sha256::ZERO;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let mut text = line.to_vec();
        if let Ok(Value::Object(mut entry)) = serde_json::from_slice(line) {
            let number = json!(index + 1);
            if entry.get("of") == Some(&json!(1)) || entry.get("act") == entry.get("seq") {
                entry.insert("act".to_owned(), number.clone());
            }
            entry.insert("seq".to_owned(), number);
            entry.insert("prev".to_owned(), json!(previous.to_string()));
            if let Some(named) = entry.get_mut("event").and_then(|event| event.pointer_mut("/standard/sha256")) {
                *named = json!(Sha256::of(STANDARD).to_string());
            }
            text = Value::Object(entry).to_string().into_bytes();
            text.push(b'\n');
        }
        previous = Sha256::of(&text);
        out.extend(text);
    }
    out
}

/// A journal's file: both ways of opening it agree, and neither loses a whole act.
pub fn journal(bytes: &[u8]) {
    FOLDER.with_borrow_mut(|folder| {
        let dir = folder.get_or_insert_with(|| {
            let dir = tempfile::tempdir().expect("a temporary folder");
            std::fs::write(dir.path().join("standard.toml"), STANDARD).expect("a file in it");
            dir
        });
        opened(dir.path(), bytes);
        opened(dir.path(), &chained(bytes));
    });
}

fn opened(dir: &Path, bytes: &[u8]) {
    let file = dir.join("journal.jsonl");
    std::fs::write(&file, bytes).expect("a file in it");
    let view = View::open(dir);
    let open = Journal::open(dir);
    let left = std::fs::read(&file).expect("the file");
    for entry in std::fs::read_dir(dir).expect("the folder").flatten() {
        if !["standard.toml", "journal.jsonl", "lock"].iter().any(|name| entry.file_name() == *name) {
            std::fs::remove_file(entry.path()).expect("what was set aside");
        }
    }
    match (view, open) {
        (Ok(view), Ok(mut open)) => {
            assert!(bytes.starts_with(&left), "nothing but a torn end is cut");
            assert_eq!(view.audit.entries().len(), open.audit.entries().len());
            let audit = &view.audit;
            let of = score(&audit.standard, &audit.inputs());
            assert!(of.headline.low <= of.headline.high);
            audit.gaps();
            audit.time_spent();
            for (entry, _) in audit.entries() {
                is_clean(&display::json(entry, false).expect("an entry has a JSON form"), false);
            }
            let _ = open.undo(now());
            let _ = open.redo(now());
            let entries = open.audit.entries().len();
            drop(open);
            let again = View::open(dir).expect("what this program wrote itself");
            assert_eq!(again.audit.entries().len(), entries);
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert_eq!(left, bytes, "what is refused is left as it is");
        }
        (view, open) => panic!("{view:?} {open:?}"),
    }
}

/// A record's folder with one file replaced. The first byte names the file, and whether the list of digests follows it.
pub fn record(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let files: BTreeMap<String, Vec<u8>> =
        RECORD.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    let path = PathBuf::from("/db/audits/github.com/example/notes-mcp/audits/jo-2026-01-31-001");
    let mut folder = Folder { path, files, strange: Vec::new() };
    folder.files.insert(SUMS_FILE.to_owned(), sums(&folder.files).into_bytes());
    let which = usize::from(*which);
    let name = match which % 16 {
        at if at < RECORD.len() => RECORD[at].0,
        7 => SUMS_FILE,
        8 => return metadata(bytes, &folder.files[RECORD_FILE]),
        _ => "findings/medium-002-another.md",
    };
    folder.files.insert(name.to_owned(), bytes.to_vec());
    if which & 16 == 0 {
        folder.files.insert(SUMS_FILE.to_owned(), sums(&folder.files).into_bytes());
    }
    let report = verify(&folder, &Options::default());
    assert_ne!(report.verdict, Verdict::Verified, "nobody signed it");
    is_clean(&display::json(&report, false).expect("a report has a JSON form"), false);
    if let Ok(statement) = serde_json::from_slice::<Statement>(&folder.files[RECORD_FILE]) {
        findings_summary(&statement.predicate);
    }
}

/// Someone else's `metadata.json`: merged, and then at rest, or refused.
fn metadata(bytes: &[u8], record: &[u8]) {
    let _ = strict(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let record = serde_json::from_slice::<Statement>(record).expect("the record").predicate;
    let known = Known { total: 1, last_date: "2026-01-31".to_owned() };
    if let Ok(merged) = merge_metadata(text, &record, &known) {
        strict(merged.as_bytes()).expect("what was merged is JSON");
        assert_eq!(merge_metadata(&merged, &record, &known), Ok(merged.clone()));
    }
}

/// A signature's armor, what may be inside one, and lists of allowed signers.
pub fn signature(bytes: &[u8]) {
    let list: String = KEYS.iter().map(|key| format!("alice {key}\n")).collect();
    let signers = AllowedSigners::parse(&list).expect("keys");
    let inside = |bytes: &[u8]| {
        let text = Base64::encode_string(bytes);
        let lines: Vec<&[u8]> = text.as_bytes().chunks(70).collect();
        [b"-----BEGIN SSH SIGNATURE-----\n", &lines.join(&b'\n')[..], b"\n-----END SSH SIGNATURE-----\n"].concat()
    };
    for armor in [bytes.to_vec(), inside(bytes), inside(&[b"SSHSIG\0\0\0\x01", bytes].concat())] {
        let ask = |message: &[u8], namespace: &str, login: &str| {
            verify_with(message, &armor, namespace, login, &signers, now(), None)
        };
        if let Ok(verified) = ask(MESSAGE, NAMESPACE_RECORD, "alice") {
            assert_eq!(verified.by, "native");
            assert!(ask(b"another message", NAMESPACE_RECORD, "alice").is_err());
            assert!(ask(MESSAGE, "another-namespace", "alice").is_err());
            assert!(ask(MESSAGE, NAMESPACE_RECORD, "mallory").is_err());
        }
        // Of another namespace, so that nothing is ever asked of a program.
        assert!(check_own(MESSAGE, &armor, "no such namespace").is_err());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(signers) = AllowedSigners::parse(text) {
            signers.notes();
        }
        let _ = signer_lines(text, KEYS[0], &[NAMESPACE_RECORD], None, None);
        let _ = signer_lines("alice", text, &[NAMESPACE_RECORD], None, None);
        let (merged, _) = merge_signers(text, &[format!("alice {}", KEYS[0].trim())]);
        assert!(merged.starts_with(text));
    }
}

/// What could fool the eye: marks are in order, inside, and said in words that can be shown.
pub fn trojan(bytes: &[u8]) {
    let count = bytes.split_inclusive(|byte| *byte == b'\n').count();
    let mut last = None;
    for (line, marks) in trojan::lines(bytes) {
        assert!(line < count && last.is_none_or(|last| last < line));
        last = Some(line);
        assert!(!marks.is_empty());
    }
    for start in [false, true] {
        let marks = trojan::marks(bytes, start);
        assert!(marks.is_sorted_by_key(|mark| mark.range.start));
        for mark in marks {
            assert!(!mark.range.is_empty());
            std::str::from_utf8(&bytes[mark.range]).expect("whole characters");
            is_clean(&mark.what, false);
        }
    }
    // What turns the direction is never left out.
    let turned = String::from_utf8_lossy(bytes).contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}']);
    assert!(!turned || last.is_some());
}
