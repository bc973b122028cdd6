//! A maintenance window that falls into a load interrupts it.

use crate::rule::case::Case;
use crate::rule::check::{Check, Level, Mode, NotChecked, Verdict};

pub(super) const CHECK: Check = Check {
    id: "maintenance-window",
    title: "Maintenance windows",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "-- az mysql flexible-server show --resource-group RG --name SERVER --query maintenanceWindow",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-maintenance",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.is_azure() && !case.source.platform().is_managed() {
        return Ok(Vec::new());
    }
    let ask = "when source and target may be restarted by their service; an interrupted run goes on where it stopped, but a cutover should not fall into it";
    Err(NotChecked::Unseen { ask: ask.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn it_is_asked_where_somebody_else_runs_a_server() {
        assert!(Bench::clean().said(&CHECK)[0].starts_with("not checked: Unseen"));
        assert_eq!(Bench::clean().to("mysql-8.4").levels(&CHECK), "");
    }
}
