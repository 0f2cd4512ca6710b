//! The user's editor, on a copy of a file.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::text::Text;
use crate::error::{Error, Result};

/// Opens the file in the editor at a line (from 1), and waits until it is closed. The terminal must be the editor's.
///
/// The copy is read-only and stands alone in a folder of its own, where the editor starts too, so that no file of the
/// audited repository configures it; what lines of the file itself could set or run in vim and emacs is switched off.
pub(super) fn open(text: &Text, line: usize, editor: Option<&str>) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("touchstone-")
        .tempdir()
        .map_err(|error| Error::could_not(format!("Could not make a folder for the editor's copy: {error}.")))?;
    let path = folder.path().join(name(text));
    std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o400)
        .open(&path)
        .and_then(|mut file| file.write_all(&text.bytes))
        .map_err(|error| Error::io("write", &path, &error))?;
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut words = command(editor, var("VISUAL").or_else(|| var("EDITOR")), &path, line)?;
    words.splice(1..1, guards(&real_name(&words[0], var("PATH"))).iter().map(OsString::from));
    let program = words[0].display().to_string();
    let status = Command::new(&words[0]).args(&words[1..]).current_dir(folder.path()).status().map_err(|error| {
        Error::could_not(format!("Could not start the editor {program}: {error}."))
            .hint("Set ui.editor in config.toml, or $EDITOR.")
    })?;
    if status.success() { Ok(()) } else { Err(Error::could_not(format!("The editor {program} ended with {status}."))) }
}

/// Returns the file name of a program behind all links: `vi` is mostly another one.
fn real_name(program: &OsStr, path: Option<OsString>) -> String {
    let folders = path.as_deref().map(std::env::split_paths).into_iter().flatten();
    let found =
        std::iter::once(PathBuf::new()).chain(folders).map(|folder| folder.join(program)).find(|it| it.is_file());
    let real = found.and_then(|file| std::fs::canonicalize(file).ok()).unwrap_or_else(|| PathBuf::from(program));
    real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Returns the words that keep an editor from obeying the file that it shows: modelines, file-local variables.
fn guards(editor: &str) -> &'static [&'static str] {
    if ["vim", "nvim", "gvim"].iter().any(|name| editor.starts_with(name)) {
        &["--cmd", "autocmd BufReadPre * setlocal nomodeline"]
    } else if editor.starts_with("emacs") {
        &["--eval", "(setq enable-local-variables nil enable-local-eval nil)"]
    } else {
        &[]
    }
}

/// Returns the copy's name. Only an ending by which an editor knows the language is taken from the file.
fn name(text: &Text) -> String {
    let name = text.path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let ending = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let plain = ending.len() < name.len() && (1..=8).contains(&ending.len());
    match std::str::from_utf8(ending) {
        Ok(ending) if plain && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!("copy.{ending}"),
        _ => "copy".to_owned(),
    }
}

/// Returns the words that start the editor: the configured ones, the environment's, or vi. No shell reads them.
fn command(configured: Option<&str>, variable: Option<OsString>, path: &Path, line: usize) -> Result<Vec<OsString>> {
    let split = |text: &str| {
        shlex::split(text).filter(|words| !words.is_empty()).ok_or_else(|| {
            Error::usage(format!("`{text}` does not start an editor.")).hint("Mend ui.editor, $VISUAL or $EDITOR.")
        })
    };
    if let Some(text) = configured {
        let file = path.display().to_string();
        let mut words = split(text)?;
        if !text.contains("{file}") {
            words.push("{file}".to_owned());
        }
        let fill = |word: String| word.replace("{line}", &line.to_string()).replace("{file}", &file).into();
        return Ok(words.into_iter().map(fill).collect());
    }
    let text = match &variable {
        Some(text) => text.to_str().ok_or_else(|| Error::usage("$VISUAL or $EDITOR is not text."))?,
        None => "vi",
    };
    let mut words: Vec<OsString> = split(text)?.into_iter().map(OsString::from).collect();
    words.push(format!("+{line}").into());
    words.push(path.into());
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model::hash::Hex;

    fn words(configured: Option<&str>, variable: Option<&str>) -> Vec<String> {
        let words = command(configured, variable.map(OsString::from), Path::new("/x/copy.ts"), 7).unwrap();
        words.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn an_editor_does_not_obey_the_file() {
        assert!(guards("vim.basic")[1].contains("nomodeline") && guards("nvim") == guards("vim"));
        assert!(guards("emacs-gtk")[1].contains("enable-local-variables nil"));
        assert_eq!(guards("nano"), [""; 0]);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vim.tiny"), "").unwrap();
        std::os::unix::fs::symlink("vim.tiny", folder.path().join("vi")).unwrap();
        assert_eq!(real_name(OsStr::new("vi"), Some(folder.path().into())), "vim.tiny");
        assert_eq!(real_name(OsStr::new("no-such-editor"), Some(folder.path().into())), "no-such-editor");
    }

    #[test]
    fn an_editor_gets_the_file_and_the_line() {
        assert_eq!(words(None, None), ["vi", "+7", "/x/copy.ts"]);
        assert_eq!(words(None, Some("emacs -nw")), ["emacs", "-nw", "+7", "/x/copy.ts"]);
        assert_eq!(words(Some("code --goto {file}:{line}"), Some("ed")), ["code", "--goto", "/x/copy.ts:7"]);
        assert_eq!(words(Some("'my editor' +{line}"), None), ["my editor", "+7", "/x/copy.ts"]);
        assert_eq!(words(Some("ed ; rm {file}"), None), ["ed", ";", "rm", "/x/copy.ts"]);
    }

    #[test]
    fn what_starts_no_editor_fail() {
        for text in ["", " ", "'open"] {
            assert!(command(Some(text), None, Path::new("/x"), 1).is_err(), "{text}");
        }
    }

    #[test]
    fn a_copy_has_a_harmless_name() {
        let name = |path: &str| name(&Text::new(path.into(), Hex([0; 20]), b"".as_slice().into()));
        assert_eq!(name("src/index.ts"), "copy.ts");
        for path in ["Makefile", ".vimrc2345", "a.b c", "a.\u{202e}", "x.$(id)", "a.", "-c :!id", "a.b/c"] {
            assert_eq!(name(path), "copy", "{path}");
        }
    }
}
