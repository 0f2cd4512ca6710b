//! What was read, for the report: bars with their denominators, and what "opened" means.

use super::assessment::table;
use super::text::{code_cell, count};
use crate::model::coverage::{Apart, Coverage, Share, Tally};
use crate::model::evidence::RepoPath;
use crate::repo::display;

/// What "opened" and "reviewed" mean, said wherever they are shown in full.
pub const MEANING: &str = "Opened: the line stood on the auditor's screen, uncovered, for a tenth of a second per line in \
                           view and two seconds at least, as the auditor's own program measured it. That shows neither that \
                           it was read nor that it was understood. Reviewed: the auditor marked it so. Both are self-declared.";

/// How many cells a bar has.
const CELLS: u64 = 10;

/// Returns a part of something as a bar of ten cells; a cell is filled when all of it is there, but one is as soon as
/// there is anything.
pub fn bar(part: &Tally, of: &Tally) -> String {
    let full =
        part.lines.saturating_mul(CELLS).checked_div(of.lines).unwrap_or(0).max(u64::from(part.lines > 0)).min(CELLS);
    (0..CELLS).map(|at| if at < full { '█' } else { '░' }).collect()
}

/// Returns what has no lines to be read, in words; nothing where there is nothing.
pub fn apart(apart: &Apart) -> Option<String> {
    let kinds = [
        (apart.empty, "empty", "empty"),
        (apart.binary, "binary", "binary"),
        (apart.too_large, "too large", "too large"),
        (apart.symlinks, "symbolic link", "symbolic links"),
        (apart.submodules, "submodule", "submodules"),
    ];
    let words: Vec<String> =
        kinds.into_iter().filter(|(some, ..)| *some > 0).map(|(some, one, many)| count(some, one, many)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Returns what is said where leads were not run, or point at more files than are listed.
pub fn not_known(leads: usize) -> String {
    let (leads, they) = (count(leads, "lead was", "leads were"), if leads == 1 { "it points" } else { "they point" });
    format!("{leads} not run to the end, so not all files that {they} at are known.")
}

/// Returns a share's name as a person reads it.
pub fn share_name(share: &Share, extension: bool) -> String {
    match &share.name {
        None => "all others".to_owned(),
        Some(RepoPath(name)) if extension && name.is_empty() => "no extension".to_owned(),
        Some(RepoPath(name)) if extension => format!(".{}", display::bytes(name)),
        Some(RepoPath(name)) if name == b"." => "at the root".to_owned(),
        Some(RepoPath(name)) => format!("{}/", display::bytes(name)),
    }
}

/// Returns the report's section on what was read; nothing where nothing was measured.
pub(super) fn section(coverage: Option<&Coverage>) -> Vec<String> {
    let Some(coverage) = coverage else { return Vec::new() };
    let of = |part: &Tally| {
        format!(
            "{} of {} and {} of {} ({} %)",
            part.files,
            count(coverage.text.files, "text file", "text files"),
            part.lines,
            count(coverage.text.lines, "line", "lines"),
            part.percent(&coverage.text)
        )
    };
    let mut blocks = vec![
        "## What was read".to_owned(),
        format!("**Opened: {}. Reviewed: {}.**", of(&coverage.opened), of(&coverage.reviewed)),
        MEANING.to_owned(),
    ];
    if let Some(words) = apart(&coverage.apart) {
        blocks.push(format!("Without lines to be read, and counted in nothing above: {words}."));
    }
    if coverage.cut {
        blocks.push("The tree is larger than a budget allows; what was cut is not counted.".to_owned());
    }
    for (head, shares, extension) in [("Folder", &coverage.folders, false), ("Extension", &coverage.extensions, true)] {
        let cell = |part: &Tally, share: &Share| {
            format!("{} {} %", code_cell(&bar(part, &share.text)), part.percent(&share.text))
        };
        let rows = shares.iter().map(|share| {
            [
                code_cell(&share_name(share, extension)),
                share.text.files.to_string(),
                share.text.lines.to_string(),
                cell(&share.opened, share),
                cell(&share.reviewed, share),
            ]
        });
        blocks.push(table([head, "Files", "Lines", "Opened", "Reviewed"], rows));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_when_all_is_there() {
        let bar = |part, of| bar(&Tally { files: 1, lines: part }, &Tally { files: 1, lines: of });
        assert_eq!(bar(0, 10), "░".repeat(10));
        assert_eq!(bar(1, 1000), format!("█{}", "░".repeat(9)));
        assert_eq!(bar(999, 1000), format!("{}░", "█".repeat(9)));
        assert_eq!(bar(10, 10), "█".repeat(10));
        assert_eq!(bar(0, 0), "░".repeat(10));
    }
}
