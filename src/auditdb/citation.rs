//! Citations of code in an audit's Markdown: the file, the lines, and the fenced block that is quoted from them.
//!
//! Audits spell them in many ways (`docs/evidence-doctor.md` lists those that are understood). Every number and path is
//! kept with its place in the text, so that it can be corrected without touching another byte.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::evidence::RepoPath;
use crate::repo::Cited;

/// Longer lines are no prose, in bytes.
const LINE_BYTES: usize = 16 << 10;
/// A text has no more citations than this.
const CITATIONS: usize = 10_000;
/// Digits of a line's number.
const DIGITS: usize = 9;
/// Paths in one line.
const NAMED: usize = 64;
/// Lines of prose that may stand between a citation and the block it speaks of.
const BETWEEN: usize = 4;

/// A citation, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The Markdown file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The cited file, as it is written; absent where a block is quoted without one.
    pub path: Option<String>,
    /// The cited lines, as they are written.
    pub ranges: Vec<Lines>,
    /// The commit, branch or tag that the citation itself names.
    pub commit: Option<String>,
    /// The repository that a link names, as `host/owner/name`.
    pub repo: Option<String>,
    /// The block that is quoted.
    pub quote: Option<Quoted>,
    /// Where the path stands, in bytes of the text.
    pub paths: Vec<Spelled>,
}

/// Cited lines, and where their numbers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The first, from 1.
    pub first: usize,
    /// The last.
    pub last: usize,
    /// Every place where they are written.
    pub places: Vec<Numbers>,
}

/// Two numbers in a text, or one that stands for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Bytes of the first.
    pub first: Range<usize>,
    /// Bytes of the last, where it is written.
    pub last: Option<Range<usize>>,
    /// What stands between them where a last one is added.
    pub join: &'static str,
}

/// A path in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// Its bytes.
    pub at: Range<usize>,
    /// It is part of an address, and percent-encoded.
    pub encoded: bool,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// The line of its fence, from 1.
    pub line: usize,
    /// The language that the fence names, in lower case.
    pub language: String,
    /// What it holds, without the fence's own indent, and without a first comment that names the file.
    pub text: String,
}

impl Citation {
    /// Returns what is to be examined in a repository.
    pub fn cited(&self) -> Cited {
        Cited {
            path: self.path.as_deref().map(RepoPath::from),
            ranges: self.ranges.iter().map(|lines| (lines.first, lines.last)).collect(),
            quote: self.quote.as_ref().map(|quote| quote.text.clone()),
        }
    }
}

/// Finds the citations in a Markdown text, in the order of their lines.
pub fn find(file: &str, text: &str) -> Vec<Citation> {
    let document = Document::read(text);
    let mut found = document.in_prose(file);
    document.give_quotes(file, &mut found);
    found.sort_by_key(|citation| citation.line);
    found.truncate(CITATIONS);
    found
}

/// A line of the text that is in no fence.
struct Prose<'a> {
    number: usize,
    start: usize,
    text: &'a str,
    /// The depth of a heading; 0 for any other line.
    heading: usize,
    /// It stands under a heading that tells what to do, not what is.
    remedy: bool,
    /// It stands under a heading that lists what is affected.
    list: bool,
}

/// A fenced block, and the text before it.
struct Fence {
    line: usize,
    /// How many lines of prose come before it.
    before: usize,
    language: String,
    lines: Vec<(usize, String)>,
    remedy: bool,
}

struct Document<'a> {
    prose: Vec<Prose<'a>>,
    fences: Vec<Fence>,
}

const REMEDY: [&str; 17] = [
    "recommend",
    "remediat",
    "mitigat",
    "fix",
    "proof of concept",
    "reproduc",
    "example",
    "validation",
    "solution",
    "best practice",
    "scenario",
    "immediate",
    "short-term",
    "long-term",
    "guid",
    "deployment",
    "improvement",
];
const LIST: [&str; 3] = ["affected", "component", "reference"];

/// An open fence.
struct Open {
    mark: char,
    run: usize,
    indent: usize,
    quoted: usize,
}

impl<'a> Document<'a> {
    fn read(text: &'a str) -> Document<'a> {
        let mut document = Document { prose: Vec::new(), fences: Vec::new() };
        let mut open: Option<Open> = None;
        let mut start = 0;
        // The headings above, by their depth, and what they say of the text below.
        let mut above: Vec<(usize, bool, bool)> = Vec::new();
        let (mut remedy, mut list) = (false, false);
        for (at, full) in text.split_inclusive('\n').enumerate() {
            let number = at + 1;
            let line = full.strip_suffix('\n').unwrap_or(full);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some(fence) = &open {
                let (quoted, rest) = unquote(line, fence.quoted);
                let left = quoted < fence.quoted;
                if left || closes(rest, fence) {
                    open = None;
                } else if let Some(block) = document.fences.last_mut() {
                    let blank = rest.bytes().take(fence.indent).take_while(|byte| *byte == b' ').count();
                    let from = start + line.len() - rest.len() + blank;
                    block.lines.push((from, rest[blank..].to_owned()));
                }
                if !left {
                    start += full.len();
                    continue;
                }
            }
            if let Some((fence, language)) = opens(line) {
                open = Some(fence);
                let before = document.prose.len();
                document.fences.push(Fence { line: number, before, language, lines: Vec::new(), remedy });
                start += full.len();
                continue;
            }
            let heading = heading(line);
            if heading > 0 {
                let said = line.to_lowercase();
                let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
                above.retain(|(depth, ..)| *depth < heading);
                above.push((heading, says(&REMEDY), says(&LIST)));
                // A title says what all of it is about, and orders nothing.
                let below = || above.iter().filter(|(depth, ..)| *depth > 1);
                (remedy, list) = (below().any(|(_, remedy, _)| *remedy), below().any(|(.., list)| *list));
            }
            document.prose.push(Prose { number, start, text: line, heading, remedy, list });
            start += full.len();
        }
        document
    }

    fn in_prose(&self, file: &str) -> Vec<Citation> {
        let mut found: Vec<Citation> = Vec::new();
        for (at, line) in self.prose.iter().enumerate() {
            if line.text.len() > LINE_BYTES || found.len() > CITATIONS {
                continue;
            }
            let here = in_line(file, line);
            // `- **Lines**: 3-9` under `- **File**: …`.
            if here.is_empty()
                && let Some(lines) = lines_field(line)
                && let Some(last) = found.last_mut()
                && last.ranges.is_empty()
                && self.prose[..at].iter().rev().take(BETWEEN).any(|prose| prose.number == last.line)
            {
                last.ranges = lines;
                continue;
            }
            found.extend(here);
        }
        found
    }

    /// Gives every block to the citation that it belongs to.
    fn give_quotes(&self, file: &str, found: &mut Vec<Citation>) {
        let mut from = 0;
        let mut at_line: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, citation) in found.iter().enumerate() {
            at_line.entry(citation.line).or_default().push(at);
        }
        for fence in self.fences.iter().take(CITATIONS) {
            let since = std::mem::replace(&mut from, fence.before);
            let before = &self.prose[since..fence.before];
            let (named, lines) = within(fence);
            let text: String = lines.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
            let quoted = Quoted { line: fence.line, language: fence.language.clone(), text };
            if quoted.text.trim().is_empty() {
                continue;
            }
            let owner = owner(before, found, &at_line, fence);
            match (owner, named) {
                (Some(owner), None) => {
                    if let Some(citation) = found.get_mut(owner) {
                        citation.quote = Some(quoted);
                    }
                }
                (Some(owner), Some(named)) => {
                    let Some(citation) = found.get_mut(owner) else { continue };
                    let path = citation.path.as_deref().unwrap_or_default();
                    let same = named.path == path || path.ends_with(&format!("/{}", named.path));
                    if same {
                        if citation.ranges.is_empty() {
                            citation.ranges = named.ranges;
                        } else if named.ranges.len() == citation.ranges.len() {
                            for (own, more) in citation.ranges.iter_mut().zip(named.ranges) {
                                if (own.first, own.last) == (more.first, more.last) {
                                    own.places.extend(more.places);
                                }
                            }
                        }
                        citation.quote = Some(quoted);
                    } else {
                        found.push(named.citation(file, fence.line + 1, Some(quoted)));
                    }
                }
                (None, Some(named)) => found.push(named.citation(file, fence.line + 1, Some(quoted))),
                (None, None) => {
                    let intro = before.iter().rev().find(|line| !line.text.trim().is_empty());
                    let intro = intro.filter(|line| !line.remedy && line.text.len() <= LINE_BYTES);
                    let named = intro.and_then(|line| only_path(line).map(|named| (line.number, named)));
                    if let Some((line, named)) = named {
                        if !is_shell(&fence.language) {
                            found.push(named.citation(file, line, Some(quoted)));
                        }
                    } else if !fence.remedy && is_code(&fence.language) {
                        found.push(Citation {
                            file: file.to_owned(),
                            line: fence.line,
                            path: None,
                            ranges: Vec::new(),
                            commit: None,
                            repo: None,
                            quote: Some(quoted),
                            paths: Vec::new(),
                        });
                    }
                }
            }
        }
    }
}

/// Returns the citation, by its index, that a block belongs to; `before` is the prose since the block before it.
fn owner(
    before: &[Prose<'_>],
    found: &[Citation],
    at_line: &HashMap<usize, Vec<usize>>,
    fence: &Fence,
) -> Option<usize> {
    let mut between = 0;
    for line in before.iter().rev() {
        let here = at_line.get(&line.number).into_iter().flatten().copied();
        let here: Vec<usize> = here.filter(|at| found[*at].quote.is_none()).collect();
        if !here.is_empty() {
            let ranged: Vec<usize> = here.iter().copied().filter(|at| !found[*at].ranges.is_empty()).collect();
            let one = match ranged.as_slice() {
                [only] => *only,
                _ => *here.last()?,
            };
            if between == 0 {
                return Some(one);
            }
            let loose = !line.list && !line.remedy && !fence.remedy && !is_shell(&fence.language);
            return (loose && between <= BETWEEN && !found[one].ranges.is_empty()).then_some(one);
        }
        match line.heading {
            1 | 2 => return None,
            _ if is_label(line.text) => {}
            _ => between += 1,
        }
    }
    None
}

/// Tells whether a line between a citation and its block says nothing of its own: it is blank, a label, or a digest.
fn is_label(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with("<!--")
        || line.starts_with("> [!")
        || line.starts_with("Blob `")
        || line.starts_with("In this excerpt ")
}

fn is_shell(language: &str) -> bool {
    matches!(
        language,
        "bash" | "sh" | "shell" | "zsh" | "console" | "shell-session" | "powershell" | "ps1" | "cmd" | "bat" | "http"
    )
}

fn is_code(language: &str) -> bool {
    matches!(
        language,
        "typescript"
            | "ts"
            | "tsx"
            | "javascript"
            | "js"
            | "jsx"
            | "python"
            | "py"
            | "rust"
            | "rs"
            | "go"
            | "golang"
            | "java"
            | "kotlin"
            | "kt"
            | "swift"
            | "c"
            | "cpp"
            | "c++"
            | "csharp"
            | "cs"
            | "ruby"
            | "rb"
            | "php"
            | "scala"
    )
}

/// Takes up to `most` signs of a block quote away, and says how many there were.
fn unquote(line: &str, most: usize) -> (usize, &str) {
    let (mut count, mut rest) = (0, line);
    while count < most {
        let Some(inner) = rest.trim_start_matches(' ').strip_prefix('>') else { break };
        rest = inner.strip_prefix(' ').unwrap_or(inner);
        count += 1;
    }
    (count, rest)
}

fn opens(line: &str) -> Option<(Open, String)> {
    let (quoted, rest) = unquote(line, 16);
    let bare = rest.trim_start_matches([' ', '\t']);
    let indent = rest.len() - bare.len();
    // A block can begin right after the mark of a list.
    let item = bare.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['-', '*', '+', '.', ')']);
    let item = item.strip_prefix(' ').map_or(bare, |rest| rest.trim_start_matches(' '));
    let bare = if item.starts_with("```") || item.starts_with("~~~") { item } else { bare };
    let mark = bare.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let run = bare.chars().take_while(|c| *c == mark).count();
    let info = &bare[run..];
    if run < 3 || (mark == '`' && info.contains('`')) {
        return None;
    }
    let language = info.trim().split([' ', '\t', ',', '{', ':']).next().unwrap_or_default().to_lowercase();
    Some((Open { mark, run, indent, quoted }, language))
}

fn closes(line: &str, fence: &Open) -> bool {
    let line = line.trim();
    line.len() >= fence.run && line.chars().all(|c| c == fence.mark)
}

fn heading(line: &str) -> usize {
    let depth = line.bytes().take_while(|byte| *byte == b'#').count();
    if depth <= 6 && line[depth..].starts_with([' ', '\t']) { depth } else { 0 }
}

/// A path that a text names, with lines if it names them.
struct Named {
    path: String,
    paths: Vec<Spelled>,
    ranges: Vec<Lines>,
    commit: Option<String>,
    repo: Option<String>,
    /// Its bytes in the line, with signs around it.
    at: Range<usize>,
}

impl Named {
    fn citation(self, file: &str, line: usize, quote: Option<Quoted>) -> Citation {
        let Named { path, paths, ranges, commit, repo, .. } = self;
        Citation { file: file.to_owned(), line, path: Some(path), ranges, commit, repo, quote, paths }
    }
}

fn in_line(file: &str, line: &Prose<'_>) -> Vec<Citation> {
    let mut named = names(line.text, line.start);
    if named.is_empty() {
        return Vec::new();
    }
    let bounds: Vec<Range<usize>> = named.iter().map(|named| named.at.clone()).collect();
    for (at, named) in named.iter_mut().enumerate() {
        if named.ranges.is_empty() {
            let next = bounds.get(at + 1).map_or(line.text.len(), |next| next.start);
            let previous = at.checked_sub(1).and_then(|at| bounds.get(at)).map_or(0, |range| range.end);
            named.ranges = lines_after(line.text, named.at.end, next, line.start);
            if named.ranges.is_empty() {
                named.ranges = lines_before(line.text, previous, named.at.start, line.start);
            }
        }
    }
    let commit = commit_in(line.text);
    let labelled = is_location(line.text);
    let mut merged: Vec<Named> = Vec::new();
    for named in named {
        match merged.iter_mut().find(|one| one.path == named.path && alike(&one.ranges, &named.ranges)) {
            Some(one) => {
                one.paths.extend(named.paths);
                one.commit = one.commit.take().or(named.commit);
                one.repo = one.repo.take().or(named.repo);
                if one.ranges.is_empty() {
                    one.ranges = named.ranges;
                } else {
                    for (own, more) in one.ranges.iter_mut().zip(named.ranges) {
                        own.places.extend(more.places);
                    }
                }
            }
            None => merged.push(named),
        }
    }
    merged
        .into_iter()
        .enumerate()
        .filter(|(at, named)| !named.ranges.is_empty() || (labelled && *at == 0))
        .map(|(_, mut named)| {
            named.commit = named.commit.or_else(|| commit.clone());
            named.citation(file, line.number, None)
        })
        .collect()
}

fn alike(one: &[Lines], other: &[Lines]) -> bool {
    one.is_empty()
        || other.is_empty()
        || one.iter().map(|lines| (lines.first, lines.last)).eq(other.iter().map(|lines| (lines.first, lines.last)))
}

/// Tells whether a line begins by saying that a place in the code follows.
fn is_location(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "->*+_".contains(c));
    let Some((label, _)) = line.split_once(':') else { return false };
    let label = label.trim_matches(|c: char| c.is_whitespace() || "*_".contains(c)).to_lowercase();
    label.len() <= 60
        && !label.contains('`')
        && ["location", "file", "files", "source", "implementation", "evidence", "processing", "vulnerable code"]
            .iter()
            .any(|word| label.ends_with(word))
}

/// Returns the one path that a line before a block names without lines.
fn only_path(line: &Prose<'_>) -> Option<Named> {
    let mut named = names(line.text, line.start);
    let first = named.pop()?;
    named.iter().all(|one| one.path == first.path).then_some(first)
}

/// Returns the path that a block's first comment names, and the block's other lines.
fn within(fence: &Fence) -> (Option<Named>, &[(usize, String)]) {
    let all = fence.lines.as_slice();
    let Some((start, line)) = all.first().filter(|(_, line)| line.len() <= LINE_BYTES) else { return (None, all) };
    let said = line.trim();
    let Some(mark) = ["//", "/*", "<!--", "--", "#", ";"].into_iter().find(|mark| said.starts_with(mark)) else {
        return (None, all);
    };
    let said = said[mark.len()..].trim_end_matches("*/").trim_end_matches("-->").trim().trim_end_matches(':');
    let mut named = names(line, *start);
    let (Some(mut first), true) = (named.pop(), named.is_empty()) else { return (None, all) };
    let from = said.len() - said.trim_start_matches(['/', '*', '!', ' ']).len();
    let said = &said[from..];
    let lower = said.to_lowercase();
    let leads = ["from", "file", "file:", "in", "source:", "see", "excerpt from"].iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(&first.path.to_lowercase()))
    });
    let rest = said.trim_start_matches('`').strip_prefix(first.path.as_str());
    let alone = rest.is_some_and(|rest| {
        let rest = rest.trim_start_matches('`').trim_start();
        rest.is_empty() || rest.starts_with(['#', ':', '(', '-', '–', '—', ',']) || rest.starts_with("line")
    });
    let aside = lower.contains(&format!("(from {}", first.path.to_lowercase()))
        || lower.contains(&format!("({})", first.path.to_lowercase()));
    if !(leads || alone || aside) {
        return (None, all);
    }
    if first.ranges.is_empty() {
        first.ranges = lines_after(line, first.at.end, line.len(), *start);
    }
    (Some(first), &all[1..])
}

/// Returns the paths in a line, with the lines that are written into them.
fn names(text: &str, start: usize) -> Vec<Named> {
    let mut found = Vec::new();
    let mut at = 0;
    // Runs of backticks that nothing closes any more.
    let mut unclosed: Vec<usize> = Vec::new();
    while at < text.len() && found.len() < NAMED {
        let rest = &text[at..];
        if rest.starts_with('`') {
            let run = rest.bytes().take_while(|byte| *byte == b'`').count();
            let close = if unclosed.contains(&run) { None } else { closing(&rest[run..], run) };
            if let Some(end) = close {
                let inner = &rest[run..run + end];
                let whole = at..at + run + end + run;
                let pad = inner.len() - inner.trim_start().len();
                match spelled(inner.trim(), start + at + run + pad, true) {
                    Some(named) => found.push(Named { at: whole.clone(), ..named }),
                    None => words(inner, at + run, start, true, &mut found),
                }
                at = whole.end;
            } else {
                unclosed.push(run);
                at += run;
            }
            continue;
        }
        let end = rest.find('`').unwrap_or(rest.len());
        words(&rest[..end], at, start, false, &mut found);
        at += end;
    }
    found
}

/// Returns where a code span of this run of backticks ends.
fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = text[at..].find('`') {
        let from = at + next;
        let len = text[from..].bytes().take_while(|byte| *byte == b'`').count();
        if len == run {
            return Some(from);
        }
        at = from + len;
    }
    None
}

/// Finds paths and addresses among the words of a part of a line.
fn words(part: &str, offset: usize, start: usize, code: bool, found: &mut Vec<Named>) {
    let mut at = 0;
    for word in part.split(|c: char| c.is_whitespace() || "()[]<>\"'|{}".contains(c)) {
        let (from, len) = (at, word.len());
        at += len + part[at + len..].chars().next().map_or(0, char::len_utf8);
        let bare = word.trim_start_matches(['*', '_', ',', ';', ':']);
        let lead = len - bare.len();
        let bare = bare.trim_end_matches(['*', '_', ',', ';', ':', '.', '!', '?']);
        let place = offset + from + lead;
        let named =
            if bare.contains("://") { address(bare, start + place) } else { spelled(bare, start + place, code) };
        if let Some(named) = named {
            found.push(Named { at: place..place + bare.len(), ..named });
        }
    }
}

const ENDINGS: [&str; 62] = [
    "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "py", "pyi", "rs", "go", "java", "kt", "kts", "swift", "rb",
    "php", "cs", "c", "h", "cc", "cpp", "cxx", "hpp", "sh", "bash", "zsh", "ps1", "sql", "html", "htm", "css", "scss",
    "xml", "json", "json5", "jsonc", "yaml", "yml", "toml", "ini", "cfg", "conf", "md", "mdx", "rst", "txt", "lock",
    "mod", "sum", "gradle", "proto", "graphql", "vue", "svelte", "lua", "scala", "ex", "exs", "env", "tf",
];
const NAMES: [&str; 8] =
    ["Dockerfile", "Makefile", "LICENSE", "Containerfile", "Procfile", "Gemfile", "Pipfile", "CODEOWNERS"];
/// Words that end like a file's name and are none.
const WORDS: [&str; 12] = [
    "node.js",
    "next.js",
    "vue.js",
    "express.js",
    "react.js",
    "nest.js",
    "nuxt.js",
    "three.js",
    "d3.js",
    "deno.js",
    "bun.js",
    "asp.net",
];

/// Reads `path`, `path:3-9`, `path#L3-L9`. `None` where it is no path.
fn spelled(text: &str, start: usize, code: bool) -> Option<Named> {
    let named = |path: &str, ranges: Vec<Lines>| Named {
        path: path.to_owned(),
        paths: vec![Spelled { at: start..start + path.len(), encoded: false }],
        ranges,
        commit: None,
        repo: None,
        at: 0..0,
    };
    if is_path(text, code) {
        return Some(named(text, Vec::new()));
    }
    for (sign, join) in [("#", "-L"), (":", "-"), (" lines ", "-"), (" line ", "-"), (" L", "-L")] {
        let Some(at) = text.rfind(sign) else { continue };
        // The column of `path:line:column` is the last number.
        let column = (sign == ":").then(|| text[..at].rfind(':')).flatten();
        let column = column.filter(|at| text[at + 1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b':'));
        let at = column.unwrap_or(at);
        let path = &text[..at];
        if !is_path(path, code) {
            continue;
        }
        let from = at + sign.len();
        let (ranges, end) = list(text, from, start, join)?;
        let rest = &text[end..];
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == 'C');
        return rest.is_empty().then(|| named(path, ranges));
    }
    None
}

fn is_path(text: &str, code: bool) -> bool {
    let odd = |c: char| c.is_control() || "*?<>|\"\\:#$`,;=&".contains(c) || (!code && "()[]{}'".contains(c));
    if text.is_empty() || text.len() > 1024 || text.contains(odd) || text.starts_with(['/', '~', '-']) {
        return false;
    }
    if text.split('/').any(|part| part.is_empty() || part == "..") {
        return false;
    }
    let name = text.rsplit('/').next().unwrap_or(text);
    let slash = name.len() < text.len();
    if text.contains(char::is_whitespace) && !(code && slash && !text.contains("  ")) {
        return false;
    }
    if NAMES.contains(&name) {
        return slash || code;
    }
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let letters = |c: char| c.is_ascii_alphanumeric();
    let plausible = (1..=10).contains(&ending.len())
        && ending.chars().all(letters)
        && ending.starts_with(|c: char| c.is_ascii_alphabetic());
    let known = ENDINGS.contains(&ending.to_ascii_lowercase().as_str());
    if slash {
        // `example.com/a.b` is an address without its scheme.
        let host = text.split('/').next().unwrap_or_default();
        return plausible && !["com", "org", "net", "io", "dev"].iter().any(|end| host.ends_with(&format!(".{end}")));
    }
    known && (!stem.is_empty() || ending == "env") && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Reads an address of a file at a host whose addresses are known.
fn address(text: &str, start: usize) -> Option<Named> {
    let scheme = text.find("://")? + 3;
    if !matches!(&text[..scheme], "https://" | "http://") {
        return None;
    }
    let (main, anchor) =
        text.split_once('#').map_or((text, None), |(main, anchor)| (main, Some((main.len() + 1, anchor))));
    let main = main.split_once('?').map_or(main, |(main, _)| main);
    let parts: Vec<(usize, &str)> = main[scheme..]
        .split('/')
        .fold((Vec::new(), scheme), |(mut parts, at), part| {
            parts.push((at, part));
            (parts, at + part.len() + 1)
        })
        .0;
    let part = |at: usize| parts.get(at).map(|(_, part)| *part);
    let host = part(0)?;
    let (name, commit, first) = match host {
        "github.com" | "www.github.com" if matches!(part(3), Some("blob" | "blame" | "raw")) => (1..3, 4, 5),
        "raw.githubusercontent.com" => (1..3, 3, 4),
        "codeberg.org" if part(3) == Some("src") => (1..3, 5, 6),
        "bitbucket.org" if part(3) == Some("src") => (1..3, 4, 5),
        "gitlab.com" => {
            let dash = parts.iter().position(|(_, part)| *part == "-")?;
            if !matches!(part(dash + 1), Some("blob" | "blame" | "raw")) {
                return None;
            }
            (1..dash, dash + 2, dash + 3)
        }
        _ => return None,
    };
    let commit = part(commit).filter(|commit| !commit.is_empty())?;
    let (from, _) = parts.get(first)?;
    let path = percent(&main[*from..])?;
    if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let owner = parts.get(name)?.iter().map(|(_, part)| *part).collect::<Vec<_>>().join("/");
    let host = if host == "raw.githubusercontent.com" { "github.com" } else { host.trim_start_matches("www.") };
    let mut ranges = Vec::new();
    if let Some((at, anchor)) = anchor {
        let (skip, join) = match anchor {
            _ if anchor.starts_with("lines-") => (6, ":"),
            _ if host == "gitlab.com" => (0, "-"),
            _ => (0, "-L"),
        };
        if let Some((lines, end)) = list(text, at + skip, start, join)
            && text[end..].chars().all(|c| c.is_ascii_digit() || c == 'C')
        {
            ranges = lines;
        }
    }
    Some(Named {
        path,
        paths: vec![Spelled { at: start + from..start + main.len(), encoded: true }],
        ranges,
        commit: Some(commit.to_owned()),
        repo: Some(format!("{host}/{owner}")),
        at: 0..0,
    })
}

fn percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// Returns the lines that are named between a path and the next one.
fn lines_after(text: &str, from: usize, to: usize, start: usize) -> Vec<Lines> {
    let Some(part) = text.get(from..to) else { return Vec::new() };
    let lower = part.to_ascii_lowercase();
    // `p` L3-L9, `p`:3-9 and `p`#L3.
    let direct = part.trim_start_matches(['*', '_', ')', ']', ' ', '(']);
    let skipped = part.len() - direct.len();
    for (sign, join) in [("#", "-L"), (":", "-"), ("L", "-L")] {
        let Some(rest) = direct.strip_prefix(sign) else { continue };
        let number = rest.trim_start_matches('L');
        if number.starts_with(|c: char| c.is_ascii_digit())
            && let Some((lines, _)) = list(text, from + skipped + sign.len(), start, join)
        {
            return lines;
        }
    }
    // The word itself, of a short remark at most away.
    for (at, _) in lower.match_indices("line").take(8) {
        let before = lower[..at].chars().next_back();
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        if let Some(lines) = word_and_list(text, from + at, start) {
            return lines;
        }
    }
    Vec::new()
}

/// Reads `line 3`, `lines 3-9, 12`, `Lines: 3`, at a place where `line` stands.
fn word_and_list(text: &str, at: usize, start: usize) -> Option<Vec<Lines>> {
    let rest = &text[at + 4..];
    let rest = rest.strip_prefix(['s', 'S']).unwrap_or(rest);
    let rest = rest.trim_start_matches(['*', '_']);
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let number = rest.trim_start_matches(['*', '_', ' ', '~', '`', '#', '\u{a0}']);
    if number.len() == text[at + 4..].len() || !number.trim_start_matches('L').starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    list(text, text.len() - number.len(), start, "-").map(|(lines, _)| lines)
}

/// Returns the lines of `Lines 3 to 9 of `p``.
fn lines_before(text: &str, from: usize, to: usize, start: usize) -> Vec<Lines> {
    let Some(part) = text.get(from..to) else { return Vec::new() };
    let lower = part.to_ascii_lowercase();
    let near = lower.trim_end_matches(|c: char| c.is_whitespace() || "*_([".contains(c));
    let ends = [" of", " in", " from", " of the file", " in the file"].iter().any(|end| near.ends_with(end));
    let Some(at) = lower.rfind("line").filter(|_| ends) else { return Vec::new() };
    if lower[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
        return Vec::new();
    }
    let Some(lines) = word_and_list(text, from + at, start) else { return Vec::new() };
    let end =
        lines.iter().flat_map(|lines| &lines.places).map(|place| place.last.as_ref().unwrap_or(&place.first).end).max();
    // Nothing but the preposition may stand between the numbers and the path.
    let between = end.and_then(|end| text.get(end - start..to)).unwrap_or_default();
    if between.split_whitespace().count() <= 4 { lines } else { Vec::new() }
}

/// Reads a line that is nothing but `- **Lines**: 3-9, 12`.
fn lines_field(line: &Prose<'_>) -> Option<Vec<Lines>> {
    let bare = line.text.trim_start_matches(|c: char| c.is_whitespace() || "->*+_".contains(c));
    let word = bare.get(..4)?;
    if !word.eq_ignore_ascii_case("line") || !bare.contains(':') || line.text.len() > LINE_BYTES {
        return None;
    }
    word_and_list(line.text, line.text.len() - bare.len(), line.start)
}

/// Reads line numbers, ranges and lists of them. Returns where they end, in bytes of `text`.
fn list(text: &str, from: usize, start: usize, join: &'static str) -> Option<(Vec<Lines>, usize)> {
    let mut lines: Vec<Lines> = Vec::new();
    let mut at = from;
    while let Some((first, place)) = number(text, at) {
        let mut end = place.end;
        let mut last = (first, None);
        if let Some(next) = connector(text, end)
            && let Some((number, place)) = number(text, next)
        {
            end = place.end;
            last = (number, Some(place));
        }
        let rest = &text[end..];
        let columns = rest.starts_with([':', 'C']);
        let clipped = rest.starts_with(|c: char| c.is_alphanumeric() && c != 'C')
            || rest.starts_with('%')
            || (rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
        if clipped && !columns || lines.len() >= 64 {
            break;
        }
        // `lines 3, 2 of them`: what follows a comma is a line only if nothing is counted by it.
        let word = rest.trim_start();
        let counted = !lines.is_empty()
            && rest.starts_with(' ')
            && word.starts_with(char::is_alphabetic)
            && !["of", "in", "and", "from"].iter().any(|known| word.starts_with(known));
        if counted {
            break;
        }
        let shift = |range: Range<usize>| start + range.start..start + range.end;
        let places = vec![Numbers { first: shift(place), last: last.1.map(shift), join }];
        lines.push(Lines { first, last: last.0, places });
        let Some(next) = separator(text, end) else { break };
        if number(text, next).is_none() {
            break;
        }
        at = next;
    }
    let end = lines
        .last()
        .and_then(|lines| lines.places.first())
        .map(|place| place.last.as_ref().unwrap_or(&place.first).end);
    end.map(|end| (lines, end - start))
}

fn number(text: &str, at: usize) -> Option<(usize, Range<usize>)> {
    let rest = text.get(at..)?;
    let bare = rest.strip_prefix(['L', 'l']).unwrap_or(rest);
    let from = text.len() - bare.len();
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > DIGITS {
        return None;
    }
    Some((bare[..digits].parse().ok()?, from..from + digits))
}

/// Returns what comes after a sign or word that joins two numbers.
fn connector(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let bare = rest.trim_start_matches(' ');
    let spaced = bare.len() < rest.len();
    let lower: String = bare.chars().take(8).collect::<String>().to_ascii_lowercase();
    for sign in ["-", "–", "—", "‑", "−", "...", ".."] {
        if let Some(after) = bare.strip_prefix(sign) {
            return Some(text.len() - after.trim_start_matches(' ').len());
        }
    }
    for word in ["to ", "through ", "until "] {
        if spaced && lower.starts_with(word) {
            return Some(text.len() - bare[word.len()..].trim_start_matches(' ').len());
        }
    }
    // `lines-3:9`, as Bitbucket writes it.
    if text[..at].ends_with(|c: char| c.is_ascii_digit()) && text.contains("#lines-") && bare.starts_with(':') {
        return Some(text.len() - bare.len() + 1);
    }
    None
}

/// Returns what comes after a sign or word that separates two ranges.
fn separator(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.trim_start_matches(' ');
    let mut after = rest.strip_prefix([',', ';', '&']).unwrap_or(rest).trim_start_matches(' ');
    if let Some(more) = after.strip_prefix("and ") {
        after = more.trim_start_matches(' ');
    }
    for word in ["lines ", "line "] {
        after = after.strip_prefix(word).unwrap_or(after);
    }
    (after.len() < rest.len()).then(|| text.len() - after.len())
}

/// Returns the commit that a line names beside a citation.
fn commit_in(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find("commit")? + "commit".len();
    let rest = text.get(at..)?.trim_start_matches([' ', '`', '*', ':', '(']);
    let hex: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    let ends = !rest[hex.len()..].starts_with(|c: char| c.is_alphanumeric());
    ((7..=40).contains(&hex.len()) && ends && hex.contains(|c: char| c.is_ascii_digit())).then(|| hex.to_lowercase())
}
