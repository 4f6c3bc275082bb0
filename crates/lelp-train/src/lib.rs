//! Teachers, signals, distillation methods and the training loop of `lelp`.
//!
//! Data goes one way:
//!
//! | step | where |
//! |---|---|
//! | data set -> texts and labels | [`data::Dataset`], [`data::Splits`] |
//! | texts -> a teacher's head -> signals on disk | [`teacher`], [`data::SignalsFolder`] |
//! | signals -> evidence -> split -> targets | [`distill::evidence`], [`distill::fit`], [`distill::targets`] |
//! | targets, logits, labels -> what a student is held against | [`method::MethodSettings`], [`method::Method`] |
//! | features -> student | [`model::NgramStudent`], [`run::train`] |
//! | all of it, once for every method and seed | [`distill::Task`], [`distill::Distillation`] |
//! | student -> figures | [`evaluate`] |
//!
//! Threads, seeds, progress and cancellation are arguments; the same inputs give the same bytes at any
//! number of threads.

pub mod data;
pub mod distill;
pub mod evaluate;
pub mod method;
pub mod model;
pub mod network;
pub mod run;
pub mod teacher;
