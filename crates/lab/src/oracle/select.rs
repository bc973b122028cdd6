//! The rows of a schema by plain queries, where no dump program speaks to both servers.

use std::collections::BTreeMap;

use crate::server::Server;

/// The rows of all tables, a line each: the table's name and its values, columns in the order of their names. Bytes as
/// digits, numbers and times as text.
///
/// # Panics
/// When the server refuses a query.
pub(super) fn rows(server: &Server, schema: &str, left_out: &[String]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for (table, mut columns) in tables(server, schema) {
        if left_out.contains(&table) {
            continue;
        }
        columns.sort_unstable();
        let values: Vec<String> = columns.iter().map(|(name, kind)| value(name, kind)).collect();
        let script = format!(
            "SET time_zone = '+00:00'; SELECT '{table}', {} FROM {}.{}",
            values.join(", "),
            quoted(schema),
            quoted(&table)
        );
        let answer = server.client().try_run_bytes(script);
        let answer = answer.unwrap_or_else(|said| panic!("rows of {schema}.{table}: {said}"));
        let rows = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.extend(rows.map(<[u8]>::to_vec));
    }
    lines
}

/// The columns of each table with their types, without those of the target's own making.
fn tables(server: &Server, schema: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let answer = server.sql(format!(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE c.table_schema = '{schema}' AND t.table_type = 'BASE TABLE' AND c.column_name <> 'my_row_id'"
    ));
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in answer.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let [table, column, kind] = words[..] else { panic!("{line:?} is not three words") };
        tables.entry(table.to_owned()).or_default().push((column.to_owned(), kind.to_owned()));
    }
    tables
}

/// What shows every bit of a value, whatever the version.
fn value(column: &str, kind: &str) -> String {
    const AS_TEXT: [&str; 11] = [
        "tinyint",
        "smallint",
        "mediumint",
        "int",
        "bigint",
        "decimal",
        "date",
        "time",
        "datetime",
        "timestamp",
        "year",
    ];
    let column = quoted(column);
    match kind {
        // A FLOAT's own text has six digits.
        "float" | "double" => format!("{column} + 0e0"),
        "bit" => format!("HEX({column} + 0)"),
        "enum" | "set" => format!("CONCAT({column} + 0, '=', HEX({column}))"),
        kind if AS_TEXT.contains(&kind) => column,
        _bytes => format!("HEX({column})"),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
