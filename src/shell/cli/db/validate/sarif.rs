//! A validation's report as SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use crate::auditdb::validate::{Class, RULES, Report};
use crate::error::{Error, Result};
use crate::repo::display;

/// Returns the report as SARIF.
pub fn sarif(report: &Report) -> Result<String> {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.word,
                "shortDescription": { "text": rule.what },
                "help": { "text": rule.remedy },
                "defaultConfiguration": { "level": level(rule.class) },
                "properties": { "class": rule.class.word() },
            })
        })
        .collect();
    let results: Vec<Value> = report
        .all()
        .map(|issue| {
            let mut place = json!({ "artifactLocation": { "uri": uri(&issue.file), "uriBaseId": "%SRCROOT%" } });
            if let Some(line) = issue.line {
                place["region"] = json!({ "startLine": line });
            }
            json!({
                "ruleId": issue.rule.rule().word,
                "ruleIndex": issue.rule as usize,
                "level": if issue.blocks(report.strict) { "error" } else { level(issue.class) },
                "message": { "text": format!("{} {}", display::line(&issue.reason), issue.remedy) },
                "locations": [{ "physicalLocation": place }],
                "properties": { "class": issue.class.word() },
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "touchstone", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    display::json(&log, true).map_err(|error| Error::could_not(format!("Could not write JSON: {error}.")))
}

fn level(class: Class) -> &'static str {
    match class {
        Class::Blocking => "error",
        Class::NeedsHuman | Class::Advisory => "warning",
        Class::Legacy | Class::Note => "note",
    }
}

/// Returns a path as a relative URI: a colon in it must not make its start a scheme.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    if out.is_empty() { "./".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_relative_uris() {
        assert_eq!(uri("a/b-c_1.md"), "a/b-c_1.md");
        assert_eq!(uri("http://x y#é"), "http%3A//x%20y%23%C3%A9");
        assert_eq!(uri(""), "./");
    }
}
