//! Everything that can be done in the workbench: ONE table.
//!
//! Dispatch, footer, help, palette, the configuration's `[keys]` and the README's key table all read it. To add an action,
//! add a variant and a row, and a branch in `App::perform`; tests tell what was forgotten.

use super::key::Key;

/// Where a key means something.
///
/// A popup has a context of its own, and [`Context::Always`] is active beside every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere.
    Always,
    /// The main screen, whichever pane has the focus.
    Main,
    /// A list to pick from, with a line to type in.
    List,
    /// A text to write.
    Text,
    /// A form with fields.
    Form,
    /// A page to read: help, the review, the log.
    Page,
    /// The review before export.
    Review,
    /// The list of what was carried from an older audit.
    Carried,
    /// The search over the repository.
    Search,
    /// A file in two versions.
    Compare,
    /// A file as it was in an older commit.
    Version,
}

impl Context {
    /// Every context, in the order of the documents.
    pub const ALL: [Context; 11] = [
        Context::Always,
        Context::Main,
        Context::List,
        Context::Search,
        Context::Text,
        Context::Form,
        Context::Page,
        Context::Review,
        Context::Carried,
        Context::Compare,
        Context::Version,
    ];

    /// Returns a title for documents and help.
    pub fn title(self) -> &'static str {
        match self {
            Context::Always => "Everywhere",
            Context::Main => "Main screen",
            Context::List => "Lists",
            Context::Text => "Writing a text",
            Context::Form => "Forms",
            Context::Page => "Pages",
            Context::Review => "Review",
            Context::Carried => "What was carried",
            Context::Search => "Search in the repository",
            Context::Compare => "A comparison",
            Context::Version => "An older version",
        }
    }

    /// Tells whether what is typed is text here, so that a plain character cannot be a command.
    pub fn types(self) -> bool {
        matches!(self, Context::List | Context::Text | Context::Form | Context::Search)
    }
}

/// How the documents group actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Moving about.
    Move,
    /// Reading code.
    Read,
    /// Taking evidence.
    Evidence,
    /// Answering items.
    Answer,
    /// Findings, review, export.
    Record,
    /// The program itself.
    Program,
    /// Inside popups.
    Popup,
}

impl Group {
    /// Every group, in the order of the documents.
    pub const ALL: [Group; 7] =
        [Group::Move, Group::Read, Group::Evidence, Group::Answer, Group::Record, Group::Program, Group::Popup];

    /// Returns a title for documents and help.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "Moving",
            Group::Read => "Reading",
            Group::Evidence => "Evidence",
            Group::Answer => "Answers",
            Group::Record => "Findings and the record",
            Group::Program => "The program",
            Group::Popup => "In lists, texts and forms",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// What it does.
    pub act: Act,
    /// Stable name, used in `config.toml`.
    pub id: &'static str,
    /// What it does, for help, palette and documents.
    pub doc: &'static str,
    /// A word for the footer; empty keeps it out.
    pub label: &'static str,
    /// How the documents group it.
    pub group: Group,
    /// Where it is active.
    pub contexts: &'static [Context],
    /// Default keys, each active in all of its contexts.
    pub keys: &'static [&'static str],
}

macro_rules! actions {
    ($( $group:ident $act:ident $id:literal [$($context:ident)*] [$($key:literal)*] $label:literal $doc:literal; )*) => {
        /// Names an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Act {
            $( #[doc = $doc] $act, )*
        }

        /// The table.
        pub const ACTIONS: &[Action] = &[
            $( Action {
                act: Act::$act,
                id: $id,
                doc: $doc,
                label: $label,
                group: Group::$group,
                contexts: &[$(Context::$context),*],
                keys: &[$($key),*],
            }, )*
        ];
    };
}

actions! {
    Move Down "down" [Main Page Review Carried Compare Version] ["j" "<down>"] "" "Go down a row";
    Move Up "up" [Main Page Review Carried Compare Version] ["k" "<up>"] "" "Go up a row";
    Move Left "left" [Main Compare Version] ["h" "<left>"] "" "Fold, or scroll the code to the left";
    Move Right "right" [Main Compare Version] ["l" "<right>"] "" "Unfold, or scroll the code to the right";
    Move PageDown "page-down" [Main Page Review Carried Compare Version] ["<c-d>" "<pgdn>"] "" "Go down half a page";
    Move PageUp "page-up" [Main Page Review Carried Compare Version] ["<c-u>" "<pgup>"] "" "Go up half a page";
    Move Top "top" [Main Page Review Carried Compare Version] ["gg" "<home>"] "" "Go to the first row";
    Move Bottom "bottom" [Main Page Review Carried Compare Version] ["G" "<end>"] "" "Go to the last row";
    Move NextPane "next-pane" [Main] ["<tab>"] "pane" "Go to the next pane";
    Move PreviousPane "previous-pane" [Main] ["<s-tab>"] "" "Go to the pane before";
    Move PaneList "pane-list" [Main] ["1"] "" "Go to the checklist or the files";
    Move PaneCode "pane-code" [Main] ["2"] "" "Go to the code";
    Move PaneItem "pane-item" [Main] ["3"] "" "Go to the item";
    Move Zoom "zoom" [Main] ["<space>"] "" "Give the pane the whole screen, or put it back beside the others";
    Move Open "open" [Main] ["<cr>"] "open" "Open what the cursor is on: a file, an item, a fact, the place of evidence or of a lead";
    Move Back "back" [Main Page Review Carried Compare Version] ["<esc>"] "back" "Go back: drop the selection or the search, close what is open";
    Move Close "close" [Main Page Review Carried Compare Version] ["q"] "" "Go back, and quit where there is nothing to go back from; everything is saved";

    Read Files "files" [Main] ["t"] "files" "Show the files in place of the checklist, or the checklist again";
    Read FindFile "find-file" [Main] ["f" "<c-p>"] "file" "Find a file by some letters of its path";
    Read SearchFile "search-file" [Main] ["/"] "search" "Search in this file";
    Read SearchRepo "search-repo" [Main] ["g/" "<c-f>"] "search all" "Search in the whole repository at the pin";
    Read NextHit "next-hit" [Main] ["."] "next hit" "Go to the next search hit";
    Read PreviousHit "previous-hit" [Main] [","] "" "Go to the search hit before";
    Read NextLead "next-lead" [Main] ["}"] "next lead" "Go to the next hit of this item's leads";
    Read PreviousLead "previous-lead" [Main] ["{"] "" "Go to the lead's hit before";
    Read EarlierPlace "earlier-place" [Main] ["<c-o>" "<a-left>"] "" "Go back to where you were before the last jump";
    Read LaterPlace "later-place" [Main] ["<c-n>" "<a-right>"] "" "Go forward again";
    Read LeadFiles "lead-files" [Main] ["gL"] "" "List the files that leads point at, most concerns first, to go through their hits";
    Read Mute "mute" [Main] ["M"] "mute" "Mute a hit of a lead, the whole lead, or a path, with a reason";
    Read Muted "muted" [Main] ["gM"] "" "List what is muted, with its reason, to list it again";
    Read ShowMuted "show-muted" [Main] ["gu"] "" "Show muted hits of leads too, or put them away again";
    Read Trojans "trojans" [Main] ["gs"] "" "List what could fool the eye in the whole repository: text direction, invisible characters, look-alikes";
    Read GoLine "go-line" [Main] ["gl"] "" "Go to a line by its number";
    Read Outline "outline" [Main] ["go"] "" "List the functions, classes and headings of this file, to go to one";
    Read Editor "editor" [Main] ["o"] "" "Read the file in your editor, on a temporary copy, at this line";
    Read Blame "blame" [Main] ["gb"] "" "Show who brought each line, beside the code, or hide it";
    Read Origin "origin" [Main Version] ["gw"] "" "Show the commit that brought this line";
    Read Before "before" [Main Version] ["gB"] "" "Show the file as it was before that commit, and who brought its lines";
    Read History "history" [Main Version] ["gh"] "" "List the commits that changed the file, or the selected lines";
    Read Compare "compare" [Main Version] ["gd"] "" "Compare the file with its parent's, a tag's or another commit's";
    Read CompareAll "compare-all" [Main] ["gD"] "" "Compare all files with a parent, a tag or another commit";
    Read Tags "tags" [Main] ["gT"] "" "List the tags that contain the pin";
    Read CopyLink "copy-link" [Main] ["Y"] "" "Copy a permanent link to the line or the selected lines, and show it";
    Read MarkReviewed "mark-reviewed" [Main] ["V"] "" "Mark as reviewed: the selected lines, the file, or the folder under the cursor; again to take it back";
    Read Coverage "coverage" [Main] ["gv"] "" "Show the map: how much of each file and folder was opened and reviewed";

    Evidence Select "select" [Main Version] ["v"] "select" "Select lines from here; again to drop the selection";
    Evidence SelectDown "select-down" [Main] ["<s-down>"] "" "Select one line more";
    Evidence SelectUp "select-up" [Main] ["<s-up>"] "" "Select one line less, or upwards";
    Evidence Attach "attach" [Main] ["e"] "attach" "Take the line or the selected lines as evidence, for items to be picked";
    Evidence Extend "extend" [Main] ["+"] "" "Add the line or the selected lines to a piece of evidence as one more region";
    Evidence Reuse "reuse" [Main] ["E"] "reuse" "Attach pieces that are there already to this item";
    Evidence Zero "zero" [Main] ["0"] "" "Take a lead's search as evidence: the one under the cursor, else the first with no hit";
    Evidence Zeros "zeros" [Main] ["z"] "" "Take all searches of this item's leads that have no hit as evidence";
    Evidence Inbox "inbox" [Main] ["gi"] "" "List the evidence that backs nothing yet";
    Evidence Pieces "evidence" [Main] ["ge"] "" "List all evidence";
    Evidence Detach "detach" [Main] ["d"] "detach" "Take the evidence under the cursor away from this item";
    Evidence Redact "redact" [Main Review] ["X"] "redact" "Keep the text of the evidence under the cursor out of the record; its place and hash stay";

    Answer Yes "answer-yes" [Main] ["y"] "yes" "Answer yes";
    Answer No "answer-no" [Main] ["n"] "no" "Answer no";
    Answer Partial "answer-partial" [Main] ["p"] "partial" "Answer partial";
    Answer NotApplicable "answer-not-applicable" [Main] ["a"] "n/a" "Answer not applicable, with a reason";
    Answer CannotTell "answer-unknown" [Main] ["w"] "cannot tell" "Answer unknown, with a reason: looked, and it could not be determined";
    Answer Batch "batch" [Main] ["A"] "" "Answer not applicable to all items whose condition holds";
    Answer Repeat "repeat" [Main] ["r"] "" "Give this item the last answer and its reason again";
    Answer Reason "reason" [Main] ["R"] "reason" "Write the reason of this answer";
    Answer Note "note" [Main] ["N"] "note" "Write a note on this item";
    Answer StateFact "fact" [Main] ["c"] "state" "State a fact that the score depends on";
    Answer Mode "mode" [Main] ["m"] "mode" "Answer for the next mode, or for all modes at once";
    Answer DeclareMode "declare-mode" [Main] ["gm"] "declare a mode" "Declare a mode in which the server ships to be run";
    Answer NextOpen "next-open" [Main] ["]"] "next open" "Go to the next open item";
    Answer PreviousOpen "previous-open" [Main] ["["] "" "Go to the open item before";
    Answer Order "order" [Main] ["s"] "" "Sort the checklist by the file that items still need, or as the standard has it";
    Answer Sweep "sweep" [Main] ["S"] "all again" "Show only items that are open or without support, or all again";
    Answer CarriedList "carried" [Main] ["gR"] "" "List what was carried from the older audit, old beside new, and what it reopens";
    Answer Confirm "confirm" [Main Carried] ["C"] "confirm" "Confirm a carried answer, fact or finding as your own";
    Answer Flips "flips" [Main] ["W"] "" "Show what single answer or fact would change a level";

    Record NewFinding "finding" [Main] ["F"] "finding" "Write a finding on this item, with its evidence";
    Record Findings "findings" [Main] ["gf"] "" "List the findings, to edit or withdraw one";
    Record AuditNote "audit-note" [Main] ["gn"] "" "Write a note on the audit as a whole";
    Record Review "review" [Main] ["gr"] "review" "Look at what a record would hold: gaps, contradictions, secrets, weak support";
    Record Export "export" [Main Review] ["gx"] "export" "Write the audit as a signed record into an audit database";

    Program Undo "undo" [Main] ["u"] "undo" "Undo the last act";
    Program Redo "redo" [Main] ["<c-r>"] "" "Do again what was undone";
    Program Log "log" [Main] ["gt"] "" "Show what happened, in order";
    Program Audits "audits" [Main] ["ga"] "" "List the audits on this machine, to go on with one";
    Program Palette "palette" [Main] [":"] "all actions" "Find any action by its name, and run it";
    Program Help "help" [Main Page Review Carried Compare Version] ["?"] "help" "Show the keys that work here";
    Program Theme "theme" [Main] ["gc"] "" "Go on to the next theme";
    Program Mouse "mouse" [Main] [] "" "Switch the mouse off or on";
    Program Hints "hints" [Main] [] "" "Show the first-run hints, or put them away";
    Program Redraw "redraw" [Always] ["<c-l>"] "" "Draw the screen anew";
    Program Suspend "suspend" [Always] ["<c-z>"] "" "Go back to the shell; `fg` returns here";
    Program Quit "quit" [Always] ["<c-c>"] "" "Quit; everything is saved";

    Popup TakePlace "take-place" [Carried] ["a"] "accept" "Take what stands there now as the evidence, in place of what was edited";
    Popup GoReopened "go-reopened" [Carried] ["i"] "item" "Go to the item that it reopens";
    Popup NextChange "next-change" [Compare] ["n" "."] "next change" "Go to the next change";
    Popup PreviousChange "previous-change" [Compare] ["p" ","] "change before" "Go to the change before";
    Popup ListDown "list-down" [List Search] ["<down>" "<c-n>"] "" "Go down the list";
    Popup ListUp "list-up" [List Search] ["<up>" "<c-p>"] "" "Go up the list";
    Popup ListPageDown "list-page-down" [List Search] ["<pgdn>" "<c-d>"] "" "Go down a page of the list";
    Popup ListPageUp "list-page-up" [List Search] ["<pgup>" "<c-u>"] "" "Go up a page of the list";
    Popup Toggle "toggle" [List] ["<space>"] "mark" "Mark the row, where several can be picked";
    Popup ToggleAll "toggle-all" [List] ["<c-a>"] "all" "Mark all rows shown, or none";
    Popup Reach "reach" [List] ["<c-t>"] "" "Say how reachable the code is that the new evidence shows";
    Popup Shows "shows" [List] ["<c-e>"] "" "Say in words what the new evidence shows";
    Popup TakeSearch "take-search" [Search] ["<c-e>"] "take as evidence" "Take the whole search as evidence, for items to be picked";
    Popup TakeHit "take-hit" [Search] ["<c-y>"] "take the hit" "Take the line of the hit under the cursor as evidence for this item";
    Popup SearchLiteral "search-literal" [Search] ["<c-t>"] "" "Take the pattern as plain text, or as a regular expression";
    Popup SearchCase "search-case" [Search] ["<c-o>"] "" "Tell upper from lower case, or not";
    Popup SearchWord "search-word" [Search] ["<c-b>"] "" "Match whole words only, or also parts of them";
    Popup SearchScope "search-scope" [Search] ["<c-s>"] "" "Search the files of the standard's next scope, in the end all again";
    Popup SearchField "search-field" [Search] ["<tab>"] "in which files" "Go to the field for globs, or back to the pattern";
    Popup NewLine "new-line" [Text] ["<c-j>" "<a-cr>"] "new line" "Start a new line";
    Popup NextField "next-field" [Form] ["<tab>"] "next field" "Go to the next field";
    Popup PreviousField "previous-field" [Form] ["<s-tab>"] "field before" "Go to the field before";
    Popup Pick "pick" [Form] ["<c-e>"] "" "Pick the evidence of this finding";
    Popup Withdraw "withdraw" [Form] ["<c-x>"] "" "Withdraw this finding as mistaken";
    Popup Save "save" [Form Text] ["<c-s>"] "save" "Save what was written";
    Popup Accept "accept" [List Search Text Form Page Review Carried Compare Version] ["<cr>"] "accept" "Accept; in a form's long field, start a new line";
    Popup Cancel "cancel" [List Search Text Form] ["<esc>"] "cancel" "Close without a change";
}

impl Act {
    /// Returns the action's row.
    pub fn row(self) -> &'static Action {
        // The enum and the table come from the same list, in the same order.
        &ACTIONS[self as usize]
    }
}

/// Reads one binding: a key, or `g` and another one.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn binding(text: &str) -> Result<Vec<Key>, String> {
    let keys = Key::parse_all(text)?;
    let prefix = Key::parse_all("g")?;
    match keys.as_slice() {
        [] => Err("a binding is empty".to_owned()),
        [one] if [*one] == prefix[..] => Err("`g` alone is the start of other keys".to_owned()),
        [_] => Ok(keys),
        [first, _] if [*first] == prefix[..] => Ok(keys),
        _ => Err(format!("`{text}` is more than one key; only `g` may come before another one")),
    }
}
