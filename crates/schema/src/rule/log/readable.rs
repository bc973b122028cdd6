//! What settings and privileges promise is tried: the log is read as a replica reads it.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::measured::{LogLook, SCAN};
use crate::rule::text::{bytes, counted};

pub(super) const CHECK: Check = Check {
    id: "binary-log-readable",
    title: "The log can be followed",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-howto-repuser.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let thing = Thing::named("binary log of the source");
    match &case.measured.log {
        None => Err(NotChecked::NotAsked { option: SCAN.to_owned() }),
        Some(LogLook::Off) => Ok(Vec::new()),
        Some(LogLook::Failed { why }) => {
            let found = Found::blocks(thing, format!("it was asked for as a replica does: {why}"));
            let grant = format!("GRANT REPLICATION SLAVE ON *.* TO {}", case.source.account());
            let may = case.source.grants();
            let lacks =
                !may.everywhere("REPLICATION SLAVE") && !may.everywhere("REPLICATION REPLICA");
            Ok(vec![if lacks { found.on_source(grant) } else { found }])
        }
        Some(LogLook::Read(sample)) => {
            let count = usize::try_from(sample.transactions).unwrap_or(usize::MAX);
            let what = format!(
                "{} of {} were read from {} on{}",
                counted(count, "transaction"),
                bytes(sample.bytes),
                sample.from,
                if sample.is_to_end { ", up to its end" } else { "" }
            );
            Ok(vec![Found::notes(Thing::server(Side::Source), what)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{LogLook, LogSample};

    #[test]
    fn a_log_that_cannot_be_read_stops_an_online_migration() {
        let with = |look| {
            let mut bench =
                Bench::clean().grants(Side::Source, &["GRANT SELECT ON *.* TO `reader`@`%`"]);
            bench.measured.log = look;
            bench.said(&CHECK)
        };
        assert!(with(None)[0].starts_with("not checked"));
        assert_eq!(with(Some(LogLook::Off)), [""; 0]);
        let failed = with(Some(LogLook::Failed { why: "denied".into() }));
        assert!(failed[0].starts_with("blocks: binary log of the source: "), "{failed:?}");
        assert!(failed[0].contains("GRANT REPLICATION SLAVE"), "{failed:?}");
        let sample = LogSample {
            from: "b.1:4".into(),
            transactions: 1,
            bytes: 2048,
            is_to_end: true,
            ..LogSample::default()
        };
        let read = with(Some(LogLook::Read(sample)));
        assert_eq!(
            read,
            ["notes: the source: 1 transaction of 2.0 KiB were read from b.1:4 on, up to its end"]
        );
    }
}
