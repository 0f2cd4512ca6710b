//! Lines of JSON keys and texts.

use crate::auditdb::json::{Span, elements, members, whole};

/// Returns the line of the value at a path of keys, from 1.
pub fn line(text: &str, path: &[&str]) -> Option<usize> {
    span(text, path).map(|span| line_at(text, span.start))
}

/// Returns the line of an element of the array at a path of keys, from 1.
pub fn element_line(text: &str, path: &[&str], index: usize) -> Option<usize> {
    let each = elements(text, span(text, path)?)?;
    each.get(index).map(|span| line_at(text, span.start))
}

/// Returns the line of a byte, from 1.
pub fn line_at(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}

fn span(text: &str, path: &[&str]) -> Option<Span> {
    let mut span = whole(text)?;
    for key in path {
        if text.as_bytes().get(span.start) != Some(&b'{') {
            return None;
        }
        span = members(text, span)?.into_iter().find(|(name, _)| name == key)?.1;
    }
    Some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_elements_have_lines() {
        let text = "{\n \"a\": {\n  \"b\": [\n   1,\n   {\"c\": 2}\n  ]\n }\n}";
        assert_eq!(line(text, &["a", "b"]), Some(3));
        assert_eq!(element_line(text, &["a", "b"], 1), Some(5));
        assert_eq!(line(text, &["a", "x"]), None);
        assert_eq!(line(text, &["a", "b", "c"]), None);
    }
}
