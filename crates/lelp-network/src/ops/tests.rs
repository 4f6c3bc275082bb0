//! The fused operations against their plain definitions, which burn differentiates: values and gradients.

use std::sync::Arc;

use burn::tensor::{Distribution, Tensor};
use lelp_model::checkpoint::Activation;

use super::*;

fn leaf(shape: [usize; 2], seed: u64) -> Tensor<2> {
    let device = burn::tensor::Device::flex();
    device.seed(seed);
    Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device).autodiff().require_grad()
}

/// Runs both on the same leaves, and compares results and the gradients by every leaf.
fn agree(
    leaves: &[Tensor<2>],
    fused: impl Fn(&[Tensor<2>]) -> Tensor<2>,
    plain: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) {
    let run = |operation: &dyn Fn(&[Tensor<2>]) -> Tensor<2>| {
        let result = operation(leaves);
        // Weights that differ, so that a gradient in the wrong place shows.
        let count = result.shape().num_elements();
        let weights: Vec<f32> = (0..count).map(|place| ((place * 37 % 19) as f32 - 9.0) / 9.0).collect();
        let weights =
            Tensor::<2>::from_data(TensorData::new(weights, result.dims()), &burn::tensor::Device::flex());
        let gradients = (result.clone() * weights).sum().backward();
        let values: Vec<Vec<f32>> = leaves
            .iter()
            .map(|leaf| {
                leaf.grad(&gradients).map_or(Vec::new(), |found| found.into_data().try_into_vec().unwrap())
            })
            .collect();
        (result.without_autodiff().into_data().try_into_vec::<f32>().unwrap(), values)
    };
    let (fused, plain) = (run(&fused), run(&plain));
    close(&fused.0, &plain.0, "result");
    for (place, (fused, plain)) in fused.1.iter().zip(&plain.1).enumerate() {
        assert!(!plain.is_empty(), "leaf {place} has a gradient");
        close(fused, plain, &format!("gradient by leaf {place}"));
    }
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 2e-5 * largest, "{what}, place {place}: {found} and {expected}");
    }
}

#[test]
fn linear_layers_are_their_definition_at_awkward_sizes() {
    for (rows, inputs, outputs) in [(1, 1, 1), (5, 7, 3), (33, 17, 65)] {
        let leaves = [leaf([rows, inputs], 1), leaf([outputs, inputs], 2), leaf([1, outputs], 3)];
        let parts =
            |leaves: &[Tensor<2>]| (leaves[0].clone(), leaves[1].clone(), leaves[2].clone().flatten(0, 1));
        agree(
            &leaves,
            |leaves| {
                let (x, weight, bias) = parts(leaves);
                fused::linear(x, weight, bias)
            },
            |leaves| {
                let (x, weight, bias) = parts(leaves);
                plain::linear(x, weight, bias)
            },
        );
    }
}

#[test]
fn activations_are_their_definition() {
    for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
        let leaves = [leaf([37, 11], 4) * 3.0];
        let leaves = leaves.map(|leaf| leaf.detach().require_grad());
        agree(
            &leaves,
            |leaves| fused::activate(activation, leaves[0].clone()),
            |leaves| plain::activate(activation, leaves[0].clone()),
        );
    }
}

#[test]
fn normalised_sums_are_their_definition() {
    for (rows, width) in [(1, 4), (35, 33)] {
        let leaves =
            [leaf([rows, width], 5), leaf([rows, width], 6), leaf([1, width], 7), leaf([1, width], 8)];
        let norm = |leaves: &[Tensor<2>]| Norm {
            scale: leaves[2].clone().flatten(0, 1),
            shift: leaves[3].clone().flatten(0, 1),
            epsilon: 1e-5,
        };
        agree(
            &leaves,
            |leaves| fused::add_and_norm(leaves[0].clone(), leaves[1].clone(), norm(leaves), Dropout::NONE),
            |leaves| plain::add_and_norm(leaves[0].clone(), leaves[1].clone(), norm(leaves), Dropout::NONE),
        );
    }
}

#[test]
fn attention_within_texts_is_padded_masked_attention() {
    let (heads, width) = (3, 12);
    for first_only in [false, true] {
        for lengths in [vec![4], vec![1, 5, 2], vec![3, 3, 7, 1, 1]] {
            let spans = Arc::new(Spans { lengths: lengths.clone(), first_only });
            let tokens: usize = lengths.iter().sum();
            let longest = lengths.iter().copied().max().unwrap();
            let rows = spans.rows();
            let leaves = [
                leaf([rows, width], 9),
                leaf([tokens, width], 10),
                leaf([tokens, width], 11),
                leaf([2 * longest - 1, heads], 12),
            ];
            for biased in [true, false] {
                let used = if biased { &leaves[..] } else { &leaves[..3] };
                let attended = |leaves: &[Tensor<2>]| AttentionInputs {
                    query: leaves[0].clone(),
                    key: leaves[1].clone(),
                    value: leaves[2].clone(),
                    bias: leaves.get(3).cloned(),
                };
                agree(
                    used,
                    |leaves| fused::attention(attended(leaves), heads, &spans, Dropout::NONE),
                    |leaves| plain::attention(attended(leaves), heads, &spans, Dropout::NONE),
                );
            }
        }
    }
}

/// A mask is a function of its key: so the loss is one too, and its gradient can be told by differences.
#[test]
fn gradients_go_through_the_same_dropout_as_values() {
    let dropout = Dropout::new(0.3, 7);
    let spans = Arc::new(Spans { lengths: vec![3, 4], first_only: false });
    let leaves = [leaf([7, 4], 13), leaf([7, 4], 14), leaf([7, 4], 15)];
    let loss = |leaves: &[Tensor<2>]| {
        let attended = AttentionInputs {
            query: leaves[0].clone(),
            key: leaves[1].clone(),
            value: leaves[2].clone(),
            bias: None,
        };
        let mixed = fused::attention(attended, 2, &spans, dropout);
        let device = mixed.device().without_autodiff();
        let (ones, zeros) = (Tensor::ones([4], &device), Tensor::zeros([4], &device));
        let norm = Norm { scale: ones, shift: zeros, epsilon: 1e-5 };
        fused::drop_out(fused::add_and_norm(mixed, leaves[0].clone(), norm, dropout), dropout)
            .powi_scalar(3)
            .sum()
    };
    let gradients = loss(&leaves).backward();
    for (number, leaf) in leaves.iter().enumerate() {
        let gradient: Vec<f32> = leaf.grad(&gradients).unwrap().into_data().try_into_vec().unwrap();
        let values: Vec<f32> = leaf.clone().without_autodiff().into_data().try_into_vec().unwrap();
        for place in [0, 5, 17, 27] {
            let at = |shift: f32| {
                let mut moved = values.clone();
                moved[place] += shift;
                let mut leaves = leaves.clone();
                leaves[number] =
                    Tensor::<2>::from_data(TensorData::new(moved, [7, 4]), &burn::tensor::Device::flex());
                let value: Vec<f32> = loss(&leaves).without_autodiff().into_data().try_into_vec().unwrap();
                f64::from(value[0])
            };
            let step = 1e-2;
            let slope = (at(step) - at(-step)) / (2.0 * f64::from(step));
            let found = f64::from(gradient[place]);
            assert!(
                (found - slope).abs() < 0.02 * (1.0 + slope.abs()),
                "leaf {number}, {place}: {found}, {slope}"
            );
        }
    }
}
