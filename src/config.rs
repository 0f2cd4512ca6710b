//! Floor 1: where files go on this machine, and the user's preferences.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::error::{Error, Result};
use crate::model::event::Auditor;

/// Folders of this user, by the platform's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Audits.
    pub data: PathBuf,
    /// `config.toml` and `allowed_signers`.
    pub config: PathBuf,
}

impl Paths {
    /// Returns the user's folders: `--data-dir`, then the XDG variables, then the platform's own places.
    ///
    /// `var` looks an environment variable up. A relative path in an XDG variable is ignored, as its specification asks.
    ///
    /// # Errors
    /// Where no home folder is known and nothing else says where to go.
    pub fn find(data_dir: Option<&Path>, var: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Result<Paths> {
        let own = directories::ProjectDirs::from("io", "modelcontextprotocol-security", "touchstone");
        let xdg = |name: &str| {
            let path = PathBuf::from(var(name)?);
            path.is_absolute().then(|| path.join("touchstone"))
        };
        let missing = || {
            Error::could_not("No home folder is known, so there is no place for audits.")
                .hint("Set HOME or XDG_DATA_HOME, or pass --data-dir.")
        };
        let data = data_dir
            .map(Path::to_owned)
            .or_else(|| xdg("XDG_DATA_HOME"))
            .or_else(|| own.as_ref().map(|own| own.data_dir().to_owned()))
            .ok_or_else(missing)?;
        let config = xdg("XDG_CONFIG_HOME")
            .or_else(|| own.as_ref().map(|own| own.config_dir().to_owned()))
            .unwrap_or_else(|| data.clone());
        Ok(Paths { data, config })
    }

    /// Returns the user's folder for what can be made again: the XDG variable, then the platform's own place. `None`
    /// where no home folder is known.
    ///
    /// `var` looks an environment variable up.
    pub fn cache(var: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
        let xdg = PathBuf::from(var("XDG_CACHE_HOME").unwrap_or_default());
        if xdg.is_absolute() {
            return Some(xdg.join("touchstone"));
        }
        let own = directories::ProjectDirs::from("io", "modelcontextprotocol-security", "touchstone")?;
        Some(own.cache_dir().to_owned())
    }

    /// Returns the preferences' file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Returns the file of signers that this user trusts.
    pub fn allowed_signers(&self) -> PathBuf {
        self.config.join("allowed_signers")
    }
}

/// The user's preferences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Who audits.
    pub auditor: AuditorConfig,
    /// How records are signed.
    pub signing: Signing,
    /// What the workbench looks like.
    pub ui: Ui,
    /// Keys of the workbench, by action; an action with none has no key. Which actions there are and how a key is
    /// written, the workbench knows.
    #[serde(deserialize_with = "keys")]
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Who audits, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditorConfig {
    /// Login at the code host.
    pub login: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Organization.
    pub organization: Option<String>,
    /// An address for questions.
    pub contact: Option<String>,
}

/// How records are signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Signing {
    /// An SSH key: a private key's file, or a `.pub` whose private half the agent holds.
    pub key: Option<PathBuf>,
}

/// What the workbench looks like, and what it does with the mouse and an editor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ui {
    /// Its colours.
    pub theme: ThemeName,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Take the mouse; without it the terminal's own selection works.
    pub mouse: bool,
    /// The editor's command, with `{file}` and `{line}`; none means `$VISUAL`, then `$EDITOR`.
    pub editor: Option<String>,
}

impl Default for Ui {
    fn default() -> Self {
        Ui { theme: ThemeName::default(), ascii: false, mouse: true, editor: None }
    }
}

/// Names of the workbench's themes. None is chosen by asking the terminal: its answer would arrive like typed keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// On a dark ground.
    #[default]
    Dark,
    /// On a light ground.
    Light,
    /// Black, white and few strong colours.
    HighContrast,
    /// The terminal's own colours.
    Terminal,
}

impl ThemeName {
    /// Every theme, in the order in which they are offered.
    pub const ALL: [ThemeName; 4] = [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast, ThemeName::Terminal];

    /// Returns the word by which the preferences name it.
    pub fn word(self) -> &'static str {
        match self {
            ThemeName::Dark => "dark",
            ThemeName::Light => "light",
            ThemeName::HighContrast => "high-contrast",
            ThemeName::Terminal => "terminal",
        }
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for ThemeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ThemeName::ALL
            .into_iter()
            .find(|theme| theme.word() == text)
            .ok_or_else(|| format!("`{text}` is not one of dark, light, high-contrast, terminal"))
    }
}

impl<'de> Deserialize<'de> for ThemeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Reads an action's keys: one, or a list.
fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    struct Keys(Vec<String>);

    impl<'de> Deserialize<'de> for Keys {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Visitor).map(Keys)
        }
    }

    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key such as \"y\", or a list of keys")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some(key) = list.next_element()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }

    let read = BTreeMap::<String, Keys>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(action, Keys(keys))| (action, keys)).collect())
}

impl Config {
    /// Reads the preferences; a file that is not there means none.
    ///
    /// # Errors
    /// Where the file cannot be read or is not what it should be, with the line.
    pub fn load(path: &Path) -> Result<Config> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(error) => return Err(Error::io("read", path, &error)),
        };
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Error::usage(format!("{}, line {line}: {}.", path.display(), error.message()))
                .hint("Mend the file; the README names its keys.")
        })
    }

    /// Remembers the auditor, where the file has no section on one yet. Nothing else in the file changes, and where
    /// the file is a link, what it leads to is written.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn remember(path: &Path, auditor: &Auditor) -> Result<()> {
        let failed = |error: std::io::Error| Error::io("write", path, &error);
        let before = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        if toml::from_str::<toml::Table>(&before).is_ok_and(|table| table.contains_key("auditor")) {
            return Ok(());
        }
        #[derive(Serialize)]
        struct Section {
            auditor: AuditorConfig,
        }
        let section = Section {
            auditor: AuditorConfig {
                login: Some(auditor.login.clone()),
                name: auditor.name.clone(),
                organization: auditor.organization.clone(),
                contact: auditor.contact.clone(),
            },
        };
        let section = toml::to_string(&section).map_err(|error| Error::could_not(error.to_string()))?;
        let gap = match before.as_bytes() {
            [] => "",
            [.., b'\n'] => "\n",
            _ => "\n\n",
        };
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let dir = real.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir).map_err(failed)?;
        let file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        std::fs::write(file.path(), format!("{before}{gap}{section}")).map_err(failed)?;
        if let Ok(known) = std::fs::metadata(&real) {
            std::fs::set_permissions(file.path(), known.permissions()).map_err(failed)?;
        }
        file.persist(&real).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn load(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[track_caller]
    fn fail(text: &str, words: &[&str]) {
        let error = load(text).unwrap_err();
        assert_eq!(error.kind, crate::error::Kind::Usage);
        for word in words {
            assert!(error.message.contains(word), "{word}: {error}");
        }
    }

    #[test]
    fn what_is_not_said_is_as_it_was() {
        let ui = Ui { theme: ThemeName::Dark, ascii: false, mouse: true, editor: None };
        for text in ["", "[ui]\n[keys]\n", "[later]\nkey = 1\n[auditor]\nshoe = 9\n"] {
            assert_eq!(load(text).unwrap(), Config { ui: ui.clone(), ..Config::default() }, "{text}");
        }
    }

    #[test]
    fn the_workbench_is_set_up() {
        let text = "[ui]\ntheme = \"high-contrast\"\nascii = true\nmouse = false\neditor = \"code --wait --goto {file}:{line}\"\n\
                    [keys]\nanswer-yes = [\"y\", \"Y\"]\nquit = \"ctrl-q\"\nundo = []\n";
        let config = load(text).unwrap();
        let editor = Some("code --wait --goto {file}:{line}".to_owned());
        assert_eq!(config.ui, Ui { theme: ThemeName::HighContrast, ascii: true, mouse: false, editor });
        let keys: Vec<(&str, usize)> = config.keys.iter().map(|(action, keys)| (action.as_str(), keys.len())).collect();
        assert_eq!(keys, [("answer-yes", 2), ("quit", 1), ("undo", 0)]);
        for theme in ThemeName::ALL {
            assert_eq!(load(&format!("[ui]\ntheme = \"{theme}\"\n")).unwrap().ui.theme, theme);
        }
    }

    #[test]
    fn a_theme_that_is_none_fail() {
        fail("[ui]\ntheme = \"blue\"\n", &["line 2", "`blue`", "dark, light, high-contrast, terminal"]);
        fail("[ui]\ntheme = \"auto\"\n", &["line 2", "`auto`"]);
        fail("[ui]\ntheme = 3\n", &["line 2"]);
    }

    #[test]
    fn an_unknown_preference_fail() {
        fail(
            "[ui]\nascii = true\ncolour = \"red\"\n",
            &["line 3", "`colour`", "`theme`", "`ascii`", "`mouse`", "`editor`"],
        );
    }

    #[test]
    fn a_preference_of_another_type_fail() {
        fail("[ui]\nascii = \"yes\"\n", &["line 2", "boolean"]);
        fail("[ui]\n\nmouse = 1\n", &["line 3", "boolean"]);
        fail("[ui]\neditor = [\"vi\"]\n", &["line 2", "string"]);
        fail("ui = 1\n", &["line 1"]);
    }

    #[test]
    fn a_key_that_is_no_text_fail() {
        fail("[keys]\nquit = \"q\"\nundo = 7\n", &["line 3", "a key such as"]);
        fail("[keys]\nundo = [\"u\", 7]\n", &["line 2", "string"]);
        fail("[keys.undo]\nkey = \"u\"\n", &["line 1", "a key such as"]);
        fail("keys = \"u\"\n", &["line 1"]);
    }

    #[test]
    fn an_action_that_stands_twice_fail() {
        fail("[keys]\nundo = \"u\"\nundo = \"U\"\n", &["line 3"]);
    }
}
