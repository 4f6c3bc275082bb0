//! The temperature at which a classifier's probabilities are most likely right.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::log_sum_exp;
use crate::metrics::{Evaluation, MetricsError};

/// A temperature above 0 and finite, by which logits are divided.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct CalibrationTemperature(f64);

/// A temperature that none is.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("a calibration temperature of {0}: use one from {LEAST} to {MOST}")]
pub struct CalibrationTemperatureError(pub f64);

/// Ends of the range; rows that are all answered rightly would ask for ever lower ones.
const LEAST: f64 = 0.01;
const MOST: f64 = 100.0;

/// Halvings of the range of `1 / temperature`, on a logarithmic scale: enough for the last bit.
const HALVINGS: usize = 100;

impl CalibrationTemperature {
    /// Checks the range.
    pub fn new(temperature: f64) -> Result<Self, CalibrationTemperatureError> {
        if (LEAST..=MOST).contains(&temperature) {
            Ok(Self(temperature))
        } else {
            Err(CalibrationTemperatureError(temperature))
        }
    }

    /// The temperature at which the mean negative log-likelihood of `labels` is least.
    ///
    /// The likelihood is convex in the inverse temperature `b`, with the slope `mean(sum_c p_c z_c - z_label)`,
    /// `p = softmax(b z)`, whose only zero is bisected, in f64. At an end of the range where it has none: rows that are all
    /// answered rightly, or logits that say nothing.
    ///
    /// # Shapes
    /// `logits`: `[rows, classes]`; `labels`: `[rows]`, each in `0..classes`.
    ///
    /// # Errors
    /// [`MetricsError`] as [`Evaluation::from_logits`] has it.
    ///
    /// # Source
    /// Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks".
    pub fn fit(logits: &[f32], classes: usize, labels: &[u32]) -> Result<Self, MetricsError> {
        // Checks shapes and labels.
        Evaluation::from_logits(logits, classes, labels)?;
        let slope = |inverse: f64| -> f64 {
            let rows = logits.chunks_exact(classes).zip(labels);
            rows.map(|(row, &label)| {
                let scaled = row.iter().map(|&logit| inverse * f64::from(logit));
                let normaliser = log_sum_exp(scaled.clone());
                let mean: f64 =
                    scaled.zip(row).map(|(z, &logit)| (z - normaliser).exp() * f64::from(logit)).sum();
                mean - f64::from(row[label as usize])
            })
            .sum()
        };
        let (mut low, mut high) = ((1.0 / MOST).ln(), (1.0 / LEAST).ln());
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if slope(middle.exp()) <= 0.0 { low = middle } else { high = middle }
        }
        Ok(Self((1.0 / f64::midpoint(low, high).exp()).clamp(LEAST, MOST)))
    }

    /// The temperature.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether it is at an end of the range, where the rows did not say how much.
    #[must_use]
    pub fn is_at_an_end(self) -> bool {
        self.0 <= LEAST * 1.001 || self.0 >= MOST / 1.001
    }

    /// This temperature on top of `other`.
    pub fn after(self, other: Self) -> Result<Self, CalibrationTemperatureError> {
        Self::new(self.0 * other.0)
    }

    /// Divides logits; their order stays, and with it every answer.
    pub fn apply(self, logits: &mut [f32]) {
        for logit in logits {
            *logit = (f64::from(*logit) / self.0) as f32;
        }
    }
}

impl TryFrom<f64> for CalibrationTemperature {
    type Error = CalibrationTemperatureError;

    fn try_from(temperature: f64) -> Result<Self, CalibrationTemperatureError> {
        Self::new(temperature)
    }
}

impl From<CalibrationTemperature> for f64 {
    fn from(temperature: CalibrationTemperature) -> Self {
        temperature.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::*;

    /// Labels drawn from the probabilities of logits, which are then made four times too sure.
    #[test]
    fn the_temperature_of_logits_that_are_too_sure_is_found() {
        let mut random = ChaCha20Rng::seed_from_u64(5);
        for classes in [2, 3, 10] {
            let rows = 20_000;
            let honest: Vec<f32> = (0..rows * classes).map(|_| random.random_range(-2.0..2.0)).collect();
            let labels: Vec<u32> = honest
                .chunks_exact(classes)
                .map(|row| {
                    let normaliser = log_sum_exp(row.iter().map(|&z| f64::from(z)));
                    let mut left = random.random::<f64>();
                    let drawn = row.iter().position(|&z| {
                        left -= (f64::from(z) - normaliser).exp();
                        left < 0.0
                    });
                    u32::try_from(drawn.unwrap_or(classes - 1)).unwrap()
                })
                .collect();
            let sure: Vec<f32> = honest.iter().map(|logit| 4.0 * logit).collect();
            let found = CalibrationTemperature::fit(&sure, classes, &labels).unwrap();
            assert!((found.get() - 4.0).abs() < 0.15, "{classes} classes: {found:?}");
            let mut calibrated = sure.clone();
            found.apply(&mut calibrated);
            let [before, after] =
                [&sure, &calibrated].map(|z| Evaluation::from_logits(z, classes, &labels).unwrap());
            assert!(after.negative_log_likelihood() < before.negative_log_likelihood());
            assert!(after.expected_calibration_error() < before.expected_calibration_error());
            assert_eq!(after.predictions(), before.predictions());
            // Nothing is left to find, and nothing near is better.
            let again = CalibrationTemperature::fit(&calibrated, classes, &labels).unwrap();
            assert!((again.get() - 1.0).abs() < 1e-4, "{again:?}");
        }
    }

    #[test]
    fn rows_that_are_all_right_or_say_nothing_end_at_the_range() {
        let right = CalibrationTemperature::fit(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 1]).unwrap();
        let wrong = CalibrationTemperature::fit(&[2.0, 0.0, 0.0, 2.0], 2, &[1, 0]).unwrap();
        assert!(right.is_at_an_end() && right.get() < 1.0, "{right:?}");
        assert!(wrong.is_at_an_end() && wrong.get() > 1.0, "{wrong:?}");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(CalibrationTemperature::new(bad).is_err());
        }
        assert!(CalibrationTemperature::fit(&[1.0, 0.0], 2, &[2]).is_err());
    }
}
