//! Definitions that move while a turn is made: what was checked is what is switched, or nothing is.

use super::{Running, Shop, mysql, outcome, shell};
use crate::folder::Ran;
use crate::offline::ends_with;

/// A trigger that comes after the check would be on neither side's list.
const LATE: &str = "CREATE DEFINER='shop_app'@'%' TRIGGER late BEFORE INSERT ON bag FOR EACH ROW \
                    SET NEW.seq = NEW.seq";

/// The first turn is refused, `meanwhile` brings the trigger; the next one is made, and it is on the target.
fn moved(shop: &Shop<'_>, meanwhile: impl FnOnce()) {
    let clients = shop.clients(1);
    let running = Running::start(shop);
    shop.wait_until_ready("source");
    let cutting = shop.in_background(&["cutover", "--yes", "--json"]);
    meanwhile();
    let refused = Ran::of(cutting.wait_with_output().unwrap());
    ends_with(3, &refused);
    assert_eq!((refused.error_code().as_str(), outcome(&refused).as_str()), ("SL1001", "refused"));
    assert!(refused.stdout.contains("a definition was changed"), "{}", refused.screen());
    assert_eq!(shop.live(), "source");
    shop.goes_on(&clients);

    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    let made = format!(
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = '{}' \
         AND trigger_name = 'late'",
        shop.schema
    );
    assert_eq!(shop.pair.target.sql(made), "late\n");
    shop.goes_on(&clients);
    shop.closes(clients, running);
}

#[test]
fn a_definition_that_moves_between_check_and_fence_refuses_the_turn() {
    let pair = mysql();
    let shop = Shop::new(&pair, "moved", "fence = 'tables'\n");
    // Once: the next turn finds the file.
    let source = shell(&shop.pair.source.client().schema(&shop.schema).command());
    shop.folder.write("late.sql", LATE);
    let hook = format!("before = \"[ -e done ] || {source} < late.sql && touch done\"\n");
    shop.folder.reconfigure("fence = 'tables'\n", &format!("fence = 'tables'\n{hook}"));
    moved(&shop, || {});
}

/// The fence of triggers lets definitions through.
#[test]
fn a_definition_that_moves_behind_the_fence_refuses_the_turn() {
    let pair = mysql();
    let shop = Shop::new(&pair, "behind", "fence = 'tables'\nsmoke = ['SELECT SLEEP(4) + 1']\n");
    moved(&shop, || {
        shop.wait_until_doing("cutover: writes are kept out");
        shop.pair.source.client().schema(&shop.schema).run(LATE);
    });
}
