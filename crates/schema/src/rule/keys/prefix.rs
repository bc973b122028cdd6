//! An index takes so many bytes of a row and no more; row formats differ in how many.

use crate::catalog::{KeyKind, KeyPart};
use crate::column::{Column, ColumnType};
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "index-too-wide",
    title: "Indexes wider than the target takes",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT table_schema, table_name, index_name FROM information_schema.statistics GROUP BY 1, 2, 3",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/innodb-limits.html",
    judge,
};

/// Bytes of one column in an index, for the row format DYNAMIC.
const PART_MAX: u64 = 3_072;

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for table in case.tables() {
        for key in table.keys.iter().filter(|key| {
            !matches!(key.kind, KeyKind::FullText | KeyKind::Spatial | KeyKind::Vector)
        }) {
            for part in &key.parts {
                let KeyPart::Column { name, prefix, .. } = part else { continue };
                let Some(column) = table.column(name) else { continue };
                let width = width(column, *prefix);
                if width > PART_MAX {
                    let what = format!(
                        "{} takes {width} bytes of it, InnoDB takes {PART_MAX}",
                        quote(name)
                    );
                    found.push(
                        Found::blocks(Thing::part_of(&table.name, "index", &key.name), what)
                            .on_source_with_thought(format!(
                                "ALTER TABLE {} DROP INDEX {}, ADD {}INDEX {} ({}(768))",
                                table.name,
                                quote(&key.name),
                                if key.kind == KeyKind::Unique { "UNIQUE " } else { "" },
                                quote(&key.name),
                                quote(name)
                            )),
                    );
                }
            }
        }
    }
    Ok(found)
}

fn width(column: &Column, prefix: Option<u32>) -> u64 {
    let declared =
        column.type_text.split(['(', ')']).nth(1).and_then(|text| text.parse::<u64>().ok());
    let per_character = match column.charset.as_deref() {
        Some("utf8mb4" | "utf16" | "utf32" | "gb18030") => 4,
        Some("utf8mb3" | "utf8" | "eucjpms" | "ujis") => 3,
        _ => 1,
    };
    let length = || prefix.map(u64::from).or(declared).unwrap_or_default();
    if matches!(column.kind, ColumnType::Char | ColumnType::VarChar | ColumnType::Text) {
        return length() * per_character;
    }
    let is_bytes =
        matches!(column.kind, ColumnType::Binary | ColumnType::VarBinary | ColumnType::Blob);
    if is_bytes { length() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::catalog::{KeyKind, KeyPart};
    use crate::rule::bench::{Bench, column, key};

    #[test]
    fn bytes_are_counted_by_character_set_and_prefix() {
        let with = |kind: &str, length: Option<u32>| {
            Bench::clean().with_table("shop", "t", |table| {
                table.columns.push(column("c", kind));
                let mut own = key(KeyKind::Plain, "k", &["c"]);
                if let KeyPart::Column { prefix, .. } = &mut own.parts[0] {
                    *prefix = length;
                }
                table.keys.push(own);
            })
        };
        assert_eq!(with("varchar(768)", None).levels(&CHECK), "");
        assert_eq!(with("varchar(1000)", None).levels(&CHECK), "1 blocks");
        assert_eq!(with("text", Some(100)).levels(&CHECK), "");
        assert_eq!(with("varbinary(3072)", None).levels(&CHECK), "");
    }
}
