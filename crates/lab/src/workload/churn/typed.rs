//! Writes of values of all types: each comes from a spare table that holds the values at which migrations break.

use rand::Rng;
use rand::rngs::StdRng;

use crate::server::{Kind, Server};

/// A table of all types that the application writes to.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// Schema and name.
    name: String,
    /// Where its values come from.
    spare: String,
    /// The columns that can be written.
    columns: Vec<String>,
}

/// The schema the values come from.
pub(super) fn spare(schema: &str) -> String {
    format!("{schema}_spare")
}

/// Reads which of the schema's tables have a spare one.
pub(super) fn tables(server: &Server, schema: &str) -> Vec<Typed> {
    let spare = spare(schema);
    // A server that computes no columns cannot say which they are.
    let written = if server.kind() == Kind::MySql5_6 {
        ""
    } else {
        "AND COALESCE(generation_expression, '') = ''"
    };
    let answer = server.sql(format!(
        "SET SESSION group_concat_max_len = 1000000; \
         SELECT table_name, GROUP_CONCAT(CONCAT('`', REPLACE(column_name, '`', '``'), '`') \
           ORDER BY ordinal_position SEPARATOR '\\t') \
         FROM information_schema.columns WHERE table_schema = '{spare}' \
           {written} GROUP BY table_name ORDER BY HEX(table_name)"
    ));
    let table = |line: &str| {
        let (name, columns) = line.split_once('\t')?;
        let name = name.replace('`', "``");
        Some(Typed {
            name: format!("`{schema}`.`{name}`"),
            spare: format!("`{spare}`.`{name}`"),
            columns: columns.split('\t').map(str::to_owned).collect(),
        })
    };
    answer.lines().filter_map(table).collect()
}

/// Rows come, change or go. IGNORE: what does not fit is bent by the server or left.
pub(super) fn statement(random: &mut StdRng, tables: &[Typed]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let Typed { name, spare, columns } = &tables[random.random_range(0..tables.len())];
    let (one, other) = (random.random::<u16>(), random.random::<u16>());
    let statement = match random.random_range(0..5) {
        0 | 1 => {
            let columns = columns.join(", ");
            format!(
                "REPLACE INTO {name} ({columns}) SELECT {columns} FROM {spare} ORDER BY RAND({one}) LIMIT 4"
            )
        }
        2 | 3 => {
            let column = &columns[random.random_range(0..columns.len())];
            format!(
                "UPDATE IGNORE {name} SET {column} = (SELECT {column} FROM {spare} \
                 ORDER BY RAND({one}) LIMIT 1) ORDER BY RAND({other}) LIMIT 3"
            )
        }
        _ => format!("DELETE FROM {name} ORDER BY RAND({one}) LIMIT 2"),
    };
    format!("{statement};\n")
}
