//! Which events make one transaction.
//!
//! A transaction opens with its GTID event (or, on servers of long ago, with `BEGIN`) and ends with an XID event,
//! with `COMMIT`, with `XA PREPARE`, or after the one statement it consists of. MySQL 8 also says how long it is,
//! which tells a `CREATE TABLE … SELECT` with its rows to come from other DDL.

use super::error::Trouble;
use super::event::Outcome;
use super::opening::{Opening, Shape};

/// Whether a transaction is open, and what may come next in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// Between transactions.
    Closed,
    /// In one.
    Open {
        /// What has come of it.
        shape: Shape,
        /// The offset at which it ends, if it is known.
        end: Option<u64>,
    },
}

/// What a statement does to the transaction it is in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It frames the transaction and says nothing more.
    Frame,
    /// It begins one of XA.
    Xa,
    /// It is one of the transaction's statements.
    Within,
    /// It is the transaction's only statement, or its last.
    Last,
    /// It ends the transaction.
    Ends(Outcome),
}

impl Grouping {
    /// Whether no transaction is open.
    pub(super) fn is_closed(self) -> bool {
        self == Self::Closed
    }

    /// A transaction opens at an offset.
    pub(super) fn open(&mut self, opening: &Opening, begin: u64) -> Result<(), Trouble> {
        if !self.is_closed() {
            return Err(Trouble::Corrupt("a transaction begins within another".to_owned()));
        }
        let end = opening.length.map(|length| begin.saturating_add(length));
        *self = Self::Open { shape: opening.shape, end };
        Ok(())
    }

    /// A transaction ends.
    pub(super) fn close(&mut self) {
        *self = Self::Closed;
    }

    /// Rows, or what tells that it is more than one statement.
    pub(super) fn begun(&mut self) -> Result<(), Trouble> {
        match self {
            Self::Closed => Err(Trouble::Corrupt("rows outside of a transaction".to_owned())),
            Self::Open { shape, .. } => {
                *shape = Shape::Begun;
                Ok(())
            }
        }
    }

    /// A statement that ends at an offset; the transaction is open.
    pub(super) fn statement(&mut self, sql: &[u8], at: u64) -> Step {
        let Self::Open { shape, end } = *self else { return Step::Last };
        let sql = sql.trim_ascii();
        let is = |word: &str| sql.eq_ignore_ascii_case(word.as_bytes());
        let starts = |words: &str| {
            sql.get(..words.len()).is_some_and(|head| head.eq_ignore_ascii_case(words.as_bytes()))
        };
        let is_xa = starts("XA START ");
        if is_xa || is("BEGIN") {
            *self = Self::Open { shape: Shape::Begun, end };
            return if is_xa { Step::Xa } else { Step::Frame };
        }
        if is("COMMIT") {
            return Step::Ends(Outcome::Committed);
        }
        if is("ROLLBACK") {
            return Step::Ends(Outcome::RolledBack);
        }
        if starts("XA END ") {
            return Step::Frame;
        }
        match (shape, end) {
            (Shape::Begun | Shape::Xa, _) => Step::Within,
            // It is not all of the transaction: rows follow, and what commits them.
            (Shape::Open, Some(end)) if at < end => {
                *self = Self::Open { shape: Shape::Begun, end: Some(end) };
                Step::Within
            }
            (Shape::Open | Shape::Statement, _) => Step::Last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(shape: Shape, length: Option<u64>) -> Grouping {
        let mut grouping = Grouping::Closed;
        let opening = Opening { gtid: None, committed_at: None, length, shape };
        grouping.open(&opening, 100).unwrap();
        grouping
    }

    #[test]
    fn a_transaction_goes_from_its_begin_to_its_commit() {
        let mut grouping = open(Shape::Open, Some(500));
        assert_eq!(grouping.statement(b"BEGIN", 200), Step::Frame);
        grouping.begun().unwrap();
        assert_eq!(grouping.statement(b"SAVEPOINT `a`", 300), Step::Within);
        assert_eq!(grouping.statement(b"ROLLBACK TO `a`", 400), Step::Within);
        assert_eq!(grouping.statement(b"COMMIT", 600), Step::Ends(Outcome::Committed));
        assert_eq!(grouping.statement(b"ROLLBACK", 600), Step::Ends(Outcome::RolledBack));
    }

    #[test]
    fn a_statement_stands_alone_unless_rows_follow_it() {
        let ddl = b"CREATE TABLE `a` (`b` int)";
        assert_eq!(open(Shape::Open, None).statement(ddl, 300), Step::Last);
        assert_eq!(open(Shape::Open, Some(200)).statement(ddl, 300), Step::Last);
        assert_eq!(open(Shape::Statement, None).statement(ddl, 300), Step::Last);
        let mut with_rows = open(Shape::Open, Some(500));
        let sql = b"CREATE TABLE `a` (`b` int) START TRANSACTION";
        assert_eq!(with_rows.statement(sql, 300), Step::Within);
        with_rows.begun().unwrap();
        assert_eq!(open(Shape::Begun, None).statement(ddl, 300), Step::Within);
    }

    #[test]
    fn the_frame_of_an_xa_transaction_is_no_statement() {
        let mut grouping = open(Shape::Open, None);
        assert_eq!(grouping.statement(b"XA START X'78',X'',1", 200), Step::Xa);
        assert_eq!(grouping.statement(b"XA END X'78',X'',1", 300), Step::Frame);
        assert_eq!(open(Shape::Open, None).statement(b"XA COMMIT X'78',X'',1", 200), Step::Last);
    }

    #[test]
    fn what_lies_outside_or_crosswise_is_corrupt() {
        assert!(Grouping::Closed.begun().is_err());
        let opening = Opening { gtid: None, committed_at: None, length: None, shape: Shape::Open };
        assert!(open(Shape::Open, None).open(&opening, 900).is_err());
    }
}
