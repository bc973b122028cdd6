//! What a dead process still had on its way comes late: nobody may be there any more who executes it.

use sealift_lab::proxy::FaultProxy;
use sealift_lab::{Pair, wait_until};

use super::{Running, assert_same, schema};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::mysql;

/// A run is killed whose statement about a table is in the network, the next one ends, and then the statement arrives.
fn comes_late(verb: &str, pair: &Pair, (folder, schema): (&Folder, &str), network: &FaultProxy) {
    let so_far = network.faults();
    network.strand_next(&format!("{verb} `{schema}`"));
    let running = Running::start(folder);
    wait_until("it has sent the statement", || (network.faults() > so_far).then_some(()));
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    network.deliver_stranded();
    wait_until("it has arrived", || (network.connections() == 0).then_some(()));
    let sessions = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'azadmin'";
    wait_until("nobody executes it any more", || {
        (pair.target.sql(sessions) == "0\n").then_some(())
    });
    assert_same(pair, schema);
}

#[test]
fn what_is_copied_is_neither_removed_nor_emptied_by_what_comes_late() {
    let pair = mysql();
    let schema = schema(&pair, "late");
    pair.target.sql("SET GLOBAL require_secure_transport = OFF");
    let removes = "DROP TABLE IF EXISTS";
    let over = folder(&pair.source, &pair.target, &[&schema], "");
    let network = over.past(&pair.target);
    // Before anything is followed, then as it is asked for.
    over.killed_at(&["run"], "prepared");
    pair.source.sql(format!("ALTER TABLE {schema}.bag ADD w INT"));
    comes_late(removes, &pair, (&over, &schema), &network);
    ends_with(0, &over.sealift(&["copy-again", &format!("{schema}.bag")]));
    comes_late(removes, &pair, (&over, &schema), &network);
    ends_with(0, &over.sealift(&["copy-again", "--all"]));
    comes_late(removes, &pair, (&over, &schema), &network);
    // Another migration into the same tables, which hold rows.
    let anew = folder(&pair.source, &pair.target, &[&schema], "[copy]\nnot_empty = \"truncate\"\n");
    let network = anew.past(&pair.target);
    comes_late("TRUNCATE TABLE", &pair, (&anew, &schema), &network);
    pair.target.sql("SET GLOBAL require_secure_transport = ON");
}
