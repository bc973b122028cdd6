//! Programs keep the `sql_mode` they were made under, also modes the target no longer knows.

use super::sql_mode::REMOVED;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "removed-sql-mode-in-code",
    title: "Programs made under modes that are gone",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "SELECT routine_schema, routine_name, sql_mode FROM information_schema.routines WHERE sql_mode REGEXP \
         'NO_AUTO_CREATE_USER|NO_FIELD_OPTIONS|NO_KEY_OPTIONS|NO_TABLE_OPTIONS|DB2|MAXDB|MSSQL|MYSQL|ORACLE|POSTGRESQL'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html#sqlmode_no_auto_create_user",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.programs().into_iter().filter_map(|(object, under)| {
        let modes = under.sql_mode.as_deref()?.split(',');
        let gone: Vec<&str> =
            modes.filter(|mode| REMOVED.contains(&mode.to_uppercase().as_str())).collect();
        (!gone.is_empty()).then(|| {
            Found::notes(
                &object,
                format!("made under {}; it is made without on the target", gone.join(", ")),
            )
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn modes_that_are_gone_are_named() {
        let bench = Bench::clean().event(|event| {
            event.created_under.sql_mode = Some("NO_AUTO_CREATE_USER,ANSI_QUOTES".into());
        });
        assert_eq!(
            bench.said(&CHECK),
            [
                "notes: event `shop`.`e`: made under NO_AUTO_CREATE_USER; it is made without on the target"
            ]
        );
        assert_eq!(Bench::clean().event(|_| {}).levels(&CHECK), "");
    }
}
