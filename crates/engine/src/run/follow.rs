//! The way of a change: from the stream past the gates to the applier.

use sealift_mysql::binlog::{LogPosition, TransactionId};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::apply::{self, Applier, LoggedImage};
use crate::control::Control;
use crate::copy::gate::Gates;
use crate::definition::{Concern, Scope};
use crate::fault::{ErrorCode, Fault};
use crate::follow::Standing;
use crate::stop::Stop;
use crate::stream::{Change, Item, Piece, Statement, Stream, Transaction};

/// Everything the changes pass on their way.
pub(super) struct Follow<'a> {
    pub(super) stream: Stream,
    pub(super) gates: Gates,
    pub(super) applier: Applier<LoggedImage>,
    /// Pauses are the operator's.
    pub(super) control: &'a Control,
    /// For people: how much was carried.
    pub(super) standing: Standing,
    /// Which statements are about something migrated.
    pub(super) scope: Scope,
    /// Nothing more is wanted.
    pub(super) end: Stop,
}

/// What came of waiting.
enum Waited<T> {
    For(T),
    /// Nothing more is wanted.
    End,
}

impl Follow<'_> {
    /// Carries changes until nothing more is wanted; what was taken by then is applied before it returns.
    ///
    /// # Errors
    /// What no waiting mends. Everything up to the applied position is kept.
    pub(super) async fn run(mut self) -> Result<LogPosition, Fault> {
        let mut huge = None;
        loop {
            let end = self.end.clone();
            let waited = tokio::select! {
                next = self.next() => Waited::For(next?),
                () = end.wait() => Waited::End,
            };
            let Waited::For(item) = waited else { break };
            if let Waited::End = self.take(item, &mut huge).await? {
                break;
            }
        }
        if huge.is_some() {
            // A part of a transaction is on the target, uncommitted: leaving takes it back.
            let applied = self.applier.applied().borrow().clone();
            return Ok(applied);
        }
        self.applier.close().await
    }

    async fn next(&mut self) -> Result<Item, Fault> {
        match self.control.ready_to_apply().await {
            // Whoever asked for it also ends this.
            Err(_stopping) => std::future::pending().await,
            Ok(()) => self.stream.next().await,
        }
    }

    async fn take(
        &mut self,
        item: Item,
        huge: &mut Option<TransactionId>,
    ) -> Result<Waited<()>, Fault> {
        match item {
            Item::Transaction(transaction) => self.transaction(transaction).await,
            Item::Piece(piece) => self.piece(piece, huge).await,
            Item::Statement(statement) => {
                self.refuse_if_ours(&statement)?;
                let Statement { id, end, .. } = *statement;
                self.applier.apply(apply::Transaction { id, end, changes: Vec::new() }).await?;
                Ok(Waited::For(()))
            }
            Item::Idle(position) => {
                self.applier.reach(position).await?;
                Ok(Waited::For(()))
            }
            Item::BrokenOff => {
                *huge = None;
                self.applier.abandon_huge().await?;
                Ok(Waited::For(()))
            }
        }
    }

    async fn transaction(&mut self, transaction: Transaction) -> Result<Waited<()>, Fault> {
        let tables = self.names(&transaction.tables());
        if let Waited::End = self.admit(&transaction.id, &tables).await {
            return Ok(Waited::End);
        }
        let changes = self.wanted(&transaction.id, transaction.changes)?;
        let Transaction { id, end, .. } = transaction;
        self.standing.counted(1, changes.len());
        self.applier.apply(apply::Transaction { id, end, changes }).await?;
        Ok(Waited::For(()))
    }

    async fn piece(
        &mut self,
        piece: Piece,
        huge: &mut Option<TransactionId>,
    ) -> Result<Waited<()>, Fault> {
        let tables = self.names(&piece.tables());
        if huge.as_ref() != Some(&piece.id) {
            // Nothing is on its way that a gate could be waiting for.
            self.applier.settle().await?;
            self.applier.begin_huge(piece.id.clone()).await?;
            *huge = Some(piece.id.clone());
        }
        if let Waited::End = self.admit(&piece.id, &tables).await {
            return Ok(Waited::End);
        }
        let changes = self.wanted(&piece.id, piece.changes)?;
        self.applier.piece(changes).await?;
        if let Some(end) = piece.end {
            self.applier.commit_huge(end).await?;
            *huge = None;
        }
        Ok(Waited::For(()))
    }

    /// Waits until no gate excludes a transaction.
    async fn admit(&self, id: &TransactionId, tables: &[QualifiedName]) -> Waited<()> {
        if self.gates.try_admit(id, tables) {
            return Waited::For(());
        }
        tokio::select! {
            () = self.gates.admit(id, tables) => Waited::For(()),
            () = self.end.wait() => Waited::End,
        }
    }

    fn names(&self, tables: &[usize]) -> Vec<QualifiedName> {
        let known = self.stream.tables();
        tables.iter().filter_map(|table| known.get(*table)).map(|d| d.name.clone()).collect()
    }

    /// The row changes the applier is to make: without those that a table's copy has already.
    fn wanted(
        &self,
        id: &TransactionId,
        changes: Vec<Change>,
    ) -> Result<Vec<apply::Change<LoggedImage>>, Fault> {
        let mut wanted = Vec::new();
        for change in changes {
            let Some(definition) = self.stream.tables().get(change.table) else { continue };
            if self.gates.skips(&definition.name, id) {
                continue;
            }
            for row in change.rows.rows(&change.shape) {
                let row = row.map_err(|error| {
                    Fault::new(ErrorCode::LogUnreadable, "read changed rows")
                        .on(Side::Source)
                        .about(format!("table {}, transaction {id}", definition.name))
                        .because(error)
                })?;
                if let Some(row) = LoggedImage::change(&change.rows, &change.shape, row) {
                    wanted.push(apply::Change { table: change.table, row });
                }
            }
        }
        Ok(wanted)
    }

    /// Definitions are carried by the plan only: whoever changes one of a migrated object is told so, before
    /// rows of another shape come.
    fn refuse_if_ours(&self, statement: &Statement) -> Result<(), Fault> {
        match self.scope.concern(&statement.query) {
            Concern::None => Ok(()),
            Concern::Ours(ours) => {
                let shown: String = ours.sql.text().chars().take(200).collect();
                let what = format!("the source executed: {shown}");
                Err(Fault::new(ErrorCode::DefinitionFollowed, what)
                    .on(Side::Source)
                    .about(format!("transaction {}", statement.id)))
            }
        }
    }
}
