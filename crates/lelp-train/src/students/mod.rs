//! Students: what each kind reads of a task, how it learns, and what it leaves behind.
//!
//! | step | trait |
//! |---|---|
//! | settings of a student, of any kind | [`StudentSettings`], which holds a [`Student`] |
//! | what it reads of a task, made once for every method and seed | [`PreparedStudent`] |
//! | a student that was trained | [`TrainedStudent`] |
//!
//! A kind is a folder here, with its settings, its inputs and its training, and a line in [`STUDENT_KINDS`].

mod bags;
pub mod encoder;
mod error;
mod job;
mod kind;
pub mod linear;
pub mod mlp;
pub mod ngram;
mod settings;
pub mod static_embeddings;
pub mod tfidf;
mod trained;

pub use bags::{FeatureBags, TrainableBags};
pub use error::StudentError;
pub use job::{TrainingControl, TrainingJob};
pub use kind::{Alternative, PreparedStudent, Resources, Student, StudentKind, StudentSettings};
pub use trained::{SavedStudent, Trained, TrainedStudent};

/// Every kind of student; the first is the default.
pub static STUDENT_KINDS: &[&StudentKind] =
    &[&ngram::KIND, &encoder::KIND, &mlp::KIND, &linear::KIND, &static_embeddings::KIND, &tfidf::KIND];

impl Default for StudentSettings {
    fn default() -> Self {
        Self::new(ngram::NgramStudentSettings::default())
    }
}
