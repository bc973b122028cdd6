//! The connection breaks at the statement that decides: the server is asked what is true.

use sealift_lab::proxy::FaultProxy;

use super::{Running, Shop, mysql, outcome};
use crate::offline::ends_with;

/// How the statement begins by which a side is left.
const LEAVES: &str = "UPDATE sealift.fence SET state='left'";

#[test]
fn a_lost_answer_at_the_switch_is_asked_about() {
    let pair = mysql();
    let proxy = FaultProxy::before(&pair.source);
    let shop = Shop::new(&pair, "unheard", "");
    // The proxy has to read what it loses.
    let ca = format!("tls = \"verify-ca\"\ntls_ca = \"{}\"\n[target]", pair.source.ca().display());
    shop.folder.reconfigure(&ca, "tls = \"off\"\n[target]");
    let port = |port: u16| format!("127.0.0.1:{port}\"\ntls = \"off\"");
    shop.folder.reconfigure(&port(pair.source.port()), &port(proxy.port()));
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");

    // It never came to the server.
    proxy.cut_before_next(LEAVES);
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    assert_eq!(proxy.faults(), 1, "{}", refused.screen());
    ends_with(3, &refused);
    assert_eq!((outcome(&refused).as_str(), shop.live().as_str()), ("refused", "source"));
    shop.goes_on(&clients);

    // It was done.
    proxy.lose_answer_to_next(LEAVES);
    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    assert_eq!(proxy.faults(), 2, "{}", cut.screen());
    ends_with(0, &cut);
    assert_eq!((outcome(&cut).as_str(), shop.live().as_str()), ("switched", "target"));
    shop.goes_on(&clients);
    shop.closes(clients, running);
}
