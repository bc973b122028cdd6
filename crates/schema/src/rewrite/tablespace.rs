//! `TABLESPACE` goes, from tables and partitions: managed servers allow no tablespaces, and each table
//! in its own file is what they are tuned for.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::{Edit, Span};

const NAME: &str = "tablespace";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    // `/*!50100 TABLESPACE a STORAGE DISK */` holds two options in one frame.
    let mut spans: Vec<Span> = Vec::new();
    let is_place = |name: &str| matches!(name, "TABLESPACE" | "STORAGE");
    for option in draft.text.options.iter().filter(|option| is_place(&option.name)) {
        match spans.last_mut() {
            Some(last) if option.name == "STORAGE" => last.end = option.span.end,
            Some(_) | None => spans.push(option.span),
        }
    }
    let of_table = spans.into_iter().map(|span| Edit::delete(draft.sql.with_frame(span)));
    let mut edits: Vec<Edit> = of_table.collect();
    edits.extend(draft.partition_options(&[&["TABLESPACE"]]).into_iter().map(Edit::delete));
    if edits.is_empty() {
        return;
    }
    draft.edit(edits);
    draft.notes.change(NAME, "no TABLESPACE", "the target keeps each table in a file of its own");
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn tablespaces_go_with_their_comment() {
        let told = ["tablespace: no TABLESPACE"];
        let table = fixture::table(
            "CREATE TABLE `t` (`a` int) /*!50100 TABLESPACE `t s` STORAGE DISK */ ENGINE=InnoDB\n\
             /*!50100 PARTITION BY HASH (`a`)\n(PARTITION p0 TABLESPACE = `x` ENGINE = InnoDB) */",
        );
        fixture::check(
            &World::mysql(),
            &table,
            "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB\n\
             /*!50100 PARTITION BY HASH (`a`)\n(PARTITION p0 ENGINE = InnoDB) */",
            &told,
        );
        let alone = fixture::table(
            "CREATE TABLE `t` (`a` int) /*!50100 TABLESPACE `innodb_system` */ ENGINE=InnoDB",
        );
        fixture::check(
            &World::mysql(),
            &alone,
            "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB",
            &told,
        );
    }
}
