//! Changes that are far behind are waited for while writes go on, and only as long as somebody wants the turn.

use super::{Running, Shop, mysql, outcome};
use crate::folder::Ran;
use crate::offline::ends_with;

/// What `status` says of a turn that waits.
const WAITING: &str = "cutover: waiting until changes are nearly applied";

#[test]
fn changes_that_are_far_behind_are_waited_for_before_writes_are_kept_out() {
    let pair = mysql();
    let shop = Shop::new(&pair, "far_behind", "");
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["pause"]));
    shop.goes_on(&clients);
    let cutting = shop.in_background(&["cutover", "--yes", "--json"]);
    shop.wait_until_doing(WAITING);
    // Nobody is kept out while it waits.
    shop.goes_on(&clients);
    ends_with(0, &shop.folder.sealift(&["resume"]));
    let cut = Ran::of(cutting.wait_with_output().unwrap());
    ends_with(0, &cut);
    assert_eq!(outcome(&cut), "switched");
    shop.goes_on(&clients);
    shop.closes(clients, running);
}

/// Whoever gives up waiting does not want writes to be kept out later on.
#[test]
fn a_turn_is_not_made_when_whoever_asked_has_gone() {
    let pair = mysql();
    let shop = Shop::new(&pair, "given_up", "");
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["pause"]));
    shop.goes_on(&clients);
    let mut cutting = shop.in_background(&["cutover", "--yes"]);
    shop.wait_until_doing(WAITING);
    cutting.kill().unwrap();
    cutting.wait().unwrap();
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["resume"]));
    assert_eq!(shop.live(), "source");
    shop.goes_on(&clients);
    let (acknowledged, refused) = clients.finish();
    assert!(refused.is_empty(), "{refused:?}");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);
}
