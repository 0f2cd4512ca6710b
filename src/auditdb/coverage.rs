//! What a record says was read: it adds up, and a clone has the files and lines of which it speaks.

use super::folder::RECORD_FILE;
use super::verify::Checker;
use crate::model::coverage::{Coverage, FileLines, Regions};
use crate::model::record::Record;
use crate::repo::Pin;

impl Checker<'_> {
    /// The totals follow from the ranges, and nothing is more than all.
    pub fn coverage(&mut self, record: &Record) {
        let Some(coverage) = &record.coverage else { return };
        if let Some(why) = coverage.mistake() {
            self.fail("coverage_mismatch", Some(RECORD_FILE), format!("What was read does not add up: {why}."));
        }
        self.notes.push(
            "What was opened and reviewed is the auditor's own word: no file of the repository can show who read it."
                .to_owned(),
        );
    }

    /// The clone has these files and lines, and all that they are a part of.
    pub fn coverage_at(&mut self, record: &Record, pin: &Pin) {
        let Some(coverage) = &record.coverage else { return };
        let extent = match pin.extent(&|| false) {
            Ok(Some(extent)) => extent,
            Ok(None) => return,
            Err(error) => {
                return self.could_not("coverage_not_checked", Some(RECORD_FILE), error.message);
            }
        };
        let (mut opened, mut reviewed) = (Regions::default(), Regions::default());
        for row in &coverage.files {
            for (regions, lines) in [(&mut opened, &row.opened), (&mut reviewed, &row.reviewed)] {
                // What has no room here is missing below, and the record refused.
                regions.add(&FileLines { path: row.path.clone(), blob: row.blob, lines: lines.clone() });
            }
        }
        if Coverage::of(&opened, &reviewed, &extent) != *coverage {
            self.fail(
                "coverage_mismatch",
                Some(RECORD_FILE),
                "What was read names other files, lines or totals than there are at the commit.",
            );
        }
    }
}
