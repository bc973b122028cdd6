//! Nothing is lost with all guards in place, and each guard guards something.

use super::application::{History, histories};
use super::guard::Guard;
use super::world::{CopyLane, Kind, Reads, Table, Unique, World};
use super::{Model, State, Step};
use crate::explore::{System, explore};

/// One table with a secondary unique key, copied by two copiers, applied by two lanes.
fn keyed() -> World {
    World {
        tables: vec![Table { kind: Kind::Keyed, keys: 3, u_values: 3 }],
        copiers: vec![
            CopyLane { table: 0, first: 0, last: 0 },
            CopyLane { table: 0, first: 1, last: 2 },
        ],
        lanes: 2,
        reads: Reads::AfterL,
        unique: Unique::Late,
        unseen_at_start: 0,
        repairs: false,
        mishaps: 1,
        missing: None,
    }
}

/// One table whose key is text: two of its values are equal and have different bytes.
fn text() -> World {
    let tables = vec![Table { kind: Kind::Text, keys: 3, u_values: 0 }];
    World { tables, copiers: vec![CopyLane { table: 0, first: 0, last: 2 }], ..keyed() }
}

/// One table without a key.
fn keyless() -> World {
    let tables = vec![Table { kind: Kind::Keyless, keys: 2, u_values: 0 }];
    World { tables, copiers: vec![CopyLane { table: 0, first: 0, last: 1 }], ..keyed() }
}

/// Two tables, the second of this kind, written alone and together.
fn two_tables(kind: Kind) -> World {
    World {
        tables: vec![
            Table { kind: Kind::Keyed, keys: 2, u_values: 2 },
            Table { kind, keys: 1, u_values: 0 },
        ],
        copiers: vec![
            CopyLane { table: 0, first: 0, last: 1 },
            CopyLane { table: 1, first: 0, last: 0 },
        ],
        ..keyed()
    }
}

/// All histories of this many transactions.
fn all(world: &World, length: usize) -> Vec<History> {
    histories(world, length)
}

/// The one history with these transactions.
fn only(world: &World, words: &[&str]) -> Vec<History> {
    let is_it = |history: &History| {
        history.transactions.iter().map(|one| one.words.as_str()).eq(words.iter().copied())
    };
    let found: Vec<History> = histories(world, words.len()).into_iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{words:?}");
    found
}

/// Walks histories; `Err` is the first trace to a failure, with its history.
fn walk(world: &World, histories: Vec<History>) -> Result<usize, String> {
    let mut states = 0;
    for history in histories {
        states += walk_one(&Model::new(world.clone(), history, None))?;
    }
    Ok(states)
}

/// Walks histories with each of their larger transactions as a huge one.
fn walk_huge(world: &World, histories: Vec<History>) -> Result<usize, String> {
    let mut states = 0;
    for history in histories {
        for huge in (1..=history.end()).filter(|at| history.to(*at).changes.len() > 1) {
            states += walk_one(&Model::new(world.clone(), history.clone(), Some(huge)))?;
        }
    }
    Ok(states)
}

/// Walks histories with each of their transactions as one that XA had prepared.
fn walk_xa(world: &World, histories: Vec<History>) -> Result<usize, String> {
    let mut states = 0;
    for history in histories {
        for xa in 1..=history.end() {
            states += walk_one(&Model::new(world.clone(), history.clone(), None).with_xa(xa))?;
        }
    }
    Ok(states)
}

fn walk_one(model: &Model) -> Result<usize, String> {
    let explored = explore(model).map_err(|trace| {
        let written = (1..).zip(&model.history.transactions);
        let words: Vec<String> = written.map(|(at, one)| format!("T{at}: {}", one.words)).collect();
        format!("{}\n{trace}", words.join("; "))
    })?;
    assert!(explored.finished > 0, "the end was never reached");
    Ok(explored.states)
}

/// Walks everything that a world's application may do.
fn nothing_is_lost(world: &World, length: usize) {
    let states = (0..=length).map(|length| walk(world, all(world, length)));
    let states: usize = states.sum::<Result<_, _>>().unwrap_or_else(|trace| panic!("{trace}"));
    assert!(states > 1_000, "hardly explored");
    println!("{states} states");
}

#[test]
fn nothing_is_lost_by_two_copiers_and_two_lanes() {
    nothing_is_lost(&keyed(), 2);
}

#[test]
fn nothing_is_lost_by_copies_from_exact_snapshots() {
    nothing_is_lost(&World { reads: Reads::ExactlyL, ..keyed() }, 2);
}

#[test]
fn one_lane_shows_only_states_the_source_had() {
    nothing_is_lost(&World { lanes: 1, ..keyed() }, 2);
}

/// Whoever is removed by a REPLACE on a secondary unique key has a later event of its own to come.
#[test]
fn nothing_is_lost_when_the_unique_key_is_there_from_the_start() {
    nothing_is_lost(&World { unique: Unique::FromTheStart, ..keyed() }, 2);
}

#[test]
fn a_stream_may_begin_at_the_logs_end_if_that_counts_as_handed_over() {
    let world = World { unseen_at_start: 1, ..keyed() };
    let begun = (1..=2).map(|length| walk(&world, all(&world, length)));
    begun.sum::<Result<usize, _>>().unwrap_or_else(|trace| panic!("{trace}"));
}

#[test]
fn nothing_is_lost_of_a_table_with_a_text_key() {
    nothing_is_lost(&text(), 2);
}

#[test]
fn nothing_is_lost_or_doubled_of_a_table_without_a_key() {
    nothing_is_lost(&World { mishaps: 2, ..keyless() }, 2);
}

#[test]
fn nothing_is_lost_of_two_tables() {
    nothing_is_lost(&World { mishaps: 0, ..two_tables(Kind::Keyed) }, 2);
    nothing_is_lost(&World { mishaps: 0, ..two_tables(Kind::Keyless) }, 2);
    nothing_is_lost(&two_tables(Kind::Keyless), 1);
}

#[test]
fn nothing_is_lost_of_a_huge_transaction() {
    for kind in [Kind::Keyed, Kind::Keyless] {
        let world = World { mishaps: 0, ..two_tables(kind) };
        walk_huge(&world, all(&world, 2)).unwrap_or_else(|trace| panic!("{trace}"));
        let world = two_tables(kind);
        walk_huge(&world, all(&world, 1)).unwrap_or_else(|trace| panic!("{trace}"));
    }
}

/// By file and offset, and on MariaDB.
const WITHOUT_MYSQLS_GTIDS: [Reads; 2] = [Reads::AfterL, Reads::ExactlyL];

#[test]
fn nothing_is_lost_of_what_xa_had_prepared() {
    for reads in WITHOUT_MYSQLS_GTIDS {
        for world in [keyed(), text(), keyless()] {
            let world = World { reads, ..world };
            let states = (1..=2).map(|length| walk_xa(&world, all(&world, length)));
            let states = states.sum::<Result<usize, _>>();
            assert!(states.unwrap_or_else(|trace| panic!("{trace}")) > 1_000, "hardly explored");
        }
    }
    let world = World { unseen_at_start: 1, ..keyed() };
    walk_xa(&world, all(&world, 1)).unwrap_or_else(|trace| panic!("{trace}"));
    let world = repaired(keyed());
    walk_xa(&world, all(&world, 1)).unwrap_or_else(|trace| panic!("{trace}"));
}

/// A world of which everything is copied, and a row is spoilt and repaired.
fn repaired(world: World) -> World {
    World { repairs: true, copiers: Vec::new(), unique: Unique::FromTheStart, ..world }
}

#[test]
fn a_repair_beside_the_applier_ends_equal() {
    nothing_is_lost(&repaired(keyed()), 2);
    nothing_is_lost(&repaired(text()), 2);
    nothing_is_lost(&repaired(World { lanes: 1, ..keyed() }), 2);
    let world = World { mishaps: 0, ..repaired(two_tables(Kind::Keyed)) };
    walk_huge(&world, all(&world, 2)).unwrap_or_else(|trace| panic!("{trace}"));
}

#[test]
fn a_repair_needs_each_of_its_guards() {
    for guard in [
        Guard::RepairHolds,
        Guard::RepairSeesNewest,
        Guard::RepairKnowsNewest,
        Guard::RepairDeletes,
    ] {
        let world = repaired(keyed());
        must_fail(world.clone(), guard, all(&world, 2), LOST);
    }
}

/// For `cargo x soak`: minutes, in a release build.
#[test]
#[ignore = "long"]
fn nothing_is_lost_in_larger_worlds() {
    nothing_is_lost(&World { mishaps: 2, ..keyed() }, 2);
    nothing_is_lost(&text(), 3);
    nothing_is_lost(&World { mishaps: 2, ..repaired(keyed()) }, 3);
    nothing_is_lost(&World { mishaps: 2, ..keyless() }, 3);
    for kind in [Kind::Keyed, Kind::Keyless] {
        nothing_is_lost(&two_tables(kind), 2);
        walk_huge(&two_tables(kind), all(&two_tables(kind), 2)).unwrap();
    }
    for unique in [Unique::Late, Unique::FromTheStart] {
        nothing_is_lost(&World { lanes: 1, unique, ..keyed() }, 3);
        nothing_is_lost(&World { unique, reads: Reads::ExactlyL, ..keyed() }, 3);
        nothing_is_lost(&World { unique, ..keyed() }, 3);
    }
}

/// What a missing guard ends in.
const LOST: &str = "the source has";
const DUPLICATE: &str = "the unique index meets a duplicate";
const NOT_THERE: &str = "a row without a key is not there";
const STUCK: &str = "the end is out of reach";

/// Takes a guard away and sees one of these histories go wrong in this way.
fn must_fail(world: World, guard: Guard, histories: Vec<History>, how: &str) {
    let world = World { missing: Some(guard), ..world };
    let traces = histories.into_iter().filter_map(|history| walk(&world, vec![history]).err());
    let mut traces = traces.skip_while(|trace| !trace.contains(how));
    let trace = traces.next().unwrap_or_else(|| panic!("{guard:?} guards nothing"));
    println!("without {guard:?}: {trace}");
}

/// Takes a guard away from one table with a key. Two transactions are enough to see it.
fn a_keyed_table_needs(guard: Guard, how: &str) {
    must_fail(keyed(), guard, all(&keyed(), 2), how);
}

#[test]
fn a_change_that_is_not_held_is_overwritten() {
    a_keyed_table_needs(Guard::Hold, LOST);
}

#[test]
fn a_gate_that_may_be_stale_lets_a_copy_overwrite_what_was_applied() {
    a_keyed_table_needs(Guard::StaleCheck, LOST);
}

#[test]
fn a_gate_up_to_the_logs_end_misses_what_is_not_visible() {
    a_keyed_table_needs(Guard::VisibleL, LOST);
}

#[test]
fn a_position_taken_after_the_read_promises_too_much() {
    a_keyed_table_needs(Guard::LBeforeRead, LOST);
}

/// Takes a guard away from what XA had prepared and sees one of these histories go wrong.
fn xa_needs(world: World, guard: Guard, length: usize) {
    let world = World { missing: Some(guard), ..world };
    let trace = walk_xa(&world, all(&world, length)).err();
    let trace = trace.unwrap_or_else(|| panic!("{guard:?} guards nothing"));
    assert!(trace.contains(LOST), "{trace}");
    println!("without {guard:?}: {trace}");
}

#[test]
fn what_xa_had_prepared_is_overwritten_if_its_end_is_not_awaited() {
    for reads in WITHOUT_MYSQLS_GTIDS {
        xa_needs(World { reads, ..keyed() }, Guard::XaEndAwaited, 1);
    }
}

#[test]
fn what_xa_had_prepared_is_overwritten_by_reads_that_began_before_its_end() {
    for reads in WITHOUT_MYSQLS_GTIDS {
        xa_needs(World { reads, ..keyed() }, Guard::XaHold, 1);
    }
    // Only a snapshot is older than its gate.
    xa_needs(World { reads: Reads::ExactlyL, ..keyed() }, Guard::XaStaleCheck, 1);
    let missing = Some(Guard::XaStaleCheck);
    let world = World { missing, ..keyed() };
    walk_xa(&world, all(&world, 1)).unwrap_or_else(|trace| panic!("{trace}"));
}

#[test]
fn an_exact_copy_that_is_trusted_to_have_what_xa_had_prepared_lacks_it() {
    xa_needs(World { reads: Reads::ExactlyL, ..keyless() }, Guard::XaRefusedByCopies, 1);
}

#[test]
fn a_stream_that_begins_behind_what_xa_had_prepared_and_not_ended_lacks_it() {
    xa_needs(World { unseen_at_start: 1, ..keyed() }, Guard::XaEndedAtStart, 1);
}

#[test]
fn a_gate_closed_before_the_commit_is_no_gate() {
    a_keyed_table_needs(Guard::GateUntilCommit, LOST);
}

#[test]
fn a_gate_closed_with_its_connection_lets_a_late_commit_overwrite() {
    a_keyed_table_needs(Guard::GateUntilKnown, LOST);
}

#[test]
fn a_batch_begun_before_the_last_is_written_loses_neighbours() {
    let swap = only(&keyed(), &["update 0", "0 and 1 swap u"]);
    must_fail(keyed(), Guard::Barrier, swap, LOST);
}

#[test]
fn states_passed_within_a_batch_remove_neighbours_if_they_are_written() {
    let swap = only(&keyed(), &["update 0", "0 and 1 swap u"]);
    must_fail(keyed(), Guard::Coalesce, swap, LOST);
}

#[test]
fn a_delete_after_the_puts_removes_an_equal_key() {
    must_fail(text(), Guard::DeletesFirst, all(&text(), 2), LOST);
}

#[test]
fn a_key_that_changes_leaves_its_old_row_behind() {
    a_keyed_table_needs(Guard::BeforeKeyDeleted, LOST);
}

#[test]
fn a_stream_that_ignores_what_is_there_keeps_old_rows() {
    a_keyed_table_needs(Guard::StreamReplaces, LOST);
}

#[test]
fn a_copy_may_as_well_ignore_what_is_there() {
    let missing = Some(Guard::CopyReplaces);
    nothing_is_lost(&World { missing, mishaps: 0, ..keyed() }, 2);
    nothing_is_lost(&World { missing, mishaps: 0, unique: Unique::FromTheStart, ..keyed() }, 2);
}

#[test]
fn a_position_committed_after_its_rows_doubles_rows_without_a_key() {
    must_fail(keyless(), Guard::PositionWithRows, all(&keyless(), 1), LOST);
}

/// The lanes stand at T2 and T0, both replay T1: the first has gone back, and its position has not.
#[test]
fn an_unfinished_batch_replayed_in_parts_loses_what_a_lane_goes_back_behind() {
    a_keyed_table_needs(Guard::UnfinishedBatchFirst, LOST);
}

#[test]
fn a_replay_from_the_foremost_lane_loses_what_the_others_miss() {
    a_keyed_table_needs(Guard::ReplayFromMinimum, LOST);
}

#[test]
fn an_unfinished_batch_divided_in_another_way_loses_what_changed_its_lane() {
    a_keyed_table_needs(Guard::UnfinishedBatchAtOnce, LOST);
}

#[test]
fn a_restart_that_forgets_what_was_applied_lets_a_copy_overwrite_it() {
    a_keyed_table_needs(Guard::HandedOverBeforeRestart, LOST);
    let world = World { unseen_at_start: 1, mishaps: 0, ..keyed() };
    must_fail(world, Guard::HandedOverBeforeRestart, all(&keyed(), 1), LOST);
}

#[test]
fn a_restart_that_waits_for_nobody_is_overwritten_by_the_dead() {
    a_keyed_table_needs(Guard::FenceAtRestart, LOST);
}

#[test]
fn indexes_before_the_horizon_meet_duplicates() {
    a_keyed_table_needs(Guard::IndexesAfterHorizon, DUPLICATE);
}

/// A read begun after `L` sees more than `L`, and each chunk may see something else.
#[test]
fn the_newest_l_of_the_chunks_is_no_horizon() {
    a_keyed_table_needs(Guard::HorizonIsLogEnd, DUPLICATE);
}

#[test]
fn the_newest_l_is_a_horizon_if_reads_see_l_exactly() {
    let missing = Some(Guard::HorizonIsLogEnd);
    nothing_is_lost(&World { missing, reads: Reads::ExactlyL, mishaps: 0, ..keyed() }, 2);
}

#[test]
fn indexes_by_a_horizon_forgotten_at_a_restart_meet_duplicates() {
    a_keyed_table_needs(Guard::HorizonRenewed, DUPLICATE);
}

#[test]
fn indexes_built_beside_a_batch_meet_duplicates() {
    a_keyed_table_needs(Guard::IndexesHold, DUPLICATE);
}

#[test]
fn equal_keys_in_two_lanes_lose_their_order() {
    must_fail(text(), Guard::EqualKeysOneLane, all(&text(), 2), LOST);
}

#[test]
fn a_table_without_a_key_that_applies_what_its_snapshot_has_doubles_rows() {
    must_fail(keyless(), Guard::KeylessSkipsSnapshot, all(&keyless(), 1), LOST);
}

#[test]
fn a_table_without_a_key_that_replays_doubles_rows() {
    must_fail(keyless(), Guard::KeylessSkipsApplied, all(&keyless(), 1), LOST);
    must_fail(keyless(), Guard::KeylessSkipsApplied, all(&keyless(), 2), NOT_THERE);
}

#[test]
fn a_table_without_a_key_begun_again_without_emptying_doubles_rows() {
    must_fail(keyless(), Guard::KeylessEmptied, all(&keyless(), 0), LOST);
}

#[test]
fn a_table_without_a_key_needs_its_gate_and_a_snapshot_that_is_not_stale() {
    for guard in [Guard::Hold, Guard::StaleCheck] {
        must_fail(World { mishaps: 0, ..keyless() }, guard, all(&keyless(), 1), LOST);
    }
}

#[test]
fn a_huge_transaction_that_is_not_handed_over_whole_is_overwritten() {
    let missing = Some(Guard::HugeAdmittedWhole);
    let world = World { missing, mishaps: 0, ..two_tables(Kind::Keyed) };
    let trace = walk_huge(&world, all(&world, 1)).expect_err("it guards nothing");
    assert!(trace.contains(LOST) || trace.contains(DUPLICATE), "{trace}");
}

/// Its rows are locked; the copy that waits for them holds the gate that holds its next piece.
#[test]
fn a_huge_transaction_held_in_its_middle_and_a_copy_wait_for_each_other() {
    let missing = Some(Guard::HugeAdmittedWhole);
    let world = World { missing, mishaps: 0, ..two_tables(Kind::Keyed) };
    let history = only(&world, &["0 and 1 swap u"]).remove(0);
    let trace = explore(&OnlyEnds(Model::new(world, history, Some(1)))).err().unwrap();
    assert!(trace.contains(STUCK), "{trace}");
    assert!(trace.contains("a gate with L = T0"), "{trace}");
}

/// A model that only asks whether the end stays within reach.
struct OnlyEnds(Model);

impl System for OnlyEnds {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        self.0.start()
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        self.0.steps(state)
    }

    fn is_mishap(&self, step: &Step) -> bool {
        self.0.is_mishap(step)
    }

    fn is_finished(&self, state: &State) -> bool {
        self.0.is_finished(state)
    }

    fn wrong(&self, _state: &State) -> Option<String> {
        None
    }
}
