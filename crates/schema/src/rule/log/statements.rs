//! A session may set `binlog_format` for itself: then its statements are logged, not the rows they changed.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "logged-statements",
    title: "Changes that were logged as statements",
    mode: Mode::Online,
    worst: Level::Warns,
    sql: "SHOW BINLOG EVENTS IN '…' LIMIT 1000",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/binary-log-setting.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let Some(sample) = case.measured.log()? else { return Ok(Vec::new()) };
    let more = sample
        .statement_count
        .saturating_sub(u64::try_from(sample.statements.len()).unwrap_or(u64::MAX));
    let mut found: Vec<Found> = sample
        .statements
        .iter()
        .map(|statement| {
            let what = format!(
                "logged as a statement (default schema {}): {}; an online migration stops at the next one",
                if statement.schema.is_empty() { "none" } else { &statement.schema },
                statement.text
            );
            Found::warns(Thing::named(format!("transaction {}", statement.place)), what).advise(
                "find who sets binlog_format for its session (or lacks row format in a job or a tool), and stop that",
            )
        })
        .collect();
    if more > 0 {
        let thing = Thing::named("binary log of the source");
        found.push(Found::warns(thing, format!("{more} more statements that change rows")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{LogLook, LogSample, LoggedStatement};

    #[test]
    fn the_first_are_named_and_the_rest_counted() {
        let mut bench = Bench::clean();
        assert_eq!(bench.levels(&CHECK), "1 not checked");
        bench.measured.log = Some(LogLook::Off);
        assert_eq!(bench.levels(&CHECK), "");
        let statement = LoggedStatement {
            schema: "shop".into(),
            text: "UPDATE t SET a = 1".into(),
            place: "b.1:99".into(),
        };
        let sample =
            LogSample { statements: vec![statement], statement_count: 3, ..LogSample::default() };
        bench.measured.log = Some(LogLook::Read(sample));
        let said = bench.said(&CHECK);
        assert!(said[0].starts_with(
            "warns: transaction b.1:99: logged as a statement (default schema shop): UPDATE"
        ));
        assert_eq!(said[1], "warns: binary log of the source: 2 more statements that change rows");
    }
}
