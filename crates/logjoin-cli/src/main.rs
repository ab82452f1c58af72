//! The `logjoin` command.
fn main() {}
