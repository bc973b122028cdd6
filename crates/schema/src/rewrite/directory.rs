//! `DATA DIRECTORY` and `INDEX DIRECTORY` go, from tables and partitions: a managed server's file
//! system is its own.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "directory";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

const WORDS: [&[&str]; 2] = [&["DATA", "DIRECTORY"], &["INDEX", "DIRECTORY"]];

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    let of_table = draft.text.options.iter().filter(|option| option.name.ends_with(" DIRECTORY"));
    let mut edits: Vec<Edit> = of_table.map(|option| draft.without(option)).collect();
    edits.extend(draft.partition_options(&WORDS).into_iter().map(Edit::delete));
    if edits.is_empty() {
        return;
    }
    draft.edit(edits);
    draft.notes.change(
        NAME,
        "no DATA DIRECTORY or INDEX DIRECTORY",
        "the target decides where its files lie",
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn directories_go_from_tables_and_partitions() {
        let table = fixture::table(
            "CREATE TABLE `t` (`a` int COMMENT 'DATA DIRECTORY') ENGINE=InnoDB DATA DIRECTORY='/x/' INDEX DIRECTORY='/y/'\n\
             /*!50100 PARTITION BY HASH (`a`)\n(PARTITION p0 DATA DIRECTORY = '/z/' ENGINE = InnoDB) */",
        );
        fixture::check(
            &World::mysql(),
            &table,
            "CREATE TABLE `shop`.`t` (`a` int COMMENT 'DATA DIRECTORY') ENGINE=InnoDB\n\
             /*!50100 PARTITION BY HASH (`a`)\n(PARTITION p0 ENGINE = InnoDB) */",
            &["directory: no DATA DIRECTORY or INDEX DIRECTORY"],
        );
    }
}
