//! Makes the target's accounts as their scripts say: only what is missing, one result per account.
//!
//! First all accounts, then what they may do (a role must be there before it is given), then the roles that
//! are active after a login. What is about to be done is remembered before and after: a run that was cut off
//! is gone on with by comparing again.

use std::collections::BTreeMap;

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::account::Existing;
use sealift_schema::account::difference::{Deed, Difference};
use sealift_schema::account::right::Rights;
use sealift_schema::facts::Side;

use super::compare::{Compared, compare, shelf};
use super::report::{AccountReport, AccountResult};
use super::shelf::Shelf;
use crate::fault::{ErrorCode, Fault};
use crate::plan::apply::is_general;
use crate::plan::folder::Folder;
use crate::probe::{Point, Probe};
use crate::progress::Progress;
use crate::stop::Stop;

/// Everything needed to make accounts.
#[derive(Clone, Copy)]
pub struct Applier<'a> {
    /// The plan's folder.
    pub plan: &'a Folder,
    /// What the target's login holds.
    pub own: &'a Rights,
    /// What happens to accounts that are somebody else's doing.
    pub existing: Existing,
    /// Shown what is being made.
    pub progress: &'a Progress,
    /// Points where a test may end the process.
    pub probe: &'a Probe,
    /// Asked between statements.
    pub stop: &'a Stop,
}

/// Makes the accounts. One the target refuses is told and does not keep the others.
///
/// # Errors
/// What concerns all accounts: the target cannot be reached or is read-only, a file cannot be written, or a
/// stop was asked for. What was done until then is remembered.
pub async fn apply(
    applier: &Applier<'_>,
    session: &mut Session,
) -> Result<Vec<AccountReport>, Fault> {
    let folder = Shelf::folder(applier.plan);
    let mut shelf = shelf(&folder)?;
    let mut all = compare(session, &folder, &shelf, applier.own, applier.existing).await?;
    let mut is_begun = false;
    for one in all.iter().filter(|one| !one.difference.is_empty()) {
        if let (Some(wanted), Some(entry)) = (&one.wanted, shelf.accounts.get_mut(one.at)) {
            entry.begin(wanted);
            is_begun = true;
        }
    }
    if !is_begun {
        return Ok(all.into_iter().map(|one| one.report).collect());
    }
    shelf.write(&folder)?;
    applier.probe.pass(Point::AccountsBegun);
    let mut failed: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let ended = applier.carry_out(session, &all, &mut failed).await;
    for one in &mut all {
        let has_failed = failed.contains_key(&one.at);
        if let (Some(wanted), Some(entry)) = (&one.wanted, shelf.accounts.get_mut(one.at))
            && !one.difference.is_empty()
            && ended.is_ok()
            && !has_failed
        {
            entry.end(wanted);
        }
        one.report.result = match one.report.result {
            _ if has_failed => AccountResult::Failed,
            AccountResult::ToCreate => AccountResult::Created,
            AccountResult::ToAlter => AccountResult::Altered,
            other @ (AccountResult::Created
            | AccountResult::Altered
            | AccountResult::Present
            | AccountResult::Foreign
            | AccountResult::Refused
            | AccountResult::Skipped
            | AccountResult::LeftOut
            | AccountResult::Failed) => other,
        };
        one.report.why.extend(failed.remove(&one.at).unwrap_or_default());
    }
    applier.probe.pass(Point::AccountsDone);
    shelf.write(&folder)?;
    ended?;
    Ok(all.into_iter().map(|one| one.report).collect())
}

impl Applier<'_> {
    async fn carry_out(
        &self,
        session: &mut Session,
        all: &[Compared],
        failed: &mut BTreeMap<usize, Vec<String>>,
    ) -> Result<(), Fault> {
        let phases: [fn(&Difference) -> &[Deed]; 3] =
            [|made| &made.define, |made| &made.rights, |made| &made.roles];
        for (phase, deeds_of) in phases.into_iter().enumerate() {
            for one in all {
                // Without the account itself nothing else can be done about it.
                if phase > 0 && is_missing(one, failed) {
                    continue;
                }
                for deed in deeds_of(&one.difference) {
                    self.stop.check()?;
                    self.progress.doing(format!("account {}", one.report.account));
                    if let Err(fault) = execute(session, deed).await? {
                        failed.entry(one.at).or_default().push(fault.to_string());
                    }
                    self.probe.pass(Point::AccountChanged);
                }
            }
        }
        Ok(())
    }
}

/// Whether an account could not be created.
fn is_missing(one: &Compared, failed: &BTreeMap<usize, Vec<String>>) -> bool {
    one.report.result == AccountResult::ToCreate
        && failed.get(&one.at).is_some_and(|_| one.difference.define.len() == 1)
}

/// Executes one statement. The inner error is about this statement alone.
async fn execute(session: &mut Session, deed: &Deed) -> Result<Result<(), Fault>, Fault> {
    // A random password comes back as a row; nobody is to know it.
    let Err(error) = session.rows(&deed.sql).await else { return Ok(Ok(())) };
    // A login that may not give something is told so in the words of one that may not log in.
    let class = error.class();
    let is_refusal =
        class == ErrorClass::AccessDenied && matches!(error, MysqlError::Server { .. });
    if is_general(class) && !is_refusal {
        return Err(Fault::server(Side::Target, deed.what.clone(), error));
    }
    let what = format!("{}: {}", deed.what, without_secrets(&error.to_string(), deed));
    Ok(Err(Fault::new(ErrorCode::AccountRefused, what).on(Side::Target)))
}

/// A server repeats the piece of a statement it does not understand, which may hold a hash.
fn without_secrets(said: &str, deed: &Deed) -> String {
    if deed.what == deed.sql {
        return said.to_owned();
    }
    match (said.find(" near "), said.rfind(" (error ")) {
        (Some(cut), Some(number)) if cut < number => {
            let (before, after) = (said.get(..cut), said.get(number..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (Some(cut), _) => said.get(..cut).unwrap_or_default().to_owned(),
        (None, _) => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_a_statement_is_not_shown() {
        let deed = Deed { sql: "CREATE USER a AS 0x41".into(), what: "CREATE USER a".into() };
        let said = "You have an error in your SQL syntax; check the manual for the right syntax to use near \
                    'AS 0x41' at line 1 (error 1064, state 42000)";
        let told = without_secrets(said, &deed);
        assert!(
            !told.contains("0x41") && told.ends_with("use (error 1064, state 42000)"),
            "{told}"
        );
        let plain = Deed { sql: "GRANT x".into(), what: "GRANT x".into() };
        assert_eq!(without_secrets(said, &plain), said);
    }
}
