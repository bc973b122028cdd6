//! A function fits a screen, a file fits a head; what does not is listed, and the list only shrinks.

use std::collections::BTreeMap;

use super::rust_text::{code, lines_without_tests};
use super::{Problem, Tree};

const LIST: &str = "xtask/tidy.allow";

/// Lines a file may have without its tests.
const FILE_LINES_MAX: usize = 600;

/// Clippy measures functions (70 lines, clippy.toml); what it is told to overlook must be listed.
const OVERLOOK: &str = "clippy::too_many_lines";

/// What is too long in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The file: lines without tests.
    File,
    /// Functions: how many are overlooked.
    Functions,
}

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let (mut listed, mut problems) = read(tree.text(LIST).unwrap_or_default());
    for (path, text) in tree.rust() {
        let overlooked = code(text).matches(OVERLOOK).count();
        let lines = if path.contains("/tests/") { 0 } else { lines_without_tests(text) };
        let lines = if lines > FILE_LINES_MAX { lines } else { 0 };
        for (kind, found) in [(Kind::File, lines), (Kind::Functions, overlooked)] {
            let entry = listed.remove(&(kind, path.to_owned()));
            let (line, allowed) = entry.unwrap_or((0, 0));
            if found > allowed {
                problems.push(too_long(kind, path, found));
            } else if found < allowed {
                problems.push(slack(kind, path, line, found));
            }
        }
    }
    problems
        .extend(listed.into_iter().map(|((kind, path), (line, _))| slack(kind, &path, line, 0)));
    problems
}

/// By kind and file: the list's line and the number allowed.
type Listed = BTreeMap<(Kind, String), (usize, usize)>;

fn read(text: &str) -> (Listed, Vec<Problem>) {
    let mut listed = BTreeMap::new();
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(line) {
            Some((kind, path, allowed)) => {
                listed.insert((kind, path), (number, allowed));
            }
            None => problems.push(Problem::new(
                LIST,
                number,
                "not an entry",
                "write `file PATH LINES` or `functions PATH COUNT`",
            )),
        }
    }
    (listed, problems)
}

fn entry(line: &str) -> Option<(Kind, String, usize)> {
    let mut words = line.split_whitespace();
    let kind = match words.next()? {
        "file" => Kind::File,
        "functions" => Kind::Functions,
        _ => return None,
    };
    let entry = (kind, words.next()?.to_owned(), words.next()?.parse().ok()?);
    words.next().is_none().then_some(entry)
}

fn too_long(kind: Kind, path: &str, found: usize) -> Problem {
    match kind {
        Kind::File => {
            let what = format!("{found} lines without tests, more than {FILE_LINES_MAX}");
            Problem::new(path, 1, what, "split it by noun")
        }
        Kind::Functions => {
            let what = format!("{found} functions longer than a screen");
            Problem::new(path, 1, what, "split them, and take the attribute away")
        }
    }
}

fn slack(kind: Kind, path: &str, line: usize, found: usize) -> Problem {
    let what = format!("{path} is better than its entry");
    let instead = match (kind, found) {
        (_, 0) => "delete the line".to_owned(),
        (Kind::File, lines) => format!("write `file {path} {lines}`"),
        (Kind::Functions, count) => format!("write `functions {path} {count}`"),
    };
    Problem::new(LIST, line, what, instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(list: &str, lines: usize, overlooked: usize) -> Vec<String> {
        let text = "x\n".repeat(lines - overlooked)
            + &format!("#[allow({OVERLOOK})]\n").repeat(overlooked);
        let tree = Tree::of(&[(LIST, list), ("crates/a/src/b.rs", &text)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_list_allows_what_it_says_and_only_shrinks() {
        assert!(problems("", 600, 0).is_empty());
        assert_eq!(problems("", 601, 0).len(), 1);
        assert!(problems("# why\nfile crates/a/src/b.rs 700\n", 700, 0).is_empty());
        assert_eq!(problems("file crates/a/src/b.rs 700\n", 701, 0).len(), 1);
        assert_eq!(
            problems("file crates/a/src/b.rs 700\n", 650, 0),
            [
                "xtask/tidy.allow:1: crates/a/src/b.rs is better than its entry; write `file crates/a/src/b.rs 650`"
            ]
        );
        assert_eq!(
            problems("file crates/a/src/b.rs 700\n", 5, 0),
            ["xtask/tidy.allow:1: crates/a/src/b.rs is better than its entry; delete the line"]
        );
        assert_eq!(problems("file crates/gone.rs 700\n", 5, 0).len(), 1);
        assert_eq!(problems("", 5, 1).len(), 1);
        assert!(problems("functions crates/a/src/b.rs 1\n", 5, 1).is_empty());
        assert_eq!(problems("anything\n", 5, 0).len(), 1);
    }
}
