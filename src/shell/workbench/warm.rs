//! Makes the repository's main languages ready to be coloured, before anybody asks for one of their files.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::highlight::Highlighter;
use crate::model::evidence::RepoPath;
use crate::repo::{Content, Entry, Pin};

/// How many of the repository's languages are made ready, the most frequent ones.
const LANGUAGES: usize = 6;

/// How many files of a language are looked at for one that shows enough of it, and how large that is, in bytes.
const SAMPLES: usize = 5;
const SAMPLE: usize = 4 << 10;

/// Hands a file of each main language to the highlighter, which reads them when nothing is asked for.
pub(super) fn run(pin: &Pin, highlighter: &Highlighter) {
    for paths in main_languages(pin.entries()) {
        if let Some((path, bytes)) = sample(pin, &paths) {
            highlighter.warm(path, bytes);
        }
    }
}

/// Returns some files of each of the most frequent endings, the most frequent first: which of them are languages, the
/// highlighter knows.
fn main_languages(entries: &[Entry]) -> Vec<Vec<&RepoPath>> {
    let mut by_ending: BTreeMap<Vec<u8>, Vec<&RepoPath>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_file()) {
        let name = entry.path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0);
        if let Some(dot) = dot {
            by_ending.entry(name[dot..].to_ascii_lowercase()).or_default().push(&entry.path);
        }
    }
    let mut languages: Vec<Vec<&RepoPath>> = by_ending.into_values().collect();
    languages.sort_by_key(|paths| std::cmp::Reverse(paths.len()));
    languages.truncate(LANGUAGES);
    for paths in &mut languages {
        // Not neighbours: a folder's files are alike.
        let step = paths.len().div_ceil(SAMPLES);
        *paths = paths.iter().step_by(step).copied().collect();
    }
    languages
}

/// Reads the first of these files that shows enough of its language, else the longest.
fn sample(pin: &Pin, paths: &[&RepoPath]) -> Option<(RepoPath, Arc<[u8]>)> {
    let mut longest: Option<(RepoPath, Arc<[u8]>)> = None;
    for path in paths {
        let Ok(Content::Text(bytes)) = pin.find(path).and_then(|entry| pin.content(entry.oid)) else { continue };
        let enough = bytes.len() >= SAMPLE;
        if longest.as_ref().is_none_or(|(_, known)| known.len() < bytes.len()) {
            longest = Some(((*path).clone(), bytes));
        }
        if enough {
            break;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;
    use crate::repo::EntryKind;

    #[test]
    fn the_most_frequent_endings_are_the_main_languages() {
        let entry = |path: String| Entry { path: (*path).into(), oid: Hex([0; 20]), kind: EntryKind::File };
        let mut entries: Vec<Entry> = (0..23).map(|number| entry(format!("src/{number:02}.TS"))).collect();
        entries.extend((0..3).map(|number| entry(format!("{number}.py"))));
        entries.extend(["LICENSE", ".gitignore", "a.ts"].map(|path| entry(path.to_owned())));
        entries.push(Entry { kind: EntryKind::Symlink, ..entry("x.rs".to_owned()) });
        let found = main_languages(&entries);
        let paths: Vec<Vec<String>> =
            found.iter().map(|paths| paths.iter().map(|path| path.lossy().into_owned()).collect()).collect();
        assert_eq!(paths[0], ["src/00.TS", "src/05.TS", "src/10.TS", "src/15.TS", "src/20.TS"]);
        assert_eq!(paths[1], ["0.py", "1.py", "2.py"]);
        assert_eq!(paths.len(), 2);
    }
}
