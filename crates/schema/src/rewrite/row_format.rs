//! Row formats InnoDB does not have go, and with them key block sizes that meant another engine.
//!
//! `COMPRESSED` with `KEY_BLOCK_SIZE` stays where the target's pages allow it. `REDUNDANT`, `COMPACT`
//! and `DYNAMIC` stay as they are.

use super::draft::TableDraft;
use super::{Context, Rewrite};

const NAME: &str = "row_format";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let is_innodb =
        draft.text.option("ENGINE").is_some_and(|o| o.value.eq_ignore_ascii_case("InnoDB"));
    if !is_innodb {
        return;
    }
    let came_from_elsewhere = !draft.table.engine.eq_ignore_ascii_case("InnoDB");
    let mut edits = Vec::new();
    for option in draft.text.options.clone() {
        let why = match option.name.as_str() {
            "ROW_FORMAT" => format_reason(&option.value, came_from_elsewhere, context),
            "KEY_BLOCK_SIZE" => block_reason(&option.value, came_from_elsewhere, context),
            _ => None,
        };
        if let Some(why) = why {
            edits.push(draft.without(&option));
            draft.notes.change(NAME, format!("no {}={}", option.name, option.value), why);
        }
    }
    draft.edit(edits);
}

fn format_reason(
    format: &str,
    came_from_elsewhere: bool,
    context: &Context<'_>,
) -> Option<&'static str> {
    match format.to_ascii_uppercase().as_str() {
        "DYNAMIC" | "COMPACT" | "REDUNDANT" | "DEFAULT" => None,
        "COMPRESSED" if came_from_elsewhere => Some(
            "the other engine's compressed rows are not InnoDB's; the target's default is used",
        ),
        "COMPRESSED" if !compresses(context) => Some(
            "the target's pages are too large, or its tables share a file; its default is used",
        ),
        "COMPRESSED" => None,
        _ => Some("InnoDB has no such row format; the target's default is used"),
    }
}

fn block_reason(
    size: &str,
    came_from_elsewhere: bool,
    context: &Context<'_>,
) -> Option<&'static str> {
    let fits = matches!(size, "0" | "1" | "2" | "4" | "8" | "16");
    if came_from_elsewhere || !fits {
        return Some("the size meant another engine's key blocks");
    }
    (!compresses(context)).then_some("the target cannot compress InnoDB's rows")
}

/// Whether the target takes `ROW_FORMAT=COMPRESSED`: pages up to 16 KiB and a file per table
/// (<https://dev.mysql.com/doc/refman/9.7/en/innodb-compression-usage.html>).
fn compresses(context: &Context<'_>) -> bool {
    let page =
        context.target.variable("innodb_page_size").and_then(|size| size.parse::<u32>().ok());
    let own_file = context.target.variable("innodb_file_per_table").is_none()
        || context.target.is_on("innodb_file_per_table");
    page.is_none_or(|page| page <= 16_384) && own_file
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[track_caller]
    fn check(world: &World, engine: &str, before: &str, after: &str) {
        let mut table =
            fixture::table(&format!("CREATE TABLE `t` (`a` int) ENGINE=InnoDB{before}"));
        table.engine = engine.into();
        let scripts = super::super::table(&table, &world.context());
        assert_eq!(
            scripts.create,
            format!("CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB{after}")
        );
        assert_eq!(scripts.changes.is_empty(), before == after);
    }

    #[test]
    fn formats_innodb_has_stay() {
        let world = World::mysql();
        for format in ["REDUNDANT", "COMPACT", "DYNAMIC", "COMPRESSED KEY_BLOCK_SIZE=8"] {
            let option = format!(" ROW_FORMAT={format}");
            check(&world, "InnoDB", &option, &option);
        }
    }

    #[test]
    fn formats_of_other_engines_go() {
        let world = World::mysql();
        check(&world, "MyISAM", " ROW_FORMAT=FIXED KEY_BLOCK_SIZE=1024", "");
        check(&world, "MyISAM", " ROW_FORMAT=COMPRESSED COMMENT='x'", " COMMENT='x'");
        check(&world, "Aria", " ROW_FORMAT=PAGE", "");
        check(&world, "MyISAM", " ROW_FORMAT=DYNAMIC", " ROW_FORMAT=DYNAMIC");
    }

    #[test]
    fn compressed_rows_go_where_the_target_cannot_have_them() {
        let mut world = World::mysql();
        world.target.variables.insert("innodb_page_size".into(), "65536".into());
        check(&world, "InnoDB", " ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8", "");
    }
}
