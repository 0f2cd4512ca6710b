//! `touchstone demo`: runs the main job on an embedded demo server, through the very commands that an auditor types.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::Parser as _;
use git2::{IndexAddOption, Repository, Signature, Time};

use super::context::{Context, shown};
use super::{Cli, export, signers, status, verify};
use crate::error::{Error, Result};
use crate::sign::SshKeygen;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to put it (default: a folder `demo` beside the audits); what an earlier demo left there is replaced
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The audit of the demo server: one command a line.
const SCRIPT: &str = include_str!("../../../assets/demo/audit.txt");

/// The demo server's repository.
const URL: &str = "https://github.com/example-harbor/harbor-notes-mcp";

/// The login that the demo audits and signs under.
const LOGIN: &str = "demo-auditor";

/// Marks a folder as one that the demo made and may replace.
const MARKER: &str = ".touchstone-demo";

/// When the demo server was committed, in seconds since 1970: a fixed time gives the same commit everywhere.
const COMMITTED_AT: i64 = 1_767_225_600;

macro_rules! server {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../assets/demo/server/", $path)) as &[u8])),*]
    };
}

/// The demo server's files.
pub const SERVER: &[(&str, &[u8])] = server![
    ".github/workflows/ci.yml",
    ".gitignore",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "package-lock.json",
    "package.json",
    "src/auth.ts",
    "src/config.ts",
    "src/http.ts",
    "src/index.ts",
    "src/log.ts",
    "src/paths.ts",
    "src/server.ts",
    "src/store.ts",
    "src/tools/attach.ts",
    "src/tools/export.ts",
    "src/tools/notes.ts",
    "src/tools/reply.ts",
    "src/tools/search.ts",
    "src/upstream.ts",
    "test/auth.test.ts",
    "test/log.test.ts",
    "test/paths.test.ts",
    "test/store.test.ts",
    "tsconfig.json",
];

pub fn run(args: &Args, context: &mut Context) -> Result<()> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => context.paths()?.data.join("demo"),
    };
    clear(&dir)?;
    let dir = std::fs::canonicalize(&dir).map_err(|error| Error::io("read", &dir, &error))?;
    let clone = dir.join("harbor-notes-mcp");
    let db = dir.join("audit-db");
    std::fs::create_dir(&db).map_err(|error| Error::io("write", &db, &error))?;
    let commit = plant(&clone)?;
    let say = |text: &str| context.print(text);
    say(&format!(
        "The demo server harbor-notes, invented and flawed on purpose, is now a repository at\n  {}\n  commit {commit}\n\nThe audit, command by command:\n\n",
        shown(&clone)
    ))?;

    // The demo keeps to its own folder: audits, configuration and trust of the user stay as they are.
    let mut inner = Context::new(super::Global { repo: Some(clone.clone()), ..super::Global::default() });
    inner.home = Some(dir.clone());
    inner.quiet = true;
    let play = |inner: &mut Context, line: &str| -> Result<()> {
        context.print(&format!("  $ touchstone {}\n", cut(line, 108)))?;
        let words = shlex::split(line).ok_or_else(|| Error::could_not(format!("The demo's line is broken: {line}")))?;
        let words = std::iter::once("touchstone".to_owned()).chain(words);
        let cli = Cli::try_parse_from(words).map_err(|error| Error::could_not(error.to_string()))?;
        let global = inner.global.clone();
        let result = super::run(cli.command, inner);
        inner.global = global;
        result.map_err(|error| error.hint(format!("The demo stopped at: touchstone {line}")))
    };
    play(&mut inner, &format!("open --auditor {LOGIN} --mode stdio --mode http --assisted-by \"a committed script\""))?;
    for line in SCRIPT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        play(&mut inner, line)?;
    }

    inner.quiet = false;
    say("\nWhere the audit stands:\n\n")?;
    status::run(&status::Args { items: true }, &inner)?;
    say("\nThe record:\n\n")?;
    let key = make_key(&dir)?;
    if key.is_none() {
        say("ssh-keygen is not installed, so the record stays unsigned.\n")?;
    }
    export::run(&export::Args::new(db, key.clone()), &inner)?;
    let record = newest(&inner)?;
    if let Some(key) = key {
        say("\nTrusting the demo's own key, and verifying against the clone:\n\n")?;
        signers::run(&signers::Args::add(LOGIN, key.with_extension("pub")), &inner)?;
        verify::run(&verify::Args::new(record.clone()), &inner)?;
    }
    say(&format!(
        "\nRead it: {}\nGo on by hand: touchstone status --data-dir {} --repo {}\n",
        shown(&record.join("security-assessment.md")),
        shown(&dir.join("data")),
        shown(&clone)
    ))?;
    Ok(())
}

/// Returns the folder of the record that was just exported.
fn newest(context: &Context) -> Result<PathBuf> {
    let audit = context.view()?.audit;
    let seal = audit.seals.last().ok_or_else(|| Error::could_not("The demo's audit was not sealed."))?;
    let home = context.home.clone().unwrap_or_default();
    Ok(crate::auditdb::record_dir(&home.join("audit-db"), &audit.now.opened.target, &seal.audit_id))
}

/// Makes the folder empty, where it is the demo's own.
fn clear(dir: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::io("write", dir, &error);
    if dir.join(MARKER).is_file() {
        std::fs::remove_dir_all(dir).map_err(failed)?;
    } else if dir.is_dir() && dir.read_dir().map_err(failed)?.next().is_some() {
        return Err(Error::usage(format!("{} is not empty, and no demo made it.", dir.display()))
            .hint("Pass --dir with a folder that may be replaced."));
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    std::fs::write(dir.join(MARKER), "Made by `touchstone demo`, which replaces this folder.\n").map_err(failed)
}

/// Writes the demo server's files and commits them.
fn plant(dir: &Path) -> Result<git2::Oid> {
    for (path, bytes) in SERVER {
        let path = dir.join(path);
        let parent = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, bytes))
            .map_err(|error| Error::io("write", &path, &error))?;
    }
    let commit = || -> Result<git2::Oid, git2::Error> {
        let repo = Repository::init(dir)?;
        // Whatever the user's configuration says about line ends, the commit is the same.
        repo.config()?.set_str("core.autocrlf", "false")?;
        repo.remote("origin", URL)?;
        let mut index = repo.index()?;
        for (path, _) in SERVER {
            index.add_all([path], IndexAddOption::FORCE, None)?;
        }
        index.write()?;
        let tree = repo.find_tree(index.write_tree()?)?;
        let author = Signature::new("Harbor", "harbor@example.com", &Time::new(COMMITTED_AT, 0))?;
        repo.commit(Some("HEAD"), &author, &author, "harbor-notes-mcp 0.3.1", &tree, &[])
    };
    commit().map_err(|error| Error::could_not(format!("Could not make the demo repository: {}.", error.message())))
}

/// Makes the demo's own key, where there is an ssh-keygen.
fn make_key(dir: &Path) -> Result<Option<PathBuf>> {
    if SshKeygen::find().is_none() {
        return Ok(None);
    }
    let key = dir.join("demo-key");
    let status = Process::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", LOGIN, "-f"])
        .arg(&key)
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Error::could_not(format!("Could not run ssh-keygen: {error}.")))?;
    if status.success() { Ok(Some(key)) } else { Err(Error::could_not("ssh-keygen made no key.")) }
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let start: String = line.chars().take(width - 1).collect();
    format!("{start}…")
}
