//! A desk to audit at: a clone of a small server, folders of its own, and the binary, cut off from the machine around it.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used, dead_code)]

use std::ffi::OsStr;
use std::path::PathBuf;

use assert_cmd::Command;
use git2::Oid;
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::style::Color;
use serde_json::Value;
use tempfile::TempDir;
use touchstone::config::Paths;
use touchstone::error::Error;
use touchstone::shell::workbench::{Environment, Headless};

use crate::repo_fixture::{FILE, Fixture, Item};

/// What the clock shows.
pub const CLOCK: &str = "2026-01-31T12:00:00Z";
/// The URL of the clone's origin.
pub const URL: &str = "https://github.com/example/notes-mcp";
/// The auditor that [`Desk::open`] names.
pub const AUDITOR: &str = "jo";

/// `src/auth.ts` at the pin: 12 lines.
pub const AUTH: &str = r#"import type { Request } from "express";

/** The key that the client must present. */
const API_KEY = process.env.NOTES_API_KEY;

export function authorized(request: Request): boolean {
  if (!API_KEY) {
    return false;
  }
  const given = request.header("authorization") ?? "";
  return given === `Bearer ${API_KEY}`;
}
"#;

/// `src/index.ts` at the pin: 25 lines.
pub const INDEX: &str = r#"#!/usr/bin/env node
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { exec } from "node:child_process";
import express from "express";
import { authorized } from "./auth.js";
import { find } from "./db.js";

const server = new McpServer({ name: "notes-mcp", version: "1.2.0" });

server.tool("find", "Find a note", async ({ text }) => find(text));
server.tool("grep", "Search the notes' folder", async ({ text }) => exec("grep -r " + text + " notes"));

if (process.argv.includes("--http")) {
  const app = express();
  app.post("/mcp", (request, response) => {
    if (!authorized(request)) {
      return response.status(401).end();
    }
    return response.json({ ok: true });
  });
  app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
} else {
  await server.connect(new StdioServerTransport());
}
"#;

/// `src/db.ts` at the pin: 7 lines.
pub const DB: &str = r#"import Database from "better-sqlite3";

const db = new Database(process.env.NOTES_DB ?? "notes.db");

export function find(text: string) {
  return db.prepare("SELECT * FROM notes WHERE body LIKE ?").all(`%${text}%`);
}
"#;

const PACKAGE: &str = r#"{
  "name": "notes-mcp",
  "version": "1.2.0",
  "bin": "dist/index.js",
  "dependencies": {
    "@modelcontextprotocol/sdk": "1.20.0",
    "better-sqlite3": "^11.0.0",
    "express": "5.1.0"
  }
}
"#;

const LOCK: &str = r#"{
  "name": "notes-mcp",
  "version": "1.2.0",
  "lockfileVersion": 3,
  "packages": {
    "node_modules/@modelcontextprotocol/sdk": { "version": "1.20.0", "integrity": "sha512-AAAA" },
    "node_modules/better-sqlite3": { "version": "11.0.0", "integrity": "sha512-BBBB" },
    "node_modules/express": { "version": "5.1.0", "integrity": "sha512-CCCC" }
  }
}
"#;

const README: &str = "# notes-mcp\n\nAn MCP server for notes.\n\n- `notes-mcp` speaks stdio.\n- `notes-mcp --http` listens on 127.0.0.1; set `NOTES_API_KEY`.\n";

/// A clone of a small MCP server and a user's folders, all in one temporary folder.
///
/// The clone's work tree holds other text than the commit: whoever reads it is caught. Two commits, the older one
/// tagged `v1.1.0`, the newer one (HEAD of `main`) `v1.2.0`. Every id is the same on every machine.
pub struct Desk {
    /// The clone's repository; objects, refs and files of `.git` can be added.
    pub git: Fixture,
    /// The commit that HEAD names.
    pub commit: Oid,
    /// The commit before it, without `src/auth.ts`.
    pub older: Oid,
}

impl Desk {
    /// Sets the desk up; nothing is audited yet.
    pub fn new() -> Desk {
        let dir = TempDir::new().unwrap();
        let clone = dir.path().canonicalize().unwrap().join("clone");
        let git = Fixture::at(dir, &clone, false);
        let files: [(&str, &[u8]); 9] = [
            ("README.md", README.as_bytes()),
            ("assets/logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe"),
            ("docs/windows.txt", b"first\r\nsecond\r\nthird\r\n"),
            ("package-lock.json", LOCK.as_bytes()),
            ("package.json", PACKAGE.as_bytes()),
            ("src/auth.ts", AUTH.as_bytes()),
            ("src/db.ts", DB.as_bytes()),
            ("src/index.ts", INDEX.as_bytes()),
            ("src/tail.ts", b"export const one = 1;\nexport const last = 2;"),
        ];
        let items: Vec<Item<'_>> = files.iter().map(|(path, bytes)| (path.as_bytes(), FILE, git.blob(bytes))).collect();
        let before: Vec<Item<'_>> = items.iter().filter(|item| item.0 != b"src/auth.ts").copied().collect();
        let older = git.commit(git.tree(&before), &[], 1_760_000_000);
        let commit = git.commit(git.tree(&items), &[older], 1_765_000_000);
        git.main(commit);
        git.write("refs/tags/v1.1.0", format!("{older}\n"));
        git.write("refs/tags/v1.2.0", format!("{commit}\n"));
        let desk = Desk { git, commit, older };
        desk.origin(Some(URL));
        for (path, _) in files {
            let path = desk.clone_dir().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "the work tree is never read\n").unwrap();
        }
        std::fs::create_dir_all(desk.home()).unwrap();
        desk
    }

    /// Sets the desk up and opens an audit by [`AUDITOR`] with these modes.
    pub fn open(modes: &[&str]) -> Desk {
        let desk = Desk::new();
        let mut args = vec!["open", "--auditor", AUDITOR];
        args.extend(modes.iter().flat_map(|mode| ["--mode", mode]));
        desk.ok(args);
        desk
    }

    /// As [`Desk::open`], by the embedded standard without its leads: they take most of the time to read.
    pub fn light(modes: &[&str]) -> Desk {
        let desk = Desk::new();
        let file = desk.light_file();
        let mut args = vec!["open", "--auditor", AUDITOR, "--standard", &file];
        args.extend(modes.iter().flat_map(|mode| ["--mode", mode]));
        desk.ok(args);
        desk
    }

    /// Writes the embedded standard without its leads to a file, and returns its path.
    pub fn light_file(&self) -> String {
        self.file("light.toml", light_standard()).to_str().unwrap().to_owned()
    }

    /// Sets the clone's origin, or takes it away.
    pub fn origin(&self, url: Option<&str>) {
        let remote = url.map(|url| format!("[remote \"origin\"]\n\turl = {url}\n")).unwrap_or_default();
        self.git.write("config", format!("[core]\n\trepositoryformatversion = 0\n\tbare = false\n{remote}"));
    }

    /// Returns the canonical path of the temporary folder that holds everything.
    pub fn dir(&self) -> PathBuf {
        self.git.dir.path().canonicalize().unwrap()
    }

    /// Returns the clone, in which commands run.
    pub fn clone_dir(&self) -> PathBuf {
        self.dir().join("clone")
    }

    /// Returns the user's home folder, which is empty.
    pub fn home(&self) -> PathBuf {
        self.dir().join("home")
    }

    /// Returns the folder that holds the audits' folders.
    pub fn audits(&self) -> PathBuf {
        self.dir().join("data/touchstone/audits")
    }

    /// Returns the name of the only audit.
    pub fn audit(&self) -> String {
        let names: Vec<String> = std::fs::read_dir(self.audits())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        names[0].clone()
    }

    /// Returns the folder of the only audit.
    pub fn audit_dir(&self) -> PathBuf {
        self.audits().join(self.audit())
    }

    /// Returns the bytes of the only audit's journal.
    pub fn journal(&self) -> Vec<u8> {
        std::fs::read(self.audit_dir().join("journal.jsonl")).unwrap()
    }

    /// Returns the preferences' file.
    pub fn config(&self) -> PathBuf {
        self.dir().join("config/touchstone/config.toml")
    }

    /// Writes a file beside the clone and returns its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Returns the environment in which commands run, and nothing else is set.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.dir().join(name).to_str().unwrap().to_owned();
        [
            ("HOME", path("home")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_CONFIG_HOME", path("config")),
            ("TOUCHSTONE_CLOCK", CLOCK.to_owned()),
            ("LC_ALL", "C".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Returns what surrounds a workbench on this desk.
    pub fn surroundings(&self) -> Environment {
        let paths = Paths { data: self.dir().join("data/touchstone"), config: self.dir().join("config/touchstone") };
        Environment { clock: || CLOCK.parse().map_err(Error::usage), ..Environment::new(paths) }
    }

    /// Opens the workbench on the only audit, without a terminal.
    pub fn workbench(&self) -> Headless {
        Headless::open(self.surroundings(), &self.audit()).unwrap()
    }

    /// Returns a call of the binary in the clone, with a cleared environment and no standard input.
    pub fn cmd(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("touchstone"));
        command.env_clear().envs(self.environment()).current_dir(self.clone_dir());
        command
    }

    /// Returns a call with another clock.
    pub fn at(&self, clock: &str) -> Command {
        let mut command = self.cmd();
        command.env("TOUCHSTONE_CLOCK", clock);
        command
    }

    /// Runs a call that must succeed and returns what it prints.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        succeeds(self.cmd().args(args))
    }

    /// Runs a call that must fail with this exit code, print nothing, and say why; returns what it says.
    #[track_caller]
    pub fn fails<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, code: i32) -> String {
        fails(self.cmd().args(args), code)
    }

    /// Runs a call with `--json` that must succeed, and returns its report, which names its schema.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let text = succeeds(self.cmd().args(args).arg("--json"));
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(value["schema"].as_str().is_some_and(|name| name.starts_with("touchstone.")), "{text}");
        value
    }
}

/// Runs a call that must succeed and returns what it prints.
#[track_caller]
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{command:?}\n{out}\n{err}");
    out.into_owned()
}

/// Runs a call that must fail with this exit code, print nothing, and say why; returns what it says.
#[track_caller]
pub fn fails(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{out}\n{err}");
    assert_eq!(out, "", "{command:?}");
    assert!(!err.trim().is_empty(), "{command:?} says nothing");
    assert!(!err.contains("panicked"), "{err}");
    err.into_owned()
}

/// Returns the embedded standard without its leads, under an id of its own.
pub fn light_standard() -> String {
    let mut kept = String::new();
    let mut lead = false;
    for line in touchstone::standards::BUILT_IN_TOML.lines() {
        if line.starts_with("[[") {
            lead = line == "[[dimension.item.lead]]";
        }
        if !lead {
            kept += line;
            kept.push('\n');
        }
    }
    kept.replacen("id = \"mcp-security-standard\"", "id = \"light\"", 1)
}

/// Says that a test checked nothing, past the test runner, which keeps what a passing test prints to itself. `.ci/run`
/// installs the programs that tests need, so that it never comes to this there.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Returns a frame as text: each row, under it a letter per column for its style, and what the letters stand for.
///
/// The first style that is met is a dot, so that the eye finds the others.
pub fn styled(buffer: &Buffer) -> String {
    let mut styles = Vec::new();
    let mut out = String::new();
    for y in buffer.area.rows().map(|row| row.y) {
        let (mut text, mut letters) = (String::new(), String::new());
        let mut hidden = 0;
        for x in buffer.area.left()..buffer.area.right() {
            let cell = &buffer[(x, y)];
            if hidden == 0 {
                text += cell.symbol();
                hidden = cell.cell_width();
            }
            hidden = hidden.saturating_sub(1);
            let style = (cell.fg, cell.bg, cell.modifier);
            let at = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            letters.push(if at == 0 { '.' } else { char::from(b'a' + (at as u8 - 1) % 26) });
        }
        out += &format!("|{text}|\n {}\n", letters.trim_end_matches('.'));
    }
    for (at, (fore, back, modifier)) in styles.iter().enumerate() {
        let letter = if at == 0 { '.' } else { char::from(b'a' + (at as u8 - 1) % 26) };
        let name = |colour: &Color| if *colour == Color::Reset { "-".to_owned() } else { colour.to_string() };
        let words: String = modifier.iter_names().map(|(name, _)| format!(" {}", name.to_lowercase())).collect();
        out += &format!("{letter} {} on {}{words}\n", name(fore), name(back));
    }
    out
}
