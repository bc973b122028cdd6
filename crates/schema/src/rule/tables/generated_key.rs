//! A target that makes invisible primary keys would add a column to tables that have none.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "generated-primary-key",
    title: "Invisible primary keys the target would make",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT @@global.sql_generate_invisible_primary_key",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-gipks.html",
    judge,
};

const NAME: &str = "sql_generate_invisible_primary_key";
/// Privileges to change it for a session
/// (<https://dev.mysql.com/doc/refman/9.7/en/system-variable-privileges.html>).
const PRIVILEGES: [&str; 3] = ["SESSION_VARIABLES_ADMIN", "SYSTEM_VARIABLES_ADMIN", "SUPER"];

fn judge(case: &Case<'_>) -> Verdict {
    let concerned = case.tables().filter(|table| table.primary_key().is_none()).count();
    if !case.target.is_on(NAME) || concerned == 0 {
        return Ok(Vec::new());
    }
    let thing = Thing::variable(Side::Target, NAME);
    let grants = case.target.grants();
    Ok(vec![if PRIVILEGES.iter().any(|privilege| grants.everywhere(privilege)) {
        Found::notes(
            thing,
            format!(
                "it is ON; sealift turns it off for its own sessions, and {concerned} tables keep having no primary key"
            ),
        )
    } else {
        let what = format!(
            "it is ON, {concerned} tables have no primary key, and our account may not turn it off for itself"
        );
        let grant = format!("GRANT SESSION_VARIABLES_ADMIN ON *.* TO {}", case.target.account());
        Found::blocks(thing, what).on_target(grant).fix(parameter(case, NAME, "OFF"))
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;

    #[test]
    fn it_stops_an_account_that_cannot_turn_it_off() {
        let keyless = Bench::clean().with_table("shop", "t", |table| table.keys.clear());
        assert_eq!(keyless.levels(&CHECK), "1 notes");
        let poor = keyless.grants(Side::Target, &["GRANT CREATE ON *.* TO `admin`@`%`"]);
        assert_eq!(poor.levels(&CHECK), "1 blocks");
        assert_eq!(poor.on_target(super::NAME, "OFF").levels(&CHECK), "");
        assert_eq!(Bench::clean().table("shop", "t").levels(&CHECK), "");
    }
}
