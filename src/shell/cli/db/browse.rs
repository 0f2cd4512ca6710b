//! `touchstone db browse`: the database in the terminal.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;

use jiff::civil::Date;

use super::super::Global;
use super::super::context::Context;
use super::super::interrupt::Interrupt;
use super::super::workbench::{self, Keys, Size};
use super::list::today;
use super::{Source, clone, read_from};
use crate::app::browse::Browse;
use crate::auditdb::Clones;
use crate::error::{Error, Result};
use crate::model::event::Target;
use crate::repo::Repo;
use crate::shell::browse::Session;
use crate::shell::print::{self, Format, Palette};
use crate::shell::workbench::Held;

/// Lists the audits with sort and filter as you type (`/`), and opens a server's history, an audit's findings, answers
/// and evidence, read only. `?` shows all keys.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// A clone of a server, in which evidence can be looked at; may be given several times
    #[arg(long, value_name = "URL=DIR", value_parser = clone)]
    clone: Vec<(Target, PathBuf)>,
    /// A folder of clones, found by their names and known by their origins
    #[arg(long, value_name = "DIR")]
    clones: Option<PathBuf>,
    /// Begin with this filter
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// The day on which ages are reckoned (default: today)
    #[arg(long, value_name = "DATE", value_parser = Date::from_str)]
    as_of: Option<Date>,
    /// Press these keys first, such as `jj<cr>`
    #[arg(long, value_name = "KEYS")]
    keys: Option<Keys>,
    /// Print one frame of this size, such as 120x40, after --keys, and end; needs no terminal
    #[arg(long, value_name = "WxH")]
    print: Option<Size>,
}

pub fn run(args: &Args, context: &Context) -> Result<()> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if args.print.is_none() && (!terminal || context.global.json) {
        return Err(Error::usage("`db browse` needs a terminal, or --print.")
            .hint("`touchstone db list` and `db show` print the same, also as JSON."));
    }
    let interrupt = Interrupt::listen()?;
    let as_of = args.as_of.map_or_else(|| today(context), Ok)?;
    let ui = context.config()?.ui;
    let database = args.source.open()?;
    let catalog = args.source.catalog(context, &database, &interrupt)?;
    let clones = Clones { named: args.clone.clone(), folder: args.clones.clone() };
    let browse = Browse::new(Arc::new(catalog), read_from(&database), as_of, args.filter.clone());
    let mut session = Session::new(browse, database, clones);
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if let Some(Size(columns, rows)) = args.print {
        session.frame(columns, rows, &ui, no_color);
    }
    session.play(args.keys.as_ref().map(|Keys(keys)| keys.as_slice()).unwrap_or_default());
    if let Some(Size(columns, rows)) = args.print {
        if let Some((held, repo)) = session.record() {
            return workbench(context, held, &repo, args.print);
        }
        let buffer = session.frame(columns, rows, &ui, no_color);
        return context.print(&print::print(&buffer, Format::Text, &Palette::DARK));
    }
    while !session.ended() {
        if let Some(signal) = session.run(&ui, no_color)? {
            std::process::exit(128 + signal);
        }
        if let Some((held, repo)) = session.record()
            && let Err(error) = workbench(context, held, &repo, None)
        {
            session.tell(&error);
        }
    }
    Ok(())
}

/// Opens the workbench on a record, to be read.
fn workbench(context: &Context, held: Held, repo: &Repo, print: Option<Size>) -> Result<()> {
    let args = workbench::Args::of(print);
    let Some(begin) = args.begin(context)? else { return Ok(()) };
    let inner = Context::new(Global { repo: Some(repo.git_dir().to_owned()), ..context.global.clone() });
    let name = held.audit().now.opened.audit.clone();
    args.run(&inner, &name, held, begin)
}
