//! ARCHITECTURE.md does not lie: what it names exists, and every crate is on it.

use super::{Problem, Tree};

const MAP: &str = "ARCHITECTURE.md";

/// A path in backticks that begins so is a promise.
const ROOTS: [&str; 8] =
    ["crates/", "xtask", "docs/", "scenarios", "benches/", "fuzz/", "peers", "web/"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let Some(text) = tree.text(MAP) else {
        return vec![Problem::new(MAP, 1, "there is no map", "write it")];
    };
    let mut problems = Vec::new();
    for (line, path) in named(text) {
        if !tree.has(path) {
            let what = format!("{path} does not exist");
            problems.push(Problem::new(MAP, line, what, "correct the map, or add the room"));
        }
    }
    for name in tree.folders("crates") {
        let path = format!("crates/{name}");
        if !named(text).any(|(_, named)| named == path) {
            let what = format!("`{path}` is not on the map");
            problems.push(Problem::new(MAP, 1, what, "say what the room is for"));
        }
    }
    problems
}

/// Paths in backticks with their lines.
fn named(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, words)| {
        words
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|quoted| ROOTS.iter().any(|root| quoted.starts_with(root)))
            .filter(|quoted| !quoted.contains([' ', '<', '*', '…']))
            .map(move |quoted| (line, quoted.trim_end_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_path_and_a_missing_crate_are_named() {
        let tree = Tree::of(&[
            (MAP, "`crates/a`\nand `crates/a/src/gone.rs` and `docs/x`, `cargo x`"),
            ("crates/a/src/lib.rs", ""),
            ("crates/b/src/lib.rs", ""),
            ("docs/x/y.md", ""),
        ]);
        let lines: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "ARCHITECTURE.md:2: crates/a/src/gone.rs does not exist; correct the map, or add the room",
                "ARCHITECTURE.md:1: `crates/b` is not on the map; say what the room is for",
            ]
        );
    }
}
