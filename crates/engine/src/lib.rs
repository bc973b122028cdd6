//! The way of the data, source to target; modules in the order a migration meets them.

pub mod fault;
pub mod stage;
pub mod journal;
pub mod progress;
pub mod probe;
mod log_end;

pub mod plan;
pub mod prepare;
pub mod encode;
pub mod target;
pub mod family;
pub mod copy;
pub mod stream;
pub mod apply;
pub mod definition;
pub mod verify;
pub mod repair;
pub mod cutover;
pub mod run;
pub mod stop;
pub mod control;
mod desk;
pub mod order;
pub mod follow;
pub mod clock;
pub mod report;
#[cfg(test)]
mod fixture;
