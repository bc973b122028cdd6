//! Connections lost, answers lost and servers restarted while a run is at every one of its steps: it goes on by itself.

use sealift_engine::probe::Point;
use sealift_lab::oracle::Comparison;
use sealift_lab::proxy::FaultProxy;
use sealift_lab::{Pair, Server, unique_schema, wait_until};

use super::held::Held;
use super::{allowed, ends_with, folder};
use crate::folder::Folder;
use crate::pairs::mysql;

/// More scripts than the schema below has: the end of a test that would not find its own.
const SCRIPTS_MAX: u32 = 40;

/// One object of every kind; a large table whose index is built after its rows, and small ones.
fn fill(source: &Server, schema: &str) {
    source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET cte_max_recursion_depth = 100000; \
         CREATE TABLE keyed (id INT PRIMARY KEY, a VARCHAR(200), KEY (a)); \
         INSERT INTO keyed WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000) \
           SELECT n, REPEAT(CHAR(65 + n % 26), n % 200) FROM s; \
         CREATE TABLE no_key (a INT, b VARCHAR(50)); \
         INSERT INTO no_key SELECT id DIV 2, LEFT(a, 50) FROM keyed WHERE id <= 500; \
         CREATE TABLE child (id INT PRIMARY KEY, k INT, UNIQUE KEY (k), FOREIGN KEY (k) REFERENCES keyed (id)); \
         INSERT INTO child SELECT id, id FROM keyed WHERE id <= 100; \
         ANALYZE TABLE keyed, no_key, child; \
         CREATE FUNCTION f(n INT) RETURNS INT DETERMINISTIC RETURN n + 1; \
         CREATE PROCEDURE p() SELECT COUNT(*) FROM keyed; \
         CREATE VIEW v AS SELECT id FROM keyed; \
         CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW SET NEW.k = NEW.k; \
         CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM no_key WHERE a < 0;"
    ));
}

/// A folder whose way to one of the servers leads through a proxy.
fn folder_past(pair: &Pair, behind: &Server, network: &FaultProxy, schema: &str) -> Folder {
    let folder = folder(&pair.source, &pair.target, &[schema], "[copy]\nworkers = 2\n");
    folder.reconfigure(&format!(":{}\"", behind.port()), &format!(":{}\"", network.port()));
    folder
}

#[derive(Clone, Copy, Debug)]
enum Loss {
    /// All connections break.
    Connections,
    /// What is sent next is done, and nobody hears of it.
    Answer,
}

impl Loss {
    fn befall(self, network: &FaultProxy) {
        match self {
            Self::Connections => network.cut_all(),
            Self::Answer => network.lose_next_answer(),
        }
    }
}

#[test]
fn a_loss_while_any_object_is_made_costs_nothing() {
    let pair = mysql();
    let network = FaultProxy::before(&pair.target);
    let mut schemas = Vec::new();
    for loss in [Loss::Connections, Loss::Answer] {
        let before = schemas.len();
        for script in 1..=SCRIPTS_MAX {
            let schema = unique_schema("lost_object");
            fill(&pair.source, &schema);
            let folder = folder_past(&pair, &pair.target, &network, &schema);
            schemas.push(schema);
            let Ok(held) = Held::at(&folder, &format!("object-begun:{script}=hold")) else {
                // There is no script of that number: the run has ended by itself.
                break;
            };
            loss.befall(&network);
            ends_with(0, &held.go_on());
            // A run that had nothing more to ask has heard every answer.
            network.disarm();
        }
        let scripts = schemas.len() - before;
        assert!((10..20).contains(&scripts), "{scripts} scripts were carried out");
    }
    allowed(Comparison::of(&schemas)).assert_same(&pair.source, &pair.target);
}

#[test]
fn a_loss_at_any_step_of_the_copy_costs_nothing() {
    let pair = mysql();
    let mut schemas = Vec::new();
    let on_source = [
        (Point::Prepared, Loss::Answer),
        (Point::SnapshotLocked, Loss::Connections),
        (Point::SnapshotTaken, Loss::Answer),
        (Point::ChunkBegun, Loss::Connections),
    ];
    let on_target = [
        (Point::Prepared, Loss::Connections),
        (Point::LanesPlanned, Loss::Answer),
        (Point::ChunkBegun, Loss::Connections),
        (Point::ChunkLoaded, Loss::Answer),
        (Point::ChunkCommitted, Loss::Connections),
        (Point::Completed, Loss::Answer),
    ];
    for (server, steps) in [(&pair.source, &on_source[..]), (&pair.target, &on_target)] {
        let network = FaultProxy::before(server);
        for (point, loss) in steps {
            let schema = unique_schema("lost_copy");
            fill(&pair.source, &schema);
            let folder = folder_past(&pair, server, &network, &schema);
            let held = Held::at(&folder, &format!("{}=hold", point.name()));
            let held = held.unwrap_or_else(|ran| panic!("{point:?}: {}", ran.screen()));
            loss.befall(&network);
            ends_with(0, &held.go_on());
            // A run that had nothing more to ask has heard every answer.
            network.disarm();
            schemas.push(schema);
        }
    }
    allowed(Comparison::of(&schemas)).assert_same(&pair.source, &pair.target);
}

#[test]
fn a_server_that_is_killed_and_comes_back_costs_nothing() {
    let mut pair = Pair::mysql();
    let mut schemas = Vec::new();
    // A table, the large table's index, a trigger; rows on their way.
    let on_target = ["object-begun:2", "object-begun:5", "object-begun:10", "chunk-loaded"];
    let on_source = ["snapshot-taken", "chunk-begun"];
    let steps = on_target.map(|step| (step, "target")).into_iter();
    for (step, side) in steps.chain(on_source.map(|step| (step, "source"))) {
        let schema = unique_schema("restarted");
        fill(&pair.source, &schema);
        let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
        let held = Held::at(&folder, &format!("{step}=hold"));
        let held = held.unwrap_or_else(|ran| panic!("{step}: {}", ran.screen()));
        let server = if side == "target" { &mut pair.target } else { &mut pair.source };
        server.kill9();
        server.start_again().unwrap();
        ends_with(0, &held.go_on());
        schemas.push(schema);
    }
    allowed(Comparison::of(&schemas)).assert_same(&pair.source, &pair.target);
}

#[test]
fn rows_somebody_has_locked_on_the_target_are_waited_for() {
    let pair = mysql();
    let (schema, helper) = (unique_schema("locked_rows"), unique_schema("locked_rows_helper"));
    fill(&pair.source, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let held = Held::at(&folder, "prepared=hold").unwrap_or_else(|ran| panic!("{}", ran.screen()));
    let target = &pair.target;
    let locks = format!("FROM performance_schema.data_locks WHERE object_schema = '{schema}'");
    // Holds the table until somebody waits for it: for a minute at most.
    target.sql(format!(
        "CREATE DATABASE {helper};\nDELIMITER ;;\n\
         CREATE PROCEDURE {helper}.hold() BEGIN \
           DECLARE looks INT DEFAULT 0; DECLARE held INT; \
           START TRANSACTION; SELECT COUNT(*) INTO held FROM {schema}.keyed FOR UPDATE; \
           REPEAT DO SLEEP(0.02); SET looks = looks + 1; \
           UNTIL looks = 3000 OR (SELECT COUNT(*) {locks} AND lock_status = 'WAITING') > 0 END REPEAT; \
           ROLLBACK; SELECT looks; END;;\nDELIMITER ;"
    ));
    let (ran, looks) = std::thread::scope(|scope| {
        let blocker = scope.spawn(|| target.sql(format!("CALL {helper}.hold()")));
        wait_until("the table is locked", || {
            let count = target.sql(format!("SELECT COUNT(*) {locks}"));
            (blocker.is_finished() || count != "0\n").then_some(())
        });
        (held.go_on(), blocker.join().expect("the client says what it saw"))
    });
    ends_with(0, &ran);
    assert!(looks.trim().parse::<u32>().unwrap() < 3000, "nobody waited for the lock");
    allowed(Comparison::of([&schema])).assert_same(&pair.source, &pair.target);
}
