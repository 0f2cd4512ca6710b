//! The one table of rules: the documents, SARIF and the tests are made from it.

use serde::Serialize;

/// How much a rule's issue weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The submission cannot be taken as it is.
    Blocking,
    /// A person has to decide.
    NeedsHuman,
    /// It should be mended, and need not be.
    Advisory,
    /// It breaks a rule that is younger than the audit.
    Legacy,
    /// It is good to know.
    Note,
}

impl Class {
    /// Every class, the gravest first.
    pub const ALL: [Class; 5] = [Class::Blocking, Class::NeedsHuman, Class::Advisory, Class::Legacy, Class::Note];

    /// Returns the stable word.
    pub fn word(self) -> &'static str {
        match self {
            Class::Blocking => "blocking",
            Class::NeedsHuman => "needs_human",
            Class::Advisory => "advisory",
            Class::Legacy => "legacy",
            Class::Note => "note",
        }
    }
}

/// A rule of the audit database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The rule's name in the program.
    pub id: Id,
    /// The stable word.
    pub word: &'static str,
    /// How much it weighs.
    pub class: Class,
    /// What is wrong where it fires, or what it tells.
    pub what: &'static str,
    /// How to mend it, or what to do about it.
    pub remedy: &'static str,
    /// The day on which the rule came. Older audits that break it are reported as legacy.
    pub since: Option<&'static str>,
}

/// The day on which the database got its procedure for pull requests, in UTC.
pub const PROCEDURE: &str = "2026-02-03";

macro_rules! rules {
    ($($id:ident $word:literal $class:ident $since:expr, $what:literal, $remedy:literal;)+) => {
        /// The rules by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Id {
            $(#[doc = $what] $id,)+
        }

        /// Every rule, in the order in which the documents list them.
        pub const RULES: &[Rule] = &[
            $(Rule { id: Id::$id, word: $word, class: Class::$class, what: $what, remedy: $remedy, since: $since },)+
        ];
    };
}

rules! {
    FolderName "folder_name" Blocking None,
        "The audit's folder is not named `<login>-<YYYY-MM-DD>-<NNN>`.",
        "Rename the folder: your GitHub login, the date of the audit, and a number of three digits that starts at 001 each day.";
    FileMissing "file_missing" Blocking None,
        "`audit-manifest.json` or `security-assessment.md` is missing.",
        "Add the file.";
    JsonMalformed "json_malformed" Blocking None,
        "`audit-manifest.json` or `metadata.json` is not a JSON object.",
        "Correct the JSON at the line that is named.";
    JsonDoubleKey "json_double_key" NeedsHuman None,
        "A key stands twice in one object of `audit-manifest.json` or `metadata.json`: two readers may take different ones.",
        "Keep one of the two.";
    JsonExhibit "json_exhibit" Advisory None,
        "Another JSON file does not parse; it may be an exhibit that is meant to be broken.",
        "Correct it, or say in the report that it is broken on purpose.";
    NotRegular "not_regular" Blocking None,
        "Something is neither a plain file nor a folder, such as a symbolic link. It was not followed.",
        "Replace it by the file that it stands for.";
    StrangeName "strange_name" Advisory None,
        "A name has other characters than letters, digits, `.`, `_` and `-`.",
        "Rename it, so that it can be checked out everywhere and shown safely.";
    TooLarge "too_large" Blocking None,
        "The folder is larger or deeper than an audit can be, and was not read whole.",
        "Keep large material elsewhere and name its address and digest.";
    Unreadable "unreadable" NeedsHuman None,
        "Something could not be read here, so it was not judged.",
        "Look at why it cannot be read, and run the check again.";
    FindingName "finding_name" Advisory None,
        "A file in `findings/` is not named `<critical|high|medium|low|info>-<NNN>-<slug>.md`.",
        "Rename the file.";
    FindingNumber "finding_number" Advisory None,
        "Two findings have the same severity and number.",
        "Give one of them the next free number.";
    FindingId "finding_id" Advisory None,
        "The id that a finding gives itself is not that of its file.",
        "Make the id and the file name the same.";
    FindingSeverity "finding_severity" Advisory None,
        "The severity that a finding states is not that of its file's name.",
        "Make the two the same.";
    FindingsCount "findings_count" Advisory None,
        "`findings_summary` counts otherwise than the files in `findings/`.",
        "Correct the counts, or add or remove the files.";
    FindingsTotal "findings_total" Advisory None,
        "`findings_summary.total_issues` is not the sum of the five severities beside it.",
        "Correct the total.";
    FindingsDetails "findings_details" Advisory None,
        "`findings_details` names a finding that has no file.",
        "Name the file as it is called, without `.md`.";
    FindingUnlisted "finding_unlisted" Note None,
        "`findings_details` leaves out a finding that has a file.",
        "List it, or move a superseded finding out of `findings/`.";
    ManifestIncomplete "manifest_incomplete" Advisory None,
        "The manifest lacks a key that every published one has, or holds another kind of value in it.",
        "Add the key.";
    ManifestId "manifest_id" Advisory None,
        "`audit_id` is not the name of the folder.",
        "Make the two the same.";
    ManifestLogin "manifest_login" NeedsHuman None,
        "`auditor.github` is not the login in the folder's name.",
        "Make the two the same; a maintainer asks whose audit it is.";
    ManifestDate "manifest_date" Advisory None,
        "The date in the folder's name is more than a day away from the dates in `audit_metadata`.",
        "Correct the date.";
    ManifestTime "manifest_time" Advisory None,
        "A time in `audit_metadata` is not in RFC 3339, or the audit ends before it starts.",
        "Write times such as 2026-01-31T12:00:00Z.";
    TargetUrl "target_url" NeedsHuman None,
        "`target.repo_url` is missing, or names no repository on a host.",
        "Name the audited repository, such as https://github.com/org/repo.";
    PlaceMismatch "place_mismatch" NeedsHuman None,
        "The audit does not lie in the folder of the repository that it names.",
        "Move it to `audits/<domain>/<org>/<repo>/audits/`, or correct `target.repo_url`; a renamed repository is for a person to judge.";
    PlaceUnknown "place_unknown" Note None,
        "The folder does not lie in `audits/<domain>/<org>/<repo>/audits/`, so whether it belongs there was not checked.",
        "Run the check on the database's checkout.";
    PinMissing "pin_missing" Blocking None,
        "Nothing immutable is named: neither a full commit hash nor a release tag. A branch or `latest` moves on.",
        "Put the full hash of the audited commit into `target.commit_hash`.";
    PinUnclear "pin_unclear" NeedsHuman None,
        "There is no commit hash, and whether `target.version` is a release tag cannot be told from its form.",
        "Put the full hash of the audited commit into `target.commit_hash`.";
    PinBranch "pin_branch" Advisory None,
        "`target.version` names a branch or `latest`; the commit hash beside it is what counts.",
        "Name the release tag there, or leave it out.";
    CommitMalformed "commit_malformed" Advisory None,
        "`target.commit_hash` is not a full commit hash; the release tag beside it is what counts.",
        "Give all 40 (or 64) hexadecimal digits.";
    TagElsewhere "tag_elsewhere" Advisory None,
        "In the clone, the release tag in `target.version` leads to another commit than `target.commit_hash`.",
        "Name the tag of the audited commit, or leave it out.";
    MetadataMissing "metadata_missing" Advisory None,
        "The repository's folder has no `metadata.json`.",
        "Add it beside the folder `audits`.";
    MetadataTotal "metadata_total" Advisory None,
        "`audit_history.total_audits` is not the number of audit folders.",
        "Correct the number.";
    MetadataDate "metadata_date" Advisory None,
        "`audit_history.last_audit_date` is not the date of the newest audit folder.",
        "Correct the date.";
    MetadataAuditor "metadata_auditor" Advisory None,
        "`audit_history.auditors` leaves out a login that has an audit here.",
        "Add the auditor.";
    MetadataPlace "metadata_place" Advisory None,
        "`repository.url`, `name` or `owner` is not the repository whose folder it is.",
        "Correct it.";
    MetadataSummary "metadata_summary" Advisory None,
        "`security_summary` counts otherwise than the newest audit's manifest.",
        "Bring the counts up to date.";
    TargetConfirmed "target_confirmed" Note None,
        "The clone is of the named repository and has the named commit.",
        "Nothing is to be done.";
    TargetUnverified "target_unverified" Note None,
        "Repository and commit could not be verified here. That says nothing against them.",
        "Pass a clone with `--clone URL=DIR` or `--clones DIR`, or look the commit up.";
    CitationHolds "citation_holds" Note None,
        "Code that is quoted stands at the cited place of the pinned commit.",
        "Nothing is to be done.";
    CitationPartly "citation_partly" Advisory None,
        "Only a part of the quoted code stands at the cited place.",
        "Correct the lines: `touchstone db evidence` proposes them.";
    CitationElsewhere "citation_elsewhere" Advisory None,
        "The quoted code stands elsewhere than it is cited.",
        "Correct the citation: `touchstone db evidence` proposes it.";
    CitationNotFound "citation_not_found" Advisory None,
        "The quoted code was not found at the pinned commit.",
        "Quote the code as it is at the pinned commit.";
    CitationUncheckable "citation_uncheckable" Note None,
        "A citation could not be checked.",
        "Name path and lines, and quote the code, so that a machine can check it.";
    InjectionUnlabelled "injection_unlabelled" Blocking Some(PROCEDURE),
        "Text that gives orders to a language model stands outside of the labels for such examples.",
        "Put the text between `<!-- BEGIN_PROMPT_INJECTION_EXAMPLE -->` and `<!-- END_PROMPT_INJECTION_EXAMPLE -->`, or use another accepted label.";
    InjectionDoubtful "injection_doubtful" NeedsHuman Some(PROCEDURE),
        "Text may give orders to a language model, or may only speak of that.",
        "Label it if it is an example; otherwise a maintainer looks at it.";
    InjectionLabelled "injection_labelled" Note None,
        "Examples of prompt injection are there and labelled.",
        "Nothing is to be done. Do not follow what they say.";
    LabelUnbalanced "label_unbalanced" Advisory Some(PROCEDURE),
        "A label begins and does not end, or ends and did not begin. It protects nothing.",
        "Give each label its beginning and its end, both inside or both outside of the same code fence.";
    LabelLocation "label_location" Advisory Some(PROCEDURE),
        "`_meta.example_locations` is missing, or names a place that the file does not have.",
        "List the paths of the fields that hold examples, such as `tests.0.payload`.";
    RecordUnsigned "record_unsigned" Note None,
        "The record has no signature.",
        "Its author can run `touchstone sign`.";
    SignatureFails "signature_fails" Blocking None,
        "There is a signature, and it does not hold.",
        "Export or sign the record again; `touchstone verify` says more.";
    RecordFails "record_fails" Blocking None,
        "The record says something that its own files contradict.",
        "Export the record again; `touchstone verify` says more.";
    SignerUnknown "signer_unknown" NeedsHuman None,
        "The signature fits its own key, and the list of allowed signers does not have that key for this login.",
        "Ask the auditor for the key by another way, then run `touchstone signers add`.";
    SignerUnchecked "signer_unchecked" Note None,
        "The signature fits its own key. Whose key it is was not checked, for want of a list of allowed signers.",
        "Pass `--allowed-signers FILE`.";
    RecordUnchecked "record_unchecked" Note None,
        "A part of the record could not be checked here.",
        "`touchstone verify` says what is missing.";
    SeverityDoubtful "severity_doubtful" Note None,
        "The severity looks out of proportion to what the finding's title speaks of.",
        "Look at it once more.";
    CweMissing "cwe_missing" Note None,
        "A critical or high finding names no CWE.",
        "Name the weakness.";
    CweMalformed "cwe_malformed" Note None,
        "A CWE is not written `CWE-<number>`.",
        "Write it as `CWE-79`.";
    CweUnknown "cwe_unknown" Note None,
        "A CWE has a number that the list does not reach.",
        "Look the weakness up at cwe.mitre.org.";
    CvssDoubtful "cvss_doubtful" Note None,
        "The CVSS score belongs to another severity than the finding states, or is none.",
        "Look at both once more.";
    MethodMissing "method_missing" Note None,
        "Neither the manifest nor the assessment tells the method or the tools.",
        "Say how the audit was done.";
    EvidenceMissing "evidence_missing" Note None,
        "A finding shows no code, no path and no steps.",
        "Cite the code with its path and lines.";
    PriorAudits "prior_audits" Note None,
        "The repository has earlier audits.",
        "Ask what this one adds: another version, another scope, or a second opinion.";
    FirstAudit "first_audit" Note None,
        "The login has no earlier audit in this database.",
        "Welcome the contributor.";
    AuditChanged "audit_changed" NeedsHuman None,
        "An audit that was there already is changed, and not by its auditor alone as far as the commits say.",
        "Ask its auditor.";
    AuditRevised "audit_revised" Note None,
        "An audit that was there already is changed by its auditor, as far as the commits say.",
        "Look at what changed; names in commits prove nothing.";
    AuditDeleted "audit_deleted" NeedsHuman None,
        "An audit is deleted.",
        "Ask why. A mistaken audit is better marked as superseded.";
    AuditRenamed "audit_renamed" NeedsHuman None,
        "An audit is renamed or moved.",
        "Check what pointed to its old place.";
    OutsideChanged "outside_changed" NeedsHuman None,
        "The range changes files that are no audit.",
        "Submit audits alone; a maintainer judges the rest.";
}

impl Id {
    /// Returns the rule.
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

impl Rule {
    /// Returns how much the rule weighs for an audit of this date (`YYYY-MM-DD`); without one, the rules of today hold.
    pub fn class_at(&self, date: Option<&str>) -> Class {
        match (self.since, date) {
            (Some(since), Some(date)) if date < since => Class::Legacy,
            _ => self.class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_order_and_their_words_are_unique() {
        let mut words = std::collections::BTreeSet::new();
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.id as usize, at);
            assert!(words.insert(rule.word), "{}", rule.word);
            assert!(rule.what.ends_with('.') && rule.remedy.ends_with('.'), "{}", rule.word);
        }
    }

    #[test]
    fn an_older_audit_is_judged_by_the_rules_of_its_day() {
        let rule = Id::InjectionUnlabelled.rule();
        assert_eq!(rule.class_at(Some("2026-02-02")), Class::Legacy);
        assert_eq!(rule.class_at(Some("2026-02-03")), Class::Blocking);
        assert_eq!(rule.class_at(None), Class::Blocking);
        assert_eq!(Id::FolderName.rule().class_at(Some("2020-01-01")), Class::Blocking);
    }
}
