//! The house: an import points only downward, and the lowest floor reaches for nothing outside itself.

use std::path::{Path, PathBuf};

/// Modules by floor. What stands on no floor (`error`) may be used by all.
const FLOORS: [&[&str]; 5] = [
    &["model"],
    &["auditdb", "config", "export", "highlight", "import", "journal", "repo", "sign", "standards"],
    &["app"],
    &["ui"],
    &["shell"],
];

/// Adapters that know a neighbour, because there is one door for outside text, one list of standards, one reader of
/// repositories and one verifier of signatures.
const NEIGHBOURS: [(&str, &[&str]); 5] = [
    ("auditdb", &["repo", "sign", "standards"]),
    ("export", &["repo"]),
    ("journal", &["repo", "standards"]),
    ("standards", &["repo"]),
    ("sign", &[]),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every file under `src` with its top module's name and its text.
fn files() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 30, "{}", paths.len());
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (path, module, text)
        })
        .collect()
}

/// Names after `crate::`, also inside braces.
fn mentioned(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>(),
            None => vec![rest.to_owned()],
        })
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn an_import_points_only_downward() {
    let mut wrong = Vec::new();
    for (path, module, text) in files() {
        let own = match module.as_str() {
            "main" | "lib" | "error" => continue,
            module => floor(module).unwrap_or_else(|| panic!("{module} stands on no floor: add it to FLOORS")),
        };
        for (number, line) in text.lines().enumerate() {
            for name in mentioned(line) {
                let Some(theirs) = floor(&name) else { continue };
                let neighbour = theirs == own && name != module;
                let known = NEIGHBOURS.iter().any(|(who, knows)| *who == module && knows.contains(&name.as_str()));
                if theirs > own || (neighbour && !known) {
                    wrong.push(format!("{}:{}: {module} reaches for {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_model_knows_no_file_git_terminal_clock_or_randomness() {
    let outside = [
        "std::fs",
        "std::env",
        "std::process",
        "std::io",
        "std::net",
        "SystemTime",
        "Instant::now",
        "git2",
        "Timestamp::now",
    ];
    for (path, module, text) in files() {
        if module != "model" {
            continue;
        }
        for word in outside {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn the_demo_holds_every_file_of_its_server() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/server");
    let mut waiting = vec![root.clone()];
    let demo = include_str!("../../src/shell/cli/demo.rs");
    let mut count = 0;
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                count += 1;
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                assert!(demo.contains(&format!("\"{name}\",")), "demo.rs does not embed {name}");
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_sources_name_no_place_of_this_machine() {
    for (path, _, text) in files() {
        for word in ["/work/", "/root/", "/tmp/"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn the_terminal_has_one_reader() {
    // crossterm's reader, and what asks the terminal through it, would take the bytes from shell::terminal's.
    for (path, _, text) in files() {
        for word in ["event::read(", "event::poll(", "EventStream", "cursor::position(", "get_cursor_position("] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn only_the_theme_names_a_colour() {
    let mut wrong = Vec::new();
    for (path, module, text) in files() {
        // What prints frames translates colours; it chooses none.
        let may = path.ends_with("ui/theme.rs") || path.ends_with("shell/print.rs");
        if !may && matches!(module.as_str(), "app" | "ui" | "shell") && text.contains("Color::") {
            wrong.push(path);
        }
    }
    assert_eq!(wrong, Vec::<PathBuf>::new());
}
