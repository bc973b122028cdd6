//! The words between a statement's verb and the names it is about.

use crate::sql::stored::account;
use crate::sql::text::{Cursor, NamePath, Sql};

/// What stood before the kind of object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// The object is seen by one session only.
    pub(super) is_temporary: bool,
}

/// Passes over what may stand before the kind of object.
pub(super) fn pass(sql: &Sql, cursor: &mut Cursor<'_>) -> Head {
    const PLAIN: [&[&str]; 10] = [
        &["OR", "REPLACE"],
        &["SQL", "SECURITY", "DEFINER"],
        &["SQL", "SECURITY", "INVOKER"],
        &["UNIQUE"],
        &["FULLTEXT"],
        &["ONLINE"],
        &["OFFLINE"],
        &["IGNORE"],
        &["AGGREGATE"],
        &["VECTOR"],
    ];
    let mut head = Head::default();
    loop {
        if cursor.eat(&["TEMPORARY"]).is_some() {
            head.is_temporary = true;
        } else if let Some(word) = cursor.eat(&["DEFINER"]) {
            account(sql, cursor, word.start);
        } else if cursor.eat(&["ALGORITHM"]).is_some() {
            cursor.eat_mark("=");
            cursor.take();
        } else if is_spatial_index(cursor) {
            cursor.take();
        } else if !PLAIN.iter().any(|words| cursor.eat(words).is_some()) {
            return head;
        }
    }
}

fn is_spatial_index(cursor: &Cursor<'_>) -> bool {
    cursor.clone().eat(&["SPATIAL", "INDEX"]).is_some()
}

/// Passes over `IF EXISTS`, `IF NOT EXISTS` and MariaDB's `WAIT` and `NOWAIT`.
pub(super) fn if_exists(cursor: &mut Cursor<'_>) {
    let _there = cursor.eat(&["IF", "NOT", "EXISTS"]).or_else(|| cursor.eat(&["IF", "EXISTS"]));
    wait(cursor);
}

/// Passes over MariaDB's `WAIT n` and `NOWAIT`.
pub(super) fn wait(cursor: &mut Cursor<'_>) {
    if cursor.eat(&["WAIT"]).is_some() {
        cursor.take();
    } else {
        cursor.eat(&["NOWAIT"]);
    }
}

/// Names with commas between them.
pub(super) fn names(cursor: &mut Cursor<'_>) -> Option<Vec<NamePath>> {
    let mut names = vec![cursor.eat_path()?];
    loop {
        wait(cursor);
        if !cursor.eat_mark(",") {
            return Some(names);
        }
        names.push(cursor.eat_path()?);
    }
}
