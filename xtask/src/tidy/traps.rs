//! Every test that docs/concepts/traps.md names is there.

use std::collections::BTreeSet;

use super::{Problem, Tree};

const PAPER: &str = "docs/concepts/traps.md";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let known: BTreeSet<&str> = tree.rust().flat_map(|(_, text)| items(text)).collect();
    let mut problems = Vec::new();
    for (line, name) in named(tree.text(PAPER).unwrap_or_default()) {
        let is_there = match name.rsplit_once("::") {
            _ if name.contains('/') => tree.has(name),
            Some((_, last)) => known.contains(last),
            None => known.contains(name),
        };
        if !is_there {
            let what = format!("there is no test {name}");
            problems.push(Problem::new(PAPER, line, what, "name the one that keeps us out"));
        }
    }
    problems
}

/// What stands between backticks in the last column of a table.
fn named(paper: &str) -> impl Iterator<Item = (usize, &str)> {
    let rows = (1..).zip(paper.lines()).filter(|(_, line)| line.starts_with('|'));
    rows.flat_map(|(line, row)| {
        let cell = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        cell.split('`').skip(1).step_by(2).map(move |name| (line, name))
    })
}

/// Names of functions, modules and constants.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    ["fn ", "mod ", "const "].into_iter().flat_map(move |word| {
        let rests = text.split(word).skip(1);
        rests.map(move |rest| rest.split(|c| !is_name(c)).next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_named_and_one_that_is_there_is_not() {
        let paper = "| `what` | [a](b) | `is_there`, soak: `Kind::ALL`, `crates/a` |\n\n| c | d | `is_gone` |\n";
        let rust = "#[test]\nfn is_there() {}\nimpl Kind { pub const ALL: u8 = 1; }\n";
        let tree = Tree::of(&[(PAPER, paper), ("crates/a/tests/main.rs", rust)]);
        let found = check(&tree);
        let lines: Vec<_> = found.iter().map(|p| (p.line, p.what.as_str())).collect();
        assert_eq!(lines, [(3, "there is no test is_gone")]);
    }
}
