//! Events are created disabled: none may run on the target while the source still runs it.
//!
//! Those enabled on the source are enabled at the end of an offline run or at the cutover.

use super::draft::StoredDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "event_status";
pub(super) const REWRITE: Rewrite = Rewrite::of_stored(NAME, stored);

fn stored(draft: &mut StoredDraft<'_>, _context: &Context<'_>) {
    let Some(span) = draft.text.status else { return };
    let status = draft.sql.slice(span).to_ascii_uppercase();
    if status == "DISABLE" {
        return;
    }
    let why = if status.is_empty() || status == "ENABLE" {
        "it must not run twice; it is enabled at the end, or at the cutover"
    } else {
        "the source does not run it either"
    };
    let with = if status.is_empty() { "DISABLE " } else { "DISABLE" };
    draft.edit(vec![Edit::replace(span, with)]);
    draft.notes.change(NAME, "created disabled", why);
}
