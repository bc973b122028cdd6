//! A table of hundreds of gigabytes takes long however many workers copy it, and a file has a limit.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "large-table",
    title: "Very large tables and files",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT table_schema, table_name, data_length + index_length AS bytes FROM information_schema.tables \
         WHERE table_type = 'BASE TABLE' ORDER BY bytes DESC LIMIT 20",
    asks: &[Question::Files],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations",
    judge,
};

/// The largest file of one table Azure takes.
const FILE_MAX: u64 = 8 << 40;
/// A table so large that how it is cut matters.
const LARGE: u64 = 500 << 30;

fn judge(case: &Case<'_>) -> Verdict {
    let mut found: Vec<Found> = case
        .tables()
        .filter(|table| table.data_bytes.saturating_add(table.index_bytes) > LARGE)
        .map(|table| {
            let size = bytes(table.data_bytes.saturating_add(table.index_bytes));
            let thing = Thing::table(&table.name);
            match table.row_key() {
                Some(_) => Found::notes(thing, format!("{size}: copied by several workers")),
                None => Found::warns(thing, format!("{size} without a key: copied by one worker from the start after every interruption"))
                    .advise("add a primary key on the source first"),
            }
        })
        .collect();
    if case.is_azure() {
        let files = case.source.ask(Question::Files)?;
        let too_large =
            files.iter().filter(|row| row.number("bytes").is_some_and(|size| size > FILE_MAX));
        found.extend(too_large.map(|row| {
            let size = bytes(row.number("bytes").unwrap_or_default());
            let thing = Thing::named(format!("file of table {}", row.text("name")));
            Found::blocks(thing, format!("{size}: a file of Azure's ends at {}", bytes(FILE_MAX)))
                .advise("partition the table on the source first")
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{CHECK, FILE_MAX, LARGE};
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn size_matters_without_a_key_or_beyond_the_limit() {
        let large = |keys: bool| {
            Bench::clean().with_table("shop", "t", |table| {
                table.data_bytes = LARGE + 1;
                table.keys.truncate(usize::from(keys));
            })
        };
        assert_eq!(Bench::clean().table("shop", "t").levels(&CHECK), "");
        assert_eq!(large(true).levels(&CHECK), "1 notes");
        assert_eq!(large(false).levels(&CHECK), "1 warns");
        let row = format!("shop/t,{}", FILE_MAX + 1);
        let file = Bench::clean().answer(Side::Source, Question::Files, "name,bytes", &[&row]);
        assert_eq!(file.levels(&CHECK), "1 blocks");
        assert_eq!(file.to("mysql-8.4").levels(&CHECK), "");
    }
}
