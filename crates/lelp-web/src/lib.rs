//! An n-gram or static student in a browser: the two files of its folder as bytes in, probabilities of its classes out.
//!
//! [`Classifier`] is the student in Rust. Built for `wasm32-unknown-unknown`, the functions of [`border`] are what
//! `page/lelp.js` calls: plain numbers and one buffer of bytes, so that neither side needs a generator of bindings.

pub mod border;
mod classifier;

pub use classifier::{Classifier, ClassifierError};
