//! Trains a classifier head on the embeddings of a frozen encoder.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_infer::layer::LayerError;
use lelp_infer::teacher::ClassifierHead;
use thiserror::Error;

use crate::method::{CeSettings, Learner, MethodError, MethodSettings, SubclassTeaching, Supervision};
use crate::model::{EmbeddingRows, HeadError, HeadSettings, HeadStudent, Student};
use crate::run::{
    Event, TrainError, TrainReport, TrainSettings, Training, Validation, ValidationMetric, train,
};

/// An encoder's embeddings of a data set, with its labels.
#[derive(Debug, Clone, Copy)]
pub struct LabelledEmbeddings<'a> {
    /// `[rows, width]`.
    pub embeddings: &'a [f32],
    /// `[rows]`, none where a row has no label.
    pub labels: &'a [Option<u32>],
}

/// Why no head was trained.
#[derive(Debug, Error)]
pub enum TeachError {
    /// Embeddings do not hold together.
    #[error(transparent)]
    Embeddings(#[from] HeadError),
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

/// Trains a head on the labelled rows of `training`, by cross-entropy, and keeps its best epoch on `validation`.
///
/// With `subclasses` the head has as many outputs for each class, and learns the auxiliary term of Subclass
/// Distillation beside the labels.
///
/// # Shapes
/// Embeddings are `[rows, width]`; labels are below `classes`. The head takes raw embeddings: the
/// standardisation that training uses is folded into its first layer.
#[allow(clippy::too_many_arguments)] // each is one of the seams: data, settings, threads, progress, cancel
pub fn teach(
    classes: usize,
    width: usize,
    training: LabelledEmbeddings<'_>,
    validation: LabelledEmbeddings<'_>,
    head: &HeadSettings,
    subclasses: Option<&SubclassTeaching>,
    settings: &TrainSettings,
    threads: NonZeroUsize,
    watch: &mut (dyn FnMut(Event<'_>) + Send),
    cancelled: &AtomicBool,
) -> Result<(ClassifierHead, TrainReport), TeachError> {
    let inputs = EmbeddingRows::new(width, Cow::Borrowed(training.embeddings))?;
    let rows = inputs.rows();
    let supervision = Supervision { rows, classes, labels: Some(training.labels), ..Supervision::default() };
    let (validation_inputs, validation_labels) = labelled_rows(width, validation)?;
    let per_class = subclasses.map_or(1, |own| own.subclasses);
    let mut student = HeadStudent::new(classes.saturating_mul(per_class), &inputs, head, settings.seed)?;
    let learner =
        Learner { embedding: student.embedding(), optimizer: settings.optimizer, seed: settings.seed };
    let mut method = match subclasses {
        Some(own) => own.build(supervision)?,
        None => MethodSettings::Ce(CeSettings::default()).build(supervision, &learner)?,
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
    let report = train(&mut student, training, settings, threads, watch, cancelled)?;
    let per_class = NonZeroUsize::new(per_class).expect("settings of subclasses were checked");
    let head = student.model()?.with_subclasses(per_class).expect("outputs are classes times subclasses");
    Ok((head, report))
}

/// The labelled rows alone.
fn labelled_rows(
    width: usize,
    data: LabelledEmbeddings<'_>,
) -> Result<(EmbeddingRows<'static>, Vec<u32>), TeachError> {
    let rows = data.labels.iter().zip(data.embeddings.chunks_exact(width));
    let (labels, kept): (Vec<u32>, Vec<&[f32]>) =
        rows.filter_map(|(label, row)| label.map(|label| (label, row))).unzip();
    if labels.is_empty() {
        return Err(TeachError::NoValidationLabels { rows: data.labels.len() });
    }
    Ok((EmbeddingRows::new(width, Cow::Owned(kept.concat()))?, labels))
}
