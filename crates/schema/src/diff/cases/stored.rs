//! Differences of views, routines, triggers and events.

use super::*;

/// A catalog with one stored object, and what is said of it.
fn stored_differences(
    kind: ObjectKind,
    script: &str,
    found: &str,
    under: &CreatedUnder,
    found_under: &CreatedUnder,
) -> Vec<String> {
    let name = QualifiedName::new("s", "o");
    let owned = |text: &str| text.to_owned();
    let (facts_source, facts_target) = (facts(MYSQL), facts(MYSQL));
    let mut actual = Catalog::default();
    let view = |create_sql: &str| View {
        name: name.clone(),
        definer: owned("a@b"),
        create_sql: owned(create_sql),
        created_under: found_under.clone(),
        columns: Vec::new(),
        reads: Vec::new(),
        broken: None,
    };
    let trigger = |create_sql: &str| Trigger {
        name: name.clone(),
        table: QualifiedName::new("s", "t"),
        definer: owned("a@b"),
        timing: owned("BEFORE"),
        event: owned("INSERT"),
        action_order: 1,
        create_sql: owned(create_sql),
        created_under: found_under.clone(),
    };
    let routine = |create_sql: &str| Routine {
        name: name.clone(),
        kind: RoutineKind::Function,
        definer: owned("a@b"),
        create_sql: Some(owned(create_sql)),
        created_under: found_under.clone(),
    };
    let event = |create_sql: &str| Event {
        name: name.clone(),
        definer: owned("a@b"),
        enabled: false,
        create_sql: owned(create_sql),
        created_under: found_under.clone(),
    };
    let (v, t, r, e) = (view(script), trigger(script), routine(script), event(script));
    let origin = match kind {
        ObjectKind::View => {
            actual.views.insert(name.clone(), view(found));
            Origin::View(&v)
        }
        ObjectKind::Trigger => {
            actual.triggers.insert(name.clone(), trigger(found));
            Origin::Trigger(&t)
        }
        ObjectKind::Event => {
            actual.events.insert(name.clone(), event(found));
            Origin::Event(&e)
        }
        ObjectKind::Schema | ObjectKind::Table | ObjectKind::Function | ObjectKind::Procedure => {
            actual.routines.insert((RoutineKind::Function, name.clone()), routine(found));
            Origin::Routine(&r)
        }
    };
    let expected = Expected {
        object: ObjectId::new(kind, name.clone()),
        origin,
        scripts: vec![script],
        made_under: Some(under.clone()),
    };
    let servers = Servers { source: &facts_source, target: &facts_target };
    said(&objects(&[expected], &actual, &servers))
}

fn under(sql_mode: &str) -> CreatedUnder {
    CreatedUnder {
        sql_mode: Some(sql_mode.to_owned()),
        charset_client: "utf8mb4".to_owned(),
        collation_connection: "utf8mb4_bin".to_owned(),
        time_zone: None,
    }
}

#[test]
fn definers_states_and_noise_of_stored_objects_are_no_difference() {
    for (kind, script, found) in [
        (
            ObjectKind::View,
            "CREATE ALGORITHM=MERGE DEFINER=`x`@`y` SQL SECURITY INVOKER VIEW `s`.`o` AS select `s`.`n`.`a` AS `a` from `s`.`t` `n` where (`s`.`n`.`b` = _utf8mb4'x')",
            "CREATE ALGORITHM=UNDEFINED DEFINER=`z`@`%` SQL SECURITY INVOKER VIEW `s`.`o` AS select `n`.`a` AS `a` from `s`.`t` `n` where (`n`.`b` = 'x')",
        ),
        (
            ObjectKind::Function,
            "CREATE DEFINER=`x`@`y` FUNCTION `s`.`o`(a INT(11)) RETURNS int(11)\n    DETERMINISTIC\n    COMMENT 'c'\nRETURN a -- why\n + 1",
            "CREATE DEFINER=`z`@`%` FUNCTION `o`(a INT(11)) RETURNS int\n    DETERMINISTIC\n    COMMENT 'c'\nRETURN a + 1",
        ),
        (
            ObjectKind::Trigger,
            "CREATE TRIGGER `s`.`o` BEFORE INSERT ON `s`.`t` FOR EACH ROW FOLLOWS `p` SET NEW.a = 1",
            "CREATE DEFINER=`z`@`%` TRIGGER `o` BEFORE INSERT ON `t` FOR EACH ROW set NEW.a = 1",
        ),
        (
            ObjectKind::Event,
            "CREATE EVENT `s`.`o` ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO DELETE FROM t",
            "CREATE DEFINER=`z`@`%` EVENT `o` ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE DO DELETE FROM t",
        ),
    ] {
        assert_eq!(
            stored_differences(kind, script, found, &under("A,B"), &under("B,A")),
            [""; 0],
            "{script}"
        );
    }
}

/// A definition, what is replaced in it, and by what.
const PLANTED_IN_TEXT: &[(ObjectKind, &str, &str, &str)] = &[
    (
        ObjectKind::View,
        "CREATE SQL SECURITY INVOKER VIEW `s`.`o` AS select `t`.`a` AS `a` from `s`.`t` where (`t`.`b` = 'x')",
        "'x'",
        "'y'",
    ),
    (
        ObjectKind::View,
        "CREATE SQL SECURITY INVOKER VIEW `s`.`o` AS select 1 AS `a`",
        "INVOKER",
        "DEFINER",
    ),
    (
        ObjectKind::View,
        "CREATE SQL SECURITY INVOKER VIEW `s`.`o` AS select `t`.`a` AS `a` from `s`.`t`",
        "`s`.`t`",
        "`r`.`t`",
    ),
    (
        ObjectKind::Function,
        "CREATE FUNCTION `s`.`o`(a INT) RETURNS int DETERMINISTIC RETURN a + 1",
        "+ 1",
        "+ 2",
    ),
    (
        ObjectKind::Function,
        "CREATE FUNCTION `s`.`o`(a INT) RETURNS int DETERMINISTIC RETURN 'a'",
        "'a'",
        "'A'",
    ),
    (
        ObjectKind::Function,
        "CREATE FUNCTION `s`.`o`(a INT) RETURNS int DETERMINISTIC RETURN a",
        "a INT",
        "a BIGINT",
    ),
    (
        ObjectKind::Function,
        "CREATE FUNCTION `s`.`o`(a INT) RETURNS int DETERMINISTIC RETURN a",
        "DETERMINISTIC",
        "READS SQL DATA",
    ),
    (
        ObjectKind::Trigger,
        "CREATE TRIGGER `s`.`o` BEFORE INSERT ON `s`.`t` FOR EACH ROW SET NEW.a = 1",
        "= 1",
        "= 2",
    ),
    (
        ObjectKind::Event,
        "CREATE EVENT `s`.`o` ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "EVERY 1",
        "EVERY 2",
    ),
    (
        ObjectKind::Event,
        "CREATE EVENT `s`.`o` ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "FROM t",
        "FROM u",
    ),
];

#[test]
fn every_planted_change_of_a_stored_object_is_found() {
    for &(kind, script, from, to) in PLANTED_IN_TEXT {
        let found = script.replacen(from, to, 1);
        assert_ne!(found, script);
        assert_eq!(
            stored_differences(kind, script, script, &under("A"), &under("A")),
            [""; 0],
            "{script}"
        );
        let differences = stored_differences(kind, script, &found, &under("A"), &under("A"));
        assert_eq!(differences.len(), 1, "{script}: {differences:?}");
    }
    let script = "CREATE FUNCTION `s`.`o`(a INT) RETURNS int DETERMINISTIC RETURN a";
    assert_eq!(
        stored_differences(ObjectKind::Function, script, script, &under("A"), &under("B")),
        ["function `s`.`o`, settings it was made under, sql_mode: A expected, B found"]
    );
}

#[test]
fn scripts_with_settings_around_the_statement_are_read_too() {
    let found = "CREATE DEFINER=`z`@`%` FUNCTION `o`() RETURNS int BEGIN SELECT 1; RETURN 2; END";
    let alone = "CREATE FUNCTION `s`.`o`() RETURNS int BEGIN SELECT 1; RETURN 2; END";
    let framed = format!(
        "-- sealift: function\nSET NAMES utf8mb4;\nUSE `s`;\nSET sql_mode = 'A';\nDELIMITER ;;\n{alone};;\nDELIMITER ;\n"
    );
    for script in [alone, &framed] {
        let said =
            stored_differences(ObjectKind::Function, script, found, &under("A"), &under("A"));
        assert_eq!(said, [""; 0], "{script}");
    }
    let table_script = format!("-- sealift: table\nUSE `s`;\n{FOUND};\n");
    assert_eq!(table_differences(MYSQL, &[&table_script], &table(FOUND, 7)), [""; 0]);
}
