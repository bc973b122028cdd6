//! High availability and replicas write everything once more while a load runs.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "high-availability",
    title: "High availability and replicas of the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Replicas],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-high-availability",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let replicas = target.ask(Question::Replicas)?;
    if !replicas.is_empty() {
        let what = format!(
            "{} replicas follow it: they receive the whole load too, and lag behind",
            replicas.len()
        );
        return Ok(vec![
            Found::warns(Side::Target, what).advise("make the replicas after the load"),
        ]);
    }
    if case.is_azure() {
        let ask = "whether high availability, geo-redundant backup or accelerated logs are on: az mysql flexible-server show --resource-group RG --name SERVER --query \"{ha:highAvailability,backup:backup,storage:storage}\"; turn high availability on after the load";
        return Err(NotChecked::Unseen { ask: ask.to_owned() });
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn what_cannot_be_seen_is_asked() {
        assert!(Bench::clean().said(&CHECK)[0].starts_with("not checked: Unseen"));
        let two = Bench::clean().answer(Side::Target, Question::Replicas, "Server_Id", &["2", "3"]);
        assert!(two.said(&CHECK)[0].contains("2 replicas follow it"));
        let mut stock = Bench::clean();
        stock.target.variables.remove("azure_server_name");
        assert_eq!(stock.levels(&CHECK), "");
    }
}
