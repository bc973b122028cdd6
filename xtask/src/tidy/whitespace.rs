//! Lines end as they should.

use super::{Problem, Tree};

/// Texts people write. SQL may mean the blanks it ends with.
const KINDS: [&str; 4] = [".rs", ".md", ".toml", ".yml"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files() {
        if !KINDS.iter().any(|kind| path.ends_with(kind)) {
            continue;
        }
        for (number, line) in (1..).zip(text.split_terminator('\n')) {
            let what = if line.ends_with('\r') {
                "a carriage return"
            } else if line.ends_with([' ', '\t']) {
                "blanks at the end of the line"
            } else if path.ends_with(".rs") && line.contains('\t') {
                "a tab"
            } else {
                continue;
            };
            problems.push(Problem::new(
                path,
                number,
                what,
                "take it away (in a literal: escape it)",
            ));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            let number = text.lines().count();
            problems.push(Problem::new(path, number, "no line break at the end", "add it"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_blank_is_found() {
        let found = |path, text| check(&Tree::of(&[(path, text)])).len();
        assert_eq!(found("a.rs", "x \n\ty\nz\r\nlast"), 4);
        assert_eq!(found("a.md", "\tx\n"), 0);
        assert_eq!(found("a.sql", "x \n"), 0);
        assert_eq!(found("a.rs", ""), 0);
    }
}
