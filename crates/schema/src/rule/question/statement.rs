//! The statements, by flavor and version.

use super::Question;
use crate::facts::{Flavor, ServerFacts};
use crate::rule::platform::Platform;

/// A statement, from which version of which flavor on.
struct Statement {
    question: Question,
    flavor: Option<Flavor>,
    since: (u16, u16, u16),
    sql: &'static str,
}

/// The statement for a server; `None` where it knows no such thing.
pub(super) fn of(question: Question, facts: &ServerFacts) -> Option<&'static str> {
    let is_rds = matches!(Platform::of(facts), Platform::Rds | Platform::Aurora);
    if question == Question::RdsRetention && !is_rds {
        return None;
    }
    let fits = |statement: &&Statement| {
        statement.question == question
            && statement.flavor.is_none_or(|flavor| flavor == facts.version.flavor)
            && facts.version.number >= statement.since
    };
    STATEMENTS.iter().rfind(fits).map(|statement| statement.sql)
}

const fn both(question: Question, sql: &'static str) -> Statement {
    Statement { question, flavor: None, since: (0, 0, 0), sql }
}

const fn mysql(question: Question, since: (u16, u16, u16), sql: &'static str) -> Statement {
    Statement { question, flavor: Some(Flavor::MySql), since, sql }
}

const fn mariadb(question: Question, sql: &'static str) -> Statement {
    Statement { question, flavor: Some(Flavor::MariaDb), since: (0, 0, 0), sql }
}

/// Of several statements that fit, the last one is it.
const STATEMENTS: [Statement; 44] = [
    mysql(Question::Accounts, (5, 0, 0), ACCOUNTS_5_6),
    mysql(Question::Accounts, (5, 7, 6), ACCOUNTS_5_7),
    mysql(Question::Accounts, (8, 0, 0), ACCOUNTS),
    mariadb(Question::Accounts, ACCOUNTS_MARIADB),
    both(Question::GlobalPrivileges, GLOBAL_PRIVILEGES),
    both(Question::SchemaGrants, "SELECT user, host, db FROM mysql.db"),
    both(Question::TableGrants, "SELECT user, host, db, table_name FROM mysql.tables_priv"),
    mysql(Question::Roles, (8, 0, 0), ROLES),
    mariadb(Question::Roles, ROLES_MARIADB),
    both(Question::Proxies, PROXIES),
    mysql(Question::MakerRights, (8, 0, 0), MAKER_RIGHTS),
    both(Question::LoadedFunctions, "SELECT name, dl FROM mysql.func"),
    both(Question::Plugins, PLUGINS),
    both(Question::LoginPlugins, LOGIN_PLUGINS),
    mysql(Question::Components, (8, 0, 0), "SELECT component_urn AS name FROM mysql.component"),
    both(Question::ForeignServers, "SELECT server_name AS name, wrapper FROM mysql.servers"),
    mysql(Question::ReferenceSystems, (8, 0, 0), REFERENCE_SYSTEMS),
    mysql(Question::Tablespaces, (5, 7, 0), TABLESPACES_5_7),
    mysql(Question::Tablespaces, (8, 0, 0), TABLESPACES),
    mariadb(Question::Tablespaces, TABLESPACES_MARIADB),
    mysql(Question::Files, (5, 7, 0), FILES_5_7),
    mysql(Question::Files, (8, 0, 0), FILES),
    mariadb(Question::Files, FILES_MARIADB),
    both(Question::Transactions, TRANSACTIONS),
    mysql(Question::LockWaits, (5, 7, 0), LOCK_WAITS),
    both(Question::PreparedXa, "XA RECOVER"),
    both(Question::Status, STATUS),
    mysql(Question::Replica, (5, 0, 0), "SHOW SLAVE STATUS"),
    mysql(Question::Replica, (8, 0, 22), "SHOW REPLICA STATUS"),
    mariadb(Question::Replica, "SHOW ALL SLAVES STATUS"),
    both(Question::Replicas, "SHOW SLAVE HOSTS"),
    mysql(Question::Replicas, (8, 0, 22), "SHOW REPLICAS"),
    both(Question::LogStatus, "SHOW MASTER STATUS"),
    mysql(Question::LogStatus, (8, 2, 0), "SHOW BINARY LOG STATUS"),
    both(Question::Logs, "SHOW BINARY LOGS"),
    mysql(Question::ChangedVariables, (8, 0, 0), CHANGED_VARIABLES),
    mariadb(Question::ChangedVariables, CHANGED_VARIABLES_MARIADB),
    mysql(Question::Keywords, (8, 0, 13), KEYWORDS),
    both(Question::TimeZones, TIME_ZONES),
    mysql(Question::PlainSessions, (5, 7, 0), PLAIN_SESSIONS),
    both(Question::RdsRetention, "CALL mysql.rds_show_configuration"),
    both(Question::Tables, TABLES),
    both(Question::Triggers, TRIGGERS),
    both(Question::OwnCipher, "SHOW SESSION STATUS LIKE 'Ssl_version'"),
];

const ACCOUNTS: &str = "SELECT user, host, plugin, authentication_string = '' AS no_password, \
    account_locked, password_expired, password_lifetime, password_reuse_history, \
    password_require_current, ssl_type, max_questions, max_updates, max_connections, \
    max_user_connections, user_attributes FROM mysql.user";
const ACCOUNTS_5_7: &str = "SELECT user, host, plugin, authentication_string = '' AS no_password, \
    account_locked, password_expired, password_lifetime, ssl_type, max_questions, max_updates, \
    max_connections, max_user_connections FROM mysql.user";
const ACCOUNTS_5_6: &str = "SELECT user, host, plugin, \
    COALESCE(authentication_string, '') = '' AND password = '' AS no_password, password_expired, \
    ssl_type, max_questions, max_updates, max_connections, max_user_connections FROM mysql.user";
const ACCOUNTS_MARIADB: &str = "SELECT user, host, plugin, \
    authentication_string = '' AND password = '' AS no_password, password_expired, is_role, \
    ssl_type, max_questions, max_updates, max_connections, max_user_connections FROM mysql.user";
const ROLES: &str = "SELECT from_user AS role, from_host AS role_host, to_user AS user, \
    to_host AS host FROM mysql.role_edges";
const ROLES_MARIADB: &str = "SELECT role, user, host FROM mysql.roles_mapping";
const GLOBAL_PRIVILEGES: &str = "SELECT grantee, privilege_type AS privilege \
    FROM information_schema.user_privileges WHERE privilege_type <> 'USAGE'";
const MAKER_RIGHTS: &str = "SELECT grantee, '' AS table_schema, '' AS table_name, privilege_type \
     FROM information_schema.user_privileges WHERE privilege_type IN ('TRIGGER', 'EVENT') \
     UNION ALL SELECT grantee, table_schema, '', privilege_type \
     FROM information_schema.schema_privileges WHERE privilege_type IN ('TRIGGER', 'EVENT') \
     UNION ALL SELECT grantee, table_schema, table_name, privilege_type \
     FROM information_schema.table_privileges WHERE privilege_type = 'TRIGGER' \
     UNION ALL SELECT CONCAT(QUOTE(user), '@', QUOTE(host)), '', '', 'ROLE' FROM mysql.default_roles";

const PROXIES: &str = "SELECT user, host, proxied_user, proxied_host FROM mysql.proxies_priv \
    WHERE proxied_user <> ''";
const PLUGINS: &str = "SELECT plugin_name AS name, plugin_type AS type, plugin_library AS dl \
    FROM information_schema.plugins WHERE plugin_library IS NOT NULL AND plugin_status = 'ACTIVE'";
const LOGIN_PLUGINS: &str = "SELECT plugin_name AS name FROM information_schema.plugins \
    WHERE plugin_type = 'AUTHENTICATION' AND plugin_status = 'ACTIVE'";
const REFERENCE_SYSTEMS: &str = "SELECT srs_id AS id, srs_name AS name \
    FROM information_schema.st_spatial_reference_systems \
    WHERE (organization IS NULL OR organization <> 'EPSG') AND srs_id <> 0";
/// Where all tables have files of their own the list of files, which the server asks the disk for, is not read.
const TABLESPACES: &str = "SELECT /*+ NO_MERGE(t) */ t.name AS name, \
    COALESCE(s.name, 'innodb_system') AS tablespace \
    FROM (SELECT name, space FROM information_schema.innodb_tables \
    WHERE space_type IN ('General', 'System') AND name LIKE '%/%' AND name NOT LIKE 'mysql/%') t \
    LEFT JOIN information_schema.innodb_tablespaces s ON s.space = t.space";
const TABLESPACES_5_7: &str = "SELECT t.name AS name, s.name AS tablespace \
    FROM information_schema.innodb_sys_tables t JOIN information_schema.innodb_sys_tablespaces s \
    ON s.space = t.space WHERE s.space_type = 'General' AND t.name NOT LIKE 'mysql/%' \
    UNION ALL SELECT name, 'innodb_system' FROM information_schema.innodb_sys_tables \
    WHERE space = 0 AND name LIKE '%/%' AND name NOT LIKE 'mysql/%'";
const TABLESPACES_MARIADB: &str = "SELECT name, 'innodb_system' AS tablespace \
    FROM information_schema.innodb_sys_tables \
    WHERE space = 0 AND name LIKE '%/%' AND name NOT LIKE 'mysql/%'";
const FILES: &str = "SELECT name, file_size AS bytes FROM information_schema.innodb_tablespaces \
    WHERE space_type = 'Single' ORDER BY file_size DESC LIMIT 20";
const FILES_5_7: &str = "SELECT name, file_size AS bytes \
    FROM information_schema.innodb_sys_tablespaces WHERE space_type = 'Single' \
    ORDER BY file_size DESC LIMIT 20";
const FILES_MARIADB: &str = "SELECT name, file_size AS bytes \
    FROM information_schema.innodb_sys_tablespaces WHERE name LIKE '%/%' \
    ORDER BY file_size DESC LIMIT 20";
const TRANSACTIONS: &str = "SELECT trx_id AS id, trx_mysql_thread_id AS thread, \
    trx_rows_modified AS changed, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds \
    FROM information_schema.innodb_trx WHERE trx_started < NOW() - INTERVAL 60 SECOND \
    ORDER BY trx_started";
const LOCK_WAITS: &str = "SELECT object_schema, object_name \
    FROM performance_schema.metadata_locks WHERE lock_status = 'PENDING'";
const STATUS: &str = "SHOW GLOBAL STATUS WHERE variable_name IN ('Max_used_connections', \
    'Uptime', 'Threads_connected')";
const CHANGED_VARIABLES: &str = "SELECT variable_name AS name, variable_source AS origin \
    FROM performance_schema.variables_info WHERE variable_source <> 'COMPILED'";
const CHANGED_VARIABLES_MARIADB: &str = "SELECT variable_name AS name, \
    global_value_origin AS origin FROM information_schema.system_variables \
    WHERE global_value_origin IN ('CONFIG', 'COMMAND-LINE', 'SQL', 'ENVIRONMENT')";
const KEYWORDS: &str = "SELECT word FROM information_schema.keywords WHERE reserved = 1";
const TIME_ZONES: &str = "SELECT CONVERT_TZ('2020-01-01 00:00:00', 'UTC', 'Europe/Paris') AS named";
const PLAIN_SESSIONS: &str = "SELECT t.processlist_user AS user, t.processlist_host AS host, \
    COUNT(*) AS sessions FROM performance_schema.status_by_thread s \
    JOIN performance_schema.threads t USING (thread_id) WHERE s.variable_name = 'Ssl_version' \
    AND s.variable_value = '' AND t.connection_type = 'TCP/IP' GROUP BY 1, 2";
const TABLES: &str = "SELECT table_schema, table_name, table_rows \
    FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN \
    ('mysql', 'sys', 'information_schema', 'performance_schema')";
const TRIGGERS: &str = "SELECT trigger_name, event_object_schema AS table_schema, \
    event_object_table AS table_name FROM information_schema.triggers WHERE trigger_schema \
    NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')";
