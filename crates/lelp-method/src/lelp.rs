//! LELP: distillation of soft labels over subclasses along linear directions.

use ::lelp::{Members, Rotation};
use serde::{Deserialize, Serialize};

/// Settings of `lelp`. Directions and targets are made from them by the crate `lelp`; the loss is that
/// of [`SoftTargetLoss`](super::SoftTargetLoss) over `classes * subclasses` outputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LelpSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Sharpness of the split of a class, in units of the coordinates' deviation: small is sharp.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Subclasses of each class.
    pub subclasses: usize,
    /// Whether directions are orthogonal to the teacher's head.
    pub null_space: bool,
    /// How principal directions are turned.
    pub rotation: Rotation,
    /// Who says which class a row is a member of.
    pub members: Members,
}

impl Default for LelpSettings {
    /// The best of a sweep on short queries in two classes: four subclasses, a sharp split.
    fn default() -> Self {
        Self {
            alpha: 0.0,
            temperature: 1.0,
            beta: 0.12,
            entropy: None,
            subclasses: 4,
            null_space: true,
            rotation: Rotation::default(),
            members: Members::default(),
        }
    }
}
