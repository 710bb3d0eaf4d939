//! The rkeepalived program.
fn main() {}
