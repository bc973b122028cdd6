//! What a server says of an account, cut into pieces that can be compared, as `pt-show-grants` does: nothing
//! of ours checks itself.

use std::collections::BTreeSet;

use sealift_lab::Server;

/// Rights as single sentences.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rights(BTreeSet<String>);

impl Rights {
    pub(super) fn of<const N: usize>(rights: [&str; N]) -> Self {
        Self(rights.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }
}

/// `SHOW GRANTS` of `user@host`, a sentence per privilege and object.
pub(super) fn rights(server: &Server, account: &str) -> Rights {
    let mut all = BTreeSet::new();
    for line in server.sql(format!("SHOW GRANTS FOR {}", quoted(account))).lines() {
        let (given, _) = line.rsplit_once(" TO ").or_else(|| line.rsplit_once(" FROM ")).unwrap();
        let (verb, given) = given.split_once(' ').unwrap();
        let on = given.find(" ON ").map_or("", |at| &given[at..]);
        let list = given.strip_suffix(on).unwrap();
        let mut one = String::new();
        let mut depth = 0;
        for c in list.chars().chain([',']) {
            match c {
                ',' if depth == 0 => {
                    let name = one.trim();
                    if name != "USAGE" {
                        let word = if verb == "REVOKE" { "no " } else { "" };
                        all.insert(format!("{word}{name}{on}"));
                    }
                    one.clear();
                    continue;
                }
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            one.push(c);
        }
        if line.contains("WITH GRANT OPTION") {
            let dynamic = list.contains('_') && !list.contains(' ');
            let what =
                if dynamic { format!("GRANT OPTION of {list}") } else { "GRANT OPTION".into() };
            all.insert(format!("{what}{on}"));
        }
        if line.contains("WITH ADMIN OPTION") {
            all.insert(format!("ADMIN OPTION of {list}"));
        }
    }
    Rights(all)
}

/// `SHOW CREATE USER` of `user@host` behind the name.
pub(super) fn definition(server: &Server, account: &str) -> String {
    let quoted = quoted(account);
    let said =
        server.sql(format!("SET print_identified_with_as_hex = 1; SHOW CREATE USER {quoted}"));
    said.trim().strip_prefix(&format!("CREATE USER {quoted} ")).unwrap_or(&said).to_owned()
}

fn quoted(account: &str) -> String {
    match account.split_once('@') {
        Some((user, host)) => format!("`{user}`@`{host}`"),
        None => format!("`{account}`"),
    }
}
