//! A small assessment for the tests of its forms.

use sealift_schema::facts::Side;
use sealift_schema::rule::{
    Assessment, Care, CheckResult, Estimate, FORMAT, Figure, Fix, Found, Grade, Hand, Level, Mode,
    NotChecked, SchemaResult, ServerSaid, Standing, Unit, Way, Ways,
};

fn check(id: &str, title: &str, standing: Standing, findings: Vec<Found>) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        topic: "tables".to_owned(),
        title: title.to_owned(),
        mode: Mode::All,
        standing,
        not_checked: None,
        findings,
        sql: vec!["-- on the source\nSELECT 1".to_owned()],
        link: "https://dev.mysql.com/".to_owned(),
    }
}

fn found(level: Level, object: &str, what: &str, fixes: Vec<Fix>) -> Found {
    Found {
        level,
        mode: Mode::All,
        object: object.to_owned(),
        schema: Some("shop".to_owned()),
        what: what.to_owned(),
        fixes,
        accepted: None,
    }
}

/// A statement, a command with the way back, a key of the configuration.
fn fixes() -> [Fix; 3] {
    let sql = Fix {
        by: Hand::SourceAdmin,
        care: Care::Thought,
        text: "ALTER TABLE `shop`.`log` ADD PRIMARY KEY (id)".to_owned(),
        revert: None,
    };
    let set = |value: &str| {
        format!(
            "az mysql flexible-server parameter set --resource-group RG --server-name SERVER --name local_infile --value '{value}'"
        )
    };
    let azure =
        Fix { by: Hand::Azure, care: Care::Safe, text: set("ON"), revert: Some(set("OFF")) };
    let exclude = Fix {
        by: Hand::Operator,
        care: Care::Safe,
        text: "[select] exclude = [\"table:shop.log\"]".to_owned(),
        revert: None,
    };
    [sql, azure, exclude]
}

fn schema(name: &str, bytes: u64) -> SchemaResult {
    SchemaResult {
        name: name.to_owned(),
        grade: Grade::ReadyWithConditions,
        tables: 2,
        programs: 1,
        rows: 1_000,
        data_bytes: bytes,
        index_bytes: bytes / 4,
    }
}

/// Two findings with fixes, a check that could not look, a name that looks like markup.
pub(super) fn assessment() -> Assessment {
    let said = |platform: &str, account: &str| ServerSaid {
        platform: platform.to_owned(),
        version: "MySQL 8.4.5".to_owned(),
        account: account.to_owned(),
    };
    let open = || Way { open: true, because: Vec::new() };
    let [sql, azure, exclude] = fixes();
    let mut denied =
        check("prepared-xa", "Prepared XA transactions", Standing::NotChecked, Vec::new());
    denied.not_checked = Some(NotChecked::Privilege {
        side: Side::Source,
        grant: "GRANT XA_RECOVER_ADMIN ON *.* TO 'reader'@'%'".to_owned(),
        schemas: Vec::new(),
    });
    let table = "table `shop`.`log`";
    Assessment {
        format: FORMAT,
        source: said("MySQL", "reader@%"),
        target: said("Azure Database for MySQL", "admin@%"),
        profile: None,
        grade: Grade::ReadyWithConditions,
        ways: Ways { offline: open(), online: open(), physical_import: open() },
        schemas: vec![schema("<script>alert(1)</script>", 4 << 30), schema("shop", 1 << 30)],
        checks: vec![
            check(
                "no-primary-key",
                "Tables without a primary key",
                Standing::Warns,
                vec![
                    found(Level::Warns, table, "no primary key", vec![sql.clone(), exclude]),
                    found(
                        Level::Notes,
                        "table `shop`.`b`",
                        "told apart by a unique key",
                        vec![sql],
                    ),
                ],
            ),
            check(
                "local-infile",
                "LOAD DATA LOCAL on the target",
                Standing::Warns,
                vec![found(
                    Level::Warns,
                    "variable local_infile of the target",
                    "it is OFF",
                    vec![azure],
                )],
            ),
            denied,
        ],
        estimates: vec![
            Estimate {
                id: "bytes-to-move".to_owned(),
                about: "rows to move".to_owned(),
                unit: Unit::Bytes,
                figure: Figure::Known {
                    amount: 3 << 29,
                    basis: "statistics of 2 tables".to_owned(),
                },
            },
            Estimate {
                id: "copy-time".to_owned(),
                about: "copying the rows".to_owned(),
                unit: Unit::Milliseconds,
                figure: Figure::NotKnown { not_known: "nothing was measured".to_owned() },
            },
        ],
        idle_acceptances: Vec::new(),
    }
}
