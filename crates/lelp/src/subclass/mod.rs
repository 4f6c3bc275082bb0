//! Target makers: what splits each class into subclasses, and the soft labels that come of it.

#[cfg(test)]
mod cluster_laws;
mod clusters;
mod directions;
mod entropy;
mod evidence;
mod fine;
mod head_space;
mod kmeans;
pub mod lelp;
#[cfg(test)]
mod lelp_laws;
mod linear;
mod oracle;
pub(crate) mod points;
mod random_subclass;
mod sample;
mod split;
#[cfg(test)]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::unnecessary_wraps,
    reason = "small made-up labels, as the fit takes them"
)]
mod split_laws;
pub(crate) mod tsne;
mod ward;

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::error::SettingError;
use crate::exponential::exp_not_positive;
use crate::parameter::Values;

pub use clusters::{ClusterFit, ClusterReport, ClusterSettings, Clustering};
pub use directions::Directions;
pub use entropy::{EntropyError, Sharpness, beta_at_entropy, split_entropy};
pub use evidence::Evidence;
pub use fine::FineLabels;
pub use head_space::HeadSource;
pub(crate) use linear::LinearScores;
pub use oracle::OracleFit;
pub use random_subclass::{RandomSubclassFit, RandomSubclassSettings};
pub use split::{SplitSettings, SubclassFit};

/// Width of the softmax over a class's subclasses, in the unit of the scores; finite, above 0.
///
/// The unit is the root mean variance of a class's coordinates for directions, its mean squared radius for
/// clusters, a deviation for random splits, and 1 against 0 for fine labels; so equal `beta` is not equal
/// sharpness between splits, equal [entropy](beta_at_entropy) is.
///
/// Small is sharp: each row goes to its nearest subclass. Large is even: what is left is ordinary distillation.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Beta(f64);

/// Temperature of the softmax over classes; finite, above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Temperature(f64);

/// A number that may divide.
fn positive(name: &'static str, value: f64) -> Result<f64, SettingError> {
    let allowed = Values::Positive;
    if allowed.allow(value) { Ok(value) } else { Err(SettingError { name, value, allowed }) }
}

impl Beta {
    /// Checks a width.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        positive("beta", value).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Temperature {
    /// Checks a temperature.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        positive("temperature", value).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Beta {
    /// 0.12, the sharpness at which a prototype with 4 to 8 subclasses was best on real queries.
    fn default() -> Self {
        Self(0.12)
    }
}

impl Default for Temperature {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for Beta {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl TryFrom<f64> for Temperature {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl From<Beta> for f64 {
    fn from(beta: Beta) -> Self {
        beta.0
    }
}

impl From<Temperature> for f64 {
    fn from(temperature: Temperature) -> Self {
        temperature.0
    }
}

/// How scores and logits become targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetSettings {
    /// Width of the softmax over a class's subclasses.
    pub beta: Beta,
    /// Temperature of the softmax over classes.
    pub temperature: Temperature,
}

/// Rows of a block of targets: their embeddings are 3 MB of width 768.
const BLOCK_ROWS: usize = 1024;

/// An array `[rows, outputs]`, written block by block by `write(first row, block)`.
pub(crate) fn map_blocks(
    rows: usize,
    outputs: usize,
    threads: NonZeroUsize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut result = vec![0.0; rows * outputs];
    let work = |block, chunk: &mut [f32]| write(block * BLOCK_ROWS, chunk);
    Workers::new(threads).on_chunks(&mut result, BLOCK_ROWS * outputs, work);
    result
}

/// Turns rows of scores into rows of targets: `t_cs = p_c softmax_s(u_cs / beta)` with
/// `p = softmax(logits / temperature)`.
///
/// `rows` `[n, classes * per_class]` holds the scores `u` and receives the targets; `logits` is
/// `[n, classes]`. Every sum is of exponentials less the largest, so nothing overflows.
pub(crate) fn write_targets(rows: &mut [f32], logits: &[f32], classes: usize, settings: TargetSettings) {
    let per_class = rows.len() / logits.len();
    let sharpness = (1.0 / settings.beta.0) as f32;
    for split in rows.chunks_exact_mut(per_class) {
        let top = split.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for u in split {
            // The largest is compared, not subtracted: an infinite sharpness times zero is no number.
            *u = if *u >= top { 0.0 } else { (*u - top) * sharpness };
        }
    }
    for u in rows.iter_mut() {
        *u = exp_not_positive(*u);
    }
    let mut probabilities = vec![0.0; classes];
    for (row, logits) in rows.chunks_exact_mut(classes * per_class).zip(logits.chunks_exact(classes)) {
        softmax_into(logits, settings.temperature, &mut probabilities);
        for (split, p) in row.chunks_exact_mut(per_class).zip(&probabilities) {
            let share = *p as f32 / split.iter().sum::<f32>();
            for u in split {
                *u *= share;
            }
        }
    }
}

fn softmax_into(logits: &[f32], temperature: Temperature, probabilities: &mut [f64]) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, &z) in probabilities.iter_mut().zip(logits) {
        *p = if z >= top { 1.0 } else { ((f64::from(z) - f64::from(top)) / temperature.0).exp() };
        sum += *p;
    }
    for p in probabilities {
        *p /= sum;
    }
}
