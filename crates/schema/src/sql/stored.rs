//! Where the parts of a view's, routine's, trigger's or event's `SHOW CREATE` text lie.

use super::column::data_type;
use super::lexer::TokenKind;
use super::table::Unreadable;
use super::text::{Cursor, NamePath, Span, Sql, unquote};

/// What a text creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// A view.
    View,
    /// A stored function.
    Function,
    /// MariaDB's stored aggregate function.
    AggregateFunction,
    /// A stored procedure.
    Procedure,
    /// A trigger.
    Trigger,
    /// A scheduled event.
    Event,
    /// MariaDB's package or package body.
    Package,
}

/// A `DEFINER=` clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinerText {
    /// `user@host`, unquoted; `CURRENT_USER` or a role's name has no host.
    pub account: String,
    /// The whole clause.
    pub span: Span,
}

/// Where the parts of such a text lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredText {
    /// What it creates.
    pub kind: StoredKind,
    /// Its definer.
    pub definer: Option<DefinerText>,
    /// The bytes of `SQL SECURITY …`.
    pub security: Option<Span>,
    /// Offset at which a `SQL SECURITY` clause may be put: views and routines only.
    pub security_place: Option<usize>,
    /// The object's name.
    pub name: NamePath,
    /// A trigger's table.
    pub table: Option<NamePath>,
    /// A trigger's `FOLLOWS` or `PRECEDES` clause.
    pub order: Option<Span>,
    /// An event's `ENABLE`, `DISABLE` or `DISABLE ON …`; an empty span at its place when it has none.
    pub status: Option<Span>,
    /// A routine's language, upper case, when the text names one.
    pub language: Option<String>,
    /// Offset of the first byte of the body: what is run, or what a view selects.
    pub body: usize,
}

impl StoredText {
    /// Reads a `SHOW CREATE VIEW`, `FUNCTION`, `PROCEDURE`, `TRIGGER` or `EVENT` text.
    pub fn read(sql: &Sql) -> Result<Self, Unreadable> {
        let mut cursor = sql.cursor();
        if cursor.eat(&["CREATE"]).is_none() {
            return Err(Unreadable::here(&cursor, "CREATE"));
        }
        let mut definer = None;
        let mut security = None;
        let kind_at;
        let kind = loop {
            let at = cursor.offset();
            if let Some(kind) = kind(&mut cursor) {
                kind_at = at;
                break kind;
            }
            if let Some(word) = cursor.eat(&["DEFINER"]) {
                definer = account(sql, &mut cursor, word.start);
            } else if let Some(words) = cursor.eat(&["SQL", "SECURITY"]) {
                security = clause(&mut cursor, words.start);
            } else if cursor.eat(&["ALGORITHM"]).is_some() {
                cursor.eat_mark("=");
                cursor.take();
            } else if cursor.eat(&["OR", "REPLACE"]).is_none() {
                return Err(Unreadable::here(
                    &cursor,
                    "VIEW, FUNCTION, PROCEDURE, TRIGGER or EVENT",
                ));
            }
        };
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = cursor.eat_path().ok_or_else(|| Unreadable::here(&cursor, "a name"))?;
        let mut stored = Self {
            kind,
            definer,
            security,
            security_place: None,
            name,
            table: None,
            order: None,
            status: None,
            language: None,
            body: 0,
        };
        match kind {
            StoredKind::View => stored.view(&mut cursor, kind_at)?,
            StoredKind::Function | StoredKind::AggregateFunction | StoredKind::Procedure => {
                stored.routine(sql, &mut cursor)?;
            }
            StoredKind::Trigger => stored.trigger(&mut cursor)?,
            StoredKind::Event => stored.event(&mut cursor)?,
            StoredKind::Package => {}
        }
        stored.body = cursor.offset();
        Ok(stored)
    }

    fn view(&mut self, cursor: &mut Cursor<'_>, kind_at: usize) -> Result<(), Unreadable> {
        self.security_place = Some(kind_at);
        cursor.eat_group();
        cursor.eat(&["AS"]).map(drop).ok_or_else(|| Unreadable::here(cursor, "AS"))
    }

    fn routine(&mut self, sql: &Sql, cursor: &mut Cursor<'_>) -> Result<(), Unreadable> {
        cursor.eat_group().ok_or_else(|| Unreadable::here(cursor, "parameters in ( )"))?;
        if cursor.eat(&["RETURNS"]).is_some() {
            data_type(cursor).ok_or_else(|| Unreadable::here(cursor, "a type"))?;
            skip_charset(cursor);
        }
        while let Some((name, span)) = characteristic(cursor) {
            match name {
                "LANGUAGE" => {
                    let language = cursor.take().map(|token| sql.token_text(token));
                    self.language = language.map(str::to_ascii_uppercase);
                }
                "SQL SECURITY" => self.security = clause(cursor, span.start),
                "COMMENT" => drop(cursor.take()),
                _ => {}
            }
        }
        self.security_place = Some(cursor.offset());
        Ok(())
    }

    fn trigger(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Unreadable> {
        while !cursor.is_word("ON") {
            if cursor.take().is_none() {
                return Err(Unreadable::here(cursor, "ON"));
            }
        }
        cursor.take();
        let table = cursor.eat_path().ok_or_else(|| Unreadable::here(cursor, "a table name"))?;
        self.table = Some(table);
        if cursor.eat(&["FOR", "EACH", "ROW"]).is_none() {
            return Err(Unreadable::here(cursor, "FOR EACH ROW"));
        }
        let order = cursor.eat(&["FOLLOWS"]).or_else(|| cursor.eat(&["PRECEDES"]));
        self.order = order.and_then(|word| {
            cursor.eat_name().map(|(_, name)| Span { start: word.start, end: name.end })
        });
        Ok(())
    }

    fn event(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Unreadable> {
        loop {
            let status = cursor
                .eat(&["DISABLE", "ON", "SLAVE"])
                .or_else(|| cursor.eat(&["DISABLE", "ON", "REPLICA"]))
                .or_else(|| cursor.eat(&["DISABLE"]))
                .or_else(|| cursor.eat(&["ENABLE"]));
            if status.is_some() {
                self.status = status;
                continue;
            }
            if self.status.is_none() && (cursor.is_word("COMMENT") || cursor.is_word("DO")) {
                let at = cursor.offset();
                self.status = Some(Span { start: at, end: at });
            }
            if cursor.eat(&["DO"]).is_some() {
                return Ok(());
            } else if cursor.eat_group().is_none() && cursor.take().is_none() {
                return Err(Unreadable::here(cursor, "DO"));
            }
        }
    }
}

fn kind(cursor: &mut Cursor<'_>) -> Option<StoredKind> {
    const KINDS: [(&[&str], StoredKind); 8] = [
        (&["VIEW"], StoredKind::View),
        (&["FUNCTION"], StoredKind::Function),
        (&["AGGREGATE", "FUNCTION"], StoredKind::AggregateFunction),
        (&["PROCEDURE"], StoredKind::Procedure),
        (&["TRIGGER"], StoredKind::Trigger),
        (&["EVENT"], StoredKind::Event),
        (&["PACKAGE", "BODY"], StoredKind::Package),
        (&["PACKAGE"], StoredKind::Package),
    ];
    KINDS.iter().find(|(words, _)| cursor.eat(words).is_some()).map(|&(_, kind)| kind)
}

pub(super) fn account(sql: &Sql, cursor: &mut Cursor<'_>, start: usize) -> Option<DefinerText> {
    cursor.eat_mark("=");
    let user = cursor.take()?;
    let mut end = user.end;
    let mut account = unquote(sql.token_text(user));
    if cursor.peek().is_some_and(|token| token.kind == TokenKind::AtName) {
        let host = cursor.take()?;
        end = host.end;
        account.push('@');
        account.push_str(&unquote(sql.token_text(host).trim_start_matches('@')));
    } else if cursor.eat_mark("@") {
        let host = cursor.take()?;
        end = host.end;
        account.push('@');
        account.push_str(&unquote(sql.token_text(host)));
    } else if let Some(brackets) = cursor.eat_group() {
        end = brackets.end + 1;
    }
    Some(DefinerText { account, span: Span { start, end } })
}

fn clause(cursor: &mut Cursor<'_>, start: usize) -> Option<Span> {
    cursor.take().map(|token| Span { start, end: token.end })
}

fn skip_charset(cursor: &mut Cursor<'_>) {
    loop {
        let named = cursor
            .eat(&["CHARSET"])
            .or_else(|| cursor.eat(&["CHARACTER", "SET"]))
            .or_else(|| cursor.eat(&["COLLATE"]));
        if named.is_some() {
            cursor.take();
        } else if cursor.eat(&["BINARY"]).is_none()
            && cursor.eat(&["ASCII"]).is_none()
            && cursor.eat(&["UNICODE"]).is_none()
        {
            return;
        }
    }
}

/// Passes over the words of one routine characteristic.
fn characteristic(cursor: &mut Cursor<'_>) -> Option<(&'static str, Span)> {
    const CHARACTERISTICS: [(&[&str], &str); 9] = [
        (&["LANGUAGE"], "LANGUAGE"),
        (&["SQL", "SECURITY"], "SQL SECURITY"),
        (&["COMMENT"], "COMMENT"),
        (&["NOT", "DETERMINISTIC"], ""),
        (&["DETERMINISTIC"], ""),
        (&["CONTAINS", "SQL"], ""),
        (&["NO", "SQL"], ""),
        (&["READS", "SQL", "DATA"], ""),
        (&["MODIFIES", "SQL", "DATA"], ""),
    ];
    CHARACTERISTICS.iter().find_map(|&(words, name)| Some((name, cursor.eat(words)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;

    fn read(text: &str) -> (Sql, StoredText) {
        let sql = Sql::new(text, Dialect::default());
        let stored = StoredText::read(&sql).unwrap();
        (sql, stored)
    }

    fn body<'a>(sql: &'a Sql, stored: &StoredText) -> &'a str {
        &sql.text()[stored.body..]
    }

    #[test]
    fn a_view_is_read() {
        let (sql, view) = read(
            "CREATE ALGORITHM=MERGE DEFINER=`ro``ot`@`%` SQL SECURITY INVOKER VIEW `s`.`v` (`a`,`b`) AS select 1",
        );
        assert_eq!(view.kind, StoredKind::View);
        let definer = view.definer.clone().unwrap();
        assert_eq!(definer.account, "ro`ot@%");
        assert_eq!(sql.slice(definer.span), "DEFINER=`ro``ot`@`%`");
        assert_eq!(sql.slice(view.security.unwrap()), "SQL SECURITY INVOKER");
        assert_eq!(view.name.schema.as_deref(), Some("s"));
        assert!(sql.text()[view.security_place.unwrap()..].starts_with("VIEW"));
        assert_eq!(body(&sql, &view), "select 1");
    }

    #[test]
    fn a_routine_is_read_up_to_its_body() {
        let (sql, function) = read(
            "CREATE DEFINER=`a`@`b` FUNCTION `f`(`x` decimal(10,2), y enum('(')) RETURNS varchar(10) CHARSET utf8mb4 COLLATE utf8mb4_bin
    READS SQL DATA
    DETERMINISTIC
    SQL SECURITY INVOKER
    COMMENT 'SQL SECURITY DEFINER'
BEGIN return 'x'; END",
        );
        assert_eq!(function.kind, StoredKind::Function);
        assert_eq!(sql.slice(function.security.unwrap()), "SQL SECURITY INVOKER");
        assert_eq!(body(&sql, &function), "BEGIN return 'x'; END");
        let (sql, procedure) = read("CREATE DEFINER=CURRENT_USER() PROCEDURE p() select 1");
        assert_eq!(sql.slice(procedure.definer.clone().unwrap().span), "DEFINER=CURRENT_USER()");
        assert_eq!(body(&sql, &procedure), "select 1");
        let (_, script) = read("CREATE FUNCTION f() RETURNS int LANGUAGE JAVASCRIPT AS $$ x $$");
        assert_eq!(script.language.as_deref(), Some("JAVASCRIPT"));
    }

    #[test]
    fn a_trigger_is_read_in_old_and_new_form() {
        let (sql, trigger) = read(
            "CREATE DEFINER=`root`@`localhost` TRIGGER `t` BEFORE INSERT ON `s` . `tab` FOR EACH ROW FOLLOWS `u` SET NEW.a = 1",
        );
        let table = trigger.table.clone().unwrap();
        assert_eq!((table.schema.as_deref(), table.name.as_str()), (Some("s"), "tab"));
        assert_eq!(sql.slice(trigger.order.unwrap()), "FOLLOWS `u`");
        assert_eq!(body(&sql, &trigger), "SET NEW.a = 1");
        let (sql, dumped) = read(
            "CREATE /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t AFTER DELETE ON tab FOR EACH ROW begin end */",
        );
        assert_eq!(sql.slice(dumped.definer.unwrap().span), "DEFINER=`a`@`b`");
        assert_eq!(dumped.name.name, "t");
    }

    #[test]
    fn an_event_is_read_with_its_status() {
        let status = |status: &str| {
            let (sql, event) = read(&format!(
                "CREATE DEFINER=`a`@`b` EVENT `e` ON SCHEDULE EVERY (1+1) DAY STARTS '2026-01-01 00:00:00' ON COMPLETION NOT PRESERVE {status} COMMENT 'ENABLE' DO begin end"
            ));
            assert_eq!(body(&sql, &event), "begin end");
            event.status.map(|span| sql.slice(span).to_owned())
        };
        assert_eq!(status("ENABLE").as_deref(), Some("ENABLE"));
        assert_eq!(status("DISABLE ON SLAVE").as_deref(), Some("DISABLE ON SLAVE"));
        assert_eq!(status("").as_deref(), Some(""));
    }

    #[test]
    fn packages_and_aggregates_are_told_apart() {
        let kind = |text| read(text).1.kind;
        assert_eq!(kind("CREATE DEFINER=`a`@`b` PACKAGE BODY `p` AS x"), StoredKind::Package);
        assert_eq!(
            kind("CREATE AGGREGATE FUNCTION f(x int) RETURNS int BEGIN END"),
            StoredKind::AggregateFunction
        );
        let sql = Sql::new("CREATE TABLE t (a int)", Dialect::default());
        assert!(StoredText::read(&sql).is_err());
    }
}
