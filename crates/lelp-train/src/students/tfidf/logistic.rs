//! Logistic regression on sparse rows.

use std::sync::atomic::{AtomicBool, Ordering};

use lelp::log_sum_exp;
use rayon::prelude::*;

use super::lbfgs::{Limits, minimize};

/// Closer to the minimum than scikit-learn's `LogisticRegression`, which stops at a gradient of 1e-4: there another path to
/// the same minimum is up to .3 points of accuracy away from it.
const LIMITS: Limits = Limits { steps: 500, gradient: 1e-5 };

/// Rows of a block whose losses are added up by themselves, so that the sum does not depend on the threads.
const BLOCK: usize = 256;

/// A matrix of few values, by rows and by columns.
#[derive(Debug, Clone, Default)]
pub(super) struct SparseMatrix {
    rows: Lists,
    columns: Lists,
}

/// Lists of places and values, one after the other: list `i` is `entries[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default)]
struct Lists {
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Lists {
    fn list(&self, place: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[place]..self.starts[place + 1]]
    }

    /// Its lists the other way round, for places below `columns`.
    fn transposed(&self, columns: usize) -> Self {
        let mut starts = vec![0; columns + 1];
        for (column, _) in &self.entries {
            starts[*column as usize + 1] += 1;
        }
        for column in 0..columns {
            starts[column + 1] += starts[column];
        }
        let (mut next, mut entries) = (starts.clone(), vec![(0, 0.0); self.entries.len()]);
        for row in 0..self.starts.len() - 1 {
            for &(column, value) in self.list(row) {
                entries[next[column as usize]] = (row as u32, value);
                next[column as usize] += 1;
            }
        }
        Self { starts, entries }
    }
}

impl SparseMatrix {
    /// The rows, each a list of columns with their values.
    pub(super) fn new(rows: impl Iterator<Item = Vec<(usize, f32)>>, columns: usize) -> Self {
        let mut lists = Lists { starts: vec![0], entries: Vec::new() };
        for row in rows {
            lists.entries.extend(row.into_iter().map(|(column, value)| (column as u32, value)));
            lists.starts.push(lists.entries.len());
        }
        Self { columns: lists.transposed(columns), rows: lists }
    }

    fn rows(&self) -> usize {
        self.rows.starts.len() - 1
    }

    fn columns(&self) -> usize {
        self.columns.starts.len() - 1
    }
}

/// Weights `[columns, outputs]` and biases `[outputs]` of the smallest mean cross-entropy plus `|weights|^2 / (2 C rows)`;
/// two classes have one output. None if `cancelled` was set.
///
/// # Shapes
/// `labels` `[rows]`, each below `classes`; `class_weights` `[classes]`: what the cross-entropy of a row counts.
pub(super) fn fit(
    matrix: &SparseMatrix,
    labels: &[u32],
    class_weights: &[f64],
    inverse_penalty: f64,
    cancelled: &AtomicBool,
) -> Option<(Vec<f32>, Vec<f32>)> {
    let outputs = if class_weights.len() == 2 { 1 } else { class_weights.len() };
    let shares: Vec<f64> = class_weights.iter().map(|weight| weight / matrix.rows() as f64).collect();
    let weights = matrix.columns() * outputs;
    let penalty = 1.0 / (inverse_penalty * matrix.rows() as f64);
    let mut errors = vec![0.0; matrix.rows() * outputs];
    let function = |variables: &[f64], gradient: &mut [f64]| {
        if cancelled.load(Ordering::Relaxed) {
            return Err(());
        }
        let (weight, bias) = variables.split_at(weights);
        let loss = errors_of(matrix, labels, &shares, [weight, bias], &mut errors);
        let (of_weight, of_bias) = gradient.split_at_mut(weights);
        of_weight.par_chunks_mut(outputs).enumerate().for_each(|(column, gradient)| {
            let own = &weight[column * outputs..][..outputs];
            gradient.iter_mut().zip(own).for_each(|(gradient, weight)| *gradient = penalty * weight);
            for &(row, value) in matrix.columns.list(column) {
                let errors = &errors[row as usize * outputs..][..outputs];
                gradient.iter_mut().zip(errors).for_each(|(sum, error)| *sum += f64::from(value) * error);
            }
        });
        of_bias.fill(0.0);
        for errors in errors.chunks_exact(outputs) {
            of_bias.iter_mut().zip(errors).for_each(|(sum, error)| *sum += error);
        }
        let squares: f64 = weight.iter().map(|weight| weight * weight).sum();
        Ok(loss + 0.5 * penalty * squares)
    };
    let found = minimize(vec![0.0; weights + outputs], LIMITS, function).ok()?;
    let (weight, bias) = found.split_at(weights);
    let [weight, bias] = [weight, bias].map(|values| values.iter().map(|&value| value as f32).collect());
    Some((weight, bias))
}

/// Gradients of the loss in each row's outputs, into `errors` `[rows, outputs]`, and the loss: that of a row counts the share
/// of its class.
fn errors_of(
    matrix: &SparseMatrix,
    labels: &[u32],
    shares: &[f64],
    [weight, bias]: [&[f64]; 2],
    errors: &mut [f64],
) -> f64 {
    let outputs = bias.len();
    let blocks = errors.par_chunks_mut(BLOCK * outputs).enumerate();
    let losses: Vec<f64> = blocks
        .map(|(block, errors)| {
            let rows = errors.chunks_exact_mut(outputs).enumerate();
            rows.map(|(place, errors)| {
                let row = block * BLOCK + place;
                errors.copy_from_slice(bias);
                for &(column, value) in matrix.rows.list(row) {
                    let weight = &weight[column as usize * outputs..][..outputs];
                    errors
                        .iter_mut()
                        .zip(weight)
                        .for_each(|(output, weight)| *output += f64::from(value) * weight);
                }
                let share = shares[labels[row] as usize];
                let loss = to_gradient(errors, labels[row] as usize);
                for error in errors.iter_mut() {
                    *error *= share;
                }
                share * loss
            })
            .sum()
        })
        .collect();
    losses.iter().sum()
}

/// Turns a row's outputs into the gradient of its cross-entropy, and gives that.
fn to_gradient(outputs: &mut [f64], label: usize) -> f64 {
    if let [output] = outputs {
        // The logit of the second class against 0.
        let (all, own) = (log_sum_exp([0.0, *output].into_iter()), if label == 1 { *output } else { 0.0 });
        *output = (*output - all).exp() - label as f64;
        return all - own;
    }
    let all = log_sum_exp(outputs.iter().copied());
    let loss = all - outputs[label];
    for output in outputs.iter_mut() {
        *output = (*output - all).exp();
    }
    outputs[label] -= 1.0;
    loss
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const ROWS: [[f32; 4]; 7] = [
        [1.0, 0.0, 0.0, 0.5],
        [0.8, 0.6, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.6, 0.8, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.6, 0.0, 0.8, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ];

    fn matrix() -> SparseMatrix {
        let row =
            |row: &[f32; 4]| row.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect();
        SparseMatrix::new(ROWS.iter().map(row), 4)
    }

    /// Values of scikit-learn 1.9: `LogisticRegression(C=2.0, tol=1e-12, max_iter=100000)`, `coef_.T` and `intercept_`.
    #[test]
    fn weights_are_those_of_another_implementation() {
        let never = AtomicBool::new(false);
        let close = |found: &[f32], expected: &[f32]| {
            assert_eq!(found.len(), expected.len());
            let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 5e-4);
            assert!(close, "{found:?} {expected:?}");
        };
        let (weight, bias) = fit(&matrix(), &[0, 0, 1, 1, 2, 2, 0], &[1.0; 3], 2.0, &never).unwrap();
        close(&weight, &THREE_WEIGHTS);
        close(&bias, &THREE_BIASES);
        let (weight, bias) = fit(&matrix(), &[0, 1, 1, 0, 1, 0, 1], &[1.0; 2], 2.0, &never).unwrap();
        close(&weight, &TWO_WEIGHTS);
        close(&bias, &TWO_BIASES);
        assert!(fit(&matrix(), &[0, 1, 1, 0, 1, 0, 1], &[1.0; 2], 2.0, &AtomicBool::new(true)).is_none());
    }

    /// A class of weight 2 is as good as one whose rows are there twice; the penalty is of as many rows.
    #[test]
    fn a_class_of_weight_two_counts_twice() {
        let never = AtomicBool::new(false);
        let labels = [0_u32, 1, 1, 0, 1, 0, 1];
        let row =
            |row: &[f32; 4]| row.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect();
        let again = ROWS.iter().zip(labels).filter(|(_, label)| *label == 1).map(|(values, _)| values);
        let twice = SparseMatrix::new(ROWS.iter().chain(again).map(row), 4);
        let more: Vec<u32> = labels.into_iter().chain([1; 4]).collect();
        let weighed = fit(&matrix(), &labels, &[1.0, 2.0], 2.0, &never).unwrap();
        let doubled = fit(&twice, &more, &[1.0; 2], 2.0, &never).unwrap();
        for (a, b) in weighed.0.iter().chain(&weighed.1).zip(doubled.0.iter().chain(&doubled.1)) {
            assert!((a - b).abs() < 2e-3, "{weighed:?} {doubled:?}");
        }
    }

    #[test]
    fn the_gradient_of_a_row_is_that_of_its_loss() {
        for (outputs, label) in [(vec![0.3], 0), (vec![-1.2], 1), (vec![0.1, 2.0, -0.7], 2)] {
            let mut gradient: Vec<f64> = outputs.clone();
            to_gradient(&mut gradient, label);
            for place in 0..outputs.len() {
                let loss = |change: f64| {
                    let mut moved = outputs.clone();
                    moved[place] += change;
                    to_gradient(&mut moved, label)
                };
                let slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
                assert!((slope - gradient[place]).abs() < 1e-8, "{slope} {gradient:?}");
            }
        }
    }

    const THREE_WEIGHTS: [f32; 12] = [
        0.695_439, -0.735_557, 0.040_118, -0.272_915, 1.050_532, -0.777_617, -1.012_612, 0.037_314,
        0.975_298, 0.749_625, -0.352_674, -0.396_951,
    ];
    const THREE_BIASES: [f32; 3] = [0.359_229, -0.158_41, -0.200_819];
    const TWO_WEIGHTS: [f32; 4] = [-0.785_405, 0.345_313, -0.640_19, 0.129_926];
    const TWO_BIASES: [f32; 1] = [0.674_082];
}
