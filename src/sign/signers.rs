//! Allowed signers: who may sign with which key, for what, and when. The format is ssh-keygen(1)'s.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{Error, Result};
use crate::model::time::Time;

use super::{Refusal, key};

const FILE_CAP: usize = 1024 * 1024;
const LINE_CAP: usize = 8 * 1024;

/// More wrong lines than this help nobody.
const ERRORS_CAP: usize = 50;

/// A line that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The line's number, from 1; 0 stands for the file as a whole.
    pub line: usize,
    /// What is wrong, as a clause.
    pub problem: String,
    /// What to do, as a clause.
    pub remedy: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "Line {}: ", self.line)?;
        }
        write!(f, "{}; {}.", self.problem, self.remedy)
    }
}

/// Something about a line that is well-formed but may not do what its writer expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineNote {
    /// The line's number, from 1.
    pub line: usize,
    /// The note, as a clause.
    pub text: String,
}

impl fmt::Display for LineNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}: {}.", self.line, self.text)
    }
}

/// The keys that are accepted, by login.
///
/// A line does not say here all that it says to `ssh-keygen`:
/// - Principals and namespaces are compared literally. A line where either holds a pattern (`*`, `?`, `!`) is kept but
///   admits nobody.
/// - A `cert-authority` line admits certificates by that authority, which `ssh-keygen` then checks; never the key itself.
/// - A time without `Z` is local time to `ssh-keygen`; here it is UTC, so that two machines agree. The key's
///   window can then differ from ssh-keygen's by the zone's offset, either way; [`Self::notes`] says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedSigners {
    lines: Vec<Line>,
    notes: Vec<LineNote>,
}

/// One line: principals, options, key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    principals: Vec<String>,
    namespaces: Option<Vec<String>>,
    valid_after: Option<Time>,
    valid_before: Option<Time>,
    authority: bool,
    key_type: String,
    base64: String,
    key: Vec<u8>,
    pub comment: Option<String>,
}

impl AllowedSigners {
    /// Reads an allowed signers file.
    ///
    /// # Errors
    ///
    /// Returns every line that is wrong, since a line that is skipped in silence is a signer who is refused in silence.
    pub fn parse(text: &str) -> std::result::Result<Self, Vec<LineError>> {
        if text.len() > FILE_CAP {
            return Err(vec![wrong(0, "the file is larger than 1 MiB", "keep only the signers that you need")]);
        }
        let mut signers = AllowedSigners::default();
        let mut errors = Vec::new();
        for (number, line) in numbered(text) {
            match Line::parse(line) {
                Ok(None) => {}
                Ok(Some((line, local))) => {
                    signers.note(number, &line, local);
                    signers.lines.push(line);
                }
                Err((problem, remedy)) => errors.push(wrong(number, problem, remedy)),
            }
            if errors.len() == ERRORS_CAP {
                errors.push(wrong(0, "further lines were not read", "correct these first"));
                break;
            }
        }
        if errors.is_empty() { Ok(signers) } else { Err(errors) }
    }

    /// Returns how many lines hold a key.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns whether no line holds a key.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns what a reader should know about lines that are well-formed.
    pub fn notes(&self) -> &[LineNote] {
        &self.notes
    }

    fn note(&mut self, number: usize, line: &Line, local: bool) {
        let mut add = |text: &str| self.notes.push(LineNote { line: number, text: text.into() });
        if line.principals.iter().any(|name| is_pattern(name)) {
            add("its principals hold a pattern, so it admits nobody here; list each login literally");
        }
        if line.namespaces.iter().flatten().any(|name| is_pattern(name)) {
            add("its namespaces hold a pattern, so it admits nobody here; list each namespace literally");
        }
        if line.authority {
            add("it names a certificate authority; certificates are checked by ssh-keygen only");
        }
        if local {
            add("a time without Z is read as UTC here and as local time by ssh-keygen; add the Z");
        }
    }

    /// Returns the line that lets `login` sign in `namespace` at `at` with this key, or the refusal that came closest.
    pub(super) fn admit(
        &self,
        key: &[u8],
        authority: bool,
        login: &str,
        namespace: &str,
        at: Time,
        fingerprint: &str,
    ) -> std::result::Result<&Line, Refusal> {
        let mut others = BTreeSet::new();
        let mut closest = None;
        for line in self.lines.iter().filter(|line| line.key == key && line.authority == authority) {
            match line.admits(login, namespace, at) {
                Ok(()) => return Ok(line),
                Err(None) => others.extend(line.principals.iter().cloned()),
                // A key whose time is over says more than one that is listed for something else.
                Err(Some(Refusal::NamespaceNotAllowed)) => {
                    closest = closest.or(Some(Refusal::NamespaceNotAllowed));
                }
                Err(refusal) => closest = refusal,
            }
        }
        let fingerprint = fingerprint.to_owned();
        Err(closest.unwrap_or_else(|| match others.is_empty() {
            true => Refusal::UnknownKey { fingerprint },
            false => Refusal::NotThisPrincipal { fingerprint, principals: others.into_iter().collect() },
        }))
    }
}

/// What is wrong and what to do about it.
type Problem = (String, String);

impl Line {
    /// Reads a line; says beside it whether a time in it is without `Z`. A blank line or a comment is none.
    fn parse(text: &str) -> std::result::Result<Option<(Line, bool)>, Problem> {
        if text.len() > LINE_CAP {
            return Err(problem("the line is longer than 8 KiB", "no key is that long; copy it again"));
        }
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(problem("the line holds a control character", "write the line anew"));
        }
        let (principals, rest) = word(text)?;
        let principals = list(&principals, "principal")?;
        let (first, after_first) = word(rest)?;
        if first.is_empty() {
            return Err(problem("the line ends before its key", "write LOGIN [OPTIONS] TYPE BASE64"));
        }
        let (options, rest) =
            if key::is_type(&first) { (Options::default(), rest) } else { (Options::parse(&first)?, after_first) };
        let (key_type, rest) = plain_word(rest);
        let (base64, comment) = plain_word(rest);
        if key_type.is_empty() || base64.is_empty() {
            return Err(problem("the line ends before its key", "write LOGIN [OPTIONS] TYPE BASE64"));
        }
        let key = key::read_listed(key_type, base64)?;
        let line = Line {
            principals,
            namespaces: options.namespaces,
            valid_after: options.valid_after,
            valid_before: options.valid_before,
            authority: options.authority,
            key_type: key_type.to_owned(),
            base64: base64.to_owned(),
            key,
            comment: (!comment.is_empty()).then(|| comment.to_owned()),
        };
        Ok(Some((line, options.local)))
    }

    /// Returns whether the line lets `login` sign; `None` as the refusal means that it is not about this login.
    fn admits(&self, login: &str, namespace: &str, at: Time) -> std::result::Result<(), Option<Refusal>> {
        if !names(&self.principals, login) {
            return Err(None);
        }
        if self.namespaces.as_ref().is_some_and(|list| !names(list, namespace)) {
            return Err(Some(Refusal::NamespaceNotAllowed));
        }
        match (self.valid_after, self.valid_before) {
            (Some(valid_after), _) if at < valid_after => Err(Some(Refusal::NotYetValid { valid_after })),
            // "at or before": the second itself still counts, as it does for ssh-keygen.
            (_, Some(valid_before)) if at > valid_before => Err(Some(Refusal::Expired { valid_before })),
            _ => Ok(()),
        }
    }

    /// Returns a line for ssh-keygen with the login and the key alone; all else was decided here.
    pub fn plain(&self, login: &str) -> String {
        let authority = if self.authority { " cert-authority" } else { "" };
        format!("{login}{authority} {} {}\n", self.key_type, self.base64)
    }

    /// Returns whether two lines say the same; a comment says nothing.
    fn says_the_same(&self, other: &Line) -> bool {
        let bare = |line: &Line| Line { comment: None, ..line.clone() };
        bare(self) == bare(other)
    }
}

#[derive(Default)]
struct Options {
    namespaces: Option<Vec<String>>,
    valid_after: Option<Time>,
    valid_before: Option<Time>,
    authority: bool,
    local: bool,
}

impl Options {
    fn parse(mut text: &str) -> std::result::Result<Self, Problem> {
        let mut options = Options::default();
        loop {
            let end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let lower = name.to_ascii_lowercase();
            let rest = match (lower.as_str(), rest.strip_prefix('=')) {
                ("cert-authority", None) => {
                    options.authority = true;
                    rest
                }
                ("namespaces" | "valid-after" | "valid-before", Some(rest)) => {
                    let (value, rest) = quoted(rest).ok_or_else(|| {
                        problem(
                            format!("the value of `{lower}` is not in double quotes"),
                            format!("write {lower}=\"…\""),
                        )
                    })?;
                    options.set(&lower, &value)?;
                    rest
                }
                ("namespaces" | "valid-after" | "valid-before", None) => {
                    return Err(problem(format!("`{lower}` has no value"), format!("write {lower}=\"…\"")));
                }
                _ => {
                    return Err(problem(
                        format!("`{name}` is neither an option nor a key type that is known here"),
                        "write LOGIN [OPTIONS] TYPE BASE64 with the options namespaces, valid-after, valid-before, cert-authority",
                    ));
                }
            };
            text = match rest.strip_prefix(',') {
                Some(rest) => rest,
                None if rest.is_empty() => break,
                None => return Err(problem("text follows an option", "separate options with commas, without spaces")),
            };
        }
        if let (Some(after), Some(before)) = (options.valid_after, options.valid_before)
            && before <= after
        {
            return Err(problem("valid-before is not later than valid-after", "swap or correct them"));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> std::result::Result<(), Problem> {
        let twice = || problem(format!("`{name}` stands twice"), "keep one of them");
        let slot = match name {
            "namespaces" => {
                let list = list(value, "namespace")?;
                return if self.namespaces.replace(list).is_some() { Err(twice()) } else { Ok(()) };
            }
            "valid-after" => &mut self.valid_after,
            _ => &mut self.valid_before,
        };
        let time = compact_time(value).ok_or_else(|| {
            problem(format!("`{value}` is not a time"), "write YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ")
        })?;
        self.local |= !value.ends_with(['Z', 'z']);
        if slot.replace(time).is_some() { Err(twice()) } else { Ok(()) }
    }
}

/// Returns allowed signers lines for the keys that a code host publishes for `login`.
///
/// `keys_text` holds one public key a line; blank lines and those that begin with `#` are skipped, duplicates dropped.
///
/// # Errors
///
/// Returns an error that names every line that is not a public key, and refuses private keys.
pub fn signer_lines(
    login: &str,
    keys_text: &str,
    namespaces: &[&str],
    valid_after: Option<Time>,
    valid_before: Option<Time>,
) -> Result<Vec<String>> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if login.is_empty() || matches!(login, "." | "..") || !login.chars().all(fine) {
        return Err(Error::usage(format!("`{login}` is not a login."))
            .hint("A login has letters, digits, `.`, `_` and `-` only."));
    }
    let options = options_text(namespaces, valid_after, valid_before)?;
    if keys_text.len() > FILE_CAP {
        return Err(Error::unsafe_input("The list of keys is larger than 1 MiB and was not read."));
    }
    if keys_text.contains("PRIVATE KEY-----") {
        return Err(Error::unsafe_input(
            "This is a private key: it was not read any further, and must not be given away.",
        )
        .hint("Pass the public half, the file that ends in .pub."));
    }
    let mut errors = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in numbered(keys_text) {
        match published_key(line) {
            Ok(None) => {}
            Ok(Some((key_type, base64))) => {
                let line = format!("{login}{options} {key_type} {base64}");
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
            Err((problem, remedy)) if errors.len() < ERRORS_CAP => errors.push(wrong(number, problem, remedy)),
            Err(_) => {}
        }
    }
    if !errors.is_empty() {
        let error = Error::could_not(format!(
            "{} of the lines are not keys that can be listed; nothing was added.",
            errors.len()
        ));
        return Err(errors.iter().fold(error, |error, line| error.hint(line.to_string())));
    }
    if lines.is_empty() {
        return Err(Error::could_not(format!("There is no public key for {login}."))
            .hint("A code host publishes a user's keys at /LOGIN.keys; the user may have none."));
    }
    Ok(lines)
}

/// Adds the lines that an allowed signers file does not have yet, and returns it with how many were added.
///
/// Every byte of the file stays; a line that says the same with another comment counts as there.
pub fn merge_signers(existing: &str, lines: &[String]) -> (String, usize) {
    let read = |line: &str| Line::parse(line).ok().flatten().map(|(line, _)| line);
    let mut known: Vec<Line> = numbered(existing).filter_map(|(_, line)| read(line)).collect();
    let mut merged = existing.to_owned();
    let mut added = 0;
    for text in lines {
        match read(text) {
            Some(line) if known.iter().any(|other| other.says_the_same(&line)) => continue,
            Some(line) => known.push(line),
            None if numbered(&merged).any(|(_, other)| other == text) => continue,
            None => {}
        }
        if !merged.is_empty() && !merged.ends_with('\n') {
            merged.push('\n');
        }
        merged.push_str(text);
        merged.push('\n');
        added += 1;
    }
    (merged, added)
}

/// Returns the options of a canonical line, with a space before them.
fn options_text(namespaces: &[&str], valid_after: Option<Time>, valid_before: Option<Time>) -> Result<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-@+/:".contains(c);
    if let Some(name) = namespaces.iter().find(|name| name.is_empty() || !name.chars().all(fine)) {
        return Err(Error::usage(format!("`{name}` is not a namespace."))
            .hint(format!("The namespace of records is {}.", super::NAMESPACE_RECORD)));
    }
    if let (Some(after), Some(before)) = (valid_after, valid_before)
        && before <= after
    {
        return Err(Error::usage(format!("The key would be valid until {before}, but only from {after} on.")));
    }
    let mut options = Vec::new();
    if !namespaces.is_empty() {
        options.push(format!("namespaces=\"{}\"", namespaces.join(",")));
    }
    for (name, time) in [("valid-after", valid_after), ("valid-before", valid_before)] {
        let Some(time) = time else { continue };
        let text = time.compact();
        // ssh-keygen takes the epoch for "no limit", and reads four digits of year.
        if compact_time(&text) != Some(time) {
            return Err(Error::usage(format!("{time} cannot be written as a key's {name}."))
                .hint("Choose a time from 1970-01-02 on and before the year 10000."));
        }
        options.push(format!("{name}=\"{text}\""));
    }
    Ok(if options.is_empty() { String::new() } else { format!(" {}", options.join(",")) })
}

/// Reads a line as a code host publishes it: `TYPE BASE64 [COMMENT]`.
fn published_key(text: &str) -> std::result::Result<Option<(&str, &str)>, Problem> {
    if text.len() > LINE_CAP {
        return Err(problem("the line is longer than 8 KiB", "no key is that long; copy it again"));
    }
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (key_type, rest) = plain_word(text);
    let (base64, _) = plain_word(rest);
    if base64.is_empty() {
        return Err(problem("this is not a public key", "write TYPE BASE64, as in a .pub file"));
    }
    key::read_listed(key_type, base64)?;
    Ok(Some((key_type, base64)))
}

/// Reads `YYYYMMDD[HHMM[SS]][Z]` as UTC. The epoch itself is no time, since ssh-keygen means "no limit" by it.
fn compact_time(text: &str) -> Option<Time> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => return None,
    };
    let (date, clock) = padded.split_at(8);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        date.get(..4)?,
        date.get(4..6)?,
        date.get(6..)?,
        clock.get(..2)?,
        clock.get(2..4)?,
        clock.get(4..)?
    );
    text.parse::<Time>().ok().filter(|time| time.unix() > 0)
}

/// Returns the lines with their numbers; a CR before the LF is no part of a line.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '!'])
}

/// Returns whether a list names `name` literally and holds no pattern: a pattern elsewhere could mean "but not this one".
fn names(list: &[String], name: &str) -> bool {
    list.iter().any(|entry| entry == name) && !list.iter().any(|entry| is_pattern(entry))
}

fn list(text: &str, what: &str) -> std::result::Result<Vec<String>, Problem> {
    let entries: Vec<String> = text.split(',').map(str::to_owned).collect();
    if entries.iter().any(String::is_empty) {
        return Err(problem(format!("a {what} is empty"), "separate names with one comma each"));
    }
    // A name with a space could never be handed to ssh-keygen as one word again.
    if entries.iter().any(|entry| entry.contains([' ', '\t', '"', '\\', '#'])) {
        return Err(problem(
            format!("a {what} holds a space, quote, backslash or `#`"),
            "separate names with commas only",
        ));
    }
    Ok(entries)
}

/// Takes a word up to white space outside double quotes. Quotes around a whole word are taken off; others stay.
fn word(text: &str) -> std::result::Result<(String, &str), Problem> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut inside = false;
    let mut escaped = false;
    let mut end = text.len();
    for (index, c) in text.char_indices() {
        match c {
            '"' if !escaped => inside = !inside,
            ' ' | '\t' if !inside => {
                end = index;
                break;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if inside && end == text.len() {
        return Err(problem("a double quote is not closed", "close it"));
    }
    let (word, rest) = text.split_at(end);
    let bare = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
    Ok((bare.to_owned(), rest))
}

/// Takes a word up to white space; the rest is trimmed.
fn plain_word(text: &str) -> (&str, &str) {
    let text = text.trim_matches([' ', '\t']);
    let (word, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
    (word, rest.trim_matches([' ', '\t']))
}

/// Takes a value in double quotes, where `\"` stands for a quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((value, inner.get(index + 1..)?)),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                chars.next();
                value.push('"');
            }
            _ => value.push(c),
        }
    }
    None
}

fn problem(problem: impl Into<String>, remedy: impl Into<String>) -> Problem {
    (problem.into(), remedy.into())
}

fn wrong(line: usize, problem: impl Into<String>, remedy: impl Into<String>) -> LineError {
    LineError { line, problem: problem.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_compact_times_as_utc() {
        let read = |text: &str| compact_time(text).map(|time| time.to_string());
        for (text, time) in [
            ("20260131", "2026-01-31T00:00:00Z"),
            ("20260131z", "2026-01-31T00:00:00Z"),
            ("202601311234Z", "2026-01-31T12:34:00Z"),
            ("20260131123456", "2026-01-31T12:34:56Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(time), "{text}");
        }
        for text in ["", "Z", "2026", "20260230Z", "2026013112Z", "20260131ZZ", "20260131UTC", "+2026013", "19700101Z"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn takes_words_and_values_apart() {
        assert_eq!(word(" a=\"b c\",d e"), Ok(("a=\"b c\",d".into(), " e")));
        assert_eq!(word("\"a,b\" c"), Ok(("a,b".into(), " c")));
        assert_eq!(word("a=\"\\\" b\" c"), Ok(("a=\"\\\" b\"".into(), " c")));
        assert!(word("a\"b c").is_err());
        assert_eq!(quoted("\"a\\\"b\"c"), Some(("a\"b".into(), "c")));
        assert_eq!(quoted("a"), None);
        assert_eq!(quoted("\"a"), None);
    }
}
