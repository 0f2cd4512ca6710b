//! The workbench from the command line: what `open`, `demo` and the bare name share.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::str::FromStr;

use super::context::Context;
use crate::app::key::Key;
use crate::config::{Config, ThemeName};
use crate::error::{Error, Result};
use crate::shell::print::{self, Format, Palette};
use crate::shell::workbench::{self, Environment, Headless, Held, Session};

#[derive(Debug, Default, clap::Args)]
// A group would have the name of the struct that this one is flattened into.
#[group(skip)]
pub struct Args {
    /// Press these keys first, such as `jj<tab>`; the help (?) shows how keys are written
    #[arg(long, value_name = "KEYS", help_heading = "Workbench")]
    keys: Option<Keys>,
    /// Print one frame of this size, such as 120x40, after --keys, and end; needs no terminal
    #[arg(long, value_name = "WxH", help_heading = "Workbench")]
    print: Option<Size>,
    /// How --print prints
    #[arg(long, value_name = "FORMAT", requires = "print", help_heading = "Workbench")]
    format: Option<Format>,
    /// Leave the mouse to the terminal
    #[arg(long, help_heading = "Workbench")]
    no_mouse: bool,
    /// Colours: dark, light, high-contrast or terminal
    #[arg(long, value_name = "NAME", help_heading = "Workbench")]
    theme: Option<ThemeName>,
    /// Draw with ASCII characters only
    #[arg(long, help_heading = "Workbench")]
    ascii: bool,
}

/// Keys to play.
#[derive(Debug, Clone)]
pub struct Keys(pub Vec<Key>);

impl FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Key::parse_all(text).map(Keys)
    }
}

/// Columns and rows of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Size(pub u16, pub u16);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
        match size {
            Some((columns @ 1..=500, rows @ 1..=200)) => Ok(Size(columns, rows)),
            _ => Err("a size is columns x rows such as 120x40, from 1x1 to 500x200".to_owned()),
        }
    }
}

fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What the workbench begins with.
#[derive(Debug, Default)]
pub struct Begin {
    /// The user's preferences.
    pub config: Config,
    /// A checkout of the audit database, as far as one is known.
    pub db: Option<PathBuf>,
    /// The list of audits is shown first.
    pub audits: bool,
    /// What was taken over is shown first.
    pub carried: bool,
}

impl Args {
    /// Returns what opens the workbench, or prints a frame of this size.
    pub fn of(print: Option<Size>) -> Args {
        Args { print, ..Args::default() }
    }

    /// Returns what the workbench begins with; nothing where there is no terminal for it and no frame is to be printed.
    ///
    /// # Errors
    /// Where an argument or a preference is off: it is said before anything is written.
    pub fn begin(&self, context: &Context) -> Result<Option<Begin>> {
        let opens = self.print.is_some() || (has_terminal() && !context.global.json);
        if !opens {
            return match self.keys {
                Some(_) => Err(Error::usage("--keys needs a terminal, or --print.")
                    .hint("--print 120x40 prints the frame after the keys.")),
                None => Ok(None),
            };
        }
        let mut config = context.config()?;
        workbench::keymap(&config, &context.paths()?)?;
        let ui = &mut config.ui;
        ui.theme = self.theme.unwrap_or(ui.theme);
        ui.ascii |= self.ascii;
        ui.mouse &= !self.no_mouse;
        Ok(Some(Begin { config, ..Begin::default() }))
    }

    /// Tells whether a frame is to be printed: then nothing else is.
    pub fn prints(&self) -> bool {
        self.print.is_some()
    }

    /// Opens the workbench on an audit, or prints a frame of it.
    ///
    /// # Errors
    /// Where the clone is not there, or the workbench cannot go on.
    pub fn run(&self, context: &Context, name: &str, held: Held, begin: Begin) -> Result<()> {
        let keys = self.keys.as_ref().map(|Keys(keys)| keys.as_slice()).unwrap_or_default();
        let theme = begin.config.ui.theme;
        let environment = Environment {
            repo: context.global.repo.clone(),
            config: begin.config,
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            db: begin.db,
            ..Environment::new(context.paths()?)
        };
        let size = self.print.map_or_else(workbench::terminal_size, |Size(columns, rows)| (columns, rows));
        let mut session = Session::open(environment, name, held, size)?;
        if begin.audits {
            session.list_audits();
        }
        if begin.carried {
            session.list_carried();
        }
        if self.print.is_none() {
            if let Some(signal) = workbench::run(session, keys)? {
                // As a shell says it. All that is to be kept was written when the session ended.
                std::process::exit(128 + signal);
            }
            return Ok(());
        }
        let mut headless = Headless::begin(session)?;
        headless.play(keys)?;
        let buffer = workbench::headless::draw(headless.app());
        headless.close();
        let palette = if theme == ThemeName::Light { Palette::LIGHT } else { Palette::DARK };
        context.print(&print::print(&buffer, self.format.unwrap_or(Format::Text), &palette))
    }
}
