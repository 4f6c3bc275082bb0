//! What every model that answers has in common, and what it gives beside its answers where it can be distilled.

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::{Table, Text};

use crate::encoder::Encoder;
use crate::head::{ClassifierHead, HeadOutput};
use crate::model_folder_error::ModelFolderError;
use crate::predict_error::PredictError;
use crate::schema::ModelSchema;

/// A model that gives class logits.
pub trait Predictor: fmt::Debug + Send + Sync {
    /// Name of the kind of model, as in the registry.
    fn kind(&self) -> &'static str;

    /// Names of the classes, in the order of the logits.
    fn labels(&self) -> &[String];

    /// Whether a row takes microseconds and no threads of its own, so that a service answers it where it reads it.
    /// Encoders say no.
    fn answers_in_microseconds(&self) -> bool {
        true
    }

    /// What the model reads.
    fn schema(&self) -> &ModelSchema;

    /// Class logits of the rows of `table`, `[rows, classes]`, row-major; a student's subclasses are collapsed.
    ///
    /// A row's logits are the same bytes in any company and on any number of threads.
    ///
    /// # Errors
    /// [`PredictError::Schema`] if the table lacks a column of the schema or has it in another kind;
    /// [`PredictError::NotFinite`] if the weights give no number.
    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError>;

    /// The model as a teacher, where it has embeddings to give.
    fn teacher(&self) -> Option<&dyn Teacher> {
        None
    }

    /// Buffers for [`text_logits`](Self::text_logits), reused from text to text: one for each thread that asks.
    fn scratch(&self) -> Scratch {
        Scratch::new(())
    }

    /// Class logits of one text, or pair of texts, into `logits` `[classes]`; the same bytes as in any batch.
    ///
    /// N-gram and static students allocate nothing here once `scratch` has seen texts as long as any that come. Numbers and
    /// categories that it reads beside the text are without a value.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    ///
    /// # Panics
    /// If `logits` does not hold one value a class, or `scratch` was made by another model.
    fn text_logits(
        &self,
        text: &Text<'_>,
        _scratch: &mut Scratch,
        logits: &mut [f32],
    ) -> Result<(), PredictError> {
        logits.copy_from_slice(&self.logits_of_texts(&[*text])?);
        Ok(())
    }

    /// The encoder that it runs, where it has one.
    fn encoder(&self) -> Option<&Encoder> {
        None
    }

    /// As [`logits`](Self::logits) for texts alone; single texts and pairs may stand side by side.
    fn logits_of_texts(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, PredictError> {
        let classes = self.labels().len();
        let mut logits = vec![0.0; texts.len() * classes];
        // A table holds either.
        let (pairs, singles): (Vec<usize>, Vec<usize>) =
            (0..texts.len()).partition(|&row| texts[row].pair.is_some());
        for rows in [singles, pairs].into_iter().filter(|rows| !rows.is_empty()) {
            let some: Vec<Text<'_>> = rows.iter().map(|&row| texts[row]).collect();
            let answers = self.logits(&Table::from_texts(&some)?)?;
            for (&row, answer) in rows.iter().zip(answers.chunks_exact(classes)) {
                logits[row * classes..][..classes].copy_from_slice(answer);
            }
        }
        Ok(logits)
    }
}

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

/// Buffers of a model that answers text by text.
pub struct Scratch(Box<dyn Any + Send>);

impl Scratch {
    /// Buffers of one kind of model.
    pub(crate) fn new(buffers: impl Any + Send) -> Self {
        Self(Box::new(buffers))
    }

    /// The buffers as the model that made them knows them.
    ///
    /// # Panics
    /// If another kind of model made them.
    pub(crate) fn of_kind<T: Any>(&mut self) -> &mut T {
        self.0.downcast_mut().expect("the buffers are those of this model")
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Scratch")
    }
}
