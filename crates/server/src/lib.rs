//! The control plane: where a migration is kept, and who may drive it.
