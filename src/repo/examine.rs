//! What a text cites, examined at a pin: whether the cited lines are the quoted ones, and where those are if not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::display;
use super::pin::{Content, Entry, EntryKind, Pin};
use super::quote::{Fit, Lines, Quote, Spot, Words};
use crate::model::evidence::RepoPath;

/// Larger texts are compared with the cited lines only, in bytes.
const LARGE: usize = 8 << 20;
/// Bytes of other files that are looked through, all together.
const ELSEWHERE: u64 = 1 << 30;
/// Steps that comparing with the cited files may take, all together.
const STEPS: usize = 1 << 31;
/// Files of one name that are looked at where a path is cut short.
const NAMESAKES: usize = 8;
/// How much of a quote has to be somewhere, in thousandths, for that to be its place.
const PLACED: usize = 500;
/// How much of it makes its cited place its place, even if all of it is in another file.
const STAYS: usize = 800;
/// How much of it is worth a word.
const SOME: usize = 150;
/// Places of a quote that are compared in full in other files.
const CANDIDATES: usize = 64;

/// What a text says of code: a file, lines of it, and what it quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cited {
    /// The file, as the text names it.
    pub path: Option<RepoPath>,
    /// Lines, from 1, first and last.
    pub ranges: Vec<(usize, usize)>,
    /// The quoted lines.
    pub quote: Option<String>,
}

/// What an examination came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The cited lines are the quoted ones, byte for byte, line ends aside.
    Exact,
    /// They are the quoted ones but for white space.
    WhiteSpace,
    /// The cited lines hold all of the quote in its order, and more.
    Held,
    /// Only a part of the quote stands in the cited lines, or only a part of it is there at all.
    Partly,
    /// The quote is in other lines, or in another file.
    Elsewhere,
    /// It is not there; or the lines are not.
    NotFound,
    /// There is nothing to compare, or it could not be compared.
    NotCheckable,
}

impl State {
    /// Every one, the best first.
    pub const ALL: [State; 7] = [
        State::Exact,
        State::WhiteSpace,
        State::Held,
        State::Partly,
        State::Elsewhere,
        State::NotFound,
        State::NotCheckable,
    ];

    /// Returns its name for people.
    pub fn word(self) -> &'static str {
        match self {
            State::Exact => "exact",
            State::WhiteSpace => "white space",
            State::Held => "held",
            State::Partly => "partly",
            State::Elsewhere => "elsewhere",
            State::NotFound => "not found",
            State::NotCheckable => "not checkable",
        }
    }

    /// Tells whether the citation is true.
    pub fn holds(self) -> bool {
        matches!(self, State::Exact | State::WhiteSpace | State::Held)
    }
}

/// Why there is nothing to compare, or why it could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing is quoted: the lines exist, and that is all there is to say.
    NoQuote,
    /// Code is quoted and no file is named.
    NoPath,
    /// What is quoted is no code of the repository: a command, an example, a proposal.
    NotCode,
    /// The pin has no such file.
    NoFile,
    /// The file is no text.
    NotText,
    /// The file or the quote is too large to be compared.
    TooLarge,
    /// The file could not be read.
    Unreadable,
    /// The citation names a commit that this clone does not have.
    NoCommit,
    /// The citation names a branch, which moves.
    NoPin,
    /// The citation names another repository.
    OtherRepository,
}

impl Why {
    /// Tells whether a better clone or program could check it. Otherwise nobody can: nothing is claimed.
    pub fn could_not(self) -> bool {
        matches!(self, Why::NoFile | Why::NotText | Why::TooLarge | Why::Unreadable | Why::NoCommit | Why::NoPin)
    }
}

/// Where a quote stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: RepoPath,
    /// First line.
    pub first: usize,
    /// Last line.
    pub last: usize,
    /// How well it fits.
    pub fit: Fit,
    /// The quote leaves lines out and says so.
    pub elided: bool,
    /// How many of the quote's lines are there, blank ones and those that say "and so on" not counted.
    pub there: usize,
    /// The quote's lines that are not there, as ranges of its own numbers, from 1.
    pub missing: Vec<(usize, usize)>,
    /// The quote's lines that are there but for a comment at their end.
    pub commented: Vec<usize>,
    /// Only brackets and other signs are missing.
    pub signs_only: bool,
}

/// What is known of a citation after it was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// What it came to.
    pub state: State,
    /// Why it is not checkable, or why it is not found where the quote is nowhere.
    pub why: Option<Why>,
    /// A sentence on it. It holds text from outside only as the door shows it.
    pub reason: String,
    /// How many lines the quote has, blank ones and those that say "and so on" not counted.
    pub lines: usize,
    /// How many of them stand in the cited lines.
    pub held: usize,
    /// Where the quote stands.
    pub found: Option<Found>,
    /// Other places that are as good; not all of them, if they are many.
    pub also: Vec<(RepoPath, usize, usize)>,
    /// There are several places and nothing tells which is meant.
    pub ambiguous: bool,
    /// What the citation should say.
    pub proposal: Option<Proposal>,
}

/// What a citation should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The file, where it is another.
    pub path: Option<RepoPath>,
    /// First line.
    pub first: usize,
    /// Last line.
    pub last: usize,
}

impl Examined {
    /// Returns the outcome where nothing could be compared.
    pub fn not_checkable(why: Why, reason: impl Into<String>) -> Examined {
        Examined { why: Some(why), ..Examined::new(State::NotCheckable, reason) }
    }

    fn new(state: State, reason: impl Into<String>) -> Examined {
        Examined {
            state,
            why: None,
            reason: reason.into(),
            lines: 0,
            held: 0,
            found: None,
            also: Vec::new(),
            ambiguous: false,
            proposal: None,
        }
    }
}

/// A quote's best place so far.
struct Candidate {
    path: RepoPath,
    spot: Spot,
    /// It is in the cited file.
    own: bool,
}

impl Candidate {
    fn whole(&self) -> bool {
        self.spot.fit < Fit::Part
    }
}

/// A citation with a quote, while it is examined.
struct Case<'a> {
    at: usize,
    cited: &'a Cited,
    quote: Quote,
    /// Files that the path may mean.
    files: Vec<usize>,
    own: Option<Candidate>,
    other: Option<Candidate>,
    /// Other files that have a place as good as `other`.
    others: Vec<(RepoPath, usize, usize)>,
    tried: usize,
    /// The cited lines are the quote, byte for byte.
    exact: bool,
    /// How many of the quote's lines are among the cited ones, in any order.
    among: usize,
    /// Why the cited file could not be looked through.
    unread: Option<(Why, String)>,
}

impl Pin {
    /// Examines one citation at the pin; see [`Pin::examine_all`].
    pub fn examine(&self, cited: &Cited) -> Examined {
        let mut all = self.examine_all(std::slice::from_ref(cited));
        all.pop().unwrap_or_else(|| Examined::not_checkable(Why::Unreadable, "Nothing was examined."))
    }

    /// Examines citations at the pin: first the cited lines, then the rest of the file, then every other text file, which
    /// are read once for all citations.
    pub fn examine_all(&self, all: &[Cited]) -> Vec<Examined> {
        let mut words = Words::default();
        let mut done: Vec<Option<Examined>> = Vec::with_capacity(all.len());
        let mut cases = Vec::new();
        for (at, cited) in all.iter().enumerate() {
            let files = cited.path.as_ref().map(|path| self.meant(path)).unwrap_or_default();
            let quote = cited.quote.as_deref().map(|text| (text, Quote::new(text, &mut words)));
            done.push(match quote {
                None => Some(self.without_quote(cited, &files)),
                Some((text, None)) if text.trim().is_empty() => Some(self.without_quote(cited, &files)),
                Some((_, None)) => Some(Examined::not_checkable(
                    Why::TooLarge,
                    "The quote is too long to be compared, or says nothing.",
                )),
                Some((_, Some(quote))) => {
                    let (own, other, others) = (None, None, Vec::new());
                    let (tried, exact, among, unread) = (0, false, 0, None);
                    cases.push(Case { at, cited, quote, files, own, other, others, tried, exact, among, unread });
                    None
                }
            });
        }
        self.look_in_files(&mut cases, &words);
        let unsearched = self.look_elsewhere(&mut cases, &words);
        for case in cases {
            let (at, examined) = (case.at, self.decide(case, unsearched.as_deref()));
            if let Some(slot) = done.get_mut(at) {
                *slot = Some(examined);
            }
        }
        done.into_iter()
            .map(|one| one.unwrap_or_else(|| Examined::not_checkable(Why::Unreadable, "It was not examined.")))
            .collect()
    }

    /// Returns the entries that a path means: the one of that path, else those whose paths end with it.
    fn meant(&self, path: &RepoPath) -> Vec<usize> {
        let wanted = path.0.strip_prefix(b"./").unwrap_or(&path.0);
        let wanted = wanted.strip_prefix(b"/").unwrap_or(wanted);
        let entries = self.entries();
        if let Ok(at) = entries.binary_search_by(|entry| entry.path.0.as_slice().cmp(wanted)) {
            return vec![at];
        }
        let ends = |entry: &Entry| {
            entry.path.0.strip_suffix(wanted).is_some_and(|rest| rest.ends_with(b"/")) && !wanted.is_empty()
        };
        entries.iter().enumerate().filter(|(_, entry)| ends(entry)).map(|(at, _)| at).take(NAMESAKES + 1).collect()
    }

    /// Returns an entry's text, or why it has none.
    fn text_at(&self, entry: &Entry) -> Result<Arc<[u8]>, (Why, String)> {
        let path = display::bytes(&entry.path.0);
        match entry.kind {
            EntryKind::Symlink => return Err((Why::NotText, format!("{path} is a symbolic link."))),
            EntryKind::Submodule => return Err((Why::NotText, format!("{path} is a submodule."))),
            EntryKind::File | EntryKind::Executable => {}
        }
        match self.content(entry.oid) {
            Ok(Content::Text(bytes)) => Ok(bytes),
            Ok(Content::Binary(_)) => Err((Why::NotText, format!("{path} is binary."))),
            Ok(Content::TooLarge(size)) => Err((Why::TooLarge, format!("{path} has {size} bytes."))),
            Err(error) => Err((Why::Unreadable, display::line(&error.message).into_owned())),
        }
    }

    fn no_file(&self, path: &RepoPath) -> (Why, String) {
        (Why::NoFile, format!("{} is not in {}.", display::bytes(&path.0), self.commit().short()))
    }

    fn without_quote(&self, cited: &Cited, files: &[usize]) -> Examined {
        let Some(path) = &cited.path else {
            return Examined::not_checkable(Why::NoPath, "No file is named.");
        };
        let entry = match files {
            [] => {
                let (why, reason) = self.no_file(path);
                return Examined::not_checkable(why, reason);
            }
            [only] => &self.entries()[*only],
            _ => {
                let reason = format!("{} could be any of several files.", display::bytes(&path.0));
                return Examined { ambiguous: true, ..Examined::not_checkable(Why::NoQuote, reason) };
            }
        };
        let text = match self.text_at(entry) {
            Ok(text) => text,
            Err((why, reason)) => return Examined::not_checkable(why, reason),
        };
        let count = super::line_count(&text);
        if let Some((first, last)) =
            cited.ranges.iter().find(|(first, last)| *first == 0 || first > last || *last > count)
        {
            let reason = if *first == 0 || first > last {
                format!("Lines {first} to {last} are not a range.")
            } else {
                format!("The file ends at line {count}; there is no line {last}.")
            };
            return Examined::new(State::NotFound, reason);
        }
        let what = if cited.ranges.is_empty() { "The file exists" } else { "The lines exist" };
        Examined::not_checkable(Why::NoQuote, format!("{what}; nothing is quoted that could be compared."))
    }

    /// Looks for every quote in the files that its citation may mean; each file is read once.
    fn look_in_files(&self, cases: &mut [Case<'_>], words: &Words) {
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, case) in cases.iter_mut().enumerate() {
            if let (Some(path), []) = (&case.cited.path, case.files.as_slice()) {
                case.unread = Some(self.no_file(path));
            }
            for at in &case.files {
                wanted.entry(*at).or_default().push(number);
            }
        }
        let mut steps = 0;
        for (at, numbers) in wanted {
            let Some(entry) = self.entries().get(at) else { continue };
            let path = display::bytes(&entry.path.0);
            let text = self.text_at(entry);
            let lines = text.as_ref().ok().filter(|text| text.len() <= LARGE).map(|text| Lines::new(text, words));
            for number in numbers {
                let Some(case) = cases.get_mut(number) else { continue };
                let text = match &text {
                    Ok(text) => text,
                    Err(why) => {
                        case.unread.get_or_insert(why.clone());
                        continue;
                    }
                };
                let cited = &case.cited.ranges;
                if let [(first, last)] = cited.as_slice() {
                    case.exact |= cut(text, *first, *last).is_some_and(|bytes| case.quote.is(bytes));
                }
                let Some(lines) = lines.as_ref().filter(|_| steps < STEPS) else {
                    let reason = format!("{path} is too large; only the cited lines were compared.");
                    case.unread.get_or_insert((Why::TooLarge, reason));
                    continue;
                };
                steps += lines.cost(&case.quote);
                case.among = case.among.max(lines.among(&case.quote, cited));
                let spot = lines.whole(&case.quote, cited).or_else(|| lines.part(&case.quote, cited));
                let Some(spot) = spot else { continue };
                let new = Candidate { path: entry.path.clone(), spot, own: true };
                match &case.own {
                    Some(old) if better(&old.spot, &new.spot) => {}
                    Some(old) if !better(&new.spot, &old.spot) => {
                        case.others.push((new.path, new.spot.first, new.spot.last));
                    }
                    _ => case.own = Some(new),
                }
            }
        }
    }

    /// Looks through all other files for what is not whole in its own. Returns a sentence on what was not looked through.
    fn look_elsewhere(&self, cases: &mut [Case<'_>], words: &Words) -> Option<String> {
        let mut by_word: HashMap<u32, Vec<(usize, usize)>> = HashMap::new();
        let mut totals = vec![0; cases.len()];
        for (at, case) in cases.iter().enumerate() {
            let settled = case.exact || case.own.as_ref().is_some_and(Candidate::whole) || case.quote.is_little();
            if settled {
                continue;
            }
            case.quote.each(|id, letters| by_word.entry(id).or_default().push((at, letters)));
            totals[at] = case.quote.letters();
        }
        if by_word.is_empty() {
            return None;
        }
        let (mut read, mut large, mut unread, mut steps) = (0, 0, 0, 0);
        // When a line was last seen: in which file.
        let mut seen = vec![usize::MAX; words.len()];
        let mut sums = vec![0; cases.len()];
        for (at, entry) in self.entries().iter().enumerate().filter(|(_, entry)| entry.is_file()) {
            if read > ELSEWHERE || steps > STEPS {
                unread += 1;
                continue;
            }
            let text = match self.text_at(entry) {
                Ok(text) if text.len() <= LARGE => text,
                Ok(_) | Err((Why::TooLarge, _)) => {
                    large += 1;
                    continue;
                }
                Err((Why::Unreadable, _)) => {
                    unread += 1;
                    continue;
                }
                Err(_) => continue,
            };
            read += text.len() as u64;
            let lines = Lines::new(&text, words);
            sums.fill(0);
            for id in lines.ids() {
                let Some(last) = seen.get_mut(id as usize).filter(|last| **last != at) else { continue };
                *last = at;
                let cases = by_word.get(&id).map(Vec::as_slice).unwrap_or_default();
                steps += cases.len();
                for (case, letters) in cases {
                    sums[*case] += letters;
                }
            }
            for (number, case) in cases.iter_mut().enumerate() {
                let enough = totals[number] > 0 && sums[number] * 1000 >= totals[number] * PLACED;
                if !enough || case.files.contains(&at) || case.tried >= CANDIDATES {
                    continue;
                }
                case.tried += 1;
                steps += lines.cost(&case.quote);
                let Some(spot) = lines.whole(&case.quote, &[]).or_else(|| lines.part(&case.quote, &[])) else {
                    continue;
                };
                let new = Candidate { path: entry.path.clone(), spot, own: false };
                match &case.other {
                    Some(old) if !better(&new.spot, &old.spot) => {
                        if !better(&old.spot, &new.spot) {
                            case.others.push((new.path, new.spot.first, new.spot.last));
                        }
                    }
                    _ => {
                        case.others.retain(|_| false);
                        case.other = Some(new);
                    }
                }
            }
        }
        match (large, unread) {
            (0, 0) => None,
            (large, 0) => Some(format!("{large} files over {} MiB were not looked through.", LARGE >> 20)),
            (large, unread) => Some(format!("{} files were not looked through.", large + unread)),
        }
    }

    fn decide(&self, case: Case<'_>, unsearched: Option<&str>) -> Examined {
        let count = case.quote.len();
        let base = |state, reason: String| Examined { lines: count, ..Examined::new(state, reason) };
        if case.exact && case.own.is_none() {
            return Examined { held: count, ..base(State::Exact, "The cited lines are the quote.".to_owned()) };
        }
        let ranges = &case.cited.ranges;
        let held_by = |candidate: &Candidate| {
            let inside =
                |line: usize| ranges.is_empty() || ranges.iter().any(|range| range.0 <= line && line <= range.1);
            candidate.spot.pairs.iter().filter(|(line, _)| inside(*line)).count()
        };
        let overlaps = |candidate: &Candidate| held_by(candidate) > 0;
        let own = case.own.filter(|own| own.spot.share >= PLACED || (overlaps(own) && own.spot.share >= SOME));
        let other = case.other.filter(|other| other.spot.share >= PLACED);
        let best = match (own, other) {
            (Some(own), Some(other)) => {
                let stays = own.whole() || !other.whole() || (overlaps(&own) && own.spot.share >= STAYS);
                Some(if stays { own } else { other })
            }
            (own, other) => own.or(other),
        };
        let Some(best) = best else {
            let mut reason = match (&case.cited.path, &case.unread) {
                (_, Some((_, why))) => why.clone(),
                (Some(_), None) => "The quote is not in the file, and in no other.".to_owned(),
                (None, None) => "No file is named, and the quote is in none.".to_owned(),
            };
            if case.unread.is_some() && !matches!(case.unread, Some((Why::TooLarge | Why::Unreadable, _))) {
                reason += " The quote is in no other file.";
            }
            if let Some(unsearched) = unsearched {
                reason = format!("{reason} {unsearched}");
            }
            return match case.unread {
                Some((why @ (Why::TooLarge | Why::Unreadable), _)) => {
                    Examined { lines: count, ..Examined::not_checkable(why, reason) }
                }
                _ if case.cited.path.is_none() => {
                    Examined { lines: count, ..Examined::not_checkable(Why::NoPath, reason) }
                }
                why => Examined { why: why.map(|(why, _)| why), held: case.among, ..base(State::NotFound, reason) },
            };
        };
        let spot = &best.spot;
        let there: Vec<usize> = spot.pairs.iter().map(|(_, line)| *line).collect();
        let found = Found {
            path: best.path.clone(),
            first: spot.first,
            last: spot.last,
            fit: spot.fit,
            elided: spot.elided,
            there: there.len(),
            missing: case.quote.without(&there),
            commented: spot.commented.clone(),
            signs_only: case.quote.says_all(&there),
        };
        let same = ranges.as_slice() == [(spot.first, spot.last)];
        let held = if best.own { held_by(&best) } else { case.among };
        let state = if case.exact {
            State::Exact
        } else if case.cited.path.is_none() {
            State::NotCheckable
        } else if !best.own || held == 0 {
            State::Elsewhere
        } else if spot.fit == Fit::Part {
            State::Partly
        } else if same && !spot.elided && spot.fit != Fit::Inside {
            // Blank lines around it, or it would have been exact.
            State::WhiteSpace
        } else if ranges.is_empty() || ranges.iter().any(|range| range.0 <= spot.first && spot.last <= range.1) {
            State::Held
        } else {
            State::Partly
        };
        let held = if state == State::Exact { count } else { held };
        let mut also: Vec<(RepoPath, usize, usize)> =
            spot.also.iter().map(|(first, last)| (best.path.clone(), *first, *last)).collect();
        if !best.own || case.cited.path.is_none() || state == State::Elsewhere {
            also.extend(case.others.iter().take(5).cloned());
        }
        // Nothing tells which of several places is meant, not even that the cited lines are one of them.
        let ambiguous = !state.holds() && (spot.others > 0 || !also.is_empty());
        let exact_path = case.files.first().and_then(|at| self.entries().get(*at)).map(|entry| &entry.path);
        let moved = !best.own && exact_path != Some(&best.path);
        let fits = spot.share >= PLACED && spot.first > 0;
        let wrong = (moved || !same) && matches!(state, State::Partly | State::Elsewhere);
        let proposal = (wrong && fits && !ambiguous && (best.own || best.whole())).then(|| Proposal {
            path: moved.then(|| best.path.clone()),
            first: spot.first,
            last: spot.last,
        });
        let why = (state == State::NotCheckable).then_some(Why::NoPath);
        let inside: Vec<usize> =
            spot.pairs.iter().filter(|(line, _)| within(ranges, *line)).map(|(_, at)| *at).collect();
        let signs = best.own && held < count && case.quote.says_all(&inside);
        let mut reason = said(state, case.cited, &best, &found, Held { count, held, signs });
        if ambiguous {
            reason += " Several places are as good.";
        }
        Examined { state, why, reason, lines: count, held, found: Some(found), also, ambiguous, proposal }
    }
}

/// Tells whether one place of a quote is better than another.
fn better(new: &Spot, old: &Spot) -> bool {
    let rank = |spot: &Spot| (spot.fit >= Fit::Part, std::cmp::Reverse(spot.share), spot.fit, spot.elided);
    rank(new) < rank(old)
}

/// Cuts lines from a text. `None` where it does not have them.
fn cut(text: &[u8], first: usize, last: usize) -> Option<&[u8]> {
    if first == 0 || first > last {
        return None;
    }
    let (start, end) = super::pin::lines(text, first, last).ok()?;
    text.get(start..end)
}

/// Tells whether a line is a cited one; where none are, the whole file is cited.
fn within(ranges: &[(usize, usize)], line: usize) -> bool {
    ranges.is_empty() || ranges.iter().any(|range| range.0 <= line && line <= range.1)
}

/// How much of a quote the cited lines hold.
struct Held {
    count: usize,
    held: usize,
    /// What they lack are brackets and other signs.
    signs: bool,
}

fn said(state: State, cited: &Cited, best: &Candidate, found: &Found, held: Held) -> String {
    let Held { count, held, signs } = held;
    let lines = if found.first == found.last {
        format!("line {}", found.first)
    } else {
        format!("lines {} to {}", found.first, found.last)
    };
    let place = if best.own { lines } else { format!("{} {lines}", display::bytes(&best.path.0)) };
    let elided = if found.elided { ", with gaps where it says so" } else { "" };
    let how = match found.fit {
        Fit::Exact => format!("All of the quote is in {place}, byte for byte{elided}"),
        Fit::WhiteSpace => format!("All of the quote is in {place}, equal but for white space{elided}"),
        Fit::Inside => format!("All of the quote is in {place}, in lines that hold more"),
        Fit::Part if found.there == count => {
            let how = if found.commented.is_empty() { "with others between them" } else { "but for comments" };
            format!("All {count} lines of the quote are in {place}, {how}")
        }
        Fit::Part => format!("{} of the quote's {count} lines are in {place}", found.there),
    };
    let signs = if signs { ", all but brackets and other signs" } else { "" };
    match state {
        State::Exact => "The cited lines are the quote.".to_owned(),
        State::WhiteSpace => "The cited lines are the quote but for white space.".to_owned(),
        State::Partly if !cited.ranges.is_empty() => format!("{how}. The cited lines hold {held} of {count}{signs}."),
        State::NotCheckable => format!("No file is named. {how}."),
        _ => format!("{how}."),
    }
}
