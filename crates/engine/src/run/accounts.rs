//! `sealift accounts`: look at both servers' accounts, write the scripts, carry them out.

use sealift_mysql::gather::accounts as gather;
use sealift_mysql::session::Session;
use sealift_schema::account::plan::plan as decide;
use sealift_schema::account::{Account, AccountName, AccountPolicy, Power, Scene};
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{Flavor, ServerFacts, Side};
use sealift_schema::grants::Grants;

use super::Migration;
use super::survey::{Both, both};
use crate::fault::{ErrorCode, Fault};
use crate::plan::accounts::{
    AccountDifference, AccountDraft, AccountReport, Applier, Made, apply, are_planned, look,
    missing_select, moved, write,
};
use crate::prepare::servers;
use crate::report::Report;

/// What was planned, and what `apply` would do.
#[derive(Clone, Debug)]
pub struct AccountsPlanned {
    /// What was done with the scripts.
    pub made: Made,
    /// Every account of the source, in the order of their names.
    pub accounts: Vec<AccountReport>,
}

/// Writes a script per account, keeping what people have edited or locked, and compares them with the target.
///
/// # Errors
/// When a server cannot be asked, or a file of the folder not be used.
pub async fn plan_accounts(
    migration: &Migration,
    policy: &AccountPolicy,
    report: &mut Report,
) -> Result<AccountsPlanned, Fault> {
    let Both { source, target, .. } = both(migration, report).await?;
    prints_accounts(&source)?;
    migration.progress.enter("reading accounts");
    let Read { drafts, left_out, mut session, power } =
        read(migration, policy, (&source, &target)).await?;
    tell_mandatory_roles(&source, report);
    let made = write(&drafts, &migration.folder)?;
    let mut accounts = look(&mut session, &migration.folder, &power.own, policy.existing).await?;
    session.close().await;
    accounts.extend(left_out.into_iter().map(|(name, why)| AccountReport::left_out(&name, why)));
    report.happened(&migration.clock, format!("planned {} accounts", made.scripts.len()));
    Ok(AccountsPlanned { made, accounts })
}

/// Compares the planned accounts with both sides: how many there are, and which differ; `None` when none are planned.
///
/// # Errors
/// When a server cannot be asked, or a file of the folder not be used.
pub(super) async fn compare_accounts(
    migration: &Migration,
    policy: &AccountPolicy,
    (source, target): (&ServerFacts, &ServerFacts),
) -> Result<Option<(u64, Vec<AccountDifference>)>, Fault> {
    if !are_planned(&migration.folder)? {
        return Ok(None);
    }
    let Read { drafts, left_out: _, mut session, power } =
        read(migration, policy, (source, target)).await?;
    let accounts = look(&mut session, &migration.folder, &power.own, policy.existing).await?;
    session.close().await;
    let mut differing = moved(&drafts, &migration.folder)?;
    differing.extend(accounts.iter().filter_map(AccountReport::difference));
    differing.sort_by(|one, other| one.account.cmp(&other.account));
    Ok(Some((accounts.len() as u64, differing)))
}

/// What both sides say of accounts.
struct Read {
    /// The accounts that get scripts.
    drafts: Vec<AccountDraft>,
    /// Those that get none, and why.
    left_out: Vec<(AccountName, String)>,
    /// A session on the target that reads accounts.
    session: Session,
    /// What its login may give.
    power: Power,
}

async fn read(
    migration: &Migration,
    policy: &AccountPolicy,
    (source, target): (&ServerFacts, &ServerFacts),
) -> Result<Read, Fault> {
    let mut session = open(migration, Side::Source).await?;
    let read = gather::accounts(&mut session, &|_name| true).await;
    let origins = read.map_err(|error| missing_select(Fault::gather(Side::Source, error)))?;
    let on_source = |error| Fault::gather(Side::Source, error);
    let names = gather::names(&mut session).await.map_err(on_source)?;
    let source_privileges = gather::privileges(&mut session).await.map_err(on_source)?;
    session.close().await;
    let mut session = open(migration, Side::Target).await?;
    let on_target = |error| Fault::gather(Side::Target, error);
    let power = gather::power(&mut session, target).await.map_err(on_target)?;
    let planned = decide(
        &origins,
        &Scene {
            source,
            target,
            rewrite: &migration.policy,
            selection: &migration.selection.clone().on(source),
            names: &names,
            source_privileges: &source_privileges,
            power: &power,
            policy,
            nothing: &Catalog::default(),
        },
    );
    let drafts = planned.accounts.iter().filter_map(|account| {
        let origin = origin(&origins, &account.source)?;
        Some(AccountDraft::new(account, origin))
    });
    Ok(Read { drafts: drafts.collect(), left_out: planned.left_out, session, power })
}

/// Makes the target's accounts as the scripts say.
///
/// # Errors
/// What concerns all accounts. One that the target refuses is no error: the others go on.
pub async fn apply_accounts(
    migration: &Migration,
    policy: &AccountPolicy,
    report: &mut Report,
) -> Result<Vec<AccountReport>, Fault> {
    let Both { target, .. } = both(migration, report).await?;
    servers::takes_writes(&target)?;
    migration.progress.enter("making accounts");
    let mut session = open(migration, Side::Target).await?;
    let on_target = |error| Fault::gather(Side::Target, error);
    let power = gather::power(&mut session, &target).await.map_err(on_target)?;
    may_create(&target)?;
    let applier = Applier {
        plan: &migration.folder,
        own: &power.own,
        existing: policy.existing,
        progress: &migration.progress,
        probe: &migration.probe,
        stop: &migration.stop,
    };
    let accounts = apply(&applier, &mut session).await?;
    session.close().await;
    report.happened(&migration.clock, "made the target's accounts as planned");
    Ok(accounts)
}

async fn open(migration: &Migration, side: Side) -> Result<Session, Fault> {
    let endpoint = match side {
        Side::Source => &migration.source,
        Side::Target => &migration.target,
    };
    gather::open(endpoint).await.map_err(|error| Fault::gather(side, error))
}

fn origin<'a>(origins: &'a [Account], name: &AccountName) -> Option<&'a Account> {
    origins.iter().find(|origin| origin.definition.name == *name)
}

/// Refuses a source that does not say all of its accounts: MariaDB has `SHOW CREATE USER` since 10.2, MySQL's table
/// knows passwords that have expired since 5.6.6
/// (<https://dev.mysql.com/doc/refman/5.6/en/grant-tables.html>).
fn prints_accounts(source: &ServerFacts) -> Result<(), Fault> {
    let since = match source.version.flavor {
        Flavor::MySql => (5, 6, 6),
        Flavor::MariaDb => (10, 2, 0),
    };
    if source.version.number >= since {
        return Ok(());
    }
    let what = format!("{} cannot print accounts as statements", source.version);
    Err(Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Source).advise(
        "make the accounts on the target by hand (SHOW GRANTS FOR each on the source; passwords must be set anew), or upgrade the source first; everything else is carried without",
    ))
}

/// Refuses a login that cannot make accounts at all.
fn may_create(target: &ServerFacts) -> Result<(), Fault> {
    if Grants::read(&target.grants).everywhere("CREATE USER") {
        return Ok(());
    }
    let login = &target.current_user;
    let what = format!("the account {login} may not make accounts");
    Err(Fault::new(ErrorCode::PrivilegeMissing, what)
        .on(Side::Target)
        .advise(format!("GRANT CREATE USER ON *.* TO {login}, then run the same command again")))
}

/// Roles everybody has without a grant: no grant can carry that.
fn tell_mandatory_roles(source: &ServerFacts, report: &mut Report) {
    let roles = source.variable("mandatory_roles").unwrap_or_default();
    if !roles.is_empty() {
        report.note(format!(
            "On the source mandatory_roles gives every account {roles}. Set the same server parameter on the \
             target: no grant says so."
        ));
    }
}

#[cfg(test)]
mod tests {
    use sealift_schema::facts::ServerVersion;
    use sealift_schema::rule::platform::Profile;

    use super::*;

    #[test]
    fn a_source_that_prints_no_accounts_is_refused_by_name() {
        let of = |version: &str| {
            let mut facts = "mysql-8.4".parse::<Profile>().unwrap().facts();
            facts.version = ServerVersion::parse(version).unwrap();
            prints_accounts(&facts)
        };
        let refused = of("5.5.62").unwrap_err();
        assert_eq!(refused.code, ErrorCode::ServerUnsuitable);
        assert!(refused.to_string().contains("5.5.62"), "{refused}");
        assert!(of("10.1.48-MariaDB").is_err());
        for version in ["5.6.24", "5.7.44", "8.4.6", "10.5.29-MariaDB"] {
            assert!(of(version).is_ok(), "{version}");
        }
    }
}
