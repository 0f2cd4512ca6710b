//! From what the terminal reports to what the workbench takes.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::app::key::{Code, Key};
use crate::app::msg::{Did, Mouse};

/// Returns a key, if it is one that the workbench knows.
pub(in crate::shell) fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let held = |modifier| event.modifiers.contains(modifier);
    let (ctrl, alt, mut shift) = (held(KeyModifiers::CONTROL), held(KeyModifiers::ALT), held(KeyModifiers::SHIFT));
    let code = match event.code {
        // A terminal sends control with a letter in one form only; a character says itself whether shift was held.
        KeyCode::Char(c) => {
            shift = false;
            Code::Char(if ctrl { c.to_ascii_lowercase() } else { c })
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => {
            shift = true;
            Code::Tab
        }
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(Key { code, ctrl, alt, shift })
}

/// Returns what the mouse did, if the workbench cares: its left button and its wheel.
pub(super) fn mouse(event: MouseEvent) -> Option<Mouse> {
    let did = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Did::Press,
        MouseEventKind::Drag(MouseButton::Left) => Did::Drag,
        MouseEventKind::Up(MouseButton::Left) => Did::Release,
        MouseEventKind::ScrollUp => Did::WheelUp,
        MouseEventKind::ScrollDown => Did::WheelDown,
        _ => return None,
    };
    Some(Mouse { did, column: event.column, row: event.row })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn written(code: KeyCode, modifiers: KeyModifiers) -> String {
        key(KeyEvent::new(code, modifiers)).unwrap().to_string()
    }

    #[test]
    fn keys_are_named_as_in_the_table() {
        let (none, shift, ctrl) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
        assert_eq!(written(KeyCode::Char('G'), shift), "G");
        assert_eq!(written(KeyCode::Char('j'), ctrl), "<c-j>");
        assert_eq!(written(KeyCode::Char('R'), ctrl | shift), "<c-r>");
        assert_eq!(written(KeyCode::BackTab, shift), "<s-tab>");
        assert_eq!(written(KeyCode::BackTab, none), "<s-tab>");
        assert_eq!(written(KeyCode::Down, shift), "<s-down>");
        assert_eq!(written(KeyCode::Enter, KeyModifiers::ALT), "<a-cr>");
        assert_eq!(written(KeyCode::Char('<'), none), "<lt>");
        assert!(key(KeyEvent::new(KeyCode::CapsLock, none)).is_none());
        assert!(key(KeyEvent::new_with_kind(KeyCode::Char('y'), none, KeyEventKind::Release)).is_none());
        assert!(key(KeyEvent::new_with_kind(KeyCode::Char('y'), none, KeyEventKind::Repeat)).is_some());
    }

    #[test]
    fn the_mouse_has_a_left_button_and_a_wheel() {
        let event = |kind| MouseEvent { kind, column: 3, row: 4, modifiers: KeyModifiers::NONE };
        let drag = mouse(event(MouseEventKind::Drag(MouseButton::Left))).unwrap();
        assert_eq!(drag, Mouse { did: Did::Drag, column: 3, row: 4 });
        for kind in [MouseEventKind::Down(MouseButton::Right), MouseEventKind::Moved, MouseEventKind::ScrollLeft] {
            assert!(mouse(event(kind)).is_none());
        }
    }
}
