//! A transaction that has been open for long holds a snapshot, a lock or the log up.

use crate::name::QualifiedName;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::seconds;

pub(super) const CHECK: Check = Check {
    id: "long-transactions",
    title: "Transactions open for over a minute",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Transactions, Question::LockWaits],
    link: "https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-trx-table.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let open = case.source.ask(Question::Transactions)?;
    let mut found: Vec<Found> = open
        .iter()
        .map(|row| {
            let thread = row.text("thread");
            let thing = Thing::named(format!("transaction of connection {thread} on the source"));
            let what = format!(
                "open for {}, {} rows changed: it holds up the lock at the start of a copy, and its changes arrive at its end",
                seconds(row.number("seconds").unwrap_or_default()),
                row.text("changed")
            );
            Found::warns(thing, what).on_source_with_thought(format!("KILL {thread}"))
        })
        .collect();
    let waits = case.source.ask(Question::LockWaits)?;
    let selected =
        waits.iter().filter(|row| case.catalog.schemas.contains_key(row.text("object_schema")));
    found.extend(selected.map(|row| {
        let name = QualifiedName::new(row.text("object_schema"), row.text("object_name"));
        Found::warns(Thing::table(&name), "a session waits for a lock on its definition right now")
    }));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn open_transactions_are_named_by_their_connection() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let columns = "id,thread,changed,seconds";
        let open =
            Bench::clean().answer(Side::Source, Question::Transactions, columns, &["7,42,3,600"]);
        assert!(open.said(&CHECK)[0].contains("connection 42"));
        assert!(open.said(&CHECK)[0].contains("open for 10 minutes, 3 rows changed"));
    }
}
