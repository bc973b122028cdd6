//! Accounts of a server that has no `SHOW CREATE USER`, which came with MySQL 5.7.6: what its table says of them, as
//! later servers print it.
//!
//! <https://dev.mysql.com/doc/refman/5.6/en/grant-tables.html>,
//! <https://dev.mysql.com/doc/refman/5.6/en/password-hashing.html>

use std::fmt::Write as _;

use sealift_schema::account::AccountName;
use sealift_schema::name::literal;

use crate::error::MysqlError;
use crate::session::{Session, TextRow};

/// Columns that hold proofs come as digits: they need not be text.
const COLUMNS: &str = "plugin, HEX(password), HEX(authentication_string), password_expired, ssl_type, ssl_cipher, \
    x509_issuer, x509_subject, max_questions, max_updates, max_connections, max_user_connections";

/// The statement that would make an account; `None` when it is gone.
pub(super) async fn create_user(
    session: &mut Session,
    name: &AccountName,
) -> Result<Option<String>, MysqlError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM mysql.user WHERE user = {} AND host = {}",
        literal(&name.user),
        literal(&name.host)
    );
    let row = session.first(sql).await?;
    row.map(|row| Ok(said(&read(&row)?, name))).transpose()
}

/// What the table says.
#[derive(Debug, Default)]
struct Entry {
    plugin: String,
    /// Hexadecimal digits of the old column, which the built-in plugins use.
    password: String,
    /// The same of the new one, which all others use.
    proof: String,
    is_expired: bool,
    tls: String,
    cipher: String,
    issuer: String,
    subject: String,
    limits: [u64; 4],
}

fn read(row: &TextRow) -> Result<Entry, MysqlError> {
    let text = |at| row.optional_text(at).map(|text| text.unwrap_or_default().to_owned());
    Ok(Entry {
        plugin: text(0)?,
        password: text(1)?,
        proof: text(2)?,
        is_expired: text(3)? == "Y",
        tls: text(4)?,
        cipher: text(5)?,
        issuer: text(6)?,
        subject: text(7)?,
        limits: [row.parse(8)?, row.parse(9)?, row.parse(10)?, row.parse(11)?],
    })
}

fn said(entry: &Entry, name: &AccountName) -> String {
    /// Hexadecimal digits of the sixteen characters a password's hash had before 4.1.
    const OLD_HASH: usize = 32;
    let Entry { plugin, password, proof, is_expired, tls, cipher, issuer, subject, limits } = entry;
    let plugin = match plugin.as_str() {
        "" if password.len() == OLD_HASH => "mysql_old_password",
        "" => "mysql_native_password",
        plugin => plugin,
    };
    let proof = if password.is_empty() { proof } else { password };
    let mut sql = format!("CREATE USER {name} IDENTIFIED WITH {}", literal(plugin));
    let mut add = |text: &str| {
        sql.push(' ');
        sql.push_str(text);
    };
    if !proof.is_empty() {
        add(&format!("AS 0x{proof}"));
    }
    match tls.as_str() {
        "ANY" => add("REQUIRE SSL"),
        "X509" => add("REQUIRE X509"),
        "SPECIFIED" => {
            let all = [("SUBJECT", subject), ("ISSUER", issuer), ("CIPHER", cipher)];
            let wanted = all.iter().filter(|(_, text)| !text.is_empty());
            add(&wanted.fold("REQUIRE".to_owned(), |mut said, (word, text)| {
                let written = write!(said, " {word} {}", literal(text));
                debug_assert!(written.is_ok(), "writing to a string does not fail");
                said
            }));
        }
        _none => {}
    }
    let words = [
        "MAX_QUERIES_PER_HOUR",
        "MAX_UPDATES_PER_HOUR",
        "MAX_CONNECTIONS_PER_HOUR",
        "MAX_USER_CONNECTIONS",
    ];
    let set: Vec<String> = (words.iter().zip(limits))
        .filter(|(_, limit)| **limit > 0)
        .map(|(word, limit)| format!("{word} {limit}"))
        .collect();
    if !set.is_empty() {
        add(&format!("WITH {}", set.join(" ")));
    }
    if *is_expired {
        add("PASSWORD EXPIRE");
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn what_the_table_says_is_printed_as_later_servers_do() {
        let name = AccountName::new("a'b", "10.%");
        let native = digits("*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9");
        let told = |entry: Entry| {
            let said = said(&entry, &name);
            said.strip_prefix("CREATE USER `a'b`@`10.%` IDENTIFIED WITH ").unwrap().to_owned()
        };
        let bare = Entry::default();
        assert_eq!(told(bare), "'mysql_native_password'");
        let old = Entry { password: digits("5d2e19393cc5ef67"), ..Entry::default() };
        assert_eq!(told(old), format!("'mysql_old_password' AS 0x{}", digits("5d2e19393cc5ef67")));
        let everything = Entry {
            password: native.clone(),
            is_expired: true,
            tls: "SPECIFIED".into(),
            subject: "/CN=it's".into(),
            cipher: "AES".into(),
            limits: [1, 0, 3, 4],
            ..Entry::default()
        };
        assert_eq!(
            told(everything),
            format!(
                "'mysql_native_password' AS 0x{native} REQUIRE SUBJECT '/CN=it''s' CIPHER 'AES' WITH \
                 MAX_QUERIES_PER_HOUR 1 MAX_CONNECTIONS_PER_HOUR 3 MAX_USER_CONNECTIONS 4 PASSWORD EXPIRE"
            )
        );
        let other = Entry {
            plugin: "sha256_password".into(),
            proof: digits("$5$"),
            tls: "ANY".into(),
            ..Entry::default()
        };
        assert_eq!(told(other), format!("'sha256_password' AS 0x{} REQUIRE SSL", digits("$5$")));
    }
}
