//! Text that gives orders to a language model: found by the contract's patterns and their disguises, judged by where it
//! stands.
//!
//! One pass over all letters tells the few texts that are worth a closer look. There, a phrase is *sure* where it stands
//! as an order (at the start of a sentence, in a fence, in a comment that nobody sees, in disguise), *doubtful* where it
//! could be either, and nothing where prose only speaks of it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use regex::Regex;
use serde_json::Value;

use super::fold::{Folded, squash};
use super::labels::{Labels, labels};
use crate::auditdb::json::{elements, members, strict, whole};
use crate::repo::display::{boundary, is_hazard};

/// Text is folded so many bytes at a time: a long one must not take several times its room.
const WINDOW: usize = 256 << 10;
/// Bytes that two windows share, so that nothing falls between them.
const OVERLAP: usize = 4 << 10;
/// How far around a phrase its context is looked for, in bytes.
const CONTEXT: usize = 8 << 10;
/// The most hits of one file that are told; more say nothing new.
const HITS: usize = 50;
/// A base64 text is at least so long: the shortest phrase has as many letters.
const CODED: usize = 20;
/// The most bytes that are taken for one base64 text.
const CODED_LIMIT: usize = 64 << 10;

/// A phrase that may give orders to a language model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The line, from 1.
    pub line: usize,
    /// What it reads like.
    pub what: &'static str,
    /// Whether it surely is an order, and not only spoken of.
    pub sure: bool,
    /// Whether a label protects it.
    pub labelled: bool,
    /// The phrase as it is read.
    pub phrase: String,
}

/// What a look at a file found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Phrases, by line.
    pub hits: Vec<Hit>,
    /// Labels that are not balanced: line and what is wrong.
    pub labels: Vec<(usize, String)>,
    /// Places in `_meta.example_locations` that are not there: line and what is wrong.
    pub locations: Vec<(usize, String)>,
}

/// What a pattern finds by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Force {
    /// An order, where it stands as one.
    Order,
    /// An order or an everyday phrase: never more than doubtful by itself.
    Weak,
}

/// Patterns on folded words.
const PHRASES: [(&str, Force, &str); 13] = [
    (
        r"\b(?:ignore|disregard|forget|override|bypass)(?: (?:all|any|everything|of|the|your|my|these|those|and|every|each|about))*(?: (?:previous|previously|prior|above|preceding|earlier|foregoing|former|past|existing|initial|original))+(?: \w+){0,3}? (?:instructions?|prompts?|messages?|rules?|directions?|directives?|guidelines?|contexts?|orders?|commands?|restrictions?|constraints?|guardrails|text|training|conversation|safeguards?|programming|limits)\b",
        Force::Order,
        "an order to ignore earlier instructions",
    ),
    (
        r"\b(?:ignore|disregard|forget) (?:all |everything |anything |any |what is )?(?:of )?(?:the |that |stated |written )?above(?: and| instructions?| text| prompts?| context)?\b",
        Force::Weak,
        "an order to ignore what stands above",
    ),
    (
        r"\b(?:ignore|disregard|forget) (?:all|everything|anything)(?: of)?(?: the| your| my)? (?:prior|previous|previously|before)\b",
        Force::Order,
        "an order to ignore what came before",
    ),
    (
        r"\b(?:(?:ignore|disregard|forget) (?:all |any )?(?:of )?(?:your|all|any)|(?:override|bypass) (?:all )?(?:of )?your)(?: \w+){0,2}? (?:instructions|guidelines|rules|programming|directives|restrictions|guardrails|safeguards|training)\b",
        Force::Order,
        "an order to ignore instructions",
    ),
    (
        r"\byou are now (?:(?:an? |the |my |in |called |named )?(?:\w+ ){0,3}?(?:assistant|ai|model|bot|agent|hacker|admin|administrator|root|expert|persona|character|dan|system|mode|unrestricted|jailbroken|evil|pirate|reviewer|validator|auditor|interpreter|shell|terminal|oracle)|free (?:of|from)|no longer)\b",
        Force::Order,
        "an order to play another part",
    ),
    (
        r"\b(?:pretend (?:to be|that you are|you are|you have)|from now on you (?:are|must|shall|answer|act|respond|obey|do not|will (?:now )?(?:answer|act|be|respond|obey|ignore|only|always|not|never|do|speak|follow|play))|do anything now|developer mode (?:is )?enabled|enter developer mode|act as (?:if you|an? \w+ (?:without|with no)|an? (?:unrestricted|jailbroken|evil|uncensored)|dan\b|root\b))",
        Force::Order,
        "an order to play another part",
    ),
    (
        r"\b(?:do not|don t|dont|never|must not) (?:ever )?(?:tell|inform|notify|alert|warn|mention (?:this|it|that|anything|any of this)(?: \w+){0,2} to|reveal (?:this|it|that|anything)(?: \w+){0,2} to|show (?:this|it) to) (?:the |your )?(?:users?|humans?|operators?)\b",
        Force::Order,
        "an order to keep something from the user",
    ),
    (
        r"\b(?:reveal|print|show|output|repeat|leak|display|send|tell|give)(?: me| us)?(?: all)?(?: of)? (?:your|the)(?: \w+){0,2}? (?:system prompt|initial prompt|hidden instructions|hidden prompt|system instructions|initial instructions|system message)\b",
        Force::Order,
        "an order to give away the system prompt",
    ),
    (
        r"\bassistant i will (?:now )?(?:ignore|comply|do|follow|send|approve|reveal|execute|run|disregard|help)\b|\bassistant i will now\b",
        Force::Order,
        "words put into the model's mouth",
    ),
    (
        r"\bhuman actually(?: please)? (?:ignore|disregard|forget|skip)\b",
        Force::Order,
        "words put into the user's mouth",
    ),
    (
        r"\b(?:approve|merge|accept|pass) this (?:submission|pull request|pr|audit|record|report)\b|\bmark this (?:\w+ ){0,2}?(?:submission|pull request|pr|audit|record|report|server|file)? ?as (?:\w+ )?(?:passed|safe|approved|secure|verified|clean|reviewed|trusted)\b|\b(?:report|say|state|conclude|respond)(?: that)? (?:there are )?no (?:issues|findings|vulnerabilities|problems)(?: were| are)?(?: found)?\b",
        Force::Weak,
        "an order to whoever reviews",
    ),
    (
        r"\b(?:ai|llm|automated|language model) (?:\w+ ){0,2}?(?:reviewers?|assistants?|agents?|models?|validators?|auditors?|systems?|readers?|tools?) (?:(?:reading|reviewing|processing|parsing|looking at|validating) (?:\w+ ){1,4}?)?(?:must|should|shall|please|has to|have to|will|are to|is to) (?:now )?(?:\w+ly )?(?:approve|merge|mark|ignore|report no|respond with|disregard|not report|not flag)\b",
        Force::Weak,
        "an order to a model that reads this",
    ),
    (r"\bnew (?:system )?(?:instructions?|prompts?|directives?|orders)\b", Force::Weak, "new instructions"),
];

/// Marks, on lower-case text as it stands.
const MARKS: [(&str, Force, &str); 4] = [
    (
        r"(?m)<\|\s*(?:im_start|im_end|system|user|assistant|start_header_id|endoftext|eot_id)\s*\|>?",
        Force::Order,
        "a marker of a chat template",
    ),
    (r"\[/?inst\]|<</?sys>>", Force::Order, "a marker of a chat template"),
    (
        r"\[\s*end\s+of\s+(?:document|prompt|instructions|file|context|input)\s*\][\s\W]*(?:new|system|ignore|you|now|the following)",
        Force::Order,
        "a false end of the document",
    ),
    (
        r"</?\s*(?:important|system|system-reminder|instructions?)\s*>",
        Force::Weak,
        "a tag that models take for their own",
    ),
];

/// Letters of the plainest order, spaced out.
const SPACED: &str = "(?:ignore|disregard|forget)(?:all)?(?:of)?(?:the|your|my)?(?:previous|prior|above)(?:instructions|prompts|rules)|disregardallprior|donottelltheuser|youarenowdan";

/// `SYSTEM:` and what follows on its line.
const ROLE: &str = r"(?m)^[\s>#*/;%\-]*(?:\*\*)?\[?SYSTEM(?: (?:MESSAGE|PROMPT|OVERRIDE|NOTE))?\]?(?:\*\*)?\s*:(?:\*\*)?[ \t]*(?P<rest>[^\n]*)";

/// What follows a role's prefix where it gives orders.
const ROLE_ORDER: &str = r"(?i)\b(?:you (?:are|must|will|should|have)|your (?:new|task|role)|ignore|disregard|forget|override|from now|new (?:instructions?|task|role)|approve|do not|reveal|grant|execute|respond|send|disable|the following)\b";

/// A comment that nobody sees, with an order to a model.
const HIDDEN: &str = r"(?i)\b(?:ai|llm|assistant|model|claude|gpt|chatgpt|copilot|gemini|reviewer|validator|agent|bot)s?\b[\s\S]{0,120}?\b(?:approve|merge|mark|say|respond|reply|output|skip|treat|pass|ignore|do not|don't|must|report|send|call|execute|run)\b|\b(?:hidden|secret|new) instructions?\b|\binstructions? (?:for|to) (?:the |an? )?(?:ai|llm|assistant|model|claude|gpt|agent|reviewer|validator)\b";

/// Words of whoever speaks about an attack.
const DESCRIBING: &str = r"(?i)\b(?:attack\w*|adversar\w*|inject\w*|malicious\w*|payloads?|such as|for example|for instance|e\.g\.|phrases?|patterns?|detect\w*|filter\w*|block(?:s|ed|ing|list\w*)|attempt\w*|jailbreak\w*|poison\w*|hostile|examples?|strings?|texts? (?:like|such)|inputs? like|says?|said|sends?|writes?|written|typed?|contain\w*|tricks?|tricked|manipulat\w*|instruct(?:s|ed|ing)|vulnerab\w*|exploit\w*|crafted|untrusted|embed\w*|mitigat\w*|refus\w*|reject\w*|scan\w*|flag(?:s|ged|ging)|match(?:es|ed|ing)?|prevent\w*|resist\w*|guards?|sanitiz\w*|sanitis\w*|classifier\w*|known|tests?|tested|quot\w*|wording|sentences?|social engineering)\b";

/// Words before a verb that show that nobody is being ordered about.
const REPORTED: [&str; 29] = [
    "to",
    "could",
    "can",
    "would",
    "may",
    "might",
    "that",
    "which",
    "cannot",
    "who",
    "models",
    "agents",
    "llms",
    "they",
    "gets",
    "lets",
    "attackers",
    "users",
    "does",
    "did",
    "doesn",
    "won",
    "not",
    "never",
    "it",
    "them",
    "model",
    "agent",
    "llm",
];

/// Words that an order may begin with.
const OPENERS: [&str; 18] = [
    "please",
    "now",
    "important",
    "urgent",
    "attention",
    "note",
    "system",
    "user",
    "assistant",
    "human",
    "ok",
    "okay",
    "so",
    "first",
    "hey",
    "immediately",
    "kindly",
    "ai",
];

fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

// The expressions are fixed and a test reads all of them; one that did not compile would match nothing.
static PHRASE: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| PHRASES.iter().map(|(text, ..)| regex(text)).collect());
static MARK: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| MARKS.iter().map(|(text, ..)| regex(&format!("(?i){text}"))).collect());
static SPACED_OUT: LazyLock<Option<Regex>> = LazyLock::new(|| regex(SPACED));
static ROLE_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| regex(ROLE));
static ROLE_ORDERS: LazyLock<Option<Regex>> = LazyLock::new(|| regex(ROLE_ORDER));
static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"(?s)<!--(.*?)-->"));
static HIDDEN_ORDER: LazyLock<Option<Regex>> = LazyLock::new(|| regex(HIDDEN));
static DESCRIBES: LazyLock<Option<Regex>> = LazyLock::new(|| regex(DESCRIBING));
static ENTITY: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));?"));
static NEW_COLON: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"(?i)^[\s*_]*:[\s*_]*(\S+(?:\s+\S+){0,3})?"));

/// Letters that a phrase must have, whatever stands between its words.
static TRIGGERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut words: Vec<String> = NEAR.iter().flat_map(|near| near.letters).map(|word| (*word).to_owned()).collect();
    words.extend(PLAIN.iter().map(|word| (*word).to_owned()));
    for no in ["donot", "dont", "never", "mustnot", "donotever"] {
        let verbs = ["tell", "inform", "notify", "alert", "warn", "mention", "reveal", "show"];
        words.extend(verbs.map(|verb| format!("{no}{verb}")));
    }
    AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(words).ok()
});

/// Letters that count only where others are near: everyday words.
struct Near {
    letters: &'static [&'static str],
    before: &'static [&'static str],
    after: &'static [&'static str],
}

/// How near, in letters.
const NEARBY: usize = 60;

const NEAR: [Near; 6] = [
    Near {
        letters: &["ignore", "disregard", "forget", "override", "bypass"],
        before: &[],
        after: &[
            "previous",
            "prior",
            "above",
            "preceding",
            "earlier",
            "foregoing",
            "former",
            "past",
            "existing",
            "initial",
            "original",
            "instruction",
            "guideline",
            "rules",
            "programming",
            "directive",
            "restriction",
            "guardrail",
            "safeguard",
            "training",
            "before",
        ],
    },
    Near {
        letters: &[
            "llm",
            "languagemodel",
            "automated",
            "aireview",
            "aiassistant",
            "aiagent",
            "aimodel",
            "aivalidator",
            "aiauditor",
            "aisystem",
            "aireader",
            "aitool",
        ],
        before: &[],
        after: &["approve", "merge", "mark", "ignore", "reportno", "respondwith", "disregard", "notreport", "notflag"],
    },
    Near {
        letters: &[
            "systemprompt",
            "initialprompt",
            "hiddenprompt",
            "hiddeninstruction",
            "systeminstruction",
            "initialinstruction",
            "systemmessage",
        ],
        before: &["reveal", "print", "show", "output", "repeat", "leak", "display", "send", "tell", "give"],
        after: &[],
    },
    Near { letters: &["actasa"], before: &[], after: &["with", "unrestricted", "jailbroken", "evil", "uncensored"] },
    Near {
        letters: &["noissues", "nofindings", "novulnerabilities", "noproblems"],
        before: &["report", "say", "state", "conclude", "respond"],
        after: &[],
    },
    Near {
        letters: &["youarenow"],
        before: &[],
        after: &[
            "assistant",
            "ai",
            "model",
            "bot",
            "agent",
            "hacker",
            "admin",
            "root",
            "expert",
            "persona",
            "character",
            "dan",
            "system",
            "mode",
            "unrestricted",
            "jailbroken",
            "evil",
            "pirate",
            "reviewer",
            "validator",
            "auditor",
            "interpreter",
            "shell",
            "terminal",
            "oracle",
            "free",
            "nolonger",
        ],
    },
];
const PLAIN: [&str; 21] = [
    "pretendto",
    "pretendthat",
    "pretendyou",
    "fromnowonyou",
    "doanythingnow",
    "developermode",
    "actasif",
    "actasdan",
    "actasroot",
    "assistantiwill",
    "humanactually",
    "approvethis",
    "mergethis",
    "acceptthis",
    "passthis",
    "markthis",
    "newinstruction",
    "newsystem",
    "newprompt",
    "newdirective",
    "neworders",
];

/// Tells whether the letters of a trigger count where they stand.
fn counts(letters: &[u8], pattern: usize, found: Range<usize>) -> bool {
    let mut index = pattern;
    for near in &NEAR {
        if index >= near.letters.len() {
            index -= near.letters.len();
            continue;
        }
        let before = &letters[found.start.saturating_sub(NEARBY)..found.start];
        let after = &letters[found.end..letters.len().min(found.end + NEARBY)];
        let has = |text: &[u8], words: &[&str]| {
            words.is_empty() || words.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
        };
        return has(before, near.before) && has(after, near.after);
    }
    true
}

/// Marks that a text must have for the second look, on its bytes as they stand.
static MARK_TRIGGERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        "<|",
        "[inst]",
        "[/inst]",
        "<<sys",
        "<</sys",
        "<!--",
        "prompt_injection_example",
        "&#",
        "[end of",
        "[ end of",
        "<important",
        "<system",
        "</system",
        "</important",
        "<instruction",
        "</instruction",
    ];
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(words).ok()
});

/// Looks through a file's bytes. The path tells only whether it is JSON or code.
pub fn look(path: &str, bytes: &[u8], scratch: &mut Vec<u8>) -> Looked {
    let json = path.ends_with(".json");
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if !utf16 && !suspicious(bytes, json, scratch) {
        return Looked::default();
    }
    let text = decode(bytes);
    let mut looked = Looked::default();
    if json && let Ok(value) = strict(text.as_bytes()) {
        look_at_json(&text, &value, &mut looked);
    } else {
        let code = !matches!(path.rsplit_once('.').map(|(_, ending)| ending), Some("md" | "markdown" | "txt") | None);
        Reader::new(&text, code).read(&mut looked);
    }
    looked.hits.sort_by(|a, b| (a.line, !a.sure, a.what).cmp(&(b.line, !b.sure, b.what)));
    looked.hits.dedup_by(|later, first| later.line == first.line && later.labelled == first.labelled);
    looked.hits.truncate(HITS);
    looked
}

/// The first look: tells whether a text is worth a closer one.
fn suspicious(bytes: &[u8], json: bool, scratch: &mut Vec<u8>) -> bool {
    let role = || memchr::memmem::find(bytes, b"SYSTEM").is_some();
    if role() || MARK_TRIGGERS.as_ref().is_some_and(|marks| marks.is_match(bytes)) {
        return true;
    }
    // What JSON escapes is read only by who parses it.
    if json && memchr::memmem::find(bytes, b"\\u").is_some() {
        return true;
    }
    let order = |range: Range<usize>| decoded(&bytes[range]);
    triggered(bytes, json, scratch)
        || coded(bytes).filter_map(order).any(|text| triggered(text.as_bytes(), false, scratch))
}

fn triggered(bytes: &[u8], json: bool, scratch: &mut Vec<u8>) -> bool {
    let Some(triggers) = TRIGGERS.as_ref() else { return false };
    let mut start = 0;
    loop {
        let end = bytes.len().min(start + WINDOW);
        squash(&bytes[start..end], json, scratch);
        let letters = &*scratch;
        let found = triggers
            .find_overlapping_iter(letters)
            .any(|found| counts(letters, found.pattern().as_usize(), found.start()..found.end()));
        if found || end == bytes.len() {
            return found;
        }
        start = end - OVERLAP;
    }
}

/// Returns the text of bytes: UTF-16 where a mark says so, else UTF-8 with what is not UTF-8 replaced.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Returns runs of base64, also over line ends: what stands between them is no letter of it.
fn coded(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            // Looks at each sixteenth byte: a shorter run cannot begin what is looked for.
            let probe = at + 15;
            if probe >= bytes.len() {
                return None;
            }
            if !is(bytes[probe]) {
                at = probe + 1;
                continue;
            }
            let start = bytes[at..probe].iter().rposition(|byte| !is(*byte)).map_or(at, |before| at + before + 1);
            let mut end = probe + 1;
            while end < bytes.len() && end - start < CODED_LIMIT && is(bytes[end]) {
                end += 1;
            }
            if end - start < 16 {
                at = end;
                continue;
            }
            // Lines of base64 that follow are a part of it.
            loop {
                let gap = bytes[end..].iter().take(8).take_while(|byte| b"\r\n \t>#*/".contains(byte)).count();
                let next = bytes[(end + gap).min(bytes.len())..].iter().take_while(|byte| is(**byte)).count();
                let broken = bytes[end..(end + gap).min(bytes.len())].contains(&b'\n');
                if !broken || next < 4 || end - start > CODED_LIMIT {
                    break;
                }
                end += gap + next;
            }
            at = end;
            if end - start >= CODED {
                return Some(start..end);
            }
        }
    })
}

/// Returns the text that base64 stands for, where it is one. Letters before it may belong to something else.
fn decoded(bytes: &[u8]) -> Option<String> {
    // Names and words have letters of one case; base64 of a text has both.
    if !bytes.iter().any(u8::is_ascii_uppercase) || !bytes.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let letters: String = bytes
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
        .map(|byte| char::from(*byte))
        .collect();
    let url = letters.contains(['-', '_']);
    (0..4).find_map(|skip| {
        let rest = letters.get(skip..)?;
        // Words that follow on another line may have been taken for more of it.
        let whole = rest.len() - rest.len() % 4;
        let read = |text: &str| {
            if url { Base64UrlUnpadded::decode_vec(text) } else { Base64Unpadded::decode_vec(text) }
        };
        let bytes = read(rest).or_else(|_| read(rest.get(..whole).unwrap_or_default())).ok()?;
        // What follows the text may be none.
        let end = bytes.utf8_chunks().next()?.valid().len();
        let text = String::from_utf8(bytes.get(..end)?.to_vec()).ok()?;
        let shown = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).count();
        (text.len() >= 12 && shown * 10 >= text.chars().count() * 9).then_some(text)
    })
}

/// Looks at each string of a JSON text by itself.
fn look_at_json(text: &str, value: &Value, looked: &mut Looked) {
    let allowed = locations(text, value, looked);
    let Some(root) = whole(text) else { return };
    let line = |at: usize| memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1;
    let mut waiting = vec![(root, String::new())];
    while let Some((span, path)) = waiting.pop() {
        match text.as_bytes().get(span.start) {
            Some(b'{') => {
                for (key, span) in members(text, span).unwrap_or_default() {
                    waiting.push((span, if path.is_empty() { key } else { format!("{path}.{key}") }));
                }
            }
            Some(b'[') => {
                let each = elements(text, span).unwrap_or_default();
                waiting.extend(each.into_iter().enumerate().map(|(index, span)| (span, format!("{path}.{index}"))));
            }
            Some(b'"') => {
                let Ok(string) = serde_json::from_str::<String>(&text[span.start..span.end]) else { continue };
                let labelled = allowed.iter().any(|place| {
                    path.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                let reader = Reader { context: path, ..Reader::new(&string, false) };
                reader.hits(|_| line(span.start), labelled, looked);
            }
            _ => {}
        }
    }
}

/// Returns the places that a JSON file declares to hold examples, in the form `a.0.b`.
fn locations(text: &str, value: &Value, looked: &mut Looked) -> Vec<String> {
    let Some(meta) = value.get("_meta") else { return Vec::new() };
    if meta.get("contains_prompt_injection_examples").and_then(Value::as_bool) != Some(true) {
        return Vec::new();
    }
    let line = super::place::line(text, &["_meta", "example_locations"]).or(super::place::line(text, &["_meta"]));
    let mut wrong = |why: String| looked.locations.push((line.unwrap_or(1), why));
    let Some(listed) = meta.get("example_locations").and_then(Value::as_array).filter(|listed| !listed.is_empty())
    else {
        wrong("`_meta` says that there are examples, and not where".to_owned());
        return Vec::new();
    };
    let mut found = Vec::new();
    for place in listed {
        let Some(said) = place.as_str() else {
            wrong("a place is not a text".to_owned());
            continue;
        };
        // `$.a[0].b`, `/a/0/b` and `a.0.b` are all in use.
        let plain = said.trim_start_matches('$').replace(['[', '/'], ".").replace([']', '"', '\''], "");
        let parts: Vec<&str> = plain.split('.').filter(|part| !part.is_empty()).collect();
        let there = parts.iter().try_fold(value, |value, part| match value {
            Value::Object(map) => map.get(*part),
            Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => None,
        });
        match there {
            Some(_) if parts.is_empty() => wrong("the whole file is named; name the fields".to_owned()),
            Some(_) => found.push(parts.join(".")),
            None => wrong(format!("there is no `{said}`")),
        }
    }
    found
}

/// A text under the closer look.
struct Reader<'a> {
    text: &'a str,
    /// Whether it is code as a whole, not prose with fences.
    code: bool,
    /// What stands around it: the path of a JSON string.
    context: String,
    labels: Labels,
}

/// A phrase that was found, not yet judged.
struct Found {
    range: Range<usize>,
    what: &'static str,
    force: Force,
    /// Nobody writes so by accident.
    disguised: bool,
    phrase: String,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, code: bool) -> Reader<'a> {
        Reader { text, code, context: String::new(), labels: labels(text) }
    }

    /// Judges everything that is found. `line` tells the line of a byte.
    fn hits(&self, line: impl Fn(usize) -> usize, labelled: bool, looked: &mut Looked) {
        for (at, why) in &self.labels.wrong {
            let at = if self.context.is_empty() { *at } else { line(0) };
            looked.labels.push((at, (*why).to_owned()));
        }
        for found in self.found() {
            let labelled = labelled || self.labels.protect(&found.range);
            let sure = match self.judge(&found) {
                Some(sure) => sure,
                // In a label nobody asks how it is meant.
                None if labelled => false,
                None => continue,
            };
            let phrase = found.phrase.chars().take(80).collect();
            looked.hits.push(Hit { line: line(found.range.start), what: found.what, sure, labelled, phrase });
        }
    }

    fn read(&self, looked: &mut Looked) {
        let bytes = self.text.as_bytes();
        self.hits(|at| memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1, false, looked);
    }

    fn found(&self) -> Vec<Found> {
        let mut all = phrases(self.text);
        for ((_, force, what), mark) in MARKS.iter().zip(MARK.iter()) {
            for hit in mark.iter().flat_map(|mark| mark.find_iter(self.text)).take(HITS) {
                let phrase = hit.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                all.push(Found { range: hit.range(), what, force: *force, disguised: false, phrase });
            }
        }
        for hit in ROLE_LINE.iter().flat_map(|role| role.captures_iter(self.text)).take(HITS) {
            let (Some(whole), Some(rest)) = (hit.get(0), hit.name("rest")) else { continue };
            // `SYSTEM: Linux` is a line of a log. An order may begin on the next line.
            let next = self.text[rest.end()..].lines().nth(1).unwrap_or_default();
            let said = if rest.as_str().trim().is_empty() { next } else { rest.as_str() };
            if ROLE_ORDERS.as_ref().is_some_and(|orders| orders.is_match(said)) {
                let start = whole.start() + whole.as_str().len() - whole.as_str().trim_start().len();
                let phrase = "SYSTEM:".to_owned();
                all.push(Found {
                    range: start..rest.end().max(start),
                    what: "the prefix of a system message",
                    force: Force::Order,
                    disguised: false,
                    phrase,
                });
            }
        }
        for hit in COMMENT.iter().flat_map(|comment| comment.captures_iter(self.text)).take(HITS * 10) {
            let (Some(whole), Some(inner)) = (hit.get(0), hit.get(1)) else { continue };
            let shown = self.code || self.labels.fence(whole.start()).is_some();
            if !shown && HIDDEN_ORDER.as_ref().is_some_and(|order| order.is_match(inner.as_str())) {
                let phrase = inner.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                all.push(Found {
                    range: whole.range(),
                    what: "an order in a comment that nobody sees",
                    force: Force::Order,
                    disguised: true,
                    phrase,
                });
            }
        }
        for range in coded(self.text.as_bytes()).take(HITS * 10) {
            let Some(text) = decoded(&self.text.as_bytes()[range.clone()]) else { continue };
            if let Some(order) = phrases(&text).into_iter().find(|found| found.force == Force::Order) {
                all.push(Found {
                    range,
                    what: "an order to a model, in base64",
                    force: Force::Order,
                    disguised: true,
                    phrase: order.phrase,
                });
            }
        }
        all.extend(self.entities());
        all.sort_by_key(|found| (found.range.start, found.force == Force::Weak));
        all.truncate(HITS * 4);
        all
    }

    /// Finds phrases whose letters are written as numeric entities, which a page shows as letters.
    fn entities(&self) -> Option<Found> {
        let entity = ENTITY.as_ref()?;
        let first = entity.find(self.text)?;
        let plain = entity.replace_all(self.text, |found: &regex::Captures<'_>| {
            let hex = found.get(1).and_then(|hex| u32::from_str_radix(hex.as_str(), 16).ok());
            let code = hex.or_else(|| found.get(2).and_then(|code| code.as_str().parse().ok()));
            code.and_then(char::from_u32).map(String::from).unwrap_or_default()
        });
        let orders =
            |text: &str| phrases(text).into_iter().filter(|found| found.force == Force::Order).collect::<Vec<_>>();
        let (before, mut after) = (orders(self.text), orders(&plain));
        let phrase = (after.len() > before.len()).then(|| after.remove(0).phrase)?;
        Some(Found {
            range: first.range(),
            what: "an order to a model, in entities",
            force: Force::Order,
            disguised: true,
            phrase,
        })
    }

    /// Tells whether a phrase surely is an order, may be one (`Some(false)`), or is only spoken of.
    fn judge(&self, found: &Found) -> Option<bool> {
        let range = &found.range;
        let place = Place::of(self, range);
        let describing = || self.describes(&place, range);
        if place.hidden {
            return Some(true);
        }
        let quote = place.quote.as_ref();
        let payload =
            quote.is_some_and(|quote| words(&self.text[quote.clone()]) >= words(&self.text[range.clone()]) + 4);
        if found.disguised {
            return Some(!(quote.is_some() && describing()));
        }
        if found.what == "new instructions" {
            let after = &self.text[range.end..];
            let colon = NEW_COLON.as_ref()?.captures(after)?;
            if !place.start || quote.is_some() && describing() {
                return if quote.is_some() { None } else { place.start.then_some(false) };
            }
            return Some(colon.get(1).is_some() && !place.heading && !place.introduced(self, range));
        }
        if found.what == "a tag that models take for their own" {
            let after: String = self.text[range.end..].chars().take(400).collect();
            let orders = ROLE_ORDERS.as_ref()?.is_match(&after)
                && phrases(&after).iter().any(|next| next.force == Force::Order)
                || after.to_ascii_lowercase().contains("before using this tool");
            return match (orders, quote.is_some() || place.heading) {
                (true, false) if place.start => Some(true),
                (true, _) => (!describing()).then_some(false),
                (false, _) => None,
            };
        }
        if found.what == "a marker of a chat template" || found.what == "a false end of the document" {
            return match quote {
                Some(_) if payload && !place.code => Some(!describing()),
                Some(_) => (!describing() && !place.code).then_some(false),
                None if place.heading => Some(false),
                None if place.code => place.start.then_some(true),
                None => Some(place.start || !describing()).filter(|sure| *sure || !describing()),
            };
        }
        if place.heading {
            return (quote.is_none() && !describing()).then_some(false);
        }
        let weak = found.force == Force::Weak;
        if weak {
            let above = found.what == "an order to ignore what stands above";
            let next = self.text[range.end..].split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
            let harmless = [
                "warning",
                "warnings",
                "error",
                "errors",
                "message",
                "messages",
                "note",
                "step",
                "steps",
                "example",
                "examples",
                "table",
                "output",
                "section",
                "if",
                "paragraph",
                "log",
                "line",
                "lines",
                "diff",
            ];
            if above && harmless.iter().any(|word| next.trim_end_matches(|c: char| !c.is_alphanumeric()) == *word) {
                return None;
            }
            let longer = above && ["and", "instructions", "prompt"].iter().any(|end| found.phrase.ends_with(end));
            return match quote {
                Some(_) => (!describing()).then_some(false),
                None if place.start && longer => Some(!place.introduced(self, range)),
                None => (place.start || found.what == "an order to a model that reads this").then_some(false),
            };
        }
        if place.code {
            return match (place.start, quote) {
                (_, Some(_)) => Some(payload),
                (true, None) => Some(true),
                (false, None) => self.embedded(&place, describing),
            };
        }
        if quote.is_some() {
            return match (describing(), payload) {
                (true, false) => None,
                (false, true) => Some(true),
                _ => Some(false),
            };
        }
        if place.start {
            return Some(!place.introduced(self, range));
        }
        self.embedded(&place, describing)
    }

    /// Judges a phrase in the middle of a sentence by who does it.
    fn embedded(&self, place: &Place, describing: impl Fn() -> bool) -> Option<bool> {
        let before: Vec<&str> = place.before.iter().rev().take(4).map(String::as_str).collect();
        if before.contains(&"you") {
            return Some(!describing());
        }
        let last = before.first().copied().unwrap_or_default();
        if ["should", "must", "shall", "will"].contains(&last) {
            return Some(false);
        }
        if REPORTED.contains(&last) {
            return None;
        }
        (!describing()).then_some(false)
    }

    fn describes(&self, place: &Place, range: &Range<usize>) -> bool {
        let out = place.quote.as_ref().unwrap_or(range);
        let around = [
            &self.text[place.around.start..out.start.max(place.around.start)],
            &self.text[out.end.min(place.around.end)..place.around.end],
            place.intro.as_str(),
            self.context.as_str(),
        ];
        around.iter().any(|text| says_attack(text))
    }
}

/// Tells whether a text is one of somebody who speaks about an attack.
fn says_attack(text: &str) -> bool {
    let apart: String = text.chars().map(|c| if c == '_' { ' ' } else { c }).collect();
    DESCRIBES.as_ref().is_some_and(|words| words.is_match(&apart))
}

/// Where a phrase stands.
struct Place {
    /// In a code fence or a file of code.
    code: bool,
    /// In a comment of a page.
    hidden: bool,
    /// In a heading.
    heading: bool,
    /// Where a sentence, a line of code, a cell or a quote begins.
    start: bool,
    /// The quote or inline code around it.
    quote: Option<Range<usize>>,
    /// The paragraph around it; in code the line.
    around: Range<usize>,
    /// The heading above, and the paragraph above that ends with a colon.
    intro: String,
    /// The words before it on its sentence.
    before: Vec<String>,
    /// It is a cell, an item or a quote, or follows a colon.
    listed: bool,
}

impl Place {
    fn of(reader: &Reader<'_>, range: &Range<usize>) -> Place {
        let text = reader.text;
        let fence = reader.labels.fence(range.start);
        let code = reader.code || fence.is_some();
        let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at);
        let line = &text[line_start..line_end];
        let bare = line.trim_start_matches([' ', '\t', '>']);
        let heading = !code && bare.starts_with('#') && bare.trim_start_matches('#').starts_with([' ', '\t']);
        let around = if code || heading { line_start..line_end } else { paragraph(text, line_start..line_end) };
        let listed = !code && (item(bare) || bare.starts_with('|') || line.trim_start().starts_with('>'));
        // A line of megabytes has no context that anybody reads.
        let near = boundary(text.as_bytes(), range.start.saturating_sub(CONTEXT))
            ..boundary(text.as_bytes(), range.end.saturating_add(CONTEXT));
        let around = around.start.max(near.start)..around.end.min(near.end);
        let line_start = line_start.max(near.start);
        // A sentence that runs over lines does not begin anew on each of them.
        let from = if code || listed { line_start } else { around.start };
        let quote = quote(text, range, around.clone());
        let (start, before) = beginning(&text[from..range.start]);
        let above = &text[near.start..range.start];
        let hidden = !code && above.rfind("<!--").is_some_and(|open| !above[open..].contains("-->"));
        let intro = if code { String::new() } else { intro(text, around.start) };
        Place { code, hidden, heading, start, quote, around, intro, before, listed }
    }

    /// Tells whether words before it say that an example follows.
    fn introduced(&self, reader: &Reader<'_>, range: &Range<usize>) -> bool {
        let before = &reader.text[self.around.start..range.start.max(self.around.start)];
        let colon = before.trim_end().ends_with([':', '"', '\'', '`']) || self.listed;
        let context = words(&reader.text[self.around.clone()]) < words(&reader.text[range.clone()]) + 6
            && says_attack(&reader.context);
        colon && (says_attack(before) || says_attack(&self.intro)) || context
    }
}

/// Tells whether a line is an item of a list.
fn item(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < line.len() && rest.starts_with([')', '.']);
    numbered || ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
}

/// Returns the lines around one that are not blank, no heading and no fence.
fn paragraph(text: &str, line: Range<usize>) -> Range<usize> {
    let ends = |line: &str| {
        let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
        line.is_empty() || line.starts_with('#') || line.starts_with("```") || line.starts_with("~~~")
    };
    let (mut start, mut end) = (line.start, line.end);
    for before in text[..start].split_inclusive('\n').rev().take(40) {
        if ends(before) {
            break;
        }
        start -= before.len();
    }
    for (index, after) in text[end..].split_inclusive('\n').take(40).enumerate() {
        // The first piece is the end of the line itself.
        if index > 0 && ends(after) {
            break;
        }
        end += after.len();
    }
    start..end
}

/// Returns the heading above, and the paragraph above where it ends with a colon.
fn intro(text: &str, at: usize) -> String {
    let mut out = String::new();
    let mut above = text[..at].lines().rev().take(60).skip_while(|line| line.trim().is_empty()).peekable();
    if above.peek().is_some_and(|line| line.trim_end().trim_end_matches(['*', '_']).ends_with(':')) {
        out.push_str(above.peek().copied().unwrap_or_default());
    }
    if let Some(heading) = text[..at].lines().rev().take(200).find(|line| line.starts_with('#')) {
        out.push('\n');
        out.push_str(heading);
    }
    out
}

/// Tells whether an order may begin after this text, and returns the words before it.
fn beginning(before: &str) -> (bool, Vec<String>) {
    let mut rest = before.trim_end();
    loop {
        let Some(last) = rest.chars().next_back() else { return (true, Vec::new()) };
        if last == ',' {
            let before = rest.trim_end_matches([',', ' ']);
            let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if !OPENERS.contains(&word.to_lowercase().as_str()) {
                let words = before.split(|c: char| ".!?;:|".contains(c)).next_back().unwrap_or_default();
                return (false, lower(words));
            }
            rest = before[..before.len() - word.len()].trim_end();
            continue;
        }
        if !last.is_alphanumeric() {
            // What only decorates, ends or opens; an apostrophe between letters is none of these.
            let words = rest.split(|c: char| ".!?;:|\n".contains(c)).next_back().unwrap_or_default();
            return (last != '/' || rest.len() < 4, lower(words));
        }
        let word = rest.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if !OPENERS.contains(&word.to_lowercase().as_str()) {
            let words = rest.split(|c: char| ".!?;:|".contains(c)).next_back().unwrap_or_default();
            return (false, lower(words));
        }
        rest = rest[..rest.len() - word.len()].trim_end();
    }
}

fn lower(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.rev().take(8).map(str::to_lowercase).collect();
    words.reverse();
    words
}

/// Returns what stands between the quotes or backticks around a range, with them.
fn quote(text: &str, range: &Range<usize>, within: Range<usize>) -> Option<Range<usize>> {
    let before = &text[within.start..range.start.max(within.start)];
    let after = &text[range.end.min(within.end)..within.end];
    for mark in ['`', '"'] {
        if before.matches(mark).count() % 2 == 1
            && let (Some(open), Some(close)) = (before.rfind(mark), after.find(mark))
        {
            return Some(within.start + open..range.end + close + 1);
        }
    }
    for (open, close) in [('“', '”'), ('«', '»'), ('„', '“'), ('‘', '’')] {
        if let (Some(begun), Some(ended)) = (before.rfind(open), after.find(close))
            && !before[begun..].contains(close)
        {
            return Some(within.start + begun..range.end + ended + close.len_utf8());
        }
    }
    // An apostrophe stands between letters, a quote does not.
    let bounds = |at: usize, whole: &str| {
        let left = whole[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let right = whole[at + 1..].chars().next().is_some_and(char::is_alphanumeric);
        (left, right)
    };
    let open = before.match_indices('\'').rfind(|(at, _)| !bounds(*at, before).0)?.0;
    if before[open + 1..].match_indices('\'').any(|(at, _)| !bounds(at, &before[open + 1..]).1) {
        return None;
    }
    let close = after.match_indices('\'').find(|(at, _)| !bounds(*at, after).1)?.0;
    Some(within.start + open..range.end + close + 1)
}

fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// Finds phrases in a text, whatever stands between their words.
fn phrases(text: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut start = 0;
    loop {
        let end = boundary(text.as_bytes(), start + WINDOW);
        for mut found in phrases_in(&text[start..end]) {
            found.range = found.range.start + start..found.range.end + start;
            if !all.iter().rev().take(HITS).any(|known| known.range == found.range && known.what == found.what) {
                all.push(found);
            }
        }
        if end == text.len() || all.len() > HITS * 4 {
            return all;
        }
        start = boundary(text.as_bytes(), end - OVERLAP);
    }
}

fn phrases_in(text: &str) -> Vec<Found> {
    let folded = Folded::new(text);
    let mut all: Vec<Found> = Vec::new();
    for ((_, force, what), phrase) in PHRASES.iter().zip(PHRASE.iter()) {
        for hit in phrase.iter().flat_map(|phrase| phrase.find_iter(&folded.text)).take(HITS) {
            let range = folded.source(&folded.words(&hit.range()));
            let source = &text[range.clone()];
            let disguised = source.chars().any(|c| !c.is_ascii() && (c.is_alphanumeric() || is_hazard(c)));
            // Who is named before a colon or a quote speaks, and is not spoken to.
            let named = *what == "an order to a model that reads this" && source.contains([':', '"', '|', '\n']);
            if !disguised && (two_sentences(source) || named) {
                continue;
            }
            all.push(Found { range, what, force: *force, disguised, phrase: hit.as_str().to_owned() });
        }
    }
    let (letters, starts) = folded.letters();
    for hit in SPACED_OUT.iter().flat_map(|spaced| spaced.find_iter(&letters)).take(HITS) {
        let (Ok(first), end) = (starts.binary_search(&hit.start()), starts.partition_point(|start| *start < hit.end()))
        else {
            continue;
        };
        let whole = starts.get(end).is_none_or(|next| *next == hit.end());
        let range = folded.source(&(first..end));
        let known = all.iter().any(|found| found.range.start < range.end && range.start < found.range.end);
        // Five words for what has three: the letters are spaced out.
        if whole && !known && end - first > 5 {
            let what = "an order to a model, its letters spaced out";
            all.push(Found { range, what, force: Force::Order, disguised: true, phrase: hit.as_str().to_owned() });
        }
    }
    all
}

/// Tells whether a sentence ends in the midst of these words, once: then they are no phrase.
fn two_sentences(source: &str) -> bool {
    let blank = source.lines().count() > 1 && source.lines().any(|line| line.trim().is_empty());
    let ends = source
        .match_indices(['.', '!', '?', ';'])
        .filter(|(at, _)| source[at + 1..].starts_with(char::is_whitespace))
        .count();
    blank || ends == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        assert!(PHRASE.iter().chain(MARK.iter()).all(Option::is_some));
        assert!(TRIGGERS.is_some() && MARK_TRIGGERS.is_some());
        for one in
            [&*SPACED_OUT, &*ROLE_LINE, &*ROLE_ORDERS, &*COMMENT, &*HIDDEN_ORDER, &*DESCRIBES, &*ENTITY, &*NEW_COLON]
        {
            assert!(one.is_some());
        }
    }
}
