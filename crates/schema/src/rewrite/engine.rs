//! Tables of other engines become InnoDB; those that keep no rows of their own are refused.
//!
//! A chunk of rows and its place in the copy's ledger are one transaction, which only InnoDB has; managed
//! servers offer little else. MyISAM, Aria, ARCHIVE, CSV and MEMORY keep rows, so InnoDB can. FEDERATED, BLACKHOLE, MERGE, NDB, SPIDER, CONNECT and S3 keep their rows
//! elsewhere or nowhere: what such a table means cannot be carried. `SECONDARY_ENGINE` goes too, as it
//! forbids later DDL.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::name::quote;
use crate::sql::table::ItemKind;
use crate::sql::{Edit, Span};

const NAME: &str = "engine";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

/// Engines whose tables hold no rows of their own.
const ELSEWHERE: [&str; 10] = [
    "FEDERATED",
    "FEDERATEDX",
    "BLACKHOLE",
    "MRG_MYISAM",
    "MERGE",
    "NDBCLUSTER",
    "NDB",
    "SPIDER",
    "CONNECT",
    "S3",
];

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    without_secondary_engine(draft);
    let Some(option) = draft.text.option("ENGINE") else { return };
    let engine = option.value.clone();
    if engine.eq_ignore_ascii_case("InnoDB") {
        return;
    }
    let what = format!("table {} of engine {engine}", draft.table.name);
    if ELSEWHERE.iter().any(|elsewhere| elsewhere.eq_ignore_ascii_case(&engine)) {
        let why = "its rows lie elsewhere, and the target does not offer the engine";
        draft.notes.refuse(NAME, what, why, "make it an InnoDB table on the source, or exclude it");
        return;
    }
    let mut edits = vec![Edit::replace(option.value_span, "InnoDB")];
    edits.extend(partition_engines(draft));
    draft.edit(edits);
    draft.notes.change(
        NAME,
        format!("engine InnoDB instead of {engine}"),
        "rows and the copy's ledger are committed together, which only InnoDB can",
    );
    auto_increment_key(draft);
}

fn without_secondary_engine(draft: &mut TableDraft<'_>) {
    let Some(option) = draft.text.option("SECONDARY_ENGINE").cloned() else { return };
    draft.edit(vec![draft.without(&option)]);
    draft.notes.change(
        NAME,
        format!("no secondary engine {}", option.value),
        "with one, keys could not be added after the rows",
    );
}

/// Every partition names its engine again.
fn partition_engines(draft: &TableDraft<'_>) -> Vec<Edit> {
    let Some(partition) = draft.text.partition else { return Vec::new() };
    let mut cursor = draft.sql.cursor_in(partition);
    let mut edits = Vec::new();
    while cursor.peek().is_some() {
        if cursor.eat(&["ENGINE"]).is_none() {
            cursor.take();
        } else if cursor.eat_mark("=")
            && let Some(value) = cursor.take()
        {
            let span = Span { start: value.start, end: value.end };
            edits.push(Edit::replace(span, "InnoDB"));
        }
    }
    edits
}

/// MyISAM and Aria count an `AUTO_INCREMENT` column that is not first in any key per group of the
/// columns before it. InnoDB wants the column first in a key, and counts through the whole table.
fn auto_increment_key(draft: &mut TableDraft<'_>) {
    let counts = |c: &&crate::sql::column::ColumnText| c.attribute("AUTO_INCREMENT").is_some();
    let columns = draft.columns();
    let Some(column) = columns.iter().find(counts).map(|column| column.name.clone()) else {
        return;
    };
    let is_first = |parts: Span| {
        let (first, _) = draft.sql.cursor_in(parts).eat_name()?;
        (first == column).then_some(())
    };
    let keys = [ItemKind::PrimaryKey, ItemKind::UniqueKey, ItemKind::Key];
    let mut items = draft.text.items.iter().filter(|item| keys.contains(&item.kind));
    if items.any(|item| item.parts.and_then(is_first).is_some()) {
        return;
    }
    let mut name = column.clone();
    while draft.text.items.iter().any(|item| {
        item.kind != ItemKind::Column
            && item.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(&name))
    }) {
        name.push('_');
    }
    let Some(last) = draft.text.items.last() else { return };
    let key = format!(",\n  KEY {} ({})", quote(&name), quote(&column));
    draft.edit(vec![Edit::insert(last.span.end, key)]);
    draft.notes.change(
        NAME,
        format!("key {name} is added for AUTO_INCREMENT column {column}"),
        "InnoDB wants the column first in a key; new rows are counted through the whole table, no longer per group",
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn tables_of_other_engines_become_innodb() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `a` int\n) ENGINE=MyISAM\n/*!50100 PARTITION BY HASH (`a`)\n\
             (PARTITION p0 ENGINE = MyISAM,\n PARTITION p1 ENGINE = MyISAM) */",
        );
        fixture::check(
            &World::mysql(),
            &table,
            "CREATE TABLE `shop`.`t` (\n  `a` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY HASH (`a`)\n\
             (PARTITION p0 ENGINE = InnoDB,\n PARTITION p1 ENGINE = InnoDB) */",
            &["engine: engine InnoDB instead of MyISAM"],
        );
    }

    #[test]
    fn engines_without_transactions_become_innodb_whatever_the_target_offers() {
        let innodb = "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB";
        for engine in ["MEMORY", "MyISAM", "CSV", "Aria", "ARCHIVE"] {
            let table = fixture::table(&format!("CREATE TABLE `t` (`a` int) ENGINE={engine}"));
            let note = format!("engine: engine InnoDB instead of {engine}");
            fixture::check(&World::mysql(), &table, innodb, &[&note]);
        }
    }

    #[test]
    fn tables_whose_rows_lie_elsewhere_are_refused() {
        for engine in ["FEDERATED", "BLACKHOLE", "MRG_MyISAM", "ndbcluster", "SPIDER", "CONNECT"] {
            let table = fixture::table(&format!("CREATE TABLE `t` (`a` int) ENGINE={engine}"));
            let refusal = format!("!engine: table `shop`.`t` of engine {engine}");
            fixture::check_refused(&World::mysql(), &table, &refusal);
        }
    }

    #[test]
    fn a_counter_per_group_gets_a_key_of_its_own() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `g` int NOT NULL,\n  `n` int NOT NULL AUTO_INCREMENT,\n  \
             PRIMARY KEY (`g`,`n`),\n  KEY `N` (`g`)\n) ENGINE=MyISAM",
        );
        fixture::check(
            &World::mysql(),
            &table,
            "CREATE TABLE `shop`.`t` (\n  `g` int NOT NULL,\n  `n` int NOT NULL AUTO_INCREMENT,\n  \
             PRIMARY KEY (`g`,`n`),\n  KEY `n_` (`n`)\n) ENGINE=InnoDB",
            &[
                "engine: engine InnoDB instead of MyISAM",
                "engine: key n_ is added for AUTO_INCREMENT column n",
            ],
        );
    }

    #[test]
    fn a_secondary_engine_goes() {
        let table =
            fixture::table("CREATE TABLE `t` (`a` int) ENGINE=InnoDB SECONDARY_ENGINE=rapid");
        fixture::check(
            &World::mysql(),
            &table,
            "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB",
            &["engine: no secondary engine rapid"],
        );
    }
}
