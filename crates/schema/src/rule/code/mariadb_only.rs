//! Functions and forms that only MariaDB has fail on a MySQL, or cannot be read there.

use crate::rule::case::{Case, Code};
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::sql::TokenKind;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "mariadb-only-syntax",
    title: "Functions and forms only MariaDB has",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT routine_schema, routine_name FROM information_schema.routines WHERE routine_definition REGEXP \
         'NEXTVAL|LASTVAL|EXECUTE IMMEDIATE|RETURNING|JSON_QUERY|JSON_EXISTS|JSON_DETAILED|TO_CHAR|SFORMAT'",
    asks: &[],
    link: "https://mariadb.com/kb/en/incompatibilities-and-feature-differences-between-mariadb-and-mysql/",
    judge,
};

/// Functions that exist only there.
const FUNCTIONS: [&str; 22] = [
    "NEXTVAL",
    "LASTVAL",
    "SETVAL",
    "JSON_QUERY",
    "JSON_EXISTS",
    "JSON_DETAILED",
    "JSON_COMPACT",
    "JSON_LOOSE",
    "JSON_EQUALS",
    "JSON_NORMALIZE",
    "TO_CHAR",
    "ADD_MONTHS",
    "SFORMAT",
    "NATURAL_SORT_KEY",
    "DECODE_ORACLE",
    "DECODE_HISTOGRAM",
    "NVL2",
    "COLUMN_CREATE",
    "COLUMN_GET",
    "COLUMN_ADD",
    "COLUMN_LIST",
    "COLUMN_JSON",
];

/// Forms the target cannot read.
const FORMS: [&[&str]; 6] = [
    &["EXECUTE", "IMMEDIATE"],
    &["FOR", "SYSTEM_TIME"],
    &["NEXT", "VALUE", "FOR"],
    &["PREVIOUS", "VALUE", "FOR"],
    &["ROWS", "EXAMINED"],
    &["BEGIN", "NOT", "ATOMIC"],
];

fn judge(case: &Case<'_>) -> Verdict {
    if !case.source.is_mariadb() {
        return Ok(Vec::new());
    }
    let own: BTreeSet<String> =
        case.catalog.routines.keys().map(|(_, name)| name.name.to_uppercase()).collect();
    let mut found = Vec::new();
    for Code { object, sql } in case.code() {
        let tokens: Vec<_> = sql.tokens().iter().filter(|token| token.is_code()).collect();
        let word = |at: usize| {
            let token = tokens.get(at).filter(|token| token.kind == TokenKind::Word);
            token.map_or(String::new(), |token| sql.token_text(**token).to_uppercase())
        };
        for (at, token) in tokens.iter().enumerate() {
            let line =
                || sql.text().get(..token.start).unwrap_or_default().matches('\n').count() + 1;
            let opens = tokens.get(at + 1).is_some_and(|next| sql.token_text(**next) == "(");
            if opens && FUNCTIONS.contains(&word(at).as_str()) && !own.contains(&word(at)) {
                let what = format!("line {}: MySQL has no function {}", line(), word(at));
                found.push(Found::warns(&object, what).advise("change its script in the plan"));
            }
            let form = FORMS.iter().find(|form| {
                form.iter().enumerate().all(|(next, wanted)| word(at + next) == *wanted)
            });
            if let Some(form) = form {
                let what = format!("line {}: MySQL cannot read {}", line(), form.join(" "));
                found.push(
                    Found::blocks(&object, what)
                        .advise("change its script in the plan, or exclude it"),
                );
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn functions_are_told_and_forms_stop() {
        for (body, told) in [
            ("SELECT TO_CHAR(NOW())", "1 warns"),
            ("SELECT nextval FROM t", ""),
            ("EXECUTE IMMEDIATE 'SELECT 1'", "1 blocks"),
            ("SELECT NEXT VALUE FOR s", "1 blocks"),
            ("SELECT 'EXECUTE IMMEDIATE'", ""),
        ] {
            assert_eq!(
                Bench::from("10.11.9-MariaDB").procedure(body).levels(&CHECK),
                told,
                "{body}"
            );
        }
        assert_eq!(Bench::clean().procedure("SELECT TO_CHAR(1)").levels(&CHECK), "");
    }
}
