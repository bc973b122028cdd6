//! The list of checks in the papers is the list of checks.

use std::fmt::Write as _;
use std::path::Path;

use sealift_schema::rule::{Level, Mode, TOPICS};

/// The page as it should be.
fn page() -> String {
    let mut page = String::from(
        "# The checks of `sealift assess`\n\n\
         Written by a test (`SEALIFT_WRITE_PAPERS=1 cargo test -p sealift --test main assess::papers`): not by hand.\n\
         How they are told and what to do about them: [assess.md](assess.md).\n",
    );
    for topic in TOPICS {
        writeln!(
            page,
            "\n## {}\n\n| Check | About | At worst | Concerns |\n|---|---|---|---|",
            topic.name
        )
        .unwrap();
        for check in topic.checks {
            let worst = match check.worst {
                Level::Blocks => "blocks",
                Level::Warns => "warns",
                Level::Notes => "notes",
            };
            let mode = match check.mode {
                Mode::All => "all",
                Mode::Offline => "offline",
                Mode::Online => "online",
            };
            writeln!(
                page,
                "| `{}` | [{}]({}) | {worst} | {mode} |",
                check.id, check.title, check.link
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn every_check_is_in_the_papers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    if std::env::var_os("SEALIFT_WRITE_PAPERS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/checks.md is not the list of checks: write it as its head says"
    );
}
