//! `changes.diff`: the source's text against each script, with the reason of every change.

use similar::TextDiff;

use super::draft::DraftStep;
use super::make::PlannedScript;
use super::reconcile::Fate;
use super::script::{State, step_words};
use crate::stage::Part;

/// Lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// The whole file: one section for each script that differs from the source's text.
pub(crate) fn text<'a>(
    scripts: impl Iterator<Item = (&'a DraftStep, &'a PlannedScript, &'a str)>,
) -> String {
    let mut all = String::new();
    for (draft, script, body) in scripts {
        let diff = match draft.step.part {
            // Their lines are those the table's own section shows as taken away.
            Part::Indexes | Part::ForeignKeys => String::new(),
            Part::Schemas
            | Part::Tables
            | Part::Routines
            | Part::Views
            | Part::Triggers
            | Part::Events => unified(&draft.source, body, "source", &script.file),
        };
        if diff.is_empty() && draft.notes.is_empty() && script.moved.is_none() {
            continue;
        }
        section(&mut all, draft, script, &diff);
    }
    all
}

fn section(all: &mut String, draft: &DraftStep, script: &PlannedScript, diff: &str) {
    let mut line = |text: &str| {
        for text in text.lines() {
            all.push_str("# ");
            all.push_str(text);
            all.push('\n');
        }
    };
    line(&step_words(&draft.step));
    for note in &draft.notes {
        line(&note.line());
    }
    match (script.fate, script.state) {
        (Fate::Edited, _) => line("edited: the script below is a person's"),
        (Fate::Locked, _) => line("locked: the script below is a person's"),
        (Fate::Created | Fate::Unchanged | Fate::Regenerated, State::Skip) => {
            line("skip: the script is not carried out");
        }
        (Fate::Created | Fate::Unchanged | Fate::Regenerated, State::Generated | State::Locked) => {
        }
    }
    if let Some(moved) = &script.moved {
        line("the source has moved beneath it:");
        line(moved);
    }
    all.push_str(diff);
    all.push('\n');
}

/// A unified diff; empty when nothing differs.
pub(crate) fn unified(before: &str, after: &str, before_name: &str, after_name: &str) -> String {
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(before_name, after_name)
        .to_string()
}
