//! While it writes a binary log, a server lets only the trusted create functions and triggers.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "function-creators",
    title: "log_bin_trust_function_creators",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT @@global.log_bin_trust_function_creators",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/stored-programs-logging.html",
    judge,
};

const NAME: &str = "log_bin_trust_function_creators";

fn judge(case: &Case<'_>) -> Verdict {
    let target = &case.target;
    let has_some = !case.catalog.triggers.is_empty() || !case.catalog.routines.is_empty();
    let is_known = target.facts.variables.contains_key(NAME);
    if !has_some
        || !is_known
        || target.is_on(NAME)
        || !target.is_on("log_bin")
        || target.grants().everywhere("SUPER")
    {
        return Ok(Vec::new());
    }
    let what = "it is OFF: functions, procedures and triggers are refused with error 1419";
    Ok(vec![
        Found::blocks(Thing::variable(Side::Target, NAME), what).fix(parameter(case, NAME, "ON")),
    ])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::rule::bench::Bench;

    #[test]
    fn it_matters_where_there_is_code() {
        let off = Bench::clean().on_target(NAME, "OFF");
        assert_eq!(off.levels(&CHECK), "");
        assert_eq!(off.clone().procedure("SELECT 1").levels(&CHECK), "1 blocks");
        assert_eq!(off.trigger("SET @a = 1").on_target(NAME, "ON").levels(&CHECK), "");
    }
}
