//! sealift: carries a live MySQL or MariaDB server to another.

fn main() {}
