//! What `assess` asks, on real servers: nothing fails, what is not allowed is named.

use sealift_lab::server::APP_READER;
use sealift_lab::{Account, Kind, Options, Server};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rule::question::{Answer, Question};

use crate::{MARIADB, MYSQL, account, root, start};

/// Every question with what became of it.
async fn asked(endpoint: &Endpoint) -> (ServerFacts, Vec<(Question, Answer)>) {
    let mut session = Session::connect(endpoint).await.unwrap();
    let facts = gather::facts(&mut session).await.unwrap();
    let answers = gather::answers(endpoint, &facts).await.unwrap();
    let all = Question::ALL.into_iter();
    (facts, all.filter_map(|question| Some((question, answers.of(question)?.clone()))).collect())
}

#[track_caller]
fn assert_all_answered(told: &str, answers: &[(Question, Answer)]) {
    for (question, answer) in answers {
        assert!(matches!(answer, Answer::Rows(_)), "{told}: {question:?}: {answer:?}");
    }
}

#[tokio::test]
async fn every_question_is_answered_on_both_sides() {
    for server in [&*MYSQL, &*MARIADB] {
        for side in [Side::Source, Side::Target] {
            let endpoint = Endpoint { side, ..root(server) };
            let (_, answers) = asked(&endpoint).await;
            assert!(answers.len() > 8, "{side}: {answers:?}");
            assert_all_answered(&format!("{} as {side}", server.kind()), &answers);
        }
    }
}

#[tokio::test]
async fn old_and_new_servers_answer_also_without_performance_schema() {
    let kinds = [Kind::MySql5_6, Kind::MySql, Kind::MariaDb10_5, Kind::MariaDb11_8];
    for kind in kinds.into_iter().filter(|kind| !kind.is_left_out()) {
        let server = start(Options::source(kind).arg("--performance-schema=OFF"));
        let (_, answers) = asked(&root(&server)).await;
        assert_all_answered(&server.kind().to_string(), &answers);
    }
}

#[tokio::test]
async fn what_an_account_may_not_ask_comes_with_its_grant() {
    MYSQL.sql("CREATE USER asks_little IDENTIFIED BY 'pw'");
    MARIADB.sql("CREATE USER asks_little IDENTIFIED BY 'pw'");
    let little = Account { user: "asks_little", password: "pw" };
    for server in [&*MYSQL, &*MARIADB] {
        let (facts, answers) = asked(&account(server, little)).await;
        let mut denied = 0;
        for (question, answer) in &answers {
            match answer {
                Answer::Rows(_) => {}
                Answer::Denied { grant } => {
                    denied += 1;
                    assert_eq!(*grant, question.grant(&facts), "{question:?}");
                    server.sql(format!("GRANT {grant} TO asks_little"));
                }
                Answer::Failed { why } => panic!("{question:?}: {why}"),
            }
        }
        assert!(denied > 8, "{answers:?}");
        let (_, answers) = asked(&account(server, little)).await;
        assert_all_answered(&server.kind().to_string(), &answers);
    }
}

#[tokio::test]
async fn a_reader_is_told_of_objects_it_may_not_read_and_gets_the_rest() {
    let server: &Server = &MYSQL;
    server.sql(
        "CREATE SCHEMA part_seen; CREATE TABLE part_seen.t (id INT PRIMARY KEY);
         CREATE VIEW part_seen.v AS SELECT * FROM part_seen.t;
         CREATE USER sees_part IDENTIFIED BY 'pw'; GRANT SELECT ON part_seen.* TO sees_part;",
    );
    let endpoint = account(server, Account { user: "sees_part", password: "pw" });
    let wanted = |_kind: ObjectKind, name: &QualifiedName| name.schema == "part_seen";
    let request =
        gather::Request { endpoint: &endpoint, sessions: 2, wanted: &wanted, progress: &|_| {} };
    assert!(gather::catalog(&request).await.is_err());
    let gathered = gather::readable_catalog(&request).await.unwrap();
    assert_eq!(gathered.catalog.tables.len(), 1);
    let denied = gathered.denied.iter().map(|(object, privilege)| format!("{object}: {privilege}"));
    assert_eq!(denied.collect::<Vec<_>>(), ["view `part_seen`.`v`: SHOW VIEW"]);
}

#[tokio::test]
async fn the_reader_of_a_migration_may_ask_almost_everything() {
    let (_, answers) = asked(&account(&MYSQL, APP_READER)).await;
    let denied = answers.iter().filter(|(_, answer)| matches!(answer, Answer::Denied { .. }));
    assert_eq!(denied.map(|(question, _)| *question).collect::<Vec<_>>(), [Question::PreparedXa]);
}
