//! Every variable somebody has set on the source, and what becomes of it.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;
use crate::rule::question::Question;
use crate::rule::text::counted;
use crate::rule::text::some;

pub(super) const CHECK: Check = Check {
    id: "non-default-variables",
    title: "Variables somebody has set",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::ChangedVariables],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let changed = case.source.ask(Question::ChangedVariables)?;
    let mut found: Vec<Found> = Vec::new();
    let mut harmless = Vec::new();
    for row in changed {
        let name = row.text("name").to_lowercase();
        // One that only sessions have: some session has set it, maybe our own.
        let Some(value) = case.source.facts.variables.get(&name) else { continue };
        let there = case.target.facts.variables.get(&name).map(String::as_str);
        if there.is_some_and(|there| there.eq_ignore_ascii_case(value)) || told_elsewhere(&name) {
            continue;
        }
        let thing = Thing::variable(Side::Source, &name);
        let told = match there {
            Some(there) => {
                format!("{} on the source, {} on the target", shown(value), shown(there))
            }
            None => format!("{} on the source", shown(value)),
        };
        match tag(case, &name, there) {
            Tag::Harmless => harmless.push(name),
            Tag::Run => found.push(Found::notes(thing, format!("set by run: {told}; sealift sets it for its own sessions, the application sees the target's"))),
            Tag::Session => found.push(
                Found::warns(thing, format!("session only: {told}; the target fixes it for the server, a session may set it"))
                    .advise(format!("SET SESSION {name} in the application, or in the parameter init_connect")),
            ),
            Tag::Fixed => found.push(Found::warns(thing, format!("fixed: {told}; the target decides it"))),
            Tag::Unsure => found.push(
                Found::warns(thing, format!("may be fixed: {told}; Azure's documentation does not say whether it can be set"))
                    .advise(format!("az mysql flexible-server parameter show --resource-group RG --server-name SERVER --name {name} --query isReadOnly tells")),
            ),
            Tag::NotThere => found.push(Found::notes(thing, format!("not there: {told}; the target has no such variable"))),
            Tag::Settable => found.push(
                Found::warns(thing, format!("settable: {told}")).fix(parameter(case, &name, value)),
            ),
        }
    }
    harmless.sort_unstable();
    if !harmless.is_empty() {
        let what = format!(
            "harmless: {} that belong to the machine ({})",
            counted(harmless.len(), "variable"),
            some(&harmless)
        );
        found.push(Found::notes(Side::Source, what));
    }
    Ok(found)
}

/// What becomes of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    /// It belongs to the machine: a path, a port, a size.
    Harmless,
    /// Our sessions set it, whatever the server says.
    Run,
    /// The server's value cannot be changed, a session's can.
    Session,
    /// It cannot be changed.
    Fixed,
    /// Nobody says whether it can be changed.
    Unsure,
    /// The target does not know it.
    NotThere,
    /// It can be set.
    Settable,
}

fn tag(case: &Case<'_>, name: &str, there: Option<&str>) -> Tag {
    let starts =
        |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    if HARMLESS.contains(&name) || starts(&HARMLESS_BEGINNINGS) {
        Tag::Harmless
    } else if RUN.contains(&name) {
        Tag::Run
    } else if there.is_none() && case.profile.is_none() {
        Tag::NotThere
    } else if case.is_azure() && SESSION_ON_AZURE.contains(&name) {
        Tag::Session
    } else if case.is_azure() && FIXED_ON_AZURE.contains(&name) {
        Tag::Fixed
    } else if case.is_azure() && UNSURE_ON_AZURE.contains(&name) {
        Tag::Unsure
    } else {
        Tag::Settable
    }
}

/// What other checks tell, with its meaning.
fn told_elsewhere(name: &str) -> bool {
    const TOLD: [&str; 34] = [
        "lower_case_table_names",
        "sql_mode",
        "character_set_server",
        "collation_server",
        "time_zone",
        "explicit_defaults_for_timestamp",
        "max_allowed_packet",
        "innodb_page_size",
        "group_concat_max_len",
        "transaction_isolation",
        "tx_isolation",
        "autocommit",
        "wait_timeout",
        "innodb_lock_wait_timeout",
        "div_precision_increment",
        "sql_safe_updates",
        "ft_min_word_len",
        "innodb_ft_min_token_size",
        "ngram_token_size",
        "lc_time_names",
        "completion_type",
        "auto_increment_increment",
        "auto_increment_offset",
        "default_week_format",
        "max_sort_length",
        "init_connect",
        "init_file",
        "event_scheduler",
        "local_infile",
        "log_bin_trust_function_creators",
        "binlog_format",
        "binlog_row_image",
        "gtid_mode",
        "enforce_gtid_consistency",
    ];
    TOLD.contains(&name)
}

/// Long values are cut: a report is for people.
fn shown(value: &str) -> String {
    const SHOWN_MAX: usize = 60;
    match value.char_indices().nth(SHOWN_MAX) {
        None if value.is_empty() => "''".to_owned(),
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
    }
}

/// Variables of the machine, of the server's own identity, and of sizes a service decides.
const HARMLESS: [&str; 40] = [
    "basedir",
    "datadir",
    "socket",
    "port",
    "pid_file",
    "tmpdir",
    "hostname",
    "server_id",
    "server_uuid",
    "log_error",
    "bind_address",
    "admin_address",
    "admin_port",
    "plugin_dir",
    "lc_messages_dir",
    "character_sets_dir",
    "secure_file_priv",
    "general_log_file",
    "slow_query_log_file",
    "log_bin",
    "log_bin_basename",
    "log_bin_index",
    "relay_log",
    "user",
    "skip_external_locking",
    "open_files_limit",
    "innodb_buffer_pool_size",
    "innodb_buffer_pool_instances",
    "innodb_log_file_size",
    "innodb_redo_log_capacity",
    "innodb_flush_method",
    "innodb_data_home_dir",
    "innodb_log_group_home_dir",
    "innodb_undo_directory",
    "innodb_data_file_path",
    "back_log",
    "large_pages",
    "sync_binlog",
    "innodb_flush_log_at_trx_commit",
    "log_slave_updates",
];

/// The same for whole families.
const HARMLESS_BEGINNINGS: [&str; 14] = [
    "ssl_",
    "admin_ssl",
    "mysqlx",
    "performance_schema",
    "relay_log",
    "report_",
    "innodb_buffer_pool_",
    "binlog_",
    "log_bin",
    "wsrep_",
    "caching_sha2_password_",
    "innodb_temp",
    "innodb_redo",
    "table_",
];

/// What run sets for its own sessions.
const RUN: [&str; 9] = [
    "foreign_key_checks",
    "unique_checks",
    "sql_generate_invisible_primary_key",
    "sql_require_primary_key",
    "restrict_fk_on_non_standard_key",
    "max_execution_time",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
];

/// Azure's documentation names few parameters: the list of all is in its portal and in what
/// `az mysql flexible-server parameter list` says of a server (`isReadOnly`). Of this one it says that only sessions
/// may set it: <https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters#innodb_strict_mode>.
const SESSION_ON_AZURE: [&str; 1] = ["innodb_strict_mode"];

/// `isReadOnly` in the examples of the service's own interface:
/// <https://github.com/Azure/azure-rest-api-specs/blob/main/specification/mysql/resource-manager/Microsoft.DBforMySQL/Configurations/stable/2021-12-01/examples/ConfigurationsListByServer.json>.
const FIXED_ON_AZURE: [&str; 2] = ["archive", "auto_generate_certs"];

/// What a service has reasons to decide by itself, and no page of Azure's says whether it does. What is not modifiable
/// a session may set where MySQL asks for no privilege:
/// <https://learn.microsoft.com/azure/mysql/flexible-server/how-to-configure-server-parameters-portal>.
const UNSURE_ON_AZURE: [&str; 9] = [
    "default_storage_engine",
    "default_tmp_storage_engine",
    "big_tables",
    "log_replica_updates",
    "innodb_doublewrite",
    "skip_name_resolve",
    "default_authentication_plugin",
    "authentication_policy",
    "read_only",
];

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    fn said(name: &str, source: &str, target: Option<&str>) -> Vec<String> {
        let bench = Bench::clean().variable(name, source);
        let bench = target.iter().fold(bench, |bench, value| bench.on_target(name, value));
        bench.answer(Side::Source, Question::ChangedVariables, "name", &[name]).said(&CHECK)
    }

    #[test]
    fn each_variable_is_tagged_by_what_becomes_of_it() {
        assert_eq!(said("long_query_time", "1", Some("1")), [""; 0]);
        for (name, target, tag) in [
            ("long_query_time", Some("10"), "settable: "),
            ("datadir", Some("/b/"), "harmless: "),
            ("query_cache_size", None, "not there: "),
            ("innodb_strict_mode", Some("ON"), "session only: "),
            ("innodb_file_per_table", Some("ON"), "settable: "),
            ("auto_generate_certs", Some("OFF"), "fixed: "),
            ("skip_name_resolve", Some("ON"), "may be fixed: "),
            ("foreign_key_checks", Some("ON"), "set by run: "),
        ] {
            let said = said(name, "other", target);
            assert!(said.len() == 1 && said[0].contains(tag), "{name}: {said:?}");
        }
        let settable = said("long_query_time", "1", Some("10"));
        assert!(settable[0].contains("--name long_query_time --value '1'"), "{settable:?}");
        let long = said("long_query_time", &"x".repeat(100), Some("10"));
        assert!(long[0].contains('…'));
    }

    #[test]
    fn what_only_sessions_have_was_set_by_one_of_them_and_is_nobody_s_setting() {
        let question = Question::ChangedVariables;
        let bench = Bench::clean().answer(Side::Source, question, "name", &["of_sessions_only"]);
        assert_eq!(bench.levels(&CHECK), "");
    }
}
