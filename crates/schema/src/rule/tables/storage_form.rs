//! Compressed and encrypted pages cost or need what a managed target has its own ways for.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "row-format",
    title: "Compressed, encrypted and old row formats",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, row_format, create_options FROM information_schema.tables \
         WHERE row_format IN ('Compressed', 'Redundant', 'Compact') \
         OR create_options REGEXP 'ENCRYPTION|ENCRYPTED|COMPRESSION|PAGE_COMPRESSED|KEY_BLOCK_SIZE'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/innodb-row-format.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.tables().filter(|table| table.engine.eq_ignore_ascii_case("innodb")).filter_map(|table| {
        let options = table.create_options.to_uppercase();
        let thing = Thing::table(&table.name);
        let is_encrypted = options.contains("ENCRYPTION") && !options.contains("ENCRYPTION='N'") && !options.contains("ENCRYPTION=\"N\"");
        if is_encrypted || options.contains("`ENCRYPTED`=YES") || options.contains("ENCRYPTED=YES") {
            return Some(Found::warns(thing, "encrypted with the source's own key; Azure encrypts all storage, so the target's table is plain"));
        }
        if options.contains("PAGE_COMPRESSED") || options.contains("COMPRESSION=") {
            return Some(Found::warns(thing, "compressed pages; the target's table is not compressed and takes more space"));
        }
        match table.row_format.to_lowercase().as_str() {
            "compressed" => Some(Found::warns(thing, "ROW_FORMAT=COMPRESSED: kept where the target can; reading it costs processor time there")),
            "redundant" | "compact" => Some(Found::notes(
                thing,
                format!("ROW_FORMAT={}: index prefixes end at 767 bytes; DYNAMIC takes 3072", table.row_format.to_uppercase()),
            )),
            _ => None,
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn forms_are_told_by_what_becomes_of_them() {
        for (row_format, options, told) in [
            ("Dynamic", "", ""),
            ("Compressed", "row_format=COMPRESSED KEY_BLOCK_SIZE=8", "1 warns"),
            ("Compact", "", "1 notes"),
            ("Dynamic", "ENCRYPTION='Y'", "1 warns"),
            ("Dynamic", "ENCRYPTION='N'", ""),
            ("Dynamic", "COMPRESSION=\"zlib\"", "1 warns"),
            ("Dynamic", "`PAGE_COMPRESSED`=1", "1 warns"),
        ] {
            let bench = Bench::clean().with_table("shop", "t", |table| {
                table.row_format = row_format.into();
                table.create_options = options.into();
            });
            assert_eq!(bench.levels(&CHECK), told, "{row_format} {options}");
        }
    }
}
