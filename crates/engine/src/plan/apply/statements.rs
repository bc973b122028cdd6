//! What a script's SQL does, statement by statement, as far as carrying it out needs to know.

use sealift_schema::sql::script::{Statement, split};
use sealift_schema::sql::table::split as split_at_commas;
use sealift_schema::sql::{Cursor, Dialect, Edit, Span, Sql, TokenKind, apply, unquote};

/// A script's statements.
#[derive(Clone, Debug)]
pub(crate) struct Statements<'a> {
    /// `SET` and `USE` at the beginning.
    pub(crate) settings: Vec<Statement<'a>>,
    /// Everything after them.
    pub(crate) deeds: Vec<Statement<'a>>,
    /// How the text is read.
    pub(crate) dialect: Dialect,
}

impl<'a> Statements<'a> {
    /// Splits a script's SQL.
    pub(crate) fn read(body: &'a str) -> Self {
        // Whether a backslash escapes is said by the script itself, at its beginning.
        let mode = setting(body, "sql_mode").unwrap_or_default();
        let dialect = Dialect::of_sql_mode(&mode);
        let mut settings = split(body, dialect);
        let first = settings.iter().position(|s| !is_setting(s.text, dialect));
        let deeds = first.map(|first| settings.split_off(first)).unwrap_or_default();
        Self { settings, deeds, dialect }
    }
}

/// The value a script's first `SET` of a variable gives it, unquoted.
pub(crate) fn setting(body: &str, variable: &str) -> Option<String> {
    for statement in split(body, Dialect::default()) {
        if !is_setting(statement.text, Dialect::default()) {
            return None;
        }
        let sql = Sql::new(statement.text, Dialect::default());
        let mut cursor = sql.cursor();
        while cursor.peek().is_some() {
            let found = cursor.is_word(variable);
            cursor.take();
            if found && (cursor.eat_mark("=") || cursor.eat_mark(":=")) {
                return Some(unquote(cursor.peek_text()));
            }
        }
    }
    None
}

fn is_setting(text: &str, dialect: Dialect) -> bool {
    let sql = Sql::new(text, dialect);
    let cursor = sql.cursor();
    cursor.is_word("SET") || cursor.is_word("USE")
}

/// What the text of a statement shows to people: its first words.
pub(crate) fn opening(text: &str, dialect: Dialect) -> String {
    let sql = Sql::new(text, dialect);
    let mut cursor = sql.cursor();
    let start = cursor.offset();
    let mut end = start;
    for _ in 0..OPENING_TOKENS {
        let Some(token) = cursor.take() else { break };
        end = token.end;
    }
    sql.slice(Span { start, end }).to_owned()
}

/// Tokens shown of a statement.
const OPENING_TOKENS: usize = 6;

/// A statement that adds keys or constraints to a table.
#[derive(Clone, Debug)]
pub(crate) struct Additions {
    sql: Sql,
    clauses: Vec<Clause>,
}

#[derive(Clone, Debug)]
struct Clause {
    name: Option<String>,
    span: Span,
}

/// What is left of such a statement when what is there already is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remainder {
    /// All of it is there.
    Nothing,
    /// This has to be executed.
    Statement(String),
    /// Some of it is there, and the rest cannot be told apart.
    Mixed {
        /// Names that are there.
        there: Vec<String>,
    },
}

impl Additions {
    /// Reads `ALTER TABLE … ADD …` or `CREATE INDEX`; `None` for any other statement.
    pub(crate) fn read(text: &str, dialect: Dialect) -> Option<Self> {
        let sql = Sql::new(text, dialect);
        let mut cursor = sql.cursor();
        let clauses = if cursor.eat(&["ALTER", "TABLE"]).is_some() {
            cursor.eat_path()?;
            let rest = Span { start: cursor.offset(), end: text.len() };
            let spans = split_at_commas(&sql, rest);
            spans.into_iter().map(|span| clause(&sql, span)).collect()
        } else {
            cursor.eat(&["CREATE"])?;
            eat_any(&mut cursor, &["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"]);
            cursor.eat(&["INDEX"])?;
            let (name, _) = cursor.eat_name()?;
            vec![Clause { name: Some(name), span: Span { start: 0, end: text.len() } }]
        };
        Some(Self { sql, clauses })
    }

    /// The names it adds.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.clauses.iter().filter_map(|clause| clause.name.as_deref())
    }

    /// What has to be executed, given what is there.
    pub(crate) fn without(&self, is_there: impl Fn(&str) -> bool) -> Remainder {
        let there: Vec<&Clause> =
            self.clauses.iter().filter(|c| c.name.as_deref().is_some_and(&is_there)).collect();
        if there.is_empty() {
            return Remainder::Statement(self.sql.text().to_owned());
        }
        if there.len() == self.names().count() {
            return Remainder::Nothing;
        }
        if self.names().count() < self.clauses.len() {
            let there = there.iter().filter_map(|clause| clause.name.clone()).collect();
            return Remainder::Mixed { there };
        }
        Remainder::Statement(apply(self.sql.text(), self.cuts(&there)))
    }

    /// Edits that take clauses out, each with the comma that parts it from a neighbour that stays.
    fn cuts(&self, there: &[&Clause]) -> Vec<Edit> {
        let kept = |clause: &Clause| !there.iter().any(|gone| gone.span == clause.span);
        let mut cuts = Vec::new();
        let mut kept_before = false;
        for (at, clause) in self.clauses.iter().enumerate() {
            if kept(clause) {
                kept_before = true;
                continue;
            }
            let previous = at.checked_sub(1).and_then(|at| self.clauses.get(at));
            let next = self.clauses.get(at + 1);
            let span = match (kept_before, previous, next) {
                (true, Some(previous), _) => Span { start: previous.span.end, ..clause.span },
                (false, _, Some(next)) => Span { end: next.span.start, ..clause.span },
                (_, None, _) | (_, Some(_), None) => clause.span,
            };
            cuts.push(Edit::delete(span));
        }
        cuts
    }
}

fn clause(sql: &Sql, span: Span) -> Clause {
    let mut cursor = sql.cursor_in(span);
    let name = cursor.eat(&["ADD"]).and_then(|_| added_name(&mut cursor));
    Clause { name, span }
}

fn added_name(cursor: &mut Cursor<'_>) -> Option<String> {
    let is_name = |cursor: &Cursor<'_>| {
        cursor.peek().is_some_and(|t| matches!(t.kind, TokenKind::QuotedName | TokenKind::Word))
    };
    if cursor.eat(&["CONSTRAINT"]).is_some() {
        return cursor.eat_name().map(|(name, _)| name);
    }
    let special = eat_any(cursor, &["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"]);
    let key = eat_any(cursor, &["KEY", "INDEX"]);
    if !special && !key || !is_name(cursor) {
        return None;
    }
    cursor.eat_name().map(|(name, _)| name)
}

fn eat_any(cursor: &mut Cursor<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| cursor.eat(&[word]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn additions(text: &str) -> Additions {
        Additions::read(text, Dialect::default()).unwrap()
    }

    #[test]
    fn settings_are_told_from_deeds() {
        let body = "SET NAMES utf8mb4;\nUSE `a`;\n-- x\nSET sql_mode = 'NO_BACKSLASH_ESCAPES',\n time_zone = 'SYSTEM';\n\
                    DELIMITER ;;\nCREATE EVENT e DO SELECT '\\', ';';;\nDELIMITER ;\nSET @a = 1;\n";
        let statements = Statements::read(body);
        assert_eq!(statements.settings.len(), 3);
        let deeds: Vec<_> = statements.deeds.iter().map(|s| s.text).collect();
        assert_eq!(deeds, ["CREATE EVENT e DO SELECT '\\', ';'", "SET @a = 1"]);
        assert_eq!(setting(body, "time_zone").as_deref(), Some("SYSTEM"));
        assert_eq!(setting(body, "character_set_client"), None);
    }

    #[test]
    fn added_keys_and_constraints_are_named() {
        let names = |text: &str| additions(text).names().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            names(
                "ALTER TABLE `s`.`t`\n  ADD KEY `a,b` (`x`,`y`(3)),\n  ADD UNIQUE KEY `key` (`x`) /*!80000 INVISIBLE */,\n  \
                 ADD FULLTEXT KEY `f``t` (`z`) /*!50100 WITH PARSER `ngram` */ ,\n  ADD UNIQUE plain (a),\n  \
                 ADD CONSTRAINT `fk` FOREIGN KEY (`x`) REFERENCES `o` (`id`)"
            ),
            ["a,b", "key", "f`t", "plain", "fk"]
        );
        assert_eq!(names("CREATE UNIQUE INDEX u ON t (a)"), ["u"]);
        assert_eq!(names("ALTER TABLE t ADD KEY (a), ADD COLUMN key1 int, ENGINE=InnoDB").len(), 0);
        assert!(Additions::read("DROP TABLE t", Dialect::default()).is_none());
    }

    #[test]
    fn only_what_is_missing_is_added() {
        let text =
            "ALTER TABLE `t`\n  ADD KEY `a` (`a`),\n  ADD KEY `b` (`b`),\n  ADD KEY `c` (`c`)";
        let check = |there: &[&str], expected: &str| {
            let left = additions(text).without(|name| there.contains(&name));
            assert_eq!(left, Remainder::Statement(expected.to_owned()), "{there:?}");
        };
        check(&[], text);
        check(&["a"], "ALTER TABLE `t`\n  ADD KEY `b` (`b`),\n  ADD KEY `c` (`c`)");
        check(&["b"], "ALTER TABLE `t`\n  ADD KEY `a` (`a`),\n  ADD KEY `c` (`c`)");
        check(&["c"], "ALTER TABLE `t`\n  ADD KEY `a` (`a`),\n  ADD KEY `b` (`b`)");
        check(&["a", "b"], "ALTER TABLE `t`\n  ADD KEY `c` (`c`)");
        check(&["a", "c"], "ALTER TABLE `t`\n  ADD KEY `b` (`b`)");
        check(&["b", "c"], "ALTER TABLE `t`\n  ADD KEY `a` (`a`)");
        assert_eq!(additions(text).without(|_| true), Remainder::Nothing);
    }

    #[test]
    fn an_edited_statement_that_is_half_there_is_not_guessed_at() {
        let left =
            additions("ALTER TABLE t ADD KEY a (a), ADD KEY b (b), FORCE").without(|n| n == "a");
        assert_eq!(left, Remainder::Mixed { there: vec!["a".into()] });
    }
}
