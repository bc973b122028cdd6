//! `COMPRESSION=` and MariaDB's `PAGE_COMPRESSED` go: page compression lives from holes in files, which
//! only the file system beneath can promise. Only the space a table takes changes.

use super::draft::TableDraft;
use super::{Context, Rewrite};

const NAME: &str = "compression";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    let mut edits = Vec::new();
    for option in draft.text.options.clone() {
        let is_compression =
            option.name == "COMPRESSION" || option.name.starts_with("PAGE_COMPRESS");
        if is_compression {
            edits.push(draft.without(&option));
            draft.notes.change(
                NAME,
                format!("no option {}={}", option.name, option.value),
                "page compression depends on the target's file system",
            );
        }
    }
    draft.edit(edits);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn page_compression_goes_in_every_spelling() {
        let table = fixture::table(
            "CREATE TABLE `t` (`a` int) ENGINE=InnoDB COMPRESSION='zlib' `PAGE_COMPRESSED`=1 PAGE_COMPRESSION_LEVEL=5 COMMENT='COMPRESSION'",
        );
        fixture::check(
            &World::mariadb(),
            &table,
            "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB COMMENT='COMPRESSION'",
            &[
                "compression: no option COMPRESSION=zlib",
                "compression: no option PAGE_COMPRESSED=1",
                "compression: no option PAGE_COMPRESSION_LEVEL=5",
            ],
        );
    }
}
