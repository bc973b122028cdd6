//! `sealift accounts`: writes a script per account, and carries them out.

use clap::Subcommand;
use sealift_engine::fault::Fault;
use sealift_engine::plan::accounts::{AccountReport, AccountResult, FOLDER, Notice};
use sealift_engine::plan::reconcile::Fate;
use sealift_engine::report::Conclusion;
use sealift_engine::run::{self, AccountsPlanned};
use serde_json::json;

use super::watch::Watch;
use super::{Answer, Context};
use crate::output::quantity::counted;
use crate::output::text::{clean, wrap};

/// Carry accounts: users, roles, passwords (by their hashes), grants
///
/// Writes one SQL script per account into plan/90-accounts of the state folder, filtered for what the
/// target allows, and shows what accounts apply would do there. What is changed or left out is named with
/// its reason. Edit, lock or skip scripts as those of plan; what you did is kept. The scripts hold password
/// hashes: only you can read the folder, and nothing of them is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    pub(super) deed: Option<AccountsDeed>,
}

/// What else can be done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountsDeed {
    /// Make the target's accounts as the scripts say and print a result per account
    ///
    /// Only what is missing or has moved on the source is done, so it can be repeated. What somebody else
    /// did to an account on the target is left alone and named, unless [accounts] existing = "alter".
    /// Grants on tables and routines need these to be there: run plan apply or run before.
    Apply,
}

pub(super) async fn plan(context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let _locked = context.open_state(&config)?;
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let planned = run::plan_accounts(&migration, &config.accounts, &mut context.report).await;
    watch.finish().await;
    let planned = planned?;
    for note in &planned.made.notes {
        context.report.note(note.clone());
    }
    context.report.accounts.clone_from(&planned.accounts);
    let mut answer = answer(context, &planned.accounts);
    if !context.output.is_quiet {
        let folder = migration.folder.path(FOLDER);
        answer.text.push_str(&scripts(&planned, &folder.display().to_string()));
    }
    Ok(answer)
}

pub(super) async fn apply(context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let _locked = context.open_state(&config)?;
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let applied = run::apply_accounts(&migration, &config.accounts, &mut context.report).await;
    watch.finish().await;
    context.report.accounts = applied?;
    Ok(answer(context, &context.report.accounts))
}

fn answer(context: &Context, accounts: &[AccountReport]) -> Answer {
    let is_refused = |account: &AccountReport| match account.result {
        AccountResult::Failed | AccountResult::Foreign | AccountResult::Refused => true,
        AccountResult::ToCreate
        | AccountResult::ToAlter
        | AccountResult::Created
        | AccountResult::Altered
        | AccountResult::Present
        | AccountResult::Skipped
        | AccountResult::LeftOut => false,
    };
    let conclusion =
        if accounts.iter().any(is_refused) { Conclusion::Incomplete } else { Conclusion::Done };
    let width = context.output.prose_width();
    let text = accounts.iter().map(|account| shown(account, width)).collect();
    let mut answer = Answer::new(conclusion, text);
    answer.add("accounts", json!(accounts));
    answer
}

/// One account: what becomes of it, and below it the details.
fn shown(account: &AccountReport, width: usize) -> String {
    let AccountReport { account: name, target, file, result, deeds, changes, kept, why } = account;
    let name = if name.starts_with('@') { format!("(nobody){name}") } else { name.clone() };
    let target = target.as_ref().map(|target| format!(" as {target}")).unwrap_or_default();
    let file = match (file, result) {
        (Some(file), AccountResult::Refused | AccountResult::Skipped | AccountResult::Failed) => {
            format!(" ({file})")
        }
        (Some(_) | None, _) => String::new(),
    };
    let mut text = clean(&format!("{:<10}{name}{target}{file}", word(*result))) + "\n";
    let deeds: Vec<&str> =
        deeds.iter().map(String::as_str).filter(|deed| *deed != "create").collect();
    let mut details = Vec::new();
    if !deeds.is_empty() {
        details.push(deeds.join("; "));
    }
    let changes =
        changes.iter().map(|Notice { filter: _, what, why }| format!("{what}, because {why}"));
    details.extend(changes);
    if !kept.is_empty() {
        details.push(format!("differs on the target and is left alone: {}", kept.join("; ")));
    }
    details.extend(why.iter().cloned());
    for detail in details {
        for line in wrap(&clean(&detail), width.saturating_sub(INDENT.len())) {
            text.push_str(&format!("{INDENT}{line}\n"));
        }
    }
    text
}

/// Columns before an account's details.
const INDENT: &str = "          ";

/// What became of an account, for people.
pub(crate) fn word(result: AccountResult) -> &'static str {
    match result {
        AccountResult::ToCreate => "create",
        AccountResult::ToAlter => "alter",
        AccountResult::Created => "created",
        AccountResult::Altered => "altered",
        AccountResult::Present => "as planned",
        AccountResult::Foreign => "not ours",
        AccountResult::Refused => "refused",
        AccountResult::Skipped => "skipped",
        AccountResult::LeftOut => "left out",
        AccountResult::Failed => "failed",
    }
}

/// How many scripts there are, and where.
fn scripts(planned: &AccountsPlanned, folder: &str) -> String {
    let count = |fate: Fate| planned.made.scripts.iter().filter(|(_, _, of)| *of == fate).count();
    let mut fates = Vec::new();
    for (fate, word) in Fate::WORDS {
        match count(fate) {
            0 => {}
            number => fates.push(format!("{number} {word}")),
        }
    }
    let number = planned.made.scripts.len().try_into().unwrap_or(u64::MAX);
    format!(
        "{} in {folder}: {}\nThey hold password hashes: nobody but you can read the folder; keep it so.\n",
        counted(number, "script", "scripts"),
        fates.join(", ")
    )
}
