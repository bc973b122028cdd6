//! The target itself reads every definition: what its own parser refuses, it would refuse when it is made.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::measured::DefinitionsRead;
use crate::rule::text::{counted, pattern};

pub(super) const CHECK: Check = Check {
    id: "target-reads-definitions",
    title: "The target understands every definition",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/prepare.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let side = Side::Target;
    let DefinitionsRead { read, refused, left_out, failed } =
        case.measured.definitions.as_ref().ok_or(NotChecked::NoTarget)?;
    if let Some(why) = failed {
        return Err(NotChecked::Failed { side, why: why.clone() });
    }
    let mut found: Vec<Found> = refused
        .iter()
        .map(|(object, why)| {
            Found::blocks(
                object,
                format!("the target does not understand what would make it: {why}"),
            )
            .configure(format!("[select] exclude = [\"{}\"]", pattern(object)))
            .advise("or edit its script: sealift plan writes one for each object")
        })
        .collect();
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let what = format!(
        "it has read the definitions of {} by PREPARE, which makes nothing; whether it can make them (a table a view reads, \
         a function that is not there, a row that is too wide) shows when it does: in part with --probe, all of it with sealift \
         plan apply",
        counted(number(*read), "object")
    );
    found.push(Found::notes(Thing::server(side), what));
    if *left_out > 0 {
        let what = format!(
            "it was not shown {}: the time for it was used up",
            counted(number(*left_out), "definition")
        );
        found.push(Found::notes(Thing::server(side), what));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::bench::Bench;
    use crate::rule::measured::DefinitionsRead;

    fn with(told: DefinitionsRead) -> Bench {
        let mut bench = Bench::clean();
        bench.measured.definitions = Some(told);
        bench
    }

    #[test]
    fn what_the_target_refuses_stops_with_its_words() {
        let mut none = Bench::clean();
        none.measured.definitions = None;
        assert!(none.said(&CHECK)[0].contains("NoTarget"));
        let read = DefinitionsRead { read: 7, ..DefinitionsRead::default() };
        assert_eq!(with(read.clone()).levels(&CHECK), "1 notes");
        let object = ObjectId::new(ObjectKind::View, QualifiedName::new("shop", "v"));
        let refused = vec![(object, "near 'rank'".to_owned())];
        let said = with(DefinitionsRead { refused, left_out: 2, ..read.clone() }).said(&CHECK);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said.iter().any(|line| line.starts_with("blocks: view `shop`.`v`: ")
                && line.contains("near 'rank'")),
            "{said:?}"
        );
        assert!(said.iter().any(|line| line.contains("not shown 2 definitions")), "{said:?}");
        let failed = Some("gone".to_owned());
        assert_eq!(with(DefinitionsRead { failed, ..read }).levels(&CHECK), "1 not checked");
    }
}
