//! Processes that die, answers that get lost, locks that are held: every change is there, and once.

use sealift_engine::apply::{self, Applier, Mode};
use sealift_engine::fault::ErrorCode;
use sealift_lab::{Options, Pair};
use sealift_mysql::endpoint::Address;
use sealift_mysql::session::Session;

use super::{Dice, Story, at};
use crate::copy::proxy::Proxy;

const TABLES: &str =
    "CREATE TABLE a (id INT NOT NULL PRIMARY KEY, u INT, f VARCHAR(99), UNIQUE KEY (u));
  CREATE TABLE b (k VARCHAR(9) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, f VARCHAR(99));
  CREATE TABLE keyless (n INT, f VARCHAR(99));";

async fn story(pair: &Pair, transactions: usize) -> Story<'_> {
    let mut story = Story::new(pair, TABLES, TABLES).await;
    let mut dice = Dice::new(13);
    for number in 0..transactions {
        let (n, m) = (dice.below(9), dice.below(9));
        story
            .happens(&format!(
                "REPLACE INTO a VALUES ({n},{m},'{number}'); DELETE FROM a WHERE id={m} AND {n}%3=0; \
                 UPDATE a SET u=NULL WHERE id={m}; UPDATE IGNORE a SET u={n} WHERE id={m}; \
                 REPLACE INTO b VALUES (IF({m}%2,'x','X'),'{number}'),('{n}','{number}'); DELETE FROM b WHERE k='{m}'; \
                 INSERT INTO keyless VALUES ({n},'{number}'); UPDATE keyless SET n=n+1 LIMIT 1; \
                 DELETE FROM keyless WHERE n={m} LIMIT 1;"
            ))
            .await;
    }
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_is_gone_on_from_with_any_number_of_lanes() {
    let story = story(Pair::shared(), 40).await;
    let mut dice = Dice::new(1);
    for round in 0..4 {
        let migration = format!("{}.{round}", story.schema);
        story.begin(&migration).await;
        for death in 0..12 {
            let mode = Mode::Lanes([1, 2, 4][dice.below(3)]);
            let mut applier = Applier::open(story.job(&migration, mode)).await.unwrap();
            let last = 1 + dice.below(1 + story.transactions.len() / 4);
            for transaction in story.rest(&applier).iter().take(last) {
                applier.apply(transaction.clone()).await.unwrap();
            }
            // Somewhere in the middle of what it does.
            for _ in 0..dice.below(400) * (death % 3) {
                tokio::task::yield_now().await;
            }
        }
        let job = story.job(&migration, Mode::Lanes(2));
        story.apply(job, &mut dice).await.unwrap_or_else(|fault| panic!("{fault}"));
        story.assert_same(&format!("round {round}"));
    }
}

/// If it were written in parts, a lane that was ahead would go back and its position would not: after another
/// death nobody would bring it forward again.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_left_half_committed_is_done_again_as_one() {
    let story = story(Pair::shared(), 4).await;
    let migration = story.schema.clone();
    story.begin(&migration).await;
    let target = story.target();
    let mut session = Session::connect(&target).await.unwrap();
    // A lane that has committed three transactions, beside one that has committed none.
    let ahead = serde_json::to_string(&at(3)).unwrap();
    let sql = format!("INSERT INTO sealift.applied VALUES ('{migration}',1,0,'{ahead}')");
    session.execute(sql).await.unwrap();
    let standing = async || apply::standing(&target, &migration).await.unwrap().unwrap();
    let mut applier = Applier::open(story.job(&migration, Mode::Lanes(2))).await.unwrap();
    for transaction in &story.transactions[..2] {
        applier.apply(transaction.clone()).await.unwrap();
        assert_eq!(applier.settle().await.unwrap(), at(0));
    }
    assert_eq!(standing().await.oldest(), Some(&at(0)));
    let rows = format!("SELECT COUNT(*) FROM {}.keyless", story.schema);
    let rows = session.first(&rows).await.unwrap().unwrap();
    assert_eq!(rows.parse::<u32>(0).unwrap(), 0, "nothing of it is written");
    applier.apply(story.transactions[2].clone()).await.unwrap();
    assert_eq!(applier.settle().await.unwrap(), at(3));
    assert_eq!(standing().await.oldest(), Some(&at(3)));
    applier.apply(story.transactions[3].clone()).await.unwrap();
    assert_eq!(applier.close().await.unwrap(), at(4));
    story.assert_same("done again");
}

/// Every answer of the target is lost once, the one to COMMIT among them: what was sent has been executed,
/// and we do not know it.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_may_be_lost() {
    let story = story(Pair::shared(), 5).await;
    let mut losses = 0;
    for lost in 1.. {
        let migration = format!("{}.{lost}", story.schema);
        story.begin(&migration).await;
        let proxy = Proxy::start(story.pair.target.port(), lost).await;
        let mut job = story.job(&migration, Mode::Lanes(2));
        job.target.address = Address::Tcp { host: "127.0.0.1".into(), port: proxy.port() };
        let outcome = story.apply(job, &mut Dice::new(lost.into())).await;
        if let Err(fault) = outcome {
            // What is done before the lanes begin is not tried again.
            assert_eq!(fault.code, ErrorCode::ConnectionLost, "answer {lost}: {fault}");
            story.apply(story.job(&migration, Mode::Lanes(2)), &mut Dice::new(1)).await.unwrap();
        }
        story.assert_same(&format!("answer {lost}"));
        if !proxy.has_cut() {
            break;
        }
        losses += 1;
    }
    assert!(losses > 40, "only {losses} answers were lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_transaction_whose_commit_got_no_answer_is_there_once_or_not_at_all() {
    let story = story(Pair::shared(), 3).await;
    let mut both = [0, 0];
    for lost in 1.. {
        let migration = format!("{}.{lost}", story.schema);
        story.begin(&migration).await;
        let proxy = Proxy::start(story.pair.target.port(), lost).await;
        let mut job = story.job(&migration, Mode::Lanes(2));
        job.target.address = Address::Tcp { host: "127.0.0.1".into(), port: proxy.port() };
        let outcome = async {
            let mut applier = Applier::open(job).await?;
            for huge in &story.transactions {
                applier.begin_huge(huge.id.clone()).await?;
                applier.piece(huge.changes.clone()).await?;
                applier.commit_huge(huge.end.clone()).await?;
            }
            applier.close().await
        };
        let outcome = outcome.await;
        both[usize::from(outcome.is_ok())] += 1;
        if let Err(fault) = outcome {
            assert_eq!(fault.code, ErrorCode::ConnectionLost, "answer {lost}: {fault}");
            story.apply(story.job(&migration, Mode::Lanes(2)), &mut Dice::new(1)).await.unwrap();
        }
        story.assert_same(&format!("answer {lost}"));
        if !proxy.has_cut() {
            break;
        }
    }
    assert!(both[0] > 10 && both[1] > 3, "{both:?} failed and went through");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_the_target_kills_are_opened_again() {
    let pair = Pair::mysql();
    let story = story(&pair, 30).await;
    story.begin("m").await;
    let mut killer = Session::connect(&story.target()).await.unwrap();
    let mut applier = Applier::open(story.job("m", Mode::Lanes(2))).await.unwrap();
    let mut killed = 0;
    for (number, transaction) in story.transactions.iter().enumerate() {
        let others = "SELECT id FROM information_schema.processlist \
                      WHERE id<>CONNECTION_ID() AND user='azadmin'";
        for victim in killer.rows(others).await.unwrap() {
            let kill = format!("KILL {}", victim.text(0).unwrap());
            killed += u32::from(killer.execute(kill).await.is_ok());
        }
        applier.apply(transaction.clone()).await.unwrap();
        // Every other time while something is under way.
        if number % 2 == 0 {
            applier.settle().await.unwrap_or_else(|fault| panic!("{fault}"));
        }
    }
    applier.close().await.unwrap_or_else(|fault| panic!("{fault}"));
    assert!(killed > 3, "only {killed} sessions were killed");
    story.assert_same("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_too_long_is_waited_for_again() {
    let target = Options::azure_target().arg("--innodb-lock-wait-timeout=1");
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let story = story(&pair, 4).await;
    story.begin("m").await;
    pair.target.sql(format!("INSERT INTO {}.a VALUES (77,NULL,'')", story.schema));
    let mut other = Session::connect(&story.target()).await.unwrap();
    other.execute("START TRANSACTION").await.unwrap();
    other.rows(format!("SELECT * FROM {}.a FOR UPDATE", story.schema)).await.unwrap();
    let mut applier = Applier::open(story.job("m", Mode::Lanes(2))).await.unwrap();
    for transaction in &story.transactions {
        applier.apply(transaction.clone()).await.unwrap();
    }
    let timeouts = "SELECT SUM(sum_error_raised) FROM performance_schema.events_errors_summary_global_by_error \
                    WHERE error_number=1205";
    while pair.target.sql(timeouts).trim().parse::<u64>().unwrap_or(0) < 2 {
        tokio::task::yield_now().await;
    }
    other.execute(format!("DELETE FROM {}.a WHERE id=77", story.schema)).await.unwrap();
    other.execute("COMMIT").await.unwrap();
    applier.close().await.unwrap_or_else(|fault| panic!("{fault}"));
    story.assert_same("locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_another_process_takes_over_stops_the_applier() {
    let story = story(Pair::shared(), 6).await;
    let migration = story.schema.clone();
    story.begin(&migration).await;
    let mut first = Applier::open(story.job(&migration, Mode::Lanes(2))).await.unwrap();
    first.apply(story.transactions[0].clone()).await.unwrap();
    first.settle().await.unwrap();
    let mut second = Applier::open(story.job(&migration, Mode::Lanes(2))).await.unwrap();
    for transaction in story.rest(&second) {
        second.apply(transaction.clone()).await.unwrap();
    }
    second.close().await.unwrap();
    story.assert_same("taken over");
    let fault = async {
        first.apply(story.transactions[1].clone()).await?;
        first.settle().await
    };
    let fault = fault.await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::LedgerMismatch, "{fault}");
    story.assert_same("left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_not_there_in_a_table_without_a_key_is_named() {
    let story = story(Pair::shared(), 6).await;
    let migration = story.schema.clone();
    story.begin(&migration).await;
    let mut applier = Applier::open(story.job(&migration, Mode::Atomic)).await.unwrap();
    let mut without = story.transactions[3].clone();
    without
        .changes
        .retain(|change| !matches!(change.row, sealift_engine::apply::RowChange::Insert(_)));
    assert!(without.changes.iter().any(|change| change.table == 2));
    applier.apply(without).await.unwrap();
    let fault = applier.close().await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::CountMismatch, "{fault}");
    assert!(fault.to_string().contains("`keyless`"), "{fault}");
    let standing = apply::standing(&story.target(), &migration).await.unwrap().unwrap();
    assert_eq!(standing.oldest().map(|position| position.offset), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_gets_into_a_transaction_that_comes_in_pieces() {
    let story = story(Pair::shared(), 2).await;
    let migration = story.schema.clone();
    story.begin(&migration).await;
    let mut applier = Applier::open(story.job(&migration, Mode::Lanes(2))).await.unwrap();
    applier.begin_huge(story.transactions[0].id.clone()).await.unwrap();
    applier.piece(story.transactions[0].changes.clone()).await.unwrap();
    applier.apply(story.transactions[1].clone()).await.unwrap();
    let fault = applier.close().await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Internal, "{fault}");
    let count = format!("SELECT COUNT(*) FROM {}.keyless", story.schema);
    assert_eq!(story.pair.target.sql(count), "0\n");
}
