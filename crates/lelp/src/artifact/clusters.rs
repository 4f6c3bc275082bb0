//! A cluster fit as bytes.

use serde::{Deserialize, Serialize};

use super::{ArtifactError, Incoming, Outgoing, write};
use crate::error::ShapeError;
use crate::subclass::{ClusterFit, ClusterReport, ClusterSettings, HeadSource, LinearScores};

pub(super) const KIND: &str = "lelp clusters";
/// In the order of their names, over which the checksum goes.
const TENSORS: [&str; 5] = ["centres", "offset", "projection", "radius", "variance"];

#[derive(Serialize, Deserialize)]
struct ClusterMetadata {
    classes: usize,
    per_class: usize,
    width: usize,
    settings: ClusterSettings,
    head: HeadSource,
    head_rank: usize,
    members: Vec<u64>,
    /// `[classes][per_class]`.
    sizes: Vec<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_names: Option<Vec<String>>,
}

impl ClusterMetadata {
    /// Counts agree with each other; returns `classes * per_class`.
    fn check(&self) -> Result<usize, ShapeError> {
        ShapeError::check("subclasses of the metadata", self.per_class, self.settings.subclasses.get())?;
        ShapeError::check("class counts of the metadata", self.members.len(), self.classes)?;
        ShapeError::check("classes with cluster sizes", self.sizes.len(), self.classes)?;
        for sizes in &self.sizes {
            ShapeError::check("cluster sizes of a class", sizes.len(), self.per_class)?;
        }
        if let Some(names) = &self.label_names {
            ShapeError::check("label names of the metadata", names.len(), self.classes)?;
        }
        let most = self.width.saturating_sub(1);
        ShapeError::check("rank of the head", self.head_rank, self.head_rank.min(most))?;
        ShapeError::check("classes of the metadata", self.classes, self.classes.max(2))?;
        Ok(self.classes.saturating_mul(self.per_class))
    }
}

impl ClusterFit {
    /// The fit as the bytes of a safetensors file; same fit, same bytes.
    ///
    /// # Shapes
    /// `projection` f32 `[width, outputs]`, `offset` f32 `[outputs]`, `centres` f32 `[outputs, width]`,
    /// `variance` f64 `[classes, per_class]`, `radius` f64 `[classes]`, where `outputs` is `classes * per_class`.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (classes, per_class, width) = (self.classes(), self.per_class(), self.width());
        let outputs = classes * per_class;
        let own = ClusterMetadata {
            classes,
            per_class,
            width,
            settings: *self.settings(),
            head: self.head,
            head_rank: self.head_rank,
            members: self.reports.iter().map(|report| report.members).collect(),
            sizes: self.reports.iter().map(|report| report.sizes.clone()).collect(),
            label_names: self.label_names.clone(),
        };
        let variance: Vec<f64> = self.reports.iter().flat_map(|report| report.variance.clone()).collect();
        let radius: Vec<f64> = self.reports.iter().map(|report| report.radius).collect();
        let tensors = vec![
            Outgoing::single("projection", &[width, outputs], &self.scores.projection),
            Outgoing::single("offset", &[outputs], &self.scores.offset),
            Outgoing::single("centres", &[outputs, width], &self.centres),
            Outgoing::double("variance", &[classes, per_class], &variance),
            Outgoing::double("radius", &[classes], &radius),
        ];
        write(KIND, own, tensors)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let incoming = Incoming::open(bytes, KIND)?;
        let own: ClusterMetadata = incoming.own(&TENSORS)?;
        let outputs = own.check()?;
        let (classes, per_class, width) = (own.classes, own.per_class, own.width);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let projection = incoming.single("projection", &[width, outputs], f32::is_finite)?;
        let offset = incoming.single("offset", &[outputs], f32::is_finite)?;
        let centres = incoming.single("centres", &[outputs, width], f32::is_finite)?;
        let variance = incoming.double("variance", &[classes, per_class], not_negative)?;
        let radius = incoming.double("radius", &[classes], not_negative)?;
        let reports = own.members.into_iter().zip(own.sizes).zip(variance.chunks(per_class)).zip(radius);
        Ok(Self {
            settings: own.settings,
            head: own.head,
            head_rank: own.head_rank,
            label_names: own.label_names,
            scores: LinearScores { width, projection, offset },
            centres,
            reports: reports
                .map(|(((members, sizes), variance), radius)| ClusterReport {
                    members,
                    sizes,
                    variance: variance.to_vec(),
                    radius,
                })
                .collect(),
        })
    }
}
