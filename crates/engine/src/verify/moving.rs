//! From a chunk of moving sides that differed to the rows that really do.

use sealift_schema::key_range::RowKey;

use crate::fault::Fault;
use crate::stop::Stop;

use super::narrow::{self, Descent, Found, Located};
use super::settle::{Identity, LOOKED_AT_ONCE, Moving, Proven, Suspect, settle};
use super::side::Sides;
use super::walk::{Chunk, Counted, Walk};
use super::{RowDifference, Unsettled};

/// Narrows a chunk that differed when it was read down to rows that still do, `room` of them at most.
pub(super) async fn find(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    (chunk, counted): (Chunk, Counted),
    room: usize,
    (moving, stop): (&Moving, &Stop),
) -> Result<(Found, Vec<Unsettled>), Fault> {
    let mut descent = Descent::of(chunk, counted);
    let mut suspects: Vec<Suspect> = Vec::new();
    let mut located = Vec::new();
    let mut unsettled = Vec::new();
    while located.len() < room {
        stop.check()?;
        let rows = descent.next(sides, walk, key).await?;
        let is_last = rows.is_none();
        suspects.extend(
            rows.into_iter()
                .flatten()
                .map(|row| Suspect { place: row.place, words: row.difference.key }),
        );
        if is_last || suspects.len() >= LOOKED_AT_ONCE {
            let now = std::mem::take(&mut suspects);
            let settled = settle(sides, walk, Identity::Key(key), now, (moving, stop)).await?;
            located.extend(settled.different.into_iter().map(locate));
            unsettled.extend(
                settled
                    .unsettled
                    .into_iter()
                    .map(|(suspect, why)| Unsettled { key: suspect.words, why: why.to_owned() }),
            );
        }
        if is_last {
            break;
        }
    }
    let more = !descent.is_over() || !suspects.is_empty() || located.len() > room;
    located.truncate(room);
    narrow::explain(sides, walk, key, &mut located).await?;
    let differences = located.into_iter().map(|row| row.difference).collect();
    Ok((Found { differences, more }, unsettled))
}

fn locate(proven: Proven) -> Located {
    let Proven { suspect: Suspect { place, words }, kind, count } = proven;
    Located { place, difference: RowDifference { kind, key: words, columns: Vec::new(), count } }
}
