//! What our login needs on a side to leave it and to keep it current, with the statements that grant it.

use std::collections::BTreeSet;

use sealift_schema::facts::{Flavor, ServerFacts, Side};
use sealift_schema::grants::Grants;
use sealift_schema::name::{literal, quote};

use super::kind::{FenceKind, FencePolicy};
use crate::fault::{ErrorCode, Fault};

/// What a side is needed for.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    /// Which side.
    pub side: Side,
    /// Schemas that hold migrated tables there.
    pub schemas: &'a [String],
    /// What to do there.
    pub part: Part,
}

/// A side's part in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is left.
    Left {
        /// How writes are kept out.
        fence: FencePolicy,
        /// Whether it is kept current afterwards.
        follows: bool,
        /// Whether tables there have triggers, which are dropped and have to be made again.
        triggers: bool,
    },
    /// It becomes live.
    Live {
        /// Whether its triggers have to be made.
        triggers: bool,
    },
}

/// Finds how writes can be kept out, and whether everything else may be done that will have to be.
///
/// # Errors
/// [`ErrorCode::PrivilegeMissing`] with every statement that would help.
pub fn missing(facts: &ServerFacts, needs: &Needs<'_>) -> Result<FenceKind, Fault> {
    let grants = Grants::read(&facts.grants);
    let look = Look { facts, grants: &grants, needs };
    let mut remedies = look.own_schema();
    let kind = match needs.part {
        Part::Live { triggers } => {
            // Its counters are raised.
            let counters = |schema: &String| look.in_schema(schema, &["SELECT", "ALTER"]);
            remedies.extend(needs.schemas.iter().filter_map(counters));
            if triggers {
                remedies.extend(look.may_make_triggers());
            }
            FenceKind::Stopped
        }
        Part::Left { fence, follows, triggers } => {
            if follows {
                remedies.extend(look.may_follow());
            }
            if follows && triggers {
                remedies.extend(look.may_make_triggers());
            }
            match look.fence(fence) {
                Ok(kind) => kind,
                Err(fence) => {
                    remedies.extend(fence);
                    FenceKind::Stopped
                }
            }
        }
    };
    if remedies.is_empty() {
        return Ok(kind);
    }
    // A setting may be wanted for more than one thing.
    let mut said = BTreeSet::new();
    remedies.retain(|remedy| said.insert(remedy.clone()));
    let what = format!("the login {} lacks what a turn needs there", facts.current_user);
    Err(Fault::new(ErrorCode::PrivilegeMissing, what)
        .on(needs.side)
        .advise(format!("execute as an administrator: {}", remedies.join("; "))))
}

struct Look<'a> {
    facts: &'a ServerFacts,
    grants: &'a Grants,
    needs: &'a Needs<'a>,
}

impl Look<'_> {
    fn account(&self) -> String {
        match self.facts.current_user.rsplit_once('@') {
            Some((user, host)) => format!("{}@{}", literal(user), literal(host)),
            None => literal(&self.facts.current_user),
        }
    }

    fn everywhere(&self, privileges: &[&str]) -> bool {
        privileges.iter().any(|privilege| self.grants.everywhere(privilege))
    }

    /// The statement that grants what is missing in a schema.
    fn in_schema(&self, schema: &str, privileges: &[&str]) -> Option<String> {
        let lacking: Vec<&str> = privileges
            .iter()
            .copied()
            .filter(|privilege| !self.grants.in_schema(schema, privilege))
            .collect();
        let names = lacking.join(", ");
        (!lacking.is_empty())
            .then(|| format!("GRANT {names} ON {}.* TO {}", quote(schema), self.account()))
    }

    fn own_schema(&self) -> Vec<String> {
        let all = ["CREATE", "DROP", "SELECT", "INSERT", "UPDATE", "DELETE", "EVENT"];
        self.in_schema("sealift", &all).into_iter().collect()
    }

    fn may_follow(&self) -> Vec<String> {
        let all = ["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "TRIGGER", "EVENT"];
        self.needs.schemas.iter().filter_map(|schema| self.in_schema(schema, &all)).collect()
    }

    fn may_make_triggers(&self) -> Option<String> {
        let may = self.facts.is_on("log_bin_trust_function_creators")
            || !self.facts.is_on("log_bin")
            || self.everywhere(&["SUPER"]);
        (!may).then(|| "SET GLOBAL log_bin_trust_function_creators = ON".to_owned())
    }

    fn has_triggers(&self) -> bool {
        matches!(self.needs.part, Part::Left { triggers: true, .. })
    }

    fn fence(&self, policy: FencePolicy) -> Result<FenceKind, Vec<String>> {
        let (read_only, tables) = (self.read_only(), self.tables());
        match policy {
            FencePolicy::Stopped => Ok(FenceKind::Stopped),
            FencePolicy::ReadOnly if read_only.is_empty() => Ok(FenceKind::ReadOnly),
            FencePolicy::ReadOnly => Err(read_only),
            FencePolicy::Tables if tables.is_empty() => Ok(FenceKind::Tables),
            FencePolicy::Tables => Err(tables),
            FencePolicy::Accounts => match self.accounts() {
                remedies if remedies.is_empty() => Ok(FenceKind::Accounts),
                remedies => Err(remedies),
            },
            FencePolicy::Auto if read_only.is_empty() => Ok(FenceKind::ReadOnly),
            FencePolicy::Auto if tables.is_empty() => Ok(FenceKind::Tables),
            // A managed server grants nobody what read_only takes.
            FencePolicy::Auto if self.facts.is_azure() || self.needs.side == Side::Target => {
                Err(tables)
            }
            FencePolicy::Auto => Err(read_only),
        }
    }

    /// What is missing for [`FenceKind::ReadOnly`].
    fn read_only(&self) -> Vec<String> {
        let grant = |privilege: &str| self.granted_everywhere(privilege);
        let mut remedies = Vec::new();
        match self.facts.version.flavor {
            // Before 8.0 all of it is SUPER's.
            Flavor::MySql if !self.facts.version.is_mysql_at_least(8, 0, 0) => {
                if !self.everywhere(&["SUPER"]) {
                    remedies.push(grant("SUPER"));
                }
            }
            Flavor::MySql => {
                for privilege in ["SYSTEM_VARIABLES_ADMIN", "CONNECTION_ADMIN"] {
                    if !self.everywhere(&[privilege, "SUPER"]) {
                        remedies.push(grant(privilege));
                    }
                }
            }
            Flavor::MariaDb => {
                // Until then SUPER held it (MDEV-29596).
                let old = !self.facts.version.is_mariadb_at_least(10, 11, 0);
                if !(self.everywhere(&["READ_ONLY ADMIN"]) || old && self.everywhere(&["SUPER"])) {
                    remedies.push(grant("READ_ONLY ADMIN"));
                }
            }
        }
        remedies.extend(self.events());
        remedies
    }

    /// What is missing for [`FenceKind::Accounts`].
    fn accounts(&self) -> Vec<String> {
        // MariaDB keeps a lock where no statement of ours could look at it as it leaves the side.
        if !self.facts.version.is_mysql_at_least(8, 0, 0) {
            return vec![
                "fence = \"tables\" in [cutover]: accounts are locked on MySQL 8 only".to_owned(),
            ];
        }
        let everywhere = ["CREATE USER", "CONNECTION_ADMIN"].into_iter();
        let lacking = everywhere.filter(|privilege| !self.everywhere(&[privilege, "SUPER"]));
        let mut remedies: Vec<String> =
            lacking.map(|privilege| self.granted_everywhere(privilege)).collect();
        remedies.extend(self.in_schema("mysql", &["SELECT"]));
        remedies.extend(self.events());
        remedies
    }

    fn granted_everywhere(&self, privilege: &str) -> String {
        format!("GRANT {privilege} ON *.* TO {}", self.account())
    }

    fn events(&self) -> Option<String> {
        (!self.facts.is_on("event_scheduler")).then(|| "SET GLOBAL event_scheduler = ON".to_owned())
    }

    /// What is missing for [`FenceKind::Tables`].
    fn tables(&self) -> Vec<String> {
        let schemas = self.needs.schemas.iter();
        let mut remedies: Vec<String> =
            schemas.filter_map(|schema| self.in_schema(schema, &["TRIGGER"])).collect();
        remedies.extend(self.may_make_triggers());
        let version = self.facts.version;
        // <https://dev.mysql.com/doc/refman/5.6/en/create-trigger.html>
        if self.has_triggers() && version.flavor == Flavor::MySql && version.number < (5, 7, 2) {
            remedies.push(
                "fence = \"read-only\" in [cutover]: tables have triggers, and before MySQL 5.7.2 a table takes one of \
                 each kind"
                    .to_owned(),
            );
        }
        remedies
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sealift_schema::facts::ServerVersion;

    use super::*;

    fn facts(version: &str, grants: &[&str], variables: &[(&str, &str)]) -> ServerFacts {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ServerFacts {
            version: ServerVersion::parse(version).unwrap(),
            version_text: version.to_owned(),
            variables: variables.iter().map(own).collect(),
            collations: BTreeMap::new(),
            engines: BTreeSet::new(),
            current_user: "app_reader@%".to_owned(),
            grants: grants.iter().map(|line| (*line).to_owned()).collect(),
            accounts: None,
        }
    }

    const OWN: &str =
        "GRANT CREATE, DROP, SELECT, INSERT, UPDATE, DELETE, EVENT ON `sealift`.* TO `a`@`%`";
    const LOG: (&str, &str) = ("log_bin", "ON");
    const EVENTS: (&str, &str) = ("event_scheduler", "ON");
    const TRUST: (&str, &str) = ("log_bin_trust_function_creators", "ON");

    fn asked(facts: &ServerFacts, fence: FencePolicy) -> Result<FenceKind, String> {
        let schemas = ["shop".to_owned()];
        let part = Part::Left { fence, follows: false, triggers: false };
        let needs = Needs { side: Side::Source, schemas: &schemas, part };
        missing(facts, &needs).map_err(|fault| fault.remedy().to_owned())
    }

    #[test]
    fn the_strongest_fence_the_login_allows_is_taken() {
        let admin = "GRANT SYSTEM_VARIABLES_ADMIN,CONNECTION_ADMIN ON *.* TO `a`@`%`";
        let trigger = "GRANT TRIGGER ON `shop`.* TO `a`@`%`";
        let mysql = facts("9.7.4", &[OWN, admin], &[LOG, EVENTS]);
        assert_eq!(asked(&mysql, FencePolicy::Auto), Ok(FenceKind::ReadOnly));
        let managed = facts("8.0.40", &[OWN, trigger], &[LOG, EVENTS, TRUST]);
        assert_eq!(asked(&managed, FencePolicy::Auto), Ok(FenceKind::Tables));
        let maria = "GRANT READ_ONLY ADMIN ON *.* TO `a`@`%`";
        let maria = facts("10.11.5-MariaDB", &[OWN, maria], &[LOG, EVENTS]);
        assert_eq!(asked(&maria, FencePolicy::Auto), Ok(FenceKind::ReadOnly));
        let bare = facts("9.7.4", &[OWN], &[LOG]);
        assert_eq!(asked(&bare, FencePolicy::Stopped), Ok(FenceKind::Stopped));
        let old = "GRANT SUPER ON *.* TO `a`@`%`";
        let old = facts("5.6.24", &[OWN, old], &[LOG, EVENTS]);
        assert_eq!(asked(&old, FencePolicy::Auto), Ok(FenceKind::ReadOnly));
        let locks = "GRANT SELECT, CREATE USER, CONNECTION_ADMIN ON *.* TO `a`@`%`";
        let managed = facts("8.0.40", &[OWN, locks], &[LOG, EVENTS]);
        assert_eq!(asked(&managed, FencePolicy::Accounts), Ok(FenceKind::Accounts));
    }

    #[test]
    fn what_is_missing_is_said_as_statements() {
        let bare = facts("9.7.4", &["GRANT SELECT ON *.* TO `a`@`%`"], &[LOG]);
        let said = asked(&bare, FencePolicy::Auto).unwrap_err();
        for part in [
            "GRANT CREATE, DROP, INSERT, UPDATE, DELETE, EVENT ON `sealift`.* TO 'app_reader'@'%'",
            "GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO 'app_reader'@'%'",
            "GRANT CONNECTION_ADMIN ON *.*",
            "SET GLOBAL event_scheduler = ON",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let said = asked(&bare, FencePolicy::Tables).unwrap_err();
        assert!(said.contains("GRANT TRIGGER ON `shop`.*"), "{said}");
        assert!(said.contains("log_bin_trust_function_creators"), "{said}");
        let said = asked(&bare, FencePolicy::Accounts).unwrap_err();
        assert!(said.contains("GRANT CREATE USER ON *.*"), "{said}");
        let old = facts("5.6.24", &[OWN], &[LOG, EVENTS]);
        let said = asked(&old, FencePolicy::ReadOnly).unwrap_err();
        assert!(said.contains("GRANT SUPER ON *.* TO 'app_reader'@'%'"), "{said}");
        // For the fence and for the way back.
        let schemas = ["shop".to_owned()];
        let part = Part::Left { fence: FencePolicy::Tables, follows: true, triggers: true };
        let needs = Needs { side: Side::Source, schemas: &schemas, part };
        let said = missing(&bare, &needs).unwrap_err().remedy().to_owned();
        assert_eq!(said.matches("log_bin_trust_function_creators").count(), 1, "{said}");
        let maria = facts("10.11.5-MariaDB", &[OWN], &[LOG]);
        assert!(asked(&maria, FencePolicy::Accounts).unwrap_err().contains("tables"));
    }
}
