//! `metadata.json`: one per audited repository, shared by all its audits and edited by hand.
//!
//! We own `audit_history.{total_audits, last_audit_date, auditors}` and `last_updated`. Every other byte of a file that
//! is there already stays as it is.

use serde_json::{Value, json};

use super::json::{Span, members, strict, whole};
use crate::model::record::Record;

/// What the folders of a repository's audits say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// How many audits there are.
    pub total: usize,
    /// The date of the newest.
    pub last_date: String,
}

/// Returns the file for a repository that has none yet.
pub fn create(record: &Record, known: &Known) -> String {
    let repo = &record.target.repo;
    let value = json!({
        "repository": { "url": repo.url, "name": repo.repo, "owner": repo.org },
        "audit_history": {
            "total_audits": known.total,
            "last_audit_date": known.last_date,
            "auditors": [auditor(record)],
        },
        "last_updated": record.sealed_at.date(),
    });
    format!("{value:#}\n")
}

fn auditor(record: &Record) -> Value {
    let mut value = json!({ "name": record.auditor.name.as_deref().unwrap_or(&record.auditor.login), "github": record.auditor.login });
    if let (Some(organization), Some(map)) = (&record.auditor.organization, value.as_object_mut()) {
        map.insert("organization".to_owned(), organization.clone().into());
    }
    value
}

/// Returns the file with what we own brought up to date; every other byte is kept.
///
/// # Errors
/// What is wrong with the file.
pub fn merge(text: &str, record: &Record, known: &Known) -> Result<String, String> {
    let value = strict(text.as_bytes())?;
    if !value.is_object() {
        return Err("it is not an object".to_owned());
    }
    let before = text;
    let mut text = text.to_owned();
    ensure(&mut text, &[], "audit_history", &json!({}))?;
    set(&mut text, &["audit_history"], "total_audits", &json!(known.total))?;
    set(&mut text, &["audit_history"], "last_audit_date", &json!(known.last_date))?;
    ensure(&mut text, &["audit_history"], "auditors", &json!([]))?;
    let listed = value.pointer("/audit_history/auditors").and_then(Value::as_array).cloned().unwrap_or_default();
    if !listed.iter().any(|one| one.get("github").and_then(Value::as_str) == Some(&record.auditor.login)) {
        append(&mut text, &["audit_history", "auditors"], &auditor(record))?;
    }
    // Running again must heal and then rest: the date moves only where something else did, and never back.
    let date = record.sealed_at.date();
    let older = value.get("last_updated").and_then(Value::as_str).is_none_or(|last| last < date.as_str());
    if text != before && older {
        set(&mut text, &[], "last_updated", &json!(date))?;
    }
    strict(text.as_bytes()).map_err(|why| format!("an edit would break it: {why}"))?;
    Ok(text)
}

fn locate(text: &str, path: &[&str]) -> Option<Span> {
    let mut span = whole(text)?;
    for key in path {
        span = members(text, span)?.into_iter().find(|(name, _)| name == key)?.1;
    }
    Some(span)
}

fn set(text: &mut String, object: &[&str], key: &str, value: &Value) -> Result<(), String> {
    ensure(text, object, key, value)?;
    let path: Vec<&str> = object.iter().copied().chain([key]).collect();
    let span = locate(text, &path).ok_or_else(|| format!("`{key}` cannot be found"))?;
    let same = serde_json::from_str::<Value>(&text[span.start..span.end]).is_ok_and(|old| old == *value);
    if !same {
        text.replace_range(span.start..span.end, &value.to_string());
    }
    Ok(())
}

/// Adds a member at the end of an object, where it is not there.
fn ensure(text: &mut String, object: &[&str], key: &str, value: &Value) -> Result<(), String> {
    let span = locate(text, object).ok_or_else(|| format!("`{}` cannot be found", object.join(".")))?;
    if text.as_bytes().get(span.start) != Some(&b'{') {
        return Err(format!("`{}` is not an object", object.join(".")));
    }
    let there = members(text, span).ok_or("it cannot be read")?;
    if there.iter().any(|(name, _)| name == key) {
        return Ok(());
    }
    insert(text, span, there.last().map(|(_, span)| *span), &format!("{}: {value}", json!(key)))
}

/// Adds an element at the end of an array.
fn append(text: &mut String, array: &[&str], value: &Value) -> Result<(), String> {
    let span = locate(text, array).ok_or_else(|| format!("`{}` cannot be found", array.join(".")))?;
    if text.as_bytes().get(span.start) != Some(&b'[') {
        return Err(format!("`{}` is not a list", array.join(".")));
    }
    let inner = text[span.start + 1..span.end - 1].trim_end();
    let last = (!inner.trim().is_empty()).then(|| Span { start: span.start + 1, end: span.start + 1 + inner.len() });
    insert(text, span, last, &value.to_string())
}

/// Inserts after the last member or element, indented as the line that it stands on.
fn insert(text: &mut String, container: Span, last: Option<Span>, addition: &str) -> Result<(), String> {
    let indent_of = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
        let line = &text[start..];
        line[..line.len() - line.trim_start_matches([' ', '\t']).len()].to_owned()
    };
    match last {
        Some(last) => {
            let indent = indent_of(last.end);
            // The last line of a member that is an object of its own is indented as its key is.
            text.insert_str(last.end, &format!(",\n{indent}{addition}"));
        }
        None => {
            let outer = indent_of(container.start);
            text.replace_range(container.start + 1..container.end - 1, &format!("\n{outer}  {addition}\n{outer}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_a_file_with_odd_spacing() {
        let text = "{ \"a\" : [1, {\"b\": \"}\\\"\"}] ,\n\"c\":-1.5e3, \"d\": null }\n";
        let found = members(text, whole(text).unwrap()).unwrap();
        let shown: Vec<(&str, &str)> =
            found.iter().map(|(key, span)| (key.as_str(), &text[span.start..span.end])).collect();
        assert_eq!(shown, [("a", "[1, {\"b\": \"}\\\"\"}]"), ("c", "-1.5e3"), ("d", "null")]);
    }
}
