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

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::trigger;

    #[test]
    fn the_clause_goes_and_is_told() {
        let made = fixture::trigger(
            "CREATE DEFINER=`azadmin`@`%` TRIGGER trg BEFORE INSERT ON t FOR EACH ROW PRECEDES `x y` /* PRECEDES */ SET @a = 1",
        );
        let script = trigger(&made, &World::mysql().context());
        assert!(script.create.ends_with("FOR EACH ROW /* PRECEDES */ SET @a = 1"));
        assert_eq!(told(&script.changes, &script.refusals), ["trigger_order: no PRECEDES `x y`"]);
    }
}
