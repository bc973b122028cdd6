//! Plans applied to an Azure-like target.

pub(crate) mod planned;

mod apply;
mod carried;
mod counters;
mod from_mariadb;
