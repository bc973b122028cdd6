//! Keys that rows do not need are split off and added after the rows: building an index once is much
//! faster than growing it row by row.
//!
//! What stays in `CREATE TABLE`: the primary key, without one the key that identifies a row, and a key
//! that begins with the `AUTO_INCREMENT` column. The others keep their text, word for word, as `ADD`
//! clauses of one `ALTER TABLE`. InnoDB builds one `FULLTEXT` key at a time (error 1795): where there are
//! several, the table is copied once with all of them.

use super::draft::TableDraft;
use super::{Context, Rewrite, target_name};
use crate::sql::table::{Item, ItemKind};

const NAME: &str = "secondary_keys";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let stays = staying(draft);
    let is_secondary = |item: &&Item| {
        let is_key = matches!(
            item.kind,
            ItemKind::UniqueKey
                | ItemKind::Key
                | ItemKind::FullText
                | ItemKind::Spatial
                | ItemKind::Vector
        );
        is_key && !stays.contains(&item.name.as_deref().unwrap_or_default())
    };
    let split: Vec<Item> = draft.text.items.iter().filter(is_secondary).cloned().collect();
    let mut clauses: Vec<String> =
        split.iter().map(|item| format!("\n  ADD {}", draft.sql.slice(item.span))).collect();
    if clauses.is_empty() {
        return;
    }
    if split.iter().filter(|item| item.kind == ItemKind::FullText).count() > 1 {
        clauses.push("\n  ALGORITHM=COPY".to_owned());
        draft.notes.change(
            NAME,
            "keys are added by copying the table once more",
            "InnoDB adds only one FULLTEXT key at a time to a table in place",
        );
    }
    let name = target_name(&draft.table.name, context);
    draft.indexes = Some(format!("ALTER TABLE {name}{}", clauses.join(",")));
    let edits = split.iter().filter_map(|item| draft.without_item(item)).collect();
    draft.edit(edits);
}

/// Names of the keys that stay in `CREATE TABLE`; the primary key needs no mention.
fn staying<'a>(draft: &'a TableDraft<'_>) -> Vec<&'a str> {
    let mut stays = Vec::new();
    let has_primary = draft.text.items_of(ItemKind::PrimaryKey).next().is_some();
    if !has_primary && let Some(key) = draft.table.row_key() {
        stays.push(key.name.as_str());
    }
    let columns = draft.columns();
    let Some(counter) = columns.iter().find(|c| c.attribute("AUTO_INCREMENT").is_some()) else {
        return stays;
    };
    let begins_with_counter = |item: &&Item| {
        let first = item.parts.and_then(|parts| draft.sql.cursor_in(parts).eat_name());
        first.is_some_and(|(first, _)| first.eq_ignore_ascii_case(&counter.name))
    };
    let kinds = [ItemKind::PrimaryKey, ItemKind::UniqueKey, ItemKind::Key];
    let keys = draft.text.items.iter().filter(|item| kinds.contains(&item.kind));
    let mut candidates = keys.filter(begins_with_counter);
    let name_of = |item: &'a Item| item.name.as_deref().unwrap_or_default();
    let already = |item: &Item| {
        item.kind == ItemKind::PrimaryKey
            || item.name.as_deref().is_some_and(|n| stays.contains(&n))
    };
    let first = candidates.clone().next();
    if !candidates.any(already)
        && let Some(item) = first
    {
        stays.push(name_of(item));
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};
    use crate::column::ColumnType;

    /// The keys that stay, and those that are added later.
    fn split(items: &str) -> (Vec<String>, Vec<String>) {
        let create_sql = format!(
            "CREATE TABLE `t` (\n  `a` int NOT NULL AUTO_INCREMENT,\n  `b` int NOT NULL{items}\n)"
        );
        let mut table = fixture::table(&create_sql);
        let kind = ColumnType::Int;
        table.columns = vec![fixture::column("a", kind, None), fixture::column("b", kind, None)];
        table.keys = vec![fixture::unique("row", "b")];
        let scripts = super::super::table(&table, &World::mysql().context());
        let lines = |text: &str, mark: &str| {
            let keys = text.lines().filter(|line| line.contains(mark));
            keys.map(|line| line.trim().trim_end_matches(',').to_owned()).collect::<Vec<_>>()
        };
        (lines(&scripts.create, "KEY"), lines(scripts.indexes.as_deref().unwrap_or(""), "ADD"))
    }

    #[test]
    fn a_primary_key_that_counts_is_enough() {
        let (stays, added) =
            split(",\n  PRIMARY KEY (`a`),\n  UNIQUE KEY `row` (`b`),\n  KEY `k` (`a`)");
        assert_eq!(stays, ["PRIMARY KEY (`a`)"]);
        assert_eq!(added, ["ADD UNIQUE KEY `row` (`b`)", "ADD KEY `k` (`a`)"]);
    }

    #[test]
    fn a_counter_keeps_the_first_key_that_begins_with_it() {
        let (stays, added) = split(
            ",\n  PRIMARY KEY (`b`),\n  KEY `x` (`b`),\n  KEY `k` (`a`,`b`),\n  KEY `l` (`a`)",
        );
        assert_eq!(stays, ["PRIMARY KEY (`b`)", "KEY `k` (`a`,`b`)"]);
        assert_eq!(added, ["ADD KEY `x` (`b`)", "ADD KEY `l` (`a`)"]);
    }

    #[test]
    fn several_fulltext_keys_are_added_by_a_copy() {
        let one = ",\n  PRIMARY KEY (`a`),\n  FULLTEXT KEY `f` (`b`)";
        assert_eq!(split(one).1, ["ADD FULLTEXT KEY `f` (`b`)"]);
        let create_sql = format!("CREATE TABLE `t` (`a` int{one},\n  FULLTEXT KEY `g` (`b`))");
        let scripts = super::super::table(&fixture::table(&create_sql), &World::mysql().context());
        assert!(scripts.indexes.unwrap().ends_with(",\n  ALGORITHM=COPY"));
        assert_eq!(scripts.changes.len(), 1);
    }

    #[test]
    fn without_a_primary_key_the_row_key_stays() {
        let (stays, added) =
            split(",\n  UNIQUE KEY `row` (`b`),\n  KEY `a` (`a`),\n  KEY `z` (`b`)");
        assert_eq!(stays, ["UNIQUE KEY `row` (`b`)", "KEY `a` (`a`)"]);
        assert_eq!(added, ["ADD KEY `z` (`b`)"]);
    }
}
