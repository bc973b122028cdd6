//! Every chore of the project: `cargo x <chore>`.

fn main() {}
