//! Chooses a command.
fn main() {}
