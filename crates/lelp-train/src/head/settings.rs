//! Shape of a head.

use std::num::NonZeroUsize;

use lelp_method::Optimizer;
use serde::{Deserialize, Serialize};

use crate::zero_as_none;

/// Shape and regularisation of a head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadSettings {
    /// Units of the hidden `ReLU` layer; none for a linear head.
    #[serde(with = "zero_as_none::count")]
    pub hidden: Option<NonZeroUsize>,
    /// How parameters follow their gradients.
    pub optimizer: Optimizer,
    /// Decoupled weight decay: each step first shrinks all parameters by `learning rate * decay`.
    pub weight_decay: f32,
}

impl Default for HeadSettings {
    fn default() -> Self {
        Self { hidden: NonZeroUsize::new(256), optimizer: Optimizer::Adam, weight_decay: 0.01 }
    }
}
