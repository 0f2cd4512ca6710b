//! `touchstone demo`: an audit of an embedded demo server, begun or whole, through the very commands that an auditor types.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::Parser as _;
use git2::{IndexAddOption, Repository, Signature, Time};

use super::context::{Context, shown};
use super::{Cli, export, signers, status, verify, workbench};
use crate::config::Signing;
use crate::error::{Error, Result};
use crate::sign::SshKeygen;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to put it (default: a folder of its own beside the audits)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Start over: what was done in the demo is lost
    #[arg(long)]
    reset: bool,
    /// Play the whole audit command by command, export it and verify the record; an earlier demo there is replaced
    #[arg(long, conflicts_with_all = ["keys", "print"])]
    record: bool,
    #[command(flatten)]
    workbench: workbench::Args,
}

/// The audit of the demo server: one command a line.
const SCRIPT: &str = include_str!("../../../assets/demo/audit.txt");

/// The line up to which the script is played for somebody who goes on by hand.
const UNTIL_HERE: &str = "# -- until here in the workbench --\n";

/// The demo server's repository.
const URL: &str = "https://github.com/example-harbor/harbor-notes-mcp";

/// The login that the demo audits and signs under.
const LOGIN: &str = "demo-auditor";

/// The ways in which the demo server ships to be run.
const MODES: [&str; 2] = ["stdio", "http"];

/// The server's clone and the audit database, below the demo's folder.
const CLONE: &str = "harbor-notes-mcp";
const DATABASE: &str = "audit-db";

/// How the demo's audit says that it was made.
const ASSISTED_BY: &str = "a committed script";

/// Marks a folder as one that the demo made and may replace. It says whether the demo was made to the end.
const MARKER: &str = ".touchstone-demo";
const MAKING: &str = "`touchstone demo` was interrupted while it made this folder, and replaces it.\n";
const MADE: &str = "Made by `touchstone demo`; with --reset it replaces this folder.\n";

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
    if args.record {
        return record(args, context);
    }
    let begin = args.workbench.begin(context)?;
    let inner = prepare(args, context)?;
    if let Some(mut begin) = begin {
        let name = inner.audit_name()?;
        begin.db = inner.home.as_ref().map(|home| home.join(DATABASE));
        // The demo is nobody's to sign; how the workbench looks and which keys it takes is as the user likes it.
        begin.config.signing = Signing::default();
        return args.workbench.run(&inner, &name, inner.held(&name)?, begin);
    }
    context.print(&format!(
        "The demo server harbor-notes, invented and flawed on purpose, is a repository at\n  {}\n\
         Its audit is begun; on a terminal the workbench opens here.\n\n",
        shown(&inner.clone_path())
    ))?;
    status::run(&status::Args::default(), &inner)?;
    go_on(context, &inner)
}

/// Makes sure that there is a demo, its audit begun and partly answered, and returns the context in which it is worked
/// on. What an earlier call left is used as it is.
pub fn prepare(args: &Args, context: &Context) -> Result<Context> {
    let dir = folder(args, context, "demo")?;
    let made = std::fs::read_to_string(dir.join(MARKER)).is_ok_and(|text| text == MADE);
    if made && !args.reset {
        let mut inner = inside(&real(&dir)?);
        open(&mut inner).map_err(|error| {
            error.hint("`touchstone demo --reset` starts the demo over; what was done in it is lost.")
        })?;
        return Ok(inner);
    }
    let (dir, _) = make(&dir)?;
    let mut inner = inside(&dir);
    inner.quiet = true;
    open(&mut inner)?;
    let (begun, _) = SCRIPT.split_once(UNTIL_HERE).unwrap_or((SCRIPT, ""));
    for line in commands(begun) {
        play(&mut inner, line)?;
    }
    inner.quiet = false;
    mark(&dir, MADE)?;
    Ok(inner)
}

/// Plays the whole script for everybody to see, exports the audit, and verifies the record.
fn record(args: &Args, context: &Context) -> Result<()> {
    let (dir, commit) = make(&folder(args, context, "demo-record")?)?;
    let say = |text: &str| context.print(text);
    let mut inner = inside(&dir);
    say(&format!(
        "The demo server harbor-notes, invented and flawed on purpose, is now a repository at\n  {}\n  commit {commit}\n\nThe audit, command by command:\n\n",
        shown(&inner.clone_path())
    ))?;
    inner.quiet = true;
    say(&format!("  $ touchstone open --auditor {LOGIN}"))?;
    say(&MODES.map(|mode| format!(" --mode {mode}")).concat())?;
    say(&format!(" --assisted-by \"{ASSISTED_BY}\"\n"))?;
    open(&mut inner)?;
    for line in commands(SCRIPT) {
        say(&format!("  $ touchstone {}\n", cut(line, 108)))?;
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
    export::run(&export::Args::new(dir.join(DATABASE), key.clone()), &inner)?;
    let record = newest(&inner)?;
    if let Some(key) = key {
        say("\nTrusting the demo's own key, and verifying against the clone:\n\n")?;
        signers::run(&signers::Args::add(LOGIN, key.with_extension("pub")), &inner)?;
        verify::run(&verify::Args::new(record.clone()), &inner)?;
    }
    mark(&dir, MADE)?;
    say(&format!("\nRead it: {}\n", shown(&record.join("security-assessment.md"))))?;
    go_on(context, &inner)
}

/// Says by which command the demo's audit is worked on.
fn go_on(context: &Context, inner: &Context) -> Result<()> {
    let (data, clone) = (inner.paths()?.data, inner.clone_path());
    context.print(&format!("Go on by hand: touchstone status --data-dir {} --repo {}\n", shown(&data), shown(&clone)))
}

/// Returns the folder that is meant.
fn folder(args: &Args, context: &Context, default: &str) -> Result<PathBuf> {
    match &args.dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(context.paths()?.data.join(default)),
    }
}

fn real(dir: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(dir).map_err(|error| Error::io("read", dir, &error))
}

/// Makes the folder anew, with the server's repository and an empty audit database, and returns its real path and the
/// commit.
fn make(dir: &Path) -> Result<(PathBuf, git2::Oid)> {
    clear(dir)?;
    let dir = real(dir)?;
    let db = dir.join(DATABASE);
    std::fs::create_dir(&db).map_err(|error| Error::io("write", &db, &error))?;
    let commit = plant(&dir.join(CLONE))?;
    Ok((dir, commit))
}

/// Returns the demo's own context: audits, configuration and trust of the user stay as they are.
fn inside(dir: &Path) -> Context {
    let mut inner = Context::new(super::Global { repo: Some(dir.join(CLONE)), ..super::Global::default() });
    inner.home = Some(dir.to_owned());
    inner
}

fn open(inner: &mut Context) -> Result<()> {
    super::open::open_audit(&super::open::Args::new(LOGIN, &MODES, ASSISTED_BY), inner).map(|_| ())
}

fn commands(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// Runs a line of the script, as if it had been typed.
fn play(inner: &mut Context, line: &str) -> Result<()> {
    let words = shlex::split(line).ok_or_else(|| Error::could_not(format!("The demo's line is broken: {line}")))?;
    let words = std::iter::once("touchstone".to_owned()).chain(words);
    let cli = Cli::try_parse_from(words).map_err(|error| Error::could_not(error.to_string()))?;
    let global = inner.global.clone();
    let result = super::run(cli.command, inner);
    inner.global = global;
    result.map_err(|error| error.hint(format!("The demo stopped at: touchstone {line}")))
}

/// Returns the folder of the record that was just exported.
fn newest(context: &Context) -> Result<PathBuf> {
    let audit = context.view()?.audit;
    let seal = audit.seals.last().ok_or_else(|| Error::could_not("The demo's audit was not sealed."))?;
    let home = context.home.clone().unwrap_or_default();
    Ok(crate::auditdb::record_dir(&home.join(DATABASE), &audit.now.opened.target, &seal.audit_id))
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
    mark(dir, MAKING)
}

fn mark(dir: &Path, state: &str) -> Result<()> {
    std::fs::write(dir.join(MARKER), state).map_err(|error| Error::io("write", dir, &error))
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
