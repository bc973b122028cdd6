//! Clock, environment, sockets and files are touched where the map allows it, nowhere else.

use super::rust_text::code;
use super::{Problem, Tree};

/// What is touched, by the words that do it.
struct Touch {
    what: &'static str,
    words: &'static [&'static str],
    /// Beginnings of the paths that may.
    places: &'static [&'static str],
    instead: &'static str,
}

/// The product's code; tests and tools may touch what they like.
const PRODUCT: [&str; 5] = ["schema", "mysql", "engine", "server", "sealift"];

const TOUCHES: [Touch; 4] = [
    Touch {
        what: "reads a clock",
        words: &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"],
        places: &["crates/engine/src/clock.rs"],
        instead: "take a Clock",
    },
    Touch {
        what: "reads the environment",
        words: &["env::var", "env::vars", "env::var_os", "env::args", "env::current_dir"],
        places: &["crates/sealift/src/"],
        instead: "take the value; crates/sealift reads it",
    },
    Touch {
        what: "opens a socket",
        words: &["TcpStream", "UnixStream", "TcpListener"],
        places: &["crates/mysql/src/", "crates/server/src/api/"],
        instead: "crates/mysql speaks to servers, crates/server/src/api to those who ask",
    },
    Touch {
        what: "does I/O",
        words: &["std::fs", "std::net", "std::process", "std::thread", "tokio::"],
        places: &[
            "crates/mysql/src/",
            "crates/engine/src/",
            "crates/server/src/",
            "crates/sealift/src/",
        ],
        instead: "crates/schema is pure: take plain data",
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| is_product(path)) {
        let code = product_code(text);
        for touch in &TOUCHES {
            if touch.places.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            for (number, line) in (1..).zip(code.lines()) {
                if let Some(word) = touch.words.iter().find(|word| line.contains(**word)) {
                    let what = format!("{} ({word})", touch.what);
                    problems.push(Problem::new(path, number, what, touch.instead));
                }
            }
        }
    }
    problems
}

fn is_product(path: &str) -> bool {
    PRODUCT.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")))
        && !path.ends_with("/tests.rs")
}

/// The code before a file's tests, which stand last.
fn product_code(text: &str) -> String {
    let code = code(text);
    code.find("#[cfg(test)]\nmod ").and_then(|end| code.get(..end)).unwrap_or(&code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let tree = Tree::of(&[(path, text)]);
        check(&tree).into_iter().map(|problem| (problem.line, problem.what)).collect()
    }

    #[test]
    fn each_room_touches_what_the_map_allows() {
        let clock = "let a = 1;\nlet now = Instant::now();\n";
        assert_eq!(
            found("crates/engine/src/copy/lane.rs", clock),
            [(2, "reads a clock (Instant::now)".to_owned())]
        );
        assert!(found("crates/engine/src/clock.rs", clock).is_empty());
        assert!(found("crates/lab/src/wait.rs", clock).is_empty());
        assert_eq!(found("crates/schema/src/a.rs", "use std::fs;").len(), 1);
        assert!(found("crates/mysql/src/a.rs", "use tokio::net::TcpStream;").is_empty());
        assert_eq!(found("crates/engine/src/a.rs", "use tokio::net::TcpStream;").len(), 1);
        assert_eq!(found("crates/engine/src/a.rs", "std::env::var(x)").len(), 1);
    }

    #[test]
    fn comments_and_tests_may_speak_of_it() {
        let text = "// Instant::now\n#[cfg(test)]\nmod tests { fn a() { Instant::now() } }\n";
        assert!(found("crates/engine/src/a.rs", text).is_empty());
    }
}
