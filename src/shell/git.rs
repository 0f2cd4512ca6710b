//! The user's own `git`, run in a checkout of theirs: a database that they hand records in to. Nothing of an audited clone
//! is ever run this way; see [`crate::repo`] for those.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Environment variables that would send git to another repository than the one named, or to another index.
const ELSEWHERE: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
];

/// `git` in a folder.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
    dir: PathBuf,
    envs: Vec<(&'static str, OsString)>,
}

impl Git {
    /// Finds `git` in the absolute folders of the search path.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(dir: &Path) -> Result<Git> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(format!("git{}", std::env::consts::EXE_SUFFIX)))
            .find(|program| program.is_file())
            .map(|program| Git { program, dir: dir.to_owned(), envs: Vec::new() })
            .ok_or_else(|| Error::could_not("git is not on the PATH.").hint("Install git: it commits and pushes."))
    }

    /// Sets an environment variable for every call.
    pub fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.envs.push((name, value.into()));
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(&self.dir).args(args);
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs git and returns what it prints, without the last line end.
    ///
    /// # Errors
    /// What git said, where it failed.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String> {
        let text = self.feed(args, b"")?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// Runs git with this as its standard input, and returns exactly what it prints.
    ///
    /// # Errors
    /// What git said, where it failed.
    pub fn feed<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Vec<u8>> {
        let failed = |error: std::io::Error| Error::could_not(format!("Could not run git: {error}."));
        // What is built here is built by nobody's hook or monitor; a push runs the user's own.
        let quiet = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"].map(OsStr::new);
        let args: Vec<&OsStr> = quiet.into_iter().chain(args.iter().map(AsRef::as_ref)).collect();
        let mut command = self.command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        // git reads all of it before it prints more than a pipe holds.
        let fed = stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input));
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            fed.map_err(failed)?;
            return Ok(output.stdout);
        }
        let words: Vec<_> = args.iter().skip(quiet.len()).map(|arg| arg.to_string_lossy()).collect();
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::could_not(format!("`git {}` failed: {}", words.join(" "), said.trim())))
    }

    /// Tells whether a call of git succeeds.
    pub fn succeeds<S: AsRef<OsStr>>(&self, args: &[S]) -> bool {
        self.run(args).is_ok()
    }

    /// Runs git with the terminal for itself: it may ask for a password or a key.
    ///
    /// # Errors
    /// Where it cannot be run, or fails; what it said is on the terminal already.
    pub fn hand_over<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<()> {
        // Its words go beside ours, so that a report on standard output stays one.
        let mut command = self.command(args);
        command.stdout(std::io::stderr());
        let status = command.status().map_err(|error| Error::could_not(format!("Could not run git: {error}.")))?;
        let words: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
        if status.success() { Ok(()) } else { Err(Error::could_not(format!("`git {}` failed.", words.join(" ")))) }
    }
}
