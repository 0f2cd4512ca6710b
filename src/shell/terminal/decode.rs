//! From the terminal's bytes to inputs.
//!
//! crossterm's own reader is not used. It takes a sequence that it does not know for typed letters, so a terminal's late
//! reply could answer an item of an audit; it blocks in the middle of a sequence, where it could not be paused; and it
//! never stops reading a terminal that has vanished. Here a sequence is taken whole or swallowed whole.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::Input;

/// How long the bytes of one sequence may be apart. What is left over then was typed: Escape, or a key with Alt.
pub(super) const GAP: Duration = Duration::from_millis(50);

/// A pasted text's most bytes; what is beyond is dropped.
const PASTE: usize = 8 << 20;
/// A control sequence's most bytes; a longer one is swallowed.
const SEQUENCE: usize = 64;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What the bytes seen so far have begun.
enum State {
    Ground,
    Escape,
    /// `ESC [`; the bytes since.
    Csi(Vec<u8>),
    /// `ESC O`.
    Ss3,
    /// The Linux console's `ESC [ [`.
    Console,
    /// An X10 mouse report's three bytes, of which so many are to come.
    Mouse(u8),
    /// A string (OSC, DCS, APC, PM, SOS) up to its terminator. `begun` tells whether anything followed its opening.
    Text {
        opening: u8,
        begun: bool,
    },
    /// `ESC` within a string: the terminator's first half.
    TextEscape,
    Paste(Vec<u8>),
    /// A character of several bytes, and how many it has.
    Utf8 {
        bytes: Vec<u8>,
        whole: usize,
        alt: bool,
    },
}

/// Turns bytes into inputs, wherever they are cut.
pub(super) struct Decoder {
    state: State,
}

impl Decoder {
    /// Returns a decoder that has seen nothing.
    pub(super) fn new() -> Self {
        Decoder { state: State::Ground }
    }

    /// Tells whether the rest of a sequence must follow within [`GAP`]. A paste may take its time.
    pub(super) fn waits(&self) -> bool {
        !matches!(self.state, State::Ground | State::Paste(_))
    }

    /// Takes what stands alone for a key, and drops the beginning of anything else: nothing followed within [`GAP`].
    pub(super) fn settle(&mut self, out: &mut Vec<Input>) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape => out.push(key(KeyCode::Esc, KeyModifiers::NONE)),
            State::Csi(bytes) if bytes.is_empty() => out.push(typed('[', true)),
            State::Ss3 => out.push(typed('O', true)),
            State::Text { opening, begun: false } => out.push(typed(char::from(opening), true)),
            State::Paste(bytes) => self.state = State::Paste(bytes),
            _ => {}
        }
    }

    /// Takes more bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        for &byte in bytes {
            self.take(byte, out);
        }
    }

    fn take(&mut self, byte: u8, out: &mut Vec<Input>) {
        self.state = match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => ground(byte, false, out),
            State::Escape => match byte {
                b'[' => State::Csi(Vec::new()),
                b'O' => State::Ss3,
                b']' | b'P' | b'_' | b'^' | b'X' => State::Text { opening: byte, begun: false },
                0x1b => {
                    out.push(key(KeyCode::Esc, KeyModifiers::NONE));
                    State::Escape
                }
                byte => ground(byte, true, out),
            },
            State::Csi(bytes) => csi(bytes, byte, out),
            State::Ss3 => match byte {
                0x1b => State::Escape,
                byte => {
                    if let Some(code) = letter(byte) {
                        out.push(key(code, KeyModifiers::NONE));
                    }
                    State::Ground
                }
            },
            State::Console => {
                if let b'A'..=b'E' = byte {
                    out.push(key(KeyCode::F(byte - b'A' + 1), KeyModifiers::NONE));
                }
                State::Ground
            }
            State::Mouse(1) => State::Ground,
            State::Mouse(left) => State::Mouse(left - 1),
            State::Text { opening, .. } => match byte {
                0x07 | 0x18 | 0x1a => State::Ground,
                0x1b => State::TextEscape,
                _ => State::Text { opening, begun: true },
            },
            State::TextEscape => match byte {
                b'\\' => State::Ground,
                0x1b => State::TextEscape,
                // The string was broken off; this is another sequence.
                byte => {
                    self.state = State::Escape;
                    return self.take(byte, out);
                }
            },
            State::Paste(mut bytes) => {
                bytes.push(byte);
                if bytes.ends_with(PASTE_END) {
                    bytes.truncate(bytes.len() - PASTE_END.len());
                    out.push(Input::Paste(String::from_utf8_lossy(&bytes).into_owned()));
                    State::Ground
                } else {
                    if bytes.len() >= PASTE + PASTE_END.len() {
                        // Keeps the tail, in which the end is looked for.
                        bytes.remove(PASTE);
                    }
                    State::Paste(bytes)
                }
            }
            State::Utf8 { mut bytes, whole, alt } => {
                if byte & 0xc0 != 0x80 {
                    // The character was broken off.
                    return self.take(byte, out);
                }
                bytes.push(byte);
                if bytes.len() < whole {
                    State::Utf8 { bytes, whole, alt }
                } else {
                    if let Some(c) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
                        out.push(typed(c, alt));
                    }
                    State::Ground
                }
            }
        };
    }
}

fn ground(byte: u8, alt: bool, out: &mut Vec<Input>) -> State {
    let whole = match byte {
        0x1b => return State::Escape,
        0..=0x7f => {
            out.push(plain(byte, alt));
            return State::Ground;
        }
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        // No character begins so.
        _ => return State::Ground,
    };
    State::Utf8 { bytes: vec![byte], whole, alt }
}

/// The key of an ASCII byte. In raw mode a line feed is Ctrl-J.
fn plain(byte: u8, alt: bool) -> Input {
    let (code, modifiers) = match byte {
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        0 => (KeyCode::Char(' '), KeyModifiers::CONTROL),
        0x01..=0x1a => (KeyCode::Char(char::from(byte - 1 + b'a')), KeyModifiers::CONTROL),
        0x1c..=0x1f => (KeyCode::Char(char::from(byte - 0x1c + b'4')), KeyModifiers::CONTROL),
        byte => return typed(char::from(byte), alt),
    };
    key(code, if alt { modifiers | KeyModifiers::ALT } else { modifiers })
}

fn typed(c: char, alt: bool) -> Input {
    let mut modifiers = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    if alt {
        modifiers |= KeyModifiers::ALT;
    }
    key(KeyCode::Char(c), modifiers)
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn csi(mut bytes: Vec<u8>, byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        0x1b => State::Escape,
        0x18 | 0x1a => State::Ground,
        b'[' if bytes.is_empty() => State::Console,
        b'M' if bytes.is_empty() => State::Mouse(3),
        b'~' if bytes == b"200" => State::Paste(Vec::new()),
        0x40..=0x7e => {
            if bytes.len() <= SEQUENCE {
                out.extend(sequence(&bytes, byte));
            }
            State::Ground
        }
        byte => {
            if bytes.len() <= SEQUENCE {
                bytes.push(byte);
            }
            State::Csi(bytes)
        }
    }
}

/// The input of a whole control sequence; none for one that is no key.
fn sequence(bytes: &[u8], end: u8) -> Option<Input> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Some(report) = text.strip_prefix('<') {
        return mouse(report, end);
    }
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let mut fields = text.split(';');
    let mut next = || fields.next().map(|field| field.split(':'));
    let first = next().and_then(|mut parts| parts.next()).unwrap_or_default();
    let mut second = next().into_iter().flatten();
    let modifiers = modifiers(second.next().unwrap_or_default())?;
    if second.next() == Some("3") {
        // A key that was let go.
        return None;
    }
    let third = next().and_then(|mut parts| parts.next()).unwrap_or_default();
    let code = match end {
        b'Z' if text.is_empty() => return Some(key(KeyCode::BackTab, KeyModifiers::SHIFT)),
        b'~' => match first.parse().ok()? {
            27u32 => return scalar(third, modifiers),
            code => numbered(code)?,
        },
        b'u' => return scalar(first, modifiers),
        // Also a report of where the cursor is looks like F3 with a modifier, but its first number is a row.
        end if matches!(first, "" | "1") => letter(end)?,
        _ => return None,
    };
    Some(key(code, modifiers))
}

/// A key with no letter, by the last byte of its sequence.
fn letter(end: u8) -> Option<KeyCode> {
    Some(match end {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(end - b'P' + 1),
        _ => return None,
    })
}

/// A key with no letter, by its number.
fn numbered(code: u32) -> Option<KeyCode> {
    let function = |from: u32, first: u8| u8::try_from(code - from).ok().map(|step| KeyCode::F(first + step));
    match code {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(11, 1),
        17..=21 => function(17, 6),
        23..=26 => function(23, 11),
        28..=29 => function(28, 15),
        31..=34 => function(31, 17),
        _ => None,
    }
}

/// A key told by its character's number.
fn scalar(number: &str, modifiers: KeyModifiers) -> Option<Input> {
    let c = char::from_u32(number.parse().ok()?)?;
    Some(match c {
        '\u{1b}' => key(KeyCode::Esc, modifiers),
        '\r' => key(KeyCode::Enter, modifiers),
        '\t' if modifiers.contains(KeyModifiers::SHIFT) => key(KeyCode::BackTab, modifiers),
        '\t' => key(KeyCode::Tab, modifiers),
        '\u{7f}' | '\u{8}' => key(KeyCode::Backspace, modifiers),
        c if c.is_control() || matches!(c, '\u{e000}'..='\u{f8ff}') => return None,
        // Such a terminal may send the key's lower case.
        c if modifiers.contains(KeyModifiers::SHIFT) && c.is_lowercase() => {
            key(KeyCode::Char(c.to_uppercase().next().unwrap_or(c)), modifiers)
        }
        c => key(KeyCode::Char(c), modifiers),
    })
}

fn modifiers(number: &str) -> Option<KeyModifiers> {
    if number.is_empty() {
        return Some(KeyModifiers::NONE);
    }
    let bits = number.parse::<u16>().ok()?.checked_sub(1)?;
    let table = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ];
    // Caps lock (64) and num lock (128) are no modifiers here.
    Some(table.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, modifier)| modifier).collect())
}

/// An SGR mouse report: `button;column;row`.
fn mouse(report: &str, end: u8) -> Option<Input> {
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let (bits, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let button = match bits & 0b11 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match (bits & 0b1100_0000, button, bits & 0b10_0000 != 0, end) {
        (0, Some(button), false, b'M') => MouseEventKind::Down(button),
        (0, Some(button), _, b'm') => MouseEventKind::Up(button),
        (0, Some(button), true, b'M') => MouseEventKind::Drag(button),
        (0, None, true, b'M') => MouseEventKind::Moved,
        (64, ..) => match bits & 0b11 {
            0 => MouseEventKind::ScrollUp,
            1 => MouseEventKind::ScrollDown,
            2 => MouseEventKind::ScrollLeft,
            _ => MouseEventKind::ScrollRight,
        },
        _ => return None,
    };
    let modifiers = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)]
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, modifier)| modifier)
        .collect();
    Some(Input::Mouse(MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The inputs of bytes that come in these pieces, with nothing after them.
    fn inputs<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Input> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in pieces {
            decoder.feed(piece, &mut out);
        }
        decoder.settle(&mut out);
        out
    }

    fn keys(bytes: &[u8]) -> String {
        let names = inputs([bytes]).into_iter().map(|input| match input {
            Input::Key(event) if event.modifiers.is_empty() => event.code.to_string(),
            Input::Key(event) => format!("{}+{}", event.modifiers, event.code),
            Input::Paste(text) => format!("paste {text:?}"),
            Input::Mouse(event) => format!("{:?} {},{} {}", event.kind, event.column, event.row, event.modifiers),
            other => format!("{other:?}"),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn knows_the_keys() {
        let table: &[(&[u8], &str)] = &[
            (b"ay", "a y"),
            (b"A", "Shift+A"),
            ("é漢".as_bytes(), "é 漢"),
            (b"\x1b", "Esc"),
            (b"\x1b\x1b", "Esc Esc"),
            (b"\x1b\x1b[A", "Esc Up"),
            (b"\x1bx\x1bX", "Alt+x Shift+Alt+X"),
            ("\u{1b}é".as_bytes(), "Alt+é"),
            (b"\x1b[", "Alt+["),
            (b"\x1bO", "Shift+Alt+O"),
            (b"\x1b]", "Alt+]"),
            (b"\x1b\r", "Alt+Enter"),
            (b"\r\n\t\x7f\x08", "Enter Control+j Tab Backspace Control+h"),
            (b"\x00\x1a\x1c\x1f", "Control+Space Control+z Control+4 Control+7"),
            (b"\x1b[A\x1bOB\x1b[1;5C\x1b[1;2D", "Up Down Control+Right Shift+Left"),
            (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "Home End Home End Home End"),
            (b"\x1b[2~\x1b[3~\x1b[5~\x1b[6~\x1b[3;5~", "Insert Del Page Up Page Down Control+Del"),
            (b"\x1bOP\x1bOS\x1b[11~\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~", "F1 F4 F1 F5 F6 F10 F11 F12"),
            (b"\x1b[[A\x1b[[E\x1b[1;2R", "F1 F5 Shift+F3"),
            (b"\x1b[Z", "Shift+Back Tab"),
            (b"\x1b[97;5u\x1b[97;2u\x1b[27u\x1b[97;1:3u", "Control+a Shift+A Esc"),
            (b"\x1b[27;5;13~", "Control+Enter"),
        ];
        for (bytes, expected) in table {
            assert_eq!(keys(bytes), *expected, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn knows_the_mouse() {
        assert_eq!(keys(b"\x1b[<0;10;5M\x1b[<0;10;5m"), "Down(Left) 9,4  Up(Left) 9,4 ");
        assert_eq!(
            keys(b"\x1b[<32;1;1M\x1b[<64;1;1M\x1b[<65;300;99M"),
            "Drag(Left) 0,0  ScrollUp 0,0  ScrollDown 299,98 "
        );
        assert_eq!(keys(b"\x1b[<18;2;2M\x1b[<35;1;1M"), "Down(Right) 1,1 Control Moved 0,0 ");
        assert_eq!(keys(b"\x1b[<0;0;0M\x1b[<0;70000;1M\x1b[<M\x1b[<128;1;1M"), "");
    }

    #[test]
    fn what_is_no_key_types_nothing() {
        for swallowed in [
            &b"\x1b]11;rgb:ffff/ffff/ffff\x07"[..],
            b"\x1b]52;c;eXl5\x1b\\",
            b"\x1bP>|xterm(390)\x1b\\",
            b"\x1b_Gi=1;OK\x1b\\",
            b"\x1b[?62;22c",
            b"\x1b[>0;276;0c",
            b"\x1b[12;40R",
            b"\x1b[?2026;2$y",
            b"\x1b[I\x1b[O",
            b"\x1b[M y!",
            b"\x1b[57441;1u",
            b"\x1b[1;99999999A",
            b"\x1b[;;;;;q",
            b"\x1bOy",
            b"\xff\xc3\x80\xed\xa0\x80",
        ] {
            let mut bytes = swallowed.to_vec();
            bytes.push(b'k');
            let mut expected = keys(&bytes);
            // U+00C0 is a letter that stands among the broken bytes.
            expected = expected.replace("Shift+À ", "");
            assert_eq!(expected, "k", "{:?}", swallowed.escape_ascii().to_string());
        }
        let long = [b"\x1b[".as_slice(), &b"1".repeat(10_000), b"A"].concat();
        assert_eq!(keys(&long), "");
        assert_eq!(keys(b"\x1b]0;never ended"), "");
        assert_eq!(keys(b"\x1b[12"), "");
    }

    #[test]
    fn a_paste_is_one_input() {
        assert_eq!(keys(b"\x1b[200~y\nn\x1b[A\x1b\xff\x1b[201~k"), "paste \"y\\nn\\u{1b}[A\\u{1b}\u{fffd}\" k");
        assert_eq!(keys(b"\x1b[200~\x1b[201~"), "paste \"\"");
        // Nothing of a paste that has not ended is typed.
        assert_eq!(keys(b"\x1b[200~yyyy"), "");
        let mut large = b"\x1b[200~".to_vec();
        large.resize(PASTE + 1000, b'x');
        large.extend_from_slice(b"\x1b[201~k");
        let out = inputs([&large[..]]);
        assert!(matches!(&out[..], [Input::Paste(text), Input::Key(_)] if text.len() == PASTE));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..8),
            prop::sample::select(vec![
                &b"\x1b"[..],
                b"\x1b[",
                b"\x1bO",
                b"\x1b]",
                b"\x1bP",
                b"\x1b\\",
                b"\x07",
                b"\x1b[200~",
                b"\x1b[201~",
                b"\x1b[<0;1;1M",
                b"\x1b[1;5A",
                b"\x1b[[",
                b"\x1b[M",
                b";",
                b"y",
                b"\xe6\xbc\xa2",
                b"\xe6\xbc",
                b"u",
                b"~",
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_bytes_mean_the_same_wherever_they_are_cut(bytes in stream(), cut in any::<prop::sample::Index>()) {
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            let whole = inputs([&bytes[..]]);
            prop_assert_eq!(&whole, &inputs([left, right]));
            prop_assert_eq!(&whole, &inputs(bytes.chunks(1)));
        }
    }
}
