//! The network that answers.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_data::{Table, Text, storage};
use thiserror::Error;

use super::KIND;
use super::config::{MlpConfig, MlpConfigError};
use super::input_layout::InputLayout;
use crate::encoder::Encoder;
use crate::head::{ClassifierHead, HeadOutput};
use crate::model_folder_error::ModelFolderError;
use crate::predict_error::PredictError;
use crate::predictor::{Predictor, Teacher};
use crate::schema::ModelSchema;

/// A trained network on typed columns: linear, or with one hidden `ReLU` layer.
#[derive(Debug)]
pub struct MlpModel {
    config: MlpConfig,
    schema: ModelSchema,
    layout: InputLayout,
    tables: Vec<CategoryTable>,
    head: ClassifierHead,
    encoder: Option<FolderEncoder>,
}

/// A frozen encoder and the folder that it was loaded from.
#[derive(Debug)]
pub struct FolderEncoder {
    /// The encoder.
    pub encoder: Encoder,
    /// Its folder.
    pub folder: PathBuf,
}

/// The learned vectors of a category's words, `[words + 1, width]`; row 0 is for a missing or unknown word.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryTable {
    /// Columns.
    pub width: usize,
    /// Values, row by row.
    pub values: Vec<f32>,
}

/// Configuration, tables, layers and encoder do not fit together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MlpError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] MlpConfigError),
    /// There are more or fewer tables than categories.
    #[error("{tables} tables for {categories} categories: each needs one")]
    Tables {
        /// Tables given.
        tables: usize,
        /// Categories configured.
        categories: usize,
    },
    /// A category's table has another shape than its vocabulary asks for.
    #[error(
        "the table of category {place} is {rows} x {width}, but its words ask for {wanted_rows} x {wanted_width}"
    )]
    Table {
        /// Place among the categories.
        place: usize,
        /// Rows of the table.
        rows: usize,
        /// Columns of the table.
        width: usize,
        /// Rows asked for: a word each, and one for all others.
        wanted_rows: usize,
        /// Columns configured.
        wanted_width: usize,
    },
    /// A value of a table is infinite or not a number.
    #[error("value {index} in the table of category {place} is not finite")]
    NotFinite {
        /// Place among the categories.
        place: usize,
        /// Place in the table.
        index: usize,
    },
    /// The first layer reads another number of values than the columns give.
    #[error("the first layer reads {layer} values, but the columns give {columns}")]
    Inputs {
        /// Inputs of the first layer.
        layer: usize,
        /// Values of the columns.
        columns: usize,
    },
    /// The last layer has another number of outputs than labels and subclasses ask for.
    #[error("the last layer has {layer} outputs, but labels and subclasses ask for {config}")]
    Outputs {
        /// Outputs of the last layer.
        layer: usize,
        /// Outputs configured.
        config: usize,
    },
    /// The hidden layer has another number of units than configured; 0 is none.
    #[error("the hidden layer has {layer} units, but the configuration says {config}")]
    Hidden {
        /// Units of the layer.
        layer: usize,
        /// Units configured.
        config: usize,
    },
    /// An encoder is missing, or there is one that nothing needs.
    #[error("{}", if *.text { "a text is read, but there is no encoder" } else { "there is an encoder, but no text is read" })]
    Encoder {
        /// Whether a text is read.
        text: bool,
    },
}

impl MlpModel {
    /// Puts a model together; every shape is held against `config`. The head must have a `ReLU` behind its hidden
    /// layer, and its subclasses are those of the configuration.
    pub fn new(
        config: MlpConfig,
        tables: Vec<CategoryTable>,
        head: ClassifierHead,
        encoder: Option<FolderEncoder>,
    ) -> Result<Self, MlpError> {
        let schema = config.check()?;
        let text = schema.text().is_some();
        if text != encoder.is_some() {
            return Err(MlpError::Encoder { text });
        }
        let layout = InputLayout::new(&config.columns, encoder.as_ref().map_or(0, |own| own.encoder.width()));
        check_tables(&layout, &tables)?;
        if head.inputs() != layout.width() {
            return Err(MlpError::Inputs { layer: head.inputs(), columns: layout.width() });
        }
        let hidden = head.hidden().map_or(0, |(hidden, _)| hidden.outputs());
        let wanted = config.hidden.map_or(0, Into::into);
        if hidden != wanted {
            return Err(MlpError::Hidden { layer: hidden, config: wanted });
        }
        let outputs = head.output().outputs();
        let wrong = MlpError::Outputs { layer: outputs, config: config.outputs() };
        if outputs != config.outputs() {
            return Err(wrong);
        }
        let head = head.with_subclasses(config.subclasses).map_err(|_| wrong)?;
        Ok(Self { config, schema: ModelSchema::columns(schema), layout, tables, head, encoder })
    }

    /// Shape, labels and columns.
    #[must_use]
    pub fn config(&self) -> &MlpConfig {
        &self.config
    }

    /// What the first layer reads, and where.
    #[must_use]
    pub fn layout(&self) -> &InputLayout {
        &self.layout
    }

    /// The tables of the categories, in the order of their columns.
    #[must_use]
    pub fn category_tables(&self) -> &[CategoryTable] {
        &self.tables
    }

    /// The folder that the encoder was loaded from.
    pub(crate) fn encoder_folder(&self) -> Option<&Path> {
        self.encoder.as_ref().map(|own| own.folder.as_path())
    }
}

impl Teacher for MlpModel {
    fn head(&self) -> &ClassifierHead {
        &self.head
    }

    /// SHA-256 of configuration, layers and tables, and of the encoder's precision where it is not f32.
    fn hash(&self) -> Result<String, ModelFolderError> {
        let bytes = self.identity().map_err(ModelFolderError::unsound)?;
        let precision = self.encoder().map(Encoder::precision).unwrap_or_default();
        Ok(precision.tell_apart(storage::sha256(&bytes)))
    }

    fn signals(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<HeadOutput, PredictError> {
        let table = self.schema.fit(table)?;
        let texts: Vec<Text<'_>> =
            if self.layout.reads_text() { table.texts()?.collect() } else { Vec::new() };
        let embeddings = match self.encoder() {
            Some(encoder) => encoder.embed_with_progress(&texts, progress, cancel)?,
            None => Vec::new(),
        };
        let encoder_width = self.encoder().map_or(0, Encoder::width);
        let mut inputs = vec![0.0; table.rows() * self.layout.width()];
        let mut words = vec![0; self.tables.len()];
        for (row, inputs) in inputs.chunks_exact_mut(self.layout.width()).enumerate() {
            let embedding = &embeddings[row * encoder_width..][..encoder_width];
            let (dense, mut rest) = inputs.split_at_mut(self.layout.dense_width());
            self.layout.read(&table, row, embedding, dense, &mut words);
            for (category, &word) in self.tables.iter().zip(&words) {
                let (vector, behind) = rest.split_at_mut(category.width);
                vector.copy_from_slice(&category.values[word as usize * category.width..][..category.width]);
                rest = behind;
            }
        }
        progress(table.rows());
        Ok(self.head.apply(inputs))
    }
}

fn check_tables(layout: &InputLayout, tables: &[CategoryTable]) -> Result<(), MlpError> {
    let wanted = layout.category_tables();
    if wanted.len() != tables.len() {
        return Err(MlpError::Tables { tables: tables.len(), categories: wanted.len() });
    }
    for (place, ((wanted_rows, wanted_width), table)) in wanted.zip(tables).enumerate() {
        let (width, values) = (table.width, table.values.len());
        if width != wanted_width || values != wanted_rows * wanted_width {
            let rows = values.checked_div(width).unwrap_or(0);
            return Err(MlpError::Table { place, rows, width, wanted_rows, wanted_width });
        }
        if let Some(index) = table.values.iter().position(|value| !value.is_finite()) {
            return Err(MlpError::NotFinite { place, index });
        }
    }
    Ok(())
}

impl Predictor for MlpModel {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn labels(&self) -> &[String] {
        &self.config.labels
    }

    fn answers_in_microseconds(&self) -> bool {
        self.encoder().is_none()
    }

    fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        let logits = self.signals(table, &mut |_| {}, &AtomicBool::new(false))?.logits;
        PredictError::check(&logits)?;
        Ok(logits)
    }

    fn teacher(&self) -> Option<&dyn Teacher> {
        Some(self)
    }

    fn encoder(&self) -> Option<&Encoder> {
        self.encoder.as_ref().map(|own| &own.encoder)
    }
}
