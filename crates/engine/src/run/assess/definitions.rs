//! The target reads every definition it would be given: its parser, its words, and nothing is made.

use std::time::Duration;

use futures_util::future::try_join_all;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::GatherError;
use sealift_mysql::gather::tries::DefinitionReader;
use sealift_schema::name::ObjectId;
use sealift_schema::rule::Rewritten;
use sealift_schema::rule::measured::DefinitionsRead;

use super::{AssessOrder, AssessTarget};
use crate::clock::Clock;
use crate::fault::Fault;

/// For all of them together: a target far away is asked for as many as that allows.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Has them read over as many sessions as the source was read over. Trouble on the way leaves the rest unread.
pub(super) async fn read(
    order: &AssessOrder,
    rewritten: &[Rewritten],
) -> Result<Option<DefinitionsRead>, Fault> {
    let AssessTarget::Server(target) = &order.target else { return Ok(None) };
    order.progress.enter("letting the target read definitions");
    let all: Vec<&Rewritten> = rewritten.iter().filter(|one| one.refusals.is_empty()).collect();
    let share = all.len().div_ceil(order.workers.max(1)).max(1);
    let parts = all.chunks(share).map(|part| part_of(target, part, &order.clock));
    let mut told = DefinitionsRead::default();
    match try_join_all(parts).await {
        Ok(parts) => {
            for Part { read, refused } in parts {
                told.read = told.read.saturating_add(read);
                told.refused.extend(refused);
            }
            let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
            told.left_out = count.saturating_sub(told.read);
        }
        Err(error) => told.failed = Some(error.to_string()),
    }
    order.stop.check()?;
    Ok(Some(told))
}

/// What one session had read.
#[derive(Default)]
struct Part {
    read: u64,
    refused: Vec<(ObjectId, String)>,
}

async fn part_of(
    target: &Endpoint,
    part: &[&Rewritten],
    clock: &Clock,
) -> Result<Part, GatherError> {
    let begun = clock.elapsed();
    let mut reader = DefinitionReader::open(target).await?;
    let mut told = Part::default();
    for Rewritten { definition, .. } in part {
        if clock.elapsed().saturating_sub(begun) > TIME_MAX {
            break;
        }
        let refused = reader.read(definition).await?;
        told.read += 1;
        told.refused.extend(refused.map(|why| (definition.object.clone(), why)));
    }
    reader.close().await;
    Ok(told)
}
