//! Azure refuses connections without TLS: whoever connects without must change.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "clients-without-tls",
    title: "Clients that connect without TLS",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::PlainSessions],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.target.is_on("require_secure_transport") {
        return Ok(Vec::new());
    }
    if !case.source.is_on("performance_schema") {
        let ask = "who connects to the source without TLS: performance_schema is off there, so it cannot be seen";
        return Err(NotChecked::Unseen { ask: ask.to_owned() });
    }
    let sessions = case.source.ask(Question::PlainSessions)?;
    let found = sessions.iter().map(|row| {
        let thing = Thing::account(row.text("user"), row.text("host"));
        let what = format!("{} sessions without TLS right now; the target refuses them", row.text("sessions"));
        Found::warns(thing, what).advise("turn TLS on in the connection string, with the roots DigiCert Global Root CA and DigiCert Global Root G2")
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn sessions_are_named_by_account() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let plain = Bench::clean().answer(
            Side::Source,
            Question::PlainSessions,
            "user,host,sessions",
            &["app,10.0.0.9,3"],
        );
        assert!(plain.said(&CHECK)[0].contains("account 'app'@'10.0.0.9': 3 sessions"));
        assert_eq!(plain.clone().on_target("require_secure_transport", "OFF").levels(&CHECK), "");
        assert!(plain.variable("performance_schema", "OFF").said(&CHECK)[0].contains("Unseen"));
    }
}
