//! Lets a server read definitions without making anything: what its own parser refuses, it would refuse later.

use sealift_schema::name::literal;
use sealift_schema::rule::measured::Definition;
use sealift_schema::sql::Dialect;

use super::GatherError;
use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::pins;
use crate::session::Session;

/// What the parser itself refuses, whatever is on the server
/// (<https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html>): a syntax error, an unknown
/// character set, an unknown collation, a collation of another character set, an unknown system variable.
const REFUSED: [u16; 5] = [1064, 1115, 1273, 1253, 1193];

/// A session whose server reads definitions.
pub struct DefinitionReader {
    session: Session,
    /// The `sql_mode` that is set.
    sql_mode: String,
}

impl DefinitionReader {
    /// Logs in.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login.
    pub async fn open(endpoint: &Endpoint) -> Result<Self, GatherError> {
        let opening = GatherError::server("open a session to have definitions read");
        let session = pins::open(endpoint, pins::QUESTIONS).await.map_err(opening)?;
        Ok(Self { session, sql_mode: String::new() })
    }

    /// Has one read: why it is refused, if it is. `PREPARE` parses a statement and executes nothing of it; programs
    /// cannot be prepared (1295), which the server says once it has read them.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn read(&mut self, definition: &Definition) -> Result<Option<String>, GatherError> {
        let lost =
            GatherError::server(format!("have the definition of {} read", definition.object));
        match self.try_all(definition).await {
            Err(error) if is_lost(&error) => Err(lost(error)),
            Err(error) if is_refusal(&error) => Ok(Some(error.to_string())),
            // What is not there yet, or what we may not do, is told by other checks.
            Ok(()) | Err(_) => Ok(None),
        }
    }

    async fn try_all(&mut self, definition: &Definition) -> Result<(), MysqlError> {
        if self.sql_mode != definition.sql_mode {
            let mode = literal(&definition.sql_mode);
            self.session.execute(format!("SET SESSION sql_mode={mode}")).await?;
            self.sql_mode.clone_from(&definition.sql_mode);
        }
        let escapes = Dialect::of_sql_mode(&self.sql_mode).backslash_escapes;
        for statement in &definition.statements {
            let text = if escapes {
                literal(statement)
            } else {
                format!("'{}'", statement.replace('\'', "''"))
            };
            match self.session.execute(format!("PREPARE sealift FROM {text}")).await {
                Err(error) if is_lost(&error) || is_refusal(&error) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }
}

/// Whether the parser refuses it.
fn is_refusal(error: &MysqlError) -> bool {
    error.code().is_some_and(|code| REFUSED.contains(&code))
}

/// Whether no answer to the statement came.
fn is_lost(error: &MysqlError) -> bool {
    error.code().is_none() || error.class() == ErrorClass::Lost
}
