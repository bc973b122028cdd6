//! Azure stores tables in InnoDB only; other engines promise other things.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "engine",
    title: "Storage engines the target does not use",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT table_schema, table_name, engine FROM information_schema.tables \
         WHERE table_type = 'BASE TABLE' AND engine NOT IN ('InnoDB', 'MEMORY')",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations#storage-engines",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let has = |engine: &str| {
        case.target.facts.engines.iter().any(|known| known.eq_ignore_ascii_case(engine))
    };
    let disabled = case.target.variable("disabled_storage_engines").to_lowercase();
    let is_off =
        |engine: &str| disabled.split(',').any(|off| off.trim().eq_ignore_ascii_case(engine));
    let found = case.tables().filter_map(|table| {
        let engine = table.engine.as_str();
        let thing = Thing::table(&table.name);
        match engine.to_lowercase().as_str() {
            "innodb" | "memory" | "" => None,
            "federated" | "connect" | "spider" => Some(
                Found::blocks(thing, format!("{engine}: its rows lie on another server"))
                    .advise("load its rows into a table of their own, or exclude it"),
            ),
            "blackhole" | "ndbcluster" | "ndb" | "mrg_myisam" | "sphinx" | "columnstore"
            | "oqgraph" | "s3" => Some(
                Found::blocks(thing, format!("{engine}: InnoDB keeps no table of this kind"))
                    .advise("make it a table of InnoDB or a view, or exclude it"),
            ),
            _ if !has(engine) || is_off(engine) => Some(
                Found::warns(
                    thing,
                    format!("{engine} on the source, InnoDB on the target{}", effect(engine)),
                )
                .on_source_with_thought(format!("ALTER TABLE {} ENGINE = InnoDB", table.name)),
            ),
            _ => None,
        }
    });
    Ok(found.collect())
}

/// What an application notices when its table becomes InnoDB's.
fn effect(engine: &str) -> &'static str {
    match engine.to_lowercase().as_str() {
        "myisam" | "aria" => {
            ": COUNT(*) reads the table, full-text searches rank otherwise, and the copy locks it"
        }
        "csv" => ": its file can no longer be read from outside",
        "archive" => ": it takes several times the space",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn engines_are_judged_by_what_becomes_of_their_tables() {
        for (engine, azure, stock) in [
            ("InnoDB", "", ""),
            ("MEMORY", "", ""),
            ("MyISAM", "1 warns", ""),
            ("Aria", "1 warns", "1 warns"),
            ("ARCHIVE", "1 warns", ""),
            ("FEDERATED", "1 blocks", "1 blocks"),
            ("MRG_MYISAM", "1 blocks", "1 blocks"),
            ("BLACKHOLE", "1 blocks", "1 blocks"),
        ] {
            let bench =
                Bench::clean().with_table("shop", "t", |table| table.engine = engine.into());
            assert_eq!(bench.levels(&CHECK), azure, "{engine}");
            assert_eq!(bench.clone().to("mysql-8.4").levels(&CHECK), stock, "{engine}");
        }
    }
}
