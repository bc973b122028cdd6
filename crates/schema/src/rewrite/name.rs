//! Names on the target: renames of the policy, lower case, and the schema before every created name.
//!
//! The new name stands in `CREATE`, in a foreign key's parent, in a trigger's table and wherever a
//! definition names a renamed schema or table; the schema is written before the created name so that a
//! script makes the same thing from any default schema.

use super::draft::{SchemaDraft, StoredDraft, TableDraft};
use super::{Context, Rewrite, lower_case, reference};
use crate::name::{ObjectId, ObjectKind, QualifiedName, quote};
use crate::sql::Edit;
use crate::sql::table::ItemKind;

const NAME: &str = "name";
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: Some(stored) };

/// The name of a table or view on the target.
#[must_use]
pub fn target_name(name: &QualifiedName, context: &Context<'_>) -> QualifiedName {
    let same = |a: &str, b: &str| context.same_on_source(a, b);
    let renamed = context.policy.renamed_table(name, same);
    let QualifiedName { schema, name } = renamed.unwrap_or_else(|| {
        let schema = context.policy.renamed_schema(&name.schema, same);
        QualifiedName::new(schema.unwrap_or_else(|| name.schema.clone()), name.name.clone())
    });
    QualifiedName::new(lower_case::lowered(&schema, context), lower_case::lowered(&name, context))
}

/// The name of a schema on the target.
#[must_use]
pub fn target_schema(schema: &str, context: &Context<'_>) -> String {
    let same = |a: &str, b: &str| context.same_on_source(a, b);
    let renamed = context.policy.renamed_schema(schema, same);
    lower_case::lowered(renamed.as_deref().unwrap_or(schema), context)
}

/// The name of any object on the target. Routines, triggers and events keep their own names; a trigger
/// goes where its table goes, so ask with the trigger's table for its schema when tables are renamed.
#[must_use]
pub fn target_id(id: &ObjectId, context: &Context<'_>) -> ObjectId {
    let name = match id.kind {
        ObjectKind::Table | ObjectKind::View => target_name(&id.name, context),
        ObjectKind::Schema | ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event => {
            QualifiedName::new(target_schema(&id.name.schema, context), id.name.name.clone())
        }
        ObjectKind::Trigger => {
            let table = context.catalog.triggers.get(&id.name).map(|trigger| &trigger.table);
            let schema = match table {
                Some(table) => target_name(table, context).schema,
                None => target_schema(&id.name.schema, context),
            };
            QualifiedName::new(schema, id.name.name.clone())
        }
    };
    ObjectId { kind: id.kind, name }
}

fn schema(draft: &mut SchemaDraft<'_>, context: &Context<'_>) {
    let name = &draft.schema.name;
    lower_case::refuse_schema_collision(name, context, &mut draft.notes);
    let target = target_schema(name, context);
    if target == *name {
        return;
    }
    let mut cursor = draft.sql.cursor();
    cursor.eat(&["CREATE"]);
    let _ = cursor.eat(&["DATABASE"]).or_else(|| cursor.eat(&["SCHEMA"]));
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let Some((_, span)) = cursor.eat_name() else { return };
    draft.sql.edit(vec![Edit::replace(span, quote(&target))]);
    draft.notes.change(NAME, format!("schema {target} instead of {name}"), reason(name, &target));
}

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let name = &draft.table.name;
    let id = ObjectId::new(ObjectKind::Table, name.clone());
    lower_case::refuse_collision(&id, context, &mut draft.notes);
    let target = target_name(name, context);
    let mut edits = vec![Edit::replace(draft.text.name.span, target.to_string())];
    for item in draft.text.items_of(ItemKind::ForeignKey) {
        let Some(parent) = &item.parent else { continue };
        let schema = parent.schema.clone().unwrap_or_else(|| name.schema.clone());
        let parent_name = QualifiedName::new(schema, parent.name.clone());
        let target = target_name(&parent_name, context);
        edits.push(Edit::replace(parent.span, target.to_string()));
    }
    if target != *name {
        let what = format!("table {} instead of {}", target.plain(), name.plain());
        draft.notes.change(NAME, what, reason(&name.plain(), &target.plain()));
    }
    draft.edit(edits);
}

fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    if lower_case::concerns(draft.id.kind) {
        lower_case::refuse_collision(&draft.id, context, &mut draft.notes);
    }
    let target = target_id(&draft.id, context).name;
    let mut edits = vec![Edit::replace(draft.text.name.span, target.to_string())];
    if let (Some(table), Some(path)) = (draft.table, &draft.text.table) {
        edits.push(Edit::replace(path.span, target_name(table, context).to_string()));
    }
    edits.extend(reference::edits(draft, context));
    draft.edit(edits);
    let from = draft.id.name.plain();
    if target.plain() != from {
        let what = format!("{} {} instead of {from}", draft.id.kind, target.plain());
        draft.notes.change(NAME, what, reason(&from, &target.plain()));
    }
}

fn reason(from: &str, to: &str) -> &'static str {
    if from.to_lowercase() == to.to_lowercase() {
        "the target stores names in lower case (lower_case_table_names=1)"
    } else {
        "the rename policy says so"
    }
}
