//! The two dense layers after attention, with their residual and normalisation.

use super::builder::{Value, text};
use super::{LayerPath, WeightsError, Writer};
use crate::encoder::config::Activation;

/// `norm(hidden + output(activation(inner(hidden))))`.
pub(super) fn feed_forward(
    writer: &mut Writer<'_>,
    layer: LayerPath,
    hidden: &Value,
) -> Result<Value, WeightsError> {
    let (names, width, inner) = (&writer.config.family.layer, writer.config.width, writer.config.inner);
    let wide = writer.linear(&layer.join(names.inner), hidden, width, inner)?;
    let active = match writer.config.activation {
        Activation::Gelu => writer.graph.node("Gelu", &[&wide], vec![]),
        Activation::GeluTanh => writer.graph.node("Gelu", &[&wide], vec![text("approximate", "tanh")]),
        Activation::Relu => writer.graph.node("Relu", &[&wide], vec![]),
    };
    let output = writer.linear(&layer.join(names.output), &active, inner, width)?;
    writer.add_and_norm(&layer.join(names.output_norm), &output, hidden)
}
