//! Display widths, `ZEROFILL` and `FLOAT(M,D)` are deprecated: a later version forgets them.

use crate::column::ColumnType;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "deprecated-number-form",
    title: "ZEROFILL, display widths and FLOAT(M,D)",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "SELECT table_schema, table_name, column_name, column_type FROM information_schema.columns \
         WHERE column_type LIKE '%zerofill%' OR column_type REGEXP '^(float|double)\\\\([0-9]+,[0-9]+\\\\)'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/numeric-type-attributes.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.columns().filter_map(|(table, column)| {
        let kind = column.type_text.to_lowercase();
        let is_pair =
            matches!(column.kind, ColumnType::Float | ColumnType::Double) && kind.contains(',');
        (kind.contains("zerofill") || is_pair).then(|| {
            let what = format!("{kind}: carried as it is; deprecated since MySQL 8.0.17");
            Found::notes(Thing::column(table, column), what)
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn old_forms_are_named() {
        let with = |kind: &str| {
            let change = |table: &mut crate::catalog::Table| table.columns.push(column("c", kind));
            Bench::clean().with_table("shop", "t", change).levels(&CHECK)
        };
        assert_eq!(with("int(4) unsigned zerofill"), "1 notes");
        assert_eq!(with("float(7,4)"), "1 notes");
        assert_eq!(with("int(11)"), "");
        assert_eq!(with("decimal(9,2)"), "");
    }
}
