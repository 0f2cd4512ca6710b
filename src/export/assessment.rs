//! `security-assessment.md`: the report that people read.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{disclosure, items, joined, stem};
use super::text::{self, capital, code, code_cell, count, first_line, inline, said, sentence};
use super::{Source, evidence, verify_command};
use crate::model::answer::{Answer, State};
use crate::model::audit::Gap;
use crate::model::event::EvidenceId;
use crate::model::evidence::{Kind, SkipReason};
use crate::model::record::{Assistance, FindingBody, FindingRow, ItemRow, Record, Support};
use crate::model::score::{DimensionScore, Range, Slot, item_state_in};
use crate::model::standard::{Dimension, Item};

/// Returns the report of an audit, `security-assessment.md`.
pub fn assessment(source: &Source) -> String {
    let report = Report { source, record: &source.statement.predicate };
    let mut shown = BTreeSet::new();
    let mut blocks = report.head();
    blocks.extend(report.unfinished());
    blocks.extend(report.score());
    blocks.extend(report.findings());
    blocks.extend(report.soft_ground());
    blocks.extend(report.facts(&mut shown));
    for dimension in &source.standard.dimensions {
        blocks.extend(report.dimension(dimension, &mut shown));
    }
    blocks.extend(super::coverage::section(report.record.coverage.as_ref()));
    blocks.extend(report.method());
    blocks.extend(report.limits());
    blocks.extend(report.verification());
    blocks.extend(report.details());
    let mut out = blocks.join("\n\n");
    out.push('\n');
    out
}

struct Report<'a> {
    source: &'a Source<'a>,
    record: &'a Record,
}

/// Returns a table. Every cell is Markdown of one line already.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![format!("| {} |", head.join(" | ")), format!("|{}", " --- |".repeat(N))];
    lines.extend(rows.into_iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n")
}

fn bullets(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

fn slot(slot: &Slot) -> String {
    inline(&slot.to_string())
}

fn support(support: Support) -> &'static str {
    match support {
        Support::Evidence => "evidence",
        Support::Reason => "a reason alone",
        Support::None => "nothing: unsupported",
    }
}

fn carried(carried: bool) -> &'static str {
    if carried { " *Carried over.*" } else { "" }
}

impl<'a> Report<'a> {
    fn repository(&self) -> String {
        let repo = &self.record.target.repo;
        format!("{}/{}", inline(&repo.org), inline(&repo.repo))
    }

    fn head(&self) -> Vec<String> {
        let Record { auditor, target, standard, .. } = self.record;
        let pin = &target.pin;
        let title = format!("# Security assessment: {} at {}", self.repository(), pin.commit.short());
        let mut who = match &auditor.name {
            Some(name) => format!("{} ({})", inline(name), inline(&auditor.login)),
            None => inline(&auditor.login),
        };
        if let Some(organization) = &auditor.organization {
            who.push_str(&format!(", {}", inline(organization)));
        }
        let tags = if pin.tags.is_empty() {
            String::new()
        } else {
            format!(", tagged {}", pin.tags.iter().map(|tag| code(tag)).collect::<Vec<_>>().join(", "))
        };
        let help = match &self.record.assistance {
            Assistance::Human => "A person audited, without other help than this program.".to_owned(),
            Assistance::Assisted { by } => {
                format!("A person audited, assisted by {}.", inline(by).trim_end_matches('.'))
            }
        };
        let modes = match target.modes.as_slice() {
            [] => "No mode is declared in which the server ships.".to_owned(),
            [only] => format!("The server ships one mode: {}.", inline(only)),
            [first, others @ ..] => format!(
                "The server ships {} modes: {} (the default), {}.",
                target.modes.len(),
                inline(first),
                others.iter().map(|mode| inline(mode)).collect::<Vec<_>>().join(", ")
            ),
        };
        let summary = format!(
            "**{who}** audited {} ({}) at commit `{}`{tags}, committed {}, by {} {} ({}). The audit began {} and was sealed {}, \
             by the auditor's own clock. {help} {modes}",
            self.repository(),
            code(&target.repo.url),
            pin.commit,
            pin.committed_at.date(),
            inline(&self.source.standard.title),
            inline(&standard.version),
            code(&standard.id),
            self.record.started_at,
            self.record.sealed_at,
        );
        let mut blocks = vec![title];
        if self.record.partial {
            blocks.push(
                "**This audit is not finished. Items are open or unsupported, so scores are ranges and may change; do not cite it as \
                 a final result.**"
                    .to_owned(),
            );
        }
        blocks.push(summary);
        if let Some(parent) = &self.record.parent {
            blocks.push(format!(
                "It goes on from an older audit: {}. What is marked as carried stood there, and the auditor neither confirmed \
                 nor changed it since; its evidence was found again, or run again, at this commit.",
                text::parent(parent)
            ));
        }
        blocks.extend(self.record.note.iter().map(|note| said("The auditor says", note)));
        blocks
    }

    fn unfinished(&self) -> Vec<String> {
        if !self.record.partial {
            return Vec::new();
        }
        let gaps = self.source.audit.gaps().into_iter().map(|gap| match gap {
            Gap::NoMode => "No mode is declared.".to_owned(),
            Gap::OpenItem(at) => format!("{}: open", slot(&at)),
            Gap::OpenFact(at) => format!("{}: fact not stated", slot(&at)),
            Gap::Unsupported(at) => format!("{}: neither evidence nor a reason", slot(&at)),
            Gap::Undisclosed(id) => format!("{id}: no decision on disclosure"),
            Gap::Unconfirmed(of) => format!("{}: taken over, and not confirmed", inline(&of.to_string())),
        });
        let gaps = bullets(gaps);
        let none = "Nothing is open; the auditor sealed it as a partial record.".to_owned();
        vec!["## Still open".to_owned(), if gaps.is_empty() { none } else { gaps }]
    }

    fn tier(&self, tier: Option<&String>) -> String {
        match tier {
            Some(id) => match self.source.standard.tiers.iter().find(|tier| tier.id == *id) {
                Some(tier) => inline(&tier.title),
                None => inline(id),
            },
            None => "tier open".to_owned(),
        }
    }

    /// Returns a dimension's titles of level and risk; two of each while it is not settled.
    fn standing(&self, score: &DimensionScore) -> (String, String, String) {
        let Some(dimension) = self.source.standard.dimensions.iter().find(|dimension| dimension.id == score.id) else {
            return (inline(&score.id), inline(&score.low), String::new());
        };
        let level = |id: &str| dimension.levels.iter().find(|level| level.id == id);
        let between = |low: String, high: String| if low == high { low } else { format!("{low} to {high}") };
        let title = |id: &str| level(id).map_or_else(|| inline(id), |level| inline(&level.title));
        let risk = |id: &str| level(id).map(|level| inline(&level.risk)).unwrap_or_default();
        (
            inline(&dimension.title),
            between(title(&score.low), title(&score.high)),
            between(risk(&score.low), risk(&score.high)),
        )
    }

    fn score(&self) -> Vec<String> {
        let score = &self.record.score;
        let open = |range: Range| {
            if range.settled() { String::new() } else { " (the range over all answers still possible)".to_owned() }
        };
        let mut blocks = vec![
            "## Score".to_owned(),
            format!(
                "**Audited score: {} of 100, {}; {} of {} applicable items met**{}",
                score.headline,
                self.tier(score.tier.as_ref()),
                score.met,
                score.applicable,
                open(score.headline),
            ),
            "The headline is the lowest mode's total: a server is as safe as its weakest shipped mode. An audited score is neither a \
             self-attested nor a spot-checked one."
                .to_owned(),
            table(
                ["Mode", "Total", "Tier", "Items met"],
                score.modes.iter().map(|mode| {
                    let name = if mode.mode.is_empty() { "(none declared)".to_owned() } else { inline(&mode.mode) };
                    let met = format!("{} of {} applicable", mode.met, mode.applicable);
                    [name, format!("{} of 100", mode.total), self.tier(mode.tier.as_ref()), met]
                }),
            ),
            table(
                ["Mode", "Dimension", "Level", "Points", "Risk", "Items met"],
                score.modes.iter().flat_map(|mode| {
                    mode.dimensions.iter().map(|dimension| {
                        let (title, level, risk) = self.standing(dimension);
                        let met = self.met(&dimension.id, &mode.mode);
                        [inline(&mode.mode), title, level, format!("{} of 20", dimension.points), risk, met]
                    })
                }),
            ),
        ];
        if !score.separate.is_empty() {
            blocks.push("Scored apart and never added to the total:".to_owned());
            blocks.push(table(
                ["Dimension", "Level", "Points", "Risk"],
                score.separate.iter().map(|dimension| {
                    let (title, level, risk) = self.standing(dimension);
                    [title, level, format!("{} of 20", dimension.points), risk]
                }),
            ));
        }
        blocks.extend(self.certification());
        if !score.contradictions.is_empty() {
            blocks.push("### Contradictions".to_owned());
            blocks.push("These answers, facts and findings cannot all be true:".to_owned());
            blocks.push(bullets(score.contradictions.iter().map(|conflict| {
                let places: Vec<String> = conflict.slots.iter().map(slot).collect();
                let places = if places.is_empty() { String::new() } else { format!(" — {}", places.join(", ")) };
                format!("{}{places}", inline(&conflict.text))
            })));
        }
        blocks
    }

    /// Returns how many items of a dimension are met in a mode: a level can flatter.
    fn met(&self, dimension: &str, mode: &str) -> String {
        let Some(dimension) = self.source.standard.dimensions.iter().find(|one| one.id == dimension) else {
            return String::new();
        };
        let inputs = self.record.inputs();
        let states = dimension.items.iter().map(|item| item_state_in(self.source.standard, &inputs, &item.id, mode));
        let states: Vec<State> = states.filter(|state| *state != State::NotApplicable).collect();
        format!("{} of {}", states.iter().filter(|state| **state == State::Met).count(), states.len())
    }

    fn certification(&self) -> Vec<String> {
        let score = &self.record.score;
        let certificates = &self.source.standard.certificates;
        if certificates.is_empty() {
            return Vec::new();
        }
        let title = |id: &str| {
            certificates.iter().find(|one| one.id == id).map_or_else(|| inline(id), |one| inline(&one.title))
        };
        let held = match &score.certified {
            Some(id) => format!("Conditions met up to: **{}**.", title(id)),
            None => "No certificate.".to_owned(),
        };
        let mut blocks = vec!["### Certification".to_owned(), held];
        let mut listed: BTreeSet<&str> = BTreeSet::new();
        for one in score.certificates.iter().filter(|one| !one.unmet.is_empty()) {
            // A certificate repeats what the one below it lacks; said once, it stands under that one.
            let new: Vec<&String> = one.unmet.iter().filter(|unmet| listed.insert(unmet)).collect();
            let before = one.unmet.len() - new.len();
            let mut lines: Vec<String> = new.into_iter().map(|unmet| inline(unmet)).collect();
            if before > 0 {
                lines.insert(0, format!("what is missing above ({})", count(before, "condition", "conditions")));
            }
            blocks.push(format!("{} lacks:", title(&one.id)));
            blocks.push(bullets(lines));
        }
        blocks
    }

    fn finding_row(&self, row: &FindingRow) -> Option<[String; 8]> {
        let severity = capital(row.severity.word());
        let items = items(row);
        Some(match &row.body {
            FindingBody::Public { file, finding } => [
                row.id.to_string(),
                severity,
                inline(&finding.title),
                file_link(file),
                items,
                joined(&finding.cwe),
                evidence::reachability(finding.reachability).to_owned(),
                disclosure(finding),
            ],
            FindingBody::Withheld { file, until, .. } => [
                row.id.to_string(),
                severity,
                "(withheld)".to_owned(),
                file_link(file),
                items,
                "(withheld)".to_owned(),
                "(withheld)".to_owned(),
                format!("withheld until {}", inline(until)),
            ],
            FindingBody::Withdrawn { .. } => return None,
        })
    }

    fn findings(&self) -> Vec<String> {
        let mut blocks = vec!["## Findings".to_owned()];
        let mut rows: Vec<&FindingRow> = self.record.findings.iter().collect();
        rows.sort_by_key(|row| (row.severity, row.id));
        let printed: Vec<[String; 8]> = rows.iter().filter_map(|row| self.finding_row(row)).collect();
        if printed.is_empty() {
            blocks.push("None.".to_owned());
        } else {
            blocks.push(table(
                ["No.", "Severity", "Finding", "File", "Items", "CWE", "Reachability", "Disclosure"],
                printed,
            ));
        }
        let withdrawn: Vec<String> = rows
            .iter()
            .filter_map(|row| match &row.body {
                FindingBody::Withdrawn { reason } => Some(format!("{} ({}): {}", row.id, row.severity, inline(reason))),
                _ => None,
            })
            .collect();
        if !withdrawn.is_empty() {
            blocks.push("Withdrawn as mistaken:".to_owned());
            blocks.push(bullets(withdrawn));
        }
        blocks
    }

    /// Returns the lists of what a reader should not lean on.
    fn soft_ground(&self) -> Vec<String> {
        let mut blocks = vec!["## What rests on weak ground".to_owned()];
        let mut section = |title: &str, lines: Vec<String>| {
            blocks.push(format!("### {title}"));
            blocks.push(if lines.is_empty() { "None.".to_owned() } else { bullets(lines) });
        };
        let because = |reason: &Option<String>| {
            reason.as_ref().map(|reason| format!(" — {}", first_line(reason))).unwrap_or_default()
        };
        let record = self.record;
        let alone = record
            .items
            .iter()
            .filter(|row| row.support == Support::Reason && row.answer != Some(Answer::Unknown))
            .map(|row| {
                let answer = row.answer.map(|answer| answer.to_string()).unwrap_or_default();
                format!("{}: {answer}{}", slot(&row.slot), because(&row.reason))
            });
        let facts = record.target.facts.iter().filter(|row| row.support == Support::Reason).map(|row| {
            format!("{}: {}{}", slot(&row.slot), inline(row.value.as_deref().unwrap_or("open")), because(&row.reason))
        });
        section("Answered on reasons alone", alone.chain(facts).collect());
        let unknown = record.items.iter().filter(|row| row.answer == Some(Answer::Unknown));
        section(
            "Unknown: looked for and not determined, scored as the worst answer still possible",
            unknown.map(|row| format!("{}{}", slot(&row.slot), because(&row.reason))).collect(),
        );
        let unchecked = record.evidence.iter().filter(|row| !row.evidence.checkable()).map(|row| {
            let backs: Vec<String> = row.backs.iter().map(|subject| inline(&subject.to_string())).collect();
            format!("{}, {}, backs {}", row.id, evidence::brief(row), backs.join(", "))
        });
        section("Seen by the auditor: nobody can check these", unchecked.collect());
        // Most audits mute nothing, and need no heading for it.
        if !record.muted.is_empty() {
            let muted = record
                .muted
                .iter()
                .map(|row| format!("{} — {}", inline(&row.mute.to_string()), first_line(&row.reason)));
            section("Leads that were put away; searches count their hits all the same", muted.collect());
        }
        blocks
    }

    /// Returns a line that names pieces of evidence, and in full those that were not shown before.
    fn evidence(&self, ids: &[EvidenceId], shown: &mut BTreeSet<EvidenceId>) -> Vec<String> {
        let rows: Vec<_> = ids.iter().filter_map(|id| evidence::row(self.source, *id)).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let links: Vec<String> = rows
            .iter()
            .map(|row| {
                let anchor = row.id.to_string().to_lowercase();
                let again = if shown.contains(&row.id) { ", above" } else { "" };
                format!("[{}](#{anchor}) ({}{again})", row.id, row.evidence.word())
            })
            .collect();
        let mut blocks = vec![format!("**Evidence**: {}", links.join(", "))];
        for row in rows {
            if shown.insert(row.id) {
                blocks.push(evidence::full(self.source, row, 4));
            }
        }
        blocks
    }

    fn facts(&self, shown: &mut BTreeSet<EvidenceId>) -> Vec<String> {
        let rows = &self.record.target.facts;
        if rows.is_empty() {
            return Vec::new();
        }
        let mut blocks = vec!["## Facts".to_owned()];
        for row in rows {
            let fact = self.source.standard.fact(&row.slot.id);
            let title = fact.map_or_else(|| inline(&row.slot.id), |fact| inline(&fact.title));
            let mode = row.slot.mode.as_ref().map(|mode| format!(" ({})", inline(mode))).unwrap_or_default();
            let value = match &row.value {
                None => "open".to_owned(),
                Some(id) => {
                    let known = fact.and_then(|fact| fact.values.iter().find(|value| value.id == *id));
                    known.map_or_else(|| inline(id), |value| inline(&value.title))
                }
            };
            blocks.push(format!("### {title}{mode}: {value}"));
            blocks.push(format!("Rests on {}.{}", support(row.support), carried(row.carried)));
            blocks.extend(row.reason.iter().map(|reason| said("Reason", reason)));
            blocks.extend(row.note.iter().map(|note| said("Note", note)));
            blocks.extend(self.evidence(&row.evidence, shown));
        }
        blocks
    }

    fn dimension(&self, dimension: &Dimension, shown: &mut BTreeSet<EvidenceId>) -> Vec<String> {
        let apart = if dimension.separate { " (scored apart)" } else { "" };
        let mut blocks = vec![format!("## {}{apart}", inline(&dimension.heading))];
        let score = &self.record.score;
        let stands = |scores: &[DimensionScore]| {
            let found = scores.iter().find(|score| score.id == dimension.id)?;
            Some(format!("{} ({} of 20)", self.standing(found).1, found.points))
        };
        let modes = score.modes.iter().filter_map(|mode| Some((inline(&mode.mode), stands(&mode.dimensions)?)));
        let mut levels: Vec<String> = if dimension.per_mode && self.record.target.modes.len() > 1 {
            modes.map(|(mode, level)| format!("{mode}: {level}")).collect()
        } else {
            modes.take(1).map(|(_, level)| level).collect()
        };
        levels.extend(stands(&score.separate));
        blocks.push(format!("Level — {}.", levels.join("; ")));
        for item in &dimension.items {
            blocks.extend(self.item(item, shown));
        }
        blocks
    }

    fn item(&self, item: &Item, shown: &mut BTreeSet<EvidenceId>) -> Vec<String> {
        let rows: Vec<&ItemRow> = self.record.items.iter().filter(|row| row.slot.id == item.id).collect();
        // Modes that stand alike share a mark; otherwise there is one for each, in the order of the modes.
        let mut marks: Vec<char> = rows.iter().map(|row| row.state.mark()).collect();
        marks.dedup();
        let marks = if marks.len() == 1 { marks } else { rows.iter().map(|row| row.state.mark()).collect() };
        let marks = if marks.is_empty() { State::Open.mark().to_string() } else { marks.into_iter().collect() };
        let mut blocks = vec![format!("### {marks} {}: {}", inline(&item.id), sentence(&item.text))];
        // Modes that say the same are said together.
        let mut together: Vec<(&ItemRow, Vec<&str>)> = Vec::new();
        for row in rows {
            let mode = row.slot.mode.as_deref();
            let same = together.iter_mut().find(|(first, _)| {
                (&first.answer, &first.reason, &first.evidence, &first.note, first.carried)
                    == (&row.answer, &row.reason, &row.evidence, &row.note, row.carried)
            });
            match same {
                Some((_, modes)) => modes.extend(mode),
                None => together.push((row, mode.into_iter().collect())),
            }
        }
        if together.is_empty() {
            blocks.push("· Open: no mode is declared.".to_owned());
        }
        for (row, modes) in together {
            let modes = if modes.is_empty() {
                String::new()
            } else {
                format!(" ({})", modes.iter().map(|mode| inline(mode)).collect::<Vec<_>>().join(", "))
            };
            // Yes is the secure answer to nearly every item; only the others need saying.
            let secure = if item.secure == Answer::Yes {
                String::new()
            } else {
                format!(" The secure answer is {}.", item.secure)
            };
            blocks.push(match row.answer {
                None => format!("{} **Open**{modes}.{secure}", row.state.mark()),
                Some(answer) => {
                    // "Partial: partial" says nothing twice.
                    let same = answer.to_string() == row.state.to_string();
                    let state = if same { String::new() } else { format!(": {}", row.state) };
                    format!(
                        "{} **{}**{modes}{state}.{secure} Rests on {}.{}",
                        row.state.mark(),
                        capital(&answer.to_string()),
                        support(row.support),
                        carried(row.carried),
                    )
                }
            });
            blocks.extend(row.reason.iter().map(|reason| said("Reason", reason)));
            blocks.extend(row.note.iter().map(|note| said("Note", note)));
            blocks.extend(self.evidence(&row.evidence, shown));
        }
        blocks
    }

    fn method(&self) -> Vec<String> {
        let pin = &self.record.target.pin;
        let standard = &self.record.standard;
        let derived = self.source.standard.derived_from.as_ref().map(|from| {
            format!(
                "This standard is derived from {} {} (sha256 {}).",
                inline(&from.id),
                inline(&from.version),
                code(&from.sha256)
            )
        });
        let mut lines = vec![
            format!("Everything was read from git objects at commit `{}` (tree `{}`), never from a work tree.", pin.commit, pin.tree),
            "Excerpts are cut from the blobs, never typed; characters that could hide, reorder or command are shown as tokens such as \
             `\\u{202e}`, and long excerpts are shortened here. The digests are of the exact bytes."
                .to_owned(),
            format!(
                "Levels, points, tiers and certificates are derived from answers, facts and findings by the rules in \
                 `artifacts/standard.toml` ({} {}, sha256 `{}`). There is no override: where a level looks wrong, an answer or a fact is. \
                 What is unknown is scored as the worst answer still possible.",
                inline(&standard.id),
                inline(&standard.version),
                standard.sha256
            ),
            format!(
                "Made with {} {}. The program runs nothing of the audited repository.",
                inline(&self.record.tool.name),
                inline(&self.record.tool.version)
            ),
        ];
        lines.extend(derived);
        vec!["## Method".to_owned(), bullets(lines)]
    }

    fn limits(&self) -> Vec<String> {
        let target = &self.record.target;
        let scope = if target.scope.is_empty() {
            "Scope: the whole repository.".to_owned()
        } else {
            let paths: Vec<String> = target.scope.iter().map(text::path).collect();
            format!("Scope: only {}. Nothing is said about the rest of the repository.", paths.join(", "))
        };
        let mut skipped: BTreeMap<SkipReason, u64> = BTreeMap::new();
        let mut histories = 0_usize;
        let mut searches = 0_usize;
        for row in &self.record.evidence {
            let list = match &row.evidence.kind {
                Kind::Search(search) => {
                    searches += 1;
                    &search.skipped
                }
                Kind::History(history) => {
                    histories += 1;
                    &history.skipped
                }
                _ => continue,
            };
            for one in list {
                let most = skipped.entry(one.why).or_default();
                *most = (*most).max(one.files);
            }
        }
        let mut lines = vec![scope];
        if searches + histories > 0 {
            lines.push(if skipped.is_empty() {
                "Skipped files: none, in any search or walk through history.".to_owned()
            } else {
                let each: Vec<String> =
                    skipped.iter().map(|(why, files)| format!("{}: {files}", evidence::why(*why))).collect();
                format!("Skipped files, the most in any one search or walk through history: {}.", each.join(", "))
            });
        }
        lines.push(if histories == 0 {
            "History was not searched; what is said holds for the pinned commit alone.".to_owned()
        } else {
            "History was searched as far as the commits named in its evidence; a walk reaches no further back than the clone that it \
             was made in."
                .to_owned()
        });
        lines.push(
            "A search proves presence or absence of a pattern in the files that it read, not that code is safe."
                .to_owned(),
        );
        lines.push(
            "A signature proves that a key signed these files, not when. All times are self-declared by the auditor's clock."
                .to_owned(),
        );
        vec!["## Limits".to_owned(), bullets(lines)]
    }

    fn verification(&self) -> Vec<String> {
        let command = verify_command(&self.record.auditor.login, self.record.sealed_at);
        let mut blocks = vec![
            "## How to verify".to_owned(),
            "With Touchstone, which also derives every score again and checks the evidence against a clone: `touchstone verify .` in \
             this folder."
                .to_owned(),
            "With the tools at hand, in bash or zsh in this folder, with a file of the keys that you trust for `ALLOWED_SIGNERS`:"
                .to_owned(),
            text::fence(&command, "bash"),
        ];
        let region = self.record.evidence.iter().find_map(|row| match &row.evidence.kind {
            Kind::Code { regions } => Some((row.id, regions.first()?)),
            _ => None,
        });
        match region {
            Some((id, region)) => {
                blocks.push(format!("One piece of code, here {id}, in a clone of the repository:"));
                blocks.push(text::fence(&format!("{} | sha256sum", evidence::cut_command(region)), "bash"));
                blocks.push(format!("It prints `{}`.", region.sha256));
            }
            None => blocks.push(
                "One piece of code, in a clone: `git cat-file blob BLOB | sed -n 'FIRST,LASTp' | sha256sum`."
                    .to_owned(),
            ),
        }
        blocks
    }

    fn details(&self) -> Vec<String> {
        let record = self.record;
        let mut rows = vec![
            ["Audit ID".to_owned(), code_cell(&record.audit_id)],
            ["Sealed".to_owned(), record.sealed_at.to_string()],
            ["Supersedes".to_owned(), record.supersedes.as_deref().map_or_else(|| "nothing".to_owned(), code_cell)],
            ["State".to_owned(), if record.partial { "partial: not finished" } else { "final" }.to_owned()],
            ["Repository".to_owned(), code_cell(&record.target.repo.url)],
            ["Commit".to_owned(), format!("`{}`", record.target.pin.commit)],
            ["Tree".to_owned(), format!("`{}`", record.target.pin.tree)],
            ["Standard".to_owned(), format!("{} {}", inline(&record.standard.id), inline(&record.standard.version))],
            ["Machine-readable".to_owned(), "[artifacts/record.json](artifacts/record.json)".to_owned()],
        ];
        if let Some(contact) = &record.auditor.contact {
            rows.push(["Contact".to_owned(), inline(contact)]);
        }
        vec!["## Record".to_owned(), table(["Field", "Value"], rows)]
    }
}

/// Returns a link to a finding's file. Its name is made of letters, digits and hyphens only.
fn file_link(file: &str) -> String {
    format!("[{}]({})", inline(stem(file)), super::permalink::encode(file.as_bytes()))
}
