//! Variational information distillation: a bound on what the student's embedding tells of the teacher's.

use lelp::{Parameter, Values};
use serde::{Deserialize, Serialize};

use crate::OptimizerState;
use crate::auxiliary_term::Term;
use crate::embeddings::{AROUND_DEFAULT, EmbeddingPair};
use crate::error::MethodError;
use crate::float::Float;
use crate::regressor::Regressor;
use crate::state::copy_array;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, NamedArray, StateError, TermSum};

const PARAMETERS: [Parameter; 1] =
    [Parameter::new("weight", Values::NonNegative, "weight of the bound between embeddings")
        .searched(AROUND_DEFAULT)];

/// Settings of `vid`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VidTerm {
    /// Weight of the bound.
    pub weight: f64,
}

impl Default for VidTerm {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}

impl Term for VidTerm {
    fn name(&self) -> &'static str {
        "vid"
    }

    fn summary(&self) -> &'static str {
        "the teacher's embedding with a learned mean and variance"
    }

    fn source(&self) -> &'static str {
        "Ahn et al. 2019, arXiv:1904.05835"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn build<'a>(
        &self,
        pair: EmbeddingPair<'a>,
        _supervision: Supervision<'a>,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        Ok(Box::new(VidLoss::new(pair, *self)))
    }
}

/// Variance that each column starts with, as in the authors' published settings.
const FIRST_VARIANCE: f64 = 5.0;

/// Keeps the variance above 0.
const LEAST_VARIANCE: f64 = 1e-5;

/// Negative log-likelihood of one row, a constant apart:
/// `mean over columns of 1/2 [(mu_d - t_d)^2 / v_d + ln v_d]`, `v_d = softplus(a_d) + 1e-5`.
///
/// # Shapes
/// All `[width]`. Adds `weight` times the gradients in `mean` and `spread` (the `a` above).
///
/// # Source
/// Ahn et al. 2019, arXiv:1904.05835, equations 5 and 6.
pub fn gaussian_bound<F: Float>(
    mean: &[F],
    wanted: &[F],
    spread: &[F],
    weight: f64,
    mean_gradient: &mut [F],
    spread_gradient: &mut [f64],
) -> f64 {
    let share = 1.0 / mean.len() as f64;
    let mut sum = 0.0;
    let columns = mean.iter().zip(wanted).zip(spread);
    for (((&mean, &wanted), &spread), (mean_slope, spread_slope)) in
        columns.zip(mean_gradient.iter_mut().zip(spread_gradient))
    {
        let (difference, spread): (f64, f64) = (mean.into() - wanted.into(), spread.into());
        let variance = spread.max(0.0) + (-spread.abs()).exp().ln_1p() + LEAST_VARIANCE;
        sum += 0.5 * (difference * difference / variance + variance.ln());
        mean_slope.add(weight * share * difference / variance);
        let slope = 0.5 * (1.0 - difference * difference / variance) / variance;
        *spread_slope += weight * share * slope / (1.0 + (-spread).exp());
    }
    share * sum
}

/// The bound on every row: `mu` with one hidden `ReLU` layer as wide as the teacher's embedding, a variance a column.
#[derive(Debug)]
pub struct VidLoss<'a> {
    pair: EmbeddingPair<'a>,
    weight: f64,
    regressor: Regressor,
    spread: Vec<f32>,
    spread_gradient: Vec<f32>,
    spread_optimizer: OptimizerState,
    /// The teacher's embeddings of the batch.
    wanted: Vec<f32>,
}

impl<'a> VidLoss<'a> {
    /// Between checked embeddings.
    pub(super) fn new(pair: EmbeddingPair<'a>, settings: VidTerm) -> Self {
        let width = pair.teacher.width();
        let regressor =
            Regressor::new("vid.regressor", &[pair.student.embedding, width, width], &pair.student);
        let first = (FIRST_VARIANCE - LEAST_VARIANCE).exp_m1().ln();
        Self {
            weight: settings.weight,
            regressor,
            spread: vec![first as f32; width],
            spread_gradient: vec![0.0; width],
            spread_optimizer: OptimizerState::new(pair.student.optimizer, width),
            wanted: Vec::new(),
            pair,
        }
    }
}

impl Method for VidLoss<'_> {
    fn outputs(&self) -> usize {
        self.pair.outputs()
    }

    fn subclasses(&self) -> usize {
        self.pair.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &["vid"]
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn embedding(&self) -> Option<usize> {
        Some(self.pair.student.embedding)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.pair.read(batch.rows, &mut self.wanted);
        self.regressor.forward(batch.embedding);
        let (width, weight) = (self.pair.teacher.width(), self.weight * batch.share);
        let (wanted, spread) = (&self.wanted, &self.spread);
        let parts = self.regressor.visit(|first, outputs, gradient| {
            let (mut sum, mut spread_gradient) = (TermSum::default(), vec![0.0; width]);
            let wanted = wanted[first * width..].chunks_exact(width);
            for ((mean, wanted), gradient) in
                outputs.chunks_exact(width).zip(wanted).zip(gradient.chunks_exact_mut(width))
            {
                sum.add(gaussian_bound(mean, wanted, spread, weight, gradient, &mut spread_gradient));
            }
            (sum, spread_gradient)
        });
        self.spread_gradient.fill(0.0);
        for (part, gradient) in parts {
            sums[0].merge(part);
            self.spread_gradient.iter_mut().zip(gradient).for_each(|(sum, slope)| sum.add(slope));
        }
        self.regressor.backward(gradients.embedding);
    }

    fn step(&mut self, learning_rate: f32) {
        self.regressor.step(learning_rate);
        self.spread_optimizer.step(&mut self.spread, &self.spread_gradient, learning_rate, 0.0);
    }

    fn state(&self) -> Vec<NamedArray> {
        let mut state = self.regressor.state();
        state.push(NamedArray::new("vid.spread", &self.spread));
        state.extend(self.spread_optimizer.state("vid.spread"));
        state
    }

    fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.regressor.load_state(state)?;
        copy_array(state, "vid.spread", &mut self.spread)?;
        self.spread_optimizer.load_state("vid.spread", state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    proptest! {
        #[test]
        fn both_gradients_are_slopes(mean in numbers(4, 3.0), wanted in numbers(4, 3.0), spread in numbers(4, 3.0)) {
            let (mut means, mut spreads) = (vec![0.0; 4], vec![0.0; 4]);
            gaussian_bound(&mean, &wanted, &spread, 1.0, &mut means, &mut spreads);
            let at = |m: &[f64], s: &[f64]| gaussian_bound(m, &wanted, s, 1.0, &mut [0.0; 4], &mut [0.0; 4]);
            assert_gradient(&mean, &means, &|m| at(m, &spread));
            assert_gradient(&spread, &spreads, &|s| at(&mean, s));
        }
    }

    #[test]
    fn the_variance_starts_at_five() {
        let spread = [(FIRST_VARIANCE - LEAST_VARIANCE).exp_m1().ln()];
        let bound = gaussian_bound(&[1.0], &[1.0], &spread, 1.0, &mut [0.0], &mut [0.0]);
        assert!((bound - 0.5 * 5.0_f64.ln()).abs() < 1e-9);
    }
}
