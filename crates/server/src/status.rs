//! Where a migration stands, as scripts read it: `sealift status --json` and the API say the same.

use sealift_engine::progress::{Following, HeldObject};
use sealift_engine::stage::Stage;
use serde_json::{Map, Value, json};

use crate::store::{Peek, Run};

/// The stage in a word.
#[must_use]
pub fn word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Fresh => "planned",
        Stage::Preparing(_)
        | Stage::Copying(_)
        | Stage::Completing(_)
        | Stage::Following(_)
        | Stage::Finished(_) => stage.word(),
    }
}

/// What is held and holds no rows. The journal has it, also when no run is at work.
#[must_use]
pub fn held(stage: &Stage) -> Vec<HeldObject> {
    let held = stage.memory().map(|memory| memory.held.reasons()).unwrap_or_default();
    held.into_iter().map(|(object, reason)| HeldObject { object, reason }).collect()
}

/// The keys of the JSON object. Keys are added, never renamed.
#[must_use]
pub fn keys(peek: &Peek) -> Map<String, Value> {
    let Peek { run, identity, stage, recorded_at, progress } = peek;
    let (is_running, pid) = match run {
        Run::None => (false, None),
        Run::Alive { pid } => (true, *pid),
    };
    let mut keys = Map::new();
    let mut add = |key: &str, value| keys.insert(key.to_owned(), value);
    add("stage", json!(word(stage)));
    let turns = stage.memory().map(|memory| memory.turns.clone()).unwrap_or_default();
    add("live", json!(turns.live));
    add("turning", json!(turns.open.is_some()));
    add("running", json!(is_running));
    add("pid", json!(pid));
    add("source", json!(identity.as_ref().map(|identity| &identity.source)));
    add("target", json!(identity.as_ref().map(|identity| &identity.target)));
    add("recorded_at", json!(recorded_at));
    if let Some(reported) = progress {
        let snapshot = &reported.snapshot;
        let (rows, rows_expected) = snapshot.rows();
        let tables = snapshot.tables.iter().map(|(name, table)| {
            json!({
                "schema": name.schema, "table": name.name, "stage": table.stage,
                "rows": table.rows, "rows_expected": table.rows_expected, "bytes": table.bytes,
                "rows_per_second": table.rows_per_second,
            })
        });
        add(
            "progress",
            json!({
                "at": reported.at, "stage": snapshot.stage, "doing": snapshot.doing,
                "rows": rows, "rows_expected": rows_expected, "bytes": snapshot.bytes(),
                "eta_seconds": snapshot.eta_seconds,
                "tables": tables.collect::<Vec<_>>(),
            }),
        );
        if let Some(following) = &snapshot.following {
            let held_objects = held(stage);
            add("following", json!(Following { held_objects, ..following.clone() }));
        }
        if let Some(comparing) = &snapshot.comparing {
            add("comparing", json!(comparing));
        }
        if let Some(steering) = &snapshot.steering {
            add("steering", json!(steering));
        }
    }
    keys
}
