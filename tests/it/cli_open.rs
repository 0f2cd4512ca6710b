//! `touchstone open`.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use crate::support::{AUDITOR, Desk, fails, succeeds};

#[test]
fn an_audit_starts_at_head_and_is_named_after_repository_commit_and_auditor() {
    let desk = Desk::open(&["stdio", "http"]);
    let status = desk.json(["status"]);
    assert_eq!(status["audit"], format!("notes-mcp-{}-{AUDITOR}", &desk.commit.to_string()[..7]));
    assert_eq!(status["commit"], desk.commit.to_string());
    assert_eq!(status["tags"], serde_json::json!(["v1.2.0"]));
    assert_eq!(status["modes"], serde_json::json!(["stdio", "http"]));
}

#[test]
fn opening_again_takes_it_up_and_says_so_in_the_log() {
    let desk = Desk::open(&["stdio"]);
    succeeds(desk.at("2026-02-01T08:00:00Z").arg("open"));
    let log = desk.ok(["log"]);
    assert!(log.contains("2026-02-01T08:00:00Z  resumed"), "{log}");
    // A mode that is named again is no mistake, also twice in one call.
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--mode", "stdio", "--mode", "http", "--mode", "http"]));
    assert_eq!(desk.json(["status"])["modes"], json!(["stdio", "http"]));
    desk.audit();
}

#[test]
fn another_commit_is_another_audit_and_the_one_opened_last_is_meant() {
    let desk = Desk::open(&["stdio"]);
    let first = desk.audit();
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--commit", "v1.1.0"]));
    assert_eq!(desk.json(["status"])["commit"], desk.older.to_string());
    assert_eq!(desk.json(["status"])["tags"], json!(["v1.1.0"]));
    assert_eq!(desk.json(["--audit", &first, "status"])["commit"], desk.commit.to_string());
    succeeds(desk.at("2026-02-02T08:00:00Z").args(["open", "--commit", &desk.commit.to_string()[..8]]));
    assert_eq!(desk.json(["status"])["audit"], *first);
    // HEAD moves: the audit stays at its pin, and opening starts another one.
    let next = desk.git.files(&[("a.ts", "a\n")], &[desk.commit], 1_765_000_001);
    desk.git.main(next);
    assert_eq!(desk.json(["status"])["commit"], desk.commit.to_string());
    succeeds(desk.at("2026-02-03T08:00:00Z").args(["open"]));
    assert_eq!(desk.json(["status"])["commit"], next.to_string());
    assert_eq!(desk.json(["audits"])["audits"].as_array().unwrap().len(), 3);
}

#[test]
fn new_starts_another_audit_of_the_same_commit() {
    let desk = Desk::open(&["stdio"]);
    let first = desk.audit();
    let second = format!("{first}-2");
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--new"]));
    assert_eq!(desk.json(["status"])["audit"], *second);
    assert_eq!(desk.json(["status"])["modes"], json!([]));
    succeeds(desk.at("2026-02-02T08:00:00Z").args(["open", "--audit", &first]));
    assert_eq!(desk.json(["status"])["audit"], *first);
}

#[test]
fn a_scope_binds_evidence_and_is_fixed() {
    let desk = Desk::new();
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio", "--scope", "./src/", "--scope", "package.json"]);
    desk.ok(["evidence", "add", "--evidence", "src/auth.ts:1", "--evidence", "package.json:1"]);
    let said = desk.fails(["evidence", "add", "--evidence", "README.md:1"], 3);
    assert!(said.contains("README.md is outside the audit's scope"), "{said}");
    assert!(desk.fails(["open", "--scope", "docs"], 2).contains("another scope"));
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--new", "--scope", "docs"]));
    succeeds(desk.at("2026-02-02T08:00:00Z").args(["open", "--scope", "src", "--scope", "package.json"]));
    assert_eq!(desk.json(["evidence", "list"])["evidence"].as_array().unwrap().len(), 1);
    let desk = Desk::new();
    desk.fails(["open", "--auditor", "jo", "--scope", "nowhere"], 3);
    assert!(!desk.audits().exists() || std::fs::read_dir(desk.audits()).unwrap().next().is_none());
}

#[test]
fn a_clone_without_origin_needs_a_url() {
    let desk = Desk::new();
    desk.origin(None);
    let said = desk.fails(["open", "--auditor", "jo"], 2);
    assert!(said.contains("no origin") && said.contains("--url https://HOST/OWNER/REPOSITORY"), "{said}");
    for url in ["file:///srv/x", "https://h.io/x", "h", "https://h.io/../x/y", "https://h.io/a/b\u{1b}[2J"] {
        let said = desk.fails(["open", "--auditor", "jo", "--url", url], 2);
        assert!(said.contains("--url:") && !said.contains('\u{1b}'), "{said}");
    }
    desk.origin(Some("/srv/git/notes"));
    let said = desk.fails(["open", "--auditor", "jo"], 2);
    assert!(said.contains("The clone's origin") && said.contains("--url"), "{said}");
    desk.ok(["open", "--auditor", "jo", "--url", "git@github.com:Some/Notes.git"]);
    assert_eq!(desk.json(["status"])["url"], "https://github.com/Some/Notes");
}

#[test]
fn a_login_in_the_origin_is_never_kept() {
    let desk = Desk::new();
    desk.origin(Some("https://user:s3cret@github.com/example/notes-mcp.git"));
    desk.ok(["open", "--auditor", "jo"]);
    assert!(!String::from_utf8(desk.journal()).unwrap().contains("s3cret"));
}

#[test]
fn the_auditor_is_asked_for_once_and_remembered() {
    let desk = Desk::new();
    let said = desk.fails(["open"], 2);
    assert!(said.contains("who audits") && said.contains("--auditor LOGIN"), "{said}");
    assert!(desk.fails(["open", "--auditor", "jo do"], 2).contains("not a login"));
    assert!(desk.fails(["open", "--auditor", ".."], 2).contains("not a login"));
    assert!(!desk.config().exists());
    desk.ok(["open", "--auditor", "jo", "--name", "Jo \"J\" Doe"]);
    let text = std::fs::read_to_string(desk.config()).unwrap();
    assert_eq!(text, "[auditor]\nlogin = \"jo\"\nname = 'Jo \"J\" Doe'\n");
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", "--new"]));
    assert_eq!(desk.json(["status"])["auditor"], "jo");
    // Another login for one audit leaves what is remembered.
    succeeds(desk.at("2026-02-02T08:00:00Z").args(["open", "--auditor", "kim"]));
    assert_eq!(desk.json(["status"])["auditor"], "kim");
    assert_eq!(std::fs::read_to_string(desk.config()).unwrap(), text);
}

#[test]
fn what_stands_in_the_preferences_is_kept() {
    let kept = "# mine\n[signing]\nkey = \"/k.pub\" # a comment\n\n[unheard]\nof = 1";
    let desk = Desk::new();
    let real = desk.file("dotfiles/touchstone.toml", kept);
    std::fs::create_dir_all(desk.config().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, desk.config()).unwrap();
    desk.ok(["open", "--auditor", "jo"]);
    assert_eq!(std::fs::read_to_string(&real).unwrap(), format!("{kept}\n\n[auditor]\nlogin = \"jo\"\n"));
    assert!(desk.config().is_symlink(), "a link into a folder of preferences stays one");
}

#[test]
fn preferences_that_cannot_be_read_are_named_with_their_line() {
    let desk = Desk::new();
    let before = "[auditor]\nlogin = 7\n";
    desk.file("config/touchstone/config.toml", before);
    let said = desk.fails(["open"], 2);
    assert!(said.contains("config.toml, line 2"), "{said}");
    assert_eq!(std::fs::read_to_string(desk.config()).unwrap(), before);
}

#[test]
fn a_mode_that_cannot_be_one_starts_no_audit() {
    let desk = Desk::new();
    for mode in ["all", "HTTP", "a b", "", "-x", "x\u{1b}[2J"] {
        let said = desk.fails(["open", "--auditor", "jo", "--mode", "stdio", &format!("--mode={mode}")], 2);
        assert!(said.contains("cannot name a mode"), "{said}");
    }
    assert!(!desk.audits().exists());
}

#[test]
fn what_is_no_clone_is_said() {
    let desk = Desk::new();
    let empty = desk.dir().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let said = desk.fails(["open", "--auditor", "jo", empty.to_str().unwrap()], 3);
    assert!(said.contains("no git repository"), "{said}");
    let said = fails(desk.cmd().current_dir(&empty).arg("status"), 3);
    assert!(said.contains("no git repository") && said.contains("--audit"), "{said}");
    desk.fails(["open", "--auditor", "jo", "/no/such/place"], 3);
    assert!(desk.fails(["open", ".", "--repo", "."], 2).contains("Both"));
    assert!(desk.fails(["status"], 2).contains("touchstone open"), "no audit yet");
    std::fs::remove_file(desk.git.git.join("refs/heads/main")).unwrap();
    let said = desk.fails(["open", "--auditor", "jo"], 3);
    assert!(said.contains("names no commit yet"), "{said}");
    desk.git.write("refs/heads/main", "1111111111111111111111111111111111111111\n");
    assert!(desk.fails(["open", "--auditor", "jo"], 3).contains("1111111"));
    let said = desk.fails(["open", "--auditor", "jo", "--commit", "v9"], 3);
    assert!(said.contains("v9") && said.contains("fetch"), "{said}");
    assert!(desk.fails(["open", "--auditor", "jo", "--commit", "HEAD~1"], 2).contains("git rev-parse"));
    desk.git.main(desk.commit);
    assert!(desk.fails(["open", "--auditor", "jo", "--standard", "nope"], 2).contains("no standard `nope`"));
    desk.git.write("config", "[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefstorage = reftable\n");
    assert!(desk.fails(["open", "--auditor", "jo"], 4).contains("reftable"));
    assert!(!desk.audits().exists());
}

#[test]
fn detached_bare_linked_and_shallow_clones_open() {
    let desk = Desk::new();
    desk.git.write("HEAD", format!("{}\n", desk.older));
    desk.ok(["open", "--auditor", "jo"]);
    assert_eq!(desk.json(["status"])["commit"], desk.older.to_string());
    // A linked worktree is the same clone with a HEAD of its own.
    desk.git.write("worktrees/w/HEAD", format!("{}\n", desk.commit));
    desk.git.write("worktrees/w/commondir", "../..\n");
    let tree = desk.dir().join("w");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join(".git"), format!("gitdir: {}\n", desk.git.git.join("worktrees/w").display())).unwrap();
    desk.git.write("worktrees/w/gitdir", format!("{}\n", tree.join(".git").display()));
    succeeds(desk.at("2026-02-01T08:00:00Z").args(["open", tree.to_str().unwrap()]));
    assert_eq!(desk.json(["status", "--repo", tree.to_str().unwrap()])["commit"], desk.commit.to_string());
    assert_eq!(desk.json(["status"])["commit"], desk.older.to_string(), "each work tree has its own audit at hand");
    // Bare: the same files under another name.
    let bare = desk.dir().join("bare.git");
    std::fs::rename(&desk.git.git, &bare).unwrap();
    std::fs::write(bare.join("HEAD"), format!("{}\n", desk.commit)).unwrap();
    std::fs::write(bare.join("shallow"), format!("{}\n", desk.commit)).unwrap();
    std::fs::remove_dir_all(bare.join("worktrees")).unwrap();
    succeeds(desk.at("2026-02-02T08:00:00Z").args(["open", bare.to_str().unwrap(), "--mode", "stdio"]));
    let repo = ["--repo", bare.to_str().unwrap()];
    desk.ok([&repo[..], &["answer", "auth-4", "yes", "--evidence", "src/auth.ts:4"]].concat());
    let said = desk.fails([&repo[..], &["evidence", "add", "--history", "sk-"]].concat(), 3);
    assert!(said.contains("shallow"), "{said}");
}

#[test]
fn an_audit_is_not_moved_to_a_clone_without_its_commit() {
    let desk = Desk::open(&["stdio"]);
    let other = crate::repo_fixture::Fixture::new();
    other.main(other.files(&[("a", "a\n")], &[], 1));
    let audit = desk.audit();
    let said = desk.fails(["open", "--audit", &audit, other.git.to_str().unwrap()], 3);
    assert!(said.contains(&desk.commit.to_string()[..7]), "{said}");
    desk.ok(["evidence", "add", "--evidence", "src/auth.ts:1"]);
    // A clone that moved is taken up where it stands now.
    let moved = desk.dir().join("moved");
    std::fs::rename(desk.clone_dir(), &moved).unwrap();
    let moved = moved.to_str().unwrap();
    succeeds(desk.cmd().current_dir(desk.dir()).args(["open", "--audit", &audit, moved]));
    succeeds(desk.cmd().current_dir(moved).arg("status"));
}
