//! Plans applied to an Azure-like target.

mod apply;
mod carried;
