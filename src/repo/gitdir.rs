//! Finds a git directory and reads its own few files, without git's config, hooks or work tree.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::hash::ObjectId;

/// HEAD, a loose ref, `config`, `commondir`, `alternates`: none of them is near this large in an honest clone.
pub(super) const SMALL: u64 = 1 << 20;
/// `packed-refs` and `shallow` grow with the number of refs.
pub(super) const LARGE: u64 = 64 << 20;
/// libgit2's own limit for alternates of alternates.
const ALTERNATES_DEPTH: usize = 5;
/// A crafted chain of alternates could otherwise fan out without end.
const ALTERNATES_LIMIT: usize = 256;

/// A git directory that was found and is safe to read.
#[derive(Debug)]
pub(super) struct GitDir {
    /// The folder that led to it: a work tree, whether `.git` there is a folder or a file, or the git directory itself.
    pub around: PathBuf,
    /// Where HEAD stands; differs from `common` in a linked worktree.
    pub own: PathBuf,
    /// Where refs, objects and config stand.
    pub common: PathBuf,
    /// The object folders: the clone's own, then its alternates.
    pub objects: Vec<PathBuf>,
    /// The URL of the remote `origin`, without a user's name and password.
    pub origin: Option<String>,
    /// Commits whose parents were not fetched.
    pub shallow: HashSet<ObjectId>,
}

impl GitDir {
    /// Finds the git directory of `path` or of the nearest folder above it.
    ///
    /// Errors: no repository, or one whose form is refused by name.
    pub fn discover(path: &Path) -> Result<GitDir> {
        let start = fs::canonicalize(path).map_err(|error| Error::io("open", path, &error))?;
        for folder in start.ancestors().filter(|folder| folder.is_dir()) {
            if let Some(own) = look_in(folder)? {
                return open(&own, folder);
            }
        }
        Err(Error::could_not(format!("There is no git repository at {} or above it.", start.display()))
            .hint("Pass --repo with the path of a clone."))
    }
}

/// Returns the git directory that `folder` holds or is.
fn look_in(folder: &Path) -> Result<Option<PathBuf>> {
    let dot = folder.join(".git");
    match fs::symlink_metadata(&dot) {
        Ok(meta) if meta.is_dir() => {
            if is_git_dir(&dot) {
                return Ok(Some(dot));
            }
        }
        Ok(meta) if meta.is_file() => {
            let text = read_plain(folder, ".git", SMALL)?.unwrap_or_default();
            let target = text.strip_prefix(b"gitdir:").map(<[u8]>::trim_ascii).filter(|target| !target.is_empty());
            let target =
                target.ok_or_else(|| Error::could_not(format!("{} does not name a git directory.", dot.display())))?;
            let target = folder.join(Path::new(std::ffi::OsStr::from_bytes(target)));
            if !is_git_dir(&target) {
                return Err(Error::could_not(format!(
                    "{} names {}, which is not a git directory.",
                    dot.display(),
                    target.display()
                ))
                .hint("Run `git worktree repair` in the main clone, or pass --repo with its path."));
            }
            return Ok(Some(target));
        }
        Ok(_) => {
            return Err(Error::unsafe_input(format!(
                "{} is a link or a special file; it is not followed.",
                dot.display()
            ))
            .hint("Pass --repo with the path of the git directory itself."));
        }
        Err(_) => {}
    }
    Ok(is_git_dir(folder).then(|| folder.to_path_buf()))
}

/// Tells whether a folder has the parts of a git directory, without opening any of them.
fn is_git_dir(dir: &Path) -> bool {
    let there = |name: &str| fs::symlink_metadata(dir.join(name)).is_ok();
    there("HEAD") && (there("commondir") || (dir.join("objects").is_dir() && dir.join("refs").is_dir()))
}

fn open(own: &Path, around: &Path) -> Result<GitDir> {
    let own = fs::canonicalize(own).map_err(|error| Error::io("open", own, &error))?;
    let common = match read_plain(&own, "commondir", SMALL)? {
        None => own.clone(),
        Some(text) => {
            let named = own.join(Path::new(std::ffi::OsStr::from_bytes(text.trim_ascii())));
            fs::canonicalize(&named).map_err(|error| Error::io("open", &named, &error))?
        }
    };
    let config = Config::scan(&read_plain(&common, "config", SMALL)?.unwrap_or_default());
    let here = common.display();
    if config.format.is_some_and(|format| !format.eq_ignore_ascii_case("sha1")) {
        return Err(Error::unsafe_input(format!(
            "{here} uses another object format than SHA-1, which is not supported."
        ))
        .hint("Clone it from a host that serves SHA-1 objects."));
    }
    if config.reftable || fs::symlink_metadata(common.join("reftable")).is_ok() {
        return Err(Error::unsafe_input(format!("{here} keeps its refs in a reftable, which is not supported."))
            .hint("Run `git refs migrate --ref-format=files`, or clone it again with `--ref-format=files`."));
    }
    let partial = || {
        Error::unsafe_input(format!(
            "{here} is a partial clone: objects are missing, and searches would prove nothing."
        ))
        .hint("Clone it again without --filter.")
    };
    if config.partial {
        return Err(partial());
    }
    let objects = common.join("objects");
    if !objects.is_dir() || !common.join("refs").is_dir() {
        return Err(Error::could_not(format!("{here} is not a git directory: objects or refs are missing."))
            .hint("Pass --repo with the path of a clone."));
    }
    let objects = object_folders(objects)?;
    for folder in &objects {
        if guard_objects(folder)? {
            return Err(partial());
        }
    }
    let shallow = match read_plain(&common, "shallow", LARGE)? {
        None => HashSet::new(),
        Some(text) => text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .map(|line| object_id(line).ok_or_else(|| Error::could_not(format!("{here}/shallow is malformed."))))
            .collect::<Result<_>>()?,
    };
    Ok(GitDir { around: around.to_owned(), own, common, objects, origin: config.origin, shallow })
}

/// Returns an object id written as 40 hexadecimal digits.
pub(super) fn object_id(text: &[u8]) -> Option<ObjectId> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads the regular file `rel` below `base`; `None` means that it does not exist.
///
/// Every part of `rel` is looked at before anything is opened: a link could lead outside, and opening a FIFO would
/// block for ever. Errors: a link or special file, a file over `cap` bytes, or a failed read.
pub(super) fn read_plain(base: &Path, rel: &str, cap: u64) -> Result<Option<Vec<u8>>> {
    let mut path = base.to_path_buf();
    let mut parts = rel.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => meta,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(Error::io("read", &path, &error)),
        };
        let last = parts.peek().is_none();
        match (last, meta.is_file(), meta.is_dir()) {
            (true, true, _) | (false, _, true) => {}
            (true, _, true) | (false, true, _) => return Ok(None),
            _ => {
                return Err(Error::unsafe_input(format!(
                    "{} is a link or a special file; it is not followed.",
                    path.display()
                )));
            }
        }
        if last && meta.len() > cap {
            return Err(too_large(&path, cap));
        }
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(|error| Error::io("read", &path, &error))?;
    file.take(cap + 1).read_to_end(&mut bytes).map_err(|error| Error::io("read", &path, &error))?;
    if bytes.len() as u64 > cap { Err(too_large(&path, cap)) } else { Ok(Some(bytes)) }
}

fn too_large(path: &Path, cap: u64) -> Error {
    Error::unsafe_input(format!("{} is larger than {} MiB and is not read.", path.display(), cap >> 20))
}

/// Returns the object folders that libgit2 will come to read, in its order: the clone's own and its alternates.
fn object_folders(own: PathBuf) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![(own, 0)];
    while let Some((folder, depth)) = waiting.pop() {
        // libgit2 compares inodes for the same reason: a clone can name itself.
        let Ok(real) = fs::canonicalize(&folder) else { continue };
        if !real.is_dir() || !seen.insert(real.clone()) {
            continue;
        }
        if folders.len() == ALTERNATES_LIMIT {
            return Err(Error::unsafe_input(format!("The clone names more than {ALTERNATES_LIMIT} alternates.")));
        }
        // The same steps as libgit2's: links on the way are its business, a FIFO at the end is ours.
        let list = if depth <= ALTERNATES_DEPTH { read_plain(&real, "info/alternates", SMALL)? } else { None };
        for line in list.unwrap_or_default().split(|byte| matches!(byte, b'\n' | b'\r')) {
            if !line.is_empty() && line[0] != b'#' {
                let named = Path::new(std::ffi::OsStr::from_bytes(line));
                if named.is_relative() && line[0] != b'.' {
                    // libgit2 would look for it in the folder the program was started in.
                    return Err(Error::unsafe_input(format!(
                        "{} names an alternate by a path that is neither absolute nor starts with a dot.",
                        real.join("info/alternates").display()
                    )));
                }
                waiting.push((real.join(named), depth + 1));
            }
        }
        folders.push(real);
    }
    Ok(folders)
}

/// Looks at every file libgit2 may open in an object folder, and tells whether one marks a partial clone.
///
/// Errors: something that is neither a file nor a folder, since opening a FIFO would block for ever.
fn guard_objects(folder: &Path) -> Result<bool> {
    let mut promised = false;
    // Most of the 256 folders of a packed clone are not there, so those that are get listed.
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    for dir in names.filter(|name| is_opened(name.as_bytes())).map(|name| folder.join(name)) {
        let Ok(list) = fs::read_dir(&dir) else { continue };
        for entry in list {
            let entry = entry.map_err(|error| Error::io("list", &dir, &error))?;
            let plain = |kind: fs::FileType| kind.is_file() || kind.is_dir();
            let named = entry.file_type().map_err(|error| Error::io("list", &dir, &error))?;
            // A link to a file is content like any other here: whatever it leads to must have the right hash.
            let safe = plain(named)
                || (named.is_symlink() && fs::metadata(entry.path()).map_or(true, |meta| plain(meta.file_type())));
            if !safe {
                return Err(Error::unsafe_input(format!("{} is a special file.", entry.path().display())));
            }
            promised |= entry.file_name().as_bytes().ends_with(b".promisor");
        }
    }
    Ok(promised)
}

/// Tells whether libgit2 opens files in a folder of this name; letters of any case, as some file systems take them.
fn is_opened(name: &[u8]) -> bool {
    let fan = name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit);
    fan || name.eq_ignore_ascii_case(b"pack") || name.eq_ignore_ascii_case(b"info")
}

/// What is read from `config`. Nothing else in it has any effect, and no include is followed.
#[derive(Debug, Default, PartialEq)]
struct Config {
    reftable: bool,
    partial: bool,
    format: Option<String>,
    origin: Option<String>,
}

impl Config {
    fn scan(bytes: &[u8]) -> Config {
        let text = String::from_utf8_lossy(bytes);
        let mut config = Config::default();
        let mut section = String::new();
        let mut sub = None;
        for line in text.strip_prefix('\u{feff}').unwrap_or(&text).lines() {
            let mut line = line.trim();
            if let Some(rest) = line.strip_prefix('[') {
                let Some((head, after)) = header(rest) else { continue };
                (section, sub) = head;
                line = after.trim();
            }
            let (key, value) = match line.split_once('=') {
                Some((key, value)) => (key.trim().to_ascii_lowercase(), plain_value(value)),
                None => (line.to_ascii_lowercase(), "true".to_owned()),
            };
            match (section.as_str(), key.as_str()) {
                ("extensions", "refstorage") => config.reftable = !value.eq_ignore_ascii_case("files"),
                ("extensions", "objectformat") => config.format = Some(value),
                ("extensions", "partialclone") => config.partial = true,
                ("remote", "promisor") => {
                    let no = ["false", "no", "off", "0", ""].iter().any(|no| value.eq_ignore_ascii_case(no));
                    config.partial |= !no;
                }
                ("remote", "url") if sub.as_deref() == Some("origin") => config.origin = Some(without_login(&value)),
                _ => {}
            }
        }
        config
    }
}

/// Splits what follows `[` into the section, its subsection, and the rest of the line.
fn header(rest: &str) -> Option<((String, Option<String>), &str)> {
    let end = rest.find([']', '"'])?;
    if rest.as_bytes()[end] == b']' {
        // `[remote.origin]`, the old way to write `[remote "origin"]`.
        let name = rest[..end].trim().to_ascii_lowercase();
        let head = match name.split_once('.') {
            Some((section, sub)) => (section.to_owned(), Some(sub.to_owned())),
            None => (name, None),
        };
        return Some((head, &rest[end + 1..]));
    }
    let mut sub = String::new();
    let mut chars = rest[end + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => sub.extend(chars.next().map(|(_, c)| c)),
            '"' => {
                let after = rest[end + 1 + at + 1..].trim_start().strip_prefix(']')?;
                return Some(((rest[..end].trim().to_ascii_lowercase(), Some(sub)), after));
            }
            c => sub.push(c),
        }
    }
    None
}

/// Returns a value without quotes, escapes and a trailing comment.
fn plain_value(raw: &str) -> String {
    let mut value = String::new();
    let mut quoted = false;
    let mut chars = raw.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            c => value.push(c),
        }
    }
    value.trim_end().to_owned()
}

/// Returns a URL without user name and password: records are published, and a token in a remote's URL is common.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        // `ssh://git@host` names the account every client uses; only what may follow it is secret.
        Some((login, host)) if scheme.eq_ignore_ascii_case("ssh") => {
            format!("{scheme}://{}@{host}{path}", login.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_config_keys_it_needs_and_no_other() {
        let text = "\u{feff}[core]\n\tbare = true\n[include]\npath = /dev/zero\n[remote \"o\\\"x\"] url = no\n\
                    [REMOTE \"origin\"]\n\tURL = \"https://me:secret@example.org/a b\" ; note\n[extensions] objectFormat = sha256\n";
        let config = Config::scan(text.as_bytes());
        assert_eq!(config.origin.as_deref(), Some("https://example.org/a b"));
        assert_eq!(config.format.as_deref(), Some("sha256"));
        assert!(!config.reftable && !config.partial);
        assert!(Config::scan(b"[remote \"x\"]\npromisor").partial);
        assert!(!Config::scan(b"[remote \"x\"]\npromisor = false").partial);
        assert!(Config::scan(b"[extensions]\nrefStorage = reftable").reftable);
        assert!(!Config::scan(b"[extensions]\nrefStorage = files").reftable);
        assert_eq!(Config::scan(b"[remote.origin]url=x").origin.as_deref(), Some("x"));
    }

    #[test]
    fn strips_logins_from_urls() {
        for (url, want) in [
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
            ("https://x-access-token:abc@github.com/o/r", "https://github.com/o/r"),
            ("https://github.com/o/r@2", "https://github.com/o/r@2"),
            ("https://a@b@c/d", "https://c/d"),
            ("ssh://git:pw@host:22/o/r", "ssh://git@host:22/o/r"),
            ("/srv/git/r", "/srv/git/r"),
        ] {
            assert_eq!(without_login(url), want);
        }
    }

    proptest::proptest! {
        #[test]
        fn scanning_a_config_never_panics(text in "(\\[|\\]|\"|\\\\|=|#|remote|origin|url|é|\n| ){0,40}") {
            Config::scan(text.as_bytes());
        }
    }
}
