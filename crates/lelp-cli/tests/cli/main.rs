//! The `lelp` command as a person uses it.

mod end_to_end;
mod errors;
mod help;
mod readme;
mod support;
