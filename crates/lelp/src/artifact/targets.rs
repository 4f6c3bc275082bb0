//! Targets as bytes.

use serde::{Deserialize, Serialize};

use crate::artifact::container::{ArtifactReader, OutgoingTensor, write};
use crate::artifact::error::ArtifactError;
use crate::collapse::check_rows;
use crate::error::ShapeError;
use crate::subclass::TargetSettings;

const KIND: &str = "lelp targets";

/// Soft labels of a data set over all subclasses, as they are kept in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    values: Vec<f32>,
    classes: usize,
    per_class: usize,
    settings: TargetSettings,
}

#[derive(Serialize, Deserialize)]
struct TargetsMetadata {
    rows: usize,
    classes: usize,
    per_class: usize,
    settings: TargetSettings,
}

impl Targets {
    /// Takes targets and what made them.
    ///
    /// # Shapes
    /// `values`: `[rows, classes * per_class]`.
    ///
    /// # Errors
    /// [`ShapeError`] if `values` is no whole number of rows.
    pub fn new(
        values: Vec<f32>,
        classes: usize,
        per_class: usize,
        settings: TargetSettings,
    ) -> Result<Self, ShapeError> {
        ShapeError::check("classes of the targets", classes, classes.max(2))?;
        ShapeError::check("subclasses of the targets", per_class, per_class.max(1))?;
        check_rows("values of the targets", values.len(), classes.saturating_mul(per_class))?;
        Ok(Self { values, classes, per_class, settings })
    }

    /// `[rows, classes * per_class]`.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / (self.classes * self.per_class)
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Subclasses of each class.
    #[must_use]
    pub fn per_class(&self) -> usize {
        self.per_class
    }

    /// How they were made.
    #[must_use]
    pub fn settings(&self) -> TargetSettings {
        self.settings
    }

    /// The bytes of a safetensors file with one tensor, `targets` f32 `[rows, classes * per_class]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (rows, classes, per_class) = (self.rows(), self.classes, self.per_class);
        let own = TargetsMetadata { rows, classes, per_class, settings: self.settings };
        write(KIND, own, vec![OutgoingTensor::single("targets", &[rows, classes * per_class], &self.values)])
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] for any other bytes; no input panics, and none makes it allocate more than its size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let artifact = ArtifactReader::open(bytes, KIND)?;
        let own: TargetsMetadata = artifact.own()?;
        let shape = [own.rows, own.classes.saturating_mul(own.per_class)];
        let targets = artifact.single("targets", &shape, |t| (0.0..=1.001).contains(&t))?;
        Ok(Self::new(targets, own.classes, own.per_class, own.settings)?)
    }
}
