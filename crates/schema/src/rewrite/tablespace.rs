//! `TABLESPACE` goes, from tables and partitions: managed servers allow no tablespaces, and each table
//! in its own file is what they are tuned for.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "tablespace";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    let of_table =
        draft.text.options.iter().filter(|o| matches!(o.name.as_str(), "TABLESPACE" | "STORAGE"));
    let mut edits: Vec<Edit> = Vec::new();
    for option in of_table {
        let edit = draft.without(option);
        // `/*!50100 TABLESPACE a STORAGE DISK */` holds two options in one frame.
        match edits.last_mut() {
            Some(last) if last.span.end >= edit.span.start => last.span.end = edit.span.end,
            Some(_) | None => edits.push(edit),
        }
    }
    edits.extend(draft.partition_options(&[&["TABLESPACE"]]).into_iter().map(Edit::delete));
    if edits.is_empty() {
        return;
    }
    draft.edit(edits);
    draft.notes.change(NAME, "no TABLESPACE", "the target keeps each table in a file of its own");
}
