//! Which audits are meant, and in which order: the filters of a list. What depends on the day is reckoned here, from a
//! date that is handed in.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::catalog::{Catalog, ServerEntry};
use super::entry::{Entry, ScoreEntry};
use crate::model::finding::Severity;

/// An audit with its server.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The server.
    pub server: &'a ServerEntry,
    /// The audit.
    pub entry: &'a Entry,
}

impl<'a> Row<'a> {
    /// Returns the audit at a place, as [`order`] gives it.
    pub fn at(catalog: &'a Catalog, (server, audit): (usize, usize)) -> Option<Row<'a>> {
        let server = catalog.servers.get(server)?;
        Some(Row { server, entry: server.audits.get(audit)? })
    }
}

/// How an audit's date stands to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not older than a year.
    Current,
    /// Older than a year.
    Expired,
    /// Dated after the day.
    Future,
    /// It has no date.
    Undated,
}

impl Standing {
    /// Returns the word by which reports name it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Current => "current",
            Standing::Expired => "expired",
            Standing::Future => "dated in the future",
            Standing::Undated => "without a date",
        }
    }

    /// Returns a mark one column wide.
    pub fn mark(self) -> char {
        match self {
            Standing::Current => ' ',
            Standing::Expired => 'x',
            Standing::Future => '+',
            Standing::Undated => '?',
        }
    }
}

/// Returns how an audit stands on a day, and its age in days. It expires after a year: on the day after the one with the
/// same date.
pub fn standing(entry: &Entry, as_of: Date) -> (Standing, Option<i32>) {
    let Some(date) = entry.date().and_then(|date| date.parse::<Date>().ok()) else { return (Standing::Undated, None) };
    let age = date.until(as_of).map(|span| span.get_days()).unwrap_or_default();
    let standing = match date.checked_add(1.year()) {
        _ if date > as_of => Standing::Future,
        Ok(last) if last < as_of => Standing::Expired,
        _ => Standing::Current,
    };
    (standing, Some(age))
}

/// Numbers from a lowest to a highest, both included: `50..80`, `50..`, `..80`, `50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lowest.
    pub low: i64,
    /// The highest.
    pub high: i64,
}

impl Span {
    fn holds(self, number: i64) -> bool {
        (self.low..=self.high).contains(&number)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a span such as 50..80, 50.., ..80 or 50");
        let number = |text: &str, open: i64| {
            if text.is_empty() { Ok(open) } else { text.parse::<u32>().map(i64::from).map_err(|_| wrong()) }
        };
        let span = match text.split_once("..") {
            Some(("", "")) => return Err(wrong()),
            Some((low, high)) => Span { low: number(low, i64::MIN)?, high: number(high, i64::MAX)? },
            None if text.is_empty() => return Err(wrong()),
            None => Span { low: number(text, 0)?, high: number(text, 0)? },
        };
        if span.low <= span.high { Ok(span) } else { Err(wrong()) }
    }
}

/// A level, of one dimension or of any: `transport=stdio`, `local-only`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelIs {
    /// The dimension.
    pub dimension: Option<String>,
    /// The level.
    pub level: String,
}

/// Returns an id as the standard writes it: people write `Local-Only` and `OAuth2`.
fn id(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', ' '], "_")
}

impl FromStr for LevelIs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (dimension, level) = match text.split_once('=') {
            Some((dimension, level)) => (Some(id(dimension)), id(level)),
            None => (None, id(text)),
        };
        if level.is_empty() || dimension.as_ref().is_some_and(String::is_empty) {
            return Err(format!("`{text}` is not a level such as transport=stdio"));
        }
        Ok(LevelIs { dimension, level })
    }
}

impl LevelIs {
    /// Tells whether a dimension stands at the level in one of the server's modes, and can stand at no other.
    fn holds(&self, score: &ScoreEntry) -> bool {
        score.levels.iter().any(|one| {
            self.dimension.as_ref().is_none_or(|dimension| *dimension == one.dimension)
                && one.low == self.level
                && one.high == self.level
        })
    }
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Date,
    /// By domain, owner and name.
    Server,
    /// The lowest audited score first; those without one last.
    Score,
    /// The worst findings first.
    Severity,
    /// By login.
    Auditor,
}

impl Sort {
    /// Every order.
    pub const ALL: [Sort; 5] = [Sort::Date, Sort::Server, Sort::Score, Sort::Severity, Sort::Auditor];

    /// Returns the word by which it is asked for.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Date => "date",
            Sort::Server => "server",
            Sort::Score => "score",
            Sort::Severity => "severity",
            Sort::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Sort::ALL
            .into_iter()
            .find(|sort| sort.word() == text)
            .ok_or_else(|| format!("`{text}` is not one of date, server, score, severity, auditor"))
    }
}

/// Which audits are meant. What is not filled in matches every audit.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only the newest of each server.
    pub latest: bool,
    /// The tier; a record only.
    pub tier: Option<String>,
    /// The whole audited score lies in this span.
    pub score: Option<Span>,
    /// Every one of these levels is reached.
    pub levels: Vec<LevelIs>,
    /// A finding that still holds has one of these severities.
    pub severities: Vec<Severity>,
    /// The auditor's login, or a part of the name.
    pub auditor: Option<String>,
    /// The server's language.
    pub language: Option<String>,
    /// Days of age.
    pub age: Option<Span>,
    /// The first date.
    pub since: Option<Date>,
    /// The last date.
    pub until: Option<Date>,
    /// The certificate, or `none`.
    pub certification: Option<String>,
    /// A signature is there, or none is.
    pub signature: Option<bool>,
    /// The audit is expired, or current.
    pub expired: Option<bool>,
    /// Words that all occur in what the audit and its server are called, or in a finding's title.
    pub words: Vec<String>,
}

impl Filter {
    /// Reads a filter as it is typed into one line: words, and `tier:`, `score:`, `level:`, `severity:`, `auditor:`,
    /// `language:`, `age:`, `certified:` with a value, `latest`, `signed`, `unsigned`, `expired`, `current` behind a colon.
    ///
    /// It is read while it is typed: what is no value yet is not looked at.
    pub fn typed(text: &str) -> Filter {
        let mut filter = Filter::default();
        for word in text.split_whitespace() {
            let owned = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
            match word.split_once(':') {
                Some(("tier", value)) => filter.tier = owned(value),
                Some(("score", value)) => filter.score = value.parse().ok(),
                Some(("level", value)) => filter.levels.extend(value.parse::<LevelIs>()),
                Some(("severity", value)) => filter.severities.extend(value.parse::<Severity>()),
                Some(("auditor", value)) => filter.auditor = owned(value),
                Some(("language", value)) => filter.language = owned(value),
                Some(("age", value)) => filter.age = value.parse().ok(),
                Some(("certified", value)) => filter.certification = owned(value),
                Some(("", "latest")) => filter.latest = true,
                Some(("", "signed")) => filter.signature = Some(true),
                Some(("", "unsigned")) => filter.signature = Some(false),
                Some(("", "expired")) => filter.expired = Some(true),
                Some(("", "current")) => filter.expired = Some(false),
                Some(("", _)) => {}
                _ => filter.words.push(word.to_lowercase()),
            }
        }
        filter
    }

    /// Returns the audits that are meant, on a day, in an order.
    pub fn rows<'a>(&self, catalog: &'a Catalog, as_of: Date, sort: Sort, reverse: bool) -> Vec<Row<'a>> {
        let all = order(catalog, sort, reverse).into_iter().filter_map(|at| Row::at(catalog, at));
        all.filter(|row| self.holds(*row, as_of)).collect()
    }

    /// Tells whether an audit is meant.
    pub fn holds(&self, row: Row<'_>, as_of: Date) -> bool {
        let Row { server, entry } = row;
        if self.latest && !server.latest().is_some_and(|latest| std::ptr::eq(latest, entry)) {
            return false;
        }
        let score = entry.score.as_ref();
        let is = |said: Option<&String>, wanted: &str| said.is_some_and(|said| said.eq_ignore_ascii_case(wanted));
        let date = || entry.date().and_then(|date| date.parse::<Date>().ok());
        let open = || entry.open();
        let all = [
            self.tier.as_ref().is_none_or(|tier| is(score.and_then(|score| score.tier.as_ref()), &id(tier))),
            self.score.is_none_or(|span| {
                score.is_some_and(|score| {
                    span.holds(score.headline.low.into()) && span.holds(score.headline.high.into())
                })
            }),
            self.levels.iter().all(|level| score.is_some_and(|score| level.holds(score))),
            self.severities.is_empty() || self.severities.iter().any(|severity| open().of(*severity) > 0),
            self.auditor.as_ref().is_none_or(|auditor| {
                let auditor = auditor.to_lowercase();
                entry.auditor.login.to_lowercase() == auditor
                    || entry.auditor.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&auditor))
            }),
            self.language.as_ref().is_none_or(|language| is(server.about.language.as_ref(), language)),
            self.since.is_none_or(|since| date().is_some_and(|date| date >= since)),
            self.until.is_none_or(|until| date().is_some_and(|date| date <= until)),
            self.certification.as_ref().is_none_or(|wanted| {
                let certified = score.and_then(|score| score.certified.as_ref());
                if wanted.eq_ignore_ascii_case("none") { certified.is_none() } else { is(certified, &id(wanted)) }
            }),
            self.signature.is_none_or(|wanted| entry.signature_present == wanted),
        ];
        if all.contains(&false) {
            return false;
        }
        if self.age.is_some() || self.expired.is_some() {
            let (standing, age) = standing(entry, as_of);
            let wanted = |expired| if expired { Standing::Expired } else { Standing::Current };
            if self.age.is_some_and(|span| !age.is_some_and(|age| span.holds(age.into())))
                || self.expired.is_some_and(|expired| standing != wanted(expired))
            {
                return false;
            }
        }
        self.words.iter().all(|word| says(row, &word.to_lowercase()))
    }
}

/// Returns the places of all audits in an order: a server's and an audit's index.
pub fn order(catalog: &Catalog, sort: Sort, reverse: bool) -> Vec<(usize, usize)> {
    let mut rows: Vec<((usize, usize), Row<'_>)> = Vec::new();
    for (index, server) in catalog.servers.iter().enumerate() {
        let own = server.audits.iter().enumerate();
        rows.extend(own.map(|(audit, entry)| ((index, audit), Row { server, entry })));
    }
    // Stable: where the order does not decide, the servers' does.
    match sort {
        Sort::Date => rows.sort_by_cached_key(|(_, row)| Reverse(row.entry.date())),
        Sort::Server => {}
        Sort::Score => rows.sort_by_key(|(_, row)| {
            let score = row.entry.score.as_ref().map(|score| (score.headline.low, score.headline.high));
            (score.is_none(), score)
        }),
        Sort::Severity => rows.sort_by_cached_key(|(_, row)| {
            let open = row.entry.open();
            Reverse(Severity::ALL.map(|severity| open.of(severity)))
        }),
        Sort::Auditor => rows.sort_by(|(_, a), (_, b)| a.entry.auditor.login.cmp(&b.entry.auditor.login)),
    }
    if reverse {
        rows.reverse();
    }
    rows.into_iter().map(|(at, _)| at).collect()
}

/// Tells whether a word, in lower case, occurs in what an audit and its server are called, or in a finding's title.
pub fn says(row: Row<'_>, word: &str) -> bool {
    let Row { server, entry } = row;
    let holds = |text: &str| text.to_lowercase().contains(word);
    let said = |text: &Option<String>| text.as_deref().is_some_and(holds);
    holds(&server.server.to_string())
        || holds(&entry.audit)
        || said(&entry.auditor.name)
        || said(&entry.auditor.organization)
        || said(&server.about.description)
        || said(&server.about.language)
        || said(&server.about.server_type)
        || entry.findings.iter().any(|finding| said(&finding.title) || finding.cwe.iter().any(|cwe| holds(cwe)))
}

/// What a name in a database means.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// A server.
    Server(&'a ServerEntry),
    /// An audit.
    Audit(Row<'a>),
}

/// Returns what is called so: a server by `domain/org/repo`, its URL or an end of its name; an audit by its folder, alone
/// or behind its server's name.
pub fn find<'a>(catalog: &'a Catalog, name: &str) -> Vec<Named<'a>> {
    let name = name.trim_end_matches('/');
    let name = name.strip_prefix("audits/").unwrap_or(name);
    let url = name.contains("://") || name.contains('@');
    let server: Option<String> =
        url.then(|| name.parse::<super::Server>().ok()).flatten().map(|server| server.to_string());
    let name = server.as_deref().unwrap_or(name);
    let ends = |whole: &str| whole == name || whole.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
    let mut found = Vec::new();
    for server in &catalog.servers {
        let place = server.server.to_string();
        if ends(&place) {
            found.push(Named::Server(server));
        }
        for entry in &server.audits {
            if ends(&format!("{place}/{}", entry.audit)) || ends(&format!("{place}/audits/{}", entry.audit)) {
                found.push(Named::Audit(Row { server, entry }));
            }
        }
    }
    // A whole name means itself, whatever else ends like it.
    let whole = found.iter().position(|one| matches!(one, Named::Server(server) if server.server.to_string() == name));
    match whole {
        Some(at) => vec![found.swap_remove(at)],
        None => found,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn spans_are_read_in_every_spelling() {
        for (text, low, high) in [("50..80", 50, 80), ("50..", 50, i64::MAX), ("..80", i64::MIN, 80), ("7", 7, 7)] {
            assert_eq!(text.parse(), Ok(Span { low, high }), "{text}");
        }
        for text in ["", "..", "80..50", "x", "-1", "1.5", "1...2"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn levels_are_read_as_people_write_them() {
        let level = |text: &str| text.parse::<LevelIs>().unwrap();
        assert_eq!(level("data=Local-Only"), LevelIs { dimension: Some("data".into()), level: "local_only".into() });
        assert_eq!(level("OAuth2"), LevelIs { dimension: None, level: "oauth2".into() });
        assert!("=x".parse::<LevelIs>().is_err() && "x=".parse::<LevelIs>().is_err());
    }
}
