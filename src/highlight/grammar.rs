//! The grammar of a file: by its name, its ending, then its first line.

use syntect::parsing::{SyntaxReference, SyntaxSet};

/// The grammar of JavaScript: the better one matches with Oniguruma alone.
const JAVASCRIPT: &str = if cfg!(feature = "onig") { "JavaScript (Babel)" } else { "JavaScript" };

/// File names and endings, in lower case, that the grammars do not know or give to a less likely language.
const ALIASES: &[(&str, &str)] = &[
    ("astro", "HTML"),
    ("avsc", "JSON"),
    ("babelrc", "JSON"),
    ("bicep", "Terraform"),
    ("build", "Python"),
    ("bun.lock", "JSON"),
    ("chart.lock", "YAML"),
    ("cjs", JAVASCRIPT),
    ("code-workspace", "JSON"),
    ("codeowners", "Git Ignore"),
    ("commitlintrc", "JSON"),
    ("composer.lock", "JSON"),
    ("conan.lock", "JSON"),
    ("containerfile", "Dockerfile"),
    ("csproj", "XML"),
    ("cu", "C++"),
    ("deno.lock", "JSON"),
    ("dockerignore", "Git Ignore"),
    ("ejs", "HTML"),
    ("entitlements", "XML"),
    ("eslintignore", "Git Ignore"),
    ("eslintrc", "JSON"),
    ("excalidraw", "JSON"),
    ("flake.lock", "JSON"),
    ("flake8", "INI"),
    ("fs", "F#"),
    ("fsproj", "XML"),
    ("gcloudignore", "Git Ignore"),
    ("gemfile.lock", "YAML"),
    ("geojson", "JSON"),
    ("h", "C++"),
    ("handlebars", "HTML"),
    ("har", "JSON"),
    ("hbs", "HTML"),
    ("helmignore", "Git Ignore"),
    ("hlsl", "GLSL"),
    ("importmap", "JSON"),
    ("jshintrc", "JSON"),
    ("json5", JAVASCRIPT),
    ("jsonc", "JSON"),
    ("jsonl", "JSON"),
    ("jsx", JAVASCRIPT),
    ("justfile", "Makefile"),
    ("lintstagedrc", "JSON"),
    ("liquid", "HTML"),
    ("lock", "TOML"),
    ("map", "JSON"),
    ("mcp", "JSON"),
    ("mcpbignore", "Git Ignore"),
    ("mdc", "Markdown"),
    ("mdx", "Markdown"),
    ("mix.lock", "Elixir"),
    ("mjs", JAVASCRIPT),
    ("mustache", "HTML"),
    ("ndjson", "JSON"),
    ("njk", "HTML (Jinja2)"),
    ("npmignore", "Git Ignore"),
    ("npmrc", "INI"),
    ("package.resolved", "JSON"),
    ("pipfile", "TOML"),
    ("plist", "XML"),
    ("podfile.lock", "YAML"),
    ("prettierignore", "Git Ignore"),
    ("prettierrc", "JSON"),
    ("prisma", "Terraform"),
    ("procfile", "YAML"),
    ("props", "XML"),
    ("pubspec.lock", "YAML"),
    ("releaserc", "JSON"),
    ("resx", "XML"),
    ("sarif", "JSON"),
    ("service", "INI"),
    ("snap", JAVASCRIPT),
    ("star", "Python"),
    ("stylelintrc", "JSON"),
    ("swcrc", "JSON"),
    ("targets", "XML"),
    ("tiltfile", "Python"),
    ("tsbuildinfo", "JSON"),
    ("vbproj", "XML"),
    ("vscodeignore", "Git Ignore"),
    ("wat", "Lisp"),
    ("webmanifest", "JSON"),
    ("workspace", "Python"),
    ("wsdl", "XML"),
    ("xsl", "XML"),
    ("yarn.lock", "YAML"),
    ("yarnrc", "YAML"),
];

/// What file names start and end with, in lower case, where neither the name nor the ending alone tells.
const SHAPES: &[(&str, &str, &str)] = &[
    (".env.", "", "DotENV"),
    ("constraints", ".txt", "Requirements.txt"),
    ("containerfile.", "", "Dockerfile"),
    ("dockerfile-", "", "Dockerfile"),
    ("dockerfile.", "", "Dockerfile"),
    ("dockerfile_", "", "Dockerfile"),
    ("makefile.", "", "Makefile"),
    ("requirements", ".txt", "Requirements.txt"),
];

/// Endings that say nothing about the language; the one before them does.
const COPIES: &[&str] = &[".bak", ".dist", ".example", ".in", ".orig", ".sample", ".template", ".tmpl"];

/// Returns the grammar for a file, `None` where it is plain text or unknown. `first` is its first line.
pub(super) fn find<'s>(set: &'s SyntaxSet, path: &[u8], first: &[u8]) -> Option<&'s SyntaxReference> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_lowercase();
    by_name(set, &name)
        .or_else(|| COPIES.iter().find_map(|copy| name.strip_suffix(copy)).and_then(|name| by_name(set, name)))
        .or_else(|| set.find_syntax_by_first_line(&String::from_utf8_lossy(first)))
        .filter(|grammar| grammar.name != "Plain Text")
}

/// Finds a grammar by a file's whole name, its shape, then by what follows each of its dots, the longest first.
fn by_name<'s>(set: &'s SyntaxSet, name: &str) -> Option<&'s SyntaxReference> {
    let shape = |(start, end, _): &&(&str, &str, &str)| name.starts_with(start) && name.ends_with(end);
    by_token(set, name)
        .or_else(|| SHAPES.iter().find(shape).and_then(|(.., grammar)| set.find_syntax_by_name(grammar)))
        .or_else(|| name.match_indices('.').find_map(|(dot, _)| by_token(set, &name[dot + 1..])))
}

/// Finds a grammar by a file's name or ending.
fn by_token<'s>(set: &'s SyntaxSet, token: &str) -> Option<&'s SyntaxReference> {
    match ALIASES.iter().find(|(alias, _)| *alias == token) {
        Some((_, grammar)) => set.find_syntax_by_name(grammar),
        None => set.find_syntax_by_extension(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_names_a_grammar_and_stands_once() {
        let set = two_face::syntax::extra_newlines();
        for (_, grammar) in ALIASES.iter().copied().chain(SHAPES.iter().map(|(start, _, grammar)| (*start, *grammar))) {
            assert!(set.find_syntax_by_name(grammar).is_some(), "{grammar}");
        }
        assert!(ALIASES.is_sorted_by(|one, other| one.0 < other.0));
        for (alias, _) in ALIASES {
            assert_eq!(*alias, alias.to_lowercase());
        }
    }

    #[test]
    fn files_find_their_grammar() {
        let set = two_face::syntax::extra_newlines();
        let cases: &[(&str, &str)] = &[
            ("src/index.ts", "TypeScript"),
            ("a.mts", "TypeScript"),
            ("a.cts", "TypeScript"),
            ("a.tsx", "TypeScriptReact"),
            ("a.js", JAVASCRIPT),
            ("a.mjs", JAVASCRIPT),
            ("a.cjs", JAVASCRIPT),
            ("a.jsx", JAVASCRIPT),
            ("server.py", "Python"),
            ("main.go", "Go"),
            ("go.mod", "Gomod"),
            ("lib.rs", "Rust"),
            ("tsconfig.json", "JSON"),
            ("settings.jsonc", "JSON"),
            ("a.json5", JAVASCRIPT),
            (".mcp.json", "JSON"),
            (".eslintrc", "JSON"),
            ("package-lock.json", "JSON"),
            ("Pipfile.lock", "JSON"),
            ("Cargo.lock", "TOML"),
            ("poetry.lock", "TOML"),
            ("uv.lock", "TOML"),
            ("other.lock", "TOML"),
            ("pyproject.toml", "TOML"),
            ("yarn.lock", "YAML"),
            ("pnpm-lock.yaml", "YAML"),
            (".github/workflows/ci.yml", "YAML"),
            ("Dockerfile", "Dockerfile"),
            ("Dockerfile.dev", "Dockerfile"),
            ("dev.Dockerfile", "Dockerfile"),
            ("Containerfile", "Dockerfile"),
            (".dockerignore", "Git Ignore"),
            (".env", "DotENV"),
            (".env.local", "DotENV"),
            (".env.anything", "DotENV"),
            ("npm-shrinkwrap.json", "JSON"),
            ("bun.lock", "JSON"),
            ("deno.lock", "JSON"),
            ("pdm.lock", "TOML"),
            ("mix.lock", "Elixir"),
            ("Gemfile.lock", "YAML"),
            ("Chart.lock", "YAML"),
            ("Package.resolved", "JSON"),
            (".terraform.lock.hcl", "Terraform"),
            ("go.sum", "Gosum"),
            (".mcpbignore", "Git Ignore"),
            (".github/CODEOWNERS", "Git Ignore"),
            (".flake8", "INI"),
            ("schema.gql", "GraphQL"),
            ("smithery.yaml", "YAML"),
            ("manifest.json", "JSON"),
            ("notebook.ipynb", "JSON"),
            ("add.wat", "Lisp"),
            ("tests/index.test.ts.snap", JAVASCRIPT),
            ("page.astro", "HTML"),
            ("App.svelte", "Svelte"),
            ("App.vue", "Vue Component"),
            ("schema.prisma", "Terraform"),
            ("requirements-dev.txt", "Requirements.txt"),
            ("config.yaml.example", "YAML"),
            ("page.html.erb", "HTML (Rails)"),
            ("README.MD", "Markdown"),
            ("Makefile", "Makefile"),
            ("run.sh", "Bourne Again Shell (bash)"),
            (".npmrc", "INI"),
            ("a.cs", "C#"),
            ("A.java", "Java"),
            ("a.h", "C++"),
        ];
        for (path, grammar) in cases {
            assert_eq!(find(&set, path.as_bytes(), b"").map(|found| &*found.name), Some(*grammar), "{path}");
        }
        for plain in [&b"notes.txt"[..], b"LICENSE", b"", b"a.ts/run", b"\xff\xfe.\xff", b".", b"a.", b"x.unknown"] {
            assert_eq!(find(&set, plain, b"just words").map(|found| &*found.name), None, "{plain:?}");
        }
    }

    #[test]
    fn a_first_line_tells_where_the_name_does_not() {
        let set = two_face::syntax::extra_newlines();
        let name = |path: &str, first: &[u8]| find(&set, path.as_bytes(), first).map(|found| &*found.name);
        assert_eq!(name("bin/run", b"#!/usr/bin/env python3\n"), Some("Python"));
        assert_eq!(name("bin/run", b"#!/bin/sh\n"), Some("Bourne Again Shell (bash)"));
        assert_eq!(name("bin/run", b"#!/usr/bin/env node\n"), Some(JAVASCRIPT));
        assert_eq!(name("bin/run.ts", b"#!/bin/sh\n"), Some("TypeScript"));
        assert_eq!(name("notes.txt", b"#!/bin/sh\n"), None);
        assert_eq!(name("bin/run", b"\xff\xff"), None);
    }
}
