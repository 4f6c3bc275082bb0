//! The baseline: logistic regression on tf-idf, fitted to labels alone.

mod lbfgs;
mod logistic;
mod settings;
mod train;

use crate::training::TrainSettings;

pub use settings::TfidfStudentSettings;

use super::StudentKind;
use super::kind;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "tfidf",
    summary: "logistic regression on tf-idf weighted words and word pairs, by labels alone: the baseline",
    training: TrainSettings::ngram,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<TfidfStudentSettings>,
};
