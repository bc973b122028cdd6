//! Scripts carried out: what is missing is made, what fails stands alone, what was cut off goes on.

use std::collections::BTreeMap;
use std::fs;

use sealift_engine::clock::Clock;
use sealift_engine::fault::ErrorCode;
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::plan::apply::{Applier, Outcome, SmallTables, StepResult};
use sealift_engine::plan::draft::{Draft, DraftStep};
use sealift_engine::plan::folder::Folder;
use sealift_engine::plan::make;
use sealift_engine::plan::read::Plan;
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stage::{Event, Part, Step};
use sealift_engine::stop::Stop;
use sealift_lab::{Pair, unique_schema};
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, quote};

use crate::servers::endpoint;

/// A plan of hand-made scripts and the target it is applied to.
struct Bench {
    _home: tempfile::TempDir,
    folder: Folder,
    journal: Volatile,
    target: Endpoint,
    schema: String,
    steps: Vec<DraftStep>,
    small: SmallTables,
}

impl Bench {
    fn new(stem: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().join("plan"));
        let journal = Volatile::default();
        let run = Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() };
        journal.record(&run).unwrap();
        let target = endpoint(&Pair::shared().target, Side::Target);
        let schema = unique_schema(stem);
        let steps = Vec::new();
        let small = SmallTables::default();
        let mut bench = Self { _home: home, folder, journal, target, schema, steps, small };
        let create = format!("CREATE DATABASE {};", quote(&bench.schema));
        let object = ObjectId::schema(&bench.schema);
        bench.steps.push(DraftStep {
            step: Step { part: Part::Schemas, object },
            target: QualifiedName::new(&bench.schema, ""),
            table: None,
            reads: Vec::new(),
            source: String::new(),
            body: create,
            notes: Vec::new(),
        });
        bench
    }

    fn add(&mut self, part: Part, kind: ObjectKind, name: &str, sql: &str) -> &mut Self {
        let name = QualifiedName::new(&self.schema, name);
        let table = matches!(part, Part::Indexes | Part::ForeignKeys).then(|| name.clone());
        self.steps.push(DraftStep {
            step: Step { part, object: ObjectId::new(kind, name.clone()) },
            target: name,
            table,
            reads: Vec::new(),
            source: sql.to_owned(),
            body: format!("SET NAMES utf8mb4;\nUSE {};\n\n{sql}\n", quote(&self.schema)),
            notes: Vec::new(),
        });
        self
    }

    fn table(&mut self, name: &str, columns: &str) -> &mut Self {
        let sql = format!("CREATE TABLE {} ({columns});", quote(name));
        self.add(Part::Tables, ObjectKind::Table, name, &sql)
    }

    fn write(&self) {
        let draft = Draft { settings: BTreeMap::new(), steps: self.steps.clone() };
        make::write(&draft, &self.folder).unwrap();
    }

    async fn apply(&self, parts: &[Part]) -> Vec<StepResult> {
        let plan = Plan::read(&self.folder).unwrap();
        let applier = Applier {
            target: &self.target,
            definers: None,
            plan: &plan,
            small: Some(&self.small),
            journal: &self.journal,
            progress: &Progress::default(),
            probe: &Probe::none(),
            stop: &Stop::new(),
            clock: &Clock::of_machine(),
        };
        applier.apply(parts).await.unwrap()
    }

    fn step(&self, part: Part, name: &str) -> Step {
        let name = QualifiedName::new(&self.schema, name);
        Step { part, object: ObjectId::new(ObjectKind::Table, name) }
    }

    async fn words(&self) -> Vec<String> {
        self.apply(&Part::ALL).await.iter().map(word).collect()
    }

    fn sql(&self, sql: &str) -> String {
        Pair::shared().target.client().schema(&self.schema).run(sql)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.path(&file.replace("{schema}", &self.schema));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

fn word(result: &StepResult) -> String {
    let kind = result.step.part.folder();
    let outcome = match &result.outcome {
        Outcome::Created => "created".to_owned(),
        Outcome::AlreadyThere => "there".to_owned(),
        Outcome::Skipped(why) => format!("skipped: {why}"),
        Outcome::Failed(fault) => format!("failed: {}", fault.code),
    };
    format!("{kind} {} {outcome}", result.step.object.name.name)
}

#[tokio::test]
async fn every_part_is_made_once_and_repeating_touches_nothing() {
    let mut bench = Bench::new("plan_parts");
    bench
        .table("a", "id int primary key, x int")
        .table("b", "id int primary key, a int")
        .add(Part::Indexes, ObjectKind::Table, "a", "ALTER TABLE a ADD KEY x (x), ADD UNIQUE KEY y (x, id);")
        .add(
            Part::ForeignKeys,
            ObjectKind::Table,
            "b",
            "ALTER TABLE b ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES a (id);",
        )
        .add(
            Part::Routines,
            ObjectKind::Function,
            "f",
            "DELIMITER ;;\nCREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN SELECT 1 INTO @x; RETURN 1; END;;\nDELIMITER ;",
        )
        .add(Part::Routines, ObjectKind::Procedure, "f", "CREATE PROCEDURE f() SELECT 1;")
        .add(Part::Views, ObjectKind::View, "v", "CREATE VIEW v AS SELECT f() AS one;")
        .add(Part::Triggers, ObjectKind::Trigger, "t", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @y = 1;")
        .add(Part::Events, ObjectKind::Event, "e", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;");
    bench.write();
    let first = bench.words().await;
    assert_eq!(first.len(), 10);
    assert!(first.iter().all(|word| word.ends_with(" created")), "{first:#?}");
    let made = |bench: &Bench| {
        bench.sql("SELECT created FROM information_schema.routines WHERE routine_schema = DATABASE(); SELECT create_time FROM information_schema.tables WHERE table_schema = DATABASE()")
    };
    let before = made(&bench);
    let again = bench.words().await;
    assert!(again.iter().all(|word| word.ends_with(" there")), "{again:#?}");
    assert_eq!(made(&bench), before);
    let events = bench.journal.events().unwrap();
    assert_eq!(events.iter().filter(|e| matches!(e, Event::ObjectBegun { .. })).count(), 10);
    assert_eq!(events.iter().filter(|e| matches!(e, Event::ObjectDone { .. })).count(), 10);
}

#[tokio::test]
async fn a_script_that_fails_stands_alone_and_succeeds_after_the_fix() {
    let mut bench = Bench::new("plan_fail");
    bench.table("a", "id int primary key").table("b", "id wrong").table("c", "id int primary key");
    bench.add(Part::Indexes, ObjectKind::Table, "b", "ALTER TABLE b ADD KEY k (id);");
    bench.write();
    let results = bench.apply(&Part::ALL).await;
    let words: Vec<_> = results.iter().map(word).collect();
    assert_eq!(
        words[1..4],
        ["20-tables a created", "20-tables b failed: SL0502", "20-tables c created"]
    );
    assert!(words[4].starts_with("30-indexes b skipped: its table"), "{words:#?}");
    let fault = results[2].fault().unwrap();
    assert!(fault.to_string().contains("You have an error in your SQL syntax"), "{fault}");
    assert!(fault.remedy().starts_with("edit 20-tables/"), "{}", fault.remedy());
    bench.edit("20-tables/{schema}/b.sql", "wrong", "int");
    let words = bench.words().await;
    assert_eq!(words[2], "20-tables b created");
    assert_eq!(words[4], "30-indexes b created");
    assert_eq!(words.iter().filter(|word| word.ends_with(" there")).count(), 3);
}

#[tokio::test]
async fn after_a_kill_half_way_the_same_call_goes_on() {
    let mut bench = Bench::new("plan_kill");
    bench.table("a", "id int primary key").table("b", "id int primary key");
    bench.write();
    bench.apply(&[Part::Schemas]).await;
    // As if killed after the server had created `a`, and before the journal was told.
    let begun = |name: &str| Event::ObjectBegun {
        step: Step {
            part: Part::Tables,
            object: ObjectId::new(ObjectKind::Table, QualifiedName::new(&bench.schema, name)),
        },
    };
    bench.journal.record(&begun("a")).unwrap();
    bench.journal.record(&begun("b")).unwrap();
    bench.sql("CREATE TABLE a (id int primary key)");
    let words: Vec<_> = bench.apply(&[Part::Tables]).await.iter().map(word).collect();
    assert_eq!(words, ["20-tables a there", "20-tables b created"]);
    let events = bench.journal.events().unwrap();
    assert_eq!(events.iter().filter(|e| matches!(e, Event::ObjectDone { .. })).count(), 3);
}

#[tokio::test]
async fn a_script_of_several_statements_that_broke_off_is_not_taken_for_done() {
    let mut bench = Bench::new("plan_half");
    bench.table("a", "id int primary key");
    bench.write();
    bench.edit(
        "20-tables/{schema}/a.sql",
        "primary key);",
        "primary key);\nINSERT INTO a VALUES (1), (1);",
    );
    let results = bench.apply(&[Part::Schemas, Part::Tables]).await;
    let fault = results[1].fault().unwrap().to_string();
    assert!(
        fault.contains("execute statement 2 of 2 of its script (INSERT INTO a VALUES ("),
        "{fault}"
    );
    let results = bench.apply(&[Part::Tables]).await;
    let fault = results[0].fault().unwrap();
    assert_eq!(fault.code, ErrorCode::ScriptFailed);
    assert!(fault.what.contains("inside its 2 statements"), "{fault}");
    bench.edit("20-tables/{schema}/a.sql", "(1), (1)", "(1), (2)");
    bench.sql("DROP TABLE a");
    assert_eq!(word(&bench.apply(&[Part::Tables]).await[0]), "20-tables a created");
    assert_eq!(bench.sql("SELECT COUNT(*) FROM a").trim(), "2");
    assert_eq!(word(&bench.apply(&[Part::Tables]).await[0]), "20-tables a there");
}

#[tokio::test]
async fn only_missing_indexes_are_added() {
    let mut bench = Bench::new("plan_index");
    bench.table("a", "id int primary key, x int, y int");
    bench.add(
        Part::Indexes,
        ObjectKind::Table,
        "a",
        "ALTER TABLE a ADD KEY x (x), ADD KEY `y k` (y), ADD FULLTEXT KEY ft (z);",
    );
    bench.write();
    bench.apply(&[Part::Schemas, Part::Tables]).await;
    bench.sql("ALTER TABLE a ADD COLUMN z text, ADD KEY X (x)");
    assert_eq!(word(&bench.apply(&[Part::Indexes]).await[0]), "30-indexes a created");
    let names = bench.sql("SELECT GROUP_CONCAT(DISTINCT index_name ORDER BY index_name) FROM information_schema.statistics WHERE table_schema = DATABASE()");
    assert_eq!(names.trim(), "ft,PRIMARY,X,y k");
    assert_eq!(word(&bench.apply(&[Part::Indexes]).await[0]), "30-indexes a there");
}

#[tokio::test]
async fn views_that_need_each_other_are_made_in_passes() {
    let mut bench = Bench::new("plan_views");
    bench.add(Part::Views, ObjectKind::View, "a", "CREATE VIEW a AS SELECT * FROM b;");
    bench.add(Part::Views, ObjectKind::View, "b", "CREATE VIEW b AS SELECT * FROM c;");
    bench.add(Part::Views, ObjectKind::View, "c", "CREATE VIEW c AS SELECT 1 AS one;");
    bench.add(Part::Views, ObjectKind::View, "d", "CREATE VIEW d AS SELECT * FROM nowhere;");
    bench.write();
    let words = bench.words().await;
    let expected = [
        "60-views a created",
        "60-views b created",
        "60-views c created",
        "60-views d failed: SL0502",
    ];
    assert_eq!(words[1..], expected);
}

#[tokio::test]
async fn a_name_taken_by_another_kind_is_told() {
    let mut bench = Bench::new("plan_taken");
    bench.table("a", "id int primary key");
    bench.write();
    bench.apply(&[Part::Schemas]).await;
    bench.sql("CREATE VIEW a AS SELECT 1 AS one");
    let results = bench.apply(&[Part::Tables]).await;
    let fault = results[0].fault().unwrap().to_string();
    assert!(fault.contains("its name is taken by a view of the target"), "{fault}");
}

#[tokio::test]
async fn skipped_scripts_are_left_alone_and_letters_are_not_misread() {
    let mut bench = Bench::new("plan_skip");
    bench.table("a", "id int primary key").table("b", "id int primary key");
    let say = |charset: &str| {
        format!("SET character_set_client = {charset};\n\nCREATE VIEW v AS SELECT 'é' AS e;")
    };
    bench.add(Part::Views, ObjectKind::View, "v", &say("latin1"));
    bench.write();
    bench.edit("20-tables/{schema}/b.sql", "state generated", "state skip");
    let results = bench.apply(&Part::ALL).await;
    assert_eq!(word(&results[2]), "20-tables b skipped: its script says skip");
    let fault = results[3].fault().unwrap().to_string();
    assert!(
        fault.contains("holds letters beyond ASCII, but sets character_set_client = latin1"),
        "{fault}"
    );
    bench.edit("60-views/{schema}/v.sql", "latin1", "utf8mb4");
    assert_eq!(word(&bench.apply(&[Part::Views]).await[0]), "60-views v created");
    assert_eq!(bench.sql("SELECT HEX(e) FROM v").trim(), "C3A9");
}

#[tokio::test]
async fn what_an_edited_script_sets_does_not_reach_the_next_one() {
    let mut bench = Bench::new("plan_reset");
    bench.table("a", "id int primary key").add(
        Part::Views,
        ObjectKind::View,
        "v",
        "CREATE VIEW v AS SELECT 1 AS one;",
    );
    bench.add(Part::Views, ObjectKind::View, "w", "CREATE VIEW w AS SELECT \"x\" AS x;");
    bench.write();
    bench.edit(
        "60-views/{schema}/v.sql",
        "SET NAMES utf8mb4;",
        "SET NAMES utf8mb4;\nSET sql_mode = 'ANSI_QUOTES';",
    );
    let words = bench.words().await;
    assert_eq!(words[2..], ["60-views v created", "60-views w created"]);
}

#[tokio::test]
async fn names_of_every_odd_kind_are_made_and_found_again() {
    let mut bench = Bench::new("plan`names. 表");
    let names = [
        "select",
        "a`b",
        "c.d e",
        "$x",
        "Ünïcode 表",
        "it's \"q\"",
        "back\\slash",
        "semi;colon",
        "-- c",
        "/* c",
        "per%cent",
        "line\nend",
        "a/b",
    ];
    let longest = "ö".repeat(64);
    for name in names.into_iter().chain([longest.as_str()]) {
        bench.table(name, "id int primary key");
        let quoted = quote(name);
        bench.add(
            Part::Indexes,
            ObjectKind::Table,
            name,
            &format!("ALTER TABLE {quoted} ADD KEY {quoted} (id);"),
        );
        let procedure =
            format!("DELIMITER //\nCREATE PROCEDURE {quoted}() BEGIN SELECT 1; END//\nDELIMITER ;");
        bench.add(Part::Routines, ObjectKind::Procedure, name, &procedure);
    }
    bench.write();
    let first = bench.words().await;
    assert!(first.iter().all(|word| word.ends_with(" created")), "{first:#?}");
    let again = bench.words().await;
    assert!(again.iter().all(|word| word.ends_with(" there")), "{again:#?}");
}

#[tokio::test]
async fn a_stop_is_obeyed_between_scripts() {
    let mut bench = Bench::new("plan_stop");
    bench.table("a", "id int primary key");
    bench.write();
    let plan = Plan::read(&bench.folder).unwrap();
    let stop = Stop::new();
    stop.request();
    let applier = Applier {
        target: &bench.target,
        definers: None,
        plan: &plan,
        small: None,
        journal: &bench.journal,
        progress: &Progress::default(),
        probe: &Probe::none(),
        stop: &stop,
        clock: &Clock::of_machine(),
    };
    assert_eq!(applier.apply(&Part::ALL).await.unwrap_err().code, ErrorCode::Interrupted);
}

#[tokio::test]
async fn a_small_tables_indexes_are_made_with_it() {
    let mut bench = Bench::new("plan_small");
    let keys = "ALTER TABLE a\n  ADD KEY x (x DESC),\n  ADD UNIQUE KEY y (x, id);";
    bench
        .table("a", "id int primary key, x int")
        .add(Part::Indexes, ObjectKind::Table, "a", keys)
        .table("big", "id int primary key, x int")
        .add(Part::Indexes, ObjectKind::Table, "big", "ALTER TABLE big ADD KEY x (x);");
    bench.write();
    bench.small = [QualifiedName::new(&bench.schema, "a")].into_iter().collect();
    let results = bench.apply(&[Part::Schemas, Part::Tables]).await;
    let words: Vec<_> = results.iter().skip(1).map(word).collect();
    assert_eq!(words, ["20-tables a created", "30-indexes a created", "20-tables big created"]);
    let indexes = "SELECT table_name, index_name, seq_in_index, collation FROM \
                   information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3";
    let made = bench.sql(indexes);
    assert!(made.contains("a\tx\t1\tD\na\ty\t1\tA\na\ty\t2"), "{made}");
    assert!(!made.contains("big\tx"), "{made}");
    let events = bench.journal.events().unwrap();
    for event in [
        Event::ObjectBegun { step: bench.step(Part::Indexes, "a") },
        Event::ObjectDone { step: bench.step(Part::Indexes, "a") },
    ] {
        assert_eq!(events.iter().filter(|e| **e == event).count(), 1, "{event:?}");
    }
    let words = bench.words().await;
    let last: Vec<_> = words.iter().skip(1).collect();
    assert_eq!(
        last,
        [
            "20-tables a there",
            "20-tables big there",
            "30-indexes a there",
            "30-indexes big created"
        ]
    );
}

#[tokio::test]
async fn a_small_tables_index_that_is_refused_fails_alone() {
    let mut bench = Bench::new("plan_small_refused");
    bench
        .table("a", "id int primary key")
        .add(Part::Indexes, ObjectKind::Table, "a", "ALTER TABLE a ADD KEY x (missing);")
        .table("b", "id wrong")
        .add(Part::Indexes, ObjectKind::Table, "b", "ALTER TABLE b ADD KEY x (id);");
    bench.write();
    bench.small = ["a", "b"].iter().map(|name| QualifiedName::new(&bench.schema, *name)).collect();
    let results = bench.apply(&Part::ALL).await;
    let words: Vec<_> = results.iter().skip(1).map(word).collect();
    assert_eq!(words[..2], ["20-tables a created", "20-tables b failed: SL0502"]);
    assert_eq!(words[2], "30-indexes a failed: SL0502");
    let remedy = results[3].fault().unwrap().remedy();
    assert!(remedy.starts_with("edit 30-indexes/"), "{remedy}");
    // An edit takes the index script out of the pair.
    bench.edit("30-indexes/{schema}/a.sql", "missing", "id");
    assert!(bench.words().await.contains(&"30-indexes a created".to_owned()));
}

#[tokio::test]
async fn a_kill_between_a_small_table_and_its_indexes_loses_neither() {
    let mut bench = Bench::new("plan_small_kill");
    bench
        .table("a", "id int primary key")
        .add(Part::Indexes, ObjectKind::Table, "a", "ALTER TABLE a ADD KEY x (id);")
        .table("b", "id int primary key")
        .add(Part::Indexes, ObjectKind::Table, "b", "ALTER TABLE b ADD KEY x (id);");
    bench.write();
    bench.small = ["a", "b"].iter().map(|name| QualifiedName::new(&bench.schema, *name)).collect();
    bench.apply(&[Part::Schemas]).await;
    // As if killed when the target had made `a` with its index, and `b` alone.
    for (part, name) in
        [(Part::Tables, "a"), (Part::Indexes, "a"), (Part::Tables, "b"), (Part::Indexes, "b")]
    {
        bench.journal.record(&Event::ObjectBegun { step: bench.step(part, name) }).unwrap();
    }
    bench.sql(
        "CREATE TABLE a (id int primary key, KEY x (id)); CREATE TABLE b (id int primary key)",
    );
    let words = bench.words().await;
    let last: Vec<_> = words.iter().skip(1).collect();
    assert_eq!(
        last,
        ["20-tables a there", "20-tables b there", "30-indexes a there", "30-indexes b created"]
    );
}

#[tokio::test]
async fn a_view_that_reads_what_is_left_out_is_skipped_and_says_so() {
    let mut bench = Bench::new("plan_view_left_out");
    bench
        .table("gone", "id int primary key")
        .table("kept", "id int primary key")
        .add(Part::Views, ObjectKind::View, "one", "CREATE VIEW one AS SELECT id FROM gone;")
        .add(Part::Views, ObjectKind::View, "two", "CREATE VIEW two AS SELECT id FROM one;")
        .add(Part::Views, ObjectKind::View, "three", "CREATE VIEW three AS SELECT id FROM kept;");
    let name = |name: &str| QualifiedName::new(&bench.schema, name);
    let reads = [("one", name("gone")), ("two", name("one")), ("three", name("kept"))];
    for step in &mut bench.steps {
        let read = reads.iter().find(|(own, _)| *own == step.target.name);
        step.reads.extend(read.map(|(_, read)| read.clone()));
    }
    bench.write();
    bench.edit("20-tables/{schema}/gone.sql", "state generated", "state skip");
    let words = bench.words().await;
    let schema = &bench.schema;
    let expected = [
        "20-tables gone skipped: its script says skip".to_owned(),
        "20-tables kept created".to_owned(),
        format!("60-views one skipped: it reads `{schema}`.`gone`, which is left out"),
        format!("60-views two skipped: it reads `{schema}`.`one`, which is left out"),
        "60-views three created".to_owned(),
    ];
    assert_eq!(words.get(1..), Some(&expected[..]));
    // A person who makes the table by hand gets the views.
    bench.sql("CREATE TABLE gone (id int primary key)");
    let words = bench.words().await;
    assert_eq!(words.iter().filter(|word| word.ends_with(" created")).count(), 2, "{words:#?}");
}
