//! Floor 3: the views, from the workbench's state to a frame. They read the state and change nothing.

pub mod browse;
pub mod code;
mod coverage;
mod main_screen;
mod paint;
mod past;
mod popups;
pub mod theme;

use ratatui::Frame;

use crate::app::{App, layout};
use theme::{Role, Theme};

/// Draws the workbench.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let preferences = &app.preferences;
    let theme = Theme::new(preferences.theme, preferences.ascii, preferences.no_color);
    let buffer = frame.buffer_mut();
    buffer.set_style(buffer.area, theme.style(Role::Text));
    // The state may lag behind a terminal that is being resized; nothing is drawn outside of what is there.
    if buffer.area.width < app.size.0 || buffer.area.height < app.size.1 {
        return;
    }
    let Some(areas) = app.areas() else {
        let (columns, rows) = layout::FLOOR;
        let saved = match &app.unsaved {
            None => "All is saved.",
            Some(_) if app.is_read_only() => "Nothing can be written.",
            Some(_) => "The last act is NOT SAVED.",
        };
        let said = format!("touchstone needs {columns}x{rows}; this is {}x{}. {saved}", app.size.0, app.size.1);
        for (at, line) in crate::app::line::wrap(&said, usize::from(buffer.area.width).max(8), 0).iter().enumerate() {
            if at < usize::from(buffer.area.height) {
                buffer.set_stringn(0, at as u16, line, usize::from(buffer.area.width), theme.style(Role::Text));
            }
        }
        return;
    };
    main_screen::draw(app, buffer, &theme, &areas);
    popups::draw(app, buffer, &theme);
}
