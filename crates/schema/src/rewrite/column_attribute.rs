//! Column attributes of MariaDB and Percona Server that MySQL spells otherwise or does not have.
//!
//! `COMPRESSED` and `COLUMN_FORMAT COMPRESSED` only say how bytes are kept: they go. `PERSISTENT` is
//! `STORED` and `REF_SYSTEM_ID` is `SRID` under another name.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::facts::Flavor;
use crate::sql::Edit;

const NAME: &str = "column_attribute";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if context.target.version.flavor != Flavor::MySql {
        return;
    }
    let mut edits = Vec::new();
    for column in draft.columns() {
        for attribute in &column.attributes {
            let value = draft.sql.slice(attribute.value);
            let (edit, what, why) = match attribute.name {
                "COMPRESSED" | "COMPRESSION_DICTIONARY" => (
                    Edit::delete(draft.sql.with_frame(attribute.span)),
                    format!("column {} is not compressed", column.name),
                    "MySQL does not compress single columns",
                ),
                "COLUMN_FORMAT" if value.eq_ignore_ascii_case("compressed") => (
                    Edit::delete(draft.sql.with_frame(attribute.span)),
                    format!("column {} is not compressed", column.name),
                    "MySQL does not compress single columns",
                ),
                "PERSISTENT" => (
                    Edit::replace(attribute.span, "STORED"),
                    format!("column {} is STORED instead of PERSISTENT", column.name),
                    "MySQL's word for the same",
                ),
                "REF_SYSTEM_ID" => (
                    Edit::replace(attribute.span, format!("SRID {value}")),
                    format!("column {} has SRID {value} instead of REF_SYSTEM_ID", column.name),
                    "MySQL's word for the same; it refuses values of another SRID",
                ),
                _ => continue,
            };
            edits.push(edit);
            draft.notes.change(NAME, what, why);
        }
    }
    draft.edit(edits);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn attributes_are_respelled_or_go() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `a` longtext /*M!100301 COMPRESSED*/ DEFAULT NULL,\n  \
             `b` int(11) GENERATED ALWAYS AS (1) PERSISTENT,\n  \
             `c` point REF_SYSTEM_ID=4326 NOT NULL,\n  \
             `d` text COLUMN_FORMAT COMPRESSED /*!50633 WITH COMPRESSION_DICTIONARY `x` */\n) ENGINE=InnoDB",
        );
        fixture::check(
            &World::mariadb(),
            &table,
            "CREATE TABLE `shop`.`t` (\n  `a` longtext DEFAULT NULL,\n  \
             `b` int(11) GENERATED ALWAYS AS (1) STORED,\n  `c` point SRID 4326 NOT NULL,\n  \
             `d` text\n) ENGINE=InnoDB",
            &[
                "column_attribute: column a is not compressed",
                "column_attribute: column b is STORED instead of PERSISTENT",
                "column_attribute: column c has SRID 4326 instead of REF_SYSTEM_ID",
                "column_attribute: column d is not compressed",
            ],
        );
    }
}
