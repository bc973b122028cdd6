//! Both servers are reached and let us in; how far away they are decides how fast rows travel.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "round-trip",
    title: "Round trip to both servers",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT 1",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-networking-public",
    judge,
};

/// A statement that takes longer there and back is far away: small statements will wait for the line.
const FAR_MS: u64 = 20;

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.profile.is_none().then_some(case.target);
    let servers = [Some(case.source), target];
    let found = servers.into_iter().flatten().filter_map(|server| {
        let took = server.round_trip_ms?;
        let what =
            format!("logged in as {}; a statement takes {took} ms", server.facts.current_user);
        Some(if took > FAR_MS {
            Found::warns(server.side, what).advise("run sealift in the region of the target")
        } else {
            Found::notes(server.side, what)
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn a_server_far_away_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "2 notes");
        let mut far = Bench::clean();
        far.round_trip_ms = Some(80);
        assert_eq!(far.levels(&CHECK), "2 warns");
        assert_eq!(far.to("azure-8.4").levels(&CHECK), "1 warns");
    }
}
