//! One line of `SHOW GRANTS`, or one statement of a script, that gives or takes rights.

use std::collections::BTreeSet;

use super::definition::take_names;
use super::name::AccountName;
use super::right::{Right, Rights, Scope, is_dynamic};
use crate::catalog::RoutineKind;
use crate::name::QualifiedName;
use crate::sql::{Cursor, Dialect, Span, Sql, TokenKind, unquote};

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Rights of one or more accounts.
    Rights {
        /// Whose.
        of: Vec<AccountName>,
        /// Which.
        rights: Rights,
    },
    /// The roles that are active after a login.
    DefaultRoles {
        /// Whose.
        of: Vec<AccountName>,
        /// Which.
        roles: Vec<AccountName>,
    },
}

impl Statement {
    /// Reads a line; `None` when it is of another kind or not understood to its end.
    pub(super) fn read(text: &str) -> Option<Self> {
        let sql = Sql::new(text, Dialect::default());
        let mut cursor = sql.cursor();
        if cursor.eat(&["SET", "DEFAULT", "ROLE"]).is_some() {
            let roles =
                if cursor.eat(&["NONE"]).is_some() { Vec::new() } else { take_names(&mut cursor) };
            // MariaDB says FOR.
            cursor.eat(&["TO"]).or_else(|| cursor.eat(&["FOR"]))?;
            return Some(Self::DefaultRoles { of: take_names(&mut cursor), roles });
        }
        if cursor.eat(&["GRANT"]).is_some() {
            let mut given = Given::take(&sql, &mut cursor)?;
            cursor.eat(&["TO"])?;
            let of = take_names(&mut cursor);
            given.options(&mut cursor);
            return (!of.is_empty()).then(|| Self::Rights { of, rights: given.rights() });
        }
        if cursor.eat(&["REVOKE"]).is_some() {
            let given = Given::take(&sql, &mut cursor)?;
            cursor.eat(&["FROM"])?;
            let of = take_names(&mut cursor);
            let rights = given.withheld()?;
            return (!of.is_empty()).then_some(Self::Rights { of, rights });
        }
        None
    }
}

/// What stands between `GRANT` and `TO`.
enum Given {
    Privileges { list: Vec<(String, Vec<String>)>, on: Scope, option: bool },
    Proxy { of: AccountName, option: bool },
    Roles { roles: Vec<AccountName>, admin: bool },
}

impl Given {
    fn take(sql: &Sql, cursor: &mut Cursor<'_>) -> Option<Self> {
        if cursor.eat(&["PROXY", "ON"]).is_some() {
            return Some(Self::Proxy { of: AccountName::take(cursor, "%")?, option: false });
        }
        // A role's name is quoted in what servers print; a privilege's never is.
        let is_role = cursor.peek().is_some_and(|token| token.kind != TokenKind::Word);
        let mut ahead = *cursor;
        if is_role || !has_scope(&mut ahead) {
            let mut roles = Vec::new();
            loop {
                roles.push(AccountName::take(cursor, "")?);
                if !cursor.eat_mark(",") {
                    return Some(Self::Roles { roles, admin: false });
                }
            }
        }
        let mut list = Vec::new();
        loop {
            list.push(take_privilege(sql, cursor)?);
            if !cursor.eat_mark(",") {
                break;
            }
        }
        cursor.eat(&["ON"])?;
        Some(Self::Privileges { list, on: take_scope(cursor)?, option: false })
    }

    /// Reads what follows the account. MariaDB and MySQL 5.7 say here how it logs in, which
    /// `SHOW CREATE USER` says too.
    fn options(&mut self, cursor: &mut Cursor<'_>) {
        while cursor.peek().is_some() {
            if cursor.eat(&["GRANT", "OPTION"]).is_some() {
                match self {
                    Self::Privileges { option, .. } | Self::Proxy { option, .. } => *option = true,
                    Self::Roles { .. } => {}
                }
            } else if cursor.eat(&["ADMIN", "OPTION"]).is_some() {
                if let Self::Roles { admin, .. } = self {
                    *admin = true;
                }
            } else {
                cursor.take();
            }
        }
    }

    fn rights(self) -> Rights {
        match self {
            Self::Proxy { of, option } => BTreeSet::from([Right::Proxy { of, grantable: option }]),
            Self::Roles { roles, admin } => {
                roles.into_iter().map(|role| Right::Role { role, admin }).collect()
            }
            Self::Privileges { list, on, option } => {
                let mut rights = Rights::new();
                let mut is_static = false;
                for (privilege, columns) in list {
                    if on == Scope::Everywhere && is_dynamic(&privilege) {
                        rights.insert(Right::Dynamic { privilege, grantable: option });
                        continue;
                    }
                    is_static = true;
                    match privilege.as_str() {
                        "USAGE" => {}
                        "GRANT OPTION" => {
                            rights.insert(Right::GrantOption { on: on.clone() });
                        }
                        _ if columns.is_empty() => {
                            rights.insert(Right::on(on.clone(), privilege));
                        }
                        _ => rights.extend(columns.into_iter().map(|column| Right::Privilege {
                            on: on.clone(),
                            privilege: privilege.clone(),
                            column: Some(column),
                        })),
                    }
                }
                if option && is_static {
                    rights.insert(Right::GrantOption { on });
                }
                rights
            }
        }
    }

    /// What a partial revoke takes; anything else is not how an account is described.
    fn withheld(self) -> Option<Rights> {
        let Self::Privileges { list, on: Scope::Schema(schema), option: _ } = self else {
            return None;
        };
        let one = |(privilege, _)| Right::Withheld { schema: schema.clone(), privilege };
        Some(list.into_iter().map(one).collect())
    }
}

/// Whether `ON` follows before `TO`: else the names are those of roles.
fn has_scope(ahead: &mut Cursor<'_>) -> bool {
    while ahead.peek().is_some() {
        if ahead.eat_group().is_some() {
            continue;
        }
        if ahead.is_word("ON") {
            return true;
        }
        if ahead.is_word("TO") || ahead.is_word("FROM") {
            return false;
        }
        ahead.take();
    }
    false
}

/// `CREATE TEMPORARY TABLES`, `SELECT (`a`, `b`)`, `ALL PRIVILEGES`.
fn take_privilege(sql: &Sql, cursor: &mut Cursor<'_>) -> Option<(String, Vec<String>)> {
    let mut words = Vec::new();
    while let Some(token) = cursor.peek() {
        if token.kind != TokenKind::Word || cursor.is_word("ON") {
            break;
        }
        words.push(cursor.peek_text().to_ascii_uppercase());
        cursor.take();
    }
    let mut columns = Vec::new();
    if let Some(group) = cursor.eat_group() {
        let mut inside = sql.cursor_in(group);
        while inside.peek().is_some() {
            columns.push(take_column(sql, &mut inside));
            inside.eat_mark(",");
        }
    }
    let name = match words.join(" ").as_str() {
        "" => return None,
        "ALL" => super::right::ALL.to_owned(),
        name => name.to_owned(),
    };
    Some((name, columns))
}

/// Reads a column's name up to the next comma. MySQL before 8.0 prints it bare, whatever it holds: `SELECT (a b)`.
fn take_column(sql: &Sql, cursor: &mut Cursor<'_>) -> String {
    let mut span = None;
    let mut tokens = 0;
    while let Some(token) = cursor.peek().filter(|_| !cursor.is_mark(",")) {
        let start = span.map_or(token.start, |span: Span| span.start);
        span = Some(Span { start, end: token.end });
        tokens += 1;
        cursor.take();
    }
    let text = span.map_or("", |span| sql.slice(span));
    if tokens == 1 { unquote(text) } else { text.to_owned() }
}

fn take_scope(cursor: &mut Cursor<'_>) -> Option<Scope> {
    let is_word_of_kind = |word: &str| {
        let mut ahead = *cursor;
        ahead.eat(&[word]).is_some() && !ahead.is_mark(".")
    };
    let kind = if is_word_of_kind("FUNCTION") {
        cursor.take();
        Some(RoutineKind::Function)
    } else if is_word_of_kind("PROCEDURE") {
        cursor.take();
        Some(RoutineKind::Procedure)
    } else {
        if is_word_of_kind("TABLE") {
            cursor.take();
        }
        None
    };
    if cursor.eat_mark("*") {
        return (cursor.eat_mark(".") && cursor.eat_mark("*")).then_some(Scope::Everywhere);
    }
    let (schema, _) = cursor.eat_name()?;
    if !cursor.eat_mark(".") {
        return None;
    }
    if cursor.eat_mark("*") {
        return Some(Scope::Schema(schema));
    }
    let (name, _) = cursor.eat_name()?;
    let name = QualifiedName::new(schema, name);
    Some(match kind {
        Some(kind) => Scope::Routine(kind, name),
        None => Scope::Table(name),
    })
}

#[cfg(test)]
mod tests {
    use super::super::right::{granting, revoking};
    use super::*;

    fn rights(text: &str) -> (String, Rights) {
        match Statement::read(text) {
            Some(Statement::Rights { of, rights }) => (of[0].to_string(), rights),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_servers_print_comes_out_again() {
        for text in [
            "GRANT USAGE ON *.* TO `a`@`%` WITH GRANT OPTION",
            "GRANT CREATE TEMPORARY TABLES, SELECT ON *.* TO `a`@`%`",
            "GRANT BACKUP_ADMIN, ROLE_ADMIN ON *.* TO `a`@`%`",
            "GRANT XA_RECOVER_ADMIN ON *.* TO `a`@`%` WITH GRANT OPTION",
            "GRANT SELECT ON `sh\\_p%`.* TO `a`@`10.0.%` WITH GRANT OPTION",
            "GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`",
            "GRANT INSERT, SELECT (`id`), UPDATE (`a b`, `c``d`) ON `shop`.`or ON ders` TO `a`@`%`",
            "GRANT ALTER ROUTINE, EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`",
            "GRANT EXECUTE ON FUNCTION `shop`.`f` TO `a`@`%` WITH GRANT OPTION",
            "GRANT PROXY ON `b`@`%` TO `a`@`%` WITH GRANT OPTION",
            "GRANT `reader`@`%`, `writer`@`%` TO `a`@`%`",
            "GRANT `boss`@`%` TO `a`@`%` WITH ADMIN OPTION",
            "REVOKE INSERT ON `mysql`.* FROM `a`@`%`",
        ] {
            let (of, rights) = rights(text);
            let name = AccountName::new("a", if of.contains("10.0") { "10.0.%" } else { "%" });
            assert_eq!(granting(&rights, &name), [text]);
        }
    }

    #[test]
    fn other_spellings_mean_the_same() {
        let same = |a: &str, b: &str| assert_eq!(rights(a).1, rights(b).1, "{a}");
        same("GRANT ALL ON shop.* TO a", "GRANT ALL PRIVILEGES ON `shop`.* TO `a`");
        same("grant select on table shop.t to a", "GRANT SELECT ON `shop`.`t` TO a");
        same(
            "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*FD' REQUIRE SSL WITH GRANT OPTION \
             MAX_QUERIES_PER_HOUR 500",
            "GRANT GRANT OPTION ON *.* TO a",
        );
        same("GRANT PROXY ON 'x'@'%' TO 'a'@'%'", "GRANT PROXY ON `x`@`%` TO `a`@`%`");
        // As MySQL 5.7 prints it.
        same(
            "GRANT SELECT ON `s`.* TO 'a'@'10.%' WITH GRANT OPTION",
            "GRANT SELECT ON `s`.* TO `a`@`10.%` WITH GRANT OPTION",
        );
        same("GRANT PROXY ON ''@'' TO 'root'@'h'", "GRANT PROXY ON ``@`` TO `root`@`h`");
        same("GRANT UPDATE(a,b) ON s.t TO x", "GRANT UPDATE (`b`, `a`) ON s.t TO x");
        same("GRANT SELECT (a, b  c-d) ON s.t TO x", "GRANT SELECT (`a`, `b  c-d`) ON s.t TO x");
        same("GRANT reader TO x", "GRANT `reader` TO `x`");
        same(
            "GRANT BINLOG MONITOR, READ_ONLY ADMIN ON *.* TO a",
            "GRANT READ_ONLY ADMIN, BINLOG MONITOR ON *.* TO a",
        );
        assert!(rights("GRANT READ_ONLY ADMIN ON *.* TO a").1.iter().all(Right::is_everywhere));
    }

    #[test]
    fn what_is_something_else_is_no_right() {
        for text in ["DROP USER a", "REVOKE ALL ON *.* FROM a", "GRANT SELECT TO", "GRANT", ""] {
            assert_eq!(Statement::read(text), None, "{text}");
        }
        let roles = Statement::read("SET DEFAULT ROLE `r` FOR `a`@`h`");
        let [of, roles_of] = [AccountName::new("a", "h"), AccountName::new("r", "")];
        assert_eq!(roles, Some(Statement::DefaultRoles { of: vec![of], roles: vec![roles_of] }));
    }

    #[test]
    fn what_is_taken_away_again() {
        let a = AccountName::new("a", "%");
        for (given, taken) in [
            (
                "GRANT SELECT, UPDATE (`a`, `b`) ON `s`.`t` TO `a`@`%` WITH GRANT OPTION",
                "REVOKE SELECT, UPDATE (`a`, `b`), GRANT OPTION ON `s`.`t` FROM `a`@`%`",
            ),
            ("GRANT ROLE_ADMIN ON *.* TO `a`@`%`", "REVOKE ROLE_ADMIN ON *.* FROM `a`@`%`"),
            ("GRANT `r`@`%` TO `a`@`%` WITH ADMIN OPTION", "REVOKE `r`@`%` FROM `a`@`%`"),
            ("GRANT PROXY ON `b`@`%` TO `a`@`%`", "REVOKE PROXY ON `b`@`%` FROM `a`@`%`"),
            ("REVOKE INSERT ON `s`.* FROM `a`@`%`", "GRANT INSERT ON `s`.* TO `a`@`%`"),
        ] {
            assert_eq!(revoking(&rights(given).1, &a), [taken]);
        }
    }
}
