//! The user's `git`, run where nothing of the audited clone but its objects can reach it.
//!
//! Git obeys the repository it stands in: its config names programs to run, its attributes choose them, replace refs,
//! grafts, a commit-graph and a multi-pack-index say what history is. So it never stands in the clone. It stands in an
//! empty bare folder of our own whose alternates name the clone's object folders, with the clone's list of commits whose
//! parents were not fetched: without that list it would attribute lines to the wrong commits and say nothing.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::display;
use super::refs::Repo;
use crate::error::{Error, Result};

/// How often a running git is asked for whether it is still wanted.
pub(super) const TICK: Duration = Duration::from_millis(20);
/// Bytes that are taken from a pipe at once.
const CHUNK: usize = 64 << 10;
/// Bytes that are kept of what git complains about.
const COMPLAINT: u64 = 4 << 10;
/// Bytes of one run's output; a line of blame takes 46 at least, and a file has at most two million.
const OUTPUT: u64 = 1 << 30;

/// The user's `git`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    program: PathBuf,
    /// How long one run may take.
    patience: Duration,
}

impl Git {
    /// Finds `git` on the search path.
    pub fn find(repo: &Repo) -> Option<Git> {
        Git::find_in(&std::env::var_os("PATH")?, repo)
    }

    /// Finds `git` in the folders of a search path.
    ///
    /// A relative folder does not count, nor does a program that really stands in the audited clone: both would let the
    /// clone bring its own.
    pub fn find_in(path: &OsStr, repo: &Repo) -> Option<Git> {
        let inside = repo.folders();
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .filter_map(|folder| fs::canonicalize(folder.join("git")).ok())
            .filter(|program| !inside.iter().any(|folder| program.starts_with(folder)))
            .find(|program| is_executable(program))
            .map(|program| Git { program, patience: Duration::from_secs(120) })
    }

    /// Gives each run this long.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Git {
        self.patience = patience;
        self
    }
}

fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(program).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

/// A bare folder of our own that borrows a clone's objects.
pub(super) struct Cage(TempDir);

impl Cage {
    /// Makes one; it is deleted when dropped.
    pub fn new(repo: &Repo) -> Result<Cage> {
        let dir = tempfile::Builder::new().prefix("touchstone-").tempdir();
        let dir = dir.map_err(|error| Error::could_not(format!("A temporary folder could not be made: {error}.")))?;
        let cage = Cage(dir);
        let mut alternates = Vec::new();
        for folder in &repo.objects {
            alternates.extend(quoted(folder.as_os_str().as_bytes()));
            alternates.push(b'\n');
        }
        let shallow: String = repo.store.edges().iter().fold(String::new(), |mut out, id| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{id}");
            out
        });
        cage.write("HEAD", b"ref: refs/heads/none\n")?;
        cage.write("config", b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n")?;
        cage.write("refs/heads/.keep", b"")?;
        cage.write("objects/info/alternates", &alternates)?;
        if !shallow.is_empty() {
            cage.write("shallow", shallow.as_bytes())?;
        }
        Ok(cage)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path().join(name);
        let folder = path.parent().unwrap_or(self.path());
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|error| Error::io("write", &path, &error))
    }

    /// Returns a call of git in here. Nothing of the environment is handed on but where programs are.
    fn command(&self, git: &Git) -> Command {
        let mut command = Command::new(&git.program);
        command.current_dir(self.path()).env_clear();
        let here = self.path().as_os_str().to_owned();
        let fixed: [(&str, &str); 11] = [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_ALLOW_PROTOCOL", ""),
            ("LC_ALL", "C"),
        ];
        command.envs(fixed).env("HOME", &here);
        // glibc would give the memory of each large version back and take it anew for the next one: a third of the time.
        command.envs([("MALLOC_TRIM_THRESHOLD_", "268435456"), ("MALLOC_MMAP_THRESHOLD_", "33554432")]);
        if let Some(folder) = git.program.parent() {
            command.env("PATH", folder);
        }
        let mut dir = OsString::from("--git-dir=");
        dir.push(&here);
        command.arg("--no-pager").arg(dir);
        for setting in ["core.commitGraph=false", "core.multiPackIndex=false"] {
            command.args(["-c", setting]);
        }
        command
    }

    /// Runs several calls of git side by side and hands out what they print, with each one's number; an empty piece is a
    /// call's end. Returns whether it came to the end: not, once `stop` holds.
    ///
    /// Errors: a call that cannot be made, fails, takes too long or prints too much; or any word of complaint, since what
    /// git prints is then not what it would print about an honest clone.
    pub fn run(
        &self,
        git: &Git,
        calls: &[Vec<OsString>],
        stop: &dyn Fn() -> bool,
        mut take: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<bool> {
        let until = Instant::now() + git.patience;
        let (sender, pieces) = sync_channel(16);
        let mut running = Vec::new();
        for (number, words) in calls.iter().enumerate() {
            let mut command = self.command(git);
            command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            // Of its own group, so that whatever it starts ends with it.
            command.process_group(0);
            let child = command
                .spawn()
                .map_err(|error| Error::could_not(format!("Could not run {}: {error}.", git.program.display())))?;
            let mut child = Leashed(child);
            read(child.0.stdout.take(), OUTPUT, number, Piece::Said, &sender);
            read(child.0.stderr.take(), COMPLAINT, number, Piece::Complained, &sender);
            running.push((child, 2_u8, 0_u64));
        }
        drop(sender);
        let mut left = running.len() * 2;
        while left > 0 {
            if stop() {
                return Ok(false);
            }
            if Instant::now() >= until {
                let seconds = git.patience.as_secs();
                return Err(Error::could_not(format!("git did not end within {seconds} seconds and was stopped.")));
            }
            let (number, piece) = match pieces.recv_timeout(TICK) {
                Ok(piece) => piece,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (child, open, printed) = &mut running[number];
            match piece {
                Piece::Complained(bytes) if !bytes.trim_ascii().is_empty() => return Err(complaint(&bytes)),
                Piece::Complained(_) => {}
                Piece::Said(bytes) => {
                    *printed += bytes.len() as u64;
                    if *printed > OUTPUT {
                        return Err(Error::could_not("git printed more than it should and was stopped."));
                    }
                    take(number, &bytes)?;
                }
                Piece::End => {
                    left -= 1;
                    *open -= 1;
                    if *open > 0 {
                        continue;
                    }
                    let ended = child.0.wait().map_err(|error| Error::could_not(format!("git was lost: {error}.")))?;
                    if !ended.success() {
                        return Err(Error::could_not(format!("git failed without a word ({ended}).")));
                    }
                    take(number, &[])?;
                }
            }
        }
        Ok(true)
    }
}

fn complaint(bytes: &[u8]) -> Error {
    let first = bytes.trim_ascii().split(|byte| *byte == b'\n').next().unwrap_or_default();
    Error::could_not(format!("git complained, so what it says is not used: {}", display::bytes(first)))
        .hint("Run `git fsck` in the clone, and fetch or clone again.")
}

/// A child that is ended, with all that it started, and waited for when nobody wants it any more.
struct Leashed(Child);

impl Drop for Leashed {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let group = rustix::process::Pid::from_child(&self.0);
            // It may have ended on its own in between.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

enum Piece {
    Said(Vec<u8>),
    Complained(Vec<u8>),
    End,
}

/// Reads a pipe on a thread of its own; it ends with the pipe, at the cap, or when nobody listens.
fn read(
    pipe: Option<impl Read + Send + 'static>,
    cap: u64,
    number: usize,
    wrap: fn(Vec<u8>) -> Piece,
    sender: &SyncSender<(usize, Piece)>,
) {
    let sender = sender.clone();
    thread::spawn(move || {
        let mut pipe = pipe.map(|pipe| pipe.take(cap.saturating_add(1)));
        let mut buffer = vec![0; CHUNK];
        while let Some(pipe) = &mut pipe {
            let count = match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            if sender.send((number, wrap(buffer[..count].to_vec()))).is_err() {
                return;
            }
        }
        let _ = sender.send((number, Piece::End));
    });
}

/// Returns a path as git and libgit2 read it in `alternates`: as it is, or in C's quotes where a line end is part of it.
fn quoted(path: &[u8]) -> Vec<u8> {
    if !path.contains(&b'\n') {
        // It is absolute, so it cannot be taken for a comment or a quoted one.
        return path.to_vec();
    }
    let mut out = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0x20..=0x7e => out.push(*byte),
            other => out.extend(format!("\\{other:03o}").into_bytes()),
        }
    }
    out.push(b'"');
    out
}

/// Returns what stands in C's quotes, or the text itself where it has none.
pub(super) fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let Some(inner) = text.strip_prefix(b"\"") else { return Some(text.to_vec()) };
    let inner = inner.strip_suffix(b"\"")?;
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'"' {
            return None;
        }
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next()? {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            same @ (b'"' | b'\\') => same,
            first @ b'0'..=b'3' => {
                let mut value = first - b'0';
                for _ in 0..2 {
                    let digit = bytes.next().filter(|digit| matches!(digit, b'0'..=b'7'))?;
                    value = value * 8 + (digit - b'0');
                }
                value
            }
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quotes_come_off_again(path: Vec<u8>) {
            let path = [b"/\n", &path[..]].concat();
            prop_assert_eq!(unquoted(&quoted(&path)), Some(path));
        }

        #[test]
        fn unquoting_never_panics(text in "[\"\\\\a-f0-9n é]{0,20}") {
            unquoted(text.as_bytes());
        }
    }
}
