//! The number of packages we depend on has a limit.

use super::{Problem, Tree};

/// Packages in Cargo.lock. Each is code we answer for and a second of every cold build; raise it only
/// with the commit that says what the new ones are for.
const PACKAGES_MAX: usize = 240;

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let lock = tree.text("Cargo.lock").unwrap_or_default();
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    if packages <= PACKAGES_MAX {
        return Vec::new();
    }
    let what = format!("{packages} packages, more than {PACKAGES_MAX}");
    vec![Problem::new("Cargo.lock", 1, what, "do without one (`cargo tree` shows who brings it)")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_too_many_is_refused() {
        let lock = |packages| "[[package]]\nname = \"x\"\n".repeat(packages);
        let found = |packages| check(&Tree::of(&[("Cargo.lock", &lock(packages))])).len();
        assert_eq!((found(PACKAGES_MAX), found(PACKAGES_MAX + 1)), (0, 1));
    }
}
