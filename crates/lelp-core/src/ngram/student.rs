//! The n-gram student that answers.

use std::num::NonZeroUsize;

use thiserror::Error;

use super::columns::ColumnFeatures;
use super::config::{NgramConfig, NgramConfigError, TablePrecision};
use super::feature_table::FeatureTable;
use super::features::FeatureScratch;
use crate::layer::Layer;
use crate::{Text, class_logit};

/// A trained n-gram student: features of a row to logits of classes.
#[derive(Debug, Clone)]
pub struct NgramStudent {
    config: NgramConfig,
    features: ColumnFeatures,
    table: FeatureTable,
    hidden: Option<Layer>,
    output: Layer,
}

/// Configuration, table and layers do not fit together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramModelError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] NgramConfigError),
    /// The table has another shape than the configuration says.
    #[error("the table is {buckets} x {width}, but the configuration says {wanted_buckets} x {wanted_width}")]
    Table {
        /// Rows of the table.
        buckets: usize,
        /// Columns of the table.
        width: usize,
        /// Rows configured.
        wanted_buckets: usize,
        /// Columns configured.
        wanted_width: usize,
    },
    /// The table is stored in another precision than the configuration says.
    #[error("the table is stored as {stored:?}, but the configuration says {wanted:?}")]
    Precision {
        /// As the table is.
        stored: TablePrecision,
        /// As configured.
        wanted: TablePrecision,
    },
    /// The hidden layer is missing, or there is one too many.
    #[error("the configuration says {hidden} hidden units, but a hidden layer is {}", if *.present { "given" } else { "missing" })]
    Hidden {
        /// Hidden units configured.
        hidden: usize,
        /// Whether a hidden layer was given.
        present: bool,
    },
    /// A layer has another shape than the configuration says.
    #[error(
        "the {layer} layer maps {inputs} to {outputs}, but the configuration says {wanted_inputs} to {wanted_outputs}"
    )]
    Layer {
        /// `hidden` or `output`.
        layer: &'static str,
        /// Its inputs.
        inputs: usize,
        /// Its outputs.
        outputs: usize,
        /// Inputs configured.
        wanted_inputs: usize,
        /// Outputs configured.
        wanted_outputs: usize,
    },
}

/// Buffers of a prediction, reused from text to text: one for each thread that predicts.
#[derive(Debug, Clone)]
pub struct NgramScratch {
    features: FeatureScratch,
    ids: Vec<u32>,
    mean: Vec<f32>,
    hidden: Vec<f32>,
    outputs: Vec<f32>,
}

impl NgramStudent {
    /// Puts a model together; every shape is held against `config`.
    pub fn new(
        config: NgramConfig,
        table: FeatureTable,
        hidden: Option<Layer>,
        output: Layer,
    ) -> Result<Self, NgramModelError> {
        config.check()?;
        if table.buckets() != config.features.buckets || table.width() != config.width {
            return Err(NgramModelError::Table {
                buckets: table.buckets(),
                width: table.width(),
                wanted_buckets: config.features.buckets,
                wanted_width: config.width,
            });
        }
        if table.precision() != config.table {
            return Err(NgramModelError::Precision { stored: table.precision(), wanted: config.table });
        }
        match (&hidden, config.hidden) {
            (Some(layer), Some(units)) => check_layer("hidden", layer, config.width, units.get())?,
            (None, None) => {}
            (_, units) => {
                let units = units.map_or(0, NonZeroUsize::get);
                return Err(NgramModelError::Hidden { hidden: units, present: hidden.is_some() });
            }
        }
        check_layer("output", &output, config.last_inputs(), config.outputs())?;
        let features = config.column_features().map_err(NgramConfigError::from)?;
        Ok(Self { config, features, table, hidden, output })
    }

    /// Shape and labels.
    #[must_use]
    pub fn config(&self) -> &NgramConfig {
        &self.config
    }

    /// The feature table.
    #[must_use]
    pub fn table(&self) -> &FeatureTable {
        &self.table
    }

    /// The hidden layer, if there is one.
    #[must_use]
    pub fn hidden(&self) -> Option<&Layer> {
        self.hidden.as_ref()
    }

    /// The last layer.
    #[must_use]
    pub fn output(&self) -> &Layer {
        &self.output
    }

    /// The model with its table in 8 bits.
    #[must_use]
    pub fn quantized(&self) -> Self {
        let mut config = self.config.clone();
        config.table = TablePrecision::Int8;
        Self {
            config,
            features: self.features.clone(),
            table: self.table.quantized(),
            hidden: self.hidden.clone(),
            output: self.output.clone(),
        }
    }

    /// The model with no rows in its table but those of the buckets `kept`, in increasing order, and `others` `[width]` for
    /// all other buckets; none where the table is not in 32 bits, or `precision` is not that of a pruned table.
    #[must_use]
    pub fn pruned(&self, kept: &[u32], others: &[f32], precision: TablePrecision) -> Option<Self> {
        let table = self.table.pruned(kept, others, precision)?;
        Some(Self { config: NgramConfig { table: precision, ..self.config.clone() }, table, ..self.clone() })
    }

    /// Buffers for [`class_logits`](Self::class_logits); with them no prediction allocates, save that character
    /// n-grams and pairs make the list of features grow to the longest text met so far.
    #[must_use]
    pub fn scratch(&self) -> NgramScratch {
        let features = FeatureScratch::for_settings(&self.config.features);
        let ids = Vec::with_capacity(2 * self.config.features.max_tokens);
        NgramScratch {
            features,
            ids,
            mean: vec![0.0; self.config.width],
            hidden: vec![0.0; self.config.hidden.map_or(0, NonZeroUsize::get)],
            outputs: vec![0.0; self.config.outputs()],
        }
    }

    /// Class logits of one text into `logits` `[classes]`: log-sum-exp over each class's outputs.
    ///
    /// Where the model reads numbers or categories too, they are without a value.
    ///
    /// # Panics
    /// If `logits` does not hold one value a class, or `scratch` was made by a model of another shape.
    pub fn class_logits(&self, text: &Text<'_>, scratch: &mut NgramScratch, logits: &mut [f32]) {
        self.logits_of_features(
            |features, ids| self.features.extract_text(text, features, ids),
            scratch,
            logits,
        );
    }

    /// Outputs before the collapse, `[classes * subclasses]`, of a row with these feature buckets.
    pub fn outputs_of_buckets<'a>(&self, buckets: &[u32], scratch: &'a mut NgramScratch) -> &'a [f32] {
        scratch.ids.clear();
        scratch.ids.extend_from_slice(buckets);
        self.outputs_of_features(scratch);
        &scratch.outputs
    }

    /// As [`class_logits`](Self::class_logits) of the buckets that `extract` appends to a list.
    pub fn logits_of_features(
        &self,
        extract: impl FnOnce(&mut FeatureScratch, &mut Vec<u32>),
        scratch: &mut NgramScratch,
        logits: &mut [f32],
    ) {
        scratch.ids.clear();
        extract(&mut scratch.features, &mut scratch.ids);
        self.logits_of_ids(scratch, logits);
    }

    /// Class logits of the features in `scratch`.
    fn logits_of_ids(&self, scratch: &mut NgramScratch, logits: &mut [f32]) {
        assert_eq!(logits.len(), self.config.classes(), "one logit for each class");
        self.outputs_of_features(scratch);
        for (logit, outputs) in logits.iter_mut().zip(scratch.outputs.chunks_exact(self.config.subclasses)) {
            *logit = class_logit(outputs);
        }
    }

    /// Outputs of the features in `scratch`, into it.
    fn outputs_of_features(&self, scratch: &mut NgramScratch) {
        self.table.mean(&mut scratch.ids, &mut scratch.mean);
        let last = match &self.hidden {
            None => &scratch.mean,
            Some(layer) => {
                layer.apply(&scratch.mean, &mut scratch.hidden);
                for value in &mut scratch.hidden {
                    *value = value.max(0.0);
                }
                &scratch.hidden
            }
        };
        self.output.apply(last, &mut scratch.outputs);
    }
}

fn check_layer(
    name: &'static str,
    layer: &Layer,
    inputs: usize,
    outputs: usize,
) -> Result<(), NgramModelError> {
    if layer.inputs() == inputs && layer.outputs() == outputs {
        return Ok(());
    }
    Err(NgramModelError::Layer {
        layer: name,
        inputs: layer.inputs(),
        outputs: layer.outputs(),
        wanted_inputs: inputs,
        wanted_outputs: outputs,
    })
}
