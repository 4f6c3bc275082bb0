//! A student over bags of features that was trained: as it is, and as it is saved.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::Predictor;

use crate::evaluate::accuracy;
use crate::students::{StudentError, TrainedStudent};

/// A model with tables that can be in 8 bits.
pub(in crate::students) trait BagModel: Predictor + Sized {
    /// The model with its tables in 8 bits.
    fn in_eight_bits(&self) -> Self;

    /// Writes the model's folder.
    fn write(&self, folder: &Path) -> Result<(), StudentError>;
}

/// A trained student.
#[derive(Debug)]
pub(in crate::students) struct TrainedBags<M> {
    model: M,
    /// The model as it is saved, where that is in 8 bits.
    quantized: Option<M>,
}

impl<M: BagModel> TrainedBags<M> {
    /// The student that answers as `model`, to be saved in 8 bits where `int8` says so.
    pub(in crate::students) fn new(model: M, int8: bool) -> Self {
        let quantized = int8.then(|| model.in_eight_bits());
        Self { model, quantized }
    }

    fn saved(&self) -> &M {
        self.quantized.as_ref().unwrap_or(&self.model)
    }
}

impl<M: BagModel> TrainedStudent for TrainedBags<M> {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        self.saved().write(folder)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        Some(self.saved())
    }

    /// What the tables lose in 8 bits.
    fn remarks(&self, validation: &Dataset, cancelled: &AtomicBool) -> Result<Vec<String>, StudentError> {
        let Some(quantized) = self.quantized.as_ref().filter(|_| validation.labels().is_some()) else {
            return Ok(Vec::new());
        };
        let full = accuracy(&self.model, validation, cancelled)?;
        let small = accuracy(quantized, validation, cancelled)?;
        Ok(vec![format!("in 8 bits: validation accuracy {small:.4}, in 32 bits {full:.4}")])
    }
}
