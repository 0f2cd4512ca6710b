//! `touchstone standard`: lists, shows, exports, copies and checks standards.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::context::{Context, shown};
use super::status::wrapped;
use crate::error::{Error, Result};
use crate::export;
use crate::export::count;
use crate::model::hash::Sha256;
use crate::model::standard::{Item, Standard};
use crate::standards::{BUILT_IN, Loaded, read};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the embedded standards
    List,
    /// Show a standard, or one of its items with its guidance
    Show {
        /// An id, a file of your own, or an item such as auth-4 (default: the standard of the audit at hand, else the
        /// embedded one)
        id: Option<String>,
        /// The item
        item: Option<String>,
    },
    /// Print a standard in another format, such as a spreadsheet for your own evaluation
    Export {
        /// An id, or a file of your own
        #[arg(default_value = BUILT_IN)]
        id: String,
        /// The format
        #[arg(long, value_enum, default_value_t = Format::Md)]
        format: Format,
    },
    /// Write a copy of a standard that you can change
    New {
        /// The file to write
        file: PathBuf,
        /// The standard to copy
        #[arg(long, value_name = "ID|FILE", default_value = BUILT_IN)]
        from: String,
        /// The copy's id (default: the file's name)
        #[arg(long)]
        id: Option<String>,
    },
    /// Name every mistake in a standard's file
    Check {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown, as a checklist to read or print
    Md,
    /// A spreadsheet
    Csv,
    /// Everything, for programs
    Json,
    /// The file itself
    Toml,
}

#[derive(Serialize)]
struct Listed {
    standards: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    version: String,
    title: String,
    dimensions: usize,
    items: usize,
    sha256: Sha256,
}

#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    id: &'a str,
    version: &'a str,
    dimensions: usize,
    items: usize,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    match &args.command {
        Command::List => {
            let loaded = Loaded::built_in()?;
            let standard = &loaded.standard;
            let listed = Listed {
                standards: vec![Line {
                    id: standard.id.clone(),
                    version: standard.version.clone(),
                    title: standard.title.clone(),
                    dimensions: standard.dimensions.len(),
                    items: standard.items().count(),
                    sha256: loaded.reference().sha256,
                }],
            };
            context.report("touchstone.standard.list/1", &listed, || {
                listed
                    .standards
                    .iter()
                    .map(|line| {
                        format!(
                            "{} {}  {}\n  {}, {}, sha256 {}\n",
                            line.id,
                            line.version,
                            line.title,
                            count(line.dimensions, "dimension", "dimensions"),
                            count(line.items, "item", "items"),
                            line.sha256
                        )
                    })
                    .collect()
            })
        }
        Command::Show { id, item } => {
            // Without a name, the standard is that of the audit at hand; an item alone is one of its items.
            let own = match context.view() {
                Ok(view) => view.loaded,
                Err(_) => Loaded::built_in()?,
            };
            let (loaded, item) = match (id, item) {
                (None, _) => (own, None),
                (Some(id), None) if own.standard.item(id).is_some() => (own, Some(id)),
                (Some(id), item) => (
                    Loaded::find(id)
                        .map_err(|error| error.hint("An item is named as in `touchstone standard show`."))?,
                    item.as_ref(),
                ),
            };
            show(context, &loaded.standard, item.map(String::as_str))
        }
        Command::Export { id, format } => {
            let loaded = Loaded::find(id)?;
            let text = match format {
                Format::Md => export::standard::markdown(&loaded.standard),
                Format::Csv => export::standard::csv(&loaded.standard)?,
                Format::Json => export::standard::json(&loaded.standard)?,
                Format::Toml => loaded.toml,
            };
            context.print(&text)
        }
        Command::New { file, from, id } => new(context, file, from, id.as_deref()),
        Command::Check { file } => {
            let loaded = Loaded::from_file(file)?;
            let standard = &loaded.standard;
            let checked = Checked {
                file: file.display().to_string(),
                id: &standard.id,
                version: &standard.version,
                dimensions: standard.dimensions.len(),
                items: standard.items().count(),
            };
            context.report("touchstone.standard.check/1", &checked, || {
                format!(
                    "{} holds a standard: {} {}, {}, {}.\n",
                    shown(file),
                    checked.id,
                    checked.version,
                    count(checked.dimensions, "dimension", "dimensions"),
                    count(checked.items, "item", "items")
                )
            })
        }
    }
}

fn show(context: &Context, standard: &Standard, item: Option<&str>) -> Result<()> {
    let Some(id) = item else {
        return context.report("touchstone.standard/1", standard, || overview(standard));
    };
    let Some((dimension, item)) = standard.item(id) else {
        return Err(Error::usage(format!("The standard has no item `{id}`.")));
    };
    context.report("touchstone.standard.item/1", item, || guidance(&dimension.heading, item))
}

fn overview(standard: &Standard) -> String {
    let mut out = format!("{} ({} {})\n", standard.title, standard.id, standard.version);
    for dimension in &standard.dimensions {
        out += &format!("\n{}{}\n", dimension.heading, if dimension.separate { " (separate score)" } else { "" });
        let levels: Vec<String> =
            dimension.levels.iter().map(|level| format!("{} {}", level.id, level.points)).collect();
        out += &format!("  levels: {}\n", levels.join(", "));
        for item in &dimension.items {
            out += &format!("  {:<13} {}\n", item.id, item.text);
        }
    }
    for fact in &standard.facts {
        let values: Vec<&str> = fact.values.iter().map(|value| value.id.as_str()).collect();
        out += &format!("\nfact {}: {}\n  {}\n", fact.id, values.join(", "), fact.guidance);
    }
    out
}

fn guidance(heading: &str, item: &Item) -> String {
    let answers: Vec<String> = item.accepts.iter().map(ToString::to_string).collect();
    let mut out = format!("{}  {heading}\n{}\n\n", item.id, item.text);
    out += &format!("secure answer: {}; accepted: {}\n", item.secure, answers.join(", "));
    let mut part = |label: &str, text: &str| {
        if !text.is_empty() {
            out += &format!("\n{label}\n");
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            for line in wrapped("  ", " ", &words, 80) {
                out += &format!("{line}\n");
            }
        }
    };
    part("What to look for", &item.look_for);
    part("What counts as evidence", &item.counts);
    part("What makes it partial", &item.partial);
    part("Take care", &item.trap);
    if let Some(na) = &item.not_applicable {
        part("Not applicable", &na.hint);
    }
    let refs: Vec<String> = item.refs.iter().map(|(name, ids)| format!("{name}: {}", ids.join(", "))).collect();
    part("Evidence here is relevant to", &refs.join("; "));
    out
}

/// Writes a copy with an id of its own, which says where it comes from.
fn new(context: &Context, file: &Path, from: &str, id: Option<&str>) -> Result<()> {
    let loaded = Loaded::find(from)?;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let stem: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let id = id.unwrap_or(&stem);
    if id == loaded.standard.id {
        return Err(Error::usage(format!("The copy needs an id other than `{id}`.")).hint("Pass --id NAME."));
    }
    let digest = Sha256::of(&loaded.toml);
    let origin = format!(
        "derived_from = {{ id = \"{}\", version = \"{}\", sha256 = \"{digest}\" }}",
        loaded.standard.id, loaded.standard.version
    );
    let mut lines: Vec<String> = Vec::new();
    let mut renamed = false;
    for line in loaded.toml.lines() {
        if line.starts_with("derived_from") {
            continue;
        }
        if !renamed && line.starts_with("id = ") {
            lines.push(format!("id = \"{id}\""));
            lines.push(origin.clone());
            renamed = true;
        } else {
            lines.push(line.to_owned());
        }
    }
    let text = lines.join("\n") + "\n";
    let copied = read(&text).is_ok_and(|copy| copy.id == id);
    if !renamed || !copied {
        return Err(Error::usage(format!("`{id}` cannot be the copy's id."))
            .hint("Use lower-case letters, digits, `-`, `_` and `.`; pass --id NAME."));
    }
    let failed = |error: std::io::Error| {
        let error = Error::io("write", file, &error);
        if file.exists() { error.hint("A file that is there is not overwritten.") } else { error }
    };
    let mut out = std::fs::File::create_new(file).map_err(failed)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
    let checked = Checked {
        file: file.display().to_string(),
        id,
        version: &loaded.standard.version,
        dimensions: loaded.standard.dimensions.len(),
        items: loaded.standard.items().count(),
    };
    context.report("touchstone.standard.new/1", &checked, || {
        format!(
            "{0} is a copy of {from} with the id {id}. Change it, then `touchstone standard check {0}`.\n",
            shown(file)
        )
    })
}
