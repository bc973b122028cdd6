//! Reading samples of rows and letting the server check its tables, for `assess` when it is asked to.

use std::time::Duration;

use sealift_schema::facts::ServerFacts;
use sealift_schema::name::QualifiedName;
use sealift_schema::rule::measured::TableSaid;
use sealift_schema::rule::rows::{Look, Outcome};

use super::GatherError;
use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::pins;
use crate::session::{self, Session};

/// How long the source may check one table.
const CHECK_TIME_MAX: Duration = Duration::from_secs(30);

/// A session that looks at rows. What takes longer than five seconds is ended by the server.
pub struct RowReader {
    endpoint: Endpoint,
    facts: ServerFacts,
    session: Session,
}

/// What `CHECK TABLE` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableChecked {
    /// It ended; the table is well if nothing is said.
    Done(Vec<TableSaid>),
    /// It took too long and was ended.
    Late,
    /// It was refused.
    Refused(String),
}

impl RowReader {
    /// Logs in.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login.
    pub async fn open(endpoint: &Endpoint, facts: &ServerFacts) -> Result<Self, GatherError> {
        let opening = GatherError::server("open a session to look at rows");
        let session = open(endpoint, facts).await.map_err(opening)?;
        Ok(Self { endpoint: endpoint.clone(), facts: facts.clone(), session })
    }

    /// Looks once. What the server refuses or cannot read is an outcome.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn look(&mut self, look: &Look) -> Result<Outcome, GatherError> {
        match self.session.first(&look.sql).await {
            Ok(row) => {
                let numbers = row
                    .iter()
                    .flat_map(|row| (0..row.columns().len()).map(|at| row.parse::<u64>(at)));
                let doing = format!("look at rows of {}", look.table);
                let numbers: Result<Vec<u64>, MysqlError> = numbers.collect();
                numbers.map(Outcome::Read).map_err(GatherError::server(doing))
            }
            Err(error) => {
                let class = error.class();
                if class == ErrorClass::Interrupted {
                    return Ok(Outcome::Late);
                }
                if matches!(class, ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied) {
                    return Ok(Outcome::Denied);
                }
                if error.code().is_some() && class != ErrorClass::Lost {
                    return Ok(Outcome::Failed { why: error.to_string() });
                }
                Err(GatherError::server(format!("look at rows of {}", look.table))(error))
            }
        }
    }

    /// Lets the server check a table. MySQL has no limit on the time of that: after half a minute its connection
    /// is ended and another one opened.
    ///
    /// # Errors
    /// When the connection is lost, which is also what a server does that dies of a damaged page
    /// (<https://dev.mysql.com/doc/refman/8.4/en/check-table.html#check-table-innodb>).
    pub async fn check_table(
        &mut self,
        table: &QualifiedName,
    ) -> Result<TableChecked, GatherError> {
        let doing = format!("check table {table}");
        let id = self.session.connection_id();
        let sql = format!("CHECK TABLE {table} QUICK");
        match tokio::time::timeout(CHECK_TIME_MAX, self.session.rows(sql)).await {
            Ok(Ok(rows)) => {
                let said = rows.iter().map(|row| {
                    let text = |at| row.text(at).map(str::to_owned);
                    Ok(TableSaid { table: table.clone(), kind: text(2)?, text: text(3)? })
                });
                let said: Result<Vec<_>, MysqlError> = said.collect();
                let said = said.map_err(GatherError::server(doing))?;
                Ok(TableChecked::Done(said.into_iter().filter(|said| !is_well(said)).collect()))
            }
            Ok(Err(error)) if error.class() == ErrorClass::Interrupted => Ok(TableChecked::Late),
            Ok(Err(error)) if error.code().is_some() && error.class() != ErrorClass::Lost => {
                Ok(TableChecked::Refused(error.to_string()))
            }
            Ok(Err(error)) => Err(GatherError::server(doing)(error)),
            Err(_elapsed) => {
                session::kill(&self.endpoint, id).await.map_err(GatherError::server(&doing))?;
                let opened = open(&self.endpoint, &self.facts).await;
                self.session = opened.map_err(GatherError::server(doing))?;
                Ok(TableChecked::Late)
            }
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }
}

async fn open(endpoint: &Endpoint, facts: &ServerFacts) -> Result<Session, MysqlError> {
    let mut session = pins::open(endpoint, pins::QUESTIONS).await?;
    if facts.version.is_mysql_at_least(8, 0, 0) {
        session.execute("SET ROLE ALL").await?;
    }
    Ok(session)
}

/// `status: OK`, `status: Table is already up to date`, and the note of an engine that has no check.
fn is_well(said: &TableSaid) -> bool {
    said.kind.eq_ignore_ascii_case("note")
        || (said.kind.eq_ignore_ascii_case("status")
            && (said.text == "OK" || said.text.contains("up to date")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_well_unless_something_else_is_said() {
        let said = |kind: &str, text: &str| TableSaid {
            table: QualifiedName::new("shop", "t"),
            kind: kind.to_owned(),
            text: text.to_owned(),
        };
        assert!(is_well(&said("status", "OK")));
        assert!(is_well(&said("status", "Table is already up to date")));
        assert!(is_well(&said("note", "The storage engine for the table doesn't support check")));
        assert!(!is_well(&said("status", "Operation failed")));
        assert!(!is_well(&said(
            "warning",
            "1 client is using or hasn't closed the table properly"
        )));
        assert!(!is_well(&said("error", "Corrupt")));
    }
}
