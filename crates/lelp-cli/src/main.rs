//! The `lelp` command: parse, call the library, print.

fn main() {}
