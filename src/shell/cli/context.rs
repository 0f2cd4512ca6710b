//! What every subcommand needs: folders, clock, the audit that is meant, the clone, the way out to the terminal.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Global;
use crate::config::{Config, Paths};
use crate::error::{Error, Result};
use crate::journal::{Journal, Store, View};
use crate::model::audit::Audit;
use crate::model::event::Event;
use crate::model::hash::ObjectId;
use crate::model::score::Slot;
use crate::model::time::Time;
use crate::repo::{Pin, Repo, display};
use crate::shell::clock;
use crate::shell::workbench::Held;

/// The environment of one call.
pub struct Context {
    pub global: Global,
    /// Nothing is printed while this is set: the demo plays commands and tells its own story.
    pub quiet: bool,
    /// The one folder that everything goes to, while the demo plays.
    pub home: Option<PathBuf>,
}

/// A report with the name of its schema.
#[derive(Serialize)]
struct Schemed<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

impl Context {
    pub fn new(global: Global) -> Self {
        Context { global, quiet: false, home: None }
    }

    fn var(name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|value| !value.is_empty())
    }

    pub fn now(&self) -> Result<Time> {
        clock::now()
    }

    pub fn paths(&self) -> Result<Paths> {
        if let Some(home) = &self.home {
            return Ok(Paths { data: home.join("data"), config: home.join("config") });
        }
        Paths::find(self.global.data_dir.as_deref(), &Context::var)
    }

    /// Returns the folder for what can be made again, if there is one.
    pub fn cache(&self) -> Option<PathBuf> {
        match &self.home {
            Some(home) => Some(home.join("cache")),
            None => Paths::cache(&Context::var),
        }
    }

    pub fn config(&self) -> Result<Config> {
        Config::load(&self.paths()?.config_file())
    }

    pub fn store(&self) -> Result<Store> {
        Ok(Store::new(&self.paths()?.data))
    }

    /// Returns the folder from which a clone is looked for.
    pub fn clone_path(&self) -> PathBuf {
        self.global.repo.clone().unwrap_or_else(|| PathBuf::from("."))
    }

    /// Returns the name of the audit that is meant: the one named, else the one opened last for the clone.
    pub fn audit_name(&self) -> Result<String> {
        if let Some(name) = &self.global.audit {
            return Ok(name.clone());
        }
        let repo = Repo::discover(&self.clone_path())
            .map_err(|error| error.hint("Or name the audit with --audit; `touchstone audits` lists them."))?;
        let store = self.store()?;
        let here = std::fs::canonicalize(self.clone_path()).unwrap_or_default();
        let mut audits: Vec<(bool, Time, String)> = Vec::new();
        for name in store.names()? {
            if let Some(place) = store.place(&name)
                && place.git_dir == repo.git_dir()
            {
                // Several work trees can share one clone: the audit that was opened in this one comes first.
                audits.push((here.starts_with(&place.path), place.opened_at, name));
            }
        }
        audits.sort();
        audits
            .pop()
            .map(|(_, _, name)| name)
            .ok_or_else(|| Error::usage("This clone has no audit yet.").hint("`touchstone open` starts one."))
    }

    /// Opens the audit that is meant for writing. A torn write that was mended is reported.
    pub fn journal(&self) -> Result<Journal> {
        self.journal_of(&self.audit_name()?)
    }

    /// Opens the audit of this name for writing. A torn write that was mended is reported.
    pub fn journal_of(&self, name: &str) -> Result<Journal> {
        let journal = self.store()?.open(name)?;
        tell_recovered(&journal);
        Ok(journal)
    }

    /// Opens the audit of this name for writing, or for reading where another process writes it.
    pub fn held(&self, name: &str) -> Result<Held> {
        let held = Held::open(&self.store()?, name)?;
        if let Held::Journal(journal) = &held {
            tell_recovered(journal);
        }
        Ok(held)
    }

    /// Reads the audit that is meant.
    pub fn view(&self) -> Result<View> {
        self.store()?.view(&self.audit_name()?)
    }

    /// Opens the clone of an audit.
    pub fn repo_of(&self, audit: &Audit) -> Result<Repo> {
        let opened = &audit.now.opened;
        let known = self.store()?.place(&opened.audit).map(|place| place.path);
        let path = self.global.repo.clone().or(known).unwrap_or_else(|| PathBuf::from("."));
        Repo::discover(&path)
    }

    /// Opens the clone of an audit at its pin.
    pub fn pin_of(&self, audit: &Audit) -> Result<Pin> {
        let opened = &audit.now.opened;
        self.repo_of(audit)?.pin(opened.pin.commit, &opened.scope)
    }

    /// Opens the clone and finds the commit that is meant: the one named, else the audit's pin.
    pub fn commit(&self, rev: Option<&str>) -> Result<(Repo, ObjectId)> {
        match (rev, self.global.audit.is_some()) {
            // What is named can be read without an audit.
            (Some(rev), false) => {
                let repo = Repo::discover(&self.clone_path())?;
                let commit = repo.resolve(rev)?;
                Ok((repo, commit))
            }
            (rev, _) => {
                let audit = self.view()?.audit;
                let repo = self.repo_of(&audit)?;
                let commit = rev.map_or(Ok(audit.now.opened.pin.commit), |rev| repo.resolve(rev))?;
                Ok((repo, commit))
            }
        }
    }

    /// Prints a report: as text, or with `--json` as JSON with its schema's name. The text has passed the door for outside
    /// text field by field; it passes as a whole once more, since what is shown must never depend on one place.
    pub fn report<T: Serialize>(&self, schema: &str, body: &T, text: impl FnOnce() -> String) -> Result<()> {
        if self.quiet {
            return Ok(());
        }
        if self.global.json {
            return self.report_json(schema, body);
        }
        self.print(&display::block(&text()))
    }

    /// Prints a report as JSON with its schema's name.
    pub fn report_json<T: Serialize>(&self, schema: &str, body: &T) -> Result<()> {
        let json = display::json(&Schemed { schema, body }, true)
            .map_err(|error| Error::could_not(format!("Could not write JSON: {error}.")))?;
        self.print(&(json + "\n"))
    }

    /// Prints text that needs no door: a script, a manual page, a file of our own.
    pub fn print(&self, text: &str) -> Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Error::could_not(format!("Could not print: {error}."))),
            Ok(()) => Ok(()),
        }
    }

    /// Writes an act to the journal.
    pub fn act(&self, journal: &mut Journal, events: Vec<Event>) -> Result<()> {
        journal.act(events, self.now()?)
    }
}

fn tell_recovered(journal: &Journal) {
    if let Some(note) = &journal.recovered {
        let _ = writeln!(std::io::stderr(), "touchstone: {}", display::line(note));
    }
}

/// Returns the slots that an item or fact is answered in: all of `--mode all`, the one of `--mode M`, or the only one.
pub fn slots(audit: &Audit, id: &str, mode: Option<&str>) -> Result<Vec<Slot>> {
    let standard = &audit.standard;
    let per_mode = match (standard.item(id), standard.fact(id)) {
        (Some((dimension, _)), _) => dimension.per_mode,
        (None, Some(fact)) => fact.per_mode,
        (None, None) => {
            let mut error = Error::usage(format!("The standard has no item or fact `{id}`."));
            let near: Vec<&str> = standard
                .items()
                .map(|(_, item)| item.id.as_str())
                .filter(|known| strsim::damerau_levenshtein(known, &id.to_lowercase()) <= 2)
                .take(8)
                .collect();
            if !near.is_empty() {
                error = error.hint(format!("Near it: {}.", near.join(", ")));
            }
            return Err(error.hint("`touchstone standard show` lists all items."));
        }
    };
    let modes = &audit.now.modes;
    if !per_mode {
        return match mode {
            None | Some("all") => Ok(vec![Slot::once(id)]),
            Some(_) => Err(Error::usage(format!("{id} is answered once, not per mode.")).hint("Leave --mode out.")),
        };
    }
    match (mode, modes.as_slice()) {
        (_, []) => Err(Error::usage(format!("{id} is answered per mode, and no mode is declared yet."))
            .hint("Declare each mode that the server ships: `touchstone open --mode stdio --mode http`.")),
        (Some("all"), modes) => Ok(modes.iter().map(|mode| Slot::in_mode(id, mode)).collect()),
        (Some(mode), modes) if modes.iter().any(|known| known == mode) => Ok(vec![Slot::in_mode(id, mode)]),
        (Some(mode), modes) => Err(Error::usage(format!("The mode `{mode}` is not declared."))
            .hint(format!("Declared: {}. `touchstone open --mode {mode}` adds it.", modes.join(", ")))),
        (None, [only]) => Ok(vec![Slot::in_mode(id, only)]),
        (None, modes) => Err(Error::usage(format!("{id} is answered per mode; say which."))
            .hint(format!("--mode {}, or --mode all.", modes.join(" or --mode ")))),
    }
}

/// Returns a path as the user typed it, for a message.
pub fn shown(path: &Path) -> String {
    display::line(&path.display().to_string()).into_owned()
}

/// Refuses a text that an option must bring and that says nothing.
pub fn said(option: &str, text: Option<&String>) -> Result<()> {
    match text {
        Some(text) if text.trim().is_empty() => Err(Error::usage(format!("{option} is empty."))),
        _ => Ok(()),
    }
}
