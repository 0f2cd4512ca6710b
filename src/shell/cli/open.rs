//! `touchstone open`: starts an audit of a clone, or takes it up again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::{status, workbench};
use crate::auditdb::Folder;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::journal::{Place, Store, locked};
use crate::model::audit::mode_name;
use crate::model::event::{Auditor, Event, JOURNAL_VERSION, Opened, Pin, PinKind, Target};
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;
use crate::model::target::path_part;
use crate::model::time::Time;
use crate::repo::{Repo, display};
use crate::shell::tool;
use crate::shell::workbench::Held;
use crate::standards::{BUILT_IN, Loaded};

#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The clone (default: the one around the working folder)
    path: Option<PathBuf>,
    /// The commit to audit: a hash, tag or branch (default: HEAD)
    #[arg(long, value_name = "REV")]
    commit: Option<String>,
    /// Audit only this file or folder; repeat it for shared files
    #[arg(long, value_name = "PATH")]
    scope: Vec<OsString>,
    /// The standard: an id, or a file of your own (default: mcp-security-standard)
    #[arg(long, value_name = "ID|FILE")]
    standard: Option<String>,
    /// The repository's URL (default: the clone's origin)
    #[arg(long)]
    url: Option<String>,
    /// Your login at the code host; remembered
    #[arg(long, value_name = "LOGIN")]
    auditor: Option<String>,
    /// Your name; remembered together with a new login
    #[arg(long)]
    name: Option<String>,
    /// Your organization; remembered together with a new login
    #[arg(long)]
    organization: Option<String>,
    /// An address for questions; remembered together with a new login
    #[arg(long)]
    contact: Option<String>,
    /// A way in which the server ships to be run, such as stdio or http; the first one is the default
    #[arg(long = "mode", value_name = "NAME")]
    modes: Vec<String>,
    /// What helps you besides touchstone, such as a language model; the record says so
    #[arg(long, value_name = "TEXT")]
    assisted_by: Option<String>,
    /// Start another audit where there is one already
    #[arg(long)]
    new: bool,
    /// Look at a record in the workbench, in a clone that has its commit; nothing is written
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["commit", "scope", "standard", "url", "auditor", "modes", "new", "no_tui"])]
    record: Option<PathBuf>,
    /// Print where the audit stands in place of the workbench; so it is without a terminal
    #[arg(long, conflicts_with_all = ["keys", "print"])]
    no_tui: bool,
    #[command(flatten)]
    workbench: workbench::Args,
}

impl Args {
    /// Returns what starts an audit by this auditor with these modes, or takes it up again.
    pub fn new(auditor: &str, modes: &[&str], assisted_by: &str) -> Self {
        Args {
            auditor: Some(auditor.to_owned()),
            modes: modes.iter().map(ToString::to_string).collect(),
            assisted_by: Some(assisted_by.to_owned()),
            ..Args::default()
        }
    }

    /// Returns what names this auditor and nothing else.
    pub fn by(auditor: Option<String>) -> Self {
        Args { auditor, ..Args::default() }
    }
}

pub fn run(args: &Args, context: &mut Context) -> Result<()> {
    if let Some(record) = &args.record {
        return look_at(record, args, context);
    }
    let begin = if args.no_tui { None } else { args.workbench.begin(context)? };
    let (name, held) = open_audit(args, context)?;
    if let Some(begin) = begin {
        return args.workbench.run(context, &name, held, begin);
    }
    if let Held::View(_) = held {
        return Err(locked(&name));
    }
    status::print(context, held.audit(), &status::Args::default())
}

/// Opens the workbench on a record, to be read.
fn look_at(record: &Path, args: &Args, context: &mut Context) -> Result<()> {
    let begin = args.workbench.begin(context)?.ok_or_else(|| {
        Error::usage("A record is looked at in the workbench, which needs a terminal, or --print.")
            .hint("`touchstone verify RECORD` checks it without one.")
    })?;
    if let Some(path) = &args.path {
        context.global.repo = Some(path.clone());
    }
    context.global.repo = Some(context.clone_path());
    let held = Held::record(&Folder::read(record)?)?;
    let name = held.audit().now.opened.audit.clone();
    args.workbench.run(context, &name, held, begin)
}

/// Starts the audit that is meant, or takes it up again, and returns its name and its journal. Where another process
/// writes it, it can only be read.
pub fn open_audit(args: &Args, context: &mut Context) -> Result<(String, Held)> {
    if let Some(path) = &args.path {
        if context.global.repo.is_some() {
            return Err(Error::usage("Both a path and --repo are given.").hint("Give one of them."));
        }
        context.global.repo = Some(path.clone());
    }
    if let Some(bad) = args.modes.iter().find(|mode| !mode_name(mode)) {
        return Err(Error::usage(format!("`{bad}` cannot name a mode."))
            .hint("A mode's name has lower-case letters, digits and `-`, such as stdio or http."));
    }
    let now = context.now()?;
    let store = context.store()?;
    let path = context.clone_path();
    let repo = Repo::discover(&path)?;
    let (name, created) = match &context.global.audit {
        Some(name) => {
            // Where an audit's clone stands is remembered; a clone without its commit is not it.
            let opened = store.view(name)?.audit.now.opened;
            repo.pin(opened.pin.commit, &opened.scope)?;
            (name.clone(), false)
        }
        None => {
            let commit = match &args.commit {
                Some(rev) => repo.resolve(rev)?,
                None => repo.head()?,
            };
            match if args.new { None } else { known(&store, &repo, commit, args)? } {
                Some(name) => (name, false),
                None => (create(args, context, &store, &repo, commit)?, true),
            }
        }
    };
    let mut held = context.held(&name)?;
    let known = &held.audit().now.modes;
    let mut modes: Vec<&String> = args.modes.iter().filter(|mode| !known.contains(mode)).collect();
    let mut seen = BTreeSet::new();
    modes.retain(|mode| seen.insert(*mode));
    match &mut held {
        Held::Journal(journal) => {
            if !created {
                context.act(journal, vec![Event::Resumed { tool: tool() }])?;
            }
            for mode in modes {
                context.act(journal, vec![Event::ModeDeclared { mode: mode.clone() }])?;
            }
            let canonical = std::fs::canonicalize(&path).unwrap_or(path);
            store.set_place(&name, &Place { git_dir: repo.git_dir().to_owned(), path: canonical, opened_at: now })?;
        }
        Held::View(_) | Held::Record(_) if modes.is_empty() => {}
        Held::View(_) | Held::Record(_) => return Err(locked(&name)),
    }
    Ok((name, held))
}

/// Returns the audit that this call means to take up again: of those that fit, the one opened last.
fn known(store: &Store, repo: &Repo, commit: ObjectId, args: &Args) -> Result<Option<String>> {
    let wanted = match &args.standard {
        Some(standard) => Some(Loaded::find(standard)?.reference().sha256),
        None => None,
    };
    let mut found: Option<(Time, Opened)> = None;
    let mut otherwise: Option<String> = None;
    let scope = scope(args);
    let mut elsewhere: Vec<String> = Vec::new();
    let mut here = false;
    for name in store.names()? {
        // The journals of other clones are not even read: there may be many, and nothing is on the screen yet.
        let Some(place) = store.place(&name).filter(|place| place.git_dir == repo.git_dir()) else { continue };
        let Ok(opened) = store.opened(&name) else { continue };
        if opened.pin.commit != commit {
            elsewhere.push(format!("{} at {}", opened.audit, opened.pin.commit.short()));
            continue;
        }
        here = true;
        let same_standard = wanted.is_none_or(|sha256| sha256 == opened.standard.sha256);
        let same_auditor = args.auditor.as_ref().is_none_or(|login| *login == opened.auditor.login);
        let newer = found.as_ref().is_none_or(|(at, _)| place.opened_at >= *at);
        if !same_standard || !same_auditor {
            continue;
        }
        if !scope.is_empty() && scope != opened.scope {
            otherwise = Some(opened.audit);
        } else if newer {
            found = Some((place.opened_at, opened));
        }
    }
    match (found, otherwise) {
        (Some((_, opened)), _) => Ok(Some(opened.audit)),
        (None, Some(name)) if !args.new => Err(Error::usage(format!("The audit {name} has another scope."))
            .hint("A scope is fixed when an audit starts; --new starts another one.")),
        (None, _) => {
            // A clone that moved on would otherwise start a second audit without a word.
            if !elsewhere.is_empty() && !here && args.commit.is_none() && !args.new {
                let _ = writeln!(
                    std::io::stderr(),
                    "touchstone: another commit is checked out than this clone's audits are about; this starts a new one.\n  There are: {}. `touchstone open --commit REV` takes one up again.",
                    display::line(&elsewhere.join(", "))
                );
            }
            Ok(None)
        }
    }
}

fn scope(args: &Args) -> Vec<RepoPath> {
    args.scope
        .iter()
        .map(|path| {
            let mut bytes = path.clone().into_vec();
            while bytes.ends_with(b"/") {
                bytes.pop();
            }
            RepoPath(bytes.strip_prefix(b"./").map(<[u8]>::to_vec).unwrap_or(bytes))
        })
        .collect()
}

fn create(args: &Args, context: &Context, store: &Store, repo: &Repo, commit: ObjectId) -> Result<String> {
    let loaded = Loaded::find(args.standard.as_deref().unwrap_or(BUILT_IN))?;
    let target = target(args, repo)?;
    let scope = scope(args);
    // Here the scope is what the user asks for, not what a record claims.
    let pin = repo.pin(commit, &scope).map_err(|error| match error.kind {
        Kind::False => Error { kind: Kind::CouldNot, ..error },
        _ => error,
    })?;
    let auditor = auditor(args, context)?;
    let name = free_name(store, &target.repo, commit, &auditor.login)?;
    let opened = Opened {
        version: JOURNAL_VERSION,
        audit: name.clone(),
        target,
        pin: Pin {
            kind: PinKind::Commit,
            commit,
            tree: pin.tree(),
            committed_at: pin.committed_at(),
            tags: repo.tags_at(commit),
        },
        scope,
        standard: loaded.reference(),
        auditor: auditor.clone(),
        assisted_by: args.assisted_by.clone(),
        parent: None,
        tool: tool(),
    };
    store.create(opened, &loaded.toml, context.now()?)?;
    Config::remember(&context.paths()?.config_file(), &auditor)?;
    Ok(name)
}

/// Returns a name that no audit has yet.
pub fn free_name(store: &Store, repo: &str, commit: ObjectId, login: &str) -> Result<String> {
    let base = format!("{repo}-{}-{login}", commit.short());
    let taken = store.names()?;
    Ok(std::iter::once(base.clone())
        .chain((2..).map(|number| format!("{base}-{number}")))
        .find(|name| !taken.contains(name))
        .unwrap_or(base))
}

fn target(args: &Args, repo: &Repo) -> Result<Target> {
    let hint = "Pass --url https://HOST/OWNER/REPOSITORY: the record is filed under it.";
    match (&args.url, repo.origin_url()) {
        (Some(url), _) => Target::parse(url).map_err(|why| Error::usage(format!("--url: {why}."))),
        (None, Some(url)) => {
            Target::parse(&url).map_err(|why| Error::usage(format!("The clone's origin: {why}.")).hint(hint))
        }
        (None, None) => Err(Error::usage("The clone has no origin, so the repository has no name.").hint(hint)),
    }
}

/// Returns who audits: who is named, else who is remembered, else who says so at the terminal.
pub fn auditor(args: &Args, context: &Context) -> Result<Auditor> {
    let known = context.config()?.auditor;
    let login = match args.auditor.clone().or(known.login) {
        Some(login) => login,
        None => ask("Your login at the code host (records are filed and signed under it): ")?.ok_or_else(|| {
            Error::usage("Nobody knows yet who audits.")
                .hint("Pass --auditor LOGIN once, your login at the code host; it is remembered.")
        })?,
    };
    if !path_part(&login) {
        return Err(
            Error::usage(format!("`{login}` is not a login.")).hint("A login has letters, digits, `.`, `_` and `-`.")
        );
    }
    Ok(Auditor {
        login,
        name: args.name.clone().or(known.name),
        organization: args.organization.clone().or(known.organization),
        contact: args.contact.clone().or(known.contact),
    })
}

/// Asks the person at the terminal, if there is one.
fn ask(question: &str) -> Result<Option<String>> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let failed = |error: std::io::Error| Error::could_not(format!("Could not ask: {error}."));
    write!(std::io::stderr(), "{question}").map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(failed)?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}
