//! Statements a managed target refuses compile there and fail when they are reached.

use crate::rule::case::{Case, Code};
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::sql::{Sql, TokenKind};

pub(super) const CHECK: Check = Check {
    id: "forbidden-statement",
    title: "Statements the target refuses",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT routine_schema, routine_name FROM information_schema.routines WHERE routine_definition REGEXP \
         'INTO[[:space:]]+(OUTFILE|DUMPFILE)|LOAD_FILE|SET[[:space:]]+(@@)?(GLOBAL|PERSIST)'",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations",
    judge,
};

/// Words that follow each other, and why they fail.
const FORBIDDEN: [(&[&str], &str); 16] = [
    (&["INTO", "OUTFILE"], "files on the server cannot be written"),
    (&["INTO", "DUMPFILE"], "files on the server cannot be written"),
    (&["LOAD_FILE"], "files on the server cannot be read"),
    (&["LOAD", "DATA"], "only LOAD DATA LOCAL works, and never inside of a program"),
    (&["SET", "GLOBAL"], "parameters are set from outside"),
    (&["SET", "PERSIST"], "parameters are set from outside"),
    (&["SET", "PERSIST_ONLY"], "parameters are set from outside"),
    (&["KILL"], "CALL mysql.az_kill instead"),
    (&["INSTALL", "PLUGIN"], "plugins cannot be installed"),
    (&["INSTALL", "COMPONENT"], "components cannot be installed"),
    (&["CHANGE", "MASTER"], "replication is set by mysql.az_replication_change_master"),
    (
        &["CHANGE", "REPLICATION", "SOURCE"],
        "replication is set by mysql.az_replication_change_master",
    ),
    (&["CREATE", "SERVER"], "there is no FEDERATED engine"),
    (&["CREATE", "TABLESPACE"], "files are the service's own"),
    (&["SHUTDOWN"], "the service starts and stops the server"),
    (&["LOCK", "INSTANCE"], "BACKUP_ADMIN is not granted"),
];

fn judge(case: &Case<'_>) -> Verdict {
    if !case.target.platform().is_managed() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for Code { object, sql } in case.code() {
        for (line, words) in words(&sql) {
            let hit = FORBIDDEN.iter().find(|(forbidden, _)| starts(&words, forbidden));
            if let Some((forbidden, why)) = hit {
                let what = format!("line {line}: {}: {why}", forbidden.join(" "));
                found.push(
                    Found::warns(&object, what)
                        .advise("rewrite it, or move it into the application"),
                );
            }
        }
        if writes_system_schema(&sql) {
            found.push(
                Found::warns(&object, "it writes to the schema mysql, which is read-only there")
                    .advise("use CREATE USER, GRANT and the like"),
            );
        }
    }
    Ok(found)
}

/// Every word with its line and the ones behind it; names, strings and comments are no words.
fn words(sql: &Sql) -> Vec<(usize, Vec<String>)> {
    const LONGEST: usize = 3;
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for token in sql.tokens().iter().filter(|token| token.is_code()) {
        let text = if token.kind == TokenKind::Word {
            sql.token_text(*token).to_uppercase()
        } else {
            String::new()
        };
        let before = sql.text().get(..token.start).unwrap_or_default();
        tokens.push((before.matches('\n').count() + 1, text));
    }
    (0..tokens.len())
        .filter_map(|at| {
            let window = tokens.iter().skip(at).take(LONGEST).map(|(_, word)| word.clone());
            let (line, first) = tokens.get(at)?;
            (!first.is_empty()).then(|| (*line, window.collect()))
        })
        .collect()
}

fn starts(words: &[String], forbidden: &[&str]) -> bool {
    words.len() >= forbidden.len()
        && words.iter().zip(forbidden).all(|(word, wanted)| word == wanted)
}

/// `UPDATE mysql.user`, `INSERT INTO mysql.db`, `DELETE FROM mysql.user`.
fn writes_system_schema(sql: &Sql) -> bool {
    let code: Vec<String> = sql
        .tokens()
        .iter()
        .filter(|token| token.is_code())
        .map(|token| sql.token_text(*token).to_uppercase())
        .collect();
    code.windows(3).any(|window| {
        let [verb, schema, dot] = window else { return false };
        matches!(verb.as_str(), "UPDATE" | "INTO" | "FROM")
            && matches!(schema.as_str(), "MYSQL" | "`MYSQL`")
            && dot == "."
    }) && code
        .iter()
        .any(|word| matches!(word.as_str(), "UPDATE" | "INSERT" | "DELETE" | "REPLACE"))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn statements_are_found_in_code_and_not_in_strings() {
        for (body, told) in [
            ("BEGIN\n  SELECT 1 INTO OUTFILE '/tmp/x';\nEND", "line 3: INTO OUTFILE: files"),
            ("SET GLOBAL max_connections = 9", "line 2: SET GLOBAL: parameters"),
            ("KILL 7", "line 2: KILL: CALL mysql.az_kill"),
            ("UPDATE mysql.user SET host = '%'", "writes to the schema mysql"),
            ("SELECT 'SET GLOBAL x', `KILL` /* SHUTDOWN */ FROM t", ""),
            ("SET SESSION sql_mode = ''", ""),
            ("SELECT 1 INTO @a", ""),
        ] {
            let said = Bench::clean().procedure(body).said(&CHECK);
            assert_eq!(said.len(), usize::from(!told.is_empty()), "{body}: {said:?}");
            assert!(said.iter().all(|line| line.contains(told)), "{body}: {said:?}");
        }
        assert_eq!(Bench::clean().to("mysql-8.4").procedure("KILL 7").levels(&CHECK), "");
    }
}
