//! What the workbench may send to a terminal: reads raw bytes, knows what the program itself emits, and refuses all else.
//!
//! A list of what is allowed, not of what is known to be bad: a sequence that nobody thought of is refused too.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use touchstone::repo::display::is_hazard;

/// Modes that are set and reset: alternate screen, bracketed paste, cursor, mouse.
const MODES: [&str; 6] = ["1049", "2004", "25", "1000", "1002", "1006"];

/// What was sent, as far as it is allowed.
#[derive(Debug, Default, PartialEq)]
pub struct Sent {
    /// What was put on the clipboard, in base64, each time.
    pub clipboard: Vec<String>,
    /// Every character that was drawn.
    pub text: String,
}

/// Reads everything that was sent; the first thing that is not allowed is an error that shows where it stands.
pub fn read(raw: &[u8]) -> Result<Sent, String> {
    let mut sent = Sent::default();
    let mut at = 0;
    while at < raw.len() {
        let length = one(&raw[at..], &mut sent).map_err(|why| {
            let around = &raw[at.saturating_sub(40)..raw.len().min(at + 60)];
            format!("{why} at byte {at}: {:?}", String::from_utf8_lossy(around))
        })?;
        at += length;
    }
    Ok(sent)
}

/// Takes the first character or sequence, and returns how many bytes it has.
fn one(raw: &[u8], sent: &mut Sent) -> Result<usize, String> {
    match raw {
        [b'\x1b', b'[', rest @ ..] => Ok(2 + csi(rest)?),
        [b'\x1b', b']', rest @ ..] => Ok(2 + osc(rest, sent)?),
        [b'\x1b', next, ..] => Err(format!("the escape sequence {:?}", char::from(*next))),
        [b'\x1b'] => Err("an escape sequence that is cut off".to_owned()),
        _ => {
            let most = &raw[..raw.len().min(4)];
            let chunk = most.utf8_chunks().next().unwrap();
            let Some(c) = chunk.valid().chars().next() else { return Err(format!("the byte {:#04x}", raw[0])) };
            if is_forbidden(c) {
                return Err(format!("the character {c:?}"));
            }
            sent.text.push(c);
            Ok(c.len_utf8())
        }
    }
}

/// Tells whether a character hides, reorders or commands. The list is the test's own, so that a gap in the program's is
/// seen; what the program's list has besides is forbidden too.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x3164 | 0xfeff | 0xffa0
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfff9..=0xfffb
            | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
        || is_hazard(c)
}

fn csi(rest: &[u8]) -> Result<usize, String> {
    let end = rest.iter().position(|byte| !matches!(byte, 0x30..=0x3f)).ok_or("a sequence that is cut off")?;
    let text = std::str::from_utf8(&rest[..end]).unwrap();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let allowed = match rest[end] {
        b'H' => text.split_once(';').is_some_and(|(row, column)| digits(row) && digits(column)),
        b'J' => text == "2",
        b'h' | b'l' => text.strip_prefix('?').is_some_and(|mode| MODES.contains(&mode)),
        b'm' => is_look(text),
        _ => false,
    };
    if allowed { Ok(end + 1) } else { Err(format!("the sequence CSI {text}{}", char::from(rest[end]).escape_debug())) }
}

/// Tells whether a style's numbers are colours and attributes that can be seen; hidden text is none.
fn is_look(text: &str) -> bool {
    let Ok(numbers) = text.split(';').map(str::parse).collect::<Result<Vec<u32>, _>>() else { return false };
    let mut rest = &numbers[..];
    loop {
        rest = match rest {
            [] => return true,
            [38 | 48 | 58, 5, 0..=255, rest @ ..] => rest,
            [38 | 48 | 58, 2, 0..=255, 0..=255, 0..=255, rest @ ..] => rest,
            [0..=4 | 7 | 9 | 22..=24 | 27 | 29 | 30..=37 | 39 | 40..=47 | 49 | 59 | 90..=97 | 100..=107, rest @ ..] => {
                rest
            }
            _ => return false,
        };
    }
}

/// Takes the one string that is allowed: what is put on the clipboard. The bell does not end it.
fn osc(rest: &[u8], sent: &mut Sent) -> Result<usize, String> {
    let text = rest.strip_prefix(b"52;c;").ok_or("a string for the terminal (OSC) that is not for the clipboard")?;
    let end =
        text.iter().position(|byte| !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'='));
    let end = end.ok_or("a string that is cut off")?;
    if !text[end..].starts_with(b"\x1b\\") {
        return Err("a string for the clipboard that is not base64, or not ended".to_owned());
    }
    sent.clipboard.push(String::from_utf8(text[..end].to_vec()).unwrap());
    Ok(5 + end + 2)
}

#[test]
fn what_the_program_emits_is_allowed() {
    let sent = read(
        "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[3;14Hé✓\x1b[38;2;220;225;232m\
         \x1b[48;5;234mx\x1b[1m\x1b[7my\x1b[0m\x1b]52;c;aGVsbG8=\x1b\\\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[0m\
         \x1b[?25h\x1b[?2004l\x1b[?1049l"
            .as_bytes(),
    );
    assert_eq!(sent, Ok(Sent { clipboard: vec!["aGVsbG8=".to_owned()], text: "é✓xy".to_owned() }));
}

#[test]
fn everything_else_is_refused() {
    for (bytes, why) in [
        // Other sequences of the same families.
        (b"\x1b[J" as &[u8], "CSI J"),
        (b"\x1b[3J", "CSI 3J"),
        (b"\x1b[H", "CSI H"),
        (b"\x1b[1;2;3H", "CSI 1;2;3H"),
        (b"\x1b[2K", "CSI 2K"),
        (b"\x1b[?47h", "CSI ?47h"),
        (b"\x1b[25l", "CSI 25l"),
        (b"\x1b[>4;1m", "CSI >4;1m"),
        (b"\x1b[8m", "CSI 8m"),
        (b"\x1b[38;2;1;2m", "CSI 38;2;1;2m"),
        (b"\x1b[38;2;1;2;300m", "CSI"),
        (b"\x1b[6n", "CSI 6n"),
        (b"\x1b[c", "CSI c"),
        (b"\x1b[1 q", "CSI 1"),
        (b"\x1b[5i", "CSI 5i"),
        (b"\x1b[3;1\x1b[2J", "CSI 3;1"),
        (b"\x1b[21t", "CSI 21t"),
        // Strings.
        (b"\x1b]0;title\x07", "OSC"),
        (b"\x1b]0;title\x1b\\", "OSC"),
        (b"\x1b]8;;http://example.org\x1b\\", "OSC"),
        (b"\x1b]52;c;aGVsbG8=\x07", "not ended"),
        (b"\x1b]52;c;?\x1b\\", "not base64"),
        (b"\x1b]52;p;aGVsbG8=\x1b\\", "OSC"),
        (b"\x1b]52;c;aGVsbG8=", "cut off"),
        (b"\x1bP$qm\x1b\\", "'P'"),
        (b"\x1b_x\x1b\\", "'_'"),
        (b"\x1b^x\x1b\\", "'^'"),
        (b"\x1bXx\x1b\\", "'X'"),
        (b"\x1bc", "'c'"),
        (b"\x1b7", "'7'"),
        (b"\x1b(0", "'('"),
        (b"x\x1b", "cut off"),
        (b"\x1b[3;1", "cut off"),
        // Controls, also in their eight-bit form.
        (b"\x07", "\\u{7}"),
        (b"\0", "\\0"),
        (b"\r", "\\r"),
        (b"\n", "\\n"),
        (b"\t", "\\t"),
        (b"\x08", "\\u{8}"),
        (b"\x0e", "\\u{e}"),
        (b"\x7f", "\\u{7f}"),
        (b"\x9b31m", "0x9b"),
        (b"\x9d0;t\x9c", "0x9d"),
        (b"\xff", "0xff"),
        (b"\xc3", "0xc3"),
        ("\u{9b}31m".as_bytes(), "\\u{9b}"),
        ("\u{9d}0;t\u{9c}".as_bytes(), "\\u{9d}"),
        ("\u{85}".as_bytes(), "\\u{85}"),
        // What hides or reorders.
        ("\u{202e}".as_bytes(), "\\u{202e}"),
        ("\u{2066}".as_bytes(), "\\u{2066}"),
        ("\u{61c}".as_bytes(), "\\u{61c}"),
        ("\u{200b}".as_bytes(), "\\u{200b}"),
        ("\u{200d}".as_bytes(), "\\u{200d}"),
        ("\u{feff}".as_bytes(), "\\u{feff}"),
        ("\u{2028}".as_bytes(), "\\u{2028}"),
        ("\u{ad}".as_bytes(), "\\u{ad}"),
        ("\u{fe0f}".as_bytes(), "\\u{fe0f}"),
        ("\u{e0041}".as_bytes(), "\\u{e0041}"),
        ("\u{e0100}".as_bytes(), "\\u{e0100}"),
        ("\u{e000}".as_bytes(), "\\u{e000}"),
    ] {
        for before in ["", "text \x1b[1;1H\x1b[0m"] {
            let said = read(&[before.as_bytes(), bytes].concat()).unwrap_err();
            assert!(said.contains(why), "{why}: {said}");
        }
    }
}
