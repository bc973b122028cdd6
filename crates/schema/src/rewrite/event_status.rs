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

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::super::fixture::{self, World, told};

    #[test]
    fn every_event_is_created_disabled() {
        for (status, notes) in [
            ("ENABLE", &["event_status: created disabled"][..]),
            ("DISABLE ON SLAVE", &["event_status: created disabled"]),
            ("DISABLE ON REPLICA", &["event_status: created disabled"]),
            ("DISABLE", &[]),
        ] {
            let made = fixture::event(&format!(
                "CREATE DEFINER=`azadmin`@`%` EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE {status} COMMENT 'ENABLE' DO select 1"
            ));
            let script = event(&made, &World::mysql().context());
            assert_eq!(
                script.create,
                "CREATE DEFINER=`azadmin`@`%` EVENT `shop`.`e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE COMMENT 'ENABLE' DO select 1"
            );
            assert_eq!(told(&script.changes, &script.refusals), notes);
        }
    }

    #[test]
    fn a_status_that_is_left_out_is_written() {
        let made = fixture::event("CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO select 1");
        let script = event(&made, &World::mysql().context());
        assert_eq!(
            script.create,
            "CREATE EVENT `shop`.`e` ON SCHEDULE EVERY 1 DAY DISABLE DO select 1"
        );
    }
}
