//! `cargo x tidy`: the rules of STYLE.md and ARCHITECTURE.md that a program can check.

use std::fmt;
use std::process::ExitCode;

mod tree;
mod rust_text;
mod map;
mod direction;
mod stages;
mod surroundings;
mod modules;
mod size;
mod words;
mod hosts;
mod error_pages;
mod papers;
mod traps;
mod scenarios;
mod whitespace;
mod lockfile;

use tree::Tree;

/// Checks the working tree against the rules of STYLE.md and ARCHITECTURE.md.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// What is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    file: String,
    line: usize,
    what: String,
    instead: String,
}

impl Problem {
    fn new(file: &str, line: usize, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), instead: instead.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.instead)
    }
}

/// All checks. Each sees the whole tree and nothing else, so each is tested on a made-up one.
const CHECKS: [fn(&Tree) -> Vec<Problem>; 14] = [
    map::check,
    direction::check,
    stages::check,
    surroundings::check,
    modules::check,
    size::check,
    words::check,
    hosts::check,
    error_pages::check,
    papers::check,
    traps::check,
    scenarios::check,
    whitespace::check,
    lockfile::check,
];

/// Prints one line per problem.
pub(crate) fn run(Args {}: Args) -> ExitCode {
    let tree = match Tree::of_workspace() {
        Ok(tree) => tree,
        Err(cause) => {
            eprintln!("tidy cannot read the workspace: {cause}");
            return ExitCode::FAILURE;
        }
    };
    let problems = problems(&tree);
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!("tidy: {} files, nothing to do", tree.files().len());
        return ExitCode::SUCCESS;
    }
    println!("tidy: {} problems", problems.len());
    ExitCode::FAILURE
}

fn problems(tree: &Tree) -> Vec<Problem> {
    let mut problems: Vec<_> = CHECKS.iter().flat_map(|check| check(tree)).collect();
    problems.sort();
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let tree = Tree::of_workspace().unwrap();
        let lines: Vec<_> = problems(&tree).iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
