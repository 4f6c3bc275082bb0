//! Teachers, signals, distillation methods and the training loop of `lelp`.
//!
//! Data goes one way:
//!
//! | step | where |
//! |---|---|
//! | data set -> texts and labels | [`lelp_data::Dataset`], [`lelp_data::Splits`] |
//! | texts -> a teacher's head -> signals on disk | [`teacher`], [`lelp_data::SignalsFolder`] |
//! | signals -> evidence -> split -> targets | [`distill::evidence`], [`distill::fit`], [`distill::targets`] |
//! | targets, logits, labels -> what a student is held against | [`lelp_method::MethodSettings`], [`lelp_method::Method`] |
//! | features -> student | [`model::NgramStudent`], [`run::train`] |
//! | all of it, once for every method and seed | [`distill::Task`], [`distill::Distillation`] |
//! | student -> figures | [`evaluate`] |
//!
//! Threads, seeds, progress and cancellation are arguments; the same inputs give the same bytes at any
//! number of threads.

pub mod distill;
pub mod evaluate;
pub mod model;
pub mod run;
pub mod teacher;
