//! Floor 1: where files go on this machine, and the user's preferences.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
