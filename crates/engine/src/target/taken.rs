//! What the target says of the rows it took: `LOAD DATA LOCAL` clamps, truncates and drops with warnings
//! only.

use sealift_mysql::error::{MysqlError, WARNING_TRUNCATED};
use sealift_mysql::session::{Done, Session, TextRow};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::fault::{ErrorCode, Fault};

/// Warnings shown of rows that were refused.
const WARNINGS_SHOWN: usize = 3;

/// Why something on the target failed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server refused or was lost while this was done.
    Server(&'static str, MysqlError),
    /// Trouble of another kind.
    Fault(Box<Fault>),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

/// Names what was being done when the server's error came.
pub(crate) trait Doing<T> {
    /// Names it.
    fn doing(self, what: &'static str) -> Result<T, Trouble>;
}

impl<T> Doing<T> for Result<T, MysqlError> {
    fn doing(self, what: &'static str) -> Result<T, Trouble> {
        self.map_err(|error| Trouble::Server(what, error))
    }
}

/// The rows of one table that were sent in one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    /// The table on the target.
    pub(crate) table: &'a QualifiedName,
    /// Rows sent.
    pub(crate) rows: u64,
    /// Warnings the target gives though it stores every value right.
    pub(crate) warned: u64,
}

impl Sent<'_> {
    /// Makes sure that a load stream was taken whole. Rows it replaced are the caller's wish.
    pub(crate) async fn check_load(
        &self,
        session: &mut Session,
        done: &Done,
    ) -> Result<(), Trouble> {
        let counts = done.load_counts().ok_or_else(|| self.unlike(done))?;
        let clean = counts.skipped == 0 && counts.warnings == self.warned;
        if counts.records != self.rows && clean {
            return Err(self.miscounted(counts.records));
        }
        self.check_warnings(session, clean).await
    }

    /// Makes sure that the last statement's warnings are those that were expected, all for the `ENUM`
    /// value of index 0; `clean` tells whether everything else about it was as it should be.
    pub(crate) async fn check_warnings(
        &self,
        session: &mut Session,
        clean: bool,
    ) -> Result<(), Trouble> {
        if clean && self.warned == 0 {
            return Ok(());
        }
        let warnings = session.rows("SHOW WARNINGS").await.doing("list warnings")?;
        let code = |row: &TextRow| row.parse::<u16>(1).ok();
        let listed = u64::try_from(warnings.len()).unwrap_or(u64::MAX);
        if clean && warnings.iter().all(|row| code(row) == Some(WARNING_TRUNCATED)) {
            return if listed >= self.warned { Ok(()) } else { Err(self.unlisted(listed)) };
        }
        let shown: Vec<String> = warnings
            .iter()
            .take(WARNINGS_SHOWN)
            .map(|row| {
                let text = row.optional_text(2).ok().flatten().unwrap_or("?");
                format!("{text} (warning {})", code(row).unwrap_or(0))
            })
            .collect();
        let fault = Fault::new(ErrorCode::RowsRefused, shown.join("; ")).on(Side::Target);
        Err(fault.about(format!("table {}", self.table)).into())
    }

    /// What is not listed may be another warning than those that were expected.
    fn unlisted(&self, listed: u64) -> Trouble {
        let what = format!("the target lists {listed} of {} warnings", self.warned);
        let fault = Fault::new(ErrorCode::RowsRefused, what).on(Side::Target).advise(
            "grant SESSION_VARIABLES_ADMIN to the login there: it may then have all of them listed (max_error_count)",
        );
        fault.about(format!("table {}", self.table)).into()
    }

    /// The target counted other rows than were sent.
    pub(crate) fn miscounted(&self, taken: u64) -> Trouble {
        let what = format!("{} rows were sent, the target counted {taken}", self.rows);
        let fault = Fault::new(ErrorCode::CountMismatch, what).on(Side::Target);
        fault.about(format!("table {}", self.table)).into()
    }

    fn unlike(&self, done: &Done) -> Trouble {
        let what = format!("the target does not say what it did with the rows: {:?}", done.info);
        let fault = Fault::new(ErrorCode::Protocol, what).on(Side::Target);
        fault.about(format!("table {}", self.table)).into()
    }
}
