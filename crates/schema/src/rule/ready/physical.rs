//! Beyond a terabyte the provider's own import of files is faster, where it is possible.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::physical;
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "physical-import",
    title: "Physical import",
    mode: Mode::Offline,
    worst: Level::Notes,
    sql: "SELECT @@innodb_page_size, @@innodb_file_per_table, @@lower_case_table_names",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/migrate/migrate-external-mysql-import-cli",
    judge,
};

/// From here on it is worth the while.
const LARGE: u64 = 1 << 40;

fn judge(case: &Case<'_>) -> Verdict {
    let size = case
        .tables()
        .map(|table| table.data_bytes.saturating_add(table.index_bytes))
        .fold(0, u64::saturating_add);
    if size < LARGE {
        return Ok(Vec::new());
    }
    let against = physical::hindrances(case);
    let what = if against.is_empty() {
        format!(
            "{}: az mysql flexible-server import create takes a backup of XtraBackup in about half an hour per terabyte; accounts and high availability follow by hand",
            bytes(size)
        )
    } else {
        format!("{}: not possible, since {}", bytes(size), against.join("; "))
    };
    Ok(vec![Found::notes(Side::Source, what)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn it_is_advised_for_large_servers() {
        assert_eq!(Bench::clean().table("shop", "t").levels(&CHECK), "");
        let large = Bench::clean().with_table("shop", "t", |table| table.data_bytes = 2 << 40);
        assert!(large.said(&CHECK)[0].contains("import create"));
        assert!(
            large.variable("innodb_page_size", "4096").said(&CHECK)[0].contains("not possible")
        );
    }
}
