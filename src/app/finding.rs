//! A finding as a form: the fields of the audit database's template.

use super::App;
use super::form::{Form, FormField};
use super::popup::{Filling, Popup};
use crate::export::summary;
use crate::model::event::{Event, EvidenceId, FindingId, Subject};
use crate::model::evidence::{Evidence, Kind, Reachability, Region};
use crate::model::finding::{Disclosure, Finding, Impact, Recommendations, Severity};
use crate::repo::display;

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
const REACH: [&str; 4] = ["not_known", "reachable", "latent", "test_only"];

/// Opens a finding for editing, or a new one on the item, with the selected lines, the item's evidence and what the
/// standard says of it.
pub fn open(app: &mut App, id: Option<FindingId>) {
    let take = if id.is_none() { app.selected().map(Box::new) } else { None };
    let (mut finding, evidence) = match id.and_then(|id| Some((id, app.audit.now.findings.get(&id)?))) {
        Some((id, found)) => (found.finding.clone(), app.audit.now.backing(&Subject::Finding(id))),
        None => prefilled(app),
    };
    if let Some(region) = &take {
        // The lines that one points at come first.
        let kind = Kind::Code { regions: vec![(**region).clone()] };
        let place = summary(&Evidence { kind, reachability: finding.reachability, note: None });
        let more = finding.description.strip_prefix("See ").map(|rest| format!("; {rest}"));
        finding.description = format!("See {place}{}", more.unwrap_or(".".to_owned()));
    }
    let title = id.map_or_else(|| "New finding".to_owned(), |id| format!("Finding {id}"));
    app.popups.push(Popup::Form(Box::new(form(title, &finding)), Filling::Finding { id, take, evidence }));
}

/// Returns a new finding on the item, and the evidence that backs the item.
fn prefilled(app: &App) -> (Finding, Vec<EvidenceId>) {
    let mut finding = Finding::new("", Severity::Medium);
    let mut evidence: Vec<EvidenceId> = Vec::new();
    for subject in app.subjects_of(&app.item) {
        evidence.extend(app.audit.now.backing(&subject));
    }
    evidence.sort_unstable();
    evidence.dedup();
    if let Some((dimension, item)) = app.audit.standard.item(&app.item) {
        finding.items = vec![item.id.clone()];
        finding.category = dimension.title.clone();
        finding.cwe = item.refs.get("cwe").cloned().unwrap_or_default();
    }
    let reach = |id: &EvidenceId| app.audit.now.evidence.get(id).map(|piece| piece.evidence.reachability);
    // The most exposed of its pieces; `ALL` begins with it.
    let worst = Reachability::ALL.into_iter().find(|one| evidence.iter().any(|id| reach(id) == Some(*one)));
    finding.reachability = worst.unwrap_or_default();
    let files: Vec<String> = evidence
        .iter()
        .filter_map(|id| app.audit.now.evidence.get(id))
        .filter(|piece| matches!(piece.evidence.kind, Kind::Code { .. }))
        .map(|piece| summary(&piece.evidence))
        .collect();
    if !files.is_empty() {
        finding.description = format!("See {}.", files.join("; "));
    }
    (finding, evidence)
}

fn form(title: String, finding: &Finding) -> Form {
    let lines = |list: &[String]| list.join("\n");
    let disclosure = finding.disclosure.as_ref().map(Disclosure::to_string).unwrap_or_default();
    let Impact { confidentiality, integrity, availability, exploitability, scope } = &finding.impact;
    let Recommendations { immediate, short_term, long_term } = &finding.recommendations;
    Form::new(
        title,
        vec![
            FormField::line("title", "Title", "one line that says what is wrong and where", &finding.title),
            FormField::choice("severity", "Severity", "← → or a first letter", &SEVERITIES, finding.severity.word()),
            FormField::line("items", "Items", "such as input-1 input-4", &finding.items.join(" ")),
            FormField::line("cwe", "CWE", "such as CWE-78 CWE-22", &finding.cwe.join(" ")),
            FormField::choice(
                "reach",
                "Reachability",
                "whether a tool call reaches the code",
                &REACH,
                finding.reachability.word(),
            ),
            FormField::line(
                "disclosure",
                "Disclosure",
                "public, or withheld:2026-12-31 while it is being mended; needed for critical and high",
                &disclosure,
            ),
            FormField::block("summary", "Executive summary", "for a reader who does not read code", &finding.summary),
            FormField::block(
                "description",
                "Technical description",
                "what the code does; the excerpts come from the evidence",
                &finding.description,
            ),
            FormField::line("category", "Category", "such as Network Security", &finding.category),
            FormField::line("cvss", "CVSS", "score or vector", &finding.cvss),
            FormField::line(
                "advisories",
                "Advisories",
                "CVE or GHSA numbers it rests on",
                &finding.advisories.join(" "),
            ),
            FormField::line("confidentiality", "Impact on confidentiality", "", confidentiality),
            FormField::line("integrity", "Impact on integrity", "", integrity),
            FormField::line("availability", "Impact on availability", "", availability),
            FormField::line("exploitability", "Exploitability", "how hard it is to use", exploitability),
            FormField::line("scope", "Scope", "what it reaches", scope),
            FormField::block(
                "components",
                "Components",
                "besides the files of the evidence, one a line",
                &lines(&finding.components),
            ),
            FormField::block("reproduction", "Reproduction", "one step a line", &lines(&finding.reproduction)),
            FormField::block("risks", "Risk scenarios", "one a line", &lines(&finding.risks)),
            FormField::block("immediate", "Recommendation, now", "one a line", &lines(immediate)),
            FormField::block("short", "Recommendation, soon", "one a line", &lines(short_term)),
            FormField::block("long", "Recommendation, in the long run", "one a line", &lines(long_term)),
            FormField::block(
                "validation",
                "Validation",
                "how to tell that it is mended, one a line",
                &lines(&finding.validation),
            ),
            FormField::block("references", "References", "one a line", &lines(&finding.references)),
            FormField::block("notes", "Auditor's notes", "", &finding.notes),
        ],
    )
}

/// Reads the form.
///
/// # Errors
/// A sentence on the first field that is not what it should be.
pub fn read(form: &Form) -> Result<Finding, String> {
    let text = |id: &str| form.text(id).trim().to_owned();
    let disclosure = match text("disclosure").as_str() {
        "" => None,
        word => Some(word.parse().map_err(|why| format!("Disclosure: {why}"))?),
    };
    let finding = Finding {
        title: text("title"),
        severity: text("severity").parse()?,
        items: form.words("items"),
        category: text("category"),
        cwe: form.words("cwe").iter().map(|word| word.to_uppercase()).collect(),
        cvss: text("cvss"),
        advisories: form.words("advisories"),
        reachability: text("reach").parse()?,
        disclosure,
        summary: text("summary"),
        description: text("description"),
        impact: Impact {
            confidentiality: text("confidentiality"),
            integrity: text("integrity"),
            availability: text("availability"),
            exploitability: text("exploitability"),
            scope: text("scope"),
        },
        components: form.lines("components"),
        reproduction: form.lines("reproduction"),
        risks: form.lines("risks"),
        recommendations: Recommendations {
            immediate: form.lines("immediate"),
            short_term: form.lines("short"),
            long_term: form.lines("long"),
        },
        validation: form.lines("validation"),
        references: form.lines("references"),
        notes: text("notes"),
    };
    match finding.mistakes().into_iter().next() {
        Some(mistake) => Err(mistake),
        None => Ok(finding),
    }
}

/// Returns the events that record a finding and its evidence. `take` becomes evidence with it.
pub fn events(
    app: &App,
    id: Option<FindingId>,
    finding: Finding,
    evidence: &[EvidenceId],
    take: Option<&Region>,
) -> (FindingId, Vec<Event>) {
    let number = id.unwrap_or_else(|| app.audit.next_finding());
    let subject = Subject::Finding(number);
    let before = app.audit.now.backing(&subject);
    let mut events = Vec::new();
    let reachability = finding.reachability;
    if app.audit.now.findings.get(&number).is_none_or(|found| found.finding != finding) {
        events.push(Event::FindingSet { id: number, finding: Box::new(finding) });
    }
    for id in before.iter().filter(|id| !evidence.contains(id)) {
        events.push(Event::EvidenceDetached { id: *id, from: vec![subject.clone()] });
    }
    for id in evidence.iter().filter(|id| !before.contains(id)) {
        events.push(Event::EvidenceAttached { id: *id, to: vec![subject.clone()] });
    }
    if let Some(region) = take {
        let kind = Kind::Code { regions: vec![region.clone()] };
        let filed = app.audit.file(vec![kind], reachability, None, &[subject]);
        events.extend(
            filed
                .events
                .into_iter()
                .filter(|event| !matches!(event, Event::EvidenceAttached { id, .. } if evidence.contains(id))),
        );
    }
    (number, events)
}

/// Returns a finding in one line.
pub fn line(id: FindingId, finding: &Finding) -> String {
    format!("{id} {} {}", finding.severity, display::line(&finding.title))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_field_survives_the_form() {
        let words = |text: &str| vec![format!("{text}-1"), format!("{text}-2")];
        let finding = Finding {
            title: "Title".to_owned(),
            severity: Severity::Critical,
            items: words("input"),
            category: "Category".to_owned(),
            cwe: words("CWE"),
            cvss: "9.8".to_owned(),
            advisories: words("GHSA"),
            reachability: Reachability::Latent,
            disclosure: Some(Disclosure::WithheldUntil("2026-12-31".to_owned())),
            summary: "One\n\ntwo".to_owned(),
            description: "Three\nfour".to_owned(),
            impact: Impact {
                confidentiality: "c".to_owned(),
                integrity: "i".to_owned(),
                availability: "a".to_owned(),
                exploitability: "e".to_owned(),
                scope: "s".to_owned(),
            },
            components: words("a component"),
            reproduction: words("a step"),
            risks: words("a risk"),
            recommendations: Recommendations {
                immediate: words("now"),
                short_term: words("soon"),
                long_term: words("later"),
            },
            validation: words("a check"),
            references: words("https://example.org/?a=1,2 "),
            notes: "Notes".to_owned(),
        };
        assert_eq!(read(&form(String::new(), &finding)), Ok(finding.clone()));
        for severity in SEVERITIES {
            for reach in REACH {
                let one = Finding {
                    severity: severity.parse().unwrap(),
                    reachability: reach.parse().unwrap(),
                    disclosure: Some(Disclosure::Public),
                    ..finding.clone()
                };
                assert_eq!(read(&form(String::new(), &one)), Ok(one));
            }
        }
        assert_eq!(REACH.len(), Reachability::ALL.len());
    }

    #[test]
    fn what_is_typed_loosely_is_read() {
        let mut loose = form(String::new(), &Finding::new(" Title ", Severity::Low));
        let at = loose.fields.iter().position(|field| field.id == "cwe").unwrap();
        loose.at = at;
        loose.paste("cwe-78,CWE-22\n cwe-1");
        assert_eq!(
            read(&loose).map(|read| (read.title, read.cwe.join(" "))),
            Ok(("Title".to_owned(), "CWE-78 CWE-22 CWE-1".to_owned()))
        );
    }
}
