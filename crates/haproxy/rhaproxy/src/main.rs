//! The rhaproxy program.
fn main() {}
