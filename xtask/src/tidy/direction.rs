//! Dependencies between our crates point one way.

use std::collections::BTreeSet;

use super::{Problem, Tree};

/// The product's crates, lowest first: each may use those before it.
const LAYERS: [&str; 5] =
    ["sealift-schema", "sealift-mysql", "sealift-engine", "sealift-server", "sealift"];

/// Never linked into the product; its tests may use them.
const TOOLS: [&str; 4] = ["sealift-lab", "sealift-fuzz", "sealift-peers", "xtask"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.files().iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
    manifests.flat_map(|(path, text)| judge(path, text)).collect()
}

fn judge(path: &str, text: &str) -> Vec<Problem> {
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(cause) => return vec![Problem::new(path, 1, cause.to_string(), "correct it")],
    };
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let Some(name) = name.and_then(toml::Value::as_str) else { return Vec::new() };
    let Some(layer) = LAYERS.iter().position(|known| *known == name) else {
        if TOOLS.contains(&name) {
            return Vec::new();
        }
        let what = format!("crate {name} has no place in the order");
        return vec![Problem::new(path, 1, what, "give it one in xtask/src/tidy/direction.rs")];
    };
    let below: BTreeSet<&str> = LAYERS.iter().copied().take(layer).collect();
    let mut problems = Vec::new();
    for (section, tools_too) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        let Some(used) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
        for other in used.keys().map(String::as_str) {
            let ours = LAYERS.contains(&other) || TOOLS.contains(&other);
            let allowed = below.contains(other) || (tools_too && other == "sealift-lab");
            if ours && !allowed {
                let line = line_of(text, other);
                let what = format!("{name} may not use {other} ({section})");
                let instead = "let the upper crate bring the two together";
                problems.push(Problem::new(path, line, what, instead));
            }
        }
    }
    problems
}

fn line_of(text: &str, dependency: &str) -> usize {
    let is_it = |line: &str| {
        line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    text.lines().position(is_it).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_uses_those_below_it_and_tests_use_the_lab() {
        let manifest = "[package]\nname = \"sealift-mysql\"\n[dependencies]\nsealift-schema.workspace = true\n\
                        sealift-engine.workspace = true\nsealift-lab = {}\n[dev-dependencies]\nsealift-lab = {}\n";
        let problems = judge("crates/mysql/Cargo.toml", manifest);
        let lines: Vec<_> = problems.iter().map(|p| (p.line, p.what.as_str())).collect();
        assert_eq!(
            lines,
            [
                (5, "sealift-mysql may not use sealift-engine (dependencies)"),
                (6, "sealift-mysql may not use sealift-lab (dependencies)"),
            ]
        );
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(judge("crates/x/Cargo.toml", "[package]\nname = \"sealift-x\"\n").len(), 1);
    }
}
