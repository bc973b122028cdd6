//! The scripts beside the target's accounts: what would have to be done.

use std::collections::BTreeSet;

use sealift_mysql::gather::accounts;
use sealift_mysql::session::Session;
use sealift_schema::account::difference::{Difference, difference};
use sealift_schema::account::right::{Right, Rights};
use sealift_schema::account::{Account, AccountName, Existing};
use sealift_schema::facts::Side;

use super::FOLDER;
use super::draft::AccountDraft;
use super::report::{AccountDifference, AccountReport, AccountResult};
use super::shelf::Shelf;
use crate::fault::{ErrorCode, Fault};
use crate::plan::draft::Note;
use crate::plan::folder::Folder;
use crate::plan::reconcile::Drafted;
use crate::plan::script::State;

/// One account of the plan beside the target's.
pub(super) struct Compared {
    /// Its place on the shelf.
    pub(super) at: usize,
    /// As its script says; `None` when that is skipped or cannot be used.
    pub(super) wanted: Option<Account>,
    /// What is to be done.
    pub(super) difference: Difference,
    /// The same for people.
    pub(super) report: AccountReport,
}

/// Says for each account of the plan what `apply` would do.
///
/// # Errors
/// When there is no plan of accounts, a file cannot be read, or the target cannot be asked.
pub async fn look(
    session: &mut Session,
    plan: &Folder,
    own: &Rights,
    existing: Existing,
) -> Result<Vec<AccountReport>, Fault> {
    let folder = Shelf::folder(plan);
    let shelf = shelf(&folder)?;
    let compared = compare(session, &folder, &shelf, own, existing).await?;
    Ok(compared.into_iter().map(|compared| compared.report).collect())
}

/// Whether accounts are planned at all.
///
/// # Errors
/// When the plan of accounts cannot be read.
pub fn are_planned(plan: &Folder) -> Result<bool, Fault> {
    Ok(Shelf::read(&Shelf::folder(plan))?.is_some())
}

/// Says of which accounts the source has moved since they were planned, and how.
///
/// # Errors
/// When there is no plan of accounts, or it cannot be read.
pub fn moved(drafts: &[AccountDraft], plan: &Folder) -> Result<Vec<AccountDifference>, Fault> {
    let shelf = shelf(&Shelf::folder(plan))?;
    let of = |name: &AccountName, what: &str| AccountDifference {
        account: name.plain(),
        target: None,
        what: vec![what.to_owned()],
    };
    let mut moved = Vec::new();
    for draft in drafts {
        match shelf.accounts.iter().find(|entry| entry.name == draft.name) {
            None => moved.push(of(&draft.name, "is new on the source; sealift accounts plans it")),
            Some(entry) if entry.source != draft.source_hash() => {
                let what =
                    "moved on the source since it was planned; sealift accounts plans it anew";
                moved.push(of(&draft.name, what));
            }
            Some(_) => {}
        }
    }
    let gone =
        shelf.accounts.iter().filter(|entry| !drafts.iter().any(|draft| draft.name == entry.name));
    moved.extend(
        gone.map(|entry| of(&entry.name, "is gone from the source, or no longer selected")),
    );
    Ok(moved)
}

/// The shelf of a plan that has one.
pub(super) fn shelf(folder: &Folder) -> Result<Shelf, Fault> {
    Shelf::read(folder)?.ok_or_else(|| {
        let what = format!("there is no plan of accounts in {}", folder.root().display());
        Fault::new(ErrorCode::PlanMissing, what).advise("run sealift accounts first")
    })
}

/// Compares every script with the target. `own` is what the target's login holds.
pub(super) async fn compare(
    session: &mut Session,
    folder: &Folder,
    shelf: &Shelf,
    own: &Rights,
    existing: Existing,
) -> Result<Vec<Compared>, Fault> {
    let mut all = (0..shelf.accounts.len())
        .map(|at| read(folder, shelf, at))
        .collect::<Result<Vec<_>, Fault>>()?;
    refuse_twins(&mut all);
    let names: BTreeSet<AccountName> = all
        .iter()
        .filter_map(|one| one.wanted.as_ref())
        .map(|wanted| wanted.definition.name.clone())
        .collect();
    let present = accounts::accounts(session, &|name| names.contains(name))
        .await
        .map_err(|error| missing_select(Fault::gather(Side::Target, error)))?;
    let inherited: Rights =
        own.iter().filter(|right| matches!(right, Right::Withheld { .. })).cloned().collect();
    for one in &mut all {
        let (Some(wanted), Some(entry)) = (&one.wanted, shelf.accounts.get(one.at)) else {
            continue;
        };
        let name = &wanted.definition.name;
        let there = present.iter().find(|account| account.definition.name == *name);
        let history = entry.history(wanted);
        one.difference = difference(wanted, there, &history, existing, &inherited);
        let target = name.plain();
        one.report.target = (target != one.report.account).then_some(target);
        one.report.result = result(&one.difference, there);
        one.report.deeds.clone_from(&one.difference.words);
        one.report.kept.clone_from(&one.difference.kept);
    }
    Ok(all)
}

/// Says which privilege reading accounts takes.
pub(crate) fn missing_select(fault: Fault) -> Fault {
    if fault.code != ErrorCode::PrivilegeMissing {
        return fault;
    }
    fault.advise(
        "GRANT SELECT ON `mysql`.* TO the account sealift logs in with on this side, then run the same \
         command again",
    )
}

fn result(difference: &Difference, present: Option<&Account>) -> AccountResult {
    match present {
        None => AccountResult::ToCreate,
        Some(_) if difference.is_foreign => AccountResult::Foreign,
        Some(_) if difference.is_empty() => AccountResult::Present,
        Some(_) => AccountResult::ToAlter,
    }
}

/// Reads one script. One that cannot be used is told and does not keep the others.
fn read(folder: &Folder, shelf: &Shelf, at: usize) -> Result<Compared, Fault> {
    let internal = || Fault::new(ErrorCode::Internal, "find an account of the plan");
    let entry = shelf.accounts.get(at).ok_or_else(internal)?;
    let mut report = AccountReport::new(&entry.name, AccountResult::Skipped);
    report.file = Some(format!("{FOLDER}/{}", entry.file));
    report.tell(&entry.notes);
    let mut compared = Compared { at, wanted: None, difference: Difference::default(), report };
    let shown = folder.path(&entry.file).display().to_string();
    let Some(script) = folder.script::<AccountName>(&entry.file)? else {
        compared.report.result = AccountResult::Failed;
        compared.report.why.push(format!("{shown} is missing; sealift accounts writes it again"));
        return Ok(compared);
    };
    if script.state == State::Skip {
        if entry.notes.iter().any(Note::stops) {
            compared.report.result = AccountResult::Refused;
        } else {
            compared.report.why.push("its script says skip".to_owned());
        }
        return Ok(compared);
    }
    compared.report.why.clear();
    if script.step != entry.name {
        compared.report.result = AccountResult::Failed;
        compared.report.why.push(format!("{shown} is another account's script"));
        return Ok(compared);
    }
    match Account::read_script(&script.body) {
        Ok(account) => compared.wanted = Some(account),
        Err(error) => {
            compared.report.result = AccountResult::Failed;
            compared.report.why.push(format!("{shown}, {error} (counted behind the header)"));
        }
    }
    Ok(compared)
}

/// Two scripts that make one account would undo each other: the later one is refused.
fn refuse_twins(all: &mut [Compared]) {
    let mut made: BTreeSet<AccountName> = BTreeSet::new();
    for one in all {
        let Some(wanted) = &one.wanted else { continue };
        let name = wanted.definition.name.clone();
        if !made.insert(name.clone()) {
            one.wanted = None;
            one.report.result = AccountResult::Failed;
            one.report.why.push(format!("another script makes {} too", name.plain()));
        }
    }
}
