//! Statements about tables.

use super::{Deed, head};
use crate::sql::text::{Cursor, NamePath, Span};

/// Where the definition of a new table comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Its columns are listed.
    Columns,
    /// It is another table's.
    Like(NamePath),
    /// Its columns are listed, and its rows follow in the same transaction: `CREATE TABLE … SELECT` as MySQL
    /// logs it. The words that say so.
    WithRows(Span),
}

pub(super) fn created(cursor: &mut Cursor<'_>) -> Option<Deed> {
    head::if_exists(cursor);
    let table = cursor.eat_path()?;
    let mut ahead = *cursor;
    let in_brackets = ahead.eat_mark("(");
    if ahead.eat(&["LIKE"]).is_some()
        && let Some(template) = ahead.eat_path()
        // A column may be called `like` only in backticks, which are no keyword.
        && (!in_brackets || ahead.eat_mark(")"))
    {
        return Some(Deed::CreateTable { table, contents: Contents::Like(template) });
    }
    let contents = with_rows(*cursor).map_or(Contents::Columns, Contents::WithRows);
    Some(Deed::CreateTable { table, contents })
}

/// `START TRANSACTION` behind the columns and options.
fn with_rows(mut cursor: Cursor<'_>) -> Option<Span> {
    loop {
        if let Some(words) = cursor.eat(&["START", "TRANSACTION"]) {
            return Some(words);
        }
        if cursor.eat_group().is_none() {
            cursor.take()?;
        }
    }
}

pub(super) fn altered(cursor: &mut Cursor<'_>) -> Option<Deed> {
    head::if_exists(cursor);
    let table = cursor.eat_path()?;
    head::wait(cursor);
    let mut renamed = None;
    let mut exchanged = None;
    loop {
        if let Some(name) = new_name(cursor) {
            renamed = Some(name);
        } else if is_about_another(cursor) {
            exchanged = another(cursor);
            exchanged.as_ref()?;
        }
        if !next(cursor) {
            return Some(Deed::AlterTable { table, renamed, exchanged });
        }
    }
}

/// `RENAME [TO | AS | =] name`, but not `RENAME COLUMN`, `INDEX` or `KEY`.
fn new_name(cursor: &mut Cursor<'_>) -> Option<NamePath> {
    let mut ahead = *cursor;
    ahead.eat(&["RENAME"])?;
    if ["COLUMN", "INDEX", "KEY"].iter().any(|word| ahead.is_word(word)) {
        return None;
    }
    let _word = ahead.eat(&["TO"]).or_else(|| ahead.eat(&["AS"]));
    ahead.eat_mark("=");
    let name = ahead.eat_path()?;
    *cursor = ahead;
    Some(name)
}

fn is_about_another(cursor: &Cursor<'_>) -> bool {
    let begins = |words: &[&str]| cursor.clone().eat(words).is_some();
    begins(&["EXCHANGE", "PARTITION"])
        || begins(&["CONVERT", "PARTITION"])
        || begins(&["CONVERT", "TABLE"])
}

/// `EXCHANGE PARTITION p WITH TABLE t`, `CONVERT PARTITION p TO TABLE t`, `CONVERT TABLE t TO PARTITION p …`.
fn another(cursor: &mut Cursor<'_>) -> Option<NamePath> {
    while !cursor.is_word("TABLE") {
        cursor.take()?;
    }
    cursor.take()?;
    head::if_exists(cursor);
    cursor.eat_path()
}

/// Moves behind the next comma that stands in no brackets; whether there is one.
fn next(cursor: &mut Cursor<'_>) -> bool {
    loop {
        if cursor.eat_mark(",") {
            return true;
        }
        if cursor.eat_group().is_none() && cursor.take().is_none() {
            return false;
        }
    }
}

/// `CREATE INDEX i … ON t (…)`, `DROP INDEX i ON t`.
pub(super) fn index(cursor: &mut Cursor<'_>) -> Option<Deed> {
    head::if_exists(cursor);
    cursor.eat_name()?;
    while !cursor.is_word("ON") {
        cursor.take()?;
    }
    cursor.take()?;
    let table = cursor.eat_path()?;
    Some(Deed::AlterTable { table, renamed: None, exchanged: None })
}

pub(super) fn renamed(cursor: &mut Cursor<'_>) -> Option<Deed> {
    if cursor.eat(&["USER"]).is_some() {
        return Some(Deed::Passing);
    }
    let _word = cursor.eat(&["TABLES"]).or_else(|| cursor.eat(&["TABLE"]))?;
    head::if_exists(cursor);
    let mut pairs = Vec::new();
    loop {
        let from = cursor.eat_path()?;
        head::wait(cursor);
        cursor.eat(&["TO"])?;
        pairs.push((from, cursor.eat_path()?));
        if !cursor.eat_mark(",") {
            return Some(Deed::RenameTables(pairs));
        }
    }
}
