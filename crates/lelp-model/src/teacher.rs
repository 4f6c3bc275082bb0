//! What a model gives beside its answers where it can be distilled.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Table;

use crate::encoder::Encoder;
use crate::head::{ClassifierHead, HeadOutput};
use crate::model_kind::ModelFolderError;
use crate::predictor::{PredictError, Predictor};

/// A model that gives embeddings beside its logits: what its last linear layer reads.
///
/// A kind of model becomes a kind of teacher by this trait and [`Predictor::teacher`].
pub trait Teacher: Predictor {
    /// The layers behind the inputs; the last one reads the embeddings.
    fn head(&self) -> &ClassifierHead;

    /// Identity of this teacher: signals of another one have another hash.
    ///
    /// # Errors
    /// [`ModelFolderError`] if its files can no longer be read.
    fn hash(&self) -> Result<String, ModelFolderError>;

    /// Embeddings `[rows, embedding width]` and logits `[rows, classes]` of the rows of `table`.
    ///
    /// `progress` is called with the number of rows that are done; the run ends soon after `cancel` is set.
    ///
    /// # Errors
    /// [`PredictError::Schema`] if the table lacks a column of the schema or has it in another kind.
    fn signals(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<HeadOutput, PredictError>;

    /// The encoder below the head and its folder, where it is as it was pulled: its embeddings serve other heads too.
    fn frozen_encoder(&self) -> Option<(&Encoder, &Path)> {
        None
    }
}

/// `model`, loaded from `folder`, as a teacher.
///
/// # Errors
/// [`ModelFolderError::NoTeacher`] for a model that has no embeddings to give.
pub fn teacher_of<'a>(model: &'a dyn Predictor, folder: &Path) -> Result<&'a dyn Teacher, ModelFolderError> {
    let none = || ModelFolderError::NoTeacher { folder: folder.to_owned(), kind: model.kind() };
    model.teacher().ok_or_else(none)
}
