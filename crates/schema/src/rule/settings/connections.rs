//! A target takes so many connections and no more; Azure's limit follows from its size.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "connections",
    title: "Connections the application needs",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::Status],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters#max_connections",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let used = case.source.status("Max_used_connections")?;
    let (Some(used), Some(most)) = (used, target.number("max_connections")) else {
        return Ok(Vec::new());
    };
    let what = format!("the source has had {used} connections at once, the target takes {most}");
    let thing = Thing::variable(Side::Target, "max_connections");
    let advice = "choose a larger compute size, or put a pool such as ProxySQL before it";
    Ok(match used {
        _ if used >= most => vec![Found::blocks(thing, what).advise(advice)],
        _ if used > most / 10 * 7 => vec![Found::warns(thing, what).advise(advice)],
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn the_most_that_were_open_must_fit() {
        for (used, told) in [("10", ""), ("800", "1 warns"), ("1000", "1 blocks")] {
            let status = [format!("Max_used_connections,{used}")];
            let rows = [status[0].as_str()];
            let bench =
                Bench::clean().answer(Side::Source, Question::Status, "Variable_name,Value", &rows);
            assert_eq!(bench.levels(&CHECK), told);
        }
    }
}
