//! The files at the pin as a tree whose folders open and close.

use std::collections::BTreeSet;

use crate::model::evidence::RepoPath;
use crate::repo::{Entry, EntryKind};

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The folder, or the file.
    pub path: RepoPath,
    /// How deep it lies; the root's entries lie at 0.
    pub depth: usize,
    /// What it is; `None` for a folder.
    pub kind: Option<EntryKind>,
}

/// The tree with its state.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Folders that are closed.
    pub closed: BTreeSet<RepoPath>,
    /// The rows that are not inside a closed folder.
    pub rows: Vec<Row>,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
}

impl Tree {
    /// Lists the rows anew. `entries` are sorted by path.
    pub fn list(&mut self, entries: &[Entry]) {
        self.rows.clear();
        let mut folder: Vec<&[u8]> = Vec::new();
        let mut hidden: Option<usize> = None;
        for entry in entries {
            let parts: Vec<&[u8]> = entry.path.0.split(|byte| *byte == b'/').collect();
            let above = &parts[..parts.len() - 1];
            let same = folder.iter().zip(above).take_while(|(a, b)| a == b).count();
            folder.truncate(same);
            if hidden.is_some_and(|depth| same <= depth) {
                hidden = None;
            }
            for part in &above[same..] {
                folder.push(part);
                let depth = folder.len() - 1;
                if hidden.is_some() {
                    continue;
                }
                let path = RepoPath(folder.join(&b'/'));
                if self.closed.contains(&path) {
                    hidden = Some(depth);
                }
                self.rows.push(Row { path, depth, kind: None });
            }
            if hidden.is_none() {
                self.rows.push(Row { path: entry.path.clone(), depth: above.len(), kind: Some(entry.kind) });
            }
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
    }

    /// Closes every folder but those at the root, where there are many files.
    pub fn start(&mut self, entries: &[Entry]) {
        const MANY: usize = 200;
        self.list(entries);
        if entries.len() > MANY {
            self.closed = self.rows.iter().filter(|row| row.kind.is_none()).map(|row| row.path.clone()).collect();
            self.list(entries);
        }
    }

    /// Returns the row under the cursor.
    pub fn current(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// Opens or closes the folder under the cursor; closing inside a folder closes that one. `None` toggles.
    pub fn fold(&mut self, entries: &[Entry], open: Option<bool>) {
        let Some(row) = self.current().cloned() else { return };
        let folder = match row.kind {
            None => row.path,
            Some(_) if open == Some(false) => {
                let Some(cut) = row.path.0.iter().rposition(|byte| *byte == b'/') else { return };
                RepoPath(row.path.0[..cut].to_vec())
            }
            Some(_) => return,
        };
        let open = open.unwrap_or(self.closed.contains(&folder));
        if open {
            self.closed.remove(&folder);
        } else {
            self.closed.insert(folder.clone());
        }
        self.list(entries);
        self.cursor = self.rows.iter().position(|row| row.path == folder).unwrap_or(self.cursor);
    }

    /// Puts the cursor on a file, opening what it lies in.
    pub fn show(&mut self, entries: &[Entry], path: &RepoPath) {
        let mut opened = false;
        for (at, byte) in path.0.iter().enumerate() {
            if *byte == b'/' {
                opened |= self.closed.remove(&RepoPath(path.0[..at].to_vec()));
            }
        }
        if opened {
            self.list(entries);
        }
        if let Some(at) = self.rows.iter().position(|row| row.path == *path) {
            self.cursor = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;

    fn entries(paths: &[&str]) -> Vec<Entry> {
        let mut paths: Vec<&&str> = paths.iter().collect();
        paths.sort();
        let entry = |path: &&&str| Entry { path: RepoPath::from(**path), oid: Hex([0; 20]), kind: EntryKind::File };
        paths.iter().map(entry).collect()
    }

    fn shown(tree: &Tree) -> Vec<String> {
        tree.rows.iter().map(|row| format!("{}{}", " ".repeat(row.depth), row.path.lossy())).collect()
    }

    #[test]
    fn folders_open_and_close() {
        let files = entries(&["README.md", "src/a.ts", "src/tools/b.ts", "src-old/c.ts", "z"]);
        let mut tree = Tree::default();
        tree.start(&files);
        assert_eq!(
            shown(&tree),
            ["README.md", "src-old", " src-old/c.ts", "src", " src/a.ts", " src/tools", "  src/tools/b.ts", "z"]
        );
        tree.cursor = 6;
        tree.fold(&files, Some(false));
        assert_eq!(tree.current().unwrap().path, "src/tools".into());
        tree.fold(&files, Some(true));
        tree.cursor = 3;
        tree.fold(&files, None);
        assert_eq!(shown(&tree), ["README.md", "src-old", " src-old/c.ts", "src", "z"]);
        tree.show(&files, &"src/tools/b.ts".into());
        assert_eq!(tree.current().unwrap().path, "src/tools/b.ts".into());
        assert_eq!(tree.rows.len(), 8);
    }
}
