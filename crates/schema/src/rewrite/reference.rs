//! Where bodies name a renamed schema or table.
//!
//! A body is text, not a tree: `` `a`.`b` `` may be a table of schema `a` or a column of alias `a`. Only
//! what can be nothing else is renamed; what may be either is left alone and told.

use std::collections::BTreeSet;

use super::draft::StoredDraft;
use super::{Context, target_name, target_schema};
use crate::name::{ObjectKind, QualifiedName, quote};
use crate::sql::{Cursor, Edit, Span, TokenKind};

const NAME: &str = "name";

/// Words after which a table is named.
const BEFORE_TABLES: [&str; 13] = [
    "FROM",
    "JOIN",
    "STRAIGHT_JOIN",
    "INTO",
    "UPDATE",
    "TABLE",
    "TABLES",
    "TRUNCATE",
    "REPLACE",
    "INSERT",
    "IGNORE",
    "DESCRIBE",
    "EXISTS",
];

/// A dotted name in a body, with its surroundings.
struct Path {
    parts: Vec<(String, Span)>,
    /// The token before, upper case.
    before: String,
    /// The token after.
    after: String,
    /// It ends in `.*`.
    star: bool,
}

/// Edits that rename what the policy renames inside of a body.
pub(super) fn edits(draft: &mut StoredDraft<'_>, context: &Context<'_>) -> Vec<Edit> {
    if context.policy.rename.is_empty() {
        return Vec::new();
    }
    let paths = paths(draft);
    let aliases = aliases(draft.id.kind, &paths);
    let mut edits = Vec::new();
    for path in &paths {
        match meaning(path, draft, &aliases, context) {
            Meaning::Table(name, span) => {
                let target = target_name(&name, context);
                if target != name {
                    edits.push(Edit::replace(span, target.to_string()));
                }
            }
            Meaning::Routine(schema, span) => {
                let target = target_schema(&schema, context);
                if target != schema {
                    edits.push(Edit::replace(span, quote(&target)));
                }
            }
            Meaning::Unclear(text) => draft.notes.change(
                NAME,
                format!("{text} in its body is left as it is"),
                "it may mean what the policy renames, or an alias, column or variable: check it",
            ),
            Meaning::Other => {}
        }
    }
    edits
}

/// What a dotted name stands for.
enum Meaning {
    /// A table or view; its schema and name lie in this span.
    Table(QualifiedName, Span),
    /// A routine of this schema, whose name lies in this span.
    Routine(String, Span),
    /// Perhaps something that is renamed.
    Unclear(String),
    /// Nothing that is renamed.
    Other,
}

fn meaning(
    path: &Path,
    draft: &StoredDraft<'_>,
    aliases: &BTreeSet<String>,
    context: &Context<'_>,
) -> Meaning {
    match path.parts.as_slice() {
        [(only, _)] => {
            let name = QualifiedName::new(&draft.id.name.schema, only);
            let is_row =
                draft.id.kind == ObjectKind::Trigger && matches!(only.as_str(), "NEW" | "OLD");
            if is_renamed(&name, context) && !is_row {
                Meaning::Unclear(quote(only))
            } else {
                Meaning::Other
            }
        }
        [first, last] => meaning_of_two(path, first, last, draft, aliases, context),
        [(schema, first), (table, last), ..] => {
            let span = Span { start: first.start, end: last.end };
            Meaning::Table(QualifiedName::new(schema, table), span)
        }
        [] => Meaning::Other,
    }
}

/// `a.b`: a table, a routine, or a column of `a`.
fn meaning_of_two(
    path: &Path,
    (schema, first): &(String, Span),
    (table, last): &(String, Span),
    draft: &StoredDraft<'_>,
    aliases: &BTreeSet<String>,
    context: &Context<'_>,
) -> Meaning {
    let name = QualifiedName::new(schema, table);
    let span = Span { start: first.start, end: last.end };
    let catalog = context.catalog;
    let is_known = catalog.tables.contains_key(&name) || catalog.views.contains_key(&name);
    let is_alias = aliases.contains(&schema.to_lowercase());
    // `FROM` also stands inside of functions: EXTRACT(YEAR FROM o.placed).
    let is_table_place = BEFORE_TABLES.contains(&path.before.as_str());
    if path.star || (is_table_place && (is_known || !is_alias)) {
        return Meaning::Table(name, span);
    }
    if path.before == "CALL" || path.after == "(" {
        return Meaning::Routine(schema.clone(), *first);
    }
    if is_known && target_name(&name, context) != name {
        let is_listed = matches!(path.before.as_str(), "," | "(");
        return if is_listed && !is_alias {
            Meaning::Table(name, span)
        } else {
            Meaning::Unclear(name.to_string())
        };
    }
    let qualifier = QualifiedName::new(&draft.id.name.schema, schema);
    if is_renamed(&qualifier, context) && !is_alias {
        return Meaning::Unclear(name.to_string());
    }
    Meaning::Other
}

fn is_renamed(name: &QualifiedName, context: &Context<'_>) -> bool {
    let same = |a: &str, b: &str| context.same_on_source(a, b);
    context.policy.renamed_table(name, same).is_some()
}

/// Names that may stand before a column's name. In a view's text, which the server printed, those that
/// follow a table or a bracket without `AS`; in a body, which a person wrote, every name that stands
/// alone.
fn aliases(kind: ObjectKind, paths: &[Path]) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    for path in paths {
        if let [(only, _)] = path.parts.as_slice()
            && (kind != ObjectKind::View || path.before.ends_with(['`', ')']))
        {
            aliases.insert(only.to_lowercase());
        }
    }
    aliases
}

fn paths(draft: &StoredDraft<'_>) -> Vec<Path> {
    let mut cursor = draft.sql.cursor_in(draft.body());
    let mut before = String::new();
    let mut paths = Vec::new();
    while let Some(token) = cursor.peek() {
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        let after_at = before == "@";
        if !is_name || after_at {
            let text = draft.sql.token_text(token);
            // The server puts joins in brackets: `from ((a join b) join c)`.
            if text != "(" || !matches!(before.as_str(), "FROM" | "JOIN" | "STRAIGHT_JOIN") {
                before = text.to_uppercase();
            }
            cursor.take();
            continue;
        }
        let path = path(&mut cursor, &before);
        before = match path.parts.as_slice() {
            [(word, _)] if token.kind == TokenKind::Word => word.to_uppercase(),
            [.., (name, _)] => quote(name).to_uppercase(),
            [] => String::new(),
        };
        paths.push(path);
    }
    paths
}

fn path(cursor: &mut Cursor<'_>, before: &str) -> Path {
    let mut path =
        Path { parts: Vec::new(), before: before.to_owned(), after: String::new(), star: false };
    path.parts.extend(cursor.eat_name());
    loop {
        let mut ahead = *cursor;
        if !ahead.eat_mark(".") {
            break;
        }
        if ahead.eat_mark("*") {
            path.star = true;
            *cursor = ahead;
            break;
        }
        let Some(part) = ahead.eat_name() else { break };
        path.parts.push(part);
        *cursor = ahead;
    }
    path.after = cursor.peek_text().to_owned();
    path
}
