//! The n-gram student as a model that reads tables.

use std::ops::Deref;

use lelp_core::ngram::{
    FeatureTable, NgramConfig, NgramModelError, NgramScratch, NgramStudent, TablePrecision,
};

use super::KIND;
use super::columns::RowFeatures;
use crate::head::ClassifierHead;
use crate::layer::OutputLayers;
use crate::predict_error::PredictError;
use crate::predictor::{Predictor, Scratch};
use crate::schema::ModelSchema;
use crate::static_embeddings::StaticEmbeddings;
use lelp_data::{Table, Text};

/// A trained n-gram student, and how it reads a table's rows.
#[derive(Debug, Clone)]
pub struct NgramModel {
    student: NgramStudent,
    features: RowFeatures,
}

impl Deref for NgramModel {
    type Target = NgramStudent;

    fn deref(&self) -> &NgramStudent {
        &self.student
    }
}

impl From<NgramStudent> for NgramModel {
    fn from(student: NgramStudent) -> Self {
        let config = student.config();
        let features = RowFeatures::new(&config.features, &config.columns).expect("a student's are checked");
        Self { student, features }
    }
}

impl NgramModel {
    /// Puts a model together; every shape is held against `config`.
    pub fn new(
        config: NgramConfig,
        table: FeatureTable,
        static_embeddings: Option<StaticEmbeddings>,
        layers: OutputLayers,
    ) -> Result<Self, NgramModelError> {
        Ok(NgramStudent::new(config, table, static_embeddings, layers)?.into())
    }

    /// The layers behind the table as a head, subclasses and all.
    pub(crate) fn head(&self) -> ClassifierHead {
        ClassifierHead::of_layers(self.layers(), self.config().subclasses)
    }

    /// The model with its table in 8 bits.
    #[must_use]
    pub fn quantized(&self) -> Self {
        self.student.quantized().into()
    }

    /// As [`NgramStudent::pruned`].
    #[must_use]
    pub fn pruned(&self, kept: &[u32], others: &[f32], precision: TablePrecision) -> Option<Self> {
        Some(self.student.pruned(kept, others, precision)?.into())
    }
}

impl Predictor for NgramModel {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn labels(&self) -> &[String] {
        &self.config().labels
    }

    fn schema(&self) -> &ModelSchema {
        self.features.schema()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(self.student.scratch())
    }

    fn text_logits(
        &self,
        text: &Text<'_>,
        scratch: &mut Scratch,
        logits: &mut [f32],
    ) -> Result<(), PredictError> {
        self.class_logits(text, scratch.of_kind::<NgramScratch>(), logits);
        PredictError::check(logits)
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        let table = self.schema().fit(table)?;
        let classes = self.config().classes();
        let mut scratch = self.student.scratch();
        let mut logits = vec![0.0; table.rows() * classes];
        for (row, logits) in logits.chunks_exact_mut(classes).enumerate() {
            let extract = |features: &mut _, ids: &mut _| self.features.extract(&table, row, features, ids);
            self.logits_of_features(extract, table.text(row).as_ref(), &mut scratch, logits);
        }
        PredictError::check(&logits)?;
        Ok(logits)
    }
}
