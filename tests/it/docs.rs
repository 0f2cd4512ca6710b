//! What the documents say, where the program can write it itself.

use touchstone::app::action::{ACTIONS, Group};
use touchstone::app::key::spoken;
use touchstone::app::keymap::Keymap;

const START: &str = "<!-- keys: written by UPDATE_README=1 cargo test readme -->\n";
const END: &str = "<!-- keys end -->\n";

/// The table of keys, a part for each group.
fn key_table() -> String {
    let keymap = Keymap::default();
    let mut out = String::new();
    for group in Group::ALL {
        out += &format!("| {} | | action |\n|---|---|---|\n", group.title());
        for action in ACTIONS.iter().filter(|action| action.group == group) {
            // A bar would end the cell, and code ends at a backtick.
            let key = |keys: &Vec<_>| format!("`{}`", spoken(keys).replace('|', "\\|"));
            let keys: Vec<String> = keymap.keys(action.act).iter().map(key).collect();
            out += &format!("| {} | {} | `{}` |\n", keys.join(" "), action.doc, action.id);
        }
        out.push('\n');
    }
    out
}

#[test]
fn readme_holds_the_table_of_actions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let start = readme.find(START).expect("the README marks where the keys begin") + START.len();
    let end = start + readme[start..].find(END).expect("the README marks where the keys end");
    let expected = format!("\n{}", key_table());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{}{expected}{}", &readme[..start], &readme[end..])).unwrap();
        return;
    }
    assert_eq!(
        &readme[start..end],
        expected,
        "the README's keys are not those of the table; UPDATE_README=1 writes them"
    );
}
