//! No package registry's host and no path of one developer's machine in the tree.

use super::{Problem, Tree};

/// Hosts of registries and mirrors. The lab asks apt where its packages are; cargo knows its own.
const HOSTS: [&str; 9] = [
    "index.crates.io",
    "static.crates.io",
    "deb.debian.org",
    "security.debian.org",
    "snapshot.debian.org",
    "pypi.org",
    "pythonhosted.org",
    "registry.npmjs.org",
    "proxy.golang.org",
];

/// Words in the host names of private mirrors.
const MIRRORS: [&str; 4] = ["artifactory", "nexus", "mirror", "registry"];

/// Beginnings of paths that exist on one machine only.
const PLACES: [&str; 5] = ["/home/", "/Users/", "/root/", "/work/", "/tmp/wt/"];

/// Where the words themselves stand.
const HERE: &str = "xtask/src/tidy/hosts.rs";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files().iter().filter(|(path, _)| *path != HERE) {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(host) = host_in(line) {
                let what = format!("names the package host {host}");
                let instead = "ask the machine's own configuration";
                problems.push(Problem::new(path, number, what, instead));
            }
            if let Some(place) = place_in(line) {
                let what = format!("names a path of one machine ({place})");
                let instead = "derive it, or take it as an argument";
                problems.push(Problem::new(path, number, what, instead));
            }
        }
    }
    problems
}

fn host_in(line: &str) -> Option<String> {
    let known = HOSTS.iter().find(|host| line.contains(**host)).map(|host| (*host).to_owned());
    known.or_else(|| {
        let named = line.split("://").skip(1).map(host_of);
        named
            .filter(|host| host.contains('.') && !is_made_up(host))
            .find(|host| MIRRORS.iter().any(|word| host.contains(word)))
    })
}

/// Names reserved for examples (<https://www.rfc-editor.org/rfc/rfc2606>).
fn is_made_up(host: &str) -> bool {
    host.ends_with(".example") || host.ends_with("example.com")
}

fn host_of(rest: &str) -> String {
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect()
}

fn place_in(line: &str) -> Option<&'static str> {
    PLACES.into_iter().find(|place| {
        line.match_indices(place).any(|(start, _)| {
            let before = line.get(..start).and_then(|before| before.chars().next_back());
            !before.is_some_and(|c| c.is_alphanumeric() || "/.}_-)>".contains(c))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_places_are_found_and_nothing_else() {
        let cases = [
            ("deb http://deb.debian.org/debian sid main", true),
            ("https://mirror.acme.io/debian", true),
            ("https://mirror.example/debian", false),
            ("source = \"registry+https://github.com/rust-lang/crates.io-index\"", false),
            ("https://dev.mysql.com/doc/refman/9.7/en/", false),
            ("mkdir /home/me/x", true),
            ("\"/work/main\"", true),
            ("$ROOT/root/x, docs/work/x, frame/home/", false),
        ];
        for (line, expected) in cases {
            let tree = Tree::of(&[("README.md", line)]);
            assert_eq!(!check(&tree).is_empty(), expected, "{line}");
        }
    }
}
