//! Keys that rows do not need are split off and added after the rows: building an index once is much
//! faster than growing it row by row.
//!
//! What stays in `CREATE TABLE`: the primary key, without one the key that identifies a row, and a key
//! that begins with the `AUTO_INCREMENT` column. The others keep their text, word for word, as `ADD`
//! clauses of one `ALTER TABLE`.

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
    let clauses: Vec<String> =
        split.iter().map(|item| format!("\n  ADD {}", draft.sql.slice(item.span))).collect();
    if clauses.is_empty() {
        return;
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
