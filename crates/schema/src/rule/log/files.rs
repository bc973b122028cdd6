//! How much the source writes, and whether it keeps its log long enough at that rate.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::bytes;
use crate::rule::text::counted;

pub(super) const CHECK: Check = Check {
    id: "binary-log-volume",
    title: "Size of the source's log",
    mode: Mode::Online,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Logs],
    link: "https://dev.mysql.com/doc/refman/8.4/en/show-binary-logs.html",
    judge,
};

/// So many files make every start and purge slow.
const FILES_MANY: usize = 5_000;

fn judge(case: &Case<'_>) -> Verdict {
    let files = case.source.ask(Question::Logs)?;
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let total = files.iter().filter_map(|row| row.number("File_size")).fold(0, u64::saturating_add);
    let first = files.first().map_or("", |row| row.text("Log_name"));
    let what = format!(
        "{} in {} from {first} on; free space on the source's disk cannot be seen",
        bytes(total),
        counted(files.len(), "file")
    );
    let mut found = vec![Found::notes(Thing::named("binary log of the source"), what)];
    if files.len() > FILES_MANY {
        let what = format!("{}: opening and purging the log is slow", counted(files.len(), "file"));
        found.push(
            Found::warns(Thing::named("binary log of the source"), what)
                .advise("raise max_binlog_size"),
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn files_are_counted_and_summed() {
        let columns = "Log_name,File_size";
        let two = Bench::clean().answer(
            Side::Source,
            Question::Logs,
            columns,
            &["b.1,1048576", "b.2,1048576"],
        );
        assert!(two.said(&CHECK)[0].contains("2.0 MiB in 2 files from b.1 on"));
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let many = vec!["b.1,1"; 6_000];
        let many = Bench::clean().answer(Side::Source, Question::Logs, columns, &many);
        assert_eq!(many.levels(&CHECK), "1 notes, 1 warns");
    }
}
