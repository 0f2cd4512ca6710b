//! Findings, the review and the export.

use super::{is_export, piece_entry};
use crate::app::form::{Form, FormField};
use crate::app::msg::Exported;
use crate::app::picker::{Entry, Picker};
use crate::app::popup::{Filling, Page, Popup, Purpose, Value};
use crate::app::{App, finding, pages};
use crate::error::Result;
use crate::export::caution::Reviewed;

impl App {
    pub(super) fn findings(&mut self) {
        let mut entries = vec![Entry {
            value: Value::Finding(None),
            label: "new finding on this item".to_owned(),
            detail: String::new(),
        }];
        for (id, found) in &self.audit.now.findings {
            let detail = if found.withdrawn.is_some() { "withdrawn".to_owned() } else { found.finding.items.join(" ") };
            entries.push(Entry { value: Value::Finding(Some(*id)), label: finding::line(*id, &found.finding), detail });
        }
        self.popups.push(Popup::list(Picker::new("Findings", entries, false), Purpose::Findings));
    }

    pub(super) fn pick_evidence(&mut self) {
        let Some(Popup::Form(_, Filling::Finding { evidence, .. })) = self.popups.last() else { return };
        let entries: Vec<Entry<Value>> =
            self.audit.now.evidence.iter().map(|(id, piece)| piece_entry(*id, piece)).collect();
        if entries.is_empty() {
            return self.warn("There is no evidence yet.");
        }
        let marked = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| matches!(entry.value, Value::Piece(id) if evidence.contains(&id)))
            .map(|(at, _)| at)
            .collect();
        let mut picker = Picker::new("Evidence of the finding", entries, true);
        picker.marked = marked;
        self.popups.push(Popup::list(picker, Purpose::FindingEvidence));
    }

    pub(in crate::app) fn reviewed(&mut self, reviewed: &Reviewed) {
        self.coverage.looked = Some(reviewed.clone());
        let fresh = pages::review(self, Some(reviewed));
        if let Some(Popup::Page(page)) =
            self.popups.iter_mut().find(|popup| matches!(popup, Popup::Page(page) if page.review))
        {
            let cursor = page.cursor;
            *page = Page { cursor, top: page.top, ..fresh };
            page.step(0);
        }
    }

    pub(super) fn export(&mut self) {
        if matches!(self.popups.last(), Some(Popup::Page(_))) {
            self.popups.pop();
        }
        if self.is_read_only() {
            return self.refuse();
        }
        let shown = |path: &Option<std::path::PathBuf>| {
            path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
        };
        let form = Form::new(
            "Export a record",
            vec![
                FormField::line(
                    "db",
                    "Audit database",
                    "a checkout of it, or an empty folder",
                    &shown(&self.preferences.db),
                ),
                FormField::choice(
                    "sign",
                    "Sign",
                    "with your SSH key; the terminal is handed over while it asks",
                    &["yes", "no"],
                    "yes",
                ),
                FormField::line(
                    "key",
                    "Key",
                    "a private key's file, or a .pub whose other half an agent holds",
                    &shown(&self.preferences.key),
                ),
                FormField::choice(
                    "partial",
                    "Open items may be part of it",
                    "the record then says that the audit is not finished",
                    &["no", "yes"],
                    "no",
                ),
                FormField::choice(
                    "secrets",
                    "What looks like a secret was looked at",
                    "publishes such excerpts as they are",
                    &["no", "yes"],
                    "no",
                ),
            ],
        );
        self.popups.push(Popup::Form(Box::new(form), Filling::Export));
    }

    pub(in crate::app) fn exported(&mut self, result: Result<Exported>) {
        match result {
            Ok(exported) => {
                self.append(exported.entries.clone());
                if let Some(Popup::Form(form, Filling::Export)) = self.popups.pop_if(is_export) {
                    self.preferences.db = Some(form.text("db").trim().into());
                    if form.text("sign") == "yes" {
                        self.preferences.key = Some(form.text("key").trim().into());
                    }
                }
                let popup = pages::message(self, &exported.audit_id, &exported.said);
                self.popups.push(popup);
            }
            Err(error) => {
                // Hints that name options are for the command line; the form below has a field for each.
                let hints = error.hints.iter().filter(|hint| !hint.contains("--")).cloned();
                let said: Vec<String> = std::iter::once(error.message.clone()).chain(hints).collect();
                let popup = pages::message(self, "Nothing was exported", &said);
                self.popups.push(popup);
            }
        }
    }
}
