//! The loop on a terminal: draw, wait, take everything that has come.

use std::time::{Duration, Instant};

use super::{End, Happened, Session};
use crate::app::key::Key;
use crate::app::msg::Msg;
use crate::error::Result;
use crate::shell::terminal::{Options, Screen};
use crate::ui;

/// How long the screen may stand still while there is always more to take: a key that is held down, a slow disk.
const STILL: Duration = Duration::from_millis(50);

/// Runs the workbench on the terminal until the user quits, and returns the signal that ended it, if one did. `keys` are
/// played first.
///
/// # Errors
/// Where there is no terminal, it cannot be used any more, or a key that is played asks for something that never comes.
pub fn run(mut session: Session, keys: &[Key]) -> Result<Option<i32>> {
    let sender = session.answers.sender.clone();
    let sink = move |input| {
        // Nobody listens any more only while the screen is left.
        let _ = sender.send(Happened::Input(input));
    };
    let mut screen = Screen::enter(Options { mouse: session.app.preferences.mouse }, sink)?;
    let ended = converse(&mut session, &mut screen, keys);
    let _ = session.look_away();
    session.save_place();
    screen.leave();
    ended.map(|()| match session.end {
        Some(End::Signal(signal)) => Some(signal),
        Some(End::Quit) | None => None,
    })
}

fn converse(session: &mut Session, screen: &mut Screen, keys: &[Key]) -> Result<()> {
    if !keys.is_empty() {
        fit(session, screen)?;
        session.play(keys, Some(screen))?;
    }
    let began = Instant::now();
    let now = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    while session.end.is_none() {
        fit(session, screen)?;
        screen.draw(|frame| ui::draw(&session.app, frame))?;
        session.look(now(), Some(screen));
        session.workers.look_ahead();
        session.begin_leads();
        let mut next = session.wait(now());
        // Key repeat and a storm of resizes must not queue frames: all that is there is taken before the next one.
        let since = Instant::now();
        while let Some(happened) = next {
            session.take(happened, Some(screen));
            if session.end.is_some() || since.elapsed() > STILL {
                break;
            }
            next = session.later.pop_front().map(Happened::Input).or_else(|| session.happened.try_recv().ok());
        }
    }
    session.reading.look(now(), None, &session.app.audit.seen);
    Ok(())
}

/// Tells the state machine where the screen has another size.
fn fit(session: &mut Session, screen: &mut Screen) -> Result<()> {
    let (columns, rows) = screen.size()?;
    if (columns, rows) != session.app.size {
        session.update(Msg::Resize(columns, rows), Some(screen));
    }
    Ok(())
}
