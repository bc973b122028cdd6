//! A password policy on the target refuses passwords the source took; hashes pass.

use crate::facts::Side;
use crate::rule::case::{Case, Server};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "password-policy",
    title: "Password policy of the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES LIKE 'validate_password%'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/validate-password.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rank = |server: &Server<'_>| {
        let value = ["validate_password.policy", "validate_password_policy"]
            .into_iter()
            .map(|name| server.variable(name))
            .find(|value| !value.is_empty());
        match value.map(str::to_uppercase).as_deref() {
            None => 0,
            Some("LOW" | "0") => 1,
            Some("MEDIUM" | "1") => 2,
            Some(_) => 3,
        }
    };
    if rank(&case.target) <= rank(&case.source) {
        return Ok(Vec::new());
    }
    let what =
        "stricter than the source's: hashes are carried past it, passwords set later are not";
    Ok(vec![Found::warns(Thing::variable(Side::Target, "validate_password.policy"), what)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn a_stricter_target_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let strict = Bench::clean().on_target("validate_password.policy", "MEDIUM");
        assert_eq!(strict.levels(&CHECK), "1 warns");
        assert_eq!(strict.variable("validate_password_policy", "STRONG").levels(&CHECK), "");
    }
}
