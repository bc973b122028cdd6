//! A row that fits one server's page may not fit the other's: the table is then refused when it is made.

use crate::column::{Column, ColumnType};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "row-size",
    title: "Rows that may not fit a page",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, COUNT(*) FROM information_schema.columns GROUP BY 1, 2 HAVING COUNT(*) > 190",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/column-count-limit.html",
    judge,
};

/// What half of a 16 KiB page holds of a row.
const ROW_MAX: u64 = 8_126;
/// What stays in the page of a long value with the row format DYNAMIC.
const POINTER: u64 = 40;

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.tables().filter_map(|table| {
        let size: u64 = table.columns.iter().map(inline).sum();
        (size > ROW_MAX).then(|| {
            let what = format!("{} columns take at least {size} bytes in a page that takes {ROW_MAX}: with innodb_strict_mode the table may be refused", table.columns.len());
            Found::warns(Thing::table(&table.name), what).advise("make long columns TEXT, or split the table")
        })
    });
    Ok(found.collect())
}

/// The least a column takes in the page when its values are long.
fn inline(column: &Column) -> u64 {
    let declared = || {
        let digits = column
            .type_text
            .split(['(', ')', ','])
            .nth(1)
            .and_then(|text| text.trim().parse::<u64>().ok());
        digits.unwrap_or(1)
    };
    let per_character = match column.charset.as_deref() {
        Some("utf8mb4" | "utf16" | "utf32" | "gb18030") => 4,
        Some("utf8mb3" | "utf8" | "eucjpms" | "ujis") => 3,
        _ => 1,
    };
    match column.kind {
        ColumnType::TinyInt | ColumnType::Year => 1,
        ColumnType::SmallInt => 2,
        ColumnType::MediumInt | ColumnType::Date | ColumnType::Time => 3,
        ColumnType::Int | ColumnType::Float | ColumnType::Timestamp | ColumnType::Inet => 4,
        ColumnType::BigInt
        | ColumnType::Double
        | ColumnType::DateTime
        | ColumnType::Bit
        | ColumnType::Set => 8,
        ColumnType::Enum => 2,
        ColumnType::Uuid => 16,
        ColumnType::Decimal => declared() / 2 + 1,
        ColumnType::Char | ColumnType::Binary => match declared() * per_character {
            // A long CHAR of several bytes per character is stored like a VARCHAR.
            long if long > 768 => POINTER,
            short => short,
        },
        ColumnType::VarChar | ColumnType::VarBinary => (declared() * per_character).min(POINTER),
        ColumnType::Text
        | ColumnType::Blob
        | ColumnType::Json
        | ColumnType::Geometry
        | ColumnType::Vector
        | ColumnType::Unknown => POINTER,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn many_long_columns_are_told() {
        let of = |count: usize, kind: &str| {
            Bench::clean().with_table("shop", "t", |table| {
                table.columns.extend((0..count).map(|at| column(&format!("c{at}"), kind)));
            })
        };
        assert_eq!(of(100, "varchar(255)").levels(&CHECK), "");
        assert_eq!(of(210, "varchar(255)").levels(&CHECK), "1 warns");
        assert_eq!(of(40, "char(60)").levels(&CHECK), "1 warns");
        assert_eq!(of(1000, "bigint").levels(&CHECK), "");
    }
}
