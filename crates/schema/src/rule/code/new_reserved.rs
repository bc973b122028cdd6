//! A program that uses a new reserved word as a name cannot be read by the target.

use crate::name::ObjectKind;
use crate::rule::case::{Case, Code};
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::question::Question;
use crate::sql::TokenKind;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "reserved-word-in-code",
    title: "New reserved words in programs",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::Keywords],
    link: "https://dev.mysql.com/doc/refman/8.4/en/keywords.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let own: BTreeSet<String> = match case.source.ask(Question::Keywords) {
        Ok(rows) => rows.iter().map(|row| row.text("word").to_uppercase()).collect(),
        Err(_) => BTreeSet::new(),
    };
    let mut names: BTreeSet<String> =
        case.columns().map(|(_, column)| column.name.to_uppercase()).collect();
    names.extend(case.catalog.tables.keys().map(|name| name.name.to_uppercase()));
    names.extend(case.catalog.views.keys().map(|name| name.name.to_uppercase()));
    let mut found = Vec::new();
    for Code { object, sql } in case.code() {
        // The server prints views with all names in backticks.
        if object.kind == ObjectKind::View {
            continue;
        }
        let tokens: Vec<_> = sql.tokens().iter().filter(|token| token.is_code()).collect();
        for (at, token) in tokens.iter().enumerate() {
            let text = |at: Option<usize>| {
                at.and_then(|at| tokens.get(at)).map_or("", |token| sql.token_text(**token))
            };
            let word = sql.token_text(**token).to_uppercase();
            let is_new = token.kind == TokenKind::Word
                && case.reserved.contains(&word)
                && !own.contains(&word);
            let before = text(at.checked_sub(1));
            // Behind a dot every word is a name; before a bracket it is a function.
            let is_name = (names.contains(&word) && text(Some(at + 1)) != "(")
                || before.eq_ignore_ascii_case("DECLARE");
            if is_new && is_name && before != "." && !ALWAYS.contains(&word.as_str()) {
                let line =
                    sql.text().get(..token.start).unwrap_or_default().matches('\n').count() + 1;
                let what = format!(
                    "line {line}: {word} is a reserved word on the target: write it in backticks"
                );
                found.push(
                    Found::blocks(&object, what)
                        .advise("change the program on the source, or its script in the plan"),
                );
            }
        }
    }
    Ok(found)
}

/// Reserved by every server since MySQL 5.6 where we cannot ask: a program cannot use them as names.
const ALWAYS: [&str; 12] = [
    "KEY",
    "KEYS",
    "INDEX",
    "ORDER",
    "GROUP",
    "TABLE",
    "OPTION",
    "CONDITION",
    "VALUES",
    "USAGE",
    "SCHEMA",
    "TRIGGER",
];

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn a_name_that_became_a_word_is_found_where_it_is_not_quoted() {
        let with = |body: &str| {
            Bench::from("5.7.44")
                .with_table("shop", "t", |table| table.columns.push(column("rank", "int")))
                .procedure(body)
        };
        for (body, told) in [
            ("SELECT rank FROM t", "1 blocks"),
            ("SELECT `rank` FROM t", ""),
            ("SELECT t.rank FROM t", ""),
            ("BEGIN DECLARE Rank INT; END", "1 blocks"),
            ("SELECT 'rank'", ""),
            ("SELECT RANK() OVER (ORDER BY a)", ""),
        ] {
            assert_eq!(with(body).levels(&CHECK), told, "{body}");
        }
    }
}
