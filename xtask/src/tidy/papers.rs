//! The papers beside the code: a README per crate, a changelog, links that lead somewhere.

use super::{Problem, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in tree.folders("crates") {
        let path = format!("crates/{name}/README.md");
        if tree.text(&path).is_none() {
            let instead = "say what the room is for, how data flows in it, why it is so";
            problems.push(Problem::new(&path, 1, "the crate has no README", instead));
        }
    }
    let changelog = tree.text("CHANGELOG.md").unwrap_or_default();
    if !changelog.lines().any(|line| line.starts_with("## [Unreleased]")) {
        let what = "no heading `## [Unreleased]`";
        problems.push(Problem::new("CHANGELOG.md", 1, what, "write the change under it"));
    }
    for (path, text) in tree.files().iter().filter(|(path, _)| path.ends_with(".md")) {
        for (line, link) in links(text) {
            if !leads_somewhere(tree, path, link) {
                let what = format!("the link to {link} leads nowhere");
                problems.push(Problem::new(path, line, what, "correct it"));
            }
        }
    }
    problems
}

/// Targets of `[words](target)`.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, words)| {
        words.split("](").skip(1).filter_map(move |rest| Some((line, rest.split_once(')')?.0)))
    })
}

fn leads_somewhere(tree: &Tree, from: &str, link: &str) -> bool {
    let target = link.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut place: Vec<&str> = from.split('/').collect();
    place.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                place.pop();
            }
            name => place.push(name),
        }
    }
    tree.has(&place.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_readme_a_missing_heading_and_a_dead_link_are_named() {
        let tree = Tree::of(&[
            ("CHANGELOG.md", "# Changelog\n"),
            ("crates/a/src/lib.rs", ""),
            ("docs/x.md", "[a](../crates/a) [b](y.md#top) [c](https://example.com) [d](#here)"),
        ]);
        let lines: Vec<_> =
            check(&tree).iter().map(|p| format!("{}: {}", p.file, p.what)).collect();
        assert_eq!(
            lines,
            [
                "crates/a/README.md: the crate has no README",
                "CHANGELOG.md: no heading `## [Unreleased]`",
                "docs/x.md: the link to y.md#top leads nowhere",
            ]
        );
    }
}
