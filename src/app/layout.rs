//! Where things stand on the screen: one computation for drawing, scrolling and the mouse.

use ratatui::layout::{Constraint, Layout, Rect};

use super::Pane;

/// A smaller screen gets a plain message: columns and rows.
pub const FLOOR: (u16, u16) = (60, 16);

/// From this width on, the three panes stand side by side.
pub const WIDE: u16 = 100;

/// Areas of the main screen. A pane's area is its content; its frame is drawn around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// Target, pin, score, saved state.
    pub header: Rect,
    /// The tabs, on a narrow screen.
    pub tabs: Option<Rect>,
    /// The checklist or the files, frame included.
    pub list: Option<Rect>,
    /// The code, frame included.
    pub code: Option<Rect>,
    /// The item, frame included.
    pub item: Option<Rect>,
    /// The first-run hint.
    pub hint: Option<Rect>,
    /// The keys that work, or what just happened.
    pub footer: Rect,
}

/// Returns the areas for a screen; `None` where it is too small. Zoomed, the pane with the focus stands alone.
pub fn areas(size: (u16, u16), pane: Pane, zoom: bool, hint: bool) -> Option<Areas> {
    let (width, height) = size;
    if width < FLOOR.0 || height < FLOOR.1 {
        return None;
    }
    let screen = Rect::new(0, 0, width, height);
    let wide = width >= WIDE;
    let rows = [
        Constraint::Length(1),
        Constraint::Length(u16::from(!wide)),
        Constraint::Min(0),
        Constraint::Length(u16::from(hint)),
        Constraint::Length(1),
    ];
    let [header, tabs, body, hint_row, footer] = Layout::vertical(rows).areas(screen);
    let mut areas = Areas { header, footer, hint: hint.then_some(hint_row), ..Areas::default() };
    if wide && !zoom {
        let list = (width / 4).clamp(30, 42);
        let item = (width / 100 * 29 + width % 100 * 29 / 100).clamp(34, 60);
        let columns = [Constraint::Length(list), Constraint::Min(0), Constraint::Length(item)];
        let [list, code, item] = Layout::horizontal(columns).areas(body);
        (areas.list, areas.code, areas.item) = (Some(list), Some(code), Some(item));
    } else {
        areas.tabs = (!wide).then_some(tabs);
        match pane {
            Pane::List => areas.list = Some(body),
            Pane::Code => areas.code = Some(body),
            Pane::Item => areas.item = Some(body),
        }
    }
    Some(areas)
}

/// Returns the content of a pane, inside its frame. On a narrow screen a pane has a frame above only.
pub fn inner(size: (u16, u16), pane: Rect) -> Rect {
    if size.0 >= WIDE {
        Rect::new(pane.x + 1, pane.y + 1, pane.width.saturating_sub(2), pane.height.saturating_sub(2))
    } else {
        Rect::new(pane.x, pane.y + 1, pane.width, pane.height.saturating_sub(1))
    }
}

/// Returns the area of a popup, frame included, that would like to be this large. The header and the footer stay in sight.
pub fn popup(size: (u16, u16), width: u16, height: u16) -> Rect {
    let (columns, rows) = size;
    let width = width.min(columns.saturating_sub(if columns >= WIDE { 8 } else { 2 }));
    let height = height.min(rows.saturating_sub(2));
    Rect::new((columns - width) / 2, ((rows - height) / 3).max(1).min(rows - height), width, height)
}

/// Returns the first row to show so that the cursor is on the screen, moving no more than needed.
pub fn follow(top: usize, cursor: usize, height: usize, rows: usize) -> usize {
    let height = height.max(1);
    let top = top.min(rows.saturating_sub(height));
    if cursor < top {
        cursor
    } else if cursor >= top + height {
        cursor + 1 - height
    } else {
        top
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn narrow_screens_have_tabs_and_small_ones_nothing() {
        assert!(
            areas((59, 24), Pane::Code, false, false).is_none() && areas((80, 15), Pane::Code, false, false).is_none()
        );
        let narrow = areas((80, 24), Pane::Code, false, true).unwrap();
        assert!(narrow.tabs.is_some() && narrow.list.is_none() && narrow.item.is_none());
        assert_eq!(narrow.code, Some(Rect::new(0, 2, 80, 20)));
        let wide = areas((120, 40), Pane::Code, false, false).unwrap();
        let alone = areas((120, 40), Pane::Code, true, false).unwrap();
        assert_eq!((alone.list, alone.code.unwrap().width, alone.item), (None, 120, None));
        assert_eq!((wide.list.unwrap().width, wide.item.unwrap().width, wide.tabs), (30, 34, None));
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_on_the_screen(top in 0usize..500, rows in 1usize..400, height in 0usize..80, at in 0usize..400) {
            let cursor = at.min(rows - 1);
            let top = follow(top, cursor, height, rows);
            prop_assert!(top <= cursor && cursor < top + height.max(1));
        }

        #[test]
        fn everything_fits(width in 0u16..400, height in 0u16..200, zoom: bool, hint: bool) {
            for pane in [Pane::List, Pane::Code, Pane::Item] {
                if let Some(areas) = areas((width, height), pane, zoom, hint) {
                    for rect in [Some(areas.header), areas.tabs, areas.list, areas.code, areas.item, areas.hint, Some(areas.footer)].into_iter().flatten() {
                        prop_assert!(rect.right() <= width && rect.bottom() <= height);
                    }
                    let popup = popup((width, height), 90, 30);
                    prop_assert!(popup.right() <= width && popup.bottom() <= height);
                }
            }
        }
    }
}
