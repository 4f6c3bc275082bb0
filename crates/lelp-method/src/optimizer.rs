//! Steps of gradient descent on dense parameters.

use multiversion::multiversion;
use serde::{Deserialize, Serialize};

use crate::{NamedArray, StateError, copy_array, read_count};

/// How parameters follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// `w -= rate g`.
    Sgd,
    /// `a += g^2; w -= rate g / (sqrt(a) + 1e-10)`, element by element (Duchi, Hazan and Singer 2011).
    Adagrad,
    /// Adam with decay rates 0.9 and 0.999 and epsilon 1e-8 (Kingma and Ba 2015, arXiv:1412.6980).
    Adam,
}

impl Optimizer {
    /// Its name in recipes and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Adagrad => "adagrad",
            Self::Adam => "adam",
        }
    }
}

/// Keeps the first step of a parameter finite, as in `PyTorch`.
const ADAGRAD_EPSILON: f32 = 1e-10;

/// An optimizer's memory of one array of parameters.
#[derive(Debug, Clone)]
pub struct OptimizerState {
    optimizer: Optimizer,
    /// Mean gradient (Adam).
    first: Vec<f32>,
    /// Sum (Adagrad) or mean (Adam) of squared gradients.
    second: Vec<f32>,
    steps: i32,
}

impl OptimizerState {
    /// Nothing remembered yet, for so many parameters.
    #[must_use]
    pub fn new(optimizer: Optimizer, parameters: usize) -> Self {
        let kept = |needed| if needed { vec![0.0; parameters] } else { Vec::new() };
        let first = kept(optimizer == Optimizer::Adam);
        let second = kept(optimizer != Optimizer::Sgd);
        Self { optimizer, first, second, steps: 0 }
    }

    /// One step of `parameters` against `gradient`; `decay` first shrinks them by `rate * decay`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32, decay: f32) {
        self.steps = self.steps.saturating_add(1);
        if decay > 0.0 {
            for parameter in parameters.iter_mut() {
                *parameter *= 1.0 - rate * decay;
            }
        }
        match self.optimizer {
            Optimizer::Sgd => sgd(parameters, gradient, rate),
            Optimizer::Adagrad => adagrad_dense(parameters, gradient, &mut self.second, rate),
            Optimizer::Adam => {
                let first = 1.0 - 0.9_f64.powi(self.steps);
                let second = (1.0 - 0.999_f64.powi(self.steps)).sqrt();
                let rate = f64::from(rate) / first;
                adam(parameters, gradient, &mut self.first, &mut self.second, rate as f32, second as f32);
            }
        }
    }

    /// The memory of the parameters `name`, for a checkpoint.
    #[must_use]
    pub fn state(&self, name: &str) -> Vec<NamedArray> {
        vec![
            NamedArray::new(format!("{name}.first"), &self.first),
            NamedArray::new(format!("{name}.second"), &self.second),
            NamedArray::count(format!("{name}.steps"), u64::from(self.steps.unsigned_abs())),
        ]
    }

    /// Takes over what [`OptimizerState::state`] gave.
    pub fn load_state(&mut self, name: &str, state: &[NamedArray]) -> Result<(), StateError> {
        copy_array(state, &format!("{name}.first"), &mut self.first)?;
        copy_array(state, &format!("{name}.second"), &mut self.second)?;
        let steps = read_count(state, &format!("{name}.steps"))?;
        self.steps = i32::try_from(steps).unwrap_or(i32::MAX);
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn sgd(parameters: &mut [f32], gradient: &[f32], rate: f32) {
    for (parameter, slope) in parameters.iter_mut().zip(gradient) {
        *parameter -= rate * slope;
    }
}

/// One step of Adagrad; inlined into the loop over a table's rows too.
#[inline(always)]
#[allow(clippy::inline_always)]
pub fn adagrad(parameters: &mut [f32], gradient: &[f32], squares: &mut [f32], rate: f32) {
    for ((parameter, slope), square) in parameters.iter_mut().zip(gradient).zip(squares) {
        *square += slope * slope;
        *parameter -= rate * slope / (square.sqrt() + ADAGRAD_EPSILON);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn adagrad_dense(parameters: &mut [f32], gradient: &[f32], squares: &mut [f32], rate: f32) {
    adagrad(parameters, gradient, squares, rate);
}

#[multiversion(targets("x86_64+avx2"))]
fn adam(
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    rate: f32,
    correction: f32,
) {
    let moments = first.iter_mut().zip(second);
    for ((parameter, slope), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
        *first = 0.9 * *first + 0.1 * slope;
        *second = 0.999 * *second + 0.001 * slope * slope;
        *parameter -= rate * *first / (second.sqrt() / correction + 1e-8);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    /// By hand: two equal steps of each optimizer on a gradient of 3, rate 0.5.
    #[test]
    fn steps_are_those_of_the_published_rules() {
        let root_two = 2.0_f32.sqrt();
        for (optimizer, wanted) in
            [(Optimizer::Sgd, -3.0), (Optimizer::Adagrad, -0.5 - 0.5 / root_two), (Optimizer::Adam, -1.0)]
        {
            let mut state = OptimizerState::new(optimizer, 1);
            let mut parameter = [0.0];
            state.step(&mut parameter, &[3.0], 0.5, 0.0);
            state.step(&mut parameter, &[3.0], 0.5, 0.0);
            assert!((parameter[0] - wanted).abs() < 1e-5, "{optimizer:?}: {parameter:?}");
        }
    }

    #[test]
    fn decay_shrinks_parameters_that_have_no_gradient() {
        let mut parameter = [2.0];
        OptimizerState::new(Optimizer::Sgd, 1).step(&mut parameter, &[0.0], 0.1, 0.5);
        assert!((parameter[0] - 1.9).abs() < 1e-6);
    }
}
