//! Fine-tunes an encoder with its classification head on labelled texts.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_data::Text;
use lelp_data::storage::FileError;
use lelp_model::PredictError;
use thiserror::Error;

use super::label_training::LabelTraining;
use crate::encoder::{
    EncoderInputs, EncoderSource, EncoderTrainSettings, EncoderTrainingError, TrainableEncoder,
};
use crate::training::{Checkpoints, Event, TrainError, TrainReport, TrainSettings};
use lelp_data::Dataset;
use lelp_method::{CeSettings, MethodError, SubclassTeacherSettings};

/// Labelled texts, and what is made of them.
#[derive(Debug, Clone, Copy)]
pub struct FineTuning<'a> {
    /// What is fine-tuned.
    pub source: &'a EncoderSource,
    /// Rows to learn from; those without a label are left out.
    pub train: &'a Dataset,
    /// Rows to choose the best epoch on.
    pub validation: &'a Dataset,
    /// What the rows are held against: their labels.
    pub labels: CeSettings,
    /// For a teacher that splits its classes by itself: it then learns its subclasses too.
    pub subclasses: Option<SubclassTeacherSettings>,
    /// How the encoder is trained.
    pub encoder: EncoderTrainSettings,
    /// How training goes.
    pub settings: TrainSettings,
}

/// Why no encoder was fine-tuned.
#[derive(Debug, Error)]
pub enum FineTuneError {
    /// A text cannot be tokenised.
    #[error(transparent)]
    Text(#[from] PredictError),
    /// The encoder cannot be built.
    #[error(transparent)]
    Student(#[from] EncoderTrainingError),
    /// The labels cannot be learned from.
    #[error(transparent)]
    Labels(#[from] MethodError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The teacher's folder cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is nothing to choose the best epoch on.
    #[error("none of the {rows} validation rows has a label, but the best epoch is chosen on them")]
    NoValidationLabels {
        /// Rows of the validation set.
        rows: usize,
    },
}

impl FineTuning<'_> {
    /// Trains, writing down in `checkpoints` how far it came, and gives the encoder of the best epoch.
    pub fn run(
        &self,
        checkpoints: Option<&Checkpoints>,
        threads: NonZeroUsize,
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<(TrainableEncoder, TrainReport), FineTuneError> {
        let classes = self.train.label_names().len();
        let (rows, labels) = self.validation.labelled();
        if rows.is_empty() {
            return Err(FineTuneError::NoValidationLabels { rows: self.validation.rows() });
        }
        let inputs = self.inputs(self.train, threads)?;
        let validation_inputs = self.inputs(&self.validation.select(&rows), threads)?;
        let outputs = classes * self.per_class().get();
        let mut student = self.source.student(outputs, &self.encoder, self.settings.seed)?;
        inputs.check_memory(&student, self.settings.batch, &self.encoder)?;
        let training = LabelTraining {
            inputs: &inputs,
            train: self.train,
            validation: (&validation_inputs, &labels),
            objective: self.labels,
            subclasses: self.subclasses,
            settings: &self.settings,
            checkpoints,
            threads,
        };
        let report = training.run::<_, FineTuneError>(&mut student, observer, cancelled)?;
        Ok((student, report))
    }

    /// Outputs of each class.
    #[must_use]
    pub fn per_class(&self) -> NonZeroUsize {
        let own = self.subclasses.and_then(|own| NonZeroUsize::new(own.subclasses));
        own.unwrap_or(NonZeroUsize::MIN)
    }

    fn inputs(&self, data: &Dataset, threads: NonZeroUsize) -> Result<EncoderInputs, PredictError> {
        let texts: Vec<Text<'_>> = data.texts()?.collect();
        EncoderInputs::new(self.source.tokenizer(), &texts, threads)
    }
}
