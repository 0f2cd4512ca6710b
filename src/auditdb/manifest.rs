//! `audit-manifest.json`: the audit database's own summary of an audit.

use serde_json::{Map, Value, json};

use crate::model::finding::Severity;
use crate::model::record::{Assistance, FindingBody, Record};

/// The counts of findings that the manifest gives, derived from the findings that have a file.
pub fn findings_summary(record: &Record) -> Value {
    let mut summary = Map::new();
    for severity in Severity::ALL {
        summary.insert(severity.word().to_owned(), json!(record.count(severity)));
    }
    let total: usize = Severity::ALL.into_iter().map(|severity| record.count(severity)).sum();
    summary.insert("total_issues".to_owned(), json!(total));
    Value::Object(summary)
}

/// Returns the manifest of a record.
pub fn manifest(record: &Record) -> Value {
    let auditor = &record.auditor;
    let target = &record.target;
    let optional = |map: &mut Value, key: &str, value: Option<&String>| {
        if let (Some(map), Some(value)) = (map.as_object_mut(), value) {
            map.insert(key.to_owned(), json!(value));
        }
    };
    let mut who = json!({ "name": auditor.name.as_ref().unwrap_or(&auditor.login), "github": auditor.login });
    optional(&mut who, "organization", auditor.organization.as_ref());
    optional(&mut who, "contact", auditor.contact.as_ref());
    let scope: Vec<String> = if target.scope.is_empty() {
        vec!["whole repository".to_owned()]
    } else {
        target.scope.iter().map(|path| path.lossy().into_owned()).collect()
    };
    let mut what = json!({ "repo_url": target.repo.url, "commit_hash": target.pin.commit });
    optional(&mut what, "version", target.pin.tags.first());
    if let Some(map) = what.as_object_mut() {
        map.insert("audit_scope".to_owned(), json!(scope));
        map.insert("audit_depth".to_owned(), json!(if record.partial { "partial" } else { "comprehensive" }));
    }
    let files = |severity: Severity| -> Vec<&str> {
        let rows = record.findings.iter().filter(|row| row.severity == severity);
        rows.filter_map(|row| row.file()?.strip_prefix("findings/")?.strip_suffix(".md")).collect()
    };
    let advisories: Vec<&String> = record
        .findings
        .iter()
        .filter_map(|row| match &row.body {
            FindingBody::Public { finding, .. } => Some(&finding.advisories),
            _ => None,
        })
        .flatten()
        .collect();
    let mut tools = vec![format!("{} {}", record.tool.name, record.tool.version)];
    if let Assistance::Assisted { by } = &record.assistance {
        tools.push(by.clone());
    }
    let separate: Map<String, Value> =
        record.score.separate.iter().map(|one| (one.id.clone(), json!(one.low))).collect();
    // Hours to two places, reckoned in integers: no rounding differs between machines.
    let hundredths = record.time_spent.max(0).saturating_mul(100) / 3600;
    let hours: Value =
        serde_json::from_str(&format!("{}.{:02}", hundredths / 100, hundredths % 100)).unwrap_or_default();
    json!({
        "audit_id": record.audit_id,
        "auditor": who,
        "target": what,
        "audit_metadata": {
            "start_date": record.started_at,
            "completion_date": record.sealed_at,
            "status": if record.partial { "in_progress" } else { "completed" },
            "audit_type": "manual_security_review",
            "time_spent_hours": hours,
            "methodology": format!("{} {}", record.standard.id, record.standard.version),
        },
        "findings_summary": findings_summary(record),
        "findings_details": {
            "critical_severity": files(Severity::Critical),
            "high_severity": files(Severity::High),
            "medium_severity": files(Severity::Medium),
            "low_severity": files(Severity::Low),
            "info_positive": files(Severity::Info),
        },
        "tools_used": tools,
        "compliance_checks": {
            "mcp_security_baseline": record.score.certified.as_deref().unwrap_or("not_certified"),
            "owasp_top_10": "not_assessed",
            "supply_chain_security": separate,
        },
        "references": {
            "related_audits": record.supersedes.iter().collect::<Vec<_>>(),
            "external_reports": [],
            "vulnerability_references": advisories,
        },
        "artifacts": {
            "record": "artifacts/record.json",
            "standard": "artifacts/standard.toml",
            "signature": "artifacts/attestations/SHA256SUMS.sig",
        },
    })
}
