//! What a finding's file says of itself, in any of the published templates.

use crate::model::finding::Severity;

/// How many lines a finding's head has at most.
const HEAD: usize = 40;
/// The highest number that a CWE has, with room for those to come.
const CWE_HIGHEST: u32 = 1500;

/// A finding's file name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The severity.
    pub severity: Severity,
    /// The number, as digits.
    pub number: String,
}

/// What a finding says in its head, and whether it shows anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    /// The title.
    pub title: String,
    /// The title's line.
    pub title_line: usize,
    /// The id and its line.
    pub id: Option<(String, usize)>,
    /// The severity's text and its line.
    pub severity: Option<(String, usize)>,
    /// What stands where the CWE belongs, and its line.
    pub cwe: Option<(String, usize)>,
    /// What stands where the CVSS score belongs, and its line.
    pub cvss: Option<(String, usize)>,
    /// What stands where the category belongs.
    pub category: String,
    /// It shows code, a path with lines, or steps.
    pub evidence: bool,
    /// It says that its text is withheld.
    pub withheld: bool,
}

/// Takes a finding's file name apart: `<severity>-<NNN>-<slug>.md`.
pub fn name(file: &str) -> Option<Name> {
    let stem = file.strip_suffix(".md")?;
    let (severity, rest) = stem.split_once('-')?;
    let (number, slug) = rest.split_once('-')?;
    let severity = severity.parse().ok()?;
    let good = number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit()) && !slug.is_empty();
    good.then(|| Name { severity, number: number.to_owned() })
}

/// Reads a finding.
pub fn read(text: &str) -> Said {
    let mut said = Said::default();
    for (index, line) in text.lines().take(HEAD).enumerate() {
        let number = index + 1;
        if said.title.is_empty()
            && let Some(title) = line.strip_prefix("# ")
        {
            said.title = title.trim().to_owned();
            said.title_line = number;
        }
        let Some((key, value)) = field(line) else { continue };
        let value = value.to_owned();
        match key.to_ascii_lowercase().as_str() {
            "finding id" | "id" => said.id = said.id.take().or(Some((value, number))),
            "severity" => said.severity = said.severity.take().or(Some((value, number))),
            "category" => said.category = value,
            "disclosure" => said.withheld = value.starts_with("withheld"),
            key if key.starts_with("cwe") => said.cwe = said.cwe.take().or(Some((value, number))),
            key if key.starts_with("cvss") => said.cvss = said.cvss.take().or(Some((value, number))),
            _ => {}
        }
    }
    // Another template has its id in the title: `# LOW-001: …`.
    if said.id.is_none()
        && let Some((id, _)) = said.title.split_once(':')
        && place(id).is_some()
    {
        said.id = Some((id.to_owned(), said.title_line));
    }
    let lower = text.to_ascii_lowercase();
    let section = |word: &str| {
        lower
            .match_indices(word)
            .any(|(at, _)| lower[..at].rsplit('\n').next().is_some_and(|start| start.starts_with('#')))
    };
    said.evidence = text.contains("```")
        || text.contains("~~~")
        || lower.contains("file: `")
        || lower.contains("](") && lower.contains("#l")
        || section("reproduc")
        || section("evidence") && (text.contains('`') || lower.contains("line"));
    said
}

/// Returns the key and value of a line such as `**Severity**: High`.
fn field(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim().trim_start_matches(['-', '*', ' ']).trim_start();
    let bold = line.contains("**");
    let (key, value) = rest.split_once(':')?;
    let key = key.trim_end_matches('*').trim();
    (bold && key.len() <= 40).then(|| (key, value.trim_start_matches('*').trim()))
}

/// Returns severity and number of an id such as `HIGH-002` or `high-002-slug`, and the slug.
pub fn place(id: &str) -> Option<(Severity, u32, &str)> {
    let id = id.trim().trim_matches('`').trim_end_matches(".md");
    let (severity, rest) = id.split_once('-')?;
    let severity = severity.to_ascii_lowercase().parse().ok()?;
    let (number, slug) = rest.split_once('-').unwrap_or((rest, ""));
    Some((severity, number.parse().ok()?, slug))
}

/// Returns the severity that a text begins with: `Medium (Revised from High)` is medium.
pub fn severity(text: &str) -> Option<Severity> {
    let word: String =
        text.chars().skip_while(|c| !c.is_alphanumeric()).take_while(char::is_ascii_alphabetic).collect();
    match word.to_ascii_lowercase().as_str() {
        "informational" | "information" | "positive" => Some(Severity::Info),
        "moderate" => Some(Severity::Medium),
        word => word.parse().ok(),
    }
}

/// What is wrong with a CWE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cwe {
    /// No CWE is meant.
    None,
    /// All are written well and can be.
    Good,
    /// It is not written `CWE-<number>`.
    Malformed,
    /// The list does not reach so far.
    Unknown(String),
}

/// Judges what stands where the CWE belongs.
pub fn cwe(text: &str) -> Cwe {
    let lower = text.to_ascii_lowercase();
    let plain = lower.trim().trim_matches(['*', '`', '.', ' ']);
    if plain.is_empty()
        || ["n/a", "na", "none", "-", "not stated", "not applicable", "unknown", "tbd"].contains(&plain)
        || plain.starts_with("n/a")
    {
        return Cwe::None;
    }
    let mut seen = false;
    for (at, _) in lower.match_indices("cwe") {
        let Some(rest) = lower[at + 3..].strip_prefix('-') else { continue };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            continue;
        }
        seen = true;
        let known = !digits.starts_with('0') && digits.parse::<u32>().is_ok_and(|number| number <= CWE_HIGHEST);
        if !known {
            return Cwe::Unknown(format!("CWE-{digits}"));
        }
    }
    if seen { Cwe::Good } else { Cwe::Malformed }
}

/// Returns a CVSS score in tenths: `Some(Err)` where a number is there that is none, `None` where nothing is said.
pub fn cvss(text: &str) -> Option<Result<u32, String>> {
    let text = text.trim();
    // A vector begins with its version: `CVSS:3.1/AV:N…` says no score.
    let text = text.strip_prefix("CVSS:").map_or(text, |vector| vector.split_once(' ').map_or("", |(_, rest)| rest));
    let number: String =
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let number = number.trim_end_matches('.');
    if number.is_empty() {
        return None;
    }
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let score = whole.parse::<u32>().ok().zip(tenth.parse::<u32>().ok()).filter(|_| tenth.len() == 1);
    Some(match score.map(|(whole, tenth)| whole.saturating_mul(10).saturating_add(tenth)) {
        Some(score) if score <= 100 => Ok(score),
        _ => Err(number.to_owned()),
    })
}

/// Returns the severity of a CVSS score by the bands of CVSS 3 and 4.
pub fn band(tenths: u32) -> Severity {
    match tenths {
        90.. => Severity::Critical,
        70..90 => Severity::High,
        40..70 => Severity::Medium,
        1..40 => Severity::Low,
        0 => Severity::Info,
    }
}

/// Says why a severity looks out of proportion, where it does.
pub fn out_of_proportion(severity: Severity, said: &Said) -> Option<&'static str> {
    let text = format!("{} {}", said.title, said.category).to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let positive = said.severity.as_ref().is_some_and(|(text, _)| text.to_ascii_lowercase().contains("positive"))
        || any(&["prevent", "protect", "secure", "safe", "no ", "robust", "excellent", "mitigat", "proper", "strong"]);
    match severity {
        Severity::Critical if any(&["documentation", "readme", "typo", "comment", "changelog", "spelling"]) => {
            Some("a critical finding whose title or category speaks of documentation")
        }
        Severity::Info
            if !positive
                && any(&[
                    "remote code execution",
                    "rce",
                    "command injection",
                    "sql injection",
                    "arbitrary code",
                    "authentication bypass",
                ]) =>
        {
            Some("a finding for information whose title or category speaks of running code or getting around a login")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            name("high-001-x.md").map(|name| (name.severity, name.number)),
            Some((Severity::High, "001".to_owned()))
        );
        for wrong in
            ["high-1-x.md", "High-001-x.md", "high-001.md", "high-001-.md", "severe-001-x.md", "high-001-x.txt", "x"]
        {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn heads_of_several_templates_are_read() {
        let said = read(
            "# Finding: A\n\n**Finding ID**: low-001-a  \n**Severity**: Medium (Revised from High)  \n**CWE**: CWE-79 (XSS)\n**CVSS Score**: 5.8 (Medium) - **Revised**\n",
        );
        assert_eq!(said.id, Some(("low-001-a".to_owned(), 3)));
        assert_eq!(severity(&said.severity.unwrap().0), Some(Severity::Medium));
        assert_eq!(cvss(&said.cvss.unwrap().0), Some(Ok(58)));
        let other = read("# LOW-001: A\n\n**Severity**: LOW\n**CWE Reference**: CWE-1104 (X)\n");
        assert_eq!(other.id, Some(("LOW-001".to_owned(), 1)));
        assert_eq!(cwe(&other.cwe.unwrap().0), Cwe::Good);
        assert_eq!(severity("Info (Positive)"), Some(Severity::Info));
        assert_eq!(severity("⚠️ HIGH"), Some(Severity::High));
    }

    #[test]
    fn weaknesses_and_scores_are_judged() {
        assert_eq!(cwe("CWE 79"), Cwe::Malformed);
        assert_eq!(cwe("Injection"), Cwe::Malformed);
        assert_eq!(cwe("CWE-99999"), Cwe::Unknown("CWE-99999".to_owned()));
        assert_eq!(cwe("CWE-079"), Cwe::Unknown("CWE-079".to_owned()));
        assert_eq!(cwe("N/A (positive)"), Cwe::None);
        assert_eq!(cvss("CVSS:3.1/AV:N/AC:L"), None);
        assert_eq!(cvss("N/A"), None);
        assert_eq!(cvss("11.0"), Some(Err("11.0".to_owned())));
        assert_eq!(cvss("7"), Some(Ok(70)));
        assert_eq!(band(70), Severity::High);
    }
}
