//! Names in the audit database: hosts, owners, repositories, logins.

use super::event::Target;

/// Tells whether this can be one part of a path in the audit database: `[A-Za-z0-9._-]+`, and not `.` or `..`.
pub fn path_part(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && text != "."
        && text != ".."
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Returns the login, date and number in a record's name `<login>-YYYY-MM-DD-NNN`.
pub fn record_name(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, number) = name.rsplit_once('-')?;
    let split = rest.len().checked_sub(11)?;
    if !rest.is_char_boundary(split) {
        return None;
    }
    let (login, date) = rest.split_at(split);
    let date = date.strip_prefix('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let shape = number.len() >= 3 && digits(number) && date.parse::<jiff::civil::Date>().is_ok();
    (shape && path_part(login) && date.as_bytes().get(4) == Some(&b'-')).then_some((login, date, number))
}

impl Target {
    /// Reads a repository's URL: `https://host/owner/repo`, `ssh://…` or `git@host:owner/repo`.
    ///
    /// User information and `.git` are dropped; the parts of a nested group are joined with `-` to name the owner.
    ///
    /// # Errors
    /// A sentence, where the URL does not name a repository on a host.
    pub fn parse(url: &str) -> Result<Target, String> {
        let refuse = |why: &str| Err(format!("`{url}` {why}"));
        let rest = match url.split_once("://") {
            Some(("https" | "http" | "ssh" | "git", rest)) => rest.to_owned(),
            Some(_) => return refuse("is not an https or ssh URL"),
            // The short form of ssh: git@host:owner/repo.
            None => match url.split_once(':') {
                Some((host, path)) if !host.contains('/') && !path.starts_with("//") => format!("{host}/{path}"),
                _ => return refuse("is not a URL"),
            },
        };
        let (authority, path) = rest.split_once('/').unwrap_or((&rest, ""));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let domain = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        if !path_part(&domain) || !domain.contains('.') && domain != "localhost" {
            return refuse("names no host");
        }
        let [owners @ .., repo] = parts.as_slice() else { return refuse("names no repository") };
        if owners.is_empty() || !parts.iter().all(|part| path_part(part)) {
            return refuse("does not name an owner and a repository in letters, digits, `.`, `_` and `-`");
        }
        Ok(Target {
            url: format!("https://{}/{path}", host.to_ascii_lowercase()),
            domain,
            org: owners.join("-"),
            repo: (*repo).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_every_spelling_name_the_same_repository() {
        for url in [
            "https://github.com/example/notes",
            "https://user:secret@github.com/example/notes.git",
            "ssh://git@github.com/example/notes.git",
            "git@github.com:example/notes.git",
            "https://GitHub.com/example/notes/",
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(
                (target.domain.as_str(), target.org.as_str(), target.repo.as_str(), target.url.as_str()),
                ("github.com", "example", "notes", "https://github.com/example/notes"),
                "{url}"
            );
        }
    }

    #[test]
    fn nested_groups_are_joined() {
        let target = Target::parse("https://gitlab.com/a/b/c/notes").unwrap();
        assert_eq!((target.org.as_str(), target.repo.as_str()), ("a-b-c", "notes"));
    }

    #[test]
    fn what_names_no_repository_is_refused() {
        for url in [
            "",
            "/srv/git/notes",
            "file:///srv/notes",
            "https://github.com/notes",
            "https://h.io/../x/y",
            "C:\\x",
            "https:///a/b",
            "https://h.io/a/b c",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn record_names_are_split() {
        assert_eq!(record_name("jo-do-2026-01-31-001"), Some(("jo-do", "2026-01-31", "001")));
        for name in [
            "jo-2026-01-31-1",
            "jo-2026-13-31-001",
            "-2026-01-31-001",
            "2026-01-31-001",
            "jo-20260131-001",
            "jo-2026-01-31-00x",
        ] {
            assert_eq!(record_name(name), None, "{name}");
        }
    }
}
