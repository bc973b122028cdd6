//! A definition on its way through the rewrites.

use super::notes::Notes;
use crate::catalog::{CreatedUnder, Schema, Table};
use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::sql::column::ColumnText;
use crate::sql::stored::StoredText;
use crate::sql::table::{Item, ItemKind, TableOption, TableText, options};
use crate::sql::{Dialect, Edit, Span, Sql};

/// A schema's definition.
pub(crate) struct SchemaDraft<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) sql: Sql,
    pub(crate) notes: Notes,
}

impl SchemaDraft<'_> {
    /// The options behind the name.
    pub(crate) fn options(&self) -> Vec<TableOption> {
        let mut cursor = self.sql.cursor();
        cursor.eat(&["CREATE"]);
        // The server prints the word DATABASE.
        cursor.take();
        cursor.eat_name();
        options(&self.sql, &mut cursor).0
    }
}

/// A table's definition: the text as it stands, its parts, and what was split off.
pub(crate) struct TableDraft<'a> {
    pub(crate) table: &'a Table,
    pub(crate) sql: Sql,
    pub(crate) text: TableText,
    pub(crate) indexes: Option<String>,
    pub(crate) foreign_keys: Option<String>,
    pub(crate) notes: Notes,
}

impl TableDraft<'_> {
    /// Applies edits and locates the parts again.
    pub(crate) fn edit(&mut self, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        self.sql.edit(edits);
        match TableText::read(&self.sql) {
            Ok(text) => self.text = text,
            Err(error) => self.notes.refuse(
                "definition",
                format!("the rewritten definition of table {}", self.table.name),
                error.to_string(),
                "report this as a bug, with the table's SHOW CREATE TABLE text",
            ),
        }
    }

    /// The columns' texts in order.
    pub(crate) fn columns(&self) -> Vec<ColumnText> {
        let items = self.text.items_of(ItemKind::Column);
        items.filter_map(|item| ColumnText::read(&self.sql, item)).collect()
    }

    /// An edit that deletes an option, its frame and the blanks before it.
    pub(crate) fn without(&self, option: &TableOption) -> Edit {
        Edit::delete(self.sql.with_frame(option.span))
    }

    /// An edit that deletes an item with the comma before it. The first item is a column and stays.
    pub(crate) fn without_item(&self, item: &Item) -> Option<Edit> {
        let at = self.text.items.iter().position(|other| other.span == item.span)?;
        let before = self.text.items.get(at.checked_sub(1)?)?;
        Some(Edit::delete(Span { start: before.span.end, end: item.span.end }))
    }

    /// The bytes of options inside the partition clause, each with its value and the blanks before it.
    pub(crate) fn partition_options(&self, names: &[&[&str]]) -> Vec<Span> {
        let Some(partition) = self.text.partition else { return Vec::new() };
        let mut cursor = self.sql.cursor_in(partition);
        let mut found = Vec::new();
        while cursor.peek().is_some() {
            let Some(name) = names.iter().find_map(|words| cursor.eat(words)) else {
                cursor.take();
                continue;
            };
            cursor.eat_mark("=");
            let end = cursor.take().map_or(name.end, |value| value.end);
            found.push(self.sql.with_frame(Span { start: name.start, end }));
        }
        found
    }

    /// An edit that puts text behind the last table option.
    pub(crate) fn append_option(&self, option: &str) -> Edit {
        let last = self.text.options.last().map(|option| self.sql.with_frame(option.span).end);
        Edit::insert(last.unwrap_or(self.text.body.end + 1), format!(" {option}"))
    }
}

/// A view's, routine's, trigger's or event's definition.
pub(crate) struct StoredDraft<'a> {
    pub(crate) id: ObjectId,
    /// A trigger's table, as the catalog knows it.
    pub(crate) table: Option<&'a QualifiedName>,
    pub(crate) created_under: &'a CreatedUnder,
    pub(crate) sql: Sql,
    pub(crate) text: StoredText,
    pub(crate) notes: Notes,
}

impl StoredDraft<'_> {
    /// Applies edits and locates the parts again.
    pub(crate) fn edit(&mut self, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        self.sql.edit(edits);
        match StoredText::read(&self.sql) {
            Ok(text) => self.text = text,
            Err(error) => self.notes.refuse(
                "definition",
                format!("the rewritten definition of {}", self.id),
                error.to_string(),
                "report this as a bug, with the object's SHOW CREATE text",
            ),
        }
    }

    /// The part behind the header: what is run, or what a view selects.
    pub(crate) fn body(&self) -> Span {
        Span { start: self.text.body, end: self.sql.text().len() }
    }
}

/// How an object's text is to be read. Views are printed by the server without the modes that change
/// quoting; programs keep the text and quoting of the `sql_mode` they were made under.
pub(crate) fn dialect_of(kind: ObjectKind, created_under: &CreatedUnder) -> Dialect {
    match (kind, &created_under.sql_mode) {
        (ObjectKind::View, _) | (_, None) => Dialect::default(),
        (_, Some(sql_mode)) => Dialect::of_sql_mode(sql_mode),
    }
}
