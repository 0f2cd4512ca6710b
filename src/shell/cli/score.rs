//! `touchstone score`: the score, its ranges, and what would flip it.

use serde::Serialize;

use super::context::Context;
use super::status::dimensions;
use crate::error::Result;
use crate::model::score::{self, Flip, Score};
use crate::shell::exporting::headline;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// List every single answer or fact that would change a level, not only the nearest
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Report {
    audit: String,
    score: Score,
    flips: Vec<Flip>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let audit = context.view()?.audit;
    let inputs = audit.inputs();
    let report = Report {
        audit: audit.now.opened.audit.clone(),
        score: score::score(&audit.standard, &inputs),
        flips: score::flips(&audit.standard, &inputs),
    };
    context.report("touchstone.score/1", &report, || {
        let score = &report.score;
        let mut out = headline(&audit, score) + "\n\n";
        for line in dimensions(&audit, score) {
            out += line.trim_end();
            out.push('\n');
        }
        out += "\nwhat would flip this\n";
        let mut shown: Vec<(&str, Option<&str>, bool)> = Vec::new();
        for flip in &report.flips {
            let up = flip.change[0] + flip.change[1] > 0;
            let key = (flip.dimension.as_str(), flip.slot.mode.as_deref(), up);
            if !args.all && shown.contains(&key) {
                continue;
            }
            shown.push(key);
            let levels =
                if flip.levels[0] == flip.levels[1] { flip.levels[0].clone() } else { flip.levels.join(" … ") };
            let evidence = if flip.with_evidence { " with evidence" } else { "" };
            out += &format!(
                "  {} {:<12} {} = {}{evidence} → {levels}, {} points, score {}\n",
                if up { '▲' } else { '▼' },
                flip.dimension,
                flip.slot,
                flip.value,
                flip.points,
                flip.total
            );
        }
        if report.flips.is_empty() {
            out += "  no single answer or fact changes a level\n";
        }
        out += "\ncertification\n";
        let mut listed: Vec<(String, &String)> = Vec::new();
        for certificate in &score.certificates {
            let title = audit
                .standard
                .certificates
                .iter()
                .find(|one| one.id == certificate.id)
                .map_or(certificate.id.clone(), |one| one.title.clone());
            if certificate.unmet.is_empty() {
                out += &format!("  ✓ {title}\n");
            } else {
                out += &format!("  ✗ {title}\n");
                // Each level asks for what the one below asks; what was said there is not said again.
                let below = listed.iter().rfind(|(_, one)| certificate.unmet.contains(one));
                if let Some((below, _)) = below {
                    out += &format!("      what {below} lacks\n");
                }
                let known: Vec<&String> = listed.iter().map(|(_, one)| *one).collect();
                for unmet in certificate.unmet.iter().filter(|one| !known.contains(one)) {
                    out += &format!("      {unmet}\n");
                    listed.push((title.clone(), unmet));
                }
            }
        }
        if !score.contradictions.is_empty() {
            out += "\ncontradictions\n";
            for conflict in &score.contradictions {
                let slots: Vec<String> = conflict.slots.iter().map(ToString::to_string).collect();
                out += &format!("  {} ({})\n", conflict.text, slots.join(", "));
            }
        }
        out
    })
}
