//! A fit of directions as bytes.

use serde::{Deserialize, Serialize};

use super::{ArtifactError, Incoming, Outgoing, write};
use crate::error::ShapeError;
use crate::subclass::lelp::{ClassReport, LelpFit, LelpSettings};
use crate::subclass::{HeadSource, LinearScores};

pub(super) const KIND: &str = "lelp directions";
/// In the order of their names, over which the checksum goes.
const TENSORS: [&str; 5] = ["directions", "offset", "projection", "spectrum", "variance"];

#[derive(Serialize, Deserialize)]
struct FitMetadata {
    classes: usize,
    per_class: usize,
    width: usize,
    settings: LelpSettings,
    head: HeadSource,
    head_rank: usize,
    members: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_names: Option<Vec<String>>,
}

impl FitMetadata {
    /// Counts agree with each other; returns `classes * per_class`.
    fn check(&self) -> Result<usize, ShapeError> {
        ShapeError::check("subclasses of the metadata", self.per_class, self.settings.subclasses.get())?;
        ShapeError::check("class counts of the metadata", self.members.len(), self.classes)?;
        if let Some(names) = &self.label_names {
            ShapeError::check("label names of the metadata", names.len(), self.classes)?;
        }
        let most = self.width.saturating_sub(self.per_class);
        ShapeError::check("rank of the head", self.head_rank, self.head_rank.min(most))?;
        ShapeError::check("classes of the metadata", self.classes, self.classes.max(2))?;
        Ok(self.classes.saturating_mul(self.per_class))
    }
}

impl LelpFit {
    /// The fit as the bytes of a safetensors file; same fit, same bytes.
    ///
    /// # Shapes
    /// `projection` f32 `[width, outputs]`, `offset` f32 `[outputs]`, `directions` f64 `[outputs, width]`,
    /// `variance` f64 `[classes, per_class]`, `spectrum` f64 `[classes, width - rank]`, where `outputs` is
    /// `classes * per_class`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (classes, per_class, width, outputs) =
            (self.classes(), self.per_class(), self.width(), self.outputs());
        let own = FitMetadata {
            classes,
            per_class,
            width,
            settings: self.settings.clone(),
            head: self.head,
            head_rank: self.head_rank,
            members: self.reports.iter().map(|report| report.members).collect(),
            label_names: self.label_names.clone(),
        };
        let variance: Vec<f64> = self.reports.iter().flat_map(|report| report.variance.clone()).collect();
        let spectrum: Vec<f64> = self.reports.iter().flat_map(|report| report.spectrum.clone()).collect();
        let tensors = vec![
            Outgoing::single("projection", &[width, outputs], &self.scores.projection),
            Outgoing::single("offset", &[outputs], &self.scores.offset),
            Outgoing::double("directions", &[outputs, width], &self.directions),
            Outgoing::double("variance", &[classes, per_class], &variance),
            Outgoing::double("spectrum", &[classes, width - self.head_rank], &spectrum),
        ];
        write(KIND, own, tensors)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] for any other bytes; no input panics, and none makes it allocate more than its size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let incoming = Incoming::open(bytes, KIND)?;
        let own: FitMetadata = incoming.own(&TENSORS)?;
        let outputs = own.check()?;
        let (classes, per_class, width) = (own.classes, own.per_class, own.width);
        let dimensions = width - own.head_rank;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let projection = incoming.single("projection", &[width, outputs], f32::is_finite)?;
        let offset = incoming.single("offset", &[outputs], f32::is_finite)?;
        let directions = incoming.double("directions", &[outputs, width], f64::is_finite)?;
        let variance = incoming.double("variance", &[classes, per_class], not_negative)?;
        let spectrum = incoming.double("spectrum", &[classes, dimensions], not_negative)?;
        let reports = own.members.iter().zip(variance.chunks(per_class)).zip(spectrum.chunks(dimensions));
        Ok(Self {
            settings: own.settings,
            head: own.head,
            head_rank: own.head_rank,
            label_names: own.label_names,
            scores: LinearScores { width, projection, offset },
            directions,
            reports: reports
                .map(|((&members, variance), spectrum)| ClassReport {
                    members,
                    variance: variance.to_vec(),
                    spectrum: spectrum.to_vec(),
                })
                .collect(),
        })
    }
}
