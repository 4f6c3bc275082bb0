//! From a layer that learned to one that answers.

use lelp_method::Dense;
use lelp_model::layer::{Layer, LayerError};

/// The layer with its parameters as they are now.
pub(crate) fn exported_layer(layer: &Dense) -> Result<Layer, LayerError> {
    let (weight, bias) = layer.weight_and_bias();
    Layer::new(layer.inputs(), weight.to_vec(), bias.to_vec())
}
