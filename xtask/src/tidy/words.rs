//! Words that are not merged, each with what to write instead.

use super::rust_text::code;
use super::{Problem, Tree};

/// Where the words themselves stand.
const HERE: &str = "xtask/src/tidy/";

/// Not even in a comment.
const ANYWHERE: [(&str, &str); 3] = [
    ("FIXME", "fix it, or open an issue and name it"),
    ("XXX", "say what is meant"),
    ("HACK", "say why it is so"),
];

/// Not in code. `unwrap` and the like are clippy's.
const IN_CODE: [(&str, &str); 4] = [
    ("todo!", "write it, or leave it out until it is needed"),
    ("unimplemented!", "write it, or leave it out until it is needed"),
    ("dbg!", "use tracing"),
    ("sleep(", "wait for a fact, never for a time"),
];

/// The places that may wait for a time: the pause between attempts, and the lab's one loop that asks a
/// server again until a fact is true.
const MAY_SLEEP: [&str; 2] = ["crates/engine/src/target/pause.rs", "crates/lab/src/wait.rs"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| !path.starts_with(HERE)) {
        problems.extend(find(path, text, &ANYWHERE));
        let in_code = find(path, &code(text), &IN_CODE);
        problems.extend(
            in_code
                .into_iter()
                .filter(|problem| !(problem.what.contains("sleep(") && MAY_SLEEP.contains(&path))),
        );
    }
    problems
}

fn find(path: &str, text: &str, words: &[(&str, &str)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for (word, instead) in words {
            if starts_in(line, word) {
                problems.push(Problem::new(path, number, format!("`{word}`"), *instead));
            }
        }
    }
    problems
}

/// Whether the word stands in the line as a word, not as the end of another.
fn starts_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|before| before.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|after| after.chars().next());
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && (word.ends_with(['!', '(']) || !part(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let tree = Tree::of(&[("crates/a/src/lib.rs", text)]);
        check(&tree).into_iter().map(|problem| (problem.line, problem.what)).collect()
    }

    #[test]
    fn words_are_found_in_code_and_comments_as_they_should() {
        assert_eq!(found("// FIXME later\n"), [(1, "`FIXME`".to_owned())]);
        assert_eq!(found("\ntokio::time::sleep(x)\n"), [(2, "`sleep(`".to_owned())]);
        assert!(found("// sleep(1)\nlet s = \"SELECT sleep(1)\"; oversleep(s)\n").is_empty());
        assert_eq!(found("todo!()").len(), 1);
        assert!(found("VXXXV").is_empty());
    }
}
