//! The conformance suite: every law is held against every method, by iterating the closed enum.
//!
//! A new method needs a case in `scripts/method_goldens.py` and an arm in [`laws::optimum`].

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

mod goldens;
mod gradients;
mod identities;
mod laws;
mod resume;
mod students;
mod two_classes;
mod values;
