//! Events are made disabled, or they would run on both servers.

use crate::facts::Side;
use crate::name::{ObjectId, ObjectKind};
use crate::rule::case::{Case, Server};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "events",
    title: "Scheduled events",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT event_schema, event_name, status FROM information_schema.events",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters#event_scheduler",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found: Vec<Found> = case
        .catalog
        .events
        .values()
        .filter(|event| event.enabled)
        .map(|event| {
            let object = ObjectId::new(ObjectKind::Event, event.name.clone());
            Found::notes(&object, "it is made disabled; enable it at the cutover")
                .on_target_later(format!("ALTER EVENT {} ENABLE", event.name))
        })
        .collect();
    let runs = |server: &Server<'_>| server.is_on("event_scheduler");
    if !found.is_empty()
        && runs(&case.source)
        && !runs(&case.target)
        && case.target.facts.variables.contains_key("event_scheduler")
    {
        let thing = Thing::variable(Side::Target, "event_scheduler");
        found.push(Found::warns(thing, "it is OFF: no event will run").fix(parameter(
            case,
            "event_scheduler",
            "ON",
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn enabled_events_are_named_and_the_scheduler_must_run() {
        assert_eq!(Bench::clean().event(|event| event.enabled = false).levels(&CHECK), "");
        let bench = Bench::clean().event(|_| {});
        assert_eq!(bench.levels(&CHECK), "1 notes");
        assert_eq!(bench.on_target("event_scheduler", "OFF").levels(&CHECK), "1 notes, 1 warns");
    }
}
