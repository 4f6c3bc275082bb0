//! The two dense layers after attention, with their residual and normalisation.

use super::builder::{Value, text};
use super::{WeightsError, Writer};
use crate::checkpoint::Activation;
use crate::checkpoint::ModuleRole;

/// `norm(hidden + output(activation(inner(hidden))))`.
pub(super) fn feed_forward(
    writer: &mut Writer<'_>,
    layer: usize,
    hidden: &Value,
) -> Result<Value, WeightsError> {
    let wide = writer.linear(ModuleRole::Inner(layer), hidden)?;
    let active = match writer.config.activation {
        Activation::Gelu => writer.graph.node("Gelu", &[&wide], vec![]),
        Activation::GeluTanh => writer.graph.node("Gelu", &[&wide], vec![text("approximate", "tanh")]),
        Activation::Relu => writer.graph.node("Relu", &[&wide], vec![]),
    };
    let output = writer.linear(ModuleRole::Output(layer), &active)?;
    writer.add_and_norm(ModuleRole::OutputNorm(layer), &output, hidden)
}
