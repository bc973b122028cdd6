//! Is everything as the plan expects, and is the target ready to be loaded?
//!
//! Everything here is asked before anything is touched. [`servers`] judges the two servers, [`sight`]
//! what of the source is seen, [`freshness`] the plan against the source of today, [`tables`] the target's tables against the plan.

pub mod servers;
pub mod sight;
pub mod freshness;
pub mod tables;
