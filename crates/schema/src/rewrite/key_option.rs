//! Keys that MariaDB has and MySQL spells otherwise or does not have.
//!
//! An `IGNORED` key is an `INVISIBLE` one. A `VECTOR` key only speeds up searches: it goes, the column
//! stays. A unique key over whole `TEXT` or `BLOB` columns is a promise MySQL cannot keep: refused.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::table::{Item, ItemKind, split};
use crate::sql::{Edit, Sql};

const NAME: &str = "key_option";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.mariadb_to_mysql() {
        return;
    }
    let blobs = whole_text_columns(draft);
    let mut edits = Vec::new();
    for item in draft.text.items.clone() {
        let name = item.name.clone().unwrap_or_default();
        match item.kind {
            ItemKind::Vector => {
                edits.extend(draft.without_item(&item));
                draft.notes.change(
                    NAME,
                    format!("vector key {name} is left out"),
                    "MySQL has no vector indexes; the column and its values stay",
                );
            }
            ItemKind::UniqueKey if is_long_unique(&draft.sql, &item, &blobs) => {
                let what = format!("unique key {name} of table {}", draft.table.name);
                let why = "MySQL cannot keep whole TEXT or BLOB values unique";
                let remedy = "replace it on the source by a unique key over a generated column that \
                              holds the value's hash, or drop it";
                draft.notes.refuse(NAME, what, why, remedy);
            }
            ItemKind::UniqueKey | ItemKind::Key | ItemKind::FullText | ItemKind::Spatial => {
                if let Some(edit) = ignored(&draft.sql, &item) {
                    edits.push(edit);
                    draft.notes.change(
                        NAME,
                        format!("key {name} is INVISIBLE instead of IGNORED"),
                        "MySQL's word for the same",
                    );
                }
            }
            ItemKind::Column
            | ItemKind::PrimaryKey
            | ItemKind::ForeignKey
            | ItemKind::Check
            | ItemKind::Period => {}
        }
    }
    draft.edit(edits);
}

fn whole_text_columns(draft: &TableDraft<'_>) -> Vec<String> {
    let is_long = |word: &str| word.ends_with("text") || word.ends_with("blob");
    let columns = draft.columns().into_iter();
    columns.filter(|column| is_long(&column.type_word)).map(|column| column.name).collect()
}

/// Whether a part of the key is a long column without a prefix length.
fn is_long_unique(sql: &Sql, item: &Item, blobs: &[String]) -> bool {
    let Some(parts) = item.parts else { return false };
    split(sql, parts).into_iter().any(|part| {
        let mut cursor = sql.cursor_in(part);
        cursor.eat_name().is_some_and(|(name, _)| blobs.contains(&name)) && !cursor.is_mark("(")
    })
}

fn ignored(sql: &Sql, item: &Item) -> Option<Edit> {
    let mut cursor = sql.cursor_in(item.span);
    while cursor.peek().is_some() {
        if let Some(span) = cursor.eat(&["IGNORED"]) {
            return Some(Edit::replace(span, "INVISIBLE"));
        }
        cursor.take();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};

    #[test]
    fn ignored_keys_are_invisible_and_vector_keys_go() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `a` int(11) NOT NULL,\n  `v` vector(3) NOT NULL,\n  \
             PRIMARY KEY (`a`),\n  VECTOR KEY `v` (`v`) `M`=8,\n  KEY `k` (`a`) COMMENT 'IGNORED' IGNORED\n\
             ) ENGINE=InnoDB",
        );
        let scripts = super::super::table(&table, &World::mariadb().context());
        assert_eq!(
            scripts.create,
            "CREATE TABLE `shop`.`t` (\n  `a` int(11) NOT NULL,\n  `v` vector(3) NOT NULL,\n  \
             PRIMARY KEY (`a`)\n) ENGINE=InnoDB"
        );
        assert_eq!(
            scripts.indexes.as_deref(),
            Some("ALTER TABLE `shop`.`t`\n  ADD KEY `k` (`a`) COMMENT 'IGNORED' INVISIBLE")
        );
        assert_eq!(
            told(&scripts.changes, &scripts.refusals),
            [
                "key_option: vector key v is left out",
                "key_option: key k is INVISIBLE instead of IGNORED",
            ]
        );
    }

    #[test]
    fn a_unique_key_over_whole_texts_is_refused() {
        let world = World::mariadb();
        let whole = "CREATE TABLE `t` (`a` text, `b` int(11), UNIQUE KEY `u` (`b`,`a`) USING HASH)";
        let refusal = "!key_option: unique key u of table `shop`.`t`";
        fixture::check_refused(&world, &fixture::table(whole), refusal);
        let prefix = "CREATE TABLE `t` (`a` text, UNIQUE KEY `u` (`a`(10)))";
        let scripts = super::super::table(&fixture::table(prefix), &world.context());
        assert_eq!(scripts.refusals, []);
    }
}
