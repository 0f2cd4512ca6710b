//! `touchstone trojans`: what could fool the eye at the pin.

use serde::Serialize;

use super::context::Context;
use crate::error::{Error, Result};
use crate::export::count;
use crate::repo::display;
use crate::repo::trojan::{Odd, Technique};

#[derive(Serialize)]
struct Report {
    files: u64,
    places: u64,
    /// What was not looked at, a sentence each.
    unseen: Vec<String>,
    odd: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    path: String,
    /// Absent where the path itself is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    marks: Vec<Place>,
    #[serde(skip)]
    said: String,
}

#[derive(Serialize)]
struct Place {
    technique: Technique,
    /// Bytes of the line, or of the path.
    start: usize,
    end: usize,
    what: String,
}

pub fn run(context: &Context) -> Result<()> {
    let audit = context.view()?.audit;
    let pin = context.pin_of(&audit)?;
    let mut odd = Vec::new();
    let looked = pin.trojans(&|| false, |found| odd.extend(found.into_iter().map(line)))?;
    let looked = looked.ok_or_else(|| Error::could_not("The look through the files was stopped."))?;
    let report = Report { files: looked.files, places: looked.odd, unseen: looked.unseen(), odd };
    context.report("touchstone.trojans/1", &report, || {
        let mut out = String::new();
        for odd in &report.odd {
            let at = odd.line.map_or(" (its name)".to_owned(), |line| format!(":{line}"));
            let letter = odd.marks.first().map_or(" ", |mark| mark.technique.letter());
            out += &format!("{letter} {}{at}  {}\n", odd.path, odd.said);
        }
        if !report.odd.is_empty() {
            let key = Technique::ALL.map(|technique| format!("{} {}", technique.letter(), technique.word()));
            out += &format!("\n{}; a lead is no verdict\n", key.join(", "));
        }
        let files = count(report.files, "file", "files");
        out += &format!("{} in {files}\n", count(report.places, "place", "places"));
        for said in &report.unseen {
            out += &format!("  {said}\n");
        }
        out
    })
}

fn line(odd: Odd) -> Line {
    Line {
        path: display::bytes(&odd.path.0),
        line: (odd.line > 0).then_some(odd.line),
        said: odd.said(),
        marks: odd
            .marks
            .into_iter()
            .map(|mark| Place {
                technique: mark.technique,
                start: mark.range.start,
                end: mark.range.end,
                what: mark.what,
            })
            .collect(),
    }
}
