//! Trains a classifier head on labels: on the embeddings of a frozen encoder, on typed columns, or on both.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use lelp_model::encoder::EncoderError;
use lelp_model::encoder_classifier::FrozenEncoderConfig;
use lelp_model::layer::LayerError;
use thiserror::Error;

use super::embed::FrozenEncoder;
use super::embedding_cache::{EmbedError, EmbeddingCache};
use super::label_training::LabelTraining;
use super::trained_head::{HeadModel, TrainedHead};
use crate::head::{EmbeddingRows, EmbeddingRowsError, HeadSettings, TrainableHead};
use crate::network::{EmbeddedRows, NetworkError, TrainableNetwork, TrainingInputs};
use crate::training::{Event, TrainError, TrainReport, TrainSettings, Trainable};
use lelp_data::{DataError, Dataset, SchemaError, Splits, gather, hold_out};
use lelp_method::{CeSettings, MethodError, SubclassTeacherSettings};

/// What a head is trained on, and how.
///
/// On texts alone it is a head on the embeddings of a frozen encoder. On vectors, numbers and categories it is a dense
/// network, which reads a text beside them by the encoder, or not at all where there is none.
#[derive(Debug, Clone, Copy)]
pub struct HeadTraining<'a> {
    /// What embeds the texts.
    pub encoder: Option<FrozenEncoder<'a>>,
    /// Rows to learn from, and to choose the best epoch on; a tenth is held out where no validation file is.
    pub splits: &'a Splits,
    /// Training labels that count, see [`Dataset::keep_labels`]; all where there is no number.
    pub labelled: Option<usize>,
    /// The head.
    pub head: HeadSettings,
    /// Numbers that each word of a category is known by.
    pub category_width: NonZeroUsize,
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

/// Rows of one side of the split, with the encoder's embeddings of their texts.
struct Rows {
    data: Dataset,
    /// `[rows, width]`, empty without an encoder.
    embeddings: Vec<f32>,
}

/// Why no head was trained.
#[derive(Debug, Error)]
pub enum HeadTrainingError {
    /// The data set cannot be split.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Texts are to be embedded, and there are none.
    #[error(transparent)]
    NoText(#[from] SchemaError),
    /// There is nothing that reads the texts, and nothing else to read.
    #[error("`{}` has texts alone, which a teacher reads by an encoder, and none is given", file.display())]
    NoEncoder {
        /// The training file.
        file: PathBuf,
    },
    /// The texts cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The encoder's files cannot be read again, to tell the teacher from others.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// Embeddings do not hold together.
    #[error(transparent)]
    Embeddings(#[from] EmbeddingRowsError),
    /// There is no network on these columns.
    #[error(transparent)]
    Network(#[from] NetworkError),
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
    /// Embeds the texts, trains a head, and keeps its best epoch on the validation rows.
    ///
    /// `embedded` is called with the number of texts, of [`HeadTraining::rows`], that are embedded.
    pub fn run(
        &self,
        embedded: &mut dyn FnMut(usize),
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<TrainedHead, HeadTrainingError> {
        let schema = self.splits.train.schema();
        if self.encoder.is_some() {
            schema.require_text()?;
        } else if schema.is_text_only() {
            return Err(HeadTrainingError::NoEncoder { file: self.splits.train.file().to_owned() });
        }
        let Splits { train, validation, .. } = self.splits;
        let embeddings = self.embed(train, embedded, cancelled)?;
        let (learning, held_out) = if let Some(validation) = validation {
            let rows = train.rows();
            let held_out = self.embed(validation, &mut |done| embedded(rows + done), cancelled)?;
            (Rows::new(train.clone(), embeddings), Rows::new(validation.clone(), held_out))
        } else {
            let parts = hold_out(train)?;
            let part = |rows: &[usize]| Rows::new(train.select(rows), self.gather(&embeddings, rows));
            (part(&parts.train), part(&parts.validation))
        };
        let learning = match self.labelled {
            Some(count) => Rows { data: learning.data.keep_labels(count), ..learning },
            None => learning,
        };
        let (rows, labels) = held_out.data.labelled();
        if labels.is_empty() {
            return Err(HeadTrainingError::NoValidationLabels { rows: held_out.data.rows() });
        }
        let validation = Rows::new(held_out.data.select(&rows), self.gather(&held_out.embeddings, &rows));
        let (model, report) = match self.encoder {
            Some(encoder) if schema.is_text_only() => {
                self.on_encoder(encoder, &learning, (&validation, &labels), observer, cancelled)?
            }
            _ => self.on_columns(&learning, (&validation, &labels), observer, cancelled)?,
        };
        Ok(TrainedHead { model, report, validation_rows: labels.len() })
    }

    /// Texts that are embedded; none without an encoder.
    #[must_use]
    pub fn rows(&self) -> usize {
        let all = self.splits.train.rows() + self.splits.validation.as_ref().map_or(0, Dataset::rows);
        if self.encoder.is_some() { all } else { 0 }
    }

    /// Embeddings of `data` by the frozen encoder, kept or new; empty without an encoder.
    pub fn embed(
        &self,
        data: &Dataset,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Vec<f32>, EmbedError> {
        self.encoder.map_or(Ok(Vec::new()), |FrozenEncoder { encoder, folder }| {
            self.cache.embed(encoder, folder, data, progress, cancelled)
        })
    }

    fn gather(&self, embeddings: &[f32], rows: &[usize]) -> Vec<f32> {
        gather(embeddings, self.encoder.map_or(0, |own| own.encoder.width()), rows)
    }

    /// A head on embeddings alone.
    fn on_encoder(
        &self,
        FrozenEncoder { encoder, folder }: FrozenEncoder<'_>,
        train: &Rows,
        (validation, labels): (&Rows, &[u32]),
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<(HeadModel, TrainReport), HeadTrainingError> {
        let width = encoder.width();
        let (inputs, validation) = (train.embedding_rows(width)?, validation.embedding_rows(width)?);
        let mut head = TrainableHead::new(self.outputs(), &inputs, &self.head, self.settings.seed)?;
        let report = self.train(&mut head, &inputs, train, (&validation, labels), observer, cancelled)?;
        let head = head.model()?.with_subclasses(self.per_class());
        let head = head.expect("outputs are classes times subclasses");
        let names = train.data.label_names().to_vec();
        let config = FrozenEncoderConfig::of(names, encoder, folder, &head).map_err(EncoderError::from)?;
        let (config, encoder) = (Box::new(config), folder.to_owned());
        Ok((HeadModel::OnEncoder { head, config, encoder }, report))
    }

    /// A network on columns, and on embeddings where there are some.
    fn on_columns(
        &self,
        train: &Rows,
        (validation, labels): (&Rows, &[u32]),
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<(HeadModel, TrainReport), HeadTrainingError> {
        let inputs =
            TrainingInputs::new(train.embedded(), validation.embedded(), self.encoder, self.category_width)?;
        let mut network =
            TrainableNetwork::new(self.outputs(), &inputs.train, &self.head, self.settings.seed)?;
        let validation = (&inputs.validation, labels);
        let report = self.train(&mut network, &inputs.train, train, validation, observer, cancelled)?;
        let network = inputs.trained(&network, train.data.label_names(), self.per_class())?;
        Ok((HeadModel::OnColumns(network), report))
    }

    fn train<I: Sync, S: Trainable<I>>(
        &self,
        teacher: &mut S,
        inputs: &I,
        train: &Rows,
        validation: (&I, &[u32]),
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<TrainReport, HeadTrainingError> {
        let training = LabelTraining {
            inputs,
            train: &train.data,
            validation,
            objective: CeSettings::default(),
            subclasses: self.subclasses,
            settings: &self.settings,
            checkpoints: None,
            threads: self.threads,
        };
        training.run(teacher, observer, cancelled)
    }

    /// Outputs of each class.
    fn per_class(&self) -> NonZeroUsize {
        let own = self.subclasses.and_then(|own| NonZeroUsize::new(own.subclasses));
        own.unwrap_or(NonZeroUsize::MIN)
    }

    fn outputs(&self) -> usize {
        self.splits.train.label_names().len().saturating_mul(self.per_class().get())
    }
}

impl Rows {
    fn new(data: Dataset, embeddings: Vec<f32>) -> Self {
        Self { data, embeddings }
    }

    fn embedding_rows(&self, width: usize) -> Result<EmbeddingRows<'_>, EmbeddingRowsError> {
        EmbeddingRows::new(width, Cow::Borrowed(&self.embeddings))
    }

    fn embedded(&self) -> EmbeddedRows<'_> {
        EmbeddedRows { data: &self.data, embeddings: &self.embeddings }
    }
}
