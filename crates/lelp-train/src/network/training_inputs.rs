//! What a network reads of the rows that it learns from and of those that its best epoch is chosen on.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lelp_data::Dataset;
use lelp_model::encoder::Encoder;
use lelp_model::mlp::{EncoderUse, InputColumn, MlpConfig};

use super::trained::TrainedNetwork;
use super::{ColumnChoice, ColumnInputs, NetworkError, TrainableNetwork, input_columns};
use crate::teachers::FrozenEncoder;

/// Rows with the embeddings of their texts.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedRows<'a> {
    /// The rows.
    pub data: &'a Dataset,
    /// `[rows, encoder width]`, empty where no text is read.
    pub embeddings: &'a [f32],
}

/// Training and validation rows as a network reads them, and how it does: every network of a task starts from this.
#[derive(Debug)]
pub struct TrainingInputs {
    columns: Vec<InputColumn>,
    /// The encoder of the texts, where they are read.
    encoder: Option<(PathBuf, EncoderUse)>,
    /// The rows to learn from.
    pub train: ColumnInputs,
    /// The rows to choose the best epoch on.
    pub validation: ColumnInputs,
}

impl TrainingInputs {
    /// Reads the rows; means, deviations and words are those of the training rows. Texts are read where there is an
    /// encoder.
    pub fn new(
        train: EmbeddedRows<'_>,
        validation: EmbeddedRows<'_>,
        encoder: Option<FrozenEncoder<'_>>,
        category_width: NonZeroUsize,
    ) -> Result<Self, NetworkError> {
        let choice = ColumnChoice { text: encoder.is_some(), category_width };
        let columns = input_columns(train.data.table(), choice);
        let width = encoder.map_or(0, |own| own.encoder.width());
        let read =
            |rows: EmbeddedRows<'_>| ColumnInputs::new(rows.data.table(), &columns, width, rows.embeddings);
        let (train, validation) = (read(train)?, read(validation)?);
        let encoder = encoder.map(|own| (own.folder.to_owned(), encoder_use(own.encoder)));
        Ok(Self { columns, encoder, train, validation })
    }

    /// The network that `student` has become.
    pub fn trained(
        &self,
        student: &TrainableNetwork,
        labels: &[String],
        subclasses: NonZeroUsize,
    ) -> Result<TrainedNetwork, NetworkError> {
        let (head, tables) = student.model()?;
        let config = MlpConfig {
            labels: labels.to_vec(),
            subclasses,
            hidden: head.hidden().and_then(|(hidden, _)| NonZeroUsize::new(hidden.outputs())),
            columns: self.columns.clone(),
            encoder: self.encoder.as_ref().map(|(_, used)| *used),
        };
        let encoder = self.encoder.as_ref().map(|(folder, _)| folder.clone());
        TrainedNetwork::new(config, tables, head, encoder)
    }
}

fn encoder_use(encoder: &Encoder) -> EncoderUse {
    EncoderUse {
        pooling: encoder.pooling(),
        normalize: encoder.normalizes(),
        max_length: NonZeroUsize::new(encoder.max_length()).expect("a text has a token or more"),
    }
}
