//! Reserved words of a target: its own list, or the one of its version while there is no server to ask.

use std::collections::BTreeSet;

use super::question::{Answers, Question};
use crate::facts::{ServerFacts, Side};

/// Reserved words of MySQL 9.7, as `information_schema.keywords` lists them.
const NEWEST: &str = include_str!("words/reserved.txt");

/// The words, upper case.
#[must_use]
pub fn reserved(target: &ServerFacts, answers: &Answers) -> BTreeSet<String> {
    let listed = answers.rows(Question::Keywords, Side::Target, "").unwrap_or_default();
    if !listed.is_empty() {
        return listed.iter().map(|row| row.text("word").to_uppercase()).collect();
    }
    let mut words: BTreeSet<String> = NEWEST.split_whitespace().map(str::to_owned).collect();
    let mut change = |gone: &[&str], added: &[&str]| {
        words.retain(|word| !gone.contains(&word.as_str()));
        words.extend(added.iter().map(|word| (*word).to_owned()));
    };
    // https://dev.mysql.com/doc/refman/8.4/en/keywords.html
    if target.version.number < (9, 0, 0) {
        change(&["EXTERNAL", "LIBRARY"], &["MANUAL", "PARALLEL"]);
    }
    if target.version.number < (8, 4, 0) {
        change(
            &["MANUAL", "PARALLEL", "QUALIFY", "TABLESAMPLE"],
            &["MASTER_BIND", "MASTER_SSL_VERIFY_SERVER_CERT"],
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::platform::Profile;

    #[test]
    fn each_version_has_its_own_words() {
        let has = |profile: &str, word: &str| {
            let facts = profile.parse::<Profile>().unwrap().facts();
            reserved(&facts, &Answers::default()).contains(word)
        };
        assert!(has("azure-8.0", "RANK") && has("mysql-9.x", "RANK"));
        assert!(has("azure-8.4", "MANUAL") && !has("azure-8.0", "MANUAL"));
        assert!(has("azure-8.4", "QUALIFY") && !has("azure-8.0", "QUALIFY"));
        assert!(has("mysql-9.x", "LIBRARY") && !has("azure-8.4", "LIBRARY"));
    }
}
