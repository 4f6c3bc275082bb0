//! The n-gram student that answers.

use std::num::NonZeroUsize;

use super::columns::ColumnFeatures;
use super::config::{NgramConfig, NgramConfigError, TablePrecision};
use super::error::NgramModelError;
use super::feature_table::FeatureTable;
use super::features::FeatureScratch;
use crate::Text;
use crate::layer::{Layer, LayerBuffers, OutputLayers};
use crate::static_embeddings::{StaticEmbeddings, StaticScratch};

/// A trained n-gram student: features of a row to logits of classes.
#[derive(Debug, Clone)]
pub struct NgramStudent {
    config: NgramConfig,
    features: ColumnFeatures,
    table: FeatureTable,
    static_embeddings: Option<StaticEmbeddings>,
    layers: OutputLayers,
}

/// Buffers of a prediction, reused from text to text: one for each thread that predicts.
#[derive(Debug, Clone)]
pub struct NgramScratch {
    features: FeatureScratch,
    ids: Vec<u32>,
    static_embeddings: StaticScratch,
    /// The mean of the table's rows, and behind it that of static embeddings.
    mean: Vec<f32>,
    layers: LayerBuffers,
}

impl NgramStudent {
    /// Puts a model together; every shape is held against `config`.
    pub fn new(
        config: NgramConfig,
        table: FeatureTable,
        static_embeddings: Option<StaticEmbeddings>,
        layers: OutputLayers,
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
        check_static(&config, static_embeddings.as_ref())?;
        match (&layers.hidden, config.hidden) {
            (Some(layer), Some(units)) => check_layer("hidden", layer, config.inputs(), units.get())?,
            (None, None) => {}
            (_, units) => {
                let units = units.map_or(0, NonZeroUsize::get);
                return Err(NgramModelError::Hidden { hidden: units, present: layers.hidden.is_some() });
            }
        }
        check_layer("output", &layers.output, config.last_inputs(), config.outputs())?;
        let features = config.column_features().map_err(NgramConfigError::from)?;
        Ok(Self { config, features, table, static_embeddings, layers })
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

    /// Static embeddings beside the table, if there are some.
    #[must_use]
    pub fn static_embeddings(&self) -> Option<&StaticEmbeddings> {
        self.static_embeddings.as_ref()
    }

    /// From the mean of the table's rows, and behind it that of static embeddings, to the outputs.
    #[must_use]
    pub fn layers(&self) -> &OutputLayers {
        &self.layers
    }

    /// The hidden layer, if there is one.
    #[must_use]
    pub fn hidden(&self) -> Option<&Layer> {
        self.layers.hidden.as_ref()
    }

    /// The last layer.
    #[must_use]
    pub fn output(&self) -> &Layer {
        &self.layers.output
    }

    /// The model with its tables in 8 bits; a table that is rounded already stays as it is.
    #[must_use]
    pub fn quantized(&self) -> Self {
        self.with_table(self.table.quantized())
    }

    /// The model with no rows in its table but those of the buckets `kept`, in increasing order, and `others` `[width]` for
    /// all other buckets; none where the table is not in 32 bits, or `precision` is not that of a pruned table.
    #[must_use]
    pub fn pruned(&self, kept: &[u32], others: &[f32], precision: TablePrecision) -> Option<Self> {
        Some(self.with_table(self.table.pruned(kept, others, precision)?))
    }

    /// The model with this table, which is rounded, and static embeddings in 8 bits.
    fn with_table(&self, table: FeatureTable) -> Self {
        Self {
            config: NgramConfig { table: table.precision(), ..self.config.clone() },
            features: self.features.clone(),
            table,
            static_embeddings: self.static_embeddings.as_ref().map(StaticEmbeddings::quantized),
            layers: self.layers.clone(),
        }
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
            static_embeddings: StaticScratch::default(),
            mean: vec![0.0; self.config.inputs()],
            layers: self.layers.buffers(),
        }
    }

    /// Class logits of one text into `logits` `[classes]`: log-sum-exp over each class's outputs.
    ///
    /// Where the model reads numbers or categories too, they are without a value.
    ///
    /// # Panics
    /// If `logits` does not hold one value a class, or `scratch` was made by a model of another shape.
    pub fn class_logits(&self, text: &Text<'_>, scratch: &mut NgramScratch, logits: &mut [f32]) {
        let extract = |features: &mut _, ids: &mut _| self.features.extract_text(text, features, ids);
        self.logits_of_features(extract, Some(text), scratch, logits);
    }

    /// Outputs before the collapse, `[classes * subclasses]`, of a row with these feature buckets and no piece of words.
    pub fn outputs_of_buckets<'a>(&self, buckets: &[u32], scratch: &'a mut NgramScratch) -> &'a [f32] {
        scratch.ids.clear();
        scratch.ids.extend_from_slice(buckets);
        self.embed(None, scratch);
        self.layers.outputs(&scratch.mean, &mut scratch.layers)
    }

    /// As [`class_logits`](Self::class_logits) of the buckets that `extract` appends to a list, of a row with this text.
    pub fn logits_of_features(
        &self,
        extract: impl FnOnce(&mut FeatureScratch, &mut Vec<u32>),
        text: Option<&Text<'_>>,
        scratch: &mut NgramScratch,
        logits: &mut [f32],
    ) {
        assert_eq!(logits.len(), self.config.classes(), "one logit for each class");
        scratch.ids.clear();
        extract(&mut scratch.features, &mut scratch.ids);
        self.embed(text, scratch);
        self.layers.class_logits(&scratch.mean, self.config.subclasses, &mut scratch.layers, logits);
    }

    /// Means of the features in `scratch` and of the static embeddings of `text`, into it.
    fn embed(&self, text: Option<&Text<'_>>, scratch: &mut NgramScratch) {
        let NgramScratch { ids, static_embeddings: static_scratch, mean, .. } = scratch;
        let (mean, static_mean) = mean.split_at_mut(self.config.width);
        self.table.mean(ids, mean);
        let Some(embeddings) = &self.static_embeddings else { return };
        match text {
            Some(text) => {
                embeddings.embed(text, self.config.features.max_tokens, static_scratch, static_mean);
            }
            None => static_mean.fill(0.0),
        }
    }
}

fn check_static(config: &NgramConfig, embeddings: Option<&StaticEmbeddings>) -> Result<(), NgramModelError> {
    let (wanted, precision) =
        (config.static_width.map_or(0, NonZeroUsize::get), config.table.of_static_embeddings());
    let (found, stored) =
        embeddings.map_or((0, precision), |found| (found.width(), found.table().precision()));
    if (found, stored) == (wanted, precision) {
        return Ok(());
    }
    Err(NgramModelError::Static { found, stored, wanted, precision })
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
