//! Every module says what it is for, has a name of the domain, and is compiled.

use std::collections::BTreeSet;

use super::rust_text::code;
use super::{Problem, Tree};

/// Names of rooms into which everything falls.
const DRAWERS: [&str; 9] =
    ["util", "utils", "common", "types", "manager", "helper", "helpers", "misc", "shared"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust() {
        if !text.starts_with("//! ") {
            let instead = "open it with one `//!` sentence that says what it is for";
            problems.push(Problem::new(path, 1, "the module has no doc line", instead));
        }
        let drawer = path.split(['/', '.']).find(|part| DRAWERS.contains(part));
        if let Some(name) = drawer {
            let what = format!("a module named {name}");
            problems.push(Problem::new(path, 1, what, "name it for the noun it is about"));
        }
    }
    problems.extend(forgotten(tree));
    problems
}

/// Files that no `mod` line reaches, and test binaries beside the one.
fn forgotten(tree: &Tree) -> Vec<Problem> {
    let declared = declared(tree);
    let mut problems = Vec::new();
    for (path, _) in tree.rust().filter(|(path, _)| !is_root(path)) {
        if is_taken_for_a_binary(tree, path) {
            let instead = "make it a module of tests/main.rs (and autotests = false), or main.rs of \
                           a folder of its own";
            problems.push(Problem::new(path, 1, "a second test binary", instead));
        } else if !declared.contains(path) {
            let what = "no `mod` line reaches this file";
            problems.push(Problem::new(path, 1, what, "declare or delete it"));
        }
    }
    problems
}

/// Cargo builds each file that lies directly in `tests`, unless the manifest forbids it.
fn is_taken_for_a_binary(tree: &Tree, path: &str) -> bool {
    let Some((krate, file)) = path.split_once("/tests/") else { return false };
    let manifest = tree.text(&format!("{krate}/Cargo.toml")).unwrap_or_default();
    !file.contains('/') && !manifest.lines().any(|line| line == "autotests = false")
}

/// Crate roots as cargo finds them.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').rev().collect();
    match parts.as_slice() {
        ["lib.rs" | "main.rs", "src", ..] | ["build.rs", ..] => true,
        [_, "bin", "src", ..] | [_, "benches" | "examples" | "fuzz_targets", ..] => true,
        // The one test binary, and one in a folder of its own (the model).
        ["main.rs", "tests", ..] | ["main.rs", _, "tests", ..] => true,
        _ => false,
    }
}

/// The files that `mod` lines of other files could mean.
fn declared(tree: &Tree) -> BTreeSet<String> {
    let mut declared = BTreeSet::new();
    for (path, text) in tree.rust() {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let below = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            other => format!("{folder}/{}", other.trim_end_matches(".rs")),
        };
        for line in code(text).lines() {
            let Some(name) = line.trim().strip_suffix(';').and_then(mod_name) else { continue };
            declared.insert(format!("{below}/{name}.rs"));
            declared.insert(format!("{below}/{name}/mod.rs"));
        }
    }
    declared
}

fn mod_name(line: &str) -> Option<&str> {
    let (before, name) = line.rsplit_once("mod ")?;
    let visibility = before.trim();
    (visibility.is_empty() || visibility.starts_with("pub") || visibility.ends_with(']'))
        .then_some(name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(|p| format!("{}: {}", p.file, p.what)).collect()
    }

    #[test]
    fn a_module_without_a_sentence_or_with_a_drawers_name_is_refused() {
        assert_eq!(
            problems(&[
                ("crates/a/src/lib.rs", "//! A.\nmod utils;\nmod b;"),
                ("crates/a/src/utils.rs", "//! Things."),
                ("crates/a/src/b.rs", "use x;"),
            ]),
            [
                "crates/a/src/b.rs: the module has no doc line",
                "crates/a/src/utils.rs: a module named utils"
            ]
        );
    }

    #[test]
    fn a_file_nobody_declares_is_forgotten() {
        assert_eq!(
            problems(&[
                ("crates/a/src/lib.rs", "//! A.\npub(crate) mod b;\n// mod gone;"),
                ("crates/a/src/b/mod.rs", "//! B.\n#[cfg(test)] mod c;"),
                ("crates/a/src/b/c.rs", "//! C."),
                ("crates/a/src/gone.rs", "//! Gone."),
                ("crates/a/tests/main.rs", "//! T.\nmod copy;"),
                ("crates/a/tests/copy/mod.rs", "//! T."),
                ("crates/a/tests/copy/lost.rs", "//! T."),
                ("crates/a/tests/other.rs", "//! T."),
                ("crates/b/Cargo.toml", "autotests = false\n"),
                ("crates/b/tests/main.rs", "//! T.\nmod screens;"),
                ("crates/b/tests/screens.rs", "//! T."),
                ("crates/a/tests/model/main.rs", "//! T."),
            ]),
            [
                "crates/a/src/gone.rs: no `mod` line reaches this file",
                "crates/a/tests/copy/lost.rs: no `mod` line reaches this file",
                "crates/a/tests/other.rs: a second test binary",
            ]
        );
    }
}
