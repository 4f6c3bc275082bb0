//! Target makers: what splits each class into subclasses, and the soft labels that come of it.

pub mod lelp;

use serde::{Deserialize, Serialize};

use crate::collapse::check_rows;
use crate::error::{SettingError, ShapeError};

/// Width of the softmax over a class's subclasses, in root mean variances of the coordinates; finite, above 0.
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
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(SettingError { name, value }) }
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

/// How coordinates and logits become targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetSettings {
    /// Width of the softmax over a class's subclasses.
    pub beta: Beta,
    /// Temperature of the softmax over classes.
    pub temperature: Temperature,
}

/// Writes one row of targets, `t_cs = p_c softmax_s(u_cs / beta)` with `p = softmax(logits / temperature)`.
///
/// `row` `[classes * per_class]` holds the coordinates `u` and receives the targets; every sum is of
/// exponentials less the largest, so nothing overflows. `probabilities` `[classes]` is scratch.
pub(crate) fn write_targets(
    row: &mut [f32],
    logits: &[f32],
    settings: TargetSettings,
    probabilities: &mut [f64],
) {
    softmax_into(logits, settings.temperature, probabilities);
    let per_class = row.len() / logits.len();
    let sharpness = (1.0 / settings.beta.0) as f32;
    for (split, &p) in row.chunks_exact_mut(per_class).zip(probabilities.iter()) {
        let top = split.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0_f32;
        for u in split.iter_mut() {
            // The largest is compared, not subtracted: an infinite sharpness times zero is no number.
            *u = if *u == top { 1.0 } else { ((*u - top) * sharpness).exp() };
            sum += *u;
        }
        let share = p as f32 / sum;
        split.iter_mut().for_each(|u| *u *= share);
    }
}

fn softmax_into(logits: &[f32], temperature: Temperature, probabilities: &mut [f64]) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, &z) in probabilities.iter_mut().zip(logits) {
        *p = if z == top { 1.0 } else { ((f64::from(z) - f64::from(top)) / temperature.0).exp() };
        sum += *p;
    }
    probabilities.iter_mut().for_each(|p| *p /= sum);
}

/// Mean entropy of the splits within the classes, in nats: `mean over rows of sum_c p_c H(t_c / p_c)`.
///
/// 0 where every row sits in one subclass of a class, `ln per_class` where all splits are even. Two
/// target makers are compared fairly at equal entropy.
///
/// # Shapes
/// `targets`: `[rows, classes * per_class]`.
///
/// # Errors
/// [`ShapeError`] if `targets` is no whole number of rows.
pub fn split_entropy(targets: &[f32], classes: usize, per_class: usize) -> Result<f64, ShapeError> {
    let outputs = classes.saturating_mul(per_class);
    check_rows("targets", targets.len(), outputs)?;
    if targets.is_empty() {
        return Ok(0.0);
    }
    let entropy = |split: &[f32]| {
        let p: f64 = split.iter().map(|&t| f64::from(t)).sum();
        let shares = split.iter().map(|&t| f64::from(t)).filter(|&t| t > 0.0);
        shares.map(|t| -t * (t / p).ln()).sum::<f64>()
    };
    Ok(targets.chunks_exact(per_class).map(entropy).sum::<f64>() / (targets.len() / outputs) as f64)
}
