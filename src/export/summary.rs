//! A piece of evidence in one line.

use super::text::count;
use crate::model::evidence::{Evidence, Kind};
use crate::repo::display;

/// Returns a piece of evidence in one line.
pub fn summary(evidence: &Evidence) -> String {
    match &evidence.kind {
        Kind::Code { regions } => {
            let places: Vec<String> = regions
                .iter()
                .map(|region| {
                    let path = display::bytes(&region.path.0);
                    if region.first == region.last {
                        format!("{path}:{}", region.first)
                    } else {
                        format!("{path}:{}-{}", region.first, region.last)
                    }
                })
                .collect();
            places.join(", ")
        }
        Kind::Search(search) => {
            let mut text = format!(
                "search /{}/: {} in {}",
                cut(&search.query.pattern),
                count(search.hits, "hit", "hits"),
                count(search.files, "file", "files")
            );
            if search.excluded_hits > 0 {
                text += &format!(", {} more in excluded paths", search.excluded_hits);
            }
            let skipped: u64 = search.skipped.iter().map(|skipped| skipped.files).sum();
            if skipped > 0 {
                text += &format!(", {skipped} skipped");
            }
            text
        }
        Kind::Path(list) => format!(
            "paths {}: {} of {}",
            display::line(&list.glob),
            count(list.matches, "match", "matches"),
            count(list.entries, "path", "paths")
        ),
        Kind::History(history) => format!(
            "history /{}/: added by {} of {}",
            cut(&history.query.pattern),
            history.matches,
            count(history.commits, "commit", "commits")
        ),
        Kind::Observation(observation) => format!("observed: {}", display::line(&observation.command)),
        Kind::External(external) => format!("external: {}", display::line(&external.source)),
    }
}

/// Returns a pattern in at most 60 characters.
fn cut(pattern: &str) -> String {
    let shown = display::line(pattern);
    if shown.chars().count() <= 60 {
        return shown.into_owned();
    }
    let start: String = shown.chars().take(59).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::{PathList, Reachability, RepoPath};
    use crate::model::hash::Sha256;

    #[test]
    fn what_outside_text_hides_is_seen_and_one_match_is_one() {
        let list = PathList {
            glob: "*.\u{202e}ts".to_owned(),
            entries: 2,
            matches: 1,
            matches_digest: Sha256::ZERO,
            paths: vec![RepoPath::from("a.ts")],
        };
        let evidence = Evidence { kind: Kind::Path(list), reachability: Reachability::NotKnown, note: None };
        let line = summary(&evidence);
        assert!(!line.contains('\u{202e}'), "{line:?}");
        assert!(line.ends_with(": 1 match of 2 paths"), "{line:?}");
    }
}
