//! Which folders there are to judge, and the work of judging them on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::audit::{Job, MANIFEST, Options, Scratch, Slot, judge};
use super::metadata::{Folder, judge_folder};
use super::range::Range;
use super::report::{AuditReport, Issue, Report};
use super::rules::Id;
use crate::error::{Error, Result};
use crate::model::target::{path_part, record_name};

/// More workers wait for the disk only.
const WORKERS: usize = 8;

/// How far the work is: folders judged, and all of them.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// What there is to judge.
#[derive(Default)]
struct Plan {
    audits: Vec<Job>,
    folders: Vec<Folder>,
    issues: Vec<Issue>,
}

/// One piece of the work.
enum Task {
    Audit(Job),
    Folder(Folder),
}

/// What came of it.
enum Done {
    Audit(Box<AuditReport>),
    Folder(Vec<Issue>),
}

/// Judges a database, the folder of one repository in it, or one audit. With a range, only what it touches.
///
/// Returns nothing once `stop` holds.
///
/// # Errors
/// Where there is no audit at the path, or it cannot be read.
pub fn validate(
    path: &Path,
    range: Option<Range>,
    options: &Options<'_>,
    stop: &(dyn Fn() -> bool + Sync),
    progress: Progress<'_>,
) -> Result<Option<Report>> {
    let path = std::fs::canonicalize(path).map_err(|error| {
        Error::io("read", path, &error).hint("Name a database, a repository's folder in it, or an audit.")
    })?;
    if !path.is_dir() {
        return Err(Error::could_not(format!("{} is not a folder.", path.display())));
    }
    let mut plan = plan(&path, range.is_some())?;
    let mut label = None;
    if let Some(range) = range {
        plan.limit(&range);
        plan.issues.extend(range.issues);
        label = Some(range.label);
    }
    let mut tasks: Vec<Task> = plan.folders.into_iter().map(Task::Folder).collect();
    tasks.extend(plan.audits.into_iter().map(Task::Audit));
    let Some(done) = work(&tasks, options, stop, progress) else { return Ok(None) };
    let (mut audits, mut issues) = (Vec::new(), plan.issues);
    for done in done {
        match done {
            Done::Audit(report) => audits.push(*report),
            Done::Folder(found) => issues.extend(found),
        }
    }
    audits.sort_by(|a, b| a.path.cmp(&b.path));
    issues.sort_by(|a, b| (&a.file, a.line, a.rule, &a.reason).cmp(&(&b.file, b.line, b.rule, &b.reason)));
    Ok(Some(Report::new(audits, issues, options.strict, label)))
}

/// Does the work on all cores. What is found comes back in the order of the tasks, whoever was first.
fn work(
    tasks: &[Task],
    options: &Options<'_>,
    stop: &(dyn Fn() -> bool + Sync),
    progress: Progress<'_>,
) -> Option<Vec<Done>> {
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS).min(tasks.len().max(1));
    let mut found: Vec<(usize, Done)> = std::thread::scope(|scope| {
        let one = || {
            let mut scratch = Scratch::default();
            let mut found = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = tasks.get(index).filter(|_| !stop()) else { return found };
                found.push((
                    index,
                    match task {
                        Task::Audit(job) => Done::Audit(Box::new(judge(job, options, &mut scratch))),
                        Task::Folder(folder) => Done::Folder(judge_folder(folder, &mut scratch)),
                    },
                ));
                progress(finished.fetch_add(1, Ordering::Relaxed) + 1, tasks.len());
            }
        };
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(one)).collect();
        running.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    if found.len() != tasks.len() {
        return None;
    }
    found.sort_by_key(|(index, _)| *index);
    Some(found.into_iter().map(|(_, done)| done).collect())
}

/// Returns the folder of the database around a repository's folder, and where the repository belongs.
fn around(repository: &Path) -> Option<(PathBuf, Slot)> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let org = repository.parent()?;
    let domain = org.parent()?;
    let audits = domain.parent()?;
    let slot = Slot { domain: name(domain)?, org: name(org)?, repo: name(repository)? };
    (name(audits)? == "audits" && slot.domain.contains('.')).then_some((audits.parent()?.to_owned(), slot))
}

fn plan(path: &Path, range: bool) -> Result<Plan> {
    let is_audit = |dir: &Path| dir.join(MANIFEST).symlink_metadata().is_ok() || named(dir);
    let parent = path.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "audits"));
    let below = path.join("audits");
    if below.symlink_metadata().is_err_and(|_| is_audit(path) || parent.is_some()) {
        return Ok(one_audit(path));
    }
    let children = subfolders(&below)?;
    let repository = path.join("metadata.json").symlink_metadata().is_ok()
        || children.iter().any(|name| is_audit(&below.join(name)));
    if repository && !range {
        return Ok(one_repository(path));
    }
    let plan = whole(path);
    if plan.audits.is_empty() && plan.issues.is_empty() && !range {
        return Err(Error::could_not(format!("There is no audit in {}.", path.display())).hint(
            "Name a checkout of the database (with its folder `audits`), a repository's folder in it, or an audit.",
        ));
    }
    Ok(plan)
}

fn named(dir: &Path) -> bool {
    dir.file_name().and_then(|name| name.to_str()).is_some_and(|name| record_name(name).is_some())
}

fn subfolders(dir: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(dir).map_err(|error| {
        Error::io("read", dir, &error)
            .hint("Name a checkout of the database, a repository's folder in it, or an audit.")
    })?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// One audit: its neighbours in the database are read by name only.
fn one_audit(path: &Path) -> Plan {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let repository = path.parent().and_then(Path::parent);
    let Some((db, slot)) = repository.and_then(around) else {
        let job = Job {
            dir: path.to_owned(),
            shown: String::new(),
            name,
            slot: None,
            fresh: false,
            prior: Vec::new(),
            first: None,
        };
        return Plan { audits: vec![job], ..Plan::default() };
    };
    let mut plan = whole(&db);
    plan.audits.retain(|job| job.dir == path);
    plan.folders.retain(|folder| folder.slot.as_ref() == Some(&slot));
    plan.issues.clear();
    plan
}

fn one_repository(path: &Path) -> Plan {
    if let Some((db, slot)) = around(path) {
        let mut plan = whole(&db);
        plan.audits.retain(|job| job.slot.as_ref() == Some(&slot));
        plan.folders.retain(|folder| folder.slot.as_ref() == Some(&slot));
        plan.issues
            .retain(|issue| issue.file.starts_with(&format!("audits/{}/{}/{}/", slot.domain, slot.org, slot.repo)));
        return plan;
    }
    let mut plan = Plan::default();
    plan.repository(path, "", None);
    plan.relate();
    plan
}

/// Lists a whole database by name.
fn whole(db: &Path) -> Plan {
    let mut plan = Plan::default();
    for domain in plan.folders_in(&db.join("audits"), "audits") {
        for org in plan.folders_in(&domain.0, &domain.1) {
            for repo in plan.folders_in(&org.0, &org.1) {
                let name = |shown: &str| shown.rsplit('/').next().unwrap_or_default().to_owned();
                let slot = Slot { domain: name(&domain.1), org: name(&org.1), repo: name(&repo.1) };
                plan.repository(&repo.0, &repo.1, Some(slot));
            }
        }
    }
    plan.relate();
    plan
}

impl Plan {
    /// Lists the folders in one, by name. What is no folder and no file is an issue.
    fn folders_in(&mut self, dir: &Path, shown: &str) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return found,
            Err(error) => {
                self.issues.push(Issue::general(Id::Unreadable, shown, None, format!("it cannot be read: {error}")));
                return found;
            }
        };
        for entry in entries {
            let Ok((entry, kind)) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) else {
                self.issues.push(Issue::general(Id::Unreadable, shown, None, "a part of it cannot be read".to_owned()));
                continue;
            };
            let name = entry.file_name();
            let path = format!("{shown}/{}", name.to_string_lossy()).trim_start_matches('/').to_owned();
            if !kind.is_dir() && !kind.is_file() {
                let reason = "it is a link or something else that is no folder".to_owned();
                self.issues.push(Issue::general(Id::NotRegular, &path, None, reason));
            } else if kind.is_dir() {
                if !name.to_str().is_some_and(path_part) {
                    let reason = format!("the name `{}`", name.to_string_lossy());
                    self.issues.push(Issue::general(Id::StrangeName, &path, None, reason));
                }
                found.push((entry.path(), path));
            }
        }
        found.sort();
        found
    }

    fn repository(&mut self, dir: &Path, shown: &str, slot: Option<Slot>) {
        let below = if shown.is_empty() { "audits".to_owned() } else { format!("{shown}/audits") };
        let audits = self.folders_in(&dir.join("audits"), &below);
        let mut names = Vec::new();
        for (dir, shown) in audits {
            let name = shown.rsplit('/').next().unwrap_or_default().to_owned();
            names.push(name.clone());
            let slot = slot.clone();
            self.audits.push(Job { dir, shown, name, slot, fresh: false, prior: Vec::new(), first: None });
        }
        if !names.is_empty() || dir.join("metadata.json").symlink_metadata().is_ok() {
            self.folders.push(Folder { dir: dir.to_owned(), shown: shown.to_owned(), slot, names });
        }
    }

    /// Finds earlier audits: of the repository, and of the login.
    fn relate(&mut self) {
        let key = |job: &Job| {
            record_name(&job.name).map(|(login, date, number)| {
                (
                    login.to_ascii_lowercase(),
                    (date.to_owned(), number.parse::<u64>().unwrap_or(u64::MAX), job.shown.clone()),
                )
            })
        };
        let mut earliest: BTreeMap<String, (String, u64, String)> = BTreeMap::new();
        let mut of_repository: BTreeMap<Option<PathBuf>, Vec<(String, String)>> = BTreeMap::new();
        for job in &self.audits {
            let Some((login, at)) = key(job) else { continue };
            of_repository
                .entry(job.dir.parent().map(Path::to_owned))
                .or_default()
                .push((at.0.clone(), job.name.clone()));
            match earliest.get(&login) {
                Some(known) if *known <= at => {}
                _ => drop(earliest.insert(login, at)),
            }
        }
        for job in &mut self.audits {
            let Some((login, at)) = key(job) else { continue };
            let repository = of_repository.get(&job.dir.parent().map(Path::to_owned)).into_iter().flatten();
            let before = |other: &&(String, String)| (&other.0, &other.1) < (&at.0, &job.name);
            let mut prior: Vec<&(String, String)> = repository.filter(before).collect();
            prior.sort();
            job.prior = prior.into_iter().map(|(_, name)| name.clone()).collect();
            job.first = job.slot.is_some().then(|| earliest.get(&login) == Some(&at));
        }
    }

    /// Keeps what a range touches.
    fn limit(&mut self, range: &Range) {
        let there: BTreeSet<String> = self.audits.iter().map(|job| job.shown.clone()).collect();
        for path in range.fresh.iter().chain(&range.changed).filter(|path| !there.contains(*path)) {
            let reason = "the range has it, and the work tree has not".to_owned();
            self.issues.push(Issue::general(Id::Unreadable, path, None, reason));
        }
        self.audits.retain(|job| range.fresh.contains(&job.shown) || range.changed.contains(&job.shown));
        for job in &mut self.audits {
            job.fresh = range.fresh.contains(&job.shown);
        }
        self.folders.retain(|folder| range.repositories.contains(&folder.shown));
        self.issues.retain(|issue| {
            let touched = |path: &String| issue.file.starts_with(path.as_str()) || path.starts_with(&issue.file);
            range.fresh.iter().chain(&range.changed).chain(&range.repositories).any(touched)
        });
    }
}
