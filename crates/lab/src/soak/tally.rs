//! What a soak did, counted.

use std::fmt;
use std::time::Duration;

/// What a soak did.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How long it took.
    pub took: Duration,
    /// Migrations brought to their end and found equal.
    pub migrations: u64,
    /// Processes of sealift.
    pub lives: u64,
    /// Those that were killed.
    pub killed: u64,
    /// Those that were stopped as by Ctrl-C.
    pub interrupted: u64,
    /// Those that ended by themselves, having lost a server for too long.
    pub gave_up: u64,
    /// Tables that were ordered to be copied again.
    pub orders: u64,
    /// Cutovers and rollbacks that were made.
    pub turns: u64,
    /// Those that were refused, or came to nothing in a storm.
    pub turns_in_vain: u64,
    /// Writes of the application that were acknowledged, each found once on both sides.
    pub acknowledged: u64,
    /// Disturbances of connections, by kind.
    pub cuts: u64,
    /// Answers and commits that got lost.
    pub lost: u64,
    /// Black holes, for a while or for good.
    pub holes: u64,
    /// Connections refused or slow for a while.
    pub slow: u64,
    /// Servers restarted in good order.
    pub restarts: u64,
    /// Servers killed and started again.
    pub server_kills: u64,
    /// Transactions of the application, about.
    pub transactions: u64,
    /// Those that one session prepared and another ended.
    pub left_prepared: u64,
    /// Changes of definitions.
    pub definitions: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { took, migrations, lives, killed, interrupted, gave_up, .. } = self;
        let Self { cuts, lost, holes, slow, restarts, server_kills, .. } = self;
        let Self { transactions, left_prepared, definitions, orders, .. } = self;
        let Self { turns, turns_in_vain, acknowledged, .. } = self;
        writeln!(f, "{migrations} migrations in {} s, equal at their ends", took.as_secs())?;
        writeln!(
            f,
            "sealift: {lives} processes, {killed} killed, {interrupted} interrupted, {gave_up} gave up, \
             {orders} orders to copy a table again"
        )?;
        writeln!(
            f,
            "connections: {cuts} cuts, {lost} lost answers, {holes} black holes, {slow} refused or slow"
        )?;
        writeln!(f, "servers: {restarts} restarts, {server_kills} killed")?;
        writeln!(
            f,
            "turns: {turns} made, {turns_in_vain} in vain; {acknowledged} acknowledged writes, none missing or doubled"
        )?;
        write!(
            f,
            "application: {transactions} transactions, {left_prepared} left prepared for another session, \
             {definitions} changes of definitions"
        )
    }
}
