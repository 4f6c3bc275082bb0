//! Relational distillation: distances and angles between the rows of a batch.

mod geometry;

pub use geometry::{angle_distance, distance_distance};

use serde::{Deserialize, Serialize};

use super::embeddings::Pair;
use super::kd::KdSettings;
use super::{Batch, Gradients, Method, TermSum};

/// Settings of `rkd`: `kd`, and the relations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RkdSettings {
    /// What the outputs are held against.
    #[serde(flatten)]
    pub kd: KdSettings,
    /// What the embedding is held against.
    #[serde(flatten)]
    pub term: RkdTerm,
}

/// The relations alone, to be added to another method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RkdTerm {
    /// Weight of the distances.
    pub distance_weight: f64,
    /// Weight of the angles, which take `rows^3` steps a batch; 0 leaves them out.
    pub angle_weight: f64,
}

impl Default for RkdTerm {
    /// Park et al. 2019, section 4.1.
    fn default() -> Self {
        Self { distance_weight: 25.0, angle_weight: 50.0 }
    }
}

/// Distances and angles on whole batches.
///
/// # Source
/// Park et al. 2019, arXiv:1904.05068, equations 6 to 9.
#[derive(Debug)]
pub struct RkdLoss<'a> {
    pair: Pair<'a>,
    settings: RkdTerm,
    /// The teacher's embeddings of the batch.
    wanted: Vec<f32>,
}

impl<'a> RkdLoss<'a> {
    /// Between checked embeddings.
    pub(super) fn new(pair: Pair<'a>, settings: RkdTerm) -> Self {
        Self { pair, settings, wanted: Vec::new() }
    }
}

impl Method for RkdLoss<'_> {
    fn outputs(&self) -> usize {
        self.pair.shape.0 * self.pair.shape.1
    }

    fn subclasses(&self) -> usize {
        self.pair.shape.1
    }

    fn terms(&self) -> &[&'static str] {
        &["rkd_distance", "rkd_angle"]
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn embedding(&self) -> Option<usize> {
        Some(self.pair.student.embedding)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.pair.read(batch.rows, &mut self.wanted);
        let widths = [self.pair.teacher.width(), self.pair.student.embedding];
        let RkdTerm { distance_weight, angle_weight } = self.settings;
        let rows = batch.rows.len();
        let whole = batch.share * rows as f64;
        let (wanted, found, gradient) = (&self.wanted, batch.embedding, &mut *gradients.embedding);
        let distance = distance_distance(wanted, found, widths, whole * distance_weight, gradient);
        sums[0].add_mean(distance, rows);
        if angle_weight > 0.0 {
            sums[1].add_mean(angle_distance(wanted, found, widths, whole * angle_weight, gradient), rows);
        }
    }
}
