//! Dense layers and layer normalisation.

use super::builder::{Value, float};
use super::{WeightsError, Writer};
use crate::checkpoint::{ModuleKind, ModuleRole};

impl Writer<'_> {
    /// `input x weight^T + bias`, `[.., inputs]` to `[.., outputs]`.
    ///
    /// Hugging Face stores a dense layer as `[outputs, inputs]`; it is transposed here, once, because a
    /// product of row-major matrices is what the engine packs fastest.
    pub(super) fn linear(&mut self, role: ModuleRole, input: &Value) -> Result<Value, WeightsError> {
        let module = self.config.module(role);
        let ModuleKind::Dense { inputs, outputs } = module.kind else {
            unreachable!("{role:?} is a dense layer");
        };
        let weight = module.weight();
        let stored = self.weights.read(&weight)?; // [outputs, inputs]
        let weight = self.graph.weight(&weight.name, &[inputs, outputs], |buffer| {
            transpose(&stored, inputs, buffer, outputs, |output| output);
        });
        let bias = self.bias(role)?;
        let product = self.graph.node("MatMul", &[input, &weight], vec![]);
        // The engine's optimiser folds this addition into the product.
        Ok(self.graph.node("Add", &[&product, &bias], vec![]))
    }

    /// Layer normalisation over the last axis of `input + skip`.
    pub(super) fn add_and_norm(
        &mut self,
        role: ModuleRole,
        input: &Value,
        skip: &Value,
    ) -> Result<Value, WeightsError> {
        let sum = self.graph.node("Add", &[input, skip], vec![]);
        self.norm(role, &sum)
    }

    /// Layer normalisation over the last axis.
    pub(super) fn norm(&mut self, role: ModuleRole, input: &Value) -> Result<Value, WeightsError> {
        let scale = self.weight(role)?;
        let bias = self.bias(role)?;
        let epsilon = float("epsilon", self.config.epsilon);
        Ok(self.graph.node("LayerNormalization", &[input, &scale, &bias], vec![epsilon]))
    }
}

/// Edge of the squares that [`transpose`] works in: 32 rows of 32 f32 stay in the first-level cache.
const TILE: usize = 32;

/// Writes the transpose of `stored` `[outputs, inputs]` into `buffer` `[inputs, columns]`, output `o` to
/// column `column_of(o)`.
pub(super) fn transpose(
    stored: &[f32],
    inputs: usize,
    buffer: &mut [f32],
    columns: usize,
    column_of: impl Fn(usize) -> usize,
) {
    let outputs = stored.len() / inputs;
    for first_output in (0..outputs).step_by(TILE) {
        for first_input in (0..inputs).step_by(TILE) {
            for output in first_output..(first_output + TILE).min(outputs) {
                let column = column_of(output);
                for input in first_input..(first_input + TILE).min(inputs) {
                    buffer[input * columns + column] = stored[output * inputs + input];
                }
            }
        }
    }
}
