//! Teachers, signals, distillation methods and the training loop of `lelp`.
//!
//! Data goes one way:
//!
//! | step | where |
//! |---|---|
//! | data set -> rows and labels | [`lelp_data::Dataset`], [`lelp_data::Splits`] |
//! | rows -> a teacher -> signals on disk | [`teachers`], [`lelp_data::SignalsFolder`] |
//! | signals -> statistics -> split -> targets | [`distill::split_statistics`], [`distill::fit_split`], [`distill::split_targets`] |
//! | targets, logits, labels -> what a student is held against | [`lelp_method::MethodSettings`], [`lelp_method::Method`] |
//! | task -> what a student reads of it -> student | [`students`], [`training::train`] |
//! | further texts without labels, or made up of the training texts | [`unlabelled`], [`augment`] |
//! | all of it, once for every method and seed | [`distill::Task`], [`distill::Distiller`] |
//! | student -> figures | [`evaluate`] |
//!
//! Threads, seeds, progress and cancellation are arguments; the same inputs give the same bytes at any
//! number of threads.

pub mod augment;
mod class_weights;
mod classified;
pub mod distill;
pub mod encoder;
pub mod evaluate;
pub mod head;
pub mod network;
pub mod students;
mod task;
pub mod teachers;
pub mod training;
pub mod unlabelled;
mod zero_as_none;
