//! Comments of old tables hold bytes of whatever the client spoke; a server takes text only.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::some;
use crate::sql::{Dialect, Sql, TokenKind};

pub(super) const CHECK: Check = Check {
    id: "comment-not-text",
    title: "Comments that are no text",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW CREATE TABLE `schema`.`table`",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/upgrade-prerequisites.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.tables().filter_map(|table| {
        let broken = broken(&table.create_sql);
        (!broken.is_empty()).then(|| {
            let what = format!(
                "comments in it hold bytes that are no UTF-8, which are carried as \u{fffd}: {}",
                some(&broken)
            );
            Found::warns(Thing::table(&table.name), what)
                .advise("write them anew on the source, or in the table's script in the plan")
        })
    });
    Ok(found.collect())
}

/// The comments of a definition in which something could not be read: it was read as U+FFFD.
fn broken(create_sql: &str) -> Vec<String> {
    if !create_sql.contains('\u{fffd}') {
        return Vec::new();
    }
    let sql = Sql::new(create_sql, Dialect::default());
    let mut is_next = false;
    let mut found = Vec::new();
    for token in sql.tokens().iter().filter(|token| token.is_code()) {
        let text = sql.token_text(*token);
        if is_next && token.kind == TokenKind::Text && text.contains('\u{fffd}') {
            found.push(text.to_owned());
        }
        is_next = text.eq_ignore_ascii_case("COMMENT") || (is_next && text == "=");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_comment_is_told() {
        let with = |comment: &str| {
            Bench::clean().with_table("shop", "t", |table| {
                table.create_sql =
                    format!("CREATE TABLE `t` (\n  `a` int COMMENT '{comment}',\n  `b` int\n)");
            })
        };
        assert_eq!(with("Müller").levels(&CHECK), "");
        let said = with("M\u{fffd}ller").said(&CHECK).remove(0);
        assert!(said.starts_with("warns: table `shop`.`t`: "), "{said}");
        assert!(said.contains(": 'M\u{fffd}ller'"), "{said}");
        let named = Bench::clean().with_table("shop", "t", |table| {
            table.create_sql =
                "CREATE TABLE `\u{fffd}` (`a` varchar(9) DEFAULT '\u{fffd}') COMMENT='a'".into();
        });
        assert_eq!(named.levels(&CHECK), "", "names and defaults may hold that character");
    }
}
