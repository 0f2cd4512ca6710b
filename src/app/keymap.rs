//! Which key does what, where: the table's defaults with the user's changes.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Act, Context, binding};
use super::key::{Key, spoken, written};

/// What a row of keys means so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Act(Act),
    /// The start of longer rows.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Bindings by context.
#[derive(Debug, Clone)]
pub struct Keymap {
    bound: BTreeMap<(Context, Vec<Key>), Act>,
    keys: BTreeMap<Act, Vec<Vec<Key>>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = ACTIONS.iter().map(|action| (action.act, read(action.keys.iter().copied()).unwrap_or_default()));
        Keymap::bind(keys.collect())
    }
}

fn read<'a>(keys: impl Iterator<Item = &'a str>) -> Result<Vec<Vec<Key>>, String> {
    keys.map(binding).collect()
}

impl Keymap {
    fn bind(keys: BTreeMap<Act, Vec<Vec<Key>>>) -> Keymap {
        let mut bound = BTreeMap::new();
        for (act, rows) in &keys {
            for row in rows {
                for context in act.row().contexts {
                    bound.insert((*context, row.clone()), *act);
                }
            }
        }
        Keymap { bound, keys }
    }

    /// Returns the defaults with the user's changes: for each action's id, all of its keys.
    ///
    /// # Errors
    /// A sentence on the first change that cannot be made: an unknown action or key, a plain character where text is typed, a
    /// key that two actions would share.
    pub fn with(changes: &BTreeMap<String, Vec<String>>) -> Result<Keymap, String> {
        let mut keys = Keymap::default().keys;
        for (id, rows) in changes {
            let action = ACTIONS.iter().find(|action| action.id == id).ok_or_else(|| {
                let near = ACTIONS.iter().min_by_key(|action| strsim::damerau_levenshtein(action.id, id));
                let near = near.map(|action| format!("; did you mean `{}`?", action.id)).unwrap_or_default();
                format!("there is no action `{id}`{near}")
            })?;
            let rows = read(rows.iter().map(String::as_str)).map_err(|why| format!("{id}: {why}"))?;
            if action.contexts.iter().any(|context| context.types())
                && let Some(row) = rows.iter().find(|row| row[0].typed().is_some_and(|c| c != ' '))
            {
                return Err(format!("{id}: `{}` types a character there, so it cannot be a command", written(row)));
            }
            keys.insert(action.act, rows);
        }
        let map = Keymap::bind(keys);
        match map.clashes().into_iter().next() {
            Some(clash) => Err(clash),
            None => Ok(map),
        }
    }

    /// Returns every key that two actions share where both are active, in words.
    pub fn clashes(&self) -> Vec<String> {
        let together = |a: Context, b: Context| a == b || a == Context::Always || b == Context::Always;
        let all: Vec<(Act, &Vec<Key>)> =
            self.keys.iter().flat_map(|(act, rows)| rows.iter().map(move |row| (*act, row))).collect();
        let mut found = Vec::new();
        for (at, (act, row)) in all.iter().enumerate() {
            for (other, theirs) in &all[at + 1..] {
                let meet = || act.row().contexts.iter().any(|a| other.row().contexts.iter().any(|b| together(*a, *b)));
                if row == theirs && act != other && meet() {
                    found.push(format!(
                        "`{}` is the key of both `{}` and `{}`",
                        written(row),
                        act.row().id,
                        other.row().id
                    ));
                }
            }
        }
        found
    }

    /// Returns what a row of keys means where these contexts are active, the most special one first.
    pub fn meaning(&self, contexts: &[Context], keys: &[Key]) -> Meaning {
        for context in contexts {
            if let Some(act) = self.bound.get(&(*context, keys.to_vec())) {
                return Meaning::Act(*act);
            }
        }
        let longer = self
            .bound
            .keys()
            .any(|(context, row)| contexts.contains(context) && row.len() > keys.len() && row.starts_with(keys));
        if longer { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// Returns the actions that a prefix leads to, with the rest of their keys.
    pub fn after(&self, contexts: &[Context], prefix: &[Key]) -> Vec<(String, Act)> {
        let mut found: Vec<(String, Act)> = self
            .bound
            .iter()
            .filter(|((context, row), _)| {
                contexts.contains(context) && row.len() > prefix.len() && row.starts_with(prefix)
            })
            .map(|((_, row), act)| (spoken(&row[prefix.len()..]), *act))
            .collect();
        found.sort_by_key(|(key, _)| (key.to_lowercase(), key.clone()));
        found.dedup();
        found
    }

    /// Returns all keys of an action.
    pub fn keys(&self, act: Act) -> &[Vec<Key>] {
        self.keys.get(&act).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns an action's first key as a person reads it.
    pub fn key(&self, act: Act) -> Option<String> {
        self.keys(act).first().map(|row| spoken(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        Key::parse_all(text).unwrap()
    }

    #[test]
    fn every_row_stands_where_its_variant_does() {
        for (at, action) in ACTIONS.iter().enumerate() {
            assert_eq!(action.act as usize, at);
            assert_eq!(action.act.row().id, action.id);
            assert!(!action.contexts.is_empty() && action.doc.len() > 8, "{}", action.id);
        }
    }

    #[test]
    fn ids_are_plain_and_unique() {
        let mut ids: Vec<&str> = ACTIONS.iter().map(|action| action.id).collect();
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ACTIONS.len());
    }

    #[test]
    fn default_keys_do_not_clash_and_only_g_is_a_prefix() {
        let map = Keymap::default();
        assert_eq!(map.clashes(), Vec::<String>::new());
        for action in ACTIONS {
            assert_eq!(map.keys(action.act).len(), action.keys.len(), "{}: a key that cannot be read", action.id);
            for row in map.keys(action.act) {
                assert!(row.len() == 1 || (row.len() == 2 && row[0] == keys("g")[0]), "{}", action.id);
                assert_ne!(row, &keys("g"));
                if action.contexts.iter().any(|context| context.types()) {
                    assert!(row[0].typed().is_none_or(|c| c == ' '), "{} eats a character", action.id);
                }
            }
        }
    }

    #[test]
    fn a_key_means_what_its_context_says() {
        let map = Keymap::default();
        let main = [Context::Main, Context::Always];
        assert_eq!(map.meaning(&main, &keys("y")), Meaning::Act(Act::Yes));
        assert_eq!(map.meaning(&main, &keys("g")), Meaning::Prefix);
        assert_eq!(map.meaning(&main, &keys("gg")), Meaning::Act(Act::Top));
        assert_eq!(map.meaning(&main, &keys("gy")), Meaning::Nothing);
        assert_eq!(map.meaning(&[Context::List, Context::Always], &keys("y")), Meaning::Nothing);
        assert_eq!(map.meaning(&[Context::List, Context::Always], &keys("<c-c>")), Meaning::Act(Act::Quit));
        assert!(map.after(&main, &keys("g")).contains(&("/".to_owned(), Act::SearchRepo)));
    }

    #[test]
    fn keys_can_be_changed() {
        let change = |id: &str, keys: &[&str]| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            Keymap::with(&BTreeMap::from([(id.to_owned(), keys)]))
        };
        let map = change("answer-yes", &["<f2>", "gy"]).unwrap();
        let main = [Context::Main, Context::Always];
        assert_eq!(map.meaning(&main, &keys("y")), Meaning::Nothing);
        assert_eq!(map.meaning(&main, &keys("<f2>")), Meaning::Act(Act::Yes));
        assert_eq!(map.meaning(&main, &keys("gy")), Meaning::Act(Act::Yes));
        assert_eq!(map.key(Act::Yes).as_deref(), Some("F2"));
        assert!(change("answer-no", &[]).unwrap().key(Act::No).is_none());
    }

    #[test]
    fn a_change_that_cannot_be_made_fails() {
        for (id, key, says) in [
            ("answer-yess", "y", "did you mean `answer-yes`"),
            ("answer-yes", "n", "both"),
            ("answer-yes", "<c-c>", "both"),
            ("answer-yes", "yy", "more than one key"),
            ("answer-yes", "g", "start of other keys"),
            ("answer-yes", "<nokey>", "no key"),
            ("list-down", "j", "types a character"),
        ] {
            let error = Keymap::with(&BTreeMap::from([(id.to_owned(), vec![key.to_owned()])])).unwrap_err();
            assert!(error.contains(says), "{id} {key}: {error}");
        }
    }
}
