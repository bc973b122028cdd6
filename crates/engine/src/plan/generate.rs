//! From a catalog to the scripts that make the same on the target.

use std::collections::BTreeMap;

use sealift_schema::catalog::{
    Catalog, CreatedUnder, Event, ForeignKey, KeyKind, KeyPart, Routine, RoutineKind, Schema,
    Table, Trigger, View,
};
use sealift_schema::facts::ServerFacts;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};
use sealift_schema::rewrite::{self, Change, Context, ObjectScript, Refusal, TableScripts};
use sealift_schema::sql::table::TableText;
use sealift_schema::sql::{Dialect, Edit, Sql};

use super::compose::{Form, Settings, body};
use super::draft::{Draft, DraftStep, Note};
use super::order;
use super::script::part_of;
use crate::stage::{Part, Step};

/// Makes the draft of a plan: every object of the catalog, rewritten for the target, in the order the
/// scripts are carried out.
#[must_use]
pub fn draft(context: &Context<'_>) -> Draft {
    let catalog = context.catalog;
    let mut steps = Vec::new();
    steps.extend(catalog.schemas.values().map(|object| schema(object, context)));
    let scripts: Vec<_> =
        catalog.tables.values().map(|table| (table, rewrite::table(table, context))).collect();
    for part in [Part::Tables, Part::Indexes, Part::ForeignKeys] {
        steps.extend(
            scripts.iter().filter_map(|(table, made)| table_step(part, table, made, context)),
        );
    }
    steps.extend(catalog.routines.values().map(|object| routine(object, context)));
    steps.extend(order::views(catalog).into_iter().map(|object| view(object, context)));
    steps.extend(order::triggers(catalog).into_iter().map(|object| trigger(object, context)));
    steps.extend(catalog.events.values().map(|object| event(object, context)));
    Draft { settings: settings(context), steps }
}

/// What a plan depends on besides definitions: when one of these changes, the plan is stale.
#[must_use]
pub fn settings(context: &Context<'_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (side, facts) in [("source", context.source), ("target", context.target)] {
        settings.insert(format!("{side} version"), facts.version.to_string());
        settings.insert(
            format!("{side} lower_case_table_names"),
            facts.lower_case_table_names().to_string(),
        );
    }
    let login = context.target.current_user.clone();
    settings.insert("target login".to_owned(), login);
    // A policy is plain data; should it ever not be, every plan would be of the same one.
    let policy = serde_json::to_string(context.policy).unwrap_or_default();
    settings.insert("policy".to_owned(), policy);
    settings
}

/// The source's definitions as a plan keeps them, to see whether one has moved since.
#[must_use]
pub fn sources(catalog: &Catalog) -> BTreeMap<ObjectId, String> {
    let mut sources = BTreeMap::new();
    for object in catalog.schemas.values() {
        sources.insert(ObjectId::schema(&object.name), schema_source(object));
    }
    let mut add = |kind, name: &QualifiedName, text| {
        sources.insert(ObjectId::new(kind, name.clone()), text);
    };
    for object in catalog.tables.values() {
        add(ObjectKind::Table, &object.name, table_source(object));
    }
    for object in catalog.views.values() {
        add(ObjectKind::View, &object.name, view_source(object));
    }
    for object in catalog.routines.values() {
        add(kind_of(object), &object.name, routine_source(object));
    }
    for object in catalog.triggers.values() {
        add(ObjectKind::Trigger, &object.name, trigger_source(object));
    }
    for object in catalog.events.values() {
        add(ObjectKind::Event, &object.name, event_source(object));
    }
    sources
}

fn schema(schema: &Schema, context: &Context<'_>) -> DraftStep {
    let made = rewrite::schema(schema, context);
    DraftStep {
        step: Step { part: Part::Schemas, object: ObjectId::schema(&schema.name) },
        target: QualifiedName::new(rewrite::target_schema(&schema.name, context), ""),
        table: None,
        reads: Vec::new(),
        source: schema_source(schema),
        body: body(&Settings::default(), None, &made.create, Form::Plain),
        notes: notes(&made.changes, &made.refusals),
    }
}

fn schema_source(schema: &Schema) -> String {
    body(&Settings::default(), None, &schema.create_sql, Form::Plain)
}

fn table_step(
    part: Part,
    table: &Table,
    made: &TableScripts,
    context: &Context<'_>,
) -> Option<DraftStep> {
    let target = rewrite::target_name(&table.name, context);
    let mut settings = Settings::of_tables(context.target);
    let (statement, notes) = match part {
        Part::Indexes => (made.indexes.as_ref()?, refused(&made.refusals)),
        Part::ForeignKeys => {
            if table.foreign_keys.iter().any(|key| !is_standard(key, context.catalog)) {
                settings = settings.allow_non_standard_keys(context.target);
            }
            (made.foreign_keys.as_ref()?, refused(&made.refusals))
        }
        Part::Schemas
        | Part::Tables
        | Part::Routines
        | Part::Views
        | Part::Triggers
        | Part::Events => (&made.create, notes(&made.changes, &made.refusals)),
    };
    Some(DraftStep {
        step: Step { part, object: ObjectId::new(ObjectKind::Table, table.name.clone()) },
        table: (part != Part::Tables).then(|| target.clone()),
        reads: Vec::new(),
        body: body(&settings, Some(&target.schema), statement, Form::Plain),
        source: table_source(table),
        target,
        notes,
    })
}

/// The definition without its `AUTO_INCREMENT` counter, which moves with every row.
fn table_source(table: &Table) -> String {
    let mut sql = Sql::new(table.create_sql.as_str(), Dialect::default());
    let counter = TableText::read(&sql)
        .ok()
        .and_then(|text| text.option("AUTO_INCREMENT").map(|option| sql.with_frame(option.span)));
    sql.edit(counter.map(Edit::delete).into_iter().collect());
    let settings = Settings::default();
    body(&settings, Some(&table.name.schema), sql.text(), Form::Plain)
}

/// Whether a foreign key refers to all columns of a primary or unique key of its parent.
fn is_standard(key: &ForeignKey, catalog: &Catalog) -> bool {
    // A parent that is not migrated cannot be judged; the script must not fail for it.
    let Some(parent) = catalog.tables.get(&key.parent) else { return false };
    let mut wanted: Vec<String> = key.parent_columns.iter().map(|c| c.to_lowercase()).collect();
    wanted.sort_unstable();
    parent.keys.iter().any(|key| {
        if !matches!(key.kind, KeyKind::Primary | KeyKind::Unique) {
            return false;
        }
        let columns: Option<Vec<String>> = key
            .parts
            .iter()
            .map(|part| match part {
                KeyPart::Column { name, prefix: None, .. } => Some(name.to_lowercase()),
                KeyPart::Column { .. } | KeyPart::Expression { .. } => None,
            })
            .collect();
        columns.is_some_and(|mut columns| {
            columns.sort_unstable();
            columns == wanted
        })
    })
}

fn kind_of(routine: &Routine) -> ObjectKind {
    match routine.kind {
        RoutineKind::Function => ObjectKind::Function,
        RoutineKind::Procedure => ObjectKind::Procedure,
    }
}

fn routine(routine: &Routine, context: &Context<'_>) -> DraftStep {
    let made = rewrite::routine(routine, context);
    let id = ObjectId::new(kind_of(routine), routine.name.clone());
    stored(id, &routine.created_under, made, routine_source(routine), context)
}

fn routine_source(routine: &Routine) -> String {
    let text = routine.create_sql.as_deref().unwrap_or("");
    stored_source(&routine.name, &routine.created_under, text, Form::Program)
}

fn view(view: &View, context: &Context<'_>) -> DraftStep {
    let made = rewrite::view(view, context);
    let id = ObjectId::new(ObjectKind::View, view.name.clone());
    let mut step = stored(id, &view.created_under, made, view_source(view), context);
    step.reads = view.reads.iter().map(|read| rewrite::target_name(read, context)).collect();
    if let Some(what) = &view.broken {
        step.notes.push(Note::Broken { what: what.clone() });
    }
    step
}

fn view_source(view: &View) -> String {
    stored_source(&view.name, &view.created_under, &view.create_sql, Form::Plain)
}

fn trigger(trigger: &Trigger, context: &Context<'_>) -> DraftStep {
    let made = rewrite::trigger(trigger, context);
    let id = ObjectId::new(ObjectKind::Trigger, trigger.name.clone());
    let source = trigger_source(trigger);
    let mut step = stored(id, &trigger.created_under, made, source, context);
    step.table = Some(rewrite::target_name(&trigger.table, context));
    step
}

fn trigger_source(trigger: &Trigger) -> String {
    stored_source(&trigger.name, &trigger.created_under, &trigger.create_sql, Form::Program)
}

fn event(event: &Event, context: &Context<'_>) -> DraftStep {
    let made = rewrite::event(event, context);
    let id = ObjectId::new(ObjectKind::Event, event.name.clone());
    stored(id, &event.created_under, made, event_source(event), context)
}

fn event_source(event: &Event) -> String {
    stored_source(&event.name, &event.created_under, &event.create_sql, Form::Program)
}

fn stored_source(name: &QualifiedName, under: &CreatedUnder, text: &str, form: Form) -> String {
    body(&Settings::of_stored(under), Some(&name.schema), text, form)
}

fn stored(
    id: ObjectId,
    under: &CreatedUnder,
    made: ObjectScript,
    source: String,
    context: &Context<'_>,
) -> DraftStep {
    let ObjectScript { create, mut changes, refusals } = made;
    let (mut under, mut more) = rewrite::created_under(under, context);
    changes.append(&mut more);
    let mut notes = notes(&changes, &refusals);
    notes.extend(readable_charset(&mut under, &create, context.target));
    let form = if id.kind == ObjectKind::View { Form::Plain } else { Form::Program };
    let target = rewrite::target_id(&id, context).name;
    DraftStep {
        step: Step { part: part_of(id.kind), object: id },
        body: body(&Settings::of_stored(&under), Some(&target.schema), &create, form),
        table: None,
        reads: Vec::new(),
        target,
        source,
        notes,
    }
}

/// Scripts are UTF-8, so what holds letters beyond ASCII is told to the server as such. The object's
/// meaning stays: its literals follow `collation_connection`.
fn readable_charset(under: &mut CreatedUnder, text: &str, target: &ServerFacts) -> Option<Note> {
    let known = |charset: &str| target.collations.values().any(|known| known == charset);
    let charset = &under.charset_client;
    let is_utf8 = charset.to_ascii_lowercase().starts_with("utf8");
    let why = if charset.is_empty() || (text.is_ascii() || is_utf8) && known(charset) {
        return None;
    } else if text.is_ascii() {
        "the target does not know the other one"
    } else {
        "its text holds letters beyond ASCII, and the script is UTF-8"
    };
    let what = format!("character_set_client {charset} becomes utf8mb4");
    "utf8mb4".clone_into(&mut under.charset_client);
    Some(Note::Change { rewrite: "client-charset".to_owned(), what, why: why.to_owned() })
}

fn notes(changes: &[Change], refusals: &[Refusal]) -> Vec<Note> {
    let changes = changes.iter().map(|Change { rewrite, what, why }| Note::Change {
        rewrite: (*rewrite).to_owned(),
        what: what.clone(),
        why: why.clone(),
    });
    changes.chain(refused(refusals)).collect()
}

fn refused(refusals: &[Refusal]) -> Vec<Note> {
    refusals
        .iter()
        .map(|Refusal { rewrite, what, why, remedy }| Note::Refused {
            rewrite: (*rewrite).to_owned(),
            what: what.clone(),
            why: why.clone(),
            remedy: remedy.clone(),
        })
        .collect()
}
