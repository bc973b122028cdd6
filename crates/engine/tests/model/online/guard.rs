//! What makes the algorithm right. Each guard can be taken away to see the model fail.

/// One rule of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// The applier holds a transaction that lies outside an open gate of a table it touches.
    Hold,
    /// A gate is refused if something handed over on its table lies outside it.
    StaleCheck,
    /// `L` is a visible position, not the log's end.
    VisibleL,
    /// `L` is obtained before the chunk is read.
    LBeforeRead,
    /// A gate stays open until its chunk is committed, not just until it is read.
    GateUntilCommit,
    /// A gate stays open while nobody knows whether its chunk was committed.
    GateUntilKnown,
    /// The next batch begins when all lanes have committed the one before.
    Barrier,
    /// A lane executes the last state of each key of a batch, none that was passed on the way.
    Coalesce,
    /// A lane's deletes of a table come before its puts.
    DeletesFirst,
    /// An update that changes the key deletes the key it had.
    BeforeKeyDeleted,
    /// The stream puts with REPLACE, not with INSERT IGNORE.
    StreamReplaces,
    /// The copy puts with REPLACE, not with INSERT IGNORE. It guards nothing: whatever is there already
    /// was put by the stream, which also has the row's later events.
    CopyReplaces,
    /// A lane's rows and its position are one target transaction.
    PositionWithRows,
    /// The batch that a crash has left half committed is done again as one batch.
    UnfinishedBatchFirst,
    /// It is done again in one target transaction, which moves all lanes' positions.
    UnfinishedBatchAtOnce,
    /// A restart replays from the minimum of the lanes' positions, not from their maximum.
    ReplayFromMinimum,
    /// After a restart everything up to the maximum of the lanes' positions counts as handed over.
    HandedOverBeforeRestart,
    /// A restart waits until no session of the dead process can commit any more.
    FenceAtRestart,
    /// Indexes are built when the applier has passed the horizon.
    IndexesAfterHorizon,
    /// The horizon is the log's end after the table's last read, not the newest `L` of its chunks.
    HorizonIsLogEnd,
    /// A restart renews the horizon of a table that is copied and has no indexes yet.
    HorizonRenewed,
    /// A table's changes are held while its indexes are built.
    IndexesHold,
    /// A table whose equal keys may differ in bytes is in one lane.
    EqualKeysOneLane,
    /// A table without a key skips what its snapshot has.
    KeylessSkipsSnapshot,
    /// A table without a key skips what its lane's position has.
    KeylessSkipsApplied,
    /// A table without a key that was not copied to the end is emptied after a restart.
    KeylessEmptied,
    /// A huge transaction begins when no gate excludes it, and later gates contain it.
    HugeAdmittedWhole,
    /// A transaction that XA had prepared waits until it has ended.
    XaEndAwaited,
    /// It waits for the gates of reads that began before that was known.
    XaHold,
    /// Later, a gate is refused whose read began before that was known.
    XaStaleCheck,
    /// The run stops where nobody knows whether an exact copy has it.
    XaRefusedByCopies,
    /// What XA had prepared and lies within the beginning of the stream has ended by then.
    XaEndedAtStart,
    /// A repair holds the ledger until it is committed.
    RepairHolds,
    /// A repair reads when the newest position of the ledger is visible.
    RepairSeesNewest,
    /// That is the newest position of all lanes, not their oldest.
    RepairKnowsNewest,
    /// A repair deletes the key before it puts what the source has.
    RepairDeletes,
}
