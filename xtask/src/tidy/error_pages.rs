//! Every error code has its page, and every page its code.

use std::collections::BTreeMap;

use super::{Problem, Tree};

const CODES: &str = "crates/engine/src/fault.rs";
const PAGES: &str = "docs/errors";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let codes = codes(tree.text(CODES).unwrap_or_default());
    let mut problems = Vec::new();
    if codes.is_empty() {
        problems.push(Problem::new(CODES, 1, "no error code found", "correct this check"));
    }
    for (code, (line, title)) in &codes {
        let page = format!("{PAGES}/{code}.md");
        let heading = format!("# {code}: {title}");
        match tree.text(&page).map(|text| text.lines().next().unwrap_or_default()) {
            None => {
                let what = format!("{code} has no page");
                problems.push(Problem::new(CODES, *line, what, format!("write {page}")));
            }
            Some(found) if found != heading => {
                let what = "the heading is not the code's title";
                problems.push(Problem::new(&page, 1, what, format!("write `{heading}`")));
            }
            Some(_) => {}
        }
    }
    for (path, _) in tree.under(PAGES) {
        let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".md");
        if name.starts_with("SL") && !codes.contains_key(name) {
            let instead = "codes are never removed: restore it, or correct the file's name";
            problems.push(Problem::new(path, 1, "a page without a code", instead));
        }
    }
    problems
}

/// Codes as `Variant = "SL0101", "title",` with line and title.
fn codes(text: &str) -> BTreeMap<&str, (usize, &str)> {
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(number, line)| {
            let (_variant, rest) = line.trim().split_once(" = \"SL")?;
            let digits = rest.find('"')?;
            let code = line.trim().split('"').nth(1)?;
            let title = rest.get(digits..)?.split('"').nth(2)?;
            Some((code, (number, title)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pages_belong_together() {
        let source = "    A = \"SL0101\", \"one thing\",\n        \"do\";\n    B = \"SL0102\", \"two\",\n    C = \"SL0103\", \"three\",\n";
        let tree = Tree::of(&[
            (CODES, source),
            ("docs/errors/SL0101.md", "# SL0101: one thing\n"),
            ("docs/errors/SL0102.md", "# SL0102: another\n"),
            ("docs/errors/SL0999.md", "# SL0999: gone\n"),
        ]);
        let lines: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "docs/errors/SL0102.md:1: the heading is not the code's title; write `# SL0102: two`",
                "crates/engine/src/fault.rs:4: SL0103 has no page; write docs/errors/SL0103.md",
                "docs/errors/SL0999.md:1: a page without a code; codes are never removed: restore it, or correct the file's name",
            ]
        );
    }
}
