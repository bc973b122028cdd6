//! Is the target the same? Asked of `mysqldump` and `CHECKSUM TABLE`, beside sealift's own verify.

use crate::oracle::{self, Comparison};
use crate::server::{Kind, Server};

/// Whether a table of types can be carried exactly while it is written to and servers restart (`docs/limits.md`).
pub(super) fn comparable(kind: Kind, table: &str) -> bool {
    // The server prints no definition of it; its JSON has no text; a restart or a kill changes its rows without
    // a log; its rows are told apart by values that are equal.
    const NOT_CARRIED: [&str; 5] =
        ["enum_odd", "json_opaque", "engine_memory", "engine_myisam", "mariadb_aria"];
    // JSON is text there, and gets MySQL's form.
    let is_text = kind.is_mariadb() && table.starts_with("json");
    !NOT_CARRIED.contains(&table) && !is_text
}

/// Compares a schema.
pub(super) fn same(source: &Server, target: &Server, schema: &str) -> Result<(), String> {
    let mut comparison = Comparison::of([schema]);
    if source.kind().is_mariadb() {
        // Its dump writes generated columns, which verify compares.
        for table in ["generated_columns", "mariadb_options"] {
            comparison = comparison.without(schema, table);
        }
    }
    none(&comparison.row_differences(source, target))?;
    if source.kind() != Kind::MySql {
        // Its checksums are others.
        return Ok(());
    }
    let tables = checksummed(target, schema);
    let [left, right] = [source, target].map(|server| oracle::checksums(server, schema, &tables));
    let differing = |(table, sum): (&String, &String)| {
        (right.get(table) != Some(sum)).then(|| format!("{schema}.{table}"))
    };
    let differing: Vec<String> = left.iter().filter_map(differing).collect();
    if differing.is_empty() {
        Ok(())
    } else {
        Err(format!("CHECKSUM TABLE differs for {}", differing.join(", ")))
    }
}

/// No differences are fine.
pub(super) fn none(differences: &[String]) -> Result<(), String> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("mysqldump sees differences:\n{}", differences.join("\n")))
}

/// Tables without a key of the target's own making: that would be in the sum.
fn checksummed(target: &Server, schema: &str) -> Vec<String> {
    let names = target.sql(format!(
        "SELECT table_name FROM information_schema.tables t WHERE table_schema = '{schema}' \
           AND table_type = 'BASE TABLE' AND NOT EXISTS (SELECT * FROM information_schema.columns c \
             WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name \
               AND c.column_name = 'my_row_id')"
    ));
    names.lines().map(str::to_owned).collect()
}
