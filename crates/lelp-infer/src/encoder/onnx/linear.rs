//! Dense layers and layer normalisation.

use super::builder::{Value, float};
use super::{WeightsError, Writer};

impl Writer<'_> {
    /// `input x weight^T + bias`, `[.., inputs]` to `[.., outputs]`.
    ///
    /// Hugging Face stores a dense layer as `[outputs, inputs]`; it is transposed here, once, because a
    /// product of row-major matrices is what the engine packs fastest.
    pub(super) fn linear(
        &mut self,
        name: &str,
        input: &Value,
        inputs: usize,
        outputs: usize,
    ) -> Result<Value, WeightsError> {
        let (weight_name, bias_name) = (format!("{name}.weight"), format!("{name}.bias"));
        let stored = self.weights.read(&weight_name, &[outputs, inputs])?; // [outputs, inputs]
        let weight = self.graph.weight(&weight_name, &[inputs, outputs], |buffer| {
            transpose(&stored, inputs, buffer, outputs, |output| output);
        });
        let bias = self.tensor(&bias_name, &[outputs])?;
        let product = self.graph.node("MatMul", &[input, &weight], vec![]);
        // The engine's optimiser folds this addition into the product.
        Ok(self.graph.node("Add", &[&product, &bias], vec![]))
    }

    /// Layer normalisation over the last axis of `input + skip`.
    pub(super) fn add_and_norm(
        &mut self,
        name: &str,
        input: &Value,
        skip: &Value,
    ) -> Result<Value, WeightsError> {
        let sum = self.graph.node("Add", &[input, skip], vec![]);
        self.norm(name, &sum)
    }

    /// Layer normalisation over the last axis.
    pub(super) fn norm(&mut self, name: &str, input: &Value) -> Result<Value, WeightsError> {
        let width = [self.config.width];
        let scale = self.tensor(&format!("{name}.weight"), &width)?;
        let bias = self.tensor(&format!("{name}.bias"), &width)?;
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
