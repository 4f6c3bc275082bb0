//! Teaches a classifier head on a frozen encoder, from a data set's texts on.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_model::encoder::{Encoder, EncoderError};
use lelp_model::encoder_classifier::FrozenEncoderConfig;
use lelp_model::head::ClassifierHead;
use lelp_model::layer::LayerError;
use thiserror::Error;

use super::embedding_cache::{EmbedError, EmbeddingCache};
use crate::head::{EmbeddingRows, EmbeddingRowsError, HeadSettings, TrainableHead};
use crate::training::{
    Event, TrainError, TrainReport, TrainSettings, Trainable, Training, Validation, ValidationMetric, train,
};
use lelp_data::{DataError, Dataset, Splits, gather, hold_out};
use lelp_method::{
    CeSettings, MethodError, MethodSettings, StudentShape, SubclassTeacherSettings, Supervision,
};

/// What a head is taught on, and how.
#[derive(Debug, Clone, Copy)]
pub struct HeadTraining<'a> {
    /// What embeds the texts.
    pub encoder: &'a Encoder,
    /// The folder that it was loaded from.
    pub encoder_folder: &'a Path,
    /// Rows to learn from, and to choose the best epoch on; a tenth is held out where no validation file is.
    pub splits: &'a Splits,
    /// Training labels that count, see [`Dataset::keep_labels`]; all where there is no number.
    pub labelled: Option<usize>,
    /// The head.
    pub head: HeadSettings,
    /// For a head that splits classes by itself: it then has as many outputs for each class, and learns the auxiliary
    /// term of Subclass Distillation beside the labels.
    pub subclasses: Option<SubclassTeacherSettings>,
    /// How training goes.
    pub settings: TrainSettings,
    /// Where embeddings are kept.
    pub cache: &'a EmbeddingCache,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// A head that was taught.
#[derive(Debug)]
pub struct TrainedHead {
    /// The head of the best epoch. It takes raw embeddings: the standardisation that training uses is folded into it.
    pub head: ClassifierHead,
    /// What the teacher's folder says of it.
    pub config: FrozenEncoderConfig,
    /// How training went.
    pub report: TrainReport,
    /// Labelled rows that the best epoch was chosen on.
    pub validation_rows: usize,
}

/// An encoder's embeddings of a data set, with its labels.
#[derive(Debug, Clone, Copy)]
struct Labelled<'a> {
    /// `[rows, width]`.
    embeddings: &'a [f32],
    /// `[rows]`, none where a row has no label.
    labels: &'a [Option<u32>],
}

/// Why no head was trained.
#[derive(Debug, Error)]
pub enum HeadTrainingError {
    /// The data set cannot be split.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The texts cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The encoder's files cannot be read again, to tell the teacher from others.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// Embeddings do not hold together.
    #[error(transparent)]
    Embeddings(#[from] EmbeddingRowsError),
    /// The labels cannot be learned from.
    #[error(transparent)]
    Labels(#[from] MethodError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The trained weights are not finite.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// There is nothing to stop early on.
    #[error("none of the {rows} validation rows has a label, but early stopping needs some")]
    NoValidationLabels {
        /// Rows of the validation set.
        rows: usize,
    },
}

impl HeadTraining<'_> {
    /// Embeds the texts, trains a head on them, and keeps its best epoch on the validation rows.
    ///
    /// `embedded` is told how many texts of [`HeadTraining::rows`] are embedded.
    pub fn run(
        &self,
        embedded: &mut dyn FnMut(usize),
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<TrainedHead, HeadTrainingError> {
        let Splits { train, validation, .. } = self.splits;
        let embeddings = self.embed(train, embedded, cancelled)?;
        let (head, report, validation_rows) = if let Some(validation) = validation {
            let rows = train.rows();
            let held_out = self.embed(validation, &mut |done| embedded(rows + done), cancelled)?;
            let (learned, labels) = (self.learned(train), labels(validation));
            let training = Labelled { embeddings: &embeddings, labels: &learned };
            self.train(training, Labelled { embeddings: &held_out, labels: &labels }, observer, cancelled)?
        } else {
            let parts = hold_out(train)?;
            let of = |rows: &[usize]| (gather(&embeddings, self.encoder.width(), rows), train.select(rows));
            let ((learning, rows), (held_out, held_out_rows)) = (of(&parts.train), of(&parts.validation));
            let (learned, labels) = (self.learned(&rows), labels(&held_out_rows));
            let training = Labelled { embeddings: &learning, labels: &learned };
            self.train(training, Labelled { embeddings: &held_out, labels: &labels }, observer, cancelled)?
        };
        let config =
            FrozenEncoderConfig::of(train.label_names().to_vec(), self.encoder, self.encoder_folder, &head)
                .map_err(EncoderError::from)?;
        Ok(TrainedHead { head, config, report, validation_rows })
    }

    /// Texts that are embedded.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.splits.train.rows() + self.splits.validation.as_ref().map_or(0, Dataset::rows)
    }

    /// Embeddings of `data` by the frozen encoder, kept or new.
    pub fn embed(
        &self,
        data: &Dataset,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Vec<f32>, EmbedError> {
        self.cache.embed(self.encoder, self.encoder_folder, data, progress, cancelled)
    }

    fn learned(&self, data: &Dataset) -> Vec<Option<u32>> {
        self.labelled.map_or_else(|| labels(data), |count| labels(&data.keep_labels(count)))
    }

    /// The head, how training went, and the rows that its best epoch was chosen on.
    fn train(
        &self,
        training: Labelled<'_>,
        validation: Labelled<'_>,
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<(ClassifierHead, TrainReport, usize), HeadTrainingError> {
        let (classes, width) = (self.splits.train.label_names().len(), self.encoder.width());
        let TrainSettings { optimizer, seed, .. } = self.settings;
        let inputs = EmbeddingRows::new(width, Cow::Borrowed(training.embeddings))?;
        let rows = inputs.rows();
        let supervision =
            Supervision { rows, classes, labels: Some(training.labels), ..Supervision::default() };
        let (validation_inputs, validation_labels) = labelled_rows(width, validation)?;
        let per_class = self.subclasses.map_or(1, |own| own.subclasses);
        let mut student = TrainableHead::new(classes.saturating_mul(per_class), &inputs, &self.head, seed)?;
        let shape = StudentShape { embedding: student.embedding(), optimizer, seed };
        let mut method = match &self.subclasses {
            Some(own) => own.build(supervision)?,
            None => MethodSettings::from(CeSettings::default()).build(supervision, &shape)?,
        };
        let training = Training {
            inputs: &inputs,
            rows,
            method: method.as_mut(),
            validation: Some(Validation {
                inputs: &validation_inputs,
                labels: &validation_labels,
                metric: ValidationMetric::Accuracy,
            }),
            checkpoints: None,
        };
        let report = train(&mut student, training, &self.settings, self.threads, observer, cancelled)?;
        let per_class = NonZeroUsize::new(per_class).expect("settings of subclasses were checked");
        let head = student.model()?.with_subclasses(per_class).expect("outputs are classes times subclasses");
        Ok((head, report, validation_labels.len()))
    }
}

fn labels(data: &Dataset) -> Vec<Option<u32>> {
    data.labels().unwrap_or_default().to_vec()
}

/// The labelled rows alone.
fn labelled_rows(
    width: usize,
    data: Labelled<'_>,
) -> Result<(EmbeddingRows<'static>, Vec<u32>), HeadTrainingError> {
    let rows = data.labels.iter().zip(data.embeddings.chunks_exact(width));
    let (labels, kept): (Vec<u32>, Vec<&[f32]>) =
        rows.filter_map(|(label, row)| label.map(|label| (label, row))).unzip();
    if labels.is_empty() {
        return Err(HeadTrainingError::NoValidationLabels { rows: data.labels.len() });
    }
    Ok((EmbeddingRows::new(width, Cow::Owned(kept.concat()))?, labels))
}
