//! The outline of the open file: its functions, classes and headings as a list to jump from.

use crate::app::App;
use crate::app::msg::Effect;
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Popup, Purpose, Value};
use crate::highlight::{OUTLINE_LIMIT, Outlined, Symbol};
use crate::repo::display;

/// Columns by which a name is moved to the right for each that it stands in.
const STEP: usize = 2;
/// How deep names are moved at most, so that a name stays on the screen whatever a file does.
const DEEPEST: usize = 12;

impl App {
    /// Lists what the open file names.
    pub(super) fn outline(&mut self) {
        if self.is_loading() {
            return;
        }
        let Some(text) = self.doc.as_ref().map(|doc| doc.text.clone()) else { return self.warn("No file is open.") };
        let ticket = self.ticket();
        let title = format!("Outline of {} (still reading)", display::bytes(&text.path.0));
        let purpose = Purpose::Outline(text.path.clone(), ticket);
        self.popups.push(Popup::list(Picker::new(title, Vec::new(), false), purpose));
        self.effects.push(Effect::Outline { ticket, path: text.path, blob: text.blob, bytes: text.bytes });
    }

    /// Takes what was found, unless it was asked for by a list that is closed.
    pub(in crate::app) fn outlined(&mut self, outlined: Outlined) {
        let Some(Popup::List(picker, Purpose::Outline(path, _))) = self
            .popups
            .iter_mut()
            .find(|popup| matches!(popup, Popup::List(_, Purpose::Outline(_, ticket)) if *ticket == outlined.ticket))
        else {
            return;
        };
        let first = picker.entries.is_empty();
        picker.extend(outlined.symbols.iter().map(entry));
        if first && let Some(doc) = &self.doc {
            // The list opens on what the reader is in.
            let before = |entry: &Entry<Value>| matches!(entry.value, Value::Line(line) if line <= doc.cursor);
            let here = picker.entries.iter().take_while(|entry| before(entry)).count();
            picker.cursor = here.saturating_sub(1);
        }
        if !outlined.done {
            return;
        }
        let cut = match outlined.plain {
            Some(why) => format!(" ({why})"),
            None if picker.entries.len() == OUTLINE_LIMIT => format!(" (the first {OUTLINE_LIMIT})"),
            None => String::new(),
        };
        picker.title = format!("Outline of {}{cut}", display::bytes(&path.0));
        if picker.entries.is_empty() && matches!(self.popups.last(), Some(Popup::List(_, Purpose::Outline(..)))) {
            self.popups.pop();
            self.say(format!("Nothing is named in this file as far as its grammar tells{cut}."));
        }
    }
}

fn entry(symbol: &Symbol) -> Entry<Value> {
    let indent = " ".repeat(STEP * symbol.depth.min(DEEPEST));
    Entry {
        value: Value::Line(symbol.line),
        label: format!("{indent}{}", display::line(&symbol.name)),
        detail: format!("{} {}", symbol.kind.word(), symbol.line + 1),
    }
}
