//! The engine's stages do not know each other, and nobody knows the conductor.

use super::rust_text::code;
use super::{Problem, Tree};

const ENGINE: &str = "crates/engine/src/";

/// The stages, in the order a migration meets them. `run` is the conductor.
const STAGES: [&str; 9] =
    ["assess", "prepare", "copy", "stream", "apply", "verify", "repair", "cutover", "run"];

/// Who may know whom besides `run`, who knows all.
const KNOWS: [(&str, &str); 3] = [("copy", "apply"), ("repair", "verify"), ("cutover", "verify")];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust() {
        let Some(place) = path.strip_prefix(ENGINE) else { continue };
        let module = place.split(['/', '.']).next().unwrap_or_default();
        if module == "run" || module == "lib" {
            continue;
        }
        for (line, used) in used_modules(&code(text)) {
            let is_stage = STAGES.contains(&used.as_str()) && used != module;
            let between_stages = STAGES.contains(&module) || used == "run";
            if is_stage && between_stages && !KNOWS.contains(&(module, used.as_str())) {
                let what = format!("{module} knows {used}");
                let instead = "let run bring the two together, by plain data";
                problems.push(Problem::new(path, line, what, instead));
            }
        }
    }
    problems
}

/// The modules named after `crate::`, alone or in braces.
fn used_modules(code: &str) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let line = code.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let rest = code.get(start + "crate::".len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(list) => used.extend(top_level(list).into_iter().map(|name| (line, name))),
            None => used.push((line, word(rest))),
        }
    }
    used
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first words of a braced list's members.
fn top_level(list: &str) -> Vec<String> {
    let mut names = vec![word(list)];
    let mut depth = 1;
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(word(list.get(i + 1..).unwrap_or_default())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<(usize, String)> {
        let tree = Tree::of(&[(path, text)]);
        check(&tree).into_iter().map(|problem| (problem.line, problem.what)).collect()
    }

    #[test]
    fn a_stage_that_knows_another_is_named() {
        let text =
            "use crate::fault::Fault;\nuse crate::{plan, copy::{a, run}, verify};\n// crate::run\n";
        assert_eq!(
            problems("crates/engine/src/prepare/mod.rs", text),
            [(2, "prepare knows copy".to_owned()), (2, "prepare knows verify".to_owned())]
        );
    }

    #[test]
    fn the_exceptions_of_the_map_hold() {
        assert!(problems("crates/engine/src/copy/lane.rs", "use crate::apply::Lane;").is_empty());
        assert!(problems("crates/engine/src/run.rs", "use crate::copy::Lane;").is_empty());
        assert!(problems("crates/engine/src/progress.rs", "use crate::copy::Lane;").is_empty());
        assert_eq!(problems("crates/engine/src/progress.rs", "use crate::run::A;").len(), 1);
    }
}
