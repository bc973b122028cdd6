//! Statements that change one row each and are sent together: over a long way, waiting for answers would cost more than
//! the statements do.

use sealift_mysql::session::Done;
use sealift_schema::facts::Side;

use super::change::Image;
use super::table::{Manner, TableForm};
use super::write::Pen;
use crate::fault::{ErrorCode, Fault};
use crate::target::taken::{Doing, Trouble};

/// Statements that are sent together at most. An answer has some dozen bytes: all fit into what a connection holds
/// while nobody reads.
const STATEMENTS_MAX: usize = 128;

/// Bytes of statements that are sent together.
const BYTES_MAX: usize = 128 << 10;

/// Statements that were not sent yet, in their order.
#[derive(Debug, Default)]
pub(super) struct Volley<'f> {
    statements: Vec<Vec<u8>>,
    expected: Vec<Expected<'f>>,
    bytes: usize,
}

/// What a statement must have done with a row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'f> {
    /// Removed it.
    Gone(&'f TableForm),
    /// Removed it, unless it was gone.
    Absent(&'f TableForm),
    /// Changed it where it is.
    Changed(&'f TableForm),
}

impl Volley<'_> {
    fn is_full(&self) -> bool {
        self.statements.len() >= STATEMENTS_MAX || self.bytes >= BYTES_MAX
    }
}

impl<'s, I: Image> Pen<'s, I> {
    /// Sends a statement with those to come, or now if they are many.
    pub(super) async fn later(
        &mut self,
        volley: &mut Volley<'s>,
        sql: Vec<u8>,
        expected: Expected<'s>,
    ) -> Result<(), Trouble> {
        volley.bytes += sql.len();
        volley.statements.push(sql);
        volley.expected.push(expected);
        if volley.is_full() { self.now(volley).await } else { Ok(()) }
    }

    /// Sends what was not sent yet.
    pub(super) async fn now(&mut self, volley: &mut Volley<'s>) -> Result<(), Trouble> {
        let Volley { statements, expected, bytes: _ } = std::mem::take(volley);
        if statements.is_empty() {
            return Ok(());
        }
        let done = self.session.execute_all(&statements).await.doing("change rows in order")?;
        done.iter().zip(expected).try_for_each(|(done, expected)| expected.check(done))
    }
}

impl Expected<'_> {
    fn check(self, done: &Done) -> Result<(), Trouble> {
        let (form, is_done, is_warned) = match self {
            Self::Gone(form) => (form, done.affected_rows > 0, false),
            Self::Absent(form) => (form, true, false),
            Self::Changed(form) => (form, done.rows_matched() == Some(1), done.warnings > 0),
        };
        if is_warned {
            let what = format!("the target warns of a row that it changed: {}", done.info);
            let fault = Fault::new(ErrorCode::RowsRefused, what).on(Side::Target);
            return Err(fault.about(format!("table {}", form.target)).into());
        }
        if is_done { Ok(()) } else { Err(not_there(form).into()) }
    }
}

/// The trouble when a row is not where it should be.
pub(super) fn not_there(form: &TableForm) -> Fault {
    let (what, advice) = match form.manner {
        Manner::FinalStates => (
            "a row that the source changed is not there, and the table has no key to find it by",
            "copy the table again, or give it a primary key on the source",
        ),
        Manner::InOrder => (
            "a row that the source changed is not there, in a table each of whose changes builds on those before",
            "begin anew with sealift run --restart; let nobody else write to the target",
        ),
    };
    let fault = Fault::new(ErrorCode::CountMismatch, what).on(Side::Target);
    fault.about(format!("table {}", form.target)).advise(advice)
}
