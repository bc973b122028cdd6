//! `sealift copy-again`: tables are made anew and copied again, while the others are followed.

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::Order;
use sealift_engine::report::Conclusion;
use sealift_engine::run;
use sealift_schema::name::QualifiedName;
use sealift_schema::sql::split_path;

use super::run::known_ledger_name;
use super::watch::Watch;
use super::{Answer, Context};

/// Have tables copied again by the sealift run that is at work, or the next one
///
/// For a table whose definition could not be carried, or that differs. The run makes it anew
/// from the plan, with the definition the source has then, and copies its rows beside the changes of the
/// others. To have it otherwise, edit its script first; to do without it, set its script to skip.
///
/// With --all every table is copied again, and changes are followed from a new position: the way on when the
/// source has purged binary log that was still needed (SL0606), or its log holds what cannot be read (SL0607).
#[derive(Debug, clap::Args)]
pub(crate) struct CopyAgainArgs {
    /// The tables, by their names on the source: shop.orders
    #[arg(required_unless_present = "all", value_name = "TABLE")]
    tables: Vec<String>,
    /// Every table that is followed, from a new position in the source's binary log
    #[arg(long, conflicts_with = "tables")]
    all: bool,
}

pub(super) async fn copy_again(
    args: &CopyAgainArgs,
    context: &mut Context,
) -> Result<Answer, Fault> {
    let CopyAgainArgs { tables, all } = args;
    let names = tables.iter().map(|text| name(text)).collect::<Result<Vec<_>, Fault>>()?;
    let config = context.config()?;
    let which = if *all { "makes all tables anew and copies them" } else { "copies them again" };
    let order = if *all { Order::CopyAllAgain } else { Order::CopyAgain(names.clone()) };
    if context.order(order).await? {
        let text = format!("the run that is at work {which}\n");
        return Ok(Answer::new(Conclusion::Done, text));
    }
    let (source, target) = context.endpoints(&config)?;
    let state = context.open_state(&config)?;
    let ledger_name = known_ledger_name(&state)?.ok_or_else(nothing_followed)?;
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let marked = if *all {
        run::copy_all_again(&migration, &ledger_name, &state).await
    } else {
        run::copy_again(&migration, &ledger_name, &names).await
    };
    watch.finish().await;
    marked?;
    Ok(Answer::new(Conclusion::Done, format!("the next sealift run {which}\n")))
}

fn nothing_followed() -> Fault {
    Fault::new(ErrorCode::UsageInvalid, "no changes are followed in this state folder")
        .advise("begin with sealift run")
}

fn name(text: &str) -> Result<QualifiedName, Fault> {
    match split_path(text).as_deref() {
        Some([schema, table]) => Ok(QualifiedName::new(schema, table)),
        Some(_) | None => {
            let what = format!("{text} is not the name of a table with its schema");
            Err(Fault::new(ErrorCode::UsageInvalid, what).advise("write it as shop.orders"))
        }
    }
}
