//! The record of a comparison, and visits to a folder that another process holds.

use std::time::Duration;

use sealift_engine::fault::ErrorCode;
use sealift_engine::journal::Journal;
use sealift_engine::stage::Stage;
use sealift_engine::verify::{Notebook, TableMemory};
use sealift_schema::name::QualifiedName;
use sealift_server::store::{Before, Comparison, Identity, StateFolder};

use super::{begun, clock, open, shop};

fn memory(rows: u64) -> TableMemory {
    let mut memory = TableMemory { definitions: "d".into(), ..TableMemory::default() };
    memory.findings.rows_source = rows;
    memory
}

#[test]
fn an_interrupted_comparison_is_gone_on_with_and_one_that_is_over_or_old_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let open = |before| Comparison::open(folder.path(), &shop(), clock.clone(), before).unwrap();
    let name = |name: &str| QualifiedName::new("shop", name);
    let first = open(Before::GoneOnWith);
    assert_eq!(first.gone_on_from(), None);
    first.keep(&[(name("a"), memory(1)), (name("b"), memory(2))]).unwrap();
    first.keep(&[(name("a"), memory(3))]).unwrap();
    drop(first);

    let second = open(Before::GoneOnWith);
    assert!(second.gone_on_from().is_some());
    let mut kept = second.tables().unwrap();
    kept.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(kept, [(name("a"), memory(3)), (name("b"), memory(2))]);
    second.finish().unwrap();
    drop(second);

    let third = open(Before::GoneOnWith);
    assert_eq!((third.gone_on_from(), third.tables().unwrap()), (None, Vec::new()));
    third.keep(&[(name("a"), memory(1))]).unwrap();
    drop(third);
    let fourth = open(Before::Forgotten);
    assert_eq!(fourth.tables().unwrap(), Vec::new());
    drop(fourth);
    clock.advance(Duration::from_secs(25 * 3_600));
    assert_eq!(open(Before::GoneOnWith).gone_on_from(), None);
}

#[test]
fn a_folder_that_is_held_can_be_visited_by_its_own_migration() {
    let folder = tempfile::tempdir().unwrap();
    assert!(StateFolder::visit(folder.path(), &shop()).unwrap().is_none());
    let state = open(folder.path()).unwrap();
    state.record(&begun()).unwrap();
    state.put("ledger", &"abc").unwrap();
    let visit = StateFolder::visit(folder.path(), &shop()).unwrap().unwrap();
    assert!(matches!(visit.stage().unwrap(), Stage::Preparing(_)));
    assert_eq!(visit.get::<String>("ledger").unwrap().as_deref(), Some("abc"));
    let other = Identity { target: "elsewhere:3306".into(), ..shop() };
    let refused = StateFolder::visit(folder.path(), &other).map(|_visit| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::StateForeign);
}
