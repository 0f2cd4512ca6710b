//! Searches over the tree at the pin: presence or absence, with its denominator.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{ObjectType, OdbObject};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use grep_matcher::Matcher as _;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use sha2::Digest as _;

use super::pin::{Entry, Pin, is_binary};
use super::sweep::InFile;
use super::texts::Text;
use super::{BLOB_LIMIT, object::Store};
use crate::error::{Error, Result};
use crate::model::evidence::{PathList, Query, RepoPath, Search, SkipReason, Skipped};
use crate::model::hash::{Hex, ObjectId};

/// The rules of a search and the engine that runs them.
///
/// The first part names Touchstone's own rules and changes with them: bytes are searched as they are, line by line (LF
/// ends a line, and a CR before it belongs to the end); `^` and `$` also match beside a CR; `.` matches neither CR nor
/// bytes that are not UTF-8; case is folded unless the query says otherwise.
pub const ENGINE: &str = "touchstone-search/1 grep-regex/0.1 grep-searcher/0.1";

/// What is said of a search of no file.
pub const NO_FILE: &str = "The search read no file, so it proves nothing.";

/// A pattern must be readable by a person to be evidence.
pub(super) const PATTERN_BYTES: usize = 16 << 10;
/// The compiled pattern's limit, in bytes; a short pattern can compile to gigabytes.
const COMPILED_BYTES: usize = 10 << 20;
const GLOB_BYTES: usize = 4 << 10;
const GLOBS: usize = 256;
/// So many matches are shown in one line at most.
const RANGES: usize = 1000;

/// A line that matches, for the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The file.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u64,
    /// The line without its end, cut at 4 KiB. Pass it through [`super::display`].
    pub text: Vec<u8>,
    /// It stands under an excluded path, or in a test module, and is counted apart.
    pub excluded: bool,
}

/// Checks that a query's pattern and globs can be run.
///
/// Errors: [`crate::error::Kind::Usage`], saying which of them is wrong and why.
pub fn compile(query: &Query) -> Result<()> {
    Engine::new(query)?;
    Globs::new(&query.include)?;
    Globs::new(&query.exclude).map(|_| ())
}

/// Returns where a query's pattern matches in a line; nowhere if it cannot be run.
pub fn ranges(query: &Query, line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if let Ok(engine) = Engine::new(query) {
        // This matcher has no way to fail.
        let _ = engine.matcher.find_iter(line, |at| {
            found.push(at.start()..at.end());
            found.len() < RANGES
        });
        found.retain(|range| !range.is_empty());
    }
    found
}

/// A compiled pattern.
#[derive(Clone)]
pub(super) struct Engine {
    matcher: RegexMatcher,
    exclude_line: Option<RegexMatcher>,
    /// The pattern may be looked for in parts of a text, see [`is_divisible`].
    divisible: bool,
}

/// Bytes of a text of which some are not ASCII that are searched at once.
const STRETCH: usize = 1 << 10;

/// Returns what goes through texts line by line.
pub(super) fn searcher() -> Searcher {
    SearcherBuilder::new()
        .bom_sniffing(false)
        .encoding(None)
        .binary_detection(BinaryDetection::none())
        .line_number(true)
        .build()
}

impl Engine {
    pub fn new(query: &Query) -> Result<Engine> {
        let pattern = |what: &str, text: &str, literal: bool, word: bool| {
            if text.is_empty() {
                return Err(Error::usage(format!("{what} is empty.")));
            }
            if text.len() > PATTERN_BYTES {
                return Err(Error::usage(format!("{what} is longer than {} KiB.", PATTERN_BYTES >> 10)));
            }
            RegexMatcherBuilder::new()
                .fixed_strings(literal)
                .word(word)
                .case_insensitive(!query.case_sensitive)
                .multi_line(true)
                // In this order: `$` then matches before CR LF, while only LF ends a line and `\r` can be searched for.
                .crlf(true)
                .line_terminator(Some(b'\n'))
                .size_limit(COMPILED_BYTES)
                .build(text)
                .map_err(|error| {
                    let why = error.to_string();
                    let error = Error::usage(format!("{what} cannot be run: {}.", last_line(&why)));
                    if why.contains("size limit") {
                        // `\w` alone is some 700 ranges of Unicode, and a repetition copies them.
                        error.hint(
                            r"Write [A-Za-z0-9_] or (?-u:\w) in place of a repeated \w, and the same for \d and \s.",
                        )
                    } else {
                        error
                    }
                })
        };
        Ok(Engine {
            matcher: pattern("The pattern", &query.pattern, query.literal, query.word)?,
            divisible: query.literal || is_divisible(&query.pattern),
            exclude_line: match &query.exclude_line {
                Some(text) => Some(pattern("The expression for lines to leave out", text, false, false)?),
                None => None,
            },
        })
    }

    /// Calls `each` with every matching line's number (from 1) and bytes, without the line end, until it says no.
    pub fn scan(&self, searcher: &mut Searcher, bytes: &[u8], each: impl FnMut(u64, &[u8]) -> bool) -> Result<()> {
        self.scan_by(searcher, bytes, if self.divisible { STRETCH } else { bytes.len() }, each)
    }

    fn scan_by(
        &self,
        searcher: &mut Searcher,
        bytes: &[u8],
        size: usize,
        each: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<()> {
        let mut lines = Lines { exclude: self.exclude_line.as_ref(), each, before: 0, ended: false };
        for stretch in stretches(bytes, size) {
            searcher
                .search_slice(&self.matcher, stretch, &mut lines)
                .map_err(|error| Error::could_not(format!("The search failed: {error}.")))?;
            if lines.ended {
                break;
            }
            if stretch.len() < bytes.len() {
                lines.before += memchr::memchr_iter(b'\n', stretch).count() as u64;
            }
        }
        Ok(())
    }
}

/// Tells whether a pattern says the same of a line wherever in a text it stands: not where it can name the text's ends.
fn is_divisible(pattern: &str) -> bool {
    // Flags that turn `m` off make `^` and `$` such.
    let flags = |group: &str| group.split([':', ')']).next().is_some_and(|flags| flags.contains('m'));
    !pattern.contains("\\A") && !pattern.contains("\\z") && !pattern.split("(?").skip(1).any(flags)
}

/// Cuts a text between lines so that what is ASCII and what is not are apart, in pieces of about `size` bytes that grow
/// while the next one is of the same kind. A text that is all ASCII is one.
///
/// The engine's fast machine gives up at the first byte that is not ASCII where a pattern has `\b`, and its slow one would
/// read all the rest of a text for the sake of one character.
fn stretches(bytes: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    let piece = move |bytes: &[u8]| {
        let from = size.max(1).min(bytes.len());
        memchr::memchr(b'\n', &bytes[from.saturating_sub(1)..]).map_or(bytes.len(), |end| from + end)
    };
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if rest.is_ascii() {
            return Some(std::mem::take(&mut rest));
        }
        let mut end = piece(rest);
        let ascii = rest[..end].is_ascii();
        while end < rest.len() {
            let next = end + piece(&rest[end..]);
            if rest[end..next].is_ascii() != ascii {
                break;
            }
            end = next;
        }
        let (stretch, after) = rest.split_at(end);
        rest = after;
        Some(stretch)
    })
}

/// Returns the line of a regex error that says what is wrong; the lines before it draw the pattern.
fn last_line(text: &str) -> &str {
    let line = text.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).trim_end_matches('.')
}

/// Hands matching lines on.
struct Lines<'a, F> {
    exclude: Option<&'a RegexMatcher>,
    each: F,
    /// How many lines stand before what is searched.
    before: u64,
    /// Nobody wants more.
    ended: bool,
}

impl<F: FnMut(u64, &[u8]) -> bool> Sink for &mut Lines<'_, F> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let line = found.bytes();
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let number = found.line_number().ok_or_else(|| io::Error::other("lines are not counted"))?;
        let excluded = match self.exclude {
            Some(exclude) => exclude.is_match(line).map_err(io::Error::other)?,
            None => false,
        };
        self.ended = !(excluded || (self.each)(self.before + number, line));
        Ok(!self.ended)
    }
}

/// Globs over paths: one without `/` matches the file's name, one with `/` the whole path.
#[derive(Debug)]
pub struct Globs {
    name: GlobSet,
    path: GlobSet,
}

impl Globs {
    /// Compiles globs; `None` means that there are none.
    ///
    /// Errors: [`crate::error::Kind::Usage`], saying which of them is wrong and why.
    pub fn new<T: AsRef<str>>(globs: &[T]) -> Result<Option<Globs>> {
        if globs.len() > GLOBS {
            return Err(Error::usage(format!("There are more than {GLOBS} globs.")));
        }
        let (mut name, mut path) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            let text = glob.as_ref();
            let wrong = |why: &str| Error::usage(format!("The glob {text:?} cannot be used: {why}."));
            if text.len() > GLOB_BYTES {
                return Err(Error::usage(format!("A glob is longer than {} KiB.", GLOB_BYTES >> 10)));
            }
            // Such a glob matches nothing, ever; taken as it is, it would "prove" that a file does not exist.
            if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
                return Err(wrong("paths in git start without `/` and have no part that is empty, `.` or `..`"));
            }
            let built = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
            let built = built.map_err(|error| wrong(&error.kind().to_string()))?;
            if text.contains('/') {
                path.add(built)
            } else {
                name.add(built)
            };
        }
        if globs.is_empty() {
            return Ok(None);
        }
        let build = |set: GlobSetBuilder| {
            set.build()
                .map_err(|error| Error::usage(format!("The globs cannot be used: {}.", last_line(&error.to_string()))))
        };
        Ok(Some(Globs { name: build(name)?, path: build(path)? }))
    }

    /// Tells whether a path matches one of them.
    pub fn matches(&self, path: &RepoPath) -> bool {
        let name = path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let path_of = |bytes| Path::new(OsStr::from_bytes(bytes));
        self.name.is_match(path_of(name)) || self.path.is_match(path_of(&path.0))
    }
}

/// Returns the glob that matches this text and nothing else.
pub fn escape_glob(text: &str) -> String {
    // `globset` leaves a backslash as it is, which then hides the character after it.
    globset::escape(text).replace('\\', r"\\")
}

/// Files that were not read, by reason.
#[derive(Default)]
pub(super) struct Skips(BTreeMap<SkipReason, Skipped>);

impl Skips {
    /// Notes a file; call it in path order.
    pub fn add(&mut self, why: SkipReason, path: &RepoPath) {
        let skipped = self.0.entry(why).or_insert_with(|| Skipped { why, files: 0, paths: Vec::new() });
        skipped.files += 1;
        if skipped.paths.len() < Skipped::LISTED {
            skipped.paths.push(path.clone());
        }
    }

    pub fn list(&self) -> Vec<Skipped> {
        self.0.values().cloned().collect()
    }
}

/// Hands the bytes of the blob at `path` to `use_it`, or tells why they are not searched.
pub(super) fn with_text<T>(
    store: &Store,
    id: ObjectId,
    path: &RepoPath,
    use_it: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<Result<T, SkipReason>> {
    let text = match store.texts.get(id) {
        Some(text) => text,
        None => {
            let object =
                match read(store, id).map_err(|error| error.hint(format!("It is the file {}.", path.lossy())))? {
                    Ok(object) => object,
                    Err(why) => {
                        store.texts.keep(id, Text::Not(why));
                        return Ok(Err(why));
                    }
                };
            let bytes = object.data();
            if !store.texts.has_room(bytes.len() as u64) {
                return use_it(bytes).map(Ok);
            }
            let text = Text::Bytes(bytes.into());
            store.texts.keep(id, text.clone());
            text
        }
    };
    match text {
        Text::Bytes(bytes) => use_it(&bytes).map(Ok),
        Text::Not(why) => Ok(Err(why)),
    }
}

/// Reads a blob from the clone, unless it is not searched.
fn read(store: &Store, id: ObjectId) -> Result<Result<OdbObject<'_>, SkipReason>> {
    let header = store.header(id)?;
    if matches!(header, Some((_, size)) if size > BLOB_LIMIT) {
        return Ok(Err(SkipReason::TooLarge));
    }
    let object = store.read_known(id, ObjectType::Blob, header)?;
    Ok(if is_binary(object.data()) { Err(SkipReason::Binary) } else { Ok(object) })
}

impl Pin {
    /// Searches the files in scope.
    ///
    /// `files`, `bytes`, `hits` and the digests speak of the files outside `exclude`; those under it are read too and
    /// counted apart. Errors: a query that cannot be run; a tree that was cut or an object that is missing; and
    /// [`crate::error::Kind::False`] for a search of no file: each of them would prove nothing.
    pub fn search(&self, query: &Query) -> Result<Search> {
        self.hits(query, 0).map(|(search, _)| search)
    }

    /// Runs [`Pin::search`] and returns the text of hits as well, in path and line order: of the first `limit` that count,
    /// and of as many that are counted apart.
    pub fn hits(&self, query: &Query, limit: usize) -> Result<(Search, Vec<Hit>)> {
        let mut texts = Vec::new();
        match self.stream(query, limit, &|| false, |hits| texts.extend(hits))? {
            Some(search) => Ok((search, texts)),
            None => Err(Error::could_not("The search was stopped.")),
        }
    }

    /// Runs [`Pin::hits`] and hands out each file's hits as soon as it was searched; returns nothing once `stop` holds,
    /// which is asked before each file.
    pub fn stream(
        &self,
        query: &Query,
        limit: usize,
        stop: &(dyn Fn() -> bool + Sync),
        mut found: impl FnMut(Vec<Hit>),
    ) -> Result<Option<Search>> {
        let found = |_, file: InFile<'_>| {
            if !file.texts.is_empty() {
                found(file.texts);
            }
        };
        let results = self.sweep(std::slice::from_ref(query), limit, stop, found)?;
        results.and_then(|mut all| all.pop()).transpose()
    }

    /// Lists the paths in scope that match a glob; several are separated by `|`.
    ///
    /// Errors: a glob that cannot be used; a tree that was cut, or no path to compare, which would prove nothing.
    pub fn paths(&self, glob: &str) -> Result<PathList> {
        self.each_path(glob, |_| {})
    }

    /// Runs [`Pin::paths`] and calls `each` with every match; the list names the first of them.
    pub fn each_path(&self, glob: &str, mut each: impl FnMut(&Entry)) -> Result<PathList> {
        let globs: Vec<&str> = glob.split('|').collect();
        let Some(globs) = Globs::new(&globs)? else { return Err(Error::usage("There is no glob.")) };
        self.require_whole()?;
        if self.entries().is_empty() {
            return Err(Error::falsity("There is no path in scope, so the list proves nothing."));
        }
        let mut list = sha2::Sha256::new();
        let mut matches = 0;
        let mut paths = Vec::new();
        for entry in self.entries().iter().filter(|entry| globs.matches(&entry.path)) {
            matches += 1;
            each(entry);
            list_object(&mut list, entry.oid, &entry.path);
            if paths.len() < Search::LISTED {
                paths.push(entry.path.clone());
            }
        }
        Ok(PathList {
            glob: glob.to_owned(),
            entries: self.entries().len() as u64,
            matches,
            matches_digest: Hex(list.finalize().into()),
            paths,
        })
    }

    pub(super) fn require_whole(&self) -> Result<()> {
        match self.cut() {
            Some(why) => {
                Err(Error::could_not(format!("The tree was not read whole, so a search proves nothing. {why}"))
                    .hint("Limit the scope to the folders that are audited."))
            }
            None => Ok(()),
        }
    }
}

pub(super) fn list_object(list: &mut sha2::Sha256, id: ObjectId, path: &RepoPath) {
    list.update(format!("{id} "));
    list.update(&path.0);
    list.update(b"\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stretches_end_with_lines_and_are_of_one_kind() {
        let all = |text: &'static str, size| -> Vec<&'static str> {
            stretches(text.as_bytes(), size).map(|one| std::str::from_utf8(one).unwrap()).collect()
        };
        assert_eq!(all("a\nb\nc", 1), ["a\nb\nc"]);
        assert_eq!(all("a\nb\né\nü\nc\n", 1), ["a\nb\n", "é\nü\n", "c\n"]);
        assert_eq!(all("a\nb\né\nü\nc\n", 3), ["a\nb\n", "é\nü\n", "c\n"]);
        assert_eq!(all("a\nbé\n\nc\nd", 4), ["a\nbé\n", "\nc\nd"]);
        assert_eq!(all("", 1), [""; 0]);
    }

    #[test]
    fn a_pattern_that_names_the_ends_of_a_text_is_not_divided() {
        for pattern in [r"\Aa", r"a\z", "(?-m)^a", "(?i-m:a$)"] {
            assert!(!is_divisible(pattern), "{pattern}");
        }
        assert!(is_divisible(r"(?i)^a|\b(?:b)$"));
    }

    proptest! {
        #[test]
        fn a_text_in_stretches_has_the_same_hits(text in "([aé_ ,]{0,4}\r?\n?){0,9}", size in 1..9_usize, at in 0..10_usize, most in 1..4_usize) {
            let patterns = [r"\ba", r"a\b", r"\Ba\B", "^a", "a$", "é|^$", r"\W", "a.", r"(?i)É\b", r"\w{2}"];
            let query = Query { pattern: patterns[at].to_owned(), ..Query::default() };
            let engine = Engine::new(&query).unwrap();
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            let mut lines = Lines {
                exclude: None,
                each: |number, line: &[u8]| { whole.push((number, line.to_vec())); whole.len() < most },
                before: 0,
                ended: false,
            };
            searcher().search_slice(&engine.matcher, text.as_bytes(), &mut lines).unwrap();
            let each = |number, line: &[u8]| { parts.push((number, line.to_vec())); parts.len() < most };
            engine.scan_by(&mut searcher(), text.as_bytes(), size, each).unwrap();
            prop_assert_eq!(whole, parts);
        }
    }
}
