//! A statement that changed definitions on the source, as the target is to execute it.
//!
//! The source executed it, so it is right there. What may differ here: names, engines, how long it may take and
//! what it may lock, words only one of the servers knows. What cannot be told to mean the same is refused, with
//! the reason.

use super::name::{target_id, target_name, target_schema};
use super::{Context, routine, view};
use crate::catalog::{CreatedUnder, Routine, RoutineKind, View};
use crate::column::ColumnType;
use crate::facts::Flavor;
use crate::name::{ObjectId, ObjectKind, QualifiedName, quote};
use crate::sql::statement::{Contents, Deed, DefinitionStatement, Verb};
use crate::sql::{Cursor, Edit, NamePath, Span, TokenKind};

/// What a statement means besides its text.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Servers and policy.
    pub context: Context<'a>,
    /// The schema that names without one mean; empty for none.
    pub default: &'a str,
    /// What its session had set.
    pub created_under: &'a CreatedUnder,
    /// `collation_server` of its session, if the target knows it.
    pub server_collation: Option<&'a str>,
    /// Whether an object is migrated, or would be if it came to be.
    pub holds: &'a dyn Fn(&ObjectId) -> bool,
}

/// What is to be done on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// These statements are executed, in this order.
    Statements(Vec<String>),
    /// Nothing: the plan has it, for the cutover.
    Later,
    /// It cannot be told to mean the same, and why.
    Refused(String),
}

/// Says what a statement becomes.
#[must_use]
pub fn statement(statement: &DefinitionStatement, scene: &Scene<'_>) -> Carried {
    let made = match &statement.deed {
        Deed::Passing => Ok(Vec::new()),
        Deed::Stored { kind: ObjectKind::Trigger | ObjectKind::Event, .. } => {
            return Carried::Later;
        }
        Deed::Stored { verb, kind, names, other: _ } => {
            stored(statement, scene, (*verb, *kind), names)
        }
        Deed::Schema { verb, name } => schema(statement, scene, *verb, name.as_ref()),
        Deed::DropTables(tables) => drop_held(scene, ObjectKind::Table, "TABLE", tables),
        Deed::CreateTable { .. }
        | Deed::AlterTable { .. }
        | Deed::RenameTables(_)
        | Deed::Truncate(_) => table(statement, scene).map(|text| vec![text]),
        Deed::Unknown => Err("it is of a kind that is not known".to_owned()),
    };
    made.map_or_else(Carried::Refused, Carried::Statements)
}

/// A statement about tables, with the names they have on the target.
fn table(statement: &DefinitionStatement, scene: &Scene<'_>) -> Result<String, String> {
    if let Some(why) = not_the_same(statement, scene) {
        return Err(why);
    }
    let mut edits = frame(statement);
    for path in tables_in(&statement.deed) {
        let name = path.within(scene.default);
        if !(scene.holds)(&ObjectId::new(ObjectKind::Table, name.clone())) {
            return Err(format!("table {name} is not migrated, and this statement needs it"));
        }
        edits.push(Edit::replace(path.span, target_name(&name, &scene.context).to_string()));
    }
    if let Deed::CreateTable { contents: Contents::WithRows(words), .. } = &statement.deed {
        edits.push(Edit::delete(*words));
    }
    edits.extend(parents(statement, scene));
    edits.extend(engines(statement));
    Ok(crate::sql::apply(statement.sql.text(), edits))
}

/// All tables it names.
fn tables_in(deed: &Deed) -> Vec<&NamePath> {
    match deed {
        Deed::CreateTable { table, contents: Contents::Like(template) } => vec![table, template],
        Deed::CreateTable { table, contents: Contents::Columns | Contents::WithRows(_) }
        | Deed::Truncate(table) => vec![table],
        Deed::AlterTable { table, renamed, exchanged } => {
            [Some(table), renamed.as_ref(), exchanged.as_ref()].into_iter().flatten().collect()
        }
        Deed::DropTables(tables) => tables.iter().collect(),
        Deed::RenameTables(pairs) => pairs.iter().flat_map(|(from, to)| [from, to]).collect(),
        Deed::Passing | Deed::Schema { .. } | Deed::Stored { .. } | Deed::Unknown => Vec::new(),
    }
}

/// Words by which rows change that no log tells of, or which MySQL takes for something else.
fn not_the_same(statement: &DefinitionStatement, scene: &Scene<'_>) -> Option<String> {
    let has = |words: &[&str]| finds(statement, words);
    if has(&["IMPORT", "TABLESPACE"]) || has(&["DISCARD", "TABLESPACE"]) {
        return Some("rows come from a file".to_owned());
    }
    if has(&["ALTER", "IGNORE"]) {
        return Some("ALTER IGNORE removes rows, and the log does not tell which".to_owned());
    }
    if scene.context.source.version.flavor == Flavor::MariaDb
        && let Some(why) = no_mysql(statement)
    {
        return Some(why);
    }
    other_collation(statement, &scene.context)
}

/// What MySQL does not have.
fn no_mysql(statement: &DefinitionStatement) -> Option<String> {
    if finds(statement, &["OR", "REPLACE"]) {
        return Some("MySQL has no CREATE OR REPLACE TABLE".to_owned());
    }
    if finds(statement, &["SYSTEM", "VERSIONING"]) || finds(statement, &["PERIOD", "FOR"]) {
        return Some("MySQL has no system versioning and no periods".to_owned());
    }
    let sql = &statement.sql;
    let words = sql.tokens().iter().filter(|token| token.kind == TokenKind::Word);
    let mut types = words.map(|token| sql.token_text(*token)).filter(|word| {
        let kind = ColumnType::from_data_type(word);
        let others = [ColumnType::Json, ColumnType::Uuid, ColumnType::Inet, ColumnType::Vector];
        others.contains(&kind)
    });
    types.next().map(|word| format!("{word} is another type on the target than on MariaDB"))
}

/// Where a character set is named and no collation, each server takes its own.
fn other_collation(statement: &DefinitionStatement, context: &Context<'_>) -> Option<String> {
    if context.source.version.is_mysql_at_least(8, 0, 0) {
        return None;
    }
    let mut cursor = statement.sql.cursor();
    while cursor.peek().is_some() {
        let named = cursor.eat(&["CHARACTER", "SET"]).or_else(|| cursor.eat(&["CHARSET"]));
        if named.is_none() {
            if cursor.eat(&["COLLATE"]).is_none() {
                cursor.take();
                continue;
            }
            cursor.eat_mark("=");
            let collation = cursor.peek_text();
            if !context.target.collations.contains_key(&collation.to_lowercase()) {
                return Some(format!("the target does not know collation {collation}"));
            }
            continue;
        }
        cursor.eat_mark("=");
        let charset = cursor.peek_text().to_lowercase();
        cursor.take();
        let mut ahead = cursor;
        ahead.eat_mark(",");
        let differs = charset.starts_with("utf") || charset == "ucs2";
        if differs && !ahead.is_word("COLLATE") {
            return Some(format!(
                "character set {charset} is named without a collation, and the target's own is another"
            ));
        }
    }
    None
}

/// Whether words stand in it, one after the other.
fn finds(statement: &DefinitionStatement, words: &[&str]) -> bool {
    let mut cursor = statement.sql.cursor();
    while cursor.peek().is_some() {
        if cursor.eat(words).is_some() {
            return true;
        }
        cursor.take();
    }
    false
}

/// How it may be done and how long it may wait is for the target to say.
fn frame(statement: &DefinitionStatement) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut cursor = statement.sql.cursor();
    cursor.take();
    edits.extend(cursor.eat(&["ONLINE"]).map(Edit::delete));
    let mut comma: Option<Span> = None;
    while let Some(token) = cursor.peek() {
        if cursor.eat_group().is_some() {
            comma = None;
            continue;
        }
        let start = token.start;
        let is_choice = cursor.is_word("ALGORITHM") || cursor.is_word("LOCK");
        let mut ahead = cursor;
        if is_choice && ahead.take().is_some() {
            let equals = ahead.eat_mark("=");
            let choice =
                ahead.peek().filter(|_| equals || CHOICES.iter().any(|c| ahead.is_word(c)));
            if let Some(choice) = choice {
                ahead.take();
                cursor = ahead;
                // One of the commas beside it goes with it.
                let end = match (comma, cursor.is_mark(",")) {
                    (None, true) => cursor.take().map_or(choice.end, |comma| comma.end),
                    (Some(_), _) | (None, false) => choice.end,
                };
                edits.push(Edit::delete(Span { start: comma.map_or(start, |c| c.start), end }));
                comma = None;
                continue;
            }
        }
        if let Some(words) = waits(&mut cursor) {
            edits.push(Edit::delete(words));
        } else {
            comma = cursor.is_mark(",").then_some(Span { start, end: token.end });
            cursor.take();
        }
    }
    edits
}

/// Passes over MariaDB's `WAIT 5`. What is called `wait` is not followed by a number.
fn waits(cursor: &mut Cursor<'_>) -> Option<Span> {
    let mut ahead = *cursor;
    let word = ahead.eat(&["WAIT"])?;
    let number = ahead.take().filter(|token| token.kind == TokenKind::Number)?;
    *cursor = ahead;
    Some(Span { start: word.start, end: number.end })
}

/// What `ALGORITHM` and `LOCK` may be, where no `=` tells that no name is meant.
const CHOICES: [&str; 8] =
    ["DEFAULT", "INPLACE", "INSTANT", "COPY", "NOCOPY", "NONE", "SHARED", "EXCLUSIVE"];

/// Parents of foreign keys, by the names they have on the target.
fn parents(statement: &DefinitionStatement, scene: &Scene<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut cursor = statement.sql.cursor();
    while cursor.peek().is_some() {
        if cursor.eat(&["REFERENCES"]).is_some()
            && let Some(path) = cursor.eat_path()
        {
            let target = target_name(&path.within(scene.default), &scene.context);
            edits.push(Edit::replace(path.span, target.to_string()));
        } else {
            cursor.take();
        }
    }
    edits
}

/// Engines that keep rows, where no `=` tells that no column is called `engine`.
const ENGINES: [&str; 9] =
    ["InnoDB", "MyISAM", "Aria", "MEMORY", "HEAP", "ARCHIVE", "CSV", "ROCKSDB", "TokuDB"];

/// Every table of the target is InnoDB's.
fn engines(statement: &DefinitionStatement) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut cursor = statement.sql.cursor();
    while cursor.peek().is_some() {
        if cursor.eat_group().is_some() {
            continue;
        }
        let mut ahead = cursor;
        if ahead.eat(&["ENGINE"]).is_some()
            && let equals = ahead.eat_mark("=")
            && let Some((engine, span)) = ahead.eat_name()
            && (equals || ENGINES.iter().any(|known| known.eq_ignore_ascii_case(&engine)))
        {
            if !engine.eq_ignore_ascii_case("InnoDB") {
                edits.push(Edit::replace(span, "InnoDB"));
            }
            cursor = ahead;
        } else {
            cursor.take();
        }
    }
    edits
}

fn schema(
    statement: &DefinitionStatement,
    scene: &Scene<'_>,
    verb: Verb,
    name: Option<&NamePath>,
) -> Result<Vec<String>, String> {
    let Some(path) = name else { return Err("it leaves out which schema it changes".to_owned()) };
    if verb == Verb::Drop {
        return Err(format!("all of schema {} is removed", quote(&path.name)));
    }
    if let Some(why) = other_collation(statement, &scene.context) {
        return Err(why);
    }
    let target = quote(&target_schema(&path.name, &scene.context));
    let mut edits = vec![Edit::replace(path.span, target)];
    let named = [&["CHARACTER", "SET"][..], &["CHARSET"], &["COLLATE"]];
    if verb == Verb::Create && !named.iter().any(|words| finds(statement, words)) {
        let Some(collation) = scene.server_collation else {
            return Err("the source's collation_server is not known to the target".to_owned());
        };
        edits.push(Edit::insert(path.span.end, format!(" COLLATE {collation}")));
    }
    Ok(vec![crate::sql::apply(statement.sql.text(), edits)])
}

/// Removes what is migrated of the named objects.
fn drop_held(
    scene: &Scene<'_>,
    kind: ObjectKind,
    word: &str,
    paths: &[NamePath],
) -> Result<Vec<String>, String> {
    let ids = paths.iter().map(|path| ObjectId::new(kind, path.within(scene.default)));
    let held: Vec<String> = ids
        .filter(|id| (scene.holds)(id))
        .map(|id| target_id(&id, &scene.context).name.to_string())
        .collect();
    Ok(vec![format!("DROP {word} IF EXISTS {}", held.join(", "))])
}

fn stored(
    statement: &DefinitionStatement,
    scene: &Scene<'_>,
    (verb, kind): (Verb, ObjectKind),
    names: &[NamePath],
) -> Result<Vec<String>, String> {
    let word = match kind {
        ObjectKind::View => "VIEW",
        ObjectKind::Function => "FUNCTION",
        ObjectKind::Procedure => "PROCEDURE",
        ObjectKind::Schema | ObjectKind::Table | ObjectKind::Trigger | ObjectKind::Event => {
            return Err("it is of a kind that is not known".to_owned());
        }
    };
    if verb == Verb::Drop {
        return drop_held(scene, kind, word, names);
    }
    let path = names.first().ok_or_else(|| "it names nothing".to_owned())?;
    let name = path.within(scene.default);
    if verb == Verb::Alter && kind != ObjectKind::View {
        let target = target_id(&ObjectId::new(kind, name), &scene.context).name;
        let edits = vec![Edit::replace(path.span, target.to_string())];
        return Ok(vec![crate::sql::apply(statement.sql.text(), edits)]);
    }
    let remove = drop_held(scene, kind, word, names)?;
    let create = created(statement, scene, kind, name)?;
    Ok(remove.into_iter().chain([create]).collect())
}

/// The statement that makes a view or routine, rewritten as the plan's are.
fn created(
    statement: &DefinitionStatement,
    scene: &Scene<'_>,
    kind: ObjectKind,
    name: QualifiedName,
) -> Result<String, String> {
    let modes = scene.created_under.sql_mode.as_deref().unwrap_or("");
    let is_quoted = modes.split(',').any(|mode| mode == "ANSI_QUOTES");
    if kind == ObjectKind::View && is_quoted {
        return Err("it was written under ANSI_QUOTES".to_owned());
    }
    let create_sql = as_created(statement);
    let (definer, created_under) = (String::new(), scene.created_under.clone());
    let routine_of = |kind| Routine {
        name: name.clone(),
        kind,
        definer: definer.clone(),
        create_sql: Some(create_sql.clone()),
        created_under: created_under.clone(),
    };
    let script = match kind {
        ObjectKind::Function => routine(&routine_of(RoutineKind::Function), &scene.context),
        ObjectKind::Procedure => routine(&routine_of(RoutineKind::Procedure), &scene.context),
        ObjectKind::View
        | ObjectKind::Schema
        | ObjectKind::Table
        | ObjectKind::Trigger
        | ObjectKind::Event => {
            let (columns, reads, broken) = (Vec::new(), Vec::new(), None);
            let made = View { name, definer, create_sql, created_under, columns, reads, broken };
            view(&made, &scene.context)
        }
    };
    match script.refusals.first() {
        Some(refusal) => Err(format!("{}: {}", refusal.what, refusal.why)),
        None => Ok(script.create),
    }
}

/// `ALTER VIEW` and `CREATE OR REPLACE` as a plain `CREATE`: whatever was there is removed before.
fn as_created(statement: &DefinitionStatement) -> String {
    let mut cursor = statement.sql.cursor();
    let mut edits = Vec::new();
    if let Some(word) = cursor.eat(&["ALTER"]) {
        edits.push(Edit::replace(word, "CREATE"));
    } else {
        cursor.eat(&["CREATE"]);
        edits.extend(cursor.eat(&["OR", "REPLACE"]).map(Edit::delete));
    }
    crate::sql::apply(statement.sql.text(), edits)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::World;
    use super::*;
    use crate::sql::Dialect;

    fn carried(world: &World, text: &str) -> Carried {
        let read = DefinitionStatement::read(text, Dialect::default());
        let created_under =
            CreatedUnder { sql_mode: Some(String::new()), ..CreatedUnder::default() };
        let holds = |id: &ObjectId| id.name.schema == "shop" && !id.name.name.starts_with("out");
        let scene = Scene {
            context: world.context(),
            default: "shop",
            created_under: &created_under,
            server_collation: Some("utf8mb4_bin"),
            holds: &holds,
        };
        statement(&read, &scene)
    }

    #[track_caller]
    fn check(world: &World, text: &str, expected: &[&str]) {
        let expected = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(carried(world, text), Carried::Statements(expected), "{text}");
    }

    #[test]
    fn tables_have_their_names_and_engine_on_the_target() {
        let world = World::mysql().renaming("shop", "store");
        for (text, expected) in [
            ("ALTER TABLE T ADD c INT", "ALTER TABLE `store`.`t` ADD c INT"),
            (
                "ALTER ONLINE TABLE t ADD online INT, ADD `wait` INT, ADD engine VARCHAR(9), ALGORITHM=INPLACE, LOCK = NONE",
                "ALTER  TABLE `store`.`t` ADD online INT, ADD `wait` INT, ADD engine VARCHAR(9)",
            ),
            (
                "ALTER TABLE t ALGORITHM INSTANT, ADD algorithm INT",
                "ALTER TABLE `store`.`t`  ADD algorithm INT",
            ),
            ("ALTER TABLE t WAIT 5 ENGINE MyISAM", "ALTER TABLE `store`.`t`  ENGINE InnoDB"),
            (
                "CREATE INDEX i ON t (c) ALGORITHM=INPLACE LOCK=NONE",
                "CREATE INDEX i ON `store`.`t` (c)  ",
            ),
            (
                "RENAME TABLE t TO _t_del, _t_gho TO t",
                "RENAME TABLE `store`.`t` TO `store`.`_t_del`, `store`.`_t_gho` TO `store`.`t`",
            ),
            ("CREATE TABLE u LIKE shop.t", "CREATE TABLE `store`.`u` LIKE `store`.`t`"),
            (
                "CREATE TABLE u (a INT REFERENCES p (id)) ENGINE=MyISAM START TRANSACTION",
                "CREATE TABLE `store`.`u` (a INT REFERENCES `store`.`p` (id)) ENGINE=InnoDB ",
            ),
            ("TRUNCATE t", "TRUNCATE `store`.`t`"),
            ("DROP TABLE t, other.x, out_a", "DROP TABLE IF EXISTS `store`.`t`"),
            ("DROP VIEW IF EXISTS V", "DROP VIEW IF EXISTS `store`.`v`"),
            ("ALTER PROCEDURE P COMMENT 'x'", "ALTER PROCEDURE `store`.`P` COMMENT 'x'"),
            ("CREATE SCHEMA shop", "CREATE SCHEMA `store` COLLATE utf8mb4_bin"),
            ("CREATE SCHEMA shop CHARSET latin1", "CREATE SCHEMA `store` CHARSET latin1"),
        ] {
            check(&world, text, &[expected]);
        }
    }

    #[test]
    fn views_and_routines_are_made_as_the_plan_makes_them() {
        let world = World::mysql();
        for text in [
            "CREATE OR REPLACE DEFINER=`a`@`%` VIEW `v` AS SELECT 1",
            "ALTER DEFINER=`a`@`%` VIEW `v` AS SELECT 1",
        ] {
            let Carried::Statements(made) = carried(&world, text) else { panic!("{text}") };
            let [remove, create] = made.as_slice() else { panic!("{made:?}") };
            assert_eq!(remove, "DROP VIEW IF EXISTS `shop`.`v`");
            assert!(create.starts_with("CREATE"), "{create}");
            assert!(
                create.ends_with("DEFINER=CURRENT_USER VIEW `shop`.`v` AS SELECT 1"),
                "{create}"
            );
        }
        check(
            &world,
            "CREATE DEFINER=`a`@`%` PROCEDURE p() SELECT 1",
            &[
                "DROP PROCEDURE IF EXISTS `shop`.`p`",
                "CREATE DEFINER=CURRENT_USER PROCEDURE `shop`.`p`() SELECT 1",
            ],
        );
        assert_eq!(carried(&world, "DROP TRIGGER t"), Carried::Later);
        assert_eq!(
            carried(&world, "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1"),
            Carried::Later
        );
    }

    #[test]
    fn what_cannot_be_told_to_mean_the_same_is_refused() {
        let refused = |world: &World, text: &str| {
            let Carried::Refused(why) = carried(world, text) else { panic!("{text}") };
            why
        };
        let mysql = World::mysql();
        for (text, why) in [
            ("RENAME TABLE t TO out_t", "table `shop`.`out_t` is not migrated"),
            ("CREATE TABLE t LIKE other.t", "table `other`.`t` is not migrated"),
            ("DROP DATABASE shop", "all of schema `shop` is removed"),
            ("ALTER TABLE t IMPORT TABLESPACE", "rows come from a file"),
            ("CREATE LIBRARY s", "of a kind that is not known"),
        ] {
            let told = refused(&mysql, text);
            assert!(told.contains(why), "{text}: {told}");
        }
        let mariadb = World::mariadb();
        for (text, why) in [
            ("CREATE OR REPLACE TABLE t (a INT)", "OR REPLACE"),
            ("ALTER IGNORE TABLE t ADD UNIQUE (a)", "removes rows"),
            ("ALTER TABLE t ADD u UUID", "another type"),
            ("ALTER TABLE t ADD j JSON", "another type"),
            ("ALTER TABLE t ADD c TEXT CHARACTER SET utf8mb4", "without a collation"),
            ("ALTER TABLE t ADD c TEXT COLLATE utf8mb4_uca1400_ai_ci", "does not know collation"),
            ("CREATE TABLE t (a INT) WITH SYSTEM VERSIONING", "no system versioning"),
        ] {
            let told = refused(&mariadb, text);
            assert!(told.contains(why), "{text}: {told}");
        }
        check(
            &mariadb,
            "ALTER TABLE t ADD c TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            &["ALTER TABLE `shop`.`t` ADD c TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
        );
    }
}
