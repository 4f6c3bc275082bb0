//! The conformance suite: every law is held against every method of the registry.
//!
//! A new loss or term needs a case in `scripts/method_goldens.py`; a new target maker needs nothing.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

mod goldens;
mod gradients;
mod identities;
mod laws;
mod resume;
mod two_classes;
mod values;
