//! JSON from outside: duplicate keys are refused, since two readers could take different ones.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON value without duplicate keys.
struct Strict(Value);

/// Reads JSON, refusing duplicate keys. Depth is limited to 128 by the parser.
///
/// # Errors
/// What is wrong, with line and column.
pub fn strict(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(Strict(value)) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Value::Array(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut map = Map::new();
                while let Some((key, Strict(value))) = access.next_entry::<String, Strict>()? {
                    if map.contains_key(&key) {
                        return Err(de::Error::custom(format!("the key `{key}` stands twice")));
                    }
                    map.insert(key, value);
                }
                Ok(Value::Object(map))
            }
        }
        deserializer.deserialize_any(Read).map(Strict)
    }
}

/// Where a value stands in a JSON text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// Returns where the members of an object stand, as `(key, value)`, in order. The text must be valid JSON.
///
/// For edits that keep every other byte of a file that people edit by hand.
pub fn members(text: &str, object: Span) -> Option<Vec<(String, Span)>> {
    let bytes = text.as_bytes();
    let mut at = skip_space(bytes, object.start + 1);
    let mut found = Vec::new();
    while *bytes.get(at)? == b'"' {
        let key_end = skip_value(bytes, at)?;
        let key: String = serde_json::from_str(text.get(at..key_end)?).ok()?;
        at = skip_space(bytes, key_end);
        at = skip_space(bytes, at + 1);
        let end = skip_value(bytes, at)?;
        found.push((key, Span { start: at, end }));
        at = skip_space(bytes, end);
        if *bytes.get(at)? == b',' {
            at = skip_space(bytes, at + 1);
        }
    }
    Some(found)
}

/// Returns where the elements of an array stand, in order. The text must be valid JSON.
pub fn elements(text: &str, array: Span) -> Option<Vec<Span>> {
    let bytes = text.as_bytes();
    let mut at = skip_space(bytes, array.start + 1);
    let mut found = Vec::new();
    while *bytes.get(at)? != b']' {
        let end = skip_value(bytes, at)?;
        found.push(Span { start: at, end });
        at = skip_space(bytes, end);
        if *bytes.get(at)? == b',' {
            at = skip_space(bytes, at + 1);
        }
    }
    Some(found)
}

/// Returns where the text's one value stands.
pub fn whole(text: &str) -> Option<Span> {
    let start = skip_space(text.as_bytes(), 0);
    Some(Span { start, end: skip_value(text.as_bytes(), start)? })
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Returns the byte after the value that starts at `at`.
fn skip_value(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = at;
    loop {
        match *bytes.get(at)? {
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b if depth == 0 && !b.is_ascii_whitespace() => {
                // A number or a word: it ends where something else begins.
                while bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)) {
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}
