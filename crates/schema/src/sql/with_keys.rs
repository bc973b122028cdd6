//! Puts the keys an `ALTER TABLE` would add into the `CREATE TABLE` before it: one statement instead of two.

use super::edit::{Edit, apply};
use super::lexer::{Dialect, TokenKind};
use super::table::{ItemKind, TableText, key_kind, split};
use super::text::{NamePath, Span, Sql};

/// Which keys may be made together with their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Keys that refuse no row.
    NotUnique,
    /// All of them.
    All,
}

/// The `CREATE TABLE` statement with the keys that an `ALTER TABLE` adds to the same table. Names without a
/// schema are taken to be in `schema`.
///
/// `None` when they cannot be put together without a doubt: the second statement does something else too,
/// adds a key that is not `allowed`, or a comment stands where it might swallow a comma.
#[must_use]
pub fn with_keys(
    create: &str,
    alter: &str,
    schema: &str,
    dialect: Dialect,
    allowed: Keys,
) -> Option<String> {
    let (create, alter) = (Sql::new(create, dialect), Sql::new(alter, dialect));
    if !is_plain(&create) || !is_plain(&alter) {
        return None;
    }
    let table = TableText::read(&create).ok()?;
    let keys = added_keys(&alter, &table.name, schema, allowed)?;
    let last = table.items.last()?;
    let text: String = keys.iter().map(|key| format!(",\n  {}", alter.slice(*key))).collect();
    Some(apply(create.text(), vec![Edit::insert(last.span.end, text)]))
}

/// Where the definitions of the added keys lie.
fn added_keys(alter: &Sql, table: &NamePath, schema: &str, allowed: Keys) -> Option<Vec<Span>> {
    let mut cursor = alter.cursor();
    cursor.eat(&["ALTER", "TABLE"])?;
    let altered = cursor.eat_path()?;
    let schema_of = |path: &NamePath| path.schema.clone().unwrap_or_else(|| schema.to_owned());
    if (schema_of(&altered), &altered.name) != (schema_of(table), &table.name) {
        return None;
    }
    let rest = Span { start: cursor.offset(), end: alter.text().len() };
    let mut keys = Vec::new();
    for clause in split(alter, rest) {
        match added_key(alter, clause, allowed)? {
            Clause::Key(key) => keys.push(key),
            Clause::HowItIsDone => {}
        }
    }
    (!keys.is_empty()).then_some(keys)
}

enum Clause {
    /// The definition of a key.
    Key(Span),
    /// Says how the table is altered, not what becomes of it.
    HowItIsDone,
}

fn added_key(alter: &Sql, clause: Span, allowed: Keys) -> Option<Clause> {
    let mut cursor = alter.cursor_in(clause);
    if cursor.eat(&["ALGORITHM"]).is_some() {
        return Some(Clause::HowItIsDone);
    }
    let add = cursor.eat(&["ADD"])?;
    let key = Span { start: cursor.offset(), end: clause.end };
    let between = alter.slice(Span { start: add.end, end: key.start });
    if !between.chars().all(char::is_whitespace) {
        return None;
    }
    let fits = match key_kind(&mut cursor)? {
        ItemKind::Key | ItemKind::FullText | ItemKind::Spatial => true,
        ItemKind::UniqueKey => allowed == Keys::All,
        ItemKind::Column
        | ItemKind::PrimaryKey
        | ItemKind::Vector
        | ItemKind::ForeignKey
        | ItemKind::Check
        | ItemKind::Period => false,
    };
    fits.then_some(Clause::Key(key))
}

/// Whether nothing in a statement could swallow what is put behind it.
fn is_plain(sql: &Sql) -> bool {
    let swallows = |kind| matches!(kind, TokenKind::Comment | TokenKind::Unterminated);
    !sql.tokens().iter().any(|token| swallows(token.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE `s`.`t` (\n  `a` int,\n  PRIMARY KEY (`a`)\n) ENGINE=InnoDB";

    fn merged(create: &str, alter: &str, allowed: Keys) -> Option<String> {
        with_keys(create, alter, "s", Dialect::default(), allowed)
    }

    #[test]
    fn every_kind_of_key_keeps_its_words() {
        let keys = [
            "KEY `k` (`a`)",
            "KEY `two` (`a`,`b` DESC)",
            "KEY `prefix` (`b`(10)) USING BTREE",
            "KEY `expression` ((`a` + 1),(cast(`j` as char(10) array)))",
            "KEY `hidden` (`a`) /*!80000 INVISIBLE */",
            "KEY `a,b` (`a`) COMMENT 'one, ( two'",
            "KEY `said` (`a`) KEY_BLOCK_SIZE=4",
            "FULLTEXT KEY `f``t` (`z`) /*!50100 WITH PARSER `ngram` */ ",
            "SPATIAL KEY `g` (`g`)",
            "KEY (`a`)",
            "INDEX `i` USING BTREE (`a`)",
        ];
        for key in keys {
            let key_text = key.trim_end();
            let expected = TABLE.replace("(`a`)\n)", &format!("(`a`),\n  {key_text}\n)"));
            let alter = format!("ALTER TABLE `s`.`t`\n  ADD {key}");
            let found = merged(TABLE, &alter, Keys::NotUnique);
            assert_eq!(found.as_deref(), Some(expected.as_str()), "{key}");
        }
    }

    #[test]
    fn several_keys_follow_the_last_item() {
        let create = "CREATE TABLE `t` (\n  `a` int DEFAULT '1',\n  CONSTRAINT `c` CHECK ((`a` > 0)) \
                      /*!80016 NOT ENFORCED */\n) ENGINE=InnoDB COMMENT='(x), y'\n/*!50100 PARTITION BY \
                      HASH (`a`)\nPARTITIONS 4 */";
        let alter = "ALTER TABLE `s`.`t`\n  ADD KEY `k` (`a`),\n  ADD UNIQUE KEY `u` (`a`),\n  \
                     ADD FULLTEXT KEY `f` (`x`),\n  ALGORITHM=COPY";
        assert_eq!(
            merged(create, alter, Keys::All).as_deref(),
            Some(
                "CREATE TABLE `t` (\n  `a` int DEFAULT '1',\n  CONSTRAINT `c` CHECK ((`a` > 0)) \
                 /*!80016 NOT ENFORCED */,\n  KEY `k` (`a`),\n  UNIQUE KEY `u` (`a`),\n  FULLTEXT KEY \
                 `f` (`x`)\n) ENGINE=InnoDB COMMENT='(x), y'\n/*!50100 PARTITION BY \
                 HASH (`a`)\nPARTITIONS 4 */"
            )
        );
    }

    #[test]
    fn what_is_not_only_keys_stays_two_statements() {
        let refused = [
            "ALTER TABLE `s`.`other` ADD KEY (`a`)",
            "ALTER TABLE `r`.`t` ADD KEY (`a`)",
            "ALTER TABLE `s`.`t` ADD KEY (`a`), FORCE",
            "ALTER TABLE `s`.`t` ADD KEY (`a`), DROP KEY `b`",
            "ALTER TABLE `s`.`t` ADD COLUMN `b` int",
            "ALTER TABLE `s`.`t` ADD (`b` int)",
            "ALTER TABLE `s`.`t` ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o` (`a`)",
            "ALTER TABLE `s`.`t` ADD CONSTRAINT CHECK (`a` > 1)",
            "ALTER TABLE `s`.`t` ADD UNIQUE KEY `u` (`a`)",
            "ALTER TABLE `s`.`t` ADD CONSTRAINT `u` UNIQUE (`a`)",
            "ALTER TABLE `s`.`t` ADD KEY (`a`) -- why",
            "ALTER TABLE `s`.`t` ADD /*!50100 KEY (`a`) */",
            "ALTER TABLE `s`.`t` ALGORITHM=COPY",
            "CREATE INDEX `i` ON `s`.`t` (`a`)",
            "ALTER TABLE `s`.`t` ADD KEY `k (`a`)",
        ];
        for alter in refused {
            assert_eq!(merged(TABLE, alter, Keys::NotUnique), None, "{alter}");
        }
        let alter = "ALTER TABLE t ADD KEY (a)";
        for create in ["CREATE TABLE t (a int -- why\n)", "CREATE TABLE t LIKE u", "DROP TABLE t"] {
            assert_eq!(merged(create, alter, Keys::All), None, "{create}");
        }
    }

    #[test]
    fn how_backslashes_are_read_is_the_scripts_to_say() {
        let create = "CREATE TABLE `t` (`a` int COMMENT 'x\\')";
        let alter = "ALTER TABLE `t` ADD KEY (`a`)";
        assert_eq!(merged(create, alter, Keys::All), None);
        let dialect = Dialect::of_sql_mode("NO_BACKSLASH_ESCAPES");
        assert_eq!(
            with_keys(create, alter, "s", dialect, Keys::All).as_deref(),
            Some("CREATE TABLE `t` (`a` int COMMENT 'x\\',\n  KEY (`a`))")
        );
    }
}
