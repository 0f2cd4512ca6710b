//! The terminal: taken, drawn on, and given back in order whatever happens.
//!
//! There is one terminal and one set of signals in a process, so what belongs to them is kept once per process
//! (`console`, `signals`); a [`Screen`] is the right to draw. Nothing here wakes up while nothing happens.

mod console;
mod decode;
mod reader;
mod signals;

use std::io::{self, BufWriter, IsTerminal as _};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{KeyEvent, MouseEvent};
use crossterm::execute;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::error::{Error, Result};
use crate::shell::print;
use console::Out;
use reader::Reader;

/// What reaches the program from the terminal, or about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// A text was pasted, as a whole. It may hold anything.
    Paste(String),
    /// The terminal has another size, which the next [`Screen::draw`] finds.
    Resize,
    /// The program is to end, for this signal: leave the screen, exit with 128 + the signal.
    ///
    /// If the screen is not left within two seconds, the terminal is given back and the process ends. Also sent when
    /// the terminal has vanished (SIGHUP) and when another thread than the screen's has panicked (SIGABRT).
    Terminate(i32),
    /// The process was stopped and continued from outside: call [`Screen::renew`].
    Continued,
}

/// How a screen is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether the mouse is reported: buttons, dragging and the wheel.
    pub mouse: bool,
}

/// The terminal in raw mode, on its alternate screen. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Out>>>,
    reader: Reader,
    options: Options,
}

impl Screen {
    /// Takes the terminal, and hands its inputs to `sink` from other threads.
    ///
    /// The sink must neither block nor call the screen: it is meant to send on an unbounded channel. Errors: standard
    /// input or output is no terminal, or the terminal cannot be set.
    pub fn enter(options: Options, sink: impl Fn(Input) + Send + 'static) -> Result<Self> {
        for (name, is) in [("input", io::stdin().is_terminal()), ("output", io::stdout().is_terminal())] {
            if !is {
                return Err(Error::could_not(format!("The workbench needs a terminal, and standard {name} is none."))
                    .hint("Start it without redirection; every subcommand works without a terminal."));
            }
        }
        let failed = |error: io::Error| Error::could_not(format!("Could not use the terminal: {error}."));
        reader::check().map_err(failed)?;
        signals::attach(sink).map_err(failed)?;
        let entered = enter(options);
        if entered.is_err() {
            console::give_back();
            signals::detach();
        }
        entered.map_err(failed)
    }

    /// Draws one frame. What could command the terminal never leaves this function, see [`print::scrub`].
    ///
    /// Nothing is drawn once the terminal was given back since the program is to end. Errors: the terminal cannot be
    /// written, or could not be taken back after [`hand_over`](Self::hand_over).
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        if !console::taken() {
            return if signals::ending() {
                Ok(())
            } else {
                Err(Error::could_not("The terminal could not be taken back."))
            };
        }
        self.terminal
            .draw(|frame| {
                render(frame);
                print::scrub(frame.buffer_mut());
            })
            .map(|_| ())
            .map_err(unwritable)
    }

    /// Stops the process as Ctrl-Z does, and comes back when it is continued. The next frame is drawn whole.
    pub fn suspend(&mut self) {
        self.away(signals::Away::Stopped, signals::stop);
    }

    /// Gives the terminal to `act`, for a program that asks or an editor, and takes it back.
    ///
    /// No input is read meanwhile, and what was typed without being read is dropped. The next frame is drawn whole; it
    /// fails if the terminal could not be taken back.
    pub fn hand_over<T>(&mut self, act: impl FnOnce() -> T) -> T {
        self.away(signals::Away::HandedOver, act)
    }

    /// Sets the terminal again, as after [`Input::Continued`]. The next frame is drawn whole.
    pub fn renew(&mut self) {
        self.away(signals::Away::Here, || ());
    }

    /// Has the mouse reported, or leaves it to the terminal.
    ///
    /// Errors: the terminal cannot be written.
    pub fn set_mouse(&mut self, on: bool) -> Result<()> {
        self.options.mouse = on;
        console::set_mouse(on).map_err(unwritable)
    }

    /// Asks the terminal to put a text on the clipboard. Many do not, and none says so.
    ///
    /// Errors: the terminal cannot be written.
    pub fn copy(&mut self, text: &str) -> Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text)).map_err(unwritable)
    }

    /// Returns the terminal's columns and rows.
    ///
    /// Errors: the terminal does not say.
    pub fn size(&self) -> Result<(u16, u16)> {
        let size = self.terminal.size();
        size.map(|size| (size.width, size.height))
            .map_err(|error| Error::could_not(format!("Could not learn the terminal's size: {error}.")))
    }

    /// Gives the terminal back; so does dropping the screen.
    pub fn leave(self) {}

    fn away<T>(&mut self, place: signals::Away, act: impl FnOnce() -> T) -> T {
        self.reader.pause();
        console::give_back();
        signals::place(place);
        let out = act();
        signals::place(signals::Away::Here);
        if !signals::ending() && console::take(self.options, console::Typed::Dropped).is_ok() {
            self.redraw();
            self.reader.resume();
        }
        out
    }

    /// Has the next frame drawn whole. [`Terminal::clear`] would ask the terminal where its cursor is, and wait.
    pub fn redraw(&mut self) {
        // A terminal that cannot be written is seen by the next draw.
        let _ = self.terminal.size().and_then(|size| self.terminal.resize(size.into()));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.reader.stop();
        console::give_back();
        signals::detach();
    }
}

fn unwritable(error: io::Error) -> Error {
    Error::could_not(format!("Could not draw on the terminal: {error}."))
}

fn enter(options: Options) -> io::Result<Screen> {
    console::guard();
    console::take(options, console::Typed::Kept)?;
    let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, Out)))?;
    Ok(Screen { terminal, reader: Reader::start()?, options })
}
