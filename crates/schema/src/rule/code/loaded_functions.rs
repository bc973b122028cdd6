//! Functions from a library of the source's machine do not exist on a managed target.

use crate::rule::case::{Case, Code};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::some;
use crate::sql::TokenKind;

pub(super) const CHECK: Check = Check {
    id: "loadable-function",
    title: "Functions loaded from libraries",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::LoadedFunctions],
    link: "https://dev.mysql.com/doc/refman/8.4/en/loadable-functions.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::LoadedFunctions)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let code = case.code();
    let mut found = Vec::new();
    for row in rows {
        let name = row.text("name");
        let users: Vec<String> = code
            .iter()
            .filter(|code| calls(code, name))
            .map(|code| code.object.to_string())
            .collect();
        let thing = Thing::named(format!("function {name} of {}", row.text("dl")));
        let advice = "write it as a stored function, or compute it in the application";
        found.push(if users.is_empty() {
            Found::warns(thing, "the target does not have it; nothing that is carried calls it")
                .advise(advice)
        } else {
            Found::blocks(thing, format!("the target does not have it; called by {}", some(&users)))
                .advise(advice)
        });
    }
    Ok(found)
}

fn calls(code: &Code, name: &str) -> bool {
    let tokens: Vec<_> = code.sql.tokens().iter().filter(|token| token.is_code()).collect();
    tokens.windows(2).any(|pair| {
        let [word, open] = pair else { return false };
        matches!(word.kind, TokenKind::Word | TokenKind::QuotedName)
            && code.sql.token_text(**word).trim_matches('`').eq_ignore_ascii_case(name)
            && code.sql.token_text(**open) == "("
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn it_stops_what_calls_it() {
        let with = |body: &str| {
            Bench::clean().procedure(body).answer(
                Side::Source,
                Question::LoadedFunctions,
                "name,dl",
                &["lib_hash,lib_hash.so"],
            )
        };
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(with("SELECT 1").levels(&CHECK), "1 warns");
        assert_eq!(with("SELECT LIB_HASH('a')").levels(&CHECK), "1 blocks");
        assert_eq!(with("SELECT 'lib_hash('").levels(&CHECK), "1 warns");
    }
}
