//! Programs in a language the target does not speak are refused by name.
//!
//! MariaDB's `sql_mode=ORACLE` bodies, packages and stored aggregate functions have no counterpart in
//! MySQL, and neither have bodies in other languages than SQL on a managed server.

use super::draft::StoredDraft;
use super::{Context, Rewrite};
use crate::sql::stored::StoredKind;

const NAME: &str = "dialect";
pub(super) const REWRITE: Rewrite = Rewrite::of_stored(NAME, stored);

fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    let what = draft.id.to_string();
    if let Some(language) = draft.text.language.as_ref().filter(|language| *language != "SQL") {
        let why = format!("its body is written in {language}: only SQL is carried");
        draft.notes.refuse(NAME, what, why, "write it anew in SQL, or exclude it");
        return;
    }
    if !context.mariadb_to_mysql() {
        return;
    }
    let oracle = draft.created_under.sql_mode.as_deref().is_some_and(|modes| {
        modes.split(',').any(|mode| mode.trim().eq_ignore_ascii_case("ORACLE"))
    });
    let why = match draft.text.kind {
        StoredKind::Package => "MySQL has no packages",
        StoredKind::AggregateFunction => "MySQL has no stored aggregate functions",
        StoredKind::Function | StoredKind::Procedure | StoredKind::Trigger | StoredKind::Event
            if oracle =>
        {
            "it was made under sql_mode=ORACLE, whose language MySQL does not speak"
        }
        StoredKind::View
        | StoredKind::Function
        | StoredKind::Procedure
        | StoredKind::Trigger
        | StoredKind::Event => return,
    };
    draft.notes.refuse(NAME, what, why, "write it anew for MySQL, or exclude it");
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::routine;

    fn refusals(world: &World, create_sql: &str, sql_mode: &str) -> Vec<String> {
        let mut made = fixture::procedure(create_sql);
        made.created_under.sql_mode = Some(sql_mode.into());
        told(&[], &routine(&made, &world.context()).refusals)
    }

    #[test]
    fn what_mysql_does_not_speak_is_refused() {
        let refused = ["!dialect: procedure `shop`.`p`"];
        let (mariadb, mysql) = (World::mariadb(), World::mysql());
        let plain = "CREATE PROCEDURE `p`() SELECT 1";
        assert_eq!(refusals(&mariadb, plain, "PIPES_AS_CONCAT,ORACLE"), refused);
        assert_eq!(refusals(&mariadb, plain, "PIPES_AS_CONCAT"), [""; 0]);
        assert_eq!(refusals(&mariadb, "CREATE PACKAGE `p` AS END", ""), refused);
        let aggregate = "CREATE AGGREGATE FUNCTION `p`(x int) RETURNS int RETURN 1";
        assert_eq!(refusals(&mariadb, aggregate, ""), refused);
        let script = "CREATE PROCEDURE `p`() LANGUAGE JAVASCRIPT AS $$ 1 $$";
        assert_eq!(refusals(&mysql, script, ""), refused);
        assert_eq!(refusals(&mysql, "CREATE PROCEDURE `p`() LANGUAGE SQL SELECT 1", ""), [""; 0]);
    }
}
