//! `touchstone open`.

use crate::support::{AUDITOR, Desk};

#[test]
fn an_audit_starts_at_head_and_is_named_after_repository_commit_and_auditor() {
    let desk = Desk::open(&["stdio", "http"]);
    let status = desk.json(["status"]);
    assert_eq!(status["audit"], format!("notes-mcp-{}-{AUDITOR}", &desk.commit.to_string()[..7]));
    assert_eq!(status["commit"], desk.commit.to_string());
    assert_eq!(status["tags"], serde_json::json!(["v1.2.0"]));
    assert_eq!(status["modes"], serde_json::json!(["stdio", "http"]));
}
