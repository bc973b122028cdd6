//! Settings an application notices at once when they differ.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "workload-settings",
    title: "Settings an application notices",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('group_concat_max_len', 'transaction_isolation', 'autocommit', \
         'wait_timeout', 'innodb_lock_wait_timeout', 'div_precision_increment', 'sql_safe_updates', 'ft_min_word_len', \
         'innodb_ft_min_token_size', 'ngram_token_size', 'lc_time_names', 'completion_type', 'auto_increment_increment', \
         'auto_increment_offset', 'default_week_format', 'max_sort_length')",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters",
    judge,
};

/// Each with what happens when it differs.
const NAMES: [(&str, &str); 16] = [
    ("group_concat_max_len", "GROUP_CONCAT cuts its result elsewhere"),
    ("transaction_isolation", "transactions see other rows"),
    ("autocommit", "statements commit by themselves or no longer do"),
    ("wait_timeout", "idle connections live longer or shorter"),
    ("innodb_lock_wait_timeout", "statements wait longer or shorter for a lock"),
    ("div_precision_increment", "divisions have other digits"),
    ("sql_safe_updates", "UPDATE and DELETE without a key are refused or no longer are"),
    ("ft_min_word_len", "full-text searches find other words"),
    ("innodb_ft_min_token_size", "full-text searches find other words"),
    ("ngram_token_size", "full-text searches find other words"),
    ("lc_time_names", "names of days and months are in another language"),
    ("completion_type", "COMMIT and ROLLBACK do something else"),
    ("auto_increment_increment", "generated keys have other gaps"),
    ("auto_increment_offset", "generated keys have other gaps"),
    ("default_week_format", "WEEK() counts otherwise"),
    ("max_sort_length", "long values are sorted by fewer bytes"),
];

fn judge(case: &Case<'_>) -> Verdict {
    let found = NAMES.into_iter().filter_map(|(name, effect)| {
        let source = match (name, case.source.variable(name)) {
            // MariaDB before 11.1 and MySQL 5.6 call it otherwise.
            ("transaction_isolation", "") => case.source.variable("tx_isolation"),
            (_, value) => value,
        };
        let target = case.target.variable(name);
        (!source.is_empty() && !target.is_empty() && !source.eq_ignore_ascii_case(target)).then(
            || {
                let what = format!("{target} on the target, {source} on the source: {effect}");
                Found::warns(Thing::variable(Side::Target, name), what)
                    .fix(parameter(case, name, source))
            },
        )
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn each_setting_that_differs_is_told_with_what_it_does() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let bench = Bench::clean().variable("group_concat_max_len", "1048576");
        assert_eq!(
            bench.said(&CHECK),
            [
                "warns: variable group_concat_max_len of the target: 1024 on the target, 1048576 on the source: GROUP_CONCAT cuts its result elsewhere | azure: az mysql flexible-server parameter set --resource-group RG --server-name SERVER --name group_concat_max_len --value '1048576'"
            ]
        );
        let mut old = Bench::clean().variable("tx_isolation", "READ-COMMITTED");
        old.source.variables.remove("transaction_isolation");
        assert_eq!(old.levels(&CHECK), "1 warns");
    }
}
