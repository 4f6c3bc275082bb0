//! Hints: a learned regressor of the student's embedding onto the teacher's.

use lelp::{Parameter, Values};
use serde::{Deserialize, Serialize};

use crate::auxiliary_term::Term;
use crate::embeddings::{AROUND_DEFAULT, EmbeddingPair};
use crate::error::MethodError;
use crate::float::Float;
use crate::regressor::Regressor;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, NamedArray, StateError, TermSum};

const PARAMETERS: [Parameter; 1] =
    [Parameter::new("weight", Values::NonNegative, "weight of the squared error between embeddings")
        .searched(AROUND_DEFAULT)];

/// Settings of `fitnet`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitnetTerm {
    /// Weight of the squared error. It depends on the scale of the teacher's embeddings: search it.
    pub weight: f64,
}

impl Default for FitnetTerm {
    /// The weight of the published code that others follow, which was for feature maps.
    fn default() -> Self {
        Self { weight: 100.0 }
    }
}

impl Term for FitnetTerm {
    fn name(&self) -> &'static str {
        "fitnet"
    }

    fn summary(&self) -> &'static str {
        "the teacher's embedding through a learned regressor"
    }

    fn source(&self) -> &'static str {
        "Romero et al. 2015, arXiv:1412.6550"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn build<'a>(
        &self,
        pair: EmbeddingPair<'a>,
        _supervision: Supervision<'a>,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        Ok(Box::new(FitnetLoss::new(pair, *self)))
    }
}

/// Mean squared error of one row: `sum_d (p_d - t_d)^2 / width`.
///
/// # Shapes
/// `predicted`, `wanted`, `gradient`: `[width]`. Adds `weight` times the gradient in `predicted`.
///
/// # Source
/// Romero et al. 2015, arXiv:1412.6550, equation 3, as a mean over columns.
pub fn squared_error<F: Float>(predicted: &[F], wanted: &[F], weight: f64, gradient: &mut [F]) -> f64 {
    let share = 1.0 / predicted.len() as f64;
    let mut sum = 0.0;
    for ((&predicted, &wanted), gradient) in predicted.iter().zip(wanted).zip(gradient) {
        let difference: f64 = predicted.into() - wanted.into();
        sum += difference * difference;
        gradient.add(2.0 * weight * share * difference);
    }
    share * sum
}

/// The hint on every row, through a linear regressor.
#[derive(Debug)]
pub struct FitnetLoss<'a> {
    pair: EmbeddingPair<'a>,
    weight: f64,
    regressor: Regressor,
    /// The teacher's embeddings of the batch.
    wanted: Vec<f32>,
}

impl<'a> FitnetLoss<'a> {
    /// Between checked embeddings.
    pub(super) fn new(pair: EmbeddingPair<'a>, settings: FitnetTerm) -> Self {
        let sizes = [pair.student.embedding, pair.teacher.width()];
        let regressor = Regressor::new("fitnet.regressor", &sizes, &pair.student);
        Self { pair, weight: settings.weight, regressor, wanted: Vec::new() }
    }
}

impl Method for FitnetLoss<'_> {
    fn outputs(&self) -> usize {
        self.pair.outputs()
    }

    fn subclasses(&self) -> usize {
        self.pair.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &["fitnet"]
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
        let (width, weight, wanted) = (self.pair.teacher.width(), self.weight * batch.share, &self.wanted);
        let parts = self.regressor.visit(|first, outputs, gradient| {
            let mut sum = TermSum::default();
            let wanted = wanted[first * width..].chunks_exact(width);
            for ((output, wanted), gradient) in
                outputs.chunks_exact(width).zip(wanted).zip(gradient.chunks_exact_mut(width))
            {
                sum.add(squared_error(output, wanted, weight, gradient));
            }
            sum
        });
        for part in parts {
            sums[0].merge(part);
        }
        self.regressor.backward(gradients.embedding);
    }

    fn step(&mut self, learning_rate: f32) {
        self.regressor.step(learning_rate);
    }

    fn state(&self) -> Vec<NamedArray> {
        self.regressor.state()
    }

    fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.regressor.load_state(state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(predicted in numbers(5, 3.0), wanted in numbers(5, 3.0)) {
            let mut gradient = vec![0.0; 5];
            squared_error(&predicted, &wanted, 1.0, &mut gradient);
            assert_gradient(&predicted, &gradient, &|p| squared_error(p, &wanted, 1.0, &mut [0.0; 5]));
        }
    }

    #[test]
    fn a_known_error_comes_out_in_absolute_units() {
        let mut gradient = [0.0_f64; 2];
        assert!((squared_error(&[1.0, 2.0], &[0.0, 5.0], 1.0, &mut gradient) - 5.0).abs() < 1e-12);
        assert!((gradient[0] - 1.0).abs() < 1e-12 && (gradient[1] + 3.0).abs() < 1e-12);
    }
}
