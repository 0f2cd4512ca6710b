//! Evidence arguments, shared by every command that takes evidence: they are gathered at the pin and become events.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::export::summary;
use crate::journal::Journal;
use crate::model::audit::Filed;
use crate::model::event::{Event, EvidenceId, Subject};
use crate::model::evidence::{External, Kind, Observation, Query, Reachability, RepoPath};
use crate::model::hash::Sha256;
use crate::model::standard::{LeadKind, Standard};
use crate::model::time::Time;
use crate::repo::{Pin, display};

use super::context::{Context, said};

/// The largest output that is taken as an observation, in bytes.
const OBSERVED_LIMIT: u64 = 1 << 20;

/// Evidence to gather at the pin.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Evidence")]
pub struct Gather {
    /// Lines of a file at the pin, such as src/index.ts:10-24; several make one piece
    #[arg(long = "evidence", value_name = "PATH:A-B")]
    regions: Vec<OsString>,
    /// A regular expression searched in every file at the pin; its hits, or their absence, are the evidence
    #[arg(long, value_name = "REGEX")]
    search: Option<String>,
    /// Search only files that match (a glob without `/` is a file's name; `!GLOB` counts hits there apart)
    #[arg(long = "in", value_name = "GLOB", requires = "search")]
    globs: Vec<String>,
    /// The pattern is plain text
    #[arg(long)]
    literal: bool,
    /// Letters match only in their own case
    #[arg(long = "case")]
    case_sensitive: bool,
    /// A match begins and ends where a word does
    #[arg(long)]
    word: bool,
    /// Run a lead of the standard, such as auth-4.a, as the search
    #[arg(long, value_name = "LEAD")]
    lead: Vec<String>,
    /// A glob over all paths at the pin; what matches, or that nothing does, is the evidence
    #[arg(long, value_name = "GLOB")]
    path_glob: Option<String>,
    /// A regular expression searched in what every commit up to the pin added
    #[arg(long, value_name = "REGEX")]
    history: Option<String>,
    /// Something outside the repository, such as a URL; nobody can check it, and the record says so
    #[arg(long, value_name = "URL", requires = "saw")]
    external: Option<String>,
    /// What was seen there
    #[arg(long, value_name = "TEXT", requires = "external")]
    saw: Option<String>,
    /// A file with the output of a command that you ran (`-` reads standard input); nobody can check it
    #[arg(long, value_name = "FILE", requires = "command")]
    observed: Option<PathBuf>,
    /// The command; touchstone never runs it
    #[arg(long, value_name = "TEXT", requires = "observed")]
    command: Option<String>,
    /// Where it was run: machine, versions, settings
    #[arg(long, value_name = "TEXT", requires = "observed")]
    environment: Option<String>,
    /// A piece that is there already, such as E7
    #[arg(long, value_name = "ID")]
    reuse: Vec<EvidenceId>,
    /// How reachable the code is that it shows
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Reach::NotKnown)]
    pub reachability: Reach,
    /// What new pieces show, in the auditor's words.
    #[arg(skip)]
    pub shows: Option<String>,
}

/// How reachable code is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Reach {
    /// A tool call reaches it
    Reachable,
    /// Shipped, and nothing calls it today
    Latent,
    /// Only tests reach it
    TestOnly,
    /// Not determined
    #[default]
    NotKnown,
}

impl From<Reach> for Reachability {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Reachable => Reachability::Reachable,
            Reach::Latent => Reachability::Latent,
            Reach::TestOnly => Reachability::TestOnly,
            Reach::NotKnown => Reachability::NotKnown,
        }
    }
}

/// Evidence that was gathered: events to record, and what to tell the user.
#[derive(Debug, Default)]
pub struct Gathered {
    pub events: Vec<Event>,
    pub ids: Vec<EvidenceId>,
    pub said: Vec<String>,
}

impl Gather {
    /// Tells whether nothing is to be gathered.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
            && self.search.is_none()
            && self.lead.is_empty()
            && self.path_glob.is_none()
            && self.history.is_none()
            && self.external.is_none()
            && self.observed.is_none()
            && self.reuse.is_empty()
    }

    /// Tells whether pieces that are there are to be used again.
    pub fn reuses(&self) -> bool {
        !self.reuse.is_empty()
    }

    fn needs_pin(&self) -> bool {
        !self.regions.is_empty()
            || self.search.is_some()
            || !self.lead.is_empty()
            || self.path_glob.is_some()
            || self.history.is_some()
    }

    /// Gathers the evidence and attaches it to `subjects`; with none it lies in the inbox.
    ///
    /// # Errors
    /// Where a place is not there, a search proves nothing, or a file cannot be read. Nothing was recorded then.
    pub fn run(&self, context: &Context, journal: &Journal, subjects: &[Subject]) -> Result<Gathered> {
        if (self.literal || self.case_sensitive || self.word) && self.search.is_none() && self.history.is_none() {
            return Err(Error::usage("--literal, --case and --word go with --search or --history."));
        }
        for (option, text) in [("--external", &self.external), ("--saw", &self.saw), ("--command", &self.command)] {
            said(option, text.as_ref())?;
        }
        let now = context.now()?;
        let pin = if self.needs_pin() { Some(context.pin_of(&journal.audit)?) } else { None };
        let mut kinds: Vec<Kind> = Vec::new();
        if let Some(pin) = &pin {
            self.at_pin(pin, &journal.audit.standard, &mut kinds)?;
        }
        if let (Some(source), Some(saw)) = (&self.external, &self.saw) {
            kinds.push(Kind::External(External { source: source.clone(), saw: saw.clone(), at: now }));
        }
        if let (Some(file), Some(command)) = (&self.observed, &self.command) {
            kinds.push(Kind::Observation(observation(file, command, self.environment.clone(), now)?));
        }
        let audit = &journal.audit;
        let Filed { events, ids, .. } = audit.file(kinds, self.reachability.into(), self.shows.as_deref(), subjects);
        let new = |id: &EvidenceId| {
            events.iter().find_map(|event| match event {
                Event::EvidenceAdded { id: one, evidence } if one == id => Some(evidence),
                _ => None,
            })
        };
        let line = |id: &EvidenceId| match audit.now.evidence.get(id) {
            Some(piece) => Some(format!("{id} {} (there already)", summary(&piece.evidence))),
            None => new(id).map(|evidence| format!("{id} {}", summary(evidence))),
        };
        let said = ids.iter().filter_map(line).collect();
        let mut gathered = Gathered { events, ids, said };
        for id in &self.reuse {
            let piece = audit.now.evidence.get(id).ok_or_else(|| {
                Error::usage(format!("There is no evidence {id}.")).hint("`touchstone evidence list` lists all of it.")
            })?;
            gathered.said.push(format!("{id} {}", summary(&piece.evidence)));
            if !gathered.ids.contains(id) {
                gathered.events.extend(audit.attach(*id, subjects));
            }
            gathered.ids.push(*id);
        }
        Ok(gathered)
    }

    fn at_pin(&self, pin: &Pin, standard: &Standard, kinds: &mut Vec<Kind>) -> Result<()> {
        if !self.regions.is_empty() {
            let mut regions = Vec::new();
            for place in &self.regions {
                let (path, first, last) = parse_place(place)?;
                regions.push(pin.region(&path, first, last)?);
            }
            kinds.push(Kind::Code { regions });
        }
        if let Some(pattern) = &self.search {
            let mut query = Query {
                pattern: pattern.clone(),
                literal: self.literal,
                case_sensitive: self.case_sensitive,
                word: self.word,
                ..Query::default()
            };
            query.limit(self.globs.iter().map(String::as_str));
            kinds.push(Kind::Search(pin.search(&query)?));
        }
        for id in &self.lead {
            let lead =
                standard.items().flat_map(|(_, item)| &item.leads).find(|lead| lead.id == *id).ok_or_else(|| {
                    Error::usage(format!("The standard has no lead `{id}`."))
                        .hint("`touchstone leads ITEM` lists an item's.")
                })?;
            if let LeadKind::Glob { pattern } = &lead.kind {
                kinds.push(Kind::Path(pin.paths(pattern)?));
            }
            if let Some(query) = standard.query(lead) {
                kinds.push(Kind::Search(pin.search(&query)?));
            }
        }
        if let Some(glob) = &self.path_glob {
            kinds.push(Kind::Path(pin.paths(glob)?));
        }
        if let Some(pattern) = &self.history {
            kinds.push(Kind::History(pin.history(&Query {
                pattern: pattern.clone(),
                literal: self.literal,
                case_sensitive: self.case_sensitive,
                word: self.word,
                ..Query::default()
            })?));
        }
        Ok(())
    }
}

/// Reads `PATH:A-B` or `PATH:A`. The last colon counts, so that a path may hold one.
pub fn parse_place(place: &OsString) -> Result<(RepoPath, usize, usize)> {
    let wrong =
        || Error::usage(format!("`{}` is not a place such as src/index.ts:10-24.", display::bytes(place.as_bytes())));
    let bytes = place.as_bytes();
    let colon = bytes.iter().rposition(|byte| *byte == b':').ok_or_else(wrong)?;
    let range = std::str::from_utf8(&bytes[colon + 1..]).map_err(|_| wrong())?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| -> Result<usize> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if plain { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    let path = bytes[..colon].strip_prefix(b"./").unwrap_or(&bytes[..colon]);
    Ok((RepoPath(path.to_vec()), number(first)?, number(last)?))
}

fn observation(file: &Path, command: &str, environment: Option<String>, at: Time) -> Result<Observation> {
    let mut bytes = Vec::new();
    let read = |source: &mut dyn std::io::Read, bytes: &mut Vec<u8>| source.take(OBSERVED_LIMIT + 1).read_to_end(bytes);
    let result = if file == Path::new("-") {
        read(&mut std::io::stdin().lock(), &mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| read(&mut file, &mut bytes))
    };
    result.map_err(|error| Error::io("read", file, &error))?;
    if bytes.len() as u64 > OBSERVED_LIMIT {
        return Err(Error::usage(format!("The output has more than {OBSERVED_LIMIT} bytes."))
            .hint("Keep the part that shows it, and say in --command how it was cut."));
    }
    Ok(Observation {
        command: command.to_owned(),
        environment,
        at,
        output: String::from_utf8_lossy(&bytes).into_owned(),
        sha256: Sha256::of(&bytes),
    })
}
