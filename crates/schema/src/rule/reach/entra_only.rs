//! A target that takes only Microsoft Entra logins refuses the application's passwords.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "entra-only-login",
    title: "Logins by password on the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES LIKE 'aad_auth_only'",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-azure-ad-authentication",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.target.is_on("aad_auth_only") {
        return Ok(Vec::new());
    }
    let what = "it is ON: accounts that are carried with their passwords cannot log in";
    let set = "az mysql flexible-server parameter set --resource-group RG --server-name SERVER --name aad_auth_only --value";
    let fix =
        Fix::new(Hand::Azure, Care::Thought, format!("{set} OFF")).revert(format!("{set} ON"));
    Ok(vec![Found::warns(Thing::variable(Side::Target, "aad_auth_only"), what).fix(fix)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn it_matters_when_it_is_on() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().on_target("aad_auth_only", "ON").levels(&CHECK), "1 warns");
    }
}
