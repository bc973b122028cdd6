//! Full-text indexes are built anew, with the target's parser and its list of words to leave out.

use crate::catalog::KeyKind;
use crate::facts::Side;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "fulltext",
    title: "Full-text indexes, their parsers and stop words",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, index_name FROM information_schema.statistics WHERE index_type = 'FULLTEXT'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/fulltext-stopwords.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for table in case.tables() {
        let of_innodb = table.engine.eq_ignore_ascii_case("innodb");
        for key in table.keys.iter().filter(|key| key.kind == KeyKind::FullText) {
            let thing = Thing::part_of(&table.name, "index", &key.name);
            let line = table
                .create_sql
                .lines()
                .find(|line| line.contains(&format!("FULLTEXT KEY {}", quote(&key.name))));
            let parser =
                line.and_then(|line| line.split_once("WITH PARSER ")).map(|(_, parser)| {
                    parser.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_')).to_owned()
                });
            match parser {
                Some(parser) if parser.starts_with("ngram") => {}
                Some(parser) => found.push(Found::warns(thing, format!("parser {parser}: the target has it only if somebody installed it"))),
                None if !of_innodb => found.push(Found::warns(thing, format!("built by {} now, by InnoDB on the target: searches find and rank other rows", table.engine))),
                None => {}
            }
        }
    }
    let has_some =
        case.tables().any(|table| table.keys.iter().any(|key| key.kind == KeyKind::FullText));
    for name in
        ["innodb_ft_server_stopword_table", "innodb_ft_user_stopword_table", "ft_stopword_file"]
    {
        let value = case.source.variable(name);
        if has_some
            && !value.is_empty()
            && value != "(built-in)"
            && value != case.target.variable(name)
        {
            let what = format!("{value}: searches on the target leave out other words");
            found.push(Found::warns(Thing::variable(Side::Source, name), what));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::catalog::KeyKind;
    use crate::rule::bench::{Bench, key};

    #[test]
    fn parsers_engines_and_stop_words_are_told() {
        let with = |engine: &str, parser: &str| {
            Bench::clean().with_table("shop", "t", |table| {
                table.engine = engine.into();
                table.keys.push(key(KeyKind::FullText, "ft", &["c"]));
                table.create_sql = format!(
                    "CREATE TABLE `t` (\n  FULLTEXT KEY `ft` (`c`) {parser}\n) ENGINE={engine}"
                );
            })
        };
        assert_eq!(with("InnoDB", "").levels(&CHECK), "");
        assert_eq!(with("InnoDB", "/*!50100 WITH PARSER `ngram` */ ").levels(&CHECK), "");
        assert!(
            with("InnoDB", "/*!50100 WITH PARSER `mecab` */ ").said(&CHECK)[0]
                .contains("parser mecab")
        );
        assert_eq!(with("MyISAM", "").levels(&CHECK), "1 warns");
        let words = with("InnoDB", "").variable("innodb_ft_server_stopword_table", "shop/words");
        assert_eq!(words.levels(&CHECK), "1 warns");
    }
}
