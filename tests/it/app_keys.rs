//! Each action of the workbench, driven by key strings.

use touchstone::model::answer::Answer;
use touchstone::model::score::Slot;

use crate::workshop::Workshop;

#[test]
fn the_commonest_round() {
    let mut shop = Workshop::new();
    // Find the file, select two lines, attach them to the item, answer, go on.
    shop.app.item.clone_from(&"auth-4".to_owned());
    shop.keys("1gg").keys("fauth.ts<cr>3jvj");
    shop.keys("e<cr>y]");
    let slot = Slot::in_mode("transport-1", "stdio");
    assert!(shop.journal.audit.now.answers.get(&slot).is_none_or(|one| one.answer == Answer::Yes), "{}", shop.said());
}
