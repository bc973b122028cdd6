//! The control plane: where a migration's state is kept, and who may drive it.

pub mod store;
pub mod status;
pub mod api;
