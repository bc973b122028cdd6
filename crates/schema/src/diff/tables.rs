//! Schemas and tables as facets.

use std::collections::BTreeMap;

use super::canonical::{self, Brackets};
use super::shape::{Facets, Shape};
use super::{Expected, Part, Servers};
use crate::catalog::{Schema, Table};
use crate::column::ColumnType;
use crate::name::{ObjectKind, QualifiedName};
use crate::sql::column::ColumnText;
use crate::sql::table::{Item, ItemKind, TableText, options, split};
use crate::sql::{Dialect, NamePath, Span, Sql, unquote};

/// Table options that must be the same when the plan names them.
const OPTIONS: [&str; 13] = [
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "MIN_ROWS",
    "MAX_ROWS",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "DELAY_KEY_WRITE",
    "PACK_KEYS",
    "COMPRESSION",
    "INSERT_METHOD",
];

/// Both sides of a schema.
pub(super) fn schema_pair(
    expected: &Expected<'_>,
    source: &Schema,
    found: &Schema,
) -> (Shape, Shape) {
    let mut charset = source.charset.clone();
    let mut collation = Some(source.collation.clone());
    if let Some(script) = expected.statements(ObjectKind::Schema).first() {
        let sql = Sql::new(*script, Dialect::default());
        let mut cursor = sql.cursor();
        cursor.eat(&["CREATE"]);
        let _ = cursor.eat(&["DATABASE"]).or_else(|| cursor.eat(&["SCHEMA"]));
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        cursor.eat_path();
        let (options, _) = options(&sql, &mut cursor);
        let of = |name: &str| options.iter().find(|option| option.name == name);
        let same_charset = of("CHARSET").is_none_or(|option| option.value == charset);
        if let Some(option) = of("CHARSET") {
            charset.clone_from(&option.value);
        }
        match of("COLLATE") {
            Some(option) => collation = Some(option.value.clone()),
            None if same_charset => {}
            None => collation = None,
        }
    }
    let shape = |charset: &str, collation: Option<&str>| {
        let facets = Facets::from([
            ("character set", Some(canonical::charset(charset))),
            ("collation", collation.map(canonical::charset)),
        ]);
        Shape::from([(Part::Options, facets)])
    };
    (shape(&charset, collation.as_deref()), shape(&found.charset, Some(&found.collation)))
}

/// Both sides of a table.
pub(super) fn pair(
    expected: &Expected<'_>,
    source: &Table,
    found: &Table,
    servers: &Servers<'_>,
) -> (Shape, Shape) {
    let brackets = if servers.print_alike() { Brackets::Kept } else { Brackets::Dropped };
    let reader = |table: &Table| Reader {
        brackets,
        schema: table.name.schema.clone(),
        lowered: servers.target.lower_case_table_names() != 0,
    };
    let Some(mut actual) = reader(found).read(&[found.create_sql.as_str()]) else {
        return (unreadable("the script"), unreadable(&found.create_sql));
    };
    let Some(mut wanted) = Reader { schema: expected.object.name.schema.clone(), ..reader(found) }
        .read(&expected.statements(ObjectKind::Table))
    else {
        return (unreadable(&expected.scripts.join("; ")), unreadable("the definition found"));
    };
    settle_collations(&mut wanted, source);
    know_collations(&mut actual, found);
    settle_names(&mut wanted, &actual);
    settle_options(&mut wanted, &mut actual);
    let counter = |table: &Table| {
        Facets::from([("next", Some(table.auto_increment.unwrap_or(1).to_string()))])
    };
    wanted.insert(Part::AutoIncrement, counter(source));
    actual.insert(Part::AutoIncrement, counter(found));
    (wanted, actual)
}

/// A definition that cannot be taken apart differs, and says so.
fn unreadable(text: &str) -> Shape {
    Shape::from([(
        Part::Definition,
        Facets::from([("text that can be read", Some(text.to_owned()))]),
    )])
}

/// How statements are read into facets.
struct Reader {
    brackets: Brackets,
    /// Names without a schema belong here.
    schema: String,
    /// Whether names of tables know no case.
    lowered: bool,
}

impl Reader {
    /// `None` when the first statement is no `CREATE TABLE`.
    fn read(&self, scripts: &[&str]) -> Option<Shape> {
        let mut shape = Shape::new();
        let (first, more) = scripts.split_first()?;
        let sql = Sql::new(*first, Dialect::default());
        let text = TableText::read(&sql).ok()?;
        self.items(&sql, &text, &mut shape);
        self.table(&sql, &text, &mut shape);
        for script in more {
            let Some(items) = added(script) else { continue };
            let sql = Sql::new(items, Dialect::default());
            let text = TableText::read(&sql).ok()?;
            self.items(&sql, &text, &mut shape);
        }
        Some(shape)
    }

    fn table(&self, sql: &Sql, text: &TableText, shape: &mut Shape) {
        let mut facets = Facets::new();
        let of = |name: &str| text.option(name).map(|option| option.value.clone());
        facets.insert("engine", of("ENGINE").map(|engine| engine.to_lowercase()));
        let comment =
            text.option("COMMENT").map(|option| canonical::value(sql.slice(option.value_span)));
        facets.insert("comment", Some(comment.unwrap_or_default()));
        facets.insert("character set", of("CHARSET").map(|name| canonical::charset(&name)));
        facets.insert("collation", of("COLLATE").map(|name| canonical::charset(&name)));
        for name in OPTIONS {
            if let Some(value) = of(name) {
                facets.insert(name, Some(value.to_lowercase()));
            }
        }
        shape.insert(Part::Options, facets);
        if let Some(partition) = text.partition {
            let clause = canonical::expression(sql, partition, self.brackets);
            let clause = clause.replace(" engine = innodb", "").replace(" engine innodb", "");
            shape.insert(Part::Partitions, Facets::from([("clause", Some(clause))]));
        }
    }

    fn items(&self, sql: &Sql, text: &TableText, shape: &mut Shape) {
        let mut columns = Vec::new();
        for item in &text.items {
            match item.kind {
                ItemKind::Column => {
                    let Some(column) = ColumnText::read(sql, item) else { continue };
                    columns.push(column.name.clone());
                    self.column(sql, &column, shape);
                }
                ItemKind::PrimaryKey
                | ItemKind::UniqueKey
                | ItemKind::Key
                | ItemKind::FullText
                | ItemKind::Spatial
                | ItemKind::Vector => {
                    let is_primary = item.kind == ItemKind::PrimaryKey;
                    let name =
                        if is_primary { Some("PRIMARY".to_owned()) } else { item.name.clone() };
                    let name = name.unwrap_or_default();
                    shape.insert(Part::Key(name), self.key(sql, item));
                }
                ItemKind::ForeignKey => {
                    let name = item.name.clone().unwrap_or_default();
                    shape.insert(Part::ForeignKey(name), self.foreign_key(sql, item));
                }
                ItemKind::Check => {
                    let name = item.name.clone().unwrap_or_default();
                    let clause =
                        item.parts.map(|parts| canonical::expression(sql, parts, self.brackets));
                    let text = sql.slice(item.span).to_uppercase();
                    self.check(shape, name, clause, !text.contains("NOT ENFORCED"));
                }
                ItemKind::Period => {}
            }
        }
        if !columns.is_empty() {
            shape.insert(Part::Columns, Facets::from([("names", Some(columns.join(", ")))]));
        }
    }

    fn check(&self, shape: &mut Shape, name: String, clause: Option<String>, is_enforced: bool) {
        let mut name = name;
        while shape.contains_key(&Part::Check(name.clone())) {
            name.push('+');
        }
        let enforced = if is_enforced { "yes" } else { "no" };
        let facets = Facets::from([
            ("clause", Some(clause.unwrap_or_default())),
            ("enforced", Some(enforced.to_owned())),
        ]);
        shape.insert(Part::Check(name), facets);
    }

    fn column(&self, sql: &Sql, column: &ColumnText, shape: &mut Shape) {
        let kind = ColumnType::from_data_type(&column.type_word);
        let mut facets = Facets::new();
        let has = |name: &str| column.attribute(name).is_some();
        let mut set = |facet, value: String| facets.insert(facet, Some(value));
        set("type", canonical::data_type(sql, column.type_span));
        set("null", if has("NOT NULL") { "not allowed" } else { "allowed" }.to_owned());
        let comment = column.attribute("COMMENT");
        let comment = comment.map(|comment| canonical::value(sql.slice(comment.value)));
        set("comment", comment.unwrap_or_default());
        for (facet, name) in [("auto_increment", "AUTO_INCREMENT"), ("invisible", "INVISIBLE")] {
            set(facet, if has(name) { "yes" } else { "no" }.to_owned());
        }
        if let Some(default) = column.attribute("DEFAULT") {
            let default = canonical::default(sql, default.value, kind, self.brackets);
            if let Some(default) = default {
                set("default", default);
            }
        }
        if let Some(update) = column.attribute("ON UPDATE") {
            set("on update", canonical::expression(sql, update.value, self.brackets));
        }
        if let Some(generated) = column.attribute("GENERATED") {
            let form = if has("STORED") || has("PERSISTENT") { "stored" } else { "virtual" };
            let expression = canonical::expression(sql, generated.value, self.brackets);
            set("generated", format!("{form} as {expression}"));
        }
        if let Some(srid) = column.value(sql, "SRID") {
            set("srid", srid);
        }
        if kind.is_text() {
            let charset = column.value(sql, "CHARSET").map(|name| canonical::charset(&name));
            let collation = column.value(sql, "COLLATE").map(|name| canonical::charset(&name));
            facets.insert("character set", charset);
            facets.insert("collation", collation);
        }
        let own_check = column.attribute("CHECK").map(|check| check.value);
        shape.insert(Part::Column(column.name.clone()), facets);
        if let Some(clause) = own_check {
            let clause = canonical::expression(sql, clause, self.brackets);
            self.check(shape, String::new(), Some(clause), true);
        }
    }

    fn key(&self, sql: &Sql, item: &Item) -> Facets {
        let kind = match item.kind {
            ItemKind::PrimaryKey => "primary",
            ItemKind::UniqueKey => "unique",
            ItemKind::FullText => "fulltext",
            ItemKind::Spatial => "spatial",
            ItemKind::Vector => "vector",
            ItemKind::Key
            | ItemKind::Column
            | ItemKind::ForeignKey
            | ItemKind::Check
            | ItemKind::Period => "plain",
        };
        let parts = item.parts.map(|parts| split(sql, parts)).unwrap_or_default();
        let parts = parts.into_iter().map(|part| {
            let text = canonical::expression(sql, part, self.brackets);
            text.strip_suffix(" asc").unwrap_or(&text).to_owned()
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        let mut facets = Facets::from([("kind", Some(kind.to_owned())), ("columns", Some(parts))]);
        let after = item.parts.map_or(item.span.end, |parts| parts.end + 1);
        let mut cursor = sql.cursor_in(Span { start: after, end: item.span.end });
        let mut visible = "yes";
        while cursor.peek().is_some() {
            if cursor.eat(&["INVISIBLE"]).is_some() || cursor.eat(&["IGNORED"]).is_some() {
                visible = "no";
            } else if cursor.eat(&["COMMENT"]).is_some() {
                let comment = cursor.take().map(|token| canonical::value(sql.token_text(token)));
                facets.insert("comment", comment);
            } else if cursor.eat(&["WITH", "PARSER"]).is_some() {
                let parser =
                    cursor.take().map(|token| unquote(sql.token_text(token)).to_lowercase());
                facets.insert("parser", parser);
            } else {
                cursor.take();
            }
        }
        facets.insert("visible", Some(visible.to_owned()));
        facets
    }

    fn foreign_key(&self, sql: &Sql, item: &Item) -> Facets {
        let columns = item.parts.map(|parts| canonical::expression(sql, parts, Brackets::Dropped));
        let parent = item.parent.as_ref().map(|parent| self.table_name(parent));
        let after = item.parent.as_ref().map_or(item.span.end, |parent| parent.span.end);
        let mut cursor = sql.cursor_in(Span { start: after, end: item.span.end });
        let parent_columns = cursor.eat_group();
        let parent_columns =
            parent_columns.map(|group| canonical::expression(sql, group, Brackets::Dropped));
        let mut rules = BTreeMap::from([("DELETE", "no action"), ("UPDATE", "no action")]);
        while cursor.peek().is_some() {
            let event = if cursor.eat(&["ON", "DELETE"]).is_some() {
                "DELETE"
            } else if cursor.eat(&["ON", "UPDATE"]).is_some() {
                "UPDATE"
            } else {
                cursor.take();
                continue;
            };
            if cursor.eat(&["CASCADE"]).is_some() {
                rules.insert(event, "cascade");
            } else if cursor.eat(&["SET", "NULL"]).is_some() {
                rules.insert(event, "set null");
            } else if cursor.eat(&["SET", "DEFAULT"]).is_some() {
                rules.insert(event, "set default");
            }
        }
        let rule = |event| rules.get(event).map(|rule| (*rule).to_owned());
        Facets::from([
            ("columns", columns),
            ("parent", parent),
            ("parent's columns", parent_columns),
            ("on delete", rule("DELETE")),
            ("on update", rule("UPDATE")),
        ])
    }

    fn table_name(&self, path: &NamePath) -> String {
        let schema = path.schema.clone().unwrap_or_else(|| self.schema.clone());
        let name = QualifiedName::new(schema, path.name.clone()).to_string();
        if self.lowered { name.to_lowercase() } else { name }
    }
}

/// The items an `ALTER TABLE … ADD …, ADD …` adds, as a `CREATE TABLE`.
fn added(script: &str) -> Option<String> {
    let sql = Sql::new(script, Dialect::default());
    let mut cursor = sql.cursor();
    cursor.eat(&["ALTER", "TABLE"])?;
    let name = cursor.eat_path()?;
    let rest = Span { start: name.span.end, end: sql.text().len() };
    let items = split(&sql, rest).into_iter().filter_map(|clause| {
        let mut cursor = sql.cursor_in(clause);
        let add = cursor.eat(&["ADD"])?;
        Some(sql.slice(Span { start: add.end, end: clause.end }))
    });
    let items = items.collect::<Vec<_>>();
    Some(format!("CREATE TABLE t ({})", items.join(",")))
}

/// What the script leaves to a default is as on the source while the character set is: the rewrites write
/// out whatever the target would choose differently.
fn settle_collations(shape: &mut Shape, source: &Table) {
    let table = shape.get(&Part::Options).cloned().unwrap_or_default();
    let of = |facets: &Facets, facet: &str| facets.get(facet).cloned().flatten();
    let table_charset = of(&table, "character set");
    let source_collation = canonical::charset(&source.collation);
    let table_collation = of(&table, "collation").or_else(|| {
        let is_kept =
            table_charset.as_deref().is_none_or(|own| own == charset_of(&source_collation));
        Some(source_collation).filter(|_| is_kept)
    });
    if let Some(options) = shape.get_mut(&Part::Options) {
        options.insert("collation", table_collation.clone());
        options.remove("character set");
    }
    for (part, facets) in shape.iter_mut() {
        let Part::Column(name) = part else { continue };
        if !facets.contains_key("collation") {
            continue;
        }
        let charset = of(facets, "character set");
        let own = of(facets, "collation");
        let kept = source.column(name).and_then(|column| column.collation.as_deref());
        let kept = kept.map(canonical::charset);
        let collation = match (own, charset) {
            (Some(own), _) => Some(own),
            (None, None) => table_collation.clone(),
            (None, Some(charset)) => kept.filter(|kept| charset_of(kept) == charset),
        };
        facets.insert("collation", collation);
        facets.remove("character set");
    }
}

/// The catalog knows each collation for certain.
fn know_collations(shape: &mut Shape, found: &Table) {
    if let Some(options) = shape.get_mut(&Part::Options) {
        options.insert("collation", Some(canonical::charset(&found.collation)));
        options.remove("character set");
    }
    for (part, facets) in shape.iter_mut() {
        let Part::Column(name) = part else { continue };
        if facets.contains_key("collation") {
            let collation = found.column(name).and_then(|column| column.collation.as_deref());
            facets.insert("collation", collation.map(canonical::charset));
            facets.remove("character set");
        }
    }
}

/// A collation begins with its character set's name.
fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// Constraints the script does not name get a name from the target: they are told by what they say.
fn settle_names(wanted: &mut Shape, actual: &Shape) {
    let is_unnamed = |part: &Part| match part {
        Part::Check(name) | Part::ForeignKey(name) | Part::Key(name) => {
            name.trim_matches('+').is_empty()
        }
        Part::Object
        | Part::Columns
        | Part::Column(_)
        | Part::Partitions
        | Part::Options
        | Part::AutoIncrement
        | Part::Definition
        | Part::Settings => false,
    };
    let unnamed = wanted.keys().filter(|part| is_unnamed(part)).cloned().collect::<Vec<_>>();
    for part in unnamed {
        let Some(facets) = wanted.remove(&part) else { continue };
        let same_kind =
            |other: &Part| std::mem::discriminant(other) == std::mem::discriminant(&part);
        let found = actual.iter().find(|(other, found)| {
            same_kind(other) && **found == facets && !wanted.contains_key(*other)
        });
        let named = found.map_or(part.clone(), |(other, _)| other.clone());
        wanted.insert(named, facets);
    }
}

/// Options the script does not name are the server's business; the comment and the engine are not.
fn settle_options(wanted: &mut Shape, actual: &mut Shape) {
    let (Some(wanted), Some(actual)) = (wanted.get(&Part::Options), actual.get_mut(&Part::Options))
    else {
        return;
    };
    actual.retain(|facet, _| wanted.contains_key(facet));
}
