//! A piece of evidence as a person reads it: what it is, where it stands, and its text.

use super::text::{self, code, count, excerpt, inline, language, said};
use super::{Source, permalink};
use crate::model::carry::{Fate, Trace};
use crate::model::event::EvidenceId;
use crate::model::evidence::{
    External, History, Kind, Observation, PathList, Place, Query, Reachability, Region, RepoPath, Search, SkipReason,
    Skipped,
};
use crate::model::hash::ObjectId;
use crate::model::record::EvidenceRow;

/// Places, paths and commits that are named in a sentence; record.json names more.
const NAMED: usize = 12;

/// Globs that are named in a sentence.
const GLOBS: usize = 6;

/// Returns the row of a piece that the record publishes.
pub(super) fn row<'a>(source: &Source<'a>, id: EvidenceId) -> Option<&'a EvidenceRow> {
    source.statement.predicate.evidence.iter().find(|row| row.id == id)
}

/// Returns a word for how reachable code is.
pub(super) fn reachability(reachability: Reachability) -> &'static str {
    match reachability {
        Reachability::Reachable => "reachable",
        Reachability::Latent => "latent",
        Reachability::TestOnly => "test only",
        Reachability::NotKnown => "not known",
    }
}

/// Returns a piece in full under a heading of this level; the heading is just its number, so that `#e7` leads to it.
pub(super) fn full(source: &Source, row: &EvidenceRow, level: usize) -> String {
    let mut blocks = vec![format!("{} {}", "#".repeat(level), row.id)];
    match &row.evidence.kind {
        Kind::Code { regions } => {
            if row.evidence.reachability != Reachability::NotKnown {
                blocks.push(format!("Code, {}.", reachability(row.evidence.reachability)));
            }
            blocks.extend(row.redacted.iter().map(|reason| withheld(reason)));
            for (at, region) in regions.iter().enumerate() {
                let bytes = source.excerpts.get(&row.id).and_then(|regions| regions.get(at));
                blocks.push(place(source, region));
                blocks.push(match bytes.filter(|_| row.redacted.is_none()) {
                    Some(bytes) => {
                        let link = link(source, region);
                        excerpt(bytes, language(&region.path), link.as_deref())
                    }
                    None => format!("In a clone: `{}`", cut_command(region)),
                });
            }
        }
        Kind::Search(search) => blocks.push(searched(search)),
        Kind::Path(list) => blocks.push(listed(list)),
        Kind::History(history) => blocks.push(walked(source, history)),
        Kind::Observation(observation) => observed(observation, row.redacted.as_deref(), &mut blocks),
        Kind::External(external) => seen(external, row.redacted.as_deref(), &mut blocks),
    }
    blocks.extend(row.carried.iter().map(carried));
    blocks.extend(row.evidence.note.iter().map(|note| said("What it shows", note)));
    blocks.join("\n\n")
}

fn carried(trace: &Trace) -> String {
    let from: Vec<String> =
        trace.from.iter().map(|region| format!("{} {}", text::path(&region.path), lines(region))).collect();
    let from = if from.is_empty() || trace.fate == Fate::Exact {
        String::new()
    } else {
        format!("; it was at {}", from.join("; "))
    };
    format!("*Carried over: {}{from}.*", trace.fate.word())
}

fn withheld(reason: &str) -> String {
    format!("**Text not published**: {}. Its digest stands in its place.", inline(reason).trim_end_matches('.'))
}

/// Returns the lines that a region stands on, as the database cites them.
pub(super) fn lines(region: &Region) -> String {
    format!("lines {}-{}", region.first, region.last)
}

fn link(source: &Source, region: &Region) -> Option<String> {
    let audited = &source.statement.predicate.target;
    let commit = region.commit.unwrap_or(audited.pin.commit);
    permalink(&audited.repo, commit, &region.path, Some((region.first, region.last)))
}

fn place(source: &Source, region: &Region) -> String {
    let mut out = format!("**Code Location**: {} {}", text::path(&region.path), lines(region));
    if let Some(commit) = region.commit.filter(|commit| *commit != source.statement.predicate.target.pin.commit) {
        out.push_str(&format!(" at the earlier commit `{commit}`"));
    }
    if let Some(link) = link(source, region) {
        out.push_str(&format!(" ([permalink]({link}))"));
    }
    out.push_str(&format!("  \nBlob `{}`, sha256 of these lines `{}`", region.blob, region.sha256));
    out
}

/// Returns the command that cuts a region out of a clone. It holds nothing but digits and hexadecimal ones from outside.
pub(super) fn cut_command(region: &Region) -> String {
    format!("git cat-file blob {} | sed -n '{},{}p'", region.blob, region.first, region.last)
}

/// Returns the first line-sized description of a piece, without its text.
pub(super) fn brief(row: &EvidenceRow) -> String {
    match &row.evidence.kind {
        Kind::Observation(_) | Kind::External(_) if row.redacted.is_some() => {
            format!("{}, redacted", row.evidence.word())
        }
        Kind::Code { regions } => {
            let places: Vec<String> =
                regions.iter().map(|region| format!("{} {}", text::path(&region.path), lines(region))).collect();
            format!("code: {}", places.join("; "))
        }
        Kind::Search(search) => {
            format!("search for {}: {}", code(&search.query.pattern), count(search.hits, "hit", "hits"))
        }
        Kind::Path(list) => {
            format!("paths that match {}: {}", code(&list.glob), list.matches)
        }
        Kind::History(history) => format!(
            "history searched for {}: {}",
            code(&history.query.pattern),
            count(history.matches, "commit", "commits")
        ),
        Kind::Observation(observation) => format!("observation: {}", code(&observation.command)),
        Kind::External(external) => format!("external: {}", code(&external.source)),
    }
}

fn pattern(query: &Query) -> String {
    let mut out = code(&query.pattern);
    out.push_str(if query.literal { " (plain text, " } else { " (regular expression, " });
    out.push_str(if query.case_sensitive { "case counts" } else { "case ignored" });
    out.push_str(if query.word { ", whole words)" } else { ")" });
    if let Some(exclude) = &query.exclude_line {
        out.push_str(&format!(", lines that match {} left out,", code(exclude)));
    }
    out
}

fn globs(globs: &[String]) -> String {
    named(globs, globs.len().try_into().unwrap_or(u64::MAX), GLOBS, |glob| code(glob))
}

/// Returns the first of `total` things by name, and how many more there are.
fn named<T>(things: &[T], total: u64, most: usize, name: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = things.iter().take(most).map(name).collect();
    let rest = total.saturating_sub(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!("{}{more}", shown.join(", "))
}

fn searched(search: &Search) -> String {
    let query = &search.query;
    let mut out = format!("Searched for {}", pattern(query));
    if !query.include.is_empty() {
        out.push_str(&format!(" in files that match {}", globs(&query.include)));
    }
    out.push_str(&format!(
        " at the pin: **{}** in {} ({}) read.",
        if search.hits == 0 { "no hit".to_owned() } else { count(search.hits, "hit", "hits") },
        count(search.files, "file", "files"),
        count(search.bytes, "byte", "bytes"),
    ));
    if !query.exclude.is_empty() || query.tests_apart {
        let files = format!(
            "{} under excluded paths ({})",
            count(search.excluded_files, "file", "files"),
            globs(&query.exclude)
        );
        let place = match (query.exclude.is_empty(), query.tests_apart) {
            (false, false) => files,
            (false, true) => format!("{files} and in test modules of Rust files"),
            (true, _) => "test modules of Rust files".to_owned(),
        };
        out.push_str(&format!(" Counted apart: {} in {place}.", count(search.excluded_hits, "hit", "hits")));
    }
    out.push_str(&skipped(&search.skipped));
    if !search.places.is_empty() {
        let place = |place: &Place| format!("{} line {}", text::path(&place.path), place.line);
        out.push_str(&format!(" Hits: {}.", named(&search.places, search.hits, NAMED, place)));
    }
    out.push_str(&format!(" Engine: {}.", inline(&search.engine)));
    out
}

/// Returns why files were not read, as a word before their number.
pub(super) fn why(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Binary => "binary",
        SkipReason::TooLarge => "over 64 MiB",
        SkipReason::Symlink => "symbolic links",
        SkipReason::Submodule => "submodules",
    }
}

fn skipped(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return " No file was skipped.".to_owned();
    }
    let each: Vec<String> = skipped
        .iter()
        .map(|one| {
            let path = |path: &RepoPath| text::path(path);
            format!("{} {} ({})", one.files, why(one.why), named(&one.paths, one.files, GLOBS, path))
        })
        .collect();
    format!(" Skipped: {}.", each.join("; "))
}

fn listed(list: &PathList) -> String {
    let entries = count(list.entries, "path", "paths");
    if list.matches == 0 {
        return format!("**No path** at the pin matches {}; {entries} were compared.", code(&list.glob));
    }
    format!(
        "**{}** at the pin match {}; {entries} were compared: {}.",
        count(list.matches, "path", "paths"),
        code(&list.glob),
        named(&list.paths, list.matches, NAMED, text::path),
    )
}

fn walked(source: &Source, history: &History) -> String {
    let target = &source.statement.predicate.target.repo;
    let commit = |id: &ObjectId| match commit_link(&target.domain, &target.org, &target.repo, *id) {
        Some(link) => format!("[`{}`]({link})", id.short()),
        None => format!("`{id}`"),
    };
    let mut out = format!(
        "Searched what each of {} reachable from the pin added ({}) for {}: **{}**.",
        count(history.commits, "commit", "commits"),
        count(history.blobs, "distinct blob", "distinct blobs"),
        pattern(&history.query),
        if history.matches == 0 { "no commit".to_owned() } else { count(history.matches, "commit", "commits") },
    );
    if !history.matching.is_empty() {
        out.push_str(&format!(" Newest first: {}.", named(&history.matching, history.matches, NAMED, commit)));
    }
    out.push_str(&skipped(&history.skipped));
    out.push_str(&format!(" Engine: {}.", inline(&history.engine)));
    out
}

fn commit_link(domain: &str, org: &str, repo: &str, commit: ObjectId) -> Option<String> {
    let (org, repo) = (permalink::encode(org.as_bytes()), permalink::encode(repo.as_bytes()));
    // The other hosts' short ids are written in full instead.
    (domain == "github.com").then(|| format!("https://github.com/{org}/{repo}/commit/{commit}"))
}

fn observed(observation: &Observation, redacted: Option<&str>, blocks: &mut Vec<String>) {
    let command = match redacted {
        Some(_) => "not published".to_owned(),
        None => code(&observation.command),
    };
    blocks.push(format!("**Observed by the auditor, not checkable.** Command: {command}, on {}.", observation.at));
    blocks.extend(
        observation.environment.iter().map(|environment| format!("Environment: {}", inline(&text::words(environment)))),
    );
    match redacted {
        Some(reason) => blocks.push(withheld(reason)),
        None if observation.output.is_empty() => blocks.push("It printed nothing.".to_owned()),
        None => blocks.push(excerpt(observation.output.as_bytes(), "text", None)),
    }
    blocks.push(format!("sha256 of the output's exact bytes: `{}`", observation.sha256));
}

fn seen(external: &External, redacted: Option<&str>, blocks: &mut Vec<String>) {
    let source = match redacted {
        Some(_) => "not published".to_owned(),
        None => code(&external.source),
    };
    blocks.push(format!("**External, seen by the auditor, not checkable.** Source: {source}, on {}.", external.at));
    match redacted {
        Some(reason) => blocks.push(withheld(reason)),
        // Often pasted from the source, so it is not taken for the auditor's own Markdown.
        None => blocks.push(excerpt(external.saw.as_bytes(), "text", None)),
    }
}
