//! `touchstone submit`: makes a branch with one commit that adds a record to a checkout of the audit database.
//!
//! The commit is built from git objects on top of a base: exactly the base and the record. Nothing in the work tree or the
//! index is read for it, so that ignore rules, filters, line-end settings and whatever lies about there cannot change a
//! byte of the record; `metadata.json` counts what the base holds, not what else waits in the work tree.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::context::{Context, shown};
use super::verify::read_signers;
use crate::auditdb::validate::{self, Class, Issue, Outcome};
use crate::auditdb::{
    ATTESTATIONS, Folder, Known, Options, RECORD_FILE, create_metadata, merge_metadata, record_dir, repo_dir,
    statement, verify,
};
use crate::error::{Error, Result};
use crate::export::count;
use crate::model::event::Target;
use crate::model::finding::Severity;
use crate::model::record::Record;
use crate::model::target::{path_part, record_name};
use crate::repo::display;
use crate::shell::git::Git;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record's folder
    record: PathBuf,
    /// Your checkout of the audit database
    #[arg(long, value_name = "CHECKOUT")]
    db: PathBuf,
    /// Show all of it and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Push the branch with your own git
    #[arg(long, conflicts_with = "dry_run")]
    push: bool,
    /// Where to push, and whose main branch is built upon
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// The commit to build upon (default: the remote's main branch, else HEAD)
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The branch to make (default: audit/REPO/AUDIT-ID)
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Hand an unsigned record in
    #[arg(long)]
    unsigned: bool,
}

#[derive(Serialize)]
struct Report {
    audit_id: String,
    branch: String,
    base: Option<String>,
    message: String,
    files: Vec<File>,
    signed: bool,
    /// What the database's own rules come to: the record is not handed in where changes would be requested.
    outcome: Outcome,
    /// What they say besides notes.
    issues: Vec<Issue>,
    dry_run: bool,
    /// Absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    pushed: bool,
    /// The checkout stands on the new branch now.
    switched: bool,
    /// Where a pull request is opened, if the remote's host is known to have such a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    bytes: usize,
    change: &'static str,
}

/// Judges the record by the database's rules, among what the base has of its server.
fn judge(
    git: &Git,
    base: Option<&str>,
    files: &BTreeMap<String, Change>,
    prefix: &str,
    dir: &Path,
    context: &Context,
) -> Result<validate::Report> {
    let trial = tempfile::Builder::new()
        .prefix("touchstone-")
        .tempdir()
        .map_err(|error| Error::io("write", &std::env::temp_dir(), &error))?;
    let place = |path: &str| trial.path().join(path.strip_prefix(prefix).unwrap_or(path));
    let write = |path: &str, bytes: &[u8]| {
        let path = place(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, bytes)).map_err(|error| Error::io("write", &path, &error))
    };
    if let Some(base) = base {
        // The record's own files where it is there already, and the names of the server's other audits.
        let dir = dir.to_string_lossy();
        let audits = dir.rsplit_once('/').map_or("", |(audits, _)| audits);
        let server = audits.rsplit_once('/').map_or("", |(server, _)| server);
        let names = git.run(&["ls-tree", "--name-only", "-z", "--full-tree", base, &format!("{audits}/")])?;
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            expect_plain(name)?;
            let name = place(name);
            std::fs::create_dir_all(&name).map_err(|error| Error::io("write", &name, &error))?;
        }
        let there = git.run(&[
            "ls-tree",
            "-r",
            "--name-only",
            "-z",
            "--full-tree",
            base,
            &format!("{dir}/"),
            &format!("{server}/metadata.json"),
        ])?;
        for path in there.split('\0').filter(|path| !path.is_empty()) {
            expect_plain(path)?;
            write(path, &git.feed(&["cat-file", "blob", &format!("{base}:{path}")], b"")?)?;
        }
    }
    for (path, file) in files {
        write(path, &file.bytes)?;
    }
    let signers = read_signers(None, context)?;
    let options = validate::Options { signers: signers.as_ref(), ..validate::Options::default() };
    let report = validate::validate(&place(&dir.to_string_lossy()), None, &options, &|| false, &|_, _| {})?
        .ok_or_else(|| Error::could_not("The validation was stopped."))?;
    if report.outcome == Outcome::ChangesRequested {
        let error = Error::falsity("The database's rules request changes; nothing was committed.");
        let blocking = report.all().filter(|issue| issue.class == Class::Blocking);
        return Err(blocking.fold(error, |error, issue| error.hint(said(issue))));
    }
    Ok(report)
}

/// Refuses a path of the base that would lead out of the folder it is written below: git lists what a crafted tree holds.
fn expect_plain(path: &str) -> Result<()> {
    if path.split('/').all(path_part) {
        return Ok(());
    }
    Err(Error::unsafe_input(format!("The base has a file of a name that no record can have: {path}."))
        .hint("Somebody crafted that tree. Look at the database's history, or choose another --base."))
}

/// Returns an issue in a line.
fn said(issue: &Issue) -> String {
    let line = issue.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}: {} {}", issue.file, issue.reason, issue.remedy)
}

/// The objects and the index that a commit is built in.
struct Stage {
    git: Git,
    /// Holds the index, and in a dry run the objects; deleted when dropped.
    _dir: tempfile::TempDir,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let folder = Folder::read(&args.record)?;
    let record = sound(&folder, args)?;
    let git = Git::find(&args.db)?;
    let prefix = git.run(&["rev-parse", "--show-prefix"]).map_err(|error| {
        error.hint("Pass --db with a checkout of the audit database, or `git init` one of your own.")
    })?;
    let base = base(&git, args)?;
    let target = &record.target.repo;
    let dir = record_dir(Path::new(&prefix), target, &record.audit_id);
    let branch = args.branch.clone().unwrap_or_else(|| format!("audit/{}/{}", target.repo, record.audit_id));
    git.run(&["check-ref-format", "--branch", &branch])?;
    if git.succeeds(&["rev-parse", "-q", "--verify", &format!("refs/heads/{branch}")]) {
        return Err(Error::falsity(format!("The branch {branch} is there already."))
            .hint("Push it with `git push`, delete it with `git branch -D`, or choose another name with --branch."));
    }
    let files = files(&git, base.as_deref(), &folder, &record, &prefix, &dir)?;
    let signed = folder.files.contains_key(crate::auditdb::SIGNATURE_FILE);
    let whole = files.keys().any(|path| path.ends_with(RECORD_FILE));
    let message = if whole { message(&record, signed) } else { addition(&record, &files) };
    let stage = Stage::new(&git, args.dry_run)?;
    let judged = judge(&git, base.as_deref(), &files, &prefix, &dir, context)?;
    let tree = stage.tree(base.as_deref(), &files)?;
    let mut report = Report {
        audit_id: record.audit_id.clone(),
        branch,
        base,
        message,
        files: files.iter().map(|(path, file)| file.row(path)).collect(),
        signed,
        outcome: judged.outcome,
        issues: judged.all().filter(|issue| issue.class != Class::Note).cloned().collect(),
        dry_run: args.dry_run,
        commit: None,
        pushed: false,
        switched: false,
        open: None,
    };
    if !args.dry_run {
        let commit = commit(&git, &tree, &report)?;
        report.switched = switch(&git, &report, &commit, &folder, &prefix, &dir)?;
        report.commit = Some(commit);
        report.open = page(&git, args, &report.branch);
    }
    if args.push {
        git.hand_over(&["push", "--set-upstream", &args.remote, &report.branch]).map_err(|error| {
            error.hint(format!("The branch {} is made; `git push` it when you can.", report.branch))
        })?;
        report.pushed = true;
    }
    context.report("touchstone.submit/1", &report, || text(args, &report))
}

/// Returns the record, if it holds as far as that can be told without a clone and a list of signers.
fn sound(folder: &Folder, args: &Args) -> Result<Record> {
    let report = verify(folder, &Options::default());
    let open = |reason: &str| reason == "no_allowed_signers" || (reason == "unsigned" && args.unsigned);
    if let Some(reason) = report.reasons.iter().find(|reason| !open(reason.reason)) {
        let about = reason.about.as_ref().map(|about| format!("{about}: ")).unwrap_or_default();
        let error = Error::falsity(format!("The record does not hold: {about}{}", reason.message));
        return Err(if reason.reason == "unsigned" {
            error.hint("--unsigned hands it in as it is.")
        } else {
            error.hint(format!("`touchstone verify {}` names everything that is wrong.", shown(&args.record)))
        });
    }
    statement(folder).map(|statement| statement.predicate).map_err(Error::falsity)
}

/// Returns the commit to build upon: the one named, else the remote's main branch, else what is checked out. None in a
/// repository without commits.
fn base(git: &Git, args: &Args) -> Result<Option<String>> {
    let commit = |rev: &str| git.run(&["rev-parse", "-q", "--verify", &format!("{rev}^{{commit}}")]);
    if let Some(rev) = &args.base {
        if rev.starts_with('-') {
            return Err(Error::usage(format!("`{rev}` is not a commit.")));
        }
        return commit(rev).map(Some).map_err(|_| {
            Error::usage(format!("`{rev}` is not a commit of {}.", shown(&args.db))).hint("Fetch it, or name another.")
        });
    }
    let remote = |branch: &str| format!("refs/remotes/{}/{branch}", args.remote);
    let known = [remote("HEAD"), remote("main"), remote("master"), "HEAD".to_owned()];
    Ok(known.iter().find_map(|rev| commit(rev).ok()))
}

/// A file of the commit.
struct Change {
    bytes: Vec<u8>,
    /// The base has it already, with other bytes.
    known: bool,
}

impl Change {
    fn row(&self, path: &str) -> File {
        let change = if self.known { "changed" } else { "new" };
        File { path: path.to_owned(), bytes: self.bytes.len(), change }
    }
}

/// Returns the files to commit, by their path in the repository: the record's and `metadata.json`.
fn files(
    git: &Git,
    base: Option<&str>,
    folder: &Folder,
    record: &Record,
    prefix: &str,
    dir: &Path,
) -> Result<BTreeMap<String, Change>> {
    let target = &record.target.repo;
    let repo = repo_dir(Path::new(prefix), target);
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let there =
        |file: &str| base.map(|base| format!("{base}:{file}")).filter(|rev| git.succeeds(&["cat-file", "-e", rev]));
    if let Some(tree) = there(&path(dir)) {
        return additions(git, &tree, folder, record, dir);
    }
    let mut files: BTreeMap<String, Change> = folder
        .files
        .iter()
        .map(|(file, bytes)| (path(&dir.join(file)), Change { bytes: bytes.clone(), known: false }))
        .collect();
    let names = match there(&path(&repo.join("audits"))) {
        Some(tree) => git.run(&["ls-tree", "--name-only", "-z", &tree])?,
        None => String::new(),
    };
    let names: Vec<&str> = names.split('\0').chain([record.audit_id.as_str()]).collect();
    let dates = names.iter().filter_map(|name| Some(record_name(name)?.1.to_owned()));
    let known =
        Known { last_date: dates.clone().max().unwrap_or_else(|| record.sealed_at.date()), total: dates.count() };
    let metadata = path(&repo.join("metadata.json"));
    let (text, old) = match there(&metadata) {
        None => (create_metadata(record, &known), None),
        Some(blob) => {
            let broken = |why: String| {
                Error::could_not(format!("{metadata} of the base cannot be merged: {why}."))
                    .hint("It is mended in the database first: open a pull request for it alone.")
            };
            let old = String::from_utf8(git.feed(&["cat-file", "blob", &blob], b"")?)
                .map_err(|_| broken("it is not UTF-8".to_owned()))?;
            (merge_metadata(&old, record, &known).map_err(broken)?, Some(old))
        }
    };
    if old.as_ref() != Some(&text) {
        files.insert(metadata, Change { bytes: text.into_bytes(), known: old.is_some() });
    }
    Ok(files)
}

/// Returns what a record has more than the base's copy of it: a signature that was made later, and counter-signatures.
fn additions(git: &Git, tree: &str, folder: &Folder, record: &Record, dir: &Path) -> Result<BTreeMap<String, Change>> {
    let refuse = |what: &str| {
        Err(Error::falsity(format!("{} is in the database already{what}.", record.audit_id))
            .hint("A record is never overwritten. Export again: it gets the next number."))
    };
    let listed = git.run(&["ls-tree", "-r", "-z", "--format=%(objectname) %(path)", tree])?;
    let mut known: BTreeMap<&str, &str> =
        listed.split('\0').filter_map(|line| line.split_once(' ')).map(|(id, path)| (path, id)).collect();
    let mut files = BTreeMap::new();
    for (file, bytes) in &folder.files {
        let id = git.feed(&["hash-object", "--no-filters", "--stdin"], bytes)?;
        match known.remove(file.as_str()) {
            Some(there) if there.as_bytes() == id.trim_ascii() => {}
            Some(_) => return refuse(&format!(", with another {file}")),
            None if file.starts_with(ATTESTATIONS) => {
                let path = dir.join(file).to_string_lossy().into_owned();
                files.insert(path, Change { bytes: bytes.clone(), known: false });
            }
            None => return refuse(&format!(", without {file}")),
        }
    }
    // Somebody's counter-signature that the copy at hand does not have stays where it is.
    if known.keys().any(|file| !file.starts_with(ATTESTATIONS)) {
        return refuse(", with more files");
    }
    if files.is_empty() { refuse("") } else { Ok(files) }
}

impl Stage {
    fn new(git: &Git, dry_run: bool) -> Result<Stage> {
        let dir = tempfile::Builder::new()
            .prefix("touchstone-")
            .tempdir()
            .map_err(|error| Error::io("write", &std::env::temp_dir(), &error))?;
        let mut git = git.clone();
        git.set("GIT_INDEX_FILE", dir.path().join("index"));
        if dry_run {
            // Objects go to a folder of our own, and nothing to the checkout.
            let objects = git.run(&["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
            let own = dir.path().join("objects");
            std::fs::create_dir(&own).map_err(|error| Error::io("write", &own, &error))?;
            git.set("GIT_OBJECT_DIRECTORY", own);
            git.set("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects);
        }
        Ok(Stage { git, _dir: dir })
    }

    /// Writes the base's tree with the files added, and returns its id.
    fn tree(&self, base: Option<&str>, files: &BTreeMap<String, Change>) -> Result<String> {
        let git = &self.git;
        match base {
            Some(base) => git.run(&["read-tree", base])?,
            None => git.run(&["read-tree", "--empty"])?,
        };
        let mut index = Vec::new();
        for (path, file) in files {
            let id = git.feed(&["hash-object", "-w", "--no-filters", "--stdin"], &file.bytes)?;
            let id = String::from_utf8_lossy(&id).trim().to_owned();
            index.extend_from_slice(format!("100644 {id}\t{path}\0").as_bytes());
        }
        git.feed(&["update-index", "-z", "--index-info"], &index)?;
        git.run(&["write-tree"])
    }
}

/// Returns the commit's message.
fn message(record: &Record, signed: bool) -> String {
    let Target { org, repo, .. } = &record.target.repo;
    let pin = &record.target.pin;
    let version = pin.tags.first().cloned().unwrap_or_else(|| pin.commit.short());
    let counts = Severity::ALL.into_iter().map(|severity| (record.count(severity), severity.word()));
    let counts: Vec<String> =
        counts.filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    let findings = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    let text = format!(
        "Add security audit of {org}/{repo} {version}\n\n\
         Audit: {}\nRepository: {}\nCommit: {}\nStandard: {} {}\n\
         Audited score: {} of 100; {} of {} applicable items met\nFindings: {findings}\nSigned: {}\n",
        record.audit_id,
        record.target.repo.url,
        pin.commit,
        record.standard.id,
        record.standard.version,
        record.score.headline,
        record.score.met,
        record.score.applicable,
        if signed { "yes, by the auditor's SSH key; `touchstone verify` checks it" } else { "no" },
    );
    // A tag's name comes from the audited repository.
    display::block(&text).into_owned()
}

/// Returns the message of a commit that adds signatures to a record.
fn addition(record: &Record, files: &BTreeMap<String, Change>) -> String {
    let Target { org, repo, .. } = &record.target.repo;
    let names = files.keys().filter_map(|path| path.rsplit_once('/')).map(|(_, name)| name);
    let logins = names.filter_map(|name| Some(record_name(name.strip_suffix(".json")?)?.0));
    let logins: Vec<&str> = logins.collect();
    let what = if logins.is_empty() {
        "signature".to_owned()
    } else {
        format!("counter-signature of {}", logins.join(" and "))
    };
    let text = format!(
        "Add {what} to an audit of {org}/{repo}\n\nAudit: {}\nRepository: {}\n",
        record.audit_id, record.target.repo.url
    );
    display::block(&text).into_owned()
}

/// Makes the commit and its branch.
fn commit(git: &Git, tree: &str, report: &Report) -> Result<String> {
    let mut words: Vec<&str> = vec!["commit-tree", tree, "-F", "-"];
    // `git commit` would heed it; its plumbing does not.
    if git.run(&["config", "--type=bool", "commit.gpgSign"]).is_ok_and(|on| on == "true") {
        words.push("-S");
    }
    if let Some(base) = &report.base {
        words.extend(["-p", base]);
    }
    let commit = git.feed(&words, report.message.as_bytes()).map_err(|error| {
        error.hint("git needs to know who commits: `git config user.name NAME`, `git config user.email ADDRESS`.")
    })?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    git.run(&["branch", "--no-track", "--", &report.branch, &commit])?;
    Ok(commit)
}

/// Goes over to the new branch where the record was exported right into the checkout: its files would stand there
/// untracked otherwise, in the way of every pull. Nothing in the work tree changes.
fn switch(git: &Git, report: &Report, commit: &str, folder: &Folder, prefix: &str, dir: &Path) -> Result<bool> {
    let top = git.run(&["rev-parse", "--show-toplevel"])?;
    let place = Path::new(&top).join(dir);
    let inside = std::fs::canonicalize(&place).is_ok_and(|place| place == folder.path);
    let here = git.run(&["rev-parse", "-q", "--verify", "HEAD"]).ok();
    if !inside || here != report.base {
        return Ok(false);
    }
    git.run(&["symbolic-ref", "-m", "touchstone submit", "HEAD", &format!("refs/heads/{}", report.branch)])?;
    // The index has the branch's files for the paths that the commit adds; whatever else is staged stays so.
    let paths = report.files.iter().map(|file| {
        let path = file.path.strip_prefix(prefix).unwrap_or(&file.path);
        OsString::from(format!(":(literal){path}"))
    });
    let words = ["reset", "-q", commit, "--"].map(OsString::from);
    git.run(&words.into_iter().chain(paths).collect::<Vec<_>>())?;
    Ok(true)
}

/// Returns the page where a pull request is opened, for a remote at a host that is known to have one.
fn page(git: &Git, args: &Args, branch: &str) -> Option<String> {
    let url = git.run(&["remote", "get-url", "--push", &args.remote]).ok()?;
    let target = Target::parse(&url).ok().filter(|target| target.domain == "github.com")?;
    Some(format!("{}/compare/{branch}?expand=1", target.url))
}

fn text(args: &Args, report: &Report) -> String {
    let line = |text: &str| display::line(text).into_owned();
    let mut out = if report.dry_run { "Nothing was done; this would be:\n\n".to_owned() } else { String::new() };
    out += &format!("branch  {}\n", line(&report.branch));
    out += &match &report.base {
        Some(base) => format!("onto    {}\n", line(base)),
        None => "onto    nothing: the first commit of this repository\n".to_owned(),
    };
    if let Some(commit) = &report.commit {
        out += &format!("commit  {}\n", line(commit));
    }
    out += &format!("files   {}\n", count(report.files.len(), "file", "files"));
    let mut within = "";
    for file in &report.files {
        // The record's folder is named once; its files follow it.
        let split = file.path.find(&report.audit_id).map_or(0, |at| at + report.audit_id.len() + 1);
        let (folder, name) = file.path.split_at(split);
        if folder != within && !folder.is_empty() {
            out += &format!("  {}\n", line(folder));
            within = folder;
        }
        out += &format!("  {:<7} {:>8}  {}\n", file.change, file.bytes, line(name));
    }
    out += "\n";
    for text in report.message.lines() {
        out += format!("    {}", line(text)).trim_end();
        out += "\n";
    }
    out += "\n";
    let outcome = report.outcome.words();
    out += &format!("rules   {outcome}, {}\n", count(report.issues.len(), "remark", "remarks"));
    for issue in &report.issues {
        out += &format!("  {}: {}\n", issue.class.word(), line(&said(issue)));
    }
    out += "\n";
    let db = shown(&args.db);
    let push = format!("git -C {db} push --set-upstream {} {}", line(&args.remote), line(&report.branch));
    if report.dry_run {
        out += &format!("then    {push}   (only with --push)\n");
        return out;
    }
    if report.switched {
        out += "The checkout stands on the new branch; no file in it changed.\n";
    } else {
        out += "The checkout's branch, index and files are as they were.\n";
    }
    if report.pushed {
        out += "pushed\n";
    } else {
        out += &format!("Nothing was pushed. Push it with:\n  {push}\n");
    }
    if let Some(page) = &report.open {
        out += &format!("Then open a pull request:\n  {}\n", line(page));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused_fail() {
        for path in ["../x", "a/../x", "a/..", "/etc/x", "a//x", "./x", "a/.", "", "a/\u{1b}[2J"] {
            assert!(expect_plain(path).is_err(), "{path:?}");
        }
        assert!(expect_plain("audits/github.com/o/r/audits/jo-2026-01-31-001/.gitattributes").is_ok());
    }
}
