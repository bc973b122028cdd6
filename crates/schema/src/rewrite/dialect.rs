//! Programs in a language the target does not speak are refused by name.
//!
//! MariaDB's `sql_mode=ORACLE` bodies, packages and stored aggregate functions have no counterpart in
//! MySQL, and neither have bodies in other languages than SQL on a managed server.

use super::draft::StoredDraft;
use super::{Context, Rewrite};
use crate::sql::stored::StoredKind;

const NAME: &str = "dialect";
pub(super) const REWRITE: Rewrite = Rewrite::of_stored(NAME, stored);

fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    let what = draft.id.to_string();
    if let Some(language) = draft.text.language.as_ref().filter(|language| *language != "SQL") {
        let why = format!("its body is written in {language}: only SQL is carried");
        draft.notes.refuse(NAME, what, why, "write it anew in SQL, or exclude it");
        return;
    }
    if !context.mariadb_to_mysql() {
        return;
    }
    let oracle = draft.created_under.sql_mode.as_deref().is_some_and(|modes| {
        modes.split(',').any(|mode| mode.trim().eq_ignore_ascii_case("ORACLE"))
    });
    let why = match draft.text.kind {
        StoredKind::Package => "MySQL has no packages",
        StoredKind::AggregateFunction => "MySQL has no stored aggregate functions",
        StoredKind::Function | StoredKind::Procedure | StoredKind::Trigger | StoredKind::Event
            if oracle =>
        {
            "it was made under sql_mode=ORACLE, whose language MySQL does not speak"
        }
        StoredKind::View
        | StoredKind::Function
        | StoredKind::Procedure
        | StoredKind::Trigger
        | StoredKind::Event => return,
    };
    draft.notes.refuse(NAME, what, why, "write it anew for MySQL, or exclude it");
}
