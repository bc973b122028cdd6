//! A target takes so many connections and no more; Azure's limit follows from its size.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::parameter::parameter;
use crate::rule::question::Question;
use crate::rule::sku::{Connections, Sku, that_take};

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

/// Advice where no parameter helps.
const LARGER: &str = "choose a larger compute size, or put a pool such as ProxySQL before it";

/// What the target takes.
struct Room<'a> {
    /// `max_connections` as it is, or as a new server of this size has it.
    usual: u64,
    /// What it may be raised to, where that is known.
    most: Option<u64>,
    /// The size, if it was named.
    sku: Option<&'a Sku>,
}

fn judge(case: &Case<'_>) -> Verdict {
    let Some(used) = case.source.status("Max_used_connections")? else { return Ok(Vec::new()) };
    let Some(room) = room(case, used)? else { return Ok(Vec::new()) };
    let Room { usual, most, sku } = room;
    let limit = most.unwrap_or(usual).max(usual);
    let takes = match (sku, most) {
        (Some(sku), Some(most)) => format!("the target takes {usual}, and {sku} at most {most}"),
        (Some(sku), None) => {
            format!("the target takes {usual}; Microsoft's table does not have {sku}")
        }
        (None, _) => format!("the target takes {usual}"),
    };
    let what = format!("the source has had {used} connections at once, {takes}");
    let thing = Thing::variable(Side::Target, "max_connections");
    let level = match used {
        _ if used >= limit => Level::Blocks,
        _ if used > usual / 10 * 7 => Level::Warns,
        _ => return Ok(Vec::new()),
    };
    let mut told = Found::at(level, thing, what);
    if used < limit && limit > usual {
        let wanted = (used / 7 * 10 + 10).min(limit);
        told = told.fix(parameter(case, "max_connections", &wanted.to_string()));
    }
    if used <= limit / 10 * 7 {
        return Ok(vec![told]);
    }
    if case.is_azure() {
        told = told.advise(format!("by Microsoft's table {} would take them", that_take(used)));
        if most.is_none() {
            told = told.advise(
                "max_connections may be below what this size allows: az mysql flexible-server parameter show \
                 --resource-group RG --server-name SERVER --name max_connections --query allowedValues",
            );
        }
    }
    Ok(vec![told.advise(LARGER)])
}

/// `None` where nothing is known of a target that is there.
fn room<'a>(case: &Case<'a>, used: u64) -> Result<Option<Room<'a>>, NotChecked> {
    let of_size = case.sku.filter(|_| case.is_azure()).map(|sku| (sku, sku.connections()));
    let most = of_size.and_then(|(_, told)| told).map(|told| told.most);
    let sku = of_size.map(|(sku, _)| sku);
    match (case.real_target(), of_size) {
        (Ok(target), _) => {
            let usual = target.number("max_connections");
            Ok(usual.map(|usual| Room { usual, most, sku }))
        }
        (Err(_), Some((sku, Some(Connections { usual, most })))) => {
            Ok(Some(Room { usual, most: Some(most), sku: Some(sku) }))
        }
        (Err(_), Some((sku, None))) => Err(NotChecked::Unseen {
            ask: format!(
                "how many connections {sku} takes, which Microsoft's table does not have; the source has had {used} at once"
            ),
        }),
        (Err(_), None) if case.is_azure() => Err(NotChecked::Unseen {
            ask: format!(
                "which size the target will have and name it with --target-sku, as in --target-sku Standard_D4ds_v4; the source \
                 has had {used} connections at once, for which by Microsoft's table {} would do",
                that_take(used)
            ),
        }),
        (Err(no_target), None) => Err(no_target),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    fn having(used: u64) -> Bench {
        let row = format!("Max_used_connections,{used}");
        Bench::clean().answer(
            Side::Source,
            Question::Status,
            "Variable_name,Value",
            &[row.as_str()],
        )
    }

    #[test]
    fn the_most_that_were_open_must_fit() {
        for (used, told) in [(10, ""), (800, "1 warns"), (1000, "1 blocks")] {
            assert_eq!(having(used).levels(&CHECK), told);
        }
        let said = having(1000).said(&CHECK).remove(0);
        assert!(said.contains("General Purpose of 2 vCores (683, 1365 at most)"), "{said}");
        assert!(said.contains("--query allowedValues"), "{said}");
    }

    #[test]
    fn a_size_says_how_far_the_parameter_goes() {
        // The server has 1000; the size takes 2731.
        let of = |used| having(used).sku("Standard_D4ds_v4");
        assert_eq!(of(10).levels(&CHECK), "");
        assert_eq!(of(800).levels(&CHECK), "1 warns");
        let said = of(1400).said(&CHECK).remove(0);
        assert!(
            said.starts_with("warns: ") && said.contains("--name max_connections --value '2010'"),
            "{said}"
        );
        assert!(of(2731).said(&CHECK)[0].contains("choose a larger compute size"));
    }

    #[test]
    fn before_there_is_a_target_the_size_is_asked_for() {
        let to = |used, sku: &str| {
            let bench = having(used).to("azure-8.4");
            if sku.is_empty() { bench } else { bench.sku(sku) }
        };
        let asked = to(1000, "").said(&CHECK).remove(0);
        assert!(
            asked.starts_with("not checked: Unseen") && asked.contains("--target-sku"),
            "{asked}"
        );
        assert!(
            asked.contains("had 1000 connections") && asked.contains("General Purpose of 2 vCores"),
            "{asked}"
        );
        assert_eq!(to(100, "Standard_D2ds_v4").levels(&CHECK), "");
        assert_eq!(to(600, "Standard_D2ds_v4").levels(&CHECK), "1 warns");
        assert_eq!(to(1364, "Standard_D2ds_v4").levels(&CHECK), "1 warns");
        assert_eq!(to(2000, "Standard_D2ds_v4").levels(&CHECK), "1 blocks");
        assert!(to(10, "Standard_E96ds_v5").said(&CHECK)[0].contains("does not have"));
        assert!(having(10).to("mysql-8.4").said(&CHECK)[0].contains("NoTarget"));
    }
}
