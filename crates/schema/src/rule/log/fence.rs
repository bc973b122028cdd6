//! At cutover somebody must stop the application's writes, and the source can only be fenced by who may.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "fencing",
    title: "Who can stop writes at cutover",
    mode: Mode::Online,
    worst: Level::Notes,
    sql: "SHOW GRANTS",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_read_only",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    let grants = source.grants();
    let may = ["SYSTEM_VARIABLES_ADMIN", "SUPER", "READ_ONLY ADMIN"];
    if may.iter().any(|privilege| grants.everywhere(privilege)) {
        return Ok(Vec::new());
    }
    let how = if source.platform().is_managed() {
        "set read_only with the service's own tools, or stop the application"
    } else {
        "let somebody with SYSTEM_VARIABLES_ADMIN (or SUPER) run SET GLOBAL read_only = ON at cutover, or stop the application"
    };
    let what = "our account may not make the source read-only";
    Ok(vec![Found::notes(Side::Source, what).advise(how)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;

    #[test]
    fn an_account_that_cannot_fence_is_noted() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let reader = Bench::clean().grants(Side::Source, &["GRANT SELECT ON *.* TO `reader`@`%`"]);
        assert_eq!(reader.levels(&CHECK), "1 notes");
    }
}
