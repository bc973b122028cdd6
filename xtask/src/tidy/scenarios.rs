//! Every scenario is whole.

use super::{Problem, Tree};

const PARTS: [&str; 2] = ["source.sql", "expect.toml"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in tree.folders("scenarios") {
        for part in PARTS {
            let path = format!("scenarios/{name}/{part}");
            if tree.text(&path).is_none() {
                let instead = "a scenario is both files; scenarios/README.md says what is in them";
                problems.push(Problem::new(&path, 1, "it is missing", instead));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_without_an_expectation_is_named() {
        let tree = Tree::of(&[("scenarios/views/source.sql", ""), ("scenarios/README.md", "")]);
        let files: Vec<_> = check(&tree).into_iter().map(|problem| problem.file).collect();
        assert_eq!(files, ["scenarios/views/expect.toml"]);
    }
}
