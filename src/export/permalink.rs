//! Links to lines of a file at a commit, which no later push moves.

use crate::model::event::Target;
use crate::model::evidence::RepoPath;
use crate::model::hash::ObjectId;

/// Returns the address of a file (and of its lines, first and last) at a commit, for the hosts whose addresses are known:
/// GitHub, GitLab, Bitbucket and Codeberg.
///
/// `None` for other hosts, and for a path that a browser would take for another one (`.`, `..` and empty parts).
pub fn permalink(target: &Target, commit: ObjectId, path: &RepoPath, lines: Option<(usize, usize)>) -> Option<String> {
    if path.0.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b"..")) {
        return None;
    }
    let (org, repo, file) = (encode(target.org.as_bytes()), encode(target.repo.as_bytes()), encode(&path.0));
    if [org.as_str(), repo.as_str()].iter().any(|part| matches!(*part, "" | "." | "..")) {
        return None;
    }
    // A host shows some files rendered, without lines; it is asked for the plain text then.
    let rendered = [".md", ".markdown", ".rst", ".adoc"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    let plain = |word: &'static str| if rendered && lines.is_some() { word } else { "" };
    let anchor = |write: fn(usize, usize) -> String| lines.map_or_else(String::new, |(a, b)| write(a, b));
    Some(match target.domain.as_str() {
        "github.com" => format!(
            "https://github.com/{org}/{repo}/blob/{commit}/{file}{}{}",
            plain("?plain=1"),
            anchor(|a, b| format!("#L{a}-L{b}"))
        ),
        "gitlab.com" => format!(
            "https://gitlab.com/{}/-/blob/{commit}/{file}{}{}",
            gitlab_project(target).unwrap_or(format!("{org}/{repo}")),
            plain("?plain=1"),
            anchor(|a, b| format!("#L{a}-{b}"))
        ),
        "bitbucket.org" => format!(
            "https://bitbucket.org/{org}/{repo}/src/{commit}/{file}{}",
            anchor(|a, b| format!("#lines-{a}:{b}"))
        ),
        "codeberg.org" => format!(
            "https://codeberg.org/{org}/{repo}/src/commit/{commit}/{file}{}{}",
            plain("?display=source"),
            anchor(|a, b| format!("#L{a}-L{b}"))
        ),
        _ => return None,
    })
}

/// Returns the project's path from its URL: only there do the parts of a nested group stand apart.
fn gitlab_project(target: &Target) -> Option<String> {
    let (_, path) = target.url.split_once("gitlab.com")?;
    let path = path.trim_start_matches([':', '/']).trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let (repo, groups) = parts.split_last()?;
    // The database's names are made from the same URL; anything else is another repository's URL.
    let same = *repo == target.repo && groups.join("-") == target.org;
    let plain = parts.iter().all(|part| !matches!(*part, "" | "." | "..") && encode(part.as_bytes()) == **part);
    (same && plain).then(|| path.to_owned())
}

/// Percent-encodes all bytes but those that no reader of an address takes apart, and `/`.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(*byte)),
            other => {
                out.push('%');
                out.push_str(&hex::encode_upper([*other]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hash::Hex;
    use proptest::prelude::*;

    const COMMIT: ObjectId = Hex([0xab; 20]);

    fn target(domain: &str) -> Target {
        let url = format!("https://{domain}/group/sub/tool.git");
        Target { url, domain: domain.to_owned(), org: "group-sub".to_owned(), repo: "tool".to_owned() }
    }

    fn link(domain: &str, path: &str, lines: Option<(usize, usize)>) -> Option<String> {
        permalink(&target(domain), COMMIT, &RepoPath::from(path), lines)
            .map(|link| link.replace(&COMMIT.to_string(), "C"))
    }

    #[test]
    fn every_host_has_its_form() {
        let cases = [
            ("github.com", "https://github.com/group-sub/tool/blob/C/src/a.ts#L1-L5"),
            ("gitlab.com", "https://gitlab.com/group/sub/tool/-/blob/C/src/a.ts#L1-5"),
            ("bitbucket.org", "https://bitbucket.org/group-sub/tool/src/C/src/a.ts#lines-1:5"),
            ("codeberg.org", "https://codeberg.org/group-sub/tool/src/commit/C/src/a.ts#L1-L5"),
        ];
        for (domain, expected) in cases {
            assert_eq!(link(domain, "src/a.ts", Some((1, 5))).as_deref(), Some(expected));
            let bare = expected.split('#').next().unwrap();
            assert_eq!(link(domain, "src/a.ts", None).as_deref(), Some(bare));
        }
        assert_eq!(link("git.example.org", "src/a.ts", None), None);
        assert_eq!(link("github.com.evil.org", "src/a.ts", None), None);
    }

    #[test]
    fn odd_paths_stay_inside_the_link() {
        let odd = link("github.com", "a b/)](x|y#L9?%2e<\u{202e}.ts", None).unwrap();
        assert_eq!(odd, "https://github.com/group-sub/tool/blob/C/a%20b/%29%5D%28x%7Cy%23L9%3F%252e%3C%E2%80%AE.ts");
        for path in ["../x", "a/../b", "a//b", "", "./a", "a/.."] {
            assert_eq!(link("github.com", path, None), None, "{path}");
        }
        let bytes = permalink(&target("github.com"), COMMIT, &RepoPath(vec![0xff, b'\n']), None).unwrap();
        assert!(bytes.ends_with("/%FF%0A"));
        assert!(link("github.com", "README.md", Some((3, 3))).unwrap().ends_with("/README.md?plain=1#L3-L3"));
    }

    #[test]
    fn a_foreign_url_is_not_followed() {
        let mut other = target("gitlab.com");
        other.url = "https://gitlab.com/evil/tool".to_owned();
        let link = permalink(&other, COMMIT, &RepoPath::from("a"), None).unwrap();
        assert!(link.starts_with("https://gitlab.com/group-sub/tool/-/"), "{link}");
    }

    proptest! {
        #[test]
        fn a_link_is_plain_ascii(path: Vec<u8>) {
            if let Some(link) = permalink(&target("github.com"), COMMIT, &RepoPath(path), Some((1, 2))) {
                prop_assert!(link.bytes().all(|b| b.is_ascii_graphic() && !b"()<>[]|\"`\\".contains(&b)), "{link}");
            }
        }
    }
}
