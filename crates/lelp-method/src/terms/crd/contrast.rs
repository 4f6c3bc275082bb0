//! One row against its own place in the other model's memory, and against others'.

// The loops over a memory are compiled twice, inside a function that may use AVX2: they have to be inlined there.
#![allow(clippy::inline_always)]

use multiversion::multiversion;

use crate::float::{Float, sum_in_lanes};

/// What `exp(v . m / temperature)` is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// Sharpness of the comparison.
    pub temperature: f64,
    /// `ln Z + ln(K / N)`: `Z` brings the exponentials to the size of probabilities of `N` rows, of which `K` negatives are drawn.
    pub log_offset: f64,
}

impl Contrast {
    /// `v . m / temperature - log_offset`, the log-odds that `m` is the other view of `v` rather than a negative.
    #[inline(always)]
    fn log_odds<F: Float, S: Float>(&self, view: &[F], other: &[S]) -> f64 {
        inner_product(view, other) / self.temperature - self.log_offset
    }
}

/// Noise-contrastive loss of one row: with `h = exp(v . m / temperature) / Z`,
/// `-[ln h+ / (h+ + K/N) + sum over negatives of ln (K/N) / (h- + K/N)]`.
///
/// # Shapes
/// `view`, `gradient` and every row of memory: `[dimensions]`, of unit length. Adds `weight` times the gradient in
/// `view`. The memory has no gradient.
///
/// # Source
/// Tian, Krishnan and Isola 2020, arXiv:1910.10699, equations 17 and 18.
#[inline(always)]
pub fn contrast<'a, F: Float, S: Float + 'a>(
    view: &[F],
    positive: &[S],
    negatives: impl Iterator<Item = &'a [S]>,
    settings: Contrast,
    weight: f64,
    gradient: &mut [f64],
) -> f64 {
    let odds = settings.log_odds(view, positive);
    let mut loss = softplus(-odds);
    pull(gradient, -weight * logistic(-odds) / settings.temperature, positive);
    for negative in negatives {
        let odds = settings.log_odds(view, negative);
        loss += softplus(odds);
        pull(gradient, weight * logistic(odds) / settings.temperature, negative);
    }
    loss
}

/// `gradient += factor * row`.
#[inline(always)]
fn pull<S: Float>(gradient: &mut [f64], factor: f64, row: &[S]) {
    for (gradient, &value) in gradient.iter_mut().zip(row) {
        *gradient += factor * value.into();
    }
}

/// [`contrast`] of a view with row `own` of `memory` `[rows, dimensions]` and the rows `negatives`.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn contrast_rows(
    view: &[f32],
    memory: &[f32],
    own: u32,
    negatives: &[u32],
    settings: Contrast,
    weight: f64,
    gradient: &mut [f64],
) -> f64 {
    let row = |&row: &u32| &memory[row as usize * view.len()..][..view.len()];
    contrast(view, row(&own), negatives.iter().map(row), settings, weight, gradient)
}

/// `a . b`.
#[inline(always)]
pub(super) fn inner_product<F: Float, S: Float>(a: &[F], b: &[S]) -> f64 {
    sum_in_lanes(a, b, |a, b| a * b)
}

/// `ln(1 + exp x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(view in numbers(11, 0.6), memory in numbers(44, 0.6), log_offset in -3.0_f64..3.0) {
            let settings = Contrast { temperature: 0.5, log_offset };
            let at = |v: &[f64], gradient: &mut [f64]| {
                contrast(v, &memory[..11], memory[11..].chunks_exact(11), settings, 1.0, gradient)
            };
            let mut gradient = vec![0.0; 11];
            at(&view, &mut gradient);
            assert_gradient(&view, &gradient, &|v| at(v, &mut [0.0; 11]));
        }

        /// The form in which the paper has it.
        #[test]
        fn the_loss_is_that_of_the_formula(view in numbers(3, 1.0), memory in numbers(9, 1.0), z in 0.5_f64..9.0) {
            let (rows, negatives) = (50.0, 2.0);
            let settings = Contrast { temperature: 0.4, log_offset: f64::ln(z * negatives / rows) };
            let h = |m: &[f64]| (inner_product(&view, m) / 0.4).exp() / z;
            let share = negatives / rows;
            let wanted = -(h(&memory[..3]) / (h(&memory[..3]) + share)).ln()
                - memory[3..].chunks_exact(3).map(|m| (share / (h(m) + share)).ln()).sum::<f64>();
            let found = contrast(&view, &memory[..3], memory[3..].chunks_exact(3), settings, 1.0, &mut [0.0; 3]);
            prop_assert!((wanted - found).abs() < 1e-10);
        }
    }
}
