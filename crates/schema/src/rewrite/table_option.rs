//! Table options only MariaDB or another engine knows go: MySQL refuses words it does not know.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::facts::Flavor;

const NAME: &str = "table_option";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

/// Options MySQL takes (<https://dev.mysql.com/doc/refman/9.7/en/create-table.html>). Those with a
/// rewrite of their own are left to it.
const KNOWN: [&str; 32] = [
    "AUTOEXTEND_SIZE",
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHARSET",
    "CHECKSUM",
    "COLLATE",
    "COMMENT",
    "COMPRESSION",
    "CONNECTION",
    "DATA DIRECTORY",
    "INDEX DIRECTORY",
    "DELAY_KEY_WRITE",
    "ENCRYPTION",
    "ENGINE",
    "ENGINE_ATTRIBUTE",
    "INSERT_METHOD",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "PASSWORD",
    "ROW_FORMAT",
    "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "START TRANSACTION",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "STORAGE",
    "TABLESPACE",
    "UNION",
    "TYPE",
];

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if context.target.version.flavor != Flavor::MySql || !draft.notes.refusals.is_empty() {
        return;
    }
    let mut edits = Vec::new();
    for option in draft.text.options.clone() {
        // Page compression has its own rewrite.
        if KNOWN.contains(&option.name.as_str()) || option.name.starts_with("PAGE_COMPRESS") {
            continue;
        }
        edits.push(draft.without(&option));
        draft.notes.change(
            NAME,
            format!("no option {}={}", option.name, option.value),
            "MySQL does not know it",
        );
    }
    draft.edit(edits);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn unknown_options_go_and_known_ones_stay() {
        let table = fixture::table(
            "CREATE TABLE `t` (`a` int(11)) ENGINE=Aria DELAY_KEY_WRITE=1 PAGE_CHECKSUM=1 TRANSACTIONAL=1 COMMENT='x'",
        );
        fixture::check(
            &World::mariadb(),
            &table,
            "CREATE TABLE `shop`.`t` (`a` int(11)) ENGINE=InnoDB DELAY_KEY_WRITE=1 COMMENT='x'",
            &[
                "engine: engine InnoDB instead of Aria",
                "table_option: no option PAGE_CHECKSUM=1",
                "table_option: no option TRANSACTIONAL=1",
            ],
        );
    }
}
