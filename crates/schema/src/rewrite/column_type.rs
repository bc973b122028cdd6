//! MariaDB's own column types become the text MySQL can store exactly.
//!
//! `UUID` becomes `CHAR(36)`, `INET6` `VARCHAR(39)` and `INET4` `VARCHAR(15)`, all in ASCII: the text
//! MariaDB prints for a value is one to one with the value. They sort as text afterwards.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "column_type";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.mariadb_to_mysql() {
        return;
    }
    let mut edits = Vec::new();
    for column in draft.columns() {
        let (new, order) = match column.type_word.as_str() {
            "uuid" => ("char(36)", "MariaDB sorted it by its bytes, the target sorts it as text"),
            "inet6" => ("varchar(39)", "the target sorts it as text, not as an address"),
            "inet4" => ("varchar(15)", "the target sorts it as text, not as an address"),
            "xmltype" => {
                let what = format!("column {} of table {}", column.name, draft.table.name);
                let remedy = "change its type on the source, or exclude the table";
                draft.notes.refuse(NAME, what, "MySQL has no type XMLTYPE", remedy);
                continue;
            }
            _ => continue,
        };
        let old = draft.sql.slice(column.type_span).to_owned();
        edits.push(Edit::replace(
            column.type_span,
            format!("{new} CHARACTER SET ascii COLLATE ascii_general_ci"),
        ));
        draft.notes.change(
            NAME,
            format!("column {} becomes {new} instead of {old}", column.name),
            format!("MySQL has no such type; {order}"),
        );
    }
    draft.edit(edits);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn mariadbs_types_become_text_of_the_same_values() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `a` uuid NOT NULL DEFAULT uuid(),\n  `b` inet6 DEFAULT '::1',\n  \
             `c` inet4 DEFAULT NULL\n) ENGINE=InnoDB",
        );
        fixture::check(
            &World::mariadb(),
            &table,
            "CREATE TABLE `shop`.`t` (\n  \
             `a` char(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT (uuid()),\n  \
             `b` varchar(39) CHARACTER SET ascii COLLATE ascii_general_ci DEFAULT '::1',\n  \
             `c` varchar(15) CHARACTER SET ascii COLLATE ascii_general_ci DEFAULT NULL\n) ENGINE=InnoDB",
            &[
                "column_type: column a becomes char(36) instead of uuid",
                "column_type: column b becomes varchar(39) instead of inet6",
                "column_type: column c becomes varchar(15) instead of inet4",
                "column_default: the default of column a stands in brackets",
            ],
        );
    }
}
