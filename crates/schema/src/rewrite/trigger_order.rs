//! `FOLLOWS` and `PRECEDES` go: triggers are created in their order, and the trigger named there may not
//! exist yet.

use super::draft::StoredDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "trigger_order";
pub(super) const REWRITE: Rewrite = Rewrite::of_stored(NAME, stored);

fn stored(draft: &mut StoredDraft<'_>, _context: &Context<'_>) {
    let Some(span) = draft.text.order else { return };
    let clause = draft.sql.slice(span).to_owned();
    let span = draft.sql.with_frame(span);
    draft.edit(vec![Edit::delete(span)]);
    draft.notes.change(
        NAME,
        format!("no {clause}"),
        "triggers of a table are created in the order the source runs them",
    );
}
