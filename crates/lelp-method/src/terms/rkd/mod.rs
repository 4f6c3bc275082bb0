//! Relational distillation: distances and angles between the rows of a batch.

mod geometry;

pub use geometry::{angle_distance, distance_distance};

use lelp::{Parameter, Values};
use serde::{Deserialize, Serialize};

use crate::auxiliary_term::Term;
use crate::embeddings::{AROUND_DEFAULT, EmbeddingPair};
use crate::error::MethodError;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, TermSum};

const PARAMETERS: [Parameter; 2] = [
    Parameter::new("distance_weight", Values::NonNegative, "weight of the distances")
        .searched(AROUND_DEFAULT),
    Parameter::new("angle_weight", Values::NonNegative, "weight of the angles; 0 leaves them out")
        .searched(AROUND_DEFAULT),
];

/// Settings of `rkd`.
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

impl Term for RkdTerm {
    fn name(&self) -> &'static str {
        "rkd"
    }

    fn summary(&self) -> &'static str {
        "distances and angles between the teacher's embeddings"
    }

    fn source(&self) -> &'static str {
        "Park et al. 2019, arXiv:1904.05068"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn build<'a>(
        &self,
        pair: EmbeddingPair<'a>,
        _supervision: Supervision<'a>,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        Ok(Box::new(RkdLoss::new(pair, *self)))
    }
}

/// Distances and angles on whole batches.
///
/// # Source
/// Park et al. 2019, arXiv:1904.05068, equations 6 to 9.
#[derive(Debug)]
pub struct RkdLoss<'a> {
    pair: EmbeddingPair<'a>,
    settings: RkdTerm,
    /// The teacher's embeddings of the batch.
    wanted: Vec<f32>,
}

impl<'a> RkdLoss<'a> {
    /// Between checked embeddings.
    pub(super) fn new(pair: EmbeddingPair<'a>, settings: RkdTerm) -> Self {
        Self { pair, settings, wanted: Vec::new() }
    }
}

impl Method for RkdLoss<'_> {
    fn outputs(&self) -> usize {
        self.pair.outputs()
    }

    fn subclasses(&self) -> usize {
        self.pair.subclasses
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
