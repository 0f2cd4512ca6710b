//! What everything looks like: the only file that names a colour or a glyph outside ASCII.
//!
//! A view asks for a [`Role`], never for a colour. Colour is never the only carrier of meaning: without it there are
//! reverse video, bold, underlines, and marks and words that the views show anyway.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::config::ThemeName;
use crate::highlight::Class;
use crate::model::answer::State;

/// What something on the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Plain text on the plain background.
    Text,
    /// Text of less weight.
    Dim,
    /// A pane's border.
    Border,
    /// The border of the pane that keys go to.
    BorderFocus,
    /// A pane's title.
    Title,
    /// The title of the pane that keys go to.
    TitleFocus,
    /// The line at the top.
    Header,
    /// The line at the bottom.
    Footer,
    /// A key's name in the footer and the help.
    Key,
    /// The current row.
    Cursor,
    /// The current row of a pane that keys do not go to.
    CursorBlur,
    /// Selected rows.
    Selection,
    /// A line's number.
    LineNumber,
    /// The current line's number.
    LineNumberCursor,
    /// The mark in the gutter of a line that is evidence.
    GutterItem,
    /// What a search found.
    SearchHit,
    /// The current one of them.
    SearchHitCurrent,
    /// The visible token of a hidden character.
    Hazard,
    /// What a budget cut.
    Cut,
    /// Matched letters in a picker.
    Match,
    /// An item that is met.
    Met,
    /// An item that is met in part.
    Partial,
    /// An item that is not met.
    NotMet,
    /// An item that cannot be told.
    Unknown,
    /// An item that waits for an answer.
    Open,
    /// An item that does not apply.
    NotApplicable,
    /// An answer without the evidence that it needs.
    Unsupported,
    /// A lead or a piece that speaks for the secure answer.
    Supports,
    /// A lead or a piece that speaks against it.
    Concern,
    /// A lead that says where to look.
    Look,
    /// A critical finding.
    Critical,
    /// A high finding.
    High,
    /// A medium finding.
    Medium,
    /// A low finding.
    Low,
    /// A finding for information.
    Info,
    /// All work is on disk.
    Saved,
    /// Something failed.
    Error,
    /// Something needs attention.
    Warning,
    /// What could be done next.
    Hint,
    /// What is typed.
    Input,
    /// The filled part of a bar.
    Bar,
    /// The rest of a bar.
    BarEmpty,
    /// A window over the panes.
    Popup,
}

/// What is drawn besides text. Each is one column wide, the check boxes are three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// A pane's border.
    pub border: border::Set<'static>,
    /// A fold that shows its rows.
    pub open: &'static str,
    /// A fold that hides its rows.
    pub closed: &'static str,
    /// Stands before the current row.
    pub cursor: &'static str,
    /// Stands before a line that is evidence.
    pub evidence: &'static str,
    /// A bar's filled part.
    pub bar_full: &'static str,
    /// A bar's part between the least and the most that is possible.
    pub bar_part: &'static str,
    /// A bar's rest.
    pub bar_empty: &'static str,
    /// A scrollbar's track.
    pub track: &'static str,
    /// A scrollbar's thumb.
    pub thumb: &'static str,
    /// Stands for text that has no room.
    pub ellipsis: &'static str,
    /// Stands before what a budget cut.
    pub cut: &'static str,
    /// Stands between the ends of a range.
    pub dash: &'static str,
    /// Stands between things that are listed in one line.
    pub dot: &'static str,
    /// A check box that is on.
    pub checked: &'static str,
    /// A check box that is off.
    pub unchecked: &'static str,
    /// Marks of [`State::ALL`], in its order.
    states: [&'static str; 6],
}

impl Glyphs {
    /// Returns the mark that tells a state from the others.
    pub fn state(&self, state: State) -> &'static str {
        self.states[state as usize]
    }
}

const UNICODE: Glyphs = Glyphs {
    border: border::ROUNDED,
    open: "▾",
    closed: "▸",
    cursor: ">",
    evidence: "▌",
    bar_full: "█",
    bar_part: "▒",
    bar_empty: "░",
    track: "│",
    thumb: "▐",
    ellipsis: "…",
    cut: "»",
    dash: "–",
    dot: "·",
    checked: "[✓]",
    unchecked: "[ ]",
    states: ["✗", "?", "·", "◐", "✓", "–"],
};

const ASCII: Glyphs = Glyphs {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    open: "v",
    closed: ">",
    cursor: ">",
    evidence: "|",
    bar_full: "#",
    bar_part: "=",
    bar_empty: ".",
    track: "|",
    thumb: "#",
    ellipsis: "~",
    cut: "!",
    dash: "-",
    dot: "*",
    checked: "[x]",
    unchecked: "[ ]",
    states: ["x", "?", ".", "/", "+", "-"],
};

/// A look for everything on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Whether only ASCII is drawn, apart from the text that is shown.
    pub ascii: bool,
    /// What is drawn besides text.
    pub glyphs: Glyphs,
    look: Look,
}

#[derive(Debug, Clone, Copy)]
enum Look {
    Rgb(&'static Palette),
    Terminal,
    Plain,
}

impl Theme {
    /// Returns a theme. Without colour its name does not matter.
    pub fn new(name: ThemeName, ascii: bool, no_color: bool) -> Theme {
        let look = match name {
            _ if no_color => Look::Plain,
            ThemeName::Dark => Look::Rgb(&DARK),
            ThemeName::Light => Look::Rgb(&LIGHT),
            ThemeName::HighContrast => Look::Rgb(&HIGH_CONTRAST),
            ThemeName::Terminal => Look::Terminal,
        };
        Theme { ascii, glyphs: if ascii { ASCII } else { UNICODE }, look }
    }

    /// Returns how a role looks. A style without a background is laid over the one that is there.
    pub fn style(&self, role: Role) -> Style {
        match self.look {
            Look::Rgb(palette) => palette.style(role),
            Look::Terminal => terminal(role),
            Look::Plain => plain(role),
        }
    }

    /// Returns how a piece of code looks, laid over its row.
    pub fn class(&self, class: Class) -> Style {
        match self.look {
            Look::Rgb(palette) => palette.class(class),
            Look::Terminal => terminal_class(class),
            Look::Plain => plain_class(class),
        }
    }

    /// Returns how a state's mark looks.
    pub fn state(&self, state: State) -> Style {
        self.style(match state {
            State::NotMet => Role::NotMet,
            State::Unknown => Role::Unknown,
            State::Open => Role::Open,
            State::Partial => Role::Partial,
            State::Met => Role::Met,
            State::NotApplicable => Role::NotApplicable,
        })
    }
}

/// Lays a style over its row's.
///
/// On a row in reverse video colours and dimmed letters would become patches of background, so they are left out, and
/// what is reversed itself is turned back, or it would not stand out.
pub fn over(row: Style, style: Style) -> Style {
    if !row.add_modifier.contains(Modifier::REVERSED) {
        return row.patch(style);
    }
    let mut out = row.add_modifier(style.add_modifier.difference(Modifier::DIM));
    if style.add_modifier.contains(Modifier::REVERSED) {
        out = out.remove_modifier(Modifier::REVERSED);
    }
    out
}

/// A theme's colours, as 0xRRGGBB.
#[derive(Debug)]
struct Palette {
    back: u32,
    raised: u32,
    popup: u32,
    cursor: u32,
    blur: u32,
    selection: u32,
    text: u32,
    soft: u32,
    dim: u32,
    border: u32,
    accent: u32,
    comment: u32,
    red: u32,
    orange: u32,
    yellow: u32,
    green: u32,
    teal: u32,
    blue: u32,
    violet: u32,
    rose: u32,
    /// Text and background of what a search found.
    hit: (u32, u32),
    current: (u32, u32),
    hazard: (u32, u32),
}

const DARK: Palette = Palette {
    back: 0x15181e,
    raised: 0x1e232c,
    popup: 0x1b2028,
    cursor: 0x29313e,
    blur: 0x20262f,
    selection: 0x1f3a5a,
    text: 0xdce1e8,
    soft: 0xb4bdca,
    dim: 0x9aa5b4,
    border: 0x66717f,
    accent: 0x8dbdf2,
    comment: 0x94a99f,
    red: 0xf79a94,
    orange: 0xeaa876,
    yellow: 0xe0c07a,
    green: 0xa3ce8c,
    teal: 0x7dcbc0,
    blue: 0x8dbdf2,
    violet: 0xc7aaf2,
    rose: 0xe8a9c4,
    hit: (0xf7e8bd, 0x5c4a1c),
    current: (0x15181e, 0xf0c35a),
    hazard: (0xffffff, 0xb3322c),
};

const LIGHT: Palette = Palette {
    back: 0xfbfaf6,
    raised: 0xefede6,
    popup: 0xf5f3ed,
    cursor: 0xe0e6ef,
    blur: 0xedeeec,
    selection: 0xcfe1f7,
    text: 0x23282f,
    soft: 0x444c57,
    dim: 0x545c67,
    border: 0x82878c,
    accent: 0x17549e,
    comment: 0x4a6354,
    red: 0xa8211f,
    orange: 0x8a4210,
    yellow: 0x705000,
    green: 0x28631f,
    teal: 0x0b6160,
    blue: 0x17549e,
    violet: 0x6b3aa8,
    rose: 0x93275f,
    hit: (0x2b2400, 0xf6e3a1),
    current: (0x1c1600, 0xf2b632),
    hazard: (0xffffff, 0xae2019),
};

const HIGH_CONTRAST: Palette = Palette {
    back: 0x000000,
    raised: 0x1a1a1a,
    popup: 0x101010,
    cursor: 0x10305a,
    blur: 0x2a2a2a,
    selection: 0x4a2f00,
    text: 0xffffff,
    soft: 0xf0f0f0,
    dim: 0xd8d8d8,
    border: 0xc8c8c8,
    accent: 0xffe066,
    comment: 0xc2e0cd,
    red: 0xffb8b0,
    orange: 0xffc48a,
    yellow: 0xffe066,
    green: 0xa6f07e,
    teal: 0x7df0e2,
    blue: 0xa8d4ff,
    violet: 0xe0c6ff,
    rose: 0xffc0dc,
    hit: (0x000000, 0xd8c27a),
    current: (0x000000, 0xffe066),
    hazard: (0xffffff, 0x9c0d0d),
};

impl Palette {
    fn style(&self, role: Role) -> Style {
        let pair = |(fore, back)| ink(fore).bg(Color::from_u32(back));
        let paper = |back| Style::new().bg(Color::from_u32(back));
        match role {
            Role::Text => pair((self.text, self.back)),
            Role::Popup => pair((self.text, self.popup)),
            Role::Header => pair((self.text, self.raised)),
            Role::Footer => pair((self.dim, self.raised)),
            Role::Input => pair((self.text, self.raised)),
            Role::Cursor => paper(self.cursor),
            Role::CursorBlur => paper(self.blur),
            Role::Selection => paper(self.selection),
            Role::SearchHit => pair(self.hit).add_modifier(Modifier::UNDERLINED),
            Role::SearchHitCurrent => pair(self.current).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Hazard => pair(self.hazard).add_modifier(Modifier::BOLD),
            Role::Critical => pair(self.hazard).add_modifier(Modifier::BOLD),
            Role::Dim | Role::LineNumber | Role::Open | Role::NotApplicable | Role::Hint => ink(self.dim),
            Role::Border | Role::BarEmpty => ink(self.border),
            Role::BorderFocus | Role::Bar => ink(self.accent),
            Role::Title => ink(self.soft),
            Role::TitleFocus | Role::Key | Role::Match => ink(self.accent).add_modifier(Modifier::BOLD),
            Role::LineNumberCursor => ink(self.text).add_modifier(Modifier::BOLD),
            Role::GutterItem | Role::Look | Role::Low => ink(self.teal),
            Role::Cut => ink(self.rose).add_modifier(Modifier::ITALIC),
            Role::Met | Role::Supports | Role::Saved => ink(self.green),
            Role::Partial | Role::Medium | Role::Warning | Role::Unsupported => ink(self.yellow),
            Role::NotMet => ink(self.red),
            Role::High | Role::Error => ink(self.red).add_modifier(Modifier::BOLD),
            Role::Unknown => ink(self.violet),
            Role::Concern => ink(self.orange),
            Role::Info => ink(self.blue),
        }
    }

    fn class(&self, class: Class) -> Style {
        match class {
            Class::Comment => ink(self.comment).add_modifier(Modifier::ITALIC),
            Class::String => ink(self.green),
            Class::Escape | Class::Type => ink(self.teal),
            Class::Constant => ink(self.orange),
            Class::Keyword => ink(self.violet),
            Class::Operator | Class::Punctuation => ink(self.soft),
            Class::Function | Class::Key => ink(self.blue),
            Class::Variable => ink(self.rose),
            Class::Heading => ink(self.yellow).add_modifier(Modifier::BOLD),
            Class::Emphasis => ink(self.rose).add_modifier(Modifier::ITALIC),
            Class::Invalid => ink(self.red).add_modifier(Modifier::UNDERLINED),
        }
    }
}

fn ink(fore: u32) -> Style {
    Style::new().fg(Color::from_u32(fore))
}

/// Names colours by what the terminal's user made of them; rows are reversed, since its background is not known.
fn terminal(role: Role) -> Style {
    let colour = match role {
        Role::BorderFocus | Role::TitleFocus | Role::Key | Role::Match | Role::Bar | Role::GutterItem => Color::Cyan,
        Role::Met | Role::Supports | Role::Saved => Color::Green,
        Role::Partial | Role::Medium | Role::Warning | Role::Unsupported | Role::Concern => Color::Yellow,
        Role::NotMet | Role::High | Role::Critical | Role::Error | Role::Hazard => Color::Red,
        Role::Unknown | Role::Cut => Color::Magenta,
        Role::Look | Role::Low | Role::Info => Color::Cyan,
        _ => Color::Reset,
    };
    let style = plain(role);
    match role {
        Role::Text | Role::Popup | Role::Header | Role::Footer | Role::Input => style.fg(colour).bg(Color::Reset),
        _ if colour == Color::Reset => style,
        _ => style.fg(colour),
    }
}

fn terminal_class(class: Class) -> Style {
    let style = plain_class(class);
    match class {
        Class::Comment | Class::Operator | Class::Punctuation => style,
        Class::String => style.fg(Color::Green),
        Class::Escape | Class::Type | Class::Key => style.fg(Color::Cyan),
        Class::Constant | Class::Heading => style.fg(Color::Yellow),
        Class::Keyword | Class::Variable | Class::Emphasis => style.fg(Color::Magenta),
        Class::Function => style.fg(Color::Blue),
        Class::Invalid => style.fg(Color::Red),
    }
}

fn plain(role: Role) -> Style {
    Style::new().add_modifier(match role {
        Role::Cursor => Modifier::REVERSED | Modifier::BOLD,
        Role::Selection | Role::Header => Modifier::REVERSED,
        Role::CursorBlur | Role::LineNumberCursor | Role::BorderFocus | Role::Key => Modifier::BOLD,
        Role::NotMet | Role::High | Role::Error | Role::Warning | Role::Unsupported => Modifier::BOLD,
        Role::TitleFocus | Role::Hazard | Role::Critical => Modifier::REVERSED | Modifier::BOLD,
        Role::SearchHit | Role::Match | Role::Input => Modifier::UNDERLINED,
        Role::SearchHitCurrent => Modifier::UNDERLINED | Modifier::BOLD | Modifier::REVERSED,
        Role::Dim | Role::LineNumber | Role::Hint | Role::Cut => Modifier::DIM,
        Role::Text | Role::Popup | Role::Footer | Role::Border | Role::Title | Role::GutterItem => Modifier::empty(),
        Role::Met | Role::Partial | Role::Unknown | Role::Open | Role::NotApplicable => Modifier::empty(),
        Role::Supports | Role::Concern | Role::Look => Modifier::empty(),
        Role::Medium | Role::Low | Role::Info | Role::Saved | Role::Bar | Role::BarEmpty => Modifier::empty(),
    })
}

fn plain_class(class: Class) -> Style {
    Style::new().add_modifier(match class {
        Class::Comment => Modifier::DIM,
        Class::Keyword | Class::Heading => Modifier::BOLD,
        Class::Emphasis => Modifier::ITALIC,
        Class::Invalid => Modifier::UNDERLINED,
        _ => Modifier::empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    const ROLES: [Role; 43] = [
        Role::Text,
        Role::Dim,
        Role::Border,
        Role::BorderFocus,
        Role::Title,
        Role::TitleFocus,
        Role::Header,
        Role::Footer,
        Role::Key,
        Role::Cursor,
        Role::CursorBlur,
        Role::Selection,
        Role::LineNumber,
        Role::LineNumberCursor,
        Role::GutterItem,
        Role::SearchHit,
        Role::SearchHitCurrent,
        Role::Hazard,
        Role::Cut,
        Role::Match,
        Role::Met,
        Role::Partial,
        Role::NotMet,
        Role::Unknown,
        Role::Open,
        Role::NotApplicable,
        Role::Unsupported,
        Role::Supports,
        Role::Concern,
        Role::Look,
        Role::Critical,
        Role::High,
        Role::Medium,
        Role::Low,
        Role::Info,
        Role::Saved,
        Role::Error,
        Role::Warning,
        Role::Hint,
        Role::Input,
        Role::Bar,
        Role::BarEmpty,
        Role::Popup,
    ];

    const CLASSES: [Class; 14] = [
        Class::Comment,
        Class::String,
        Class::Escape,
        Class::Constant,
        Class::Keyword,
        Class::Operator,
        Class::Function,
        Class::Type,
        Class::Variable,
        Class::Key,
        Class::Heading,
        Class::Emphasis,
        Class::Punctuation,
        Class::Invalid,
    ];

    const RGB: [ThemeName; 3] = [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast];

    /// Relative luminance as WCAG 2.1 defines it.
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(red, green, blue) = colour else { panic!("{colour} is not RGB") };
        let [red, green, blue] = [red, green, blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_role_and_class_is_in_the_lists() {
        assert!(ROLES.iter().enumerate().all(|(at, role)| *role as usize == at));
        assert_eq!(ROLES.len(), Role::Popup as usize + 1);
        assert!(CLASSES.iter().enumerate().all(|(at, class)| *class as usize == at));
        assert_eq!(CLASSES.len(), Class::Invalid as usize + 1);
    }

    #[test]
    fn everything_can_be_read() {
        assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
        let mut wrong = Vec::new();
        for name in RGB {
            let theme = Theme::new(name, false, false);
            let back = |role| theme.style(role).bg.unwrap();
            let rows = [Role::Text, Role::Cursor, Role::CursorBlur, Role::Selection];
            let panels = [Role::Header, Role::Footer, Role::Popup, Role::Input];
            let mut check = |what: String, style: Style, on: &[Role], least: f64| {
                let least = if name == ThemeName::HighContrast { 7.0 } else { least };
                for on in on {
                    let ratio = contrast(style.fg.unwrap(), style.bg.unwrap_or(back(*on)));
                    if ratio < least {
                        wrong.push(format!("{name:?} {what} on {on:?}: {ratio:.2} < {least}"));
                    }
                }
            };
            let all = [rows, panels].concat();
            for role in ROLES {
                let style = theme.style(role);
                let what = format!("{role:?}");
                match role {
                    Role::Text | Role::Popup | Role::Header | Role::Input => check(what, style, &[role], 7.0),
                    Role::Cursor | Role::CursorBlur | Role::Selection => {
                        assert_eq!(style.fg, None);
                        check(what, theme.style(Role::Text).bg(back(role)), &[role], 7.0);
                    }
                    // Lines and bars are not text.
                    Role::Border | Role::BarEmpty => check(what, style, &[Role::Text, Role::Popup, Role::Header], 3.0),
                    _ => check(what, style, &all, 4.5),
                }
            }
            for class in CLASSES {
                assert_eq!(theme.class(class).bg, None);
                check(format!("{class:?}"), theme.class(class), &rows, 4.5);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_current_row_and_the_selection_stand_out() {
        for name in RGB {
            let theme = Theme::new(name, false, false);
            let backs = [Role::Text, Role::CursorBlur, Role::Cursor, Role::Selection].map(|role| theme.style(role).bg);
            for (at, one) in backs.iter().enumerate() {
                for other in &backs[..at] {
                    let ratio = contrast(one.unwrap(), other.unwrap());
                    assert!(ratio > 1.04, "{name:?} {one:?} {other:?} {ratio:.2}");
                }
            }
            assert!(contrast(backs[0].unwrap(), backs[2].unwrap()) > 1.15, "{name:?}");
        }
    }

    #[test]
    fn without_colour_there_is_none() {
        let none = |colour: Option<Color>| colour.is_none_or(|colour| colour == Color::Reset);
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast, ThemeName::Terminal] {
            let theme = Theme::new(name, false, true);
            let styles = ROLES.map(|role| theme.style(role));
            let classes = CLASSES.map(|class| theme.class(class));
            assert!(styles.iter().chain(&classes).all(|style| none(style.fg) && none(style.bg)));
        }
        let own = Theme::new(ThemeName::Terminal, false, false);
        for style in ROLES.map(|role| own.style(role)).iter().chain(&CLASSES.map(|class| own.class(class))) {
            assert!(none(style.bg), "{style:?}");
            assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{style:?}");
        }
    }

    #[test]
    fn without_colour_what_matters_still_stands_out() {
        for theme in [Theme::new(ThemeName::Dark, false, true), Theme::new(ThemeName::Terminal, false, false)] {
            for row in [Role::Text, Role::Cursor, Role::CursorBlur, Role::Selection] {
                let row = theme.style(row);
                let looks = |role| over(row, theme.style(role)).add_modifier;
                for role in [Role::Hazard, Role::SearchHit, Role::SearchHitCurrent] {
                    assert_ne!(looks(role), row.add_modifier, "{role:?} {row:?}");
                }
                assert_ne!(looks(Role::SearchHit), looks(Role::SearchHitCurrent));
            }
            for (one, other) in
                [(Role::Title, Role::TitleFocus), (Role::Cursor, Role::Text), (Role::Cursor, Role::Selection)]
            {
                assert_ne!(theme.style(one).add_modifier, theme.style(other).add_modifier);
            }
        }
    }

    #[test]
    fn glyphs_are_narrow_and_states_differ() {
        for ascii in [false, true] {
            let glyphs = Theme::new(ThemeName::Dark, ascii, false).glyphs;
            let mut states: Vec<&str> = State::ALL.map(|state| glyphs.state(state)).to_vec();
            let mut narrow = states.clone();
            states.sort_unstable();
            states.dedup();
            assert_eq!(states.len(), State::ALL.len());
            assert_ne!(glyphs.open, glyphs.closed);
            assert_ne!(glyphs.checked, glyphs.unchecked);
            narrow.extend([glyphs.open, glyphs.closed, glyphs.cursor, glyphs.evidence, glyphs.track, glyphs.thumb]);
            narrow.extend([glyphs.bar_full, glyphs.bar_part, glyphs.bar_empty, glyphs.ellipsis, glyphs.cut]);
            narrow.extend([glyphs.dash, glyphs.dot, glyphs.border.top_left, glyphs.border.top_right]);
            narrow.extend([glyphs.border.bottom_left, glyphs.border.bottom_right, glyphs.border.vertical_left]);
            narrow.extend([
                glyphs.border.vertical_right,
                glyphs.border.horizontal_top,
                glyphs.border.horizontal_bottom,
            ]);
            assert!(narrow.iter().all(|glyph| glyph.width() == 1), "{narrow:?}");
            assert_eq!((glyphs.checked.width(), glyphs.unchecked.width()), (3, 3));
            let is_ascii = narrow.iter().chain([&glyphs.checked, &glyphs.unchecked]).all(|glyph| glyph.is_ascii());
            assert_eq!(is_ascii, ascii);
        }
        for state in State::ALL {
            assert_eq!(UNICODE.state(state), state.mark().to_string());
        }
    }
}
