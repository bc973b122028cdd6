//! The connection breaks at the statement that decides: the server is asked what is true.

use super::{Running, Shop, mysql, outcome};
use crate::offline::ends_with;

/// How the statement begins by which a side is left.
const LEAVES: &str = "UPDATE sealift.fence SET state='left'";

/// How the one begins that opens a `read_only` source again.
const OPENS: &str = "SET GLOBAL read_only=OFF";

#[test]
fn a_lost_answer_at_the_switch_is_asked_about() {
    let pair = mysql();
    let shop = Shop::new(&pair, "unheard", "");
    pair.target.sql("SET GLOBAL require_secure_transport = OFF");
    let [source, target] = [&pair.source, &pair.target].map(|server| shop.folder.past(server));
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");

    for (command, from, to, proxy) in
        [("cutover", "source", "target", &source), ("rollback", "target", "source", &target)]
    {
        // It never came to the server.
        proxy.cut_before_next(LEAVES);
        let refused = shop.folder.sealift(&[command, "--yes", "--json"]);
        assert_eq!(proxy.faults(), 1, "{}", refused.screen());
        ends_with(3, &refused);
        assert_eq!((outcome(&refused).as_str(), shop.live().as_str()), ("refused", from));
        shop.goes_on(&clients);

        // It was done; so was what opens the side that was left before, unheard as well.
        proxy.lose_answer_to_next(LEAVES);
        if to == "source" {
            source.lose_answer_to_next(OPENS);
        }
        let turned = shop.folder.sealift(&[command, "--yes", "--json"]);
        assert_eq!(proxy.faults(), 2, "{}", turned.screen());
        ends_with(0, &turned);
        assert_eq!((outcome(&turned).as_str(), shop.live().as_str()), ("switched", to));
        shop.goes_on(&clients);
        shop.wait_until_ready(to);
    }
    assert_eq!(source.faults(), 3, "the answer to {OPENS} was heard");
    shop.closes(clients, running);
    pair.target.sql("SET GLOBAL require_secure_transport = ON");
}
